/* train/loss.h - cross-entropy: logits in, the loss and its gradient out.
 *
 *   p = softmax(z),  q = the target,  L = sum_i w_i (- sum_k q_ik ln p_ik) / sum_i w_i
 *   dL/dz_ik = w_i (p_ik - q_ik) / sum_i w_i
 *
 * The target is one-hot, smoothed to (1 - s) one-hot + s / C (Szegedy et al. 2016), or given whole
 * (mixtures of two pictures).  w_i is the class weight of the label; for mixed targets the mean of
 * the weights under the target.  With weight NULL this is the plain mean, as PyTorch's
 * CrossEntropyLoss(weight, label_smoothing) but for one point: PyTorch weighs the smoothed part class
 * by class, here a picture has one weight, so that a class weight stays "this many copies".
 *
 * Computed in double from float logits: exact enough to compare runs, and the classes are few.
 * Pure functions, any thread. */
#ifndef AY_TRAIN_LOSS_H
#define AY_TRAIN_LOSS_H

typedef struct {
    int classes;
    float smoothing;     /* 0..1 */
    const float *weight; /* [classes] or NULL */
} ay_loss;

/* logits [n, classes]; labels [n], or soft [n, classes] instead (then labels may be NULL).
 * diff [n, classes] is set, NULL: not wanted.  *right (may be NULL) counts rows whose largest logit
 * is the label or the largest target.  Returns the mean loss; 0 for n == 0. */
double ay_loss_cross_entropy(const ay_loss *l, const float *logits, const int *labels,
                             const float *soft, int n, float *diff, int *right);

#endif
