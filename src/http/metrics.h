/* http/metrics.h - counters of the server, printed as Prometheus text.
 *
 * Kept per status class and in one histogram of durations for requests that went through a worker.
 * Not per route: eighty routes by four classes would be read by nobody.  Threads: any. */
#ifndef AY_HTTP_METRICS_H
#define AY_HTTP_METRICS_H

#include "base/buf.h"

#include <stdatomic.h>
#include <stdint.h>

enum { AY_METRICS_BUCKETS = 12 };

typedef struct {
    atomic_ullong requests[6]; /* by status / 100; [0]: connection lost before an answer */
    atomic_ullong bytes_in, bytes_out;
    atomic_ullong overload; /* refused with 503 by the server itself */
    atomic_ullong bucket[AY_METRICS_BUCKETS + 1], duration_us, durations;
} ay_metrics;

void ay_metrics_count(ay_metrics *m, int status, uint64_t bytes_in, uint64_t bytes_out);
void ay_metrics_duration(ay_metrics *m, uint64_t ns);
/* Append the server's part of the page. */
void ay_metrics_print(ay_metrics *m, ay_buf *out);
/* One metric in Prometheus text: HELP, TYPE ("counter", "gauge") and value. */
void ay_metrics_line(ay_buf *out, const char *name, const char *type, const char *help,
                     double value);

#endif
