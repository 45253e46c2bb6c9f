#include "inspect/threshold.h"
#include "base/mem.h"
#include "train/bootstrap.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BOTH = AY_THRESHOLD_FOLDS, RESAMPLES = 200 };

const char *ay_threshold_kind_name(ay_threshold_kind kind)
{
    static const char *const name[] = {"fitted", "raised", "default"};

    return name[kind];
}

/* An impostor picture, and later the strongest one of its original. */
typedef struct {
    int group, kind;
    size_t row;
    double score;
} rival;

/* What is known of one label: room for all held-out pictures, used again for the next. */
typedef struct {
    const ay_golden_set *set;
    const ay_golden_scores *s;
    const ay_threshold_options *o;
    double *own;        /* [owns] */
    uint8_t *own_fold;
    size_t owns;
    rival *all;         /* [n] impostor pictures */
    size_t n;
    rival *best;        /* [originals] */
    double *drawn, *use; /* room for scores */
} bench;

static int by_group(const void *a, const void *b)
{
    const rival *x = a, *y = b;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x < y) - (x > y);
}

static void gather(bench *b, int label)
{
    size_t labels = (size_t)b->set->nlabels;

    b->owns = b->n = 0;
    for (size_t r = 0; r < b->s->n; r++) {
        const ay_golden_item *i = &b->set->items[b->s->item[r]];
        double score = b->s->score[r * labels + (size_t)label];
        int kind;
        if (isnan(score))
            continue;
        if (i->label == label) {
            b->own_fold[b->owns] = b->s->fold[r];
            b->own[b->owns++] = score;
        } else if ((kind = ay_impostor_of(b->set, label, b->s->item[r])) >= 0) {
            b->all[b->n++] = (rival){i->group, kind, r, score};
        }
    }
    qsort(b->all, b->n, sizeof *b->all, by_group);
}

/* The strongest picture of each original; fold BOTH: of all, else of that fold. */
static size_t originals(bench *b, int fold)
{
    size_t n = 0;

    for (size_t k = 0; k < b->n; k++) {
        if (fold != BOTH && b->s->fold[b->all[k].row] != fold)
            continue;
        if (n == 0 || b->best[n - 1].group != b->all[k].group)
            b->best[n++] = b->all[k];
    }
    return n;
}

/* ---- one threshold --------------------------------------------------------------------------- */

/* The next score above cut, of impostors (descending) or its own; INFINITY: none. */
static double next_above(double cut, const double *rivals, size_t n, const double *own, size_t owns)
{
    double next = INFINITY;

    for (size_t i = 0; i < n && rivals[i] > cut; i++)
        next = rivals[i];
    for (size_t i = 0; i < owns; i++)
        if (own[i] > cut && own[i] < next)
            next = own[i];
    return next;
}

static double least_of(const double *v, size_t n)
{
    double least = INFINITY;

    for (size_t i = 0; i < n; i++)
        least = fmin(least, v[i]);
    return least;
}

/* rivals are sorted here, strongest first. */
static double threshold_of(double *rivals, size_t n, const double *own, size_t owns, double rate)
{
    size_t may = (size_t)floor(rate * (double)n + 1e-9);
    double weakest = least_of(own, owns), next;

    qsort(rivals, n, sizeof *rivals, descending);
    if (weakest > rivals[0])
        return (weakest + rivals[0]) / 2;
    if (may >= n)
        may = n - 1;
    next = next_above(rivals[may], rivals, n, own, owns);
    return isfinite(next) ? (rivals[may] + next) / 2 : nextafter(rivals[may], 2);
}

typedef struct {
    double value;
    ay_threshold_kind kind;
    size_t originals, owns;
} fitted;

static fitted fit(bench *b, int fold)
{
    size_t n = originals(b, fold), owns = 0;
    fitted f = {b->o->otherwise, AY_THRESHOLD_IS_DEFAULT, n, 0};

    for (size_t i = 0; i < b->owns; i++)
        if (fold == BOTH || b->own_fold[i] == fold)
            b->use[owns++] = b->own[i];
    for (size_t i = 0; i < n; i++)
        b->drawn[i] = b->best[i].score;
    f.owns = owns;
    if (n == 0)
        return f;
    f.value = threshold_of(b->drawn, n, b->use, owns, b->o->rate);
    f.kind = AY_THRESHOLD_FITTED;
    if (n >= AY_THRESHOLD_IMPOSTORS && owns > 0)
        return f;
    f.kind = f.value > b->o->otherwise ? AY_THRESHOLD_RAISED : AY_THRESHOLD_IS_DEFAULT;
    f.value = fmax(f.value, b->o->otherwise);
    return f;
}

static void drawn_threshold(void *ctx, const int64_t *index, int64_t n, double *value)
{
    bench *b = ctx;

    for (int64_t i = 0; i < n; i++)
        b->drawn[i] = b->best[index[i]].score;
    *value = threshold_of(b->drawn, (size_t)n, b->own, b->owns, b->o->rate);
}

static ay_status interval(bench *b, size_t n, ay_threshold *t, ay_err *err)
{
    ay_interval i;
    ay_status status = ay_bootstrap_run(&i, 1, (int64_t)n, b->o->resamples, 0.95, b->o->seed, drawn_threshold, b, err);

    t->lo = i.lo;
    t->hi = i.hi;
    return status;
}

/* ---- what it does on the other half ---------------------------------------------------------- */

static void own_figures(bench *b, ay_threshold *t)
{
    double sum = 0, square = 0;
    int64_t refused = 0;

    t->own = (int64_t)b->owns;
    t->mean = t->deviation = t->least = NAN;
    for (size_t i = 0; i < b->owns; i++) {
        sum += b->own[i];
        refused += b->own[i] < t->fold[b->own_fold[i]];
    }
    t->false_reject = ay_rate_of(refused, t->own);
    if (b->owns == 0)
        return;
    t->mean = sum / (double)b->owns;
    for (size_t i = 0; i < b->owns; i++)
        square += (b->own[i] - t->mean) * (b->own[i] - t->mean);
    t->deviation = b->owns > 1 ? sqrt(square / (double)(b->owns - 1)) : 0;
    t->least = least_of(b->own, b->owns);
}

static void rival_figures(bench *b, ay_threshold *t)
{
    int64_t groups = 0, passed = 0, last = -1;

    t->strongest = NAN;
    t->rival = -1;
    for (size_t k = 0; k < b->n; k++) {
        const rival *r = &b->all[k];
        bool over = r->score >= t->fold[b->s->fold[r->row]];
        bool fresh = k == 0 || r->group != b->all[k - 1].group;
        groups += fresh;
        last = fresh ? -1 : last;
        passed += over && last < 0;
        last = over ? 1 : last;
        t->pictures[r->kind]++;
        t->passed[r->kind] += over;
        if (isnan(t->strongest) || r->score > t->strongest) {
            t->strongest = r->score;
            t->rival = b->set->items[b->s->item[r->row]].label;
        }
    }
    t->originals = groups;
    t->false_accept = ay_rate_of(passed, groups);
}

static const char *words_of(ay_thresholds *out, const bench *b, const ay_threshold *t)
{
    const char *who = t->rival >= 0 ? b->set->labels[t->rival].name : "a bad picture";
    char text[512], near[160] = "";
    int at;

    if (t->originals > 0)
        snprintf(near, sizeof near, "; the strongest impostor is %.80s with %.3f", who, t->strongest);
    if (t->kind == AY_THRESHOLD_FITTED)
        at = snprintf(text, sizeof text, "fitted on %lld impostors and %lld of its own pictures, the weakest of which has %.3f%s. ",
                      (long long)t->originals, (long long)t->own, t->least, near);
    else
        at = snprintf(text, sizeof text, "%s: %lld impostors and %lld held-out pictures of its own are too few to fit (%d and 1)%s. ",
                      t->kind == AY_THRESHOLD_RAISED ? "the default, raised over the impostors there are" : "the default",
                      (long long)t->originals, (long long)t->own, AY_THRESHOLD_IMPOSTORS, near);
    if (at > 0 && (size_t)at < sizeof text)
        snprintf(text + at, sizeof text - (size_t)at, "Judged on the other half, %lld of %lld impostors pass: at most %.1f %% (95 %%)",
                 (long long)t->false_accept.k, (long long)t->false_accept.n, 100 * t->false_accept.upper);
    return ay_arena_strdup(&out->arena, text);
}

static ay_status fit_label(ay_thresholds *out, bench *b, int label, ay_err *err)
{
    ay_threshold *t = &out->rows[label];
    ay_status status = AY_OK;
    fitted f;

    gather(b, label);
    *t = (ay_threshold){.lo = NAN, .hi = NAN};
    for (int fold = 0; fold < AY_THRESHOLD_FOLDS; fold++)
        t->fold[fold] = fit(b, 1 - fold).value;
    f = fit(b, BOTH);
    t->value = f.value;
    t->kind = f.kind;
    if (f.kind == AY_THRESHOLD_FITTED)
        status = interval(b, f.originals, t, err);
    own_figures(b, t);
    rival_figures(b, t);
    t->words = words_of(out, b, t);
    return status != AY_OK || t->words ? status : ay_fail(err, AY_ENOMEM, "thresholds");
}

/* ---- all labels together --------------------------------------------------------------------- */

typedef struct {
    int group;
    bool is_bad, tried, passed, bad_passed;
} verdict;

static int verdict_order(const void *a, const void *b)
{
    int x = ((const verdict *)a)->group, y = ((const verdict *)b)->group;

    return (x > y) - (x < y);
}

static verdict judge_row(const ay_thresholds *t, const ay_golden_set *set, const ay_golden_scores *s, const bool *wanted, size_t r)
{
    const ay_golden_item *i = &set->items[s->item[r]];
    verdict v = {.group = i->group, .is_bad = i->label < 0};

    for (int k = 0; k < set->nlabels; k++) {
        double score = s->score[r * (size_t)set->nlabels + (size_t)k];
        if (!wanted[k] || isnan(score) || ay_impostor_of(set, k, s->item[r]) < 0)
            continue;
        v.tried = true;
        v.passed |= score >= t->rows[k].fold[s->fold[r]];
    }
    v.bad_passed = v.is_bad && v.passed;
    return v;
}

static ay_status totals(ay_thresholds *t, const ay_golden_set *set, const ay_golden_scores *s, ay_err *err)
{
    verdict *all = ay_alloc(s->n + 1, sizeof *all);
    bool *wanted = ay_calloc((size_t)set->nlabels, sizeof *wanted);
    int64_t tried = 0, passed = 0, bad = 0, bad_passed = 0, good = 0, refused = 0;
    ay_status status = all && wanted ? AY_OK : ay_fail(err, AY_ENOMEM, "thresholds");

    for (int k = 0; k < set->nlabels && status == AY_OK; k++) {
        wanted[k] = ay_golden_is_wanted(set, k);
        good += wanted[k] ? t->rows[k].false_reject.n : 0;
        refused += wanted[k] ? t->rows[k].false_reject.k : 0;
    }
    for (size_t r = 0; r < s->n && status == AY_OK; r++) {
        all[r] = judge_row(t, set, s, wanted, r);
        bad += all[r].is_bad && all[r].tried;
        bad_passed += all[r].bad_passed;
    }
    if (status == AY_OK)
        qsort(all, s->n, sizeof *all, verdict_order);
    for (size_t r = 0, end; r < s->n && status == AY_OK; r = end) {
        bool any = false, over = false;
        for (end = r; end < s->n && all[end].group == all[r].group; end++) {
            any |= all[end].tried;
            over |= all[end].passed;
        }
        tried += any;
        passed += over;
    }
    t->false_accept = ay_rate_of(passed, tried);
    t->false_reject = ay_rate_of(refused, good);
    t->bad = ay_rate_of(bad_passed, bad);
    ay_free(all);
    ay_free(wanted);
    return status;
}

static ay_status bench_init(bench *b, ay_err *err)
{
    size_t n = b->s->n + 1;

    b->own = ay_alloc(n, sizeof *b->own);
    b->own_fold = ay_alloc(n, sizeof *b->own_fold);
    b->all = ay_alloc(n, sizeof *b->all);
    b->best = ay_alloc(n, sizeof *b->best);
    b->drawn = ay_alloc(n, sizeof *b->drawn);
    b->use = ay_alloc(n, sizeof *b->use);
    return b->own && b->own_fold && b->all && b->best && b->drawn && b->use
               ? AY_OK
               : ay_fail(err, AY_ENOMEM, "thresholds from %zu pictures", b->s->n);
}

static void bench_fini(bench *b)
{
    ay_free(b->own);
    ay_free(b->own_fold);
    ay_free(b->all);
    ay_free(b->best);
    ay_free(b->drawn);
    ay_free(b->use);
}

ay_status ay_thresholds_fit(ay_thresholds *out, const ay_golden_set *set, const ay_golden_scores *s,
                            const ay_threshold_options *options, ay_err *err)
{
    ay_threshold_options o = options ? *options : (ay_threshold_options){0};
    bench b = {.set = set, .s = s, .o = &o};
    ay_status status = AY_OK;

    *out = (ay_thresholds){.nlabels = set->nlabels};
    o.rate = o.rate != 0 ? o.rate : 0.01;
    o.otherwise = o.otherwise != 0 ? o.otherwise : AY_THRESHOLD_DEFAULT;
    o.resamples = o.resamples > 0 ? o.resamples : RESAMPLES;
    if (!(o.rate > 0 && o.rate < 1) || !(o.otherwise >= -1 && o.otherwise <= 1))
        return ay_fail(err, AY_EINVAL, "thresholds: a false-accept rate of %g (between 0 and 1) and a default of %g (-1 to 1)",
                       o.rate, o.otherwise);
    out->rate = o.rate;
    out->otherwise = o.otherwise;
    ay_arena_init(&out->arena, 0);
    out->rows = ay_arena_alloc(&out->arena, (size_t)set->nlabels * sizeof *out->rows);
    status = out->rows ? bench_init(&b, err) : ay_fail(err, AY_ENOMEM, "thresholds of %d labels", set->nlabels);
    for (int k = 0; k < set->nlabels && status == AY_OK; k++)
        status = fit_label(out, &b, k, err);
    if (status == AY_OK)
        status = totals(out, set, s, err);
    bench_fini(&b);
    if (status != AY_OK)
        ay_thresholds_fini(out);
    return status;
}

void ay_thresholds_fini(ay_thresholds *t)
{
    ay_arena_fini(&t->arena);
    *t = (ay_thresholds){0};
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static json_t *number_or_null(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *row_json(const ay_threshold *t, const ay_golden_set *set, int label)
{
    json_t *o = json_pack("{s:s, s:f, s:o, s:o, s:s, s:I, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:s}", "label",
                          set->labels[label].name, "threshold", t->value, "low", number_or_null(t->lo), "high",
                          number_or_null(t->hi), "kind", ay_threshold_kind_name(t->kind), "own", (json_int_t)t->own, "own_mean",
                          number_or_null(t->mean), "own_deviation", number_or_null(t->deviation), "own_least",
                          number_or_null(t->least), "impostors", (json_int_t)t->originals, "strongest_impostor",
                          number_or_null(t->strongest), "false_accept", ay_rate_json(&t->false_accept), "false_reject",
                          ay_rate_json(&t->false_reject), "why", t->words);
    json_t *kinds = json_object();

    for (int k = 0; k < AY_IMPOSTORS; k++)
        json_object_set_new(kinds, ay_impostor_name((ay_impostor)k),
                            json_pack("{s:I, s:I}", "pictures", (json_int_t)t->pictures[k], "passed", (json_int_t)t->passed[k]));
    json_object_set_new(o, "impostor_pictures", kinds);
    json_object_set_new(o, "rival", t->rival >= 0 ? json_string(set->labels[t->rival].name) : json_null());
    return o;
}

json_t *ay_thresholds_json(const ay_thresholds *t, const ay_golden_set *set)
{
    json_t *rows = json_array();

    for (int k = 0; k < t->nlabels; k++)
        json_array_append_new(rows, row_json(&t->rows[k], set, k));
    if (json_array_size(rows) != (size_t)t->nlabels) {
        json_decref(rows);
        return NULL;
    }
    return json_pack("{s:f, s:f, s:o, s:o, s:o, s:o}", "false_accept_rate_asked", t->rate, "default", t->otherwise, "false_accept",
                     ay_rate_json(&t->false_accept), "false_reject", ay_rate_json(&t->false_reject), "bad_pictures_passed",
                     ay_rate_json(&t->bad), "labels", rows);
}
