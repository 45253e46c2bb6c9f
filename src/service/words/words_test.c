/* Classification by words without a network: a reader whose texts are colours.  What a test over HTTP cannot
 * reach: verdicts of long ago, an encoder that does not fit, a store for reading only, settings. */
#include "service/words/classify_words.h"
#include "service/fake_test.h"
#include "store/verdicts.h"

enum { OLD_YEARS = 20 };
static fake_encoder encoder;
static ay_arena arena;
static ay_err err = {{0}};
static char pair_version = 'a';

/* A text's vector is that of a picture in the colour it names. */
static ay_status colour_embed(void *ctx, const char *const *texts, int n, float *dst, ay_err *e)
{
    (void)ctx, (void)e;
    memset(dst, 0, (size_t)n * FAKE_DIM * sizeof *dst);
    for (int i = 0; i < n; i++) {
        int at = strstr(texts[i], "red") ? 48 : strstr(texts[i], "green") ? 12 : 42;
        dst[i * FAKE_DIM + at] = 1;
    }
    return AY_OK;
}

static bool closed;

static ay_status colour_info(void *ctx, ay_words_info *out, ay_err *e)
{
    (void)ctx, (void)e;
    *out = (ay_words_info){.dim = FAKE_DIM, .scale = 0.2f, .closed = closed};
    return AY_OK;
}

static ay_status colour_pair(void *ctx, char digest[AY_SHA256_HEX], ay_err *e)
{
    (void)ctx, (void)e;
    memset(digest, pair_version, 64);
    digest[64] = '\0';
    return AY_OK;
}

/* Of a text's words only those of colours are known. */
static ay_status colour_examine(void *ctx, const char *text, ay_arena *a, ay_words_text *out, ay_err *e)
{
    char *copy = ay_arena_strdup(a, text), *word, *rest = copy;

    (void)ctx, (void)e;
    *out = (ay_words_text){.unknown = ay_arena_alloc(a, 8 * sizeof *out->unknown)};
    while ((word = strsep(&rest, " ")))
        if (strcmp(word, "red") == 0 || strcmp(word, "green") == 0)
            out->known++;
        else
            out->unknown[out->nunknown++] = word;
    return AY_OK;
}

static ay_service *open_words(const char *dir)
{
    ay_service_options o = {.data = dir, .wait_reembed = true,
                            .words = {.info = colour_info, .pair = colour_pair, .embed = colour_embed,
                                      .examine = closed ? colour_examine : NULL}};
    ay_service *s;

    fake_init(&encoder, 'a');
    o.embedder = fake_embedder(&encoder);
    CHECK_OK(ay_service_open(&s, &o, &err), err);
    return s;
}

static ay_word_answer ask(ay_service *s, const ay_buf *picture, const char *theme)
{
    ay_word_request q = {.bytes = picture->data, .n = picture->len, .labels = "red,green", .theme = theme};
    ay_word_answer a;

    CHECK_OK(ay_classify_words(s, &q, &arena, &a, &err), err);
    return a;
}

static void a_picture_is_embedded_once(void)
{
    const char *dir = fake_folder();
    ay_service *s = open_words(dir);
    ay_buf picture = {0};
    ay_word_answer a;

    fake_picture(&picture, 0xff0000, 1);
    a = ask(s, &picture, NULL);
    CHECK(!a.known && a.judged.items[0].label == 0 && encoder.calls == 1);
    a = ask(s, &picture, NULL);
    CHECK(a.known && encoder.calls == 1 && a.weight == 0);
    ay_service_close(s);
    s = open_words(dir); /* sets calls to 0 */
    CHECK(ask(s, &picture, NULL).known && encoder.calls == 0);
    ay_service_close(s);
    ay_buf_fini(&picture);
    fake_folder_gone(dir);
}

static void give(ay_service *s, const char *sha256, bool accepted)
{
    ay_word_verdict v;
    bool again;

    CHECK_OK(ay_verdict_give(s, sha256, "green", accepted, NULL, NULL, &arena, &v, &again, &err), err);
    CHECK(!again && strcmp(v.theme, "green") == 0);
}

/* A database whose verdicts are moved back by years. */
static void make_old(const char *dir)
{
    char command[300];

    snprintf(command, sizeof command,
             "sqlite3 '%s/assay.db' \"UPDATE verdict SET at_us = at_us - %lld\" 2> /dev/null", dir,
             OLD_YEARS * 366 * 86400000000LL);
    if (system(command) != 0)
        SKIP("no sqlite3 program");
}

static void verdicts_overturn_the_order_and_fade(void)
{
    const char *dir = fake_folder();
    ay_service *s = open_words(dir);
    ay_buf picture = {0};
    ay_word_answer a;
    double before;

    fake_picture(&picture, 0xff0000, 3);
    a = ask(s, &picture, "green");
    before = a.judged.items[1].score;
    CHECK(a.judged.items[0].label == 0 && a.weight == 0);
    for (int i = 0; i < 20; i++)
        give(s, a.sha256, true);
    a = ask(s, &picture, " Green ");
    CHECK(a.judged.items[0].label == 1 && a.judged.items[0].score > before && a.weight > 0.8);
    ay_service_close(s);
    make_old(dir);
    s = open_words(dir);
    a = ask(s, &picture, "green");
    CHECK(a.weight < 0.01 && a.evidence.accepted < 0.01);
    CHECK(a.judged.items[0].label == 0 && fabs(a.judged.items[1].score - before) < 1e-3);
    ay_service_close(s);
    ay_buf_fini(&picture);
    fake_folder_gone(dir);
}

static void a_tower_of_another_model_is_refused(void)
{
    const char *dir = fake_folder();
    ay_service *s = open_words(dir);
    ay_word_request q = {.labels = "red"};
    ay_buf picture = {0};
    ay_word_answer a;

    fake_picture(&picture, 0x00ff00, 1);
    q.bytes = picture.data;
    q.n = picture.len;
    pair_version = 'z';
    CHECK(ay_classify_words(s, &q, &arena, &a, &err) == AY_ECONFLICT && encoder.calls == 0);
    pair_version = 'a';
    CHECK_OK(ay_classify_words(s, &q, &arena, &a, &err), err);
    q.n = 0;
    CHECK(ay_classify_words(s, &q, &arena, &a, &err) == AY_EINVAL);
    ay_service_close(s);
    ay_buf_fini(&picture);
    fake_folder_gone(dir);
}

static void what_is_not_known_gets_no_score(void)
{
    const char *dir = fake_folder();
    ay_service *s;
    ay_buf picture = {0};
    ay_word_request q = {.labels = "gold,a red car,green,gold car", .none = false};
    ay_word_answer a;

    closed = true;
    s = open_words(dir);
    fake_picture(&picture, 0xff0000, 5);
    q.bytes = picture.data;
    q.n = picture.len;
    CHECK_OK(ay_classify_words(s, &q, &arena, &a, &err), err);
    CHECK(a.labels.n == 2 && a.judged.n == 2 && strcmp(a.labels.item[a.judged.items[0].label], "a red car") == 0);
    CHECK(a.sifted.detail[0].nunknown == 2 && strcmp(a.sifted.detail[0].unknown[1], "car") == 0);
    CHECK(a.sifted.detail[1].nunknown == 0);
    CHECK(a.sifted.unread.n == 2 && strcmp(a.sifted.unread.item[1], "gold car") == 0);
    CHECK(a.sifted.nunknown == 3 && strcmp(a.sifted.unknown[0], "gold") == 0);
    CHECK(a.nsfw < 0 && a.none < 0);
    q.labels = "gold,silver";
    CHECK_OK(ay_classify_words(s, &q, &arena, &a, &err), err);
    CHECK(a.judged.n == 0 && a.labels.n == 0 && a.sifted.unread.n == 2 && a.sha256[0]);
    ay_service_close(s);
    closed = false;
    ay_buf_fini(&picture);
    fake_folder_gone(dir);
}

/* A theme that nobody can read moves nothing, however many verdicts name it. */
static void an_unknown_theme_moves_nothing(void)
{
    const char *dir = fake_folder();
    ay_service *s;
    ay_buf picture = {0};
    ay_word_verdict v;
    ay_word_answer a;
    bool again;
    double before;

    closed = true;
    s = open_words(dir);
    fake_picture(&picture, 0xff0000, 6);
    a = ask(s, &picture, "gold");
    before = a.judged.items[0].score;
    for (int i = 0; i < 10; i++)
        CHECK_OK(ay_verdict_give(s, a.sha256, "gold", true, NULL, NULL, &arena, &v, &again, &err), err);
    a = ask(s, &picture, "gold");
    CHECK(a.weight > 0.5 && fabs(a.judged.items[0].score - before) < 1e-9);
    ay_service_close(s);
    closed = false;
    ay_buf_fini(&picture);
    fake_folder_gone(dir);
}

static const char *environment[][2] = {{"CLIP_TOP_K", "99"}, {"CLIP_MAX_LABELS", "2"}, {"NSFW_THRESHOLD", "0.25"},
    {"ENABLE_CLUSTERING", "OFF"}, {"ENABLE_ADAPTIVE_SCORING", "maybe"}, {"SIMILARITY_SCAN_LIMIT", "5"}};

static const char *from_list(void *ctx, const char *name)
{
    (void)ctx;
    for (size_t i = 0; i < sizeof environment / sizeof *environment; i++)
        if (strcmp(environment[i][0], name) == 0)
            return environment[i][1];
    return NULL;
}

static void settings(void)
{
    ay_word_settings s;

    CHECK_OK(ay_word_settings_read(&s, from_list, NULL, &err), err);
    CHECK(s.top == 20 && s.max_labels == 5 && s.nsfw_threshold == 0.25 && s.similar_scan == 100);
    CHECK(!s.similar && s.adaptive && s.cache && s.entropy_most == 2.5 && s.normalized_most == 0.76);
    CHECK(s.affinity.alpha == 0.4 && s.affinity.cap == 0.85 && s.affinity.log_scale == 4);
    environment[0][1] = "many";
    CHECK(ay_word_settings_read(&s, from_list, NULL, &err) == AY_EINVAL && strstr(err.msg, "CLIP_TOP_K"));
    environment[0][1] = "2.5";
    CHECK(ay_word_settings_read(&s, from_list, NULL, &err) == AY_EINVAL);
    environment[0][1] = "99";
}

TESTS({"a picture is embedded once", a_picture_is_embedded_once},
      {"verdicts overturn the order and fade", verdicts_overturn_the_order_and_fade},
      {"a tower of another model is refused", a_tower_of_another_model_is_refused},
      {"what is not known gets no score", what_is_not_known_gets_no_score},
      {"an unknown theme moves nothing", an_unknown_theme_moves_nothing},
      {"settings are brought within limits", settings})
