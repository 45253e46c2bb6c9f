/* store/registry.c - trained models and which of them served when. */
#include "store/ledger.h"
#include "store/sql.h"

#include "base/clock.h"

#include <stdio.h>

#define MODEL_COLUMNS                                                                              \
    "SELECT id, name, version, digest, bundle, preprocess, snapshot, architecture, licence,"       \
    " folder, classes, metrics, answer, created_us FROM model"

/* JSON is text without control characters, too; a limit of its own. */
static ay_status check_model(const ay_store_model *m, ay_err *err)
{
    ay_status status = ay_store_check_name("a model's name", m->name, AY_NAME_MAX, err);

    if (status == AY_OK)
        status = ay_store_check_digest("a model's digest", m->digest, err);
    if (status == AY_OK)
        status = ay_store_check_digest("a model folder's digest", m->bundle, err);
    if (status == AY_OK)
        status = ay_store_check_digest("a preprocessing's digest", m->preprocess, err);
    if (status == AY_OK && *m->snapshot)
        status = ay_store_check_digest("a data snapshot's digest", m->snapshot, err);
    if (status == AY_OK)
        status = ay_store_check_text("a model's architecture", m->architecture, 64, err);
    if (status == AY_OK)
        status = ay_store_check_text("a model's licence", m->licence, AY_NAME_MAX, err);
    if (status == AY_OK)
        status = ay_store_check_name("a model's folder", m->folder, 64, err);
    if (status == AY_OK)
        status = ay_store_check_text("a model's classes", m->classes, AY_JSON_MAX, err);
    if (status == AY_OK)
        status = ay_store_check_text("a model's metrics", m->metrics, AY_JSON_MAX, err);
    if (status == AY_OK)
        status = ay_store_check_text("a model's known answer", m->answer, 4096, err);
    return status;
}

static ay_status find_bundle(ay_store *s, const char *bundle, int64_t *id, int *version, ay_err *err)
{
    int64_t v = 0;
    ay_status status = ay_sql_number(s, "SELECT id FROM model WHERE bundle = ?",
                                     ARGS(ay_sql_text(bundle)), id, err);

    if (status == AY_OK)
        status = ay_sql_number(s, "SELECT version FROM model WHERE id = ?", ARGS(ay_sql_int(*id)),
                               &v, err);
    *version = (int)v;
    return status;
}

static ay_status model_insert(ay_store *s, const ay_store_model *m, int64_t *id, int *version,
                              ay_err *err)
{
    int64_t last = 0;
    ay_status status = find_bundle(s, m->bundle, id, version, err);

    if (status == AY_OK)
        return ay_fail(err, AY_EEXISTS, "this model is there already, as \"%s\" version %d or under"
                                        " another name", m->name, *version);
    if (status != AY_ENOTFOUND)
        return status;
    status = ay_sql_number(s, "SELECT COALESCE(MAX(version), 0) FROM model WHERE name = ?",
                           ARGS(ay_sql_text(m->name)), &last, err);
    if (status != AY_OK)
        return status;
    *version = (int)last + 1;
    status = ay_sql_write(
        s,
        "INSERT INTO model (name, version, digest, bundle, preprocess, snapshot, architecture,"
        " licence, folder, classes, metrics, answer, created_us)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ARGS(ay_sql_text(m->name), ay_sql_int(*version), ay_sql_text(m->digest),
             ay_sql_text(m->bundle), ay_sql_text(m->preprocess), ay_sql_text(m->snapshot),
             ay_sql_text(m->architecture), ay_sql_text(m->licence), ay_sql_text(m->folder),
             ay_sql_text(m->classes), ay_sql_text(m->metrics), ay_sql_text(m->answer),
             ay_sql_int(ay_clock_wall())),
        NULL, id, err);
    return status == AY_OK ? ay_store_note(s, "model.add", m->name, m->bundle, err) : status;
}

ay_status ay_store_model_add(ay_store *s, const ay_store_model *m, int64_t *id, int *version,
                             ay_err *err)
{
    ay_status status = check_model(m, err);

    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, model_insert(s, m, id, version, err), err);
}

static ay_status take_model(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_model *m = ay_sql_list_add(l);

    (void)n;
    if (!m || !(m->name = ay_sql_string(l->arena, &c[1])) ||
        !(m->digest = ay_sql_string(l->arena, &c[3])) ||
        !(m->bundle = ay_sql_string(l->arena, &c[4])) ||
        !(m->preprocess = ay_sql_string(l->arena, &c[5])) ||
        !(m->snapshot = ay_sql_string(l->arena, &c[6])) ||
        !(m->architecture = ay_sql_string(l->arena, &c[7])) ||
        !(m->licence = ay_sql_string(l->arena, &c[8])) ||
        !(m->folder = ay_sql_string(l->arena, &c[9])) ||
        !(m->classes = ay_sql_string(l->arena, &c[10])) ||
        !(m->metrics = ay_sql_string(l->arena, &c[11])) ||
        !(m->answer = ay_sql_string(l->arena, &c[12])))
        return ay_fail(err, AY_ENOMEM, "listing models");
    m->id = c[0].i;
    m->version = (int)c[2].i;
    m->created_us = c[13].i;
    return AY_OK;
}

ay_status ay_store_model_list(ay_store *s, ay_arena *a, ay_store_model **out, size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status =
        ay_sql_read(s, MODEL_COLUMNS " WHERE folder <> '' ORDER BY id DESC", NULL, 0, take_model, &l,
                    err);

    *out = (ay_store_model *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

ay_status ay_store_model_get(ay_store *s, int64_t id, ay_arena *a, ay_store_model *out, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof *out};
    ay_status status = ay_sql_read(s, MODEL_COLUMNS " WHERE id = ?", ARGS(ay_sql_int(id)),
                                   take_model, &l, err);

    if (status == AY_OK && l.n == 0)
        return ay_fail(err, AY_ENOTFOUND, "no model %lld", (long long)id);
    if (status == AY_OK)
        *out = *(ay_store_model *)(void *)l.items;
    if (status == AY_OK && !*out->folder)
        return ay_fail(err, AY_ENOTFOUND, "model %s version %d was deleted", out->name, out->version);
    return status;
}

static ay_status forget(ay_store *s, int64_t id, ay_err *err)
{
    char bundle[40], number[24];
    int64_t serves = 0, changed = 0;
    ay_status status = ay_sql_number(s, "SELECT model FROM serving ORDER BY id DESC LIMIT 1", NULL, 0,
                                     &serves, err);

    if (status == AY_OK && serves == id)
        return ay_fail(err, AY_ECONFLICT, "model %lld serves", (long long)id);
    if (status != AY_OK && status != AY_ENOTFOUND)
        return status;
    snprintf(bundle, sizeof bundle, "deleted-%lld", (long long)id);
    snprintf(number, sizeof number, "%lld", (long long)id);
    status = ay_sql_write(s, "UPDATE model SET folder = '', bundle = ? WHERE id = ? AND folder <> ''",
                          ARGS(ay_sql_text(bundle), ay_sql_int(id)), &changed, NULL, err);
    if (status == AY_OK && changed == 0)
        return ay_fail(err, AY_ENOTFOUND, "no model %lld", (long long)id);
    return status == AY_OK ? ay_store_note(s, "model.delete", number, "", err) : status;
}

ay_status ay_store_model_delete(ay_store *s, int64_t id, ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    return status == AY_OK ? ay_store_end(s, forget(s, id, err), err) : status;
}

/* ---- serving */

typedef struct {
    int64_t id, model, back;
} row;

static ay_status take_row(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)n, (void)err;
    *(row *)ctx = (row){c[0].i, c[1].i, c[2].i};
    return AY_OK;
}

/* The newest row, or (id > 0) that one; all zeroes when there is none.  On the writing session when
 * inside a transaction. */
static ay_status get_row(ay_store *s, int64_t id, bool writing, row *out, ay_err *err)
{
    static const char newest[] = "SELECT id, model, back FROM serving ORDER BY id DESC LIMIT 1";
    static const char one[] = "SELECT id, model, back FROM serving WHERE id = ?";
    ay_sql_value arg = ay_sql_int(id);

    *out = (row){0};
    return (writing ? ay_sql_select : ay_sql_read)(s, id > 0 ? one : newest, &arg, id > 0, take_row,
                                                   out, err);
}

static ay_status add_row(ay_store *s, int64_t model, const char *action, int64_t back, ay_err *err)
{
    return ay_sql_write(s, "INSERT INTO serving (at_us, model, action, back) VALUES (?, ?, ?, ?)",
                        ARGS(ay_sql_int(ay_clock_wall()), ay_sql_int(model), ay_sql_text(action),
                             ay_sql_int(back)),
                        NULL, NULL, err);
}

static ay_status promote(ay_store *s, int64_t model, ay_err *err)
{
    int64_t known;
    row now;
    ay_status status = ay_sql_number(s, "SELECT id FROM model WHERE id = ? AND folder <> ''",
                                     ARGS(ay_sql_int(model)), &known, err);

    if (status == AY_ENOTFOUND)
        return ay_fail(err, AY_ENOTFOUND, "no model %lld", (long long)model);
    if (status == AY_OK)
        status = get_row(s, 0, true, &now, err);
    if (status == AY_OK && now.model == model)
        return AY_OK; /* it serves: promoting it again is no news */
    return status == AY_OK ? add_row(s, model, "promote", now.id, err) : status;
}

ay_status ay_store_promote(ay_store *s, int64_t model, ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    return ay_store_end(s, promote(s, model, err), err);
}

static ay_status take_count(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)n, (void)err;
    *(int64_t *)ctx = c[0].i;
    return AY_OK;
}

/* From *at backwards to what a roll-back returns to: another model, and one that was not deleted since.
 * All zeroes: there is none. */
static ay_status walk_back(ay_store *s, bool writing, int64_t model, int64_t at, row *out, ay_err *err)
{
    ay_status status = AY_OK;
    int64_t there = 0;

    for (*out = (row){0}; status == AY_OK && at > 0; at = out->back) {
        status = get_row(s, at, writing, out, err);
        if (status == AY_OK)
            status = (writing ? ay_sql_select : ay_sql_read)(
                s, "SELECT COUNT(*) FROM model WHERE id = ? AND folder <> ''",
                ARGS(ay_sql_int(out->model)), take_count, &there, err);
        if (there > 0 && out->model != model)
            return status;
    }
    *out = (row){0};
    return status;
}

static ay_status roll_back(ay_store *s, int64_t *model, ay_err *err)
{
    row now, before = {0};
    ay_status status = get_row(s, 0, true, &now, err);

    if (status == AY_OK)
        status = walk_back(s, true, now.model, now.back, &before, err);
    if (status == AY_OK && before.model == 0)
        return ay_fail(err, AY_ECONFLICT, "no model served before this one: there is nothing to roll"
                                          " back to");
    if (status == AY_OK)
        status = add_row(s, before.model, "rollback", before.back, err);
    *model = before.model;
    return status;
}

ay_status ay_store_rollback_model(ay_store *s, int64_t *model, ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    *model = 0;
    if (status != AY_OK)
        return status;
    return ay_store_end(s, roll_back(s, model, err), err);
}

ay_status ay_store_rollback_target(ay_store *s, int64_t *model, ay_err *err)
{
    row now, before = {0};
    ay_status status = get_row(s, 0, false, &now, err);

    if (status == AY_OK)
        status = walk_back(s, false, now.model, now.back, &before, err);
    *model = before.model;
    return status;
}

ay_status ay_store_active(ay_store *s, int64_t *model, ay_err *err)
{
    row now;
    ay_status status = get_row(s, 0, false, &now, err);

    *model = now.model;
    return status;
}

static ay_status take_serving(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_serving *v = ay_sql_list_add(l);

    (void)n;
    if (!v || !(v->name = ay_sql_string(l->arena, &c[3])) ||
        !(v->action = ay_sql_string(l->arena, &c[5])))
        return ay_fail(err, AY_ENOMEM, "listing what served");
    v->id = c[0].i;
    v->at_us = c[1].i;
    v->model = c[2].i;
    v->version = (int)c[4].i;
    v->back = c[6].i;
    return AY_OK;
}

ay_status ay_store_serving_list(ay_store *s, int limit, ay_arena *a, ay_store_serving **out,
                                size_t *n, ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status =
        ay_sql_read(s,
                    "SELECT v.id, v.at_us, v.model, m.name, m.version, v.action, v.back"
                    " FROM serving v JOIN model m ON m.id = v.model ORDER BY v.id DESC LIMIT ?",
                    ARGS(ay_sql_int(limit)), take_serving, &l, err);

    *out = (ay_store_serving *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}
