/* image/vectors_test.c - our bytes against Pillow's.  The hashes under test/vectors were written by
 * make_image_vectors.py, which draws the same pictures with the same formula as drawn() here. */
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/test.h"
#include "image/hostile.h"
#include "image/resample.h"

#define LINE 1200

static const char *const filter_names[] = {"nearest", "box", "bilinear", "bicubic", "lanczos"};

static ay_image drawn(int width, int height)
{
    ay_image im;
    ay_err err;

    CHECK_OK(ay_image_create(&im, width, height, &err), err);
    for (uint32_t y = 0; y < (uint32_t)height; y++)
        for (uint32_t x = 0; x < (uint32_t)width; x++)
            for (uint32_t c = 0; c < 3; c++) {
                uint32_t h = x * 374761393u + y * 668265263u + c * 2246822519u;
                h = (h ^ (h >> 13)) * 1274126177u;
                uint32_t v = ((x >> 4) + (y >> 4)) & 1 ? h ^ (h >> 16) : x * 5 + y * 3 + c * 40;
                im.data[((size_t)y * (size_t)width + x) * 3 + c] = (uint8_t)v;
            }
    return im;
}

static int filter_of(const char *name)
{
    for (int i = 0; i < 5; i++)
        if (!strcmp(filter_names[i], name))
            return i;
    CHECK(!"a filter we have");
    return 0;
}

static bool same(const void *p, size_t n, const char *want)
{
    char hex[AY_SHA256_HEX];

    ay_sha256_bytes(p, n, hex);
    return !strcmp(hex, want);
}

/* Call check for every line that is not a comment; returns how many there were. */
static int each_line(const char *name, void (*check)(const char *line))
{
    char path[256], line[LINE];
    FILE *f;
    int n = 0;

    snprintf(path, sizeof path, "test/vectors/%s", name);
    f = fopen(path, "r");
    CHECK(f);
    while (fgets(line, sizeof line, f))
        if (line[0] != '#') {
            check(line);
            n++;
        }
    fclose(f);
    return n;
}

static void check_resize(const char *line)
{
    char filter[16], hex[AY_SHA256_HEX];
    int w, h, w2, h2;
    ay_image src, dst;
    ay_err err;

    CHECK(sscanf(line, "%d %d %d %d %15s %64s", &w, &h, &w2, &h2, filter, hex) == 6);
    src = drawn(w, h);
    for (int i = 0; ay_passes_at(i); i++) {
        CHECK_OK(ay_resample(&src, w2, h2, (ay_filter)filter_of(filter), 0, 0, w2, h2,
                             ay_passes_at(i), &dst, &err),
                 err);
        if (!same(dst.data, (size_t)w2 * (size_t)h2 * 3, hex))
            printf("  %s passes: %s", ay_passes_at(i)->name, line);
        CHECK(same(dst.data, (size_t)w2 * (size_t)h2 * 3, hex));
        ay_image_fini(&dst);
    }
    ay_image_fini(&src);
}

static void resize_equals_pillow(void)
{
    CHECK(each_line("image_resize.tsv", check_resize) >= 155);
}

static void check_preprocess(const char *line)
{
    static const char *const fits[] = {"crop", "squash", "pad"};
    ay_preprocess p = {.mean = {0.48145466f, 0.4578275f, 0.40821073f},
                       .std = {0.26862954f, 0.26130258f, 0.27577711f}};
    char fit[16], filter[16], hex[AY_SHA256_HEX];
    ay_image src;
    float *dst;
    size_t n;
    int w, h;
    ay_err err;

    CHECK(sscanf(line, "%d %d %d %d %15s %15s %64s", &w, &h, &p.size, &p.resize, fit, filter,
                 hex) == 7);
    for (int i = 0; i < 3; i++)
        if (!strcmp(fits[i], fit))
            p.fit = (ay_fit)i;
    p.filter = (ay_filter)filter_of(filter);
    src = drawn(w, h);
    n = 3 * (size_t)p.size * (size_t)p.size;
    dst = ay_alloc(n, sizeof *dst);
    CHECK_OK(ay_image_preprocess(&src, &p, dst, &err), err);
    if (!same(dst, n * sizeof *dst, hex))
        printf("  %s", line);
    CHECK(same(dst, n * sizeof *dst, hex));
    ay_free(dst);
    ay_image_fini(&src);
}

static void preprocess_equals_torchvision(void)
{
    CHECK(each_line("image_preprocess.tsv", check_preprocess) >= 16);
}

static void check_colour(const char *line)
{
    char what[16], hex[AY_SHA256_HEX];
    uint8_t grey[97 * 48];
    ay_image src;
    int w, h;

    CHECK(sscanf(line, "%15s %d %d %64s", what, &w, &h, hex) == 4);
    src = drawn(w, h);
    CHECK((size_t)w * (size_t)h <= sizeof grey);
    ay_image_grey(&src, grey);
    CHECK(same(grey, (size_t)w * (size_t)h, hex));
    ay_image_fini(&src);
}

static void grey_equals_pillow(void)
{
    CHECK(each_line("image_colour.tsv", check_colour) == 2);
}

static void check_hash(const char *line)
{
    unsigned long long want;
    ay_image im;
    int w, h;

    CHECK(sscanf(line, "%d %d %llx", &w, &h, &want) == 3);
    im = drawn(w, h);
    if (ay_image_phash(&im) != want)
        printf("  %016llx is not %s", (unsigned long long)ay_image_phash(&im), line);
    CHECK(ay_image_phash(&im) == want);
    ay_image_fini(&im);
}

static void hashes_equal_imagehash(void)
{
    CHECK(each_line("image_phash.tsv", check_hash) == 4);
}

static int pictures, equal;

static void check_picture(const char *path, int w, int h, const char *hex)
{
    ay_image im;
    ay_err err;

    CHECK_OK(ay_image_load(path, NULL, &im, &err), err);
    pictures++;
    if (im.width == w && im.height == h && same(im.data, (size_t)w * (size_t)h * 3, hex))
        equal++;
    else
        printf("  differs: %s\n", path);
    ay_image_fini(&im);
}

static void check_photo(const char *line)
{
    char file[256], hex[AY_SHA256_HEX];
    int w, h;

    CHECK(sscanf(line, "%255[^\t] %d %d %64s", file, &w, &h, hex) == 4);
    check_picture(test_shared(file), w, h, hex);
}

static void photos_equal_pillow(void)
{
    test_shared("photos");
    pictures = equal = 0;
    each_line("image_photos.tsv", check_photo);
    printf("  %d of %d photos equal Pillow's pixels\n", equal, pictures);
    CHECK(pictures > 200 && equal == pictures);
}

static void check_seed(const char *line)
{
    char file[256], hex[AY_SHA256_HEX];
    int w, h;

    CHECK(sscanf(line, "%255[^\t] %d %d %64s", file, &w, &h, hex) == 4);
    check_picture(file, w, h, hex);
}

/* Small pictures in every format and variant. */
static void seeds_equal_pillow(void)
{
    pictures = equal = 0;
    each_line("image_seeds.tsv", check_seed);
    CHECK(pictures >= 30 && equal == pictures);
}

static void check_odd(const char *line)
{
    char file[256], path[300], hex[AY_SHA256_HEX];
    int w, h;

    CHECK(sscanf(line, "%255[^\t] %d %d %64s", file, &w, &h, hex) == 4);
    snprintf(path, sizeof path, HOSTILE_ROOT "/%s", file);
    check_picture(path, w, h, hex);
}

/* Every variant of a format that Pillow reads: palettes, 16 bits, interlaced, CMYK, run lengths...
 */
static void corpus_equals_pillow(void)
{
    hostile_unpack();
    pictures = equal = 0;
    each_line("image_corpus.tsv", check_odd);
    printf("  %d of %d odd pictures equal Pillow's pixels\n", equal, pictures);
    CHECK(pictures > 200 && equal == pictures);
}

/* Transparency dropped, as the publishers of CLIP models read pictures. */
static void check_stored(const char *line)
{
    char name[64], hex[2 * LINE], want[65];
    uint8_t file[LINE];
    ay_image im;
    ay_err err;
    size_t n;

    CHECK(sscanf(line, "%63[^\t]\t%1023[^\t]\t%64s", name, hex, want) == 3);
    n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        unsigned byte = 0;
        CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1);
        file[i] = (uint8_t)byte;
    }
    CHECK_OK(ay_image_decode(file, n, NULL, &im, &err), err);
    CHECK(im.stored != NULL);
    ay_image_forget_alpha(&im);
    if (!same(im.data, (size_t)im.width * (size_t)im.height * 3, want))
        printf("  %s differs\n", name);
    CHECK(same(im.data, (size_t)im.width * (size_t)im.height * 3, want));
    ay_image_fini(&im);
}

static void stored_equals_pillow(void)
{
    CHECK(each_line("image_stored.tsv", check_stored) == 8);
}

TESTS({"resize equals Pillow", resize_equals_pillow},
      {"preprocess equals torchvision", preprocess_equals_torchvision},
      {"grey equals Pillow", grey_equals_pillow},
      {"dropped transparency equals Pillow's", stored_equals_pillow},
      {"hashes equal ImageHash", hashes_equal_imagehash},
      {"every format equals Pillow's pixels", seeds_equal_pillow},
      {"photos equal Pillow's pixels", photos_equal_pillow},
      {"odd pictures equal Pillow's pixels", corpus_equals_pillow})
