/* service/backup/hold.h - a backup under way keeps files from being removed.
 *
 * Adding to a data folder never disturbs a copy of it: rows come after files, and files never change.  Only removing does, so a
 * backup, which is another process, holds the file <data>/hold locked and shared, and whoever is about to remove pictures or models
 * for good tries to lock it alone; if that fails, it is put off (purges come again every hour).
 *
 * flock(): the lock goes with the process, however that ends.  Threads: any. */
#ifndef AY_SERVICE_HOLD_H
#define AY_SERVICE_HOLD_H

#include "base/err.h"

#include <stdbool.h>

/* For a backup; waits for a removal under way.  *fd is given back to ay_hold_end(). */
ay_status ay_hold_begin(const char *data, int *fd, ay_err *err);
/* For who removes: false while a backup is being made.  *fd as above, -1 when the folder has no such file. */
bool ay_hold_none(const char *data, int *fd);
void ay_hold_end(int fd); /* -1 is fine */

#endif
