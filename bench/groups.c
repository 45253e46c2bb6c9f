/* bench/groups.c - what keeping groups costs at size: groups of N drawn vectors of 512 numbers made, told, changed and joined by a running
 * service, over SQLite in a folder of its own.
 *
 *     build/release/bench/groups [N [k]]      100000 100 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "index/silhouette.h"
#include "service/library/clusters_parts.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DIM = 512, KINDS = 100, NEW = 1000 };

static ay_err err;

static void must(ay_status status, const char *what)
{
    if (status == AY_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, err.msg);
    exit(1);
}

static double since(uint64_t start)
{
    return (double)(ay_clock_mono() - start) / 1e9;
}

/* Processor seconds of all threads: what a busy machine does not change much. */
static double processor(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A run by what takes its time. */
static void run_by_part(const float *x, size_t n)
{
    static const struct {
        const char *name;
        ay_groups_options o;
    } ways[] = {{"  of which groups of 100, k-means", {.way = AY_GROUPS_NUMBER, .k = 100, .seed = 1}},
                {"  number chosen, and those groups", {.way = AY_GROUPS_CHOOSE, .seed = 1}}};
    ay_rows rows = {x, n, DIM};
    float *copy = ay_alloc(n * DIM, sizeof *copy);
    double start = processor();

    if (!copy)
        return;
    memcpy(copy, x, n * DIM * sizeof *copy);
    printf("%-44s %8.3f s of processor (first and last number %g)\n", "  copying the vectors", processor() - start, (double)(copy[0] + copy[n * DIM - 1]));
    ay_free(copy);
    for (size_t i = 0; i < 2; i++) {
        ay_arena a = {0};
        ay_groups g;
        start = processor();
        must(ay_groups_make(&rows, &ways[i].o, &a, &g, &err), "groups");
        printf("%-44s %8.3f s of processor, %d groups, silhouette %.3f\n", ways[i].name, processor() - start, g.n, g.silhouette);
        start = processor();
        must(ay_silhouette(&rows, g.label, g.n, 0, 1, 0, &g.silhouette, &err), "silhouette");
        printf("%-44s %8.3f s of processor\n", "  of which its silhouette", processor() - start);
        ay_arena_fini(&a);
    }
}

/* A unit vector near the axis of its kind. */
static void draw(float *v, int kind, uint64_t seed)
{
    ay_rng centre, own;

    ay_rng_init3(&centre, 7, (uint64_t)kind, 1);
    ay_rng_init3(&own, 8, seed, 2);
    for (int d = 0; d < DIM; d++)
        v[d] = (float)(ay_rng_normal(&centre) + 0.8 * ay_rng_normal(&own));
    ay_unit(v, v, DIM);
}

static void fill(ay_store *s, const ay_engine_info *m, int64_t klass, int from, int many)
{
    float v[DIM];

    must(ay_store_begin(s, &err), "begin");
    for (int i = from; i < from + many; i++) {
        char sha256[AY_SHA256_HEX], file[32];
        ay_store_picture p = {.sha256 = sha256, .format = "jpeg", .width = 10, .height = 10, .bytes = 100, .created_us = 1};
        ay_store_vector vector = {m->digest, m->preprocess_digest, v, DIM};
        ay_store_added added;
        ay_sha256_bytes(&i, sizeof i, sha256);
        snprintf(file, sizeof file, "kind-%d_%d.jpg", i % KINDS, i);
        draw(v, i % KINDS, (uint64_t)i);
        must(ay_store_member_add(s, klass, file, &p, &vector, &added, &err), "add");
    }
    must(ay_store_commit(s, &err), "commit");
}

static ay_status no_embed(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *e)
{
    (void)ctx, (void)images, (void)n, (void)dst;
    return ay_fail(e, AY_EUNSUPPORTED, "this encoder sees nothing");
}

static ay_engine_info info(void)
{
    ay_engine_info m = {.name = "drawn", .dim = DIM};

    memset(m.digest, 'a', 64);
    memset(m.preprocess_digest, 'b', 64);
    return m;
}

static ay_service *open_service(const char *dir, const ay_engine_info *m)
{
    ay_service_options o = {.data = dir, .embedder = {.embed = no_embed, .info = m}};
    ay_service *s;

    must(ay_service_open(&s, &o, &err), "open");
    return s;
}

static void look(ay_service *s, const char *what)
{
    uint64_t start = ay_clock_mono();
    ay_clusters all;
    ay_arena a;

    ay_arena_init(&a, 0);
    must(ay_clusters_get(s, "", NULL, false, &a, &all, &err), "get");
    printf("%-44s %8.3f s   %zu groups, %zu pictures, %zu in none, %zu not looked at\n", what, since(start), all.n, all.pictures, all.outside,
           all.waiting);
    ay_arena_fini(&a);
}

static void measure(ay_service *s, int64_t dataset, int k)
{
    char undo[AY_UNDO_SIZE];
    ay_clusters_made made;
    ay_undo_result r;
    ay_clusters all;
    uint64_t start = ay_clock_mono();
    double cpu = processor();
    ay_arena a;

    ay_arena_init(&a, 0);
    must(ay_clusters_run(s, &(ay_clusters_request){.method = "auto", .seed = 1}, NULL, NULL, &made, &err), "run");
    printf("%-44s %8.3f s, %.3f of processor   %d groups\n", "made and kept, number chosen", since(start), processor() - cpu, made.groups);
    start = ay_clock_mono();
    cpu = processor();
    must(ay_clusters_run(s, &(ay_clusters_request){.method = "kmeans", .k = k, .seed = 1}, NULL, NULL, &made, &err), "run");
    printf("%-44s %8.3f s, %.3f of processor\n", "made and kept, k-means", since(start), processor() - cpu);
    look(s, "told the first time (centres, outliers)");
    look(s, "told again");
    must(ay_clusters_get(s, "", NULL, false, &a, &all, &err), "get");
    start = ay_clock_mono();
    must(ay_cluster_rename(s, all.cluster[0].id, "mine", undo, &err), "rename");
    printf("%-44s %8.3f s\n", "a group named", since(start));
    look(s, "told after that");
    start = ay_clock_mono();
    must(ay_service_undo(s, undo, &r, &err), "undo");
    printf("%-44s %8.3f s\n", "taken back", since(start));
    start = ay_clock_mono();
    must(ay_clusters_run(s, &(ay_clusters_request){.method = "kmeans", .k = k, .seed = 2}, NULL, NULL, &made, &err), "run");
    printf("%-44s %8.3f s   %d of %d the same\n", "made anew from another seed", since(start), made.same, made.groups);
    (void)dataset;
    ay_arena_fini(&a);
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 100000, k = argc > 2 ? atoi(argv[2]) : 100;
    char dir[] = "/tmp/assay-groups-XXXXXX", url[128], command[160];
    int64_t dataset = 0, klass = 0;
    ay_engine_info m = info();
    uint64_t start;
    size_t joined = 0;
    ay_service *s;
    ay_store *store;
    bool made;

    if (n < KINDS || k < 1 || !mkdtemp(dir))
        return 2;
    s = open_service(dir, &m);
    must(ay_store_library(s->store, &dataset, &klass, &made, &err), "library");
    ay_service_close(s);
    snprintf(url, sizeof url, "sqlite:%s/assay.db", dir);
    must(ay_store_open(&store, url, &err), "store");
    fill(store, &m, klass, 0, n);
    ay_store_close(store);
    s = open_service(dir, &m);
    measure(s, dataset, k);
    run_by_part(ay_service_by_id(s, dataset)->vectors, (size_t)n);
    ay_service_close(s);
    must(ay_store_open(&store, url, &err), "store");
    fill(store, &m, klass, n, NEW);
    ay_store_close(store);
    s = open_service(dir, &m);
    start = ay_clock_mono();
    must(ay_clusters_join(s, dataset, 0, &joined, &err), "join");
    printf("%-44s %8.3f s   %zu\n", "new pictures joined", since(start), joined);
    look(s, "told after that");
    ay_service_close(s);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) != 0;
}
