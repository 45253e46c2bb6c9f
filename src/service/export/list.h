/* service/export/list.h - what is exported, as it was at one moment: pictures, classes, tags, albums, and the name of each file.
 *
 * The galleries are held for reading once, for as long as it takes to copy what is known of the pictures (some 450 bytes each; their bytes are
 * read later, one picture at a time).  So an export is of one moment however long it takes, and memory does not grow with the pictures.
 * Rejected: asking page by page (a picture that is moved meanwhile would be in two classes, or in none).
 *
 * Order: oldest first, by digest where two came together; or as the filter says.  So what is added comes behind, and names and numbers that
 * were given stay (service/export/names.h).
 *
 * Threads: one at a time. */
#ifndef AY_SERVICE_EXPORT_LIST_H
#define AY_SERVICE_EXPORT_LIST_H

#include "service/library/change.h"

typedef struct {
    int album;    /* index into albums */
    int position; /* among the exported, from 1 */
} ay_export_place;

typedef struct {
    char sha256[AY_SHA256_HEX];
    const char *path; /* "class/name.jpg", without a format's own folder; by ay_export_names() */
    const char *file; /* as its uploader named it; may be "" */
    const char *format, *camera;
    int klass; /* index into classes; -1: in none */
    const char **tags; /* in order of name */
    int ntags;
    ay_export_place *albums; /* in order of album */
    int nalbums;
    int64_t added_us, taken_us, bytes; /* taken_us 0: not told */
    int width, height;
    bool left_out; /* its file is lost or damaged: known only while exporting */
} ay_export_item;

typedef struct {
    ay_arena arena;
    const char *dataset;
    ay_export_item *items;
    size_t n;
    const char **classes; /* that have pictures here, in order of name */
    int nclasses;
    const char **albums; /* the same */
    int nalbums;
    int64_t missing; /* of the named: not there */
    int64_t bytes;   /* of all pictures */
    int64_t newest_us;
} ay_export_list;

/* which as for ay_change_pictures(), with neither names nor filter: all.  AY_ENOTFOUND: no such data set, something the filter names, or
 * no picture.  ay_export_list_fini() in every case. */
ay_status ay_export_list_read(ay_service *s, const ay_which *which, ay_export_list *out, ay_err *err);
void ay_export_list_fini(ay_export_list *l);

#endif
