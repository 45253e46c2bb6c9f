#include "engine/session.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { TIMES = 3 };
static const double CLEARLY = 0.97;

ay_preprocess ay_session_preprocess(const ay_recipe *r)
{
    static const ay_fit fit[] = {[AY_RECIPE_SHORTEST_CROP] = AY_FIT_SHORTEST_CROP,
                                 [AY_RECIPE_SQUASH] = AY_FIT_SQUASH,
                                 [AY_RECIPE_PAD_WHITE] = AY_FIT_PAD_WHITE};
    static const ay_filter filter[] = {[AY_RECIPE_BILINEAR] = AY_FILTER_BILINEAR,
                                       [AY_RECIPE_BICUBIC] = AY_FILTER_BICUBIC,
                                       [AY_RECIPE_LANCZOS] = AY_FILTER_LANCZOS,
                                       [AY_RECIPE_BOX] = AY_FILTER_BOX,
                                       [AY_RECIPE_NEAREST] = AY_FILTER_NEAREST};
    ay_preprocess p = {
        .size = r->size, .resize = r->resize, .fit = fit[r->fit], .filter = filter[r->filter]};

    p.as_stored = r->as_stored;
    memcpy(p.mean, r->mean, sizeof p.mean);
    memcpy(p.std, r->std, sizeof p.std);
    return p;
}

static ay_status plan_for(ay_session *s, int n, ay_plan **out, ay_err *err)
{
    int k = 0;
    ay_status status = AY_OK;

    while (1 << k < n)
        k++;
    if (!s->plan[k]) {
        status = ay_plan_create(
            &s->plan[k], ay_model_graph(s->model),
            &(ay_plan_options){
                .batch = 1 << k, .backend = s->backend, .precision = s->precision, .threads = 1},
            err);
        ay_model_forget(s->model); /* what it packed is no longer read from the file */
        if (status == AY_OK) {
            ay_plan_info info;
            ay_plan_get_info(s->plan[k], &info);
            atomic_fetch_add(&s->slab_bytes, info.slab_bytes);
            atomic_store(&s->packed_bytes, info.packed_bytes);
        }
    }
    *out = s->plan[k];
    return status;
}

ay_status ay_session_init(ay_session *s, ay_model *model, const char *backend,
                          ay_nn_precision precision, ay_err *err)
{
    ay_plan_info info;
    ay_plan *plan;
    ay_status status;

    memset(s, 0, sizeof *s);
    s->model = model;
    s->backend = backend;
    s->precision = precision;
    s->preprocess = ay_session_preprocess(&ay_model_get_info(model)->recipe);
    status = plan_for(s, 1, &plan, err);
    if (status != AY_OK) {
        ay_session_fini(s);
        return status;
    }
    ay_plan_get_info(plan, &info);
    s->backend = info.backend;
    return AY_OK;
}

void ay_session_fini(ay_session *s)
{
    for (int k = 0; k < AY_SESSION_SIZES; k++)
        ay_plan_destroy(s->plan[k]);
    memset(s, 0, sizeof *s);
}

int ay_session_chunk(const ay_session *s, int n)
{
    int top = AY_SESSION_SIZES - 1, best;

    while (1 << top > n)
        top--;
    for (int k = top; k >= 0; k--)
        if (s->timed[k] < TIMES)
            return 1 << k;
    best = top;
    for (int k = top - 1; k >= 0; k--) /* a smaller one has to win clearly: it asks the batcher more often */
        if ((double)s->least_ns[k] / (1 << k) < CLEARLY * (double)s->least_ns[best] / (1 << best))
            best = k;
    return 1 << best;
}

static uint64_t thread_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static ay_status run_timed(ay_session *s, ay_plan *plan, int n, ay_err *err)
{
    uint64_t before = thread_ns(), took;
    ay_status status = ay_plan_run(plan, err);
    int k = 0;

    while (1 << k < n)
        k++;
    took = thread_ns() - before;
    if (s->timed[k]++ == 0 || took < s->least_ns[k])
        s->least_ns[k] = took;
    s->timed[k] = s->timed[k] < TIMES ? s->timed[k] : TIMES; /* counts no further */
    return status;
}

static ay_status unit_length(const float *src, int dim, float *dst, ay_err *err)
{
    double sum = 0;

    for (int i = 0; i < dim; i++)
        sum += (double)src[i] * src[i];
    if (!isfinite(sum))
        return ay_fail(err, AY_ECORRUPT, "the network gave a vector that is not finite");
    for (int i = 0; i < dim; i++)
        dst[i] = sum > 0 ? (float)(src[i] / sqrt(sum)) : 0.0f;
    return AY_OK;
}

static ay_status copy_finite(const float *src, size_t n, float *dst, ay_err *err)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += fabs((double)src[i]);
    if (!isfinite(sum))
        return ay_fail(err, AY_ECORRUPT, "the network gave a vector that is not finite");
    memcpy(dst, src, n * sizeof *src);
    return AY_OK;
}

/* What the plan computed for its i-th picture, as dst's owner wants it. */
static ay_status read_row(const ay_session *s, const ay_plan *plan, int i, float *dst, ay_err *err)
{
    const ay_tensor *logits = s->raw ? ay_plan_output_named(plan, "logits") : NULL;
    size_t dim = (size_t)ay_model_get_info(s->model)->dim, k;
    const float *vector = (const float *)ay_plan_output(plan, 0)->data + (size_t)i * dim;
    ay_status status;

    if (!s->raw)
        return unit_length(vector, (int)dim, dst, err);
    status = copy_finite(vector, dim, dst, err);
    if (status != AY_OK || !logits)
        return status;
    k = (size_t)logits->shape.dim[logits->shape.rank - 1];
    return copy_finite((const float *)logits->data + (size_t)i * k, k, dst + dim, err);
}

ay_status ay_session_embed(ay_session *s, const ay_image *const *images, int n, float *const *dst,
                           ay_err *err)
{
    size_t each = 3 * (size_t)s->preprocess.size * (size_t)s->preprocess.size;
    ay_plan *plan;
    ay_status status = plan_for(s, n, &plan, err);

    for (int i = 0; i < n && status == AY_OK; i++)
        status = ay_image_preprocess(images[i], &s->preprocess,
                                     (float *)ay_plan_input(plan, 0)->data + (size_t)i * each, err);
    if (status == AY_OK)
        status = run_timed(s, plan, n, err);
    for (int i = 0; i < n && status == AY_OK; i++)
        status = read_row(s, plan, i, dst[i], err);
    return status;
}

ay_status ay_session_run_tensor(ay_session *s, const float *input, float *dst, ay_err *err)
{
    size_t each = 3 * (size_t)s->preprocess.size * (size_t)s->preprocess.size;
    ay_plan *plan;
    ay_status status = plan_for(s, 1, &plan, err);

    if (status != AY_OK)
        return status;
    memcpy(ay_plan_input(plan, 0)->data, input, each * sizeof *input);
    status = ay_plan_run(plan, err);
    if (status == AY_OK && s->raw)
        return read_row(s, plan, 0, dst, err);
    if (status == AY_OK)
        memcpy(dst, ay_plan_output(plan, 0)->data,
               (size_t)ay_model_get_info(s->model)->dim * sizeof *dst);
    return status;
}
