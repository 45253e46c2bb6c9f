/* http/h_duplicates.c - /v1/duplicates: pictures that are there more than once, and what a person decides about them. */
#include "http/h_pictures.h"
#include "http/handlers.h"
#include "http/view.h"

#include "base/str.h"
#include "service/library/duplicates.h"
#include "service/library/shelf.h"

#include <stdio.h>
#include <string.h>

enum { GROUPS_MOST = 10000, NAMES_MOST = 10000, USUAL = 30 };

/* ---- what is told */

static json_t *reasons(unsigned why)
{
    json_t *list = json_array();

    for (int i = 0; i < AY_KEEP_REASONS; i++)
        if (why >> i & 1)
            json_array_append_new(list, json_string(ay_keep_name(i)));
    return list;
}

/* As /v1/pictures tells it, and its part in the group; NULL: it went meanwhile. */
static json_t *view_picture(ay_request *rq, const char *dataset, const ay_duplicate *p)
{
    ay_shelf_item item;
    json_t *o, *elsewhere;
    ay_err err;

    if (ay_shelf_get(rq->service, dataset, p->sha256, &rq->arena, &item, &err) != AY_OK)
        return NULL;
    o = ay_view_shelf_item(&item, dataset);
    elsewhere = json_array();
    for (size_t i = 0; i < p->nelsewhere; i++)
        json_array_append_new(elsewhere, json_pack("{s:s, s:s}", "dataset", p->elsewhere[i].dataset, "class", p->elsewhere[i].klass));
    json_object_set_new(o, "keep", json_boolean(p->keep));
    json_object_set_new(o, "why", reasons(p->why));
    json_object_set_new(o, "orientation", json_integer(p->orientation));
    json_object_set_new(o, "cropped", json_boolean(p->cropped));
    json_object_set_new(o, "elsewhere", elsewhere);
    return o;
}

static json_t *view_group(ay_request *rq, const char *dataset, const ay_duplicate_group *g)
{
    json_t *pictures = json_array();

    for (size_t i = 0; i < g->n; i++) {
        json_t *one = view_picture(rq, dataset, &g->picture[i]);
        if (one)
            json_array_append_new(pictures, one);
    }
    return json_pack("{s:s, s:s, s:o, s:I, s:o}", "id", g->id, "tier", ay_tier_name(g->tier), "similarity",
                     ay_view_real((double)g->similarity), "size", (json_int_t)g->all, "pictures", pictures);
}

static json_t *view_counts(const ay_duplicates *d)
{
    json_t *o = json_object();

    for (int t = 0; t < AY_TIERS; t++)
        json_object_set_new(o, ay_tier_name((ay_tier)t), json_pack("{s:I, s:I}", "groups", (json_int_t)d->count[t].groups, "extra",
                                                                   (json_int_t)d->count[t].extra));
    json_object_set_new(o, "elsewhere", json_integer((json_int_t)d->elsewhere));
    return o;
}

static size_t total_of(const ay_duplicates *d, ay_tier tier)
{
    size_t n = 0;

    for (int t = 0; t < AY_TIERS; t++)
        n += tier == AY_TIERS || (int)tier == t ? d->count[t].groups : 0;
    return n;
}

static json_t *view_list(ay_request *rq, const ay_duplicates *d, ay_tier tier)
{
    json_t *items = json_array();
    size_t total = total_of(d, tier), next = d->offset + d->n;
    char made[AY_RFC3339_SIZE];

    for (size_t i = 0; i < d->n; i++)
        json_array_append_new(items, view_group(rq, d->dataset, &d->group[i]));
    ay_clock_rfc3339(made, d->made_us);
    return json_pack("{s:s, s:s?, s:s, s:o, s:b, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:o, s:o}", "dataset", d->dataset, "trouble", d->trouble, "state",
                     d->job ? "running" : d->made ? "ready" : "none", "job", d->job ? json_integer(d->job) : json_null(), "stale",
                     d->came > 0, "new", (json_int_t)d->came, "pictures", (json_int_t)d->pictures, "failed", (json_int_t)d->failed,
                     "made_at", d->made ? json_string(made) : json_null(), "alike_from",
                     d->least > 0 ? ay_view_real((double)d->least) : json_null(), "counts", view_counts(d), "total", (json_int_t)total,
                     "next", next < total && d->n ? json_sprintf("%zu", next) : json_null(), "items", items);
}

/* ---- reading */

static ay_status tier_of(const char *word, ay_tier none, ay_tier *out, ay_err *err)
{
    *out = word && *word ? ay_tier_of(word) : none;
    if (word && *word && *out == AY_TIERS)
        return ay_fail(err, AY_EINVAL, "'tier' is same, picture or alike, not \"%.40s\"", word);
    return AY_OK;
}

ay_status ay_h_duplicates(ay_request *rq, ay_err *err)
{
    const char *cursor = ay_request_query(rq, "cursor");
    long limit = USUAL, offset = 0;
    ay_duplicates d;
    ay_tier tier;
    ay_status status = tier_of(ay_request_query(rq, "tier"), AY_TIERS, &tier, err);

    if (!status)
        status = ay_request_number(rq, "limit", 1, AY_DUPLICATES_MOST, &limit, err);
    if (!status && cursor && *cursor && !ay_str_to_long(cursor, 0, INT32_MAX, &offset))
        status = ay_fail(err, AY_EINVAL, "not a cursor of this list");
    if (!status)
        status = ay_duplicates_list(rq->service, ay_request_query(rq, "dataset"), tier, (size_t)offset, (int)limit, &rq->arena, &d, err);
    return status ? status : ay_reply_json(rq, 200, view_list(rq, &d, tier), err);
}

static ay_status text_field(const ay_request *rq, const char *name, const char **out, ay_err *err)
{
    const json_t *v = json_object_get(rq->json, name);

    if (v && !json_is_string(v) && !json_is_null(v))
        return ay_fail(err, AY_EINVAL, "'%s' must be a text", name);
    *out = json_string_value(v);
    return AY_OK;
}

ay_status ay_h_duplicates_run(ay_request *rq, ay_err *err)
{
    const json_t *again = json_object_get(rq->json, "again");
    const char *dataset;
    int64_t id = 0;
    ay_job job;
    ay_status status = text_field(rq, "dataset", &dataset, err);

    if (!status && again && !json_is_boolean(again))
        status = ay_fail(err, AY_EINVAL, "'again' must be true or false");
    if (!status)
        status = ay_duplicates_queue(rq->service, dataset, json_is_true(again), &id, err);
    if (!status)
        status = ay_service_job(rq->service, id, &rq->arena, &job, err);
    return status ? status : ay_reply_json(rq, 202, ay_view_job_whole(&job, 0), err);
}

/* ---- deciding */

static ay_status read_names(ay_request *rq, const json_t *list, size_t number, const char *what, const char *const **out, size_t *n, ay_err *err)
{
    const char **names;

    if (!json_is_array(list) || json_array_size(list) > NAMES_MOST)
        return ay_fail(err, AY_EINVAL, "group number %zu: '%s' must be a list of at most %d pictures", number, what, NAMES_MOST);
    names = ay_request_alloc(rq, (json_array_size(list) + 1) * sizeof *names);
    if (!names)
        return ay_fail(err, AY_ENOMEM, "no memory for the request");
    for (*n = 0; *n < json_array_size(list); ++*n)
        if (!(names[*n] = json_string_value(json_array_get(list, *n))))
            return ay_fail(err, AY_EINVAL, "group number %zu: '%s' must be a list of texts", number, what);
    *out = names;
    return AY_OK;
}

static ay_status read_groups(ay_request *rq, ay_resolution **out, size_t *n, ay_err *err)
{
    const json_t *list = json_object_get(rq->json, "groups");
    ay_status status = AY_OK;

    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > GROUPS_MOST)
        return ay_fail(err, AY_EINVAL, "give 'groups', 1 to %d of {keep, remove}, or 'tier' for all of a tier", GROUPS_MOST);
    *out = ay_request_alloc(rq, json_array_size(list) * sizeof **out);
    if (!*out)
        return ay_fail(err, AY_ENOMEM, "no memory for the request");
    for (*n = 0; *n < json_array_size(list) && !status; ++*n) {
        const json_t *one = json_array_get(list, *n);
        ay_resolution *r = &(*out)[*n];
        status = read_names(rq, json_object_get(one, "keep"), *n + 1, "keep", &r->keep, &r->nkeep, err);
        if (!status)
            status = read_names(rq, json_object_get(one, "remove"), *n + 1, "remove", &r->remove, &r->nremove, err);
    }
    return status;
}

ay_status ay_h_duplicates_resolve(ay_request *rq, ay_err *err)
{
    const char *dataset, *word = NULL;
    ay_resolution *list = NULL;
    ay_tier tier = AY_TIERS;
    ay_resolved r;
    size_t n = 0;
    ay_status status = text_field(rq, "dataset", &dataset, err);

    if (!status)
        status = text_field(rq, "tier", &word, err);
    if (!status)
        status = tier_of(word, AY_TIERS, &tier, err);
    if (!status && tier != AY_TIERS && json_object_get(rq->json, "groups"))
        status = ay_fail(err, AY_EINVAL, "'groups' or 'tier', not both");
    if (!status && tier == AY_TIERS)
        status = read_groups(rq, &list, &n, err);
    if (!status)
        status = tier == AY_TIERS ? ay_duplicates_resolve(rq->service, dataset, list, n, &rq->arena, &r, err)
                                  : ay_duplicates_resolve_all(rq->service, dataset, tier, &rq->arena, &r, err);
    if (status)
        return status;
    return ay_reply_json(rq, 200,
                         json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "groups", (json_int_t)r.groups, "removed", (json_int_t)r.removed,
                                   "missing", (json_int_t)r.missing, "tagged", (json_int_t)r.tagged, "moved", (json_int_t)r.moved, "undo",
                                   *r.undo ? json_string(r.undo) : json_null()),
                         err);
}

ay_status ay_h_duplicates_apart(ay_request *rq, ay_err *err)
{
    char undo[AY_UNDO_SIZE];
    const char *dataset, **names;
    int64_t pairs = 0;
    size_t n = 0;
    ay_status status = text_field(rq, "dataset", &dataset, err);

    if (!status)
        status = ay_h_texts(rq, "sha256", AY_DUPLICATES_SHOWN, &names, &n, err);
    if (!status)
        status = ay_duplicates_apart(rq->service, dataset, names, n, &pairs, undo, err);
    return status ? status
                  : ay_reply_json(rq, 200, json_pack("{s:I, s:o}", "pairs", (json_int_t)pairs, "undo", *undo ? json_string(undo) : json_null()), err);
}
