/* manifest.json: what is in the tree, and how far it has come.  Written whole, by rename. */
#include "base/file.h"
#include "base/json.h"
#include "inspect/prepare_parts.h"

#include <stdio.h>
#include <string.h>

#define FORMAT "assay line 1"

static const char *const stages[] = {"", "gathered", "arranged", "training"};
static const char *const misses[] = {"name", "product", "picture"};
static const char *const labels[] = {"component_orientation", "orientation", "component"};

const char *ay_line_stage_name(ay_line_stage s)
{
    return stages[s];
}

const char *ay_line_miss_name(ay_line_miss m)
{
    return misses[m];
}

static int find(const char *const *names, int n, const char *name)
{
    for (int i = 0; name && i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* ---- writing ----------------------------------------------------------------------------------- */

static json_t *class_row(const ay_line_class *c)
{
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "name", c->name, "product", c->product, "component",
                          c->component, "light", c->light, "orientation", ay_line_orientation_name(c->orientation),
                          "ok", c->ok, "ng", c->ng);
    json_t *samples = json_array();

    for (int i = 0; i < c->nsamples; i++)
        json_array_append_new(samples, json_string(c->samples[i]));
    json_object_set_new(o, "samples", samples);
    return o;
}

static json_t *original_row(const ay_line_set *set, const ay_line_original *p)
{
    const ay_line_class *c = p->class < 0 ? NULL : &set->classes[p->class];
    bool arranged = set->stage >= AY_LINE_ARRANGED;
    json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:i, s:i}", "file", p->file,
                          "path", p->path, "sha256", p->sha256, "class", c ? c->name : "", "product",
                          c ? c->product : "", "component", c ? c->component : "", "component_id", p->component_id,
                          "light", c ? c->light : "", "board", p->board, "timestamp", p->timestamp, "ok", p->ok,
                          "orientation", c && p->ok ? ay_line_orientation_name(c->orientation) : "", "width",
                          p->width, "height", p->height);

    if (o && arranged) {
        json_object_set_new(o, "split", json_string(ay_split_name(p->split)));
        json_object_set_new(o, "group", json_integer(p->group));
    }
    return o;
}

static json_t *missing_row(const ay_line_missing *m)
{
    return json_pack("{s:s, s:s, s:s, s:b}", "file", m->file, "kind", misses[m->kind], "reason", m->reason, "kept",
                     m->kept);
}

static json_t *derived_row(const ay_line_set *set, int i, int degrees)
{
    const ay_line_original *p = &set->originals[i];
    const char *o = ay_line_orientation_name(ay_line_orientation_turned(set->classes[p->class].orientation, degrees));
    char name[256];

    if (ay_line_turned_name(set, i, degrees, name, NULL) != AY_OK)
        return NULL;
    return json_pack("{s:s, s:i, s:s, s:o}", "of", p->file, "rotation", degrees, "orientation", o, "path",
                     json_sprintf("oriented_data/%s/%s", o, name));
}

/* One row a line: a person can read it, and no tree of a hundred thousand rows is held. */
static bool add_row(ay_buf *b, json_t *row, bool *first)
{
    bool ok;

    ay_buf_puts(b, *first ? "\n  " : ",\n  ");
    *first = false;
    ok = row && ay_json_dump(row, JSON_COMPACT, b);
    json_decref(row);
    return ok;
}

static bool write_rows(const ay_line_set *set, ay_buf *b)
{
    bool first = true, ok = true;

    ay_buf_puts(b, " \"classes\": [");
    for (int i = 0; i < set->nclasses; i++)
        ok &= add_row(b, class_row(&set->classes[i]), &first);
    ay_buf_puts(b, "],\n \"originals\": [");
    first = true;
    for (int i = 0; i < set->n; i++)
        ok &= add_row(b, original_row(set, &set->originals[i]), &first);
    ay_buf_puts(b, "],\n \"derived\": [");
    first = true;
    for (int i = 0; i < set->n && set->stage >= AY_LINE_ARRANGED; i++)
        for (int k = 1; k < ay_line_turns(set, i); k++)
            ok &= add_row(b, derived_row(set, i, 90 * k), &first);
    ay_buf_puts(b, "],\n \"missing\": [");
    first = true;
    for (int i = 0; i < set->nmissing; i++)
        ok &= add_row(b, missing_row(&set->missing[i]), &first);
    ay_buf_puts(b, "]\n}\n");
    return ok;
}

static void write_head(const ay_line_set *set, ay_buf *b)
{
    ay_buf_printf(b, "{\"format\": \"" FORMAT "\", \"stage\": \"%s\", \"asked\": \"%s\",\n", stages[set->stage],
                  set->asked);
    if (set->stage < AY_LINE_ARRANGED)
        return;
    ay_buf_printf(b, " \"arranged\": \"%s\", \"label\": \"%s\", \"train_ng\": %s, \"test_share\": %.12g,\n",
                  set->arranged, labels[set->label], set->train_ng ? "true" : "false", set->test_share);
    ay_buf_printf(b, " \"mean\": [%.9f, %.9f, %.9f], \"std\": [%.9f, %.9f, %.9f],\n", set->mean[0], set->mean[1],
                  set->mean[2], set->std[0], set->std[1], set->std[2]);
}

ay_status ay_line_set_write(const char *dir, const ay_line_set *set, ay_err *err)
{
    char path[AY_LINE_PATH];
    ay_buf b = {0};
    ay_status status = ay_line_path(path, err, dir, "manifest.json");
    bool ok;

    if (status != AY_OK)
        return status;
    write_head(set, &b);
    ok = write_rows(set, &b) && !b.failed;
    status = ok ? ay_file_write(path, b.data, b.len, err) : ay_fail(err, AY_ENOMEM, "writing %s", path);
    ay_buf_fini(&b);
    return status;
}

/* ---- reading ----------------------------------------------------------------------------------- */

typedef struct {
    ay_line_set *set;
    bool bad; /* something is not there or of another kind */
    bool memory;
} reader;

static const char *text(reader *r, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    const char *copy;

    if (!json_is_string(v)) {
        r->bad = true;
        return "";
    }
    copy = ay_arena_strdup(&r->set->arena, json_string_value(v));
    r->memory |= !copy;
    return copy ? copy : "";
}

static int number(reader *r, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);

    r->bad |= !json_is_integer(v);
    return (int)json_integer_value(v);
}

static void digest(reader *r, const json_t *o, const char *key, char hex[AY_SHA256_HEX])
{
    const char *s = json_string_value(json_object_get(o, key));

    if (s && ay_sha256_valid(s))
        memcpy(hex, s, AY_SHA256_HEX);
    else
        r->bad = true;
}

static void *rows(reader *r, const json_t *doc, const char *key, size_t size, int *n)
{
    const json_t *list = json_object_get(doc, key);
    void *p = ay_arena_alloc(&r->set->arena, size * (json_array_size(list) + 1));

    r->bad |= !json_is_array(list);
    r->memory |= !p;
    *n = p ? (int)json_array_size(list) : 0;
    return p;
}

static void read_classes(reader *r, const json_t *doc)
{
    int n;
    ay_line_class *c = rows(r, doc, "classes", sizeof *c, &n);

    for (int i = 0; i < n; i++) {
        const json_t *o = json_array_get(json_object_get(doc, "classes"), (size_t)i);
        const char **names = rows(r, o, "samples", sizeof *names, &c[i].nsamples);
        c[i].name = text(r, o, "name");
        c[i].product = text(r, o, "product");
        c[i].component = text(r, o, "component");
        c[i].light = text(r, o, "light");
        c[i].orientation = ay_line_orientation_find(text(r, o, "orientation"));
        c[i].ok = number(r, o, "ok");
        c[i].ng = number(r, o, "ng");
        for (int k = 0; k < c[i].nsamples; k++) {
            const char *s = json_string_value(json_array_get(json_object_get(o, "samples"), (size_t)k));
            names[k] = s ? ay_arena_strdup(&r->set->arena, s) : NULL;
            r->bad |= !s;
            r->memory |= s && !names[k];
        }
        c[i].samples = names;
    }
    r->set->classes = c;
    r->set->nclasses = n;
}

/* Rows of a class mostly stand together, so the search begins where it last ended. */
static int class_called(const ay_line_set *set, const char *name, int from)
{
    for (int k = 0; k < set->nclasses; k++) {
        int i = (from + k) % set->nclasses;
        if (strcmp(set->classes[i].name, name) == 0)
            return i;
    }
    return AY_LINE_UNKNOWN;
}

static void read_originals(reader *r, const json_t *doc)
{
    int n, last = 0;
    ay_line_original *p = rows(r, doc, "originals", sizeof *p, &n);

    for (int i = 0; i < n; i++) {
        const json_t *o = json_array_get(json_object_get(doc, "originals"), (size_t)i);
        const char *class = json_string_value(json_object_get(o, "class"));
        p[i].file = text(r, o, "file");
        p[i].path = text(r, o, "path");
        p[i].board = text(r, o, "board");
        p[i].timestamp = text(r, o, "timestamp");
        p[i].component_id = text(r, o, "component_id");
        p[i].width = number(r, o, "width");
        p[i].height = number(r, o, "height");
        p[i].ok = json_is_true(json_object_get(o, "ok"));
        digest(r, o, "sha256", p[i].sha256);
        p[i].class = class && *class ? class_called(r->set, class, last) : AY_LINE_UNKNOWN;
        r->bad |= !class || (p[i].ok && p[i].class < 0);
        last = p[i].class < 0 ? last : p[i].class;
        if (r->set->stage < AY_LINE_ARRANGED)
            continue;
        p[i].group = number(r, o, "group");
        p[i].split = strcmp(text(r, o, "split"), "val") == 0 ? AY_SPLIT_VAL : AY_SPLIT_TRAIN;
    }
    r->set->originals = p;
    r->set->n = n;
}

static void read_missing(reader *r, const json_t *doc)
{
    int n;
    ay_line_missing *m = rows(r, doc, "missing", sizeof *m, &n);

    for (int i = 0; i < n; i++) {
        const json_t *o = json_array_get(json_object_get(doc, "missing"), (size_t)i);
        int kind = find(misses, AY_LINE_MISS_KINDS, json_string_value(json_object_get(o, "kind")));
        m[i].file = text(r, o, "file");
        m[i].reason = text(r, o, "reason");
        m[i].kept = json_is_true(json_object_get(o, "kept"));
        r->bad |= kind < 0;
        m[i].kind = (ay_line_miss)(kind < 0 ? 0 : kind);
        r->set->misses[m[i].kind]++;
    }
    r->set->missing = m;
    r->set->nmissing = n;
}

static void read_head(reader *r, const json_t *doc)
{
    ay_line_set *set = r->set;
    int stage = find(stages, 4, json_string_value(json_object_get(doc, "stage"))), label;

    r->bad |= stage < AY_LINE_GATHERED;
    set->stage = (ay_line_stage)(stage < 0 ? 0 : stage);
    digest(r, doc, "asked", set->asked);
    if (set->stage < AY_LINE_ARRANGED)
        return;
    digest(r, doc, "arranged", set->arranged);
    label = find(labels, 3, json_string_value(json_object_get(doc, "label")));
    r->bad |= label < 0;
    set->label = (ay_line_label)(label < 0 ? 0 : label);
    set->train_ng = json_is_true(json_object_get(doc, "train_ng"));
    set->test_share = json_number_value(json_object_get(doc, "test_share"));
    for (size_t i = 0; i < 3; i++) {
        set->mean[i] = json_number_value(json_array_get(json_object_get(doc, "mean"), i));
        set->std[i] = json_number_value(json_array_get(json_object_get(doc, "std"), i));
        r->bad |= !(set->std[i] > 0);
    }
}

ay_status ay_line_set_read(const char *dir, ay_line_set *out, ay_err *err)
{
    reader r = {.set = out};
    char path[AY_LINE_PATH];
    ay_buf b = {0};
    json_t *doc = NULL;
    const char *format;
    ay_status status = ay_line_path(path, err, dir, "manifest.json");

    memset(out, 0, sizeof *out);
    if (status == AY_OK)
        status = ay_file_read(path, 0, &b, err);
    if (status == AY_OK && !(doc = json_loadb(b.data ? b.data : "", b.len, 0, NULL)))
        status = ay_fail(err, AY_ECORRUPT, "%s is no JSON; remove it and gather again", path);
    ay_buf_fini(&b);
    if (status != AY_OK)
        return status;
    ay_arena_init(&out->arena, 0);
    format = json_string_value(json_object_get(doc, "format"));
    r.bad = !format || strcmp(format, FORMAT) != 0;
    if (!r.bad) {
        read_head(&r, doc);
        read_classes(&r, doc);
        read_originals(&r, doc);
        read_missing(&r, doc);
    }
    json_decref(doc);
    if (!r.bad && !r.memory)
        return AY_OK;
    ay_line_set_fini(out);
    return r.memory ? ay_fail(err, AY_ENOMEM, "reading %s", path)
                    : ay_fail(err, AY_ECORRUPT, "%s is not what this version writes; remove it and gather again", path);
}

void ay_line_set_fini(ay_line_set *set)
{
    ay_arena_fini(&set->arena);
    memset(set, 0, sizeof *set);
}
