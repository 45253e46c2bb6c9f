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
 * a known thing gets; the cosine to the nearest of another class is a score that a stranger gets
 * which is like the things stored.  The threshold is the one of the known scores that makes the share of
 * the known below it plus the share of such strangers not below it least, among those that send
 * back 2 to 25 % of the known: where classes lie apart few known things are lost, where they do not
 * more are, and never more than that.  And it is no score that nine of ten such strangers exceed (but
 * still within the 25 %): what is less like the stored things than they are like each other is no
 * candidate.  With one class there are no strangers to learn from, and 5 % are sent back.  With fewer
 * than twenty known scores it is their least that the strangers allow; with fewer than five it is the
 * median of the strangers'.
 *
 * Rejected: a threshold for each class (worse at the same price, and small classes have none); scores
 * other than the nearest cosine (doc/decision.md). */
#ifndef AY_SERVICE_CALIBRATE_H
#define AY_SERVICE_CALIBRATE_H

#include "base/err.h"
#include "index/index.h"

#include <stddef.h>
#include <stdint.h>

#define AY_REFUSE_LEAST 0.02  /* share of known things sent back */
#define AY_REFUSE_USUAL 0.05
#define AY_REFUSE_MOST  0.25
#define AY_STRANGE      0.10  /* share of near strangers' scores that no threshold is below */
#define AY_SURE         0.70  /* least share of the vote for a match */
#define AY_TEMPERATURE  0.03  /* before there is evidence */

typedef struct {
    double temperature;
    float threshold; /* least similarity of a match; -1: nothing is known, everything may match */
    float odd;       /* 5 % of the known scores are below; -1: no known scores */
    int64_t checked; /* pictures left out whose class has another one */
    int64_t right;   /* of those, how many the others' vote gave their class */
    int64_t known;   /* scores that the threshold comes from; 0: from other classes */
} ay_calibration;

/* For measurements: least and most share of known things sent back. */
typedef struct {
    double least, most;
} ay_refusal;

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
 * that the work stays within some ten million cosines.  refusal NULL: AY_REFUSE_LEAST and _MOST. */
ay_status ay_calibrate(const ay_rows *rows, const int *klass, int nclasses, int threads,
                       const ay_refusal *refusal, ay_calibration *out, ay_err *err);

#endif
