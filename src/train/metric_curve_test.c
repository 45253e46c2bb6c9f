/* Ten training steps of a small HOAMV2 with the hybrid metric loss beside PyTorch's, step by step
 * (test/vectors/make_metric_curve.py): the network, the loss and what it learns, decay of everything, two
 * rates, clipping of both together, and a body that is frozen at first while its batch norms go on. */
#include "base/cpu.h"
#include "base/mem.h"
#include "base/test.h"
#include "models/formula.h"
#include "models/golden.h"
#include "train/metric_parts.h"

#include <math.h>

enum { BATCH = 8, CLASSES = 4, SIDE = 96, DIM = 16, STEPS = 10 };

static double number(const json_t *list, size_t i)
{
    CHECK(i < json_array_size(list));
    return json_number_value(json_array_get(list, i));
}

static double value(const json_t *o, const char *key)
{
    CHECK(json_is_number(json_object_get(o, key)));
    return json_number_value(json_object_get(o, key));
}

static void by_formula(ay_weights *w, const char *name)
{
    const ay_weight *x = ay_weights_find(w, name);

    CHECK(x);
    ay_formula_fill(x->value, ay_shape_count(&x->shape), name, 0, 1.5f);
}

/* A run that has got as far as its first step. */
static ay_metric *begin(const json_t *want, const char *backend, int precision)
{
    char path[256], folder[256];
    ay_metric *r = ay_calloc(1, sizeof *r);
    ay_golden g;
    ay_err err;

    CHECK(r);
    snprintf(path, sizeof path, "test/vectors/%s.json", json_string_value(json_object_get(want, "network")));
    snprintf(folder, sizeof folder, "build/vectors/metric-curve");
    CHECK_OK(ay_golden_load(&g, path, &err), err);
    CHECK_OK(ay_golden_write_model(&g, folder, &err), err);
    ay_golden_fini(&g);
    ay_metric_settings_init(&r->s);
    snprintf(r->s.start, sizeof r->s.start, "%s", folder);
    snprintf(r->s.backend, sizeof r->s.backend, "%s", backend);
    r->s.precision = precision;
    r->s.image_size = SIDE;
    r->s.threads = 1;
    CHECK(r->s.weight_decay == value(want, "decay") && r->s.learning_rate == value(want, "rate"));
    CHECK_OK(ay_metric_build(r, &err), err);
    CHECK(r->dim == DIM && r->size == SIDE && r->has_body && !r->fresh);
    r->corpus.nclasses = CLASSES;
    r->result.batch = BATCH;
    r->result.val = 1;
    CHECK_OK(ay_metric_build_loss(r, &err), err);
    by_formula(r->loss_weights, "loss.weight");
    by_formula(r->loss_weights, "loss.centers");
    CHECK(ay_optim_group(r->optim, r->s.body, (float)value(want, "body"), 1) > 0);
    return r;
}

static void end(ay_metric *r)
{
    ay_learn_destroy(r->learn);
    ay_learn_destroy(r->look);
    ay_optim_destroy(r->optim);
    ay_optim_destroy(r->loss_optim);
    ay_average_destroy(r->average);
    ay_average_destroy(r->loss_average);
    ay_weights_destroy(r->weights);
    ay_weights_destroy(r->loss_weights);
    ay_graph_destroy(r->loss_graph);
    ay_metric_loss_destroy(r->loss);
    ay_model_close(r->model);
    ay_free(r->x);
    ay_free(r->vectors);
    ay_free(r->labels);
    ay_free(r);
    unlink("build/vectors/metric-curve/model.safetensors");
}

/* The farthest loss of ten from PyTorch's, as a share of it. */
static double walk(const char *backend, int precision)
{
    static float pixels[BATCH * 3 * SIDE * SIDE];
    static const int labels[BATCH] = {0, 0, 1, 1, 2, 2, 3, 3};
    json_t *want = json_load_file("test/vectors/metric-curve.json", 0, NULL);
    const json_t *rows = json_object_get(want, "steps");
    ay_batch b = {.n = BATCH, .pixels = pixels, .labels = labels};
    ay_metric *r = begin(want, backend, precision);
    double worst = 0;
    ay_err err;

    CHECK(json_array_size(rows) == STEPS && (int)value(want, "batch") == BATCH);
    for (int t = 0; t < STEPS; t++) {
        const json_t *row = json_array_get(rows, (size_t)t);
        ay_metric_parts p;
        char name[16];
        snprintf(name, sizeof name, "input %d", t);
        ay_formula_fill(pixels, sizeof pixels / sizeof *pixels, name, 0, 2);
        CHECK_OK(ay_metric_prepare(r, t < (int)value(want, "frozen"), &err), err);
        CHECK_OK(ay_metric_step(r, &b, 0, r->s.learning_rate, &p, &err), err);
        worst = fmax(worst, fabs(p.loss / number(row, 0) - 1));
        printf("  %-4s step %d: %.6f, PyTorch %.6f; arc %+.1e, triplet %+.1e, centre %+.1e\n", backend, t, p.loss,
               number(row, 0), p.arc - number(row, 1), p.triplet - number(row, 2), p.center - number(row, 3));
    }
    end(r);
    json_decref(want);
    return worst;
}

static void plain_loops(void) { CHECK(walk("ref", AY_TRAIN_F32) < 2e-5); }

static void fast(void) { CHECK(walk("dnnl", AY_TRAIN_F32) < 2e-5); }

TESTS({"ten steps, plain loops", plain_loops}, {"ten steps, oneDNN", fast})
