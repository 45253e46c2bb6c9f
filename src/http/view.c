#include "http/view.h"

#include <math.h>

json_t *ay_view_real(double v)
{
    return isfinite(v) ? json_real(round(v * 1e6) / 1e6) : json_null();
}

static json_t *text_or_null(const char *s)
{
    return s && *s ? json_string(s) : json_null();
}

json_t *ay_view_model(const ay_engine_info *m)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:I, s:o, s:s, s:s, s:i, s:i}",
                     "name", m->name, "arch", m->arch, "version", m->version, "licence", m->licence,
                     "digest", m->digest, "preprocess_digest", m->preprocess_digest, "dim", m->dim,
                     "input_size", m->input_size, "parameters", (json_int_t)m->parameters, "gflops",
                     ay_view_real(m->gflops), "precision",
                     m->precision == AY_PRECISION_BF16 ? "bf16" : "f32", "backend", m->backend,
                     "workers", m->workers, "max_batch", m->max_batch);
}

/* JSON text that we wrote ourselves; null when there is none. */
static json_t *parsed(const char *text)
{
    json_t *v = text && *text ? json_loads(text, 0, NULL) : NULL;

    return v ? v : json_null();
}

json_t *ay_view_job(const ay_job *j)
{
    return json_pack("{s:I, s:s, s:s, s:I, s:I, s:s, s:o, s:i, s:b, s:o, s:o, s:o}", "id",
                     (json_int_t)j->id, "kind", j->kind, "state", ay_job_state_name(j->state),
                     "done", (json_int_t)j->done, "total", (json_int_t)j->total, "message",
                     j->message, "detail", parsed(j->detail), "points", j->npoints, "resumable",
                     j->resumable, "created_at", text_or_null(j->created), "started_at",
                     text_or_null(j->started), "ended_at", text_or_null(j->ended));
}

json_t *ay_view_job_whole(const ay_job *j, size_t from)
{
    json_t *all = parsed(j->points), *job = ay_view_job(j), *curve = json_array();

    for (size_t i = from; i < json_array_size(all); i++)
        json_array_append(curve, json_array_get(all, i));
    json_decref(all);
    if (json_object_set_new(job, "curve", curve)) {
        json_decref(job);
        return NULL;
    }
    return job;
}

json_t *ay_view_registered(const ay_registered *m, bool whole)
{
    json_t *classes = json_array(), *metrics = parsed(m->metrics), *out;

    for (size_t i = 0; i < m->nclasses; i++)
        json_array_append_new(classes, json_string(m->classes[i]));
    out = json_pack("{s:I, s:s, s:i, s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:b,"
                    " s:O?, s:O?, s:O?, s:s}",
                    "id", (json_int_t)m->id, "name", m->name, "version", m->version, "digest",
                    m->digest, "preprocess_digest", m->preprocess_digest, "bundle", m->bundle,
                    "snapshot", text_or_null(m->snapshot), "architecture", m->architecture,
                    "licence", m->licence, "classes", classes, "temperature",
                    ay_view_real(m->temperature), "confident", ay_view_real(m->confident), "reject",
                    ay_view_real(m->reject), "knows_unknown", m->knows_unknown, "active", m->active,
                    "report", m->has_report, "accuracy", json_object_get(metrics, "accuracy"),
                    "pictures", json_object_get(metrics, "pictures"), "measured_on",
                    json_object_get(metrics, "measured_on"),
                    "created_at", m->created_at);
    if (whole && out)
        json_object_set(out, "metrics", metrics);
    json_decref(metrics);
    return out;
}

json_t *ay_view_doubt(const ay_doubt *d)
{
    json_t *top = json_array();

    for (int i = 0; i < d->ntop; i++)
        json_array_append_new(top, json_pack("{s:s, s:o, s:o}", "label", d->top[i].label, "mean",
                                             ay_view_real(d->top[i].mean), "spread",
                                             ay_view_real(d->top[i].spread)));
    return json_pack("{s:i, s:s, s:o, s:o, s:o, s:o}", "passes", d->passes, "label", d->label,
                     "entropy", ay_view_real(d->entropy), "entropy_most",
                     ay_view_real(d->entropy_most), "mutual_information",
                     ay_view_real(d->mutual_information), "top", top);
}

json_t *ay_view_top(const ay_answer *a)
{
    json_t *top = json_array();

    for (int i = 0; i < a->ntop; i++)
        json_array_append_new(top, json_pack("{s:s, s:o}", "label", a->top[i].label, "probability",
                                             ay_view_real(a->top[i].probability)));
    return top;
}

json_t *ay_view_answer(const ay_answer *a)
{
    return json_pack("{s:o, s:o, s:{s:I, s:s, s:i, s:s}, s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:o, s:o,"
                     " s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}",
                     "id", a->id ? json_integer(a->id) : json_null(), "at", text_or_null(a->at),
                     "model", "id", (json_int_t)a->model, "name", a->model_name, "version",
                     a->model_version, "digest", a->model_digest, "sha256", a->sha256, "file",
                     a->file, "format", a->format, "width", a->width, "height", a->height, "status",
                     a->status, "label", a->label, "probability", ay_view_real(a->probability),
                     "unknown", ay_view_real(a->unknown), "top", ay_view_top(a), "batch",
                     text_or_null(a->batch), "views",
                     a->views ? json_integer(a->views) : json_null(), "doubt",
                     a->doubt.passes ? ay_view_doubt(&a->doubt) : json_null(), "ms", "decode", ay_view_real(a->decode_ms), "network",
                     ay_view_real(a->network_ms), "total", ay_view_real(a->total_ms));
}

json_t *ay_view_dataset(const ay_dataset *d)
{
    return json_pack("{s:I, s:s, s:I, s:I, s:b, s:b, s:s}", "id", (json_int_t)d->id, "name", d->name,
                     "classes", (json_int_t)d->classes, "images", (json_int_t)d->images, "active",
                     d->active, "library", d->library, "created_at", d->created_at);
}

json_t *ay_view_class(const ay_class *c)
{
    return json_pack("{s:I, s:s, s:I, s:I, s:o, s:i, s:b, s:s}", "id", (json_int_t)c->id, "name",
                     c->name, "images", (json_int_t)c->images, "embedded", (json_int_t)c->embedded,
                     "cover", text_or_null(c->cover), "position", c->position, "unsorted",
                     c->unsorted, "created_at", c->created_at);
}

json_t *ay_view_picture(const ay_picture *p)
{
    return json_pack("{s:I, s:s, s:s, s:{s:I, s:s}, s:i, s:i, s:I, s:s, s:b, s:s}", "id", (json_int_t)p->id, "sha256",
                     p->sha256, "file", p->file, "class", "id", (json_int_t)p->class_id, "name", p->class_name,
                     "width", p->width, "height", p->height, "bytes", (json_int_t)p->bytes,
                     "format", p->format, "embedded", p->embedded, "created_at", p->created_at);
}

json_t *ay_view_added(const ay_added *a)
{
    json_t *o = ay_view_picture(&a->picture);
    json_t *near = a->near_sha256[0] ? json_pack("{s:s, s:o, s:o}", "sha256", a->near_sha256,
                                                 "class", text_or_null(a->near_class), "similarity",
                                                 ay_view_real(a->near_similarity))
                                     : json_null();

    if (json_object_set_new(o, "created", json_boolean(a->created)) ||
        json_object_set_new(o, "moved", json_boolean(a->moved)) ||
        json_object_set_new(o, "from", text_or_null(a->from)) ||
        json_object_set_new(o, "near", near)) {
        json_decref(o);
        return NULL;
    }
    return o;
}

static json_t *match(const ay_scan_match *m)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:o}", "sha256", m->sha256, "file", m->file, "class",
                     m->class_name, "class_id", (json_int_t)m->class_id, "similarity",
                     ay_view_real(m->similarity));
}

static json_t *matches(const ay_decision *d)
{
    json_t *list = json_array();

    for (size_t i = 0; i < d->nmatches; i++)
        if (json_array_append_new(list, match(&d->matches[i]))) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *classes(const ay_decision *d)
{
    json_t *list = json_array();

    for (size_t i = 0; i < d->nclasses; i++) {
        const ay_scan_class *c = &d->classes[i];
        if (json_array_append_new(
                list,
                json_pack("{s:I, s:s, s:o, s:o, s:o, s:I}", "id", (json_int_t)c->id, "name",
                          c->name, "score", ay_view_real(c->score), "mean", ay_view_real(c->mean),
                          "max", ay_view_real(c->max), "samples", (json_int_t)c->samples))) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *message_args(const ay_decision *d)
{
    json_t *o = json_object();

    if (d->arg_first)
        json_object_set_new(o, "first", json_string(d->arg_first));
    if (d->arg_second)
        json_object_set_new(o, "second", json_string(d->arg_second));
    return o;
}

json_t *ay_view_decision(const ay_decision *d, const ay_engine_info *m)
{
    const ay_quality *q = &d->quality;
    json_t *label =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "status", ay_scan_status_name(d->status),
                  "label", text_or_null(d->label), "class_id",
                  d->label ? json_integer((json_int_t)d->class_id) : json_null(), "score",
                  ay_view_real(d->score), "probability",
                  d->probability < 0 ? json_null() : ay_view_real(d->probability), "threshold",
                  ay_view_real(d->threshold), "margin", ay_view_real(d->margin));
    json_t *evidence = json_pack("{s:o, s:o, s:o, s:s, s:s, s:o}", "reference",
                                 d->has_reference ? match(&d->reference) : json_null(), "matches",
                                 matches(d), "classes", classes(d), "message", d->message,
                                 "message_code", d->message_code, "message_args", message_args(d));
    json_t *context = json_pack(
        "{s:s, s:s, s:s, s:i, s:i, s:{s:o, s:o, s:o, s:o, s:o}, s:{s:s, s:s, s:s}, s:{s:o, s:o, "
        "s:o, s:o}}",
        "dataset", d->dataset, "method", d->method, "sha256", d->sha256, "width", d->width,
        "height", d->height, "quality", "sharpness", ay_view_real(q->sharpness), "brightness",
        ay_view_real(q->brightness), "contrast", ay_view_real(q->contrast), "hint_code",
        text_or_null(q->hint_code), "hint", text_or_null(q->hint), "model", "name", m->name,
        "digest", m->digest, "preprocess_digest", m->preprocess_digest, "timing_ms", "decode",
        ay_view_real(d->decode_ms), "embed", ay_view_real(d->embed_ms), "search",
        ay_view_real(d->search_ms), "total", ay_view_real(d->total_ms));
    int bad = !label || !evidence || !context || json_object_update(label, evidence) ||
              json_object_update(label, context);

    json_decref(evidence);
    json_decref(context);
    if (bad) {
        json_decref(label);
        return NULL;
    }
    return label;
}

static json_t *suspect(const ay_suspect *s)
{
    json_t *other = s->other_sha256[0] ? json_pack("{s:s, s:o}", "sha256", s->other_sha256, "class",
                                                   text_or_null(s->other_class))
                                       : json_null();

    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:s}", "kind",
                     ay_suspect_kind_name(s->kind), "sha256", s->sha256, "file", s->file, "class",
                     s->class_name, "class_id", (json_int_t)s->class_id, "other", other,
                     "similarity", ay_view_real(s->similarity), "suggestion",
                     text_or_null(s->suggestion), "reason", s->reason);
}

json_t *ay_view_suspects(const ay_suspects *s)
{
    json_t *items = json_array(), *per_class = json_array();
    int bad = 0;

    for (size_t i = 0; i < s->nitems; i++)
        bad |= json_array_append_new(items, suspect(&s->items[i]));
    for (size_t i = 0; i < s->nclasses; i++)
        bad |= json_array_append_new(
            per_class,
            json_pack("{s:I, s:s, s:I, s:I}", "id", (json_int_t)s->classes[i].class_id, "name",
                      s->classes[i].name, "checked", (json_int_t)s->classes[i].checked, "right",
                      (json_int_t)s->classes[i].right));
    if (bad) {
        json_decref(items);
        json_decref(per_class);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:o, s:I, s:o}", "dataset", s->dataset, "items", items, "classes",
                     per_class, "checked", (json_int_t)s->checked, "accuracy",
                     ay_view_real(s->accuracy));
}

static json_t *found_json(const ay_found *f)
{
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:o, s:o, s:o, s:o}", "sha256", f->sha256, "dataset",
                     f->dataset, "class", f->class_name, "class_id", (json_int_t)f->class_id, "file",
                     f->file, "url", json_sprintf("/v1/images/%s/file", f->sha256), "thumb",
                     json_sprintf("/v1/images/%s/thumb", f->sha256), "score", ay_view_real(f->score),
                     "similarity", ay_view_real((double)f->similarity));
}

json_t *ay_view_found(const ay_find_answer *a, const ay_engine_info *m)
{
    json_t *items = json_array(), *unknown = json_array();

    for (int i = 0; i < a->n; i++)
        json_array_append_new(items, found_json(&a->items[i]));
    for (int i = 0; i < a->nunknown; i++)
        json_array_append_new(unknown, json_string(a->unknown[i]));
    return json_pack("{s:o, s:i, s:I, s:i, s:I, s:I, s:{s:o, s:s, s:s, s:s, s:o}, s:o, s:{s:s, s:s}, s:{s:o, s:o}}",
                     "results", items, "count", a->n, "total", (json_int_t)a->total, "offset", a->offset, "considered", (json_int_t)a->considered, "waiting",
                     (json_int_t)a->waiting, "cutoff", "value", ay_view_real(a->least), "kind",
                     ay_cut_kind_name(a->cut), "reason", ay_cut_reason_name(a->reason), "text", a->text,
                     "best", ay_view_real(a->best), "unknown_words", unknown, "model", "name", m->name,
                     "digest", m->digest, "timing", "embed_ms", ay_view_real(a->embed_ms), "search_ms",
                     ay_view_real(a->search_ms));
}
