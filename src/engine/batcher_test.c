#include "engine/batcher.h"
#include "base/test.h"
#include "base/thread.h"

#include <stdatomic.h>

enum { CALLERS = 6, ROUNDS = 200, WORKERS = 3, MAX = 5 };

typedef struct {
    ay_batcher *b;
    int hold_ms; /* how long a worker works on each handful */
    atomic_int served, batches, largest, bad;
} bench;

/* The "network": the picture's width goes to its row; width 13 fails. */
static void *serve(void *arg)
{
    bench *t = arg;
    ay_ticket tickets[MAX];
    int n;

    while ((n = ay_batcher_take(t->b, tickets, MAX)) > 0) {
        if (t->hold_ms)
            usleep((useconds_t)t->hold_ms * 1000);
        for (int i = 0; i < n; i++) {
            ay_err err = {0};
            tickets[i].dst[0] = (float)tickets[i].image->width;
            ay_status status =
                tickets[i].image->width == 13 ? ay_fail(&err, AY_ECORRUPT, "thirteen") : AY_OK;
            ay_batcher_finish(t->b, &tickets[i], 1, status, &err);
        }
        atomic_fetch_add(&t->served, n);
        atomic_fetch_add(&t->batches, 1);
        if (n > atomic_load(&t->largest))
            atomic_store(&t->largest, n);
    }
    return NULL;
}

static void *call(void *arg)
{
    bench *t = arg;

    for (int round = 0; round < ROUNDS; round++) {
        ay_image im[4] = {{.width = round + 100}, {.width = 2}, {.width = 3}, {.width = 4}};
        const ay_image *list[] = {&im[0], &im[1], &im[2], &im[3]};
        float dst[4][2] = {{0}};
        int n = 1 + round % 4;
        ay_err err;
        ay_status status;
        while ((status = ay_batcher_submit(t->b, list, n, &dst[0][0], 2, &err)) == AY_EBUSY)
            usleep(50);
        for (int i = 0; i < n; i++)
            if (status != AY_OK || dst[i][0] != (float)im[i].width)
                atomic_fetch_add(&t->bad, 1);
    }
    return NULL;
}

static void many_callers_get_their_own_rows(void)
{
    bench t = {0};
    pthread_t workers[WORKERS], callers[CALLERS];
    int want = CALLERS * (ROUNDS / 4) * (1 + 2 + 3 + 4);
    ay_err err;

    CHECK_OK(ay_batcher_create(&t.b, 8, &err), err);
    for (int i = 0; i < WORKERS; i++)
        CHECK_OK(ay_thread_start(&workers[i], "worker", serve, &t, &err), err);
    for (int i = 0; i < CALLERS; i++)
        CHECK_OK(ay_thread_start(&callers[i], "caller", call, &t, &err), err);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i], NULL);
    ay_batcher_close(t.b);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    CHECK(t.bad == 0);
    CHECK(t.served == want);
    CHECK(t.largest <= MAX);
    CHECK(ay_batcher_waiting(t.b) == 0);
    ay_batcher_destroy(t.b);
}

static void *call_one(void *arg)
{
    bench *t = arg;
    ay_image im = {.width = 7};
    const ay_image *list[] = {&im};
    float dst[2] = {0};

    if (ay_batcher_submit(t->b, list, 1, dst, 2, NULL) != AY_OK || dst[0] != 7.0f)
        atomic_fetch_add(&t->bad, 1);
    return NULL;
}

static void wait_until_waiting(ay_batcher *b, int n)
{
    for (int i = 0; i < 5000 && ay_batcher_waiting(b) != n; i++)
        usleep(1000);
    CHECK(ay_batcher_waiting(b) == n);
}

static void a_full_queue_is_busy_and_queues_nothing(void)
{
    bench t = {0};
    ay_image im = {.width = 7};
    const ay_image *list[] = {&im, &im, &im};
    float dst[6];
    pthread_t callers[2], worker;
    ay_err err;

    CHECK_OK(ay_batcher_create(&t.b, 2, &err), err);
    for (int i = 0; i < 2; i++)
        CHECK_OK(ay_thread_start(&callers[i], "caller", call_one, &t, &err), err);
    wait_until_waiting(t.b, 2);
    CHECK(ay_batcher_submit(t.b, list, 1, dst, 2, &err) == AY_EBUSY);
    CHECK(ay_batcher_waiting(t.b) == 2);
    CHECK_OK(ay_thread_start(&worker, "worker", serve, &t, &err), err);
    for (int i = 0; i < 2; i++)
        pthread_join(callers[i], NULL);
    /* Larger than the queue, but nothing waits. */
    CHECK_OK(ay_batcher_submit(t.b, list, 3, dst, 2, &err), err);
    CHECK(dst[4] == 7.0f);
    ay_batcher_close(t.b);
    pthread_join(worker, NULL);
    CHECK(ay_batcher_submit(t.b, list, 1, dst, 2, &err) == AY_ECANCELLED);
    CHECK(t.bad == 0 && t.served == 5);
    ay_batcher_destroy(t.b);
}

static void a_failure_reaches_its_own_caller_only(void)
{
    bench t = {0};
    ay_image good = {.width = 7}, bad = {.width = 13};
    const ay_image *list[] = {&good, &bad, &good};
    float dst[6] = {0};
    pthread_t worker;
    ay_err err;

    CHECK_OK(ay_batcher_create(&t.b, 8, &err), err);
    CHECK_OK(ay_thread_start(&worker, "worker", serve, &t, &err), err);
    CHECK(ay_batcher_submit(t.b, list, 3, dst, 2, &err) == AY_ECORRUPT);
    CHECK(strcmp(err.msg, "thirteen") == 0);
    CHECK(dst[0] == 7.0f && dst[4] == 7.0f);
    CHECK_OK(ay_batcher_submit(t.b, list, 1, dst, 2, &err), err);
    CHECK_OK(ay_batcher_submit(t.b, list, 0, dst, 2, &err), err);
    CHECK(ay_batcher_submit(t.b, list, -1, dst, 2, &err) == AY_EINVAL);
    ay_batcher_close(t.b);
    pthread_join(worker, NULL);
    ay_batcher_destroy(t.b);
}

/* What was accepted before close is served; close returns after that. */
static void close_serves_what_was_accepted(void)
{
    bench t = {.hold_ms = 20};
    pthread_t callers[4], worker;
    ay_err err;

    CHECK_OK(ay_batcher_create(&t.b, 8, &err), err);
    for (int i = 0; i < 4; i++)
        CHECK_OK(ay_thread_start(&callers[i], "caller", call_one, &t, &err), err);
    wait_until_waiting(t.b, 4);
    CHECK_OK(ay_thread_start(&worker, "worker", serve, &t, &err), err);
    ay_batcher_close(t.b);
    for (int i = 0; i < 4; i++)
        pthread_join(callers[i], NULL);
    pthread_join(worker, NULL);
    CHECK(t.served == 4 && t.bad == 0 && t.batches == 1);
    ay_batcher_destroy(t.b);
}

static void work_is_shared_among_idle_workers(void)
{
    bench t = {.hold_ms = 100};
    ay_image im = {.width = 7};
    const ay_image *list[] = {&im, &im, &im, &im};
    float dst[8];
    pthread_t workers[2];
    ay_err err;

    CHECK_OK(ay_batcher_create(&t.b, 8, &err), err);
    for (int i = 0; i < 2; i++)
        CHECK_OK(ay_thread_start(&workers[i], "worker", serve, &t, &err), err);
    for (int i = 0; i < 10000 && ay_batcher_idle(t.b) < 2; i++)
        usleep(1000);
    CHECK(ay_batcher_idle(t.b) == 2);
    CHECK_OK(ay_batcher_submit(t.b, list, 4, dst, 2, &err), err);
    ay_batcher_close(t.b);
    for (int i = 0; i < 2; i++)
        pthread_join(workers[i], NULL);
    CHECK(t.served == 4);
    CHECK(t.largest <= 3); /* not one of four */
    ay_batcher_destroy(t.b);
}

/* Three times eight pictures that can wait, then two that cannot: these are the next that a worker takes, alone. */
typedef struct {
    ay_batcher *b;
    int width, n;
    bool later;
} asker;

static void *ask(void *arg)
{
    const asker *a = arg;
    ay_image im[8];
    const ay_image *list[8];
    float dst[8];

    for (int i = 0; i < 8; i++) {
        im[i] = (ay_image){.width = a->width};
        list[i] = &im[i];
    }
    CHECK((a->later ? ay_batcher_submit_later : ay_batcher_submit)(a->b, list, a->n, dst, 1, NULL) == AY_OK);
    return NULL;
}

static void wait_for(ay_batcher *b, int waiting)
{
    for (int i = 0; i < 2000 && ay_batcher_waiting(b) != waiting; i++)
        usleep(1000);
    CHECK(ay_batcher_waiting(b) == waiting);
}

static void work_that_can_wait_waits(void)
{
    ay_batcher *b;
    pthread_t id[4];
    ay_ticket t[16];
    asker later[3], now;
    int n, served = 0;

    CHECK(ay_batcher_create(&b, 100, NULL) == AY_OK);
    ay_batcher_set_patience(b, UINT64_MAX);
    for (int i = 0; i < 3; i++) {
        later[i] = (asker){b, 1, 8, true};
        pthread_create(&id[i], NULL, ask, &later[i]);
    }
    wait_for(b, 24);
    n = ay_batcher_take(b, t, 16); /* nobody has asked yet: as many as there is room for */
    CHECK(n == 16 && t[0].image->width == 1);
    ay_batcher_finish(b, t, n, AY_OK, NULL);
    now = (asker){b, 2, 2, false};
    pthread_create(&id[3], NULL, ask, &now);
    wait_for(b, 10);
    n = ay_batcher_take(b, t, 16);
    CHECK(n == 2 && t[0].image->width == 2 && t[1].image->width == 2);
    ay_batcher_finish(b, t, n, AY_OK, NULL);
    pthread_join(id[3], NULL);
    for (; served < 8; served += n) { /* and a while after a request in small handfuls */
        n = ay_batcher_take(b, t, 16);
        CHECK(n == 2 && t[0].image->width == 1);
        ay_batcher_finish(b, t, n, AY_OK, NULL);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(id[i], NULL);
    ay_batcher_close(b);
    ay_batcher_destroy(b);
}

/* Requests that never cease do not keep it waiting for ever. */
static void work_that_can_wait_has_its_turn(void)
{
    ay_batcher *b;
    pthread_t id[2];
    ay_ticket t[16];
    asker later, now;
    int n;

    CHECK(ay_batcher_create(&b, 100, NULL) == AY_OK);
    later = (asker){b, 1, 3, true};
    now = (asker){b, 2, 5, false};
    pthread_create(&id[0], NULL, ask, &later);
    pthread_create(&id[1], NULL, ask, &now);
    wait_for(b, 8);
    for (int turn = 0; turn < 4; turn++) { /* two that are overdue, one at a time, and what came first of the others */
        ay_batcher_set_patience(b, turn < 2 ? 0 : UINT64_MAX);
        n = ay_batcher_take(b, t, 4);
        CHECK(n == (turn < 2 ? 1 : turn == 2 ? 4 : 1) && t[0].image->width == (turn < 2 ? 1 : 2));
        ay_batcher_finish(b, t, n, AY_OK, NULL);
    }
    n = ay_batcher_take(b, t, 4);
    CHECK(n == 1 && t[0].image->width == 1);
    ay_batcher_finish(b, t, n, AY_OK, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(id[i], NULL);
    ay_batcher_close(b);
    ay_batcher_destroy(b);
}

typedef struct {
    ay_batcher *b;
    ay_ticket t[4];
    int n;
} taker;

static void *take_once(void *arg)
{
    taker *k = arg;

    k->n = ay_batcher_take(k->b, k->t, 4);
    return NULL;
}

/* While somebody asks, one worker of several leaves alone what can wait: a request finds it free. */
static void one_worker_is_left_for_requests(void)
{
    pthread_t id[3], worker;
    asker later, now;
    ay_ticket t[4];
    ay_batcher *b;
    taker other;
    int n;

    CHECK(ay_batcher_create(&b, 100, NULL) == AY_OK);
    ay_batcher_set_workers(b, 2);
    ay_batcher_set_moment(b, 3600000000000u); /* longer than any machine takes for this */
    now = (asker){b, 9, 1, false};
    pthread_create(&id[0], NULL, ask, &now);
    n = ay_batcher_take(b, t, 4);
    CHECK(n == 1);
    ay_batcher_finish(b, t, n, AY_OK, NULL);
    pthread_join(id[0], NULL);
    later = (asker){b, 1, 6, true};
    pthread_create(&id[1], NULL, ask, &later);
    wait_for(b, 6);
    n = ay_batcher_take(b, t, 4);
    CHECK(n == 2 && ay_batcher_waiting(b) == 4);
    other = (taker){.b = b, .n = -1};
    pthread_create(&worker, NULL, take_once, &other);
    usleep(20000); /* it would take what can wait now, if it took any */
    CHECK(ay_batcher_waiting(b) == 4);
    pthread_create(&id[2], NULL, ask, &now);
    pthread_join(worker, NULL);
    CHECK(other.n == 1 && other.t[0].request != t[0].request && ay_batcher_waiting(b) == 4);
    ay_batcher_finish(b, other.t, other.n, AY_OK, NULL);
    pthread_join(id[2], NULL);
    for (int left = 4; left > 0; left -= n) { /* the one that has it goes on with it */
        ay_batcher_finish(b, t, n, AY_OK, NULL);
        n = ay_batcher_take(b, t, 4);
        CHECK(n == 2);
    }
    ay_batcher_finish(b, t, n, AY_OK, NULL);
    pthread_join(id[1], NULL);
    ay_batcher_close(b);
    ay_batcher_destroy(b);
}

TESTS({"one worker is left for requests", one_worker_is_left_for_requests},
      {"work that can wait waits", work_that_can_wait_waits},
      {"work that can wait has its turn", work_that_can_wait_has_its_turn},
      {"many callers get their own rows", many_callers_get_their_own_rows},
      {"a full queue is busy and queues nothing", a_full_queue_is_busy_and_queues_nothing},
      {"a failure reaches its own caller only", a_failure_reaches_its_own_caller_only},
      {"close serves what was accepted", close_serves_what_was_accepted},
      {"work is shared among idle workers", work_is_shared_among_idle_workers})
