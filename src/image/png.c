/* image/png.c - PNG through libspng.
 *
 * libspng never sees ancillary chunks other than tRNS: its reader steps over them.  Nothing in them
 * changes a pixel we want, and it takes away a class of attacks (a compressed profile or text that
 * unpacks to gigabytes, a million tiny text chunks).  The one value we do want, eXIf's orientation,
 * is found by a walk over the chunk headers.  Gamma and colour profiles are not applied: Pillow
 * does not either, and the networks were trained on what Pillow gives.
 *
 * Truncation and wrong checksums of critical chunks are errors; a missing IEND after complete
 * pixels is not.  16-bit samples keep their high byte, as Pillow's do.
 *
 * Threads: the only state is a flag of the calling thread. */
#include "image/codec.h"

#include "base/mem.h"

#include <string.h>

#include <spng.h>

#define SIGNATURE 8
#define CHUNK     12 /* length, type and checksum around a chunk's data */

static const uint8_t magic[SIGNATURE] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

static bool sniff(const uint8_t *p, size_t n)
{
    return n >= SIGNATURE && !memcmp(p, magic, SIGNATURE);
}

static int find_orientation(const uint8_t *p, size_t n)
{
    size_t at = SIGNATURE;

    while (n - at >= CHUNK) {
        size_t length = ay_be32(p + at);
        if (length > n - at - CHUNK)
            break;
        if (!memcmp(p + at + 4, "eXIf", 4))
            return ay_exif_orientation(p + at + 8, length);
        at += CHUNK + length;
    }
    return 1;
}

static ay_status header(const ay_source *src, ay_image_info *info, ay_err *err)
{
    const uint8_t *p = src->data + SIGNATURE;
    uint32_t width, height;
    ay_status st;

    if (src->size < SIGNATURE + CHUNK + 13)
        return ay_source_cut_short("PNG", err);
    if (!memcmp(p + 4, "CgBI", 4))
        return ay_fail(err, AY_EUNSUPPORTED, "PNG: Apple's CgBI variant is not read");
    if (memcmp(p + 4, "IHDR", 4) != 0)
        return ay_fail(err, AY_ECORRUPT, "PNG: the header is missing");
    width = ay_be32(p + 8);
    height = ay_be32(p + 12);
    st = ay_source_check(src, width, height, err); /* before they become ints */
    if (st)
        return st;
    info->width = (int)width;
    info->height = (int)height;
    info->orientation = find_orientation(src->data, src->size);
    return AY_OK;
}

/* What libspng reads: the file without the chunks that we do not want. */
typedef struct {
    const uint8_t *p, *end;
    const uint8_t *chunk_end; /* of the chunk being read */
} stream;

static bool wanted(const uint8_t *type)
{
    return !(type[0] & 0x20) || !memcmp(type, "tRNS", 4);
}

/* Step over unwanted chunks; then let the reader have one whole chunk. */
static void next_chunk(stream *s)
{
    while (s->end - s->p >= CHUNK) {
        size_t whole = (size_t)ay_be32(s->p) + CHUNK;
        bool want = wanted(s->p + 4);
        size_t left = (size_t)(s->end - s->p);

        if (whole > left)
            whole = left; /* cut short: libspng will say so */
        s->chunk_end = s->p + whole;
        if (want)
            return;
        s->p = s->chunk_end;
    }
    s->p = s->chunk_end = s->end; /* a piece of a header: libspng would believe its length */
}

static int read_stream(spng_ctx *ctx, void *user, void *dst, size_t n)
{
    stream *s = user;
    uint8_t *out = dst;

    (void)ctx;
    while (n) {
        size_t take;
        if (s->p == s->chunk_end)
            next_chunk(s);
        take = (size_t)(s->chunk_end - s->p);
        if (take > n)
            take = n;
        if (!take)
            return SPNG_IO_EOF;
        memcpy(out, s->p, take);
        out += take;
        s->p += take;
        n -= take;
    }
    return 0;
}

/* Inside a call of libspng on this thread: was memory refused?  zlib and libspng report that as a
 * damaged stream, which would blame the file. */
static _Thread_local bool refused;

static void *note(void *p)
{
    refused = refused || !p;
    return p;
}

static void *png_alloc(size_t n)
{
    return note(ay_alloc(n, 1));
}

static void *png_calloc(size_t n, size_t size)
{
    return note(ay_calloc(n, size));
}

static void *png_realloc(void *p, size_t n)
{
    return note(ay_realloc(p, n, 1));
}

static spng_ctx *context(int flags)
{
    struct spng_alloc a = {png_alloc, png_realloc, png_calloc, ay_free};

    refused = false;
    return spng_ctx_new2(&a, flags);
}

static ay_status fail(int code, ay_err *err)
{
    if (refused || code == SPNG_EMEM)
        return ay_fail(err, AY_ENOMEM, "PNG: out of memory");
    if (code == SPNG_IO_EOF)
        return ay_source_cut_short("PNG", err);
    return ay_fail(err, AY_ECORRUPT, "PNG: %s", spng_strerror(code));
}

/* A picture that only might have been transparent needs no second one. */
static void keep_stored(ay_image *out, ay_image *stored, bool transparent)
{
    if (transparent) {
        out->stored = stored->data;
        stored->data = NULL;
    }
    ay_image_fini(stored);
}

/* One stored row after the other. */
static ay_status read_rows(spng_ctx *ctx, const ay_image_info *info, uint8_t *rgba, ay_image *out,
                           ay_err *err)
{
    size_t width = (size_t)info->width;
    ay_sink sink = {0}, beside = {0};
    ay_image stored = {0};
    bool transparent = false;
    ay_status st = ay_sink_open(&sink, info, out, err);

    if (!st && rgba)
        st = ay_sink_open(&beside, info, &stored, err);
    while (!st) {
        int n, code;
        uint8_t *row = ay_sink_rows(&sink, 1, &n);
        if (!n)
            break;
        code = rgba ? spng_decode_row(ctx, rgba, width * 4) : spng_decode_row(ctx, row, width * 3);
        if (code && code != SPNG_EOI)
            st = fail(code, err);
        else if (rgba) {
            ay_over_white(rgba, row, width);
            transparent |= ay_without_alpha(rgba, ay_sink_rows(&beside, 1, &n), width);
            ay_sink_commit(&beside);
        }
        ay_sink_commit(&sink);
    }
    ay_sink_close(&sink);
    ay_sink_close(&beside);
    keep_stored(out, &stored, transparent && !st);
    return st;
}

/* Adam7: a row comes several times, each time with some of its pixels.  Turned at the end, because
 * no row is whole before the last pass. */
static ay_status read_passes(spng_ctx *ctx, const ay_image_info *info, uint8_t *rgba, ay_image *out,
                             ay_err *err)
{
    static const uint8_t first[7] = {0, 4, 0, 2, 0, 1, 0}, step[7] = {8, 8, 4, 4, 2, 2, 1};
    size_t width = (size_t)info->width;
    struct spng_row_info at;
    ay_image stored = {0};
    bool transparent = false;
    ay_status st = ay_image_create(out, info->width, info->height, err);
    int code = 0;

    if (!st && rgba)
        st = ay_image_create(&stored, info->width, info->height, err);
    while (!st && !code && !(code = spng_get_row_info(ctx, &at))) {
        uint8_t *row = out->data + (size_t)at.row_num * width * 3;
        code = rgba ? spng_decode_row(ctx, rgba, width * 4) : spng_decode_row(ctx, row, width * 3);
        if (rgba && (!code || code == SPNG_EOI))
            for (size_t x = first[at.pass]; x < width; x += step[at.pass]) {
                ay_over_white(rgba + x * 4, row + x * 3, 1);
                transparent |= ay_without_alpha(
                    rgba + x * 4, stored.data + ((size_t)at.row_num * width + x) * 3, 1);
            }
    }
    if (!st && code != SPNG_EOI)
        st = fail(code, err);
    keep_stored(out, &stored, transparent && !st);
    return st ? st : ay_image_orient(out, info->orientation, err);
}

static ay_status decode(spng_ctx *ctx, const ay_image_info *info, ay_image *out, ay_err *err)
{
    struct spng_ihdr ihdr;
    struct spng_trns trns;
    uint8_t *rgba = NULL;
    ay_status st;
    int code = spng_get_ihdr(ctx, &ihdr);
    bool alpha;

    if (code)
        return fail(code, err);
    code = spng_get_trns(ctx, &trns);
    if (code && code != SPNG_ECHUNKAVAIL)
        return fail(code, err);
    alpha = !code || ihdr.color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA ||
            ihdr.color_type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA;
    code = spng_decode_image(ctx, NULL, 0, alpha ? SPNG_FMT_RGBA8 : SPNG_FMT_RGB8,
                             SPNG_DECODE_PROGRESSIVE | (alpha ? SPNG_DECODE_TRNS : 0));
    if (code)
        return fail(code, err);
    if (alpha && !(rgba = ay_alloc((size_t)info->width, 4)))
        return ay_fail(err, AY_ENOMEM, "PNG: out of memory");
    st = ihdr.interlace_method ? read_passes(ctx, info, rgba, out, err)
                               : read_rows(ctx, info, rgba, out, err);
    ay_free(rgba);
    if (!st && spng_decode_chunks(ctx) == SPNG_ECHUNK_CRC) /* of the last piece of the pixels */
        return fail(SPNG_ECHUNK_CRC, err);
    return st;
}

static ay_status load(const ay_source *src, const ay_image_info *info, ay_image *out, ay_err *err)
{
    const uint8_t *body = src->data + SIGNATURE;
    stream s = {src->data, src->data + src->size, body};
    spng_ctx *ctx = context(0);
    ay_status st;
    int code;

    if (!ctx)
        return ay_fail(err, AY_ENOMEM, "PNG: out of memory");
    code = spng_set_png_stream(ctx, read_stream, &s);
    st = code ? fail(code, err) : decode(ctx, info, out, err);
    spng_ctx_free(ctx);
    return st;
}

static int write_stream(spng_ctx *ctx, void *user, void *src, size_t n)
{
    ay_buf *out = user;

    (void)ctx;
    ay_buf_add(out, src, n);
    return out->failed ? SPNG_EMEM : 0;
}

ay_status ay_image_encode_png(const ay_image *im, ay_buf *out, ay_err *err)
{
    struct spng_ihdr ihdr = {.width = (uint32_t)im->width,
                             .height = (uint32_t)im->height,
                             .bit_depth = 8,
                             .color_type = SPNG_COLOR_TYPE_TRUECOLOR};
    size_t size = (size_t)im->width * (size_t)im->height * 3;
    spng_ctx *ctx = context(SPNG_CTX_ENCODER);
    int code = ctx ? spng_set_png_stream(ctx, write_stream, out) : SPNG_EMEM;

    if (!code)
        code = spng_set_ihdr(ctx, &ihdr);
    if (!code)
        code = spng_encode_image(ctx, im->data, size, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    spng_ctx_free(ctx);
    if (!code)
        return AY_OK;
    return refused || code == SPNG_EMEM
               ? ay_fail(err, AY_ENOMEM, "write PNG: out of memory")
               : ay_fail(err, AY_EIO, "write PNG: %s", spng_strerror(code));
}

const ay_codec ay_codec_png = {.format = AY_FORMAT_PNG,
                               .name = "png",
                               .mime = "image/png",
                               .ext = ".png",
                               .sniff = sniff,
                               .header = header,
                               .load = load};
