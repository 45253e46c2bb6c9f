/* service/library/opinions.h - what a trained model says of every picture of a data set, so that pictures can be filtered and ordered by it.
 *
 * Somebody asks once; the active model (or another one) then looks in the background at every picture that it has no opinion of (a job of the
 * kind "opinions", that can be cancelled and goes on where it was when asked again).  Opinions are a model's: when another model becomes the
 * active one, nothing is known until that one was asked, and the old one's are still there under its name.  Pictures that come later have no
 * opinion, and fit no filter by one, until somebody asks again; ay_opinions_look() says how many those are.
 *
 * They are kept in <data>/cache, a file a model, by digests: they can be computed again, and are in no backup.
 *
 * Rejected: the record of predictions (service/learn/predict.h) as the source: it holds what people asked about, with options that change the answer,
 * a hundred thousand rows at most, and looking up its newest rows for each filter is no matter of milliseconds; rows in the store (as many
 * writes as pictures, for what is no loss); looking at each new picture by itself (a network that nobody asked for runs beside every import).
 *
 * Threads: any. */
#ifndef AY_SERVICE_OPINIONS_H
#define AY_SERVICE_OPINIONS_H

#include "service/service.h"

enum { AY_OPINION_MODELS = 4 /* whose opinions are in memory at once */ };

typedef struct {
    const char *name;
    int64_t pictures; /* of which the model says this class, and that it is like what it was shown */
} ay_opinion_count;

typedef struct {
    const char *dataset;
    int64_t model; /* 0: no model was named, and none is active */
    const char *name;
    int version;
    bool active;
    int64_t pictures, known, unlike, unread; /* with an opinion; like nothing the model was shown; that could not be read */
    ay_opinion_count *classes;               /* most first */
    int nclasses;
    int64_t job; /* that looks now, whatever for; 0: none */
} ay_opinions_state;

/* dataset NULL or "": the library; model NULL or "": the active one, else as ay_registry_find() takes it.  AY_ENOTFOUND. */
ay_status ay_opinions_look(ay_service *s, const char *dataset, const char *model, ay_arena *a, ay_opinions_state *out, ay_err *err);
/* Begin to look at what is new, or with `again` at everything; *job says how far it is.  AY_ECONFLICT: no model is active, or one looks at
 * something else just now; AY_EBUSY: this process only reads. */
ay_status ay_opinions_ask(ay_service *s, const char *dataset, const char *model, bool again, int64_t *job, ay_err *err);

ay_status ay_opinions_open(ay_service *s, ay_err *err);
void ay_opinions_stop(ay_service *s); /* what is under way ends; s->stop is set */
void ay_opinions_close(ay_service *s);

#endif
