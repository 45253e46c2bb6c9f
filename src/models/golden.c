#include "models/golden.h"
#include "base/file.h"
#include "base/mem.h"
#include "models/formula.h"
#include "tensor/safetensors.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static float *numbers(const json_t *array, size_t *count)
{
    size_t n = json_array_size(array);
    float *p = n ? ay_alloc(n, sizeof *p) : NULL;

    *count = n;
    for (size_t i = 0; p && i < n; i++)
        p[i] = (float)json_number_value(json_array_get(array, i));
    return p;
}

/* Texts: a row of whole numbers each. */
static ay_status read_ids(ay_golden *g, const json_t *ids, const char *path, ay_err *err)
{
    size_t n = json_array_size(ids), t = json_array_size(json_array_get(ids, 0));

    g->x = n && t ? ay_calloc(n * t, sizeof *g->x) : NULL;
    if (!g->x)
        return ay_fail(err, AY_ECORRUPT, "%s: ids must be rows of numbers", path);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < t; k++)
            g->x[i * t + k] =
                (float)json_number_value(json_array_get(json_array_get(ids, i), k));
    memcpy(g->input, (int64_t[]){(int64_t)n, (int64_t)t, 1, 1}, sizeof g->input);
    return AY_OK;
}

static ay_status read_input(ay_golden *g, const json_t *root, const char *path, ay_err *err)
{
    const json_t *shape = json_object_get(root, "input");
    size_t n = 1;

    if (json_object_get(root, "ids"))
        return read_ids(g, json_object_get(root, "ids"), path, err);
    if (json_array_size(shape) != 4)
        return ay_fail(err, AY_ECORRUPT, "%s: input must have 4 sizes", path);
    for (size_t i = 0; i < 4; i++) {
        g->input[i] = json_integer_value(json_array_get(shape, i));
        if (g->input[i] < 1 || g->input[i] > 4096)
            return ay_fail(err, AY_ECORRUPT, "%s: input size %zu is out of range", path, i);
        n *= (size_t)g->input[i];
    }
    g->x = ay_alloc(n, sizeof *g->x);
    if (!g->x)
        return ay_fail(err, AY_ENOMEM, "%s: input", path);
    ay_formula_fill(g->x, n, "input", 0.0f,
                    (float)json_number_value(json_object_get(root, "input_amp")));
    return AY_OK;
}

ay_status ay_golden_load(ay_golden *out, const char *path, ay_err *err)
{
    json_error_t je;
    json_t *root = json_load_file(path, 0, &je);
    size_t features, logits;
    ay_status status;

    *out = (ay_golden){.json = root};
    if (!root)
        return ay_fail(err, AY_ECORRUPT, "%s:%d: %s", path, je.line, je.text);
    status = read_input(out, root, path, err);
    if (status != AY_OK)
        goto out;
    out->features = numbers(json_object_get(root, "features"), &features);
    out->logits = numbers(json_object_get(root, "logits"), &logits);
    if (!out->features || features % (size_t)out->input[0] || logits % (size_t)out->input[0])
        status = ay_fail(err, AY_ECORRUPT, "%s: features or logits do not fit the input", path);
    out->dim = (int)(features / (size_t)out->input[0]);
    out->classes = (int)(logits / (size_t)out->input[0]);
out:
    if (status != AY_OK)
        ay_golden_fini(out);
    return status;
}

void ay_golden_fini(ay_golden *g)
{
    json_decref(g->json);
    ay_free(g->x);
    ay_free(g->features);
    ay_free(g->logits);
    *g = (ay_golden){0};
}

/* One tensor by its row [name, shape, base, amp]; its data is owned by *out. */
static ay_status make_tensor(const json_t *row, ay_named_tensor *out, ay_err *err)
{
    const json_t *shape = json_array_get(row, 1);
    int64_t dim[AY_MAX_RANK] = {0};
    int rank = (int)json_array_size(shape);
    size_t n;

    out->name = json_string_value(json_array_get(row, 0));
    if (!out->name || rank > AY_MAX_RANK)
        return ay_fail(err, AY_ECORRUPT, "a row of tensors is not [name, shape, base, amp]");
    for (int d = 0; d < rank; d++)
        dim[d] = json_integer_value(json_array_get(shape, (size_t)d));
    out->tensor = ay_tensor_make(AY_F32, ay_shape_make(rank, dim), NULL);
    n = ay_shape_count(&out->tensor.shape);
    out->tensor.data = ay_alloc(n ? n : 1, sizeof(float));
    if (!out->tensor.data)
        return ay_fail(err, AY_ENOMEM, "tensor %s", out->name);
    ay_formula_fill(out->tensor.data, n, out->name,
                    (float)json_number_value(json_array_get(row, 2)),
                    (float)json_number_value(json_array_get(row, 3)));
    return AY_OK;
}

static ay_status write_weights(const json_t *rows, const char *path, ay_err *err)
{
    size_t n = json_array_size(rows);
    ay_named_tensor *tensors = ay_calloc(n ? n : 1, sizeof *tensors);
    ay_status status = AY_OK;

    if (!tensors)
        return ay_fail(err, AY_ENOMEM, "writing %s", path);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = make_tensor(json_array_get(rows, i), &tensors[i], err);
    if (status == AY_OK)
        status = ay_safetensors_write(path, tensors, n, NULL, err);
    for (size_t i = 0; i < n; i++)
        ay_free(tensors[i].tensor.data);
    ay_free(tensors);
    return status;
}

static ay_status write_config(const json_t *config, const char *folder, ay_err *err)
{
    const char *name =
        json_object_get(config, "model_cfg") ? "open_clip_config.json" : "config.json";
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (json_dump_file(config, path, JSON_INDENT(1)) != 0)
        return ay_fail(err, AY_EIO, "write %s", path);
    return AY_OK;
}

ay_status ay_golden_write_model(const ay_golden *g, const char *folder, ay_err *err)
{
    const json_t *config = json_object_get(g->json, "config");
    char path[4096];
    ay_status status = ay_file_mkdirs(folder, err);

    if (status == AY_OK && config)
        status = write_config(config, folder, err);
    if (status != AY_OK)
        return status;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    return write_weights(json_object_get(g->json, "tensors"), path, err);
}
