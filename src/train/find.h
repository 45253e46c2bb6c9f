/* train/find.h - inside the corpus: which files there are and what they are said to be.
 *
 * Two readers, folders and manifests, with one result.  Nothing is opened here but folders and the
 * manifest itself; whether a file is a picture is found by scan.h.
 * Threads: any, each with its own listing. */
#ifndef AY_TRAIN_FIND_H
#define AY_TRAIN_FIND_H

#include "train/corpus.h"

typedef struct {
    const char *name, *where; /* where: the folder, for messages; NULL from a manifest */
    int split;                /* ay_split or AY_SPLIT_NONE */
} ay_found_class;

typedef struct {
    ay_corpus_entry *entries; /* heap; the strings lie in the arena */
    size_t n, room;
    ay_found_class *classes; /* heap; of folders, also of empty ones */
    size_t nclasses, classes_room;
    int hidden, other;
    bool split_given;
    const char *missing; /* "val" or "test" side that a split folder lacks; NULL */
    ay_arena *arena;
} ay_listing;

void ay_listing_fini(ay_listing *l);
ay_status ay_listing_add(ay_listing *l, const char *path, const char *label, int split, ay_err *err);
/* root is a folder. */
ay_status ay_find_folder(ay_listing *l, const char *root, const ay_corpus_options *o, ay_err *err);
/* "train", "val", "valid", "validation", "test" (any case) -> ay_split; AY_SPLIT_NONE otherwise. */
int ay_split_parse(const char *word);
/* Is name one that a class may have?  UTF-8, 1 to 120 bytes, no control characters. */
ay_status ay_class_name_check(const char *name, const char *where, ay_err *err);

#endif
