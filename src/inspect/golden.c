#include "inspect/golden.h"
#include "base/mem.h"
#include "index/silhouette.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_PART = 4, STARTS = 8, SEED = 42 };

/* The pictures of one label, as unit vectors in order of path. */
typedef struct {
    const ay_golden_set *set;
    size_t *item; /* [n] of the set */
    float *rows;  /* n x dim */
    size_t n, lost;
    int32_t *part; /* [n] */
    int parts;
    size_t count[AY_GOLDEN_PARTS];
} cloud;

static void cloud_fini(cloud *c)
{
    ay_free(c->item);
    ay_free(c->rows);
    ay_free(c->part);
}

static int by_path(const void *a, const void *b, void *ctx)
{
    const ay_golden_item *items = ctx, *x = &items[*(const size_t *)a], *y = &items[*(const size_t *)b];
    int order = strcmp(x->path, y->path);

    return order ? order : (x->rotate > y->rotate) - (x->rotate < y->rotate);
}

static ay_status cloud_init(cloud *c, const ay_golden_set *set, int label, ay_err *err)
{
    size_t most = 0, dim = (size_t)set->dim;

    *c = (cloud){.set = set, .parts = 1};
    for (size_t i = 0; i < set->n; i++)
        most += set->items[i].label == label && set->items[i].split == AY_SPLIT_TRAIN;
    c->item = ay_alloc(most + 1, sizeof *c->item);
    c->rows = ay_alloc(most * dim + 1, sizeof *c->rows);
    c->part = ay_calloc(most + 1, sizeof *c->part);
    if (!c->item || !c->rows || !c->part)
        return ay_fail(err, AY_ENOMEM, "golden samples of %zu pictures", most);
    for (size_t i = 0; i < set->n; i++) {
        if (set->items[i].label != label || set->items[i].split != AY_SPLIT_TRAIN)
            continue;
        if (ay_golden_there(set, i))
            c->item[c->n++] = i;
        else
            c->lost++;
    }
    qsort_r(c->item, c->n, sizeof *c->item, by_path, (void *)set->items);
    for (size_t i = 0; i < c->n; i++)
        ay_unit(c->rows + i * dim, set->vectors + c->item[i] * dim, set->dim);
    c->count[0] = c->n;
    return AY_OK;
}

/* ---- is it one cloud? ------------------------------------------------------------------------ */

typedef struct {
    double mean, deviation;
} spread;

static spread along(const cloud *c, const ay_kmeans *k, int part, const double *axis)
{
    double sum = 0, square = 0;
    size_t n = 0, dim = (size_t)c->set->dim;

    for (size_t i = 0; i < c->n; i++) {
        double at = 0;
        if (k->labels[i] != (uint32_t)part)
            continue;
        for (size_t d = 0; d < dim; d++)
            at += axis[d] * c->rows[i * dim + d];
        sum += at;
        square += at * at;
        n++;
    }
    return (spread){sum / (double)n, sqrt(fmax(0, square / (double)n - sum / (double)n * (sum / (double)n)))};
}

/* Ashman's D of two clouds on the line through their centres. */
static double distance_of(const cloud *c, const ay_kmeans *k, int a, int b, double *axis)
{
    size_t dim = (size_t)c->set->dim;
    double length = 0, both;
    spread x, y;

    for (size_t d = 0; d < dim; d++) {
        axis[d] = (double)k->centres[(size_t)a * dim + d] - k->centres[(size_t)b * dim + d];
        length += axis[d] * axis[d];
    }
    if (!(length > 0))
        return 0;
    for (size_t d = 0; d < dim; d++)
        axis[d] /= sqrt(length);
    x = along(c, k, a, axis);
    y = along(c, k, b, axis);
    both = sqrt((x.deviation * x.deviation + y.deviation * y.deviation) / 2);
    return fabs(x.mean - y.mean) / fmax(both, 1e-9);
}

static double least_distance(const cloud *c, const ay_kmeans *k)
{
    double *axis = ay_alloc((size_t)c->set->dim, sizeof *axis), least = INFINITY;

    for (int a = 0; axis && a < k->k; a++)
        for (int b = 0; b < a; b++)
            least = fmin(least, distance_of(c, k, a, b, axis));
    ay_free(axis);
    return isfinite(least) ? least : 0;
}

static size_t smallest(const ay_kmeans *k)
{
    size_t least = SIZE_MAX;

    for (int i = 0; i < k->k; i++)
        least = k->counts[i] < least ? k->counts[i] : least;
    return least;
}

/* Parts in order of size, of equal ones that with the first picture. */
static void take_parts(cloud *c, const ay_kmeans *k)
{
    int place[AY_GOLDEN_PARTS];
    bool used[AY_GOLDEN_PARTS] = {false};

    for (int p = 0; p < k->k; p++) {
        int best = -1;
        for (size_t i = 0; i < c->n; i++) {
            int at = (int)k->labels[i];
            if (!used[at] && (best < 0 || k->counts[at] > k->counts[best]))
                best = at;
        }
        used[best] = true;
        place[best] = p;
        c->count[p] = k->counts[best];
    }
    c->parts = k->k;
    for (size_t i = 0; i < c->n; i++)
        c->part[i] = place[k->labels[i]];
}

static const char *say(ay_goldens *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static const char *say(ay_goldens *g, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return ay_arena_strdup(&g->arena, text);
}

/* Numbers of clouds worth trying: each must have room for its least part. */
static int tries_of(const cloud *c, size_t least, ay_kmeans_try *tries)
{
    int n = 0;

    for (int k = 2; k <= AY_GOLDEN_PARTS && (size_t)k * least <= c->n; k++)
        tries[n++].k = k;
    return n;
}

static bool all_alike(const cloud *c)
{
    size_t dim = (size_t)c->set->dim;

    for (size_t i = 1; i < c->n; i++)
        if (memcmp(c->rows, c->rows + i * dim, dim * sizeof *c->rows) != 0)
            return false;
    return true;
}

double ay_golden_apart(size_t n)
{
    return 4.5 + 60 / (double)(n > 0 ? n : 1);
}

static ay_status divide(cloud *c, ay_goldens *g, ay_golden_account *a, ay_err *err)
{
    size_t least = c->n / 10 > LEAST_PART ? c->n / 10 : LEAST_PART;
    ay_rows rows = {c->rows, c->n, c->set->dim};
    ay_kmeans_options o = {.way = AY_KMEANS_LLOYD, .seed = SEED, .inits = STARTS, .threads = 1};
    ay_kmeans_try tries[AY_GOLDEN_PARTS] = {{0}};
    int n = tries_of(c, least, tries), best = 0;
    double need = ay_golden_apart(c->n);
    ay_kmeans k;
    ay_status status;

    if (n == 0 || all_alike(c)) {
        a->test = n ? say(g, "one cloud: all %zu pictures are the same to the network", c->n)
                    : say(g, "taken as one cloud: %zu pictures are too few to tell (8 are needed)", c->n);
        return AY_OK;
    }
    status = ay_kmeans_choose(&rows, &o, tries, n, &k, err);
    if (status != AY_OK)
        return status;
    while (tries[best].k != k.k)
        best++;
    a->silhouette = tries[best].silhouette;
    a->apart = least_distance(c, &k);
    if (a->silhouette >= AY_GOLDEN_SILHOUETTE && a->apart >= need && smallest(&k) >= least) {
        take_parts(c, &k);
        a->test = say(g, "%d clouds: silhouette %.2f (from %.2f on), %.1f spreads apart (from %.1f on), the smallest of %zu pictures",
                      k.k, a->silhouette, AY_GOLDEN_SILHOUETTE, a->apart, need, smallest(&k));
    } else {
        a->test = say(g, "one cloud: the best division, into %d, has silhouette %.2f (two would need %.2f), lies %.1f spreads apart "
                      "(%.1f) and its smallest part has %zu pictures (%zu)", k.k, a->silhouette, AY_GOLDEN_SILHOUETTE, a->apart,
                      need, smallest(&k), least);
    }
    ay_kmeans_free(&k);
    return AY_OK;
}

/* ---- the medoid ------------------------------------------------------------------------------ */

static double product(const cloud *c, size_t i, const double *v)
{
    size_t dim = (size_t)c->set->dim;
    double sum = 0;

    for (size_t d = 0; d < dim; d++)
        sum += c->rows[i * dim + d] * v[d];
    return sum;
}

/* Sum of all cosines of one picture: its product with the sum of all. */
static size_t medoid(const cloud *c, int part, double *sum, double *mean)
{
    size_t dim = (size_t)c->set->dim, best = SIZE_MAX;
    double most = -INFINITY, others = (double)c->count[part] - 1;

    memset(sum, 0, dim * sizeof *sum);
    for (size_t i = 0; i < c->n; i++)
        for (size_t d = 0; c->part[i] == part && d < dim; d++)
            sum[d] += c->rows[i * dim + d];
    for (size_t i = 0; i < c->n; i++) {
        double to = c->part[i] == part ? product(c, i, sum) : -INFINITY;
        if (to > most + 1e-9) { /* sums in another order may differ by less */
            most = to;
            best = i;
        }
    }
    *mean = others > 0 ? fmin(1, (most - 1) / others) : 1;
    return best;
}

static double least_cosine(const cloud *c, int part, size_t at)
{
    size_t dim = (size_t)c->set->dim;
    double least = 1;

    for (size_t i = 0; i < c->n; i++)
        if (c->part[i] == part && i != at)
            least = fmin(least, ay_golden_cosine(c->rows + i * dim, c->rows + at * dim, c->set->dim));
    return least;
}

static const char *reason_of(ay_goldens *g, const ay_golden_sample *s, const char *label)
{
    char where[64] = "";

    if (s->parts > 1)
        snprintf(where, sizeof where, "cloud %d of %d of ", s->part + 1, s->parts);
    if (s->stands_for == 1)
        return say(g, "the only picture of %s%s", where, label);
    return say(g, "stands for %zu pictures of %s%s: its mean cosine to the others, %.4f, is the largest; the least like it has %.4f",
               s->stands_for, where, label, s->mean, s->least);
}

static ay_status choose_label(ay_goldens *g, const ay_golden_set *set, int label, double *sum, ay_err *err)
{
    ay_golden_account *a = &g->labels[label];
    cloud c;
    ay_status status = cloud_init(&c, set, label, err);

    *a = (ay_golden_account){.first = g->n, .silhouette = NAN, .apart = NAN, .test = "no good training picture"};
    if (status == AY_OK && c.n > 0)
        status = divide(&c, g, a, err);
    a->pictures = c.n;
    a->lost = c.lost;
    for (int p = 0; status == AY_OK && c.n > 0 && p < c.parts; p++) {
        ay_golden_sample *s = &g->samples[g->n];
        size_t at;
        *s = (ay_golden_sample){.label = label, .part = p, .parts = c.parts, .stands_for = c.count[p]};
        at = medoid(&c, p, sum, &s->mean);
        s->least = least_cosine(&c, p, at);
        s->item = c.item[at];
        s->reason = reason_of(g, s, set->labels[label].name);
        memcpy(g->vectors + (size_t)g->n * (size_t)set->dim, set->vectors + s->item * (size_t)set->dim,
               (size_t)set->dim * sizeof *g->vectors);
        g->n++;
        a->count++;
        if (!s->reason || !a->test)
            status = ay_fail(err, AY_ENOMEM, "golden samples");
    }
    cloud_fini(&c);
    return status;
}

ay_status ay_goldens_choose(ay_goldens *out, const ay_golden_set *set, ay_err *err)
{
    size_t most = (size_t)set->nlabels * AY_GOLDEN_PARTS;
    ay_status status = ay_golden_set_check(set, err);
    double *sum;

    *out = (ay_goldens){.nlabels = set->nlabels, .dim = set->dim};
    if (status != AY_OK)
        return status;
    ay_arena_init(&out->arena, 0);
    out->samples = ay_arena_alloc(&out->arena, most * sizeof *out->samples);
    out->labels = ay_arena_alloc(&out->arena, (size_t)set->nlabels * sizeof *out->labels);
    out->vectors = ay_arena_alloc(&out->arena, most * (size_t)set->dim * sizeof *out->vectors);
    sum = ay_alloc((size_t)set->dim, sizeof *sum);
    if (!out->samples || !out->labels || !out->vectors || !sum)
        status = ay_fail(err, AY_ENOMEM, "golden samples of %d labels", set->nlabels);
    for (int k = 0; k < set->nlabels && status == AY_OK; k++)
        status = choose_label(out, set, k, sum, err);
    if (status == AY_OK && out->n == 0)
        status = ay_fail(err, AY_EINVAL, "golden samples: none of %d labels has a good training picture that can be read",
                         set->nlabels);
    ay_free(sum);
    if (status != AY_OK)
        ay_goldens_fini(out);
    return status;
}

void ay_goldens_fini(ay_goldens *g)
{
    ay_arena_fini(&g->arena);
    *g = (ay_goldens){0};
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static json_t *number_or_null(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *sample_json(const ay_golden_sample *s, const ay_golden_set *set)
{
    const ay_golden_label *l = &set->labels[s->label];
    const ay_golden_item *i = &set->items[s->item];
    json_t *o = json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:I, s:f, s:f, s:s}", "label", l->name, "orientation",
                          ay_turn_name(l->turn), "file", i->path, "rotate", i->rotate, "part", s->part + 1, "of", s->parts,
                          "stands_for", (json_int_t)s->stands_for, "mean_cosine", s->mean, "least_cosine", s->least, "reason",
                          s->reason);

    if (o)
        json_object_set_new(o, "class", l->class >= 0 ? json_string(set->classes[l->class].name) : json_null());
    return o;
}

json_t *ay_goldens_json(const ay_goldens *g, const ay_golden_set *set)
{
    json_t *samples = json_array(), *labels = json_array();

    for (int i = 0; i < g->n; i++)
        json_array_append_new(samples, sample_json(&g->samples[i], set));
    for (int k = 0; k < g->nlabels; k++) {
        const ay_golden_account *a = &g->labels[k];
        json_array_append_new(labels, json_pack("{s:s, s:I, s:I, s:i, s:o, s:o, s:s}", "label", set->labels[k].name, "pictures",
                                                (json_int_t)a->pictures, "unreadable", (json_int_t)a->lost, "samples", a->count,
                                                "silhouette", number_or_null(a->silhouette), "apart", number_or_null(a->apart),
                                                "why", a->test));
    }
    if (json_array_size(samples) != (size_t)g->n || json_array_size(labels) != (size_t)g->nlabels) { /* no memory, or a path that is not UTF-8 */
        json_decref(samples);
        json_decref(labels);
        return NULL;
    }
    return json_pack("{s:o, s:o}", "samples", samples, "labels", labels);
}
