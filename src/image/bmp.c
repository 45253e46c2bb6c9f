/* image/bmp.c - Windows and OS/2 bitmaps, read here because no well-kept C library reads them.
 *
 *   file header (14): "BM", ..., offset of the pixels at 10
 *   info header: size 12 (OS/2 1) or 16..124: width, height, planes, bits, compression, ...
 *   masks, palette, pixels
 *
 * Read: 1, 2, 4, 8 bits with palette; 16, 24 and 32 bits; RLE4, RLE8 and OS/2's RLE24; colour masks
 * of any width with or without alpha; rows from the bottom or from the top.  Not read: JPEG or PNG
 * inside a BMP, and OS/2's Huffman.
 *
 * Every offset is the file's claim and is compared with the size before use.  Pixels that an RLE
 * picture skips have colour 0.  An alpha channel that is zero everywhere was never filled in by its
 * writer and is ignored. */
#include "image/codec.h"

#include <limits.h>
#include <string.h>

#define FILE_HEADER 14

enum { BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS, BI_JPEG, BI_PNG, BI_ALPHABITFIELDS };
enum { RED, GREEN, BLUE, ALPHA };

typedef struct {
    const uint8_t *data;
    size_t size;
    size_t pixels; /* offset */
    unsigned header, bits, compression;
    int width, height;
    bool top_down, os2;
    uint8_t palette[256][3]; /* RGB */
    unsigned colours;
    uint32_t mask[4];
} bmp;

static bool sniff(const uint8_t *p, size_t n)
{
    unsigned header;

    if (n < FILE_HEADER + 12 || p[0] != 'B' || p[1] != 'M')
        return false;
    header = ay_le32(p + FILE_HEADER);
    return header == 12 || (header >= 16 && header <= 124);
}

static ay_status unsupported(ay_err *err, const char *what, unsigned value)
{
    return ay_fail(err, AY_EUNSUPPORTED, "BMP: %s %u is not read", what, value);
}

/* Bits, compression and masks must fit each other. */
static ay_status check_kind(bmp *b, ay_err *err)
{
    static const uint32_t five[4] = {0x7c00, 0x3e0, 0x1f, 0},
                          eight[4] = {0xff0000, 0xff00, 0xff, 0};
    unsigned bits = b->bits, c = b->compression;
    bool indexed = bits == 1 || bits == 2 || bits == 4 || bits == 8;

    if (!indexed && bits != 16 && bits != 24 && bits != 32)
        return ay_fail(err, AY_ECORRUPT, "BMP: %u bits a pixel", bits);
    if (b->os2 && c == 3)
        return unsupported(err, "OS/2 compression", c);
    if (b->os2 && c == 4)
        return bits == 24 ? AY_OK : ay_fail(err, AY_ECORRUPT, "BMP: RLE24 with %u bits", bits);
    if (c == BI_JPEG || c == BI_PNG || c > BI_ALPHABITFIELDS)
        return unsupported(err, "compression", c);
    if (b->top_down && (c == BI_RLE8 || c == BI_RLE4))
        return ay_fail(err, AY_ECORRUPT, "BMP: run-length coding from the top");
    if ((c == BI_RLE8 && bits != 8) || (c == BI_RLE4 && bits != 4) ||
        ((c == BI_BITFIELDS || c == BI_ALPHABITFIELDS) && bits != 16 && bits != 32))
        return ay_fail(err, AY_ECORRUPT, "BMP: compression %u with %u bits a pixel", c, bits);
    if (c == BI_RGB)
        memcpy(b->mask, bits == 16 ? five : eight, sizeof b->mask);
    return AY_OK;
}

/* Masks follow a 40-byte header, and are part of a longer one at the same place. */
static ay_status read_masks(bmp *b, size_t *palette_at, ay_err *err)
{
    const uint8_t *p = b->data + FILE_HEADER + 40;
    size_t n = b->header >= 56 || b->compression == BI_ALPHABITFIELDS ? 4 : 3;
    uint32_t seen = 0;

    if (b->compression != BI_BITFIELDS && b->compression != BI_ALPHABITFIELDS)
        return AY_OK;
    if (b->header == 40)
        *palette_at += n * 4;
    if (b->size < FILE_HEADER + 40 + n * 4)
        return ay_source_cut_short("BMP", err);
    for (size_t i = 0; i < n; i++) {
        uint32_t m = b->mask[i] = ay_le32(p + i * 4);
        uint32_t low = m & -m;
        if (m & seen || (m && ((m / low + 1) & (m / low))))
            return ay_fail(err, AY_ECORRUPT, "BMP: colour masks overlap or have holes");
        seen |= m;
    }
    return AY_OK;
}

static ay_status read_palette(bmp *b, size_t at, uint32_t used, ay_err *err)
{
    size_t entry = b->header == 12 ? 3 : 4;
    size_t room;

    if (b->bits > 8)
        return AY_OK;
    if (used > 1u << b->bits)
        return ay_fail(err, AY_ECORRUPT, "BMP: %u colours for %u bits", used, b->bits);
    b->colours = used ? used : 1u << b->bits;
    room = b->pixels > at ? (b->pixels - at) / entry : 0;
    if (b->header == 12 && b->colours > room) /* OS/2 files with a short palette exist */
        b->colours = (unsigned)room;
    if (at > b->size || (b->size - at) / entry < b->colours)
        return ay_source_cut_short("BMP", err);
    for (unsigned i = 0; i < b->colours; i++, at += entry)
        for (int c = 0; c < 3; c++)
            b->palette[i][c] = b->data[at + 2 - (size_t)c];
    return AY_OK;
}

static ay_status set_sides(bmp *b, const ay_source *src, int32_t width, int32_t height, ay_err *err)
{
    if (width < 0 || height == INT32_MIN)
        return ay_fail(err, AY_ECORRUPT, "BMP: the picture says it is %d x %d pixels", width,
                       height);
    b->top_down = height < 0;
    b->width = width;
    b->height = height < 0 ? -height : height;
    return ay_source_check(src, (uint64_t)b->width, (uint64_t)b->height, err);
}

/* Everything before the pixels. */
static ay_status parse(bmp *b, const ay_source *src, ay_err *err)
{
    const uint8_t *p = src->data + FILE_HEADER;
    uint32_t used = 0;
    size_t palette_at;
    ay_status st;

    *b = (bmp){.data = src->data, .size = src->size};
    b->pixels = ay_le32(src->data + 10);
    b->header = ay_le32(p);
    palette_at = FILE_HEADER + b->header;
    if (src->size < palette_at)
        return ay_source_cut_short("BMP", err);
    if (b->header == 12) {
        st = set_sides(b, src, (int32_t)ay_le16(p + 4), (int32_t)ay_le16(p + 6), err);
        b->bits = ay_le16(p + 10);
    } else {
        st = set_sides(b, src, (int32_t)ay_le32(p + 4), (int32_t)ay_le32(p + 8), err);
        b->bits = ay_le16(p + 14);
        b->compression = b->header >= 20 ? ay_le32(p + 16) : BI_RGB;
        used = b->header >= 36 ? ay_le32(p + 32) : 0;
        b->os2 = b->header == 64 || b->header < 40;
    }
    if (!st && ay_le16(p + (b->header == 12 ? 8 : 12)) != 1)
        st = ay_fail(err, AY_ECORRUPT, "BMP: not one plane");
    if (!st)
        st = check_kind(b, err);
    if (!st)
        st = read_masks(b, &palette_at, err);
    return st ? st : read_palette(b, palette_at, used, err);
}

static uint8_t *out_row(const bmp *b, ay_image *out, int y)
{
    return out->data + (size_t)(b->top_down ? y : b->height - 1 - y) * (size_t)b->width * 3;
}

static void put_index(const bmp *b, unsigned index, uint8_t *rgb)
{
    memcpy(rgb, b->palette[index & 255], 3); /* entries past the palette are black */
}

static void indexed_row(const bmp *b, const uint8_t *p, uint8_t *rgb)
{
    unsigned per_byte = 8 / b->bits, mask = (1u << b->bits) - 1;

    for (unsigned x = 0; x < (unsigned)b->width; x++, rgb += 3) {
        unsigned shift = (per_byte - 1 - x % per_byte) * b->bits;
        put_index(b, p[x / per_byte] >> shift & mask, rgb);
    }
}

/* A masked sample as 0..255.  No mask: absent. */
static unsigned sample(uint32_t pixel, uint32_t mask, unsigned absent)
{
    uint32_t low = mask & -mask;

    return mask ? (unsigned)((uint64_t)((pixel & mask) / low) * 255 / (mask / low)) : absent;
}

static void masked_row(const bmp *b, const uint8_t *p, uint8_t *rgb)
{
    size_t step = b->bits / 8;

    for (int x = 0; x < b->width; x++, p += step, rgb += 3) {
        uint32_t pixel = step == 2 ? ay_le16(p) : ay_le32(p);
        unsigned a = sample(pixel, b->mask[ALPHA], 255);
        for (int c = RED; c <= BLUE; c++)
            rgb[c] = ay_blend_white(sample(pixel, b->mask[c], 0), a);
    }
}

static void bgr_row(const bmp *b, const uint8_t *p, uint8_t *rgb)
{
    for (int x = 0; x < b->width; x++, p += 3, rgb += 3) {
        rgb[0] = p[2];
        rgb[1] = p[1];
        rgb[2] = p[0];
    }
}

static bool has_alpha(const bmp *b, const uint8_t *pixels, size_t stride)
{
    for (int y = 0; y < b->height; y++)
        for (int x = 0; x < b->width; x++) {
            const uint8_t *p = pixels + (size_t)y * stride + (size_t)x * b->bits / 8;
            if ((b->bits == 16 ? ay_le16(p) : ay_le32(p)) & b->mask[ALPHA])
                return true;
        }
    return false;
}

static ay_status load_plain(bmp *b, ay_image *out, ay_err *err)
{
    uint64_t row = ((uint64_t)b->width * b->bits + 7) / 8;
    size_t stride = (size_t)((row + 3) / 4 * 4);
    const uint8_t *p = b->data + b->pixels;

    /* The last row may lack its padding. */
    if (b->pixels > b->size || b->size - b->pixels < stride * (uint64_t)(b->height - 1) + row)
        return ay_source_cut_short("BMP", err);
    if (b->mask[ALPHA] && !has_alpha(b, p, stride))
        b->mask[ALPHA] = 0;
    for (int y = 0; y < b->height; y++, p += stride) {
        uint8_t *rgb = out_row(b, out, y);
        if (b->bits <= 8)
            indexed_row(b, p, rgb);
        else if (b->bits == 24)
            bgr_row(b, p, rgb);
        else
            masked_row(b, p, rgb);
    }
    return AY_OK;
}

/* Run-length coding: (count, colour) is a run; (0, n >= 3) is n colours as they are, padded to 16
 * bits; (0, 0) ends a row, (0, 1) the picture, (0, 2) moves right and down. */
typedef struct {
    const bmp *b;
    ay_image *out;
    const uint8_t *p, *end;
    int x, y;
} rle;

static void rle_put(rle *r, const uint8_t *colour)
{
    const bmp *b = r->b;
    uint8_t *rgb;

    if (r->x >= b->width || r->y >= b->height)
        return;
    rgb = out_row(b, r->out, r->y) + (size_t)r->x * 3;
    if (b->bits == 24) {
        rgb[0] = colour[2];
        rgb[1] = colour[1];
        rgb[2] = colour[0];
    } else {
        put_index(b, *colour, rgb);
    }
    r->x++;
}

/* The i-th colour of a run or of literal bytes. */
static void rle_pixel(rle *r, const uint8_t *p, unsigned i, bool run)
{
    uint8_t nibble;

    if (r->b->bits == 4) {
        nibble = (uint8_t)(p[run ? 0 : i / 2] >> (i % 2 ? 0 : 4) & 15);
        rle_put(r, &nibble);
    } else {
        rle_put(r, p + (run ? 0 : i) * (r->b->bits / 8));
    }
}

static bool rle_literal(rle *r, unsigned n)
{
    size_t bytes = ((size_t)n * r->b->bits + 7) / 8;

    if ((size_t)(r->end - r->p) < bytes)
        return false;
    for (unsigned i = 0; i < n; i++)
        rle_pixel(r, r->p, i, false);
    bytes += bytes & 1;
    r->p += bytes < (size_t)(r->end - r->p) ? bytes : (size_t)(r->end - r->p);
    return true;
}

static bool rle_run(rle *r, unsigned n)
{
    size_t bytes = r->b->bits == 24 ? 3 : 1;

    if ((size_t)(r->end - r->p) < bytes)
        return false;
    for (unsigned i = 0; i < n; i++)
        rle_pixel(r, r->p, i, true);
    r->p += bytes;
    return true;
}

/* One code.  Returns false when the bytes end; sets *done at the end of the picture. */
static bool rle_step(rle *r, bool *done)
{
    unsigned count, code;

    if (r->end - r->p < 2)
        return false;
    count = *r->p++;
    if (count)
        return rle_run(r, count);
    code = *r->p++;
    if (code > 2)
        return rle_literal(r, code);
    if (code == 0) {
        r->x = 0;
        r->y++;
    } else if (code == 1) {
        *done = true;
    } else {
        if (r->end - r->p < 2)
            return false;
        r->x += r->p[0];
        r->y += r->p[1];
        r->p += 2;
    }
    return true;
}

static ay_status load_rle(const bmp *b, ay_image *out, ay_err *err)
{
    rle r = {.b = b, .out = out, .p = b->data + b->pixels, .end = b->data + b->size};
    size_t n = (size_t)b->width * (size_t)b->height;
    bool done = false;

    if (b->pixels > b->size)
        return ay_source_cut_short("BMP", err);
    if (b->bits != 24 && memcmp(b->palette[0], "\0\0", 3) != 0) /* it is black already */
        for (size_t i = 0; i < n; i++)
            put_index(b, 0, out->data + i * 3);
    while (!done && r.y < b->height && r.x <= b->width)
        if (!rle_step(&r, &done)) {
            if (r.y == b->height - 1 && r.x == b->width) /* complete but for the end code */
                break;
            return ay_source_cut_short("BMP", err);
        }
    if (r.x > b->width)
        return ay_fail(err, AY_ECORRUPT, "BMP: a run leaves the picture");
    return AY_OK;
}

static ay_status header(const ay_source *src, ay_image_info *info, ay_err *err)
{
    ay_status st;
    bmp b;

    st = parse(&b, src, err);
    info->width = b.width;
    info->height = b.height;
    return st;
}

static ay_status load(const ay_source *src, const ay_image_info *info, ay_image *out, ay_err *err)
{
    ay_status st;
    bmp b;

    st = parse(&b, src, err);
    if (!st)
        st = ay_image_create(out, info->width, info->height, err);
    if (st)
        return st;
    return b.compression == BI_RLE8 || b.compression == BI_RLE4 || (b.os2 && b.compression == 4)
               ? load_rle(&b, out, err)
               : load_plain(&b, out, err);
}

const ay_codec ay_codec_bmp = {.format = AY_FORMAT_BMP,
                               .name = "bmp",
                               .mime = "image/bmp",
                               .ext = ".bmp",
                               .sniff = sniff,
                               .header = header,
                               .load = load};
