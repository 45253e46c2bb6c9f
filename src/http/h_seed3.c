/* http/h_seed3.c - the routes of the part classifier, for clients written against it, answered by the
 * active trained model.
 *
 * Paths, field names and meanings are the old ones: status is success, low_confidence or rejected by
 * the model's own thresholds (0.7 and 0.5 unless it was trained otherwise), a rejected prediction is
 * called "UNCERTAIN" and keeps its confidence and top three.  New is the status "unknown" with the
 * prediction "UNKNOWN": a picture that is like nothing the model was shown.
 *
 * The old faults are not repeated: a file's name never becomes a path and overwrites nothing (the
 * picture's address is its SHA-256), batches are recorded like everything else, a bad file is 400, 413,
 * 415 or 422 and a missing model 409, never 200 with an error inside.  In a batch each file still
 * has its own entry, "INVALID_FILE" for one that is no picture. */
#include "http/answers.h"
#include "http/handlers.h"
#include "http/seed4.h"
#include "http/view.h"

#include "base/hash.h"
#include "service/learn/registry.h"
#include "service/library/library.h"

#include <stdio.h>
#include <string.h>

enum { MOST_LISTED = 1000, LIBRARY_PAGE = 200 };

static const char *shown_label(const ay_answer *a)
{
    return strcmp(a->status, "rejected") == 0  ? "UNCERTAIN"
           : strcmp(a->status, "unknown") == 0 ? "UNKNOWN"
                                               : a->label;
}

static bool is_confident(const ay_answer *a)
{
    return strcmp(a->status, "success") == 0;
}

static json_t *version_json(const ay_answer *a)
{
    return json_sprintf("%s-%d", a->model_name, a->model_version);
}

static json_t *top_json(const ay_answer *a)
{
    json_t *list = json_array();

    for (int i = 0; i < a->ntop; i++)
        json_array_append_new(list, json_pack("{s:s, s:o}", "class", a->top[i].label, "confidence",
                                              ay_view_real(a->top[i].probability)));
    return list;
}

static json_t *result_json(const ay_answer *a, bool top)
{
    return json_pack("{s:s, s:s, s:o, s:b, s:s, s:o, s:o, s:o}", "filename", a->file, "prediction",
                     shown_label(a), "confidence", ay_view_real(a->probability), "is_confident",
                     is_confident(a), "status", a->status, "inference_time_ms",
                     ay_view_real(a->network_ms), "model_version", version_json(a),
                     "top_3_predictions", top ? top_json(a) : json_null());
}

static ay_status wants_top(const ay_request *rq, bool *out, ay_err *err)
{
    const char *word = ay_request_query(rq, "return_top_3");

    *out = !word || strcmp(word, "true") == 0 || strcmp(word, "1") == 0;
    if (!*out && strcmp(word, "false") != 0 && strcmp(word, "0") != 0)
        return ay_fail(err, AY_EINVAL, "'return_top_3' must be true or false");
    return AY_OK;
}

ay_status ay_h_s3_upload(ay_request *rq, ay_err *err)
{
    const ay_upload *u;
    ay_answers r = {0};
    bool top;
    ay_status status = wants_top(rq, &top, err);

    if (!status)
        status = ay_request_picture(rq, &u, err);
    if (status)
        return status;
    status = ay_answers_run(&r, rq, &(ay_predict_options){.record = true}, err);
    if (!status && r.items[0].status) {
        status = r.items[0].status;
        *err = r.items[0].err;
    }
    if (!status)
        status = ay_reply_json(rq, 200, result_json(&r.items[0].answer, top), err);
    ay_answers_fini(&r);
    return status;
}

static json_t *invalid_json(const ay_answers_item *it)
{
    return json_pack("{s:s, s:s, s:f, s:b, s:s, s:n, s:n, s:n, s:s}", "filename",
                     it->upload->filename, "prediction", "INVALID_FILE", "confidence", 0.0,
                     "is_confident", 0, "status", "error", "inference_time_ms", "model_version",
                     "top_3_predictions", "detail", it->err.msg);
}

ay_status ay_h_s3_batch(ay_request *rq, ay_err *err)
{
    json_t *list;
    ay_answers r;
    ay_status status = ay_answers_run(&r, rq, &(ay_predict_options){.record = true}, err);

    if (!status) {
        list = json_array();
        for (int i = 0; i < r.n; i++)
            json_array_append_new(list, r.items[i].status ? invalid_json(&r.items[i])
                                                          : result_json(&r.items[i].answer, true));
        status = ay_reply_json(rq, 200,
                               json_pack("{s:o, s:o, s:i, s:i}", "results", list, "total_time_ms",
                                         ay_view_real(r.total_ms), "successful", r.good, "failed",
                                         r.n - r.good),
                               err);
    }
    ay_answers_fini(&r);
    return status;
}

ay_status ay_h_s3_classes(ay_request *rq, ay_err *err)
{
    ay_registered m;
    ay_status status = ay_registry_get(rq->service, 0, &rq->arena, &m, err);
    json_t *list;

    if (status)
        return status;
    list = json_array();
    for (size_t i = 0; i < m.nclasses; i++)
        json_array_append_new(list, json_string(m.classes[i]));
    return ay_reply_json(
        rq, 200, json_pack("{s:I, s:o}", "num_classes", (json_int_t)m.nclasses, "classes", list),
        err);
}

static const char *extension_of(const char *format)
{
    static const char *const pairs[][2] = {{"png", "png"}, {"webp", "webp"}, {"gif", "gif"},
                                           {"bmp", "bmp"}, {"tiff", "tiff"}};

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (strcmp(pairs[i][0], format) == 0)
            return pairs[i][1];
    return "jpg";
}

/* Old clients expect a whole address; the Host header has passed the guard. */
static json_t *url_json(const ay_request *rq, const char *sha256, const char *format)
{
    const char *host = ay_request_header(rq, "Host");

    return json_sprintf("%s%s%s/static/%s.%s", host ? (rq->tls ? "https" : "http") : "", host ? "://" : "",
                        host ? host : "", sha256, extension_of(format));
}

static json_t *image_json(const ay_request *rq, const ay_answer *a)
{
    json_t *url = url_json(rq, a->sha256, a->format);

    return json_pack("{s:o, s:s, s:o, s:o, s:b, s:o}", "url", url, "name", a->file, "prediction",
                     json_sprintf("%s (%.1f%%)", shown_label(a), 100 * a->probability), "score",
                     ay_view_real(a->probability), "is_confident", is_confident(a), "model_version",
                     version_json(a));
}

/* Items of a page of the library's pictures behind those in newest_first. */
static ay_status add_page(ay_request *rq, const char *dataset, const ay_picture *list, size_t n, const json_t *seen,
                          json_t *newest_first, ay_err *err)
{
    const char *sha256[LIBRARY_PAGE] = {0};
    ay_picture_says says[LIBRARY_PAGE];
    ay_status status;

    for (size_t i = 0; i < n; i++)
        sha256[i] = list[i].sha256;
    status = ay_pictures_say(rq->service, dataset, sha256, n, says, err);
    for (size_t i = 0; i < n && !status; i++) {
        json_t *item;
        if (json_object_get(seen, list[i].sha256))
            continue;
        item = json_pack("{s:o, s:s, s:n, s:n, s:b, s:n}", "url", url_json(rq, list[i].sha256, list[i].format),
                         "name", list[i].file, "prediction", "score", "is_confident", 0, "model_version");
        ay_s4_set(item, &list[i], &says[i]);
        if (json_array_append_new(newest_first, item))
            status = ay_fail(err, AY_ENOMEM, "no memory for the answer");
    }
    return status;
}

/* The pictures of the library, oldest first, that no answer above is about.  A page has an arena of its own: a request's is
 * not large enough for a large library. */
static ay_status add_library(ay_request *rq, const char *dataset, const json_t *seen, json_t *out, ay_err *err)
{
    json_t *newest_first = json_array();
    const char *cursor = NULL, *next = NULL;
    char at[64];
    ay_status status = AY_OK;

    do {
        ay_picture *list = NULL;
        ay_arena a;
        size_t n = 0;
        ay_arena_init(&a, 0);
        status = ay_picture_list(rq->service, dataset, NULL, cursor, LIBRARY_PAGE, &a, &list, &n, &next, err);
        if (!status)
            status = add_page(rq, dataset, list, n, seen, newest_first, err);
        cursor = NULL;
        if (!status && next) {
            snprintf(at, sizeof at, "%s", next);
            cursor = at;
        }
        ay_arena_fini(&a);
    } while (!status && cursor);
    for (size_t i = json_array_size(newest_first); !status && i-- > 0;)
        json_array_append(out, json_array_get(newest_first, i));
    json_decref(newest_first);
    return status;
}

/* Both halves of one item: what the classifier said, and what the library (dataset NULL: there is none) knows of the
 * picture. */
static ay_status add_answers(ay_request *rq, const char *dataset, const ay_answer *list, size_t n, json_t *seen,
                             json_t *out, ay_err *err)
{
    for (size_t i = 0; i < n; i++) {
        json_t *item = image_json(rq, &list[i]);
        const char *sha256 = list[i].sha256;
        ay_status status = AY_OK;
        ay_picture_says says;
        ay_picture p;
        if (dataset && ay_picture_get(rq->service, dataset, sha256, &rq->arena, &p, &(ay_err){{0}}) == AY_OK) {
            status = ay_pictures_say(rq->service, dataset, &sha256, 1, &says, err);
            ay_s4_set(item, &p, &says);
        } else {
            ay_s4_unset(item);
        }
        json_object_set_new(seen, sha256, json_true());
        if (json_array_append_new(out, item))
            return ay_fail(err, AY_ENOMEM, "no memory for the answer");
        if (status)
            return status;
    }
    return AY_OK;
}

/* One array for two old systems: answers newest first, then the rest of the library in the order in which it came. */
ay_status ay_h_s3_images(ay_request *rq, ay_err *err)
{
    const char *confident = ay_request_query(rq, "confident_only"), *next = NULL;
    ay_answer_filter f = {.latest = true};
    ay_answer *list = NULL;
    long limit = MOST_LISTED;
    const char *dataset = NULL;
    size_t n = 0;
    json_t *out, *seen;
    ay_status status = ay_request_number(rq, "limit", 1, MOST_LISTED, &limit, err);

    if (confident && strcmp(confident, "true") != 0 && strcmp(confident, "false") != 0)
        return ay_fail(err, AY_EINVAL, "'confident_only' must be true or false");
    f.status = confident && strcmp(confident, "true") == 0 ? "success" : NULL;
    if (!status)
        status = ay_predictions_list(rq->service, &f, NULL, (int)limit, &rq->arena, &list, &n, &next,
                                     err);
    if (!status)
        status = ay_library_look(rq->service, &rq->arena, &dataset, err); /* a question makes none */
    if (status)
        return status;
    out = json_array();
    seen = json_object();
    status = add_answers(rq, dataset, list, n, seen, out, err);
    if (!status && dataset && !f.status)
        status = add_library(rq, dataset, seen, out, err);
    json_decref(seen);
    if (status) {
        json_decref(out);
        return status;
    }
    return ay_reply_json(rq, 200, out, err);
}

ay_status ay_h_s3_stats(ay_request *rq, ay_err *err)
{
    ay_registered m;
    ay_answer_sums sums;
    ay_status status = ay_predictions_sum(rq->service, &(ay_answer_filter){0}, &sums, err);
    bool active = !status && ay_registry_get(rq->service, 0, &rq->arena, &m, &(ay_err){{0}}) == AY_OK;

    if (status)
        return status;
    return ay_reply_json(
        rq, 200,
        json_pack("{s:I, s:I, s:I, s:o, s:o, s:o}", "total_predictions", (json_int_t)sums.total,
                  "confident_predictions", (json_int_t)sums.success, "uncertain_predictions",
                  (json_int_t)(sums.total - sums.success), "confidence_rate",
                  ay_view_real((double)sums.success / (double)(sums.total > 0 ? sums.total : 1)),
                  "avg_inference_time_ms", ay_view_real(sums.network_ms), "model_version",
                  active ? json_sprintf("%s-%d", m.name, m.version) : json_null()),
        err);
}

ay_status ay_h_s3_static(ay_request *rq, ay_err *err)
{
    const char *file = rq->arg[0];
    char sha256[AY_SHA256_HEX];

    snprintf(sha256, sizeof sha256, "%s", file);
    if (!ay_sha256_valid(sha256) || (file[64] && file[64] != '.'))
        return ay_fail(err, AY_ENOTFOUND, "no picture '%.100s'", file);
    return ay_h_send_picture(rq, sha256, err);
}
