/* A table of four directions made here, so that every number can be computed by hand; then the embedded one. */
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "engine/words_small.h"
#include "tensor/safetensors.h"

#include <math.h>

#define FOLDER "build/vectors/words-small"
enum { DIM = 4 };

static ay_err err;
static ay_arena arena;

static const char good[] =
    "{\"format\": 1, \"name\": \"test\", \"encoder\": "
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"dim\": 4, \"scale\": 20, "
    "\"colour_weight\": 0.5, \"none\": {\"constant\": 1, \"cosine\": -4, \"log_labels\": 0.5}, "
    "\"rows\": [\"car\", \"mobile phone\", \"orange\", \"orange colour\"], \"colours\": [\"orange colour\"], "
    "\"also\": {\"automobile\": \"car\", \"knife\": \"mobile phone\"}, \"say\": [\"a\", \"of\", \"photo\"]}";

/* Row i is the i-th axis. */
static void write_rows(int n)
{
    uint16_t h[8 * DIM] = {0};
    ay_named_tensor t = {"words", ay_tensor_make(AY_F16, AY_SHAPE(n, DIM), h)};

    for (int i = 0; i < n; i++)
        h[i * DIM + i % DIM] = ay_f16_from_f32(1);
    CHECK_OK(ay_file_mkdirs(FOLDER, &err), err);
    CHECK_OK(ay_safetensors_write(FOLDER "/words.safetensors", &t, 1, NULL, &err), err);
}

static ay_status open_with(ay_words_small **out, const char *json)
{
    CHECK_OK(ay_file_write(FOLDER "/words.json", json, strlen(json), &err), err);
    return ay_words_small_open(out, FOLDER, &err);
}

static ay_words_small *table(void)
{
    ay_words_small *w;

    write_rows(4);
    CHECK_OK(open_with(&w, good), err);
    return w;
}

static void see(const ay_words_small *w, const char *text, float v[DIM], ay_words_text *t)
{
    memset(v, 0, DIM * sizeof *v);
    CHECK_OK(ay_words_small_read(w, text, &arena, v, t, &err), err);
}

static void names_are_found_in_texts(void)
{
    ay_words_small *w = table();
    ay_words_text t;
    float v[DIM];

    see(w, "A photo of a Car", v, &t);
    CHECK(t.known == 1 && t.nunknown == 0 && v[0] == 1 && v[1] == 0);
    see(w, "automobiles", v, &t);
    CHECK(t.known == 1 && v[0] == 1);
    see(w, "knives", v, &t); /* -ves */
    CHECK(t.known == 1 && v[1] == 1);
    see(w, "mobile-phones", v, &t);
    CHECK(t.known == 1 && t.nunknown == 0 && v[1] == 1);
    see(w, "mobile car", v, &t); /* half a name is none */
    CHECK(t.known == 1 && t.nunknown == 1 && strcmp(t.unknown[0], "mobile") == 0 && v[0] == 1);
    CHECK(ay_words_small_count(w) == 6);
    ay_words_small_close(w);
}

static void vectors_are_sums(void)
{
    ay_words_small *w = table();
    ay_words_text t;
    float v[DIM];

    see(w, "car and automobile mobile phone", v, &t); /* "and" is unknown here */
    CHECK(t.known == 3 && t.nunknown == 1);
    CHECK(fabs((double)v[0] - 2 / sqrt(5)) < 1e-6 && fabs((double)v[1] - 1 / sqrt(5)) < 1e-6);
    see(w, "orange car", v, &t); /* a colour, with half a thing's weight */
    CHECK(t.known == 2 && v[2] == 0 && fabs((double)v[3] / (double)v[0] - 0.5) < 1e-6);
    see(w, "car orange", v, &t);
    CHECK(v[2] > 0.7f && v[3] == 0);
    see(w, "orange", v, &t);
    CHECK(v[2] == 1);
    ay_words_small_close(w);
}

static void nothing_known_is_no_vector(void)
{
    ay_words_small *w = table();
    char many[600] = "";
    ay_words_text t;
    float v[DIM];

    see(w, "Zorblax of zorblax, quux", v, &t);
    CHECK(t.known == 0 && t.nunknown == 2 && strcmp(t.unknown[0], "zorblax") == 0);
    CHECK(v[0] == 0 && v[1] == 0 && v[2] == 0 && v[3] == 0);
    see(w, "a photo", v, &t);
    CHECK(t.known == 0 && t.nunknown == 0);
    see(w, "", v, &t);
    CHECK(t.known == 0);
    see(w, "\xc3\x84pfel \xe8\xbb\x8a", v, &t);
    CHECK(t.known == 0 && t.nunknown == 2);
    CHECK(ay_words_small_read(w, "\xff", &arena, v, &t, &err) == AY_EINVAL);
    for (int i = 0; i < AY_WORDS_MOST + 1; i++)
        strcat(many, "car ");
    CHECK(ay_words_small_read(w, many, &arena, v, &t, &err) == AY_EINVAL);
    ay_words_small_close(w);
}

static void replaced(const char *old, const char *new, const char *says)
{
    char text[2048];
    const char *at = strstr(good, old);
    ay_words_small *w;

    CHECK(at != NULL);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, new, at + strlen(old));
    CHECK(open_with(&w, text) == AY_ECORRUPT && w == NULL);
    if (!strstr(err.msg, says))
        printf("  %s\n", err.msg);
    CHECK(strstr(err.msg, says));
}

static void a_damaged_table_is_refused(void)
{
    ay_words_small *w;

    write_rows(4);
    replaced("\"format\": 1", "\"format\": 2", "format 1");
    replaced("\"dim\": 4", "\"dim\": 5", "F16 [4, 5]");
    replaced("\"scale\": 20", "\"scale\": 0", "no scale");
    replaced("\"car\", \"mobile", "\"orange\", \"mobile", "one name");
    replaced("\"automobile\": \"car\"", "\"automobile\": \"bus\"", "automobile");
    replaced("\"colours\": [\"orange colour\"]", "\"colours\": [\"red\"]", "colour");
    replaced("\"encoder\": \"aaaa", "\"encoder\": \"aaa", "no encoder");
    replaced("\"say\"", "say", "line 1");
    write_rows(3);
    CHECK(open_with(&w, good) == AY_ECORRUPT && w == NULL);
    unlink(FOLDER "/words.json");
    CHECK(ay_words_small_open(&w, FOLDER, &err) == AY_ENOTFOUND && !ay_words_small_is(FOLDER));
}

static void singulars(void)
{
    char out[32];

    CHECK(ay_words_singular("boxes", 0, out) && strcmp(out, "boxe") == 0);
    CHECK(ay_words_singular("boxes", 1, out) && strcmp(out, "box") == 0 && !ay_words_singular("boxes", 2, out));
    CHECK(ay_words_singular("cherries", 2, out) && strcmp(out, "cherry") == 0);
    CHECK(!ay_words_singular("car", 0, out) && !ay_words_singular("s", 0, out));
}

/* ---- the embedded table, through the boundary that everybody uses */

static double cosine(ay_words *w, const char *a, const char *b)
{
    static float v[2 * 4096];
    ay_words_info info;
    double sum = 0;

    CHECK_OK(ay_words_get_info(w, &info, &err), err);
    CHECK_OK(ay_words_embed(w, (const char *const[]){a, b}, 2, v, &err), err);
    for (int i = 0; i < info.dim; i++)
        sum += (double)v[i] * (double)v[info.dim + i];
    return sum;
}

static void the_embedded_table_is_of_the_embedded_encoder(void)
{
    ay_words_info info;
    char digest[AY_SHA256_HEX];
    ay_engine *e;
    ay_words *w;

    CHECK_OK(ay_words_open(&w, "default", NULL, &err), err);
    CHECK_OK(ay_engine_open(&e, &(ay_engine_options){.workers = 1}, &err), err);
    CHECK_OK(ay_words_pair(w, digest, &err), err);
    CHECK_OK(ay_words_get_info(w, &info, &err), err);
    CHECK(strcmp(digest, ay_engine_get_info(e)->digest) == 0); /* else: assay model words models/default ... */
    CHECK(info.closed && info.none.known && info.dim == ay_engine_get_info(e)->dim && info.scale > 5);
    CHECK(info.none.cosine < 0); /* the better one fits, the less likely it is that none does */
    ay_engine_close(e);
    ay_words_close(w);
}

static void its_words_lie_as_they_mean(void)
{
    float v[4096];
    ay_words_text t;
    ay_words *w;

    CHECK_OK(ay_words_open(&w, "default", NULL, &err), err);
    CHECK(fabs(cosine(w, "tv", "a photo of a Television") - 1) < 1e-6);
    CHECK(cosine(w, "granny smith apple", "pink lady apple") > cosine(w, "granny smith apple", "screwdriver") + 0.1);
    CHECK(cosine(w, "electric guitar", "mandolin") > cosine(w, "electric guitar", "cabbage"));
    CHECK(cosine(w, "red apple", "apple") > cosine(w, "red apple", "red"));
    CHECK_OK(ay_words_examine(w, "blue zorblax", &arena, &t, &err), err);
    CHECK(t.known == 1 && t.nunknown == 1 && strcmp(t.unknown[0], "zorblax") == 0);
    CHECK(ay_words_embed(w, (const char *const[]){"zorblax"}, 1, v, &err) == AY_EINVAL && strstr(err.msg, "zorblax"));
    ay_words_close(w);
}

TESTS({"names are found in texts", names_are_found_in_texts}, {"vectors are sums", vectors_are_sums},
      {"nothing known is no vector", nothing_known_is_no_vector},
      {"a damaged table is refused", a_damaged_table_is_refused}, {"singulars", singulars},
      {"the embedded table is of the embedded encoder", the_embedded_table_is_of_the_embedded_encoder},
      {"its words lie as they mean", its_words_lie_as_they_mean})
