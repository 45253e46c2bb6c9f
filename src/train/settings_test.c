#include "train/settings.h"
#include "base/test.h"

static ay_status read_text(ay_train_settings *s, const char *text, ay_err *err)
{
    ay_train_settings_init(s);
    return ay_train_settings_read(s, text, strlen(text), "r.yaml", err);
}

static void defaults_are_the_old_trainers(void)
{
    ay_train_settings s;

    ay_train_settings_init(&s);
    CHECK(s.epochs == 15 && s.batch_size == 32 && s.learning_rate == 0.001);
    CHECK(s.weight_decay == 0.0001 && s.optimiser == AY_TRAIN_ADAMW && s.scheduler == AY_TRAIN_COSINE);
    CHECK(s.early_stopping && s.patience == 5 && s.min_delta == 0.001);
    CHECK(s.horizontal_flip && !s.vertical_flip && s.rotation_degrees == 15 && s.hue == 0.1);
    CHECK(s.confident == 0.7 && s.reject == 0.5 && s.inference_batch == 16);
    CHECK(s.seed == 42 && s.deterministic && s.save_frequency == 5 && s.keep_best == 3);
    CHECK(strcmp(s.architecture, "resnet18") == 0 && strcmp(s.backbone, "default") == 0);
}

static void old_file_is_read(void)
{
    static const char text[] =
        "data: {root_dir: data/car-parts-50, img_size: 224, num_workers: 4}\n"
        "model:\n  architecture: resnet34\n  pretrained: true\n  num_classes: 50\n  dropout_rate: 0.4\n"
        "training:\n  epochs: 7\n  optimizer: sgd\n  scheduler: plateau\n"
        "  scheduler_params: {step_size: 5, gamma: 0.5, patience: 2}\n"
        "  early_stopping: {enabled: false}\n"
        "augmentation:\n  train:\n    color_jitter: {hue: 0}\n  val: {normalize: true}\n"
        "logging: {log_dir: logs, wandb: {enabled: false, project: x, entity: null}}\n"
        "api: {host: 127.0.0.1, port: 8000, allowed_extensions: [.jpg, .png]}\n"
        "hardware: {device: auto, mixed_precision: false, pin_memory: true}\n"
        "seed: 7\n";
    ay_train_settings s;
    ay_err err;

    CHECK_OK(read_text(&s, text, &err), err);
    CHECK(s.image_size == 224 && s.workers == 4 && s.num_classes == 50 && s.dropout == 0.4);
    CHECK(s.epochs == 7 && s.optimiser == AY_TRAIN_SGD && s.scheduler == AY_TRAIN_PLATEAU);
    CHECK(s.gamma == 0.5 && s.plateau_patience == 2 && !s.early_stopping && s.hue == 0 && s.seed == 7);
    CHECK(strcmp(s.architecture, "resnet34") == 0 && s.idle == 11);
}

/* Wrong text, and what the message must hold. */
static void wrong_text_names_line_and_key(void)
{
    static const struct {
        const char *text, *want[3];
    } cases[] = {
        {"training:\n  epoch: 3\n", {"r.yaml:2", "'training.epoch'", "training.epochs?"}},
        {"training:\n\n  epochs: many\n", {"r.yaml:3", "whole number", "many"}},
        {"training:\n  epochs: 0\n", {"r.yaml:2", "from 1 to 100000", "'0'"}},
        {"training: {optimizer: adamx}\n", {"r.yaml:1", "adam|adamw|sgd", "adamx"}},
        {"epochs: 3\n", {"r.yaml:1", "'epochs'", "training.epochs?"}},
        {"trainin:\n  epochs: 3\n", {"r.yaml:1", "'trainin'", "did you mean training?"}},
        {"training:\n\tepochs: 3\n", {"r.yaml:2", "never by tabs", NULL}},
        {"training: 3\n", {"r.yaml:1", "training is a section", NULL}},
        {"training:\n  epochs: [1, 2]\n", {"r.yaml:2", "not a list", NULL}},
        {"training:\n  epochs: {a: 1}\n", {"r.yaml:2", "not a section", NULL}},
        {"seed: 1\nseed: 2\n", {"r.yaml:2", "line 1 already", NULL}},
        {"training:\n  epochs: 3\n bad\n", {"r.yaml:", NULL, NULL}},
        {"- 1\n- 2\n", {"r.yaml:1", "sections", NULL}},
        {"nonsense:\n  a: 1\n", {"r.yaml:1", "'nonsense'", NULL}},
        {"inference:\n  reject_threshold: 0.9\n", {"r.yaml:2", "0.9", "0.7"}},
        {"seed: 1.5\n", {"r.yaml:1", "whole number", NULL}},
        {"deterministic: maybe\n", {"r.yaml:1", "true or false", NULL}},
    };
    ay_train_settings s;
    ay_err err;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(read_text(&s, cases[i].text, &err) == AY_EINVAL);
        for (int k = 0; k < 3 && cases[i].want[k]; k++) {
            if (!strstr(err.msg, cases[i].want[k]))
                printf("  %zu: %s\n", i, err.msg);
            CHECK(strstr(err.msg, cases[i].want[k]) != NULL);
        }
    }
}

static void printed_settings_read_back(void)
{
    ay_train_settings a, b;
    ay_buf text = {0};
    ay_err err;

    ay_train_settings_init(&a);
    CHECK_OK(ay_train_settings_set(&a, "data.root_dir", "it's a: folder # 1", "test", &err), err);
    CHECK_OK(ay_train_settings_set(&a, "training.learning_rate", "0.00123456789", "test", &err), err);
    CHECK_OK(ay_train_settings_set(&a, "model.unfreeze", "layer4,layer3", "test", &err), err);
    CHECK_OK(ay_train_settings_set(&a, "hardware.precision", "bf16", "test", &err), err);
    ay_train_settings_print(&a, true, &text);
    ay_train_settings_init(&b);
    CHECK_OK(ay_train_settings_read(&b, text.data, text.len, "again", &err), err);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
    ay_buf_fini(&text);
}

TESTS({"defaults_are_the_old_trainers", defaults_are_the_old_trainers}, {"old_file_is_read", old_file_is_read},
      {"wrong_text_names_line_and_key", wrong_text_names_line_and_key},
      {"printed_settings_read_back", printed_settings_read_back})
