/* service/words/verdicts.c - what people say of answers. */
#include "service/words/wordy.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* A client's digest: blanks at its ends and capitals do not matter. */
static bool read_digest(const char *text, char out[AY_SHA256_HEX])
{
    size_t n = 0;

    text += strspn(text, " \t\r\n");
    while (n < AY_SHA256_HEX - 1 && isxdigit((unsigned char)text[n])) {
        out[n] = (char)tolower((unsigned char)text[n]);
        n++;
    }
    out[n] = '\0';
    return n == AY_SHA256_HEX - 1 && text[n + strspn(text + n, " \t\r\n")] == '\0';
}

static ay_status check(ay_service *s, const char *sha256, ay_store_verdict *v, char digest[AY_SHA256_HEX],
                       const char *theme, ay_arena *a, ay_err *err)
{
    ay_status status;
    bool seen;

    if (s->reading_only)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    if (!sha256 || !read_digest(sha256, digest))
        return ay_fail(err, AY_EINVAL, "the picture's digest must be 64 hex digits, as the answer about it "
                                       "gave them");
    status = ay_theme_normal(theme ? theme : "", a, &v->theme, err);
    if (status == AY_OK && !*v->theme)
        status = ay_fail(err, AY_EINVAL, "the verdict needs a theme: what was accepted or rejected");
    if (status == AY_OK)
        status = ay_store_seen(s->store, digest, &seen, err);
    if (status == AY_OK && !seen)
        status = ay_fail(err, AY_ENOTFOUND,
                         "no picture with the digest %.12s... was here: classify it first, and use the "
                         "digest of that answer", digest);
    return status;
}

ay_status ay_verdict_give(ay_service *s, const char *sha256, const char *theme, bool accepted,
                          const char *asset, const char *key, ay_arena *a, ay_word_verdict *out, bool *again,
                          ay_err *err)
{
    char *digest = ay_arena_alloc(a, AY_SHA256_HEX);
    ay_store_verdict v = {.at_us = ay_clock_wall(), .sha256 = digest,
                          .asset = ay_arena_strdup(a, asset ? asset : ""),
                          .key = ay_arena_strdup(a, key ? key : ""), .accepted = accepted}, *list;
    ay_status status = digest && v.asset && v.key
                              ? check(s, sha256, &v, digest, theme, a, err)
                              : ay_fail(err, AY_ENOMEM, "a verdict");
    size_t n = 0;

    *again = false;
    if (status == AY_OK)
        status = ay_store_verdict_add(s->store, &v, &v.id, again, err);
    /* What was just kept is known without asking: a database that went away since then is no reason to tell
     * of a verdict that nothing was changed.  One that was there before has its own time and asset. */
    if (status == AY_OK && *again)
        status = ay_store_verdict_list(s->store, digest, v.theme, v.id + 1, 1, a, &list, &n, err);
    if (status != AY_OK)
        return status;
    if (n)
        v = list[0];
    *out = (ay_word_verdict){.id = v.id, .sha256 = v.sha256, .theme = v.theme, .asset = v.asset,
                        .key = v.key, .accepted = v.accepted};
    ay_clock_rfc3339(out->at, v.at_us);
    return AY_OK;
}

ay_status ay_verdicts_list(ay_service *s, const char *sha256, const char *theme, const char *cursor,
                           int limit, ay_arena *a, ay_word_verdict **out, size_t *n, const char **next,
                           ay_err *err)
{
    char digest[AY_SHA256_HEX] = "";
    ay_store_verdict *list = NULL;
    const char *word = "";
    long before = 0;
    ay_status status = AY_OK;

    *n = 0;
    *next = NULL;
    if (sha256 && *sha256 && !read_digest(sha256, digest))
        return ay_fail(err, AY_EINVAL, "a picture's digest is 64 hex digits");
    if (cursor && *cursor && !ay_str_to_long(cursor, 1, INT64_MAX, &before))
        return ay_fail(err, AY_EINVAL, "not a cursor of this list");
    if (theme && *theme)
        status = ay_theme_normal(theme, a, &word, err);
    if (status == AY_OK)
        status = ay_store_verdict_list(s->store, digest, word, before, limit + 1, a, &list, n, err);
    if (status != AY_OK)
        return status;
    if (*n > (size_t)limit) {
        *n = (size_t)limit;
        *next = ay_arena_printf(a, "%lld", (long long)list[limit - 1].id);
    }
    *out = ay_arena_alloc(a, (*n + 1) * sizeof **out);
    if (!*out)
        return ay_fail(err, AY_ENOMEM, "listing verdicts");
    for (size_t i = 0; i < *n; i++) {
        const ay_store_verdict *v = &list[i];
        (*out)[i] = (ay_word_verdict){.id = v->id, .sha256 = v->sha256, .theme = v->theme,
                                 .asset = v->asset, .key = v->key, .accepted = v->accepted};
        ay_clock_rfc3339((*out)[i].at, v->at_us);
    }
    return AY_OK;
}
