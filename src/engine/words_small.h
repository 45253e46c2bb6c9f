/* engine/words_small.h - words without a text tower: a table of words, each with a direction in the space of
 * one encoder's pictures.
 *
 * Two files beside an encoder's weights (or both in memory: the embedded encoder's):
 *
 *   words.safetensors  "words" [rows, dim] F16, rows of unit length
 *   words.json         {"format": 1, "name", "encoder": digest, "dim", "scale", "colour_weight",
 *                       "none": {"constant", "cosine", "log_labels"}, "rows": [name of each row],
 *                       "colours": [names of rows], "also": {other name: row's name}, "say": [words]}
 *
 * A text is cut into words: runs of letters and digits, small letters, without those of "say" ("a", "photo":
 * they tell nothing of what is shown).  From the left the longest run of up to four words that is a name (or
 * is one when its plural is undone) is taken; a single word before others is taken as a colour first ("orange
 * car").  The text's vector is the sum of the directions, colours times colour_weight beside other words,
 * scaled to length 1.  Words that are no name are told to the caller and add nothing.
 *
 * Rejected: letters or syllables in place of words (a word that was never seen would get a direction that
 * means nothing); a second network (there is no text to train one on: the names of classes are all there is).
 *
 * How the table is made: train/words.h.  How good it is: doc/words.md.
 * Threads: open and close on one; an open table never changes. */
#ifndef AY_ENGINE_WORDS_SMALL_H
#define AY_ENGINE_WORDS_SMALL_H

#include "engine/words.h"

typedef struct ay_words_small ay_words_small;

/* Both files in memory, which must outlive the table.  AY_ECORRUPT: they are not what is said above. */
ay_status ay_words_small_from_memory(ay_words_small **out, const void *weights, size_t size, const char *json,
                                     size_t json_size, ay_err *err);
/* folder/words.safetensors and folder/words.json. */
ay_status ay_words_small_open(ay_words_small **out, const char *folder, ay_err *err);
void ay_words_small_close(ay_words_small *w); /* NULL is fine */
/* Are both files there? */
bool ay_words_small_is(const char *folder);

void ay_words_small_info(const ay_words_small *w, ay_words_info *out);
const char *ay_words_small_encoder(const ay_words_small *w); /* digest of the encoder it was made for */
int ay_words_small_count(const ay_words_small *w);           /* names that it knows */
const char *ay_words_small_name(const ay_words_small *w, int i); /* of the i-th row; NULL behind the last */

/* Read a text.  dst NULL, or dim floats; untouched when out->known is 0.  a NULL: out->unknown is not
 * listed, only counted.  AY_EINVAL: not UTF-8, or over 64 words or 4,096 bytes. */
ay_status ay_words_small_read(const ay_words_small *w, const char *text, ay_arena *a, float *dst,
                              ay_words_text *out, ay_err *err);

/* ---- words of a text, as above; for who makes a table too */
enum { AY_WORDS_MOST = 64, AY_WORDS_PHRASE = 4, AY_WORDS_TEXT = 4096 };
/* Cut text into buf (at least strlen + 1 bytes), word[i] into it.  Returns how many; at most `most`. */
int ay_words_cut(const char *text, char *buf, const char **word, int most);
/* The n-th guess at the singular of a word, n from 0, into dst (as long as word + 1); false: no more. */
bool ay_words_singular(const char *word, int n, char *dst);

#endif
