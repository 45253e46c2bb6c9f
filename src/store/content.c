#include "store/content.h"

#include "base/clock.h"
#include "store/sql.h"

#include <stdio.h>
#include <string.h>

static ay_status put_one(ay_store *s, const ay_content *c, ay_err *err)
{
    int64_t changed = 0;
    ay_status status = ay_store_check_name("a file's name", c->name, AY_CONTENT_NAME, err);

    if (status == AY_OK)
        status = ay_sql_write(s, "UPDATE content SET at_us = ? WHERE name = ?", ARGS(ay_sql_int(ay_clock_wall()), ay_sql_text(c->name)), &changed,
                              NULL, err);
    if (status != AY_OK || changed > 0)
        return status;
    for (size_t at = 0, part = 0; status == AY_OK && (at < c->n || part == 0); at += AY_CONTENT_PART, part++) {
        size_t n = c->n - at < AY_CONTENT_PART ? c->n - at : AY_CONTENT_PART;
        status = ay_sql_write(s, "INSERT INTO content (name, part, at_us, data) VALUES (?, ?, ?, ?)",
                              ARGS(ay_sql_text(c->name), ay_sql_int((int64_t)part), ay_sql_int(ay_clock_wall()),
                                   ay_sql_blob((const char *)c->bytes + at, n)), NULL, NULL, err);
    }
    return status;
}

ay_status ay_store_content_put(ay_store *s, const ay_content *list, size_t n, ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = put_one(s, &list[i], err);
    return ay_store_end(s, status, err);
}

typedef struct {
    ay_buf *out;
    int64_t parts;
} gathering;

static ay_status take_part(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    gathering *g = ctx;

    (void)n;
    if (c[0].i != g->parts++)
        return ay_fail(err, AY_ECORRUPT, "a file in the database lacks a part");
    ay_buf_add(g->out, c[1].p, c[1].n);
    return g->out->failed ? ay_fail(err, AY_ENOMEM, "reading a file from the database") : AY_OK;
}

ay_status ay_store_content_get(ay_store *s, const char *name, ay_buf *out, ay_err *err)
{
    gathering g = {out, 0};
    ay_status status = ay_sql_read(s, "SELECT part, data FROM content WHERE name = ? ORDER BY part", ARGS(ay_sql_text(name)), take_part, &g, err);

    return status == AY_OK && g.parts == 0 ? ay_fail(err, AY_ENOTFOUND, "no file %.80s in the database", name) : status;
}

static ay_status take_name(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    const char **at = ay_sql_list_add(l);

    (void)n;
    return at && (*at = ay_sql_string(l->arena, &c[0])) ? AY_OK : ay_fail(err, AY_ENOMEM, "listing files");
}

ay_status ay_store_content_list(ay_store *s, const char *prefix, ay_arena *a, const char ***out, size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    char after[AY_CONTENT_NAME + 2];
    ay_status status;

    snprintf(after, sizeof after, "%.*s\x7f", AY_CONTENT_NAME, prefix); /* names have no such character */
    status = ay_sql_read(s, "SELECT name FROM content WHERE name >= ? AND name < ? AND part = 0 ORDER BY name",
                         ARGS(ay_sql_text(prefix), ay_sql_text(after)), take_name, &l, err);
    *out = (const char **)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

ay_status ay_store_content_missing(ay_store *s, ay_arena *a, const char ***out, size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_sql_read(s, "SELECT sha256 FROM picture WHERE NOT EXISTS (SELECT 1 FROM content WHERE name = sha256)", NULL, 0, take_name,
                                   &l, err);

    *out = (const char **)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

ay_status ay_store_content_trim(ay_store *s, int64_t before_us, ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    status = ay_sql_write(s,
                          "DELETE FROM content WHERE at_us < ? AND name NOT LIKE 'model/%' AND NOT EXISTS (SELECT 1 FROM picture p WHERE"
                          " p.sha256 = content.name) AND NOT EXISTS (SELECT 1 FROM arrival a WHERE a.sha256 = content.name AND a.state = 0)",
                          ARGS(ay_sql_int(before_us)), NULL, NULL, err);
    return ay_store_end(s, status, err);
}
