/* train/neardup.h - is this the same picture, resized, recompressed or cropped a little?
 *
 * Two steps.  Perceptual hashes find candidates: the hash of one picture against those of the other
 * one and of six windows of it (a crop of 6 % moves a hash by up to 30 of 64 bits, but a window cut
 * the same way is near again).  Then the pixels decide: one small picture is laid over the other,
 * its four edges are moved until the gradients correlate best, and the correlation of the gradients
 * with their lengths drawn together is the likeness.
 *
 * Not grey values, because different products on white correlate at 0.95 by their outline alone; not
 * plain gradients either, for the same reason: that chained 21 of 60 keyboards into one group.
 * Measured on electronic waste and steel (neardup_test): of 882 copies made by resizing to a third,
 * JPEG at quality 40 and crops of up to 8 %, 866 are found; of different pictures, only a dozen
 * black keyboards on white are taken for each other.  The limit is 0.90.
 *
 * Rejected: the hash alone (at a distance that finds crops, one pair of different laptops in ten is
 * a copy as well), network features (a network cannot say where it has never seen two things apart).
 * Not found: mirrored or turned copies, crops of more than about a tenth.
 *
 * Threads: all functions from any. */
#ifndef AY_TRAIN_NEARDUP_H
#define AY_TRAIN_NEARDUP_H

#include "image/image.h"

#include <stdatomic.h>

enum { AY_PRINT_SIDE = 48, AY_PRINT_HASHES = 7 };
#define AY_PRINT_LIKE 0.90f /* from here on two pictures are copies */

typedef struct {
    uint64_t hash[AY_PRINT_HASHES]; /* the whole picture, then six windows */
    uint8_t grey[AY_PRINT_SIDE * AY_PRINT_SIDE];
} ay_print;

ay_status ay_print_make(ay_print *out, const ay_image *im, ay_err *err);
/* Worth comparing? */
bool ay_print_candidate(const ay_print *a, const ay_print *b);
/* 0..1; 1: the same picture.  Symmetric. */
float ay_print_likeness(const ay_print *a, const ay_print *b);

typedef struct {
    int a, b; /* a < b */
    float likeness;
} ay_print_pair;
/* All pairs of prints (NULL pointers are passed over) with a likeness of AY_PRINT_LIKE or more, in
 * order of (a, b).  *pairs goes back to ay_free().  Compares every print with every other one: 10
 * thousand take about a second a processor, 100 thousand two minutes. */
ay_status ay_print_pairs(const ay_print *const *prints, int n, int threads,
                         const atomic_bool *cancel, ay_print_pair **pairs, int *npairs,
                         ay_err *err);

#endif
