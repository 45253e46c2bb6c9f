#include "train/features.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { DIGEST = 32, HEAD = 128 };

struct ay_features {
    int fd; /* -1: memory only */
    size_t row, record;
    unsigned char *data; /* records, DIGEST + row floats each (in memory without the check) */
    size_t count, cap;
    uint32_t *slot; /* open addressing: number of the record + 1 */
    size_t slots;   /* a power of two */
};

/* CRC-32 of IEEE 802.3, bit by bit: a record is a few kilobytes beside milliseconds of network. */
static uint32_t crc32_of(const unsigned char *p, size_t n)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t c = ~0u;

    for (size_t i = 0; i < n; i++) {
        c = nibble[(c ^ p[i]) & 15] ^ c >> 4;
        c = nibble[(c ^ (uint32_t)(p[i] >> 4)) & 15] ^ c >> 4;
    }
    return ~c;
}

static void from_hex(const char *hex, unsigned char bytes[DIGEST])
{
    for (int i = 0; i < DIGEST; i++) {
        unsigned v = 0;
        sscanf(hex + 2 * i, "%2x", &v);
        bytes[i] = (unsigned char)v;
    }
}

static unsigned char *record_at(const ay_features *f, size_t i)
{
    return f->data + i * f->record;
}

/* Where the digest is, or the empty slot where it belongs. */
static size_t slot_of(const ay_features *f, const unsigned char *digest)
{
    uint64_t h;
    size_t at;

    memcpy(&h, digest, sizeof h); /* SHA-256: any eight bytes are a hash */
    for (at = (size_t)h & (f->slots - 1); f->slot[at]; at = (at + 1) & (f->slots - 1))
        if (memcmp(record_at(f, f->slot[at] - 1), digest, DIGEST) == 0)
            break;
    return at;
}

static ay_status grow(ay_features *f, ay_err *err)
{
    size_t cap = f->cap ? 2 * f->cap : 256;
    unsigned char *data = ay_realloc(f->data, cap, f->record);
    uint32_t *slot = ay_calloc(2 * cap, sizeof *slot);

    if (data)
        f->data = data;
    if (!data || !slot) {
        ay_free(slot);
        return ay_fail(err, AY_ENOMEM, "out of memory for the features of %zu pictures", f->count);
    }
    ay_free(f->slot);
    f->slot = slot;
    f->slots = 2 * cap;
    f->cap = cap;
    for (size_t i = 0; i < f->count; i++)
        f->slot[slot_of(f, record_at(f, i))] = (uint32_t)i + 1;
    return AY_OK;
}

static ay_status put(ay_features *f, const unsigned char *record, bool *fresh, ay_err *err)
{
    ay_status status = f->count == f->cap ? grow(f, err) : AY_OK;
    size_t at;

    if (status != AY_OK)
        return status;
    at = slot_of(f, record);
    *fresh = f->slot[at] == 0;
    if (*fresh) {
        memcpy(record_at(f, f->count), record, f->record);
        f->slot[at] = (uint32_t)++f->count;
    }
    return AY_OK;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* Read all whole records; what follows them is cut off. */
static ay_status read_records(ay_features *f, ay_err *err)
{
    size_t size = f->record + sizeof(uint32_t);
    unsigned char *buf = ay_alloc(size, 1);
    off_t good = HEAD;
    ay_status status = buf ? AY_OK : ay_fail(err, AY_ENOMEM, "cached features");

    while (status == AY_OK && read(f->fd, buf, size) == (ssize_t)size) {
        uint32_t sum;
        bool fresh;
        memcpy(&sum, buf + f->record, sizeof sum);
        if (sum != crc32_of(buf, f->record))
            break;
        status = put(f, buf, &fresh, err);
        good += (off_t)size;
    }
    ay_free(buf);
    if (status == AY_OK && (ftruncate(f->fd, good) != 0 || lseek(f->fd, good, SEEK_SET) != good)) {
        close(f->fd);
        f->fd = -1;
    }
    return status;
}

static void stop_writing(ay_features *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

/* Open, lock, and see that it is ours; memory only when any of it does not work. */
static ay_status open_file(ay_features *f, const char *folder, const char *key, ay_err *err)
{
    char head[HEAD] = "", found[HEAD] = "", hex[AY_SHA256_HEX], text[1024], path[4200];

    if (ay_file_mkdirs(folder, NULL) != AY_OK)
        return AY_OK;
    snprintf(text, sizeof text, "%.900s row=%zu", key, f->row);
    ay_sha256_bytes(text, strlen(text), hex);
    snprintf(path, sizeof path, "%.4000s/%.32s.features", folder, hex);
    snprintf(head, sizeof head, "assay features 1 row=%zu %s\n", f->row, hex);
    f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (f->fd < 0)
        return AY_OK;
    if (flock(f->fd, LOCK_EX | LOCK_NB) != 0) {
        stop_writing(f);
        return AY_OK;
    }
    if (read(f->fd, found, HEAD) == HEAD && memcmp(found, head, HEAD) == 0)
        return read_records(f, err);
    if (ftruncate(f->fd, 0) != 0 || pwrite(f->fd, head, HEAD, 0) != HEAD ||
        lseek(f->fd, HEAD, SEEK_SET) != HEAD)
        stop_writing(f);
    return AY_OK;
}

ay_status ay_features_open(ay_features **out, const char *folder, const char *key, int row,
                           ay_err *err)
{
    ay_features *f = ay_calloc(1, sizeof *f);
    ay_status status;

    *out = NULL;
    if (!f)
        return ay_fail(err, AY_ENOMEM, "cached features");
    f->fd = -1;
    f->row = (size_t)row;
    f->record = DIGEST + f->row * sizeof(float);
    status = grow(f, err);
    if (status == AY_OK && *folder && strcmp(folder, "none") != 0)
        status = open_file(f, folder, key, err);
    if (status != AY_OK) {
        ay_features_close(f);
        return status;
    }
    *out = f;
    return AY_OK;
}

void ay_features_close(ay_features *f)
{
    if (!f)
        return;
    stop_writing(f);
    ay_free(f->data);
    ay_free(f->slot);
    ay_free(f);
}

const float *ay_features_find(const ay_features *f, const char *digest)
{
    unsigned char key[DIGEST];
    size_t at;

    from_hex(digest, key);
    at = slot_of(f, key);
    /* DIGEST and the rows keep the floats aligned. */
    return f->slot[at] ? (const float *)(const void *)(record_at(f, f->slot[at] - 1) + DIGEST) : NULL;
}

ay_status ay_features_add(ay_features *f, const char *digest, const float *row, ay_err *err)
{
    size_t size = f->record + sizeof(uint32_t);
    unsigned char *record = ay_alloc(size, 1);
    bool fresh = false;
    uint32_t sum;
    ay_status status;

    if (!record)
        return ay_fail(err, AY_ENOMEM, "cached features");
    from_hex(digest, record);
    memcpy(record + DIGEST, row, f->row * sizeof *row);
    sum = crc32_of(record, f->record);
    memcpy(record + f->record, &sum, sizeof sum);
    status = put(f, record, &fresh, err);
    if (fresh && f->fd >= 0 && write(f->fd, record, size) != (ssize_t)size)
        stop_writing(f); /* the next reader cuts off what was half-written */
    ay_free(record);
    return status;
}

size_t ay_features_count(const ay_features *f)
{
    return f->count;
}

void ay_features_default_folder(char *dst, size_t cap)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    dst[0] = '\0';
    if (cache && *cache == '/')
        snprintf(dst, cap, "%s/assay/features", cache);
    else if (home && *home)
        snprintf(dst, cap, "%s/.cache/assay/features", home);
}
