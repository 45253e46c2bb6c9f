/* service/backup/hold.c */
#include "service/backup/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int open_hold(const char *data, int flags)
{
    char path[4096];

    if ((size_t)snprintf(path, sizeof path, "%s/hold", data) >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, flags | O_CLOEXEC, 0644);
}

ay_status ay_hold_begin(const char *data, int *fd, ay_err *err)
{
    *fd = open_hold(data, O_RDWR | O_CREAT);
    if (*fd < 0) /* a folder that we may only read: the server has made the file */
        *fd = open_hold(data, O_RDONLY);
    if (*fd < 0)
        return ay_fail(err, AY_EIO, "cannot open %s/hold: %s", data, strerror(errno));
    if (flock(*fd, LOCK_SH) == 0)
        return AY_OK;
    close(*fd);
    return ay_fail(err, AY_EIO, "cannot lock %s/hold: %s", data, strerror(errno));
}

bool ay_hold_none(const char *data, int *fd)
{
    *fd = open_hold(data, O_RDWR | O_CREAT);
    if (*fd < 0 || flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    close(*fd);
    *fd = -1;
    return false;
}

void ay_hold_end(int fd)
{
    if (fd >= 0)
        close(fd);
}
