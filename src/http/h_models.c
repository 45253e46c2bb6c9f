/* http/h_models.c - /v1: trained models, what they say, the record of it. */
#include "http/answers.h"
#include "http/handlers.h"
#include "http/impl.h"
#include "http/problem.h"
#include "http/view.h"

#include "base/str.h"
#include "service/learn/reason.h"
#include "service/learn/registry.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- models */

ay_status ay_h_models(ay_request *rq, ay_err *err)
{
    json_t *items = json_array(), *active = json_null();
    ay_registered *list;
    size_t n = 0;
    ay_status status = ay_registry_list(rq->service, &rq->arena, &list, &n, err);

    for (size_t i = 0; i < n && !status; i++) {
        if (json_array_append_new(items, ay_view_registered(&list[i], false)))
            status = ay_fail(err, AY_ENOMEM, "no memory for the answer");
        if (list[i].active)
            active = json_integer(list[i].id);
    }
    if (status) {
        json_decref(items);
        return status;
    }
    return ay_reply_json(rq, 200,
                         json_pack("{s:o, s:o, s:o}", "items", items, "active", active, "encoder",
                                   ay_view_model(ay_service_model(rq->service))),
                         err);
}

static ay_status reply_model(ay_request *rq, int64_t id, ay_err *err)
{
    ay_registered m;
    ay_status status = ay_registry_get(rq->service, id, &rq->arena, &m, err);

    return status ? status : ay_reply_json(rq, 200, ay_view_registered(&m, true), err);
}

ay_status ay_h_model_get(ay_request *rq, ay_err *err)
{
    int64_t id = 0;
    ay_status status = ay_registry_find(rq->service, rq->arg[0], &id, err);

    return status ? status : reply_model(rq, id, err);
}

ay_status ay_h_model_delete(ay_request *rq, ay_err *err)
{
    int64_t id = 0;
    ay_status status = ay_registry_find(rq->service, rq->arg[0], &id, err);

    if (!status)
        status = ay_registry_delete(rq->service, id, err);
    if (!status)
        ay_reply_empty(rq, 204);
    return status;
}

ay_status ay_h_model_promote(ay_request *rq, ay_err *err)
{
    int64_t id = 0;
    ay_status status = ay_registry_find(rq->service, rq->arg[0], &id, err);

    if (!status)
        status = ay_registry_promote(rq->service, id, err);
    return status ? status : reply_model(rq, id, err);
}

ay_status ay_h_model_rollback(ay_request *rq, ay_err *err)
{
    int64_t id = 0;
    ay_status status = ay_registry_rollback(rq->service, &id, err);

    return status ? status : reply_model(rq, id, err);
}

ay_status ay_h_model_history(ay_request *rq, ay_err *err)
{
    json_t *items = json_array();
    ay_served *list;
    size_t n = 0;
    long limit = 100;
    ay_status status = ay_request_number(rq, "limit", 1, 1000, &limit, err);

    if (!status)
        status = ay_registry_history(rq->service, (int)limit, &rq->arena, &list, &n, err);
    for (size_t i = 0; i < n && !status; i++)
        json_array_append_new(items, json_pack("{s:s, s:I, s:s, s:i, s:s}", "at", list[i].at, "model",
                                               (json_int_t)list[i].model, "name", list[i].name,
                                               "version", list[i].version, "action",
                                               list[i].action));
    if (status) {
        json_decref(items);
        return status;
    }
    return ay_reply_json(rq, 200, json_pack("{s:o}", "items", items), err);
}

/* A whole page of our own with its style inside: it gets a policy of its own, and no rights. */
ay_status ay_h_model_report(ay_request *rq, ay_err *err)
{
    ay_buf html = {0};
    int64_t id = 0;
    ay_status status = ay_registry_find(rq->service, rq->arg[0], &id, err);

    if (!status)
        status = ay_registry_read(rq->service, id, "report.html", &html, err);
    if (!status)
        status = ay_reply_bytes(rq, 200, "text/html; charset=utf-8", &html, err);
    if (!status)
        ay_reply_header(rq, "Content-Security-Policy",
                        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
                        "frame-ancestors 'none'; sandbox");
    ay_buf_fini(&html);
    return status;
}

/* ---- answers */

static json_t *item_json(const ay_answers_item *it)
{
    if (!it->status)
        return ay_view_answer(&it->answer);
    return json_pack("{s:s, s:{s:i, s:s, s:s}}", "file", it->upload->filename, "error", "status",
                     ay_problem_status(it->status), "code", ay_status_name(it->status), "detail",
                     it->err.msg);
}

static ay_status reply_answers(ay_request *rq, const ay_answers *r, int http, ay_err *err)
{
    json_t *items = json_array();

    if (r->good == 0) {
        json_decref(items);
        *err = r->items[0].err;
        return r->items[0].status;
    }
    for (int i = 0; i < r->n; i++)
        if (json_array_append_new(items, item_json(&r->items[i]))) {
            json_decref(items);
            return ay_fail(err, AY_ENOMEM, "no memory for the answer");
        }
    return ay_reply_json(rq, http,
                         json_pack("{s:o, s:s, s:o}", "items", items, "batch", r->batch, "total_ms",
                                   ay_view_real(r->total_ms)),
                         err);
}

/* tta and mc_dropout, of the form or the address. */
static ay_status slow_questions(const ay_request *rq, ay_predict_options *o, ay_err *err)
{
    const char *views = ay_request_field(rq, "tta"), *passes = ay_request_field(rq, "mc_dropout");
    long n = 0;

    o->views = views && strcmp(views, "true") == 0;
    if (views && !o->views && strcmp(views, "false") != 0)
        return ay_fail(err, AY_EINVAL, "'tta' must be true or false");
    if (passes && !ay_str_to_long(passes, AY_PASSES_LEAST, AY_PASSES_MOST, &n))
        return ay_fail(err, AY_EINVAL, "'mc_dropout' must be a whole number from %d to %d",
                       AY_PASSES_LEAST, AY_PASSES_MOST);
    o->passes = (int)n;
    return AY_OK;
}

static ay_status predict(ay_request *rq, int64_t model, bool record, ay_err *err)
{
    ay_predict_options o = {.model = model, .record = record};
    ay_answers r;
    ay_status status = slow_questions(rq, &o, err);

    if (status)
        return status;
    status = ay_answers_run(&r, rq, &o, err);
    if (!status)
        status = reply_answers(rq, &r, record ? 201 : 200, err);
    ay_answers_fini(&r);
    return status;
}

ay_status ay_h_predictions_add(ay_request *rq, ay_err *err)
{
    return predict(rq, 0, true, err);
}

/* To compare versions: any model, nothing is recorded. */
ay_status ay_h_model_predict(ay_request *rq, ay_err *err)
{
    int64_t id = 0;
    ay_status status = ay_registry_find(rq->service, rq->arg[0], &id, err);

    return status ? status : predict(rq, id, false, err);
}

/* ---- the record */

static ay_status real_query(const ay_request *rq, const char *name, double *out, ay_err *err)
{
    const char *text = ay_request_query(rq, name);
    char *end = NULL;

    if (!text)
        return AY_OK;
    *out = strtod(text, &end);
    if (*text == '\0' || *end || !(*out >= 0 && *out <= 1))
        return ay_fail(err, AY_EINVAL, "'%s' must be a number from 0 to 1", name);
    return AY_OK;
}

/* A deleted model has no name any more, but a number, and its answers are still on record. */
static ay_status model_of(ay_request *rq, const char *word, int64_t *out, ay_err *err)
{
    ay_status status = ay_registry_find(rq->service, word, out, err);
    long number;

    if (status == AY_ENOTFOUND && ay_str_to_long(word, 1, INT64_MAX, &number)) {
        *out = number;
        return AY_OK;
    }
    return status;
}

static ay_status filter_of(ay_request *rq, ay_answer_filter *f, ay_err *err)
{
    const char *model = ay_request_query(rq, "model");
    ay_status status = AY_OK;

    *f = (ay_answer_filter){.status = ay_request_query(rq, "status"),
                            .label = ay_request_query(rq, "label"),
                            .batch = ay_request_query(rq, "batch"),
                            .sha256 = ay_request_query(rq, "sha256"),
                            .text = ay_request_query(rq, "text")};
    if (model && *model)
        status = model_of(rq, model, &f->model, err);
    if (!status)
        status = real_query(rq, "at_least", &f->at_least, err);
    if (!status)
        status = real_query(rq, "at_most", &f->at_most, err);
    if (!status)
        status = ay_request_time("since", ay_request_query(rq, "since"), &f->since_us, err);
    if (!status)
        status = ay_request_time("until", ay_request_query(rq, "until"), &f->until_us, err);
    return status;
}

ay_status ay_h_predictions_list(ay_request *rq, ay_err *err)
{
    json_t *items = json_array();
    const char *next = NULL;
    ay_answer_filter f;
    ay_answer *list = NULL;
    long limit = 50;
    size_t n = 0;
    ay_status status = ay_request_number(rq, "limit", 1, 1000, &limit, err);

    if (!status)
        status = filter_of(rq, &f, err);
    if (!status)
        status = ay_predictions_list(rq->service, &f, ay_request_query(rq, "cursor"), (int)limit,
                                     &rq->arena, &list, &n, &next, err);
    for (size_t i = 0; i < n && !status; i++)
        if (json_array_append_new(items, ay_view_answer(&list[i])))
            status = ay_fail(err, AY_ENOMEM, "no memory for the answer");
    if (status) {
        json_decref(items);
        return status;
    }
    return ay_reply_json(rq, 200, json_pack("{s:o, s:s?}", "items", items, "next", next), err);
}

ay_status ay_h_predictions_delete(ay_request *rq, ay_err *err)
{
    const char *all = ay_request_query(rq, "all");
    bool everything = all && strcmp(all, "true") == 0;
    int64_t deleted = 0;
    ay_answer_filter f;
    ay_status status = filter_of(rq, &f, err);

    if (all && !everything)
        return ay_fail(err, AY_EINVAL, "'all' must be true");
    if (!status)
        status = ay_predictions_delete(rq->service, &f, 0, everything, &deleted, err);
    return status ? status
                  : ay_reply_json(rq, 200, json_pack("{s:I}", "deleted", (json_int_t)deleted), err);
}

ay_status ay_h_predictions_sum(ay_request *rq, ay_err *err)
{
    ay_answer_filter f;
    ay_answer_sums s;
    ay_status status = filter_of(rq, &f, err);

    if (!status)
        status = ay_predictions_sum(rq->service, &f, &s, err);
    if (status)
        return status;
    return ay_reply_json(rq, 200,
                         json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "total",
                                   (json_int_t)s.total, "success", (json_int_t)s.success,
                                   "low_confidence", (json_int_t)s.low_confidence, "rejected",
                                   (json_int_t)s.rejected, "unknown", (json_int_t)s.unknown,
                                   "network_ms", ay_view_real(s.network_ms), "total_ms",
                                   ay_view_real(s.total_ms)),
                         err);
}
