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
      {"every default is a right value", every_default_is_a_right_value})
