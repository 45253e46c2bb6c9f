#include "service/learn/serving.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 96, TOP = 5, PATH = 4096 };

/* How far a probability of the known picture may move between machines and precisions.  Rounding in
 * bf16 moves it by a few thousandths; a damaged or wrong network by far more. */
#define DRIFT 0.1

char *ay_json_compact(const json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT | JSON_REAL_PRECISION(15)), *out = text ? ay_strdup(text) : NULL;
    json_free_t release;

    json_get_alloc_funcs(NULL, &release);
    release(text);
    return out;
}

/* Rings, a slope and stripes, from whole numbers only: the same bytes everywhere. */
static ay_status known_picture(ay_image *im, ay_err *err)
{
    ay_status status = ay_image_create(im, SIDE, SIDE, err);

    for (int y = 0; y < SIDE && status == AY_OK; y++)
        for (int x = 0; x < SIDE; x++) {
            uint8_t *p = im->data + 3 * (y * SIDE + x);
            int d = (x - 40) * (x - 40) + (y - 52) * (y - 52);
            p[0] = (uint8_t)(d / 97 % 2 ? 210 : 40 + x);
            p[1] = (uint8_t)(60 + 2 * y / 3 + (x / 12 % 2) * 50);
            p[2] = (uint8_t)(255 - (x + y) % 180);
        }
    return status;
}

static json_t *describe(const ay_classifier_info *info, const ay_prediction *p)
{
    json_t *top = json_array();
    bool taken[AY_LABEL_MAX + 1] = {false};

    for (int k = 0; k < TOP && k < info->classes; k++) {
        int best = -1;
        for (int c = 0; c < info->classes && c <= AY_LABEL_MAX; c++)
            if (!taken[c] && (best < 0 || p->probabilities[c] > p->probabilities[best]))
                best = c;
        taken[best] = true;
        json_array_append_new(top, json_pack("[i, f]", best, (double)p->probabilities[best]));
    }
    return json_pack("{s:f, s:f, s:f, s:b, s:o}", "temperature", info->temperature, "confident",
                     info->confident, "reject", info->reject, "knows_unknown", info->knows_unknown,
                     "top", top);
}

static ay_status ask(ay_service *s, ay_classifier *c, json_t **out, ay_err *err)
{
    ay_image im = {0};
    const ay_image *list[] = {&im};
    ay_prediction p;
    ay_status status = known_picture(&im, err);

    *out = NULL;
    if (status == AY_OK)
        status = s->classifier.run(c, list, 1, &p, err);
    if (status == AY_OK) {
        *out = describe(s->classifier.info(c), &p);
        if (!isfinite(p.confidence))
            status = ay_fail(err, AY_ECORRUPT, "the model's answer is not a number");
        else if (!*out)
            status = ay_fail(err, AY_ENOMEM, "opening a model");
        s->classifier.fini(&p);
    }
    ay_image_fini(&im);
    return status;
}

static ay_status open_folder(ay_service *s, const char *folder, ay_classifier **out, ay_err *err)
{
    ay_engine_options o = s->engine;

    o.model = folder;
    if (!s->classifier.open)
        return ay_fail(err, AY_EUNSUPPORTED, "this program has no trained models");
    return s->classifier.open(out, &o, err);
}

ay_status ay_serving_try(ay_service *s, const char *folder, ay_classifier **out, char **answer,
                         ay_err *err)
{
    ay_classifier *c = NULL;
    json_t *said = NULL;
    ay_status status = open_folder(s, folder, &c, err);

    *out = NULL;
    *answer = NULL;
    if (status == AY_OK)
        status = ask(s, c, &said, err);
    if (status == AY_OK && !(*answer = ay_json_compact(said)))
        status = ay_fail(err, AY_ENOMEM, "opening a model");
    json_decref(said);
    if (status == AY_OK)
        *out = c;
    else if (c)
        s->classifier.close(c);
    return status;
}

/* The same classes on top, about as probable as when it was installed? */
static ay_status compare(const json_t *said, const json_t *kept, ay_err *err)
{
    const json_t *then = json_object_get(kept, "top"), *now = json_object_get(said, "top");

    for (size_t i = 0; i < json_array_size(then); i++) {
        const json_t *a = json_array_get(then, i);
        double p = json_number_value(json_array_get(a, 1)), q = 0;
        for (size_t k = 0; k < json_array_size(now); k++) {
            const json_t *b = json_array_get(now, k);
            if (json_equal(json_array_get(a, 0), json_array_get(b, 0)))
                q = json_number_value(json_array_get(b, 1));
        }
        if (fabs(p - q) > DRIFT)
            return ay_fail(err, AY_ECORRUPT,
                           "the model does not answer as when it was installed (class %lld: %.3f, it"
                           " was %.3f); install it again",
                           (long long)json_integer_value(json_array_get(a, 0)), q, p);
    }
    return AY_OK;
}

static ay_status check_answer(ay_service *s, ay_classifier *c, const char *kept, ay_err *err)
{
    json_t *then = json_loads(kept, 0, NULL), *now = NULL;
    ay_status status = ask(s, c, &now, err);

    if (status == AY_OK)
        status = compare(now, then, err);
    json_decref(then);
    json_decref(now);
    return status;
}

ay_status ay_serving_bundle(const char *folder, char hex[AY_SHA256_HEX], ay_err *err)
{
    static const char *const files[] = {"config.json", "model.safetensors"};
    char path[PATH], one[AY_SHA256_HEX];
    ay_status status = AY_OK;
    ay_sha256 h;

    ay_sha256_init(&h);
    for (int i = 0; i < 2 && status == AY_OK; i++) {
        if (snprintf(path, sizeof path, "%s/%s", folder, files[i]) >= PATH)
            return ay_fail(err, AY_EINVAL, "the path is too long: %.80s...", folder);
        status = ay_sha256_file(path, one, err);
        ay_sha256_add(&h, one, sizeof one);
    }
    ay_sha256_hex(&h, hex);
    return status;
}

/* ---- the pool */

static ay_serving *find(ay_service *s, int64_t id)
{
    for (int i = 0; i < s->npool; i++)
        if (s->pool[i]->model == id)
            return s->pool[i];
    return NULL;
}

static void destroy(ay_service *s, ay_serving *v)
{
    if (!v)
        return;
    if (v->classifier)
        s->classifier.close(v->classifier);
    ay_free(v);
}

/* With serving_lock: make room; what nobody holds comes back, to be closed without the lock. */
static ay_serving *make_room(ay_service *s)
{
    ay_serving *v;
    int oldest = -1;

    if (s->npool < AY_POOL)
        return NULL;
    for (int i = 0; i < s->npool; i++)
        if (s->pool[i]->model != s->active_id &&
            (oldest < 0 || s->pool[i]->used < s->pool[oldest]->used))
            oldest = i;
    v = s->pool[oldest];
    s->pool[oldest] = s->pool[--s->npool];
    v->out = true;
    return v->refs == 0 ? v : NULL;
}

static ay_status open_model(ay_service *s, int64_t id, ay_serving **out, ay_err *err)
{
    ay_serving *v = ay_calloc(1, sizeof *v);
    char path[PATH], bundle[AY_SHA256_HEX];
    ay_store_model m;
    ay_status status;
    ay_arena a;

    ay_arena_init(&a, 0);
    status = v ? ay_store_model_get(s->store, id, &a, &m, err)
               : ay_fail(err, AY_ENOMEM, "opening a model");
    if (status == AY_OK) {
        snprintf(path, sizeof path, "%s/models/%s", s->data, m.folder);
        status = ay_serving_bundle(path, bundle, err);
        if (status == AY_OK && strcmp(bundle, m.bundle) != 0)
            status = ay_fail(err, AY_ECORRUPT, "its files changed since it was installed");
    }
    if (status == AY_OK)
        status = open_folder(s, path, &v->classifier, err);
    if (status == AY_OK)
        status = check_answer(s, v->classifier, m.answer, err);
    if (status == AY_OK) {
        v->info = s->classifier.info(v->classifier);
        v->model = id;
        v->version = m.version;
        snprintf(v->name, sizeof v->name, "%s", m.name);
        snprintf(v->digest, sizeof v->digest, "%s", m.digest);
        *out = v;
    } else {
        ay_err_wrap(err, "opening model %lld", (long long)id);
        destroy(s, v);
    }
    ay_arena_fini(&a);
    return status;
}

static ay_serving *take_open(ay_service *s, int64_t id)
{
    ay_serving *v;

    pthread_mutex_lock(&s->serving_lock);
    v = find(s, id);
    if (v) {
        v->refs++;
        v->used = ay_clock_mono();
    }
    pthread_mutex_unlock(&s->serving_lock);
    return v;
}

static void note_problem(ay_service *s, int64_t id, ay_status status, const ay_err *err)
{
    pthread_mutex_lock(&s->serving_lock);
    if (id == s->active_id)
        snprintf(s->serving_problem, sizeof s->serving_problem, "%.390s", status ? err->msg : "");
    pthread_mutex_unlock(&s->serving_lock);
}

ay_status ay_serving_hold(ay_service *s, int64_t id, ay_serving **out, ay_err *err)
{
    ay_serving *old = NULL, *fresh = NULL;
    ay_status status = AY_OK;

    *out = NULL;
    if (id == 0) {
        pthread_mutex_lock(&s->serving_lock);
        id = s->active_id;
        pthread_mutex_unlock(&s->serving_lock);
    }
    if (id == 0)
        return ay_fail(err, AY_ECONFLICT,
                       "no trained model is active: train one (page Training, or assay train), or "
                       "promote one that is there (page Models, or assay model promote)");
    if ((*out = take_open(s, id)))
        return AY_OK;
    pthread_mutex_lock(&s->opening);
    if (!(*out = take_open(s, id))) { /* another thread may have opened it while we waited */
        status = open_model(s, id, &fresh, err);
        note_problem(s, id, status, err);
    }
    if (fresh) {
        pthread_mutex_lock(&s->serving_lock);
        old = make_room(s);
        fresh->refs = 1;
        fresh->used = ay_clock_mono();
        s->pool[s->npool++] = *out = fresh;
        pthread_mutex_unlock(&s->serving_lock);
    }
    pthread_mutex_unlock(&s->opening);
    destroy(s, old);
    return status;
}

void ay_serving_drop(ay_service *s, ay_serving *v)
{
    bool last;

    if (!v)
        return;
    pthread_mutex_lock(&s->serving_lock);
    last = --v->refs == 0 && v->out;
    pthread_mutex_unlock(&s->serving_lock);
    if (last)
        destroy(s, v);
}

void ay_serving_evict(ay_service *s, int64_t id)
{
    ay_serving *v, *idle = NULL;

    pthread_mutex_lock(&s->serving_lock);
    v = find(s, id);
    for (int i = 0; v && i < s->npool; i++)
        if (s->pool[i] == v) {
            s->pool[i] = s->pool[--s->npool];
            v->out = true;
            idle = v->refs == 0 ? v : NULL;
            v = NULL;
        }
    pthread_mutex_unlock(&s->serving_lock);
    destroy(s, idle);
}

void ay_serving_close_all(ay_service *s)
{
    while (s->npool > 0)
        destroy(s, s->pool[--s->npool]);
}

size_t ay_serving_memory(ay_service *s)
{
    size_t sum = 0;

    pthread_mutex_lock(&s->serving_lock);
    for (int i = 0; s->classifier.memory && i < s->npool; i++)
        sum += s->classifier.memory(s->pool[i]->classifier);
    pthread_mutex_unlock(&s->serving_lock);
    return sum;
}

bool ay_serving_close_oldest(ay_service *s, uint64_t before)
{
    ay_serving *v = NULL;
    int oldest = -1;

    pthread_mutex_lock(&s->serving_lock);
    for (int i = 0; i < s->npool; i++)
        if (s->pool[i]->model != s->active_id && s->pool[i]->refs == 0 && s->pool[i]->used < before &&
            (oldest < 0 || s->pool[i]->used < s->pool[oldest]->used))
            oldest = i;
    if (oldest >= 0) {
        v = s->pool[oldest];
        s->pool[oldest] = s->pool[--s->npool];
    }
    pthread_mutex_unlock(&s->serving_lock);
    destroy(s, v);
    return v != NULL;
}
