/* image/exif_facts.c - the EXIF block is found in its container, then a few tags are looked up.
 *
 * Formulae and tag numbers: Exif 2.32 (CIPA DC-008), sections 4.6.4 to 4.6.6; TIFF 6.0, section 2. */
#include "image/exif.h"

#include "base/str.h"
#include "image/codec.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    TAG_MAKE = 0x010F,
    TAG_MODEL = 0x0110,
    TAG_DATE = 0x0132,
    TAG_EXIF = 0x8769,
    TAG_TAKEN = 0x9003,
    TAG_DIGITISED = 0x9004,
    TAG_OFFSET_TAKEN = 0x9011,
    TAG_SUBSECONDS_TAKEN = 0x9291
};
enum { TYPE_ASCII = 2, TYPE_LONG = 4, ENTRY = 12, DATE_LENGTH = 19 };

typedef struct {
    const uint8_t *p;
    size_t n;
    bool big;
} tiff;

static unsigned u16(const tiff *t, size_t at)
{
    return t->big ? ay_be16(t->p + at) : ay_le16(t->p + at);
}

static uint32_t u32(const tiff *t, size_t at)
{
    return t->big ? ay_be32(t->p + at) : ay_le32(t->p + at);
}

/* Where the entry of a tag begins in the directory at `dir`; 0: it has none (no directory lies at 0). */
static size_t entry_of(const tiff *t, size_t dir, unsigned tag)
{
    size_t count, at;

    if (dir < 8 || dir > t->n || t->n - dir < 2)
        return 0;
    count = u16(t, dir);
    for (at = dir + 2; count && t->n - at >= ENTRY; count--, at += ENTRY)
        if (u16(t, at) == tag)
            return at;
    return 0;
}

/* An ASCII value; "" when there is none.  Up to cap - 1 bytes, ends at its first NUL. */
static void text_of(const tiff *t, size_t dir, unsigned tag, char *dst, size_t cap)
{
    size_t at = entry_of(t, dir, tag), n, from;

    dst[0] = '\0';
    if (!at || u16(t, at + 2) != TYPE_ASCII)
        return;
    n = u32(t, at + 4);
    from = n <= 4 ? at + 8 : u32(t, at + 8);
    if (from > t->n || t->n - from < n)
        return;
    n = n < cap - 1 ? n : cap - 1;
    memcpy(dst, t->p + from, n);
    dst[n] = '\0';
}

/* ---- when */

static bool digits(const char *s, int n, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        *out = *out * 10 + (s[i] - '0');
    }
    return true;
}

/* "2024:05:17 14:03:59" in seconds since 1970; false: not such a moment ("0000:00:00 00:00:00" and blanks are what
 * cameras without a clock write). */
static bool seconds_of(const char *s, int64_t *out)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct tm tm = {0};
    int y, mo, d, h, mi, se;
    size_t n = strlen(s);

    if (n < DATE_LENGTH || !digits(s, 4, &y) || !digits(s + 5, 2, &mo) || !digits(s + 8, 2, &d) ||
        !digits(s + 11, 2, &h) || !digits(s + 14, 2, &mi) || !digits(s + 17, 2, &se))
        return false;
    if (s[13] != ':' || s[16] != ':' || y < 1826 || mo < 1 || mo > 12 || d < 1 || d > days[mo - 1] || h > 23 ||
        mi > 59 || se > 60)
        return false;
    tm.tm_year = y - 1900, tm.tm_mon = mo - 1, tm.tm_mday = d;
    tm.tm_hour = h, tm.tm_min = mi, tm.tm_sec = se;
    *out = (int64_t)timegm(&tm);
    return true;
}

/* "+02:00" in seconds; 0 when it is none. */
static int offset_of(const char *s)
{
    int h, m;

    if (strlen(s) < 6 || (s[0] != '+' && s[0] != '-') || !digits(s + 1, 2, &h) || s[3] != ':' ||
        !digits(s + 4, 2, &m) || h > 14 || m > 59)
        return 0;
    return (s[0] == '-' ? -1 : 1) * (h * 3600 + m * 60);
}

static int64_t taken(const tiff *t, size_t first, size_t exif)
{
    char text[32], offset[16], part[8];
    int64_t at;
    int micro = 0, scale = 100000;

    text_of(t, exif, TAG_TAKEN, text, sizeof text);
    if (seconds_of(text, &at)) {
        text_of(t, exif, TAG_OFFSET_TAKEN, offset, sizeof offset);
        text_of(t, exif, TAG_SUBSECONDS_TAKEN, part, sizeof part);
        for (const char *p = part; *p >= '0' && *p <= '9' && scale; p++, scale /= 10)
            micro += (*p - '0') * scale;
        return (at - offset_of(offset)) * 1000000 + micro;
    }
    text_of(t, exif, TAG_DIGITISED, text, sizeof text);
    if (seconds_of(text, &at))
        return at * 1000000;
    text_of(t, first, TAG_DATE, text, sizeof text);
    return seconds_of(text, &at) ? at * 1000000 : 0;
}

/* ---- with what */

/* Printable, in one line, without white space at the ends; what is not UTF-8 goes. */
static char *tidy(char *s)
{
    if (!ay_utf8_valid(s, strlen(s)))
        s[0] = '\0';
    for (char *p = s; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    return ay_str_trim(s);
}

static void camera(const tiff *t, size_t first, char dst[AY_CAMERA_SIZE])
{
    char make_text[64], model_text[64], *make, *model;
    size_t n;

    text_of(t, first, TAG_MAKE, make_text, sizeof make_text);
    text_of(t, first, TAG_MODEL, model_text, sizeof model_text);
    make = tidy(make_text);
    model = tidy(model_text);
    n = strcspn(make, " "); /* "NIKON CORPORATION" and "NIKON D90": the maker is told already */
    if (!*make || (*model && n > 0 && strncmp(make, model, n) == 0))
        snprintf(dst, AY_CAMERA_SIZE, "%s", model);
    else
        snprintf(dst, AY_CAMERA_SIZE, "%.60s%s%s", make, *model ? " " : "", model);
    ay_utf8_cut(dst, AY_CAMERA_SIZE - 1);
    if (!ay_utf8_valid(dst, strlen(dst))) /* cut inside a character above */
        dst[0] = '\0';
}

void ay_exif_read_tiff(const uint8_t *p, size_t n, ay_exif_facts *out)
{
    tiff t;
    size_t first, exif = 0, at;

    *out = (ay_exif_facts){0};
    if (n >= 6 && !memcmp(p, "Exif\0\0", 6)) {
        p += 6;
        n -= 6;
    }
    if (n < 8 || (memcmp(p, "II*\0", 4) != 0 && memcmp(p, "MM\0*", 4) != 0))
        return;
    t = (tiff){p, n, p[0] == 'M'};
    first = u32(&t, 4);
    at = entry_of(&t, first, TAG_EXIF);
    if (at && u16(&t, at + 2) == TYPE_LONG)
        exif = u32(&t, at + 8);
    out->taken_us = taken(&t, first, exif);
    camera(&t, first, out->camera);
}

/* ---- containers: each finds the block or leaves *out as it is */

static void from_jpeg(const uint8_t *p, size_t n, ay_exif_facts *out)
{
    size_t at = 2;

    while (n - at >= 4 && p[at] == 0xFF) {
        size_t length = ay_be16(p + at + 2);
        if (p[at + 1] == 0xFF) { /* padding */
            at++;
            continue;
        }
        if (p[at + 1] == 0xDA || p[at + 1] == 0xD9 || length < 2 || n - at - 2 < length)
            return;
        if (p[at + 1] == 0xE1 && length >= 8 && !memcmp(p + at + 4, "Exif\0\0", 6)) {
            ay_exif_read_tiff(p + at + 4, length - 2, out);
            return;
        }
        at += 2 + length;
    }
}

static void from_png(const uint8_t *p, size_t n, ay_exif_facts *out)
{
    size_t at = 8;

    while (n - at >= 12) {
        size_t length = ay_be32(p + at);
        if (n - at - 12 < length)
            return;
        if (!memcmp(p + at + 4, "eXIf", 4)) {
            ay_exif_read_tiff(p + at + 8, length, out);
            return;
        }
        at += 12 + length;
    }
}

static void from_webp(const uint8_t *p, size_t n, ay_exif_facts *out)
{
    size_t at = 12;

    while (n - at >= 8) {
        size_t length = ay_le32(p + at + 4);
        if (n - at - 8 < length)
            return;
        if (!memcmp(p + at, "EXIF", 4)) {
            ay_exif_read_tiff(p + at + 8, length, out);
            return;
        }
        length += length & 1;
        if (n - at - 8 < length)
            return;
        at += 8 + length;
    }
}

void ay_exif_read(const void *file, size_t n, ay_exif_facts *out)
{
    *out = (ay_exif_facts){0};
    if (n < 12)
        return;
    switch (ay_image_sniff(file, n)) {
    case AY_FORMAT_JPEG: from_jpeg(file, n, out); break;
    case AY_FORMAT_PNG: from_png(file, n, out); break;
    case AY_FORMAT_WEBP: from_webp(file, n, out); break;
    case AY_FORMAT_TIFF: ay_exif_read_tiff(file, n, out); break;
    default: break;
    }
}
