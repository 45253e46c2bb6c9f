#include "base/door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 32 };

/* Where the socket of a folder is, in at most 107 bytes. */
static ay_status find_path(ay_door *d, const char *folder, ay_err *err)
{
    *d = (ay_door){.folder = -1, .fd = -1};
    if (snprintf(d->path, sizeof d->path, "%s/" AY_DOOR_NAME, folder) < (int)sizeof d->path)
        return AY_OK;
    d->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (d->folder < 0)
        return ay_fail(err, errno == ENOENT ? AY_ENOTFOUND : AY_EIO, "open %.300s: %s", folder, strerror(errno));
    snprintf(d->path, sizeof d->path, "/proc/self/fd/%d/" AY_DOOR_NAME, d->folder);
    return AY_OK;
}

static struct sockaddr_un address_of(const ay_door *d)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    memcpy(a.sun_path, d->path, strlen(d->path));
    return a;
}

static ay_status open_failed(ay_door *d, const char *folder, int why, ay_err *err)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    ay_door_close(d);
    return ay_fail(err, AY_EIO, "listen on %.300s/" AY_DOOR_NAME ": %s", folder, strerror(why));
}

ay_status ay_door_open(ay_door *d, const char *folder, ay_err *err)
{
    ay_status status = find_path(d, folder, err);
    struct sockaddr_un a;

    if (status != AY_OK)
        return status;
    a = address_of(d);
    d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d->fd < 0 || (unlink(d->path) != 0 && errno != ENOENT))
        return open_failed(d, folder, errno, err);
    if (bind(d->fd, (struct sockaddr *)&a, sizeof a) != 0)
        return open_failed(d, folder, errno, err);
    /* Nobody can connect before listen(), so nobody comes through a mode that the umask made. */
    if (chmod(d->path, 0600) != 0 || listen(d->fd, BACKLOG) != 0) {
        int why = errno;
        unlink(d->path);
        return open_failed(d, folder, why, err);
    }
    return AY_OK;
}

ay_status ay_door_find(ay_door *d, const char *folder, ay_err *err)
{
    ay_status status = find_path(d, folder, err);
    struct sockaddr_un a;
    int fd, rc, why;

    if (status != AY_OK)
        return status;
    a = address_of(d);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    rc = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&a, sizeof a);
    why = errno;
    if (fd >= 0)
        close(fd);
    if (rc == 0)
        return AY_OK;
    ay_door_close(d);
    if (why == EACCES || why == EPERM)
        return ay_fail(err, AY_ECONFLICT, "%.300s/" AY_DOOR_NAME " belongs to another user", folder);
    return ay_fail(err, AY_ENOTFOUND, "nobody listens on %.300s/" AY_DOOR_NAME ": %s", folder, strerror(why));
}

void ay_door_close(ay_door *d)
{
    if (d->fd >= 0) {
        unlink(d->path); /* first: who comes now must not find a door that is closed */
        close(d->fd);
    }
    if (d->folder >= 0)
        close(d->folder);
    d->fd = d->folder = -1;
}

bool ay_door_peer_is_us(int fd)
{
    struct ucred who;
    socklen_t n = sizeof who;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && (who.uid == geteuid() || who.uid == 0);
}
