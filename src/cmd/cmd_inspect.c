/* cmd/cmd_inspect.c - "assay inspect": from OK/NG folders to a checked inspection model, and asking it.
 *
 * train does what a server's task does (service/inspect/line_flow.h), in this process and this terminal.  Its flags are those of the
 * system that it replaces; how classes are mounted comes from a file, as nobody can be shown pictures here. */
#include "base/file.h"
#include "base/mem.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/inspect_run.h"
#include "cmd/progress.h"
#include "service/inspect/line_flow.h"
#include "service/learn/serving.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATH = 4096 };
#define REQUEST "training_request_config.json"

static const ay_option options[] = {
    {"input-dir", 'i', "FOLDER", "train: holds OK/ and, as a rule, NG/"},
    {"output-dir", 'o', "FOLDER", "train: training_<date>_<time> is made in it"},
    {"site", 0, "SITE", "train: of the database file (HPH)"},
    {"line-id", 0, "LINE", "train: (V31)"},
    {"config", 'c', "FILE", "train: training settings, or a file that names them and the database's"},
    {"products", 'p', "FILE", "train: CSV timestamp,file,product: which product a picture shows, instead of a database"},
    {"set", 0, "KEY=VALUE", "train: one setting over the file's; may come again"},
    {"orientations", 0, "FILE", "train: {\"class\": \"Up\"|\"Right\"|\"Down\"|\"Left\"} for every class"},
    {"resume", 'r', "FOLDER", "train: go on in a training_... folder"},
    {"show-settings", 0, NULL, "train: print all settings as they would be, and do nothing"},
    {"component", 0, "NAME", "run: what the pictures should show; left out: whatever is most like them"},
    {"product", 0, "NAME", "run: of that component, where several products have it"},
    {"light", 'l', "NAME=FILE", "run: the picture under a light; may come again"},
    {"json", 'j', NULL, "print JSON"},
    {"quiet", 'q', NULL, "no progress"},
    {0},
};
static const ay_usage usage = {
    "inspect VERB [OPTION ...]",
    "  train --input-dir FOLDER --output-dir FOLDER   learn from OK and NG pictures with coded names\n"
    "  run MODULE PICTURE ...                         does each match its golden sample? MODULE is a training's\n"
    "                                                 results/module.inspect\n"
    "run ends with 0 when all match, 3 when one does not. Ctrl-C: train stops; --resume goes on later.",
    options,
    "log-level log-format",
};

/* ---- train */

typedef struct {
    ay_progress bar;
    bool quiet;
    char step[200];
    int epochs; /* points shown */
} terminal;

static ay_train_control control;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&control.pause, true);
}

static void on_step(void *ctx, double progress, const char *step)
{
    terminal *t = ctx;

    if (strcmp(t->step, step) != 0) {
        ay_progress_end(&t->bar);
        snprintf(t->step, sizeof t->step, "%s", step);
        ay_progress_start(&t->bar, t->step, 100, t->quiet);
    }
    ay_progress_step(&t->bar, (long)(progress * 100), 100);
}

static void on_point(void *ctx, int at, const char *json)
{
    terminal *t = ctx;
    json_t *o = t->quiet ? NULL : json_loads(json, 0, NULL);
    char loss[40] = "averaged";

    if (!o)
        return;
    ay_progress_hide(&t->bar);
    if (json_is_number(json_object_get(o, "train_loss")))
        snprintf(loss, sizeof loss, "loss %.4f", json_number_value(json_object_get(o, "train_loss")));
    fprintf(stderr, "epoch %3d  %-12s  held back: loss %.4f precision@1 %.4f MAP@R %.4f%s\n", at + 1, loss,
            json_number_value(json_object_get(o, "val_loss")), json_number_value(json_object_get(o, "precision_at_1")),
            json_number_value(json_object_get(o, "map_at_r")), json_is_true(json_object_get(o, "best")) ? "  best" : "");
    json_decref(o);
}

static void on_note(void *ctx, const ay_note *n)
{
    terminal *t = ctx;

    if (t->quiet)
        return;
    ay_progress_hide(&t->bar);
    fprintf(stderr, "%s\n", n->text);
}

static void on_tell(void *ctx, const char *key, json_t *value)
{
    (void)ctx;
    (void)key;
    json_decref(value);
}

static ay_status on_begin(void *ctx, ay_err *err)
{
    (void)ctx;
    return atomic_load(&control.pause) ? ay_fail(err, AY_ECANCELLED, "stopped before it began to learn") : AY_OK;
}

static json_t *load(const char *folder, const char *name)
{
    char path[PATH + 64];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return json_load_file(path, 0, NULL);
}

/* The settings given one by one, as a request of the server has them. */
static ay_status take_sets(const ay_args *a, json_t *settings, ay_err *err)
{
    const char *pair;

    for (int i = 0; (pair = ay_args_nth(a, "set", i)); i++) {
        const char *eq = strchr(pair, '=');
        char key[200];
        if (!eq || eq == pair || eq - pair >= (int)sizeof key)
            return ay_fail(err, AY_EINVAL, "--set wants KEY=VALUE, not '%.100s'", pair);
        snprintf(key, sizeof key, "%.*s", (int)(eq - pair), pair);
        if (json_object_set_new(settings, key, json_string(eq + 1)) != 0)
            return ay_fail(err, AY_EINVAL, "--set %.100s: the value is not UTF-8", key);
    }
    return AY_OK;
}

/* A flag's value, else what the training was begun with, else otherwise. */
static const char *flag_or(const ay_args *a, const char *flag, const json_t *kept, const char *key, const char *otherwise)
{
    const char *given = ay_args_get(a, flag), *before = json_string_value(json_object_get(kept, key));

    return given ? given : before ? before : otherwise;
}

static json_t *request_of(const ay_args *a, const json_t *kept, ay_err *err)
{
    json_t *before = json_object_get(kept, "settings"), *settings = json_is_object(before) ? json_copy(before) : json_object();
    json_t *o = json_pack("{s:s, s:s, s:o}", "site", flag_or(a, "site", kept, "site", "HPH"), "line_id", flag_or(a, "line-id", kept, "line_id", "V31"),
                          "settings", settings);

    if (o && take_sets(a, settings, err) == AY_OK)
        return o;
    if (!o)
        ay_fail(err, AY_EINVAL, "--site and --line-id must be UTF-8");
    json_decref(o);
    return NULL;
}

/* The whole path: --resume may come from another folder. */
static json_t *whole_path(const char *path)
{
    char real[PATH];

    return path && realpath(path, real) ? json_string(real) : json_null();
}

/* What a training was begun with, so that --resume needs no flag said again. */
static ay_status keep_request(const ay_args *a, const json_t *request, const char *out, ay_err *err)
{
    json_t *o = json_copy((json_t *)request);
    char path[PATH + 64], *text;
    ay_status status;

    json_object_set_new(o, "input", whole_path(ay_args_get(a, "input-dir")));
    json_object_set_new(o, "config", whole_path(ay_args_get(a, "config")));
    json_object_set_new(o, "products", whole_path(ay_args_get(a, "products")));
    snprintf(path, sizeof path, "%s/" REQUEST, out);
    text = o ? ay_json_compact(o) : NULL;
    status = text ? ay_file_write(path, text, strlen(text), err) : ay_fail(err, AY_ENOMEM, "keeping what was asked");
    ay_free(text);
    json_decref(o);
    return status;
}

/* OUT/training_<date>_<time>, or what --resume names. */
static ay_status choose_folder(const ay_args *a, char *out, ay_err *err)
{
    const char *resume = ay_args_get(a, "resume"), *base = ay_args_get(a, "output-dir");
    time_t now = time(NULL);
    char stamp[32];
    struct tm t;

    if (resume) {
        snprintf(out, PATH, "%s", resume);
        return ay_file_is_dir(out) ? AY_OK : ay_fail(err, AY_ENOTFOUND, "--resume %.300s: there is no such folder", resume);
    }
    localtime_r(&now, &t);
    strftime(stamp, sizeof stamp, "%Y%m%d_%H%M%S", &t);
    if (snprintf(out, PATH, "%s/training_%s", base, stamp) >= PATH)
        return ay_fail(err, AY_EINVAL, "--output-dir is too long");
    if (ay_file_exists(out))
        return ay_fail(err, AY_EEXISTS, "%.300s is there already: another training began in this second", out);
    return ay_file_mkdirs(out, err);
}

/* Nobody has said how the classes are mounted: tell how to. */
static int ask(const char *out)
{
    json_t *root = load(out, "orientation.json"), *c;
    size_t i;

    printf("How is each class mounted? Look at its pictures, write orientations.json, and go on:\n\n");
    printf("    assay inspect train --resume %s --orientations orientations.json\n\n{\n", out);
    json_array_foreach(json_object_get(root, "classes"), i, c)
    {
        size_t n = json_array_size(json_object_get(root, "classes"));
        printf("  \"%s\": \"Up\"%s\n", json_string_value(json_object_get(c, "name")), i + 1 < n ? "," : "");
    }
    printf("}\n\n");
    json_array_foreach(json_object_get(root, "classes"), i, c)
    {
        const char *first = json_string_value(json_array_get(json_object_get(c, "samples"), 0));
        printf("%s/%s/%s\n", out, json_string_value(json_object_get(c, "folder")), first ? first : "");
    }
    printf("\nUp, Right, Down or Left: where the mark points. Or tell components apart alone: --set data.label=component\n");
    json_decref(root);
    return AY_EXIT_NO_MATCH;
}

static int finished(const char *out, bool as_json)
{
    json_t *s = load(out, "summary_report.json");

    if (as_json) {
        json_dumpf(s, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        const json_t *accuracy = json_object_get(s, "evaluation_accuracy");
        printf("%s: %lld classes, %lld pictures", out, (long long)json_integer_value(json_object_get(s, "total_classes")),
               (long long)json_integer_value(json_object_get(s, "total_images")));
        if (json_is_number(accuracy))
            printf(", right on %.2f %% of what was held back", 100 * json_number_value(accuracy));
        printf("\nthe module is %s/results/module.inspect; the report %s/summary_report.json\n", out, out);
    }
    json_decref(s);
    return AY_EXIT_OK;
}

/* The two halves; *ask_person: the orientations are missing. */
static ay_status train_in(const ay_args *a, ay_line_flow *flow, const json_t *request, const char *input, const char *out, terminal *t,
                          bool *ask_person, ay_err *err)
{
    const char *file = ay_args_get(a, "orientations");
    ay_line_driver d = ay_line_flow_driver(flow);
    ay_line_run run = {.request = request, .input = input, .out = out, .control = &control, .ctx = t, .step = on_step,
                       .point = on_point, .note = on_note, .tell = on_tell, .begin = on_begin};
    bool orient = false;
    json_error_t where;
    json_t *choices = file ? json_load_file(file, JSON_REJECT_DUPLICATES, &where) : load(out, "orientations.json");
    json_t *gathered = load(out, "orientation.json");
    ay_status status = d.check(d.ctx, request, &orient, err);

    if (status == AY_OK && !gathered && !*input)
        status = ay_fail(err, AY_EINVAL, "%.300s: its pictures are not read yet: --input-dir says where they are", out);
    if (status == AY_OK && file && !choices)
        status = ay_fail(err, AY_EINVAL, "--orientations %.200s: line %d: %s", file, where.line, where.text);
    if (status == AY_OK && !gathered)
        status = d.collect(d.ctx, &run, err);
    *ask_person = status == AY_OK && orient && !choices;
    run.choices = choices;
    if (status == AY_OK && !*ask_person)
        status = d.finish(d.ctx, &run, err);
    json_decref(gathered);
    json_decref(choices);
    return status;
}

/* What is wrong is told before there is a folder for it. */
static ay_status check_first(ay_line_flow *flow, const json_t *request, const char *input, ay_err *err)
{
    ay_line_driver d = ay_line_flow_driver(flow);
    char ok[PATH + 8];
    bool orient;
    ay_status status = d.check(d.ctx, request, &orient, err);

    snprintf(ok, sizeof ok, "%.4000s/OK", input);
    return status == AY_OK && !ay_file_is_dir(ok) ? ay_fail(err, AY_ENOTFOUND, "there is no folder %s", ok) : status;
}

static int train(const ay_args *a, ay_line_flow *flow, const json_t *request, const json_t *kept)
{
    terminal t = {.quiet = ay_args_get(a, "quiet") != NULL};
    char out[PATH];
    bool person = false;
    ay_err err = {0};
    const char *input = flag_or(a, "input-dir", kept, "input", "");
    ay_status status = ay_args_get(a, "resume") ? AY_OK : check_first(flow, request, input, &err);

    if (status == AY_OK)
        status = choose_folder(a, out, &err);
    ay_progress_start(&t.bar, "reading names", 100, t.quiet);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    if (status == AY_OK && !ay_args_get(a, "resume"))
        status = keep_request(a, request, out, &err);
    if (status == AY_OK)
        status = train_in(a, flow, request, input, out, &t, &person, &err);
    ay_progress_end(&t.bar);
    if (status == AY_OK)
        return person ? ask(out) : finished(out, ay_args_get(a, "json") != NULL);
    if (status == AY_ECANCELLED)
        fprintf(stderr, "go on with: assay inspect train --resume %s\n", out);
    return ay_cmd_fail(&err);
}

static int show_settings(const ay_line_flow *flow, const json_t *request)
{
    ay_inspect_settings s;
    ay_buf text = {0};
    ay_err err = {0};
    ay_status status = ay_line_flow_settings(flow, request, &s, &err);

    if (status == AY_OK)
        ay_inspect_settings_print(&s, true, &text);
    if (status == AY_OK && text.data)
        fputs(text.data, stdout);
    ay_buf_fini(&text);
    return status == AY_OK ? AY_EXIT_OK : ay_cmd_fail(&err);
}

static ay_status open_flow(const ay_args *a, const json_t *kept, ay_line_flow **flow, ay_buf *warnings, ay_err *err)
{
    const char *products = flag_or(a, "products", kept, "products", NULL);
    ay_status status = ay_line_flow_open(flow, flag_or(a, "config", kept, "config", NULL), warnings, err);

    return status == AY_OK && products ? ay_line_flow_products(*flow, products, err) : status;
}

static int train_command(const ay_args *a)
{
    const char *missing = ay_args_get(a, "resume") || ay_args_get(a, "show-settings") ? NULL
                          : !ay_args_get(a, "input-dir")                             ? "--input-dir"
                          : !ay_args_get(a, "output-dir")                            ? "--output-dir"
                                                                                      : NULL;
    ay_line_flow *flow = NULL;
    ay_buf warnings = {0};
    json_t *request = NULL, *kept;
    ay_err err = {0};
    int rc;

    if (a->n_rest > 1)
        return ay_args_wrong(a, "inspect train: '%s' is one word too many", a->rest[1]);
    if (missing)
        return ay_args_wrong(a, "inspect train: %s is missing", missing);
    kept = ay_args_get(a, "resume") ? load(ay_args_get(a, "resume"), REQUEST) : NULL;
    if (open_flow(a, kept, &flow, &warnings, &err) != AY_OK || !(request = request_of(a, kept, &err)))
        rc = ay_cmd_fail(&err);
    else
        rc = ay_args_get(a, "show-settings") ? show_settings(flow, request) : train(a, flow, request, kept);
    if (warnings.len > 0 && !ay_args_get(a, "quiet"))
        fprintf(stderr, "%.*s", (int)warnings.len, warnings.data);
    ay_buf_fini(&warnings);
    json_decref(request);
    json_decref(kept);
    ay_line_flow_close(flow);
    return rc;
}

int ay_cmd_inspect(int argc, char **argv)
{
    const char *verb;
    ay_args a;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc < 0) {
        verb = a.n_rest ? a.rest[0] : "";
        if (strcmp(verb, "train") == 0)
            rc = train_command(&a);
        else if (strcmp(verb, "run") == 0)
            rc = ay_inspect_run(&a);
        else
            rc = ay_args_wrong(&a, *verb ? "inspect: there is no '%s': train or run" : "inspect: train or run?%s", verb);
    }
    ay_args_fini(&a);
    return rc;
}
