/* The variables of classification by words: every default and limit, what is said of a wrong one, and that
 * doc/words.md has the same table. */
#include "base/buf.h"
#include "base/file.h"
#include "base/test.h"
#include "service/words/classify_words.h"

#include <math.h>
#include <strings.h>

static ay_err err;
static const char *only_name, *only_value;

static const char *only(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, only_name) == 0 ? only_value : NULL;
}

/* All settings, with one variable set to value. */
static ay_status read_with(const char *name, const char *value, ay_word_settings *out)
{
    only_name = name;
    only_value = value;
    return ay_word_settings_read(out, only, NULL, &err);
}

static double number_at(const ay_word_settings *s, const ay_word_var *v)
{
    const char *field = (const char *)s + v->at;
    double x = 0;
    int n = 0;

    if (v->kind == AY_VAR_REAL)
        memcpy(&x, field, sizeof x);
    else
        memcpy(&n, field, sizeof n);
    return v->kind == AY_VAR_REAL ? x : n;
}

static void defaults_are_those_of_before(void)
{
    ay_word_settings s;

    CHECK_OK(ay_word_settings_read(&s, NULL, NULL, &err), err);
    CHECK(s.max_labels == 256 && s.top == 5 && s.nsfw_threshold == 0.6 && s.entropy_most == 2.5);
    CHECK(s.normalized_most == 0.76 && s.cache && s.similar && s.adaptive && s.affinity.logarithm);
    CHECK(s.affinity.alpha == 0.4 && s.affinity.cap == 0.85 && s.affinity.log_scale == 4);
    CHECK(s.similar_threshold == 0.85 && s.similar_limit == 25 && s.similar_scan == 3000);
    CHECK(s.expand.on && s.expand.gate && s.expand.normalized_most == 0.72 && s.expand.margin_least == 0.08);
    CHECK(s.expand.timeout_ms == 6000 && strcmp(s.expand.model, "gpt-4.1-mini") == 0 && !*s.expand.key);
    CHECK(strcmp(s.expand.url, AY_EXPAND_URL) == 0 && !*s.labels && !*s.labels_path);
    CHECK(strcmp(ay_word_vars[ay_word_var_find("DB_PORT")].usual, "3306") == 0);
    CHECK(strcmp(ay_word_vars[ay_word_var_find("NODE_ENV")].usual, "development") == 0);
}

/* The limits that the classifier before had; ours may be narrower only where it had none. */
static void old_limits_are_kept(void)
{
    static const struct {
        const char *name;
        double lo, hi;
    } old[] = {{"CLIP_MAX_LABELS", 5, NAN},         {"CLIP_TOP_K", 1, 20},
               {"SIMILARITY_LIMIT", 1, 100},        {"SIMILARITY_SCAN_LIMIT", 100, 20000},
               {"AFFINITY_LOG_SCALE", 0.1, NAN},    {"LLM_LABEL_EXPANSION_TIMEOUT_MS", 1000, NAN}};

    for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
        const ay_word_var *v = &ay_word_vars[ay_word_var_find(old[i].name)];
        CHECK(v->lo == old[i].lo && (isnan(old[i].hi) || v->hi == old[i].hi));
    }
}

/* One number: at its limits, beyond them, and no number. */
static void try_number(const ay_word_var *v)
{
    static const char *const wrong[] = {"many", "1x", "nan", "inf", "-inf", "1e999", "0x10 ", "--1", "1,5"};
    double step = v->kind == AY_VAR_WHOLE ? 1 : 0.001;
    char text[40], range[80], used[64];
    ay_word_settings s;
    bool here = v->at != AY_VAR_ELSEWHERE;

    ay_word_var_range(v, range, sizeof range);
    for (int side = 0; side < 2; side++) {
        double limit = side ? v->hi : v->lo, beyond = side ? limit + step : limit - step;
        snprintf(text, sizeof text, "%.10g", limit);
        CHECK(ay_word_var_check(v, text, used, sizeof used, &err) == AY_VAR_RIGHT);
        CHECK_OK(read_with(v->name, text, &s), err);
        CHECK(!here || number_at(&s, v) == limit);
        snprintf(text, sizeof text, "%.10g", beyond);
        CHECK(ay_word_var_check(v, text, used, sizeof used, &err) == AY_VAR_CHANGED);
        CHECK(strtod(used, NULL) == limit && strstr(err.msg, v->name) && strstr(err.msg, range) &&
              strstr(err.msg, text));
        CHECK_OK(read_with(v->name, text, &s), err);
        CHECK(!here || number_at(&s, v) == limit);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(read_with(v->name, wrong[i], &s) == AY_EINVAL);
        CHECK(strstr(err.msg, v->name) && strstr(err.msg, range) && strstr(err.msg, wrong[i]));
    }
    if (v->kind == AY_VAR_WHOLE)
        CHECK(read_with(v->name, "7.5", &s) == AY_EINVAL && strstr(err.msg, "whole number"));
}

static void every_number_has_limits_that_hold(void)
{
    int n = 0;

    for (int i = 0; i < ay_word_vars_count; i++)
        if (ay_word_vars[i].kind == AY_VAR_WHOLE || ay_word_vars[i].kind == AY_VAR_REAL) {
            try_number(&ay_word_vars[i]);
            n++;
        }
    CHECK(n == 17);
}

static void switches_take_the_old_words(void)
{
    static const char *const yes[] = {"1", "true", "YES", "y", "On"}, *const no[] = {"0", "FALSE", "no", "n", "off"};
    ay_word_settings s;
    char used[64];

    for (int i = 0; i < ay_word_vars_count; i++) {
        const ay_word_var *v = &ay_word_vars[i];
        if (v->kind != AY_VAR_SWITCH)
            continue;
        for (int w = 0; w < 5; w++) {
            CHECK_OK(read_with(v->name, no[w], &s), err);
            CHECK(!*((const char *)&s + v->at));
            CHECK_OK(read_with(v->name, yes[w], &s), err);
            CHECK(*((const char *)&s + v->at));
        }
        CHECK_OK(read_with(v->name, "maybe", &s), err); /* as before: the default */
        CHECK(*((const char *)&s + v->at));
        CHECK(ay_word_var_check(v, "maybe", used, sizeof used, &err) == AY_VAR_CHANGED);
        CHECK(strstr(err.msg, v->name) && strstr(err.msg, "maybe") && strstr(err.msg, "0, false, no, n or off"));
    }
}

static void words_are_one_of_theirs(void)
{
    ay_word_settings s;

    CHECK_OK(read_with("LLM_EXPANSION_FORMAT", "json_object", &s), err);
    CHECK(strcmp(s.expand.format, "json_object") == 0);
    CHECK(read_with("LLM_EXPANSION_FORMAT", "json", &s) == AY_EINVAL);
    CHECK(strstr(err.msg, "auto, json_schema or json_object"));
    CHECK_OK(read_with("CLIP_DEVICE", "cuda", &s), err);
    CHECK(read_with("CLIP_DEVICE", "tpu", &s) == AY_EINVAL && strstr(err.msg, "cpu, cuda or auto"));
}

static void old_encoders_have_names_here(void)
{
    ay_word_settings s;

    CHECK(strcmp(ay_word_model("MobileCLIP-S1", "datacompdr"), "mobileclip-s1") == 0);
    CHECK(strcmp(ay_word_model("ViT-B-32", "openai"), "vit-b-32-openai") == 0);
    CHECK(strcmp(ay_word_model("vit-b-32", ""), "vit-b-32-laion2b") == 0);
    CHECK(!ay_word_model("MobileCLIP-S1", "openai") && !ay_word_model("ViT-L-14", ""));
    CHECK_OK(read_with("CLIP_MODEL_NAME", "MobileCLIP-S1", &s), err);
    CHECK(read_with("CLIP_MODEL_NAME", "ViT-L-14", &s) == AY_EINVAL && strstr(err.msg, "MobileCLIP-S1"));
}

static void names_are_found_in_any_case(void)
{
    CHECK(ay_word_var_find("clip-top-k") == ay_word_var_find("CLIP_TOP_K") && ay_word_var_find("CLIP_TOP_K") >= 0);
    CHECK(ay_word_var_find("clip_top") == -1 && ay_word_var_find("") == -1 && ay_word_var_find("CLIP_TOP_KK") == -1);
}

static void the_manual_has_every_variable(void)
{
    ay_buf text = {0};
    int missing = 0;

    CHECK_OK(ay_file_read("doc/words.md", 1 << 20, &text, &err), err);
    for (int i = 0; i < ay_word_vars_count; i++) {
        const ay_word_var *v = &ay_word_vars[i];
        char line[400], range[80];
        ay_word_var_range(v, range, sizeof range);
        snprintf(line, sizeof line, "\n| `%s` | %s | %s | %s |\n", v->name, v->usual, range, v->help);
        if (strstr(text.data, line))
            continue;
        printf("  doc/words.md lacks this line:%s", line);
        missing++;
    }
    ay_buf_fini(&text);
    CHECK(missing == 0);
}

TESTS({"defaults are those of before", defaults_are_those_of_before}, {"old limits are kept", old_limits_are_kept},
      {"every number has limits that hold", every_number_has_limits_that_hold},
      {"switches take the old words", switches_take_the_old_words},
      {"words are one of theirs", words_are_one_of_theirs},
      {"old encoders have names here", old_encoders_have_names_here},
      {"names are found in any case", names_are_found_in_any_case},
      {"the manual has every variable", the_manual_has_every_variable})
