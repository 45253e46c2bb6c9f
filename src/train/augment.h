/* train/augment.h - pictures made different on purpose, the same way every time.
 *
 * The order is torchvision's usual one for small data sets, and each step gives the bytes that
 * torchvision on Pillow pictures gives for the same parameters (ops_test compares):
 *
 *   squash to size + 32, bilinear       (or as the network's own fit and filter say)
 *   random crop size x size             or random resized crop by option
 *   horizontal flip, p 0.5; vertical flip by option
 *   RandAugment by option
 *   rotation by U(-d, d), nearest, black corners
 *   colour jitter: brightness, contrast, saturation, hue in random order
 *   grayscale by option
 *   Gaussian blur 5 x 5, sigma U(0.1, 2)
 *   perspective, bilinear, black corners
 *   noise by option (ours)
 *   / 255, random erasing with 0, (v - mean) / std
 *
 * By option the picture is squashed to size itself and nothing is cropped (whole), and the jitter comes
 * before RandAugment (jitter_first): what training for orientation wants, where a flip or a cut edge is
 * another thing.
 *
 * Everything up to the last line works on bytes, as Pillow does: it is the reference, and a quarter
 * of the memory traffic of floats.  Erasing with 0 before normalising is the same as writing byte 0.
 *
 * Every draw is a pure function of (seed, epoch, index, operation), never of a thread or of what was
 * drawn before.  So switching the blur off does not change the crops, and a resumed epoch continues
 * with the pictures it would have had.
 *
 * That first line is the costly part and is the same in every epoch, so it is a step of its own
 * (ay_augment_prepare) whose result a loader keeps.
 *
 * Measured by bench/augment.c.  Rejected: augmenting on floats (four times the traffic, and another
 * rounding than the reference), one generator per worker (then the pictures depend on the threads).
 *
 * Threads: an ay_augment is read-only after init; one ay_augment_room to a thread. */
#ifndef AY_TRAIN_AUGMENT_H
#define AY_TRAIN_AUGMENT_H

#include "image/image.h"

#define AY_AUGMENT_MARGIN 32

typedef struct {
    int size;               /* result is 3 x size x size */
    ay_fit fit;             /* how a picture becomes size + 32; as the network's own */
    ay_filter filter;       /* bilinear unless the network's own says otherwise */
    float mean[3], std[3];  /* of values in 0..1 */
    bool random_crop;       /* default true; false: the middle */
    bool whole;             /* prepared at size, not size + 32: nothing is cropped; default false */
    bool jitter_first;      /* colour jitter before RandAugment; default false */
    bool resized_crop;      /* instead of fit and crop; default false */
    float crop_scale[2];    /* part of the area; default 0.08..1 */
    float zoom_out;         /* how often a resized crop is 1 to 2.5 times the picture instead, with the
                               rest white or of one colour; default 0 */
    float crop_ratio[2];    /* width / height; default 3/4..4/3 */
    float horizontal_flip;  /* how often; default 0.5 */
    float vertical_flip;    /* default 0 */
    int randaugment_ops;    /* default 0: none; usual 2 */
    int randaugment_magnitude; /* 0..30; default 9 */
    float rotation_degrees; /* default 15 */
    float brightness, contrast, saturation; /* factor U(1 - x, 1 + x); default 0.2 each */
    float hue;              /* U(-x, x) of the circle, at most 0.5; default 0.1 */
    float grayscale;        /* how often; default 0 */
    float noise;            /* how often; Gaussian, of deviation 0 to 0.12; default 0 */
    float blur;             /* how often; default 0.1 */
    float blur_sigma[2];    /* default 0.1..2 */
    float perspective;      /* how often; default 0.2 */
    float distortion;       /* 0..1; default 0.1 */
    float erasing;          /* how often; default 0.1 */
    float erasing_scale[2]; /* part of the area; default 0.02..0.15 */
    float erasing_ratio[2]; /* default 0.3..3.3 */
} ay_augment_settings;

/* The defaults above for a network that reads size x size with this mean and std. */
void ay_augment_defaults(ay_augment_settings *s, const ay_preprocess *p);
/* Everything off: fit to size + 32, middle, normalise. */
void ay_augment_none(ay_augment_settings *s, const ay_preprocess *p);

typedef struct {
    ay_augment_settings settings;
    float table[3][256]; /* byte -> normalised value, the same arithmetic as ay_image_preprocess */
} ay_augment;
/* AY_EINVAL names the setting that is out of range. */
ay_status ay_augment_init(ay_augment *a, const ay_augment_settings *s, ay_err *err);

/* What one thread works in; nothing is allocated per picture (resized crop: two small ones). */
typedef struct ay_augment_room ay_augment_room;
ay_status ay_augment_room_create(ay_augment_room **out, const ay_augment *a, ay_err *err);
void ay_augment_room_destroy(ay_augment_room *r);

/* The part that is the same in every epoch: squashed to size + 32 both ways, or shortest side size +
 * 32, or on white (for resized crop: shape kept, shortest side at most size + 32, which is where this
 * differs from torchvision, whose crop sees the full picture).  The caller gives *dst to
 * ay_image_fini(). */
ay_status ay_augment_prepare(const ay_augment *a, const ay_image *src, ay_image *dst, ay_err *err);

/* dst: 3 x size x size floats, C H W.  prepared: from ay_augment_prepare().  index names the picture
 * (its place in the corpus), not its place in an epoch. */
ay_status ay_augment_apply(const ay_augment *a, ay_augment_room *r, const ay_image *prepared,
                           uint64_t seed, uint64_t epoch, uint64_t index, float *dst, ay_err *err);
/* The same picture before the last line, as bytes, for looking at.  dst is created. */
ay_status ay_augment_show(const ay_augment *a, ay_augment_room *r, const ay_image *prepared,
                          uint64_t seed, uint64_t epoch, uint64_t index, ay_image *dst,
                          ay_err *err);

#endif
