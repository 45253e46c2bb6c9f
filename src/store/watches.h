/* store/watches.h - folders that are read: once (an import), or as long as they are watched.
 *
 * A row is a wish that survives a restart; `watched` rows say which files of it were read already, by the digest of the
 * path with size and time, so that a restart does not read ten thousand files again, a file that was moved is known by
 * its content, and a picture that a person deleted does not come back by itself.
 *
 * With the rules of store/store.h.  Threads: any. */
#ifndef AY_STORE_WATCHES_H
#define AY_STORE_WATCHES_H

#include "store/arrivals.h"

typedef struct {
    int64_t id, at_us;
    const char *folder;        /* absolute; of an import it may be a file */
    int64_t dataset, class_id; /* class_id: where pictures go that are in no sub-folder's class */
    bool classes;              /* the first folder below it is the class */
    bool once;                 /* an import: read to its end, then this row goes */
    int64_t batch;             /* the import that its pictures are counted with */
} ay_store_watch;

/* id and at_us are the store's. */
ay_status ay_store_watch_add(ay_store *s, const ay_store_watch *w, int64_t *id, ay_err *err);
ay_status ay_store_watch_list(ay_store *s, ay_arena *a, ay_store_watch **out, size_t *n, ay_err *err);
/* And what is noted of its files.  AY_ENOTFOUND. */
ay_status ay_store_watch_remove(ay_store *s, int64_t id, ay_err *err);
/* Was this very file read, or passed over, as it is now? */
ay_status ay_store_watched_known(ay_store *s, const ay_store_watched *w, bool *known, ay_err *err);
/* Was a file with this content read before? */
ay_status ay_store_watched_content(ay_store *s, int64_t watch, const char *sha256, bool *known, ay_err *err);

#endif
