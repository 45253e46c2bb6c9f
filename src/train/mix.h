/* train/mix.h - mixup and cutmix: two pictures of a batch in one, and labels to match.
 *
 * Mixup (Zhang et al., arXiv 1710.09412): x = l * x_i + (1 - l) * x_j.  Cutmix (Yun et al., arXiv
 * 1905.04899): a box of x_j pasted into x_i, l = the part of the area that is left.  l is drawn from
 * Beta(alpha, alpha) once a batch; j is the picture before i in the batch, as in torchvision.
 *
 * The draw is a pure function of (seed, epoch, batch).  Threads: any. */
#ifndef AY_TRAIN_MIX_H
#define AY_TRAIN_MIX_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    float mixup_alpha;  /* 0: off; usual 0.2 */
    float cutmix_alpha; /* 0: off; usual 1.  Both on: one of them by even chance */
    float p;            /* how many of the batches; default 1 when either is on and p is 0 */
} ay_mix_settings;

typedef struct {
    float lambda;       /* weight of the picture's own label; 1: not mixed */
    bool cut;           /* cutmix */
    int x0, y0, x1, y1; /* cutmix: the box that comes from the other picture */
} ay_mix_draw;

bool ay_mix_on(const ay_mix_settings *s);
/* What happens to one batch of size x size pictures. */
ay_mix_draw ay_mix_choose(const ay_mix_settings *s, int size, uint64_t seed, uint64_t epoch,
                          uint64_t batch);
/* In place: x [n, channels, size, size]; spare: one picture.  n below 2 changes nothing. */
void ay_mix_pictures(const ay_mix_draw *m, float *x, int n, int channels, int size, float *spare);
/* targets [n, classes]: lambda at the own label, 1 - lambda at the other's, added when equal. */
void ay_mix_targets(const ay_mix_draw *m, const int *labels, int n, int classes, float *targets);

#endif
