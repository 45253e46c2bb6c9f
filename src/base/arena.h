/* base/arena.h - many small allocations, one death.
 *
 * A request, a compiled model plan and a training step each own an arena.
 * What is allocated from it is never freed alone; it goes when the arena goes.
 * That turns a dozen cleanup paths into one, and makes "who frees this?" a
 * question about the arena and not about each pointer.
 *
 * Not for tensor storage (see tensor/slab.h, planned up front and aligned) and
 * not for anything shared between threads. */
#ifndef AY_BASE_ARENA_H
#define AY_BASE_ARENA_H

#include <stddef.h>

typedef struct ay_arena_block ay_arena_block;

typedef struct {
    ay_arena_block *head; /* newest block; older ones follow */
    size_t limit;          /* total bytes allowed; 0 means no limit */
    size_t used;
} ay_arena;

void ay_arena_init(ay_arena *a, size_t limit);
void ay_arena_fini(ay_arena *a); /* frees all; the arena may be used again */

/* Zeroed, aligned for any type.  NULL when memory is refused or the limit
 * would be passed.  Valid until ay_arena_fini(). */
void *ay_arena_alloc(ay_arena *a, size_t size);
char *ay_arena_strdup(ay_arena *a, const char *s);

#endif
