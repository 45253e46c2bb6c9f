/* inspect/rotate.h - quarter turns, and what a component's orientation is after one.
 *
 * A quarter turn moves pixels and changes none.  Where a turned picture is stored it is stored as PNG, so that its
 * pixels are those of the decoded original, every one: a turned JPEG that is compressed again would differ from
 * the pictures that were not turned, and a network can learn that difference instead of the orientation.
 * Rejected: turning a JPEG's blocks (only whole blocks can be turned, the rest of 8 or 16 pixels at the edges
 * is cut or stays where it is; and decoders smooth half-size colour along rows first, so pixels differ by some steps).
 *
 * Threads: any, on different pictures. */
#ifndef AY_INSPECT_ROTATE_H
#define AY_INSPECT_ROTATE_H

#include "base/err.h"
#include "image/image.h"

/* Where a component's mark points.  In this order a quarter turn clockwise is + 1. */
typedef enum { AY_LINE_UP, AY_LINE_RIGHT, AY_LINE_DOWN, AY_LINE_LEFT, AY_LINE_ORIENTATIONS } ay_line_orientation;
#define AY_LINE_UNKNOWN (-1)

const char *ay_line_orientation_name(int o);           /* "Up" ...; "" for AY_LINE_UNKNOWN */
int ay_line_orientation_find(const char *name);        /* exactly so spelt; else AY_LINE_UNKNOWN */
int ay_line_orientation_turned(int o, int degrees);    /* clockwise; AY_LINE_UNKNOWN stays that */

/* Turn clockwise in place (image.h's ay_image_orient() does it).  degrees: a multiple of 90, also negative.
 * AY_EINVAL, AY_ENOMEM; then im is as it was. */
ay_status ay_line_rotate(ay_image *im, int degrees, ay_err *err);

#endif
