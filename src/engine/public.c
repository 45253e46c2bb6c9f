/* engine/public.c - include/assay.h over the engine.  Status numbers are the same on both sides,
 * which the assertion below proves at compile time. */
#include "base/mem.h"
#include "engine/engine.h"

#include <assay.h>
#include <stdio.h>
#include <string.h>

struct assay {
    ay_engine *engine;
    char digest[2 * AY_SHA256_HEX];
};

_Static_assert((int)ASSAY_EINVAL == (int)AY_EINVAL && (int)ASSAY_ENOMEM == (int)AY_ENOMEM &&
                   (int)ASSAY_EIO == (int)AY_EIO && (int)ASSAY_ENOTFOUND == (int)AY_ENOTFOUND &&
                   (int)ASSAY_ECORRUPT == (int)AY_ECORRUPT &&
                   (int)ASSAY_EUNSUPPORTED == (int)AY_EUNSUPPORTED &&
                   (int)ASSAY_ELIMIT == (int)AY_ELIMIT && (int)ASSAY_EBUSY == (int)AY_EBUSY,
               "public status numbers are the internal ones");

static assay_status tell(ay_status status, const ay_err *from, assay_error *to)
{
    if (to)
        snprintf(to->message, sizeof to->message, "%s", status == AY_OK ? "" : from->msg);
    return (assay_status)status;
}

const char *assay_version(void)
{
    return AY_VERSION;
}

/* Copy what the caller's version of the structure has. */
static ay_status read_options(const assay_options *from, ay_engine_options *to, ay_err *err)
{
    static const char *const words[] = {"auto", "f32", "bf16"};
    assay_options o = {0};

    if (!from)
        return AY_OK;
    if (from->size < sizeof from->size)
        return ay_fail(err, AY_EINVAL, "options.size is not set");
    memcpy(&o, from, from->size < sizeof o ? from->size : sizeof o);
    to->model = o.model;
    to->workers = o.threads;
    if (!o.precision)
        return AY_OK;
    for (int i = 0; i < 3; i++) {
        if (strcmp(o.precision, words[i]) != 0)
            continue;
        to->precision = (ay_precision)i;
        return AY_OK;
    }
    return ay_fail(err, AY_EINVAL, "precision \"%.40s\" is not auto, f32 or bf16", o.precision);
}

assay_status assay_open(assay **out, const assay_options *options, assay_error *error)
{
    ay_engine_options opt = {0};
    ay_err err = {0};
    ay_status status = read_options(options, &opt, &err);
    assay *a = NULL;

    *out = NULL;
    if (status == AY_OK && !(a = ay_calloc(1, sizeof *a)))
        status = ay_fail(&err, AY_ENOMEM, "opening");
    if (status == AY_OK)
        status = ay_engine_open(&a->engine, &opt, &err);
    if (status == AY_OK) {
        const ay_engine_info *info = ay_engine_get_info(a->engine);
        snprintf(a->digest, sizeof a->digest, "%s:%s", info->digest, info->preprocess_digest);
        *out = a;
    } else {
        ay_free(a);
    }
    return tell(status, &err, error);
}

void assay_close(assay *a)
{
    if (!a)
        return;
    ay_engine_close(a->engine);
    ay_free(a);
}

int assay_dim(const assay *a)
{
    return ay_engine_get_info(a->engine)->dim;
}

const char *assay_model_name(const assay *a)
{
    return ay_engine_get_info(a->engine)->name;
}

const char *assay_digest(const assay *a)
{
    return a->digest;
}

static ay_status embed(assay *a, const ay_image *im, float *dst, ay_err *err)
{
    return ay_engine_embed(a->engine, &im, 1, dst, err);
}

assay_status assay_embed(assay *a, const void *bytes, size_t size, float *dst, assay_error *error)
{
    ay_image im = {0};
    ay_err err = {0};
    ay_status status = ay_image_decode(bytes, size, NULL, &im, &err);

    if (status == AY_OK)
        status = embed(a, &im, dst, &err);
    ay_image_fini(&im);
    return tell(status, &err, error);
}

assay_status assay_embed_rgb(assay *a, const uint8_t *pixels, int width, int height, size_t stride,
                             float *dst, assay_error *error)
{
    size_t row = width > 0 ? (size_t)width * 3 : 0;
    ay_image im = {0};
    ay_err err = {0};
    ay_status status;

    if (width < 1 || height < 1 || (stride && stride < row))
        return tell(
            ay_fail(&err, AY_EINVAL, "%d x %d pixels, %zu bytes a row", width, height, stride),
            &err, error);
    status = ay_image_create(&im, width, height, &err);
    for (int y = 0; status == AY_OK && y < height; y++)
        memcpy(im.data + (size_t)y * row, pixels + (size_t)y * (stride ? stride : row), row);
    if (status == AY_OK)
        status = embed(a, &im, dst, &err);
    ay_image_fini(&im);
    return tell(status, &err, error);
}
