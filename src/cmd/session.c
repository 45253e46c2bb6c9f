#include "cmd/session.h"
#include "base/door.h"
#include "base/file.h"
#include "base/log.h"
#include "net/presets.h"
#include "service/inspect/line_flow.h"
#include "service/words/classify_words.h"
#include "service/encoders/encoders.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static ay_precision precision_of(const char *word)
{
    return strcmp(word, "f32") == 0    ? AY_PRECISION_F32
           : strcmp(word, "bf16") == 0 ? AY_PRECISION_BF16
                                       : AY_PRECISION_AUTO;
}

/* The setting "model" as a path; a preset's is where the cache has it.  When it is not there the name stays,
 * and ay_session_engine() has told why. */
static const char *model_path(const ay_args *a)
{
    static char path[AY_HUB_PATH];
    const char *word = ay_config_text(&a->config, "model");

    return ay_model_locate(word, path, NULL) == AY_OK ? path : word;
}

static ay_engine_options engine_options(const ay_args *a)
{
    const ay_config *c = &a->config;

    return (ay_engine_options){
        .model = model_path(a),
        .precision = precision_of(ay_config_text(c, "precision")),
        .backend = ay_config_text(c, "backend"),
        .workers = (int)ay_config_int(c, "workers"),
        .max_batch = (int)ay_config_int(c, "max-batch"),
        .max_queue = (int)ay_config_int(c, "max-queue"),
    };
}

static void start(ay_session *s, const ay_args *a)
{
    const ay_config *c = &a->config;

    *s = (ay_session){.args = a};
    ay_arena_init(&s->arena, 0);
    ay_log_setup((ay_log_level)ay_log_level_parse(ay_config_text(c, "log-level")),
                 strcmp(ay_config_text(c, "log-format"), "json") == 0);
}

ay_status ay_session_engine(ay_session *s, const ay_args *a, ay_err *err)
{
    ay_engine_options o = engine_options(a);
    char path[AY_HUB_PATH];
    ay_status status = ay_model_locate(ay_config_text(&a->config, "model"), path, err);

    start(s, a);
    return status == AY_OK ? ay_engine_open(&s->engine, &o, err) : status;
}

static ay_status words_at(ay_words **out, const ay_args *a, const char *path, const char *digests, ay_err *err)
{
    const ay_config *c = &a->config;
    ay_words_options o = {.precision = precision_of(ay_config_text(c, "precision")),
                          .backend = ay_config_text(c, "backend"),
                          .threads = (int)ay_config_int(c, "workers"),
                          .digests = digests};

    return ay_words_open(out, path, &o, err);
}

ay_status ay_session_words(ay_words **out, const ay_args *a, ay_err *err)
{
    const char *model = model_path(a);

    *out = NULL;
    return words_at(out, a, model, NULL, err);
}

ay_status ay_session_classifier(ay_classifier **out, const ay_args *a, const char *model, ay_err *err)
{
    const ay_config *c = &a->config;
    char path[AY_HUB_PATH];
    ay_engine_options o = {
        .model = path,
        .precision = precision_of(ay_config_text(c, "precision")),
        .backend = ay_config_text(c, "backend"),
        .workers = (int)ay_config_int(c, "workers"),
        .max_batch = (int)ay_config_int(c, "max-batch"),
    };
    ay_status status = ay_model_locate(model, path, err);

    return status == AY_OK ? ay_classifier_open(out, &o, err) : status;
}

ay_image_limits ay_session_limits(const ay_args *a)
{
    return (ay_image_limits){.max_bytes = ay_config_size(&a->config, "max-upload"),
                             .max_pixels = ay_config_size(&a->config, "max-pixels")};
}

/* What the old CLIP_DEVICE asked for; there is no other place to run than the processor. */
static void tell_device(const ay_config *c)
{
    const char *device = ay_config_variable(c, "CLIP_DEVICE");

    if (device && strcmp(device, "cuda") == 0)
        ay_log(AY_LOG_WARN, "words", "CLIP_DEVICE is cuda; this program runs on the processor");
}

static const char *variable(void *config, const char *name)
{
    return ay_config_variable(config, name);
}

/* The text side of an encoder, when that is a folder or the embedded one; whether there is a text tower in a folder is
 * found out at the first word. */
static ay_status open_words(ay_words **out, const ay_session *s, const char *path, ay_err *err)
{
    struct stat st;

    *out = NULL;
    if (strcmp(path, "default") != 0 && (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)))
        return AY_OK;
    return words_at(out, s->args, path, s->digests, err);
}

/* ---- the encoder of a service, and others in its place */

/* path: as ay_model_locate() gave it. */
static ay_status open_encoder(ay_session *s, const char *path, ay_encoder *out, ay_err *err)
{
    ay_engine_options o = engine_options(s->args);
    ay_words *words = NULL;
    ay_engine *engine;
    ay_status status;

    o.model = path;
    o.digests = s->digests;
    status = ay_engine_open(&engine, &o, err);
    if (status == AY_OK)
        status = open_words(&words, s, path, err);
    if (status != AY_OK) {
        ay_engine_close(engine);
        return status;
    }
    *out = (ay_encoder){.embedder = ay_embedder_of_engine(engine)};
    if (words)
        out->words = ay_word_reader_of_words(words);
    return AY_OK;
}

static ay_status open_another(void *ctx, const char *path, ay_encoder *out, ay_err *err)
{
    return open_encoder(ctx, path, out, err);
}

static void close_encoder(void *ctx, const ay_encoder *e)
{
    ay_session *s = ctx;

    if (s->first.embedder.ctx == e->embedder.ctx)
        s->first = (ay_encoder){0};
    ay_words_close(e->words.ctx);
    ay_engine_close(e->embedder.ctx);
}

/* By which name, and where it is. */
static ay_status choose_encoder(ay_session *s, const ay_args *a, char path[AY_HUB_PATH], ay_err *err)
{
    const char *origin = ay_config_origin(&a->config, "model"), *asked = ay_config_text(&a->config, "model");
    ay_status status = ay_encoder_kept(s->data, s->encoder, sizeof s->encoder, err);
    bool kept = status == AY_OK && s->encoder[0] && !origin;

    if (status != AY_OK)
        return status;
    if (s->encoder[0] && origin && strcmp(s->encoder, asked) != 0)
        ay_log(AY_LOG_WARN, "encoders", "the encoder is %s, as %s says; %s, which was chosen in the program, is not used",
               asked, origin, s->encoder);
    if (!kept)
        snprintf(s->encoder, sizeof s->encoder, "%s", asked);
    status = ay_model_locate(s->encoder, path, err);
    if (status != AY_OK && kept)
        ay_err_wrap(err, "the encoder that was chosen for %.200s (--model default does without it)", s->data);
    return status;
}

static ay_status open_service(ay_session *s, const ay_args *a, ay_service_options *o, ay_err *err)
{
    ay_word_settings settings;
    char path[AY_HUB_PATH];
    ay_status status;

    start(s, a);
    ay_config_data_dir(&a->config, s->data, sizeof s->data);
    snprintf(s->digests, sizeof s->digests, "%s/model-digests", s->data);
    status = ay_file_mkdirs(s->data, err);
    if (status == AY_OK)
        status = choose_encoder(s, a, path, err);
    if (status == AY_OK)
        status = open_encoder(s, path, &s->first, err);
    if (status != AY_OK)
        return status;
    o->data = s->data;
    o->store = ay_config_text(&a->config, "store");
    o->limits = ay_session_limits(a);
    o->embedder = s->first.embedder;
    o->words = s->first.words;
    o->encoder = s->encoder;
    o->encoders = (ay_encoder_driver){s, open_another, close_encoder};
    status = ay_word_settings_read(&settings, variable, (void *)(uintptr_t)&a->config, err);
    tell_device(&a->config);
    if (status != AY_OK)
        return status;
    o->word_settings = &settings;
    o->classifier = (ay_classifier_driver){ay_classifier_open, ay_classifier_close,
                                           ay_classifier_get_info, ay_classifier_run,
                                           ay_predictions_fini, ay_classifier_decide, ay_classifier_memory};
    o->memory_budget = ay_config_size(&a->config, "memory-budget");
    o->index_memory = ay_config_size(&a->config, "index-memory");
    o->why = (ay_why_driver){ay_why_open, ay_why_close, ay_why_heat, ay_why_passes, ay_why_views};
    o->engine = engine_options(a);
    o->engine.digests = s->digests;
    o->train = ay_train_run;
    ay_service_actor("command line");
    return ay_service_open(&s->service, o, err);
}

/* Somebody has the data folder: who, and what to do. */
static ay_status folder_in_use(const char *data, ay_err *err)
{
    char text[sizeof err->msg];
    ay_door door;

    memcpy(text, err->msg, sizeof text);
    if (ay_door_find(&door, data, NULL) != AY_OK)
        return ay_fail(err, AY_EBUSY, "%.350s: wait until that has ended; a server does this on its page and over HTTP", text);
    ay_door_close(&door);
    return ay_fail(err, AY_EBUSY, "%.300s, a server: do this on its page or over HTTP (its /docs tell how), or stop it for "
                                  "the while", text);
}

ay_status ay_session_open(ay_session *s, const ay_args *a, bool wait, bool share, ay_err *err)
{
    ay_status status = open_service(s, a, &(ay_service_options){.wait_reembed = wait, .share = share}, err);

    return status == AY_EBUSY ? folder_in_use(s->data, err) : status;
}

ay_status ay_session_examine(ay_session *s, const ay_args *a, bool repair, ay_err *err)
{
    ay_status status = open_service(s, a, &(ay_service_options){.wait_reembed = repair, .share = !repair, .keep_strays = true}, err);

    return status == AY_EBUSY ? folder_in_use(s->data, err) : status;
}

/* What a file says that is odd (a plain password) is logged, and no reason to end. */
static ay_status open_line(ay_session *s, const char *file, ay_err *err)
{
    ay_buf warnings = {0};
    ay_status status = ay_line_flow_open(&s->line, file, &warnings, err);
    char *save = NULL;

    for (char *w = warnings.data ? strtok_r(warnings.data, "\n", &save) : NULL; w; w = strtok_r(NULL, "\n", &save))
        ay_log(AY_LOG_WARN, "inspect", "%s", w);
    ay_buf_fini(&warnings);
    return status;
}

ay_status ay_session_serve(ay_session *s, const ay_args *a, const ay_session_folders *f, ay_err *err)
{
    char both[8192];
    ay_status status = open_line(s, f->inspect_config, err);

    if (status != AY_OK)
        return status;
    snprintf(both, sizeof both, "%s%s%s", f->train ? f->train : "", f->train && f->all ? ":" : "", f->all ? f->all : "");
    return open_service(s, a, &(ay_service_options){.serve = true, .train_folders = *both ? both : NULL, .folders = f->all,
                                                    .line = ay_line_flow_driver(s->line), .line_folders = f->inspect}, err);
}

void ay_session_close(ay_session *s)
{
    ay_service_close(s->service);
    ay_line_flow_close(s->line);
    ay_words_close(s->first.words.ctx);
    ay_engine_close(s->first.embedder.ctx);
    ay_engine_close(s->engine);
    ay_arena_fini(&s->arena);
    *s = (ay_session){0};
}
