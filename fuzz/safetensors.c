/* A weight file is opened, and every byte that its tensors claim is read. */
#include "tensor/safetensors.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ay_safetensors *st;
    volatile unsigned char sink = 0;

    if (ay_safetensors_from_memory(&st, data, size, NULL) != AY_OK)
        return 0;
    for (size_t i = 0; i < ay_safetensors_count(st); i++) {
        const ay_tensor *t = ay_safetensors_at(st, i);
        const unsigned char *p = t->data;
        for (size_t j = 0; j < ay_tensor_bytes(t); j++)
            sink = (unsigned char)(sink + p[j]);
        if (ay_safetensors_find(st, ay_safetensors_name(st, i)) != t)
            __builtin_trap();
    }
    ay_safetensors_close(st);
    return 0;
}
