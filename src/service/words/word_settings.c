#include "service/words/word_settings.h"
#include "service/words/classify_words.h"

#include "base/log.h"
#include "base/str.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define AT(field) offsetof(ay_word_settings, field)
#define NOT_HERE AY_VAR_ELSEWHERE
#define MOST 1e6 /* no limit that anybody meets */

#define TEXT(name, usual, at, help) {name, AY_VAR_TEXT, usual, 0, 0, NULL, help, at, false}
#define SECRET(name, at, help) {name, AY_VAR_SECRET, "", 0, 0, NULL, help, at, false}
#define WORD(name, usual, words, at, help) {name, AY_VAR_WORD, usual, 0, 0, words, help, at, false}
#define SWITCH(name, at, help) {name, AY_VAR_SWITCH, "true", 0, 0, NULL, help, at, false}
#define WHOLE(name, usual, lo, hi, at, help) {name, AY_VAR_WHOLE, usual, lo, hi, NULL, help, at, false}
#define REAL(name, usual, lo, hi, at, help) {name, AY_VAR_REAL, usual, lo, hi, NULL, help, at, false}
#define OLD_STORE(name, kind, usual, lo, hi, help) {name, kind, usual, lo, hi, NULL, help, NOT_HERE, true}

const ay_word_var ay_word_vars[] = {
    TEXT("CLIP_MODEL_NAME", "", NOT_HERE, "encoder by its open_clip name, when the setting model is not given"),
    TEXT("CLIP_MODEL_PRETRAINED", "", NOT_HERE, "weights of that encoder, by their open_clip name"),
    WORD("CLIP_DEVICE", "", "cpu|cuda|auto", NOT_HERE, "always the processor; cuda is taken and says so"),
    TEXT("CLIP_DEFAULT_LABELS_JSON", "", AT(labels), "default labels: JSON array, lines, or commas between"),
    TEXT("CLIP_DEFAULT_LABELS_PATH", "", AT(labels_path), "file with the default labels"),
    WHOLE("CLIP_MAX_LABELS", "256", 5, AY_LABELS_MOST, AT(max_labels), "labels of a request; more are dropped"),
    WHOLE("CLIP_TOP_K", "5", 1, 20, AT(top), "how many labels are listed as the best"),
    REAL("NSFW_THRESHOLD", "0.6", 0, 1, AT(nsfw_threshold), "is_nsfw from this score on"),
    REAL("ENTROPY_THRESHOLD", "2.5", 0, MOST, AT(entropy_most), "ambiguous above this entropy"),
    REAL("ENTROPY_NORMALIZED_THRESHOLD", "0.76", 0, 1, AT(normalized_most), "ambiguous above this normalized entropy, too"),
    SWITCH("ENABLE_EMBEDDING_CACHE", AT(cache), "keep vectors of pictures"),
    SWITCH("ENABLE_CLUSTERING", AT(similar), "list similar pictures; needs ENABLE_EMBEDDING_CACHE"),
    REAL("SIMILARITY_THRESHOLD", "0.85", -1, 1, AT(similar_threshold), "least cosine of a similar picture"),
    WHOLE("SIMILARITY_LIMIT", "25", 1, 100, AT(similar_limit), "most similar pictures listed"),
    WHOLE("SIMILARITY_SCAN_LIMIT", "3000", 100, 20000, AT(similar_scan), "newest pictures compared with"),
    SWITCH("ENABLE_ADAPTIVE_SCORING", AT(adaptive), "verdicts move scores"),
    REAL("ADAPTIVE_ALPHA", "0.4", 0, 10, AT(affinity.alpha), "most relative change of a score by verdicts"),
    REAL("AFFINITY_WEIGHT_CAP", "0.85", 0, 1, AT(affinity.cap), "most that the evidence of verdicts counts"),
    SWITCH("ENABLE_AFFINITY_LOG_SCALING", AT(affinity.logarithm), "few verdicts count more, by a logarithm"),
    REAL("AFFINITY_LOG_SCALE", "4", 0.1, MOST, AT(affinity.log_scale), "L in ln(1 + min(e, cap) L)"),
    REAL("AFFINITY_HALF_LIFE_DAYS", "180", 0, MOST, AT(affinity.half_life_days), "days after which a verdict counts half; 0: it does not age"),
    SWITCH("ENABLE_LLM_LABEL_EXPANSION", AT(expand.on), "ask a language model, when there is one to ask"),
    TEXT("OPENAI_BASE_URL", AY_EXPAND_URL, AT(expand.url), "endpoint with chat completions; another needs no key"),
    SECRET("OPENAI_API_KEY", AT(expand.key), "key of the endpoint"),
    TEXT("OPENAI_API_KEY_FILE", "", AT(expand.key_file), "file whose first line is the key"),
    TEXT("LLM_LABEL_EXPANSION_MODEL", "gpt-4.1-mini", AT(expand.model), "language model"),
    WHOLE("LLM_LABEL_EXPANSION_TIMEOUT_MS", "6000", 1000, 15000, AT(expand.timeout_ms),
          "most that a classification waits for it"),
    WORD("LLM_EXPANSION_FORMAT", "auto", "auto|json_schema|json_object", AT(expand.format),
         "form of the answer that is asked for"),
    WHOLE("LLM_EXPANSION_BUDGET_PER_HOUR", "120", 1, 10000, AT(expand.budget), "questions in any hour"),
    SWITCH("ENABLE_LLM_EXPANSION_GATING", AT(expand.gate), "ask about sure answers only"),
    REAL("LLM_EXPANSION_MAX_ENTROPY_NORMALIZED", "0.72", 0, 1, AT(expand.normalized_most), "sure: normalized entropy not above this"),
    REAL("LLM_EXPANSION_MIN_MARGIN", "0.08", 0, 1, AT(expand.margin_least), "sure: margin not below this"),
    OLD_STORE("DB_HOST", AY_VAR_TEXT, "", 0, 0, "database of the old classifier, to import from"),
    OLD_STORE("DB_PORT", AY_VAR_WHOLE, "3306", 1, 65535, "its port"),
    OLD_STORE("DB_USER", AY_VAR_TEXT, "", 0, 0, "its user"),
    OLD_STORE("DB_PASSWORD", AY_VAR_SECRET, "", 0, 0, "its password"),
    OLD_STORE("DB_NAME", AY_VAR_TEXT, "", 0, 0, "its name; gets _dev or _prod at its end"),
    OLD_STORE("NODE_ENV", AY_VAR_TEXT, "development", 0, 0, "production: DB_NAME ends in _prod, else in _dev"),
};
const int ay_word_vars_count = sizeof ay_word_vars / sizeof *ay_word_vars;
_Static_assert(sizeof ay_word_vars / sizeof *ay_word_vars <= AY_WORD_VARS_MAX, "grow AY_WORD_VARS_MAX");

int ay_word_var_find(const char *name)
{
    for (int i = 0; i < ay_word_vars_count; i++) {
        const char *a = ay_word_vars[i].name, *b = name;
        while (*a && (*a == toupper((unsigned char)*b) || (*a == '_' && *b == '-')))
            a++, b++;
        if (!*a && !*b)
            return i;
    }
    return -1;
}

/* "a|b|c" as "a, b or c". */
static void spell(const char *words, char *dst, size_t cap)
{
    size_t used = 0;

    *dst = '\0';
    while (*words && used + 1 < cap) {
        size_t n = strcspn(words, "|");
        bool last = !words[n], next_last = !last && !strchr(words + n + 1, '|');
        used += (size_t)snprintf(dst + used, cap - used, "%.*s%s", (int)n, words,
                                 last ? "" : next_last ? " or " : ", ");
        words += n + !last;
    }
}

void ay_word_var_range(const ay_word_var *v, char *dst, size_t cap)
{
    bool number = v->kind == AY_VAR_WHOLE || v->kind == AY_VAR_REAL;

    if (number && v->hi >= MOST)
        snprintf(dst, cap, "from %g", v->lo);
    else if (number)
        snprintf(dst, cap, "%g to %g", v->lo, v->hi);
    else if (v->kind == AY_VAR_SWITCH)
        snprintf(dst, cap, "yes or no");
    else if (v->kind == AY_VAR_WORD)
        spell(v->words, dst, cap);
    else
        snprintf(dst, cap, "text");
}

/* 1 yes, 0 no, -1 neither. */
static int as_switch(const char *text)
{
    static const char *const words[2][5] = {{"0", "false", "no", "n", "off"}, {"1", "true", "yes", "y", "on"}};

    for (int yes = 0; yes < 2; yes++)
        for (int i = 0; i < 5; i++)
            if (strcasecmp(text, words[yes][i]) == 0)
                return yes;
    return -1;
}

static bool is_word(const char *text, const char *words)
{
    size_t n = strlen(text);

    for (; words; words = strchr(words, '|')) {
        words += *words == '|';
        if (strncmp(words, text, n) == 0 && (words[n] == '|' || !words[n]))
            return true;
    }
    return false;
}

static ay_var_verdict check_number(const ay_word_var *v, const char *text, char *used, size_t cap, ay_err *why)
{
    const char *kind = v->kind == AY_VAR_WHOLE ? "a whole number" : "a number";
    char range[60];
    double x;

    ay_word_var_range(v, range, sizeof range);
    if (!ay_str_to_double(text, &x) || !isfinite(x) || (v->kind == AY_VAR_WHOLE && x != floor(x))) {
        ay_fail(why, AY_EINVAL, "%s must be %s %s%s, not \"%.60s\"", v->name, kind,
                v->hi >= MOST ? "" : "from ", range, text);
        return AY_VAR_WRONG;
    }
    if (x >= v->lo && x <= v->hi)
        return AY_VAR_RIGHT;
    snprintf(used, cap, "%g", fmin(fmax(x, v->lo), v->hi));
    ay_fail(why, AY_EINVAL, "%s is %s and not \"%.60s\": it takes %s", v->name, used, text, range);
    return AY_VAR_CHANGED;
}

ay_var_verdict ay_word_var_check(const ay_word_var *v, const char *text, char *used, size_t cap, ay_err *why)
{
    char range[60];

    ay_word_var_range(v, range, sizeof range);
    snprintf(used, cap, "%s", text);
    if (v->kind == AY_VAR_WHOLE || v->kind == AY_VAR_REAL)
        return check_number(v, text, used, cap, why);
    if (v->kind == AY_VAR_SWITCH && as_switch(text) < 0) {
        snprintf(used, cap, "%s", v->usual);
        ay_fail(why, AY_EINVAL, "%s is %s and not \"%.60s\": it takes 1, true, yes, y or on, and 0, false, no, n "
                "or off", v->name, v->usual, text);
        return AY_VAR_CHANGED;
    }
    if (v->kind == AY_VAR_WORD && !is_word(text, v->words)) {
        ay_fail(why, AY_EINVAL, "%s must be %s, not \"%.60s\"", v->name, range, text);
        return AY_VAR_WRONG;
    }
    return AY_VAR_RIGHT;
}

/* ---- encoders */

static const struct {
    const char *name, *pretrained, *here;
} encoders[] = {
    {"MobileCLIP-S1", "datacompdr", "mobileclip-s1"},   {"MobileCLIP-S2", "datacompdr", "mobileclip-s2"},
    {"MobileCLIP-B", "datacompdr", "mobileclip-b"},     {"MobileCLIP2-S0", "dfndr2b", "mobileclip2-s0"},
    {"MobileCLIP2-S2", "dfndr2b", "mobileclip2-s2"},    {"ViT-B-32", "laion2b_s34b_b79k", "vit-b-32-laion2b"},
    {"ViT-B-32", "openai", "vit-b-32-openai"},          {"ViT-B-32-quickgelu", "openai", "vit-b-32-openai"},
};

const char *ay_word_model(const char *name, const char *pretrained)
{
    for (size_t i = 0; i < sizeof encoders / sizeof *encoders; i++)
        if (strcasecmp(encoders[i].name, name) == 0 &&
            (!*pretrained || strcasecmp(encoders[i].pretrained, pretrained) == 0))
            return encoders[i].here;
    return NULL;
}

static ay_status check_encoder(ay_word_get *get, void *ctx, ay_err *err)
{
    const char *name = get ? get(ctx, "CLIP_MODEL_NAME") : NULL;
    const char *pretrained = get ? get(ctx, "CLIP_MODEL_PRETRAINED") : NULL;

    if (!name || !*name || ay_word_model(name, pretrained ? pretrained : ""))
        return AY_OK;
    return ay_fail(err, AY_EINVAL, "CLIP_MODEL_NAME and CLIP_MODEL_PRETRAINED must be MobileCLIP-S1, -S2 or -B with "
                   "datacompdr, or ViT-B-32 with laion2b_s34b_b79k or openai, not \"%.60s\" with \"%.60s\"; any "
                   "other encoder: the setting model", name, pretrained ? pretrained : "");
}

/* ---- reading */

static void put(ay_word_settings *out, const ay_word_var *v, const char *text)
{
    char *field = (char *)out + v->at;
    double x = 0;

    switch (v->kind) {
    case AY_VAR_TEXT:
    case AY_VAR_SECRET:
    case AY_VAR_WORD:
        memcpy(field, &text, sizeof text);
        break;
    case AY_VAR_SWITCH:
        memcpy(field, &(bool){as_switch(text) == 1}, sizeof(bool));
        break;
    case AY_VAR_WHOLE:
        ay_str_to_double(text, &x);
        memcpy(field, &(int){(int)x}, sizeof(int));
        break;
    case AY_VAR_REAL:
        ay_str_to_double(text, &x);
        memcpy(field, &x, sizeof x);
        break;
    }
}

ay_status ay_word_settings_read(ay_word_settings *out, ay_word_get *get, void *ctx, ay_err *err)
{
    *out = (ay_word_settings){0};
    for (int i = 0; i < ay_word_vars_count; i++) {
        const ay_word_var *v = &ay_word_vars[i];
        const char *text = get ? get(ctx, v->name) : NULL;
        char used[40];
        ay_var_verdict verdict = AY_VAR_RIGHT;
        if (!text || !*text)
            text = v->usual;
        else
            verdict = ay_word_var_check(v, text, used, sizeof used, err);
        if (verdict == AY_VAR_WRONG)
            return AY_EINVAL;
        if (verdict == AY_VAR_CHANGED) {
            ay_log(AY_LOG_WARN, "words", "%s", err->msg);
            text = used;
        }
        if (v->at != NOT_HERE)
            put(out, v, text);
    }
    return check_encoder(get, ctx, err);
}
