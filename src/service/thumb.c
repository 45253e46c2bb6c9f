/* service/thumb.c - small versions of stored pictures, made once.
 *
 * Decoding a phone's picture takes a tenth of a second; a page shows fifty.  So a thumbnail is kept as
 * <data>/thumbs/ab/<digest>-<size>.jpg.  It is not synced to the disk, because it can always be made
 * again; it appears by rename, so a reader sees a whole one or none, and one that a crash left empty is
 * recognised by not being a JPEG. */
#include "service/internal.h"
#include "service/picture.h"

#include "base/file.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096, QUALITY = 85, LEAST = 16, MOST = 1024 };

static ay_status shrink(const ay_image *im, int size, ay_image *small, ay_err *err)
{
    int longer = im->width > im->height ? im->width : im->height;
    int w = (int)((int64_t)im->width * size / longer),
        h = (int)((int64_t)im->height * size / longer);

    return ay_image_resize(im, w > 0 ? w : 1, h > 0 ? h : 1, AY_FILTER_BOX, small, err);
}

static ay_status make(ay_service *s, const char *sha256, int size, ay_buf *out, ay_err *err)
{
    ay_image im = {0}, small = {0};
    ay_buf bytes = {0};
    ay_status status = ay_blobs_get(s->blobs, sha256, false, &bytes, err);

    if (status == AY_OK)
        status = ay_image_decode(bytes.data, bytes.len, &s->limits, &im, err);
    if (status == AY_OK && (im.width > size || im.height > size))
        status = shrink(&im, size, &small, err);
    if (status == AY_OK)
        status = ay_image_encode_jpeg(small.data ? &small : &im, QUALITY, out, err);
    ay_image_fini(&small);
    ay_image_fini(&im);
    ay_buf_fini(&bytes);
    return status;
}

/* Best effort: without the file it is made again next time. */
static void keep(const ay_service *s, const char *path, const char *p, size_t n)
{
    char dir[PATH], tmp[PATH + 32], tag[17];
    bool whole = false;
    FILE *f;

    snprintf(dir, sizeof dir, "%s/thumbs", s->data);
    mkdir(dir, 0755);
    snprintf(dir, sizeof dir, "%s", path);
    *strrchr(dir, '/') = '\0';
    mkdir(dir, 0755);
    ay_random_hex(tag, 8);
    snprintf(tmp, sizeof tmp, "%s.%s", path, tag);
    f = fopen(tmp, "wbx");
    if (f) {
        whole = fwrite(p, 1, n, f) == n;
        whole = fclose(f) == 0 && whole;
    }
    if (!whole || rename(tmp, path) != 0)
        unlink(tmp);
}

ay_status ay_picture_thumb(ay_service *s, const char *sha256, int size, ay_buf *out, ay_err *err)
{
    size_t start = out->len;
    char path[PATH];
    ay_status status;

    if (size < LEAST || size > MOST)
        return ay_fail(err, AY_EINVAL, "a thumbnail has %d to %d pixels, not %d", LEAST, MOST,
                       size);
    /* The digest is checked, and the picture known to exist, before its name goes into a path. */
    if (!ay_blobs_has(s->blobs, sha256))
        return ay_fail(err, ay_sha256_valid(sha256) ? AY_ENOTFOUND : AY_EINVAL, "no such picture");
    if (snprintf(path, sizeof path, "%s/thumbs/%.2s/%s-%d.jpg", s->data, sha256, sha256, size) >=
        PATH)
        return make(s, sha256, size, out, err);
    status = ay_file_read(path, 0, out, NULL);
    if (status == AY_OK && ay_image_sniff(out->data + start, out->len - start) == AY_FORMAT_JPEG)
        return AY_OK;
    out->len = start;
    status = make(s, sha256, size, out, err);
    if (status == AY_OK && !s->reading_only)
        keep(s, path, out->data + start, out->len - start);
    return status;
}

void ay_thumbs_remove(ay_service *s, const char *sha256)
{
    static const int sizes[] = {96, 192, 384}; /* those the page asks for */
    char path[PATH];

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (snprintf(path, sizeof path, "%s/thumbs/%.2s/%s-%d.jpg", s->data, sha256, sha256,
                     sizes[i]) < PATH)
            unlink(path);
}
