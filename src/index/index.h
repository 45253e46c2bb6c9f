/* index/index.h - exact nearest neighbours by cosine over unit vectors.
 *
 * Rows are n x dim floats, row after row, each of unit length, so that a cosine is a dot product.
 * Exact, because it is right and fast enough: a processor reads memory faster than a person can ask.
 * Approximate graphs (HNSW) were left for galleries beyond a few million rows.
 *
 * The kernel is chosen once by what the processor can do (AVX-512, AVX2 with FMA, plain C).  Scores
 * of different kernels, and of a query alone or in a group, differ by rounding (below 1e-5); one
 * kernel and one grouping always give the same bits, whatever the number of threads.
 *
 * Threads: everything here from any thread; nothing keeps state. */
#ifndef AY_INDEX_INDEX_H
#define AY_INDEX_INDEX_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { AY_SEARCH_PLAIN, AY_SEARCH_AVX2, AY_SEARCH_AVX512, AY_SEARCH_PATHS } ay_search_path;

/* A neighbour.  Lists are ordered by score descending, then row ascending. */
typedef struct {
    size_t row;
    float score; /* cosine, -1..1 */
} ay_hit;

#define AY_SEARCH_NONE SIZE_MAX /* row of an empty place: k was larger than n */

typedef struct {
    const float *rows; /* n x dim, unit length; borrowed, unchanged during the call */
    size_t n;
    int dim; /* 1..65536 */
} ay_rows;

/* The k best rows for each of nq queries (nq x dim, unit length): hits gets nq * k entries, query
 * after query.  Several queries share one pass over the rows.  threads: 0 = one a processor; small
 * jobs use one.  AY_EINVAL: dim, nq or k out of range; AY_ENOMEM. */
ay_status ay_search_top(const ay_rows *rows, const float *queries, int nq, int k, int threads,
                        ay_hit *hits, ay_err *err);
/* Every score: dst gets nq * n floats, query after query. */
ay_status ay_search_scores(const ay_rows *rows, const float *queries, int nq, int threads,
                           float *dst, ay_err *err);

/* The path in force, and its name: "avx512", "avx2", "plain". */
ay_search_path ay_search_path_get(void);
const char *ay_search_path_name(ay_search_path path);
/* Can this processor take that path? */
bool ay_search_path_works(ay_search_path path);
/* For tests and measurements: take another path from now on.  AY_EUNSUPPORTED when it does not work
 * here.  Not while a search runs. */
ay_status ay_search_path_set(ay_search_path path, ay_err *err);
/* Compare every path that works here with the plain one on pseudo-random rows of awkward sizes.
 * AY_ECORRUPT names the path and the difference.  Takes about a millisecond: run it at start. */
ay_status ay_search_check(ay_err *err);

/* dst = src / |src|.  False, and dst zeroed, when src has no direction (zero, NaN or infinite). */
bool ay_unit(float *dst, const float *src, int dim);
float ay_dot(const float *a, const float *b, int dim); /* by the path in force */

#endif
