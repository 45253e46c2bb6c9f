/* nn/optim_kernel.h - the inner loops of the optimisers.  For src/nn only.
 *
 * One source compiled for several instruction sets and chosen at run time: a step reads and writes
 * every weight, so it should run at the speed of memory.  No contraction into fused multiply-adds,
 * so every set gives the same bits (optim_test.c). */
#ifndef AY_NN_OPTIM_KERNEL_H
#define AY_NN_OPTIM_KERNEL_H

#include <stddef.h>

typedef struct {
    float clip;     /* gradients are multiplied by this first */
    float rate;     /* SGD: learning rate; Adam: rate / (1 - beta1^t) */
    float keep;     /* AdamW: the value is multiplied by 1 - rate * decay first */
    float decay;    /* SGD, Adam: decay * value joins the gradient */
    float momentum; /* SGD */
    float lookahead; /* SGD: 1 with Nesterov */
    float fresh1, beta2, fresh2, eps; /* 1 - beta1, beta2, 1 - beta2, eps */
    float root;                       /* 1 / sqrt(1 - beta2^t) */
} ay_optim_step_params;

typedef struct {
    const char *name;
    /* Sum of squares, in sixteen double sums whatever the vector width. */
    double (*squares)(const float *g, size_t n);
    void (*sgd)(float *w, const float *g, float *m, size_t n, const ay_optim_step_params *p);
    void (*adam)(float *w, const float *g, float *m, float *v, size_t n,
                 const ay_optim_step_params *p);
    void (*blend)(float *a, const float *b, float share, size_t n); /* a += (b - a) * share */
} ay_optim_kernel;

/* The i-th this processor can run: 0 is the best, the last is plain C; NULL ends. */
const ay_optim_kernel *ay_optim_kernel_at(int i);

#endif
