/* inspect/drift.h - is a golden sample still like what the line makes?
 *
 * Every decision whose picture is nearest to the golden sample that it should be like gives one similarity.  For each label
 * these are compared with the similarities at training (inspect/threshold.h: mean and deviation of held-out pictures):
 *
 *   C(i) = max(0, C(i - 1) + min((mean - x(i)) / deviation, CLIP) - 0.5),  drifting when C >= 10
 *
 * which is Page's cumulative sum for a fall ("Continuous inspection schemes", 1954) with the reference value for a shift of one
 * deviation.  "Drifting since" is the first picture after the last at which C was 0: where the fall began, not where it was noticed.
 * A limit of 10 is higher than the textbook's 4 or 5, because a line takes thousands of pictures a day: with normal
 * similarities a false alarm comes once in some 140,000 pictures (Siegmund's approximation), and a fall of one deviation is seen after
 * about 20.  One picture counts CLIP at most, so that a few bad parts are no drift.  A deviation below
 * AY_DRIFT_LEAST is taken as that: ten pictures that were alike by chance must not make every later one a drift.
 *
 * After an alarm the sum stays at its limit or above until it falls to 0 by itself: "drifting" ends when the line is as it was again.
 *
 * Besides, means over windows of a day (UTC), for a person and a chart.  Windows and state are bounded: AY_DRIFT_WINDOWS of the newest days.
 *
 * Kept as an append-only file: one line of text a similarity, written by one write(); a line that a power cut tore is passed over.
 * A store may keep the rows instead and give them to ay_drift_add() in order of time.
 *
 * Rejected: comparing each day's mean by a t-test (a slow fall is never significant from one day to the next, and a thousand tests a
 * year cry wolf), exponentially weighted means (no date of the beginning).
 *
 * Threads: a drift belongs to one; ay_drift_append from any. */
#ifndef AY_INSPECT_DRIFT_H
#define AY_INSPECT_DRIFT_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AY_DRIFT_SHIFT 0.5  /* deviations; half of the shift that is looked for */
#define AY_DRIFT_LIMIT 10.0 /* deviations */
#define AY_DRIFT_CLIP 2.0
#define AY_DRIFT_LEAST 0.005
enum { AY_DRIFT_WINDOWS = 400, AY_DRIFT_ENOUGH = 10 };

/* What a label's similarities were at training. */
typedef struct {
    const char *label;
    double mean, deviation; /* NAN: not known */
    int64_t n;
} ay_drift_base;

typedef struct {
    int64_t start; /* microseconds since 1970, a day's beginning */
    int64_t n;
    double mean, least;
} ay_drift_window;

typedef struct {
    ay_drift_base base;
    bool known;        /* there is a base of at least AY_DRIFT_ENOUGH pictures: drift can be told */
    int64_t n;         /* similarities */
    double sum;        /* C */
    bool drifting;
    int64_t since;     /* microseconds; of the first picture of the fall.  0 unless drifting */
    int64_t noticed;   /* when C reached the limit; 0 unless drifting */
    int64_t alarms;    /* ever */
    double now;        /* mean of the newest 50 or so (weights fall by 2 % a picture); NAN before the first */
    ay_drift_window window[AY_DRIFT_WINDOWS]; /* oldest first */
    int windows;
    int64_t last, rising; /* time of the newest; of the first since C was 0 */
} ay_drift_label;

typedef struct {
    ay_drift_label *labels; /* [n] */
    int n;
    int64_t unknown; /* rows of labels that are not there, and times that run backwards by more than a day */
} ay_drift;

/* bases [n]; label names are borrowed.  AY_ENOMEM. */
ay_status ay_drift_init(ay_drift *d, const ay_drift_base *bases, int n, ay_err *err);
void ay_drift_fini(ay_drift *d); /* a zeroed one is fine */
/* A similarity of label 0..n-1 at time_us.  NaN and infinite ones are left out. */
void ay_drift_add(ay_drift *d, int label, int64_t time_us, double similarity);
/* By name; an unknown one is counted. */
void ay_drift_add_named(ay_drift *d, const char *label, int64_t time_us, double similarity);

/* Add one line to the file, made when missing.  label: without control characters.  AY_EINVAL, AY_EIO. */
ay_status ay_drift_append(const char *path, int64_t time_us, const char *label, double similarity, ay_err *err);
/* Add all lines of the file; *torn (may be NULL): lines that are none.  A missing file is an empty one.  AY_EIO, AY_ENOMEM. */
ay_status ay_drift_load(ay_drift *d, const char *path, int64_t *torn, ay_err *err);

/* [{label, pictures, drifting, since, noticed, mean_at_training, deviation_at_training, pictures_at_training, mean_now, sum, limit, alarms,
 * known, windows: [{day, pictures, mean, least}], words}]; NULL: no memory. */
json_t *ay_drift_json(const ay_drift *d);
/* One sentence about a label. */
void ay_drift_words(const ay_drift_label *l, char *dst, size_t cap);

#endif
