#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "tensor/dtype.h"

#include <math.h>

static float from_bits(uint32_t u)
{
    float f;

    memcpy(&f, &u, 4);
    return f;
}

/* Every half: to float by the definition (ldexp), and back to the same bits. */
static void f16_every_value(void)
{
    for (uint32_t h = 0; h < 0x10000; h++) {
        int e = h >> 10 & 31, m = h & 0x3ff;
        float want = e == 0 ? ldexpf((float)m, -24) : ldexpf((float)(m + 1024), e - 25);
        float got = ay_f16_to_f32((uint16_t)h);
        if (e == 31) {
            CHECK(m ? isnan(got) : isinf(got));
            CHECK(m || ay_f16_from_f32(got) == h);
            continue;
        }
        CHECK(fabsf(got) == want && !signbit(got) == !(h >> 15));
        CHECK(ay_f16_from_f32(got) == h);
    }
}

/* Between two neighbouring halves: the nearer one, the even one on a tie. */
static void f16_rounds_to_nearest_even(void)
{
    for (uint16_t h = 0; h < 0x7bff; h++) {
        float lo = ay_f16_to_f32(h), hi = ay_f16_to_f32((uint16_t)(h + 1)), mid = (lo + hi) / 2;
        CHECK(ay_f16_from_f32(mid) == (h & 1 ? h + 1 : h));
        CHECK(ay_f16_from_f32(nextafterf(mid, lo)) == h);
        CHECK(ay_f16_from_f32(nextafterf(mid, hi)) == h + 1);
    }
    CHECK(ay_f16_from_f32(65519.0f) == 0x7bff && ay_f16_from_f32(65520.0f) == 0x7c00);
}

static void bf16_rounds_to_nearest_even(void)
{
    CHECK(ay_bf16_from_f32(1.0f) == 0x3f80);
    CHECK(ay_bf16_from_f32(from_bits(0x3f808000)) == 0x3f80); /* tie to even, down */
    CHECK(ay_bf16_from_f32(from_bits(0x3f818000)) == 0x3f82); /* tie to even, up */
    CHECK(ay_bf16_from_f32(from_bits(0x3f808001)) == 0x3f81);
    CHECK(ay_bf16_from_f32(from_bits(0x7f7fffff)) == 0x7f80); /* the largest rounds to infinity */
    CHECK(isnan(ay_bf16_to_f32(ay_bf16_from_f32(from_bits(0x7f800001)))));
    CHECK(isnan(ay_bf16_to_f32(ay_bf16_from_f32(NAN))));
    CHECK(ay_bf16_from_f32(from_bits(1)) == 0 && ay_bf16_from_f32(from_bits(0x00018000)) == 2);
}

/* Vector code against the scalar functions: random bits, odd lengths, odd addresses. */
static void loops_equal_scalars(void)
{
    enum { N = 100003 };
    float *f = ay_alloc(N, 4), *back = ay_alloc(N, 4);
    unsigned char *h = ay_alloc(N + 1, 2);
    ay_rng r;

    ay_rng_init(&r, 7);
    for (int i = 0; i < N; i++)
        f[i] = from_bits((uint32_t)ay_rng_u64(&r));
    for (int d = AY_F16; d <= AY_BF16; d++) {
        ay_from_f32(h, (ay_dtype)d, f, N);
        for (int i = 0; i < N; i++) {
            uint16_t got, want = d == AY_F16 ? ay_f16_from_f32(f[i]) : ay_bf16_from_f32(f[i]);
            memcpy(&got, h + 2 * i, 2);
            CHECK(got == want);
        }
        memmove(h + 1, h, 2 * N);
        ay_to_f32(back, h + 1, (ay_dtype)d, N);
        for (int i = 0; i < N; i++) {
            uint16_t bits;
            memcpy(&bits, h + 1 + 2 * i, 2);
            float want = d == AY_F16 ? ay_f16_to_f32(bits) : ay_bf16_to_f32(bits);
            CHECK(memcmp(&want, &back[i], 4) == 0);
        }
    }
    ay_free(f);
    ay_free(back);
    ay_free(h);
}

static void names_round_trip(void)
{
    for (int d = 0; d < AY_DTYPE_COUNT; d++) {
        ay_dtype got;
        CHECK(ay_dtype_parse(ay_dtype_name((ay_dtype)d), &got) && got == (ay_dtype)d);
        CHECK(ay_dtype_size((ay_dtype)d) >= 1 && ay_dtype_size((ay_dtype)d) <= 8);
    }
    ay_dtype got;
    CHECK(!ay_dtype_parse("f32", &got) && !ay_dtype_parse("", &got));
}

TESTS({"f16_every_value", f16_every_value},
      {"f16_rounds_to_nearest_even", f16_rounds_to_nearest_even},
      {"bf16_rounds_to_nearest_even", bf16_rounds_to_nearest_even},
      {"loops_equal_scalars", loops_equal_scalars}, {"names_round_trip", names_round_trip})
