#include "cmd/files.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/image.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static ay_status push(ay_files *f, const char *path, ay_err *err)
{
    char *copy = ay_strdup(path);

    if (f->n == f->cap && copy) {
        size_t cap = f->cap ? 2 * f->cap : 64;
        char **grown = ay_realloc(f->path, cap, sizeof *grown);
        if (!grown) {
            ay_free(copy);
            copy = NULL;
        } else {
            f->path = grown;
            f->cap = cap;
        }
    }
    if (!copy)
        return ay_fail(err, AY_ENOMEM, "listing %s", path);
    f->path[f->n++] = copy;
    return AY_OK;
}

/* In a folder only pictures count: a README beside them is no failure. */
static ay_status visit(void *ctx, const char *path, ay_err *err)
{
    unsigned char head[64];
    FILE *file = fopen(path, "rb");
    size_t n = file ? fread(head, 1, sizeof head, file) : 0;

    if (file)
        fclose(file);
    return ay_image_sniff(head, n) == AY_FORMAT_UNKNOWN ? AY_OK : push(ctx, path, err);
}

ay_status ay_files_collect(ay_files *f, char **operands, int n, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < n && status == AY_OK; i++) {
        if (strcmp(operands[i], "-") == 0 || !ay_file_is_dir(operands[i])) {
            if (strcmp(operands[i], "-") != 0 && !ay_file_exists(operands[i]))
                return ay_fail(err, AY_ENOTFOUND, "%s: %s", operands[i], strerror(ENOENT));
            status = push(f, operands[i], err);
        } else {
            status = ay_file_walk(operands[i], visit, f, err);
        }
    }
    if (status == AY_OK && f->n == 0 && n > 0)
        return ay_fail(err, AY_ENOTFOUND, "%s holds no picture: JPEG, PNG, WebP, GIF, BMP and TIFF are read",
                       operands[0]);
    return status;
}

void ay_files_fini(ay_files *f)
{
    for (size_t i = 0; i < f->n; i++)
        ay_free(f->path[i]);
    ay_free(f->path);
    *f = (ay_files){0};
}

ay_status ay_files_read(const char *path, size_t limit, ay_buf *out, ay_err *err)
{
    return ay_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, limit, out, err);
}
