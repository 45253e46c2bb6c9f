/* http/h_train.c - /v1: trainings, and jobs one by one. */
#include "http/handlers.h"
#include "http/impl.h"
#include "http/view.h"

#include "base/str.h"
#include "service/dataset.h"
#include "service/learn/training.h"

#include <string.h>

static ay_status job_id(const ay_request *rq, int64_t *out, ay_err *err)
{
    long id;

    if (!ay_str_to_long(rq->arg[0], 1, INT32_MAX, &id))
        return ay_fail(err, AY_ENOTFOUND, "no job '%.60s'", rq->arg[0]);
    *out = id;
    return AY_OK;
}

/* The job with its curve from point `from` on: who follows asks for what is new. */
static ay_status reply_job(ay_request *rq, int http, int64_t id, long from, ay_err *err)
{
    ay_job j;
    ay_status status = ay_service_job(rq->service, id, &rq->arena, &j, err);

    return status ? status : ay_reply_json(rq, http, ay_view_job_whole(&j, (size_t)from), err);
}

ay_status ay_h_job_get(ay_request *rq, ay_err *err)
{
    int64_t id = 0;
    long from = 0;
    ay_status status = job_id(rq, &id, err);

    if (!status)
        status = ay_request_number(rq, "from", 0, INT32_MAX, &from, err);
    return status ? status : reply_job(rq, 200, id, from, err);
}

ay_status ay_h_job_stop(ay_request *rq, ay_err *err)
{
    int64_t id = 0;
    ay_status status = job_id(rq, &id, err);

    if (!status)
        status = ay_service_job_cancel(rq->service, id, err);
    return status ? status : reply_job(rq, 200, id, 0, err);
}

ay_status ay_h_job_resume(ay_request *rq, ay_err *err)
{
    int64_t id = 0;
    ay_status status = job_id(rq, &id, err);

    if (!status)
        status = ay_service_job_resume(rq->service, id, err);
    return status ? status : reply_job(rq, 202, id, 0, err);
}

ay_status ay_h_job_events(ay_request *rq, ay_err *err)
{
    int64_t id = 0;
    ay_job j;
    ay_status status = job_id(rq, &id, err);

    if (!status)
        status = ay_service_job(rq->service, id, &rq->arena, &j, err);
    if (!status)
        ay_reply_job_events(rq, id);
    return status;
}

/* true, false or absent. */
static ay_status promote_of(const json_t *body, int *out, ay_err *err)
{
    const json_t *v = json_object_get(body, "promote");

    *out = !v || json_is_null(v) ? 0 : json_is_true(v) ? 1 : -1;
    if (v && !json_is_null(v) && !json_is_boolean(v))
        return ay_fail(err, AY_EINVAL, "'promote' must be true or false");
    return AY_OK;
}

ay_status ay_h_train(ay_request *rq, ay_err *err)
{
    const json_t *settings = json_object_get(rq->json, "settings");
    ay_training t = {.name = ay_request_field(rq, "name"),
                     .dataset = ay_request_field(rq, "dataset"),
                     .folder = ay_request_field(rq, "folder"),
                     .settings = settings};
    int64_t id = 0;
    ay_status status = promote_of(rq->json, &t.promote, err);

    if (!status && settings && !json_is_object(settings))
        status = ay_fail(err, AY_EINVAL, "'settings' must be an object, as {\"training.epochs\": 5}");
    if (!status)
        status = ay_training_start(rq->service, &t, &id, err);
    if (status == AY_EUNSUPPORTED)
        return ay_fail(err, AY_ECONFLICT, "this server does not train");
    return status ? status : reply_job(rq, 202, id, 0, err);
}

ay_status ay_h_train_sources(ay_request *rq, ay_err *err)
{
    json_t *sets = json_array(), *folders = json_array();
    const char **names = NULL;
    ay_dataset *list = NULL;
    size_t n = 0, count = 0;
    ay_status status = ay_dataset_list(rq->service, &rq->arena, &list, &n, err);

    if (!status)
        status = ay_training_folders(rq->service, &rq->arena, &names, &count, err);
    for (size_t i = 0; i < n && !status; i++)
        json_array_append_new(sets, ay_view_dataset(&list[i]));
    for (size_t i = 0; i < count && !status; i++)
        json_array_append_new(folders, json_string(names[i]));
    if (status) {
        json_decref(sets);
        json_decref(folders);
        return status;
    }
    return ay_reply_json(rq, 200, json_pack("{s:o, s:o}", "datasets", sets, "folders", folders),
                         err);
}
