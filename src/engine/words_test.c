/* Texts to vectors, end to end: vocabulary, tower, cache; against open_clip's answers for a small model
 * with a drawn vocabulary (test/vectors/make_clip_text.py), and everything that can be wrong with a
 * folder or a text. */
#include "engine/words.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "base/thread.h"
#include "models/golden.h"
#include "models/model.h"

#include <jansson.h>
#include <math.h>
#include <pthread.h>

#define TINY "test/vectors/tokenizer-tiny/bpe_simple_vocab_16e6.txt"
#define FOLDER "build/vectors/words"
enum { DIM = 48, TEXTS = 10 };

static ay_golden golden;
static const char *texts[TEXTS];

static void copy_vocabulary(const char *folder)
{
    char path[256];
    ay_buf text = {0};
    ay_err err;

    CHECK_OK(ay_file_read(TINY, 0, &text, &err), err);
    snprintf(path, sizeof path, "%s/bpe_simple_vocab_16e6.txt", folder);
    CHECK_OK(ay_file_write(path, text.data, text.len, &err), err);
    ay_buf_fini(&text);
}

static void load(void)
{
    const json_t *list;
    ay_err err;

    if (golden.json)
        return;
    CHECK_OK(ay_golden_load(&golden, "test/vectors/clip-words-tiny.json", &err), err);
    CHECK(golden.dim == DIM && golden.input[0] == TEXTS);
    list = json_object_get(golden.json, "texts");
    for (size_t i = 0; i < TEXTS; i++)
        texts[i] = json_string_value(json_array_get(list, i));
    CHECK_OK(ay_golden_write_model(&golden, FOLDER, &err), err);
    copy_vocabulary(FOLDER);
}

static ay_words *open_words(const ay_words_options *o)
{
    ay_words *w;
    ay_err err;

    load();
    CHECK_OK(ay_words_open(&w, FOLDER, o, &err), err);
    return w;
}

static void check_rows(const float *rows, double least)
{
    double worst = 1;

    for (int i = 0; i < TEXTS; i++) {
        double dot = 0, norm = 0;
        for (int d = 0; d < DIM; d++) {
            dot += (double)rows[i * DIM + d] * golden.features[i * DIM + d];
            norm += (double)rows[i * DIM + d] * rows[i * DIM + d];
        }
        CHECK(fabs(norm - 1) < 1e-5);
        worst = fmin(worst, dot);
    }
    printf("  least cosine %.9f\n", worst);
    CHECK(worst >= least);
}

static void as_open_clip(void)
{
    static const ay_words_options options[] = {{.precision = AY_PRECISION_F32},
                                               {.precision = AY_PRECISION_F32, .backend = "ref"},
                                               {.precision = AY_PRECISION_AUTO}};
    float rows[TEXTS * DIM];
    ay_words_info info;
    ay_words_stats stats;
    ay_err err;

    for (int k = 0; k < 3; k++) {
        ay_words *w = open_words(&options[k]);
        CHECK_OK(ay_words_embed(w, texts, TEXTS, rows, &err), err);
        CHECK_OK(ay_words_get_info(w, &info, &err), err);
        check_rows(rows, info.precision == AY_PRECISION_BF16 ? 0.999 : 0.99999);
        CHECK(info.dim == DIM && info.context == 40 && ay_sha256_valid(info.digest));
        CHECK(fabsf(info.scale - 10.0f) < 3 && strcmp(info.vocabulary, strrchr(TINY, '/') + 1) == 0);
        ay_words_get_stats(w, &stats);
        CHECK(stats.asked == TEXTS && stats.kept == 0 && stats.cut == 1 && stats.texts == TEXTS);
        ay_words_close(w);
    }
}

/* A text alone, in a list, in another order, from the cache: the same bits. */
static void neighbours_do_not_matter(void)
{
    ay_words *w = open_words(NULL), *other = open_words(NULL);
    float rows[TEXTS * DIM], back[TEXTS * DIM], one[DIM];
    const char *turned[TEXTS];
    ay_words_stats stats;
    ay_err err;

    CHECK_OK(ay_words_embed(w, texts, TEXTS, rows, &err), err);
    for (int i = 0; i < TEXTS; i++) {
        CHECK_OK(ay_words_embed(other, &texts[i], 1, one, &err), err);
        CHECK(memcmp(one, rows + i * DIM, sizeof one) == 0);
        turned[TEXTS - 1 - i] = texts[i];
    }
    CHECK_OK(ay_words_embed(w, turned, TEXTS, back, &err), err);
    for (int i = 0; i < TEXTS; i++)
        CHECK(memcmp(back + (TEXTS - 1 - i) * DIM, rows + i * DIM, sizeof one) == 0);
    ay_words_get_stats(w, &stats);
    CHECK(stats.asked == 2 * TEXTS && stats.kept == TEXTS);
    ay_words_close(w);
    ay_words_close(other);
}

/* One desk or several: the same bits. */
static void threads_do_not_matter(void)
{
    ay_words *w = open_words(&(ay_words_options){.threads = 1});
    float rows[TEXTS * DIM], other[TEXTS * DIM];
    ay_err err;

    CHECK_OK(ay_words_embed(w, texts, TEXTS, rows, &err), err);
    ay_words_close(w);
    for (int threads = 2; threads <= 40; threads *= 3) {
        size_t held;
        w = open_words(&(ay_words_options){.threads = threads});
        CHECK_OK(ay_words_embed(w, texts, TEXTS, other, &err), err);
        CHECK(memcmp(rows, other, sizeof rows) == 0);
        held = ay_words_memory(w);
        CHECK(held > 0 && ay_words_unload(w) && ay_words_memory(w) < held);
        ay_words_close(w);
    }
}

static void the_least_used_goes(void)
{
    /* room for two short texts and not for three */
    ay_words *w = open_words(&(ay_words_options){.memory = 700});
    const char *order[] = {"dog", "a cat", "dog", "a dog", "dog", "a cat"};
    uint64_t kept[] = {0, 0, 1, 1, 2, 2}; /* the third text puts "a cat" out */
    float row[DIM];
    ay_words_stats stats;
    ay_err err;

    for (int i = 0; i < 6; i++) {
        CHECK_OK(ay_words_embed(w, &order[i], 1, row, &err), err);
        ay_words_get_stats(w, &stats);
        CHECK(stats.kept == kept[i] && stats.texts <= 2 && stats.bytes <= 700);
    }
    ay_words_close(w);
}

static void digests_pair(void)
{
    ay_words *w = open_words(NULL);
    char pair[AY_SHA256_HEX];
    ay_words_info info;
    ay_model *image;
    ay_engine *e;
    ay_err err;

    CHECK_OK(ay_words_pair(w, pair, &err), err);
    CHECK_OK(ay_model_open(&image, FOLDER, NULL, &err), err);
    CHECK(strcmp(pair, ay_model_get_info(image)->digest) == 0);
    ay_model_close(image);
    CHECK_OK(ay_engine_open(&e, &(ay_engine_options){.model = FOLDER, .workers = 1}, &err), err);
    CHECK(strcmp(pair, ay_engine_get_info(e)->digest) == 0);
    CHECK(ay_engine_get_info(e)->dim == DIM);
    ay_engine_close(e);
    CHECK_OK(ay_words_get_info(w, &info, &err), err);
    CHECK(strcmp(pair, info.digest) != 0);
    ay_words_close(w);
}

/* ---- many threads ---------------------------------------------------------------------------- */

typedef struct {
    ay_words *w;
    const float *want;
    unsigned seed;
    int wrong;
} caller;

static void *call(void *arg)
{
    caller *c = arg;
    float row[3 * DIM];

    for (int i = 0; i < 40; i++) {
        int at[3];
        const char *list[3];
        for (int k = 0; k < 3; k++) {
            c->seed = c->seed * 1664525 + 1013904223;
            at[k] = (int)(c->seed >> 16) % TEXTS;
            list[k] = texts[at[k]];
        }
        if (ay_words_embed(c->w, list, 3, row, NULL) != AY_OK)
            c->wrong++;
        for (int k = 0; k < 3; k++)
            c->wrong += memcmp(row + k * DIM, c->want + at[k] * DIM, DIM * sizeof *row) != 0;
    }
    return NULL;
}

static void many_threads(void)
{
    ay_words *alone = open_words(NULL);
    ay_words *w = open_words(&(ay_words_options){.memory = 1200}); /* things come and go */
    float rows[TEXTS * DIM];
    caller c[4];
    pthread_t thread[4];
    ay_err err;

    CHECK_OK(ay_words_embed(alone, texts, TEXTS, rows, &err), err);
    for (int i = 0; i < 4; i++) {
        c[i] = (caller){.w = w, .want = rows, .seed = (unsigned)i};
        CHECK_OK(ay_thread_start(&thread[i], "words", call, &c[i], &err), err);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        CHECK(c[i].wrong == 0);
    }
    ay_words_close(w);
    ay_words_close(alone);
}

/* ---- what can be wrong ----------------------------------------------------------------------- */

static void odd_texts(void)
{
    ay_words *w = open_words(NULL);
    const char *list[2] = {"a dog", ""};
    char *many = ay_calloc(20000, 1);
    float rows[2 * DIM];
    ay_words_stats stats;
    ay_err err;

    CHECK(ay_words_embed(w, list, 2, rows, &err) == AY_EINVAL);
    CHECK(strcmp(err.msg, "text 2: the text is blank") == 0);
    list[1] = " \t\xe3\x80\x80\x01 ";
    CHECK(ay_words_embed(w, list, 2, rows, &err) == AY_EINVAL && strstr(err.msg, "blank"));
    list[1] = "caf\xe9";
    CHECK(ay_words_embed(w, list, 2, rows, &err) == AY_EINVAL);
    CHECK(strcmp(err.msg, "text 2: the text is not UTF-8 (byte 4)") == 0);
    memset(many, 'x', 19999);
    list[1] = many;
    CHECK(ay_words_embed(w, list, 2, rows, &err) == AY_ELIMIT && strstr(err.msg, "19999 bytes"));
    ay_words_get_stats(w, &stats);
    CHECK(stats.texts == 0);
    CHECK_OK(ay_words_embed(w, list, 1, rows, &err), err);
    CHECK_OK(ay_words_embed(w, list, 0, rows, &err), err);
    ay_free(many);
    ay_words_close(w);
}

static void odd_folders(void)
{
    static const char none[] = "build/vectors/words-none";
    ay_golden g;
    ay_words *w;
    ay_words_info info;
    ay_err err;

    CHECK(ay_words_open(&w, "build/vectors/nothing-here", NULL, &err) == AY_ENOTFOUND && !w);
    load();
    /* A tower and no words; then words come, and it works. */
    CHECK_OK(ay_golden_write_model(&golden, none, &err), err);
    unlink("build/vectors/words-none/bpe_simple_vocab_16e6.txt");
    CHECK_OK(ay_words_open(&w, none, NULL, &err), err);
    CHECK(!ay_words_can(w) && ay_words_get_info(w, &info, &err) == AY_ENOTFOUND);
    CHECK(strstr(err.msg, "holds no vocabulary") && strstr(err.msg, "tokenizer.json"));
    copy_vocabulary(none);
    CHECK_OK(ay_words_get_info(w, &info, &err), err);
    CHECK(ay_words_can(w));
    ay_words_close(w);
    /* Words and no tower. */
    CHECK_OK(ay_golden_load(&g, "test/vectors/clip-openclip-small.json", &err), err);
    CHECK_OK(ay_golden_write_model(&g, none, &err), err);
    ay_golden_fini(&g);
    CHECK_OK(ay_words_open(&w, none, NULL, &err), err);
    CHECK(!ay_words_can(w) && ay_words_get_info(w, &info, &err) == AY_EUNSUPPORTED && strstr(err.msg, "no text tower"));
    ay_words_close(w);
    /* A tower of 200 words and a vocabulary of 754. */
    CHECK_OK(ay_golden_load(&g, "test/vectors/clip-text-openclip-small.json", &err), err);
    CHECK_OK(ay_golden_write_model(&g, none, &err), err);
    ay_golden_fini(&g);
    CHECK_OK(ay_words_open(&w, none, NULL, &err), err);
    CHECK(ay_words_get_info(w, &info, &err) == AY_ECORRUPT && strstr(err.msg, "754 words"));
    ay_words_close(w);
}

TESTS({"texts as open_clip embeds them", as_open_clip},
      {"neighbours do not matter", neighbours_do_not_matter},
      {"threads do not matter", threads_do_not_matter},
      {"the least used goes first", the_least_used_goes},
      {"the image tower's digest is told", digests_pair},
      {"many threads", many_threads},
      {"texts that are none are named", odd_texts},
      {"folders that cannot read words say why", odd_folders})
