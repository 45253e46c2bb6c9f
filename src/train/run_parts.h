/* train/run_parts.h - the inside of a training run, for run.c and the files it leads.
 *
 *   run.c         the phases in order, folders, the finished model
 *   setup.c       settings become a corpus, a network and the batches of an epoch
 *   head.c        features of a frozen body, batches of them
 *   fit.c         epochs: the only loop over gradients, for the head and for the whole network
 *   norms.c       batch norms whose statistics a file has lost
 *   checkpoint.c  what an interrupted run goes on from
 *   outcome.c     judge and save: config.json, metrics, report, card */
#ifndef AY_TRAIN_RUN_PARTS_H
#define AY_TRAIN_RUN_PARTS_H

#include "models/model.h"
#include "nn/optim.h"
#include "train/corpus.h"
#include "train/events.h"
#include "train/history.h"
#include "train/loader.h"
#include "train/run.h"

enum { AY_RUN_PATH = 4400 };

/* The best weights so far. */
typedef struct {
    bool any;
    double score, loss; /* accuracy and loss on validation */
    int epoch;          /* of the history, from 1 */
    float *values;      /* as ay_weights_values; owned */
    bool stored;        /* a checkpoint holds them */
} ay_best;

typedef struct {
    ay_train_settings s;
    const ay_train_observer *observer;
    const ay_train_control *control;
    char out[AY_RUN_PATH];     /* the finished folder */
    char partial[AY_RUN_PATH]; /* out.partial: the run */
    char state[AY_RUN_PATH];   /* partial/state: checkpoints */
    char folder[AY_RUN_PATH];  /* partial/model: becomes out */

    ay_corpus corpus;
    ay_model_head head;
    ay_model *model;     /* the whole network with its new head */
    ay_weights *weights; /* of the whole network */
    bool fresh;          /* from nothing */
    int threads;
    ay_nn_precision precision;

    /* What a frozen body made of the training pictures, for the detectors of unknown things. */
    float *features; /* [feature_count, dim]; NULL: not frozen */
    int *feature_labels, feature_count;

    ay_history history;
    ay_event_file *events;
    ay_best best;
    json_t *resume; /* state.json of an interrupted run, until it is used up */
    uint64_t started;
    double before;      /* seconds of earlier sittings */
    uint64_t saved;     /* when the last checkpoint was written */
    bool cancelled, stopped_early;

    uint64_t phase_started, shown;
    ay_train_result result;
} ay_run;

/* ---- run.c ------------------------------------------------------------------------------------ */

/* fmt as in train/note.h: "left_out|left out %s: %s". */
void ay_run_note(const ay_run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ay_run_phase(ay_run *r, ay_train_phase phase);
/* Tell the observer, not too often; time left is what the phase took so far, stretched. */
void ay_run_progress(ay_run *r, ay_train_phase phase, long done, long total, int epoch, int epochs,
                     double pictures, double loss);
/* AY_ECANCELLED when the run is to stop at once. */
ay_status ay_run_paused(const ay_run *r, ay_err *err);
bool ay_run_cancelled(ay_run *r); /* cancel, or out of time */
double ay_run_seconds(const ay_run *r);

/* ---- fit.c ------------------------------------------------------------------------------------ */

typedef struct {
    int n;          /* 0: the epoch is over */
    const float *x; /* [n, input] */
    const int *labels;
    const float *targets; /* [n, classes] or NULL */
} ay_fit_batch;

typedef struct {
    void *ctx;
    int batches, pictures, batch; /* of an epoch; pictures a batch at most */
    ay_status (*start)(void *ctx, uint64_t epoch, ay_err *err);
    ay_status (*next)(void *ctx, ay_fit_batch *out, ay_err *err);
} ay_fit_source;

/* Epochs over one graph: the head's own, or the whole network's. */
typedef struct {
    ay_run *run;
    int stage; /* 0: head, 1: whole network */
    ay_graph *graph;
    ay_weights *weights;
    ay_fit_source train, val;
    int epochs;
    int size; /* pixels a side that the batches have; 0: does not matter */
    /* Make train and val give pictures of f->size pixels from now on.  NULL: they cannot. */
    ay_status (*resize)(void *ctx, ay_err *err);
    void *resize_ctx;

    ay_learn *learn, *look; /* training; inference with the same weights */
    ay_optim *optim;
    ay_average *average;
    ay_plateau plateau;
    int epoch;         /* the next one, from 0 */
    double reference, reference_loss; /* what has to be beaten by min_delta */
    int waiting;                      /* epochs without that */
    int thawed;        /* prefixes of model.unfreeze in motion */
    bool keep_norms;   /* batch norms stay frozen */
    float *class_weight;
    float *val_logits; /* [val.pictures, classes] */
    int *val_labels;
} ay_fitting;

/* Train until the epochs are over, nothing improves, or the run is cancelled; then run->best holds
 * the best weights of this graph and weights are set to them.  Resumes from run->resume when that is
 * of this stage.  Frees what it made in f. */
ay_status ay_fit_run(ay_fitting *f, ay_err *err);

/* ---- norms.c ----------------------------------------------------------------------------------- */

/* Scales and biases of batch norms freeze; so they keep their statistics (nn/learn.h). */
void ay_norms_freeze(ay_weights *w);
/* Where all statistics of f's weights have been folded away, measure them on training pictures and
 * write them beside scales and biases that undo them: the network stays the function it is. */
ay_status ay_norms_restore(ay_fitting *f, ay_err *err);
/* Statistics of the norms that learn, measured anew on a few batches of f->train with the weights as
 * they are: running ones lag behind (with ten batches an epoch, by an epoch), and averaged weights
 * have none of their own. */
ay_status ay_norms_measure(ay_fitting *f, ay_err *err);

/* ---- checkpoint.c ------------------------------------------------------------------------------ */

/* Write what fit needs to go on with epoch f->epoch. */
ay_status ay_checkpoint_write(ay_fitting *f, ay_err *err);
/* Put f (whose optimiser and average exist) and run->best where the checkpoint in run->resume was.
 * AY_ECORRUPT. */
ay_status ay_checkpoint_read(ay_fitting *f, ay_err *err);
/* run->resume from partial/state; NULL when there is none yet. */
ay_status ay_checkpoint_find(ay_run *r, ay_err *err);

/* ---- head.c ------------------------------------------------------------------------------------ */

/* Features, then epochs of the head alone; run->weights get the best head. */
ay_status ay_run_head(ay_run *r, ay_err *err);

/* ---- setup.c ----------------------------------------------------------------------------------- */

ay_status ay_run_scan(ay_run *r, ay_err *err);  /* corpus */
ay_status ay_run_build(ay_run *r, ay_err *err); /* model, weights */
/* Epochs of the whole network. */
ay_status ay_run_tune(ay_run *r, ay_err *err);

/* ---- outcome.c --------------------------------------------------------------------------------- */

/* From r->weights to everything in r->folder. */
ay_status ay_run_outcome(ay_run *r, ay_err *err);

#endif
