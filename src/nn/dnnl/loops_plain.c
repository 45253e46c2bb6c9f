/* nn/dnnl/loops_plain.c - loops.inc for every processor; and who runs which. */
#define NAME ay_loops_plain
#include "nn/dnnl/loops.inc"

#include "nn/dnnl/compile.h"

const ay_loops *ay_loops_get(void)
{
    unsigned have = (unsigned)dnnl_get_effective_cpu_isa(), bf16 = dnnl_cpu_isa_avx512_core_bf16;

    if ((have & bf16) == bf16)
        return &ay_loops_bf16;
    return ay_dnnl_wide() ? &ay_loops_wide : &ay_loops_plain;
}
