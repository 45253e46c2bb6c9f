/* engine/verify.h - is this engine right, and how fast is it?  For "assay model verify" and "assay
 * doctor".  Both may run while the engine serves; they are then slower, not wrong. */
#ifndef AY_ENGINE_VERIFY_H
#define AY_ENGINE_VERIFY_H

#include "base/buf.h"
#include "engine/engine.h"

#include <stdbool.h>

typedef struct {
    const char *name; /* what was compared, static */
    double cosine;    /* of the two vectors */
    double max_error; /* largest difference of two numbers, vectors at unit length */
    double cosine_wanted;
    bool ok;
} ay_engine_check;

enum { AY_ENGINE_CHECKS = 5 };

/* Compare with all that is known, into checks[0 .. *count):
 *   "known answer"   known.json or golden.json beside the weights (the embedded model has one): an
 *                    input by formula and the vector that the training code gave
 *   "known logits"   the same for a classifier's logits, where the file has them
 *   "plain loops"    the same network on the "ref" back end in float32, on that same input; needs no
 *                    file, takes seconds for large networks
 *   "alone = batch"  a picture's vector alone and among others, bit for bit (max_error must be 0)
 * AY_OK says that the comparing worked, not that the answers agree: look at each ok. */
ay_status ay_engine_verify(ay_engine *e, ay_engine_check checks[AY_ENGINE_CHECKS], int *count,
                           ay_err *err);

typedef struct {
    double pictures_per_second; /* many in flight, scaling included */
    double latency_ms;          /* median of one at a time */
    double gflops_per_second;   /* of the network alone, at that rate */
    int pictures;               /* how many were measured */
} ay_engine_speed;

/* The text of a known.json for this engine as it runs now. */
ay_status ay_engine_known_answer(ay_engine *e, ay_buf *out, ay_err *err);

/* Embed a made-up picture of width x height again and again for about `seconds` in each way. */
ay_status ay_engine_measure(ay_engine *e, int width, int height, double seconds,
                            ay_engine_speed *out, ay_err *err);

#endif
