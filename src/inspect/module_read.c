/* inspect/module_read.c - the JSON and numbers of a module that have come whole: do they fit together? */
#include "base/mem.h"
#include "inspect/module_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MOST = 400, CLASSES_MOST = 20000, LABELS_MOST = 80000 };

const char *ay_inspect_text(const json_t *object, const char *key, bool may_be_empty)
{
    const json_t *v = json_object_get(object, key);
    const char *s = json_string_value(v);

    if (!s || strlen(s) != json_string_length(v) || strlen(s) > TEXT_MOST || (!*s && !may_be_empty))
        return NULL;
    for (const char *c = s; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return NULL;
    return s;
}

static ay_status parse(const ay_inspect_module *m, const char *name, json_t **out, ay_err *err)
{
    const ay_inspect_file *f = ay_inspect_file_find(m, name);
    json_error_t where;

    if (!f)
        return ay_fail(err, AY_ECORRUPT, "%s is missing", name);
    *out = json_loadb(f->data.data ? f->data.data : "", f->data.len, JSON_REJECT_DUPLICATES, &where);
    if (!*out || !json_is_object(*out))
        return ay_fail(err, AY_ECORRUPT, "%s: line %d: %s", name, *out ? 1 : where.line, *out ? "no object" : where.text);
    return AY_OK;
}

/* A whole number lo..hi; false when it is none. */
static bool whole(const json_t *object, const char *key, int lo, int hi, int *out)
{
    const json_t *v = json_object_get(object, key);

    if (!json_is_integer(v) || json_integer_value(v) < lo || json_integer_value(v) > hi)
        return false;
    *out = (int)json_integer_value(v);
    return true;
}

/* "" or one of the four. */
static bool turn_of(const json_t *object, int *turn)
{
    const char *text = ay_inspect_text(object, "orientation", true);

    *turn = ay_turn_read(text);
    return text && (!*text || *turn != AY_TURN_NONE);
}

static ay_status read_classes(ay_inspect_module *m, ay_err *err)
{
    const json_t *list = json_object_get(m->golden_json, "classes");
    size_t n = json_array_size(list);
    ay_golden_class *c = n <= CLASSES_MOST ? ay_arena_alloc(&m->arena, (n + 1) * sizeof *c) : NULL;

    if (!c)
        return ay_fail(err, n > CLASSES_MOST ? AY_ELIMIT : AY_ENOMEM, "golden.json: %zu classes", n);
    for (size_t i = 0; i < n; i++) {
        const json_t *o = json_array_get(list, i);
        c[i] = (ay_golden_class){.name = ay_inspect_text(o, "name", false), .product = ay_inspect_text(o, "product", true),
                                 .component = ay_inspect_text(o, "component", false), .light = ay_inspect_text(o, "light", false)};
        if (!c[i].name || !c[i].product || !c[i].component || !c[i].light || !turn_of(o, &c[i].turn) ||
            !whole(o, "same", 0, INT32_MAX, &c[i].same) || !whole(o, "ways", 0, AY_TURNS, &c[i].ways))
            return ay_fail(err, AY_ECORRUPT, "golden.json: class %zu is none", i + 1);
    }
    m->set.classes = c;
    m->set.nclasses = (int)n;
    return n ? AY_OK : ay_fail(err, AY_ECORRUPT, "golden.json: no classes, so nothing can be inspected");
}

static double near_of(const json_t *row, double threshold)
{
    const json_t *mean = json_object_get(row, "own_mean"), *deviation = json_object_get(row, "own_deviation");
    double from = json_number_value(mean) - 6 * json_number_value(deviation);

    return json_is_number(mean) && json_is_number(deviation) && from < threshold ? from : threshold;
}

static ay_status read_labels(ay_inspect_module *m, ay_err *err)
{
    const json_t *list = json_object_get(m->golden_json, "labels"), *rows = json_object_get(m->thresholds_json, "labels");
    size_t n = json_array_size(list);
    ay_golden_label *l = n <= LABELS_MOST ? ay_arena_alloc(&m->arena, (n + 1) * sizeof *l) : NULL;
    double *t = n <= LABELS_MOST ? ay_arena_alloc(&m->arena, 2 * (n + 1) * sizeof *t) : NULL;

    if (!l || !t)
        return ay_fail(err, n > LABELS_MOST ? AY_ELIMIT : AY_ENOMEM, "golden.json: %zu labels", n);
    if (n == 0 || json_array_size(rows) != n)
        return ay_fail(err, AY_ECORRUPT, "golden.json has %zu labels and thresholds.json %zu", n, json_array_size(rows));
    for (size_t i = 0; i < n; i++) {
        const json_t *o = json_array_get(list, i), *row = json_array_get(rows, i);
        const char *of = ay_inspect_text(row, "label", false);
        l[i].name = ay_inspect_text(o, "name", false);
        t[i] = json_number_value(json_object_get(row, "threshold"));
        if (!l[i].name || !turn_of(o, &l[i].turn) || !whole(o, "class", AY_CLASS_NONE, m->set.nclasses - 1, &l[i].class))
            return ay_fail(err, AY_ECORRUPT, "golden.json: label %zu is none", i + 1);
        if (!of || strcmp(of, l[i].name) != 0 || !json_is_number(json_object_get(row, "threshold")) || !(t[i] >= -1.01 && t[i] <= 1.01))
            return ay_fail(err, AY_ECORRUPT, "thresholds.json: row %zu is no threshold of %s", i + 1, l[i].name);
        t[n + i] = near_of(row, t[i]);
    }
    m->near = t + n;
    m->set.labels = l;
    m->set.nlabels = (int)n;
    m->thresholds = t;
    return AY_OK;
}

static ay_status read_samples(ay_inspect_module *m, ay_err *err)
{
    const json_t *list = json_object_get(m->golden_json, "samples");
    size_t n = json_array_size(list);
    ay_inspect_sample *s = ay_arena_alloc(&m->arena, (n + 1) * sizeof *s);
    int *label = ay_arena_alloc(&m->arena, (n + 1) * sizeof *label);

    if (!s || !label)
        return ay_fail(err, AY_ENOMEM, "golden.json: %zu samples", n);
    if (n == 0)
        return ay_fail(err, AY_ECORRUPT, "golden.json: no golden samples");
    for (size_t i = 0; i < n; i++) {
        const json_t *o = json_array_get(list, i);
        const char *file = ay_inspect_text(o, "file", false);
        char name[AY_INSPECT_NAME + 16];
        if (!whole(o, "label", 0, m->set.nlabels - 1, &s[i].label) || !file)
            return ay_fail(err, AY_ECORRUPT, "golden.json: sample %zu has no label or no file", i + 1);
        snprintf(name, sizeof name, "golden/%s", file);
        s[i].picture = ay_inspect_file_find(m, name);
        if (!s[i].picture)
            return ay_fail(err, AY_ECORRUPT, "golden.json names %s, which is not in the module", name);
        label[i] = s[i].label;
    }
    m->samples = s;
    m->nsamples = (int)n;
    m->info.sample_label = label;
    return AY_OK;
}

static ay_status read_vectors(ay_inspect_module *m, ay_err *err)
{
    const ay_inspect_file *f = ay_inspect_file_find(m, "golden/vectors.f32");
    size_t n;
    float *v;

    if (!f || !whole(m->golden_json, "dim", 1, 65536, &m->dim))
        return ay_fail(err, AY_ECORRUPT, "golden/vectors.f32 or its dimension is missing");
    n = (size_t)m->nsamples * (size_t)m->dim;
    if (f->data.len != n * sizeof *v)
        return ay_fail(err, AY_ECORRUPT, "golden/vectors.f32 has %zu bytes and %d samples of %d numbers have %zu", f->data.len, m->nsamples,
                       m->dim, n * sizeof *v);
    v = ay_arena_alloc(&m->arena, n * sizeof *v);
    if (!v)
        return ay_fail(err, AY_ENOMEM, "golden vectors");
    memcpy(v, f->data.data, n * sizeof *v);
    m->vectors = v;
    m->set.dim = m->dim;
    for (int k = 0; k < m->nsamples; k++) {
        double sum = 0;
        for (int d = 0; d < m->dim; d++)
            sum += (double)v[(size_t)k * (size_t)m->dim + (size_t)d] * v[(size_t)k * (size_t)m->dim + (size_t)d];
        if (!isfinite(sum) || !(sum > 0))
            return ay_fail(err, AY_ECORRUPT, "golden/vectors.f32: sample %d has no direction", k + 1);
    }
    return AY_OK;
}

ay_status ay_inspect_module_read(ay_inspect_module *m, ay_err *err)
{
    ay_inspect_module_info *i = &m->info;
    ay_status status = parse(m, "thresholds.json", &m->thresholds_json, err);

    if (status == AY_OK)
        status = parse(m, "settings.json", &m->settings, err);
    if (status == AY_OK)
        status = parse(m, "golden/golden.json", &m->golden_json, err);
    if (status == AY_OK)
        status = read_classes(m, err);
    if (status == AY_OK)
        status = read_labels(m, err);
    if (status == AY_OK)
        status = read_samples(m, err);
    if (status == AY_OK)
        status = read_vectors(m, err);
    i->name = ay_inspect_text(m->head, "name", true);
    i->made_at = ay_inspect_text(m->head, "made_at", true);
    i->program = ay_inspect_text(m->head, "program", true);
    if (status == AY_OK && (!i->name || !i->made_at || !i->program))
        status = ay_fail(err, AY_ECORRUPT, "inspect.json: name, made_at or program is missing or no text");
    i->classes = m->set.classes;
    i->nclasses = m->set.nclasses;
    i->labels = m->set.labels;
    i->nlabels = m->set.nlabels;
    i->thresholds = m->thresholds;
    i->nsamples = m->nsamples;
    i->threshold_rows = json_object_get(m->thresholds_json, "labels");
    i->settings = m->settings;
    return status;
}
