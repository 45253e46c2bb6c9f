/* image/tiff.c - TIFF through libtiff, from memory; of many pages the first.
 *
 * libtiff's RGBA interface knows every photometric kind, bit depth and compression the library was
 * built with.  It is called a band (one row of strips or tiles) at a time and with libtiff's own
 * turning switched off, so that only a band is ever held and the orientation tag is handled like
 * every other format's.  Its alpha comes premultiplied, so over white is an addition.
 *
 * A read past the end of the file is remembered and makes the file "cut short", because libtiff
 * takes some of them lightly: a lost palette gives it another picture, not an error.
 *
 * libtiff speaks through handlers given at opening (4.5), never through the process-wide ones: its
 * first complaint becomes our message.  A band's memory is worked out before it is allocated,
 * because a file may put the whole picture into one strip, and single allocations inside libtiff
 * are capped. */
#include "image/codec.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

#include <tiffio.h>

typedef struct {
    const ay_source *src;
    uint64_t at;
    char said[256];  /* the first error */
    bool short_read; /* something lies past the end */
    TIFF *tif;
} file;

static bool sniff(const uint8_t *p, size_t n)
{
    return n >= 8 && (!memcmp(p, "II*\0", 4) || !memcmp(p, "MM\0*", 4) || !memcmp(p, "II+\0", 4) ||
                      !memcmp(p, "MM\0+", 4));
}

__attribute__((format(printf, 4, 0))) static int on_error(TIFF *tif, void *user, const char *module,
                                                          const char *fmt, va_list args)
{
    file *f = user;

    (void)tif;
    (void)module;
    if (!f->said[0])
        vsnprintf(f->said, sizeof f->said, fmt, args);
    return 1;
}

static int on_warning(TIFF *tif, void *user, const char *module, const char *fmt, va_list args)
{
    (void)tif;
    (void)user;
    (void)module;
    (void)fmt;
    (void)args;
    return 1;
}

static tmsize_t file_read(thandle_t h, void *dst, tmsize_t n)
{
    file *f = (file *)h;
    uint64_t left = f->at < f->src->size ? f->src->size - f->at : 0;

    if (n < 0)
        return 0;
    if ((uint64_t)n > left) {
        n = (tmsize_t)left;
        f->short_read = true;
    }
    memcpy(dst, f->src->data + (n ? f->at : 0), (size_t)n);
    f->at += (uint64_t)n;
    return n;
}

static tmsize_t file_write(thandle_t h, void *p, tmsize_t n)
{
    (void)h;
    (void)p;
    (void)n;
    return 0;
}

static toff_t file_seek(thandle_t h, toff_t offset, int whence)
{
    file *f = (file *)h;

    f->at = whence == SEEK_SET   ? offset
            : whence == SEEK_CUR ? f->at + offset
                                 : f->src->size + offset;
    return f->at;
}

static int file_close(thandle_t h)
{
    (void)h;
    return 0;
}

static toff_t file_size(thandle_t h)
{
    return ((file *)h)->src->size;
}

static ay_status fail(const file *f, ay_status status, ay_err *err)
{
    if (f->short_read)
        return ay_source_cut_short("TIFF", err);
    return ay_fail(err, status, "TIFF: %s", f->said[0] ? f->said : "the picture is damaged");
}

static ay_status open_file(file *f, const ay_source *src, ay_err *err)
{
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();

    *f = (file){.src = src};
    if (!options)
        return ay_fail(err, AY_ENOMEM, "TIFF: out of memory");
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, f);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, f);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)(src->limits.max_pixels * 4));
    f->tif = TIFFClientOpenExt("picture", "rm", (thandle_t)f, file_read, file_write, file_seek,
                               file_close, file_size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    return f->tif ? AY_OK : fail(f, AY_ECORRUPT, err);
}

static ay_status read_header(file *f, ay_image_info *info, ay_err *err)
{
    uint32_t width = 0, height = 0;
    uint16_t orientation = 1;
    char why[1024] = "";
    ay_status st;

    TIFFGetField(f->tif, TIFFTAG_IMAGEWIDTH, &width);
    TIFFGetField(f->tif, TIFFTAG_IMAGELENGTH, &height);
    TIFFGetFieldDefaulted(f->tif, TIFFTAG_ORIENTATION, &orientation);
    st = ay_source_check(f->src, width, height, err);
    if (st)
        return st;
    info->width = (int)width;
    info->height = (int)height;
    info->orientation = orientation >= 1 && orientation <= 8 ? orientation : 1;
    if (f->short_read) /* libtiff would only drop the tag, even if it is the palette */
        return ay_source_cut_short("TIFF", err);
    if (!TIFFRGBAImageOK(f->tif, why))
        return ay_fail(err, AY_EUNSUPPORTED, "TIFF: %s", why);
    return AY_OK;
}

static ay_status header(const ay_source *src, ay_image_info *info, ay_err *err)
{
    ay_status st;
    file f;

    st = open_file(&f, src, err);
    if (st)
        return st;
    st = read_header(&f, info, err);
    TIFFClose(f.tif);
    return st;
}

/* Rows that are decoded together, and what libtiff holds while it does. */
static ay_status plan_band(const file *f, const ay_image_info *info, uint32_t *rows, ay_err *err)
{
    uint64_t inside, planes = 1, width = (uint64_t)info->width;
    uint16_t planar = PLANARCONFIG_CONTIG, samples = 1;

    TIFFGetFieldDefaulted(f->tif, TIFFTAG_PLANARCONFIG, &planar);
    TIFFGetFieldDefaulted(f->tif, TIFFTAG_SAMPLESPERPIXEL, &samples);
    *rows = 0;
    if (TIFFIsTiled(f->tif)) {
        TIFFGetField(f->tif, TIFFTAG_TILELENGTH, rows);
        inside = TIFFTileSize64(f->tif);
    } else {
        TIFFGetFieldDefaulted(f->tif, TIFFTAG_ROWSPERSTRIP, rows);
        inside = TIFFStripSize64(f->tif);
    }
    if (!*rows || !inside)
        return ay_fail(err, AY_ECORRUPT, "TIFF: empty strips or tiles");
    if (*rows > (uint32_t)info->height)
        *rows = (uint32_t)info->height;
    if (planar == PLANARCONFIG_SEPARATE)
        planes = samples < 4 ? samples : 4;
    if (inside > UINT64_MAX / 8)
        inside = UINT64_MAX / 8;
    return ay_source_budget(f->src, info, width * *rows * 4 + inside * planes, err);
}

static void over_white(const uint32_t *abgr, uint8_t *rgb, size_t n)
{
    for (size_t i = 0; i < n; i++, rgb += 3) {
        unsigned rest = 255 - TIFFGetA(abgr[i]);
        unsigned r = TIFFGetR(abgr[i]) + rest, g = TIFFGetG(abgr[i]) + rest,
                 b = TIFFGetB(abgr[i]) + rest;
        rgb[0] = (uint8_t)(r > 255 ? 255 : r);
        rgb[1] = (uint8_t)(g > 255 ? 255 : g);
        rgb[2] = (uint8_t)(b > 255 ? 255 : b);
    }
}

static void give_band(ay_sink *sink, const uint32_t *band, uint32_t rows)
{
    size_t width = (size_t)sink->width;

    while (rows) {
        int n;
        uint8_t *rgb = ay_sink_rows(sink, (int)rows, &n);
        over_white(band, rgb, (size_t)n * width);
        ay_sink_commit(sink);
        band += (size_t)n * width;
        rows -= (uint32_t)n;
    }
}

static ay_status read_bands(file *f, TIFFRGBAImage *image, ay_sink *sink, uint32_t rows,
                            ay_err *err)
{
    uint32_t width = (uint32_t)sink->width, height = (uint32_t)sink->height;
    uint32_t *band = ay_alloc((size_t)width * rows, sizeof *band);
    ay_status st = band ? AY_OK : ay_fail(err, AY_ENOMEM, "TIFF: out of memory");

    for (uint32_t y = 0; !st && y < height; y += rows) {
        uint32_t n = height - y < rows ? height - y : rows;
        image->row_offset = (int)y;
        image->col_offset = 0;
        if (!TIFFRGBAImageGet(image, band, width, n) || f->said[0] || f->short_read)
            st = fail(f, AY_ECORRUPT, err);
        else
            give_band(sink, band, n);
    }
    ay_free(band);
    return st;
}

static ay_status read_picture(file *f, const ay_image_info *info, ay_image *out, ay_err *err)
{
    TIFFRGBAImage image;
    char why[1024] = "";
    ay_sink sink = {0};
    uint32_t rows;
    ay_status st = plan_band(f, info, &rows, err);

    if (st)
        return st;
    if (!TIFFRGBAImageBegin(&image, f->tif, 1, why))
        return ay_fail(err, AY_EUNSUPPORTED, "TIFF: %s", why);
    image.orientation = image.req_orientation = ORIENTATION_TOPLEFT;
    st = ay_sink_open(&sink, info, out, err);
    if (!st)
        st = read_bands(f, &image, &sink, rows, err);
    ay_sink_close(&sink);
    TIFFRGBAImageEnd(&image);
    return st;
}

static ay_status load(const ay_source *src, const ay_image_info *info, ay_image *out, ay_err *err)
{
    ay_status st;
    file f;

    st = open_file(&f, src, err);
    if (st)
        return st;
    st = read_picture(&f, info, out, err);
    TIFFClose(f.tif);
    return st;
}

const ay_codec ay_codec_tiff = {.format = AY_FORMAT_TIFF,
                                .name = "tiff",
                                .mime = "image/tiff",
                                .ext = ".tif",
                                .sniff = sniff,
                                .header = header,
                                .load = load};
