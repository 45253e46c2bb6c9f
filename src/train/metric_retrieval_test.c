/* Retrieval figures against numpy and scikit-learn (test/vectors/make_metric.py), and cases by hand. */
#include "train/metric_retrieval.h"
#include "base/mem.h"
#include "base/test.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>

enum { MOST = 100, DIM = 8 };

static bool near(double a, double b)
{
    if (fabs(a - b) < 1e-6)
        return true;
    printf("  %.9f is not %.9f\n", a, b);
    return false;
}

static double number(const json_t *o, const char *key)
{
    CHECK(json_is_number(json_object_get(o, key)));
    return json_number_value(json_object_get(o, key));
}

static void check_case(const json_t *o, int threads)
{
    float vectors[MOST * DIM];
    int labels[MOST], n = (int)number(o, "n");
    ay_retrieval r;
    ay_err err;

    CHECK(n <= MOST && (int)number(o, "dim") == DIM);
    for (int i = 0; i < n; i++)
        labels[i] = (int)json_integer_value(json_array_get(json_object_get(o, "labels"), (size_t)i));
    for (int i = 0; i < n * DIM; i++)
        vectors[i] = (float)json_number_value(json_array_get(json_object_get(o, "vectors"), (size_t)i));
    CHECK_OK(ay_retrieval_measure(&r, vectors, labels, n, DIM, (int)number(o, "classes"), threads, &err), err);
    printf("  %d of %d ask: p@1 %.4f, MAP@R %.4f, MAP@10 %.4f, MRR %.4f, silhouette %.4f\n", r.queries, r.n,
           r.precision_at_1, r.map_at_r, r.map_at_10, r.mrr, r.silhouette);
    CHECK(r.queries == (int)number(o, "queries") && r.queries < r.n);
    CHECK(near(r.precision_at_1, number(o, "precision_at_1")) && near(r.map_at_r, number(o, "map_at_r")));
    CHECK(near(r.map_at_10, number(o, "map_at_10")) && near(r.mrr, number(o, "mrr")));
    CHECK(near(r.mrr_10, number(o, "mrr_10")) && near(r.silhouette, number(o, "silhouette")));
}

static void same_as_scikit_learn(void)
{
    json_t *root = json_load_file("test/vectors/metric.json", 0, NULL);
    const json_t *cases = json_object_get(root, "retrieval");

    CHECK(json_array_size(cases) == 3);
    for (size_t i = 0; i < json_array_size(cases); i++)
        for (int threads = 1; threads < 4; threads += 2)
            check_case(json_array_get(cases, i), threads);
    json_decref(root);
}

/* The first one is not the query itself, which would always be right. */
static void self_is_left_out(void)
{
    static const float v[] = {1, 0, 0.9f, 0.1f, 0, 1, 0.1f, 0.9f};
    static const int crossed[] = {0, 1, 1, 0}, right[] = {0, 0, 1, 1};
    ay_retrieval r;
    ay_err err;

    CHECK_OK(ay_retrieval_measure(&r, v, crossed, 4, 2, 2, 1, &err), err);
    CHECK(r.precision_at_1 == 0 && r.map_at_r == 0 && r.silhouette < 0);
    CHECK_OK(ay_retrieval_measure(&r, v, right, 4, 2, 2, 1, &err), err);
    CHECK(r.precision_at_1 == 1 && r.map_at_r == 1 && r.map_at_10 == 1 && r.mrr == 1 && r.silhouette > 0.8);
}

static void nothing_to_ask(void)
{
    static const float v[] = {1, 0, 0, 1, 0, 0};
    static const int alone[] = {0, 1, 2}, one[] = {0, 0, 0};
    ay_retrieval r;
    ay_err err;

    CHECK_OK(ay_retrieval_measure(&r, v, alone, 3, 2, 3, 2, &err), err);
    CHECK(r.queries == 0 && isnan(r.precision_at_1) && isnan(r.map_at_r) && isnan(r.mrr) && isnan(r.silhouette));
    CHECK_OK(ay_retrieval_measure(&r, v, one, 3, 2, 1, 2, &err), err);
    CHECK(r.queries == 3 && r.precision_at_1 == 1 && isnan(r.silhouette));
    CHECK_OK(ay_retrieval_measure(&r, v, one, 0, 2, 1, 2, &err), err);
    CHECK(r.queries == 0 && isnan(r.map_at_10));
}

/* Vectors that are all the same: the order decides, not chance. */
static void equals_keep_their_order(void)
{
    float v[40];
    int labels[20];
    ay_retrieval a, b;
    ay_err err;

    for (int i = 0; i < 20; i++) {
        v[2 * i] = 1;
        v[2 * i + 1] = 2;
        labels[i] = i % 2;
    }
    CHECK_OK(ay_retrieval_measure(&a, v, labels, 20, 2, 2, 1, &err), err);
    CHECK_OK(ay_retrieval_measure(&b, v, labels, 20, 2, 2, 3, &err), err);
    CHECK(memcmp(&a, &b, sizeof a) == 0 && a.queries == 20);
    CHECK(fabs(a.precision_at_1 - 0.45) < 1e-12); /* the first row, right for the nine others of its class */
}

static void no_memory_is_told(void)
{
    static const float v[] = {1, 0, 0.9f, 0.1f, 0, 1, 0.1f, 0.9f};
    static const int labels[] = {0, 0, 1, 1};
    long before = ay_mem_live();
    ay_retrieval r;
    ay_err err;

    for (int after = 0; after < 7; after++) {
        ay_mem_fail_after(after);
        CHECK(ay_retrieval_measure(&r, v, labels, 4, 2, 2, 1, &err) == AY_ENOMEM);
        ay_mem_fail_after(-1);
    }
    CHECK(ay_mem_live() == before);
}

TESTS({"same as scikit-learn", same_as_scikit_learn}, {"self is left out", self_is_left_out},
      {"nothing to ask", nothing_to_ask}, {"equals keep their order", equals_keep_their_order},
      {"no memory is told", no_memory_is_told})
