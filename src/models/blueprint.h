/* models/blueprint.h - drawing the header of a weight file: names and shapes, one after the other.
 * For src/models only. */
#ifndef AY_MODELS_BLUEPRINT_H
#define AY_MODELS_BLUEPRINT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    ay_buf text;   /* the header's JSON */
    uint64_t size; /* of the data so far, bytes */
} ay_sheet;

/* A float32 tensor called by the format. */
void ay_sheet_tensor(ay_sheet *s, int rank, const int *dim, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* prefix + name + ".weight" [out, in, kernel, kernel]; in is per group. */
void ay_sheet_conv(ay_sheet *s, const char *prefix, const char *name, int out, int in, int kernel);
/* The four tensors of a batch-norm. */
void ay_sheet_norm(ay_sheet *s, const char *prefix, const char *name, int width);

/* EfficientNetV2-S without its classifier: timm's rw_s, or the paper's (efficientnetv2.c). */
void ay_draw_efficientnetv2(ay_sheet *s, bool rw);

#endif
