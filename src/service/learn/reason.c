#include "service/learn/reason.h"
#include "service/learn/registry.h"
#include "service/learn/serving.h"

#include "base/clock.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { PATH = 4096, SHOWN = 1024 };

/* ---- who may ask */

ay_status ay_reason_enter(ay_service *s, ay_err *err)
{
    if (!s->why_driver.open)
        return ay_fail(err, AY_ECONFLICT, "this program does not explain answers");
    if (atomic_fetch_add(&s->reasons, 1) < AY_REASONS)
        return AY_OK;
    atomic_fetch_sub(&s->reasons, 1);
    return ay_fail(err, AY_EBUSY,
                   "%d requests for explanations are under way, which is the most: try again in a "
                   "moment",
                   AY_REASONS);
}

void ay_reason_leave(ay_service *s)
{
    atomic_fetch_sub(&s->reasons, 1);
}

/* ---- the network that explains; `reasoning` is held */

static void forget(ay_service *s)
{
    if (s->why)
        s->why_driver.close(s->why);
    s->why = NULL;
    s->why_model = 0;
}

void ay_reason_forget(ay_service *s, int64_t model)
{
    pthread_mutex_lock(&s->reasoning);
    if (model == 0 || model == s->why_model)
        forget(s);
    pthread_mutex_unlock(&s->reasoning);
}

/* The same files that answered: a held model was opened from them, and they are compared again. */
static ay_status open_why(ay_service *s, int64_t model, ay_err *err)
{
    char path[PATH], bundle[AY_SHA256_HEX];
    ay_store_model m;
    ay_status status;
    ay_arena a;

    if (s->why && s->why_model == model)
        return AY_OK;
    forget(s);
    ay_arena_init(&a, 0);
    status = ay_store_model_get(s->store, model, &a, &m, err);
    if (status == AY_OK)
        status = ay_registry_folder(s, model, path, sizeof path, err);
    if (status == AY_OK)
        status = ay_serving_bundle(path, bundle, err);
    if (status == AY_OK && strcmp(bundle, m.bundle) != 0)
        status = ay_fail(err, AY_EIO, "the model's files changed since it was installed");
    ay_arena_fini(&a);
    if (status == AY_OK)
        status = s->why_driver.open(&s->why, path, s->engine.backend, err);
    if (status == AY_OK)
        s->why_model = model;
    return status;
}

/* What the network cannot do is no fault of the picture that was sent. */
static ay_status cannot(ay_status status)
{
    return status == AY_EUNSUPPORTED ? AY_ECONFLICT : status;
}

/* ---- passes with dropout */

static ay_status copy_doubt(const ay_serving *v, const ay_passes *p, ay_arena *a, ay_doubt *out,
                            ay_err *err)
{
    int taken[AY_ANSWER_TOP];

    *out = (ay_doubt){.passes = p->passes, .entropy = p->entropy,
                      .entropy_most = log((double)p->classes),
                      .mutual_information = p->mutual_information};
    while (out->ntop < AY_ANSWER_TOP && out->ntop < p->classes) {
        int best = -1;
        for (int c = 0; c < p->classes; c++) {
            bool had = false;
            for (int i = 0; i < out->ntop; i++)
                had |= taken[i] == c;
            if (!had && (best < 0 || p->mean[c] > p->mean[best]))
                best = c;
        }
        taken[out->ntop] = best;
        out->top[out->ntop].label = ay_arena_strdup(a, v->info->class_names[best]);
        out->top[out->ntop].mean = p->mean[best];
        out->top[out->ntop].spread = p->spread[best];
        if (!out->top[out->ntop++].label)
            return ay_fail(err, AY_ENOMEM, "an explanation");
    }
    out->label = out->top[0].label;
    return AY_OK;
}

static ay_status ask_passes(ay_service *s, const ay_serving *v, const ay_image *im, int passes,
                            ay_arena *a, ay_doubt *out, ay_err *err)
{
    ay_passes p = {0};
    ay_status status;

    pthread_mutex_lock(&s->reasoning);
    status = open_why(s, v->model, err);
    if (status == AY_OK) /* one seed: the same question has the same answer */
        status = s->why_driver.passes(s->why, im, passes, v->info->temperature, 0, &p, err);
    pthread_mutex_unlock(&s->reasoning);
    if (status == AY_OK)
        status = copy_doubt(v, &p, a, out, err);
    ay_passes_fini(&p);
    return status;
}

/* ---- five views */

static ay_status ask_views(ay_service *s, const ay_serving *v, const ay_image *im, ay_arena *a,
                           ay_answer *out, ay_err *err)
{
    size_t classes = (size_t)v->info->classes, dim = (size_t)v->info->engine->dim;
    float *room = ay_calloc(2 * classes + dim, sizeof *room);
    ay_prediction p = {0};
    ay_status status;

    if (!room)
        return ay_fail(err, AY_ENOMEM, "an explanation");
    pthread_mutex_lock(&s->reasoning);
    status = open_why(s, v->model, err);
    if (status == AY_OK)
        status = s->why_driver.views(s->why, im, room, room + classes, err);
    pthread_mutex_unlock(&s->reasoning);
    if (status == AY_OK) {
        s->classifier.decide(v->classifier, room, room + classes, room + classes + dim, &p);
        status = ay_answer_fill(v, &p, a, out, err);
        out->views = AY_TTA_VIEWS;
    }
    ay_free(room);
    return status;
}

ay_status ay_reason_ask(ay_service *s, const ay_serving *v, const ay_image *im,
                        const ay_predict_options *o, ay_arena *a, ay_answer *out, ay_err *err)
{
    uint64_t begun = ay_clock_mono();
    ay_status status = s->why_driver.open
                           ? AY_OK
                           : ay_fail(err, AY_ECONFLICT, "this program does not explain answers");

    if (status == AY_OK && o->views)
        status = ask_views(s, v, im, a, out, err);
    if (status == AY_OK && o->passes)
        status = ask_passes(s, v, im, o->passes, a, &out->doubt, err);
    out->network_ms += (double)(ay_clock_mono() - begun) / 1e6;
    return cannot(status);
}

/* ---- a stored answer, asked again */

static ay_status load(ay_service *s, const ay_answer *a, ay_image *out, ay_err *err)
{
    ay_buf bytes = {0};
    ay_status status = ay_blobs_get(s->blobs, a->sha256, true, &bytes, err);

    if (status == AY_OK)
        status = ay_image_decode(bytes.data, bytes.len, &s->limits, out, err);
    ay_buf_fini(&bytes);
    return status;
}

static ay_status class_of(const ay_serving *v, const char *label, int *out, ay_err *err)
{
    for (*out = 0; *out < v->info->classes; ++*out)
        if (strcmp(v->info->class_names[*out], label) == 0)
            return AY_OK;
    return ay_fail(err, AY_ENOTFOUND, "model %s version %d has no class '%.100s'", v->name,
                   v->version, label);
}

static ay_status encode(const ay_image *im, ay_buf *png, ay_err *err)
{
    int longer = im->width > im->height ? im->width : im->height;
    ay_image small = {0};
    ay_status status = AY_OK;

    if (longer > SHOWN) {
        int w = (int)((int64_t)im->width * SHOWN / longer);
        int h = (int)((int64_t)im->height * SHOWN / longer);
        status = ay_image_resize(im, w > 0 ? w : 1, h > 0 ? h : 1, AY_FILTER_BOX, &small, err);
    }
    if (status == AY_OK)
        status = ay_image_encode_png(small.data ? &small : im, png, err);
    ay_image_fini(&small);
    return status;
}

static ay_status heat(ay_service *s, const ay_serving *v, const ay_image *im, const char *label,
                      ay_buf *png, ay_err *err)
{
    ay_image overlay = {0};
    int target = 0;
    ay_status status = class_of(v, label, &target, err);

    if (status != AY_OK)
        return status;
    pthread_mutex_lock(&s->reasoning);
    status = open_why(s, v->model, err);
    if (status == AY_OK)
        status = s->why_driver.heat(s->why, im, target, &overlay, err);
    pthread_mutex_unlock(&s->reasoning);
    if (status == AY_OK)
        status = encode(&overlay, png, err);
    ay_image_fini(&overlay);
    return cannot(status);
}

/* The model and the picture of a stored answer. */
typedef struct {
    ay_serving *v;
    ay_image im;
} scene;

static void scene_fini(ay_service *s, scene *c)
{
    ay_image_fini(&c->im);
    ay_serving_drop(s, c->v);
    ay_reason_leave(s);
}

/* When AY_OK the caller gives it to scene_fini(). */
static ay_status scene_init(ay_service *s, const ay_answer *a, scene *c, ay_err *err)
{
    ay_status status = ay_reason_enter(s, err);

    *c = (scene){0};
    if (status != AY_OK)
        return status;
    status = ay_serving_hold(s, a->model, &c->v, err);
    if (status == AY_ECORRUPT || status == AY_EINVAL || status == AY_EUNSUPPORTED)
        status = AY_EIO; /* that is said of the model, not of the question */
    if (status == AY_OK)
        status = load(s, a, &c->im, err);
    if (status != AY_OK)
        scene_fini(s, c);
    return status;
}

ay_status ay_reason_heat(ay_service *s, const ay_answer *a, const char *label, ay_buf *png,
                         ay_err *err)
{
    scene c;
    ay_status status = scene_init(s, a, &c, err);

    if (status != AY_OK)
        return status;
    status = heat(s, c.v, &c.im, label && *label ? label : a->label, png, err);
    scene_fini(s, &c);
    return status;
}

ay_status ay_reason_look(ay_service *s, const ay_answer *a, int passes, ay_arena *arena,
                         ay_second_look *out, ay_err *err)
{
    scene c;
    ay_status status = scene_init(s, a, &c, err);

    *out = (ay_second_look){.views = {.id = a->id}};
    if (status != AY_OK)
        return status;
    status = cannot(ask_views(s, c.v, &c.im, arena, &out->views, err));
    if (status == AY_OK) {
        status = ask_passes(s, c.v, &c.im, passes, arena, &out->doubt, err);
        if (status == AY_EUNSUPPORTED) /* a network without dropout: the views must do */
            status = AY_OK;
    }
    scene_fini(s, &c);
    return status;
}
