/* text/tokenizer.h - a text becomes the numbers that a CLIP text tower reads.
 *
 * Byte-pair encoding (Sennrich et al., 2016) over bytes, in CLIP's form: every character of a word is
 * first its bytes, the last of them marked as the word's end, and then the pair that was learnt first
 * is joined wherever it stands, again and again.
 *
 * The vocabulary is read from the model's folder, whichever there is:
 *   tokenizer.json                       Hugging Face, both in one
 *   vocab.json and merges.txt            Hugging Face, older
 *   bpe_simple_vocab_16e6.txt.gz         OpenAI and open_clip (also unpacked, .txt)
 * What is done to a text before is the publisher's way, and the two differ:
 *   open_clip     cleaned by ftfy's rules (text/clean.h), entities resolved, small letters with the
 *                 final sigma, words split without regard to case, places filled with 0
 *   Hugging Face  NFC, white space, small letters one by one; filled with the pad token (the end)
 * open_clip's is taken for its own vocabulary file and wherever open_clip_config.json lies in the
 * folder and does not name a Hugging Face tokenizer; Hugging Face's otherwise.  For plain words both
 * give the same numbers.
 *
 * Equal to open_clip 3.3's SimpleTokenizer and transformers 5.23's CLIPTokenizer on the corpus of
 * test/vectors/make_tokenizer.py, but for what text/clean.h says is left out.
 *
 * Rejected: regular expressions from PCRE (two expressions, fixed for ever; forty lines say them), and
 * linking a tokenizer library (none is packaged for C).
 *
 * Threads: an open tokenizer is immutable, any number of threads may encode. */
#ifndef AY_TEXT_TOKENIZER_H
#define AY_TEXT_TOKENIZER_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ay_tokenizer ay_tokenizer;

/* The longest text that is looked at, in bytes; 77 places hold some 400. */
enum { AY_TOKENIZER_TEXT_MAX = 16384 };

typedef struct {
    int vocabulary;  /* numbers are 0 .. vocabulary - 1 */
    int start, end;  /* what begins and ends a text */
    int fill;        /* what stands behind it */
    bool open_clip;  /* whose way of cleaning and splitting */
    char source[64]; /* the file's name, "tokenizer.json" */
} ay_tokenizer_info;

/* Does the folder hold any of the files?  They are not read. */
bool ay_tokenizer_is(const char *folder);
/* AY_ENOTFOUND: the folder holds none of the files; AY_ECORRUPT names file and entry; AY_EUNSUPPORTED:
 * a tokenizer of another kind. */
ay_status ay_tokenizer_open(ay_tokenizer **out, const char *folder, ay_err *err);
void ay_tokenizer_close(ay_tokenizer *t); /* NULL is fine */
const ay_tokenizer_info *ay_tokenizer_get_info(const ay_tokenizer *t);

/* n bytes of UTF-8 into ids[context]: start, words, end, fill.  *used (may be NULL): how many before the
 * fill, both ends counted.  A text with more words than fit is cut, and its end stays last; *cut (may
 * be NULL) says so.  AY_EINVAL: not UTF-8, or context < 2; AY_ELIMIT: over AY_TOKENIZER_TEXT_MAX. */
ay_status ay_tokenizer_encode(const ay_tokenizer *t, const char *text, size_t n, int context,
                              int32_t *ids, int *used, bool *cut, ay_err *err);

#endif
