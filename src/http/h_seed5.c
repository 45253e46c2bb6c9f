/* http/h_seed5.c - the routes of the inspection trainer, for clients written against it (service/inspect/tasks.h does the work).
 *
 * Paths, field names, states and meanings are the old ones, as is 400 where a task is not in the state that a question needs.
 *
 * The old faults are not repeated: a cancelled task stops, orientations are checked and complete, a part of a path never leads out
 * of the task's folder, folders are those that the server was started with, totals are counted and not zero, a task that failed says
 * so, and a task is listed after a restart. */
#include "http/handlers.h"
#include "http/impl.h"
#include "http/stream.h"

#include "base/file.h"
#include "base/mem.h"
#include "service/inspect/tasks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PATH = 4200, AT_ONCE = 4 << 20, PIECE = 256 << 10 };

/* What is a conflict elsewhere is 400 in the old interface. */
static ay_status as_before(ay_request *rq, ay_status status, ay_err *err)
{
    if (status != AY_ECONFLICT && status != AY_EUNSUPPORTED)
        return status;
    ay_reply_problem(rq, 400, err->msg);
    return AY_OK;
}

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

static json_t *task_json(const ay_task *t)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:s, s:f, s:o, s:s}", "task_id", t->id, "status", t->status, "start_time",
                     text_or_null(*t->started ? t->started : t->created), "end_time", text_or_null(t->ended), "current_step", t->step,
                     "progress", t->progress, "error_message", text_or_null(t->error), "output_dir", t->output);
}

ay_status ay_h_s5_start(ay_request *rq, ay_err *err)
{
    char id[AY_TASK_ID];
    ay_status status = ay_task_start(rq->service, rq->json, id, err);

    if (status)
        return as_before(rq, status, err);
    return ay_reply_json(rq, 200,
                         json_pack("{s:s, s:s, s:s}", "task_id", id, "status", "pending", "message",
                                   "the training waits for its turn; ask /training/status for it"),
                         err);
}

static ay_status get(ay_request *rq, ay_task *t, ay_err *err)
{
    return ay_task_get(rq->service, rq->arg[0], &rq->arena, t, err);
}

ay_status ay_h_s5_status(ay_request *rq, ay_err *err)
{
    ay_task t;
    ay_status status = get(rq, &t, err);

    return status ? status : ay_reply_json(rq, 200, task_json(&t), err);
}

ay_status ay_h_s5_list(ay_request *rq, ay_err *err)
{
    json_t *list = json_array();
    ay_task *tasks;
    size_t n;
    ay_status status = ay_task_list(rq->service, &rq->arena, &tasks, &n, err);

    for (size_t i = 0; i < n && !status; i++) {
        json_t *o = task_json(&tasks[i]);

        json_object_set_new(o, "input_dir", json_string(tasks[i].input)); /* beyond the old fields: people know a task by its folder */
        json_array_append_new(list, o);
    }
    if (!status)
        return ay_reply_json(rq, 200, list, err);
    json_decref(list);
    return status;
}

static json_t *number(const json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);

    return json_is_number(v) ? json_incref(v) : json_null();
}

ay_status ay_h_s5_result(ay_request *rq, ay_err *err)
{
    json_t *summary;
    ay_task t;
    ay_status status = get(rq, &t, err);

    if (status)
        return status;
    if (strcmp(t.status, "completed") != 0) {
        status = ay_fail(err, AY_ECONFLICT, "task %s is %s: there is no result yet", t.id, t.status);
        return as_before(rq, status, err);
    }
    summary = ay_task_document(&t, "summary_report.json");
    if (!summary) {
        ay_reply_problem(rq, 500, "the task's summary_report.json is missing or cannot be read");
        return AY_OK;
    }
    status = ay_reply_json(rq, 200,
                           json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "task_id", t.id, "accuracy",
                                     number(summary, "evaluation_accuracy"), "total_classes", number(summary, "total_classes"),
                                     "total_images", number(summary, "total_images"), "model_path",
                                     json_sprintf("%s/model/best_model.safetensors", t.output), "evaluation_csv",
                                     json_sprintf("%s/results/evaluation_results.csv", t.output), "confusion_matrix",
                                     json_sprintf("%s/results/confusion_matrix.png", t.output)),
                           err);
    json_decref(summary);
    return status;
}

/* ---- files */

static ay_status make(void *ctx, ay_stream *s, ay_err *err)
{
    FILE *f = ctx;
    char *piece = ay_alloc(PIECE, 1);
    size_t n = 0;
    ay_status status = piece ? AY_OK : ay_fail(err, AY_ENOMEM, "sending a file");

    while (status == AY_OK && (n = fread(piece, 1, PIECE, f)) > 0)
        status = ay_stream_put(s, piece, n, err);
    if (status == AY_OK && ferror(f))
        status = ay_fail(err, AY_EIO, "sending a file: %s", strerror(errno));
    ay_free(piece);
    return status;
}

static void end(void *ctx)
{
    fclose(ctx);
}

static const char *mime_of(const char *path)
{
    static const char *const pairs[][2] = {{".png", "image/png"}, {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},
                                           {".json", "application/json"}, {".csv", "text/csv; charset=utf-8"}};
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < sizeof pairs / sizeof *pairs; i++)
        if (strcasecmp(dot, pairs[i][0]) == 0)
            return pairs[i][1];
    return "application/octet-stream";
}

static ay_status send_large(ay_request *rq, const char *path, const char *mime, ay_err *err)
{
    FILE *f = fopen(path, "rbe");
    ay_stream *stream;
    ay_status status;

    if (!f)
        return ay_fail(err, AY_ENOTFOUND, "the file is gone: %s", strerror(errno));
    status = ay_stream_create(&stream, rq->server->streams, &(ay_stream_maker){make, end, f}, err);
    if (!status)
        ay_reply_stream(rq, mime, stream);
    return status;
}

/* mime NULL: by the name. */
static ay_status send_file(ay_request *rq, const char *path, const char *mime, ay_err *err)
{
    ay_buf bytes = {0};
    ay_status status = ay_file_read(path, AT_ONCE, &bytes, err);

    mime = mime ? mime : mime_of(path);
    if (status == AY_ELIMIT)
        status = send_large(rq, path, mime, err);
    else if (!status)
        status = ay_reply_bytes(rq, 200, mime, &bytes, err);
    ay_buf_fini(&bytes);
    return status;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

ay_status ay_h_s5_download(ay_request *rq, ay_err *err)
{
    char path[PATH], header[300];
    ay_status status = ay_task_file(rq->service, rq->arg[0], rq->arg[1], path, sizeof path, err);

    if (!status)
        status = send_file(rq, path, "application/octet-stream", err);
    if (!status) {
        snprintf(header, sizeof header, "attachment; filename=\"%.200s\"", base_name(path));
        ay_reply_header(rq, "Content-Disposition", header);
    }
    return status;
}

ay_status ay_h_s5_sample(ay_request *rq, ay_err *err)
{
    char path[PATH];
    ay_status status = ay_task_sample(rq->service, rq->arg[0], rq->arg[1], rq->arg[2], path, sizeof path, err);

    return status ? status : send_file(rq, path, NULL, err);
}

/* ---- ended */

ay_status ay_h_s5_cancel(ay_request *rq, ay_err *err)
{
    ay_status status = ay_task_cancel(rq->service, rq->arg[0], err);

    if (status)
        return as_before(rq, status, err);
    return ay_reply_json(rq, 200, json_pack("{s:s, s:s}", "task_id", rq->arg[0], "message", "the training is being stopped"), err);
}

static ay_status wants_files(const ay_request *rq, bool *out, ay_err *err)
{
    const char *word = ay_request_query(rq, "delete_files");

    *out = word && (strcmp(word, "true") == 0 || strcmp(word, "1") == 0);
    if (word && !*out && strcmp(word, "false") != 0 && strcmp(word, "0") != 0)
        return ay_fail(err, AY_EINVAL, "'delete_files' must be true or false");
    return AY_OK;
}

ay_status ay_h_s5_delete(ay_request *rq, ay_err *err)
{
    bool files = false;
    ay_status status = wants_files(rq, &files, err);

    if (!status)
        status = ay_task_delete(rq->service, rq->arg[0], files, err);
    if (status)
        return as_before(rq, status, err);
    return ay_reply_json(rq, 200, json_pack("{s:s, s:s}", "task_id", rq->arg[0], "message", files ? "deleted, with its files" : "deleted"),
                         err);
}

/* ---- orientations */

/* A path of this interface: every part may hold anything. */
static json_t *sample_url(const char *id, const char *klass, const char *file)
{
    static const char hex[] = "0123456789ABCDEF";
    const char *parts[] = {klass, file};
    ay_buf url = {0};
    json_t *out;

    ay_buf_printf(&url, "/temp/%s", id);
    for (int i = 0; i < 2; i++) {
        ay_buf_putc(&url, '/');
        for (const unsigned char *p = (const unsigned char *)parts[i]; *p; p++)
            if ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || strchr("-_.~@", *p))
                ay_buf_putc(&url, (char)*p);
            else
                ay_buf_printf(&url, "%%%c%c", hex[*p >> 4], hex[*p & 15]);
    }
    out = url.failed ? NULL : json_stringn(url.data, url.len);
    ay_buf_fini(&url);
    return out;
}

static json_t *class_json(const char *id, const json_t *c)
{
    const char *klass = json_string_value(json_object_get(c, "class"));
    json_t *urls = json_array(), *name;
    size_t i;

    json_array_foreach(json_object_get(c, "samples"), i, name)
    {
        json_array_append_new(urls, sample_url(id, klass, json_string_value(name)));
    }
    return json_pack("{s:s, s:o, s:O}", "class_name", klass, "sample_images", urls, "orientation", json_object_get(c, "choice"));
}

ay_status ay_h_s5_samples(ay_request *rq, ay_err *err)
{
    json_t *classes, *list = json_array(), *c;
    size_t i;
    ay_status status = ay_task_samples(rq->service, rq->arg[0], &classes, err);

    json_array_foreach(classes, i, c)
    {
        json_array_append_new(list, class_json(rq->arg[0], c));
    }
    json_decref(classes);
    if (!status)
        return ay_reply_json(rq, 200, list, err);
    json_decref(list);
    return as_before(rq, status, err);
}

ay_status ay_h_s5_confirm(ay_request *rq, ay_err *err)
{
    const char *id = json_string_value(json_object_get(rq->json, "task_id"));
    ay_status status = AY_OK;

    if (id && strcmp(id, rq->arg[0]) != 0)
        status = ay_fail(err, AY_EINVAL, "'task_id' is not the task of the address");
    if (!status)
        status = ay_task_confirm(rq->service, rq->arg[0], json_object_get(rq->json, "orientations"), err);
    if (status)
        return as_before(rq, status, err);
    return ay_reply_json(rq, 200, json_pack("{s:s}", "message", "the orientations are kept; the training goes on"), err);
}

/* ---- the same for this program's page: one task with all that is known */

static json_t *parsed(const char *text)
{
    json_t *v = text && *text ? json_loads(text, 0, NULL) : NULL;

    return v ? v : json_null();
}

static json_t *document(const ay_task *t, const char *name)
{
    json_t *v = ay_task_document(t, name);

    return v ? v : json_null();
}

ay_status ay_h_inspection(ay_request *rq, ay_err *err)
{
    json_t *o;
    ay_task t;
    ay_status status = get(rq, &t, err);

    if (status)
        return status;
    o = task_json(&t);
    json_object_set_new(o, "job", json_integer(t.job));
    json_object_set_new(o, "input_dir", json_string(t.input));
    json_object_set_new(o, "site", json_string(t.site));
    json_object_set_new(o, "line_id", json_string(t.line));
    json_object_set_new(o, "detail", parsed(t.detail));
    json_object_set_new(o, "points", parsed(t.points));
    json_object_set_new(o, "summary", document(&t, "summary_report.json"));
    json_object_set_new(o, "golden", document(&t, "results/golden_samples.json"));
    json_object_set_new(o, "thresholds", document(&t, "results/thresholds.json"));
    return ay_reply_json(rq, 200, o, err);
}

ay_status ay_h_inspection_file(ay_request *rq, ay_err *err)
{
    char path[PATH];
    ay_status status = ay_task_file(rq->service, rq->arg[0], rq->arg[1], path, sizeof path, err);

    return status ? status : send_file(rq, path, NULL, err);
}

/* The picture of a golden sample, by its number in golden_samples.json. */
ay_status ay_h_inspection_golden(ay_request *rq, ay_err *err)
{
    char path[PATH];
    ay_status status = ay_task_golden(rq->service, rq->arg[0], rq->arg[1], path, sizeof path, err);

    return status ? status : send_file(rq, path, NULL, err);
}

ay_status ay_h_inspection_sources(ay_request *rq, ay_err *err)
{
    json_t *list = json_array();
    const char **folders = NULL;
    size_t n = 0;
    ay_status status = ay_task_sources(rq->service, &rq->arena, &folders, &n, err);

    for (size_t i = 0; i < n && !status; i++)
        json_array_append_new(list, json_string(folders[i]));
    if (!status)
        return ay_reply_json(rq, 200, json_pack("{s:o}", "folders", list), err);
    json_decref(list);
    return status;
}
