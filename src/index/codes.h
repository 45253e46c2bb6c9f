/* index/codes.h - nearest neighbours through bytes: a first pass over 8-bit codes, a second over the floats of the few that are left.
 *
 * A row x becomes x[d] ~ scale * code[d], code an integer of -127..127, scale = max |x[d]| / 127; the query likewise.  Dot products
 * of codes are exact integers, so every processor finds the same.  A quarter of the memory is read: a million rows of 512 cost
 * what 250,000 cost before.
 *
 * What is found is as good as exact, by construction and not by luck.  The rounding errors of a row and of the query are each spread
 * evenly over a step, so the error of a score has the deviation sqrt((row scale^2 + query scale^2) / 12) at most.  The first
 * pass keeps `wide` rows; if the last of them comes within six deviations of the k-th best of the second pass, a row that was left
 * out could belong to the k, and that query is asked again with floats (index.h).  So a wrong answer wants an error of six
 * deviations: about once in a thousand searches of a million rows that all lie at the very edge.
 *
 * Rejected: bf16 (half the memory, no processor before AMX multiplies it faster than bytes); product quantisation and graphs (they
 * trade recall, and must be trained or built).
 *
 * Layout: a code is stored as code + 128 in an unsigned byte, rows padded to 64 bytes with 128; so VNNI multiplies them as they
 * lie and padding adds nothing.
 *
 * Threads: reading from any thread while nobody changes; the owner guards. */
#ifndef AY_INDEX_CODES_H
#define AY_INDEX_CODES_H

#include "index/index.h"

typedef struct {
    uint8_t *codes; /* cap x stride */
    float *scales;  /* cap */
    size_t cap;
    int dim, stride;
} ay_codes;

void ay_codes_init(ay_codes *c, int dim);
void ay_codes_fini(ay_codes *c); /* zeroes */
/* Room for so many rows; what is there stays. */
ay_status ay_codes_reserve(ay_codes *c, size_t rows, ay_err *err);
void ay_codes_put(ay_codes *c, size_t row, const float *vector);
void ay_codes_move(ay_codes *c, size_t to, size_t from);

typedef struct {
    size_t again; /* queries that were asked again with floats */
} ay_codes_report;
/* As ay_search_top() over rows, whose codes are c's first rows->n.  report may be NULL. */
ay_status ay_codes_top(const ay_codes *c, const ay_rows *rows, const float *queries, int nq, int k, int threads, ay_hit *hits,
                       ay_codes_report *report, ay_err *err);
/* For tests and measurements: the kernel in force and another; "vnni", "avx2", "plain".  False: it does not work here. */
const char *ay_codes_kernel(void);
bool ay_codes_kernel_set(const char *name);

#endif
