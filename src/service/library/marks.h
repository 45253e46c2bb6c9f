/* service/library/marks.h - the tags and albums of all pictures, in memory, in step with the store.  For src/service only.
 *
 * Every picture that was ever asked about has a number here, by its digest; a gallery's items remember it (ay_gallery_item.mark), so
 * that a filter over a hundred thousand pictures looks nothing up.  Numbers stay until the program ends: a picture that is deleted
 * and brought back has its tags.
 *
 * Rejected: tags in the galleries (a picture is in several, and a gallery is read again whole); asking the store for each filter
 * (a database may be away, and a join of a hundred thousand rows is no matter of milliseconds).
 *
 * Locks: `lock` is taken inside the service's lock and `writing`, and nothing is taken inside it.  Who changes marks holds `writing`
 * too, so memory follows the store. */
#ifndef AY_SERVICE_MARKS_H
#define AY_SERVICE_MARKS_H

#include "service/gallery.h"
#include "service/service.h"
#include "store/tags.h"

#include <pthread.h>

enum { AY_MARKS_NONE = 0 }; /* no number; numbers begin with 1 */

typedef struct {
    int64_t id, created_us;
    char name[AY_NAME_MAX + 1];
    uint32_t *pictures; /* of an album, in its order; owned */
    size_t n, cap;
} ay_mark;

typedef struct {
    ay_mark *list; /* in order of name */
    int n, cap;
} ay_mark_list;

typedef struct {
    unsigned char sha256[32];
    uint32_t *tags; /* ids, in order; owned */
    uint32_t n, cap;
} ay_marked;

typedef struct ay_marks {
    pthread_mutex_t lock;
    ay_mark_list of[2]; /* AY_SHELF_TAG, AY_SHELF_ALBUM */
    ay_marked *picture; /* number - 1 */
    uint32_t n, cap;
    uint32_t *slots; /* digest -> number; open addressing */
    size_t nslots;
    _Atomic uint64_t version; /* grows with every change; read without the lock */
} ay_marks;

ay_status ay_marks_open(ay_service *s, ay_err *err);
void ay_marks_close(ay_service *s);
/* Read all again; the caller holds writing, or is alone. */
ay_status ay_marks_load(ay_service *s, ay_err *err);

/* The same after a change that is kept already: where the store cannot be read now, it is as soon as it can. */
void ay_marks_again(ay_service *s);

/* ---- the caller holds marks->lock */
/* The number of a picture, made where there is none; AY_MARKS_NONE: memory is refused. */
uint32_t ay_marks_number(ay_marks *m, const char *sha256);
/* The same of an item, remembered in it: the caller holds the galleries for reading. */
uint32_t ay_marks_item(ay_marks *m, ay_gallery_item *item);
bool ay_marks_has(const ay_marks *m, uint32_t number, int64_t tag);
/* By name, else one that differs in capitals only, else (albums; 2026 may be a tag) by decimal id; NULL: none. */
ay_mark *ay_marks_find(const ay_marks *m, ay_shelf_kind kind, const char *word);
ay_mark *ay_marks_by_id(const ay_marks *m, ay_shelf_kind kind, int64_t id);

/* ---- the same changes as the store's; false: memory is refused, and all is to be read again */
bool ay_marks_put(ay_marks *m, ay_shelf_kind kind, int64_t label, uint32_t number);
bool ay_marks_take(ay_marks *m, ay_shelf_kind kind, int64_t label, uint32_t number);

#endif
