/* The three compilations of loops.inc against each other and against formulas in double, with channel
 * counts and lengths that leave parts of vectors over. */
#include "base/rng.h"
#include "base/test.h"
#include "nn/dnnl/compile.h"
#include "nn/dnnl/loops.h"

#include <math.h>

enum { MOST = 40 * 130, ROOM = MOST + 64 };

static float x[ROOM], d[ROOM], e[ROOM], other[ROOM], y[2][ROOM], dx[2][ROOM], sum[2][2][ROOM];
static float scale[ROOM], shift[ROOM], centre[ROOM], factor[3][ROOM], row[ROOM];
static uint16_t h[4][ROOM], hy[2][ROOM];

static const ay_loops *others[2];
static int count;

/* Which compilations this processor can run beside the plain one. */
static void find(void)
{
    count = 0;
    if (ay_dnnl_wide())
        others[count++] = &ay_loops_wide;
    if (ay_loops_get() == &ay_loops_bf16)
        others[count++] = &ay_loops_bf16;
    if (count == 0)
        SKIP("this processor has no AVX-512");
}

static void draw(float *p, int n, uint64_t seed, float size)
{
    ay_rng r;

    ay_rng_init(&r, seed);
    for (int i = 0; i < n; i++)
        p[i] = size * (float)ay_rng_normal(&r);
}

static void repeat(float *p, int64_t C, int64_t P)
{
    for (int64_t i = C; i < P; i++)
        p[i] = p[i - C];
}

static int64_t period_of(int64_t C)
{
    int64_t gcd = 16;

    while (C % gcd)
        gcd /= 2;
    return C * (16 / gcd);
}

static bool close_to(const float *a, const float *b, int64_t n, double limit)
{
    for (int64_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - b[i]) <= limit * (1 + fabs((double)b[i])))) {
            printf("  element %d: %.9g and %.9g\n", (int)i, (double)a[i], (double)b[i]);
            return false;
        }
    return true;
}

static ay_norm_loop args(int64_t C, int64_t pixels, ay_act act, int k)
{
    int64_t P = period_of(C);

    draw(x, ROOM, 1, 2);
    draw(d, ROOM, 2, 1);
    draw(other, ROOM, 3, 1);
    draw(row, ROOM, 4, 1);
    draw(scale, (int)C, 5, 1);
    draw(shift, (int)C, 6, 1);
    draw(centre, (int)C, 7, 1);
    for (int i = 0; i < 3; i++) {
        draw(factor[i], (int)C, 8 + (uint64_t)i, 1);
        repeat(factor[i], C, P);
    }
    repeat(scale, C, P);
    repeat(shift, C, P);
    repeat(centre, C, P);
    memset(sum[k], 0, sizeof sum[k]);
    return (ay_norm_loop){.act = act,
                          .period = P,
                          .x = x,
                          .y = y[k],
                          .scale = scale,
                          .shift = shift,
                          .centre = centre,
                          .diff = {d, NULL},
                          .each = row,
                          .channels = C,
                          .picture = C * pixels,
                          .sum = sum[k][0],
                          .product = sum[k][1],
                          .by_diff = factor[0],
                          .by_x = factor[1],
                          .by_one = factor[2],
                          .diff_x = dx[k]};
}

/* Everything that normalisation runs, in one table of loops. */
static void run_norm(const ay_loops *l, int64_t C, int64_t pixels, ay_act act, int k, int64_t n)
{
    ay_norm_loop a = args(C, pixels, act, k);

    if (act != AY_ACT_SILU)
        a.add = other;
    l->apply(&a, 0, n);
    l->moments(&a, 0, n);
    l->sums(&a, 0, n);
    l->spread(&a, 0, n);
}

static void normalisation(void)
{
    static const int64_t channels[] = {1, 3, 16, 24, 40};
    static const ay_act acts[] = {AY_ACT_NONE, AY_ACT_RELU, AY_ACT_SILU};

    find();
    for (int c = 0; c < 5; c++)
        for (int t = 0; t < 3; t++)
            for (int o = 0; o < count; o++) {
                int64_t C = channels[c], pixels = 43, n = 3 * C * pixels, P = period_of(C);
                run_norm(&ay_loops_plain, C, pixels, acts[t], 0, n);
                run_norm(others[o], C, pixels, acts[t], 1, n);
                CHECK(close_to(y[1], y[0], n, 1e-5) && close_to(dx[1], dx[0], n, 1e-4));
                CHECK(close_to(sum[1][0], sum[0][0], P, 1e-4));
                CHECK(close_to(sum[1][1], sum[0][1], P, 1e-4));
            }
}

/* The plain compilation against the formula. */
static void silu_and_its_gradient(void)
{
    ay_norm_loop a = args(16, MOST / 16, AY_ACT_SILU, 0);

    a.each = NULL;
    for (int i = 0; i < 16; i++) {
        scale[i] = 3;
        shift[i] = factor[1][i] = factor[2][i] = 0;
        factor[0][i] = 1;
    }
    ay_loops_plain.apply(&a, 0, MOST);
    ay_loops_plain.spread(&a, 0, MOST);
    for (int i = 0; i < MOST; i++) {
        double z = 3.0 * x[i], s = 1 / (1 + exp(-z)), want = d[i] * s * (1 + z * (1 - s));
        CHECK(fabs(y[0][i] - z * s) < 2e-6 * (1 + fabs(z)));
        CHECK(fabs(dx[0][i] - want) < 2e-6 * (1 + fabs(want)));
    }
}

static void bf16_rounds_alike(void)
{
    find();
    draw(x, MOST, 1, 100);
    x[0] = NAN;
    x[1] = INFINITY;
    x[2] = -0.0f;
    for (int n = 1; n < 40; n += 6) {
        ay_loops_plain.convert(x, false, hy[0], true, n);
        ay_from_f32(h[0], AY_BF16, x, (size_t)n);
        CHECK(memcmp(hy[0] + 1, h[0] + 1, (size_t)(n - 1) * sizeof **h) == 0);
        for (int o = 0; o < count; o++) {
            others[o]->convert(x, false, hy[1], true, n);
            CHECK(memcmp(hy[1] + 1, hy[0] + 1, (size_t)(n - 1) * sizeof **h) == 0);
            others[o]->convert(hy[1], true, e, false, n);
            CHECK(isnan(e[0]));
        }
    }
}

static void gates_sums_rows(void)
{
    int64_t C = 37, pixels = 21, n = C * pixels;

    find();
    args(16, 1, AY_ACT_NONE, 0);
    for (int o = 0; o < count; o++) {
        ay_loops_plain.gate_back(false, d, x, row, dx[0], sum[0][0], pixels, C);
        others[o]->gate_back(false, d, x, row, dx[1], sum[1][0], pixels, C);
        CHECK(close_to(dx[1], dx[0], n, 1e-6) && close_to(sum[1][0], sum[0][0], C, 1e-4));
        ay_loops_plain.share_back(false, x, row, 0.5f, y[0], pixels, C);
        others[o]->share_back(false, x, row, 0.5f, y[1], pixels, C);
        CHECK(close_to(y[1], y[0], n, 1e-5));
        ay_loops_plain.column_sums(false, x, sum[0][0], 0.5f, pixels, C);
        others[o]->column_sums(false, x, sum[1][0], 0.5f, pixels, C);
        CHECK(close_to(sum[1][0], sum[0][0], C, 1e-4));
        ay_loops_plain.row_norm(false, false, x, row, other, 1e-5f, y[0], sum[0][0], pixels, C);
        others[o]->row_norm(false, false, x, row, other, 1e-5f, y[1], sum[1][0], pixels, C);
        CHECK(close_to(y[1], y[0], n, 1e-5));
        for (int k = 0; k < 2; k++) {
            memset(sum[k][1], 0, sizeof sum[k][1]);
            (k ? others[o] : &ay_loops_plain)
                ->row_norm_back(false, false, d, x, row, sum[k][0], dx[k], sum[k][1], sum[k][1] + 64,
                                pixels, C);
        }
        CHECK(close_to(dx[1], dx[0], n, 1e-4) && close_to(sum[1][1], sum[0][1], 64 + C, 1e-4));
    }
}

/* Float32 tokens in a bf16 plan: sums of either kind, and a layer-norm between the two types. */
static void wide_tokens(void)
{
    int64_t D = 37, rows = 11, n = D * rows;

    find();
    args(16, 1, AY_ACT_NONE, 0);
    ay_loops_plain.convert(d, false, h[0], true, n);
    for (int o = -1; o < count; o++) {
        const ay_loops *l = o < 0 ? &ay_loops_plain : others[o];
        for (int k = 0; k < 4; k++) {
            l->convert(h[0], true, e, false, n);
            l->add_wide(k & 1 ? (void *)h[0] : e, k & 1, k & 2 ? (void *)h[0] : x, k & 2, y[0], n);
            for (int64_t i = 0; i < n; i++)
                CHECK(y[0][i] == e[i] + (k & 2 ? e[i] : x[i]));
        }
        l->row_norm(false, false, x, row, other, 1e-5f, y[0], sum[0][0], rows, D);
        l->row_norm(true, false, x, row, other, 1e-5f, hy[0], sum[1][0], rows, D);
        l->convert(hy[0], true, y[1], false, n);
        CHECK(close_to(y[1], y[0], n, 1e-2) && close_to(sum[1][0], sum[0][0], 2 * rows, 0));
        memset(sum[0][1], 0, sizeof sum[0][1]);
        memset(sum[1][1], 0, sizeof sum[1][1]);
        l->row_norm_back(false, false, e, x, row, sum[0][0], dx[0], sum[0][1], sum[0][1] + 64, rows,
                         D);
        l->row_norm_back(true, false, h[0], x, row, sum[0][0], dx[1], sum[1][1], sum[1][1] + 64, rows,
                         D);
        CHECK(close_to(dx[1], dx[0], n, 1e-6) && close_to(sum[1][1], sum[0][1], 64 + D, 1e-6));
    }
}

TESTS({"normalisation", normalisation}, {"silu and its gradient", silu_and_its_gradient},
      {"bf16 rounds alike", bf16_rounds_alike}, {"gates, sums, rows", gates_sums_rows},
      {"wide tokens", wide_tokens})
