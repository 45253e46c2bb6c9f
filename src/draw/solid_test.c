/* The mathematics under the pictures, against the C library and against plain arithmetic. */
#include "draw/solid.h"

#include "base/mem.h"
#include "base/test.h"
#include "draw/family.h"
#include "draw/noise.h"

static void functions_near_the_library(void)
{
    for (int i = -4000; i <= 4000; i++) {
        float x = (float)i * 0.01f, y = (float)(i % 37) * 0.3f;
        CHECK(absf(sinq(x) - sinf(x)) < 2e-3f);
        CHECK(absf(cosq(x) - cosf(x)) < 2e-3f);
        CHECK(absf(atan2q(y, x) - atan2f(y, x)) < 2e-3f ||
              absf(absf(atan2q(y, x)) - AY_PI) < 2e-3f);
        CHECK(absf(expq(x * 0.3f) / expf(x * 0.3f) - 1) < 2e-3f);
        if (i > 0)
            CHECK(absf(powq(x, 0.4167f) / powf(x, 0.4167f) - 1) < 3e-3f);
        CHECK(floori(x) == (int)floorf(x));
    }
    CHECK(powq(0, 0.5f) == 0);
}

static void noise_in_range(void)
{
    float lo = 9, hi = -9;

    for (int i = 0; i < 20000; i++) {
        float x = (float)(i % 200) * 0.173f - 9, y = (float)(i / 200) * 0.219f - 7,
              n = ay_noise2(x, y, 5);
        ay_cell c = ay_worley2(x, y, 1, 5);
        lo = minf(lo, n);
        hi = maxf(hi, n);
        CHECK(c.f1 <= c.f2 && c.f1 >= 0 && c.id >= 0 && c.id < 1);
        CHECK(absf(ay_noise2(x, y, 5) - ay_noise2(x + 1e-4f, y, 5)) < 1e-2f); /* no steps */
        CHECK(absf(ay_noise3(v3(x, y, 1.3f), 5)) < 1.5f);
    }
    CHECK(lo < -0.5f && lo > -1.6f && hi > 0.5f && hi < 1.6f);
}

static ay_solid *fresh(ay_rng *r)
{
    ay_solid *s = ay_calloc(1, sizeof *s);

    CHECK(s);
    ay_solid_init(s);
    ay_solid_material(s, ay_mat_steel(r));
    return s;
}

static void known_distances(void)
{
    ay_rng r;
    int who;

    ay_rng_init(&r, 1);
    ay_solid *s = fresh(&r);
    ay_solid_box(s, 0, v3(0, 0, 0), v3(1, 2, 3), 0);
    ay_solid_group(s);
    ay_solid_ball(s, 0, v3(10, 0, 0), v3(1, 1, 1));
    ay_solid_finish(s);
    CHECK(absf(ay_solid_distance(s, v3(3, 0, 0), &who) - 2) < 1e-4f && who == 0);
    CHECK(absf(ay_solid_distance(s, v3(4, 6, 3), &who) - 5) < 1e-4f);
    CHECK(absf(ay_solid_distance(s, v3(10, 0, 4), &who) - 3) < 1e-3f && who == 1);
    CHECK(ay_solid_distance(s, v3(0, 0, 0), NULL) < -0.9f);
    CHECK(absf(s->low + 3) < 0.1f);
    ay_free(s);
}

static void cut_and_copies(void)
{
    ay_rng r;
    ay_prim *p;
    uint32_t a, b;

    ay_rng_init(&r, 1);
    ay_solid *s = fresh(&r);
    ay_solid_cyl(s, 0, v3(0, 0, 0), 2, 0.5f, 0);
    ay_solid_cyl(s, 0, v3(0, 0, 0), 1, 5, 0)->op = AY_CUT;
    ay_solid_group(s);
    p = ay_solid_box(s, 0, v3(5, 0, 0), v3(0.5f, 0.5f, 0.5f), 0);
    p->around = 4;
    ay_solid_group(s);
    p = ay_solid_box(s, 0, v3(0, 0, 9), v3(0.2f, 0.2f, 0.2f), 0);
    p->nx = 3;
    p->dx = 1;
    ay_solid_finish(s);
    CHECK(absf(ay_solid_distance(s, v3(0, 0, 0), NULL) - 1) < 1e-3f); /* in the hole */
    CHECK(absf(ay_solid_distance(s, v3(-8, 0, 0), NULL) - 2.5f) <
          0.02f); /* a copy on the far side */
    CHECK(absf(ay_solid_distance(s, v3(0, 7, 0), NULL) - 1.5f) < 0.02f);
    CHECK(absf(ay_solid_distance(s, v3(1, 0, 10), NULL) - 0.8f) < 1e-3f);
    ay_solid_local(s, 3, v3(1, 0, 9), &a);
    ay_solid_local(s, 3, v3(-1, 0, 9), &b);
    CHECK(a != b);
    ay_free(s);
}

static ay_v3 inside(ay_rng *r, const ay_solid *s)
{
    ay_v3 u = rnd_v3(r, -1.1f, 1.1f);

    return v3_mad(s->centre, u, s->bound);
}

/* Passing over far primitives may not change the answer: compare with bounds that hold everything.
 */
static void bounds_change_nothing(void)
{
    ay_rng r;

    ay_rng_init(&r, 3);
    ay_solid *s = fresh(&r), *all;
    for (int i = 0; i < 12; i++) {
        ay_v3 at = rnd_v3(&r, -2, 2), half = rnd_v3(&r, 0.1f, 0.6f);
        float turn = rnd(&r, 0, 6);
        if (i % 3 == 0)
            ay_solid_frame(s, m3_turn(i % 2, turn), at);
        ay_prim *p = i % 4 == 3 ? ay_solid_torus(s, 0, at, half.x + 0.3f, half.y * 0.4f)
                                : ay_solid_box(s, 0, at, half, 0.05f);
        p->op = i % 5 == 4 && !p->group ? AY_CUT : AY_JOIN;
        p->mirror_x = i % 6 == 1;
        p->around = i % 7 == 2 ? 5 : 0;
    }
    ay_solid_finish(s);
    all = ay_memdup(s, sizeof *s);
    CHECK(all);
    for (int i = 0; i < all->prims; i++)
        all->prim[i].bound = 1e4f;
    for (int i = 0; i < 20000; i++) {
        ay_v3 p = inside(&r, s);
        CHECK(absf(ay_solid_distance(s, p, NULL) - ay_solid_distance(all, p, NULL)) < 1e-4f);
    }
    ay_free(all);
    ay_free(s);
}

/* A step as long as the distance never crosses the surface, for every class that builds a solid. */
static void no_step_crosses(void)
{
    static const ay_draw_family *const all[] = {
        &ay_family_fasteners, &ay_family_machine,  &ay_family_electronics,
        &ay_family_boards,    &ay_family_screens,  &ay_family_devices,
        &ay_family_household, &ay_family_workshop, &ay_family_shapes};
    long crossed = 0, steps = 0;
    ay_rng r;

    ay_rng_init(&r, 11);
    for (size_t f = 0; f < sizeof all / sizeof *all; f++)
        for (int i = 0; i < all[f]->count; i++) {
            ay_solid *s = ay_calloc(1, sizeof *s);
            ay_view view;
            CHECK(s);
            ay_solid_init(s);
            ay_view_default(&view);
            all[f]->classes[i].build(&r, s, &view);
            ay_solid_finish(s);
            CHECK(s->bound > 0.1f && s->bound < 20 && s->low > -20 && s->low < 20);
            for (int k = 0; k < 300; k++) {
                ay_v3 p = inside(&r, s), d = v3_unit(rnd_v3(&r, -1, 1));
                float far = ay_solid_distance(s, p, NULL);
                if (far <= 0)
                    continue;
                steps++;
                crossed += ay_solid_distance(s, v3_mad(p, d, 0.98f * far), NULL) < -0.01f * s->size;
            }
            ay_free(s);
        }
    CHECK(steps > 10000);
    if (crossed * 200 >= steps)
        printf("  %ld of %ld steps crossed\n", crossed, steps);
    CHECK(crossed * 200 < steps); /* cones and flat ellipsoids are bounds near, not exact */
}

TESTS({"functions near the library", functions_near_the_library},
      {"noise in range", noise_in_range}, {"known distances", known_distances},
      {"cut and copies", cut_and_copies}, {"bounds change nothing", bounds_change_nothing},
      {"no step crosses", no_step_crosses})
