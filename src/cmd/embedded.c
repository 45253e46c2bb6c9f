#include "cmd/embedded.h"

#include "cmd/pictures.h"

typedef struct {
    ay_embedded *out;
    ay_engine *engine;
} reading;

static ay_status embed(void *ctx, const ay_image *const *images, const char *const *names, int n, ay_err *err)
{
    ay_embedded *e = ((reading *)ctx)->out;
    ay_status status =
        ay_engine_embed(((reading *)ctx)->engine, images, n, e->rows + e->n * (size_t)e->dim, err);

    for (int i = 0; i < n && status == AY_OK; i++)
        e->name[e->n++] = names[i];
    return status;
}

ay_status ay_embedded_read(ay_embedded *out, const ay_session *s, const ay_args *args, const ay_files *files,
                           ay_arena *a, ay_err *err)
{
    reading r = {out, s->engine};
    ay_pictures walk = {.what = "embedding", .limits = ay_session_limits(args),
                        .quiet = ay_args_get(args, "quiet") != NULL, .use = embed, .ctx = &r};
    ay_status status;

    *out = (ay_embedded){.dim = ay_engine_get_info(s->engine)->dim};
    out->name = ay_arena_alloc(a, (files->n + 1) * sizeof *out->name);
    out->rows = ay_arena_alloc(a, (files->n + 1) * (size_t)out->dim * sizeof *out->rows);
    if (!out->name || !out->rows)
        return ay_fail(err, AY_ENOMEM, "%zu pictures", files->n);
    status = ay_pictures_each(&walk, files, err);
    out->failed = walk.failed;
    return status;
}
