#include "store/follow.h"

#include "base/thread.h"
#include "store/sql.h"
#include "store/stamp.h"

#include <string.h>
#include <time.h>

enum { SLICE_MS = 200, POLL_SLICES = 5 };

typedef struct {
    const char *table;
    unsigned what;
} told;

/* Rows that nobody keeps a copy of are not in here. */
static const told tables[] = {
    {"dataset", AY_FOLLOW_GALLERIES}, {"class", AY_FOLLOW_GALLERIES}, {"member", AY_FOLLOW_GALLERIES}, {"picture", AY_FOLLOW_GALLERIES},
    {"vector", AY_FOLLOW_GALLERIES},  {"job", AY_FOLLOW_JOBS},        {"model", AY_FOLLOW_MODELS},     {"serving", AY_FOLLOW_MODELS},
    {"setting", AY_FOLLOW_REST},      {"tag", AY_FOLLOW_REST},        {"picture_tag", AY_FOLLOW_REST}, {"album", AY_FOLLOW_REST},
    {"album_picture", AY_FOLLOW_REST}, {"saved", AY_FOLLOW_REST},     {"cluster", AY_FOLLOW_REST},     {"grouped", AY_FOLLOW_REST},
    {"scope", AY_FOLLOW_REST},        {"apart", AY_FOLLOW_REST},      {"verdict", AY_FOLLOW_REST},     {"sighting", AY_FOLLOW_REST},
};

unsigned ay_follow_of(const char *sql)
{
    static const char *const verbs[] = {"INSERT INTO ", "UPDATE ", "DELETE FROM "};
    size_t n;

    if (strncmp(sql, "UPDATE job SET lease_us", 23) == 0) /* a node is alive: nobody has to know at once */
        return 0;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strncmp(sql, verbs[i], strlen(verbs[i])) != 0)
            continue;
        sql += strlen(verbs[i]);
        n = strcspn(sql, " (");
        for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
            if (strlen(tables[k].table) == n && memcmp(tables[k].table, sql, n) == 0)
                return tables[k].what;
        return 0;
    }
    return 0;
}

bool ay_store_shared(const ay_store *s)
{
    return s->driver->shared && s->driver->shared(s->writer ? s->writer : s->reader[0]);
}

/* ---- one that only reads asks */

typedef struct {
    int64_t stamp, jobs[4];
} seen;

static ay_status take_jobs(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    seen *out = ctx;

    (void)err;
    for (int i = 0; i < n && i < 4; i++)
        out->jobs[i] = c[i].i;
    return AY_OK;
}

static ay_status look(ay_store *s, seen *out)
{
    ay_status status = ay_store_stamp(s, &out->stamp, NULL);

    if (status == AY_OK)
        status = ay_sql_read(s, "SELECT COALESCE(MAX(id), 0), COALESCE(MAX(started_us), 0), COALESCE(MAX(ended_us), 0), COALESCE(SUM(done), 0)"
                                " FROM job", NULL, 0, take_jobs, out, NULL);
    return status;
}

static void poll_store(ay_store *s)
{
    seen before = {0}, now = {0};
    bool known = look(s, &before) == AY_OK;

    for (int slice = 1; !s->watch_stop; slice++) {
        unsigned what;
        nanosleep(&(struct timespec){0, SLICE_MS * 1000000L}, NULL);
        if (slice % POLL_SLICES != 0 || look(s, &now) != AY_OK)
            continue;
        what = !known ? AY_FOLLOW_ALL
                      : (now.stamp != before.stamp ? AY_FOLLOW_GALLERIES : 0) |
                            (memcmp(now.jobs, before.jobs, sizeof now.jobs) != 0 ? AY_FOLLOW_JOBS : 0);
        before = now;
        known = true;
        if (what)
            s->watch(s->watch_ctx, what);
    }
}

/* ---- one beside others listens */

static void listen_to(ay_store *s)
{
    void *ear = NULL;

    while (!s->watch_stop) {
        unsigned what = 0;
        ay_status status = ear ? AY_OK : s->driver->open(&ear, s->rest, false, NULL);
        if (status == AY_OK)
            status = s->driver->listen(ear, s->writer, SLICE_MS, &what, NULL);
        if (status != AY_OK)
            nanosleep(&(struct timespec){0, SLICE_MS * 1000000L}, NULL);
        else if (what)
            s->watch(s->watch_ctx, what);
    }
    if (ear)
        s->driver->close(ear);
}

static void *watch(void *arg)
{
    ay_store *s = arg;

    if (s->writer)
        listen_to(s);
    else
        poll_store(s);
    return NULL;
}

ay_status ay_store_follow(ay_store *s, void (*fn)(void *ctx, unsigned what), void *ctx, ay_err *err)
{
    ay_status status;

    if (s->watch)
        return ay_fail(err, AY_ECONFLICT, "the store is watched already");
    if (s->writer && !ay_store_shared(s))
        return AY_OK; /* nobody else writes */
    s->watch = fn;
    s->watch_ctx = ctx;
    s->watch_stop = false;
    status = ay_thread_start(&s->watcher, "store", watch, s, err);
    if (status != AY_OK)
        s->watch = NULL;
    return status;
}

void ay_store_follow_stop(ay_store *s)
{
    if (!s->watch)
        return;
    s->watch_stop = true;
    pthread_join(s->watcher, NULL);
    s->watch = NULL;
}
