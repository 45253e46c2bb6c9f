/* service/export/crate.h - what pictures that come in lie in: a tar archive or a folder, listed before anything is read.
 *
 * Nothing that a document names is opened: a name is looked for in the list, and what is in the list lies in the archive or below the folder.
 * Listing an archive reads every header, so one that climbs out, links or was cut short is refused before its first picture is taken.
 *
 * Threads: one at a time. */
#ifndef AY_SERVICE_EXPORT_CRATE_H
#define AY_SERVICE_EXPORT_CRATE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AY_CRATE_MEMBERS = 5000000 };

typedef struct {
    const char *name; /* relative */
    int64_t bytes;
} ay_crate_member;

typedef struct {
    bool tar;
    char path[4096]; /* of the archive, or of the folder */
    ay_arena arena;
    ay_crate_member *list; /* in the order in which they lie there */
    size_t n, cap;
    uint32_t *by_name; /* in order of last part, then of name */
} ay_crate;

/* AY_ECORRUPT: no archive, cut short, or it holds what is no plain file below a folder; AY_ELIMIT: more than AY_CRATE_MEMBERS files. */
ay_status ay_crate_open(ay_crate *s, const char *path, bool tar, ay_err *err);
void ay_crate_close(ay_crate *s);

typedef enum { AY_CRATE_FOUND, AY_CRATE_MISSING, AY_CRATE_SEVERAL } ay_crate_answer;
/* The member that a document means by `file`: the one of that name, or the only one whose name ends with it. */
ay_crate_answer ay_crate_find(const ay_crate *s, const char *file, size_t *member);

/* Read one member into out; AY_ELIMIT: it has more than most bytes. */
ay_status ay_crate_read(const ay_crate *s, size_t member, size_t most, ay_buf *out, ay_err *err);

/* Visit members with want[i] in their order, with their bytes; those of more than most bytes come with bytes NULL, as does what cannot be
 * read, with why.  A visit that is not AY_OK ends it. */
typedef ay_status (*ay_crate_visit)(void *ctx, size_t member, ay_buf *bytes, const char *why, ay_err *err);
ay_status ay_crate_walk(const ay_crate *s, const uint8_t *want, size_t most, ay_crate_visit visit, void *ctx, ay_err *err);

#endif
