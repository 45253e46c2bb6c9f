#include "cmd/cluster_stored.h"

#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "cmd/session.h"
#include "http/h_clusters.h"
#include "service/library/facts.h"
#include "service/library/clusters.h"
#include "service/picture.h"

#include <stdio.h>
#include <string.h>

enum { PART = 1000 };

typedef struct {
    const ay_args *args;
    ay_session session;
    ay_clusters_request how;
    ay_picture_filter filter;
    ay_clusters all;
    ay_err err;
} stored;

static bool given(const stored *j, const char *option)
{
    return ay_args_get(j->args, option) != NULL;
}

/* ---- naming */

static ay_status name_one(stored *j, const char *text)
{
    const char *equals = strchr(text, '=');
    char number[32], undo[AY_UNDO_SIZE];
    long id = 0;
    ay_status status;

    snprintf(number, sizeof number, "%.*s", equals ? (int)(equals - text) : 0, text);
    if (!equals || !ay_str_to_long(number, 1, INT64_MAX, &id))
        return ay_fail(&j->err, AY_EINVAL, "--name is ID=NAME, as in --name 3=bottles; not \"%.60s\"", text);
    status = ay_cluster_rename(j->session.service, id, equals + 1, undo, &j->err);
    if (status == AY_OK && !given(j, "quiet"))
        fprintf(stderr, "group %ld is called %s; to take it back: assay tag --undo %s\n", id, equals + 1, undo);
    return status;
}

static ay_status name_all(stored *j)
{
    const char *text;
    ay_status status = AY_OK;

    for (int i = 0; status == AY_OK && (text = ay_args_nth(j->args, "name", i)); i++)
        status = name_one(j, text);
    return status;
}

/* ---- making */

static bool on_progress(void *ctx, double done)
{
    ay_progress_step(ctx, (long)(done * 1000), 1000);
    return true;
}

static ay_status read_all(stored *j)
{
    return ay_clusters_get(j->session.service, j->how.dataset, j->how.filter, false, &j->session.arena, &j->all, &j->err);
}

static ay_status make(stored *j)
{
    ay_clusters_made made;
    ay_progress bar;
    ay_status status;

    if (given(j, "again") && !j->how.k && !j->how.least && !given(j, "k-by")) {
        j->how.method = j->all.how.method;
        j->how.k = j->all.how.k;
        j->how.least = j->all.how.least;
    }
    ay_progress_start(&bar, "grouping", 1000, given(j, "quiet"));
    status = ay_clusters_run(j->session.service, &j->how, on_progress, &bar, &made, &j->err);
    ay_progress_end(&bar);
    if (status == AY_EBUSY)
        ay_err_wrap(&j->err, "a server makes the groups of its data folder itself (on its page, or POST /v1/clusters/run)");
    if (status == AY_OK && !given(j, "quiet"))
        fprintf(stderr, "%d groups, %d of them as before; to take it back: assay tag --undo %s\n", made.groups, made.same, made.undo);
    return status == AY_OK ? read_all(j) : status;
}

static ay_status read_filter(stored *j)
{
    static const char *const options[] = {"class", "tag", "album"};
    const char *words = ay_args_get(j->args, "filter"), *text;
    ay_arena *a = &j->session.arena;
    ay_status status = words ? ay_filter_words(&j->filter, a, words, &j->err) : AY_OK;

    for (size_t k = 0; k < sizeof options / sizeof *options; k++)
        for (int i = 0; status == AY_OK && (text = ay_args_nth(j->args, options[k], i)); i++)
            status = ay_filter_set(&j->filter, a, options[k], text, NULL, &j->err);
    if (status == AY_OK && given(j, "unsorted"))
        status = ay_filter_set(&j->filter, a, "unsorted", "true", NULL, &j->err);
    j->how.filter = j->filter.n ? &j->filter : NULL;
    return status;
}

/* What is kept is told; what never was is made, if this process may. */
static ay_status work(stored *j)
{
    bool anew = given(j, "again") || given(j, "k-by") || j->how.k || j->how.least;
    ay_status status = ay_session_open(&j->session, j->args, true, true, &j->err);

    if (status == AY_OK)
        status = read_filter(j);
    if (status == AY_OK)
        ay_facts_need(j->session.service, &j->filter);
    if (status == AY_OK && given(j, "forget"))
        return ay_clusters_drop(j->session.service, j->how.dataset, j->how.filter, &j->err);
    if (status == AY_OK)
        status = name_all(j);
    if (status == AY_OK)
        status = read_all(j);
    if (status == AY_OK && (anew || (!j->all.how.run && j->all.pictures && !ay_service_reading_only(j->session.service))))
        status = make(j);
    return status;
}

/* ---- telling */

static const char *file_of(stored *j, const char *sha256)
{
    ay_picture p;

    return *sha256 && ay_picture_get(j->session.service, j->all.dataset, sha256, &j->session.arena, &p, NULL) == AY_OK ? p.file : "";
}

static void print_groups(stored *j)
{
    for (size_t i = 0; i < j->all.n; i++) {
        const ay_cluster *k = &j->all.cluster[i];
        printf("%6lld%c %-24s %6zu  %.3f  %s\n", (long long)k->id, k->pinned ? '*' : ' ', k->name, k->size, (double)k->cohesion,
               file_of(j, k->medoid));
    }
}

static ay_status print_pictures(stored *j, int64_t id, const char *name)
{
    const char *dataset;
    size_t total = 1;
    ay_status status = AY_OK;

    for (size_t at = 0; at < total && status == AY_OK; at += PART) {
        ay_cluster_member *list;
        size_t n = 0;
        ay_arena a;
        ay_arena_init(&a, 0);
        dataset = j->how.dataset;
        status = ay_clusters_pictures(j->session.service, id, &dataset, j->how.filter, false, at, PART, &a, &list, &n, &total, &j->err);
        for (size_t i = 0; i < n && status == AY_OK; i++)
            printf("%lld\t%s\t%.3f\t%s\t%s\n", (long long)id, name, (double)list[i].similarity, list[i].sha256, list[i].file);
        ay_arena_fini(&a);
    }
    return status;
}

static ay_status print_list(stored *j)
{
    ay_status status = AY_OK;

    for (size_t i = 0; i < j->all.n && status == AY_OK; i++)
        status = print_pictures(j, j->all.cluster[i].id, j->all.cluster[i].name);
    return status == AY_OK ? print_pictures(j, 0, "") : status;
}

static void print_json(const stored *j)
{
    json_t *root = ay_view_clusters(&j->all);

    json_dumpf(root, stdout, JSON_COMPACT | JSON_REAL_PRECISION(7));
    putchar('\n');
    json_decref(root);
}

static ay_status print(stored *j)
{
    ay_status status = AY_OK;

    if (given(j, "json"))
        print_json(j);
    else if (given(j, "list"))
        status = print_list(j);
    else
        print_groups(j);
    fflush(stdout);
    if (!given(j, "quiet") && j->all.how.run)
        fprintf(stderr, "%zu of %zu pictures of %s%s in %zu group%s; silhouette %.2f; %zu came and %zu went since\n",
                j->all.pictures - j->all.outside - j->all.waiting, j->all.pictures, j->all.dataset, j->all.filter, j->all.n, j->all.n == 1 ? "" : "s",
                j->all.how.silhouette, j->all.came, j->all.gone);
    else if (!given(j, "quiet"))
        fprintf(stderr, "%s%s: %zu pictures, never grouped\n", j->all.dataset, j->all.filter, j->all.pictures);
    return status;
}

int ay_cluster_stored(const ay_args *a, const ay_groups_options *how)
{
    stored j = {.args = a,
                .how = {.dataset = ay_config_text(&a->config, "dataset"),
                        .method = how->least ? "density" : how->k ? "kmeans" : how->stable ? "stable" : "auto", .k = how->k,
                        .least = how->least, .seed = how->seed}};
    ay_status status = work(&j);
    int rc;

    if (status == AY_OK && given(&j, "forget")) {
        if (!given(&j, "quiet"))
            fprintf(stderr, "forgotten; the pictures stay\n");
    } else if (status == AY_OK) {
        status = print(&j);
    }
    rc = status == AY_OK ? AY_EXIT_OK : status == AY_EINVAL ? ay_args_wrong(a, "cluster: %s", j.err.msg) : ay_cmd_fail(&j.err);
    ay_session_close(&j.session);
    return rc;
}
