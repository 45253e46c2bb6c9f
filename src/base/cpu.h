/* base/cpu.h - what this processor can do, asked once.  Threads: any.
 *
 * Kernels are compiled with target attributes and chosen at run time by these flags, so that one
 * program runs on every x86-64 and on other processors too (there all flags are false). */
#ifndef AY_BASE_CPU_H
#define AY_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    bool avx2, fma, f16c, avx512, avx512_vnni, avx512_bf16, amx_bf16;
    bool sha; /* instructions for SHA-256 */
    char name[64]; /* "Intel(R) Xeon(R) Processor", or "unknown" */
} ay_cpu;

const ay_cpu *ay_cpu_get(void);
/* Bytes of memory in this machine; 1 GB when it cannot be asked. */
size_t ay_memory_size(void);

#endif
