/* http/h_library_in.c - /v1/intake and /v1/watches: pictures by the thousand, kept when answered and taken in behind. */
#include "http/handlers.h"
#include "http/impl.h"
#include "http/view.h"

#include "base/str.h"
#include "service/export/bring_job.h"
#include "service/library/intake.h"
#include "service/library/watch.h"

#include <string.h>

enum { USUAL_FAILURES = 100, MOST_FAILURES = 500, USUAL_BATCHES = 20, MOST_KNOWN = 1000 };

static ay_status batch_of(const ay_request *rq, int64_t *out, ay_err *err)
{
    const char *text = ay_request_field(rq, "batch");
    long n = 0;

    *out = 0;
    if (text && !ay_str_to_long(text, 1, INT64_MAX, &n))
        return ay_fail(err, AY_EINVAL, "'batch' is the number that an earlier answer gave");
    *out = n;
    return AY_OK;
}

static json_t *accepted_json(const ay_intake_taken *t, const ay_upload *u)
{
    return json_pack("{s:s, s:s, s:b}", "sha256", t->sha256, "file", u->filename, "there", t->there);
}

static json_t *refused_json(const ay_upload *u, ay_status status, const ay_err *why)
{
    return json_pack("{s:s, s:s, s:s}", "file", u->filename, "code", ay_status_name(status), "message", why->msg);
}

typedef struct {
    const ay_upload **from; /* of files[i] */
    ay_intake_file *files;
    ay_intake_taken *taken;
    int n, good;
    json_t *accepted, *refused;
    ay_status first; /* of the first that was refused */
    ay_err why;
} incoming;

/* What the body's limits have dropped is refused here; the rest goes to the intake. */
static ay_status sort_uploads(ay_request *rq, incoming *in, ay_err *err)
{
    size_t n = (size_t)rq->upload_count;

    in->from = ay_request_alloc(rq, n * sizeof *in->from);
    in->files = ay_request_alloc(rq, n * sizeof *in->files);
    in->taken = ay_request_alloc(rq, n * sizeof *in->taken);
    if (!in->from || !in->files || !in->taken)
        return ay_fail(err, AY_ENOMEM, "no memory for %zu pictures", n);
    for (size_t i = 0; i < n; i++) {
        const ay_upload *u = &rq->uploads[i];
        if (u->too_large) {
            ay_status status = ay_fail(&in->why, AY_ELIMIT, "the picture is too large");
            in->first = in->first ? in->first : status;
            json_array_append_new(in->refused, refused_json(u, status, &in->why));
            continue;
        }
        in->from[in->n] = u;
        in->files[in->n++] = (ay_intake_file){.file = u->filename, .bytes = u->data.data, .n = u->data.len};
    }
    return AY_OK;
}

static void tell_taken(incoming *in)
{
    for (int i = 0; i < in->n; i++) {
        const ay_intake_taken *t = &in->taken[i];
        in->good += t->status == AY_OK;
        if (t->status == AY_OK) {
            json_array_append_new(in->accepted, accepted_json(t, in->from[i]));
            continue;
        }
        if (!in->first) {
            in->first = t->status;
            in->why = t->err;
        }
        json_array_append_new(in->refused, refused_json(in->from[i], t->status, &t->err));
    }
}

static ay_status take(ay_request *rq, incoming *in, int64_t *batch, ay_err *err)
{
    ay_intake_target to = {ay_request_field(rq, "dataset"), ay_request_field(rq, "class"), false};
    ay_status status = batch_of(rq, batch, err);

    if (!status)
        status = sort_uploads(rq, in, err);
    if (!status)
        status = ay_intake_add(rq->service, &to, "upload", in->files, (size_t)in->n, in->taken, batch, err);
    if (!status)
        tell_taken(in);
    if (!status && in->good == 0)
        status = ay_fail(err, in->first, rq->upload_count > 1 ? "none was accepted; the first: %s" : "%s", in->why.msg);
    return status;
}

ay_status ay_h_intake_add(ay_request *rq, ay_err *err)
{
    incoming in = {.accepted = json_array(), .refused = json_array()};
    int64_t batch = 0;
    ay_status status = rq->upload_count ? take(rq, &in, &batch, err) : ay_fail(err, AY_EINVAL, "no picture was sent");

    if (status) {
        json_decref(in.accepted);
        json_decref(in.refused);
        return status;
    }
    return ay_reply_json(rq, 202, json_pack("{s:o, s:o, s:I}", "accepted", in.accepted, "refused", in.refused, "batch",
                                            (json_int_t)batch), err);
}

static ay_status digests_of(ay_request *rq, const char ***out, size_t *n, ay_err *err)
{
    const json_t *list = json_object_get(rq->json, "sha256");

    *n = json_array_size(list);
    if (!json_is_array(list) || *n == 0 || *n > MOST_KNOWN)
        return ay_fail(err, AY_EINVAL, "'sha256' must be a list of 1 to %d digests", MOST_KNOWN);
    if (!(*out = ay_request_alloc(rq, *n * sizeof **out)))
        return ay_fail(err, AY_ENOMEM, "no memory for %zu digests", *n);
    for (size_t i = 0; i < *n; i++) {
        (*out)[i] = json_string_value(json_array_get(list, i));
        if (!(*out)[i] || !ay_sha256_valid((*out)[i]))
            return ay_fail(err, AY_EINVAL, "'sha256': number %zu is not 64 lower-case hex digits", i + 1);
    }
    return AY_OK;
}

/* Which pictures need not be sent: a page asks before it uploads a folder for the second time. */
ay_status ay_h_intake_known(ay_request *rq, ay_err *err)
{
    const char **sha256 = NULL;
    bool *known;
    json_t *out;
    size_t n = 0;
    ay_status status = digests_of(rq, &sha256, &n, err);

    if (status)
        return status;
    if (!(known = ay_request_alloc(rq, n * sizeof *known)))
        return ay_fail(err, AY_ENOMEM, "no memory for %zu digests", n);
    status = ay_intake_known(rq->service, ay_request_field(rq, "dataset"), sha256, n, known, err);
    if (status)
        return status;
    out = json_array();
    for (size_t i = 0; i < n; i++)
        if (known[i])
            json_array_append_new(out, json_string(sha256[i]));
    return ay_reply_json(rq, 200, json_pack("{s:o}", "known", out), err);
}

ay_status ay_h_intake_put(ay_request *rq, ay_err *err)
{
    const char *file = ay_request_query(rq, "file");
    ay_intake_target to = {ay_request_query(rq, "dataset"), ay_request_query(rq, "class"), false};
    ay_intake_taken *taken = ay_request_alloc(rq, sizeof *taken);
    ay_intake_file f;
    const ay_upload *u;
    int64_t batch = 0;
    ay_status status = taken ? batch_of(rq, &batch, err) : ay_fail(err, AY_ENOMEM, "no memory for a picture");

    if (!status && !ay_sha256_valid(rq->arg[0]))
        status = ay_fail(err, AY_EINVAL, "a picture's address is its SHA-256: 64 lower-case hex digits");
    if (!status)
        status = ay_request_picture(rq, &u, err);
    if (status)
        return status;
    f = (ay_intake_file){.file = file ? file : "", .bytes = u->data.data, .n = u->data.len, .expect = rq->arg[0]};
    status = ay_intake_add(rq->service, &to, "upload", &f, 1, taken, &batch, err);
    if (!status && taken->status) {
        *err = taken->err;
        status = taken->status;
    }
    if (status)
        return status;
    return ay_reply_json(rq, taken->there ? 200 : 202,
                         json_pack("{s:s, s:s, s:b, s:I}", "sha256", taken->sha256, "file", f.file, "there",
                                   taken->there, "batch", (json_int_t)batch), err);
}

/* ---- what is known */

static json_t *batch_json(const ay_intake_batch *b)
{
    json_t *o = json_pack("{s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "id", (json_int_t)b->id, "name", b->name,
                          "at", b->at, "total", (json_int_t)b->total, "waiting", (json_int_t)b->waiting, "added",
                          (json_int_t)b->added, "same", (json_int_t)b->same, "failed", (json_int_t)b->failed,
                          "dropped", (json_int_t)b->dropped);

    if (o)
        json_object_set_new(o, "job", b->job ? json_integer(b->job) : json_null());
    if (o)
        json_object_set_new(o, "expected", json_integer(b->expected));
    if (o)
        json_object_set_new(o, "reading", json_boolean(b->reading));
    return o;
}

static json_t *failure_json(const ay_intake_failure *f)
{
    json_t *o = json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "id", (json_int_t)f->id, "batch",
                          (json_int_t)f->batch, "file", f->file, "source", f->source, "code", f->code, "message",
                          f->message, "at", f->at);

    if (o)
        json_object_set_new(o, "sha256", f->sha256[0] ? json_string(f->sha256) : json_null());
    return o;
}

ay_status ay_h_intake(ay_request *rq, ay_err *err)
{
    json_t *batches = json_array(), *failures = json_array();
    ay_intake_failure *fail_list = NULL;
    ay_intake_batch *batch_list = NULL;
    ay_intake_state now;
    const char *next = NULL;
    size_t nb = 0, nf = 0;
    long limit = USUAL_FAILURES, imports = USUAL_BATCHES;
    ay_status status = ay_request_number(rq, "limit", 1, MOST_FAILURES, &limit, err);

    if (!status)
        status = ay_request_number(rq, "imports", 1, AY_BATCHES_KEPT, &imports, err);
    if (!status)
        status = ay_intake_now(rq->service, &now, err);
    if (!status)
        status = ay_intake_batches(rq->service, (int)imports, &rq->arena, &batch_list, &nb, err);
    if (!status)
        status = ay_intake_failures(rq->service, ay_request_query(rq, "cursor"), (int)limit, &rq->arena, &fail_list,
                                    &nf, &next, err);
    for (size_t i = 0; i < nb && !status; i++)
        json_array_append_new(batches, batch_json(&batch_list[i]));
    for (size_t i = 0; i < nf && !status; i++)
        json_array_append_new(failures, failure_json(&fail_list[i]));
    if (status) {
        json_decref(batches);
        json_decref(failures);
        return status;
    }
    return ay_reply_json(rq, 200,
                         json_pack("{s:I, s:I, s:I, s:I, s:o, s:b, s:s?, s:o, s:o, s:s?}", "waiting",
                                   (json_int_t)now.waiting, "working", (json_int_t)now.working, "done",
                                   (json_int_t)now.done, "failed", (json_int_t)now.failed, "rate",
                                   ay_view_real(now.rate), "reading", now.feeding, "trouble",
                                   *now.trouble ? now.trouble : NULL, "batches", batches, "failures",
                                   failures, "next", next), err);
}

static ay_status number_of(const char *text, int64_t *out, const char *what, ay_err *err)
{
    long n = 0;

    if (!ay_str_to_long(text, 1, INT64_MAX, &n))
        return ay_fail(err, AY_ENOTFOUND, "no %s '%.40s'", what, text);
    *out = n;
    return AY_OK;
}

ay_status ay_h_intake_cancel(ay_request *rq, ay_err *err)
{
    int64_t id = 0, dropped = 0;
    ay_status status = number_of(rq->arg[0], &id, "import", err);

    if (!status)
        status = ay_intake_cancel(rq->service, id, &dropped, err);
    return status ? status : ay_reply_json(rq, 200, json_pack("{s:I}", "dropped", (json_int_t)dropped), err);
}

ay_status ay_h_intake_dismiss(ay_request *rq, ay_err *err)
{
    int64_t id = 0, gone = 0;
    ay_status status = rq->arg[0] ? number_of(rq->arg[0], &id, "failure", err) : AY_OK;

    if (!status)
        status = ay_intake_dismiss(rq->service, id, &gone, err);
    return status ? status : ay_reply_json(rq, 200, json_pack("{s:I}", "dismissed", (json_int_t)gone), err);
}

/* ---- folders */

static ay_status flag_of(const json_t *body, const char *name, bool *out, ay_err *err)
{
    const json_t *v = json_object_get(body, name);

    *out = json_is_true(v);
    if (v && !json_is_boolean(v) && !json_is_null(v))
        return ay_fail(err, AY_EINVAL, "'%s' must be true or false", name);
    return AY_OK;
}

ay_status ay_h_intake_folder(ay_request *rq, ay_err *err)
{
    ay_watch_wish w = {.path = ay_request_field(rq, "path"),
                       .to = {ay_request_field(rq, "dataset"), ay_request_field(rq, "class"), false},
                       .anywhere = rq->local};
    int64_t id = 0, batch = 0;
    bool watch = false;
    ay_status status = flag_of(rq->json, "watch", &watch, err);

    if (!status)
        status = flag_of(rq->json, "classes", &w.classes, err);
    if (!status)
        status = flag_of(rq->json, "make", &w.to.make, err);
    if (!status && !w.path)
        status = ay_fail(err, AY_EINVAL, "'path' is missing: which folder?");
    w.once = !watch;
    if (!status)
        status = ay_watch_add(rq->service, &w, &id, &batch, err);
    return status ? status : ay_reply_json(rq, 202, json_pack("{s:I, s:I, s:b}", "id", (json_int_t)id, "batch",
                                                              (json_int_t)batch, "watch", watch), err);
}

static json_t *watch_json(const ay_watch *w)
{
    return json_pack("{s:I, s:I, s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:I, s:I, s:s}", "id", (json_int_t)w->id, "batch",
                     (json_int_t)w->batch, "folder", w->folder, "dataset", w->dataset, "class", w->klass, "classes",
                     w->classes, "once", w->once, "state", w->state, "message", w->message, "files",
                     (json_int_t)w->files, "passed", (json_int_t)w->passed, "at", w->at);
}

static json_t *roots_json(const char *roots)
{
    json_t *list = json_array();

    for (const char *p = roots ? roots : ""; *p;) {
        size_t n = strcspn(p, ":");
        if (n > 0)
            json_array_append_new(list, json_stringn(p, n));
        p += n + (p[n] == ':');
    }
    return list;
}

ay_status ay_h_watches(ay_request *rq, ay_err *err)
{
    json_t *items = json_array();
    ay_watch *list = NULL;
    size_t n = 0;
    ay_status status = ay_watch_list(rq->service, &rq->arena, &list, &n, err);

    for (size_t i = 0; i < n && !status; i++)
        if (json_array_append_new(items, watch_json(&list[i])))
            status = ay_fail(err, AY_ENOMEM, "no memory for the answer");
    if (status) {
        json_decref(items);
        return status;
    }
    return ay_reply_json(rq, 200, json_pack("{s:o, s:o}", "items", items, "roots",
                                            roots_json(ay_watch_roots(rq->service))), err);
}

ay_status ay_h_watch_remove(ay_request *rq, ay_err *err)
{
    int64_t id = 0;
    ay_status status = number_of(rq->arg[0], &id, "watched folder", err);

    if (!status)
        status = ay_watch_remove(rq->service, id, err);
    if (!status)
        ay_reply_empty(rq, 204);
    return status;
}

/* ---- archives and documents */

static ay_status wish_of(const ay_request *rq, ay_bring_wish *w, ay_err *err)
{
    static const char *const ways[] = {"largest", "most", "none"};
    const char *by = ay_request_field(rq, "class_by");
    int i = 0;

    *w = (ay_bring_wish){.path = ay_request_field(rq, "path"), .images = ay_request_field(rq, "images"), .dataset = ay_request_field(rq, "dataset"),
                         .klass = ay_request_field(rq, "class")};
    while (by && i < 3 && strcmp(by, ways[i]) != 0)
        i++;
    w->by = (ay_catalog_by)i;
    if (i == 3)
        return ay_fail(err, AY_EINVAL, "'class_by' is largest, most or none, not '%.40s'", by);
    return w->path ? AY_OK : ay_fail(err, AY_EINVAL, "'path' is missing: which archive, document or folder?");
}

ay_status ay_h_import(ay_request *rq, ay_err *err)
{
    json_t *list = json_array();
    int64_t one = 0, *jobs = &one;
    bool resume = false;
    ay_bring_wish w;
    size_t n = 1;
    ay_status status = flag_of(rq->json, "resume", &resume, err);

    if (!status && resume)
        status = ay_bring_ask_unfinished(rq->service, &rq->arena, &jobs, &n, err);
    else if (!status)
        status = wish_of(rq, &w, err);
    if (!status && !resume)
        status = ay_bring_ask(rq->service, &w, rq->local, &one, err);
    for (size_t i = 0; i < n && !status; i++)
        json_array_append_new(list, json_integer(jobs[i]));
    if (!status)
        return ay_reply_json(rq, 202, json_pack("{s:o}", "jobs", list), err);
    json_decref(list);
    return status;
}
