/* The product with GELU against formulas in double: every shape of tile, every bf16 number through GELU, and
 * that a row's bits do not depend on the rows around it. */
#include "nn/dnnl/gelu_product.h"
#include "base/rng.h"
#include "base/test.h"
#include "nn/dnnl/compile.h"

#include <math.h>
#include <string.h>

enum { ROWS = 200, IN = 96, OUT = 128 };

static uint16_t src[ROWS * IN], weight[IN * OUT], packed[IN * OUT], dst[ROWS * OUT], other[ROWS * OUT];
static float bias[OUT];

static float wide(uint16_t h)
{
    uint32_t bits = (uint32_t)h << 16;
    float f;

    memcpy(&f, &bits, sizeof f);
    return f;
}

static double gelu(double x)
{
    return x < 0 ? x * 0.5 * erfc(-x / sqrt(2)) : x * (1 - 0.5 * erfc(x / sqrt(2)));
}

static void need(void)
{
    if (!ay_dnnl_gelu_product_here())
        SKIP("this processor has no bf16 products, or has matrix tiles");
}

static void draw(uint16_t *p, int n, uint64_t seed, float size)
{
    ay_rng r;

    ay_rng_init(&r, seed);
    for (int i = 0; i < n; i++) {
        float f = size * (float)ay_rng_normal(&r);
        ay_from_f32(p + i, AY_BF16, &f, 1);
    }
}

static void draw_all(void)
{
    draw(src, ROWS * IN, 1, 1);
    draw(weight, IN * OUT, 2, 0.2f); /* [OUT][IN] */
    for (int o = 0; o < OUT; o++) {
        bias[o] = (float)(o % 9) / 4 - 1;
        for (int k = 0; k < IN; k++)
            packed[((o / 64 * IN / 2 + k / 2) * 64 + o % 64) * 2 + k % 2] = weight[o * IN + k];
    }
}

static void run(int rows, bool with_bias, uint16_t *to)
{
    ay_gp a = {.src = src, .weight = packed, .bias = with_bias ? bias : NULL, .dst = to, .rows = rows, .in = IN,
               .out = OUT, .threads = 1};

    ay_gp_run(&a, 0, ay_gp_units(&a));
}

/* Half a step of bf16, and what f32 sums may be off by. */
static bool right(int row, int o, bool with_bias)
{
    double sum = with_bias ? bias[o] : 0, size = fabs(sum), want, got = wide(dst[row * OUT + o]);

    for (int k = 0; k < IN; k++) {
        double term = (double)wide(src[row * IN + k]) * wide(weight[o * IN + k]);
        sum += term;
        size += fabs(term);
    }
    want = gelu(sum);
    return fabs(got - want) <= fabs(want) / 256 + size * 1e-5;
}

static void it_is_the_formula(void)
{
    static const int rows[] = {1, 2, 3, 4, 5, 6, 7, 13, 50, 96, 97, 200};

    need();
    draw_all();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int with = 0; with < 2; with++) {
            int wrong = 0;
            memset(dst, 0xff, sizeof dst);
            run(rows[i], with, dst);
            for (int r = 0; r < rows[i]; r++)
                for (int o = 0; o < OUT; o++)
                    wrong += !right(r, o, with);
            CHECK(wrong == 0);
            for (int k = rows[i] * OUT; k < ROWS * OUT; k++)
                wrong += dst[k] != 0xffff;
            CHECK(wrong == 0); /* nothing behind its rows */
        }
}

/* Whatever its tile, its thread and its neighbours. */
static void a_row_has_the_same_bits_anywhere(void)
{
    need();
    draw_all();
    run(ROWS, true, dst);
    for (int rows = 1; rows < 20; rows++) {
        run(rows, true, other);
        CHECK(memcmp(dst, other, (size_t)rows * OUT * sizeof *dst) == 0);
    }
    ay_gp a = {.src = src, .weight = packed, .bias = bias, .dst = other, .rows = ROWS, .in = IN, .out = OUT};
    memset(other, 0, sizeof other);
    for (int64_t n = ay_gp_units(&a), u = n; u-- > 0;)
        ay_gp_run(&a, u, u + 1);
    CHECK(memcmp(dst, other, sizeof dst) == 0);
}

/* All finite bf16 numbers, and steps of 1/8192 between -8 and 8. */
static void gelu_is_within_its_promise(void)
{
    static float x[65536 + 131072], y[65536 + 131072];
    double most = 0, relative = 0;
    int n = 65536 + 131072;

    need();
    for (int i = 0; i < 65536; i++)
        x[i] = (i >> 7 & 0xff) == 0xff ? 0 : wide((uint16_t)i);
    for (int i = 0; i < 131072; i++)
        x[65536 + i] = (float)(i - 65536) / 8192;
    ay_gp_gelu(x, y, n);
    for (int i = 0; i < n; i++) {
        double want = gelu(x[i]), off = fabs(y[i] - want);
        if (x[i] > 8 || x[i] < -100)
            CHECK(y[i] == (x[i] > 0 ? x[i] : 0));
        else
            most = off > most ? off : most;
        if (x[i] > -5.7 && fabs(want) > 1e-30)
            relative = off / fabs(want) > relative ? off / fabs(want) : relative;
    }
    CHECK(most < 3e-7 && relative < 4e-4);
    printf("  off by at most %.3g, relative %.3g\n", most, relative);
}

static void what_is_no_number_stays_none(void)
{
    float x[16] = {NAN, INFINITY, -INFINITY, -0.0f}, y[16];

    need();
    ay_gp_gelu(x, y, 16);
    CHECK(isnan(y[0]) && y[1] == INFINITY && y[2] == 0 && y[3] == 0);
}

TESTS({"it is the formula", it_is_the_formula},
      {"a row has the same bits anywhere", a_row_has_the_same_bits_anywhere},
      {"gelu is within its promise", gelu_is_within_its_promise},
      {"what is no number stays none", what_is_no_number_stays_none})
