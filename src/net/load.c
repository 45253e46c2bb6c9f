#include "net/load.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* PROGRESS: fewer bytes than this in one attempt count as none, or a byte at a time would go on for ever. */
enum { SLOW_BYTES = 500, SLOW_SECONDS = 60, CHUNK = 1 << 18, PROGRESS = 1 << 16,
       MARGIN = 1 << 20 }; /* what is too much by less than that, on_bytes() refuses in its own words */

/* The blob while it comes.  hash covers the first have bytes of fd at any time. */
typedef struct {
    const ay_load *job;
    int fd;
    uint64_t have, size;
    ay_blob_hash hash;
    bool disk; /* it failed on our side: another attempt does not help */
    bool restarted;
} load;

int ay_load_patience(int tries, int retry_after)
{
    return retry_after >= 0 ? retry_after : tries > 4 ? 30 : 1 << tries;
}

ay_status ay_load_pause(const ay_hub *hub, int seconds, const atomic_bool *cancel, ay_err *err)
{
    long left_ms = hub->impatient ? 20 : seconds * 1000L;

    for (; left_ms > 0; left_ms -= 100) {
        if (cancel && atomic_load(cancel))
            return ay_fail(err, AY_ECANCELLED, "cancelled");
        usleep(100000 < left_ms * 1000 ? 100000 : (useconds_t)left_ms * 1000);
    }
    return AY_OK;
}

bool ay_load_have(const ay_hub *hub, const char *repo, const ay_hub_meta *meta)
{
    char path[AY_HUB_PATH];
    struct stat st;

    return ay_cache_blob(hub, repo, meta->id.hex, "", path, NULL) == AY_OK && stat(path, &st) == 0 &&
           S_ISREG(st.st_mode) && (uint64_t)st.st_size == meta->size;
}

static void tell(load *l, ay_hub_stage stage, size_t fetched, const char *why, int pause)
{
    l->job->tell(l->job->ctx, stage, l->have, fetched, why, pause);
}

static ay_status disk_fail(load *l, const char *what, ay_err *err)
{
    int e = errno;

    l->disk = true;
    if (e == ENOSPC || e == EDQUOT)
        return ay_fail(err, AY_EIO, "no room on the disk of %.300s for %s; make room and pull again, it goes on "
                       "where it stopped", l->job->hub->cache, l->job->file);
    return ay_fail(err, AY_EIO, "%s %s in %.300s: %s", what, l->job->file, l->job->hub->cache, strerror(e));
}

/* Forget what is there. */
static ay_status from_zero(load *l, ay_err *err)
{
    char ignored[AY_SHA256_HEX];

    ay_blob_hash_end(&l->hash, ignored);
    l->have = 0;
    if (ay_blob_hash_start(&l->hash, &l->job->meta->id, l->size, err) != AY_OK) {
        l->disk = true;
        return AY_EUNSUPPORTED;
    }
    return ftruncate(l->fd, 0) == 0 ? AY_OK : disk_fail(l, "shorten", err);
}

/* Take up what an earlier pull left. */
static ay_status take_up(load *l, ay_err *err)
{
    static _Thread_local char chunk[CHUNK];
    const atomic_bool *cancel = l->job->cancel;
    struct stat st;

    if (fstat(l->fd, &st) != 0)
        return disk_fail(l, "look at", err);
    if ((uint64_t)st.st_size > l->size)
        return from_zero(l, err);
    while (l->have < (uint64_t)st.st_size) {
        ssize_t n = pread(l->fd, chunk, sizeof chunk, (off_t)l->have);
        if (n <= 0)
            return disk_fail(l, "read", err);
        ay_blob_hash_add(&l->hash, chunk, (size_t)n);
        l->have += (uint64_t)n;
        tell(l, AY_HUB_CHECKING, 0, NULL, 0);
        if (cancel && atomic_load(cancel))
            return ay_fail(err, AY_ECANCELLED, "cancelled");
    }
    return AY_OK;
}

static ay_status on_begin(void *ctx, const ay_fetch_reply *r, ay_err *err)
{
    load *l = ctx;

    if (r->total >= 0 && (uint64_t)r->total != l->size)
        return ay_fail(err, AY_ECORRUPT, "%s has %llu bytes by the hub's word and %lld where they come from",
                       l->job->file, (unsigned long long)l->size, (long long)r->total);
    return r->start == 0 && l->have > 0 ? from_zero(l, err) : AY_OK;
}

static ay_status on_bytes(void *ctx, const void *p, size_t n, ay_err *err)
{
    load *l = ctx;
    size_t done = 0;

    if (n > l->size - l->have)
        return ay_fail(err, AY_ECORRUPT, "more than the %llu bytes of %s come", (unsigned long long)l->size,
                       l->job->file);
    while (done < n) {
        ssize_t w = pwrite(l->fd, (const char *)p + done, n - done, (off_t)(l->have + done));
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return disk_fail(l, "write", err);
        done += (size_t)w;
    }
    ay_blob_hash_add(&l->hash, p, n);
    l->have += n;
    tell(l, AY_HUB_LOADING, n, NULL, 0);
    return AY_OK;
}

/* One attempt at the rest. */
static ay_status attempt(load *l, ay_fetch_reply *r, ay_err *err)
{
    static const char *const wanted[] = {"X-Error-Code"};
    const ay_load *job = l->job;
    char url[AY_FETCH_URL];
    ay_status status = ay_ask_url(job->hub, job->ref->repo, job->meta->commit, job->file, url, err);
    ay_fetch_request q = {.url = url,
                          .bearer = job->hub->token[0] ? job->hub->token : NULL,
                          .want = wanted,
                          .n_want = 1,
                          .resume_from = l->have,
                          .low_speed = SLOW_BYTES,
                          .low_speed_s = SLOW_SECONDS,
                          .max_bytes = l->size + MARGIN,
                          .begin = on_begin,
                          .sink = on_bytes,
                          .ctx = l,
                          .cancel = job->cancel};

    if (status != AY_OK)
        return status;
    status = ay_fetch(&q, r, err);
    if (status == AY_OK && r->status == 416)
        return ay_fail(err, AY_ECORRUPT, "%.200s does not go on from byte %llu", r->url,
                       (unsigned long long)l->have);
    if (status == AY_OK && (r->status < 200 || r->status >= 300))
        return ay_ask_refused(job->hub, job->ref->repo, job->meta->commit, job->file, r, r->want[0], err);
    if (status == AY_OK && l->have < l->size)
        return ay_fail(err, AY_EIO, "%s broke off at %llu of %llu bytes", job->file,
                       (unsigned long long)l->have, (unsigned long long)l->size);
    return status;
}

/* After a failure: AY_OK to try again, else the status to give up with. */
static ay_status after(load *l, ay_status status, const ay_fetch_reply *r, int *tries, uint64_t had, ay_err *err)
{
    const ay_load *job = l->job;
    char why[sizeof err->msg];
    int pause;

    *tries = l->have > had && l->have - had >= PROGRESS ? 1 : *tries + 1;
    if (status == AY_ECORRUPT && had > 0 && !l->restarted && !l->disk) {
        l->restarted = true;
        return from_zero(l, err);
    }
    if (l->disk || !ay_ask_again(status, r) || *tries > AY_LOAD_TRIES)
        return status;
    pause = ay_load_patience(*tries, r->retry_after);
    if (pause > AY_LOAD_RETRY_MOST) {
        ay_err_wrap(err, "the hub asks to come back in %d s", pause);
        return status;
    }
    snprintf(why, sizeof why, "%s", err->msg);
    tell(l, AY_HUB_PAUSING, 0, why, pause);
    return ay_load_pause(job->hub, pause, job->cancel, err);
}

/* Load until the digest is right or there is no more hope. */
static ay_status until_whole(load *l, ay_err *err)
{
    const ay_hub_meta *meta = l->job->meta;
    char hex[AY_SHA256_HEX];
    int tries = 0;

    for (;;) {
        uint64_t had = l->have;
        ay_fetch_reply r = {.retry_after = -1};
        ay_status status = l->have < l->size || l->size == 0 ? attempt(l, &r, err) : AY_OK;
        if (status == AY_OK) {
            ay_blob_hash_end(&l->hash, hex);
            if (ay_blob_hash_start(&l->hash, &meta->id, l->size, err) != AY_OK)
                return AY_EUNSUPPORTED;
            if (strcmp(hex, meta->id.hex) == 0)
                return AY_OK;
            status = ay_fail(err, AY_ECORRUPT, "%s came with the digest %.16s... instead of %.16s...; it was "
                             "thrown away", l->job->file, hex, meta->id.hex);
            if (had == 0)
                return status;
        }
        status = after(l, status, &r, &tries, had, err);
        if (status != AY_OK)
            return status;
    }
}

static ay_status put_in_place(load *l, const char *part, ay_err *err)
{
    char path[AY_HUB_PATH], *slash;
    ay_status status = ay_cache_blob(l->job->hub, l->job->ref->repo, l->job->meta->id.hex, "", path, err);

    if (status != AY_OK)
        return status;
    if (fsync(l->fd) != 0 || rename(part, path) != 0)
        return disk_fail(l, "keep", err);
    slash = strrchr(path, '/');
    *slash = '\0';
    return ay_file_sync_dir(path, err);
}

static ay_status locked(const ay_load *job, const char *part, ay_err *err)
{
    load l = {.job = job, .size = job->meta->size};
    char ignored[AY_SHA256_HEX];
    ay_status status;

    l.fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (l.fd < 0)
        return disk_fail(&l, "open", err);
    status = ay_blob_hash_start(&l.hash, &job->meta->id, l.size, err);
    if (status == AY_OK) {
        status = take_up(&l, err);
        if (status == AY_OK)
            status = until_whole(&l, err);
        ay_blob_hash_end(&l.hash, ignored);
    }
    if (status == AY_OK)
        status = put_in_place(&l, part, err);
    else if (status == AY_ECORRUPT || l.have == 0)
        unlink(part);
    close(l.fd);
    return status;
}

static void waiting(void *ctx)
{
    const ay_load *job = ctx;

    job->tell(job->ctx, AY_HUB_WAITING, 0, 0, NULL, 0);
}

ay_status ay_load_blob(const ay_load *job, ay_err *err)
{
    const char *repo = job->ref->repo;
    char part[AY_HUB_PATH], *slash;
    int lock;
    ay_status status = ay_cache_blob(job->hub, repo, job->meta->id.hex, ".incomplete", part, err);

    if (status != AY_OK || ay_load_have(job->hub, repo, job->meta))
        return status;
    slash = strrchr(part, '/');
    *slash = '\0';
    status = ay_file_mkdirs(part, err);
    *slash = '/';
    if (status == AY_OK)
        status = ay_cache_lock(job->hub, repo, job->meta->id.hex, job->cancel, waiting, (void *)job, &lock, err);
    if (status != AY_OK)
        return status;
    if (!ay_load_have(job->hub, repo, job->meta))
        status = locked(job, part, err);
    ay_cache_unlock(lock);
    return status;
}
