#include "tensor/slab.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>

static size_t round_up(size_t n)
{
    return (n + AY_SLAB_ALIGN - 1) / AY_SLAB_ALIGN * AY_SLAB_ALIGN;
}

static int by_size(const void *a, const void *b)
{
    const ay_slab_buf *x = *(ay_slab_buf *const *)a, *y = *(ay_slab_buf *const *)b;

    if (x->size != y->size)
        return x->size < y->size ? 1 : -1;
    return x->first != y->first ? (x->first > y->first) - (x->first < y->first) : x < y ? -1 : 1;
}

static bool meet(const ay_slab_buf *a, const ay_slab_buf *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The lowest offset at which b fits beside those already placed, which are sorted by offset. */
static size_t lowest_gap(const ay_slab_buf *b, ay_slab_buf *const *placed, int n)
{
    size_t at = 0;

    for (int i = 0; i < n; i++) {
        const ay_slab_buf *p = placed[i];
        if (!meet(b, p))
            continue;
        if (p->offset >= at && p->offset - at >= round_up(b->size))
            break;
        if (p->offset + round_up(p->size) > at)
            at = p->offset + round_up(p->size);
    }
    return at;
}

static void insert_by_offset(ay_slab_buf **placed, int n, ay_slab_buf *b)
{
    int i = n;

    for (; i > 0 && placed[i - 1]->offset > b->offset; i--)
        placed[i] = placed[i - 1];
    placed[i] = b;
}

ay_status ay_slab_plan(ay_slab_buf *buf, int n, size_t *total, ay_err *err)
{
    ay_slab_buf **order = ay_calloc((size_t)n * 2 + 1, sizeof *order), **placed = order + n;
    size_t sum = 0;

    *total = 0;
    if (!order)
        return ay_fail(err, AY_ENOMEM, "out of memory planning %d buffers", n);
    for (int i = 0; i < n; i++) {
        order[i] = &buf[i];
        if (buf[i].size > SIZE_MAX / 4 ||
            __builtin_add_overflow(sum, round_up(buf[i].size), &sum)) {
            ay_free(order);
            return ay_fail(err, AY_ELIMIT, "the network's buffers exceed the address space");
        }
    }
    qsort(order, (size_t)n, sizeof *order, by_size);
    for (int i = 0; i < n; i++) {
        order[i]->offset = lowest_gap(order[i], placed, i);
        insert_by_offset(placed, i, order[i]);
        if (order[i]->offset + round_up(order[i]->size) > *total)
            *total = order[i]->offset + round_up(order[i]->size);
    }
    ay_free(order);
    return AY_OK;
}

bool ay_slab_valid(const ay_slab_buf *buf, int n, size_t total)
{
    for (int i = 0; i < n; i++) {
        const ay_slab_buf *a = &buf[i];
        if (a->offset % AY_SLAB_ALIGN || a->offset > total || a->size > total - a->offset)
            return false;
        for (int j = 0; j < i; j++) {
            const ay_slab_buf *b = &buf[j];
            bool bytes = a->offset < b->offset + b->size && b->offset < a->offset + a->size;
            if (bytes && meet(a, b))
                return false;
        }
    }
    return true;
}
