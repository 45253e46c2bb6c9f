/* models/recipe.c - preprocessing as its five publishers write it down.
 *
 *   ours         config.json               "preprocessing": {size, resize, fit, filter, mean, std}
 *   timm         config.json               "pretrained_cfg": {interpolation, crop_pct, mean, std}
 *   open_clip    open_clip_config.json     "preprocess_cfg": {interpolation, resize_mode, mean,
 * std} Hugging Face preprocessor_config.json  {size, crop_size, resample, image_mean, image_std}
 *   torchvision  nothing: the architecture's default stands
 *
 * Details that have caused bugs:
 *   - "size" and "crop_size" of Hugging Face are a number or an object, by the writer's age;
 *   - "resample" is Pillow's number: 0 nearest, 1 Lanczos, 2 bilinear, 3 bicubic, 4 box;
 *   - timm resizes to floor(size / crop_pct), so 224 / 0.95 is 235 and not 236;
 *   - a mean or std of three equal numbers may be written as one;
 *   - the publishers of CLIP models (OpenAI, open_clip, Apple, Hugging Face) read pictures with Pillow's
 *     convert("RGB"), which drops transparency, and their published answers are of that: the largest part of
 *     OpenAI's CLIP.png is transparent black.  Their encoders do so here (as_stored), and so do networks that
 *     are trained on them; everything else sees pictures over white, as people do. */
#include "models/arch.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    int value;
} filters[] = {{"bilinear", AY_RECIPE_BILINEAR},
               {"bicubic", AY_RECIPE_BICUBIC},
               {"lanczos", AY_RECIPE_LANCZOS},
               {"box", AY_RECIPE_BOX},
               {"nearest", AY_RECIPE_NEAREST}},
  fits[] = {{"shortest", AY_RECIPE_SHORTEST_CROP},
            {"shortest_crop", AY_RECIPE_SHORTEST_CROP},
            {"squash", AY_RECIPE_SQUASH},
            {"letterbox", AY_RECIPE_PAD_WHITE}};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static ay_status read_filter(const char *word, ay_recipe *r, ay_err *err)
{
    for (size_t i = 0; word && i < COUNT(filters); i++) {
        if (strcmp(word, filters[i].name) != 0)
            continue;
        r->filter = (ay_recipe_filter)filters[i].value;
        return AY_OK;
    }
    return word ? ay_fail(err, AY_EUNSUPPORTED, "preprocessing: unknown filter \"%.40s\"", word)
                : AY_OK;
}

static ay_status read_fit(const char *word, ay_recipe *r, ay_err *err)
{
    for (size_t i = 0; word && i < COUNT(fits); i++) {
        if (strcmp(word, fits[i].name) != 0)
            continue;
        r->fit = (ay_recipe_fit)fits[i].value;
        return AY_OK;
    }
    return word ? ay_fail(err, AY_EUNSUPPORTED, "preprocessing: unknown fit \"%.40s\"", word)
                : AY_OK;
}

static void read_three(const json_t *v, float dst[3])
{
    for (size_t i = 0; i < 3; i++) {
        const json_t *x = json_is_array(v) ? json_array_get(v, i) : v;
        if (json_is_number(x))
            dst[i] = (float)json_number_value(x);
    }
}

static ay_status read_ours(ay_recipe *r, const json_t *p, ay_err *err)
{
    ay_status status = read_fit(ay_json_text(p, "fit", NULL), r, err);

    r->as_stored = strcmp(ay_json_text(p, "transparency", "white"), "dropped") == 0;
    r->size = ay_json_int(p, "size", NULL, r->size);
    r->resize = ay_json_int(p, "resize", NULL, r->size);
    read_three(json_object_get(p, "mean"), r->mean);
    read_three(json_object_get(p, "std"), r->std);
    return status == AY_OK ? read_filter(ay_json_text(p, "filter", NULL), r, err) : status;
}

static ay_status read_timm(ay_recipe *r, const json_t *p, ay_err *err)
{
    double crop = json_number_value(json_object_get(p, "crop_pct"));

    if (crop > 0.1 && crop <= 1.0)
        r->resize = (int)floor(r->size / crop);
    if (strcmp(ay_json_text(p, "crop_mode", "center"), "squash") == 0)
        r->fit = AY_RECIPE_SQUASH;
    read_three(json_object_get(p, "mean"), r->mean);
    read_three(json_object_get(p, "std"), r->std);
    return read_filter(ay_json_text(p, "interpolation", NULL), r, err);
}

static ay_status read_openclip(ay_recipe *r, const json_t *p, ay_err *err)
{
    ay_status status = read_fit(ay_json_text(p, "resize_mode", NULL), r, err);

    read_three(json_object_get(p, "mean"), r->mean);
    read_three(json_object_get(p, "std"), r->std);
    return status == AY_OK ? read_filter(ay_json_text(p, "interpolation", NULL), r, err) : status;
}

static ay_status read_hf(ay_recipe *r, const json_t *p, ay_err *err)
{
    static const char *const by_number[] = {"nearest", "lanczos", "bilinear", "bicubic", "box"};
    int resample = ay_json_int(p, "resample", NULL, 3);
    int exact = ay_json_int(p, "size", "height", 0);

    r->resize = ay_json_int(p, "size", "shortest_edge", ay_json_int(p, "size", NULL, r->size));
    if (exact > 0 || json_is_false(json_object_get(p, "do_center_crop")))
        r->fit = AY_RECIPE_SQUASH;
    read_three(json_object_get(p, "image_mean"), r->mean);
    read_three(json_object_get(p, "image_std"), r->std);
    if (resample < 0 || resample >= (int)COUNT(by_number))
        return ay_fail(err, AY_EUNSUPPORTED, "preprocessing: unknown resample %d", resample);
    return read_filter(by_number[resample], r, err);
}

static ay_status check(const ay_recipe *r, ay_err *err)
{
    if (r->size < 8 || r->size > 2048 || r->resize < r->size || r->resize > 4096)
        return ay_fail(err, AY_ECORRUPT, "preprocessing: size %d, resize %d is out of range",
                       r->size, r->resize);
    for (int i = 0; i < 3; i++)
        if (!(r->std[i] > 1e-6f) || !isfinite(r->std[i]) || !isfinite(r->mean[i]))
            return ay_fail(err, AY_ECORRUPT, "preprocessing: mean %g, std %g of channel %d",
                           (double)r->mean[i], (double)r->std[i], i);
    return AY_OK;
}

ay_status ay_recipe_read(ay_recipe *r, const ay_source *src, ay_err *err)
{
    const json_t *ours = json_object_get(src->config, "preprocessing");
    const json_t *timm = json_object_get(src->config, "pretrained_cfg");
    const json_t *openclip = json_object_get(src->openclip, "preprocess_cfg");
    ay_status status = AY_OK;

    if (ours)
        status = read_ours(r, ours, err);
    else if (timm)
        status = read_timm(r, timm, err);
    else if (openclip)
        status = read_openclip(r, openclip, err);
    else if (src->preprocess)
        status = read_hf(r, src->preprocess, err);
    return status == AY_OK ? check(r, err) : status;
}

void ay_recipe_resize(ay_recipe *r, int size)
{
    if (size <= 0 || size == r->size)
        return;
    r->resize = (int)((int64_t)r->resize * size / r->size);
    r->size = size;
}
