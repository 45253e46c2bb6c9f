/* cmd/import_catalog.h - the part of "assay import" that brings in what has a document: archives, COCO, CSV, JSON Lines, Croissant. */
#ifndef AY_CMD_IMPORT_CATALOG_H
#define AY_CMD_IMPORT_CATALOG_H

#include "cmd/args.h"
#include "cmd/progress.h"
#include "service/export/bring.h"

#include <jansson.h>

enum { AY_IMPORT_CATALOGS = 64 };

typedef struct {
    ay_bring *list[AY_IMPORT_CATALOGS];
    int n;
} ay_import_catalogs;

/* The wish that the options make of a path; false after saying what is wrong with an option. */
bool ay_import_wish(const ay_args *a, const char *path, ay_bring_wish *out);
/* Read its document, and say what is in it. */
ay_status ay_import_catalog_open(ay_import_catalogs *c, ay_service *s, const ay_bring_wish *w, bool tell, ay_err *err);
/* What is in it, of ay_bring_json(). */
void ay_import_catalog_tell(const json_t *o, const char *path);
/* Into the queue, with a bar; batches gets a number for each. */
ay_status ay_import_catalogs_queue(ay_import_catalogs *c, bool quiet, int64_t *batches, ay_err *err);
/* Tags, albums and times, when the queue is empty. */
ay_status ay_import_catalogs_finish(ay_import_catalogs *c, ay_err *err);
/* What of them is wrong, a line each, or into failures; how many. */
int64_t ay_import_catalogs_problems(const ay_import_catalogs *c, json_t *failures);
json_t *ay_import_catalogs_json(const ay_import_catalogs *c);
void ay_import_catalogs_close(ay_import_catalogs *c);
/* "assay import --dry-run PATH ...": an exit status. */
int ay_import_dry(const ay_args *a);

#endif
