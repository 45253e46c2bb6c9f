/* base/crc_test.c - sums against the polynomial's published value, each way against the other, and every flipped bit. */
#include "base/crc.h"

#include "base/rng.h"
#include "base/test.h"

#include <string.h>

static void short_ones_are_the_published_sum(void)
{
    CHECK(ay_crc("123456789", 9) == 0xe3069283u); /* the check value of CRC-32C in every catalogue of them */
    CHECK(ay_crc("", 0) == 0 && ay_crc_plain("", 0) == 0);
}

static void both_ways_agree(void)
{
    unsigned char bytes[4099];
    ay_rng rng;

    ay_rng_init3(&rng, 3, 1, 4);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)ay_rng_below(&rng, 256);
    for (size_t n = 0; n < 300; n++)
        for (size_t at = 0; at < 9; at++)
            CHECK(ay_crc(bytes + at, n) == ay_crc_plain(bytes + at, n));
    CHECK(ay_crc(bytes, sizeof bytes) == ay_crc_plain(bytes, sizeof bytes));
}

static void a_flipped_bit_is_seen(void)
{
    unsigned char bytes[517];
    uint32_t whole;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 7);
    whole = ay_crc(bytes, sizeof bytes);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        CHECK(ay_crc(bytes, sizeof bytes) != whole);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    CHECK(ay_crc(bytes, sizeof bytes - 1) != whole);
}

TESTS({"short ones are the published sum", short_ones_are_the_published_sum}, {"both ways agree", both_ways_agree},
      {"a flipped bit is seen", a_flipped_bit_is_seen})
