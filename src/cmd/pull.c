#include "cmd/pull.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "engine/engine.h"
#include "net/fetch.h"
#include "net/licence.h"
#include "net/presets.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static atomic_bool cancel;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&cancel, true);
}

typedef struct {
    ay_progress bar;
    ay_hub_stage stage;
    int pauses;
} terminal;

static void show(void *ctx, const ay_hub_progress *p)
{
    terminal *t = ctx;

    if (p->stage == AY_HUB_PAUSING) {
        ay_progress_hide(&t->bar);
        fprintf(stderr, "assay: %s; again in %d s\n", p->why, p->pause);
        return;
    }
    if (p->stage == AY_HUB_WAITING && t->stage != AY_HUB_WAITING) {
        ay_progress_hide(&t->bar);
        fprintf(stderr, "assay: another pull is loading %s, waiting for it\n", p->file);
    }
    if (p->stage == AY_HUB_CHECKING || (p->stage == AY_HUB_LOADING && t->stage != AY_HUB_LOADING))
        ay_progress_from(&t->bar, (long)p->done); /* what was there already says nothing of the speed */
    t->stage = p->stage;
    t->bar.what = p->stage == AY_HUB_CHECKING ? "checking" : p->file;
    if (p->stage == AY_HUB_LOADING || p->stage == AY_HUB_CHECKING)
        ay_progress_step(&t->bar, (long)p->done, (long)p->total);
}

/* ---- licences -------------------------------------------------------------------------------- */

static ay_status check_licence(const ay_args *a, const ay_hub *hub, const ay_hub_ref *ref, const char *licence,
                               ay_err *err)
{
    char data[4096];

    ay_config_data_dir(&a->config, data, sizeof data);
    if (ay_licence_free(licence) || ay_licence_accepted(data, ref->repo, licence))
        return AY_OK;
    if (ay_args_get(a, "accept-licence"))
        return ay_licence_accept(data, ref->repo, licence, err);
    if (!*licence)
        return ay_fail(err, AY_ECONFLICT, "%s names no licence; look at %.200s/%s, and if you may use it, pull again "
                       "with --accept-licence", ref->repo, hub->endpoint, ref->repo);
    return ay_fail(err, AY_ECONFLICT, "%s has the licence \"%s\", which does not allow every use; read it at "
                   "%.200s/%s, and if you agree, pull again with --accept-licence", ref->repo, licence,
                   hub->endpoint, ref->repo);
}

/* ---- one pull -------------------------------------------------------------------------------- */

typedef struct {
    const char *word;        /* as the person named it */
    const ay_preset *preset; /* NULL: a repository */
    ay_hub hub;
    ay_hub_request request;
    ay_hub_listing list; /* its files, in either case */
    bool away;           /* the hub did not say which: it is what the cache has */
} job;

static ay_status settings(const ay_args *a, ay_hub *hub, ay_err *err)
{
    const char *endpoint = ay_args_get(a, "endpoint");
    ay_status status = ay_hub_settings(hub, err);
    size_t n = endpoint ? strlen(endpoint) : 0;

    if (status != AY_OK)
        return status;
    hub->offline = hub->offline || ay_args_get(a, "offline");
    while (n > 0 && endpoint[n - 1] == '/')
        n--;
    if (endpoint && (!ay_fetch_url_valid(endpoint) || n >= sizeof hub->endpoint))
        return ay_fail(err, AY_EINVAL, "--endpoint: '%.200s' is not an http or https address", endpoint);
    if (endpoint)
        snprintf(hub->endpoint, sizeof hub->endpoint, "%.*s", (int)n, endpoint);
    return AY_OK;
}

/* The files of a repository by the hub's word; when it cannot be reached, those that are here. */
static ay_status ask_files(job *j, ay_err *err)
{
    ay_hub here = j->hub;
    ay_status status = ay_hub_list(&j->hub, &j->request.ref, &j->list, err);

    here.offline = true;
    if ((status == AY_EIO || status == AY_EBUSY) &&
        ay_hub_list(&here, &j->request.ref, &j->list, NULL) == AY_OK) {
        fprintf(stderr, "assay: %s\n", err->msg);
        j->away = j->hub.offline = true;
        return AY_OK;
    }
    return status;
}

/* Which files, under which licence. */
static ay_status find_out(const ay_args *a, job *j, ay_err *err)
{
    char size[40];
    ay_status status;

    j->preset = ay_preset_find(j->word);
    if (j->preset) {
        ay_preset_ref(j->preset, &j->request.ref);
        j->list.n = ay_preset_files(j->preset, j->list.file);
        snprintf(j->list.licence, sizeof j->list.licence, "%s", j->preset->licence);
    } else {
        status = ay_hub_ref_read(&j->request.ref, j->word, err);
        if (status == AY_OK)
            status = ask_files(j, err);
        if (status != AY_OK)
            return status;
    }
    j->request.files = j->list.file;
    j->request.n = j->list.n;
    if (j->hub.offline)
        return AY_OK; /* what is here was agreed to when it came */
    ay_size_text(size, sizeof size, j->preset ? j->preset->bytes : 0);
    printf("%s@%s%s%s, licence: %s\n", j->request.ref.repo, j->request.ref.revision,
           j->preset && j->preset->bytes ? ", about " : "", j->preset && j->preset->bytes ? size : "",
           j->list.licence[0] ? j->list.licence : "none named");
    fflush(stdout);
    return check_licence(a, &j->hub, &j->request.ref, j->list.licence, err);
}

static void say_done(const job *j, const ay_hub_pulled *p)
{
    char bytes[40];

    ay_size_text(bytes, sizeof bytes, p->fetched);
    if (p->stale || j->away)
        printf("the hub could not be reached; this is what an earlier pull brought\n");
    else if (p->fetched == 0)
        printf("nothing to load: all of it is here\n");
    else
        printf("%s loaded and checked\n", bytes);
    printf("%s (commit %.12s)\nuse it: assay scan --model %s PICTURE\n", p->folder, p->commit, j->word);
}

static int fail(const job *j, ay_status status, const ay_err *err)
{
    int rc = ay_cmd_fail(err);

    if (status == AY_ECANCELLED || status == AY_EIO || status == AY_EBUSY)
        fprintf(stderr, "assay: \"assay model pull %s\" goes on where this stopped\n", j->word);
    return rc;
}

int ay_pull_run(const ay_args *a)
{
    static job j;
    terminal t = {.stage = AY_HUB_ASKING};
    ay_hub_pulled pulled;
    ay_status status;
    ay_err err;

    if (a->n_rest != 2)
        return ay_args_wrong(a, "model pull wants one model: a name of \"assay model list\" or org/name%s", "");
    j = (job){.word = a->rest[1]};
    status = settings(a, &j.hub, &err);
    if (status == AY_OK)
        status = find_out(a, &j, &err);
    if (status != AY_OK)
        return ay_cmd_fail(&err);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    ay_progress_start(&t.bar, "asking", 0, 0);
    t.bar.bytes = 1;
    j.request.progress = show;
    j.request.ctx = &t;
    j.request.cancel = &cancel;
    status = ay_hub_pull(&j.hub, &j.request, &pulled, &err);
    ay_progress_end(&t.bar);
    if (status != AY_OK)
        return fail(&j, status, &err);
    ay_engine_remember(pulled.folder);
    say_done(&j, &pulled);
    return AY_EXIT_OK;
}

void ay_pull_list(const ay_args *a)
{
    const char *in_use = ay_config_text(&a->config, "model");
    char path[AY_HUB_PATH], size[40];

    printf("models of the hub (assay model pull NAME):\n");
    for (size_t i = 0; i < ay_presets_count; i++) {
        const ay_preset *p = &ay_presets[i];
        bool here = ay_model_locate(p->name, path, NULL) == AY_OK;
        ay_size_text(size, sizeof size, p->bytes);
        printf("%s %-20s %-9s %8s  %-11s %s\n", strcmp(p->name, in_use) == 0 ? "*" : " ", p->name,
               here ? "installed" : "", size, p->licence, p->about);
    }
}
