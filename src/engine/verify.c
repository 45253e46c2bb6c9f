#include "engine/verify.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "engine/default.h"
#include "engine/parts.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The input of every golden.json: v(c, y, x) = ((37c + 101y + 53x + xy(c + 1) mod 97) mod 256) /
 * 127.5
 * - 1, exact in float32 up to one rounding. */
static float *make_input(int size)
{
    float *x = ay_alloc(3 * (size_t)size * (size_t)size, sizeof *x), *at = x;

    for (int c = 0; x && c < 3; c++)
        for (int row = 0; row < size; row++)
            for (int col = 0; col < size; col++) {
                int v = 37 * c + 101 * row + 53 * col + col * row * (c + 1) % 97;
                *at++ = (float)(v % 256 / 127.5 - 1.0);
            }
    return x;
}

static void compare(ay_engine_check *check, const float *a, const float *b, int dim)
{
    double aa = 0, bb = 0, ab = 0;

    for (int i = 0; i < dim; i++) {
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
        ab += (double)a[i] * b[i];
    }
    check->cosine = aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0.0;
    check->max_error = 0;
    for (int i = 0; i < dim; i++)
        check->max_error = fmax(check->max_error, fabs(a[i] / sqrt(aa) - b[i] / sqrt(bb)));
    check->ok = check->cosine >= check->cosine_wanted;
}

static double wanted_cosine(const ay_engine *e)
{
    return e->info.precision == AY_PRECISION_BF16 ? 0.999 : 0.99999;
}

/* The golden file's text: embedded, or beside the weights; empty when there is none. */
static ay_status read_golden(const ay_engine *e, ay_buf *out, ay_err *err)
{
    char path[4096];

    if (!e->path) {
        ay_buf_add(out, ay_default_golden, (size_t)(ay_default_golden_end - ay_default_golden));
        return out->failed ? ay_fail(err, AY_ENOMEM, "known answers") : AY_OK;
    }
    if (!ay_file_is_dir(e->path))
        return AY_OK;
    snprintf(path, sizeof path, "%.4000s/known.json", e->path);
    if (!ay_file_exists(path))
        snprintf(path, sizeof path, "%.4000s/golden.json", e->path);
    return ay_file_exists(path) ? ay_file_read(path, 1 << 24, out, err) : AY_OK;
}

/* A list of the known answers against what was computed now; an absent list is no check. */
static ay_status check_list(const ay_engine *e, const json_t *root, const char *key,
                            const char *name, const float *now, size_t n, ay_engine_check *checks,
                            int *count, ay_err *err)
{
    const json_t *want = json_object_get(root, key);
    float *known;

    if (!want)
        return AY_OK;
    if (json_array_size(want) != n)
        return ay_fail(err, AY_ECORRUPT, "known answers: %s of %zu numbers, the model gives %zu", key,
                       json_array_size(want), n);
    known = ay_calloc(n, sizeof *known);
    if (!known)
        return ay_fail(err, AY_ENOMEM, "known answers");
    for (size_t i = 0; i < n; i++)
        known[i] = (float)json_number_value(json_array_get(want, i));
    checks[*count] = (ay_engine_check){.name = name, .cosine_wanted = wanted_cosine(e)};
    compare(&checks[(*count)++], now, known, (int)n);
    ay_free(known);
    return AY_OK;
}

/* row: the vector, then the logits of a classifier. */
static ay_status check_golden(const ay_engine *e, const float *row, ay_engine_check *checks,
                              int *count, ay_err *err)
{
    size_t dim = (size_t)e->info.dim, classes = (size_t)e->info.classes;
    ay_buf text = {0};
    json_t *root = NULL;
    json_error_t je;
    ay_status status = read_golden(e, &text, err);

    if (status == AY_OK && text.len) {
        root = json_loadb(text.data, text.len, 0, &je);
        status = root ? check_list(e, root, "vector", "known answer", row, dim, checks, count, err)
                      : ay_fail(err, AY_ECORRUPT, "known answers, line %d: %s", je.line, je.text);
        if (status == AY_OK && classes)
            status = check_list(e, root, "logits", "known logits", row + dim, classes, checks, count,
                                err);
    }
    json_decref(root);
    ay_buf_fini(&text);
    return status;
}

static ay_status run_on(ay_engine *e, const char *backend, ay_nn_precision precision,
                        const float *input, float *dst, ay_err *err)
{
    ay_session s;
    ay_status status = ay_session_init(&s, e->model, backend, precision, err);

    if (status != AY_OK)
        return status;
    s.raw = e->raw;
    status = ay_session_run_tensor(&s, input, dst, err);
    ay_session_fini(&s);
    return status;
}

static ay_status make_picture(ay_image *out, int width, int height, unsigned seed, ay_err *err)
{
    ay_status status = ay_image_create(out, width, height, err);

    for (int y = 0; status == AY_OK && y < height; y++)
        for (int x = 0; x < width * 3; x++)
            out->data[(size_t)y * (size_t)width * 3 + (size_t)x] =
                (uint8_t)((x * 5 + y * 3 + (int)(seed * 41u) + x * y / 64) & 255);
    return status;
}

enum { CROWD = 7 };

/* Picture 0 alone, then first of CROWD different ones in one call. */
static ay_status check_alone(ay_engine *e, float *room, ay_engine_check *check, ay_err *err)
{
    ay_image pictures[CROWD] = {{0}};
    const ay_image *list[CROWD];
    size_t dim = (size_t)e->info.row;
    ay_status status = AY_OK;

    *check = (ay_engine_check){.name = "alone = batch", .cosine_wanted = 0.999999};
    for (unsigned i = 0; i < CROWD && status == AY_OK; i++) {
        list[i] = &pictures[i];
        status = make_picture(&pictures[i], 200 + (int)i, 150, i, err);
    }
    if (status == AY_OK)
        status = ay_engine_embed(e, list, 1, room, err);
    if (status == AY_OK)
        status = ay_engine_embed(e, list, CROWD, room + dim, err);
    if (status == AY_OK) {
        compare(check, room, room + dim, (int)dim);
        check->ok = memcmp(room, room + dim, dim * sizeof *room) == 0;
    }
    for (int i = 0; i < CROWD; i++)
        ay_image_fini(&pictures[i]);
    return status;
}

ay_status ay_engine_verify(ay_engine *e, ay_engine_check checks[AY_ENGINE_CHECKS], int *count,
                           ay_err *err)
{
    size_t dim = (size_t)e->info.row;
    float *input = make_input(e->info.input_size);
    float *room = ay_calloc((CROWD + 1) * dim, sizeof *room);
    ay_status status = AY_OK;

    *count = 0;
    if (!input || !room)
        status = ay_fail(err, AY_ENOMEM, "known answers");
    if (status == AY_OK)
        status = run_on(e, e->info.backend, e->precision, input, room, err);
    if (status == AY_OK)
        status = check_golden(e, room, checks, count, err);
    if (status == AY_OK)
        status = run_on(e, "ref", AY_NN_F32, input, room + dim, err);
    if (status == AY_OK) {
        checks[*count] =
            (ay_engine_check){.name = "plain loops", .cosine_wanted = wanted_cosine(e)};
        compare(&checks[(*count)++], room, room + dim, e->info.dim);
        status = check_alone(e, room, &checks[*count], err);
        *count += status == AY_OK;
    }
    ay_free(room);
    ay_free(input);
    return status;
}

static json_t *numbers(const float *v, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_real((double)v[i]));
    return list;
}

ay_status ay_engine_known_answer(ay_engine *e, ay_buf *out, ay_err *err)
{
    float *input = make_input(e->info.input_size);
    float *row = ay_calloc((size_t)e->info.row, sizeof *row);
    ay_status status = input && row ? run_on(e, e->info.backend, e->precision, input, row, err)
                                    : ay_fail(err, AY_ENOMEM, "known answers");

    if (status == AY_OK) {
        json_t *o = json_pack(
            "{s:s, s:o}", "input",
            "v(c, y, x) = ((37c + 101y + 53x + xy(c + 1) mod 97) mod 256) / 127.5 - 1", "vector",
            numbers(row, (size_t)e->info.dim));
        if (e->info.classes)
            json_object_set_new(o, "logits",
                                numbers(row + e->info.dim, (size_t)e->info.classes));
        bool good = ay_json_dump(o, JSON_INDENT(1) | JSON_REAL_PRECISION(9), out);
        ay_buf_putc(out, '\n');
        json_decref(o);
        if (!good || out->failed)
            status = ay_fail(err, AY_ENOMEM, "known answers");
    }
    ay_free(input);
    ay_free(row);
    return status;
}

/* ---- speed ----------------------------------------------------------------------------------- */

enum { ROUNDS_MAX = 4096 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Calls of n copies of im for about seconds: how many calls, each call's seconds in took. */
static ay_status repeat(ay_engine *e, const ay_image *im, int n, double seconds, float *dst,
                        double *took, int *calls, ay_err *err)
{
    const ay_image *list[2 * AY_SESSION_BATCH_MAX];
    uint64_t start, now, limit = (uint64_t)(seconds * 1e9);
    ay_status status;

    for (int i = 0; i < n; i++)
        list[i] = im;
    status = ay_engine_embed(e, list, n, dst, err); /* makes the plans */
    start = now = ay_clock_mono();
    for (*calls = 0; status == AY_OK && *calls < ROUNDS_MAX && now - start < limit; (*calls)++) {
        uint64_t before = now;
        status = ay_engine_embed(e, list, n, dst, err);
        now = ay_clock_mono();
        took[*calls] = (double)(now - before) / 1e9;
    }
    qsort(took, (size_t)*calls, sizeof *took, by_value);
    return status;
}

ay_status ay_engine_measure(ay_engine *e, int width, int height, double seconds,
                            ay_engine_speed *out, ay_err *err)
{
    int many = e->info.max_batch * e->info.workers, calls = 0, ones = 0;
    double *took = ay_calloc(ROUNDS_MAX, sizeof *took);
    ay_image im = {0};
    float *dst;
    ay_status status;

    *out = (ay_engine_speed){0};
    many = many < 2 * AY_SESSION_BATCH_MAX ? many : 2 * AY_SESSION_BATCH_MAX;
    dst = ay_calloc((size_t)many * (size_t)e->info.row, sizeof *dst);
    status = took && dst ? make_picture(&im, width, height, 1, err)
                         : ay_fail(err, AY_ENOMEM, "measuring");
    if (status == AY_OK)
        status = repeat(e, &im, 1, seconds, dst, took, &ones, err);
    if (status == AY_OK && ones > 0) {
        out->latency_ms = took[ones / 2] * 1e3;
        status = repeat(e, &im, many, seconds, dst, took, &calls, err);
    }
    if (status == AY_OK && calls > 0) {
        out->pictures_per_second = many / took[calls / 2];
        out->gflops_per_second = out->pictures_per_second * e->info.gflops;
        out->pictures = ones + many * calls;
    }
    ay_image_fini(&im);
    ay_free(dst);
    ay_free(took);
    return status;
}
