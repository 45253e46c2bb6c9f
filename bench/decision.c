/* bench/decision.c - which rule should decide, and what may be promised about it.
 *
 *     build/release/bench/decision [--repeats N] [--one-threshold] SOURCE...
 *
 * A SOURCE is a folder of folders, embedded here with the default encoder, or a .vec file
 * (tools/picture-features writes them).  From each source galleries are drawn at random (seeded) with
 * 1, 3, 5, 10 and 40 pictures a class and with 2, 4, 8, 16 or 32 by chance ("mixed"); the other
 * pictures are the questions.
 *
 * Table 1  accuracy, mean over classes, of five rules; in brackets how often the rule's class is not
 *          that of the most similar picture.  "vote" is what ships (service/calibrate.c).
 * Table 2  what ships, with two classes kept out of the gallery: what it answers to known and to
 *          unknown things, how far its probability is from the truth (expected calibration error, ten
 *          bins), and how well the similarity tells known from unknown (area under the ROC curve).
 *          --one-threshold: the same with one threshold for all classes, for comparison.
 * doc/decision.md tells what was learnt. */
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "engine/engine.h"
#include "service/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CLASSES = 64, RULES = 5, KEPT_OUT = 2, MIXED = 0, BINS = 10 };

static const char *const rule_names[RULES] = {"mean", "nearest", "top 3", "5 nearest", "vote"};
static int repeats = 20;
static bool one_threshold;

typedef struct {
    const char *name;
    int32_t n, dim, classes;
    int32_t *label;
    float *v;
} source;

static void die(const char *what, const ay_err *err)
{
    fprintf(stderr, "decision: %s %s\n", what, err ? err->msg : "");
    exit(1);
}

/* ---- sources */

static void read_vec(const char *path, source *s)
{
    FILE *f = fopen(path, "rb");
    int32_t head[3];

    if (!f || fread(head, sizeof head, 1, f) != 1 || head[0] < 1 || head[1] < 1 || head[2] < 2 ||
        head[2] > MOST_CLASSES)
        die(path, NULL);
    s->n = head[0], s->dim = head[1], s->classes = head[2];
    s->label = ay_calloc((size_t)s->n, sizeof *s->label);
    s->v = ay_calloc((size_t)s->n * (size_t)s->dim, sizeof *s->v);
    if (!s->label || !s->v || fread(s->label, sizeof *s->label, (size_t)s->n, f) != (size_t)s->n ||
        fread(s->v, sizeof *s->v * (size_t)s->dim, (size_t)s->n, f) != (size_t)s->n)
        die(path, NULL);
    fclose(f);
}

typedef struct {
    source *s;
    ay_engine *engine;
    const char *root;
    char klass[256];
    int cap;
} reading;

static ay_status read_picture(void *ctx, const char *path, ay_err *err)
{
    reading *r = ctx;
    source *s = r->s;
    const char *rest = path + strlen(r->root) + 1, *slash = strchr(rest, '/');
    ay_image im;
    const ay_image *list[] = {&im};

    if (!slash || ay_image_load(path, NULL, &im, NULL) != AY_OK)
        return AY_OK;
    if (s->classes == 0 || strncmp(r->klass, rest, (size_t)(slash - rest) + 1) != 0) {
        snprintf(r->klass, sizeof r->klass, "%.*s/", (int)(slash - rest), rest);
        if (++s->classes > MOST_CLASSES)
            die("too many classes in", NULL);
    }
    if (s->n == r->cap) {
        r->cap = 2 * r->cap + 256;
        s->label = ay_realloc(s->label, (size_t)r->cap, sizeof *s->label);
        s->v = ay_realloc(s->v, (size_t)r->cap * (size_t)s->dim, sizeof *s->v);
        if (!s->label || !s->v)
            die("memory", NULL);
    }
    s->label[s->n] = s->classes - 1;
    if (ay_engine_embed(r->engine, list, 1, s->v + (size_t)s->n++ * (size_t)s->dim, err) != AY_OK)
        die(path, err);
    ay_image_fini(&im);
    return AY_OK;
}

static void read_folder(const char *path, source *s)
{
    ay_engine_options o = {0};
    reading r = {.s = s, .root = path};
    ay_err err = {{0}};

    if (ay_engine_open(&r.engine, &o, &err) != AY_OK)
        die("engine:", &err);
    s->dim = ay_engine_get_info(r.engine)->dim;
    printf("%s: encoder %s %s, digest %.12s\n", path, ay_engine_get_info(r.engine)->name,
           ay_engine_get_info(r.engine)->version, ay_engine_get_info(r.engine)->digest);
    if (ay_file_walk(path, read_picture, &r, &err) != AY_OK)
        die(path, &err);
    ay_engine_close(r.engine);
}

/* ---- one gallery drawn from a source */

typedef struct {
    const source *s;
    int n, nq, classes;  /* classes in the gallery are 0..classes-1 by `map` */
    int *row, *question; /* indices into the source */
    int *label;          /* of gallery rows */
    int64_t *id;
    int map[MOST_CLASSES]; /* source class -> gallery class, or -1: kept out */
    float *v, *scores;
    ay_tally *tally;
} gallery;

static void shuffle(int *p, int n, ay_rng *rng)
{
    for (int i = n - 1; i > 0; i--) {
        int k = (int)ay_rng_below(rng, (uint32_t)i + 1), keep = p[i];
        p[i] = p[k];
        p[k] = keep;
    }
}

static void draw_gallery(gallery *g, int shots, int kept_out, ay_rng *rng)
{
    const source *s = g->s;
    int order[MOST_CLASSES], members[8192];

    for (int c = 0; c < s->classes; c++)
        order[c] = c;
    if (kept_out)
        shuffle(order, s->classes, rng);
    g->n = g->nq = g->classes = 0;
    for (int k = 0; k < s->classes; k++) {
        int c = order[k], m = 0, take = shots;
        for (int i = 0; i < s->n && m < 8192; i++)
            if (s->label[i] == c)
                members[m++] = i;
        shuffle(members, m, rng);
        if (shots == MIXED)
            take = 2 << ay_rng_below(rng, 5);
        if (take > m - 5)
            take = m - 5;
        g->map[c] = k < kept_out ? -1 : g->classes++;
        if (k < kept_out)
            take = 0;
        for (int i = 0; i < m; i++) {
            if (i >= take) {
                g->question[g->nq++] = members[i];
                continue;
            }
            g->label[g->n] = g->map[c];
            g->id[g->n] = g->n;
            memcpy(g->v + (size_t)g->n * (size_t)s->dim, s->v + (size_t)members[i] * (size_t)s->dim,
                   (size_t)s->dim * sizeof *g->v);
            g->row[g->n++] = members[i];
        }
    }
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
    double value[MOST_CLASSES] = {0};
    bool used[8192] = {false};

    for (int k = 0; k < 5 && k < g->n; k++) {
        int best = -1;
        for (int i = 0; i < g->n; i++)
            if (!used[i] && (best < 0 || g->scores[i] > g->scores[best]))
                best = i;
        used[best] = true;
        value[g->label[best]] += 1 + 1e-6 * g->scores[best];
    }
    return best_of(value, g->classes);
}

/* Answers of all rules; vote last, so that tally is its own afterwards. */
static void answer(gallery *g, const ay_calibration *cal, int question, int out[RULES])
{
    const float *q = g->s->v + (size_t)question * (size_t)g->s->dim;
    ay_rows rows = {g->v, (size_t)g->n, g->s->dim};
    double mean[MOST_CLASSES], near[MOST_CLASSES], share[MOST_CLASSES];

    if (ay_search_scores(&rows, q, 1, 1, g->scores, NULL) != AY_OK)
        die("search", NULL);
    ay_tally_make(g->scores, g->label, g->id, (size_t)g->n, g->classes, cal->temperature, g->tally);
    for (int c = 0; c < g->classes; c++) {
        mean[c] = g->tally[c].mean;
        near[c] = g->tally[c].max;
        share[c] = g->tally[c].share;
    }
    out[0] = best_of(mean, g->classes);
    out[1] = best_of(near, g->classes);
    out[2] = rule_top(g);
    out[3] = rule_knn(g);
    out[4] = best_of(share, g->classes);
}

static void calibrate(const gallery *g, ay_calibration *cal)
{
    ay_rows rows = {g->v, (size_t)g->n, g->s->dim};
    ay_err err = {{0}};

    if (ay_calibrate(&rows, g->label, g->classes, 1, cal, &err) != AY_OK)
        die("calibrate", &err);
}

/* ---- table 1 */

static void accuracy_row(gallery *g, int shots)
{
    double accuracy[RULES] = {0}, against[RULES] = {0};
    ay_rng rng;

    for (int r = 0; r < repeats; r++) {
        int right[RULES][MOST_CLASSES] = {{0}}, asked[MOST_CLASSES] = {0};
        ay_calibration cal;
        ay_rng_init3(&rng, 2, (uint64_t)shots, (uint64_t)r);
        draw_gallery(g, shots, 0, &rng);
        calibrate(g, &cal);
        for (int i = 0; i < g->nq; i++) {
            int a[RULES], truth = g->s->label[g->question[i]];
            answer(g, &cal, g->question[i], a);
            asked[truth]++;
            for (int k = 0; k < RULES; k++) {
                right[k][truth] += a[k] == g->map[truth];
                against[k] += (a[k] != a[1]) / (double)g->nq / repeats;
            }
        }
        ay_calibration_fini(&cal);
        for (int k = 0; k < RULES; k++)
            for (int c = 0; c < g->s->classes; c++)
                accuracy[k] += right[k][c] / (double)asked[c] / g->s->classes / repeats;
    }
    printf("| %s | ", g->s->name);
    if (shots == MIXED)
        printf("mixed |");
    else
        printf("%d |", shots);
    for (int k = 0; k < RULES; k++)
        printf(" %.1f (%.0f) |", 100 * accuracy[k], 100 * against[k]);
    printf("\n");
}

/* ---- table 2 */

typedef struct {
    double match, right, ambiguous, far; /* shares; right: of the matches */
    int n, nmatch;
} outcome;

typedef struct {
    double bin_p[BINS], bin_right[BINS];
    int bin_n[BINS];
    float *known, *unknown; /* similarities */
    int nknown, nunknown;
} pool;

/* What scan.c decides, as counts. */
static void judge(const gallery *g, const ay_calibration *cal, const int a[RULES], int truth,
                  outcome *o, pool *p)
{
    const ay_tally *vote = &g->tally[a[4]], *near = &g->tally[a[1]];

    o->n++;
    if (truth >= 0) {
        int bin = (int)fmin(BINS - 1, vote->share * BINS);
        p->bin_n[bin]++;
        p->bin_p[bin] += vote->share;
        p->bin_right[bin] += a[4] == truth;
        p->known[p->nknown++] = near->max;
    } else {
        p->unknown[p->nunknown++] = near->max;
    }
    if (near->max < (one_threshold ? cal->threshold : cal->thresholds[a[1]])) {
        o->far++;
    } else if (vote->share < AY_SURE || a[4] != a[1]) {
        o->ambiguous++;
    } else {
        o->nmatch++;
        o->right += a[4] == truth;
    }
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

/* Chance that a known one is more similar than an unknown one. */
static double area(pool *p)
{
    double sum = 0;
    int below = 0;

    qsort(p->known, (size_t)p->nknown, sizeof *p->known, by_value);
    qsort(p->unknown, (size_t)p->nunknown, sizeof *p->unknown, by_value);
    for (int i = 0; i < p->nknown; i++) {
        while (below < p->nunknown && p->unknown[below] < p->known[i])
            below++;
        sum += below;
    }
    return p->nknown && p->nunknown ? sum / p->nknown / p->nunknown : 0;
}

static void outcome_row(gallery *g, int shots)
{
    outcome known = {0}, unknown = {0};
    size_t most = (size_t)g->s->n * (size_t)repeats;
    pool p = {.known = ay_calloc(most, sizeof(float)), .unknown = ay_calloc(most, sizeof(float))};
    double error = 0, sum_area = 0;
    ay_rng rng;

    for (int r = 0; p.known && p.unknown && r < repeats; r++) {
        ay_calibration cal;
        ay_rng_init3(&rng, 3, (uint64_t)shots, (uint64_t)r);
        draw_gallery(g, shots, KEPT_OUT, &rng);
        calibrate(g, &cal);
        p.nknown = p.nunknown = 0;
        for (int i = 0; i < g->nq; i++) {
            int a[RULES], truth = g->map[g->s->label[g->question[i]]];
            answer(g, &cal, g->question[i], a);
            judge(g, &cal, a, truth, truth >= 0 ? &known : &unknown, &p);
        }
        sum_area += area(&p) / repeats;
        ay_calibration_fini(&cal);
    }
    for (int b = 0; b < BINS; b++)
        error += fabs(p.bin_p[b] - p.bin_right[b]) / known.n;
    printf("| %s | ", g->s->name);
    if (shots == MIXED)
        printf("mixed |");
    else
        printf("%d |", shots);
    printf(" %.0f | %.1f | %.0f | %.0f | %.0f | %.0f | %.0f | %.1f | %.2f |\n",
           100.0 * known.nmatch / known.n, 100 * known.right / known.nmatch,
           100 * known.ambiguous / known.n, 100 * known.far / known.n,
           100.0 * unknown.nmatch / unknown.n, 100 * unknown.ambiguous / unknown.n,
           100 * unknown.far / unknown.n, 100 * error, sum_area);
    ay_free(p.known);
    ay_free(p.unknown);
}

static void open_gallery(gallery *g, const source *s)
{
    size_t n = (size_t)s->n;

    *g = (gallery){.s = s};
    g->row = ay_calloc(n, sizeof *g->row);
    g->question = ay_calloc(n, sizeof *g->question);
    g->label = ay_calloc(n, sizeof *g->label);
    g->id = ay_calloc(n, sizeof *g->id);
    g->v = ay_calloc(n * (size_t)s->dim, sizeof *g->v);
    g->scores = ay_calloc(n, sizeof *g->scores);
    g->tally = ay_calloc(MOST_CLASSES, sizeof *g->tally);
    if (!g->row || !g->question || !g->label || !g->id || !g->v || !g->scores || !g->tally)
        die("memory", NULL);
}

static void read_source(const char *path, source *s)
{
    size_t n = strlen(path);
    const char *slash;

    if (n > 4 && strcmp(path + n - 4, ".vec") == 0)
        read_vec(path, s);
    else
        read_folder(path, s);
    slash = strrchr(path, '/');
    s->name = slash ? slash + 1 : path;
    if (s->n > 8192)
        die("more than 8192 pictures in", NULL);
}

int main(int argc, char **argv)
{
    static const int shots[] = {1, 3, 5, 10, 40, MIXED};
    static source sources[16];
    static gallery galleries[16];
    int n = 0;

    for (int i = 1; i < argc && n < 16; i++) {
        if (strcmp(argv[i], "--repeats") == 0 && i + 1 < argc) {
            repeats = atoi(argv[++i]);
            continue;
        }
        if (strcmp(argv[i], "--one-threshold") == 0) {
            one_threshold = true;
            continue;
        }
        read_source(argv[i], &sources[n]);
        open_gallery(&galleries[n], &sources[n]);
        n++;
    }
    printf("\n| source | a class |");
    for (int k = 0; k < RULES; k++)
        printf(" %s |", rule_names[k]);
    printf("\n|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof shots / sizeof *shots; k++)
            accuracy_row(&galleries[i], shots[k]);
    printf("\n| source | a class | known: match | of these right | ambiguous | no match |"
           " unknown: match | ambiguous | no match | calibration error | ROC area |\n"
           "|---|---|---|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof shots / sizeof *shots; k++)
            outcome_row(&galleries[i], shots[k]);
    return 0;
}
