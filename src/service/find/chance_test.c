/* What chance does, on drawn numbers: the share of false alarms that is promised, one match alone and a crowd,
 * learnt and normal chances, and odd input. */
#include "service/find/chance.h"
#include "service/find/learn_chance.h"
#include "service/find/ranking.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>
#include <string.h>

static ay_err err = {{0}};

/* Normal; heavy: cubed beyond 1, as no normal distribution is. */
static void fill(float *z, size_t n, uint64_t seed, bool heavy)
{
    ay_rng rng;

    ay_rng_init3(&rng, seed, 1, 2);
    for (size_t i = 0; i < n; i++) {
        z[i] = (float)ay_rng_normal(&rng);
        if (heavy && z[i] > 1)
            z[i] = z[i] * z[i] * z[i];
    }
}

/* How many are in the answer. */
static int kept(const ay_chance *c, const float *z, size_t n)
{
    double least;
    bool passed;
    int k = 0;

    CHECK_OK(ay_chance_cut(c, z, NULL, n, &least, &passed, &err), err);
    for (size_t i = 0; i < n && passed; i++)
        k += (double)z[i] >= least;
    CHECK(!passed || k > 0);
    return k;
}

static void the_normal_tail(void)
{
    CHECK(fabs(ay_normal_tail(0) - 0.5) < 1e-12 && fabs(ay_normal_tail(1.959963985) - 0.025) < 1e-9);
    CHECK(fabs(ay_normal_tail(5) - 2.866515719e-7) < 1e-15 && ay_normal_tail(-40) == 1);
}

static void normal_chances_keep_what_they_promise(void)
{
    enum { N = 100000, TURNS = 60 };
    const ay_background unit = {.centre = 0, .spread = 1};
    float *z = ay_alloc(N, sizeof *z);
    ay_chance c;
    int found = 0;

    ay_chance_normal(&c, &unit, N);
    for (uint64_t t = 0; t < TURNS; t++) {
        fill(z, N, t, false);
        found += kept(&c, z, N) > 0;
    }
    CHECK(found <= 15); /* 6 are expected; more than 15 have a chance below 1 in 1,000 */
    fill(z, N, 1000, false);
    z[777] = 6.5f;
    CHECK(kept(&c, z, N) == 1);
    z[777] = 4.0f; /* alone that is nothing among so many */
    CHECK(kept(&c, z, N) == 0);
    z[777] = 6.5f;
    for (int i = 0; i < 150; i++)
        z[600 * i] = 4.0f; /* beside one that is sure, a crowd belongs */
    CHECK(kept(&c, z, N) >= 150 && kept(&c, z, N) < 190);
    ay_free(z);
}

/* Questions of heavy-tailed scores, a third of them with matches. */
static void learn(ay_chance *c, bool clean, size_t n, float *z)
{
    ay_lessons *l;

    CHECK_OK(ay_lessons_begin(&l, -8, 40, &err), err);
    for (uint64_t q = 0; q < 120; q++) {
        fill(z, n, 5000 + q, true);
        for (size_t i = 0; !clean && q % 3 == 0 && i < 20; i++)
            z[i * 31] = 200;
        ay_lessons_add(l, z, NULL, n);
    }
    CHECK(ay_lessons_count(l) == 120);
    CHECK_OK(ay_lessons_end(l, clean, c, &err), err);
}

static void learnt_chances_fit_tails_that_are_not_normal(bool clean)
{
    enum { N = 20000, TURNS = 100 };
    const ay_background unit = {.centre = 0, .spread = 1};
    float *z = ay_alloc(N, sizeof *z);
    ay_chance c, normal;
    int found = 0, wrong = 0;

    learn(&c, clean, N, z);
    ay_chance_normal(&normal, &unit, N);
    CHECK(c.learnt && c.expected);
    for (uint64_t t = 0; t < TURNS; t++) {
        fill(z, N, t, true);
        found += kept(&c, z, N) > 0;
        wrong += kept(&normal, z, N) > 0;
    }
    CHECK(found <= 25 && wrong == TURNS); /* promised are 10; the normal tail is wrong each time */
    z[5] = (float)c.gate * 1.5f; /* one that is sure, and a crowd with it */
    for (int i = 0; i < 150; i++)
        z[i * 100] = (float)c.gate * 0.8f;
    CHECK(kept(&c, z, N) >= 151);
    CHECK(ay_chance_expected(&c, 0.5, N) > 100 && ay_chance_expected(&c, 39.9, N) < 20);
    ay_chance_fini(&c);
    ay_free(z);
}

static void learnt(void)
{
    learnt_chances_fit_tails_that_are_not_normal(true);
    learnt_chances_fit_tails_that_are_not_normal(false);
}

static void the_background_is_the_crowd_not_the_matches(void)
{
    enum { N = 2000 };
    float s[N];
    ay_background b;

    fill(s, N, 5, false);
    for (int i = 0; i < N; i++)
        s[i] = i % 5 == 0 ? 0.9f + 0.01f * s[i] : 0.2f + 0.05f * s[i];
    CHECK_OK(ay_background_of(s, N, &b, &err), err);
    CHECK(fabs(b.centre - 0.2) < 0.025 && b.spread > 0.035 && b.spread < 0.07);
    for (int i = 0; i < N; i++)
        s[i] = 0.5f;
    CHECK_OK(ay_background_of(s, N, &b, &err), err);
    CHECK(b.centre == 0.5 && b.spread > 0);
    CHECK_OK(ay_background_of(s, 1, &b, &err), err);
    CHECK(b.centre == 0.5 && b.spread > 0);
}

enum { DIM = 32, CLASSES = 10, EACH = 30 };

/* Vectors about a centre for each class. */
static void draw(float *rows, int *label, int classes)
{
    ay_rng rng;
    float centre[DIM];

    ay_rng_init3(&rng, 7, 7, 7);
    for (int c = 0; c < classes; c++) {
        for (int d = 0; d < DIM; d++)
            centre[d] = (float)ay_rng_normal(&rng);
        for (int i = 0; i < EACH; i++) {
            float *v = rows + (c * EACH + i) * DIM;
            for (int d = 0; d < DIM; d++)
                v[d] = centre[d] + 0.7f * (float)ay_rng_normal(&rng);
            ay_unit(v, v, DIM);
            label[c * EACH + i] = c;
        }
    }
}

static void pictures_of_other_classes_teach(void)
{
    static float rows[CLASSES * EACH * DIM];
    static int label[CLASSES * EACH];
    ay_rows block[2] = {{rows, 100, DIM}, {rows + 100 * DIM, CLASSES * EACH - 100, DIM}};
    ay_shelf shelf = {block, 2, DIM, CLASSES * EACH};
    ay_chance c;
    float scores[CLASSES * EACH];

    draw(rows, label, CLASSES);
    CHECK_OK(ay_chance_of_pictures(&shelf, label, 1, &c, &err), err);
    CHECK(c.learnt && c.gate > 0.3 && c.gate < 0.8 && c.floor > 0.2 && c.floor <= c.gate);
    for (int q = 0; q < CLASSES; q++) {
        int right = 0, k = 0;
        double least;
        bool passed;
        CHECK_OK(ay_shelf_scores(&shelf, rows + q * EACH * DIM, 1, 1, scores, &err), err);
        for (int i = 0; i < CLASSES * EACH; i++)
            scores[i] -= (float)ay_chance_off(&c, (size_t)i);
        CHECK_OK(ay_chance_cut(&c, scores, NULL, CLASSES * EACH, &least, &passed, &err), err);
        for (int i = 0; i < CLASSES * EACH; i++)
            if ((double)scores[i] >= least)
                k++, right += label[i] == q;
        CHECK(passed && right >= EACH / 2 && right >= 0.8 * k);
    }
    ay_chance_fini(&c);
    memset(label, 0, sizeof label); /* one class: what is known of neighbours is all there is */
    CHECK_OK(ay_chance_of_pictures(&shelf, label, 1, &c, &err), err);
    CHECK(c.learnt && !c.expected && c.gate > 0.4 && c.gate < 0.9);
    ay_chance_fini(&c);
    shelf.n = block[0].n = 10; /* too few */
    shelf.blocks = 1;
    CHECK_OK(ay_chance_of_pictures(&shelf, label, 1, &c, &err), err);
    CHECK(!c.learnt);
}

/* One picture in each class is near to everything: without what is usual it is in every answer, with it in none. */
static void what_is_near_to_everything_is_usual(void)
{
    static float rows[CLASSES * EACH * DIM];
    static int label[CLASSES * EACH];
    ay_rows block = {rows, CLASSES * EACH, DIM};
    ay_shelf shelf = {&block, 1, DIM, CLASSES * EACH};
    ay_ranked items[CLASSES * EACH];
    ay_ranking_options o = {.kind = AY_CUT_NONE, .most = EACH - 1, .threads = 1};
    ay_ranking_query q = {.dim = DIM};
    ay_chance c, plain;
    ay_ranking r;
    int right[2] = {0, 0};

    draw(rows, label, CLASSES);
    for (size_t i = 0; i < CLASSES * EACH; i++) { /* all have the first number in common; the first of a class has little else */
        float *v = rows + i * DIM;
        for (int d = 0; d < DIM; d++)
            v[d] *= i % EACH ? 0.7f : 0.1f;
        v[0] += 1;
        ay_unit(v, v, DIM);
    }
    CHECK_OK(ay_chance_of_pictures(&shelf, label, 1, &c, &err), err);
    CHECK(c.usual && ay_chance_off(&c, 0) > ay_chance_off(&c, 1) + 0.05);
    plain = c;
    plain.usual = NULL;
    for (int turn = 0; turn < 2; turn++)
        for (int k = 1; k < CLASSES * EACH; k += EACH) {
            uint8_t include[CLASSES * EACH];
            memset(include, AY_RANK_YES, sizeof include);
            include[k] = AY_RANK_NOT;
            q.picture = rows + k * DIM;
            q.of_pictures = turn ? &c : &plain;
            CHECK_OK(ay_ranking_make(&shelf, include, &q, &o, items, &r, &err), err);
            for (int i = 0; i < r.n; i++)
                right[turn] += label[items[i].row] == label[k];
        }
    CHECK(right[1] > right[0]);
    ay_chance_fini(&c);
}

/* Most pictures are in a class that is none, as the unsorted ones of a library are: strangers find something no more often than is
 * promised, and pictures of the sorted classes still find theirs. */
static void what_nobody_has_sorted_asks_nothing(void)
{
    enum { SORTED = CLASSES * EACH, LOOSE = 2400, ALL = SORTED + LOOSE, ASKED = 200 };
    static float rows[ALL * DIM], fresh[ASKED * DIM], scores[ALL];
    static int label[ALL];
    ay_rows block = {rows, ALL, DIM};
    ay_shelf shelf = {&block, 1, DIM, ALL};
    int alarms = 0, right = 0;
    double least;
    bool passed;
    ay_chance c;

    draw(rows, label, CLASSES);
    fill(rows + SORTED * DIM, LOOSE * DIM, 11, false);
    fill(fresh, ASKED * DIM, 12, false);
    for (int i = SORTED; i < ALL; i++) {
        ay_unit(rows + i * DIM, rows + i * DIM, DIM);
        label[i] = CLASSES;
    }
    CHECK_OK(ay_chance_of_pictures(&shelf, label, 1, &c, &err), err);
    CHECK(c.learnt);
    for (int q = 0; q < ASKED + CLASSES; q++) {
        float *v = q < ASKED ? fresh + q * DIM : rows + (q - ASKED) * EACH * DIM;
        ay_unit(v, v, DIM);
        CHECK_OK(ay_shelf_scores(&shelf, v, 1, 1, scores, &err), err);
        for (int i = 0; i < ALL; i++)
            scores[i] -= (float)ay_chance_off(&c, (size_t)i);
        CHECK_OK(ay_chance_cut(&c, scores, NULL, ALL, &least, &passed, &err), err);
        alarms += q < ASKED && passed;
        right += q >= ASKED && passed;
    }
    CHECK(alarms <= ASKED / 5); /* a tenth is promised */
    CHECK(right >= CLASSES * 8 / 10);
    ay_chance_fini(&c);
}

static void few_words_teach_nothing(void)
{
    static float rows[CLASSES * EACH * DIM], bank[40 * DIM];
    static int label[CLASSES * EACH];
    ay_rows block = {rows, CLASSES * EACH, DIM};
    ay_shelf shelf = {&block, 1, DIM, CLASSES * EACH};
    ay_chance c;

    draw(rows, label, CLASSES);
    CHECK_OK(ay_chance_of_words(&shelf, bank, 40, 1, &c, &err), err); /* of no direction */
    CHECK(!c.learnt);
    fill(bank, 40 * DIM, 3, false);
    for (int i = 0; i < 40; i++)
        ay_unit(bank + i * DIM, bank + i * DIM, DIM);
    CHECK_OK(ay_chance_of_words(&shelf, bank, 19, 1, &c, &err), err);
    CHECK(!c.learnt);
    CHECK_OK(ay_chance_of_words(&shelf, bank, 40, 1, &c, &err), err);
    CHECK(c.learnt && c.scale > 0 && c.gate > 1 && c.gate < 10);
    ay_chance_fini(&c);
}

TESTS({"the normal tail", the_normal_tail}, {"what nobody has sorted asks nothing", what_nobody_has_sorted_asks_nothing},
      {"normal chances keep what they promise", normal_chances_keep_what_they_promise},
      {"learnt chances fit tails that are not normal", learnt},
      {"the background is the crowd and not the matches", the_background_is_the_crowd_not_the_matches},
      {"pictures of other classes teach", pictures_of_other_classes_teach},
      {"what is near to everything is usual", what_is_near_to_everything_is_usual},
      {"few words teach nothing", few_words_teach_nothing})
