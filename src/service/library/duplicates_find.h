/* service/library/duplicates_find.h - which pictures of many are the same, and which look alike: no store, no service.
 *
 * The same picture, in three steps of rising cost:
 *   1. hashes of all eight orientations, and of the parts that a crop would show, within a few bits (index/hamming.h), and the
 *      nearest vectors where there are vectors: all of them only suggest
 *   2. the small copies of image/print.h refuse nearly all of that without reading a file
 *   3. the pictures are decoded and image/look.h decides
 *
 * Groups are stars, not chains.  Pictures are taken in order of size; whoever is the same as the first of a group is in it, or in
 * that of another first whom it fits better (a thumbnail may fit two frames of a burst), and whoever is only like another member
 * is not.  So each member was itself compared with the group's centre, and a row of crops of crops does not end in one group.
 *
 * Look-alikes are pairs of vectors whose cosine is at least a limit that comes from these pictures: what 99 of 100 pictures
 * do not reach with their RANK-th nearest, and at least four deviations above the mean of pairs at random.  A group is a picture
 * and what is within the limit of it, never of one another's neighbours only.
 *
 * New pictures (rows from `from` on) are compared with all others and with one another; what was found among the older ones is taken over.
 *
 * Rejected: all pairs of vectors within a limit that is the same for every library (one library's noise is another's burst);
 * single linkage (chains).
 *
 * Threads: one call a found; open and progress are called on the caller's thread. */
#ifndef AY_SERVICE_DUPLICATES_FIND_H
#define AY_SERVICE_DUPLICATES_FIND_H

#include "base/err.h"
#include "base/hash.h"
#include "image/print.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AY_DUP_NONE UINT32_MAX

/* Where a picture ended. */
typedef struct {
    uint32_t centre;            /* row of its group's first; its own row there; AY_DUP_NONE: in no group */
    uint8_t orientation;        /* it, turned by this, lies over the centre */
    bool cropped;               /* it shows less than the centre, or more */
    float difference;           /* from the centre: image/look.h */
    char pixels[AY_SHA256_HEX]; /* digest of its pixels; "" where it was not needed */
} ay_dup_place;

typedef struct {
    uint32_t a, b; /* rows, a < b */
    float cosine;
} ay_dup_near;

/* A row that is the same picture as a centre, and was kept from it because a person said that they are different.  Groups take it up as soon
 * as nobody says so any more: what is found does not depend on what was said meanwhile. */
typedef struct {
    uint32_t row;
    ay_dup_place place;         /* where it would be */
    char pixels[AY_SHA256_HEX]; /* of the centre */
} ay_dup_held;

typedef struct {
    size_t n, from;
    const ay_print *print;   /* n */
    const uint8_t *readable; /* n; 0: it could not be read and is left out */
    const int64_t *area;     /* n: pixels, for the order */
    const int64_t *taken;    /* n: when, in microseconds, 0: not told.  Two shots of different times are not the same picture; NULL */
    const float *vectors;    /* n x dim of unit length, zeros where there is none; NULL: no look-alikes */
    int dim, threads;
    ay_status (*open)(void *ctx, size_t row, ay_image *out, ay_err *err); /* not OK: left out, except ENOMEM and ECANCELLED */
    bool (*apart)(void *ctx, size_t a, size_t b); /* a person said they are not the same: such a pair is held; NULL: never */
    bool (*progress)(void *ctx, double done);     /* 0..1; false: stop; NULL */
    void *ctx;
} ay_dups_input;

typedef struct {
    ay_dup_place *place; /* n; those before `from` are given */
    ay_dup_near *near;   /* owned; grows */
    size_t nnear, cnear;
    ay_dup_held *held; /* owned; grows */
    size_t nheld, cheld;
    float least;         /* cosine from which pictures are alike; 0: to be learnt */
    size_t suggested, compared, failed; /* pairs of step 1, pairs that were decoded, pictures that could not be */
} ay_dups_found;

/* AY_ECANCELLED: progress said so; AY_ENOMEM.  On failure *io is to be thrown away. */
ay_status ay_dups_find(const ay_dups_input *in, ay_dups_found *io, ay_err *err);
void ay_dups_found_fini(ay_dups_found *f); /* near and held only: places are the caller's */
/* One that is held; nothing where it is held already. */
ay_status ay_dups_hold(ay_dups_found *f, const ay_dup_held *one, ay_err *err);
/* place (n), as they are when all that is held and not apart any more is taken up, with whom it brought along. */
void ay_dups_unite(size_t n, const ay_dups_found *f, bool (*apart)(void *ctx, size_t a, size_t b), void *ctx, ay_dup_place *place);

/* ---- groups */

typedef enum { AY_TIER_SAME, AY_TIER_PICTURE, AY_TIER_ALIKE, AY_TIERS } ay_tier;
const char *ay_tier_name(ay_tier tier); /* "same", "picture", "alike" */
/* AY_TIERS: no such name. */
ay_tier ay_tier_of(const char *name);

/* Why a picture should stay: bits. */
enum {
    AY_KEEP_LARGEST = 1,   /* more pixels than another of the group */
    AY_KEEP_TAKEN = 2,     /* it says when it was taken, earlier than others or alone */
    AY_KEEP_DETAIL = 4,    /* less compressed: more bytes for the same pixels */
    AY_KEEP_SORTED = 8,    /* it has a class or tags */
    AY_KEEP_NAME = 16,     /* its name is not a copy's */
    AY_KEEP_OLDEST = 32,   /* it was there first */
    AY_KEEP_REASONS = 6
};
const char *ay_keep_name(int bit); /* 0..5: "largest", "taken", "detail", "sorted", "name", "oldest" */

/* What is known of a picture beside its pixels. */
typedef struct {
    const char *file; /* "" for none */
    int width, height;
    int64_t bytes, taken_us, added_us; /* taken_us 0: not known */
    int sorted;                        /* 1 for a class, and 1 for each tag */
} ay_dup_fact;

typedef struct {
    ay_tier tier;
    uint32_t *row; /* n at least 2; the one to keep first, then larger ones first; borrowed from the groups */
    size_t first, n;  /* first: row's place among all groups' rows */
    unsigned why;     /* of row[0] */
    float similarity; /* 1 for the same; PICTURE: 1 less the largest difference, over 10; ALIKE: least cosine to the group's centre */
} ay_dup_group;

/* How a row lies over the centre of its group. */
typedef struct {
    uint8_t orientation;
    bool cropped;
} ay_dup_over;

typedef struct {
    ay_dup_group *item; /* by tier, then largest groups first */
    size_t n;
    uint32_t *rows;
    ay_dup_over *over; /* of each of rows: over[item.first + i] is of item.row[i] */
} ay_dup_groups;

/* A picture is in one group of a tier at most.  A picture group has one of each of its same groups; alike groups have one of each picture group.
 * apart: as in the input, but as it is now; held rows that are not apart are in their groups. */
ay_status ay_dups_group(size_t n, const ay_dups_found *f, const ay_dup_fact *fact, bool (*apart)(void *ctx, size_t a, size_t b),
                        void *ctx, ay_dup_groups *out, ay_err *err);
void ay_dup_groups_fini(ay_dup_groups *g);
/* Less than zero: a should rather stay than b.  pixels: they have the same, so how they are packed says nothing.  why: bits of a over b. */
int ay_dup_rather(const ay_dup_fact *a, const ay_dup_fact *b, bool pixels, unsigned *why);

#endif
