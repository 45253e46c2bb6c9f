/* bench/index.c - a large data set as the service has it: how long until it is there, what it holds, how it answers.
 *
 *     build/release/bench/index [--rows N] [--dim D] [--rounds R]
 *
 * A data folder is made in TMPDIR with N pictures of D numbers each, in heaps of 100, as rows without files; an encoder that is none
 * gives pictures vectors of their own.  Then, each in a process of its own so that memory is counted from nothing:
 *
 *     the start without an index file, and the writing of it
 *     the start with it; one query (ten nearest) after the other, 32 together, a scan, a search by a stored picture
 *     the same with --index-memory so that vectors stay in the file
 *     one query after the other while 67 pictures a second come in, eight a transaction: store, codes and vectors, under the locks
 *     of the service's intake; pictures have no files, so nothing is decoded or embedded
 *
 * The table goes to standard output.  A million of 512 wants 6 GB of disk. */
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/thread.h"
#include "image/image.h"
#include "service/find/search.h"
#include "service/gallery_file.h"
#include "service/gallery_keep.h"
#include "service/picture.h"
#include "service/scan.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { K = 10, TOGETHER = 32, HEAP = 100, CLASSES = 200, STEP = 20000, MOST = 20000, ASKED = 300, WRITES_A_SECOND = 67, HANDFUL = 8, SECONDS = 15 };

static size_t rows = 1000000;
static int dim = 512, rounds = 60;
static char dir[200];
static ay_engine_info info;
static ay_err err;

static void must(ay_status status)
{
    if (status == AY_OK)
        return;
    fprintf(stderr, "%s\n", err.msg);
    exit(1);
}

static double now_ms(void)
{
    return (double)ay_clock_mono() / 1e6;
}

/* Row i: its heap's direction and its own. */
static void vector_of(uint64_t i, float *v)
{
    ay_rng rng;

    ay_rng_init3(&rng, 3, i, 0);
    for (int d = 0; d < dim; d++)
        v[d] = .6f * ((float)ay_rng_unit(&rng) - .5f);
    ay_rng_init3(&rng, 4, i / HEAP, 0);
    for (int d = 0; d < dim; d++)
        v[d] += (float)ay_rng_unit(&rng) - .5f;
    ay_unit(v, v, dim);
}

static ay_status embed(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *e)
{
    (void)ctx, (void)e;
    for (int i = 0; i < n; i++) {
        uint64_t seed;
        memcpy(&seed, images[i]->data, sizeof seed);
        vector_of((1u << 30) + seed % (1u << 30), dst + (size_t)i * (size_t)dim);
    }
    return AY_OK;
}

static void fill_store(void)
{
    int64_t set, klass[CLASSES];
    char url[260], name[40], hex[AY_SHA256_HEX];
    float *v = ay_alloc((size_t)dim, sizeof *v);
    ay_store_vector vector = {info.digest, info.preprocess_digest, v, dim};
    ay_store_added added;
    ay_store *s;

    snprintf(url, sizeof url, "sqlite:%s/assay.db", dir);
    must(ay_store_open(&s, url, &err));
    must(ay_store_dataset_create(s, "main", &set, &err));
    for (int c = 0; c < CLASSES; c++) {
        snprintf(name, sizeof name, "class %d", c);
        must(ay_store_class_create(s, set, name, &klass[c], &err));
    }
    for (size_t at = 0; at < rows; at += STEP) {
        must(ay_store_begin(s, &err));
        for (size_t i = at; i < rows && i < at + STEP; i++) {
            ay_store_picture p = {hex, "jpeg", 640, 480, 12345, i * 0x9e3779b97f4a7c15u, 1700000000000000, 0, ""};
            ay_sha256_bytes(&i, sizeof i, hex);
            snprintf(name, sizeof name, "picture %zu.jpg", i);
            vector_of(i, v);
            must(ay_store_member_add(s, klass[i / HEAP % CLASSES], name, &p, &vector, &added, &err));
        }
        must(ay_store_commit(s, &err));
        fprintf(stderr, "\r%zu rows", at + STEP);
    }
    fprintf(stderr, "\n");
    ay_store_close(s);
    ay_free(v);
}

static ay_service *start(uint64_t budget, double *ms)
{
    ay_service_options o = {.data = dir, .index_memory = budget, .embedder = {.embed = embed, .info = &info, .embed_later = embed}};
    double begun = now_ms();
    ay_service *s;

    must(ay_service_open(&s, &o, &err));
    *ms = now_ms() - begun;
    return s;
}

/* MB of this process by /proc/self/status: "VmRSS:" all that is resident, "RssAnon:" what only it holds. */
static long memory_mb(const char *what)
{
    char line[200];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");

    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, what, strlen(what)) == 0)
            kb = strtol(line + strlen(what), NULL, 10);
    if (f)
        fclose(f);
    return kb / 1024;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void told(const char *what, double *ms, int n, const char *note)
{
    qsort(ms, (size_t)n, sizeof *ms, by_value);
    printf("| %s | %d | %.1f | %.1f | %.1f | %s |\n", what, n, ms[n / 2], ms[(int)((n - 1) * 0.99)], ms[n - 1], note);
    fflush(stdout);
}

static void query_of(int i, float *q)
{
    float near[4096];
    ay_rng rng;

    vector_of((uint64_t)i * 7919 % rows, near);
    ay_rng_init3(&rng, 9, (uint64_t)i, 0);
    for (int d = 0; d < dim; d++)
        q[d] = near[d] + .5f / sqrtf((float)dim) * (float)(ay_rng_unit(&rng) - .5) * 3.46f;
    ay_unit(q, q, dim);
}

static ay_gallery *main_gallery(ay_service *s)
{
    for (int i = 0; i < s->ngalleries; i++)
        if (strcmp(s->galleries[i]->name, "main") == 0)
            return s->galleries[i];
    fprintf(stderr, "no data set\n");
    exit(1);
}

/* Milliseconds of the nq queries from number i on, with the service's lock. */
static double ask(ay_service *s, int i, int nq, ay_hit *hits)
{
    float *q = ay_alloc((size_t)nq * (size_t)dim, sizeof *q);
    double begun;

    for (int k = 0; k < nq; k++)
        query_of(i + k, q + (size_t)k * (size_t)dim);
    begun = now_ms();
    pthread_rwlock_rdlock(&s->lock);
    must(ay_gallery_top(main_gallery(s), q, nq, K, s->threads, hits, &err));
    pthread_rwlock_unlock(&s->lock);
    begun = now_ms() - begun;
    ay_free(q);
    return begun;
}

/* Share of the ten nearest that are the right ones. */
static double recall(ay_service *s)
{
    const ay_gallery *g = main_gallery(s);
    ay_rows all = {g->vectors, g->nready, dim};
    float *q = ay_alloc((size_t)ASKED * (size_t)dim, sizeof *q);
    ay_hit *a = ay_alloc(ASKED * K, sizeof *a), *b = ay_alloc(ASKED * K, sizeof *b);
    int right = 0;

    for (int i = 0; i < ASKED; i++)
        query_of(i, q + (size_t)i * (size_t)dim);
    for (int i = 0; i < ASKED; i += TOGETHER) {
        int n = ASKED - i < TOGETHER ? ASKED - i : TOGETHER;
        must(ay_gallery_top(g, q + (size_t)i * (size_t)dim, n, K, 0, a + i * K, &err));
        must(ay_search_top(&all, q + (size_t)i * (size_t)dim, n, K, 0, b + i * K, &err));
    }
    for (int i = 0; i < ASKED; i++)
        for (int x = 0; x < K; x++)
            for (int y = 0; y < K; y++)
                right += a[i * K + x].row == b[i * K + y].row;
    ay_free(q);
    ay_free(a);
    ay_free(b);
    return (double)right / (ASKED * K);
}

static void picture_of(uint64_t seed, ay_image *im)
{
    ay_rng rng;

    must(ay_image_create(im, 24, 20, &err));
    ay_rng_init3(&rng, 11, seed, 0);
    for (int i = 0; i < 24 * 20 * 3; i++)
        im->data[i] = (uint8_t)ay_rng_below(&rng, 256);
}

static void ask_all(ay_service *s, const char *how)
{
    static double ms[MOST];
    ay_scan_options scan = {.dataset = "main", .skip_quality = true};
    ay_hit hits[TOGETHER * K];
    char what[100], hex[AY_SHA256_HEX];
    double first = 0;

    ask(s, 5, 1, hits);
    for (int i = 0; i < rounds; i++)
        ms[i] = ask(s, i, 1, hits);
    snprintf(what, sizeof what, "ten nearest, one query%s", how);
    told(what, ms, rounds, "");
    for (int i = 0; i < rounds; i++)
        ms[i] = ask(s, i, TOGETHER, hits);
    snprintf(what, sizeof what, "ten nearest, 32 queries together%s", how);
    told(what, ms, rounds, "");
    for (int i = -1; i < rounds / 3; i++) {
        ay_decision d;
        ay_image im;
        ay_arena a;
        double begun;
        ay_arena_init(&a, 0);
        picture_of((uint64_t)i + 100, &im);
        begun = now_ms();
        must(ay_scan_image(s, &im, &scan, &a, &d, &err));
        *(i < 0 ? &first : &ms[i]) = now_ms() - begun;
        ay_image_fini(&im);
        ay_arena_fini(&a);
    }
    snprintf(what, sizeof what, "a scan: every score%s", how);
    snprintf(hex, sizeof hex, "the first %.0f", first);
    told(what, ms, rounds / 3, hex);
}

static void first_start(void)
{
    double ms, begun;
    ay_service *s = start(0, &ms);
    ay_gallery *g = main_gallery(s);
    char path[300];
    ay_gallery_file f;
    ay_gallery_file_key key = {info.digest, info.preprocess_digest, g->id, dim};

    printf("| start without an index file | 1 | %.0f | | | %ld MB resident |\n", ms, memory_mb("VmRSS:"));
    begun = now_ms();
    must(ay_gallery_keep(s, g->id, &err));
    ay_gallery_file_path(s, g->id, path, sizeof path);
    must(ay_gallery_file_open(&f, path, &key, &err));
    printf("| writing it, synced | 1 | %.0f | | | %.2f GB |\n", now_ms() - begun, (double)f.bytes / 1e9);
    ay_gallery_file_close(&f);
    ay_service_close(s);
}

static void second_start(void)
{
    char note[60];
    double ms;
    ay_service *s = start(0, &ms);

    printf("| start with it | 1 | %.0f | | | %ld MB resident |\n", ms, memory_mb("VmRSS:"));
    ask_all(s, "");
    snprintf(note, sizeof note, "| recall of the ten nearest | %d | %.5f | | | |", ASKED, recall(s));
    puts(note);
    ay_service_close(s);
}

static void bounded_start(void)
{
    uint64_t all, codes;
    double ms;
    ay_service *s;

    ay_gallery_wants(rows, dim, &all, &codes);
    s = start(codes + (all - codes) / 10, &ms);
    if (!main_gallery(s)->on_file)
        fprintf(stderr, "the vectors are in memory\n");
    printf("| start with it, vectors left in the file | 1 | %.0f | | | %ld MB resident, %ld MB of it its own |\n", ms,
           memory_mb("VmRSS:"), memory_mb("RssAnon:"));
    {
        static double one[MOST];
        ay_hit hits[K];
        for (int i = 0; i < rounds; i++)
            one[i] = ask(s, i + 1000, 1, hits);
        told("ten nearest, one query, the first ones, vectors in the file", one, rounds, "");
        printf("| resident then | | | | | %ld MB, %ld MB of it its own |\n", memory_mb("VmRSS:"), memory_mb("RssAnon:"));
    }
    ask_all(s, ", vectors in the file");
    ay_service_close(s);
}

typedef struct {
    ay_service *s;
    atomic_bool stop;
    int written;
    double late;
} teacher;

/* A handful of new pictures as the library's intake takes them in, but for their files: one transaction, then memory. */
static void take_in(ay_service *s, int from, float *v)
{
    ay_gallery_item item[HANDFUL];
    ay_store_added added[HANDFUL];
    ay_gallery *g = main_gallery(s);

    pthread_mutex_lock(&s->writing);
    pthread_rwlock_wrlock(&s->lock);
    must(ay_gallery_reserve(g, HANDFUL, 0, &err));
    pthread_rwlock_unlock(&s->lock);
    must(ay_store_begin(s->store, &err));
    for (int i = 0; i < HANDFUL; i++) {
        ay_store_vector vector = {info.digest, info.preprocess_digest, v + (size_t)i * (size_t)dim, dim};
        uint64_t number = (1ull << 40) + (uint64_t)(from + i);
        ay_store_picture p;
        item[i] = (ay_gallery_item){.bytes = 12345, .width = 640, .height = 480, .file = ay_strdup("new.jpg"), .format = "jpeg"};
        ay_sha256_bytes(&number, sizeof number, item[i].sha256);
        vector_of(number, v + (size_t)i * (size_t)dim);
        p = ay_picture_row(&item[i]);
        must(ay_store_member_add(s->store, g->classes[1].id, "new.jpg", &p, &vector, &added[i], &err));
    }
    must(ay_store_commit(s->store, &err));
    pthread_rwlock_wrlock(&s->lock);
    for (int i = 0; i < HANDFUL; i++)
        ay_picture_apply(s, g->classes[1].id, &item[i], v + (size_t)i * (size_t)dim, &added[i]);
    pthread_rwlock_unlock(&s->lock);
    pthread_mutex_unlock(&s->writing);
}

static void *teach(void *arg)
{
    teacher *t = arg;
    double begun = now_ms();
    float *v = ay_alloc(HANDFUL * (size_t)dim, sizeof *v);

    while (!t->stop) {
        double due = begun + t->written * 1e3 / WRITES_A_SECOND, now = now_ms();
        if (now < due)
            nanosleep(&(struct timespec){.tv_nsec = (long)((due - now) * 1e6) % 1000000000}, NULL);
        t->late = now - due > t->late ? now - due : t->late;
        take_in(t->s, t->written, v);
        t->written += HANDFUL;
    }
    ay_free(v);
    return NULL;
}

static void while_writing(void)
{
    static double list[MOST];
    teacher t = {0};
    ay_hit hits[K];
    pthread_t id;
    char note[100];
    double ms, begun;
    int n = 0;

    t.s = start(0, &ms);
    must(ay_thread_start(&id, "teacher", teach, &t, &err));
    begun = now_ms();
    while (now_ms() - begun < SECONDS * 1e3 && n < MOST)
        list[n] = ask(t.s, n, 1, hits), n++;
    ms = now_ms() - begun;
    t.stop = true;
    pthread_join(id, NULL);
    snprintf(note, sizeof note, "%.0f pictures a second taken in, %.0f ms late at most", t.written / ms * 1e3, t.late);
    told("ten nearest, one query after the other while writing", list, n, note);
    ay_service_close(t.s);
}

static void alone(void (*run)(void))
{
    int status = 1;
    pid_t pid;

    fflush(stdout);
    pid = fork();
    if (pid == 0) {
        run();
        fflush(stdout);
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        ay_file_remove_tree(dir);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    const char *tmp = getenv("TMPDIR");
    double load[2] = {0};
    static void (*const parts[])(void) = {fill_store, first_start, second_start, bounded_start, while_writing};

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--rows") == 0)
            rows = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--dim") == 0)
            dim = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--rounds") == 0)
            rounds = atoi(argv[i + 1]);
    }
    if (rows < 20000 || dim < 8 || dim > 4096 || rounds < 3 || rounds > MOST)
        return fprintf(stderr, "--rows from 20000, --dim 8 to 4096, --rounds 3 to %d\n", MOST), 2;
    ay_log_setup(AY_LOG_WARN, 0);
    strcpy(info.name, "none");
    memset(info.digest, 'a', 64);
    memset(info.preprocess_digest, 'b', 64);
    info.dim = dim;
    snprintf(dir, sizeof dir, "%s/assay-index-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        return perror(dir), 1;
    getloadavg(&load[0], 1);
    printf("%zu pictures, vectors of %d; %d cores\n\n| ms | times | p50 | p99 | most | |\n|---|---|---|---|---|---|\n", rows, dim, ay_cpu_count());
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        alone(parts[i]);
    getloadavg(&load[1], 1);
    printf("\nload %.1f before, %.1f after\n", load[0], load[1]);
    ay_file_remove_tree(dir);
    return 0;
}
