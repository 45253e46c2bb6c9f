#include "cmd/pictures.h"

#include <stdio.h>

static ay_status load(const ay_pictures *p, const char *path, ay_image *out, ay_err *err)
{
    ay_buf bytes = {0};
    ay_status status = ay_files_read(path, p->limits.max_bytes, &bytes, err);

    if (status == AY_OK)
        status = ay_image_decode(bytes.data, bytes.len, &p->limits, out, err);
    ay_buf_fini(&bytes);
    return status;
}

static ay_status use_chunk(ay_pictures *p, char **paths, size_t n, ay_err *err)
{
    ay_image image[AY_PICTURES_CHUNK] = {{0}};
    const ay_image *list[AY_PICTURES_CHUNK];
    const char *name[AY_PICTURES_CHUNK];
    ay_status status = AY_OK;
    int m = 0;

    for (size_t i = 0; i < n; i++) {
        if (load(p, paths[i], &image[m], err) != AY_OK) {
            ay_progress_hide(&p->bar);
            fprintf(stderr, "%s: error: %s\n", paths[i], err->msg);
            p->failed++;
            continue;
        }
        name[m] = paths[i];
        list[m] = &image[m];
        m++;
    }
    if (m > 0)
        status = p->use(p->ctx, list, name, m, err);
    for (int i = 0; i < m; i++)
        ay_image_fini(&image[i]);
    return status;
}

ay_status ay_pictures_each(ay_pictures *p, const ay_files *files, ay_err *err)
{
    ay_status status = AY_OK;

    p->failed = 0;
    ay_progress_start(&p->bar, p->what, (long)files->n, p->quiet || files->n < 2);
    for (size_t i = 0; i < files->n && status == AY_OK; i += AY_PICTURES_CHUNK) {
        size_t n = files->n - i < AY_PICTURES_CHUNK ? files->n - i : AY_PICTURES_CHUNK;
        status = use_chunk(p, files->path + i, n, err);
        ay_progress_step(&p->bar, (long)(i + n), (long)files->n);
    }
    ay_progress_end(&p->bar);
    return status;
}
