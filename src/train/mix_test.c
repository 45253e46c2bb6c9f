#include "base/test.h"

#include "train/mix.h"

#include <math.h>

enum { N = 3, S = 8, C = 3, EACH = C * S * S };

static void fill(float *x)
{
    for (int i = 0; i < N * EACH; i++)
        x[i] = (float)(i / EACH + 1) + (float)(i % EACH) / EACH;
}

static void test_off(void)
{
    ay_mix_settings off = {0}, never = {.mixup_alpha = 1, .p = 0.25f};
    int mixed = 0;

    CHECK(!ay_mix_on(&off) && ay_mix_on(&never));
    CHECK(ay_mix_choose(&off, S, 1, 2, 3).lambda == 1);
    for (uint64_t b = 0; b < 2000; b++)
        mixed += ay_mix_choose(&never, S, 1, 0, b).lambda < 1;
    CHECK(mixed > 420 && mixed < 580); /* 500, deviation 19 */
}

static void test_mixup(void)
{
    ay_mix_draw m = {.lambda = 0.75f};
    float x[N * EACH], was[N * EACH], spare[EACH], t[N * 4];
    int labels[N] = {0, 2, 0};

    fill(x);
    fill(was);
    ay_mix_pictures(&m, x, N, C, S, spare);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < EACH; k++) {
            float own = was[i * EACH + k], other = was[(i + N - 1) % N * EACH + k];
            CHECK(fabsf(x[i * EACH + k] - (0.75f * own + 0.25f * other)) < 1e-6f);
        }
    ay_mix_targets(&m, labels, N, 4, t);
    CHECK(t[0] == 1 && t[1] == 0 && t[2] == 0); /* own and the last one's label are the same */
    CHECK(t[4] == 0.25f && t[6] == 0.75f && t[8] == 0.75f && t[10] == 0.25f);
    fill(x);
    ay_mix_pictures(&m, x, 1, C, S, spare); /* nobody to mix with */
    CHECK(memcmp(x, was, sizeof x) == 0);
    ay_mix_targets(&m, labels, 1, 4, t);
    CHECK(t[0] == 1);
}

static void test_cutmix(void)
{
    ay_mix_settings s = {.cutmix_alpha = 1};
    float x[N * EACH], was[N * EACH], spare[EACH];
    int cuts = 0;

    fill(was);
    for (uint64_t b = 0; b < 50; b++) {
        ay_mix_draw m = ay_mix_choose(&s, S, 9, 4, b);
        int other = 0;
        fill(x);
        ay_mix_pictures(&m, x, N, C, S, spare);
        for (int k = 0; k < EACH; k++) {
            int px = k % S, py = k / S % S;
            bool in = px >= m.x0 && px < m.x1 && py >= m.y0 && py < m.y1;
            CHECK(x[EACH + k] == (in ? was[k] : was[EACH + k]));
            CHECK(x[k] == (in ? was[2 * EACH + k] : was[k]));
            other += in;
        }
        CHECK(m.cut && fabsf(m.lambda - (1 - (float)other / EACH)) < 1e-6f);
        cuts += other > 0;
    }
    CHECK(cuts > 25);
}

/* Mean and variance of Beta(a, a): 1/2 and 1 / (4 (2a + 1)). */
static void check_beta(float alpha)
{
    ay_mix_settings s = {.mixup_alpha = alpha};
    double sum = 0, square = 0;
    enum { DRAWS = 20000 };

    for (uint64_t b = 0; b < DRAWS; b++) {
        double l = ay_mix_choose(&s, S, 2, 1, b).lambda;
        CHECK(l >= 0 && l <= 1);
        sum += l;
        square += (l - 0.5) * (l - 0.5);
    }
    CHECK(fabs(sum / DRAWS - 0.5) < 0.012);
    CHECK(fabs(square / DRAWS - 1 / (4 * (2 * alpha + 1))) < 0.004);
}

static void test_beta(void)
{
    check_beta(0.2f);
    check_beta(1);
    check_beta(4);
}

static void test_repeats(void)
{
    ay_mix_settings s = {.mixup_alpha = 0.2f, .cutmix_alpha = 1};
    int cuts = 0;

    for (uint64_t b = 0; b < 1000; b++) {
        ay_mix_draw p = ay_mix_choose(&s, 224, 3, 5, b), q = ay_mix_choose(&s, 224, 3, 5, b);
        CHECK(memcmp(&p.lambda, &q.lambda, sizeof p.lambda) == 0 && p.cut == q.cut);
        CHECK(p.x0 == q.x0 && p.y0 == q.y0 && p.x1 == q.x1 && p.y1 == q.y1);
        cuts += p.cut;
    }
    CHECK(cuts > 420 && cuts < 580);
}

TESTS({"off, and how often", test_off}, {"mixup", test_mixup}, {"cutmix", test_cutmix},
      {"Beta draws", test_beta}, {"repeats", test_repeats})
