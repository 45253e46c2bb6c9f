/* train/metric_parts.h - the inside of a metric-learning run, for metric_run.c and the files it leads.
 *
 *   metric_run.c    the phases in order, folders, what is told
 *   metric_data.c   the list becomes a corpus; digests, mean and deviation; loaders
 *   metric_fit.c    the network and its loss: plans, steps, epochs
 *   metric_judge.c  vectors of pictures held out, what they are worth, averaged weights
 *   metric_state.c  what an interrupted run goes on from
 *   metric_save.c   the finished folder */
#ifndef AY_TRAIN_METRIC_PARTS_H
#define AY_TRAIN_METRIC_PARTS_H

#include "models/model.h"
#include "nn/optim.h"
#include "train/loader.h"
#include "train/metric_run.h"

enum { AY_METRIC_PATH = 4400, AY_METRIC_LOOK = 16 };

typedef struct {
    bool any, average;
    int epoch; /* of the history, from 1 */
    double score, loss;
    ay_retrieval val;
    float *values; /* as ay_weights_values; owned */
    bool stored;   /* a checkpoint holds them */
} ay_metric_best;

typedef struct {
    ay_metric_point *point; /* owned */
    int n, cap;
} ay_metric_history;

typedef struct {
    ay_metric_settings s;
    const ay_metric_data *data;
    const ay_metric_observer *observer;
    const ay_train_control *control;
    char out[AY_METRIC_PATH], partial[AY_METRIC_PATH], state[AY_METRIC_PATH], folder[AY_METRIC_PATH];

    /* data */
    ay_corpus corpus;
    float mean[3], std[3];
    ay_preprocess preprocess;
    ay_augment augment;
    ay_loader *train, *val;

    /* network and loss */
    ay_model *model;
    ay_weights *weights;
    ay_metric_loss *loss;
    ay_graph *loss_graph; /* names and shapes of what the loss learns; never run */
    ay_weights *loss_weights;
    ay_optim *optim, *loss_optim;
    ay_average *average, *loss_average;
    bool fresh;    /* the body is new */
    bool has_body; /* some weights' names start with s.body */
    int output, dim;
    int size; /* pixels a side */
    ay_learn *learn, *look;
    bool learn_frozen; /* what learn was made for */
    double *x, *dx, *w, *dw, *c, *dc; /* room for a batch of the loss, in double */

    /* where it is */
    int epoch; /* the next one, from 0 */
    int averaged; /* epochs in the averages */
    int waiting;
    double reference, reference_loss;
    ay_metric_history history;
    ay_metric_best best;
    json_t *resume;
    uint64_t started, saved;
    double before;
    bool cancelled, stopped_early, came_apart;

    float *vectors; /* [val or test pictures, dim] */
    int *labels;

    uint64_t phase_started, shown;
    ay_metric_result result;
} ay_metric;

/* ---- metric_run.c ---- */

void ay_metric_note(const ay_metric *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ay_metric_phase(ay_metric *r, ay_train_phase phase);
void ay_metric_progress(ay_metric *r, ay_train_phase phase, long done, long total, int epoch, int epochs,
                        double pictures, double loss);
ay_status ay_metric_paused(const ay_metric *r, ay_err *err); /* AY_ECANCELLED: stop at once */
bool ay_metric_cancelled(ay_metric *r);                      /* cancel, or out of time */
double ay_metric_seconds(const ay_metric *r);

/* ---- metric_data.c ---- */

/* The list, checked: labels, sides, groups, rotations; then every file: r->corpus, r->mean, r->std.  r->size
 * is set. */
ay_status ay_metric_scan(ay_metric *r, ay_err *err);
/* r->train and r->val. */
ay_status ay_metric_open_loaders(ay_metric *r, ay_err *err);
/* Plain loader of a side, for looking. */
ay_status ay_metric_open_look(ay_metric *r, ay_split split, ay_loader **out, ay_err *err);
void ay_metric_close_loader(ay_metric *r, ay_loader **l); /* tells what failed */

/* ---- metric_fit.c ---- */

/* Model and weights; r->size, r->dim. */
ay_status ay_metric_build(ay_metric *r, ay_err *err);
/* Loss, optimisers, averages, room; the corpus is there. */
ay_status ay_metric_build_loss(ay_metric *r, ay_err *err);
/* r->w and r->c from the loss's weights. */
void ay_metric_fetch(const ay_metric *r);
/* Pure functions, for tests: the factor of an epoch without averages; the first epoch that is averaged; the
 * rate of weights whose share of the rate is so much. */
double ay_metric_factor(const ay_metric_settings *s, int epoch);
int ay_metric_swa_start(const ay_metric_settings *s);
double ay_metric_rate(const ay_metric_settings *s, int epoch, double share, double swa_rate);
/* A batch into a plan: rows behind it repeat its pictures. */
void ay_metric_fill(const ay_learn *p, const ay_batch *b);
/* The plan for training as this epoch needs it. */
ay_status ay_metric_prepare(ay_metric *r, bool frozen, ay_err *err);
/* One batch forward, its loss, backward, one step of network and loss; step numbers the masks of dropout. */
ay_status ay_metric_step(ay_metric *r, const ay_batch *b, uint64_t step, double rate, ay_metric_parts *parts,
                         ay_err *err);
/* Train until it is over; best and history are then as they end up. */
ay_status ay_metric_fit(ay_metric *r, ay_err *err);

/* ---- metric_judge.c ---- */

/* Loss and retrieval on validation with the weights as they are. */
ay_status ay_metric_measure(ay_metric *r, ay_metric_point *p, ay_err *err);
/* Retrieval on a side. */
ay_status ay_metric_measure_side(ay_metric *r, ay_split split, ay_retrieval *out, ay_err *err);
/* Statistics of batch norms measured anew on at most so many training batches: plain means. */
ay_status ay_metric_measure_norms(ay_metric *r, int batches, ay_err *err);

/* ---- metric_state.c ---- */

ay_status ay_metric_state_write(ay_metric *r, ay_err *err);
ay_status ay_metric_state_find(ay_metric *r, ay_err *err); /* r->resume */
ay_status ay_metric_state_read(ay_metric *r, ay_err *err); /* from r->resume, used up */
ay_status ay_metric_history_add(ay_metric_history *h, const ay_metric_point *p, ay_err *err);
json_t *ay_metric_history_json(const ay_metric_history *h);

/* ---- metric_save.c ---- */

ay_status ay_metric_save_last(ay_metric *r, ay_err *err); /* weights as they are: last.safetensors */
/* Everything else in r->folder; the best weights are in r->weights. */
ay_status ay_metric_save(ay_metric *r, ay_err *err);

#endif
