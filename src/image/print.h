/* image/print.h - a kilobyte that tells whether two pictures may be the same one.
 *
 *   hash   one bit for each of the 63 lowest frequencies of a 32 x 32 grey copy: its sign.  What was resized, recompressed or
 *          lightly cropped differs in few bits
 *   luma, chroma   the small copy itself, so that most of what a hash suggests is refused without decoding anything
 *
 * Signs, and not "above the median" as the 64-bit hash of image.h has it: mirroring a picture turns the signs of odd
 * frequencies and a quarter turn exchanges rows and columns, so the hashes of all eight orientations follow from one by
 * arithmetic.  A second hash (differences of neighbours, of blocks' means) was left out: after the comparison of the small
 * copies it finds nothing more (bench/dups.md).
 *
 * A print is a suggestion; image/look.h decides.
 *
 * Threads: any. */
#ifndef AY_IMAGE_PRINT_H
#define AY_IMAGE_PRINT_H

#include "image/image.h"

enum { AY_PRINT_SIDE = 32, AY_PRINT_CHROMA = 8, AY_PRINT_VERSION = 1 };
enum { AY_ORIENTATIONS = 8 }; /* 1..8 as EXIF counts them */

typedef struct {
    uint64_t hash; /* first bit: frequency 0,0, always 0; row by row */
    uint8_t luma[AY_PRINT_SIDE * AY_PRINT_SIDE];
    uint8_t chroma[2][AY_PRINT_CHROMA * AY_PRINT_CHROMA]; /* Cb, Cr; 128 is grey */
} ay_print;

/* Bytes of a print as it is kept. */
enum { AY_PRINT_BYTES = 8 + AY_PRINT_SIDE * AY_PRINT_SIDE + 2 * AY_PRINT_CHROMA * AY_PRINT_CHROMA };

ay_status ay_image_print(const ay_image *im, ay_print *out, ay_err *err);
void ay_print_pack(const ay_print *p, uint8_t dst[AY_PRINT_BYTES]);
void ay_print_unpack(ay_print *p, const uint8_t src[AY_PRINT_BYTES]);

/* The hash that the picture would have after ay_image_orient(). */
uint64_t ay_print_hash_turn(uint64_t hash, int orientation);
void ay_print_turn(const ay_print *p, int orientation, ay_print *out);
/* The orientation that undoes this one. */
int ay_orientation_back(int orientation);
/* The one orientation that does what two do one after the other. */
int ay_orientation_then(int first, int second);

/* Hashes that parts of the picture would have: what a crop of up to a tenth of a side shows. */
enum { AY_CUTS = 5 };
void ay_print_hash_cuts(const ay_print *p, uint64_t hash[AY_CUTS]);

/* How alike two small copies are, 0..1: the correlation of their luma after b was moved and stretched a little (as a crop of
 * up to an eighth of a side needs), less what their colours differ.  0 where one of them is all of one tone: then nothing
 * can be said. */
float ay_print_compare(const ay_print *a, const ay_print *b);
/* A quicker one without the moving, for refusing most of what neighbours of vectors suggest. */
float ay_print_glance(const ay_print *a, const ay_print *b);
/* The same where b is that part of a; back: a of b. */
float ay_print_glance_cut(const ay_print *a, const ay_print *b, int cut, bool back);
/* b turned by an orientation, which in all but the first must fit coarsely as it is. */
float ay_print_compare_turned(const ay_print *a, const ay_print *b, int orientation);
/* Equal in all: pictures with the same pixels are; so are some without. */
bool ay_print_equal(const ay_print *a, const ay_print *b);
/* Is there enough in the picture to compare? */
bool ay_print_plain(const ay_print *p);

#endif
