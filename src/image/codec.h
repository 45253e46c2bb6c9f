/* image/codec.h - what a picture format has to bring, and the helpers that all of them use.
 *
 * A codec is one file with one global symbol, a const ay_codec, and one line in the table of
 * codec.c.  The three steps keep hostile files cheap: sniff looks at the first bytes, header reads
 * sizes only, and between header and load the caller checks the limits, so that load allocates
 * nothing that was not allowed.
 *
 * Rows go through an ay_sink, which knows the orientation.  A rotated picture is turned band by
 * band while the rows are still in the cache, so that a second whole picture never exists: a 50
 * megapixel photo held upside down costs the same 150 MB as one held upright.
 *
 * Threads: a codec keeps no state between calls. */
#ifndef AY_IMAGE_CODEC_H
#define AY_IMAGE_CODEC_H

#include "image/image.h"

typedef struct {
    const uint8_t *data;
    size_t size;
    ay_image_limits limits; /* resolved: no zeroes */
} ay_source;

typedef struct {
    ay_image_format format;
    const char *name, *mime, *ext;
    bool (*sniff)(const uint8_t *p, size_t n);
    /* Fill width, height and orientation.  info->format is set by the caller. */
    ay_status (*header)(const ay_source *src, ay_image_info *info, ay_err *err);
    /* info is what header said, within the limits.  *out is zeroed; on failure the caller frees
     * whatever it holds. */
    ay_status (*load)(const ay_source *src, const ay_image_info *info, ay_image *out, ay_err *err);
} ay_codec;

extern const ay_codec ay_codec_jpeg, ay_codec_png, ay_codec_webp, ay_codec_gif, ay_codec_bmp,
    ay_codec_tiff;

/* Sides at least 1 and width * height within the limits, else AY_ECORRUPT or AY_ELIMIT. */
ay_status ay_source_check(const ay_source *src, uint64_t width, uint64_t height, ay_err *err);
/* AY_ELIMIT when decoding needs more than need bytes besides the picture of info.  The whole is 256
 * MB, or 5 bytes for each allowed pixel where that is more. */
ay_status ay_source_budget(const ay_source *src, const ay_image_info *info, uint64_t need,
                           ay_err *err);
/* What is left of that budget after the picture itself. */
uint64_t ay_source_spare(const ay_source *src, const ay_image_info *info);
/* The commonest failure of all. */
ay_status ay_source_cut_short(const char *format, ay_err *err);

/* As ay_image_create() but not zeroed, for whoever writes every pixel. */
ay_status ay_image_alloc(ay_image *out, int width, int height, ay_err *err);

/* Where decoded rows go.  Rows are given in stored order, each exactly once:
 *     while (row < height) { p = ay_sink_rows(&sink, want, &n); write n rows; ay_sink_commit(); }
 */
typedef struct {
    ay_image *out;
    int width, height; /* as stored */
    int orientation;
    int row;       /* next stored row */
    int pending;   /* rows handed out and not yet committed */
    uint8_t *band; /* rows on their way; NULL when they go straight to the picture */
} ay_sink;

ay_status ay_sink_open(ay_sink *s, const ay_image_info *info, ay_image *out, ay_err *err);
/* Room for the next rows, want at most; *n says how many (at least 1, and 0 when all were given).
 */
uint8_t *ay_sink_rows(ay_sink *s, int want, int *n);
void ay_sink_commit(ay_sink *s);
void ay_sink_close(ay_sink *s); /* the picture stays */

/* EXIF orientation 1..8 in a TIFF structure of n bytes ("II*" or "MM*" first); 1 when there is none
 * or it makes no sense. */
int ay_exif_orientation(const uint8_t *tiff, size_t n);

/* n pixels of straight-alpha RGBA over white; dst may be src.  Equals pasting with a mask in
 * Pillow. */
void ay_over_white(const uint8_t *rgba, uint8_t *rgb, size_t n);

/* The same pixels without their alpha; dst is not src.  Is any of them transparent? */
bool ay_without_alpha(const uint8_t *rgba, uint8_t *rgb, size_t n);

static inline uint8_t ay_blend_white(unsigned c, unsigned a)
{
    unsigned t = c * a + 255 * (255 - a) + 128;

    return (uint8_t)((t + (t >> 8)) >> 8); /* rounded division by 255, exact for 16 bits */
}

static inline unsigned ay_be16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static inline uint32_t ay_be32(const uint8_t *p)
{
    return (uint32_t)ay_be16(p) << 16 | ay_be16(p + 2);
}

static inline unsigned ay_le16(const uint8_t *p)
{
    return (unsigned)p[1] << 8 | p[0];
}

static inline uint32_t ay_le32(const uint8_t *p)
{
    return (uint32_t)ay_le16(p + 2) << 16 | ay_le16(p);
}

/* "a PDF", "an HEIC picture"...: what bytes that no codec knows seem to be.  NULL: no idea.  The
 * name ends in "picture" when it is one. */
const char *ay_foreign_name(const uint8_t *p, size_t n);

#endif
