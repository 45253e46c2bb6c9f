/* train/why.h - a trained model folder opened to be asked why, picture by picture.
 *
 * The functions of train/explain.h take graphs and tensors; this takes a folder and pictures, with
 * the folder's own preprocessing.  It is a second, float32 opening of the model, beside the
 * classifier that answers: explaining needs gradients, answering needs speed.
 *
 * Threads: one at a time. */
#ifndef AY_TRAIN_WHY_H
#define AY_TRAIN_WHY_H

#include "train/explain.h"

typedef struct ay_why ay_why;

/* AY_EINVAL when the network has no classes. */
ay_status ay_why_open(ay_why **out, const char *model, const char *backend, ay_err *err);
void ay_why_close(ay_why *w); /* NULL is fine */
int ay_why_classes(const ay_why *w);
int ay_why_dim(const ay_why *w); /* of the feature */

/* The picture under its heat map; target -1: the class it is taken for.  Attention rollout, where that
 * is what the network allows, is the same for every class. */
ay_status ay_why_heat(ay_why *w, const ay_image *picture, int target, ay_image *out, ay_err *err);
/* As ay_explain_mc_dropout. */
ay_status ay_why_passes(ay_why *w, const ay_image *picture, int passes, double temperature,
                        uint64_t seed, ay_passes *out, ay_err *err);
/* Means over the five views: logits [classes], feature [dim]. */
ay_status ay_why_views(ay_why *w, const ay_image *picture, float *logits, float *feature,
                       ay_err *err);

#endif
