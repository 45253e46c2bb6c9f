/* service/backup/sink.h - where a backup's files go: into a folder or into an archive.  For this folder only. */
#ifndef AY_SERVICE_BACKUP_SINK_H
#define AY_SERVICE_BACKUP_SINK_H

#include "pack/pack.h"
#include "service/backup/backup.h"
#include "store/blobs.h"

#include <jansson.h>

typedef struct {
    const ay_backup_options *o;
    ay_backup_result *out;
    ay_arena *arena;
    char folder[3800]; /* "": tar is used */
    ay_packer *tar;
    ay_blobs *blobs; /* of folder */
    json_t *files;   /* the manifest's, owned */
    char *piece;     /* what is being copied; in the arena */
    int64_t made_us;
} ay_backup_sink;

ay_status ay_backup_sink_open(ay_backup_sink *k, ay_err *err);
/* One picture. */
ay_status ay_backup_sink_picture(ay_backup_sink *k, const char *sha256, const ay_buf *bytes, ay_err *err);
/* Is it there already, so that nothing must be read? */
bool ay_backup_sink_has(ay_backup_sink *k, const char *sha256);
/* Copy the file src under a name, and note its digest. */
ay_status ay_backup_sink_file(ay_backup_sink *k, const char *name, const char *src, ay_err *err);
/* Bytes under a name, not in the manifest. */
ay_status ay_backup_sink_bytes(ay_backup_sink *k, const char *name, const void *p, size_t n, ay_err *err);
/* Everything durable. */
ay_status ay_backup_sink_sync(ay_backup_sink *k, ay_err *err);
ay_status ay_backup_sink_close(ay_backup_sink *k, bool keep, ay_err *err);

/* A sentence for the result. */
void ay_backup_problem(ay_backup_result *out, ay_arena *a, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
