#include "http/view.h"

json_t *ay_view_job(const ay_job *j)
{
    return json_pack("{s:I, s:s, s:s, s:I, s:I, s:s, s:s, s:s?}", "id", (json_int_t)j->id, "kind",
                     j->kind, "state", ay_job_state_name(j->state), "done", (json_int_t)j->done,
                     "total", (json_int_t)j->total, "message", j->message, "started_at", j->started,
                     "ended_at", j->ended[0] ? j->ended : NULL);
}
