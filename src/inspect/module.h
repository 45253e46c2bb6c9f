/* inspect/module.h - an inspection module: network, golden samples and thresholds in one file, and what it decides.
 *
 *   NAME.inspect, a tar archive (pack/), in this order:
 *     inspect.json          what it is: layout, name, digests of the network; every file below with bytes and SHA-256
 *     thresholds.json       inspect/threshold.h, labels in order
 *     settings.json         of the training; only carried along
 *     golden/golden.json    classes, labels and samples
 *     golden/vectors.f32    of the samples: little-endian floats, samples x dim
 *     golden/NAME.png       their pictures
 *     model/NAME            config.json and model.safetensors
 *
 * Writing: beside its name, then opened and asked as a line would, then renamed.  A file that does not open, or whose
 * network gives other vectors for the golden pictures, never gets the name.
 *
 * Opening trusts nothing: whole by its end, the files of the list in their order and no others, names that lead nowhere, sizes
 * within limits before anything is allocated, digests, indices, numbers; the network's digest; and the golden
 * pictures must give the golden vectors (AY_INSPECT_SAME).  Only the network's files are unpacked, into a new folder of our own that is
 * gone when opening ends.  Digests show damage and mix-ups; who can write the file can write digests too, so a module is
 * to be had from somebody one trusts.
 *
 * A decision: all lights under which a component is inspected have to be there.  It matches if and only if under each of them the
 * picture is as similar to the golden sample as mounted as its threshold demands.  A reason is given for each light, and what is said
 * of the nearest golden sample is only an explanation: it decides nothing.  (Two resistors that look alike would
 * refuse each other otherwise.)
 *
 * Sides are found by the fields product, component, light; a name is never taken apart (bug 48).
 *
 * Threads: open and close on one; decide from any, at once. */
#ifndef AY_INSPECT_MODULE_H
#define AY_INSPECT_MODULE_H

#include "inspect/threshold.h"

enum { AY_INSPECT_LIGHTS = 8, AY_INSPECT_REASON = 320 };
/* A golden picture's vector now and when it was packed: at least this cosine.  Kinds of processors and bf16 differ by some
 * thousandths. */
#define AY_INSPECT_SAME 0.99

typedef struct ay_inspect_module ay_inspect_module;

/* ---- writing --------------------------------------------------------------------------------- */

typedef struct {
    const char *path;  /* of the file to be; an older one is replaced */
    const char *name, *made_at; /* for people; RFC 3339 */
    const char *model; /* folder: config.json, and model.safetensors or best_model.safetensors */
    const ay_golden_set *set;
    const ay_goldens *goldens;
    const ay_thresholds *thresholds;
    const json_t *settings; /* NULL: {} */
} ay_inspect_packing;

/* AY_ENOTFOUND, AY_EINVAL: no such network, or it is not the one that made the vectors; AY_EIO; AY_ELIMIT. */
ay_status ay_inspect_module_write(const ay_inspect_packing *p, ay_err *err);

/* ---- opening --------------------------------------------------------------------------------- */

typedef struct {
    const char *scratch; /* folder for the network's files while it is opened; NULL: $TMPDIR, else /tmp */
    ay_engine_options engine; /* model is not looked at */
    uint64_t max_bytes; /* of the whole file; 0: 2 GB */
} ay_inspect_module_options;

typedef struct {
    const char *name, *made_at, *program;
    char digest[AY_SHA256_HEX]; /* of inspect.json, which has those of all other files */
    const ay_engine_info *engine;
    const ay_golden_class *classes;
    int nclasses;
    const ay_golden_label *labels;
    int nlabels;
    const double *thresholds; /* [nlabels] */
    const int *sample_label;  /* [nsamples] */
    int nsamples;
    const json_t *threshold_rows; /* as ay_thresholds_json()'s "labels" */
    const json_t *settings;
} ay_inspect_module_info;

/* AY_ENOTFOUND; AY_ECORRUPT: it is not what it claims, with the file and why; AY_EUNSUPPORTED: of a later layout;
 * AY_ELIMIT; or why the network does not open.  options NULL: defaults. */
ay_status ay_inspect_module_open(ay_inspect_module **out, const char *path, const ay_inspect_module_options *options,
                                 ay_err *err);
void ay_inspect_module_close(ay_inspect_module *m); /* waits for work under way; NULL is fine */
const ay_inspect_module_info *ay_inspect_module_get_info(const ay_inspect_module *m); /* lives as long as m */
size_t ay_inspect_module_memory(const ay_inspect_module *m);
/* The PNG of a golden sample; lives as long as m.  NULL: there is no such sample. */
const void *ay_inspect_module_picture(const ay_inspect_module *m, int sample, size_t *bytes);

/* ---- deciding -------------------------------------------------------------------------------- */

typedef struct {
    const char *light;
    const ay_image *image;
} ay_inspect_picture;

typedef enum {
    AY_INSPECT_MATCHES,
    AY_INSPECT_TURNED,   /* it is the component, turned */
    AY_INSPECT_ANOTHER,  /* another component passes as itself */
    AY_INSPECT_WEAK,     /* its own golden sample is nearest, and not near enough */
    AY_INSPECT_NOTHING,  /* like none */
    AY_INSPECT_NO_SAMPLE, /* there is no golden sample of it as mounted */
    AY_INSPECT_WHYS
} ay_inspect_why;
const char *ay_inspect_why_name(ay_inspect_why why); /* "match", "turned", "another", "weak", "none", "no_sample" */

typedef struct {
    const char *light; /* the module's */
    bool match;
    ay_inspect_why why;
    int class;         /* against which it was held */
    int label, sample; /* as mounted, and the sample of it that is nearest; -1: there is none */
    double similarity, threshold; /* to it; NAN without a sample */
    int nearest, nearest_sample;  /* of all samples under this light: label, sample; -1 */
    double nearest_similarity;
    int turned;        /* quarter turns clockwise when why is TURNED */
    char reason[AY_INSPECT_REASON];
} ay_inspect_side;

typedef struct {
    bool match;
    const char *product, *component; /* against which it was held; of several the one that comes nearest to a match */
    int n;
    ay_inspect_side side[AY_INSPECT_LIGHTS]; /* in order of the pictures */
    char reason[AY_INSPECT_REASON * 2];
} ay_inspect_decision;

/* Is what n pictures show the component that it should be?  component NULL: any; product NULL: of any product.
 * AY_ENOTFOUND: no such component; AY_EINVAL: a light is missing, given twice, or unknown: the message says which there are;
 * AY_EBUSY as ay_engine_embed(). */
ay_status ay_inspect_decide(ay_inspect_module *m, const ay_inspect_picture *pictures, int n, const char *product,
                            const char *component, ay_inspect_decision *out, ay_err *err);
/* {"match", "decision": "OK"|"NG", "product", "component", "reason", "sides": [{light, match, why, reason, similarity, threshold,
 * label, nearest, nearest_similarity, sample, turned_degrees}]}; NULL: no memory. */
json_t *ay_inspect_decision_json(const ay_inspect_module *m, const ay_inspect_decision *d);

#endif
