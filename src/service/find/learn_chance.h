/* service/find/learn_chance.h - what chance does among some vectors, learnt by questions that match nothing.
 *
 * See service/find/chance.h.  The work is the questions' number times the vectors', once for a set of vectors;
 * who asks often keeps the result (service/find/search.c).
 *
 * Threads: pure functions, any thread. */
#ifndef AY_SERVICE_LEARN_CHANCE_H
#define AY_SERVICE_LEARN_CHANCE_H

#include "index/index.h"
#include "service/find/chance.h"

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

/* Chances of cosines with a picture, less what is usual (ay_chance_off()).  label: each vector's class, or NULL; with one
 * class only the gate comes from the nearest others and nothing is taken off, with too few vectors nothing is learnt. */
ay_status ay_chance_of_pictures(const ay_shelf *p, const int *label, int threads, ay_chance *out,
                                ay_err *err);
/* Chances of the centred cosines with words, over out->scale.  bank: nbank * dim, of words most of which have
 * nothing to do with the vectors, freed of what is neutral, unit length; those of no direction are taken out
 * of it.  With fewer than AY_CHANCE_LEAST nothing is learnt. */
ay_status ay_chance_of_words(const ay_shelf *p, float *bank, int nbank, int threads, ay_chance *out,
                             ay_err *err);

/* Everyday words of many kinds, to ask with. */
extern const char *const ay_bank_words[];
extern const int ay_bank_word_count;

#endif
