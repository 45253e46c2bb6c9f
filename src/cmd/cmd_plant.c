/* cmd/cmd_plant.c - "assay plant": try a plant's database and the settings of an inspection before anything depends on them. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "inspect/names.h"
#include "inspect/settings.h"
#include "service/inspect/lookup.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const ay_option options[] = {
    {"database-config", 0, "FILE", "JSON or YAML: for each site its SSH server, database and lines"},
    {"site", 0, "SITE", "site in that file (HPH)"},
    {"line-id", 0, "LINE", "line of the site (V31)"},
    {"pattern", 0, "PATTERN", "grammar of file names, where it is not the usual one"},
    {"explain", 0, NULL, "settings, sites: what each key means"},
    {"json", 'j', NULL, "names: one JSON object"},
    {0},
};
static const ay_usage usage = {
    "plant settings [FILE] [KEY=VALUE ...]\n"
    "       assay plant sites --database-config FILE\n"
    "       assay plant check --database-config FILE --site SITE\n"
    "       assay plant names --database-config FILE --site SITE --line-id LINE FILE|FOLDER|NAME ...",
    "settings  an inspection's settings in force: defaults, a training or system file, KEY=VALUE over them\n"
    "sites     the database file as it is understood; passwords are not shown\n"
    "check     open the tunnel and the database, see that the table is there and may be read\n"
    "names     the product of each coded picture; what has none is told with its reason.  Folders are read for\n"
    "          names alone, no picture is opened; a name need not be a file\n"
    "Nothing is ever written to the database.\n"
    "Exit code: 0 done, all found; 3 some names have no product; 1 failure; 2 wrong usage.",
    options,
    "",
};

static atomic_bool cancelled;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    atomic_store(&cancelled, true);
}

static void warn(ay_buf *warnings)
{
    if (warnings->data)
        fprintf(stderr, "%s", warnings->data);
    ay_buf_fini(warnings);
}

/* ---- settings, sites */

static int show_settings(const ay_args *a)
{
    static ay_inspect_settings s;
    const char *const *over = (const char *const *)a->rest + 1;
    int n = a->n_rest - 1;
    const char *file = n > 0 && !strchr(over[0], '=') ? over[0] : NULL;
    ay_buf warnings = {0}, out = {0};
    ay_status status;
    ay_err err;

    ay_inspect_settings_init(&s);
    status = file ? ay_inspect_settings_load(&s, file, over + 1, n - 1, &warnings, &err)
                  : ay_inspect_settings_read(&s, "", 0, "settings", over, n, &warnings, &err);
    warn(&warnings);
    if (status != AY_OK)
        return ay_cmd_fail(&err);
    ay_inspect_settings_print(&s, ay_args_get(a, "explain"), &out);
    if (out.data)
        fputs(out.data, stdout);
    ay_buf_fini(&out);
    return AY_EXIT_OK;
}

static int load_sites(const ay_args *a, ay_inspect_sites *sites)
{
    const char *path = ay_args_get(a, "database-config");
    ay_buf warnings = {0};
    ay_status status;
    ay_err err;

    if (!path)
        return ay_args_wrong(a, "--database-config names the file of the sites");
    status = ay_inspect_sites_load(sites, path, &warnings, &err);
    warn(&warnings);
    return status == AY_OK ? AY_EXIT_OK : ay_cmd_fail(&err);
}

static int show_sites(const ay_args *a)
{
    ay_inspect_sites sites;
    ay_buf out = {0};
    int rc = load_sites(a, &sites);

    if (rc != AY_EXIT_OK)
        return rc;
    ay_inspect_sites_print(&sites, ay_args_get(a, "explain"), &out);
    if (out.data)
        fputs(out.data, stdout);
    ay_buf_fini(&out);
    ay_inspect_sites_fini(&sites);
    return AY_EXIT_OK;
}

/* ---- check, names */

typedef struct {
    const ay_args *args;
    const ay_inspect_site *site;
    ay_lookup *lookup;
    ay_line_grammar grammar;
    ay_arena arena;
    ay_line_name *names;
    size_t n, cap;
    json_t *products, *missed; /* with --json */
    long bad;                  /* outside the grammar */
} job;

static void tell(job *j, const char *file, const char *product, const char *outcome, const char *reason)
{
    bool text = ay_utf8_valid(file, strlen(file));

    if (j->products && product)
        json_object_set_new(j->products, text ? file : "(name is not UTF-8)", json_string(product));
    else if (j->products)
        json_array_append_new(j->missed, json_pack("{s:s, s:s, s:s}", "file", text ? file : "(name is not UTF-8)", "outcome", outcome,
                                                   "reason", reason));
    else if (product)
        printf("%s\t%s\n", file, product);
    else
        printf("%s\t-\t%s: %s\n", file, outcome, reason);
}

static ay_status take_name(void *ctx, const char *path, ay_err *err)
{
    job *j = ctx;
    const char *slash = strrchr(path, '/'), *file = ay_arena_strdup(&j->arena, slash ? slash + 1 : path);
    ay_line_name name;
    ay_err why;
    ay_status status;

    if (!file)
        return ay_fail(err, AY_ENOMEM, "reading names");
    if (slash && !ay_line_is_picture(file))
        return AY_OK; /* another file of a folder */
    status = ay_line_name_read(&j->grammar, file, &j->arena, &name, &why);
    if (status == AY_EINVAL) {
        j->bad++;
        tell(j, file, NULL, "bad name", why.msg);
        return AY_OK;
    }
    if (status == AY_OK && j->n == j->cap) {
        size_t cap = j->cap ? 2 * j->cap : 1024;
        ay_line_name *more = ay_arena_alloc(&j->arena, cap * sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "reading names");
        if (j->n)
            memcpy(more, j->names, j->n * sizeof *more);
        j->names = more;
        j->cap = cap;
    }
    if (status == AY_OK)
        j->names[j->n++] = name;
    return status;
}

static ay_status gather(job *j, ay_err *err)
{
    ay_status status = ay_line_grammar_init(&j->grammar, ay_args_get(j->args, "pattern"), err);

    for (int i = 1; i < j->args->n_rest && status == AY_OK; i++) {
        const char *word = j->args->rest[i];
        status = ay_file_is_dir(word) ? ay_file_walk(word, take_name, j, err) : take_name(j, word, err);
    }
    return status;
}

static ay_status ask(job *j, ay_err *err)
{
    static const char *out[AY_PLANT_BATCH];
    ay_status status = AY_OK;

    for (size_t at = 0; at < j->n && status == AY_OK; at += AY_PLANT_BATCH) {
        size_t n = j->n - at < AY_PLANT_BATCH ? j->n - at : AY_PLANT_BATCH;
        status = ay_lookup_products(j->lookup, j->names + at, n, out, err);
        for (size_t i = 0; i < n && status == AY_OK; i++)
            tell(j, j->names[at + i].file, out[i], ay_lookup_outcome(j->lookup, i), ay_lookup_reason(j->lookup, i));
    }
    return status;
}

static int close_line(job *j)
{
    ay_lookup_counts c;
    long missed;

    ay_lookup_count(j->lookup, &c);
    missed = c.asked - c.found + j->bad;
    if (j->products) {
        json_t *all = json_pack("{s:O, s:O, s:o}", "products", j->products, "missed", j->missed, "counts", ay_lookup_counts_json(&c));
        json_dumpf(all, stdout, JSON_INDENT(1) | JSON_SORT_KEYS);
        putchar('\n');
        json_decref(all);
    }
    fflush(stdout);
    fprintf(stderr, "%ld names: %ld found, %ld not", c.asked + j->bad, c.found, missed);
    for (int i = AY_PLANT_FOUND + 1; i < AY_PLANT_OUTCOMES; i++)
        if (c.by[i])
            fprintf(stderr, "; %s: %ld", ay_plant_outcome_name((ay_plant_outcome)i), c.by[i]);
    if (j->bad)
        fprintf(stderr, "; outside the grammar of names: %ld", j->bad);
    fputs("\n", stderr);
    return missed ? AY_EXIT_NO_MATCH : AY_EXIT_OK;
}

static int names(job *j)
{
    ay_err err;
    ay_status status;

    if (ay_args_get(j->args, "json")) {
        j->products = json_object();
        j->missed = json_array();
    }
    status = gather(j, &err);
    if (status == AY_OK)
        status = ask(j, &err);
    return status == AY_OK ? close_line(j) : ay_cmd_fail(&err);
}

static int check(const job *j)
{
    const ay_inspect_site *s = j->site;
    ay_lookup_counts c;

    ay_lookup_count(j->lookup, &c);
    if (c.lines)
        printf("ok  the SSH server %s:%d is the right one and lets %s in\n", s->ssh_host, s->ssh_port, s->ssh_user);
    else
        printf("ok  no SSH server is in between\n");
    printf("ok  the database %s on %s:%d lets %s in\n", s->database, s->host, s->port, s->user);
    printf("ok  the table %s has its columns and may be read\n", s->table);
    return AY_EXIT_OK;
}

static int with_plant(const ay_args *a, bool only_check)
{
    job j = {.args = a};
    ay_inspect_sites sites;
    const char *site = ay_args_get(a, "site"), *line = ay_args_get(a, "line-id");
    ay_err err;
    int rc = load_sites(a, &sites);

    if (rc != AY_EXIT_OK)
        return rc;
    signal(SIGINT, on_interrupt);
    ay_arena_init(&j.arena, 0);
    if (ay_inspect_site_find(&sites, site ? site : "HPH", &j.site, &err) != AY_OK ||
        ay_lookup_open(&j.lookup, j.site, line ? line : "V31", &cancelled, &err) != AY_OK)
        rc = ay_cmd_fail(&err);
    else
        rc = only_check ? check(&j) : names(&j);
    ay_lookup_close(j.lookup);
    json_decref(j.products);
    json_decref(j.missed);
    ay_arena_fini(&j.arena);
    ay_inspect_sites_fini(&sites);
    return rc;
}

int ay_cmd_plant(int argc, char **argv)
{
    ay_args a;
    int rc = ay_args_parse(&a, &usage, argc, argv);
    const char *what = rc < 0 && a.n_rest ? a.rest[0] : "";

    if (rc >= 0)
        ;
    else if (strcmp(what, "settings") == 0)
        rc = show_settings(&a);
    else if (strcmp(what, "sites") == 0)
        rc = show_sites(&a);
    else if (strcmp(what, "check") == 0 && a.n_rest == 1)
        rc = with_plant(&a, true);
    else if (strcmp(what, "names") == 0 && a.n_rest > 1)
        rc = with_plant(&a, false);
    else
        rc = ay_args_wrong(&a, "say settings, sites, check, or names and which");
    ay_args_fini(&a);
    return rc;
}
