/* train/report.c - the page: what it says, in which order.
 *
 * Everything that is not a literal of this file goes through text() or ay_text_escape. */
#include "train/report.h"
#include "base/file.h"
#include "base/mem.h"
#include "train/report_page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CONFUSED = 5, ASK_FOR = 5, SKIPPED_SHOWN = 20 };
enum { HALF = 720 }; /* a wider chart would be unreadable at half the page */

static void text(ay_buf *out, const char *s) { ay_text_escape(s ? s : "", out); }

static void percent(char *dst, size_t cap, double v) { snprintf(dst, cap, "%.1f %%", 100 * v); }

void ay_report_headline(const ay_report *r, char *dst, size_t cap)
{
    const ay_metrics *m = r->test;
    char right[16], lo[16], hi[16];

    percent(right, sizeof right, m->accuracy);
    percent(lo, sizeof lo, m->accuracy_interval.lo);
    percent(hi, sizeof hi, m->accuracy_interval.hi);
    snprintf(dst, cap, "Right on %s of %lld %s (%.0f %% interval %s to %s).", right, (long long)m->n,
             r->unseen ? r->unseen : m->n == 1 ? "unseen picture" : "unseen pictures", 100 * m->level,
             lo, hi);
}

/* ---- sentences ------------------------------------------------------------------------------ */

typedef struct {
    int truth, guess;
    int64_t count;
} pair;

/* The most frequent mistakes, by count and then by order. */
static int confused(const ay_metrics *m, pair *out, int cap)
{
    int found = 0;

    for (int i = 0; i < m->classes; i++) {
        for (int j = 0; j < m->classes; j++) {
            pair p = {i, j, m->confusion[(int64_t)i * m->classes + j]};
            int at;
            if (i == j || p.count == 0 || (found == cap && p.count <= out[cap - 1].count))
                continue;
            at = found < cap ? found++ : cap - 1;
            for (; at > 0 && out[at - 1].count < p.count; at--)
                out[at] = out[at - 1];
            out[at] = p;
        }
    }
    return found;
}

static void say_confused(const ay_report *r, ay_buf *out)
{
    pair p[CONFUSED];
    int n = confused(r->test, p, CONFUSED);

    if (n == 0) {
        ay_buf_puts(out, "<p>It confused nothing.</p>\n");
        return;
    }
    ay_buf_puts(out, "<p>It confuses most often:</p>\n<ul>\n");
    for (int i = 0; i < n; i++) {
        ay_buf_puts(out, "<li><b>");
        text(out, r->names[p[i].truth]);
        ay_buf_puts(out, "</b> taken for <b>");
        text(out, r->names[p[i].guess]);
        ay_buf_printf(out, "</b>: %lld of %lld</li>\n", (long long)p[i].count,
                      (long long)r->test->per_class[p[i].truth].support);
    }
    ay_buf_puts(out, "</ul>\n");
}

/* Weakest classes first; a class with no test pictures cannot be judged and is asked for too. */
static double need(const ay_report *r, int k)
{
    const ay_class_metrics *c = &r->test->per_class[k];

    return c->support == 0 ? 2 : 1 - c->f1;
}

static void reason(const ay_report *r, int k, ay_buf *out)
{
    const ay_class_metrics *c = &r->test->per_class[k];

    if (c->support == 0)
        ay_buf_puts(out, ": not one test picture, so nothing is known about it");
    else if (c->recall < c->precision)
        ay_buf_printf(out, ": %.0f %% of them are found", 100 * c->recall);
    else
        ay_buf_printf(out, ": %.0f %% of what is called so is right", 100 * c->precision);
    if (r->trained)
        ay_buf_printf(out, ", learnt from %lld picture%s", (long long)r->trained[k],
                      r->trained[k] == 1 ? "" : "s");
}

static void say_wanted(const ay_report *r, ay_buf *out)
{
    int order[ASK_FOR], n = 0;

    for (int k = 0; k < r->classes; k++) {
        int at;
        if (need(r, k) < 0.1 || (n == ASK_FOR && need(r, k) <= need(r, order[n - 1])))
            continue;
        at = n < ASK_FOR ? n++ : ASK_FOR - 1;
        for (; at > 0 && need(r, order[at - 1]) < need(r, k); at--)
            order[at] = order[at - 1];
        order[at] = k;
    }
    if (n == 0)
        return;
    ay_buf_puts(out, "<p>Photograph more of:</p>\n<ul>\n");
    for (int i = 0; i < n; i++) {
        ay_buf_puts(out, "<li><b>");
        text(out, r->names[order[i]]);
        ay_buf_puts(out, "</b>");
        reason(r, order[i], out);
        ay_buf_puts(out, "</li>\n");
    }
    ay_buf_puts(out, "</ul>\n");
}

static void say_confidence(const ay_report *r, ay_buf *out)
{
    const ay_metrics *m = r->test;

    ay_buf_printf(out, "<p>When it is at least %.0f %% sure (%.1f %% of the pictures) it is right on "
                       "%.1f %%. ",
                  100 * m->threshold, 100 * m->coverage, 100 * m->high_confidence_accuracy);
    ay_buf_printf(out, "Its confidence is off by %.1f points on average", 100 * m->ece);
    if (r->raw && r->temperature > 0)
        ay_buf_printf(out, " (%.1f before calibration with temperature %.3f)", 100 * r->raw->ece,
                      r->temperature);
    ay_buf_puts(out, ".</p>\n");
    if (m->n < 30 * (int64_t)r->classes)
        ay_buf_printf(out, "<p class=\"note\">%lld test picture%s in %d class%s: take figures of single "
                           "classes as hints.</p>\n",
                      (long long)m->n, m->n == 1 ? "" : "s", r->classes, r->classes == 1 ? "" : "es");
}

/* ---- tables --------------------------------------------------------------------------------- */

static void figure(ay_buf *out, const char *what, double v, const ay_interval *i, int decimals)
{
    ay_buf_printf(out, "<tr><th scope=\"row\">%s</th><td>%.*f</td><td>", what, decimals, v);
    if (i && isfinite(i->lo) && isfinite(i->hi))
        ay_buf_printf(out, "%.*f to %.*f", decimals, i->lo, decimals, i->hi);
    ay_buf_puts(out, "</td></tr>\n");
}

static void figures(const ay_report *r, ay_buf *out)
{
    const ay_metrics *m = r->test;
    char top[32];

    snprintf(top, sizeof top, "Among its first %d", m->top_k);
    ay_buf_printf(out, "<div class=\"table\"><table><caption>Figures</caption><thead><tr><th>figure</th><th>value</th>"
                       "<th>%.0f %% interval</th></tr></thead><tbody>\n",
                  100 * m->level);
    figure(out, "Accuracy", m->accuracy, &m->accuracy_interval, 4);
    figure(out, top, m->top_k_accuracy, NULL, 4);
    figure(out, "Macro precision", m->macro_precision, NULL, 4);
    figure(out, "Macro recall", m->macro_recall, NULL, 4);
    figure(out, "Macro F1", m->macro_f1, &m->macro_f1_interval, 4);
    figure(out, "Weighted F1", m->weighted_f1, &m->weighted_f1_interval, 4);
    figure(out, "Accuracy when confident", m->high_confidence_accuracy, &m->high_confidence_interval, 4);
    figure(out, "Rejection rate", m->rejection_rate, NULL, 4);
    figure(out, "Expected calibration error", m->ece, &m->ece_interval, 4);
    figure(out, "Largest calibration error", m->mce, NULL, 4);
    figure(out, "Log loss", m->log_loss, NULL, 4);
    figure(out, "Brier score", m->brier, NULL, 4);
    figure(out, "Area under risk and coverage", m->risk_area, NULL, 4);
    ay_buf_puts(out, "</tbody></table></div>\n");
}

static void class_table(const ay_report *r, ay_buf *out)
{
    ay_buf_puts(out, "<div class=\"table\"><table><caption>By class</caption><thead><tr><th>class</th><th>precision</th>"
                     "<th>recall</th><th>F1</th><th>tested</th>");
    ay_buf_puts(out, r->trained ? "<th>learnt from</th></tr></thead><tbody>\n"
                                : "</tr></thead><tbody>\n");
    for (int k = 0; k < r->classes; k++) {
        const ay_class_metrics *c = &r->test->per_class[k];
        ay_buf_puts(out, "<tr><th scope=\"row\">");
        text(out, r->names[k]);
        ay_buf_printf(out, "</th><td>%.3f</td><td>%.3f</td><td>%.3f</td><td>%lld</td>", c->precision,
                      c->recall, c->f1, (long long)c->support);
        if (r->trained)
            ay_buf_printf(out, "<td>%lld</td>", (long long)r->trained[k]);
        ay_buf_puts(out, "</tr>\n");
    }
    ay_buf_puts(out, "</tbody></table></div>\n");
}

static void fact(ay_buf *out, const char *key, const char *value, bool code)
{
    if (!value || !value[0])
        return;
    ay_buf_puts(out, "<tr><th scope=\"row\">");
    text(out, key);
    ay_buf_puts(out, code ? "</th><td><code>" : "</th><td>");
    text(out, value);
    ay_buf_puts(out, code ? "</code></td></tr>\n" : "</td></tr>\n");
}

static void facts(const ay_report *r, ay_buf *out)
{
    char number[64];

    ay_buf_puts(out, "<div class=\"table\"><table class=\"facts\"><caption>What made it</caption><tbody>\n");
    fact(out, "Finished", r->when, false);
    fact(out, "Architecture", r->architecture, false);
    fact(out, "Program", r->program, false);
    if (r->train_count) {
        snprintf(number, sizeof number, "%lld training, %lld validation, %lld test",
                 (long long)r->train_count, (long long)r->val_count, (long long)r->test->n);
        fact(out, "Pictures", number, false);
    }
    fact(out, "Data snapshot", r->snapshot, true);
    fact(out, "Model digest", r->digest, true);
    if (r->temperature > 0) {
        snprintf(number, sizeof number, "%.4f", r->temperature);
        fact(out, "Temperature", number, false);
    }
    for (int i = 0; i < r->facts; i++)
        fact(out, r->fact[i].key, r->fact[i].value, false);
    ay_buf_puts(out, "</tbody></table></div>\n");
    if (r->unknown_count) {
        ay_buf_puts(out, "<div class=\"table\"><table class=\"facts\"><caption>Things it was never shown</caption><tbody>\n");
        for (int i = 0; i < r->unknown_count; i++)
            fact(out, r->unknowns[i].key, r->unknowns[i].value, false);
        ay_buf_puts(out, "</tbody></table></div>\n");
    }
}

static void data_notes(const ay_report *r, ay_buf *out)
{
    if (!r->skipped_count && !r->near_copies)
        return;
    ay_buf_puts(out, "<h2>About the data</h2>\n");
    if (r->near_copies)
        ay_buf_printf(out, "<p>%lld picture%s near copies of others and were kept on the same side of "
                           "the split, so that nothing was tested that had been learnt.</p>\n",
                      (long long)r->near_copies, r->near_copies == 1 ? " is a" : "s are");
    if (!r->skipped_count)
        return;
    ay_buf_printf(out, "<p>%d file%s skipped:</p>\n<ul>\n", r->skipped_count,
                  r->skipped_count == 1 ? " was" : "s were");
    for (int i = 0; i < r->skipped_count && i < SKIPPED_SHOWN; i++) {
        ay_buf_puts(out, "<li><code>");
        text(out, r->skipped[i].path);
        ay_buf_puts(out, "</code>: ");
        text(out, r->skipped[i].reason);
        ay_buf_puts(out, "</li>\n");
    }
    if (r->skipped_count > SKIPPED_SHOWN)
        ay_buf_printf(out, "<li>and %d more</li>\n", r->skipped_count - SKIPPED_SHOWN);
    ay_buf_puts(out, "</ul>\n");
}

/* ---- charts --------------------------------------------------------------------------------- */

const char *const ay_report_chart_name[AY_REPORT_CHARTS] = {
    "confusion_matrix", "confusion_matrix_rows", "reliability", "classes",
    "risk_coverage",    "training_curves",       "mistakes"};

static ay_status class_chart(ay_canvas **out, const ay_report *r, ay_err *err)
{
    ay_plot_class *row = ay_calloc((size_t)r->classes, sizeof *row);
    ay_status status;

    if (!row)
        return ay_fail(err, AY_ENOMEM, "report: no memory");
    for (int k = 0; k < r->classes; k++) {
        const ay_class_metrics *c = &r->test->per_class[k];
        row[k] = (ay_plot_class){r->names[k], c->precision, c->recall, c->f1, c->support};
    }
    status = ay_plot_classes(out, row, r->classes, 0.7, err);
    ay_free(row);
    return status;
}

static ay_status reliability_chart(ay_canvas **out, const ay_metrics *m, ay_err *err)
{
    ay_plot_bin bin[AY_METRICS_BINS];

    for (int b = 0; b < AY_METRICS_BINS; b++)
        bin[b] = (ay_plot_bin){m->bin[b].lo, m->bin[b].hi, m->bin[b].count, m->bin[b].confidence,
                               m->bin[b].accuracy};
    return ay_plot_reliability(out, bin, AY_METRICS_BINS, m->histogram, AY_METRICS_HISTOGRAM, m->ece,
                               m->mce, m->threshold, err);
}

ay_status ay_report_chart(ay_canvas **out, const ay_report *r, ay_report_chart_kind kind, ay_err *err)
{
    const ay_metrics *m = r->test;

    *out = NULL;
    switch (kind) {
    case AY_REPORT_CONFUSION:
    case AY_REPORT_CONFUSION_ROWS:
        return ay_plot_confusion(out, m->confusion, r->classes, r->names,
                                 kind == AY_REPORT_CONFUSION_ROWS, err);
    case AY_REPORT_RELIABILITY:
        return reliability_chart(out, m, err);
    case AY_REPORT_CLASSES:
        return class_chart(out, r, err);
    case AY_REPORT_RISK:
        return ay_plot_risk(out, m->risk, m->n, m->risk_area, m->coverage, m->threshold, err);
    case AY_REPORT_CURVES:
        return r->curves && r->curves->epochs > 0 ? ay_plot_curves(out, r->curves, err) : AY_OK;
    case AY_REPORT_MISTAKES:
        return r->paths && r->names
                   ? ay_mistakes_plot(out, r->mistake, r->mistakes, r->paths, r->names, err)
                   : AY_OK;
    case AY_REPORT_CHARTS:
        break;
    }
    return AY_OK;
}

static ay_status chart(const ay_report *r, ay_report_chart_kind kind, ay_buf *out, ay_err *err)
{
    ay_canvas *c;
    ay_status status = ay_report_chart(&c, r, kind, err);

    if (status != AY_OK || !c)
        return status;
    ay_buf_puts(out, ay_canvas_width(c) > HALF ? "<figure class=\"wide\">\n" : "<figure>\n");
    status = ay_canvas_svg(c, AY_THEME_AUTO, true, out, err);
    ay_buf_puts(out, "</figure>\n");
    ay_canvas_destroy(c);
    return status;
}

/* ---- the page ------------------------------------------------------------------------------- */

static void opening(const ay_report *r, ay_buf *out)
{
    const char *name = r->name ? r->name : "Untitled run";
    char headline[320];

    ay_buf_puts(out, ay_report_head);
    ay_buf_puts(out, "<title>");
    text(out, name);
    ay_buf_puts(out, ", training report</title>\n<style>\n");
    ay_buf_puts(out, ay_report_style);
    ay_buf_puts(out, "@media screen and (prefers-color-scheme:dark){");
    ay_ink_css(out);
    ay_buf_puts(out, "}\n</style>\n</head>\n<body>\n<main>\n<header>\n<p class=\"kind\">Training report"
                     "</p>\n<h1>");
    text(out, name);
    ay_buf_puts(out, "</h1>\n<p class=\"headline\">");
    ay_report_headline(r, headline, sizeof headline);
    text(out, headline);
    ay_buf_puts(out, "</p>\n</header>\n");
    say_confidence(r, out);
    say_confused(r, out);
    say_wanted(r, out);
}

static ay_status check(const ay_report *r, ay_err *err)
{
    if (!r->test || !r->names || r->classes < 1 || r->test->classes != r->classes)
        return ay_fail(err, AY_EINVAL, "report: %d class names and figures of %d classes do not fit",
                       r->classes, r->test ? r->test->classes : 0);
    return AY_OK;
}

ay_status ay_report_html(const ay_report *r, ay_buf *out, ay_err *err)
{
    ay_status status = check(r, err);

    if (status != AY_OK)
        return status;
    opening(r, out);
    figures(r, out);
    ay_buf_puts(out, "<div class=\"charts\">\n");
    for (int k = 0; k < AY_REPORT_CHARTS && status == AY_OK; k++)
        status = chart(r, (ay_report_chart_kind)k, out, err);
    ay_buf_puts(out, "</div>\n");
    class_table(r, out);
    data_notes(r, out);
    facts(r, out);
    ay_buf_puts(out, "</main>\n</body>\n</html>\n");
    if (status == AY_OK && out->failed)
        status = ay_fail(err, AY_ENOMEM, "report: no memory");
    return status;
}

static ay_status save_chart(const ay_report *r, ay_report_chart_kind kind, const char *folder,
                            ay_err *err)
{
    static const char *const form[] = {"svg", "png"};
    char path[4096];
    ay_canvas *c;
    ay_status status = ay_report_chart(&c, r, kind, err);

    for (int f = 0; f < 2 && status == AY_OK && c; f++) {
        snprintf(path, sizeof path, "%s/plots/%s.%s", folder, ay_report_chart_name[kind], form[f]);
        status = ay_canvas_save(c, AY_THEME_AUTO, path, err);
    }
    ay_canvas_destroy(c);
    return status;
}

ay_status ay_report_write(const ay_report *r, const char *folder, ay_err *err)
{
    char path[4096];
    ay_buf page = {0};
    ay_status status;

    if (strlen(folder) > sizeof path - 64)
        return ay_fail(err, AY_EINVAL, "report: the folder's name is too long");
    status = ay_report_html(r, &page, err);
    snprintf(path, sizeof path, "%s/plots", folder);
    if (status == AY_OK)
        status = ay_file_mkdirs(path, err);
    for (int k = 0; k < AY_REPORT_CHARTS && status == AY_OK; k++)
        status = save_chart(r, (ay_report_chart_kind)k, folder, err);
    snprintf(path, sizeof path, "%s/report.html", folder);
    if (status == AY_OK)
        status = ay_file_write(path, page.data, page.len, err);
    ay_buf_fini(&page);
    return status;
}
