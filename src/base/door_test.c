#include "base/door.h"
#include "base/file.h"
#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char root[64];

static int connect_to(const ay_door *d)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(a.sun_path, d->path, strlen(d->path));
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

static void knock(const char *folder)
{
    ay_err err = {{0}};
    ay_door door, knocker;
    struct stat st;
    int client, served;

    CHECK(ay_door_find(&knocker, folder, &err) == AY_ENOTFOUND);
    umask(0); /* the mode is ours, whatever the umask says */
    CHECK(ay_door_open(&door, folder, &err) == AY_OK);
    umask(022);
    CHECK(lstat(door.path, &st) == 0 && S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0600);
    CHECK(ay_door_find(&knocker, folder, &err) == AY_OK);
    served = accept(door.fd, NULL, NULL); /* of the question whether somebody listens */
    CHECK(served >= 0);
    close(served);
    client = connect_to(&knocker);
    served = accept(door.fd, NULL, NULL);
    CHECK(client >= 0 && served >= 0 && ay_door_peer_is_us(served));
    close(client);
    close(served);
    ay_door_close(&knocker);
    ay_door_close(&door);
    ay_door_close(&door); /* twice is fine */
    CHECK(ay_door_find(&knocker, folder, &err) == AY_ENOTFOUND);
}

/* What a killed program leaves answers nobody and is in nobody's way. */
static void left_behind(void)
{
    ay_err err = {{0}};
    ay_door dead, door, knocker;

    snprintf(root, sizeof root, "/tmp/assay-door-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    CHECK(ay_door_open(&dead, root, &err) == AY_OK);
    close(dead.fd); /* as the end of a process does: the name stays */
    CHECK(ay_door_find(&knocker, root, &err) == AY_ENOTFOUND);
    CHECK(ay_door_open(&door, root, &err) == AY_OK);
    CHECK(ay_door_find(&knocker, root, &err) == AY_OK);
    ay_door_close(&knocker);
    ay_door_close(&door);
    ay_file_remove_tree(root);
}

static void no_folder(void)
{
    ay_err err = {{0}};
    char path[80];
    ay_door d;

    snprintf(path, sizeof path, "%s/none", root);
    snprintf(root, sizeof root, "/tmp/assay-door-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    CHECK(ay_door_open(&d, path, &err) == AY_EIO && strstr(err.msg, "none"));
    CHECK(ay_door_find(&d, path, &err) == AY_ENOTFOUND);
    ay_file_remove_tree(root);
}

static void a_door_is_found_and_closed(void)
{
    char deep[400];

    snprintf(root, sizeof root, "/tmp/assay-door-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    knock(root);
    snprintf(deep, sizeof deep, "%s/%0200d", root, 7); /* longer than a socket's path may be */
    CHECK(ay_file_mkdirs(deep, NULL) == AY_OK);
    knock(deep);
    ay_file_remove_tree(root);
}

TESTS({"a door is found and closed", a_door_is_found_and_closed},
      {"what was left behind is in nobody's way", left_behind}, {"no folder", no_folder})
