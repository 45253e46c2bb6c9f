#include "base/mem.h"
#include "engine/unknown.h"
#include "engine/unknown_parts.h"

#include <math.h>
#include <string.h>

static const char *const tensor_name[AY_UNKNOWN_TENSORS] = {"unknown.mean", "unknown.whiten",
                                                            "unknown.bank"};

json_t *ay_unknown_json(const ay_unknown *u)
{
    json_t *kinds = json_object(), *out;

    for (int k = 0; k < AY_UNKNOWN_KINDS; k++) {
        json_t *one = json_pack("{s:f}", "threshold", u->threshold[k]);
        if (k < AY_UNKNOWN_COMBINED) {
            json_object_set_new(one, "mean", json_real(u->mean[k]));
            json_object_set_new(one, "spread", json_real(u->spread[k]));
        }
        json_object_set_new(kinds, ay_unknown_name((ay_unknown_kind)k), one);
    }
    out = json_pack("{s:s,s:f,s:i,s:f,s:i,s:i,s:o}", "decide", ay_unknown_name(u->decide),
                    "false_alarm", u->false_alarm, "neighbours", u->neighbours, "temperature",
                    u->temperature, "dim", u->dim, "classes", u->classes, "detectors", kinds);
    return out;
}

int ay_unknown_tensors(const ay_unknown *u, ay_named_tensor *out, int cap)
{
    const ay_tensor t[AY_UNKNOWN_TENSORS] = {
        ay_tensor_make(AY_F32, AY_SHAPE(u->classes, u->dim), u->class_mean),
        ay_tensor_make(AY_F32, AY_SHAPE(u->dim, u->dim), u->whiten),
        ay_tensor_make(AY_F32, AY_SHAPE(u->bank_rows, u->dim), u->bank)};
    int n = 0;

    for (; n < AY_UNKNOWN_TENSORS && n < cap; n++)
        out[n] = (ay_named_tensor){tensor_name[n], t[n]};
    return n;
}

/* ---- back ----------------------------------------------------------------------------------- */

static ay_status number(const json_t *from, const char *what, const char *key, double lo, double hi,
                        double *out, ay_err *err)
{
    const json_t *v = json_object_get(from, key);

    *out = json_number_value(v);
    if (!json_is_number(v))
        return ay_fail(err, AY_ENOTFOUND, "unknown: %s has no number \"%s\"", what, key);
    if (!(*out >= lo && *out <= hi))
        return ay_fail(err, AY_ECORRUPT, "unknown: \"%s\" of %s is %g, outside %g to %g", key, what,
                       *out, lo, hi);
    return AY_OK;
}

static ay_status read_kinds(ay_unknown *u, const json_t *json, ay_err *err)
{
    const json_t *kinds = json_object_get(json, "detectors");
    ay_status status = AY_OK;

    for (int k = 0; k < AY_UNKNOWN_KINDS && status == AY_OK; k++) {
        const char *name = ay_unknown_name((ay_unknown_kind)k);
        const json_t *one = json_object_get(kinds, name);
        status = number(one, name, "threshold", -1e300, 1e300, &u->threshold[k], err);
        if (k >= AY_UNKNOWN_COMBINED)
            continue;
        if (status == AY_OK)
            status = number(one, name, "mean", -1e300, 1e300, &u->mean[k], err);
        if (status == AY_OK)
            status = number(one, name, "spread", 1e-300, 1e300, &u->spread[k], err);
    }
    return status;
}

/* Before room is made: what the file does not hold is not asked of memory either. */
static ay_status check_tensor(const ay_safetensors *st, int which, int64_t rows, int64_t dim,
                              ay_err *err)
{
    const ay_tensor *t = ay_safetensors_find(st, tensor_name[which]);
    char text[AY_SHAPE_TEXT];

    if (!t)
        return ay_fail(err, AY_ENOTFOUND, "unknown: tensor %s is missing", tensor_name[which]);
    if (!ay_dtype_is_float(t->dtype) || t->shape.rank != 2 || t->shape.dim[1] != dim ||
        t->shape.dim[0] != rows)
        return ay_fail(err, AY_ECORRUPT, "unknown: tensor %s is %s %s, wanted floats [%lld, %lld]",
                       tensor_name[which], ay_dtype_name(t->dtype), ay_shape_text(&t->shape, text),
                       (long long)rows, (long long)dim);
    return AY_OK;
}

static ay_status read_tensor(const ay_safetensors *st, int which, int64_t rows, int64_t dim,
                             float *dst, ay_err *err)
{
    const ay_tensor *t = ay_safetensors_find(st, tensor_name[which]);

    ay_to_f32(dst, t->data, t->dtype, (size_t)(rows * dim));
    for (int64_t i = 0; i < rows * dim; i++)
        if (!isfinite(dst[i]))
            return ay_fail(err, AY_ECORRUPT, "unknown: tensor %s holds a value that is not finite",
                           tensor_name[which]);
    return AY_OK;
}

static ay_status read_tensors(ay_unknown *u, const ay_safetensors *st, ay_err *err)
{
    ay_status status = read_tensor(st, 0, u->classes, u->dim, u->class_mean, err);

    if (status == AY_OK)
        status = read_tensor(st, 1, u->dim, u->dim, u->whiten, err);
    if (status == AY_OK)
        status = read_tensor(st, 2, u->bank_rows, u->dim, u->bank, err);
    return status;
}

ay_status ay_unknown_load(ay_unknown **out, const json_t *json, const ay_safetensors *st,
                          ay_err *err)
{
    const ay_tensor *bank = ay_safetensors_find(st, tensor_name[2]);
    const char *decide = json_string_value(json_object_get(json, "decide"));
    double dim, classes, neighbours, temperature, rate;
    ay_unknown_kind kind;
    ay_status status = number(json, "unknown", "dim", 1, 65536, &dim, err);

    *out = NULL;
    if (status == AY_OK)
        status = number(json, "unknown", "classes", 1, 65536, &classes, err);
    if (status == AY_OK)
        status = number(json, "unknown", "neighbours", 1, 65536, &neighbours, err);
    if (status == AY_OK)
        status = number(json, "unknown", "temperature", 1e-6, 1e6, &temperature, err);
    if (status == AY_OK)
        status = number(json, "unknown", "false_alarm", 0, 1, &rate, err);
    if (status != AY_OK)
        return status;
    if (!decide || !ay_unknown_parse(decide, &kind))
        return ay_fail(err, AY_ECORRUPT, "unknown: \"decide\" names no detector");
    if (!bank || bank->shape.rank != 2 || bank->shape.dim[0] < 1 || bank->shape.dim[0] > 1 << 24)
        return ay_fail(err, bank ? AY_ECORRUPT : AY_ENOTFOUND,
                       "unknown: tensor %s is missing or has no rows", tensor_name[2]);
    status = check_tensor(st, 0, (int)classes, (int)dim, err);
    if (status == AY_OK)
        status = check_tensor(st, 1, (int)dim, (int)dim, err);
    if (status == AY_OK)
        status = check_tensor(st, 2, bank->shape.dim[0], (int)dim, err);
    if (status == AY_OK)
        status = ay_unknown_alloc(out, (int)dim, (int)classes, (int)bank->shape.dim[0], err);
    if (status != AY_OK)
        return status;
    (*out)->neighbours = (int)neighbours;
    (*out)->temperature = temperature;
    (*out)->false_alarm = rate;
    (*out)->decide = kind;
    status = read_kinds(*out, json, err);
    if (status == AY_OK)
        status = read_tensors(*out, st, err);
    if (status == AY_OK) {
        ay_unknown_seat(*out);
    } else {
        ay_unknown_destroy(*out);
        *out = NULL;
    }
    return status;
}
