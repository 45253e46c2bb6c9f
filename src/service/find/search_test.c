/* Search over a store with pictures of known colours and a reader whose texts are colours: order, filters,
 * minus words, the cut-off both ways, and what is refused. */
#include "service/words/classify_words.h"
#include "service/fake_test.h"
#include "service/find/search.h"

#include <math.h>

enum { RED = 48, GREEN = 12, BLUE = 3, GREY = 42, EACH = 12 };
static fake_encoder encoder;
static ay_arena arena;
static ay_err err = {{0}};
static char red[EACH][AY_SHA256_HEX], green_sha[AY_SHA256_HEX], red_bytes_sha[AY_SHA256_HEX];
static ay_buf red_picture;

/* A text's vector lies between the colours that it names; one that names none lies where no picture is. */
static ay_status colour_embed(void *ctx, const char *const *texts, int n, float *dst, ay_err *e)
{
    (void)ctx, (void)e;
    memset(dst, 0, (size_t)n * FAKE_DIM * sizeof *dst);
    for (int i = 0; i < n; i++) {
        float *v = dst + i * FAKE_DIM;
        v[RED] = strstr(texts[i], "red") != NULL;
        v[GREEN] = strstr(texts[i], "green") != NULL;
        v[BLUE] = strstr(texts[i], "blue") != NULL;
        v[5] = 0.3f; /* what all texts have in common */
        ay_unit(v, v, FAKE_DIM);
    }
    return AY_OK;
}

static ay_status colour_info(void *ctx, ay_words_info *out, ay_err *e)
{
    (void)ctx, (void)e;
    *out = (ay_words_info){.dim = FAKE_DIM, .scale = 100};
    return AY_OK;
}

/* It does not know purple. */
static ay_status colour_examine(void *ctx, const char *text, ay_arena *a, ay_words_text *out, ay_err *e)
{
    static const char *purple = "purple";

    (void)ctx, (void)a, (void)e;
    *out = (ay_words_text){.known = strcmp(text, purple) != 0, .unknown = &purple,
                           .nunknown = strstr(text, purple) != NULL};
    return AY_OK;
}

static ay_status colour_pair(void *ctx, char digest[AY_SHA256_HEX], ay_err *e)
{
    (void)ctx, (void)e;
    memset(digest, 'a', 64);
    digest[64] = '\0';
    return AY_OK;
}

static void add(ay_service *s, const char *dataset, const char *klass, uint32_t colour, uint64_t seed, char *sha256)
{
    ay_buf b = {0};
    ay_added added;

    fake_picture(&b, colour, seed);
    CHECK_OK(ay_picture_add(s, dataset, klass, "x.png", b.data, b.len, NULL, &arena, &added, &err), err);
    if (sha256)
        memcpy(sha256, added.picture.sha256, AY_SHA256_HEX);
    ay_buf_fini(&b);
}

/* 12 red pictures among 72 of six other colours, a class each; 3 blue ones in a data set of their own. */
static ay_service *open_filled(const char *dir, bool words)
{
    static const uint32_t others[] = {0x808080, 0x404040, 0x80c0c0, 0xc0c040, 0xc040c0, 0x00ff00};
    static const char *const names[] = {"grey", "dark", "pale", "mud", "pink", "leaf"};
    ay_service_options o = {.data = dir, .wait_reembed = true};
    ay_service *s;
    int64_t id;

    if (words)
        o.words = (ay_word_reader){.info = colour_info, .pair = colour_pair, .embed = colour_embed, .examine = colour_examine};
    fake_init(&encoder, 'a');
    o.embedder = fake_embedder(&encoder);
    CHECK_OK(ay_service_open(&s, &o, &err), err);
    CHECK_OK(ay_class_create(s, NULL, "warm", &id, &err), err);
    for (int i = 0; i < 6; i++)
        CHECK_OK(ay_class_create(s, NULL, names[i], &id, &err), err);
    CHECK_OK(ay_dataset_create(s, "second", NULL, &err), err);
    CHECK_OK(ay_class_create(s, "second", "sea", &id, &err), err);
    for (uint64_t i = 0; i < EACH; i++)
        add(s, NULL, "warm", 0xff0000, i, red[i]);
    for (uint64_t i = 0; i < 6 * EACH; i++)
        add(s, NULL, names[i % 6], others[i % 6], 100 + i, i % 6 == 5 ? green_sha : NULL);
    for (uint64_t i = 0; i < 3; i++)
        add(s, "second", "sea", 0x0000ff, 900 + i, NULL);
    fake_picture(&red_picture, 0xff0000, 777);
    ay_sha256_bytes(red_picture.data, red_picture.len, red_bytes_sha);
    return s;
}

static ay_find_answer find(ay_service *s, ay_find_request q)
{
    ay_find_answer a;

    CHECK_OK(ay_find_pictures(s, &q, &arena, &a, &err), err);
    return a;
}

static bool is_red(const char *sha256)
{
    for (int i = 0; i < EACH; i++)
        if (strcmp(red[i], sha256) == 0)
            return true;
    return false;
}

static int count_red(const ay_find_answer *a)
{
    int n = 0;

    for (int i = 0; i < a->n; i++)
        n += is_red(a->items[i].sha256);
    return n;
}

static void words_find_what_they_name(ay_service *s)
{
    ay_find_answer a = find(s, (ay_find_request){.question.words = "something red"});

    CHECK(a.reason == AY_CUT_KEPT && a.n == EACH && count_red(&a) == EACH && a.considered == 7 * EACH);
    for (int i = 0; i < a.n; i++) {
        CHECK(a.items[i].score >= AY_CUT_USUAL && a.items[i].score <= 1 && strcmp(a.items[i].class_name, "warm") == 0);
        CHECK(i == 0 || a.items[i].score <= a.items[i - 1].score);
        CHECK(strcmp(a.items[i].dataset, "main") == 0 && strcmp(a.items[i].file, "x.png") == 0);
    }
    CHECK(a.least == AY_CUT_USUAL && a.best >= a.items[0].score && a.waiting == 0);
    a = find(s, (ay_find_request){.question.words = "red", .limit = 3});
    CHECK(a.n == 3 && count_red(&a) == 3);
}

static void nothing_is_found_where_nothing_is(ay_service *s)
{
    ay_find_answer a = find(s, (ay_find_request){.question.words = "blue"});

    CHECK(a.n == 0 && a.reason == AY_CUT_NOTHING && a.best < AY_CUT_USUAL && strstr(a.text, "Nothing matches"));
    a = find(s, (ay_find_request){.question.words = "blue", .cut = AY_CUT_NONE, .limit = 100});
    CHECK(a.n == 7 * EACH && a.reason == AY_CUT_OFF && a.least == 0);
    a = find(s, (ay_find_request){.question.words = "red", .cut = AY_CUT_SCORE, .least = 0, .limit = 200});
    CHECK(a.n == 7 * EACH && a.reason == AY_CUT_KEPT);
    a = find(s, (ay_find_request){.question.words = "blue", .dataset = "second"});
    CHECK(a.n == 3 && a.reason == AY_CUT_FEW);
    a = find(s, (ay_find_request){.question.words = "blue", .dataset = AY_FIND_ALL});
    CHECK(a.n == 3 && a.reason == AY_CUT_KEPT && strcmp(a.items[0].dataset, "second") == 0);
    a = find(s, (ay_find_request){.question.words = "red", .until_us = 1});
    CHECK(a.n == 0 && a.considered == 0 && a.reason == AY_CUT_EMPTY);
}

static void filters_leave_out(ay_service *s)
{
    ay_find_answer a = find(s, (ay_find_request){.question.words = "red", .klass = "mud"});

    CHECK(a.n == 0 && a.considered == EACH && a.reason == AY_CUT_NOTHING);
    a = find(s, (ay_find_request){.question.words = "red", .klass = "warm"});
    CHECK(a.n == EACH && a.considered == EACH);
    a = find(s, (ay_find_request){.question.words = "red", .since_us = ay_clock_wall() - 3600000000LL});
    CHECK(a.n == EACH);
    a = find(s, (ay_find_request){.question.words = "red", .since_us = ay_clock_wall() + 3600000000LL});
    CHECK(a.considered == 0);
}

static void minus_words_are_taken_off(ay_service *s)
{
    static const char *const minus[] = {"red", " "};
    ay_find_answer a = find(s, (ay_find_request){.question.words = "red green"});

    CHECK(a.n == 2 * EACH && count_red(&a) == EACH);
    a = find(s, (ay_find_request){.question.words = "red green", .question.minus = minus, .question.nminus = 2});
    CHECK(a.n >= EACH - 1 && a.n <= EACH && count_red(&a) == 0);
    a = find(s, (ay_find_request){.question.words = "red", .question.minus = minus, .question.nminus = 1});
    CHECK(a.n == 0 && a.reason == AY_CUT_NOTHING);
}

static void words_that_are_not_known_are_told(ay_service *s)
{
    static const char *const minus[] = {"purple"};
    ay_find_answer a = find(s, (ay_find_request){.question.words = "purple"});

    CHECK(a.n == 0 && a.reason == AY_CUT_UNKNOWN && a.nunknown == 1 && a.considered == 7 * EACH);
    a = find(s, (ay_find_request){.question.words = "purple", .cut = AY_CUT_NONE});
    CHECK(a.n == 0 && a.reason == AY_CUT_UNKNOWN);
    a = find(s, (ay_find_request){.question.words = "red or purple", .question.minus = minus, .question.nminus = 1});
    CHECK(a.n == EACH && a.nunknown == 1 && strcmp(a.unknown[0], "purple") == 0);
    a = find(s, (ay_find_request){.question.words = "purple", .sha256 = red[4]});
    CHECK(a.n == EACH - 1 && a.nunknown == 1);
}

static void pictures_find_pictures(ay_service *s)
{
    ay_find_answer a = find(s, (ay_find_request){.bytes = red_picture.data, .n = red_picture.len});

    CHECK(a.n == EACH && count_red(&a) == EACH && a.items[0].similarity > 0.9f);
    encoder.calls = 0;
    a = find(s, (ay_find_request){.sha256 = red[4]});
    CHECK(encoder.calls == 0 && a.n == EACH - 1 && count_red(&a) == EACH - 1 && a.considered == 7 * EACH - 1);
    for (int i = 0; i < a.n; i++)
        CHECK(strcmp(a.items[i].sha256, red[4]) != 0);
    a = find(s, (ay_find_request){.sha256 = green_sha, .question.words = "red", .cut = AY_CUT_NONE});
    for (int i = 0; i < a.n && i < 2 * EACH - 1; i++)
        CHECK(is_red(a.items[i].sha256) || strcmp(a.items[i].class_name, "leaf") == 0);
}

static double score_of(const ay_find_answer *a, const char *sha256)
{
    for (int i = 0; i < a->n; i++)
        if (strcmp(a->items[i].sha256, sha256) == 0)
            return a->items[i].score;
    return -1;
}

/* A picture goes, and the last one takes its row: what is usual for that one goes with it, without learning anew. */
static void what_is_usual_follows_a_picture(ay_service *s)
{
    char other[AY_SHA256_HEX], undo[AY_UNDO_SIZE];
    ay_find_answer a = find(s, (ay_find_request){.sha256 = green_sha, .cut = AY_CUT_NONE, .limit = 5});
    double before, after;

    memcpy(other, a.items[0].sha256, sizeof other);
    a = find(s, (ay_find_request){.sha256 = other, .cut = AY_CUT_NONE, .limit = 200});
    before = score_of(&a, green_sha);
    CHECK_OK(ay_picture_delete(s, NULL, red[0], undo, &err), err);
    a = find(s, (ay_find_request){.sha256 = other, .cut = AY_CUT_NONE, .limit = 200});
    after = score_of(&a, green_sha);
    CHECK(before > 0 && fabs(after - before) < 2e-5);
}

static void is_refused(ay_service *s, ay_find_request q, ay_status want, const char *word)
{
    ay_find_answer a;

    CHECK(ay_find_pictures(s, &q, &arena, &a, &err) == want);
    CHECK(strstr(err.msg, word) != NULL);
}

static void what_cannot_be_is_refused(ay_service *s)
{
    static const char *const minus[] = {"red"};
    char missing[AY_SHA256_HEX] = "";

    memset(missing, '0', 64);
    is_refused(s, (ay_find_request){.question.words = "  "}, AY_EINVAL, "nothing to search with");
    is_refused(s, (ay_find_request){.question.minus = minus, .question.nminus = 1}, AY_EINVAL, "minus words need");
    is_refused(s, (ay_find_request){.question.words = "red", .limit = AY_FIND_MOST + 1}, AY_EINVAL, "limit");
    is_refused(s, (ay_find_request){.question.words = "red", .cut = AY_CUT_SCORE, .least = 1.5}, AY_EINVAL, "cutoff");
    is_refused(s, (ay_find_request){.question.words = "\xff"}, AY_EINVAL, "UTF-8");
    is_refused(s, (ay_find_request){.sha256 = "abc"}, AY_EINVAL, "sha256");
    is_refused(s, (ay_find_request){.sha256 = missing}, AY_ENOTFOUND, "");
    is_refused(s, (ay_find_request){.sha256 = red[0], .bytes = "x", .n = 1}, AY_EINVAL, "not both");
    is_refused(s, (ay_find_request){.bytes = "no picture", .n = 10}, AY_EUNSUPPORTED, "");
    is_refused(s, (ay_find_request){.question.words = "red", .dataset = "nowhere"}, AY_ENOTFOUND, "nowhere");
    is_refused(s, (ay_find_request){.question.words = "red", .klass = "nothing"}, AY_ENOTFOUND, "nothing");
}

static void search(void)
{
    const char *dir = fake_folder();
    ay_service *s = open_filled(dir, true);

    words_find_what_they_name(s);
    nothing_is_found_where_nothing_is(s);
    filters_leave_out(s);
    minus_words_are_taken_off(s);
    words_that_are_not_known_are_told(s);
    pictures_find_pictures(s);
    what_cannot_be_is_refused(s);
    what_is_usual_follows_a_picture(s);
    ay_service_close(s);
    ay_buf_fini(&red_picture);
    fake_folder_gone(dir);
}

static void without_words_pictures_are_found_still(void)
{
    const char *dir = fake_folder();
    ay_service *s = open_filled(dir, false);
    ay_find_answer a = find(s, (ay_find_request){.bytes = red_picture.data, .n = red_picture.len});

    CHECK(a.n == EACH && count_red(&a) == EACH);
    is_refused(s, (ay_find_request){.question.words = "red"}, AY_ECONFLICT, "assay model pull");
    ay_service_close(s);
    ay_buf_fini(&red_picture);
    fake_folder_gone(dir);
}

/* Page after page is the list that one question gets, and what a filter leaves is all found. */
static void parts_make_the_whole(void)
{
    const char *dir = fake_folder();
    ay_picture_filter f = {.n = 0};
    ay_service *s;
    ay_find_answer whole, part, none;

    s = open_filled(dir, true);
    for (int cut = 0; cut < 2; cut++) {
        ay_find_request q = {.question.words = "red", .cut = cut ? AY_CUT_NONE : AY_CUT_AUTO, .limit = AY_FIND_MOST};
        whole = find(s, q);
        CHECK(whole.total == (size_t)whole.n && whole.offset == 0 && whole.n == (cut ? 7 * EACH : EACH));
        for (q.offset = 0, q.limit = 5; q.offset < whole.n; q.offset += 5) {
            part = find(s, q);
            CHECK(part.total == whole.total && part.offset == q.offset && part.considered == whole.considered && part.reason == whole.reason);
            CHECK(part.n == (whole.n - q.offset < 5 ? whole.n - q.offset : 5));
            for (int i = 0; i < part.n; i++)
                CHECK(strcmp(part.items[i].sha256, whole.items[q.offset + i].sha256) == 0 && part.items[i].score == whole.items[q.offset + i].score);
        }
        q.offset = 1000;
        none = find(s, q);
        CHECK(none.n == 0 && none.total == whole.total && none.reason == whole.reason);
    }
    CHECK_OK(ay_filter_words(&f, &arena, "-class:warm format:png min-side:2", &err), err);
    whole = find(s, (ay_find_request){.question.words = "green", .filter = &f, .cut = AY_CUT_NONE, .limit = AY_FIND_MOST});
    CHECK(whole.considered == 6 * EACH && whole.n == 6 * EACH && count_red(&whole) == 0);
    CHECK(ay_find_pictures(s, &(ay_find_request){.question.words = "red", .offset = -1}, &arena, &part, &err) == AY_EINVAL);
    ay_service_close(s);
    ay_arena_fini(&arena);
    fake_folder_gone(dir);
}

TESTS({"search by words, by picture, with filters and minus words", search},
      {"without words pictures are found still", without_words_pictures_are_found_still},
      {"parts make the whole", parts_make_the_whole})
