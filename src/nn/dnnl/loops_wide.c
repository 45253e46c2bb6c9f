/* nn/dnnl/loops_wide.c - loops.inc for AVX-512.  The whole file is compiled for it, so nothing here
 * may run before ay_loops_get() has looked. */
#if defined(__x86_64__) && defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), \
                             apply_to = function)
#elif defined(__x86_64__)
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma,prefer-vector-width=512")
#endif
#ifdef __x86_64__
#define WIDE
#endif
#define NAME ay_loops_wide
#include "nn/dnnl/loops.inc"
#if defined(__x86_64__) && defined(__clang__)
#pragma clang attribute pop
#endif
