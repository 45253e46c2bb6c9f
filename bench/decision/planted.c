/* bench/decision/planted.c - table 3: suspects.  Wrong labels, or pictures of strangers, are planted
 * among right ones; how many are found, and how many of the found were planted? */
#include "base/mem.h"
#include "bench.h"
#include "service/suspects.h"

#include <math.h>
#include <string.h>

#define SHARE 0.05

typedef struct {
    double planted, found, both, suggested, right; /* right: suggestions of the true class */
} count;

/* Swap labels (or vectors, for strangers) of a share of the gallery; mark them. */
static void plant(gallery *g, const bench *b, bool strangers, bool *mark, int *truth, ay_rng *rng)
{
    int n = (int)(SHARE * g->n + 0.5);

    memset(mark, 0, (size_t)g->n * sizeof *mark);
    memcpy(truth, g->label, (size_t)g->n * sizeof *truth);
    for (int i = 0; i < n;) {
        uint32_t at = ay_rng_below(rng, (uint32_t)g->n);
        const source *s = &b->list[ay_rng_below(rng, (uint32_t)b->n)];
        if (mark[at] || (strangers && s == g->s))
            continue;
        mark[at] = true;
        i++;
        if (strangers)
            memcpy(g->v + (size_t)at * (size_t)s->dim,
                   s->v + (size_t)ay_rng_below(rng, (uint32_t)s->n) * (size_t)s->dim,
                   (size_t)s->dim * sizeof *g->v);
        else
            g->label[at] =
                (g->label[at] + 1 + (int)ay_rng_below(rng, (uint32_t)g->classes - 1)) % g->classes;
    }
}

/* kind < 0: both kinds count. */
static void search(gallery *g, int kind, const bool *mark, const int *truth, count *c)
{
    ay_rows rows = {g->v, (size_t)g->n, g->s->dim};
    ay_calibration cal;

    gallery_calibrate(g, NULL, &cal);
    for (int i = 0; i < g->n; i++) {
        ay_suspicion s;
        if (ay_search_scores(&rows, g->v + (size_t)i * (size_t)rows.dim, 1, 1, g->scores, NULL) !=
            AY_OK)
            die("search", NULL);
        c->planted += mark[i];
        if (!ay_suspect_judge(g->scores, (size_t)i, g->label, g->id, rows.n, g->classes, &cal,
                              g->tally, &s) ||
            !s.found || (kind >= 0 && (int)s.kind != kind))
            continue;
        c->found++;
        c->both += mark[i];
        if (mark[i] && s.suggestion >= 0) {
            c->suggested++;
            c->right += s.suggestion == truth[i];
        }
    }
}

static void row(gallery *g, const bench *b, int shots, double cell[MOST_CELLS])
{
    bool *mark = ay_calloc((size_t)g->s->n, sizeof *mark);
    int *truth = ay_calloc((size_t)g->s->n, sizeof *truth);
    count label = {0}, stranger = {0};
    ay_rng rng;

    if (!mark || !truth)
        die("memory", NULL);
    for (int r = 0; r < b->repeats; r++) {
        ay_rng_init3(&rng, 5, (uint64_t)shots, (uint64_t)r);
        gallery_draw(g, b, shots, 0, &rng);
        plant(g, b, false, mark, truth, &rng);
        search(g, AY_SUSPECT_WRONG_CLASS, mark, truth, &label);
        gallery_draw(g, b, shots, 0, &rng);
        plant(g, b, true, mark, truth, &rng);
        search(g, -1, mark, truth, &stranger);
    }
    *cell++ = label.planted / b->repeats;
    *cell++ = label.found / b->repeats;
    *cell++ = 100 * label.both / fmax(1, label.found);
    *cell++ = 100 * label.both / label.planted;
    *cell++ = 100 * label.right / fmax(1, label.suggested);
    *cell++ = stranger.found / b->repeats;
    *cell++ = 100 * stranger.both / fmax(1, stranger.found);
    *cell++ = 100 * stranger.both / stranger.planted;
    ay_free(mark);
    ay_free(truth);
}

void table_planted(const bench *b)
{
    static const table t = {"| source | a class | planted | wrong labels: named | precision | recall |"
                            " suggestion right | strangers: named | precision | recall |",
                            "11000100",
                            {10, 55},
                            2,
                            row};

    table_print(b, &t);
}
