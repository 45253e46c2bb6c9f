/* engine/session.h - one core's use of a model: plans for batches of 1, 2, 4 ... pictures.
 *
 * A plan is made the first time its size is wanted and then kept: most programs see one picture at
 * a time and never pay for sixteen.  A handful of 7 runs as 4 + 2 + 1, so nothing is padded and a
 * picture's vector does not depend on its neighbours.
 *
 * Larger is not always faster: sixteen pictures of a convolutional network outgrow the caches.  So each size is timed the first few
 * times it is wanted (processor time of this thread, so that other work on the machine counts little), and then a handful goes in
 * the size that took least for a picture; the vectors are the same bits either way.
 *
 * Threads: a session belongs to one thread at a time; sessions of one model share packed weights.
 */
#ifndef AY_ENGINE_SESSION_H
#define AY_ENGINE_SESSION_H

#include "image/image.h"
#include "models/model.h"
#include "nn/plan.h"

#include <stdatomic.h>

enum { AY_SESSION_SIZES = 7, AY_SESSION_BATCH_MAX = 1 << (AY_SESSION_SIZES - 1) };

typedef struct {
    ay_model *model; /* borrowed */
    ay_preprocess preprocess;
    const char *backend; /* static */
    ay_nn_precision precision;
    bool raw; /* rows are the vector as it is and the logits, if any; set after init */
    ay_plan *plan[AY_SESSION_SIZES]; /* plan[k]: batch 1 << k; NULL until wanted */
    uint64_t least_ns[AY_SESSION_SIZES]; /* of one run of plan[k] */
    int timed[AY_SESSION_SIZES];         /* how often */
    atomic_size_t slab_bytes, packed_bytes; /* for whoever counts from another thread */
} ay_session;

/* The model's recipe in the picture library's words. */
ay_preprocess ay_session_preprocess(const ay_recipe *r);

/* Makes the plan for one picture, so that a model that cannot run fails here.  backend NULL: the
 * best; it need not outlive the call. */
ay_status ay_session_init(ay_session *s, ay_model *model, const char *backend,
                          ay_nn_precision precision, ay_err *err);
void ay_session_fini(ay_session *s);

/* How many of n pictures that wait to run next: at least 1. */
int ay_session_chunk(const ay_session *s, int n);
/* n must be a power of two up to AY_SESSION_BATCH_MAX: preprocess n pictures, run, write each vector scaled to unit length to dst[i]
 * (raw: see above).  A vector of zeros stays so; one that is not finite is AY_ECORRUPT. */
ay_status ay_session_embed(ay_session *s, const ay_image *const *images, int n, float *const *dst,
                           ay_err *err);
/* As above for one input tensor of 3 * size * size floats, without the scaling; with raw the logits
 * follow. */
ay_status ay_session_run_tensor(ay_session *s, const float *input, float *dst, ay_err *err);

#endif
