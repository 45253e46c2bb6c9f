/* Explanations with a stand-in for the network that explains: who comes in, what is kept open, what a
 * network that cannot say gets told. */
#include "service/learn/fake_model_test.h"
#include "service/learn/reason.h"

static ay_err err;
static ay_arena arena;

struct ay_why {
    char first; /* letter of the weights */
};
static int opened, closed;
static bool no_dropout, no_map;

static ay_status open_why(ay_why **out, const char *model, const char *backend, ay_err *e)
{
    char path[4200];
    ay_buf weights = {0};

    (void)backend;
    snprintf(path, sizeof path, "%s/model.safetensors", model);
    CHECK_OK(ay_file_read(path, 0, &weights, e), *e);
    *out = ay_calloc(1, sizeof **out);
    (*out)->first = weights.data[0];
    ay_buf_fini(&weights);
    opened++;
    return AY_OK;
}

static void close_why(ay_why *w)
{
    ay_free(w);
    closed++;
}

static ay_status heat(ay_why *w, const ay_image *picture, int target, ay_image *out, ay_err *e)
{
    if (no_map)
        return ay_fail(e, AY_EUNSUPPORTED, "no map");
    CHECK_OK(ay_image_create(out, picture->width, picture->height, e), *e);
    out->data[0] = (uint8_t)target;
    out->data[1] = (uint8_t)w->first;
    return AY_OK;
}

static ay_status passes(ay_why *w, const ay_image *picture, int n, double temperature, uint64_t seed,
                        ay_passes *out, ay_err *e)
{
    const float p[] = {0.7f, 0.2f, 0.1f, 0.5f, 0.4f, 0.1f};

    (void)w, (void)picture, (void)seed;
    CHECK(n == 2 && temperature == 1.5);
    if (no_dropout)
        return ay_fail(e, AY_EUNSUPPORTED, "no dropout");
    return ay_passes_judge(out, p, 2, 3, e);
}

static ay_status views(ay_why *w, const ay_image *picture, float *logits, float *feature, ay_err *e)
{
    (void)w, (void)picture, (void)feature, (void)e;
    logits[2] = 0.9f;
    return AY_OK;
}

static ay_service *serve(const char *dir, fake_encoder *f, int64_t ids[2])
{
    static const char *const weights[] = {"alpha", "beta"};
    ay_service *s;

    opened = closed = 0;
    no_dropout = no_map = false;
    fake_why = (ay_why_driver){open_why, close_why, heat, passes, views};
    fake_init(f, 'a');
    s = fake_serve(dir, f);
    for (int i = 0; i < 2; i++) {
        const char *folder = fake_folder();
        fake_model_write(folder, weights[i], "yard");
        CHECK_OK(ay_registry_install(s, folder, NULL, &ids[i], &err), err);
        fake_folder_gone(folder);
    }
    CHECK_OK(ay_registry_promote(s, ids[0], &err), err);
    return s;
}

static ay_status ask(ay_service *s, const ay_predict_options *o, ay_answer *out)
{
    ay_buf b = {0};
    ay_status status;

    fake_picture(&b, 0xd02020, 1);
    status = ay_predict(s, o, b.data, b.len, "p.png", &arena, out, &err);
    ay_buf_fini(&b);
    return status;
}

static void a_second_look_changes_the_answer_and_is_kept(void)
{
    const char *dir = fake_folder();
    ay_answer plain, slow, kept;
    ay_second_look look;
    fake_encoder f;
    int64_t ids[2];
    ay_service *s = serve(dir, &f, ids);

    CHECK_OK(ask(s, &(ay_predict_options){.record = true}, &plain), err);
    CHECK(strcmp(plain.label, "red") == 0 && plain.views == 0 && plain.doubt.passes == 0 && opened == 0);
    CHECK_OK(ask(s, &(ay_predict_options){.record = true, .views = true, .passes = 2}, &slow), err);
    CHECK(strcmp(slow.label, "blue") == 0 && slow.views == 5 && slow.probability == 0.9f);
    CHECK(slow.doubt.passes == 2 && strcmp(slow.doubt.label, "red") == 0 && slow.doubt.ntop == 3);
    CHECK(fabs(slow.doubt.top[0].mean - 0.6) < 1e-6 && fabs(slow.doubt.top[0].spread - 0.1414214) < 1e-5);
    CHECK_OK(ay_prediction_get(s, slow.id, &arena, &kept, &err), err);
    CHECK(kept.views == 5 && kept.doubt.passes == 2 && kept.ntop == 3 && strcmp(kept.doubt.label, "red") == 0);
    CHECK(fabs(kept.doubt.mutual_information - slow.doubt.mutual_information) < 1e-12);
    CHECK(fabs(kept.doubt.top[1].spread - slow.doubt.top[1].spread) < 1e-12);
    CHECK_OK(ay_prediction_get(s, plain.id, &arena, &kept, &err), err);
    CHECK(kept.views == 0 && kept.doubt.passes == 0 && kept.ntop == 3);
    CHECK(ay_prediction_get(s, slow.id + 1, &arena, &kept, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_reason_look(s, &plain, 2, &arena, &look, &err), err);
    CHECK(look.doubt.passes == 2 && strcmp(look.views.label, "blue") == 0 && opened == 1);
    no_dropout = true;
    CHECK_OK(ay_reason_look(s, &plain, 2, &arena, &look, &err), err);
    CHECK(look.doubt.passes == 0 && look.views.views == 5);
    CHECK(ask(s, &(ay_predict_options){.passes = 2}, &slow) == AY_ECONFLICT);
    ay_service_close(s);
    CHECK(closed == opened);
    fake_folder_gone(dir);
}

static void a_map_is_of_the_model_that_answered(void)
{
    const char *dir = fake_folder();
    ay_answer a;
    ay_buf png = {0};
    ay_image im;
    fake_encoder f;
    int64_t ids[2];
    ay_service *s = serve(dir, &f, ids);

    CHECK_OK(ask(s, &(ay_predict_options){.record = true}, &a), err);
    CHECK_OK(ay_registry_promote(s, ids[1], &err), err);
    CHECK_OK(ay_reason_heat(s, &a, "", &png, &err), err);
    CHECK_OK(ay_image_decode(png.data, png.len, NULL, &im, &err), err);
    CHECK(im.width == 24 && im.data[0] == 0 && im.data[1] == 'a');
    ay_image_fini(&im);
    png.len = 0;
    CHECK_OK(ay_reason_heat(s, &a, "blue", &png, &err), err);
    CHECK_OK(ay_image_decode(png.data, png.len, NULL, &im, &err), err);
    CHECK(im.data[0] == 2 && opened == 1);
    ay_image_fini(&im);
    CHECK(ay_reason_heat(s, &a, "mauve", &png, &err) == AY_ENOTFOUND);
    CHECK_OK(ask(s, &(ay_predict_options){.record = true}, &a), err);
    png.len = 0;
    CHECK_OK(ay_reason_heat(s, &a, NULL, &png, &err), err);
    CHECK_OK(ay_image_decode(png.data, png.len, NULL, &im, &err), err);
    CHECK(im.data[1] == 'b' && opened == 2 && closed == 1); /* one at a time is open */
    ay_image_fini(&im);
    no_map = true;
    CHECK(ay_reason_heat(s, &a, NULL, &png, &err) == AY_ECONFLICT);
    ay_buf_fini(&png);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void only_so_many_come_in(void)
{
    const char *dir = fake_folder();
    ay_answer a;
    ay_buf png = {0};
    fake_encoder f;
    int64_t ids[2];
    ay_service *s = serve(dir, &f, ids);

    CHECK_OK(ask(s, &(ay_predict_options){.record = true}, &a), err);
    for (int i = 0; i < AY_REASONS; i++)
        CHECK_OK(ay_reason_enter(s, &err), err);
    CHECK(ay_reason_enter(s, &err) == AY_EBUSY && strstr(err.msg, "try again"));
    CHECK(ay_reason_heat(s, &a, NULL, &png, &err) == AY_EBUSY && png.len == 0);
    ay_reason_leave(s);
    CHECK(ay_reason_heat(s, &a, "mauve", &png, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_reason_heat(s, &a, NULL, &png, &err), err); /* a failure gave its place back */
    CHECK(ay_reason_enter(s, &err) == AY_OK && ay_reason_enter(s, &err) == AY_EBUSY);
    ay_buf_fini(&png);
    ay_service_close(s);
    fake_why = (ay_why_driver){0};
    s = fake_serve(dir, &f);
    CHECK(ay_reason_enter(s, &err) == AY_ECONFLICT);
    CHECK(ask(s, &(ay_predict_options){.views = true}, &a) == AY_ECONFLICT);
    ay_service_close(s);
    fake_folder_gone(dir);
}

TESTS({"a second look changes the answer and is kept", a_second_look_changes_the_answer_and_is_kept},
      {"a map is of the model that answered", a_map_is_of_the_model_that_answered},
      {"only so many come in", only_so_many_come_in})
