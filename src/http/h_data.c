/* http/h_data.c - /v1: data sets, classes, undo. */
#include "http/handlers.h"
#include "http/view.h"

#include "base/str.h"

#include <string.h>

/* A field that must be there. */
static ay_status need(const ay_request *rq, const char *name, const char **out, ay_err *err)
{
    *out = ay_request_field(rq, name);
    return *out ? AY_OK : ay_fail(err, AY_EINVAL, "'%s' is missing, empty, or not text", name);
}

static ay_status class_id(const ay_request *rq, int64_t *out, ay_err *err)
{
    long id;

    if (!ay_str_to_long(rq->arg[0], 1, INT32_MAX, &id))
        return ay_fail(err, AY_ENOTFOUND, "no class with the id '%.60s'", rq->arg[0]);
    *out = id;
    return AY_OK;
}

ay_status ay_h_datasets(ay_request *rq, ay_err *err)
{
    json_t *items = json_array();
    ay_dataset *list;
    size_t n = 0;
    ay_status status = ay_dataset_list(rq->service, &rq->arena, &list, &n, err);

    for (size_t i = 0; i < n && !status; i++)
        if (json_array_append_new(items, ay_view_dataset(&list[i])))
            status = ay_fail(err, AY_ENOMEM, "no memory for the answer");
    if (status) {
        json_decref(items);
        return status;
    }
    return ay_reply_json(rq, 200, json_pack("{s:o}", "items", items), err);
}

static ay_status reply_dataset(ay_request *rq, int http_status, const char *name, ay_err *err)
{
    ay_dataset d;
    ay_status status = ay_dataset_get(rq->service, name, &rq->arena, &d, err);

    return status ? status : ay_reply_json(rq, http_status, ay_view_dataset(&d), err);
}

ay_status ay_h_dataset_create(ay_request *rq, ay_err *err)
{
    const char *name;
    ay_status status = need(rq, "name", &name, err);

    if (!status)
        status = ay_dataset_create(rq->service, name, ay_request_field(rq, "preset"), err);
    return status ? status : reply_dataset(rq, 201, name, err);
}

ay_status ay_h_dataset_get(ay_request *rq, ay_err *err)
{
    return reply_dataset(rq, 200, rq->arg[0], err);
}

ay_status ay_h_dataset_change(ay_request *rq, ay_err *err)
{
    const char *name = rq->arg[0], *to = ay_request_field(rq, "name");
    const json_t *active = json_object_get(rq->json, "active");
    ay_status status = AY_OK;

    if (!to && !active)
        return ay_fail(err, AY_EINVAL, "nothing to change: give 'name' or 'active'");
    if (active && !json_is_true(active))
        return ay_fail(err, AY_EINVAL,
                       "'active' can only be true: another data set takes over by that");
    if (to)
        status = ay_dataset_rename(rq->service, name, to, err);
    if (!status && to)
        name = to;
    if (!status && active)
        status = ay_dataset_activate(rq->service, name, err);
    return status ? status : reply_dataset(rq, 200, name, err);
}

ay_status ay_h_dataset_delete(ay_request *rq, ay_err *err)
{
    char undo[AY_UNDO_SIZE];
    ay_status status = ay_dataset_delete(rq->service, rq->arg[0], undo, err);

    return status ? status : ay_reply_json(rq, 200, json_pack("{s:s}", "undo", undo), err);
}

ay_status ay_h_classes(ay_request *rq, ay_err *err)
{
    json_t *items = json_array();
    const char *dataset;
    ay_class *list;
    size_t n = 0;
    ay_status status = ay_class_list(rq->service, ay_request_query(rq, "dataset"), &rq->arena,
                                     &list, &n, &dataset, err);

    for (size_t i = 0; i < n && !status; i++)
        if (json_array_append_new(items, ay_view_class(&list[i])))
            status = ay_fail(err, AY_ENOMEM, "no memory for the answer");
    if (status) {
        json_decref(items);
        return status;
    }
    return ay_reply_json(rq, 200, json_pack("{s:s, s:o}", "dataset", dataset, "items", items), err);
}

ay_status ay_h_class_create(ay_request *rq, ay_err *err)
{
    const char *name;
    int64_t id = 0;
    ay_status status = need(rq, "name", &name, err);

    if (!status)
        status = ay_class_create(rq->service, ay_request_field(rq, "dataset"), name, &id, err);
    if (status)
        return status;
    return ay_reply_json(rq, 201, json_pack("{s:I, s:s}", "id", (json_int_t)id, "name", name), err);
}

ay_status ay_h_class_change(ay_request *rq, ay_err *err)
{
    const char *name;
    int64_t id = 0;
    ay_status status = class_id(rq, &id, err);

    if (!status)
        status = need(rq, "name", &name, err);
    if (!status)
        status = ay_class_rename(rq->service, id, name, err);
    if (status)
        return status;
    return ay_reply_json(rq, 200, json_pack("{s:I, s:s}", "id", (json_int_t)id, "name", name), err);
}

ay_status ay_h_class_delete(ay_request *rq, ay_err *err)
{
    char undo[AY_UNDO_SIZE];
    int64_t id = 0, images = 0;
    ay_status status = class_id(rq, &id, err);

    if (!status)
        status = ay_class_delete(rq->service, id, undo, &images, err);
    if (status)
        return status;
    return ay_reply_json(rq, 200,
                         json_pack("{s:s, s:I}", "undo", undo, "images", (json_int_t)images), err);
}

ay_status ay_h_undo(ay_request *rq, ay_err *err)
{
    ay_undo_result r;
    ay_status status = ay_service_undo(rq->service, rq->arg[0], &r, err);

    if (status)
        return status;
    return ay_reply_json(rq, 200,
                         json_pack("{s:I, s:I}", "restored", (json_int_t)r.restored, "images",
                                   (json_int_t)r.pictures),
                         err);
}
