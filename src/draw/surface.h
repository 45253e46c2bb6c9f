/* draw/surface.h - what a thing is made of: colour, polish, print and wear at a place on it.
 *
 * Colours are linear light.  A pattern is evaluated in the primitive's own coordinates, so that
 * print and grain turn with the thing.  Threads: any; everything here is a pure function. */
#ifndef AY_DRAW_SURFACE_H
#define AY_DRAW_SURFACE_H

#include "draw/math.h"

typedef enum {
    AY_PAT_PLAIN,
    AY_PAT_MOTTLE,  /* soft clouds of colour2 */
    AY_PAT_SPECKLE, /* grains of colour2 */
    AY_PAT_BRUSHED, /* fine lines along x */
    AY_PAT_TURNED,  /* fine circles about z */
    AY_PAT_STRIPES, /* colour2 bars across x, `scale` a unit */
    AY_PAT_CHECK,   /* squares in xy */
    AY_PAT_BANDS,   /* rings along z in chosen colours: a resistor */
    AY_PAT_PRINT,   /* rows of print in colour2 on top */
    AY_PAT_LABEL,   /* a paper label with print and a bar code */
    AY_PAT_SCREEN,  /* a lit screen: windows, icons, pictures */
    AY_PAT_PICTURE, /* a lit screen with a landscape or shapes */
    AY_PAT_PCB,     /* tracks, pads and holes */
    AY_PAT_KEYS,    /* a legend on every cell of a grid */
    AY_PAT_DIAL,    /* a clock face */
    AY_PAT_LENS,    /* rings and coloured reflections */
    AY_PAT_GRILLE,  /* round holes */
    AY_PAT_SLOTS,   /* long openings */
    AY_PAT_WOOD,
    AY_PAT_FABRIC,
    AY_PAT_KNURL,
    AY_PAT_WINDING, /* wire turns across z */
    AY_PAT_RUBBER,
    AY_PAT_SEGMENTS, /* lit seven-segment digits */
    AY_PAT_COUNT
} ay_pattern;

typedef struct {
    ay_v3 colour, colour2;
    float metal, rough; /* 0..1 */
    float scale;        /* of the pattern, features a unit */
    float glow;         /* light given off */
    ay_pattern pattern;
    uint32_t seed;
} ay_material;

/* Wear common to one picture, by place on the object. */
typedef struct {
    float rust, dirt, scratch, dust; /* 0..1 */
    uint32_t seed;
} ay_wear;

typedef struct {
    ay_v3 colour, glow;
    float metal, rough;
    float bump; /* height of the surface's grain, for turning the normal */
} ay_texel;

/* Ready materials; each call may vary them a little. */
ay_material ay_mat_paint(ay_rng *r, ay_v3 colour, float rough); /* plastic, enamel */
ay_material ay_mat_steel(ay_rng *r);
ay_material ay_mat_brass(ay_rng *r);
ay_material ay_mat_copper(ay_rng *r);
ay_material ay_mat_gold(ay_rng *r);
ay_material ay_mat_any_metal(ay_rng *r);
ay_material ay_mat_black(ay_rng *r);       /* dark plastic */
ay_material ay_mat_any_plastic(ay_rng *r); /* any colour, greys and blacks more often */

/* q: the place in the primitive's coordinates; half: its half size; cell: which copy of a repeated
 * primitive; on_top: how far the surface faces the primitive's +z. */
ay_texel ay_surface(const ay_material *m, ay_v3 q, ay_v3 half, uint32_t cell, float on_top);
void ay_surface_wear(ay_texel *t, const ay_wear *w, ay_v3 p);

#endif
