#include "service/words/omnizap.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "service/words/expand_parts.h"
#include "service/words/labels.h"
#include "service/words/wordy.h"
#include "store/seed2.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 200, FEEDBACK = 0, IMAGES = 1, LABELS = 2, EXPANSIONS = 3 };

static const char weights_unknown[] = "vectors: which weights made them is not said; they are made again when needed";

typedef struct {
    ay_service *s;
    const ay_omnizap_options *o;
    ay_omnizap_counts *n;
    ay_omnizap_table *t; /* the one that is read */
    ay_arena arena;      /* of the batch */
    ay_store_tally batch[BATCH];
    size_t nbatch;
    ay_expand_settings expand;
    ay_expand_shelf shelf; /* its folder only */
    char folder[4200];
    int64_t shelf_room;
} taking;

/* ---- what is left there */

static void leave(ay_omnizap_table *t, const char *why, int64_t rows)
{
    int i = 0;

    t->left += rows;
    while (i < t->nreasons && strcmp(t->reason[i].why, why) != 0)
        i++;
    if (i == AY_OMNIZAP_REASONS) /* more than there are; the sum stays right */
        i = AY_OMNIZAP_REASONS - 1;
    else if (i == t->nreasons)
        t->reason[t->nreasons++] = (ay_omnizap_reason){.why = why};
    t->reason[i].rows += rows;
}

static ay_status step(taking *k, ay_err *err)
{
    k->n->done++;
    return k->o->progress && !k->o->progress(k->o->ctx, k->n) ? ay_fail(err, AY_ECANCELLED, "stopped") : AY_OK;
}

static void on_refused(void *ctx, const char *why)
{
    taking *k = ctx;

    leave(k->t, why, 1);
    k->n->done++;
}

/* ---- verdicts */

static ay_status flush(taking *k, ay_err *err)
{
    ay_store_tallied done = {0};
    ay_status status = k->nbatch ? ay_store_verdict_import(k->s->store, "omnizap", k->batch, k->nbatch,
                                                           k->o->dry, &done, err)
                                 : AY_OK;

    k->n->verdicts += done.added;
    k->n->verdicts_same += done.there;
    if (status == AY_OK) {
        k->n->table[FEEDBACK].taken += done.touched;
        k->n->table[FEEDBACK].same += (int64_t)k->nbatch - done.touched;
    }
    k->nbatch = 0;
    ay_arena_fini(&k->arena);
    return status;
}

static bool can_be_kept(const char *asset)
{
    for (const char *p = asset; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return false;
    return strlen(asset) <= AY_ASSET_MAX && ay_utf8_valid(asset, strlen(asset));
}

/* Of more than AY_OMNIZAP_VERDICTS so many, in the same proportion; what there is at all stays. */
static void fold(taking *k, const ay_seed2_feedback *f, ay_store_tally *t)
{
    double share = (double)AY_OMNIZAP_VERDICTS / (double)f->total;

    t->accepted = f->accepted;
    t->rejected = f->total - f->accepted;
    if (f->total <= AY_OMNIZAP_VERDICTS)
        return;
    t->accepted = (int64_t)((double)f->accepted * share + 0.5);
    if (t->accepted == 0 && f->accepted > 0)
        t->accepted = 1;
    if (t->accepted == AY_OMNIZAP_VERDICTS && f->accepted < f->total)
        t->accepted = AY_OMNIZAP_VERDICTS - 1;
    t->rejected = AY_OMNIZAP_VERDICTS - t->accepted;
    k->n->folded++;
}

static void date(taking *k, const ay_seed2_feedback *f, ay_store_tally *t)
{
    int64_t now = ay_clock_wall(), first = f->created_us ? f->created_us : f->updated_us,
            last = f->updated_us ? f->updated_us : f->created_us;

    if (!first) {
        first = last = now;
        k->n->undated++;
    }
    t->last_us = last < now ? last : now;
    t->first_us = first < t->last_us ? first : t->last_us;
}

static ay_status on_feedback(void *ctx, const ay_seed2_feedback *f, ay_err *err)
{
    taking *k = ctx;
    ay_store_tally *t = &k->batch[k->nbatch];
    ay_err why;

    if (ay_theme_normal(f->theme, &k->arena, &t->theme, &why) != AY_OK || !*t->theme) {
        on_refused(k, "a theme has control characters, or nothing else");
        return AY_OK;
    }
    t->sha256 = ay_arena_strdup(&k->arena, f->sha256);
    t->asset = ay_arena_strdup(&k->arena, can_be_kept(f->asset) ? f->asset : "");
    if (!t->sha256 || !t->asset)
        return ay_fail(err, AY_ENOMEM, "reading feedback");
    k->n->unnamed += !*t->asset && *f->asset;
    fold(k, f, t);
    date(k, f, t);
    if (++k->nbatch == BATCH) {
        ay_status status = flush(k, err);
        if (status != AY_OK)
            return status;
    }
    return step(k, err);
}

/* ---- expansions */

/* Is the question three labels or fewer, as ours are?  key: where its answer is kept. */
static bool question(const taking *k, const ay_seed2_expansion *e, char key[AY_SHA256_HEX])
{
    json_t *list = json_loads(e->labels, 0, NULL);
    size_t n = json_array_size(list);
    const char *label[AY_EXPAND_LABELS];
    ay_expand_settings set = k->expand;
    bool good = n > 0 && n <= AY_EXPAND_LABELS && *e->model;

    for (size_t i = 0; good && i < n; i++) {
        label[i] = json_string_value(json_array_get(list, i));
        good = label[i] && *label[i];
    }
    set.model = e->model;
    if (good)
        ay_expand_key(&set, label, (int)n, key);
    json_decref(list);
    return good;
}

static ay_status keep(taking *k, const char *key, const char *text, ay_err *err)
{
    if (ay_expand_shelf_has(&k->shelf, key)) {
        k->t->same++;
        return AY_OK;
    }
    if (k->shelf_room == 0) {
        leave(k->t, "only the newest 2048 are kept", 1);
        return AY_OK;
    }
    k->shelf_room--;
    k->t->taken++;
    return k->o->dry ? AY_OK : ay_expand_shelf_write(&k->shelf, key, text, err);
}

static ay_status on_expansion(void *ctx, const ay_seed2_expansion *e, ay_err *err)
{
    taking *k = ctx;
    char key[AY_SHA256_HEX];
    ay_buf text = {0};
    ay_err why;
    ay_status status = AY_OK;

    if (!question(k, e, key))
        leave(k->t, "the labels that were asked about are not JSON, or not one to three", 1);
    else if (ay_expand_check(e->expansion, strlen(e->expansion), &text, &why) != AY_OK)
        leave(k->t, "the expansion is not JSON of four lists of texts", 1);
    else
        status = keep(k, key, text.data, err);
    ay_buf_fini(&text);
    return status == AY_OK ? step(k, err) : status;
}

/* How many more have room in the folder, beside what is there. */
static int64_t room_in(const char *folder)
{
    int64_t n = AY_EXPAND_KEPT;
    struct dirent *e;
    DIR *d = opendir(folder);

    while (d && (e = readdir(d)))
        n -= ay_str_ends_nocase(e->d_name, ".json");
    if (d)
        closedir(d);
    return n > 0 ? n : 0;
}

/* ---- all of it */

static ay_status on_table(void *ctx, const char *name, int64_t rows, ay_err *err)
{
    taking *k = ctx;
    ay_status status = flush(k, err);

    k->t = k->t ? k->t + 1 : k->n->table;
    k->t->name = name;
    k->t->rows = rows;
    if (rows < 0 || status != AY_OK)
        return status;
    if (k->t == &k->n->table[IMAGES] || k->t == &k->n->table[LABELS]) {
        if (rows > 0)
            leave(k->t, weights_unknown, rows);
        return AY_OK;
    }
    k->n->total += rows;
    return AY_OK;
}

static ay_status address(const taking *k, ay_buf *url, ay_err *err)
{
    if (!k->o->url)
        return ay_seed2_url(url, err);
    ay_buf_puts(url, k->o->url);
    return url->failed ? ay_fail(err, AY_ENOMEM, "reading a URL") : AY_OK;
}

ay_status ay_omnizap_import(ay_service *s, const ay_omnizap_options *o, ay_omnizap_counts *out, ay_err *err)
{
    taking *k = ay_calloc(1, sizeof *k);
    ay_seed2_visitor v = {on_table, on_refused, on_feedback, NULL, on_expansion, k};
    ay_seed2_counts read;
    ay_buf url = {0};
    ay_status status;

    *out = (ay_omnizap_counts){0};
    if (!k)
        return ay_fail(err, AY_ENOMEM, "taking over");
    *k = (taking){.s = s, .o = o, .n = out, .expand = s->words->set.expand};
    snprintf(k->folder, sizeof k->folder, "%s/expansions", s->data);
    k->shelf.folder = k->folder;
    k->shelf_room = room_in(k->folder);
    if (s->reading_only && !o->dry)
        status = ay_fail(err, AY_EBUSY, "another process has the data folder open for writing: stop it first,"
                                        " or look with --dry-run");
    else
        status = address(k, &url, err);
    if (status == AY_OK)
        status = ay_seed2_read(url.data, &v, &read, err);
    if (status == AY_OK)
        status = flush(k, err);
    if (status == AY_EBUSY && k->t) /* one of the two databases went away */
        ay_err_wrap(err, "stopped after %lld verdicts; run it again and it goes on",
                    (long long)out->verdicts);
    if (url.data)
        explicit_bzero(url.data, url.len);
    ay_buf_fini(&url);
    ay_arena_fini(&k->arena);
    ay_free(k);
    return status;
}
