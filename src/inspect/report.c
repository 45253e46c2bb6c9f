#include "inspect/report.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "inspect/report_parts.h"
#include "train/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- golden samples -------------------------------------------------------------------------- */

/* Nothing that could end a name early or lead elsewhere. */
static void plain(char *s)
{
    for (char *c = s; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f || strchr("/\\:*?\"<>|", *c))
            *c = '_';
    if (*s == '.' || *s == '-')
        *s = '_';
}

void ay_golden_file_name(const ay_golden_set *set, const ay_golden_sample *s, int index, char *dst, size_t cap)
{
    const ay_golden_item *i = &set->items[s->item];
    const char *slash = strrchr(i->path, '/'), *file = slash ? slash + 1 : i->path;
    const char *dot = strrchr(file, '.');
    char label[121], stem[81], turn[16] = "";

    snprintf(label, sizeof label, "%.120s", set->labels[s->label].name);
    snprintf(stem, sizeof stem, "%.*s", (int)(dot && dot > file && dot - file < 80 ? dot - file : 80), file);
    ay_utf8_cut(label, 116);
    ay_utf8_cut(stem, 76);
    plain(label);
    plain(stem);
    if (i->rotate)
        snprintf(turn, sizeof turn, "_rot%d", i->rotate);
    snprintf(dst, cap, "%s_%s%s_%03d.png", label, stem, turn, index + 1);
}

ay_status ay_golden_picture(const ay_golden_set *set, const ay_golden_sample *s, ay_image *out, ay_err *err)
{
    const ay_golden_item *i = &set->items[s->item];
    ay_status status = ay_image_load(i->path, NULL, out, err);

    if (status == AY_OK)
        status = ay_golden_rotate(out, i->rotate, err);
    if (status != AY_OK) {
        ay_image_fini(out);
        ay_err_wrap(err, "golden sample %s", i->path);
    }
    return status;
}

static ay_status write_sample(const ay_inspect_report *r, int m, const char *folder, ay_err *err)
{
    const ay_golden_sample *s = &r->goldens->samples[m];
    char name[300], path[4600];
    ay_buf png = {0};
    ay_image im;
    ay_status status = ay_golden_picture(r->set, s, &im, err);

    if (status != AY_OK)
        return status;
    ay_golden_file_name(r->set, s, m, name, sizeof name);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    status = ay_image_encode_png(&im, &png, err);
    ay_image_fini(&im);
    if (status == AY_OK)
        status = ay_file_write(path, png.data, png.len, err);
    ay_buf_fini(&png);
    return status;
}

static ay_status write_json(const char *folder, const char *name, json_t *json, ay_err *err)
{
    char path[4400];
    ay_buf text = {0};
    ay_status status;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!ay_json_dump(json, JSON_INDENT(2) | JSON_REAL_PRECISION(9), &text))
        status = ay_fail(err, AY_ENOMEM, "%s: no memory, or a name that is not UTF-8", path);
    else
        status = ay_file_write(path, text.data, text.len, err);
    json_decref(json);
    ay_buf_fini(&text);
    return status;
}

static ay_status write_samples(const ay_inspect_report *r, const char *results, ay_err *err)
{
    char folder[4200];
    ay_status status;

    snprintf(folder, sizeof folder, "%s/golden_samples", results);
    status = ay_file_mkdirs(folder, err);
    for (int m = 0; m < r->goldens->n && status == AY_OK; m++)
        status = write_sample(r, m, folder, err);
    if (status == AY_OK)
        status = write_json(results, "golden_samples.json", ay_goldens_json(r->goldens, r->set), err);
    return status;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static ay_status write_csv(const ay_inspect_report *r, const char *results, ay_err *err)
{
    char path[4400];
    ay_buf text = {0};
    ay_status status;

    snprintf(path, sizeof path, "%s/evaluation_results.csv", results);
    ay_judgement_csv(r->judgement, r->set, r->goldens, &text);
    status = text.failed ? ay_fail(err, AY_ENOMEM, "%s", path) : ay_file_write(path, text.data, text.len, err);
    ay_buf_fini(&text);
    return status;
}

/* ---- the summary ----------------------------------------------------------------------------- */

/* Originals a class; a picture whose class is not known counts for its label's name. */
static json_t *statistics(const ay_golden_set *set, int64_t *images, int64_t *classes)
{
    int64_t *count = ay_calloc((size_t)set->nclasses + (size_t)set->nlabels + 1, sizeof *count), bad = 0;
    json_t *out = json_object();

    *images = *classes = 0;
    for (size_t i = 0; count && i < set->n; i++) {
        const ay_golden_item *item = &set->items[i];
        if (item->rotate)
            continue;
        ++*images;
        if (item->label < 0)
            bad++;
        else
            count[item->class >= 0 ? item->class : set->nclasses + item->label]++;
    }
    for (int k = 0; count && k < set->nclasses + set->nlabels; k++) {
        if (k >= set->nclasses && count[k] == 0)
            continue;
        json_object_set_new(out, k < set->nclasses ? set->classes[k].name : set->labels[k - set->nclasses].name,
                            json_integer((json_int_t)count[k]));
        ++*classes;
    }
    json_object_set_new(out, AY_LABEL_BAD, json_integer((json_int_t)bad));
    ay_free(count);
    return out;
}

static json_t *rate_or_null(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *retrieval_json(const ay_retrieval *m)
{
    return json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "pictures", m->n, "queries", m->queries, "precision_at_1",
                     rate_or_null(m->precision_at_1), "mean_average_precision_at_r", rate_or_null(m->map_at_r),
                     "mean_average_precision", rate_or_null(m->map_at_10), "mean_reciprocal_rank", rate_or_null(m->mrr_10),
                     "mean_reciprocal_rank_all", rate_or_null(m->mrr), "silhouette_score", rate_or_null(m->silhouette));
}

/* Labels as mounted that refuse more than a tenth of good pictures, the worst by name: what its threshold has to keep out. */
static void strict_labels(const ay_inspect_report *r, json_t *out)
{
    const ay_threshold *worst = NULL;
    int n = 0, at = 0;
    char text[500];

    for (int k = 0; k < r->set->nlabels; k++) {
        const ay_threshold *t = &r->thresholds->rows[k];
        if (!(t->false_reject.rate > 0.1) || !ay_golden_is_wanted(r->set, k))
            continue;
        n++;
        if (worst && worst->false_reject.rate >= t->false_reject.rate)
            continue;
        worst = t;
        at = k;
    }
    if (n == 0)
        return;
    snprintf(text, sizeof text, "%d labels as mounted refuse more than a tenth of good pictures, %.100s the most (%lld of %lld): its threshold has to "
             "keep out %.100s", n, r->set->labels[at].name, (long long)worst->false_reject.k, (long long)worst->false_reject.n,
             worst->rival >= 0 ? r->set->labels[worst->rival].name : "bad pictures");
    json_array_append_new(out, json_string(text));
}

/* What a person must know before believing the figures. */
static json_t *warnings(const ay_inspect_report *r)
{
    json_t *out = json_array();
    int unfitted = 0, empty = 0, unseen = 0;
    char text[400];

    for (int k = 0; k < r->set->nlabels; k++) {
        unfitted += r->thresholds->rows[k].kind != AY_THRESHOLD_FITTED;
        empty += r->goldens->labels[k].count == 0;
        unseen += r->thresholds->rows[k].own == 0;
    }
    if (unfitted) {
        snprintf(text, sizeof text, "%d of %d labels have no fitted threshold but the default %.2f or more: too few held-out pictures", unfitted,
                 r->set->nlabels, r->thresholds->otherwise);
        json_array_append_new(out, json_string(text));
    }
    if (empty) {
        snprintf(text, sizeof text, "%d labels have no golden sample: no good training picture that can be read", empty);
        json_array_append_new(out, json_string(text));
    }
    if (unseen) {
        snprintf(text, sizeof text, "%d labels have no held-out picture: nothing is known of how well they are recognised", unseen);
        json_array_append_new(out, json_string(text));
    }
    if (r->thresholds->false_accept.upper > r->thresholds->rate) {
        snprintf(text, sizeof text, "a false-accept rate of %.2g %% was asked for; %lld impostors (%lld passed) show that it is at most %.2g %% (95 %%), "
                 "no less", 100 * r->thresholds->rate, (long long)r->thresholds->false_accept.n,
                 (long long)r->thresholds->false_accept.k, 100 * r->thresholds->false_accept.upper);
        json_array_append_new(out, json_string(text));
    }
    if (r->thresholds->bad.n > 0 && r->thresholds->bad.upper > r->thresholds->rate) {
        snprintf(text, sizeof text, "%lld of %lld bad pictures passed: with so many, no less than %.2g %% can be excluded (95 %%)",
                 (long long)r->thresholds->bad.k, (long long)r->thresholds->bad.n, 100 * r->thresholds->bad.upper);
        json_array_append_new(out, json_string(text));
    }
    strict_labels(r, out);
    if (r->judgement->lost) {
        snprintf(text, sizeof text, "%zu held-out pictures could not be read and are in no figure", r->judgement->lost);
        json_array_append_new(out, json_string(text));
    }
    return out;
}

json_t *ay_inspect_summary(const ay_inspect_report *r)
{
    const ay_judgement *j = r->judgement;
    int64_t images, classes;
    json_t *stats = statistics(r->set, &images, &classes);
    json_t *config = r->training_config ? json_deep_copy(r->training_config) : json_object();
    json_t *out = json_pack("{s:s, s:o, s:I, s:I, s:o, s:o}", "timestamp", r->timestamp ? r->timestamp : "", "class_statistics",
                            stats, "total_classes", (json_int_t)classes, "total_images", (json_int_t)images,
                            "evaluation_accuracy", rate_or_null(j->accuracy.rate), "training_config", config);
    json_t *ours = json_pack("{s:I, s:I, s:i, s:o, s:o, s:o, s:o, s:f, s:o, s:o, s:o}", "held_out", (json_int_t)j->n, "unreadable",
                             (json_int_t)j->lost, "golden_samples", r->goldens->n, "accuracy", ay_rate_json(&j->accuracy), "good_right",
                             ay_rate_json(&j->good), "bad_refused", ay_rate_json(&j->bad), "decided_right", ay_rate_json(&j->decided),
                             "false_accept_rate_asked", r->thresholds->rate, "false_accept", ay_rate_json(&r->thresholds->false_accept),
                             "false_reject", ay_rate_json(&r->thresholds->false_reject), "warnings", warnings(r));

    if (ours)
        json_object_set_new(ours, "retrieval", retrieval_json(&j->retrieval));
    if (!out || !ours || json_object_update(out, ours) != 0 || (r->more && json_object_update((json_t *)out, (json_t *)r->more) != 0)) {
        json_decref(out);
        out = NULL;
    }
    json_decref(ours);
    return out;
}

ay_status ay_inspect_report_write(const ay_inspect_report *r, ay_err *err)
{
    char results[4100], summary[4200];
    ay_status status;

    snprintf(results, sizeof results, "%s/results", r->folder);
    snprintf(summary, sizeof summary, "%s/summary_report.json", r->folder);
    status = ay_file_mkdirs(results, err);
    if (status == AY_OK && remove(summary) != 0 && ay_file_exists(summary))
        status = ay_fail(err, AY_EIO, "%s cannot be replaced", summary);
    if (status == AY_OK)
        status = write_samples(r, results, err);
    if (status == AY_OK)
        status = write_csv(r, results, err);
    if (status == AY_OK)
        status = write_json(results, "thresholds.json", ay_thresholds_json(r->thresholds, r->set), err);
    if (status == AY_OK)
        status = ay_inspect_report_charts(r, results, err);
    if (status == AY_OK)
        status = write_json(r->folder, "summary_report.json", ay_inspect_summary(r), err);
    return status;
}
