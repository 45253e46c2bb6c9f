/* service/library/duplicates.h - the duplicates of a data set, kept: found in the background, told a page at a time, resolved with undo.
 *
 * A picture that comes in has its print kept at once (ay_dups_came).  Finding is a job ("duplicates") on one thread: pictures that have no
 * print yet are read (store/apart.h keeps the print), then service/library/duplicates_find.h compares.  What it found is kept in <data>/cache/duplicates-ID.bin (base/cachefile.h) and
 * taken up at the next start; pictures that came since are compared with the others only, and nothing old is compared again
 * unless the encoder is another one (then look-alikes are).  A list that is asked for while pictures have come starts that job itself.
 *
 *   same     the same pixels; the same bytes are one picture in a data set, so `elsewhere` names the other data sets that have it
 *   picture  the same picture, otherwise encoded
 *   alike    look-alikes: never resolved all at once
 *
 * Resolving puts pictures into the trash in one act: tags of those that go are put on the first one that stays, and where that has
 * no class, it gets the class of the first that has one.  One token takes all of it back.
 *
 * Memory while a job runs: a copy of the vectors, and a kilobyte a picture.  Between jobs: 100 bytes a picture, while a list is in use.
 *
 * `dataset` NULL or "" means the library.
 *
 * Threads: any. */
#ifndef AY_SERVICE_DUPLICATES_H
#define AY_SERVICE_DUPLICATES_H

#include "service/library/duplicates_find.h"
#include "service/service.h"

enum { AY_DUPLICATES_MOST = 200 /* groups of a page */, AY_DUPLICATES_SHOWN = 200 /* pictures told of a group */ };

/* ---- for service.c */
ay_status ay_dups_open(ay_service *s, ay_err *err);
void ay_dups_stop(ay_service *s);
void ay_dups_close(ay_service *s);
void ay_dups_reread(ay_service *s); /* what is apart was changed */

/* Keep the prints of pictures that came, while their pixels are at hand: then finding needs to read none of them.  What fails is logged
 * only: the job makes what is missing.  NULL images are passed over. */
void ay_dups_came(ay_service *s, const char *const *sha256, const ay_image *const *im, size_t n);

/* Find, in the background: *job's id; the one under way where there is one.  again: forget what was found before.  AY_EBUSY: this process only
 * reads; or another data set's job runs. */
ay_status ay_duplicates_queue(ay_service *s, const char *dataset, bool again, int64_t *job, ay_err *err);

typedef struct {
    const char *dataset, *klass;
} ay_elsewhere;

typedef struct {
    char sha256[AY_SHA256_HEX];
    bool keep;
    unsigned why;      /* of the one to keep: AY_KEEP_... */
    int orientation;   /* of the picture tier: turned by this it lies over the group's centre */
    bool cropped;
    ay_elsewhere *elsewhere;
    size_t nelsewhere;
} ay_duplicate;

typedef struct {
    char id[17];
    ay_tier tier;
    float similarity;
    ay_duplicate *picture; /* the one to keep first */
    size_t n, all;         /* told; in the group */
} ay_duplicate_group;

typedef struct {
    size_t groups, extra; /* extra: pictures beside the ones to keep */
} ay_duplicate_count;

typedef struct {
    const char *dataset;
    const char *trouble;   /* why the last search failed; NULL: it did not.  None is begun by itself for a minute then */
    bool made;             /* there is a result */
    int64_t job;           /* that is finding; 0: none */
    size_t came;           /* pictures not looked at yet */
    size_t pictures, failed;
    int64_t made_us;
    float least;           /* cosine from which pictures are alike; 0: not known */
    ay_duplicate_count count[AY_TIERS];
    size_t elsewhere;      /* pictures of this data set that others have too */
    ay_duplicate_group *group;
    size_t n, offset;
} ay_duplicates;

/* Groups of a tier, at most limit from offset on; AY_TIERS: of all tiers, same first.  Where pictures have come, or nothing was ever found, a
 * job is begun. */
ay_status ay_duplicates_list(ay_service *s, const char *dataset, ay_tier tier, size_t offset, int limit, ay_arena *a, ay_duplicates *out,
                             ay_err *err);

typedef struct {
    const char *const *keep, *const *remove;
    size_t nkeep, nremove;
} ay_resolution;
typedef struct {
    int64_t groups, removed, missing; /* missing: named, but not there any more */
    int64_t tagged, moved;            /* pictures that got tags, or a class */
    char undo[AY_UNDO_SIZE];          /* "": nothing was there to remove */
} ay_resolved;
/* AY_EINVAL: a group that keeps nothing, or a picture both kept and removed; AY_ECONFLICT: nothing that a group keeps is there any more. */
ay_status ay_duplicates_resolve(ay_service *s, const char *dataset, const ay_resolution *list, size_t n, ay_arena *a, ay_resolved *out,
                                ay_err *err);
/* Every group of a tier as it was suggested; never AY_TIER_ALIKE. */
ay_status ay_duplicates_resolve_all(ay_service *s, const char *dataset, ay_tier tier, ay_arena *a, ay_resolved *out, ay_err *err);
/* These are different, each from each. */
ay_status ay_duplicates_apart(ay_service *s, const char *dataset, const char *const *sha256, size_t n, int64_t *pairs,
                              char undo[AY_UNDO_SIZE], ay_err *err);

#endif
