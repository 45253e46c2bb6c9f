/* tensor/dtype.h - the kinds of number a tensor may hold.
 *
 * Every kind that a safetensors file may name is listed, so that a file with an extra table in an
 * unusual kind still opens; the runner computes with F32 and BF16 and converts from the floating
 * kinds.  Adding a kind is one line in dtype.c's table. */
#ifndef AY_TENSOR_DTYPE_H
#define AY_TENSOR_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    AY_F32,
    AY_F16,
    AY_BF16,
    AY_I64,
    AY_I32,
    AY_U8,
    AY_F64,
    AY_I16,
    AY_I8,
    AY_BOOL,
    AY_U16,
    AY_U32,
    AY_U64,
    AY_F8_E4M3,
    AY_F8_E5M2,
    AY_DTYPE_COUNT
} ay_dtype;

size_t ay_dtype_size(ay_dtype d);      /* bytes of one element */
const char *ay_dtype_name(ay_dtype d); /* as safetensors spells it: "F32", "BF16" ... */
bool ay_dtype_parse(const char *name, ay_dtype *out);
bool ay_dtype_is_float(ay_dtype d); /* F32, F16, BF16, F64: what ay_to_f32 converts */

/* n elements of kind d at src (any alignment) to floats.  d must satisfy ay_dtype_is_float(). */
void ay_to_f32(float *dst, const void *src, ay_dtype d, size_t n);
/* Floats to kind d (F32, F16, BF16), round to nearest even; NaN stays NaN.  dst and src may not
 * overlap.  Vector code is chosen at run time and gives the same bits as the plain loops. */
void ay_from_f32(void *dst, ay_dtype d, const float *src, size_t n);

/* One number, plain C: what the vector code is tested against. */
uint16_t ay_bf16_from_f32(float f);
float ay_bf16_to_f32(uint16_t h);
uint16_t ay_f16_from_f32(float f);
float ay_f16_to_f32(uint16_t h);

#endif
