#include "service/words/sift.h"

#include <string.h>

ay_status ay_sift_one(const ay_word_reader *r, const char *text, ay_arena *a, ay_words_text *out,
                      ay_err *err)
{
    *out = (ay_words_text){.known = 1};
    return r->examine ? r->examine(r->ctx, text, a, out, err) : AY_OK;
}

static bool listed(const char *const *list, int n, const char *word)
{
    for (int i = 0; i < n; i++)
        if (strcmp(list[i], word) == 0)
            return true;
    return false;
}

/* The unknown words of all texts become one list, each once. */
static ay_status gather(const ay_words_text *texts, int n, ay_arena *a, ay_sifted *out, ay_err *err)
{
    size_t most = 0;

    for (int i = 0; i < n; i++)
        most += (size_t)texts[i].nunknown;
    out->unknown = ay_arena_alloc(a, (most + 1) * sizeof *out->unknown);
    if (!out->unknown)
        return ay_fail(err, AY_ENOMEM, "%zu words", most);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < texts[i].nunknown; k++)
            if (!listed(out->unknown, out->nunknown, texts[i].unknown[k]))
                out->unknown[out->nunknown++] = texts[i].unknown[k];
    return AY_OK;
}

ay_status ay_sift(const ay_word_reader *r, const ay_labels *all, ay_arena *a, ay_sifted *out, ay_err *err)
{
    size_t n = (size_t)all->n + 1;
    ay_words_text *texts = ay_arena_alloc(a, n * sizeof *texts);
    ay_status status = AY_OK;

    *out = (ay_sifted){.read = {.item = ay_arena_alloc(a, n * sizeof *out->read.item),
                                .dropped = all->dropped},
                       .unread = {.item = ay_arena_alloc(a, n * sizeof *out->unread.item)},
                       .detail = ay_arena_alloc(a, n * sizeof *out->detail)};
    if (!texts || !out->read.item || !out->unread.item || !out->detail)
        return ay_fail(err, AY_ENOMEM, "%d labels", all->n);
    for (int i = 0; i < all->n && status == AY_OK; i++) {
        status = ay_sift_one(r, all->item[i], a, &texts[i], err);
        if (status == AY_OK && texts[i].known) {
            out->detail[out->read.n] = texts[i];
            out->read.item[out->read.n++] = all->item[i];
        } else if (status == AY_OK)
            out->unread.item[out->unread.n++] = all->item[i];
    }
    return status == AY_OK ? gather(texts, all->n, a, out, err) : status;
}
