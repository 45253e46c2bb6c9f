#include "nn/optim_kernel.h"

#include "base/cpu.h"

#include <math.h>

/* gcc vectorises loops like these only from -O3, and a square root only when it need not set errno. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3", "no-math-errno")
#endif

#define BODY static inline __attribute__((always_inline))

BODY double squares(const float *restrict g, size_t n)
{
    double lane[16] = {0}, sum = 0;
    size_t i = 0;

    for (; i + 16 <= n; i += 16)
        for (int k = 0; k < 16; k++)
            lane[k] += (double)g[i + (size_t)k] * (double)g[i + (size_t)k];
    for (; i < n; i++)
        sum += (double)g[i] * (double)g[i];
    for (int k = 0; k < 16; k++)
        sum += lane[k];
    return sum;
}

/* g' = clip g + decay w;  m = momentum m + g';  w -= rate (m, or with Nesterov g' + momentum m) */
BODY void sgd(float *restrict w, const float *restrict g, float *restrict m, size_t n,
              const ay_optim_step_params *p)
{
    const ay_optim_step_params q = *p;

    for (size_t i = 0; i < n; i++) {
        float d = g[i] * q.clip + q.decay * w[i];
        float moved = q.momentum * m[i] + d;
        m[i] = moved;
        w[i] -= q.rate * (q.lookahead * (d + q.momentum * moved) + (1 - q.lookahead) * moved);
    }
}

/* m += (1 - beta1) (g' - m);  v = beta2 v + (1 - beta2) g'^2;  w -= rate m / (root sqrt(v) + eps) */
BODY void adam(float *restrict w, const float *restrict g, float *restrict m, float *restrict v,
               size_t n, const ay_optim_step_params *p)
{
    const ay_optim_step_params q = *p;

    for (size_t i = 0; i < n; i++) {
        float d = g[i] * q.clip + q.decay * w[i];
        float mean = m[i] + q.fresh1 * (d - m[i]);
        float square = q.beta2 * v[i] + q.fresh2 * d * d;
        m[i] = mean;
        v[i] = square;
        w[i] = w[i] * q.keep - q.rate * mean / (sqrtf(square) * q.root + q.eps);
    }
}

BODY void blend(float *restrict a, const float *restrict b, float share, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] += (b[i] - a[i]) * share;
}

#define KERNEL(set, target)                                                                        \
    target static double squares_##set(const float *g, size_t n)                                   \
    {                                                                                              \
        return squares(g, n);                                                                      \
    }                                                                                              \
    target static void sgd_##set(float *w, const float *g, float *m, size_t n,                     \
                                 const ay_optim_step_params *p)                                    \
    {                                                                                              \
        sgd(w, g, m, n, p);                                                                        \
    }                                                                                              \
    target static void adam_##set(float *w, const float *g, float *m, float *v, size_t n,          \
                                  const ay_optim_step_params *p)                                   \
    {                                                                                              \
        adam(w, g, m, v, n, p);                                                                    \
    }                                                                                              \
    target static void blend_##set(float *a, const float *b, float share, size_t n)                \
    {                                                                                              \
        blend(a, b, share, n);                                                                     \
    }                                                                                              \
    static const ay_optim_kernel kernel_##set = {#set, squares_##set, sgd_##set, adam_##set,       \
                                                 blend_##set};

KERNEL(plain, )
#if defined(__x86_64__)
KERNEL(avx2, __attribute__((target("avx2"))))
KERNEL(avx512, __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"))))
#endif

const ay_optim_kernel *ay_optim_kernel_at(int i)
{
    const ay_optim_kernel *have[4] = {0};
    int n = 0;

#if defined(__x86_64__)
    if (ay_cpu_get()->avx512)
        have[n++] = &kernel_avx512;
    if (ay_cpu_get()->avx2)
        have[n++] = &kernel_avx2;
#endif
    have[n++] = &kernel_plain;
    return i >= 0 && i < n ? have[i] : NULL;
}
