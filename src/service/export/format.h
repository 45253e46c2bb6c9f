/* service/export/format.h - what a format is: a name, and documents about the pictures.
 *
 * Every format is the same archive: pictures below one folder, documents behind them.  A format says only what its documents hold; the
 * archive (service/export/sink.h) may be a tar file, a stream or a folder.  Documents stand behind the pictures because what is lost or
 * damaged is known only then: they speak of what is there, and a copy that was cut short has none.
 *
 * A format is one file and one line in the table of formats.c.  Threads: any. */
#ifndef AY_SERVICE_EXPORT_FORMAT_H
#define AY_SERVICE_EXPORT_FORMAT_H

#include "service/export/list.h"
#include "service/export/text.h"

enum { AY_EXPORT_DOCUMENTS = 2 };

typedef struct {
    const char *name;
    ay_status (*write)(const ay_export_list *l, ay_export_text *out, ay_err *err); /* failures of out itself are out's */
} ay_export_document;

typedef struct {
    const char *name; /* "coco" */
    const char *what; /* one line for people */
    const char *prefix; /* the folder that pictures are in, "images/" or "" */
    const char *mime, *ending; /* of its one document; NULL: it has several, or says nothing without the pictures */
    bool flat;  /* pictures are in one folder, not in one a class */
    bool alone; /* its documents are of use without the pictures */
    ay_export_document documents[AY_EXPORT_DOCUMENTS]; /* name NULL: no more */
} ay_export_format;

/* NULL behind the last. */
const ay_export_format *ay_export_format_at(size_t i);
/* AY_EINVAL: no such format; the message names them. */
ay_status ay_export_format_find(const char *name, const ay_export_format **out, ay_err *err);

extern const ay_export_format ay_export_folder, ay_export_coco, ay_export_csv, ay_export_jsonl, ay_export_croissant;

/* Shared by formats: the lists of jsonl.c and csv.c, whose pictures lie under prefix. */
ay_status ay_export_write_jsonl(const ay_export_list *l, const char *prefix, ay_export_text *out);
ay_status ay_export_write_csv(const ay_export_list *l, ay_export_text *out, ay_err *err);
/* ["blue", "old"], and [{"name": "Best", "position": 3}] */
void ay_export_json_tags(ay_export_text *out, const ay_export_item *it);
void ay_export_json_albums(ay_export_text *out, const ay_export_list *l, const ay_export_item *it);
/* The members "name", "tags", "albums" and "added_at" of an object. */
void ay_export_json_known(ay_export_text *out, const ay_export_list *l, const ay_export_item *it);

#endif
