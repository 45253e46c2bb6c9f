/* train/sheet.h - the most confident mistakes, as pictures.
 *
 * A mistake made with conviction is what a person should look at first: it is a wrong label, a bad
 * crop or a class nobody photographed enough.  Any thread. */
#ifndef AY_TRAIN_SHEET_H
#define AY_TRAIN_SHEET_H

#include "base/err.h"
#include "plot/plot.h"

#include <stdint.h>

typedef struct {
    int64_t index; /* of the picture, in the order of the arrays */
    int truth, guess;
    double confidence; /* of the guess */
} ay_mistake;

/* The wrong guesses, most confident first (ties: lower index), at most cap; returns how many. */
int ay_mistakes_pick(const float *probabilities, const int *labels, int64_t n, int classes,
                     ay_mistake *out, int cap);
/* A sheet of m mistakes.  paths [n] by index; names [classes].  A picture that cannot be read is a
 * grey field that says so.  m == 0 is a sheet that says there are none. */
ay_status ay_mistakes_plot(ay_canvas **out, const ay_mistake *mistake, int m,
                           const char *const *paths, const char *const *names, ay_err *err);

#endif
