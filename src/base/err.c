#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const status_name[] = {
    [AY_OK] = "ok",
    [AY_EINVAL] = "invalid argument",
    [AY_ENOMEM] = "out of memory",
    [AY_EIO] = "input/output error",
    [AY_ENOTFOUND] = "not found",
    [AY_EEXISTS] = "already exists",
    [AY_ECORRUPT] = "corrupt data",
    [AY_EUNSUPPORTED] = "unsupported",
    [AY_ELIMIT] = "limit exceeded",
    [AY_EBUSY] = "busy",
    [AY_ECANCELLED] = "cancelled",
    [AY_ECONFLICT] = "conflict",
    [AY_EUNKNOWN] = "unknown outcome",
};
_Static_assert(sizeof status_name / sizeof *status_name == AY_STATUS_COUNT,
               "every ay_status needs a name");

const char *ay_status_name(ay_status status)
{
    if ((unsigned)status >= AY_STATUS_COUNT)
        return "unknown status";
    return status_name[status];
}

ay_status ay_fail(ay_err *err, ay_status status, const char *fmt, ...)
{
    assert(status != AY_OK);
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
    }
    return status;
}

void ay_err_wrap(ay_err *err, const char *fmt, ...)
{
    char inner[sizeof err->msg];
    va_list ap;
    int n;

    if (!err)
        return;
    memcpy(inner, err->msg, sizeof inner);
    va_start(ap, fmt);
    n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof err->msg)
        snprintf(err->msg + n, sizeof err->msg - (size_t)n, ": %s", inner);
}
