/* models/golden.h - known answers: a JSON file that names tensors by formula, an input and the
 * outputs that the reference implementation gave (test/vectors/ *.json, made by the scripts there).
 *
 * Used by the tests and by bench/, which needs the same weights as its peers in Python. */
#ifndef AY_MODELS_GOLDEN_H
#define AY_MODELS_GOLDEN_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    void *json;       /* owned: the parsed file */
    int64_t input[4]; /* N C H W; N T 1 1 for texts */
    float *x;         /* owned: the input, N*C*H*W; for texts their tokens */
    float *features;  /* owned: N * dim, not normalised */
    float *logits;    /* owned: N * classes; NULL when the file has none */
    int dim, classes;
} ay_golden;

ay_status ay_golden_load(ay_golden *out, const char *path, ay_err *err);
void ay_golden_fini(ay_golden *g);
/* Write folder/model.safetensors with the tensors by formula and, when the golden file has a
 * configuration, folder/config.json or folder/open_clip_config.json beside it.  The folder is made.
 */
ay_status ay_golden_write_model(const ay_golden *g, const char *folder, ay_err *err);

#endif
