#include "base/test.h"

#include "base/hash.h"
#include "base/mem.h"
#include "train/augment.h"
#include "train/sample.h"

enum { S = 40, EACH = 3 * S * S };

static const ay_preprocess recipe = {.size = S,
                                     .fit = AY_FIT_SQUASH,
                                     .filter = AY_FILTER_BILINEAR,
                                     .mean = {0.485f, 0.456f, 0.406f},
                                     .std = {0.229f, 0.224f, 0.225f}};

static ay_augment a;
static ay_augment_room *room;
static ay_image ready;

static void setup(const ay_augment_settings *s)
{
    ay_image im;
    ay_err err;

    CHECK_OK(ay_augment_init(&a, s, &err), err);
    CHECK_OK(ay_augment_room_create(&room, &a, &err), err);
    sample_picture(&im, 1, 3, 150, 110);
    CHECK_OK(ay_augment_prepare(&a, &im, &ready, &err), err);
    ay_image_fini(&im);
}

static void clear(void)
{
    ay_augment_room_destroy(room);
    ay_image_fini(&ready);
}

static void apply(uint64_t seed, uint64_t epoch, uint64_t index, float *dst)
{
    ay_err err;

    CHECK_OK(ay_augment_apply(&a, room, &ready, seed, epoch, index, dst, &err), err);
}

static ay_augment_settings none(void)
{
    ay_augment_settings s;

    ay_augment_none(&s, &recipe);
    return s;
}

static void test_defaults(void)
{
    ay_augment_settings s;

    ay_augment_defaults(&s, &recipe);
    CHECK(s.size == S && s.random_crop && s.horizontal_flip == 0.5f && s.vertical_flip == 0);
    CHECK(s.rotation_degrees == 15 && s.brightness == 0.2f && s.contrast == 0.2f);
    CHECK(s.saturation == 0.2f && s.hue == 0.1f && s.blur == 0.1f && s.blur_sigma[1] == 2);
    CHECK(s.perspective == 0.2f && s.distortion == 0.1f && s.erasing == 0.1f);
    CHECK(s.erasing_scale[0] == 0.02f && s.erasing_ratio[1] == 3.3f && s.randaugment_ops == 0);
    setup(&s);
    CHECK(ready.width == S + 32 && ready.height == S + 32);
    clear();
}

static void test_nothing_is_the_middle(void)
{
    static float got[EACH];
    ay_augment_settings s = none();

    setup(&s);
    apply(1, 2, 3, got);
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < S; y++)
            for (int x = 0; x < S; x++) {
                uint8_t v = ready.data[((y + 16) * ready.width + x + 16) * 3 + c];
                CHECK(got[(c * S + y) * S + x] ==
                      ((float)v / 255.0f - recipe.mean[c]) / recipe.std[c]);
            }
    clear();
}

static void test_function_of_the_key(void)
{
    static float x[EACH], y[EACH];
    ay_augment_settings s;

    ay_augment_defaults(&s, &recipe);
    s.randaugment_ops = 2;
    s.erasing = s.blur = s.perspective = s.vertical_flip = 0.5f;
    setup(&s);
    for (uint64_t k = 0; k < 40; k++) {
        apply(k, 1, 2, x);
        apply(99, k, 5, y); /* something between leaves no trace */
        apply(k, 1, 2, y);
        CHECK(memcmp(x, y, sizeof x) == 0);
        apply(k + 1, 1, 2, y);
        CHECK(memcmp(x, y, sizeof x) != 0);
        apply(k, 2, 2, y);
        CHECK(memcmp(x, y, sizeof x) != 0);
        apply(k, 1, 3, y);
        CHECK(memcmp(x, y, sizeof x) != 0);
    }
    clear();
}

/* What a seed means is a promise to whoever resumes a run with a later release: this changes only
 * with a line in the change log.  (From our own first run; the bytes of each step are checked
 * against torchvision in ops_test.) */
static void test_known_answer(void)
{
    ay_augment_settings s;
    char hex[AY_SHA256_HEX];
    ay_sha256 h;
    ay_err err;

    ay_augment_defaults(&s, &recipe);
    s.randaugment_ops = 2;
    setup(&s);
    for (int i = 0; i < S + 32; i++) /* a picture that no floating point drew */
        for (int j = 0; j < (S + 32) * 3; j++)
            ready.data[i * (S + 32) * 3 + j] = (uint8_t)(i * 3 + j * 2 + (i * j) % 37);
    ay_sha256_init(&h);
    for (uint64_t k = 0; k < 64; k++) {
        ay_image out;
        CHECK_OK(ay_augment_show(&a, room, &ready, 42, 1, k, &out, &err), err);
        ay_sha256_add(&h, out.data, EACH);
        ay_image_fini(&out);
    }
    ay_sha256_hex(&h, hex);
    CHECK(strcmp(hex, "f4349b7463380e7d0428f7d0001196f244b7da9339d77ac9d24d8e88c824f569") == 0);
    clear();
}

/* One operation more or less leaves the draws of the others alone. */
static void test_draws_are_apart(void)
{
    static float with[EACH], without[EACH];
    ay_augment_settings s = none();
    int erased = 0;

    s.random_crop = true;
    s.horizontal_flip = 0.5f;
    s.rotation_degrees = 20;
    setup(&s);
    for (uint64_t k = 0; k < 30; k++) {
        s.erasing = 0;
        CHECK(!ay_augment_init(&a, &s, NULL));
        apply(7, 0, k, without);
        s.erasing = 1;
        CHECK(!ay_augment_init(&a, &s, NULL));
        apply(7, 0, k, with);
        for (int c = 0; c < 3; c++)
            for (int i = 0; i < S * S; i++) {
                float black = (0.0f - recipe.mean[c]) / recipe.std[c];
                int at = c * S * S + i;
                CHECK(with[at] == without[at] || with[at] == black);
                erased += with[at] != without[at];
            }
    }
    CHECK(erased > 30 * EACH / 50 && erased < 30 * EACH / 6); /* 0.02 to 0.15 of each */
    clear();
}

static void test_how_often(void)
{
    static float plain[EACH], got[EACH];
    ay_augment_settings s = none();
    int flips = 0, overs = 0;

    setup(&s);
    apply(0, 0, 0, plain);
    s.horizontal_flip = 0.5f;
    s.vertical_flip = 0.25f;
    CHECK(!ay_augment_init(&a, &s, NULL));
    for (uint64_t k = 0; k < 1000; k++) {
        apply(5, 0, k, got);
        bool across = got[0] == plain[S - 1] || got[0] == plain[S * S - 1];
        bool over = got[0] == plain[S * (S - 1)] || got[0] == plain[S * S - 1];
        flips += across;
        overs += over;
    }
    CHECK(flips > 430 && flips < 570 && overs > 190 && overs < 310); /* 4.5 deviations */
    clear();
}

/* Every crop is a piece of the prepared picture, and all corners of it are reached. */
static void test_random_crop(void)
{
    ay_augment_settings s = none();
    int lo[2] = {99, 99}, hi[2] = {-1, -1};

    s.random_crop = true;
    setup(&s);
    for (int i = 0; i < ready.height; i++)
        for (int j = 0; j < ready.width; j++) {
            uint8_t *p = ready.data + (i * ready.width + j) * 3;
            p[0] = (uint8_t)j;
            p[1] = (uint8_t)i;
            p[2] = 0;
        }
    for (uint64_t k = 0; k < 600; k++) {
        ay_image out;
        CHECK(!ay_augment_show(&a, room, &ready, 1, 0, k, &out, NULL));
        for (int i = 0; i < S * S; i++)
            CHECK(out.data[3 * i] - i % S == out.data[0] && out.data[3 * i + 1] - i / S == out.data[1]);
        for (int d = 0; d < 2; d++) {
            lo[d] = out.data[d] < lo[d] ? out.data[d] : lo[d];
            hi[d] = out.data[d] > hi[d] ? out.data[d] : hi[d];
        }
        ay_image_fini(&out);
    }
    for (int d = 0; d < 2; d++)
        CHECK(lo[d] == 0 && hi[d] == 32);
    clear();
}

static void test_resized_crop(void)
{
    static float x[EACH], y[EACH];
    ay_augment_settings s = none();

    s.resized_crop = true;
    setup(&s);
    CHECK(ready.height == S + 32 && ready.width == (S + 32) * 150 / 110);
    for (uint64_t k = 0; k < 200; k++) {
        apply(1, 0, k, x);
        apply(1, 0, k, y);
        CHECK(memcmp(x, y, sizeof x) == 0);
    }
    clear();
    s.crop_scale[0] = s.crop_scale[1] = 1; /* all of it: a squash, or the middle when too wide */
    setup(&s);
    apply(1, 0, 0, x);
    clear();
}

/* A black picture zoomed out of: all black or nearly, and a ground of one colour around it. */
static void test_zoom_out(void)
{
    static float x[EACH];
    ay_augment_settings s = none();
    int whole = 0, white = 0;

    s.resized_crop = true;
    s.zoom_out = 1;
    setup(&s);
    memset(ready.data, 0, (size_t)ready.width * (size_t)ready.height * 3);
    for (uint64_t k = 0; k < 200; k++) {
        float corner, black = a.table[0][0], least = 1e9f, most = -1e9f;
        apply(1, 0, k, x);
        for (int i = 0; i < S * S; i++) {
            least = x[i] < least ? x[i] : least;
            most = x[i] > most ? x[i] : most;
        }
        CHECK(least <= black + 1e-5f);
        corner = x[0] > x[S * S - 1] ? x[0] : x[S * S - 1];
        whole += corner > black;
        white += most >= a.table[0][255] - 1e-5f;
    }
    CHECK(whole > 150 && white > 80 && white < 170);
    clear();
}

static void test_shapes(void)
{
    static const ay_fit fits[] = {AY_FIT_SQUASH, AY_FIT_SHORTEST_CROP, AY_FIT_PAD_WHITE};
    static const int sides[][2] = {{1, 1}, {3, 200}, {200, 3}, {72, 72}, {500, 90}};
    static float x[EACH];
    ay_err err;

    for (int f = 0; f < 6; f++)
        for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
            ay_augment_settings s;
            ay_image im;
            ay_augment_defaults(&s, &recipe);
            s.fit = fits[f % 3];
            s.resized_crop = f >= 3;
            s.zoom_out = f >= 4 ? 0.5f : 0;
            s.grayscale = s.noise = f >= 4 ? 0.5f : 0;
            s.randaugment_ops = 3;
            s.randaugment_magnitude = 30;
            setup(&s);
            ay_image_fini(&ready);
            sample_picture(&im, 0, 1, sides[i][0], sides[i][1]);
            CHECK_OK(ay_augment_prepare(&a, &im, &ready, &err), err);
            for (uint64_t k = 0; k < 30; k++)
                apply(k, 0, 0, x);
            for (int k = 0; k < EACH; k++)
                CHECK(x[k] > -3 && x[k] < 3);
            ay_image_fini(&im);
            clear();
        }
}

/* A refused allocation would fail the picture: so there is none. */
static void test_allocates_nothing(void)
{
    static float x[EACH];
    ay_augment_settings s;
    ay_status st = AY_OK;

    ay_augment_defaults(&s, &recipe);
    s.randaugment_ops = 2;
    s.blur = s.perspective = s.erasing = s.vertical_flip = 0.5f;
    setup(&s);
    ay_mem_fail_after(0);
    for (uint64_t k = 0; k < 50 && !st; k++)
        st = ay_augment_apply(&a, room, &ready, 1, 0, k, x, NULL);
    ay_mem_fail_after(-1);
    CHECK(st == AY_OK);
    clear();
}

static void refused(void (*spoil)(ay_augment_settings *s), const char *words)
{
    ay_augment_settings s;
    ay_augment other;
    ay_err err;

    ay_augment_defaults(&s, &recipe);
    spoil(&s);
    CHECK(ay_augment_init(&other, &s, &err) == AY_EINVAL);
    if (!strstr(err.msg, words))
        printf("  %s\n", err.msg);
    CHECK(strstr(err.msg, words) != NULL);
}

static void bad_hue(ay_augment_settings *s)
{
    s->hue = 0.6f;
}
static void bad_flip(ay_augment_settings *s)
{
    s->horizontal_flip = -0.1f;
}
static void bad_sigma(ay_augment_settings *s)
{
    s->blur_sigma[0] = 3;
}
static void bad_erasing(ay_augment_settings *s)
{
    s->erasing = NAN;
}
static void bad_size(ay_augment_settings *s)
{
    s->size = 4;
}
static void bad_std(ay_augment_settings *s)
{
    s->std[1] = 0;
}

static void test_wrong_settings(void)
{
    ay_augment_settings s = none();
    static float x[EACH];
    ay_image im;
    ay_err err;

    refused(bad_hue, "hue is 0.6 and has to be 0 to 0.5");
    refused(bad_flip, "horizontal flip");
    refused(bad_sigma, "lower sigma");
    refused(bad_erasing, "erasing is nan");
    refused(bad_size, "size is 4");
    refused(bad_std, "std is 0");
    setup(&s);
    CHECK(!ay_image_create(&im, S - 1, S + 9, NULL));
    CHECK(ay_augment_apply(&a, room, &im, 0, 0, 0, x, &err) == AY_EINVAL);
    CHECK(strstr(err.msg, "was not prepared") != NULL);
    ay_image_fini(&im);
    clear();
}

/* Without a margin and with nothing on, training sees the very numbers that serving does. */
static void test_whole_is_serving(void)
{
    static float got[EACH], want[EACH];
    ay_augment_settings s = none();
    ay_image im;
    ay_err err;

    s.whole = true;
    setup(&s);
    CHECK(ready.width == S && ready.height == S);
    apply(1, 2, 3, got);
    sample_picture(&im, 1, 3, 150, 110);
    CHECK_OK(ay_image_preprocess(&im, &recipe, want, &err), err);
    CHECK(memcmp(got, want, sizeof got) == 0);
    ay_image_fini(&im);
    clear();
}

/* The order shows where both do something, and only there. */
static void test_jitter_first(void)
{
    static float after[EACH], before[EACH];
    ay_augment_settings s = none();
    int differ = 0;

    for (int ops = 0; ops <= 2; ops += 2) {
        s.whole = true;
        s.brightness = s.hue = 0.4f;
        s.randaugment_ops = ops;
        for (uint64_t i = 0; i < 20; i++) {
            s.jitter_first = false;
            setup(&s);
            apply(1, 2, i, after);
            clear();
            s.jitter_first = true;
            setup(&s);
            apply(1, 2, i, before);
            clear();
            differ += memcmp(before, after, sizeof after) != 0;
        }
        CHECK(ops ? differ > 5 : differ == 0);
    }
}

TESTS({"whole: as serving", test_whole_is_serving}, {"jitter first", test_jitter_first},
      {"defaults", test_defaults}, {"nothing on: the middle", test_nothing_is_the_middle},
      {"a function of seed, epoch and index", test_function_of_the_key},
      {"known answer", test_known_answer}, {"draws are apart", test_draws_are_apart},
      {"how often", test_how_often}, {"random crop", test_random_crop},
      {"resized crop", test_resized_crop},
      {"zooming out", test_zoom_out},
      {"allocates nothing", test_allocates_nothing}, {"odd shapes", test_shapes},
      {"wrong settings", test_wrong_settings})
