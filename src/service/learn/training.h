/* service/learn/training.h - trainings, one after another in the background, as jobs of kind "train".
 *
 *     start --> PENDING --> RUNNING --> DONE        installed, and promoted when asked for
 *                ^   ^         | |----> CANCELLED   the best so far is installed, if there is one
 *                |   |         | '----> FAILED      and why
 *                |   '- the program ended   |
 *                '---------- resume --------'       when a disk was full or memory short
 *
 * What was asked for is kept with the job, its files under <data>/train/<job>.  When the program ends,
 * however it does, the next server goes on where the last checkpoint is.  Files of a training that can
 * be resumed go when it is given up (cancelled), or when a new one of the same data and name replaces
 * it; the next start removes what a crash left.  Pictures of a data set are
 * read where they lie (a list of paths, no copies).  One runs at a time: two would share the
 * processors and both be late.
 *
 * A job's detail is a JSON object:
 *   {"name", "dataset" | "folder", "phase", "epoch", "epochs", "rate", "seconds_left", "loss",
 *    "notes": [{"text", "code", "args"} as train/note.h], "model": id of the installed model,
 *    "result": {"name", "version", "accuracy", "on_test", "promoted", "same", "stopped" by a person,
 *               "early": it no longer improved, "epochs", "best_epoch"},
 *    "cause": without a model: "disk" | "memory" | "data" | "changed" | "model" | "nothing" (to keep) |
 *             "other"; the message then says what exactly}
 * and its points are {"epoch", "body", "best", "train_loss", "train_accuracy", "val_loss",
 * "val_accuracy", "val_f1", "learning_rate", "seconds"}.
 *
 * Threads: any. */
#ifndef AY_SERVICE_TRAINING_H
#define AY_SERVICE_TRAINING_H

#include "service/service.h"

#include <jansson.h>

typedef struct {
    const char *name;    /* of the model; NULL or "": the data set's or folder's */
    const char *dataset; /* NULL or "" with folder NULL: the active one */
    const char *folder;  /* below one of ay_service_options.train_folders; NULL or "": a data set */
    const json_t *settings; /* object of keys of train/settings.h, "training.epochs": 5; NULL: none */
    int promote;         /* 1: when done; 0: only when no model is active; -1: never */
} ay_training;

/* AY_EINVAL: a setting, or a folder that is not allowed; AY_ENOTFOUND: no such data set or folder;
 * AY_EUNSUPPORTED: this program does not train; AY_ECONFLICT: too little to learn from. */
ay_status ay_training_start(ay_service *s, const ay_training *t, int64_t *job, ay_err *err);

/* The folders that may be named, one level below the allowed ones, in byte order. */
ay_status ay_training_folders(ay_service *s, ay_arena *a, const char ***out, size_t *n, ay_err *err);

#endif
