/* cmd/pictures.h - the pictures of a list, read and decoded some at a time, with a progress bar.
 *
 * What "assay classify", "embed" and "predict" have in common: a picture that cannot be read is named on
 * standard error, counted and left out, and the others go on.  Threads: one. */
#ifndef AY_CMD_PICTURES_H
#define AY_CMD_PICTURES_H

#include "cmd/files.h"
#include "cmd/progress.h"
#include "image/image.h"

#include <stdbool.h>

enum { AY_PICTURES_CHUNK = 16 };

/* n (1 .. AY_PICTURES_CHUNK) decoded pictures and their names, in the list's order, borrowed for the
 * call.  Who prints calls ay_progress_hide() first.  Non-OK ends the walk with that status. */
typedef ay_status (*ay_pictures_use)(void *ctx, const ay_image *const *images,
                                     const char *const *names, int n, ay_err *err);

typedef struct {
    const char *what; /* "classifying" */
    ay_image_limits limits;
    bool quiet; /* no bar; a single picture has none anyway */
    ay_pictures_use use;
    void *ctx;
    ay_progress bar;
    long failed; /* pictures left out */
} ay_pictures;

ay_status ay_pictures_each(ay_pictures *p, const ay_files *files, ay_err *err);

#endif
