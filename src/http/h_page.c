/* http/h_page.c - the web application's files, and what answers an address that no route knows.
 *
 * Browsers give the camera only to secure pages: HTTPS, or this machine itself.  A phone that comes
 * over plain HTTP gets the page of h_plain.c at "/", which explains and still scans; the
 * application stays reachable at /index.html, where pictures can be picked and dropped. */
#include "http/handlers.h"
#include "http/impl.h"

#include "web/web.h"

static ay_status file(ay_request *rq, const char *path, ay_err *err)
{
    ay_web_file f;

    if (!ay_web_find(path, &f))
        return ay_fail(err, AY_ENOTFOUND, "there is nothing at this address");
    ay_reply_header(rq, "Cache-Control", AY_WEB_CACHE);
    if (!ay_reply_unchanged(rq, f.etag))
        ay_reply_static(rq, 200, f.mime, f.data, f.size);
    return AY_OK;
}

ay_status ay_h_page(ay_request *rq, ay_err *err)
{
    return file(rq, rq->path, err);
}

ay_status ay_h_root(ay_request *rq, ay_err *err)
{
    return rq->secure ? file(rq, "/", err) : ay_h_plain(rq, err);
}
