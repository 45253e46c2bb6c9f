/* image/image_test.c - the contract of image.h: limits, refusals, truncation, orientation, crop,
 * memory. */
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "image/codec.h"

#include <sys/resource.h>

static ay_err err;

/* A smooth picture with one mark in each corner, so that every orientation looks different. */
static ay_image picture(int width, int height)
{
    ay_image im;

    CHECK_OK(ay_image_create(&im, width, height, &err), err);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *p = im.data + ((size_t)y * (size_t)width + (size_t)x) * 3;
            p[0] = (uint8_t)(x * 255 / width);
            p[1] = (uint8_t)(y * 255 / height);
            p[2] = (uint8_t)((x + y) & 64 ? 200 : 30);
        }
    return im;
}

static const uint8_t *at(const ay_image *im, int x, int y)
{
    return im->data + ((size_t)y * (size_t)im->width + (size_t)x) * 3;
}

static bool same(const ay_image *a, const ay_image *b)
{
    return a->width == b->width && a->height == b->height &&
           !memcmp(a->data, b->data, (size_t)a->width * (size_t)a->height * 3);
}

static void png_round_trip(void)
{
    ay_image im = picture(61, 37), back;
    ay_buf file = {0};

    CHECK_OK(ay_image_encode_png(&im, &file, &err), err);
    CHECK(ay_image_sniff(file.data, file.len) == AY_FORMAT_PNG);
    CHECK_OK(ay_image_decode(file.data, file.len, NULL, &back, &err), err);
    CHECK(same(&im, &back));
    ay_image_fini(&im);
    ay_image_fini(&back);
    ay_buf_fini(&file);
}

static void jpeg_round_trip(void)
{
    ay_image im = picture(160, 120), back;
    ay_buf file = {0};
    long off = 0;

    CHECK_OK(ay_image_encode_jpeg(&im, 95, &file, &err), err);
    CHECK_OK(ay_image_decode(file.data, file.len, NULL, &back, &err), err);
    CHECK(back.width == 160 && back.height == 120);
    for (size_t i = 0; i < 160 * 120 * 3; i++)
        off += labs((long)im.data[i] - back.data[i]);
    CHECK(off < 160 * 120 * 3 * 4); /* less than 4 of 255 in the mean */
    ay_image_fini(&im);
    ay_image_fini(&back);
    ay_buf_fini(&file);
}

/* A file cut anywhere is an error, or (when the missing bytes hold no pixel) the whole picture:
 * never a picture that differs. */
static void check_cuts(const char *name, const ay_buf *file)
{
    ay_image whole, part;
    int fine = 0;

    CHECK_OK(ay_image_decode(file->data, file->len, NULL, &whole, &err), err);
    for (size_t n = 0; n < file->len; n++) {
        /* Exactly n bytes on the heap, so that a sanitizer sees a read past them. */
        uint8_t *copy = ay_alloc(n ? n : 1, 1);
        memcpy(copy, file->data, n);
        ay_status st = ay_image_decode(copy, n, NULL, &part, &err);
        if (st == AY_OK && !same(&whole, &part))
            printf("  %s cut to %zu of %zu bytes gives another picture\n", name, n, file->len);
        CHECK(st || same(&whole, &part));
        CHECK(n > 0 || st == AY_EINVAL);
        fine += st == AY_OK;
        ay_image_fini(&part);
        ay_free(copy);
    }
    CHECK((size_t)fine < file->len * 3 / 4); /* most bytes hold something */
    ay_image_fini(&whole);
}

static ay_status visit_seed(void *count, const char *path, ay_err *e)
{
    ay_buf file = {0};

    CHECK_OK(ay_file_read(path, 0, &file, e), *e);
    check_cuts(path, &file);
    ay_buf_fini(&file);
    ++*(int *)count;
    return AY_OK;
}

static void cut_files_are_errors(void)
{
    int n = 0;

    CHECK_OK(ay_file_walk("fuzz/corpus/image_decode", visit_seed, &n, &err), err);
    CHECK(n >= 30);
}

static void trailing_bytes_are_fine(void)
{
    ay_image im = picture(24, 16), back;
    ay_buf file = {0};

    CHECK_OK(ay_image_encode_jpeg(&im, 80, &file, &err), err);
    ay_buf_puts(&file, "something a camera added");
    CHECK_OK(ay_image_decode(file.data, file.len, NULL, &back, &err), err);
    ay_image_fini(&im);
    ay_image_fini(&back);
    ay_buf_fini(&file);
}

static void limits_are_kept(void)
{
    ay_image im = picture(100, 50), back;
    ay_image_limits l = {.max_pixels = 4999};
    ay_buf file = {0};

    CHECK_OK(ay_image_encode_png(&im, &file, &err), err);
    CHECK(ay_image_decode(file.data, file.len, &l, &back, &err) == AY_ELIMIT && !back.data);
    CHECK(strstr(err.msg, "100 x 50"));
    l.max_pixels = 5000;
    CHECK_OK(ay_image_decode(file.data, file.len, &l, &back, &err), err);
    ay_image_fini(&back);
    l.max_bytes = file.len - 1;
    CHECK(ay_image_decode(file.data, file.len, &l, &back, &err) == AY_ELIMIT);
    ay_image_fini(&im);
    ay_buf_fini(&file);
}

/* One pixel high: legal, and a trap for sizes that are multiplied. */
static void thin_pictures(void)
{
    static const ay_fit fits[] = {AY_FIT_SHORTEST_CROP, AY_FIT_SQUASH, AY_FIT_PAD_WHITE};
    ay_preprocess p = {.size = 224, .filter = AY_FILTER_LANCZOS, .std = {1, 1, 1}};
    float *input = ay_alloc(3 * 224 * 224, sizeof *input);
    ay_image im = picture(AY_IMAGE_MAX_SIDE + 1, 1), back;
    ay_buf file = {0};

    CHECK_OK(ay_image_encode_png(&im, &file, &err), err);
    CHECK(ay_image_decode(file.data, file.len, NULL, &back, &err) == AY_ELIMIT);
    im.width--;
    for (int i = 0; i < 3; i++) {
        p.fit = fits[i];
        CHECK_OK(ay_image_preprocess(&im, &p, input, &err), err);
    }
    CHECK(ay_image_phash(&im) != 0);
    ay_image_fini(&im);
    ay_buf_fini(&file);
    ay_free(input);
}

static void strangers_are_named(void)
{
    static const char *const cases[][2] = {{"%PDF-1.7 ...", "a PDF, not a picture"},
                                           {"\0\0\0\x18"
                                            "ftypheic",
                                            "an HEIC picture"},
                                           {"<svg xmlns=", "an SVG picture"},
                                           {"hello, this is text", "text, not a picture"},
                                           {"\x89XNG\r\n\x1a\n\1\2\3\4", "not a picture"}};
    ay_image im;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(ay_image_decode(cases[i][0], 12, NULL, &im, &err) == AY_EUNSUPPORTED);
        CHECK(strstr(err.msg, cases[i][1]) && strstr(err.msg, "JPEG, PNG, WebP"));
    }
    CHECK(ay_image_decode("", 0, NULL, &im, &err) == AY_EINVAL);
}

/* Orientation o of a picture, put there pixel by pixel from the words of the EXIF standard. */
static void orientations(void)
{
    for (int o = 1; o <= 8; o++) {
        ay_image stored = picture(70, 45), im = {0};
        CHECK_OK(ay_image_create(&im, 70, 45, &err), err);
        memcpy(im.data, stored.data, 70 * 45 * 3);
        CHECK_OK(ay_image_orient(&im, o, &err), err);
        CHECK(im.width == (o >= 5 ? 45 : 70) && im.height == (o >= 5 ? 70 : 45));
        for (int y = 0; y < 45; y++)
            for (int x = 0; x < 70; x++) {
                int right = 69 - x, down = 44 - y;
                int to_x = (int[]){x, right, right, x, y, down, down, y}[o - 1];
                int to_y = (int[]){y, y, down, down, x, x, right, right}[o - 1];
                CHECK(!memcmp(at(&im, to_x, to_y), at(&stored, x, y), 3));
            }
        ay_image_fini(&im);
        ay_image_fini(&stored);
    }
}

/* An APP1 segment with orientation 6, put behind SOI. */
static void exif_turns(void)
{
    static const char app1[] = "\xff\xe1\0\x22"
                               "Exif\0\0"
                               "MM\0*\0\0\0\x08\0\1"
                               "\x01\x12\0\3\0\0\0\1\0\6\0\0"
                               "\0\0\0\0";
    ay_image im = picture(32, 16), back;
    ay_image_limits keep = {.keep_orientation = true};
    ay_image_info info;
    ay_buf file = {0}, turned = {0};

    CHECK_OK(ay_image_encode_jpeg(&im, 90, &file, &err), err);
    ay_buf_add(&turned, file.data, 2);
    ay_buf_add(&turned, app1, 0x24);
    ay_buf_add(&turned, file.data + 2, file.len - 2);
    CHECK_OK(ay_image_probe(turned.data, turned.len, NULL, &info, &err), err);
    CHECK(info.orientation == 6 && info.width == 32 && info.height == 16);
    CHECK_OK(ay_image_decode(turned.data, turned.len, NULL, &back, &err), err);
    CHECK(back.width == 16 && back.height == 32);
    ay_image_fini(&back);
    CHECK_OK(ay_image_decode(turned.data, turned.len, &keep, &back, &err), err);
    CHECK(back.width == 32 && back.height == 16);
    ay_image_fini(&back);
    ay_image_fini(&im);
    ay_buf_fini(&file);
    ay_buf_fini(&turned);
}

static void crops(void)
{
    static const uint8_t red[3] = {255, 0, 0};
    ay_image im = picture(20, 10), part;

    CHECK_OK(ay_image_crop(&im, -2, 3, 8, 20, red, &part, &err), err);
    CHECK(!memcmp(at(&part, 0, 0), red, 3) && !memcmp(at(&part, 1, 19), red, 3));
    CHECK(!memcmp(at(&part, 2, 0), at(&im, 0, 3), 3));
    CHECK(!memcmp(at(&part, 7, 6), at(&im, 5, 9), 3) && !memcmp(at(&part, 7, 7), red, 3));
    ay_image_fini(&part);
    CHECK_OK(ay_image_crop(&im, 500, 500, 2, 2, red, &part, &err), err);
    CHECK(!memcmp(at(&part, 1, 1), red, 3));
    ay_image_fini(&part);
    CHECK(ay_image_crop(&im, 0, 0, 0, 5, red, &part, &err) == AY_EINVAL);
    ay_image_fini(&im);
}

static void hashes(void)
{
    ay_image im = picture(300, 200), small, other = picture(300, 200);
    uint64_t h = ay_image_phash(&im);

    CHECK_OK(ay_image_resize(&im, 150, 100, AY_FILTER_BICUBIC, &small, &err), err);
    CHECK(ay_phash_distance(h, ay_image_phash(&small)) <= 4);
    for (size_t i = 0; i < 300 * 200 * 3; i++)
        other.data[i] = (uint8_t)((i / 3 % 300 / 40 + i / 900 / 30) % 2 ? 250 : 5);
    CHECK(ay_phash_distance(h, ay_image_phash(&other)) >= 12);
    CHECK(ay_phash_distance(0, ~0ull) == 64);
    ay_image_fini(&im);
    ay_image_fini(&small);
    ay_image_fini(&other);
}

/* The n-th allocation is refused, for every n: an error with words, nothing leaked. */
static void refused_memory(void)
{
    ay_preprocess p = {.size = 16, .filter = AY_FILTER_BICUBIC, .std = {1, 1, 1}};
    float input[3 * 16 * 16];
    ay_image im = picture(40, 30);
    ay_buf jpeg = {0}, png = {0};
    long live;

    CHECK_OK(ay_image_encode_jpeg(&im, 80, &jpeg, &err), err);
    CHECK_OK(ay_image_encode_png(&im, &png, &err), err);
    ay_image_fini(&im);
    live = ay_mem_live();
    for (int which = 0; which < 2; which++) {
        const ay_buf *file = which ? &png : &jpeg;
        ay_status st = AY_ENOMEM;
        for (long n = 0; st; n++) {
            err.msg[0] = '\0';
            ay_mem_fail_after(n);
            st = ay_image_decode(file->data, file->len, NULL, &im, &err);
            if (!st)
                st = ay_image_preprocess(&im, &p, input, &err);
            ay_mem_fail_after(-1);
            ay_image_fini(&im);
            if (st && st != AY_ENOMEM)
                printf("  allocation %ld: %s\n", n, err.msg);
            CHECK(st == AY_OK || (st == AY_ENOMEM && err.msg[0]));
            CHECK(ay_mem_live() == live);
            CHECK(n < 1000);
        }
    }
    ay_buf_fini(&jpeg);
    ay_buf_fini(&png);
}

/* 44 bytes of PNG whose last chunk header, cut short, announces 1.6 GB: nobody may allocate them.  Found
 * by fuzz/image_decode. */
static void a_cut_length_is_not_believed(void)
{
    static const uint8_t file[] = {
        0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,    0,    0,    13,   'I', 'H', 'D',  'R',
        0,    0,   0,   20,  0,    0,    0,    18,   8,    6,    0,    0,    0,   0x5b, 0xd0, 0xfe,
        0x10, 0x60, 0x71, 0x5a, 0x1a, 'e', 'X', 'I', 'f',  0x4d, 0x60, 0x82};
    struct rlimit old, less;
    ay_image im;
    ay_status status;

    CHECK(getrlimit(RLIMIT_DATA, &old) == 0);
    less = old;
#ifndef __SANITIZE_ADDRESS__ /* whose own tables are larger than any limit */
    less.rlim_cur = 1u << 30;
#endif
    CHECK(setrlimit(RLIMIT_DATA, &less) == 0);
    status = ay_image_decode(file, sizeof file, NULL, &im, &err);
    CHECK(setrlimit(RLIMIT_DATA, &old) == 0);
    CHECK(status == AY_ECORRUPT && !im.data); /* AY_ENOMEM: somebody asked */
}

/* Two pixels of one colour, the first wholly transparent. */
static void transparency(void)
{
    static const uint8_t file[] = {
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44,
        0x52, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0xf4,
        0x22, 0x7f, 0x8a, 0x00, 0x00, 0x00, 0x11, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xe4,
        0x3a, 0x21, 0xc7, 0xc0, 0xc0, 0xc0, 0xf0, 0x1f, 0x00, 0x07, 0x8d, 0x01, 0xf1, 0x16, 0x32,
        0x39, 0x53, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};
    static const uint8_t over_white[] = {255, 255, 255, 10, 200, 30}, stored[] = {10, 200, 30, 10, 200, 30};
    ay_image im;

    CHECK_OK(ay_image_decode(file, sizeof file, NULL, &im, &err), err);
    CHECK(memcmp(im.data, over_white, 6) == 0);
    CHECK(im.stored && memcmp(im.stored, stored, 6) == 0);
    CHECK_OK(ay_image_orient(&im, 2, &err), err); /* both are turned */
    CHECK(memcmp(im.data, stored, 3) == 0 && memcmp(im.data + 3, over_white, 3) == 0);
    CHECK(im.stored && memcmp(im.stored, stored, 6) == 0);
    ay_image_forget_alpha(&im);
    CHECK(!im.stored && memcmp(im.data, stored, 6) == 0);
    ay_image_forget_alpha(&im);
    CHECK(memcmp(im.data, stored, 6) == 0);
    ay_image_fini(&im);
}

TESTS({"transparency", transparency}, {"a cut length is not believed", a_cut_length_is_not_believed},
      {"png round trip", png_round_trip}, {"jpeg round trip", jpeg_round_trip},
      {"cut files are errors", cut_files_are_errors},
      {"trailing bytes are fine", trailing_bytes_are_fine}, {"limits are kept", limits_are_kept},
      {"thin pictures", thin_pictures}, {"strangers are named", strangers_are_named},
      {"orientations", orientations}, {"exif turns", exif_turns}, {"crops", crops},
      {"perceptual hash", hashes}, {"refused memory", refused_memory})
