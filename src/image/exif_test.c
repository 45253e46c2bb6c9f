/* image/exif_test.c - dates and cameras are read from all four containers; no broken block reads beyond its end.
 *
 * Blocks are built here entry by entry, so that each can be broken at one place.  For bounds each damaged copy lies at
 * the end of its own allocation: under the address sanitizer one byte too far is an error. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "image/exif.h"

#include <stdbool.h>
#include <string.h>

typedef struct {
    uint8_t p[512];
    size_t n;
    bool big;
} block;

static void put(block *b, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        b->p[b->n++] = (uint8_t)(v >> 8 * (b->big ? bytes - 1 - i : i));
}

static void put_entry(block *b, unsigned tag, unsigned type, uint32_t count, uint32_t value)
{
    put(b, tag, 2);
    put(b, type, 2);
    put(b, count, 4);
    put(b, value, 4);
}

static void put_text(block *b, size_t at, const char *s)
{
    memcpy(b->p + at, s, strlen(s) + 1);
}

/* Up to four bytes lie in the entry itself, longer ones at `at`. */
static void put_ascii(block *b, unsigned tag, const char *s, size_t at)
{
    bool within = strlen(s) < 4;

    put_entry(b, tag, 2, (uint32_t)strlen(s) + 1, within ? 0 : (uint32_t)at);
    put_text(b, within ? b->n - 4 : at, s);
}

/* Make and Model in the first directory, date, offset and part of a second in the EXIF one; texts from 200 on. */
static block whole(bool big, const char *make, const char *model, const char *date, const char *offset)
{
    block b = {.big = big};

    memcpy(b.p, big ? "MM\0*" : "II*\0", 4);
    b.n = 4;
    put(&b, 8, 4);
    put(&b, 3, 2);
    put_ascii(&b, 0x010F, make, 200);
    put_ascii(&b, 0x0110, model, 260);
    put_entry(&b, 0x8769, 4, 1, 60);
    put(&b, 0, 4);
    b.n = 60;
    put(&b, 3, 2);
    put_entry(&b, 0x9003, 2, 20, 320);
    put_entry(&b, 0x9011, 2, 7, 360);
    b.p[b.n + 8] = '2', b.p[b.n + 9] = '5'; /* two digits and a NUL lie in the entry itself */
    put(&b, 0x9291, 2), put(&b, 2, 2), put(&b, 3, 4);
    b.n += 4;
    put(&b, 0, 4);
    put_text(&b, 320, date);
    put_text(&b, 360, offset);
    b.n = 380;
    return b;
}

static ay_exif_facts read_block(const block *b)
{
    ay_exif_facts f;

    ay_exif_read_tiff(b->p, b->n, &f);
    return f;
}

static void both_byte_orders(void)
{
    for (int big = 0; big < 2; big++) {
        block b = whole(big, "Canon", "Canon EOS 5D", "2024:05:17 14:03:59", "+02:00");
        ay_exif_facts f = read_block(&b);
        CHECK(f.taken_us == 1715947439250000); /* date -u -d 2024-05-17T12:03:59Z +%s */
        CHECK(strcmp(f.camera, "Canon EOS 5D") == 0);
    }
}

static void cameras_are_named_once(void)
{
    static const char *const t[][3] = {{"NIKON CORPORATION", "NIKON D90", "NIKON D90"},
                                       {"Apple", "iPhone 12", "Apple iPhone 12"},
                                       {"  ACME ", " ", "ACME"},
                                       {"", "X100", "X100"},
                                       {"bad\xff", "M\x01" "1", "M 1"},
                                       {"", "", ""}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        block b = whole(false, t[i][0], t[i][1], "", "");
        ay_exif_facts f = read_block(&b);
        CHECK(strcmp(f.camera, t[i][2]) == 0);
        CHECK(f.taken_us == 0);
    }
}

static void what_is_no_date_is_none(void)
{
    static const char *const bad[] = {"0000:00:00 00:00:00", "    :  :     :  :  ", "2024:13:01 00:00:00",
                                      "2024:02:30 00:00:00", "2024:02:01 24:00:00", "yesterday at noon..",
                                      "2024:05:17 14:03"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        block b = whole(true, "A", "B", bad[i], "+99:99");
        CHECK(read_block(&b).taken_us == 0);
    }
    block b = whole(true, "A", "B", "2024:05:17 12:03:59", "nonsense");
    CHECK(read_block(&b).taken_us == 1715947439250000); /* no offset: the clock as it is */
}

static size_t in_jpeg(const block *b, uint8_t *out)
{
    static const uint8_t app0[] = {0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 'J', 'F', 0xFF, 0xE1};
    size_t length = b->n + 8;

    memcpy(out, app0, sizeof app0);
    out[10] = (uint8_t)(length >> 8), out[11] = (uint8_t)length;
    memcpy(out + 12, "Exif\0\0", 6);
    memcpy(out + 18, b->p, b->n);
    memcpy(out + 18 + b->n, "\xFF\xDA\0\2", 4);
    return 22 + b->n;
}

static size_t in_png(const block *b, uint8_t *out)
{
    static const uint8_t head[] = {0x89, 'P', 'N', 'G', 13, 10, 26, 10, 0, 0, 0, 1, 't', 'E', 'S', 'T', 0, 0, 0, 0, 0};
    uint8_t *p = out + sizeof head;

    memcpy(out, head, sizeof head);
    p[0] = p[1] = 0, p[2] = (uint8_t)(b->n >> 8), p[3] = (uint8_t)b->n;
    memcpy(p + 4, "eXIf", 4);
    memcpy(p + 8, b->p, b->n);
    memset(p + 8 + b->n, 0, 4);
    return sizeof head + 12 + b->n;
}

static size_t in_webp(const block *b, uint8_t *out)
{
    memcpy(out, "RIFF\0\0\0\0WEBPVP8X\3\0\0\0abc\0EXIF", 28);
    out[28] = (uint8_t)b->n, out[29] = (uint8_t)(b->n >> 8), out[30] = out[31] = 0;
    memcpy(out + 32, b->p, b->n);
    return 32 + b->n;
}

static size_t as_tiff(const block *b, uint8_t *out)
{
    memcpy(out, b->p, b->n);
    return b->n;
}

static size_t (*const containers[])(const block *, uint8_t *) = {in_jpeg, in_png, in_webp, as_tiff};
enum { CONTAINERS = sizeof containers / sizeof *containers };

static void every_container_is_found(void)
{
    block b = whole(true, "Canon", "EOS", "2024:05:17 14:03:59", "+02:00");
    uint8_t file[1024];

    for (int c = 0; c < CONTAINERS; c++) {
        ay_exif_facts f;
        ay_exif_read(file, containers[c](&b, file), &f);
        CHECK(f.taken_us == 1715947439250000);
        CHECK(strcmp(f.camera, "Canon EOS") == 0);
    }
}

/* A copy that ends where its allocation ends. */
static void read_exactly(const uint8_t *file, size_t n)
{
    uint8_t *copy = ay_alloc(n ? n : 1, 1);
    ay_exif_facts f;

    if (n)
        memcpy(copy, file, n);
    ay_exif_read(copy, n, &f);
    CHECK(memchr(f.camera, '\0', sizeof f.camera) != NULL);
    ay_free(copy);
}

static void no_cut_or_damage_reads_too_far(void)
{
    uint8_t file[1024], odd[1024];
    ay_rng rng;

    ay_rng_init(&rng, 7);
    for (int big = 0; big < 2; big++)
        for (int c = 0; c < CONTAINERS; c++) {
            block b = whole(big, "Canon", "EOS", "2024:05:17 14:03:59", "+02:00");
            size_t n = containers[c](&b, file);
            for (size_t cut = 0; cut <= n; cut++)
                read_exactly(file, cut);
            for (int round = 0; round < 4000; round++) {
                memcpy(odd, file, n);
                for (int k = 0; k < 4; k++)
                    odd[ay_rng_below(&rng, (uint32_t)n)] = (uint8_t)(round % 3 ? ay_rng_below(&rng, 256) : 0xFF);
                read_exactly(odd, n);
            }
        }
}

/* A directory that names itself as its EXIF directory, and one as long as can be told. */
static void odd_directories_end(void)
{
    block b = whole(false, "Canon", "EOS", "2024:05:17 14:03:59", "");
    ay_exif_facts f;

    b.p[42] = 8; /* the value of the third entry */
    f = read_block(&b);
    CHECK(f.taken_us == 0 && strcmp(f.camera, "Canon EOS") == 0);
    b.p[8] = b.p[9] = 0xFF;
    f = read_block(&b);
    CHECK(strcmp(f.camera, "Canon EOS") == 0);
    memset(b.p + 4, 0xFF, 4);
    f = read_block(&b);
    CHECK(f.camera[0] == '\0');
}

TESTS({"both byte orders", both_byte_orders}, {"cameras are named once", cameras_are_named_once},
      {"what is no date is none", what_is_no_date_is_none}, {"every container is found", every_container_is_found},
      {"no cut or damage reads too far", no_cut_or_damage_reads_too_far},
      {"odd directories end", odd_directories_end})
