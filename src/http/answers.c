#include "http/answers.h"
#include "http/impl.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/thread.h"
#include "service/learn/reason.h"
#include "service/learn/registry.h"

#include <time.h>

enum { BUSY_TRIES = 40, BUSY_WAIT_MS = 50 };

typedef struct {
    ay_answers *answers;
    ay_server *server;
    ay_predict_options options;
    atomic_int next, slot;
} job;

/* A request was accepted whole: it waits for room in the engine instead of failing half of it. */
static ay_status one(job *j, ay_answers_item *it, ay_arena *arena)
{
    const ay_upload *u = it->upload;
    ay_status status = AY_EBUSY;
    uint64_t pixels;

    if (u->too_large)
        return ay_fail(&it->err, AY_ELIMIT, "the picture is too large");
    if (u->data.len == 0)
        return ay_fail(&it->err, AY_EINVAL, "the picture is empty (0 bytes)");
    pixels = ay_gate_enter(&j->server->gate, u->data.data, u->data.len);
    for (int i = 0; i < BUSY_TRIES && status == AY_EBUSY; i++) {
        if (i)
            nanosleep(&(struct timespec){.tv_nsec = BUSY_WAIT_MS * 1000000}, NULL);
        status = ay_predict(j->server->o.service, &j->options, u->data.data, u->data.len,
                            u->filename, arena, &it->answer, &it->err);
    }
    ay_gate_leave(&j->server->gate, pixels);
    return status;
}

static void *work(void *arg)
{
    job *j = arg;
    ay_answers *r = j->answers;
    ay_arena *arena = &r->arena[atomic_fetch_add(&j->slot, 1)];

    for (int i; (i = atomic_fetch_add(&j->next, 1)) < r->n;) {
        r->items[i].status = one(j, &r->items[i], arena);
        ay_buf_fini(&r->items[i].upload->data);
    }
    return NULL;
}

/* Is there a model to ask, before any picture is decoded? */
static ay_status check(ay_request *rq, int64_t model, ay_err *err)
{
    ay_registered m;

    if (rq->upload_count == 0)
        return ay_fail(err, AY_EINVAL, "no picture was sent");
    return ay_registry_get(rq->service, model, &rq->arena, &m, err);
}

static void run(job *j, int want)
{
    pthread_t threads[AY_ANSWERS_THREADS];
    int started = 0;

    while (started < want - 1 && !ay_thread_start(&threads[started], "http-answers", work, j, NULL))
        started++;
    work(j); /* this thread is one of them, and enough when no other starts */
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

ay_status ay_answers_run(ay_answers *r, ay_request *rq, const ay_predict_options *options,
                         ay_err *err)
{
    uint64_t begun = ay_clock_mono();
    int want = rq->upload_count < AY_ANSWERS_THREADS ? rq->upload_count : AY_ANSWERS_THREADS;
    job j = {.answers = r, .server = rq->server, .options = *options};
    bool slow = options->views || options->passes;
    ay_status status;

    *r = (ay_answers){0};
    for (int i = 0; i < AY_ANSWERS_THREADS; i++)
        ay_arena_init(&r->arena[i], 0);
    status = check(rq, options->model, err);
    if (status != AY_OK)
        return status;
    if (rq->upload_count > 1)
        ay_random_hex(r->batch, 16);
    j.options.batch = r->batch;
    r->items = ay_calloc((size_t)rq->upload_count, sizeof *r->items);
    if (!r->items)
        return ay_fail(err, AY_ENOMEM, "no memory for %d pictures", rq->upload_count);
    r->n = rq->upload_count;
    for (int i = 0; i < r->n; i++)
        r->items[i].upload = &rq->uploads[i];
    if (slow && (status = ay_reason_enter(rq->service, err)) != AY_OK)
        return status;
    run(&j, slow ? 1 : want); /* explanations take turns; more threads would only hold pictures */
    if (slow)
        ay_reason_leave(rq->service);
    for (int i = 0; i < r->n; i++)
        r->good += r->items[i].status == AY_OK;
    r->total_ms = (double)(ay_clock_mono() - begun) / 1e6;
    return AY_OK;
}

void ay_answers_fini(ay_answers *r)
{
    ay_free(r->items);
    for (int i = 0; i < AY_ANSWERS_THREADS; i++)
        ay_arena_fini(&r->arena[i]);
}
