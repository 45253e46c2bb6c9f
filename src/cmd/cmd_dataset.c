/* cmd/cmd_dataset.c - "assay dataset": teach from the command line.
 *
 * A verb is a function and a line in the table at the end.  All verbs share one set of flags; a flag
 * that a verb does not know is harmless there, as in git. */
#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/export.h"
#include "cmd/files.h"
#include "cmd/progress.h"
#include "cmd/session.h"
#include "service/dataset.h"
#include "service/picture.h"
#include "service/suspects.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ay_option options[] = {
    {"preset", 0, "NAME", "create: start with the classes of a preset (scrap)"},
    {"class", 'c', "NAME", "list: the pictures of that class"},
    {"yes", 'y', NULL, "remove: do not ask before removing a class or a data set"},
    {"deep", 0, NULL, "check: read every file and recompute its digest"},
    {"repair", 0, NULL, "check: put right what can be put right"},
    {"json", 'j', NULL, "list, check: print JSON"},
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage usage = {
    "dataset VERB [OPTION ...]",
    "  create NAME                 a new data set; --preset scrap for the ten scrap grades\n"
    "  use NAME                    make it the one that scans use\n"
    "  list                        data sets, classes and their pictures\n"
    "  add CLASS FILE|FOLDER ...   add pictures to a class, which is made when missing\n"
    "  import FOLDER               add FOLDER/<class>/<pictures>\n"
    "  export FOLDER               write FOLDER/<class>/<pictures>; more: assay export --help\n"
    "  rename CLASS NAME           rename a class\n"
    "  remove CLASS [SHA256 ...]   remove pictures, or the class with all of them\n"
    "  remove-dataset NAME         remove a whole data set\n"
    "  undo TOKEN                  take a removal back\n"
    "  check                       files, vectors and digests; pictures that look wrong",
    options,
    "dataset " AY_SESSION_SETTINGS,
};

typedef struct {
    ay_args *args;
    ay_session *session;
    ay_service *service;
    const char *dataset;
    char **word; /* operands after the verb */
    int n;
    ay_err err;
} verb_context;

static int fail(verb_context *c)
{
    return ay_cmd_fail(&c->err);
}

static int create(verb_context *c)
{
    if (ay_dataset_create(c->service, c->word[0], ay_args_get(c->args, "preset"), &c->err) != AY_OK)
        return fail(c);
    printf("created data set %s\n", c->word[0]);
    return AY_EXIT_OK;
}

static int use(verb_context *c)
{
    if (ay_dataset_activate(c->service, c->word[0], &c->err) != AY_OK)
        return fail(c);
    printf("scans now use data set %s\n", c->word[0]);
    return AY_EXIT_OK;
}

static int list_pictures(verb_context *c, const char *klass)
{
    const char *cursor = NULL;

    do {
        ay_picture *items;
        size_t n;
        if (ay_picture_list(c->service, c->dataset, klass, cursor, 200, &c->session->arena, &items, &n,
                            &cursor, &c->err) != AY_OK)
            return fail(c);
        for (size_t i = 0; i < n; i++)
            printf("%s  %4d x %-4d  %8lld  %s\n", items[i].sha256, items[i].width, items[i].height,
                   (long long)items[i].bytes, items[i].file);
    } while (cursor);
    return AY_EXIT_OK;
}

static json_t *classes_json(verb_context *c, const char *dataset)
{
    json_t *list = json_array();
    ay_class *k;
    size_t n;

    if (ay_class_list(c->service, dataset, &c->session->arena, &k, &n, NULL, &c->err) != AY_OK)
        n = 0;
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:I, s:s, s:I, s:I}", "id", (json_int_t)k[i].id, "name",
                                              k[i].name, "images", (json_int_t)k[i].images, "embedded",
                                              (json_int_t)k[i].embedded));
    return list;
}

static int list_json(verb_context *c, const ay_dataset *sets, size_t n)
{
    json_t *all = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(all, json_pack("{s:s, s:b, s:I, s:s, s:o}", "name", sets[i].name, "active",
                                             sets[i].active, "images", (json_int_t)sets[i].images,
                                             "created_at", sets[i].created_at, "classes",
                                             classes_json(c, sets[i].name)));
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
    return AY_EXIT_OK;
}

static int list(verb_context *c)
{
    const char *klass = ay_args_get(c->args, "class");
    ay_dataset *sets;
    size_t n;

    if (klass)
        return list_pictures(c, klass);
    if (ay_dataset_list(c->service, &c->session->arena, &sets, &n, &c->err) != AY_OK)
        return fail(c);
    if (ay_args_get(c->args, "json"))
        return list_json(c, sets, n);
    for (size_t i = 0; i < n; i++) {
        ay_class *k;
        size_t m;
        printf("%s %s  (%lld classes, %lld pictures)\n", sets[i].active ? "*" : " ", sets[i].name,
               (long long)sets[i].classes, (long long)sets[i].images);
        if (ay_class_list(c->service, sets[i].name, &c->session->arena, &k, &m, NULL, &c->err) != AY_OK)
            return fail(c);
        for (size_t j = 0; j < m; j++)
            printf("    %6lld  %s\n", (long long)k[j].images, k[j].name);
    }
    return AY_EXIT_OK;
}

/* Add one file; says what is worth saying. */
static ay_status add_file(verb_context *c, const char *klass, const char *path, int64_t *created)
{
    const char *base = strrchr(path, '/');
    ay_buf bytes = {0};
    ay_arena arena;
    ay_added added;
    ay_status status;

    ay_arena_init(&arena, 0);
    status = ay_files_read(path, ay_config_size(&c->args->config, "max-upload"), &bytes, &c->err);
    if (status == AY_OK)
        status = ay_picture_add(c->service, c->dataset, klass, base ? base + 1 : path, bytes.data,
                                bytes.len, NULL, &arena, &added, &c->err);
    if (status != AY_OK)
        fprintf(stderr, "%s: error: %s\n", path, c->err.msg);
    else if (added.moved)
        printf("%s: moved here from %s\n", path, added.from);
    else if (added.created && *added.near_sha256)
        printf("%s: added; looks like %.12s of %s (%.1f %%)\n", path, added.near_sha256,
               added.near_class, 100.0 * (double)added.near_similarity);
    if (status == AY_OK)
        *created += added.created;
    ay_buf_fini(&bytes);
    ay_arena_fini(&arena);
    return status;
}

static int add(verb_context *c)
{
    const char *klass = c->word[0];
    ay_files files = {0};
    int64_t created = 0, refused = 0;
    ay_progress bar;
    ay_class found;

    if (ay_files_collect(&files, c->word + 1, c->n - 1, &c->err) != AY_OK)
        goto failed;
    if (ay_class_get(c->service, c->dataset, klass, &c->session->arena, &found, &c->err) != AY_OK &&
        ay_class_create(c->service, c->dataset, klass, NULL, &c->err) != AY_OK)
        goto failed;
    ay_progress_start(&bar, "adding", (long)files.n,
                      files.n < 2 || ay_args_get(c->args, "quiet") != NULL);
    for (size_t i = 0; i < files.n; i++) {
        refused += add_file(c, klass, files.path[i], &created) != AY_OK;
        ay_progress_step(&bar, (long)i + 1, (long)files.n);
    }
    ay_progress_end(&bar);
    printf("%s: %lld added, %lld there already, %lld refused\n", klass, (long long)created,
           (long long)((int64_t)files.n - created - refused), (long long)refused);
    ay_files_fini(&files);
    return refused ? AY_EXIT_FAIL : AY_EXIT_OK;
failed:
    ay_files_fini(&files);
    return fail(c);
}

static bool on_progress(void *ctx, const ay_import_progress *p)
{
    ay_progress *bar = ctx;

    if (p->reason) {
        ay_progress_hide(bar);
        fprintf(stderr, "%s: %s\n", p->path, p->reason);
    }
    ay_progress_step(bar, (long)p->done, (long)p->total);
    return true;
}

static int import(verb_context *c)
{
    ay_import_progress p = {0};
    ay_progress bar;
    ay_status status;

    ay_progress_start(&bar, "importing", 0, ay_args_get(c->args, "quiet") != NULL);
    status = ay_import_folder(c->service, c->dataset, c->word[0], on_progress, &bar, &p, &c->err);
    ay_progress_end(&bar);
    if (status != AY_OK)
        return fail(c);
    printf("%lld added, %lld moved, %lld there already, %lld refused\n", (long long)p.created,
           (long long)p.moved, (long long)p.same, (long long)p.refused);
    return p.created + p.moved + p.same == 0 ? AY_EXIT_FAIL : AY_EXIT_OK;
}

static int export(verb_context *c)
{
    ay_export_order o = {.to = c->word[0], .quiet = ay_args_get(c->args, "quiet") != NULL, .wish.format = "folder"};
    ay_dataset d;

    if (ay_dataset_get(c->service, c->dataset, &c->session->arena, &d, &c->err) != AY_OK)
        return fail(c);
    o.wish.which.dataset = d.name;
    return ay_export_run(c->service, &o);
}

static int rename_class(verb_context *c)
{
    ay_class k;

    if (ay_class_get(c->service, c->dataset, c->word[0], &c->session->arena, &k, &c->err) != AY_OK ||
        ay_class_rename(c->service, k.id, c->word[1], &c->err) != AY_OK)
        return fail(c);
    printf("%s is now %s\n", k.name, c->word[1]);
    return AY_EXIT_OK;
}

/* Ask on a terminal; elsewhere only --yes will do. */
static bool agreed(verb_context *c, const char *what, const char *name, long long pictures)
{
    char answer[8] = "";

    if (ay_args_get(c->args, "yes"))
        return true;
    fprintf(stderr, "Remove %s %s with %lld pictures? [y/N] ", what, name, pictures);
    if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y')) {
        fputs("nothing was removed (say --yes to be not asked)\n", stderr);
        return false;
    }
    return true;
}

static int remove_some(verb_context *c)
{
    char undo[AY_UNDO_SIZE];
    int64_t images;
    ay_class k;

    if (ay_class_get(c->service, c->dataset, c->word[0], &c->session->arena, &k, &c->err) != AY_OK)
        return fail(c);
    for (int i = 1; i < c->n; i++) {
        if (ay_picture_delete(c->service, c->dataset, c->word[i], undo, &c->err) != AY_OK)
            return fail(c);
        printf("removed %.12s; to take it back: assay dataset undo %s\n", c->word[i], undo);
    }
    if (c->n > 1)
        return AY_EXIT_OK;
    if (!agreed(c, "class", k.name, (long long)k.images))
        return AY_EXIT_FAIL;
    if (ay_class_delete(c->service, k.id, undo, &images, &c->err) != AY_OK)
        return fail(c);
    printf("removed %s with %lld pictures; to take it back: assay dataset undo %s\n", k.name,
           (long long)images, undo);
    return AY_EXIT_OK;
}

static int remove_dataset(verb_context *c)
{
    char undo[AY_UNDO_SIZE];
    ay_dataset d;

    if (ay_dataset_get(c->service, c->word[0], &c->session->arena, &d, &c->err) != AY_OK)
        return fail(c);
    if (!agreed(c, "data set", d.name, (long long)d.images))
        return AY_EXIT_FAIL;
    if (ay_dataset_delete(c->service, d.name, undo, &c->err) != AY_OK)
        return fail(c);
    printf("removed %s; to take it back: assay dataset undo %s\n", d.name, undo);
    return AY_EXIT_OK;
}

static int undo_removal(verb_context *c)
{
    ay_undo_result r;

    if (ay_service_undo(c->service, c->word[0], &r, &c->err) != AY_OK)
        return fail(c);
    printf("%lld pictures are back\n", (long long)r.pictures);
    return AY_EXIT_OK;
}

static void print_suspects(const ay_suspects *s)
{
    if (s->checked > 0)
        printf("leave-one-out accuracy: %.1f %% of %lld pictures\n", 100 * s->accuracy,
               (long long)s->checked);
    for (size_t i = 0; i < s->nitems; i++) {
        const ay_suspect *x = &s->items[i];
        printf("  %-14s %.12s  %s/%s: %s\n", ay_suspect_kind_name(x->kind), x->sha256, x->class_name,
               x->file, x->reason);
    }
}

static int check(verb_context *c)
{
    ay_check_result r;
    ay_suspects s;
    ay_check_options how = {.deep = ay_args_get(c->args, "deep"), .repair = ay_args_get(c->args, "repair")};

    if (ay_service_check(c->service, &how, &c->session->arena, &r, &c->err) != AY_OK ||
        ay_suspects_find(c->service, c->dataset, 100, &c->session->arena, &s, &c->err) != AY_OK)
        return fail(c);
    if (ay_args_get(c->args, "json")) {
        json_t *o = json_pack("{s:I, s:I, s:I, s:I, s:I, s:f, s:I}", "pictures", (json_int_t)r.pictures,
                              "missing", (json_int_t)r.missing, "damaged", (json_int_t)r.damaged,
                              "strays", (json_int_t)r.strays, "unembedded", (json_int_t)r.unembedded,
                              "accuracy", s.accuracy, "suspects", (json_int_t)s.nitems);
        json_dumpf(o, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(o);
    } else {
        printf("%lld pictures: %lld files missing, %lld damaged, %lld stray, %lld without a vector\n",
               (long long)r.pictures, (long long)r.missing, (long long)r.damaged, (long long)r.strays,
               (long long)r.unembedded);
        for (size_t i = 0; i < r.nproblems; i++)
            printf("  %s\n", r.problems[i]);
        print_suspects(&s);
    }
    return r.missing + r.damaged > 0 ? AY_EXIT_FAIL : AY_EXIT_OK;
}

static const struct {
    const char *name;
    int least, most; /* operands */
    const char *needs;
    int (*run)(verb_context *c);
} verbs[] = {
    {"create", 1, 1, "a name", create},
    {"use", 1, 1, "a data set's name", use},
    {"list", 0, 0, "", list},
    {"add", 2, 1 << 30, "a class and pictures", add},
    {"import", 1, 1, "a folder", import},
    {"export", 1, 1, "a folder", export},
    {"rename", 2, 2, "a class and its new name", rename_class},
    {"remove", 1, 1 << 30, "a class", remove_some},
    {"remove-dataset", 1, 1, "a data set's name", remove_dataset},
    {"undo", 1, 1, "the token that the removal printed", undo_removal},
    {"check", 0, 0, "", check},
};

static int run_verb(ay_args *a)
{
    const char *word = a->n_rest ? a->rest[0] : "";
    ay_session session = {0};
    verb_context c = {.args = a, .session = &session, .word = a->rest + 1, .n = a->n_rest - 1};
    int rc;

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(word, verbs[i].name) != 0)
            continue;
        if (c.n < verbs[i].least)
            return ay_args_wrong(a, "dataset %s: name %s", word, verbs[i].needs);
        if (c.n > verbs[i].most)
            return ay_args_wrong(a, "dataset %s: '%s' is one word too many", word,
                                 c.word[verbs[i].most]);
        if (ay_session_open(&session, a, false, true, &c.err) != AY_OK) {
            rc = ay_cmd_fail(&c.err);
        } else {
            c.service = session.service;
            c.dataset = ay_config_text(&a->config, "dataset");
            rc = verbs[i].run(&c);
        }
        ay_session_close(&session);
        return rc;
    }
    return ay_args_wrong(a, *word ? "dataset: there is no verb '%s'" : "dataset: say what to do%s", word);
}

int ay_cmd_dataset(int argc, char **argv)
{
    ay_args a;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc < 0)
        rc = run_verb(&a);
    ay_args_fini(&a);
    return rc;
}
