#include "models/arch.h"
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool ay_source_prefix(const ay_source *src, const char *suffix, char prefix[AY_PREFIX_MAX])
{
    size_t want = strlen(suffix);

    for (size_t i = 0; i < ay_safetensors_count(src->st); i++) {
        const char *name = ay_safetensors_name(src->st, i);
        size_t n = strlen(name);
        if (n < want || n - want >= AY_PREFIX_MAX || strcmp(name + n - want, suffix) != 0)
            continue;
        if (n > want && name[n - want - 1] != '.')
            continue;
        memcpy(prefix, name, n - want);
        prefix[n - want] = '\0';
        return true;
    }
    return false;
}

const ay_tensor *ay_source_find(const ay_source *src, const char *fmt, ...)
{
    char name[AY_NAME_MAX];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    return n < 0 || n >= (int)sizeof name ? NULL : ay_safetensors_find(src->st, name);
}

ay_status ay_source_shape(const ay_source *src, const char *name, int rank, int64_t *dim,
                          ay_err *err)
{
    const ay_tensor *t = ay_safetensors_find(src->st, name);
    char text[AY_SHAPE_TEXT];

    if (!t)
        return ay_fail(err, AY_ENOTFOUND, "tensor %s is missing", name);
    if (t->shape.rank != rank)
        return ay_fail(err, AY_ECORRUPT, "tensor %s has shape %s, wanted %d dimensions", name,
                       ay_shape_text(&t->shape, text), rank);
    for (int d = 0; d < rank; d++) {
        dim[d] = t->shape.dim[d];
        if (dim[d] < 1 || dim[d] > 1 << 20)
            return ay_fail(err, AY_ECORRUPT, "tensor %s has shape %s, which no network has", name,
                           ay_shape_text(&t->shape, text));
    }
    return AY_OK;
}

int ay_source_blocks(const ay_source *src, const char *prefix, const char *suffix)
{
    int n = 0;

    while (ay_source_find(src, "%s%d%s", prefix, n, suffix))
        n++;
    return n;
}

int ay_json_int(const json_t *value, const char *a, const char *b, int otherwise)
{
    const json_t *v = json_object_get(value, a);

    if (b)
        v = json_object_get(v, b);
    if (!json_is_number(v))
        return otherwise;
    double d = json_number_value(v);
    return d >= -1e6 && d <= 1e6 ? (int)d : otherwise;
}

const char *ay_json_text(const json_t *value, const char *key, const char *otherwise)
{
    const char *s = json_string_value(json_object_get(value, key));

    return s ? s : otherwise;
}
