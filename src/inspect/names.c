#include "inspect/names.h"

#include "base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const part_names[] = {"timestamp", "board", "component", "component_id", "light"};

const char *ay_line_part_name(ay_line_part part)
{
    return part < AY_LINE_PARTS ? part_names[part] : "ignore";
}

/* ---- the pattern ------------------------------------------------------------------------------- */

static ay_line_element default_kind(ay_line_part part)
{
    switch (part) {
    case AY_LINE_TIMESTAMP:
        return (ay_line_element){.kind = AY_LINE_DIGITS, .part = part, .count = 14};
    case AY_LINE_BOARD:
        return (ay_line_element){.kind = AY_LINE_NOT, .part = part, .text = "@", .length = 1};
    case AY_LINE_COMPONENT_ID:
        return (ay_line_element){.kind = AY_LINE_DIGITS, .part = part};
    case AY_LINE_LIGHT:
        return (ay_line_element){.kind = AY_LINE_WORD, .part = part};
    default:
        return (ay_line_element){.kind = AY_LINE_ANY, .part = part};
    }
}

static bool same(const char *text, int n, const char *word)
{
    return (size_t)n == strlen(word) && strncmp(text, word, (size_t)n) == 0;
}

/* "14 digits": a number, a space, the word. */
static int counted(const char *text, int n)
{
    int digits = 0, count = 0;

    while (digits < n && digits < 3 && isdigit((unsigned char)text[digits]))
        count = 10 * count + (text[digits++] - '0');
    if (digits == 0 || digits >= n || text[digits] != ' ')
        return 0;
    return same(text + digits + 1, n - digits - 1, "digits") ? count : 0;
}

static ay_status read_kind(ay_line_element *e, const char *text, int n, ay_err *err)
{
    if (same(text, n, "digits")) {
        e->kind = AY_LINE_DIGITS;
        e->count = 0;
    } else if (counted(text, n) > 0) {
        e->kind = AY_LINE_DIGITS;
        e->count = counted(text, n);
    } else if (same(text, n, "word")) {
        e->kind = AY_LINE_WORD;
    } else if (same(text, n, "any")) {
        e->kind = AY_LINE_ANY;
    } else if (n > 4 && strncmp(text, "not ", 4) == 0) {
        e->kind = AY_LINE_NOT;
        e->text = text + 4;
        e->length = n - 4;
    } else {
        return ay_fail(err, AY_EINVAL,
                       "pattern of file names: \"%.*s\" is no kind of part; kinds are digits, \"14 digits\", "
                       "word, \"not @\" and any",
                       n, text);
    }
    return AY_OK;
}

static ay_status read_part(ay_line_element *e, const char *text, int n, ay_err *err)
{
    const char *colon = memchr(text, ':', (size_t)n);
    int name = colon ? (int)(colon - text) : n, part = 0;

    while (part < AY_LINE_PARTS && !same(text, name, part_names[part]))
        part++;
    if (part == AY_LINE_PARTS && !same(text, name, "ignore"))
        return ay_fail(err, AY_EINVAL,
                       "pattern of file names: there is no part \"%.*s\"; parts are timestamp, board, component, "
                       "component_id, light and ignore",
                       name, text);
    *e = default_kind((ay_line_part)part);
    return colon ? read_kind(e, colon + 1, n - name - 1, err) : AY_OK;
}

static ay_status one_element(ay_line_grammar *g, const char **at, ay_err *err)
{
    ay_line_element *e = &g->element[g->n];
    const char *p = *at, *end;

    if (g->n == AY_LINE_ELEMENTS)
        return ay_fail(err, AY_EINVAL, "pattern of file names: more than %d parts", AY_LINE_ELEMENTS);
    g->n++;
    if (*p != '{') {
        size_t n = strcspn(p, "{");
        *e = (ay_line_element){.kind = AY_LINE_LITERAL, .part = AY_LINE_IGNORE, .text = p, .length = (int)n};
        *at = p + n;
        return AY_OK;
    }
    if (!(end = strchr(p, '}')))
        return ay_fail(err, AY_EINVAL, "pattern of file names: \"%.40s\" has no closing brace", p);
    *at = end + 1;
    return read_part(e, p + 1, (int)(end - p - 1), err);
}

static ay_status complete(const ay_line_grammar *g, ay_err *err)
{
    int have[AY_LINE_PARTS + 1] = {0};

    for (int i = 0; i < g->n; i++)
        if (g->element[i].kind != AY_LINE_LITERAL)
            have[g->element[i].part]++;
    for (int part = 0; part < AY_LINE_PARTS; part++)
        if (have[part] > 1)
            return ay_fail(err, AY_EINVAL, "pattern of file names: {%s} is in it %d times", part_names[part],
                           have[part]);
    if (!have[AY_LINE_COMPONENT] || !have[AY_LINE_LIGHT])
        return ay_fail(err, AY_EINVAL,
                       "pattern of file names: {%s} is missing; component and light must be in it, because a class "
                       "is made of them",
                       have[AY_LINE_COMPONENT] ? "light" : "component");
    return AY_OK;
}

ay_status ay_line_grammar_init(ay_line_grammar *g, const char *pattern, ay_err *err)
{
    const char *at;
    ay_status status = AY_OK;

    memset(g, 0, sizeof *g);
    if (!pattern || !*pattern)
        pattern = AY_LINE_PATTERN;
    if (strlen(pattern) >= sizeof g->pattern || !ay_utf8_valid(pattern, strlen(pattern)))
        return ay_fail(err, AY_EINVAL, "pattern of file names: it must be UTF-8 of at most %zu bytes",
                       sizeof g->pattern - 1);
    if (strpbrk(pattern, "/\\"))
        return ay_fail(err, AY_EINVAL, "pattern of file names: it describes a name, folders have no place in it");
    strcpy(g->pattern, pattern);
    for (at = g->pattern; *at && status == AY_OK;)
        status = one_element(g, &at, err);
    return status == AY_OK ? complete(g, err) : status;
}

/* ---- matching ---------------------------------------------------------------------------------- */

typedef struct {
    const ay_line_grammar *g;
    const char *text; /* the name without its extension */
    int n;
    int start[AY_LINE_ELEMENTS], end[AY_LINE_ELEMENTS];
    int deepest, where; /* the element that came furthest in the pattern and failed, and where */
    bool dead[AY_LINE_ELEMENTS + 1][AY_LINE_NAME_MAX + 1]; /* known not to lead to the end */
} matcher;

static bool fits(const ay_line_element *e, char c)
{
    unsigned char u = (unsigned char)c;

    switch (e->kind) {
    case AY_LINE_DIGITS:
        return u >= '0' && u <= '9';
    case AY_LINE_WORD:
        return u >= 0x80 || u == '_' || (u >= '0' && u <= '9') || ((u | 32) >= 'a' && (u | 32) <= 'z');
    case AY_LINE_NOT:
        return !memchr(e->text, c, (size_t)e->length);
    default:
        return true;
    }
}

/* Bytes that the element may take at pos: from *least to the returned most; most < least: none. */
static int reach(const ay_line_element *e, const matcher *m, int pos, int *least)
{
    int most = 0, limit = m->n - pos;

    *least = 1;
    if (e->kind == AY_LINE_LITERAL) {
        *least = e->length;
        return e->length <= limit && strncasecmp(e->text, m->text + pos, (size_t)e->length) == 0 ? e->length : 0;
    }
    if (e->kind == AY_LINE_DIGITS && e->count)
        *least = e->count, limit = limit < e->count ? limit : e->count;
    while (most < limit && fits(e, m->text[pos + most]))
        most++;
    return most;
}

/* Longest first, so that the first way found is the one wanted.  What once failed is not tried again:
 * at most elements * bytes places are looked at, whatever the name. */
static bool match(matcher *m, int i, int pos)
{
    int least = 0, most;

    if (i == m->g->n && pos == m->n)
        return true;
    if (m->dead[i][pos])
        return false;
    m->dead[i][pos] = true;
    if (i > m->deepest) {
        m->deepest = i;
        m->where = pos;
    }
    if (i == m->g->n)
        return false;
    most = reach(&m->g->element[i], m, pos, &least);
    for (int len = most; len >= least; len--) {
        m->start[i] = pos;
        m->end[i] = pos + len;
        if (match(m, i + 1, pos + len))
            return true;
    }
    return false;
}

static ay_status explain(const matcher *m, ay_err *err)
{
    const ay_line_element *e = &m->g->element[m->deepest];
    const char *rest = m->text + m->where;
    int n = m->n - m->where;
    char found[64];

    if (n > 0)
        snprintf(found, sizeof found, "at \"%.*s\"", n < 40 ? n : 40, rest);
    else
        snprintf(found, sizeof found, "at its end");
    if (m->deepest == m->g->n)
        return ay_fail(err, AY_EINVAL, "%s the name should end", found);
    if (e->kind == AY_LINE_LITERAL)
        return ay_fail(err, AY_EINVAL, "%s \"%.*s\" is expected", found, e->length, e->text);
    if (e->kind == AY_LINE_DIGITS && e->count)
        return ay_fail(err, AY_EINVAL, "%s the %s is expected, %d digits", found, ay_line_part_name(e->part),
                       e->count);
    return ay_fail(err, AY_EINVAL, "%s the %s is expected%s", found, ay_line_part_name(e->part),
                   e->kind == AY_LINE_DIGITS ? ", digits"
                   : e->kind == AY_LINE_WORD ? ", letters, digits and _"
                                             : "");
}

/* ---- names ------------------------------------------------------------------------------------- */

static const char *extension(const char *file)
{
    static const char *const known[] = {".jpg", ".jpeg", ".png"};
    const char *dot = strrchr(file, '.');

    for (int i = 0; dot && i < 3; i++)
        if (strcasecmp(dot, known[i]) == 0)
            return dot;
    return NULL;
}

bool ay_line_is_picture(const char *file)
{
    return extension(file) != NULL;
}

static bool has_control(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < 32 || *s == 127)
            return true;
    return false;
}

static ay_status name_is_sane(const char *file, ay_err *err)
{
    size_t n = strlen(file);

    if (n > AY_LINE_NAME_MAX)
        return ay_fail(err, AY_EINVAL, "the name has more than %d bytes", AY_LINE_NAME_MAX);
    if (!ay_utf8_valid(file, n))
        return ay_fail(err, AY_EINVAL, "the name is not UTF-8");
    if (has_control(file) || strpbrk(file, "/\\"))
        return ay_fail(err, AY_EINVAL, "a name of a file has no '/', '\\' or control character in it");
    if (!extension(file)) {
        const char *dot = strrchr(file, '.');
        return ay_fail(err, AY_EINVAL, "it ends in \"%.20s\", not in .jpg, .jpeg or .png", dot ? dot : "");
    }
    return AY_OK;
}

/* A date that exists, and a time; a second of 60 is a leap second. */
static bool is_time(const char *s)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day, hour, minute, second, leap;

    if (strlen(s) != 14 || strspn(s, "0123456789") != 14 ||
        sscanf(s, "%4d%2d%2d%2d%2d%2d", &year, &month, &day, &hour, &minute, &second) != 6)
        return false;
    leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap) &&
           hour < 24 && minute < 60 && second <= 60;
}

static ay_status sensible(const ay_line_name *name, bool timed, ay_err *err)
{
    const char *component = name->part[AY_LINE_COMPONENT];

    if (timed && !is_time(name->part[AY_LINE_TIMESTAMP]))
        return ay_fail(err, AY_EINVAL, "\"%s\" is no date and time (YYYYMMDDhhmmss)",
                       name->part[AY_LINE_TIMESTAMP]);
    return ay_line_safe("component", component, err);
}

static ay_status take_parts(const matcher *m, ay_arena *arena, ay_line_name *out, bool *timed, ay_err *err)
{
    for (int i = 0; i < m->g->n; i++) {
        const ay_line_element *e = &m->g->element[i];
        size_t n = (size_t)(m->end[i] - m->start[i]);
        char *copy;
        if (e->kind == AY_LINE_LITERAL || e->part == AY_LINE_IGNORE)
            continue;
        if (!(copy = ay_arena_alloc(arena, n + 1)))
            return ay_fail(err, AY_ENOMEM, "reading a file's name");
        memcpy(copy, m->text + m->start[i], n);
        out->part[e->part] = copy;
        if (e->part == AY_LINE_TIMESTAMP)
            *timed = e->kind == AY_LINE_DIGITS && e->count == 14;
    }
    return AY_OK;
}

ay_status ay_line_name_read(const ay_line_grammar *g, const char *file, ay_arena *arena, ay_line_name *out,
                            ay_err *err)
{
    matcher m = {.g = g, .text = file, .deepest = -1};
    bool timed = false;
    ay_status status;

    memset(out, 0, sizeof *out);
    if ((status = name_is_sane(file, err)) != AY_OK)
        return status;
    m.n = (int)(extension(file) - file);
    if (!match(&m, 0, 0))
        return explain(&m, err);
    for (int i = 0; i < AY_LINE_PARTS; i++)
        out->part[i] = "";
    status = take_parts(&m, arena, out, &timed, err);
    if (status == AY_OK)
        status = sensible(out, timed, err);
    if (status == AY_OK && !(out->file = ay_arena_strdup(arena, file)))
        status = ay_fail(err, AY_ENOMEM, "reading a file's name");
    if (status != AY_OK)
        memset(out, 0, sizeof *out);
    return status;
}

bool ay_line_name_day(const ay_line_name *name, char day[11])
{
    const char *t = name->part[AY_LINE_TIMESTAMP];

    *day = '\0';
    if (!t || !is_time(t))
        return false;
    snprintf(day, 11, "%.4s-%.2s-%.2s", t, t + 4, t + 6);
    return true;
}

ay_status ay_line_name_plant_path(const ay_line_name *name, char *dst, size_t cap, ay_err *err)
{
    char day[11];

    if (!ay_line_name_day(name, day))
        return ay_fail(err, AY_EINVAL, "%s: the name has no timestamp, so the plant's database cannot be asked",
                       name->file);
    if (snprintf(dst, cap, "%s/%s/%s", day, name->part[AY_LINE_TIMESTAMP], name->file) >= (int)cap)
        return ay_fail(err, AY_EINVAL, "%s: the path is too long", name->file);
    return AY_OK;
}

ay_status ay_line_safe(const char *what, const char *text, ay_err *err)
{
    size_t n = strlen(text);

    if (n == 0)
        return ay_fail(err, AY_EINVAL, "the %s is empty", what);
    if (n > 200)
        return ay_fail(err, AY_EINVAL, "the %s has more than 200 bytes", what);
    if (!ay_utf8_valid(text, n))
        return ay_fail(err, AY_EINVAL, "the %s is not UTF-8", what);
    if (has_control(text) || strpbrk(text, "/\\"))
        return ay_fail(err, AY_EINVAL, "the %s \"%.60s\" has a character that the name of a folder cannot have",
                       what, text);
    if (*text == '.' || *text == '-')
        return ay_fail(err, AY_EINVAL, "the %s \"%.60s\" begins with '%c', which the name of a folder must not", what,
                       text, *text);
    if (*text == ' ' || text[n - 1] == ' ')
        return ay_fail(err, AY_EINVAL, "the %s \"%.60s\" has white space at an end", what, text);
    return AY_OK;
}
