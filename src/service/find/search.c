#include "service/find/search.h"

#include "base/mem.h"
#include "service/picture.h"
#include "service/memory.h"
#include "service/find/search_chance.h"
#include "service/words/wordy.h"

#include <string.h>

typedef struct {
    ay_service *s;
    const ay_find_request *q;
    ay_arena *a;
    ay_find_answer *out;
    ay_ranking_query vectors;
    ay_found_bank bank; /* when there are words in vectors */
    ay_shelf pool;
    ay_rows *blocks;        /* of the pool */
    ay_gallery **galleries; /* of the blocks */
    bool all;               /* the galleries are all there are */
    uint8_t *include;       /* a byte for each vector; owned */
    char self[AY_SHA256_HEX]; /* the stored picture that is searched with; "" for none */
    char sent[AY_SHA256_HEX]; /* of the bytes, when nothing but they is searched with; else "" */
} finding;

static float *room(const finding *f, int vectors)
{
    return ay_arena_alloc(f->a, (size_t)vectors * (size_t)f->vectors.dim * sizeof(float));
}

/* ---- what is asked, as vectors */

static ay_status check(const finding *f, ay_err *err)
{
    const ay_find_request *q = f->q;
    bool stored = q->sha256 && *q->sha256;

    if (q->limit < 0 || q->limit > AY_FIND_MOST)
        return ay_fail(err, AY_EINVAL, "'limit' is 1 to %d, not %d", AY_FIND_MOST, q->limit);
    if (q->offset < 0)
        return ay_fail(err, AY_EINVAL, "'offset' is 0 or more, not %d", q->offset);
    if (q->cut == AY_CUT_SCORE && !(q->least >= 0 && q->least <= 1))
        return ay_fail(err, AY_EINVAL, "'cutoff' is auto, none, or a least score from 0 to 1");
    if (ay_question_blank(q->question.words) && !stored && !q->bytes)
        return ay_fail(err, AY_EINVAL,
                       q->question.nminus ? "minus words need something to be taken from: words or a picture"
                                          : "nothing to search with: give words, a picture, or both");
    if (stored && q->bytes)
        return ay_fail(err, AY_EINVAL, "two pictures to search with: give 'sha256' or a file, not both");
    if (stored && !ay_sha256_valid(q->sha256))
        return ay_fail(err, AY_EINVAL, "'sha256' must be 64 lower-case hex digits");
    if (q->bytes && q->n == 0)
        return ay_fail(err, AY_EINVAL, "the picture is empty (0 bytes)");
    return ay_question_check(&q->question, err);
}

static ay_status read_words(finding *f, ay_err *err)
{
    const ay_wordy *w = f->s->words;
    ay_question_read read;
    ay_status status;

    if (!ay_question_has_words(&f->q->question))
        return AY_OK;
    status = ay_wordy_pair(f->s, err);
    if (status == AY_OK)
        status = ay_wordy_fault(ay_question_take(&f->q->question, &w->reader, w->closed, f->vectors.dim,
                                                 f->a, &read, err),
                                err);
    if (status != AY_OK)
        return status;
    f->vectors = read.vectors;
    f->out->unknown = read.unknown;
    f->out->nunknown = read.nunknown;
    if (read.vectors.words || read.vectors.nminus)
        status = ay_found_everyday_words(f->s, read.vectors.neutral, &f->bank, err);
    return status;
}

/* The vector of a stored reference picture into dst. */
static bool gallery_vector(finding *f, float *dst)
{
    size_t dim = (size_t)f->vectors.dim;
    bool found = false;

    pthread_rwlock_rdlock(&f->s->lock);
    for (int i = 0; i < f->s->ngalleries && !found; i++) {
        const ay_gallery *g = f->s->galleries[i];
        const ay_gallery_item *item = ay_gallery_find(g, f->q->sha256);
        size_t at = item ? (size_t)(item - g->items) : 0;
        found = item && at < g->nready;
        if (found)
            memcpy(dst, g->vectors + at * dim, dim * sizeof *dst);
    }
    pthread_rwlock_unlock(&f->s->lock);
    return found;
}

static ay_status embed_bytes(finding *f, const void *bytes, size_t n, float *dst, ay_err *err)
{
    const ay_image *list[1];
    ay_image im;
    ay_status status = ay_image_decode(bytes, n, &f->s->limits, &im, err);

    if (status != AY_OK)
        return status;
    list[0] = &im;
    status = ay_service_embed(f->s, list, 1, dst, err);
    ay_image_fini(&im);
    return status;
}

/* A picture that is known here, wherever: its vector, or else its file. */
static ay_status embed_known(finding *f, float *dst, ay_err *err)
{
    ay_buf bytes = {0};
    ay_status status;

    memcpy(f->self, f->q->sha256, sizeof f->self);
    if (gallery_vector(f, dst))
        return AY_OK;
    status = ay_wordy_load(f->s, err);
    if (status != AY_OK || ay_wordy_find(f->s->words, f->q->sha256, dst))
        return status;
    status = ay_picture_read(f->s, f->q->sha256, &bytes, NULL, err);
    if (status == AY_OK)
        status = embed_bytes(f, bytes.data, bytes.len, dst, err);
    ay_buf_fini(&bytes);
    return status;
}

static ay_status read_picture(finding *f, ay_err *err)
{
    bool stored = f->q->sha256 && *f->q->sha256;
    float *v;
    ay_status status;

    if (!stored && !f->q->bytes)
        return AY_OK;
    v = room(f, 1);
    if (!v)
        return ay_fail(err, AY_ENOMEM, "reading a picture");
    status = stored ? embed_known(f, v, err) : embed_bytes(f, f->q->bytes, f->q->n, v, err);
    f->vectors.picture = v;
    if (!stored && !f->vectors.words && !f->vectors.nminus)
        ay_sha256_bytes(f->q->bytes, f->q->n, f->sent);
    return status;
}

/* ---- where to look; the galleries are held */

static ay_status choose_galleries(finding *f, ay_err *err)
{
    int n;
    ay_status status = AY_OK;

    f->all = f->q->dataset && strcmp(f->q->dataset, AY_FIND_ALL) == 0;
    n = f->all ? f->s->ngalleries : 1;
    f->galleries = ay_arena_alloc(f->a, (size_t)(n + 1) * sizeof *f->galleries);
    f->blocks = ay_arena_alloc(f->a, (size_t)(n + 1) * sizeof *f->blocks);
    if (!f->galleries || !f->blocks)
        return ay_fail(err, AY_ENOMEM, "searching %d data sets", n);
    if (f->all)
        memcpy(f->galleries, f->s->galleries, (size_t)n * sizeof *f->galleries);
    else
        status = ay_service_find(f->s, f->q->dataset, &f->galleries[0], err);
    for (int i = 0; i < n && status == AY_OK; i++) {
        const ay_gallery *g = f->galleries[i];
        f->blocks[i] = (ay_rows){g->vectors, g->nready, g->dim};
        f->pool.n += g->nready;
        f->out->waiting += g->n - g->nready;
    }
    f->pool.block = f->blocks;
    f->pool.blocks = n;
    f->pool.dim = f->vectors.dim;
    return status;
}

/* The byte of one gallery's vectors; false: it has no such class. */
static bool include_from(const finding *f, const ay_gallery *g, uint8_t *include)
{
    const ay_find_request *q = f->q;
    bool any = !q->klass || !*q->klass;
    int klass = any ? -1 : ay_gallery_class_by_word(g, q->klass);

    for (size_t i = 0; i < g->nready; i++) {
        const ay_gallery_item *it = &g->items[i];
        include[i] = (any || it->klass == klass) && (!q->since_us || it->added_us >= q->since_us) &&
                     (!q->until_us || it->added_us <= q->until_us) && strcmp(it->sha256, f->self) != 0;
        if (include[i] && strcmp(it->sha256, f->sent) == 0)
            include[i] = AY_RANK_SURE;
    }
    return any || klass >= 0;
}

/* What the request's filter leaves of a gallery.  Where all are searched, a class or a group that one of them does not have excludes
 * that one. */
static ay_status narrow(const finding *f, const ay_gallery *g, uint8_t *include, bool *named, ay_err *err)
{
    uint8_t *in = ay_alloc(g->n + 1, 1);
    ay_status status = in ? ay_filter_mask(f->s, g, f->q->filter, in, err) : ay_fail(err, AY_ENOMEM, "searching %zu pictures", g->n);

    *named |= status == AY_OK;
    for (size_t i = 0; i < g->nready && (status == AY_OK || status == AY_ENOTFOUND); i++)
        if (status == AY_ENOTFOUND || !in[i])
            include[i] = AY_RANK_NOT;
    ay_free(in);
    return status == AY_ENOTFOUND && f->all ? AY_OK : status;
}

static ay_status filter(finding *f, ay_err *err)
{
    bool known = false, named = !f->q->filter;
    ay_status status = AY_OK;
    size_t first = 0;

    f->include = ay_alloc(f->pool.n + 1, 1);
    if (!f->include)
        return ay_fail(err, AY_ENOMEM, "searching %zu pictures", f->pool.n);
    for (int b = 0; b < f->pool.blocks && status == AY_OK; first += f->blocks[b++].n) {
        known |= include_from(f, f->galleries[b], f->include + first);
        if (f->q->filter)
            status = narrow(f, f->galleries[b], f->include + first, &named, err);
    }
    if (status != AY_OK || !named) /* nobody has what the filter names: err says what */
        return status == AY_OK ? AY_ENOTFOUND : status;
    return known || f->pool.blocks == 0
               ? AY_OK
               : ay_fail(err, AY_ENOTFOUND, "no class \"%.60s\" in what is searched", f->q->klass);
}

static bool describe(const finding *f, const ay_ranked *r, ay_found *out)
{
    size_t row = r->row;
    const ay_gallery_item *item;
    int b = 0;

    while (row >= f->blocks[b].n)
        row -= f->blocks[b++].n;
    item = &f->galleries[b]->items[row];
    memcpy(out->sha256, item->sha256, sizeof out->sha256);
    out->dataset = ay_arena_strdup(f->a, f->galleries[b]->name);
    out->file = ay_arena_strdup(f->a, item->file);
    out->class_id = f->galleries[b]->classes[item->klass].id;
    out->class_name = ay_arena_strdup(f->a, f->galleries[b]->classes[item->klass].name);
    out->similarity = r->similarity;
    out->score = r->score;
    return out->dataset && out->file && out->class_name;
}

static ay_status learn(finding *f, ay_err *err)
{
    ay_ranking_query *v = &f->vectors;
    ay_status status = AY_OK;

    if (v->words || v->nminus)
        status = ay_found_chance_of_words(f->s, f->galleries, f->all, &f->pool, &f->bank, f->a, &v->of_words, err);
    if (status == AY_OK && v->picture)
        status = ay_found_chance_of_pictures(f->s, f->galleries, f->all, &f->pool, f->a, &v->of_pictures, err);
    return status;
}

/* Words alone were asked with, and the encoder knows none of them. */
static bool knows_nothing(const finding *f)
{
    return !f->vectors.words && !f->vectors.picture;
}

/* The galleries are held. */
static ay_status answer(finding *f, ay_err *err)
{
    ay_ranking_options o = {.kind = f->q->cut, .least = f->q->least, .threads = f->s->threads,
                            .most = f->q->limit ? f->q->limit : AY_FIND_USUAL, .first = f->q->offset};
    ay_ranked *ranked = ay_arena_alloc(f->a, (size_t)o.most * sizeof *ranked);
    char text[256];
    ay_ranking r;
    bool ok;
    ay_status status = AY_OK;

    if (!ranked)
        return ay_fail(err, AY_ENOMEM, "searching pictures");
    if (knows_nothing(f))
        ay_ranking_unknown(f->include, f->pool.n, &r);
    else if ((status = learn(f, err)) == AY_OK)
        status = ay_ranking_make(&f->pool, f->include, &f->vectors, &o, ranked, &r, err);

    if (status != AY_OK)
        return status;
    ay_ranking_tell(&r, text, sizeof text);
    f->out->cut = o.kind;
    f->out->reason = r.reason;
    f->out->least = r.least;
    f->out->best = r.best;
    f->out->considered = r.considered;
    f->out->total = r.total;
    f->out->offset = f->q->offset;
    f->out->items = ay_arena_alloc(f->a, (size_t)(r.n + 1) * sizeof *f->out->items);
    ok = (f->out->text = ay_arena_strdup(f->a, text)) && f->out->items;
    for (int i = 0; i < r.n && ok; i++)
        ok = describe(f, &r.items[i], &f->out->items[f->out->n++]);
    return ok ? AY_OK : ay_fail(err, AY_ENOMEM, "writing an answer");
}

/* Under ay_encoder_enter(). */
static ay_status find(ay_service *s, const ay_find_request *q, ay_arena *a, ay_find_answer *out, ay_err *err)
{
    finding f = {.s = s, .q = q, .a = a, .out = out, .vectors.dim = s->embedder.info->dim};
    uint64_t begun = ay_clock_mono(), read;
    ay_status status = check(&f, err);

    *out = (ay_find_answer){.text = "", .model = s->embedder.info};
    if (status == AY_OK)
        status = read_words(&f, err);
    if (status == AY_OK)
        status = read_picture(&f, err);
    read = ay_clock_mono();
    out->embed_ms = (double)(read - begun) / 1e6;
    if (status != AY_OK)
        return status;
    pthread_rwlock_rdlock(&s->lock);
    status = choose_galleries(&f, err);
    if (status == AY_OK)
        status = filter(&f, err);
    if (status == AY_OK)
        status = answer(&f, err);
    pthread_rwlock_unlock(&s->lock);
    ay_free(f.include);
    out->search_ms = (double)(ay_clock_mono() - read) / 1e6;
    return status;
}

ay_status ay_find_pictures(ay_service *s, const ay_find_request *q, ay_arena *a, ay_find_answer *out,
                           ay_err *err)
{
    ay_status status;

    ay_encoder_enter(s);
    s->words->used = ay_clock_mono();
    status = find(s, q, a, out, err);
    ay_encoder_leave(s);
    ay_memory_trim(s);
    return status;
}
