/* Quarter turns: known pixels, four make none, and nothing is lost on the way to a file and back. */
#include "inspect/rotate.h"

#include "base/mem.h"
#include "base/test.h"

static ay_err err;

/* 3 x 2: pixels 0 1 2 / 3 4 5, red 10 * n, green and blue by other rules. */
static void fill(ay_image *im, int w, int h)
{
    CHECK_OK(ay_image_create(im, w, h, &err), err);
    for (int i = 0; i < w * h; i++) {
        im->data[3 * i] = (uint8_t)(10 * i);
        im->data[3 * i + 1] = (uint8_t)(255 - 3 * i);
        im->data[3 * i + 2] = (uint8_t)(7 * i + 1);
    }
}

static void is(const ay_image *im, int w, int h, const char *order)
{
    CHECK(im->width == w && im->height == h);
    for (int i = 0; i < w * h; i++) {
        int k = order[i] - '0';
        CHECK(im->data[3 * i] == 10 * k && im->data[3 * i + 1] == 255 - 3 * k && im->data[3 * i + 2] == 7 * k + 1);
    }
}

static void known_turns(void)
{
    static const struct {
        int degrees, w, h;
        const char *order;
    } want[] = {{0, 3, 2, "012345"},    {90, 2, 3, "304152"},  {180, 3, 2, "543210"}, {270, 2, 3, "251403"},
                {-90, 2, 3, "251403"},  {450, 2, 3, "304152"}, {360, 3, 2, "012345"}, {-180, 3, 2, "543210"}};
    ay_image im;

    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        fill(&im, 3, 2);
        CHECK_OK(ay_line_rotate(&im, want[i].degrees, &err), err);
        is(&im, want[i].w, want[i].h, want[i].order);
        ay_image_fini(&im);
    }
}

static void a_file_keeps_every_pixel(void)
{
    ay_image im, again;
    ay_buf png = {0};

    fill(&im, 5, 3);
    CHECK_OK(ay_line_rotate(&im, 90, &err), err);
    CHECK_OK(ay_image_encode_png(&im, &png, &err), err);
    CHECK_OK(ay_image_decode(png.data, png.len, NULL, &again, &err), err);
    CHECK(again.width == 3 && again.height == 5 && memcmp(again.data, im.data, 45) == 0);
    ay_image_fini(&im);
    ay_image_fini(&again);
    ay_buf_fini(&png);
}

static void wrong_angles_and_no_memory(void)
{
    ay_image im;

    fill(&im, 3, 2);
    CHECK(ay_line_rotate(&im, 45, &err) == AY_EINVAL && strstr(err.msg, "45"));
    ay_mem_fail_after(0);
    CHECK(ay_line_rotate(&im, 90, &err) == AY_ENOMEM);
    ay_mem_fail_after(-1);
    is(&im, 3, 2, "012345");
    ay_image_fini(&im);
}

static void orientations_turn(void)
{
    CHECK(ay_line_orientation_turned(AY_LINE_UP, 90) == AY_LINE_RIGHT);
    CHECK(ay_line_orientation_turned(AY_LINE_UP, 180) == AY_LINE_DOWN);
    CHECK(ay_line_orientation_turned(AY_LINE_UP, 270) == AY_LINE_LEFT);
    CHECK(ay_line_orientation_turned(AY_LINE_LEFT, 90) == AY_LINE_UP);
    CHECK(ay_line_orientation_turned(AY_LINE_DOWN, -90) == AY_LINE_RIGHT);
    CHECK(ay_line_orientation_turned(AY_LINE_UNKNOWN, 90) == AY_LINE_UNKNOWN);
    CHECK(ay_line_orientation_find("Down") == AY_LINE_DOWN && ay_line_orientation_find("down") == AY_LINE_UNKNOWN);
    for (int o = 0; o < AY_LINE_ORIENTATIONS; o++)
        CHECK(ay_line_orientation_find(ay_line_orientation_name(o)) == o);
    CHECK(*ay_line_orientation_name(AY_LINE_UNKNOWN) == '\0');
}

TESTS({"known_turns", known_turns}, {"a_file_keeps_every_pixel", a_file_keeps_every_pixel},
      {"wrong_angles_and_no_memory", wrong_angles_and_no_memory}, {"orientations_turn", orientations_turn})
