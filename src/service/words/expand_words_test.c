/* From a classified picture to its expansion: which labels are asked about, and which suggestions are put
 * together by an encoder of words that knows two colours. */
#include "net/server_test.h"
#include "service/words/classify_words.h"
#include "service/fake_test.h"

static fake_encoder encoder;
static ay_arena arena;
static ay_err err;
static char asked[4096];

static ay_status colour_embed(void *ctx, const char *const *texts, int n, float *dst, ay_err *e)
{
    (void)ctx, (void)e;
    memset(dst, 0, (size_t)n * FAKE_DIM * sizeof *dst);
    for (int i = 0; i < n; i++)
        dst[i * FAKE_DIM + (strstr(texts[i], "red") ? 48 : 12)] = 1;
    return AY_OK;
}

static ay_status colour_info(void *ctx, ay_words_info *out, ay_err *e)
{
    (void)ctx, (void)e;
    *out = (ay_words_info){.dim = FAKE_DIM, .scale = 5, .closed = true};
    return AY_OK;
}

static ay_status colour_pair(void *ctx, char digest[AY_SHA256_HEX], ay_err *e)
{
    (void)ctx, (void)e;
    memset(digest, 'a', 64);
    digest[64] = '\0';
    return AY_OK;
}

static ay_status colour_examine(void *ctx, const char *text, ay_arena *a, ay_words_text *out, ay_err *e)
{
    (void)ctx, (void)e, (void)a;
    *out = (ay_words_text){.known = strstr(text, "red") || strstr(text, "green")};
    return AY_OK;
}

static void suggest(void *ctx, test_call *c)
{
    static const char body[] =
        "{\"choices\":[{\"message\":{\"content\":\"{\\\"pack_suggestions\\\":[\\\"red things\\\",\\\"autumn\\\","
        "\\\"green parks\\\",\\\"dark red\\\",\\\"spring\\\"]}\"}}]}";

    (void)ctx;
    snprintf(asked, sizeof asked, "%s", c->body);
    test_say(c, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
}

static ay_service *open_words(const char *dir, const char *url)
{
    static ay_word_settings set;
    ay_service_options o = {.data = dir, .serve = true, .word_settings = &set,
                            .words = {.info = colour_info, .pair = colour_pair, .embed = colour_embed, .examine = colour_examine}};
    ay_service *s;

    CHECK_OK(ay_word_settings_read(&set, NULL, NULL, &err), err);
    set.expand.url = url;
    set.expand.gate = false;
    fake_init(&encoder, 'a');
    o.embedder = fake_embedder(&encoder);
    CHECK_OK(ay_service_open(&s, &o, &err), err);
    return s;
}

static bool is(const ay_expand_texts *t, const char *first, const char *second)
{
    return t->n == 1 + (second != NULL) && strcmp(t->item[0], first) == 0 &&
           (!second || strcmp(t->item[1], second) == 0);
}

static void suggestions_that_mean_the_same_are_put_together(void)
{
    const char *dir = fake_folder();
    char url[60];
    ay_buf picture = {0};
    ay_word_answer a;
    ay_expansion e;
    test_server server;
    ay_service *s;

    test_serve(&server, suggest, NULL);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v1", server.port);
    s = open_words(dir, url);
    CHECK(ay_service_expands(s));
    fake_picture(&picture, 0xff0000, 1);
    CHECK_OK(ay_classify_words(s, &(ay_word_request){.bytes = picture.data, .n = picture.len,
                                                     .labels = "green,red,noise"}, &arena, &a, &err), err);
    ay_expand_answer(s, &a, true, &arena, &e);
    CHECK(e.state == AY_EXPAND_OK && strstr(asked, "[\\\"red\\\",\\\"green\\\"]")); /* best first; noise has no score */
    CHECK(e.nclusters == 4 && is(&e.clusters[0], "red things", "dark red") && is(&e.clusters[1], "green parks", NULL));
    CHECK(is(&e.clusters[2], "autumn", NULL) && is(&e.clusters[3], "spring", NULL)); /* it cannot read them */
    ay_expand_answer(s, &a, false, &arena, &e);
    CHECK(e.state == AY_EXPAND_OFF && e.nclusters == 0 && server.calls == 1);
    CHECK_OK(ay_classify_words(s, &(ay_word_request){.bytes = picture.data, .n = picture.len, .labels = "noise"},
                               &arena, &a, &err), err);
    ay_expand_answer(s, &a, true, &arena, &e); /* nothing was judged */
    CHECK(e.state == AY_EXPAND_OFF && server.calls == 1);
    ay_service_close(s);
    test_serve_end(&server);
    ay_buf_fini(&picture);
    ay_arena_fini(&arena);
    fake_folder_gone(dir);
}

TESTS({"suggestions that mean the same are put together", suggestions_that_mean_the_same_are_put_together})
