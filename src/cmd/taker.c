#include "cmd/taker.h"
#include "service/library/library.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 200 };

ay_status ay_taker_open(ay_taker *t, const ay_args *a, ay_err *err)
{
    char text[sizeof err->msg];
    ay_status status = ay_running_find(&t->server, a, err);

    t->served = status == AY_OK;
    if (status == AY_ECONFLICT) {
        memcpy(text, err->msg, sizeof text);
        return ay_fail(err, AY_EBUSY, "%.300s: its server takes pictures in on its page and by POST /v1/intake; or run "
                                      "this command as that user", text);
    }
    return status == AY_ENOTFOUND ? ay_session_open(&t->session, a, false, false, err) : status;
}

void ay_taker_close(ay_taker *t)
{
    if (t->served)
        ay_running_fini(&t->server);
    ay_session_close(&t->session);
}

ay_status ay_taker_start(ay_taker *t, ay_err *err)
{
    return t->served ? AY_OK : ay_intake_start(t->session.service, err);
}

/* ---- JSON of the server's answers */

static const char *text_of(const json_t *o, const char *key, ay_arena *a)
{
    const char *s = json_string_value(json_object_get(o, key));

    s = s ? ay_arena_strdup(a, s) : "";
    return s ? s : "";
}

static int64_t number_of(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static void copy_text(char *dst, size_t cap, const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    snprintf(dst, cap, "%s", s ? s : "");
}

/* The list under key; room for its items in *out.  What it holds lives until *whole is given back. */
static ay_status ask_list(ay_taker *t, const char *path, const char *key, size_t size, ay_arena *a, json_t **whole,
                          const json_t **list, void **out, size_t *n, ay_err *err)
{
    ay_status status = ay_running_ask(&t->server, "GET", path, NULL, whole, err);

    *n = 0;
    if (status != AY_OK)
        return status;
    *list = json_object_get(*whole, key);
    *out = ay_arena_alloc(a, (json_array_size(*list) + 1) * size);
    if (!*out) {
        json_decref(*whole);
        return ay_fail(err, AY_ENOMEM, "reading the server's answer");
    }
    *n = json_array_size(*list);
    return AY_OK;
}

/* A query parameter's value. */
static void escape(char *dst, size_t cap, const char *src)
{
    size_t n = 0;

    for (; *src && n + 4 < cap; src++)
        n += (size_t)snprintf(dst + n, cap - n, "%%%02X", (unsigned char)*src);
    dst[n] = '\0';
}

/* ---- wishes */

static ay_status ask_wish(ay_taker *t, const ay_watch_wish *w, int64_t *id, int64_t *batch, ay_err *err)
{
    char path[4096], text[sizeof err->msg];
    json_t *body, *answer;
    ay_status status;

    if (!realpath(w->path, path)) /* the server's working folder is another */
        return ay_fail(err, AY_ENOTFOUND, "%.300s: %s", w->path, strerror(errno));
    body = json_pack("{s:s, s:b, s:b, s:b, s:s?, s:s?}", "path", path, "watch", !w->once, "classes", w->classes, "make",
                     w->to.make, "dataset", w->to.dataset, "class", w->to.klass);
    if (!body)
        return ay_fail(err, AY_EUNSUPPORTED, "%.300s: a server can be asked for names in UTF-8 only; stop it, then import",
                       w->path);
    status = ay_running_ask(&t->server, "POST", "/v1/intake/folder", body, &answer, err);
    if ((status == AY_ENOTFOUND || status == AY_EINVAL) && strstr(err->msg, path)) {
        memcpy(text, err->msg, sizeof text);
        ay_fail(err, status, "the server says: %.400s", text);
    }
    if (status != AY_OK)
        return status;
    *id = number_of(answer, "id");
    *batch = number_of(answer, "batch");
    json_decref(answer);
    return AY_OK;
}

ay_status ay_taker_wish(ay_taker *t, const ay_watch_wish *wish, int64_t *id, int64_t *batch, ay_err *err)
{
    ay_watch_wish w = *wish;

    w.anywhere = true;
    return t->served ? ask_wish(t, &w, id, batch, err) : ay_watch_add(t->session.service, &w, id, batch, err);
}

ay_status ay_taker_dataset(ay_taker *t, const char *name, char *dst, ay_err *err)
{
    const char *found = name;
    ay_status status;
    json_t *answer;
    ay_arena a;

    ay_arena_init(&a, 0);
    if (t->served && !name) {
        status = ay_running_ask(&t->server, "GET", "/v1/pictures?limit=1", NULL, &answer, err);
        if (status == AY_OK) {
            found = text_of(answer, "dataset", &a);
            json_decref(answer);
        }
    } else {
        status = t->served ? AY_OK : ay_library_or(t->session.service, name, &a, &found, err);
    }
    if (status == AY_OK)
        snprintf(dst, AY_TAKER_NAME, "%s", found);
    ay_arena_fini(&a);
    return status;
}

ay_status ay_taker_folders(ay_taker *t, ay_arena *a, ay_watch **out, size_t *n, ay_err *err)
{
    const json_t *list;
    json_t *whole;
    void *room;
    ay_status status;

    if (!t->served)
        return ay_watch_list(t->session.service, a, out, n, err);
    status = ask_list(t, "/v1/watches", "items", sizeof **out, a, &whole, &list, &room, n, err);
    if (status != AY_OK)
        return status;
    *out = room;
    for (size_t i = 0; i < *n; i++) {
        const json_t *o = json_array_get(list, i);
        (*out)[i] = (ay_watch){.id = number_of(o, "id"), .batch = number_of(o, "batch"), .folder = text_of(o, "folder", a),
                               .dataset = text_of(o, "dataset", a), .klass = text_of(o, "class", a),
                               .once = json_is_true(json_object_get(o, "once")), .state = text_of(o, "state", a),
                               .message = text_of(o, "message", a), .files = number_of(o, "files")};
    }
    json_decref(whole);
    return AY_OK;
}

ay_status ay_taker_unwatch(ay_taker *t, int64_t id, ay_err *err)
{
    char path[64];

    if (!t->served)
        return ay_watch_remove(t->session.service, id, err);
    snprintf(path, sizeof path, "/v1/watches/%lld", (long long)id);
    return ay_running_ask(&t->server, "DELETE", path, NULL, NULL, err);
}

/* ---- imports */

ay_status ay_taker_imports(ay_taker *t, ay_arena *a, ay_intake_batch **out, size_t *n, ay_err *err)
{
    const json_t *list;
    json_t *whole;
    void *room;
    ay_status status;

    if (!t->served) {
        ay_intake_state now;
        if (ay_intake_now(t->session.service, &now, NULL) == AY_OK)
            memcpy(t->trouble, now.trouble, sizeof t->trouble);
        return ay_intake_batches(t->session.service, PAGE, a, out, n, err);
    }
    status = ask_list(t, "/v1/intake?limit=1&imports=200", "batches", sizeof **out, a, &whole, &list, &room, n, err);
    if (status != AY_OK)
        return status;
    *out = room;
    copy_text(t->trouble, sizeof t->trouble, whole, "trouble");
    for (size_t i = 0; i < *n; i++) {
        const json_t *o = json_array_get(list, i);
        (*out)[i] = (ay_intake_batch){.id = number_of(o, "id"), .name = text_of(o, "name", a), .total = number_of(o, "total"),
                                      .waiting = number_of(o, "waiting"), .added = number_of(o, "added"),
                                      .same = number_of(o, "same"), .failed = number_of(o, "failed"),
                                      .dropped = number_of(o, "dropped"), .job = number_of(o, "job"),
                                      .expected = number_of(o, "expected"),
                                      .reading = json_is_true(json_object_get(o, "reading"))};
    }
    json_decref(whole);
    return AY_OK;
}

ay_status ay_taker_cancel(ay_taker *t, int64_t batch, int64_t *dropped, ay_err *err)
{
    char path[64];
    json_t *answer;
    ay_status status;

    if (!t->served)
        return ay_intake_cancel(t->session.service, batch, dropped, err);
    snprintf(path, sizeof path, "/v1/intake/batches/%lld", (long long)batch);
    status = ay_running_ask(&t->server, "DELETE", path, NULL, &answer, err);
    if (status != AY_OK)
        return status;
    *dropped = number_of(answer, "dropped");
    json_decref(answer);
    return AY_OK;
}

ay_status ay_taker_failures(ay_taker *t, const char *cursor, ay_arena *a, ay_intake_failure **out, size_t *n,
                            const char **next, ay_err *err)
{
    const json_t *list;
    char path[120];
    json_t *whole;
    void *room;
    ay_status status;

    if (!t->served)
        return ay_intake_failures(t->session.service, cursor, PAGE, a, out, n, next, err);
    snprintf(path, sizeof path, "/v1/intake?limit=%d&imports=1%s%.40s", PAGE, cursor ? "&cursor=" : "", cursor ? cursor : "");
    *next = NULL;
    status = ask_list(t, path, "failures", sizeof **out, a, &whole, &list, &room, n, err);
    if (status != AY_OK)
        return status;
    *out = room;
    for (size_t i = 0; i < *n; i++) {
        const json_t *o = json_array_get(list, i);
        (*out)[i] = (ay_intake_failure){.id = number_of(o, "id"), .batch = number_of(o, "batch"), .file = text_of(o, "file", a),
                                        .source = text_of(o, "source", a), .code = text_of(o, "code", a),
                                        .message = text_of(o, "message", a)};
    }
    if (json_is_string(json_object_get(whole, "next")))
        *next = text_of(whole, "next", a);
    json_decref(whole);
    return AY_OK;
}

ay_status ay_taker_pictures(ay_taker *t, const char *dataset, const char *cursor, ay_arena *a, ay_picture **out, size_t *n,
                            const char **next, ay_err *err)
{
    char path[1000], name[800];
    const json_t *list;
    json_t *whole;
    void *room;
    ay_status status;

    if (!t->served)
        return ay_picture_list(t->session.service, dataset, NULL, cursor, PAGE, a, out, n, next, err);
    escape(name, sizeof name, dataset);
    snprintf(path, sizeof path, "/v1/images?limit=%d&dataset=%s%s%.60s", PAGE, name, cursor ? "&cursor=" : "",
             cursor ? cursor : "");
    *next = NULL;
    status = ask_list(t, path, "items", sizeof **out, a, &whole, &list, &room, n, err);
    if (status != AY_OK)
        return status;
    *out = room;
    for (size_t i = 0; i < *n; i++) {
        const json_t *o = json_array_get(list, i);
        ay_picture *p = &(*out)[i];
        *p = (ay_picture){.id = number_of(o, "id"), .file = text_of(o, "file", a),
                          .class_name = text_of(json_object_get(o, "class"), "name", a),
                          .width = (int)number_of(o, "width"), .height = (int)number_of(o, "height")};
        copy_text(p->created_at, sizeof p->created_at, o, "created_at");
    }
    if (json_is_string(json_object_get(whole, "next")))
        *next = text_of(whole, "next", a);
    json_decref(whole);
    return AY_OK;
}
