/* Groups of planted vectors: their sizes, what stands for them, their names, and what is in none. */
#include "service/library/groups.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>

enum { DIM = 16, KINDS = 5, N = 103 };

/* Row i is of kind i % KINDS (kind 0 also has what is left over); the axis of a kind is its number. */
static float *planted(double spread)
{
    float *v = ay_calloc(N * DIM, sizeof *v);
    ay_rng rng;

    ay_rng_init(&rng, 3);
    for (int i = 0; i < N; i++) {
        for (int d = 0; d < DIM; d++)
            v[i * DIM + d] = (float)(spread * ay_rng_normal(&rng)) + (d == (i < 100 ? i % KINDS : 0));
        ay_unit(v + i * DIM, v + i * DIM, DIM);
    }
    return v;
}

static void hold(const ay_rows *rows, const ay_groups *g)
{
    CHECK(g->n == KINDS && g->outside == 0 && g->silhouette > 0.5);
    CHECK(g->group[0].size == 23 && g->group[1].size == 20); /* largest first */
    for (int i = 0; i < N; i++) {
        CHECK(g->label[i] == g->label[i < 100 ? i % KINDS : 0]);
        CHECK(g->similarity[i] > 0.8f && g->similarity[i] <= g->similarity[g->group[g->label[i]].medoid]);
    }
    for (int k = 0; k < g->n; k++) {
        CHECK(g->label[g->group[k].medoid] == k && g->group[k].cohesion > 0.9f && g->group[k].cohesion < 1);
        CHECK(fabsf(ay_dot(g->centres + k * DIM, g->centres + k * DIM, rows->dim) - 1) < 1e-5f);
    }
}

static void planted_kinds_are_groups(void)
{
    float *v = planted(0.08);
    ay_rows rows = {v, N, DIM};
    ay_groups_options ways[] = {{.way = AY_GROUPS_CHOOSE, .seed = 1},
                                {.way = AY_GROUPS_NUMBER, .k = KINDS, .seed = 1},
                                {.way = AY_GROUPS_DENSITY, .least = 8}};
    ay_err err = {{0}};

    for (size_t i = 0; i < 3; i++) {
        ay_arena a = {0};
        ay_groups g;
        CHECK_OK(ay_groups_make(&rows, &ways[i], &a, &g, &err), err);
        hold(&rows, &g);
        ay_arena_fini(&a);
    }
    ay_free(v);
}

static void names_are_the_words_that_tell_a_group_apart(void)
{
    static const char *const words[] = {"all", "zero", "one", "three", "one or two"};
    float *v = planted(0.08), *vectors = ay_calloc(5 * DIM, sizeof *vectors);
    ay_rows rows = {v, N, DIM};
    ay_groups_options o = {.way = AY_GROUPS_NUMBER, .k = KINDS, .seed = 1};
    ay_arena a = {0};
    ay_groups g;
    ay_err err = {{0}};

    for (int d = 0; d < KINDS; d++)
        vectors[d] = 1; /* "all" is like every group and tells none apart */
    vectors[DIM] = vectors[2 * DIM + 1] = vectors[3 * DIM + 3] = 1;
    vectors[4 * DIM + 1] = vectors[4 * DIM + 2] = 1;
    for (int w = 0; w < 5; w++)
        ay_unit(vectors + w * DIM, vectors + w * DIM, DIM);
    CHECK_OK(ay_groups_make(&rows, &o, &a, &g, &err), err);
    CHECK_OK(ay_groups_name(&rows, &g, words, vectors, 5, &a, &err), err);
    CHECK(strcmp(g.group[g.label[0]].name, "zero") == 0);
    CHECK(strcmp(g.group[g.label[1]].name, "one") == 0);
    CHECK(strcmp(g.group[g.label[2]].name, "one or two") == 0);
    CHECK(strcmp(g.group[g.label[3]].name, "three") == 0);
    CHECK(strcmp(g.group[g.label[4]].name, "") == 0); /* no word is of it */
    CHECK_OK(ay_groups_name(&rows, &g, words + 1, vectors + DIM, 0, &a, &err), err);
    o.k = 2 * KINDS; /* some kinds are two groups now, and these have one name and a number */
    CHECK_OK(ay_groups_make(&rows, &o, &a, &g, &err), err);
    CHECK_OK(ay_groups_name(&rows, &g, words, vectors, 5, &a, &err), err);
    for (int i = 0; i < g.n; i++)
        for (int k = 0; k < i; k++)
            CHECK(!*g.group[i].name || strcmp(g.group[i].name, g.group[k].name) != 0);
    ay_arena_fini(&a);
    ay_free(vectors);
    ay_free(v);
}

static void what_is_alone_is_in_no_group(void)
{
    float *v = planted(0.08);
    ay_rows rows = {v, N, DIM};
    ay_groups_options o = {.way = AY_GROUPS_DENSITY, .least = 8};
    ay_arena a = {0};
    ay_groups g;
    ay_err err = {{0}};

    for (int d = 0; d < DIM; d++)
        v[50 * DIM + d] = d == 12;
    CHECK_OK(ay_groups_make(&rows, &o, &a, &g, &err), err);
    CHECK(g.label[50] == -1 && g.similarity[50] == 0 && g.outside == 1 && g.n == KINDS);
    ay_arena_fini(&a);
    rows.n = 0;
    CHECK(ay_groups_make(&rows, &o, &a, &g, &err) == AY_EINVAL);
    ay_arena_fini(&a);
    ay_free(v);
}

TESTS({"planted kinds are groups", planted_kinds_are_groups},
      {"names are the words that tell a group apart", names_are_the_words_that_tell_a_group_apart},
      {"what is alone is in no group", what_is_alone_is_in_no_group})
