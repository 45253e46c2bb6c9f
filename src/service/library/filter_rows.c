/* service/library/filter_rows.c - which pictures a filter means, in which order, and the orders that are kept.
 *
 * A filter is first made ready for a gallery: names become numbers, albums and groups become a byte a picture.  Then each item is
 * looked at once.  Orders by a number are a radix sort: a hundred thousand in a millisecond or two. */
#include "service/library/filter.h"

#include "base/mem.h"
#include "service/internal.h"
#include "service/library/marks.h"
#include "service/library/opinions_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { KEPT = 12 };

typedef struct {
    int64_t dataset;
    uint64_t changes, marks, groups, opinions; /* of what it was made for */
    int64_t model;                             /* the active one then */
    char *key;                       /* NULL: empty place */
    uint32_t *rows;
    size_t n;
    uint64_t used;
} kept;

struct ay_filter_kept {
    pthread_mutex_t lock; /* taken inside the service's lock; nothing is taken inside it */
    kept list[KEPT];
    uint64_t turn;
    const ay_filter_groups *groups;
};

ay_status ay_filter_open(ay_service *s, ay_err *err)
{
    s->orders = ay_calloc(1, sizeof *s->orders);
    if (!s->orders)
        return ay_fail(err, AY_ENOMEM, "opening lists");
    pthread_mutex_init(&s->orders->lock, NULL);
    return ay_opinions_open(s, err);
}

static void drop(kept *k)
{
    ay_free(k->key);
    ay_free(k->rows);
    *k = (kept){0};
}

void ay_filter_close(ay_service *s)
{
    ay_opinions_close(s);
    if (!s->orders)
        return;
    for (int i = 0; i < KEPT; i++)
        drop(&s->orders->list[i]);
    pthread_mutex_destroy(&s->orders->lock);
    ay_free(s->orders);
    s->orders = NULL;
}

void ay_filter_set_groups(ay_service *s, const ay_filter_groups *groups)
{
    s->orders->groups = groups;
}

int64_t ay_filter_group_of(ay_service *s, const ay_gallery *g, size_t row)
{
    return s->orders->groups ? s->orders->groups->of(s, g, row) : 0;
}

/* ---- a filter made ready for a gallery */

typedef struct {
    ay_service *s;
    const ay_gallery *g;
    const ay_picture_filter *f;
    int64_t number[AY_FILTER_MOST]; /* class index, tag id, label index */
    const ay_opinion_table *opinions; /* NULL: not asked for */
    int *klass;                       /* of disputed pictures: by label, the class with that name; -1: none */
    bool *known;                      /* by class: a label has its name */
    uint8_t *bits[AY_FILTER_MOST];  /* of a group: a byte a row; of an album: a byte a picture's number */
    ay_arena arena;
    bool marks; /* tags or albums are asked for */
    bool any[AY_FILTER_FIELDS]; /* has a condition that is no exclusion, of which one must hold */
} ready;

static ay_status no_such(const char *what, const char *name, ay_err *err)
{
    return ay_fail(err, AY_ENOTFOUND, "there is no %s \"%.120s\"", what, name);
}

/* Under marks->lock. */
static ay_status ready_album(ready *r, int i, ay_err *err)
{
    const ay_marks *m = r->s->marks;
    const ay_mark *b = ay_marks_find(m, AY_SHELF_ALBUM, r->f->list[i].text);

    if (!b)
        return no_such("album", r->f->list[i].text, err);
    /* Items may get numbers while they are looked at: those are in no album. */
    r->bits[i] = ay_arena_alloc(&r->arena, (size_t)m->n + r->g->n + 2);
    if (!r->bits[i])
        return ay_fail(err, AY_ENOMEM, "reading an album");
    for (size_t k = 0; k < b->n; k++)
        r->bits[i][b->pictures[k]] = 1;
    return AY_OK;
}

static ay_status ready_group(ready *r, int i, ay_err *err)
{
    const ay_filter_groups *groups = r->s->orders->groups;

    if (!groups)
        return no_such("group", r->f->list[i].text, err);
    r->bits[i] = ay_arena_alloc(&r->arena, r->g->n + 1);
    return r->bits[i] ? groups->mask(r->s, r->g, r->f->list[i].text, r->bits[i], err) : ay_fail(err, AY_ENOMEM, "reading a group");
}

static bool about_opinions(ay_filter_field field)
{
    return field >= AY_FILTER_PREDICTED && field <= AY_FILTER_MODEL;
}

enum { UNLIKE = -2 }; /* instead of a label: like nothing the model was shown */

/* Under marks->lock, as the next two. */
static ay_status need_opinions(ready *r, ay_err *err)
{
    const char *model = ay_filter_model(r->f);

    r->opinions = ay_opinions_of(r->s, model);
    if (r->opinions)
        return AY_OK;
    return ay_fail(err, AY_ENOTFOUND, "%s%.120s%s has looked at the pictures yet: ask one to, on the page (Pictures, Filters), with assay pictures "
                                      "--look, or POST /v1/pictures/opinions", model ? "no trained model \"" : "no active trained model",
                   model ? model : "", model ? "\"" : "");
}

static ay_status ready_predicted(ready *r, int i, ay_err *err)
{
    const char *name = r->f->list[i].text;
    int at = -1;

    for (int k = 0; k < r->opinions->nlabels; k++)
        if (strcmp(r->opinions->labels[k], name) == 0 || (at < 0 && strcasecmp(r->opinions->labels[k], name) == 0))
            at = k;
    if (at < 0 && strcasecmp(name, "unknown") == 0)
        at = UNLIKE;
    r->number[i] = at;
    return at != -1 ? AY_OK : ay_fail(err, AY_ENOTFOUND, "the model \"%s\" knows no class \"%.120s\"", r->opinions->name, name);
}

static ay_status ready_disputed(ready *r, ay_err *err)
{
    const ay_opinion_table *t = r->opinions;

    r->klass = ay_arena_alloc(&r->arena, ((size_t)t->nlabels + 1) * sizeof *r->klass);
    r->known = ay_arena_alloc(&r->arena, ((size_t)r->g->nclasses + 1) * sizeof *r->known);
    if (!r->klass || !r->known)
        return ay_fail(err, AY_ENOMEM, "comparing classes");
    for (int k = 0; k < t->nlabels; k++) {
        r->klass[k] = -1;
        for (int c = 0; c < r->g->nclasses; c++)
            if (strcasecmp(r->g->classes[c].name, t->labels[k]) == 0)
                r->klass[k] = c;
        if (r->klass[k] >= 0)
            r->known[r->klass[k]] = true;
    }
    return AY_OK;
}

static ay_status ready_opinions(ready *r, int i, ay_err *err)
{
    ay_filter_field field = r->f->list[i].field;
    ay_status status = r->opinions ? AY_OK : need_opinions(r, err);

    if (status == AY_OK && field == AY_FILTER_PREDICTED)
        return ready_predicted(r, i, err);
    return status == AY_OK && field == AY_FILTER_DISPUTED ? ready_disputed(r, err) : status;
}

static ay_status ready_one(ready *r, int i, ay_err *err)
{
    const ay_condition *c = &r->f->list[i];
    const ay_mark *tag;

    r->any[c->field] |= !c->not;
    r->marks |= c->field == AY_FILTER_TAG || c->field == AY_FILTER_ALBUM || c->field == AY_FILTER_UNTAGGED || about_opinions(c->field);
    if (about_opinions(c->field))
        return ready_opinions(r, i, err);
    if (c->field == AY_FILTER_CLASS) {
        r->number[i] = ay_gallery_class_by_word(r->g, c->text);
        return r->number[i] >= 0 ? AY_OK : no_such("class", c->text, err);
    }
    if (c->field == AY_FILTER_TAG) {
        tag = ay_marks_find(r->s->marks, AY_SHELF_TAG, c->text);
        r->number[i] = tag ? tag->id : 0;
        return tag ? AY_OK : no_such("tag", c->text, err);
    }
    return c->field == AY_FILTER_ALBUM ? ready_album(r, i, err) : AY_OK;
}

/* Without marks->lock: a group may be of pictures that a filter means. */
static ay_status ready_groups(ready *r, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < r->f->n && status == AY_OK; i++)
        if (r->f->list[i].field == AY_FILTER_CLUSTER)
            status = ready_group(r, i, err);
    return status;
}

static ay_status make_ready(ready *r, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < r->f->n && status == AY_OK; i++)
        status = ready_one(r, i, err);
    return status;
}

/* ---- one item */

static bool opinion_holds(const ready *r, int i, const ay_gallery_item *it, const ay_opinion *o)
{
    const ay_condition *c = &r->f->list[i];
    bool unlike = o->verdict == AY_VERDICT_UNKNOWN;

    switch (c->field) {
    case AY_FILTER_PREDICTED: return unlike ? r->number[i] == UNLIKE : r->number[i] == o->label;
    case AY_FILTER_MIN_SCORE: return (double)o->score * 1e6 >= (double)c->number - 0.5;
    case AY_FILTER_MAX_SCORE: return (double)o->score * 1e6 <= (double)c->number + 0.5;
    case AY_FILTER_MIN_MARGIN: return (double)o->margin * 1e6 >= (double)c->number - 0.5;
    case AY_FILTER_MAX_MARGIN: return (double)o->margin * 1e6 <= (double)c->number + 0.5;
    case AY_FILTER_DISPUTED:
        return !unlike && r->g->classes[it->klass].kind != AY_KIND_UNSORTED && r->known[it->klass] && r->klass[o->label] != it->klass;
    default: return true;
    }
}

static bool holds(const ready *r, int i, size_t row)
{
    const ay_gallery_item *it = &r->g->items[row];
    const ay_condition *c = &r->f->list[i];
    int shorter = it->width < it->height ? it->width : it->height, longer = it->width + it->height - shorter;

    switch (c->field) {
    case AY_FILTER_CLASS: return it->klass == r->number[i];
    case AY_FILTER_TAG: return ay_marks_has(r->s->marks, it->mark, r->number[i]);
    case AY_FILTER_ALBUM: return r->bits[i][it->mark];
    case AY_FILTER_CLUSTER: return r->bits[i][row];
    case AY_FILTER_CAMERA: return strcasestr(it->camera, c->text) != NULL;
    case AY_FILTER_FORMAT: return strcasecmp(it->format, c->text) == 0 || (strcasecmp(c->text, "jpg") == 0 && strcmp(it->format, "jpeg") == 0);
    case AY_FILTER_TEXT: return strcasestr(it->file, c->text) != NULL;
    case AY_FILTER_SINCE: return it->added_us >= c->number;
    case AY_FILTER_UNTIL: return it->added_us <= c->number;
    case AY_FILTER_TAKEN_SINCE: return it->taken_us && it->taken_us >= c->number;
    case AY_FILTER_TAKEN_UNTIL: return it->taken_us && it->taken_us <= c->number;
    case AY_FILTER_MIN_SIDE: return shorter >= c->number;
    case AY_FILTER_MAX_SIDE: return longer <= c->number;
    case AY_FILTER_MIN_BYTES: return it->bytes >= c->number;
    case AY_FILTER_MAX_BYTES: return it->bytes <= c->number;
    case AY_FILTER_UNTAGGED: return r->s->marks->picture[it->mark - 1].n == 0;
    case AY_FILTER_UNSORTED: return r->g->classes[it->klass].kind == AY_KIND_UNSORTED;
    default: return opinion_holds(r, i, it, ay_opinion_get(r->opinions, it->mark));
    }
}

/* Of several of one field, one is enough: a picture has one class, camera, format. */
static bool one_is_enough(ay_filter_field f)
{
    return f == AY_FILTER_CLASS || f == AY_FILTER_CAMERA || f == AY_FILTER_FORMAT || f == AY_FILTER_ALBUM || f == AY_FILTER_CLUSTER ||
           f == AY_FILTER_PREDICTED;
}

static bool fits(const ready *r, size_t row)
{
    bool got[AY_FILTER_FIELDS] = {false};

    if (r->opinions && !ay_opinion_get(r->opinions, r->g->items[row].mark))
        return false; /* nothing can be said, neither that it is nor that it is not */
    for (int i = 0; i < r->f->n; i++) {
        const ay_condition *c = &r->f->list[i];
        bool yes = holds(r, i, row);
        if (c->not ? yes : !yes && !one_is_enough(c->field))
            return false;
        got[c->field] |= yes && !c->not;
    }
    for (int k = 0; k < AY_FILTER_FIELDS; k++)
        if (r->any[k] && !got[k])
            return false;
    return true;
}

ay_status ay_filter_mask(ay_service *s, const ay_gallery *g, const ay_picture_filter *f, uint8_t *in, ay_err *err)
{
    ready r = {.s = s, .g = g, .f = f};
    ay_status status;

    ay_arena_init(&r.arena, 0);
    status = ready_groups(&r, err);
    pthread_mutex_lock(&s->marks->lock);
    if (status == AY_OK)
        status = make_ready(&r, err);
    for (size_t i = 0; i < g->n && status == AY_OK; i++) {
        if (r.marks && !ay_marks_item(s->marks, &g->items[i]))
            status = ay_fail(err, AY_ENOMEM, "reading tags");
        in[i] = status == AY_OK && fits(&r, i);
    }
    pthread_mutex_unlock(&s->marks->lock);
    ay_arena_fini(&r.arena);
    return status;
}

/* ---- order */

typedef struct {
    uint64_t key;
    uint32_t row;
} sortable;

/* Least significant byte first; bytes that all keys share cost nothing. */
static sortable *radix(sortable *from, sortable *to, size_t n)
{
    for (int shift = 0; shift < 64; shift += 8) {
        size_t count[257] = {0};
        sortable *swap;
        for (size_t i = 0; i < n; i++)
            count[(from[i].key >> shift & 255) + 1]++;
        if (n == 0 || count[(from[0].key >> shift & 255) + 1] == n)
            continue;
        for (int b = 0; b < 256; b++)
            count[b + 1] += count[b];
        for (size_t i = 0; i < n; i++)
            to[count[from[i].key >> shift & 255]++] = from[i];
        swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* Ascending keys make the order. */
static uint64_t key_of(const ay_gallery_item *it, ay_filter_order order)
{
    uint64_t member = (uint64_t)it->member;

    switch (order) {
    case AY_ORDER_OLDEST: return member;
    case AY_ORDER_LARGEST: return ~(uint64_t)it->bytes;
    case AY_ORDER_TAKEN: return it->taken_us ? ~((uint64_t)it->taken_us ^ 1ull << 63) : UINT64_MAX; /* not told: last */
    default: return ~member;
    }
}

/* As people count: "img 9" before "img 10". */
static int by_name(const void *x, const void *y, void *items)
{
    const ay_gallery_item *a = (ay_gallery_item *)items + ((const sortable *)x)->row;
    const ay_gallery_item *b = (ay_gallery_item *)items + ((const sortable *)y)->row;
    int order = strverscmp(a->file, b->file);

    return order ? order : (a->member > b->member) - (a->member < b->member);
}

/* The place in the album that the filter names; what is in none comes last. */
static ay_status album_keys(ay_service *s, const ay_gallery *g, const ay_picture_filter *f, sortable *list, size_t n, ay_err *err)
{
    const ay_mark *b = NULL;
    uint32_t *place;

    pthread_mutex_lock(&s->marks->lock);
    for (int i = 0; i < f->n && !b; i++)
        if (f->list[i].field == AY_FILTER_ALBUM && !f->list[i].not)
            b = ay_marks_find(s->marks, AY_SHELF_ALBUM, f->list[i].text);
    place = b ? ay_calloc((size_t)s->marks->n + 1, sizeof *place) : NULL;
    for (size_t k = 0; place && k < b->n; k++)
        place[b->pictures[k]] = (uint32_t)k + 1;
    for (size_t i = 0; place && i < n; i++) {
        uint32_t mark = g->items[list[i].row].mark;
        list[i].key = mark && mark <= s->marks->n && place[mark] ? place[mark] : UINT64_MAX;
    }
    pthread_mutex_unlock(&s->marks->lock);
    if (!b)
        return ay_fail(err, AY_EINVAL, "the order \"album\" needs an album to be named");
    if (!place)
        return ay_fail(err, AY_ENOMEM, "ordering pictures");
    ay_free(place);
    return AY_OK;
}

/* Positive floats are in the order of their bits. */
static uint64_t bits_of(float v)
{
    uint32_t bits;

    v = v > 0 ? v : 0;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

/* Surest first, or smallest margin first; those without an opinion come last. */
static ay_status opinion_keys(ay_service *s, const ay_gallery *g, const ay_picture_filter *f, sortable *list, size_t n, ay_err *err)
{
    ready r = {.s = s, .g = g, .f = f};
    ay_status status;

    pthread_mutex_lock(&s->marks->lock);
    status = need_opinions(&r, err);
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        const ay_opinion *o = ay_opinion_get(r.opinions, ay_marks_item(s->marks, &g->items[list[i].row]));
        list[i].key = !o ? UINT64_MAX : f->order == AY_ORDER_SCORE ? UINT32_MAX - bits_of(o->score) : bits_of(o->margin);
    }
    pthread_mutex_unlock(&s->marks->lock);
    return status;
}

/* The rows that fit, ordered, in memory of the caller (ay_free). */
static ay_status make_rows(ay_service *s, const ay_gallery *g, const ay_picture_filter *f, uint32_t **out, size_t *n, ay_err *err)
{
    uint8_t *in = ay_alloc(g->n + 1, 1);
    sortable *list = ay_alloc(2 * g->n + 2, sizeof *list), *sorted = list;
    ay_status status = in && list ? ay_filter_mask(s, g, f, in, err) : ay_fail(err, AY_ENOMEM, "listing %zu pictures", g->n);

    *n = 0;
    *out = NULL;
    for (size_t i = 0; i < g->n && status == AY_OK; i++)
        if (in[i])
            list[(*n)++] = (sortable){key_of(&g->items[i], f->order), (uint32_t)i};
    if (status == AY_OK && f->order == AY_ORDER_ALBUM)
        status = album_keys(s, g, f, list, *n, err);
    if (status == AY_OK && (f->order == AY_ORDER_SCORE || f->order == AY_ORDER_DOUBT))
        status = opinion_keys(s, g, f, list, *n, err);
    if (status == AY_OK && f->order == AY_ORDER_NAME)
        qsort_r(list, *n, sizeof *list, by_name, g->items);
    else if (status == AY_OK)
        sorted = radix(list, list + g->n + 1, *n);
    if (status == AY_OK && !(*out = ay_alloc(*n + 1, sizeof **out)))
        status = ay_fail(err, AY_ENOMEM, "listing %zu pictures", *n);
    for (size_t i = 0; i < *n && status == AY_OK; i++)
        (*out)[i] = sorted[i].row;
    ay_free(in);
    ay_free(list);
    return status;
}

ay_status ay_filter_rows(ay_service *s, const ay_gallery *g, const ay_picture_filter *f, ay_arena *a, uint32_t **rows, size_t *n, ay_err *err)
{
    uint32_t *made = NULL;
    ay_status status = make_rows(s, g, f, &made, n, err);

    *rows = status == AY_OK ? ay_arena_alloc(a, (*n + 1) * sizeof **rows) : NULL;
    if (status == AY_OK && !*rows)
        status = ay_fail(err, AY_ENOMEM, "listing %zu pictures", *n);
    if (status == AY_OK)
        memcpy(*rows, made, *n * sizeof **rows);
    ay_free(made);
    return status;
}

/* ---- kept orders */

static void ask_opinions(ay_service *s, kept *k)
{
    k->opinions = s->opinions->version;
    pthread_mutex_lock(&s->serving_lock);
    k->model = s->active_id;
    pthread_mutex_unlock(&s->serving_lock);
}

static kept ask(ay_service *s, const ay_gallery *g, const ay_picture_filter *f, ay_buf *key)
{
    const ay_filter_groups *groups = s->orders->groups;
    kept k = {.dataset = g->id, .changes = g->changes};

    ay_filter_key(f, key);
    for (int i = 0; i < f->n; i++) {
        ay_filter_field field = f->list[i].field;
        if (field == AY_FILTER_TAG || field == AY_FILTER_ALBUM || field == AY_FILTER_UNTAGGED)
            k.marks = s->marks->version;
        if (field == AY_FILTER_CLUSTER && groups)
            k.groups = groups->version(s, g);
        if (about_opinions(field))
            ask_opinions(s, &k);
    }
    if (f->order == AY_ORDER_SCORE || f->order == AY_ORDER_DOUBT)
        ask_opinions(s, &k);
    if (f->order == AY_ORDER_ALBUM)
        k.marks = s->marks->version;
    return k;
}

/* Under orders->lock: the place of an order that is still right; else NULL, and *room is the one to use. */
static kept *look(struct ay_filter_kept *o, const kept *want, const char *key, kept **room)
{
    *room = &o->list[0];
    for (int i = 0; i < KEPT; i++) {
        kept *k = &o->list[i];
        if (k->key && k->dataset == want->dataset && strcmp(k->key, key) == 0) {
            *room = k;
            return k->changes == want->changes && k->marks == want->marks && k->groups == want->groups && k->opinions == want->opinions &&
                           k->model == want->model
                       ? k
                       : NULL;
        }
        if (k->used < (*room)->used)
            *room = k;
    }
    return NULL;
}

static void copy_page(const kept *k, size_t offset, size_t most, uint32_t *rows, size_t *n, size_t *total)
{
    *total = k->n;
    *n = offset >= k->n ? 0 : k->n - offset < most ? k->n - offset : most;
    if (*n)
        memcpy(rows, k->rows + offset, *n * sizeof *rows);
}

/* Galleries and marks may change between two calls, but not while the caller holds the galleries: the order is of what is there. */
ay_status ay_filter_page(ay_service *s, const ay_gallery *g, const ay_picture_filter *f, size_t offset, size_t most, uint32_t *rows, size_t *n,
                         size_t *total, ay_err *err)
{
    struct ay_filter_kept *o = s->orders;
    ay_buf key = {0};
    kept want = ask(s, g, f, &key), *room, *have;
    ay_status status = key.failed ? ay_fail(err, AY_ENOMEM, "listing pictures") : AY_OK;

    pthread_mutex_lock(&o->lock);
    have = status == AY_OK ? look(o, &want, key.data, &room) : NULL;
    if (have) {
        have->used = ++o->turn;
        copy_page(have, offset, most, rows, n, total);
    }
    pthread_mutex_unlock(&o->lock);
    if (have || status != AY_OK) {
        ay_buf_fini(&key);
        return status;
    }
    status = make_rows(s, g, f, &want.rows, &want.n, err);
    if (status == AY_OK && !(want.key = ay_strdup(key.data)))
        status = ay_fail(err, AY_ENOMEM, "listing pictures");
    ay_buf_fini(&key);
    if (status != AY_OK) {
        drop(&want);
        return status;
    }
    copy_page(&want, offset, most, rows, n, total);
    pthread_mutex_lock(&o->lock);
    look(o, &want, want.key, &room);
    drop(room);
    want.used = ++o->turn;
    *room = want;
    pthread_mutex_unlock(&o->lock);
    return AY_OK;
}
