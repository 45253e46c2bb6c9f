/* Drift: planted falls are found and dated, noise and single bad parts are not. */
#include "inspect/drift.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>

static ay_err err;
static const ay_drift_base base[2] = {{"P_1_R_3_top/Up", 0.9, 0.02, 40}, {"few", 0.9, 0.02, 4}};
#define HOUR 3600000000ll
#define START (1795000000ll * 1000000)

static void a_fall_is_found_and_dated(void)
{
    ay_drift d;
    ay_rng rng;
    int at = 0;

    ay_rng_init(&rng, 4);
    CHECK_OK(ay_drift_init(&d, base, 2, &err), err);
    for (int i = 0; i < 2000; i++)
        ay_drift_add(&d, 0, START + i * HOUR, 0.9 + 0.02 * ay_rng_normal(&rng));
    const ay_drift_label *l = &d.labels[0];
    CHECK(!l->drifting && l->alarms == 0 && fabs(l->now - 0.9) < 0.01 && l->windows == 84);
    for (int i = 2000; i < 2200; i++) { /* one deviation lower */
        ay_drift_add(&d, 0, START + i * HOUR, 0.88 + 0.02 * ay_rng_normal(&rng));
        if (!at && l->drifting)
            at = i;
    }
    CHECK(l->drifting && l->alarms == 1 && at >= 2005 && at < 2060);
    CHECK(llabs(l->since - (START + 2000 * HOUR)) <= 15 * HOUR && l->noticed == START + at * HOUR);
    char text[300];
    ay_drift_words(l, text, sizeof text);
    CHECK(strstr(text, "drifting since 20"));
    for (int i = 2200; i < 2300; i++) /* mended */
        ay_drift_add(&d, 0, START + i * HOUR, 0.9 + 0.02 * ay_rng_normal(&rng));
    CHECK(!l->drifting && l->since == 0);
    json_t *json = ay_drift_json(&d);
    CHECK(json_array_size(json) == 2 && json_integer_value(json_object_get(json_array_get(json, 0), "alarms")) == 1);
    json_decref(json);
    ay_drift_fini(&d);
}

/* Lines with an alarm among 200 of 2,000 pictures each; every 200th and the one after it are bad parts, or none is. */
static int lines_with_an_alarm(bool bad_parts)
{
    int alarms = 0;

    for (uint64_t seed = 1; seed <= 200; seed++) {
        ay_drift d;
        ay_rng rng;
        ay_rng_init(&rng, seed);
        CHECK_OK(ay_drift_init(&d, base, 1, &err), err);
        for (int i = 0; i < 2000; i++)
            ay_drift_add(&d, 0, START + i * HOUR, bad_parts && i % 200 < 2 ? 0.1 : 0.9 + 0.02 * ay_rng_normal(&rng));
        alarms += d.labels[0].alarms > 0;
        ay_drift_fini(&d);
    }
    return alarms;
}

static void noise_is_no_drift(void)
{
    int noise = lines_with_an_alarm(false), bad = lines_with_an_alarm(true);

    printf("  of 200 lines %d had an alarm by noise and %d with two bad parts in a row each 200 pictures\n", noise, bad);
    CHECK(noise <= 12 && bad <= 20); /* 400,000 pictures: about 3 are expected of noise */
}

/* 0.02 lower a hundred days on, a tiny step a day: no day differs from the one before. */
static void a_slow_fall_is_found(void)
{
    ay_drift d;
    ay_rng rng;

    ay_rng_init(&rng, 8);
    CHECK_OK(ay_drift_init(&d, base, 1, &err), err);
    for (int i = 0; i < 2400; i++)
        ay_drift_add(&d, 0, START + i * HOUR, 0.9 - 0.02 * i / 2400.0 + 0.02 * ay_rng_normal(&rng));
    CHECK(d.labels[0].alarms > 0 && d.labels[0].drifting);
    ay_drift_fini(&d);
}

static void odd_input(void)
{
    ay_drift d;

    CHECK_OK(ay_drift_init(&d, base, 2, &err), err);
    for (int i = 0; i < 500; i++)
        ay_drift_add(&d, 1, START + i * HOUR, 0.1); /* too little was known at training */
    CHECK(!d.labels[1].known && !d.labels[1].drifting && d.labels[1].n == 500 && d.labels[1].windows > 20);
    char text[300];
    ay_drift_words(&d.labels[1], text, sizeof text);
    CHECK(strstr(text, "cannot be told: 4 held-out"));
    ay_drift_add(&d, 0, START, NAN);
    ay_drift_add(&d, 7, START, 0.5);
    ay_drift_add_named(&d, "gone", START, 0.5);
    CHECK(d.unknown == 3 && d.labels[0].n == 0 && isnan(d.labels[0].now));
    for (int i = 0; i < 1000; i++)
        ay_drift_add(&d, 0, START + i * 24 * HOUR, 0.9);
    CHECK(d.labels[0].windows == AY_DRIFT_WINDOWS && d.labels[0].window[AY_DRIFT_WINDOWS - 1].n == 1);
    ay_drift_add(&d, 0, START, 0.9); /* years late */
    CHECK(d.unknown == 4);
    ay_drift_fini(&d);
}

static void the_file_survives_a_torn_line(void)
{
    char dir[] = "/tmp/assay-drift-XXXXXX", path[64];
    int64_t torn;
    ay_drift d;

    CHECK(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/drift.log", dir);
    CHECK_OK(ay_drift_init(&d, base, 2, &err), err);
    CHECK_OK(ay_drift_load(&d, path, &torn, &err), err); /* not there yet */
    for (int i = 0; i < 5; i++)
        CHECK_OK(ay_drift_append(path, START + i * HOUR, base[0].label, 0.9 + 0.001 * i, &err), err);
    FILE *f = fopen(path, "a");
    fprintf(f, "%lld 0.", START + 6 * HOUR); /* a power cut */
    fclose(f);
    CHECK_OK(ay_drift_append(path, START + 7 * HOUR, base[0].label, 0.95, &err), err);
    f = fopen(path, "a");
    for (int i = 0; i < 5000; i++)
        fputc('x', f);
    fclose(f);
    CHECK_OK(ay_drift_append(path, START + 8 * HOUR, base[0].label, 0.96, &err), err);
    CHECK_OK(ay_drift_load(&d, path, &torn, &err), err);
    CHECK(torn == 2 && d.labels[0].n == 7 && d.unknown == 0 && fabs(d.labels[0].window[0].least - 0.9) < 1e-9);
    CHECK(ay_drift_append(path, 0, "a\nb", 0.5, &err) == AY_EINVAL);
    CHECK(ay_drift_append("/nonexistent/x", 0, "a", 0.5, &err) == AY_EIO);
    ay_drift_fini(&d);
    ay_file_remove_tree(dir);
}

TESTS({"a fall is found and dated", a_fall_is_found_and_dated}, {"noise is no drift", noise_is_no_drift},
      {"a slow fall is found", a_slow_fall_is_found}, {"odd input", odd_input},
      {"the file survives a torn line", the_file_survives_a_torn_line})
