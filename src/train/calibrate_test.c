/* Temperature scaling against scipy's bounded minimiser. */
#include "train/calibrate.h"
#include "engine/vectors_test.h"

static void golden(void)
{
    json_t *all = vectors_open(), *list = json_object_get(all, "temperature"), *want;
    size_t i;

    CHECK(json_array_size(list) == 3);
    json_array_foreach(list, i, want) {
        float *z = vectors_floats(want, "logits", NULL);
        int *labels = vectors_ints(want, "labels");
        int classes = (int)vectors_number(want, "classes");
        int64_t n = (int64_t)vectors_number(want, "n");
        ay_temperature plain, smooth;
        ay_err err = {{0}};

        CHECK_OK(ay_temperature_fit(&plain, z, labels, n, classes, 0, &err), err);
        CHECK_OK(ay_temperature_fit(&smooth, z, labels, n, classes, 1, &err), err);
        CHECK(vectors_near(plain.temperature, vectors_number(want, "plain"), 1e-6));
        CHECK(vectors_near(smooth.temperature, vectors_number(want, "smooth"), 1e-6));
        CHECK(vectors_near(plain.before, vectors_number(want, "before"), 1e-9));
        CHECK(vectors_near(plain.after, vectors_number(want, "plain_after"), 1e-7));
        CHECK(vectors_near(smooth.after, vectors_number(want, "smooth_after"), 1e-7));
        CHECK(plain.steps < 40 && plain.at_end == (i != 0));
        ay_free(z);
        ay_free(labels);
    }
    json_decref(all);
}

static void probabilities(void)
{
    const float z[] = {1, 2, 3, -1000, 0, 1000};
    float p[6];

    ay_temperature_apply(p, z, 2, 3, 2);
    CHECK(vectors_near(p[2], 0.5064804, 1e-6) && vectors_near(p[0] + p[1] + p[2], 1, 1e-6));
    CHECK(p[3] == 0 && p[5] == 1);
}

static void refusals(void)
{
    const float z[] = {1, INFINITY};
    const int one = 1, two = 2;
    ay_temperature t;
    ay_err err = {{0}};

    CHECK(ay_temperature_fit(&t, z, &one, 0, 2, 0, &err) == AY_EINVAL && t.temperature == 1);
    CHECK(ay_temperature_fit(&t, z, &one, 1, 2, 0, &err) == AY_EINVAL && strstr(err.msg, "finite"));
    CHECK(ay_temperature_fit(&t, z, &two, 1, 1, 0, &err) == AY_EINVAL && strstr(err.msg, "label 2"));
}

TESTS({"temperatures equal scipy's", golden}, {"probabilities at a temperature", probabilities},
      {"what cannot be fitted is said", refusals})
