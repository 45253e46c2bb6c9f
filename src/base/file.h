/* base/file.h - whole files: read, map, write so that a crash leaves the old or the new one.
 *
 * Durable means: data synced, renamed into place, directory synced.  Threads: any. */
#ifndef AY_BASE_FILE_H
#define AY_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Read all of path into out (appended).  AY_ENOTFOUND; AY_ELIMIT when larger than limit (0: none);
 * AY_EINVAL when it is a directory. */
ay_status ay_file_read(const char *path, size_t limit, ay_buf *out, ay_err *err);
/* Replace path durably with n bytes.  Leaves nothing half-written. */
ay_status ay_file_write(const char *path, const void *p, size_t n, ay_err *err);
/* mkdir -p.  mode 0755 unless given. */
ay_status ay_file_mkdirs(const char *path, ay_err *err);
ay_status ay_file_sync_dir(const char *path, ay_err *err);
/* Remove a folder with all that is in it, as far as that can be; links are not followed. */
void ay_file_remove_tree(const char *path);
bool ay_file_exists(const char *path);
bool ay_file_is_dir(const char *path);

/* A read-only mapping.  ay_map_close() ends it. */
typedef struct {
    const unsigned char *data;
    size_t size;
} ay_map;
ay_status ay_map_open(ay_map *out, const char *path, ay_err *err);
void ay_map_close(ay_map *m);
/* Let go of the memory that pages of it take up in this process; they come back when they are read. */
void ay_map_forget(const ay_map *m);

/* Call visit for every regular file below dir (or for dir itself if it is a file), in byte order of
 * names, following no symbolic link to a directory.  visit returning non-OK ends the walk with that
 * status.  Names that start with '.' are passed over. */
ay_status ay_file_walk(const char *dir, ay_status (*visit)(void *ctx, const char *path, ay_err *err),
                       void *ctx, ay_err *err);

#endif
