/* http/multipart.c - see http/multipart.h.
 *
 * The delimiter is CR LF "--" boundary, and CR occurs in it only once, at its start.  So a failed
 * partial match can be given out as data and matching restarts at the current byte: no
 * backtracking, no table.  The first delimiter of a body may lack its CR LF: the parser starts as
 * if it had seen it.
 *
 *   PREAMBLE --delim--> AFTER --"\r\n"--> HEAD --"\r\n\r\n"--> DATA --delim--> AFTER --"--"--> END
 *   any --error--> FAILED */
#include "http/multipart.h"
#include "base/str.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { PREAMBLE, AFTER, AFTER_DASH, AFTER_CR, HEAD, DATA, END, FAILED };

/* One parameter at p (past the ';' and spaces): sets key, key_len and val, and returns where it
 * ends. */
static const char *param(const char *p, const char **key, size_t *key_len, const char **val)
{
    *key = p;
    *key_len = strcspn(p, "=; \t");
    p += *key_len;
    p += strspn(p, " \t");
    *val = NULL;
    if (*p != '=')
        return p + strcspn(p, ";");
    p++;
    p += strspn(p, " \t");
    *val = p;
    if (*p != '"')
        return p + strcspn(p, ";");
    for (p++; *p && *p != '"'; p++)
        if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
            p++;
    return p + strcspn(p, ";");
}

/* Copy a value, taking off quotes and the backslashes of \" and \\ (others stay: old browsers send
 * whole Windows paths). */
static bool unquote(const char *v, char *dst, size_t cap)
{
    size_t n = 0;
    bool quoted = *v == '"';

    for (v += quoted; *v && (quoted ? *v != '"' : !strchr("; \t", *v)); v++) {
        if (quoted && *v == '\\' && (v[1] == '"' || v[1] == '\\'))
            v++;
        if (n + 1 >= cap)
            return false;
        dst[n++] = *v;
    }
    dst[n] = '\0';
    return true;
}

bool ay_header_param(const char *header, const char *key, char *dst, size_t cap)
{
    const char *p = header + strcspn(header, ";");

    while (*p == ';') {
        const char *k, *v;
        size_t n;
        p++;
        p += strspn(p, " \t");
        p = param(p, &k, &n, &v);
        if (v && n == strlen(key) && strncasecmp(k, key, n) == 0)
            return unquote(v, dst, cap);
    }
    return false;
}

ay_status ay_multipart_init(ay_multipart *m, const char *content_type, int max_parts,
                            const ay_multipart_sink *sink, void *ctx, ay_err *err)
{
    static const char kind[] = "multipart/form-data";
    char boundary[AY_MULTIPART_BOUNDARY + 1];

    *m = (ay_multipart){.sink = sink, .ctx = ctx, .state = FAILED, .max_parts = max_parts};
    if (strncasecmp(content_type, kind, sizeof kind - 1) != 0 ||
        !strchr("; \t", content_type[sizeof kind - 1]))
        return ay_fail(err, AY_EUNSUPPORTED, "the body is not multipart/form-data");
    if (!ay_header_param(content_type, "boundary", boundary, sizeof boundary) || !boundary[0] ||
        strpbrk(boundary, "\r\n"))
        return ay_fail(err, AY_EINVAL, "the form has no boundary of 1 to 70 characters");
    memcpy(m->delim, "\r\n--", 4);
    strcpy(m->delim + 4, boundary);
    m->delim_len = strlen(m->delim);
    m->matched = m->phantom = 2; /* as if a line had just ended */
    m->state = PREAMBLE;
    return AY_OK;
}

/* Values of names: browsers write %22 %0D %0A for the three characters that would break the header.
 */
static void unescape_name(char *s)
{
    char *dst = s;

    for (; *s; s++) {
        char c = *s;
        if (c == '%' && s[1] == '2' && s[2] == '2')
            c = '"', s += 2;
        else if (c == '%' && s[1] == '0' && strchr("DdAa", s[2]) && s[2])
            c = ' ', s += 2;
        *dst++ = c;
    }
    *dst = '\0';
}

/* RFC 5987: UTF-8''percent%20encoded -> dst in place. */
static bool extended(char *s)
{
    char *v = strncasecmp(s, "UTF-8'", 6) == 0 ? strchr(s + 6, '\'') : NULL, *dst = s;

    if (!v)
        return false;
    for (v++; *v; v++) {
        unsigned c = (unsigned char)*v;
        if (c == '%') {
            static const char digits[] = "0123456789abcdef";
            const char *hi = v[1] ? strchr(digits, tolower((unsigned char)v[1])) : NULL;
            const char *lo = hi && v[2] ? strchr(digits, tolower((unsigned char)v[2])) : NULL;
            if (!lo)
                return false;
            c = (unsigned)(hi - digits) << 4 | (unsigned)(lo - digits);
            v += 2;
        }
        if (c == 0)
            return false;
        *dst++ = (char)c;
    }
    *dst = '\0';
    return true;
}

/* Keep what a person would call the file's name: no folders, no control characters. */
static void base_name(char *s)
{
    char *base = s;

    for (char *p = s; *p; p++) {
        if (*p == '/' || *p == '\\')
            base = p + 1;
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    }
    memmove(s, base, strlen(base) + 1);
    if (!ay_utf8_valid(s, strlen(s)))
        s[0] = '\0';
}

static void disposition(ay_part *part, const char *value)
{
    char star[AY_MULTIPART_NAME * 3];

    if (ay_header_param(value, "name", part->name, sizeof part->name))
        unescape_name(part->name);
    else
        part->name[0] = '\0';
    if (!ay_utf8_valid(part->name, strlen(part->name)))
        part->name[0] = '\0';
    part->has_filename = ay_header_param(value, "filename", part->filename, sizeof part->filename);
    if (part->has_filename)
        unescape_name(part->filename);
    else
        part->filename[0] = '\0';
    if (ay_header_param(value, "filename*", star, sizeof star) && extended(star)) {
        part->has_filename = true;
        ay_utf8_cut(star, sizeof part->filename - 1);
        strcpy(part->filename, star);
    }
    base_name(part->filename);
}

static void media_type(ay_part *part, const char *value)
{
    size_t n = strcspn(value, "; \t");

    if (n >= sizeof part->type)
        return;
    for (size_t i = 0; i < n; i++)
        part->type[i] = (char)tolower((unsigned char)value[i]);
    part->type[n] = '\0';
}

/* m->head holds the header lines, each ended by CR LF (the last too). */
static ay_status parse_head(ay_multipart *m, ay_part *part, ay_err *err)
{
    char *line = m->head, *end = m->head + m->head_len;

    if (memchr(m->head, '\0', m->head_len))
        return ay_fail(err, AY_EINVAL, "form part %d: a NUL in its header", m->parts);
    while (line < end) {
        char *cr = strstr(line, "\r\n");
        char *colon = strchr(line, ':');
        *cr = '\0';
        if (!colon || colon > cr)
            return ay_fail(err, AY_EINVAL, "form part %d: header line without ':'", m->parts);
        *colon = '\0';
        char *value = ay_str_trim(colon + 1);
        if (strcasecmp(line, "Content-Disposition") == 0)
            disposition(part, value);
        else if (strcasecmp(line, "Content-Type") == 0)
            media_type(part, value);
        line = cr + 2;
    }
    return AY_OK;
}

/* A line break has just been added to head; is the head over? */
static bool head_over(const ay_multipart *m)
{
    return m->head_len == 2 || memcmp(m->head + m->head_len - 4, "\r\n\r\n", 4) == 0;
}

static ay_status take_head(ay_multipart *m, char c, ay_err *err)
{
    ay_part part = {0};
    ay_status status;

    if (m->head_len + 1 >= sizeof m->head)
        return ay_fail(err, AY_ELIMIT, "form part %d: its header is too long", m->parts);
    m->head[m->head_len++] = c;
    if (m->head_len < 2 || c != '\n' || m->head[m->head_len - 2] != '\r' || !head_over(m))
        return AY_OK;
    m->head_len -= 2; /* the empty line */
    m->head[m->head_len] = '\0';
    status = parse_head(m, &part, err);
    if (status)
        return status;
    m->state = DATA;
    /* An empty part's delimiter may follow at once: its CR LF is the one that ended the header. */
    m->matched = m->phantom = 2;
    return m->sink->begin(m->ctx, &part, err);
}

/* What follows a delimiter: "--" ends the form, padding and a line break begin a part. */
static ay_status take_after(ay_multipart *m, char c, ay_err *err)
{
    if (m->state == AFTER && (c == ' ' || c == '\t'))
        return AY_OK;
    if (m->state == AFTER && c == '-')
        m->state = AFTER_DASH;
    else if (m->state == AFTER_DASH && c == '-')
        m->state = END;
    else if (m->state == AFTER && c == '\r')
        m->state = AFTER_CR;
    else if (m->state == AFTER_CR && c == '\n') {
        if (m->parts++ >= m->max_parts)
            return ay_fail(err, AY_ELIMIT, "the form has more than %d parts", m->max_parts);
        m->head_len = 0;
        m->state = HEAD;
    } else
        return ay_fail(err, AY_EINVAL, "the form is malformed after part %d", m->parts);
    return AY_OK;
}

static ay_status give(ay_multipart *m, const char *p, size_t n, ay_err *err)
{
    if (m->state != DATA || n == 0)
        return AY_OK;
    return m->sink->data(m->ctx, p, n, err);
}

/* Eat bytes of a part (or of the preamble) from p; *used says how many. */
static ay_status take_data(ay_multipart *m, const char *p, size_t n, size_t *used, ay_err *err)
{
    ay_status status;

    if (m->matched == 0) { /* the common case: hand on everything up to the next CR */
        const char *cr = memchr(p, '\r', n);
        *used = cr ? (size_t)(cr - p) : n;
        if (*used)
            return give(m, p, *used, err);
    }
    *used = 1;
    if (*p == m->delim[m->matched]) {
        if (++m->matched < m->delim_len)
            return AY_OK;
        m->matched = m->phantom = 0;
        status = m->state == DATA ? m->sink->end(m->ctx, err) : AY_OK;
        m->state = AFTER;
        return status;
    }
    const char *held = m->delim + m->phantom;
    size_t held_len = m->matched - m->phantom;
    m->matched = m->phantom = 0;
    *used = 0; /* look at this byte again */
    return give(m, held, held_len, err);
}

ay_status ay_multipart_feed(ay_multipart *m, const char *p, size_t n, ay_err *err)
{
    ay_status status = AY_OK;

    if (m->state == FAILED)
        return ay_fail(err, AY_EINVAL, "the form has failed before");
    while (n > 0 && !status && m->state != END) { /* what follows the end is ignored */
        size_t used = 1;
        if (m->state == PREAMBLE || m->state == DATA)
            status = take_data(m, p, n, &used, err);
        else if (m->state == HEAD)
            status = take_head(m, *p, err);
        else
            status = take_after(m, *p, err);
        p += used;
        n -= used;
    }
    if (status)
        m->state = FAILED;
    return status;
}

ay_status ay_multipart_finish(ay_multipart *m, ay_err *err)
{
    if (m->state == END)
        return AY_OK;
    m->state = FAILED;
    return ay_fail(err, AY_EINVAL, "the form ends before its closing boundary");
}
