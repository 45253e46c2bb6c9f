#include "image/look.h"
#include "image/print.h"

#include "base/rng.h"
#include "base/test.h"

#include <math.h>

/* Soft blobs on a slope: something everywhere, and no symmetry. */
static void make(ay_image *im, int w, int h, uint64_t seed)
{
    double at[24][5];
    ay_rng r;
    ay_err err;

    ay_rng_init(&r, seed);
    for (int i = 0; i < 24; i++) {
        for (int k = 0; k < 4; k++)
            at[i][k] = ay_rng_range(&r, 0, 1);
        at[i][4] = ay_rng_range(&r, 0.03, 0.15);
    }
    CHECK_OK(ay_image_create(im, w, h, &err), err);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            double v[3] = {60 + 80.0 * x / w, 90 + 50.0 * y / h, 100};
            for (int i = 0; i < 24; i++) {
                double dx = (double)x / w - at[i][0], dy = (double)y / h - at[i][1], s = exp(-(dx * dx + dy * dy) / (at[i][4] * at[i][4]));
                v[i % 3] += (at[i][2] - 0.4) * 160 * s;
                v[(i + 1) % 3] += (at[i][3] - 0.5) * 120 * s;
            }
            for (int c = 0; c < 3; c++)
                im->data[3 * (y * w + x) + c] = (uint8_t)fmax(0, fmin(255, v[c]));
        }
}

static ay_look_result compare(const ay_image *x, const ay_image *y)
{
    int turns[AY_ORIENTATIONS], n;
    ay_look_result out;
    ay_print px, py;
    ay_look a, b;
    ay_err err;

    CHECK_OK(ay_image_print(x, &px, &err), err);
    CHECK_OK(ay_image_print(y, &py, &err), err);
    CHECK_OK(ay_look_init(&a, x, &err), err);
    CHECK_OK(ay_look_init(&b, y, &err), err);
    n = ay_look_turns(&px, &py, turns);
    CHECK_OK(ay_look_judge(&a, &b, turns, n, &out, &err), err);
    ay_look_fini(&a);
    ay_look_fini(&b);
    return out;
}

static void jpeg(ay_image *im, int quality)
{
    ay_buf bytes = {0};
    ay_err err;

    CHECK_OK(ay_image_encode_jpeg(im, quality, &bytes, &err), err);
    ay_image_fini(im);
    CHECK_OK(ay_image_decode(bytes.data, bytes.len, NULL, im, &err), err);
    ay_buf_fini(&bytes);
}

static void hashes_turn_with_pictures(void)
{
    ay_image im, turned;
    ay_print p, q, t;
    ay_err err;

    make(&im, 300, 200, 1);
    CHECK_OK(ay_image_print(&im, &p, &err), err);
    for (int o = 1; o <= 8; o++) {
        make(&turned, 300, 200, 1);
        CHECK_OK(ay_image_orient(&turned, o, &err), err);
        CHECK_OK(ay_image_print(&turned, &q, &err), err);
        ay_print_turn(&p, o, &t);
        CHECK(ay_phash_distance(q.hash, ay_print_hash_turn(p.hash, o)) <= 4 && t.hash == ay_print_hash_turn(p.hash, o));
        CHECK(ay_print_compare(&q, &t) > 0.99f);
        CHECK(ay_print_hash_turn(ay_print_hash_turn(p.hash, o), ay_orientation_back(o)) == p.hash);
        for (int then = 1; then <= 8; then++)
            CHECK(ay_print_hash_turn(ay_print_hash_turn(p.hash, o), then) == ay_print_hash_turn(p.hash, ay_orientation_then(o, then)));
        ay_image_fini(&turned);
    }
    ay_image_fini(&im);
}

static void prints_are_kept_whole(void)
{
    uint8_t bytes[AY_PRINT_BYTES];
    ay_print p, q;
    ay_image im;
    ay_err err;

    make(&im, 64, 48, 2);
    CHECK_OK(ay_image_print(&im, &p, &err), err);
    ay_print_pack(&p, bytes);
    ay_print_unpack(&q, bytes);
    CHECK(p.hash == q.hash && memcmp(p.luma, q.luma, sizeof p.luma) == 0 && memcmp(p.chroma, q.chroma, sizeof p.chroma) == 0);
    ay_image_fini(&im);
}

static void copies_are_the_same_picture(void)
{
    const uint8_t white[3] = {255, 255, 255};
    ay_image im, copy;
    ay_look_result r;
    ay_err err;

    make(&im, 400, 300, 3);
    make(&copy, 400, 300, 3);
    CHECK(compare(&im, &copy).kind == AY_LOOK_PIXELS);
    jpeg(&copy, 50);
    CHECK(compare(&im, &copy).kind == AY_LOOK_PICTURE);
    CHECK_OK(ay_image_orient(&copy, 6, &err), err);
    r = compare(&im, &copy);
    CHECK(r.kind == AY_LOOK_PICTURE && r.orientation == 8 && !r.cropped);
    ay_image_fini(&copy);
    CHECK_OK(ay_image_resize(&im, 160, 120, AY_FILTER_LANCZOS, &copy, &err), err);
    CHECK(compare(&im, &copy).kind == AY_LOOK_PICTURE);
    ay_image_fini(&copy);
    CHECK_OK(ay_image_crop(&im, 12, 4, 380, 285, white, &copy, &err), err);
    r = compare(&im, &copy);
    CHECK(r.kind == AY_LOOK_PICTURE && r.cropped && fabs(r.box.sx - 400.0 / 380) < 0.01 && fabs(r.box.tx + 12.0 / 380) < 0.01);
    ay_image_fini(&copy);
    ay_image_fini(&im);
}

static void a_small_difference_is_another_picture(void)
{
    ay_image im, other;

    make(&im, 400, 300, 4);
    make(&other, 400, 300, 4);
    for (int y = 140; y < 164; y++)
        for (int x = 200; x < 224; x++)
            for (int c = 0; c < 3; c++)
                other.data[3 * (y * 400 + x) + c] = (uint8_t)(other.data[3 * (y * 400 + x) + c] / 2);
    CHECK(compare(&im, &other).kind == AY_LOOK_OTHER);
    ay_image_fini(&other);
    make(&other, 400, 300, 5);
    CHECK(compare(&im, &other).kind == AY_LOOK_OTHER);
    ay_image_fini(&other);
    ay_image_fini(&im);
}

/* A red disc on a fine grating: JPEG loses small colours, resizing takes the grating for something else. */
static void make_fine(ay_image *im, int side, int period)
{
    ay_err err;

    CHECK_OK(ay_image_create(im, side, side, &err), err);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            double dx = (double)x / side - 0.4, dy = (double)y / side - 0.6;
            bool disc = dx * dx + dy * dy < 0.01, bars = y > side / 8 && y < side / 3;
            uint8_t *p = im->data + 3 * (y * side + x), v = bars && x % period < period / 2 ? 30 : (uint8_t)(120 + 100 * x / side);
            p[0] = disc ? 220 : v;
            p[1] = disc ? 30 : v;
            p[2] = disc ? 40 : (uint8_t)(v / 2 + y * 80 / side);
        }
}

static void small_colours_and_gratings_are_no_difference(void)
{
    ay_image im, copy;
    ay_err err;

    make_fine(&im, 96, 4);
    make_fine(&copy, 96, 4);
    jpeg(&copy, 40);
    CHECK(compare(&im, &copy).kind == AY_LOOK_PICTURE);
    ay_image_fini(&copy);
    ay_image_fini(&im);
    make_fine(&im, 500, 6);
    CHECK_OK(ay_image_resize(&im, 375, 375, AY_FILTER_BOX, &copy, &err), err);
    CHECK(compare(&im, &copy).kind == AY_LOOK_PICTURE);
    ay_image_fini(&copy);
    ay_image_fini(&im);
}

/* Lines of made words: all one pattern, where least squares find no way. */
static void make_page(ay_image *im, int w, int h)
{
    const uint8_t white[3] = {255, 255, 255};
    ay_image empty = {0};
    ay_rng r;
    ay_err err;

    CHECK_OK(ay_image_create(&empty, 1, 1, &err), err);
    CHECK_OK(ay_image_crop(&empty, 5, 5, w, h, white, im, &err), err);
    ay_image_fini(&empty);
    ay_rng_init(&r, 11);
    for (int line = 40; line + 40 < h; line += 21)
        for (int x = 50; x < w - 50; x += 3)
            if (ay_rng_range(&r, 0, 1) < 0.6)
                for (int y = line; y < line + 11; y++)
                    memset(im->data + 3 * (y * w + x), 20, 6);
}

static void a_cut_page_is_found_and_a_shifted_one_is_none(void)
{
    const uint8_t white[3] = {255, 255, 255};
    ay_image im, cut, left, right;
    ay_look_result r;
    ay_err err;

    make_page(&im, 600, 800);
    CHECK_OK(ay_image_crop(&im, 17, 9, 576, 768, white, &cut, &err), err);
    r = compare(&im, &cut);
    CHECK(r.kind == AY_LOOK_PICTURE && r.cropped && fabs(r.box.tx + 17.0 / 576) < 0.003 && fabs(r.box.ty + 9.0 / 768) < 0.003);
    ay_image_fini(&cut);
    ay_image_fini(&im);
    make(&im, 400, 300, 3);
    CHECK_OK(ay_image_crop(&im, 0, 0, 380, 285, white, &left, &err), err);
    CHECK_OK(ay_image_crop(&im, 20, 15, 380, 285, white, &right, &err), err);
    CHECK(compare(&left, &right).kind == AY_LOOK_OTHER); /* each shows what the other has not */
    ay_image_fini(&left);
    ay_image_fini(&right);
    ay_image_fini(&im);
}

/* Cut from a page, made smaller and compressed: no size says what was cut, and lines fit lines in many places. */
static void a_cut_page_is_found_when_made_smaller(void)
{
    const uint8_t white[3] = {255, 255, 255};
    ay_image im, cut, small;
    ay_look_result r;
    ay_err err;

    make_page(&im, 600, 800);
    CHECK_OK(ay_image_crop(&im, 11, 27, 570, 760, white, &cut, &err), err);
    CHECK_OK(ay_image_resize(&cut, 285, 380, AY_FILTER_LANCZOS, &small, &err), err);
    jpeg(&small, 75);
    r = compare(&im, &small);
    CHECK(r.kind == AY_LOOK_PICTURE && r.cropped && fabs(r.box.tx + 11.0 / 570) < 0.002 && fabs(r.box.ty + 27.0 / 760) < 0.002);
    ay_image_fini(&small);
    ay_image_fini(&cut);
    ay_image_fini(&im);
}

/* What a hand does between two frames: all lies a point further, and nothing else is to be seen in what is smooth. */
static void a_frame_beside_itself_is_another_picture(void)
{
    const uint8_t white[3] = {255, 255, 255};
    ay_image im, one, two;
    ay_look_result r;
    ay_err err;

    make(&im, 404, 304, 7);
    CHECK_OK(ay_image_crop(&im, 1, 1, 400, 300, white, &one, &err), err);
    CHECK_OK(ay_image_crop(&im, 2, 2, 400, 300, white, &two, &err), err);
    r = compare(&one, &two);
    CHECK(r.kind == AY_LOOK_OTHER && fabsf(r.shift - sqrtf(2)) < 0.2f);
    jpeg(&two, 60);
    CHECK(compare(&one, &two).kind == AY_LOOK_OTHER);
    ay_image_fini(&two);
    CHECK_OK(ay_image_crop(&im, 1, 1, 400, 300, white, &two, &err), err);
    jpeg(&two, 60);
    r = compare(&one, &two);
    CHECK(r.kind == AY_LOOK_PICTURE && r.shift < 0.2f);
    ay_image_fini(&two);
    ay_image_fini(&one);
    ay_image_fini(&im);
}

static void parts_have_the_hashes_of_crops(void)
{
    const uint8_t white[3] = {255, 255, 255};
    uint64_t cuts[AY_CUTS];
    ay_image im, crop;
    ay_print p, q;
    ay_err err;
    int least = 64;

    make(&im, 400, 300, 6);
    CHECK_OK(ay_image_crop(&im, 34, 24, 360, 270, white, &crop, &err), err);
    CHECK_OK(ay_image_print(&im, &p, &err), err);
    CHECK_OK(ay_image_print(&crop, &q, &err), err);
    ay_print_hash_cuts(&p, cuts);
    for (int i = 0; i < AY_CUTS; i++)
        least = ay_phash_distance(cuts[i], q.hash) < least ? ay_phash_distance(cuts[i], q.hash) : least;
    CHECK(least < ay_phash_distance(p.hash, q.hash) && least <= 6);
    ay_image_fini(&crop);
    ay_image_fini(&im);
}

static void nothing_is_said_of_plain_pictures(void)
{
    ay_image a, b;
    ay_err err;

    CHECK_OK(ay_image_create(&a, 100, 100, &err), err);
    CHECK_OK(ay_image_create(&b, 90, 90, &err), err);
    CHECK(compare(&a, &b).kind == AY_LOOK_OTHER);
    ay_image_fini(&b);
    CHECK_OK(ay_image_create(&b, 100, 100, &err), err);
    CHECK(compare(&a, &b).kind == AY_LOOK_PIXELS);
    ay_image_fini(&b);
    ay_image_fini(&a);
}

TESTS({"hashes turn with pictures", hashes_turn_with_pictures},
      {"prints are kept whole", prints_are_kept_whole},
      {"copies are the same picture", copies_are_the_same_picture},
      {"a small difference is another picture", a_small_difference_is_another_picture},
      {"small colours and gratings are no difference", small_colours_and_gratings_are_no_difference},
      {"a cut page is found, and a shifted one is none", a_cut_page_is_found_and_a_shifted_one_is_none},
      {"a cut page is found when made smaller", a_cut_page_is_found_when_made_smaller},
      {"a frame beside itself is another picture", a_frame_beside_itself_is_another_picture},
      {"parts have the hashes of crops", parts_have_the_hashes_of_crops},
      {"nothing is said of plain pictures", nothing_is_said_of_plain_pictures})
