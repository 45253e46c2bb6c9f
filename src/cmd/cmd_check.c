/* cmd/cmd_check.c - "assay check": does everything that should be there exist, and nothing else? */
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/progress.h"
#include "cmd/session.h"

#include <jansson.h>
#include <stdio.h>

enum { SHOWN = 20 };

static const ay_option options[] = {
    {"deep", 0, NULL, "read every file and recompute its digest"},
    {"repair", 0, NULL, "put right what can be put right; no server may have the data folder open"},
    {"from", 0, "BACKUP", "with --repair: take lost and damaged pictures from a backup's folder"},
    {"json", 'j', NULL, "print JSON"},
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage usage = {
    "check [OPTION ...]",
    "Examine the data folder: the database and its references, every picture's file and vector, trained\n"
    "models, index files. Also while a server uses it, then without --repair. Repairing removes files that belong to no\n"
    "picture, embeds pictures that have no vector, makes index files again, and with --from brings files back.\n"
    "assay dataset check also looks for pictures in the wrong class.\n"
    "Exit code: 0 all is well, or was put right; 1 something is wrong, or the check failed.",
    options,
    AY_SESSION_SETTINGS,
};

static bool show(void *ctx, int64_t done, int64_t total)
{
    ay_progress_step(ctx, (long)done, (long)total);
    return true;
}

static void print_json(const ay_check_result *r)
{
    json_t *problems = json_array(), *o;

    for (size_t i = 0; i < r->nproblems; i++)
        json_array_append_new(problems, json_string(r->problems[i]));
    o = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "pictures", (json_int_t)r->pictures, "missing",
                  (json_int_t)r->missing, "damaged", (json_int_t)r->damaged, "strays", (json_int_t)r->strays, "unembedded",
                  (json_int_t)r->unembedded, "models", (json_int_t)r->models, "bad_models", (json_int_t)r->bad_models, "indexes",
                  (json_int_t)r->indexes, "bad_indexes", (json_int_t)r->bad_indexes, "mended", (json_int_t)r->mended, "problems", problems);
    json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

static void print_text(const ay_check_result *r, bool repair)
{
    printf("%lld pictures: %lld files missing, %lld damaged, %lld stray%s, %lld without a vector; %lld models, %lld of them bad; %lld index files, %lld bad\n",
           (long long)r->pictures, (long long)r->missing, (long long)r->damaged, (long long)r->strays,
           repair && r->strays ? " (removed)" : "", (long long)r->unembedded, (long long)r->models, (long long)r->bad_models,
           (long long)r->indexes, (long long)r->bad_indexes);
    for (size_t i = 0; i < r->nproblems && i < SHOWN; i++)
        printf("  %s\n", r->problems[i]);
    if (r->nproblems > SHOWN)
        printf("  and %zu more; --json lists them\n", r->nproblems - SHOWN);
}

static int examine(const ay_args *a)
{
    ay_check_options o = {.deep = ay_args_get(a, "deep"), .repair = ay_args_get(a, "repair"), .from = ay_args_get(a, "from"), .progress = show};
    ay_session session = {0};
    ay_check_result r;
    ay_progress bar;
    ay_err err;
    ay_status status = ay_session_examine(&session, a, o.repair, &err);

    ay_progress_start(&bar, "checking", 0, ay_args_get(a, "quiet") != NULL);
    o.ctx = &bar;
    if (status == AY_OK)
        status = ay_service_check(session.service, &o, &session.arena, &r, &err);
    ay_progress_end(&bar);
    if (status == AY_OK && ay_args_get(a, "json"))
        print_json(&r);
    else if (status == AY_OK)
        print_text(&r, o.repair);
    ay_session_close(&session);
    if (status != AY_OK)
        return ay_cmd_fail(&err);
    return r.missing + r.damaged - r.mended + r.bad_models > 0 || (!o.repair && r.nproblems > 0) ? AY_EXIT_FAIL : AY_EXIT_OK;
}

int ay_cmd_check(int argc, char **argv)
{
    ay_args a;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc < 0 && a.n_rest > 0)
        rc = ay_args_wrong(&a, "check: \"%s\" is not expected; --data names the folder", a.rest[0]);
    if (rc < 0 && ay_args_get(&a, "from") && !ay_args_get(&a, "repair"))
        rc = ay_args_wrong(&a, "check: --from goes with --repair");
    if (rc < 0)
        rc = examine(&a);
    ay_args_fini(&a);
    return rc;
}
