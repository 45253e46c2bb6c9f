/* service/export/names.c - see names.h. */
#include "service/export/names.h"

#include "base/mem.h"
#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- one part */

static bool is_device(const char *name)
{
    static const char *const plain[] = {"con", "prn", "aux", "nul"}, *const numbered[] = {"com", "lpt"};
    size_t n = strcspn(name, ".");

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (n == 3 && strncasecmp(name, plain[i], 3) == 0)
            return true;
    for (size_t i = 0; i < sizeof numbered / sizeof *numbered; i++)
        if (n == 4 && strncasecmp(name, numbered[i], 3) == 0 && name[3] >= '1' && name[3] <= '9')
            return true;
    return false;
}

static bool is_odd(const char *name, size_t i, bool percent)
{
    unsigned char c = (unsigned char)name[i];
    bool first = i == 0, last = name[i + 1] == '\0';

    return c < 0x20 || c == 0x7f || strchr("/\\:*?\"<>|", c) || (percent && c == '%') || (first && (c == '-' || c == '~')) ||
           ((first || last) && (c == '.' || c == ' ')) || (first && is_device(name));
}

void ay_export_safe(char *dst, const char *name, bool percent)
{
    bool valid = ay_utf8_valid(name, strlen(name));
    size_t n = 0;

    for (size_t i = 0; name[i]; i++) {
        bool odd = is_odd(name, i, percent) || (!valid && (name[i] & 0x80));
        if (n + (odd ? 3 : 1) > AY_EXPORT_PART)
            break;
        n += (size_t)snprintf(dst + n, 4, odd ? "%%%02X" : "%c", (unsigned char)name[i]);
    }
    dst[n] = '\0';
    while (n > 0 && !ay_utf8_valid(dst, n))
        dst[--n] = '\0';
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) % 16 : -1;
}

void ay_export_unsafe(char *dst, size_t cap, const char *name)
{
    size_t n = 0;

    for (const char *p = name; *p && n + 1 < cap; p++) {
        int hi = *p == '%' ? hex_digit(p[1]) : -1, lo = hi >= 0 ? hex_digit(p[2]) : -1;
        dst[n++] = lo >= 0 && (hi || lo) ? (char)(hi << 4 | lo) : *p;
        p += lo >= 0 && (hi || lo) ? 2 : 0;
    }
    dst[n] = '\0';
}

/* ---- endings */

static const struct {
    const char *format, *endings[5];
} known[] = {
    {"jpeg", {"jpg", "jpeg", "jpe", "jfif", NULL}}, {"png", {"png", NULL}}, {"webp", {"webp", NULL}},
    {"gif", {"gif", NULL}},                         {"bmp", {"bmp", NULL}}, {"tiff", {"tif", "tiff", NULL}},
};

static const char *const *endings_of(const char *format)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].format, format) == 0)
            return known[i].endings;
    return NULL;
}

const char *ay_export_ending(const char *format)
{
    const char *const *e = endings_of(format);

    return e ? e[0] : format;
}

static bool has_ending(const char *name, const char *format)
{
    const char *dot = strrchr(name, '.');
    const char *const *e = endings_of(format);

    if (!dot || dot == name || !e)
        return false;
    while (*e && strcasecmp(dot + 1, *e) != 0)
        e++;
    return *e != NULL;
}

/* ---- unique ones */

typedef struct {
    const char *name; /* NULL: empty */
    int next;         /* the number that the next of this name tries first */
} slot;
typedef struct {
    slot *slots;
    size_t n, mask;
} table;

static bool same_letters(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

static slot *find(table *t, const char *name)
{
    uint64_t h = 1469598103934665603u;
    size_t at;

    for (const char *c = name; *c; c++)
        h = (h ^ (uint64_t)tolower((unsigned char)*c)) * 1099511628211u;
    for (at = (size_t)(h ^ h >> 29) & t->mask; t->slots[at].name && !same_letters(t->slots[at].name, name);)
        at = (at + 1) & t->mask;
    return &t->slots[at];
}

static bool make_table(table *t, size_t n)
{
    size_t size = 64;

    while (size < 3 * n)
        size *= 2;
    *t = (table){.slots = ay_calloc(size, sizeof *t->slots), .mask = size - 1};
    return t->slots != NULL;
}

/* path, or with a number before its ending where it is taken; kept in the arena. */
static const char *claim(table *t, ay_arena *a, const char *path)
{
    slot *first = find(t, path);
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    char other[2 * AY_EXPORT_PART + 64];
    slot *at = first;
    size_t stem = dot && dot > (slash ? slash : path) ? (size_t)(dot - path) : strlen(path);

    snprintf(other, sizeof other, "%s", path);
    while (at->name) {
        first->next = first->next ? first->next + 1 : 2;
        snprintf(other, sizeof other, "%.*s-%d%s", (int)stem, path, first->next, path + stem);
        at = find(t, other);
    }
    at->name = ay_arena_strdup(a, other);
    return at->name;
}

/* ---- all of them */

static const char **name_folders(ay_export_list *l)
{
    const char **folders = ay_arena_alloc(&l->arena, ((size_t)l->nclasses + 1) * sizeof *folders);
    char safe[AY_EXPORT_PART + 1];
    table t = {0};
    bool ok = folders && make_table(&t, (size_t)l->nclasses + 1);

    ok = ok && (folders[l->nclasses] = claim(&t, &l->arena, "unsorted")) != NULL;
    for (int i = 0; i < l->nclasses && ok; i++) {
        ay_export_safe(safe, l->classes[i], true);
        ok = (folders[i] = claim(&t, &l->arena, safe)) != NULL;
    }
    ay_free(t.slots);
    return ok ? folders : NULL;
}

static void name_file(const ay_export_item *it, char dst[AY_EXPORT_PART + 8])
{
    char plain[AY_FILE_MAX + 1];
    size_t n;

    snprintf(plain, sizeof plain, "%s", it->file);
    if (has_ending(plain, it->format))
        *strrchr(plain, '.') = '\0';
    if (*plain)
        ay_export_safe(dst, plain, false);
    else
        snprintf(dst, AY_EXPORT_PART + 1, "%.16s", it->sha256);
    n = strlen(dst);
    if (n > AY_EXPORT_PART - 8) { /* room for the ending, and a number */
        dst[AY_EXPORT_PART - 8] = '\0';
        for (n = AY_EXPORT_PART - 8; n > 0 && !ay_utf8_valid(dst, n);)
            dst[--n] = '\0';
    }
    if (has_ending(it->file, it->format))
        snprintf(dst + n, AY_EXPORT_PART + 8 - n, "%s", strrchr(it->file, '.'));
    else
        snprintf(dst + n, AY_EXPORT_PART + 8 - n, ".%s", ay_export_ending(it->format));
}

ay_status ay_export_names(ay_export_list *l, bool flat, ay_err *err)
{
    const char **folders = name_folders(l);
    table t = {0};
    bool ok = folders && make_table(&t, l->n);

    for (size_t i = 0; i < l->n && ok; i++) {
        ay_export_item *it = &l->items[i];
        char name[AY_EXPORT_PART + 8], path[2 * AY_EXPORT_PART + 16];
        name_file(it, name);
        snprintf(path, sizeof path, "%s%s%s", flat ? "" : folders[it->klass < 0 ? l->nclasses : it->klass], flat ? "" : "/", name);
        ok = (it->path = claim(&t, &l->arena, path)) != NULL;
    }
    ay_free(t.slots);
    return ok ? AY_OK : ay_fail(err, AY_ENOMEM, "naming pictures");
}
