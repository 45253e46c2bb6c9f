#include "store/apart.h"
#include "store/acts.h"
#include "store/sql.h"

#include "base/clock.h"

#include <string.h>

/* What was said is unsaid; the pictures' own rows are elsewhere. */
const ay_store_extra ay_store_extra_apart = {
    .touches = AY_TOUCHED_APART,
    .undo = {"DELETE FROM apart WHERE born = ?"},
};

/* ---- prints */

static ay_status put_print(ay_store *s, int version, const ay_store_print *p, ay_err *err)
{
    int64_t there = 0;
    ay_status status = ay_sql_number(s, "SELECT COUNT(*) FROM picture WHERE sha256 = ?", ARGS(ay_sql_text(p->sha256)), &there, err);

    if (status != AY_OK || !there)
        return status;
    status = ay_sql_write(s, "DELETE FROM picture_print WHERE sha256 = ?", ARGS(ay_sql_text(p->sha256)), NULL, NULL, err);
    if (status == AY_OK)
        status = ay_sql_write(s, "INSERT INTO picture_print (sha256, version, data) VALUES (?, ?, ?)",
                              ARGS(ay_sql_text(p->sha256), ay_sql_int(version), ay_sql_blob(p->data, p->n)), NULL, NULL, err);
    return status;
}

ay_status ay_store_prints_put(ay_store *s, int version, const ay_store_print *list, size_t n, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t i = 0; i < n && status == AY_OK; i++) {
        status = ay_store_check_digest("a picture's digest", list[i].sha256, err);
        if (status == AY_OK && list[i].n > AY_PRINT_MOST)
            status = ay_fail(err, AY_EINVAL, "a print of %zu bytes; at most %d are kept", list[i].n, AY_PRINT_MOST);
    }
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = put_print(s, version, &list[i], err);
    return ay_store_end(s, status, err);
}

typedef struct {
    ay_store_print_visit visit;
    void *ctx;
} walking;

static ay_status take_print(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    walking *w = ctx;
    char sha256[AY_SHA256_HEX] = "";
    ay_store_print p = {.sha256 = sha256, .data = c[1].p, .n = c[1].n};

    (void)n;
    if (c[0].n != AY_SHA256_HEX - 1)
        return AY_OK;
    memcpy(sha256, c[0].p, AY_SHA256_HEX - 1);
    return w->visit(w->ctx, &p, err);
}

ay_status ay_store_prints_walk(ay_store *s, int version, ay_store_print_visit visit, void *ctx, ay_err *err)
{
    walking w = {visit, ctx};

    return ay_sql_read(s, "SELECT sha256, data FROM picture_print WHERE version = ?", ARGS(ay_sql_int(version)), take_print, &w, err);
}

/* ---- apart */

static ay_status put_pair(ay_store *s, int64_t act, const char *x, const char *y, int64_t *pairs, ay_err *err)
{
    const char *a = strcmp(x, y) < 0 ? x : y, *b = a == x ? y : x;
    int64_t there = 0;
    ay_status status = ay_sql_number(s, "SELECT COUNT(*) FROM apart WHERE a = ? AND b = ?", ARGS(ay_sql_text(a), ay_sql_text(b)), &there, err);

    if (status != AY_OK || there || strcmp(a, b) == 0)
        return status;
    ++*pairs;
    return ay_sql_write(s, "INSERT INTO apart (born, at_us, a, b) VALUES (?, ?, ?, ?)",
                        ARGS(ay_sql_int(act), ay_sql_int(ay_clock_wall()), ay_sql_text(a), ay_sql_text(b)), NULL, NULL, err);
}

static ay_status put_all(ay_store *s, int64_t dataset, const char *name, const char *const *sha256, size_t n,
                         char token[AY_TOKEN_SIZE], int64_t *pairs, ay_err *err)
{
    int64_t act = 0;
    ay_status status = ay_store_act(s, name, dataset, token, &act, err);

    for (size_t i = 0; i < n && status == AY_OK; i++)
        for (size_t k = i + 1; k < n && status == AY_OK; k++)
            status = put_pair(s, act, sha256[i], sha256[k], pairs, err);
    return status == AY_OK ? ay_store_history(s, "duplicates.apart", name, "{}", sha256, n, err) : status;
}

ay_status ay_store_apart_put(ay_store *s, int64_t dataset, const char *name, const char *const *sha256, size_t n,
                             char token[AY_TOKEN_SIZE], int64_t *pairs, ay_err *err)
{
    ay_status status = AY_OK;

    *pairs = 0;
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = ay_store_check_digest("a picture's digest", sha256[i], err);
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    status = put_all(s, dataset, name, sha256, n, token, pairs, err);
    if (status != AY_OK || *pairs > 0)
        return ay_store_end(s, status, err);
    ay_store_rollback(s); /* all of it was known */
    token[0] = '\0';
    return AY_OK;
}

static ay_status take_pair(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_store_pair *p = ay_sql_list_add(ctx);

    (void)n;
    if (!p)
        return ay_fail(err, AY_ENOMEM, "reading what is apart");
    if (c[0].n == AY_SHA256_HEX - 1 && c[1].n == AY_SHA256_HEX - 1) {
        memcpy(p->a, c[0].p, AY_SHA256_HEX - 1);
        memcpy(p->b, c[1].p, AY_SHA256_HEX - 1);
    }
    return AY_OK;
}

ay_status ay_store_apart_list(ay_store *s, ay_arena *a, ay_store_pair **out, size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_sql_read(s, "SELECT a, b FROM apart ORDER BY a, b", NULL, 0, take_pair, &l, err);

    *out = (ay_store_pair *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}
