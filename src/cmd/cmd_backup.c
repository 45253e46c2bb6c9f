/* cmd/cmd_backup.c - "assay backup" and "assay restore": the data folder as a copy that can be trusted, and back. */
#include "base/clock.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/progress.h"
#include "cmd/session.h"
#include "service/backup/backup.h"

#include <jansson.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const ay_option backup_options[] = {
    {"verify", 0, NULL, "into a folder: read the pictures that are there again, and replace damaged ones"},
    {"only-files", 0, NULL, "without the database, which a server holds and copies with its own program"},
    {"json", 'j', NULL, "print JSON"},
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage backup_usage = {
    "backup [OPTION ...] FOLDER|FILE.tar|-",
    "Copy the data folder as it is at this moment, also while a server uses it. Into a folder only what is\n"
    "new is written, and the folder is itself a data folder: assay serve --data FOLDER. FILE.tar is one\n"
    "file, - writes it to standard output. Every picture is checked while it is copied.\n"
    "Thumbnails and other things that can be made again stay out, and so do trainings under way.\n"
    "Exit code: 0 all is copied, 1 failure, or pictures were damaged or missing (the rest is copied).",
    backup_options,
    "data store",
};

static const ay_option restore_options[] = {
    {"keep-going", 'k', NULL, "bring back what is whole of a damaged backup"},
    {"json", 'j', NULL, "print JSON"},
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage restore_usage = {
    "restore [OPTION ...] FOLDER|FILE.tar",
    "Bring a backup back as the data folder, which must be missing or empty (--data names another).\n"
    "Everything is checked before anything takes its place: a restore that fails leaves nothing behind.",
    restore_options,
    "data",
};

typedef struct {
    ay_progress bar;
    ay_backup_options o;
    ay_backup_result result;
    char data[4096];
    ay_arena arena;
} work;

static atomic_bool stopped;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&stopped, true);
}

static bool show(void *ctx, int64_t done, int64_t total)
{
    work *w = ctx;

    ay_progress_step(&w->bar, (long)done, (long)total);
    return !atomic_load(&stopped);
}

static void start(work *w, const ay_args *a, const char *what)
{
    ay_arena_init(&w->arena, 0);
    ay_config_data_dir(&a->config, w->data, sizeof w->data);
    w->o.data = w->data;
    w->o.at = a->rest[0];
    w->o.progress = show;
    w->o.ctx = w;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    ay_progress_start(&w->bar, what, 0, ay_args_get(a, "quiet") != NULL);
}

static void print_json(const work *w, FILE *to)
{
    const ay_backup_result *r = &w->result;
    json_t *problems = json_array(), *o;

    for (size_t i = 0; i < r->nproblems; i++)
        json_array_append_new(problems, json_string(r->problems[i]));
    o = json_pack("{s:I, s:I, s:I, s:I, s:s?, s:o}", "pictures", (json_int_t)r->pictures, "written", (json_int_t)r->fresh, "files",
                  (json_int_t)r->files, "bytes", (json_int_t)r->bytes, "made_at", r->made_at, "problems", problems);
    json_dumpf(o, to, JSON_INDENT(2));
    fputc('\n', to);
    json_decref(o);
}

static int finish(work *w, const ay_args *a, ay_status status, ay_err *err, const char *sentence, FILE *to)
{
    const ay_backup_result *r = &w->result;
    char bytes[32];
    int rc = AY_EXIT_OK;

    ay_progress_end(&w->bar);
    ay_size_text(bytes, sizeof bytes, (unsigned long long)r->bytes);
    if (status != AY_OK)
        rc = ay_cmd_fail(err);
    else if (ay_args_get(a, "json"))
        print_json(w, to);
    else
        fprintf(to, "%s: %lld pictures (%lld written), %lld other files, %s\n", sentence, (long long)r->pictures,
                (long long)r->fresh, (long long)r->files, bytes);
    for (size_t i = 0; status == AY_OK && i < r->nproblems; i++)
        fprintf(stderr, "assay: %s\n", r->problems[i]);
    if (r->nproblems)
        rc = AY_EXIT_FAIL;
    ay_arena_fini(&w->arena);
    return rc;
}

int ay_cmd_backup(int argc, char **argv)
{
    char sentence[4300];
    work w = {0};
    ay_args a;
    ay_err err;
    int rc = ay_args_parse(&a, &backup_usage, argc, argv);

    if (rc < 0 && a.n_rest != 1)
        rc = ay_args_wrong(&a, "backup: where to? one folder, one file ending in .tar, or -");
    if (rc < 0 && strcmp(a.rest[0], "-") == 0 && isatty(STDOUT_FILENO))
        rc = ay_args_wrong(&a, "backup: an archive is not for a terminal: send it to a file or a program");
    if (rc < 0) {
        bool stream = strcmp(a.rest[0], "-") == 0;
        start(&w, &a, "copying");
        w.o.store = ay_config_text(&a.config, "store");
        w.o.again = ay_args_get(&a, "verify") != NULL;
        w.o.only_files = ay_args_get(&a, "only-files") != NULL;
        snprintf(sentence, sizeof sentence, "backup of %.2000s in %.2000s", w.data, stream ? "standard output" : a.rest[0]);
        rc = finish(&w, &a, ay_backup_make(&w.o, &w.arena, &w.result, &err), &err, sentence, stream ? stderr : stdout);
    }
    ay_args_fini(&a);
    return rc;
}

int ay_cmd_restore(int argc, char **argv)
{
    char sentence[4300];
    work w = {0};
    ay_args a;
    ay_err err;
    int rc = ay_args_parse(&a, &restore_usage, argc, argv);

    if (rc < 0 && a.n_rest != 1)
        rc = ay_args_wrong(&a, "restore: from which backup? one folder, or one file");
    if (rc < 0) {
        ay_status status;
        start(&w, &a, "restoring");
        w.o.again = ay_args_get(&a, "keep-going") != NULL;
        status = ay_backup_restore(&w.o, &w.arena, &w.result, &err);
        w.result.fresh = w.result.pictures;
        snprintf(sentence, sizeof sentence, "%.2000s is back as it was at %s", w.data, w.result.made_at ? w.result.made_at : "an unknown time");
        rc = finish(&w, &a, status, &err, sentence, stdout);
    }
    ay_args_fini(&a);
    return rc;
}
