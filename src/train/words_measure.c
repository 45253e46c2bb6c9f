/* train/words_measure.c - how often a table of words is right, and the numbers that make its answers honest.
 *
 * Every draw follows from the place of the picture, so the same pictures give the same figures. */
#include "base/mem.h"
#include "base/rng.h"
#include "train/cholesky.h"
#include "train/words_parts.h"

#include <math.h>
#include <string.h>

enum { TEN = 10, SET = 50, BINS = 10, FOLDS = 5, STEPS = 60, NEWTON = 40 };
static const double TIE = 1e-9;

/* The labels of one side: entries that have a row and a picture there. */
typedef struct {
    const ay_words_data *d;
    const ay_words_table *t;
    int side;
    int *label, labels; /* entries */
    int *at;            /* entry -> place in label, or -1 */
    double *cosine;     /* [labels]: of one picture */
} question;

static ay_status no_memory(ay_err *err)
{
    return ay_fail(err, AY_ENOMEM, "measuring words");
}

static void question_fini(question *q)
{
    ay_free(q->label);
    ay_free(q->at);
    ay_free(q->cosine);
}

/* only NULL: all entries. */
static ay_status question_init(question *q, const ay_words_data *d, const ay_words_table *t, int side,
                               const bool *only, ay_err *err)
{
    size_t n = (size_t)d->list->n + 1;

    *q = (question){d, t, side, ay_alloc(n, sizeof *q->label), 0, ay_alloc(n, sizeof *q->at),
                    ay_alloc(n, sizeof *q->cosine)};
    if (!q->label || !q->at || !q->cosine) {
        question_fini(q);
        return no_memory(err);
    }
    for (size_t e = 0; e < n; e++)
        q->at[e] = -1;
    for (int i = 0; i < d->n; i++) {
        int e = d->item[i].entry;
        if (d->item[i].side == side && t->has[e] && q->at[e] < 0 && (!only || only[e])) {
            q->at[e] = q->labels;
            q->label[q->labels++] = e;
        }
    }
    return AY_OK;
}

static double cosine(const ay_words_data *d, int picture, const double *row)
{
    const float *x = d->x + (size_t)picture * (size_t)d->dim;
    double sum = 0;

    for (int k = 0; k < d->dim; k++)
        sum += (double)x[k] * row[k];
    return sum;
}

/* The label of a picture, with all cosines; -1: this question has none for it. */
static int ask(question *q, int picture)
{
    const ay_words_item *it = &q->d->item[picture];

    if (it->side != q->side || q->at[it->entry] < 0)
        return -1;
    for (int k = 0; k < q->labels; k++)
        q->cosine[k] = cosine(q->d, picture, q->t->row + (size_t)q->label[k] * (size_t)q->d->dim);
    return q->at[it->entry];
}

/* `n - 1` other labels than `right`, each once, behind it in set; returns how many there are in all. */
static int draw(const question *q, int right, int n, ay_rng *r, int *set)
{
    int many = 1;

    n = n < q->labels ? n : q->labels;
    set[0] = right;
    while (many < n) {
        int k = (int)ay_rng_below(r, (uint32_t)q->labels);
        bool there = false;
        for (int i = 0; i < many && !there; i++)
            there = set[i] == k;
        if (!there)
            set[many++] = k;
    }
    return many;
}

/* 1 when the first of a set has the largest cosine, its share when several have. */
static double won(const double *c, const int *set, int n)
{
    int ties = 1;

    for (int i = 1; i < n; i++) {
        if (c[set[i]] > c[set[0]] + TIE)
            return 0;
        ties += c[set[i]] > c[set[0]] - TIE;
    }
    return 1.0 / ties;
}

static ay_status score(question *q, uint64_t seed, ay_words_score *out, ay_err *err)
{
    int *all = ay_alloc((size_t)q->labels + 1, sizeof *all), ten[TEN];
    double sum_all = 0, sum_ten = 0;
    ay_rng r;

    if (!all)
        return no_memory(err);
    *out = (ay_words_score){.labels = q->labels};
    for (int i = 0; i < q->d->n; i++) {
        int right = ask(q, i);
        if (right < 0)
            continue;
        out->pictures++;
        for (int k = 0; k < q->labels; k++)
            all[k] = k;
        all[0] = right;
        all[right] = 0;
        sum_all += won(q->cosine, all, q->labels);
        ay_rng_init3(&r, seed, (uint64_t)i, 10);
        sum_ten += won(q->cosine, ten, draw(q, right, TEN, &r, ten));
    }
    out->all = out->pictures ? sum_all / out->pictures : 0;
    out->ten = out->pictures ? sum_ten / out->pictures : 0;
    ay_free(all);
    return AY_OK;
}

/* ---- sets of labels --------------------------------------------------------------------------- */

/* For each picture a set with its label, and the same size of set without it. */
typedef struct {
    double with[SET], without[SET]; /* cosines; with[0] is the right label's */
    int n;
} trial;

typedef struct {
    trial *list;
    int n;
} trials;

static ay_status draw_trials(question *q, uint64_t seed, trials *out, ay_err *err)
{
    int set[SET + 1];
    ay_rng r;

    *out = (trials){ay_alloc((size_t)q->d->n + 1, sizeof *out->list), 0};
    if (!out->list)
        return no_memory(err);
    if (q->labels < 3)
        return ay_fail(err, AY_EINVAL, "the side \"%s\" has pictures of %d names: at least three are needed",
                       ay_split_name((ay_split)q->side), q->labels);
    for (int i = 0; i < q->d->n; i++) {
        trial *t = &out->list[out->n];
        int right = ask(q, i), n, most = q->labels - 1 < SET ? q->labels - 1 : SET;
        if (right < 0)
            continue;
        ay_rng_init3(&r, seed, (uint64_t)i, 50);
        n = (int)exp(ay_rng_range(&r, log(2), log(most + 1.0)));
        n = draw(q, right, n + 1, &r, set) - 1;
        t->n = n;
        for (int k = 0; k < n; k++) {
            t->with[k] = q->cosine[set[k]];
            t->without[k] = q->cosine[set[k + 1]];
        }
        out->n++;
    }
    return AY_OK;
}

static double best(const double *c, int n)
{
    double b = c[0];

    for (int i = 1; i < n; i++)
        b = c[i] > b ? c[i] : b;
    return b;
}

/* The probability of c[at] in a softmax. */
static double share(const double *c, int n, double scale, double of)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += exp(scale * (c[i] - of));
    return 1 / sum;
}

static double loss_at(const trials *t, double scale)
{
    double sum = 0;

    for (int i = 0; i < t->n; i++)
        sum -= log(fmax(share(t->list[i].with, t->list[i].n, scale, t->list[i].with[0]), 1e-300));
    return sum / t->n;
}

/* The loss is convex in the scale, so it has one valley in its logarithm too: golden section. */
static double best_scale(const trials *t)
{
    double lo = log(1), hi = log(300), g = (sqrt(5) - 1) / 2;

    for (int i = 0; i < STEPS; i++) {
        double a = hi - g * (hi - lo), b = lo + g * (hi - lo);
        if (loss_at(t, exp(a)) < loss_at(t, exp(b)))
            hi = b;
        else
            lo = a;
    }
    return exp((lo + hi) / 2);
}

/* ---- none of these ---------------------------------------------------------------------------- */

static double none_at(const ay_words_tuning *w, double largest, int n)
{
    return 1 / (1 + exp(-(w->constant + w->cosine * largest + w->log_labels * log(n))));
}

/* One term of the gradient and curvature of the logistic loss. */
static void add_example(const ay_words_tuning *w, double largest, int n, double none, double grad[3], double h[9])
{
    double f[3] = {1, largest, log(n)}, p = none_at(w, largest, n);

    for (int i = 0; i < 3; i++) {
        grad[i] += (p - none) * f[i];
        for (int j = 0; j < 3; j++)
            h[i * 3 + j] += p * (1 - p) * f[i] * f[j];
    }
}

/* Newton's method, with a little damping against what separates perfectly. */
static ay_status fit_none(const trials *t, ay_words_tuning *w, ay_err *err)
{
    ay_status status = AY_OK;

    for (int step = 0; step < NEWTON && status == AY_OK; step++) {
        double g[3] = {1e-6 * w->constant, 1e-6 * w->cosine, 1e-6 * w->log_labels};
        double h[9] = {1e-6, 0, 0, 0, 1e-6, 0, 0, 0, 1e-6};
        for (int i = 0; i < t->n; i++) {
            const trial *k = &t->list[i];
            add_example(w, best(k->with, k->n), k->n, 0, g, h);
            add_example(w, best(k->without, k->n), k->n, 1, g, h);
        }
        status = ay_cholesky(h, 3, err);
        if (status != AY_OK)
            break;
        ay_cholesky_solve(h, 3, g, 1);
        w->constant -= g[0];
        w->cosine -= g[1];
        w->log_labels -= g[2];
    }
    return status;
}

ay_status ay_words_tune(const ay_words_data *d, const ay_words_table *t, ay_words_tuning *out, ay_err *err)
{
    question q;
    trials list = {0};
    ay_status status = question_init(&q, d, t, AY_SPLIT_VAL, NULL, err);

    *out = (ay_words_tuning){0};
    if (status != AY_OK)
        return status;
    status = draw_trials(&q, 1, &list, err);
    if (status == AY_OK) {
        out->scale = best_scale(&list);
        status = fit_none(&list, out, err);
    }
    ay_free(list.list);
    question_fini(&q);
    return status;
}

/* ---- measures --------------------------------------------------------------------------------- */

typedef struct {
    double told[BINS], was[BINS], n[BINS], all;
} reliability;

static void add_told(reliability *r, double told, double was)
{
    int bin = (int)(told * BINS);

    bin = bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin;
    r->told[bin] += told;
    r->was[bin] += was;
    r->n[bin]++;
    r->all++;
}

static double calibration_error(const reliability *r)
{
    double sum = 0;

    for (int b = 0; b < BINS; b++)
        sum += fabs(r->told[b] - r->was[b]);
    return r->all ? sum / r->all : 0;
}

static void measure_sets(const trials *t, const ay_words_tuning *w, ay_words_result *out)
{
    reliability top = {0}, none = {0};
    double pairs = 0;

    for (int i = 0; i < t->n; i++) {
        const trial *k = &t->list[i];
        double a = best(k->with, k->n), in = none_at(w, a, k->n), no = none_at(w, best(k->without, k->n), k->n);
        add_told(&top, share(k->with, k->n, w->scale, a), k->with[0] >= a - TIE);
        add_told(&none, in, 0);
        add_told(&none, no, 1);
        for (int j = 0; j < t->n; j++) {
            const trial *m = &t->list[j];
            double other = none_at(w, best(m->with, m->n), m->n);
            pairs += no > other ? 1 : no == other ? 0.5 : 0;
        }
    }
    out->scale = w->scale;
    out->loss = loss_at(t, w->scale);
    out->ece = calibration_error(&top);
    out->none_ece = calibration_error(&none);
    out->none_auroc = t->n ? pairs / t->n / t->n : 0;
}

/* "red X", "blue X" ...: is the colour of a picture of X found? */
static void measure_colours(question *q, ay_words_result *out)
{
    const ay_words_data *d = q->d;
    double right = 0;

    for (int i = 0; i < d->n; i++) {
        double c[AY_HUES], noun;
        int want = -1, best_hue = -1;
        if (ask(q, i) < 0)
            continue;
        for (int h = 0; h < AY_HUES; h++)
            want = d->item[i].hue[h] > 0.5 ? h : want;
        noun = q->cosine[q->at[d->item[i].entry]];
        for (int h = 0; h < AY_HUES && want >= 0; h++) {
            const double *hue, *row = q->t->row + (size_t)d->item[i].entry * (size_t)d->dim;
            int e = ay_wordlist_find(d->list, ay_hue_names[h]);
            double length = 0, sum;
            if (e < 0)
                return;
            hue = q->t->row + (size_t)e * (size_t)d->dim;
            for (int k = 0; k < d->dim; k++) {
                sum = row[k] + ay_words_colour_weight * hue[k];
                length += sum * sum;
            }
            c[h] = (noun + ay_words_colour_weight * cosine(d, i, hue)) / sqrt(length);
            best_hue = best_hue < 0 || c[h] > c[best_hue] ? h : best_hue;
        }
        out->coloured += want >= 0;
        right += want >= 0 && best_hue == want;
    }
    out->colour = out->coloured ? right / out->coloured : 0;
}

ay_status ay_words_measure(const ay_words_data *d, const ay_words_table *t, const ay_words_tuning *tuning,
                           ay_words_result *r, ay_err *err)
{
    question q;
    trials list = {0};
    ay_status status = question_init(&q, d, t, AY_SPLIT_TEST, NULL, err);

    if (status != AY_OK)
        return status;
    status = score(&q, 2, &r->seen, err);
    if (status == AY_OK)
        status = draw_trials(&q, 3, &list, err);
    if (status == AY_OK) {
        measure_sets(&list, tuning, r);
        measure_colours(&q, r);
    }
    ay_free(list.list);
    question_fini(&q);
    return status;
}

/* ---- names that were not fitted --------------------------------------------------------------- */

/* Names with a test picture, dealt to five folds; -1: none. */
static void deal(const ay_words_data *d, int *fold)
{
    ay_rng r;

    for (int e = 0; e < d->list->n; e++)
        fold[e] = -1;
    for (int i = 0; i < d->n; i++)
        if (d->item[i].side == AY_SPLIT_TEST)
            fold[d->item[i].entry] = 0;
    for (int e = 0; e < d->list->n; e++)
        if (fold[e] == 0) {
            ay_rng_init3(&r, 4, (uint64_t)e, 5);
            fold[e] = (int)ay_rng_below(&r, FOLDS);
        }
}

static ay_status one_fold(const ay_words_data *d, const bool *out, ay_words_score *s, ay_err *err)
{
    ay_words_table t = {0};
    question q;
    ay_status status = ay_words_fit(d, out, &t, err);

    if (status != AY_OK)
        return status;
    status = question_init(&q, d, &t, AY_SPLIT_TEST, out, err);
    if (status == AY_OK) {
        status = score(&q, 6, s, err);
        question_fini(&q);
    }
    ay_words_table_fini(&t);
    return status;
}

ay_status ay_words_measure_unseen(const ay_words_data *d, ay_words_result *r, ay_err *err)
{
    int *fold = ay_alloc((size_t)d->list->n + 1, sizeof *fold), tested = 0;
    bool *out = ay_alloc((size_t)d->list->n + 1, sizeof *out);
    ay_words_score sum = {0}, one;
    ay_status status = fold && out ? AY_OK : no_memory(err);

    if (status == AY_OK)
        deal(d, fold);
    for (int f = 0; f < FOLDS && status == AY_OK; f++) {
        for (int e = 0; e < d->list->n; e++)
            out[e] = fold[e] == f;
        status = one_fold(d, out, &one, err);
        if (status != AY_OK)
            break;
        sum.pictures += one.pictures;
        sum.labels += one.labels;
        sum.all += one.all * one.pictures;
        sum.ten += one.ten * one.pictures;
    }
    for (int i = 0; i < d->n; i++)
        tested += d->item[i].side == AY_SPLIT_TEST;
    if (status == AY_OK && sum.pictures > 0)
        r->unseen = (ay_words_score){sum.pictures, (sum.labels + FOLDS - 1) / FOLDS, sum.all / sum.pictures,
                                     sum.ten / sum.pictures};
    r->readable = tested ? (double)sum.pictures / tested : 0;
    ay_free(fold);
    ay_free(out);
    return status;
}
