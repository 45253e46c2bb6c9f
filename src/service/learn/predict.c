#include "service/learn/predict.h"
#include "service/memory.h"
#include "service/learn/serving.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { LIST_MOST = 1000 };

/* The last part of what a browser or a folder gave, as the record can keep it: UTF-8 without control
 * characters, at most AY_FILE_MAX bytes. */
static const char *clean_name(const char *file, ay_arena *a)
{
    const char *slash = file ? strrchr(file, '/') : NULL, *back = file ? strrchr(file, '\\') : NULL;
    char *out = ay_arena_strdup(a, back > slash ? back + 1 : slash ? slash + 1 : file ? file : "");
    size_t n = out ? strlen(out) : 0;

    for (size_t i = 0; i < n; i++)
        if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
            out[i] = '_';
    for (n = n < AY_FILE_MAX ? n : AY_FILE_MAX; n > 0 && !ay_utf8_valid(out, n); n--)
        continue;
    if (out)
        out[n] = '\0';
    return out;
}

static double unknown_of(const ay_classifier_info *info, const ay_prediction *p)
{
    return info->knows_unknown ? p->unknown.score[AY_UNKNOWN_COMBINED] : 0;
}

/* The most likely classes, most likely first; equal ones in the model's order. */
static ay_status fill_top(const ay_classifier_info *info, const ay_prediction *p, ay_arena *a,
                          ay_answer *out, ay_err *err)
{
    int taken[AY_ANSWER_TOP];

    for (out->ntop = 0; out->ntop < AY_ANSWER_TOP && out->ntop < info->classes; out->ntop++) {
        int best = -1;
        for (int c = 0; c < info->classes; c++) {
            bool had = false;
            for (int i = 0; i < out->ntop; i++)
                had |= taken[i] == c;
            if (!had && (best < 0 || p->probabilities[c] > p->probabilities[best]))
                best = c;
        }
        taken[out->ntop] = best;
        out->top[out->ntop].label = ay_arena_strdup(a, info->class_names[best]);
        out->top[out->ntop].probability = p->probabilities[best];
        if (!out->top[out->ntop].label)
            return ay_fail(err, AY_ENOMEM, "a prediction");
    }
    return AY_OK;
}

ay_status ay_answer_fill(const ay_serving *v, const ay_prediction *p, ay_arena *a, ay_answer *out,
                         ay_err *err)
{
    static const char *const names[AY_VERDICTS] = {"success", "low_confidence", "rejected",
                                                   "unknown"};

    out->model = v->model;
    out->model_version = v->version;
    out->model_name = ay_arena_strdup(a, v->name);
    out->model_digest = ay_arena_strdup(a, v->digest);
    out->label = ay_arena_strdup(a, v->info->class_names[p->top]);
    out->probability = p->confidence;
    out->status = names[p->verdict];
    out->unknown = unknown_of(v->info, p);
    if (!out->model_name || !out->model_digest || !out->label)
        return ay_fail(err, AY_ENOMEM, "a prediction");
    return fill_top(v->info, p, a, out, err);
}

static ay_status run(ay_service *s, const ay_serving *v, const ay_image *im, ay_arena *a,
                     ay_answer *out, ay_err *err)
{
    const ay_image *list[] = {im};
    uint64_t begun = ay_clock_mono();
    ay_prediction p;
    ay_status status = s->classifier.run(v->classifier, list, 1, &p, err);

    if (status != AY_OK)
        return status;
    begun = ay_clock_mono() - begun;
    out->network_ms = (double)begun / 1e6;
    s->predictions++;
    s->predict_ns += begun;
    status = ay_answer_fill(v, &p, a, out, err);
    s->classifier.fini(&p);
    return status;
}

static json_t *doubt_json(const ay_doubt *d)
{
    json_t *list = json_array();

    for (int i = 0; i < d->ntop; i++)
        json_array_append_new(list, json_pack("[s, f, f]", d->top[i].label, d->top[i].mean,
                                              d->top[i].spread));
    return json_pack("{s:i, s:f, s:f, s:f, s:o}", "passes", d->passes, "entropy", d->entropy, "most",
                     d->entropy_most, "mutual", d->mutual_information, "top", list);
}

/* [["gear", 0.91], ...] in the arena; {"top": that, "views", "doubt"} where there is more to keep. */
static const char *top_text(const ay_answer *r, ay_arena *a)
{
    json_t *list = json_array();
    const char *out;
    char *text;

    for (int i = 0; i < r->ntop; i++)
        json_array_append_new(list, json_pack("[s, f]", r->top[i].label, r->top[i].probability));
    if (r->views || r->doubt.passes)
        list = json_pack("{s:o, s:i, s:o*}", "top", list, "views", r->views, "doubt",
                         r->doubt.passes ? doubt_json(&r->doubt) : NULL);
    text = ay_json_compact(list);
    out = text ? ay_arena_strdup(a, text) : NULL;
    ay_free(text);
    json_decref(list);
    return out;
}

static ay_status keep(ay_service *s, const void *bytes, size_t n, uint64_t phash, ay_arena *a,
                      ay_answer *r, ay_err *err)
{
    int64_t now = ay_clock_wall();
    ay_store_picture pic = {r->sha256, r->format, r->width, r->height, (int64_t)n, phash, now, 0, NULL};
    ay_store_prediction row = {.at_us = now, .model = r->model, .file = r->file, .label = r->label,
                               .probability = r->probability, .unknown = r->unknown,
                               .status = r->status, .top = top_text(r, a), .batch = r->batch,
                               .decode_us = (int64_t)(r->decode_ms * 1e3),
                               .network_us = (int64_t)(r->network_ms * 1e3),
                               .total_us = (int64_t)(r->total_ms * 1e3)};
    char sha256[AY_SHA256_HEX];
    ay_status status;
    bool fresh;

    if (!row.top)
        return ay_fail(err, AY_ENOMEM, "a prediction");
    pthread_rwlock_rdlock(&s->purging);
    status = ay_blobs_put(s->blobs, bytes, n, sha256, &fresh, err);
    if (status == AY_OK)
        status = ay_store_prediction_add(s->store, &row, &pic, &r->id, err);
    pthread_rwlock_unlock(&s->purging);
    ay_clock_rfc3339(r->at, now);
    return status;
}

static ay_status answer(ay_service *s, const ay_predict_options *o, const ay_serving *v,
                        const void *bytes, size_t n, ay_arena *a, ay_answer *out, ay_err *err)
{
    uint64_t begun = ay_clock_mono(), phash = 0;
    ay_image im;
    ay_status status = ay_image_decode(bytes, n, &s->limits, &im, err);

    if (status != AY_OK)
        return status;
    out->decode_ms = (double)(ay_clock_mono() - begun) / 1e6;
    out->width = im.width;
    out->height = im.height;
    out->format = ay_image_format_name(ay_image_sniff(bytes, n));
    ay_sha256_bytes(bytes, n, out->sha256);
    status = run(s, v, &im, a, out, err);
    if (status == AY_OK && (o->views || o->passes))
        status = ay_reason_ask(s, v, &im, o, a, out, err);
    if (status == AY_OK && o->record)
        phash = ay_image_phash(&im);
    ay_image_fini(&im);
    out->total_ms = (double)(ay_clock_mono() - begun) / 1e6;
    if (status == AY_OK && o->record)
        status = keep(s, bytes, n, phash, a, out, err);
    return status;
}

ay_status ay_predict(ay_service *s, const ay_predict_options *o, const void *bytes, size_t n,
                     const char *file, ay_arena *a, ay_answer *out, ay_err *err)
{
    ay_serving *v;
    ay_status status;

    *out = (ay_answer){.file = clean_name(file, a), .batch = o->batch ? o->batch : ""};
    if (o->record && s->reading_only)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    if (!out->file)
        return ay_fail(err, AY_ENOMEM, "a prediction");
    if (n == 0)
        return ay_fail(err, AY_EINVAL, "the picture is empty (0 bytes)");
    status = ay_serving_hold(s, o->model, &v, err);
    if (status == AY_ECORRUPT || status == AY_EINVAL || status == AY_EUNSUPPORTED)
        return AY_EIO; /* that is said of the model, not of the picture */
    if (status != AY_OK)
        return status;
    status = answer(s, o, v, bytes, n, a, out, err);
    ay_serving_drop(s, v);
    ay_memory_trim(s);
    return status;
}

/* ---- the record */

static ay_status check_status(const char *status, ay_err *err)
{
    static const char *const known[] = {"success", "low_confidence", "rejected", "unknown"};

    if (!status || !*status)
        return AY_OK;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], status) == 0)
            return AY_OK;
    return ay_fail(err, AY_EINVAL,
                   "a status is success, low_confidence, rejected or unknown, not '%.40s'", status);
}

static ay_store_prediction_filter to_store(const ay_answer_filter *f)
{
    return (ay_store_prediction_filter){.model = f->model, .status = f->status, .label = f->label,
                                        .batch = f->batch, .sha256 = f->sha256, .text = f->text,
                                        .since_us = f->since_us, .until_us = f->until_us,
                                        .at_least = f->at_least, .at_most = f->at_most,
                                        .latest = f->latest};
}

static void parse_doubt(const json_t *o, ay_arena *a, ay_doubt *out)
{
    json_t *row;
    size_t i;

    out->passes = (int)json_integer_value(json_object_get(o, "passes"));
    out->entropy = json_number_value(json_object_get(o, "entropy"));
    out->entropy_most = json_number_value(json_object_get(o, "most"));
    out->mutual_information = json_number_value(json_object_get(o, "mutual"));
    json_array_foreach(json_object_get(o, "top"), i, row)
    {
        const char *label = json_string_value(json_array_get(row, 0));
        char *copy = label ? ay_arena_strdup(a, label) : NULL;
        if (!copy || out->ntop == AY_ANSWER_TOP)
            break;
        out->top[out->ntop].label = copy;
        out->top[out->ntop].mean = json_number_value(json_array_get(row, 1));
        out->top[out->ntop++].spread = json_number_value(json_array_get(row, 2));
    }
    out->label = out->ntop ? out->top[0].label : "";
}

static void parse_top(const char *text, ay_arena *a, ay_answer *out)
{
    json_t *root = json_loads(text, 0, NULL), *pair;
    const json_t *list = json_is_object(root) ? json_object_get(root, "top") : root;
    size_t i;

    out->views = (int)json_integer_value(json_object_get(root, "views"));
    parse_doubt(json_object_get(root, "doubt"), a, &out->doubt);
    json_array_foreach((json_t *)list, i, pair)
    {
        const char *label = json_string_value(json_array_get(pair, 0));
        char *copy = label ? ay_arena_strdup(a, label) : NULL;
        if (!copy || out->ntop == AY_ANSWER_TOP)
            break;
        out->top[out->ntop].label = copy;
        out->top[out->ntop++].probability = json_number_value(json_array_get(pair, 1));
    }
    json_decref(root);
}

static void from_store(const ay_store_prediction *p, ay_arena *a, ay_answer *out)
{
    *out = (ay_answer){.id = p->id, .model = p->model, .model_name = p->model_name,
                       .model_digest = p->model_digest, .model_version = p->model_version,
                       .file = p->file, .format = p->format, .width = p->width,
                       .height = p->height, .label = p->label, .status = p->status,
                       .probability = p->probability, .unknown = p->unknown, .batch = p->batch,
                       .decode_ms = (double)p->decode_us / 1e3,
                       .network_ms = (double)p->network_us / 1e3,
                       .total_ms = (double)p->total_us / 1e3};
    snprintf(out->sha256, sizeof out->sha256, "%s", p->sha256);
    ay_clock_rfc3339(out->at, p->at_us);
    parse_top(p->top, a, out);
}

ay_status ay_prediction_get(ay_service *s, int64_t id, ay_arena *a, ay_answer *out, ay_err *err)
{
    ay_store_prediction_filter filter = {.before = id + 1};
    ay_store_prediction *list = NULL;
    size_t n = 0;
    ay_status status = ay_store_prediction_list(s->store, &filter, 1, a, &list, &n, err);

    if (status == AY_OK && (n == 0 || list[0].id != id))
        return ay_fail(err, AY_ENOTFOUND, "no prediction %lld", (long long)id);
    if (status == AY_OK)
        from_store(&list[0], a, out);
    return status;
}

ay_status ay_predictions_list(ay_service *s, const ay_answer_filter *f, const char *cursor,
                              int limit, ay_arena *a, ay_answer **out, size_t *n, const char **next,
                              ay_err *err)
{
    ay_store_prediction_filter filter = to_store(f);
    ay_store_prediction *list = NULL;
    ay_status status = check_status(f->status, err);
    size_t count = 0;

    *n = 0;
    *next = NULL;
    if (status == AY_OK && (limit < 1 || limit > LIST_MOST))
        return ay_fail(err, AY_EINVAL, "a page has 1 to %d predictions, not %d", LIST_MOST, limit);
    if (status == AY_OK && cursor && *cursor && !ay_str_to_long(cursor, 1, INT64_MAX, &filter.before))
        return ay_fail(err, AY_EINVAL, "not a cursor of this list");
    if (status == AY_OK)
        status = ay_store_prediction_list(s->store, &filter, limit + 1, a, &list, &count, err);
    if (status != AY_OK)
        return status;
    *out = ay_arena_alloc(a, (count + 1) * sizeof **out);
    if (count > (size_t)limit) {
        count = (size_t)limit;
        *next = ay_arena_printf(a, "%lld", (long long)list[count - 1].id);
        if (!*next)
            return ay_fail(err, AY_ENOMEM, "listing predictions");
    }
    if (!*out)
        return ay_fail(err, AY_ENOMEM, "listing predictions");
    for (*n = 0; *n < count; (*n)++)
        from_store(&list[*n], a, &(*out)[*n]);
    return AY_OK;
}

static bool restricts(const ay_answer_filter *f)
{
    const char *const words[] = {f->status, f->label, f->batch, f->sha256, f->text};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i] && *words[i])
            return true;
    return f->model || f->since_us || f->until_us || f->at_least > 0 || f->at_most > 0;
}

ay_status ay_predictions_delete(ay_service *s, const ay_answer_filter *f, int64_t id, bool all,
                                int64_t *deleted, ay_err *err)
{
    ay_store_prediction_filter filter = to_store(f);
    ay_status status = check_status(f->status, err);

    *deleted = 0;
    if (status != AY_OK)
        return status;
    if (s->reading_only)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    if (id == 0 && !all && !restricts(f))
        return ay_fail(err, AY_EINVAL, "say which predictions to delete, as until=2026-01-31, or all=true");
    status = ay_store_prediction_delete(s->store, &filter, id, deleted, err);
    if (status == AY_OK && id > 0 && *deleted == 0)
        return ay_fail(err, AY_ENOTFOUND, "no prediction %lld", (long long)id);
    if (status == AY_OK && *deleted > 0)
        ay_keeper_purge(s);
    return status;
}

ay_status ay_predictions_sum(ay_service *s, const ay_answer_filter *f, ay_answer_sums *out,
                             ay_err *err)
{
    ay_store_prediction_filter filter = to_store(f);
    ay_store_prediction_sums sums;
    ay_status status = check_status(f->status, err);

    *out = (ay_answer_sums){0};
    if (status == AY_OK)
        status = ay_store_prediction_sum(s->store, &filter, &sums, err);
    if (status != AY_OK)
        return status;
    *out = (ay_answer_sums){.total = sums.total, .success = sums.success,
                            .low_confidence = sums.low_confidence, .rejected = sums.rejected,
                            .unknown = sums.unknown};
    if (sums.total > 0) {
        out->network_ms = (double)sums.network_us / 1e3 / (double)sums.total;
        out->total_ms = (double)sums.total_us / 1e3 / (double)sums.total;
    }
    return AY_OK;
}
