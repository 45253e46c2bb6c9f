/* service/inspect/modules.h - inspection modules that answer: those of completed trainings, and files below the server's folders.
 *
 * A few stay open with a count of who uses each; one whose file has changed is opened anew.  Opening checks the whole file and runs
 * its network, which takes a second or more: it happens under a lock that only other openings wait for.
 *
 * Threads: any. */
#ifndef AY_SERVICE_MODULES_H
#define AY_SERVICE_MODULES_H

#include "service/service.h"

#include <jansson.h>

typedef struct ay_inspect_module ay_inspect_module; /* inspect/module.h */
typedef struct ay_held_module ay_held_module;

/* task: of a training; NULL or "": the newest completed one.  AY_ENOTFOUND, AY_ECONFLICT (it has no module yet), and what opening says.
 * Give *out back. */
ay_status ay_module_hold(ay_service *s, const char *task, ay_held_module **out, ay_err *err);
void ay_module_release(ay_service *s, ay_held_module *h); /* NULL is fine */
ay_inspect_module *ay_module_of(ay_held_module *h);
const char *ay_module_task(const ay_held_module *h);

/* ---- asked about pictures as they come over HTTP */
typedef struct {
    const char *file; /* its coded name (inspect/names.h), without folders */
    const void *bytes;
    size_t n;
    bool too_large; /* bytes were dropped */
} ay_inspect_upload;
/* Around the decoding of one picture, for who bounds how much is decoded at once; both may be NULL. */
typedef struct {
    void *ctx;
    uint64_t (*enter)(void *ctx, const void *bytes, size_t n);
    void (*leave)(void *ctx, uint64_t pixels);
} ay_inspect_gate;
/* task, product, component: NULL or "" as in ay_module_hold() and ay_inspect_ask().
 * *out: {"task", "decisions": [as ay_inspect_decision_json(), and "files"], "refused": [{"file", "code", "message"}]}, the caller's. */
ay_status ay_inspect_uploads(ay_service *s, const char *task, const char *product, const char *component, const ay_inspect_upload *list, int n,
                             const ay_inspect_gate *gate, json_t **out, ay_err *err);

#endif
