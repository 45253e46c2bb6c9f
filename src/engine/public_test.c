/* include/assay.h as a stranger would use it. */
#include "base/buf.h"
#include "base/test.h"
#include "image/image.h"

#include <assay.h>
#include <math.h>

static double dot(const float *a, const float *b, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += (double)a[i] * b[i];
    return sum;
}

static void a_picture_becomes_a_unit_vector(void)
{
    assay *a;
    assay_error e;
    ay_image im;
    ay_buf png = {0};
    ay_err err;
    static float v[3][4096];
    int dim;

    CHECK(assay_open(&a, NULL, &e) == ASSAY_OK);
    dim = assay_dim(a);
    CHECK(dim > 0 && dim <= 4096);
    CHECK(strcmp(assay_model_name(a), "assay-default") == 0);
    CHECK(strlen(assay_digest(a)) == 129 && assay_digest(a)[64] == ':');
    CHECK_OK(ay_image_create(&im, 70, 50, &err), err);
    for (int i = 0; i < 70 * 50 * 3; i++)
        im.data[i] = (uint8_t)(i * 31 + i / 210 * 7);
    CHECK_OK(ay_image_encode_png(&im, &png, &err), err);
    CHECK(assay_embed(a, png.data, png.len, v[0], &e) == ASSAY_OK && e.message[0] == '\0');
    CHECK(fabs(dot(v[0], v[0], dim) - 1) < 1e-5);
    CHECK(assay_embed_rgb(a, im.data, 70, 50, 0, v[1], NULL) == ASSAY_OK);
    CHECK(memcmp(v[0], v[1], (size_t)dim * sizeof(float)) == 0);
    /* The left half by its stride is another picture. */
    CHECK(assay_embed_rgb(a, im.data, 35, 50, 210, v[2], NULL) == ASSAY_OK);
    CHECK(memcmp(v[0], v[2], (size_t)dim * sizeof(float)) != 0);
    ay_buf_fini(&png);
    ay_image_fini(&im);
    assay_close(a);
}

static void errors_are_told(void)
{
    assay_options opt = {.size = sizeof opt, .precision = "f64"};
    assay *a = (assay *)1;
    assay_error e;
    float v[1];

    CHECK(assay_open(&a, &opt, &e) == ASSAY_EINVAL && !a && strstr(e.message, "f64"));
    opt = (assay_options){.size = sizeof opt, .model = "build/no-such-model"};
    CHECK(assay_open(&a, &opt, &e) == ASSAY_ENOTFOUND && strstr(e.message, "no-such-model"));
    CHECK(assay_open(&a, &(assay_options){.model = NULL}, &e) == ASSAY_EINVAL);
    opt = (assay_options){.size = sizeof opt, .precision = "f32", .threads = 1};
    CHECK(assay_open(&a, &opt, &e) == ASSAY_OK);
    CHECK(assay_embed(a, "not a picture", 13, v, &e) == ASSAY_EUNSUPPORTED && e.message[0]);
    CHECK(assay_embed(a, "", 0, v, &e) == ASSAY_EINVAL);
    CHECK(assay_embed_rgb(a, NULL, 0, 5, 0, v, &e) == ASSAY_EINVAL);
    CHECK(assay_embed_rgb(a, NULL, 5, 5, 14, v, &e) == ASSAY_EINVAL);
    assay_close(a);
    assay_close(NULL);
    CHECK(strchr(assay_version(), '.'));
}

TESTS({"a picture becomes a unit vector", a_picture_becomes_a_unit_vector},
      {"errors are told", errors_are_told})
