/* The report: what it says, that nothing hostile gets through, that it is whole or not there.  The
 * page lies in build/report_test afterwards, for eyes. */
#include "train/report.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <math.h>
#include <sys/stat.h>

enum { N = 240, CLASSES = 6 };

static const char *const names[CLASSES] = {"<script>alert(1)</script>", "a\"b'c&d onload=x",
                                           "line\nbreak \xff", "pitted surface", "rolled-in scale",
                                           "scratches"};

typedef struct {
    float p[N * CLASSES];
    int label[N];
    const char *path[N];
    ay_metrics m, raw;
    ay_mistake mistake[8];
    double loss[12], right[12], rate[12];
    int64_t trained[CLASSES];
    ay_curves curves;
    ay_report r;
} run;

static void picture(const char *path, int seed)
{
    ay_image im;
    ay_buf jpeg = {0};
    ay_err err = {{0}};

    CHECK_OK(ay_image_create(&im, 200, 150, &err), err);
    for (int i = 0; i < 200 * 150 * 3; i++)
        im.data[i] = (uint8_t)(i * (seed + 3) / 97);
    CHECK_OK(ay_image_encode_jpeg(&im, 80, &jpeg, &err), err);
    CHECK_OK(ay_file_write(path, jpeg.data, jpeg.len, &err), err);
    ay_buf_fini(&jpeg);
    ay_image_fini(&im);
}

/* Class 2 is hard: it is taken for class 3. */
static run *made(void)
{
    run *u = ay_calloc(1, sizeof *u);
    ay_rng rng;
    ay_err err = {{0}};

    CHECK(u);
    ay_rng_init(&rng, 5);
    CHECK_OK(ay_file_mkdirs("build/report_test/<b>", &err), err);
    picture("build/report_test/<b>/\"onerror=alert(1).jpg", 1);
    for (int i = 0; i < N; i++) {
        int truth = i % CLASSES, guess = truth == 2 && ay_rng_below(&rng, 3) == 0 ? 3 : truth;
        double sure = 0.5 + 0.49 * ay_rng_unit(&rng);
        u->label[i] = truth;
        u->path[i] = i / CLASSES % 2 ? "build/report_test/<b>/\"onerror=alert(1).jpg" : "gone/<i>.jpg";
        for (int c = 0; c < CLASSES; c++)
            u->p[i * CLASSES + c] = (float)(c == guess ? sure : (1 - sure) / (CLASSES - 1));
    }
    CHECK_OK(ay_metrics_compute(&u->m, u->p, u->label, N, CLASSES, NULL, &err), err);
    CHECK_OK(ay_metrics_compute(&u->raw, u->p, u->label, N, CLASSES, NULL, &err), err);
    for (int i = 0; i < 12; i++) {
        u->loss[i] = 1.5 / (i + 1);
        u->right[i] = 1 - 0.8 / (i + 1);
        u->rate[i] = 1e-3 / (i + 1);
    }
    for (int c = 0; c < CLASSES; c++)
        u->trained[c] = 60 - 8 * c;
    u->curves = (ay_curves){12, u->loss, u->loss, u->right, u->right, NULL, u->rate, 9};
    static const ay_report_skipped skipped[] = {{"train/<img src=x>/a.jpg", "cut short"}};
    static const ay_report_fact fact[] = {{"epochs", "12 of 15, stopped early"}, {"seed", "42"}},
                                unknown[] = {{"combined", "5 % false alarms on validation"}};
    u->r = (ay_report){.name = "steel </title><script>x</script>", .when = "2026-11-22T02:00:00Z",
                       .architecture = "resnet18", .snapshot = "9f86d081884c7d65", .digest = "60303ae22b998861",
                       .program = "assay", .classes = CLASSES, .names = names, .test = &u->m,
                       .raw = &u->raw, .temperature = 1.21, .trained = u->trained, .train_count = 240,
                       .val_count = 60, .curves = &u->curves, .mistake = u->mistake, .paths = u->path,
                       .skipped = skipped, .skipped_count = 1, .near_copies = 3, .fact = fact,
                       .facts = 2, .unknowns = unknown, .unknown_count = 1};
    u->r.mistakes = ay_mistakes_pick(u->p, u->label, N, CLASSES, u->mistake, 8);
    return u;
}

static void done(run *u)
{
    ay_metrics_fini(&u->m);
    ay_metrics_fini(&u->raw);
    ay_free(u);
}

static void mistakes(void)
{
    run *u = made();
    ay_mistake all[N];
    int wrong = (int)llround((1 - u->m.accuracy) * N), n = ay_mistakes_pick(u->p, u->label, N, CLASSES, all, N);

    CHECK(n == wrong && n > 3);
    for (int i = 0; i < n; i++) {
        CHECK(all[i].truth == 2 && all[i].guess == 3);
        CHECK(i == 0 || all[i].confidence <= all[i - 1].confidence);
        if (i < u->r.mistakes)
            CHECK(all[i].index == u->mistake[i].index);
    }
    CHECK(ay_mistakes_pick(u->p, u->label, N, CLASSES, all, 0) == 0);
    done(u);
}

static void page(void)
{
    run *u = made();
    ay_buf a = {0}, b = {0};
    ay_err err = {{0}};
    char headline[320];

    CHECK_OK(ay_report_html(&u->r, &a, &err), err);
    CHECK_OK(ay_report_html(&u->r, &b, &err), err);
    CHECK(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
    ay_report_headline(&u->r, headline, sizeof headline);
    CHECK(!strncmp(headline, "Right on 9", 10) && strstr(headline, "240 unseen pictures (95 % interval "));
    CHECK(strstr(a.data, headline));
    CHECK(strstr(a.data, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    for (const char *const *bad = (const char *const[]){"<script", "<img", "<b>/", "<i>", " src=\"", "href=\"http",
             "url(", "</title><", "\"onerror", NULL}; *bad; bad++) {
        printf("  %s\n", *bad);
        CHECK(!strstr(a.data, *bad));
    }
    CHECK(strstr(a.data, "taken for <b>pitted surface</b>"));
    CHECK(strstr(a.data, "Photograph more of") && strstr(a.data, "cut short"));
    CHECK(strstr(a.data, "data:image/jpeg;base64,") && strstr(a.data, "cannot be read"));
    CHECK(strstr(a.data, "default-src 'none'"));
    ay_buf_fini(&a);
    ay_buf_fini(&b);
    done(u);
}

static void files(void)
{
    run *u = made();
    struct stat st;
    ay_err err = {{0}};

    CHECK_OK(ay_report_write(&u->r, "build/report_test", &err), err);
    for (const char *const *f = (const char *const[]){"report.html", "plots/confusion_matrix.svg",
             "plots/confusion_matrix_rows.png", "plots/reliability.svg", "plots/classes.png",
             "plots/risk_coverage.svg", "plots/training_curves.png", "plots/mistakes.svg", NULL}; *f; f++) {
        char path[128];
        snprintf(path, sizeof path, "build/report_test/%s", *f);
        CHECK(stat(path, &st) == 0 && st.st_size > 1000);
    }
    u->r.classes = 5;
    CHECK(ay_report_write(&u->r, "build/report_test", &err) == AY_EINVAL && strstr(err.msg, "do not fit"));
    done(u);
}

/* Nothing but the figures and the names. */
static void little(void)
{
    const float p[] = {0.9f, 0.1f, 0.2f, 0.8f};
    const int label[] = {0, 1};
    const char *two[] = {"ok", "not ok"};
    ay_metrics m;
    ay_report r = {.classes = 2, .names = two, .test = &m};
    ay_buf out = {0};
    ay_err err = {{0}};

    CHECK_OK(ay_metrics_compute(&m, p, label, 2, 2, NULL, &err), err);
    CHECK_OK(ay_report_html(&r, &out, &err), err);
    CHECK(strstr(out.data, "Right on 100.0 % of 2 unseen pictures (95 % interval 34.2 % to 100.0 %)."));
    CHECK(strstr(out.data, "It confused nothing.") && !strstr(out.data, "Photograph more"));
    CHECK(strstr(out.data, "Untitled run"));
    ay_buf_fini(&out);
    ay_metrics_fini(&m);
}

TESTS({"the most confident mistakes", mistakes}, {"the page says it and is safe", page},
      {"files of a report", files}, {"a report of two pictures", little})
