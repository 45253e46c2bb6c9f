/* http/h_pictures.c - /v1/pictures: the pictures of a data set as a list that is filtered, ordered and jumped in. */
#include "http/h_pictures.h"
#include "http/handlers.h"
#include "http/view.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

static json_t *texts(const char *const *list, int n)
{
    json_t *out = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(out, json_string(list[i]));
    return out;
}

static json_t *text_or_null(const char *s)
{
    return *s ? json_string(s) : json_null();
}

json_t *ay_view_shelf_item(const ay_shelf_item *p, const char *dataset)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:b, s:b, s:o, s:i, s:i, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:o}", "sha256", p->sha256,
                     "file", p->file, "class", p->class_name, "class_id", (json_int_t)p->class_id, "unsorted", p->unsorted, "embedded",
                     p->embedded, "tags", texts(p->tags, p->ntags), "width", p->width, "height", p->height, "bytes",
                     (json_int_t)p->bytes, "format", p->format, "added_at", p->added_at, "taken_at", text_or_null(p->taken_at), "camera",
                     text_or_null(p->camera), "thumb", json_sprintf("/v1/images/%s/thumb", p->sha256), "url",
                     json_sprintf("/v1/images/%s/file", p->sha256), "dataset", dataset, "cluster",
                     p->cluster ? json_integer(p->cluster) : json_null());
}

/* Keys of the list that are no filter. */
static bool of_the_list(const char *key)
{
    return strcmp(key, "dataset") == 0 || strcmp(key, "offset") == 0 || strcmp(key, "limit") == 0;
}

ay_status ay_h_filter_query(ay_request *rq, ay_picture_filter *f, ay_err *err)
{
    ay_status status = AY_OK;
    bool known = true;

    for (const ay_kv *kv = rq->query; kv && status == AY_OK; kv = kv->next) {
        if (of_the_list(kv->key))
            continue;
        status = ay_filter_set(f, &rq->arena, kv->key, kv->value, &known, err);
        if (status == AY_OK && !known)
            status = ay_fail(err, AY_EINVAL, "there is no filter '%.60s'", kv->key);
    }
    return status;
}

ay_status ay_h_pictures_list(ay_request *rq, ay_err *err)
{
    ay_picture_filter *f = ay_request_alloc(rq, sizeof *f);
    long offset = 0, limit = 100;
    ay_shelf_part part;
    json_t *items;
    ay_status status = f ? ay_request_number(rq, "limit", 1, AY_SHELF_MOST, &limit, err) : ay_fail(err, AY_ENOMEM, "no memory");

    if (!status)
        status = ay_request_number(rq, "offset", 0, INT32_MAX, &offset, err);
    if (!status)
        status = ay_h_filter_query(rq, f, err);
    if (!status)
        status = ay_shelf_list(rq->service, ay_request_query(rq, "dataset"), f, (size_t)offset, (int)limit, &rq->arena, &part, err);
    if (status)
        return status;
    items = json_array();
    for (size_t i = 0; i < part.n; i++)
        if (json_array_append_new(items, ay_view_shelf_item(&part.items[i], part.dataset))) {
            json_decref(items);
            return ay_fail(err, AY_ENOMEM, "no memory for the answer");
        }
    return ay_reply_json(rq, 200,
                         json_pack("{s:s, s:I, s:I, s:I, s:o}", "dataset", part.dataset, "total", (json_int_t)part.total, "offset",
                                   (json_int_t)part.offset, "changes", (json_int_t)part.changes, "items", items),
                         err);
}

/* ---- what there is to filter by */

static json_t *counts(const ay_shelf_count *list, int n)
{
    json_t *out = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(out, json_pack("{s:s, s:I}", "name", list[i].name, "pictures", (json_int_t)list[i].pictures));
    return out;
}

static json_t *moment(int64_t us)
{
    char text[AY_RFC3339_SIZE];

    if (!us)
        return json_null();
    ay_clock_rfc3339(text, us);
    return json_string(text);
}

ay_status ay_h_pictures_facts(ay_request *rq, ay_err *err)
{
    ay_shelf_facts f;
    ay_status status = ay_shelf_look(rq->service, ay_request_query(rq, "dataset"), &rq->arena, &f, err);

    if (status)
        return status;
    return ay_reply_json(rq, 200,
                         json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "pictures", (json_int_t)f.pictures, "untagged",
                                   (json_int_t)f.untagged, "unsorted", (json_int_t)f.unsorted, "dated", (json_int_t)f.dated, "taken_first",
                                   moment(f.first_us), "taken_last", moment(f.last_us), "cameras", counts(f.cameras, f.ncameras),
                                   "formats", counts(f.formats, f.nformats)),
                         err);
}
