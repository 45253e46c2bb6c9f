#include "base/queue.h"
#include "base/mem.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

struct ay_queue {
    pthread_mutex_t lock;
    pthread_cond_t more;
    size_t capacity, head, len;
    bool closed;
    void *items[];
};

ay_status ay_queue_create(ay_queue **out, size_t capacity, ay_err *err)
{
    ay_queue *q = ay_calloc(1, sizeof *q + capacity * sizeof(void *));
    pthread_condattr_t attr;

    *out = NULL;
    if (!q)
        return ay_fail(err, AY_ENOMEM, "queue of %zu", capacity);
    q->capacity = capacity;
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&q->more, &attr);
    pthread_condattr_destroy(&attr);
    *out = q;
    return AY_OK;
}

void ay_queue_destroy(ay_queue *q)
{
    if (!q)
        return;
    pthread_mutex_destroy(&q->lock);
    pthread_cond_destroy(&q->more);
    ay_free(q);
}

bool ay_queue_push(ay_queue *q, void *item)
{
    bool room;

    pthread_mutex_lock(&q->lock);
    room = !q->closed && q->len < q->capacity;
    if (room) {
        q->items[(q->head + q->len++) % q->capacity] = item;
        pthread_cond_signal(&q->more);
    }
    pthread_mutex_unlock(&q->lock);
    return room;
}

static void deadline_after(struct timespec *t, long ms)
{
    clock_gettime(CLOCK_MONOTONIC, t);
    t->tv_sec += ms / 1000;
    t->tv_nsec += ms % 1000 * 1000000;
    if (t->tv_nsec >= 1000000000) {
        t->tv_sec++;
        t->tv_nsec -= 1000000000;
    }
}

void *ay_queue_pop(ay_queue *q, long timeout_ms)
{
    struct timespec deadline;
    void *item = NULL;
    int rc = 0;

    if (timeout_ms >= 0)
        deadline_after(&deadline, timeout_ms);
    pthread_mutex_lock(&q->lock);
    while (q->len == 0 && !q->closed && rc != ETIMEDOUT)
        rc = timeout_ms < 0 ? pthread_cond_wait(&q->more, &q->lock)
                            : pthread_cond_timedwait(&q->more, &q->lock, &deadline);
    if (q->len > 0) {
        item = q->items[q->head];
        q->head = (q->head + 1) % q->capacity;
        q->len--;
    }
    pthread_mutex_unlock(&q->lock);
    return item;
}

void ay_queue_close(ay_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->more);
    pthread_mutex_unlock(&q->lock);
}

size_t ay_queue_length(ay_queue *q)
{
    size_t n;

    pthread_mutex_lock(&q->lock);
    n = q->len;
    pthread_mutex_unlock(&q->lock);
    return n;
}
