/* cmd/taker.h - who takes pictures in for "assay import" and "assay watch": this process, or the server that has the data
 * folder.
 *
 * One process writes to a data folder.  Where a server has it, the server is asked through the socket in the folder
 * (cmd/running.h) to read the folder itself: it runs as the same user, so it may read what that user may.  The import is
 * the server's from then on, and goes on without the command.
 *
 * Rejected: a second writer (the galleries in memory would not know); sending the bytes (twice the copying, for a folder
 * that both can read).
 *
 * Lists are in the caller's arena.  Threads: one. */
#ifndef AY_CMD_TAKER_H
#define AY_CMD_TAKER_H

#include "cmd/running.h"
#include "cmd/session.h"
#include "service/library/intake.h"
#include "service/library/watch.h"
#include "service/picture.h"

enum { AY_TAKER_NAME = 1024 };

typedef struct {
    ay_session session; /* when it is this process */
    ay_running server;  /* when it is a server */
    bool served;
    char trouble[256]; /* what kept pictures from being taken in when ay_taker_imports() last asked; "": nothing */
} ay_taker;

/* AY_EBUSY: another command has the data folder; AY_ECONFLICT: another user's server. */
ay_status ay_taker_open(ay_taker *t, const ay_args *a, ay_err *err);
void ay_taker_close(ay_taker *t);
/* ay_watch_add(), from anywhere. */
ay_status ay_taker_wish(ay_taker *t, const ay_watch_wish *w, int64_t *id, int64_t *batch, ay_err *err);
/* The name of the data set that is meant: the one that is named, or the library for NULL; dst has AY_TAKER_NAME bytes. */
ay_status ay_taker_dataset(ay_taker *t, const char *name, char *dst, ay_err *err);
/* Begin to work; a server does already. */
ay_status ay_taker_start(ay_taker *t, ay_err *err);
/* Imports, newest first, 200 at most. */
ay_status ay_taker_imports(ay_taker *t, ay_arena *a, ay_intake_batch **out, size_t *n, ay_err *err);
ay_status ay_taker_folders(ay_taker *t, ay_arena *a, ay_watch **out, size_t *n, ay_err *err);
/* 200 at most, newest first; cursor and *next as in ay_intake_failures(). */
ay_status ay_taker_failures(ay_taker *t, const char *cursor, ay_arena *a, ay_intake_failure **out, size_t *n,
                            const char **next, ay_err *err);
/* Pictures of a data set, 200 at most, newest first; of each only id, file, created_at, class_name, width and height. */
ay_status ay_taker_pictures(ay_taker *t, const char *dataset, const char *cursor, ay_arena *a, ay_picture **out, size_t *n,
                            const char **next, ay_err *err);
/* Drop what waits of an import, and read its folder no further. */
ay_status ay_taker_cancel(ay_taker *t, int64_t batch, int64_t *dropped, ay_err *err);
ay_status ay_taker_unwatch(ay_taker *t, int64_t id, ay_err *err);

#endif
