#include "train/settings.h"
#include "base/str.h"
#include "train/settings_table.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(ay_train_settings, field), sizeof(((ay_train_settings *)0)->field)
#define TEXT(key, field, fallback, help) {key, AY_KEY_TEXT, AT(field), 0, 0, NULL, fallback, help}
#define INT(key, field, lo, hi, fallback, help) {key, AY_KEY_INT, AT(field), lo, hi, NULL, fallback, help}
#define REAL(key, field, lo, hi, fallback, help) {key, AY_KEY_REAL, AT(field), lo, hi, NULL, fallback, help}
#define BOOL(key, field, fallback, help) {key, AY_KEY_BOOL, AT(field), 0, 0, NULL, fallback, help}
#define WORD(key, field, words, fallback, help) {key, AY_KEY_WORD, AT(field), 0, 0, words, fallback, help}
#define NAME(key, field, words, fallback, help) {key, AY_KEY_NAME, AT(field), 0, 0, words, fallback, help}
#define IDLE(key, help) {key, AY_KEY_IDLE, 0, 0, 0, 0, NULL, NULL, help}

/* clang-format off */
const ay_train_key ay_train_keys[] = {
    TEXT("data.root_dir", root, "", "folder of classes, or of train/val/test; or a .csv list"),
    TEXT("data.train_dir", train_dir, "train", "sub-folder of the training pictures"),
    TEXT("data.val_dir", val_dir, "val", "sub-folder of the validation pictures"),
    TEXT("data.test_dir", test_dir, "test", "sub-folder of the test pictures"),
    INT("data.img_size", image_size, 0, 1024, "0", "pixels a side; 0: what the backbone was made for"),
    INT("data.first_img_size", first_size, 0, 1024, "0", "of the first epoch, growing to img_size at the last; 0: no growth"),
    INT("data.num_workers", workers, 0, 256, "0", "threads that decode; 0: one a processor"),
    REAL("data.val_share", val_share, 0, 0.9, "0.15", "for validation, where one folder is split"),
    REAL("data.test_share", test_share, 0, 0.9, "0.15", "for the test, where one folder is split"),
    BOOL("data.near_duplicates", split_near, "true", "keep near copies on one side of the split"),
    WORD("data.leaks", leaks, "report|move|refuse", "report", "copies on two sides of a split that you made"),

    NAME("model.architecture", architecture, "resnet18|resnet34|resnet50|ayresnet|efficientnetv2_s|efficientnetv2_rw_s|"
         "tf_efficientnetv2_s",
         "resnet18", "network when pretrained is false"),
    TEXT("model.backbone", backbone, "default", "default, or a folder or .safetensors file with weights"),
    BOOL("model.pretrained", pretrained, "true", "false: a network from nothing"),
    INT("model.num_classes", num_classes, 0, 100000, "0", "0: as many as the data has"),
    REAL("model.dropout_rate", dropout, 0, 0.95, "0.3", "before the head; half of it inside"),
    INT("model.hidden", hidden, 0, 65536, "256", "units between the head's two layers; 0: one layer"),
    WORD("model.classifier", classifier, "linear|cosine", "linear", "cosine: one direction a class (no hidden layer)"),
    REAL("model.cosine_scale", cosine_scale, 1, 1000, "20", "cosines times this are the logits"),
    BOOL("model.freeze_backbone", freeze_backbone, "false", "train the head alone (for head_epochs)"),
    INT("model.head_epochs", head_epochs, 0, 100000, "60", "epochs of the head alone, over cached features"),
    TEXT("model.unfreeze", unfreeze, "", "prefixes thawed in turn, as layer4,layer3; empty: all at once"),
    WORD("model.freeze_norms", freeze_norms, "auto|true|false", "auto",
         "batch norms keep their statistics; auto: no, and those that a file has lost are measured first"),
    INT("model.unfreeze_every", unfreeze_every, 1, 100000, "2", "epochs between two of them"),

    INT("training.epochs", epochs, 1, 100000, "15", "epochs of the whole network"),
    INT("training.batch_size", batch_size, 1, 4096, "32", "pictures a step"),
    REAL("training.learning_rate", learning_rate, 1e-12, 100, "0.001", "largest rate of the schedule"),
    REAL("training.body_rate", body_rate, 0, 100, "0.03", "share of that rate for a pretrained body, and for a head that has been learnt before it"),
    REAL("training.weight_decay", weight_decay, 0, 10, "0.0001", "not for biases and norms"),
    WORD("training.optimizer", optimiser, "adam|adamw|sgd", "adamw", "sgd has momentum 0.9"),
    WORD("training.scheduler", scheduler, "cosine|step|plateau|none", "cosine", "of the learning rate"),
    INT("training.scheduler_params.step_size", step_size, 1, 100000, "5", "epochs between steps"),
    REAL("training.scheduler_params.gamma", gamma, 1e-6, 1, "0.1", "factor of a step or plateau"),
    INT("training.scheduler_params.patience", plateau_patience, 0, 100000, "3", "epochs without gain that make a plateau"),
    REAL("training.warmup_epochs", warmup_epochs, 0, 1000, "1", "linear rise of the rate"),
    BOOL("training.early_stopping.enabled", early_stopping, "true", "stop when validation gains no more"),
    INT("training.early_stopping.patience", patience, 1, 100000, "5", "epochs to wait for a gain"),
    REAL("training.early_stopping.min_delta", min_delta, 0, 1, "0.001", "a gain: this much accuracy, or loss at no less accuracy"),
    REAL("training.label_smoothing", label_smoothing, 0, 0.9, "0", "share of the target spread over all classes"),
    BOOL("training.class_weights", class_weights, "false", "rare classes weigh more in the loss"),
    BOOL("training.balanced_sampling", balanced_sampling, "false", "each class is drawn equally often"),
    REAL("training.mixup", mixup, 0, 10, "0", "alpha of mixup; 0: none"),
    REAL("training.cutmix", cutmix, 0, 10, "0", "alpha of cutmix; 0: none"),
    REAL("training.mix_share", mix_share, 0, 1, "1", "share of the batches that mixup or cutmix mixes"),
    REAL("training.auxiliary_loss", auxiliary, 0, 10, "0", "weight of a loss on the last stage alone (ResNets)"),
    REAL("training.clip_norm", clip_norm, 0, 1e6, "0", "longest gradient; 0: any"),
    REAL("training.ema_decay", ema_decay, 0, 0.999999, "0.999", "running average of the weights is judged and kept; 0: none"),
    INT("training.swa_start", swa_start, 0, 100000, "0", "epoch from which plain averages are kept; 0: none"),
    BOOL("training.activation_checkpoints", activation_checkpoints, "false", "less memory, a third more time"),
    REAL("training.max_minutes", max_minutes, 0, 1e6, "0", "stop with the best so far; 0: no limit"),

    BOOL("augmentation.train.horizontal_flip", horizontal_flip, "true", "mirror half of the pictures"),
    BOOL("augmentation.train.vertical_flip", vertical_flip, "false", "turn half of them upside down"),
    REAL("augmentation.train.rotation_degrees", rotation_degrees, 0, 180, "15", "turn by up to this"),
    REAL("augmentation.train.color_jitter.brightness", brightness, 0, 1, "0.2", "factor 1 - x .. 1 + x"),
    REAL("augmentation.train.color_jitter.contrast", contrast, 0, 1, "0.2", "factor 1 - x .. 1 + x"),
    REAL("augmentation.train.color_jitter.saturation", saturation, 0, 1, "0.2", "factor 1 - x .. 1 + x"),
    REAL("augmentation.train.color_jitter.hue", hue, 0, 0.5, "0.1", "turn of the colour circle, -x .. x"),
    REAL("augmentation.train.random_erasing", random_erasing, 0, 1, "0.1", "chance of a black rectangle"),
    REAL("augmentation.train.gaussian_blur", gaussian_blur, 0, 1, "0.1", "chance of a blur"),
    REAL("augmentation.train.grayscale", grayscale, 0, 1, "0", "chance of losing all colour"),
    REAL("augmentation.train.noise", noise, 0, 1, "0", "chance of noise"),
    REAL("augmentation.train.perspective", perspective, 0, 1, "0.2", "chance of a tilt"),
    BOOL("augmentation.train.random_resized_crop", random_resized_crop, "false", "crops of crop_least to 1 of the picture instead of a slight one"),
    REAL("augmentation.train.crop_least", crop_least, 0.01, 1, "0.08", "smallest part of the picture in such a crop"),
    REAL("augmentation.train.zoom_out", zoom_out, 0, 1, "0", "chance that such a crop is larger than the picture"),
    INT("augmentation.train.randaugment_count", randaugment_count, 0, 10, "0", "operations of RandAugment; 0: none"),
    INT("augmentation.train.randaugment_magnitude", randaugment_magnitude, 0, 30, "9", "their strength"),
    IDLE("augmentation.val.normalize", "always done"),

    REAL("inference.confidence_threshold", confident, 0, 1, "0.7", "from here on: success"),
    REAL("inference.reject_threshold", reject, 0, 1, "0.5", "below: rejected"),
    INT("inference.batch_size", inference_batch, 1, 64, "16", "pictures run together"),
    IDLE("inference.enable_tta", "asked for with each prediction: assay predict --tta"),

    BOOL("ood.enabled", ood, "true", "fit detectors of unknown things"),
    IDLE("ood.max_softmax_threshold", "fitted at the false-alarm rate"),
    IDLE("ood.entropy_threshold", "fitted at the false-alarm rate"),
    REAL("ood.false_alarm_rate", false_alarm_rate, 0.0001, 0.5, "0.05", "known pictures that may be called unknown"),

    IDLE("logging.log_dir", "logs lie in the model's folder"),
    INT("logging.save_frequency", save_frequency, 1, 100000, "5", "epochs between checkpoints (and at least every half minute)"),
    BOOL("logging.tensorboard", tensorboard, "true", "event files in the model's folder"),
    IDLE("logging.wandb.enabled", "nothing is sent anywhere"),
    IDLE("logging.wandb.project", "nothing is sent anywhere"),
    IDLE("logging.wandb.entity", "nothing is sent anywhere"),
    TEXT("logging.feature_cache", cache, "", "folder of cached features; none; empty: the user's cache"),

    TEXT("model_registry.name", name, "", "the model's name; empty: its folder's"),
    IDLE("model_registry.save_dir", "the folder is named on the command line"),
    IDLE("model_registry.naming_template", "the folder is named on the command line"),
    INT("model_registry.keep_best_n", keep_best, 1, 1000, "3", "best checkpoints kept while training"),

    IDLE("api.host", "a setting of assay serve"),
    IDLE("api.port", "a setting of assay serve"),
    IDLE("api.max_file_size_mb", "a setting of assay serve"),
    IDLE("api.allowed_extensions", "pictures are told by their content"),
    IDLE("api.rate_limit", "a setting of assay serve"),

    IDLE("hardware.device", "the processor"),
    WORD("hardware.precision", precision, "auto|f32|bf16", "auto", "of the heavy products; weights and loss are f32"),
    IDLE("hardware.mixed_precision", "see hardware.precision"),
    IDLE("hardware.pin_memory", "there is no other memory"),
    INT("hardware.threads", threads, 0, 1024, "0", "that compute; 0: one a processor"),
    NAME("hardware.backend", backend, "dnnl|ref", "dnnl", "kernels: oneDNN, or plain loops"),
    {"seed", AY_KEY_LONG, AT(seed), 0, 9e15, NULL, "42", "of everything random"},
    BOOL("deterministic", deterministic, "true", "always so: the same seed and threads give the same bits"),
};
/* clang-format on */
const size_t ay_train_keys_count = sizeof ay_train_keys / sizeof *ay_train_keys;

const ay_train_key *ay_train_key_find(const char *name)
{
    for (size_t i = 0; i < ay_train_keys_count; i++)
        if (strcmp(ay_train_keys[i].name, name) == 0)
            return &ay_train_keys[i];
    return NULL;
}

bool ay_train_key_section(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < ay_train_keys_count; i++)
        if (strncmp(ay_train_keys[i].name, name, n) == 0 && ay_train_keys[i].name[n] == '.')
            return true;
    return false;
}

/* Levenshtein's distance of two short words; at least cap counts as cap. */
static int distance(const char *a, const char *b, int cap)
{
    enum { MOST = 63 };
    int row[MOST + 2], n = (int)strlen(b), m = (int)strlen(a);

    if (n > MOST || m > MOST)
        return cap;
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; i <= m; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < row[j] ? change : row[j];
        }
    }
    return row[n] < cap ? row[n] : cap;
}

static const char *leaf(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot ? dot + 1 : name;
}

/* A key in the wrong section is nearer than one with another last word. */
const char *ay_train_key_nearest(const char *name)
{
    enum { FAR = 100 };
    static const char *const section[] = {"data", "model", "training", "augmentation", "inference",
                                          "logging", "hardware"};
    const char *best = NULL;
    int least = FAR;

    for (size_t i = 0; i < ay_train_keys_count; i++) {
        const char *known = ay_train_keys[i].name;
        int whole = distance(name, known, FAR), last = 1 + distance(leaf(name), leaf(known), FAR);
        int d = whole < last ? whole : last;
        if (d < least) {
            least = d;
            best = known;
        }
    }
    for (size_t i = 0; i < sizeof section / sizeof *section; i++) {
        int d = distance(name, section[i], FAR);
        if (d < least) {
            least = d;
            best = section[i];
        }
    }
    return least <= 1 + (int)strlen(leaf(name)) / 2 ? best : NULL;
}

static int as_bool(const char *text)
{
    static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};

    for (int i = 0; i < 4; i++) {
        if (strcasecmp(text, yes[i]) == 0)
            return 1;
        if (strcasecmp(text, no[i]) == 0)
            return 0;
    }
    return -1;
}

/* Place of word in "a|b|c", or -1. */
static int word_place(const char *words, const char *word)
{
    size_t n = strlen(word);
    int place = 0;

    for (const char *p = words; p; p = strchr(p, '|'), place++) {
        p += *p == '|';
        if (n && strncmp(p, word, n) == 0 && (p[n] == '|' || p[n] == '\0'))
            return place;
    }
    return -1;
}

static ay_status set_number(void *at, const ay_train_key *k, const char *text, ay_err *err)
{
    bool whole = k->kind != AY_KEY_REAL;
    double v;

    if (!ay_str_to_double(text, &v) || !(v >= k->lo && v <= k->hi) || (whole && v != floor(v)))
        return ay_fail(err, AY_EINVAL, "%s must be a %snumber from %g to %g, not '%.60s'", k->name,
                       whole ? "whole " : "", k->lo, k->hi, text);
    if (k->kind == AY_KEY_REAL)
        *(double *)at = v;
    else if (k->kind == AY_KEY_LONG)
        *(int64_t *)at = (int64_t)v;
    else
        *(int *)at = (int)v;
    return AY_OK;
}

static ay_status set_value(ay_train_settings *s, const ay_train_key *k, const char *text, ay_err *err)
{
    char *at = (char *)s + k->at;
    int v;

    switch (k->kind) {
    case AY_KEY_IDLE:
        s->idle++;
        return AY_OK;
    case AY_KEY_NAME:
        if (word_place(k->words, text) < 0)
            break;
        /* fall through */
    case AY_KEY_TEXT:
        if (strlen(text) >= k->size)
            return ay_fail(err, AY_EINVAL, "%s may have %zu bytes", k->name, k->size - 1);
        memcpy(at, text, strlen(text) + 1);
        return AY_OK;
    case AY_KEY_BOOL:
        if ((v = as_bool(text)) < 0)
            return ay_fail(err, AY_EINVAL, "%s must be true or false, not '%.60s'", k->name, text);
        *(bool *)at = v == 1;
        return AY_OK;
    case AY_KEY_WORD:
        if ((v = word_place(k->words, text)) < 0)
            break;
        *(int *)at = v;
        return AY_OK;
    default:
        return set_number(at, k, text, err);
    }
    return ay_fail(err, AY_EINVAL, "%s must be one of %s, not '%.60s'", k->name, k->words, text);
}

ay_status ay_train_settings_set(ay_train_settings *s, const char *key, const char *text,
                                const char *origin, ay_err *err)
{
    const ay_train_key *k = ay_train_key_find(key);
    const char *near = k ? NULL : ay_train_key_nearest(key);
    ay_status status;

    if (!k)
        return ay_fail(err, AY_EINVAL, "%s: there is no setting '%.80s'%s%s%s", origin, key,
                       near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    status = set_value(s, k, text, err);
    if (status != AY_OK)
        ay_err_wrap(err, "%s", origin);
    return status;
}

void ay_train_settings_init(ay_train_settings *s)
{
    *s = (ay_train_settings){0};
    for (size_t i = 0; i < ay_train_keys_count; i++) {
        ay_status status = AY_OK;
        if (ay_train_keys[i].kind != AY_KEY_IDLE)
            status = set_value(s, &ay_train_keys[i], ay_train_keys[i].fallback, NULL);
        assert(status == AY_OK);
        (void)status;
    }
}

void ay_train_key_text(const ay_train_settings *s, const ay_train_key *k, char *dst, size_t cap)
{
    const char *at = (const char *)s + k->at, *word = k->words;

    switch (k->kind) {
    case AY_KEY_INT:
        snprintf(dst, cap, "%d", *(const int *)at);
        return;
    case AY_KEY_LONG:
        snprintf(dst, cap, "%lld", (long long)*(const int64_t *)at);
        return;
    case AY_KEY_REAL:
        snprintf(dst, cap, "%.12g", *(const double *)at);
        return;
    case AY_KEY_BOOL:
        snprintf(dst, cap, "%s", *(const bool *)at ? "true" : "false");
        return;
    case AY_KEY_WORD:
        for (int i = *(const int *)at; i > 0; i--)
            word = strchr(word, '|') + 1;
        snprintf(dst, cap, "%.*s", (int)strcspn(word, "|"), word);
        return;
    default:
        snprintf(dst, cap, "%s", k->kind == AY_KEY_IDLE ? "" : at);
    }
}
