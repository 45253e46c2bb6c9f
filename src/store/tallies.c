/* store/tallies.c - another program's counts become verdicts.
 *
 * The token of each is "@<source>:<digest of picture and theme>:<a or r><number>".  How many of a tally are
 * there already is a count of such tokens, so nothing has to be remembered between two runs. */
#include "store/verdicts.h"
#include "store/sql.h"

#include "base/hash.h"

#include <stdio.h>
#include <string.h>

enum { SOURCE_MOST = 32 };

static ay_status check(const char *source, const ay_store_tally *t, ay_err *err)
{
    ay_status status = ay_store_check_digest("a picture's digest", t->sha256, err);

    if (status == AY_OK)
        status = ay_store_check_name("a theme", t->theme, AY_THEME_MAX, err);
    if (status == AY_OK)
        status = ay_store_check_text("an asset's name", t->asset, AY_ASSET_MAX, err);
    if (status == AY_OK)
        status = ay_store_check_name("a source", source, SOURCE_MOST, err);
    if (status == AY_OK && strpbrk(source, "%_"))
        status = ay_fail(err, AY_EINVAL, "a source is named without %% and _");
    if (status == AY_OK && (t->accepted > AY_TALLY_MOST || t->rejected > AY_TALLY_MOST))
        status = ay_fail(err, AY_ELIMIT, "a tally of more than %d verdicts of a kind", AY_TALLY_MOST);
    if (status == AY_OK && (t->accepted < 0 || t->rejected < 0 || t->first_us > t->last_us))
        status = ay_fail(err, AY_EINVAL, "a tally has negative counts, or ends before it begins");
    return status;
}

static ay_status take_count(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    int64_t *have = ctx; /* rejected, accepted */

    (void)n, (void)err;
    have[c[0].i != 0] = c[1].i;
    return AY_OK;
}

/* have[0] rejected, have[1] accepted ones of this source. */
static ay_status count(ay_store *s, const char *source, const ay_store_tally *t, bool dry,
                       int64_t have[2], ay_err *err)
{
    static const char sql[] = "SELECT accepted, COUNT(*) FROM verdict WHERE sha256 = ? AND theme = ?"
                              " AND token LIKE ? GROUP BY accepted";
    char like[SOURCE_MOST + 8];
    ay_status (*run)(ay_store *, const char *, const ay_sql_value *, int, ay_sql_row, void *, ay_err *) =
        dry ? ay_sql_read : ay_sql_select;

    have[0] = have[1] = 0;
    snprintf(like, sizeof like, "@%s:%%", source);
    return run(s, sql, ARGS(ay_sql_text(t->sha256), ay_sql_text(t->theme), ay_sql_text(like)), take_count,
               have, err);
}

static void digest_of(const ay_store_tally *t, char hex[AY_SHA256_HEX])
{
    ay_sha256 h;

    ay_sha256_init(&h);
    ay_sha256_add(&h, t->sha256, strlen(t->sha256));
    ay_sha256_add(&h, t->theme, strlen(t->theme));
    ay_sha256_hex(&h, hex);
}

static ay_status insert(ay_store *s, const char *source, const ay_store_tally *t, const int64_t have[2],
                        ay_err *err)
{
    int64_t n = t->accepted + t->rejected, seen[2] = {0, 0};
    char digest[AY_SHA256_HEX], token[AY_VERDICT_KEY_MAX + 40];
    ay_status status = AY_OK;

    digest_of(t, digest);
    for (int64_t i = 0; i < n && status == AY_OK; i++) {
        bool yes = (i + 1) * t->accepted / n > i * t->accepted / n;
        double share = n > 1 ? (double)i / (double)(n - 1) : 1;
        int64_t number = seen[yes]++, at = t->first_us + (int64_t)(share * (double)(t->last_us - t->first_us));
        if (number < have[yes])
            continue;
        snprintf(token, sizeof token, "@%s:%.40s:%c%lld", source, digest, yes ? 'a' : 'r', (long long)number);
        status = ay_sql_write(
            s, "INSERT INTO verdict (at_us, sha256, theme, accepted, asset, token) VALUES (?, ?, ?, ?, ?, ?)",
            ARGS(ay_sql_int(at), ay_sql_text(t->sha256), ay_sql_text(t->theme), ay_sql_int(yes),
                 ay_sql_text(t->asset), ay_sql_text(token)),
            NULL, NULL, err);
    }
    return status;
}

static int64_t more(int64_t wanted, int64_t have)
{
    return wanted > have ? wanted - have : 0;
}

static ay_status take(ay_store *s, const char *source, const ay_store_tally *t, bool dry,
                      ay_store_tallied *out, ay_err *err)
{
    int64_t have[2], added;
    ay_status status = count(s, source, t, dry, have, err);

    if (status != AY_OK)
        return status;
    added = more(t->accepted, have[1]) + more(t->rejected, have[0]);
    out->added += added;
    out->there += t->accepted + t->rejected - added;
    out->touched += added > 0;
    return added > 0 && !dry ? insert(s, source, t, have, err) : AY_OK;
}

ay_status ay_store_verdict_import(ay_store *s, const char *source, const ay_store_tally *t, size_t n,
                                  bool dry, ay_store_tallied *out, ay_err *err)
{
    ay_store_tallied sum = {0};
    char note[64];
    ay_status status = AY_OK;

    *out = sum;
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = check(source, &t[i], err);
    if (status == AY_OK && !dry)
        status = ay_store_begin(s, err);
    if (status != AY_OK)
        return status;
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = take(s, source, &t[i], dry, &sum, err);
    if (status == AY_OK && !dry && sum.added > 0) {
        snprintf(note, sizeof note, "%lld verdicts", (long long)sum.added);
        status = ay_store_note(s, "verdict.import", source, note, err);
    }
    if (!dry)
        status = ay_store_end(s, status, err);
    if (status == AY_OK)
        *out = sum;
    return status;
}
