/* train/run.h - one training run: a folder of pictures in, a folder with a model out.
 *
 *   scan        the pictures: readable, classes, split, snapshot
 *   features    the frozen body's vectors, once a picture, kept in a cache on disk
 *   head        the new classifier over those vectors: milliseconds an epoch
 *   fine-tune   the whole network, its stages thawed one after another (unless frozen)
 *   judge       temperature, unknowns, thresholds on validation; all measures on the test pictures,
 *               through engine/classify.h, which is what serves
 *   save        report, plots, card
 *
 * While it runs, everything lies in OUT.partial; OUT appears whole, by one rename, at the end.
 * OUT.partial/state/ holds checkpoints from which `resume` goes on: the finished model has the same
 * bits as one that was never interrupted (same machine, threads and precision).  A cancelled run
 * judges and saves the best weights so far as usual; a paused one stops at once and can be resumed.
 *
 * Threads: one run is driven by the calling thread; observer functions are called on it, but for
 * progress while scanning, which comes from a worker, one call at a time. */
#ifndef AY_TRAIN_RUN_H
#define AY_TRAIN_RUN_H

#include "base/hash.h"
#include "train/note.h"
#include "train/settings.h"

#include <stdatomic.h>

typedef enum {
    AY_TRAIN_SCANNING,
    AY_TRAIN_FEATURES,
    AY_TRAIN_HEAD,
    AY_TRAIN_FINE_TUNING,
    AY_TRAIN_JUDGING,
    AY_TRAIN_SAVING,
    AY_TRAIN_DONE,
    AY_TRAIN_PHASES
} ay_train_phase;
const char *ay_train_phase_name(ay_train_phase p); /* "scanning", "features" ...; static */

typedef struct {
    ay_train_phase phase;
    long done, total;     /* pictures or steps of this phase */
    int epoch, epochs;    /* from 1; 0 outside of epochs */
    double seconds_left;  /* of this phase; < 0: not known yet */
    double rate;          /* pictures a second of this phase */
    double loss;          /* of the latest batch; NaN outside of epochs */
} ay_train_progress;

/* One epoch of the curves. */
typedef struct {
    int epoch; /* from 1, over head and fine-tuning together */
    bool body; /* the body moved too */
    bool best;
    double train_loss, train_accuracy, val_loss, val_accuracy, val_f1, learning_rate, seconds;
} ay_train_point;

/* Any of these may be NULL. */
typedef struct {
    void *ctx;
    void (*progress)(void *ctx, const ay_train_progress *p);
    void (*point)(void *ctx, const ay_train_point *p);
    void (*note)(void *ctx, const ay_note *n); /* what a person should read: skipped pictures ... */
} ay_train_observer;

/* Set by anybody at any time; looked at between steps. */
typedef struct {
    atomic_bool cancel; /* finish with the best so far */
    atomic_bool pause;  /* stop; resume goes on */
} ay_train_control;

typedef struct {
    char out[4096];
    char digest[AY_SHA256_HEX];   /* of the network, as ay_model_info */
    char snapshot[AY_SHA256_HEX]; /* of the data */
    int classes, train, val, test, skipped; /* pictures */
    int epochs, best_epoch;
    bool cancelled, stopped_early;
    bool tuned; /* false: the body is as it was, because it was frozen or nothing better was found */
    double temperature, seconds;
    double accuracy, macro_f1, ece, mce; /* on test, else on validation when there is no test */
    bool on_test;
} ay_train_result;

/* out must not exist (AY_EEXISTS, before any work).  An unfinished run in out.partial is refused
 * (AY_ECONFLICT) unless resume, which goes on with it under the settings it was started with: s is
 * then not read and may be NULL.  observer, control and result may be NULL.
 *   AY_EINVAL      data or settings cannot be trained on, with what and where
 *   AY_ECANCELLED  paused, or cancelled before there was anything to keep
 *   AY_ECONFLICT   also: the pictures are no longer those the run was started with
 *   AY_EIO         a disk is full or gone; out.partial stays, resume goes on */
ay_status ay_train_run(const ay_train_settings *s, const char *out, bool resume,
                       const ay_train_observer *observer, const ay_train_control *control,
                       ay_train_result *result, ay_err *err);

#endif
