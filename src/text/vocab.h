/* text/vocab.h - the vocabulary behind a tokenizer: pieces, and which two join to which.  For src/text
 * only.  Immutable once read; any thread. */
#ifndef AY_TEXT_VOCAB_H
#define AY_TEXT_VOCAB_H

#include "text/tokenizer.h"

typedef struct {
    uint64_t pair; /* left << 32 | right; UINT64_MAX: empty */
    int32_t rank, result;
} ay_merge;

typedef struct {
    ay_tokenizer_info info;
    bool lower;              /* open_clip: capitals become small letters */
    int32_t byte[256];       /* the piece of one byte within a word */
    int32_t last[256];       /* ... at its end */
    ay_merge *merge;         /* owned: open addressing by the pair */
    size_t slots, merges;    /* slots: a power of two */
} ay_vocab;

bool ay_vocab_is(const char *folder); /* it holds one of the files; they are not read */
ay_status ay_vocab_read(ay_vocab *v, const char *folder, ay_err *err);
void ay_vocab_fini(ay_vocab *v);
/* The merge of two neighbours, or NULL. */
const ay_merge *ay_vocab_find(const ay_vocab *v, int32_t left, int32_t right);

#endif
