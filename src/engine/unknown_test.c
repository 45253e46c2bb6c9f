/* Unknown detectors against scikit-learn and numpy (test/vectors/make_judge.py). */
#include "engine/unknown.h"
#include "engine/vectors_test.h"

#include <unistd.h>

enum { TRAIN = 70, VAL = 50, TEST = 20 };

typedef struct {
    json_t *all, *want;
    float *train, *val, *val_logits, *known[2], *unknown[2];
    int *labels, dim, classes;
    ay_unknown_data train_data, val_data;
    ay_unknown_options o;
} bench;

static bench load(void)
{
    bench b = {.all = vectors_open()};

    b.want = json_object_get(b.all, "unknown");
    b.train = vectors_floats(b.want, "train_features", NULL);
    b.val = vectors_floats(b.want, "val_features", NULL);
    b.val_logits = vectors_floats(b.want, "val_logits", NULL);
    b.known[0] = vectors_floats(b.want, "known_features", NULL);
    b.known[1] = vectors_floats(b.want, "known_logits", NULL);
    b.unknown[0] = vectors_floats(b.want, "unknown_features", NULL);
    b.unknown[1] = vectors_floats(b.want, "unknown_logits", NULL);
    b.labels = vectors_ints(b.want, "train_labels");
    b.dim = (int)vectors_number(b.want, "dim");
    b.classes = (int)vectors_number(b.want, "classes");
    b.train_data = (ay_unknown_data){TRAIN, b.train, NULL, b.labels};
    b.val_data = (ay_unknown_data){VAL, b.val, b.val_logits, NULL};
    b.o = (ay_unknown_options){.neighbours = (int)vectors_number(b.want, "neighbours"),
                               .temperature = vectors_number(b.want, "temperature")};
    return b;
}

static void end(bench *b)
{
    float *all[] = {b->train, b->val, b->val_logits, b->known[0], b->known[1], b->unknown[0],
                    b->unknown[1]};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        ay_free(all[i]);
    ay_free(b->labels);
    json_decref(b->all);
}

static void compare(const bench *b, const ay_unknown *u, float *const part[2], const char *key,
                    double score[AY_UNKNOWN_KINDS][TEST])
{
    const json_t *want = json_object_get(b->want, key);

    for (int i = 0; i < TEST; i++) {
        ay_unknown_result r;
        ay_unknown_score(u, part[1] + i * b->classes, part[0] + i * b->dim, &r);
        for (int k = 0; k < AY_UNKNOWN_KINDS; k++) {
            double w = json_number_value(json_array_get(json_array_get(want, (size_t)k), (size_t)i));
            CHECK(vectors_near(r.score[k], w, 2e-5));
            CHECK(r.says[k] == (r.score[k] > ay_unknown_threshold(u, (ay_unknown_kind)k)));
            score[k][i] = r.score[k];
        }
        CHECK(r.unknown == r.says[AY_UNKNOWN_COMBINED]);
    }
}

static void golden(void)
{
    bench b = load();
    double known[AY_UNKNOWN_KINDS][TEST], unknown[AY_UNKNOWN_KINDS][TEST];
    ay_unknown *u;
    ay_err err = {{0}};

    CHECK_OK(ay_unknown_fit(&u, &b.train_data, &b.val_data, b.dim, b.classes, &b.o, &err), err);
    for (int k = 0; k < AY_UNKNOWN_VOTE; k++)
        CHECK(vectors_near(ay_unknown_threshold(u, (ay_unknown_kind)k),
                           vectors_at(b.want, "threshold", (size_t)k), 2e-5));
    CHECK(ay_unknown_threshold(u, AY_UNKNOWN_VOTE) == vectors_number(b.want, "vote_threshold"));
    compare(&b, u, b.known, "known", known);
    compare(&b, u, b.unknown, "unknown", unknown);
    for (int k = 0; k < AY_UNKNOWN_KINDS; k++)
        CHECK(vectors_near(ay_unknown_auroc(known[k], TEST, unknown[k], TEST),
                           vectors_at(b.want, "auroc", (size_t)k), 1e-9));
    ay_unknown_destroy(u);
    end(&b);
}

static void stored_and_back(void)
{
    const char *path = "build/unknown_test.safetensors";
    bench b = load();
    ay_named_tensor t[AY_UNKNOWN_TENSORS];
    ay_safetensors *st;
    ay_unknown *u, *v;
    ay_err err = {{0}};
    json_t *json;

    CHECK_OK(ay_unknown_fit(&u, &b.train_data, &b.val_data, b.dim, b.classes, &b.o, &err), err);
    json = ay_unknown_json(u);
    CHECK(json && ay_unknown_tensors(u, t, 3) == 3);
    CHECK_OK(ay_safetensors_write(path, t, 3, NULL, &err), err);
    CHECK_OK(ay_safetensors_open(&st, path, &err), err);
    CHECK_OK(ay_unknown_load(&v, json, st, &err), err);
    for (int i = 0; i < TEST; i++) {
        ay_unknown_result x, y;
        ay_unknown_score(u, b.unknown[1] + i * b.classes, b.unknown[0] + i * b.dim, &x);
        ay_unknown_score(v, b.unknown[1] + i * b.classes, b.unknown[0] + i * b.dim, &y);
        CHECK(memcmp(x.score, y.score, sizeof x.score) == 0 && x.unknown == y.unknown);
    }
    ay_unknown_destroy(v);
    json_object_set_new(json, "classes", json_integer(b.classes + 1));
    CHECK(ay_unknown_load(&v, json, st, &err) == AY_ECORRUPT && strstr(err.msg, "unknown.mean"));
    json_object_set_new(json, "classes", json_integer(b.classes));
    json_object_set_new(json, "dim", json_integer(65536)); /* 17 GB of whitening, if it were believed */
    ay_mem_fail_after(0);
    CHECK(ay_unknown_load(&v, json, st, &err) == AY_ECORRUPT && strstr(err.msg, "65536"));
    ay_mem_fail_after(-1);
    json_object_del(json, "dim");
    CHECK(ay_unknown_load(&v, json, st, &err) == AY_ENOTFOUND && strstr(err.msg, "\"dim\""));
    json_decref(json);
    ay_safetensors_close(st);
    unlink(path);
    ay_unknown_destroy(u);
    end(&b);
}

/* One picture a class, fewer pictures than features, no validation: still an answer, and strange
 * pictures are further away than known ones. */
static void few_pictures(void)
{
    bench b = load();
    int labels[] = {0, 1, 2, 3};
    float logits[16] = {9, 0, 0, 0, 0, 9, 0, 0, 0, 0, 9, 0, 0, 0, 0, 9};
    ay_unknown_data few = {4, b.train, logits, labels};
    ay_unknown_result near, far;
    ay_unknown *u;
    ay_err err = {{0}};

    CHECK_OK(ay_unknown_fit(&u, &few, NULL, b.dim, b.classes, &b.o, &err), err);
    for (int i = 0; i < b.dim; i++)
        b.val[i] = -b.train[i] - b.train[b.dim + i];
    ay_unknown_score(u, logits, b.train, &near);
    ay_unknown_score(u, logits, b.val, &far);
    CHECK(far.score[AY_UNKNOWN_MAHALANOBIS] > near.score[AY_UNKNOWN_MAHALANOBIS]);
    CHECK(far.score[AY_UNKNOWN_KNN] > near.score[AY_UNKNOWN_KNN]);
    b.val[3] = NAN;
    ay_unknown_score(u, logits, b.val, &far);
    CHECK(far.unknown);
    ay_unknown_destroy(u);
    end(&b);
}

static void refusals(void)
{
    bench b = load();
    ay_unknown_data none = {0};
    ay_unknown *u;
    ay_err err = {{0}};

    CHECK(ay_unknown_fit(&u, &none, NULL, b.dim, b.classes, NULL, &err) == AY_EINVAL && !u);
    CHECK(ay_unknown_fit(&u, &b.train_data, NULL, b.dim, b.classes, NULL, &err) == AY_EINVAL);
    CHECK(strstr(err.msg, "logits"));
    b.val[b.dim * 7 + 2] = INFINITY;
    CHECK(ay_unknown_fit(&u, &b.train_data, &b.val_data, b.dim, b.classes, NULL, &err) == AY_EINVAL);
    CHECK(strstr(err.msg, "feature 2 of validation picture 7"));
    b.val[b.dim * 7 + 2] = 0;
    for (long k = 0; k < 24; k++) {
        long live = ay_mem_live();
        ay_mem_fail_after(k);
        ay_status status =
            ay_unknown_fit(&u, &b.train_data, &b.val_data, b.dim, b.classes, NULL, &err);
        ay_mem_fail_after(-1);
        ay_unknown_destroy(u);
        CHECK(status == AY_OK || status == AY_ENOMEM);
        CHECK(ay_mem_live() == live);
    }
    end(&b);
}

static void false_alarm_rate(void)
{
    const double known[] = {1, 2, 2, 3}, unknown[] = {2, 3, 4, 5};

    CHECK(ay_unknown_auroc(known, 4, unknown, 4) == 13.5 / 16);
    CHECK(ay_unknown_fpr95(known, 4, unknown, 4) == 0.75);
    CHECK(isnan(ay_unknown_auroc(known, 0, unknown, 4)));
}

TESTS({"scores, thresholds and AUROC equal scikit-learn's", golden},
      {"stored as JSON and tensors, it gives the same bits", stored_and_back},
      {"four pictures in twenty-four dimensions", few_pictures},
      {"pictures that do not fit are named", refusals},
      {"AUROC and false alarms with ties", false_alarm_rate})
