/* image/look_parts.h - what the files of look share.  For src/image/look*.c only. */
#ifndef AY_IMAGE_LOOK_PARTS_H
#define AY_IMAGE_LOOK_PARTS_H

#include "image/look.h"

/* Two pictures, b as it is after turning, and room. */
typedef struct {
    const ay_look *a, *b;
    int orientation;
    float *pa, *pb, *over, *left, *grain; /* AY_LOOK_SIDE squared each, for work */
    bool *there;
} ay_look_work;

/* Which point of a square comes to x, y by an orientation. */
void ay_look_from_where(int side, int orientation, int x, int y, int *px, int *py);
/* side x side means of a square of from x from, as it is after turning by an orientation. */
void ay_look_shrink(const uint8_t *src, int from, int side, int orientation, float *dst);
/* The same of the small copy. */
void ay_look_shrink_small(const ay_look *l, int side, int orientation, float *dst);
/* Pixels of the shortest side of the two. */
int ay_look_smallest(const ay_look_work *w);

/* Where b may lie over a if one is cut from the other; the cheapest way first.  Uses pa, pb and over.  false: this way finds no place, or
 * none where one lies within the other and is less than all of it. */
enum { AY_LOOK_WAYS = 3, AY_LOOK_LAST = 2 /* the dearest: only where the others find no place */ };
bool ay_look_place(const ay_look_work *w, int way, ay_box *box);
/* How far the middle of b lies from the middle of a where all of both is seen, in points of the smaller one; 0 where moving mends nothing, or
 * the picture is too small to tell.  A copy lies where its original lies, whatever made it; the next frame from the hand does not. */
double ay_look_shift(const ay_look_work *w);

#endif
