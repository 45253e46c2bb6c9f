/* The decision against definitions written out plainly, with vectors that the test chooses: the encoder
 * here reads a vector of three numbers from a picture's first pixel. */
#include "service/calibrate.h"
#include "service/fake_test.h"
#include "service/quality.h"

static ay_err err;
static ay_arena arena;

/* ---- calibration */

enum { N = 60, DIM = 8, CLASSES = 4 };

typedef struct {
    float v[N * DIM];
    int klass[N];
} set;

/* Clusters, with a lone member in the last class. */
static void make_set(set *s, uint64_t seed)
{
    float centre[CLASSES][DIM];
    ay_rng rng;

    ay_rng_init(&rng, seed);
    for (int c = 0; c < CLASSES; c++)
        for (int d = 0; d < DIM; d++)
            centre[c][d] = (float)ay_rng_normal(&rng);
    for (int i = 0; i < N; i++) {
        float *v = s->v + i * DIM;
        s->klass[i] = i == 0 ? CLASSES - 1 : i % (CLASSES - 1);
        for (int d = 0; d < DIM; d++)
            v[d] = centre[s->klass[i]][d] + 0.7f * (float)ay_rng_normal(&rng);
        ay_unit(v, v, DIM);
    }
}

static double cosine(const set *s, int i, int j)
{
    double sum = 0;

    for (int d = 0; d < DIM; d++)
        sum += (double)s->v[i * DIM + d] * s->v[j * DIM + d];
    return sum;
}

/* Logarithm of the likelihood, and how many are right, with each left out, at temperature t. */
static double plain_likelihood(const set *s, double t, int *right, int *checked)
{
    double sum = 0;

    *right = *checked = 0;
    for (int i = 0; i < N; i++) {
        double w[CLASSES] = {0}, all = 0;
        int n[CLASSES] = {0}, best = 0;
        for (int j = 0; j < N; j++) {
            if (j == i)
                continue;
            w[s->klass[j]] += exp(cosine(s, i, j) / t);
            n[s->klass[j]]++;
        }
        if (n[s->klass[i]] == 0)
            continue;
        for (int c = 0; c < CLASSES; c++) {
            w[c] = n[c] ? w[c] / n[c] : 0;
            all += w[c];
            best = w[c] > w[best] ? c : best;
        }
        ++*checked;
        *right += best == s->klass[i];
        sum += log(0.98 * w[s->klass[i]] / all + 0.02 / CLASSES);
    }
    return sum - pow(log(t / 0.03), 2) / 2;
}

/* Known scores below t plus strangers' not below it, as shares; by counting. */
static double price(const float *own, int nown, const float *other, float t)
{
    int below = 0, above = 0;

    for (int i = 0; i < nown; i++)
        below += own[i] < t - 1e-6f;
    for (int i = 0; i < N; i++)
        above += other[i] >= t - 1e-6f;
    return (double)below / nown + (double)above / N;
}

/* The score that a tenth of the strangers do not reach. */
static float tenth(const float *other)
{
    float best = 2;

    for (int i = 0; i < N; i++) {
        int below = 0;
        for (int j = 0; j < N; j++)
            below += other[j] < other[i];
        if (below >= N / 10)
            best = fminf(best, other[i]);
    }
    return best;
}

static void calibration_is_what_it_says(void)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        double best = -INFINITY, t = 0.384, want = 0, value;
        int right, checked, want_right = 0, own_n = 0;
        float own[N], other[N];
        bool found = false;
        ay_calibration cal;
        set s;
        make_set(&s, seed);
        CHECK_OK(ay_calibrate(&(ay_rows){s.v, N, DIM}, s.klass, CLASSES, 1, NULL, &cal, &err), err);
        for (int l = 0; l < 8; l++, t /= 2) {
            value = plain_likelihood(&s, t, &right, &checked);
            if (value > best) {
                best = value;
                want = t;
                want_right = right;
            }
        }
        for (int i = 0; i < N; i++) {
            float near = -2;
            other[i] = -2;
            for (int j = 0; j < N; j++)
                if (j != i && s.klass[j] == s.klass[i])
                    near = fmaxf(near, (float)cosine(&s, i, j));
                else if (j != i)
                    other[i] = fmaxf(other[i], (float)cosine(&s, i, j));
            if (near > -2)
                own[own_n++] = near;
        }
        CHECK(fabs(cal.temperature - want) < 1e-9);
        CHECK(cal.checked == N - 1 && cal.right == want_right && cal.known == N - 1);
        /* No other known score that sends back 2 to 25 % of the known, and is above a tenth of the
         * strangers', has a lower price. */
        value = price(own, own_n, other, cal.threshold);
        for (int i = 0; i < own_n; i++) {
            int below = 0;
            for (int j = 0; j < own_n; j++)
                below += own[j] < own[i];
            if (below >= (int)(0.02 * own_n) && below <= (int)(0.25 * own_n) &&
                (below == (int)(0.25 * own_n) || own[i] >= tenth(other)))
                CHECK(value <= price(own, own_n, other, own[i]) + 1e-9);
            if (fabsf(own[i] - cal.threshold) < 1e-6f)
                found = below >= (int)(0.02 * own_n) && below <= (int)(0.25 * own_n);
        }
        CHECK(found);
    }
}

/* One class has no strangers to learn from: one known thing in twenty is sent back. */
static void one_class_sends_back_one_in_twenty(void)
{
    int klass[N] = {0}, below = 0, upto = 0;
    ay_calibration cal;
    set s;

    make_set(&s, 3);
    CHECK_OK(ay_calibrate(&(ay_rows){s.v, N, DIM}, klass, 1, 1, NULL, &cal, &err), err);
    for (int i = 0; i < N; i++) {
        float near = -2;
        for (int j = 0; j < N; j++)
            near = j == i ? near : fmaxf(near, (float)cosine(&s, i, j));
        below += near < cal.threshold - 1e-6f;
        upto += near < cal.threshold + 1e-6f;
    }
    CHECK(below <= N / 20 && upto > N / 20 && cal.known == N);
}

static void small_sets_have_sound_thresholds(void)
{
    float v[] = {1, 0, 0.8f, 0.6f, 0, 1, 0.6f, 0.8f};
    int apart[] = {0, 1, 2, 3}, together[] = {0, 0, 1, 1};
    ay_calibration cal;

    CHECK_OK(ay_calibrate(&(ay_rows){v, 1, 2}, apart, 4, 1, NULL, &cal, &err), err);
    CHECK(cal.threshold == -1 && cal.temperature == AY_TEMPERATURE && cal.checked == 0);
    /* One picture a class: the median of the nearest others: .8 .96 .8 .96 -> .96 */
    CHECK_OK(ay_calibrate(&(ay_rows){v, 4, 2}, apart, 4, 1, NULL, &cal, &err), err);
    CHECK(fabsf(cal.threshold - 0.96f) < 1e-5f && cal.known == 0 && cal.checked == 0);
    /* Four scores are fewer than five: still the others. */
    CHECK_OK(ay_calibrate(&(ay_rows){v, 4, 2}, together, 2, 1, NULL, &cal, &err), err);
    CHECK(cal.known == 0 && cal.checked == 4);
    /* One class alone: nothing to compare with until there are five. */
    CHECK_OK(ay_calibrate(&(ay_rows){v, 2, 2}, together, 1, 1, NULL, &cal, &err), err);
    CHECK(cal.threshold == -1);
}

static void a_large_set_is_sampled_evenly(void)
{
    enum { MANY = 6000 };
    float *v = ay_calloc(MANY * 4, sizeof *v);
    int *klass = ay_calloc(MANY, sizeof *klass);
    ay_calibration cal;
    ay_rng rng;

    ay_rng_init(&rng, 4);
    for (int i = 0; i < MANY; i++) {
        klass[i] = i % 3;
        for (int d = 0; d < 4; d++)
            v[4 * i + d] = (d == klass[i]) + 0.2f * (float)ay_rng_normal(&rng);
        ay_unit(v + 4 * i, v + 4 * i, 4);
    }
    CHECK_OK(ay_calibrate(&(ay_rows){v, MANY, 4}, klass, 3, 0, NULL, &cal, &err), err);
    CHECK(cal.checked > 500 && cal.checked < 1000 && cal.right > cal.checked * 9 / 10);
    ay_free(v);
    ay_free(klass);
}

/* ---- decisions, with vectors from the first pixel */

static ay_status pixel_embed(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *e)
{
    (void)ctx, (void)e;
    for (int i = 0; i < n; i++)
        for (int d = 0; d < 3; d++)
            dst[3 * i + d] = (float)images[i]->data[d] - 128;
    return AY_OK;
}

static ay_engine_info pixel_info;

static ay_service *open_pixels(const char *dir)
{
    ay_service_options o = {.data = dir, .embedder = {NULL, pixel_embed, &pixel_info}};
    ay_service *s;

    pixel_info.dim = 3;
    memset(pixel_info.digest, 'a', 64);
    memset(pixel_info.preprocess_digest, 'b', 64);
    CHECK_OK(ay_service_open(&s, &o, &err), err);
    return s;
}

/* A picture whose vector points to (x, y, z) - 128; the second pixel makes its bytes its own. */
static void picture(ay_buf *out, int x, int y, int z, int mark)
{
    uint8_t data[6] = {(uint8_t)x, (uint8_t)y, (uint8_t)z, (uint8_t)mark, (uint8_t)(mark >> 8), 0};
    ay_image im = {.width = 2, .height = 1, .data = data};

    out->len = 0;
    CHECK_OK(ay_image_encode_png(&im, out, &err), err);
}

static void teach(ay_service *s, const char *klass, int x, int y, int z, int mark)
{
    ay_buf b = {0};
    ay_added added;

    picture(&b, x, y, z, mark);
    CHECK_OK(ay_picture_add(s, NULL, klass, "p", b.data, b.len, NULL, &arena, &added, &err), err);
    CHECK(added.created);
    ay_buf_fini(&b);
}

static ay_decision ask(ay_service *s, int x, int y, int z, const char *method)
{
    ay_scan_options o = {.method = method, .top = 10};
    ay_buf b = {0};
    ay_decision d;

    picture(&b, x, y, z, 77777);
    CHECK_OK(ay_scan_bytes(s, b.data, b.len, &o, &arena, &d, &err), err);
    ay_buf_fini(&b);
    return d;
}

static double angle(const int a[3], const int b[3])
{
    double ab = 0, aa = 0, bb = 0;

    for (int d = 0; d < 3; d++) {
        ab += (a[d] - 128.0) * (b[d] - 128.0);
        aa += (a[d] - 128.0) * (a[d] - 128.0);
        bb += (b[d] - 128.0) * (b[d] - 128.0);
    }
    return ab / sqrt(aa * bb);
}

/* The first scanner's formula by hand: "A" wins by its mean, the reference is of "B". */
static void mean_is_the_first_scanners_formula(void)
{
    static const int a[2][3] = {{228, 128, 128}, {218, 158, 128}};
    static const int b[2][3] = {{228, 138, 128}, {128, 28, 128}};
    static const int q[3] = {228, 140, 128};
    const char *dir = fake_folder();
    ay_service *s = open_pixels(dir);
    ay_decision d = ask(s, 1, 2, 3, "mean");
    double mean_a, mean_b;

    CHECK(d.status == AY_SCAN_NO_DATASET);
    CHECK_OK(ay_class_create(s, NULL, "B", NULL, &err), err);
    CHECK_OK(ay_class_create(s, NULL, "empty", NULL, &err), err);
    CHECK_OK(ay_class_create(s, NULL, "A", NULL, &err), err);
    for (int i = 0; i < 2; i++) {
        teach(s, "A", a[i][0], a[i][1], a[i][2], i);
        teach(s, "B", b[i][0], b[i][1], b[i][2], 10 + i);
    }
    mean_a = (angle(q, a[0]) + angle(q, a[1])) / 2;
    mean_b = (angle(q, b[0]) + angle(q, b[1])) / 2;
    d = ask(s, q[0], q[1], q[2], "mean");
    CHECK(d.status == AY_SCAN_MATCH && strcmp(d.label, "A") == 0);
    CHECK(fabs(d.score - mean_a) < 1e-6 && d.probability < 0);
    CHECK(d.nclasses == 3 && strcmp(d.classes[1].name, "B") == 0 &&
          strcmp(d.classes[2].name, "empty") == 0);
    CHECK(fabs(d.classes[1].mean - mean_b) < 1e-6 &&
          fabs(d.classes[1].max - angle(q, b[0])) < 1e-6);
    CHECK(d.classes[2].mean == 0 && d.classes[2].max == 0 && d.classes[2].samples == 0);
    CHECK(strcmp(d.reference.class_name, "B") == 0); /* the nearest, though A won */
    CHECK(d.nmatches == 4 && strcmp(d.matches[0].class_name, "B") == 0);
    for (size_t i = 1; i < d.nmatches; i++)
        CHECK(d.matches[i - 1].similarity >= d.matches[i].similarity);
    d = ask(s, q[0], q[1], q[2], NULL);
    CHECK(d.status != AY_SCAN_MATCH || strcmp(d.label, d.matches[0].class_name) == 0);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void ties_keep_the_classes_order(void)
{
    const char *dir = fake_folder();
    ay_service *s = open_pixels(dir);
    ay_decision d;

    CHECK_OK(ay_class_create(s, NULL, "z", NULL, &err), err);
    CHECK_OK(ay_class_create(s, NULL, "a", NULL, &err), err);
    teach(s, "a", 200, 128, 128, 1);
    teach(s, "z", 200, 128, 128, 2);
    teach(s, "a", 200, 128, 128, 3);
    d = ask(s, 200, 128, 128, "mean");
    CHECK(strcmp(d.label, "z") == 0 && strcmp(d.reference.class_name, "z") == 0);
    CHECK(d.nmatches == 3 && strcmp(d.matches[1].class_name, "a") == 0);
    d = ask(s, 200, 128, 128, "auto"); /* two classes with the same picture */
    CHECK(d.status == AY_SCAN_AMBIGUOUS && strcmp(d.message_code, "ambiguous_two") == 0);
    CHECK(d.label && d.arg_second && strcmp(d.arg_first, d.arg_second) != 0);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void a_match_never_contradicts_its_reference(void)
{
    const char *dir = fake_folder();
    ay_service *s = open_pixels(dir);
    int seen[3] = {0};
    ay_rng rng;

    ay_rng_init(&rng, 8);
    CHECK_OK(ay_class_create(s, NULL, "0", NULL, &err), err);
    CHECK_OK(ay_class_create(s, NULL, "1", NULL, &err), err);
    CHECK_OK(ay_class_create(s, NULL, "2", NULL, &err), err);
    for (int i = 0; i < 30; i++) {
        char name[] = {(char)('0' + i % 3), '\0'};
        int x = i % 3 == 0 ? 200 : 100, y = i % 3 == 1 ? 200 : 100;
        teach(s, name, x + (int)ay_rng_below(&rng, 50), y + (int)ay_rng_below(&rng, 50),
              128 + (int)ay_rng_below(&rng, 30), i);
    }
    for (int i = 0; i < 200; i++) {
        /* Anywhere, or amid the classes. */
        uint32_t side = i % 2 ? 256 : 150, from = i % 2 ? 0 : 100;
        ay_decision d = ask(s, (int)(from + ay_rng_below(&rng, side)),
                            (int)(from + ay_rng_below(&rng, side)),
                            i % 2 ? (int)ay_rng_below(&rng, 256) : 140, NULL);
        CHECK(d.status <= AY_SCAN_AMBIGUOUS && d.message && d.has_reference);
        seen[d.status]++;
        if (d.status == AY_SCAN_MATCH) {
            CHECK(strcmp(d.label, d.reference.class_name) == 0);
            CHECK(strcmp(d.label, d.matches[0].class_name) == 0);
            CHECK(d.probability >= 0.7f && d.score >= d.threshold);
        }
        if (d.status == AY_SCAN_NO_MATCH)
            CHECK(!d.label && d.score < d.threshold);
        if (d.status == AY_SCAN_AMBIGUOUS)
            CHECK(strcmp(d.arg_first, d.arg_second) != 0);
    }
    CHECK(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void the_first_picture_ever_matches_and_says_so(void)
{
    const char *dir = fake_folder();
    ay_service *s = open_pixels(dir);
    ay_decision d;

    CHECK_OK(ay_class_create(s, NULL, "only", NULL, &err), err);
    teach(s, "only", 200, 128, 128, 1);
    d = ask(s, 190, 140, 128, NULL);
    CHECK(d.status == AY_SCAN_MATCH && strcmp(d.message_code, "match_few") == 0);
    CHECK(d.probability < 0 && d.threshold == 0);
    ay_service_close(s);
    fake_folder_gone(dir);
}

/* ---- quality */

static ay_quality judge(int (*shade)(int x, int y))
{
    ay_image im;
    ay_quality q;

    CHECK_OK(ay_image_create(&im, 300, 300, &err), err);
    for (int y = 0; y < 300; y++)
        for (int x = 0; x < 300; x++)
            memset(im.data + 3 * (300 * y + x), shade(x, y), 3);
    CHECK_OK(ay_quality_measure(&im, &q, &err), err);
    ay_image_fini(&im);
    return q;
}

static int night(int x, int y)
{
    return (x + y) % 30;
}
static int snow(int x, int y)
{
    return 240 + (x + y) % 14;
}
static int wall(int x, int y)
{
    return 120 + (x / 100 + y / 100) % 2;
}
static int tiles(int x, int y)
{
    return (x / 20 + y / 20) % 2 ? 200 : 60;
}
static int waves(int x, int y)
{
    return 128 + (int)(60 * sin(x / 40.0) * sin(y / 40.0));
}

static void pictures_get_the_advice_they_need(void)
{
    ay_quality q = judge(tiles);

    CHECK(!q.hint_code && q.sharpness > 1 && fabsf(q.brightness - 130 / 255.0f) < 0.02f);
    CHECK(strcmp(judge(night).hint_code, "too_dark") == 0);
    CHECK(strcmp(judge(snow).hint_code, "too_bright") == 0);
    CHECK(strcmp(judge(wall).hint_code, "low_contrast") == 0);
    q = judge(waves);
    CHECK(q.hint_code && strcmp(q.hint_code, "blurred") == 0 && q.hint);
}

TESTS({"calibration is what it says", calibration_is_what_it_says},
      {"one class sends back one in twenty", one_class_sends_back_one_in_twenty},
      {"small sets have sound thresholds", small_sets_have_sound_thresholds},
      {"a large set is sampled evenly", a_large_set_is_sampled_evenly},
      {"mean is the first scanner's formula", mean_is_the_first_scanners_formula},
      {"ties keep the classes' order", ties_keep_the_classes_order},
      {"a match never contradicts its reference", a_match_never_contradicts_its_reference},
      {"the first picture ever matches and says so", the_first_picture_ever_matches_and_says_so},
      {"pictures get the advice they need", pictures_get_the_advice_they_need})
