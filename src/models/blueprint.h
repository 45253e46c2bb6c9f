/* models/blueprint.h - drawing the header of a weight file: names and shapes, one after the other.
 * For src/models only. */
#ifndef AY_MODELS_BLUEPRINT_H
#define AY_MODELS_BLUEPRINT_H

#include "base/buf.h"
#include "models/model.h"

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

/* HOAM or HOAMV2 (hoam.c) by opt's backbone and embedding; AY_EUNSUPPORTED lists the backbones.
 * *config: what its config.json would say, a new reference. */
ay_status ay_draw_hoam(ay_sheet *s, const char *name, const ay_model_options *opt, json_t **config,
                       ay_err *err);

#endif
