#include "tensor/shape.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tensor/tensor.h"

ay_shape ay_shape_make(int rank, const int64_t *dim)
{
    ay_shape s = {.rank = rank};

    assert(rank >= 0 && rank <= AY_MAX_RANK);
    memcpy(s.dim, dim, (size_t)rank * sizeof *dim);
    return s;
}

bool ay_shape_equal(const ay_shape *a, const ay_shape *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

static ay_shape squeezed(const ay_shape *s)
{
    ay_shape out = {0};

    for (int i = 0; i < s->rank; i++)
        if (s->dim[i] != 1)
            out.dim[out.rank++] = s->dim[i];
    return out;
}

bool ay_shape_same_squeezed(const ay_shape *a, const ay_shape *b)
{
    ay_shape x = squeezed(a), y = squeezed(b);

    return ay_shape_equal(&x, &y);
}

size_t ay_shape_count(const ay_shape *s)
{
    size_t n = 1;

    for (int i = 0; i < s->rank; i++)
        n *= (size_t)s->dim[i];
    return n;
}

bool ay_shape_bytes(const ay_shape *s, size_t unit, size_t *out)
{
    size_t n = unit;

    for (int i = 0; i < s->rank; i++)
        if (s->dim[i] < 0 || __builtin_mul_overflow(n, (size_t)s->dim[i], &n))
            return false;
    *out = n;
    return true;
}

char *ay_shape_text(const ay_shape *s, char dst[AY_SHAPE_TEXT])
{
    size_t at = 1;

    dst[0] = '[';
    for (int i = 0; i < s->rank; i++)
        at +=
            (size_t)snprintf(dst + at, AY_SHAPE_TEXT - at, "%s%" PRId64, i ? ", " : "", s->dim[i]);
    snprintf(dst + at, AY_SHAPE_TEXT - at, "]");
    return dst;
}

size_t ay_tensor_count(const ay_tensor *t)
{
    return ay_shape_count(&t->shape);
}

size_t ay_tensor_bytes(const ay_tensor *t)
{
    return ay_shape_count(&t->shape) * ay_dtype_size(t->dtype);
}
