#include "inspect/keys.h"
#include "base/str.h"
#include "inspect/secret.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_BYTES = 160, VALUE = 1024 };

/* name with a section's other name replaced by its first one. */
static const char *section_name(const ay_ik_table *t, const char *name, char *dst, size_t cap)
{
    for (size_t i = 0; i < t->naliases; i++) {
        const char *from = t->alias[i].name;
        size_t n = strlen(from);
        if (n && from[n - 1] == '.' && strncmp(name, from, n) == 0) {
            snprintf(dst, cap, "%s%s", t->alias[i].means, name + n);
            return dst;
        }
    }
    return name;
}

const ay_ik_key *ay_ik_find(const ay_ik_table *t, const char *name)
{
    char other[NAME_MAX_BYTES];

    name = section_name(t, name, other, sizeof other);
    for (size_t i = 0; i < t->naliases; i++)
        if (strcmp(t->alias[i].name, name) == 0)
            name = t->alias[i].means;
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->key[i].name, name) == 0)
            return &t->key[i];
    return NULL;
}

static bool below(const char *name, const char *section)
{
    size_t n = strlen(section);

    return strncmp(name, section, n) == 0 && name[n] == '.';
}

bool ay_ik_section(const ay_ik_table *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (below(t->key[i].name, name))
            return true;
    for (size_t i = 0; i < t->naliases; i++)
        if (below(t->alias[i].name, name))
            return true;
    return false;
}

/* ---- the nearest */

/* Levenshtein's distance without regard to case; cap for words that are too long. */
static int distance(const char *a, const char *b, int cap)
{
    enum { MOST = 63 };
    int row[MOST + 2], n = (int)strlen(b), m = (int)strlen(a);

    if (n > MOST || m > MOST)
        return cap;
    for (int j = 0; j <= n; j++)
        row[j] = j;
    for (int i = 1; i <= m; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int change = diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
            diagonal = row[j];
            row[j] = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            row[j] = change < row[j] ? change : row[j];
        }
    }
    return row[n];
}

static const char *leaf(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot ? dot + 1 : name;
}

const char *ay_ik_nearest(const ay_ik_table *t, const char *name, char *dst, size_t cap)
{
    enum { FAR = 100 };
    const char *best = NULL;
    size_t length = 0;
    int least = FAR;

    for (size_t i = 0; i < t->n + t->naliases; i++) {
        const char *known = i < t->n ? t->key[i].name : t->alias[i - t->n].name;
        size_t section = strcspn(known, ".");
        char first[64];
        int d = distance(name, known, FAR), last = 1 + distance(leaf(name), leaf(known), FAR);
        d = last < d ? last : d;
        if (*leaf(known) && d < least) {
            least = d;
            best = i < t->n ? known : t->alias[i - t->n].means;
            length = strlen(best);
        }
        snprintf(first, sizeof first, "%.*s", (int)section, known);
        d = distance(name, first, FAR);
        if (known[section] && d < least) {
            least = d;
            best = known;
            length = section;
        }
    }
    if (!best || least > 1 + (int)strlen(leaf(name)) / 2)
        return NULL;
    snprintf(dst, cap, "%.*s", (int)length, best);
    return dst;
}

ay_status ay_ik_unknown(const ay_ik_table *t, const char *name, const char *origin, ay_err *err)
{
    char near[NAME_MAX_BYTES];
    bool any = ay_ik_nearest(t, name, near, sizeof near) != NULL;

    return ay_fail(err, AY_EINVAL, "%s: there is no setting '%.80s'%s%s%s", origin, name, any ? "; did you mean " : "",
                   any ? near : "", any ? "?" : "");
}

/* ---- values */

static int as_bool(const char *text)
{
    static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};

    for (int i = 0; i < 4; i++) {
        if (strcasecmp(text, yes[i]) == 0)
            return 1;
        if (strcasecmp(text, no[i]) == 0)
            return 0;
    }
    return -1;
}

/* Place of word in "a|b|c" in any case, or -1. */
static int word_place(const char *words, const char *word)
{
    size_t n = strlen(word);
    int place = 0;

    for (const char *p = words; p; p = strchr(p, '|'), place++) {
        p += *p == '|';
        if (n && strncasecmp(p, word, n) == 0 && (p[n] == '|' || p[n] == '\0'))
            return place;
    }
    return -1;
}

static ay_status set_number(const ay_ik_key *k, void *at, const char *text, ay_err *err)
{
    bool whole = k->kind != AY_IK_REAL;
    double v;

    if (!ay_str_to_double(text, &v) || !(v >= k->lo && v <= k->hi) || (whole && v != floor(v)))
        return ay_fail(err, AY_EINVAL, "%s must be a %snumber from %g to %g, not '%.60s'", k->name, whole ? "whole " : "",
                       k->lo, k->hi, text);
    if (k->kind == AY_IK_REAL)
        *(double *)at = v;
    else if (k->kind == AY_IK_LONG)
        *(int64_t *)at = (int64_t)v;
    else
        *(int *)at = (int)v;
    return AY_OK;
}

static ay_status set_value(const ay_ik_key *k, void *in, const char *text, ay_err *err)
{
    char *at = (char *)in + k->at;
    int v;

    switch (k->kind) {
    case AY_IK_IDLE:
        return AY_OK;
    case AY_IK_TEXT:
    case AY_IK_SECRET:
        if (strlen(text) >= k->size)
            return ay_fail(err, AY_EINVAL, "%s may have %zu bytes", k->name, k->size - 1);
        memset(at, 0, k->size);
        memcpy(at, text, strlen(text));
        return AY_OK;
    case AY_IK_BOOL:
        if ((v = as_bool(text)) < 0)
            return ay_fail(err, AY_EINVAL, "%s must be true or false, not '%.60s'", k->name, text);
        *(bool *)at = v == 1;
        return AY_OK;
    case AY_IK_WORD:
        if ((v = word_place(k->words, text)) < 0)
            return ay_fail(err, AY_EINVAL, "%s must be one of %s, not '%.60s'", k->name, k->words, text);
        *(int *)at = v;
        return AY_OK;
    default:
        return set_number(k, at, text, err);
    }
}

ay_status ay_ik_set(const ay_ik_key *k, void *in, const char *text, const char *origin, ay_err *err)
{
    ay_status status = set_value(k, in, text, err);

    if (status != AY_OK && origin)
        ay_err_wrap(err, "%s", origin);
    return status;
}

void ay_ik_defaults(const ay_ik_table *t, void *in)
{
    for (size_t i = 0; i < t->n; i++) {
        ay_status status = t->key[i].kind == AY_IK_IDLE ? AY_OK : set_value(&t->key[i], in, t->key[i].fallback, NULL);
        assert(status == AY_OK);
        (void)status;
    }
}

void ay_ik_text(const ay_ik_key *k, const void *in, char *dst, size_t cap)
{
    const char *at = (const char *)in + k->at, *word = k->words;

    switch (k->kind) {
    case AY_IK_IDLE:
        *dst = '\0';
        return;
    case AY_IK_TEXT:
        snprintf(dst, cap, "%s", at);
        return;
    case AY_IK_SECRET:
        snprintf(dst, cap, "%s", *at && !ay_secret_is_reference(at) ? "(set, not shown)" : at);
        return;
    case AY_IK_INT:
        snprintf(dst, cap, "%d", *(const int *)at);
        return;
    case AY_IK_LONG:
        snprintf(dst, cap, "%lld", (long long)*(const int64_t *)at);
        return;
    case AY_IK_REAL:
        snprintf(dst, cap, "%.12g", *(const double *)at);
        return;
    case AY_IK_BOOL:
        snprintf(dst, cap, "%s", *(const bool *)at ? "true" : "false");
        return;
    case AY_IK_WORD:
        for (int i = *(const int *)at; i > 0; i--)
            word = strchr(word, '|') + 1;
        snprintf(dst, cap, "%.*s", (int)strcspn(word, "|"), word);
        return;
    }
}

/* ---- printing */

static int shared_sections(const char *a, const char *b)
{
    int n = 0;

    for (; *a && *a == *b; a++, b++)
        n += *a == '.';
    return n;
}

static void print_value(const ay_ik_key *k, const void *in, ay_buf *out)
{
    char value[VALUE];

    ay_ik_text(k, in, value, sizeof value);
    if (k->kind != AY_IK_TEXT && k->kind != AY_IK_SECRET) {
        ay_buf_puts(out, value);
        return;
    }
    ay_buf_putc(out, '\'');
    for (const char *p = value; *p; p++)
        ay_buf_printf(out, *p == '\'' ? "''" : "%c", *p);
    ay_buf_putc(out, '\'');
}

void ay_ik_print(const ay_ik_table *t, const void *in, int depth, bool help, ay_buf *out)
{
    const char *before = "";

    for (size_t i = 0; i < t->n; i++) {
        const ay_ik_key *k = &t->key[i];
        const char *part = k->name, *dot;
        int d = 0, shared;
        if (k->kind == AY_IK_IDLE)
            continue;
        shared = shared_sections(before, k->name);
        for (; (dot = strchr(part, '.')); part = dot + 1, d++)
            if (d >= shared)
                ay_buf_printf(out, "%*s%.*s:\n", (depth + d) * 2, "", (int)(dot - part), part);
        ay_buf_printf(out, "%*s%s: ", (depth + d) * 2, "", part);
        print_value(k, in, out);
        if (help)
            ay_buf_printf(out, "  # %s%s%s%s", k->help, k->words ? " (" : "", k->words ? k->words : "", k->words ? ")" : "");
        ay_buf_putc(out, '\n');
        before = k->name;
    }
}
