/* inspect/golden_run.h - from a trained network in a tree (inspect/prepare.h) to golden samples, thresholds, figures and a module.
 *
 * One call for whoever runs a training of a line: reads manifest.json, opens dir/model, embeds every picture once, chooses golden
 * samples, fits thresholds, judges, writes results/ and summary_report.json (inspect/report.h) and NAME.inspect (inspect/module.h).
 * Calling it again does all of it again; files are replaced whole.
 *
 * NG pictures that were not learnt are all judged, whichever side of the split they lie on.
 *
 * Threads: one call a tree; it starts its own. */
#ifndef AY_INSPECT_GOLDEN_RUN_H
#define AY_INSPECT_GOLDEN_RUN_H

#include "inspect/judge.h"
#include "inspect/prepare.h"

typedef enum { AY_GOLDEN_LOOKING, AY_GOLDEN_CHOOSING, AY_GOLDEN_WRITING, AY_GOLDEN_PACKING } ay_golden_phase;
const char *ay_golden_phase_name(ay_golden_phase p); /* "looking at pictures" ...; static */

typedef struct {
    const char *dir;       /* the tree */
    const char *model;     /* NULL: dir/model */
    const char *module;    /* file to write; NULL: dir/inspect.inspect; "": none */
    const char *name;      /* of the module, for people; NULL: "" */
    const char *timestamp; /* RFC 3339 */
    double false_accept;   /* 0: 0.01 */
    double otherwise;      /* threshold where nothing can be fitted; 0: 0.7 */
    bool turned;           /* data.label component: also hold turned held-out pictures against the golden samples, as bad ones */
    int threads;           /* 0: one a processor */
    ay_precision precision;
    const json_t *training_config, *settings; /* for the summary; to be carried in the module.  NULL: {} */
    void *ctx;
    void (*progress)(void *ctx, ay_golden_phase phase, size_t done, size_t total); /* NULL: none */
    void (*lost)(void *ctx, const char *path, const char *why);                    /* NULL: none */
    const atomic_bool *stop;                                                       /* NULL: never */
} ay_golden_run_options;

/* *summary (may be NULL) gets summary_report.json as a new reference.
 * AY_ECONFLICT: the tree is not arranged; AY_ENOTFOUND: no model; AY_EINVAL; AY_ECANCELLED; AY_EIO; AY_ENOMEM. */
ay_status ay_golden_run(const ay_golden_run_options *o, json_t **summary, ay_err *err);

/* The tree's classes, labels (without "NG") and items as a set without vectors; strings are borrowed from set and items, all
 * else lies in arena.  turned as above. */
ay_status ay_golden_from_line(const ay_line_set *set, const ay_line_items *items, bool turned, ay_arena *arena, ay_golden_set *out,
                              ay_err *err);

#endif
