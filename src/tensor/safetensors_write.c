/* tensor/safetensors_write.c - writing: header, padding to 64 bytes, data; whole or not at all.
 *
 * The file is built in memory because base/file.h writes atomically from memory; weights are at
 * most a few hundred megabytes, and a checkpoint must be consistent anyway. */
#include "tensor/safetensors.h"

#include "base/file.h"
#include "base/mem.h"

#include <jansson.h>
#include <string.h>

static int add_meta(json_t *root, const char *const *meta)
{
    json_t *m = json_object();
    int bad = json_object_set_new(root, "__metadata__", m);

    for (; !bad && *meta; meta += 2)
        bad = json_object_set_new(m, meta[0], json_string(meta[1]));
    return bad;
}

static int add_tensor(json_t *root, const ay_named_tensor *t, size_t begin)
{
    json_t *shape = json_array(), *body;

    for (int i = 0; i < t->tensor.shape.rank; i++)
        json_array_append_new(shape, json_integer(t->tensor.shape.dim[i]));
    body = json_pack("{s:s, s:o, s:[I, I]}", "dtype", ay_dtype_name(t->tensor.dtype), "shape",
                     shape, "data_offsets", (json_int_t)begin,
                     (json_int_t)(begin + ay_tensor_bytes(&t->tensor)));
    return body ? json_object_set_new(root, t->name, body) : -1;
}

static int append(const char *text, size_t n, void *out)
{
    ay_buf_add(out, text, n);
    return ((ay_buf *)out)->failed ? -1 : 0;
}

/* The header's text, spaces added so that the data begins at a multiple of 64. */
static ay_status build_header(const ay_named_tensor *t, size_t n, const char *const *meta,
                              ay_buf *out, ay_err *err)
{
    json_t *root = json_object();
    size_t begin = 0, length;
    int bad = !root || (meta && add_meta(root, meta));

    ay_buf_add(out, "\0\0\0\0\0\0\0", 8);
    for (size_t i = 0; i < n && !bad; i++) {
        if (json_object_get(root, t[i].name)) {
            json_decref(root);
            return ay_fail(err, AY_EINVAL, "two tensors are called \"%s\"", t[i].name);
        }
        bad = add_tensor(root, &t[i], begin);
        begin += ay_tensor_bytes(&t[i].tensor);
    }
    bad = bad || json_dump_callback(root, append, out, JSON_COMPACT);
    json_decref(root);
    if (bad)
        return ay_fail(err, AY_ENOMEM,
                       "cannot write the header: a name is not UTF-8, or no memory");
    while (!out->failed && out->len % 64)
        ay_buf_putc(out, ' ');
    length = out->len - 8;
    for (int i = 0; i < 8; i++)
        out->data[i] = (char)(length >> 8 * i & 0xff);
    return AY_OK;
}

ay_status ay_safetensors_write(const char *path, const ay_named_tensor *tensors, size_t n,
                               const char *const *meta, ay_err *err)
{
    ay_buf b = {0};
    ay_status status = build_header(tensors, n, meta, &b, err);

    for (size_t i = 0; status == AY_OK && i < n; i++)
        ay_buf_add(&b, tensors[i].tensor.data, ay_tensor_bytes(&tensors[i].tensor));
    if (status == AY_OK && b.failed)
        status = ay_fail(err, AY_ENOMEM, "out of memory writing %s", path);
    if (status == AY_OK)
        status = ay_file_write(path, b.data, b.len, err);
    ay_buf_fini(&b);
    return status;
}
