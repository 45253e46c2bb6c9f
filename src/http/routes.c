/* http/routes.c - every route of the program, one line each. */
#include "http/routes.h"
#include "http/handlers.h"

const ay_route ay_routes[] = {
    {"GET", "/", ay_h_page, AY_ROUTE_INLINE | AY_ROUTE_QUIET | AY_ROUTE_HIDDEN, 0, "page", "page",
     "The web application", "", NULL, "200:text/html"},
    {"GET", "/health", ay_h_health, AY_ROUTE_INLINE | AY_ROUTE_QUIET, 0, "system", "health",
     "Is the program well, and what does it run?", "", NULL, "200:Health 503:Health"},
    {"GET", "/metrics", ay_h_metrics, AY_ROUTE_INLINE | AY_ROUTE_QUIET, 0, "system", "metrics",
     "Counters in Prometheus text format", "", NULL, "200:text/plain"},
};

const size_t ay_route_count = sizeof ay_routes / sizeof *ay_routes;
