/* service/library/duplicates_parts.h - what the files of duplicates share.  For src/service/library only. */
#ifndef AY_SERVICE_DUPLICATES_PARTS_H
#define AY_SERVICE_DUPLICATES_PARTS_H

#include "service/internal.h"
#include "service/library/duplicates.h"
#include "store/apart.h"

/* What was found of one data set. */
typedef struct ay_dups_set {
    int64_t dataset, made_us;
    size_t n, failed;
    char (*sha256)[AY_SHA256_HEX]; /* n */
    uint8_t *readable;             /* n */
    ay_dups_found found;           /* place: owned too */
    char model[AY_SHA256_HEX];     /* of the vectors; "" for none */
    /* Groups as of the gallery's state: made again when that or what is apart changes. */
    ay_dup_groups groups;
    bool grouped;
    uint64_t generation, apart;
    size_t elsewhere;
    bool counted; /* known is as of the gallery's state counted_at */
    uint64_t counted_at;
    size_t known; /* rows that are still there */
    struct ay_dups_set *next;
} ay_dups_set;

struct ay_dups_state {
    pthread_mutex_t lock;
    ay_dups_set *sets;
    ay_store_pair *apart; /* in order; owned by the arena */
    size_t napart;
    ay_arena arena;
    uint64_t version; /* of what is apart; grows */
    pthread_t thread;
    bool started, busy, again;
    atomic_bool stop;
    int64_t dataset, job; /* of the run under way */
    /* The last run failed, of this data set (0: none), when and why: questions begin no other one for a while, or a page that is open on a full
     * disk would ask for ever. */
    int64_t failed;
    uint64_t failed_at; /* ay_clock_mono() */
    char why[256];
};

/* duplicates_keep.c: to and from the file.  NULL: there is none that can be used. */
ay_dups_set *ay_dups_set_read(ay_service *s, int64_t dataset);
ay_status ay_dups_set_write(ay_service *s, const ay_dups_set *set, ay_err *err);
void ay_dups_set_free(ay_dups_set *set);

/* duplicates_run.c: find on this thread; *out is a new set.  old may be NULL; it is not changed.  The job hears of progress. */
ay_status ay_dups_run(ay_service *s, int64_t dataset, const ay_dups_set *old, int64_t job, ay_dups_set **out, ay_err *err);

/* Under the state's lock. */
bool ay_dups_are_apart(const ay_dups_state *d, const char *a, const char *b);

#endif
