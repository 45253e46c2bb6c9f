/* http/routes.h - THE table of routes; see http/router.h for what a row says.  Threads: any. */
#ifndef AY_HTTP_ROUTES_H
#define AY_HTTP_ROUTES_H

#include "http/router.h"

extern const ay_route ay_routes[];
extern const size_t ay_route_count;

#endif
