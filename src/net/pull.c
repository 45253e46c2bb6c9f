#include "base/file.h"
#include "base/str.h"
#include "net/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

typedef struct {
    const ay_hub *hub;
    const ay_hub_request *request;
    ay_hub_meta meta[AY_HUB_FILES];
    bool there[AY_HUB_FILES];      /* the repository has it */
    char commit[AY_HUB_COMMIT];    /* "" until the hub named it */
    ay_hub_progress now;
    uint64_t before; /* bytes of the files that are done */
} pull;

static void show(pull *p, ay_hub_stage stage, const char *why, int pause)
{
    p->now.stage = stage;
    p->now.why = why;
    p->now.pause = pause;
    if (p->request->progress)
        p->request->progress(p->request->ctx, &p->now);
}

static void tell(void *ctx, ay_hub_stage stage, uint64_t have, size_t fetched, const char *why, int pause)
{
    pull *p = ctx;

    p->now.done = p->before + have;
    p->now.fetched += fetched;
    show(p, stage, why, pause);
}

static ay_status check_request(const ay_hub_request *q, ay_err *err)
{
    if (q->n < 1 || q->n > AY_HUB_FILES)
        return ay_fail(err, AY_EINVAL, "a pull is of 1 to %d files", AY_HUB_FILES);
    for (int i = 0; i < q->n; i++)
        if (!ay_hub_file_valid(q->files[i].name))
            return ay_fail(err, AY_EINVAL, "%s: a file has a name that is none", q->ref.repo);
    return AY_OK;
}

static bool noted_absent(const ay_hub *hub, const char *repo, const char *commit, const char *file)
{
    char base[AY_HUB_PATH], path[AY_HUB_PATH];

    return ay_cache_repo(hub, repo, base, NULL) == AY_OK &&
           snprintf(path, sizeof path, "%s/.no_exist/%s/%s", base, commit, file) < (int)sizeof path &&
           ay_file_exists(path);
}

/* Fill out from the cache alone.  whole: optional files, too, must be there or known to be absent. */
static ay_status from_cache(const ay_hub *hub, const ay_hub_request *q, bool whole, ay_hub_pulled *out,
                            ay_err *err)
{
    ay_status status = ay_hub_snapshot(hub, &q->ref, out->folder, out->commit, err);

    out->files = 0;
    out->bytes = 0;
    for (int i = 0; status == AY_OK && i < q->n; i++) {
        const char *file = q->files[i].name;
        char path[AY_HUB_PATH];
        if (ay_hub_find(hub, &q->ref, file, path, NULL) == AY_OK)
            out->files++;
        else if (!q->files[i].optional ||
                 (whole && !noted_absent(hub, q->ref.repo, out->commit, file)))
            status = ay_fail(err, AY_ENOTFOUND, "%s of %s is not in the cache %.200s", file, q->ref.repo,
                             hub->cache);
    }
    return status;
}

/* Ask about file i until the hub answers or there is no point. */
static ay_status ask_one(pull *p, int i, ay_err *err)
{
    const ay_hub_want *want = &p->request->files[i];
    const atomic_bool *cancel = p->request->cancel;
    const char *revision = p->commit[0] ? p->commit : p->request->ref.revision;
    ay_hub_meta *meta = &p->meta[i];

    for (int tries = 1;; tries++) {
        ay_fetch_reply none = {0};
        int after, pause;
        ay_status status = ay_ask_meta(p->hub, &p->request->ref, revision, want->name, cancel, meta, &after, err);
        if (status == AY_ENOTFOUND && want->optional && (meta->commit[0] || p->commit[0]))
            return AY_OK;
        p->there[i] = status == AY_OK;
        pause = ay_load_patience(tries, after);
        if (status == AY_OK || !ay_ask_again(status, &none) || tries >= 3 || pause > AY_LOAD_RETRY_MOST)
            return status;
        show(p, AY_HUB_PAUSING, err->msg, pause);
        status = ay_load_pause(p->hub, pause, cancel, err);
        if (status != AY_OK)
            return status;
    }
}

static ay_status agree(pull *p, int i, ay_err *err)
{
    const ay_hub_want *want = &p->request->files[i];
    const ay_hub_meta *meta = &p->meta[i];
    const char *revision = p->request->ref.revision;

    if (!p->commit[0] && meta->commit[0]) {
        if (ay_commit_valid(revision) && strcmp(revision, meta->commit) != 0)
            return ay_fail(err, AY_ECORRUPT, "asked for commit %.12s, the hub answers for %.12s", revision,
                           meta->commit);
        memcpy(p->commit, meta->commit, AY_HUB_COMMIT);
    }
    if (!p->there[i]) {
        if (p->commit[0])
            ay_cache_note_absent(p->hub, p->request->ref.repo, p->commit, want->name);
        return AY_OK;
    }
    if (strcmp(p->commit, meta->commit) != 0)
        return ay_fail(err, AY_ECORRUPT, "the hub answers for commit %.12s and then for %.12s", p->commit,
                       meta->commit);
    if (want->sha256[0] && strcmp(want->sha256, meta->id.hex) != 0)
        return ay_fail(err, AY_ECORRUPT, "%s of %s is not the known one: its digest is %.16s... and should be "
                       "%.16s...; \"assay model pull %s\" takes it nevertheless", want->name,
                       p->request->ref.repo, meta->id.hex, want->sha256, p->request->ref.repo);
    return AY_OK;
}

static ay_status ask_all(pull *p, ay_err *err)
{
    for (int i = 0; i < p->request->n; i++) {
        ay_status status;
        p->now.file = p->request->files[i].name;
        p->now.index = i;
        show(p, AY_HUB_ASKING, NULL, 0);
        status = ask_one(p, i, err);
        if (status == AY_OK)
            status = agree(p, i, err);
        if (status != AY_OK)
            return status;
        p->now.total += p->there[i] ? p->meta[i].size : 0;
    }
    return AY_OK;
}

/* Backups pass such a folder over (bford.info/cachedir); the hub's own clients leave the same mark. */
static void tag_cache(const ay_hub *hub)
{
    static const char mark[] = "Signature: 8a477f597d28d172789f06886806bc55\n# Models that can be pulled again.\n";
    char path[AY_HUB_PATH];

    if (snprintf(path, sizeof path, "%s/CACHEDIR.TAG", hub->cache) < (int)sizeof path && !ay_file_exists(path))
        ay_file_write(path, mark, sizeof mark - 1, NULL);
}

/* Before the first byte and not at the last: is there room for what is missing? */
static ay_status check_room(pull *p, ay_err *err)
{
    char need[32], have[32];
    struct statvfs fs;
    uint64_t missing = 0, room;
    ay_status status = ay_file_mkdirs(p->hub->cache, err);

    if (status != AY_OK)
        return status;
    tag_cache(p->hub);
    if (statvfs(p->hub->cache, &fs) != 0)
        return AY_OK;
    room = (uint64_t)fs.f_bavail * fs.f_frsize;
    for (int i = 0; i < p->request->n; i++) {
        char part[AY_HUB_PATH];
        uint64_t left = p->there[i] ? p->meta[i].size : 0;
        struct stat st;
        if (!left || ay_load_have(p->hub, p->request->ref.repo, &p->meta[i]))
            continue;
        if (ay_cache_blob(p->hub, p->request->ref.repo, p->meta[i].id.hex, ".incomplete", part, NULL) == AY_OK &&
            stat(part, &st) == 0 && (uint64_t)st.st_size <= left)
            left -= (uint64_t)st.st_size;
        missing += left;
    }
    if (missing <= room)
        return AY_OK;
    ay_size_text(need, sizeof need, missing);
    ay_size_text(have, sizeof have, room);
    return ay_fail(err, AY_EIO, "no room on the disk of %.300s: %s are missing, %s are free (HF_HUB_CACHE names "
                   "another folder)", p->hub->cache, need, have);
}

static ay_status load_all(pull *p, ay_err *err)
{
    const ay_hub_request *q = p->request;

    for (int i = 0; i < q->n; i++) {
        ay_load job = {.hub = p->hub, .ref = &q->ref, .file = q->files[i].name, .meta = &p->meta[i],
                       .cancel = q->cancel, .tell = tell, .ctx = p};
        ay_status status;
        if (!p->there[i])
            continue;
        p->now.file = job.file;
        p->now.index = i;
        status = ay_load_blob(&job, err);
        if (status == AY_OK)
            status = ay_cache_link(p->hub, q->ref.repo, p->commit, job.file, p->meta[i].id.hex, err);
        if (status != AY_OK)
            return status;
        p->before += p->meta[i].size;
        p->now.done = p->before;
        show(p, AY_HUB_LOADING, NULL, 0);
    }
    return AY_OK;
}

static ay_status from_hub(pull *p, ay_hub_pulled *out, ay_err *err)
{
    ay_status status = check_room(p, err);

    if (status == AY_OK)
        status = load_all(p, err);
    if (status == AY_OK)
        status = ay_cache_set_ref(p->hub, &p->request->ref, p->commit, err);
    if (status == AY_OK)
        status = ay_cache_pointer(p->hub, p->request->ref.repo, p->commit, "", out->folder, err);
    memcpy(out->commit, p->commit, AY_HUB_COMMIT);
    out->bytes = p->now.total;
    out->fetched = p->now.fetched;
    for (int i = 0; i < p->request->n; i++)
        out->files += p->there[i];
    return status;
}

ay_status ay_hub_pull(const ay_hub *hub, const ay_hub_request *request, ay_hub_pulled *out, ay_err *err)
{
    pull p = {.hub = hub, .request = request, .now.files = request->n};
    ay_status status = check_request(request, err);
    ay_err ignored;

    *out = (ay_hub_pulled){0};
    if (status != AY_OK)
        return status;
    if (ay_commit_valid(request->ref.revision) && from_cache(hub, request, true, out, NULL) == AY_OK)
        return AY_OK; /* a commit does not change */
    if (hub->offline) {
        status = from_cache(hub, request, false, out, err);
        if (status != AY_OK)
            ay_err_wrap(err, "offline (HF_HUB_OFFLINE or --offline)");
        return status;
    }
    status = ask_all(&p, err);
    if ((status == AY_EIO || status == AY_EBUSY) &&
        from_cache(hub, request, false, out, &ignored) == AY_OK) {
        out->stale = true;
        return AY_OK;
    }
    *out = (ay_hub_pulled){0};
    return status == AY_OK ? from_hub(&p, out, err) : status;
}
