/* Golden samples of planted clouds. */
#include "inspect/planted_test.h"

static ay_err err;

/* By the definition, pair by pair. */
static size_t plain_medoid(const planted *p, int label, double *mean)
{
    size_t best = SIZE_MAX;

    *mean = -2;
    for (size_t i = 0; i < p->set.n; i++) {
        double sum = 0;
        int n = 0;
        if (p->items[i].label != label || p->items[i].split != AY_SPLIT_TRAIN)
            continue;
        for (size_t k = 0; k < p->set.n; k++) {
            if (k == i || p->items[k].label != label || p->items[k].split != AY_SPLIT_TRAIN)
                continue;
            sum += ay_golden_cosine(p->vectors + i * PLANTED_DIM, p->vectors + k * PLANTED_DIM, PLANTED_DIM);
            n++;
        }
        if (n && sum / n > *mean) {
            *mean = sum / n;
            best = i;
        }
    }
    return best;
}

static void it_is_the_medoid(void)
{
    planted *p = planted_make(3, 7);
    ay_goldens g;

    planted_fill(p, 15, 5, 0.4);
    CHECK_OK(ay_goldens_choose(&g, &p->set, &err), err);
    CHECK(g.n == 12 && g.nlabels == 12);
    for (int m = 0; m < g.n; m++) {
        const ay_golden_sample *s = &g.samples[m];
        double mean;
        CHECK(s->label == m && s->parts == 1 && s->stands_for == 15);
        CHECK(s->item == plain_medoid(p, m, &mean));
        CHECK(fabs(s->mean - mean) < 1e-5 && s->least <= s->mean && strstr(s->reason, "15 pictures"));
        CHECK(p->items[s->item].split == AY_SPLIT_TRAIN);
        CHECK(memcmp(g.vectors + (size_t)m * PLANTED_DIM, p->vectors + s->item * PLANTED_DIM, PLANTED_DIM * sizeof(float)) == 0);
        CHECK(strstr(g.labels[m].test, "one cloud") && g.labels[m].pictures == 15);
    }
    ay_goldens_fini(&g);
    ay_free(p);
}

static void order_changes_nothing(void)
{
    planted *p = planted_make(2, 3), *q = planted_make(2, 3);
    ay_goldens a, b;

    planted_fill(p, 30, 0, 0.5);
    q->set.n = p->set.n;
    for (size_t i = 0; i < p->set.n; i++) { /* backwards */
        size_t to = p->set.n - 1 - i;
        q->items[to] = p->items[i];
        memcpy(q->vectors + to * PLANTED_DIM, p->vectors + i * PLANTED_DIM, PLANTED_DIM * sizeof(float));
    }
    CHECK_OK(ay_goldens_choose(&a, &p->set, &err), err);
    CHECK_OK(ay_goldens_choose(&b, &q->set, &err), err);
    CHECK(a.n == b.n);
    for (int m = 0; m < a.n; m++) {
        CHECK(strcmp(p->items[a.samples[m].item].path, q->items[b.samples[m].item].path) == 0);
        CHECK(strcmp(a.samples[m].reason, b.samples[m].reason) == 0 && strcmp(a.labels[m].test, b.labels[m].test) == 0);
    }
    ay_goldens_fini(&a);
    ay_goldens_fini(&b);
    ay_free(p);
    ay_free(q);
}

/* Two suppliers: 20 pictures around one direction, 10 around another. */
static void two_clouds_have_two_samples(void)
{
    planted *p = planted_make(1, 11);
    float other[PLANTED_DIM];
    ay_goldens g;
    size_t first_other;

    planted_direction(&p->rng, other);
    for (int i = 0; i < 20; i++)
        planted_add(p, p->centre[0], 0.2, (ay_golden_item){NULL, 0, 0, 0, AY_SPLIT_TRAIN, i, 0});
    first_other = p->set.n;
    for (int i = 0; i < 10; i++)
        planted_add(p, other, 0.2, (ay_golden_item){NULL, 0, 0, 0, AY_SPLIT_TRAIN, 20 + i, 0});
    CHECK_OK(ay_goldens_choose(&g, &p->set, &err), err);
    CHECK(g.n == 2 && g.labels[0].count == 2 && g.labels[0].silhouette > 0.5 && g.labels[0].apart > ay_golden_apart(30));
    CHECK(g.samples[0].stands_for == 20 && g.samples[0].item < first_other && g.samples[0].part == 0);
    CHECK(g.samples[1].stands_for == 10 && g.samples[1].item >= first_other && g.samples[1].parts == 2);
    CHECK(strstr(g.labels[0].test, "2 clouds") && strstr(g.samples[1].reason, "cloud 2 of 2"));
    CHECK(g.labels[1].count == 0 && strstr(g.labels[1].test, "no good training picture"));
    ay_goldens_fini(&g);
    ay_free(p);
}

/* What k-means would always divide: a round cloud in few and in many dimensions, and a long one. */
static void one_cloud_stays_one(void)
{
    for (int kind = 0; kind < 4; kind++)
        for (uint64_t seed = 1; seed <= 10; seed++) {
            static const int count[] = {8, 12, 40, 200};
            planted *p = planted_make(1, seed);
            ay_goldens g;
            for (int i = 0; i < count[seed % 4]; i++) {
                float around[PLANTED_DIM];
                double noise = kind == 0 ? 0.05 : kind == 1 ? 0.8 : 0.02;
                memcpy(around, p->centre[0], sizeof around);
                if (kind >= 2) { /* along a line: evenly, or as a normal cloud */
                    double at = kind == 2 ? ay_rng_range(&p->rng, -1, 1) : 0.6 * ay_rng_normal(&p->rng);
                    for (int d = 0; d < PLANTED_DIM; d++)
                        around[d] += (float)(0.5 * at) * p->centre[1][d];
                }
                planted_add(p, around, noise, (ay_golden_item){NULL, 0, 0, 0, AY_SPLIT_TRAIN, i, 0});
            }
            CHECK_OK(ay_goldens_choose(&g, &p->set, &err), err);
            if (g.n != 1)
                printf("  kind %d seed %d: %s\n", kind, (int)seed, g.labels[0].test);
            CHECK(g.n == 1);
            ay_goldens_fini(&g);
            ay_free(p);
        }
}

/* Few, one, unreadable and bad ones. */
static void odd_labels(void)
{
    planted *p = planted_make(1, 5);
    ay_goldens g;
    size_t gone;

    for (int i = 0; i < 3; i++)
        planted_add(p, p->centre[0], 0.2, (ay_golden_item){NULL, 0, 0, 0, AY_SPLIT_TRAIN, i, 0});
    planted_add(p, p->centre[1], 0.2, (ay_golden_item){NULL, 90, 0, 1, AY_SPLIT_TRAIN, 4, 0});
    gone = planted_add(p, p->centre[2], 0.2, (ay_golden_item){NULL, 180, 0, 2, AY_SPLIT_TRAIN, 5, 0});
    memset(p->vectors + gone * PLANTED_DIM, 0, PLANTED_DIM * sizeof(float));
    planted_add(p, p->centre[3], 0.2, (ay_golden_item){NULL, 0, 0, AY_LABEL_NONE, AY_SPLIT_TRAIN, 6, 0}); /* bad */
    CHECK_OK(ay_goldens_choose(&g, &p->set, &err), err);
    CHECK(g.n == 2 && g.labels[0].count == 1 && strstr(g.labels[0].test, "too few to tell"));
    CHECK(g.labels[1].count == 1 && strstr(g.samples[1].reason, "the only picture") && g.samples[1].mean == 1);
    CHECK(g.labels[2].count == 0 && g.labels[2].lost == 1 && g.labels[3].count == 0);
    json_t *json = ay_goldens_json(&g, &p->set);
    CHECK(json && json_array_size(json_object_get(json, "samples")) == 2);
    json_decref(json);
    ay_goldens_fini(&g);
    p->set.n = 1;
    memset(p->vectors, 0, PLANTED_DIM * sizeof(float));
    CHECK(ay_goldens_choose(&g, &p->set, &err) == AY_EINVAL && strstr(err.msg, "none of 4 labels"));
    p->items[0].rotate = 45;
    CHECK(ay_goldens_choose(&g, &p->set, &err) == AY_EINVAL && strstr(err.msg, "45"));
    ay_free(p);
}

/* As torch.nn.functional.cosine_similarity(a, b, eps=1e-8): the norms are bounded one by one. */
static void cosines(void)
{
    const float a[] = {1, 2, 3}, b[] = {4, -5, 6}, zero[3] = {0}, tiny[] = {1e-9f, 0, 0}, one[] = {1, 0, 0};

    CHECK(fabs(ay_golden_cosine(a, b, 3) - 12 / sqrt(14.0 * 77)) < 1e-12);
    CHECK(ay_golden_cosine(a, zero, 3) == 0);
    CHECK(fabs(ay_golden_cosine(tiny, one, 3) - 0.1) < 1e-6); /* 1e-9 / (1e-8 * 1) */
}

static void memory_may_be_refused(void)
{
    planted *p = planted_make(1, 2);
    ay_goldens g;
    long live;
    int n = 0;

    planted_fill(p, 12, 0, 0.3);
    live = ay_mem_live();
    for (ay_status status = AY_ENOMEM; status != AY_OK; n++) {
        ay_mem_fail_after(n);
        status = ay_goldens_choose(&g, &p->set, &err);
        ay_mem_fail_after(-1);
        CHECK(status == AY_OK || status == AY_ENOMEM);
        if (status == AY_OK)
            ay_goldens_fini(&g);
        CHECK(ay_mem_live() == live && n < 2000);
    }
    CHECK(n > 5);
    ay_free(p);
}

TESTS({"it is the medoid", it_is_the_medoid}, {"the order of pictures changes nothing", order_changes_nothing},
      {"two clouds have two samples", two_clouds_have_two_samples}, {"one cloud stays one", one_cloud_stays_one},
      {"odd labels", odd_labels}, {"cosines are torch's", cosines}, {"memory may be refused", memory_may_be_refused})
