/* nn/average.c - EMA and SWA (Izmailov et al., "Averaging weights leads to wider optima", 2018). */
#include "nn/optim.h"

#include "base/mem.h"
#include "nn/optim_kernel.h"

#include <string.h>

enum { STATE = 2, BLOCK = 4096 };

struct ay_average {
    ay_weights *w;
    double decay; /* 0: SWA */
    float *values;
    size_t count;
    int64_t updates;
};

ay_status ay_average_create(ay_average **out, ay_weights *w, float decay, ay_err *err)
{
    ay_average *a;
    size_t n;
    const float *values = ay_weights_values(w, &n);

    *out = NULL;
    if (!(decay >= 0 && decay < 1))
        return ay_fail(err, AY_EINVAL, "an average's decay of %g: wants 0 to below 1",
                       (double)decay);
    a = ay_calloc(1, sizeof *a);
    if (a)
        a->values = ay_memdup(values, n * sizeof *values);
    if (!a || !a->values) {
        ay_average_destroy(a);
        return ay_fail(err, AY_ENOMEM, "out of memory for an average of %zu weights", n);
    }
    a->w = w;
    a->decay = (double)decay;
    a->count = n;
    *out = a;
    return AY_OK;
}

void ay_average_destroy(ay_average *a)
{
    if (!a)
        return;
    ay_free(a->values);
    ay_free(a);
}

void ay_average_update(ay_average *a)
{
    size_t n;
    const float *values = ay_weights_values(a->w, &n);
    double count = (double)a->updates++, warm = (1 + count) / (10 + count);
    double keep = a->decay == 0 ? count / (count + 1) : warm < a->decay ? warm : a->decay;

    if (keep == 0)
        memcpy(a->values, values, a->count * sizeof *values);
    else
        ay_optim_kernel_at(0)->blend(a->values, values, (float)(1 - keep), a->count);
}

void ay_average_swap(ay_average *a)
{
    size_t n;
    float *values = ay_weights_values(a->w, &n), room[BLOCK];

    for (size_t i = 0; i < a->count; i += BLOCK) {
        size_t bytes = (a->count - i < BLOCK ? a->count - i : BLOCK) * sizeof *values;
        memcpy(room, values + i, bytes);
        memcpy(values + i, a->values + i, bytes);
        memcpy(a->values + i, room, bytes);
    }
}

static const char *const state_names[STATE] = {"average.values", "average.updates"};

static ay_tensor state_at(const ay_average *a, int i)
{
    return i == 0 ? ay_tensor_make(AY_F32, AY_SHAPE((int64_t)a->count), a->values)
                  : ay_tensor_make(AY_I64, AY_SHAPE(1), (void *)&a->updates);
}

int ay_average_state(const ay_average *a, ay_tensor *out, const char **names, int cap)
{
    for (int i = 0; i < STATE && i < cap; i++) {
        out[i] = state_at(a, i);
        names[i] = state_names[i];
    }
    return STATE;
}

ay_status ay_average_restore(ay_average *a, const ay_safetensors *st, ay_err *err)
{
    for (int i = 0; i < STATE; i++) {
        const ay_tensor *from = ay_safetensors_find(st, state_names[i]);
        ay_tensor to = state_at(a, i);
        if (!from)
            return ay_fail(err, AY_ENOTFOUND, "the file lacks \"%s\"", state_names[i]);
        if (from->dtype != to.dtype || !ay_shape_equal(&from->shape, &to.shape))
            return ay_fail(err, AY_ECORRUPT, "\"%s\" is the average of another network",
                           state_names[i]);
    }
    for (int i = 0; i < STATE; i++) {
        ay_tensor to = state_at(a, i);
        memcpy(to.data, ay_safetensors_find(st, state_names[i])->data, ay_tensor_bytes(&to));
    }
    return AY_OK;
}
