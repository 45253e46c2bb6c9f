/* cmd/cmd_cluster.c - "assay cluster": the pictures of folders as groups of what looks alike.
 *
 * Pictures of folders are embedded here and now; nothing is kept of them and nothing is moved.  Without a folder it is about the stored
 * ones: cmd/cluster_stored.h. */
#include "base/str.h"
#include "cmd/cluster_stored.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/embedded.h"
#include "cmd/progress.h"
#include "cmd/session.h"
#include "http/view.h"
#include "service/library/groups.h"
#include "service/find/learn_chance.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const ay_option options[] = {
    {"groups", 'k', "N", "so many groups; without it 2 to 80 are tried and the best separated kept"},
    {"k-by", 0, "WAY", "choose the number by silhouette (groups far apart), or by stability (other pictures of the same kind would give the same groups)"},
    {"density", 'd', "N", "as many groups as there are of N alike pictures; what is in none stays out"},
    {"seed", 0, "N", "another start (42)"},
    {"filter", 'f', "WORDS", "stored pictures: groups of what a filter means, beside those of all, as \"tag:blue is:unsorted\" (assay pictures --help)"},
    {"class", 0, "NAME", "the same for a class; --tag, --album, --unsorted too, and each may come with the others"},
    {"tag", 0, "NAME", "of pictures with a tag"},
    {"album", 0, "NAME", "of an album"},
    {"unsorted", 0, NULL, "of pictures without a class"},
    {"forget", 0, NULL, "the groups of this filter are kept no more; the pictures stay"},
    {"again", 0, NULL, "stored pictures: make the groups anew, as they were made the last time"},
    {"name", 0, "ID=NAME", "stored pictures: give a group a name; may come again"},
    {"list", 'l', NULL, "a line a picture: group, name, cosine to the group's centre, picture (stored ones: digest, file)"},
    {"json", 'j', NULL, "one JSON object"},
    {"quiet", 'q', NULL, "no progress bar, no closing sentence"},
    {0},
};
static const ay_usage usage = {
    "cluster [OPTION ...] FOLDER|FILE ...   or   cluster [OPTION ...] (stored pictures)",
    "Sort pictures into groups of what looks alike, the largest first: number, name, how many, mean\n"
    "cosine to the centre, the picture that stands for the group.  Names are words that the encoder\n"
    "knows; a group that no word tells from the others has none.\n"
    "Without a folder: the groups of the library (--dataset NAME: of a data set) as they are kept, a '*' behind the\n"
    "number of a pinned one.  They are made when they never were, anew with --groups, --k-by, --density or --again; a\n"
    "group that is the same keeps its number and name.  With a filter: groups of a part, kept in the same way beside those of all.\n"
    "Exit code: 0 done, 1 one or more pictures could not be read, or failure, 2 wrong usage.",
    options,
    "dataset " AY_SESSION_SETTINGS,
};

enum { MOST_NAMES = 20000 };

typedef struct {
    const ay_args *args;
    ay_session session;
    ay_arena arena;
    ay_words *words;
    ay_files files;
    ay_embedded all;
    ay_groups_options how;
    ay_groups groups;
} job;

/* ---- embed and group */

static ay_status embed_all(job *j, ay_err *err)
{
    ay_status status = ay_session_engine(&j->session, j->args, err);

    if (status == AY_OK)
        status = ay_embedded_read(&j->all, &j->session, j->args, &j->files, &j->arena, err);
    if (status == AY_OK && j->all.n < 2)
        return ay_fail(err, AY_EINVAL, "%zu of these can be read as pictures: groups need two at least", j->all.n);
    return status;
}

static bool on_progress(void *ctx, double done)
{
    ay_progress_step(ctx, (long)(done * 1000), 1000);
    return true;
}

static ay_status group_all(job *j, ay_err *err)
{
    ay_rows rows = {j->all.rows, j->all.n, j->all.dim};
    ay_progress bar;
    ay_status status;

    ay_progress_start(&bar, "grouping", 1000, ay_args_get(j->args, "quiet") != NULL);
    j->how.progress = on_progress;
    j->how.ctx = &bar;
    status = ay_groups_make(&rows, &j->how, &j->arena, &j->groups, err);
    ay_progress_end(&bar);
    return status;
}

/* ---- names */

/* The names that the encoder knows; for one that reads any text, everyday words.  Answers how many. */
static int candidates(const job *j, const char **list, bool closed)
{
    int n = 0;

    if (!closed)
        for (; n < ay_bank_word_count && n < MOST_NAMES; n++)
            list[n] = ay_bank_words[n];
    else
        for (const char *name; n < MOST_NAMES && (name = ay_words_name(j->words, n)); n++)
            list[n] = name;
    return n;
}

/* Without words there are no names, and that is no failure. */
static ay_status name_all(job *j, ay_err *err)
{
    const char **list = ay_arena_alloc(&j->arena, MOST_NAMES * sizeof *list);
    ay_rows rows = {j->all.rows, j->all.n, j->all.dim};
    ay_words_info info;
    float *vectors;
    int n;
    ay_status status;

    if (!list)
        return ay_fail(err, AY_ENOMEM, "names");
    if (ay_session_words(&j->words, j->args, NULL) != AY_OK || ay_words_get_info(j->words, &info, NULL) != AY_OK ||
        info.dim != j->all.dim)
        return AY_OK;
    n = candidates(j, list, info.closed);
    vectors = ay_arena_alloc(&j->arena, ((size_t)n * (size_t)j->all.dim + 1) * sizeof *vectors);
    status = vectors ? ay_words_embed(j->words, list, n, vectors, err) : ay_fail(err, AY_ENOMEM, "names");
    return status == AY_OK ? ay_groups_name(&rows, &j->groups, list, vectors, n, &j->arena, err) : status;
}

/* ---- tell */

static const char *told(const char *file)
{
    return ay_utf8_valid(file, strlen(file)) ? file : "(name is not UTF-8)";
}

static json_t *group_json(const job *j, int k)
{
    const ay_group *g = &j->groups.group[k];
    json_t *list = json_array();

    for (size_t i = 0; i < j->all.n; i++)
        if (j->groups.label[i] == k)
            json_array_append_new(list, json_pack("{s:s, s:o}", "file", told(j->all.name[i]), "similarity",
                                                  ay_view_real((double)j->groups.similarity[i])));
    return json_pack("{s:i, s:s, s:i, s:o, s:s, s:o}", "group", k + 1, "name", g->name, "size", (int)g->size, "cohesion",
                     ay_view_real((double)g->cohesion), "medoid", told(j->all.name[g->medoid]), "pictures", list);
}

static void print_json(const job *j)
{
    json_t *groups = json_array(), *outside = json_array(), *all;

    for (int k = 0; k < j->groups.n; k++)
        json_array_append_new(groups, group_json(j, k));
    for (size_t i = 0; i < j->all.n; i++)
        if (j->groups.label[i] < 0)
            json_array_append_new(outside, json_string(told(j->all.name[i])));
    all = json_pack("{s:o, s:o, s:i, s:o}", "groups", groups, "outside", outside, "pictures", (int)j->all.n, "silhouette",
                    ay_view_real(j->groups.silhouette));
    json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(7));
    putchar('\n');
    json_decref(all);
}

static void print_list(const job *j)
{
    for (int k = -1; k < j->groups.n; k++)
        for (size_t i = 0; i < j->all.n; i++)
            if (j->groups.label[i] == (k + 1 == j->groups.n ? -1 : k + 1))
                printf("%d\t%s\t%.3f\t%s\n", j->groups.label[i] + 1,
                       j->groups.label[i] < 0 ? "" : j->groups.group[j->groups.label[i]].name,
                       (double)j->groups.similarity[i], j->all.name[i]);
}

static void print_groups(const job *j)
{
    for (int k = 0; k < j->groups.n; k++) {
        const ay_group *g = &j->groups.group[k];
        printf("%3d  %-20s %6zu  %.3f  %s\n", k + 1, *g->name ? g->name : "-", g->size, (double)g->cohesion,
               j->all.name[g->medoid]);
    }
}

static int print(const job *j)
{
    if (ay_args_get(j->args, "json"))
        print_json(j);
    else if (ay_args_get(j->args, "list"))
        print_list(j);
    else
        print_groups(j);
    fflush(stdout);
    if (!ay_args_get(j->args, "quiet"))
        fprintf(stderr, "%zu pictures in %d group%s, %zu in none; silhouette %.2f (1: far apart, 0: one cloud cut up)\n",
                j->all.n - j->groups.outside, j->groups.n, j->groups.n == 1 ? "" : "s", j->groups.outside,
                j->groups.silhouette);
    return j->all.failed ? AY_EXIT_FAIL : AY_EXIT_OK;
}

/* ---- */

static bool read_how(ay_args *a, ay_groups_options *how)
{
    long k = 0, least = 0, seed = 42;

    const char *by = ay_args_get(a, "k-by");

    if (by && strcmp(by, "silhouette") != 0 && strcmp(by, "stability") != 0) {
        ay_args_wrong(a, "cluster: --k-by is silhouette or stability, not '%s'", by);
        return false;
    }
    if (by && (ay_args_get(a, "groups") || ay_args_get(a, "density"))) {
        ay_args_wrong(a, "cluster: --k-by chooses the number of groups: leave --%s out", ay_args_get(a, "groups") ? "groups" : "density");
        return false;
    }
    if ((ay_args_get(a, "groups") && !ay_args_number(a, "groups", 1, 100000, &k)) ||
        (ay_args_get(a, "density") && !ay_args_number(a, "density", 2, 1000000, &least)) ||
        (ay_args_get(a, "seed") && !ay_args_number(a, "seed", 0, 1000000000, &seed)))
        return false;
    *how = (ay_groups_options){.way = least ? AY_GROUPS_DENSITY : k ? AY_GROUPS_NUMBER : AY_GROUPS_CHOOSE,
                               .k = (int)k, .least = (int)least, .stable = by && strcmp(by, "stability") == 0, .seed = (uint64_t)seed};
    return true;
}

/* The first option given that only stored pictures have. */
static const char *for_stored(const ay_args *a)
{
    static const char *const names[] = {"again", "name", "filter", "class", "tag", "album", "unsorted", "forget"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (ay_args_get(a, names[i]))
            return names[i];
    return NULL;
}

static void job_fini(job *j)
{
    ay_files_fini(&j->files);
    ay_arena_fini(&j->arena);
    ay_words_close(j->words);
    ay_session_close(&j->session);
}

int ay_cmd_cluster(int argc, char **argv)
{
    job j = {0};
    ay_args a;
    ay_err err;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    j.args = &a;
    if (rc < 0 && a.n_rest && for_stored(&a))
        rc = ay_args_wrong(&a, "cluster: --%s is for stored pictures: leave the folder out", for_stored(&a));
    if (rc < 0 && ay_args_get(&a, "groups") && ay_args_get(&a, "density"))
        rc = ay_args_wrong(&a, "cluster: --groups or --density, not both");
    if (rc < 0 && !read_how(&a, &j.how))
        rc = AY_EXIT_USAGE;
    if (rc < 0 && a.n_rest == 0)
        rc = ay_cluster_stored(&a, &j.how);
    if (rc < 0)
        rc = ay_files_collect(&j.files, a.rest, a.n_rest, &err) != AY_OK || embed_all(&j, &err) != AY_OK ||
                     group_all(&j, &err) != AY_OK || name_all(&j, &err) != AY_OK
                 ? ay_cmd_fail(&err)
                 : print(&j);
    job_fini(&j);
    ay_args_fini(&a);
    return rc;
}
