#include "base/arena.h"
#include "base/mem.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_SIZE 8192u

struct ay_arena_block {
    ay_arena_block *next;
    size_t size, used;
    alignas(max_align_t) unsigned char data[];
};

void ay_arena_init(ay_arena *a, size_t limit)
{
    *a = (ay_arena){.limit = limit};
}

void ay_arena_fini(ay_arena *a)
{
    while (a->head) {
        ay_arena_block *b = a->head;
        a->head = b->next;
        ay_free(b);
    }
    a->used = 0;
}

static ay_arena_block *push_block(ay_arena *a, size_t size)
{
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    ay_arena_block *b = ay_calloc(1, sizeof *b + room);

    if (!b)
        return NULL;
    b->size = room;
    b->next = a->head;
    a->head = b;
    return b;
}

void *ay_arena_alloc(ay_arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    ay_arena_block *b = a->head;
    void *p;

    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + align - 1) / align * align;
    if (a->limit && size > a->limit - a->used)
        return NULL;
    if (!b || size > b->size - b->used) {
        b = push_block(a, size);
        if (!b)
            return NULL;
    }
    p = b->data + b->used;
    b->used += size;
    a->used += size;
    return p;
}

char *ay_arena_strdup(ay_arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = ay_arena_alloc(a, n);

    return p ? memcpy(p, s, n) : NULL;
}
