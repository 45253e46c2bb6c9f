/* http/h_images.c - /v1/images: teach, list, read, move, delete reference pictures. */
#include "http/handlers.h"
#include "http/impl.h"
#include "http/many.h"
#include "http/problem.h"
#include "http/view.h"

#include "base/hash.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BUSY_TRIES = 40, BUSY_WAIT_MS = 50 };

/* A form holds many pictures and was accepted whole: it waits for room in the engine instead of
 * failing half of them.  One raw picture does not wait: its client can try again by itself. */
ay_status ay_h_add(ay_server *s, const ay_upload *u, const char *dataset, const char *klass,
                   const char *file, ay_arena *a, ay_added *out, ay_err *err)
{
    int tries = u->field[0] ? BUSY_TRIES : 1;
    ay_status status = AY_EBUSY;
    uint64_t pixels;

    if (u->too_large)
        return ay_fail(err, AY_ELIMIT, "the picture is too large");
    if (u->data.len == 0)
        return ay_fail(err, AY_EINVAL, "the picture is empty (0 bytes)");
    pixels = ay_gate_enter(&s->gate, u->data.data, u->data.len);
    for (int i = 0; i < tries && status == AY_EBUSY; i++) {
        if (i)
            nanosleep(&(struct timespec){.tv_nsec = BUSY_WAIT_MS * 1000000}, NULL);
        status = ay_picture_add(s->o.service, dataset, klass, file, u->data.data, u->data.len, NULL,
                                a, out, err);
    }
    ay_gate_leave(&s->gate, pixels);
    return status;
}

/* One item of an upload's answer, good or bad. */
static json_t *item_json(const ay_many_item *it)
{
    if (!it->status)
        return ay_view_added(&it->added);
    return json_pack("{s:s, s:{s:i, s:s, s:s}}", "file", it->upload->filename, "error", "status",
                     ay_problem_status(it->status), "code", ay_status_name(it->status), "detail",
                     it->err.msg);
}

static ay_status reply_items(ay_request *rq, const ay_many *m, ay_err *err)
{
    json_t *items = json_array();

    for (int i = 0; i < m->n; i++)
        if (json_array_append_new(items, item_json(&m->items[i]))) {
            json_decref(items);
            return ay_fail(err, AY_ENOMEM, "no memory for the answer");
        }
    return ay_reply_json(rq, 201, json_pack("{s:o}", "items", items), err);
}

ay_status ay_h_images_add(ay_request *rq, ay_err *err)
{
    const char *dataset = ay_request_field(rq, "dataset"), *klass = ay_request_field(rq, "class");
    ay_status status;
    ay_many m;

    if (!klass)
        return ay_fail(err, AY_EINVAL, "'class' is missing: which class do the pictures show?");
    if (rq->upload_count == 0)
        return ay_fail(err, AY_EINVAL, "no picture was sent");
    status = ay_many_add(&m, rq, dataset, klass, NULL, err);
    if (!status && m.good == 0)
        status =
            ay_fail(err, m.first, m.n > 1 ? "none was added; the first: %s" : "%s", m.why->msg);
    if (!status)
        status = reply_items(rq, &m, err);
    ay_many_fini(&m);
    return status;
}

static ay_status need_digest(const ay_request *rq, ay_err *err)
{
    if (!ay_sha256_valid(rq->arg[0]))
        return ay_fail(err, AY_EINVAL,
                       "a picture's address is its SHA-256: 64 lower-case hex digits");
    return AY_OK;
}

ay_status ay_h_image_put(ay_request *rq, ay_err *err)
{
    const char *klass = ay_request_query(rq, "class"), *file = ay_request_query(rq, "file");
    const ay_upload *u;
    ay_added added;
    uint64_t pixels;
    ay_status status = need_digest(rq, err);

    if (!status && (!klass || !*klass))
        status = ay_fail(err, AY_EINVAL, "'class' is missing: which class does the picture show?");
    if (!status)
        status = ay_request_picture(rq, &u, err);
    if (status)
        return status;
    pixels = ay_gate_enter(&rq->server->gate, u->data.data, u->data.len);
    status = ay_picture_add(rq->service, ay_request_query(rq, "dataset"), klass, file ? file : "",
                            u->data.data, u->data.len, rq->arg[0], &rq->arena, &added, err);
    ay_gate_leave(&rq->server->gate, pixels);
    return status ? status
                  : ay_reply_json(rq, added.created ? 201 : 200, ay_view_added(&added), err);
}

ay_status ay_h_images_list(ay_request *rq, ay_err *err)
{
    json_t *items = json_array();
    const char *next = NULL;
    ay_picture *list;
    size_t n = 0;
    long limit = 50;
    ay_status status = ay_request_number(rq, "limit", 1, 200, &limit, err);

    if (!status)
        status = ay_picture_list(rq->service, ay_request_query(rq, "dataset"),
                                 ay_request_query(rq, "class"), ay_request_query(rq, "cursor"),
                                 (int)limit, &rq->arena, &list, &n, &next, err);
    for (size_t i = 0; i < n && !status; i++)
        if (json_array_append_new(items, ay_view_picture(&list[i])))
            status = ay_fail(err, AY_ENOMEM, "no memory for the answer");
    if (status) {
        json_decref(items);
        return status;
    }
    return ay_reply_json(rq, 200, json_pack("{s:o, s:s?}", "items", items, "next", next), err);
}

static ay_status reply_image(ay_request *rq, ay_err *err)
{
    const char *dataset = ay_request_field(rq, "dataset");
    ay_picture p;
    ay_status status = ay_picture_get(rq->service, dataset, rq->arg[0], &rq->arena, &p, err);

    return status ? status : ay_reply_json(rq, 200, ay_view_picture(&p), err);
}

ay_status ay_h_image_get(ay_request *rq, ay_err *err)
{
    ay_status status = need_digest(rq, err);

    return status ? status : reply_image(rq, err);
}

ay_status ay_h_image_move(ay_request *rq, ay_err *err)
{
    const char *klass = ay_request_field(rq, "class");
    ay_status status = need_digest(rq, err);

    if (!status && !klass)
        status = ay_fail(err, AY_EINVAL, "'class' is missing: where shall the picture go?");
    if (!status)
        status =
            ay_picture_move(rq->service, ay_request_field(rq, "dataset"), rq->arg[0], klass, err);
    return status ? status : reply_image(rq, err);
}

ay_status ay_h_image_delete(ay_request *rq, ay_err *err)
{
    char undo[AY_UNDO_SIZE];
    ay_status status = need_digest(rq, err);

    if (!status)
        status =
            ay_picture_delete(rq->service, ay_request_query(rq, "dataset"), rq->arg[0], undo, err);
    return status ? status : ay_reply_json(rq, 200, json_pack("{s:s}", "undo", undo), err);
}

ay_status ay_h_send_picture(ay_request *rq, const char *sha256, ay_err *err)
{
    const char *mime = NULL;
    char etag[AY_SHA256_HEX + 2];
    ay_buf bytes = {0};
    ay_status status;

    /* The address is the content's digest: whoever has it never needs to ask again. */
    snprintf(etag, sizeof etag, "\"%s\"", sha256);
    ay_reply_header(rq, "Cache-Control", "private, max-age=31536000, immutable");
    if (ay_reply_unchanged(rq, etag))
        return AY_OK;
    status = ay_picture_read(rq->service, sha256, &bytes, &mime, err);
    if (!status)
        status = ay_reply_bytes(rq, 200, mime, &bytes, err);
    if (!status)
        ay_reply_range(rq);
    ay_buf_fini(&bytes);
    return status;
}

ay_status ay_h_image_file(ay_request *rq, ay_err *err)
{
    ay_status status = need_digest(rq, err);

    return status ? status : ay_h_send_picture(rq, rq->arg[0], err);
}

ay_status ay_h_image_thumb(ay_request *rq, ay_err *err)
{
    char etag[AY_SHA256_HEX + 16];
    ay_buf bytes = {0};
    long size = 192;
    ay_status status = need_digest(rq, err);

    if (!status)
        status = ay_request_number(rq, "size", 1, 10000, &size, err);
    if (!status && size != 96 && size != 192 && size != 384)
        status = ay_fail(err, AY_EINVAL, "'size' must be 96, 192 or 384");
    if (status)
        return status;
    snprintf(etag, sizeof etag, "\"%s-%ld\"", rq->arg[0], size);
    ay_reply_header(rq, "Cache-Control", "private, max-age=31536000, immutable");
    if (ay_reply_unchanged(rq, etag))
        return AY_OK;
    status = ay_picture_thumb(rq->service, rq->arg[0], (int)size, &bytes, err);
    if (!status)
        status = ay_reply_bytes(rq, 200, "image/jpeg", &bytes, err);
    ay_buf_fini(&bytes);
    return status;
}
