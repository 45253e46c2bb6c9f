/* models/formula.h - tensors by formula: the same numbers in C and in test/vectors/formula.py.
 *
 * A golden vector of ViT-B/32 would need 350 MB of random weights beside it; with a formula it
 * needs a name and two numbers a tensor.  Element i of the tensor called name is base + amp *
 * u(name, i) with u in [-1, 1): splitmix64 (Steele, Lea and Flood 2014) at the (i + 1)-th step from
 * the FNV-1a hash of the name, upper 24 bits, so exact in float32.  Pure functions, any thread. */
#ifndef AY_MODELS_FORMULA_H
#define AY_MODELS_FORMULA_H

#include <stddef.h>

void ay_formula_fill(float *dst, size_t n, const char *name, float base, float amp);

#endif
