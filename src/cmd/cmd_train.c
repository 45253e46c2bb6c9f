/* cmd/cmd_train.c - "assay train": a folder of classes becomes a model folder. */
#include "base/file.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/progress.h"
#include "net/presets.h"
#include "train/run.h"

#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ay_option options[] = {
    {"out", 'o', "FOLDER", "the model's folder, made at the end"},
    {"settings", 's', "FILE", "YAML with the keys that --show-settings prints"},
    {"set", 0, "KEY=VALUE,...", "settings over the file's, as training.epochs=30,seed=7"},
    {"backbone", 'b', "MODEL", "body: default, a name of \"assay model list\", a folder or a .safetensors file"},
    {"frozen", 0, NULL, "train the head alone: seconds instead of minutes"},
    {"from-nothing", 0, NULL, "no pretrained body: model.architecture with new weights"},
    {"epochs", 'e', "N", "training.epochs; with --frozen those of the head"},
    {"resume", 'r', NULL, "go on with the unfinished run of --out"},
    {"show-settings", 0, NULL, "print all settings as they would be, and do nothing"},
    {"json", 'j', NULL, "print the result as one JSON object"},
    {"quiet", 'q', NULL, "no progress, no curves"},
    {0},
};
static const ay_usage usage = {
    "train [OPTION ...] FOLDER --out MODEL",
    "Train a classifier on FOLDER: a sub-folder a class, or train/val/test with those inside, or a\n"
    "CSV file of path,label[,split].  What is learnt, with report and figures, becomes MODEL.\n"
    "Ctrl-C once: finish with the best so far.  Twice: stop; --resume goes on later.",
    options,
    "log-level log-format",
};

typedef struct {
    ay_progress bar;
    ay_train_phase phase;
    bool quiet;
} terminal;

static ay_train_control control;

/* Once: finish; twice: stop.  Only lock-free atomics are touched. */
static void on_signal(int number)
{
    (void)number;
    if (atomic_exchange(&control.cancel, true))
        atomic_store(&control.pause, true);
}

static void show_progress(void *ctx, const ay_train_progress *p)
{
    static const char *const what[] = {"reading pictures", "computing features", "training the head",
                                       "training",         "judging",            "saving",
                                       "done"};
    terminal *t = ctx;

    if (p->phase != t->phase || p->done == 0) {
        ay_progress_end(&t->bar);
        ay_progress_start(&t->bar, what[p->phase], p->total, t->quiet);
        t->phase = p->phase;
    }
    ay_progress_step(&t->bar, p->done, p->total);
}

static void show_point(void *ctx, const ay_train_point *p)
{
    terminal *t = ctx;

    if (t->quiet)
        return;
    ay_progress_hide(&t->bar);
    fprintf(stderr, "epoch %3d  loss %.4f  validation: loss %.4f accuracy %.4f F1 %.4f  rate %.2g  %.1f s%s\n",
            p->epoch, p->train_loss, p->val_loss, p->val_accuracy, p->val_f1, p->learning_rate,
            p->seconds, p->best ? "  best" : "");
}

static void show_note(void *ctx, const ay_note *n)
{
    terminal *t = ctx;

    if (t->quiet)
        return;
    ay_progress_hide(&t->bar);
    fprintf(stderr, "%s\n", n->text);
}

/* "a.b=1,c=2"; a comma inside a value is written as ';'. */
static ay_status take_list(ay_train_settings *s, const char *list, ay_err *err)
{
    char pair[AY_TRAIN_TEXT + 128];
    ay_status status = AY_OK;

    for (const char *p = list; *p && status == AY_OK;) {
        size_t n = strcspn(p, ",");
        char *eq;
        snprintf(pair, sizeof pair, "%.*s", (int)(n < sizeof pair ? n : sizeof pair - 1), p);
        for (char *c = pair; *c; c++)
            *c = *c == ';' ? ',' : *c;
        eq = strchr(pair, '=');
        if (!eq)
            return ay_fail(err, AY_EINVAL, "--set wants KEY=VALUE, not '%.100s'", pair);
        *eq = '\0';
        status = ay_train_settings_set(s, pair, eq + 1, "flag --set", err);
        p += n + (p[n] == ',');
    }
    return status;
}

/* A pulled model by its name becomes a path, which a resumed run finds again. */
static ay_status locate_backbone(ay_train_settings *s, ay_err *err)
{
    char path[AY_HUB_PATH];
    ay_status status = ay_model_locate(s->backbone, path, err);

    return status == AY_OK && strcmp(path, s->backbone) != 0
               ? ay_train_settings_set(s, "model.backbone", path, "the models' cache", err)
               : status;
}

static ay_status take_flags(const ay_args *a, ay_train_settings *s, ay_err *err)
{
    const char *file = ay_args_get(a, "settings"), *list = ay_args_get(a, "set");
    const char *backbone = ay_args_get(a, "backbone"), *epochs = ay_args_get(a, "epochs");
    ay_status status = file ? ay_train_settings_load(s, file, err) : AY_OK;

    if (status == AY_OK && a->n_rest == 1)
        status = ay_train_settings_set(s, "data.root_dir", a->rest[0], "operand", err);
    if (status == AY_OK && list)
        status = take_list(s, list, err);
    if (status == AY_OK && backbone)
        status = ay_train_settings_set(s, "model.backbone", backbone, "flag --backbone", err);
    if (status == AY_OK && epochs)
        status = ay_train_settings_set(s, "training.epochs", epochs, "flag --epochs", err);
    if (status == AY_OK && epochs && ay_args_get(a, "frozen"))
        s->head_epochs = s->epochs;
    if (status == AY_OK && ay_args_get(a, "frozen"))
        s->freeze_backbone = true;
    if (status == AY_OK && ay_args_get(a, "from-nothing"))
        s->pretrained = false;
    return status == AY_OK ? locate_backbone(s, err) : status;
}

static int show_settings(const ay_train_settings *s)
{
    ay_buf text = {0};

    ay_train_settings_print(s, true, &text);
    if (text.data)
        fputs(text.data, stdout);
    ay_buf_fini(&text);
    return AY_EXIT_OK;
}

static void print_result(const ay_train_result *r, bool json)
{
    if (json) {
        json_t *o = json_pack(
            "{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:b, s:b, s:f, s:f, s:s, s:f, s:f, s:f}",
            "model", r->out, "digest", r->digest, "snapshot", r->snapshot, "classes", r->classes,
            "train", r->train, "val", r->val, "test", r->test, "skipped", r->skipped, "epochs",
            r->epochs, "best_epoch", r->best_epoch, "cancelled", (int)r->cancelled, "stopped_early",
            (int)r->stopped_early, "seconds", r->seconds, "temperature", r->temperature, "measured_on",
            r->on_test ? "test" : "val", "accuracy", r->accuracy, "macro_f1", r->macro_f1, "ece",
            r->ece);
        json_dumpf(o, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(o);
        return;
    }
    printf("%s: accuracy %.4f, macro F1 %.4f, calibration error %.4f on %d %s pictures, %.0f s\n", r->out,
           r->accuracy, r->macro_f1, r->ece, r->on_test ? r->test : r->val,
           r->on_test ? "test" : "validation", r->seconds);
    printf("look at %s/report.html\n", r->out);
}

static int train(const ay_args *a, const ay_train_settings *s)
{
    terminal t = {.quiet = ay_args_get(a, "quiet") != NULL, .phase = AY_TRAIN_PHASES};
    ay_train_observer observer = {&t, show_progress, show_point, show_note};
    ay_train_result result;
    ay_err err = {0};
    ay_status status;

    ay_progress_start(&t.bar, "reading pictures", 0, t.quiet);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    status = ay_train_run(s, ay_args_get(a, "out"), ay_args_get(a, "resume") != NULL, &observer,
                          &control, &result, &err);
    ay_progress_end(&t.bar);
    if (status != AY_OK)
        return ay_cmd_fail(&err);
    print_result(&result, ay_args_get(a, "json") != NULL);
    return AY_EXIT_OK;
}

int ay_cmd_train(int argc, char **argv)
{
    ay_train_settings s;
    ay_args a;
    ay_err err;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc >= 0)
        goto out;
    ay_train_settings_init(&s);
    if (a.n_rest > 1)
        rc = ay_args_wrong(&a, "train: one folder, not '%s' as well", a.rest[1]);
    else if (take_flags(&a, &s, &err) != AY_OK)
        rc = ay_args_wrong(&a, "%s", err.msg);
    else if (ay_args_get(&a, "show-settings"))
        rc = show_settings(&s);
    else if (!ay_args_get(&a, "out"))
        rc = ay_args_wrong(&a, "train: where to? --out MODEL%s", "");
    else if (!*s.root && !ay_args_get(&a, "resume"))
        rc = ay_args_wrong(&a, "train: name the folder of pictures%s", "");
    else
        rc = train(&a, &s);
out:
    ay_args_fini(&a);
    return rc;
}
