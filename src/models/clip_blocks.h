/* models/clip_blocks.h - the transformer that both towers of CLIP are made of.  For src/models only.
 *
 * L times   x += out_proj(attention(in_proj(ln_1 x)));  x += c_proj(act(c_fc(ln_2 x)))
 *
 * Image and text differ in what comes before (patches, words), in the mask, and in which row counts
 * at the end; the block between is the same in both, under the same names of the same two publishers. */
#ifndef AY_MODELS_CLIP_BLOCKS_H
#define AY_MODELS_CLIP_BLOCKS_H

#include "models/arch.h"

/* Where the two publishers put the same thing. */
typedef struct {
    const char *blocks, *ln_1, *ln_2, *out_proj, *fc1, *fc2;
    bool split; /* q, k, v apart: Hugging Face's */
} ay_clip_names;
extern const ay_clip_names ay_clip_openclip, ay_clip_hugging;

typedef struct {
    const ay_clip_names *names;
    char prefix[AY_PREFIX_MAX]; /* "visual." or "text_model." or "" */
    int width, layers, heads, mlp;
    ay_act act;
    float eps; /* 0: 1e-5 */
    bool causal;
    ay_graph *g;
} ay_clip_tower;

/* t->names and prefix are set; fill in layers and mlp from the tensors, heads and act from the
 * section ("vision", "text") of the configuration.  width is set. */
ay_status ay_clip_read(ay_clip_tower *t, const ay_source *src, const char *section, ay_err *err);
/* Layer-norm prefix + rest of x. */
ay_val ay_clip_norm(const ay_clip_tower *t, ay_val x, const char *rest);
/* All blocks.  Behind the last attention only one row of each is computed, since nothing else is
 * read: row 0, or with ids (N T) the row where the text ends (nn/graph.h, ay_nn_pick). */
ay_val ay_clip_blocks(const ay_clip_tower *t, ay_val x, ay_val ids, int end);
/* "gelu", "quick-gelu" ... for descriptions. */
const char *ay_clip_act_name(ay_act act);

#endif
