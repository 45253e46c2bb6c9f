/* cmd/dups_folder.h - the pictures of folders, read once, and which of them are the same: "assay dups FOLDER" without any data folder.
 *
 * A print, a digest and the facts of each picture are kept; files are read a second time only where two may be the same.
 * Threads: one. */
#ifndef AY_CMD_DUPS_FOLDER_H
#define AY_CMD_DUPS_FOLDER_H

#include "cmd/files.h"
#include "cmd/session.h"
#include "service/library/duplicates_find.h"

typedef struct {
    const ay_args *args;
    const ay_files *files;
    ay_arena *arena;
    ay_session *session; /* its engine is open: look-alikes too; else NULL */
    ay_image_limits limits;
    bool quiet;
    size_t n;            /* pictures that could be read */
    long failed;
    const char **path;   /* n */
    char (*sha256)[AY_SHA256_HEX];
    const char **format;
    ay_dup_fact *fact;
    ay_print *print;
    uint8_t *readable;
    int64_t *area, *taken;
    float *vectors;
    ay_dups_found found;
    ay_dup_groups groups; /* given back by ay_dups_folder_fini() */
} ay_dups_folder;

/* args .. quiet are the caller's to fill. */
ay_status ay_dups_folder_find(ay_dups_folder *d, ay_err *err);
void ay_dups_folder_fini(ay_dups_folder *d);

typedef struct {
    const char *from, *to; /* to: "" when nothing was moved there */
} ay_dups_move;

/* Move what is not kept of the groups up to a tier into a folder, which is made: never over a file that is there.  A list of what
 * was where is added to the folder's "moved.tsv" before each move.  dry: say what would be.  *n moves in the arena. */
ay_status ay_dups_folder_move(ay_dups_folder *d, ay_tier most, const char *to, bool dry, ay_dups_move **out, size_t *n, ay_err *err);

#endif
