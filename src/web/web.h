/* web/web.h - the files of the page, compiled in.
 *
 * Everything returned lives as long as the program and is never freed.  Threads: any. */
#ifndef AY_WEB_WEB_H
#define AY_WEB_WEB_H

#include <stddef.h>

typedef struct {
    const char *path; /* as requested: "/", "/js/main.js" */
    const char *mime; /* with its charset where it is text */
    const char *data; /* not NUL-terminated */
    size_t size;      /* bytes */
    const char *etag; /* quoted, from the content: "\"0f3a...\""; ready for the ETag header */
} ay_web_file;

/* What the page needs and no more: nothing from outside, no inline script or style.  blob: is for
 * pictures that were captured or picked and not yet sent. */
#define AY_WEB_CSP                                                                                 \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "        \
    "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "           \
    "form-action 'self'; frame-ancestors 'none'"
/* The Permissions-Policy that goes with it. */
#define AY_WEB_PERMISSIONS "camera=(self), microphone=(), geolocation=()"
/* Cache-Control: ask again each time; the ETag makes the answer a cheap 304. */
#define AY_WEB_CACHE "no-cache"

/* The file served at path (exactly as in files.def, without a query); "/" and "/index.html" are the
 * page.  Fills and returns out, or returns NULL when there is none. */
const ay_web_file *ay_web_find(const char *path, ay_web_file *out);
/* The i-th file, in the order of files.def, or NULL past the last. */
const ay_web_file *ay_web_at(size_t i, ay_web_file *out);

#endif
