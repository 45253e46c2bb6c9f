/* service/encoders/encoders_pull.c - an encoder comes to this machine while the server serves. */
#include "service/encoders/encoders_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "engine/engine.h"
#include "net/licence.h"
#include "service/learn/serving.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* How often at most who follows hears of bytes. */
static const uint64_t OFTEN_NS = 200000000;

/* ---- what is told */

static const char *const stages[] = {[AY_HUB_ASKING] = "asking", [AY_HUB_WAITING] = "waiting",
                                     [AY_HUB_LOADING] = "loading", [AY_HUB_PAUSING] = "pausing",
                                     [AY_HUB_CHECKING] = "checking"};

static void set_detail(const ay_pulling *p, json_t *more)
{
    json_t *o = json_pack("{s:s, s:s}", "name", p->name, "repo", p->request.ref.repo);
    char *text;

    json_object_update(o, more);
    text = o ? ay_json_compact(o) : NULL;
    if (text)
        ay_job_set_detail(p->s, p->job, text);
    ay_free(text);
    json_decref(o);
    json_decref(more);
}

static void show(void *ctx, const ay_hub_progress *now)
{
    ay_pulling *p = ctx;
    uint64_t at = ay_clock_mono();
    bool news = now->stage != p->stage || now->file != p->file || now->stage == AY_HUB_PAUSING;

    if (!news && at - p->told < OFTEN_NS && now->done < now->total)
        return;
    p->told = at;
    if (!ay_job_step(p->s, p->job, (int64_t)now->done, (int64_t)now->total))
        atomic_store(&p->cancel, true);
    if (!news)
        return;
    p->stage = now->stage;
    p->file = now->file;
    set_detail(p, json_pack("{s:s?, s:i, s:i, s:s, s:s?, s:i}", "file", now->file, "index", now->index, "files",
                            now->files, "stage", stages[now->stage], "why", now->why, "pause", now->pause));
}

/* Was it this machine that would not take the bytes?  net/ says it in the system's words. */
static bool is_disk(const ay_err *err)
{
    static const int codes[] = {ENOSPC, EDQUOT, EFBIG, EROFS};
    bool is = strstr(err->msg, "no room") != NULL;

    for (size_t i = 0; i < sizeof codes / sizeof *codes && !is; i++)
        is = strstr(err->msg, strerror(codes[i])) != NULL;
    return is;
}

/* One word for a page to choose its own words by. */
static const char *cause_of(const ay_pulling *p, ay_status status, const ay_err *err)
{
    switch (status) {
    case AY_ECONFLICT:
        return p->refused ? "licence" : "token";
    case AY_ENOTFOUND:
        return "absent";
    case AY_ECORRUPT:
        return "damaged";
    case AY_EBUSY:
        return "busy";
    case AY_EIO:
        return is_disk(err) ? "disk" : "network";
    default:
        return "other";
    }
}

static void end(ay_pulling *p, ay_status status, const ay_hub_pulled *got, const ay_err *err)
{
    char text[700], size[40];

    ay_job_watch(p->s, p->job, NULL);
    ay_size_text(size, sizeof size, got->fetched);
    if (status == AY_OK && got->stale)
        snprintf(text, sizeof text, "the hub could not be reached; what an earlier pull brought is here");
    else if (status == AY_OK && got->fetched == 0)
        snprintf(text, sizeof text, "nothing to load: all of it was here");
    else if (status == AY_OK)
        snprintf(text, sizeof text, "%s loaded and checked", size);
    else if (status == AY_ECANCELLED)
        snprintf(text, sizeof text, "stopped; another pull goes on where this one stopped");
    else
        snprintf(text, sizeof text, "%s", err->msg);
    if (status != AY_OK && status != AY_ECANCELLED)
        set_detail(p, json_pack("{s:s}", "cause", cause_of(p, status, err)));
    ay_log(status == AY_OK ? AY_LOG_INFO : AY_LOG_WARN, "encoders", "pulling %s: %s", p->name, text);
    ay_job_end(p->s, p->job, status, text);
}

/* ---- licences */

static ay_status check_licence(ay_pulling *p, const char *licence, ay_err *err)
{
    const char *data = ay_service_data(p->s), *repo = p->request.ref.repo;

    if (ay_licence_free(licence) || ay_licence_accepted(data, repo, licence))
        return AY_OK;
    if (p->accept)
        return ay_licence_accept(data, repo, licence, err);
    p->refused = true;
    if (!*licence)
        return ay_fail(err, AY_ECONFLICT, "%s names no licence; look at %.200s/%s, and if you may use it, say so with "
                       "accept_licence", repo, p->hub.endpoint, repo);
    return ay_fail(err, AY_ECONFLICT, "%s has the licence \"%s\", which does not allow every use; read it at %.200s/%s,"
                   " and if you agree, say so with accept_licence", repo, licence, p->hub.endpoint, repo);
}

/* ---- the thread */

/* Which files a repository has, under which licence; a preset's were known at once. */
static ay_status find_out(ay_pulling *p, ay_err *err)
{
    ay_status status = AY_OK;

    if (!p->preset)
        status = ay_hub_list(&p->hub, &p->request.ref, &p->list, err);
    if (status == AY_OK && !p->preset && !p->hub.offline)
        status = check_licence(p, p->list.licence, err);
    p->request.files = p->list.file;
    p->request.n = p->list.n;
    return status;
}

static void *run(void *arg)
{
    ay_pulling *p = arg;
    ay_encoders *e = p->s->encoders;
    ay_hub_pulled got = {0};
    ay_err err = {{0}};
    ay_status status;

    ay_job_watch(p->s, p->job, &p->cancel);
    status = find_out(p, &err);
    if (status == AY_OK)
        status = ay_hub_pull(&p->hub, &p->request, &got, &err);
    if (status == AY_OK)
        ay_engine_remember(got.folder);
    pthread_mutex_lock(&e->lock);
    p->over = true; /* who sees the job's end finds the place free */
    pthread_mutex_unlock(&e->lock);
    end(p, atomic_load(&p->cancel) && status != AY_OK ? AY_ECANCELLED : status, &got, &err);
    return NULL;
}

/* ---- start */

/* With lock held. */
static int64_t under_way(const ay_encoders *e, const char *name)
{
    for (int i = 0; i < AY_PULLS; i++)
        if (e->pull[i] && e->pull[i]->taken && !e->pull[i]->over && strcmp(e->pull[i]->name, name) == 0)
            return e->pull[i]->job;
    return 0;
}

int64_t ay_encoders_pulling(ay_encoders *e, const char *name)
{
    int64_t job;

    pthread_mutex_lock(&e->lock);
    job = under_way(e, name);
    pthread_mutex_unlock(&e->lock);
    return job;
}

/* With lock held: a place that nobody works in, cleared. */
static ay_status take_place(ay_encoders *e, ay_pulling **out, ay_err *err)
{
    for (int i = 0; i < AY_PULLS; i++) {
        ay_pulling *p = e->pull[i];
        if (p && p->taken && !p->over)
            continue;
        if (p && p->taken)
            pthread_join(p->thread, NULL); /* it has all but told its end */
        if (!p && !(p = e->pull[i] = ay_calloc(1, sizeof *p)))
            return ay_fail(err, AY_ENOMEM, "pulling an encoder");
        memset(p, 0, sizeof *p);
        *out = p;
        return AY_OK;
    }
    return ay_fail(err, AY_EBUSY, "%d encoders are being pulled already", AY_PULLS);
}

/* All that can be said before the first byte. */
static ay_status prepare(ay_pulling *p, const char *name, const ay_preset *preset, ay_err *err)
{
    char path[AY_HUB_PATH];
    ay_status status = ay_hub_settings(&p->hub, err);

    p->preset = preset;
    snprintf(p->name, sizeof p->name, "%s", name);
    if (status == AY_OK && preset)
        ay_preset_ref(preset, &p->request.ref);
    else if (status == AY_OK)
        status = ay_hub_ref_read(&p->request.ref, name, err);
    if (status != AY_OK)
        return status;
    p->request.progress = show;
    p->request.ctx = p;
    p->request.cancel = &p->cancel;
    p->stage = (ay_hub_stage)-1;
    if (preset)
        p->list.n = ay_preset_files(preset, p->list.file);
    if (p->hub.offline && ay_model_locate(name, path, NULL) != AY_OK)
        return ay_fail(err, AY_ECONFLICT, "%s is not on this machine, and this server may not ask the hub"
                       " (HF_HUB_OFFLINE)", name);
    return preset && !p->hub.offline ? check_licence(p, preset->licence, err) : AY_OK;
}

/* With lock held. */
static ay_status start(ay_service *s, const char *name, const ay_preset *preset, bool accept, int64_t *job,
                       ay_err *err)
{
    ay_pulling *p = NULL;
    ay_status status;

    if ((*job = under_way(s->encoders, name)))
        return AY_OK;
    status = take_place(s->encoders, &p, err);
    if (status != AY_OK)
        return status;
    p->s = s;
    p->accept = accept;
    status = prepare(p, name, preset, err);
    if (status != AY_OK)
        return status;
    p->job = *job = ay_job_begin(s, "pull", preset ? (int64_t)preset->bytes : 0);
    set_detail(p, json_pack("{s:s}", "stage", stages[AY_HUB_ASKING]));
    status = ay_thread_start(&p->thread, "pull", run, p, err);
    p->taken = status == AY_OK;
    if (status != AY_OK)
        ay_job_end(s, p->job, status, err->msg);
    return status;
}

ay_status ay_encoder_pull(ay_service *s, const char *word, bool accept, int64_t *job, ay_err *err)
{
    char name[AY_HUB_REPO + AY_HUB_REVISION];
    const ay_preset *preset;
    ay_status status = ay_encoder_name(word, name, &preset, err);

    if (status == AY_OK && strcmp(name, "default") == 0)
        status = ay_fail(err, AY_ECONFLICT, "the default encoder is part of the program: there is nothing to pull");
    if (status == AY_OK && s->reading_only)
        status = ay_fail(err, AY_EBUSY, "another process has the data folder open");
    if (status != AY_OK)
        return status;
    pthread_mutex_lock(&s->encoders->lock);
    status = start(s, name, preset, accept, job, err);
    pthread_mutex_unlock(&s->encoders->lock);
    return status;
}
