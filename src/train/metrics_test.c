/* Metrics against scikit-learn and numpy (test/vectors/make_judge.py), and what they refuse. */
#include "train/metrics.h"
#include "engine/vectors_test.h"
#include "train/bootstrap.h"

static void compare(const json_t *want, const ay_metrics *m)
{
    const double *got[] = {&m->accuracy, &m->top_k_accuracy, &m->macro_precision, &m->macro_recall,
                           &m->macro_f1, &m->weighted_precision, &m->weighted_recall,
                           &m->weighted_f1, &m->rejection_rate, &m->high_confidence_accuracy,
                           &m->ece, &m->mce, &m->brier, &m->log_loss, &m->risk_area};
    const char *key[] = {"accuracy", "top_k_accuracy", "macro_precision", "macro_recall",
                         "macro_f1", "weighted_precision", "weighted_recall", "weighted_f1",
                         "rejection_rate", "high_confidence_accuracy", "expected_calibration_error",
                         "max_calibration_error", "brier", "log_loss", "risk_area"};

    for (size_t i = 0; i < sizeof key / sizeof *key; i++) {
        printf("  %s %s\n", json_string_value(json_object_get(want, "name")), key[i]);
        CHECK(vectors_near(*got[i], vectors_number(want, key[i]), 1e-9));
    }
    for (int k = 0; k < m->classes; k++) {
        CHECK(vectors_near(m->per_class[k].precision, vectors_at(want, "precision", (size_t)k), 1e-12));
        CHECK(vectors_near(m->per_class[k].recall, vectors_at(want, "recall", (size_t)k), 1e-12));
        CHECK(vectors_near(m->per_class[k].f1, vectors_at(want, "f1", (size_t)k), 1e-12));
        CHECK(m->per_class[k].support == (int64_t)vectors_at(want, "support", (size_t)k));
        const json_t *row = json_array_get(json_object_get(want, "confusion"), (size_t)k);
        for (int j = 0; j < m->classes; j++)
            CHECK(m->confusion[k * m->classes + j] ==
                  json_integer_value(json_array_get(row, (size_t)j)));
    }
    int64_t step = m->n / 20 > 1 ? m->n / 20 : 1;
    for (int64_t i = 0; i < m->n; i += step)
        CHECK(vectors_near(m->risk[i], vectors_at(want, "risk", (size_t)(i / step)), 1e-12));
}

static void compare_intervals(const json_t *want, const ay_metrics *m)
{
    const json_t *in = json_object_get(want, "intervals");
    const ay_interval got[] = {m->macro_f1_interval, m->weighted_f1_interval, m->ece_interval,
                               m->high_confidence_interval};
    const char *key[] = {"macro_f1", "weighted_f1", "ece", "confident"};

    for (int i = 0; in && i < 4; i++) {
        CHECK(vectors_near(got[i].lo, vectors_at(in, key[i], 0), 1e-9));
        CHECK(vectors_near(got[i].hi, vectors_at(in, key[i], 1), 1e-9));
    }
}

static void golden(void)
{
    json_t *all = vectors_open(), *list = json_object_get(all, "metrics"), *want;
    size_t i;

    CHECK(json_array_size(list) == 3);
    json_array_foreach(list, i, want) {
        ay_metrics m;
        ay_err err = {{0}};
        float *p = vectors_floats(want, "probabilities", NULL);
        int *labels = vectors_ints(want, "labels");
        ay_metrics_options o = {.top_k = (int)vectors_number(want, "k"),
                                .threshold = vectors_number(want, "threshold"),
                                .seed = 7,
                                .resamples = 60};
        CHECK_OK(ay_metrics_compute(&m, p, labels, (int64_t)vectors_number(want, "n"),
                                    (int)vectors_number(want, "classes"), &o, &err),
                 err);
        compare(want, &m);
        compare_intervals(want, &m);
        ay_metrics_fini(&m);
        ay_free(p);
        ay_free(labels);
    }
    json_decref(all);
}

static void json_there_and_back(void)
{
    json_t *all = vectors_open(), *want = json_array_get(json_object_get(all, "metrics"), 0), *json;
    float *p = vectors_floats(want, "probabilities", NULL);
    int *labels = vectors_ints(want, "labels");
    const char *names[] = {"a", "b \"q\"", "c", "d", "not utf-8: \xff", "f"};
    ay_metrics m, back;
    ay_err err = {{0}};

    CHECK_OK(ay_metrics_compute(&m, p, labels, 120, 6, NULL, &err), err);
    json = ay_metrics_json(&m, names);
    CHECK(json);
    for (const char *const *key = (const char *const[]){"accuracy", "top_k_accuracy",
             "macro_precision", "macro_recall", "macro_f1", "weighted_f1", "rejection_rate",
             "high_confidence_accuracy", "expected_calibration_error", "max_calibration_error",
             "per_class_metrics", NULL}; *key; key++)
        CHECK(json_object_get(json, *key));
    CHECK(json_integer_value(json_object_get(
              json_object_get(json_object_get(json, "per_class_metrics"), "b \"q\""), "support")) ==
          m.per_class[1].support);
    CHECK_OK(ay_metrics_from_json(&back, json, &err), err);
    CHECK(back.n == 120 && back.classes == 6 && back.top_k == 3 && back.ece == m.ece);
    CHECK(back.macro_f1_interval.lo == m.macro_f1_interval.lo);
    CHECK(back.bin[4].count == m.bin[4].count && back.histogram[20] == m.histogram[20]);
    CHECK(memcmp(back.confusion, m.confusion, 36 * sizeof *m.confusion) == 0);
    for (int i = 0; i < 120; i++)
        CHECK(vectors_near(back.risk[i], m.risk[i], 1e-12));
    ay_metrics_fini(&back);
    json_array_remove(json_object_get(json, "confusion_matrix"), 2);
    CHECK(ay_metrics_from_json(&back, json, &err) == AY_ECORRUPT && strstr(err.msg, "class 5"));
    json_decref(json);
    json_decref(all);
    ay_metrics_fini(&m);
    ay_free(p);
    ay_free(labels);
}

static void refusals(void)
{
    const float p[] = {0.5f, 0.5f, 0.25f, 0.75f}, broken[] = {0.5f, NAN}, large[] = {7, 1};
    const int labels[] = {0, 2};
    ay_metrics m;
    ay_err err = {{0}};

    CHECK(ay_metrics_compute(&m, p, labels, 2, 2, NULL, &err) == AY_EINVAL);
    CHECK(strstr(err.msg, "picture 1 has label 2"));
    CHECK(ay_metrics_compute(&m, p, labels, 0, 2, NULL, &err) == AY_EINVAL);
    CHECK(ay_metrics_compute(&m, broken, labels, 1, 2, NULL, &err) == AY_EINVAL);
    CHECK(ay_metrics_compute(&m, large, labels, 1, 2, NULL, &err) == AY_EINVAL);
    for (long k = 0; k < 8; k++) {
        long live = ay_mem_live();
        ay_mem_fail_after(k);
        ay_status status = ay_metrics_compute(&m, p, labels, 1, 2, NULL, &err);
        ay_mem_fail_after(-1);
        ay_metrics_fini(&m);
        CHECK(status == AY_OK || status == AY_ENOMEM);
        CHECK(ay_mem_live() == live);
    }
}

static void one_picture_one_class(void)
{
    const float p[] = {1};
    const int label = 0;
    ay_metrics m;
    ay_err err = {{0}};

    CHECK_OK(ay_metrics_compute(&m, p, &label, 1, 1, NULL, &err), err);
    CHECK(m.accuracy == 1 && m.ece == 0 && m.macro_f1 == 1 && m.risk_area == 0 && m.top_k == 1);
    CHECK(m.accuracy_interval.lo > 0.2 && m.accuracy_interval.lo < 0.21); /* 1 / (1 + 1.96^2) */
    CHECK(m.accuracy_interval.hi == 1);
    ay_metrics_fini(&m);
}

static void wilson(void)
{
    /* Wilson 1927, formula 7, worked in Python with z = 1.959963984540054 */
    ay_interval i = ay_interval_wilson(118, 120, 0.95);

    CHECK(vectors_near(i.lo, 0.94126404, 1e-6) && vectors_near(i.hi, 0.99541743, 1e-6));
    i = ay_interval_wilson(0, 10, 0.95);
    CHECK(i.lo == 0 && vectors_near(i.hi, 0.27753280, 1e-6));
}

TESTS({"metrics equal scikit-learn's", golden},
      {"metrics survive JSON", json_there_and_back},
      {"rows that do not fit are named", refusals},
      {"one picture of one class", one_picture_one_class},
      {"Wilson's interval", wilson})
