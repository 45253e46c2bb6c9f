/* The fit on vectors that are made here: every class is a point, its kind a direction, its colour another. */
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "train/cholesky.h"
#include "train/words_parts.h"

#include <math.h>

enum { DIM = 24, EACH = 20, CLASSES = 8, N = CLASSES * EACH * 3 };

static ay_err err;
static ay_wordlist list;
static ay_words_item items[N];
static float x[N * DIM];
static ay_words_data data = {&list, items, x, N, DIM, CLASSES};

static const char *const classes[CLASSES] = {"apple", "cat", "dog", "horse", "lemon", "lime", "pear", "saw"};

static void unit(float *v)
{
    double sum = 0;

    for (int k = 0; k < DIM; k++)
        sum += (double)v[k] * (double)v[k];
    for (int k = 0; k < DIM; k++)
        v[k] = (float)(v[k] / sqrt(sum));
}

/* Axis 0..7: the class; 8: fruit; 9: animal; 10: red; 11: what all have; the rest is noise. */
static void make(void)
{
    static char text[] = "apple < fruit\nlemon < fruit\nlime < fruit\npear < fruit\ncat < animal\ndog < animal\n"
                         "horse < animal\nred colour = red\n";
    ay_rng r;

    if (list.n)
        return;
    CHECK_OK(ay_wordlist_parse(&list, text, classes, CLASSES, &err), err);
    ay_rng_init(&r, 7);
    for (int i = 0; i < N; i++) {
        int c = i / (EACH * 3), side = i % 3, red = (i / 3) % 2;
        float *v = x + i * DIM;
        items[i] = (ay_words_item){.entry = list.of_class[c], .class = c, .side = side};
        items[i].hue[0] = red;
        for (int k = 0; k < DIM; k++)
            v[k] = (float)(0.12 * ay_rng_normal(&r) * (k > 11 ? 2 : 1));
        v[c] += 0.5f;
        v[c == 7 ? 11 : c >= 1 && c <= 3 ? 9 : 8] += 0.7f;
        v[10] += 0.3f * (float)red;
        v[11] += 1;
        unit(v);
    }
}

static const double *row(const ay_words_table *t, const char *name)
{
    int e = ay_wordlist_find(&list, name);

    CHECK(e >= 0 && t->has[e]);
    return t->row + (size_t)e * DIM;
}

static double cosine(const double *a, const double *b)
{
    double sum = 0;

    for (int k = 0; k < DIM; k++)
        sum += a[k] * b[k];
    return sum;
}

static void words_point_at_their_pictures(void)
{
    ay_words_table t;
    ay_words_tuning w;
    ay_words_result r = {0};

    make();
    CHECK_OK(ay_words_fit(&data, NULL, &t, &err), err);
    CHECK(fabs(cosine(row(&t, "cat"), row(&t, "cat")) - 1) < 1e-9);
    CHECK(row(&t, "cat")[1] > 0.4 && row(&t, "cat")[9] > 0.2);
    CHECK(row(&t, "fruit")[8] > 0.5 && fabs(row(&t, "fruit")[4]) < 0.35);
    CHECK(cosine(row(&t, "lemon"), row(&t, "pear")) > cosine(row(&t, "lemon"), row(&t, "dog")) + 0.3);
    CHECK(row(&t, "red")[10] > 0.9 && t.colour[ay_wordlist_find(&list, "red")]);
    CHECK_OK(ay_words_tune(&data, &t, &w, &err), err);
    CHECK(w.scale > 5 && w.scale < 100 && w.cosine < 0);
    CHECK_OK(ay_words_measure(&data, &t, &w, &r, &err), err);
    CHECK(r.seen.labels == CLASSES && r.seen.pictures == N / 3 && r.seen.all > 0.95 && r.seen.ten >= r.seen.all);
    CHECK(r.none_auroc > 0.9 && r.ece < 0.1 && r.loss < 0.3);
    ay_words_table_fini(&t);
}

/* Without a class's pictures its word is where its kind is; a word of no kind is gone. */
static void left_out_words_are_their_kind(void)
{
    ay_words_table t;
    ay_words_result r = {0};
    bool *out;

    make();
    out = ay_calloc((size_t)list.n + 1, sizeof *out);
    out[ay_wordlist_find(&list, "lime")] = out[ay_wordlist_find(&list, "saw")] = true;
    CHECK_OK(ay_words_fit(&data, out, &t, &err), err);
    CHECK(fabs(cosine(row(&t, "lime"), row(&t, "fruit")) - 1) < 1e-9);
    CHECK(!t.has[ay_wordlist_find(&list, "saw")]);
    ay_words_table_fini(&t);
    ay_free(out);
    CHECK_OK(ay_words_measure_unseen(&data, &r, &err), err);
    CHECK(r.readable > 0.8 && r.readable < 1); /* the saw cannot be */
    CHECK(r.unseen.pictures > 100 && r.unseen.labels >= 1 && r.unseen.all > 0.3);
}

static void the_same_twice(void)
{
    ay_words_table a, b;

    make();
    CHECK_OK(ay_words_fit(&data, NULL, &a, &err), err);
    CHECK_OK(ay_words_fit(&data, NULL, &b, &err), err);
    CHECK(memcmp(a.row, b.row, (size_t)list.n * DIM * sizeof *a.row) == 0);
    ay_words_table_fini(&a);
    ay_words_table_fini(&b);
}

static void systems_are_solved(void)
{
    enum { M = 37 };
    static double a[M * M], l[M * M], b[M * 3], want[M * 3];
    ay_rng r;

    ay_rng_init(&r, 3);
    for (int i = 0; i < M; i++)
        for (int j = 0; j <= i; j++)
            a[i * M + j] = a[j * M + i] = ay_rng_range(&r, -1, 1) + (i == j ? M : 0);
    for (int i = 0; i < M * 3; i++)
        want[i] = ay_rng_range(&r, -1, 1);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < M; j++)
            for (int k = 0; k < 3; k++)
                b[i * 3 + k] += a[i * M + j] * want[j * 3 + k];
    memcpy(l, a, sizeof l);
    CHECK_OK(ay_cholesky(l, M, &err), err);
    ay_cholesky_solve(l, M, b, 3);
    for (int i = 0; i < M * 3; i++)
        CHECK(fabs(b[i] - want[i]) < 1e-12);
    a[5 * M + 5] = -1;
    CHECK(ay_cholesky(a, M, &err) == AY_ECORRUPT);
}

static void share_of(uint8_t red, uint8_t green, uint8_t blue, double share[AY_HUES])
{
    ay_image im;

    CHECK_OK(ay_image_create(&im, 64, 64, &err), err);
    for (int i = 0; i < 64 * 64; i++) {
        int y = i / 64, inside = y > 15 && y < 48 && i % 64 > 15 && i % 64 < 48;
        im.data[i * 3] = inside ? red : 250;
        im.data[i * 3 + 1] = inside ? green : 250;
        im.data[i * 3 + 2] = inside ? blue : 250;
    }
    CHECK_OK(ay_hues_of(&im, share, &err), err);
    ay_image_fini(&im);
}

static void colours_are_those_of_the_thing(void)
{
    static const uint8_t rgb[AY_HUES][3] = {{200, 20, 30}, {230, 130, 20}, {230, 220, 30}, {20, 160, 40},
                                            {20, 60, 200}, {150, 30, 200}, {0, 0, 0},      {15, 15, 20}};
    double share[AY_HUES];

    for (int h = 0; h < AY_HUES; h++) {
        if (h == 6)
            continue; /* white on white is no thing */
        share_of(rgb[h][0], rgb[h][1], rgb[h][2], share);
        CHECK(share[h] > 0.9);
    }
    share_of(128, 128, 128, share);
    for (int h = 0; h < AY_HUES; h++)
        CHECK(share[h] < 0.1);
    share_of(250, 250, 250, share);
    CHECK(share[6] > 0.99);
}

TESTS({"words point at their pictures", words_point_at_their_pictures},
      {"left-out words are their kind", left_out_words_are_their_kind}, {"the same twice", the_same_twice},
      {"systems are solved", systems_are_solved}, {"colours are those of the thing", colours_are_those_of_the_thing})
