#include "service/library/duplicates_find.h"

#include "base/mem.h"
#include "image/look.h"
#include "index/codes.h"
#include "index/hamming.h"
#include "index/index.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_RADIUS = 16, CUT_RADIUS = 12, HASH_MOST = 8000000, NEIGHBOURS = 12, BATCH = 128, LOOKS = 48, RANK = 20, SAMPLE = 1000 };
/* A pair whose glance is below this suggests nothing. */
#define GLANCE 0.35f
/* A centre that a row's small copy fits less by this than its own is not asked. */
#define MOVE_MARGIN 0.004f
/* What is left of the misfit where another centre fits better; a small copy that fits both as well stays with the larger picture. */
#define CLEARLY 0.7f
/* Vectors less like than this suggest nothing. */
#define SUGGEST 0.5f
/* How the time is thought to be spent, for progress. */
#define PART_HASHES 0.1
#define PART_VECTORS 0.3

typedef struct {
    uint32_t a, b;
} edge;

typedef struct {
    ay_look look;
    size_t row; /* SIZE_MAX: empty */
    uint64_t used;
} shelf;

typedef struct {
    const ay_dups_input *in;
    ay_dups_found *io;
    edge *edges; /* both ways, in order */
    size_t nedges, cedges;
    uint8_t *broken; /* n: cannot be decoded */
    float *fit;      /* n: how well a row fits its group's centre, a correlation; 2: of an earlier run */
    shelf shelves[LOOKS];
    uint64_t clock;
} finder;

static bool step(const finder *f, double done)
{
    return !f->in->progress || f->in->progress(f->in->ctx, done);
}

static ay_status stopped(ay_err *err)
{
    return ay_fail(err, AY_ECANCELLED, "stopped");
}

/* ---- what may be */

static ay_status add_edge(finder *f, uint32_t a, uint32_t b, ay_err *err)
{
    if (f->nedges + 2 > f->cedges) {
        size_t cap = f->cedges ? 2 * f->cedges : 1024;
        edge *more = ay_realloc(f->edges, cap, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "comparing pictures");
        f->edges = more;
        f->cedges = cap;
    }
    f->edges[f->nedges++] = (edge){a, b};
    f->edges[f->nedges++] = (edge){b, a};
    return AY_OK;
}

/* b, turned, over a; or where a part lies (cut: not -1) of one of them in the other. */
static bool worth(const ay_print *a, const ay_print *b, int orientation, int cut, bool back)
{
    ay_print turned;

    if (cut >= 0)
        return ay_print_glance_cut(a, b, cut, back) >= GLANCE;
    if (orientation == 1 && ay_print_equal(a, b))
        return true; /* also of pictures that show nothing to compare */
    if (orientation != 1) {
        ay_print_turn(b, orientation, &turned);
        b = &turned;
    }
    return ay_print_glance(a, b) >= GLANCE;
}

/* All the ways of comparing hashes: each orientation, and each part of a picture that a crop would show, both ways round. */
enum { WAYS = AY_ORIENTATIONS + 2 * AY_CUTS };

typedef struct {
    finder *f;
    uint64_t *plain, *other; /* n each: hashes as they are, and as this way has them */
    uint64_t (*cuts)[AY_CUTS];
    int way;
    ay_hamming_pairs pairs;
} hashing;

static bool hash_step(void *ctx, double done)
{
    const hashing *h = ctx;

    return step(h->f, PART_HASHES * (h->way + done) / WAYS);
}

/* Pairs within a radius, or nearer ones where those are too many (thousands show the same). */
static ay_status join_hashes(hashing *h, ay_hamming_job *job, ay_err *err)
{
    ay_status status = AY_ELIMIT;

    for (; status == AY_ELIMIT && job->radius >= 0; job->radius -= 4) {
        h->pairs.n = 0;
        status = ay_hamming_join(job, &h->pairs, err);
    }
    return status == AY_ELIMIT ? AY_OK : status;
}

/* One way: new pictures beside all, or (the second way round of a part) parts of new ones beside the old as they are. */
static ay_status join_way(hashing *h, ay_err *err)
{
    const ay_dups_input *in = h->f->in;
    size_t from = in->from, n = in->n;
    int cut = h->way < AY_ORIENTATIONS ? -1 : (h->way - AY_ORIENTATIONS) % AY_CUTS;
    bool back = h->way >= AY_ORIENTATIONS + AY_CUTS;
    ay_hamming_job job = {.a = h->plain + from, .na = n - from, .b = h->other, .nb = n, .self = cut < 0 && from == 0,
                          .radius = cut < 0 ? HASH_RADIUS : CUT_RADIUS, .turn = cut < 0 ? (uint8_t)(h->way + 1) : 1, .most = HASH_MOST,
                          .threads = in->threads, .progress = hash_step, .ctx = h};

    h->pairs.n = 0;
    if (back && from == 0) /* the first way round had all of them */
        return AY_OK;
    for (size_t i = 0; i < n; i++)
        h->other[i] = cut < 0 ? ay_print_hash_turn(h->plain[i], h->way + 1) : h->cuts[i][cut];
    if (back) {
        job.a = h->other + from;
        job.b = h->plain;
        job.nb = from;
    }
    return join_hashes(h, &job, err);
}

static ay_status take_pairs(hashing *h, ay_err *err)
{
    const ay_dups_input *in = h->f->in;
    int orientation = h->way < AY_ORIENTATIONS ? h->way + 1 : 1, cut = h->way < AY_ORIENTATIONS ? -1 : (h->way - AY_ORIENTATIONS) % AY_CUTS;
    bool back = h->way < AY_ORIENTATIONS + AY_CUTS; /* first of other ones' parts, then of its own */
    ay_status status = AY_OK;

    h->f->io->suggested += h->pairs.n;
    for (size_t i = 0; i < h->pairs.n && status == AY_OK; i++) {
        uint32_t a = h->pairs.items[i].a + (uint32_t)in->from, b = h->pairs.items[i].b;
        if (i % 4096 == 0 && !hash_step(h, 1))
            return stopped(err);
        if (a != b && in->readable[a] && in->readable[b] && worth(&in->print[a], &in->print[b], orientation, cut, back))
            status = add_edge(h->f, a, b, err);
    }
    return status;
}

static ay_status suggest_by_hash(finder *f, ay_err *err)
{
    size_t n = f->in->n;
    hashing h = {.f = f, .plain = ay_alloc(n + 1, sizeof *h.plain), .other = ay_alloc(n + 1, sizeof *h.other),
                 .cuts = ay_alloc(n + 1, sizeof *h.cuts)};
    ay_status status = h.plain && h.other && h.cuts ? AY_OK : ay_fail(err, AY_ENOMEM, "comparing pictures");

    for (size_t i = 0; i < n && status == AY_OK; i++) {
        h.plain[i] = f->in->print[i].hash;
        ay_print_hash_cuts(&f->in->print[i], h.cuts[i]);
        if (i % 1024 == 0 && !step(f, 0))
            status = stopped(err);
    }
    for (h.way = 0; h.way < WAYS && status == AY_OK; h.way++) {
        status = join_way(&h, err);
        if (status == AY_OK)
            status = take_pairs(&h, err);
    }
    ay_hamming_pairs_fini(&h.pairs);
    ay_free(h.plain);
    ay_free(h.other);
    ay_free(h.cuts);
    return status;
}

/* ---- vectors */

static int descending(const void *x, const void *y)
{
    float a = *(const float *)x, b = *(const float *)y;

    return (a < b) - (a > b);
}

/* Mean and deviation of cosines of pairs at random. */
static float chance(const ay_dups_input *in)
{
    double sum = 0, sq = 0, mean;
    int m = 0;

    for (size_t i = 0; i < 4 * SAMPLE && in->n > 1; i++) {
        size_t a = i * 7919 % in->n, b = (i * 104729 + 1) % in->n;
        double c;
        if (a == b)
            continue;
        c = (double)ay_dot(in->vectors + a * (size_t)in->dim, in->vectors + b * (size_t)in->dim, in->dim);
        sum += c, sq += c * c, m++;
    }
    if (m == 0)
        return 1;
    mean = sum / m;
    return (float)(mean + 4 * sqrt(fmax(0, sq / m - mean * mean)));
}

static ay_status learn_least(const ay_dups_input *in, float *out, ay_err *err)
{
    size_t m = in->n < SAMPLE ? in->n : SAMPLE;
    int k = (in->n - 1 < RANK ? (int)in->n - 1 : RANK) + 1;
    ay_rows rows = {in->vectors, in->n, in->dim};
    ay_hit *hits = ay_alloc((size_t)k, sizeof *hits);
    float *far = ay_alloc(m + 1, sizeof *far), least = chance(in);
    ay_status status = hits && far ? AY_OK : ay_fail(err, AY_ENOMEM, "comparing pictures");

    for (size_t i = 0; i < m && status == AY_OK; i++) {
        status = ay_search_top(&rows, in->vectors + i * in->n / m * (size_t)in->dim, 1, k, in->threads, hits, err);
        far[i] = hits[k - 1].score;
    }
    if (status == AY_OK) {
        qsort(far, m, sizeof *far, descending);
        *out = fminf(0.999f, fmaxf(least, in->n > 2 * RANK ? far[m / 100] : 0));
    }
    ay_free(hits);
    ay_free(far);
    return status;
}

static ay_status add_near(ay_dups_found *io, uint32_t a, uint32_t b, float cosine, ay_err *err)
{
    if (io->nnear == io->cnear) {
        size_t cap = io->cnear ? 2 * io->cnear : 1024;
        ay_dup_near *more = ay_realloc(io->near, cap, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "comparing pictures");
        io->near = more;
        io->cnear = cap;
    }
    io->near[io->nnear++] = (ay_dup_near){a < b ? a : b, a < b ? b : a, cosine};
    return AY_OK;
}

/* One of the nearest vectors: does it suggest that they are the same, in any orientation? */
static ay_status take_hit(finder *f, uint32_t a, const ay_hit *hit, ay_err *err)
{
    const ay_dups_input *in = f->in;
    uint32_t b = (uint32_t)hit->row;
    ay_status status = AY_OK;

    if (hit->row == AY_SEARCH_NONE || b == a || hit->score < SUGGEST)
        return AY_OK;
    if (hit->score >= f->io->least)
        status = add_near(f->io, a, b, hit->score, err);
    if (!in->readable[a] || !in->readable[b])
        return status;
    for (int o = 1; o <= AY_ORIENTATIONS && status == AY_OK; o++)
        if (worth(&in->print[a], &in->print[b], o, -1, false))
            return add_edge(f, a, b, err);
    return status;
}

/* Bytes of the vectors: they are read by every batch, and a quarter is read sooner. */
static ay_status make_codes(const ay_dups_input *in, ay_codes *codes, ay_err *err)
{
    ay_status status;

    ay_codes_init(codes, in->dim);
    status = ay_codes_reserve(codes, in->n, err);
    for (size_t i = 0; i < in->n && status == AY_OK; i++)
        ay_codes_put(codes, i, in->vectors + i * (size_t)in->dim);
    return status;
}

static ay_status suggest_by_vector(finder *f, ay_err *err)
{
    const ay_dups_input *in = f->in;
    ay_rows rows = {in->vectors, in->n, in->dim};
    ay_hit *hits = ay_alloc(BATCH * NEIGHBOURS, sizeof *hits);
    ay_codes codes = {0};
    ay_status status = hits ? make_codes(in, &codes, err) : ay_fail(err, AY_ENOMEM, "comparing pictures");

    if (status == AY_OK && f->io->least <= 0)
        status = learn_least(in, &f->io->least, err);
    for (size_t at = in->from; at < in->n && status == AY_OK; at += BATCH) {
        int m = in->n - at < BATCH ? (int)(in->n - at) : BATCH;
        status = ay_codes_top(&codes, &rows, in->vectors + at * (size_t)in->dim, m, NEIGHBOURS, in->threads, hits, NULL, err);
        for (int i = 0; i < m * NEIGHBOURS && status == AY_OK; i++)
            status = take_hit(f, (uint32_t)(at + (size_t)i / NEIGHBOURS), &hits[i], err);
        if (status == AY_OK && !step(f, PART_HASHES + PART_VECTORS * (double)(at - in->from) / (double)(in->n - in->from)))
            status = stopped(err);
    }
    ay_codes_fini(&codes);
    ay_free(hits);
    return status;
}

/* ---- what is: decoded pictures on a few shelves, the longest unused goes */

static ay_status look_at(finder *f, size_t row, const ay_look **out, ay_err *err)
{
    shelf *s = &f->shelves[0];
    ay_err why = {{0}};
    ay_status status;
    ay_image im;

    *out = NULL;
    for (int i = 0; i < LOOKS; i++) {
        if (f->shelves[i].row == row) {
            f->shelves[i].used = ++f->clock;
            *out = &f->shelves[i].look;
            return AY_OK;
        }
        if (f->shelves[i].used < s->used)
            s = &f->shelves[i];
    }
    if (f->broken[row])
        return AY_OK;
    ay_look_fini(&s->look);
    s->row = SIZE_MAX;
    status = f->in->open(f->in->ctx, row, &im, &why);
    if (status == AY_OK) {
        status = ay_look_init(&s->look, &im, &why);
        ay_image_fini(&im);
    }
    if (status == AY_ENOMEM || status == AY_ECANCELLED)
        return ay_fail(err, status, "%s", why.msg);
    if (status != AY_OK) {
        f->broken[row] = 1;
        f->io->failed++;
        return AY_OK;
    }
    s->row = row;
    s->used = ++f->clock;
    *out = &s->look;
    return AY_OK;
}

/* Two presses of the shutter.  Whole quarters of an hour are the same time told with and without its zone. */
static bool other_times(const ay_dups_input *in, uint32_t a, uint32_t b)
{
    const int64_t quarter = 900 * 1000000ll;

    return in->taken && in->taken[a] && in->taken[b] && (in->taken[a] - in->taken[b]) % quarter != 0;
}

/* A row may leave its group for one that it fits better; who holds a group together may not, nor what has its centre's pixels. */
static bool may_move(const finder *f, uint32_t row)
{
    const ay_dup_place *p = &f->io->place[row];

    return p->centre == AY_DUP_NONE || (p->centre != row && strcmp(p->pixels, f->io->place[p->centre].pixels) != 0);
}

static float best_print(const ay_print *a, const ay_print *b)
{
    float best = 0;

    for (int o = 1; o <= AY_ORIENTATIONS; o++)
        best = fmaxf(best, ay_print_compare_turned(a, b, o));
    return best;
}

/* Is another centre so near, as far as the small copies show, that it must be asked too? */
static bool worth_moving(const finder *f, uint32_t row, uint32_t centre)
{
    const ay_print *p = f->in->print;
    uint32_t now = f->io->place[row].centre;

    return now == AY_DUP_NONE || best_print(&p[centre], &p[row]) > best_print(&p[now], &p[row]) - MOVE_MARGIN;
}

static bool fits_better(const finder *f, uint32_t row, const ay_look_result *r)
{
    const ay_dup_place *p = &f->io->place[row];

    if (p->centre == AY_DUP_NONE || r->kind == AY_LOOK_PIXELS)
        return true;
    return f->fit[row] <= 1 ? 1 - r->correlation < CLEARLY * (1 - f->fit[row]) : r->difference < CLEARLY * p->difference;
}

/* row becomes one of the centre's; or would be, if nobody had said that they are different. */
static ay_status put_beside(finder *f, uint32_t centre, uint32_t row, const ay_look_result *r, const ay_look *a, const ay_look *b,
                            bool *same, ay_err *err)
{
    ay_dup_place *c = &f->io->place[centre];
    ay_dup_held one = {.row = row, .place = {.centre = centre, .orientation = (uint8_t)r->orientation, .cropped = r->cropped,
                                             .difference = r->difference}};

    memcpy(one.place.pixels, b->pixels, sizeof one.place.pixels);
    memcpy(one.pixels, a->pixels, sizeof one.pixels);
    if (f->in->apart && f->in->apart(f->in->ctx, centre, row))
        return ay_dups_hold(f->io, &one, err);
    *same = true;
    f->fit[row] = r->correlation;
    f->io->place[row] = one.place;
    if (c->centre == AY_DUP_NONE)
        *c = (ay_dup_place){.centre = centre, .orientation = 1};
    memcpy(c->pixels, a->pixels, sizeof c->pixels);
    return AY_OK;
}

/* Put row beside the centre where it is the same picture, and no worse than where it is. */
static ay_status try_pair(finder *f, uint32_t centre, uint32_t row, bool *same, ay_err *err)
{
    const ay_look *a, *b;
    ay_look_result r;
    int turns[AY_ORIENTATIONS], n;
    ay_status status;

    *same = false;
    if (!worth_moving(f, row, centre))
        return AY_OK;
    n = ay_look_turns(&f->in->print[centre], &f->in->print[row], turns);
    if (n == 0)
        return AY_OK;
    status = look_at(f, centre, &a, err);
    if (status == AY_OK)
        status = look_at(f, row, &b, err);
    if (status != AY_OK || !a || !b)
        return status;
    f->io->compared++;
    status = ay_look_judge(a, b, turns, n, &r, err);
    if (status != AY_OK || r.kind == AY_LOOK_OTHER || (r.kind == AY_LOOK_PICTURE && other_times(f->in, centre, row)))
        return status;
    return fits_better(f, row, &r) ? put_beside(f, centre, row, &r, a, b, same, err) : AY_OK;
}

static int in_order(const void *x, const void *y)
{
    const edge *a = x, *b = y;

    if (a->a != b->a)
        return a->a < b->a ? -1 : 1;
    return (a->b > b->b) - (a->b < b->b);
}

static size_t first_edge(const finder *f, uint32_t row)
{
    size_t lo = 0, hi = f->nedges;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (f->edges[mid].a < row)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

typedef struct {
    uint32_t *queue, *tried; /* n each: rows of the group; the centre that a row was last compared with */
    size_t nqueue;
} star;

/* Everything that may be like a member is compared with the centre, once. */
static ay_status spread(finder *f, star *s, uint32_t centre, uint32_t member, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t e = first_edge(f, member); e < f->nedges && f->edges[e].a == member && status == AY_OK; e++) {
        uint32_t row = f->edges[e].b;
        bool same;
        if (row == centre || f->io->place[row].centre == centre || !may_move(f, row) || s->tried[row] == centre)
            continue;
        s->tried[row] = centre;
        status = try_pair(f, centre, row, &same, err);
        if (status == AY_OK && same)
            s->queue[s->nqueue++] = row;
    }
    return status;
}

/* A group around a picture, or what joins the group that it is in already. */
static ay_status grow(finder *f, star *s, uint32_t row, ay_err *err)
{
    uint32_t centre = f->io->place[row].centre == AY_DUP_NONE ? row : f->io->place[row].centre;
    ay_status status = AY_OK;

    s->nqueue = 0;
    s->queue[s->nqueue++] = row;
    for (size_t i = 0; i < s->nqueue && status == AY_OK; i++)
        status = spread(f, s, centre, s->queue[i], err);
    return status;
}

typedef struct {
    int64_t area;
    uint32_t row;
    bool grouped;
} turn_of;

/* Groups that are there first, then the largest pictures. */
static int largest_first(const void *x, const void *y)
{
    const turn_of *a = x, *b = y;

    if (a->grouped != b->grouped)
        return a->grouped ? -1 : 1;
    if (a->area != b->area)
        return a->area > b->area ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static ay_status grow_all(finder *f, turn_of *order, star *s, ay_err *err)
{
    const ay_dups_input *in = f->in;
    ay_status status = AY_OK;

    for (size_t i = 0; i < in->n; i++) {
        order[i] = (turn_of){in->area[i], (uint32_t)i, i < in->from && f->io->place[i].centre != AY_DUP_NONE};
        s->tried[i] = AY_DUP_NONE;
    }
    qsort(order, in->n, sizeof *order, largest_first);
    for (size_t i = 0; i < in->n && status == AY_OK; i++) {
        uint32_t row = order[i].row;
        if (first_edge(f, row) < f->nedges && f->edges[first_edge(f, row)].a == row &&
            (order[i].grouped || f->io->place[row].centre == AY_DUP_NONE))
            status = grow(f, s, row, err);
        if (status == AY_OK && i % 64 == 0 && !step(f, PART_HASHES + PART_VECTORS + (1 - PART_HASHES - PART_VECTORS) * (double)i / (double)in->n))
            status = stopped(err);
    }
    return status;
}

static ay_status decide(finder *f, ay_err *err)
{
    size_t n = f->in->n, kept = 0;
    turn_of *order = ay_alloc(n + 1, sizeof *order);
    star s = {ay_alloc(n + 1, sizeof(uint32_t)), ay_alloc(n + 1, sizeof(uint32_t)), 0};
    ay_status status = order && s.queue && s.tried ? AY_OK : ay_fail(err, AY_ENOMEM, "comparing pictures");

    if (f->nedges)
        qsort(f->edges, f->nedges, sizeof *f->edges, in_order);
    for (size_t i = 0; i < f->nedges; i++)
        if (i == 0 || in_order(&f->edges[i], &f->edges[kept - 1]) != 0)
            f->edges[kept++] = f->edges[i];
    f->nedges = kept;
    if (status == AY_OK)
        status = grow_all(f, order, &s, err);
    ay_free(order);
    ay_free(s.queue);
    ay_free(s.tried);
    return status;
}

ay_status ay_dups_find(const ay_dups_input *in, ay_dups_found *io, ay_err *err)
{
    finder f = {.in = in, .io = io, .broken = ay_calloc(in->n + 1, 1), .fit = ay_alloc(in->n + 1, sizeof *f.fit)};
    ay_status status = f.broken && f.fit ? AY_OK : ay_fail(err, AY_ENOMEM, "comparing pictures");

    for (int i = 0; i < LOOKS; i++)
        f.shelves[i].row = SIZE_MAX;
    for (size_t i = in->from; i < in->n; i++)
        io->place[i] = (ay_dup_place){.centre = AY_DUP_NONE, .orientation = 1};
    for (size_t i = 0; i < in->n && f.fit; i++)
        f.fit[i] = 2;
    io->suggested = io->compared = io->failed = 0;
    if (status == AY_OK && in->n > in->from)
        status = suggest_by_hash(&f, err);
    if (status == AY_OK && in->vectors && in->n > in->from && in->n > 1)
        status = suggest_by_vector(&f, err);
    if (status == AY_OK)
        status = decide(&f, err);
    for (int i = 0; i < LOOKS; i++)
        ay_look_fini(&f.shelves[i].look);
    ay_free(f.edges);
    ay_free(f.fit);
    ay_free(f.broken);
    return status;
}

void ay_dups_found_fini(ay_dups_found *f)
{
    ay_free(f->near);
    ay_free(f->held);
    f->near = NULL;
    f->held = NULL;
    f->nnear = f->cnear = f->nheld = f->cheld = 0;
}
