/* inspect/report.h - what a training for a line gave, as files: S5's tree and names, with more in them.
 *
 *   results/golden_samples/<label>_<file>[_rot90]_<number>.png   the samples as pictures, turned as they were used
 *   results/golden_samples.json             why these (inspect/golden.h)
 *   results/evaluation_results.csv          a row a held-out picture (inspect/judge.h)
 *   results/thresholds.json                 (inspect/threshold.h)
 *   results/confusion_matrix.png, .csv      counts; rows truth, columns guess, classes in order of name
 *   results/class_accuracy.png              with intervals
 *   results/similarity_distribution.png     of right and of wrong answers
 *   results/similarity_impostors.png        to what a picture claims to be: its own, and those that must not pass
 *   results/similarity_by_class.png         the same a label, with its threshold
 *   summary_report.json                     written last
 *
 * summary_report.json has the fields of the system that this replaces: timestamp, class_statistics {class: originals, "NG":},
 * total_classes (without NG), total_images (originals, NG too), evaluation_accuracy (null without held-out pictures),
 * training_config; totals are counted here and are never 0 because somebody passed none (bug 42).  Then ours: see doc/inspect.md.
 *
 * Every file appears whole or not at all; a failure leaves those that were finished and no summary_report.json.
 * Threads: one call a folder. */
#ifndef AY_INSPECT_REPORT_H
#define AY_INSPECT_REPORT_H

#include "inspect/judge.h"

typedef struct {
    const char *folder; /* training_<id>; made when missing */
    const char *timestamp; /* RFC 3339 */
    const ay_golden_set *set;
    const ay_goldens *goldens;
    const ay_golden_scores *scores;
    const ay_thresholds *thresholds;
    const ay_judgement *judgement;
    const json_t *training_config; /* NULL: {} */
    const json_t *more;            /* an object whose fields are added to the summary (retrieval, drops ...); NULL: none */
} ay_inspect_report;

/* AY_EIO, AY_ENOMEM. */
ay_status ay_inspect_report_write(const ay_inspect_report *r, ay_err *err);
/* The summary alone, a new reference; NULL: no memory. */
json_t *ay_inspect_summary(const ay_inspect_report *r);
/* The name of a sample's picture below golden_samples/, as above, without anything that leads out of a folder: the number, from 1,
 * is index + 1 and keeps two apart.  Also in an inspection module.  At most cap - 1 bytes. */
void ay_golden_file_name(const ay_golden_set *set, const ay_golden_sample *s, int index, char *dst, size_t cap);
/* The sample's picture, read and turned, as the network saw it. */
ay_status ay_golden_picture(const ay_golden_set *set, const ay_golden_sample *s, ay_image *out, ay_err *err);

#endif
