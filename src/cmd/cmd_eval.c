/* cmd/cmd_eval.c - "assay eval": how good a trained model is on labelled pictures, and how well it
 * tells what it was never shown. */
#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/files.h"
#include "cmd/progress.h"
#include "cmd/session.h"
#include "train/evaluate.h"
#include "train/metrics.h"
#include "train/stream.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const ay_option options[] = {
    {"split", 0, "NAME", "train, val, test or all; default: test where there is one, else all"},
    {"unknown", 'u', "FOLDER", "pictures of other things: how well they are told apart (AUROC)"},
    {"csv", 0, "FILE", "also write what was said of each picture"},
    {"json", 'j', NULL, "print all figures as JSON"},
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage usage = {
    "eval [OPTION ...] MODEL FOLDER",
    "Judge MODEL (a folder that assay train made) on FOLDER, a sub-folder a class (or train/val/test\n"
    "with those), or a CSV file of path,label.  Pictures take the very path that serving takes.",
    options,
    "max-upload max-pixels precision backend workers max-batch log-level log-format",
};

typedef struct {
    ay_progress bar;
    bool quiet;
} terminal;

static void show(void *ctx, size_t done, size_t n)
{
    terminal *t = ctx;

    ay_progress_step(&t->bar, (long)done, (long)n);
}

static void tell_lost(void *ctx, const char *path, const char *why)
{
    (void)ctx;
    fprintf(stderr, "%s: left out: %s\n", path, why);
}

/* ---- labelled pictures ------------------------------------------------------------------------- */

static ay_status open_corpus(ay_corpus *c, const char *root, ay_err *err)
{
    ay_corpus_options o;

    ay_corpus_defaults(&o);
    o.val_fraction = o.test_fraction = 0;
    o.near_copies = false;
    return ay_corpus_open(c, root, &o, err);
}

/* -1: all pictures; -2: a wrong word. */
static int split_of(const char *word, const ay_corpus *c)
{
    if (!word)
        return ay_corpus_count(c, AY_SPLIT_TEST, -1) > 0 ? (int)AY_SPLIT_TEST : -1;
    for (int s = 0; s < AY_SPLIT_COUNT; s++)
        if (strcmp(word, ay_split_name((ay_split)s)) == 0)
            return s;
    return strcmp(word, "all") == 0 ? -1 : -2;
}

static void print_figures(const ay_metrics *m, const ay_evaluation *e, const ay_classifier_info *info)
{
    int count[AY_VERDICTS] = {0};

    printf("pictures            %d%s, %.1f a second\n", e->n, e->lost ? " (some left out)" : "",
           e->seconds > 0 ? e->n / e->seconds : 0);
    printf("accuracy            %.4f  (95 %%: %.4f to %.4f)\n", m->accuracy, m->accuracy_interval.lo,
           m->accuracy_interval.hi);
    printf("top %d               %.4f\n", m->top_k, m->top_k_accuracy);
    printf("macro F1            %.4f  precision %.4f  recall %.4f  weighted F1 %.4f\n", m->macro_f1,
           m->macro_precision, m->macro_recall, m->weighted_f1);
    printf("confident (>= %.2f)  %.4f of the pictures, %.4f of those right\n", m->threshold, m->coverage,
           m->high_confidence_accuracy);
    printf("calibration error   %.4f, largest %.4f, at temperature %.3f\n", m->ece, m->mce,
           info->temperature);
    for (int i = 0; i < e->n; i++)
        count[e->verdict[i]]++;
    for (int v = 0; v < AY_VERDICTS; v++)
        printf("%-19s %d\n", ay_verdict_name((ay_verdict)v), count[v]);
    printf("\n%-24s %9s %9s %9s %9s\n", "class", "precision", "recall", "F1", "pictures");
    for (int k = 0; k < m->classes; k++)
        printf("%-24.24s %9.4f %9.4f %9.4f %9lld\n", info->class_names[k], m->per_class[k].precision,
               m->per_class[k].recall, m->per_class[k].f1, (long long)m->per_class[k].support);
}

/* ---- pictures of other things ------------------------------------------------------------------ */

typedef struct {
    ay_classifier *c;
    const ay_files *files;
    ay_unknown_result *result;
    bool *done;
    terminal *terminal;
} strangers;

static const char *stranger_path(void *ctx, size_t i)
{
    return ((strangers *)ctx)->files->path[i];
}

static ay_status run_strangers(void *ctx, const ay_image *const *images, const size_t *index, int n,
                               ay_err *err)
{
    strangers *s = ctx;
    ay_prediction p[AY_STREAM_CHUNK];
    ay_status status = ay_classifier_run(s->c, images, n, p, err);

    for (int i = 0; i < n && status == AY_OK; i++) {
        s->result[index[i]] = p[i].unknown;
        s->done[index[i]] = true;
    }
    if (status == AY_OK)
        ay_predictions_fini(p);
    return status;
}

static void stranger_failed(void *ctx, size_t i, ay_status status, const ay_err *why)
{
    (void)status;
    tell_lost(NULL, stranger_path(ctx, i), why->msg);
}

static void stranger_progress(void *ctx, size_t done, size_t n)
{
    show(((strangers *)ctx)->terminal, done, n);
}

/* AUROC of each detector, known pictures against strangers. */
static json_t *separate(const ay_evaluation *e, const strangers *s, double *room)
{
    json_t *o = json_object();
    double *known = room, *other = room + e->n;

    for (int k = 0; k < AY_UNKNOWN_KINDS; k++) {
        int64_t m = 0;
        int called = 0, alarms = 0;
        for (int i = 0; i < e->n; i++) {
            known[i] = e->unknown[i].score[k];
            alarms += e->unknown[i].says[k];
        }
        for (size_t i = 0; i < s->files->n; i++)
            if (s->done[i]) {
                other[m++] = s->result[i].score[k];
                called += s->result[i].says[k];
            }
        json_object_set_new(
            o, ay_unknown_name((ay_unknown_kind)k),
            json_pack("{s:f, s:f, s:f, s:f}", "auroc", ay_unknown_auroc(known, e->n, other, m), "fpr95",
                      ay_unknown_fpr95(known, e->n, other, m), "called_unknown",
                      m ? (double)called / (double)m : 0.0, "false_alarms",
                      e->n ? (double)alarms / e->n : 0.0));
    }
    return o;
}

static ay_status look_at_strangers(strangers *s, ay_files *files, char *folder, const ay_evaluation *e,
                                   json_t **out, ay_err *err)
{
    ay_status status = ay_files_collect(files, &folder, 1, err);
    ay_stream stream = {.n = files->n, .ctx = s, .path = stranger_path, .run = run_strangers,
                        .failed = stranger_failed, .progress = stranger_progress};
    size_t read = 0;
    double *room;

    if (status != AY_OK)
        return status;
    s->files = files;
    s->result = ay_calloc(files->n + 1, sizeof *s->result);
    s->done = ay_calloc(files->n + 1, sizeof *s->done);
    room = ay_calloc((size_t)e->n + files->n + 1, sizeof *room);
    status = s->result && s->done && room ? ay_stream_run(&stream, err)
                                          : ay_fail(err, AY_ENOMEM, "pictures of other things");
    for (size_t i = 0; i < files->n; i++)
        read += s->done && s->done[i];
    if (status == AY_OK && read == 0)
        status = ay_fail(err, AY_EINVAL, "no picture in %s can be read", folder);
    if (status == AY_OK)
        *out = separate(e, s, room);
    ay_free(room);
    ay_free(s->result);
    ay_free(s->done);
    return status;
}

static void print_strangers(const json_t *o)
{
    printf("\n%-24s %9s %9s %9s %9s\n", "unknown", "AUROC", "FPR95", "caught", "alarms");
    for (int k = 0; k < AY_UNKNOWN_KINDS; k++) {
        const char *name = ay_unknown_name((ay_unknown_kind)k);
        const json_t *v = json_object_get(o, name);
        printf("%-24s %9.4f %9.4f %9.4f %9.4f\n", name, json_real_value(json_object_get(v, "auroc")),
               json_real_value(json_object_get(v, "fpr95")),
               json_real_value(json_object_get(v, "called_unknown")),
               json_real_value(json_object_get(v, "false_alarms")));
    }
}

/* ---- the command ------------------------------------------------------------------------------- */

static ay_status write_csv(const char *path, const ay_evaluation *e, const ay_corpus *corpus,
                           const ay_classifier *c, ay_err *err)
{
    ay_buf text = {0};
    ay_status status;

    ay_evaluation_csv(e, corpus, c, &text);
    status = text.failed ? ay_fail(err, AY_ENOMEM, "%s", path)
                         : ay_file_write(path, text.data, text.len, err);
    ay_buf_fini(&text);
    return status;
}

static void print_json(const ay_metrics *m, const ay_evaluation *e, const ay_classifier_info *info,
                       json_t *other)
{
    json_t *o = ay_metrics_json(m, info->class_names);

    json_object_set_new(o, "pictures", json_integer(e->n));
    json_object_set_new(o, "left_out", json_integer(e->lost));
    json_object_set_new(o, "seconds", json_real(e->seconds));
    json_object_set_new(o, "digest", json_string(info->engine->digest));
    if (other)
        json_object_set(o, "unknown", other);
    json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

static ay_status evaluate(const ay_args *a, ay_classifier *c, const ay_corpus *corpus, int split,
                          ay_err *err)
{
    const ay_classifier_info *info = ay_classifier_get_info(c);
    terminal t = {.quiet = ay_args_get(a, "quiet") != NULL};
    ay_evaluate_options o = {.split = split, .progress = show, .lost = tell_lost, .ctx = &t};
    ay_metrics_options mo = {.threshold = info->confident};
    strangers s = {.c = c, .terminal = &t};
    ay_files files = {0};
    ay_evaluation e = {0};
    ay_metrics m = {0};
    json_t *other = NULL;
    ay_status status;

    ay_progress_start(&t.bar, "judging", 0, t.quiet);
    status = ay_evaluate(&e, c, corpus, &o, err);
    if (status == AY_OK && e.n == 0)
        status = ay_fail(err, AY_ENOTFOUND, "no picture to judge");
    if (status == AY_OK)
        status = ay_metrics_compute(&m, e.probabilities, e.labels, e.n, e.classes, &mo, err);
    if (status == AY_OK && ay_args_get(a, "csv"))
        status = write_csv(ay_args_get(a, "csv"), &e, corpus, c, err);
    if (status == AY_OK && ay_args_get(a, "unknown"))
        status = look_at_strangers(&s, &files, (char *)(size_t)ay_args_get(a, "unknown"), &e, &other, err);
    ay_progress_end(&t.bar);
    if (status == AY_OK && ay_args_get(a, "json")) {
        print_json(&m, &e, info, other);
    } else if (status == AY_OK) {
        print_figures(&m, &e, info);
        if (other)
            print_strangers(other);
    }
    json_decref(other);
    ay_metrics_fini(&m);
    ay_evaluation_fini(&e);
    ay_files_fini(&files);
    return status;
}

int ay_cmd_eval(int argc, char **argv)
{
    ay_classifier *c = NULL;
    ay_corpus corpus = {0};
    ay_args a;
    ay_err err;
    int split, rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc >= 0)
        goto out;
    if (a.n_rest != 2) {
        rc = ay_args_wrong(&a, "eval: name a model and a folder of pictures%s", "");
        goto out;
    }
    rc = AY_EXIT_FAIL;
    if (ay_session_classifier(&c, &a, a.rest[0], &err) != AY_OK ||
        open_corpus(&corpus, a.rest[1], &err) != AY_OK) {
        ay_cmd_fail(&err);
        goto out;
    }
    split = split_of(ay_args_get(&a, "split"), &corpus);
    if (split < -1)
        rc = ay_args_wrong(&a, "eval: --split is train, val, test or all, not '%s'",
                           ay_args_get(&a, "split"));
    else if (ay_args_get(&a, "unknown") && !ay_classifier_get_info(c)->knows_unknown)
        rc = ay_args_wrong(&a, "eval: %s has no detectors of unknown things", a.rest[0]);
    else
        rc = evaluate(&a, c, &corpus, split, &err) == AY_OK ? AY_EXIT_OK : ay_cmd_fail(&err);
out:
    ay_corpus_fini(&corpus);
    ay_classifier_close(c);
    ay_args_fini(&a);
    return rc;
}
