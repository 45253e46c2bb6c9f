/* service/export/export.c - see export.h. */
#include "service/export/export.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "service/backup/hold.h"
#include "service/export/names.h"
#include "service/export/sink.h"
#include "service/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct ay_export {
    ay_service *s;
    const ay_export_format *format;
    bool documents; /* alone */
    ay_export_list list;
    ay_export_plan plan;
    int hold;
    ay_buf lost; /* text of not-exported.txt */
    ay_export_result result;
    const char *problems[AY_EXPORT_PROBLEMS];
};

/* ---- open */

static const char *file_name(ay_export *x)
{
    char name[AY_EXPORT_PART + 1];

    ay_export_safe(name, x->list.dataset, false);
    if (x->format == &ay_export_folder)
        return ay_arena_printf(&x->list.arena, "%.120s.tar", name);
    return ay_arena_printf(&x->list.arena, "%.120s-%s.%s", name, x->format->name, x->plan.tar ? "tar" : x->format->ending);
}

static ay_status make_plan(ay_export *x, ay_err *err)
{
    x->plan = (ay_export_plan){.dataset = x->list.dataset, .pictures = (int64_t)x->list.n, .missing = x->list.missing,
                               .bytes = x->documents ? 0 : x->list.bytes, .tar = !(x->documents && x->format->ending)};
    x->plan.mime = x->plan.tar ? "application/x-tar" : x->format->mime;
    x->plan.file = file_name(x);
    return x->plan.file ? AY_OK : ay_fail(err, AY_ENOMEM, "planning an export");
}

ay_status ay_export_open(ay_export **out, ay_service *s, const ay_export_wish *w, ay_err *err)
{
    ay_export *x = ay_calloc(1, sizeof *x);
    ay_status status;

    *out = NULL;
    if (!x)
        return ay_fail(err, AY_ENOMEM, "opening an export");
    *x = (ay_export){.s = s, .documents = w->documents, .hold = -1};
    status = ay_export_format_find(w->format && *w->format ? w->format : "folder", &x->format, err);
    if (status == AY_OK && w->documents && !x->format->alone)
        status = ay_fail(err, AY_EINVAL, "the format %s is its pictures; a list without them is csv or jsonl", x->format->name);
    if (status == AY_OK)
        status = ay_hold_begin(s->data, &x->hold, err);
    if (status == AY_OK)
        status = ay_export_list_read(s, &w->which, &x->list, err);
    if (status == AY_OK)
        status = ay_export_names(&x->list, x->format->flat, err);
    if (status == AY_OK)
        status = make_plan(x, err);
    if (status != AY_OK)
        ay_export_close(x);
    else
        *out = x;
    return status;
}

const ay_export_plan *ay_export_planned(const ay_export *x)
{
    return &x->plan;
}

void ay_export_close(ay_export *x)
{
    if (!x)
        return;
    ay_export_list_fini(&x->list);
    ay_hold_end(x->hold);
    ay_buf_fini(&x->lost);
    ay_free(x);
}

/* ---- pictures */

static void leave_out(ay_export *x, ay_export_item *it, ay_status why)
{
    const char *text = ay_arena_printf(&x->list.arena, "%s (%.12s) %s: it is not in the export; assay check --deep --repair says more", it->path, it->sha256,
                                       why == AY_ECORRUPT ? "is damaged" : "has lost its file");

    it->left_out = true;
    x->result.left_out++;
    ay_buf_printf(&x->lost, "%s %s %s\n", it->sha256, why == AY_ECORRUPT ? "damaged" : "lost", it->path);
    if (text && x->result.nproblems < AY_EXPORT_PROBLEMS)
        x->problems[x->result.nproblems++] = text;
}

static ay_status write_picture(ay_export *x, ay_export_item *it, ay_buf *bytes, ay_export_sink *k, ay_err *err)
{
    char path[1024];
    ay_err why = {{0}};
    ay_status status = ay_blobs_get(x->s->blobs, it->sha256, true, bytes, &why);

    if (status == AY_ECORRUPT || status == AY_ENOTFOUND) {
        leave_out(x, it, status);
        return AY_OK;
    }
    if (status != AY_OK) {
        *err = why;
        return status;
    }
    snprintf(path, sizeof path, "%s%s", x->format->prefix, it->path);
    status = ay_export_sink_begin(k, path, (int64_t)bytes->len, it->added_us / 1000000, err);
    if (status == AY_OK)
        status = ay_export_sink_put(k, bytes->data, bytes->len, err);
    x->result.pictures += status == AY_OK;
    x->result.bytes += status == AY_OK ? (int64_t)bytes->len : 0;
    return status;
}

static ay_status write_pictures(ay_export *x, const ay_export_to *to, ay_export_sink *k, ay_err *err)
{
    ay_status status = AY_OK;
    ay_buf bytes = {0};

    for (size_t i = 0; i < x->list.n && status == AY_OK; i++) {
        bytes.len = 0;
        status = write_picture(x, &x->list.items[i], &bytes, k, err);
        if (status == AY_OK && to->progress && !to->progress(to->progress_ctx, (int64_t)i + 1, (int64_t)x->list.n))
            status = ay_fail(err, AY_ECANCELLED, "stopped");
    }
    ay_buf_fini(&bytes);
    return status;
}

/* ---- documents */

static ay_status produce(ay_export *x, const ay_export_document *d, ay_export_text *t, ay_err *err)
{
    ay_status status = d->write(&x->list, t, err), ended = ay_export_text_end(t, NULL, status ? NULL : err);

    return status ? status : ended;
}

/* Once to be counted, once to be written. */
static ay_status write_document(ay_export *x, const ay_export_document *d, ay_export_sink *k, ay_err *err)
{
    ay_export_text t;
    ay_status status;
    int64_t bytes;

    ay_export_text_begin(&t, NULL, NULL);
    status = produce(x, d, &t, err);
    bytes = t.bytes;
    if (status == AY_OK)
        status = ay_export_sink_begin(k, d->name, bytes, x->list.newest_us / 1000000, err);
    ay_export_text_begin(&t, ay_export_sink_put, k);
    return status == AY_OK ? produce(x, d, &t, err) : status;
}

static ay_status write_all(ay_export *x, const ay_export_to *to, ay_export_sink *k, ay_err *err)
{
    ay_status status = x->documents ? AY_OK : write_pictures(x, to, k, err);

    for (int i = 0; i < AY_EXPORT_DOCUMENTS && x->format->documents[i].name && status == AY_OK; i++)
        status = write_document(x, &x->format->documents[i], k, err);
    if (status == AY_OK && x->lost.len > 0)
        status = ay_export_sink_begin(k, "not-exported.txt", (int64_t)x->lost.len, x->list.newest_us / 1000000, err);
    if (status == AY_OK && x->lost.len > 0)
        status = ay_export_sink_put(k, x->lost.data, x->lost.len, err);
    if (status == AY_OK && x->documents)
        x->result.pictures = (int64_t)x->list.n;
    return status;
}

static ay_sink_kind kind_of(const ay_export *x, const char *path)
{
    if (!x->plan.tar)
        return AY_SINK_DOCUMENT;
    return !path || ay_str_ends_nocase(path, ".tar") ? AY_SINK_TAR : AY_SINK_FOLDER;
}

ay_status ay_export_write(ay_export *x, const ay_export_to *to, ay_export_result *out, ay_err *err)
{
    ay_export_sink k;
    ay_status status = ay_export_sink_open(&k, kind_of(x, to->path), to->path, to->take, to->ctx, err), closed;

    x->result = (ay_export_result){.problems = x->problems};
    x->lost.len = 0;
    if (status == AY_OK) {
        status = write_all(x, to, &k, err);
        if (status == AY_OK && x->result.pictures == 0)
            status = ay_fail(err, AY_ECORRUPT, "none of the %zu pictures can be read: %s", x->list.n, x->result.nproblems ? x->problems[0] : "");
        closed = ay_export_sink_close(&k, status == AY_OK, status == AY_OK ? err : NULL);
        status = status == AY_OK ? closed : status;
    }
    *out = x->result;
    return status;
}
