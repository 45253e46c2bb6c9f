#include "base/cpu.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

static ay_cpu cpu;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void read_name(void)
{
    FILE *f = fopen("/proc/cpuinfo", "r");
    char line[256];

    snprintf(cpu.name, sizeof cpu.name, "unknown");
    while (f && fgets(line, sizeof line, f)) {
        char *value = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
        if (!value)
            continue;
        value[strcspn(value, "\n")] = '\0';
        snprintf(cpu.name, sizeof cpu.name, "%.63s", value + 2);
        break;
    }
    if (f)
        fclose(f);
}

static void detect(void)
{
    read_name();
#if defined(__x86_64__)
    unsigned a, b, c, d;
    __builtin_cpu_init();
    cpu.avx2 = __builtin_cpu_supports("avx2");
    cpu.fma = __builtin_cpu_supports("fma");
    cpu.avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    cpu.avx512_vnni = cpu.avx512 && __builtin_cpu_supports("avx512vnni");
    if (__get_cpuid(1, &a, &b, &c, &d))
        cpu.f16c = cpu.avx2 && (c & bit_F16C);
    /* Leaf 7: sub-leaf 1 EAX bit 5 is AVX512_BF16, sub-leaf 0 EDX bit 22 is AMX-BF16. */
    if (__get_cpuid_count(7, 1, &a, &b, &c, &d))
        cpu.avx512_bf16 = cpu.avx512 && (a >> 5 & 1);
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        cpu.amx_bf16 = cpu.avx512 && (d >> 22 & 1);
        cpu.sha = (b >> 29 & 1) && __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");
    }
#endif
}

const ay_cpu *ay_cpu_get(void)
{
    pthread_once(&once, detect);
    return &cpu;
}

size_t ay_memory_size(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

    return pages > 0 && page > 0 ? (size_t)pages * (size_t)page : (size_t)1 << 30;
}
