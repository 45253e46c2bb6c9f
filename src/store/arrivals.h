/* store/arrivals.h - the durable queue of pictures that have come and are not taken in yet.
 *
 * An arrival says: the file named by this digest is in blobs/, and shall become a picture of this class.  The order is
 * file first, row second, answer third, so what was acknowledged survives a power cut, and a crash before the row
 * leaves at most a stray file.  Taking it in removes the row in the very transaction that writes picture, member and
 * vector: every picture is taken in exactly once, wherever the program is killed.
 *
 *   waiting --taken in--> gone            (picture, member, vector instead)
 *      |  \---dropped---> gone            (its import was cancelled)
 *      \--refused--> failed --dismissed--> gone
 *
 * A batch ("intake") is one import: one request, one folder.  Its counts are kept with it, so that a restart knows how
 * far it was: total = waiting + added + same + failed + dropped.
 *
 * Invariants: a file named by a waiting arrival is never removed (ay_store_picture_list and ay_store_purge know them);
 * a failed one names no file.  Numbers grow in the order of commits.
 *
 * Rejected: a queue in memory (an answer would promise nothing), files in an inbox folder as the queue (where they
 * belong, and why one failed, has no place there).
 *
 * With the rules of store/store.h.  Threads: any. */
#ifndef AY_STORE_ARRIVALS_H
#define AY_STORE_ARRIVALS_H

#include "store/store.h"

#define AY_SOURCE_MAX 4096 /* bytes of the path that a file was read from */
#define AY_FAILURES_KEPT 10000
#define AY_BATCHES_KEPT 200

/* What becomes of a picture that is in another class of the data set; kept as this number. */
typedef enum {
    AY_STAY_NOT,    /* it is moved */
    AY_STAY,        /* it is left there */
    AY_STAY_SORTED, /* it is left there unless that is the class for what nobody has sorted */
} ay_stay;

typedef struct {
    int64_t id, batch;
    int64_t dataset, class_id;
    ay_stay stay;
    const char *sha256;
    const char *file;   /* as the uploader named it */
    const char *source; /* the path it was read from; "" for an upload */
    const char *code, *message; /* of a failed one: the status's name and a sentence; else "" */
    int64_t at_us;      /* when it came; of a failed one: when it failed */
} ay_store_arrival;

/* A file of a watched folder that a row was made of, or that was passed over (sha256 ""). */
typedef struct {
    int64_t watch;    /* 0: of no watched folder */
    const char *name; /* digest of its path */
    int64_t bytes, changed_us;
    const char *sha256;
} ay_store_watched;

typedef struct {
    int64_t id, at_us;
    const char *source; /* what a person would call it */
    int64_t total, waiting, added, same, failed, dropped;
} ay_store_intake;

/* A new batch, empty.  Old ones of which nothing is left go, AY_BATCHES_KEPT stay. */
ay_status ay_store_intake_add(ay_store *s, const char *source, int64_t *id, ay_err *err);
/* AY_ENOTFOUND: no such batch. */
ay_status ay_store_intake_get(ay_store *s, int64_t id, ay_arena *a, ay_store_intake *out, ay_err *err);
/* Newest first, at most limit. */
ay_status ay_store_intake_list(ay_store *s, int limit, ay_arena *a, ay_store_intake **out, size_t *n, ay_err *err);

/* Put rows behind what waits, and note files as seen, in one transaction; batch's total grows by n.  A row with a code is
 * of a file that was refused at the door: it is a failure at once, its digest may be "".  `same`: so many
 * more came that need no row, because the data set has them.  id and at_us of the rows are the store's. */
ay_status ay_store_arrivals_add(ay_store *s, int64_t batch, const ay_store_arrival *list, size_t n,
                                const ay_store_watched *seen, size_t nseen, int64_t same, ay_err *err);
/* Those that wait, oldest first, at most limit of id > after. */
ay_status ay_store_arrivals_waiting(ay_store *s, int64_t after, int limit, ay_arena *a, ay_store_arrival **out,
                                    size_t *n, ay_err *err);

/* What became of an arrival. */
typedef struct {
    int64_t id, batch, class_id;
    ay_stay stay;
    const char *file;
    ay_status status;           /* AY_OK: it is a picture; else why it is none */
    const char *message;        /* then: a sentence */
    ay_store_picture picture;   /* AY_OK only */
    ay_store_vector vector;
    ay_store_added added;       /* out */
    bool gone;                  /* out: it was dropped meanwhile; nothing was done */
} ay_store_settled;
/* What the next call would refuse as a whole. */
ay_status ay_store_settled_check(const ay_store_settled *x, ay_err *err);
/* All of them in one transaction.  One whose class was deleted meanwhile fails by itself: status and message change. */
ay_status ay_store_arrivals_settle(ay_store *s, ay_store_settled *list, size_t n, ay_err *err);

/* Drop what waits of a batch.  out: the digests that nothing names any more, whose files can go. */
ay_status ay_store_arrivals_drop(ay_store *s, int64_t batch, ay_arena *a, const char ***out, size_t *n,
                                 int64_t *dropped, ay_err *err);
/* Does a picture or a waiting arrival name the file? */
ay_status ay_store_blob_named(ay_store *s, const char *sha256, bool *named, ay_err *err);

ay_status ay_store_arrivals_count(ay_store *s, int64_t *waiting, int64_t *failed, ay_err *err);
/* Failed ones, newest first, at most limit of id < before (0: from the newest). */
ay_status ay_store_failures_list(ay_store *s, int64_t before, int limit, ay_arena *a, ay_store_arrival **out,
                                 size_t *n, ay_err *err);
/* Forget one (id), or all (0); *forgotten tells how many. */
ay_status ay_store_failures_forget(ay_store *s, int64_t id, int64_t *forgotten, ay_err *err);

#endif
