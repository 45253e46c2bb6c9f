/* train/metrics_json.c - metrics as JSON, and back.
 *
 * The first eleven keys are those of the system that Assay replaces, so that what reads its files
 * reads ours; the others are what it did not save. */
#include "base/mem.h"
#include "plot/canvas.h"
#include "train/metrics.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

enum { CURVE_POINTS = 200 };

/* Plain numbers: key and place. */
static const struct {
    const char *key;
    size_t at;
} number[] = {
    {"accuracy", offsetof(ay_metrics, accuracy)},
    {"top_k_accuracy", offsetof(ay_metrics, top_k_accuracy)},
    {"macro_precision", offsetof(ay_metrics, macro_precision)},
    {"macro_recall", offsetof(ay_metrics, macro_recall)},
    {"macro_f1", offsetof(ay_metrics, macro_f1)},
    {"weighted_f1", offsetof(ay_metrics, weighted_f1)},
    {"rejection_rate", offsetof(ay_metrics, rejection_rate)},
    {"high_confidence_accuracy", offsetof(ay_metrics, high_confidence_accuracy)},
    {"expected_calibration_error", offsetof(ay_metrics, ece)},
    {"max_calibration_error", offsetof(ay_metrics, mce)},
    {"weighted_precision", offsetof(ay_metrics, weighted_precision)},
    {"weighted_recall", offsetof(ay_metrics, weighted_recall)},
    {"coverage", offsetof(ay_metrics, coverage)},
    {"log_loss", offsetof(ay_metrics, log_loss)},
    {"brier", offsetof(ay_metrics, brier)},
    {"risk_coverage_area", offsetof(ay_metrics, risk_area)},
    {"threshold", offsetof(ay_metrics, threshold)},
    {"interval_level", offsetof(ay_metrics, level)},
};
enum { NUMBERS = sizeof number / sizeof *number };

static const struct {
    const char *key;
    size_t at;
} interval[] = {
    {"accuracy", offsetof(ay_metrics, accuracy_interval)},
    {"macro_f1", offsetof(ay_metrics, macro_f1_interval)},
    {"weighted_f1", offsetof(ay_metrics, weighted_f1_interval)},
    {"expected_calibration_error", offsetof(ay_metrics, ece_interval)},
    {"high_confidence_accuracy", offsetof(ay_metrics, high_confidence_interval)},
};
enum { INTERVALS = sizeof interval / sizeof *interval };

static const double *number_at(const ay_metrics *m, size_t at)
{
    return (const double *)((const char *)m + at);
}

static json_t *real(double v) { return isfinite(v) ? json_real(v) : json_null(); }

/* Class names come from folders and may be any bytes; JSON takes UTF-8 only.  A new string. */
static json_t *name_json(const char *name)
{
    ay_buf clean = {0};
    json_t *out;

    ay_text_repair(name, &clean);
    out = clean.failed ? NULL : json_stringn(clean.data ? clean.data : "", clean.len);
    ay_buf_fini(&clean);
    return out;
}

static json_t *names_json(const ay_metrics *m, const char *const *names)
{
    json_t *list = json_array();

    for (int k = 0; k < m->classes; k++)
        json_array_append_new(list, name_json(names[k]));
    return list;
}

static json_t *classes_json(const ay_metrics *m, const json_t *names)
{
    json_t *all = json_object();

    for (int k = 0; k < m->classes; k++) {
        const ay_class_metrics *c = &m->per_class[k];
        const char *name = json_string_value(json_array_get(names, (size_t)k));
        json_object_set_new(all, name ? name : "",
                            json_pack("{s:f,s:f,s:f,s:I,s:I}", "precision", c->precision, "recall",
                                      c->recall, "f1", c->f1, "support", (json_int_t)c->support,
                                      "guessed", (json_int_t)c->guessed));
    }
    return all;
}

static json_t *confusion_json(const ay_metrics *m)
{
    json_t *rows = json_array();

    for (int i = 0; i < m->classes; i++) {
        json_t *row = json_array();
        for (int j = 0; j < m->classes; j++)
            json_array_append_new(
                row,
                json_integer((json_int_t)m->confusion[(size_t)i * (size_t)m->classes + (size_t)j]));
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *bins_json(const ay_metrics *m)
{
    json_t *all = json_array();

    for (int b = 0; b < AY_METRICS_BINS; b++)
        json_array_append_new(all, json_pack("{s:f,s:f,s:I,s:f,s:f}", "lo", m->bin[b].lo, "hi",
                                             m->bin[b].hi, "count", (json_int_t)m->bin[b].count,
                                             "confidence", m->bin[b].confidence, "accuracy",
                                             m->bin[b].accuracy));
    return all;
}

/* At most CURVE_POINTS pairs [coverage, risk], the last one at coverage 1. */
static json_t *curve_json(const ay_metrics *m)
{
    json_t *all = json_array();
    int64_t points = m->n < CURVE_POINTS ? m->n : CURVE_POINTS;

    for (int64_t k = 1; k <= points; k++) {
        int64_t i = m->n * k / points - 1;
        json_array_append_new(all,
                              json_pack("[f,f]", (double)(i + 1) / (double)m->n, m->risk[i]));
    }
    return all;
}

json_t *ay_metrics_json(const ay_metrics *m, const char *const *names)
{
    json_t *out = json_object(), *list, *pairs = json_object(), *clean = names_json(m, names);

    for (int i = 0; i < NUMBERS; i++)
        json_object_set_new(out, number[i].key, real(*number_at(m, number[i].at)));
    json_object_set_new(out, "per_class_metrics", classes_json(m, clean));
    json_object_set_new(out, "pictures", json_integer((json_int_t)m->n));
    json_object_set_new(out, "top_k", json_integer(m->top_k));
    json_object_set_new(out, "classes", clean);
    json_object_set_new(out, "confusion_matrix", confusion_json(m));
    for (int i = 0; i < INTERVALS; i++) {
        const double *v = number_at(m, interval[i].at);
        list = json_array();
        json_array_append_new(list, real(v[0]));
        json_array_append_new(list, real(v[1]));
        json_object_set_new(pairs, interval[i].key, list);
    }
    json_object_set_new(out, "intervals", pairs);
    json_object_set_new(out, "calibration_bins", bins_json(m));
    list = json_array();
    for (int b = 0; b < AY_METRICS_HISTOGRAM; b++)
        json_array_append_new(list, json_integer((json_int_t)m->histogram[b]));
    json_object_set_new(out, "confidence_histogram", list);
    json_object_set_new(out, "risk_coverage", curve_json(m));
    if (json_object_size(out) != NUMBERS + 9 || json_array_size(clean) != (size_t)m->classes) { /* an insertion was refused memory */
        json_decref(out);
        return NULL;
    }
    return out;
}

/* ---- back ----------------------------------------------------------------------------------- */

static double number_in(const json_t *v) { return json_is_number(v) ? json_number_value(v) : NAN; }

static int64_t count_in(const json_t *v)
{
    json_int_t n = json_integer_value(v);

    return n > 0 ? (int64_t)n : 0;
}

static void read_lists(ay_metrics *m, const json_t *json)
{
    const json_t *bins = json_object_get(json, "calibration_bins"),
                 *pairs = json_object_get(json, "intervals"),
                 *bars = json_object_get(json, "confidence_histogram");

    for (int b = 0; b < AY_METRICS_BINS; b++) {
        const json_t *v = json_array_get(bins, (size_t)b);
        m->bin[b] = (ay_metrics_bin){(double)b / AY_METRICS_BINS, (double)(b + 1) / AY_METRICS_BINS,
                                     count_in(json_object_get(v, "count")),
                                     number_in(json_object_get(v, "confidence")),
                                     number_in(json_object_get(v, "accuracy"))};
    }
    for (int b = 0; b < AY_METRICS_HISTOGRAM; b++)
        m->histogram[b] = count_in(json_array_get(bars, (size_t)b));
    for (int i = 0; i < INTERVALS; i++) {
        const json_t *v = json_object_get(pairs, interval[i].key);
        double *at = (double *)((char *)m + interval[i].at);
        at[0] = number_in(json_array_get(v, 0));
        at[1] = number_in(json_array_get(v, 1));
    }
}

static void read_curve(ay_metrics *m, const json_t *curve)
{
    size_t points = json_array_size(curve), k = 0;

    for (int64_t i = 0; i < m->n && points; i++) {
        double coverage = (double)(i + 1) / (double)m->n;
        while (k + 1 < points &&
               number_in(json_array_get(json_array_get(curve, k), 0)) < coverage - 1e-12)
            k++;
        m->risk[i] = number_in(json_array_get(json_array_get(curve, k), 1));
    }
}

static ay_status read_classes(ay_metrics *m, const json_t *json, ay_err *err)
{
    const json_t *names = json_object_get(json, "classes"),
                 *table = json_object_get(json, "per_class_metrics"),
                 *rows = json_object_get(json, "confusion_matrix");

    for (int k = 0; k < m->classes; k++) {
        const char *name = json_string_value(json_array_get(names, (size_t)k));
        const json_t *c = name ? json_object_get(table, name) : NULL,
                     *row = json_array_get(rows, (size_t)k);
        if (!c || json_array_size(row) != (size_t)m->classes)
            return ay_fail(err, AY_ECORRUPT, "metrics: class %d has no name, no figures or no row",
                           k);
        m->per_class[k] = (ay_class_metrics){number_in(json_object_get(c, "precision")),
                                             number_in(json_object_get(c, "recall")),
                                             number_in(json_object_get(c, "f1")),
                                             count_in(json_object_get(c, "support")),
                                             count_in(json_object_get(c, "guessed"))};
        for (int j = 0; j < m->classes; j++)
            m->confusion[(size_t)k * (size_t)m->classes + (size_t)j] =
                count_in(json_array_get(row, (size_t)j));
    }
    return AY_OK;
}

ay_status ay_metrics_from_json(ay_metrics *out, const json_t *json, ay_err *err)
{
    size_t classes = json_array_size(json_object_get(json, "classes"));
    int64_t n = count_in(json_object_get(json, "pictures"));

    memset(out, 0, sizeof *out);
    if (classes < 1 || classes > 65536 || n < 1 || n > 1 << 30)
        return ay_fail(err, AY_ECORRUPT, "metrics: no classes or no pictures in the file");
    for (int i = 0; i < NUMBERS; i++)
        *(double *)((char *)out + number[i].at) = number_in(json_object_get(json, number[i].key));
    out->n = n;
    out->classes = (int)classes;
    out->top_k = (int)count_in(json_object_get(json, "top_k"));
    out->per_class = ay_calloc(classes, sizeof *out->per_class);
    out->confusion = ay_calloc(classes * classes, sizeof *out->confusion);
    out->risk = ay_calloc((size_t)n, sizeof *out->risk);
    if (!out->per_class || !out->confusion || !out->risk) {
        ay_metrics_fini(out);
        return ay_fail(err, AY_ENOMEM, "metrics of %lld pictures: no memory", (long long)n);
    }
    read_lists(out, json);
    read_curve(out, json_object_get(json, "risk_coverage"));
    ay_status status = read_classes(out, json, err);
    if (status != AY_OK)
        ay_metrics_fini(out);
    return status;
}
