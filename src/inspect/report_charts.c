/* inspect/report_charts.c - the report's charts, and the confusion matrix as a table. */
#include "base/file.h"
#include "base/mem.h"
#include "inspect/report_parts.h"
#include "plot/plot.h"
#include "train/bootstrap.h"
#include "train/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Saved and given back; status is what making it gave. */
static ay_status keep(ay_status status, ay_canvas *c, const char *results, const char *name, ay_err *err)
{
    char path[4400];

    if (status != AY_OK)
        return status;
    snprintf(path, sizeof path, "%s/%s", results, name);
    status = ay_canvas_save(c, AY_THEME_LIGHT, path, err);
    ay_canvas_destroy(c);
    return status;
}

/* ---- who is taken for whom ------------------------------------------------------------------- */

/* The labels that have held-out pictures or were guessed, in order of name; "NG" among them where there are bad ones. */
typedef struct {
    const char **name;
    int *label; /* of each; nlabels: "NG" */
    int n;
    int64_t *counts; /* n x n */
} table;

typedef struct {
    const char *name;
    int label;
} named;

static int by_name(const void *a, const void *b)
{
    const named *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : (x->label > y->label) - (x->label < y->label);
}

static bool occurs(const ay_judgement *j, int label)
{
    int side = j->nlabels + 1;

    for (int k = 0; k < side; k++)
        if (j->confusion[(size_t)label * (size_t)side + (size_t)k] || j->confusion[(size_t)k * (size_t)side + (size_t)label])
            return true;
    return false;
}

static void table_fini(table *t)
{
    ay_free(t->name);
    ay_free(t->label);
    ay_free(t->counts);
}

static ay_status table_init(table *t, const ay_inspect_report *r, ay_err *err)
{
    const ay_judgement *j = r->judgement;
    size_t side = (size_t)j->nlabels + 1;
    named *all = ay_alloc(side, sizeof *all);

    *t = (table){.name = ay_alloc(side, sizeof *t->name), .label = ay_alloc(side, sizeof *t->label),
                 .counts = ay_alloc(side * side, sizeof *t->counts)};
    if (!all || !t->name || !t->label || !t->counts) {
        ay_free(all);
        return ay_fail(err, AY_ENOMEM, "confusion of %zu classes", side);
    }
    for (int k = 0; k <= j->nlabels; k++)
        if (occurs(j, k))
            all[t->n++] = (named){ay_judged_name(r->set, k < j->nlabels ? k : -1), k};
    qsort(all, (size_t)t->n, sizeof *all, by_name);
    for (int a = 0; a < t->n; a++) {
        t->name[a] = all[a].name;
        t->label[a] = all[a].label;
        for (int b = 0; b < t->n; b++)
            t->counts[a * t->n + b] = j->confusion[(size_t)all[a].label * side + (size_t)all[b].label];
    }
    ay_free(all);
    return AY_OK;
}

static ay_status table_csv(const table *t, const char *results, ay_err *err)
{
    char path[4400];
    ay_buf text = {0};
    ay_status status;

    ay_buf_puts(&text, "true_class");
    for (int k = 0; k < t->n; k++) {
        ay_buf_putc(&text, ',');
        ay_csv_field(&text, t->name[k]);
    }
    for (int a = 0; a < t->n; a++) {
        ay_buf_putc(&text, '\n');
        ay_csv_field(&text, t->name[a]);
        for (int b = 0; b < t->n; b++)
            ay_buf_printf(&text, ",%lld", (long long)t->counts[a * t->n + b]);
    }
    ay_buf_putc(&text, '\n');
    snprintf(path, sizeof path, "%s/confusion_matrix.csv", results);
    status = text.failed ? ay_fail(err, AY_ENOMEM, "%s", path) : ay_file_write(path, text.data, text.len, err);
    ay_buf_fini(&text);
    return status;
}

static ay_status accuracy_chart(const table *t, const char *results, ay_err *err)
{
    ay_plot_rate *rows = ay_calloc((size_t)t->n, sizeof *rows);
    ay_canvas *c;
    ay_status status;

    if (!rows)
        return ay_fail(err, AY_ENOMEM, "accuracy of %d classes", t->n);
    for (int k = 0; k < t->n; k++) {
        int64_t of = 0;
        ay_rate r;
        for (int b = 0; b < t->n; b++)
            of += t->counts[k * t->n + b];
        r = ay_rate_of(t->counts[k * t->n + k], of);
        rows[k] = (ay_plot_rate){t->name[k], r.rate, r.lo, r.hi, r.k, r.n};
    }
    status = ay_plot_rates(&c, "Right by class", rows, t->n, err);
    ay_free(rows);
    return keep(status, c, results, "class_accuracy.png", err);
}

static ay_status tables(const ay_inspect_report *r, const char *results, ay_err *err)
{
    ay_canvas *c;
    table t;
    ay_status status = table_init(&t, r, err);

    if (status == AY_OK)
        status = table_csv(&t, results, err);
    if (status == AY_OK && t.n > 0) {
        status = ay_plot_confusion(&c, t.counts, t.n, t.name, false, err);
        status = keep(status, c, results, "confusion_matrix.png", err);
    }
    if (status == AY_OK && t.n > 0)
        status = accuracy_chart(&t, results, err);
    table_fini(&t);
    return status;
}

/* ---- similarities ---------------------------------------------------------------------------- */

static ay_status answers_chart(const ay_inspect_report *r, const char *results, ay_err *err)
{
    static const char *const names[2] = {"right", "wrong"};
    const ay_judgement *j = r->judgement;
    double *room = ay_alloc(2 * j->n + 1, sizeof *room);
    const double *value[2] = {room, room ? room + j->n : NULL};
    int64_t n[2] = {0, 0};
    ay_canvas *c;
    ay_status status;

    if (!room)
        return ay_fail(err, AY_ENOMEM, "similarities of %zu pictures", j->n);
    for (size_t i = 0; i < j->n; i++) {
        int k = j->rows[i].correct ? 0 : 1;
        room[(size_t)k * j->n + (size_t)n[k]++] = j->rows[i].similarity;
    }
    status = ay_plot_similarity(&c, value, n, names, "Similarity of right and of wrong answers", err);
    ay_free(room);
    return keep(status, c, results, "similarity_distribution.png", err);
}

/* Scores of a label's own pictures, and of those that must not pass: room for s->n of each. */
static void sides(const ay_inspect_report *r, int label, double *own, int64_t *owns, double *rival, int64_t *rivals)
{
    const ay_golden_scores *s = r->scores;

    for (size_t i = 0; i < s->n; i++) {
        double score = s->score[i * (size_t)s->nlabels + (size_t)label];
        if (isnan(score))
            continue;
        if (r->set->items[s->item[i]].label == label)
            own[(*owns)++] = score;
        else if (ay_impostor_of(r->set, label, s->item[i]) >= 0)
            rival[(*rivals)++] = score;
    }
}

static void spread(double *v, int64_t n, double *lo, double *mid, double *hi)
{
    *lo = *mid = *hi = NAN;
    if (n == 0)
        return;
    *mid = ay_quantile(v, n, 0.5); /* sorts */
    *lo = v[0];
    *hi = v[n - 1];
}

static ay_status margins_chart(const ay_inspect_report *r, double *own, double *rival, const char *results, ay_err *err)
{
    ay_plot_margin *rows = ay_calloc((size_t)r->set->nlabels, sizeof *rows);
    ay_canvas *c;
    ay_status status;
    int n = 0;

    if (!rows)
        return ay_fail(err, AY_ENOMEM, "similarities of %d labels", r->set->nlabels);
    for (int k = 0; k < r->set->nlabels; k++) {
        ay_plot_margin *m = &rows[n];
        *m = (ay_plot_margin){.name = r->set->labels[k].name, .threshold = r->thresholds->rows[k].value};
        sides(r, k, own, &m->own, rival, &m->rivals);
        spread(own, m->own, &m->own_lo, &m->own_mid, &m->own_hi);
        spread(rival, m->rivals, &m->rival_lo, &m->rival_mid, &m->rival_hi);
        n += m->own + m->rivals > 0;
    }
    status = n ? ay_plot_margins(&c, rows, n, err) : AY_OK;
    ay_free(rows);
    return n ? keep(status, c, results, "similarity_by_class.png", err) : AY_OK;
}

/* The same of all labels together. */
static ay_status impostors_chart(const ay_inspect_report *r, double *own, double *rival, const char *results, ay_err *err)
{
    static const char *const names[2] = {"its own pictures", "pictures that must not pass"};
    size_t room = r->scores->n * (size_t)r->set->nlabels + 1;
    double *all[2] = {ay_alloc(r->scores->n + 1, sizeof **all), ay_alloc(room, sizeof **all)};
    int64_t n[2] = {0, 0};
    ay_canvas *c = NULL;
    ay_status status = all[0] && all[1] ? AY_OK : ay_fail(err, AY_ENOMEM, "similarities of %zu pictures", r->scores->n);

    for (int k = 0; k < r->set->nlabels && status == AY_OK; k++) {
        int64_t m[2] = {0, 0};
        sides(r, k, own, &m[0], rival, &m[1]);
        memcpy(all[0] + n[0], own, (size_t)m[0] * sizeof *own);
        memcpy(all[1] + n[1], rival, (size_t)m[1] * sizeof *rival);
        n[0] += m[0];
        n[1] += m[1];
    }
    if (status == AY_OK)
        status = ay_plot_similarity(&c, (const double *const *)all, n, names, "Similarity to what a picture is held against", err);
    ay_free(all[0]);
    ay_free(all[1]);
    return keep(status, c, results, "similarity_impostors.png", err);
}

ay_status ay_inspect_report_charts(const ay_inspect_report *r, const char *results, ay_err *err)
{
    double *own = ay_alloc(r->scores->n + 1, sizeof *own), *rival = ay_alloc(r->scores->n + 1, sizeof *rival);
    ay_status status = own && rival ? tables(r, results, err) : ay_fail(err, AY_ENOMEM, "charts of %zu pictures", r->scores->n);

    if (status == AY_OK)
        status = answers_chart(r, results, err);
    if (status == AY_OK)
        status = impostors_chart(r, own, rival, results, err);
    if (status == AY_OK)
        status = margins_chart(r, own, rival, results, err);
    ay_free(own);
    ay_free(rival);
    return status;
}
