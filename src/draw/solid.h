/* draw/solid.h - a thing as a signed distance field: a list of primitives joined and cut.
 *
 * The builder adds primitives in order.  Each joins what its group has so far, cuts it, or keeps
 * only what both share; ay_solid_group() begins a new group, and groups are joined.  A primitive
 * may be mirrored, repeated around the z axis of its frame, or repeated in a grid, at the cost of
 * one.
 *
 * Why a distance field: rounded edges, soft shadows and dark corners come from the same function,
 * and a class is twenty lines.  Rejected: triangle meshes (every bevel modelled by hand, shadow
 * maps), painted pictures (flat, no light to change).
 *
 * A solid of many primitives keeps, for each cell of a grid over its box, the primitives that can
 * matter there; what is asked about a place in the box looks at those only.
 *
 * Invariants: after ay_solid_finish() every primitive has its bounding sphere in world space and
 * the whole thing its own; ay_solid_distance() never overestimates by more than the primitives' own
 * error (gears, threads and helices are scaled down to stay safe). Threads: building is one
 * thread's; a finished solid is read by any. */
#ifndef AY_DRAW_SOLID_H
#define AY_DRAW_SOLID_H

#include "draw/math.h"
#include "draw/surface.h"

enum { AY_SOLID_GRID = 8, AY_SOLID_CELLS = 512, AY_SOLID_LISTED = 16384 };
enum { AY_SOLID_PRIMS = 160, AY_SOLID_MATERIALS = 40, AY_SOLID_POINTS = 320, AY_SOLID_FRAMES = 24 };

typedef enum {
    AY_PRIM_BOX,     /* a b c: half size; r: edge rounding */
    AY_PRIM_SLAB,    /* a b c: half size, d: corner radius in xy, r: edge rounding */
    AY_PRIM_CYL,     /* a: radius, c: half height */
    AY_PRIM_CONE,    /* a: radius below, b: radius above, c: half height */
    AY_PRIM_BALL,    /* a b c: half axes */
    AY_PRIM_TORUS,   /* a: to the middle of the ring, b: of the ring */
    AY_PRIM_CAPSULE, /* a: radius, c: half length between the centres */
    AY_PRIM_PRISM,   /* n sides, a: to the middle of a side, c: half height */
    AY_PRIM_GEAR, /* n teeth, a: middle radius, b: half tooth depth, c: half height, d: sharpness */
    AY_PRIM_THREAD,  /* a: radius, b: depth, c: half height, d: pitch */
    AY_PRIM_HELIX,   /* a: to the wire, b: of the wire, c: half height, d: pitch */
    AY_PRIM_OUTLINE, /* polygon in xy, c: half height */
    AY_PRIM_TURNED,  /* polygon in (distance from z axis, z), turned about z */
    AY_PRIM_ARC,     /* a: to the middle of the band, b: half width, c: half height, d: half of the
                        angle it covers,     about +x */
    AY_PRIM_TUBE     /* line through points in space, a: radius */
} ay_prim_kind;

typedef enum { AY_JOIN, AY_CUT, AY_KEEP } ay_prim_op;

typedef struct {
    ay_prim_kind kind;
    ay_prim_op op;
    int material, frame;
    bool group;          /* begins a group */
    float a, b, c, d, r; /* see ay_prim_kind */
    float blend;         /* width of a smooth join or cut; 0: sharp */
    int n;
    ay_v3 pos;               /* in the frame */
    ay_m3 rot;               /* turns the primitive in the frame */
    bool mirror_x, mirror_y; /* in the frame, before pos */
    int around;              /* copies around the frame's z axis; 0 or 1: one */
    int nx, ny;              /* copies in the primitive's own x and y, centred; 0 or 1: one */
    float dx, dy;
    int first; /* of its points */
    /* set by ay_solid_finish() */
    ay_m3 to_frame, to_prim;
    ay_v3 frame_pos, centre, half;
    float bound, half_angle;
    bool folds;
} ay_prim;

typedef struct {
    int prims, materials, points, frames;
    ay_prim prim[AY_SOLID_PRIMS];
    ay_material material[AY_SOLID_MATERIALS];
    ay_v3 point[AY_SOLID_POINTS];
    struct {
        ay_m3 rot;
        ay_v3 pos;
    } frame[AY_SOLID_FRAMES];
    bool next_group;
    /* What a walk over the primitives reads, packed: the primitives themselves would not stay in
     * the nearest cache. */
    struct {
        ay_v3 centre;
        float bound;
        uint8_t op, group; /* group: which, counted from 0 */
    } quick[AY_SOLID_PRIMS];
    uint8_t every[AY_SOLID_PRIMS]; /* 0, 1, 2, ... */
    uint16_t cell_first[AY_SOLID_CELLS], cell_count[AY_SOLID_CELLS];
    uint8_t cell_list[AY_SOLID_LISTED];
    bool gridded;
    ay_v3 low_corner, high_corner; /* of a box that holds everything joined */
    ay_v3 centre;                  /* bounding sphere of everything that is joined */
    float bound;
    ay_v3 focus; /* the same of the thing itself, without what lies about it: set by the first
                    finish */
    float size;
    float low; /* lowest z reached, from the bounds of the distance field */
} ay_solid;

void ay_solid_init(ay_solid *s);
int ay_solid_material(ay_solid *s, ay_material m);
/* What is added from here on is turned by rot, then moved by pos. */
void ay_solid_frame(ay_solid *s, ay_m3 rot, ay_v3 pos);
void ay_solid_group(ay_solid *s);

/* Each adds one primitive (joined, at pos) and returns it for further settings. */
ay_prim *ay_solid_box(ay_solid *s, int mat, ay_v3 pos, ay_v3 half, float round);
ay_prim *ay_solid_slab(ay_solid *s, int mat, ay_v3 pos, ay_v3 half, float corner, float round);
ay_prim *ay_solid_cyl(ay_solid *s, int mat, ay_v3 pos, float radius, float half, float round);
ay_prim *ay_solid_cone(ay_solid *s, int mat, ay_v3 pos, float low, float high, float half);
ay_prim *ay_solid_ball(ay_solid *s, int mat, ay_v3 pos, ay_v3 half);
ay_prim *ay_solid_torus(ay_solid *s, int mat, ay_v3 pos, float ring, float radius);
ay_prim *ay_solid_capsule(ay_solid *s, int mat, ay_v3 pos, float radius, float half);
ay_prim *ay_solid_prism(ay_solid *s, int mat, ay_v3 pos, int sides, float inner, float half,
                        float round);
ay_prim *ay_solid_gear(ay_solid *s, int mat, ay_v3 pos, int teeth, float radius, float depth,
                       float half);
ay_prim *ay_solid_thread(ay_solid *s, int mat, ay_v3 pos, float radius, float depth, float half,
                         float pitch);
ay_prim *ay_solid_helix(ay_solid *s, int mat, ay_v3 pos, float radius, float wire, float half,
                        float pitch);
ay_prim *ay_solid_arc(ay_solid *s, int mat, ay_v3 pos, float radius, float half_width, float half,
                      float opening);
/* xy: n points, x then y. */
ay_prim *ay_solid_outline(ay_solid *s, int mat, ay_v3 pos, const float *xy, int n, float half,
                          float round);
ay_prim *ay_solid_turned(ay_solid *s, int mat, ay_v3 pos, const float *rz, int n, float round);
ay_prim *ay_solid_tube(ay_solid *s, int mat, const ay_v3 *points, int n, float radius);

/* Lengths of a primitive's own axes turned so that z points along x (0), y (1). */
void ay_prim_lie(ay_prim *p, int axis);

/* Ends building: places everything and finds the bounds.  May be called again after adding clutter:
 * the focus, the size and the ground stay those of the thing. */
void ay_solid_finish(ay_solid *s);
/* Distance from p to the surface, negative inside.  which (may be NULL): the primitive it belongs
 * to. */
float ay_solid_distance(const ay_solid *s, ay_v3 p, int *which);
/* p in the coordinates of a primitive (after its copies are folded together), and which copy. */
ay_v3 ay_solid_local(const ay_solid *s, int prim, ay_v3 p, uint32_t *cell);

#endif
