/* base/buf.h - bytes that grow.
 *
 * A failed append sets buf->failed and leaves the contents as they were, so a long run of appends
 * is checked once at the end.  data is always NUL-terminated one past len once anything was added. */
#ifndef AY_BASE_BUF_H
#define AY_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

typedef struct {
    char *data; /* owned; NULL while empty */
    size_t len, cap;
    size_t limit; /* most bytes ever held; 0 means no limit */
    int failed;
} ay_buf;

void ay_buf_fini(ay_buf *b); /* frees; the buffer is empty and usable again */
/* Room for extra more bytes; returns where they start or NULL (failed is set). */
char *ay_buf_reserve(ay_buf *b, size_t extra);
void ay_buf_add(ay_buf *b, const void *p, size_t n);
void ay_buf_puts(ay_buf *b, const char *s);
void ay_buf_putc(ay_buf *b, char c);
void ay_buf_printf(ay_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
