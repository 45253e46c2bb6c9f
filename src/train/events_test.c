#include "train/events.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/test.h"

static char found[512];

static ay_status remember(void *ctx, const char *path, ay_err *err)
{
    (void)ctx, (void)err;
    snprintf(found, sizeof found, "%s", path);
    return AY_OK;
}

/* RFC 3720, B.4: 32 bytes of zeroes, of ones, and 0 to 31; and the usual check string. */
static void crc_is_castagnolis(void)
{
    unsigned char b[32] = {0};

    CHECK(ay_crc32c(b, 32) == 0x8a9136aau);
    memset(b, 0xff, 32);
    CHECK(ay_crc32c(b, 32) == 0x62a8ab43u);
    for (int i = 0; i < 32; i++)
        b[i] = (unsigned char)i;
    CHECK(ay_crc32c(b, 32) == 0x46dd794eu);
    CHECK(ay_crc32c("123456789", 9) == 0xe3069283u);
}

static uint64_t varint(const unsigned char **p)
{
    uint64_t v = 0;

    for (int shift = 0;; shift += 7) {
        unsigned char b = *(*p)++;
        v |= (uint64_t)(b & 127) << shift;
        if (!(b & 128))
            return v;
    }
}

/* Walk over a message and give the bytes (or the place) of one field; NULL: it has none. */
static const unsigned char *field(const unsigned char *p, size_t n, unsigned wanted, int nth, size_t *len)
{
    const unsigned char *end = p + n;

    while (p < end) {
        uint64_t key = varint(&p), size = 0;
        const unsigned char *at = p;
        if ((key & 7) == 0)
            varint(&p);
        else if ((key & 7) == 2) {
            size = varint(&p);
            at = p;
            p += size;
        } else {
            size = (key & 7) == 1 ? 8 : 4;
            p += size;
        }
        if (key >> 3 == wanted && nth-- == 0) {
            *len = (size_t)size;
            return at;
        }
    }
    return NULL;
}

/* The next record, its sums checked. */
static const unsigned char *record(const unsigned char **p, const unsigned char *end, size_t *len)
{
    uint64_t n;
    uint32_t head, body;
    const unsigned char *data;

    CHECK(end - *p >= 16);
    memcpy(&n, *p, 8);
    memcpy(&head, *p + 8, 4);
    CHECK(head == ay_crc32c_masked(*p, 8) && n <= (uint64_t)(end - *p) - 16);
    data = *p + 12;
    memcpy(&body, data + n, 4);
    CHECK(body == ay_crc32c_masked(data, n));
    *p = data + n + 4;
    *len = n;
    return data;
}

static void check_scalars(const unsigned char *event, size_t n)
{
    size_t len, value_len, tag_len;
    const unsigned char *summary = field(event, n, 5, 0, &len), *at = field(event, n, 2, 0, &value_len);
    const unsigned char *value, *tag, *number;
    float f;

    CHECK(at && varint(&at) == 300);
    CHECK(summary && (value = field(summary, len, 1, 1, &value_len)));
    tag = field(value, value_len, 1, 0, &tag_len);
    CHECK(tag && tag_len == 12 && memcmp(tag, "val/accuracy", 12) == 0);
    number = field(value, value_len, 2, 0, &tag_len);
    CHECK(number && tag_len == 4);
    memcpy(&f, number, 4);
    CHECK(f == 0.75f);
}

/* What protobuf's own serialiser makes of the Event that TensorBoard defines, with step 300 and the
 * two values below, behind its wall time (vectors/check_events.py prints it). */
static const char golden[] = "10ac022a280a110a0a747261696e2f6c6f7373150000c"
                             "03f0a130a0c76616c2f6163637572616379150000403f";

static void check_bytes(const unsigned char *event, size_t n)
{
    char hex[2 * 200 + 1] = "";

    CHECK(n > 9 && n < 200 && event[0] == (1 << 3 | 1)); /* a double */
    for (size_t i = 9; i < n; i++)
        snprintf(hex + 2 * (i - 9), 3, "%02x", event[i]);
    CHECK(strcmp(hex, golden) == 0);
}

static void file_reads_back(void)
{
    static const ay_scalar values[] = {{"train/loss", 1.5}, {"val/accuracy", 0.75}};
    char folder[] = "/tmp/assay-events-XXXXXX";
    const unsigned char *p, *end, *event;
    ay_buf bytes = {0};
    ay_event_file *e;
    size_t n, len;
    ay_err err;

    CHECK(mkdtemp(folder) != NULL);
    CHECK_OK(ay_event_file_open(&e, folder, 0, &err), err);
    CHECK_OK(ay_event_file_add(e, 300, values, 2, &err), err);
    ay_event_file_close(e);
    CHECK_OK(ay_file_walk(folder, remember, NULL, &err), err);
    CHECK(strstr(found, "events.out.tfevents.") != NULL);
    CHECK_OK(ay_file_read(found, 0, &bytes, &err), err);
    p = (const unsigned char *)bytes.data;
    end = p + bytes.len;
    event = record(&p, end, &n);
    CHECK(field(event, n, 3, 0, &len) && len == 13);
    event = record(&p, end, &n);
    CHECK(field(event, n, 7, 0, &len) && len == 2);
    event = record(&p, end, &n);
    check_scalars(event, n);
    check_bytes(event, n);
    CHECK(p == end);
    ay_buf_fini(&bytes);
    CHECK(unlink(found) == 0 && rmdir(folder) == 0);
}

/* Two beginnings in one second leave two files, which read in the order in which they began. */
static void nothing_is_written_over(void)
{
    char folder[] = "/tmp/assay-events-XXXXXX", first[512];
    ay_event_file *e[2];
    ay_err err;

    CHECK(mkdtemp(folder) != NULL);
    CHECK_OK(ay_event_file_open(&e[0], folder, 0, &err), err);
    CHECK_OK(ay_file_walk(folder, remember, NULL, &err), err);
    snprintf(first, sizeof first, "%s", found);
    CHECK_OK(ay_event_file_open(&e[1], folder, 0, &err), err);
    CHECK(unlink(first) == 0);
    CHECK_OK(ay_file_walk(folder, remember, NULL, &err), err);
    CHECK(strcmp(found, first) > 0);
    ay_event_file_close(e[0]);
    ay_event_file_close(e[1]);
    CHECK(unlink(found) == 0 && rmdir(folder) == 0);
    CHECK(ay_event_file_open(&e[0], folder, 0, &err) == AY_EIO && strstr(err.msg, folder));
}

TESTS({"crc_is_castagnolis", crc_is_castagnolis}, {"file_reads_back", file_reads_back},
      {"nothing_is_written_over", nothing_is_written_over})
