/* http/problem.h - how failures look on the wire: RFC 9457 application/problem+json.
 *
 *   {"type":"about:blank","title":"Not Found","status":404,"detail":"no class 'x'","code":"not
 * found"}
 *
 * detail is for people and is what the seed systems' clients read; code is ay_status_name().
 * Threads: any. */
#ifndef AY_HTTP_PROBLEM_H
#define AY_HTTP_PROBLEM_H

#include "base/err.h"

#include <jansson.h>

/* The HTTP status of a failure; 500 for what only a bug can bring here. */
int ay_problem_status(ay_status status);
/* "Not Found"; "Error" for a status without a phrase. */
const char *ay_problem_title(int http_status);
/* New object, NULL when memory is refused.  code NULL: left out. */
json_t *ay_problem_json(int http_status, const char *detail, const char *code);

#endif
