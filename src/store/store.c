/* store/store.c - drivers, sessions, transactions, and the small helpers all statements share.
 *
 * A write is: begin, statements, end.  Inside another one it becomes a savepoint, so that a step that
 * fails takes back what it did and no more.  The lock of the writing session is recursive and held from
 * begin to end; that is what makes "one writer" true inside this process, and the driver's begin()
 * makes it true across processes. */
#include "store/store.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/sql.h"
#include "store/follow.h"

#include <stdio.h>
#include <string.h>

/* Every driver in the program: one line a driver. */
static const ay_store_driver *const drivers[] = {
    &ay_store_sqlite,
    &ay_store_mysql,
    &ay_store_postgres,
};

static const ay_store_driver *find_driver(const char *url, const char **rest)
{
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
        size_t n = strlen(drivers[i]->scheme);
        if (strncmp(url, drivers[i]->scheme, n) == 0 && url[n] == ':') {
            *rest = url + n + 1;
            return drivers[i];
        }
    }
    return NULL;
}

static void init_locks(ay_store *s)
{
    pthread_mutexattr_t recursive;

    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&s->wlock, &recursive);
    pthread_mutexattr_destroy(&recursive);
    pthread_mutex_init(&s->rlock, NULL);
    pthread_cond_init(&s->rfree, NULL);
}

void ay_store_on_doubt(ay_store *s, void (*fn)(void *ctx), void *ctx)
{
    s->doubt = fn;
    s->doubt_ctx = ctx;
}

static ay_status open_store(ay_store **out, const char *url, bool writable, ay_err *err)
{
    const char *rest = NULL;
    const ay_store_driver *driver = find_driver(url, &rest);
    char shown[200];
    ay_status status;
    ay_store *s;

    *out = NULL;
    ay_url_hide_password(url, shown, sizeof shown);
    if (!driver)
        return ay_fail(err, AY_EUNSUPPORTED, "no store driver for '%s': a store's URL begins with sqlite:,"
                                             " mysql: or postgresql:", shown);
    s = ay_calloc(1, sizeof *s);
    if (!s || !(s->rest = ay_strdup(rest))) {
        ay_free(s);
        return ay_fail(err, AY_ENOMEM, "opening the store");
    }
    s->driver = driver;
    init_locks(s);
    status = writable ? driver->open(&s->writer, rest, true, err) : AY_OK;
    if (status == AY_OK && writable)
        status = ay_store_migrate(s, err);
    if (status == AY_OK)
        status = driver->open(&s->reader[0], rest, false, err);
    if (status == AY_OK && !writable)
        status = ay_store_check_schema(s, err);
    if (status != AY_OK) {
        ay_err_wrap(err, "opening the store");
        ay_store_close(s);
        return status;
    }
    *out = s;
    return AY_OK;
}

ay_status ay_store_open(ay_store **out, const char *url, ay_err *err)
{
    return open_store(out, url, true, err);
}

ay_status ay_store_open_reading(ay_store **out, const char *url, ay_err *err)
{
    return open_store(out, url, false, err);
}

void ay_store_close(ay_store *s)
{
    if (!s)
        return;
    ay_store_follow_stop(s);
    for (int i = 0; i < AY_STORE_READERS; i++)
        if (s->reader[i])
            s->driver->close(s->reader[i]);
    if (s->writer)
        s->driver->close(s->writer);
    pthread_mutex_destroy(&s->wlock);
    pthread_mutex_destroy(&s->rlock);
    pthread_cond_destroy(&s->rfree);
    explicit_bzero(s->rest, strlen(s->rest));
    ay_free(s->rest);
    ay_free(s);
}

/* A session to read with: one that is free, else a new one, else the next that becomes free. */
static ay_status take_reader(ay_store *s, int *at, ay_err *err)
{
    int free_one, room;
    void *fresh = NULL;
    ay_status status;

    pthread_mutex_lock(&s->rlock);
    for (;;) {
        free_one = room = -1;
        for (int i = 0; i < s->driver->readers; i++) {
            if (s->reader[i] && !s->reading[i] && free_one < 0)
                free_one = i;
            if (!s->reader[i] && !s->reading[i] && room < 0)
                room = i;
        }
        if (free_one >= 0 || room >= 0)
            break;
        pthread_cond_wait(&s->rfree, &s->rlock);
    }
    *at = free_one >= 0 ? free_one : room;
    s->reading[*at] = true;
    pthread_mutex_unlock(&s->rlock);
    if (free_one >= 0)
        return AY_OK;
    status = s->driver->open(&fresh, s->rest, false, err);
    pthread_mutex_lock(&s->rlock);
    s->reader[room] = status == AY_OK ? fresh : NULL;
    pthread_mutex_unlock(&s->rlock);
    return status == AY_EIO ? AY_EBUSY : status; /* the first one did connect */
}

static void give_reader(ay_store *s, int at)
{
    pthread_mutex_lock(&s->rlock);
    s->reading[at] = false;
    pthread_cond_signal(&s->rfree);
    pthread_mutex_unlock(&s->rlock);
}

ay_status ay_store_check(ay_store *s, ay_err *err)
{
    int at;
    ay_status status = take_reader(s, &at, err);

    if (status == AY_OK)
        status = s->driver->check(s->reader[at], err);
    give_reader(s, at);
    return status;
}

ay_status ay_store_copy(ay_store *s, const char *path, ay_err *err)
{
    ay_status status;
    int at;

    if (!s->driver->copy)
        return ay_fail(err, AY_EUNSUPPORTED, "a %s database is copied by its own program (mariadb-dump --single-transaction)",
                       s->driver->scheme);
    status = take_reader(s, &at, err);
    if (status == AY_OK)
        status = s->driver->copy(s->reader[at], path, err);
    give_reader(s, at);
    return status;
}

static ay_status savepoint(ay_store *s, const char *verb, ay_err *err)
{
    char sql[48];

    snprintf(sql, sizeof sql, "%s step%d", verb, s->depth);
    return s->driver->run(s->writer, sql, &(ay_sql_call){0}, err);
}

ay_status ay_store_begin(ay_store *s, ay_err *err)
{
    ay_status status;

    if (!s->writer)
        return ay_fail(err, AY_EBUSY, "another Assay has the data folder open for writing; a server does this on its page and over HTTP");
    pthread_mutex_lock(&s->wlock);
    if (s->depth++ == 0)
        s->touched = 0, s->told = 0;
    status = s->depth == 1 ? s->driver->begin(s->writer, err) : savepoint(s, "SAVEPOINT", err);
    if (status == AY_OK)
        return AY_OK;
    s->depth--;
    pthread_mutex_unlock(&s->wlock);
    return status;
}

ay_status ay_store_commit(ay_store *s, ay_err *err)
{
    ay_status status = s->depth == 1 ? ay_stamp_put(s, err) : AY_OK;

    if (status == AY_OK && s->depth == 1 && s->told && ay_store_shared(s))
        status = s->driver->tell(s->writer, s->told, err);
    if (status != AY_OK) {
        ay_store_rollback(s);
        return status;
    }
    status = s->depth == 1 ? s->driver->commit(s->writer, err) : savepoint(s, "RELEASE SAVEPOINT", err);
    if (status == AY_EUNKNOWN && s->doubt)
        s->doubt(s->doubt_ctx);
    s->depth--;
    pthread_mutex_unlock(&s->wlock);
    return status;
}

void ay_store_rollback(ay_store *s)
{
    if (s->depth == 1) {
        s->driver->rollback(s->writer);
    } else {
        savepoint(s, "ROLLBACK TO SAVEPOINT", NULL);
        savepoint(s, "RELEASE SAVEPOINT", NULL);
    }
    s->depth--;
    pthread_mutex_unlock(&s->wlock);
}

ay_status ay_store_end(ay_store *s, ay_status status, ay_err *err)
{
    if (status == AY_OK)
        return ay_store_commit(s, err);
    ay_store_rollback(s);
    return status;
}

ay_sql_value ay_sql_text(const char *s)
{
    return (ay_sql_value){.type = AY_SQL_TEXT, .p = s, .n = strlen(s)};
}

ay_status ay_sql_write(ay_store *s, const char *sql, const ay_sql_value *args, int nargs,
                       int64_t *changed, int64_t *id, ay_err *err)
{
    int64_t rows = 0;
    ay_sql_call call = {.args = args, .nargs = nargs, .changed = &rows, .inserted_id = id};
    ay_status status = s->driver->run(s->writer, sql, &call, err);

    ay_stamp_see(s, sql, rows);
    s->told |= rows > 0 ? ay_follow_of(sql) : 0;
    if (changed)
        *changed = rows;
    return status;
}

ay_status ay_sql_select(ay_store *s, const char *sql, const ay_sql_value *args, int nargs,
                        ay_sql_row row, void *ctx, ay_err *err)
{
    ay_sql_call call = {.args = args, .nargs = nargs, .row = row, .ctx = ctx};

    return s->driver->run(s->writer, sql, &call, err);
}

ay_status ay_sql_read(ay_store *s, const char *sql, const ay_sql_value *args, int nargs,
                      ay_sql_row row, void *ctx, ay_err *err)
{
    ay_sql_call call = {.args = args, .nargs = nargs, .row = row, .ctx = ctx};
    int at;
    ay_status status = take_reader(s, &at, err);

    if (status == AY_OK)
        status = s->driver->run(s->reader[at], sql, &call, err);
    give_reader(s, at);
    return status;
}

typedef struct {
    int64_t value;
    bool found;
} number;

static ay_status take_number(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    number *out = ctx;

    (void)n, (void)err;
    if (!out->found && c[0].type == AY_SQL_INT)
        *out = (number){c[0].i, true};
    return AY_OK;
}

ay_status ay_sql_number(ay_store *s, const char *sql, const ay_sql_value *args, int nargs,
                        int64_t *out, ay_err *err)
{
    number got = {0};
    ay_status status = ay_sql_select(s, sql, args, nargs, take_number, &got, err);

    if (status != AY_OK)
        return status;
    if (!got.found)
        return AY_ENOTFOUND;
    *out = got.value;
    return AY_OK;
}

void *ay_sql_list_add(ay_sql_list *l)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;
        char *more = ay_arena_alloc(l->arena, cap * l->size);
        if (!more)
            return NULL;
        if (l->n)
            memcpy(more, l->items, l->n * l->size);
        l->items = more;
        l->cap = cap;
    }
    return l->items + l->n++ * l->size;
}

char *ay_sql_string(ay_arena *a, const ay_sql_value *c)
{
    char *s = ay_arena_alloc(a, c->n + 1);

    if (s && c->n)
        memcpy(s, c->p, c->n);
    return s;
}

ay_status ay_store_check_text(const char *what, const char *s, size_t max, ay_err *err)
{
    size_t n = strlen(s);

    if (n > max)
        return ay_fail(err, AY_EINVAL, "%s is %zu bytes long; at most %zu", what, n, max);
    if (!ay_utf8_valid(s, n))
        return ay_fail(err, AY_EINVAL, "%s is not UTF-8", what);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return ay_fail(err, AY_EINVAL, "%s has a control character in it", what);
    return AY_OK;
}

ay_status ay_store_check_name(const char *what, const char *s, size_t max, ay_err *err)
{
    size_t n = strlen(s);

    if (n == 0)
        return ay_fail(err, AY_EINVAL, "%s is empty", what);
    if (s[0] == ' ' || s[n - 1] == ' ')
        return ay_fail(err, AY_EINVAL, "%s begins or ends with a space", what);
    return ay_store_check_text(what, s, max, err);
}

ay_status ay_store_check_digest(const char *what, const char *s, ay_err *err)
{
    if (!ay_sha256_valid(s))
        return ay_fail(err, AY_EINVAL, "%s is not 64 lower-case hexadecimal digits", what);
    return AY_OK;
}
