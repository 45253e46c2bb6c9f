/* draw/draw.h - pictures drawn by our own code: the demonstration's classes and training data.
 *
 * A picture is a pure function of (class name, seed, index, width, height): the same bytes on every
 * run.  Every index is another pose, light, background, wear and camera.  Solid subjects are signed
 * distance fields rendered with soft shadows; textures and fractals are computed by the pixel.
 *
 * Adding a class is one drawing function and one line in the table of its family's file; adding a
 * family is one file and one line in the table in draw.c.
 * Threads: all functions from any thread. */
#ifndef AY_DRAW_DRAW_H
#define AY_DRAW_DRAW_H

#include "base/err.h"
#include "image/image.h"

#include <stdint.h>

typedef enum {
    AY_DRAW_DEMO,  /* about twenty classes with human names, photographic: what a newcomer sees */
    AY_DRAW_TRAIN, /* the demonstration's classes and many more: what the default encoder learns */
    AY_DRAW_SET_COUNT
} ay_draw_set;

enum { AY_DRAW_MIN_SIDE = 16, AY_DRAW_MAX_SIDE = 2048 };

/* Pictures with an index from here on are held out: no training or reference set uses them, so that
 * tests and the pretended camera show what nothing has seen. */
#define AY_DRAW_HELD_OUT 1000000u

/* Classes in the set; 0 for a set that does not exist. */
int ay_draw_class_count(ay_draw_set set);
/* Static; for DEMO what a person reads ("Gear"), for TRAIN lower-case words.  NULL when out of
 * range. */
const char *ay_draw_class_name(ay_draw_set set, int class_index);
/* The class of that name, exactly; -1 when there is none. */
int ay_draw_class_find(ay_draw_set set, const char *name);

/* Draw one picture, width x height.  On success the caller gives *out to ay_image_fini(); on
 * failure *out is zeroed. AY_EINVAL  no such set or class, or a side outside
 * AY_DRAW_MIN_SIDE..AY_DRAW_MAX_SIDE AY_ENOMEM */
ay_status ay_draw_picture(ay_draw_set set, int class_index, uint64_t seed, uint64_t index,
                          int width, int height, ay_image *out, ay_err *err);

#endif
