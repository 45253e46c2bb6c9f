/* What turned pictures are called, which label they have, and all of them as one list. */
#include "inspect/prepare_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int ay_line_turns(const ay_line_set *set, int i)
{
    return set->originals[i].ok && set->label != AY_LINE_BY_COMPONENT ? AY_LINE_ORIENTATIONS : 1;
}

ay_status ay_line_turned_name(const ay_line_set *set, int i, int degrees, char dst[256], ay_err *err)
{
    const ay_line_original *p = &set->originals[i];
    const char *class = p->class < 0 ? "" : set->classes[p->class].name;
    int n, stem = (int)(strrchr(p->file, '.') - p->file);

    if (!p->ok || set->label == AY_LINE_BY_COMPONENT)
        n = snprintf(dst, 256, "%s", p->file);
    else if (degrees == 0)
        n = snprintf(dst, 256, "%s_%s", class, p->file);
    else
        n = snprintf(dst, 256, "%s_%.*s_rot%d.png", class, stem, p->file, degrees);
    return n < 256 ? AY_OK : ay_fail(err, AY_EINVAL, "%s and its class are too long for a file's name", p->file);
}

void ay_line_label_of(const ay_line_set *set, int i, int degrees, char dst[512])
{
    const ay_line_original *p = &set->originals[i];
    const ay_line_class *c = p->ok ? &set->classes[p->class] : NULL;
    const char *o = c ? ay_line_orientation_name(ay_line_orientation_turned(c->orientation, degrees)) : "";

    if (!c)
        snprintf(dst, 512, "NG");
    else if (set->label == AY_LINE_BY_ORIENTATION)
        snprintf(dst, 512, "%s", o);
    else if (set->label == AY_LINE_BY_COMPONENT)
        snprintf(dst, 512, "%s", c->name);
    else
        snprintf(dst, 512, "%s/%s", c->name, o);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Of every class, turned every way, whether or not it has a picture on both sides. */
static ay_status make_labels(const ay_line_set *set, ay_line_items *out, ay_err *err)
{
    const char **labels = ay_arena_alloc(&out->arena, ((size_t)set->nclasses * 4 + 1) * sizeof *labels);
    bool *seen = ay_arena_alloc(&out->arena, (size_t)set->nclasses + 1);
    char text[512];
    int n = 0;

    if (!labels || !seen)
        return ay_fail(err, AY_ENOMEM, "listing pictures");
    for (int i = 0; i < set->n; i++) {
        const ay_line_original *p = &set->originals[i];
        int class = p->ok ? p->class : set->nclasses;
        if (seen[class] || (!p->ok && !set->train_ng))
            continue;
        seen[class] = true;
        for (int k = 0; k < ay_line_turns(set, i); k++) {
            ay_line_label_of(set, i, 90 * k, text);
            if (!(labels[n++] = ay_arena_strdup(&out->arena, text)))
                return ay_fail(err, AY_ENOMEM, "listing pictures");
        }
        if (set->label == AY_LINE_BY_ORIENTATION && p->ok) /* the same four for all */
            memset(seen, 1, (size_t)set->nclasses);
    }
    qsort(labels, (size_t)n, sizeof *labels, by_text);
    out->labels = labels;
    out->nlabels = n;
    return AY_OK;
}

static int label_index(const ay_line_items *items, const char *text)
{
    const char *const *at = bsearch(&text, items->labels, (size_t)items->nlabels, sizeof *items->labels, by_text);

    return at ? (int)(at - items->labels) : AY_LINE_UNKNOWN;
}

static ay_status list(const ay_line_set *set, const char *dir, ay_line_items *out, ay_err *err)
{
    ay_line_item *items = ay_arena_alloc(&out->arena, ((size_t)set->n * 4 + 1) * sizeof *items);

    if (!items)
        return ay_fail(err, AY_ENOMEM, "listing pictures");
    for (int i = 0; i < set->n; i++) {
        const ay_line_original *p = &set->originals[i];
        char path[AY_LINE_PATH], label[512];
        const char *kept;
        ay_status status = ay_line_path(path, err, dir, "%s", p->path);
        if (status != AY_OK)
            return status;
        if (!(kept = ay_arena_strdup(&out->arena, path)))
            return ay_fail(err, AY_ENOMEM, "listing pictures");
        for (int k = 0; k < ay_line_turns(set, i); k++) {
            ay_line_label_of(set, i, 90 * k, label);
            items[out->n++] = (ay_line_item){
                .path = kept, .rotate = 90 * k, .label = label_index(out, label), .original = i,
                .orientation = p->ok ? ay_line_orientation_turned(set->classes[p->class].orientation, 90 * k)
                                     : AY_LINE_UNKNOWN,
                .split = p->split, .group = p->group, .ok = p->ok};
        }
    }
    out->items = items;
    return AY_OK;
}

ay_status ay_line_items_make(const ay_line_set *set, const char *dir, ay_line_items *out, ay_err *err)
{
    ay_status status;

    memset(out, 0, sizeof *out);
    if (set->stage < AY_LINE_ARRANGED)
        return ay_fail(err, AY_ECONFLICT, "%s: orientations and sides are not settled yet", dir);
    ay_arena_init(&out->arena, 0);
    status = make_labels(set, out, err);
    if (status == AY_OK)
        status = list(set, dir, out, err);
    if (status != AY_OK)
        ay_line_items_fini(out);
    return status;
}

void ay_line_items_fini(ay_line_items *items)
{
    ay_arena_fini(&items->arena);
    memset(items, 0, sizeof *items);
}
