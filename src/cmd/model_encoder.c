#include "cmd/model_encoder.h"

#include "cmd/cmd.h"
#include "cmd/progress.h"
#include "train/encoder.h"

#include <stdio.h>
#include <string.h>

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

static const char *text(const ay_args *a, const char *name, const char *otherwise)
{
    const char *v = ay_args_get(a, name);

    return v ? v : otherwise;
}

static bool number(const ay_args *a, const char *name, long lo, long hi, long *out)
{
    return !ay_args_get(a, name) || ay_args_number(a, name, lo, hi, out);
}

int ay_model_encoder(const ay_args *a)
{
    long size = 0, dim = 0, each = 0;
    ay_encoder_result r;
    ay_progress bar;
    ay_err err;
    ay_status status;

    if (a->n_rest != 4)
        return ay_args_wrong(a, "model encoder: wants MODEL PICTURES DIR%s", "");
    if (!number(a, "size", 16, 1024, &size) || !number(a, "dim", 1, 65536, &dim) ||
        !number(a, "each", 2, 100000, &each))
        return AY_EXIT_USAGE;
    ay_encoder_options o = {.name = text(a, "name", last_part(a->rest[3])),
                            .version = text(a, "version", "1.0.0"),
                            .licence = text(a, "licence", "yours"),
                            .size = (int)size, .dim = (int)dim, .each = (int)each,
                            .progress = ay_progress_files, .note = ay_progress_left_out, .ctx = &bar};
    ay_progress_start(&bar, "looking", 0, 0);
    status = ay_encoder_make(a->rest[1], a->rest[2], a->rest[3], &o, &r, &err);
    ay_progress_end(&bar);
    if (status != AY_OK)
        return ay_cmd_fail(&err);
    printf("%s: %d numbers from %d, fitted to %d pictures of %d classes\n", a->rest[3], r.dim,
           r.pooled, r.pictures, r.classes);
    return AY_EXIT_OK;
}
