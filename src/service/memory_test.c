/* The budget of memory: what goes, in which order, what stays whatever the budget says, and that it comes back. */
#include "service/learn/fake_model_test.h"
#include "service/learn/serving.h"
#include "service/memory.h"
#include "service/words/wordy.h"

enum { ENCODER = 100, TOWER = 40, MODEL = 30, FOUR = 4 };
enum { RED = 0xd02020 };

static ay_err err;
static ay_arena arena;
static int opened; /* how often a model was, since it was set to 0 */
static bool tower; /* in memory */

static ay_status count_open(ay_classifier **out, const ay_engine_options *o, ay_err *e)
{
    opened++;
    return fake_model_open(out, o, e);
}

static size_t model_memory(const ay_classifier *c)
{
    (void)c;
    return MODEL;
}

static size_t encoder_memory(void *ctx)
{
    (void)ctx;
    return ENCODER;
}

static size_t tower_memory(void *ctx)
{
    (void)ctx;
    return tower ? TOWER : 0;
}

static bool tower_unload(void *ctx)
{
    bool was = tower;

    (void)ctx;
    tower = false;
    return was;
}

static ay_status tower_info(void *ctx, ay_words_info *out, ay_err *e)
{
    (void)ctx, (void)e;
    *out = (ay_words_info){.dim = FAKE_DIM, .scale = 100};
    return AY_OK;
}

static ay_status tower_pair(void *ctx, char digest[AY_SHA256_HEX], ay_err *e)
{
    (void)e;
    strcpy(digest, ((fake_encoder *)ctx)->info.digest);
    return AY_OK;
}

static ay_status tower_embed(void *ctx, const char *const *texts, int n, float *dst, ay_err *e)
{
    (void)ctx, (void)e;
    tower = true;
    memset(dst, 0, (size_t)n * FAKE_DIM * sizeof *dst);
    for (int i = 0; i < n; i++)
        dst[i * FAKE_DIM + texts[i][0] % FAKE_DIM] = 1;
    return AY_OK;
}

typedef struct {
    const char *dir;
    ay_service *s;
    fake_encoder f;
    int64_t model[FOUR]; /* the first is the active one */
} scene;

static void begin(scene *t, uint64_t budget)
{
    static const char *const weights[FOUR] = {"one", "two", "three", "four"};
    ay_service_options o = {.serve = true, .memory_budget = budget, .train = fake_train_run};

    t->dir = fake_folder();
    fake_init(&t->f, 'a');
    tower = false;
    o.data = t->dir;
    o.embedder = fake_embedder(&t->f);
    o.embedder.memory = encoder_memory;
    o.words = (ay_word_reader){.ctx = &t->f, .info = tower_info, .pair = tower_pair, .embed = tower_embed,
                               .memory = tower_memory, .unload = tower_unload};
    o.classifier = (ay_classifier_driver){count_open, fake_model_close, fake_model_info, fake_model_run,
                                          fake_model_fini, fake_model_decide, model_memory};
    ay_log_setup(AY_LOG_ERROR, false);
    CHECK_OK(ay_service_open(&t->s, &o, &err), err);
    for (int i = 0; i < FOUR; i++) {
        const char *folder = fake_folder();
        fake_model_write(folder, weights[i], "yard");
        CHECK_OK(ay_registry_install(t->s, folder, NULL, &t->model[i], &err), err);
        fake_folder_gone(folder);
    }
    CHECK_OK(ay_registry_promote(t->s, t->model[0], &err), err);
    CHECK(fake_models_open <= 1);
}

static void end(scene *t)
{
    ay_service_close(t->s);
    CHECK(fake_models_open == 0);
    fake_folder_gone(t->dir);
}

/* Whether it was open already. */
static bool ask(scene *t, int model)
{
    ay_predict_options o = {.model = t->model[model]};
    ay_buf b = {0};
    ay_answer r;

    opened = 0;
    fake_picture(&b, RED, 1);
    CHECK_OK(ay_predict(t->s, &o, b.data, b.len, "x.png", &arena, &r, &err), err);
    CHECK(strcmp(r.label, "red") == 0 && r.model == t->model[model]);
    ay_buf_fini(&b);
    return opened == 0;
}

static void read_words(scene *t)
{
    const char *text = "a";
    float v[FAKE_DIM];

    ay_encoder_enter(t->s);
    t->s->words->used = ay_clock_mono();
    CHECK_OK(ay_wordy_embed(t->s, &text, 1, v, &err), err);
    ay_encoder_leave(t->s);
    ay_memory_trim(t->s);
}

static uint64_t used(scene *t)
{
    ay_memory_use u;

    ay_memory_look(t->s, &u);
    return u.used;
}

static void without_a_budget_all_stay(void)
{
    scene t;

    begin(&t, 0);
    for (int i = 0; i < 3; i++)
        ask(&t, i);
    read_words(&t);
    CHECK(used(&t) == ENCODER + TOWER + 3 * MODEL && fake_models_open == 3);
    for (int i = 0; i < 3; i++)
        CHECK(ask(&t, i));
    end(&t);
}

static void the_model_used_before_the_words_goes_first(void)
{
    scene t;

    begin(&t, ENCODER + TOWER + 2 * MODEL);
    ask(&t, 0);
    ask(&t, 2);
    ask(&t, 1);
    CHECK(used(&t) == ENCODER + 3 * MODEL && fake_models_open == 3); /* within the budget */
    read_words(&t);
    CHECK(tower && used(&t) == ENCODER + TOWER + 2 * MODEL && fake_models_open == 2);
    CHECK(ask(&t, 0) && ask(&t, 1));
    CHECK(!ask(&t, 2)); /* it was the oldest; it comes back, and the tower, older now than model 1, goes */
    CHECK(!tower && fake_models_open == 3);
    end(&t);
}

static void the_words_go_when_models_are_newer(void)
{
    scene t;

    begin(&t, ENCODER + TOWER + MODEL);
    read_words(&t);
    CHECK(tower);
    ask(&t, 0);
    CHECK(tower && fake_models_open == 1);
    ask(&t, 1);
    CHECK(!tower && fake_models_open == 2 && used(&t) == ENCODER + 2 * MODEL);
    ask(&t, 2); /* now a model goes: the older one of those that are not active */
    CHECK(fake_models_open == 2 && ask(&t, 2) && ask(&t, 0));
    CHECK(!ask(&t, 1) && fake_models_open == 2);
    end(&t);
}

static void encoder_and_active_model_stay_whatever_the_budget(void)
{
    scene t;

    begin(&t, 1);
    ask(&t, 0);
    read_words(&t);
    CHECK(!tower && fake_models_open == 1 && used(&t) == ENCODER + MODEL);
    for (int i = 1; i < FOUR; i++) {
        CHECK(!ask(&t, i)); /* answered, and closed again */
        CHECK(fake_models_open == 1 && used(&t) == ENCODER + MODEL);
    }
    CHECK(ask(&t, 0));
    CHECK_OK(ay_registry_promote(t.s, t.model[2], &err), err);
    ask(&t, 2);
    CHECK(ask(&t, 2) && fake_models_open == 1 && !ask(&t, 0)); /* the other one is the active one now */
    end(&t);
}

static void one_in_use_is_not_closed(void)
{
    ay_serving *held;
    scene t;

    begin(&t, 1);
    ask(&t, 0);
    CHECK_OK(ay_serving_hold(t.s, t.model[1], &held, &err), err);
    ay_memory_trim(t.s);
    CHECK(fake_models_open == 2 && used(&t) == ENCODER + 2 * MODEL);
    ay_serving_drop(t.s, held);
    ay_memory_trim(t.s);
    CHECK(fake_models_open == 1);
    end(&t);
}

TESTS({"without a budget all stay", without_a_budget_all_stay},
      {"the model that was used before the words goes first", the_model_used_before_the_words_goes_first},
      {"the words go when models are newer", the_words_go_when_models_are_newer},
      {"encoder and active model stay whatever the budget", encoder_and_active_model_stay_whatever_the_budget},
      {"a model in use is not closed", one_in_use_is_not_closed})
