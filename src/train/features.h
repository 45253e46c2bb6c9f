/* train/features.h - what a body makes of each picture, computed once and kept on disk.
 *
 * A frozen body gives the same vector for the same picture in every epoch and in every run, so it is
 * computed once.  The store is one file a body: a header that names model, preprocessing, arithmetic
 * and row length, then records {SHA-256 of the picture's file, row, CRC-32}, in the order they came.
 * It is a cache: losing it costs time only.  So nothing is synced, a record that was cut short or
 * damaged ends the readable part and is written over, and a file with another header is begun anew.
 *
 * One process at a time writes (a lock on the file); a second one works without the disk.
 *
 * Threads: one at a time. */
#ifndef AY_TRAIN_FEATURES_H
#define AY_TRAIN_FEATURES_H

#include "base/hash.h"

#include <stddef.h>

typedef struct ay_features ay_features;

/* folder "" or "none": memory only.  key: one line of text that says all the rows depend on. */
ay_status ay_features_open(ay_features **out, const char *folder, const char *key, int row,
                           ay_err *err);
void ay_features_close(ay_features *f); /* NULL is fine */
/* The row of this digest (64 hex digits), or NULL; valid until the next add. */
const float *ay_features_find(const ay_features *f, const char *digest);
/* Keep a copy of row.  A disk that is full only ends the writing.  AY_ENOMEM. */
ay_status ay_features_add(ay_features *f, const char *digest, const float *row, ay_err *err);
size_t ay_features_count(const ay_features *f);
/* $XDG_CACHE_HOME/assay/features, else ~/.cache/assay/features, else "". */
void ay_features_default_folder(char *dst, size_t cap);

#endif
