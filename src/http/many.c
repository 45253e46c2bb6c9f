#include "http/many.h"
#include "http/handlers.h"

#include "base/mem.h"
#include "base/thread.h"

#include <stdatomic.h>

typedef struct {
    ay_many *many;
    ay_server *server;
    const char *dataset, *klass;
    atomic_int next, slot;
    atomic_bool stop; /* the class or the data set is not there: the rest would say the same */
} job;

static void *work(void *arg)
{
    job *j = arg;
    ay_many *m = j->many;
    ay_arena *arena = &m->arena[atomic_fetch_add(&j->slot, 1)];

    for (int i; (i = atomic_fetch_add(&j->next, 1)) < m->n;) {
        ay_many_item *it = &m->items[i];
        if (atomic_load(&j->stop)) {
            it->status = ay_fail(&it->err, AY_ENOTFOUND, "not tried: no such class or data set");
            continue;
        }
        it->status = ay_h_add(j->server, it->upload, j->dataset, j->klass, it->file, arena,
                              &it->added, &it->err);
        if (it->status == AY_ENOTFOUND)
            atomic_store(&j->stop, true);
        ay_buf_fini(&it->upload->data);
    }
    return NULL;
}

ay_status ay_many_add(ay_many *m, ay_request *rq, const char *dataset, const char *klass,
                      const char *const *names, ay_err *err)
{
    job j = {.many = m, .server = rq->server, .dataset = dataset, .klass = klass};
    pthread_t threads[AY_MANY_THREADS];
    int started = 0, want = rq->upload_count < AY_MANY_THREADS ? rq->upload_count : AY_MANY_THREADS;

    *m = (ay_many){.n = rq->upload_count};
    m->items = ay_calloc((size_t)m->n, sizeof *m->items);
    if (!m->items)
        return ay_fail(err, AY_ENOMEM, "no memory for %d pictures", m->n);
    for (int i = 0; i < m->n; i++)
        m->items[i] =
            (ay_many_item){.upload = &rq->uploads[i],
                           .file = names && names[i] ? names[i] : rq->uploads[i].filename};
    for (int i = 0; i < AY_MANY_THREADS; i++)
        ay_arena_init(&m->arena[i], 0);
    while (started < want - 1 && !ay_thread_start(&threads[started], "http-form", work, &j, NULL))
        started++;
    work(&j); /* this thread is one of them, and enough when no other starts */
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    for (int i = m->n; i-- > 0;) {
        m->good += !m->items[i].status;
        if (m->items[i].status) {
            m->first = m->items[i].status;
            m->why = &m->items[i].err;
        }
    }
    return AY_OK;
}

void ay_many_fini(ay_many *m)
{
    ay_free(m->items);
    for (int i = 0; i < AY_MANY_THREADS; i++)
        ay_arena_fini(&m->arena[i]);
}
