/* cmd/cmd_dups.c - "assay dups": pictures that are there more than once.
 *
 * Of folders: read here and now, nothing is kept, nothing is moved unless asked.  Of a data set: what its background job found
 * (service/library/duplicates.h), brought up to date first where no server has the folder. */
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/dups_folder.h"
#include "cmd/dups_stored.h"
#include "http/view.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const ay_option options[] = {
    {"tier", 't', "same|picture|alike", "as far as: the same bytes or pixels; the same picture (usual); look-alikes too"},
    {"json", 'j', NULL, "one JSON object"},
    {"remove", 'r', NULL, "of each group keep the first; the others go (never look-alikes)"},
    {"to", 0, "FOLDER", "with --remove, of folders: where files are moved to"},
    {"yes", 'y', NULL, "with --remove: do it; without, what would go is told"},
    {"quiet", 'q', NULL, "no progress bar, no closing sentence"},
    {0},
};
static const ay_usage usage = {
    "dups [OPTION ...] [FOLDER|FILE ...]",
    "Pictures that are there more than once, in groups: the same bytes or the same pixels; the same picture\n"
    "resized, compressed again, turned or cropped; and, when asked, look-alikes.  The first of a group is\n"
    "the one to keep, and why.  Files are only read, unless --remove --to FOLDER --yes is given.\n"
    "Without a folder: of the library, or of --dataset; --remove --yes puts pictures into the trash, with undo.\n"
    "Exit code: 0 there are some, 3 none, 1 a picture could not be read, or failure, 2 wrong usage.",
    options,
    "dataset " AY_SESSION_SETTINGS,
};

typedef struct {
    const ay_args *args;
    ay_session session;
    ay_arena arena;
    ay_files files;
    ay_dups_folder folder;
    bool stored; /* of a data set, not of folders */
    ay_tier tier;
} job;

/* ---- telling */

static const char *told(const char *file)
{
    return ay_utf8_valid(file, strlen(file)) ? file : "(name is not UTF-8)";
}

static json_t *reasons_json(unsigned why)
{
    json_t *list = json_array();

    for (int i = 0; i < AY_KEEP_REASONS; i++)
        if (why >> i & 1)
            json_array_append_new(list, json_string(ay_keep_name(i)));
    return list;
}

static json_t *picture_json(const ay_dups_folder *d, const ay_dup_group *g, size_t i)
{
    uint32_t row = g->row[i];
    const ay_dup_fact *f = &d->fact[row];
    json_t *o = json_pack("{s:s, s:s, s:i, s:i, s:I, s:s, s:b}", "file", told(d->path[row]), "sha256", d->sha256[row], "width",
                          f->width, "height", f->height, "bytes", (json_int_t)f->bytes, "format", d->format[row], "keep", i == 0);

    if (i == 0)
        json_object_set_new(o, "why", reasons_json(g->why));
    if (g->tier == AY_TIER_PICTURE) {
        json_object_set_new(o, "orientation", json_integer(d->found.place[row].orientation));
        json_object_set_new(o, "cropped", json_boolean(d->found.place[row].cropped));
    }
    return o;
}

static bool same_bytes(const ay_dups_folder *d, const ay_dup_group *g)
{
    for (size_t i = 1; i < g->n; i++)
        if (strcmp(d->sha256[g->row[0]], d->sha256[g->row[i]]) != 0)
            return false;
    return true;
}

static void print_json(const job *j)
{
    const ay_dups_folder *d = &j->folder;
    json_t *groups = json_array(), *all;

    for (size_t k = 0; k < d->groups.n; k++) {
        const ay_dup_group *g = &d->groups.item[k];
        json_t *pictures = json_array(), *o;
        if (g->tier > j->tier) {
            json_decref(pictures);
            continue;
        }
        for (size_t i = 0; i < g->n; i++)
            json_array_append_new(pictures, picture_json(d, g, i));
        o = json_pack("{s:s, s:o, s:o}", "tier", ay_tier_name(g->tier), "similarity", ay_view_real((double)g->similarity), "pictures",
                      pictures);
        if (g->tier == AY_TIER_SAME)
            json_object_set_new(o, "bytes", json_boolean(same_bytes(d, g)));
        json_array_append_new(groups, o);
    }
    all = json_pack("{s:o, s:I}", "groups", groups, "pictures", (json_int_t)d->n);
    if (d->found.least > 0)
        json_object_set_new(all, "alike_from", ay_view_real((double)d->found.least));
    json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(7));
    putchar('\n');
    json_decref(all);
}

static void print_reasons(unsigned why)
{
    static const char *const words[] = {"largest", "earliest date", "least compressed", "has a class or tags", "best name", "first here"};
    bool first = true;

    for (int i = 0; i < AY_KEEP_REASONS; i++)
        if (why >> i & 1) {
            printf("%s%s", first ? "  keep: " : ", ", words[i]);
            first = false;
        }
}

static void print_group(const ay_dups_folder *d, const ay_dup_group *g)
{
    char size[32];

    if (g->tier == AY_TIER_SAME)
        printf("same %s, %zu pictures\n", same_bytes(d, g) ? "bytes" : "pixels", g->n);
    else if (g->tier == AY_TIER_PICTURE)
        printf("same picture, %zu versions\n", g->n);
    else
        printf("look alike (%.3f), %zu pictures\n", (double)g->similarity, g->n);
    for (size_t i = 0; i < g->n; i++) {
        const ay_dup_fact *f = &d->fact[g->row[i]];
        const ay_dup_place *p = &d->found.place[g->row[i]];
        ay_size_text(size, sizeof size, (unsigned long long)f->bytes);
        printf("  %c %5dx%-5d %8s  %-4s  %s", i == 0 ? '*' : ' ', f->width, f->height, size, d->format[g->row[i]], d->path[g->row[i]]);
        if (g->tier == AY_TIER_PICTURE && p->orientation != 1)
            printf("  turned");
        if (g->tier == AY_TIER_PICTURE && p->cropped)
            printf("  cropped");
        if (i == 0)
            print_reasons(g->why);
        putchar('\n');
    }
}

static size_t count(const job *j, ay_tier tier, size_t *extra)
{
    size_t n = 0;

    for (size_t k = 0; k < j->folder.groups.n; k++)
        if (j->folder.groups.item[k].tier == tier) {
            n++;
            *extra += j->folder.groups.item[k].n - 1;
        }
    return n;
}

static void close_line(const job *j)
{
    static const char *const words[] = {"the same", "the same picture", "look-alikes"};

    fprintf(stderr, "%zu pictures", j->folder.n);
    for (int t = 0; t <= (int)j->tier; t++) {
        size_t extra = 0, n = count(j, (ay_tier)t, &extra);
        fprintf(stderr, "; %s: %zu group%s, %zu too many", words[t], n, n == 1 ? "" : "s", extra);
    }
    fputs("\n", stderr);
}

static int print(const job *j)
{
    const ay_dups_folder *d = &j->folder;
    size_t shown = 0;

    if (ay_args_get(j->args, "json"))
        print_json(j);
    for (size_t k = 0; k < d->groups.n; k++)
        if (d->groups.item[k].tier <= j->tier) {
            if (!ay_args_get(j->args, "json"))
                print_group(d, &d->groups.item[k]);
            shown++;
        }
    fflush(stdout);
    if (!ay_args_get(j->args, "quiet"))
        close_line(j);
    return d->failed ? AY_EXIT_FAIL : shown ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}

/* ---- removing */

static int remove_files(job *j)
{
    const char *to = ay_args_get(j->args, "to");
    bool dry = ay_args_get(j->args, "yes") == NULL;
    ay_dups_move *moves = NULL;
    size_t n = 0;
    ay_err err;
    ay_status status = ay_dups_folder_move(&j->folder, j->tier, to, dry, &moves, &n, &err);

    for (size_t i = 0; i < n; i++)
        printf("%s\t%s\n", moves[i].from, dry ? "would be moved" : moves[i].to);
    fflush(stdout);
    if (status != AY_OK)
        return ay_cmd_fail(&err);
    if (!ay_args_get(j->args, "quiet"))
        fprintf(stderr, dry ? "%zu files would be moved to %s; with --yes they are\n" : "%zu files are in %s now, listed in its moved.tsv\n", n, to);
    return j->folder.failed ? AY_EXIT_FAIL : n ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}

/* ---- */

static int read_options(job *j)
{
    const char *tier = ay_args_get(j->args, "tier");
    bool removing = ay_args_get(j->args, "remove") != NULL;

    j->tier = tier ? ay_tier_of(tier) : AY_TIER_PICTURE;
    if (j->tier == AY_TIERS)
        return ay_args_wrong(j->args, "dups: --tier is same, picture or alike, not '%.40s'", tier);
    if (removing && j->tier == AY_TIER_ALIKE)
        return ay_args_wrong(j->args, "dups: look-alikes are different pictures; --remove takes --tier same or picture");
    if (j->stored && ay_args_get(j->args, "to"))
        return ay_args_wrong(j->args, "dups: --to goes with a folder; a data set's pictures go into the trash");
    if (removing && !j->stored && !ay_args_get(j->args, "to"))
        return ay_args_wrong(j->args, "dups: --remove deletes nothing: say with --to FOLDER where the files shall go");
    if (!removing && (ay_args_get(j->args, "to") || ay_args_get(j->args, "yes")))
        return ay_args_wrong(j->args, "dups: --to and --yes go with --remove");
    return -1;
}

/* ---- a data set */

static int of_dataset(job *j)
{
    ay_dups_stored d = {.dataset = ay_config_text(&j->args->config, "dataset"), .arena = &j->arena, .most = j->tier,
                        .json = ay_args_get(j->args, "json") != NULL};
    ay_err err;
    ay_status status = ay_session_open(&j->session, j->args, true, true, &err);

    d.service = j->session.service;
    if (status == AY_OK && ay_args_get(j->args, "remove"))
        status = ay_dups_stored_remove(&d, ay_args_get(j->args, "yes") == NULL, &err);
    else if (status == AY_OK)
        status = ay_dups_stored_print(&d, &err);
    return status != AY_OK ? ay_cmd_fail(&err) : d.shown ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}

static ay_status find(job *j, ay_err *err)
{
    ay_status status = ay_files_collect(&j->files, j->args->rest, j->args->n_rest, err);

    if (status == AY_OK && j->tier == AY_TIER_ALIKE)
        status = ay_session_engine(&j->session, j->args, err);
    if (status != AY_OK)
        return status;
    j->folder = (ay_dups_folder){.args = j->args, .files = &j->files, .arena = &j->arena,
                                 .session = j->tier == AY_TIER_ALIKE ? &j->session : NULL,
                                 .limits = ay_session_limits(j->args), .quiet = ay_args_get(j->args, "quiet") != NULL};
    return ay_dups_folder_find(&j->folder, err);
}

int ay_cmd_dups(int argc, char **argv)
{
    job j = {0};
    ay_args a;
    ay_err err;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    j.args = &a;
    j.stored = rc < 0 && a.n_rest == 0;
    if (rc < 0)
        rc = read_options(&j);
    if (rc < 0 && j.stored)
        rc = of_dataset(&j);
    else if (rc < 0)
        rc = find(&j, &err) != AY_OK ? ay_cmd_fail(&err) : ay_args_get(&a, "remove") ? remove_files(&j) : print(&j);
    ay_dups_folder_fini(&j.folder);
    ay_files_fini(&j.files);
    ay_arena_fini(&j.arena);
    ay_session_close(&j.session);
    ay_args_fini(&a);
    return rc;
}
