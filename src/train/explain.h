/* train/explain.h - why this answer, and how sure: heat maps, dropout kept on, several views.
 *
 * Grad-CAM (Selvaraju et al. 2017) for networks that end in a map: how much each place of the last
 * map would move the answer.  Attention rollout (Abnar and Zuidema 2020) for transformers: where the
 * class token's attention leads through all layers.  MC dropout (Gal and Ghahramani 2016): dropout
 * kept on for several passes; how far the answers spread.  Test-time augmentation: five views, one
 * mean.
 *
 * Everything takes a bound graph with input "image" [1, 3, S, S] and output "logits" [1, classes], as
 * ay_model_graph gives it, and one preprocessed picture.
 *
 * Threads: any, the graph may be shared. */
#ifndef AY_TRAIN_EXPLAIN_H
#define AY_TRAIN_EXPLAIN_H

#include "image/image.h"
#include "nn/learn.h"

/* How much each place of the network's input matters, row by row, 0..1 (all 0 when nothing speaks
 * for the class). */
typedef struct {
    int width, height; /* of the network's map, e.g. 7 x 7 */
    float *value;      /* [height, width]; owned */
} ay_heat;
void ay_heat_fini(ay_heat *h); /* a zeroed one is fine */

/* target -1: the class with the largest logit; *target_used (may be NULL) is the one explained.
 * backend NULL: the best.  AY_EUNSUPPORTED: the network has no map (use rollout) or an operator has no
 * gradient. */
ay_status ay_explain_gradcam(ay_graph *g, const char *backend, const float *input, int target,
                             ay_heat *out, int *target_used, ay_err *err);
/* AY_EUNSUPPORTED: the network has no attention over a class token and a square grid. */
ay_status ay_explain_rollout(ay_graph *g, const char *backend, const float *input, ay_heat *out,
                             ay_err *err);
/* Whichever of the two the network allows. */
ay_status ay_explain_heat(ay_graph *g, const char *backend, const float *input, int target,
                          ay_heat *out, int *target_used, ay_err *err);

/* The heat laid over the whole picture, opacity alpha (0: 0.5) where the network looked; what the
 * crop cut off is dimmed.  out is as large as picture. */
ay_status ay_explain_overlay(const ay_image *picture, const ay_preprocess *p, const ay_heat *heat,
                             double alpha, ay_image *out, ay_err *err);

/* Several probability vectors of one picture, and what they agree on. */
typedef struct {
    int passes, classes, guess; /* guess: of the mean */
    double *mean, *spread;      /* [classes]; spread: standard deviation, passes - 1 in the divisor */
    double entropy;             /* of the mean, nats: all the doubt there is */
    double mutual_information;  /* entropy - mean entropy of the passes: the doubt of the model itself */
} ay_passes;
void ay_passes_fini(ay_passes *p);
/* probabilities [passes, classes], passes >= 2. */
ay_status ay_passes_judge(ay_passes *out, const float *probabilities, int passes, int classes,
                          ay_err *err);
/* `passes` (0: 10) forward passes with dropout on and batch-norm as in inference; probabilities are
 * softmax(logits / temperature).  AY_EUNSUPPORTED when the network has no dropout. */
ay_status ay_explain_mc_dropout(ay_passes *out, ay_graph *g, const char *backend,
                                const float *input, int passes, double temperature, uint64_t seed,
                                ay_err *err);

/* The five views: as it is, mirrored, turned by +5 and by -5 degrees (nearest, black corners), and
 * resized to size + size / 7 (224: 256) and cut to its centre. */
enum { AY_TTA_VIEWS = 5 };
const char *ay_tta_name(int view); /* "identity", "mirror", "turn +5", "turn -5", "centre" */
/* View number `view` as the size x size picture the network would see (before normalisation). */
ay_status ay_tta_view(const ay_image *picture, const ay_preprocess *p, int view, ay_image *out,
                      ay_err *err);
/* The same normalised: dst 3 * size * size floats. */
ay_status ay_tta_input(const ay_image *picture, const ay_preprocess *p, int view, float *dst,
                       ay_err *err);

#endif
