/* service/library/library.h - the library: pictures that nobody has sorted yet.
 *
 * The library is a data set of its own kind.  So the gallery in memory, the keeper that embeds again, search, thumbnails, undo and the
 * trash serve it as they serve the others, and a group of pictures becomes a class by being moved.  Its first class, of the kind
 * "unsorted", holds what has no class; a scan never looks at it, for the library cannot be the active data set.
 *
 * Rejected: members without a class (every table, route and view would ask twice); a hidden class in each data set (a scan
 * among thousands of unsorted pictures would have to leave them out row by row).
 *
 * The other features of this folder (groups, duplicates, map, review, tags) work on any data set; where none is named they mean
 * the library.
 *
 * Threads: any. */
#ifndef AY_SERVICE_LIBRARY_H
#define AY_SERVICE_LIBRARY_H

#include "service/service.h"

/* The library's names, in the arena; it is made when there is none.  klass gets the unsorted class's decimal id, which stays
 * what it is when the class is renamed.  Each may be NULL. */
ay_status ay_library(ay_service *s, ay_arena *a, const char **dataset, const char **klass, ay_err *err);
/* The same for who only reads: none is made, and where there is none *dataset is NULL. */
ay_status ay_library_look(ay_service *s, ay_arena *a, const char **dataset, ay_err *err);
/* What a request means by a data set: the one it names, or the library for NULL and "".  AY_ENOTFOUND: no such data set. */
ay_status ay_library_or(ay_service *s, const char *dataset, ay_arena *a, const char **out, ay_err *err);

/* The same for who only reads, as a word for ay_service_find() and ay_dataset_get(): where there is no library an empty one is found, and none is made. */
const char *ay_library_read(const char *dataset);

/* Before something is put into the data set of this name: makes the library where there is none and lists called it so. */
ay_status ay_library_wanted(ay_service *s, const char *dataset, ay_err *err);

#endif
