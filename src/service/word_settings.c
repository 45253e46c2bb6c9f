/* service/word_settings.c - the settings of classification by words, with their old names. */
#include "service/classify_words.h"

#include "base/str.h"

#include <math.h>
#include <strings.h>

typedef const char *getter(const char *name);

static ay_status real(getter *get, const char *name, double lo, double hi, double usual, double *out,
                      ay_err *err)
{
    const char *text = get(name);

    *out = usual;
    if (!text || !*text)
        return AY_OK;
    if (!ay_str_to_double(text, out) || !isfinite(*out))
        return ay_fail(err, AY_EINVAL, "%s must be a number, such as %g, and not \"%.60s\"", name, usual,
                       text);
    *out = fmin(fmax(*out, lo), hi);
    return AY_OK;
}

static ay_status whole(getter *get, const char *name, int lo, int hi, int usual, int *out, ay_err *err)
{
    double v;
    ay_status status = real(get, name, lo, hi, usual, &v, err);

    if (status == AY_OK && v != floor(v))
        return ay_fail(err, AY_EINVAL, "%s must be a whole number, such as %d", name, usual);
    *out = (int)v;
    return status;
}

/* Words that are neither yes nor no leave it on, as before: every switch is on by default. */
static bool is_on(getter *get, const char *name)
{
    static const char *const no[] = {"0", "false", "no", "n", "off"};
    const char *text = get(name);

    for (size_t i = 0; text && i < sizeof no / sizeof *no; i++)
        if (strcasecmp(text, no[i]) == 0)
            return false;
    return true;
}

static const char *text(getter *get, const char *name)
{
    const char *v = get(name);

    return v ? v : "";
}

static ay_status read_affinity(ay_affinity_rules *r, getter *get, ay_err *err)
{
    ay_status status = real(get, "ADAPTIVE_ALPHA", 0, 10, 0.4, &r->alpha, err);

    if (status == AY_OK)
        status = real(get, "AFFINITY_WEIGHT_CAP", 0, 1, 0.85, &r->cap, err);
    if (status == AY_OK)
        status = real(get, "AFFINITY_LOG_SCALE", 0.1, 1e6, 4, &r->log_scale, err);
    if (status == AY_OK)
        status = real(get, "AFFINITY_HALF_LIFE_DAYS", 0, 1e6, 180, &r->half_life_days, err);
    r->logarithm = is_on(get, "ENABLE_AFFINITY_LOG_SCALING");
    return status;
}

static ay_status read_similar(ay_word_settings *s, getter *get, ay_err *err)
{
    ay_status status = real(get, "SIMILARITY_THRESHOLD", -1, 1, 0.85, &s->similar_threshold, err);

    if (status == AY_OK)
        status = whole(get, "SIMILARITY_LIMIT", 1, 100, 25, &s->similar_limit, err);
    if (status == AY_OK)
        status = whole(get, "SIMILARITY_SCAN_LIMIT", 100, 20000, 3000, &s->similar_scan, err);
    return status;
}

ay_status ay_word_settings_read(ay_word_settings *out, const char *(*get)(const char *name), ay_err *err)
{
    ay_status status;

    *out = (ay_word_settings){.labels = text(get, "CLIP_DEFAULT_LABELS_JSON"),
                              .labels_path = text(get, "CLIP_DEFAULT_LABELS_PATH"),
                              .cache = is_on(get, "ENABLE_EMBEDDING_CACHE"),
                              .similar = is_on(get, "ENABLE_CLUSTERING"),
                              .adaptive = is_on(get, "ENABLE_ADAPTIVE_SCORING")};
    status = whole(get, "CLIP_MAX_LABELS", 5, AY_LABELS_MOST, AY_LABELS_USUAL, &out->max_labels, err);
    if (status == AY_OK)
        status = whole(get, "CLIP_TOP_K", 1, 20, 5, &out->top, err);
    if (status == AY_OK)
        status = real(get, "ENTROPY_THRESHOLD", 0, 1e6, 2.5, &out->entropy_most, err);
    if (status == AY_OK)
        status = real(get, "ENTROPY_NORMALIZED_THRESHOLD", 0, 1, 0.76, &out->normalized_most, err);
    if (status == AY_OK)
        status = real(get, "NSFW_THRESHOLD", 0, 1, 0.6, &out->nsfw_threshold, err);
    if (status == AY_OK)
        status = read_affinity(&out->affinity, get, err);
    return status == AY_OK ? read_similar(out, get, err) : status;
}
