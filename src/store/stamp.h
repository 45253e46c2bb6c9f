/* store/stamp.h - a number for the state of data sets, classes, pictures and their vectors, so that a copy of them can be believed.
 *
 * Each transaction that changes one of the tables dataset, class, member, picture and vector leaves a new random number behind, in the
 * same transaction.  A copy that was made under the newest number is as good as the rows.  No caller has to remember this: every write
 * passes ay_sql_write(), which looks at the statement's verb and table, and a statement that it does not understand counts as a change.
 *
 * Random and not counted, because a database may come back from a backup and go on from there: a count would come to the same
 * value with other rows.
 *
 * What was there stays as it is while rows are only inserted.  So the numbers of such a time are kept (the last AY_STAMPS_KEPT), and a
 * copy under one of them lacks only what came since: members with higher ids, as ids are never used again.  Anything else, an
 * UPDATE or DELETE that hit a row, forgets them all.
 *
 * Rejected: triggers (MariaDB wants a privilege for them when it keeps a binary log); a hash of the rows (reading them is what is to be
 * saved); a count in each data set (a picture's row and vector belong to many).
 *
 * Threads: any. */
#ifndef AY_STORE_STAMP_H
#define AY_STORE_STAMP_H

#include "store/store.h"

enum { AY_STAMPS_KEPT = 65536 };
enum { AY_STAMP_NOTHING, AY_STAMP_GREW, AY_STAMP_CHANGED }; /* what a transaction did */

typedef enum {
    AY_STAMP_OTHER, /* the copy is of no use */
    AY_STAMP_GROWN, /* rows were inserted since, and nothing else */
    AY_STAMP_NOW
} ay_stamp_age;

/* The newest number; never 0. */
ay_status ay_store_stamp(ay_store *s, int64_t *stamp, ay_err *err);
/* What happened since `stamp` was the newest. */
ay_status ay_store_stamp_age(ay_store *s, int64_t stamp, ay_stamp_age *out, ay_err *err);
/* What a statement that changed so many rows does: AY_STAMP_NOTHING ...  For tests. */
int ay_stamp_of(const char *sql, int64_t changed);

#endif
