/* http/handlers.h - the functions behind the table of routes, by the file that holds them. */
#ifndef AY_HTTP_HANDLERS_H
#define AY_HTTP_HANDLERS_H

#include "http/router.h"

/* h_system.c */
ay_handler ay_h_health, ay_h_metrics;
/* h_page.c: GET / and the page's files; also what answers a path that no row knows. */
ay_handler ay_h_page;

#endif
