#include "base/buf.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void ay_buf_fini(ay_buf *b)
{
    ay_free(b->data);
    *b = (ay_buf){.limit = b->limit};
}

char *ay_buf_reserve(ay_buf *b, size_t extra)
{
    size_t need, cap = b->cap ? b->cap : 128;
    char *p;

    if (b->failed || extra > SIZE_MAX / 2 - b->len)
        goto fail;
    need = b->len + extra + 1;
    if (b->limit && need - 1 > b->limit)
        goto fail;
    if (need <= b->cap)
        return b->data + b->len;
    while (cap < need)
        cap *= 2;
    p = ay_realloc(b->data, cap, 1);
    if (!p)
        goto fail;
    b->data = p;
    b->cap = cap;
    return b->data + b->len;
fail:
    b->failed = 1;
    return NULL;
}

void ay_buf_add(ay_buf *b, const void *p, size_t n)
{
    char *dst = ay_buf_reserve(b, n);

    if (!dst)
        return;
    if (n)
        memcpy(dst, p, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void ay_buf_puts(ay_buf *b, const char *s)
{
    ay_buf_add(b, s, strlen(s));
}

void ay_buf_putc(ay_buf *b, char c)
{
    ay_buf_add(b, &c, 1);
}

void ay_buf_printf(ay_buf *b, const char *fmt, ...)
{
    va_list ap;
    char *dst;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    dst = n < 0 ? NULL : ay_buf_reserve(b, (size_t)n);
    if (!dst) {
        b->failed = 1;
        return;
    }
    va_start(ap, fmt);
    vsnprintf(dst, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}
