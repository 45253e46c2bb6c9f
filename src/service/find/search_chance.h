/* service/find/search_chance.h - what chance does in the data sets that are searched, learnt once and kept.
 * For src/service only.
 *
 * Learning costs some twenty million cosines, so it is kept by data sets and encoder, and learnt again only
 * when more than a sixty-fourth of the pictures has changed: what is usual does not change with one.  What is usual for
 * each picture is kept by its digest and follows it to another row.
 *
 * The everyday words that chances of words are learnt from are read by the encoder once, before the galleries are taken: a
 * text tower works seconds on them where the machine is loaded, and whoever wants to change a gallery waits for its readers
 * and keeps new ones waiting meanwhile.
 *
 * Threads: any; one learns, who wants the same waits. */
#ifndef AY_SERVICE_SEARCH_CHANCE_H
#define AY_SERVICE_SEARCH_CHANCE_H

#include "service/internal.h"
#include "service/find/learn_chance.h"

ay_status ay_found_chances_open(ay_service *s, ay_err *err);
void ay_found_chances_close(ay_service *s);

/* Vectors of everyday words, freed of neutral (service/find/ranking.h). */
typedef struct {
    const float *rows; /* n of them */
    int n;
} ay_found_bank;
/* Under ay_encoder_enter(), and good until it is left; the caller does not hold the galleries. */
ay_status ay_found_everyday_words(ay_service *s, const float *neutral, ay_found_bank *out, ay_err *err);

/* The caller holds the galleries for reading; pool is their vectors.  all: they are all data sets.  The
 * result is in the arena. */
ay_status ay_found_chance_of_pictures(ay_service *s, ay_gallery *const *galleries, bool all, const ay_shelf *pool,
                                      ay_arena *a, const ay_chance **out, ay_err *err);
ay_status ay_found_chance_of_words(ay_service *s, ay_gallery *const *galleries, bool all, const ay_shelf *pool,
                                   const ay_found_bank *bank, ay_arena *a, const ay_chance **out, ay_err *err);

#endif
