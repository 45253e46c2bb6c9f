#include "engine/words_cache.h"
#include "base/mem.h"

#include <stdint.h>
#include <string.h>

enum { CHAINS = 4096 };

struct ay_words_entry {
    ay_words_entry *next;          /* of the chain */
    ay_words_entry *newer, *older; /* of the list by use */
    uint64_t hash;
    size_t bytes;
    char *text;     /* behind the vector, in the same allocation */
    float vector[]; /* dim */
};

static uint64_t hash_of(const char *s)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3u;
    return h ^ h >> 31;
}

void ay_words_cache_init(ay_words_cache *c, size_t limit)
{
    *c = (ay_words_cache){.limit = limit, .chains = CHAINS};
}

void ay_words_cache_fini(ay_words_cache *c)
{
    while (c->newest) {
        ay_words_entry *e = c->newest;
        c->newest = e->older;
        ay_free(e);
    }
    ay_free(c->chain);
    *c = (ay_words_cache){0};
}

static void unlink_use(ay_words_cache *c, ay_words_entry *e)
{
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
}

static void link_newest(ay_words_cache *c, ay_words_entry *e)
{
    e->newer = NULL;
    e->older = c->newest;
    *(c->newest ? &c->newest->newer : &c->oldest) = e;
    c->newest = e;
}

static ay_words_entry *find(const ay_words_cache *c, uint64_t hash, const char *text)
{
    ay_words_entry *e = c->chain ? c->chain[hash % c->chains] : NULL;

    while (e && (e->hash != hash || strcmp(e->text, text) != 0))
        e = e->next;
    return e;
}

bool ay_words_cache_get(ay_words_cache *c, const char *text, float *dst)
{
    ay_words_entry *e = find(c, hash_of(text), text);

    if (!e)
        return false;
    unlink_use(c, e);
    link_newest(c, e);
    memcpy(dst, e->vector, (size_t)c->dim * sizeof *dst);
    return true;
}

static void drop_oldest(ay_words_cache *c)
{
    ay_words_entry *e = c->oldest, **at = &c->chain[e->hash % c->chains];

    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    unlink_use(c, e);
    c->bytes -= e->bytes;
    c->texts--;
    ay_free(e);
}

void ay_words_cache_put(ay_words_cache *c, const char *text, const float *vector)
{
    size_t numbers = (size_t)c->dim * sizeof *vector, length = strlen(text) + 1;
    size_t bytes = sizeof(ay_words_entry) + numbers + length;
    uint64_t hash = hash_of(text);
    ay_words_entry *e;

    if (bytes > c->limit || find(c, hash, text))
        return;
    if (!c->chain && !(c->chain = ay_calloc(c->chains, sizeof(ay_words_entry *))))
        return;
    while (c->bytes + bytes > c->limit)
        drop_oldest(c);
    e = ay_alloc(1, bytes);
    if (!e)
        return;
    *e = (ay_words_entry){.hash = hash, .bytes = bytes, .next = c->chain[hash % c->chains]};
    memcpy(e->vector, vector, numbers);
    e->text = (char *)e->vector + numbers;
    memcpy(e->text, text, length);
    c->chain[hash % c->chains] = e;
    link_newest(c, e);
    c->bytes += bytes;
    c->texts++;
}
