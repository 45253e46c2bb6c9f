/* train/hues.h - which colours a picture's thing has, read off its pixels: what words of colour are learnt from.
 *
 * The picture as 32 x 32 pixels; the ground is what differs by less than 0.12 in every channel from the median
 * of the border (all of it counts when less than a twentieth would remain); pixels near the middle count more
 * (a bell of 10 pixels' width).  A pixel is red, orange, yellow, green, blue or purple when its saturation is
 * over 0.35 and its value over 0.25, by its hue; white when nearly grey and bright; black when dark.
 *
 * Rejected: names of colours in names of classes ("red apple"): too few, and a class's colour cannot be told
 * from the class.  Threads: pure functions. */
#ifndef AY_TRAIN_HUES_H
#define AY_TRAIN_HUES_H

#include "base/err.h"
#include "image/image.h"

enum { AY_HUES = 8 };
extern const char *const ay_hue_names[AY_HUES]; /* "red colour" ... as in a list of words */

/* The share of the thing that has each colour, 0..1. */
ay_status ay_hues_of(const ay_image *im, double share[AY_HUES], ay_err *err);

#endif
