#include "train/run.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/test.h"
#include "engine/classify.h"
#include "train/encoder.h"
#include "train/evaluate.h"

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>

enum { SIDE = 48, EACH = 12, CLASSES = 3 };

static char root[256];

/* ---- pictures ---------------------------------------------------------------------------------- */

/* A ground whose colour tells the class, under rectangles that tell the pictures apart. */
static void draw(ay_image *im, int class, uint64_t seed)
{
    ay_rng r;
    ay_err err;

    ay_rng_init3(&r, seed, (uint64_t)class, 1);
    CHECK_OK(ay_image_create(im, SIDE, SIDE, &err), err);
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        im->data[i] = (uint8_t)((i % 3 == class ? 170 : 50) + ay_rng_below(&r, 40));
    for (int k = 0; k < 12; k++) {
        int x0 = (int)ay_rng_below(&r, SIDE - 8), y0 = (int)ay_rng_below(&r, SIDE - 8);
        uint8_t grey = (uint8_t)ay_rng_below(&r, 256);
        for (int y = y0; y < y0 + 4 + (int)ay_rng_below(&r, 4); y++)
            memset(im->data + (y * SIDE + x0) * 3, grey, 3 * 8);
    }
}

static void write_picture(const char *folder, int class, int i)
{
    char path[512];
    ay_image im;
    ay_buf png = {0};
    ay_err err;

    snprintf(path, sizeof path, "%s/%c", folder, 'a' + class);
    CHECK_OK(ay_file_mkdirs(path, &err), err);
    snprintf(path, sizeof path, "%s/%c/%02d.png", folder, 'a' + class, i);
    draw(&im, class, (uint64_t)i);
    CHECK_OK(ay_image_encode_png(&im, &png, &err), err);
    CHECK_OK(ay_file_write(path, png.data, png.len, &err), err);
    ay_buf_fini(&png);
    ay_image_fini(&im);
}

static const char *at(const char *name)
{
    static char path[8][512];
    static unsigned turn;
    char *p = path[turn++ % 8];

    snprintf(p, sizeof path[0], "%s/%s", root, name);
    return p;
}

static void begin(void)
{
    snprintf(root, sizeof root, "/tmp/assay-run-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
    for (int class = 0; class < CLASSES; class++)
        for (int i = 0; i < EACH; i++)
            write_picture(at("pictures"), class, i);
}

static void end(void)
{
    char command[512];

    snprintf(command, sizeof command, "rm -rf %s", root);
    CHECK(system(command) == 0);
}

/* The embedded body; nothing cached, nothing stopped early. */
static ay_train_settings settings(bool frozen)
{
    ay_train_settings s;

    ay_train_settings_init(&s);
    snprintf(s.root, sizeof s.root, "%s", at("pictures"));
    snprintf(s.cache, sizeof s.cache, "none");
    s.image_size = 64;
    s.freeze_backbone = frozen;
    s.head_epochs = 6;
    s.epochs = 3;
    s.batch_size = 8;
    s.hidden = 16;
    s.learning_rate = 0.01;
    s.early_stopping = false;
    s.save_frequency = 1;
    s.threads = 1;
    s.precision = AY_TRAIN_F32;
    s.ema_decay = 0.9;
    return s;
}

/* A small network of its own, from random weights, for so many epochs. */
static ay_train_settings from_nothing(int epochs)
{
    ay_train_settings s = settings(false);

    s.pretrained = false;
    s.ema_decay = 0;
    s.epochs = epochs;
    snprintf(s.architecture, sizeof s.architecture, "ayresnet");
    return s;
}

/* ---- who watches ------------------------------------------------------------------------------- */

typedef struct {
    ay_train_control control;
    int pause_at, cancel_at, points;
    bool body;
} watcher;

static void on_point(void *ctx, const ay_train_point *p)
{
    watcher *w = ctx;

    w->points++;
    w->body |= p->body;
    if (p->epoch == w->pause_at)
        atomic_store(&w->control.pause, true);
    if (p->epoch == w->cancel_at)
        atomic_store(&w->control.cancel, true);
}

static ay_status run(const ay_train_settings *s, const char *out, bool resume, watcher *w,
                     ay_train_result *result, ay_err *err)
{
    ay_train_observer o = {.ctx = w, .point = on_point};

    return ay_train_run(s, out, resume, &o, &w->control, result, err);
}

static void digest_of(const char *folder, char hex[AY_SHA256_HEX])
{
    char path[600];
    ay_err err;

    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    CHECK_OK(ay_sha256_file(path, hex, &err), err);
}

/* ---- tests ------------------------------------------------------------------------------------- */

static void folder_is_whole(void)
{
    static const char *const files[] = {"model.safetensors", "config.json",     "known.json",
                                        "metrics.json",      "history.json",    "settings.yaml",
                                        "predictions.csv",   "report.html",     "MODEL_CARD.md",
                                        "events",            "plots"};
    ay_train_settings s;
    ay_train_result r;
    watcher w = {0};
    char path[600];
    ay_err err;

    begin();
    s = settings(true);
    CHECK_OK(run(&s, at("out"), false, &w, &r, &err), err);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", at("out"), files[i]);
        if (!ay_file_exists(path))
            printf("  no %s\n", path);
        CHECK(ay_file_exists(path));
    }
    CHECK(!ay_file_exists(at("out.partial")) && w.points == 6 && !w.body);
    CHECK(r.classes == CLASSES && r.train + r.val + r.test == CLASSES * EACH && r.accuracy > 0.6);
    CHECK(run(&s, at("out"), false, &w, &r, &err) == AY_EEXISTS);
    end();
}

/* What evaluation wrote down, and what serving says of the same picture, are the same numbers. */
static void served_is_what_was_measured(void)
{
    ay_engine_options o = {.workers = 2, .precision = AY_PRECISION_F32};
    ay_train_settings s;
    ay_train_result r;
    watcher w = {0};
    ay_classifier *c;
    ay_buf text = {0};
    char path[600], *line, *save;
    int rows = 0;
    ay_err err;

    begin();
    s = settings(false);
    CHECK_OK(run(&s, at("out"), false, &w, &r, &err), err);
    CHECK(w.body);
    o.model = at("out");
    CHECK_OK(ay_classifier_open(&c, &o, &err), err);
    CHECK(strcmp(ay_classifier_get_info(c)->engine->digest, r.digest) == 0);
    CHECK(ay_classifier_get_info(c)->knows_unknown);
    snprintf(path, sizeof path, "%s/predictions.csv", o.model);
    CHECK_OK(ay_file_read(path, 0, &text, &err), err);
    line = strtok_r(text.data, "\n", &save); /* the header */
    while ((line = strtok_r(NULL, "\n", &save))) {
        char file[512], truth[16], said[16], verdict[32], now[64], then[64];
        const ay_image *one;
        ay_prediction p;
        ay_image im;
        CHECK(sscanf(line, "%511[^,],%15[^,],%15[^,],%63[^,],%31[^,\n]", file, truth, said, then, verdict) == 5);
        CHECK_OK(ay_image_load(file, NULL, &im, &err), err);
        one = &im;
        CHECK_OK(ay_classifier_run(c, &one, 1, &p, &err), err);
        snprintf(now, sizeof now, "%.9g", (double)p.confidence);
        CHECK(strcmp(now, then) == 0 && strcmp(verdict, ay_verdict_name(p.verdict)) == 0);
        CHECK(strcmp(said, ay_classifier_get_info(c)->class_names[p.top]) == 0);
        ay_predictions_fini(&p);
        ay_image_fini(&im);
        rows++;
    }
    CHECK(rows == r.test && rows > 0);
    ay_classifier_close(c);
    ay_buf_fini(&text);
    end();
}

/* Paused after any epoch, of the head or of the whole network, and gone on with: the same bits. */
static void check_resume(const ay_train_settings *s, const int *pauses, int n)
{
    char want[AY_SHA256_HEX], got[AY_SHA256_HEX], name[32];
    ay_train_result r;
    watcher w = {0};
    ay_err err;

    CHECK_OK(run(s, at("whole"), false, &w, &r, &err), err);
    CHECK(w.points == 9);
    digest_of(at("whole"), want);
    for (int i = 0; i < n; i++) {
        watcher first = {.pause_at = pauses[i]}, second = {0};
        snprintf(name, sizeof name, "rest%d", i);
        CHECK(run(s, at(name), false, &first, &r, &err) == AY_ECANCELLED);
        CHECK(!ay_file_exists(at(name)));
        CHECK(run(s, at(name), false, &second, &r, &err) == AY_ECONFLICT);
        CHECK_OK(run(NULL, at(name), true, &second, &r, &err), err);
        CHECK(second.points == 9 - pauses[i] && r.epochs == 9);
        digest_of(at(name), got);
        CHECK(strcmp(want, got) == 0);
    }
}

static void resumed_is_undisturbed(void)
{
    ay_train_settings s;

    begin();
    s = settings(false);
    s.scheduler = AY_TRAIN_PLATEAU;
    check_resume(&s, (const int[]){2, 6, 8}, 3);
    end();
}

/* The same with what else a run can have between its epochs. */
static void resumed_with_everything_on(void)
{
    ay_train_settings s;

    begin();
    s = settings(false);
    s.optimiser = AY_TRAIN_SGD;
    s.ema_decay = 0;
    s.swa_start = 2;
    s.mixup = 0.2;
    s.label_smoothing = 0.1;
    s.clip_norm = 1;
    s.warmup_epochs = 1.5;
    s.class_weights = s.balanced_sampling = s.activation_checkpoints = true;
    s.unfreeze_every = 1;
    snprintf(s.unfreeze, sizeof s.unfreeze, "layer4,layer3");
    check_resume(&s, (const int[]){4, 7}, 2);
    end();
}

static void cancelled_keeps_the_best(void)
{
    ay_train_settings s;
    ay_train_result r;
    watcher w = {.cancel_at = 3}, early = {0};
    ay_err err;

    begin();
    s = settings(true);
    CHECK_OK(run(&s, at("out"), false, &w, &r, &err), err);
    CHECK(r.cancelled && r.epochs == 3 && r.best_epoch >= 1);
    atomic_store(&early.control.cancel, true);
    CHECK(run(&s, at("none"), false, &early, &r, &err) == AY_ECANCELLED);
    CHECK(!ay_file_exists(at("none")) && !ay_file_exists(at("none.partial")));
    end();
}

static void other_pictures_are_not_resumed(void)
{
    ay_train_settings s;
    ay_train_result r;
    watcher w = {.pause_at = 2}, again = {0};
    ay_err err;

    begin();
    s = settings(true);
    CHECK(run(&s, at("out"), false, &w, &r, &err) == AY_ECANCELLED);
    CHECK(unlink(at("pictures/a/03.png")) == 0);
    CHECK(run(&s, at("out"), true, &again, &r, &err) == AY_ECONFLICT);
    CHECK(strstr(err.msg, "pictures") && ay_file_exists(at("out.partial")));
    end();
}

static void wrong_wishes_are_told(void)
{
    ay_train_settings s;
    ay_train_result r;
    watcher w = {0};
    ay_err err;

    begin();
    s = settings(true);
    s.num_classes = 7;
    CHECK(run(&s, at("out"), false, &w, &r, &err) == AY_EINVAL && strstr(err.msg, "7"));
    s = settings(true);
    snprintf(s.backbone, sizeof s.backbone, "%s", at("nothing.safetensors"));
    CHECK(run(&s, at("out"), false, &w, &r, &err) != AY_OK && strstr(err.msg, "nothing"));
    s = settings(false);
    snprintf(s.unfreeze, sizeof s.unfreeze, "layer9");
    CHECK(run(&s, at("out"), false, &w, &r, &err) == AY_EINVAL && strstr(err.msg, "layer9"));
    CHECK(!ay_file_exists(at("out")));
    s = settings(true);
    s.pretrained = false;
    CHECK(run(&s, at("new"), false, &w, &r, &err) == AY_EINVAL);
    CHECK(run(NULL, at("never"), true, &w, &r, &err) == AY_ENOTFOUND);
    end();
}

/* A list of classes that is not the weights'. */
static void label_list_must_fit(void)
{
    ay_engine_options o = {.workers = 1};
    ay_train_settings s;
    ay_train_result r;
    watcher w = {0};
    ay_classifier *c;
    json_t *config;
    char path[600];
    ay_err err;

    begin();
    s = settings(true);
    s.ood = false;
    CHECK_OK(run(&s, at("out"), false, &w, &r, &err), err);
    o.model = at("out");
    snprintf(path, sizeof path, "%s/config.json", o.model);
    config = json_load_file(path, 0, NULL);
    json_array_remove(json_object_get(config, "classes"), 0);
    CHECK(json_dump_file(config, path, 0) == 0);
    json_decref(config);
    CHECK(ay_classifier_open(&c, &o, &err) == AY_ECORRUPT);
    CHECK(strstr(err.msg, "2 classes") && strstr(err.msg, "have 3"));
    end();
}

/* Steps so long that they spoil the body, or end in no number at all: the head's model is the result. */
static void spoilt_body_is_not_kept(void)
{
    ay_train_settings s;
    ay_train_result r;
    watcher w = {0};
    ay_err err;

    begin();
    s = settings(false);
    s.body_rate = 30;
    s.ema_decay = 0;
    CHECK_OK(run(&s, at("spoilt"), false, &w, &r, &err), err);
    CHECK(w.body && !r.tuned && r.best_epoch <= 6 && r.accuracy > 0.6);
    end();
}

/* One batch an epoch, so that its loss is a number, and a step after which nothing else is. */
static ay_train_settings blown_up(bool pretrained)
{
    ay_train_settings s = pretrained ? settings(false) : from_nothing(1);

    s.optimiser = AY_TRAIN_ADAM;
    s.ema_decay = 0;
    s.epochs = 1;
    s.batch_size = CLASSES * EACH;
    s.scheduler = AY_TRAIN_PLATEAU;
    s.warmup_epochs = 0;
    *(pretrained ? &s.body_rate : &s.learning_rate) = 3e38;
    return s;
}

/* Settings are checked when they are read from a file, and a rate like that is refused. */
static void write_usual_rate(const char *path)
{
    ay_buf text = {0};
    char *at;
    ay_err err;

    CHECK_OK(ay_file_read(path, 0, &text, &err), err);
    at = strstr(text.data, "3e+38");
    CHECK(at != NULL);
    memcpy(at, "0.01 ", 5);
    CHECK_OK(ay_file_write(path, text.data, text.len, &err), err);
    ay_buf_fini(&text);
}

/* No epoch is the best: the state says so, names no file that is not there, and can be gone on with. */
static void without_numbers_there_is_no_best(void)
{
    ay_train_settings s;
    ay_train_result r;
    watcher w = {0};
    json_t *state;
    char path[128];
    ay_err err;

    begin();
    s = blown_up(false);
    for (int turn = 0; turn < 2; turn++) {
        CHECK(run(turn ? NULL : &s, at("out"), turn > 0, &w, &r, &err) == AY_ECORRUPT);
        CHECK(strstr(err.msg, "validation") && strstr(err.msg, "learning_rate"));
        CHECK(w.points == 1 && !ay_file_exists(at("out")));
        state = json_load_file(at("out.partial/state/state.json"), 0, NULL);
        CHECK(json_is_null(json_object_get(state, "best")));
        snprintf(path, sizeof path, "out.partial/state/%.60s", json_string_value(json_object_get(state, "weights")));
        CHECK(ay_file_exists(at(path)));
        json_decref(state);
        if (turn == 0)
            write_usual_rate(at("out.partial/settings.yaml"));
    }
    s = blown_up(true);
    CHECK_OK(run(&s, at("head"), false, &w, &r, &err), err);
    CHECK(w.body && !r.tuned && r.best_epoch <= 6 && r.accuracy > 0.6);
    end();
}

static void learns_from_nothing(void)
{
    ay_train_settings s;
    ay_train_result r;
    watcher w = {0};
    ay_err err;

    begin();
    s = from_nothing(2);
    CHECK_OK(run(&s, at("out"), false, &w, &r, &err), err);
    CHECK(w.points == 2 && w.body && r.tuned && r.accuracy > 0);
    end();
}

static void check_directions(const char *folder, double length)
{
    ay_safetensors *st;
    const ay_tensor *w;
    char path[600];
    ay_err err;

    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    CHECK_OK(ay_safetensors_open(&st, path, &err), err);
    w = ay_safetensors_find(st, "head.fc.weight");
    CHECK(w && w->shape.dim[0] == CLASSES && w->shape.dim[1] == 256);
    CHECK(ay_safetensors_find(st, "head.fc_norm.running_var") && !ay_safetensors_find(st, "head.fc.bias"));
    for (int k = 0; w && k < CLASSES; k++) {
        const float *row = (const float *)w->data + (ptrdiff_t)k * 256;
        double sum = 0;
        for (int i = 0; i < 256; i++)
            sum += (double)row[i] * (double)row[i];
        CHECK(fabs(sqrt(sum) - length) < 1e-4 * length);
    }
    ay_safetensors_close(st);
}

/* As the embedded encoder is made: one direction a class, a loss on the last stage, pictures that
 * grow; interrupted, and judged by what was written. */
static void directions_from_nothing(void)
{
    ay_train_settings s;
    ay_train_result r;
    watcher w = {0}, first = {.pause_at = 2}, second = {0};
    char want[AY_SHA256_HEX], got[AY_SHA256_HEX];
    ay_err err;

    begin();
    s = from_nothing(4);
    s.classifier = AY_TRAIN_COSINE_HEAD;
    s.cosine_scale = 12;
    s.auxiliary = 0.5;
    s.image_size = 48;
    s.first_size = 32;
    s.optimiser = AY_TRAIN_SGD;
    s.learning_rate = 0.05;
    s.random_resized_crop = true;
    s.zoom_out = 0.3;
    CHECK_OK(run(&s, at("whole"), false, &w, &r, &err), err);
    CHECK(w.points == 4 && r.accuracy > 0.3);
    check_directions(at("whole"), 12);
    digest_of(at("whole"), want);
    CHECK(run(&s, at("rest"), false, &first, &r, &err) == AY_ECANCELLED);
    CHECK_OK(run(NULL, at("rest"), true, &second, &r, &err), err);
    digest_of(at("rest"), got);
    CHECK(strcmp(want, got) == 0);
    end();
}

/* Of pictures drawn anew, most have their nearest neighbour in their own class. */
static void check_neighbours(ay_engine *e)
{
    enum { NEW = 30, DIM = 8 };
    static float v[NEW][DIM];
    int right = 0;

    for (int i = 0; i < NEW; i++) {
        const ay_image *one;
        ay_image im;
        ay_err err;
        draw(&im, i % CLASSES, 5000 + (uint64_t)i);
        one = &im;
        CHECK_OK(ay_engine_embed(e, &one, 1, v[i], &err), err);
        ay_image_fini(&im);
    }
    for (int i = 0; i < NEW; i++) {
        float best = -2;
        int at = 0;
        for (int j = 0; j < NEW; j++) {
            float dot = 0;
            for (int k = 0; k < DIM; k++)
                dot += v[i][k] * v[j][k];
            if (j != i && dot > best) {
                best = dot;
                at = j;
            }
        }
        right += at % CLASSES == i % CLASSES;
    }
    CHECK(right > 20);
}

/* A trained network becomes one for any class: whole, and better than chance at its neighbours. */
static void an_encoder_is_made(void)
{
    ay_encoder_options o = {.name = "mine", .version = "2", .licence = "MIT", .size = 32, .dim = 8};
    ay_engine_options eo = {.workers = 1, .precision = AY_PRECISION_F32};
    ay_encoder_result er;
    ay_train_settings s;
    ay_engine *e;
    watcher w = {0};
    ay_err err;

    begin();
    s = from_nothing(1);
    s.image_size = 32;
    CHECK_OK(run(&s, at("trained"), false, &w, NULL, &err), err);
    CHECK(ay_encoder_make(at("trained"), at("pictures"), at("encoder"), &o, &er, &err) == AY_EINVAL);
    CHECK(strstr(err.msg, "more pictures than numbers") && !ay_file_exists(at("encoder")));
    for (int class = 0; class < CLASSES; class++)
        for (int i = EACH; i < 360; i++)
            write_picture(at("pictures"), class, i);
    o.each = 360;
    CHECK_OK(ay_encoder_make(at("trained"), at("pictures"), at("encoder"), &o, &er, &err), err);
    CHECK(er.pictures == 3 * 360 && er.pooled == 1056 && er.dim == 8 && er.lost == 0);
    eo.model = at("encoder");
    CHECK_OK(ay_engine_open(&e, &eo, &err), err);
    CHECK(ay_engine_get_info(e)->dim == 8 && ay_engine_get_info(e)->input_size == 32);
    CHECK(strcmp(ay_engine_get_info(e)->name, "mine") == 0);
    check_neighbours(e);
    ay_engine_close(e);
    CHECK(ay_encoder_make(at("trained"), at("pictures"), at("encoder"), &o, &er, &err) == AY_EEXISTS);
    end();
}

TESTS({"folder_is_whole", folder_is_whole},
      {"served_is_what_was_measured", served_is_what_was_measured},
      {"resumed_is_undisturbed", resumed_is_undisturbed},
      {"resumed_with_everything_on", resumed_with_everything_on},
      {"cancelled_keeps_the_best", cancelled_keeps_the_best},
      {"other_pictures_are_not_resumed", other_pictures_are_not_resumed},
      {"wrong_wishes_are_told", wrong_wishes_are_told}, {"label_list_must_fit", label_list_must_fit},
      {"spoilt_body_is_not_kept", spoilt_body_is_not_kept},
      {"without_numbers_there_is_no_best", without_numbers_there_is_no_best},
      {"learns_from_nothing", learns_from_nothing},
      {"directions_from_nothing", directions_from_nothing},
      {"an_encoder_is_made", an_encoder_is_made})
