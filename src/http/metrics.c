#include "http/metrics.h"

#include <inttypes.h>
#include <math.h>

static const double bounds[AY_METRICS_BUCKETS] = {0.005, 0.01, 0.02, 0.05, 0.1, 0.2,
                                                  0.5,   1,    2,    5,    10,  30};

void ay_metrics_count(ay_metrics *m, int status, uint64_t bytes_in, uint64_t bytes_out)
{
    atomic_fetch_add(&m->requests[status >= 100 && status < 600 ? status / 100 : 0], 1);
    atomic_fetch_add(&m->bytes_in, bytes_in);
    atomic_fetch_add(&m->bytes_out, bytes_out);
}

void ay_metrics_duration(ay_metrics *m, uint64_t ns)
{
    double s = (double)ns / 1e9;
    int i = 0;

    while (i < AY_METRICS_BUCKETS && s > bounds[i])
        i++;
    atomic_fetch_add(&m->bucket[i], 1);
    atomic_fetch_add(&m->durations, 1);
    atomic_fetch_add(&m->duration_us, ns / 1000);
}

void ay_metrics_line(ay_buf *out, const char *name, const char *type, const char *help,
                     double value)
{
    ay_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.*f\n", name, help, name, type, name,
                  value == floor(value) ? 0 : 6, value);
}

void ay_metrics_print(ay_metrics *m, ay_buf *out)
{
    static const char *const name[] = {"lost", "1xx", "2xx", "3xx", "4xx", "5xx"};
    unsigned long long sum = 0;

    ay_buf_puts(out, "# HELP assay_http_requests_total Requests by class of the answer's status; "
                     "lost: the client went away.\n# TYPE assay_http_requests_total counter\n");
    for (int i = 0; i < 6; i++)
        ay_buf_printf(out, "assay_http_requests_total{status=\"%s\"} %llu\n", name[i],
                      atomic_load(&m->requests[i]));
    ay_metrics_line(out, "assay_http_received_bytes_total", "counter", "Bytes of request bodies.",
                    (double)atomic_load(&m->bytes_in));
    ay_metrics_line(out, "assay_http_sent_bytes_total", "counter", "Bytes of answers' bodies.",
                    (double)atomic_load(&m->bytes_out));
    ay_metrics_line(out, "assay_http_overload_total", "counter",
                    "Requests refused with 503 because a queue or the memory budget was full.",
                    (double)atomic_load(&m->overload));
    ay_buf_puts(
        out, "# HELP assay_http_duration_seconds From the first byte of a request to its "
             "answer, requests done by workers.\n# TYPE assay_http_duration_seconds histogram\n");
    for (int i = 0; i <= AY_METRICS_BUCKETS; i++) {
        sum += atomic_load(&m->bucket[i]);
        if (i < AY_METRICS_BUCKETS)
            ay_buf_printf(out, "assay_http_duration_seconds_bucket{le=\"%g\"} %llu\n", bounds[i],
                          sum);
        else
            ay_buf_printf(out, "assay_http_duration_seconds_bucket{le=\"+Inf\"} %llu\n", sum);
    }
    ay_buf_printf(out,
                  "assay_http_duration_seconds_sum %.6f\nassay_http_duration_seconds_count %llu\n",
                  (double)atomic_load(&m->duration_us) / 1e6, sum);
}
