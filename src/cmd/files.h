/* cmd/files.h - operands become a list of pictures: a file is itself, a folder is every file below it
 * whose first bytes are a picture's, "-" is standard input. */
#ifndef AY_CMD_FILES_H
#define AY_CMD_FILES_H

#include "base/buf.h"
#include "base/err.h"

typedef struct {
    char **path; /* owned strings, in order */
    size_t n, cap;
} ay_files;

/* AY_ENOTFOUND names the operand that is not there, or the first where all of them hold nothing. */
ay_status ay_files_collect(ay_files *f, char **operands, int n, ay_err *err);
void ay_files_fini(ay_files *f);
/* Read one of them ("-": standard input) whole, at most limit bytes. */
ay_status ay_files_read(const char *path, size_t limit, ay_buf *out, ay_err *err);

#endif
