/* The small parts of base/ that have no test file of their own. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/queue.h"
#include "base/rng.h"
#include "base/str.h"
#include "base/test.h"
#include "base/thread.h"

static void buffer_grows_and_keeps_its_limit(void)
{
    ay_buf b = {.limit = 1000};

    for (int i = 0; i < 100; i++)
        ay_buf_printf(&b, "%d,", i);
    CHECK(!b.failed && b.len == 290 && strncmp(b.data, "0,1,2,", 6) == 0);
    for (int i = 0; i < 100; i++)
        ay_buf_puts(&b, "0123456789");
    CHECK(b.failed && b.len <= 1000);
    ay_buf_fini(&b);
}

static void utf8_is_told_from_noise(void)
{
    CHECK(ay_utf8_valid("caf\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80", 14));
    CHECK(!ay_utf8_valid("\xc0\x80", 2));         /* overlong NUL */
    CHECK(!ay_utf8_valid("\xed\xa0\x80", 3));     /* surrogate */
    CHECK(!ay_utf8_valid("\xf4\x90\x80\x80", 4)); /* past U+10FFFF */
    CHECK(!ay_utf8_valid("\xe4\xb8", 2));         /* cut short */
    char s[] = "ab\xe4\xb8\xad";
    ay_utf8_cut(s, 4);
    CHECK(strcmp(s, "ab") == 0);
}

static void numbers_are_parsed_whole(void)
{
    long v;
    size_t n;

    CHECK(ay_str_to_long("42", 0, 100, &v) && v == 42);
    CHECK(!ay_str_to_long("42x", 0, 100, &v) && !ay_str_to_long("", 0, 9, &v));
    CHECK(!ay_str_to_long("101", 0, 100, &v));
    CHECK(ay_str_to_size("20MB", &n) && n == 20000000);
    CHECK(ay_str_to_size("1 KiB", &n) && n == 1024);
    CHECK(!ay_str_to_size("-1", &n) && !ay_str_to_size("nan", &n) && !ay_str_to_size("5 apples", &n));
}

static void sha256_knows_the_standard_answer(void)
{
    char hex[AY_SHA256_HEX];

    ay_sha256_bytes("abc", 3, hex); /* FIPS 180-2, appendix B.1 */
    CHECK(strcmp(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
    CHECK(ay_sha256_valid(hex) && !ay_sha256_valid("BA78") && !ay_sha256_valid("../../etc"));
}

/* Whole blocks go another way than single bytes do. */
static void sha256_is_the_same_in_any_pieces(void)
{
    static unsigned char bytes[100000];
    char whole[AY_SHA256_HEX], pieces[AY_SHA256_HEX];
    unsigned at = 1;
    ay_sha256 h;

    memset(bytes, 'a', sizeof bytes); /* FIPS 180-2, appendix B.3: a million of them */
    ay_sha256_init(&h);
    for (int i = 0; i < 10; i++)
        ay_sha256_add(&h, bytes, sizeof bytes);
    ay_sha256_hex(&h, whole);
    CHECK(strcmp(whole, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") == 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * i >> 3);
    for (size_t n = 0; n < sizeof bytes; n += 1 + n / 3) {
        ay_sha256_bytes(bytes, n, whole);
        ay_sha256_init(&h);
        for (size_t done = 0, step; done < n; done += step) {
            at = at * 1103515245u + 12345u;
            step = n % 2 ? 1 : (at >> 16) % 200;
            step = step < n - done ? step : n - done;
            ay_sha256_add(&h, bytes + done, step);
        }
        ay_sha256_hex(&h, pieces);
        CHECK(strcmp(whole, pieces) == 0);
    }
}

static void file_is_replaced_whole(void)
{
    char dir[] = "/tmp/assay-test-XXXXXX", path[64];
    ay_buf b = {0};
    ay_err err;
    ay_map m;

    CHECK(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/a/b", dir);
    CHECK_OK(ay_file_mkdirs(path, &err), err);
    snprintf(path, sizeof path, "%s/a/b/f", dir);
    CHECK_OK(ay_file_write(path, "one", 3, &err), err);
    CHECK_OK(ay_file_write(path, "three", 5, &err), err);
    CHECK_OK(ay_file_read(path, 0, &b, &err), err);
    CHECK(b.len == 5 && strcmp(b.data, "three") == 0);
    ay_buf_fini(&b);
    CHECK(ay_file_read(path, 4, &b, &err) == AY_ELIMIT && strstr(err.msg, "larger"));
    ay_buf_fini(&b);
    CHECK_OK(ay_map_open(&m, path, &err), err);
    CHECK(m.size == 5 && memcmp(m.data, "three", 5) == 0);
    ay_map_close(&m);
    CHECK(ay_file_read("/nonexistent", 0, &b, &err) == AY_ENOTFOUND);
    unlink(path);
    for (char *p = strrchr(path, '/'); p > path + strlen(dir) - 1; p = strrchr(path, '/')) {
        *p = '\0';
        rmdir(path);
    }
}

static void *consume(void *arg)
{
    long sum = 0;
    long *v;

    while ((v = ay_queue_pop(arg, -1)))
        sum += *v;
    return (void *)sum;
}

static void queue_hands_each_item_over_once(void)
{
    static long values[1000];
    pthread_t threads[3];
    void *sum;
    long total = 0;
    ay_queue *q;
    ay_err err;

    CHECK_OK(ay_queue_create(&q, 4, &err), err);
    CHECK(ay_queue_pop(q, 1) == NULL);
    for (int i = 0; i < 3; i++)
        CHECK_OK(ay_thread_start(&threads[i], "consumer", consume, q, &err), err);
    for (long i = 0; i < 1000; i++) {
        values[i] = i;
        while (!ay_queue_push(q, &values[i]))
            usleep(10);
    }
    ay_queue_close(q);
    CHECK(!ay_queue_push(q, &values[0]));
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], &sum);
        total += (long)sum;
    }
    CHECK(total == 499500);
    ay_queue_destroy(q);
}

static void random_numbers_repeat_and_spread(void)
{
    double sum = 0, square = 0;
    ay_rng a, b;

    ay_rng_init3(&a, 7, 1, 2);
    ay_rng_init3(&b, 7, 1, 2);
    for (int i = 0; i < 10000; i++) {
        double v = ay_rng_normal(&a);
        CHECK(v == ay_rng_normal(&b));
        sum += v;
        square += v * v;
    }
    CHECK(sum / 10000 > -0.05 && sum / 10000 < 0.05);
    CHECK(square / 10000 > 0.95 && square / 10000 < 1.05);
    ay_rng_init3(&b, 7, 2, 1);
    CHECK(ay_rng_u64(&a) != ay_rng_u64(&b));
}

static void refused_memory_is_reported(void)
{
    ay_buf b = {0};
    long before = ay_mem_live();

    ay_mem_fail_after(0);
    ay_buf_puts(&b, "x");
    ay_mem_fail_after(-1);
    CHECK(b.failed && ay_mem_live() == before);
    CHECK(!ay_alloc((size_t)-1, 8) && !ay_calloc((size_t)-1, 8));
}

static void machine_is_described(void)
{
    char when[AY_RFC3339_SIZE];

    CHECK(ay_cpu_get()->name[0] && ay_cpu_count() >= 1);
    ay_clock_rfc3339(when, 1769860800000000);
    CHECK(strcmp(when, "2026-01-31T12:00:00Z") == 0);
}

TESTS({"buffer grows and keeps its limit", buffer_grows_and_keeps_its_limit},
      {"utf-8 is told from noise", utf8_is_told_from_noise},
      {"numbers are parsed whole", numbers_are_parsed_whole},
      {"sha-256 knows the standard answer", sha256_knows_the_standard_answer},
      {"sha-256 is the same in any pieces", sha256_is_the_same_in_any_pieces},
      {"file is replaced whole", file_is_replaced_whole},
      {"queue hands each item over once", queue_hands_each_item_over_once},
      {"random numbers repeat and spread", random_numbers_repeat_and_spread},
      {"refused memory is reported", refused_memory_is_reported},
      {"machine is described", machine_is_described})
