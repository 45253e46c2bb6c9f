/* tensor/tensor.h - a view: kind, shape, where the elements are.  It owns nothing.
 *
 * Elements are dense, last dimension fastest.  Who owns the bytes, and whether they may be written,
 * is said where the view is handed out: a mapped weight is read-only, a plan's input is not. */
#ifndef AY_TENSOR_TENSOR_H
#define AY_TENSOR_TENSOR_H

#include "tensor/dtype.h"
#include "tensor/shape.h"

typedef struct {
    ay_dtype dtype;
    ay_shape shape;
    void *data;
} ay_tensor;

static inline ay_tensor ay_tensor_make(ay_dtype dtype, ay_shape shape, void *data)
{
    return (ay_tensor){dtype, shape, data};
}
size_t ay_tensor_count(const ay_tensor *t);
size_t ay_tensor_bytes(const ay_tensor *t);

#endif
