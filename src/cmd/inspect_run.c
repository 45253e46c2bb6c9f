#include "cmd/inspect_run.h"
#include "cmd/cmd.h"
#include "inspect/ask.h"

#include "base/mem.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is told while asking. */
typedef struct {
    ay_inspect_module *module;
    bool json, all, refused;
} asking;

/* One question: pictures of one component, each under its light. */
typedef struct {
    const char *component, *product;
    ay_inspect_picture picture[AY_INSPECT_LIGHTS];
    ay_image image[AY_INSPECT_LIGHTS];
    const char *file[AY_INSPECT_LIGHTS];
    int n;
} question;

static ay_status add(question *q, const char *light, const char *file, ay_err *err)
{
    ay_status status = q->n < AY_INSPECT_LIGHTS ? ay_image_load(file, NULL, &q->image[q->n], err)
                                                : ay_fail(err, AY_EINVAL, "more than %d lights", AY_INSPECT_LIGHTS);

    if (status != AY_OK)
        return status;
    q->picture[q->n] = (ay_inspect_picture){light, &q->image[q->n]};
    q->file[q->n++] = file;
    return AY_OK;
}

static void fini(question *q)
{
    for (int i = 0; i < q->n; i++)
        ay_image_fini(&q->image[i]);
    q->n = 0;
}

static void print(ay_inspect_module *m, const ay_inspect_decision *d, const char *const *files, int n, bool json)
{
    json_t *o = json ? ay_inspect_decision_json(m, d) : NULL, *list = json ? json_array() : NULL;

    if (json) {
        for (int i = 0; i < n; i++)
            json_array_append_new(list, json_string(files[i]));
        json_object_set_new(o, "files", list);
        json_dumpf(o, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(o);
        return;
    }
    printf("%s  %s%s%s  %s\n", d->match ? "OK" : "NG", d->product ? d->product : "", d->product && *d->product ? " " : "",
           d->component ? d->component : "", d->reason);
    for (int i = 0; i < d->n; i++)
        printf("    %-8s %-8s %.4f of %.4f  %s\n", d->side[i].light, d->side[i].match ? "match" : "no match", d->side[i].similarity,
               d->side[i].threshold, i < n ? files[i] : "");
}

/* The pictures of --light NAME=FILE are one question. */
static ay_status ask_lights(const ay_args *a, asking *asked, ay_err *err)
{
    question q = {.component = ay_args_get(a, "component"), .product = ay_args_get(a, "product")};
    char light[AY_INSPECT_LIGHTS][100];
    ay_status status = AY_OK;
    ay_inspect_decision d;
    const char *pair;

    for (int i = 0; status == AY_OK && (pair = ay_args_nth(a, "light", i)); i++) {
        const char *eq = strchr(pair, '=');
        if (!eq || eq == pair || eq - pair >= 100 || i >= AY_INSPECT_LIGHTS) {
            status = ay_fail(err, AY_EINVAL, "--light wants NAME=FILE, at most %d of them, not '%.200s'", AY_INSPECT_LIGHTS, pair);
            break;
        }
        snprintf(light[i], sizeof light[i], "%.*s", (int)(eq - pair), pair);
        status = add(&q, light[i], eq + 1, err);
    }
    if (status == AY_OK)
        status = ay_inspect_decide(asked->module, q.picture, q.n, q.product, q.component, &d, err);
    if (status == AY_OK) {
        asked->all &= d.match;
        print(asked->module, &d, q.file, q.n, asked->json);
    }
    fini(&q);
    return status;
}

/* Pictures with coded names say themselves what they show (inspect/ask.h). */
static ay_status read_file(void *ctx, const ay_ask_picture *p, ay_image *out, ay_err *err)
{
    (void)ctx;
    return ay_image_load(p->user, NULL, out, err);
}

static ay_status on_decided(void *ctx, const ay_inspect_decision *d, const ay_ask_picture *const *pictures, int n, ay_err *err)
{
    asking *a = ctx;
    const char *files[AY_INSPECT_LIGHTS];

    (void)err;
    for (int i = 0; i < n; i++)
        files[i] = pictures[i]->user;
    a->all &= d->match;
    print(a->module, d, files, n, a->json);
    return AY_OK;
}

static void on_refused(void *ctx, const ay_ask_picture *const *pictures, int n, ay_status why, const char *message)
{
    asking *a = ctx;

    (void)why;
    a->refused = true;
    for (int i = 0; i < n; i++)
        fprintf(stderr, "assay: %s: %s\n", (const char *)pictures[i]->user, message);
}

static ay_status ask_named(const ay_args *a, asking *asked, ay_err *err)
{
    int n = a->n_rest - 2;
    ay_asker asker = {asked, read_file, on_decided, on_refused};
    ay_ask_picture *list = ay_calloc((size_t)n + 1, sizeof *list);
    ay_status status = list ? AY_OK : ay_fail(err, AY_ENOMEM, "reading names");

    for (int i = 0; i < n && list; i++) {
        const char *slash = strrchr(a->rest[i + 2], '/');
        list[i] = (ay_ask_picture){.file = slash ? slash + 1 : a->rest[i + 2], .user = a->rest[i + 2]};
    }
    if (status == AY_OK)
        status = ay_inspect_ask(asked->module, NULL, ay_args_get(a, "product"), ay_args_get(a, "component"), list, n, &asker, err);
    ay_free(list);
    return status;
}

int ay_inspect_run(const ay_args *a)
{
    asking asked = {.json = ay_args_get(a, "json") != NULL, .all = true};
    bool lights = ay_args_nth(a, "light", 0) != NULL;
    ay_err err = {0};
    ay_status status;

    if (a->n_rest < (lights ? 2 : 3))
        return ay_args_wrong(a, "inspect run: name a module and %s", lights ? "nothing else" : "pictures, or --light NAME=FILE");
    if (lights && a->n_rest > 2)
        return ay_args_wrong(a, "inspect run: with --light no other pictures, as '%s'", a->rest[2]);
    status = ay_inspect_module_open(&asked.module, a->rest[1], NULL, &err);
    if (status == AY_OK)
        status = lights ? ask_lights(a, &asked, &err) : ask_named(a, &asked, &err);
    ay_inspect_module_close(asked.module);
    if (status != AY_OK)
        return ay_cmd_fail(&err);
    return asked.refused ? AY_EXIT_FAIL : asked.all ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}
