/* http/openapi.h - the table of routes as a document.  Threads: any. */
#ifndef AY_HTTP_OPENAPI_H
#define AY_HTTP_OPENAPI_H

#include "http/router.h"

#include "base/buf.h"

/* OpenAPI 3.1 of n routes, hidden ones left out, with the schemas of assets/schemas.json.  A new
 * reference; NULL when memory is refused. */
json_t *ay_openapi_json(const ay_route *routes, size_t n);
/* The same as an HTML page with a form to try each route, appended to out. */
void ay_openapi_html(const ay_route *routes, size_t n, ay_buf *out);

/* What a query parameter or a {name} of a path means. */
typedef struct {
    const char *name, *type, *text;
    long lo, hi;         /* for integers; both 0: no bounds */
    const char *choices; /* "auto|mean"; NULL: free */
} ay_param_text;
const ay_param_text *
ay_param_find(const char *name); /* NULL: not described, which a test refuses */
/* Call visit for each parameter of a route: first "path", then "query". */
void ay_param_each(const ay_route *r, void (*visit)(void *ctx, const char *name, const char *in),
                   void *ctx);

/* Append text with & < > " ' escaped. */
void ay_html_text(ay_buf *out, const char *text);

#endif
