/* store/albums.c - pictures in an order made by hand: the part of store/tags.h about albums.
 *
 * A position is a number that only has to be in order: new pictures come after the largest, and taking one leaves a gap.  Parts of acts
 * that must bring an order back hold all of it ("POSITION DIGEST" a line), for albums are made by hand and are small. */
#include "store/tags.h"
#include "store/acts_sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ay_status live_album(ay_store *s, int64_t album, ay_err *err)
{
    int64_t one;
    ay_status status = ay_sql_number(s, "SELECT 1 FROM album WHERE id = ? AND trash = 0", ARGS(ay_sql_int(album)), &one, err);

    return status == AY_ENOTFOUND ? ay_fail(err, AY_ENOTFOUND, "there is no such album") : status;
}

static ay_status take_line(void *ctx, const ay_sql_value *c, int n, ay_err *err)
{
    (void)n, (void)err;
    ay_buf_printf(ctx, "%lld %.*s\n", (long long)c[0].i, (int)c[1].n, (const char *)c[1].p);
    return AY_OK;
}

/* Keep the album as it is now. */
static ay_status keep_order(ay_store *s, int64_t act, int64_t album, ay_err *err)
{
    ay_buf text = {.limit = 1000000};
    ay_status status = ay_sql_select(s, "SELECT position, sha256 FROM album_picture WHERE album = ? ORDER BY position",
                                     ARGS(ay_sql_int(album)), take_line, &text, err);

    if (status == AY_OK && text.failed)
        status = ay_fail(err, AY_ELIMIT, "the album is too large: an album holds at most %d pictures", AY_ALBUM_MOST);
    if (status == AY_OK)
        status = ay_store_act_keep(s, act, "album.order", album, text.data ? text.data : "", err);
    ay_buf_fini(&text);
    return status;
}

static ay_status put_at(ay_store *s, int64_t album, const char *sha256, int64_t position, ay_err *err)
{
    return ay_sql_write(s, "INSERT INTO album_picture (album, sha256, position) VALUES (?, ?, ?)",
                        ARGS(ay_sql_int(album), ay_sql_text(sha256), ay_sql_int(position)), NULL, NULL, err);
}

static ay_status is_in(ay_store *s, int64_t album, const char *sha256, bool *in, ay_err *err)
{
    int64_t one;
    ay_status status = ay_sql_number(s, "SELECT 1 FROM album_picture WHERE album = ? AND sha256 = ?",
                                     ARGS(ay_sql_int(album), ay_sql_text(sha256)), &one, err);

    *in = status == AY_OK;
    return status == AY_ENOTFOUND ? AY_OK : status;
}

static ay_status room(ay_store *s, int64_t album, size_t more, int64_t *last, ay_err *err)
{
    int64_t count = 0;
    ay_status status = ay_sql_number(s, "SELECT COUNT(*) FROM album_picture WHERE album = ?", ARGS(ay_sql_int(album)), &count, err);

    if (status == AY_OK && count + (int64_t)more > AY_ALBUM_MOST)
        return ay_fail(err, AY_ELIMIT, "an album holds at most %d pictures; a tag or a saved search has no limit", AY_ALBUM_MOST);
    if (status == AY_OK)
        status = ay_sql_number(s, "SELECT COALESCE(MAX(position), 0) FROM album_picture WHERE album = ?", ARGS(ay_sql_int(album)), last,
                               err);
    return status;
}

ay_status ay_store_album_put(ay_store *s, int64_t act, int64_t album, const char *const *sha256, size_t n, int64_t *changed, ay_err *err)
{
    ay_buf text = {0};
    int64_t last = 0;
    ay_status status = live_album(s, album, err);

    *changed = 0;
    if (status == AY_OK)
        status = room(s, album, n, &last, err);
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        bool in;
        status = is_in(s, album, sha256[i], &in, err);
        if (status != AY_OK || in)
            continue;
        status = put_at(s, album, sha256[i], ++last, err);
        ay_buf_add(&text, sha256[i], AY_SHA256_HEX - 1);
        *changed += 1;
    }
    if (status == AY_OK && text.failed)
        status = ay_fail(err, AY_ENOMEM, "keeping what undo needs");
    if (status == AY_OK && *changed)
        status = ay_store_act_keep(s, act, "album.put", album, text.data, err);
    ay_buf_fini(&text);
    return status;
}

static ay_status take_out(ay_store *s, int64_t album, const char *sha256, int64_t *changed, ay_err *err)
{
    int64_t one = 0;
    ay_status status = ay_sql_write(s, "DELETE FROM album_picture WHERE album = ? AND sha256 = ?",
                                    ARGS(ay_sql_int(album), ay_sql_text(sha256)), &one, NULL, err);

    *changed += one;
    return status;
}

ay_status ay_store_album_take(ay_store *s, int64_t act, int64_t album, const char *const *sha256, size_t n, int64_t *changed,
                              ay_err *err)
{
    ay_status status = live_album(s, album, err);

    *changed = 0;
    if (status == AY_OK)
        status = keep_order(s, act, album, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = take_out(s, album, sha256[i], changed, err);
    return status;
}

ay_status ay_store_album_order(ay_store *s, int64_t act, int64_t album, const char *const *sha256, size_t n, ay_err *err)
{
    int64_t last = 0;
    ay_status status = live_album(s, album, err);

    if (status == AY_OK)
        status = keep_order(s, act, album, err);
    if (status == AY_OK)
        status = room(s, album, 0, &last, err);
    /* Those of the list get 1, 2, ...; all others keep their order behind them. */
    if (status == AY_OK)
        status = ay_sql_write(s, "UPDATE album_picture SET position = position + ? WHERE album = ?",
                              ARGS(ay_sql_int((int64_t)n), ay_sql_int(album)), NULL, NULL, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = ay_sql_write(s, "UPDATE album_picture SET position = ? WHERE album = ? AND sha256 = ?",
                              ARGS(ay_sql_int((int64_t)i + 1), ay_sql_int(album), ay_sql_text(sha256[i])), NULL, NULL, err);
    return status;
}

/* ---- undo */

ay_status ay_album_put_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    ay_digests d = {.at = row->detail};
    ay_status status = AY_OK;

    while (status == AY_OK && ay_digests_next(&d))
        status = take_out(s, row->what, d.one, &out->tagged, err);
    return status;
}

static ay_status bring_line(ay_store *s, int64_t album, int64_t position, const char *sha256, ay_store_restored *out, ay_err *err)
{
    int64_t changed = 0;
    bool in = false;
    ay_status status = is_in(s, album, sha256, &in, err);

    if (status == AY_OK && in)
        return ay_sql_write(s, "UPDATE album_picture SET position = ? WHERE album = ? AND sha256 = ?",
                            ARGS(ay_sql_int(position), ay_sql_int(album), ay_sql_text(sha256)), NULL, NULL, err);
    if (status == AY_OK)
        status = ay_sql_write(s,
                              "INSERT INTO album_picture (album, sha256, position) SELECT ?, p.sha256, ? FROM picture p"
                              " WHERE p.sha256 = ?",
                              ARGS(ay_sql_int(album), ay_sql_int(position), ay_sql_text(sha256)), &changed, NULL, err);
    out->tagged += changed;
    return status;
}

ay_status ay_album_order_undo(ay_store *s, const ay_act_row *row, ay_store_restored *out, ay_err *err)
{
    ay_status status = AY_OK;

    for (const char *p = row->detail; *p && status == AY_OK;) {
        char *end, sha256[AY_SHA256_HEX];
        int64_t position = strtoll(p, &end, 10);
        if (*end != ' ' || strnlen(end + 1, AY_SHA256_HEX - 1) < AY_SHA256_HEX - 1)
            break;
        snprintf(sha256, sizeof sha256, "%.64s", end + 1);
        status = bring_line(s, row->what, position, sha256, out, err);
        p = end + AY_SHA256_HEX + 1;
    }
    return status;
}
