#include "http/guard.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

bool ay_guard_host_name(const char *host, char *dst, size_t cap)
{
    bool v6 = *host == '[';
    size_t n = strcspn(host += v6, v6 ? "]" : ":");
    const char *rest = host + n + v6;

    if (n == 0 || n >= cap || (v6 && host[n] != ']') || (*rest && *rest != ':'))
        return false;
    if (*rest && rest[1 + strspn(rest + 1, "0123456789")])
        return false;
    for (size_t i = 0; i < n; i++)
        dst[i] = (char)tolower((unsigned char)host[i]);
    if (dst[n - 1] == '.' && n > 1) /* a fully qualified name's closing dot */
        n--;
    dst[n] = '\0';
    return true;
}

static bool ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n > m && strcmp(s + n - m, suffix) == 0;
}

static bool is_address(const char *name)
{
    unsigned char a[16];

    return inet_pton(AF_INET, name, a) == 1 || inet_pton(AF_INET6, name, a) == 1;
}

/* Is name one of the comma-separated words of list? */
static bool listed(const char *name, const char *list)
{
    while (list && *list) {
        size_t n;
        list += strspn(list, ", ");
        n = strcspn(list, ", ");
        if (n == 1 && *list == '*')
            return true;
        if (n == strlen(name) && n && strncasecmp(list, name, n) == 0)
            return true;
        list += n;
    }
    return false;
}

bool ay_guard_host(const char *host, const char *hostname, const char *allow)
{
    char name[256];
    size_t n = strlen(hostname);

    if (!host)
        return true;
    if (!ay_guard_host_name(host, name, sizeof name))
        return false;
    if (is_address(name) || strcmp(name, "localhost") == 0 || ends_with(name, ".localhost"))
        return true;
    if (n && strncasecmp(name, hostname, n) == 0 && (!name[n] || strcmp(name + n, ".local") == 0))
        return true;
    return listed(name, allow);
}

bool ay_guard_loopback(const char *host)
{
    char name[256];
    struct in_addr a;

    if (!host || !ay_guard_host_name(host, name, sizeof name))
        return false;
    if (inet_pton(AF_INET, name, &a) == 1)
        return ntohl(a.s_addr) >> 24 == 127;
    return strcmp(name, "localhost") == 0 || ends_with(name, ".localhost") ||
           strcmp(name, "::1") == 0;
}

bool ay_guard_cors(const char *origin, const char *cors)
{
    return origin && cors && listed(origin, cors);
}

bool ay_guard_origin(const char *site, const char *origin, const char *host, const char *cors)
{
    const char *at = origin ? strstr(origin, "://") : NULL;

    if (ay_guard_cors(origin, cors))
        return true;
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return false;
    if (!origin)
        return true; /* not a browser, or an old one on the same site */
    return at && host && strcasecmp(at + 3, host) == 0;
}
