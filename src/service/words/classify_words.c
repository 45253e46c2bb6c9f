#include "service/find/ranking.h"
#include "service/memory.h"
#include "service/words/wordy.h"

#include "base/clock.h"
#include "base/mem.h"
#include "index/index.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/* Beside whatever sensitive labels are asked for; and what they compete with. */
static const char *const sensitive[] = {"nsfw content", "adult explicit content"};
static const char *const neutral[] = {
    "family-friendly content", "real life photo",    "portrait photo",   "landscape photo",
    "food photo",              "animal photo",       "product photo",    "document screenshot",
    "website screenshot",      "cartoon",            "anime illustration", "logo design",
    "meme image",              "sports photo",       "beach photo",      "fashion photo"};
enum { NSENSITIVE = 2, NNEUTRAL = 16 };

/* Published prompts: CLIP's usual one, and the seven of its README that do best together on ImageNet. */
static const char *const one_template[] = {"a photo of a {}."};
static const char *const seven_templates[] = {
    "itap of a {}.", "a bad photo of the {}.", "a origami {}.", "a photo of the large {}.",
    "a {} in a video game.", "art of the {}.", "a photo of the small {}."};

typedef struct {
    ay_service *s;
    ay_wordy *w;
    const ay_word_request *q;
    ay_arena *a;
    ay_word_answer *out;
    const char *const *templates; /* ntemplates 0: labels as they stand */
    int ntemplates, dim;
    float *picture; /* dim */
    float *labels;  /* n * dim */
} asking;

static ay_status texts_to(asking *k, const char *const *texts, int n, float *dst, ay_err *err)
{
    return ay_wordy_embed(k->s, texts, n, dst, err);
}

static double dot(const asking *k, const float *a, const float *b)
{
    double sum = 0;

    for (int i = 0; i < k->dim; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* Logits of the picture and n texts as they stand. */
static ay_status logits_of(asking *k, const char *const *texts, int n, double *out, ay_err *err)
{
    float *v = ay_arena_alloc(k->a, (size_t)n * (size_t)k->dim * sizeof *v);
    ay_status status = v ? texts_to(k, texts, n, v, err) : ay_fail(err, AY_ENOMEM, "%d texts", n);

    for (int i = 0; i < n && status == AY_OK; i++)
        out[i] = k->w->scale * dot(k, k->picture, v + (size_t)i * (size_t)k->dim);
    return status;
}

/* ---- labels */

static ay_status own_templates(asking *k, ay_err *err)
{
    ay_labels list;
    ay_status status = ay_labels_parse(&list, k->q->templates, AY_TEMPLATES_MOST, NULL, k->a, err);

    if (status == AY_OK && list.dropped)
        status = ay_fail(err, AY_EINVAL, "more than %d", AY_TEMPLATES_MOST);
    for (int i = 0; i < list.n && status == AY_OK; i++)
        if (!strstr(list.item[i], "{}"))
            status = ay_fail(err, AY_EINVAL, "number %d has no {} for the label", i + 1);
    if (status != AY_OK)
        ay_err_wrap(err, "the templates");
    k->templates = list.item;
    k->ntemplates = list.n;
    return status;
}

/* A list of words has no use for sentences: their words would only move all labels alike. */
static ay_status choose_templates(asking *k, ay_err *err)
{
    const char *word = k->q->templates ? k->q->templates : "";

    if (!*word || strcmp(word, "none") == 0)
        return AY_OK;
    if (*word == '[')
        return own_templates(k, err);
    k->templates = strcmp(word, "photo") == 0 ? one_template : seven_templates;
    k->ntemplates = strcmp(word, "photo") == 0 ? 1 : 7;
    if (k->ntemplates == 7 && strcmp(word, "seven") != 0)
        return ay_fail(err, AY_EINVAL, "'templates' is none, photo, seven, or a JSON array of texts with {}");
    return AY_OK;
}

/* One template for all labels, added to what the others gave. */
static ay_status add_template(asking *k, const char *form, float *v, ay_err *err)
{
    const ay_labels *l = &k->out->labels;
    const char **texts = ay_arena_alloc(k->a, (size_t)l->n * sizeof *texts), *hole = strstr(form, "{}");
    ay_status status;

    for (int i = 0; texts && i < l->n; i++)
        if (!(texts[i] = ay_arena_printf(k->a, "%.*s%s%s", (int)(hole - form), form, l->item[i], hole + 2)))
            texts = NULL;
    status = texts ? texts_to(k, texts, l->n, v, err) : ay_fail(err, AY_ENOMEM, "%d labels", l->n);
    for (size_t i = 0; status == AY_OK && i < (size_t)l->n * (size_t)k->dim; i++)
        k->labels[i] += v[i];
    return status;
}

static ay_status embed_labels(asking *k, ay_err *err)
{
    int n = k->out->labels.n;
    size_t bytes = (size_t)n * (size_t)k->dim * sizeof(float);
    float *one = NULL;
    ay_status status = AY_OK;

    k->labels = ay_arena_alloc(k->a, bytes + 1);
    if (!k->labels || (k->ntemplates && !(one = ay_arena_alloc(k->a, bytes))))
        return ay_fail(err, AY_ENOMEM, "%d labels", n);
    if (k->ntemplates == 0)
        return texts_to(k, k->out->labels.item, n, k->labels, err);
    for (int t = 0; t < k->ntemplates && status == AY_OK; t++)
        status = add_template(k, k->templates[t], one, err);
    for (int i = 0; i < n && status == AY_OK; i++) {
        float *v = k->labels + (size_t)i * (size_t)k->dim;
        if (!ay_unit(v, v, k->dim))
            status = ay_fail(err, AY_EINVAL, "the templates cancel each other out for \"%.60s\"",
                             k->out->labels.item[i]);
    }
    return status;
}

static ay_status read_theme(asking *k, ay_err *err)
{
    ay_words_text known = {0};
    ay_status status = AY_OK;

    if (*k->out->theme)
        status = ay_wordy_fault(ay_sift_one(&k->w->reader, k->out->theme, k->a, &known, err), err);
    k->out->theme_known = known.known > 0;
    return status;
}

static ay_status read_labels(asking *k, ay_err *err)
{
    const char *text = k->q->labels;
    ay_labels all = k->w->defaults;
    ay_status status = AY_OK;

    if (text && *text)
        status = ay_labels_parse(&all, text, k->w->set.max_labels, &k->out->sent, k->a, err);
    if (status == AY_OK)
        status = choose_templates(k, err);
    if (status == AY_OK)
        status = ay_wordy_fault(ay_sift(&k->w->reader, &all, k->a, &k->out->sifted, err), err);
    if (k->w->closed)
        k->ntemplates = 0;
    k->out->labels = k->out->sifted.read;
    return status;
}

/* ---- the picture */

static ay_status embed_picture(asking *k, ay_err *err)
{
    const ay_image *list[1];
    ay_image im;
    ay_status status = ay_image_decode(k->q->bytes, k->q->n, &k->s->limits, &im, err);

    if (status != AY_OK)
        return status;
    list[0] = &im;
    status = ay_service_embed(k->s, list, 1, k->picture, err);
    ay_image_fini(&im);
    return status;
}

static ay_status see(asking *k, ay_err *err)
{
    ay_status status = ay_wordy_load(k->s, err);

    if (status != AY_OK)
        return status;
    k->out->mime = ay_image_format_mime(ay_image_sniff(k->q->bytes, k->q->n));
    ay_sha256_bytes(k->q->bytes, k->q->n, k->out->sha256);
    k->out->claim_wrong = k->q->claimed && *k->q->claimed &&
                          strcasecmp(k->q->claimed, k->out->sha256) != 0;
    k->out->known = ay_wordy_find(k->w, k->out->sha256, k->picture);
    if (!k->out->known)
        status = embed_picture(k, err);
    if (status == AY_OK)
        ay_wordy_keep(k->s, k->out->sha256, k->q->asset ? k->q->asset : "", k->picture);
    return status;
}

/* ---- scores */

/* What people said of this picture and theme, as of now. */
static ay_status weigh(asking *k, ay_err *err)
{
    int64_t now = ay_clock_wall();
    ay_store_verdict *list = NULL;
    size_t n = 0;
    ay_status status = AY_OK;

    if (k->w->set.adaptive && *k->out->theme)
        status = ay_store_verdict_list(k->s->store, k->out->sha256, k->out->theme, 0, AY_VERDICTS_WEIGHED,
                                       k->a, &list, &n, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        ay_evidence_add(&k->out->evidence, list[i].accepted, (double)(now - list[i].at_us) / 86400e6,
                        &k->w->set.affinity);
    k->out->posterior = ay_affinity_posterior(&k->out->evidence);
    k->out->weight = ay_affinity_weight(&k->out->evidence, &k->w->set.affinity);
    return status;
}

/* A theme without a known word is related to nothing; verdicts about it then move nothing. */
static ay_status boosts(asking *k, double *boost, ay_err *err)
{
    const ay_labels *l = &k->out->labels;
    size_t row = (size_t)k->dim * sizeof(float);
    float *plain = ay_arena_alloc(k->a, (size_t)l->n * row), *theme = ay_arena_alloc(k->a, row);
    ay_status status;

    if (!plain || !theme)
        return ay_fail(err, AY_ENOMEM, "%d labels", l->n);
    for (int i = 0; i < l->n; i++)
        boost[i] = 1;
    if (!k->out->theme_known)
        return AY_OK;
    status = texts_to(k, &k->out->theme, 1, theme, err);
    if (status == AY_OK)
        status = texts_to(k, l->item, l->n, plain, err);
    for (int i = 0; i < l->n && status == AY_OK; i++)
        boost[i] = dot(k, theme, plain + (size_t)i * (size_t)k->dim);
    if (status == AY_OK) {
        ay_affinity_relate(boost, l->n, boost);
        ay_affinity_boost(boost, l->n, k->out->weight, &k->w->set.affinity, boost);
    }
    return status;
}

static ay_status judge(asking *k, double *logits, ay_err *err)
{
    ay_zeroshot_rules rules = {k->w->set.top, k->w->set.entropy_most, k->w->set.normalized_most};
    size_t n = (size_t)k->out->labels.n;
    ay_zeroshot_item *items = ay_arena_alloc(k->a, n * sizeof *items);
    double *boost = ay_arena_alloc(k->a, n * sizeof *boost);
    ay_status status = AY_OK;

    if (!items || !boost)
        return ay_fail(err, AY_ENOMEM, "%zu labels", n);
    for (size_t i = 0; i < n; i++)
        logits[i] = k->w->scale * dot(k, k->picture, k->labels + i * (size_t)k->dim);
    if (k->out->weight != 0)
        status = boosts(k, boost, err);
    if (status == AY_OK)
        ay_zeroshot_judge(logits, k->out->weight != 0 ? boost : NULL, (int)n, &rules, items,
                          &k->out->judged);
    return status;
}

static double first_sensitive(const asking *k)
{
    const ay_zeroshot *z = &k->out->judged;

    for (int l = 0; l < k->out->labels.n; l++) {
        if (!ay_label_sensitive(k->out->labels.item[l]))
            continue;
        for (int i = 0; i < z->n; i++)
            if (z->items[i].label == l)
                return z->items[i].score;
    }
    return 0;
}

/* The share of all sensitive labels, the built-in and the asked ones, against the neutral set.  A list of
 * words learnt from harmless pictures cannot tell, and says so. */
static ay_status judge_nsfw(asking *k, ay_err *err)
{
    const ay_labels *l = &k->out->labels;
    const char **texts = ay_arena_alloc(k->a, (size_t)(l->n + NSENSITIVE) * sizeof *texts);
    double *logits = ay_arena_alloc(k->a, (size_t)(l->n + NSENSITIVE) * sizeof *logits), other[NNEUTRAL];
    int n = NSENSITIVE;
    ay_status status;

    if (k->w->closed || k->q->nsfw_by_label) {
        k->out->nsfw = k->w->closed ? -1 : first_sensitive(k);
        return AY_OK;
    }
    if (!texts || !logits)
        return ay_fail(err, AY_ENOMEM, "%d labels", l->n);
    memcpy(texts, sensitive, sizeof sensitive);
    for (int i = 0; i < l->n; i++)
        if (ay_label_sensitive(l->item[i]) && strcasecmp(l->item[i], sensitive[0]) != 0 &&
            strcasecmp(l->item[i], sensitive[1]) != 0)
            texts[n++] = l->item[i];
    status = logits_of(k, texts, n, logits, err);
    if (status == AY_OK)
        status = logits_of(k, neutral, NNEUTRAL, other, err);
    if (status == AY_OK)
        k->out->nsfw = ay_zeroshot_share(logits, n, other, NNEUTRAL);
    return status;
}

/* Measured where the encoder says how; else against neutral texts, which a list of words cannot read. */
static ay_status judge_none(asking *k, const double *logits, ay_err *err)
{
    double *other = ay_arena_alloc(k->a, (size_t)ay_neutral_text_count * sizeof *other), largest = logits[0];
    int n = k->out->labels.n;
    ay_status status = other ? AY_OK : ay_fail(err, AY_ENOMEM, "neutral texts");

    for (int i = 1; i < n; i++)
        largest = fmax(largest, logits[i]);
    if (k->w->none.known)
        k->out->none = ay_zeroshot_none_measured(&k->w->none, largest / k->w->scale, n);
    else if (!k->w->closed && status == AY_OK) {
        status = logits_of(k, ay_neutral_texts, ay_neutral_text_count, other, err);
        k->out->none = status == AY_OK ? ay_zeroshot_none(logits, n, other, ay_neutral_text_count) : -1;
    }
    return status;
}

static ay_status score(asking *k, ay_err *err)
{
    double *logits = ay_arena_alloc(k->a, ((size_t)k->out->labels.n + 1) * sizeof *logits);
    ay_status status = logits ? weigh(k, err)
                              : ay_fail(err, AY_ENOMEM, "%d labels", k->out->labels.n);

    k->out->none = k->out->nsfw = -1;
    if (k->out->labels.n == 0)
        return status;
    if (status == AY_OK)
        status = embed_labels(k, err);
    if (status == AY_OK)
        status = judge(k, logits, err);
    if (status == AY_OK)
        status = judge_nsfw(k, err);
    return status == AY_OK && k->q->none ? judge_none(k, logits, err) : status;
}

/* The class of a picture that is also a reference picture, of the active data set's if it is in several;
 * NULL: it is none.  The caller holds the lock of galleries. */
static const char *class_of(const ay_service *s, const char *sha256)
{
    const char *name = NULL;

    for (int i = 0; i < s->ngalleries; i++) {
        const ay_gallery *g = s->galleries[i];
        const ay_gallery_item *it = ay_gallery_find(g, sha256);
        if (it && (!name || g->id == s->active))
            name = g->classes[it->klass].name;
    }
    return name;
}

static ay_status find_similar(asking *k, ay_err *err)
{
    const ay_word_settings *set = &k->w->set;
    ay_word_answer *out = k->out;
    ay_status status = ay_wordy_similar(k->w, out->sha256, k->picture,
                                        k->q->similar_threshold ? *k->q->similar_threshold
                                                                : set->similar_threshold,
                                        k->q->similar_limit ? k->q->similar_limit : set->similar_limit,
                                        k->a, &out->similar, &out->nsimilar, err);

    pthread_rwlock_rdlock(&k->s->lock);
    for (int i = 0; i < out->nsimilar && status == AY_OK; i++) {
        const char *name = class_of(k->s, out->similar[i].sha256);
        out->similar[i].klass = name ? ay_arena_strdup(k->a, name) : NULL;
    }
    pthread_rwlock_unlock(&k->s->lock);
    return status;
}

static ay_status check(asking *k, ay_err *err)
{
    const ay_word_request *q = k->q;

    if (q->n == 0)
        return ay_fail(err, AY_EINVAL, "the picture is empty (0 bytes)");
    if (q->asset && strlen(q->asset) > AY_ASSET_MAX)
        return ay_fail(err, AY_EINVAL, "'asset_id' has %zu bytes; %d is the most", strlen(q->asset),
                       AY_ASSET_MAX);
    return ay_theme_normal(q->theme ? q->theme : "", k->a, &k->out->theme, err);
}

/* Under ay_encoder_enter(). */
static ay_status answer(ay_service *s, const ay_word_request *q, ay_arena *a, ay_word_answer *out, ay_err *err)
{
    asking k = {.s = s, .w = s->words, .q = q, .a = a, .out = out, .dim = s->embedder.info->dim};
    ay_status status;

    out->model = s->embedder.info;
    k.picture = ay_arena_alloc(a, (size_t)k.dim * sizeof *k.picture);
    status = k.picture ? check(&k, err) : ay_fail(err, AY_ENOMEM, "classifying a picture");
    if (status == AY_OK)
        status = ay_wordy_pair(s, err);
    if (status == AY_OK)
        status = read_labels(&k, err);
    if (status == AY_OK)
        status = read_theme(&k, err);
    if (status == AY_OK)
        status = see(&k, err);
    if (status == AY_OK)
        status = score(&k, err);
    if (status == AY_OK)
        status = find_similar(&k, err);
    return status;
}

ay_status ay_classify_words(ay_service *s, const ay_word_request *q, ay_arena *a, ay_word_answer *out,
                            ay_err *err)
{
    const ay_word_settings *set = &s->words->set;
    uint64_t begun = ay_clock_mono();
    ay_status status;

    *out = (ay_word_answer){.theme = "", .nsfw_threshold = q->nsfw_threshold ? *q->nsfw_threshold
                                                                           : set->nsfw_threshold};
    ay_encoder_enter(s);
    s->words->used = begun;
    status = answer(s, q, a, out, err);
    ay_encoder_leave(s);
    ay_memory_trim(s);
    out->total_ms = (double)(ay_clock_mono() - begun) / 1e6;
    return status;
}

bool ay_word_ambiguous(const ay_word_answer *w)
{
    return w->judged.n > 0 && (w->judged.ambiguous || w->judged.even);
}

ay_word_saying ay_word_says(const ay_word_answer *w)
{
    return w->judged.n == 0             ? AY_SAYS_NOTHING_KNOWN
           : w->none >= AY_WORDS_NONE   ? AY_SAYS_NONE
           : ay_word_ambiguous(w)       ? AY_SAYS_AMBIGUOUS
                                        : AY_SAYS_BEST;
}

const char *ay_word_saying_name(ay_word_saying s)
{
    static const char *const names[] = {"best", "ambiguous", "none_of_these", "nothing_known"};

    return names[s];
}

const ay_word_settings *ay_service_word_settings(const ay_service *s)
{
    return &s->words->set;
}

const ay_labels *ay_service_default_labels(const ay_service *s)
{
    return &s->words->defaults;
}

bool ay_service_expands(const ay_service *s)
{
    return ay_expand_is_on(s->words->expand);
}

bool ay_service_reads_words(const ay_service *s)
{
    return s->words->reads;
}

/* ---- the real reader */

static ay_status real_info(void *ctx, ay_words_info *out, ay_err *err)
{
    return ay_words_get_info(ctx, out, err);
}

static ay_status real_pair(void *ctx, char digest[AY_SHA256_HEX], ay_err *err)
{
    return ay_words_pair(ctx, digest, err);
}

static ay_status real_examine(void *ctx, const char *text, ay_arena *a, ay_words_text *out, ay_err *err)
{
    return ay_words_examine(ctx, text, a, out, err);
}

static ay_status real_embed(void *ctx, const char *const *texts, int n, float *dst, ay_err *err)
{
    return ay_words_embed(ctx, texts, n, dst, err);
}

static const char *real_name(void *ctx, int i)
{
    return ay_words_name(ctx, i);
}

static size_t real_memory(void *ctx)
{
    return ay_words_memory(ctx);
}

static bool real_can(void *ctx)
{
    return ay_words_can(ctx);
}

static bool real_unload(void *ctx)
{
    return ay_words_unload(ctx);
}

ay_word_reader ay_word_reader_of_words(ay_words *w)
{
    return (ay_word_reader){.ctx = w, .info = real_info, .pair = real_pair, .embed = real_embed, .examine = real_examine,
                            .name = real_name, .memory = real_memory, .unload = real_unload, .can = real_can};
}
