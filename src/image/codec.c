/* image/codec.c - the table of formats, and the order of checks every picture goes through.
 *
 * Order: empty file, file size, first bytes, header, sides, pixels; only then does a codec run.
 * A name or a Content-Type is never looked at: both are the sender's claim.
 *
 * Memory: besides the pixel limit there is one budget for everything a decode holds at once.  It
 * exists because some formats need several times the picture (a progressive JPEG keeps all its
 * coefficients, lossless WebP keeps a second copy), and a file must not choose how much. */
#include "image/codec.h"

#include "base/file.h"
#include "base/str.h"

#define DEFAULT_BYTES    (20u * 1000 * 1000)
#define DEFAULT_PIXELS   (50u * 1000 * 1000)
#define DEFAULT_SCANS    100
#define BUDGET           (250ull << 20)
#define BUDGET_PER_PIXEL 6

static const ay_codec *const codecs[] = {
    &ay_codec_jpeg, &ay_codec_png, &ay_codec_webp, &ay_codec_gif, &ay_codec_bmp, &ay_codec_tiff,
};
#define READ   "JPEG, PNG, WebP, GIF, BMP and TIFF"
#define CODECS (sizeof codecs / sizeof *codecs)

static const ay_codec *by_format(ay_image_format f)
{
    for (size_t i = 0; i < CODECS; i++)
        if (codecs[i]->format == f)
            return codecs[i];
    return NULL;
}

const char *ay_image_format_name(ay_image_format f)
{
    const ay_codec *c = by_format(f);

    return c ? c->name : "unknown";
}

const char *ay_image_format_mime(ay_image_format f)
{
    const ay_codec *c = by_format(f);

    return c ? c->mime : "application/octet-stream";
}

const char *ay_image_format_ext(ay_image_format f)
{
    const ay_codec *c = by_format(f);

    return c ? c->ext : ".bin";
}

ay_image_format ay_image_sniff(const void *bytes, size_t n)
{
    for (size_t i = 0; i < CODECS; i++)
        if (codecs[i]->sniff(bytes, n))
            return codecs[i]->format;
    return AY_FORMAT_UNKNOWN;
}

static ay_image_limits resolve(const ay_image_limits *limits)
{
    ay_image_limits r = limits ? *limits : (ay_image_limits){0};

    if (!r.max_bytes)
        r.max_bytes = DEFAULT_BYTES;
    if (!r.max_pixels)
        r.max_pixels = DEFAULT_PIXELS;
    if (!r.max_scans)
        r.max_scans = DEFAULT_SCANS;
    return r;
}

ay_status ay_source_check(const ay_source *src, uint64_t width, uint64_t height, ay_err *err)
{
    if (width == 0 || height == 0)
        return ay_fail(err, AY_ECORRUPT, "the picture says it is %llu x %llu pixels",
                       (unsigned long long)width, (unsigned long long)height);
    if (width > AY_IMAGE_MAX_SIDE || height > AY_IMAGE_MAX_SIDE)
        return ay_fail(err, AY_ELIMIT,
                       "the picture is %llu x %llu pixels; sides of at most %d are read",
                       (unsigned long long)width, (unsigned long long)height, AY_IMAGE_MAX_SIDE);
    if (width * height > src->limits.max_pixels)
        return ay_fail(err, AY_ELIMIT,
                       "the picture is %llu x %llu pixels; at most %.4g megapixels are read",
                       (unsigned long long)width, (unsigned long long)height,
                       (double)src->limits.max_pixels / 1e6);
    return AY_OK;
}

uint64_t ay_source_spare(const ay_source *src, const ay_image_info *info)
{
    uint64_t budget = src->limits.max_pixels * BUDGET_PER_PIXEL;
    uint64_t picture = (uint64_t)info->width * (uint64_t)info->height * 3;

    if (budget < BUDGET)
        budget = BUDGET;
    return budget > picture ? budget - picture : 0;
}

ay_status ay_source_budget(const ay_source *src, const ay_image_info *info, uint64_t need,
                           ay_err *err)
{
    uint64_t spare = ay_source_spare(src, info);

    if (need <= spare)
        return AY_OK;
    return ay_fail(err, AY_ELIMIT,
                   "decoding this %d x %d picture needs %llu MB of working memory; %llu MB are "
                   "allowed",
                   info->width, info->height, (unsigned long long)(need >> 20),
                   (unsigned long long)(spare >> 20));
}

ay_status ay_source_cut_short(const char *format, ay_err *err)
{
    return ay_fail(err, AY_ECORRUPT, "the %s picture is cut short", format);
}

static ay_status refuse_stranger(const void *bytes, size_t n, ay_err *err)
{
    const char *what = ay_foreign_name(bytes, n);
    const char *but =
        what && ay_str_ends_nocase(what, "picture") ? "which is not read" : "not a picture";

    if (!what)
        return ay_fail(err, AY_EUNSUPPORTED, "this is not a picture: %s are read", READ);
    return ay_fail(err, AY_EUNSUPPORTED, "this is %s, %s: %s are read", what, but, READ);
}

/* Everything up to the first pixel.  Fills src, codec and info. */
static ay_status examine(const void *bytes, size_t n, const ay_image_limits *limits, ay_source *src,
                         const ay_codec **codec, ay_image_info *info, ay_err *err)
{
    ay_status st;

    *src = (ay_source){.data = bytes, .size = n, .limits = resolve(limits)};
    *info = (ay_image_info){.orientation = 1};
    if (n == 0)
        return ay_fail(err, AY_EINVAL, "the picture is empty (0 bytes)");
    if (n > src->limits.max_bytes)
        return ay_fail(err, AY_ELIMIT, "the file has %.4g MB; at most %.4g MB are read",
                       (double)n / 1e6, (double)src->limits.max_bytes / 1e6);
    info->format = ay_image_sniff(bytes, n);
    if (info->format == AY_FORMAT_UNKNOWN)
        return refuse_stranger(bytes, n, err);
    *codec = by_format(info->format);
    st = (*codec)->header(src, info, err);
    if (st)
        return st;
    if (src->limits.keep_orientation)
        info->orientation = 1;
    return ay_source_check(src, (uint64_t)info->width, (uint64_t)info->height, err);
}

ay_status ay_image_probe(const void *bytes, size_t n, const ay_image_limits *limits,
                         ay_image_info *out, ay_err *err)
{
    const ay_codec *codec;
    ay_source src;

    return examine(bytes, n, limits, &src, &codec, out, err);
}

ay_status ay_image_decode(const void *bytes, size_t n, const ay_image_limits *limits, ay_image *out,
                          ay_err *err)
{
    const ay_codec *codec;
    ay_image_info info;
    ay_source src;
    ay_status st;

    *out = (ay_image){0};
    st = examine(bytes, n, limits, &src, &codec, &info, err);
    if (!st)
        st = codec->load(&src, &info, out, err);
    if (st)
        ay_image_fini(out);
    return st;
}

ay_status ay_image_load(const char *path, const ay_image_limits *limits, ay_image *out, ay_err *err)
{
    ay_image_limits l = resolve(limits);
    ay_buf file = {0};
    ay_status st;

    *out = (ay_image){0};
    st = ay_file_read(path, l.max_bytes, &file, err);
    if (!st) {
        st = ay_image_decode(file.data, file.len, &l, out, err);
        if (st)
            ay_err_wrap(err, "%s", path);
    }
    ay_buf_fini(&file);
    return st;
}
