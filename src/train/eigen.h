/* train/eigen.h - eigenvalues and eigenvectors of a symmetric matrix.
 *
 * Householder's reflections make it tridiagonal, implicit QL steps with Wilkinson's shift make that
 * diagonal (Golub, Van Loan, Matrix Computations, 8.3).  About 7 n^3 operations in double: 1,000
 * columns take some seconds.  Vectors are rows while they are made, so that every inner loop runs
 * along memory.
 *
 * Rejected: LAPACK, which would bring a library larger than this program for the few hundred
 * columns of one command; Jacobi's method, ten times the work at this size.
 *
 * Threads: any; no state. */
#ifndef AY_TRAIN_EIGEN_H
#define AY_TRAIN_EIGEN_H

#include "base/err.h"

/* a [n, n], symmetric (the lower triangle is read).  On return row i of a is a vector of length 1
 * for values[i], values ascending.  Signs are as they come.  AY_ENOMEM; AY_ECORRUPT for numbers that
 * are not finite. */
ay_status ay_eigen_symmetric(double *a, int n, double *values, ay_err *err);

#endif
