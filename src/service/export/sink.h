/* service/export/sink.h - where an export goes: a tar archive, a folder, or one document; into a file or a stream.
 *
 * What goes to disk is written under another name beside its place (NAME.part), synced and then renamed, so under its name it is always
 * whole.  What goes to a stream and fails lacks its end: a tar its end blocks, an answer over HTTP its last chunk.
 *
 * Threads: one at a time. */
#ifndef AY_SERVICE_EXPORT_SINK_H
#define AY_SERVICE_EXPORT_SINK_H

#include "pack/pack.h"
#include "service/export/text.h"

typedef enum { AY_SINK_TAR, AY_SINK_FOLDER, AY_SINK_DOCUMENT } ay_sink_kind;

typedef struct {
    ay_sink_kind kind;
    ay_packer *tar;
    ay_export_take take; /* of a document that goes to a stream */
    void *ctx;
    char path[4096], part[4096 + 8]; /* on disk; "" for a stream */
    int fd;       /* the file being written */
    int64_t left; /* bytes of it to come */
    int64_t mtime;
    char last[1100]; /* the folder made last */
} ay_export_sink;

/* path NULL: bytes go to take(ctx).  AY_ECONFLICT: a folder that is not empty.  On failure there is nothing to close. */
ay_status ay_export_sink_open(ay_export_sink *k, ay_sink_kind kind, const char *path, ay_export_take take, void *ctx, ay_err *err);
/* A file of n bytes follows, in any number of pieces. */
ay_status ay_export_sink_begin(ay_export_sink *k, const char *name, int64_t n, int64_t mtime, ay_err *err);
ay_status ay_export_sink_put(void *sink, const void *bytes, size_t n, ay_err *err);
/* keep false: as if it had never been. */
ay_status ay_export_sink_close(ay_export_sink *k, bool keep, ay_err *err);

#endif
