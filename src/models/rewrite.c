#include "models/rewrite.h"

#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    return strcmp(((const ay_named_tensor *)a)->name, ((const ay_named_tensor *)b)->name);
}

/* One rule over text, in place. */
static void replace_all(char *text, size_t cap, const ay_rename *rule)
{
    size_t from = strlen(rule->from), to = strlen(rule->to);

    for (char *at = text; (at = strstr(at, rule->from)); at += to) {
        size_t rest = strlen(at + from) + 1;
        if ((size_t)(at - text) + to + rest > cap)
            return; /* a name too long for any network stays as it is and is refused by that */
        memmove(at + to, at + from, rest);
        memcpy(at, rule->to, to);
    }
}

static const char *translated(const char *name, const char *prefix, const ay_rename *rules,
                              ay_arena *arena)
{
    char text[AY_NAME_MAX];
    size_t skip = strlen(prefix);

    if (!rules || !ay_str_starts(name, prefix) || strlen(name) >= sizeof text)
        return ay_arena_strdup(arena, name);
    snprintf(text, sizeof text, "%s", name);
    for (const ay_rename *r = rules; r->from; r++)
        replace_all(text + skip, sizeof text - skip, r);
    return ay_arena_strdup(arena, text);
}

ay_status ay_list_read(ay_tensor_list *l, const ay_source *src, const char *scope,
                       const char *prefix, const ay_rename *rules, ay_arena *arena, ay_err *err)
{
    size_t n = ay_safetensors_count(src->st);

    *l = (ay_tensor_list){.arena = arena};
    l->item = ay_calloc(n + 1, sizeof *l->item);
    l->gone = ay_calloc(n + 1, sizeof *l->gone);
    bool room = l->item && l->gone;
    for (size_t i = 0; room && i < n; i++) {
        const char *name = ay_safetensors_name(src->st, i);
        if (!ay_str_starts(name, scope) || ay_str_ends_nocase(name, ".num_batches_tracked"))
            continue;
        name = translated(name, prefix, rules, arena);
        room = name != NULL;
        l->item[l->count++] = (ay_named_tensor){name, *ay_safetensors_at(src->st, i)};
    }
    if (!room) {
        ay_list_fini(l);
        return ay_fail(err, AY_ENOMEM, "out of memory for the names of %zu tensors", n);
    }
    ay_list_sort(l);
    return AY_OK;
}

void ay_list_fini(ay_tensor_list *l)
{
    ay_free(l->item);
    ay_free(l->gone);
    ay_free(l->made);
    *l = (ay_tensor_list){0};
}

static ay_named_tensor *find(const ay_tensor_list *l, const char *name)
{
    ay_named_tensor key = {.name = name};

    return bsearch(&key, l->item, l->count, sizeof key, by_name);
}

const ay_tensor *ay_list_find(const ay_tensor_list *l, const char *name)
{
    const ay_named_tensor *t = find(l, name);

    return t && !l->gone[t - l->item] ? &t->tensor : NULL;
}

void ay_list_drop(ay_tensor_list *l, const char *name)
{
    const ay_named_tensor *t = find(l, name);

    if (t)
        l->gone[t - l->item] = true;
}

ay_status ay_list_rename(ay_tensor_list *l, size_t i, const char *name, ay_err *err)
{
    const char *copy = ay_arena_strdup(l->arena, name);

    if (!copy)
        return ay_fail(err, AY_ENOMEM, "out of memory for a name");
    l->item[i].name = copy;
    return AY_OK;
}

void ay_list_sort(ay_tensor_list *l)
{
    qsort(l->item, l->count, sizeof *l->item, by_name);
}

ay_status ay_list_add(ay_tensor_list *l, const char *name, ay_shape shape, float **dst,
                      ay_err *err)
{
    const char *copy = ay_arena_strdup(l->arena, name);

    *dst = ay_arena_alloc(l->arena, ay_shape_count(&shape) * sizeof(float));
    if (l->made_count == l->made_cap) {
        size_t cap = l->made_cap ? l->made_cap * 2 : 64;
        ay_named_tensor *bigger = ay_realloc(l->made, cap, sizeof *bigger);
        if (!bigger)
            return ay_fail(err, AY_ENOMEM, "out of memory for \"%s\"", name);
        l->made = bigger;
        l->made_cap = cap;
    }
    if (!copy || !*dst)
        return ay_fail(err, AY_ENOMEM, "out of memory for \"%s\"", name);
    l->made[l->made_count++] = (ay_named_tensor){copy, ay_tensor_make(AY_F32, shape, *dst)};
    return AY_OK;
}

ay_status ay_list_close(const ay_tensor_list *l, ay_safetensors **view, ay_err *err)
{
    ay_named_tensor *all = ay_calloc(l->count + l->made_count + 1, sizeof *all);
    size_t n = 0;
    ay_status status;

    *view = NULL;
    if (!all)
        return ay_fail(err, AY_ENOMEM, "out of memory for a list of tensors");
    for (size_t i = 0; i < l->count; i++)
        if (!l->gone[i])
            all[n++] = l->item[i];
    if (l->made_count)
        memcpy(all + n, l->made, l->made_count * sizeof *all);
    status = ay_safetensors_from_list(view, all, n + l->made_count, err);
    ay_free(all);
    return status;
}
