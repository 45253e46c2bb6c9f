/* bench/decision/outcome.c - table 2: match, ambiguous, no match, for known things and for strangers;
 * and the choice of the constants behind them by leaving each source out. */
#include "base/mem.h"
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BINS = 10 };

typedef struct {
    double n, match, right, ambiguous, far; /* counts; right: of the matches */
} outcome;

typedef struct {
    outcome known, near, stranger;
    double bin_p[BINS], bin_right[BINS];
    float *score[3]; /* similarities of known, near, stranger */
    int n[3];
    double area[2]; /* known against near, and against strangers; summed over draws */
} result;

/* What scan.c decides, as counts. */
static void judge(const gallery *g, const ay_calibration *cal, double sure, const int a[RULES],
                  int truth, outcome *o)
{
    o->n++;
    if (g->tally[a[NEAREST]].max < cal->threshold)
        o->far++;
    else if (g->tally[a[VOTE]].share < sure || a[VOTE] != a[NEAREST])
        o->ambiguous++;
    else {
        o->match++;
        o->right += a[VOTE] == truth;
    }
}

static outcome *place(result *r, int truth)
{
    return truth >= 0 ? &r->known : truth == NEAR ? &r->near : &r->stranger;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Chance that a known one is more similar than a stranger; both sorted. */
static double area(const float *known, int n, const float *other, int m)
{
    double sum = 0;
    int below = 0;

    for (int i = 0; i < n; i++) {
        while (below < m && other[below] < known[i])
            below++;
        sum += below;
    }
    return n && m ? sum / n / m : 0;
}

static void ask_all(gallery *g, const ay_calibration *cal, result *r)
{
    for (int k = 0; k < 3; k++)
        r->n[k] = 0;
    for (int i = 0; i < g->nq; i++) {
        int a[RULES], truth = g->q[i].truth, kind = truth >= 0 ? 0 : -truth;
        gallery_ask(g, cal, &g->q[i], a);
        judge(g, cal, AY_SURE, a, truth, place(r, truth));
        r->score[kind][r->n[kind]++] = g->tally[a[NEAREST]].max;
        if (truth >= 0) {
            double share = g->tally[a[VOTE]].share;
            int bin = (int)fmin(BINS - 1, share * BINS);
            r->bin_p[bin] += share;
            r->bin_right[bin] += a[VOTE] == truth;
        }
    }
    for (int k = 0; k < 3; k++)
        qsort(r->score[k], (size_t)r->n[k], sizeof *r->score[k], by_value);
    for (int k = 0; k < 2; k++)
        r->area[k] += area(r->score[0], r->n[0], r->score[k + 1], r->n[k + 1]);
}

static void row(gallery *g, const bench *b, int shots, double cell[MOST_CELLS])
{
    result r = {0};
    double error = 0;
    ay_rng rng;

    for (int k = 0; k < 3; k++)
        if (!(r.score[k] = ay_calloc((size_t)g->s->n + (size_t)b->n * STRANGERS, sizeof(float))))
            die("memory", NULL);
    for (int i = 0; i < b->repeats; i++) {
        ay_calibration cal;
        ay_rng_init3(&rng, 3, (uint64_t)shots, (uint64_t)i);
        gallery_draw(g, b, shots, KEPT_OUT, &rng);
        gallery_calibrate(g, NULL, &cal);
        ask_all(g, &cal, &r);
    }
    for (int k = 0; k < BINS; k++)
        error += fabs(r.bin_p[k] - r.bin_right[k]) / r.known.n;
    *cell++ = 100 * r.known.match / r.known.n;
    *cell++ = 100 * r.known.right / fmax(1, r.known.match);
    for (const outcome *o = &r.known; o <= &r.stranger; o++) {
        if (o != &r.known)
            *cell++ = 100 * o->match / o->n;
        *cell++ = 100 * o->ambiguous / o->n;
        *cell++ = 100 * o->far / o->n;
    }
    *cell++ = 100 * error;
    *cell++ = r.area[0] / b->repeats;
    *cell++ = r.area[1] / b->repeats;
    for (int k = 0; k < 3; k++)
        ay_free(r.score[k]);
}

void table_outcome(const bench *b)
{
    static const table t = {"| source | a class | known: match | of these right | ambiguous | no match |"
                            " near stranger: match | ambiguous | no match |"
                            " far stranger: match | ambiguous | no match |"
                            " calibration error | ROC near | ROC far |",
                            "0100000000122",
                            {1, 3, 10, 40, MIXED},
                            5,
                            row};

    table_print(b, &t);
}

/* ---- the choice */

enum { LEASTS = 3, MOSTS = 6, SURES = 5, RULINGS = LEASTS * MOSTS * SURES };
static const double leasts[LEASTS] = {0.02, 0.05, 0.10};
static const double mosts[MOSTS] = {0.05, 0.10, 0.15, 0.20, 0.25, 0.30};
static const double sures[SURES] = {0.50, 0.60, 0.70, 0.80, 0.90};

/* Shares: right, wrong and refused of the known; matched of near and of far strangers. */
typedef struct {
    double right, wrong, near, far;
} rates;

static void try_rulings(gallery *g, const ay_rng *drawn, const bench *b, int shots, rates *sum)
{
    for (int l = 0; l < LEASTS; l++)
        for (int m = 0; m < MOSTS; m++) {
            ay_refusal refusal = {leasts[l], fmax(leasts[l], mosts[m])};
            result r[SURES] = {{.area = {0}}};
            ay_calibration cal;
            ay_rng rng = *drawn;
            gallery_draw(g, b, shots, KEPT_OUT, &rng);
            gallery_calibrate(g, &refusal, &cal);
            for (int i = 0; i < g->nq; i++) {
                int a[RULES], truth = g->q[i].truth;
                gallery_ask(g, &cal, &g->q[i], a);
                for (int k = 0; k < SURES; k++)
                    judge(g, &cal, sures[k], a, truth, place(&r[k], truth));
            }
            for (int k = 0; k < SURES; k++) {
                rates *to = &sum[(l * MOSTS + m) * SURES + k];
                to->right += r[k].known.right / r[k].known.n;
                to->wrong += (r[k].known.match - r[k].known.right) / r[k].known.n;
                to->near += r[k].near.match / r[k].near.n;
                to->far += r[k].stranger.match / r[k].stranger.n;
            }
        }
}

/* Half of the questions are known things, a quarter near, a quarter far strangers.  A false claim
 * costs 1, sending a known thing back costs `refusal`. */
static double cost(const rates *r, double refusal)
{
    return 0.5 * (r->wrong + refusal * (1 - r->right - r->wrong)) + 0.25 * (r->near + r->far);
}

/* The best of all rulings, summed over all sources but one (-1: all). */
static int choose(rates (*all)[RULINGS], int n, int without, double refusal)
{
    double least = INFINITY;
    int best = 0;

    for (int k = 0; k < RULINGS; k++) {
        double sum = 0;
        for (int i = 0; i < n; i++)
            sum += i == without ? 0 : cost(&all[i][k], refusal);
        if (sum < least) {
            least = sum;
            best = k;
        }
    }
    return best;
}

static void print_choice(rates (*all)[RULINGS], const bench *b, int without, double refusal)
{
    int k = choose(all, b->n, without, refusal);

    printf("| %s | %.2f | %.0f to %.0f %% | %.2f |", without < 0 ? "none" : b->list[without].name,
           refusal, 100 * leasts[k / SURES / MOSTS], 100 * mosts[k / SURES % MOSTS],
           sures[k % SURES]);
    if (without >= 0)
        printf(" %.0f | %.0f | %.0f | %.0f |", 100 * all[without][k].right,
               100 * all[without][k].wrong, 100 * all[without][k].near, 100 * all[without][k].far);
    else
        printf(" | | | |");
    printf("\n");
}

/* The place of a ruling in the list. */
static int ruling(double least, double most, double sure)
{
    for (int k = 0; k < RULINGS; k++)
        if (leasts[k / SURES / MOSTS] == least && mosts[k / SURES % MOSTS] == most &&
            sures[k % SURES] == sure)
            return k;
    die("no such ruling", NULL);
    return -1;
}

/* What the first constants gave, and what the present ones give. */
static void print_before_and_now(rates (*all)[RULINGS], const bench *b)
{
    int k[2] = {ruling(0.05, 0.05, 0.60), ruling(AY_REFUSE_LEAST, AY_REFUSE_MOST, AY_SURE)};
    double sum[8] = {0};

    printf("\n| source | before: right | wrong | near stranger: match | far stranger: match |"
           " now: right | wrong | near stranger: match | far stranger: match |\n"
           "|---|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i <= b->n; i++) {
        printf("| %s |", i < b->n ? b->list[i].name : "**mean**");
        for (int c = 0; c < 8; c++) {
            const rates *r = &all[i][k[c / 4]];
            double value[4] = {r->right, r->wrong, r->near, r->far};
            sum[c] += value[c % 4] / b->n;
            printf(" %.0f |", 100 * (i < b->n ? value[c % 4] : sum[c]));
        }
        printf("\n");
    }
}

void table_choice(const bench *b)
{
    static const int shots[] = {3, 5, 10, 40, MIXED};
    enum { SHOTS = sizeof shots / sizeof *shots };
    static const double refusals[] = {0.75, 0.85, 1};
    static rates all[MOST_SOURCES + 1][RULINGS]; /* one more, of zeros: the row of means */

    for (int i = 0; i < b->n; i++) {
        gallery g;
        gallery_open(&g, b, i);
        for (int k = 0; k < SHOTS; k++)
            for (int r = 0; r < b->repeats; r++) {
                ay_rng rng;
                ay_rng_init3(&rng, 4, (uint64_t)shots[k], (uint64_t)r);
                try_rulings(&g, &rng, b, shots[k], all[i]);
            }
        for (int k = 0; k < RULINGS; k++) {
            rates *r = &all[i][k];
            r->right /= SHOTS * b->repeats, r->wrong /= SHOTS * b->repeats;
            r->near /= SHOTS * b->repeats, r->far /= SHOTS * b->repeats;
        }
        gallery_close(&g);
    }
    printf("\n| left out | a refusal costs | sends back | sure | there: right | wrong |"
           " near stranger: match | far stranger: match |\n|---|---|---|---|---|---|---|---|\n");
    for (size_t f = 0; f < sizeof refusals / sizeof *refusals; f++)
        for (int i = -1; i < b->n; i++)
            print_choice(all, b, i, refusals[f]);
    print_before_and_now(all, b);
}
