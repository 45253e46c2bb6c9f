/* store/predictions.c - every answer of a trained model. */
#include "store/ledger.h"
#include "store/sql.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

enum { TOP_MAX = 4096, PATTERN_MAX = 2 * AY_FILE_MAX + 3, NARGS = 20 };

static int64_t billionths(double v)
{
    return isfinite(v) && fabs(v) < 9e9 ? llround(v * 1e9) : 0;
}

static ay_status check(const ay_store_prediction *p, ay_err *err)
{
    ay_status status = ay_store_check_text("a file's name", p->file, AY_FILE_MAX, err);

    if (status == AY_OK)
        status = ay_store_check_text("a label", p->label, AY_LABEL_MAX, err);
    if (status == AY_OK)
        status = ay_store_check_name("a prediction's status", p->status, 16, err);
    if (status == AY_OK)
        status = ay_store_check_text("the most likely classes", p->top, TOP_MAX, err);
    if (status == AY_OK)
        status = ay_store_check_text("a batch's id", p->batch, 32, err);
    if (status == AY_OK && !(p->probability >= 0 && p->probability <= 1.0001))
        status = ay_fail(err, AY_EINVAL, "a probability of %g", p->probability);
    return status;
}

static ay_status insert(ay_store *s, const ay_store_prediction *p, const ay_store_picture *picture,
                        int64_t *id, ay_err *err)
{
    ay_status status = ay_store_picture_write(s, picture, err);

    if (status != AY_OK)
        return status;
    return ay_sql_write(
        s,
        "INSERT INTO prediction (at_us, sha256, file, model, label, probability, unknown, status,"
        " top, decode_us, network_us, total_us, batch)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ARGS(ay_sql_int(p->at_us ? p->at_us : ay_clock_wall()), ay_sql_text(picture->sha256),
             ay_sql_text(p->file), ay_sql_int(p->model), ay_sql_text(p->label),
             ay_sql_int(billionths(p->probability)), ay_sql_int(billionths(p->unknown)),
             ay_sql_text(p->status), ay_sql_text(p->top), ay_sql_int(p->decode_us),
             ay_sql_int(p->network_us), ay_sql_int(p->total_us), ay_sql_text(p->batch)),
        NULL, id, err);
}

ay_status ay_store_prediction_add(ay_store *s, const ay_store_prediction *p,
                                  const ay_store_picture *picture, int64_t *id, ay_err *err)
{
    ay_status status = check(p, err);

    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    return ay_store_end(s, insert(s, p, picture, id, err), err);
}

/* ---- filters.  One statement for all of them, each condition switched off by its own argument:
 * statements stay prepared, and nothing a user typed becomes SQL. */

#define WHERE                                                                                      \
    " WHERE (? = 0 OR p.model = ?) AND (? = '' OR p.status = ?) AND (? = '' OR p.label = ?)"       \
    " AND (? = '' OR p.batch = ?) AND (? = '' OR p.sha256 = ?)"                                    \
    " AND (? = '' OR p.file LIKE ? ESCAPE '!') AND p.at_us >= ? AND p.at_us <= ?"                  \
    " AND p.probability >= ? AND p.probability <= ?"

static ay_sql_value word(const char *s)
{
    return ay_sql_text(s ? s : "");
}

/* %text% with the signs that LIKE knows escaped. */
static void make_pattern(const char *text, char dst[PATTERN_MAX])
{
    char *to = dst;

    *to++ = '%';
    for (size_t i = 0; text && text[i] && i < AY_FILE_MAX; i++) {
        if (strchr("!%_", text[i]))
            *to++ = '!';
        *to++ = text[i];
    }
    *to++ = '%';
    *to = '\0';
}

/* The arguments of WHERE; returns how many. */
static int fill(const ay_store_prediction_filter *f, char pattern[PATTERN_MAX],
                ay_sql_value v[NARGS])
{
    int n = 0;

    make_pattern(f->text, pattern);
    v[n++] = ay_sql_int(f->model);
    v[n++] = ay_sql_int(f->model);
    v[n++] = word(f->status);
    v[n++] = word(f->status);
    v[n++] = word(f->label);
    v[n++] = word(f->label);
    v[n++] = word(f->batch);
    v[n++] = word(f->batch);
    v[n++] = word(f->sha256);
    v[n++] = word(f->sha256);
    v[n++] = word(f->text);
    v[n++] = ay_sql_text(pattern);
    v[n++] = ay_sql_int(f->since_us);
    v[n++] = ay_sql_int(f->until_us > 0 ? f->until_us : INT64_MAX);
    v[n++] = ay_sql_int(billionths(f->at_least));
    v[n++] = ay_sql_int(f->at_most > 0 ? billionths(f->at_most) : INT64_MAX);
    return n;
}

static ay_status take(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_prediction *p = ay_sql_list_add(l);

    (void)n;
    if (!p || !(p->sha256 = ay_sql_string(l->arena, &c[3])) ||
        !(p->file = ay_sql_string(l->arena, &c[4])) ||
        !(p->label = ay_sql_string(l->arena, &c[5])) ||
        !(p->status = ay_sql_string(l->arena, &c[8])) ||
        !(p->top = ay_sql_string(l->arena, &c[9])) ||
        !(p->batch = ay_sql_string(l->arena, &c[13])) ||
        !(p->model_name = ay_sql_string(l->arena, &c[14])) ||
        !(p->model_digest = ay_sql_string(l->arena, &c[16])) ||
        !(p->format = ay_sql_string(l->arena, &c[17])))
        return ay_fail(err, AY_ENOMEM, "listing predictions");
    p->id = c[0].i;
    p->at_us = c[1].i;
    p->model = c[2].i;
    p->probability = (double)c[6].i / 1e9;
    p->unknown = (double)c[7].i / 1e9;
    p->decode_us = c[10].i;
    p->network_us = c[11].i;
    p->total_us = c[12].i;
    p->model_version = (int)c[15].i;
    p->width = (int)c[18].i;
    p->height = (int)c[19].i;
    return AY_OK;
}

ay_status ay_store_prediction_list(ay_store *s, const ay_store_prediction_filter *f, int limit,
                                   ay_arena *a, ay_store_prediction **out, size_t *n, ay_err *err)
{
    static const char sql[] =
        "SELECT p.id, p.at_us, p.model, p.sha256, p.file, p.label, p.probability, p.unknown,"
        " p.status, p.top, p.decode_us, p.network_us, p.total_us, p.batch, m.name, m.version,"
        " m.digest, i.format, i.width, i.height"
        " FROM prediction p JOIN model m ON m.id = p.model JOIN picture i ON i.sha256 = p.sha256"
        WHERE " AND p.id < ? AND (? = 0 OR NOT EXISTS (SELECT 1 FROM prediction q WHERE"
        " q.sha256 = p.sha256 AND q.file = p.file AND q.id > p.id)) ORDER BY p.id DESC LIMIT ?";
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    char pattern[PATTERN_MAX];
    ay_sql_value args[NARGS];
    int count = fill(f, pattern, args);
    ay_status status;

    args[count++] = ay_sql_int(f->before > 0 ? f->before : INT64_MAX);
    args[count++] = ay_sql_int(f->latest);
    args[count++] = ay_sql_int(limit);
    status = ay_sql_read(s, sql, args, count, take, &l, err);
    *out = (ay_store_prediction *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

static ay_status take_sums(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)n, (void)err;
    *(ay_store_prediction_sums *)ctx =
        (ay_store_prediction_sums){c[0].i, c[1].i, c[2].i, c[3].i, c[4].i, c[5].i, c[6].i};
    return AY_OK;
}

ay_status ay_store_prediction_sum(ay_store *s, const ay_store_prediction_filter *f,
                                  ay_store_prediction_sums *out, ay_err *err)
{
    static const char sql[] =
        "SELECT COUNT(*), COALESCE(SUM(CASE WHEN p.status = 'success' THEN 1 ELSE 0 END), 0),"
        " COALESCE(SUM(CASE WHEN p.status = 'low_confidence' THEN 1 ELSE 0 END), 0),"
        " COALESCE(SUM(CASE WHEN p.status = 'rejected' THEN 1 ELSE 0 END), 0),"
        " COALESCE(SUM(CASE WHEN p.status = 'unknown' THEN 1 ELSE 0 END), 0),"
        " COALESCE(SUM(p.network_us), 0), COALESCE(SUM(p.total_us), 0) FROM prediction p" WHERE;
    char pattern[PATTERN_MAX];
    ay_sql_value args[NARGS];
    int count = fill(f, pattern, args);

    *out = (ay_store_prediction_sums){0};
    return ay_sql_read(s, sql, args, count, take_sums, out, err);
}

ay_status ay_store_prediction_delete(ay_store *s, const ay_store_prediction_filter *f, int64_t id,
                                     int64_t *deleted, ay_err *err)
{
    /* The names are found first, by a table of their own: not every database deletes from what it
     * reads. */
    static const char sql[] = "DELETE FROM prediction WHERE id IN (SELECT id FROM (SELECT p.id FROM"
                              " prediction p" WHERE " AND p.id < ? AND (? = 0 OR p.id = ?)) AS named)";
    char pattern[PATTERN_MAX];
    ay_sql_value args[NARGS];
    int count = fill(f, pattern, args);
    ay_status status = ay_store_begin(s, err);

    *deleted = 0;
    if (status != AY_OK)
        return status;
    args[count++] = ay_sql_int(f->before > 0 ? f->before : INT64_MAX);
    args[count++] = ay_sql_int(id);
    args[count++] = ay_sql_int(id);
    status = ay_sql_write(s, sql, args, count, deleted, NULL, err);
    return ay_store_end(s, status, err);
}

ay_status ay_store_prediction_trim(ay_store *s, int64_t keep, ay_err *err)
{
    int64_t last = 0;
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    /* The keep-th newest; what is older goes.  Ids have gaps, so it is counted and not computed. */
    status = ay_sql_number(s, "SELECT id FROM prediction ORDER BY id DESC LIMIT 1 OFFSET ?",
                           ARGS(ay_sql_int(keep)), &last, err);
    if (status == AY_OK)
        status = ay_sql_write(s, "DELETE FROM prediction WHERE id <= ?", ARGS(ay_sql_int(last)),
                              NULL, NULL, err);
    else if (status == AY_ENOTFOUND)
        status = AY_OK;
    return ay_store_end(s, status, err);
}
