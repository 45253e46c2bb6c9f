/* Rates, halves and thresholds. */
#include "inspect/planted_test.h"

static ay_err err;

/* Against scipy.stats.beta.ppf and the rule of three. */
static void rates_are_exact(void)
{
    ay_rate r = ay_rate_of(0, 300);

    CHECK(fabs(r.upper - (1 - pow(0.05, 1.0 / 300))) < 1e-12 && r.lo == 0);
    r = ay_rate_of(3, 50); /* beta.ppf(.025, 3, 48) = .0125485878, beta.ppf(.975, 4, 47) = .1654819466 */
    CHECK(fabs(r.lo - 0.0125485878) < 1e-8 && fabs(r.hi - 0.1654819466) < 1e-8);
    r = ay_rate_of(50, 50);
    CHECK(r.hi == 1 && r.upper == 1 && fabs(r.lo - pow(0.025, 1.0 / 50)) < 1e-12);
    r = ay_rate_of(0, 0);
    CHECK(isnan(r.rate) && r.lo == 0 && r.hi == 1 && r.upper == 1);
    r = ay_rate_of(4000, 100000); /* no overflow */
    CHECK(r.lo < 0.04 && r.lo > 0.038 && r.hi > 0.04 && r.hi < 0.042);
}

static void halves_are_fair(void)
{
    planted *p = planted_make(4, 9);
    planted_result r;
    int count[2][4] = {{0}}, fold_of[400];

    planted_fill(p, 5, 11, 0.2);
    planted_judge(p, NULL, &r);
    memset(fold_of, -1, sizeof fold_of);
    for (size_t k = 0; k < r.scores.n; k++) {
        const ay_golden_item *i = &p->items[r.scores.item[k]];
        CHECK(i->split != AY_SPLIT_TRAIN && (fold_of[i->group] < 0 || fold_of[i->group] == r.scores.fold[k]));
        fold_of[i->group] = r.scores.fold[k];
        count[r.scores.fold[k]][i->class]++;
    }
    for (int k = 0; k < 4; k++)
        CHECK(abs(count[0][k] - count[1][k]) <= 4); /* an original with its rotations more or less */
    planted_done(&r);
    ay_free(p);
}

static void who_is_an_impostor(void)
{
    planted *p = planted_make(3, 1);
    ay_golden_set *s = &p->set;
    ay_golden_item *i = p->items;

    /* Class 0 is mounted Up, 1 Right. */
    i[0] = (ay_golden_item){"a", 0, 0, 0, AY_SPLIT_VAL, 0, 0};
    i[1] = (ay_golden_item){"b", 180, 0, 2, AY_SPLIT_VAL, 0, 0};
    i[2] = (ay_golden_item){"c", 0, 1, 5, AY_SPLIT_VAL, 1, 0};
    i[3] = (ay_golden_item){"d", 0, 0, AY_LABEL_NONE, AY_SPLIT_VAL, 2, 0};
    i[4] = (ay_golden_item){"e", 0, AY_CLASS_NONE, AY_LABEL_NONE, AY_SPLIT_VAL, 3, 0};
    i[5] = (ay_golden_item){"f", 90, 0, AY_LABEL_NONE, AY_SPLIT_VAL, 4, 0};
    s->n = 6;
    CHECK(ay_golden_wanted(s, 0) == 0 && ay_golden_wanted(s, 1) == 5 && ay_golden_is_wanted(s, 5) && !ay_golden_is_wanted(s, 4));
    CHECK(ay_impostor_of(s, 0, 0) == -1 && ay_impostor_of(s, 0, 1) == AY_IMPOSTOR_TURNED);
    CHECK(ay_impostor_of(s, 0, 2) == AY_IMPOSTOR_OTHER && ay_impostor_of(s, 0, 3) == AY_IMPOSTOR_BAD);
    CHECK(ay_impostor_of(s, 1, 3) == -1);  /* it may well look like that: it claims to be Up */
    CHECK(ay_impostor_of(s, 5, 3) == -1);  /* and another part may lie there */
    CHECK(ay_impostor_of(s, 0, 4) == AY_IMPOSTOR_BAD && ay_impostor_of(s, 1, 4) == -1);
    CHECK(ay_impostor_of(s, 0, 5) == AY_IMPOSTOR_TURNED);
    p->classes[0].ways = 2; /* a half turn changes nothing */
    CHECK(ay_impostor_of(s, 0, 1) == -1 && ay_impostor_of(s, 0, 5) == AY_IMPOSTOR_TURNED);
    p->classes[0].ways = 4;
    p->classes[0].same = p->classes[1].same = 3;
    CHECK(ay_impostor_of(s, 1, 2) == -1 && ay_impostor_of(s, 0, 2) == AY_IMPOSTOR_TURNED);
    p->classes[0].same = 0;
    p->classes[1].light = "side";
    CHECK(ay_impostor_of(s, 0, 2) == -1);
    ay_free(p);
}

static void far_apart_is_half_way(void)
{
    planted *p = planted_make(4, 21);
    planted_result r;

    planted_fill(p, 10, 40, 0.2);
    planted_judge(p, NULL, &r);
    for (int k = 0; k < 16; k++) {
        const ay_threshold *t = &r.thresholds.rows[k];
        CHECK(t->kind == AY_THRESHOLD_FITTED && t->own == 40 && t->originals == 160);
        CHECK(t->value > t->strongest && t->value < t->least && t->lo <= t->value && t->hi >= t->lo);
        CHECK(fabs(t->value - (t->strongest + t->least) / 2) < 1e-12);
        CHECK(t->false_accept.k == 0 && t->false_reject.k == 0 && t->pictures[AY_IMPOSTOR_TURNED] == 120);
        CHECK(t->pictures[AY_IMPOSTOR_OTHER] == 480 && strstr(t->words, "fitted on 160 impostors"));
    }
    CHECK(r.thresholds.false_accept.n == 160 && r.thresholds.false_accept.k == 0);
    CHECK(r.thresholds.false_accept.upper > 0.01 && r.thresholds.false_accept.upper < 0.02); /* 160 do not show 1 % */
    CHECK(r.thresholds.false_reject.n == 160 && r.judgement.accuracy.rate == 1 && r.judgement.decided.rate == 1);
    planted_done(&r);
    ay_free(p);
}

/* Two labels in one place: the rate is kept, and good pictures pay for it. */
static void a_rate_is_kept_where_labels_overlap(void)
{
    planted *p = planted_make(2, 8);
    ay_threshold_options o = {.rate = 0.05};
    planted_result r;

    for (int d = 0; d < PLANTED_DIM; d++)
        p->centre[4][d] = p->centre[0][d] + 0.2f * p->centre[4][d];
    planted_fill(p, 20, 200, 0.3);
    planted_judge(p, &o, &r);
    const ay_threshold *t = &r.thresholds.rows[0];
    CHECK(t->kind == AY_THRESHOLD_FITTED && t->rival == 4 && t->strongest > t->least);
    CHECK(t->false_accept.rate > 0 && t->false_accept.lo < 0.05 && t->false_accept.rate < 0.08);
    CHECK(t->false_reject.rate > 0.2);
    CHECK(t->lo < t->value && t->hi > t->value);
    planted_done(&r);
    o.rate = 1;
    ay_goldens g;
    ay_golden_scores s;
    ay_thresholds th;
    CHECK_OK(ay_goldens_choose(&g, &p->set, &err), err);
    CHECK_OK(ay_golden_scores_make(&s, &p->set, &g, 1, &err), err);
    CHECK(ay_thresholds_fit(&th, &p->set, &s, &o, &err) == AY_EINVAL && strstr(err.msg, "between 0 and 1"));
    ay_golden_scores_fini(&s);
    ay_goldens_fini(&g);
    ay_free(p);
}

static void little_is_said_of_few(void)
{
    planted *p = planted_make(1, 4);
    planted_result r;

    planted_fill(p, 5, 3, 0.2); /* three originals: too few impostors */
    planted_judge(p, NULL, &r);
    for (int k = 0; k < 4; k++) {
        const ay_threshold *t = &r.thresholds.rows[k];
        CHECK(t->kind == AY_THRESHOLD_IS_DEFAULT && t->value == AY_THRESHOLD_DEFAULT && isnan(t->lo));
        CHECK(strstr(t->words, "the default: 3 impostors") && t->false_accept.upper > 0.6);
    }
    planted_done(&r);
    /* One of them comes near: the default is raised over it. */
    planted_bad(p, 0, p->centre[0], 0.01);
    planted_judge(p, NULL, &r);
    CHECK(r.thresholds.rows[0].kind == AY_THRESHOLD_RAISED && r.thresholds.rows[0].value > AY_THRESHOLD_DEFAULT);
    planted_done(&r);
    /* Nothing held out at all. */
    for (size_t i = 0; i < p->set.n; i++)
        p->items[i].split = AY_SPLIT_TRAIN;
    planted_judge(p, NULL, &r);
    CHECK(r.judgement.n == 0 && isnan(r.judgement.accuracy.rate) && r.thresholds.rows[0].value == AY_THRESHOLD_DEFAULT);
    planted_done(&r);
    ay_free(p);
}

/* What the interval promises: over many draws of the world, the upper bound is below the truth in at most one of twenty. */
static void the_bound_holds(void)
{
    int below = 0, draws = 60;

    for (int d = 0; d < draws; d++) {
        planted *p = planted_make(2, 100 + (uint64_t)d);
        planted_result r;
        int64_t passed = 0, tried = 2000;
        for (int k = 0; k < PLANTED_DIM; k++)
            p->centre[4][k] = p->centre[0][k] + 0.6f * p->centre[4][k];
        for (int i = 0; i < 60; i++) {
            planted_add(p, p->centre[0], 0.35, (ay_golden_item){NULL, 0, 0, 0, i < 20 ? AY_SPLIT_TRAIN : AY_SPLIT_VAL, p->groups++, 0});
            planted_add(p, p->centre[4], 0.35, (ay_golden_item){NULL, 0, 1, 4, i < 20 ? AY_SPLIT_TRAIN : AY_SPLIT_VAL, p->groups++, 0});
        }
        planted_judge(p, &(ay_threshold_options){.resamples = 2, .rate = 0.05}, &r);
        for (int64_t i = 0; i < tried; i++) { /* of the same world, not seen before */
            size_t at = planted_add(p, p->centre[4], 0.35, (ay_golden_item){0});
            passed += ay_golden_cosine(p->vectors + at * PLANTED_DIM, r.goldens.vectors, PLANTED_DIM) >= r.thresholds.rows[0].fold[i % 2];
        }
        below += r.thresholds.rows[0].false_accept.upper < (double)passed / (double)tried;
        planted_done(&r);
        ay_free(p);
    }
    if (below > 8) /* 3 are expected; 9 of 60 have a chance of 0.003 */
        printf("  the truth was above the bound in %d of %d\n", below, draws);
    CHECK(below <= 8);
}

TESTS({"rates are exact", rates_are_exact}, {"halves are fair", halves_are_fair}, {"who is an impostor", who_is_an_impostor},
      {"far apart is half-way", far_apart_is_half_way},
      {"a rate is kept where labels overlap", a_rate_is_kept_where_labels_overlap},
      {"little is said of few", little_is_said_of_few}, {"the bound holds", the_bound_holds})
