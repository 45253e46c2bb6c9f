/* store/members.c - pictures, their place in a class of a data set, and their vectors.
 *
 * A vector is kept as little-endian IEEE floats, so that a database file can move between machines. */
#include "store/arrivals.h"
#include "store/sql.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { MOST_DIM = 65536, MOST_SIDE = 1 << 24 };

#define MEMBER_COLUMNS                                                                             \
    "SELECT m.id, m.dataset, m.class_id, m.file, m.added_us,"                                      \
    " p.sha256, p.format, p.width, p.height, p.bytes, p.phash, p.created_us, p.taken_us, p.camera"
enum { NCOLUMNS = 14, CAMERA = 13 };

/* To and from little-endian; on the usual machines a plain copy. */
void ay_sql_floats(void *dst, const void *src, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(dst, src, n * sizeof(float));
#else
    for (size_t i = 0; i < n; i++) {
        uint32_t v;
        memcpy(&v, (const char *)src + 4 * i, 4);
        v = __builtin_bswap32(v);
        memcpy((char *)dst + 4 * i, &v, 4);
    }
#endif
}

ay_status ay_store_picture_check(const ay_store_picture *p, ay_err *err)
{
    ay_status status = ay_store_check_digest("a picture's digest", p->sha256, err);

    if (status == AY_OK)
        status = ay_store_check_name("a picture's format", p->format, 16, err);
    if (status == AY_OK && (p->width < 1 || p->height < 1 || p->width > MOST_SIDE ||
                            p->height > MOST_SIDE || p->bytes < 1))
        status = ay_fail(err, AY_EINVAL, "a picture of %d x %d pixels and %lld bytes", p->width,
                         p->height, (long long)p->bytes);
    if (status == AY_OK && p->camera)
        status = ay_store_check_text("a camera's name", p->camera, AY_CAMERA_MAX, err);
    return status;
}

ay_status ay_store_check_vector(const ay_store_vector *v, ay_err *err)
{
    ay_status status = ay_store_check_digest("a model's digest", v->model, err);

    if (status == AY_OK)
        status = ay_store_check_digest("a preprocessing's digest", v->preprocess, err);
    if (status == AY_OK && (v->dim < 1 || v->dim > MOST_DIM))
        status = ay_fail(err, AY_EINVAL, "a vector of %d dimensions", v->dim);
    for (int d = 0; status == AY_OK && d < v->dim; d++)
        if (!(v->data[d] >= -1e6f && v->data[d] <= 1e6f))
            status = ay_fail(err, AY_EINVAL, "a vector with a value that is no usable number");
    return status;
}

static ay_status vector_write(ay_store *s, const char *sha256, const ay_store_vector *v,
                              ay_err *err)
{
    size_t n = (size_t)v->dim * sizeof(float);
    void *raw = ay_alloc(1, n);
    ay_status status;

    if (!raw)
        return ay_fail(err, AY_ENOMEM, "storing a vector");
    ay_sql_floats(raw, v->data, (size_t)v->dim);
    status =
        ay_sql_write(s, "DELETE FROM vector WHERE sha256 = ? AND model = ? AND preprocess = ?",
                     ARGS(ay_sql_text(sha256), ay_sql_text(v->model), ay_sql_text(v->preprocess)),
                     NULL, NULL, err);
    if (status == AY_OK)
        status = ay_sql_write(
            s, "INSERT INTO vector (sha256, model, preprocess, dim, data) VALUES (?, ?, ?, ?, ?)",
            ARGS(ay_sql_text(sha256), ay_sql_text(v->model), ay_sql_text(v->preprocess),
                 ay_sql_int(v->dim), ay_sql_blob(raw, n)),
            NULL, NULL, err);
    ay_free(raw);
    return status;
}

static ay_status picture_known(ay_store *s, const char *sha256, ay_err *err)
{
    int64_t one;

    return ay_sql_number(s, "SELECT 1 FROM picture WHERE sha256 = ?", ARGS(ay_sql_text(sha256)),
                         &one, err);
}

ay_status ay_store_vector_put(ay_store *s, const char *sha256, const ay_store_vector *v,
                              ay_err *err)
{
    ay_status status = ay_store_check_digest("a picture's digest", sha256, err);

    if (status == AY_OK)
        status = ay_store_check_vector(v, err);
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    status = picture_known(s, sha256, err);
    if (status == AY_ENOTFOUND)
        ay_fail(err, AY_ENOTFOUND, "no picture %.12s", sha256);
    if (status == AY_OK)
        status = vector_write(s, sha256, v, err);
    return ay_store_end(s, status, err);
}

ay_status ay_store_picture_write(ay_store *s, const ay_store_picture *p, ay_err *err)
{
    ay_status status = ay_store_picture_check(p, err);

    if (status == AY_OK)
        status = picture_known(s, p->sha256, err);
    if (status != AY_ENOTFOUND)
        return status;
    return ay_sql_write(s,
                        "INSERT INTO picture (sha256, format, width, height, bytes, phash,"
                        " created_us, taken_us, camera, examined) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        ARGS(ay_sql_text(p->sha256), ay_sql_text(p->format), ay_sql_int(p->width),
                             ay_sql_int(p->height), ay_sql_int(p->bytes),
                             ay_sql_int((int64_t)p->phash),
                             ay_sql_int(p->created_us ? p->created_us : ay_clock_wall()),
                             ay_sql_int(p->taken_us), ay_sql_text(p->camera ? p->camera : ""),
                             ay_sql_int(p->camera != NULL)),
                        NULL, NULL, err);
}

static ay_status class_dataset(ay_store *s, int64_t class_id, int64_t *dataset, ay_err *err)
{
    ay_status status = ay_sql_number(s, "SELECT dataset FROM class WHERE id = ? AND trash = 0",
                                     ARGS(ay_sql_int(class_id)), dataset, err);

    if (status == AY_ENOTFOUND)
        return ay_fail(err, AY_ENOTFOUND, "no such class");
    return status;
}

typedef struct {
    int64_t id, class_id, dataset;
    bool found, unsorted; /* unsorted: asked for apart */
    char sha256[AY_SHA256_HEX];
} place;

static ay_status take_place(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    place *p = ctx;

    (void)err;
    *p = (place){.id = c[0].i, .class_id = c[1].i, .dataset = c[2].i, .found = true};
    if (n > 3)
        snprintf(p->sha256, sizeof p->sha256, "%.*s", (int)c[3].n, (const char *)c[3].p);
    return AY_OK;
}

static ay_status member_insert(ay_store *s, int64_t dataset, int64_t class_id, const char *file,
                               const char *sha256, ay_store_added *out, ay_err *err)
{
    int64_t now = ay_clock_wall();
    ay_status status = ay_sql_write(s,
                                    "INSERT INTO member (dataset, class_id, sha256, file, added_us,"
                                    " trash) VALUES (?, ?, ?, ?, ?, 0)",
                                    ARGS(ay_sql_int(dataset), ay_sql_int(class_id), ay_sql_text(sha256), ay_sql_text(file),
                                         ay_sql_int(now)),
                                    NULL, &out->id, err);

    out->created = true;
    out->added_us = now;
    if (status == AY_OK)
        status = ay_store_note(s, "picture.add", sha256, file, err);
    return status;
}

static ay_status set_class(ay_store *s, int64_t member, int64_t class_id, ay_err *err)
{
    return ay_sql_write(s, "UPDATE member SET class_id = ? WHERE id = ?",
                        ARGS(ay_sql_int(class_id), ay_sql_int(member)), NULL, NULL, err);
}

static ay_status take_kind(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)n, (void)err;
    *(bool *)ctx = c[0].i == AY_KIND_UNSORTED;
    return AY_OK;
}

static ay_status class_unsorted(ay_store *s, int64_t class_id, bool *unsorted, ay_err *err)
{
    return ay_sql_select(s, "SELECT kind FROM class WHERE id = ?", ARGS(ay_sql_int(class_id)), take_kind, unsorted, err);
}

ay_status ay_store_member_write(ay_store *s, int64_t class_id, int stay, const char *file,
                                const ay_store_picture *p, const ay_store_vector *v, ay_store_added *out,
                                ay_err *err)
{
    int64_t dataset = 0;
    place at = {0};
    ay_status status = class_dataset(s, class_id, &dataset, err);

    if (status == AY_OK)
        status = ay_store_picture_write(s, p, err);
    if (status == AY_OK && v)
        status = vector_write(s, p->sha256, v, err);
    if (status == AY_OK)
        status =
            ay_sql_select(s,
                          "SELECT id, class_id, dataset FROM member"
                          " WHERE dataset = ? AND sha256 = ? AND trash = 0",
                          ARGS(ay_sql_int(dataset), ay_sql_text(p->sha256)), take_place, &at, err);
    if (status == AY_OK && at.found && stay == AY_STAY_SORTED)
        status = class_unsorted(s, at.class_id, &at.unsorted, err);
    if (status != AY_OK)
        return status;
    if (!at.found)
        return member_insert(s, dataset, class_id, file, p->sha256, out, err);
    out->id = at.id;
    if (at.class_id == class_id || stay == AY_STAY || (stay == AY_STAY_SORTED && !at.unsorted))
        return AY_OK;
    out->moved = true;
    out->from_class = at.class_id;
    status = set_class(s, at.id, class_id, err);
    return status == AY_OK ? ay_store_note(s, "picture.move", p->sha256, file, err) : status;
}

ay_status ay_store_member_add(ay_store *s, int64_t class_id, const char *file,
                              const ay_store_picture *p, const ay_store_vector *v,
                              ay_store_added *out, ay_err *err)
{
    ay_status status = ay_store_picture_check(p, err);

    *out = (ay_store_added){0};
    if (status == AY_OK)
        status = ay_store_check_text("a file name", file, AY_FILE_MAX, err);
    if (status == AY_OK && v)
        status = ay_store_check_vector(v, err);
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, ay_store_member_write(s, class_id, AY_STAY_NOT, file, p, v, out, err), err);
}

static ay_status member_set(ay_store *s, int64_t member, int64_t to_class, ay_err *err)
{
    int64_t dataset = 0;
    place at = {0};
    ay_status status = class_dataset(s, to_class, &dataset, err);

    if (status == AY_OK)
        status =
            ay_sql_select(s, "SELECT id, class_id, dataset, sha256 FROM member WHERE id = ? AND trash = 0",
                          ARGS(ay_sql_int(member)), take_place, &at, err);
    if (status != AY_OK)
        return status;
    if (!at.found)
        return ay_fail(err, AY_ENOTFOUND, "no such picture");
    if (at.dataset != dataset)
        return ay_fail(err, AY_EINVAL, "that class is in another data set");
    if (at.class_id == to_class)
        return AY_OK;
    status = set_class(s, member, to_class, err);
    return status == AY_OK ? ay_store_note(s, "picture.move", at.sha256, "", err) : status;
}

ay_status ay_store_member_move(ay_store *s, int64_t member, int64_t to_class, ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    return ay_store_end(s, member_set(s, member, to_class, err), err);
}

/* ---- reading */

static void member_numbers(ay_store_member *m, const ay_sql_value *c)
{
    m->id = c[0].i;
    m->dataset = c[1].i;
    m->class_id = c[2].i;
    m->added_us = c[4].i;
    m->picture.width = (int)c[7].i;
    m->picture.height = (int)c[8].i;
    m->picture.bytes = c[9].i;
    m->picture.phash = (uint64_t)c[10].i;
    m->picture.created_us = c[11].i;
    m->picture.taken_us = c[12].i;
}

static ay_status take_member(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_member *m = ay_sql_list_add(l);

    (void)n;
    if (!m || !(m->file = ay_sql_string(l->arena, &c[3])) ||
        !(m->picture.sha256 = ay_sql_string(l->arena, &c[5])) ||
        !(m->picture.format = ay_sql_string(l->arena, &c[6])) ||
        !(m->picture.camera = ay_sql_string(l->arena, &c[CAMERA])))
        return ay_fail(err, AY_ENOMEM, "listing pictures");
    member_numbers(m, c);
    return AY_OK;
}

ay_status ay_store_member_list(ay_store *s, int64_t dataset, int64_t class_id, int64_t before,
                               int limit, ay_arena *a, ay_store_member **out, size_t *n,
                               ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    const char *sql = class_id ? MEMBER_COLUMNS
                          " FROM member m JOIN picture p ON p.sha256 = m.sha256"
                          " WHERE m.class_id = ? AND m.dataset = ? AND m.trash = 0 AND m.id < ?"
                          " ORDER BY m.id DESC LIMIT ?"
                               : MEMBER_COLUMNS
                          " FROM member m JOIN picture p ON p.sha256 = m.sha256"
                          " WHERE ? = 0 AND m.dataset = ? AND m.trash = 0 AND m.id < ?"
                          " ORDER BY m.id DESC LIMIT ?";
    ay_status status =
        ay_sql_read(s, sql,
                    ARGS(ay_sql_int(class_id), ay_sql_int(dataset),
                         ay_sql_int(before > 0 ? before : INT64_MAX), ay_sql_int(limit)),
                    take_member, &l, err);

    *out = (ay_store_member *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

typedef struct {
    const char *model, *preprocess;
    ay_store_visit visit;
    void *ctx;
    ay_buf text, floats;
} walk;

/* Copy a text column into w->text; the strings are found by offset once all are in. */
static size_t put_text(walk *w, const ay_sql_value *c)
{
    size_t at = w->text.len;

    ay_buf_add(&w->text, c->p, c->n);
    ay_buf_putc(&w->text, '\0');
    return at;
}

static ay_status walk_row(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    const ay_sql_value *dim = &c[NCOLUMNS], *data = &c[NCOLUMNS + 1];
    walk *w = ctx;
    ay_store_member m = {0};
    ay_store_vector v = {.model = w->model, .preprocess = w->preprocess};
    size_t file, sha, format, camera;

    (void)n;
    w->text.len = w->floats.len = 0;
    file = put_text(w, &c[3]), sha = put_text(w, &c[5]), format = put_text(w, &c[6]);
    camera = put_text(w, &c[CAMERA]);
    if (data->type == AY_SQL_BLOB && !ay_buf_reserve(&w->floats, data->n + 1))
        return ay_fail(err, AY_ENOMEM, "reading vectors");
    if (w->text.failed)
        return ay_fail(err, AY_ENOMEM, "reading pictures");
    m.file = w->text.data + file;
    m.picture.sha256 = w->text.data + sha;
    m.picture.format = w->text.data + format;
    m.picture.camera = w->text.data + camera;
    member_numbers(&m, c);
    if (data->type == AY_SQL_BLOB) {
        if (dim->i < 1 || dim->i > MOST_DIM || data->n != (size_t)dim->i * sizeof(float))
            return ay_fail(err, AY_ECORRUPT, "the vector of picture %.12s has the wrong size",
                           m.picture.sha256);
        ay_sql_floats(w->floats.data, data->p, (size_t)dim->i);
        v.data = (const float *)(const void *)w->floats.data;
        v.dim = (int)dim->i;
    }
    return w->visit(w->ctx, &m, &v, err);
}

ay_status ay_store_member_walk_after(ay_store *s, int64_t dataset, int64_t after, const char *model, const char *preprocess,
                                     ay_store_visit visit, void *ctx, ay_err *err)
{
    walk w = {.model = model, .preprocess = preprocess, .visit = visit, .ctx = ctx};
    ay_status status = ay_sql_read(
        s,
        MEMBER_COLUMNS ", v.dim, v.data FROM member m JOIN picture p ON p.sha256 = m.sha256"
                       " LEFT JOIN vector v ON v.sha256 = m.sha256 AND v.model = ?"
                       " AND v.preprocess = ? WHERE m.dataset = ? AND m.trash = 0 AND m.id > ? ORDER BY m.id",
        ARGS(ay_sql_text(model), ay_sql_text(preprocess), ay_sql_int(dataset), ay_sql_int(after)), walk_row, &w, err);

    ay_buf_fini(&w.text);
    ay_buf_fini(&w.floats);
    return status;
}

ay_status ay_store_member_walk(ay_store *s, int64_t dataset, const char *model, const char *preprocess, ay_store_visit visit,
                               void *ctx, ay_err *err)
{
    return ay_store_member_walk_after(s, dataset, -1, model, preprocess, visit, ctx, err);
}

static ay_status take_digest(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    const char **d = ay_sql_list_add(l);

    (void)n;
    if (!d || !(*d = ay_sql_string(l->arena, &c[0])))
        return ay_fail(err, AY_ENOMEM, "listing digests");
    return AY_OK;
}

ay_status ay_store_picture_list(ay_store *s, ay_arena *a, const char ***out, size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status =
        ay_sql_read(s, "SELECT sha256 FROM picture UNION SELECT sha256 FROM arrival WHERE state = 0"
                             " ORDER BY sha256", NULL, 0, take_digest, &l, err);

    *out = (const char **)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

ay_status ay_store_drop_orphans(ay_store *s, ay_arena *a, const char ***out, size_t *n, ay_err *err)
{
    static const char *const forget[] = {"DELETE FROM vector WHERE sha256 = ?", "DELETE FROM picture_print WHERE sha256 = ?",
                                         "DELETE FROM picture_tag WHERE sha256 = ?",
                                         "DELETE FROM album_picture WHERE sha256 = ?", "DELETE FROM picture WHERE sha256 = ?"};
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_sql_select(s,
                                     "SELECT p.sha256 FROM picture p WHERE NOT EXISTS"
                                     " (SELECT 1 FROM member m WHERE m.sha256 = p.sha256) AND NOT EXISTS"
                                     " (SELECT 1 FROM prediction q WHERE q.sha256 = p.sha256) AND NOT EXISTS"
                                     " (SELECT 1 FROM arrival r WHERE r.sha256 = p.sha256 AND r.state = 0)",
                                     NULL, 0, take_digest, &l, err);

    *out = (const char **)(void *)l.items;
    for (size_t i = 0; i < l.n && status == AY_OK; i++)
        for (size_t f = 0; f < sizeof forget / sizeof *forget && status == AY_OK; f++)
            status = ay_sql_write(s, forget[f], ARGS(ay_sql_text((*out)[i])), NULL, NULL, err);
    *n = status == AY_OK ? l.n : 0;
    return status;
}
