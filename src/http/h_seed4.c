/* http/h_seed4.c - the image organiser's routes for pictures, for clients written against it.
 *
 * Paths and field names are the old ones.  POST /images answers when the picture is in the library, with its vector.
 * GET /images is one array for the clients of two old systems (http/h_seed3.c holds the other half): each item has the
 * fields of both; what one of them never had is null.  The categories are what the encoder in force says of the picture's vector;
 * that program kept what it had said at the upload.
 *
 * The old faults are not repeated: bytes are checked before anything is written, so a bad file is 400, 413, 415 or 422
 * and leaves nothing behind; a file's name never becomes a path; the same bytes again are the same picture. */
#include "http/handlers.h"
#include "http/impl.h"
#include "http/seed4.h"
#include "http/view.h"

#include "base/hash.h"
#include "service/library/library.h"

#include <stdio.h>
#include <string.h>

/* "storage/<digest>_<name>": what the old program made of a random number and the name. */
static json_t *storage_path(const char *before, const char *sha256, const char *file)
{
    char name[256];
    size_t n = 0;

    for (const char *p = file; *p && n + 1 < sizeof name; p++)
        name[n++] = *p == '/' || *p == '\\' || *p == '%' || *p == '?' || *p == '#' ? '_' : *p;
    name[n] = '\0';
    return json_sprintf("%sstorage/%s%s%s", before, sha256, n ? "_" : "", name);
}

static json_t *text_or_null(const char *s)
{
    return s ? json_string(s) : json_null();
}

void ay_s4_set(json_t *item, const ay_picture *p, const ay_picture_says *says)
{
    if (!item)
        return;
    json_object_set_new(item, "id", json_integer(p->id));
    json_object_set_new(item, "original_filename", json_string(p->file));
    json_object_set_new(item, "content_type", json_string(p->mime));
    json_object_set_new(item, "size_bytes", json_integer(p->bytes));
    json_object_set_new(item, "storage_path", storage_path("", p->sha256, p->file));
    json_object_set_new(item, "image_url", storage_path("/", p->sha256, p->file));
    json_object_set_new(item, "width", json_integer(p->width));
    json_object_set_new(item, "height", json_integer(p->height));
    json_object_set_new(item, "created_at", json_string(p->created_at));
    json_object_set_new(item, "object_category", text_or_null(says->object));
    json_object_set_new(item, "background_category", text_or_null(says->background));
}

void ay_s4_unset(json_t *item)
{
    static const char *const names[] = {"id", "original_filename", "content_type", "size_bytes", "storage_path",
                                        "image_url", "width", "height", "created_at", "object_category",
                                        "background_category"};

    for (size_t i = 0; item && i < sizeof names / sizeof *names; i++)
        json_object_set_new(item, names[i], json_null());
}

ay_status ay_h_s4_add(ay_request *rq, ay_err *err)
{
    const char *dataset = NULL, *klass = NULL, *file;
    char sha256[AY_SHA256_HEX], name[32];
    const char *digest = sha256;
    ay_picture_says says;
    const ay_upload *u;
    ay_picture there;
    ay_added added;
    json_t *o;
    ay_status status = ay_request_picture(rq, &u, err);

    if (!status)
        status = ay_library(rq->service, &rq->arena, &dataset, &klass, err);
    if (status)
        return status;
    ay_sha256_bytes(u->data.data, u->data.len, sha256);
    snprintf(name, sizeof name, "upload-%.12s", sha256);
    file = u->filename && *u->filename ? u->filename : ay_request_strdup(rq, name);
    /* What is here stays in its class; adding it again would put it back among what nobody has sorted. */
    if (ay_picture_get(rq->service, dataset, sha256, &rq->arena, &there, &(ay_err){{0}}) == AY_OK) {
        added.picture = there;
    } else {
        status = ay_h_add(rq->server, u, dataset, klass, file, &rq->arena, &added, err);
        if (status)
            return status;
    }
    status = ay_pictures_say(rq->service, dataset, &digest, 1, &says, err);
    if (status)
        return status;
    o = json_object();
    ay_s4_set(o, &added.picture, &says);
    return ay_reply_json(rq, 200, o, err);
}

ay_status ay_h_s4_file(ay_request *rq, ay_err *err)
{
    const char *file = rq->arg[0];
    char sha256[AY_SHA256_HEX];

    snprintf(sha256, sizeof sha256, "%s", file);
    if (!ay_sha256_valid(sha256) || (file[64] && file[64] != '_' && file[64] != '.'))
        return ay_fail(err, AY_ENOTFOUND, "no picture '%.100s'", file);
    return ay_h_send_picture(rq, sha256, err);
}
