#include "text/tokenizer.h"
#include "base/mem.h"
#include "text/clean.h"
#include "text/vocab.h"

#include <string.h>

struct ay_tokenizer {
    ay_vocab vocab;
};

bool ay_tokenizer_is(const char *folder)
{
    return ay_vocab_is(folder);
}

ay_status ay_tokenizer_open(ay_tokenizer **out, const char *folder, ay_err *err)
{
    ay_tokenizer *t = ay_calloc(1, sizeof *t);
    ay_status status;

    *out = NULL;
    if (!t)
        return ay_fail(err, AY_ENOMEM, "tokenizer");
    status = ay_vocab_read(&t->vocab, folder, err);
    if (status != AY_OK) {
        ay_free(t);
        return status;
    }
    *out = t;
    return AY_OK;
}

void ay_tokenizer_close(ay_tokenizer *t)
{
    if (!t)
        return;
    ay_vocab_fini(&t->vocab);
    ay_free(t);
}

const ay_tokenizer_info *ay_tokenizer_get_info(const ay_tokenizer *t)
{
    return &t->vocab.info;
}

/* ---- one word: bytes to pieces --------------------------------------------------------------- */

/* Room for one text at work. */
typedef struct {
    const ay_vocab *v;
    ay_points points;
    ay_buf bytes;          /* of the word under way */
    int32_t *piece, *rank; /* AY_TOKENIZER_TEXT_MAX of each, or more; rank[i] of the pair i, i + 1 */
    size_t room;
    int32_t *ids; /* where pieces go */
    int n, most;
} job;

static int32_t rank_at(const job *j, size_t i, size_t n)
{
    const ay_merge *m = i + 1 < n ? ay_vocab_find(j->v, j->piece[i], j->piece[i + 1]) : NULL;

    return m ? m->rank : INT32_MAX;
}

/* Join, from left to right, every pair of this rank; returns how many pieces are left. */
static size_t join_all(job *j, size_t n, int32_t rank)
{
    size_t to = 0;

    for (size_t i = 0; i < n; to++) {
        if (j->rank[i] == rank) {
            j->piece[to] = ay_vocab_find(j->v, j->piece[i], j->piece[i + 1])->result;
            i += 2;
        } else {
            j->piece[to] = j->piece[i++];
        }
    }
    return to;
}

static void put_piece(job *j, int32_t id)
{
    if (j->n < j->most)
        j->ids[j->n] = id;
    j->n++;
}

/* The word in j->bytes. */
static void put_word(job *j)
{
    size_t n = j->bytes.len;

    for (size_t i = 0; i < n; i++) {
        unsigned char b = (unsigned char)j->bytes.data[i];
        j->piece[i] = i + 1 < n ? j->v->byte[b] : j->v->last[b];
    }
    while (n > 1) {
        int32_t least = INT32_MAX;
        for (size_t i = 0; i < n; i++) {
            j->rank[i] = rank_at(j, i, n);
            least = j->rank[i] < least ? j->rank[i] : least;
        }
        if (least == INT32_MAX)
            break;
        n = join_all(j, n, least);
    }
    for (size_t i = 0; i < n; i++)
        put_piece(j, j->piece[i]);
}

/* ---- a text: words --------------------------------------------------------------------------- */

/* Does the ASCII word stand at c?  open_clip's expression ignores case, and there an s may also be
 * the long one (U+017F). */
static bool stands(const uint32_t *c, size_t n, const char *word, bool long_s)
{
    size_t len = strlen(word);

    if (len > n)
        return false;
    for (size_t i = 0; i < len; i++) {
        uint32_t x = c[i] >= 'A' && c[i] <= 'Z' && long_s ? c[i] + 32 : c[i];
        if (x != (uint32_t)word[i] && !(long_s && word[i] == 's' && x == 0x17f))
            return false;
    }
    return true;
}

/* [^\s\p{L}\p{N}].  Without regard to case U+0345, a mark whose capital is a letter, is in none of the
 * expression's sets, and open_clip drops it. */
static bool is_other(uint32_t c, bool open_clip)
{
    return !ay_uni_is_letter(c) && !ay_uni_is_number(c) && !ay_uni_is_space(c) &&
           !(open_clip && c == 0x345);
}

/* How many characters the next word has; 0: this one belongs to none.  The order is the expression's:
 *   start|end|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+ */
static size_t word_length(const job *j, const uint32_t *c, size_t n)
{
    static const char *const first[2][2] = {{"<|startoftext|>", "<|endoftext|>"},
                                            {"<start_of_text>", "<end_of_text>"}};
    static const char *const tails[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    bool open_clip = j->v->info.open_clip;
    size_t i = 0;

    for (i = 0; i < 2; i++)
        if (stands(c, n, first[open_clip][i], open_clip))
            return strlen(first[open_clip][i]);
    for (i = 0; i < sizeof tails / sizeof *tails; i++)
        if (stands(c, n, tails[i], open_clip))
            return strlen(tails[i]);
    if (ay_uni_is_number(c[0]))
        return 1;
    for (i = 0; i < n && ay_uni_is_letter(c[i]); i++)
        ;
    if (i > 0)
        return i;
    while (i < n && is_other(c[i], open_clip))
        i++;
    return i;
}

/* open_clip knows its two special words only as they are written; another spelling is a word. */
static int32_t special(const job *j, const uint32_t *c, size_t n)
{
    if (!j->v->info.open_clip || n < 13)
        return -1;
    if (n == 15 && stands(c, n, "<start_of_text>", false))
        return j->v->info.start;
    return n == 13 && stands(c, n, "<end_of_text>", false) ? j->v->info.end : -1;
}

static bool is_end_word(const uint32_t *c, size_t n)
{
    return (n == 15 && stands(c, n, "<|startoftext|>", false)) ||
           (n == 13 && stands(c, n, "<|endoftext|>", false));
}

/* The word of len characters at c. */
static ay_status put_span(job *j, const uint32_t *c, size_t len, ay_err *err)
{
    j->bytes.len = 0;
    ay_points_encode(c, len, &j->bytes);
    if (j->bytes.failed)
        return ay_fail(err, AY_ENOMEM, "a word of %zu characters", len);
    if (j->bytes.len > j->room) { /* cleaning may make a text longer */
        int32_t *more = ay_realloc(j->piece, j->bytes.len * 2, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "a word of %zu bytes", j->bytes.len);
        j->piece = more;
        j->room = j->bytes.len;
        j->rank = j->piece + j->room;
    }
    put_word(j);
    return AY_OK;
}

static ay_status put_words(job *j, const uint32_t *c, size_t n, ay_err *err)
{
    ay_status status = AY_OK;

    for (size_t i = 0, len; i < n && j->n <= j->most && status == AY_OK; i += len ? len : 1) {
        len = word_length(j, c + i, n - i);
        if (special(j, c + i, len) >= 0) {
            put_piece(j, special(j, c + i, len));
        } else if (!j->v->info.open_clip && is_end_word(c + i, len)) {
            /* "<|startoftext|>" that was not small before: transformers splits words once more, by
             * GPT-2's expression, and only this kind of word comes apart. */
            status = put_span(j, c + i, 2, err);
            if (status == AY_OK)
                status = put_span(j, c + i + 2, len - 4, err);
            if (status == AY_OK)
                status = put_span(j, c + i + len - 2, 2, err);
        } else if (len) {
            status = put_span(j, c + i, len, err);
        }
    }
    return status;
}

/* ---- the two publishers' ways ---------------------------------------------------------------- */

static ay_status put_openclip(job *j, ay_err *err)
{
    ay_status status = ay_clean_openclip(&j->points, j->v->lower, err);

    return status == AY_OK ? put_words(j, j->points.c, j->points.n, err) : status;
}

/* One stretch between special words. */
static ay_status put_stretch(job *j, const uint32_t *c, size_t n, ay_err *err)
{
    ay_points part = {0};
    ay_status status;

    ay_points_append(&part, c, n);
    status = ay_clean_hugging(&part, err);
    if (status == AY_OK)
        status = put_words(j, part.c, part.n, err);
    ay_points_fini(&part);
    return status;
}

/* Special words are found in the text as it came, everything between is cleaned by itself. */
static ay_status put_hugging(job *j, ay_err *err)
{
    const uint32_t *c = j->points.c;
    size_t from = 0, n = j->points.n;
    ay_status status = AY_OK;

    for (size_t i = 0; i < n && status == AY_OK; i++) {
        bool start = stands(c + i, n - i, "<|startoftext|>", false);
        if (!start && !stands(c + i, n - i, "<|endoftext|>", false))
            continue;
        status = put_stretch(j, c + from, i - from, err);
        put_piece(j, start ? j->v->info.start : j->v->info.end);
        from = i + (start ? 15 : 13);
        i = from - 1;
    }
    return status == AY_OK && from < n ? put_stretch(j, c + from, n - from, err) : status;
}

ay_status ay_tokenizer_encode(const ay_tokenizer *t, const char *text, size_t n, int context,
                              int32_t *ids, int *used, bool *cut, ay_err *err)
{
    job j = {.v = &t->vocab, .ids = ids + 1, .most = context - 2, .room = n + 1};
    ay_status status;
    int end;

    if (context < 2)
        return ay_fail(err, AY_EINVAL, "a context of %d places", context);
    if (n > AY_TOKENIZER_TEXT_MAX)
        return ay_fail(err, AY_ELIMIT, "the text has %zu bytes; at most %d are read", n,
                       AY_TOKENIZER_TEXT_MAX);
    j.piece = ay_alloc(j.room * 2, sizeof *j.piece);
    j.rank = j.piece + j.room;
    status = j.piece ? ay_points_decode(&j.points, text, n, err)
                     : ay_fail(err, AY_ENOMEM, "a text of %zu bytes", n);
    if (status == AY_OK)
        status = t->vocab.info.open_clip ? put_openclip(&j, err) : put_hugging(&j, err);
    if (status == AY_OK) {
        end = j.n < j.most ? j.n : j.most;
        ids[0] = t->vocab.info.start;
        ids[end + 1] = t->vocab.info.end;
        for (int i = end + 2; i < context; i++)
            ids[i] = t->vocab.info.fill;
        if (used)
            *used = end + 2;
        if (cut)
            *cut = j.n > j.most;
    }
    ay_points_fini(&j.points);
    ay_buf_fini(&j.bytes);
    ay_free(j.piece);
    return status;
}
