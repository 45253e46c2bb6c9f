/* http/h_inspect.c - POST /v1/inspect: do these pictures match their golden samples?
 *
 * Pictures with coded names say themselves what they show and under which light; those of one component at one moment are one question
 * (inspect/ask.h).  A picture that cannot be asked about is told in `refused`, and stops no other. */
#include "http/handlers.h"
#include "http/impl.h"

#include "service/inspect/modules.h"

static uint64_t enter(void *ctx, const void *bytes, size_t n)
{
    return ay_gate_enter(ctx, bytes, n);
}

static void leave(void *ctx, uint64_t pixels)
{
    ay_gate_leave(ctx, pixels);
}

ay_status ay_h_inspect(ay_request *rq, ay_err *err)
{
    ay_inspect_upload *list = ay_request_alloc(rq, (size_t)(rq->upload_count + 1) * sizeof *list);
    ay_inspect_gate gate = {&rq->server->gate, enter, leave};
    json_t *answer = NULL;
    ay_status status;

    if (!list)
        return ay_fail(err, AY_ENOMEM, "reading pictures");
    for (int i = 0; i < rq->upload_count; i++) {
        const ay_upload *u = &rq->uploads[i];
        list[i] = (ay_inspect_upload){u->filename, u->data.data, u->data.len, u->too_large};
    }
    status = ay_inspect_uploads(rq->service, ay_request_query(rq, "task"), ay_request_field(rq, "product"), ay_request_field(rq, "component"),
                                list, rq->upload_count, &gate, &answer, err);
    return status ? status : ay_reply_json(rq, 200, answer, err);
}
