/* service/export/read_jsonl.c - JSON Lines as jsonl.c writes them, and as others may: only "file" must be there. */
#include "service/export/catalog.h"
#include "service/export/text.h"

#include <jansson.h>
#include <string.h>

typedef struct {
    const char *tags[AY_CATALOG_LABELS];
    ay_catalog_album albums[AY_CATALOG_LABELS];
} labels;

static const char *text_of(const json_t *o, const char *const *keys)
{
    const char *v = NULL;

    for (; *keys && !v; keys++)
        v = json_string_value(json_object_get(o, *keys));
    return v;
}

static bool read_tags(const json_t *o, labels *l, ay_catalog_record *r)
{
    const json_t *list = json_object_get(o, "tags");

    if (list && !json_is_null(list) && !json_is_array(list))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (i == AY_CATALOG_LABELS || !(l->tags[r->ntags++] = json_string_value(json_array_get(list, i))))
            return false;
    r->tags = l->tags;
    return true;
}

/* A list of names, or of objects with a name and a position. */
static bool read_albums(const json_t *list, labels *l, ay_catalog_record *r)
{
    if (list && !json_is_null(list) && !json_is_array(list))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *name = json_is_string(one) ? json_string_value(one) : json_string_value(json_object_get(one, "name"));
        if (i == AY_CATALOG_LABELS || !name)
            return false;
        l->albums[r->nalbums++] = (ay_catalog_album){name, json_integer_value(json_object_get(one, "position"))};
    }
    r->albums = l->albums;
    return true;
}

static ay_status read_object(ay_catalog *c, const json_t *o, long line, ay_err *err)
{
    static const char *const file[] = {"file", "file_name", "filename", "path", "image", NULL}, *const sha[] = {"sha256", NULL},
                            *const klass[] = {"class", "label", "category", NULL}, *const name[] = {"name", NULL}, *const added[] = {"added_at", NULL};
    ay_catalog_record r = {.file = text_of(o, file), .sha256 = text_of(o, sha), .klass = text_of(o, klass), .name = text_of(o, name), .at = line};
    const char *at = text_of(o, added);
    labels l;

    r.klass = r.klass && *r.klass ? r.klass : NULL;
    if (at && !ay_export_read_time(at, &r.added_us))
        ay_catalog_problem(c, line, "'added_at' is a time like 2026-01-31T12:00:00Z, not \"%.60s\"", at);
    else if (!read_tags(o, &l, &r))
        ay_catalog_problem(c, line, "'tags' is a list of at most %d texts", AY_CATALOG_LABELS);
    else if (!read_albums(json_object_get(o, "albums"), &l, &r))
        ay_catalog_problem(c, line, "'albums' is a list of at most %d names, or objects with name and position", AY_CATALOG_LABELS);
    else
        return ay_catalog_add(c, &r, err);
    return AY_OK;
}

ay_status ay_catalog_read_jsonl(ay_catalog *c, char *text, size_t n, ay_err *err)
{
    ay_status status = AY_OK;
    long line = 0;

    c->format = "JSON Lines";
    for (char *at = text, *end = text + n; at < end && status == AY_OK;) {
        char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop ? stop : end) - at);
        json_error_t why;
        json_t *o;
        line++;
        if (len > 0 && strspn(at, " \t\r") < len) {
            o = json_loadb(at, len, JSON_REJECT_DUPLICATES, &why);
            if (json_is_object(o))
                status = read_object(c, o, line, err);
            else
                ay_catalog_problem(c, line, "it is no JSON object%s%s", o ? "" : ": ", o ? "" : why.text);
            json_decref(o);
        }
        at += len + 1;
    }
    return status;
}
