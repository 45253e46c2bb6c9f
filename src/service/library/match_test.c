/* Groups are known again over runs: with additions, removals, splits, and when nothing is left of them. */
#include "service/library/match.h"
#include "base/rng.h"
#include "base/test.h"

enum { N = 1200 };
static int32_t was[N], now[N];
static bool named[16];
static int out[16];
static ay_err err;

static void match(int nwas, int nnow, size_t n)
{
    ay_arena a = {0};

    CHECK_OK(ay_match_groups(was, nwas, named, now, nnow, n, &a, out, &err), err);
    ay_arena_fini(&a);
}

static void the_same_groups_in_another_order_are_found(void)
{
    memset(named, 0, sizeof named);
    for (int i = 0; i < N; i++) {
        was[i] = i % 6;
        now[i] = (was[i] * 5 + 2) % 6;
    }
    match(6, 6, N);
    for (int o = 0; o < 6; o++)
        CHECK(out[(o * 5 + 2) % 6] == o);
}

static void a_group_stays_when_some_of_it_moves_and_pictures_come(void)
{
    ay_rng rng;

    ay_rng_init(&rng, 5);
    for (int i = 0; i < N; i++) {
        was[i] = i < 600 ? i % 4 : AY_MATCH_NEW; /* as many again are new, and all in group 0 */
        now[i] = i >= 600 ? 0 : ay_rng_unit(&rng) < 0.2 ? (int)ay_rng_below(&rng, 5) : (was[i] + 1) % 4;
    }
    match(4, 5, N);
    for (int o = 0; o < 4; o++)
        CHECK(out[(o + 1) % 4] == o);
    CHECK(out[4] == AY_MATCH_NONE);
}

static void what_is_scattered_is_no_longer_the_same(void)
{
    for (int i = 0; i < 400; i++) {
        was[i] = 0;
        now[i] = i % 8; /* an eighth each: 0.125 of either */
    }
    memset(named, 0, sizeof named);
    match(1, 8, 400);
    for (int k = 0; k < 8; k++)
        CHECK(out[k] == AY_MATCH_NONE);
    named[0] = true; /* nor for a name that a person gave: a quarter is the least */
    match(1, 8, 400);
    for (int k = 0; k < 8; k++)
        CHECK(out[k] == AY_MATCH_NONE);
}

static void a_persons_name_goes_to_the_larger_part(void)
{
    for (int i = 0; i < 1000; i++) {
        was[i] = i < 300 ? 0 : 1;
        now[i] = i < 100 ? 0 : i < 190 ? 1 : i < 300 ? 2 : 0; /* 100, 90, 110 of it; the 100 with 700 others */
    }
    memset(named, 0, sizeof named);
    match(2, 3, 1000);
    CHECK(out[0] == 1 && out[1] == AY_MATCH_NONE && out[2] == 0); /* 110 of 300 */
    for (int i = 0; i < 300; i++)
        now[i] = i < 80 ? 1 : i < 155 ? 2 : 0; /* 80, 75, and 145 with the 700 */
    match(2, 3, 1000);
    CHECK(out[0] == 1 && out[1] == AY_MATCH_NONE && out[2] == AY_MATCH_NONE);
    named[0] = true;
    match(2, 3, 1000);
    CHECK(out[0] == 1 && out[1] == 0 && out[2] == AY_MATCH_NONE);
}

static void nothing_matches_nothing(void)
{
    memset(named, 0, sizeof named);
    match(0, 0, 0);
    for (int i = 0; i < 9; i++) {
        was[i] = AY_MATCH_NONE;
        now[i] = i < 4 ? 0 : AY_MATCH_NONE;
    }
    match(3, 1, 9);
    CHECK(out[0] == AY_MATCH_NONE);
}

TESTS({"the same groups in another order are found", the_same_groups_in_another_order_are_found},
      {"a group stays when some of it moves and pictures come", a_group_stays_when_some_of_it_moves_and_pictures_come},
      {"what is scattered is no longer the same", what_is_scattered_is_no_longer_the_same},
      {"a person's name goes to the larger part", a_persons_name_goes_to_the_larger_part},
      {"nothing matches nothing", nothing_matches_nothing})
