/* draw/smt_paint.h - a height field with materials, things put on it, light on it, a camera over it.
 *
 * Places are in units of half the picture's smaller side, x to the right, y down, (0, 0) the middle.  A pen turns and
 * moves what is put with it.  Every put thing has a height over the board at each place and covers what is lower; print
 * only colours what is there.
 * Threads: one field, one thread. */
#ifndef AY_DRAW_SMT_PAINT_H
#define AY_DRAW_SMT_PAINT_H

#include "base/err.h"
#include "draw/math.h"
#include "draw/smt.h"

typedef struct {
    ay_v3 colour;
    float metal; /* 0 or 1: mirrors light instead of scattering it */
    float gloss; /* 0..1 of what does not */
    float grain; /* height of its roughness */
} ay_smt_stuff;

typedef struct {
    int width, height; /* of the field: twice the picture's */
    float *z;
    ay_smt_stuff *stuff;
} ay_smt_field;

typedef struct {
    ay_smt_field *f;
    float x, y, c, s; /* move, then turn: cosine and sine */
    float z;          /* what is put stands at this height */
} ay_smt_pen;

ay_status ay_smt_field_init(ay_smt_field *f, int width, int height, ay_err *err);
void ay_smt_field_fini(ay_smt_field *f);

/* Within outer: first turned by angle (radians, clockwise as seen), then moved by (x, y). */
ay_smt_pen ay_smt_pen_at(const ay_smt_pen *outer, float x, float y, float angle);

/* A block with rounded corners (r) and edges that fall off over bevel. */
void ay_smt_block(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float hw, float hh, float r,
                  float rise, float bevel);
void ay_smt_disc(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float radius, float rise, float bevel);
/* A dome: solder. */
void ay_smt_drop(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float hw, float hh, float rise);
/* Colour without height, on whatever is there. */
void ay_smt_print(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float hw, float hh, float r);
void ay_smt_print_disc(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float radius);
/* The segment of a circle above the line y = cut (in its own coordinates). */
void ay_smt_print_segment(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float radius, float cut);
/* Digits and capital letters, centred, height h; anything else is a gap. */
void ay_smt_text(const ay_smt_pen *p, const ay_smt_stuff *m, float x, float y, float h, const char *text);

/* What a board's camera and lamps are like. */
typedef struct {
    float gain, warm, blur, noise;
    uint32_t seed; /* of roughness */
} ay_smt_camera;

/* Light and photograph; r: noise of this picture. */
ay_status ay_smt_expose(const ay_smt_field *f, ay_smt_light light, const ay_smt_camera *c, ay_rng *r, ay_image *out,
                        ay_err *err);

/* smt_parts.c.  What varies from lot to lot. */
typedef struct {
    float tone, ink; /* about 1 */
    int code;              /* printed number */
    ay_v3 tint;
} ay_smt_lot;
typedef struct {
    const char *name;
    void (*body)(const ay_smt_pen *p, const ay_smt_lot *lot, ay_rng *r);
    /* x, y, half width, half height of pads, in the part's frame */
    float pad[8][4];
    int pads;
    bool stands; /* may be a tombstone */
    float w, h, tall; /* half size of the body, its height */
} ay_smt_kind;
const ay_smt_kind *ay_smt_kind_of(ay_smt_package p);

/* Common stuff. */
ay_smt_stuff ay_smt_matt(float red, float green, float blue);
ay_smt_stuff ay_smt_tin(float tone);

#endif
