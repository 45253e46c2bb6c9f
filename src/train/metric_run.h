/* train/metric_run.h - one metric-learning run: a list of labelled pictures in, a folder with a network out
 * whose vectors lie close together where the labels are the same.
 *
 *   scan    every file read once: digest, does it decode, pooled mean and deviation of the raw pixels of the
 *           training pictures: sqrt(E[x^2] - E[x]^2) over all of them at the network's size.  (The system
 *           replaced averaged deviations of single pictures, of pixels that were normalised before.)
 *   train   epochs: batches of so many of each class, colours and RandAugment but no flips, the loss of
 *           train/metric_loss.h, AdamW over network and loss together, a slow rate for the body, which may
 *           be frozen first; warm-up, cosine; averages of the weights at the end (SWA)
 *   judge   after every epoch, on pictures held out: the loss, and how well they find each other
 *           (train/metric_retrieval.h).  The best epoch is what is kept
 *   save    best_model.safetensors, last.safetensors, config.json, train_config.json, mean_std.json,
 *           history.json; ay_model_open() opens the folder
 *
 * A run that fails says why and is no result: nothing untrained is ever saved as a model.
 *
 * While it runs, everything lies in OUT.partial; OUT appears whole, by one rename.  OUT.partial/state holds
 * checkpoints from which `resume` goes on: the finished files have the same bits as those of a run that was
 * never interrupted (same machine, threads and precision).  A cancelled run keeps the best so far; a paused
 * one stops at once and can be resumed.  Types for progress and control are train/run.h's.
 *
 * The loss on validation is that of training, but for where the numbers come from: arc and centre are means
 * over all pictures; triplets are those of batches drawn as in training (the system replaced took them
 * sorted by class, which leaves hardly a triplet).
 *
 * Threads: driven by the calling thread, which also calls the observer. */
#ifndef AY_TRAIN_METRIC_RUN_H
#define AY_TRAIN_METRIC_RUN_H

#include "train/corpus.h"
#include "train/metric_retrieval.h"
#include "train/metric_settings.h"
#include "train/run.h"

typedef struct {
    const char *path;
    int label;      /* in 0..nlabels - 1 */
    ay_split split; /* AY_SPLIT_TEST: judged once, at the end */
    int group;      /* all pictures made of one original: on one side of the split, or the run is refused */
    int rotate;     /* degrees clockwise, done while loading: 0, 90, 180, 270 */
} ay_metric_item;

/* Borrowed; must outlive the run. */
typedef struct {
    const ay_metric_item *items;
    int n;
    const char *const *labels;
    int nlabels;
} ay_metric_data;

/* One epoch of the curves. */
typedef struct {
    int epoch;   /* from 1 */
    bool frozen; /* the body did not learn */
    bool best;   /* so far */
    bool average; /* the weights averaged over the last epochs, judged after all others */
    double train_loss, train_arc, train_triplet, train_center;
    double val_loss;
    ay_retrieval val;
    double learning_rate, body_rate; /* that the weights moved at */
    double seconds;
} ay_metric_point;

/* Any of these may be NULL. */
typedef struct {
    void *ctx;
    void (*progress)(void *ctx, const ay_train_progress *p); /* phases: scanning, fine-tuning, judging, saving */
    void (*point)(void *ctx, const ay_metric_point *p);
    void (*note)(void *ctx, const ay_note *n);
} ay_metric_observer;

typedef struct {
    char out[4096];
    char digest[AY_SHA256_HEX];   /* of the network, as ay_model_info */
    char snapshot[AY_SHA256_HEX]; /* of the data */
    int dim, classes;
    int train, val, test, skipped; /* pictures, turned ones counted */
    int batch, per_class;          /* as they fitted */
    int epochs, best_epoch;        /* judged; from 1 */
    bool cancelled, stopped_early, came_apart;
    bool averaged; /* the best are averaged weights */
    double val_loss;
    ay_retrieval validation; /* of the best epoch */
    ay_retrieval tested;     /* n 0: there are no test pictures */
    float mean[3], std[3];
    double seconds;
} ay_metric_result;

/* out must not exist (AY_EEXISTS).  An unfinished run in out.partial is refused (AY_ECONFLICT) unless resume,
 * which goes on with it under the settings it was started with: s may then be NULL.  observer, control and
 * result may be NULL.
 *   AY_EINVAL      data or settings cannot be trained on, with what and where; also when pictures of one
 *                  group are on two sides
 *   AY_ECORRUPT    training came apart before any epoch gave numbers
 *   AY_ECANCELLED  paused, or cancelled before there was anything to keep
 *   AY_ECONFLICT   also: the pictures are no longer those the run was started with
 *   AY_EIO         a disk is full or gone; out.partial stays, resume goes on */
ay_status ay_metric_run(const ay_metric_settings *s, const ay_metric_data *data, const char *out, bool resume,
                        const ay_metric_observer *observer, const ay_train_control *control,
                        ay_metric_result *result, ay_err *err);

#endif
