/* draw/render.h - from a solid, a ground, lights and a camera to light in every pixel, and from
 * light to a photograph.
 *
 * A canvas holds linear light.  Rendering marches one ray a pixel through the distance field and
 * four more where neighbours differ; light is one lamp with soft shadow, a sky, and soft boxes that
 * polished surfaces mirror.  Threads: any, on different canvases. */
#ifndef AY_DRAW_RENDER_H
#define AY_DRAW_RENDER_H

#include "base/err.h"
#include "draw/solid.h"
#include "image/image.h"

typedef struct {
    int width, height;
    ay_v3 *px; /* height * width, linear light */
} ay_canvas;

ay_status ay_canvas_init(ay_canvas *c, int width, int height, ay_err *err);
void ay_canvas_fini(ay_canvas *c);

typedef enum {
    AY_GROUND_STUDIO, /* paper sweep, one colour */
    AY_GROUND_WOOD,
    AY_GROUND_PLANKS,
    AY_GROUND_CLOTH,
    AY_GROUND_METAL,
    AY_GROUND_CONCRETE,
    AY_GROUND_CONVEYOR,
    AY_GROUND_CARDBOARD,
    AY_GROUND_GRANITE,
    AY_GROUND_TILES,
    AY_GROUND_MAT, /* cutting mat with a grid */
    AY_GROUND_PEBBLES,
    AY_GROUND_MARBLE,
    AY_GROUND_COUNT
} ay_ground_kind;

typedef struct {
    ay_ground_kind kind;
    ay_v3 a, b;
    float scale, turn_c, turn_s, ox, oy, rough, metal;
    uint32_t seed;
} ay_ground;

void ay_ground_pick(ay_rng *r, ay_ground *g);
/* Texel of the ground at (x, y); bump is a height. */
ay_texel ay_ground_at(const ay_ground *g, float x, float y);

/* How a class likes to be seen; a builder changes what it needs. */
typedef struct {
    float low, high; /* camera elevation, radians above the ground */
    float yaw;       /* largest turn away from the front, radians; AY_PI: any */
    float near, far; /* distance, 1: the thing just fills the picture */
    float product;   /* how often it stands alone on white or plain, cut out */
    float roll;      /* largest tilt of the camera, radians */
    float wear;      /* 0: always new; 1: usual for scrap */
    bool calm;       /* as a person at a bench takes it: near, sober grounds, mild wear */
} ay_view;

typedef struct {
    const ay_solid *solid;
    ay_m3 cam; /* rows: right, up, back */
    ay_v3 eye;
    float focal;
    float shift_x, shift_y;
    ay_v3 light, key, sky, floor; /* to the lamp; its colour; from above; from below */
    float soft;                   /* width of the lamp */
    float dapple;                 /* 0..1: shadow of things out of sight */
    ay_v3 dapple_x, dapple_y;     /* its plane, across the light */
    uint32_t dapple_seed;
    ay_v3 box_dir[3], box_colour[3];
    float box_size[3];
    int boxes;
    bool cut_out;      /* nothing behind */
    ay_v3 back, back2; /* behind a cut-out, and the far distance */
    float ground_z;
    ay_ground ground;
    ay_wear wear;
} ay_scene;

void ay_view_default(ay_view *v);
/* Lay things about, and sometimes across, a finished solid; finishes it again. */
void ay_clutter_add(ay_rng *r, ay_solid *s);
/* Choose camera, light, ground and wear for a finished solid. */
void ay_scene_pick(ay_rng *r, const ay_solid *s, const ay_view *v, float aspect, ay_scene *out);
ay_status ay_scene_render(const ay_scene *sc, ay_canvas *c, ay_err *err);

/* What a camera does: blur, exposure, white balance, vignette, noise, tone curve.  gentle 0..1: how
 * well behaved.  Writes 8-bit sRGB. */
ay_status ay_camera_expose(ay_rng *r, ay_canvas *c, float gentle, ay_image *out, ay_err *err);

#endif
