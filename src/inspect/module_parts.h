/* inspect/module_parts.h - an open module, for the files that read it and decide by it. */
#ifndef AY_INSPECT_MODULE_PARTS_H
#define AY_INSPECT_MODULE_PARTS_H

#include "inspect/module.h"

#include "base/arena.h"
#include "base/buf.h"

#define AY_INSPECT_FORMAT "assay inspection module"
enum {
    AY_INSPECT_LAYOUT = 1,
    AY_INSPECT_FILES = 4096,       /* in one module */
    AY_INSPECT_JSON = 32 << 20,    /* bytes of a JSON file */
    AY_INSPECT_PNG = 64 << 20,     /* of a picture */
    AY_INSPECT_VECTORS = 256 << 20,
    AY_INSPECT_NAME = 400          /* of a file */
};
#define AY_INSPECT_BYTES (2ull << 30)

typedef struct {
    char name[AY_INSPECT_NAME];
    int64_t bytes;
    char sha256[AY_SHA256_HEX];
    ay_buf data; /* but for the network's, which are in the folder */
} ay_inspect_file;

typedef struct {
    int label;
    const ay_inspect_file *picture;
} ay_inspect_sample;

struct ay_inspect_module {
    ay_arena arena;
    ay_inspect_file *files;
    size_t nfiles;
    json_t *head, *thresholds_json, *golden_json, *settings;
    ay_golden_set set; /* classes and labels; no items */
    ay_inspect_sample *samples;
    int nsamples;
    const float *vectors; /* samples x dim, aligned */
    int dim;
    double *thresholds; /* [nlabels] */
    double *near; /* [nlabels] from here on a picture is said to look like that: six deviations below the label's own
                     pictures, where those are lower than the threshold.  For reasons only, never for a decision */
    ay_engine *engine;
    ay_inspect_module_info info;
};

/* Make sense of the JSON files and vectors that are in memory.  AY_ECORRUPT. */
ay_status ay_inspect_module_read(ay_inspect_module *m, ay_err *err);
/* The file of that name, or NULL. */
const ay_inspect_file *ay_inspect_file_find(const ay_inspect_module *m, const char *name);
/* A text of the module's JSON: not empty unless empty is fine, at most 400 bytes, without control characters; NULL otherwise.  Lives
 * as long as the JSON. */
const char *ay_inspect_text(const json_t *object, const char *key, bool may_be_empty);

#endif
