/* http/h_scan.c - /v1: predict, suspects, jobs, events. */
#include "http/handlers.h"
#include "http/impl.h"
#include "http/view.h"

#include "base/str.h"

static ay_status scan_options(ay_request *rq, ay_scan_options *o, ay_err *err)
{
    const char *top = ay_request_field(rq, "top");
    long n = 3;

    if (top && !ay_str_to_long(top, 1, 50, &n))
        return ay_fail(err, AY_EINVAL, "'top' must be a whole number from 1 to 50");
    *o = (ay_scan_options){.dataset = ay_request_field(rq, "dataset"),
                           .method = ay_request_field(rq, "method"),
                           .top = (int)n};
    return AY_OK;
}

ay_status ay_h_scan_upload(ay_request *rq, ay_decision *out, ay_err *err)
{
    const ay_upload *u;
    ay_scan_options o;
    uint64_t pixels;
    ay_status status = ay_request_picture(rq, &u, err);

    if (!status)
        status = scan_options(rq, &o, err);
    if (status)
        return status;
    pixels = ay_gate_enter(&rq->server->gate, u->data.data, u->data.len);
    status = ay_scan_bytes(rq->service, u->data.data, u->data.len, &o, &rq->arena, out, err);
    ay_gate_leave(&rq->server->gate, pixels);
    return status;
}

ay_status ay_h_predict(ay_request *rq, ay_err *err)
{
    ay_decision d;
    ay_status status = ay_h_scan_upload(rq, &d, err);

    if (status)
        return status;
    return ay_reply_json(rq, 200, ay_view_decision(&d, d.model), err);
}

ay_status ay_h_suspects(ay_request *rq, ay_err *err)
{
    ay_suspects s;
    long limit = 100;
    ay_status status = ay_request_number(rq, "limit", 1, 1000, &limit, err);

    if (!status)
        status = ay_suspects_find(rq->service, ay_request_query(rq, "dataset"), (int)limit,
                                  &rq->arena, &s, err);
    return status ? status : ay_reply_json(rq, 200, ay_view_suspects(&s), err);
}

ay_status ay_h_jobs(ay_request *rq, ay_err *err)
{
    json_t *items = json_array();
    ay_job *list;
    size_t n = 0;
    ay_status status = ay_service_jobs(rq->service, &rq->arena, &list, &n, err);

    for (size_t i = 0; i < n && !status; i++)
        if (json_array_append_new(items, ay_view_job(&list[i])))
            status = ay_fail(err, AY_ENOMEM, "no memory for the answer");
    if (status) {
        json_decref(items);
        return status;
    }
    return ay_reply_json(rq, 200, json_pack("{s:o}", "items", items), err);
}

ay_status ay_h_job_cancel(ay_request *rq, ay_err *err)
{
    long id;
    ay_status status = ay_str_to_long(rq->arg[0], 1, INT32_MAX, &id)
                           ? ay_service_job_cancel(rq->service, id, err)
                           : ay_fail(err, AY_ENOTFOUND, "no job '%.60s'", rq->arg[0]);

    if (!status)
        ay_reply_empty(rq, 204);
    return status;
}

ay_status ay_h_events(ay_request *rq, ay_err *err)
{
    (void)err;
    ay_reply_events(rq);
    return AY_OK;
}
