/* engine/words_cache.h - vectors by their text, the least used goes first.  For src/engine only.
 *
 * A hash table of chains and one list in order of use; a budget in bytes, all of an entry counted.
 * Threads: one at a time, the owner locks. */
#ifndef AY_ENGINE_WORDS_CACHE_H
#define AY_ENGINE_WORDS_CACHE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ay_words_entry ay_words_entry;
typedef struct {
    ay_words_entry **chain; /* owned; NULL until the first put */
    size_t chains, texts, bytes, limit;
    ay_words_entry *newest, *oldest;
    int dim;
} ay_words_cache;

/* dim must be set before the first put. */
void ay_words_cache_init(ay_words_cache *c, size_t limit);
void ay_words_cache_fini(ay_words_cache *c);
/* Copy text's vector to dst and make it the newest; false: it is not there. */
bool ay_words_cache_get(ay_words_cache *c, const char *text, float *dst);
/* Keep it, putting out the oldest until it fits.  What finds no room is not kept. */
void ay_words_cache_put(ay_words_cache *c, const char *text, const float *vector);

#endif
