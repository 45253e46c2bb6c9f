/* service/library/opinions_parts.h - opinions in memory.  For src/service/library only.
 *
 * A table a model, by the numbers that service/library/marks.h gives pictures.
 *
 * Locks: tables are guarded by marks->lock, for whoever reads them has that already; `lock` is of the worker, and marks->lock is never taken
 * inside it, nor it inside that. */
#ifndef AY_SERVICE_OPINIONS_PARTS_H
#define AY_SERVICE_OPINIONS_PARTS_H

#include "service/internal.h"
#include "service/library/opinions.h"

enum { AY_OPINION_NONE = 0xffff, AY_OPINION_UNREAD = 0xfffe }; /* labels: nobody looked; the picture cannot be read */

typedef struct {
    uint16_t label;
    uint8_t verdict, unused; /* ay_verdict */
    float score, margin;     /* probability of the label; what it is ahead of the next one */
} ay_opinion;

typedef struct {
    int64_t model;
    int version;
    char name[AY_NAME_MAX + 1], digest[AY_SHA256_HEX];
    char **labels; /* owned, as all below */
    int nlabels;
    ay_opinion *of; /* by number - 1 */
    uint32_t cap;
    uint64_t used;
} ay_opinion_table;

struct ay_opinions {
    ay_opinion_table list[AY_OPINION_MODELS];
    int n;
    uint64_t turn;
    bool looked;              /* for files */
    _Atomic uint64_t version; /* grows with every change */
    pthread_mutex_t lock;
    pthread_t worker;
    bool started, running;
    int64_t job, model, dataset; /* of the work */
    bool again;
};

/* ---- the caller holds marks->lock */
/* The table of a model: NULL or "": of the active one; an id, a name (its newest version), name:version.  NULL: nothing is known of such a model. */
ay_opinion_table *ay_opinions_of(ay_service *s, const char *model);
/* The same, made where there is none; NULL: no memory. */
ay_opinion_table *ay_opinions_make(ay_service *s, int64_t model, const char *name, int version, const char *digest, const char *const *labels,
                                   int nlabels);
void ay_opinions_forget(ay_opinion_table *t);
/* NULL: none. */
static inline const ay_opinion *ay_opinion_get(const ay_opinion_table *t, uint32_t number)
{
    return number && number <= t->cap && t->of[number - 1].label < AY_OPINION_UNREAD ? &t->of[number - 1] : NULL;
}
/* False: no memory. */
bool ay_opinion_put(ay_opinion_table *t, uint32_t number, const ay_opinion *o);

/* Write what is known of a model; takes marks->lock. */
void ay_opinions_keep(ay_service *s, int64_t model);

#endif
