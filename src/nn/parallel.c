/* nn/parallel.c - see parallel.h. */
#include "nn/parallel.h"

/* libgomp's entry for a parallel region; declared because the sources are not compiled with
 * OpenMP, and clang on Debian has no omp.h. */
void GOMP_parallel(void (*fn)(void *), void *data, unsigned threads, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);

#if defined(__SANITIZE_THREAD__)
/* libgomp's barriers are invisible to the sanitizer: say what they order. */
void __tsan_acquire(void *);
void __tsan_release(void *);
#define ACQUIRE(p) __tsan_acquire(p)
#define RELEASE(p) __tsan_release(p)
#else
#define ACQUIRE(p) ((void)(p))
#define RELEASE(p) ((void)(p))
#endif

typedef struct {
    void (*fn)(void *ctx, int i, int n);
    void *ctx;
    int parts;
} region;

/* All parts are done even when OpenMP gives fewer threads than were asked for. */
static void enter(void *p)
{
    region *r = p;
    int step = omp_get_num_threads();

    ACQUIRE(r);
    for (int i = omp_get_thread_num(); i < r->parts; i += step)
        r->fn(r->ctx, i, r->parts);
    RELEASE(r);
}

void ay_parallel(int threads, void (*fn)(void *ctx, int i, int n), void *ctx)
{
    region r = {fn, ctx, threads};

    if (threads <= 1) {
        fn(ctx, 0, 1);
        return;
    }
    RELEASE(&r);
    GOMP_parallel(enter, &r, (unsigned)threads, 0);
    ACQUIRE(&r);
}

void ay_part(int64_t n, int i, int parts, int64_t *begin, int64_t *end)
{
    *begin = n * i / parts;
    *end = n * (i + 1) / parts;
}
