/* A metric-learning run from a list to a folder: drawn components with a mark at one side, turned while they
 * are loaded, and some without a mark: five labels of which the turned ones differ in nothing but how they
 * lie.  And what must hold whatever happens on the way. */
#include "train/metric_run.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/test.h"
#include "models/model.h"
#include "train/metric_parts.h"
#include "train/sample.h"

#include <math.h>

enum { SIDE = 40, LABELS = 5, TRAIN = 16, VAL = 6, MOST = 256 };

static const char *const names[LABELS] = {"Up", "Right", "Down", "Left", "NG"};

/* ---- pictures ------------------------------------------------------------------------------------ */

static void rectangle(ay_image *im, int x, int y, int w, int h, int r, int g, int b)
{
    for (int j = y; j < y + h; j++)
        for (int i = x; i < x + w; i++) {
            uint8_t *p = im->data + (j * SIDE + i) * 3;
            p[0] = (uint8_t)r, p[1] = (uint8_t)g, p[2] = (uint8_t)b;
        }
}

/* A dark body on a green board among bright pads; a bright mark along its upper side, or none. */
static void draw(ay_image *im, int index, bool mark)
{
    ay_rng r;
    int x, y, light;

    ay_rng_init3(&r, 9, (uint64_t)index, mark);
    CHECK(ay_image_create(im, SIDE, SIDE, NULL) == AY_OK);
    light = (int)ay_rng_below(&r, 40);
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        im->data[i] = (uint8_t)((i % 3 == 1 ? 90 : 30) + light + (int)ay_rng_below(&r, 24));
    for (int i = 0; i < 14; i++) {
        int bright = 150 + (int)ay_rng_below(&r, 100);
        x = (int)ay_rng_below(&r, SIDE - 9);
        y = (int)ay_rng_below(&r, SIDE - 9);
        rectangle(im, x, y, 2 + (int)ay_rng_below(&r, 7), 2 + (int)ay_rng_below(&r, 7), bright, bright, bright - 30);
    }
    x = 4 + (int)ay_rng_below(&r, 10);
    y = 4 + (int)ay_rng_below(&r, 10);
    rectangle(im, x, y, 22, 22, 25 + light, 25, 30);
    if (mark)
        rectangle(im, x + 4, y + 3, 14, 3, 215, 210 + light / 4, 200);
}

typedef struct {
    ay_metric_item items[MOST];
    char path[MOST][256];
    int n;
    ay_metric_data data;
} pictures;

static pictures set;

static void add(const char *path, int label, ay_split split, int group, int rotate)
{
    ay_metric_item *it = &set.items[set.n];

    CHECK(set.n < MOST);
    snprintf(set.path[set.n], sizeof set.path[0], "%s", path);
    *it = (ay_metric_item){set.path[set.n], label, split, group, rotate};
    set.n++;
}

/* Each marked original is four pictures of one group. */
static void make(int train, int val)
{
    sample_begin();
    set.n = 0;
    for (int i = 0; i < train + val; i++)
        for (int mark = 0; mark < 2; mark++) {
            ay_split split = i < train ? AY_SPLIT_TRAIN : AY_SPLIT_VAL;
            char name[64];
            ay_image im;
            draw(&im, i, mark);
            snprintf(name, sizeof name, "%s/%02d.png", mark ? "marked" : "bare", i);
            sample_save(&im, name, 0);
            ay_image_fini(&im);
            for (int turn = 0; turn < (mark ? 4 : 1); turn++)
                add(sample_path(name), mark ? turn : 4, split, 2 * i + mark, 90 * turn);
        }
    set.data = (ay_metric_data){set.items, set.n, names, LABELS};
}

/* A small network from nothing, on few pixels. */
static ay_metric_settings small(int epochs)
{
    ay_metric_settings s;

    ay_metric_settings_init(&s);
    snprintf(s.architecture, sizeof s.architecture, "ayresnet");
    s.image_size = 40;
    s.epochs = epochs;
    s.learning_rate = 1e-3;
    s.hue = 0.02;
    s.precision = AY_TRAIN_F32;
    s.threads = 1;
    s.workers = 1;
    return s;
}

/* ---- who watches ---------------------------------------------------------------------------------- */

typedef struct {
    ay_train_control control;
    int pause_at, cancel_at, points, frozen, averages;
    bool cancel_at_once;
    double best_map;
    char notes[8192];
    long last_done;
    bool backwards;
} watcher;

static void on_point(void *ctx, const ay_metric_point *p)
{
    watcher *w = ctx;

    w->points++;
    w->frozen += p->frozen;
    w->averages += p->average;
    w->best_map = fmax(w->best_map, p->val.map_at_r);
    if (p->epoch == w->pause_at)
        atomic_store(&w->control.pause, true);
    if (p->epoch == w->cancel_at)
        atomic_store(&w->control.cancel, true);
}

static void on_progress(void *ctx, const ay_train_progress *p)
{
    watcher *w = ctx;

    if (p->phase != AY_TRAIN_FINE_TUNING || p->done == 0)
        return;
    w->backwards |= p->done < w->last_done;
    w->last_done = p->done;
}

static void on_note(void *ctx, const ay_note *n)
{
    watcher *w = ctx;
    size_t at = strlen(w->notes);

    snprintf(w->notes + at, sizeof w->notes - at, "%s|%s\n", n->code, n->text);
    if (w->cancel_at_once && strcmp(n->code, "pictures") == 0) /* all are read, none is learnt from */
        atomic_store(&w->control.cancel, true);
}

static ay_status run(const ay_metric_settings *s, const char *out, bool resume, watcher *w, ay_metric_result *result,
                     ay_err *err)
{
    ay_metric_observer o = {w, on_progress, on_point, on_note};

    return ay_metric_run(s, &set.data, out, resume, &o, &w->control, result, err);
}

static void digest(const char *folder, const char *file, char hex[AY_SHA256_HEX])
{
    char path[600];
    ay_err err;

    snprintf(path, sizeof path, "%s/%s", folder, file);
    CHECK_OK(ay_sha256_file(path, hex, &err), err);
}

static bool same_file(const char *a, const char *b, const char *file)
{
    char x[AY_SHA256_HEX], y[AY_SHA256_HEX];

    digest(a, file, x);
    digest(b, file, y);
    return strcmp(x, y) == 0;
}

/* ---- learning --------------------------------------------------------------------------------------- */

/* The mean and deviation of raw pixels, pooled: by hand (bug 37). */
static void check_mean(const ay_metric_result *r)
{
    double sum[3] = {0}, squares[3] = {0}, n = 0;
    ay_image im;
    ay_err err;

    for (int i = 0; i < set.n; i++) {
        if (set.items[i].split != AY_SPLIT_TRAIN)
            continue;
        CHECK_OK(ay_image_load(set.items[i].path, NULL, &im, &err), err);
        for (int k = 0; k < SIDE * SIDE * 3; k++) {
            double v = im.data[k] / 255.0;
            sum[k % 3] += v;
            squares[k % 3] += v * v;
        }
        n += SIDE * SIDE;
        ay_image_fini(&im);
    }
    for (int c = 0; c < 3; c++) {
        double mean = sum[c] / n;
        CHECK(fabs((double)r->mean[c] - mean) < 1e-6);
        CHECK(fabs((double)r->std[c] - sqrt(squares[c] / n - mean * mean)) < 1e-6);
    }
}

static void learns_how_things_lie(void)
{
    static const char *const files[] = {"best_model.safetensors", "last.safetensors", "config.json",
                                        "train_config.json", "mean_std.json", "history.json"};
    ay_metric_settings s;
    ay_metric_result r;
    watcher w = {0};
    ay_model *m;
    char out[512], path[600];
    ay_err err;

    make(TRAIN, VAL);
    snprintf(out, sizeof out, "%s", sample_path("out"));
    s = small(14);
    CHECK_OK(run(&s, out, false, &w, &r, &err), err);
    printf("  precision@1 %.3f, MAP@R %.3f, silhouette %.3f, epoch %d of %d, %.1f s\n", r.validation.precision_at_1,
           r.validation.map_at_r, r.validation.silhouette, r.best_epoch, r.epochs, r.seconds);
    CHECK(r.validation.precision_at_1 >= 0.9 && r.validation.map_at_r >= 0.8 && r.validation.map_at_r == w.best_map); /* chance: 0.2 */
    CHECK(r.train == 5 * TRAIN && r.val == 5 * VAL && r.test == 0 && r.dim == 256 && r.tested.n == 0);
    CHECK(r.batch == 20 && r.per_class == 4 && strstr(w.notes, "batch_smaller|batches of 20"));
    CHECK(w.points == 15 && w.averages == 1 && w.frozen == 0 && !w.backwards);
    check_mean(&r);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", out, files[i]);
        CHECK(ay_file_exists(path));
    }
    CHECK(!ay_file_exists(sample_path("out.partial")));
    CHECK_OK(ay_model_open(&m, out, &(ay_model_options){0}, &err), err);
    CHECK(strcmp(ay_model_get_info(m)->digest, r.digest) == 0 && ay_model_get_info(m)->dim == 256);
    CHECK(ay_model_get_info(m)->recipe.size == 40 && ay_model_get_info(m)->recipe.fit == AY_RECIPE_SQUASH);
    CHECK(fabsf(ay_model_get_info(m)->recipe.mean[1] - r.mean[1]) < 1e-7f);
    ay_model_close(m);
    CHECK(run(&s, out, false, &w, &r, &err) == AY_EEXISTS);
}

/* HOAMV2 with every setting as it is by default, but for a small body, few pixels and epochs. */
static void bug_38_defaults_run_to_the_end(void)
{
    ay_metric_settings s;
    ay_metric_result r;
    watcher w = {0};
    ay_err err;

    make(5, 2);
    ay_metric_settings_init(&s);
    snprintf(s.backbone, sizeof s.backbone, "efficientnetv2_tiny");
    s.image_size = 64;
    s.epochs = 2;
    CHECK_OK(run(&s, sample_path("out"), false, &w, &r, &err), err);
    CHECK(r.dim == 512 && r.epochs == 2 && isfinite(r.val_loss) && r.batch == 20);
    CHECK(strstr(w.notes, "body_not_frozen|") && strstr(w.notes, "batch_smaller|"));
    printf("  %.1f s, loss %.3f on validation\n", r.seconds, r.val_loss);
}

/* ---- resume ------------------------------------------------------------------------------------------ */

/* From a trained model, its first layers frozen at first, averages at the end: paused twice. */
static void resume_is_bit_for_bit(void)
{
    ay_metric_settings s;
    ay_metric_result a, b;
    watcher w = {0}, first = {.pause_at = 2}, second = {.pause_at = 10}, third = {0};
    char start[512], whole[512], parts[512];
    ay_err err;

    make(8, 3);
    snprintf(start, sizeof start, "%s", sample_path("start"));
    snprintf(whole, sizeof whole, "%s", sample_path("whole"));
    snprintf(parts, sizeof parts, "%s", sample_path("parts"));
    s = small(1);
    CHECK_OK(run(&s, start, false, &w, &a, &err), err);
    s = small(11);
    snprintf(s.start, sizeof s.start, "%s", start);
    snprintf(s.body, sizeof s.body, "layer1");
    s.freeze_epochs = 2;
    s.early_stopping = false;
    w = (watcher){0};
    CHECK_OK(run(&s, whole, false, &w, &a, &err), err);
    CHECK(w.points == 12 && w.frozen == 3 && w.averages == 1); /* frozen: epoch indices 0, 1 and 2 */
    CHECK(run(&s, parts, false, &first, &b, &err) == AY_ECANCELLED && strstr(err.msg, "paused"));
    CHECK(run(&s, parts, false, &second, &b, &err) == AY_ECONFLICT);
    CHECK(run(NULL, parts, true, &second, &b, &err) == AY_ECANCELLED);
    CHECK_OK(run(NULL, parts, true, &third, &b, &err), err);
    CHECK(first.points == 2 && second.points == 8 && third.points == 2);
    CHECK(same_file(whole, parts, "best_model.safetensors") && same_file(whole, parts, "last.safetensors"));
    CHECK(a.best_epoch == b.best_epoch && a.val_loss == b.val_loss && a.averaged == b.averaged);
    CHECK(memcmp(&a.validation, &b.validation, sizeof a.validation) == 0);
    CHECK(strcmp(a.digest, b.digest) == 0);
}

static void other_pictures_are_no_resume(void)
{
    ay_metric_settings s = small(3);
    ay_metric_result r;
    watcher w = {.pause_at = 1}, again = {0};
    ay_err err;

    make(5, 2);
    CHECK(run(&s, sample_path("out"), false, &w, &r, &err) == AY_ECANCELLED);
    set.items[3].label++;
    CHECK(run(NULL, sample_path("out"), true, &again, &r, &err) == AY_ECONFLICT);
    CHECK(strstr(err.msg, "not those that this run was started with"));
    set.items[3].label--;
    CHECK_OK(run(NULL, sample_path("out"), true, &again, &r, &err), err);
    CHECK(run(NULL, sample_path("nothing"), true, &again, &r, &err) == AY_ENOTFOUND);
    CHECK(!ay_file_exists(sample_path("nothing.partial")));
}

/* ---- stopping ----------------------------------------------------------------------------------------- */

static void cancel_keeps_the_best(void)
{
    ay_metric_settings s = small(50);
    ay_metric_result r;
    watcher w = {.cancel_at = 3}, early = {.cancel_at_once = true};
    ay_err err;

    make(5, 2);
    CHECK_OK(run(&s, sample_path("out"), false, &w, &r, &err), err);
    CHECK(r.cancelled && r.epochs == 3 && r.best_epoch >= 1 && r.best_epoch <= 3 && w.averages == 0);
    CHECK(ay_file_exists(sample_path("out/best_model.safetensors")));
    CHECK(run(&s, sample_path("none"), false, &early, &r, &err) == AY_ECANCELLED);
    CHECK(strstr(err.msg, "before the first epoch"));
    CHECK(!ay_file_exists(sample_path("none")) && !ay_file_exists(sample_path("none.partial")));
}

static void stops_when_nothing_is_gained(void)
{
    ay_metric_settings s = small(40);
    ay_metric_result r;
    watcher w = {0};
    ay_err err;

    make(TRAIN, VAL);
    s.learning_rate = 1e-12;
    s.weight_decay = 0;
    s.patience = 2;
    s.min_delta = 0.5; /* more than chance */
    CHECK_OK(run(&s, sample_path("out"), false, &w, &r, &err), err);
    CHECK(r.stopped_early && r.epochs == 3 && strstr(w.notes, "no_average|"));
    printf("  a network that learns nothing: precision@1 %.3f, MAP@R %.3f\n", r.validation.precision_at_1,
           r.validation.map_at_r);
    CHECK(r.validation.map_at_r < 0.5); /* what "learns" reaches is learnt */
}

/* One picture of each label held out: nothing can find its kind, so the loss says which epoch was best. */
static void the_loss_decides_where_nothing_can_be_found(void)
{
    ay_metric_settings s = small(3);
    ay_metric_result r, again;
    watcher w = {.pause_at = 2}, rest = {0};
    ay_err err;

    make(5, 1);
    CHECK(run(&s, sample_path("out"), false, &w, &r, &err) == AY_ECANCELLED);
    CHECK(strstr(w.notes, "labels_unjudged|5 of 5 labels"));
    CHECK_OK(run(NULL, sample_path("out"), true, &rest, &again, &err), err); /* NaN survives a state file */
    CHECK(again.validation.queries == 0 && isnan(again.validation.precision_at_1) && isnan(again.validation.map_at_r));
    CHECK(isfinite(again.val_loss) && again.best_epoch >= 1 && again.epochs == 3);
}

/* ---- failing -------------------------------------------------------------------------------------------- */

static void a_failed_fit_is_an_error_with_its_reason(void)
{
    ay_metric_settings s = small(3);
    ay_metric_result r;
    watcher w = {0};
    ay_err err;

    make(5, 2);
    s.learning_rate = NAN;
    CHECK(run(&s, sample_path("out"), false, &w, &r, &err) == AY_EINVAL);
    CHECK(strstr(err.msg, "learning_rate is nan"));
    s.learning_rate = 1e30;
    s.clip_norm = 0;
    CHECK(run(&s, sample_path("out"), false, &w, &r, &err) == AY_ECORRUPT);
    printf("  %s\n", err.msg);
    CHECK(strstr(err.msg, "learning rate than 1e+30"));
    CHECK(!ay_file_exists(sample_path("out")) && !ay_file_exists(sample_path("out.partial")) && w.points < 2);
    s = small(3);
    snprintf(s.architecture, sizeof s.architecture, "hoamv3");
    CHECK(run(&s, sample_path("out"), false, &w, &r, &err) == AY_EUNSUPPORTED && strstr(err.msg, "hoamv2"));
    s = small(3);
    snprintf(s.loss.name, sizeof s.loss.name, "cosface");
    CHECK(run(&s, sample_path("out"), false, &w, &r, &err) == AY_EUNSUPPORTED && strstr(err.msg, "hybrid_margin"));
    CHECK(!ay_file_exists(sample_path("out.partial")));
}

static bool refused(ay_status want, const char *word)
{
    ay_metric_settings s = small(1);
    ay_metric_result r;
    watcher w = {0};
    ay_err err = {{0}};
    ay_status status = run(&s, sample_path("out"), false, &w, &r, &err);

    if (status == want && strstr(err.msg, word) && !ay_file_exists(sample_path("out.partial")))
        return true;
    printf("  %s: %s\n", ay_status_name(status), err.msg);
    return false;
}

static void bad_lists_are_refused_by_name(void)
{
    make(3, 2);
    set.items[1].split = AY_SPLIT_VAL; /* of the four of its original; bug 40 */
    CHECK(refused(AY_EINVAL, "of one original"));
    make(3, 2);
    set.items[2].label = 5;
    CHECK(refused(AY_EINVAL, "label 5; there are 5"));
    make(3, 2);
    set.items[2].rotate = 45;
    CHECK(refused(AY_EINVAL, "turned by 45"));
    make(3, 2);
    set.data.nlabels = 1;
    CHECK(refused(AY_EINVAL, "at least two"));
    make(3, 2);
    for (int i = 0; i < set.n; i++)
        set.items[i].split = AY_SPLIT_TRAIN;
    CHECK(refused(AY_EINVAL, "no pictures for validation"));
    set.data.n = 0;
    CHECK(refused(AY_EINVAL, "no pictures"));
}

static void damaged_files_are_left_out_and_named(void)
{
    ay_metric_settings s = small(1);
    ay_metric_result r;
    watcher w = {0};
    ay_err err;

    make(5, 2);
    s.workers = 3;
    sample_write("bare/00.png", "no picture");
    add(sample_path("gone.png"), 0, AY_SPLIT_TRAIN, 999, 0);
    set.data.n = set.n;
    CHECK_OK(run(&s, sample_path("out"), false, &w, &r, &err), err);
    CHECK(r.skipped == 2 && r.train == 24 && strstr(w.notes, "bare/00.png") && strstr(w.notes, "gone.png"));
}

/* ---- what a frozen body does ----------------------------------------------------------------------------- */

static void read_weight(const char *folder, const char *name, float *dst, size_t most)
{
    ay_safetensors *st;
    const ay_tensor *t;
    char path[600];
    ay_err err;

    snprintf(path, sizeof path, "%s/last.safetensors", folder);
    CHECK_OK(ay_safetensors_open(&st, path, &err), err);
    t = ay_safetensors_find(st, name);
    CHECK(t && ay_tensor_bytes(t) >= most * sizeof *dst);
    memcpy(dst, t->data, most * sizeof *dst);
    ay_safetensors_close(st);
}

static bool moved(const char *a, const char *b, const char *name)
{
    float x[32], y[32];

    read_weight(a, name, x, 32);
    read_weight(b, name, y, 32);
    return memcmp(x, y, sizeof x) != 0;
}

static void a_frozen_body_keeps_its_weights(void)
{
    char start[512], out[2][512];
    ay_err err;

    make(5, 2);
    snprintf(start, sizeof start, "%s", sample_path("start"));
    for (int hold = 0; hold < 2; hold++)
        snprintf(out[hold], sizeof out[0], "%s", sample_path(hold ? "held" : "moving"));
    for (int k = 0; k < 3; k++) {
        ay_metric_settings s = small(1);
        ay_metric_result r;
        watcher w = {0};
        if (k > 0)
            snprintf(s.start, sizeof s.start, "%s", start);
        snprintf(s.body, sizeof s.body, "layer1");
        s.frozen_norms_move = k < 2;
        CHECK_OK(run(&s, k ? out[k - 1] : start, false, &w, &r, &err), err);
        CHECK(w.frozen == (k > 0));
    }
    for (int hold = 0; hold < 2; hold++) {
        CHECK(!moved(start, out[hold], "layer1.0.conv1.weight") && !moved(start, out[hold], "layer1.0.bn1.weight"));
        CHECK(moved(start, out[hold], "layer2.0.conv1.weight"));
        CHECK(moved(start, out[hold], "layer1.0.bn1.running_mean") == !hold);
    }
}

/* ---- rates and settings ------------------------------------------------------------------------------------ */

static bool near(double a, double b)
{
    if (fabs(a - b) < 1e-6)
        return true;
    printf("  %.9f is not %.9f\n", a, b);
    return false;
}

/* Factors of the system replaced (facts 5.7), and PyTorch's SWALR by its formula. */
static void rates_are_those_of_the_old_system(void)
{
    ay_metric_settings s;

    ay_metric_settings_init(&s);
    CHECK(near(ay_metric_factor(&s, 0), 0.5) && near(ay_metric_factor(&s, 1), 1) && near(ay_metric_factor(&s, 2), 1));
    CHECK(near(ay_metric_factor(&s, 3), 0.998292) && fabs(ay_metric_factor(&s, 10) - 0.89457) < 1e-5);
    CHECK(fabs(ay_metric_factor(&s, 20) - 0.54129) < 1e-5 && near(ay_metric_factor(&s, 29), 0.192894));
    CHECK(near(ay_metric_factor(&s, 39), 0.001708));
    CHECK(ay_metric_swa_start(&s) == 29);
    CHECK(near(ay_metric_rate(&s, 29, 1, 0.1) / 3e-4, 0.192894)); /* where it was */
    CHECK(near(ay_metric_rate(&s, 34, 1, 0.1) / 3e-4, 0.1) && near(ay_metric_rate(&s, 39, 1, 0.1) / 3e-4, 0.1));
    CHECK(near(ay_metric_rate(&s, 34, 0.05, 0.01) / 3e-4, 0.01) && near(ay_metric_rate(&s, 5, 0.05, 0.01),
                                                                     3e-4 * 0.05 * ay_metric_factor(&s, 5)));
    s.epochs = 19; /* fewer than twenty: no warm-up */
    CHECK(near(ay_metric_factor(&s, 0), 1));
    s.epochs = 10; /* no averages */
    CHECK(ay_metric_swa_start(&s) == 10);
}

static void settings_come_back(void)
{
    ay_metric_settings s, back;
    ay_buf text = {0};
    json_t *o;
    ay_err err;

    ay_metric_settings_init(&s);
    CHECK(s.learning_rate == 3e-4 && s.epochs == 40 && s.batch_size == 64 && s.embedding == 512 && s.per_class == 4);
    CHECK(s.freeze_epochs == 10 && s.weight_decay == 1e-4 && s.image_size == 224 && strcmp(s.architecture, "hoamv2") == 0);
    CHECK_OK(ay_metric_settings_set(&s, "loss.unit", "degrees", &err), err);
    CHECK_OK(ay_metric_settings_set(&s, "learning_rate", "0.1234567890123", &err), err);
    CHECK_OK(ay_metric_settings_set(&s, "swa", "false", &err), err);
    CHECK_OK(ay_metric_settings_set(&s, "precision", "bfloat16", &err), err);
    CHECK_OK(ay_metric_settings_set(&s, "seed", "-7", &err), err);
    o = ay_metric_settings_json(&s);
    CHECK(o && ay_json_dump(o, 0, &text));
    json_decref(o);
    o = json_loadb(text.data, text.len, 0, NULL);
    CHECK_OK(ay_metric_settings_read(&back, o, &err), err);
    CHECK(memcmp(&s, &back, sizeof s) == 0 && s.loss.unit == AY_MARGIN_DEGREES && s.precision == AY_TRAIN_BF16 &&
          s.seed == -7 && !s.swa);
    json_decref(o);
    ay_buf_fini(&text);
    CHECK(ay_metric_settings_set(&s, "loss.unit", "gon", &err) == AY_EINVAL && strstr(err.msg, "radians degrees"));
    CHECK(ay_metric_settings_set(&s, "epochs", "1.5", &err) == AY_EINVAL && strstr(err.msg, "whole number"));
    CHECK(ay_metric_settings_set(&s, "epochs", "many", &err) == AY_EINVAL);
    CHECK(ay_metric_settings_set(&s, "batchsize", "8", &err) == AY_ENOTFOUND);
    for (int i = 0; ay_metric_settings_key(i); i++)
        CHECK(ay_metric_settings_key(i)[0]);
}

TESTS({"rates are those of the old system", rates_are_those_of_the_old_system},
      {"settings come back", settings_come_back}, {"learns how things lie", learns_how_things_lie},
      {"bug 38: defaults run to the end", bug_38_defaults_run_to_the_end},
      {"resume is bit for bit", resume_is_bit_for_bit},
      {"other pictures are no resume", other_pictures_are_no_resume},
      {"cancel keeps the best", cancel_keeps_the_best},
      {"stops when nothing is gained", stops_when_nothing_is_gained},
      {"the loss decides where nothing can be found", the_loss_decides_where_nothing_can_be_found},
      {"a failed fit is an error with its reason", a_failed_fit_is_an_error_with_its_reason},
      {"bad lists are refused by name", bad_lists_are_refused_by_name},
      {"damaged files are left out and named", damaged_files_are_left_out_and_named},
      {"a frozen body keeps its weights", a_frozen_body_keeps_its_weights})
