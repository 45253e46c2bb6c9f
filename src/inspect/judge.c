#include "inspect/judge.h"
#include "base/mem.h"
#include "train/evaluate.h"

#include <math.h>
#include <string.h>

const char *ay_judged_name(const ay_golden_set *set, int label)
{
    return label >= 0 ? set->labels[label].name : AY_LABEL_BAD;
}

/* ---- one picture ----------------------------------------------------------------------------- */

typedef struct {
    const ay_golden_set *set;
    const ay_golden_scores *s;
    const ay_thresholds *t;
} court;

static double threshold_at(const court *c, size_t row, int label)
{
    return c->t->rows[label].fold[c->s->fold[row]];
}

static double score_at(const court *c, size_t row, int label)
{
    return c->s->score[row * (size_t)c->s->nlabels + (size_t)label];
}

/* Among the labels that are wanted as mounted: the one that is most over its threshold. */
static int best_wanted(const court *c, size_t row)
{
    int best = -1;
    double most = -INFINITY;

    for (int k = 0; k < c->set->nlabels; k++) {
        double over = score_at(c, row, k) - threshold_at(c, row, k);
        if (isnan(over) || !(over > most) || !ay_golden_is_wanted(c->set, k))
            continue;
        best = k;
        most = over;
    }
    return best;
}

static ay_judged judge_row(const court *c, size_t row)
{
    const ay_golden_item *i = &c->set->items[c->s->item[row]];
    ay_judged j = {.item = c->s->item[row], .truth = i->label, .sample = -1, .similarity = NAN, .claimed = NAN,
                   .threshold = NAN};

    j.nearest = ay_golden_nearest(c->s, row);
    if (j.nearest >= 0) {
        j.similarity = score_at(c, row, j.nearest);
        j.sample = c->s->sample[row * (size_t)c->s->nlabels + (size_t)j.nearest];
    }
    j.claim = i->label;
    if (i->label < 0)
        j.claim = i->class >= 0 ? ay_golden_wanted(c->set, i->class) : best_wanted(c, row);
    if (j.claim >= 0) {
        j.claimed = score_at(c, row, j.claim);
        j.threshold = threshold_at(c, row, j.claim);
        j.match = j.claimed >= j.threshold; /* not so when it is NAN */
    }
    j.guess = i->label >= 0 ? j.nearest : j.match ? j.claim : -1;
    j.correct = j.guess == j.truth;
    return j;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void tally(ay_judgement *j)
{
    int64_t good = 0, good_right = 0, bad = 0, bad_right = 0, decided = 0;
    size_t side = (size_t)j->nlabels + 1;

    for (size_t r = 0; r < j->n; r++) {
        const ay_judged *row = &j->rows[r];
        size_t truth = row->truth >= 0 ? (size_t)row->truth : side - 1;
        size_t guess = row->guess >= 0 ? (size_t)row->guess : side - 1;
        j->confusion[truth * side + guess]++;
        good += row->truth >= 0;
        good_right += row->truth >= 0 && row->correct;
        bad += row->truth < 0;
        bad_right += row->truth < 0 && row->correct;
        decided += row->match == (row->truth >= 0);
    }
    j->good = ay_rate_of(good_right, good);
    j->bad = ay_rate_of(bad_right, bad);
    j->accuracy = ay_rate_of(good_right + bad_right, good + bad);
    j->decided = ay_rate_of(decided, good + bad);
}

/* Good held-out pictures as queries to each other. */
static ay_status retrieve(ay_judgement *j, const ay_golden_set *set, ay_err *err)
{
    size_t dim = (size_t)set->dim;
    float *rows = ay_alloc(j->n * dim + 1, sizeof *rows);
    int *labels = ay_alloc(j->n + 1, sizeof *labels), n = 0;
    ay_status status = rows && labels ? AY_OK : ay_fail(err, AY_ENOMEM, "retrieval among %zu pictures", j->n);

    for (size_t r = 0; r < j->n && status == AY_OK; r++) {
        if (j->rows[r].truth < 0)
            continue;
        memcpy(rows + (size_t)n * dim, set->vectors + j->rows[r].item * dim, dim * sizeof *rows);
        labels[n++] = j->rows[r].truth;
    }
    if (status == AY_OK)
        status = ay_retrieval_measure(&j->retrieval, rows, labels, n, set->dim, set->nlabels, 0, err);
    ay_free(rows);
    ay_free(labels);
    return status;
}

ay_status ay_judge(ay_judgement *out, const ay_golden_set *set, const ay_golden_scores *s, const ay_thresholds *t, ay_err *err)
{
    court c = {set, s, t};
    size_t side = (size_t)set->nlabels + 1;
    ay_status status;

    *out = (ay_judgement){.n = s->n, .lost = s->lost, .nlabels = set->nlabels};
    out->rows = ay_alloc(s->n + 1, sizeof *out->rows);
    out->confusion = ay_calloc(side * side, sizeof *out->confusion);
    if (!out->rows || !out->confusion) {
        ay_judgement_fini(out);
        return ay_fail(err, AY_ENOMEM, "answers for %zu pictures", s->n);
    }
    for (size_t r = 0; r < s->n; r++)
        out->rows[r] = judge_row(&c, r);
    tally(out);
    status = retrieve(out, set, err);
    if (status != AY_OK)
        ay_judgement_fini(out);
    return status;
}

void ay_judgement_fini(ay_judgement *j)
{
    ay_free(j->rows);
    ay_free(j->confusion);
    *j = (ay_judgement){0};
}

/* ---- as text --------------------------------------------------------------------------------- */

static void number(ay_buf *out, double v)
{
    ay_buf_putc(out, ',');
    if (isfinite(v))
        ay_buf_printf(out, "%.9g", v);
}

void ay_judgement_csv(const ay_judgement *j, const ay_golden_set *set, const ay_goldens *g, ay_buf *out)
{
    ay_buf_puts(out, "image,true_class,pred_class,similarity,correct,decision,similarity_to_claim,threshold,nearest_golden,ok,rotate\n");
    for (size_t r = 0; r < j->n; r++) {
        const ay_judged *row = &j->rows[r];
        const ay_golden_item *i = &set->items[row->item];
        ay_csv_field(out, i->path);
        ay_buf_putc(out, ',');
        ay_csv_field(out, ay_judged_name(set, row->truth));
        ay_buf_putc(out, ',');
        ay_csv_field(out, ay_judged_name(set, row->guess));
        number(out, row->similarity);
        ay_buf_printf(out, ",%s,%s", row->correct ? "True" : "False", row->match ? "match" : "no match");
        number(out, row->claimed);
        number(out, row->threshold);
        ay_buf_putc(out, ',');
        ay_csv_field(out, row->sample >= 0 ? set->items[g->samples[row->sample].item].path : "");
        ay_buf_printf(out, ",%s,%d\n", row->match == (row->truth >= 0) ? "True" : "False", i->rotate);
    }
}
