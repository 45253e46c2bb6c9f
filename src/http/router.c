#include "http/router.h"
#include "base/str.h"

#include <string.h>

/* Does template t match path p?  Returns 0 for no, else 1 + the number of fixed segments, so that a
 * larger answer is a better match. */
static int match_one(const char *t, const char *p, ay_match *m)
{
    int fixed = 1, args = 0;

    while (*t == '/' && *p == '/') {
        size_t tn = strcspn(++t, "/"), pn = strcspn(++p, "/");
        if (*t == '{') {
            if (pn == 0 || args == AY_ROUTE_ARGS)
                return 0;
            m->seg[args] = p;
            m->seg_len[args++] = pn;
        } else {
            if (tn != pn || memcmp(t, p, tn) != 0)
                return 0;
            fixed++;
        }
        t += tn;
        p += pn;
    }
    return *t == '\0' && *p == '\0' ? fixed : 0;
}

/* Add a method to "GET, HEAD" unless it is there. */
static void allow_add(char *allow, size_t cap, const char *method)
{
    size_t n = strlen(allow);

    if (strstr(allow, method) || n + strlen(method) + 3 > cap)
        return;
    if (n)
        strcat(allow, ", ");
    strcat(allow, method);
    if (strcmp(method, "GET") == 0)
        allow_add(allow, cap, "HEAD");
}

void ay_route_match(const ay_route *routes, size_t n, const char *method, const char *path,
                    ay_match *out)
{
    const char *want = strcmp(method, "HEAD") == 0 ? "GET" : method;
    int best = 0;

    *out = (ay_match){0};
    for (size_t i = 0; i < n; i++) {
        ay_match m = {0};
        int score = match_one(routes[i].path, path, &m);
        if (score == 0)
            continue;
        out->known_path = true;
        allow_add(out->allow, sizeof out->allow, routes[i].method);
        if (score <= best || strcmp(routes[i].method, want) != 0)
            continue;
        best = score;
        out->route = &routes[i];
        memcpy(out->seg, m.seg, sizeof m.seg);
        memcpy(out->seg_len, m.seg_len, sizeof m.seg_len);
    }
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

ay_status ay_percent_decode(char *dst, const char *src, size_t n, bool plus, ay_err *err)
{
    size_t out = 0;

    for (size_t i = 0; i < n; i++) {
        char c = src[i];
        if (c == '%') {
            int hi = i + 2 < n ? hex(src[i + 1]) : -1, lo = hi < 0 ? -1 : hex(src[i + 2]);
            if (lo < 0)
                return ay_fail(err, AY_EINVAL, "the address has a broken %%-escape");
            c = (char)(hi << 4 | lo);
            i += 2;
        } else if (c == '+' && plus)
            c = ' ';
        if (c == '\0')
            return ay_fail(err, AY_EINVAL, "the address holds a NUL");
        dst[out++] = c;
    }
    dst[out] = '\0';
    if (!ay_utf8_valid(dst, out))
        return ay_fail(err, AY_EINVAL, "the address is not UTF-8");
    return AY_OK;
}
