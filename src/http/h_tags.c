/* http/h_tags.c - /v1/tags, /v1/albums, /v1/saved, /v1/audit. */
#include "http/h_pictures.h"
#include "http/handlers.h"

#include "base/json.h"
#include "base/str.h"
#include "service/library/tags.h"

#include <string.h>

enum { ALBUM_LIST = 12000 };

/* ---- lists */

/* The stored JSON of a saved search, its parts beside the name. */
static void put_query(json_t *o, const char *query)
{
    json_t *q = json_loads(query, 0, NULL), *filter = json_object_get(q, "filter");
    const char *words = json_string_value(json_object_get(q, "words")), *dataset = json_string_value(json_object_get(q, "dataset"));

    json_object_set_new(o, "dataset", json_string(dataset ? dataset : ""));
    json_object_set_new(o, "words", json_string(words ? words : ""));
    json_object_set_new(o, "filter", filter ? json_incref(filter) : json_object());
    json_decref(q);
}

static json_t *label_json(const ay_label *l, ay_shelf_kind kind)
{
    json_t *o = json_pack("{s:I, s:s, s:o, s:s}", "id", (json_int_t)l->id, "name", l->name, "pictures",
                          l->pictures < 0 ? json_null() : json_integer(l->pictures), "created_at", l->created_at);

    if (kind == AY_SHELF_SAVED)
        put_query(o, l->query);
    else
        json_object_set_new(o, "cover", l->cover ? json_string(l->cover) : json_null());
    return o;
}

static ay_status reply_list(ay_request *rq, ay_shelf_kind kind, ay_err *err)
{
    ay_picture_filter *f = ay_request_alloc(rq, sizeof *f);
    const char *dataset = ay_request_query(rq, "dataset");
    json_t *items;
    ay_label *list;
    size_t n = 0;
    ay_status status = f ? AY_OK : ay_fail(err, AY_ENOMEM, "no memory for the request");

    if (!status && kind == AY_SHELF_TAG)
        status = ay_h_filter_query(rq, f, err);
    if (!status)
        status = kind == AY_SHELF_TAG ? ay_label_tags(rq->service, dataset, f->n ? f : NULL, &rq->arena, &list, &n, err)
                                      : ay_label_list(rq->service, kind, dataset, &rq->arena, &list, &n, err);

    if (status)
        return status;
    items = json_array();
    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(items, label_json(&list[i], kind))) {
            json_decref(items);
            return ay_fail(err, AY_ENOMEM, "no memory for the answer");
        }
    return ay_reply_json(rq, 200, json_pack("{s:o}", "items", items), err);
}

ay_status ay_h_tags(ay_request *rq, ay_err *err)
{
    return reply_list(rq, AY_SHELF_TAG, err);
}

ay_status ay_h_albums(ay_request *rq, ay_err *err)
{
    return reply_list(rq, AY_SHELF_ALBUM, err);
}

ay_status ay_h_saved(ay_request *rq, ay_err *err)
{
    return reply_list(rq, AY_SHELF_SAVED, err);
}

/* ---- changes */

static ay_status need_id(const ay_request *rq, int64_t *out, ay_err *err)
{
    long id;

    if (!ay_str_to_long(rq->arg[0], 1, INT32_MAX, &id))
        return ay_fail(err, AY_ENOTFOUND, "nothing has the id '%.60s'", rq->arg[0]);
    *out = id;
    return AY_OK;
}

/* What a body says of a saved search, as the JSON that is kept; NULL: nothing. */
static ay_status read_query(ay_request *rq, const char **out, ay_err *err)
{
    static const char *const keys[] = {"dataset", "filter", "words"};
    json_t *o = json_object();
    ay_buf text = {0};
    ay_status status = AY_OK;

    for (int i = 0; i < 3; i++)
        if (json_object_get(rq->json, keys[i]))
            json_object_set(o, keys[i], json_object_get(rq->json, keys[i]));
    *out = NULL;
    if (json_object_size(o)) {
        if (ay_json_dump(o, JSON_COMPACT, &text))
            *out = ay_request_strdup(rq, text.data);
        status = *out ? AY_OK : ay_fail(err, AY_ENOMEM, "no memory for the request");
    }
    ay_buf_fini(&text);
    json_decref(o);
    return status;
}

static ay_status reply_label(ay_request *rq, int http, int64_t id, const char *name, const char *undo, ay_err *err)
{
    return ay_reply_json(rq, http, json_pack("{s:I, s:s?, s:s}", "id", (json_int_t)id, "name", name, "undo", undo), err);
}

static ay_status create(ay_request *rq, ay_shelf_kind kind, ay_err *err)
{
    const char *name = ay_request_field(rq, "name"), *query = "";
    char undo[AY_UNDO_SIZE];
    int64_t id = 0;
    ay_status status = name ? AY_OK : ay_fail(err, AY_EINVAL, "'name' is missing, empty, or not text");

    if (!status && kind == AY_SHELF_SAVED)
        status = read_query(rq, &query, err);
    if (!status)
        status = ay_label_create(rq->service, kind, name, query ? query : "{}", &id, undo, err);
    return status ? status : reply_label(rq, 201, id, name, undo, err);
}

/* A tag becomes part of another one, named or by its id. */
static ay_status merge(ay_request *rq, int64_t id, const char *name, ay_err *err)
{
    const json_t *v = json_object_get(rq->json, "into");
    char undo[AY_UNDO_SIZE];
    int64_t into = json_integer_value(v);
    ay_status status = AY_OK;

    if (name)
        return ay_fail(err, AY_EINVAL, "give 'name' or 'into', not both");
    if (json_is_string(v))
        status = ay_label_find(rq->service, AY_SHELF_TAG, json_string_value(v), &into, err);
    else if (!json_is_integer(v))
        status = ay_fail(err, AY_EINVAL, "'into' must be the id or the name of a tag");
    if (!status)
        status = ay_tag_merge(rq->service, id, into, undo, err);
    return status ? status : reply_label(rq, 200, into, NULL, undo, err);
}

/* Some of an album's pictures go before another one, or to the end. */
static ay_status move(ay_request *rq, int64_t id, const char *name, ay_err *err)
{
    const json_t *before = json_object_get(rq->json, "before");
    const char **list = NULL;
    char undo[AY_UNDO_SIZE];
    size_t n = 0;
    ay_status status = ay_h_texts(rq, "move", ALBUM_LIST, &list, &n, err);

    if (!status && (name || json_object_get(rq->json, "order")))
        status = ay_fail(err, AY_EINVAL, "give 'name', 'order' or 'move', not two of them");
    if (!status && before && !json_is_null(before) && !json_is_string(before))
        status = ay_fail(err, AY_EINVAL, "'before' must be the digest of a picture, or null for the end");
    if (!status)
        status = ay_album_move(rq->service, id, list, n, json_string_value(before), undo, err);
    return status ? status : reply_label(rq, 200, id, NULL, undo, err);
}

static ay_status change(ay_request *rq, ay_shelf_kind kind, ay_err *err)
{
    const char *name = ay_request_field(rq, "name"), *query = NULL, **order = NULL;
    char undo[AY_UNDO_SIZE];
    int64_t id = 0;
    size_t n = 0;
    ay_status status = need_id(rq, &id, err);

    if (!status && kind == AY_SHELF_TAG && json_object_get(rq->json, "into"))
        return merge(rq, id, name, err);
    if (!status && kind == AY_SHELF_ALBUM && json_object_get(rq->json, "move"))
        return move(rq, id, name, err);

    if (!status && kind == AY_SHELF_ALBUM)
        status = ay_h_texts(rq, "order", ALBUM_LIST, &order, &n, err);
    if (!status && kind == AY_SHELF_SAVED)
        status = read_query(rq, &query, err);
    if (!status && order && name)
        status = ay_fail(err, AY_EINVAL, "give 'name' or 'order', not both");
    if (!status)
        status = order ? ay_album_order(rq->service, id, order, n, undo, err)
                       : ay_label_change(rq->service, kind, id, name, query, undo, err);
    return status ? status : reply_label(rq, 200, id, name, undo, err);
}

static ay_status throw_away(ay_request *rq, ay_shelf_kind kind, ay_err *err)
{
    char undo[AY_UNDO_SIZE];
    int64_t id = 0;
    ay_status status = need_id(rq, &id, err);

    if (!status)
        status = ay_label_delete(rq->service, kind, id, undo, err);
    return status ? status : ay_reply_json(rq, 200, json_pack("{s:s}", "undo", undo), err);
}

ay_status ay_h_tag_create(ay_request *rq, ay_err *err)
{
    return create(rq, AY_SHELF_TAG, err);
}

ay_status ay_h_tag_change(ay_request *rq, ay_err *err)
{
    return change(rq, AY_SHELF_TAG, err);
}

ay_status ay_h_tag_delete(ay_request *rq, ay_err *err)
{
    return throw_away(rq, AY_SHELF_TAG, err);
}

ay_status ay_h_album_create(ay_request *rq, ay_err *err)
{
    return create(rq, AY_SHELF_ALBUM, err);
}

ay_status ay_h_album_change(ay_request *rq, ay_err *err)
{
    return change(rq, AY_SHELF_ALBUM, err);
}

ay_status ay_h_album_delete(ay_request *rq, ay_err *err)
{
    return throw_away(rq, AY_SHELF_ALBUM, err);
}

ay_status ay_h_saved_create(ay_request *rq, ay_err *err)
{
    return create(rq, AY_SHELF_SAVED, err);
}

ay_status ay_h_saved_change(ay_request *rq, ay_err *err)
{
    return change(rq, AY_SHELF_SAVED, err);
}

ay_status ay_h_saved_delete(ay_request *rq, ay_err *err)
{
    return throw_away(rq, AY_SHELF_SAVED, err);
}

/* ---- the history */

static json_t *told_json(const ay_told *t)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:I, s:o, s:s}", "id", (json_int_t)t->id, "at", t->at, "who", t->who, "code", t->code,
                     "subject", t->subject, "pictures", (json_int_t)t->pictures, "fields", json_loads(t->fields, 0, NULL), "text", t->text);
}

ay_status ay_h_audit(ay_request *rq, ay_err *err)
{
    const char *sha256 = ay_request_query(rq, "sha256"), *next = NULL;
    long limit = 50;
    json_t *items;
    ay_told *list;
    size_t n = 0;
    ay_status status = ay_request_number(rq, "limit", 1, 500, &limit, err);

    if (!status)
        status = ay_told_list(rq->service, sha256 && *sha256 ? sha256 : NULL, ay_request_query(rq, "cursor"), (int)limit, &rq->arena, &list,
                              &n, &next, err);
    if (status)
        return status;
    items = json_array();
    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(items, told_json(&list[i]))) {
            json_decref(items);
            return ay_fail(err, AY_ENOMEM, "no memory for the answer");
        }
    return ay_reply_json(rq, 200, json_pack("{s:o, s:s?}", "items", items, "next", next), err);
}
