#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local long fail_after = -1;
static atomic_long live;

/* True when this allocation is the one a test wants refused. */
static int refused(void)
{
    return fail_after >= 0 && fail_after-- == 0;
}

static void *counted(void *p)
{
    if (p)
        atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return p;
}

void *ay_calloc(size_t n, size_t size)
{
    if (refused())
        return NULL;
    return counted(calloc(n ? n : 1, size ? size : 1)); /* calloc checks the product */
}

void *ay_alloc(size_t n, size_t size)
{
    if (refused() || (size && n > SIZE_MAX / size))
        return NULL;
    return counted(malloc(n && size ? n * size : 1));
}

void *ay_realloc(void *p, size_t n, size_t size)
{
    if (!p)
        return ay_alloc(n, size);
    if (refused() || (size && n > SIZE_MAX / size))
        return NULL;
    return realloc(p, n && size ? n * size : 1);
}

void *ay_aligned_alloc(size_t align, size_t size)
{
    if (refused() || size > SIZE_MAX - align)
        return NULL;
    size = (size + align - 1) / align * align;
    return counted(aligned_alloc(align, size ? size : align));
}

char *ay_strdup(const char *s)
{
    return ay_memdup(s, strlen(s) + 1);
}

void *ay_memdup(const void *p, size_t size)
{
    void *copy = ay_alloc(1, size);

    return copy ? memcpy(copy, p, size) : NULL;
}

void ay_free(void *p)
{
    if (!p)
        return;
    atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    free(p);
}

void ay_mem_fail_after(long after)
{
    fail_after = after;
}

long ay_mem_live(void)
{
    return atomic_load_explicit(&live, memory_order_relaxed);
}
