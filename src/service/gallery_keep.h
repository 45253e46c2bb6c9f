/* service/gallery_keep.h - which gallery file is believed, and when one is written.  For src/service only.
 *
 * A gallery's file (service/gallery_file.h) carries the stamp of the store (store/stamp.h) as of which it is right: it was written,
 * or found unchanged, while nobody could write.  It is believed when nothing but new rows came since; those, members with a higher
 * id than any of the file, are then read from the store.  In every other case, a lost, cut or damaged file, another version, another
 * encoder, a store that was changed, everything is read from the store as if there had never been a file.
 *
 * Written anew: by a thread of the server some seconds after changes ended (or while they go on, but for at most a twentieth of its
 * time), and when a process ends.  Few new pictures are no reason, they are read quickly.  When another data set changed, the
 * file is only stamped anew.  Data sets of fewer than AY_KEEP_LEAST pictures have no file: reading them costs milliseconds.
 *
 * Budget (setting index-memory): a data set whose vectors would bring vectors and codes of all over it keeps its codes in memory and
 * leaves its vectors in the file, mapped (base/paged.h).  A search reads the codes, then the vectors of the few that are left; what
 * wants all vectors (scans, searches with a cut-off, groups) reads them through the kernel's cache, as far as memory goes, and from the disk beyond.  Without
 * room for codes there are none, and every search reads all vectors.  Data sets are weighed one after the other, in order of creation,
 * when they are read and whenever a file of theirs was written; one that has no file yet is in memory until it has.  Mapped, though
 * gallery_file.h reads with pread(): all who want rows by number can go on so, and base/paged.h keeps a failing disk from ending
 * the program.  Pictures that are missing then are back when the store has been read again; a command that ends before says so.
 *
 * Rejected: to write what changed behind the file (a second store, with a second store's troubles); to write while holding the lock of
 * those who write (a million of 512 are 2.7 GB).
 *
 * Threads: any; locks as service/internal.h says: `writing`, then `lock`. */
#ifndef AY_SERVICE_GALLERY_KEEP_H
#define AY_SERVICE_GALLERY_KEEP_H

#include "service/internal.h"

enum { AY_KEEP_LEAST = 1000 };

/* As the next, but saying nothing: also AY_ECONFLICT (of another version or encoder), AY_ECORRUPT and AY_EIO. */
ay_status ay_gallery_load_believed(ay_service *s, const ay_engine_info *model, ay_gallery *g, ay_store_visit visit, ay_err *err);
/* Read g, which is new and has its classes, from its file and what the store has beyond that.  AY_ENOTFOUND: there is no file that
 * can be believed, and g is only to be destroyed; why is in the log.  Takes no lock. */
ay_status ay_gallery_load_file(ay_service *s, const ay_engine_info *model, ay_gallery *g, ay_store_visit visit, ay_err *err);

/* The thread; for a server. */
ay_status ay_galleries_keep_start(ay_service *s, ay_err *err);
void ay_galleries_keep_stop(ay_service *s);
/* Write every file that is due, now; nobody else changes anything any more. */
void ay_galleries_keep_end(ay_service *s);
/* Write the file of a data set whatever it is like.  AY_ECANCELLED: it changed meanwhile; AY_EBUSY: memory may differ from the store.
 * Takes locks. */
ay_status ay_gallery_keep(ay_service *s, int64_t id, ay_err *err);
/* Path of a data set's file. */
void ay_gallery_file_path(const ay_service *s, int64_t id, char *dst, size_t cap);

typedef struct {
    int64_t files, stale; /* stale: not to be believed, which is no fault */
    int64_t bad;          /* damaged, or believed and wrong */
} ay_keep_check;
typedef ay_status ay_keep_tell(void *ctx, const char *text, ay_err *err);
/* Compare each file with the store, row by row.  tell: for each that is bad, with a sentence in the arena (NULL: no memory).  repair:
 * bad ones are made anew from the store.  Takes locks. */
ay_status ay_galleries_check(ay_service *s, bool repair, ay_arena *a, ay_keep_tell *tell, void *ctx, ay_keep_check *out, ay_err *err);

#endif
