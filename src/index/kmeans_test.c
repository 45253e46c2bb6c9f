/* k-means against its definition, against the plain loop, and against planted groups. */
#include "index/kmeans.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>

enum { DIM = 24 };

/* n rows around `groups` planted centres, `spread` apart from them in each dimension. */
static float *planted(size_t n, int groups, double spread, uint64_t seed)
{
    float *v = ay_calloc(n * DIM, sizeof *v), *centres = ay_calloc((size_t)groups * DIM, sizeof *centres);
    ay_rng rng;

    ay_rng_init(&rng, seed);
    for (int i = 0; i < groups * DIM; i++)
        centres[i] = (float)ay_rng_normal(&rng);
    for (size_t i = 0; i < n; i++)
        for (int d = 0; d < DIM; d++)
            v[i * DIM + (size_t)d] = centres[(i % (size_t)groups) * DIM + (size_t)d] + (float)(ay_rng_normal(&rng) * spread);
    ay_free(centres);
    return v;
}

static double squared(const float *a, const float *b)
{
    double sum = 0;

    for (int d = 0; d < DIM; d++)
        sum += ((double)a[d] - b[d]) * ((double)a[d] - b[d]);
    return sum;
}

static uint32_t nearest(const float *row, const float *centres, int k, double *distance)
{
    uint32_t best = 0;

    for (int c = 1; c < k; c++)
        if (squared(row, centres + c * DIM) < squared(row, centres + best * DIM))
            best = (uint32_t)c;
    *distance = squared(row, centres + best * DIM);
    return best;
}

/* Labels are nearest, counts and distances and inertia are what they say. */
static void hold_to_definition(const ay_rows *r, const ay_kmeans *g)
{
    double inertia = 0;
    size_t *counts = ay_calloc((size_t)g->k, sizeof *counts);

    for (size_t i = 0; i < r->n; i++) {
        double least, own = squared(r->rows + i * DIM, g->centres + g->labels[i] * DIM);
        nearest(r->rows + i * DIM, g->centres, g->k, &least);
        CHECK(own <= least + 1e-4 * (1 + least));
        CHECK(fabs(own - g->distances[i]) < 1e-4 * (1 + own));
        counts[g->labels[i]]++;
        inertia += own;
    }
    for (int c = 0; c < g->k; c++)
        CHECK(counts[c] == g->counts[c]);
    CHECK(fabs(inertia - g->inertia) < 1e-5 * inertia + 1e-6);
    ay_free(counts);
}

/* The mean of each group's rows is its centre. */
static void hold_to_means(const ay_rows *r, const ay_kmeans *g)
{
    double *sums = ay_calloc((size_t)g->k * DIM, sizeof *sums);

    for (size_t i = 0; i < r->n; i++)
        for (int d = 0; d < DIM; d++)
            sums[g->labels[i] * DIM + (uint32_t)d] += r->rows[i * DIM + (size_t)d];
    for (int i = 0; i < g->k * DIM; i++)
        CHECK(fabs(sums[i] / (double)g->counts[i / DIM] - g->centres[i]) < 1e-5);
    ay_free(sums);
}

static void lloyd_ends_where_nothing_moves(void)
{
    static const int ks[] = {1, 7, 32, 33, 100};
    float *v = planted(3001, 40, 0.7, 3);
    ay_rows rows = {v, 3001, DIM};
    ay_err err = {{0}};

    for (size_t i = 0; i < sizeof ks / sizeof *ks; i++) {
        ay_kmeans g;
        ay_kmeans_options o = {.k = ks[i], .way = AY_KMEANS_LLOYD, .seed = 5, .most = 500};
        CHECK_OK(ay_kmeans_run(&rows, &o, &g, &err), err);
        CHECK(g.converged && g.k == ks[i]);
        hold_to_definition(&rows, &g);
        hold_to_means(&rows, &g);
        ay_kmeans_free(&g);
    }
    ay_free(v);
}

/* One plain round in double; true when a label changed. */
static bool plain_round(const ay_rows *r, float *centres, int k, uint32_t *labels)
{
    double *sums = ay_calloc((size_t)k * DIM, sizeof *sums), far;
    size_t *counts = ay_calloc((size_t)k, sizeof *counts);
    bool changed = false;

    for (size_t i = 0; i < r->n; i++) {
        uint32_t now = nearest(r->rows + i * DIM, centres, k, &far);
        changed |= now != labels[i];
        labels[i] = now;
        counts[now]++;
        for (int d = 0; d < DIM; d++)
            sums[now * DIM + (uint32_t)d] += r->rows[i * DIM + (size_t)d];
    }
    for (int i = 0; i < k * DIM; i++)
        centres[i] = (float)(sums[i] / (double)counts[i / DIM]);
    ay_free(sums);
    ay_free(counts);
    return changed;
}

static void bounds_change_no_answer(void)
{
    enum { N = 4000, K = 70 };
    float *v = planted(N, 50, 1.0, 9);
    uint32_t *labels = ay_calloc(N, sizeof *labels);
    ay_rows rows = {v, N, DIM};
    ay_kmeans first, last;
    ay_kmeans_options o = {.k = K, .way = AY_KMEANS_LLOYD, .seed = 1, .most = 1};
    ay_err err = {{0}};
    size_t differ = 0;

    CHECK_OK(ay_kmeans_run(&rows, &o, &first, &err), err);
    o.most = 1000;
    CHECK_OK(ay_kmeans_run(&rows, &o, &last, &err), err);
    for (int i = 0; i < 1000 && plain_round(&rows, first.centres, K, labels); i++)
        ;
    for (size_t i = 0; i < N; i++)
        differ += labels[i] != last.labels[i];
    CHECK(last.rounds > 5); /* else it shows nothing */
    CHECK(differ < N / 200); /* rounding may send a row on the border the other way */
    ay_kmeans_free(&first);
    ay_kmeans_free(&last);
    ay_free(labels);
    ay_free(v);
}

/* Rows of one planted group get one label, and no two groups the same. */
static void planted_groups_are_found(void)
{
    enum { N = 3000, GROUPS = 30 };
    float *v = planted(N, GROUPS, 0.05, 4);
    ay_rows rows = {v, N, DIM};
    ay_err err = {{0}};

    for (ay_kmeans_way way = AY_KMEANS_BATCH; way <= AY_KMEANS_LLOYD; way++) {
        ay_kmeans g;
        ay_kmeans_options o = {.k = GROUPS, .way = way, .seed = 2, .inits = 3, .batch = 300};
        bool used[GROUPS] = {false};
        CHECK_OK(ay_kmeans_run(&rows, &o, &g, &err), err);
        for (size_t i = 0; i < N; i++)
            CHECK(g.labels[i] == g.labels[i % GROUPS]);
        for (int i = 0; i < GROUPS; i++) {
            CHECK(!used[g.labels[i]]);
            used[g.labels[i]] = true;
        }
        hold_to_definition(&rows, &g);
        ay_kmeans_free(&g);
    }
    ay_free(v);
}

static void batches_come_near_lloyd(void)
{
    float *v = planted(20000, 60, 0.8, 6);
    ay_rows rows = {v, 20000, DIM};
    ay_kmeans full, quick;
    ay_kmeans_options o = {.k = 40, .way = AY_KMEANS_LLOYD, .seed = 8};
    ay_err err = {{0}};

    CHECK_OK(ay_kmeans_run(&rows, &o, &full, &err), err);
    o.way = AY_KMEANS_BATCH;
    CHECK_OK(ay_kmeans_run(&rows, &o, &quick, &err), err);
    CHECK(quick.converged);
    CHECK(quick.inertia < 1.05 * full.inertia);
    hold_to_definition(&rows, &quick);
    ay_kmeans_free(&full);
    ay_kmeans_free(&quick);
    ay_free(v);
}

static void threads_do_not_matter_a_seed_does(void)
{
    enum { N = 9000, K = 50 };
    float *v = planted(N, 60, 1.0, 6);
    ay_rows rows = {v, N, DIM};
    ay_err err = {{0}};

    for (ay_kmeans_way way = AY_KMEANS_BATCH; way <= AY_KMEANS_LLOYD; way++) {
        ay_kmeans a, b, c;
        ay_kmeans_options o = {.k = K, .way = way, .seed = 3, .threads = 1};
        CHECK_OK(ay_kmeans_run(&rows, &o, &a, &err), err);
        o.threads = 5;
        CHECK_OK(ay_kmeans_run(&rows, &o, &b, &err), err);
        o.seed = 4;
        CHECK_OK(ay_kmeans_run(&rows, &o, &c, &err), err);
        CHECK(memcmp(a.centres, b.centres, K * DIM * sizeof *a.centres) == 0);
        CHECK(memcmp(a.labels, b.labels, N * sizeof *a.labels) == 0);
        CHECK(memcmp(a.centres, c.centres, K * DIM * sizeof *a.centres) != 0);
        ay_kmeans_free(&a);
        ay_kmeans_free(&b);
        ay_kmeans_free(&c);
    }
    ay_free(v);
}

static void odd_inputs(void)
{
    float same[6 * DIM], *v = planted(5, 5, 0.1, 1);
    ay_rows five = {v, 5, DIM}, equal = {same, 6, DIM};
    ay_kmeans g;
    ay_err err = {{0}};

    for (int i = 0; i < 6 * DIM; i++)
        same[i] = 0.5f;
    for (ay_kmeans_way way = AY_KMEANS_BATCH; way <= AY_KMEANS_LLOYD; way++) {
        ay_kmeans_options o = {.k = 9, .way = way};
        CHECK_OK(ay_kmeans_run(&five, &o, &g, &err), err); /* fewer rows than groups: a group each */
        CHECK(g.k == 5 && g.inertia < 1e-9);
        ay_kmeans_free(&g);
        CHECK_OK(ay_kmeans_run(&equal, &o, &g, &err), err);
        CHECK(g.k == 6 && g.inertia < 1e-9);
        ay_kmeans_free(&g);
        o.k = 0;
        CHECK(ay_kmeans_run(&five, &o, &g, &err) == AY_EINVAL && !g.centres);
    }
    ay_free(v);
}

static void unit_centres_when_asked(void)
{
    float *v = planted(500, 12, 0.4, 2);
    ay_rows rows = {v, 500, DIM};
    ay_err err = {{0}};

    for (int i = 0; i < 500; i++)
        ay_unit(v + i * DIM, v + i * DIM, DIM);
    for (ay_kmeans_way way = AY_KMEANS_BATCH; way <= AY_KMEANS_LLOYD; way++) {
        ay_kmeans g;
        ay_kmeans_options o = {.k = 12, .way = way, .spherical = true};
        CHECK_OK(ay_kmeans_run(&rows, &o, &g, &err), err);
        for (int c = 0; c < g.k; c++)
            CHECK(fabsf(ay_dot(g.centres + c * DIM, g.centres + c * DIM, DIM) - 1) < 1e-5f);
        hold_to_definition(&rows, &g);
        ay_kmeans_free(&g);
    }
    ay_free(v);
}

static bool until_half(void *ctx, double done)
{
    *(double *)ctx = done;
    return done < 0.02;
}

static void it_can_be_stopped(void)
{
    float *v = planted(2000, 50, 1.0, 2);
    ay_rows rows = {v, 2000, DIM};
    ay_err err = {{0}};

    for (ay_kmeans_way way = AY_KMEANS_BATCH; way <= AY_KMEANS_LLOYD; way++) {
        double done = 0;
        ay_kmeans g;
        ay_kmeans_options o = {.k = 30, .way = way, .progress = until_half, .ctx = &done, .batch = 100};
        CHECK(ay_kmeans_run(&rows, &o, &g, &err) == AY_ECANCELLED);
        CHECK(!g.centres && !g.labels && done >= 0.02 && done < 0.5);
    }
    ay_free(v);
}

static void refused_memory_leaks_nothing(void)
{
    float *v = planted(300, 5, 0.3, 2);
    ay_rows rows = {v, 300, DIM};
    long live = ay_mem_live(), refused = 0;

    for (ay_kmeans_way way = AY_KMEANS_BATCH; way <= AY_KMEANS_LLOYD; way++) {
        ay_status status = AY_ENOMEM;
        for (long n = 0; status != AY_OK && n < 5000; n++) {
            ay_kmeans g;
            ay_err err = {{0}};
            ay_kmeans_options o = {.k = 5, .way = way, .threads = 1};
            ay_mem_fail_after(n);
            status = ay_kmeans_run(&rows, &o, &g, &err);
            ay_mem_fail_after(-1);
            CHECK(status == AY_OK || status == AY_ENOMEM);
            refused += status == AY_ENOMEM;
            ay_kmeans_free(&g);
            CHECK(ay_mem_live() == live);
        }
        CHECK(status == AY_OK);
    }
    CHECK(refused > 20);
    ay_free(v);
}

TESTS({"lloyd ends where nothing moves", lloyd_ends_where_nothing_moves},
      {"bounds change no answer", bounds_change_no_answer},
      {"planted groups are found", planted_groups_are_found},
      {"batches come near lloyd", batches_come_near_lloyd},
      {"threads do not matter, a seed does", threads_do_not_matter_a_seed_does},
      {"odd inputs", odd_inputs},
      {"unit centres when asked", unit_centres_when_asked},
      {"it can be stopped", it_can_be_stopped},
      {"refused memory leaks nothing", refused_memory_leaks_nothing})
