/* The settings' order of precedence, and every way to be wrong. */
#include "base/file.h"
#include "base/test.h"
#include "cmd/config.h"

static char path[] = "/tmp/assay-config-XXXXXX";

static void write_settings(const char *text)
{
    ay_err err;
    int fd = strstr(path, "XXXXXX") ? mkstemp(path) : -1;

    if (fd >= 0)
        close(fd);
    CHECK_OK(ay_file_write(path, text, strlen(text), &err), err);
    setenv("ASSAY_CONFIG", path, 1);
}

static void flag_beats_environment_beats_file_beats_default(void)
{
    ay_config c = {0};
    ay_err err;

    write_settings("port: 1111\nmax_queue: 7\nbind: 0.0.0.0\n");
    setenv("ASSAY_PORT", "2222", 1);
    setenv("ASSAY_MAX_QUEUE", "8", 1);
    CHECK_OK(ay_config_set(&c, "port", "3333", "flag --port", &err), err);
    CHECK_OK(ay_config_load(&c, &err), err);
    CHECK(ay_config_int(&c, "port") == 3333);
    CHECK(ay_config_int(&c, "max-queue") == 8);
    CHECK(strcmp(ay_config_text(&c, "bind"), "0.0.0.0") == 0);
    CHECK(strstr(c.origin[ay_setting_find("bind")], ":3"));
    CHECK(ay_config_int(&c, "max-batch") == 16 && !c.origin[ay_setting_find("max-batch")]);
    CHECK(ay_config_size(&c, "max-upload") == 20000000);
    ay_config_fini(&c);
    unsetenv("ASSAY_PORT");
    unsetenv("ASSAY_MAX_QUEUE");
    unlink(path);
    unsetenv("ASSAY_CONFIG");
}

static void expect_refusal(const char *text, const char *words)
{
    ay_config c = {0};
    ay_err err;

    write_settings(text);
    CHECK(ay_config_load(&c, &err) == AY_EINVAL);
    if (!strstr(err.msg, words))
        printf("  message was: %s\n", err.msg);
    CHECK(strstr(err.msg, words));
    ay_config_fini(&c);
    unlink(path);
    unsetenv("ASSAY_CONFIG");
}

static void wrong_files_name_their_line(void)
{
    expect_refusal("port: 1\nprot: 2\n", ":2: there is no setting 'prot'");
    expect_refusal("port: many\n", ":1: port must be a whole number");
    expect_refusal("lan: maybe\n", "yes or no");
    expect_refusal("precision: f16\n", "one of auto|f32|bf16");
    expect_refusal("port: [1, 2]\n", "one plain value");
    expect_refusal("- port\n", "expected lines such as");
    expect_refusal("port: \"1\n", ":2:");
}

static void missing_named_file_is_an_error(void)
{
    ay_config c = {0};
    ay_err err;

    CHECK_OK(ay_config_set(&c, "config", "/nonexistent/assay.yaml", "flag --config", &err), err);
    CHECK(ay_config_load(&c, &err) == AY_ENOTFOUND);
    ay_config_fini(&c);
}

static bool variable_is(const ay_config *c, const char *name, const char *value, const char *origin)
{
    int i = ay_word_var_find(name);

    return i >= 0 && c->variable[i] && strcmp(c->variable[i], value) == 0 && strstr(c->variable_origin[i], origin);
}

static void variables_come_from_flag_environment_and_file(void)
{
    ay_config c = {0};
    ay_err err;

    write_settings("clip_top_k: 7\nSIMILARITY-LIMIT: 30\nNSFW_THRESHOLD: 0.5\nDB_HOST: db.example\n"
                   "OPENAI_API_KEY: from-file\n");
    setenv("SIMILARITY_LIMIT", "31", 1);
    setenv("NSFW_THRESHOLD", "0.25", 1);
    setenv("CLIP_MAX_LABELS", "nonsense", 1); /* another program's, until somebody uses it */
    unsetenv("DB_HOST");
    CHECK_OK(ay_config_set_variable(&c, "nsfw_threshold=0.125", &err), err);
    CHECK_OK(ay_config_load(&c, &err), err);
    CHECK(variable_is(&c, "NSFW_THRESHOLD", "0.125", "flag --set"));
    CHECK(variable_is(&c, "SIMILARITY_LIMIT", "31", "SIMILARITY_LIMIT"));
    CHECK(variable_is(&c, "CLIP_TOP_K", "7", ":1") && variable_is(&c, "OPENAI_API_KEY", "from-file", ":5"));
    CHECK(variable_is(&c, "CLIP_MAX_LABELS", "nonsense", "CLIP_MAX_LABELS"));
    CHECK(!ay_config_variable(&c, "ENTROPY_THRESHOLD") && !ay_config_variable(&c, "NO_SUCH"));
    CHECK(strcmp(getenv("DB_HOST"), "db.example") == 0); /* its reader looks there */
    ay_config_fini(&c);
    unsetenv("SIMILARITY_LIMIT");
    unsetenv("NSFW_THRESHOLD");
    unsetenv("CLIP_MAX_LABELS");
    unsetenv("DB_HOST");
    unlink(path);
    unsetenv("ASSAY_CONFIG");
}

static void wrong_variables_are_named_with_their_range(void)
{
    static const char *const wrong[][2] = {
        {"CLIP_TOP_K=21", "1 to 20"}, {"CLIP_TOP_K=x", "1 to 20"}, {"TOP_K=3", "no variable 'TOP_K'"},
        {"CLIP_TOP_K", "NAME=VALUE"}, {"OPENAI_API_KEY=sk-1", "OPENAI_API_KEY"}, {"ENABLE_CLUSTERING=perhaps", "yes or no"},
        {"DB_PASSWORD=x", "environment or a file"}, {"CLIP_DEVICE=gpu", "cpu, cuda or auto"}};
    ay_err err;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ay_config c = {0};
        CHECK(ay_config_set_variable(&c, wrong[i][0], &err) == AY_EINVAL);
        CHECK(strstr(err.msg, wrong[i][1]) && !strstr(err.msg, "sk-1"));
        ay_config_fini(&c);
    }
    expect_refusal("port: 1\nSIMILARITY_SCAN_LIMIT: 99\n", ":2: SIMILARITY_SCAN_LIMIT must be 100 to 20000, not \"99\"");
    expect_refusal("LLM_EXPANSION_FORMAT: xml\n", "auto, json_schema or json_object");
}

static void an_old_encoders_name_is_a_model(void)
{
    ay_config c = {0};
    ay_err err;

    write_settings("");
    setenv("CLIP_MODEL_NAME", "ViT-B-32", 1);
    setenv("CLIP_MODEL_PRETRAINED", "openai", 1);
    CHECK_OK(ay_config_load(&c, &err), err);
    CHECK(strcmp(ay_config_text(&c, "model"), "vit-b-32-openai") == 0);
    CHECK(strcmp(c.origin[ay_setting_find("model")], "CLIP_MODEL_NAME") == 0);
    ay_config_fini(&c);
    CHECK_OK(ay_config_set(&c, "model", "default", "flag --model", &err), err);
    CHECK_OK(ay_config_load(&c, &err), err);
    CHECK(strcmp(ay_config_text(&c, "model"), "default") == 0);
    ay_config_fini(&c);
    unsetenv("CLIP_MODEL_NAME");
    unsetenv("CLIP_MODEL_PRETRAINED");
    unlink(path);
    unsetenv("ASSAY_CONFIG");
}

static void every_default_is_a_right_value(void)
{
    ay_err err;

    for (size_t i = 0; i < ay_settings_count; i++)
        if (*ay_settings[i].fallback)
            CHECK_OK(ay_setting_check(&ay_settings[i], ay_settings[i].fallback, &err), err);
}

TESTS({"flag beats environment beats file beats default",
       flag_beats_environment_beats_file_beats_default},
      {"wrong files name their line", wrong_files_name_their_line},
      {"missing named file is an error", missing_named_file_is_an_error},
      {"variables come from flag, environment and file", variables_come_from_flag_environment_and_file},
      {"wrong variables are named with their range", wrong_variables_are_named_with_their_range},
      {"an old encoder's name is a model", an_old_encoders_name_is_a_model},
      {"every default is a right value", every_default_is_a_right_value})
