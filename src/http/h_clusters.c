/* http/h_clusters.c - /v1/clusters: the groups of a data set's pictures; and the picture organiser's /clusters. */
#include "http/h_clusters.h"
#include "http/h_pictures.h"
#include "http/handlers.h"
#include "http/view.h"

#include "base/str.h"
#include "service/library/change.h"
#include "service/library/clusters.h"
#include "service/library/clusters_plain.h"

#include <string.h>

enum { PICTURES_MOST = 500, IDS_MOST = 100000, SMALL = 2000 };

/* ---- what is sent */

/* "0" is for pictures in no group, where zero says so. */
static ay_status cluster_id(const ay_request *rq, bool zero, int64_t *out, ay_err *err)
{
    long id;

    if (!ay_str_to_long(rq->arg[0], zero ? 0 : 1, INT64_MAX, &id))
        return ay_fail(err, AY_ENOTFOUND, "no group with the id '%.60s'", rq->arg[0]);
    *out = id;
    return AY_OK;
}

/* A whole number of the JSON, or a form's text that is one; *out stays when absent. */
static ay_status number_field(const ay_request *rq, const char *name, long lo, long hi, long *out, ay_err *err)
{
    const json_t *v = rq->json ? json_object_get(rq->json, name) : NULL;
    const char *text = v ? NULL : ay_request_field(rq, name);

    if ((!v && !text) || json_is_null(v))
        return AY_OK;
    if (v ? json_is_integer(v) && json_integer_value(v) >= lo && json_integer_value(v) <= hi : ay_str_to_long(text, lo, hi, out)) {
        *out = v ? (long)json_integer_value(v) : *out;
        return AY_OK;
    }
    return ay_fail(err, AY_EINVAL, "'%s' must be a whole number from %ld to %ld", name, lo, hi);
}

static ay_status text_field(const ay_request *rq, const char *name, const char **out, ay_err *err)
{
    const json_t *v = rq->json ? json_object_get(rq->json, name) : NULL;

    if (v && !json_is_string(v) && !json_is_null(v))
        return ay_fail(err, AY_EINVAL, "'%s' must be a text", name);
    *out = ay_request_field(rq, name);
    return AY_OK;
}

static ay_status list_field(const ay_request *rq, const char *name, const json_t **out, ay_err *err)
{
    *out = rq->json ? json_object_get(rq->json, name) : NULL;
    if (!json_is_array(*out) || json_array_size(*out) > IDS_MOST)
        return ay_fail(err, AY_EINVAL, "'%s' must be a list of at most %d", name, IDS_MOST);
    return AY_OK;
}

/* The filter of the query, beside parameters of ours; *out NULL: none. */
static ay_status query_filter(ay_request *rq, const ay_picture_filter **out, ay_err *err)
{
    static const char *const own[] = {"dataset", "offset", "limit", "far"};
    ay_picture_filter *f = ay_request_alloc(rq, sizeof *f);
    ay_status status = f ? AY_OK : ay_fail(err, AY_ENOMEM, "no memory");

    for (const ay_kv *kv = rq->query; kv && status == AY_OK; kv = kv->next) {
        bool mine = false, known = true;
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
            mine |= strcmp(own[i], kv->key) == 0;
        if (!mine)
            status = ay_filter_set(f, &rq->arena, kv->key, kv->value, &known, err);
        if (status == AY_OK && !known)
            status = ay_fail(err, AY_EINVAL, "there is no filter '%.60s'", kv->key);
    }
    *out = status == AY_OK && f->n ? f : NULL;
    return status;
}

static ay_status body_filter(ay_request *rq, const ay_picture_filter **out, ay_err *err)
{
    const json_t *object = rq->json ? json_object_get(rq->json, "filter") : NULL;
    ay_picture_filter *f;
    ay_status status;

    *out = NULL;
    if (!object || json_is_null(object))
        return AY_OK;
    f = ay_request_alloc(rq, sizeof *f);
    status = f ? ay_filter_json(f, &rq->arena, object, err) : ay_fail(err, AY_ENOMEM, "no memory");
    *out = status == AY_OK && f->n ? f : NULL;
    return status;
}

/* ---- what is told */

static json_t *view_pictures(const ay_cluster_picture *list, int n, bool score)
{
    json_t *out = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(out, score ? json_pack("{s:s, s:o}", "sha256", list[i].sha256, "score", ay_view_real((double)list[i].score))
                                         : json_string(list[i].sha256));
    return out;
}

static json_t *view_cluster(const ay_cluster *k)
{
    static const char *const by[] = {"medoid", "words", "medoid", "person", "class"};
    const char *named_by = by[(unsigned)k->named_by < sizeof by / sizeof *by ? k->named_by : 0];

    return json_pack("{s:I, s:s, s:s, s:b, s:b, s:I, s:o, s:o, s:{s:o, s:o}, s:o, s:o, s:I}", "id", (json_int_t)k->id, "name", k->name,
                     "named_by", named_by, "pinned", k->pinned, "by_hand", k->by_hand, "size", (json_int_t)k->size, "medoid",
                     *k->medoid ? json_string(k->medoid) : json_null(), "cohesion", ay_view_real((double)k->cohesion), "spread", "mean",
                     ay_view_real((double)k->mean), "p95", ay_view_real((double)k->far), "sample",
                     view_pictures(k->sample, k->nsample, false), "outliers", view_pictures(k->outlier, k->noutlier, true),
                     "outlier_count", (json_int_t)k->outliers);
}

static json_t *view_vector(const float *v, int dim)
{
    json_t *out = json_array();

    for (int d = 0; d < dim; d++)
        json_array_append_new(out, ay_view_real((double)v[d]));
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

static json_t *number_or_null(int64_t v)
{
    return v ? json_integer(v) : json_null();
}

static json_t *view_filter(const char *filter)
{
    json_t *v = *filter ? json_loads(filter, 0, NULL) : NULL;

    return v ? v : json_null();
}

json_t *ay_view_clusters(const ay_clusters *all)
{
    json_t *list = json_array(), *kept = json_array();
    bool made = all->how.run > 0;

    for (size_t i = 0; i < all->nkept; i++)
        json_array_append_new(kept, json_pack("{s:o, s:I, s:o}", "filter", view_filter(all->kept[i].filter), "groups",
                                              (json_int_t)all->kept[i].groups, "made_at", moment(all->kept[i].made_us)));
    for (size_t k = 0; k < all->n; k++)
        json_array_append_new(list, view_cluster(&all->cluster[k]));
    return json_pack("{s:s, s:o, s:o, s:s, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "dataset", all->dataset,
                     "filter", view_filter(all->filter), "kept", kept, "state",
                     all->job ? "running" : made ? "ready" : "none", "job", number_or_null(all->job), "stale", all->stale, "new",
                     (json_int_t)all->came, "gone", (json_int_t)all->gone, "waiting", (json_int_t)all->waiting, "pictures",
                     (json_int_t)all->pictures, "outside", (json_int_t)all->outside, "made_at", moment(all->how.made_us), "method",
                     made ? json_string(all->how.method) : json_null(), "k", number_or_null(all->how.k), "least",
                     number_or_null(all->how.least), "silhouette", made ? ay_view_real(all->how.silhouette) : json_null(), "revision",
                     (json_int_t)all->revision, "clusters", list);
}

static ay_status reply_job(ay_request *rq, int64_t id, ay_err *err)
{
    ay_job job;
    ay_status status = ay_service_job(rq->service, id, &rq->arena, &job, err);

    return status ? status : ay_reply_json(rq, 202, ay_view_job_whole(&job, 0), err);
}

/* ---- reading */

ay_status ay_h_clusters(ay_request *rq, ay_err *err)
{
    const ay_picture_filter *f;
    ay_clusters all;
    ay_status status = query_filter(rq, &f, err);

    if (!status)
        status = ay_clusters_get(rq->service, ay_request_query(rq, "dataset"), f, false, &rq->arena, &all, err);
    return status ? status : ay_reply_json(rq, 200, ay_view_clusters(&all), err);
}

ay_status ay_h_clusters_drop(ay_request *rq, ay_err *err)
{
    const ay_picture_filter *f;
    ay_status status = query_filter(rq, &f, err);

    if (!status)
        status = ay_clusters_drop(rq->service, ay_request_query(rq, "dataset"), f, err);
    if (!status)
        ay_reply_empty(rq, 204);
    return status;
}

ay_status ay_h_cluster_get(ay_request *rq, ay_err *err)
{
    const char *dataset;
    ay_cluster k;
    int64_t id = 0;
    json_t *out;
    ay_status status = cluster_id(rq, false, &id, err);

    if (!status)
        status = ay_clusters_one(rq->service, id, &rq->arena, &k, &dataset, err);
    if (status)
        return status;
    out = view_cluster(&k);
    json_object_set_new(out, "dataset", json_string(dataset));
    json_object_set_new(out, "centroid", view_vector(k.centre, k.dim));
    return ay_reply_json(rq, 200, out, err);
}

/* A picture that went since the list was made is left out. */
static json_t *view_member(ay_request *rq, const char *dataset, const ay_cluster_member *m)
{
    ay_shelf_item item;
    json_t *out;

    if (ay_shelf_get(rq->service, dataset, m->sha256, &rq->arena, &item, NULL) != AY_OK)
        return NULL;
    out = ay_view_shelf_item(&item, dataset);
    json_object_set_new(out, "similarity", ay_view_real((double)m->similarity));
    json_object_set_new(out, "outlier", json_boolean(m->outlier));
    return out;
}

ay_status ay_h_cluster_pictures(ay_request *rq, ay_err *err)
{
    const char *far = ay_request_query(rq, "far"), *dataset = ay_request_query(rq, "dataset");
    const ay_picture_filter *f = NULL;
    long offset = 0, limit = 100;
    ay_cluster_member *list;
    size_t n = 0, total = 0;
    int64_t id = 0;
    json_t *items, *one;
    ay_status status = cluster_id(rq, true, &id, err);

    if (!status)
        status = ay_request_number(rq, "limit", 1, PICTURES_MOST, &limit, err);
    if (!status)
        status = ay_request_number(rq, "offset", 0, INT32_MAX, &offset, err);
    if (!status && far && strcmp(far, "true") != 0 && strcmp(far, "false") != 0)
        status = ay_fail(err, AY_EINVAL, "'far' is true or false");
    if (!status)
        status = query_filter(rq, &f, err);
    if (!status)
        status = ay_clusters_pictures(rq->service, id, &dataset, f, far && strcmp(far, "true") == 0, (size_t)offset, (size_t)limit, &rq->arena,
                                      &list, &n, &total, err);
    if (status)
        return status;
    items = json_array();
    for (size_t i = 0; i < n; i++)
        if ((one = view_member(rq, dataset, &list[i])))
            json_array_append_new(items, one);
    return ay_reply_json(rq, 200,
                         json_pack("{s:I, s:s, s:I, s:I, s:o}", "id", (json_int_t)id, "dataset", dataset, "total", (json_int_t)total, "offset",
                                   (json_int_t)offset, "items", items),
                         err);
}

/* ---- making */

ay_status ay_h_clusters_run(ay_request *rq, ay_err *err)
{
    ay_clusters_request q = {0};
    long k = 0, least = 0, seed = 42;
    int64_t job = 0;
    ay_status status = text_field(rq, "dataset", &q.dataset, err);

    if (!status)
        status = body_filter(rq, &q.filter, err);
    if (!status)
        status = text_field(rq, "method", &q.method, err);
    if (!status)
        status = number_field(rq, "k", 1, AY_CLUSTERS_MOST, &k, err);
    if (!status)
        status = number_field(rq, "least", 1, 1000000, &least, err);
    if (!status)
        status = number_field(rq, "seed", 0, INT32_MAX, &seed, err);
    q.k = (int)k;
    q.least = (int)least;
    q.seed = (uint64_t)seed;
    if (!status)
        status = ay_clusters_queue(rq->service, &q, &job, err);
    return status ? status : reply_job(rq, job, err);
}

/* ---- changing */

/* The group as it is now, with the token. */
static ay_status reply_changed(ay_request *rq, int64_t id, const char *undo, ay_err *err)
{
    const char *dataset;
    ay_cluster k;
    json_t *out;
    ay_status status = ay_clusters_one(rq->service, id, &rq->arena, &k, &dataset, err);

    if (status)
        return status;
    out = view_cluster(&k);
    json_object_set_new(out, "dataset", json_string(dataset));
    json_object_set_new(out, "undo", json_string(undo));
    return ay_reply_json(rq, 200, out, err);
}

ay_status ay_h_cluster_change(ay_request *rq, ay_err *err)
{
    const json_t *pin = rq->json ? json_object_get(rq->json, "pinned") : NULL;
    const json_t *name = rq->json ? json_object_get(rq->json, "name") : NULL;
    bool pinned = json_is_true(pin);
    char undo[AY_UNDO_SIZE];
    int64_t id = 0;
    ay_status status = cluster_id(rq, false, &id, err);

    if (!status && !pin && !name)
        status = ay_fail(err, AY_EINVAL, "nothing to change: give 'name' or 'pinned'");
    if (!status && pin && !json_is_boolean(pin))
        status = ay_fail(err, AY_EINVAL, "'pinned' is true or false");
    if (!status && name && !json_is_string(name))
        status = ay_fail(err, AY_EINVAL, "'name' must be a text");
    if (!status)
        status = ay_cluster_change(rq->service, id, name ? json_string_value(name) : NULL, pin ? &pinned : NULL, undo, err);
    return status ? status : reply_changed(rq, id, undo, err);
}

ay_status ay_h_clusters_merge(ay_request *rq, ay_err *err)
{
    const json_t *list;
    const char *name = NULL;
    char undo[AY_UNDO_SIZE];
    int64_t *ids = NULL, id = 0;
    size_t n = 0;
    ay_status status = list_field(rq, "ids", &list, err);

    if (!status)
        status = text_field(rq, "name", &name, err);
    if (!status && !(ids = ay_request_alloc(rq, (json_array_size(list) + 1) * sizeof *ids)))
        status = ay_fail(err, AY_ENOMEM, "no memory");
    for (; !status && n < json_array_size(list); n++) {
        ids[n] = json_integer_value(json_array_get(list, n));
        if (ids[n] < 1)
            status = ay_fail(err, AY_EINVAL, "'ids': number %zu is no group's id", n + 1);
    }
    if (!status)
        status = ay_cluster_merge(rq->service, ids, n, name, &id, undo, err);
    return status ? status : reply_changed(rq, id, undo, err);
}

ay_status ay_h_cluster_split(ay_request *rq, ay_err *err)
{
    char undo[AY_UNDO_SIZE];
    const char *dataset;
    int64_t id = 0, *parts;
    size_t n = 0;
    long k = 0;
    json_t *list;
    ay_status status = cluster_id(rq, false, &id, err);

    if (!status)
        status = number_field(rq, "k", 2, 100, &k, err);
    if (!status)
        status = ay_cluster_split(rq->service, id, (int)k, &rq->arena, &parts, &n, undo, err);
    if (status)
        return status;
    list = json_array();
    for (size_t i = 0; i < n && !status; i++) {
        ay_cluster c;
        status = ay_clusters_one(rq->service, parts[i], &rq->arena, &c, &dataset, err);
        if (!status)
            json_array_append_new(list, view_cluster(&c));
    }
    if (status) {
        json_decref(list);
        return status;
    }
    return ay_reply_json(rq, 200, json_pack("{s:s, s:s, s:o}", "dataset", dataset, "undo", undo, "clusters", list), err);
}

static ay_status read_digests(ay_request *rq, const char ***out, size_t *n, ay_err *err)
{
    const json_t *list;
    ay_status status = list_field(rq, "sha256", &list, err);

    *n = 0;
    if (!status && !(*out = ay_request_alloc(rq, (json_array_size(list) + 1) * sizeof **out)))
        status = ay_fail(err, AY_ENOMEM, "no memory");
    for (; !status && *n < json_array_size(list); (*n)++) {
        const char *text = json_string_value(json_array_get(list, *n));
        if (!text || !ay_sha256_valid(text))
            status = ay_fail(err, AY_EINVAL, "'sha256': number %zu is not 64 lower-case hex digits", *n + 1);
        else
            (*out)[*n] = text;
    }
    return status;
}

ay_status ay_h_cluster_move(ay_request *rq, ay_err *err)
{
    const char **sha256 = NULL, *dataset = NULL;
    const ay_picture_filter *f = NULL;
    char undo[AY_UNDO_SIZE];
    size_t n = 0, moved = 0;
    int64_t id = 0;
    ay_status status = cluster_id(rq, true, &id, err);

    if (!status)
        status = text_field(rq, "dataset", &dataset, err);
    if (!status)
        status = body_filter(rq, &f, err);
    if (!status)
        status = read_digests(rq, &sha256, &n, err);
    if (!status)
        status = ay_cluster_move(rq->service, id, dataset, f, sha256, n, &moved, undo, err);
    return status ? status
                  : ay_reply_json(rq, 200, json_pack("{s:s, s:I}", "undo", undo, "moved", (json_int_t)moved), err);
}

/* ---- a group becomes a class */

ay_status ay_h_cluster_class(ay_request *rq, ay_err *err)
{
    ay_picture_filter *f = ay_request_alloc(rq, sizeof *f);
    ay_which which = {.filter = f};
    ay_changed out = {0};
    const char *to = NULL, *klass = NULL;
    ay_cluster k;
    int64_t id = 0;
    ay_status status = f ? cluster_id(rq, false, &id, err) : ay_fail(err, AY_ENOMEM, "no memory");

    if (!status)
        status = text_field(rq, "dataset", &to, err);
    if (!status)
        status = text_field(rq, "class", &klass, err);
    if (!status && (!klass || !*klass))
        status = ay_fail(err, AY_EINVAL, "'class' is missing or empty");
    if (!status)
        status = ay_clusters_one(rq->service, id, &rq->arena, &k, &which.dataset, err);
    if (!status)
        status = ay_filter_set(f, &rq->arena, "cluster", rq->arg[0], NULL, err);
    if (!status)
        status = !to || !*to || strcmp(to, which.dataset) == 0
                     ? ay_change_pictures(rq->service, &which, &(ay_change_of_pictures){.klass = klass, .make = true}, &rq->arena, &out, err)
                     : ay_change_teach(rq->service, &which, to, klass, &rq->arena, &out, err);
    if (status)
        return status;
    return ay_reply_json(rq, 200,
                         json_pack("{s:s, s:s, s:I, s:I, s:o}", "dataset", to && *to ? to : which.dataset, "class", klass, "pictures",
                                   (json_int_t)out.pictures, "changed", (json_int_t)out.changed, "undo",
                                   *out.undo ? json_string(out.undo) : json_null()),
                         err);
}

/* ---- the picture organiser's routes */

/* A small library that was never grouped, or has changed, is grouped for the request; a large one is told as it was kept. */
static ay_status plain(ay_request *rq, ay_plain_cluster **list, size_t *n, int *dim, ay_err *err)
{
    ay_clusters all;
    ay_status status = ay_clusters_get(rq->service, NULL, NULL, false, &rq->arena, &all, err);

    if (!status && all.pictures && all.pictures <= SMALL && !all.job && (!all.how.run || all.stale) &&
        !ay_service_reading_only(rq->service)) {
        ay_clusters_made made;
        ay_clusters_request q = {.method = all.how.method, .k = all.how.k, .least = all.how.least, .seed = 42};
        status = ay_clusters_run(rq->service, &q, NULL, NULL, &made, err);
    }
    return status ? status : ay_clusters_plain(rq->service, NULL, &rq->arena, list, n, dim, err);
}

static json_t *text_or_null(const char *s)
{
    return s ? json_string(s) : json_null();
}

static json_t *view_plain(const ay_plain_cluster *k, int dim)
{
    json_t *ids = json_array();

    for (size_t i = 0; i < k->n; i++)
        json_array_append_new(ids, json_integer(k->member[i]));
    return json_pack("{s:I, s:o, s:o, s:s, s:o, s:o}", "cluster_id", (json_int_t)k->id, "centroid", view_vector(k->centre, dim), "image_ids",
                     ids, "category_name", k->name, "object_category", text_or_null(k->object), "background_category",
                     text_or_null(k->background));
}

ay_status ay_h_s4_clusters(ay_request *rq, ay_err *err)
{
    ay_plain_cluster *list = NULL;
    json_t *out;
    size_t n = 0;
    int dim = 0;
    ay_status status = plain(rq, &list, &n, &dim, err);

    if (status)
        return status;
    out = json_array();
    for (size_t k = 0; k < n; k++)
        json_array_append_new(out, view_plain(&list[k], dim));
    return ay_reply_json(rq, 200, out, err);
}

/* By name; those without a category last. */
static bool before(const char *a, const char *b)
{
    return a && (!b || strcmp(a, b) < 0);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

ay_status ay_h_s4_grouped(ay_request *rq, ay_err *err)
{
    ay_plain_cluster *list = NULL;
    const char *last = NULL;
    json_t *out;
    size_t n = 0, told = 0;
    int dim = 0;
    ay_status status = plain(rq, &list, &n, &dim, err);

    if (status)
        return status;
    out = json_array();
    while (told < n) {
        const char *now = NULL;
        json_int_t images = 0;
        json_t *groups = json_array();
        for (size_t k = 0; k < n; k++) /* the first category after the last one */
            if ((!told || before(last, list[k].object)) && (!now || before(list[k].object, now)) && list[k].object)
                now = list[k].object;
        for (size_t k = 0; k < n; k++) {
            if (!same(list[k].object, now))
                continue;
            json_array_append_new(groups, view_plain(&list[k], dim));
            images += (json_int_t)list[k].n;
            told++;
        }
        json_array_append_new(out, json_pack("{s:o, s:I, s:o}", "object_category", text_or_null(now), "total_images", images, "subgroups", groups));
        last = now;
    }
    return ay_reply_json(rq, 200, out, err);
}
