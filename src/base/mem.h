/* base/mem.h - the only door to the heap.
 *
 * Everything outside base/ allocates through these, for one reason: a test can make the n-th
 * allocation fail and see the program give its error and leak nothing.  tools/check-layers refuses
 * malloc() and friends elsewhere.  Memory that a library hands us is given back to that library.
 *
 * Threads: all functions from any thread.  The failure hook is per thread, the live count is not. */
#ifndef AY_BASE_MEM_H
#define AY_BASE_MEM_H

#include <stddef.h>

/* Zeroed room for n items of size bytes.  NULL when the product overflows or memory is refused.
 * The caller owns it and gives it back to ay_free(). */
void *ay_calloc(size_t n, size_t size);
/* As ay_calloc() but not zeroed. */
void *ay_alloc(size_t n, size_t size);
/* Room for n items with the first contents of p kept.  NULL on refusal: p stays valid and owned. */
void *ay_realloc(void *p, size_t n, size_t size);
/* Not zeroed, aligned to align (a power of two).  Give back to ay_free(). */
void *ay_aligned_alloc(size_t align, size_t size);
char *ay_strdup(const char *s);
void *ay_memdup(const void *p, size_t size);
void ay_free(void *p); /* NULL is fine */

/* Test hook: let `after` allocations through, refuse the next one, then behave again.
 * A negative value turns it off.  Per thread. */
void ay_mem_fail_after(long after);
long ay_mem_live(void); /* allocations not yet freed, whole process */

#endif
