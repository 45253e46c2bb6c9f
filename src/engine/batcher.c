#include "engine/batcher.h"
#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <time.h>

/* While a request came less than a moment ago, work that can wait is taken FEW pictures at a time. */
#define MOMENT_NS 1000000000u
#define PATIENCE_NS 1000000000u
enum { FEW = 2 };

/* Requests with pictures to hand out. */
typedef struct {
    ay_request *first, *last;
    int waiting;
} line;

struct ay_request {
    ay_request *following;
    const ay_image *const *images;
    float *dst;
    int n, dim;
    int next; /* first picture not handed out */
    int left; /* pictures not finished */
    bool later;
    ay_status status;
    ay_err err;
    pthread_cond_t done;
};

struct ay_batcher {
    pthread_mutex_t lock;
    pthread_cond_t work, empty;
    line now, later;
    int max_waiting;
    uint64_t asked;    /* when somebody last came who does not wait */
    uint64_t turn;     /* when work that can wait last had one, or began to wait */
    uint64_t patience; /* of work that can wait */
    uint64_t moment;
    int workers;
    int out; /* pictures that can wait, handed out and not finished */
    int inside; /* callers in submit */
    int idle;   /* workers waiting for work */
    bool closed;
};

ay_status ay_batcher_create(ay_batcher **out, int max_waiting, ay_err *err)
{
    ay_batcher *b = ay_calloc(1, sizeof *b);

    *out = b;
    if (!b)
        return ay_fail(err, AY_ENOMEM, "batcher");
    b->max_waiting = max_waiting;
    b->patience = PATIENCE_NS;
    b->moment = MOMENT_NS;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->work, NULL);
    pthread_cond_init(&b->empty, NULL);
    return AY_OK;
}

void ay_batcher_destroy(ay_batcher *b)
{
    if (!b)
        return;
    assert(!b->now.first && !b->later.first && b->inside == 0);
    pthread_cond_destroy(&b->empty);
    pthread_cond_destroy(&b->work);
    pthread_mutex_destroy(&b->lock);
    ay_free(b);
}

static ay_status admit(ay_batcher *b, line *l, ay_request *r, ay_err *err)
{
    if (b->closed)
        return ay_fail(err, AY_ECANCELLED, "the engine is closing");
    if (l->waiting > 0 && l->waiting + r->n > b->max_waiting)
        return ay_fail(err, AY_EBUSY, "%d pictures wait already; the queue holds %d", l->waiting,
                       b->max_waiting);
    if (l == &b->now)
        b->asked = ay_clock_mono();
    else if (!l->first)
        b->turn = ay_clock_mono();
    if (l->last)
        l->last->following = r;
    else
        l->first = r;
    l->last = r;
    l->waiting += r->n;
    b->inside++;
    if (r->n == 1)
        pthread_cond_signal(&b->work);
    else
        pthread_cond_broadcast(&b->work);
    return AY_OK;
}

static ay_status submit(ay_batcher *b, line *l, const ay_image *const *images, int n, float *dst, int dim,
                        ay_err *err)
{
    ay_request r = {.images = images, .dst = dst, .n = n, .dim = dim, .left = n, .later = l == &b->later};
    ay_status status;

    if (n < 0)
        return ay_fail(err, AY_EINVAL, "%d pictures", n);
    if (n == 0)
        return AY_OK;
    pthread_cond_init(&r.done, NULL);
    pthread_mutex_lock(&b->lock);
    status = admit(b, l, &r, err);
    if (status == AY_OK) {
        while (r.left > 0)
            pthread_cond_wait(&r.done, &b->lock);
        status = r.status;
        if (status != AY_OK && err)
            *err = r.err;
        if (--b->inside == 0)
            pthread_cond_broadcast(&b->empty);
    }
    pthread_mutex_unlock(&b->lock);
    pthread_cond_destroy(&r.done);
    return status;
}

ay_status ay_batcher_submit(ay_batcher *b, const ay_image *const *images, int n, float *dst,
                            int dim, ay_err *err)
{
    return submit(b, &b->now, images, n, dst, dim, err);
}

ay_status ay_batcher_submit_later(ay_batcher *b, const ay_image *const *images, int n, float *dst, int dim,
                                  ay_err *err)
{
    return submit(b, &b->later, images, n, dst, dim, err);
}

/* Under the lock: the first waiting picture leaves the list. */
static ay_ticket hand_out(line *l)
{
    ay_request *r = l->first;
    int i = r->next++;

    l->waiting--;
    if (r->next == r->n) {
        l->first = r->following;
        if (!l->first)
            l->last = NULL;
    }
    return (ay_ticket){r, r->images[i], r->dst + (size_t)i * (size_t)r->dim};
}

void ay_batcher_set_patience(ay_batcher *b, uint64_t ns)
{
    pthread_mutex_lock(&b->lock);
    b->patience = ns;
    pthread_mutex_unlock(&b->lock);
}

void ay_batcher_set_moment(ay_batcher *b, uint64_t ns)
{
    pthread_mutex_lock(&b->lock);
    b->moment = ns;
    pthread_mutex_unlock(&b->lock);
}

void ay_batcher_set_workers(ay_batcher *b, int n)
{
    pthread_mutex_lock(&b->lock);
    b->workers = n;
    pthread_mutex_unlock(&b->lock);
}

/* Under the lock. */
static bool asked_now(const ay_batcher *b)
{
    return b->asked && ay_clock_mono() - b->asked < b->moment;
}

/* Under the lock: may one more worker take work that can wait?  Whoever has some has FEW at most, so fewer than FEW for
 * each of the others but one means that two are without: the one that asks, and another. */
static bool one_is_left(const ay_batcher *b)
{
    return b->workers < 2 || b->closed || !asked_now(b) || b->out <= (b->workers - 2) * FEW;
}

/* Under the lock: until something changes, or the moment is over. */
static void wait_for_work(ay_batcher *b)
{
    struct timespec until;

    if (b->later.waiting == 0) {
        pthread_cond_wait(&b->work, &b->lock);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(b->moment / 1000000000u);
    until.tv_nsec += (long)(b->moment % 1000000000u);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&b->work, &b->lock, &until);
}

/* Under the lock: whose turn it is, and how many of them at most. */
static line *choose(ay_batcher *b, int *max)
{
    uint64_t now = ay_clock_mono();
    bool others = b->now.waiting > 0;

    if (b->later.waiting == 0 || (others && now - b->turn < b->patience))
        return &b->now;
    b->turn = now;
    if (others)
        *max = 1;
    else if (*max > FEW && asked_now(b))
        *max = FEW;
    return &b->later;
}

int ay_batcher_take(ay_batcher *b, ay_ticket *out, int max)
{
    int n = 0, share;
    line *l;

    pthread_mutex_lock(&b->lock);
    b->idle++;
    while (b->now.waiting == 0 && (b->later.waiting == 0 || !one_is_left(b)) && !b->closed)
        wait_for_work(b);
    b->idle--;
    l = choose(b, &max);
    share = (l->waiting + b->idle) / (b->idle + 1);
    while (n < max && n < share)
        out[n++] = hand_out(l);
    if (l == &b->later)
        b->out += n;
    pthread_mutex_unlock(&b->lock);
    return n;
}

void ay_batcher_finish(ay_batcher *b, const ay_ticket *tickets, int n, ay_status status,
                       const ay_err *err)
{
    pthread_mutex_lock(&b->lock);
    for (int i = 0; i < n; i++) {
        ay_request *r = tickets[i].request;
        if (status != AY_OK && r->status == AY_OK) {
            r->status = status;
            if (err)
                r->err = *err;
        }
        assert(r->left > 0);
        if (r->later && --b->out == 0 && b->later.waiting > 0)
            pthread_cond_signal(&b->work); /* whoever left it alone may take it as well as this one */
        if (--r->left == 0)
            pthread_cond_signal(&r->done);
    }
    pthread_mutex_unlock(&b->lock);
}

void ay_batcher_close(ay_batcher *b)
{
    pthread_mutex_lock(&b->lock);
    b->closed = true;
    pthread_cond_broadcast(&b->work);
    while (b->inside > 0)
        pthread_cond_wait(&b->empty, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

int ay_batcher_idle(ay_batcher *b)
{
    int n;

    pthread_mutex_lock(&b->lock);
    n = b->idle;
    pthread_mutex_unlock(&b->lock);
    return n;
}

int ay_batcher_waiting(ay_batcher *b)
{
    int n;

    pthread_mutex_lock(&b->lock);
    n = b->now.waiting + b->later.waiting;
    pthread_mutex_unlock(&b->lock);
    return n;
}
