#include "service/nodes.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "service/learn/registry.h"
#include "store/content.h"
#include "store/follow.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH = 4096, MOST_LEASED = 16 };
static const int64_t KEPT_US = 3600 * 1000000ll; /* of a picture without a row, in the database */

struct ay_nodes {
    char name[AY_NODE_MAX + 1];
    pthread_mutex_t lock;
    pthread_cond_t heard;
    unsigned what; /* AY_FOLLOW_... not yet followed; guarded by lock */
    bool stop, started;
    pthread_t thread;
};

/* ---- who */

bool ay_nodes_any(const ay_service *s, const char *kind)
{
    return s->nodes && strcmp(kind, "train") == 0;
}

const char *ay_nodes_owner(const ay_service *s, const char *kind, bool leased)
{
    return s->nodes && (leased || !ay_nodes_any(s, kind)) ? s->nodes->name : "";
}

bool ay_nodes_elsewhere(const ay_service *s, const ay_store_job *row)
{
    return s->nodes && *row->node && strcmp(row->node, s->nodes->name) != 0;
}

int64_t ay_nodes_take(ay_service *s, const char *kind, ay_arena *a, const char **request)
{
    ay_store_job row;
    ay_err err = {{0}};
    ay_status status = ay_store_job_take(s->store, &kind, 1, s->nodes->name, AY_NODES_LEASE_MS * 1000ll, a, &row, &err);

    if (status == AY_ENOTFOUND)
        return 0;
    if (status == AY_OK)
        status = ay_jobs_adopt(s, &row, a, request);
    if (status != AY_OK)
        ay_log(AY_LOG_WARN, "service", "taking a job: %s", err.msg);
    return status == AY_OK ? row.id : 0;
}

ay_status ay_nodes_mine(ay_service *s, int64_t job, ay_err *err)
{
    if (!s->nodes)
        return AY_OK;
    return ay_store_job_beat(s->store, job, s->nodes->name, AY_NODES_LEASE_MS * 1000ll, NULL, err);
}

/* ---- files */

static ay_status put_pictures(void *ctx, const ay_blob *list, size_t n, ay_err *err)
{
    ay_service *s = ctx;
    ay_status status = AY_OK;

    for (size_t i = 0; i < n && status == AY_OK; i += 64) {
        ay_content some[64];
        size_t k = n - i < 64 ? n - i : 64;
        for (size_t j = 0; j < k; j++)
            some[j] = (ay_content){list[i + j].sha256, list[i + j].bytes, list[i + j].n};
        status = ay_store_content_put(s->store, some, k, err);
    }
    return status;
}

static ay_status get_picture(void *ctx, const char *sha256, ay_buf *out, ay_err *err)
{
    ay_service *s = ctx;

    return ay_store_content_get(s->store, sha256, out, err);
}

/* Pictures that this folder has and the database has not: it was this folder's alone until now. */
static void share_pictures(ay_service *s)
{
    const char **list = NULL;
    ay_arena a;
    size_t n = 0, shared = 0;

    ay_arena_init(&a, 0);
    if (ay_store_content_missing(s->store, &a, &list, &n, NULL) != AY_OK)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        ay_buf bytes = {0};
        if (ay_blobs_get(s->blobs, list[i], true, &bytes, NULL) == AY_OK)
            shared += ay_store_content_put(s->store, &(ay_content){list[i], bytes.data, bytes.len}, 1, NULL) == AY_OK;
        ay_buf_fini(&bytes);
    }
    if (n > 0)
        ay_log(shared == n ? AY_LOG_INFO : AY_LOG_WARN, "service", "%zu of %zu pictures that were in data folders only are in the database now",
               shared, n);
    ay_arena_fini(&a);
}

void ay_nodes_trim(ay_service *s)
{
    ay_err err = {{0}};

    if (s->nodes && ay_store_content_trim(s->store, ay_clock_wall() - KEPT_US, &err) != AY_OK)
        ay_log(AY_LOG_WARN, "service", "clearing pictures from the database: %s", err.msg);
}

typedef struct {
    ay_service *s;
    const char *folder, *name;
} sharing;

static ay_status share_file(void *ctx, const char *path, ay_err *err)
{
    sharing *sh = ctx;
    char name[AY_CONTENT_NAME + 1];
    ay_buf bytes = {0};
    ay_status status;

    if (snprintf(name, sizeof name, "model/%s/%s", sh->name, path + strlen(sh->folder) + 1) >= (int)sizeof name)
        return ay_fail(err, AY_EINVAL, "the name of a model's file is too long to be shared: %.80s", path);
    status = ay_file_read(path, 0, &bytes, err);
    if (status == AY_OK)
        status = ay_store_content_put(sh->s->store, &(ay_content){name, bytes.data, bytes.len}, 1, err);
    ay_buf_fini(&bytes);
    return status;
}

ay_status ay_nodes_share_model(ay_service *s, const char *name, ay_err *err)
{
    char folder[PATH];
    sharing sh = {s, folder, name};

    snprintf(folder, sizeof folder, "%.3900s/models/%.100s", s->data, name);
    return s->nodes ? ay_file_walk(folder, share_file, &sh, err) : AY_OK;
}

/* One file below a new folder.  The name's end comes from the database, so it is held to be one of ours. */
static ay_status fetch_file(ay_service *s, const char *name, const char *file, const char *to, ay_err *err)
{
    char path[PATH];
    ay_buf bytes = {0};
    ay_status status;
    char *slash;

    if (!*file || *file == '/' || strstr(file, ".."))
        return ay_fail(err, AY_ECORRUPT, "a model in the database has a file '%.80s'", file);
    if (snprintf(path, sizeof path, "%s/%s", to, file) >= PATH)
        return ay_fail(err, AY_EINVAL, "the data folder's path is too long");
    slash = strrchr(path, '/');
    *slash = '\0';
    status = ay_file_mkdirs(path, err);
    *slash = '/';
    if (status == AY_OK)
        status = ay_store_content_get(s->store, name, &bytes, err);
    if (status == AY_OK)
        status = ay_file_write(path, bytes.data ? bytes.data : "", bytes.len, err);
    ay_buf_fini(&bytes);
    return status;
}

/* A whole folder or none: it gets its name at the end. */
static ay_status fetch_model(ay_service *s, const char *name, ay_err *err)
{
    char folder[PATH], tmp[PATH + 8], prefix[AY_CONTENT_NAME];
    const char **list = NULL;
    ay_status status;
    ay_arena a;
    size_t n = 0;

    snprintf(folder, sizeof folder, "%.3900s/models/%.100s", s->data, name);
    if (ay_file_is_dir(folder))
        return AY_OK;
    snprintf(tmp, sizeof tmp, "%s.tmp", folder);
    snprintf(prefix, sizeof prefix, "model/%.100s/", name);
    ay_arena_init(&a, 0);
    status = ay_store_content_list(s->store, prefix, &a, &list, &n, err);
    if (status == AY_OK && n == 0)
        status = ay_fail(err, AY_ENOTFOUND, "its files are not in the database");
    ay_file_remove_tree(tmp);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = fetch_file(s, list[i], list[i] + strlen(prefix), tmp, err);
    if (status == AY_OK && rename(tmp, folder) != 0 && errno != EEXIST && errno != ENOTEMPTY)
        status = ay_fail(err, AY_EIO, "rename %s: %s", tmp, strerror(errno));
    if (status != AY_OK)
        ay_file_remove_tree(tmp);
    ay_arena_fini(&a);
    return status;
}

void ay_nodes_fetch_models(ay_service *s)
{
    ay_store_model *list = NULL;
    ay_err err = {{0}};
    ay_arena a;
    size_t n = 0;

    if (!s->nodes)
        return;
    ay_arena_init(&a, 0);
    if (ay_store_model_list(s->store, &a, &list, &n, NULL) != AY_OK)
        n = 0;
    for (size_t i = 0; i < n; i++)
        if (fetch_model(s, list[i].folder, &err) != AY_OK)
            ay_log(AY_LOG_WARN, "service", "model %s version %d is not here: %s", list[i].name, list[i].version, err.msg);
    ay_arena_fini(&a);
}

/* ---- the thread */

static void beat(ay_service *s)
{
    int64_t ids[MOST_LEASED];
    int n = ay_jobs_leased(s, ids, MOST_LEASED);

    for (int i = 0; i < n; i++) {
        ay_err err = {{0}};
        int asked = 0;
        ay_status status = ay_store_job_beat(s->store, ids[i], s->nodes->name, AY_NODES_LEASE_MS * 1000ll, &asked, &err);
        if (status == AY_ECONFLICT || status == AY_ENOTFOUND) {
            ay_log(AY_LOG_WARN, "service", "job %lld: %s; this node stops working on it", (long long)ids[i], err.msg);
            ay_job_lost(s, ids[i]);
        } else if (status == AY_OK) {
            ay_job_asked(s, ids[i], asked);
        }
    }
}

/* What others did. */
static void follow(ay_service *s, unsigned what)
{
    ay_err err = {{0}};

    if (what & AY_FOLLOW_MODELS)
        ay_nodes_fetch_models(s);
    if ((what & ~(unsigned)AY_FOLLOW_JOBS) && ay_service_refresh(s, &err) != AY_OK) {
        ay_log(AY_LOG_WARN, "service", "following other nodes: %s", err.msg);
        s->doubt = true; /* the keeper tries until it can */
    }
    if (what & (AY_FOLLOW_GALLERIES | AY_FOLLOW_REST))
        ay_keeper_wake(s);
    if (what & AY_FOLLOW_JOBS)
        ay_jobs_follow(s);
}

/* Until something was heard or ms have gone; false: the end. */
static bool hear(struct ay_nodes *x, int ms, unsigned *what)
{
    struct timespec until;
    bool go;
    int rc = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    pthread_mutex_lock(&x->lock);
    while (!x->stop && !x->what && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&x->heard, &x->lock, &until);
    *what = x->what;
    x->what = 0;
    go = !x->stop;
    pthread_mutex_unlock(&x->lock);
    return go;
}

/* A lease that ends makes no sound: once a beat the trainer looks by itself. */
static void *work(void *arg)
{
    ay_service *s = arg;
    uint64_t beaten = 0;
    unsigned what;

    share_pictures(s);
    while (hear(s->nodes, AY_NODES_BEAT_MS, &what)) {
        uint64_t now = ay_clock_mono();
        if (now - beaten >= AY_NODES_BEAT_MS * 1000000ull / 2) {
            beat(s);
            beaten = now;
            pthread_mutex_lock(&s->jobs_lock);
            pthread_cond_broadcast(&s->jobs_changed);
            pthread_mutex_unlock(&s->jobs_lock);
        }
        if (what)
            follow(s, what);
    }
    return NULL;
}

static void on_word(void *ctx, unsigned what)
{
    struct ay_nodes *x = ctx;

    pthread_mutex_lock(&x->lock);
    x->what |= what;
    pthread_cond_signal(&x->heard);
    pthread_mutex_unlock(&x->lock);
}

/* ---- open and close */

/* "host-12345678": the number is of the data folder. */
static ay_status find_name(ay_service *s, struct ay_nodes *x, ay_err *err)
{
    char path[PATH], host[HOST_NAME_MAX + 1] = "", fresh[33];
    ay_buf id = {0};
    ay_status status = AY_OK;

    snprintf(path, sizeof path, "%.4000s/folder-id", s->data);
    if (!ay_file_exists(path)) {
        ay_random_hex(fresh, 16);
        status = ay_file_write(path, fresh, 32, err);
    }
    if (status == AY_OK)
        status = ay_file_read(path, 100, &id, err);
    gethostname(host, sizeof host - 1);
    for (char *p = host; *p; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
            *p = '_';
    snprintf(x->name, sizeof x->name, "%.50s-%.8s", *host ? host : "node", id.data ? id.data : "");
    ay_buf_fini(&id);
    return status;
}

ay_status ay_nodes_open(ay_service *s, ay_err *err)
{
    struct ay_nodes *x;
    ay_status status;

    if (s->reading_only || !ay_store_shared(s->store))
        return AY_OK;
    x = ay_calloc(1, sizeof *x);
    if (!x)
        return ay_fail(err, AY_ENOMEM, "opening the data folder");
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->heard, NULL);
    s->nodes = x;
    status = find_name(s, x, err);
    if (status == AY_OK)
        status = ay_store_job_release(s->store, x->name, err);
    ay_blobs_set_behind(s->blobs, &(ay_blobs_behind){put_pictures, get_picture, s});
    ay_log(AY_LOG_INFO, "service", "this is node %s", x->name);
    return status;
}

ay_status ay_nodes_start(ay_service *s, ay_err *err)
{
    ay_status status;

    if (!s->nodes)
        return AY_OK;
    status = ay_store_follow(s->store, on_word, s->nodes, err);
    if (status == AY_OK)
        status = ay_thread_start(&s->nodes->thread, "nodes", work, s, err);
    s->nodes->started = status == AY_OK;
    return status;
}

void ay_nodes_stop(ay_service *s)
{
    struct ay_nodes *x = s->nodes;

    if (!x || !x->started)
        return;
    ay_store_follow_stop(s->store);
    pthread_mutex_lock(&x->lock);
    x->stop = true;
    pthread_cond_signal(&x->heard);
    pthread_mutex_unlock(&x->lock);
    pthread_join(x->thread, NULL);
    x->started = false;
}

void ay_nodes_close(ay_service *s)
{
    if (!s->nodes)
        return;
    pthread_mutex_destroy(&s->nodes->lock);
    pthread_cond_destroy(&s->nodes->heard);
    ay_free(s->nodes);
    s->nodes = NULL;
}
