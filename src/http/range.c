#include "http/range.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Digits at *p -> *out, moving *p past them.  False when there is none or they overflow. */
static bool number(const char **p, uint64_t *out)
{
    uint64_t v = 0;

    if (!isdigit((unsigned char)**p))
        return false;
    for (; isdigit((unsigned char)**p); (*p)++) {
        unsigned digit = (unsigned)(**p - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

ay_range_kind ay_range_parse(const char *header, uint64_t size, uint64_t *first, uint64_t *last)
{
    const char *p = header;
    uint64_t a = 0, b = 0;

    if (!p || strncmp(p, "bytes=", 6) != 0)
        return AY_RANGE_ALL;
    p += 6;
    if (*p == '-') { /* the last b bytes */
        p++;
        if (!number(&p, &b) || *p)
            return AY_RANGE_ALL;
        if (b == 0 || size == 0)
            return AY_RANGE_UNSATISFIABLE;
        *first = b < size ? size - b : 0;
        *last = size - 1;
        return AY_RANGE_PART;
    }
    if (!number(&p, &a) || *p++ != '-')
        return AY_RANGE_ALL;
    b = UINT64_MAX;
    if (*p && !number(&p, &b))
        return AY_RANGE_ALL;
    if (*p || b < a)
        return AY_RANGE_ALL;
    if (a >= size)
        return AY_RANGE_UNSATISFIABLE;
    *first = a;
    *last = b < size ? b : size - 1;
    return AY_RANGE_PART;
}
