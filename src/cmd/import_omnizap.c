/* cmd/import_omnizap.c - "assay import omnizap": take over what that program has kept. */
#include "cmd/cmd.h"
#include "cmd/import.h"
#include "cmd/progress.h"
#include "cmd/session.h"
#include "service/words/omnizap.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static bool on_progress(void *ctx, const ay_omnizap_counts *now)
{
    ay_progress_step(ctx, (long)now->done, (long)now->total);
    return true;
}

static json_t *table_json(const ay_omnizap_table *t)
{
    json_t *left = json_array();

    for (int i = 0; i < t->nreasons; i++)
        json_array_append_new(left, json_pack("{s:s, s:I}", "why", t->reason[i].why, "rows",
                                              (json_int_t)t->reason[i].rows));
    return json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:o}", "table", t->name ? t->name : "", "there",
                     t->rows >= 0, "rows", (json_int_t)(t->rows > 0 ? t->rows : 0), "taken",
                     (json_int_t)t->taken, "same", (json_int_t)t->same, "left", (json_int_t)t->left,
                     "reasons", left);
}

static void print_json(const ay_omnizap_counts *n, bool dry)
{
    json_t *tables = json_array(), *o;

    for (int i = 0; i < AY_OMNIZAP_TABLES; i++)
        json_array_append_new(tables, table_json(&n->table[i]));
    o = json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:o}", "dry_run", dry, "verdicts",
                  (json_int_t)n->verdicts, "verdicts_same", (json_int_t)n->verdicts_same, "folded",
                  (json_int_t)n->folded, "unnamed", (json_int_t)n->unnamed, "undated",
                  (json_int_t)n->undated, "tables", tables);
    json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

static void print_note(int64_t n, const char *what)
{
    if (n > 0)
        printf("  %lld %s\n", (long long)n, what);
}

static void print_text(const ay_omnizap_counts *n, bool dry)
{
    for (int i = 0; i < AY_OMNIZAP_TABLES; i++) {
        const ay_omnizap_table *t = &n->table[i];
        if (t->rows < 0) {
            printf("%s: not there, or the user may not see it\n", t->name);
            continue;
        }
        printf("%s: %lld rows, %lld %s, %lld here already, %lld left there\n", t->name, (long long)t->rows,
               (long long)t->taken, dry ? "would be taken" : "taken", (long long)t->same, (long long)t->left);
        for (int k = 0; k < t->nreasons; k++)
            print_note(t->reason[k].rows, t->reason[k].why);
    }
    print_note(n->folded, "rows counted more verdicts than come over of one row (256); the proportion is kept");
    print_note(n->unnamed, "rows had a name of the picture that cannot be kept; it was dropped");
    print_note(n->undated, "rows had no time; their verdicts are of now");
    printf("%lld verdicts %s, %lld here already\n", (long long)n->verdicts, dry ? "would be added" : "added",
           (long long)n->verdicts_same);
}

int ay_import_omnizap(const ay_args *a, const char *url)
{
    bool dry = ay_args_get(a, "dry-run") != NULL;
    ay_session session = {0};
    ay_omnizap_counts n = {0};
    ay_progress bar;
    ay_omnizap_options o = {.url = url, .dry = dry, .progress = on_progress, .ctx = &bar};
    ay_err err;
    ay_status status = ay_session_open(&session, a, false, dry, &err);

    if (status == AY_OK) {
        ay_progress_start(&bar, "taking over", 0, ay_args_get(a, "quiet") != NULL);
        status = ay_omnizap_import(session.service, &o, &n, &err);
        ay_progress_end(&bar);
    }
    if (status == AY_OK && ay_args_get(a, "json"))
        print_json(&n, dry);
    else if (status == AY_OK)
        print_text(&n, dry);
    else if (n.verdicts > 0 && !dry)
        fprintf(stderr, "assay: %lld verdicts were added before that; run it again to go on\n",
                (long long)n.verdicts);
    ay_session_close(&session);
    return status == AY_OK ? AY_EXIT_OK : ay_cmd_fail(&err);
}
