/* Groups by density against the paper's algorithm worked out by brute force, and in odd cases. */
#include "index/density.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <jansson.h>
#include <math.h>

enum { N = 600, DIM = 6, GROUPS = 5, LOOSE = 100 };

/* test/vectors/formula.py */
static float formula(const char *name, uint64_t i)
{
    uint64_t z = 0xcbf29ce484222325;

    for (; *name; name++)
        z = (z ^ (unsigned char)*name) * 0x100000001b3;
    z += (i + 1) * 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return (float)(z >> 40) / 8388608.0f - 1;
}

/* The rows of test/vectors/make_density.py. */
static float *rows_named(const char *name, size_t *n, int *dim)
{
    static const struct {
        const char *name, *numbers;
        size_t n;
        int dim;
    } kinds[] = {{"spread", "rows", N, DIM}, {"copies", "copies", 260, 16}, {"noise", "noise", 300, 32}, {"few", "few", 9, 4}};
    static const float spreads[GROUPS] = {0.1f, 0.15f, 0.2f, 0.3f, 0.45f};
    size_t k = 0;
    float *x;

    while (strcmp(kinds[k].name, name) != 0)
        k++;
    *n = kinds[k].n;
    *dim = kinds[k].dim;
    x = ay_calloc(*n * (size_t)*dim, sizeof *x);
    for (uint64_t i = 0; i < *n; i++) {
        uint64_t from = k == 1 && i < 160 ? i % 20 : i;
        for (uint64_t d = 0; d < (uint64_t)*dim; d++) {
            float v = formula(kinds[k].numbers, from * (uint64_t)*dim + d);
            if (k == 0 && i < N - LOOSE)
                v = formula("centres", i % GROUPS * DIM + d) + spreads[i % GROUPS] * v;
            x[i * (uint64_t)*dim + d] = v;
        }
        ay_unit(x + i * (uint64_t)*dim, x + i * (uint64_t)*dim, *dim);
    }
    return x;
}

static float *golden_rows(void)
{
    size_t n;
    int dim;

    return rows_named("spread", &n, &dim);
}

/* Share of rows that the two agree on, groups matched by most common partner. */
static double agreement(const int32_t *a, const int32_t *b, size_t n, int ka, int kb)
{
    size_t *both = ay_calloc((size_t)(ka + 1) * (size_t)(kb + 1), sizeof *both), same = 0;

    for (size_t i = 0; i < n; i++)
        both[(size_t)(a[i] + 1) * (size_t)(kb + 1) + (size_t)(b[i] + 1)]++;
    for (int g = 0; g <= ka; g++) {
        size_t most = 0;
        for (int h = 0; h <= kb; h++)
            if ((g == 0) == (h == 0) && both[g * (kb + 1) + h] > most)
                most = both[g * (kb + 1) + h];
        same += most;
    }
    ay_free(both);
    return (double)same / (double)n;
}

/* Row for row what the paper says; and as near to scikit-learn's answer as the paper's is. */
static void hold_to_case(const json_t *c)
{
    ay_density_options o = {.min_size = (int)json_integer_value(json_object_get(c, "min_size")),
                            .min_samples = (int)json_integer_value(json_object_get(c, "min_samples")),
                            .leaves = json_is_true(json_object_get(c, "leaves"))};
    const json_t *labels = json_object_get(c, "labels"), *strength = json_object_get(c, "strength");
    ay_rows rows = {.n = 0};
    float *x = rows_named(json_string_value(json_object_get(c, "rows")), &rows.n, &rows.dim);
    int32_t want[N];
    int k = (int)json_integer_value(json_object_get(c, "groups"));
    ay_density g;
    ay_err err = {{0}};

    rows.rows = x;
    CHECK(json_array_size(labels) == rows.n);
    for (size_t i = 0; i < rows.n; i++)
        want[i] = (int32_t)json_integer_value(json_array_get(labels, i));
    CHECK_OK(ay_density_run(&rows, &o, &g, &err), err);
    CHECK(g.k == k);
    CHECK(agreement(g.labels, want, rows.n, g.k, k) == 1 && agreement(want, g.labels, rows.n, k, g.k) == 1);
    for (size_t i = 0; i < rows.n; i++)
        CHECK(fabs(g.strength[i] - json_number_value(json_array_get(strength, i))) < 1e-3);
    ay_density_free(&g);
    ay_free(x);
}

static void same_groups_as_the_paper(void)
{
    json_t *all = json_load_file("test/vectors/density.json", 0, NULL), *c;
    float *x = golden_rows();
    size_t i;

    CHECK(all);
    for (int d = 0; d < DIM; d++)
        CHECK(fabs(x[d] - json_real_value(json_array_get(json_object_get(all, "first_row"), (size_t)d))) < 1e-6);
    json_array_foreach(json_object_get(all, "cases"), i, c)
        hold_to_case(c);
    CHECK(i >= 16);
    json_decref(all);
    ay_free(x);
}

/* scikit-learn gives other groups for the same rows in another order where lengths tie; here the order does not matter. */
static void the_order_of_rows_does_not_matter(void)
{
    static const char *const names[] = {"spread", "copies", "noise"};

    for (size_t k = 0; k < 3; k++) {
        ay_density_options o = {.min_size = 5, .min_samples = 8};
        ay_rows rows = {.n = 0};
        float *x = rows_named(names[k], &rows.n, &rows.dim), *turned;
        size_t dim = (size_t)rows.dim;
        int32_t back[N];
        ay_density a, b;
        ay_err err = {{0}};

        turned = ay_calloc(rows.n * dim, sizeof *turned);
        for (size_t i = 0; i < rows.n; i++)
            memcpy(turned + i * dim, x + (rows.n * 7 - 1 - i * 7) % rows.n * dim, dim * sizeof *x);
        rows.rows = x;
        CHECK_OK(ay_density_run(&rows, &o, &a, &err), err);
        rows.rows = turned;
        CHECK_OK(ay_density_run(&rows, &o, &b, &err), err);
        for (size_t i = 0; i < rows.n; i++)
            back[(rows.n * 7 - 1 - i * 7) % rows.n] = b.labels[i];
        CHECK(a.k == b.k && agreement(a.labels, back, rows.n, a.k, b.k) == 1);
        ay_density_free(&a);
        ay_density_free(&b);
        ay_free(turned);
        ay_free(x);
    }
}

static void threads_do_not_matter(void)
{
    float *x = golden_rows();
    ay_rows rows = {x, N, DIM};
    ay_err err = {{0}};
    ay_density a, b;
    ay_density_options o = {.min_size = 8, .threads = 1};

    CHECK_OK(ay_density_run(&rows, &o, &a, &err), err);
    o.threads = 4;
    CHECK_OK(ay_density_run(&rows, &o, &b, &err), err);
    CHECK(a.k == b.k && memcmp(a.labels, b.labels, N * sizeof *a.labels) == 0);
    CHECK(memcmp(a.strength, b.strength, N * sizeof *a.strength) == 0);
    ay_density_free(&a);
    ay_density_free(&b);
    ay_free(x);
}

/* Copies of a few rows are groups; what is alone hardly belongs to one. */
static void copies_are_groups(void)
{
    float x[23 * DIM];
    ay_rows rows = {x, 23, DIM};
    ay_err err = {{0}};
    ay_density g;
    ay_density_options o = {.min_size = 5};

    for (uint64_t i = 0; i < 23; i++) {
        for (uint64_t d = 0; d < DIM; d++)
            x[i * DIM + d] = formula("copies", (i < 20 ? i % 4 : i) * DIM + d);
        ay_unit(x + i * DIM, x + i * DIM, DIM);
    }
    CHECK_OK(ay_density_run(&rows, &o, &g, &err), err);
    CHECK(g.k == 4);
    for (int i = 0; i < 20; i++)
        CHECK(g.labels[i] >= 0 && g.labels[i] == g.labels[i % 4] && g.strength[i] == 1);
    for (int i = 20; i < 23; i++) /* an outlier, or on the outermost edge of the group next to it */
        CHECK(g.strength[i] < 0.01f);
    ay_density_free(&g);
}

static void odd_inputs(void)
{
    float x[6 * DIM];
    ay_rows one = {x, 1, DIM}, none = {x, 0, DIM}, six = {x, 6, DIM};
    ay_err err = {{0}};
    ay_density g;
    ay_density_options o = {.min_size = 2};

    for (int i = 0; i < 6 * DIM; i++)
        x[i] = 1 / sqrtf(DIM);
    CHECK_OK(ay_density_run(&one, &o, &g, &err), err);
    CHECK(g.k == 0 && g.labels[0] == -1);
    ay_density_free(&g);
    o.min_size = 50; /* more than there are */
    CHECK_OK(ay_density_run(&six, &o, &g, &err), err);
    CHECK(g.k == 0);
    ay_density_free(&g);
    o.min_size = 1;
    CHECK(ay_density_run(&six, &o, &g, &err) == AY_EINVAL && !g.labels);
    o.min_size = 2;
    CHECK(ay_density_run(&none, &o, &g, &err) == AY_EINVAL);
}

static bool stop_soon(void *ctx, double done)
{
    *(double *)ctx = done;
    return done < 0.4;
}

static void it_can_be_stopped_and_refused(void)
{
    float *x = golden_rows();
    ay_rows rows = {x, N, DIM};
    ay_density g;
    double done = 0;
    long live = ay_mem_live();
    ay_status status = AY_ENOMEM;
    ay_density_options o = {.min_size = 5, .progress = stop_soon, .ctx = &done, .threads = 1};
    ay_err err = {{0}};

    CHECK(ay_density_run(&rows, &o, &g, &err) == AY_ECANCELLED && !g.labels && ay_mem_live() == live);
    o.progress = NULL;
    for (long n = 0; status != AY_OK && n < 1000; n++) {
        ay_mem_fail_after(n);
        status = ay_density_run(&rows, &o, &g, &err);
        ay_mem_fail_after(-1);
        CHECK(status == AY_OK || status == AY_ENOMEM);
        ay_density_free(&g);
        CHECK(ay_mem_live() == live);
    }
    CHECK(status == AY_OK);
    ay_free(x);
}

TESTS({"same groups as the paper", same_groups_as_the_paper},
      {"the order of rows does not matter", the_order_of_rows_does_not_matter},
      {"threads do not matter", threads_do_not_matter},
      {"copies are groups", copies_are_groups},
      {"odd inputs", odd_inputs},
      {"it can be stopped, and memory refused", it_can_be_stopped_and_refused})
