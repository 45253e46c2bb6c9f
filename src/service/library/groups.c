#include "service/library/groups.h"

#include "base/mem.h"
#include "base/rng.h"
#include "index/density.h"
#include "index/silhouette.h"
#include "index/stability.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- making */

/* Numbers of groups that are tried: steps of about two fifths, three pictures a group at least. */
static int numbers(size_t n, int most, ay_kmeans_try *tries)
{
    static const int all[] = {2, 3, 4, 5, 6, 8, 11, 15, 20, 28, 40, 56, 80};
    int count = 0;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (((size_t)all[i] * 3 <= n && (!most || all[i] <= most)) || i == 0)
            tries[count++].k = all[i];
    return count;
}

/* Halves of fewer rows say nothing. */
enum { STABLE_LEAST = 24 };

static ay_status choose(const ay_rows *rows, const ay_groups_options *o, const ay_kmeans_options *k, ay_kmeans *out, ay_err *err)
{
    ay_kmeans_try tries[16] = {{0}};
    int n = numbers(rows->n, o->most, tries);

    return o->stable && rows->n >= STABLE_LEAST ? ay_kmeans_choose_stable(rows, k, tries, n, out, err)
                                                : ay_kmeans_choose(rows, k, tries, n, out, err);
}

/* Progress of a part of the work. */
typedef struct {
    const ay_groups_options *o;
    double from, share;
} part_done;

static bool tell_part(void *ctx, double done)
{
    const part_done *p = ctx;

    return !p->o->progress || p->o->progress(p->o->ctx, p->from + p->share * done);
}

void ay_groups_draw(size_t n, size_t most, uint64_t seed, bool (*take)(void *ctx, size_t row), void *ctx)
{
    size_t got = 0;
    ay_rng rng;

    ay_rng_init3(&rng, seed, 5, 0);
    for (size_t i = 0; i < n && got < most; i++) {
        if (n > most && ay_rng_unit(&rng) * (double)(n - i) >= (double)(most - got))
            continue;
        got++;
        if (!take(ctx, i))
            return;
    }
}

typedef struct {
    const ay_rows *from;
    float *to;
    size_t n;
} drawing;

static bool draw_row(void *ctx, size_t row)
{
    drawing *d = ctx;
    size_t dim = (size_t)d->from->dim;

    memcpy(d->to + d->n++ * dim, d->from->rows + row * dim, dim * sizeof *d->to);
    return true;
}

/* The number of groups, with a part of the rows. */
static ay_status choose_number(const ay_rows *rows, const ay_groups_options *o, ay_kmeans_options k, int *out, ay_err *err)
{
    float *part = ay_alloc(AY_GROUPS_CHOOSING * (size_t)rows->dim, sizeof *part);
    drawing d = {rows, part, 0};
    part_done p = {o, 0, 0.7};
    ay_rows some;
    ay_kmeans g;
    ay_status status;

    if (!part)
        return ay_fail(err, AY_ENOMEM, "choosing the number of groups of %zu rows", rows->n);
    ay_groups_draw(rows->n, AY_GROUPS_CHOOSING, o->seed, draw_row, &d);
    some = (ay_rows){part, d.n, rows->dim};
    k.way = o->batch ? AY_KMEANS_BATCH : AY_KMEANS_LLOYD;
    k.progress = tell_part;
    k.ctx = &p;
    status = choose(&some, o, &k, &g, err);
    if (status == AY_OK) {
        *out = g.k;
        ay_kmeans_free(&g);
    }
    ay_free(part);
    return status;
}

/* By k-means; labels and their number into out. */
static ay_status by_centres(const ay_rows *rows, const ay_groups_options *o, ay_groups *out, ay_err *err)
{
    bool large = rows->n > AY_GROUPS_CHOOSING, chosen = o->way == AY_GROUPS_CHOOSE;
    part_done p = {o, chosen && large ? 0.7 : 0, chosen && large ? 0.3 : 1};
    ay_kmeans_options k = {.k = o->k, .way = o->batch || rows->n > 20000 ? AY_KMEANS_BATCH : AY_KMEANS_LLOYD, .spherical = true,
                           .seed = o->seed, .inits = chosen ? 2 : 3, .threads = o->threads, .progress = tell_part, .ctx = &p};
    ay_kmeans g;
    ay_status status = chosen && large ? choose_number(rows, o, k, &k.k, err) : AY_OK;

    if (status == AY_OK)
        status = chosen && !large ? choose(rows, o, &k, &g, err) : ay_kmeans_run(rows, &k, &g, err);

    if (status != AY_OK)
        return status;
    for (size_t i = 0; i < rows->n; i++)
        out->label[i] = (int32_t)g.labels[i];
    out->n = g.k;
    ay_kmeans_free(&g);
    return AY_OK;
}

static ay_status by_density(const ay_rows *rows, const ay_groups_options *o, ay_groups *out, ay_err *err)
{
    ay_density_options d = {.min_size = o->least, .threads = o->threads, .progress = o->progress, .ctx = o->ctx};
    ay_density g;
    ay_status status = ay_density_run(rows, &d, &g, err);

    if (status != AY_OK)
        return status;
    memcpy(out->label, g.labels, rows->n * sizeof *out->label);
    out->n = g.k;
    ay_density_free(&g);
    return AY_OK;
}

/* ---- telling */

typedef struct {
    size_t size;
    int old;
} counted;

static int by_size(const void *a, const void *b)
{
    const counted *x = a, *y = b;

    return x->size != y->size ? (x->size < y->size) - (x->size > y->size) : x->old - y->old;
}

/* Number the groups by size, the largest first; those without a row go. */
static ay_status order(const ay_rows *rows, ay_groups *g, ay_arena *a, ay_err *err)
{
    counted *list = ay_arena_alloc(a, (size_t)(g->n + 1) * sizeof *list);
    int *now = ay_arena_alloc(a, (size_t)(g->n + 1) * sizeof *now), n = 0;

    if (!list || !now)
        return ay_fail(err, AY_ENOMEM, "%d groups", g->n);
    for (int i = 0; i < g->n; i++)
        list[i] = (counted){0, i};
    for (size_t i = 0; i < rows->n; i++)
        if (g->label[i] >= 0)
            list[g->label[i]].size++;
        else
            g->outside++;
    qsort(list, (size_t)g->n, sizeof *list, by_size);
    for (int i = 0; i < g->n; i++)
        now[list[i].old] = i;
    for (size_t i = 0; i < rows->n; i++)
        g->label[i] = g->label[i] >= 0 ? now[g->label[i]] : -1;
    while (n < g->n && list[n].size)
        n++;
    g->n = n;
    return AY_OK;
}

static ay_status describe(const ay_rows *rows, ay_groups *g, ay_arena *a, ay_err *err)
{
    size_t dim = (size_t)rows->dim;

    g->group = ay_arena_alloc(a, (size_t)(g->n + 1) * sizeof *g->group);
    g->centres = ay_arena_alloc(a, ((size_t)g->n * dim + 1) * sizeof *g->centres);
    if (!g->group || !g->centres)
        return ay_fail(err, AY_ENOMEM, "%d groups", g->n);
    memset(g->centres, 0, (size_t)g->n * dim * sizeof *g->centres);
    for (int i = 0; i < g->n; i++)
        g->group[i] = (ay_group){.medoid = SIZE_MAX, .name = ""};
    for (size_t i = 0; i < rows->n; i++)
        for (size_t d = 0; g->label[i] >= 0 && d < dim; d++)
            g->centres[(size_t)g->label[i] * dim + d] += rows->rows[i * dim + d];
    for (int i = 0; i < g->n; i++)
        ay_unit(g->centres + (size_t)i * dim, g->centres + (size_t)i * dim, rows->dim);
    for (size_t i = 0; i < rows->n; i++) {
        ay_group *of = g->label[i] >= 0 ? &g->group[g->label[i]] : NULL;
        g->similarity[i] = of ? ay_dot(rows->rows + i * dim, g->centres + (size_t)g->label[i] * dim, rows->dim) : 0;
        if (!of)
            continue;
        of->size++;
        of->cohesion += g->similarity[i];
        if (of->medoid == SIZE_MAX || g->similarity[i] > g->similarity[of->medoid])
            of->medoid = i;
    }
    for (int i = 0; i < g->n; i++)
        g->group[i].cohesion /= (float)g->group[i].size;
    return AY_OK;
}

ay_status ay_groups_make(const ay_rows *rows, const ay_groups_options *options, ay_arena *a, ay_groups *out,
                         ay_err *err)
{
    ay_status status;

    memset(out, 0, sizeof *out);
    out->label = ay_arena_alloc(a, (rows->n + 1) * sizeof *out->label);
    out->similarity = ay_arena_alloc(a, (rows->n + 1) * sizeof *out->similarity);
    if (!out->label || !out->similarity)
        return ay_fail(err, AY_ENOMEM, "groups of %zu pictures", rows->n);
    status = options->way == AY_GROUPS_DENSITY ? by_density(rows, options, out, err)
                                               : by_centres(rows, options, out, err);
    if (status == AY_OK)
        status = order(rows, out, a, err);
    if (status == AY_OK)
        status = describe(rows, out, a, err);
    if (status == AY_OK && out->n > 1)
        status = ay_silhouette(rows, out->label, out->n, 0, options->seed, options->threads, &out->silhouette, err);
    return status;
}

/* ---- naming */

/* How many groups before this one have the word. */
static int used(const int *word, int before)
{
    int n = 0;

    for (int i = 0; i < before; i++)
        n += word[i] == word[before];
    return n;
}

/* The word that a direction is nearest to, if it is near enough; else -1. */
static int nearest_word(const float *direction, const float *vectors, int n, int dim)
{
    float most = AY_GROUPS_NAME_LEAST;
    int best = -1;

    for (int w = 0; w < n; w++) {
        float near = ay_dot(direction, vectors + (size_t)w * (size_t)dim, dim);
        if (near > most) {
            most = near;
            best = w;
        }
    }
    return best;
}

ay_status ay_groups_name(const ay_rows *rows, ay_groups *g, const char *const *words, const float *vectors,
                         int n, ay_arena *a, ay_err *err)
{
    size_t dim = (size_t)rows->dim;
    float *mean = ay_arena_alloc(a, 2 * dim * sizeof *mean), *away = mean ? mean + dim : NULL;
    int *word = ay_arena_alloc(a, (size_t)(g->n + 1) * sizeof *word);
    char text[256];

    if (!mean || !word)
        return ay_fail(err, AY_ENOMEM, "names for %d groups", g->n);
    memset(mean, 0, dim * sizeof *mean);
    for (size_t i = 0; i < rows->n * dim; i++)
        mean[i % dim] += rows->rows[i] / (float)rows->n;
    for (int i = 0; i < g->n; i++) {
        int times;
        for (size_t d = 0; d < dim; d++)
            away[d] = g->centres[(size_t)i * dim + d] - (g->n > 1 ? mean[d] : 0);
        word[i] = nearest_word(away, vectors, n, rows->dim);
        if (word[i] < 0)
            continue;
        times = used(word, i);
        if (times)
            snprintf(text, sizeof text, "%s %d", words[word[i]], times + 1);
        else
            snprintf(text, sizeof text, "%s", words[word[i]]);
        g->group[i].name = ay_arena_strdup(a, text);
        if (!g->group[i].name)
            return ay_fail(err, AY_ENOMEM, "a group's name");
    }
    return AY_OK;
}
