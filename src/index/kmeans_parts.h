/* index/kmeans_parts.h - what the two ways of k-means share.  For src/index/kmeans* only.
 *
 * Centres are held twice: as rows (k x dim), and packed in groups of 32 columns for the kernel that scores a block of rows
 * against a whole group.  The value of a centre c for a row x is x.c - |c|^2/2: the largest value is the smallest
 * distance, |x - c|^2 = |x|^2 - 2 value.  Columns without a centre have -infinity. */
#ifndef AY_INDEX_KMEANS_PARTS_H
#define AY_INDEX_KMEANS_PARTS_H

#include "index/kernel.h"
#include "index/kmeans.h"

enum { KM_BLOCK = 192, KM_LANES = AY_SEARCH_LANES }; /* rows scored at a time; a multiple of the AVX-512 tile */

typedef struct {
    const ay_search_kernel *kernel;
    int k, dim, groups;
    float *centres; /* k x dim */
    float *packed;  /* groups x dim x 32 */
    float *half;    /* groups x 32 */
    float *norms;   /* k: |c|^2 */
} km_centres;

/* Rows with their squared lengths, and what the work runs with. */
typedef struct {
    const ay_rows *rows;
    float *norms; /* n */
    const ay_kmeans_options *options;
    int threads;
} km_data;

ay_status km_centres_open(km_centres *c, int k, int dim, ay_err *err);
void km_centres_close(km_centres *c);
/* Put centres in again after they changed.  spherical: each is made of unit length first (one without a direction stays). */
void km_centres_pack(km_centres *c, bool spherical);
/* The best two centres of a group for each of count rows (at most KM_BLOCK; row after row): values, and the best one's number.
 * score: KM_BLOCK x KM_LANES floats, 64-byte aligned. */
void km_two(const km_centres *c, const float *rows, size_t count, int group, float *score,
            float *best, float *second, uint32_t *at);
/* Nearest centre and squared distance (by way of values, never below 0) of n rows with these squared lengths. */
void km_nearest(const km_centres *c, const float *rows, const float *norms, size_t n, int threads,
                uint32_t *labels, float *distances);
/* |row|^2 of each row. */
void km_norms(const ay_rows *rows, int threads, float *dst);
/* Exact squared distance of each row to its centre, as it is reported. */
void km_distances(const ay_rows *rows, const float *centres, const uint32_t *labels, int threads,
                  float *dst);
/* Greedy k-means++ on a random part of the rows into c->centres (not packed). */
ay_status km_seed(const km_data *d, km_centres *c, uint64_t stream, ay_err *err);
/* Change the order of c->centres (not packed) so that near ones share a group. */
ay_status km_order(km_centres *c, ay_err *err);

/* The two ways, from seeded centres to final ones.  labels: n, filled in. */
typedef struct {
    int rounds;
    bool converged;
    bool labelled; /* the labels are those of the final centres */
} km_result;
ay_status km_lloyd(const km_data *d, km_centres *c, uint32_t *labels, km_result *out, ay_err *err);
ay_status km_batch(const km_data *d, km_centres *c, uint64_t stream, km_result *out, ay_err *err);

/* Threads for so many multiply-adds. */
int km_threads(double work, int asked);

#endif
