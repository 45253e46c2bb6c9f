/* Metric losses: the reference vectors of the system replaced, PyTorch's values and gradients
 * (test/vectors/make_metric.py), finite differences, and the places where acos has no gradient. */
#include "train/metric_loss.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <jansson.h>
#include <math.h>

enum { MOST = 512 };

typedef struct {
    int n, classes, dim;
    double x[MOST], w[MOST], centers[MOST];
    int labels[16];
} sample;

static ay_metric_loss_settings settings(const char *name, double margin, ay_margin_unit unit, int sub,
                                        double scale)
{
    ay_metric_loss_settings s;

    ay_metric_loss_defaults(&s);
    snprintf(s.name, sizeof s.name, "%s", name);
    s.margin = margin;
    s.unit = unit;
    s.sub_centers = sub;
    s.scale = scale;
    return s;
}

static ay_metric_parts compute(const ay_metric_loss_settings *s, const sample *a, ay_metric_diff *d)
{
    ay_metric_batch b = {a->x, a->labels, a->n, a->w, a->centers};
    ay_metric_loss *l;
    ay_metric_parts p;
    ay_err err;

    CHECK_OK(ay_metric_loss_create(&l, s, a->classes, a->dim, &err), err);
    CHECK_OK(ay_metric_loss_compute(l, &b, d, &p, &err), err);
    ay_metric_loss_destroy(l);
    return p;
}

static bool near(double a, double b, double by)
{
    if (fabs(a - b) <= by)
        return true;
    printf("  %.12g is not %.12g within %g\n", a, b, by);
    return false;
}

static bool all_near(const double *a, const double *b, int n, double by)
{
    for (int i = 0; i < n; i++)
        if (!near(a[i], b[i], by))
            return false;
    return true;
}

/* ---- the reference vectors of the seed (facts 5.4) ---------------------------------------------- */

static const sample set_a = {
    6, 3, 3,
    {1, .2, 0, .7, .8, .1, .9, .5, -.2, .2, 1, .3, .6, .9, .4, .5, .4, 1},
    {.9, .7, .4, .1, .5, .2, .1, .6, .9, .8, .7, .3, 0, -.2, .1, .3, .6, .9},
    {.8, .5, 0, .5, .7, .1, .4, .5, .7},
    {0, 0, 1, 1, 2, 2}};

static void set_a_is_met(void)
{
    static const double dx[] = {.006824, -.034121, -.219998, -1.334593, 1.00113,  1.333107,
                                .976797, -2.268153, -1.274796, .00436,  -.093402, .308433,
                                -.075377, .661347, -1.374966, -.094055, -.09767,  .086095};
    static const double dw[] = {.000001,  .838718,   -1.721199, -.013577, -.10942,  -.000091,
                                -.000005, -1.273782, .556022,   -.003015, -.195084, -.000015,
                                .000001,  -.885831,  1.8806,    .012565,  .318782,  .000025};
    ay_metric_loss_settings s = settings("HybridMarginLoss", 0.4, AY_MARGIN_DEGREES, 2, 30);
    double x[18], w[18], c[9];
    ay_metric_diff d = {x, w, c};
    ay_metric_parts p = compute(&s, &set_a, &d);

    CHECK(near(p.loss, 2.013638920, 1e-9) && near(p.arc, 1.380382833, 1e-9));
    CHECK(near(p.triplet, .632737874, 1e-9) && near(p.center, .051821343, 1e-9));
    CHECK(p.triplets == 6 && p.active == 6);
    CHECK(all_near(x, dx, 18, 1e-6) && all_near(w, dw, 18, 1e-6));
}

static void set_b_is_met(void)
{
    static const sample b = {
        6, 3, 4,
        {1, 2, -1, .5, .8, 1.5, -.5, 1, -1, .3, .7, .2, -.6, .1, 1.2, -.4, .2, -1, .4, .9, .1, -.7, .9, .6},
        {.9, -.2, .1, .4, -.3, .2, 1.1, .3, -.5, .2, -.8, -.4, -.3, .6, .8, -.1, .5, .7, .2, .1, -.2, -.9, .6, .3},
        {.5, .5, -.5, .5, -.5, .1, .6, 0, .1, -.6, .3, .7},
        {0, 0, 1, 1, 2, 2}};
    ay_metric_loss_settings s = settings("hybrid_margin", 0.4, AY_MARGIN_DEGREES, 2, 30);
    ay_metric_parts p = compute(&s, &b, NULL);

    CHECK(near(p.arc, 3.787426002, 1e-9) && near(p.center, .035246694, 1e-9));
    CHECK(p.triplet == 0 && p.triplets == 6 && p.active == 0 && near(p.loss, 3.787778469, 1e-9));
    s.unit = AY_MARGIN_RADIANS; /* the number as it was meant */
    CHECK(near(compute(&s, &b, NULL).arc, 7.449186385, 1e-9));
    s = settings("subcenter_arcface", 22.918311805232928, AY_MARGIN_DEGREES, 2, 30);
    CHECK(near(compute(&s, &b, NULL).loss, 7.449186385, 1e-9));
}

/* Beyond pi - m the loss goes on falling with the angle. */
static void wraps(void)
{
    static const sample a = {1, 2, 2, {-1, .05}, {1, 0, 0, 1}, {0}, {0}};
    ay_metric_loss_settings s = settings("arcface", 28.6, AY_MARGIN_DEGREES, 3, 1);

    CHECK(near(compute(&s, &a, NULL).loss, 1.5313051100933404, 1e-14));
}

/* Radians are what a margin is in unless somebody says degrees (bug 36). */
static void bug_36_margin_is_in_radians(void)
{
    ay_metric_loss_settings s;

    ay_metric_loss_defaults(&s);
    CHECK(s.unit == AY_MARGIN_RADIANS && s.margin == 0.4 && s.scale == 30 && s.sub_centers == 3);
    CHECK(s.triplet_margin == 0.3 && s.center_weight == 0.01 && strcmp(s.name, "hybrid_margin") == 0);
}

/* ---- PyTorch ------------------------------------------------------------------------------------- */

static void read_list(const json_t *list, double *dst)
{
    CHECK(json_array_size(list) > 0 && json_array_size(list) <= MOST);
    for (size_t i = 0; i < json_array_size(list); i++)
        dst[i] = json_number_value(json_array_get(list, i));
}

static int whole(const json_t *o, const char *key)
{
    return (int)json_integer_value(json_object_get(o, key));
}

static void check_diff(const json_t *want, const char *key, const double *have)
{
    const json_t *list = json_object_get(want, key);
    double w[MOST];

    if (!list) /* PyTorch: not part of the graph */
        return;
    read_list(list, w);
    CHECK(all_near(have, w, (int)json_array_size(list), 1e-11));
}

static void one_case(const json_t *c, sample *a, const double *w, const double *plain, int sub)
{
    const char *name = json_string_value(json_object_get(c, "loss"));
    const json_t *parts = json_object_get(c, "parts"), *diff = json_object_get(c, "diff");
    bool degrees = strcmp(json_string_value(json_object_get(c, "unit")), "degrees") == 0;
    ay_metric_loss_settings s =
        settings(name, json_number_value(json_object_get(c, "margin")),
                 degrees ? AY_MARGIN_DEGREES : AY_MARGIN_RADIANS, sub, 30);
    double x[MOST], dw[MOST], dc[MOST];
    ay_metric_diff d = {x, dw, dc};
    ay_metric_parts p;

    memcpy(a->w, strcmp(name, "arcface") == 0 ? plain : w, sizeof a->w);
    p = compute(&s, a, &d);
    printf("  %-18s %.3g %-8s %.9f\n", name, s.margin, degrees ? "degrees" : "radians", p.loss);
    CHECK(near(p.loss, json_number_value(json_object_get(c, "value")), 1e-11));
    CHECK(near(p.arc, json_number_value(json_object_get(parts, "arc")), 1e-11));
    CHECK(near(p.triplet, json_number_value(json_object_get(parts, "triplet")), 1e-11));
    CHECK(near(p.center, json_number_value(json_object_get(parts, "center")), 1e-11));
    check_diff(diff, "x", x);
    check_diff(diff, "w", dw);
    check_diff(diff, "centers", dc);
}

static void same_as_pytorch(void)
{
    json_t *root = json_load_file("test/vectors/metric.json", 0, NULL);
    const json_t *o = json_object_get(root, "losses"), *list = json_object_get(o, "labels");
    double w[MOST] = {0}, plain[MOST] = {0};
    sample a = {.classes = whole(o, "classes"), .dim = whole(o, "dim"), .n = (int)json_array_size(list)};

    CHECK(a.n == 9 && json_array_size(json_object_get(o, "cases")) == 7);
    for (int i = 0; i < a.n; i++)
        a.labels[i] = (int)json_integer_value(json_array_get(list, (size_t)i));
    read_list(json_object_get(o, "x"), a.x);
    read_list(json_object_get(o, "w"), w);
    read_list(json_object_get(o, "plain"), plain);
    read_list(json_object_get(o, "centers"), a.centers);
    for (size_t i = 0; i < json_array_size(json_object_get(o, "cases")); i++)
        one_case(json_array_get(json_object_get(o, "cases"), i), &a, w, plain, whole(o, "sub"));
    json_decref(root);
}

/* ---- finite differences ---------------------------------------------------------------------------- */

static void fill(double *v, int n, ay_rng *r)
{
    for (int i = 0; i < n; i++)
        v[i] = ay_rng_normal(r);
}

static bool slope_is(const ay_metric_loss_settings *s, sample *a, double *at, double want)
{
    const double step = 1e-6, keep = *at;
    double up, down;

    *at = keep + step;
    up = compute(s, a, NULL).loss;
    *at = keep - step;
    down = compute(s, a, NULL).loss;
    *at = keep;
    return near(want, (up - down) / (2 * step), 2e-7 * (1 + fabs(want)));
}

static void gradients_are_slopes(void)
{
    for (int kind = 0; ay_metric_loss_name(kind); kind++) {
        ay_metric_loss_settings s = settings(ay_metric_loss_name(kind), 0.4, AY_MARGIN_RADIANS, 2, 10);
        sample a = {.n = 7, .classes = 3, .dim = 9, .labels = {0, 1, 2, 0, 1, 2, 0}};
        double x[MOST], w[MOST], c[MOST];
        ay_metric_diff d = {x, w, c};
        ay_rng r;

        ay_rng_init3(&r, 11, (uint64_t)kind, 0);
        fill(a.x, a.n * a.dim, &r);
        fill(a.w, 2 * a.classes * a.dim, &r);
        fill(a.centers, a.classes * a.dim, &r);
        s.center_weight = 0.7;
        compute(&s, &a, &d);
        for (int i = 0; i < a.n * a.dim; i++)
            CHECK(slope_is(&s, &a, &a.x[i], x[i]));
        if (strstr(s.name, "arc") || kind == 0) {
            int columns = strcmp(s.name, "arcface") == 0 ? 3 : 6;
            for (int i = 0; i < columns * a.dim; i++)
                CHECK(slope_is(&s, &a, &a.w[i], w[i]));
        }
        if (kind == 0 || strcmp(s.name, "center") == 0)
            for (int i = 0; i < a.classes * a.dim; i++)
                CHECK(slope_is(&s, &a, &a.centers[i], c[i]));
    }
}

/* ---- where the angle is 0 or pi ------------------------------------------------------------------- */

static bool sane(const double *v, int n)
{
    for (int i = 0; i < n; i++)
        if (!isfinite(v[i]) || fabs(v[i]) > 1e6)
            return false;
    return true;
}

/* Vectors as float32 has them: exactly on their column, opposite to it, a bit beside it, and nothing. */
static void bug_50_no_nan_at_the_ends_of_acos(void)
{
    static const float beside[] = {0, 1e-7f, 1e-4f};

    for (int kind = 0; ay_metric_loss_name(kind); kind++)
        for (int k = 0; k < 3; k++) {
            ay_metric_loss_settings s = settings(ay_metric_loss_name(kind), 0.4, AY_MARGIN_RADIANS, 1, 30);
            sample a = {.n = 6, .classes = 2, .dim = 3, .labels = {0, 0, 1, 1, 0, 1}};
            double x[18], w[6], c[6];
            ay_metric_diff d = {x, w, c};
            const float column[3] = {0.3f, -0.7f, 0.648074f + beside[k]};
            for (int e = 0; e < 3; e++) {
                a.w[2 * e] = (double)0.3f * (e == 0) - (double)0.7f * (e == 1) + (double)0.648074f * (e == 2);
                a.w[2 * e + 1] = -a.w[2 * e];
                a.centers[e] = a.centers[3 + e] = (double)column[e];
                a.x[e] = a.x[3 + e] = (double)column[e]; /* on the own column, twice the same */
                a.x[6 + e] = (double)column[e];          /* opposite to the own column */
                a.x[9 + e] = -3 * (double)column[e];
                a.x[12 + e] = -(double)column[e];
                a.x[15 + e] = 0;
            }
            ay_metric_parts p = compute(&s, &a, &d);
            CHECK(isfinite(p.loss) && sane(x, 18));
            if (kind < 3)
                CHECK(sane(w, 6));
            if (kind == 0 || kind == 4)
                CHECK(sane(c, 6));
        }
}

static void numbers_that_are_none_are_told_and_not_trusted(void)
{
    sample a = set_a;
    double x[18], w[18], c[9];
    ay_metric_diff d = {x, w, c};
    ay_metric_loss_settings s = settings("hybrid_margin", 0.4, AY_MARGIN_RADIANS, 2, 30);

    a.x[4] = NAN;
    CHECK(!isfinite(compute(&s, &a, &d).loss));
    a.x[4] = INFINITY;
    CHECK(!isfinite(compute(&s, &a, &d).loss));
}

/* ---- batches that have no triplets ------------------------------------------------------------------ */

static void no_partner_no_triplet(void)
{
    ay_metric_loss_settings s = settings("hybrid_margin", 0.4, AY_MARGIN_RADIANS, 2, 30);
    sample a = set_a;
    ay_metric_parts p;

    memset(a.labels, 0, sizeof a.labels); /* one class only */
    p = compute(&s, &a, NULL);
    CHECK(p.triplets == 0 && p.triplet == 0 && p.arc > 0);
    for (int i = 0; i < 3; i++)
        a.labels[i] = i;
    a.n = 3; /* each alone in its class */
    p = compute(&s, &a, NULL);
    CHECK(p.triplets == 0 && p.triplet == 0 && p.arc > 0);
    a.n = 0;
    p = compute(&s, &a, NULL);
    CHECK(p.loss == 0);
}

static void wrong_settings_are_named(void)
{
    static const struct {
        const char *name;
        double margin, scale, triplet, center;
        int sub;
        ay_status status;
        const char *word;
    } all[] = {{"cosface", .4, 30, .3, .01, 3, AY_EUNSUPPORTED, "hybrid_margin, subcenter_arcface"},
               {"arcface", NAN, 30, .3, .01, 3, AY_EINVAL, "margin"},
               {"arcface", 28.6, 30, .3, .01, 3, AY_EINVAL, "radians"},
               {"arcface", .4, 0, .3, .01, 3, AY_EINVAL, "scale"},
               {"arcface", .4, 30, 3, .01, 3, AY_EINVAL, "triplet"},
               {"arcface", .4, 30, .3, -1, 3, AY_EINVAL, "centres"},
               {"arcface", .4, 30, .3, .01, 0, AY_EINVAL, "sub-centres"}};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ay_metric_loss_settings s =
            settings(all[i].name, all[i].margin, AY_MARGIN_RADIANS, all[i].sub, all[i].scale);
        ay_metric_loss *l;
        ay_err err;
        s.triplet_margin = all[i].triplet;
        s.center_weight = all[i].center;
        CHECK(ay_metric_loss_create(&l, &s, 5, 8, &err) == all[i].status && !l);
        CHECK(strstr(err.msg, all[i].word) != NULL);
    }
}

static void no_memory_is_told(void)
{
    ay_metric_loss_settings s = settings("hybrid_margin", 0.4, AY_MARGIN_RADIANS, 2, 30);
    long before = ay_mem_live();
    int failed = 0;

    for (int after = 0; after < 12; after++) {
        ay_metric_batch b = {set_a.x, set_a.labels, set_a.n, set_a.w, set_a.centers};
        ay_metric_loss *l = NULL;
        ay_metric_parts p;
        ay_status status;
        ay_mem_fail_after(after);
        status = ay_metric_loss_create(&l, &s, 3, 3, NULL);
        if (status == AY_OK)
            status = ay_metric_loss_compute(l, &b, NULL, &p, NULL);
        ay_mem_fail_after(-1);
        CHECK(status == AY_OK || status == AY_ENOMEM);
        failed += status == AY_ENOMEM;
        ay_metric_loss_destroy(l);
    }
    CHECK(failed == 5 && ay_mem_live() == before);
}

TESTS({"set a is met", set_a_is_met}, {"set b is met", set_b_is_met}, {"the angle wraps", wraps},
      {"bug 36: a margin is in radians", bug_36_margin_is_in_radians},
      {"same as PyTorch", same_as_pytorch}, {"gradients are slopes", gradients_are_slopes},
      {"bug 50: no NaN at the ends of acos", bug_50_no_nan_at_the_ends_of_acos},
      {"numbers that are none are told", numbers_that_are_none_are_told_and_not_trusted},
      {"no partner, no triplet", no_partner_no_triplet},
      {"wrong settings are named", wrong_settings_are_named},
      {"no memory is told", no_memory_is_told})
