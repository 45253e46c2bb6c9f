/* train/sample.h - for tests of this folder only: pictures by formula, folders that go away.
 *
 * A picture is a function of (kind, index): some coloured blobs and bars whose arrangement the index
 * decides, on a ground whose colour the kind decides. */
#ifndef AY_TRAIN_SAMPLE_H
#define AY_TRAIN_SAMPLE_H

#include "base/file.h"
#include "base/rng.h"
#include "base/test.h"
#include "image/image.h"

#include <ftw.h>
#include <math.h>

static char sample_dir[64]; /* of this process; "" until sample_begin() */

static int sample_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static void sample_end(void)
{
    if (sample_dir[0])
        nftw(sample_dir, sample_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    sample_dir[0] = '\0';
}

/* An empty folder for one test case; what an earlier case left is removed. */
static inline const char *sample_begin(void)
{
    static int registered;

    if (!registered++)
        atexit(sample_end);
    sample_end();
    snprintf(sample_dir, sizeof sample_dir, "/tmp/ay-train-XXXXXX");
    CHECK(mkdtemp(sample_dir) != NULL);
    return sample_dir;
}

/* The path of name in the folder; four are valid at a time. */
static inline const char *sample_path(const char *name)
{
    static char path[4][512];
    static unsigned turn;
    char *p = path[turn++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", sample_dir, name);
    return p;
}

static inline void sample_picture(ay_image *im, int kind, int index, int width, int height)
{
    ay_rng r;
    float x[12], y[12], s[12], c[12][3];

    CHECK(ay_image_create(im, width, height, NULL) == AY_OK);
    ay_rng_init3(&r, 7, (uint64_t)kind, (uint64_t)index);
    for (int b = 0; b < 12; b++) {
        x[b] = (float)ay_rng_unit(&r);
        y[b] = (float)ay_rng_unit(&r);
        s[b] = (float)ay_rng_range(&r, 0.04, 0.2);
        for (int k = 0; k < 3; k++)
            c[b][k] = (float)ay_rng_range(&r, -160, 160);
    }
    for (int i = 0; i < height; i++)
        for (int j = 0; j < width; j++)
            for (int k = 0; k < 3; k++) {
                float u = ((float)j + .5f) / (float)width, v = ((float)i + .5f) / (float)height;
                float sum = k == kind % 3 ? 150 : 90;
                for (int b = 0; b < 12; b++) {
                    float dx = (u - x[b]) / s[b], dy = (v - y[b]) / (b % 2 ? s[b] : .3f * s[b]);
                    sum += c[b][k] / (1 + expf(8 * (dx * dx + dy * dy - 1)));
                }
                im->data[((size_t)i * (size_t)width + (size_t)j) * 3 + (size_t)k] =
                    (uint8_t)fminf(fmaxf(sum, 0), 255);
            }
}

static inline void sample_save(const ay_image *im, const char *name, int quality)
{
    ay_buf bytes = {0};
    char dir[512];
    ay_err err;

    snprintf(dir, sizeof dir, "%s", sample_path(name));
    *strrchr(dir, '/') = '\0';
    CHECK_OK(ay_file_mkdirs(dir, &err), err);
    if (quality)
        CHECK_OK(ay_image_encode_jpeg(im, quality, &bytes, &err), err);
    else
        CHECK_OK(ay_image_encode_png(im, &bytes, &err), err);
    FILE *f = fopen(sample_path(name), "wb"); /* not ay_file_write: no need to sync */
    CHECK(f && fwrite(bytes.data, 1, bytes.len, f) == bytes.len && fclose(f) == 0);
    ay_buf_fini(&bytes);
}

static inline void sample_write(const char *name, const char *text)
{
    char dir[512];
    ay_err err;

    snprintf(dir, sizeof dir, "%s", sample_path(name));
    *strrchr(dir, '/') = '\0';
    CHECK_OK(ay_file_mkdirs(dir, &err), err);
    FILE *f = fopen(sample_path(name), "wb");
    CHECK(f && fwrite(text, 1, strlen(text), f) == strlen(text) && fclose(f) == 0);
}

/* n pictures of a class under dir ("" or "train/"): dir/name/0.png ... */
static inline void sample_class(const char *dir, const char *name, int kind, int from, int n)
{
    for (int i = from; i < from + n; i++) {
        char path[256];
        ay_image im;
        snprintf(path, sizeof path, "%s%s/%d.png", dir, name, i);
        sample_picture(&im, kind, i, 96, 80);
        sample_save(&im, path, 0);
        ay_image_fini(&im);
    }
}

#endif
