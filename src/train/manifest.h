/* train/manifest.h - a list of pictures in a CSV file: path,label[,split].
 *
 * RFC 4180 quoting, commas or semicolons or tabs (whichever the first line has), LF or CRLF, an
 * optional byte order mark, an optional first line that names the columns (then in any order).  A
 * relative path starts at the manifest's folder.  Empty lines and lines that start with # are passed
 * over.  Every error names the line.
 * Threads: any. */
#ifndef AY_TRAIN_MANIFEST_H
#define AY_TRAIN_MANIFEST_H

#include "train/find.h"

ay_status ay_manifest_read(ay_listing *l, const char *path, ay_err *err);

#endif
