/* service/inspect/line_flow.h - the work of tasks done by inspect/flow.h, with the settings and the plant's database that a server was
 * started with.
 *
 * What a request may say over these files: max_epochs, batch_size, learning_rate (the old system's), and "settings", an object
 * of keys of inspect/settings.h.  Not: paths, but the weights a network starts with below the server's folders.
 *
 * Threads: any number of tasks beside each other; ay_line_flow never changes once it is open. */
#ifndef AY_SERVICE_LINE_FLOW_H
#define AY_SERVICE_LINE_FLOW_H

#include "inspect/settings.h"
#include "service/inspect/line.h"

typedef struct ay_line_flow ay_line_flow;

/* system_file: the old configs.yaml, which names the other two; or a training file.  NULL: every default, no database.
 * warnings (may be NULL) gets a line for each plain secret and key that does nothing.  AY_EINVAL, AY_ENOTFOUND. */
ay_status ay_line_flow_open(ay_line_flow **out, const char *system_file, ay_buf *warnings, ay_err *err);
void ay_line_flow_close(ay_line_flow *l); /* after the service; NULL is fine */
/* Products come from this CSV file (inspect/products.h) and from no database. */
ay_status ay_line_flow_products(ay_line_flow *l, const char *path, ay_err *err);
ay_line_driver ay_line_flow_driver(ay_line_flow *l);
/* What is in force, as YAML without secrets. */
void ay_line_flow_print(const ay_line_flow *l, ay_buf *out);

/* One key of a request over s: for the command too. */
ay_status ay_line_flow_settings(const ay_line_flow *l, const json_t *request, ay_inspect_settings *s, ay_err *err);

#endif
