/* service/library/change.h - one change of any number of pictures: tags, class, album, or away; taken back by one token.
 *
 * One transaction: all of it or nothing.  What is so already is left out, so the same request again changes nothing.  Pictures that are not (or no
 * longer) in the data set are passed over and counted: a person's choice may be older than another's change.
 *
 * A change of AY_CHANGE_LONG pictures and more is a job of the kind "change" while it lasts: it says how far it is, and can be called off, and then
 * nothing was changed.
 *
 * Threads: any. */
#ifndef AY_SERVICE_CHANGE_H
#define AY_SERVICE_CHANGE_H

#include "service/library/filter.h"
#include "store/acts.h"

enum { AY_CHANGE_TAGS = 32, AY_CHANGE_LONG = 3000 };

/* Which pictures: those named, or those that a filter means. */
typedef struct {
    const char *dataset; /* NULL or "": the library */
    const char *const *sha256;
    size_t n;
    const ay_picture_filter *filter; /* not NULL: instead of sha256 */
    const char *const *except;       /* of what the filter means, these not: what a person took out again */
    size_t nexcept;
} ay_which;

typedef struct {
    const char *add[AY_CHANGE_TAGS], *remove[AY_CHANGE_TAGS]; /* tags by name; those to add are made where there are none */
    int nadd, nremove;
    const char *klass;                     /* name or id; NULL: stays */
    bool make;                             /* the class where there is none; undo removes it if nothing else is in it by then */
    const char *album_add, *album_remove;  /* name or id; an album to add to is made where there is none.  NULL: none */
    bool trash;                            /* away, into the trash */
} ay_change_of_pictures;

typedef struct {
    int64_t pictures, missing; /* meant; of the named, those that are not there */
    int64_t changed;           /* pictures that are not as they were */
    int64_t tagged, untagged, moved, put, taken, trashed, added;
    char undo[AY_UNDO_SIZE]; /* "": nothing was changed */
} ay_changed;

/* AY_EINVAL: nothing is asked for, or a name that cannot be a tag; AY_ENOTFOUND: no such data set, class, album or tag to take;
 * or none of the pictures is there; AY_ECANCELLED: somebody called it off. */
ay_status ay_change_pictures(ay_service *s, const ay_which *which, const ay_change_of_pictures *what, ay_arena *a, ay_changed *out,
                             ay_err *err);
/* Teach: also into a class of another data set, with the vectors they have.  klass: name or id; where no class has the name it is made.
 * out->added counts; those that are in that data set already stay where they are. */
ay_status ay_change_teach(ay_service *s, const ay_which *which, const char *dataset, const char *klass, ay_arena *a, ay_changed *out,
                          ay_err *err);

/* Pictures that were there, elsewhere, before they came here: those said to have come later than at added_us[i] came then.  Those that are not
 * there are passed over. */
ay_status ay_change_earlier(ay_service *s, const char *dataset, const char *const *sha256, const int64_t *added_us, size_t n, ay_err *err);

/* For others of this folder: which pictures are meant.  dataset must be given; the caller holds writing, so the places stay. */
typedef struct {
    ay_gallery *g;
    ay_store_place *list;
    size_t n;
    int64_t missing;
} ay_meant;
ay_status ay_which_pictures(ay_service *s, const ay_which *which, ay_arena *a, ay_meant *out, ay_err *err);

#endif
