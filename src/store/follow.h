/* store/follow.h - what other processes changed.
 *
 * Where several processes write to one database (PostgreSQL with nodes=many) each transaction that changed something ends with a word to the
 * others: LISTEN and NOTIFY, so that it is heard when it is committed, and not at all when it is not.  The word says what kind of rows it
 * was, not which: whoever keeps a copy asks the store's own records (store/stamp.h, a job's row) what is different now.  A word can
 * be lost with a connection; then everything counts as changed.
 *
 * Where only one process writes there is nothing to hear for it; one that only reads asks once a second.
 *
 * Rejected: the changed row in the word (8000 bytes at most, and a lost word would be a lost row); a table of changes that nodes read from (each
 * would have to be known, to know what can go).
 *
 * Threads: fn runs on a thread of the store's own, which holds no lock of it; it must not end the watch or close the store. */
#ifndef AY_STORE_FOLLOW_H
#define AY_STORE_FOLLOW_H

#include "store/store.h"

enum {
    AY_FOLLOW_GALLERIES = 1, /* data sets, classes, pictures, vectors: the stamp has moved */
    AY_FOLLOW_JOBS = 2,
    AY_FOLLOW_MODELS = 4, /* trained models and which serves */
    AY_FOLLOW_REST = 8,   /* tags, groups, verdicts, settings ... */
    AY_FOLLOW_ALL = 15
};

/* fn is called with what another session changed.  One watch a store.  AY_ECONFLICT: there is one already. */
ay_status ay_store_follow(ay_store *s, void (*fn)(void *ctx, unsigned what), void *ctx, ay_err *err);
void ay_store_follow_stop(ay_store *s); /* ay_store_close() does it too */
/* Do other processes write there? */
bool ay_store_shared(const ay_store *s);
/* What a statement tells others; 0: nothing.  For tests. */
unsigned ay_follow_of(const char *sql);

#endif
