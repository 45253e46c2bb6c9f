#include "net/ask.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum { HEAD_MS = 30000, CONNECT_MS = 10000 };

static const uint64_t LARGEST = 1ull << 40;

/* Append s, everything but what may stand in a path as %XX.  keep: further characters that stay. */
static void encode(ay_buf *out, const char *s, const char *keep)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-", c) ||
            strchr(keep, c))
            ay_buf_putc(out, (char)c);
        else
            ay_buf_printf(out, "%%%02X", c);
    }
}

ay_status ay_ask_url(const ay_hub *hub, const char *repo, const char *revision, const char *file,
                     char url[AY_FETCH_URL], ay_err *err)
{
    ay_buf b = {.limit = AY_FETCH_URL - 1};
    ay_status status = AY_OK;

    ay_buf_printf(&b, "%s/%s/resolve/", hub->endpoint, repo);
    encode(&b, revision, "");
    ay_buf_putc(&b, '/');
    encode(&b, file, "/");
    if (b.failed)
        status = ay_fail(err, AY_EINVAL, "the address of %s is too long", file);
    else
        snprintf(url, AY_FETCH_URL, "%s", b.data);
    ay_buf_fini(&b);
    return status;
}

/* "\"digest\"" or "W/\"digest\"". */
static bool read_etag(const char *s, ay_blob_id *id)
{
    size_t n;

    if (ay_str_starts(s, "W/"))
        s += 2;
    n = strlen(s);
    if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
        s++;
        n -= 2;
    }
    if (n >= sizeof id->hex)
        return false;
    memcpy(id->hex, s, n);
    id->hex[n] = '\0';
    return ay_blob_id_valid(id->hex);
}

static bool read_size(const char *s, uint64_t *size)
{
    unsigned long long v;
    char end;

    if (strspn(s, "0123456789") != strlen(s) || strlen(s) > 13 || sscanf(s, "%llu%c", &v, &end) != 1)
        return false;
    *size = v;
    return v <= LARGEST;
}

enum { COMMIT, LINKED_ETAG, LINKED_SIZE, ETAG, ERROR_CODE, WANTED };
static const char *const wanted[WANTED] = {"X-Repo-Commit", "X-Linked-ETag", "X-Linked-Size", "ETag",
                                           "X-Error-Code"};

static ay_status read_meta(const ay_fetch_reply *r, const char *file, ay_hub_meta *meta, ay_err *err)
{
    const char *etag = r->want[LINKED_ETAG][0] ? r->want[LINKED_ETAG] : r->want[ETAG];
    bool moved = r->status >= 300;

    if (!meta->commit[0])
        return ay_fail(err, AY_EUNSUPPORTED, "%.200s does not say which commit it answers for: it is no "
                       "Hugging Face hub, or a proxy in between removed that (X-Repo-Commit)", r->url);
    if (!read_etag(etag, &meta->id))
        return ay_fail(err, AY_EUNSUPPORTED, "the hub names no digest for %s (ETag '%.80s'), so what comes could "
                       "not be checked", file, etag);
    if (!read_size(r->want[LINKED_SIZE], &meta->size)) {
        if (moved || r->length < 0 || (uint64_t)r->length > LARGEST)
            return ay_fail(err, AY_EUNSUPPORTED, "the hub does not say how large %s is", file);
        meta->size = (uint64_t)r->length;
    }
    return AY_OK;
}

ay_status ay_ask_refused(const ay_hub *hub, const char *repo, const char *revision, const char *file,
                         const ay_fetch_reply *reply, const char *code, ay_err *err)
{
    ay_status status = ay_fetch_expect(reply, err);
    const char *token = hub->token[0] ? "the token in use has no right to it" : "no token was given";

    if (strcmp(code, "GatedRepo") == 0)
        return ay_fail(err, AY_ECONFLICT, "%s wants its terms accepted first: do that at %.200s/%s, then set "
                       "HF_TOKEN to a token of that account (%s)", repo, hub->endpoint, repo, token);
    if (strcmp(code, "RevisionNotFound") == 0)
        return ay_fail(err, AY_ENOTFOUND, "%s has no branch, tag or commit '%s'", repo, revision);
    if (strcmp(code, "EntryNotFound") == 0)
        return ay_fail(err, AY_ENOTFOUND, "%s has no file '%s' at %s", repo, file, revision);
    /* The hub answers 401 for what does not exist, too, so as not to tell what is private. */
    if (reply->status == 401 || strcmp(code, "RepoNotFound") == 0)
        return ay_fail(err, reply->status == 401 ? AY_ECONFLICT : AY_ENOTFOUND,
                       "%.200s has no repository %s, or it is private (%s; HF_TOKEN)", hub->endpoint, repo, token);
    if (reply->status == 404)
        return ay_fail(err, AY_ENOTFOUND, "%.200s has no %s of %s at %s", hub->endpoint, file, repo, revision);
    return status;
}

bool ay_ask_again(ay_status status, const ay_fetch_reply *reply)
{
    return status == AY_EIO || (status == AY_EBUSY && reply->status != 501);
}

ay_status ay_ask_meta(const ay_hub *hub, const ay_hub_ref *ref, const char *revision, const char *file,
                      const atomic_bool *cancel, ay_hub_meta *meta, int *retry_after, ay_err *err)
{
    char url[AY_FETCH_URL];
    ay_fetch_reply r;
    ay_status status = ay_ask_url(hub, ref->repo, revision, file, url, err);
    ay_fetch_request q = {.url = url,
                          .method = "HEAD",
                          .bearer = hub->token[0] ? hub->token : NULL,
                          .want = wanted,
                          .n_want = WANTED,
                          .redirects = AY_FETCH_SAME_HOST,
                          .connect_ms = CONNECT_MS,
                          .timeout_ms = HEAD_MS,
                          .cancel = cancel};

    *meta = (ay_hub_meta){0};
    *retry_after = -1;
    if (status == AY_OK)
        status = ay_fetch(&q, &r, err);
    if (status != AY_OK)
        return status;
    *retry_after = r.retry_after;
    if (ay_commit_valid(r.want[COMMIT]))
        memcpy(meta->commit, r.want[COMMIT], AY_HUB_COMMIT);
    if (r.status >= 400 || r.status < 200)
        return ay_ask_refused(hub, ref->repo, revision, file, &r, r.want[ERROR_CODE], err);
    return read_meta(&r, file, meta, err);
}
