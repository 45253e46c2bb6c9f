/* draw/kit.h - materials and placings that several families of solids share.
 *
 * A function that gives an int adds a material to the solid and gives its number.  Threads: any, on
 * different solids. */
#ifndef AY_DRAW_KIT_H
#define AY_DRAW_KIT_H

#include "draw/family.h"

int ay_kit_plain(ay_rng *r, ay_solid *s, ay_v3 c, float rough); /* one colour, no pattern */
int ay_kit_plastic(ay_rng *r, ay_solid *s);                     /* any plastic */
int ay_kit_metal(ay_rng *r, ay_solid *s);                       /* any metal */
int ay_kit_casing(ay_rng *r,
                  ay_solid *s); /* of a device: black, white, silver, grey, seldom a colour */
int ay_kit_enamel(ay_rng *r, ay_solid *s); /* of a kitchen machine: white, black, steel */
int ay_kit_wooden(ay_rng *r, ay_solid *s);
int ay_kit_glass(ay_rng *r, ay_solid *s);             /* dark, a mirror */
int ay_kit_screen(ay_rng *r, ay_solid *s, float lit); /* off, or lit with windows or a picture */
int ay_kit_lens(ay_rng *r, ay_solid *s);
int ay_kit_keycaps(ay_rng *r, ay_solid *s);
int ay_kit_tin(ay_rng *r, ay_solid *s);
int ay_kit_gilded(ay_rng *r, ay_solid *s);
/* Print in a second colour on the top face, about that many letters across. */
int ay_kit_printed(ay_rng *r, ay_solid *s, ay_v3 body, ay_v3 ink, float letters);

/* What follows is turned about z by any angle, and tipped by at most lean. */
void ay_kit_spun(ay_rng *r, ay_solid *s, float lean);
/* What follows was built lying on its back, face to +z and top to +y: stand it up, face to -y. */
void ay_kit_stand(ay_solid *s, float lean);
/* The primitive's own +z looks to -y: on the front of a thing built standing. */
void ay_kit_front(ay_prim *p);
ay_prim *ay_kit_grid(ay_prim *p, int nx, float dx, int ny, float dy);
/* Seen as a catalogue shows it, more often than not: camera elevation low to high, at most yaw from
 * the front. */
void ay_kit_product(ay_view *v, float low, float high, float yaw);

/* Lying and seen from any side, or (as often as upright says) standing and seen from the front. */
bool ay_kit_lie_or_stand(ay_rng *r, ay_solid *s, ay_view *v, float upright, float yaw);

#endif
