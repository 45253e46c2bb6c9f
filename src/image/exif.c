/* image/exif.c - the one EXIF value that changes what a picture shows (what else a camera wrote: exif_facts.c).
 *
 * EXIF is a TIFF directory.  Only the first directory is looked at, and only for tag 0x0112;
 * offsets are the file's claim and are checked against n before use.  A directory that makes no
 * sense means orientation 1, never an error: bad metadata does not make a photo unreadable. */
#include "image/codec.h"

#include <string.h>

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT      3
#define ENTRY           12

typedef unsigned (*read16)(const uint8_t *);
typedef uint32_t (*read32)(const uint8_t *);

static int search(const uint8_t *tiff, size_t n, read16 u16, read32 u32)
{
    size_t at = u32(tiff + 4);
    size_t count;

    if (at > n || n - at < 2)
        return 1;
    count = u16(tiff + at);
    at += 2;
    for (; count && n - at >= ENTRY; count--, at += ENTRY) {
        const uint8_t *e = tiff + at;
        unsigned value = u16(e + 8);

        if (u16(e) != TAG_ORIENTATION)
            continue;
        if (u16(e + 2) != TYPE_SHORT) /* some writers use a LONG */
            value = u32(e + 8);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

int ay_exif_orientation(const uint8_t *tiff, size_t n)
{
    if (n >= 6 && !memcmp(tiff, "Exif\0\0", 6)) { /* WebP and PNG writers differ on this prefix */
        tiff += 6;
        n -= 6;
    }
    if (n < 8)
        return 1;
    if (!memcmp(tiff, "II*\0", 4))
        return search(tiff, n, ay_le16, ay_le32);
    if (!memcmp(tiff, "MM\0*", 4))
        return search(tiff, n, ay_be16, ay_be32);
    return 1;
}
