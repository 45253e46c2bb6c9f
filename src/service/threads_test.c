/* Many threads upload, scan, move, delete, undo and look at lists at once; afterwards memory, store and
 * files say the same.  Run it under ThreadSanitizer. */
#include "service/fake_test.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ROUNDS = 25 };

static ay_err err;

typedef struct {
    ay_service *s;
    int number;
    _Atomic int bad;
} crew;

static void *uploads(void *arg)
{
    crew *c = arg;
    ay_buf b = {0};

    for (int i = 0; i < ROUNDS; i++) {
        ay_added added;
        ay_arena a;
        ay_arena_init(&a, 0);
        fake_picture(&b, i % 2 ? 0xd02020 : 0x20c020, (uint64_t)(c->number * 1000 + i));
        c->bad += ay_picture_add(c->s, "main", i % 2 ? "red" : "green", "f", b.data, b.len, NULL,
                                 &a, &added, NULL) != AY_OK;
        ay_arena_fini(&a);
    }
    ay_buf_fini(&b);
    return NULL;
}

static void *scans(void *arg)
{
    crew *c = arg;
    ay_buf b = {0};

    for (int i = 0; i < ROUNDS; i++) {
        ay_scan_options o = {.dataset = "main", .method = i % 3 ? "auto" : "mean"};
        ay_decision d;
        ay_arena a;
        ay_arena_init(&a, 0);
        fake_picture(&b, 0xd02020, (uint64_t)(c->number * 1000 + i));
        c->bad += ay_scan_bytes(c->s, b.data, b.len, &o, &a, &d, NULL) != AY_OK;
        if (d.status == AY_SCAN_MATCH && !o.method[0])
            c->bad += strcmp(d.label, d.reference.class_name) != 0;
        ay_arena_fini(&a);
    }
    ay_buf_fini(&b);
    return NULL;
}

/* Move, delete and bring back whatever is newest. */
static void *shuffles(void *arg)
{
    crew *c = arg;

    for (int i = 0; i < ROUNDS; i++) {
        const char *next;
        char undo[AY_UNDO_SIZE];
        ay_undo_result r;
        ay_picture *p;
        ay_arena a;
        size_t n;
        ay_arena_init(&a, 0);
        c->bad += ay_picture_list(c->s, "main", NULL, NULL, 5, &a, &p, &n, &next, NULL) != AY_OK;
        if (n > 0) {
            c->bad +=
                ay_picture_move(c->s, "main", p[0].sha256, i % 2 ? "green" : "red", NULL) != AY_OK;
            if (ay_picture_delete(c->s, "main", p[n - 1].sha256, undo, NULL) == AY_OK)
                c->bad += ay_service_undo(c->s, undo, &r, NULL) != AY_OK;
        }
        ay_arena_fini(&a);
    }
    return NULL;
}

static void *looks(void *arg)
{
    crew *c = arg;

    for (int i = 0; i < ROUNDS; i++) {
        ay_service_stats stats;
        ay_check_result check;
        ay_suspects sus;
        ay_class *k;
        ay_job *jobs;
        char name[32];
        ay_arena a;
        size_t n;
        ay_arena_init(&a, 0);
        c->bad += ay_suspects_find(c->s, "main", 0, &a, &sus, NULL) != AY_OK;
        c->bad += ay_class_list(c->s, "main", &a, &k, &n, NULL, NULL) != AY_OK;
        snprintf(name, sizeof name, "extra-%d-%d", c->number, i);
        c->bad += ay_dataset_create(c->s, name, NULL, NULL) != AY_OK;
        c->bad += ay_class_create(c->s, "main", name, NULL, NULL) != AY_OK;
        c->bad += ay_service_jobs(c->s, &a, &jobs, &n, NULL) != AY_OK;
        if (i % 8 == 0) {
            c->bad += ay_service_check(c->s, &(ay_check_options){.repair = true}, &a, &check, NULL) != AY_OK;
            c->bad += check.nproblems != 0;
        }
        ay_service_get_stats(c->s, &stats);
        ay_arena_fini(&a);
    }
    return NULL;
}

static void everything_at_once(void)
{
    static void *(*const work[])(void *) = {uploads, uploads,  uploads, scans,
                                            scans,   shuffles, looks};
    enum { N = sizeof work / sizeof *work };
    const char *dir = fake_folder();
    pthread_t id[N];
    crew c[N];
    fake_encoder f;
    ay_service *s;
    ay_service_stats before, after;
    ay_check_result r;
    ay_arena a;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    CHECK_OK(ay_class_create(s, NULL, "red", NULL, &err), err);
    CHECK_OK(ay_class_create(s, NULL, "green", NULL, &err), err);
    for (int i = 0; i < N; i++) {
        c[i] = (crew){.s = s, .number = i};
        CHECK(pthread_create(&id[i], NULL, work[i], &c[i]) == 0);
    }
    for (int i = 0; i < N; i++)
        pthread_join(id[i], NULL);
    for (int i = 0; i < N; i++)
        CHECK(c[i].bad == 0);
    ay_service_get_stats(s, &before);
    CHECK(before.pictures == 3 * ROUNDS && before.unembedded == 0);
    ay_service_close(s);
    s = fake_open(dir, &f);
    ay_service_get_stats(s, &after);
    CHECK(after.pictures == before.pictures && after.classes == before.classes &&
          after.datasets == before.datasets && after.unembedded == 0);
    ay_arena_init(&a, 0);
    CHECK_OK(ay_service_check(s, &(ay_check_options){.deep = true}, &a, &r, &err), err);
    CHECK(r.nproblems == 0);
    ay_arena_fini(&a);
    ay_service_close(s);
    fake_folder_gone(dir);
}

TESTS({"everything at once", everything_at_once})
