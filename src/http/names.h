/* http/names.h - what this machine is called, and where others can reach it.  Threads: any. */
#ifndef AY_HTTP_NAMES_H
#define AY_HTTP_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum { AY_NAMES_MAX = 32 };

typedef struct {
    char text[48]; /* "192.168.1.7", "fd00::7" */
    unsigned char bytes[16];
    int len; /* 4 or 16 */
    bool loopback;
} ay_address;

/* The host's name in lower case, or "" when it has no usable one. */
void ay_names_host(char *dst, size_t cap);

/* Addresses of the interfaces that are up, the one of the default route first, loopback last; IPv6
 * link-local ones are left out, they need a zone that no URL carries.  Returns how many. */
size_t ay_names_addresses(ay_address *out, size_t max);

#endif
