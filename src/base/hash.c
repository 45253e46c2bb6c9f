#include "base/hash.h"
#include "base/cpu.h"
#include "base/sha.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof((ay_sha256 *)0)->state, "room for state");

static crypto_hash_sha256_state *state(ay_sha256 *h)
{
    return (crypto_hash_sha256_state *)(void *)h->state;
}

void ay_sha256_init(ay_sha256 *h)
{
    crypto_hash_sha256_init(state(h));
}

void ay_sha256_add(ay_sha256 *h, const void *p, size_t n)
{
    crypto_hash_sha256_state *s = state(h);
    const unsigned char *data = p;
    size_t waiting = (size_t)(s->count >> 3 & 63), head = waiting ? 64 - waiting : 0, blocks;

    if (n >= head + 64 && ay_cpu_get()->sha) {
        if (head)
            crypto_hash_sha256_update(s, data, head);
        blocks = (n - head) / 64;
        ay_sha256_blocks(s->state, data + head, blocks);
        s->count += (uint64_t)blocks << 9; /* in bits */
        data += head + blocks * 64;
        n -= head + blocks * 64;
    }
    if (n)
        crypto_hash_sha256_update(s, data, n);
}

void ay_sha256_hex(ay_sha256 *h, char hex[AY_SHA256_HEX])
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256_final(state(h), digest);
    sodium_bin2hex(hex, AY_SHA256_HEX, digest, sizeof digest);
}

void ay_sha256_bytes(const void *p, size_t n, char hex[AY_SHA256_HEX])
{
    ay_sha256 h;

    ay_sha256_init(&h);
    ay_sha256_add(&h, p, n);
    ay_sha256_hex(&h, hex);
}

ay_status ay_sha256_file(const char *path, char hex[AY_SHA256_HEX], ay_err *err)
{
    static _Thread_local unsigned char chunk[1 << 16];
    FILE *f = fopen(path, "rb");
    ay_sha256 h;
    size_t n;
    int bad;

    if (!f)
        return ay_fail(err, errno == ENOENT ? AY_ENOTFOUND : AY_EIO, "open %s: %s", path,
                       strerror(errno));
    ay_sha256_init(&h);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        ay_sha256_add(&h, chunk, n);
    bad = ferror(f);
    fclose(f);
    if (bad)
        return ay_fail(err, AY_EIO, "read %s", path);
    ay_sha256_hex(&h, hex);
    return AY_OK;
}

bool ay_sha256_valid(const char *s)
{
    return strspn(s, "0123456789abcdef") == 64 && s[64] == '\0';
}

void ay_random_hex(char *dst, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c;
        randombytes_buf(&c, 1);
        snprintf(dst + 2 * i, 3, "%02x", c);
    }
}
