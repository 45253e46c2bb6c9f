/* cmd/cmd_report.c - "assay report": what a trained model's folder says of itself, in a terminal. */
#include "base/file.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "train/metrics.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ay_option options[] = {
    {"json", 'j', NULL, "print metrics.json"},
    {"history", 0, NULL, "print the curves too, one line an epoch"},
    {0},
};
static const ay_usage usage = {
    "report [OPTION ...] MODEL",
    "Figures of a model that assay train made: accuracy with its interval, calibration, classes that\n"
    "are hard (F1 below 0.7 first), curves.  MODEL/report.html shows the same with charts.",
    options,
    NULL,
};

enum { FILE_MAX = 1 << 26 };

static ay_status read_json(const char *folder, const char *name, json_t **out, ay_err *err)
{
    char path[4200];
    json_error_t je;
    ay_buf text = {0};
    ay_status status;

    snprintf(path, sizeof path, "%.4000s/%s", folder, name);
    if (!ay_file_exists(path))
        return ay_fail(err, AY_ENOTFOUND, "%s is not the folder of a trained model: there is no %s%s", folder,
                       path, ay_file_is_dir(folder) ? "" : ", nor such a folder");
    status = ay_file_read(path, FILE_MAX, &text, err);
    if (status == AY_OK) {
        *out = json_loadb(text.data ? text.data : "", text.len, 0, &je);
        if (!json_is_object(*out))
            status = ay_fail(err, AY_ECORRUPT, "%s:%d: %s", path, *out ? 1 : je.line,
                             *out ? "not an object" : je.text);
    }
    ay_buf_fini(&text);
    return status;
}

static double real_of(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

typedef struct {
    const char *name;
    double f1;
    long long support;
} row;

static int worst_first(const void *a, const void *b)
{
    double x = ((const row *)a)->f1, y = ((const row *)b)->f1;

    return (x > y) - (x < y);
}

static void print_classes(json_t *classes)
{
    enum { SHOWN = 12 };
    row rows[1024];
    size_t n = 0;
    const char *name;
    json_t *v;

    json_object_foreach(classes, name, v)
    {
        if (n < sizeof rows / sizeof *rows)
            rows[n++] = (row){name, real_of(v, "f1"),
                              (long long)json_integer_value(json_object_get(v, "support"))};
    }
    qsort(rows, n, sizeof *rows, worst_first);
    printf("\n%-32s %7s %9s\n", "hardest classes", "F1", "pictures");
    for (size_t i = 0; i < n && (i < SHOWN || rows[i].f1 < 0.7); i++)
        printf("%-32.32s %7.4f %9lld%s\n", rows[i].name, rows[i].f1, rows[i].support,
               rows[i].f1 < 0.7 ? "  below 0.7" : "");
}

static void print_history(const json_t *lists)
{
    static const char *const key[] = {"train_loss", "val_loss", "val_accuracy", "val_f1", "learning_rate"};
    size_t n = json_array_size(json_object_get(lists, key[0]));

    printf("\nepoch  train loss  val loss  val accuracy  val F1  learning rate\n");
    for (size_t i = 0; i < n; i++) {
        double v[5];
        for (int k = 0; k < 5; k++)
            v[k] = json_number_value(json_array_get(json_object_get(lists, key[k]), i));
        printf("%5zu  %10.4f  %8.4f  %12.4f  %6.4f  %13.3g%s\n", i + 1, v[0], v[1], v[2], v[3], v[4],
               json_is_true(json_array_get(json_object_get(lists, "best"), i)) ? "  best" : "");
    }
}

static void print_report(const char *folder, json_t *m, const json_t *history)
{
    const json_t *on = json_object_get(m, "measured_on");

    printf("%s, on %lld %s pictures\n", folder,
           (long long)json_integer_value(json_object_get(m, "pictures")),
           json_is_string(on) ? json_string_value(on) : "test");
    printf("accuracy            %.4f\nmacro F1            %.4f\ncalibration error   %.4f, largest %.4f\n"
           "confident           %.4f of the pictures, %.4f of those right\ntemperature         %.3f\n",
           real_of(m, "accuracy"), real_of(m, "macro_f1"), real_of(m, "expected_calibration_error"),
           real_of(m, "max_calibration_error"), 1 - real_of(m, "rejection_rate"),
           real_of(m, "high_confidence_accuracy"), real_of(m, "temperature"));
    print_classes(json_object_get(m, "per_class_metrics"));
    if (history)
        print_history(json_object_get(history, "history"));
    printf("\nwith charts: %s/report.html\n", folder);
}

int ay_cmd_report(int argc, char **argv)
{
    json_t *metrics = NULL, *history = NULL;
    ay_args a;
    ay_err err;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc >= 0)
        goto out;
    if (a.n_rest != 1) {
        rc = ay_args_wrong(&a, "report: name one model folder%s", "");
        goto out;
    }
    rc = AY_EXIT_OK;
    if (read_json(a.rest[0], "metrics.json", &metrics, &err) != AY_OK ||
        (ay_args_get(&a, "history") && read_json(a.rest[0], "history.json", &history, &err) != AY_OK)) {
        rc = ay_cmd_fail(&err);
    } else if (ay_args_get(&a, "json")) {
        json_dumpf(metrics, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_report(a.rest[0], metrics, history);
    }
out:
    json_decref(metrics);
    json_decref(history);
    ay_args_fini(&a);
    return rc;
}
