/* service/inspect/asked.c - pictures that came over HTTP against a module. */
#include "inspect/ask.h"
#include "service/inspect/modules.h"
#include "service/internal.h"

#include "base/mem.h"

#include <time.h>

enum { BUSY_TRIES = 40, BUSY_WAIT_MS = 50 };

typedef struct {
    ay_service *s;
    ay_inspect_module *module;
    const ay_inspect_gate *gate;
    json_t *decisions, *refused;
} answering;

static ay_status read_upload(void *ctx, const ay_ask_picture *p, ay_image *out, ay_err *err)
{
    const answering *a = ctx;
    const ay_inspect_upload *u = p->user;
    uint64_t pixels = 0;
    ay_status status;

    if (u->too_large)
        return ay_fail(err, AY_ELIMIT, "the picture is too large");
    if (a->gate && a->gate->enter)
        pixels = a->gate->enter(a->gate->ctx, u->bytes, u->n);
    status = ay_image_decode(u->bytes, u->n, &a->s->limits, out, err);
    if (a->gate && a->gate->leave)
        a->gate->leave(a->gate->ctx, pixels);
    return status;
}

static ay_status on_decided(void *ctx, const ay_inspect_decision *d, const ay_ask_picture *const *pictures, int n, ay_err *err)
{
    answering *a = ctx;
    json_t *o = ay_inspect_decision_json(a->module, d), *files = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(files, json_string(pictures[i]->file));
    if (!o || json_object_set_new(o, "files", files) != 0 || json_array_append_new(a->decisions, o) != 0)
        return ay_fail(err, AY_ENOMEM, "answering");
    return AY_OK;
}

static void on_refused(void *ctx, const ay_ask_picture *const *pictures, int n, ay_status why, const char *message)
{
    answering *a = ctx;

    for (int i = 0; i < n; i++)
        json_array_append_new(a->refused, json_pack("{s:s, s:s, s:s}", "file", pictures[i]->file, "code", ay_status_name(why), "message", message));
}

static const char *or_null(const char *text)
{
    return text && *text ? text : NULL;
}

static ay_status ask_all(answering *a, const char *product, const char *component, const ay_inspect_upload *list, int n, ay_err *err)
{
    ay_asker asker = {a, read_upload, on_decided, on_refused};
    ay_ask_picture *pictures = ay_calloc((size_t)n + 1, sizeof *pictures);
    ay_status status = pictures ? AY_EBUSY : ay_fail(err, AY_ENOMEM, "reading pictures");

    for (int i = 0; pictures && i < n; i++)
        pictures[i] = (ay_ask_picture){.file = list[i].file, .user = (void *)(uintptr_t)&list[i]};
    for (int i = 0; i < BUSY_TRIES && status == AY_EBUSY; i++) { /* accepted whole: it waits for room in the engine */
        if (i)
            nanosleep(&(struct timespec){.tv_nsec = BUSY_WAIT_MS * 1000000}, NULL);
        json_array_clear(a->decisions);
        json_array_clear(a->refused);
        status = ay_inspect_ask(a->module, NULL, or_null(product), or_null(component), pictures, n, &asker, err);
    }
    ay_free(pictures);
    return status;
}

ay_status ay_inspect_uploads(ay_service *s, const char *task, const char *product, const char *component, const ay_inspect_upload *list, int n,
                             const ay_inspect_gate *gate, json_t **out, ay_err *err)
{
    answering a = {.s = s, .gate = gate, .decisions = json_array(), .refused = json_array()};
    ay_held_module *held = NULL;
    ay_status status = n > 0 ? ay_module_hold(s, task, &held, err) : ay_fail(err, AY_EINVAL, "there is no picture in the request");

    *out = NULL;
    if (status == AY_OK) {
        a.module = ay_module_of(held);
        status = ask_all(&a, product, component, list, n, err);
    }
    if (status == AY_OK)
        *out = json_pack("{s:s, s:O, s:O}", "task", ay_module_task(held), "decisions", a.decisions, "refused", a.refused);
    json_decref(a.decisions);
    json_decref(a.refused);
    ay_module_release(s, held);
    return status == AY_OK && !*out ? ay_fail(err, AY_ENOMEM, "answering") : status;
}
