#include "base/crc.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

enum { STREAMS = 4, GROUP = 8 * STREAMS };

static uint32_t table[8][256];
static bool quick;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
        table[0][i] = c;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int t = 1; t < 8; t++)
            table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 255];
#if defined(__x86_64__)
    quick = __builtin_cpu_supports("sse4.2");
#endif
}

static uint32_t byte_plain(uint32_t c, unsigned char b)
{
    return c >> 8 ^ table[0][(c ^ b) & 255];
}

/* Eight bytes, the first one lowest. */
static uint32_t word_plain(uint32_t c, uint64_t w)
{
    uint32_t out = 0;

    w ^= c;
    for (int t = 0; t < 8; t++, w >>= 8)
        out ^= table[7 - t][w & 255];
    return out;
}

static uint64_t word_at(const unsigned char *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof w);
    return w;
}

uint32_t ay_crc_plain(const void *from, size_t n)
{
    const unsigned char *p = from;
    uint32_t c[STREAMS] = {~0u, ~0u, ~0u, ~0u}, all = ~0u;

    pthread_once(&once, make);
    if (n >= GROUP) {
        for (; n >= GROUP; n -= GROUP)
            for (int s = 0; s < STREAMS; s++, p += 8)
                c[s] = word_plain(c[s], word_at(p));
        for (int s = 0; s < STREAMS; s++)
            all = word_plain(all, c[s]);
    }
    for (; n > 0; n--)
        all = byte_plain(all, *p++);
    return ~all;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t by_instruction(const unsigned char *p, size_t n)
{
    uint64_t a = ~0u, b = ~0u, c = ~0u, d = ~0u, all = ~0u;

    if (n >= GROUP) {
        for (; n >= GROUP; n -= GROUP, p += GROUP) {
            a = __builtin_ia32_crc32di(a, word_at(p));
            b = __builtin_ia32_crc32di(b, word_at(p + 8));
            c = __builtin_ia32_crc32di(c, word_at(p + 16));
            d = __builtin_ia32_crc32di(d, word_at(p + 24));
        }
        all = __builtin_ia32_crc32di(all, a);
        all = __builtin_ia32_crc32di(all, b);
        all = __builtin_ia32_crc32di(all, c);
        all = __builtin_ia32_crc32di(all, d);
    }
    for (; n > 0; n--)
        all = __builtin_ia32_crc32qi((uint32_t)all, *p++);
    return ~(uint32_t)all;
}
#endif

uint32_t ay_crc(const void *p, size_t n)
{
    pthread_once(&once, make);
#if defined(__x86_64__)
    if (quick)
        return by_instruction(p, n);
#endif
    return ay_crc_plain(p, n);
}
