/* The pictures as a whole: repeatable, all different, none blank, errors as promised. */
#include "draw/draw.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/test.h"

enum { SIDE = 48 };

static void draw(ay_draw_set set, int class_index, uint64_t index, int w, int h, ay_image *im)
{
    ay_err err;

    CHECK_OK(ay_draw_picture(set, class_index, 7, index, w, h, im, &err), err);
    CHECK(im->width == w && im->height == h && im->data);
}

static void digest(ay_draw_set set, const char *name, uint64_t index, char hex[AY_SHA256_HEX])
{
    int k = ay_draw_class_find(set, name);
    ay_image im;

    CHECK(k >= 0);
    draw(set, k, index, SIDE, SIDE, &im);
    ay_sha256_bytes(im.data, (size_t)SIDE * SIDE * 3, hex);
    ay_image_fini(&im);
}

static void names(void)
{
    for (int set = 0; set < AY_DRAW_SET_COUNT; set++) {
        int n = ay_draw_class_count((ay_draw_set)set);
        CHECK(set == AY_DRAW_DEMO ? n >= 16 && n <= 24 : n >= 150);
        for (int i = 0; i < n; i++) {
            const char *name = ay_draw_class_name((ay_draw_set)set, i);
            CHECK(name && *name);
            CHECK(ay_draw_class_find((ay_draw_set)set, name) == i); /* so no name comes twice */
        }
        CHECK(!ay_draw_class_name((ay_draw_set)set, n));
    }
    CHECK(ay_draw_class_find(AY_DRAW_DEMO, "gear") == -1); /* a person's name has its capital */
    CHECK(ay_draw_class_count(AY_DRAW_SET_COUNT) == 0);
}

/* The same bytes with every compiler and on every machine: these were noted once. */
static void pinned_pictures(void)
{
    static const struct {
        ay_draw_set set;
        const char *name, *sha256;
    } want[] = {
        {AY_DRAW_DEMO, "Gear", "0c7ae60f2cb0ee8c29707d54ea5f016afb24dfacda048e03561200706e3aa47c"},
        {AY_DRAW_DEMO, "Circuit board",
         "de65703e242a98f8dc5e1bb3fedaa7637494be1d4ce0ba18968b1427fc7664de"},
        {AY_DRAW_DEMO, "Hard disk",
         "79582d3c55ca8448ab291443d70f6ab04723679ad15698a958e7e8acd678237a"},
        {AY_DRAW_DEMO, "Spring",
         "568e505570f23ed0b290d5fceb7461a3705d74a48a8ccd472c204c1264f38f76"},
        {AY_DRAW_DEMO, "Key", "ee0c1f9aa7937c7ef0327a3a0cb4e3a6873bc4f4eea462e46bddd726afda23ef"},
        {AY_DRAW_TRAIN, "keyboard",
         "04f01b9fa9bf7f5f0fe5e10f18b96644ce03497590ce5ad4160b18d1fb118a15"},
        {AY_DRAW_TRAIN, "microwave oven",
         "333a32c8078952413fd19e45f310a043ee3bc823969950dda2874fcb89e5eef9"},
        {AY_DRAW_TRAIN, "crack web",
         "7597ad435ed79877f498b5a79bec40a17b2b3ccab956b29efaec13371fc15910"},
        {AY_DRAW_TRAIN, "weave",
         "ebaf49a8ea11f5aa11483b3475e36387726716f51481dc89b8bda9f76de0a24d"},
        {AY_DRAW_TRAIN, "flame 2",
         "4a08b1c7b7ccf8d2d4f1c6ec53735534294ae18168550be5a9e5edfb322f8875"},
        {AY_DRAW_TRAIN, "julia",
         "f78dec6be40e48c418f641b2f8aebf8a9a439be671fdb1cd988a0f6617d286ce"},
        {AY_DRAW_TRAIN, "pyramid",
         "1899632e89688664caaec4a9c466c8e6b591c4bc5b4bbd384cb1ce43e738e5e9"},
        {AY_DRAW_TRAIN, "hills",
         "ac2ac7768efbd651d140d34424bf76e43e65a571b0aeb857cb8ed42d1b578179"},
    };

    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        char hex[AY_SHA256_HEX];
        digest(want[i].set, want[i].name, 3, hex);
        if (strcmp(hex, want[i].sha256) != 0)
            printf("  {%s, \"%s\", \"%s\"},\n",
                   want[i].set == AY_DRAW_DEMO ? "AY_DRAW_DEMO" : "AY_DRAW_TRAIN", want[i].name,
                   hex);
        CHECK(strcmp(hex, want[i].sha256) == 0);
    }
}

static void repeatable_and_varied(void)
{
    char a[AY_SHA256_HEX], b[AY_SHA256_HEX], c[AY_SHA256_HEX];

    digest(AY_DRAW_DEMO, "Gear", 5, a);
    digest(AY_DRAW_DEMO, "Gear", 5, b);
    digest(AY_DRAW_DEMO, "Gear", 6, c);
    CHECK(strcmp(a, b) == 0 && strcmp(a, c) != 0);
    digest(AY_DRAW_TRAIN, "gear", 5, c); /* the demonstration is calmer */
    CHECK(strcmp(a, c) != 0);
}

static double spread(const ay_image *im)
{
    double s = 0, ss = 0, n = (double)im->width * im->height * 3;

    for (long i = 0; i < (long)n; i++) {
        s += im->data[i];
        ss += (double)im->data[i] * im->data[i];
    }
    return ss / n - s / n * (s / n);
}

/* Odd sizes on purpose.  A picture may be nearly plain (a worn metal sheet), but a class may not.
 */
static void every_class_shows_something(void)
{
    for (int i = 0; i < ay_draw_class_count(AY_DRAW_TRAIN); i++) {
        double most = 0;
        for (uint64_t index = 0; index < 3; index++) {
            ay_image im;
            draw(AY_DRAW_TRAIN, i, index, 37, 23, &im);
            double v = spread(&im);
            most = v > most ? v : most;
            ay_image_fini(&im);
        }
        if (most < 20)
            printf("  %s: variance %.1f\n", ay_draw_class_name(AY_DRAW_TRAIN, i), most);
        CHECK(most >= 20);
    }
}

static void classes_differ(void)
{
    int n = ay_draw_class_count(AY_DRAW_DEMO);
    char hex[64][AY_SHA256_HEX];

    CHECK(n <= 64);
    for (int i = 0; i < n; i++) {
        digest(AY_DRAW_DEMO, ay_draw_class_name(AY_DRAW_DEMO, i), AY_DRAW_HELD_OUT, hex[i]);
        for (int j = 0; j < i; j++)
            CHECK(strcmp(hex[i], hex[j]) != 0);
    }
}

static void wrong_requests(void)
{
    static const struct {
        int set, class_index, width, height;
    } bad[] = {{AY_DRAW_DEMO, -1, 64, 64},     {AY_DRAW_DEMO, 100000, 64, 64},
               {AY_DRAW_SET_COUNT, 0, 64, 64}, {AY_DRAW_DEMO, 0, AY_DRAW_MIN_SIDE - 1, 64},
               {AY_DRAW_DEMO, 0, 64, 0},       {AY_DRAW_DEMO, 0, 64, AY_DRAW_MAX_SIDE + 1},
               {AY_DRAW_TRAIN, 0, -64, 64}};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ay_err err = {{0}};
        ay_image im = {.width = 1, .height = 1, .data = (uint8_t *)&err};
        ay_status st = ay_draw_picture((ay_draw_set)bad[i].set, bad[i].class_index, 1, 1,
                                       bad[i].width, bad[i].height, &im, &err);
        CHECK(st == AY_EINVAL && !im.data && err.msg[0]);
    }
}

static void smallest_and_longest(void)
{
    ay_image im;

    draw(AY_DRAW_DEMO, 0, 0, AY_DRAW_MIN_SIDE, AY_DRAW_MIN_SIDE, &im);
    ay_image_fini(&im);
    draw(AY_DRAW_DEMO, 1, 0, AY_DRAW_MAX_SIDE, AY_DRAW_MIN_SIDE, &im);
    ay_image_fini(&im);
}

/* Refuse each allocation in turn; nothing may be kept. */
static void memory_refused(void)
{
    static const char *const names[] = {"gear", "crack web", "flame 2"};
    long live = ay_mem_live();

    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        int i = ay_draw_class_find(AY_DRAW_TRAIN, names[k]), refused = 0;
        for (long n = 0;; n++) {
            ay_image im;
            ay_err err;
            ay_mem_fail_after(n);
            ay_status st = ay_draw_picture(AY_DRAW_TRAIN, i, 1, 1, 20, 20, &im, &err);
            ay_mem_fail_after(-1);
            if (st == AY_OK) {
                ay_image_fini(&im);
                break;
            }
            CHECK(st == AY_ENOMEM && !im.data && ay_mem_live() == live);
            refused++;
        }
        CHECK(refused >= 3 && ay_mem_live() == live);
    }
}

TESTS({"names", names}, {"pinned pictures", pinned_pictures},
      {"repeatable and varied", repeatable_and_varied},
      {"every class shows something", every_class_shows_something},
      {"classes differ", classes_differ}, {"wrong requests", wrong_requests},
      {"smallest and longest", smallest_and_longest}, {"memory refused", memory_refused})
