/* train/stream.h - files through a network: read, decode, run, on all processors.
 *
 * Each thread reads a handful of pictures and hands them on together, so that decoding one handful
 * overlaps with computing another.  Order of completion is any; results are told apart by index.
 *
 * Threads: run() and failed() are called from several threads at once, progress() from the caller's.
 */
#ifndef AY_TRAIN_STREAM_H
#define AY_TRAIN_STREAM_H

#include "image/image.h"

#include <stdatomic.h>

enum { AY_STREAM_CHUNK = 8 };

typedef struct {
    size_t n;
    void *ctx;
    const char *(*path)(void *ctx, size_t i);
    /* SHA-256 in hex that the file must have, or NULL: any.  The function may be NULL. */
    const char *(*digest)(void *ctx, size_t i);
    ay_status (*run)(void *ctx, const ay_image *const *images, const size_t *index, int n, ay_err *err);
    void (*failed)(void *ctx, size_t i, ay_status status, const ay_err *err); /* it cannot be read */
    void (*progress)(void *ctx, size_t done, size_t n);                      /* NULL: none */
    ay_image_limits limits;
    int threads; /* 0: one a processor */
    const atomic_bool *stop[2]; /* NULL: never */
} ay_stream;

/* AY_ECANCELLED when a stop was set; else the first failure of run(). */
ay_status ay_stream_run(const ay_stream *s, ay_err *err);

#endif
