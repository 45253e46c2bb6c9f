/* inspect/golden.h - the golden samples: for each label the picture that stands best for all of them.
 *
 * It is the medoid: of the good training pictures of a label the one whose mean cosine to the others is the largest.  A
 * picture of one's own and not a mean vector, because a person has to be able to look at it.  The system this replaces
 * took one at random, without a seed (bug 52).
 *
 * A label whose pictures are several clouds (two suppliers of one part) has a golden sample for each.  That it is several
 * takes three proofs, all of them with k-means from fixed starts, for 2 to AY_GOLDEN_PARTS clouds:
 *   - the mean silhouette of the best division is at least AY_GOLDEN_SILHOUETTE (Kaufman and Rousseeuw, "Finding groups in
 *     data", 1990: "a reasonable structure"); noise in many dimensions has about 0
 *   - seen along the line through their centres any two clouds lie far apart (Ashman's D: difference of means by root mean
 *     square of deviations), further than a long cloud that is cut in two: one that is spread evenly has 3.46 and a
 *     normal one 2.65, but few pictures have gaps by chance.  So 4 + 60 / pictures, which one to three in a thousand of 1,500
 *     drawings of 8 to 60 points exceeded (test/vectors/golden_apart.py), and half a spread more, because bringing vectors to
 *     unit length thins out the middle of a long cloud
 *   - each has at least a tenth of the pictures and no fewer than four
 *
 * Rejected: HDBSCAN (calls sparse pictures outliers, and a golden sample must stand for all), the gap statistic (random
 * reference sets: slow, and another answer for another seed).
 *
 * The same set gives the same samples in whatever order its items come (they are sorted by path and rotation first);
 * of equal means the first path wins.
 *
 * Threads: one call from any; the result never changes. */
#ifndef AY_INSPECT_GOLDEN_H
#define AY_INSPECT_GOLDEN_H

#include "base/arena.h"
#include "inspect/golden_set.h"

enum { AY_GOLDEN_PARTS = 4 };
#define AY_GOLDEN_SILHOUETTE 0.5

typedef struct {
    size_t item; /* of the set */
    int label;
    int part, parts;  /* which of how many clouds of its label, from 0; the largest first */
    size_t stands_for; /* pictures of its cloud, itself counted */
    double mean, least; /* cosine to the others of its cloud; 1 where there are none */
    const char *reason; /* a sentence */
} ay_golden_sample;

/* How the samples of one label came about. */
typedef struct {
    int first, count;      /* of the samples; count 0: the label has no good training picture */
    size_t pictures, lost; /* that were looked at; that have no vector */
    double silhouette;     /* of the best division that was tried; NAN: none was */
    double apart;          /* least distance of two of its clouds, in spreads; NAN as above */
    const char *test;      /* a sentence: why so many clouds */
} ay_golden_account;

typedef struct {
    ay_golden_sample *samples; /* in order of label, then part */
    int n;
    ay_golden_account *labels; /* [nlabels] */
    int nlabels, dim;
    float *vectors; /* n x dim, the samples' own */
    ay_arena arena; /* holds all of this */
} ay_goldens;

/* How far apart, in spreads, clouds must lie when there are n pictures. */
double ay_golden_apart(size_t n);

/* Choose from the items of AY_SPLIT_TRAIN that have a label.  A label without any is no failure: its account says so.
 * AY_EINVAL: the set does not fit, or no label has a picture; AY_ENOMEM.  Give *out to ay_goldens_fini(). */
ay_status ay_goldens_choose(ay_goldens *out, const ay_golden_set *set, ay_err *err);
void ay_goldens_fini(ay_goldens *g); /* a zeroed one is fine */
/* {"samples": [{label, class, orientation, file, rotate, part, of, stands_for, mean_cosine, least_cosine, reason}],
 * "labels": [{label, pictures, unreadable, samples, silhouette, apart, why}]}; NULL: no memory. */
json_t *ay_goldens_json(const ay_goldens *g, const ay_golden_set *set);

#endif
