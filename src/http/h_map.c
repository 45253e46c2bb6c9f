/* http/h_map.c - GET /v1/map: a hundred thousand points in one answer of bytes.
 *
 *     0  "AYMAP1\0\0"     8  bytes of the JSON, u32     12  points n, u32     16  the JSON, padded with blanks to a multiple of 4
 *     then, little-endian, one after the other: x f32 n, y f32 n, class u32 n (place in the JSON's classes), cluster u32 n (a group's
 *     number, 0: none), date u32 n (seconds since 1970), fits u8 n padded to a multiple of 4 (the filter), digests 32 n
 *
 * JSON of the same would be six times as large and take a page a second to read. */
#include "http/handlers.h"
#include "http/h_pictures.h"
#include "http/impl.h"
#include "http/view.h"

#include "base/json.h"
#include "service/library/map.h"

#include <stddef.h>
#include <string.h>

static void put(ay_buf *b, const void *p, size_t n)
{
    ay_buf_add(b, p, n);
}

static void pad(ay_buf *b, char with)
{
    while (b->len % 4)
        ay_buf_putc(b, with);
}

/* One member of every point; they are little-endian as this machine is. */
static void column(ay_buf *b, const ay_map_view *v, size_t offset, size_t size)
{
    char *to = ay_buf_reserve(b, v->n * size);

    for (size_t i = 0; to && i < v->n; i++)
        memcpy(to + i * size, (const char *)&v->points[i] + offset, size);
    if (to)
        b->len += v->n * size;
}

static json_t *head_of(const ay_map_view *v)
{
    json_t *classes = json_array();

    for (int i = 0; i < v->nclasses; i++)
        json_array_append_new(classes, json_string(v->classes[i]));
    return json_pack("{s:s, s:I, s:s, s:s, s:I, s:o, s:o}", "dataset", v->dataset, "n", (json_int_t)v->n, "method",
                     v->refined ? "umap" : "pca", "made_at", v->made_at, "joined", (json_int_t)v->joined, "job",
                     v->job ? json_integer(v->job) : json_null(), "classes", classes);
}

static ay_status write_map(const ay_map_view *v, ay_buf *b, ay_err *err)
{
    json_t *head = head_of(v);
    uint32_t sizes[2] = {0, (uint32_t)v->n};
    ay_buf text = {0};
    bool ok = ay_json_dump(head, JSON_COMPACT, &text);

    json_decref(head);
    pad(&text, ' ');
    sizes[0] = (uint32_t)text.len;
    put(b, "AYMAP1\0", 8);
    put(b, sizes, sizeof sizes);
    put(b, text.data, text.len);
    column(b, v, offsetof(ay_map_point, x), 4);
    column(b, v, offsetof(ay_map_point, y), 4);
    column(b, v, offsetof(ay_map_point, klass), 4);
    column(b, v, offsetof(ay_map_point, cluster), 4);
    column(b, v, offsetof(ay_map_point, date), 4);
    column(b, v, offsetof(ay_map_point, fits), 1);
    pad(b, 0);
    column(b, v, offsetof(ay_map_point, sha256), 32);
    ok = ok && !text.failed && !b->failed;
    ay_buf_fini(&text);
    return ok ? AY_OK : ay_fail(err, AY_ENOMEM, "a map of %zu pictures", v->n);
}

ay_status ay_h_map(ay_request *rq, ay_err *err)
{
    ay_picture_filter f = {.n = 0};
    ay_map_view v;
    ay_buf body = {0};
    ay_status status = ay_h_filter_query(rq, &f, err);

    if (status == AY_OK)
        status = ay_map_get(rq->service, ay_request_query(rq, "dataset"), f.n ? &f : NULL, &rq->arena, &v, err);
    if (status != AY_OK)
        return status;
    status = write_map(&v, &body, err);
    ay_map_fini(&v);
    if (status == AY_OK)
        status = ay_reply_bytes(rq, 200, "application/octet-stream", &body, err);
    ay_buf_fini(&body);
    return status;
}
