/* bench/shelf.c - the library's shelf at size: lists, filters, orders, changes of everything and their undo, over SQLite in a folder of its own
 * with pictures that have cameras, days and sizes but no bytes.
 *
 *     build/release/bench/shelf [N]      100000; prints the table of doc/pictures.md */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "index/index.h"
#include "service/dataset.h"
#include "service/internal.h"
#include "service/library/change.h"
#include "service/library/library.h"
#include "service/library/opinions_parts.h"
#include "service/library/marks.h"
#include "service/library/shelf.h"
#include "service/library/tags.h"
#include "store/facts.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIM = 64, ROUNDS = 9, ALBUM = 12000 };

static ay_err err;
static int pictures = 100000;

static void must(ay_status status, const char *what)
{
    if (status == AY_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, err.msg);
    exit(1);
}

static double since(uint64_t start)
{
    return (double)(ay_clock_mono() - start) / 1e6;
}

static ay_status no_embed(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *e)
{
    (void)ctx, (void)images, (void)n, (void)dst;
    return ay_fail(e, AY_EUNSUPPORTED, "nothing is embedded here");
}

/* ---- pictures in the store */

static void fill(ay_store *s, const ay_engine_info *m, int64_t klass, int from, int many)
{
    static const char *const cameras[] = {"Google Pixel 7", "Canon EOS 5D", "Apple iPhone 14", "NIKON D750", ""};
    float v[DIM];

    must(ay_store_begin(s, &err), "begin");
    for (int i = from; i < from + many; i++) {
        char sha256[AY_SHA256_HEX], file[40];
        ay_rng rng;
        ay_store_picture p = {.sha256 = sha256, .format = i % 9 ? "jpeg" : "png", .width = 800 + i % 3000, .height = 600, .bytes = 1 + i * 7919 % 4000000,
                              .created_us = 1, .taken_us = i % 4 ? 1500000000000000 + (int64_t)(i * 48271 % 100000) * 1000000000 : 0,
                              .camera = cameras[i % 5]};
        ay_store_vector vector = {m->digest, m->preprocess_digest, v, DIM};
        ay_store_added added;
        ay_sha256_bytes(&i, sizeof i, sha256);
        snprintf(file, sizeof file, "holiday %d-%d.jpg", i % 97, i);
        ay_rng_init3(&rng, 7, (uint64_t)i, 1);
        for (int d = 0; d < DIM; d++)
            v[d] = (float)ay_rng_normal(&rng);
        ay_unit(v, v, DIM);
        must(ay_store_member_add(s, klass, file, &p, &vector, &added, &err), "add");
    }
    must(ay_store_commit(s, &err), "commit");
}

/* A service over a folder with `pictures` of them in its library. */
static ay_service *open_full(const char *dir, ay_engine_info *m)
{
    ay_service_options o = {.data = dir, .embedder = {.embed = no_embed, .info = m}};
    const char *dataset, *klass;
    ay_service *s;
    int64_t class_id = 0;
    ay_gallery *g;
    uint64_t begun;
    ay_arena a;

    ay_arena_init(&a, 0);
    must(ay_service_open(&s, &o, &err), "open");
    must(ay_library(s, &a, &dataset, &klass, &err), "library");
    pthread_rwlock_rdlock(&s->lock);
    must(ay_service_find(s, dataset, &g, &err), "library");
    class_id = g->classes[ay_gallery_class_by_word(g, klass)].id;
    pthread_rwlock_unlock(&s->lock);
    must(ay_class_create(s, dataset, "Boards", NULL, &err), "class");
    pthread_mutex_lock(&s->writing);
    for (int i = 0; i < pictures; i += 1000)
        fill(s->store, m, class_id, i, pictures - i < 1000 ? pictures - i : 1000);
    pthread_mutex_unlock(&s->writing);
    ay_service_close(s);
    begun = ay_clock_mono();
    must(ay_service_open(&s, &o, &err), "open again");
    printf("opening with %d pictures: %.0f ms\n\n", pictures, since(begun));
    ay_arena_fini(&a);
    return s;
}

/* ---- lists */

static ay_picture_filter words(ay_arena *a, const char *text)
{
    ay_picture_filter f = {.n = 0};

    must(ay_filter_words(&f, a, text, &err), text);
    return f;
}

static double list(ay_service *s, const char *text, size_t offset, size_t *total)
{
    ay_picture_filter f;
    ay_shelf_part part;
    uint64_t begun;
    double ms;
    ay_arena a;

    ay_arena_init(&a, 0);
    f = words(&a, text);
    begun = ay_clock_mono();
    must(ay_shelf_list(s, NULL, &f, offset, 200, &a, &part, &err), text);
    ms = since(begun);
    *total = part.total;
    ay_arena_fini(&a);
    return ms;
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;

    return (a > b) - (a < b);
}

/* The first 200 of a list that nobody asked for before, and, the middle of several, 200 further on. */
static void measure_list(ay_service *s, const char *text)
{
    double first, next[ROUNDS];
    size_t total = 0, unused;

    first = list(s, text, 0, &total);
    for (int i = 0; i < ROUNDS; i++)
        next[i] = list(s, text, total / 2, &unused);
    qsort(next, ROUNDS, sizeof *next, by_value);
    printf("| `%s` | %zu | %.1f | %.2f |\n", *text ? text : "(all, newest first)", total, first, next[ROUNDS / 2]);
}

static void measure_lists(ay_service *s)
{
    static const char *const lists[] = {"", "order:name", "order:largest", "order:taken", "tag:third", "-tag:third", "tag:third album:Best order:album", "album:Best",
                                        "camera:pixel", "holiday -\"-7\" 12", "format:png taken:2019", "min-side:600 max-bytes:1MB", "class:Boards",
                                        "is:untagged", "predicted:a min-score:80%", "order:score", "order:doubt"};

    puts("| filter | pictures | first 200, ms | 200 from the middle, ms |\n|---|---:|---:|---:|");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        measure_list(s, lists[i]);
    puts("");
}

/* ---- changes */

static void change(ay_service *s, const char *say, const char *text, const ay_change_of_pictures *c, bool take_back)
{
    ay_picture_filter f;
    ay_undo_result r;
    ay_changed out;
    uint64_t begun;
    double ms;
    ay_arena a;

    ay_arena_init(&a, 0);
    f = words(&a, text);
    begun = ay_clock_mono();
    must(ay_change_pictures(s, &(ay_which){.filter = &f}, c, &a, &out, &err), say);
    ms = since(begun);
    begun = ay_clock_mono();
    if (take_back)
        must(ay_service_undo(s, out.undo, &r, &err), say);
    if (take_back)
        printf("| %s | %lld | %.0f | %.0f |\n", say, (long long)out.changed, ms, since(begun));
    ay_arena_fini(&a);
}

static void measure_changes(ay_service *s)
{
    puts("| change of all, by its filter | pictures | ms | taken back, ms |\n|---|---:|---:|---:|");
    change(s, "a new tag", "", &(ay_change_of_pictures){.add = {"new"}, .nadd = 1}, true);
    change(s, "three tags", "", &(ay_change_of_pictures){.add = {"a", "b", "c"}, .nadd = 3}, true);
    change(s, "a tag off a third", "tag:third", &(ay_change_of_pictures){.remove = {"third"}, .nremove = 1}, true);
    change(s, "another class", "", &(ay_change_of_pictures){.klass = "Boards"}, true);
    change(s, "deleted", "", &(ay_change_of_pictures){.trash = true}, true);
    change(s, "out of an album", "album:Best", &(ay_change_of_pictures){.album_remove = "Best"}, true);
    puts("");
}

/* Tags on a third, an album of the most it can hold, a class of a fifth, opinions of a model that never was. */
static void prepare(ay_service *s)
{
    static const char *const labels[] = {"a", "b", "c"};
    ay_opinion_table *t;
    ay_gallery *g;

    change(s, "tag", "-5 -7 -\"1\"", &(ay_change_of_pictures){.add = {"third"}, .nadd = 1}, false);
    change(s, "tag", "camera:Canon", &(ay_change_of_pictures){.add = {"third", "second"}, .nadd = 2}, false);
    change(s, "class", "camera:Nikon", &(ay_change_of_pictures){.klass = "Boards"}, false);
    change(s, "album", pictures > ALBUM * 8 ? "format:png" : "holiday 12", &(ay_change_of_pictures){.album_add = "Best"}, false);
    pthread_mutex_lock(&s->serving_lock);
    s->active_id = 1;
    pthread_mutex_unlock(&s->serving_lock);
    pthread_rwlock_rdlock(&s->lock);
    pthread_mutex_lock(&s->marks->lock);
    ay_opinions_of(s, "");
    t = ay_opinions_make(s, 1, "drawn", 1, "d", labels, 3);
    must(ay_service_find(s, "Library", &g, &err), "library");
    for (size_t i = 0; t && i < g->n; i++) {
        float score = (float)(i * 48271 % 1000) / 1000;
        ay_opinion_put(t, ay_marks_item(s->marks, &g->items[i]), &(ay_opinion){.label = (uint16_t)(i % 3), .score = score, .margin = score / 2});
    }
    pthread_mutex_unlock(&s->marks->lock);
    pthread_rwlock_unlock(&s->lock);
}

static void measure_rest(ay_service *s)
{
    ay_label *list;
    uint64_t begun = ay_clock_mono();
    size_t n;
    ay_arena a;

    ay_arena_init(&a, 0);
    must(ay_label_list(s, AY_SHELF_TAG, NULL, &a, &list, &n, &err), "tags");
    printf("the list of tags with their counts: %.1f ms; ", since(begun));
    begun = ay_clock_mono();
    must(ay_label_list(s, AY_SHELF_ALBUM, NULL, &a, &list, &n, &err), "albums");
    printf("of albums: %.1f ms", since(begun));
    begun = ay_clock_mono();
    must(ay_shelf_look(s, NULL, &a, &(ay_shelf_facts){.cameras = NULL}, &err), "facts");
    printf("; cameras and formats: %.1f ms\n", since(begun));
    ay_arena_fini(&a);
}

int main(int argc, char **argv)
{
    ay_engine_info m = {.dim = DIM};
    char dir[] = "/tmp/assay-shelf-XXXXXX", command[128];
    ay_service *s;

    pictures = argc > 1 ? atoi(argv[1]) : pictures;
    if (pictures < 1000 || !mkdtemp(dir)) {
        fprintf(stderr, "usage: shelf [N], 1000 pictures or more\n");
        return 2;
    }
    strcpy(m.name, "drawn");
    memset(m.digest, 'a', 64);
    memset(m.preprocess_digest, 'b', 64);
    s = open_full(dir, &m);
    prepare(s);
    measure_lists(s);
    measure_changes(s);
    measure_rest(s);
    ay_service_close(s);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) != 0;
}
