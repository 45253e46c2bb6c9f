/* train/passes.c - several answers about one picture: dropout kept on, or several views. */
#include "base/mem.h"
#include "nn/inspect.h"
#include "train/explain.h"

#include <math.h>
#include <string.h>

void ay_passes_fini(ay_passes *p)
{
    ay_free(p->mean);
    ay_free(p->spread);
    memset(p, 0, sizeof *p);
}

static double entropy_of(const double *p, int n)
{
    double h = 0;

    for (int i = 0; i < n; i++)
        h -= p[i] > 0 ? p[i] * log(p[i]) : 0;
    return h;
}

static double row_entropy(const float *p, int n)
{
    double h = 0;

    for (int i = 0; i < n; i++)
        h -= p[i] > 0 ? (double)p[i] * log((double)p[i]) : 0;
    return h;
}

ay_status ay_passes_judge(ay_passes *out, const float *probabilities, int passes, int classes,
                          ay_err *err)
{
    double inner = 0;

    memset(out, 0, sizeof *out);
    if (passes < 2 || classes < 1)
        return ay_fail(err, AY_EINVAL, "%d passes over %d classes: at least 2 passes are needed", passes,
                       classes);
    out->mean = ay_calloc((size_t)classes, sizeof *out->mean);
    out->spread = ay_calloc((size_t)classes, sizeof *out->spread);
    if (!out->mean || !out->spread) {
        ay_passes_fini(out);
        return ay_fail(err, AY_ENOMEM, "passes over %d classes: no memory", classes);
    }
    out->passes = passes;
    out->classes = classes;
    for (int t = 0; t < passes; t++) {
        inner += row_entropy(probabilities + (size_t)t * (size_t)classes, classes) / passes;
        for (int c = 0; c < classes; c++)
            out->mean[c] += (double)probabilities[(size_t)t * (size_t)classes + (size_t)c] / passes;
    }
    for (int c = 0; c < classes; c++) {
        double sum = 0;
        for (int t = 0; t < passes; t++) {
            double d = probabilities[(size_t)t * (size_t)classes + (size_t)c] - out->mean[c];
            sum += d * d;
        }
        out->spread[c] = sqrt(sum / (passes - 1));
        if (out->mean[c] > out->mean[out->guess])
            out->guess = c;
    }
    out->entropy = entropy_of(out->mean, classes);
    out->mutual_information = fmax(0, out->entropy - inner); /* never negative but for rounding */
    return AY_OK;
}

static void soften(float *p, const float *z, int n, double temperature)
{
    double top = z[0], sum = 0;

    for (int c = 1; c < n; c++)
        top = fmax(top, z[c]);
    for (int c = 0; c < n; c++)
        sum += exp((z[c] - top) / temperature);
    for (int c = 0; c < n; c++)
        p[c] = (float)(exp((z[c] - top) / temperature) / sum);
}

/* Weights that are all frozen: batch-norm then uses its running statistics, and dropout still
 * drops, because the plan is one for training. */
static ay_status dropping(ay_weights **w, ay_learn **p, ay_graph *g, const char *backend,
                          uint64_t seed, ay_err *err)
{
    ay_learn_options o = {.batch = 1, .backend = backend, .precision = AY_NN_F32, .seed = seed};
    ay_status status = ay_weights_create(w, g, err);

    *p = NULL;
    if (status != AY_OK)
        return status;
    ay_weights_freeze(*w, "", true);
    status = ay_learn_create(p, g, *w, &o, err);
    if (status == AY_EUNSUPPORTED && !backend) {
        o.backend = "ref";
        status = ay_learn_create(p, g, *w, &o, err);
    }
    return status;
}

static ay_status run_passes(ay_learn *p, int logits, const float *input, int passes,
                            double temperature, ay_passes *out, ay_err *err)
{
    const ay_tensor *x = ay_learn_input(p, 0), *z = ay_learn_output(p, logits);
    int classes = (int)ay_tensor_count(z);
    float *all = ay_calloc((size_t)passes * (size_t)classes, sizeof *all);
    ay_status status = all ? AY_OK : ay_fail(err, AY_ENOMEM, "%d passes: no memory", passes);

    for (int t = 0; t < passes && status == AY_OK; t++) {
        memcpy(x->data, input, ay_tensor_bytes(x));
        status = ay_learn_forward(p, (uint64_t)t, err);
        soften(all + (size_t)t * (size_t)classes, z->data, classes, temperature);
    }
    if (status == AY_OK)
        status = ay_passes_judge(out, all, passes, classes, err);
    ay_free(all);
    return status;
}

ay_status ay_explain_mc_dropout(ay_passes *out, ay_graph *g, const char *backend,
                                const float *input, int passes, double temperature, uint64_t seed,
                                ay_err *err)
{
    int logits = ay_graph_output_named(g, "logits");
    ay_weights *w = NULL;
    ay_learn *p = NULL;
    ay_status status;

    memset(out, 0, sizeof *out);
    if (logits < 0 || ay_graph_find(g, "dropout", AY_NOVAL) == AY_NOVAL)
        return ay_fail(err, AY_EUNSUPPORTED, "dropout passes: the network has no %s",
                       logits < 0 ? "classes" : "dropout");
    status = dropping(&w, &p, g, backend, seed, err);
    if (status == AY_OK)
        status = run_passes(p, logits, input, passes > 0 ? passes : 10,
                            temperature > 0 ? temperature : 1, out, err);
    ay_learn_destroy(p);
    ay_weights_destroy(w);
    return status;
}

/* ---- test-time augmentation ----------------------------------------------------------------- */

const char *ay_tta_name(int view)
{
    static const char *const name[AY_TTA_VIEWS] = {"identity", "mirror", "turn +5", "turn -5",
                                                   "centre"};

    return view >= 0 && view < AY_TTA_VIEWS ? name[view] : "none";
}

/* The size x size bytes that the network sees: with mean 0 and deviation 1 the preprocessing gives
 * v / 255, from which v comes back exactly. */
static ay_status framed(const ay_image *picture, const ay_preprocess *p, int grow, ay_image *out,
                        ay_err *err)
{
    ay_preprocess plain = *p;
    int side = p->size + grow;
    size_t plane = (size_t)side * (size_t)side;
    float *v = ay_alloc(3 * plane, sizeof *v);
    ay_status status = v ? AY_OK : ay_fail(err, AY_ENOMEM, "a view of %d pixels: no memory", side);

    plain.size = side;
    plain.resize = p->resize ? (int)((int64_t)p->resize * side / p->size) : 0;
    for (int c = 0; c < 3; c++)
        plain.mean[c] = 0, plain.std[c] = 1;
    if (status == AY_OK)
        status = ay_image_preprocess(picture, &plain, v, err);
    if (status == AY_OK)
        status = ay_image_create(out, side, side, err);
    for (size_t i = 0; status == AY_OK && i < plane; i++)
        for (size_t c = 0; c < 3; c++)
            out->data[3 * i + c] = (uint8_t)lroundf(255 * v[c * plane + i]);
    ay_free(v);
    return status;
}

static void mirror(ay_image *im)
{
    for (int y = 0; y < im->height; y++) {
        uint8_t *a = im->data + (size_t)y * (size_t)im->width * 3, *b = a + 3 * (im->width - 1);
        for (; a < b; a += 3, b -= 3) {
            uint8_t keep[3];
            memcpy(keep, a, 3);
            memcpy(a, b, 3);
            memcpy(b, keep, 3);
        }
    }
}

static int64_t fixed(double v) { return (int64_t)floor(v * 65536 + 0.5); }

/* As Pillow's Image.rotate(degrees) with NEAREST: about the middle, anticlockwise, black corners,
 * in 16-bit fixed point. */
static ay_status turn(ay_image *im, double degrees, ay_err *err)
{
    double angle = -degrees * M_PI / 180, a = cos(angle), b = sin(angle), cx = im->width / 2.0,
           cy = im->height / 2.0;
    int64_t x0 = fixed(a * (0.5 - cx) + b * (0.5 - cy) + cx),
            y0 = fixed(-b * (0.5 - cx) + a * (0.5 - cy) + cy), ax = fixed(a), bx = fixed(b), dx = fixed(-b);
    ay_image to;
    ay_status status = ay_image_create(&to, im->width, im->height, err);

    if (status != AY_OK)
        return status;
    for (int y = 0; y < im->height; y++) {
        uint8_t *p = to.data + (size_t)y * (size_t)im->width * 3;
        for (int x = 0; x < im->width; x++, p += 3) {
            int64_t sx = (x0 + x * ax + y * bx) >> 16, sy = (y0 + x * dx + y * ax) >> 16;
            if (sx >= 0 && sx < im->width && sy >= 0 && sy < im->height)
                memcpy(p, im->data + 3 * ((size_t)sy * (size_t)im->width + (size_t)sx), 3);
        }
    }
    ay_image_fini(im);
    *im = to;
    return AY_OK;
}

ay_status ay_tta_view(const ay_image *picture, const ay_preprocess *p, int view, ay_image *out,
                      ay_err *err)
{
    static const uint8_t black[3] = {0, 0, 0};
    int grow = view == 4 ? p->size / 7 : 0;
    ay_image whole;
    ay_status status;

    memset(out, 0, sizeof *out);
    if (view < 0 || view >= AY_TTA_VIEWS)
        return ay_fail(err, AY_EINVAL, "view %d of %d", view, AY_TTA_VIEWS);
    status = framed(picture, p, grow, &whole, err);
    if (status != AY_OK)
        return status;
    if (view == 1)
        mirror(&whole);
    else if (view == 2 || view == 3)
        status = turn(&whole, view == 2 ? 5 : -5, err);
    if (status == AY_OK && grow) {
        status = ay_image_crop(&whole, grow / 2, grow / 2, p->size, p->size, black, out, err);
        ay_image_fini(&whole);
        return status;
    }
    if (status == AY_OK)
        *out = whole;
    else
        ay_image_fini(&whole);
    return status;
}

ay_status ay_tta_input(const ay_image *picture, const ay_preprocess *p, int view, float *dst,
                       ay_err *err)
{
    ay_preprocess as_it_is = *p;
    ay_image im;
    ay_status status = ay_tta_view(picture, p, view, &im, err);

    if (status != AY_OK)
        return status;
    as_it_is.fit = AY_FIT_SQUASH;
    as_it_is.resize = 0;
    status = ay_image_preprocess(&im, &as_it_is, dst, err);
    ay_image_fini(&im);
    return status;
}
