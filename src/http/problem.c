#include "http/problem.h"
#include "base/str.h"

#include <string.h>

int ay_problem_status(ay_status status)
{
    static const int to[AY_STATUS_COUNT] = {
        [AY_OK] = 200,        [AY_EINVAL] = 400,  [AY_ENOMEM] = 503,     [AY_EIO] = 500,
        [AY_ENOTFOUND] = 404, [AY_EEXISTS] = 409, [AY_ECORRUPT] = 422,   [AY_EUNSUPPORTED] = 415,
        [AY_ELIMIT] = 413,    [AY_EBUSY] = 503,   [AY_ECANCELLED] = 503, [AY_ECONFLICT] = 409,
        [AY_EUNKNOWN] = 503,
    };
    return (unsigned)status < AY_STATUS_COUNT && to[status] ? to[status] : 500;
}

const char *ay_problem_title(int http_status)
{
    static const struct {
        int status;
        const char *title;
    } titles[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].status == http_status)
            return titles[i].title;
    return "Error";
}

json_t *ay_problem_json(int http_status, const char *detail, const char *code)
{
    /* A detail may quote what the client sent, cut in the middle of a character. */
    if (!ay_utf8_valid(detail, strlen(detail)))
        detail = "the request could not be understood (it is not UTF-8)";
    return json_pack("{s:s, s:s, s:i, s:s, s:s*}", "type", "about:blank", "title",
                     ay_problem_title(http_status), "status", http_status, "detail", detail, "code",
                     code);
}
