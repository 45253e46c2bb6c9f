/* pack/pack.h - many files as one: tar, written as a stream and read with suspicion.
 *
 * libarchive does the work, in GNU's dialect: names of any length are bytes, whatever the locale (pax headers would say so at each
 * file, and tar would warn of it).  This folder alone includes it.  An
 * archive on disk appears under its name only when whole: it is written beside it and renamed.
 *
 * Reading trusts nothing: only regular files come out, whose names are relative, without "..", without control characters;
 * anything else ends the reading with AY_ECORRUPT.  Nothing is extracted by the library itself.
 *
 * Threads: one object, one thread at a time. */
#ifndef AY_PACK_PACK_H
#define AY_PACK_PACK_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AY_PACK_NAME = 1024 };

typedef struct ay_packer ay_packer;
typedef struct ay_unpacker ay_unpacker;

/* path "-": standard output, which must be no terminal (the caller looks). */
ay_status ay_packer_open(ay_packer **out, const char *path, ay_err *err);
/* To whoever takes the bytes, in order; what take() answers but AY_OK ends the packing with that status and its message. */
typedef ay_status (*ay_packer_take)(void *ctx, const void *bytes, size_t n, ay_err *err);
ay_status ay_packer_open_to(ay_packer **out, ay_packer_take take, void *ctx, ay_err *err);
/* A file of n bytes begins; then exactly n bytes follow in any number of pieces. */
ay_status ay_packer_begin(ay_packer *p, const char *name, int64_t n, unsigned mode, int64_t mtime, ay_err *err);
ay_status ay_packer_write(ay_packer *p, const void *bytes, size_t n, ay_err *err);
/* Close durably under its name; keep false, or after any failure: as if it had never been.  What went to a stream by then lacks the end
 * that a whole archive has. */
ay_status ay_packer_close(ay_packer *p, bool keep, ay_err *err);

ay_status ay_unpacker_open(ay_unpacker **out, const char *path, ay_err *err);
/* Does the file at path begin as a tar archive does? */
bool ay_pack_is_tar(const char *path);
/* AY_ECORRUPT when the archive at path lacks the two empty blocks at its end: whoever wrote it did not finish.  libarchive does not mind. */
ay_status ay_pack_whole(const char *path, ay_err *err);
typedef struct {
    char name[AY_PACK_NAME];
    int64_t bytes;
    unsigned mode; /* of permissions */
} ay_pack_entry;
/* The next file; AY_ENOTFOUND after the last.  AY_ECORRUPT: no archive, cut short, or a name as above. */
ay_status ay_unpacker_next(ay_unpacker *u, ay_pack_entry *out, ay_err *err);
/* Up to n bytes of the current file; *got 0 at its end. */
ay_status ay_unpacker_read(ay_unpacker *u, void *dst, size_t n, size_t *got, ay_err *err);
void ay_unpacker_close(ay_unpacker *u); /* NULL is fine */

/* Is this a name that may be made below a folder?  Relative, no empty, "." or ".." part, no control character. */
bool ay_pack_name_good(const char *name);

#endif
