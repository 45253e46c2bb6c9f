#include "base/test.h"

#include "base/mem.h"
#include "train/neardup.h"
#include "train/sample.h"

#include <dirent.h>

static ay_print print_of(const ay_image *im)
{
    ay_print p;
    ay_err err;

    CHECK_OK(ay_print_make(&p, im, &err), err);
    return p;
}

typedef struct {
    const char *name;
    float left, top, right, bottom; /* cut off, parts */
    float scale;                    /* of the sides, after that */
    int quality;                    /* JPEG; 0: none */
} change;

static const change changes[] = {
    {"half the size", 0, 0, 0, 0, .5f, 0},
    {"quality 40", 0, 0, 0, 0, 1, 40},
    {"a third, quality 80", 0, 0, 0, 0, .34f, 80},
    {"3 % cut all round", .03f, .03f, .03f, .03f, 1, 0},
    {"6 % cut all round, smaller", .06f, .06f, .06f, .06f, .7f, 85},
    {"8 % cut left", .08f, 0, 0, 0, 1, 90},
    {"a corner cut", 0, 0, .05f, .05f, 1, 75},
};
enum { CHANGES = sizeof changes / sizeof *changes };

static void apply(const ay_image *im, const change *c, ay_image *out)
{
    static const uint8_t black[3];
    float w = (float)im->width, h = (float)im->height;
    int x = (int)(w * c->left), y = (int)(h * c->top);
    int cw = (int)(w * (1 - c->right)) - x, ch = (int)(h * (1 - c->bottom)) - y;
    ay_image part;
    ay_buf bytes = {0};

    CHECK(ay_image_crop(im, x, y, cw, ch, black, &part, NULL) == AY_OK);
    CHECK(ay_image_resize(&part, (int)((float)cw * c->scale), (int)((float)ch * c->scale),
                          AY_FILTER_BILINEAR, out, NULL) == AY_OK);
    ay_image_fini(&part);
    if (!c->quality)
        return;
    CHECK(ay_image_encode_jpeg(out, c->quality, &bytes, NULL) == AY_OK);
    ay_image_fini(out);
    CHECK(ay_image_decode(bytes.data, bytes.len, NULL, out, NULL) == AY_OK);
    ay_buf_fini(&bytes);
}

/* Every n-th picture of a folder, changed in every way, is found; others are not taken for copies. */
static void look_through(const char *dir, int every, int *tried, int *found, int *false_ones)
{
    struct dirent **names;
    int n = scandir(dir, &names, NULL, alphasort), kept = 0;
    static ay_print prints[64];

    CHECK(n > 0);
    for (int i = 0; i < n; i++) {
        char path[1024];
        ay_image im, other;
        snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
        bool picked = names[i]->d_name[0] != '.' && i % every == 0 && kept < 64;
        free(names[i]);
        if (!picked || ay_image_load(path, NULL, &im, NULL))
            continue;
        prints[kept] = print_of(&im);
        for (int c = 0; c < CHANGES; c++) {
            apply(&im, &changes[c], &other);
            ay_print p = print_of(&other);
            bool hit = ay_print_candidate(&prints[kept], &p) &&
                       ay_print_likeness(&prints[kept], &p) >= AY_PRINT_LIKE;
            ++*tried;
            *found += hit;
            ay_image_fini(&other);
        }
        ay_image_fini(&im);
        kept++;
    }
    free(names);
    for (int i = 0; i < kept; i++)
        for (int j = 0; j < i; j++)
            *false_ones += ay_print_candidate(&prints[i], &prints[j]) &&
                           ay_print_likeness(&prints[i], &prints[j]) >= AY_PRINT_LIKE;
}

static void test_drawn(void)
{
    int found = 0, wrong = 0;
    static ay_print all[40];

    for (int i = 0; i < 40; i++) {
        ay_image im, other;
        sample_picture(&im, i % 3, i, 120, 90);
        all[i] = print_of(&im);
        for (int c = 0; c < CHANGES; c++) {
            apply(&im, &changes[c], &other);
            ay_print p = print_of(&other);
            bool hit = ay_print_candidate(&all[i], &p) &&
                       ay_print_likeness(&all[i], &p) >= AY_PRINT_LIKE;
            CHECK(ay_print_likeness(&all[i], &p) == ay_print_likeness(&p, &all[i]));
            found += hit;
            ay_image_fini(&other);
        }
        ay_image_fini(&im);
    }
    for (int i = 0; i < 40; i++)
        for (int j = 0; j < i; j++)
            wrong += ay_print_likeness(&all[i], &all[j]) >= AY_PRINT_LIKE;
    printf("  found %d of %d copies, %d wrong\n", found, 40 * CHANGES, wrong);
    CHECK(found >= 40 * CHANGES * 99 / 100 && wrong == 0);
}

static void test_real(void)
{
    static const char *const dirs[] = {"ewaste/laptop", "ewaste/TV", "ewaste/Mouses",
                                       "neu-det/patches", "neu-det/scratches"};
    int tried = 0, found = 0, wrong = 0;

    for (size_t d = 0; d < sizeof dirs / sizeof *dirs; d++)
        look_through(test_shared(dirs[d]), 3, &tried, &found, &wrong);
    printf("  found %d of %d copies; %d pairs of the sets themselves\n", found, tried, wrong);
    CHECK(tried >= 300 && found >= tried * 97 / 100);
    CHECK(wrong <= 4); /* the sets hold a few copies of their own */
}

static void test_empty_sheets(void)
{
    ay_image white, black, drawn;
    ay_print w, w2, b, d;

    CHECK(ay_image_create(&white, 50, 40, NULL) == AY_OK);
    CHECK(ay_image_create(&black, 64, 64, NULL) == AY_OK);
    memset(white.data, 250, 50 * 40 * 3);
    w = print_of(&white);
    memset(white.data, 251, 50 * 40 * 3);
    w2 = print_of(&white);
    b = print_of(&black);
    sample_picture(&drawn, 0, 0, 64, 64);
    d = print_of(&drawn);
    CHECK(ay_print_likeness(&w, &w2) == 1);
    CHECK(ay_print_likeness(&w, &b) == 0 && ay_print_likeness(&w, &d) == 0);
    CHECK(ay_print_likeness(&d, &d) > 0.999f);
    ay_image_fini(&white);
    ay_image_fini(&black);
    ay_image_fini(&drawn);
}

static void test_pairs_whatever_the_threads(void)
{
    enum { N = 60 };
    static ay_print all[N];
    const ay_print *of[N];
    ay_print_pair *one, *four;
    int n1, n4;
    ay_err err;

    for (int i = 0; i < N; i++) {
        ay_image im;
        sample_picture(&im, 0, i / 3, 60 + i % 3 * 20, 60); /* three of each */
        all[i] = print_of(&im);
        of[i] = i == 5 ? NULL : &all[i];
        ay_image_fini(&im);
    }
    CHECK_OK(ay_print_pairs(of, N, 1, NULL, &one, &n1, &err), err);
    CHECK_OK(ay_print_pairs(of, N, 4, NULL, &four, &n4, &err), err);
    CHECK(n1 == 20 * 3 - 2 && n4 == n1);
    for (int i = 0; i < n1; i++)
        CHECK(one[i].a == four[i].a && one[i].b == four[i].b &&
              one[i].likeness == four[i].likeness && one[i].a / 3 == one[i].b / 3);
    ay_free(one);
    ay_free(four);
    atomic_bool stop = true;
    CHECK(ay_print_pairs(of, N, 2, &stop, &one, &n1, &err) == AY_ECANCELLED);
}

TESTS({"drawn pictures", test_drawn}, {"real pictures", test_real},
      {"empty sheets", test_empty_sheets},
      {"the same pairs whatever the threads", test_pairs_whatever_the_threads})
