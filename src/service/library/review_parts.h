/* service/library/review_parts.h - what is known when questions are made.  For src/service/library/review*.c only.
 *
 * Everything is a copy in an arena of its own (megabytes, more than a request may have), so that the galleries are held only while it is made, and not while vectors are compared or
 * words are read. */
#ifndef AY_SERVICE_REVIEW_PARTS_H
#define AY_SERVICE_REVIEW_PARTS_H

#include "service/calibrate.h"
#include "service/internal.h"
#include "service/library/review.h"

typedef struct {
    int64_t id;
    const char *name;
    bool unsorted;
    int64_t images;
} ay_review_class;

typedef struct {
    char sha256[AY_SHA256_HEX];
    const char *file;
    int klass;         /* -1: none; else it is taught */
    const char *model; /* the label that a trained model gave; NULL: none */
} ay_review_face;

typedef struct {
    ay_service *s;
    ay_arena *a;
    int64_t dataset;
    const char *name;
    ay_review_class *classes;
    int nclasses, dim;

    ay_rows known; /* taught pictures */
    int *klass;
    int64_t *ids; /* of members */
    ay_review_face *taught;
    ay_calibration cal;

    ay_rows rows; /* candidates: pictures without a class, then taught ones */
    ay_review_face *face;
    size_t unsorted; /* candidates before it are without a class */
    int64_t waiting; /* of these, before the selection */

    float *names; /* of nnames classes' names, nnames x dim: what words say */
    int *name_class, nnames;
    size_t answered;
} ay_review_scene;

/* The caller has entered the encoder, and holds no galleries. */
ay_status ay_review_gather(ay_review_scene *c, const char *dataset, ay_err *err);
/* Only what is taught, and how well it does. */
ay_status ay_review_known(ay_review_scene *c, const char *dataset, ay_err *err);
/* One vector's cosines to the taught pictures to a vote; tally has a place a class.  *best -1: nothing is taught. */
void ay_review_vote(const ay_review_scene *c, const float *scores, ay_tally *tally, int *best, int *second);

#endif
