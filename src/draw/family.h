/* draw/family.h - what a class of pictures is, and the families that hold them.
 *
 * A class either builds a solid (which is then placed, lit and photographed) or paints light into a
 * canvas by the pixel.  A family is one file with one table; the families are listed in draw.c. */
#ifndef AY_DRAW_FAMILY_H
#define AY_DRAW_FAMILY_H

#include "draw/render.h"

/* A flat texture is a field: colour and height by place, from parameters chosen once a picture. */
typedef struct {
    float k[12];   /* uniform in 0..1, for the field to use as it likes */
    ay_v3 a, b, c; /* a palette: ground, second, accent */
    uint32_t seed;
} ay_tex;

typedef enum { AY_TINT_ANY, AY_TINT_GREY, AY_TINT_WARM, AY_TINT_GREEN } ay_tint;

typedef struct {
    const char
        *name; /* lower-case words; also seeds the class, so that new classes change no other */
    const char *demo; /* what a person reads; NULL: for training only */
    void (*build)(ay_rng *r, ay_solid *s, ay_view *v);
    ay_status (*paint)(ay_rng *r, ay_canvas *c, ay_err *err); /* where build is NULL */
    float gentle; /* painted: 0 through a rude camera .. 1 as it is (no lamp either) */
    /* Or a texture: x and y run over about -1..1, turned and zoomed; out comes as a matt texel of
     * colour a, with bump as the height in the same unit. */
    void (*field)(const ay_tex *t, float x, float y, ay_texel *out);
    ay_tint tint;
    bool centred; /* the field has a middle worth seeing */
    bool upright; /* and an up */
} ay_draw_class;

typedef struct {
    const ay_draw_class *classes;
    int count;
} ay_draw_family;

extern const ay_draw_family ay_family_fasteners, ay_family_machine, ay_family_electronics,
    ay_family_boards, ay_family_steel, ay_family_textures, ay_family_fractals, ay_family_screens,
    ay_family_devices, ay_family_household, ay_family_workshop, ay_family_shapes, ay_family_flat;

/* Paint a texture (texture.c). */
ay_status ay_texture_paint(const ay_draw_class *cl, ay_rng *r, ay_canvas *c, ay_err *err);

#endif
