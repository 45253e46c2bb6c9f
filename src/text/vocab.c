/* text/vocab.c - three kinds of file, one table.
 *
 * All three name pieces by printable characters: each byte has one (bytes that print stand for
 * themselves, the others for U+0100 and on, in order), and "</w>" marks a word's end.  Pieces are
 * looked up by that name while reading and are numbers ever after. */
#include "text/vocab.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "text/unicode.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { FILE_MAX = 64 << 20, PIECES_MAX = 1 << 20, CONFIG_MAX = 1 << 20 };

/* Pieces by name: open addressing over one buffer of text. */
typedef struct {
    ay_buf text;
    struct slot {
        uint32_t at, len; /* in text; len 0: empty */
        int32_t id;
    } * slot;
    size_t slots, used;
    int32_t top; /* largest number + 1 */
} names;

static uint64_t hash(const char *s, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 0x100000001b3u;
    return h ^ h >> 29;
}

static struct slot *name_slot(const names *t, const char *s, size_t n)
{
    size_t i = hash(s, n) & (t->slots - 1);

    while (t->slot[i].len &&
           (t->slot[i].len != n || memcmp(t->text.data + t->slot[i].at, s, n) != 0))
        i = (i + 1) & (t->slots - 1);
    return &t->slot[i];
}

static ay_status names_init(names *t, size_t pieces, ay_err *err)
{
    *t = (names){.slots = 1024};
    while (t->slots < pieces * 2)
        t->slots *= 2;
    t->slot = ay_calloc(t->slots, sizeof *t->slot);
    return t->slot ? AY_OK : ay_fail(err, AY_ENOMEM, "a vocabulary of %zu pieces", pieces);
}

static void names_fini(names *t)
{
    ay_buf_fini(&t->text);
    ay_free(t->slot);
}

/* A name that comes twice has the later number, as in a Python dict. */
static ay_status put_name(names *t, const char *s, size_t n, int64_t id, ay_err *err)
{
    struct slot *slot;

    if (n == 0 || id < 0 || id >= PIECES_MAX || t->used * 2 >= t->slots)
        return ay_fail(err, AY_ECORRUPT, "piece \"%.*s\" has the number %lld", (int)(n < 40 ? n : 40),
                       s, (long long)id);
    slot = name_slot(t, s, n);
    if (slot->len == 0) {
        *slot = (struct slot){.at = (uint32_t)t->text.len, .len = (uint32_t)n};
        ay_buf_add(&t->text, s, n);
        t->used++;
        if (t->text.failed)
            return ay_fail(err, AY_ENOMEM, "a vocabulary");
    }
    slot->id = (int32_t)id;
    t->top = slot->id >= t->top ? slot->id + 1 : t->top;
    return AY_OK;
}

static int32_t get_name(const names *t, const char *s, size_t n)
{
    const struct slot *slot = n ? name_slot(t, s, n) : NULL;

    return slot && slot->len ? slot->id : -1;
}

/* ---- bytes and their characters -------------------------------------------------------------- */

static bool prints(int b)
{
    return (b >= '!' && b <= '~') || (b >= 0xa1 && b != 0xad);
}

/* The character of byte b, as UTF-8. */
static size_t byte_name(int b, char dst[4])
{
    uint32_t c = (uint32_t)b;
    int odd = 0;

    for (int i = 0; i < b; i++)
        odd += !prints(i);
    if (!prints(b))
        c = 0x100 + (uint32_t)odd;
    if (c < 0x80) {
        dst[0] = (char)c;
        return 1;
    }
    dst[0] = (char)(0xc0 | c >> 6);
    dst[1] = (char)(0x80 | (c & 0x3f));
    return 2;
}

static ay_status read_bytes(ay_vocab *v, const names *t, ay_err *err)
{
    char name[16];

    for (int b = 0; b < 256; b++) {
        size_t n = byte_name(b, name);
        v->byte[b] = get_name(t, name, n);
        memcpy(name + n, "</w>", 4);
        v->last[b] = get_name(t, name, n + 4);
        if (v->byte[b] < 0 || v->last[b] < 0)
            return ay_fail(err, AY_ECORRUPT,
                           "byte %d has no piece, alone or at a word's end: not CLIP's vocabulary",
                           b);
    }
    return AY_OK;
}

/* ---- merges ---------------------------------------------------------------------------------- */

static size_t slot_of(const ay_vocab *v, uint64_t pair)
{
    uint64_t h = pair * 0x9e3779b97f4a7c15u;
    size_t i = (size_t)(h >> 32) & (v->slots - 1);

    while (v->merge[i].pair != UINT64_MAX && v->merge[i].pair != pair)
        i = (i + 1) & (v->slots - 1);
    return i;
}

const ay_merge *ay_vocab_find(const ay_vocab *v, int32_t left, int32_t right)
{
    const ay_merge *m = &v->merge[slot_of(v, (uint64_t)(uint32_t)left << 32 | (uint32_t)right)];

    return m->pair == UINT64_MAX ? NULL : m;
}

static ay_status merges_init(ay_vocab *v, size_t n, ay_err *err)
{
    for (v->slots = 1024; v->slots < n * 2; v->slots *= 2)
        ;
    v->merge = ay_alloc(v->slots, sizeof *v->merge);
    if (!v->merge)
        return ay_fail(err, AY_ENOMEM, "%zu merges", n);
    memset(v->merge, 0xff, v->slots * sizeof *v->merge);
    return AY_OK;
}

/* The next merge, by the names of its two sides; a pair that comes twice has the later rank. */
static ay_status put_merge(ay_vocab *v, const names *t, const char *a, size_t an, const char *b,
                           size_t bn, ay_err *err)
{
    char whole[1024];
    int32_t left = get_name(t, a, an), right = get_name(t, b, bn), result = -1;
    ay_merge *m;

    if (an + bn <= sizeof whole) {
        memcpy(whole, a, an);
        memcpy(whole + an, b, bn);
        result = get_name(t, whole, an + bn);
    }
    if (left < 0 || right < 0 || result < 0 || (v->merges + 1) * 2 > v->slots)
        return ay_fail(err, AY_ECORRUPT, "merge %zu, \"%.*s\" and \"%.*s\": not in the vocabulary",
                       v->merges + 1, (int)(an < 40 ? an : 40), a, (int)(bn < 40 ? bn : 40), b);
    m = &v->merge[slot_of(v, (uint64_t)(uint32_t)left << 32 | (uint32_t)right)];
    *m = (ay_merge){.pair = (uint64_t)(uint32_t)left << 32 | (uint32_t)right,
                    .rank = (int32_t)v->merges++,
                    .result = result};
    return AY_OK;
}

/* The next line's two words; false at the end. */
static bool next_pair(const char **p, const char *end, const char *word[2], size_t n[2])
{
    while (*p < end) {
        const char *line = *p, *stop = memchr(line, '\n', (size_t)(end - line));
        stop = stop ? stop : end;
        *p = stop < end ? stop + 1 : end;
        while (stop > line && (stop[-1] == '\r' || stop[-1] == ' '))
            stop--;
        word[0] = line;
        word[1] = memchr(line, ' ', (size_t)(stop - line));
        if (!word[1])
            continue; /* an empty line */
        n[0] = (size_t)(word[1] - line);
        while (*word[1] == ' ')
            word[1]++;
        n[1] = (size_t)(stop - word[1]);
        if (n[0])
            return true;
    }
    return false;
}

/* ---- OpenAI's file --------------------------------------------------------------------------- */

static ay_status unpack(const char *path, ay_buf *out, ay_err *err)
{
    gzFile f = gzopen(path, "rb");
    int n = 0;

    if (!f)
        return ay_fail(err, AY_EIO, "%s cannot be read", path);
    out->limit = FILE_MAX;
    do {
        char *to = ay_buf_reserve(out, 1 << 16);
        n = to ? gzread(f, to, 1 << 16) : -1;
        out->len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    gzclose(f);
    if (out->failed)
        return ay_fail(err, AY_ELIMIT, "%s unpacks to more than %d MB", path, FILE_MAX >> 20);
    return n < 0 || out->len == 0 ? ay_fail(err, AY_ECORRUPT, "%s is no gzip file of text, or damaged",
                                            path)
                                  : AY_OK;
}

/* Numbers are places in a list: bytes that print, other bytes, all of them again at a word's end,
 * merges, start, end.  The first line is a title; behind 48,894 merges nothing is read. */
static ay_status name_openai(names *t, const char *p, const char *end, ay_err *err)
{
    char name[1024];
    int64_t id = 0;
    ay_status status = AY_OK;
    const char *word[2];
    size_t n[2];

    for (int mark = 0; mark < 2; mark++)
        for (int printing = 1; printing >= 0; printing--)
            for (int b = 0; b < 256 && status == AY_OK; b++) {
                if (prints(b) != (bool)printing)
                    continue;
                n[0] = byte_name(b, name);
                memcpy(name + n[0], "</w>", 4);
                status = put_name(t, name, n[0] + (mark ? 4 : 0), id++, err);
            }
    while (status == AY_OK && id < 512 + 48894 && next_pair(&p, end, word, n)) {
        if (n[0] + n[1] > sizeof name)
            return ay_fail(err, AY_ECORRUPT, "merge %lld is too long", (long long)(id - 511));
        memcpy(name, word[0], n[0]);
        memcpy(name + n[0], word[1], n[1]);
        status = put_name(t, name, n[0] + n[1], id++, err);
    }
    if (status == AY_OK)
        status = put_name(t, "<start_of_text>", 15, id, err);
    return status == AY_OK ? put_name(t, "<end_of_text>", 13, id + 1, err) : status;
}

static ay_status read_merge_lines(ay_vocab *v, const names *t, const char *p, const char *end,
                                  size_t most, ay_err *err)
{
    const char *word[2];
    size_t n[2];
    ay_status status = AY_OK;

    while (status == AY_OK && v->merges < most && next_pair(&p, end, word, n))
        status = put_merge(v, t, word[0], n[0], word[1], n[1], err);
    return status;
}

static size_t count_lines(const char *p, const char *end)
{
    size_t n = 1;

    while (p < end)
        n += *p++ == '\n';
    return n;
}

static const char *behind_title(const ay_buf *text)
{
    const char *p = memchr(text->data, '\n', text->len);

    return p ? p + 1 : text->data + text->len;
}

static ay_status read_openai(ay_vocab *v, const char *path, ay_err *err)
{
    names t = {0};
    ay_buf text = {0};
    ay_status status = unpack(path, &text, err);

    if (status == AY_OK) {
        const char *p = behind_title(&text), *end = text.data + text.len;
        size_t lines = count_lines(p, end);
        status = names_init(&t, lines + 1024, err);
        if (status == AY_OK)
            status = name_openai(&t, p, end, err);
        if (status == AY_OK)
            status = merges_init(v, lines, err);
        if (status == AY_OK)
            status = read_merge_lines(v, &t, p, end, 48894, err);
        if (status == AY_OK)
            status = read_bytes(v, &t, err);
        v->info.vocabulary = t.top;
        v->info.start = t.top - 2;
        v->info.end = t.top - 1;
    }
    ay_buf_fini(&text);
    names_fini(&t);
    return status;
}

/* ---- Hugging Face's files -------------------------------------------------------------------- */

static ay_status read_json(const char *folder, const char *name, size_t limit, json_t **out,
                           ay_err *err)
{
    char path[4096];
    ay_buf text = {0};
    json_error_t je;
    ay_status status;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    *out = NULL;
    if (!ay_file_exists(path))
        return AY_OK;
    status = ay_file_read(path, limit, &text, err);
    if (status == AY_OK) {
        *out = json_loadb(text.data ? text.data : "", text.len, 0, &je);
        if (!json_is_object(*out)) {
            status = ay_fail(err, AY_ECORRUPT, "%s:%d: %s", path, *out ? 1 : je.line,
                             *out ? "not an object" : je.text);
            json_decref(*out);
            *out = NULL;
        }
    }
    ay_buf_fini(&text);
    return status;
}

static ay_status read_dict(names *t, const json_t *dict, const json_t *added, ay_err *err)
{
    const char *key;
    json_t *value;
    size_t i;
    ay_status status;

    if (json_object_size(dict) < 512)
        return ay_fail(err, AY_ECORRUPT, "the vocabulary has %zu pieces, fewer than there are bytes",
                       json_object_size(dict));
    status = names_init(t, json_object_size(dict) + json_array_size(added) + 16, err);
    json_object_foreach((json_t *)dict, key, value) if (status == AY_OK) status =
        put_name(t, key, strlen(key), json_is_integer(value) ? json_integer_value(value) : -1, err);
    json_array_foreach(added, i, value)
    {
        key = json_string_value(json_object_get(value, "content"));
        if (key && status == AY_OK)
            status = put_name(t, key, strlen(key),
                              json_integer_value(json_object_get(value, "id")), err);
    }
    return status;
}

static ay_status read_ends(ay_vocab *v, const names *t, ay_err *err)
{
    v->info.vocabulary = t->top;
    v->info.start = get_name(t, "<|startoftext|>", 15);
    v->info.end = get_name(t, "<|endoftext|>", 13);
    if (v->info.start < 0) { /* open_clip's spelling */
        v->info.start = get_name(t, "<start_of_text>", 15);
        v->info.end = get_name(t, "<end_of_text>", 13);
    }
    return v->info.start < 0 || v->info.end < 0
               ? ay_fail(err, AY_EUNSUPPORTED,
                         "no <|startoftext|> and <|endoftext|>: not CLIP's tokenizer")
               : AY_OK;
}

/* Either "a b" or ["a", "b"]. */
static ay_status read_merge_list(ay_vocab *v, const names *t, const json_t *list, ay_err *err)
{
    ay_status status = merges_init(v, json_array_size(list) + 1, err);
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        const char *a = json_string_value(json_is_array(item) ? json_array_get(item, 0) : item);
        const char *b = json_string_value(json_array_get(item, 1));
        size_t an = a ? strlen(a) : 0;
        if (a && !b && (b = strchr(a, ' '))) {
            an = (size_t)(b - a);
            b++;
        }
        if (!a || !b)
            return ay_fail(err, AY_ECORRUPT, "merge %zu is no pair", i + 1);
        if (status == AY_OK)
            status = put_merge(v, t, a, an, b, strlen(b), err);
    }
    return status;
}

/* What fills the places behind a text, as the files beside name it. */
static void read_fill(ay_vocab *v, const names *t, const char *folder)
{
    static const char *const files[] = {"tokenizer_config.json", "special_tokens_map.json"};

    v->info.fill = v->info.end;
    for (int i = 0; i < 2; i++) {
        json_t *root = NULL;
        if (read_json(folder, files[i], CONFIG_MAX, &root, NULL) == AY_OK) {
            const json_t *pad = json_object_get(root, "pad_token");
            const char *word = json_string_value(
                json_is_object(pad) ? json_object_get(pad, "content") : pad);
            int32_t id = word ? get_name(t, word, strlen(word)) : -1;
            v->info.fill = id >= 0 ? id : v->info.fill;
        }
        json_decref(root);
    }
}

static ay_status read_tokenizer_json(ay_vocab *v, const char *folder, ay_err *err)
{
    json_t *root;
    names t = {0};
    ay_status status = read_json(folder, "tokenizer.json", FILE_MAX, &root, err);
    const json_t *model = json_object_get(root, "model");
    const char *suffix = json_string_value(json_object_get(model, "end_of_word_suffix"));

    if (status == AY_OK && (!suffix || strcmp(suffix, "</w>") != 0))
        status = ay_fail(err, AY_EUNSUPPORTED,
                         "tokenizer.json: not CLIP's (its model marks no word's end by </w>)");
    if (status == AY_OK)
        status = read_dict(&t, json_object_get(model, "vocab"),
                           json_object_get(root, "added_tokens"), err);
    if (status == AY_OK)
        status = read_merge_list(v, &t, json_object_get(model, "merges"), err);
    if (status == AY_OK)
        status = read_bytes(v, &t, err);
    if (status == AY_OK)
        status = read_ends(v, &t, err);
    if (status == AY_OK)
        read_fill(v, &t, folder);
    names_fini(&t);
    json_decref(root);
    return status;
}

static ay_status read_two_files(ay_vocab *v, const char *folder, ay_err *err)
{
    char path[4096];
    json_t *root;
    names t = {0};
    ay_buf text = {0};
    ay_status status = read_json(folder, "vocab.json", FILE_MAX, &root, err);

    snprintf(path, sizeof path, "%s/merges.txt", folder);
    if (status == AY_OK)
        status = ay_file_read(path, FILE_MAX, &text, err);
    if (status == AY_OK && text.len == 0)
        status = ay_fail(err, AY_ECORRUPT, "%s is empty", path);
    if (status == AY_OK)
        status = read_dict(&t, root, NULL, err);
    if (status == AY_OK) {
        bool title = text.data[0] == '#';
        const char *p = title ? behind_title(&text) : text.data, *end = text.data + text.len;
        size_t lines = count_lines(p, end);
        status = merges_init(v, lines + 1, err);
        if (status == AY_OK)
            status = read_merge_lines(v, &t, p, end, lines, err);
    }
    if (status == AY_OK)
        status = read_bytes(v, &t, err);
    if (status == AY_OK)
        status = read_ends(v, &t, err);
    if (status == AY_OK)
        read_fill(v, &t, folder);
    ay_buf_fini(&text);
    names_fini(&t);
    json_decref(root);
    return status;
}

/* ---- which of them --------------------------------------------------------------------------- */

/* open_clip's word on how a text is cleaned; leaves v alone where it has none. */
static ay_status read_manner(ay_vocab *v, const char *folder, ay_err *err)
{
    json_t *root;
    ay_status status = read_json(folder, "open_clip_config.json", CONFIG_MAX, &root, err);
    const json_t *text = json_object_get(json_object_get(root, "model_cfg"), "text_cfg");
    const char *clean =
        json_string_value(json_object_get(json_object_get(text, "tokenizer_kwargs"), "clean"));

    if (root && !json_is_string(json_object_get(text, "hf_tokenizer_name")))
        v->info.open_clip = true;
    v->lower = !clean || strcmp(clean, "lower") == 0;
    if (status == AY_OK && !v->lower && strcmp(clean, "whitespace") != 0)
        status = ay_fail(err, AY_EUNSUPPORTED,
                         "%s/open_clip_config.json: texts cleaned by \"%.40s\"", folder, clean);
    if (v->info.open_clip)
        v->info.fill = 0;
    json_decref(root);
    return status;
}

static bool has(const char *folder, const char *name, char path[4096])
{
    snprintf(path, 4096, "%s/%s", folder, name);
    return ay_file_exists(path);
}

bool ay_vocab_is(const char *folder)
{
    static const char *const any[] = {"bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt", "tokenizer.json",
                                      "vocab.json"};
    char path[4096];

    for (size_t i = 0; i < sizeof any / sizeof *any; i++)
        if (has(folder, any[i], path))
            return true;
    return false;
}

ay_status ay_vocab_read(ay_vocab *v, const char *folder, ay_err *err)
{
    static const char *const own[] = {"bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt"};
    char path[4096];
    const char *file = NULL;
    ay_status status;

    *v = (ay_vocab){0};
    if (has(folder, file = own[0], path) || has(folder, file = own[1], path)) {
        v->info.open_clip = true;
        status = read_openai(v, path, err);
    } else if (has(folder, file = "tokenizer.json", path)) {
        status = read_tokenizer_json(v, folder, err);
    } else if (has(folder, file = "vocab.json", path)) {
        status = read_two_files(v, folder, err);
    } else {
        return ay_fail(err, AY_ENOTFOUND,
                       "%s holds no vocabulary, so words cannot be read: put tokenizer.json, or "
                       "vocab.json and merges.txt, or %s beside the weights", folder, own[0]);
    }
    if (status != AY_OK)
        ay_err_wrap(err, "vocabulary %s/%s", folder, file);
    else
        status = read_manner(v, folder, err);
    snprintf(v->info.source, sizeof v->info.source, "%s", file);
    if (status != AY_OK)
        ay_vocab_fini(v);
    return status;
}

void ay_vocab_fini(ay_vocab *v)
{
    ay_free(v->merge);
    *v = (ay_vocab){0};
}
