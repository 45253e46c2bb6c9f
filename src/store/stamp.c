#include "store/stamp.h"

#include "store/sql.h"

#include <stdlib.h>
#include <string.h>

/* The word at *p, which moves behind it. */
static size_t next_word(const char **p, const char **word)
{
    size_t n;

    *p += strspn(*p, " ");
    *word = *p;
    n = strcspn(*p, " (");
    *p += n;
    return n;
}

static bool is(const char *word, size_t n, const char *what)
{
    return strlen(what) == n && memcmp(word, what, n) == 0;
}

/* Do galleries consist of rows of that table? */
static bool watched(const char *table, size_t n)
{
    static const char *const tables[] = {"dataset", "class", "member", "picture", "vector"};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        if (is(table, n, tables[i]))
            return true;
    return false;
}

int ay_stamp_of(const char *sql, int64_t changed)
{
    const char *word, *second;
    size_t n = next_word(&sql, &word), m = 0;
    bool insert = is(word, n, "INSERT"), update = is(word, n, "UPDATE"), erase = is(word, n, "DELETE");

    if (is(word, n, "CREATE")) /* what is new is empty */
        return AY_STAMP_NOTHING;
    if (insert || erase) {
        m = next_word(&sql, &second);
        if (!is(second, m, insert ? "INTO" : "FROM"))
            return AY_STAMP_CHANGED;
    }
    if (!insert && !update && !erase)
        return AY_STAMP_CHANGED;
    n = next_word(&sql, &word);
    if (!watched(word, n) || changed == 0)
        return AY_STAMP_NOTHING;
    return insert ? AY_STAMP_GREW : AY_STAMP_CHANGED;
}

void ay_stamp_see(ay_store *s, const char *sql, int64_t changed)
{
    int did = ay_stamp_of(sql, changed);

    s->touched = did > s->touched ? did : s->touched;
}

static int64_t fresh(void)
{
    char hex[17];
    int64_t v;

    ay_random_hex(hex, 8);
    v = (int64_t)(strtoull(hex, NULL, 16) >> 1);
    return v ? v : 1;
}

ay_status ay_stamp_put(ay_store *s, ay_err *err)
{
    int did = s->touched;
    int64_t id = 0;
    ay_status status = AY_OK;

    if (did == AY_STAMP_NOTHING)
        return AY_OK;
    if (did == AY_STAMP_CHANGED)
        status = ay_sql_write(s, "DELETE FROM stamp", NULL, 0, NULL, NULL, err);
    if (status == AY_OK)
        status = ay_sql_write(s, "INSERT INTO stamp (mark) VALUES (?)", ARGS(ay_sql_int(fresh())), NULL, &id, err);
    if (status == AY_OK && did == AY_STAMP_GREW)
        status = ay_sql_write(s, "DELETE FROM stamp WHERE id <= ?", ARGS(ay_sql_int(id - AY_STAMPS_KEPT)), NULL, NULL, err);
    return status;
}

static ay_status take_number(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)n, (void)err;
    *(int64_t *)ctx = c[0].i;
    return AY_OK;
}

ay_status ay_store_stamp(ay_store *s, int64_t *stamp, ay_err *err)
{
    ay_status status;

    *stamp = 0;
    status = ay_sql_read(s, "SELECT mark FROM stamp ORDER BY id DESC LIMIT 1", NULL, 0, take_number, stamp, err);
    if (status == AY_OK && *stamp == 0)
        return ay_fail(err, AY_ECORRUPT, "the database has no stamp: somebody emptied that table");
    return status;
}

ay_status ay_store_stamp_age(ay_store *s, int64_t stamp, ay_stamp_age *out, ay_err *err)
{
    int64_t behind = -1;
    ay_status status = ay_sql_read(s, "SELECT (SELECT COUNT(*) FROM stamp b WHERE b.id > a.id) FROM stamp a WHERE a.mark = ?",
                                   ARGS(ay_sql_int(stamp)), take_number, &behind, err);

    *out = behind < 0 ? AY_STAMP_OTHER : behind == 0 ? AY_STAMP_NOW : AY_STAMP_GROWN;
    return status;
}
