/* service/export/catalog.h - what a document says of pictures that are to come in: a list in memory, whatever the document's format.
 *
 *   assay.jsonl, *.jsonl   one JSON object a line (jsonl.c)           *.csv   a table with a header (csv.c)
 *   COCO's JSON            images, annotations, categories            croissant.json   names the table to read
 *
 * A reader adds a record for each picture.  A row that cannot be is a problem with its line; the others are not held up by it.  Decisions
 * that a reader takes for a person (which class of several) are notes.
 *
 * Nothing here opens a file that a document names.  Threads: one at a time. */
#ifndef AY_SERVICE_EXPORT_CATALOG_H
#define AY_SERVICE_EXPORT_CATALOG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AY_CATALOG_PROBLEMS = 1000, AY_CATALOG_NOTES = 8, AY_CATALOG_LABELS = 64 /* tags or albums of one picture */ };

typedef struct {
    const char *name;
    int64_t position;
} ay_catalog_album;

typedef struct {
    const char *file;   /* where the picture lies: relative, below the source */
    const char *sha256; /* that its bytes are said to have; NULL: not told */
    const char *klass;  /* NULL: none */
    const char *name;   /* as it was called; NULL: file's last part */
    const char **tags;
    int ntags;
    ay_catalog_album *albums;
    int nalbums;
    int64_t added_us; /* 0: not told */
    long at;          /* its line, or its number among the images */
} ay_catalog_record;

/* Of pictures with several categories, which is the class? */
typedef enum { AY_BY_LARGEST, AY_BY_MOST, AY_BY_NONE } ay_catalog_by;

typedef struct {
    ay_arena arena;
    const char *document; /* its name, for messages */
    const char *format;   /* "COCO" */
    const char *unit;     /* "line", "images" */
    ay_catalog_record *records; /* owned */
    size_t n, cap;
    const char *problems[AY_CATALOG_PROBLEMS];
    size_t nproblems, more; /* more: problems beyond those kept */
    const char *notes[AY_CATALOG_NOTES];
    int nnotes;
} ay_catalog;

void ay_catalog_init(ay_catalog *c, const char *document);
void ay_catalog_fini(ay_catalog *c);
/* Strings are copied.  A record that cannot be is a problem, not a failure; AY_ENOMEM only. */
ay_status ay_catalog_add(ay_catalog *c, const ay_catalog_record *r, ay_err *err);
void ay_catalog_problem(ay_catalog *c, long at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void ay_catalog_note(ay_catalog *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Readers: text of n bytes, which they may change.  AY_EUNSUPPORTED: not such a document; AY_ECORRUPT: damaged as a whole. */
ay_status ay_catalog_read_jsonl(ay_catalog *c, char *text, size_t n, ay_err *err);
ay_status ay_catalog_read_csv(ay_catalog *c, char *text, size_t n, ay_err *err);
ay_status ay_catalog_read_coco(ay_catalog *c, const char *text, size_t n, ay_catalog_by by, ay_err *err);
/* Which table croissant.json names: its address (relative to it) and digest ("" when not told), in the arena. */
ay_status ay_catalog_read_croissant(const char *text, size_t n, ay_arena *a, const char **table, const char **sha256, ay_err *err);

#endif
