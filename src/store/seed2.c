/* store/seed2.c - see store/seed2.h.  Times are read as seconds since 1970 whatever the tables' zone. */
#include "store/seed2.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/driver.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES " CAST(UNIX_TIMESTAMP(created_at) * 1000000 AS SIGNED), CAST(UNIX_TIMESTAMP(updated_at)" \
              " * 1000000 AS SIGNED)"

enum { MOST_DIM = 65536 };

typedef struct {
    const ay_seed2_visitor *v;
    ay_seed2_counts *counts;
    ay_buf text, floats;
    int table;
    bool theirs; /* a failure is the database's, not the visitor's */
} reading;

static ay_status refuse(reading *r, const char *table, const char *why)
{
    if (r->counts->refused++ == 0)
        snprintf(r->counts->why, sizeof r->counts->why, "%s: %s", table, why);
    if (r->v->refused)
        r->v->refused(r->v->ctx, why);
    return AY_OK;
}

/* Columns as strings, one after the other; NULL becomes "".  false when memory is refused. */
static bool texts(reading *r, const ay_sql_value *const *columns, const char **out, int n)
{
    size_t at[8];

    r->text.len = 0;
    for (int i = 0; i < n; i++) {
        at[i] = r->text.len;
        ay_buf_add(&r->text, columns[i]->p ? columns[i]->p : "", columns[i]->p ? columns[i]->n : 0);
        ay_buf_putc(&r->text, '\0');
    }
    for (int i = 0; i < n && !r->text.failed; i++)
        out[i] = r->text.data + at[i];
    return !r->text.failed;
}

/* Digests came from clients: their letters may be capitals. */
static bool digest(const char *text, char dst[AY_SHA256_HEX])
{
    size_t n = strlen(text);

    for (size_t i = 0; i <= n && n == 64; i++)
        dst[i] = (char)tolower((unsigned char)text[i]);
    return n == 64 && ay_sha256_valid(dst);
}

static int64_t number(const ay_sql_value *c)
{
    return c->type == AY_SQL_INT ? c->i : 0;
}

static ay_status take_feedback(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    static const char table[] = "clip_image_theme_feedback";
    reading *r = ctx;
    const ay_sql_value *const columns[] = {&c[0], &c[1], &c[2]};
    char sha256[AY_SHA256_HEX];
    const char *t[3];
    ay_seed2_feedback f = {.accepted = number(&c[3]), .total = number(&c[4]),
                           .created_us = number(&c[5]), .updated_us = number(&c[6])};

    (void)n;
    if (!texts(r, columns, t, 3))
        return ay_fail(err, AY_ENOMEM, "reading feedback");
    if (!digest(t[0], sha256))
        return refuse(r, table, "a picture's digest is not 64 hexadecimal digits");
    if (!*t[1] || !ay_utf8_valid(t[1], strlen(t[1])))
        return refuse(r, table, "a theme is empty or not UTF-8");
    if (f.total < 1 || f.accepted < 0 || f.accepted > f.total)
        return refuse(r, table, "more was accepted than asked, or nothing asked");
    f.sha256 = sha256, f.theme = t[1], f.asset = t[2];
    r->counts->feedback++;
    return r->v->feedback(r->v->ctx, &f, err);
}

/* Little-endian floats of about unit length; NULL says why not. */
static const float *vector(reading *r, const ay_sql_value *data, int64_t dim, const char **why)
{
    double sum = 0;
    float *v;

    *why = "a vector has the wrong size";
    if (data->type != AY_SQL_BLOB || dim < 1 || dim > MOST_DIM || data->n != (size_t)dim * 4)
        return NULL;
    *why = "no memory for a vector";
    r->floats.len = 0;
    if (!(v = (float *)(void *)ay_buf_reserve(&r->floats, data->n)))
        return NULL;
    for (int64_t i = 0; i < dim; i++) {
        const unsigned char *b = (const unsigned char *)data->p + 4 * i;
        uint32_t bits = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
        memcpy(&v[i], &bits, 4);
        sum += (double)v[i] * v[i];
    }
    *why = "a vector is not of unit length";
    return fabs(sqrt(sum) - 1) < 0.01 ? v : NULL; /* NaN is not */
}

static ay_status take_vector(reading *r, const ay_sql_value *c, bool picture, ay_err *err)
{
    const char *table = picture ? "clip_image_embedding_cache" : "clip_label_embedding_cache";
    const ay_sql_value *const columns[] = {&c[0], &c[1], &c[2]};
    char sha256[AY_SHA256_HEX];
    const char *t[3], *why;
    ay_seed2_vector v = {.dim = (int)number(&c[3]), .created_us = number(&c[5]),
                         .updated_us = number(&c[6])};

    if (!texts(r, columns, t, 3))
        return ay_fail(err, AY_ENOMEM, "reading vectors");
    if (picture && !digest(t[0], sha256))
        return refuse(r, table, "a picture's digest is not 64 hexadecimal digits");
    if (!picture && (!*t[0] || !ay_utf8_valid(t[0], strlen(t[0]))))
        return refuse(r, table, "a label is empty or not UTF-8");
    v.data = vector(r, &c[4], number(&c[3]), &why);
    if (!v.data)
        return r->floats.failed ? ay_fail(err, AY_ENOMEM, "%s", why) : refuse(r, table, why);
    v.sha256 = picture ? sha256 : NULL;
    v.label = picture ? NULL : t[0];
    v.model = t[1], v.asset = t[2];
    ++*(picture ? &r->counts->images : &r->counts->labels);
    return r->v->vector(r->v->ctx, &v, err);
}

static ay_status take_image(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)n;
    return take_vector(ctx, c, true, err);
}

static ay_status take_label(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)n;
    return take_vector(ctx, c, false, err);
}

/* A failed call was kept as four empty lists: no letter stands between its brackets. */
static bool says_something(const char *expansion)
{
    for (const char *p = strchr(expansion, '['); p; p = strchr(p + 1, '['))
        if (p[1 + strspn(p + 1, " \t\r\n")] == '"')
            return true;
    return false;
}

static ay_status take_expansion(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    static const char table[] = "clip_llm_label_expansion_cache";
    reading *r = ctx;
    const ay_sql_value *const columns[] = {&c[0], &c[1], &c[2], &c[3]};
    char key[AY_SHA256_HEX];
    const char *t[4];
    ay_seed2_expansion e = {.created_us = number(&c[4]), .updated_us = number(&c[5])};

    (void)n;
    if (!texts(r, columns, t, 4))
        return ay_fail(err, AY_ENOMEM, "reading expansions");
    if (!digest(t[0], key))
        return refuse(r, table, "a key is not 64 hexadecimal digits");
    if (!says_something(t[3]))
        return refuse(r, table, "an expansion is empty: the call had failed");
    e.key = key, e.model = t[1], e.labels = t[2], e.expansion = t[3];
    r->counts->expansions++;
    return r->v->expansion(r->v->ctx, &e, err);
}

static ay_status take_number(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)n, (void)err;
    *(int64_t *)ctx = number(c);
    return AY_OK;
}

static const struct {
    const char *table, *sql;
    ay_status (*take)(void *ctx, const ay_sql_value *c, int n, ay_err *err);
} tables[] = {
    {"clip_image_theme_feedback",
     "SELECT image_hash, theme, asset_id, acceptance_count, total_assignments," TIMES
     " FROM clip_image_theme_feedback ORDER BY image_hash, theme",
     take_feedback},
    {"clip_image_embedding_cache",
     "SELECT image_hash, model_name, asset_id, embedding_dim, embedding," TIMES
     " FROM clip_image_embedding_cache ORDER BY image_hash",
     take_image},
    {"clip_label_embedding_cache",
     "SELECT label, model_name, '', embedding_dim, embedding," TIMES
     " FROM clip_label_embedding_cache ORDER BY model_name, label",
     take_label},
    {"clip_llm_label_expansion_cache",
     "SELECT cache_key, model_name, top_labels_json, expansion_json," TIMES
     " FROM clip_llm_label_expansion_cache ORDER BY updated_at DESC, cache_key",
     take_expansion},
};

static ay_status take(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    reading *r = ctx;
    ay_status status = tables[r->table].take(r, c, n, err);

    r->theirs = status == AY_OK;
    return status;
}

static bool wanted(const ay_seed2_visitor *v, int table)
{
    return table == 0 ? v->feedback != NULL : table == 3 ? v->expansion != NULL : v->vector != NULL;
}

static ay_status count(void *session, int table, int64_t *rows, ay_err *err)
{
    ay_sql_value name = {AY_SQL_TEXT, 0, tables[table].table, strlen(tables[table].table)};
    int64_t there = 0;
    char sql[120];
    ay_status status = ay_store_mysql.run(session,
                                          "SELECT COUNT(*) FROM information_schema.tables WHERE"
                                          " table_schema = DATABASE() AND table_name = ?",
                                          &(ay_sql_call){.args = &name, .nargs = 1, .row = take_number,
                                                         .ctx = &there},
                                          err);

    *rows = -1;
    if (status != AY_OK || there == 0)
        return status;
    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM %s", tables[table].table);
    return ay_store_mysql.run(session, sql, &(ay_sql_call){.row = take_number, .ctx = rows}, err);
}

static ay_status read_table(void *session, int table, reading *r, ay_err *err)
{
    int64_t rows;
    ay_status status = count(session, table, &rows, err);

    r->counts->tables += rows >= 0;
    if (status == AY_OK && r->v->table)
        status = r->v->table(r->v->ctx, tables[table].table, rows, err);
    if (status != AY_OK || rows < 0 || !wanted(r->v, table))
        return status;
    r->table = table;
    r->theirs = true;
    status = ay_store_mysql.run(session, tables[table].sql, &(ay_sql_call){.row = take, .ctx = r}, err);
    if (status != AY_OK && r->theirs)
        ay_err_wrap(err, "%s%s", tables[table].table,
                    status == AY_ECORRUPT ? " is not as the classifier makes it" : "");
    return status;
}

/* Rows are taken as fast as they are kept elsewhere, which may be longer than a statement of a store may
 * take.  Whether the URL has a password is nobody's business here: it is wiped. */
static ay_status open_session(void **out, const char *rest, ay_err *err)
{
    char *text;
    ay_buf url = {0};
    ay_status status;

    ay_buf_puts(&url, rest);
    if (!strstr(rest, "timeout="))
        ay_buf_puts(&url, strchr(rest, '?') ? "&timeout=0" : "?timeout=0");
    text = url.data;
    status = url.failed ? ay_fail(err, AY_ENOMEM, "reading a URL")
                        : ay_store_mysql.open(out, text, false, err);
    if (text)
        explicit_bzero(text, url.len);
    ay_buf_fini(&url);
    return status;
}

ay_status ay_seed2_read(const char *url, const ay_seed2_visitor *v, ay_seed2_counts *out, ay_err *err)
{
    reading r = {.v = v, .counts = out};
    void *session = NULL;
    ay_status status;

    *out = (ay_seed2_counts){0};
    if (strncmp(url, "mysql:", 6) != 0)
        return ay_fail(err, AY_EINVAL, "the four tables are in MySQL: mysql://user@host/database");
    status = open_session(&session, url + 6, err);
    if (status != AY_OK)
        return status;
    for (int i = 0; i < 4 && status == AY_OK; i++)
        status = read_table(session, i, &r, err);
    ay_store_mysql.close(session);
    ay_buf_fini(&r.text);
    ay_buf_fini(&r.floats);
    if (status == AY_OK && out->tables == 0)
        return ay_fail(err, AY_ENOTFOUND,
                       "none of the classifier's four tables is in that database, or its user may not see"
                       " them: check the database's name, or GRANT SELECT on them");
    return status;
}

/* What a URL needs escaped, escaped. */
static void add_escaped(ay_buf *b, const char *s)
{
    for (; *s; s++) {
        if (isalnum((unsigned char)*s) || strchr("-._~", *s))
            ay_buf_putc(b, *s);
        else
            ay_buf_printf(b, "%%%02X", (unsigned char)*s);
    }
}

static const char *env(const char *name, const char *fallback)
{
    const char *v = getenv(name);

    return v && *v ? v : fallback;
}

ay_status ay_seed2_url(ay_buf *out, ay_err *err)
{
    const char *host = env("DB_HOST", ""), *user = env("DB_USER", ""), *name = env("DB_NAME", "");
    bool production = strcmp(env("NODE_ENV", "development"), "production") == 0;

    if (!*host || !*user || !*name)
        return ay_fail(err, AY_EINVAL, "DB_HOST, DB_USER and DB_NAME must be set, as for the classifier");
    ay_buf_puts(out, "mysql://");
    add_escaped(out, user);
    ay_buf_putc(out, ':');
    add_escaped(out, env("DB_PASSWORD", ""));
    ay_buf_putc(out, '@');
    if (strchr(host, ':'))
        ay_buf_printf(out, "[%s]", host);
    else
        add_escaped(out, host);
    ay_buf_printf(out, ":%s/", env("DB_PORT", "3306"));
    add_escaped(out, name);
    if (!ay_str_ends_nocase(name, "_prod") && !ay_str_ends_nocase(name, "_dev"))
        ay_buf_puts(out, production ? "_prod" : "_dev");
    return out->failed ? ay_fail(err, AY_ENOMEM, "writing a URL") : AY_OK;
}
