/* http/h_page.c - the web application's files, and what answers an address that no route knows. */
#include "http/handlers.h"
#include "http/impl.h"

#include "web/web.h"

ay_status ay_h_page(ay_request *rq, ay_err *err)
{
    ay_web_file f;

    if (!ay_web_find(rq->path, &f))
        return ay_fail(err, AY_ENOTFOUND, "there is nothing at this address");
    ay_reply_header(rq, "Cache-Control", AY_WEB_CACHE);
    if (!ay_reply_unchanged(rq, f.etag))
        ay_reply_static(rq, 200, f.mime, f.data, f.size);
    return AY_OK;
}
