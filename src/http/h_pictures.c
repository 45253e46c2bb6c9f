/* http/h_pictures.c - /v1/pictures: the pictures of a data set as a list that is filtered, ordered and jumped in. */
#include "http/h_pictures.h"
#include "http/handlers.h"
#include "http/view.h"

#include "base/str.h"
#include "service/library/change.h"
#include "service/library/library.h"
#include "service/library/opinions.h"

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

static json_t *opinion_json(const ay_shelf_item *p)
{
    return p->predicted ? json_pack("{s:s, s:o, s:o, s:s, s:I}", "class", p->predicted, "score", ay_view_real(p->score), "margin",
                                    ay_view_real(p->margin), "status", p->verdict, "model", (json_int_t)p->model)
                        : json_null();
}

json_t *ay_view_shelf_item(const ay_shelf_item *p, const char *dataset)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:b, s:b, s:o, s:i, s:i, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:o}", "sha256", p->sha256,
                     "file", p->file, "class", p->class_name, "class_id", (json_int_t)p->class_id, "unsorted", p->unsorted, "embedded",
                     p->embedded, "tags", texts(p->tags, p->ntags), "width", p->width, "height", p->height, "bytes",
                     (json_int_t)p->bytes, "format", p->format, "added_at", p->added_at, "taken_at", text_or_null(p->taken_at), "camera",
                     text_or_null(p->camera), "thumb", json_sprintf("/v1/images/%s/thumb", p->sha256), "url",
                     json_sprintf("/v1/images/%s/file", p->sha256), "dataset", dataset, "cluster",
                     p->cluster ? json_integer(p->cluster) : json_null(), "opinion", opinion_json(p));
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

json_t *ay_view_shelf_part(const ay_shelf_part *part)
{
    json_t *items = json_array();

    for (size_t i = 0; i < part->n; i++)
        if (json_array_append_new(items, ay_view_shelf_item(&part->items[i], part->dataset))) {
            json_decref(items);
            return NULL;
        }
    return json_pack("{s:s, s:I, s:I, s:I, s:o}", "dataset", part->dataset, "total", (json_int_t)part->total, "offset",
                     (json_int_t)part->offset, "changes", (json_int_t)part->changes, "items", items);
}

ay_status ay_h_pictures_list(ay_request *rq, ay_err *err)
{
    ay_picture_filter *f = ay_request_alloc(rq, sizeof *f);
    long offset = 0, limit = 100;
    ay_shelf_part part;
    ay_status status = f ? ay_request_number(rq, "limit", 1, AY_SHELF_MOST, &limit, err) : ay_fail(err, AY_ENOMEM, "no memory");

    if (!status)
        status = ay_request_number(rq, "offset", 0, INT32_MAX, &offset, err);
    if (!status)
        status = ay_h_filter_query(rq, f, err);
    if (!status)
        status = ay_shelf_list(rq->service, ay_request_query(rq, "dataset"), f, (size_t)offset, (int)limit, &rq->arena, &part, err);
    return status ? status : ay_reply_json(rq, 200, ay_view_shelf_part(&part), err);
}

ay_status ay_h_picture_get(ay_request *rq, ay_err *err)
{
    ay_shelf_item item;
    ay_status status = ay_shelf_get(rq->service, ay_request_query(rq, "dataset"), rq->arg[0], &rq->arena, &item, err);

    return status ? status : ay_reply_json(rq, 200, ay_view_shelf_item(&item, item.dataset), err);
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

/* ---- what a trained model says of them */

static json_t *opinion_counts(const ay_opinions_state *now)
{
    json_t *out = json_array();

    for (int i = 0; i < now->nclasses; i++)
        json_array_append_new(out, json_pack("{s:s, s:I}", "name", now->classes[i].name, "pictures", (json_int_t)now->classes[i].pictures));
    return out;
}

ay_status ay_h_opinions(ay_request *rq, ay_err *err)
{
    ay_opinions_state now;
    json_t *model;
    ay_status status =
        ay_opinions_look(rq->service, ay_request_query(rq, "dataset"), ay_request_query(rq, "model"), &rq->arena, &now, err);

    if (status)
        return status;
    model = now.model ? json_pack("{s:I, s:s, s:i, s:b}", "id", (json_int_t)now.model, "name", now.name, "version", now.version, "active", now.active)
                      : json_null();
    return ay_reply_json(rq, 200,
                         json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:o}", "dataset", now.dataset, "model", model, "pictures",
                                   (json_int_t)now.pictures, "known", (json_int_t)now.known, "unlike", (json_int_t)now.unlike, "unread",
                                   (json_int_t)now.unread, "classes", opinion_counts(&now), "job", now.job ? json_integer(now.job) : json_null()),
                         err);
}

/* ---- changes of many */

ay_status ay_h_texts(ay_request *rq, const char *name, size_t most, const char ***out, size_t *n, ay_err *err)
{
    const json_t *v = json_object_get(rq->json, name);

    *n = 0;
    *out = NULL;
    if (!v || json_is_null(v))
        return AY_OK;
    if (!json_is_array(v))
        return ay_fail(err, AY_EINVAL, "'%s' must be a list of texts", name);
    if (json_array_size(v) > most)
        return ay_fail(err, AY_ELIMIT, "'%s' has %zu entries; at most %zu", name, json_array_size(v), most);
    *out = ay_request_alloc(rq, (json_array_size(v) + 1) * sizeof **out);
    if (!*out)
        return ay_fail(err, AY_ENOMEM, "no memory for the request");
    for (; *n < json_array_size(v); (*n)++)
        if (!((*out)[*n] = json_string_value(json_array_get(v, *n))))
            return ay_fail(err, AY_EINVAL, "'%s': number %zu is not a text", name, *n + 1);
    return AY_OK;
}

/* The keys of a body, so that a mistyped one is not a change that silently does less. */
static ay_status only_keys(const json_t *body, const char *const *keys, ay_err *err)
{
    const char *key;
    json_t *v;

    if (!json_is_object(body))
        return ay_fail(err, AY_EINVAL, "the body must be a JSON object");
    json_object_foreach((json_t *)(uintptr_t)body, key, v) {
        int i = 0;
        while (keys[i] && strcmp(keys[i], key) != 0)
            i++;
        if (!keys[i])
            return ay_fail(err, AY_EINVAL, "'%.60s' is nothing that can be given here", key);
    }
    return AY_OK;
}

enum { PICTURES_MOST = 200000 };

static ay_status read_which(ay_request *rq, ay_which *w, ay_err *err)
{
    const json_t *filter = json_object_get(rq->json, "filter");
    ay_picture_filter *f;
    const char **list, **except = NULL;
    ay_status status = ay_h_texts(rq, "sha256", PICTURES_MOST, &list, &w->n, err);

    if (!status)
        status = ay_h_texts(rq, "except", PICTURES_MOST, &except, &w->nexcept, err);
    w->sha256 = list;
    w->except = except;
    w->dataset = ay_request_field(rq, "dataset");
    if (!status && except && (!filter || json_is_null(filter)))
        return ay_fail(err, AY_EINVAL, "'except' needs a 'filter' from which it takes");
    if (status || !filter || json_is_null(filter))
        return status;
    if (list)
        return ay_fail(err, AY_EINVAL, "give 'sha256' or 'filter', not both");
    f = ay_request_alloc(rq, sizeof *f);
    if (!f)
        return ay_fail(err, AY_ENOMEM, "no memory for the request");
    w->filter = f;
    return ay_filter_json(f, &rq->arena, filter, err);
}

static ay_status read_tags(ay_request *rq, const char *name, const char **out, int *n, ay_err *err)
{
    const char **list;
    size_t count;
    ay_status status = ay_h_texts(rq, name, AY_CHANGE_TAGS, &list, &count, err);

    for (size_t i = 0; i < count && !status; i++)
        out[(*n)++] = list[i];
    return status;
}

json_t *ay_view_changed(const ay_changed *c)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "pictures", (json_int_t)c->pictures, "missing",
                     (json_int_t)c->missing, "changed", (json_int_t)c->changed, "tagged", (json_int_t)c->tagged, "untagged",
                     (json_int_t)c->untagged, "moved", (json_int_t)c->moved, "album_added", (json_int_t)c->put, "album_removed",
                     (json_int_t)c->taken, "deleted", (json_int_t)c->trashed, "added", (json_int_t)c->added, "undo",
                     text_or_null(c->undo));
}

static const char *number_text(ay_request *rq, const json_t *v)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)json_integer_value(v));
    return ay_request_strdup(rq, text);
}

ay_status ay_h_opinions_ask(ay_request *rq, ay_err *err)
{
    static const char *const keys[] = {"dataset", "model", "again", NULL};
    const json_t *again = json_object_get(rq->json, "again"), *model = json_object_get(rq->json, "model");
    int64_t id = 0;
    ay_job job;
    ay_status status = only_keys(rq->json, keys, err);

    if (!status && again && !json_is_boolean(again))
        status = ay_fail(err, AY_EINVAL, "'again' must be true or false");
    if (!status)
        status = ay_opinions_ask(rq->service, ay_request_field(rq, "dataset"),
                                 json_is_integer(model) ? number_text(rq, model) : ay_request_field(rq, "model"), json_is_true(again), &id, err);
    if (!status)
        status = ay_service_job(rq->service, id, &rq->arena, &job, err);
    return status ? status : ay_reply_json(rq, 202, ay_view_job_whole(&job, 0), err);
}

ay_status ay_h_pictures_change(ay_request *rq, ay_err *err)
{
    static const char *const keys[] = {"dataset", "sha256", "filter", "add_tags", "remove_tags", "class", "album_add", "album_remove",
                                       "delete", "except", NULL};
    ay_change_of_pictures c = {.nadd = 0};
    const json_t *trash = json_object_get(rq->json, "delete");
    const json_t *klass = json_object_get(rq->json, "class");
    ay_which w = {.n = 0};
    ay_changed out;
    ay_status status = only_keys(rq->json, keys, err);

    if (!status)
        status = read_which(rq, &w, err);
    if (!status)
        status = read_tags(rq, "add_tags", c.add, &c.nadd, err);
    if (!status)
        status = read_tags(rq, "remove_tags", c.remove, &c.nremove, err);
    if (!status && trash && !json_is_boolean(trash))
        status = ay_fail(err, AY_EINVAL, "'delete' must be true or false");
    if (status)
        return status;
    c.klass = json_is_integer(klass) ? number_text(rq, klass) : ay_request_field(rq, "class");
    c.album_add = ay_request_field(rq, "album_add");
    c.album_remove = ay_request_field(rq, "album_remove");
    c.trash = json_is_true(trash);
    status = ay_change_pictures(rq->service, &w, &c, &rq->arena, &out, err);
    return status ? status : ay_reply_json(rq, 200, ay_view_changed(&out), err);
}

ay_status ay_h_pictures_teach(ay_request *rq, ay_err *err)
{
    static const char *const keys[] = {"dataset", "sha256", "filter", "except", "to", NULL};
    const json_t *to = json_object_get(rq->json, "to");
    const char *dataset = json_string_value(json_object_get(to, "dataset")), *klass = json_string_value(json_object_get(to, "class"));
    ay_which w = {.n = 0};
    ay_changed out;
    ay_status status = only_keys(rq->json, keys, err);

    if (!status && (!dataset || !*dataset || !klass || !*klass))
        status = ay_fail(err, AY_EINVAL, "'to' must be an object with 'dataset' and 'class'");
    if (!status)
        status = read_which(rq, &w, err);
    if (!status)
        status = ay_change_teach(rq->service, &w, dataset, klass, &rq->arena, &out, err);
    return status ? status : ay_reply_json(rq, 200, ay_view_changed(&out), err);
}
