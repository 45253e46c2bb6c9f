/* service/find/question.h - the words of a search as vectors.
 *
 * The words asked for, the minus words and the neutral texts (service/find/ranking.h) are read by whatever reads
 * words; what it does not know is told and left out (service/words/sift.h).  One that knows a list of words only
 * has no neutral texts: "a photo" says nothing to it.
 *
 * Threads: any. */
#ifndef AY_SERVICE_QUESTION_H
#define AY_SERVICE_QUESTION_H

#include "service/find/ranking.h"
#include "service/service.h"

enum { AY_QUESTION_MINUS = 16, AY_QUESTION_TEXT = 512 /* bytes of one text */ };

typedef struct {
    const char *words; /* NULL or blank: none */
    const char *const *minus; /* blank ones do not count */
    int nminus;
} ay_question;

typedef struct {
    ay_ranking_query vectors; /* in the arena; picture NULL */
    const char **unknown;     /* words that are not known, each once */
    int nunknown;
} ay_question_read;

/* Text with nothing in it, or none. */
bool ay_question_blank(const char *text);
/* AY_EINVAL: a text that is too long or not UTF-8, or too many. */
ay_status ay_question_check(const ay_question *q, ay_err *err);
/* Are there words or minus words to be read? */
bool ay_question_has_words(const ay_question *q);
/* Vectors of the everyday words (service/find/learn_chance.h) that the reader knows, freed of neutral (NULL: not):
 * *n rows in the arena. */
ay_status ay_question_bank(const ay_word_reader *r, const float *neutral, int dim, ay_arena *a, float **out,
                           int *n, ay_err *err);
/* closed: as in ay_words_info.  Fails as the reader does. */
ay_status ay_question_take(const ay_question *q, const ay_word_reader *r, bool closed, int dim,
                           ay_arena *a, ay_question_read *out, ay_err *err);

#endif
