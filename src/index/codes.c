/* index/codes.c - making codes, the first pass, the second, and when to ask again. */
#include "index/codes.h"

#include "base/cpu.h"
#include "base/mem.h"
#include "base/thread.h"
#include "index/codes_kernel.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { BLOCK = 192, LANES = AY_CODES_LANES, WIDE_AT_LEAST = 64 };
#define SMALL_JOB (1u << 20) /* multiply-adds worth a thread */
#define DEVIATIONS 6.0f

static void plain_one(const uint8_t *rows, size_t count, int stride, const int8_t *q, int32_t *dst)
{
    for (size_t i = 0; i < count; i++, rows += stride) {
        int32_t sum = 0;
        for (int d = 0; d < stride; d++)
            sum += rows[d] * q[d];
        dst[i] = sum;
    }
}

static const ay_codes_path plain = {"plain", plain_one, NULL, NULL};
static _Atomic(const ay_codes_path *) chosen;

static bool works(const ay_codes_path *p)
{
    const ay_cpu *cpu = ay_cpu_get();

    return p == &plain || (p->name && (p == &ay_codes_vnni ? cpu->avx512_vnni : cpu->avx2));
}

static const ay_codes_path *path(void)
{
    const ay_codes_path *p = atomic_load(&chosen);

    if (!p) {
        p = works(&ay_codes_vnni) ? &ay_codes_vnni : works(&ay_codes_avx2) ? &ay_codes_avx2 : &plain;
        atomic_store(&chosen, p);
    }
    return p;
}

const char *ay_codes_kernel(void)
{
    return path()->name;
}

bool ay_codes_kernel_set(const char *name)
{
    static const ay_codes_path *const all[] = {&plain, &ay_codes_avx2, &ay_codes_vnni};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (works(all[i]) && strcmp(all[i]->name, name) == 0) {
            atomic_store(&chosen, all[i]);
            return true;
        }
    return false;
}

/* ---- the codes */

void ay_codes_init(ay_codes *c, int dim)
{
    *c = (ay_codes){.dim = dim, .stride = (dim + AY_CODES_ALIGN - 1) / AY_CODES_ALIGN * AY_CODES_ALIGN};
}

void ay_codes_fini(ay_codes *c)
{
    ay_free(c->codes);
    ay_free(c->scales);
    *c = (ay_codes){0};
}

ay_status ay_codes_reserve(ay_codes *c, size_t rows, ay_err *err)
{
    uint8_t *codes;
    float *scales;

    if (rows <= c->cap)
        return AY_OK;
    codes = ay_aligned_alloc(AY_CODES_ALIGN, rows * (size_t)c->stride);
    scales = ay_alloc(rows, sizeof *scales);
    if (!codes || !scales) {
        ay_free(codes);
        ay_free(scales);
        return ay_fail(err, AY_ENOMEM, "codes of %zu vectors", rows);
    }
    if (c->cap) {
        memcpy(codes, c->codes, c->cap * (size_t)c->stride);
        memcpy(scales, c->scales, c->cap * sizeof *scales);
    }
    ay_free(c->codes);
    ay_free(c->scales);
    c->codes = codes;
    c->scales = scales;
    c->cap = rows;
    return AY_OK;
}

/* Nearest integers to x / scale, plus `shift`; returns the scale. */
static float encode(const float *x, int dim, int stride, int shift, uint8_t *dst)
{
    float most = 0, inverse;

    for (int d = 0; d < dim; d++)
        most = fabsf(x[d]) > most ? fabsf(x[d]) : most;
    inverse = most > 0 ? 127 / most : 0;
    for (int d = 0; d < dim; d++)
        dst[d] = (uint8_t)((int)lrintf(x[d] * inverse) + shift);
    memset(dst + dim, shift, (size_t)(stride - dim));
    return most / 127;
}

void ay_codes_put(ay_codes *c, size_t row, const float *vector)
{
    c->scales[row] = encode(vector, c->dim, c->stride, 128, c->codes + row * (size_t)c->stride);
}

void ay_codes_move(ay_codes *c, size_t to, size_t from)
{
    if (to == from)
        return;
    memcpy(c->codes + to * (size_t)c->stride, c->codes + from * (size_t)c->stride, (size_t)c->stride);
    c->scales[to] = c->scales[from];
}

/* ---- the first pass: for each query the `wide` rows of the best approximate scores, in no order */

typedef struct {
    int8_t *codes;  /* of all queries, nq x stride */
    int8_t *packed; /* of whole groups; NULL: none */
    float *scale;   /* nq, and room for whole groups */
    int32_t *shift; /* the same: 128 times the sum of the query's codes, which the rows' shift adds */
    int groups;     /* queries 0 .. groups * LANES - 1 are packed, the last group may be short */
} asked;

typedef struct {
    const ay_codes *c;
    const asked *a;
    size_t from, to;
    int nq, wide;
    ay_hit *hits; /* nq x wide, sorted */
    _Alignas(64) int32_t sums[BLOCK * LANES];
    _Alignas(64) float score[BLOCK];
    _Alignas(64) float least[LANES]; /* of the group at hand; infinite where there is no query */
} pass;

static void keep(ay_hit *list, int k, size_t row, float score)
{
    int at = k - 1;

    for (; at > 0 && !(list[at - 1].score >= score); at--)
        list[at] = list[at - 1];
    list[at] = (ay_hit){row, score};
}

/* Sums of one query to approximate scores; what is good enough enters its list. */
static void take(pass *p, int q, size_t first, size_t count)
{
    const float *scales = p->c->scales + first;
    ay_hit *list = p->hits + (size_t)q * (size_t)p->wide;
    float scale = p->a->scale[q], least = list[p->wide - 1].score;
    int32_t shift = p->a->shift[q];

    for (size_t i = 0; i < count; i++)
        p->score[i] = (float)(p->sums[i] - shift) * scales[i] * scale; /* as `above` does */
    for (size_t i = 0; i < count; i++)
        if (p->score[i] > least) {
            keep(list, p->wide, first + i, p->score[i]);
            least = list[p->wide - 1].score;
        }
}

/* The same for the n queries of a group that begins with query q. */
static void take_group(pass *p, const ay_codes_path *kernel, int q, int n, size_t first, size_t count)
{
    for (int j = 0; j < LANES; j++)
        p->least[j] = j < n ? p->hits[(size_t)(q + j + 1) * (size_t)p->wide - 1].score : INFINITY;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = kernel->above(p->sums + i * LANES, p->a->shift + q, p->a->scale + q, p->c->scales[first + i], p->least,
                                      p->score);
        for (; bits; bits &= bits - 1) {
            int j = __builtin_ctz(bits);
            ay_hit *list = p->hits + (size_t)(q + j) * (size_t)p->wide;
            keep(list, p->wide, first + i, p->score[j]);
            p->least[j] = list[p->wide - 1].score;
        }
    }
}

static void do_block(pass *p, size_t first, size_t count)
{
    const ay_codes_path *kernel = path();
    const uint8_t *rows = p->c->codes + first * (size_t)p->c->stride;
    int stride = p->c->stride, q = 0;

    for (int g = 0; g < p->a->groups; g++) {
        kernel->many(rows, count, stride, p->a->packed + (size_t)g * (size_t)stride * LANES, p->sums);
        take_group(p, kernel, q, p->nq - q < LANES ? p->nq - q : LANES, first, count);
        q = p->nq - q < LANES ? p->nq : q + LANES;
    }
    for (; q < p->nq; q++) {
        kernel->one(rows, count, stride, p->a->codes + (size_t)q * (size_t)stride, p->sums);
        take(p, q, first, count);
    }
}

static void do_pass(void *ctx, int part, int parts)
{
    pass *p = (pass *)ctx + part;

    (void)parts;
    for (int i = 0; i < p->nq * p->wide; i++)
        p->hits[i] = (ay_hit){AY_SEARCH_NONE, -INFINITY};
    for (size_t at = p->from; at < p->to; at += BLOCK)
        do_block(p, at, p->to - at < BLOCK ? p->to - at : BLOCK);
}

static void asked_fini(asked *a)
{
    ay_free(a->codes);
    ay_free(a->packed);
    ay_free(a->scale);
    ay_free(a->shift);
}

/* Groups are worth it from a quarter of their places on; the rest go one by one. */
static int group_count(int nq)
{
    if (!path()->many)
        return 0;
    return nq / LANES + (nq % LANES >= LANES / 4);
}

static bool ask(asked *a, const float *queries, int nq, int dim, int stride)
{
    size_t places = ((size_t)nq + LANES - 1) / LANES * LANES;

    a->groups = group_count(nq);
    a->codes = ay_aligned_alloc(64, (size_t)nq * (size_t)stride);
    a->scale = ay_aligned_alloc(64, places * sizeof *a->scale);
    a->shift = ay_aligned_alloc(64, places * sizeof *a->shift);
    a->packed = a->groups ? ay_aligned_alloc(64, (size_t)a->groups * LANES * (size_t)stride) : NULL;
    if (!a->codes || !a->scale || !a->shift || (a->groups && !a->packed))
        return false;
    memset(a->scale, 0, places * sizeof *a->scale);
    memset(a->shift, 0, places * sizeof *a->shift);
    if (a->packed)
        memset(a->packed, 0, (size_t)a->groups * LANES * (size_t)stride);
    for (int q = 0; q < nq; q++) {
        int8_t *codes = a->codes + (size_t)q * (size_t)stride;
        int8_t *group = a->packed + (size_t)(q / LANES) * (size_t)stride * LANES;
        a->scale[q] = encode(queries + (size_t)q * (size_t)dim, dim, stride, 0, (uint8_t *)codes);
        a->shift[q] = 0;
        for (int d = 0; d < stride; d++)
            a->shift[q] += 128 * codes[d];
        for (int d = 0; q / LANES < a->groups && d < stride; d++)
            group[(d / 4 * LANES + q % LANES) * 4 + d % 4] = codes[d];
    }
    return true;
}

/* ---- the second pass */

static bool better(const ay_hit *a, const ay_hit *b)
{
    return a->score > b->score || (a->score == b->score && a->row < b->row);
}

static float most(const float *v, size_t n)
{
    float m = 0;

    for (size_t i = 0; i < n; i++)
        m = v[i] > m ? v[i] : m;
    return m;
}

/* Exact scores of what the threads kept for query q; the k best to hits.  False: a row that was left out could be among
 * them, where rows' scales are at most `coarse`. */
static bool settle(const pass *p, int parts, const ay_rows *rows, const float *query, int q, int k, float coarse, ay_hit *hits)
{
    float edge = -INFINITY, scale = p->a->scale[q];
    int n = 0;

    for (int i = 0; i < k; i++)
        hits[i] = (ay_hit){AY_SEARCH_NONE, -INFINITY};
    for (int t = 0; t < parts; t++) {
        const ay_hit *list = p[t].hits + (size_t)q * (size_t)p->wide;
        edge = list[p->wide - 1].score > edge ? list[p->wide - 1].score : edge;
        for (int i = 0; i < p->wide && list[i].row != AY_SEARCH_NONE; i++) {
            ay_hit h = {list[i].row, ay_dot(rows->rows + list[i].row * (size_t)rows->dim, query, rows->dim)};
            int at = n < k ? n++ : k - 1;
            if (at == k - 1 && hits[at].row != AY_SEARCH_NONE && !better(&h, &hits[at]))
                continue;
            for (; at > 0 && better(&h, &hits[at - 1]); at--)
                hits[at] = hits[at - 1];
            hits[at] = h;
        }
    }
    return edge + DEVIATIONS * sqrtf((coarse * coarse + scale * scale) / 12) < hits[k - 1].score || edge == -INFINITY;
}

static int thread_count(const ay_rows *rows, int nq, int asked_for)
{
    double work = (double)rows->n * rows->dim * nq / SMALL_JOB;
    int n = asked_for > 0 ? asked_for : ay_cpu_count();

    n = n > AY_THREAD_PARTS ? AY_THREAD_PARTS : n;
    n = (double)n > work ? (int)work : n;
    return n < 1 ? 1 : n;
}

static ay_status settle_all(const pass *p, int parts, const ay_rows *rows, const float *queries, int k, int threads, ay_hit *hits,
                            ay_codes_report *report, ay_err *err)
{
    float coarse = most(p->c->scales, rows->n);
    ay_status status = AY_OK;

    for (int q = 0; q < p->nq && status == AY_OK; q++) {
        const float *query = queries + (size_t)q * (size_t)rows->dim;
        ay_hit *out = hits + (size_t)q * (size_t)k;
        if (settle(p, parts, rows, query, q, k, coarse, out))
            continue;
        status = ay_search_top(rows, query, 1, k, threads, out, err);
        if (report)
            report->again++;
    }
    return status;
}

ay_status ay_codes_top(const ay_codes *c, const ay_rows *rows, const float *queries, int nq, int k, int threads, ay_hit *hits,
                       ay_codes_report *report, ay_err *err)
{
    int parts = thread_count(rows, nq, threads), wide = 4 * k > WIDE_AT_LEAST ? 4 * k : WIDE_AT_LEAST;
    ay_status status = AY_OK;
    asked a = {0};
    pass *p;
    ay_hit *all;

    if (report)
        *report = (ay_codes_report){0};
    if (rows->n < (size_t)wide * 4 || nq < 1 || k < 1 || rows->dim != c->dim || c->cap < rows->n)
        return ay_search_top(rows, queries, nq, k, threads, hits, err); /* too few rows to gain; and it names what is wrong */
    p = ay_aligned_alloc(64, (size_t)parts * sizeof *p);
    all = ay_alloc((size_t)parts * (size_t)nq * (size_t)wide, sizeof *all);
    if (!p || !all || !ask(&a, queries, nq, rows->dim, c->stride)) {
        status = ay_fail(err, AY_ENOMEM, "searching %zu vectors", rows->n);
        goto out;
    }
    for (int t = 0; t < parts; t++) {
        p[t].c = c, p[t].a = &a, p[t].nq = nq, p[t].wide = wide;
        p[t].hits = all + (size_t)t * (size_t)nq * (size_t)wide;
        p[t].from = rows->n / (size_t)parts * (size_t)t;
        p[t].to = t + 1 == parts ? rows->n : rows->n / (size_t)parts * (size_t)(t + 1);
    }
    ay_thread_share("search", parts, do_pass, p);
    status = settle_all(p, parts, rows, queries, k, threads, hits, report, err);
out:
    asked_fini(&a);
    ay_free(all);
    ay_free(p);
    return status;
}
