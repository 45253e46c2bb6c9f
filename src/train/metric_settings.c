#include "train/metric_settings.h"
#include "base/str.h"
#include "train/settings.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef enum { TEXT, INT, LONG, REAL, BOOL, CHOICE } kind;

typedef struct {
    const char *key;
    kind kind;
    size_t at, size;
    double def, lo, hi;
    const char *words; /* TEXT: the default; CHOICE: the words, one space between */
} field;

#define S(m) offsetof(ay_metric_settings, m), sizeof((ay_metric_settings *)0)->m
#define TEXT_(key, m, def) {key, TEXT, S(m), 0, 0, 0, def}
#define INT_(key, m, def, lo, hi) {key, INT, S(m), def, lo, hi, NULL}
#define REAL_(key, m, def, lo, hi) {key, REAL, S(m), def, lo, hi, NULL}
#define BOOL_(key, m, def) {key, BOOL, S(m), def, 0, 1, NULL}

static const field table[] = {
    TEXT_("architecture", architecture, "hoamv2"),
    TEXT_("backbone", backbone, ""),
    TEXT_("backbone_weights", backbone_weights, ""),
    TEXT_("start", start, ""),
    TEXT_("body", body, "backbone."),
    INT_("embedding", embedding, 512, 2, 8192),
    INT_("image_size", image_size, 224, 0, 2048),
    TEXT_("loss.name", loss.name, "hybrid_margin"),
    REAL_("loss.margin", loss.margin, 0.4, 0, 180),
    {"loss.unit", CHOICE, S(loss.unit), AY_MARGIN_RADIANS, 0, 1, "radians degrees"},
    REAL_("loss.scale", loss.scale, 30, 1e-6, 10000),
    INT_("loss.sub_centers", loss.sub_centers, 3, 1, 64),
    REAL_("loss.triplet_margin", loss.triplet_margin, 0.3, 0, 2),
    REAL_("loss.center_weight", loss.center_weight, 0.01, 0, 1000),
    INT_("epochs", epochs, 40, 1, 100000),
    INT_("min_epochs", min_epochs, 0, 0, 100000),
    INT_("batch_size", batch_size, 64, 2, 4096),
    INT_("per_class", per_class, 4, 1, 1024),
    INT_("freeze_epochs", freeze_epochs, 10, 0, 100000),
    REAL_("learning_rate", learning_rate, 3e-4, 0, 1e38),
    REAL_("weight_decay", weight_decay, 1e-4, 0, 1e6),
    REAL_("body_rate", body_rate, -1, -1, 1000),
    REAL_("warmup_share", warmup_share, 0.05, 0, 1),
    REAL_("clip_norm", clip_norm, 1, 0, 1e9),
    BOOL_("frozen_norms_move", frozen_norms_move, 1),
    BOOL_("early_stopping", early_stopping, 1),
    INT_("patience", patience, 10, 1, 100000),
    REAL_("min_delta", min_delta, 0, 0, 1e9),
    {"monitor", CHOICE, S(monitor), AY_METRIC_BY_MAP, 0, 1, "map_at_r val_loss"},
    BOOL_("swa", swa, 1),
    REAL_("swa_start", swa_start, 0.75, 0, 1),
    INT_("swa_anneal", swa_anneal, 5, 0, 100000),
    REAL_("swa_rate", swa_rate, 0.1, 0, 1000),
    REAL_("swa_body_rate", swa_body_rate, 0.01, 0, 1000),
    BOOL_("activation_checkpoints", activation_checkpoints, 0),
    REAL_("max_minutes", max_minutes, 0, 0, 1e9),
    REAL_("brightness", brightness, 0.2, 0, 10),
    REAL_("contrast", contrast, 0.2, 0, 10),
    REAL_("saturation", saturation, 0.2, 0, 10),
    REAL_("hue", hue, 0.1, 0, 0.5),
    INT_("randaugment_ops", randaugment_ops, 2, 0, 16),
    INT_("randaugment_magnitude", randaugment_magnitude, 9, 0, 30),
    {"precision", CHOICE, S(precision), AY_TRAIN_AUTO, 0, 2, "auto float32 bfloat16"},
    INT_("threads", threads, 0, 0, 1024),
    INT_("workers", workers, 0, 0, 64),
    TEXT_("backend", backend, "dnnl"),
    {"seed", LONG, S(seed), 42, -9e15, 9e15, NULL},
    INT_("save_every", save_every, 1, 1, 100000),
    TEXT_("name", name, ""),
};
enum { FIELDS = sizeof table / sizeof *table };

/* An enumeration is as wide as an int wherever this is built. */
_Static_assert(sizeof(ay_margin_unit) == sizeof(int), "choices are stored as int");

static void *place(const field *f, ay_metric_settings *s)
{
    return (char *)s + f->at;
}

static double value(const field *f, const ay_metric_settings *s)
{
    const void *p = (const char *)s + f->at;

    switch (f->kind) {
    case REAL:
        return *(const double *)p;
    case LONG:
        return (double)*(const int64_t *)p;
    case BOOL:
        return *(const bool *)p;
    default:
        return *(const int *)p;
    }
}

static void store(const field *f, ay_metric_settings *s, double v)
{
    void *p = place(f, s);

    if (f->kind == REAL)
        *(double *)p = v;
    else if (f->kind == LONG)
        *(int64_t *)p = (int64_t)v;
    else if (f->kind == BOOL)
        *(bool *)p = v != 0;
    else
        *(int *)p = (int)v;
}

void ay_metric_settings_init(ay_metric_settings *s)
{
    memset(s, 0, sizeof *s);
    for (int i = 0; i < FIELDS; i++)
        if (table[i].kind == TEXT)
            snprintf(place(&table[i], s), table[i].size, "%s", table[i].words);
        else
            store(&table[i], s, table[i].def);
}

static ay_status refuse(const field *f, double v, ay_err *err)
{
    return ay_fail(err, AY_EINVAL, "%s is %g and has to be %s%g to %g", f->key, v,
                   f->kind == REAL ? "" : "a whole number from ", f->lo, f->hi);
}

ay_status ay_metric_settings_check(const ay_metric_settings *s, ay_err *err)
{
    for (int i = 0; i < FIELDS; i++) {
        double v = table[i].kind == TEXT ? 0 : value(&table[i], s);
        if (table[i].kind != TEXT && !(v >= table[i].lo && v <= table[i].hi)) /* NaN fails too */
            return refuse(&table[i], v, err);
    }
    if (s->image_size > 0 && s->image_size < 32)
        return ay_fail(err, AY_EINVAL, "image_size is %d and has to be 0 or 32 to 2048", s->image_size);
    if (!(s->learning_rate > 0))
        return ay_fail(err, AY_EINVAL, "learning_rate is %g and has to be above 0", s->learning_rate);
    return AY_OK;
}

/* ---- by name -------------------------------------------------------------------------------------- */

static const field *find(const char *key)
{
    for (int i = 0; i < FIELDS; i++)
        if (strcmp(table[i].key, key) == 0)
            return &table[i];
    return NULL;
}

const char *ay_metric_settings_key(int i)
{
    return i >= 0 && i < FIELDS ? table[i].key : NULL;
}

/* Which of the words it is; -1: none. */
static int choice(const char *words, const char *text)
{
    size_t n = strlen(text);

    for (int k = 0; *words; k++) {
        size_t len = strcspn(words, " ");
        if (len == n && strncmp(words, text, n) == 0)
            return k;
        words += len + (words[len] == ' ');
    }
    return -1;
}

static bool truth(const char *text, double *v)
{
    static const char *const no[] = {"false", "no", "off", "0"}, *const yes[] = {"true", "yes", "on", "1"};

    for (int i = 0; i < 4; i++)
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *v = strcasecmp(text, yes[i]) == 0;
            return true;
        }
    return false;
}

ay_status ay_metric_settings_set(ay_metric_settings *s, const char *key, const char *text, ay_err *err)
{
    const field *f = find(key);
    double v = 0;

    if (!f)
        return ay_fail(err, AY_ENOTFOUND, "there is no training setting \"%.60s\"", key);
    if (f->kind == TEXT) {
        if (strlen(text) >= f->size)
            return ay_fail(err, AY_EINVAL, "%s: more than %zu characters", key, f->size - 1);
        snprintf(place(f, s), f->size, "%s", text);
        return AY_OK;
    }
    if (f->kind == CHOICE) {
        int k = choice(f->words, text);
        if (k < 0)
            return ay_fail(err, AY_EINVAL, "%s is \"%.40s\" and has to be one of: %s", key, text, f->words);
        v = k;
    } else if (f->kind == BOOL ? !truth(text, &v) : !ay_str_to_double(text, &v)) {
        return ay_fail(err, AY_EINVAL, "%s is \"%.40s\" and has to be %s", key, text,
                       f->kind == BOOL ? "true or false" : "a number");
    }
    if (!(v >= f->lo && v <= f->hi) || (f->kind != REAL && v != floor(v)))
        return refuse(f, v, err);
    store(f, s, v);
    return AY_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

static json_t *word(const field *f, int k)
{
    const char *p = f->words;

    for (; k > 0; k--)
        p += strcspn(p, " ") + 1;
    return json_stringn(p, strcspn(p, " "));
}

static json_t *one(const field *f, const ay_metric_settings *s)
{
    switch (f->kind) {
    case TEXT:
        return json_string((const char *)s + f->at);
    case CHOICE:
        return word(f, (int)value(f, s));
    case BOOL:
        return json_boolean(value(f, s) != 0);
    case REAL:
        return json_real(value(f, s));
    default:
        return json_integer((json_int_t)value(f, s));
    }
}

json_t *ay_metric_settings_json(const ay_metric_settings *s)
{
    json_t *o = json_object();

    for (int i = 0; i < FIELDS; i++)
        if (json_object_set_new(o, table[i].key, one(&table[i], s)) != 0) {
            json_decref(o);
            return NULL;
        }
    return o;
}

static ay_status set_json(ay_metric_settings *s, const char *key, const json_t *v, ay_err *err)
{
    char text[64];

    if (json_is_string(v))
        return ay_metric_settings_set(s, key, json_string_value(v), err);
    if (json_is_boolean(v))
        return ay_metric_settings_set(s, key, json_is_true(v) ? "true" : "false", err);
    if (!json_is_number(v))
        return ay_fail(err, AY_EINVAL, "%.60s is neither text nor a number nor true or false", key);
    snprintf(text, sizeof text, "%.17g", json_number_value(v));
    return ay_metric_settings_set(s, key, text, err);
}

ay_status ay_metric_settings_read(ay_metric_settings *s, const json_t *o, ay_err *err)
{
    ay_status status = json_is_object(o) ? AY_OK : ay_fail(err, AY_EINVAL, "the training settings are no object");
    const char *key;
    json_t *v;

    ay_metric_settings_init(s);
    json_object_foreach((json_t *)o, key, v) {
        if (status == AY_OK)
            status = set_json(s, key, v, err);
    }
    return status;
}
