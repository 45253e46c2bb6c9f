/* index/density_tree.c - the minimum spanning tree of mutual reachability, by Boruvka's rounds.  See density.h.
 *
 * Of edges of the same length the one with the lower rows comes first, so there is one order of all edges and the rounds
 * cannot close a circle. */
#include "base/mem.h"
#include "base/thread.h"
#include "index/density_parts.h"
#include "index/kernel.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { LANES = AY_SEARCH_LANES, BLOCK = 192, CORE_BLOCK = 512 };
#define NOBODY UINT32_MAX

typedef struct {
    const ay_rows *rows;
    const ay_density_options *options;
    const ay_search_kernel *kernel;
    float *core;          /* n: core distances */
    uint32_t *part;       /* n: which part a row is in: the number of one of its rows */
    uint32_t *found;      /* n: nearest row of another part as far as known */
    float *length;        /* n: how far it is; a lower bound when found is in the same part by now */
    uint32_t *best;       /* n: of each part: the row with the shortest find */
    uint32_t *look;       /* rows that must look again */
    size_t nlook;
    _Atomic size_t next;  /* of them, the first that no thread has taken */
    _Atomic bool stopped;
    double done, share;   /* progress: before this round, and what it adds */
} spanning;

/* Squared lengths below the least count as the least, so that copies are equally near. */
static float length_of(float cosine)
{
    float d = sqrtf(fmaxf(0, 2 - 2 * cosine));

    return d > AY_DENSITY_LEAST ? d : AY_DENSITY_LEAST;
}

static bool go_on(spanning *s, double done)
{
    if (s->options->progress && !s->options->progress(s->options->ctx, done))
        atomic_store(&s->stopped, true);
    return !atomic_load(&s->stopped);
}

static ay_status find_cores(spanning *s, int samples, ay_err *err)
{
    size_t n = s->rows->n, dim = (size_t)s->rows->dim;
    ay_hit *hits = ay_alloc((size_t)CORE_BLOCK * (size_t)samples, sizeof *hits);
    ay_status status = hits ? AY_OK : ay_fail(err, AY_ENOMEM, "core distances of %zu rows", n);

    for (size_t first = 0; first < n && status == AY_OK; first += CORE_BLOCK) {
        int count = n - first < CORE_BLOCK ? (int)(n - first) : CORE_BLOCK;
        status = ay_search_top(s->rows, s->rows->rows + first * dim, count, samples, s->options->threads, hits, err);
        for (int i = 0; i < count && status == AY_OK; i++)
            s->core[first + (size_t)i] = length_of(hits[(size_t)(i + 1) * (size_t)samples - 1].score);
        if (status == AY_OK && !go_on(s, 0.4 * (double)(first + (size_t)count) / (double)n))
            status = ay_fail(err, AY_ECANCELLED, "grouping was stopped");
    }
    ay_free(hits);
    return status;
}

/* Is the edge a-b of this length before c-d of that? */
static bool before(float length, uint32_t a, uint32_t b, float than, uint32_t c, uint32_t d)
{
    uint32_t lo = a < b ? a : b, hi = a < b ? b : a, lo2 = c < d ? c : d, hi2 = c < d ? d : c;

    if (length != than)
        return length < than;
    return lo != lo2 ? lo < lo2 : hi < hi2;
}

typedef struct {
    _Alignas(64) float score[BLOCK * LANES];
    uint32_t row[LANES], found[LANES];
    float length[LANES];
    float least_cosine[LANES]; /* no row below it can be nearer than what was found */
    int n;
    float *packed; /* dim x LANES */
} lookers;

/* The cosine of rows that are this far apart, with room for rounding. */
static float cosine_of(float length)
{
    return 1 - length * length / 2 - 2e-6f;
}

static void look_at(const spanning *s, lookers *l, size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float *score = l->score + i * LANES;
        uint32_t other = (uint32_t)(first + i);
        uint32_t bits = s->kernel->above(score, l->least_cosine);
        for (; bits; bits &= bits - 1) {
            int j = __builtin_ctz(bits);
            uint32_t row = l->row[j];
            float d;
            if (j >= l->n || s->part[row] == s->part[other])
                continue;
            d = fmaxf(length_of(score[j]), fmaxf(s->core[row], s->core[other]));
            if (l->found[j] == NOBODY || before(d, row, other, l->length[j], row, l->found[j])) {
                l->length[j] = d;
                l->found[j] = other;
                l->least_cosine[j] = cosine_of(d);
            }
        }
    }
}

/* The nearest rows of other parts for up to LANES rows. */
static void look_around(spanning *s, lookers *l)
{
    size_t n = s->rows->n, dim = (size_t)s->rows->dim;

    memset(l->packed, 0, dim * LANES * sizeof *l->packed);
    for (int j = 0; j < LANES; j++) {
        l->found[j] = NOBODY;
        l->length[j] = INFINITY;
        l->least_cosine[j] = j < l->n ? -INFINITY : INFINITY;
        for (size_t d = 0; j < l->n && d < dim; d++)
            l->packed[d * LANES + (size_t)j] = s->rows->rows[l->row[j] * dim + d];
    }
    for (size_t first = 0; first < n; first += BLOCK) {
        size_t count = n - first < BLOCK ? n - first : BLOCK;
        s->kernel->many(s->rows->rows + first * dim, count, s->rows->dim, l->packed, l->score);
        look_at(s, l, first, count);
    }
    for (int j = 0; j < l->n; j++) {
        s->found[l->row[j]] = l->found[j];
        s->length[l->row[j]] = l->length[j];
    }
}

typedef struct {
    spanning *s;
    lookers *rooms;
} look_work;

static void look_part(void *ctx, int part, int parts)
{
    look_work *w = ctx;
    spanning *s = w->s;
    lookers *l = &w->rooms[part];

    for (size_t first; (first = atomic_fetch_add(&s->next, LANES)) < s->nlook;) {
        l->n = s->nlook - first < LANES ? (int)(s->nlook - first) : LANES;
        memcpy(l->row, s->look + first, (size_t)l->n * sizeof *l->row);
        look_around(s, l);
        if (atomic_load(&s->stopped) ||
            (part == parts - 1 && !go_on(s, s->done + s->share * (double)first / (double)s->nlook)))
            return;
    }
}

static ay_status look_again(spanning *s, ay_err *err)
{
    size_t dim = (size_t)s->rows->dim;
    double work = (double)s->nlook * (double)s->rows->n * s->rows->dim;
    int asked = s->options->threads > 0 ? s->options->threads : ay_cpu_count(), threads = asked;
    look_work w = {s, NULL};
    float *packed;

    threads = threads > AY_THREAD_PARTS ? AY_THREAD_PARTS : work < 1e6 ? 1 : threads;
    w.rooms = ay_aligned_alloc(64, (size_t)threads * sizeof *w.rooms);
    packed = ay_aligned_alloc(64, (size_t)threads * dim * LANES * sizeof *packed);
    if (!w.rooms || !packed) {
        ay_free(w.rooms);
        ay_free(packed);
        return ay_fail(err, AY_ENOMEM, "room to compare %zu rows", s->rows->n);
    }
    for (int i = 0; i < threads; i++)
        w.rooms[i].packed = packed + (size_t)i * dim * LANES;
    atomic_store(&s->next, 0);
    ay_thread_share("density", threads, look_part, &w);
    ay_free(w.rooms);
    ay_free(packed);
    return atomic_load(&s->stopped) ? ay_fail(err, AY_ECANCELLED, "grouping was stopped") : AY_OK;
}

/* Is what this row found shorter than what its part has so far? */
static bool shorter(const spanning *s, uint32_t row, uint32_t best)
{
    return best == NOBODY ||
           before(s->length[row], row, s->found[row], s->length[best], best, s->found[best]);
}

/* Each part's shortest find among rows whose find is still in another part. */
static void best_of_parts(spanning *s)
{
    for (size_t i = 0; i < s->rows->n; i++)
        s->best[i] = NOBODY;
    for (uint32_t i = 0; i < s->rows->n; i++)
        if (s->found[i] != NOBODY && s->part[s->found[i]] != s->part[i] && shorter(s, i, s->best[s->part[i]]))
            s->best[s->part[i]] = i;
}

/* Rows whose find is in their own part by now, unless even that was farther than what the part has. */
static void who_must_look(spanning *s)
{
    s->nlook = 0;
    for (uint32_t i = 0; i < s->rows->n; i++) {
        uint32_t best = s->best[s->part[i]];
        bool stale = s->found[i] == NOBODY || s->part[s->found[i]] == s->part[i];
        if (stale && (best == NOBODY || s->found[i] == NOBODY || s->length[i] <= s->length[best]))
            s->look[s->nlook++] = i;
    }
}

static uint32_t root(uint32_t *up, uint32_t i)
{
    while (up[i] != i) {
        up[i] = up[up[i]];
        i = up[i];
    }
    return i;
}

/* Join every part with what it found; answers the edges so far.  look is used as the forest: it is free now. */
static size_t join_parts(spanning *s, density_edge *edges, size_t have)
{
    uint32_t *up = s->look;

    for (uint32_t i = 0; i < s->rows->n; i++)
        up[i] = s->part[i];
    for (uint32_t p = 0; p < s->rows->n; p++) {
        uint32_t i = s->best[p], a, b;
        if (i == NOBODY)
            continue;
        a = root(up, i);
        b = root(up, s->found[i]);
        if (a == b) /* the other part found the same edge */
            continue;
        up[a > b ? a : b] = a > b ? b : a;
        edges[have++] = (density_edge){i, s->found[i], s->length[i]};
    }
    for (uint32_t i = 0; i < s->rows->n; i++)
        s->part[i] = root(up, i);
    return have;
}

static ay_status open_spanning(spanning *s, const ay_rows *rows, const ay_density_options *o, ay_err *err)
{
    size_t n = rows->n;

    memset(s, 0, sizeof *s);
    s->rows = rows, s->options = o, s->kernel = ay_kernel_get();
    s->core = ay_alloc(n, sizeof *s->core);
    s->part = ay_alloc(n, sizeof *s->part);
    s->found = ay_alloc(n, sizeof *s->found);
    s->length = ay_calloc(n, sizeof *s->length);
    s->best = ay_alloc(n, sizeof *s->best);
    s->look = ay_alloc(n, sizeof *s->look);
    if (!s->core || !s->part || !s->found || !s->length || !s->best || !s->look)
        return ay_fail(err, AY_ENOMEM, "the tree of %zu rows", n);
    for (uint32_t i = 0; i < n; i++) {
        s->part[i] = i;
        s->found[i] = NOBODY;
    }
    return AY_OK;
}

static void close_spanning(spanning *s)
{
    ay_free(s->core);
    ay_free(s->part);
    ay_free(s->found);
    ay_free(s->length);
    ay_free(s->best);
    ay_free(s->look);
}

ay_status density_tree(const ay_rows *rows, const ay_density_options *options, density_edge *edges,
                       ay_err *err)
{
    int samples = options->min_samples > 0 ? options->min_samples : options->min_size;
    size_t have = 0;
    spanning s;
    ay_status status = open_spanning(&s, rows, options, err);

    if ((size_t)samples > rows->n)
        samples = (int)rows->n;
    if (status == AY_OK)
        status = find_cores(&s, samples, err);
    s.done = s.share = 0.4;
    while (status == AY_OK && have + 1 < rows->n) {
        best_of_parts(&s);
        who_must_look(&s);
        status = look_again(&s, err);
        s.done += s.share;
        s.share = (1 - s.done) / 2;
        if (status != AY_OK)
            break;
        best_of_parts(&s);
        have = join_parts(&s, edges, have);
    }
    close_spanning(&s);
    return status;
}
