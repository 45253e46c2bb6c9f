/* train/calibrate.h - one number that makes confidence honest.
 *
 * Temperature scaling (Guo et al., "On calibration of modern neural networks", 2017): probabilities
 * are softmax(logits / T), T fitted so that the validation pictures are least surprising (mean
 * negative log-likelihood).  In beta = 1 / T the problem is convex with one unknown, so Newton's
 * method inside a shrinking bracket finds the one answer to the last digits.  The guess never
 * changes, only how sure it claims to be.
 *
 * Rejected: vector and matrix scaling (they change guesses and overfit small validation sets),
 * isotonic regression (steps; needs thousands of pictures), LBFGS as published code uses (one
 * unknown does not need it, and its stopping rule leaves T off in the third digit).
 *
 * Pure functions, any thread. */
#ifndef AY_TRAIN_CALIBRATE_H
#define AY_TRAIN_CALIBRATE_H

#include "base/err.h"

#include <stdint.h>

/* T is searched within these; a set whose every picture is right has no finite best T and gets the
 * lower end softened, see below. */
#define AY_TEMPERATURE_MIN 0.05
#define AY_TEMPERATURE_MAX 20.0

typedef struct {
    double temperature;
    double before, after; /* mean negative log-likelihood at T = 1 and at temperature */
    int steps;            /* of Newton or bisection */
    int at_end;           /* 1: the best T lies outside the search range (or nowhere) */
} ay_temperature;

/* logits [n, classes] finite, labels [n].  When every picture is right the likelihood grows for
 * ever as T falls, and a few pictures would make every answer 100 % sure.  So, when smooth is not 0,
 * a little doubt is mixed in: the loss is (1 - e) nll + e * (cross-entropy with the uniform
 * distribution), e = 0.25 / (n + 2), a quarter of Laplace's chance of a mistake not seen yet; else plain
 * nll.  The quarter is measured (bench/temperature_choices.py): on unseen pictures its log loss was the
 * least, or within 0.002 of it, among 0, 0.05, 0.1, 0.25, 0.5 and 1 for weak, middling and strong
 * heads on two data sets; none at all cost up to 0.34 nats, a whole one up to a point of ECE.
 * AY_EINVAL when n < 1, a label is out of range or a logit is not finite: T is then 1. */
ay_status ay_temperature_fit(ay_temperature *out, const float *logits, const int *labels, int64_t n,
                             int classes, int smooth, ay_err *err);
/* probabilities = softmax(logits / T), row by row; [n, classes], may be the same array. */
void ay_temperature_apply(float *probabilities, const float *logits, int64_t n, int classes,
                          double temperature);

#endif
