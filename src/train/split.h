/* train/split.h - inside the corpus: groups of copies, and which side each group goes to.
 *
 * A group is what copies chain together (union and find).  The split is stratified by class and
 * depends on the seed and the pictures' contents only: groups are taken in the order of a hash of
 * (seed, smallest digest in the group), so that renaming or moving files changes nothing and adding
 * one picture moves few others.  Large groups stay on the train side: a photo series belongs to what
 * is learned, and a side of ten copies of one picture would judge nothing.
 * Threads: any. */
#ifndef AY_TRAIN_SPLIT_H
#define AY_TRAIN_SPLIT_H

#include "train/corpus.h"

/* items[].group from edges; numbers are given in the order of items. */
ay_status ay_split_groups(ay_corpus_item *items, int n, const ay_corpus_pair *edges, int nedges,
                          ay_err *err);
/* items[].split.  A class with two groups or more has something to train on, and something to
 * validate on when val > 0; with three or more also something to test on when test > 0. */
ay_status ay_split_assign(ay_corpus_item *items, int n, double val, double test, uint64_t seed,
                          ay_err *err);
/* val's part of the train side becomes validation; groups that are also on another side stay. */
ay_status ay_split_carve(ay_corpus_item *items, int n, double val, uint64_t seed, ay_err *err);
/* The whole group goes to the first side (train, val, test) any of it is on. */
ay_status ay_split_mend(ay_corpus_item *items, int n, ay_err *err);

#endif
