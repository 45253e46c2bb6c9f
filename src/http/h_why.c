/* http/h_why.c - /v1: one answer of the record: read, delete, where the network looked, its doubt.
 *
 * Explaining is slow and admitted a few at a time (service/learn/reason.h): who comes when it is full gets 503
 * with Retry-After at once, so that these requests never fill the workers that answer. */
#include "http/handlers.h"
#include "http/impl.h"
#include "http/view.h"

#include "base/str.h"
#include "service/learn/reason.h"

#include <stdio.h>
#include <string.h>

static ay_status stored(ay_request *rq, ay_answer *out, ay_err *err)
{
    long id;

    if (!ay_str_to_long(rq->arg[0], 1, INT64_MAX - 1, &id))
        return ay_fail(err, AY_ENOTFOUND, "no prediction '%.60s'", rq->arg[0]);
    return ay_prediction_get(rq->service, id, &rq->arena, out, err);
}

ay_status ay_h_prediction_get(ay_request *rq, ay_err *err)
{
    ay_answer a;
    ay_status status = stored(rq, &a, err);

    return status ? status : ay_reply_json(rq, 200, ay_view_answer(&a), err);
}

ay_status ay_h_prediction_delete(ay_request *rq, ay_err *err)
{
    int64_t deleted;
    ay_answer a;
    ay_status status = stored(rq, &a, err);

    if (!status)
        status = ay_predictions_delete(rq->service, &(ay_answer_filter){0}, a.id, false, &deleted, err);
    if (!status)
        ay_reply_empty(rq, 204);
    return status;
}

/* The same picture, model and class have the same map: whoever has it is told so without work. */
static bool have_it(ay_request *rq, const ay_answer *a, const char *label)
{
    char digest[AY_SHA256_HEX], etag[AY_SHA256_HEX + 2];
    ay_sha256 h;

    ay_sha256_init(&h);
    ay_sha256_add(&h, a->sha256, sizeof a->sha256);
    ay_sha256_add(&h, a->model_digest, strlen(a->model_digest) + 1);
    ay_sha256_add(&h, label, strlen(label));
    ay_sha256_hex(&h, digest);
    snprintf(etag, sizeof etag, "\"%.32s\"", digest);
    ay_reply_header(rq, "Cache-Control", "private, max-age=3600");
    return ay_reply_unchanged(rq, etag);
}

ay_status ay_h_prediction_heat(ay_request *rq, ay_err *err)
{
    const char *label = ay_request_query(rq, "label");
    ay_buf png = {0};
    ay_answer a;
    ay_status status = stored(rq, &a, err);

    if (status || have_it(rq, &a, label && *label ? label : a.label))
        return status;
    status = ay_reason_heat(rq->service, &a, label, &png, err);
    if (!status)
        status = ay_reply_bytes(rq, 200, "image/png", &png, err);
    ay_buf_fini(&png);
    return status;
}

ay_status ay_h_prediction_doubt(ay_request *rq, ay_err *err)
{
    long passes = AY_PASSES_USUAL;
    ay_second_look look;
    ay_answer a;
    ay_status status = stored(rq, &a, err);

    if (!status)
        status = ay_request_number(rq, "passes", AY_PASSES_LEAST, AY_PASSES_MOST, &passes, err);
    if (!status)
        status = ay_reason_look(rq->service, &a, (int)passes, &rq->arena, &look, err);
    if (status)
        return status;
    return ay_reply_json(
        rq, 200,
        json_pack("{s:I, s:o, s:{s:i, s:s, s:o, s:s, s:o}}", "id", (json_int_t)a.id, "dropout",
                  look.doubt.passes ? ay_view_doubt(&look.doubt) : json_null(), "views", "count",
                  look.views.views, "label", look.views.label, "probability",
                  ay_view_real(look.views.probability), "status", look.views.status, "top",
                  ay_view_top(&look.views)),
        err);
}
