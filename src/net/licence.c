#include "net/licence.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { PATH = 4200, LINE = 400, FILE_MOST = 1 << 20 };

static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

static void path_of(char path[PATH], const char *data)
{
    snprintf(path, PATH, "%.4000s/accepted-licences", data);
}

static void line_of(char line[LINE], const char *repo, const char *licence)
{
    snprintf(line, LINE, "%s\t%s\t", repo, *licence ? licence : "none named");
}

bool ay_licence_accepted(const char *data, const char *repo, const char *licence)
{
    char path[PATH], line[LINE];
    ay_buf text = {0};
    bool found = false;

    path_of(path, data);
    line_of(line, repo, licence);
    if (ay_file_read(path, FILE_MOST, &text, NULL) == AY_OK && text.data)
        for (const char *s = text.data; s && !found; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
            found = ay_str_starts(s, line);
    ay_buf_fini(&text);
    return found;
}

static ay_status append(const char *path, const char *line, ay_err *err)
{
    char at[AY_RFC3339_SIZE];
    ay_buf text = {0};
    ay_status status = AY_OK;

    if (ay_file_exists(path))
        status = ay_file_read(path, FILE_MOST, &text, err);
    ay_clock_rfc3339(at, ay_clock_wall());
    ay_buf_printf(&text, "%s%s\n", line, at);
    if (status == AY_OK)
        status = text.failed ? ay_fail(err, AY_ENOMEM, "keeping %s", path)
                             : ay_file_write(path, text.data, text.len, err);
    ay_buf_fini(&text);
    return status;
}

ay_status ay_licence_accept(const char *data, const char *repo, const char *licence, ay_err *err)
{
    char path[PATH], line[LINE];
    ay_status status = ay_file_mkdirs(data, err);

    if (status != AY_OK || ay_licence_accepted(data, repo, licence))
        return status;
    path_of(path, data);
    line_of(line, repo, licence);
    pthread_mutex_lock(&writing);
    status = append(path, line, err);
    pthread_mutex_unlock(&writing);
    return status;
}
