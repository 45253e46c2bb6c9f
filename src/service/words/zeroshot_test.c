/* Judgements against PyTorch's (test/vectors/make_zeroshot.py), and what must hold for any logits. */
#include "service/words/affinity.h"
#include "service/words/zeroshot.h"
#include "base/test.h"

#include <jansson.h>
#include <math.h>

enum { MOST = 121 };
static const ay_zeroshot_rules usual = {.top = 5, .entropy_most = 2.5, .normalized_most = 0.76};

static double number(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static void near(double a, double b)
{
    if (!(fabs(a - b) < 1e-8))
        printf("  %.12f is not %.12f\n", a, b);
    CHECK(fabs(a - b) < 1e-8);
}

static int read_list(const json_t *list, double *out)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        out[i] = json_number_value(json_array_get(list, i));
    return (int)json_array_size(list);
}

static void one_case(const json_t *c)
{
    const json_t *boosts = json_object_get(c, "boost"), *order = json_object_get(c, "order");
    double logits[MOST], boost[MOST], p[MOST], score[MOST];
    ay_zeroshot_rules rules = usual;
    ay_zeroshot_item items[MOST];
    ay_zeroshot z;
    int n = read_list(json_object_get(c, "logits"), logits);

    CHECK(n >= 1 && read_list(json_object_get(c, "p"), p) == n);
    CHECK(read_list(json_object_get(c, "score"), score) == n);
    if (json_is_array(boosts))
        CHECK(read_list(boosts, boost) == n);
    rules.top = (int)number(c, "k");
    ay_zeroshot_judge(logits, json_is_array(boosts) ? boost : NULL, n, &rules, items, &z);
    for (int i = 0; i < n; i++) {
        int l = (int)json_integer_value(json_array_get(order, (size_t)i));
        CHECK(items[i].label == l && items[i].logit == logits[l]);
        near(items[i].p, p[l]);
        near(items[i].score, score[l]);
    }
    near(z.entropy, number(c, "entropy"));
    near(z.entropy_top, number(c, "entropy_top"));
    near(z.entropy_normalized, number(c, "entropy_normalized"));
    near(z.margin, number(c, "margin"));
    CHECK(z.ambiguous == json_is_true(json_object_get(c, "ambiguous")));
}

static void as_pytorch(void)
{
    json_t *root = json_load_file("test/vectors/zeroshot.json", 0, NULL), *list;

    CHECK(root);
    list = json_object_get(root, "cases");
    CHECK(json_array_size(list) == 6);
    for (size_t i = 0; i < json_array_size(list); i++)
        one_case(json_array_get(list, i));
    json_decref(root);
}

/* The figures of the classifier before: 121 equal labels, and the heaviest weight. */
static void known_figures(void)
{
    double logits[MOST] = {0};
    ay_zeroshot_item items[MOST];
    ay_affinity_rules r = {.alpha = 0.4, .cap = 0.85, .log_scale = 4, .logarithm = true};
    ay_evidence all = {.accepted = 1e6};
    ay_zeroshot z;

    ay_zeroshot_judge(logits, NULL, MOST, &usual, items, &z);
    near(z.entropy, log(121));
    CHECK(fabs(z.entropy - 4.796) < 5e-4 && z.ambiguous && z.margin == 0);
    near(z.entropy_normalized, 1);
    CHECK(items[0].label == 0 && items[120].label == 120); /* equal ones keep their order */
    CHECK(fabs(ay_affinity_weight(&all, &r) - 0.92057) < 5e-6);
}

/* A picture of CLIP's own README: "a diagram", "a dog", "a cat" with OpenAI's ViT-B/32. */
static void logits_far_away(void)
{
    double far[3] = {1e4 + log(0.9927937), 1e4 + log(0.00421068), 1e4 + log(0.00299572)};
    double apart[2] = {0, -5000};
    ay_zeroshot_item items[3];
    ay_zeroshot z;

    ay_zeroshot_judge(far, NULL, 3, &usual, items, &z);
    CHECK(fabs(items[0].p - 0.9927937) < 1e-7 && fabs(items[2].p - 0.00299572) < 1e-7);
    CHECK(items[1].label == 1 && !z.ambiguous && z.top == 3);
    ay_zeroshot_judge(apart, NULL, 2, &usual, items, &z);
    CHECK(items[0].p == 1 && items[1].p == 0 && z.margin == 1 && isfinite(z.entropy));
}

/* Two names for one thing share its probability: the spread is small, and yet neither is the answer. */
static void names_for_one_thing(void)
{
    ay_zeroshot_item items[5];
    ay_zeroshot z;

    ay_zeroshot_judge((double[]){8, 8.04, 0, 0, 0}, NULL, 5, &usual, items, &z);
    CHECK(z.even && !z.ambiguous && items[0].label == 1 && z.margin < AY_ZEROSHOT_EVEN);
    ay_zeroshot_judge((double[]){8, 8.2, 0, 0, 0}, NULL, 5, &usual, items, &z);
    CHECK(!z.even && z.margin > 0.09);
    ay_zeroshot_judge((double[]){8}, NULL, 1, &usual, items, &z);
    CHECK(!z.even && z.margin == 1);
}

static void shares(void)
{
    double a[2] = {3, 1}, b[3] = {3, 0, -1}, none[2] = {2, 2};
    double e3 = exp(3), e1 = exp(1);

    near(ay_zeroshot_share(a, 2, b, 3), (e3 + e1) / (2 * e3 + e1 + 1 + exp(-1)));
    CHECK(ay_zeroshot_share(a, 0, b, 3) == 0 && ay_zeroshot_share(a, 2, b, 0) == 1);
    near(ay_zeroshot_none(a, 2, none, 2), exp(2) / (exp(2) + e3 + e1));
    CHECK(ay_zeroshot_none(a, 2, none, 0) == 0);
}

/* ---- feedback ---- */

static const ay_affinity_rules affinity = {
    .alpha = 0.4, .cap = 0.85, .log_scale = 4, .logarithm = true, .half_life_days = 180};

/* Three labels, the second a little behind the first; the theme is nearest to the second. */
static int best_after(int accepted, int rejected, double age_days)
{
    const double logits[3] = {2.10, 2.00, 1.0}, theme[3] = {0.70, 0.95, 0.72};
    double boost[3];
    ay_zeroshot_item items[3];
    ay_evidence e = {0};
    ay_zeroshot z;

    for (int i = 0; i < accepted + rejected; i++)
        ay_evidence_add(&e, i < accepted, age_days, &affinity);
    ay_affinity_relate(theme, 3, boost);
    ay_affinity_boost(boost, 3, ay_affinity_weight(&e, &affinity), &affinity, boost);
    ay_zeroshot_judge(logits, boost, 3, &usual, items, &z);
    near(items[0].score + items[1].score + items[2].score, 1);
    return items[0].label;
}

static void feedback_moves_the_ranking(void)
{
    CHECK(best_after(0, 0, 0) == 0);
    CHECK(best_after(6, 0, 0) == 1);   /* accepted: the theme's label overtakes */
    CHECK(best_after(0, 6, 0) == 0);   /* rejected: it does not */
    CHECK(best_after(6, 6, 0) == 0);   /* as many against as for */
    CHECK(best_after(6, 0, 180) == 1); /* half of it left is still enough here */
    CHECK(best_after(6, 0, 5000) == 0); /* never confirmed again: gone */
}

static void rejection_takes_a_lead(void)
{
    const double logits[2] = {2.05, 2.00}, theme[2] = {0.95, 0.70};
    double boost[2];
    ay_zeroshot_item items[2];
    ay_evidence e = {.rejected = 5};
    ay_zeroshot z;

    ay_affinity_relate(theme, 2, boost);
    ay_affinity_boost(boost, 2, ay_affinity_weight(&e, &affinity), &affinity, boost);
    ay_zeroshot_judge(logits, boost, 2, &usual, items, &z);
    CHECK(items[0].label == 1 && items[0].score > items[0].p);
}

static void weights(void)
{
    ay_evidence e = {0}, one = {0}, old = {0};
    double last = 0;

    CHECK(ay_affinity_weight(&e, &affinity) == 0 && ay_affinity_posterior(&e) == 0.5);
    ay_evidence_add(&one, true, 0, &affinity);
    near(ay_affinity_posterior(&one), 0.6);
    near(ay_affinity_weight(&one, &affinity), log1p(0.2 * 4) / log1p(4));
    ay_evidence_add(&old, true, 180, &affinity);
    near(old.accepted, 0.5);
    ay_evidence_add(&old, true, -3, &affinity); /* a clock that was set back */
    near(old.accepted, 1.5);
    for (int i = 0; i < 40; i++) { /* more of the same never moves it back, and never past the cap */
        ay_evidence_add(&e, false, 0, &affinity);
        CHECK(ay_affinity_weight(&e, &affinity) <= last);
        last = ay_affinity_weight(&e, &affinity);
    }
    near(last, -log1p(0.85 * 4) / log1p(4));
}

static void relations(void)
{
    double own[3] = {0.6, 1, 0.8}, r[3], same[2] = {1, 1};

    ay_affinity_relate(own, 3, r);
    near(r[0], 0);
    near(r[1], 1);
    near(r[2], 0);
    ay_affinity_relate(same, 2, same);
    CHECK(same[0] == 0 && same[1] == 0);
}

static void none_of_these_as_measured(void)
{
    ay_words_none m = {true, 3, -15, 0.6};

    near(ay_zeroshot_none_measured(&m, 0.2, 1), 0.5);
    near(ay_zeroshot_none_measured(&m, 0.5, 10), 1 / (1 + exp(-(3 - 7.5 + 0.6 * log(10)))));
    CHECK(ay_zeroshot_none_measured(&m, 0.6, 10) < ay_zeroshot_none_measured(&m, 0.4, 10));
    CHECK(ay_zeroshot_none_measured(&m, 0.4, 50) > ay_zeroshot_none_measured(&m, 0.4, 5));
}

TESTS({"none of these as measured", none_of_these_as_measured}, {"as PyTorch computes it", as_pytorch}, {"known figures", known_figures},
      {"logits far from nought", logits_far_away}, {"shares of two groups", shares},
      {"names for one thing", names_for_one_thing},
      {"feedback moves the ranking the right way and fades", feedback_moves_the_ranking},
      {"a rejection takes a lead away", rejection_takes_a_lead},
      {"weights of verdicts", weights}, {"how far a label is related", relations})
