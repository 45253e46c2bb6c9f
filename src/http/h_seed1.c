/* http/h_seed1.c - the routes of the first scanner, for clients written against it.
 *
 * Paths, field names and meanings are the old ones; the old faults are not: a bad request is 400,
 * 404, 413, 415 or 422 and never 500.  Percentages are round(cosine * 100, 2).  What was a file
 * name on the server's disk, "dataset/<CLASS>/<file>", is a name made of the picture's SHA-256
 * here: it is unique and no client's text ever becomes a path.  /scan adds status, probability and
 * the threshold; /scan?method=mean is the old formula exactly. */
#include "http/handlers.h"
#include "http/many.h"
#include "http/view.h"

#include "base/hash.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Two decimals, as Python's round(): half to even on the exact binary value. */
static json_t *percent(double cosine)
{
    char text[32];

    snprintf(text, sizeof text, "%.2f", cosine * 100);
    double v = strtod(text, NULL);
    return json_real(v == 0 ? 0 : v);
}

static const char *extension(const char *file)
{
    static const char *const known[] = {".jpg", ".jpeg", ".png", ".webp",
                                        ".gif", ".bmp",  ".tif", ".tiff"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (ay_str_ends_nocase(file, known[i]))
            return known[i];
    return ".jpg";
}

/* "<sha256>.jpg"; the extension follows the name it was uploaded under. */
static const char *file_name(ay_request *rq, const char *sha256, const char *file)
{
    char name[AY_SHA256_HEX + 8];

    snprintf(name, sizeof name, "%s%s", sha256, extension(file));
    return ay_request_strdup(rq, name);
}

/* Old clients put the path behind "/images/" as it is: what would end a segment there is escaped.
 */
static json_t *image_path(ay_request *rq, const char *klass, const char *sha256, const char *file)
{
    ay_buf path = {0};
    json_t *out;

    ay_buf_puts(&path, "dataset/");
    for (const char *p = klass; *p; p++)
        ay_buf_printf(&path, strchr("/%?#", *p) ? "%%%02X" : "%c", (unsigned char)*p);
    ay_buf_printf(&path, "/%s", file_name(rq, sha256, file));
    out = path.failed ? NULL : json_string(path.data);
    ay_buf_fini(&path);
    return out;
}

static json_t *match_json(ay_request *rq, const ay_scan_match *m)
{
    return json_pack("{s:o, s:s, s:o}", "image_path",
                     image_path(rq, m->class_name, m->sha256, m->file), "classification",
                     m->class_name, "similarity", percent(m->similarity));
}

static json_t *top_matches(ay_request *rq, const ay_decision *d)
{
    json_t *list = json_array();

    for (size_t i = 0; i < d->nmatches && i < 3; i++)
        json_array_append_new(list, match_json(rq, &d->matches[i]));
    return list;
}

static json_t *top_classes(const ay_decision *d)
{
    json_t *list = json_array();

    for (size_t i = 0; i < d->nclasses && i < 3; i++) {
        const ay_scan_class *c = &d->classes[i];
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:o, s:I}", "classification", c->name,
                                        "similarity", percent(c->mean), "max_similarity",
                                        percent(c->max), "samples_count", (json_int_t)c->samples));
    }
    return list;
}

ay_status ay_h_s1_scan(ay_request *rq, ay_err *err)
{
    ay_decision d;
    ay_status status = ay_h_scan_upload(rq, &d, err);
    bool named;

    if (status)
        return status;
    named = d.status == AY_SCAN_MATCH || d.status == AY_SCAN_AMBIGUOUS;
    return ay_reply_json(
        rq, 200,
        json_pack("{s:s, s:s?, s:o, s:o, s:o, s:o, s:b, s:s, s:s, s:o, s:o}", "status",
                  ay_scan_status_name(d.status), "classification", named ? d.label : NULL,
                  "similarity_score", percent(d.status == AY_SCAN_NO_DATASET ? 0 : d.score),
                  "reference_image",
                  named && d.has_reference ? match_json(rq, &d.reference) : json_null(),
                  "top_matches", top_matches(rq, &d), "top_3", top_classes(&d), "has_dataset",
                  d.status != AY_SCAN_NO_DATASET, "message", d.message, "message_code",
                  d.message_code, "probability",
                  d.probability < 0 ? json_null() : ay_view_real(d.probability), "threshold",
                  percent(d.threshold)),
        err);
}

static ay_status classification(const ay_request *rq, const char **out, ay_err *err)
{
    *out = ay_request_field(rq, "classification");
    return *out ? AY_OK : ay_fail(err, AY_EINVAL, "the form field 'classification' is missing");
}

ay_status ay_h_s1_upload(ay_request *rq, ay_err *err)
{
    const ay_upload *u;
    const char *klass;
    ay_added added;
    ay_status status = classification(rq, &klass, err);

    if (!status)
        status = ay_request_picture(rq, &u, err);
    if (!status)
        status = ay_h_add(rq->server, u, NULL, klass, u->filename, &rq->arena, &added, err);
    if (status)
        return status;
    return ay_reply_json(rq, 200,
                         json_pack("{s:b, s:o, s:o}", "success", 1, "message",
                                   json_sprintf("Picture added to %s", added.picture.class_name),
                                   "path",
                                   image_path(rq, added.picture.class_name, added.picture.sha256,
                                              added.picture.file)),
                         err);
}

/* "capture_20260131_120000_0f3a9c21.jpg", as the old scanner named pictures of a camera burst. */
static const char *capture_name(ay_request *rq)
{
    char name[64], random[9];
    time_t now = time(NULL);
    struct tm tm;
    size_t n;

    localtime_r(&now, &tm);
    n = strftime(name, sizeof name, "capture_%Y%m%d_%H%M%S_", &tm);
    ay_random_hex(random, 4);
    snprintf(name + n, sizeof name - n, "%s.jpg", random);
    return ay_request_strdup(rq, name);
}

static ay_status reply_many(ay_request *rq, const ay_many *m, const char *klass, ay_err *err)
{
    json_t *paths = json_array(), *errors = json_array();

    for (int i = 0; i < m->n; i++) {
        const ay_many_item *it = &m->items[i];
        const ay_picture *p = &it->added.picture;
        if (!it->status)
            json_array_append_new(paths, image_path(rq, p->class_name, p->sha256, p->file));
        else
            json_array_append_new(errors, json_pack("{s:s, s:s}", "file", it->upload->filename,
                                                    "detail", it->err.msg));
    }
    return ay_reply_json(
        rq, 200,
        json_pack("{s:b, s:o, s:o, s:o}", "success", 1, "message",
                  json_sprintf("%d of %d pictures added to %s", m->good, m->n, klass), "paths",
                  paths, "errors", errors),
        err);
}

static ay_status add_many(ay_request *rq, bool capture, ay_err *err)
{
    const char **names = NULL, *klass;
    ay_status status = classification(rq, &klass, err);
    ay_many m = {0};

    if (!status && rq->upload_count == 0)
        status = ay_fail(err, AY_EINVAL, "no picture was sent: the form field is 'images[]'");
    if (!status && capture) {
        names = ay_request_alloc(rq, (size_t)rq->upload_count * sizeof *names);
        for (int i = 0; names && i < rq->upload_count; i++)
            names[i] = capture_name(rq);
    }
    if (!status)
        status = ay_many_add(&m, rq, NULL, klass, names, err);
    if (!status && m.good == 0)
        status = ay_fail(err, m.first, "%s", m.why->msg);
    if (!status)
        status = reply_many(rq, &m, klass, err);
    ay_many_fini(&m);
    return status;
}

ay_status ay_h_s1_upload_multiple(ay_request *rq, ay_err *err)
{
    return add_many(rq, false, err);
}

ay_status ay_h_s1_capture_multiple(ay_request *rq, ay_err *err)
{
    return add_many(rq, true, err);
}

ay_status ay_h_s1_create(ay_request *rq, ay_err *err)
{
    const char *name = ay_request_field(rq, "name");
    int64_t id = 0;
    ay_status status = name ? ay_class_create(rq->service, NULL, name, &id, err)
                            : ay_fail(err, AY_EINVAL, "the form field 'name' is missing");

    if (status)
        return status;
    return ay_reply_json(rq, 200,
                         json_pack("{s:b, s:o, s:s}", "success", 1, "message",
                                   json_sprintf("Class %s created", name), "name", name),
                         err);
}

ay_status ay_h_s1_classes(ay_request *rq, ay_err *err)
{
    json_t *items = json_array();
    ay_class *list;
    size_t n = 0;
    ay_status status = ay_class_list(rq->service, NULL, &rq->arena, &list, &n, NULL, err);

    for (size_t i = 0; i < n && !status; i++)
        if (json_array_append_new(items, json_pack("{s:s, s:I, s:b}", "name", list[i].name,
                                                   "image_count", (json_int_t)list[i].images,
                                                   "has_embeddings", list[i].embedded > 0)))
            status = ay_fail(err, AY_ENOMEM, "no memory for the answer");
    if (status) {
        json_decref(items);
        return status;
    }
    return ay_reply_json(
        rq, 200, json_pack("{s:o, s:I}", "classes", items, "total_classes", (json_int_t)n), err);
}

ay_status ay_h_s1_images(ay_request *rq, ay_err *err)
{
    json_t *images = json_array();
    const char *cursor = NULL;
    ay_class c;
    ay_status status = ay_class_get(rq->service, NULL, rq->arg[0], &rq->arena, &c, err);

    while (!status) {
        const char *next = NULL;
        ay_picture *list;
        size_t n = 0;
        status = ay_picture_list(rq->service, NULL, c.name, cursor, 200, &rq->arena, &list, &n,
                                 &next, err);
        for (size_t i = 0; i < n && !status; i++) {
            const char *file = file_name(rq, list[i].sha256, list[i].file);
            json_array_append_new(images,
                                  json_pack("{s:s, s:o}", "filename", file, "path",
                                            image_path(rq, c.name, list[i].sha256, list[i].file)));
        }
        if (status || !next)
            break;
        cursor = next;
    }
    if (status) {
        json_decref(images);
        return status;
    }
    size_t total = json_array_size(images);
    return ay_reply_json(rq, 200,
                         json_pack("{s:s, s:o, s:I}", "class_name", c.name, "images", images,
                                   "total", (json_int_t)total),
                         err);
}

/* Vectors are always in step here, so there is little to recompute: examine the data folder, embed
 * what waits for its vector. */
ay_status ay_h_s1_retrain(ay_request *rq, ay_err *err)
{
    ay_check_result r;
    ay_status status = ay_service_check(rq->service, &(ay_check_options){.repair = true}, &rq->arena, &r, err);

    if (status)
        return status;
    return ay_reply_json(rq, 200,
                         json_pack("{s:b, s:o}", "success", 1, "message",
                                   json_sprintf("%lld pictures examined, %lld embedded",
                                                (long long)r.pictures, (long long)r.unembedded)),
                         err);
}

ay_status ay_h_s1_image(ay_request *rq, ay_err *err)
{
    const char *klass = rq->arg[0], *file = rq->arg[1];
    char sha256[AY_SHA256_HEX];
    ay_picture p;

    snprintf(sha256, sizeof sha256, "%s", file);
    if (!ay_sha256_valid(sha256) || (file[64] && file[64] != '.'))
        return ay_fail(err, AY_ENOTFOUND, "no picture '%.100s'", file);
    ay_status status = ay_picture_get(rq->service, NULL, sha256, &rq->arena, &p, err);
    if (!status && strcmp(p.class_name, klass) != 0)
        status = ay_fail(err, AY_ENOTFOUND, "no picture '%.100s' in class '%.120s'", file, klass);
    return status ? status : ay_h_send_picture(rq, sha256, err);
}
