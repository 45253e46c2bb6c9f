/* image/hostile_test.c - some 4,100 odd, broken and hostile files, each decoded in a process of its
 * own so that a crash, a hang or a memory bomb is seen and named.  A file must give a picture or a
 * status with words, within one second of processor time and 256 MB above what the process has
 * anyway.  Where the corpus says what must fail or must decode (expected_errors.json), it is asked.
 *
 * Under a sanitizer all run in one process, with time to spare and memory not measured. */
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "image/hostile.h"
#include "image/image.h"

#include <fnmatch.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include <jansson.h>

#ifdef __has_feature
#define CLANG_ASAN __has_feature(address_sanitizer)
#else
#define CLANG_ASAN 0
#endif
#if defined(__SANITIZE_ADDRESS__) || CLANG_ASAN
#define SANITIZED    1
#define MOST_SECONDS 10
#else
#define MOST_SECONDS 1
#endif
#define MOST_KB      (256l << 10)

#define ROOT         HOSTILE_ROOT
#define STATUS_BASE  100 /* a child's exit status: 100 + ay_status */
#define NO_WORDS     90
#define LEAK         91
#define HANG_SECONDS 60

typedef struct {
    int status; /* ay_status, or -1: died */
    int signal;
    double seconds;
    long kb;
} verdict;

/* The exit status of a decode: STATUS_BASE + ay_status, or what is wrong with it. */
static int decode(const void *bytes, size_t n)
{
    ay_image im;
    ay_err err = {""};
    long live = ay_mem_live();
    ay_status st;

    if (!bytes)
        return STATUS_BASE;
    st = ay_image_decode(bytes, n, NULL, &im, &err);
    if (st && (!err.msg[0] || im.data))
        return NO_WORDS;
    if (st)
        return ay_mem_live() == live ? STATUS_BASE + (int)st : LEAK;
    if (im.width < 1 || im.height < 1 || !im.data)
        return NO_WORDS;
    ay_image_fini(&im);
    return ay_mem_live() == live ? STATUS_BASE : LEAK;
}

#ifdef SANITIZED
/* Forking a sanitized process 4,000 times takes minutes, and a report ends the test anyway. */
static verdict try_bytes(const void *bytes, size_t n)
{
    clock_t start = clock();
    int how = decode(bytes, n);

    return (verdict){.status = how >= STATUS_BASE ? how - STATUS_BASE : -1,
                     .seconds = (double)(clock() - start) / CLOCKS_PER_SEC};
}
#else
static verdict try_bytes(const void *bytes, size_t n)
{
    verdict v = {.status = -1};
    struct rusage use;
    int how;
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        alarm(HANG_SECONDS);
        _exit(decode(bytes, n));
    }
    CHECK(wait4(pid, &how, 0, &use) == pid);
    if (WIFSIGNALED(how))
        v.signal = WTERMSIG(how);
    else if (WEXITSTATUS(how) >= STATUS_BASE)
        v.status = WEXITSTATUS(how) - STATUS_BASE;
    v.seconds = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
    v.kb = use.ru_maxrss;
    return v;
}
#endif

static struct {
    int files, pictures, refused, bad;
    long base_kb, most_kb;
    double most_seconds;
    char slowest[512], largest[512];
} seen;

static void weigh(const char *path, const verdict *v)
{
    seen.files++;
    seen.pictures += v->status == AY_OK;
    seen.refused += v->status > 0;
    if (v->seconds > seen.most_seconds) {
        seen.most_seconds = v->seconds;
        snprintf(seen.slowest, sizeof seen.slowest, "%s", path);
    }
    if (v->kb - seen.base_kb > seen.most_kb) {
        seen.most_kb = v->kb - seen.base_kb;
        snprintf(seen.largest, sizeof seen.largest, "%s", path);
    }
    if (v->status < 0 || v->seconds > MOST_SECONDS || v->kb - seen.base_kb > MOST_KB) {
        seen.bad++;
        printf("  %s: status %d, signal %d, %.2f s, %ld KB above the base\n", path, v->status,
               v->signal, v->seconds, v->kb - seen.base_kb);
    }
}

static ay_status visit(void *ctx, const char *path, ay_err *err)
{
    ay_buf file = {0};
    ay_status st = ay_file_read(path, 0, &file, err);
    verdict v;

    (void)ctx;
    if (st)
        return st;
    v = try_bytes(file.len ? file.data : "", file.len);
    ay_buf_fini(&file);
    weigh(path, &v);
    return AY_OK;
}

static void every_file_is_survived(void)
{
    ay_err err;

    hostile_unpack();
    seen.base_kb = try_bytes(NULL, 0).kb;
    CHECK_OK(ay_file_walk(ROOT, visit, NULL, &err), err);
    printf("  %d files: %d pictures, %d refused\n", seen.files, seen.pictures, seen.refused);
    printf("  most time %.2f s: %s\n", seen.most_seconds, seen.slowest);
    printf("  most memory %ld MB above the base: %s\n", seen.most_kb >> 10, seen.largest);
    CHECK(seen.files > 4000 && seen.pictures > 500);
    CHECK(seen.bad == 0);
}

static int status_of(const char *path)
{
    ay_buf file = {0};
    ay_err err;
    verdict v;

    CHECK_OK(ay_file_read(path, 0, &file, &err), err);
    v = try_bytes(file.data, file.len);
    ay_buf_fini(&file);
    return v.status;
}

static json_t *expectations(void)
{
    json_t *root;

    hostile_unpack();
    root = json_load_file(ROOT "/codec-corpus/expected_errors.json", 0, NULL);
    CHECK(root);
    return root;
}

static void broken_pngs_fail(void)
{
    json_t *root = expectations(), *files, *value;
    const char *name;
    int n = 0;

    files = json_object_get(json_object_get(root, "pngsuite"), "error_files");
    json_object_foreach(files, name, value)
    {
        char path[512];
        snprintf(path, sizeof path, ROOT "/codec-corpus/pngsuite/%s", name);
        if (!ay_file_exists(path))
            continue;
        if (status_of(path) <= 0)
            printf("  %s is expected to fail\n", path);
        CHECK(status_of(path) > 0);
        n++;
    }
    CHECK(n >= 10);
    json_decref(root);
}

static int bad_bmps;

static ay_status visit_bad_bmp(void *ctx, const char *path, ay_err *err)
{
    (void)ctx;
    (void)err;
    if (fnmatch("*.bad_bmp", path, 0))
        return AY_OK;
    if (status_of(path) <= 0)
        printf("  %s is expected to fail\n", path);
    CHECK(status_of(path) > 0);
    bad_bmps++;
    return AY_OK;
}

static void bad_bmps_fail(void)
{
    ay_err err;

    hostile_unpack();
    CHECK_OK(ay_file_walk(ROOT "/codec-corpus/image-rs/test-images/bmp", visit_bad_bmp, NULL, &err),
             err);
    CHECK(bad_bmps >= 5);
}

static int odd_jpegs;

/* The corpus calls all of these valid; one is cut short, which we count as an error. */
static ay_status visit_odd_jpeg(void *ctx, const char *path, ay_err *err)
{
    bool cut = strstr(path, "incomplete_image.jpg") != NULL;

    (void)ctx;
    (void)err;
    if (status_of(path) != (cut ? AY_ECORRUPT : AY_OK))
        printf("  %s: status %d\n", path, status_of(path));
    CHECK(status_of(path) == (cut ? AY_ECORRUPT : AY_OK));
    odd_jpegs++;
    return AY_OK;
}

static void odd_jpegs_decode(void)
{
    ay_err err;

    hostile_unpack();
    CHECK_OK(ay_file_walk(ROOT "/codec-corpus/zune/test-images/jpeg", visit_odd_jpeg, NULL, &err),
             err);
    CHECK(odd_jpegs >= 20);
}

static size_t from_hex(const char *hex, unsigned char *out, size_t cap)
{
    size_t n = 0;
    unsigned byte;

    for (; n < cap && sscanf(hex, "%2x", &byte) == 1; hex += 2)
        out[n++] = (unsigned char)byte;
    return n;
}

static void small_broken_jpegs_fail(void)
{
    json_t *root = expectations(), *cases, *one;
    size_t i;

    cases = json_object_get(json_object_get(root, "jpeg_error_cases"), "inline_test_cases");
    CHECK(json_array_size(cases) >= 6);
    json_array_foreach(cases, i, one)
    {
        unsigned char bytes[64];
        size_t n =
            from_hex(json_string_value(json_object_get(one, "bytes_hex")), bytes, sizeof bytes);
        CHECK(try_bytes(bytes, n).status > 0);
    }
    json_decref(root);
}

TESTS({"every hostile file is survived", every_file_is_survived},
      {"broken PNGs fail", broken_pngs_fail}, {"bad BMPs fail", bad_bmps_fail},
      {"odd JPEGs decode", odd_jpegs_decode}, {"small broken JPEGs fail", small_broken_jpegs_fail})
