/* service/export/bring_note.c - what is under way, in <data>/imports: one small file an import, gone when that is done. */
#include "service/export/bring_parts.h"

#include "base/file.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const ways[] = {"largest", "most", "none"};

static const char *absolute(const char *path, char dst[4096])
{
    return path ? realpath(path, dst) : NULL;
}

ay_status ay_bring_note(ay_bring *b, ay_err *err)
{
    char path[4096], images[4096], hex[AY_SHA256_HEX];
    const char *full = absolute(b->w.path, path), *below = absolute(b->w.images, images);
    ay_buf text = {0};
    json_t *o;
    ay_status status;

    if (!full)
        return ay_fail(err, AY_ENOTFOUND, "%.1000s is gone", b->w.path);
    o = json_pack("{s:s, s:s?, s:s?, s:s?, s:s}", "path", full, "images", below, "dataset", b->w.dataset, "class", b->w.klass, "by", ways[b->w.by]);
    if (!ay_json_dump(o, JSON_COMPACT, &text)) { /* not UTF-8: it cannot be gone on with by itself, only by naming it again */
        json_decref(o);
        ay_buf_fini(&text);
        return AY_OK;
    }
    ay_sha256_bytes(text.data, text.len, hex);
    snprintf(b->note, sizeof b->note, "%.3900s/imports", b->s->data);
    status = ay_file_mkdirs(b->note, err);
    snprintf(b->note, sizeof b->note, "%.3900s/imports/%.32s.json", b->s->data, hex);
    if (status == AY_OK)
        status = ay_file_write(b->note, text.data, text.len, err);
    json_decref(o);
    ay_buf_fini(&text);
    return status;
}

void ay_bring_unnote(ay_bring *b)
{
    if (*b->note)
        unlink(b->note);
    b->note[0] = '\0';
}

typedef struct {
    ay_arena *arena;
    ay_bring_wish *list;
    size_t n;
} reading;

enum { MOST = 256 };

static const char *keep(ay_arena *a, const json_t *o, const char *key)
{
    const char *v = json_string_value(json_object_get(o, key));

    return v ? ay_arena_strdup(a, v) : NULL;
}

static ay_status read_note(void *ctx, const char *path, ay_err *err)
{
    reading *r = ctx;
    json_t *o = json_load_file(path, 0, NULL);
    ay_bring_wish w = {.path = keep(r->arena, o, "path"), .images = keep(r->arena, o, "images"), .dataset = keep(r->arena, o, "dataset"),
                       .klass = keep(r->arena, o, "class")};
    const char *by = json_string_value(json_object_get(o, "by"));

    (void)err;
    for (int i = 0; by && i < 3; i++)
        if (strcmp(by, ways[i]) == 0)
            w.by = (ay_catalog_by)i;
    if (w.path && r->n < MOST)
        r->list[r->n++] = w;
    json_decref(o);
    return AY_OK;
}

ay_status ay_bring_unfinished(ay_service *s, ay_arena *a, ay_bring_wish **out, size_t *n, ay_err *err)
{
    reading r = {.arena = a, .list = ay_arena_alloc(a, MOST * sizeof *r.list)};
    char folder[4096];
    ay_status status = r.list ? AY_OK : ay_fail(err, AY_ENOMEM, "listing imports");

    snprintf(folder, sizeof folder, "%.3900s/imports", s->data);
    if (status == AY_OK && ay_file_is_dir(folder))
        status = ay_file_walk(folder, read_note, &r, err);
    *out = r.list;
    *n = r.n;
    return status;
}
