/* image/look.h - is this the same picture?  What was resized, recompressed, turned or cropped is; another shot is not.
 *
 * A look is a square grey copy of 768 x 768 and a smaller one of the colours, made once a picture.  Two looks are compared at the
 * finest size that both pictures really have: the second is turned, and where it does not fit, moved and stretched as a crop
 * would be (image/look_place.c).  Then every small block must agree: its mean squared difference is divided by what JPEG and
 * resizing may do to a block with so much detail, and the worst block decides.  So one word that differs on a page, one
 * closed eye in a burst, one other scratch on the same steel is enough to say no.
 *
 * Where nothing differs so much, all of it may still lie beside itself by half a point or more: a copy lies where its original lies, the next
 * frame from the hand does not.
 *
 * Rejected: one figure for the whole picture (SSIM, correlation: a changed corner drowns); matched key points (two shots of
 * one thing match well); brightness fitted away (exports keep their values, two frames of a burst do not).  The limits were
 * chosen on one half of the labelled pairs of bench/dups.md and are judged there on the other.
 *
 * Threads: any, on different looks; comparing only reads. */
#ifndef AY_IMAGE_LOOK_H
#define AY_IMAGE_LOOK_H

#include "base/hash.h"
#include "image/align.h"
#include "image/image.h"
#include "image/print.h"

enum { AY_LOOK_SIDE = 768, AY_LOOK_CHROMA = 96, AY_LOOK_SMALL = 128 };

typedef struct {
    int width, height;          /* of the picture, upright */
    char pixels[AY_SHA256_HEX]; /* digest of its size and its decoded, upright pixels */
    float *small;               /* the luma again, AY_LOOK_SMALL squared, for aligning; owned */
    uint8_t *luma;              /* AY_LOOK_SIDE squared; same memory */
    uint8_t *chroma;            /* Cb, then Cr: AY_LOOK_CHROMA squared each; same memory */
} ay_look;

ay_status ay_look_init(ay_look *l, const ay_image *im, ay_err *err);
void ay_look_fini(ay_look *l); /* zeroed is fine */

typedef enum {
    AY_LOOK_OTHER,   /* not the same picture, or it cannot be told */
    AY_LOOK_PICTURE, /* the same picture */
    AY_LOOK_PIXELS   /* the very same pixels */
} ay_look_kind;
const char *ay_look_kind_name(ay_look_kind kind); /* "other", "picture", "pixels" */

typedef struct {
    ay_look_kind kind;
    int orientation;   /* b after ay_image_orient() by it lies over a */
    bool cropped;      /* one shows less than the other */
    ay_box box;        /* where a's points are in the turned b */
    float overlap;     /* part of a that b shows, 0..1 */
    float difference;  /* of the worst block, 1: as much as may be; of AY_LOOK_OTHER too */
    float colour;      /* the colours' part of it */
    float correlation; /* of the parts that overlap */
    int side;          /* at which size they were compared */
    float shift;       /* of pictures that agree as a whole: points by which one lies beside the other */
} ay_look_result;

/* b is tried as it would be after ay_image_orient() by this orientation (1: as it is). */
ay_status ay_look_compare(const ay_look *a, const ay_look *b, int orientation, ay_look_result *out, ay_err *err);

/* In which orientations two prints may be of one picture, the best first: how many. */
int ay_look_turns(const ay_print *a, const ay_print *b, int orientation[AY_ORIENTATIONS]);
/* Tries those orientations until one holds; the least difference otherwise. */
ay_status ay_look_judge(const ay_look *a, const ay_look *b, const int *orientation, int n, ay_look_result *out, ay_err *err);

#endif
