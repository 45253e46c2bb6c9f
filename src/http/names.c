#include "http/names.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void ay_names_host(char *dst, size_t cap)
{
    if (gethostname(dst, cap) != 0)
        dst[0] = '\0';
    dst[cap - 1] = '\0';
    for (char *p = dst; *p; p++) {
        *p = (char)tolower((unsigned char)*p);
        if (!isalnum((unsigned char)*p) && *p != '-' && *p != '.') {
            dst[0] = '\0'; /* not a name that a certificate or a URL can carry */
            return;
        }
    }
}

/* The address this machine would use towards the outside.  Connecting a datagram socket sends
 * nothing; 192.0.2.1 is reserved for documentation. */
static bool outward(struct in_addr *out)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)}, from;
    socklen_t len = sizeof from;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool ok;

    inet_pton(AF_INET, "192.0.2.1", &to.sin_addr);
    ok = fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
         getsockname(fd, (struct sockaddr *)&from, &len) == 0;
    if (ok)
        *out = from.sin_addr;
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool take(const struct ifaddrs *i, ay_address *a)
{
    *a = (ay_address){.loopback = i->ifa_flags & IFF_LOOPBACK};
    if (!(i->ifa_flags & IFF_UP) || !i->ifa_addr)
        return false;
    if (i->ifa_addr->sa_family == AF_INET) {
        a->len = 4;
        memcpy(a->bytes, &((struct sockaddr_in *)i->ifa_addr)->sin_addr, 4);
        return inet_ntop(AF_INET, a->bytes, a->text, sizeof a->text) != NULL;
    }
    if (i->ifa_addr->sa_family == AF_INET6) {
        const struct in6_addr *in6 = &((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr;
        a->len = 16;
        memcpy(a->bytes, in6, 16);
        return !IN6_IS_ADDR_LINKLOCAL(in6) &&
               inet_ntop(AF_INET6, a->bytes, a->text, sizeof a->text);
    }
    return false;
}

static _Thread_local struct in_addr first_choice;

static int rank(const ay_address *a)
{
    if (a->loopback)
        return a->len == 4 ? 3 : 4;
    if (a->len == 4)
        return memcmp(a->bytes, &first_choice, 4) == 0 ? 0 : 1;
    return 2;
}

static int by_rank(const void *pa, const void *pb)
{
    const ay_address *a = pa, *b = pb;
    int d = rank(a) - rank(b);

    return d ? d : strcmp(a->text, b->text); /* the same order each time */
}

size_t ay_names_addresses(ay_address *out, size_t max)
{
    struct ifaddrs *all = NULL;
    size_t n = 0;

    if (!outward(&first_choice))
        memset(&first_choice, 0, sizeof first_choice);
    if (getifaddrs(&all) != 0)
        return 0;
    for (const struct ifaddrs *i = all; i && n < max; i = i->ifa_next)
        n += take(i, &out[n]);
    freeifaddrs(all);
    qsort(out, n, sizeof *out, by_rank);
    return n;
}
