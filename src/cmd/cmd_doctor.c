/* cmd/cmd_doctor.c - "assay doctor": what can this machine do, and is anything in the way? */
#include "base/clock.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/session.h"
#include "engine/verify.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const ay_option options[] = {
    {"seconds", 0, "N", "how long to measure each speed (2)"},
    {0},
};
static const ay_usage usage = {
    "doctor [OPTION ...]",
    "Describe the machine, check the data folder and the encoder, and measure pictures per second.\n"
    "Exit code 0 when all is well.",
    options,
    "data " AY_ENGINE_SETTINGS,
};

static int problems;

static void good(const char *what, const char *how)
{
    printf("  ok    %-14s %s\n", what, how);
}

static void bad(const char *what, const char *how)
{
    printf("  BAD   %-14s %s\n", what, how);
    problems++;
}

static void examine_machine(void)
{
    const ay_cpu *cpu = ay_cpu_get();
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    char text[160];

    printf("Machine\n");
    snprintf(text, sizeof text, "%s, %d in use", cpu->name, ay_cpu_count());
    good("processor", text);
    snprintf(text, sizeof text, "%s%s%s%s%s", cpu->avx2 ? "AVX2 " : "", cpu->avx512 ? "AVX-512 " : "",
             cpu->avx512_vnni ? "VNNI " : "", cpu->avx512_bf16 ? "BF16 " : "",
             cpu->amx_bf16 ? "AMX" : "");
    good("instructions", *text ? text : "the basic ones: expect low speed");
    ay_size_text(text, sizeof text, (unsigned long long)pages * (unsigned long long)page);
    good("memory", text);
}

static void examine_data(const char *dir)
{
    char text[4500], probe[4200];
    struct statvfs fs;
    char room[32];
    ay_err err;

    printf("Data folder\n");
    snprintf(probe, sizeof probe, "%s/.doctor", dir);
    if (ay_file_mkdirs(dir, &err) != AY_OK || ay_file_write(probe, "x", 1, &err) != AY_OK) {
        bad("writable", err.msg);
        return;
    }
    unlink(probe);
    good("writable", dir);
    if (statvfs(dir, &fs) != 0)
        return;
    unsigned long long left = (unsigned long long)fs.f_bavail * fs.f_frsize;
    ay_size_text(room, sizeof room, left);
    snprintf(text, sizeof text, "%s free%s", room,
             left < 1000000000ull ? ": less than 1 GB, uploads will fail soon" : "");
    (left < 1000000000ull ? bad : good)("room", text);
}

/* Decode speed on a drawn picture of a phone's size. */
static void measure_decode(double seconds)
{
    ay_image im = {0}, out;
    ay_buf jpeg = {0};
    char text[100];
    ay_err err;
    int n = 0;

    if (ay_image_create(&im, 1280, 960, &err) == AY_OK) {
        for (int i = 0; i < 1280 * 960 * 3; i++)
            im.data[i] = (uint8_t)((i / 3 % 1280 * 7 ^ i / 3840 * 5) + i % 3 * 40);
        ay_image_encode_jpeg(&im, 90, &jpeg, &err);
    }
    ay_image_fini(&im);
    uint64_t start = ay_clock_mono(), end = start + (uint64_t)(seconds * 1e9);
    while (jpeg.len && ay_clock_mono() < end) {
        if (ay_image_decode(jpeg.data, jpeg.len, NULL, &out, &err) != AY_OK)
            break;
        ay_image_fini(&out);
        n++;
    }
    if (n == 0)
        bad("decode", err.msg);
    else {
        snprintf(text, sizeof text, "%.0f pictures/s of 1280 x 960 (JPEG, one core)",
                 n / ((double)(ay_clock_mono() - start) * 1e-9));
        good("decode", text);
    }
    ay_buf_fini(&jpeg);
}

static void measure_engine(ay_engine *e, double seconds)
{
    const ay_engine_info *m = ay_engine_get_info(e);
    ay_engine_speed speed;
    char text[200];
    ay_err err;

    if (ay_engine_measure(e, 640, 480, seconds, &speed, &err) != AY_OK) {
        bad("speed", err.msg);
        return;
    }
    snprintf(text, sizeof text, "%.0f pictures/s of 640 x 480, %.1f ms for one alone",
             speed.pictures_per_second, speed.latency_ms);
    good("speed", text);
    snprintf(text, sizeof text, "%.1f GFLOP/s in %s with %d workers", speed.gflops_per_second,
             m->precision == AY_PRECISION_BF16 ? "bf16" : "f32", m->workers);
    good("arithmetic", text);
    snprintf(text, sizeof text, "10,000 pictures take about %.0f s",
             10000 / speed.pictures_per_second);
    good("so", text);
}

static void examine_engine(const ay_args *a, double seconds)
{
    ay_engine_check checks[AY_ENGINE_CHECKS];
    ay_session s = {0};
    char text[160];
    ay_err err;
    int n = 0;

    printf("Encoder\n");
    if (ay_session_engine(&s, a, &err) != AY_OK) {
        bad("open", err.msg);
        goto out;
    }
    good("model", ay_engine_get_info(s.engine)->name);
    if (ay_engine_verify(s.engine, checks, &n, &err) != AY_OK)
        bad("verify", err.msg);
    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof text, "cosine %.6f", checks[i].cosine);
        (checks[i].ok ? good : bad)(checks[i].name, text);
    }
    measure_engine(s.engine, seconds);
    measure_decode(seconds);
out:
    ay_session_close(&s);
}

int ay_cmd_doctor(int argc, char **argv)
{
    char dir[4096];
    long seconds = 2;
    ay_args a;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc >= 0)
        goto out;
    if (a.n_rest > 0 || (ay_args_get(&a, "seconds") && !ay_args_number(&a, "seconds", 1, 600, &seconds))) {
        rc = a.n_rest ? ay_args_wrong(&a, "doctor: '%s' is one word too many", a.rest[0]) : AY_EXIT_USAGE;
        goto out;
    }
    examine_machine();
    ay_config_data_dir(&a.config, dir, sizeof dir);
    examine_data(dir);
    examine_engine(&a, (double)seconds);
    rc = problems ? AY_EXIT_FAIL : AY_EXIT_OK;
out:
    ay_args_fini(&a);
    return rc;
}
