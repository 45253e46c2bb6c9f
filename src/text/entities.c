#include "text/entities.h"
#include "text/tables.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 4096, NAME_MAX_LENGTH = 33 };
enum { SEMICOLON = 1, BARE = 2, CAPITALS = 4 }; /* the table's flags */

/* Where each name's entry begins; made once. */
static uint32_t places[NAMES_MAX];
static size_t names;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void index_names(void)
{
    for (const char *p = ay_entity_text; *p && names < NAMES_MAX; p = strchr(p, ',') + 1)
        places[names++] = (uint32_t)(p - ay_entity_text);
}

/* name[0..n) against the entry at p (behind its flag). */
static int compare(const char *name, size_t n, const char *p)
{
    size_t len = strcspn(p, ":");
    int order = memcmp(name, p, n < len ? n : len);

    return order ? order : n < len ? -1 : n > len;
}

/* The characters of name[0..n) when it is one of the wanted kinds; NULL when not. */
static const char *look_up(const char *name, size_t n, int kinds)
{
    size_t lo = 0, hi;

    pthread_once(&once, index_names);
    hi = names;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int order = compare(name, n, ay_entity_text + places[mid] + 1);
        if (order == 0) {
            const char *p = ay_entity_text + places[mid];
            return (*p - '0') & kinds ? p + 1 + n + 1 : NULL;
        }
        if (order > 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

/* "22a5+20d2," */
static void put_value(const char *p, ay_points *out)
{
    char *end;

    do {
        ay_points_add(out, (uint32_t)strtoul(p, &end, 16));
        p = end + 1;
    } while (*end == '+');
}

/* ---- numbers --------------------------------------------------------------------------------- */

static const uint16_t windows_1252[32] = {
    0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
    0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178};

uint32_t ay_entities_windows(uint32_t c)
{
    return windows_1252[c - 0x80];
}

/* HTML 5, 13.2.5.80: what a numeric reference stands for, or nothing. */
static void put_number(uint64_t x, ay_points *out)
{
    if (x == 0 || x > 0x10ffff || (x >= 0xd800 && x <= 0xdfff))
        ay_points_add(out, 0xfffd);
    else if (x >= 0x80 && x < 0xa0)
        ay_points_add(out, windows_1252[x - 0x80]);
    else if (x == '\t' || x == '\n' || x == '\f' || x == '\r' ||
             !(x < 0x20 || x == 0x7f || (x >= 0xfdd0 && x <= 0xfdef) || (x & 0xfffe) == 0xfffe))
        ay_points_add(out, (uint32_t)x);
}

static int digit(uint32_t c, int base)
{
    int d = c >= '0' && c <= '9'                  ? (int)c - '0'
            : (c | 32) >= 'a' && (c | 32) <= 'f' ? (int)(c | 32) - 'a' + 10
                                                  : 99;

    return c < 0x80 && d < base ? d : -1;
}

/* "#12;" or "#xc" at c: how long it is (0: none), and its number. */
static size_t read_number(const uint32_t *c, size_t n, uint64_t *x)
{
    int base = n > 1 && (c[1] == 'x' || c[1] == 'X') ? 16 : 10;
    size_t from = base == 16 ? 2 : 1, i = from;

    *x = 0;
    for (; i < n && digit(c[i], base) >= 0; i++)
        *x = *x > 0x1fffff ? *x : *x * (unsigned)base + (unsigned)digit(c[i], base);
    if (i == from)
        return 0;
    return i + (i < n && c[i] == ';');
}

/* ---- Python's -------------------------------------------------------------------------------- */

/* Not one of the characters that end a name.  In a name outside ASCII stands '\1', which no entity
 * has. */
static size_t read_name(const uint32_t *c, size_t n, char name[NAME_MAX_LENGTH + 1])
{
    size_t i = 0;

    while (i < n && i < 32 && c[i] && !strchr("\t\n\f <&#;", c[i] < 0x80 ? (int)c[i] : '!')) {
        name[i] = c[i] < 0x80 ? (char)c[i] : '\1';
        i++;
    }
    return i;
}

/* A name with as much of it as is an entity; returns how many characters were used, 0: none. */
static size_t put_name(const uint32_t *c, size_t n, ay_points *out)
{
    char name[NAME_MAX_LENGTH + 1];
    size_t len = read_name(c, n, name);
    bool semicolon = len < n && c[len] == ';';
    const char *value = semicolon && len ? look_up(name, len, SEMICOLON) : NULL;

    if (value) {
        put_value(value, out);
        return len + 1;
    }
    for (size_t k = len; k > 1; k--) {
        value = look_up(name, k, BARE);
        if (value) {
            put_value(value, out);
            return k;
        }
    }
    return 0;
}

void ay_entities_html(const uint32_t *c, size_t n, ay_points *out)
{
    uint64_t x;

    for (size_t i = 0, used; i < n; i += used) {
        used = 0;
        if (c[i] == '&' && i + 1 < n && c[i + 1] == '#') {
            used = read_number(c + i + 1, n - i - 1, &x);
            if (used)
                put_number(x, out);
        } else if (c[i] == '&') {
            used = put_name(c + i + 1, n - i - 1, out);
        }
        if (!used)
            ay_points_add(out, c[i]);
        used++; /* the ampersand, or the character itself */
    }
}

/* ---- ftfy's ---------------------------------------------------------------------------------- */

/* "&#?[0-9A-Za-z]{1,24};" at c, which is the ampersand: its length, or 0. */
static size_t read_ftfy(const uint32_t *c, size_t n)
{
    size_t from = n > 1 && c[1] == '#' ? 2 : 1, i = from;

    while (i < n && i - from < 24 &&
           (ay_uni_is_number(c[i]) || ay_uni_is_letter(c[i])) && c[i] < 0x80)
        i++;
    return i > from && i < n && c[i] == ';' ? i + 1 : 0;
}

static bool put_ftfy(const uint32_t *c, size_t len, ay_points *out)
{
    char name[NAME_MAX_LENGTH + 1];
    const char *value;
    uint64_t x;

    if (c[1] == '#') {
        if (read_number(c + 1, len - 1, &x) != len - 1)
            return false; /* "&#12ab;": Python would decode half of it */
        if (x != ';')
            put_number(x, out);
        return x != ';';
    }
    for (size_t i = 0; i < len - 2; i++)
        name[i] = (char)c[i + 1];
    value = look_up(name, len - 2, SEMICOLON | CAPITALS);
    if (value)
        put_value(value, out);
    return value != NULL;
}

void ay_entities_ftfy(const uint32_t *c, size_t n, ay_points *out)
{
    for (size_t i = 0, len; i < n; i += len) {
        len = c[i] == '&' ? read_ftfy(c + i, n - i) : 0;
        if (len && put_ftfy(c + i, len, out))
            continue;
        len = len ? len : 1;
        ay_points_append(out, c + i, len);
    }
}
