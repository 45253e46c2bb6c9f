/* Winograd's convolutions against the definition in double, on bf16 values: odd sizes, channels that
 * leave parts of vectors over, cuts by tiles and by outputs. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "nn/dnnl/loops.h"
#include "nn/dnnl/winograd.h"

#include <math.h>

static const ay_wino_shape shapes[] = {
    {1, 1, 1, 2, 2},      {2, 2, 3, 34, 18},   {3, 7, 7, 66, 40},  {1, 9, 14, 130, 32},
    {2, 13, 12, 24, 100}, {1, 31, 29, 16, 16}, {5, 4, 4, 48, 260}, {1, 8, 8, 200, 208}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Everything of one case. */
typedef struct {
    ay_wino_shape s;
    uint16_t *x, *y, *other;
    float *w, *grad;
    void *u, *scratch, *sums;
    double *want;
    size_t nx, ny, nw;
} a_case;

static float wide(uint16_t h)
{
    uint32_t u = (uint32_t)h << 16;
    float f;

    memcpy(&f, &u, sizeof f);
    return f;
}

static void draw(uint16_t *h, float *f, size_t n, ay_rng *r)
{
    for (size_t i = 0; i < n; i++) {
        float v = (float)ay_rng_normal(r);
        if (f)
            f[i] = v;
        else
            ay_loops_plain.convert(&v, false, h + i, true, 1);
    }
}

static size_t most(size_t a, size_t b)
{
    return a > b ? a : b;
}

static a_case make(const ay_wino_shape *s)
{
    a_case c = {.s = *s};
    ay_wino_shape back = {s->N, s->H, s->W, s->out, s->in};
    ay_rng r;

    ay_rng_init(&r, 7);
    c.nx = (size_t)(s->N * s->H * s->W * s->in);
    c.ny = (size_t)(s->N * s->H * s->W * s->out);
    c.nw = (size_t)(s->in * s->out * 9);
    c.x = ay_calloc(c.nx, 2);
    c.y = ay_calloc(c.ny, 2);
    c.other = ay_calloc(most(c.nx, c.ny), 2);
    c.w = ay_calloc(c.nw, sizeof *c.w);
    c.grad = ay_calloc(c.nw, sizeof *c.grad);
    c.u = ay_calloc(1, most(ay_wino_filter_bytes(s), ay_wino_filter_bytes(&back)));
    c.scratch = ay_calloc(1, most(most(ay_wino_scratch_bytes(s), ay_wino_scratch_bytes(&back)),
                                  ay_wino_gradient_bytes(s)));
    c.sums = ay_calloc(2, ay_wino_sums_bytes(s));
    c.want = ay_calloc(most(most(c.nx, c.ny), c.nw), sizeof *c.want);
    draw(c.x, NULL, c.nx, &r);
    draw(c.y, NULL, c.ny, &r);
    draw(NULL, c.w, c.nw, &r);
    return c;
}

static void drop(a_case *c)
{
    void *all[] = {c->x, c->y, c->other, c->w, c->grad, c->u, c->scratch, c->sums, c->want};

    for (int i = 0; i < 9; i++)
        ay_free(all[i]);
}

static bool skip(void)
{
    return ay_loops_get() != &ay_loops_bf16;
}

/* want = y (to_x false) from x, or x's gradient from y, or w's gradient from both. */
typedef enum { FORWARD, TO_INPUT, TO_FILTER } way;

static void define(a_case *c, way what)
{
    const ay_wino_shape *s = &c->s;
    size_t n = what == FORWARD ? c->ny : what == TO_INPUT ? c->nx : c->nw;

    memset(c->want, 0, n * sizeof *c->want);
    for (int64_t p = 0; p < s->N * s->H * s->W; p++)
        for (int t = 0; t < 9; t++) {
            int64_t row = p / s->W % s->H + t / 3 - 1, column = p % s->W + t % 3 - 1;
            if (row < 0 || row >= s->H || column < 0 || column >= s->W)
                continue;
            int64_t q = p + (t / 3 - 1) * s->W + t % 3 - 1;
            for (int64_t o = 0; o < s->out; o++)
                for (int64_t i = 0; i < s->in; i++) {
                    int64_t f = (o * s->in + i) * 9 + t;
                    double x = wide(c->x[q * s->in + i]), y = wide(c->y[p * s->out + o]);
                    if (what == FORWARD)
                        c->want[p * s->out + o] += x * c->w[f];
                    else if (what == TO_INPUT)
                        c->want[q * s->in + i] += y * c->w[f];
                    else
                        c->want[f] += x * y;
                }
        }
}

/* Rounding to bf16 loses 2^-9 at most, and here happens to values, filters and the result. */
static bool close_to(const a_case *c, const uint16_t *h, const float *f, size_t n)
{
    double error = 0, size = 0, worst = 0;

    for (size_t i = 0; i < n; i++) {
        double e = fabs((f ? (double)f[i] : (double)wide(h[i])) - c->want[i]);
        error += e * e;
        size += c->want[i] * c->want[i];
        worst = e > worst ? e : worst;
    }
    error = sqrt(error / size);
    worst /= sqrt(size / (double)n);
    if (error < 0.006 && worst < 0.05)
        return true;
    printf("  %d>%d, %dx%d: error %.5f, worst %.5f of the size\n", (int)c->s.in, (int)c->s.out,
           (int)c->s.H, (int)c->s.W, error, worst);
    return false;
}

static void forward(void)
{
    if (skip())
        SKIP("this processor does not multiply bf16");
    for (int k = 0; k < SHAPES; k++) {
        a_case c = make(&shapes[k]);
        int64_t panels = ay_wino_panels(&c.s), tiles = ay_wino_tiles(&c.s);
        define(&c, FORWARD);
        ay_wino_filters(&c.s, c.w, 9 * c.s.in, 9, false, c.u, 0, 1);
        ay_wino_filters(&c.s, c.w, 9 * c.s.in, 9, false, c.u, 1, panels);
        ay_wino_convolve(&c.s, c.x, c.u, c.y, c.scratch, 0, tiles);
        CHECK(close_to(&c, c.y, NULL, c.ny));
        ay_wino_convolve(&c.s, c.x, c.u, c.other, c.scratch, 0, tiles / 3);
        ay_wino_convolve(&c.s, c.x, c.u, c.other, c.scratch, tiles / 3, tiles);
        CHECK(memcmp(c.y, c.other, c.ny * 2) == 0);
        drop(&c);
    }
}

static void to_the_input(void)
{
    if (skip())
        SKIP("this processor does not multiply bf16");
    for (int k = 0; k < SHAPES; k++) {
        a_case c = make(&shapes[k]);
        ay_wino_shape back = {c.s.N, c.s.H, c.s.W, c.s.out, c.s.in};
        define(&c, TO_INPUT);
        ay_wino_filters(&back, c.w, 9, 9 * c.s.in, true, c.u, 0, ay_wino_panels(&back));
        ay_wino_convolve(&back, c.y, c.u, c.other, c.scratch, 0, ay_wino_tiles(&back));
        CHECK(close_to(&c, c.other, NULL, c.nx));
        drop(&c);
    }
}

static void to_the_filters(void)
{
    if (skip())
        SKIP("this processor does not multiply bf16");
    for (int k = 0; k < SHAPES; k++) {
        a_case c = make(&shapes[k]);
        int64_t tiles = ay_wino_tiles(&c.s), half = c.s.out / 32 * 16;
        float *second = (float *)((char *)c.sums + ay_wino_sums_bytes(&c.s));
        define(&c, TO_FILTER);
        ay_wino_gradient(&c.s, c.x, c.y, c.sums, c.scratch, 0, tiles, 0, half);
        ay_wino_gradient(&c.s, c.x, c.y, c.sums, c.scratch, 0, tiles, half, c.s.out);
        ay_wino_deliver(&c.s, c.sums, 1, false, c.grad, 0, c.s.out);
        CHECK(close_to(&c, NULL, c.grad, c.nw));
        ay_wino_gradient(&c.s, c.x, c.y, c.sums, c.scratch, 0, tiles / 3, 0, c.s.out);
        memset(second, 0, ay_wino_sums_bytes(&c.s));
        ay_wino_gradient(&c.s, c.x, c.y, second, c.scratch, tiles / 3, tiles, 0, c.s.out);
        ay_wino_deliver(&c.s, tiles < 3 ? second : c.sums, tiles < 3 ? 1 : 2, true, c.grad, 0,
                        c.s.out);
        for (size_t i = 0; i < c.nw; i++)
            c.grad[i] /= 2; /* it was added to the first */
        CHECK(close_to(&c, NULL, c.grad, c.nw));
        drop(&c);
    }
}

TESTS({"forward", forward}, {"back to the input", to_the_input},
      {"back to the filters", to_the_filters})
