/* tensor/shape.h - up to six dimensions, outermost first.
 *
 * Legends used all over the runner:  N pictures, C channels, H W rows and columns;
 * B pictures, T tokens, D features.  Pure functions, any thread. */
#ifndef AY_TENSOR_SHAPE_H
#define AY_TENSOR_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AY_MAX_RANK = 6 };

typedef struct {
    int rank; /* 0: a scalar, one element */
    int64_t dim[AY_MAX_RANK];
} ay_shape;

/* A shape in an expression: AY_SHAPE(n, 3, 224, 224). */
#define AY_SHAPE(...)                                                                              \
    ay_shape_make((int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),                       \
                  (const int64_t[]){__VA_ARGS__})

ay_shape ay_shape_make(int rank, const int64_t *dim);
bool ay_shape_equal(const ay_shape *a, const ay_shape *b);
/* Equal once every dimension of 1 is dropped: [1,50,768] is [50,768], [8,4,1,1] is [8,4]. */
bool ay_shape_same_squeezed(const ay_shape *a, const ay_shape *b);
/* Elements; the shape must be known to be sane (product fits, no negative dimension). */
size_t ay_shape_count(const ay_shape *s);
/* Elements * unit into *out; false when a dimension is negative or the product overflows. */
bool ay_shape_bytes(const ay_shape *s, size_t unit, size_t *out);
/* "[16, 3, 224, 224]" into dst; returns dst. */
enum { AY_SHAPE_TEXT = 160 };
char *ay_shape_text(const ay_shape *s, char dst[AY_SHAPE_TEXT]);

#endif
