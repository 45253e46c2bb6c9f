/* train/wordlist.h - what classes are called, what else that is called, and what it is a kind of.
 *
 * A text file written by people, one statement a line, # begins a remark:
 *
 *   PATTERN => TEXT    the class whose name matches (fnmatch) is called TEXT; in TEXT * stands for the last part of the
 *                      class's name, after / or --; other names follow after ';'; "-": the class has no name.
 *                      The first that matches wins; without one a class is called by its last part.
 *   a = b, c           b and c are other names of a
 *   a < b, c           a is a kind of b and of c, or has them as properties
 *   say: a, b          words that say nothing of what is shown
 *   whole: a b, c d    names whose last words are no kind of them
 *
 * Names are words as engine/words_small.h cuts texts, without those of "say", with one blank between.  A name
 * of several words is a kind of what its longest end names, unless "whole" says otherwise: a line for every
 * "granny smith apple" would say nothing new.
 *
 * Rejected: WordNet as it is (its 117,000 meanings would have to be chosen from for every class, which is the
 * work, and what it knows beyond the classes cannot be seen in their pictures).
 *
 * Threads: any; an open list never changes. */
#ifndef AY_TRAIN_WORDLIST_H
#define AY_TRAIN_WORDLIST_H

#include "base/arena.h"
#include "base/err.h"

typedef struct {
    const char *name;
    const int *all; /* itself first, then everything that it is a kind of; entries, each once */
    int nall;
} ay_word_entry;

typedef struct {
    const char *name;
    int entry;
} ay_word_alias;

typedef struct {
    ay_word_entry *entry;
    int n;
    ay_word_alias *also; /* other names */
    int nalso;
    int *of_class; /* the entry of each class; -1: it has no name */
    const char **say;
    int nsay;
    ay_arena arena; /* holds all of it */
} ay_wordlist;

/* AY_EINVAL names the line that cannot be read. */
ay_status ay_wordlist_open(ay_wordlist *out, const char *path, const char *const *classes, int nclasses,
                           ay_err *err);
/* The same from text, which is changed. */
ay_status ay_wordlist_parse(ay_wordlist *out, char *text, const char *const *classes, int nclasses,
                            ay_err *err);
void ay_wordlist_fini(ay_wordlist *l); /* a zeroed one is fine */
/* The entry of a name, or -1. */
int ay_wordlist_find(const ay_wordlist *l, const char *name);

#endif
