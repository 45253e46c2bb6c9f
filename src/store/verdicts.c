#include "store/verdicts.h"
#include "store/sql.h"

#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

enum { TRIM_EVERY = 256 };

/* ---- verdicts */

static ay_status check(const ay_store_verdict *v, ay_err *err)
{
    ay_status status = ay_store_check_digest("a picture's digest", v->sha256, err);

    if (status == AY_OK)
        status = ay_store_check_name("a theme", v->theme, AY_THEME_MAX, err);
    if (status == AY_OK)
        status = ay_store_check_text("an asset's name", v->asset, AY_ASSET_MAX, err);
    if (status == AY_OK)
        status = ay_store_check_text("a verdict's key", v->key, AY_VERDICT_KEY_MAX, err);
    return status;
}

static ay_status take_verdict(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_verdict *v = ay_sql_list_add(l);

    (void)n;
    if (!v || !(v->sha256 = ay_sql_string(l->arena, &c[2])) ||
        !(v->theme = ay_sql_string(l->arena, &c[3])) ||
        !(v->asset = ay_sql_string(l->arena, &c[5])) || !(v->key = ay_sql_string(l->arena, &c[6])))
        return ay_fail(err, AY_ENOMEM, "listing verdicts");
    v->id = c[0].i;
    v->at_us = c[1].i;
    v->accepted = c[4].i != 0;
    /* Keys are unique in the table: a client's begins with "=", one that was made up with "#", one of
     * another program with "@" and its name (tallies.c). */
    v->key = *v->key == '=' ? v->key + 1 : "";
    return AY_OK;
}

#define COLUMNS "SELECT id, at_us, sha256, theme, accepted, asset, token FROM verdict"

/* Was this key used before?  *id 0: no. */
static ay_status find_again(ay_store *s, const ay_store_verdict *v, const char *token, int64_t *id,
                            ay_err *err)
{
    ay_arena a;
    ay_sql_list l = {.arena = &a, .size = sizeof(ay_store_verdict)};
    ay_status status;

    ay_arena_init(&a, 0);
    status = ay_sql_select(s, COLUMNS " WHERE token = ?", ARGS(ay_sql_text(token)), take_verdict, &l,
                           err);
    if (status == AY_OK && l.n > 0) {
        const ay_store_verdict *old = (const ay_store_verdict *)(const void *)l.items;
        *id = old->id;
        if (strcmp(old->sha256, v->sha256) != 0 || strcmp(old->theme, v->theme) != 0 ||
            old->accepted != v->accepted)
            status = ay_fail(err, AY_ECONFLICT, "the key \"%s\" was used for another verdict", v->key);
    }
    ay_arena_fini(&a);
    return status;
}

static ay_status insert(ay_store *s, const ay_store_verdict *v, int64_t *id, bool *again, ay_err *err)
{
    char token[AY_VERDICT_KEY_MAX + 40] = "#";
    ay_status status = AY_OK;

    *id = 0;
    if (*v->key) {
        token[0] = '=';
        strcpy(token + 1, v->key); /* check() has measured it */
        status = find_again(s, v, token, id, err);
    } else {
        ay_random_hex(token + 1, 16);
    }
    *again = *id > 0;
    if (status != AY_OK || *again)
        return status;
    status = ay_sql_write(
        s, "INSERT INTO verdict (at_us, sha256, theme, accepted, asset, token) VALUES (?, ?, ?, ?, ?, ?)",
        ARGS(ay_sql_int(v->at_us > 0 ? v->at_us : ay_clock_wall()), ay_sql_text(v->sha256),
             ay_sql_text(v->theme), ay_sql_int(v->accepted), ay_sql_text(v->asset), ay_sql_text(token)),
        NULL, id, err);
    return status == AY_OK
               ? ay_store_note(s, v->accepted ? "verdict.accept" : "verdict.reject", v->sha256, v->theme, err)
               : status;
}

ay_status ay_store_verdict_add(ay_store *s, const ay_store_verdict *v, int64_t *id, bool *again,
                               ay_err *err)
{
    ay_status status = check(v, err);

    *again = false;
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, insert(s, v, id, again, err), err);
}

ay_status ay_store_verdict_list(ay_store *s, const char *sha256, const char *theme, int64_t before,
                                int limit, ay_arena *a, ay_store_verdict **out, size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_sql_value digest = ay_sql_text(sha256 ? sha256 : ""), word = ay_sql_text(theme ? theme : "");
    ay_status status =
        digest.n ? ay_sql_read(s,
                               COLUMNS " WHERE sha256 = ? AND (? = '' OR theme = ?) AND id < ?"
                                       " ORDER BY id DESC LIMIT ?",
                               ARGS(digest, word, word, ay_sql_int(before > 0 ? before : INT64_MAX),
                                    ay_sql_int(limit)),
                               take_verdict, &l, err)
                 : ay_sql_read(s,
                               COLUMNS " WHERE (? = '' OR theme = ?) AND id < ? ORDER BY id DESC LIMIT ?",
                               ARGS(word, word, ay_sql_int(before > 0 ? before : INT64_MAX),
                                    ay_sql_int(limit)),
                               take_verdict, &l, err);

    *out = (ay_store_verdict *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

/* ---- sightings */

static ay_status take_text(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    char *asset = ctx;

    (void)n, (void)err;
    memcpy(asset, c[0].p, c[0].n <= AY_ASSET_MAX ? c[0].n : 0);
    return AY_OK;
}

static ay_status sighting_write(ay_store *s, const ay_store_sighting *g, const void *raw, ay_err *err)
{
    const ay_store_vector *v = &g->vector;
    char asset[AY_ASSET_MAX + 1] = "";
    int64_t id = 0;
    ay_status status = AY_OK;

    if (!*g->asset)
        status = ay_sql_select(
            s, "SELECT asset FROM sighting WHERE sha256 = ? AND model = ? AND preprocess = ?",
            ARGS(ay_sql_text(g->sha256), ay_sql_text(v->model), ay_sql_text(v->preprocess)), take_text,
            asset, err);
    else
        strcpy(asset, g->asset); /* ay_store_sighting_put() has measured it */
    if (status == AY_OK)
        status = ay_sql_write(
            s, "DELETE FROM sighting WHERE sha256 = ? AND model = ? AND preprocess = ?",
            ARGS(ay_sql_text(g->sha256), ay_sql_text(v->model), ay_sql_text(v->preprocess)), NULL, NULL,
            err);
    if (status == AY_OK)
        status = ay_sql_write(s,
                              "INSERT INTO sighting (at_us, sha256, model, preprocess, asset, dim, data)"
                              " VALUES (?, ?, ?, ?, ?, ?, ?)",
                              ARGS(ay_sql_int(ay_clock_wall()), ay_sql_text(g->sha256),
                                   ay_sql_text(v->model), ay_sql_text(v->preprocess),
                                   ay_sql_text(asset), ay_sql_int(v->dim),
                                   ay_sql_blob(raw, (size_t)v->dim * sizeof(float))),
                              NULL, &id, err);
    if (status == AY_OK && id % TRIM_EVERY == 0)
        status = ay_sql_write(s, "DELETE FROM sighting WHERE id <= ?",
                              ARGS(ay_sql_int(id - AY_SIGHTINGS_KEPT)), NULL, NULL, err);
    return status;
}

ay_status ay_store_sighting_put(ay_store *s, const ay_store_sighting *g, ay_err *err)
{
    ay_status status = ay_store_check_digest("a picture's digest", g->sha256, err);
    void *raw = NULL;

    if (status == AY_OK)
        status = ay_store_check_text("an asset's name", g->asset, AY_ASSET_MAX, err);
    if (status == AY_OK)
        status = ay_store_check_vector(&g->vector, err);
    if (status == AY_OK && !(raw = ay_alloc((size_t)g->vector.dim, sizeof(float))))
        status = ay_fail(err, AY_ENOMEM, "storing a vector");
    if (status == AY_OK) {
        ay_sql_floats(raw, g->vector.data, (size_t)g->vector.dim);
        status = ay_store_begin(s, err);
    }
    if (status == AY_OK)
        status = ay_store_end(s, sighting_write(s, g, raw, err), err);
    ay_free(raw);
    return status;
}

typedef struct {
    const char *model, *preprocess;
    ay_store_sighting_visit visit;
    void *ctx;
} walk;

static ay_status walk_row(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    const walk *w = ctx;
    char sha256[AY_SHA256_HEX] = "", asset[AY_ASSET_MAX + 1] = "";
    ay_store_sighting g = {.sha256 = sha256, .asset = asset};
    float *data;
    ay_status status;

    (void)n;
    if (c[0].n != AY_SHA256_HEX - 1 || c[1].n > AY_ASSET_MAX || c[2].i < 1 ||
        c[3].n != (size_t)c[2].i * sizeof(float))
        return ay_fail(err, AY_ECORRUPT, "a classified picture's vector is damaged");
    if (!(data = ay_alloc((size_t)c[2].i, sizeof *data)))
        return ay_fail(err, AY_ENOMEM, "reading vectors");
    memcpy(sha256, c[0].p, c[0].n);
    if (c[1].n)
        memcpy(asset, c[1].p, c[1].n);
    ay_sql_floats(data, c[3].p, (size_t)c[2].i);
    g.vector = (ay_store_vector){w->model, w->preprocess, data, (int)c[2].i};
    status = w->visit(w->ctx, &g, err);
    ay_free(data);
    return status;
}

ay_status ay_store_sighting_walk(ay_store *s, const char *model, const char *preprocess, int limit,
                                 ay_store_sighting_visit visit, void *ctx, ay_err *err)
{
    walk w = {model, preprocess, visit, ctx};

    return ay_sql_read(s,
                       "SELECT sha256, asset, dim, data FROM sighting"
                       " WHERE model = ? AND preprocess = ? ORDER BY id DESC LIMIT ?",
                       ARGS(ay_sql_text(model), ay_sql_text(preprocess), ay_sql_int(limit)), walk_row,
                       &w, err);
}

static ay_status take_any(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)c, (void)n, (void)err;
    *(bool *)ctx = true;
    return AY_OK;
}

ay_status ay_store_seen(ay_store *s, const char *sha256, bool *seen, ay_err *err)
{
    ay_status status;

    *seen = false;
    status = ay_sql_read(s, "SELECT id FROM sighting WHERE sha256 = ? LIMIT 1",
                         ARGS(ay_sql_text(sha256)), take_any, seen, err);
    if (status == AY_OK && !*seen)
        status = ay_sql_read(s, "SELECT bytes FROM picture WHERE sha256 = ?",
                             ARGS(ay_sql_text(sha256)), take_any, seen, err);
    if (status == AY_OK && !*seen)
        status = ay_sql_read(s, "SELECT id FROM verdict WHERE sha256 = ? LIMIT 1",
                             ARGS(ay_sql_text(sha256)), take_any, seen, err);
    return status;
}
