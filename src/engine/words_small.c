#include "engine/words_small.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "tensor/safetensors.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct ay_words_small {
    ay_safetensors *st;
    const unsigned char *rows; /* F16, in st */
    json_t *json;
    json_t *also, *say; /* in json; say as an object of its words */
    json_t *place;      /* name -> row */
    bool *colour;       /* of each row */
    double colour_weight;
    ay_words_info info;
    char encoder[AY_SHA256_HEX];
    int n;
};

/* ---- words ------------------------------------------------------------------------------------ */

static bool is_letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80;
}

int ay_words_cut(const char *text, char *buf, const char **word, int most)
{
    bool inside = false;
    int n = 0;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        c = c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
        if (c == '\'')
            continue;
        if (is_letter(c)) {
            if (!inside && n == most)
                break;
            if (!inside)
                word[n++] = buf;
            *buf++ = (char)c;
        } else if (inside)
            *buf++ = '\0';
        inside = is_letter(c);
    }
    *buf = '\0';
    return n;
}

bool ay_words_singular(const char *word, int n, char *dst)
{
    static const char *const ends[][2] = {{"s", ""}, {"es", ""}, {"ies", "y"}, {"ves", "f"}, {"ves", "fe"}};
    size_t length = strlen(word);

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t cut = strlen(ends[i][0]);
        if (length < cut + 2 || strcmp(word + length - cut, ends[i][0]) != 0 || n-- > 0)
            continue;
        memcpy(dst, word, length - cut);
        strcpy(dst + length - cut, ends[i][1]);
        return true;
    }
    return false;
}

/* ---- open ------------------------------------------------------------------------------------- */

static ay_status wrong(const char *what, ay_err *err)
{
    return ay_fail(err, AY_ECORRUPT, "the table of words: %s", what);
}

static ay_status read_numbers(ay_words_small *w, ay_err *err)
{
    json_t *none = json_object_get(w->json, "none");
    const char *name = json_string_value(json_object_get(w->json, "name"));
    const char *encoder = json_string_value(json_object_get(w->json, "encoder"));

    if (json_integer_value(json_object_get(w->json, "format")) != 1)
        return wrong("words.json is not of format 1", err);
    if (!name || !encoder || strlen(encoder) + 1 != sizeof w->encoder)
        return wrong("words.json names no encoder", err);
    memcpy(w->encoder, encoder, sizeof w->encoder);
    snprintf(w->info.name, sizeof w->info.name, "%.63s", name);
    snprintf(w->info.vocabulary, sizeof w->info.vocabulary, "words.json");
    w->info.dim = (int)json_integer_value(json_object_get(w->json, "dim"));
    w->info.scale = (float)json_number_value(json_object_get(w->json, "scale"));
    w->colour_weight = json_number_value(json_object_get(w->json, "colour_weight"));
    w->info.none = (ay_words_none){.known = none != NULL,
                                   .constant = json_number_value(json_object_get(none, "constant")),
                                   .cosine = json_number_value(json_object_get(none, "cosine")),
                                   .log_labels = json_number_value(json_object_get(none, "log_labels"))};
    w->info.context = AY_WORDS_MOST;
    w->info.precision = AY_PRECISION_F32;
    w->info.closed = true;
    return w->info.dim > 0 && w->info.scale > 0 ? AY_OK : wrong("words.json has no dim or no scale", err);
}

/* Names to rows: those of rows, colours, other names. */
static ay_status read_names(ay_words_small *w, ay_err *err)
{
    json_t *rows = json_object_get(w->json, "rows"), *item;
    json_t *say = json_object_get(w->json, "say"), *colours = json_object_get(w->json, "colours");
    const char *name, *text;
    size_t i;

    w->n = (int)json_array_size(rows);
    w->also = json_object_get(w->json, "also");
    w->place = json_object();
    w->say = json_object();
    w->colour = ay_calloc((size_t)w->n + 1, sizeof *w->colour);
    if (!w->place || !w->say || !w->colour)
        return ay_fail(err, AY_ENOMEM, "a table of %d words", w->n);
    json_array_foreach(rows, i, item)
        if (!(text = json_string_value(item)) ||
            json_object_set_new(w->place, text, json_integer((json_int_t)i)) != 0)
            return wrong("a row has no name", err);
    if (w->n == 0 || json_object_size(w->place) != (size_t)w->n)
        return wrong("two rows have one name, or there are none", err);
    json_object_foreach(w->also, name, item) {
        json_t *at = json_object_get(w->place, (text = json_string_value(item)) ? text : "");
        if (!at || json_object_get(w->place, name))
            return ay_fail(err, AY_ECORRUPT, "the table of words: \"%.60s\" is another name of no row", name);
    }
    json_array_foreach(say, i, item)
        json_object_set(w->say, json_string_value(item) ? json_string_value(item) : "", json_true());
    json_array_foreach(colours, i, item) {
        json_t *at = json_object_get(w->place, json_string_value(item) ? json_string_value(item) : "");
        if (!at)
            return wrong("a colour is no row", err);
        w->colour[json_integer_value(at)] = true;
    }
    return AY_OK;
}

static ay_status read_rows(ay_words_small *w, ay_err *err)
{
    const ay_tensor *t = ay_safetensors_find(w->st, "words");

    if (!t || t->dtype != AY_F16 || t->shape.rank != 2 || t->shape.dim[0] != w->n ||
        t->shape.dim[1] != w->info.dim)
        return ay_fail(err, AY_ECORRUPT, "the table of words: words.safetensors has no \"words\" F16 [%d, %d]",
                       w->n, w->info.dim);
    w->rows = t->data;
    snprintf(w->info.shape, sizeof w->info.shape, "rows=%d dim=%d", w->n, w->info.dim);
    return AY_OK;
}

/* The digest says which table it is: vectors of two tables must not be mixed. */
static void digest(ay_words_small *w, const char *json, size_t json_size)
{
    const ay_tensor *t = ay_safetensors_find(w->st, "words");
    char both[2][AY_SHA256_HEX];

    ay_sha256_bytes(t->data, ay_tensor_bytes(t), both[0]);
    ay_sha256_bytes(json, json_size, both[1]);
    ay_sha256_bytes(both, sizeof both, w->info.digest);
}

/* Takes st, also when it fails. */
static ay_status make(ay_words_small **out, ay_safetensors *st, const char *json, size_t json_size,
                      ay_err *err)
{
    ay_words_small *w = ay_calloc(1, sizeof *w);
    json_error_t where;
    ay_status status = AY_OK;

    *out = NULL;
    if (!w) {
        ay_safetensors_close(st);
        return ay_fail(err, AY_ENOMEM, "a table of words");
    }
    w->st = st;
    w->json = json_loadb(json, json_size, JSON_REJECT_DUPLICATES, &where);
    if (!w->json)
        status = ay_fail(err, AY_ECORRUPT, "the table of words: words.json, line %d: %s", where.line, where.text);
    if (status == AY_OK)
        status = read_numbers(w, err);
    if (status == AY_OK)
        status = read_names(w, err);
    if (status == AY_OK)
        status = read_rows(w, err);
    if (status != AY_OK) {
        ay_words_small_close(w);
        return status;
    }
    digest(w, json, json_size);
    *out = w;
    return AY_OK;
}

ay_status ay_words_small_from_memory(ay_words_small **out, const void *weights, size_t size, const char *json,
                                     size_t json_size, ay_err *err)
{
    ay_safetensors *st;
    ay_status status = ay_safetensors_from_memory(&st, weights, size, err);

    *out = NULL;
    return status == AY_OK ? make(out, st, json, json_size, err) : status;
}

ay_status ay_words_small_open(ay_words_small **out, const char *folder, ay_err *err)
{
    ay_safetensors *st = NULL;
    ay_buf json = {0};
    char path[4400];
    ay_status status;

    *out = NULL;
    snprintf(path, sizeof path, "%.4300s/words.json", folder);
    status = ay_file_read(path, 16u << 20, &json, err);
    snprintf(path, sizeof path, "%.4300s/words.safetensors", folder);
    if (status == AY_OK)
        status = ay_safetensors_open(&st, path, err);
    if (status == AY_OK)
        status = make(out, st, json.data, json.len, err);
    if (status != AY_OK)
        ay_err_wrap(err, "%s", folder);
    ay_buf_fini(&json);
    return status;
}

void ay_words_small_close(ay_words_small *w)
{
    if (!w)
        return;
    ay_safetensors_close(w->st);
    json_decref(w->json);
    json_decref(w->place);
    json_decref(w->say);
    ay_free(w->colour);
    ay_free(w);
}

bool ay_words_small_is(const char *folder)
{
    char path[4400];
    bool json;

    snprintf(path, sizeof path, "%.4300s/words.json", folder);
    json = ay_file_exists(path);
    snprintf(path, sizeof path, "%.4300s/words.safetensors", folder);
    return json && ay_file_exists(path);
}

void ay_words_small_info(const ay_words_small *w, ay_words_info *out)
{
    *out = w->info;
}

const char *ay_words_small_encoder(const ay_words_small *w)
{
    return w->encoder;
}

int ay_words_small_count(const ay_words_small *w)
{
    return w->n + (int)json_object_size(w->also);
}

const char *ay_words_small_name(const ay_words_small *w, int i)
{
    return i >= 0 && i < w->n ? json_string_value(json_array_get(json_object_get(w->json, "rows"), (size_t)i)) : NULL;
}

/* ---- read ------------------------------------------------------------------------------------- */

static int row_of(const ay_words_small *w, const char *name)
{
    const char *other = json_string_value(json_object_get(w->also, name));
    json_t *at = json_object_get(w->place, other ? other : name);

    return at ? (int)json_integer_value(at) : -1;
}

/* n words as a name, as they are or with the last one's plural undone; -1: it is none. */
static int look_up(const ay_words_small *w, const char *const *word, int n)
{
    char name[AY_WORDS_TEXT + 8] = "", *end = name;
    int row;

    for (int i = 0; i < n - 1; i++)
        end += sprintf(end, "%s ", word[i]);
    strcpy(end, word[n - 1]);
    row = row_of(w, name);
    for (int k = 0; row < 0 && ay_words_singular(word[n - 1], k, end); k++)
        row = row_of(w, name);
    return row;
}

/* The longest name at the front of n words; its length into *used.  A word before others is a colour
 * before it is a thing. */
static int match(const ay_words_small *w, const char *const *word, int n, int *used)
{
    int row = -1, most = n < AY_WORDS_PHRASE ? n : AY_WORDS_PHRASE;

    for (*used = most; *used > 1; --*used)
        if ((row = look_up(w, word, *used)) >= 0)
            return row;
    *used = 1;
    if (n > 1)
        row = look_up(w, (const char *const[]){word[0], "colour"}, 2);
    return row >= 0 ? row : look_up(w, word, 1);
}

static void add_row(const ay_words_small *w, int row, double weight, double *sum)
{
    size_t dim = (size_t)w->info.dim;
    const unsigned char *at = w->rows + (size_t)row * dim * 2;

    for (size_t d = 0; d < dim; d++) {
        uint16_t h;
        memcpy(&h, at + d * 2, 2);
        sum[d] += weight * (double)ay_f16_to_f32(h);
    }
}

/* The sum of found rows, scaled to length 1.  Directions that cancel out have none. */
static ay_status add_up(const ay_words_small *w, const int *row, int n, float *dst, ay_err *err)
{
    double *sum = ay_calloc((size_t)w->info.dim, sizeof *sum), length = 0;
    int things = 0;

    if (!sum)
        return ay_fail(err, AY_ENOMEM, "a text's vector");
    for (int i = 0; i < n; i++)
        things += !w->colour[row[i]];
    for (int i = 0; i < n; i++)
        add_row(w, row[i], w->colour[row[i]] && things ? w->colour_weight : 1, sum);
    for (int d = 0; d < w->info.dim; d++)
        length += sum[d] * sum[d];
    length = sqrt(length);
    for (int d = 0; d < w->info.dim; d++)
        dst[d] = (float)(sum[d] / length);
    ay_free(sum);
    return length > 1e-6 ? AY_OK : ay_fail(err, AY_EINVAL, "the text's words cancel each other out");
}

static ay_status note_unknown(const char *word, ay_arena *a, ay_words_text *out, ay_err *err)
{
    for (int i = 0; a && i < out->nunknown; i++)
        if (strcmp(out->unknown[i], word) == 0)
            return AY_OK;
    if (a && !(out->unknown[out->nunknown] = ay_arena_strdup(a, word)))
        return ay_fail(err, AY_ENOMEM, "words of a text");
    out->nunknown++;
    return AY_OK;
}

static ay_status cut(const ay_words_small *w, const char *text, char *buf, const char **word, int *n, ay_err *err)
{
    size_t length = strlen(text);
    int all, kept = 0;

    if (length > AY_WORDS_TEXT || !ay_utf8_valid(text, length))
        return ay_fail(err, AY_EINVAL, length > AY_WORDS_TEXT ? "a text of %zu bytes; %d is the most"
                                                              : "a text of %zu bytes is not UTF-8",
                       length, AY_WORDS_TEXT);
    all = ay_words_cut(text, buf, word, AY_WORDS_MOST + 1);
    if (all > AY_WORDS_MOST)
        return ay_fail(err, AY_EINVAL, "a text of more than %d words", AY_WORDS_MOST);
    for (int i = 0; i < all; i++)
        if (!json_object_get(w->say, word[i]))
            word[kept++] = word[i];
    *n = kept;
    return AY_OK;
}

ay_status ay_words_small_read(const ay_words_small *w, const char *text, ay_arena *a, float *dst,
                              ay_words_text *out, ay_err *err)
{
    const char *word[AY_WORDS_MOST + 1];
    char buf[AY_WORDS_TEXT + 1];
    int row[AY_WORDS_MOST], n = 0, used = 1;
    ay_status status = cut(w, text, buf, word, &n, err);

    *out = (ay_words_text){0};
    if (status == AY_OK && a && !(out->unknown = ay_arena_alloc(a, ((size_t)n + 1) * sizeof *out->unknown)))
        status = ay_fail(err, AY_ENOMEM, "words of a text");
    for (int i = 0; i < n && status == AY_OK; i += used) {
        int at = match(w, word + i, n - i, &used);
        if (at >= 0)
            row[out->known++] = at;
        else
            status = note_unknown(word[i], a, out, err);
    }
    return status == AY_OK && dst && out->known ? add_up(w, row, out->known, dst, err) : status;
}
