/* train/snapshot.h - one hash that names a data set: which bytes, called what, on which side.
 *
 * SHA-256 over the sorted lines "digest split label" after a first line with the format's name.
 * Paths, order and anything a copy of the folder changes are not in it.  A model keeps it, so that
 * "which pictures was this trained on?" has an answer that can be checked.
 * Threads: any. */
#ifndef AY_TRAIN_SNAPSHOT_H
#define AY_TRAIN_SNAPSHOT_H

#include "train/corpus.h"

ay_status ay_snapshot_of(const ay_corpus_item *items, int n, const char *const *classes,
                         char hex[AY_SHA256_HEX], ay_err *err);

#endif
