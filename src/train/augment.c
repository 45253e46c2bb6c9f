#include "train/augment.h"

#include "base/mem.h"
#include "base/rng.h"
#include "train/ops.h"

#include <math.h>
#include <string.h>

enum { MOST_SIZE = 2048 };

/* Operations that draw.  The numbers are part of what a seed means: append, never reorder. */
#define MOST_NOISE 0.12        /* standard deviation, of values in 0..1 */
#define SPREAD_OF_FOUR 147.80f /* standard deviation of the sum of four even bytes */

typedef enum { D_CROP, D_FLIP, D_TURN_OVER, D_RAND, D_ROTATE, D_JITTER, D_BLUR, D_VIEW, D_ERASE, D_GREY, D_NOISE } op;

typedef struct {
    uint64_t seed, epoch, index;
} key;

struct ay_augment_room {
    ay_planes one, other;
    float *rows; /* for the blur */
};

static ay_rng draws_of(const key *k, op o)
{
    ay_rng r;

    ay_rng_init3(&r, k->seed + (uint64_t)(o + 1) * 0x9e3779b97f4a7c15u, k->epoch, k->index);
    return r;
}

void ay_augment_none(ay_augment_settings *s, const ay_preprocess *p)
{
    *s = (ay_augment_settings){.size = p->size,
                               .fit = p->fit,
                               .filter = p->filter,
                               .crop_scale = {0.08f, 1},
                               .crop_ratio = {3.0f / 4, 4.0f / 3},
                               .randaugment_magnitude = 9,
                               .blur_sigma = {0.1f, 2},
                               .distortion = 0.1f,
                               .erasing_scale = {0.02f, 0.15f},
                               .erasing_ratio = {0.3f, 3.3f}};
    memcpy(s->mean, p->mean, sizeof s->mean);
    memcpy(s->std, p->std, sizeof s->std);
}

void ay_augment_defaults(ay_augment_settings *s, const ay_preprocess *p)
{
    ay_augment_none(s, p);
    s->random_crop = true;
    s->horizontal_flip = 0.5f;
    s->rotation_degrees = 15;
    s->brightness = s->contrast = s->saturation = 0.2f;
    s->hue = 0.1f;
    s->blur = 0.1f;
    s->perspective = 0.2f;
    s->erasing = 0.1f;
}

typedef struct {
    const char *name;
    float v, lo, hi;
} bound;

static ay_status check_bounds(const bound *all, size_t n, ay_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!(all[i].v >= all[i].lo && all[i].v <= all[i].hi)) /* so that NaN fails too */
            return ay_fail(err, AY_EINVAL, "augmentation: %s is %g and has to be %g to %g",
                           all[i].name, (double)all[i].v, (double)all[i].lo, (double)all[i].hi);
    return AY_OK;
}

static ay_status check(const ay_augment_settings *s, ay_err *err)
{
    const bound all[] = {
        {"size", (float)s->size, 8, MOST_SIZE},
        {"std", fminf(s->std[0], fminf(s->std[1], s->std[2])), 1e-6f, 1e6f},
        {"horizontal flip", s->horizontal_flip, 0, 1},
        {"vertical flip", s->vertical_flip, 0, 1},
        {"number of RandAugment steps", (float)s->randaugment_ops, 0, 16},
        {"RandAugment magnitude", (float)s->randaugment_magnitude, 0, 30},
        {"rotation", s->rotation_degrees, 0, 180},
        {"brightness", s->brightness, 0, 10},
        {"contrast", s->contrast, 0, 10},
        {"saturation", s->saturation, 0, 10},
        {"hue", s->hue, 0, 0.5f},
        {"blur", s->blur, 0, 1},
        {"lower sigma of the blur", s->blur_sigma[0], 0.01f, s->blur_sigma[1]},
        {"upper sigma of the blur", s->blur_sigma[1], 0.01f, 100},
        {"perspective", s->perspective, 0, 1},
        {"distortion of the perspective", s->distortion, 0, 1},
        {"erasing", s->erasing, 0, 1},
        {"lower part of the erasing", s->erasing_scale[0], 0, s->erasing_scale[1]},
        {"upper part of the erasing", s->erasing_scale[1], 0, 1},
        {"lower ratio of the erasing", s->erasing_ratio[0], 0.01f, s->erasing_ratio[1]},
        {"upper ratio of the erasing", s->erasing_ratio[1], 0.01f, 100},
        {"lower part of the resized crop", s->crop_scale[0], 0.001f, s->crop_scale[1]},
        {"upper part of the resized crop", s->crop_scale[1], 0.001f, 1},
        {"grayscale", s->grayscale, 0, 1},
        {"noise", s->noise, 0, 1},
        {"zooming out", s->zoom_out, 0, 1},
        {"lower ratio of the resized crop", s->crop_ratio[0], 0.01f, s->crop_ratio[1]},
        {"upper ratio of the resized crop", s->crop_ratio[1], 0.01f, 100},
    };

    return check_bounds(all, sizeof all / sizeof *all, err);
}

ay_status ay_augment_init(ay_augment *a, const ay_augment_settings *s, ay_err *err)
{
    ay_status st = check(s, err);

    if (st)
        return st;
    a->settings = *s;
    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++)
            a->table[c][v] = ((float)v / 255.0f - s->mean[c]) / s->std[c];
    return AY_OK;
}

ay_status ay_augment_room_create(ay_augment_room **out, const ay_augment *a, ay_err *err)
{
    int size = a->settings.size;
    ay_augment_room *r = ay_calloc(1, sizeof *r);

    *out = NULL;
    if (!r)
        return ay_fail(err, AY_ENOMEM, "no memory to augment in");
    r->rows = ay_alloc((size_t)size * 6, sizeof *r->rows);
    if (!r->rows || ay_planes_init(&r->one, size, NULL) || ay_planes_init(&r->other, size, NULL)) {
        ay_augment_room_destroy(r);
        return ay_fail(err, AY_ENOMEM, "no memory to augment in");
    }
    *out = r;
    return AY_OK;
}

void ay_augment_room_destroy(ay_augment_room *r)
{
    if (!r)
        return;
    ay_planes_fini(&r->one);
    ay_planes_fini(&r->other);
    ay_free(r->rows);
    ay_free(r);
}

ay_status ay_augment_prepare(const ay_augment *a, const ay_image *src, ay_image *dst, ay_err *err)
{
    const ay_augment_settings *s = &a->settings;
    int margin = s->whole && !s->resized_crop ? 0 : AY_AUGMENT_MARGIN;
    ay_preprocess p = {.size = s->size + margin, .fit = s->fit, .filter = s->filter};
    int width, height, least = src->width < src->height ? src->width : src->height;

    *dst = (ay_image){0};
    if (!s->resized_crop && s->fit != AY_FIT_SHORTEST_CROP)
        return ay_image_fit(src, &p, dst, err);
    if (s->resized_crop && least < p.size)
        p.size = least; /* its own size: a copy */
    ay_image_shortest_size(src, p.size, &width, &height);
    return ay_image_resize(src, width, height, s->filter, dst, err);
}

/* torchvision's RandomResizedCrop.get_params: ten tries, then the largest middle that fits. */
static void choose_rectangle(const ay_augment_settings *s, ay_rng *r, int width, int height,
                             int rect[4])
{
    double area = (double)width * height, shape = (double)width / height;
    double lo = log((double)s->crop_ratio[0]), hi = log((double)s->crop_ratio[1]);

    for (int i = 0; i < 10; i++) {
        double part = area * ay_rng_range(r, (double)s->crop_scale[0], (double)s->crop_scale[1]);
        double ratio = exp(ay_rng_range(r, lo, hi));
        int w = (int)nearbyint(sqrt(part * ratio)), h = (int)nearbyint(sqrt(part / ratio));
        if (w < 1 || h < 1 || w > width || h > height)
            continue;
        rect[1] = (int)ay_rng_below(r, (uint32_t)(height - h + 1));
        rect[0] = (int)ay_rng_below(r, (uint32_t)(width - w + 1));
        rect[2] = w;
        rect[3] = h;
        return;
    }
    rect[2] = width;
    rect[3] = height;
    if (shape < (double)s->crop_ratio[0])
        rect[3] = (int)nearbyint(width / (double)s->crop_ratio[0]);
    else if (shape > (double)s->crop_ratio[1])
        rect[2] = (int)nearbyint(height * (double)s->crop_ratio[1]);
    rect[0] = (width - rect[2]) / 2;
    rect[1] = (height - rect[3]) / 2;
}

enum { WHITE_OF_5 = 3 };

/* A square-like rectangle around most of the picture; false: not this time. */
static bool zoom_out(const ay_augment_settings *s, ay_rng *r, const ay_image *src, int rect[4],
                     uint8_t ground[3])
{
    double side, shape;

    if (!(s->zoom_out > 0) || !(ay_rng_unit(r) < (double)s->zoom_out))
        return false;
    side = src->width > src->height ? src->width : src->height;
    side *= sqrt(ay_rng_range(r, 1, 2.5));
    shape = exp(ay_rng_range(r, -0.15, 0.15));
    rect[2] = (int)nearbyint(side * shape);
    rect[3] = (int)nearbyint(side / shape);
    rect[0] = (int)nearbyint(ay_rng_unit(r) * (src->width - rect[2]));
    rect[1] = (int)nearbyint(ay_rng_unit(r) * (src->height - rect[3]));
    memset(ground, 255, 3);
    if (ay_rng_below(r, 5) >= WHITE_OF_5)
        for (int c = 0; c < 3; c++)
            ground[c] = (uint8_t)ay_rng_below(r, 256);
    return true;
}

static ay_status take_resized(const ay_augment_settings *s, const key *k, const ay_image *src,
                              ay_planes *dst, ay_err *err)
{
    uint8_t ground[3] = {0};
    ay_rng r = draws_of(k, D_CROP);
    ay_image part, small;
    int rect[4];
    ay_status st;

    if (!zoom_out(s, &r, src, rect, ground))
        choose_rectangle(s, &r, src->width, src->height, rect);
    st = ay_image_crop(src, rect[0], rect[1], rect[2], rect[3], ground, &part, err);
    if (st)
        return st;
    st = ay_image_resize(&part, s->size, s->size, s->filter, &small, err);
    ay_image_fini(&part);
    if (st)
        return st;
    ay_op_take(&small, 0, 0, dst);
    ay_image_fini(&small);
    return AY_OK;
}

static ay_status take(const ay_augment_settings *s, const key *k, const ay_image *src,
                      ay_planes *dst, ay_err *err)
{
    int wide = src->width - s->size, high = src->height - s->size;
    ay_rng r = draws_of(k, D_CROP);

    if (s->resized_crop)
        return take_resized(s, k, src, dst, err);
    if (wide < 0 || high < 0)
        return ay_fail(err, AY_EINVAL, "augmentation: a picture of %d x %d was not prepared",
                       src->width, src->height);
    if (s->random_crop) {
        high = (int)ay_rng_below(&r, (uint32_t)high + 1);
        wide = (int)ay_rng_below(&r, (uint32_t)wide + 1);
    } else {
        wide /= 2;
        high /= 2;
    }
    ay_op_take(src, wide, high, dst);
    return AY_OK;
}

static bool happens(ay_rng *r, float p)
{
    return ay_rng_unit(r) < (double)p;
}

/* What goes from one set of planes to the other; *cur follows the picture. */
typedef struct {
    const ay_augment_settings *s;
    const key *k;
    ay_augment_room *room;
    ay_planes *cur;
} state;

static ay_planes *spare(const state *t)
{
    return t->cur == &t->room->one ? &t->room->other : &t->room->one;
}

static void jitter(state *t)
{
    const ay_augment_settings *s = t->s;
    const float most[4] = {s->brightness, s->contrast, s->saturation, s->hue};
    ay_rng r = draws_of(t->k, D_JITTER);
    int order[4] = {0, 1, 2, 3};
    float factor[4];

    for (int i = 3; i > 0; i--) {
        int j = (int)ay_rng_below(&r, (uint32_t)i + 1), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (int i = 0; i < 4; i++) {
        float lo = i == 3 ? -most[i] : fmaxf(0, 1 - most[i]), hi = i == 3 ? most[i] : 1 + most[i];
        factor[i] = (float)ay_rng_range(&r, (double)lo, (double)hi);
    }
    for (int i = 0; i < 4; i++) {
        int o = order[i];
        if (most[o] <= 0)
            continue;
        if (o == 0)
            ay_op_brightness(t->cur, factor[o]);
        else if (o == 1)
            ay_op_contrast(t->cur, factor[o]);
        else if (o == 2)
            ay_op_saturation(t->cur, factor[o]);
        else
            ay_op_hue(t->cur, factor[o]);
    }
}

static void grey(state *t)
{
    ay_rng r = draws_of(t->k, D_GREY);

    if (happens(&r, t->s->grayscale))
        ay_op_saturation(t->cur, 0);
}

/* The same strength in every pixel and channel; four bytes of a draw summed are near enough normal. */
static void noise(state *t)
{
    ay_rng r = draws_of(t->k, D_NOISE);
    size_t n = (size_t)t->s->size * (size_t)t->s->size;
    float by;

    if (!happens(&r, t->s->noise))
        return;
    by = (float)ay_rng_range(&r, 0, MOST_NOISE) * 255 / SPREAD_OF_FOUR;
    for (int c = 0; c < 3; c++)
        for (size_t i = 0; i < n; i++) {
            uint32_t d = (uint32_t)ay_rng_u64(&r);
            int sum = (int)(d & 255) + (int)(d >> 8 & 255) + (int)(d >> 16 & 255) + (int)(d >> 24) - 510;
            float v = (float)t->cur->plane[c][i] + by * (float)sum;
            t->cur->plane[c][i] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v + 0.5f);
        }
}

static void rotate(state *t)
{
    ay_rng r = draws_of(t->k, D_ROTATE);
    double most = (double)t->s->rotation_degrees;
    ay_planes *dst = spare(t);

    ay_op_rotate(t->cur, ay_rng_range(&r, -most, most), dst);
    t->cur = dst;
}

static void blur(state *t)
{
    ay_rng r = draws_of(t->k, D_BLUR);
    ay_planes *dst = spare(t);

    if (!happens(&r, t->s->blur))
        return;
    ay_op_blur(t->cur,
               (float)ay_rng_range(&r, (double)t->s->blur_sigma[0], (double)t->s->blur_sigma[1]),
               t->room->rows, dst);
    t->cur = dst;
}

/* torchvision's RandomPerspective.get_params: each corner moves inwards. */
static void view(state *t)
{
    int n = t->s->size - 1, from[4][2] = {{0, 0}, {n, 0}, {n, n}, {0, n}}, to[4][2];
    uint32_t most = (uint32_t)((double)t->s->distortion * (t->s->size / 2));
    ay_rng r = draws_of(t->k, D_VIEW);
    ay_planes *dst = spare(t);
    double c[8];

    if (!happens(&r, t->s->perspective))
        return;
    for (int i = 0; i < 8; i++) {
        int in = (int)ay_rng_below(&r, most + 1), at = from[i / 2][i % 2];
        to[i / 2][i % 2] = at ? at - in : in;
    }
    ay_op_perspective_solve(from, to, c);
    ay_op_perspective(t->cur, c, dst);
    t->cur = dst;
}

/* torchvision's RandomErasing.get_params: ten tries, then nothing. */
static void erase(state *t)
{
    const ay_augment_settings *s = t->s;
    ay_rng r = draws_of(t->k, D_ERASE);
    double area = (double)s->size * s->size;
    double lo = log((double)s->erasing_ratio[0]), hi = log((double)s->erasing_ratio[1]);

    if (!happens(&r, s->erasing))
        return;
    for (int i = 0; i < 10; i++) {
        double part =
            area * ay_rng_range(&r, (double)s->erasing_scale[0], (double)s->erasing_scale[1]);
        double ratio = exp(ay_rng_range(&r, lo, hi));
        int h = (int)nearbyint(sqrt(part * ratio)), w = (int)nearbyint(sqrt(part / ratio));
        if (w >= s->size || h >= s->size)
            continue;
        int y = (int)ay_rng_below(&r, (uint32_t)(s->size - h + 1));
        int x = (int)ay_rng_below(&r, (uint32_t)(s->size - w + 1));
        ay_op_erase(t->cur, x, y, w, h);
        return;
    }
}

/* One step of RandAugment (Cubuk et al., arXiv 1909.13719) with torchvision's list of operations and
 * its strengths: 31 of them, even from none to the most. */
static void rand_step(state *t, int which, double part, double sign)
{
    double wide = 150.0 / 331 * t->s->size * part;
    ay_planes *dst = spare(t);

    switch (which) {
    case 0:
        return; /* the picture as it is */
    case 1:
    case 2:
        ay_op_shear(t->cur, 0.3 * part * sign, which == 2, dst);
        break;
    case 3:
        ay_op_translate(t->cur, (int)(wide * sign), 0, dst);
        break;
    case 4:
        ay_op_translate(t->cur, 0, (int)(wide * sign), dst);
        break;
    case 5:
        ay_op_rotate(t->cur, 30 * part * sign, dst);
        break;
    case 6:
        ay_op_brightness(t->cur, (float)(1 + 0.9 * part * sign));
        return;
    case 7:
        ay_op_saturation(t->cur, (float)(1 + 0.9 * part * sign));
        return;
    case 8:
        ay_op_contrast(t->cur, (float)(1 + 0.9 * part * sign));
        return;
    case 9:
        ay_op_sharpness(t->cur, (float)(1 + 0.9 * part * sign), dst);
        break;
    case 10:
        ay_op_posterize(t->cur, 8 - (int)nearbyint(4 * part));
        return;
    case 11:
        ay_op_solarize(t->cur, (int)ceil(255 * (1 - part)));
        return;
    case 12:
        ay_op_autocontrast(t->cur);
        return;
    default:
        ay_op_equalize(t->cur);
        return;
    }
    t->cur = dst;
}

static void rand_augment(state *t)
{
    double part = t->s->randaugment_magnitude / 30.0;
    ay_rng r = draws_of(t->k, D_RAND);

    for (int i = 0; i < t->s->randaugment_ops; i++) {
        int which = (int)ay_rng_below(&r, 14);
        rand_step(t, which, part, ay_rng_below(&r, 2) ? -1 : 1);
    }
}

/* All but the last line of the header's list.  *result is in room. */
static ay_status change(const ay_augment *a, ay_augment_room *room, const ay_image *prepared,
                        const key *k, ay_planes **result, ay_err *err)
{
    const ay_augment_settings *s = &a->settings;
    state t = {s, k, room, &room->one};
    ay_rng flip = draws_of(k, D_FLIP), over = draws_of(k, D_TURN_OVER);
    ay_status st;

    if (room->one.size != s->size)
        return ay_fail(err, AY_EINVAL, "augmentation: the room was made for another size");
    st = take(s, k, prepared, t.cur, err);
    if (st)
        return st;
    if (happens(&flip, s->horizontal_flip))
        ay_op_flip_horizontal(t.cur);
    if (happens(&over, s->vertical_flip))
        ay_op_flip_vertical(t.cur);
    if (s->jitter_first)
        jitter(&t);
    rand_augment(&t);
    if (s->rotation_degrees > 0)
        rotate(&t);
    if (!s->jitter_first)
        jitter(&t);
    grey(&t);
    blur(&t);
    view(&t);
    noise(&t);
    erase(&t);
    *result = t.cur;
    return AY_OK;
}

ay_status ay_augment_apply(const ay_augment *a, ay_augment_room *r, const ay_image *prepared,
                           uint64_t seed, uint64_t epoch, uint64_t index, float *dst, ay_err *err)
{
    const key k = {seed, epoch, index};
    ay_planes *p;
    ay_status st = change(a, r, prepared, &k, &p, err);

    if (!st)
        ay_op_tensor(p, &a->table[0][0], dst);
    return st;
}

ay_status ay_augment_show(const ay_augment *a, ay_augment_room *r, const ay_image *prepared,
                          uint64_t seed, uint64_t epoch, uint64_t index, ay_image *dst, ay_err *err)
{
    const key k = {seed, epoch, index};
    ay_planes *p;
    ay_status st = ay_image_create(dst, a->settings.size, a->settings.size, err);

    if (st)
        return st;
    st = change(a, r, prepared, &k, &p, err);
    for (size_t i = 0; !st && i < (size_t)p->size * (size_t)p->size; i++)
        for (size_t c = 0; c < 3; c++)
            dst->data[3 * i + c] = p->plane[c][i];
    if (st)
        ay_image_fini(dst);
    return st;
}
