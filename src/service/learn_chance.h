/* service/learn_chance.h - what chance does among some vectors, learnt by questions that match nothing.
 *
 * See service/chance.h.  The work is the questions' number times the vectors', once for a set of vectors;
 * who asks often keeps the result (service/search.c).
 *
 * Threads: pure functions, any thread. */
#ifndef AY_SERVICE_LEARN_CHANCE_H
#define AY_SERVICE_LEARN_CHANCE_H

#include "index/index.h"
#include "service/chance.h"

/* Vectors in pieces, counted through. */
typedef struct {
    const ay_rows *block;
    int blocks, dim;
    size_t n;
} ay_shelf;

const float *ay_shelf_vector(const ay_shelf *p, size_t row);
/* Cosines of nq vectors with all of them: dst gets nq * n floats, question after question. */
ay_status ay_shelf_scores(const ay_shelf *p, const float *queries, int nq, int threads, float *dst,
                         ay_err *err);

/* Chances of cosines with a picture.  label: each vector's class, or NULL; with one class only the gate
 * comes from the nearest others, with too few vectors chances are normal, told by *out's gates of 0. */
ay_status ay_chance_of_pictures(const ay_shelf *p, const int *label, int threads, ay_chance *out,
                                ay_err *err);
/* Chances of z with words.  bank: nbank * dim, of words that have nothing to do with the vectors, freed of
 * what is neutral, unit length; those of no direction are left out.  Fewer than AY_CHANCE_LEAST: normal. */
ay_status ay_chance_of_words(const ay_shelf *p, const float *bank, int nbank, int threads, ay_chance *out,
                             ay_err *err);

/* Everyday words of many kinds, to ask with. */
extern const char *const ay_bank_words[];
extern const int ay_bank_word_count;

#endif
