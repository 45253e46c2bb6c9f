/* service/words/sift.h - which of some texts an encoder of words can read at all.
 *
 * An encoder with an open vocabulary reads every text.  One that knows a list of words (the small one of
 * the embedded encoder) reads a text when it knows one of its words, and says which it does not know; a
 * text without a known word has no vector and so gets no score, here or anywhere.
 *
 * Rejected: a vector of zeros or of all words together for what is not known: it would be compared like
 * any other, and the answer would look like knowledge.
 *
 * Threads: any. */
#ifndef AY_SERVICE_SIFT_H
#define AY_SERVICE_SIFT_H

#include "service/words/labels.h"
#include "service/service.h"

typedef struct {
    ay_labels read;        /* texts with a known word, in their order; dropped as it was */
    ay_words_text *detail; /* of each of them: its words that are ignored */
    ay_labels unread;      /* texts without one */
    const char **unknown;  /* words of any of the texts that are not known, each once */
    int nunknown;
} ay_sifted;

/* All in the arena; strings are all's or the arena's. */
ay_status ay_sift(const ay_word_reader *r, const ay_labels *all, ay_arena *a, ay_sifted *out, ay_err *err);
/* One text: is any of its words known?  The others come into out->unknown. */
ay_status ay_sift_one(const ay_word_reader *r, const char *text, ay_arena *a, ay_words_text *out,
                      ay_err *err);

#endif
