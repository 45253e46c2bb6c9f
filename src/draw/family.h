/* draw/family.h - what a class of pictures is, and the families that hold them.
 *
 * A class either builds a solid (which is then placed, lit and photographed) or paints light into a
 * canvas by the pixel.  A family is one file with one table; the families are listed in draw.c. */
#ifndef AY_DRAW_FAMILY_H
#define AY_DRAW_FAMILY_H

#include "draw/render.h"

typedef struct {
    const char *name; /* lower-case words; also seeds the class, so that new classes change no other */
    const char *demo; /* what a person reads; NULL: for training only */
    void (*build)(ay_rng *r, ay_solid *s, ay_view *v);
    ay_status (*paint)(ay_rng *r, ay_canvas *c, ay_err *err); /* where build is NULL */
    float gentle;     /* painted: 0 through a rude camera .. 1 as it is */
} ay_draw_class;

typedef struct {
    const ay_draw_class *classes;
    int count;
} ay_draw_family;

extern const ay_draw_family ay_family_fasteners, ay_family_machine, ay_family_electronics;

#endif
