/* image/image.h - pictures in memory: decode by content, orient, resize as Pillow does, crop, hash.
 *
 * A decoded picture is always 8-bit RGB, top row first, upright (EXIF orientation applied unless
 * asked not to), with transparency laid over white.  That one form is what every layer above sees.
 *
 * An upload is hostile: the header is checked against ay_image_limits before a pixel is allocated.
 * Which codec decodes is decided by the first bytes, never by a name.
 *
 * Threads: all functions from any thread, on different images. */
#ifndef AY_IMAGE_IMAGE_H
#define AY_IMAGE_IMAGE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int width, height; /* pixels, both at least 1 in a valid image */
    uint8_t *data;     /* height * width * 3 bytes, RGB, rows without padding; owned */
    uint8_t *stored;   /* the same without regard to transparency, as the file has it: for encoders whose
                          publishers look at that (ay_preprocess.as_stored).  NULL: nothing is
                          transparent, or the format does not tell (PNG and still WebP do); owned */
} ay_image;

/* Longest side of a picture that is read, whatever the limits say: keeps what resizing a very thin
 * picture costs small, and every product of a side and a network's input size inside an int. */
#define AY_IMAGE_MAX_SIDE (1 << 18)

typedef struct {
    size_t max_bytes;      /* of the file; 0: default, 20 MB */
    uint64_t max_pixels;   /* width * height; 0: default, 50 million */
    int max_scans;         /* of a progressive JPEG; 0: default, 100 */
    bool keep_orientation; /* true: ignore EXIF orientation (for parity with old pipelines) */
} ay_image_limits;

typedef enum {
    AY_FORMAT_UNKNOWN,
    AY_FORMAT_JPEG,
    AY_FORMAT_PNG,
    AY_FORMAT_WEBP,
    AY_FORMAT_GIF,
    AY_FORMAT_BMP,
    AY_FORMAT_TIFF,
    AY_FORMAT_COUNT
} ay_image_format;

typedef struct {
    ay_image_format format;
    int width, height; /* as stored, before orientation */
    int orientation;   /* EXIF 1..8; 1 when there is none */
} ay_image_info;

/* "jpeg", "png"...; mime "image/jpeg"...; extension ".jpg"...  Static strings, never NULL. */
const char *ay_image_format_name(ay_image_format f);
const char *ay_image_format_mime(ay_image_format f);
const char *ay_image_format_ext(ay_image_format f);
/* By the first bytes; AY_FORMAT_UNKNOWN when no codec knows them. */
ay_image_format ay_image_sniff(const void *bytes, size_t n);

/* Read the header only.  AY_EUNSUPPORTED: not a picture we know; AY_ECORRUPT: damaged; AY_ELIMIT.
 */
ay_status ay_image_probe(const void *bytes, size_t n, const ay_image_limits *limits,
                         ay_image_info *out, ay_err *err);

/* Decode n bytes.  limits NULL: defaults.  On success the caller gives *out to ay_image_fini(); on
 * failure *out is zeroed.
 *   AY_EUNSUPPORTED  not a picture, or a kind of picture we do not read
 *   AY_ECORRUPT      damaged or cut short (a truncated picture is an error, never grey bars)
 *   AY_ELIMIT        file, pixels or scans beyond limits
 *   AY_EINVAL        n is 0 */
ay_status ay_image_decode(const void *bytes, size_t n, const ay_image_limits *limits, ay_image *out,
                          ay_err *err);
/* Read and decode a file. */
ay_status ay_image_load(const char *path, const ay_image_limits *limits, ay_image *out,
                        ay_err *err);
ay_status ay_image_create(ay_image *out, int width, int height, ay_err *err); /* zeroed: black */
void ay_image_fini(ay_image *im); /* a zeroed image is fine */

/* Pillow's filters (Image.resize with antialiasing, 8-bit fixed-point path). */
typedef enum {
    AY_FILTER_NEAREST,
    AY_FILTER_BOX,
    AY_FILTER_BILINEAR,
    AY_FILTER_BICUBIC,
    AY_FILTER_LANCZOS
} ay_filter;

/* dst is made width x height.  Bytes equal Pillow's Image.resize((width, height), filter). */
ay_status ay_image_resize(const ay_image *src, int width, int height, ay_filter filter,
                          ay_image *dst, ay_err *err);
/* The size torchvision's Resize(side) gives: shortest side = side, the other one floored. */
void ay_image_shortest_size(const ay_image *src, int side, int *width, int *height);
/* A copy of the rectangle; parts outside src are filled with fill (RGB). */
ay_status ay_image_crop(const ay_image *src, int x, int y, int width, int height,
                        const uint8_t fill[3], ay_image *dst, ay_err *err);
/* data becomes what is stored, where there is that. */
void ay_image_forget_alpha(ay_image *im);
/* Turn by EXIF orientation 1..8, in place (data may be replaced). */
ay_status ay_image_orient(ay_image *im, int orientation, ay_err *err);

/* One description of how a picture becomes a network's input; part of the preprocessing digest. */
typedef enum { AY_FIT_SHORTEST_CROP, AY_FIT_SQUASH, AY_FIT_PAD_WHITE } ay_fit;
typedef struct {
    int size;   /* input is size x size */
    int resize; /* AY_FIT_SHORTEST_CROP: shortest side before the crop; 0: size */
    ay_fit fit;
    ay_filter filter;
    float mean[3], std[3]; /* of values in 0..1 */
    bool as_stored; /* transparency is dropped, as Pillow's convert("RGB") does, not laid over white */
} ay_preprocess;
/* dst: 3 * size * size floats, C H W, (v / 255 - mean) / std. */
ay_status ay_image_preprocess(const ay_image *src, const ay_preprocess *p, float *dst, ay_err *err);
/* The same in two halves, for who keeps what is between: size x size bytes, border included; and
 * the floats of such a picture.  Together they give ay_image_preprocess()'s very numbers. */
ay_status ay_image_fit(const ay_image *src, const ay_preprocess *p, ay_image *dst, ay_err *err);
void ay_image_normalise(const ay_image *fitted, const ay_preprocess *p, float *dst);

/* Encode.  Appends to out. */
ay_status ay_image_encode_jpeg(const ay_image *im, int quality, ay_buf *out, ay_err *err);
ay_status ay_image_encode_png(const ay_image *im, ay_buf *out, ay_err *err);

/* Luminance as Pillow's convert("L") gives it: ITU-R 601-2 in 16-bit fixed point.  dst: height *
 * width bytes. */
void ay_image_grey(const ay_image *src, uint8_t *dst);

/* 64-bit perceptual hash (DCT of a 32 x 32 grey picture, the 8 x 8 lowest frequencies against their
 * median).  Alike pictures differ in few bits. */
uint64_t ay_image_phash(const ay_image *im);
int ay_phash_distance(uint64_t a, uint64_t b);

#endif
