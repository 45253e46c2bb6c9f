/* service/roots.c - folders that the interface may read: below those the server was started with, found by resolving
 * links first, so that neither ".." nor a link leads out. */
#include "service/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH = 4096 };

static bool is_below(const char *path, const char *root)
{
    size_t n = strlen(root);

    return strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == '\0' || (n > 0 && root[n - 1] == '/'));
}

ay_status ay_service_below(const char *roots, const char *name, char *dst, const char *option, ay_err *err)
{
    char list[PATH], root[PATH], joined[PATH], *save = NULL;

    snprintf(list, sizeof list, "%s", roots ? roots : "");
    for (char *one = strtok_r(list, ":", &save); one; one = strtok_r(NULL, ":", &save)) {
        if (!realpath(one, root))
            continue;
        if (snprintf(joined, sizeof joined, "%s%s%s", name[0] == '/' ? "" : root, name[0] == '/' ? "" : "/", name) >=
            PATH)
            continue;
        if (realpath(joined, dst) && is_below(dst, root))
            return AY_OK;
    }
    return ay_fail(err, AY_EINVAL, "'%.300s' is not in a folder that this server may read: start it with %s", name,
                   option);
}
