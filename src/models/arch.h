/* models/arch.h - what one architecture is to models/: a row in model.c's table, a file of its own.
 *
 * Adding an architecture: write <name>.c with one ay_arch, add it to the table. */
#ifndef AY_MODELS_ARCH_H
#define AY_MODELS_ARCH_H

#include "base/arena.h"
#include "models/model.h"

#include <jansson.h>

/* What there is to read.  JSON values are NULL when the file is absent. */
typedef struct {
    const ay_safetensors *st;
    const json_t *config;     /* config.json */
    const json_t *openclip;   /* open_clip_config.json */
    const json_t *preprocess; /* preprocessor_config.json */
} ay_source;

/* A file's tensors under other names and in another form (rewrite.h). */
typedef struct {
    ay_safetensors *st; /* what build() reads instead of the file */
    ay_arena values;    /* what was computed for it */
} ay_rewritten;

typedef struct {
    const char *name;
    /* Quick look at the names: is this file ours? */
    bool (*match)(const ay_source *src);
    /* Read the configuration, build into g (input "image", outputs "vector", "logits"), fill
     * info's shape, recipe, dim and classes, then bind.  The caller finishes nothing. */
    ay_status (*build)(const ay_source *src, const ay_model_options *opt, ay_graph *g,
                       ay_model_info *info, ay_err *err);
    ay_tower tower; /* which of a file's networks this is */
    /* NULL, or: make out->st from the file, before build; out->values is ready for use.  The caller
     * keeps and frees both, and the file, as long as the model lives. */
    ay_status (*rewrite)(const ay_source *src, ay_rewritten *out, ay_err *err);
} ay_arch;

extern const ay_arch ay_arch_resnet, ay_arch_clip_vit, ay_arch_efficientnetv2, ay_arch_clip_text,
    ay_arch_fastvit, ay_arch_vit_conv, ay_arch_hoam;

/* model.c: the weight file that path, a folder or a file, means. */
ay_status ay_model_find_weights(const char *path, char file[4096], ay_err *err);

/* ---- for architectures (source.c) ------------------------------------------------------------ */

enum { AY_PREFIX_MAX = 256, AY_NAME_MAX = 512 };

/* Find the tensor whose name ends in suffix (the first in byte order) and put what stands before
 * into prefix: "" or "backbone." or "visual.".  False when there is none or it is too long. */
bool ay_source_prefix(const ay_source *src, const char *suffix, char prefix[AY_PREFIX_MAX]);
/* The tensor called by the format, or NULL. */
const ay_tensor *ay_source_find(const ay_source *src, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Sizes of a tensor that must exist with this rank: AY_ENOTFOUND or AY_ECORRUPT by name. */
ay_status ay_source_shape(const ay_source *src, const char *name, int rank, int64_t *dim,
                          ay_err *err);
/* Number of k = 0, 1, ... for which prefix + k + suffix is a tensor. */
int ay_source_blocks(const ay_source *src, const char *prefix, const char *suffix);
/* value[a][b] (b may be NULL) as a number or word; the default when absent or of another kind. */
int ay_json_int(const json_t *value, const char *a, const char *b, int otherwise);
const char *ay_json_text(const json_t *value, const char *key, const char *otherwise);

/* ---- head.c ---------------------------------------------------------------------------------- */

/* Our classifier on a body's vector: the new one that opt asks for, or the one in the file ("head.fc1"
 * and "head.fc2", or "head.fc").  Adds the output "logits" when there is one and it is wanted, and
 * tells info.  False: there is none, and the architecture may look for its own. */
bool ay_source_head(const ay_source *src, const ay_model_options *opt, ay_graph *g, ay_val vector,
                    ay_model_info *info);
/* Give the graph its values, as opt says: from the file (the new head apart), or all new.  strict
 * and ignore as in ay_bind; our head and the detectors of unknown things never count as left over. */
ay_status ay_source_bind(const ay_source *src, const ay_model_options *opt, ay_graph *g, bool strict,
                         const char *const *ignore, ay_err *err);

/* ---- blueprint.c ----------------------------------------------------------------------------- */

/* A weight file in memory whose names and shapes are right and whose values are zero. */
typedef struct {
    void *bytes; /* ay_free() */
    size_t size;
    json_t *config; /* a reference, or NULL */
} ay_blueprint;
ay_status ay_blueprint_draw(ay_blueprint *out, const char *architecture, const ay_model_options *opt,
                            ay_err *err);

/* ---- recipe.c -------------------------------------------------------------------------------- */

/* Overlay *r with what the JSON files say about preprocessing; size stays the network's unless our
 * own configuration names another.  AY_ECORRUPT for values that cannot be (std 0, unknown filter).
 */
ay_status ay_recipe_read(ay_recipe *r, const ay_source *src, ay_err *err);

#endif
