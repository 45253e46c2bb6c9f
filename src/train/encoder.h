/* train/encoder.h - from a network that tells its training classes apart to one whose vectors serve
 * for classes that nobody has seen.
 *
 * A trained head is made for its classes.  Neighbours among other classes gain from a second view
 * that mutes what varies inside any class (light, pose, background, wear) and evens out the rest.
 * With x what the head reads, from training pictures without augmentation, at the size of use:
 *
 *   (every number of x divided by its standard deviation)
 *   S = covariance of x inside the classes (each class n / (n - 1)) + shrink * its mean variance * 1
 *   y = the dim main directions of S^-1/2 x about the mean, each divided by variance^power
 *   v = trained head(x) and y, both scaled to length 1 (root mean square), side by side
 *   vector = the dim main directions of v about the origin, so that cosines stay
 *
 * All of it is linear, so it becomes one layer, "head", and a norm before it is folded in.  What
 * told classes apart (tensors "head.fc...") stays behind.  Measured in tools/train-default/README.md.
 *
 * Rejected: the trained head alone, the whitened values alone, plain principal components: each was
 * worse on some of five sets.
 *
 * Threads: one call, which starts its own. */
#ifndef AY_TRAIN_ENCODER_H
#define AY_TRAIN_ENCODER_H

#include "base/err.h"

#include <stdatomic.h>
#include <stddef.h>

typedef struct {
    const char *name, *version, *licence; /* of the configuration that is written */
    int size;      /* pixels a side in use; 0: as it was trained */
    int dim;       /* numbers in the vector; 0: as many as the trained head gives */
    int each;      /* pictures of a class at most; 0: 12 */
    double shrink; /* 0: 0.1 */
    double power;  /* 0: 0.25 */
    int threads;   /* 0: one a processor */
    void (*progress)(void *ctx, size_t done, size_t n); /* NULL: none */
    void (*note)(void *ctx, const char *line);          /* NULL: none */
    void *ctx;
    const atomic_bool *stop; /* NULL: never */
} ay_encoder_options;

typedef struct {
    int pictures, classes, lost; /* used; that could not be read */
    int pooled, dim;
} ay_encoder_result;

/* model: a folder that a training wrote, whose body has a linear layer "head".  pictures: a folder of
 * classes or a manifest; of a manifest with splits only the training side is used.  out: written
 * whole (model.safetensors in half precision but for one-dimensional tensors, config.json), or not
 * at all; AY_EEXISTS.  AY_EINVAL: no such layer, too few pictures for the dimensions. */
ay_status ay_encoder_make(const char *model, const char *pictures, const char *out,
                          const ay_encoder_options *o, ay_encoder_result *result, ay_err *err);

#endif
