/* train/cholesky.h - symmetric positive systems: A = L L', then L L' X = B.
 *
 * Golub, Van Loan, Matrix Computations, 4.2.  Rows are walked along memory; a thousand unknowns with a few hundred
 * right sides take a second.  Double throughout.  Threads: any; no state. */
#ifndef AY_TRAIN_CHOLESKY_H
#define AY_TRAIN_CHOLESKY_H

#include "base/err.h"

/* a [n, n]: its lower triangle becomes L.  AY_ECORRUPT: it is not positive. */
ay_status ay_cholesky(double *a, int n, ay_err *err);
/* b [n, m], row after row, becomes X. */
void ay_cholesky_solve(const double *l, int n, double *b, int m);

#endif
