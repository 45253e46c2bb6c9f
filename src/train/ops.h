/* train/ops.h - inside augmentation: what can be done to a small picture, one function each.
 *
 * All give the bytes of torchvision's transforms on Pillow pictures for the same parameters, checked
 * against vectors made by those (ops_test, test/vectors/make_augment.py): Pillow's blending in float
 * with truncation, its 16.16 fixed point for nearest-neighbour affine maps, its HSV in bytes, its
 * bilinear perspective in double.  The blur is torchvision's in float; it may differ by one where a
 * sum lies within 1e-5 of a half, because the order of additions is not laid down there.
 *
 * A picture is three planes, so that the compiler can use whole vector registers; inner loops run
 * over blocks of a fixed length (planes are padded), which -O2 vectorises without being asked.
 * Kernels that gain from it are compiled a second time for AVX2 and chosen at run time; no fused
 * multiply-add is used, so both give the same bytes.
 *
 * Threads: any, on different planes. */
#ifndef AY_TRAIN_OPS_H
#define AY_TRAIN_OPS_H

#include "image/image.h"

#define AY_OPS_BLOCK 64

typedef struct {
    int size;          /* size x size pixels */
    size_t room;       /* bytes of a plane: size * size rounded up to AY_OPS_BLOCK */
    uint8_t *plane[3]; /* R, G, B; aligned to 64 */
} ay_planes;

ay_status ay_planes_init(ay_planes *p, int size, ay_err *err);
void ay_planes_fini(ay_planes *p);

/* Geometry.  Where a result looks outside the source it is black. */

/* The square of src at x, y; inside src. */
void ay_op_take(const ay_image *src, int x, int y, ay_planes *dst);
void ay_op_flip_horizontal(ay_planes *p);
void ay_op_flip_vertical(ay_planes *p);
/* dst(x, y) = src at (m0 (x + .5) + m1 (y + .5) + m2, m3 (x + .5) + m4 (y + .5) + m5), nearest. */
void ay_op_affine(const ay_planes *src, const double m[6], ay_planes *dst);
/* Counter-clockwise about the middle. */
void ay_op_rotate(const ay_planes *src, double degrees, ay_planes *dst);
/* Slanted by x += level * y (or y += level * x) about the upper left corner, backwards as
 * RandAugment does. */
void ay_op_shear(const ay_planes *src, double level, bool vertical, ay_planes *dst);
void ay_op_translate(const ay_planes *src, int dx, int dy, ay_planes *dst);
/* Corners (x, y), clockwise from the upper left, from[4] is drawn at to[4]. */
void ay_op_perspective_solve(const int from[4][2], const int to[4][2], double c[8]);
/* dst(x, y) = src at ((c0 u + c1 v + c2) / w, (c3 u + c4 v + c5) / w), w = c6 u + c7 v + 1, u = x +
 * .5, v = y + .5; bilinear. */
void ay_op_perspective(const ay_planes *src, const double c[8], ay_planes *dst);

/* Colour, in place.  factor 1 changes nothing, 0 is black, flat grey, grey. */

void ay_op_brightness(ay_planes *p, float factor);
void ay_op_contrast(ay_planes *p, float factor);
void ay_op_saturation(ay_planes *p, float factor);
void ay_op_hue(ay_planes *p, float turn); /* -0.5..0.5 of the circle */
void ay_op_posterize(ay_planes *p, int bits);
void ay_op_solarize(ay_planes *p, int threshold); /* bytes from it on are inverted */
void ay_op_autocontrast(ay_planes *p);
void ay_op_equalize(ay_planes *p);

/* Neighbourhoods. */

/* 5 x 5, reflected at the border without repeating it; size at least 3.  spare: size * 6 floats. */
void ay_op_blur(const ay_planes *src, float sigma, float *spare, ay_planes *dst);
void ay_op_sharpness(const ay_planes *src, float factor, ay_planes *dst); /* 0: smoothed; 2: sharp */

/* Set w x h pixels at x, y to black. */
void ay_op_erase(ay_planes *p, int x, int y, int w, int h);
/* dst[3][size][size] = table[channel * 256 + byte]. */
void ay_op_tensor(const ay_planes *p, const float *table, float *dst);

/* One pixel at a time, as Pillow writes it; what ay_op_hue() is tested against. */
void ay_op_hue_plain(uint8_t rgb[3], uint8_t turn);
/* The byte that a turn is. */
uint8_t ay_op_hue_byte(float turn);

#endif
