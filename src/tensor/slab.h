/* tensor/slab.h - many buffers in one allocation, planned before any of them is used.
 *
 * A buffer is alive from the step that first writes it to the step that last reads it.  Two buffers
 * whose lives do not meet may share bytes.  The planner places the largest first, each at the
 * lowest place where it meets no living neighbour: for networks this is within a few per cent of
 * the peak of what is alive (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
 * Inference", 2020), and it takes one page of code.
 *
 * Invariant, checked by ay_slab_valid(): buffers that share a byte share no step. */
#ifndef AY_TENSOR_SLAB_H
#define AY_TENSOR_SLAB_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { AY_SLAB_ALIGN = 64 };

typedef struct {
    size_t size;     /* bytes, in */
    int first, last; /* steps, both included, in */
    size_t offset;   /* out, a multiple of AY_SLAB_ALIGN */
} ay_slab_buf;

/* Place n buffers; *total is the slab's size.  AY_ENOMEM, AY_ELIMIT when the sum overflows. */
ay_status ay_slab_plan(ay_slab_buf *buf, int n, size_t *total, ay_err *err);
bool ay_slab_valid(const ay_slab_buf *buf, int n, size_t total);

#endif
