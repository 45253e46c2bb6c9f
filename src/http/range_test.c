#include "base/test.h"
#include "http/range.h"

static uint64_t a, b;

static void whole_when_absent_or_odd(void)
{
    static const char *const odd[] = {"",
                                      "bytes",
                                      "bytes=",
                                      "items=0-1",
                                      "bytes=1",
                                      "bytes=a-b",
                                      "bytes=2-1",
                                      "bytes=0-1,3-4",
                                      "bytes=0-1x",
                                      "bytes=--1",
                                      "bytes=99999999999999999999-"};

    CHECK(ay_range_parse(NULL, 10, &a, &b) == AY_RANGE_ALL);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        CHECK(ay_range_parse(odd[i], 10, &a, &b) == AY_RANGE_ALL);
}

static void parts(void)
{
    CHECK(ay_range_parse("bytes=0-0", 10, &a, &b) == AY_RANGE_PART && a == 0 && b == 0);
    CHECK(ay_range_parse("bytes=2-5", 10, &a, &b) == AY_RANGE_PART && a == 2 && b == 5);
    CHECK(ay_range_parse("bytes=4-", 10, &a, &b) == AY_RANGE_PART && a == 4 && b == 9);
    CHECK(ay_range_parse("bytes=4-400", 10, &a, &b) == AY_RANGE_PART && a == 4 && b == 9);
    CHECK(ay_range_parse("bytes=-3", 10, &a, &b) == AY_RANGE_PART && a == 7 && b == 9);
    CHECK(ay_range_parse("bytes=-30", 10, &a, &b) == AY_RANGE_PART && a == 0 && b == 9);
}

static void outside(void)
{
    CHECK(ay_range_parse("bytes=10-", 10, &a, &b) == AY_RANGE_UNSATISFIABLE);
    CHECK(ay_range_parse("bytes=-0", 10, &a, &b) == AY_RANGE_UNSATISFIABLE);
    CHECK(ay_range_parse("bytes=0-", 0, &a, &b) == AY_RANGE_UNSATISFIABLE);
    CHECK(ay_range_parse("bytes=-5", 0, &a, &b) == AY_RANGE_UNSATISFIABLE);
}

TESTS({"no range or an odd one asks for all", whole_when_absent_or_odd}, {"one range", parts},
      {"a range outside the bytes", outside})
