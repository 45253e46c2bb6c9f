/* tensor/safetensors.c - reading: parse the header once, check everything, hand out views.
 *
 * The header is JSON and jansson parses it (it refuses duplicate keys, bad UTF-8
 * and deep nesting itself).
 *
 * Tiling is checked by sorting the entries by their begin: each must start where the last ended.
 * Empty tensors (a dimension of 0) may share a place. */
#include "tensor/safetensors.h"

#include "base/file.h"
#include "base/mem.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name; /* in the JSON tree */
    ay_tensor tensor;
    size_t begin, end;
} entry;

struct ay_safetensors {
    ay_map map; /* empty when the bytes are the caller's */
    const unsigned char *data;
    size_t data_size;
    json_t *root;
    char *names; /* of a list */
    entry *all; /* sorted by name once open */
    size_t count;
};

static int by_begin(const void *a, const void *b)
{
    const entry *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end != y->end ? (x->end < y->end ? -1 : 1) : 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->name, ((const entry *)b)->name);
}

static ay_status parse_shape(const json_t *list, ay_shape *out, const char *name, ay_err *err)
{
    size_t rank = json_array_size(list);

    if (!json_is_array(list))
        return ay_fail(err, AY_ECORRUPT, "tensor \"%s\": no shape", name);
    if (rank > AY_MAX_RANK)
        return ay_fail(err, AY_EUNSUPPORTED, "tensor \"%s\": %zu dimensions, at most %d are read",
                       name, rank, AY_MAX_RANK);
    out->rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        const json_t *d = json_array_get(list, i);
        if (!json_is_integer(d) || json_integer_value(d) < 0)
            return ay_fail(err, AY_ECORRUPT, "tensor \"%s\": dimension %zu is not a size", name, i);
        out->dim[i] = json_integer_value(d);
    }
    return AY_OK;
}

static ay_status parse_range(const json_t *pair, entry *e, size_t data_size, ay_err *err)
{
    const json_t *b = json_array_get(pair, 0), *n = json_array_get(pair, 1);

    if (json_array_size(pair) != 2 || !json_is_integer(b) || !json_is_integer(n))
        return ay_fail(err, AY_ECORRUPT, "tensor \"%s\": data_offsets is not a pair of integers",
                       e->name);
    json_int_t begin = json_integer_value(b), end = json_integer_value(n);
    if (begin < 0 || end < begin || (size_t)end > data_size)
        return ay_fail(err, AY_ECORRUPT,
                       "tensor \"%s\": bytes %lld to %lld are not within the %zu of the file",
                       e->name, (long long)begin, (long long)end, data_size);
    e->begin = (size_t)begin;
    e->end = (size_t)end;
    return AY_OK;
}

static ay_status parse_entry(ay_safetensors *st, entry *e, const json_t *body, ay_err *err)
{
    const char *dtype = json_string_value(json_object_get(body, "dtype"));
    char text[AY_SHAPE_TEXT];
    size_t bytes, length = strlen(e->name);
    ay_status status;

    if (length == 0 || length > AY_SAFETENSORS_NAME_MAX)
        return ay_fail(err, AY_ECORRUPT, "a tensor's name has %zu bytes", length);
    if (!json_is_object(body) || !dtype)
        return ay_fail(err, AY_ECORRUPT, "tensor \"%s\": no dtype", e->name);
    if (!ay_dtype_parse(dtype, &e->tensor.dtype))
        return ay_fail(err, AY_EUNSUPPORTED, "tensor \"%s\": unknown dtype \"%.40s\"", e->name,
                       dtype);
    status = parse_shape(json_object_get(body, "shape"), &e->tensor.shape, e->name, err);
    if (status == AY_OK)
        status = parse_range(json_object_get(body, "data_offsets"), e, st->data_size, err);
    if (status != AY_OK)
        return status;
    if (!ay_shape_bytes(&e->tensor.shape, ay_dtype_size(e->tensor.dtype), &bytes) ||
        bytes != e->end - e->begin)
        return ay_fail(err, AY_ECORRUPT, "tensor \"%s\": %s %s does not take %zu bytes", e->name,
                       dtype, ay_shape_text(&e->tensor.shape, text), e->end - e->begin);
    e->tensor.data = (void *)(st->data + e->begin);
    return AY_OK;
}

/* Invariant 3: one after the other, from the first byte to the last. */
static ay_status check_tiling(const ay_safetensors *st, ay_err *err)
{
    size_t at = 0;

    for (size_t i = 0; i < st->count; i++) {
        const entry *e = &st->all[i];
        if (e->begin != at)
            return ay_fail(err, AY_ECORRUPT, "tensor \"%s\" begins at byte %zu, %s byte %zu",
                           e->name, e->begin, e->begin < at ? "overlapping" : "leaving a hole at",
                           at);
        at = e->end;
    }
    if (at != st->data_size)
        return ay_fail(err, AY_ECORRUPT, "%zu bytes after the last tensor belong to none",
                       st->data_size - at);
    return AY_OK;
}

static ay_status check_meta(const json_t *meta, ay_err *err)
{
    const char *key;
    const json_t *value;

    if (!json_is_object(meta))
        return ay_fail(err, AY_ECORRUPT, "__metadata__ is not an object");
    json_object_foreach((json_t *)meta, key, value) if (!json_is_string(value)) return ay_fail(
        err, AY_ECORRUPT, "__metadata__: \"%.80s\" is not a text", key);
    return AY_OK;
}

static ay_status parse_all(ay_safetensors *st, ay_err *err)
{
    const char *key;
    json_t *body;
    ay_status status;

    st->all = ay_calloc(json_object_size(st->root), sizeof *st->all);
    if (!st->all)
        return ay_fail(err, AY_ENOMEM, "out of memory for the list of tensors");
    json_object_foreach(st->root, key, body)
    {
        if (strcmp(key, "__metadata__") == 0) {
            if ((status = check_meta(body, err)) != AY_OK)
                return status;
            continue;
        }
        st->all[st->count].name = key;
        if ((status = parse_entry(st, &st->all[st->count], body, err)) != AY_OK)
            return status;
        st->count++;
    }
    qsort(st->all, st->count, sizeof *st->all, by_begin);
    if ((status = check_tiling(st, err)) != AY_OK)
        return status;
    qsort(st->all, st->count, sizeof *st->all, by_name);
    return AY_OK;
}

static ay_status parse_header(ay_safetensors *st, const unsigned char *p, size_t n, ay_err *err)
{
    uint64_t length = 0;
    json_error_t why;

    if (n < 8)
        return ay_fail(err, AY_ECORRUPT, "%zu bytes are too few for a safetensors file", n);
    for (int i = 7; i >= 0; i--)
        length = length << 8 | p[i];
    if (length > AY_SAFETENSORS_HEADER_MAX || length > n - 8)
        return ay_fail(err, AY_ECORRUPT,
                       "the header claims %llu bytes; the file has %zu and %u are allowed",
                       (unsigned long long)length, n - 8, AY_SAFETENSORS_HEADER_MAX);
    if (length == 0 || p[8] != '{')
        return ay_fail(err, AY_ECORRUPT, "the header does not start with {");
    st->root = json_loadb((const char *)p + 8, (size_t)length, JSON_REJECT_DUPLICATES, &why);
    if (!st->root)
        return ay_fail(err, AY_ECORRUPT, "header, byte %d: %s", why.position, why.text);
    st->data = p + 8 + length;
    st->data_size = n - 8 - (size_t)length;
    return parse_all(st, err);
}

ay_status ay_safetensors_from_memory(ay_safetensors **out, const void *p, size_t n, ay_err *err)
{
    ay_safetensors *st = ay_calloc(1, sizeof *st);
    ay_status status;

    *out = NULL;
    if (!st)
        return ay_fail(err, AY_ENOMEM, "out of memory opening weights");
    status = parse_header(st, p, n, err);
    if (status != AY_OK) {
        ay_safetensors_close(st);
        return status;
    }
    *out = st;
    return AY_OK;
}

ay_status ay_safetensors_open(ay_safetensors **out, const char *path, ay_err *err)
{
    ay_map map;
    ay_status status = ay_map_open(&map, path, err);

    *out = NULL;
    if (status != AY_OK)
        return status;
    status = ay_safetensors_from_memory(out, map.data, map.size, err);
    if (status != AY_OK) {
        ay_map_close(&map);
        ay_err_wrap(err, "%s", path);
        return status;
    }
    (*out)->map = map;
    return AY_OK;
}

/* Names into st->names, one after the other. */
static void take_list(ay_safetensors *st, const ay_named_tensor *list, size_t n)
{
    char *at = st->names;

    for (size_t i = 0; i < n; i++) {
        size_t room = strlen(list[i].name) + 1;
        memcpy(at, list[i].name, room);
        st->all[i] = (entry){.name = at, .tensor = list[i].tensor};
        at += room;
    }
    st->count = n;
    qsort(st->all, n, sizeof *st->all, by_name);
}

ay_status ay_safetensors_from_list(ay_safetensors **out, const ay_named_tensor *list, size_t n,
                                   ay_err *err)
{
    ay_safetensors *st = ay_calloc(1, sizeof *st);
    size_t room = 1;
    ay_status status = AY_OK;

    *out = NULL;
    for (size_t i = 0; i < n; i++)
        room += strlen(list[i].name) + 1;
    if (st) {
        st->names = ay_alloc(room, 1);
        st->all = ay_calloc(n + 1, sizeof *st->all);
    }
    if (!st || !st->names || !st->all) {
        ay_safetensors_close(st);
        return ay_fail(err, AY_ENOMEM, "out of memory for a list of tensors");
    }
    take_list(st, list, n);
    for (size_t i = 1; status == AY_OK && i < n; i++)
        if (strcmp(st->all[i - 1].name, st->all[i].name) == 0)
            status = ay_fail(err, AY_ECORRUPT, "two tensors are called \"%s\"", st->all[i].name);
    if (status != AY_OK)
        ay_safetensors_close(st);
    else
        *out = st;
    return status;
}

void ay_safetensors_forget(const ay_safetensors *st)
{
    ay_map_forget(&st->map);
}

void ay_safetensors_close(ay_safetensors *st)
{
    if (!st)
        return;
    ay_free(st->names);
    json_decref(st->root);
    ay_free(st->all);
    ay_map_close(&st->map);
    ay_free(st);
}

size_t ay_safetensors_count(const ay_safetensors *st)
{
    return st->count;
}

const char *ay_safetensors_name(const ay_safetensors *st, size_t i)
{
    return st->all[i].name;
}

const ay_tensor *ay_safetensors_at(const ay_safetensors *st, size_t i)
{
    return &st->all[i].tensor;
}

const ay_tensor *ay_safetensors_find(const ay_safetensors *st, const char *name)
{
    entry key = {.name = name};
    const entry *e = bsearch(&key, st->all, st->count, sizeof *st->all, by_name);

    return e ? &e->tensor : NULL;
}

const char *ay_safetensors_meta(const ay_safetensors *st, const char *key)
{
    return json_string_value(json_object_get(json_object_get(st->root, "__metadata__"), key));
}
