#include "train/neardup.h"

#include "base/mem.h"
#include "base/thread.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MIDDLE       96 /* the picture is reduced to this before the windows are cut */
#define HASH_NEAR    12 /* bits of 64 */
#define GRID         40 /* samples a side when the pixels are compared */
#define MOST_CROP    0.15f
#define COARSE_FLOOR 0.5f /* copies are far above this before their edges are fitted */

/* Parts cut off at left, top, right and bottom. */
static const float windows[AY_PRINT_HASHES][4] = {
    {0, 0, 0, 0},    {.04f, .04f, .04f, .04f}, {.09f, .09f, .09f, .09f}, {.07f, 0, 0, 0},
    {0, .07f, 0, 0}, {0, 0, .07f, 0},          {0, 0, 0, .07f}};

static ay_status hash_window(const ay_image *im, const float cut[4], uint64_t *hash, ay_err *err)
{
    int x = (int)lrintf(cut[0] * (float)im->width), y = (int)lrintf(cut[1] * (float)im->height);
    int w = im->width - x - (int)lrintf(cut[2] * (float)im->width);
    int h = im->height - y - (int)lrintf(cut[3] * (float)im->height);
    const uint8_t black[3] = {0};
    ay_image part;
    ay_status st = ay_image_crop(im, x, y, w, h, black, &part, err);

    if (st)
        return st;
    *hash = ay_image_phash(&part);
    ay_image_fini(&part);
    return AY_OK;
}

ay_status ay_print_make(ay_print *out, const ay_image *im, ay_err *err)
{
    ay_image middle, small;
    ay_status st = ay_image_resize(im, MIDDLE, MIDDLE, AY_FILTER_BOX, &middle, err);

    if (st)
        return st;
    for (int i = 0; !st && i < AY_PRINT_HASHES; i++)
        st = hash_window(&middle, windows[i], &out->hash[i], err);
    if (!st)
        st = ay_image_resize(&middle, AY_PRINT_SIDE, AY_PRINT_SIDE, AY_FILTER_BOX, &small, err);
    ay_image_fini(&middle);
    if (st)
        return st;
    ay_image_grey(&small, out->grey);
    ay_image_fini(&small);
    return AY_OK;
}

bool ay_print_candidate(const ay_print *a, const ay_print *b)
{
    for (int i = 0; i < AY_PRINT_HASHES; i++)
        if (ay_phash_distance(a->hash[0], b->hash[i]) <= HASH_NEAR ||
            ay_phash_distance(a->hash[i], b->hash[0]) <= HASH_NEAR)
            return true;
    return false;
}

typedef struct {
    float x0, y0, x1, y1;
} box;

/* The gradients of a rectangle of a print, sampled on n x n points: g[2 * (n - 2) * (n - 2)]; the
 * sum of their squares is returned. */
static float gradients(const uint8_t *grey, box b, int n, float *g)
{
    float row[GRID][GRID], sum = 0;
    int column[GRID];
    float part[GRID];

    for (int i = 0; i < n; i++) {
        float at = (b.x0 + ((float)i + .5f) / (float)n * (b.x1 - b.x0)) * AY_PRINT_SIDE - .5f;
        at = fminf(fmaxf(at, 0), AY_PRINT_SIDE - 1.001f);
        column[i] = (int)at;
        part[i] = at - (float)column[i];
    }
    for (int i = 0; i < n; i++) {
        float at = (b.y0 + ((float)i + .5f) / (float)n * (b.y1 - b.y0)) * AY_PRINT_SIDE - .5f;
        at = fminf(fmaxf(at, 0), AY_PRINT_SIDE - 1.001f);
        const uint8_t *p = grey + (int)at * AY_PRINT_SIDE, *q = p + AY_PRINT_SIDE;
        float d = at - (float)(int)at;
        for (int j = 0; j < n; j++) {
            int c = column[j];
            float up = p[c] + part[j] * (float)(p[c + 1] - p[c]);
            float down = q[c] + part[j] * (float)(q[c + 1] - q[c]);
            row[i][j] = up + d * (down - up);
        }
    }
    for (int i = 1; i < n - 1; i++)
        for (int j = 1; j < n - 1; j++, g += 2) {
            g[0] = row[i][j + 1] - row[i][j - 1];
            g[1] = row[i + 1][j] - row[i - 1][j];
            sum += g[0] * g[0] + g[1] * g[1];
        }
    return sum;
}

typedef struct {
    const uint8_t *grey; /* the picture whose rectangle is looked for */
    float want[2 * GRID * GRID];
    float energy;
    int n;
} target;

static float agree(const target *t, box b)
{
    float g[2 * GRID * GRID], dot = 0;
    float energy = gradients(t->grey, b, t->n, g);
    int count = 2 * (t->n - 2) * (t->n - 2);

    for (int i = 0; i < count; i++)
        dot += g[i] * t->want[i];
    return energy > 0 && t->energy > 0 ? dot / sqrtf(energy * t->energy) : 0;
}

static void aim(target *t, const ay_print *whole, const ay_print *part, int n)
{
    t->grey = whole->grey;
    t->n = n;
    t->energy = gradients(part->grey, (box){0, 0, 1, 1}, n, t->want);
}

/* The best of the windows; what the fit starts from. */
static float coarse(const target *t, box *best)
{
    float most = -1;

    for (int i = 0; i < AY_PRINT_HASHES; i++) {
        const float *w = windows[i];
        box b = {w[0], w[1], 1 - w[2], 1 - w[3]};
        float v = agree(t, b);
        if (v > most) {
            most = v;
            *best = b;
        }
    }
    return most;
}

static bool inside(box b)
{
    return b.x0 >= 0 && b.y0 >= 0 && b.x1 <= 1 && b.y1 <= 1 && b.x0 <= MOST_CROP &&
           b.y0 <= MOST_CROP && b.x1 >= 1 - MOST_CROP && b.y1 >= 1 - MOST_CROP;
}

/* Move one edge after the other while that helps, in ever smaller steps. */
static box fit(const target *t, box at, float best)
{
    static const float steps[] = {.04f, .02f, .01f, .005f};

    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        for (bool better = true; better;) {
            better = false;
            for (int e = 0; e < 8; e++) {
                float edge[4] = {at.x0, at.y0, at.x1, at.y1}, v;
                edge[e / 2] += e % 2 ? steps[s] : -steps[s];
                box b = {edge[0], edge[1], edge[2], edge[3]};
                v = inside(b) ? agree(t, b) : -1;
                if (v > best + 1e-5f) {
                    best = v;
                    at = b;
                    better = true;
                }
            }
        }
    return at;
}

/* Correlation of gradients whose lengths are drawn together (square root above the noise), so that
 * a strong outline on white does not drown what is inside it. */
static float agree_in_detail(const target *t, box b)
{
    float g[2 * GRID * GRID], dot = 0, ours = 0, theirs = 0;
    const float noise = 4;

    gradients(t->grey, b, t->n, g);
    for (int i = 0; i < 2 * (t->n - 2) * (t->n - 2); i += 2) {
        const float *x = g + i, *y = t->want + i;
        float fx = 1 / (sqrtf(x[0] * x[0] + x[1] * x[1]) + noise);
        float fy = 1 / (sqrtf(y[0] * y[0] + y[1] * y[1]) + noise);
        dot += (x[0] * y[0] + x[1] * y[1]) * sqrtf(fx * fy);
        ours += (x[0] * x[0] + x[1] * x[1]) * fx;
        theirs += (y[0] * y[0] + y[1] * y[1]) * fy;
    }
    return ours > 0 && theirs > 0 ? dot / sqrtf(ours * theirs) : 0;
}

static float mean_of(const ay_print *p)
{
    float sum = 0;

    for (int i = 0; i < AY_PRINT_SIDE * AY_PRINT_SIDE; i++)
        sum += p->grey[i];
    return sum / (AY_PRINT_SIDE * AY_PRINT_SIDE);
}

/* How well part is found in whole. */
static float one_way(const ay_print *whole, const ay_print *part)
{
    target t;
    box at = {0, 0, 1, 1};
    float most;

    aim(&t, whole, part, GRID / 2);
    if (coarse(&t, &at) < COARSE_FLOOR)
        return 0;
    aim(&t, whole, part, GRID);
    most = agree(&t, at);
    return agree_in_detail(&t, fit(&t, at, most));
}

float ay_print_likeness(const ay_print *a, const ay_print *b)
{
    float g[2 * GRID * GRID], flat = 2.0f * GRID * GRID;
    float ea = gradients(a->grey, (box){0, 0, 1, 1}, GRID, g);
    float eb = gradients(b->grey, (box){0, 0, 1, 1}, GRID, g);
    float ab, ba;

    if (ea < flat || eb < flat) /* nothing to see: an empty sheet is like another empty sheet */
        return ea < flat && eb < flat && fabsf(mean_of(a) - mean_of(b)) < 2 ? 1 : 0;
    ab = one_way(a, b);
    ba = one_way(b, a);
    return fmaxf(0, fmaxf(ab, ba));
}

typedef struct {
    const ay_print *const *prints;
    int n;
    const atomic_bool *cancel;
    atomic_int next;
    pthread_mutex_t lock;
    ay_print_pair *pairs;
    int npairs, room;
    ay_status status;
} search;

static void keep(search *s, int a, int b, float likeness)
{
    pthread_mutex_lock(&s->lock);
    if (s->npairs == s->room) {
        int room = s->room ? 2 * s->room : 64;
        ay_print_pair *more = ay_realloc(s->pairs, (size_t)room, sizeof *more);
        if (!more) {
            s->status = AY_ENOMEM;
            pthread_mutex_unlock(&s->lock);
            return;
        }
        s->pairs = more;
        s->room = room;
    }
    s->pairs[s->npairs++] = (ay_print_pair){a, b, likeness};
    pthread_mutex_unlock(&s->lock);
}

static void *compare_rows(void *arg)
{
    search *s = arg;

    for (;;) {
        int a = atomic_fetch_add(&s->next, 1);
        if (a >= s->n || (s->cancel && atomic_load(s->cancel)))
            return NULL;
        for (int b = a + 1; s->prints[a] && b < s->n; b++) {
            float v;
            if (!s->prints[b] || !ay_print_candidate(s->prints[a], s->prints[b]))
                continue;
            v = ay_print_likeness(s->prints[a], s->prints[b]);
            if (v >= AY_PRINT_LIKE)
                keep(s, a, b, v);
        }
    }
}

static int by_place(const void *x, const void *y)
{
    const ay_print_pair *p = x, *q = y;

    return p->a != q->a ? (p->a > q->a) - (p->a < q->a) : (p->b > q->b) - (p->b < q->b);
}

ay_status ay_print_pairs(const ay_print *const *prints, int n, int threads,
                         const atomic_bool *cancel, ay_print_pair **pairs, int *npairs, ay_err *err)
{
    search s = {.prints = prints, .n = n, .cancel = cancel};
    pthread_t others[64];
    int started = 0;

    *pairs = NULL;
    *npairs = 0;
    pthread_mutex_init(&s.lock, NULL);
    for (int i = 1; i < threads && i < 64; i++)
        if (!ay_thread_start(&others[started], "ay-copies", compare_rows, &s, NULL))
            started++;
    compare_rows(&s);
    for (int i = 0; i < started; i++)
        pthread_join(others[i], NULL);
    pthread_mutex_destroy(&s.lock);
    if (!s.status && cancel && atomic_load(cancel))
        s.status = AY_ECANCELLED;
    if (s.status) {
        ay_free(s.pairs);
        return ay_fail(err, s.status, s.status == AY_ENOMEM ? "no memory for pairs of copies"
                                                           : "stopped on request");
    }
    if (s.npairs)
        qsort(s.pairs, (size_t)s.npairs, sizeof *s.pairs, by_place);
    *pairs = s.pairs;
    *npairs = s.npairs;
    return AY_OK;
}
