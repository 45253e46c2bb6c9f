/* service/quality.h - would a photographer take this picture again?  For src/service only.
 *
 * Three measures on luma (Rec. 601) of the picture brought to 256 pixels on its shorter side, so that
 * a phone's picture and a thumbnail are judged alike:
 *   brightness  its mean, 0..1; below 0.15 is too dark, above 0.92 too bright
 *   contrast    its standard deviation, 0..0.5; below 0.03 there is nothing to see
 *   sharpness   variance of the Laplacian (Pech-Pacheco et al., 2000) over the variance of luma, times
 *               50: a blurred picture has little of its variation in fine detail.  Below 1: blurred
 * Hints for people, nothing else depends on them. */
#ifndef AY_SERVICE_QUALITY_H
#define AY_SERVICE_QUALITY_H

#include "service/scan.h"

ay_status ay_quality_measure(const ay_image *im, ay_quality *out, ay_err *err);

#endif
