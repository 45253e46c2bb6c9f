/* service/backup/backup.h - a data folder as a copy that can be trusted, made while it is served.
 *
 * A backup is either a folder, which is itself a data folder ("assay serve --data BACKUP" works) and is brought up to date by
 * the next backup, writing only the pictures that are new; or one tar file (or a stream) of the same layout:
 *
 *     assay.db        the database as of one moment
 *     blobs/..        every picture that it names, its digest checked while it was copied
 *     models/.. tls/.. encoder..   everything else that cannot be made again
 *     inspect/..      inspection trainings, each to be gone on with (those with a folder elsewhere are not)
 *     backup.json     written last: version, time, counts, the digest of each file above but the pictures, which are named by theirs
 *
 * What can be made again stays out (thumbs, cache), and so does what is half done (train).  The database is copied first and the
 * pictures it names after it; nothing is removed from the data folder meanwhile (hold.h).  So the copy is of one moment, though
 * pictures are added all the while.
 *
 * A database server holds its part of the data itself: then AY_EUNSUPPORTED says with which program to copy it, and only_files
 * copies the rest.
 *
 * These work on folders, not on an open service: another process may be serving.  Threads: any, one backup of a folder at a
 * time into one place. */
#ifndef AY_SERVICE_BACKUP_H
#define AY_SERVICE_BACKUP_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AY_BACKUP_PROBLEMS = 100 };

typedef struct {
    const char *data;  /* the data folder */
    const char *store; /* URL; NULL or "": the database in the folder */
    const char *at;    /* the backup: a folder, a file *.tar, or "-" for standard output (backup only) */
    bool only_files;   /* without the database */
    bool again;        /* backup into a folder: read the pictures that are there again; restore: keep what is good of a damaged one */
    bool (*progress)(void *ctx, int64_t done, int64_t total); /* files; false: stop.  NULL: none */
    void *ctx;
} ay_backup_options;

typedef struct {
    int64_t pictures;  /* in the backup */
    int64_t fresh;     /* of these, written now */
    int64_t files;     /* other files */
    int64_t bytes;     /* written now */
    const char *made_at; /* restore: when the backup was made; in the arena */
    const char **problems; /* at most AY_BACKUP_PROBLEMS sentences, in the arena: damaged and missing pictures */
    size_t nproblems;
} ay_backup_result;

/* AY_OK with problems: all that is whole was copied.  AY_ECANCELLED: a tar is gone, a folder is as restorable as before. */
ay_status ay_backup_make(const ay_backup_options *o, ay_arena *a, ay_backup_result *out, ay_err *err);
/* Bring o->at back as the data folder o->data, which must be missing or empty.  Everything is checked in a folder beside it, which
 * takes the place only when all is well: AY_ECORRUPT says what is not. */
ay_status ay_backup_restore(const ay_backup_options *o, ay_arena *a, ay_backup_result *out, ay_err *err);

#endif
