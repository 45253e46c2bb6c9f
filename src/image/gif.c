/* image/gif.c - the first frame of a GIF through giflib.
 *
 * Records are read one by one up to the first picture, because giflib's DGifSlurp() keeps every
 * frame and a small file can hold gigabytes of them.  Both the screen and the frame are checked
 * against the limits: either may be the lie.  What the frame leaves uncovered, and its transparent
 * colour, is white. */
#include "image/codec.h"

#include "base/mem.h"

#include <string.h>

#include <gif_lib.h>

#define LINE_MAX 65536 /* a frame's width has 16 bits */

typedef struct {
    const uint8_t *p, *end;
} cursor;

typedef struct {
    GifFileType *gif;
    const ay_source *src;
    ay_image *out;
    int transparent; /* colour index, -1: none */
    uint8_t line[LINE_MAX];
} job;

static bool sniff(const uint8_t *p, size_t n)
{
    return n >= 6 && (!memcmp(p, "GIF87a", 6) || !memcmp(p, "GIF89a", 6));
}

static ay_status header(const ay_source *src, ay_image_info *info, ay_err *err)
{
    if (src->size < 13)
        return ay_source_cut_short("GIF", err);
    info->width = (int)ay_le16(src->data + 6);
    info->height = (int)ay_le16(src->data + 8);
    return AY_OK;
}

static int read_bytes(GifFileType *gif, GifByteType *dst, int n)
{
    cursor *c = gif->UserData;
    ptrdiff_t left = c->end - c->p;

    if (n > left)
        n = (int)left;
    memcpy(dst, c->p, (size_t)n);
    c->p += n;
    return n;
}

static ay_status fail(int code, ay_err *err)
{
    const char *why = GifErrorString(code);

    if (code == D_GIF_ERR_NOT_ENOUGH_MEM)
        return ay_fail(err, AY_ENOMEM, "GIF: out of memory");
    return ay_fail(err, AY_ECORRUPT, "GIF: %s", why ? why : "the picture is damaged");
}

/* Blocks between pictures; the one before the first tells its transparent colour. */
static bool read_extension(job *j)
{
    GraphicsControlBlock control;
    GifByteType *block;
    int code;

    if (DGifGetExtension(j->gif, &code, &block) == GIF_ERROR)
        return false;
    while (block) {
        if (code == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control))
            j->transparent = control.TransparentColor;
        if (DGifGetExtensionNext(j->gif, &block) == GIF_ERROR)
            return false;
    }
    return true;
}

static void put_line(const job *j, const ColorMapObject *map, int y)
{
    const GifImageDesc *f = &j->gif->Image;
    int width = f->Width;
    uint8_t *rgb;

    if (y >= j->out->height || f->Left >= j->out->width)
        return;
    if (width > j->out->width - f->Left)
        width = j->out->width - f->Left;
    rgb = j->out->data + ((size_t)y * (size_t)j->out->width + (size_t)f->Left) * 3;
    for (int x = 0; x < width; x++, rgb += 3) {
        int index = j->line[x];
        const GifColorType *c = map->Colors + index;
        if (index == j->transparent || index >= map->ColorCount)
            continue;
        rgb[0] = c->Red;
        rgb[1] = c->Green;
        rgb[2] = c->Blue;
    }
}

static ay_status read_frame(job *j, ay_err *err)
{
    static const uint8_t first[4] = {0, 4, 2, 1}, step[4] = {8, 8, 4, 2};
    const GifImageDesc *f = &j->gif->Image;
    const ColorMapObject *map = f->ColorMap ? f->ColorMap : j->gif->SColorMap;
    ay_status st = ay_source_check(j->src, (uint64_t)f->Width, (uint64_t)f->Height, err);

    if (st)
        return st;
    if (!map)
        return ay_fail(err, AY_ECORRUPT, "GIF: no colour table");
    for (int pass = 0; pass < (f->Interlace ? 4 : 1); pass++)
        for (int y = f->Interlace ? first[pass] : 0; y < f->Height;
             y += f->Interlace ? step[pass] : 1) {
            if (DGifGetLine(j->gif, j->line, f->Width) == GIF_ERROR)
                return fail(j->gif->Error, err);
            put_line(j, map, f->Top + y);
        }
    return AY_OK;
}

static ay_status first_frame(job *j, ay_err *err)
{
    GifRecordType type;

    for (;;) {
        if (DGifGetRecordType(j->gif, &type) == GIF_ERROR)
            return fail(j->gif->Error, err);
        if (type == TERMINATE_RECORD_TYPE)
            return ay_fail(err, AY_ECORRUPT, "GIF: there is no picture in it");
        if (type == EXTENSION_RECORD_TYPE && !read_extension(j))
            return fail(j->gif->Error, err);
        if (type == IMAGE_DESC_RECORD_TYPE)
            return DGifGetImageDesc(j->gif) == GIF_ERROR ? fail(j->gif->Error, err)
                                                         : read_frame(j, err);
    }
}

static ay_status load(const ay_source *src, const ay_image_info *info, ay_image *out, ay_err *err)
{
    cursor c = {src->data, src->data + src->size};
    job *j = ay_calloc(1, sizeof *j);
    ay_status st;
    int code = 0;

    if (!j)
        return ay_fail(err, AY_ENOMEM, "GIF: out of memory");
    *j = (job){.src = src, .out = out, .transparent = NO_TRANSPARENT_COLOR};
    j->gif = DGifOpen(&c, read_bytes, &code);
    st = j->gif ? ay_image_create(out, info->width, info->height, err) : fail(code, err);
    if (!st) {
        memset(out->data, 255, (size_t)out->width * (size_t)out->height * 3);
        st = first_frame(j, err);
    }
    if (j->gif)
        DGifCloseFile(j->gif, &code);
    ay_free(j);
    return st;
}

const ay_codec ay_codec_gif = {.format = AY_FORMAT_GIF,
                               .name = "gif",
                               .mime = "image/gif",
                               .ext = ".gif",
                               .sniff = sniff,
                               .header = header,
                               .load = load};
