/* service/gallery_file.h - a gallery as a file, so that a start need not read a database row by row.  For src/service only.
 *
 * <data>/cache/gallery-ID.bin holds what a data set's gallery is made of: of each picture the row's fields, its vector and its short
 * code.  It can always be made again from the store and is never the only copy; which file is believed is
 * service/gallery_keep.h's business.  Names of data sets and classes are not in it: they are few and come from the store.
 *
 *     page 0    the head: letters, layout, stamp (store/stamp.h), data set, encoder's digests, sizes, where each part lies, and a sum
 *               of all that
 *     parts     each at the start of a page: class ids, records, texts, codes' scales, codes, sums of rows; sums of the blocks of
 *               all these; vectors
 *
 * Every byte is under a sum (base/crc.h) that is checked before the byte is used: a block of 256 kB of the parts, and each vector by
 * itself, so that one can be read without its neighbours.  A SHA-256 over all, as base/cachefile.h has it, would take 1.3 s for
 * a million of 512; the sums take a tenth of that, and guard against disks and cut files, which is all they must: who can write here can
 * write the database too.
 *
 * Read with pread() and not mapped: a disk that fails gives an error and not a signal that ends the program.
 *
 * Rejected: base/cachefile.h (one piece of memory, one digest, a mapping); the vectors of waiting pictures in a file of their own (a
 * picture that moves to another class has all of the file written again; doing so is seldom, see gallery_keep.h).
 *
 * Invariants: a file has its name only when it is whole and synced.  Its stamp alone may be written anew in place: a head that was
 * cut while it was written has the wrong sum, and the file is made again.
 * Threads: any, on files of their own. */
#ifndef AY_SERVICE_GALLERY_FILE_H
#define AY_SERVICE_GALLERY_FILE_H

#include "service/gallery.h"

typedef struct {
    const char *model, *preprocess; /* digests */
    int64_t dataset;
    int dim;
} ay_gallery_file_key;

typedef struct {
    int fd; /* -1: none */
    int64_t stamp;
    int64_t last; /* no picture of the file has a higher member id */
    size_t n, nready;
    uint64_t bytes, vectors_at; /* where the vectors begin: at a page */
    void *head; /* as it was read */
} ay_gallery_file;

/* AY_ENOTFOUND: there is none; AY_ECONFLICT: of another version of Assay, encoder or data set; AY_ECORRUPT: damaged or cut short;
 * AY_EIO.  The message says which, and ay_gallery_file_close() is due only after AY_OK. */
ay_status ay_gallery_file_open(ay_gallery_file *f, const char *path, const ay_gallery_file_key *key, ay_err *err);
/* All of it into g, which is new and has its classes.  When g is on a file (ay_gallery_on_file()), it is this one: each vector is
 * read once to be checked, and not kept.  threads: 0 = one a processor.  After a failure g is only to be destroyed. */
ay_status ay_gallery_file_take(const ay_gallery_file *f, ay_gallery *g, int threads, ay_err *err);
void ay_gallery_file_close(ay_gallery_file *f);

/* Where a file comes from.  hold() gives the gallery, which stays as it is until let(); NULL when the first n items have changed
 * since it was first given: AY_ECANCELLED then.  Held for a block at a time. */
typedef struct {
    const ay_gallery *(*hold)(void *ctx);
    void (*let)(void *ctx);
    void *ctx;
    size_t n, nready; /* the items that are written */
    int64_t stamp;
} ay_gallery_file_source;
/* Make path anew: by another name, synced, renamed.  AY_EIO and AY_ELIMIT (no room left): the old one stays. */
ay_status ay_gallery_file_write(const char *path, const ay_gallery_file_key *key, const ay_gallery_file_source *from, ay_err *err);
/* The file at path, which has stamp `was`, is as good under stamp `now`. */
ay_status ay_gallery_file_restamp(const char *path, const ay_gallery_file_key *key, int64_t was, int64_t now, ay_err *err);

#endif
