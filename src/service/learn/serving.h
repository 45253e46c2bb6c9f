/* service/learn/serving.h - the trained models that are open now.  For src/service only.
 *
 * A few stay open: the active one, the one before it (a roll-back is then a pointer), one that a
 * person compares with.  Whoever uses one holds it; what is put out of the pool closes when its last
 * holder lets go.
 *
 * Invariants: a held model is open; the active one is never put out; refs, the pool and active_id are
 * guarded by serving_lock; opening, which takes seconds, happens under `opening` alone, so that
 * predictions go on meanwhile. */
#ifndef AY_SERVICE_SERVING_H
#define AY_SERVICE_SERVING_H

#include "service/internal.h"
#include "service/learn/predict.h"
#include "store/ledger.h"

struct ay_serving {
    ay_classifier *classifier;
    const ay_classifier_info *info;
    int64_t model;
    int version, refs;
    uint64_t used; /* when it was last asked for */
    bool out;      /* of the pool */
    char name[AY_NAME_MAX + 1], digest[AY_SHA256_HEX];
};

/* id 0: the active one; AY_ECONFLICT when none is.  Opens and checks it when it is not open. */
ay_status ay_serving_hold(ay_service *s, int64_t id, ay_serving **out, ay_err *err);
void ay_serving_drop(ay_service *s, ay_serving *v);
/* Out of the pool, closed when its last holder lets go.  The caller holds `opening`. */
void ay_serving_evict(ay_service *s, int64_t id);
void ay_serving_close_all(ay_service *s); /* nobody holds any */
size_t ay_serving_memory(ay_service *s);  /* bytes of all that are open */
/* Close the one that was used longest ago, if that was before `before`, it is not the active one and nobody holds it.
 * False: there is none such. */
bool ay_serving_close_oldest(ay_service *s, uint64_t before);

/* Open the model in folder and let it answer about the picture that every machine can make: *answer is
 * JSON, to be freed with ay_free(). */
ay_status ay_serving_try(ay_service *s, const char *folder, ay_classifier **out, char **answer,
                         ay_err *err);
/* Digest over a model folder's files. */
ay_status ay_serving_bundle(const char *folder, char hex[AY_SHA256_HEX], ay_err *err);

/* ---- reason.c */
/* The same questions as part of an answer, out filled in but for what they change: with o->views its
 * label and probabilities are of the mean of five views; with o->passes its doubt is known.
 * AY_ECONFLICT: the network has no dropout. */
ay_status ay_reason_ask(ay_service *s, const ay_serving *v, const ay_image *im,
                        const ay_predict_options *o, ay_arena *a, ay_answer *out, ay_err *err);
/* Close the network that explains, if it is of this model; 0: of whichever. */
void ay_reason_forget(ay_service *s, int64_t model);
/* An answer's fields from a prediction of v's classifier (predict.c). */
ay_status ay_answer_fill(const ay_serving *v, const ay_prediction *p, ay_arena *a, ay_answer *out,
                         ay_err *err);

/* Remove rubbish of <data>/models, learn which model is active, and with open_now open it. */
ay_status ay_registry_start(ay_service *s, bool open_now, ay_err *err);
/* The model that answers, as the store has it. */
ay_status ay_registry_refresh(ay_service *s, ay_err *err);

/* ---- training.c */
/* Remove what job `id` left below <data>/train. */
void ay_training_forget(ay_service *s, int64_t id);
ay_status ay_trainer_start(ay_service *s, ay_err *err);
void ay_trainer_stop(ay_service *s);


/* Compact JSON text of v, to be freed with ay_free(); NULL: no memory. */
char *ay_json_compact(const json_t *v);

#endif
