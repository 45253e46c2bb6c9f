#include "http/trouble.h"
#include "base/test.h"

#include <string.h>

static const uint64_t S = 1000000000u;

static void what_is_trouble(void)
{
    CHECK(ay_trouble_is(&(ay_trouble_call){.status = 500}));
    CHECK(ay_trouble_is(&(ay_trouble_call){.status = 503, .stream = true}));
    CHECK(!ay_trouble_is(&(ay_trouble_call){.status = 404, .took = S}));
    CHECK(ay_trouble_is(&(ay_trouble_call){.status = 200, .took = 5 * S}));
    CHECK(!ay_trouble_is(&(ay_trouble_call){.status = 200, .took = 5000 * S, .stream = true}));
    CHECK(!ay_trouble_is(&(ay_trouble_call){.status = 0, .took = S / 2, .lost = true}));
    CHECK(ay_trouble_is(&(ay_trouble_call){.status = 200, .took = S, .lost = true}));
}

static void the_line_has_it_all(void)
{
    ay_trouble_call c = {"10.0.0.7", "POST", "/v1/search", 503, "busy", "16 pictures wait already", 1234 * (S / 1000),
                         false, false};
    char line[400];

    ay_trouble_line(&c, 0, line, sizeof line);
    CHECK(strcmp(line, "POST /v1/search for 10.0.0.7: 503 busy after 1.23 s: 16 pictures wait already") == 0);
    ay_trouble_line(&(ay_trouble_call){.method = "GET", .took = 3 * S, .lost = true}, 7, line, sizeof line);
    CHECK(strcmp(line, "GET ? for ?: no answer after 3.00 s, the client had gone (7 more were not told)") == 0);
    ay_trouble_line(&c, 0, line, 20);
    CHECK(strlen(line) == 19);
}

/* Of ten seconds the first are told, the rest is counted and named by the next line. */
static void a_flood_is_counted(void)
{
    unsigned left_out = 9, told = 0;
    ay_trouble t;

    ay_trouble_init(&t);
    for (uint64_t i = 0; i < 500; i++) {
        told += ay_trouble_may(&t, 100 * S + i, &left_out);
        CHECK(left_out == 0);
    }
    CHECK(told == AY_TROUBLE_MOST);
    CHECK(!ay_trouble_may(&t, 109 * S, &left_out));
    CHECK(ay_trouble_may(&t, 110 * S, &left_out) && left_out == 500 - AY_TROUBLE_MOST + 1);
    CHECK(ay_trouble_may(&t, 110 * S + 1, &left_out) && left_out == 0);
    ay_trouble_fini(&t);
}

TESTS({"what is trouble", what_is_trouble}, {"the line has it all", the_line_has_it_all},
      {"a flood is counted", a_flood_is_counted})
