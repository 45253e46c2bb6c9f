/* store/content.h - files that all nodes of a shared database need, kept in the database itself.
 *
 * Several nodes (nodes=many, store/url.h) have a data folder each.  Rows are shared; pictures and trained models are files.  They go into the
 * table `content` before the row that names them, and a node that lacks one fetches it into its own folder, which is then a copy that
 * can be thrown away.
 *
 * Why the database and not a folder that all can see (NFS): there is one thing to set up, to watch and to back up; "acknowledged is durable"
 * keeps its meaning, which it does not on every network folder; and the folder's own locks go on meaning "one process".  The price is that
 * each picture is in the database once more, and that a model of 100 MB takes a second to come.  Large objects of PostgreSQL were rejected:
 * no other database has them, and they have no transaction-safe clean-up without a trigger.
 *
 * Names: a picture's digest, or "model/<folder>/<file>".  A file is rows of at most AY_CONTENT_PART bytes, all written in one transaction, so
 * it is there whole or not at all.
 *
 * Threads: any. */
#ifndef AY_STORE_CONTENT_H
#define AY_STORE_CONTENT_H

#include "base/buf.h"
#include "store/blobs.h"
#include "store/store.h"

enum { AY_CONTENT_PART = 4 << 20, AY_CONTENT_NAME = 160 };

typedef struct {
    const char *name; /* at most AY_CONTENT_NAME bytes */
    const void *bytes;
    size_t n;
} ay_content;

/* Keep them, all or none.  One that is there already stays and counts as new for ay_store_content_trim(). */
ay_status ay_store_content_put(ay_store *s, const ay_content *list, size_t n, ay_err *err);
/* Append the file to out.  AY_ENOTFOUND. */
ay_status ay_store_content_get(ay_store *s, const char *name, ay_buf *out, ay_err *err);
/* The names that begin so, in order. */
ay_status ay_store_content_list(ay_store *s, const char *prefix, ay_arena *a, const char ***out, size_t *n, ay_err *err);
/* Digests of pictures that have a row and no file here. */
ay_status ay_store_content_missing(ay_store *s, ay_arena *a, const char ***out, size_t *n, ay_err *err);
/* Forget pictures that no row names and that were put before before_us: the time between the file and its row is not a loss. */
ay_status ay_store_content_trim(ay_store *s, int64_t before_us, ay_err *err);

#endif
