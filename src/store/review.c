/* store/review.c - see review.h. */
#include "store/review.h"

#include "base/clock.h"
#include "store/sql.h"

ay_status ay_store_review_add(ay_store *s, const ay_store_review *r, ay_err *err)
{
    ay_status status = ay_store_begin(s, err);

    if (status != AY_OK)
        return status;
    status = ay_sql_write(s,
                          "INSERT INTO review (at_us, dataset, sha256, why, answer, guess, label, checked, right_ones, token)"
                          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                          ARGS(ay_sql_int(ay_clock_wall()), ay_sql_int(r->dataset), ay_sql_text(r->sha256), ay_sql_text(r->why),
                               ay_sql_text(r->answer), ay_sql_text(r->guess), ay_sql_text(r->label), ay_sql_int(r->checked),
                               ay_sql_int(r->right), ay_sql_text(r->token)),
                          NULL, NULL, err);
    return ay_store_end(s, status, err);
}

static ay_status take(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    ay_store_review *r = ay_sql_list_add(l);

    (void)n;
    if (!r)
        return ay_fail(err, AY_ENOMEM, "listing answers");
    *r = (ay_store_review){.id = c[0].i, .at_us = c[1].i, .dataset = c[2].i, .sha256 = ay_sql_string(l->arena, &c[3]),
                           .why = ay_sql_string(l->arena, &c[4]), .answer = ay_sql_string(l->arena, &c[5]),
                           .guess = ay_sql_string(l->arena, &c[6]), .label = ay_sql_string(l->arena, &c[7]), .checked = c[8].i,
                           .right = c[9].i, .token = ay_sql_string(l->arena, &c[10])};
    return r->sha256 && r->why && r->answer && r->guess && r->label && r->token ? AY_OK : ay_fail(err, AY_ENOMEM, "listing answers");
}

ay_status ay_store_review_list(ay_store *s, int64_t dataset, int64_t after, int limit, ay_arena *a, ay_store_review **out, size_t *n,
                               ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status = ay_sql_read(s,
                                   "SELECT id, at_us, dataset, sha256, why, answer, guess, label, checked, right_ones, token FROM review"
                                   " WHERE dataset = ? AND id > ? ORDER BY id LIMIT ?",
                                   ARGS(ay_sql_int(dataset), ay_sql_int(after), ay_sql_int(limit)), take, &l, err);

    *out = (ay_store_review *)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}
