/* draw/smt.h - crops of circuit boards as the cameras of a placement line take them: one component each, seen
 * straight from above, once under low light from all sides ("side") and once under light from above ("top").
 *
 * A picture is a pure function of (seed, shot, size).  What belongs to the product (tracks, pads, where and how a
 * component is mounted) is the same on every board; what belongs to a board (colour of the mask, solder, where the
 * camera stands, focus, lot of the parts, scratches) changes from board to board; placement, dust and noise
 * from picture to picture.
 *
 * Why not the solids of solid.h: a camera straight above sees a height over a plane, and shading a height field takes
 * some ten milliseconds, so a set of thousands is drawn in a minute.  The ring of light has no side it comes
 * from, so that a picture that is turned by software does not differ from a part that was turned by its light.
 *
 * Adding a package is one drawing function and one line in the table of smt_parts.c; a place, one line in smt_set.c.
 * Threads: all functions from any thread. */
#ifndef AY_DRAW_SMT_H
#define AY_DRAW_SMT_H

#include "base/err.h"
#include "image/image.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Each but the ceramic capacitor shows by a mark how it is turned. */
typedef enum {
    AY_SMT_RESISTOR,     /* printed number with a line under it */
    AY_SMT_TRANSISTOR,   /* SOT-23: one leg up, two down */
    AY_SMT_DIODE,        /* band of the cathode up */
    AY_SMT_ELECTROLYTIC, /* can; the black segment up, the base's cut corners down */
    AY_SMT_CHIP,         /* SOIC: dot of pin 1 at the upper left */
    AY_SMT_CONNECTOR,    /* the opening up, legs down */
    AY_SMT_LED,          /* green mark of the cathode up */
    AY_SMT_TANTALUM,     /* bar of the anode up */
    AY_SMT_CERAMIC,      /* no mark at all: only as the wrong part */
    AY_SMT_PACKAGES
} ay_smt_package;

typedef enum {
    AY_SMT_GOOD,
    AY_SMT_TURNED_90, /* clockwise, against how it should be */
    AY_SMT_TURNED_180,
    AY_SMT_TURNED_270,
    AY_SMT_MISSING,
    AY_SMT_OTHER_PART,
    AY_SMT_SHIFTED,
    AY_SMT_TOMBSTONE, /* stands on one end; small parts with two pads only */
    AY_SMT_BRIDGE,    /* solder between two pads */
    AY_SMT_FAULTS
} ay_smt_fault;

typedef enum { AY_SMT_SIDE, AY_SMT_TOP, AY_SMT_LIGHTS } ay_smt_light;
typedef enum { AY_SMT_UP, AY_SMT_RIGHT, AY_SMT_DOWN, AY_SMT_LEFT } ay_smt_orientation;

/* Where one component sits on the boards of one product. */
typedef struct {
    const char *product, *component;
    int component_id;
    ay_smt_package package;
    ay_smt_orientation orientation; /* where its mark is when it is mounted rightly */
} ay_smt_place;

typedef struct {
    int place;
    ay_smt_light light;
    uint32_t board; /* its number; boards of the two products are counted together */
    ay_smt_fault fault;
} ay_smt_shot;

int ay_smt_place_count(void);
const ay_smt_place *ay_smt_place_at(int place); /* static; NULL out of range */
const char *ay_smt_package_name(ay_smt_package p);
const char *ay_smt_fault_name(ay_smt_fault f);             /* "turned 90", "missing" ... */
const char *ay_smt_light_name(ay_smt_light l);             /* "side", "top" */
const char *ay_smt_orientation_name(ay_smt_orientation o); /* "Up" ... */
/* Can this happen to that package? */
bool ay_smt_can(ay_smt_package p, ay_smt_fault f);

/* Coded name, e.g. 20260302080217_HX26-00042@D5_3_top.jpg. */
void ay_smt_name(const ay_smt_shot *shot, char dst[128]);
/* On success the caller gives *out to ay_image_fini(); on failure *out is zeroed.
 * AY_EINVAL: no such place, or a side outside 32..512.  AY_ENOMEM */
ay_status ay_smt_picture(const ay_smt_shot *shot, uint64_t seed, int width, int height, ay_image *out, ay_err *err);

/* A whole set as a line delivers it:
 *   out/OK/, out/NG/  coded names; OK has one picture of each place, board and light
 *   out/plant.csv     timestamp,file,product,image_path: what the plant's database knows
 *   out/truth.json    how each class is mounted, and what is wrong with each picture of NG/ */
typedef struct {
    const char *out;
    int boards; /* at least 1 */
    int faulty; /* further boards on which each component has a fault; -1: half as many, at least 8 */
    uint64_t seed;
    int size;        /* pixels a side, 0: 96 */
    uint32_t from;   /* number of the first board; another range is other boards of the same products */
    int quality;     /* of JPEG, 0: 92 */
    int threads;     /* 0: one a processor */
    uint64_t places; /* bits: which of them; 0: all */
} ay_smt_set;
ay_status ay_smt_write(const ay_smt_set *set, ay_err *err);

#endif
