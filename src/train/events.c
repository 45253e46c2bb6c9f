#include "train/events.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct ay_event_file {
    FILE *file;
    char path[4200];
};

uint32_t ay_crc32c(const void *p, size_t n)
{
    const unsigned char *b = p;
    uint32_t c = ~0u;

    for (size_t i = 0; i < n; i++) {
        c ^= b[i];
        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (0x82f63b78u & (0u - (c & 1)));
    }
    return ~c;
}

uint32_t ay_crc32c_masked(const void *p, size_t n)
{
    uint32_t c = ay_crc32c(p, n);

    return (c >> 15 | c << 17) + 0xa282ead8u;
}

/* ---- protocol buffers: only what is needed ---------------------------------------------------- */

enum { VARINT = 0, BITS64 = 1, BYTES = 2, BITS32 = 5 };

static void put_varint(ay_buf *b, uint64_t v)
{
    for (; v >= 128; v >>= 7)
        ay_buf_putc(b, (char)(v | 128));
    ay_buf_putc(b, (char)v);
}

static void put_key(ay_buf *b, int field, int kind)
{
    put_varint(b, (uint64_t)field << 3 | (unsigned)kind);
}

static void put_bytes(ay_buf *b, int field, const void *p, size_t n)
{
    put_key(b, field, BYTES);
    put_varint(b, n);
    ay_buf_add(b, p, n);
}

/* Little-endian, as every machine this runs on. */
static void put_double(ay_buf *b, int field, double v)
{
    put_key(b, field, BITS64);
    ay_buf_add(b, &v, sizeof v);
}

static void put_float(ay_buf *b, int field, float v)
{
    put_key(b, field, BITS32);
    ay_buf_add(b, &v, sizeof v);
}

/* ---- records --------------------------------------------------------------------------------- */

static ay_status put_record(ay_event_file *e, const ay_buf *event, ay_err *err)
{
    uint64_t length = event->len;
    uint32_t head, body;

    if (event->failed)
        return ay_fail(err, AY_ENOMEM, "event file");
    head = ay_crc32c_masked(&length, sizeof length);
    body = ay_crc32c_masked(event->data, event->len);
    if (fwrite(&length, sizeof length, 1, e->file) != 1 ||
        fwrite(&head, sizeof head, 1, e->file) != 1 ||
        fwrite(event->data, 1, event->len, e->file) != event->len ||
        fwrite(&body, sizeof body, 1, e->file) != 1 || fflush(e->file) != 0)
        return ay_fail(err, AY_EIO, "%s: %s", e->path, strerror(errno));
    return AY_OK;
}

/* An Event with wall time and step; the caller adds what happened. */
static void begin_event(ay_buf *b, int64_t step)
{
    put_double(b, 1, (double)ay_clock_wall() / 1e6);
    put_key(b, 2, VARINT);
    put_varint(b, (uint64_t)step);
}

/* TensorBoard reads a folder's files in the order of their names.  A file that is there is never
 * written over: two runs may begin in one second and one process. */
static ay_status create_file(ay_event_file *e, const char *folder, ay_err *err)
{
    long long second = (long long)(ay_clock_wall() / 1000000);

    for (int i = 0; i < 100; i++) {
        snprintf(e->path, sizeof e->path, "%.4000s/events.out.tfevents.%lld.%ld.%02d.assay", folder,
                 second, (long)getpid(), i);
        e->file = fopen(e->path, "wbxe");
        if (e->file || errno != EEXIST)
            break;
    }
    return e->file ? AY_OK : ay_fail(err, AY_EIO, "%s: %s", e->path, strerror(errno));
}

ay_status ay_event_file_open(ay_event_file **out, const char *folder, int64_t step, ay_err *err)
{
    static const unsigned char started[] = {1 << 3 | VARINT, 1}; /* SessionLog { status: START } */
    ay_event_file *e = ay_calloc(1, sizeof *e);
    ay_buf event = {0};
    ay_status status;

    *out = NULL;
    if (!e)
        return ay_fail(err, AY_ENOMEM, "event file");
    status = create_file(e, folder, err);
    if (status != AY_OK) {
        ay_free(e);
        return status;
    }
    put_double(&event, 1, (double)ay_clock_wall() / 1e6);
    put_bytes(&event, 3, "brain.Event:2", 13);
    status = put_record(e, &event, err);
    ay_buf_fini(&event);
    if (status == AY_OK) {
        begin_event(&event, step);
        put_bytes(&event, 7, started, sizeof started);
        status = put_record(e, &event, err);
        ay_buf_fini(&event);
    }
    if (status == AY_OK)
        *out = e;
    else
        ay_event_file_close(e);
    return status;
}

ay_status ay_event_file_add(ay_event_file *e, int64_t step, const ay_scalar *values, int n, ay_err *err)
{
    ay_buf event = {0}, summary = {0}, value = {0};
    ay_status status;

    for (int i = 0; i < n; i++) {
        value.len = 0;
        put_bytes(&value, 1, values[i].tag, strlen(values[i].tag));
        put_float(&value, 2, (float)values[i].value);
        put_bytes(&summary, 1, value.data, value.len);
    }
    begin_event(&event, step);
    put_bytes(&event, 5, summary.data, summary.len);
    event.failed |= summary.failed | value.failed;
    status = put_record(e, &event, err);
    ay_buf_fini(&event);
    ay_buf_fini(&summary);
    ay_buf_fini(&value);
    return status;
}

void ay_event_file_close(ay_event_file *e)
{
    if (!e)
        return;
    fclose(e->file);
    ay_free(e);
}
