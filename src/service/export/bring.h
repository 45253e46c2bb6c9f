/* service/export/bring.h - what was exported comes in again, and what others export: archives, folders and tables with documents about pictures.
 *
 *   ay_bring_open()    the document is read, its pictures are looked for: everything that can be told without bringing anything in
 *   ay_bring_queue()   the bytes go into the durable queue (service/library/intake.h), each picture to its class
 *   ay_bring_finish()  when the queue has taken them in: tags, albums, and when they first came
 *
 * Every step can be done again and changes nothing more: a picture comes once, a tag is put once.  From the first picture to the last tag a
 * file in <data>/imports says what is being brought in, so that an import that was killed can be gone on with (ay_bring_unfinished()).
 *
 * A row that cannot be, a picture that is missing or that has not the digest it should have is a problem with its line; the others come.
 *
 * Threads: a bring belongs to one thread at a time. */
#ifndef AY_SERVICE_EXPORT_BRING_H
#define AY_SERVICE_EXPORT_BRING_H

#include "service/export/catalog.h"
#include "service/service.h"

#include <jansson.h>

typedef struct ay_bring ay_bring;

typedef struct {
    const char *path;   /* a tar archive, a folder with a document, or a document */
    const char *images; /* the folder that a document's names are below; NULL: the document's own */
    const char *dataset, *klass; /* NULL: the library; the class that the document says */
    ay_catalog_by by;
} ay_bring_wish;

/* Is this something that is brought in by its document?  *is false: a picture or a plain folder.  AY_EUNSUPPORTED: an archive that must be
 * unpacked first. */
ay_status ay_bring_is(const char *path, bool *is, ay_err *err);

typedef struct {
    const char *name, *format; /* of the document; "folders of classes" without one */
    int64_t rows, pictures;    /* rows: that can be; pictures: of these, found */
    int64_t missing;           /* rows whose picture is not there */
    int64_t passed;            /* files that no row names */
    int64_t classes, tags, albums; /* different ones */
    int64_t known;             /* pictures that are here already, as far as their digests are told */
    int64_t queued, same, refused; /* by ay_bring_queue() */
    int64_t tagged, put;       /* by ay_bring_finish(): tags and places in albums that are new */
    const char *const *problems;
    size_t nproblems, more_problems;
    const char *const *notes;
    int nnotes;
} ay_bring_state;

/* Strings of the wish are copied. */
ay_status ay_bring_open(ay_bring **out, ay_service *s, const ay_bring_wish *w, ay_err *err);
void ay_bring_close(ay_bring *b); /* NULL is fine */
ay_bring_state ay_bring_now(const ay_bring *b);
/* As programs are told, without the problems.  The caller's; NULL: memory was refused. */
json_t *ay_bring_json(const ay_bring_state *now);

/* go(ctx, done, total) after each picture; false: stop, and AY_ECANCELLED.  *batch as for ay_intake_add(). */
typedef bool (*ay_bring_go)(void *ctx, int64_t done, int64_t total);
ay_status ay_bring_queue(ay_bring *b, ay_bring_go go, void *ctx, int64_t *batch, ay_err *err);
ay_status ay_bring_finish(ay_bring *b, ay_err *err);

/* Wishes that were begun and not finished, in the arena. */
ay_status ay_bring_unfinished(ay_service *s, ay_arena *a, ay_bring_wish **out, size_t *n, ay_err *err);

#endif
