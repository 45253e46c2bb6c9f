/* base/door.h - a Unix socket in a folder: how a command finds the program that has the folder open, and asks it.
 *
 * The socket belongs to its owner alone (mode 0600 before anybody can connect), and whoever comes is asked for the user
 * it runs as, because some file systems know no modes.  There is no secret to leak and no port to guess, a browser
 * cannot reach it, and one that a killed program left behind answers nobody: connecting says so.  Who opens a door must
 * hold the folder's lock, so that what lies there under its name is nobody's any more.
 *
 * Rejected: a file with an address and a token (it outlives its program, the token is as good as the socket's mode, and
 * over HTTPS the command would have to trust a certificate first).
 *
 * A Unix socket's path has at most 107 bytes; a longer one is reached through /proc/self/fd.
 * Threads: any; one door belongs to one. */
#ifndef AY_BASE_DOOR_H
#define AY_BASE_DOOR_H

#include "base/err.h"

#include <stdbool.h>

#define AY_DOOR_NAME "socket"

typedef struct {
    char path[108]; /* to connect to, as long as the door is open */
    int folder;     /* open when path goes through it; else -1 */
    int fd;         /* listening; -1 for who knocks */
} ay_door;

/* Listen in folder, in place of what an earlier program left.  AY_EIO: the file system has no sockets, or the folder is
 * not ours to write to. */
ay_status ay_door_open(ay_door *d, const char *folder, ay_err *err);
/* Does somebody listen there?  AY_ENOTFOUND: nobody (no socket, or one left behind); AY_ECONFLICT: somebody whom we may
 * not ask, because the socket is another user's. */
ay_status ay_door_find(ay_door *d, const char *folder, ay_err *err);
/* The socket goes when it was opened here.  A door that is all zeros but -1 for both numbers is closed. */
void ay_door_close(ay_door *d);
/* Does the one who connected run as the same user, or as the superuser? */
bool ay_door_peer_is_us(int fd);

#endif
