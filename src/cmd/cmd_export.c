/* cmd/cmd_export.c - "assay export": pictures go out as folders of classes, COCO, CSV, JSON Lines or Croissant. */
#include "service/library/facts.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/export.h"
#include "cmd/progress.h"
#include "cmd/session.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const ay_option options[] = {
    {"format", 'f', "NAME", "folder, coco, csv, jsonl or croissant (as OUT's ending says; else folder)"},
    {"no-pictures", 0, NULL, "only what is known about them: OUT is one document"},
    {"class", 'c', "CLASS", "only pictures of this class; may be given again"},
    {"tag", 't', "TAG", "only pictures with this tag; may be given again"},
    {"album", 'a', "ALBUM", "only pictures of this album"},
    {"since", 0, "TIME", "only pictures added since 2026-01-31, 2026-01 or 7d (seven days ago)"},
    {"until", 0, "TIME", "only pictures added until then"},
    {"filter", 0, "WORDS", "only what is left by a filter, as \"camera:Pixel -tag:old\" (assay pictures --help)"},
    {"dry-run", 'n', NULL, "only say how many pictures and bytes it would be"},
    {"json", 'j', NULL, "print JSON"},
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage usage = {
    "export [OPTION ...] FILE.tar|FOLDER|DOCUMENT|-",
    "Write pictures of the library (--dataset NAME: of a data set) with their classes, tags and albums, also while a\n"
    "server has the data folder: as they are at this moment. - is a tar stream on standard output.\n"
    "\n"
    "  folder     one folder a class, and assay.jsonl with what folders cannot say\n"
    "  coco       images/ and coco.json: one box a picture, which is all of it\n"
    "  csv        images/ and pictures.csv           jsonl   images/ and pictures.jsonl\n"
    "  croissant  images/, pictures.csv and croissant.json (Croissant 1.0)\n"
    "\n"
    "An OUT that ends in .csv, .jsonl or .json is the document alone. The same pictures give the same bytes, and\n"
    "\"assay import OUT\" brings all of it back. What is stopped or fails leaves nothing under OUT.\n"
    "Exit code: 0 done, 1 failure, or pictures were lost or damaged (the rest is written), 2 wrong usage.",
    options,
    "dataset " AY_SESSION_SETTINGS,
};

/* ---- what both commands do */

static atomic_bool stopped;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&stopped, true);
}

static bool show(void *bar, int64_t done, int64_t total)
{
    ay_progress_step(bar, (long)done, (long)total);
    return !atomic_load(&stopped);
}

static ay_status to_stdout(void *ctx, const void *bytes, size_t n, ay_err *err)
{
    const char *p = bytes;

    (void)ctx;
    while (n > 0) {
        ssize_t done = write(STDOUT_FILENO, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return ay_fail(err, errno == ENOSPC ? AY_ELIMIT : AY_EIO, "writing to standard output: %s", strerror(errno));
        p += done;
        n -= (size_t)done;
    }
    return AY_OK;
}

static void print_json(const ay_export_order *o, const ay_export_plan *p, const ay_export_result *r, FILE *to)
{
    json_t *problems = json_array(), *all;

    for (int i = 0; i < r->nproblems; i++)
        json_array_append_new(problems, json_string(r->problems[i]));
    all = json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:o}", "dataset", p->dataset, "to", o->to, "dry_run", o->dry, "pictures",
                    (json_int_t)(o->dry ? p->pictures : r->pictures), "bytes", (json_int_t)(o->dry ? p->bytes : r->bytes), "left_out",
                    (json_int_t)r->left_out, "problems", problems);
    json_dumpf(all, to, JSON_INDENT(2));
    fputc('\n', to);
    json_decref(all);
}

static void tell(const ay_export_order *o, const ay_export_plan *p, const ay_export_result *r)
{
    bool stream = strcmp(o->to, "-") == 0;
    FILE *to = stream ? stderr : stdout;
    char bytes[32];

    if (o->json) {
        print_json(o, p, r, to);
        return;
    }
    ay_size_text(bytes, sizeof bytes, (unsigned long long)(o->dry ? p->bytes : r->bytes));
    if (o->dry)
        fprintf(to, "%lld pictures, %s: nothing was written\n", (long long)p->pictures, bytes);
    else
        fprintf(to, "%lld pictures written to %s", (long long)r->pictures, stream ? "standard output" : o->to);
    if (!o->dry && r->bytes)
        fprintf(to, " (%s)", bytes);
    fputs(o->dry ? "" : "\n", to);
    for (int i = 0; i < r->nproblems; i++)
        fprintf(stderr, "assay: %s\n", r->problems[i]);
    if (r->left_out > r->nproblems)
        fprintf(stderr, "assay: ... and %lld more\n", (long long)(r->left_out - r->nproblems));
}

int ay_export_run(ay_service *s, const ay_export_order *o)
{
    ay_progress bar;
    ay_export_to to = {.path = strcmp(o->to, "-") ? o->to : NULL, .take = to_stdout, .progress = show, .progress_ctx = &bar};
    ay_export_result r = {0};
    ay_export *x = NULL;
    ay_err err = {{0}};
    ay_status status;
    int rc = AY_EXIT_OK;

    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGXFSZ, SIG_IGN);
    status = ay_export_open(&x, s, &o->wish, &err);
    if (status == AY_OK && !o->dry) {
        ay_progress_start(&bar, "exporting", (long)ay_export_planned(x)->pictures, o->quiet);
        status = ay_export_write(x, &to, &r, &err);
        ay_progress_end(&bar);
    }
    if (status == AY_OK)
        tell(o, ay_export_planned(x), &r);
    else
        rc = ay_cmd_fail(&err);
    ay_export_close(x);
    return rc == AY_EXIT_OK && r.left_out ? AY_EXIT_FAIL : rc;
}

/* ---- assay export */

static ay_status read_filter(const ay_args *a, ay_arena *arena, ay_picture_filter *f, ay_err *err)
{
    static const char *const keys[] = {"class", "tag", "album", "since", "until"};
    ay_status status = AY_OK;
    bool known;
    const char *v;

    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        for (int i = 0; status == AY_OK && (v = ay_args_nth(a, keys[k], i)); i++)
            status = ay_filter_set(f, arena, keys[k], v, &known, err);
    for (int i = 0; status == AY_OK && (v = ay_args_nth(a, "filter", i)); i++)
        status = ay_filter_words(f, arena, v, err);
    return status;
}

/* The format, and whether it is the document alone, by what OUT ends in; what is asked for in words goes first. */
static int choose(const ay_args *a, ay_export_order *o)
{
    const char *asked = ay_args_get(a, "format"), *dot = strrchr(o->to, '.');
    const char *ending = dot && !strchr(dot, '/') ? dot + 1 : "";
    bool json = strcasecmp(ending, "json") == 0;
    const char *told = strcasecmp(ending, "csv") == 0 ? "csv" : strcasecmp(ending, "jsonl") == 0 ? "jsonl" : NULL;
    const ay_export_format *format;
    ay_err err;

    if (strcasecmp(ending, "gz") == 0 || strcasecmp(ending, "tgz") == 0 || strcasecmp(ending, "zip") == 0 || strcasecmp(ending, "zst") == 0)
        return ay_args_wrong(a, "export: %s: pictures are compressed already, and archives are .tar; for another one: assay export - | ...", o->to);
    if (json && !asked)
        return ay_args_wrong(a, "export: %s: which format? --format coco", o->to);
    o->wish.format = asked ? asked : told ? told : "folder";
    if (ay_export_format_find(o->wish.format, &format, &err) != AY_OK)
        return ay_args_wrong(a, "export: %s", err.msg);
    o->wish.documents = ay_args_get(a, "no-pictures") != NULL || (format->ending && strcasecmp(ending, format->ending) == 0);
    if (!o->wish.documents && (told || json))
        return ay_args_wrong(a, "export: %s: the format %s is no such document; name a .tar file or a folder", o->to, format->name);
    if (!o->wish.documents && strcmp(o->to, "-") == 0 && isatty(STDOUT_FILENO))
        return ay_args_wrong(a, "export: an archive is not for a terminal: send it to a file or a program%s", "");
    return -1;
}

static int run(const ay_args *a, ay_export_order *o)
{
    ay_picture_filter filter = {.n = 0};
    ay_session session = {0};
    ay_arena arena;
    ay_err err = {{0}};
    int rc;

    ay_arena_init(&arena, 0);
    if (read_filter(a, &arena, &filter, &err) != AY_OK) {
        rc = ay_args_wrong(a, "export: %s", err.msg);
    } else {
        o->wish.which = (ay_which){.dataset = ay_config_text(&a->config, "dataset"), .filter = &filter};
        if (ay_session_open(&session, a, false, true, &err) == AY_OK) {
            ay_facts_need(session.service, &filter);
            rc = ay_export_run(session.service, o);
        } else {
            rc = ay_cmd_fail(&err);
        }
        ay_session_close(&session);
    }
    ay_arena_fini(&arena);
    return rc;
}

int ay_cmd_export(int argc, char **argv)
{
    ay_args a;
    int rc = ay_args_parse(&a, &usage, argc, argv);
    ay_export_order o = {.to = ""};

    if (rc < 0 && a.n_rest != 1)
        rc = ay_args_wrong(&a, "export: where to? one file ending in .tar, one folder, one document, or %s", "-");
    if (rc < 0) {
        o = (ay_export_order){.to = a.rest[0], .quiet = ay_args_get(&a, "quiet") != NULL, .json = ay_args_get(&a, "json") != NULL,
                              .dry = ay_args_get(&a, "dry-run") != NULL};
        rc = choose(&a, &o);
    }
    if (rc < 0)
        rc = run(&a, &o);
    ay_args_fini(&a);
    return rc;
}
