/* models/efficientnetv2.h - EfficientNetV2 as a part of something larger: its last two maps, and its
 * tensors' names and shapes under a prefix.  For src/models only. */
#ifndef AY_MODELS_EFFICIENTNETV2_H
#define AY_MODELS_EFFICIENTNETV2_H

#include "models/arch.h"
#include "models/blueprint.h"

typedef struct {
    ay_val stride16, stride32; /* what its stages 4 and 5 (the last) give */
    bool same;                 /* TensorFlow's padding */
    char depths[64];           /* "depths=2,4,4,6,9,15" */
} ay_effnet_maps;
/* Add the stages whose tensors start with prefix ("backbone.") to g.  kind: the name that a
 * configuration gives it ("tf_...": TensorFlow's padding and epsilon), or NULL; the configuration's
 * "same_padding" and "norm_eps" go before it. */
ay_status ay_efficientnetv2_maps(const ay_source *src, const char *prefix, const char *kind,
                                 ay_graph *g, ay_val image, ay_effnet_maps *out, ay_err *err);

/* Its sheet, with or without the last convolution; false: no such name. */
bool ay_draw_efficientnetv2(ay_sheet *s, const char *name, const char *prefix, bool head);
/* Channels of the two maps; false: no such name. */
bool ay_efficientnetv2_widths(const char *name, int *stride16, int *stride32);
const char *ay_efficientnetv2_kinds(void); /* the names there are, in words */

#endif
