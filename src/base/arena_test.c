#include "base/arena.h"
#include "base/mem.h"
#include "base/test.h"

#include <stdint.h>

static void fini_gives_everything_back(void)
{
    ay_arena a;
    long before = ay_mem_live();

    ay_arena_init(&a, 0);
    for (int i = 0; i < 2000; i++)
        CHECK(ay_arena_alloc(&a, 33));
    CHECK(strcmp(ay_arena_strdup(&a, "hello"), "hello") == 0);
    ay_arena_fini(&a);
    CHECK(ay_mem_live() == before);
}

static void limit_and_overflow_are_refused(void)
{
    ay_arena a;

    ay_arena_init(&a, 100);
    CHECK(!ay_arena_alloc(&a, SIZE_MAX));
    CHECK(!ay_arena_alloc(&a, 101));
    CHECK(ay_arena_alloc(&a, 64));
    CHECK(!ay_arena_alloc(&a, 64));
    ay_arena_fini(&a);
}

TESTS({"fini gives everything back", fini_gives_everything_back},
      {"limit and overflow are refused", limit_and_overflow_are_refused})
