/* service/export/export.h - pictures go out: as folders of classes, COCO, CSV, JSON Lines or Croissant; a tar file, a stream, a folder.
 *
 *   ay_export_open()    which pictures, as they are now (list.h); nothing is removed from the data folder from here on (backup/hold.h)
 *   ay_export_write()   picture by picture, then the documents about them (format.h, sink.h)
 *
 * The same pictures give the same bytes, wherever and whenever: order, names and times come from the pictures alone.
 * A picture whose file is lost or damaged is left out and told; so is one more file in the archive, not-exported.txt.
 * It comes back by service/export/bring.h.
 *
 * Memory: what is known of the pictures (450 bytes each) and the bytes of one of them.
 *
 * Threads: an export belongs to one thread at a time. */
#ifndef AY_SERVICE_EXPORT_EXPORT_H
#define AY_SERVICE_EXPORT_EXPORT_H

#include "service/export/format.h"

enum { AY_EXPORT_PROBLEMS = 100 }; /* told in words, at most */

typedef struct ay_export ay_export;

typedef struct {
    ay_which which;   /* neither names nor filter: all */
    const char *format;
    bool documents; /* without the pictures */
} ay_export_wish;

typedef struct {
    const char *dataset;
    int64_t pictures, missing; /* missing: named, but not there */
    int64_t bytes;             /* of the pictures, 0 without them */
    const char *file;          /* "library.tar", "library-coco.json": what a browser would call it */
    const char *mime;
    bool tar; /* false: one document */
} ay_export_plan;

/* AY_EINVAL: no such format, or one that says nothing without its pictures; AY_ENOTFOUND: no such data set, something the filter names, or no
 * picture. */
ay_status ay_export_open(ay_export **out, ay_service *s, const ay_export_wish *w, ay_err *err);
const ay_export_plan *ay_export_planned(const ay_export *x);
void ay_export_close(ay_export *x); /* NULL is fine */

typedef struct {
    int64_t pictures, bytes; /* written */
    int64_t left_out;
    const char **problems; /* one sentence each, AY_EXPORT_PROBLEMS at most; of the export */
    int nproblems;
} ay_export_result;
typedef bool (*ay_export_progress)(void *ctx, int64_t done, int64_t total); /* pictures; false: stop */

/* path: a file that ends in .tar, a folder that is empty or not there, or a document's file; NULL: to take(ctx).  AY_ECANCELLED: progress said
 * stop.  After any failure nothing is left that looks whole. */
typedef struct {
    const char *path;
    ay_export_take take;
    void *ctx; /* of take */
    ay_export_progress progress; /* may be NULL */
    void *progress_ctx;
} ay_export_to;
ay_status ay_export_write(ay_export *x, const ay_export_to *to, ay_export_result *out, ay_err *err);

#endif
