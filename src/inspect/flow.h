/* inspect/flow.h - the whole way of an inspection training: coded pictures in, a model with golden samples and thresholds out.
 *
 *   gather   names, products, samples                  prepare.h          orientation.json is left for whoever asks a person
 *   finish   turn and split, learn, golden samples,    prepare.h, train/metric_run.h, golden.h, threshold.h, judge.h,
 *            thresholds, judging, report, module       report.h, module.h
 *
 * In f->out lie the tree of the system that this replaces and what we add (prepare.h, report.h):
 *   raw_data/ oriented_data/ dataset/ model/ results/ summary_report.json, manifest.json, missing.csv, results/module.inspect
 *
 * Either half may be called again on what an interrupted call left: gathering and arranging that were done are not done again, a
 * network goes on from its last checkpoint, and what follows it takes seconds and is done anew.
 *
 * The server's tasks (service/inspect/) and the command `assay inspect train` both come through here.
 *
 * Threads: one call at a time a folder; observer functions are called from one thread at a time. */
#ifndef AY_INSPECT_FLOW_H
#define AY_INSPECT_FLOW_H

#include "base/buf.h"
#include "inspect/names.h"
#include "inspect/settings.h"
#include "train/run.h"

#include <jansson.h>

/* Any may be NULL. */
typedef struct {
    void *ctx;
    void (*step)(void *ctx, double progress, const char *step); /* 0..1 of the whole way; never backwards */
    void (*point)(void *ctx, int at, const char *json);         /* an epoch of the curve, from 0: a flat JSON object */
    void (*note)(void *ctx, const ay_note *n);
    void (*tell)(void *ctx, const char *key, json_t *value);    /* a fact; value is taken */
    ay_status (*begin)(void *ctx, ay_err *err); /* learning begins now, choices stay; non-OK: come back with that */
} ay_flow_observer;

typedef struct {
    const char *input, *out;
    const char *name; /* of the model and module; NULL or "": the input folder's */
    const ay_inspect_settings *settings;
    /* As ay_line_gather_options.product. */
    ay_status (*product)(void *ctx, const ay_line_name *names, size_t n, const char **out, ay_err *err);
    const char *(*product_reason)(void *ctx, size_t i);
    void *product_ctx;
    const ay_train_control *control; /* pause: AY_ECANCELLED, and it can go on; cancel: learn no further, finish with the best */
    ay_flow_observer observer;
} ay_flow;

/* What ay_flow_gather() leaves for a page: {"classes": [{"name", "folder", "samples"}]} */
#define AY_FLOW_CLASSES "orientation.json"
#define AY_FLOW_MODULE "results/module.inspect"

/* As ay_line_gather(). */
ay_status ay_flow_gather(const ay_flow *f, ay_err *err);
/* choices: {class: "Up" ...}, n bytes; n 0: classes are told apart by component alone, or the choices made before stand.
 * summary (may be NULL) gets summary_report.json, the caller's to json_decref(). */
ay_status ay_flow_finish(const ay_flow *f, const char *choices, size_t n, json_t **summary, ay_err *err);

#endif
