/* http/h_encoders.c - /v1: encoders: which there are, bringing one here, using it. */
#include "http/handlers.h"
#include "http/view.h"

#include "service/encoders/encoders.h"
#include "service/memory.h"

static json_t *number_or_null(int64_t v)
{
    return v ? json_integer(v) : json_null();
}

static json_t *view(const ay_encoder_row *r)
{
    return json_pack("{s:s, s:s, s:s?, s:b, s:b, s:o, s:b, s:b, s:o, s:b, s:o}", "name", r->name, "title", r->title,
                     "licence", *r->licence ? r->licence : NULL, "commercial", r->commercial, "needs_acceptance",
                     r->needs_acceptance, "bytes", number_or_null(r->bytes), "cached", r->cached, "words", r->words,
                     "dim", number_or_null(r->dim), "serving", r->serving, "job", number_or_null(r->job));
}

ay_status ay_h_encoders(ay_request *rq, ay_err *err)
{
    ay_encoder_row *rows = NULL;
    ay_memory_use use;
    size_t n = 0;
    ay_status status = ay_encoders_list(rq->service, &rq->arena, &rows, &n, err);
    json_t *list;

    if (status)
        return status;
    list = json_array();
    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(list, view(&rows[i]))) {
            json_decref(list);
            return ay_fail(err, AY_ENOMEM, "no memory for the answer");
        }
    ay_memory_look(rq->service, &use);
    return ay_reply_json(rq, 200,
                         json_pack("{s:o, s:{s:o, s:o}}", "encoders", list, "memory", "budget",
                                   number_or_null((int64_t)use.budget), "used", number_or_null((int64_t)use.used)),
                         err);
}

static ay_status reply_job(ay_request *rq, int64_t id, ay_err *err)
{
    ay_job j;
    ay_status status = ay_service_job(rq->service, id, &rq->arena, &j, err);

    return status ? status : ay_reply_json(rq, 202, ay_view_job_whole(&j, 0), err);
}

ay_status ay_h_encoder_pull(ay_request *rq, ay_err *err)
{
    const json_t *accept = json_object_get(rq->json, "accept_licence");
    int64_t id = 0;
    ay_status status;

    if (accept && !json_is_boolean(accept) && !json_is_null(accept))
        return ay_fail(err, AY_EINVAL, "'accept_licence' must be true or false");
    status = ay_encoder_pull(rq->service, rq->arg[0], json_is_true(accept), &id, err);
    return status ? status : reply_job(rq, id, err);
}

ay_status ay_h_encoder_use(ay_request *rq, ay_err *err)
{
    int64_t id = 0;
    ay_status status = ay_encoder_use(rq->service, rq->arg[0], &id, err);

    if (status == AY_EUNSUPPORTED)
        return AY_ECONFLICT; /* of the program, not of what was sent */
    return status ? status : reply_job(rq, id, err);
}
