/* bench/decision/gallery.c - one gallery drawn from a source, and what five rules answer. */
#include "base/mem.h"
#include "bench.h"

#include <stdio.h>
#include <string.h>

const char *const rule_names[RULES] = {"mean", "nearest", "top 3", "5 nearest", "vote"};

const char *shots_name(int shots)
{
    static char text[16];

    snprintf(text, sizeof text, shots == MIXED ? "mixed" : "%d", shots);
    return text;
}

void gallery_open(gallery *g, const bench *b, int which)
{
    const source *s = &b->list[which];
    size_t n = (size_t)s->n, strangers = (size_t)b->n * STRANGERS;

    *g = (gallery){.s = s};
    g->label = ay_calloc(n, sizeof *g->label);
    g->id = ay_calloc(n, sizeof *g->id);
    g->v = ay_calloc(n * (size_t)s->dim, sizeof *g->v);
    g->scores = ay_calloc(n, sizeof *g->scores);
    g->q = ay_calloc(n + strangers, sizeof *g->q);
    g->tally = ay_calloc(MOST_CLASSES, sizeof *g->tally);
    if (!g->label || !g->id || !g->v || !g->scores || !g->q || !g->tally)
        die("memory", NULL);
}

void gallery_close(gallery *g)
{
    ay_free(g->label);
    ay_free(g->id);
    ay_free(g->v);
    ay_free(g->scores);
    ay_free(g->q);
    ay_free(g->tally);
}

static void print_row(const table *t, const char *name, int shots, const double *cell, double parts)
{
    printf("| %s | %s |", name, shots_name(shots));
    for (const char *p = t->cells; *p; p++, cell++)
        if (*p == 'p')
            printf(" %.1f", *cell / parts);
        else if (*p == 'b')
            printf(" (%.0f) |", *cell / parts);
        else
            printf(" %.*f |", *p - '0', *cell / parts);
    printf("\n");
}

void table_print(const bench *b, const table *t)
{
    double sum[8][MOST_CELLS] = {{0}};

    printf("\n%s\n", t->head);
    for (const char *p = t->head; *p; p++)
        if (*p == '|')
            printf("|%s", p[1] ? "---" : "\n");
    for (int i = 0; i < b->n; i++) {
        gallery g;
        gallery_open(&g, b, i);
        for (int k = 0; k < t->nshots; k++) {
            double cell[MOST_CELLS] = {0};
            t->row(&g, b, t->shots[k], cell);
            print_row(t, g.s->name, t->shots[k], cell, 1);
            for (int c = 0; c < MOST_CELLS; c++)
                sum[k][c] += cell[c];
        }
        gallery_close(&g);
    }
    for (int k = 0; k < t->nshots; k++)
        print_row(t, "**mean**", t->shots[k], sum[k], b->n);
}

static void shuffle(int *p, int n, ay_rng *rng)
{
    for (int i = n - 1; i > 0; i--) {
        int k = (int)ay_rng_below(rng, (uint32_t)i + 1), keep = p[i];
        p[i] = p[k];
        p[k] = keep;
    }
}

/* One class: `take` of its pictures go in as class `as` (negative: none), the rest are asked. */
static void draw_class(gallery *g, int c, int shots, int as, ay_rng *rng)
{
    const source *s = g->s;
    int members[MOST_A_CLASS], m = 0, take = shots;

    for (int i = 0; i < s->n && m < MOST_A_CLASS; i++)
        if (s->label[i] == c)
            members[m++] = i;
    shuffle(members, m, rng);
    if (shots == MIXED)
        take = 2 << ay_rng_below(rng, 5);
    if (take > m - 5)
        take = m > 6 ? m - 5 : 1;
    if (as < 0)
        take = 0;
    for (int i = 0; i < m && i < take + QUESTIONS; i++) {
        const float *v = s->v + (size_t)members[i] * (size_t)s->dim;
        if (i >= take) {
            g->q[g->nq++] = (question){v, as};
            continue;
        }
        g->label[g->n] = as;
        g->id[g->n] = g->n;
        memcpy(g->v + (size_t)g->n++ * (size_t)s->dim, v, (size_t)s->dim * sizeof *v);
    }
}

void gallery_draw(gallery *g, const bench *b, int shots, int kept_out, ay_rng *rng)
{
    int order[MOST_CLASSES], n = g->s->classes;

    for (int c = 0; c < n; c++)
        order[c] = c;
    shuffle(order, n, rng);
    g->n = g->nq = g->classes = 0;
    for (int k = 0; k < n && k < kept_out + MOST_IN_GALLERY; k++)
        draw_class(g, order[k], shots, k < kept_out ? NEAR : g->classes++, rng);
    for (int i = 0; kept_out && i < b->n; i++)
        for (int k = 0; &b->list[i] != g->s && k < STRANGERS; k++) {
            const source *s = &b->list[i];
            size_t row = ay_rng_below(rng, (uint32_t)s->n);
            g->q[g->nq++] = (question){s->v + row * (size_t)s->dim, FAR};
        }
}

void gallery_calibrate(const gallery *g, const ay_refusal *refusal, ay_calibration *cal)
{
    ay_rows rows = {g->v, (size_t)g->n, g->s->dim};
    ay_err err = {{0}};

    if (ay_calibrate(&rows, g->label, g->classes, 1, refusal, cal, &err) != AY_OK)
        die("calibrate:", err.msg);
}

static int best_of(const double *v, int n)
{
    int best = 0;

    for (int c = 1; c < n; c++)
        if (v[c] > v[best])
            best = c;
    return best;
}

/* The mean of the three best of each class. */
static int rule_top(const gallery *g)
{
    enum { K = 3 };
    float top[MOST_CLASSES][K];
    int count[MOST_CLASSES] = {0};
    double value[MOST_CLASSES] = {0};

    for (int i = 0; i < g->n; i++) {
        int c = g->label[i], at = count[c];
        if (at == K && g->scores[i] <= top[c][K - 1])
            continue;
        if (at < K)
            count[c]++;
        else
            at--;
        for (; at > 0 && top[c][at - 1] < g->scores[i]; at--)
            top[c][at] = top[c][at - 1];
        top[c][at] = g->scores[i];
    }
    for (int c = 0; c < g->classes; c++)
        for (int x = 0; x < count[c]; x++)
            value[c] += top[c][x] / count[c];
    return best_of(value, g->classes);
}

static int rule_knn(const gallery *g)
{
    enum { K = 5 };
    int near[K], n = 0;
    double value[MOST_CLASSES] = {0};

    for (int i = 0; i < g->n; i++) {
        int at = n;
        if (n == K && g->scores[i] <= g->scores[near[K - 1]])
            continue;
        if (n < K)
            n++;
        else
            at--;
        for (; at > 0 && g->scores[near[at - 1]] < g->scores[i]; at--)
            near[at] = near[at - 1];
        near[at] = i;
    }
    for (int k = 0; k < n; k++)
        value[g->label[near[k]]] += 1 + 1e-6 * g->scores[near[k]];
    return best_of(value, g->classes);
}

void gallery_ask(gallery *g, const ay_calibration *cal, const question *q, int out[RULES])
{
    ay_rows rows = {g->v, (size_t)g->n, g->s->dim};
    double mean[MOST_CLASSES], near[MOST_CLASSES], share[MOST_CLASSES];

    if (ay_search_scores(&rows, q->v, 1, 1, g->scores, NULL) != AY_OK)
        die("search", NULL);
    ay_tally_make(g->scores, g->label, g->id, (size_t)g->n, g->classes, cal->temperature, g->tally);
    for (int c = 0; c < g->classes; c++) {
        mean[c] = g->tally[c].mean;
        near[c] = g->tally[c].max;
        share[c] = g->tally[c].share;
    }
    out[0] = best_of(mean, g->classes);
    out[NEAREST] = best_of(near, g->classes);
    out[2] = rule_top(g);
    out[3] = rule_knn(g);
    out[VOTE] = best_of(share, g->classes);
}
