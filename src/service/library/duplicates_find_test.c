#include "service/library/duplicates_find.h"

#include "base/mem.h"
#include "base/test.h"
#include "draw/draw.h"

#include <math.h>

enum { PICTURES = 9, DIM = 4 };

/* 0, 1: two drawn parts; 2: 0 as a JPEG; 3: 0 at half size; 4: 0 turned; 5: 1 as it is; 6, 7: parts of the kind of 0; 8: cannot be read */
static void picture(size_t i, ay_image *im)
{
    ay_buf bytes = {0};
    ay_image whole;
    ay_err err;

    CHECK_OK(ay_draw_picture(AY_DRAW_DEMO, i == 1 || i == 5 ? 3 : 0, 5, i == 6 || i == 7 ? i : 0, 240, 240, im, &err), err);
    if (i == 2) {
        CHECK_OK(ay_image_encode_jpeg(im, 60, &bytes, &err), err);
        ay_image_fini(im);
        CHECK_OK(ay_image_decode(bytes.data, bytes.len, NULL, im, &err), err);
        ay_buf_fini(&bytes);
    } else if (i == 3) {
        whole = *im;
        CHECK_OK(ay_image_resize(&whole, 120, 120, AY_FILTER_BICUBIC, im, &err), err);
        ay_image_fini(&whole);
    } else if (i == 4) {
        CHECK_OK(ay_image_orient(im, 6, &err), err);
    }
}

typedef struct {
    ay_print print[PICTURES];
    uint8_t readable[PICTURES];
    int64_t area[PICTURES], taken[PICTURES];
    ay_dup_place place[PICTURES];
    ay_dup_fact fact[PICTURES];
    ay_dups_found found;
    ay_dups_input in;
    int opened;
    size_t apart_a, apart_b;
    bool stop, plain; /* plain: all pictures are of one tone */
} world;

static ay_status open_picture(void *ctx, size_t row, ay_image *out, ay_err *err)
{
    ((world *)ctx)->opened++;
    if (row == 8)
        return ay_fail(err, AY_ECORRUPT, "damaged");
    if (((world *)ctx)->plain)
        return ay_image_create(out, 100, 100, err);
    picture(row, out);
    return AY_OK;
}

static bool are_apart(void *ctx, size_t a, size_t b)
{
    const world *w = ctx;

    return w->apart_a != w->apart_b && ((a == w->apart_a && b == w->apart_b) || (a == w->apart_b && b == w->apart_a));
}

static bool go_on(void *ctx, double done)
{
    return done >= 0 && !((world *)ctx)->stop;
}

static void world_init(world *w)
{
    ay_image im;
    ay_err err;

    memset(w, 0, sizeof *w);
    for (size_t i = 0; i < PICTURES; i++) {
        picture(i == 8 ? 0 : i, &im);
        CHECK_OK(ay_image_print(&im, &w->print[i], &err), err);
        w->area[i] = (int64_t)im.width * im.height;
        w->readable[i] = 1;
        w->fact[i] = (ay_dup_fact){.file = i == 5 ? "part copy.png" : "part.png", .width = im.width, .height = im.height, .bytes = 1000};
        ay_image_fini(&im);
    }
    w->found.place = w->place;
    w->in = (ay_dups_input){.n = PICTURES, .print = w->print, .readable = w->readable, .area = w->area, .taken = w->taken,
                            .open = open_picture, .apart = are_apart, .progress = go_on, .ctx = w, .threads = 1};
}

static void copies_come_together(void)
{
    ay_dup_groups g;
    ay_err err;
    world w;

    world_init(&w);
    CHECK_OK(ay_dups_find(&w.in, &w.found, &err), err);
    CHECK(w.place[0].centre == 0 && w.place[2].centre == 0 && w.place[3].centre == 0 && w.place[4].centre == 0);
    CHECK(w.place[1].centre == 1 && w.place[5].centre == 1);
    CHECK(w.place[6].centre == AY_DUP_NONE && w.place[7].centre == AY_DUP_NONE && w.place[8].centre == AY_DUP_NONE);
    CHECK(w.found.failed == 1);
    CHECK_OK(ay_dups_group(PICTURES, &w.found, w.fact, NULL, NULL, &g, &err), err);
    CHECK(g.n == 2 && g.item[0].tier == AY_TIER_SAME && g.item[0].n == 2 && g.item[0].row[0] == 1 && g.item[0].row[1] == 5);
    CHECK(g.item[0].why & AY_KEEP_NAME);
    CHECK(g.item[1].tier == AY_TIER_PICTURE && g.item[1].n == 4 && g.item[1].row[3] == 3 && (g.item[1].why & AY_KEEP_LARGEST));
    ay_dup_groups_fini(&g);
    ay_dups_found_fini(&w.found);
}

static void plain_pictures_with_the_same_pixels_are_the_same(void)
{
    ay_image im;
    ay_err err;
    world w;

    world_init(&w);
    w.plain = true;
    w.in.n = 2;
    CHECK_OK(ay_image_create(&im, 100, 100, &err), err);
    CHECK_OK(ay_image_print(&im, &w.print[0], &err), err);
    w.print[1] = w.print[0];
    ay_image_fini(&im);
    CHECK_OK(ay_dups_find(&w.in, &w.found, &err), err);
    CHECK(w.place[0].centre == 0 && w.place[1].centre == 0 && strcmp(w.place[0].pixels, w.place[1].pixels) == 0);
    ay_dups_found_fini(&w.found);
}

static void new_ones_join_what_is_there(void)
{
    ay_err err;
    int before;
    world w;

    world_init(&w);
    w.in.n = 3;
    CHECK_OK(ay_dups_find(&w.in, &w.found, &err), err);
    CHECK(w.place[2].centre == 0 && w.place[1].centre == AY_DUP_NONE);
    w.in.n = 8;
    w.in.from = 3;
    before = w.opened;
    CHECK_OK(ay_dups_find(&w.in, &w.found, &err), err);
    CHECK(w.place[3].centre == 0 && w.place[4].centre == 0 && w.place[1].centre == w.place[5].centre && w.place[5].centre != AY_DUP_NONE);
    CHECK(w.opened - before <= 8);
    ay_dups_found_fini(&w.found);
}

static void what_was_said_apart_stays_apart(void)
{
    ay_dup_groups g;
    ay_err err;
    world w;

    world_init(&w);
    w.apart_a = 1;
    w.apart_b = 5;
    CHECK_OK(ay_dups_find(&w.in, &w.found, &err), err);
    CHECK(w.place[1].centre == AY_DUP_NONE && w.place[5].centre == AY_DUP_NONE && w.place[2].centre == 0);
    CHECK_OK(ay_dups_group(PICTURES, &w.found, w.fact, are_apart, &w, &g, &err), err);
    CHECK(g.n == 1 && g.item[0].tier == AY_TIER_PICTURE);
    ay_dup_groups_fini(&g);
    ay_dups_found_fini(&w.found);
}

/* Said while they were compared, or before, and taken back after it: nothing is compared again for that. */
static void what_is_apart_no_more_is_together_at_once(void)
{
    ay_dup_groups g;
    ay_err err;
    world w;

    world_init(&w);
    w.apart_a = 1;
    w.apart_b = 5;
    CHECK_OK(ay_dups_find(&w.in, &w.found, &err), err);
    w.apart_a = w.apart_b;
    CHECK_OK(ay_dups_group(PICTURES, &w.found, w.fact, are_apart, &w, &g, &err), err);
    CHECK(g.n == 2 && g.item[0].tier == AY_TIER_SAME && g.item[0].n == 2 && g.item[0].row[0] == 1 && g.item[0].row[1] == 5);
    ay_dup_groups_fini(&g);
    ay_dups_found_fini(&w.found);
}

/* 4 is 0 turned, and apart from it; 3, half the size, then belongs to one of the two, and all are one group when that is taken back. */
static void who_is_taken_up_brings_its_own(void)
{
    const ay_dup_over *over;
    ay_dup_groups g;
    ay_err err;
    world w;

    world_init(&w);
    w.apart_b = 4;
    w.in.n = 5;
    CHECK_OK(ay_dups_find(&w.in, &w.found, &err), err);
    CHECK(w.found.nheld > 0 && w.place[4].centre != 0);
    w.place[0] = w.place[2] = (ay_dup_place){.centre = 0, .orientation = 1};
    w.place[3] = (ay_dup_place){.centre = 4, .orientation = 6, .cropped = true}; /* as one that came later may be */
    w.place[4] = (ay_dup_place){.centre = 4, .orientation = 1};
    CHECK_OK(ay_dups_group(5, &w.found, w.fact, are_apart, &w, &g, &err), err);
    CHECK(g.n == 2 && g.item[0].n == 2 && g.item[1].n == 2);
    ay_dup_groups_fini(&g);
    w.apart_b = 0;
    CHECK_OK(ay_dups_group(5, &w.found, w.fact, are_apart, &w, &g, &err), err);
    CHECK(g.n == 1 && g.item[0].n == 4);
    over = g.over + g.item[0].first;
    for (size_t i = 0; i < g.item[0].n; i++) {
        uint32_t row = g.item[0].row[i];
        CHECK(over[i].orientation == (row == 4 ? 8 : 1) && over[i].cropped == (row == 3)); /* 3 over 4 by 6, and 4 over 0 by 8 */
    }
    ay_dup_groups_fini(&g);
    ay_dups_found_fini(&w.found);
}

static void two_times_are_two_shots(void)
{
    ay_err err;
    world w;

    world_init(&w);
    w.taken[0] = 1700000000000000;
    w.taken[2] = w.taken[0] + 1000000;   /* a second later */
    w.taken[3] = w.taken[0] + 3600000000; /* the same without its zone */
    CHECK_OK(ay_dups_find(&w.in, &w.found, &err), err);
    CHECK(w.place[2].centre != w.place[0].centre || w.place[0].centre == AY_DUP_NONE);
    CHECK(w.place[3].centre == w.place[0].centre);
    ay_dups_found_fini(&w.found);
}

static void look_alikes_do_not_chain(void)
{
    /* A row of vectors, each near its neighbours only; and one that is near nothing. */
    enum { N = 6 };
    float v[N][DIM] = {{0}};
    ay_dup_place place[N];
    ay_dup_fact fact[N];
    ay_dup_near near[N];
    ay_dups_found f = {.place = place, .near = near, .least = 0.97f};
    ay_dup_groups g;
    ay_err err;

    for (int i = 0; i < N; i++) {
        v[i][0] = (float)cos(0.2 * i);
        v[i][1] = (float)sin(0.2 * i);
        place[i] = (ay_dup_place){.centre = AY_DUP_NONE};
        fact[i] = (ay_dup_fact){.file = "x", .width = 10, .height = 10, .added_us = i};
        if (i > 0)
            near[f.nnear++] = (ay_dup_near){(uint32_t)i - 1, (uint32_t)i, v[i][0] * v[i - 1][0] + v[i][1] * v[i - 1][1]};
    }
    CHECK_OK(ay_dups_group(N, &f, fact, NULL, NULL, &g, &err), err);
    for (size_t i = 0; i < g.n; i++)
        CHECK(g.item[i].tier == AY_TIER_ALIKE && g.item[i].n <= 3 && g.item[i].similarity >= 0.97f);
    CHECK(g.n == 2);
    ay_dup_groups_fini(&g);
}

static void it_can_be_stopped_and_memory_refused(void)
{
    ay_status status = AY_ENOMEM;
    ay_err err;
    world w;

    world_init(&w);
    w.stop = true;
    CHECK(ay_dups_find(&w.in, &w.found, &err) == AY_ECANCELLED);
    ay_dups_found_fini(&w.found);
    w.stop = false;
    w.in.n = 3;
    w.in.open = open_picture;
    for (long n = 0; n < 6 && status != AY_OK; n++) {
        long live = ay_mem_live();
        ay_mem_fail_after(n);
        status = ay_dups_find(&w.in, &w.found, &err);
        ay_mem_fail_after(-1);
        ay_dups_found_fini(&w.found);
        CHECK(status == AY_OK || status == AY_ENOMEM);
        CHECK(ay_mem_live() == live);
    }
}

TESTS({"copies come together", copies_come_together},
      {"plain pictures with the same pixels are the same", plain_pictures_with_the_same_pixels_are_the_same},
      {"new ones join what is there", new_ones_join_what_is_there},
      {"what was said apart stays apart", what_was_said_apart_stays_apart},
      {"what is apart no more is together at once", what_is_apart_no_more_is_together_at_once},
      {"who is taken up brings its own", who_is_taken_up_brings_its_own},
      {"two times are two shots", two_times_are_two_shots},
      {"look-alikes do not chain", look_alikes_do_not_chain},
      {"it can be stopped, and memory refused", it_can_be_stopped_and_memory_refused})
