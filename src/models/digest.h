/* models/digest.h - the digest of a file's weights is computed once and remembered, so that opening a model need not read all
 * of it.
 *
 * Remembered under what the file is (device, inode, size, times of modification and of change to the nanosecond) and under a
 * digest of the names and shapes that were asked of it; other bytes in the file move its times, and no program sets the time
 * of change.  A file that changed within the last seconds is not remembered: its times may not have moved since.  What
 * the disk itself spoils goes unnoticed here; "assay model verify" reads everything.
 *
 * In this process always, and between processes in a text file when one is named: one line a digest, 64 of them.  Whoever may
 * write that file may write the data folder that it lies in.  A file that cannot be read or written is passed over.
 *
 * A pulled model has such a file of its own beside its weights, written when it had just been checked, so that its first
 * start on any data folder need not read all of it either.  Whoever may write there may write the weights.
 *
 * Threads: any. */
#ifndef AY_MODELS_DIGEST_H
#define AY_MODELS_DIGEST_H

#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

enum { AY_DIGEST_PATH = 4200 };

typedef struct {
    uint64_t device, inode, size;
    int64_t modified_ns, changed_ns;
} ay_digest_file;

/* What path is now; false: it cannot be told. */
bool ay_digest_look(const char *path, ay_digest_file *out);
bool ay_digest_same(const char *path, const ay_digest_file *file);

/* The memory that belongs to the weights themselves: "<where they really lie>.digests".  false: there is no such path. */
bool ay_digest_beside(const char *weights, char path[AY_DIGEST_PATH]);
/* Sleep until a change of the file would show in its times; 3 s at most. */
void ay_digest_settle(const ay_digest_file *file);

/* memory NULL: in this process only.  names: 64 digits over all that the digest covers but the values. */
bool ay_digest_recall(const char *memory, const ay_digest_file *file, const char *names, char hex[AY_SHA256_HEX]);
void ay_digest_keep(const char *memory, const ay_digest_file *file, const char *names, const char *hex);

#endif
