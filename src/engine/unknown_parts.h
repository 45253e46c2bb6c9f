/* engine/unknown_parts.h - the inside of the detectors, for unknown*.c. */
#ifndef AY_ENGINE_UNKNOWN_PARTS_H
#define AY_ENGINE_UNKNOWN_PARTS_H

#include "engine/unknown.h"

enum { AY_UNKNOWN_MEMBERS = 3 }; /* that make up the combined score */

struct ay_unknown {
    int dim, classes, neighbours, bank_rows;
    double temperature, false_alarm;
    ay_unknown_kind decide;
    double threshold[AY_UNKNOWN_KINDS];
    /* Of the scores of known pictures: what the combined score calls ordinary. */
    double mean[AY_UNKNOWN_KINDS], spread[AY_UNKNOWN_KINDS];
    float *class_mean; /* [classes, dim], of features of unit length */
    float *whiten;     /* [dim, dim], lower triangle: |whiten (x - mean)|^2 is the distance */
    float *bank;       /* [bank_rows, dim], unit length */
    float *seat;       /* [classes, dim]: whiten * class_mean, made at load */
};

extern const ay_unknown_kind ay_unknown_members[AY_UNKNOWN_MEMBERS];

ay_status ay_unknown_alloc(ay_unknown **out, int dim, int classes, int bank_rows, ay_err *err);
/* Fill seat; after class_mean and whiten are known. */
void ay_unknown_seat(ay_unknown *u);
/* The five scores that look at the picture.  skip: a bank row to pass over, -1: none.  work:
 * [2 * dim + neighbours].  False when something is not finite. */
bool ay_unknown_raw(const ay_unknown *u, const float *logits, const float *feature, int skip,
                    double *work, double score[AY_UNKNOWN_KINDS]);
double ay_unknown_combine(const ay_unknown *u, const double score[AY_UNKNOWN_KINDS]);

/* whiten (as above) from n centred rows x [n, dim], shrunk by Ledoit and Wolf; *shrinkage 0..1. */
ay_status ay_unknown_whiten(float *whiten, const float *x, int64_t n, int dim, double *shrinkage,
                            ay_err *err);

#endif
