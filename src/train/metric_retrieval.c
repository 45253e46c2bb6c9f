#include "train/metric_retrieval.h"
#include "base/mem.h"
#include "base/thread.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 16, FIRST = 10 };

typedef struct {
    double p1, ap_r, ap_10, rr, rr_10;
} answer;

typedef struct {
    float s;
    int at;
} hit;

typedef struct {
    const int *labels;
    int n, dim, classes;
    float *z;         /* [n, dim] unit rows */
    int *size;        /* [classes] */
    answer *answers;  /* [n] */
    hit *hits;        /* [threads, n] others of the class of the query in work */
    float *cosine;    /* [threads, n] */
    int *ahead;       /* [threads, n + 1] how many strangers stand right before the i-th hit */
} work;

static float dot(const float *a, const float *b, int n)
{
    float sum[LANES] = {0}, all = 0;
    int i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++)
            sum[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        all += a[i] * b[i];
    for (int k = 0; k < LANES; k++)
        all += sum[k];
    return all;
}

static void make_units(work *w, const float *vectors)
{
    for (size_t i = 0; i < (size_t)w->n; i++) {
        const float *v = vectors + i * (size_t)w->dim;
        double sum = 0;
        for (int e = 0; e < w->dim; e++)
            sum += (double)v[e] * (double)v[e];
        for (int e = 0; e < w->dim; e++)
            w->z[i * (size_t)w->dim + (size_t)e] = sum > 0 ? (float)(v[e] / sqrt(sum)) : 0;
    }
}

/* ---- rankings ------------------------------------------------------------------------------------ */

/* Does (s, at) stand before (t, other)? */
static bool before(float s, int at, float t, int other)
{
    return s > t || (s == t && at < other);
}

static int by_rank(const void *a, const void *b)
{
    const hit *x = a, *y = b;

    return before(x->s, x->at, y->s, y->at) ? -1 : 1;
}

/* How many of the hits stand before this stranger. */
static int hits_before(const hit *h, int n, float s, int at)
{
    int low = 0, high = n;

    while (low < high) {
        int middle = (low + high) / 2;
        if (before(h[middle].s, h[middle].at, s, at))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static answer judge(int r, const int *ahead)
{
    int least = r < FIRST ? r : FIRST, strangers = 0;
    answer a = {0};

    for (int p = 0; p < r; p++) {
        int rank;
        strangers += ahead[p];
        rank = p + 1 + strangers;
        if (p == 0) {
            a.p1 = rank == 1;
            a.rr = 1.0 / rank;
            a.rr_10 = rank <= FIRST ? a.rr : 0;
        }
        if (rank <= r)
            a.ap_r += (p + 1.0) / rank / r;
        if (rank <= FIRST)
            a.ap_10 += (p + 1.0) / rank / least;
    }
    return a;
}

static void ask(work *w, int query, int part)
{
    hit *h = w->hits + (size_t)part * (size_t)w->n;
    float *cosine = w->cosine + (size_t)part * (size_t)w->n;
    int *ahead = w->ahead + (size_t)part * ((size_t)w->n + 1), r = 0;
    const float *z = w->z + (size_t)query * (size_t)w->dim;

    if (w->size[w->labels[query]] < 2)
        return;
    for (int i = 0; i < w->n; i++) {
        cosine[i] = dot(z, w->z + (size_t)i * (size_t)w->dim, w->dim);
        if (w->labels[i] == w->labels[query] && i != query)
            h[r++] = (hit){cosine[i], i};
    }
    qsort(h, (size_t)r, sizeof *h, by_rank);
    memset(ahead, 0, ((size_t)r + 1) * sizeof *ahead);
    for (int i = 0; i < w->n; i++)
        if (w->labels[i] != w->labels[query])
            ahead[hits_before(h, r, cosine[i], i)]++;
    w->answers[query] = judge(r, ahead);
}

static void ask_part(void *ctx, int part, int parts)
{
    work *w = ctx;

    for (int i = part; i < w->n; i += parts)
        ask(w, i, part);
}

static void sum_up(const work *w, ay_retrieval *out)
{
    double by;

    for (int i = 0; i < w->n; i++) {
        const answer *a = &w->answers[i];
        out->queries += w->size[w->labels[i]] > 1;
        out->precision_at_1 += a->p1;
        out->map_at_r += a->ap_r;
        out->map_at_10 += a->ap_10;
        out->mrr += a->rr;
        out->mrr_10 += a->rr_10;
    }
    by = out->queries ? 1.0 / out->queries : NAN;
    out->precision_at_1 *= by;
    out->map_at_r *= by;
    out->map_at_10 *= by;
    out->mrr *= by;
    out->mrr_10 *= by;
}

/* ---- silhouette ----------------------------------------------------------------------------------- */

static double along(const float *z, const double *sum, int n)
{
    double v = 0;

    for (int e = 0; e < n; e++)
        v += (double)z[e] * sum[e];
    return v;
}

/* Mean distances to a class come from the sum of its vectors: mean (1 - z.v) = 1 - z.sum / size. */
static double silhouette_of(const work *w, const double *sums, int i)
{
    const float *z = w->z + (size_t)i * (size_t)w->dim;
    int own = w->labels[i];
    double a, b = INFINITY;

    if (w->size[own] < 2)
        return 0;
    a = 1 - (along(z, sums + (size_t)own * (size_t)w->dim, w->dim) - (double)dot(z, z, w->dim)) /
                (w->size[own] - 1);
    for (int c = 0; c < w->classes; c++)
        if (c != own && w->size[c] > 0)
            b = fmin(b, 1 - along(z, sums + (size_t)c * (size_t)w->dim, w->dim) / w->size[c]);
    return fmax(a, b) > 0 ? (b - a) / fmax(a, b) : 0;
}

static ay_status silhouette(const work *w, double *out, ay_err *err)
{
    double *sums, total = 0;
    int used = 0;

    *out = NAN;
    for (int c = 0; c < w->classes; c++)
        used += w->size[c] > 0;
    if (used < 2 || used >= w->n)
        return AY_OK;
    sums = ay_calloc((size_t)w->classes * (size_t)w->dim, sizeof *sums);
    if (!sums)
        return ay_fail(err, AY_ENOMEM, "the silhouette of %d vectors: no memory", w->n);
    for (size_t i = 0; i < (size_t)w->n; i++)
        for (size_t e = 0; e < (size_t)w->dim; e++)
            sums[(size_t)w->labels[i] * (size_t)w->dim + e] += (double)w->z[i * (size_t)w->dim + e];
    for (int i = 0; i < w->n; i++)
        total += silhouette_of(w, sums, i);
    *out = total / w->n;
    ay_free(sums);
    return AY_OK;
}

/* ---- all -------------------------------------------------------------------------------------------- */

static void fini(work *w)
{
    ay_free(w->z);
    ay_free(w->size);
    ay_free(w->answers);
    ay_free(w->hits);
    ay_free(w->cosine);
    ay_free(w->ahead);
}

ay_status ay_retrieval_measure(ay_retrieval *out, const float *vectors, const int *labels, int n, int dim,
                               int classes, int threads, ay_err *err)
{
    int parts = threads > 0 ? threads : ay_cpu_count();
    work w = {.labels = labels, .n = n, .dim = dim, .classes = classes};
    size_t all = (size_t)n + 1, each;
    ay_status status = AY_OK;

    parts = parts < AY_THREAD_PARTS ? parts : AY_THREAD_PARTS;
    each = (size_t)parts * all;
    *out = (ay_retrieval){.n = n, .silhouette = NAN};
    w.z = ay_alloc(all, (size_t)dim * sizeof *w.z);
    w.size = ay_calloc((size_t)classes + 1, sizeof *w.size);
    w.answers = ay_calloc(all, sizeof *w.answers);
    w.hits = ay_alloc(each, sizeof *w.hits);
    w.cosine = ay_alloc(each, sizeof *w.cosine);
    w.ahead = ay_alloc(each, sizeof *w.ahead);
    if (!w.z || !w.size || !w.answers || !w.hits || !w.cosine || !w.ahead) {
        status = ay_fail(err, AY_ENOMEM, "judging %d vectors: no memory", n);
    } else {
        make_units(&w, vectors);
        for (int i = 0; i < n; i++)
            w.size[labels[i]]++;
        ay_thread_share("ay-retrieve", parts, ask_part, &w);
        sum_up(&w, out);
        status = silhouette(&w, &out->silhouette, err);
    }
    fini(&w);
    return status;
}
