/* service/suspects.h - which reference pictures look wrong, found by leaving each out in turn. */
#ifndef AY_SERVICE_SUSPECTS_H
#define AY_SERVICE_SUSPECTS_H

#include "service/calibrate.h"
#include "service/service.h"

typedef enum {
    AY_SUSPECT_WRONG_CLASS,    /* the other pictures say it belongs to another class */
    AY_SUSPECT_DUPLICATE,      /* looks identical to another one */
    AY_SUSPECT_NEAR_DUPLICATE, /* looks almost identical */
    AY_SUSPECT_OUTLIER         /* like nothing else in its class */
} ay_suspect_kind;
const char *ay_suspect_kind_name(ay_suspect_kind kind); /* "wrong_class"... */

typedef struct {
    ay_suspect_kind kind;
    char sha256[AY_SHA256_HEX];
    const char *file;
    int64_t class_id;
    const char *class_name;
    char other_sha256[AY_SHA256_HEX]; /* the picture it is like; "" when none */
    const char *other_class;          /* NULL when none */
    float similarity;                 /* to the other one, or to its own class's nearest (outlier) */
    const char *suggestion;           /* class to move it to; NULL when none */
    const char *reason;               /* one plain English sentence */
} ay_suspect;

typedef struct {
    int64_t class_id;
    const char *name;
    int64_t checked, right; /* leave-one-out */
} ay_suspect_class;

typedef struct {
    ay_suspect *items; /* worst first */
    size_t nitems;
    ay_suspect_class *classes;
    size_t nclasses;
    int64_t checked; /* pictures with a vector whose class has another one */
    double accuracy; /* leave-one-out, of the checked; 0 when none */
    const char *dataset;
} ay_suspects;

/* What the others say about one picture that was left out.  For src/service and bench/. */
typedef struct {
    bool found;
    ay_suspect_kind kind; /* AY_SUSPECT_WRONG_CLASS or AY_SUSPECT_OUTLIER */
    size_t other;         /* row of the picture it is like */
    float similarity;
    double weight;  /* worst first */
    int suggestion; /* class, or -1 */
    bool right;     /* the others' vote gave its class */
} ay_suspicion;

/* scores: the row's cosines to all n rows; its own place is used for work and put back.  tally: nclasses
 * for work.  A row whose class has no other picture is not judged: false. */
bool ay_suspect_judge(float *scores, size_t row, const int *klass, const int64_t *ids, size_t n,
                      int nclasses, const ay_calibration *cal, ay_tally *tally, ay_suspicion *out);

/* At most limit items (0: 100).  Each picture is compared with every other one; of more than ten
 * thousand an even selection is examined, so that it takes seconds at most. */
ay_status ay_suspects_find(ay_service *s, const char *dataset, int limit, ay_arena *a,
                           ay_suspects *out, ay_err *err);

#endif
