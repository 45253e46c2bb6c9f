/* The tokenizer against open_clip's and transformers' on a hard corpus and on fuzzed strings
 * (test/vectors/make_tokenizer.py), over a tiny vocabulary that is drawn and over the real one where
 * that is at hand; and files that do not fit. */
#include "text/tokenizer.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "text/unicode.h"

#include <jansson.h>
#include <zlib.h>

#define TINY "test/vectors/tokenizer-tiny"
#define REAL "../shared/data/clip-text"
#define WORK "build/vectors/tokenizer"
enum { CONTEXT = 77 };

static json_t *golden;

static void load(void)
{
    json_error_t je;

    if (!golden)
        golden = json_load_file("test/vectors/tokenizer-golden.json", JSON_ALLOW_NUL, &je);
    CHECK(golden);
}

static const json_t *part(const char *name)
{
    const json_t *v = json_object_get(golden, name);

    CHECK(v);
    return v;
}

/* ---- the script's short_hash() and fuzzed() -------------------------------------------------- */

static void short_hash(const int32_t *ids, char dst[7])
{
    uint32_t h = 0x811c9dc5;

    for (int i = 0; i < CONTEXT; i++)
        for (int shift = 0; shift < 32; shift += 8)
            h = (h ^ ((uint32_t)ids[i] >> shift & 255)) * 0x01000193;
    snprintf(dst, 7, "%06x", (h ^ h >> 24) & 0xffffff);
}

static uint32_t below(uint64_t *s, uint64_t n)
{
    uint64_t z = *s += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(((z ^ (z >> 31)) >> 32) % n);
}

static void add_char(ay_buf *out, uint32_t c)
{
    ay_points_encode(&c, 1, out);
}

static void add_piece(ay_buf *out, uint64_t *s)
{
    const json_t *pieces = part("pieces"), *ranges = part("ranges");
    uint32_t kind = below(s, 8);

    if (kind < 4) {
        const json_t *p = json_array_get(pieces, below(s, json_array_size(pieces)));
        ay_buf_add(out, json_string_value(p), json_string_length(p));
    } else if (kind < 6) {
        const json_t *r = json_array_get(ranges, below(s, json_array_size(ranges)));
        json_int_t lo = json_integer_value(json_array_get(r, 0));
        json_int_t hi = json_integer_value(json_array_get(r, 1));
        for (uint32_t k = 1 + below(s, 3); k > 0; k--)
            add_char(out, (uint32_t)lo + below(s, (uint64_t)(hi - lo + 1)));
    } else {
        for (uint32_t k = 1 + below(s, 9); k > 0; k--)
            add_char(out, kind == 6 ? 97 + below(s, 26) : 32 + below(s, 95));
    }
}

static void fuzzed(size_t i, ay_buf *out)
{
    uint64_t s = i;

    out->len = 0;
    for (uint32_t n = 1 + below(&s, 14); n > 0; n--)
        add_piece(out, &s);
    ay_buf_add(out, "", 0);
}

/* ---- against the file ------------------------------------------------------------------------ */

static ay_tokenizer *open_folder(const char *folder)
{
    ay_tokenizer *t;
    ay_err err;

    CHECK_OK(ay_tokenizer_open(&t, folder, &err), err);
    return t;
}

static void hash_of(const ay_tokenizer *t, const char *text, size_t n, char dst[7])
{
    int32_t ids[CONTEXT];
    int used;
    ay_err err;

    CHECK_OK(ay_tokenizer_encode(t, text, n, CONTEXT, ids, &used, NULL, &err), err);
    CHECK(used >= 2 && used <= CONTEXT && ids[used - 1] == ay_tokenizer_get_info(t)->end);
    short_hash(ids, dst);
}

static void check_corpus(const ay_tokenizer *t, const char *answers)
{
    const json_t *corpus = part("corpus"), *text;
    int wrong = 0;
    char hash[7];
    size_t i;

    json_array_foreach(corpus, i, text)
    {
        hash_of(t, json_string_value(text), json_string_length(text), hash);
        if (strcmp(hash, json_string_value(json_array_get(part(answers), i))) == 0)
            continue;
        printf("  %s: text %zu, \"%.60s\"\n", answers, i, json_string_value(text));
        wrong++;
    }
    CHECK(json_array_size(corpus) > 90 && wrong == 0);
}

static void check_fuzzed(const ay_tokenizer *t, const char *answers)
{
    const char *want = json_string_value(part(answers));
    size_t n = strlen(want) / 6;
    int wrong = 0;
    ay_buf text = {0};
    char hash[7];

    for (size_t i = 0; i < n; i++) {
        fuzzed(i, &text);
        hash_of(t, text.data, text.len, hash);
        if (memcmp(hash, want + i * 6, 6) == 0)
            continue;
        if (wrong++ < 10)
            printf("  %s: fuzzed %zu, \"%.200s\"\n", answers, i, text.data);
    }
    ay_buf_fini(&text);
    printf("  %s: %zu strings, %d differ\n", answers, n, wrong);
    CHECK(n >= 2000 && wrong == 0);
}

static void tiny_as_open_clip(void)
{
    load();
    ay_tokenizer *t = open_folder(TINY);
    const ay_tokenizer_info *info = ay_tokenizer_get_info(t);
    CHECK(info->open_clip && info->fill == 0 && info->vocabulary == 512 + 240 + 2);
    CHECK(info->start == 752 && info->end == 753);
    check_corpus(t, "tiny_corpus_open_clip");
    check_fuzzed(t, "tiny_open_clip");
    ay_tokenizer_close(t);
}

/* folder with a copy of one file of TINY. */
static void copy_file(const char *from, const char *folder, const char *name)
{
    char path[256];
    ay_buf text = {0};
    ay_err err;

    snprintf(path, sizeof path, "%s/%s", from, name);
    CHECK_OK(ay_file_read(path, 0, &text, &err), err);
    CHECK_OK(ay_file_mkdirs(folder, &err), err);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    CHECK_OK(ay_file_write(path, text.data, text.len, &err), err);
    ay_buf_fini(&text);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    ay_err err;

    CHECK_OK(ay_file_mkdirs(folder, &err), err);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    CHECK_OK(ay_file_write(path, text, strlen(text), &err), err);
}

static void remove_file(const char *folder, const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

static void tiny_as_hugging_face(void)
{
    load();
    copy_file(TINY, WORK "-hf", "tokenizer.json");
    remove_file(WORK "-hf", "open_clip_config.json");
    ay_tokenizer *t = open_folder(WORK "-hf");
    CHECK(!ay_tokenizer_get_info(t)->open_clip && ay_tokenizer_get_info(t)->fill == 753);
    check_corpus(t, "tiny_corpus_hugging");
    check_fuzzed(t, "tiny_hugging");
    ay_tokenizer_close(t);
    /* Beside open_clip's configuration the same file is read open_clip's way. */
    write_file(WORK "-hf", "open_clip_config.json", "{\"model_cfg\":{\"text_cfg\":{}}}");
    t = open_folder(WORK "-hf");
    CHECK(ay_tokenizer_get_info(t)->open_clip && ay_tokenizer_get_info(t)->fill == 0);
    check_corpus(t, "tiny_corpus_open_clip");
    ay_tokenizer_close(t);
    write_file(WORK "-hf", "open_clip_config.json",
               "{\"model_cfg\":{\"text_cfg\":{\"hf_tokenizer_name\":\"x\"}}}");
    t = open_folder(WORK "-hf");
    CHECK(!ay_tokenizer_get_info(t)->open_clip);
    ay_tokenizer_close(t);
    remove_file(WORK "-hf", "open_clip_config.json");
}

/* ---- the real vocabulary --------------------------------------------------------------------- */

static bool real(void)
{
    return ay_file_exists(REAL "/bpe_simple_vocab_16e6.txt.gz");
}

static void spelt_out(const ay_tokenizer *t, const char *who)
{
    const char *text;
    json_t *answers, *id;
    int32_t ids[CONTEXT];
    int used;
    size_t i;
    ay_err err;

    json_object_foreach((json_t *)part("spelt_out"), text, answers)
    {
        CHECK_OK(ay_tokenizer_encode(t, text, strlen(text), CONTEXT, ids, &used, NULL, &err), err);
        CHECK(used == (int)json_array_size(json_object_get(answers, who)));
        json_array_foreach(json_object_get(answers, who), i, id)
            CHECK(ids[i] == json_integer_value(id));
    }
}

static void real_as_open_clip(void)
{
    if (!real())
        SKIP("no ../shared/data");
    load();
    ay_tokenizer *t = open_folder(REAL);
    const ay_tokenizer_info *info = ay_tokenizer_get_info(t);
    CHECK(info->vocabulary == 49408 && info->start == 49406 && info->end == 49407);
    spelt_out(t, "open_clip");
    check_corpus(t, "open_clip");
    check_fuzzed(t, "fuzzed_open_clip");
    ay_tokenizer_close(t);
}

static void byte_char(int b, ay_buf *out)
{
    int odd = 0;

    for (int i = 0; i < b; i++)
        odd += !((i >= '!' && i <= '~') || (i >= 0xa1 && i != 0xad));
    bool prints = (b >= '!' && b <= '~') || (b >= 0xa1 && b != 0xad);
    add_char(out, prints ? (uint32_t)b : 0x100 + (uint32_t)odd);
}

static void put_piece(json_t *vocab, const char *name, size_t n)
{
    char key[256];

    snprintf(key, sizeof key, "%.*s", (int)n, name);
    json_object_set_new(vocab, key, json_integer((json_int_t)json_object_size(vocab)));
}

/* OpenAI's file as Hugging Face writes the same: vocab.json and merges.txt. */
static void write_two_files(const char *folder)
{
    static char text[4 << 20];
    gzFile f = gzopen(REAL "/bpe_simple_vocab_16e6.txt.gz", "rb");
    int n = gzread(f, text, sizeof text - 1), merges = 0;
    json_t *vocab = json_object();
    ay_buf list = {0}, name = {0};
    char path[256];
    ay_err err;

    gzclose(f);
    CHECK(n > 0);
    for (int mark = 0; mark < 2; mark++)
        for (int pass = 0; pass < 2; pass++)
            for (int b = 0; b < 256; b++) {
                bool prints = (b >= '!' && b <= '~') || (b >= 0xa1 && b != 0xad);
                if (prints != (pass == 0))
                    continue;
                name.len = 0;
                byte_char(b, &name);
                ay_buf_puts(&name, mark ? "</w>" : "");
                put_piece(vocab, name.data, name.len);
            }
    ay_buf_puts(&list, "#version: 0.2\n");
    for (char *line = strchr(text, '\n') + 1; merges < 48894; merges++) {
        char *end = strchr(line, '\n'), *space = strchr(line, ' ');
        ay_buf_add(&list, line, (size_t)(end + 1 - line));
        name.len = 0;
        ay_buf_add(&name, line, (size_t)(space - line));
        ay_buf_add(&name, space + 1, (size_t)(end - space - 1));
        put_piece(vocab, name.data, name.len);
        line = end + 1;
    }
    put_piece(vocab, "<|startoftext|>", 15);
    put_piece(vocab, "<|endoftext|>", 13);
    CHECK(json_object_size(vocab) == 49408);
    CHECK_OK(ay_file_mkdirs(folder, &err), err);
    snprintf(path, sizeof path, "%s/vocab.json", folder);
    CHECK(json_dump_file(vocab, path, JSON_COMPACT) == 0);
    snprintf(path, sizeof path, "%s/merges.txt", folder);
    CHECK_OK(ay_file_write(path, list.data, list.len, &err), err);
    json_decref(vocab);
    ay_buf_fini(&list);
    ay_buf_fini(&name);
}

static void real_as_hugging_face(void)
{
    if (!real())
        SKIP("no ../shared/data");
    load();
    write_two_files(WORK "-two");
    ay_tokenizer *t = open_folder(WORK "-two");
    CHECK(strcmp(ay_tokenizer_get_info(t)->source, "vocab.json") == 0);
    spelt_out(t, "hugging");
    check_corpus(t, "hugging");
    check_fuzzed(t, "fuzzed_hugging");
    ay_tokenizer_close(t);
}

/* ---- ends, and what is refused --------------------------------------------------------------- */

static void long_texts_keep_their_end(void)
{
    ay_tokenizer *t = open_folder(TINY);
    int32_t ids[8];
    bool cut;
    int used;
    ay_err err;

    CHECK_OK(ay_tokenizer_encode(t, "1 2 3 4 5 6  ", 13, 8, ids, &used, &cut, &err), err);
    CHECK(used == 8 && !cut && ids[0] == 752 && ids[7] == 753);
    CHECK_OK(ay_tokenizer_encode(t, "1 2 3 4 5 6 7", 13, 8, ids, &used, &cut, &err), err);
    CHECK(used == 8 && cut && ids[6] == ids[1] + 5 && ids[7] == 753);
    CHECK_OK(ay_tokenizer_encode(t, "", 0, 8, ids, &used, &cut, &err), err);
    CHECK(used == 2 && !cut && ids[1] == 753 && ids[2] == 0 && ids[7] == 0);
    CHECK_OK(ay_tokenizer_encode(t, "1", 1, 2, ids, &used, &cut, &err), err);
    CHECK(used == 2 && cut && ids[0] == 752 && ids[1] == 753);
    ay_tokenizer_close(t);
}

static void odd_texts_are_refused(void)
{
    ay_tokenizer *t = open_folder(TINY);
    int32_t ids[77];
    char *many = ay_calloc(AY_TOKENIZER_TEXT_MAX + 2, 1);
    ay_err err;

    CHECK(ay_tokenizer_encode(t, "ab\xff", 3, 77, ids, NULL, NULL, &err) == AY_EINVAL);
    CHECK(strstr(err.msg, "not UTF-8 (byte 3)"));
    CHECK(ay_tokenizer_encode(t, "\xed\xa0\x80", 3, 77, ids, NULL, NULL, &err) == AY_EINVAL);
    CHECK(ay_tokenizer_encode(t, "\xc0\x80", 2, 77, ids, NULL, NULL, &err) == AY_EINVAL);
    CHECK(ay_tokenizer_encode(t, "\xf4\x90\x80\x80", 4, 77, ids, NULL, NULL, &err) == AY_EINVAL);
    CHECK(ay_tokenizer_encode(t, "\xe4\xb8", 2, 77, ids, NULL, NULL, &err) == AY_EINVAL);
    memset(many, 'x', AY_TOKENIZER_TEXT_MAX + 1);
    CHECK_OK(ay_tokenizer_encode(t, many, AY_TOKENIZER_TEXT_MAX, 77, ids, NULL, NULL, &err), err);
    CHECK(ay_tokenizer_encode(t, many, AY_TOKENIZER_TEXT_MAX + 1, 77, ids, NULL, NULL, &err) ==
          AY_ELIMIT);
    CHECK(strstr(err.msg, "16385 bytes"));
    CHECK(ay_tokenizer_encode(t, "a", 1, 1, ids, NULL, NULL, &err) == AY_EINVAL);
    ay_free(many);
    ay_tokenizer_close(t);
}

static ay_status open_odd(const char *name, const char *text, ay_err *err)
{
    ay_tokenizer *t = NULL;
    ay_status status;

    write_file(WORK "-odd", name, text);
    status = ay_tokenizer_open(&t, WORK "-odd", err);
    CHECK(t == NULL);
    remove_file(WORK "-odd", name);
    return status;
}

static void odd_files_are_refused(void)
{
    ay_tokenizer *t;
    ay_err err;

    CHECK_OK(ay_file_mkdirs(WORK "-odd", &err), err);
    CHECK(ay_tokenizer_open(&t, WORK "-odd", &err) == AY_ENOTFOUND);
    CHECK(strstr(err.msg, "tokenizer.json") && strstr(err.msg, "merges.txt"));
    CHECK(open_odd("tokenizer.json", "{", &err) == AY_ECORRUPT);
    CHECK(open_odd("tokenizer.json", "{\"model\":{\"type\":\"WordPiece\"}}", &err) ==
          AY_EUNSUPPORTED);
    CHECK(open_odd("tokenizer.json", "{\"model\":{\"end_of_word_suffix\":\"</w>\",\"vocab\":{}}}",
                   &err) == AY_ECORRUPT);
    CHECK(open_odd("vocab.json", "{}", &err) == AY_ENOTFOUND && strstr(err.msg, "merges.txt"));
    CHECK(open_odd("bpe_simple_vocab_16e6.txt", "title\na bc\n", &err) == AY_ECORRUPT);
    CHECK(strstr(err.msg, "merge 1, \"a\" and \"bc\""));
    CHECK(open_odd("bpe_simple_vocab_16e6.txt.gz", "\x1f\x8b\x08junk that is no gzip", &err) ==
          AY_ECORRUPT);
}

/* Every allocation refused in turn: an error each time, nothing kept. */
static void refused_memory(void)
{
    static const char text[] = "Caf\xc3\xa9 &amp; \xce\x9f\xce\xa3 don't \xef\xac\x81sh";
    long before;
    ay_err err;

    for (long i = 0, done = 0; !done; i++) {
        ay_tokenizer *t = NULL;
        int32_t ids[77];
        before = ay_mem_live();
        ay_mem_fail_after(i);
        ay_status status = ay_tokenizer_open(&t, TINY, &err);
        if (status == AY_OK)
            status = ay_tokenizer_encode(t, text, sizeof text - 1, 77, ids, NULL, NULL, &err);
        ay_mem_fail_after(-1);
        ay_tokenizer_close(t);
        CHECK(status == AY_OK || status == AY_ENOMEM || status == AY_ELIMIT);
        CHECK(ay_mem_live() == before);
        done = status == AY_OK;
        CHECK(i < 10000);
    }
}

TESTS({"a tiny vocabulary as open_clip reads it", tiny_as_open_clip},
      {"a tiny vocabulary as transformers reads it", tiny_as_hugging_face},
      {"OpenAI's vocabulary as open_clip reads it", real_as_open_clip},
      {"OpenAI's vocabulary as transformers reads it", real_as_hugging_face},
      {"a text that is cut keeps its end", long_texts_keep_their_end},
      {"texts that are none are refused", odd_texts_are_refused},
      {"files that do not fit are refused", odd_files_are_refused},
      {"refused memory", refused_memory})
