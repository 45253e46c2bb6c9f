#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Length of the well-formed UTF-8 character at s, at most n bytes long; 0 if there is none. */
static size_t utf8_char(const unsigned char *s, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc2 ? 2 : 0;
    uint32_t c;

    if (len <= 1)
        return len;
    if (len > n || s[0] > 0xf4)
        return 0;
    c = s[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (s[i] & 0x3fu);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    return len;
}

bool ay_utf8_valid(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = utf8_char((const unsigned char *)s + i, n - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

void ay_utf8_cut(char *s, size_t max)
{
    size_t n = strlen(s);

    if (n <= max)
        return;
    while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
        max--;
    s[max] = '\0';
}

bool ay_str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool ay_str_ends_nocase(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n >= m && strcasecmp(s + n - m, suffix) == 0;
}

char *ay_str_trim(char *s)
{
    char *end;

    while (isspace((unsigned char)*s))
        s++;
    end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    return s;
}

bool ay_str_to_long(const char *s, long lo, long hi, long *out)
{
    char *end;
    long v;

    errno = 0;
    v = strtol(s, &end, 10);
    if (errno || end == s || *end || v < lo || v > hi)
        return false;
    *out = v;
    return true;
}

bool ay_str_to_double(const char *s, double *out)
{
    char *end;
    double v;

    errno = 0;
    v = strtod(s, &end);
    if (errno || end == s || *end || !isfinite(v))
        return false;
    *out = v;
    return true;
}

bool ay_str_to_size(const char *s, size_t *out)
{
    static const char units[] = "KMGT";
    char *end;
    double v = strtod(s, &end), base = 1000;

    if (end == s || !(v >= 0))
        return false;
    while (*end == ' ')
        end++;
    const char *u = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (u) {
        end++;
        if (*end == 'i') {
            base = 1024;
            end++;
        }
        v *= pow(base, (double)(u - units + 1));
    }
    if (*end == 'B' || *end == 'b')
        end++;
    if (*end || v >= (double)(SIZE_MAX / 2))
        return false;
    *out = (size_t)v;
    return true;
}

void ay_size_text(char *dst, size_t cap, unsigned long long bytes)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
    double v = (double)bytes;
    int u = 0;

    while (v >= 1000 && u < 4) {
        v /= 1000;
        u++;
    }
    snprintf(dst, cap, u && v < 100 ? "%.1f %s" : "%.0f %s", v, unit[u]);
}

void ay_url_hide_password(const char *url, char *dst, size_t cap)
{
    const char *at = strrchr(url, '@'), *slashes = strstr(url, "//");
    const char *colon = at && slashes && slashes < at ? strchr(slashes, ':') : NULL;

    if (colon && colon < at)
        snprintf(dst, cap, "%.*s:***%s", (int)(colon - url), url, at);
    else
        snprintf(dst, cap, "%s", url);
}
