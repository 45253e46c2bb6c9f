/* engine/words.h - texts to unit vectors of the space that a model's pictures lie in.
 *
 * By a CLIP model's text tower, which reads any text; or by a table of words beside an encoder
 * (engine/words_small.h), which knows those and no others, says which it does not know, and makes up
 * nothing.  The embedded encoder, "default", has such a table.
 *
 * One ay_words is the text side of one model folder.  Opening it looks at names only; vocabulary and
 * text tower are read when they are first needed, so a program that never sees a word pays nothing.
 * The weights stay in the mapped file, which the image tower maps too: what both share costs once.
 *
 * A vector is kept by its text, the least used goes first: a list of labels is embedded once and then
 * looked up.  In a causal tower a short text is computed over 8, 16 or 32 places instead of all 77,
 * with the same result but for rounding; the number of places follows from the text alone, so a text's
 * vector is the same bits whatever it was embedded with.
 *
 * Vectors may be compared with a picture's only when the picture's engine has the digest that
 * ay_words_pair() gives (engine/engine.h, ay_engine_info.digest).
 *
 * Rejected: a session a core as for pictures.  Texts come in lists that are embedded once; one session
 * with all cores answers a list soonest, and costs one set of buffers.
 *
 * Threads: all functions from any thread, except open and close.  Texts that are not kept yet wait for
 * one another; what is kept is given out while others are computed. */
#ifndef AY_ENGINE_WORDS_H
#define AY_ENGINE_WORDS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "engine/engine.h"

#include <stdbool.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    ay_precision precision; /* AUTO: bf16 where the processor has it, else f32 */
    const char *backend;    /* NULL: "dnnl"; "ref": plain loops */
    int threads;            /* that compute texts beside each other; 0: one a processor */
    size_t memory;          /* bytes for vectors that are kept; 0: 16 MB, some 6,000 of 512 numbers */
    const char *digests;    /* as of ay_engine_options; NULL: none */
} ay_words_options;

/* How likely a picture is none of n labels: 1 / (1 + exp(-(constant + cosine * c + log_labels * ln n))),
 * c the largest cosine of the picture and a label's text. */
typedef struct {
    bool known; /* false: nobody has measured it for this model */
    double constant, cosine, log_labels;
} ay_words_none;

typedef struct {
    char name[64];
    char shape[192];
    char digest[AY_SHA256_HEX]; /* of the text tower: vectors of one digest are of one kind */
    char vocabulary[64];        /* the file it was read from */
    int dim;                    /* floats in a vector */
    int context;                /* the longest text in tokens, with its two ends */
    float scale; /* what a cosine of picture and text is multiplied by before the softmax; 100 where the
                    file has none */
    ay_precision precision; /* the one in force: F32 or BF16 */
    ay_words_none none;
    bool closed; /* it knows a list of words and nothing else: see ay_words_examine() */
} ay_words_info;

/* What of a text a model can read. */
typedef struct {
    int known;            /* words that say something to it */
    const char **unknown; /* those that do not, in small letters, each once, in the text's order */
    int nunknown;
} ay_words_text;

typedef struct {
    uint64_t asked, kept;    /* texts given to ay_words_embed; found in the cache */
    uint64_t cut;            /* longer than the context: computed from their beginning */
    size_t texts, bytes;     /* in the cache now */
    size_t slab_bytes, packed_bytes; /* buffers of the plans; weights in the form that runs */
} ay_words_stats;

typedef struct ay_words ay_words;

/* model: a folder with weights and vocabulary, or with a table; or "default".  AY_ENOTFOUND when it is no
 * folder. */
ay_status ay_words_open(ay_words **out, const char *model, const ay_words_options *options,
                        ay_err *err);
/* Will it read words, as far as the names of files and tensors tell?  Reads nothing but the weights' header.  Where it
 * says no, ay_words_get_info() says why. */
bool ay_words_can(const ay_words *w);
void ay_words_close(ay_words *w); /* nobody inside; NULL is fine */

/* Read vocabulary and tower now, if they are not yet.  AY_EUNSUPPORTED: the model has no text tower;
 * AY_ENOTFOUND: no vocabulary; AY_ECORRUPT: they do not belong together.  A failure is not kept: the
 * next call tries again. */
ay_status ay_words_get_info(ay_words *w, ay_words_info *out, ay_err *err);
void ay_words_get_stats(ay_words *w, ay_words_stats *out);
/* Put the text tower out of memory; it comes back when a text that is not kept is asked for.  What is kept stays.
 * False: it was not in memory, or is at work. */
bool ay_words_unload(ay_words *w);
size_t ay_words_memory(ay_words *w); /* bytes that it holds now, without waiting */

/* n texts (UTF-8, ended by NUL) into dst, n * dim floats, row i for texts[i], unit length.  Blocks
 * until done.  A text longer than the context is cut.  AY_EINVAL for a text that is blank or not UTF-8
 * and AY_ELIMIT for one over AY_TOKENIZER_TEXT_MAX bytes, with its place in the list; nothing is
 * computed then.  A closed model also refuses (AY_EINVAL) a text of which it knows no word: it has no
 * vector, and none is made up. */
ay_status ay_words_embed(ay_words *w, const char *const *texts, int n, float *dst, ay_err *err);

/* The i-th of the names that a closed model knows, other names of the same left out; NULL behind the last, and for a model
 * that reads any text. */
const char *ay_words_name(const ay_words *w, int i);

/* Which words of a text it knows, and which not; the list is in the arena.  A model that reads any text
 * (a tokenizer that spells what it has not seen) knows everything: known 1, nothing unknown.  AY_EINVAL
 * as for ay_words_embed(). */
ay_status ay_words_examine(ay_words *w, const char *text, ay_arena *a, ay_words_text *out, ay_err *err);

/* The digest of the image tower in the same file.  The first call reads all its weights. */
ay_status ay_words_pair(ay_words *w, char digest[AY_SHA256_HEX], ay_err *err);

#endif
