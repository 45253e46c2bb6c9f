#include "store/facts.h"
#include "store/sql.h"

static ay_status take_digest(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    ay_sql_list *l = ctx;
    const char **d = ay_sql_list_add(l);

    (void)n;
    if (!d || !(*d = ay_sql_string(l->arena, &c[0])))
        return ay_fail(err, AY_ENOMEM, "listing digests");
    return AY_OK;
}

ay_status ay_store_facts_missing(ay_store *s, const char *after, int limit, ay_arena *a, const char ***out, size_t *n,
                                 ay_err *err)
{
    ay_sql_list l = {.arena = a, .size = sizeof **out};
    ay_status status =
        ay_sql_read(s, "SELECT sha256 FROM picture WHERE examined = 0 AND sha256 > ? ORDER BY sha256 LIMIT ?",
                    ARGS(ay_sql_text(after), ay_sql_int(limit)), take_digest, &l, err);

    *out = (const char **)(void *)l.items;
    *n = status == AY_OK ? l.n : 0;
    return status;
}

ay_status ay_store_facts_put(ay_store *s, const ay_store_fact *list, size_t n, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = ay_store_check_text("a camera's name", list[i].camera, AY_CAMERA_MAX, err);
    if (status == AY_OK)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = ay_sql_write(s, "UPDATE picture SET taken_us = ?, camera = ?, examined = 1 WHERE sha256 = ?",
                              ARGS(ay_sql_int(list[i].taken_us), ay_sql_text(list[i].camera),
                                   ay_sql_text(list[i].sha256)),
                              NULL, NULL, err);
    return ay_store_end(s, status, err);
}
