/* train/metric_settings.h - what a metric-learning run is told.
 *
 * Plain fields with the values of the system replaced as defaults; whoever reads its files (or ours) fills
 * them.  One table in metric_settings.c names every field with its kind, range and default: defaulting,
 * checking, storing for resume and the train_config.json beside the model all walk over it.
 *
 * Departures, each because the old value cannot be right here:
 *   loss.unit         radians (train/metric_loss.h says why)
 *   patience          10, its author's later default: with 3 training ended before the body was thawed, and
 *                     long before there was anything to average.  It is not counted while the body is frozen
 *   body_rate < 0     chosen: 0.05 for a body that has learnt something, 1 for one from nothing, which at a
 *                     twentieth of the rate stays nothing
 *   freeze_epochs     only for a body that has learnt something; there is nothing to keep in a new one
 *   swa_rate, swa_body_rate   0.1 and 0.01 of the rate, its author's later values; the first ones gave the
 *                     whole network the body's rate
 *
 * Threads: filled by one, then read-only. */
#ifndef AY_TRAIN_METRIC_SETTINGS_H
#define AY_TRAIN_METRIC_SETTINGS_H

#include "train/metric_loss.h"

#include <jansson.h>
#include <stdint.h>

enum { AY_METRIC_TEXT = 1024 };

typedef enum {
    AY_METRIC_BY_MAP,  /* best: highest MAP@R on validation; the lower loss among equals */
    AY_METRIC_BY_LOSS  /* best: lowest loss on validation, as the system replaced */
} ay_metric_monitor;

typedef struct {
    /* network */
    char architecture[64];                 /* of ay_model_blueprint(): "hoamv2" */
    char backbone[64];                     /* of hoam and hoamv2; "": the architecture's own */
    char backbone_weights[AY_METRIC_TEXT]; /* a timm file or folder the body starts with; "": from nothing */
    char start[AY_METRIC_TEXT];            /* a whole model to go on from, instead of all of these */
    char body[64];                         /* what the names of the body's weights start with: "backbone." */
    int embedding;                         /* numbers in the vector; 512 */
    int image_size;                        /* pixels a side; 224.  0: the network's own */

    ay_metric_loss_settings loss;

    /* training */
    int epochs, min_epochs, batch_size, per_class; /* 40, 0, 64, 4 */
    int freeze_epochs;      /* 10: the body learns from epoch index 11 on; 0: at once */
    double learning_rate;   /* 3e-4 */
    double weight_decay;    /* 1e-4, of everything */
    double body_rate;       /* share of the rate for the body; < 0: chosen */
    double warmup_share;    /* 0.05 of the epochs, rounded down */
    double clip_norm;       /* 1; 0: off.  Of network and loss together */
    bool frozen_norms_move; /* statistics of a frozen body's batch norms follow the pictures; true */
    bool early_stopping;
    int patience;
    double min_delta;
    int monitor; /* ay_metric_monitor */
    bool swa;    /* only with more than ten epochs */
    double swa_start;            /* 0.75 of the epochs */
    int swa_anneal;              /* 5 epochs from the rate to those below */
    double swa_rate, swa_body_rate; /* of learning_rate */
    bool activation_checkpoints;
    double max_minutes; /* finish with the best so far; 0: no limit */

    /* training pictures; flips and crops are not there, they would change what is to be learnt */
    double brightness, contrast, saturation, hue; /* 0.2, 0.2, 0.2, 0.1 */
    int randaugment_ops, randaugment_magnitude;   /* 2, 9 */

    /* machine */
    int precision; /* ay_train_precision (train/settings.h): auto, float32, bfloat16 */
    int threads, workers; /* of the network, of loading; 0: one a processor */
    char backend[16];
    int64_t seed;
    int save_every; /* epochs between checkpoints, at least; also after 30 s */

    char name[64]; /* of the model; "": the out folder's */
} ay_metric_settings;

/* Every default. */
void ay_metric_settings_init(ay_metric_settings *s);
/* AY_EINVAL names the first field that is out of range, or not a number. */
ay_status ay_metric_settings_check(const ay_metric_settings *s, ay_err *err);
/* Set one field by its name in the table ("learning_rate", "loss.margin") from text.  AY_EINVAL; AY_ENOTFOUND:
 * no such field. */
ay_status ay_metric_settings_set(ay_metric_settings *s, const char *key, const char *text, ay_err *err);
/* The i-th name; NULL behind the last one. */
const char *ay_metric_settings_key(int i);
/* All fields as a JSON object (a new reference, NULL: no memory), and back: a field that is not there keeps
 * its default.  AY_EINVAL, AY_ENOTFOUND as set. */
json_t *ay_metric_settings_json(const ay_metric_settings *s);
ay_status ay_metric_settings_read(ay_metric_settings *s, const json_t *o, ay_err *err);

#endif
