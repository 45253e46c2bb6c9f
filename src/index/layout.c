/* index/layout.c - the projection, and the descent. */
#include "index/layout_parts.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/thread.h"

#include <math.h>
#include <string.h>

enum { TURNS = 40, NEGATIVES = 5, MOST_NEIGHBOURS = 200, LARGE = 10000, SAMPLE = 20000 };
#define EXTENT 10.0f
#define CLIP   4.0f
#define HOLD   0.1f /* of a step that what was there before takes */
#define DESCENT_SHARE 0.4

/* ---- the two main directions */

typedef struct {
    const ay_rows *rows;
    size_t step; /* every step-th row counts */
    const float *mean;
    float axis[2][65536];
} projection;

static void mean_of(const ay_rows *rows, size_t step, float *mean)
{
    size_t n = 0;

    memset(mean, 0, (size_t)rows->dim * sizeof *mean);
    for (size_t i = 0; i < rows->n; i += step, n++)
        for (int d = 0; d < rows->dim; d++)
            mean[d] += rows->rows[i * (size_t)rows->dim + (size_t)d];
    for (int d = 0; d < rows->dim; d++)
        mean[d] /= (float)n;
}

/* out = sum over rows of ((row - mean) . axis) (row - mean). */
static void multiply(const projection *p, const float *axis, float *out)
{
    int dim = p->rows->dim;
    float shift = ay_dot(p->mean, axis, dim), total = 0;

    memset(out, 0, (size_t)dim * sizeof *out);
    for (size_t i = 0; i < p->rows->n; i += p->step) {
        const float *row = p->rows->rows + i * (size_t)dim;
        float w = ay_dot(row, axis, dim) - shift;
        total += w;
        for (int d = 0; d < dim; d++)
            out[d] += w * row[d];
    }
    for (int d = 0; d < dim; d++)
        out[d] -= total * p->mean[d];
}

static void remove_part(float *v, const float *axis, int dim)
{
    float w = ay_dot(v, axis, dim);

    for (int d = 0; d < dim; d++)
        v[d] -= w * axis[d];
}

static void turn_up(float *axis, int dim)
{
    int most = 0;

    for (int d = 1; d < dim; d++)
        most = fabsf(axis[d]) > fabsf(axis[most]) ? d : most;
    for (int d = 0; axis[most] < 0 && d < dim; d++)
        axis[d] = -axis[d];
}

static void find_axes(projection *p, float *work)
{
    int dim = p->rows->dim;
    ay_rng rng;

    ay_rng_init3(&rng, 1, 2, 3);
    for (int a = 0; a < 2; a++)
        for (int d = 0; d < dim; d++)
            p->axis[a][d] = (float)ay_rng_unit(&rng) - .5f;
    for (int t = 0; t < TURNS; t++)
        for (int a = 0; a < 2; a++) {
            multiply(p, p->axis[a], work);
            if (a == 1)
                remove_part(work, p->axis[0], dim);
            ay_unit(p->axis[a], work, dim);
        }
    turn_up(p->axis[0], dim);
    turn_up(p->axis[1], dim);
}

ay_status ay_layout_pca(const ay_rows *rows, int threads, float *xy, ay_err *err)
{
    projection *p = ay_calloc(1, sizeof *p);
    float *mean = ay_alloc((size_t)rows->dim, sizeof *mean), *work = ay_alloc((size_t)rows->dim, sizeof *work), most = 0;

    (void)threads;
    if (!p || !mean || !work) {
        ay_free(p);
        ay_free(mean);
        ay_free(work);
        return ay_fail(err, AY_ENOMEM, "projecting %zu vectors", rows->n);
    }
    p->rows = rows;
    p->step = rows->n / SAMPLE + 1;
    p->mean = mean;
    if (rows->n > 0) {
        mean_of(rows, p->step, mean);
        find_axes(p, work);
    }
    for (size_t i = 0; i < rows->n; i++)
        for (int a = 0; a < 2; a++) {
            float v = ay_dot(rows->rows + i * (size_t)rows->dim, p->axis[a], rows->dim) - ay_dot(mean, p->axis[a], rows->dim);
            xy[2 * i + (size_t)a] = v;
            most = fabsf(v) > most ? fabsf(v) : most;
        }
    for (size_t i = 0; most > 0 && i < 2 * rows->n; i++)
        xy[i] *= EXTENT / most;
    ay_free(p);
    ay_free(mean);
    ay_free(work);
    return AY_OK;
}

/* ---- the curve */

static double misfit(double near, double a, double b)
{
    double sum = 0;

    for (int i = 0; i < 300; i++) {
        double x = 3.0 * i / 299, want = x < near ? 1 : exp(-(x - near)), is = 1 / (1 + a * pow(x, 2 * b));
        sum += (is - want) * (is - want);
    }
    return sum;
}

/* A search along each number in turn with shrinking steps: two smooth numbers, so it ends in the one valley there is. */
void ay_layout_curve(double near, double *a, double *b)
{
    double best;

    *a = 1.5;
    *b = 0.9;
    best = misfit(near, *a, *b);
    for (double step = .5; step > 1e-6; step *= .5)
        for (bool better = true; better;) {
            static const int ways[4][2] = {{1, 0}, {-1, 0}, {0, 1}, {0, -1}};
            better = false;
            for (int w = 0; w < 4; w++) {
                double x = *a + step * ways[w][0], y = *b + step * ways[w][1];
                double now = x > 0 && y > 0 ? misfit(near, x, y) : INFINITY;
                if (now < best) {
                    best = now;
                    *a = x;
                    *b = y;
                    better = true;
                }
            }
        }
}

/* ---- the descent */

typedef struct {
    const ay_layout_options *o;
    size_t n;
    const ay_layout_edge *edges;
    size_t nedges;
    float *xy, a, b;
    uint64_t random;
    int epochs;
    float rate; /* at the beginning */
} descent;

static uint32_t draw(descent *d)
{
    uint64_t x = d->random; /* xorshift64*: quick, and good enough to choose whom to push */

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    d->random = x;
    return (uint32_t)((x * 0x2545F4914F6CDD1DULL) >> 32);
}

static float clip(float v)
{
    return v > CLIP ? CLIP : v < -CLIP ? -CLIP : v;
}

static float hold(const descent *d, size_t i)
{
    return d->o->kept && d->o->kept[i] ? HOLD : 1;
}

/* Move i by the gradient times `pull` along the line to j, and j the other way. */
static void move(descent *d, size_t i, size_t j, float pull, float rate, bool both)
{
    for (int c = 0; c < 2; c++) {
        float g = clip(pull * (d->xy[2 * i + (size_t)c] - d->xy[2 * j + (size_t)c])) * rate;
        d->xy[2 * i + (size_t)c] += g * hold(d, i);
        if (both)
            d->xy[2 * j + (size_t)c] -= g * hold(d, j);
    }
}

static float distance(const descent *d, size_t i, size_t j)
{
    float x = d->xy[2 * i] - d->xy[2 * j], y = d->xy[2 * i + 1] - d->xy[2 * j + 1];

    return x * x + y * y;
}

static void push(descent *d, size_t i, float rate)
{
    for (int k = 0; k < NEGATIVES; k++) {
        size_t other = draw(d) % d->n;
        float far = distance(d, i, other);
        if (other != i && far > 0)
            move(d, i, other, 2 * d->b / ((.001f + far) * (1 + d->a * powf(far, d->b))), rate, false);
    }
}

static void pull(descent *d, size_t i, size_t j, float rate)
{
    float far = distance(d, i, j);

    if (far > 0)
        move(d, i, j, -2 * d->a * d->b * powf(far, d->b - 1) / (1 + d->a * powf(far, d->b)), rate, true);
}

/* An edge of weight w has its turn in w of the epochs, evenly spread; both of its ends push. */
static ay_status descend(descent *d, ay_err *err)
{
    float most = 0;

    for (size_t e = 0; e < d->nedges; e++)
        most = d->edges[e].weight > most ? d->edges[e].weight : most;
    for (int t = 0; t < d->epochs; t++) {
        float rate = d->rate * (1 - (float)t / (float)d->epochs);
        for (size_t e = 0; e < d->nedges; e++) {
            float w = d->edges[e].weight / most;
            if ((int)(w * (float)(t + 1)) == (int)(w * (float)t))
                continue;
            pull(d, d->edges[e].from, d->edges[e].to, rate);
            push(d, d->edges[e].from, rate);
            push(d, d->edges[e].to, rate);
        }
        if (d->o->progress && !d->o->progress(d->o->ctx, 1 - DESCENT_SHARE + DESCENT_SHARE * (t + 1) / d->epochs))
            return ay_fail(err, AY_ECANCELLED, "stopped");
    }
    return AY_OK;
}

/* New rows begin among those of their neighbours that were there; one without any begins where it stands. */
static ay_status place(const descent *d, ay_err *err)
{
    double *sum = ay_calloc(3 * d->n + 1, sizeof *sum);

    if (!sum)
        return ay_fail(err, AY_ENOMEM, "placing %zu points", d->n);
    for (size_t e = 0; e < d->nedges; e++)
        for (int way = 0; way < 2; way++) {
            size_t new = way ? d->edges[e].from : d->edges[e].to, old = way ? d->edges[e].to : d->edges[e].from;
            if (d->o->kept[new] || !d->o->kept[old])
                continue;
            sum[3 * new] += (double)d->edges[e].weight * (double)d->xy[2 * old];
            sum[3 * new + 1] += (double)d->edges[e].weight * (double)d->xy[2 * old + 1];
            sum[3 * new + 2] += (double)d->edges[e].weight;
        }
    for (size_t i = 0; i < d->n; i++)
        if (sum[3 * i + 2] > 0) {
            d->xy[2 * i] = (float)(sum[3 * i] / sum[3 * i + 2]) + 1e-3f * (float)(i % 7);
            d->xy[2 * i + 1] = (float)(sum[3 * i + 1] / sum[3 * i + 2]) + 1e-3f * (float)(i % 11);
        }
    ay_free(sum);
    return AY_OK;
}

ay_status ay_layout_umap(const ay_rows *rows, const ay_layout_options *o, float *xy, ay_err *err)
{
    descent d = {.o = o, .n = rows->n, .xy = xy, .random = o->seed * 0x9E3779B97F4A7C15ULL + 1, .rate = o->kept ? .5f : 1};
    ay_layout_edge *edges = NULL;
    double a, b;
    ay_status status;

    if (o->neighbours < 2 || o->neighbours > MOST_NEIGHBOURS || o->epochs < 0 || !(o->near >= 0 && o->near <= 1) || rows->n > UINT32_MAX)
        return ay_fail(err, AY_EINVAL, "a map wants 2 to %d neighbours, and points 0 to 1 apart", MOST_NEIGHBOURS);
    if (rows->n < 3)
        return AY_OK;
    ay_layout_curve((double)o->near, &a, &b);
    d.a = (float)a;
    d.b = (float)b;
    d.epochs = o->epochs ? o->epochs : rows->n > LARGE ? 200 : 500;
    d.epochs = o->kept && !o->epochs ? d.epochs / 10 : d.epochs;
    status = ay_layout_graph(rows, o, &edges, &d.nedges, err);
    d.edges = edges;
    if (status == AY_OK && o->kept)
        status = place(&d, err);
    if (status == AY_OK && d.nedges > 0)
        status = descend(&d, err);
    ay_free(edges);
    return status;
}
