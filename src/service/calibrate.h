/* service/calibrate.h - what a data set's own pictures say about scores, by leaving each out in turn.
 * For src/service only.
 *
 * Two numbers come out of it: the temperature of the vote and the least similarity of a match.
 * doc/decision.md has the reasons and the measurements.
 *
 * The vote.  A class's weight for a query is the mean over its pictures of exp(cosine / T), its share
 * that weight over the sum of all.  Small T: the nearest picture decides; large T: class means do.
 * T is the one, of a row of eight, that makes the stored pictures' own classes most likely when each
 * is left out, with a mild preference for 0.03 that matters only while there are few pictures.
 *
 * The threshold.  For each picture, the cosine to the nearest other one of its class is a score that
 * a known thing gets: its 5 % quantile is the threshold, so about one known thing in twenty is sent
 * back.  A class with at least twenty such scores has its own; the others share one from all.  With
 * fewer than twenty in all it is their least.  With fewer than five it is the median of the cosines to
 * the nearest picture of another class: what a thing that is not here gets. */
#ifndef AY_SERVICE_CALIBRATE_H
#define AY_SERVICE_CALIBRATE_H

#include "base/err.h"
#include "index/index.h"

#include <stddef.h>
#include <stdint.h>

#define AY_REFUSE 0.05        /* share of known things sent back */
#define AY_SURE 0.60          /* least share of the vote for a match */
#define AY_TEMPERATURE 0.03   /* before there is evidence */

typedef struct {
    double temperature;
    float threshold;   /* shared by small classes; -1: nothing is known, everything may match */
    float *thresholds; /* one a class, for a query whose nearest picture is of it; owned */
    int64_t checked; /* pictures left out whose class has another one */
    int64_t right;   /* of those, how many the others' vote gave their class */
    int64_t known;   /* scores that the threshold comes from; 0: from other classes */
} ay_calibration;

void ay_calibration_fini(ay_calibration *c); /* a zeroed one is fine */

/* What a query's cosines say about one class. */
typedef struct {
    int64_t samples;
    double mean;   /* cosine; 0 when empty */
    float max;     /* cosine; 0 when empty */
    size_t best;   /* the row of max, ties to the smaller member id; undefined when empty */
    double weight; /* mean of exp((cosine - the largest cosine) / T) */
    double share;  /* weight over the sum */
} ay_tally;

/* scores and klass: n rows; id: their member ids; out: nclasses. */
void ay_tally_make(const float *scores, const int *klass, const int64_t *id, size_t n, int nclasses,
                   double temperature, ay_tally *out);

/* klass[i] in 0..nclasses-1 for each row.  When n is large an even selection of rows is left out, so
 * that the work stays within some ten million cosines.  On success the caller gives *out to
 * ay_calibration_fini(); on failure there is nothing to give. */
ay_status ay_calibrate(const ay_rows *rows, const int *klass, int nclasses, int threads,
                       ay_calibration *out, ay_err *err);

#endif
