/* image/webp.c - WebP through libwebp; of an animation the first frame.
 *
 * libwebp wants the whole output at once, and lossless files keep a second copy of the picture
 * inside the library, so the memory a file will need is worked out from its header and compared
 * with the budget first.  With alpha, RGBA is decoded into one buffer and laid over white in place;
 * the picture then keeps that buffer, cut down. */
#include "image/codec.h"

#include "base/mem.h"

#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

static bool sniff(const uint8_t *p, size_t n)
{
    return n >= 16 && !memcmp(p, "RIFF", 4) && !memcmp(p + 8, "WEBPVP8", 7);
}

static int find_orientation(const uint8_t *p, size_t n)
{
    size_t at = 12;

    while (n - at >= 8) {
        size_t length = ay_le32(p + at + 4);
        if (length > n - at - 8)
            break;
        if (!memcmp(p + at, "EXIF", 4))
            return ay_exif_orientation(p + at + 8, length);
        at += 8 + length;
        if (length & 1 && at < n)
            at++;
    }
    return 1;
}

static ay_status fail(VP8StatusCode code, ay_err *err)
{
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY:
        return ay_fail(err, AY_ENOMEM, "WebP: out of memory");
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
        return ay_source_cut_short("WebP", err);
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return ay_fail(err, AY_EUNSUPPORTED, "WebP: a feature that is not read");
    default:
        return ay_fail(err, AY_ECORRUPT, "WebP: the picture is damaged");
    }
}

static ay_status header(const ay_source *src, ay_image_info *info, ay_err *err)
{
    WebPBitstreamFeatures f;
    VP8StatusCode code = WebPGetFeatures(src->data, src->size, &f);

    if (code != VP8_STATUS_OK)
        return fail(code, err);
    info->width = f.width;
    info->height = f.height;
    info->orientation = find_orientation(src->data, src->size);
    return AY_OK;
}

/* Decode a still picture of p[0..n) that has f's sides to RGB, over white.  *rgb is for ay_free().
 * stored: what ay_image.stored is, NULL: not wanted. */
static ay_status decode_still(const uint8_t *p, size_t n, const WebPBitstreamFeatures *f,
                              uint8_t **rgb, uint8_t **stored, ay_err *err)
{
    size_t bytes = f->has_alpha ? 4 : 3, pixels = (size_t)f->width * (size_t)f->height;
    WebPDecoderConfig config;
    VP8StatusCode code;

    if (!WebPInitDecoderConfig(&config))
        return ay_fail(err, AY_EUNSUPPORTED, "WebP: the library is of another version");
    *rgb = ay_alloc(pixels, bytes);
    if (!*rgb)
        return ay_fail(err, AY_ENOMEM, "WebP: out of memory");
    config.output.colorspace = f->has_alpha ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = *rgb;
    config.output.u.RGBA.stride = (int)((size_t)f->width * bytes);
    config.output.u.RGBA.size = pixels * bytes;
    code = WebPDecode(p, n, &config);
    WebPFreeDecBuffer(&config.output);
    if (code != VP8_STATUS_OK)
        return fail(code, err);
    if (f->has_alpha) {
        uint8_t *less;
        if (stored && !(*stored = ay_alloc(pixels, 3)))
            return ay_fail(err, AY_ENOMEM, "WebP: out of memory");
        if (stored && !ay_without_alpha(*rgb, *stored, pixels)) {
            ay_free(*stored);
            *stored = NULL;
        }
        ay_over_white(*rgb, *rgb, pixels);
        less = ay_realloc(*rgb, pixels, 3);
        if (less)
            *rgb = less;
    }
    return AY_OK;
}

/* Bytes a pixel that decoding holds beside the finished RGB: libwebp's own copies, our alpha. */
static ay_status check_memory(const ay_source *src, const ay_image_info *info,
                              const WebPBitstreamFeatures *f, ay_err *err)
{
    uint64_t bytes = f->format == 2 ? 4 : 0; /* lossless */

    if (f->has_alpha)
        bytes += f->format == 2 ? 1 : 6;
    if (f->has_animation)
        bytes = 8;
    if (info->orientation != 1 && bytes < 3)
        bytes = 3;
    return ay_source_budget(src, info, bytes * (uint64_t)f->width * (uint64_t)f->height, err);
}

static ay_status load_still(const ay_source *src, const WebPBitstreamFeatures *f, ay_image *out,
                            ay_err *err)
{
    out->width = f->width;
    out->height = f->height;
    return decode_still(src->data, src->size, f, &out->data, &out->stored, err);
}

/* The first frame lies somewhere on a canvas; around it is nothing, so white. */
static ay_status load_frame(const ay_source *src, const WebPIterator *frame,
                            const ay_image_info *info, ay_image *out, ay_err *err)
{
    const uint8_t *p = frame->fragment.bytes;
    size_t n = frame->fragment.size;
    WebPBitstreamFeatures f;
    VP8StatusCode code = WebPGetFeatures(p, n, &f);
    uint8_t *rgb = NULL;
    ay_status st;

    if (code != VP8_STATUS_OK)
        return fail(code, err);
    if (f.width > info->width - frame->x_offset || f.height > info->height - frame->y_offset)
        return ay_fail(err, AY_ECORRUPT, "WebP: a frame is larger than the picture");
    st = ay_source_check(src, (uint64_t)f.width, (uint64_t)f.height, err);
    if (!st)
        st = ay_image_create(out, info->width, info->height, err);
    if (!st)
        st = decode_still(p, n, &f, &rgb, NULL, err);
    if (!st) {
        memset(out->data, 255, (size_t)out->width * (size_t)out->height * 3);
        for (int y = 0; y < f.height; y++)
            memcpy(out->data + ((size_t)(frame->y_offset + y) * (size_t)out->width +
                                (size_t)frame->x_offset) *
                                   3,
                   rgb + (size_t)y * (size_t)f.width * 3, (size_t)f.width * 3);
    }
    ay_free(rgb);
    return st;
}

static ay_status load_animation(const ay_source *src, const ay_image_info *info, ay_image *out,
                                ay_err *err)
{
    WebPData data = {src->data, src->size};
    WebPDemuxState state;
    WebPDemuxer *demux = WebPDemuxPartial(&data, &state); /* later frames may be missing */
    WebPIterator frame;
    ay_status st;

    if (!demux || !WebPDemuxGetFrame(demux, 1, &frame)) {
        WebPDemuxDelete(demux);
        return ay_fail(err, AY_ECORRUPT, "WebP: there is no whole frame in the animation");
    }
    st =
        frame.complete ? load_frame(src, &frame, info, out, err) : ay_source_cut_short("WebP", err);
    WebPDemuxReleaseIterator(&frame);
    WebPDemuxDelete(demux);
    return st;
}

static ay_status load(const ay_source *src, const ay_image_info *info, ay_image *out, ay_err *err)
{
    WebPBitstreamFeatures f;
    VP8StatusCode code = WebPGetFeatures(src->data, src->size, &f);
    ay_status st;

    if (code != VP8_STATUS_OK)
        return fail(code, err);
    st = check_memory(src, info, &f, err);
    if (!st)
        st = f.has_animation ? load_animation(src, info, out, err) : load_still(src, &f, out, err);
    return st ? st : ay_image_orient(out, info->orientation, err);
}

const ay_codec ay_codec_webp = {.format = AY_FORMAT_WEBP,
                                .name = "webp",
                                .mime = "image/webp",
                                .ext = ".webp",
                                .sniff = sniff,
                                .header = header,
                                .load = load};
