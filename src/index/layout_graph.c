/* index/layout_graph.c - who is near whom, and how much. */
#include "index/layout_parts.h"

#include "base/mem.h"
#include "index/codes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 32, HALVINGS = 64 };
#define LEAST_SCALE 1e-3 /* of the mean distance: McInnes et al., smooth_knn_dist */
#define NEIGHBOURS_SHARE 0.6 /* of the whole work, for progress */

typedef struct {
    const ay_rows *rows;
    const ay_layout_options *o;
    int k;
    uint32_t *near; /* n x k; itself where there are fewer */
    float *weight;  /* the same: distances first, then memberships */
} graph;

/* Without the row itself, which need not be its own first hit among equals. */
static void take(graph *g, size_t row, const ay_hit *hits, int nhits)
{
    uint32_t *near = g->near + row * (size_t)g->k;
    float *d = g->weight + row * (size_t)g->k;
    int n = 0;

    for (int i = 0; i < nhits && n < g->k; i++) {
        if (hits[i].row == AY_SEARCH_NONE || hits[i].row == row)
            continue;
        near[n] = (uint32_t)hits[i].row;
        d[n] = hits[i].score < 1 ? 1 - hits[i].score : 0;
        n++;
    }
    for (; n < g->k; n++) {
        near[n] = (uint32_t)row;
        d[n] = INFINITY;
    }
}

static ay_status search(graph *g, ay_err *err)
{
    const ay_rows *rows = g->rows;
    ay_hit *hits = ay_alloc((size_t)BATCH * (size_t)(g->k + 1), sizeof *hits);
    ay_status status = AY_OK;
    ay_codes codes;

    ay_codes_init(&codes, rows->dim);
    status = hits ? ay_codes_reserve(&codes, rows->n, err) : ay_fail(err, AY_ENOMEM, "finding neighbours");
    for (size_t i = 0; status == AY_OK && i < rows->n; i++)
        ay_codes_put(&codes, i, rows->rows + i * (size_t)rows->dim);
    for (size_t at = 0; status == AY_OK && at < rows->n; at += BATCH) {
        int count = rows->n - at < BATCH ? (int)(rows->n - at) : BATCH;
        status = ay_codes_top(&codes, rows, rows->rows + at * (size_t)rows->dim, count, g->k + 1, g->o->threads, hits, NULL, err);
        for (int i = 0; i < count && status == AY_OK; i++)
            take(g, at + (size_t)i, hits + (size_t)i * (size_t)(g->k + 1), g->k + 1);
        if (status == AY_OK && g->o->progress && !g->o->progress(g->o->ctx, NEIGHBOURS_SHARE * (double)(at + (size_t)count) / (double)rows->n))
            status = ay_fail(err, AY_ECANCELLED, "stopped");
    }
    ay_codes_fini(&codes);
    ay_free(hits);
    return status;
}

/* Distances of one row to memberships: exp(-(d - nearest) / scale), the scale such that they sum to log2(k + 1). */
static void smooth(float *d, int k, double mean_of_all)
{
    double want = log2((double)k + 1), low = 0, high = INFINITY, scale = 1, nearest = INFINITY, mean = 0;
    int n = 0;

    for (int i = 0; i < k; i++)
        if (isfinite(d[i])) {
            nearest = d[i] > 0 && d[i] < nearest ? (double)d[i] : nearest;
            mean += (double)d[i];
            n++;
        }
    nearest = isfinite(nearest) ? nearest : 0;
    for (int step = 0; step < HALVINGS; step++) {
        double sum = 1; /* the reference counts the row itself, at distance 0 */
        for (int i = 0; i < k; i++)
            if (isfinite(d[i]))
                sum += d[i] > nearest ? exp(-(d[i] - nearest) / scale) : 1;
        if (fabs(sum - want) < 1e-5)
            break;
        if (sum > want) {
            high = scale;
            scale = (low + high) / 2;
        } else {
            low = scale;
            scale = isfinite(high) ? (low + high) / 2 : scale * 2;
        }
    }
    mean = nearest > 0 && n ? mean / n : mean_of_all;
    scale = scale > LEAST_SCALE * mean ? scale : LEAST_SCALE * mean;
    for (int i = 0; i < k; i++)
        d[i] = !isfinite(d[i]) ? 0 : d[i] <= nearest || scale <= 0 ? 1 : (float)exp(-(d[i] - nearest) / scale);
}

static void smooth_all(graph *g)
{
    double sum = 0;
    size_t n = g->rows->n * (size_t)g->k, counted = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(g->weight[i])) {
            sum += (double)g->weight[i];
            counted++;
        }
    for (size_t i = 0; i < g->rows->n; i++)
        smooth(g->weight + i * (size_t)g->k, g->k, counted ? sum / (double)counted : 0);
}

static int by_pair(const void *a, const void *b)
{
    const ay_layout_edge *x = a, *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    return (x->weight > y->weight) - (x->weight < y->weight);
}

/* Pairs seen from both sides become one: a + b - a b. */
static ay_status join(const graph *g, ay_layout_edge **out, size_t *n, ay_err *err)
{
    size_t all = g->rows->n * (size_t)g->k, m = 0, kept = 0;
    ay_layout_edge *e = ay_alloc(all + 1, sizeof *e);

    *out = e;
    *n = 0;
    if (!e)
        return ay_fail(err, AY_ENOMEM, "finding neighbours");
    for (size_t i = 0; i < all; i++) {
        uint32_t a = (uint32_t)(i / (size_t)g->k), b = g->near[i];
        if (a != b && g->weight[i] > 0)
            e[m++] = (ay_layout_edge){a < b ? a : b, a < b ? b : a, g->weight[i]};
    }
    if (m)
        qsort(e, m, sizeof *e, by_pair);
    for (size_t i = 0; i < m; i++) {
        if (kept && e[kept - 1].from == e[i].from && e[kept - 1].to == e[i].to)
            e[kept - 1].weight += e[i].weight - e[kept - 1].weight * e[i].weight;
        else
            e[kept++] = e[i];
    }
    *n = kept;
    return AY_OK;
}

ay_status ay_layout_graph(const ay_rows *rows, const ay_layout_options *o, ay_layout_edge **edges, size_t *n, ay_err *err)
{
    graph g = {.rows = rows, .o = o, .k = (size_t)o->neighbours < rows->n ? o->neighbours : (int)rows->n - 1};
    ay_status status;

    *edges = NULL;
    g.near = ay_alloc(rows->n * (size_t)g.k + 1, sizeof *g.near);
    g.weight = ay_alloc(rows->n * (size_t)g.k + 1, sizeof *g.weight);
    status = g.near && g.weight ? search(&g, err) : ay_fail(err, AY_ENOMEM, "finding neighbours");
    if (status == AY_OK) {
        smooth_all(&g);
        status = join(&g, edges, n, err);
    }
    ay_free(g.near);
    ay_free(g.weight);
    return status;
}
