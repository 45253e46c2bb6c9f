/* train/report.h - what a training run gave, as one HTML file that needs nothing else.
 *
 * Charts are inline SVG, pictures data URIs, no script, no font, no address outside: it can be
 * mailed, archived and printed, and opens in ten years.  Light and dark follow the reader.  It leads
 * with a sentence a person can say aloud; figures, with their uncertainty, follow.
 *
 * Class names, file names, settings and messages come from folders and are hostile: everything is
 * escaped, and a Content-Security-Policy in the file forbids script in case that ever fails.
 *
 * The same inputs give the same bytes.  Any thread. */
#ifndef AY_TRAIN_REPORT_H
#define AY_TRAIN_REPORT_H

#include "train/metrics.h"
#include "train/sheet.h"

typedef struct {
    const char *path, *reason;
} ay_report_skipped;

typedef struct {
    const char *key, *value;
} ay_report_fact;

/* NULL and 0: not known, and left out of the page. */
typedef struct {
    const char *name;         /* of the model or run; NULL: "Untitled run" */
    const char *when;         /* RFC 3339; given by the caller, so that bytes can be repeated */
    const char *architecture, *snapshot, *digest, *program; /* program: "assay 0.2.0" */
    int classes;              /* >= 1 */
    const char *const *names; /* [classes] */
    const char *unseen;       /* of which part test is: NULL: "unseen pictures" */
    const ay_metrics *test;   /* needed */
    const ay_metrics *raw;    /* the same pictures at T = 1, for "calibrated from ... to ..." */
    double temperature;       /* 0: not calibrated */
    const int64_t *trained;   /* [classes]: training pictures a class */
    int64_t train_count, val_count;
    const ay_curves *curves;
    const ay_mistake *mistake; /* with paths[index] */
    int mistakes;
    const char *const *paths;
    const ay_report_skipped *skipped;
    int skipped_count;
    int64_t near_copies;      /* pictures kept on one side because they are near copies */
    const ay_report_fact *fact; /* settings, machine, time ... in this order */
    int facts;
    const ay_report_fact *unknowns; /* name of a detector, what it reached: "AUROC 0.991 ..." */
    int unknown_count;
} ay_report;

/* Append the page. */
ay_status ay_report_html(const ay_report *r, ay_buf *out, ay_err *err);
/* folder/report.html and folder/plots/NAME.svg and .png (light); every file whole or not at all. */
ay_status ay_report_write(const ay_report *r, const char *folder, ay_err *err);
/* The sentence at the top, "Right on 98.3 % of 120 unseen pictures (95 % interval 94.1 % to
 * 99.5 %)." */
void ay_report_headline(const ay_report *r, char *dst, size_t cap);

#endif
