/* http/h_system.c - is it well, and how much does it do: /health, /metrics. */
#include "http/handlers.h"
#include "http/impl.h"

#include "base/clock.h"
#include "service/words/classify_words.h"
#include "service/learn/registry.h"

#include <math.h>

/* The trained model that answers, apart from the scanner's encoder, which is what "model" is. */
static json_t *trained_json(const ay_registry_state *t)
{
    if (!t->ready && !t->problem[0])
        return json_null();
    return json_pack("{s:s, s:i, s:b, s:i, s:s?}", "name", t->name, "version", t->version,
                     "model_loaded", t->ready, "num_classes", t->classes, "problem",
                     t->problem[0] ? t->problem : NULL);
}

ay_status ay_h_health(ay_request *rq, ay_err *err)
{
    const ay_engine_info *m = rq->service ? ay_service_model(rq->service) : NULL;
    ay_service_stats st = {0};
    ay_registry_state trained = {0};
    double up = (double)(ay_clock_mono() - rq->server->started) / 1e9;

    if (rq->service)
        ay_service_get_stats(rq->service, &st);
    if (rq->service)
        ay_registry_look(rq->service, &trained);
    return ay_reply_json(rq, m ? 200 : 503,
                         json_pack("{s:s, s:s, s:s?, s:b, s:s?, s:s, s:I, s:I, s:f, s:s, s:b, s:o}",
                                   "status", m ? "healthy" : "unhealthy", "service", "assay",
                                   "model", m ? m->name : NULL, "model_loaded", m != NULL,
                                   "model_version", m ? m->version : NULL, "device", "cpu",
                                   "num_classes", (json_int_t)st.classes, "num_images",
                                   (json_int_t)st.pictures, "uptime_seconds",
                                   round(up * 1000) / 1000, "version", AY_VERSION, "ok", m != NULL,
                                   "classifier", trained_json(&trained)),
                         err);
}

static void service_metrics(ay_service *service, ay_buf *out)
{
    ay_service_stats st;

    ay_service_get_stats(service, &st);
    const struct {
        const char *name, *type, *help;
        double value;
    } lines[] = {
        {"assay_scans_total", "counter", "Pictures scanned.", (double)st.scans},
        {"assay_scan_matches_total", "counter", "Scans that found a class.", (double)st.matches},
        {"assay_scan_no_matches_total", "counter", "Scans without a match.", (double)st.no_matches},
        {"assay_scan_ambiguous_total", "counter", "Scans between two classes.",
         (double)st.ambiguous},
        {"assay_scan_decode_seconds_total", "counter", "Time in decoding.",
         (double)st.decode_ns / 1e9},
        {"assay_scan_embed_seconds_total", "counter", "Time in the model, queue included.",
         (double)st.embed_ns / 1e9},
        {"assay_scan_search_seconds_total", "counter", "Time in the search.",
         (double)st.search_ns / 1e9},
        {"assay_images_added_total", "counter", "Reference pictures added.", (double)st.added},
        {"assay_images_moved_total", "counter", "Reference pictures moved.", (double)st.moved},
        {"assay_images_refused_total", "counter", "Uploads that are no usable picture.",
         (double)st.refused},
        {"assay_predictions_total", "counter", "Answers of trained models.",
         (double)st.predictions},
        {"assay_prediction_network_seconds_total", "counter",
         "Time in trained models, queue included.", (double)st.predict_ns / 1e9},
        {"assay_datasets", "gauge", "Data sets.", (double)st.datasets},
        {"assay_classes", "gauge", "Classes.", (double)st.classes},
        {"assay_images", "gauge", "Reference pictures.", (double)st.pictures},
        {"assay_images_unembedded", "gauge", "Reference pictures that wait for their vector.",
         (double)st.unembedded},
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ay_metrics_line(out, lines[i].name, lines[i].type, lines[i].help, lines[i].value);
}

/* What became of label expansions, by the word that the answers have. */
static void expansion_metrics(const ay_service *service, ay_buf *out)
{
    uint64_t n[AY_EXPAND_STATES];

    if (!ay_service_expands(service))
        return;
    ay_service_expand_counts(service, n);
    n[AY_EXPAND_CLOSE] += n[AY_EXPAND_UNSURE]; /* one word for both gates */
    ay_buf_puts(out, "# HELP assay_expansions_total Label expansions by what happened.\n"
                     "# TYPE assay_expansions_total counter\n");
    for (int i = AY_EXPAND_CLOSE; i < AY_EXPAND_STATES; i++)
        ay_buf_printf(out, "assay_expansions_total{status=\"%s\"} %llu\n", ay_expand_word(i),
                      (unsigned long long)n[i]);
}

ay_status ay_h_metrics(ay_request *rq, ay_err *err)
{
    ay_server *s = rq->server;
    ay_buf out = {0};
    ay_status status;

    ay_buf_puts(&out, "# HELP assay_info The program's version.\n# TYPE assay_info gauge\n"
                      "assay_info{version=\"" AY_VERSION "\"} 1\n");
    ay_metrics_print(&s->metrics, &out);
    ay_metrics_line(&out, "assay_http_open_requests", "gauge", "Requests begun and not answered.",
                    (double)atomic_load(&s->open_calls));
    ay_metrics_line(&out, "assay_http_queue_length", "gauge", "Requests waiting for a worker.",
                    (double)ay_queue_length(s->queue));
    ay_metrics_line(&out, "assay_http_body_bytes", "gauge", "Bytes of request bodies in memory.",
                    (double)atomic_load(&s->held));
    ay_metrics_line(&out, "assay_http_event_streams", "gauge", "Open event streams.",
                    (double)ay_events_count(s->events));
    ay_metrics_line(&out, "assay_uptime_seconds", "gauge", "Since the server started.",
                    (double)(ay_clock_mono() - s->started) / 1e9);
    if (rq->service) {
        service_metrics(rq->service, &out);
        expansion_metrics(rq->service, &out);
    }
    status = ay_reply_bytes(rq, 200, "text/plain; version=0.0.4; charset=utf-8", &out, err);
    ay_buf_fini(&out);
    return status;
}
