/* bench/decision/source.c - folders of pictures to vectors. */
#include "base/file.h"
#include "base/mem.h"
#include "bench.h"
#include "engine/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 16 };

typedef struct {
    source *s;
    ay_engine *engine;
    const char *root;
    char klass[256];
    int in_class, cap, waiting;
    ay_image images[BATCH];
} reading;

void die(const char *what, const char *why)
{
    fprintf(stderr, "decision: %s %s\n", what, why ? why : "");
    exit(1);
}

static void flush(reading *r)
{
    source *s = r->s;
    const ay_image *list[BATCH];
    ay_err err = {{0}};

    for (int i = 0; i < r->waiting; i++)
        list[i] = &r->images[i];
    if (r->waiting && ay_engine_embed(r->engine, list, r->waiting,
                                      s->v + (size_t)(s->n - r->waiting) * (size_t)s->dim,
                                      &err) != AY_OK)
        die("embed:", err.msg);
    while (r->waiting)
        ay_image_fini(&r->images[--r->waiting]);
}

static ay_status read_picture(void *ctx, const char *path, ay_err *err)
{
    reading *r = ctx;
    source *s = r->s;
    const char *rest = path + strlen(r->root) + 1, *slash = strchr(rest, '/');

    (void)err;
    if (!slash || s->classes > MOST_CLASSES)
        return AY_OK;
    if (strncmp(r->klass, rest, (size_t)(slash - rest) + 1) != 0) {
        snprintf(r->klass, sizeof r->klass, "%.*s/", (int)(slash - rest), rest);
        r->in_class = 0;
        if (++s->classes > MOST_CLASSES)
            return AY_OK;
    }
    if (r->in_class == MOST_A_CLASS ||
        ay_image_load(path, NULL, &r->images[r->waiting], NULL) != AY_OK)
        return AY_OK;
    if (s->n == r->cap) {
        r->cap = 2 * r->cap + 256;
        s->label = ay_realloc(s->label, (size_t)r->cap, sizeof *s->label);
        s->v = ay_realloc(s->v, (size_t)r->cap * (size_t)s->dim, sizeof *s->v);
        if (!s->label || !s->v)
            die("memory", NULL);
    }
    s->label[s->n++] = s->classes - 1;
    r->in_class++;
    if (++r->waiting == BATCH)
        flush(r);
    return AY_OK;
}

void source_read(source *s, const char *folder, const char *model)
{
    ay_engine_options o = {.model = model};
    const char *slash = strrchr(folder, '/');
    reading r = {.s = s, .root = folder};
    ay_err err = {{0}};

    *s = (source){0};
    snprintf(s->name, sizeof s->name, "%s", slash ? slash + 1 : folder);
    if (ay_engine_open(&r.engine, &o, &err) != AY_OK)
        die("engine:", err.msg);
    s->dim = ay_engine_get_info(r.engine)->dim;
    if (ay_file_walk(folder, read_picture, &r, &err) != AY_OK)
        die(folder, err.msg);
    flush(&r);
    if (s->classes > MOST_CLASSES)
        s->classes = MOST_CLASSES;
    if (s->classes < KEPT_OUT + 2)
        die(folder, "has too few classes");
    fprintf(stderr, "%s: %d pictures, %d classes, encoder %s %s, digest %.12s\n", s->name, s->n,
            s->classes, ay_engine_get_info(r.engine)->name, ay_engine_get_info(r.engine)->version,
            ay_engine_get_info(r.engine)->digest);
    ay_engine_close(r.engine);
}

bool source_unpack(const char *data, const char *name, char dst[256])
{
    char command[1024];

    snprintf(dst, 256, "build/sets/%s", name);
    if (access(dst, F_OK) == 0)
        return true;
    snprintf(command, sizeof command,
             "mkdir -p build/sets && tar --zstd -xf '%s/%s.tar.zst' -C build/sets 2>/dev/null", data,
             name);
    return system(command) == 0 && access(dst, F_OK) == 0;
}
