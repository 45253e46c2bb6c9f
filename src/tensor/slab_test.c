#include "tensor/slab.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

static size_t peak_alive(const ay_slab_buf *b, int n, int steps)
{
    size_t peak = 0;

    for (int s = 0; s < steps; s++) {
        size_t now = 0;
        for (int i = 0; i < n; i++)
            if (b[i].first <= s && s <= b[i].last)
                now += (b[i].size + 63) / 64 * 64;
        peak = now > peak ? now : peak;
    }
    return peak;
}

/* A chain: each buffer is read by the next step only.  Two buffers' room must do. */
static void chain_reuses(void)
{
    ay_slab_buf b[10];
    size_t total;

    for (int i = 0; i < 10; i++)
        b[i] = (ay_slab_buf){.size = 6400, .first = i, .last = i + 1};
    CHECK(ay_slab_plan(b, 10, &total, NULL) == AY_OK);
    CHECK(ay_slab_valid(b, 10, total) && total == 2 * 6400);
}

static void random_plans_are_valid(void)
{
    ay_rng r;

    ay_rng_init(&r, 3);
    for (int round = 0; round < 300; round++) {
        ay_slab_buf b[60];
        size_t total, sum = 0;
        int n = 1 + (int)ay_rng_below(&r, 60);
        for (int i = 0; i < n; i++) {
            int first = (int)ay_rng_below(&r, 50);
            b[i] =
                (ay_slab_buf){ay_rng_below(&r, 10000), first, first + (int)ay_rng_below(&r, 8), 0};
            sum += (b[i].size + 63) / 64 * 64;
        }
        CHECK(ay_slab_plan(b, n, &total, NULL) == AY_OK);
        CHECK(ay_slab_valid(b, n, total));
        CHECK(total >= peak_alive(b, n, 60) && total <= sum);
    }
}

static void validator_sees_overlap(void)
{
    ay_slab_buf b[2] = {{.size = 100, .first = 0, .last = 2, .offset = 0},
                        {.size = 100, .first = 2, .last = 3, .offset = 64}};

    CHECK(!ay_slab_valid(b, 2, 256));
    b[1].offset = 128;
    CHECK(ay_slab_valid(b, 2, 256) && !ay_slab_valid(b, 2, 200));
    b[1].offset = 0;
    b[1].first = 3;
    CHECK(ay_slab_valid(b, 2, 128));
}

static void refuses_too_much(void)
{
    ay_slab_buf b = {.size = (size_t)-1, .first = 0, .last = 0};
    size_t total;

    CHECK(ay_slab_plan(&b, 1, &total, NULL) == AY_ELIMIT);
    b.size = 1;
    ay_mem_fail_after(0);
    CHECK(ay_slab_plan(&b, 1, &total, NULL) == AY_ENOMEM);
}

TESTS({"chain_reuses", chain_reuses}, {"random_plans_are_valid", random_plans_are_valid},
      {"validator_sees_overlap", validator_sees_overlap}, {"refuses_too_much", refuses_too_much})
