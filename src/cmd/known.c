#include "cmd/known.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "engine/words.h"
#include "net/fetch.h"
#include "net/presets.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { TEXTS = 16, PICTURE_BYTES = 4 << 20, FETCH_MS = 30000 };

/* Half-precision arithmetic moves a probability by about this much, rounding in f32 by less. */
static const double allowed_f32 = 0.002, allowed_bf16 = 0.02;

typedef struct {
    char picture[AY_HUB_PATH];
    char text[TEXTS][256];
    double probability[TEXTS];
    int n;
} answer;

/* OpenAI's, from the page of their repository. */
static const char clip_preset[] = "vit-b-32-openai";
static const char clip_url[] = "https://raw.githubusercontent.com/openai/CLIP/main/CLIP.png";
static const char clip_sha256[] = "308a3ca4503f1c7a07803916c369d78c4ef501e5ab7fc727da9b5e1d2f9ec85b";
static const struct {
    const char *text;
    double probability;
} clip_answer[] = {{"a diagram", 0.9927937}, {"a dog", 0.00421068}, {"a cat", 0.00299572}};

static ay_status check_file(void *ctx, const char *path, ay_err *err)
{
    const char *name = strrchr(path, '/') + 1;
    int *wrong = ctx;
    ay_err why;
    ay_status status = ay_hub_check(path, &why);

    (void)err;
    if (status == AY_EUNSUPPORTED)
        return AY_OK; /* no file of the cache */
    printf("%-5s digest           %s\n", status == AY_OK ? "ok" : "WRONG", name);
    if (status != AY_OK) {
        fprintf(stderr, "assay: %s\n", why.msg);
        ++*wrong;
    }
    return AY_OK;
}

/* The folder that word stands for; false when it is not one. */
static bool folder_of(const char *word, char path[AY_HUB_PATH])
{
    char *slash;

    if (ay_model_locate(word, path, NULL) != AY_OK || !ay_file_exists(path))
        return false;
    slash = strrchr(path, '/');
    if (!ay_file_is_dir(path) && slash)
        *slash = '\0';
    return ay_file_is_dir(path);
}

ay_status ay_known_files(const char *word, int *wrong, ay_err *err)
{
    char folder[AY_HUB_PATH];

    /* Only a pulled model by its name: a folder of one's own has no digests to check against. */
    if (ay_file_exists(word) || !folder_of(word, folder))
        return AY_OK;
    return ay_file_walk(folder, check_file, wrong, err);
}

/* Fetch the picture unless it is here; AY_ENOTFOUND says why there is none. */
static ay_status clip_picture(const ay_args *a, char path[AY_HUB_PATH], ay_err *err)
{
    char data[4096], folder[4200], hex[AY_SHA256_HEX];
    ay_buf bytes = {0};
    ay_fetch_reply reply;
    ay_hub hub;
    ay_status status;

    ay_config_data_dir(&a->config, data, sizeof data);
    snprintf(folder, sizeof folder, "%.3900s/known", data);
    snprintf(path, AY_HUB_PATH, "%.4000s/CLIP.png", folder);
    if (ay_sha256_file(path, hex, NULL) == AY_OK && strcmp(hex, clip_sha256) == 0)
        return AY_OK;
    status = ay_hub_settings(&hub, err);
    if (status == AY_OK && hub.offline)
        return ay_fail(err, AY_ENOTFOUND, "offline, and the picture %s is not here", path);
    if (status == AY_OK)
        status = ay_fetch_text(&(ay_fetch_request){.url = clip_url, .timeout_ms = FETCH_MS,
                                                   .max_bytes = PICTURE_BYTES}, &bytes, &reply, err);
    if (status == AY_OK)
        status = ay_fetch_expect(&reply, err);
    if (status == AY_OK) {
        ay_sha256_bytes(bytes.data ? bytes.data : "", bytes.len, hex);
        if (strcmp(hex, clip_sha256) != 0)
            status = ay_fail(err, AY_ECORRUPT, "%s is another picture than the one of the published answer", clip_url);
    }
    if (status == AY_OK)
        status = ay_file_mkdirs(folder, err);
    if (status == AY_OK)
        status = ay_file_write(path, bytes.data, bytes.len, err);
    ay_buf_fini(&bytes);
    return status == AY_OK ? AY_OK : AY_ENOTFOUND;
}

static ay_status fill_answer(const json_t *o, const char *folder, answer *out, ay_err *err)
{
    const json_t *texts = json_object_get(o, "texts"), *values = json_object_get(o, "probabilities");
    const char *picture = json_string_value(json_object_get(o, "picture"));

    out->n = (int)json_array_size(texts);
    if (!picture || !ay_hub_file_valid(picture) || out->n < 2 || out->n > TEXTS ||
        json_array_size(values) != (size_t)out->n)
        return ay_fail(err, AY_ECORRUPT, "%.300s/known-words.json wants picture, texts and as many probabilities, "
                       "2 to %d", folder, TEXTS);
    snprintf(out->picture, sizeof out->picture, "%.3800s/%s", folder, picture);
    for (int i = 0; i < out->n; i++) {
        const char *s = json_string_value(json_array_get(texts, (size_t)i));
        const json_t *v = json_array_get(values, (size_t)i);
        if (!s || strlen(s) >= sizeof out->text[i] || !json_is_number(v))
            return ay_fail(err, AY_ECORRUPT, "%.300s/known-words.json: text or probability %d is none", folder, i + 1);
        snprintf(out->text[i], sizeof out->text[i], "%s", s);
        out->probability[i] = json_number_value(v);
    }
    return AY_OK;
}

static ay_status read_answer(const char *folder, answer *out, ay_err *err)
{
    char path[AY_HUB_PATH];
    json_error_t where;
    ay_buf text = {0};
    json_t *o = NULL;
    ay_status status;

    snprintf(path, sizeof path, "%.4000s/known-words.json", folder);
    status = ay_file_read(path, 1 << 20, &text, err);
    if (status == AY_OK) {
        o = json_loadb(text.data ? text.data : "", text.len, 0, &where);
        status = o ? fill_answer(o, folder, out, err)
                   : ay_fail(err, AY_ECORRUPT, "%.300s:%d: %s", path, where.line, where.text);
    }
    json_decref(o);
    ay_buf_fini(&text);
    return status;
}

/* AY_ENOTFOUND with an empty message: there is no published answer for this model. */
static ay_status find_answer(const ay_args *a, const char *word, const char *folder, answer *out, ay_err *err)
{
    char path[AY_HUB_PATH];

    err->msg[0] = '\0';
    snprintf(path, sizeof path, "%.4000s/known-words.json", folder);
    if (ay_file_exists(path))
        return read_answer(folder, out, err);
    if (!ay_preset_find(word) || strcmp(ay_preset_find(word)->name, clip_preset) != 0)
        return AY_ENOTFOUND;
    out->n = (int)(sizeof clip_answer / sizeof *clip_answer);
    for (int i = 0; i < out->n; i++) {
        snprintf(out->text[i], sizeof out->text[i], "%s", clip_answer[i].text);
        out->probability[i] = clip_answer[i].probability;
    }
    return clip_picture(a, out->picture, err);
}

static ay_status embed_picture(ay_engine *engine, const char *path, float *dst, ay_err *err)
{
    const ay_image *list[1];
    ay_image image;
    ay_status status = ay_image_load(path, NULL, &image, err);

    if (status != AY_OK)
        return status;
    list[0] = &image;
    status = ay_engine_embed(engine, list, 1, dst, err);
    ay_image_fini(&image);
    return status;
}

/* softmax(scale * cosines) into p. */
static ay_status probabilities(ay_engine *engine, ay_words *w, const answer *known, double *p, ay_err *err)
{
    const char *texts[TEXTS];
    ay_words_info info;
    float *v = NULL;
    double sum = 0;
    int dim = ay_engine_get_info(engine)->dim;
    ay_status status = ay_words_get_info(w, &info, err);

    if (status == AY_OK && info.dim != dim)
        status = ay_fail(err, AY_ECORRUPT, "pictures become %d numbers and texts %d", dim, info.dim);
    if (status == AY_OK && !(v = ay_calloc((size_t)(known->n + 1) * (size_t)dim, sizeof *v)))
        status = ay_fail(err, AY_ENOMEM, "comparing texts");
    for (int i = 0; i < known->n; i++)
        texts[i] = known->text[i];
    if (status == AY_OK)
        status = embed_picture(engine, known->picture, v, err);
    if (status == AY_OK)
        status = ay_words_embed(w, texts, known->n, v + dim, err);
    for (int i = 0; status == AY_OK && i < known->n; i++) {
        double dot = 0;
        for (int d = 0; d < dim; d++)
            dot += (double)v[d] * (double)v[(i + 1) * dim + d];
        p[i] = exp((double)info.scale * (dot - 1)); /* a cosine is at most 1: no overflow */
        sum += p[i];
    }
    for (int i = 0; status == AY_OK && i < known->n; i++)
        p[i] /= sum;
    ay_free(v);
    return status;
}

static int report(const answer *known, const double *p, bool bf16)
{
    double largest = 0, allowed = bf16 ? allowed_bf16 : allowed_f32;
    bool ok;

    for (int i = 0; i < known->n; i++)
        largest = fmax(largest, fabs(p[i] - known->probability[i]));
    ok = largest <= allowed;
    printf("%-5s published answer largest difference %.2g (at most %g):", ok ? "ok" : "WRONG", largest, allowed);
    for (int i = 0; i < known->n; i++)
        printf(" \"%s\" %.7g (%.7g)", known->text[i], p[i], known->probability[i]);
    putchar('\n');
    return !ok;
}

ay_status ay_known_words(const ay_args *a, const char *word, ay_engine *engine, int *wrong, ay_err *err)
{
    const ay_engine_info *info = ay_engine_get_info(engine);
    static answer known;
    char folder[AY_HUB_PATH];
    double p[TEXTS] = {0};
    ay_words *w = NULL;
    ay_status status;

    if (!folder_of(word, folder))
        return AY_OK;
    status = find_answer(a, word, folder, &known, err);
    if (status == AY_ENOTFOUND) {
        if (err->msg[0])
            printf("-     published answer not compared: %s\n", err->msg);
        return AY_OK;
    }
    if (status == AY_OK)
        status = ay_words_open(&w, folder, &(ay_words_options){.precision = info->precision}, err);
    if (status == AY_OK)
        status = probabilities(engine, w, &known, p, err);
    ay_words_close(w);
    if (status == AY_OK)
        *wrong += report(&known, p, info->precision == AY_PRECISION_BF16);
    return status;
}
