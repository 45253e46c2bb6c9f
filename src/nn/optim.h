/* nn/optim.h - optimisers, schedules, averages: how weights move along their gradients.
 *
 * An optimiser owns its moments (one slab) and nothing else; values and gradients are the weights'.
 * Formulas are PyTorch's (torch.optim SGD, Adam, AdamW; decoupled decay for AdamW only), checked
 * against it step by step (optim_test.c).  The order of work in a step is fixed, so a step gives the
 * same bits whatever the number of threads.
 *
 * Threads: one at a time, the thread that holds the weights. */
#ifndef AY_NN_OPTIM_H
#define AY_NN_OPTIM_H

#include "nn/learn.h"

typedef enum { AY_OPTIM_SGD, AY_OPTIM_ADAM, AY_OPTIM_ADAMW } ay_optim_kind;

typedef struct {
    ay_optim_kind kind;
    float momentum;  /* SGD */
    bool nesterov;   /* SGD */
    float beta1, beta2, eps; /* Adam: 0 means 0.9, 0.999, 1e-8 */
    float decay;     /* weight decay of every weight but those marked no_decay */
    bool decay_all;  /* PyTorch's default: norms and biases decay too */
    float clip_norm; /* 0: no clipping; else all gradients together are scaled to this L2 norm */
    int threads;     /* 0 means 1 */
} ay_optim_options;

typedef struct ay_optim ay_optim;

ay_status ay_optim_create(ay_optim **out, ay_weights *w, const ay_optim_options *opt, ay_err *err);
void ay_optim_destroy(ay_optim *o);
/* Weights whose name starts with prefix move at lr * scale and decay at decay * decay_scale; the
 * last call that fits a weight wins.  Returns how many it fits. */
size_t ay_optim_group(ay_optim *o, const char *prefix, float lr_scale, float decay_scale);
/* One step.  *norm (may be NULL) is the L2 norm of the gradients before clipping.  AY_ECORRUPT when a
 * gradient is not finite: nothing has moved. */
ay_status ay_optim_step(ay_optim *o, float lr, float *norm, ay_err *err);
/* Two optimisers as one, for weights that are no part of the network (train/metric_run.h): the squares of
 * all gradients that would move, summed, not finite when one of them is not; and a step whose clipping
 * counts such a sum of others with its own.  AY_ECORRUPT also when others is not finite. */
double ay_optim_squares(const ay_optim *o);
ay_status ay_optim_step_beside(ay_optim *o, float lr, double others, float *norm, ay_err *err);
/* The state as named tensors (views), for ay_weights_save; and back. */
int ay_optim_state(const ay_optim *o, ay_tensor *out, const char **names, int cap);
ay_status ay_optim_restore(ay_optim *o, const ay_safetensors *st, ay_err *err);

/* ---- schedules: pure functions of the position, multiply the base rate ------------------------ */

typedef enum { AY_SCHEDULE_NONE, AY_SCHEDULE_COSINE, AY_SCHEDULE_STEP, AY_SCHEDULE_PLATEAU } ay_schedule_kind;
typedef struct {
    ay_schedule_kind kind;
    double warmup;    /* epochs of linear rise from warmup_start (a share of the rate) */
    double warmup_start;
    double epochs;    /* COSINE: the whole length, warm-up included */
    double end;       /* COSINE: last rate as a share */
    double step_size, gamma;  /* STEP: every step_size epochs times gamma; PLATEAU: gamma too */
    int patience;     /* PLATEAU: epochs without a better score (mode max, threshold 1e-4 relative) */
} ay_schedule;
/* PLATEAU's memory; zero it first. */
typedef struct {
    double best, scale;
    int bad;
    bool any;
} ay_plateau;
/* Factor at this time in epochs (fractional).  plateau may be NULL for the other kinds. */
double ay_schedule_at(const ay_schedule *s, double epoch, const ay_plateau *plateau);
void ay_plateau_score(ay_plateau *p, const ay_schedule *s, double score);

/* ---- averages of weights ----------------------------------------------------------------------- */

/* EMA: average = decay * average + (1 - decay) * value after every update, decay warmed up as
 * min(decay, (1 + n) / (10 + n)).  SWA: the plain mean of the updates (decay 0 means SWA).
 * Statistics are averaged like the rest. */
typedef struct ay_average ay_average;
ay_status ay_average_create(ay_average **out, ay_weights *w, float decay, ay_err *err);
void ay_average_destroy(ay_average *a);
void ay_average_update(ay_average *a);
/* Exchange the average and the values: call it again to go back. */
void ay_average_swap(ay_average *a);
int ay_average_state(const ay_average *a, ay_tensor *out, const char **names, int cap);
ay_status ay_average_restore(ay_average *a, const ay_safetensors *st, ay_err *err);

#endif
