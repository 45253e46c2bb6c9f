/* service/standout.h - which of many scores stand out from the rest?  Arithmetic only.
 *
 * Somebody asks for "a blue bottle" among a hundred thousand pictures, and there is none.  The best of a
 * hundred thousand scores is high all the same; what it has to be compared with is how high the best of so
 * many would be by chance.
 *
 *   background  what most pictures score: the centre is the median, the spread comes from the scores below
 *               it only, where pictures that match are not (Efron, 2004, the empirical null)
 *   z           (score - centre) / spread
 *   chance      how often a picture that does not match has a z so large: the normal tail
 *   score       1 - the least q at which Benjamini and Hochberg (1995) would keep it: with n pictures,
 *               and it the j-th best, n * chance(z) / j, made monotone from the worst up
 *
 * So of the pictures whose score is s or more about 1 - s are there by chance, and when nothing matches
 * anything is kept in a share of 1 - s of all searches, however many pictures there are: one that stands
 * alone has to beat the best of n, one of a crowd need not.
 *
 * Rejected: a fixed cosine (differs by model, by query and by how words and pictures are spread); mean and
 * standard deviation (a hundred matches among a thousand pictures hide themselves); n * chance(z) alone
 * (loses most of a crowd).
 *
 * Threads: pure functions, any thread. */
#ifndef AY_SERVICE_STANDOUT_H
#define AY_SERVICE_STANDOUT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    AY_STANDOUT_FEW = 24,     /* fewer scores tell nothing of a background */
    AY_STANDOUT_SAMPLE = 4096 /* scores looked at, evenly chosen */
};

typedef struct {
    double centre, spread; /* spread above 0 */
    double narrow; /* the least spread that the scores allow: where both ends may hold what is special */
} ay_background;

/* Of n >= 1 finite scores. */
ay_status ay_background_of(const float *scores, size_t n, ay_background *out, ay_err *err);

/* The share of a normal distribution above z. */
double ay_chance(double z);

typedef struct {
    size_t row;
    float z;
    double score; /* 0..1 */
} ay_standout;

/* The best of n values z by z descending, then row ascending, at most `most` of them, with their scores.
 * include: NULL, or n bytes, 0 for a row that is left out; *considered is how many are not.  list: room
 * for `most`; *count is how many there are. */
ay_status ay_standout_rank(const float *z, const uint8_t *include, size_t n, int most,
                           ay_standout *list, int *count, size_t *considered, ay_err *err);

#endif
