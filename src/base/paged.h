/* base/paged.h - memory whose beginning is a file's: read when it is touched, given back when memory is short, written by nobody.
 *
 * For large tables of which little is touched.  What is written into it stays in memory and never reaches the file.
 *
 * A page that cannot be read (a disk that fails, a file that was cut) would end the program with SIGBUS.  Here it becomes a page of
 * zeros, and ay_paged_lost() says so: whoever owns the table throws it away and reads it from elsewhere.  For this a handler of
 * SIGBUS is set when the first file is mapped, and threads are started with that one signal let through (base/thread.h); a fault
 * anywhere else ends the program as it always did.
 *
 * Rejected: pread() into a buffer at each use (all who want rows by number, some thirty places, would have to be able to fail, and the
 * kernel's cache would be copied once more).
 *
 * Threads: a table has one owner, who guards it; faults may come on any thread. */
#ifndef AY_BASE_PAGED_H
#define AY_BASE_PAGED_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    void *p;         /* NULL: none */
    size_t size;     /* bytes that may be used */
    size_t reserved; /* addresses kept free behind p, size included */
    size_t backed;   /* bytes from the beginning that are a file's: whole pages */
    int guard;       /* its place among the guarded, -1: none */
} ay_paged;

/* size bytes of zeros, and room to grow without moving. */
ay_status ay_paged_open(ay_paged *m, size_t size, ay_err *err);
/* At least size bytes; what is there stays, p may move (then nothing is the file's any more).  After a failure all is as before. */
ay_status ay_paged_grow(ay_paged *m, size_t size, ay_err *err);
/* From now on the first `bytes` are those of the open file fd from `at` on, a multiple of the page; what was written there is
 * forgotten.  Of the last page, when it is not whole, nothing changes.  fd may be closed. */
ay_status ay_paged_back(ay_paged *m, int fd, uint64_t at, size_t bytes, ay_err *err);
bool ay_paged_lost(const ay_paged *m);
void ay_paged_close(ay_paged *m); /* an empty one is fine */

#endif
