/* train/settings.h - what a training run is told: the keys of a YAML file, the flags over it.
 *
 * One table in settings.c names every key with its kind, range, default and help; reading, checking,
 * printing and storing a run's settings all walk over it, so that help cannot lie.  The keys and most
 * defaults are those of the system this trainer replaces, so that its config.yaml is read as it is.
 * A key that is not in the table, of another kind or out of range is an error that names the file's
 * line and the nearest key there is: a setting silently ignored is worse than none.  Keys of parts
 * that are not training (the old file's "api" section) are accepted and counted in `idle`.
 *
 * Departures, each because the old value cannot be right here:
 *   data.img_size 0           the backbone's own size, not 224: the embedded one sees 128 pixels
 *   data.num_workers 0        one a processor
 *   model.num_classes 0       as many as the data has; another number is checked against the data
 *   ood.*_threshold           idle: fitted on the validation pictures at ood.false_alarm_rate
 *
 * Threads: filled by one, then read-only. */
#ifndef AY_TRAIN_SETTINGS_H
#define AY_TRAIN_SETTINGS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AY_TRAIN_TEXT = 1024 };

typedef enum { AY_TRAIN_ADAM, AY_TRAIN_ADAMW, AY_TRAIN_SGD } ay_train_optimiser;
typedef enum {
    AY_TRAIN_COSINE,
    AY_TRAIN_STEP,
    AY_TRAIN_PLATEAU,
    AY_TRAIN_CONSTANT
} ay_train_scheduler;
typedef enum { AY_TRAIN_CHOOSE, AY_TRAIN_YES, AY_TRAIN_NO } ay_train_choice;
typedef enum { AY_TRAIN_LINEAR, AY_TRAIN_COSINE_HEAD } ay_train_classifier;
typedef enum { AY_TRAIN_AUTO, AY_TRAIN_F32, AY_TRAIN_BF16 } ay_train_precision;

typedef struct {
    /* data */
    char root[AY_TRAIN_TEXT];   /* folder of classes, or of train/val/test; or a .csv manifest */
    char train_dir[64], val_dir[64], test_dir[64];
    int image_size, workers;
    int first_size; /* pixels of the first epoch; 0: as the last */
    double val_share, test_share; /* when one folder is split here */
    int leaks;                    /* ay_leaks: copies on two sides of a split that the user made */
    bool split_near;              /* false: do not look for near copies */

    /* model */
    char architecture[64];          /* of a network from nothing */
    char backbone[AY_TRAIN_TEXT];   /* "default", or a folder or .safetensors file */
    bool pretrained, freeze_backbone;
    int num_classes, hidden;        /* hidden 0: one linear layer */
    int classifier;                 /* ay_train_classifier */
    double cosine_scale;
    double dropout;                 /* before the first layer; half of it before the second */
    char unfreeze[AY_TRAIN_TEXT];   /* "layer4,layer3": prefixes thawed one after another */
    int unfreeze_every, head_epochs;
    int freeze_norms; /* ay_train_choice */

    /* training */
    int epochs, batch_size;
    double learning_rate, weight_decay, body_rate; /* body_rate: share of the rate for the body */
    int optimiser, scheduler;                      /* ay_train_optimiser, ay_train_scheduler */
    int step_size, plateau_patience;
    double gamma, warmup_epochs;
    bool early_stopping;
    int patience;
    double min_delta;
    double label_smoothing, mixup, cutmix, mix_share, clip_norm, ema_decay;
    double auxiliary; /* weight of the loss on the last stage alone */
    int swa_start; /* epoch from which plain averages are taken; 0: never */
    bool class_weights, balanced_sampling, activation_checkpoints;
    double max_minutes; /* stop with the best so far; 0: no limit */

    /* augmentation of training pictures */
    bool horizontal_flip, vertical_flip, random_resized_crop;
    double rotation_degrees, brightness, contrast, saturation, hue;
    double random_erasing, gaussian_blur, perspective;
    double crop_least, zoom_out, grayscale, noise;
    int randaugment_count, randaugment_magnitude;

    /* inference */
    double confident, reject;
    int inference_batch;

    /* unknowns */
    bool ood;
    double false_alarm_rate;

    /* logging, keeping */
    int save_frequency, keep_best;
    bool tensorboard;
    char name[64];               /* of the model; "": the out folder's */
    char cache[AY_TRAIN_TEXT];   /* folder of cached features; "": the user's cache; "none" */

    /* hardware */
    int precision; /* ay_train_precision */
    int threads;   /* 0: one a processor */
    char backend[16];
    int64_t seed;
    bool deterministic;

    int idle; /* keys that were given, are right, and are not for training */
} ay_train_settings;

/* Every default. */
void ay_train_settings_init(ay_train_settings *s);
/* Set one key ("training.epochs") from text.  origin goes in front of the message: "recipe.yaml:12",
 * "flag --set".  AY_EINVAL. */
ay_status ay_train_settings_set(ay_train_settings *s, const char *key, const char *text,
                                const char *origin, ay_err *err);
/* Lay a YAML file over s.  AY_EINVAL with path and line; AY_ENOTFOUND. */
ay_status ay_train_settings_load(ay_train_settings *s, const char *path, ay_err *err);
/* As above for text in memory; name stands for the path in messages. */
ay_status ay_train_settings_read(ay_train_settings *s, const char *text, size_t n, const char *name,
                                 ay_err *err);
/* All keys in force as YAML that ay_train_settings_load() takes; with help as comments. */
void ay_train_settings_print(const ay_train_settings *s, bool help, ay_buf *out);

#endif
