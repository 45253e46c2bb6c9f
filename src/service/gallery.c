#include "service/gallery.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "index/codes_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Galleries of one data set come and go; a number that no other had tells what was made of which. */
static uint64_t fresh(void)
{
    static _Atomic uint64_t last;

    return ++last;
}

ay_status ay_gallery_create(ay_gallery **out, int64_t id, const char *name, int64_t created_us,
                            int dim, ay_err *err)
{
    ay_gallery *g = ay_calloc(1, sizeof *g);

    *out = g;
    if (!g)
        return ay_fail(err, AY_ENOMEM, "opening data set %s", name);
    g->id = id;
    g->created_us = created_us;
    g->dim = dim;
    g->generation = 1;
    g->changes = g->edits = fresh();
    snprintf(g->name, sizeof g->name, "%s", name);
    return AY_OK;
}

void ay_gallery_destroy(ay_gallery *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->n; i++)
        ay_free(g->items[i].file);
    ay_free(g->classes);
    ay_free(g->items);
    ay_gallery_rows_free(&(ay_gallery_rows){g->vectors, g->paged, g->on_file});
    ay_codes_fini(&g->codes);
    ay_free(g->slots);
    ay_free(g);
}

/* ---- digest -> item */

static size_t slot_of(const ay_gallery *g, const char *sha256)
{
    uint64_t h = 0;

    for (int i = 0; i < 16; i++)
        h = h << 4 | (uint64_t)(sha256[i] <= '9' ? sha256[i] - '0' : sha256[i] - 'a' + 10);
    return (size_t)(h & (g->nslots - 1));
}

/* The slot that holds sha256, or the empty one where it would go. */
static size_t slot_find(const ay_gallery *g, const char *sha256)
{
    size_t s = slot_of(g, sha256);

    while (g->slots[s] && strcmp(g->items[g->slots[s] - 1].sha256, sha256) != 0)
        s = (s + 1) & (g->nslots - 1);
    return s;
}

/* Empty slot s, moving back what had been pushed past it. */
static void slot_clear(ay_gallery *g, size_t s)
{
    size_t mask = g->nslots - 1;

    for (size_t next = (s + 1) & mask; g->slots[next]; next = (next + 1) & mask) {
        size_t home = slot_of(g, g->items[g->slots[next] - 1].sha256);
        if (((next - home) & mask) < ((next - s) & mask))
            continue;
        g->slots[s] = g->slots[next];
        s = next;
    }
    g->slots[s] = 0;
}

static ay_status grow_slots(ay_gallery *g, size_t want, ay_err *err)
{
    size_t n = g->nslots ? g->nslots : 64;
    uint32_t *old = g->slots;

    while (n < 2 * want)
        n *= 2;
    if (n == g->nslots)
        return AY_OK;
    g->slots = ay_calloc(n, sizeof *g->slots);
    if (!g->slots) {
        g->slots = old;
        return ay_fail(err, AY_ENOMEM, "growing data set %s", g->name);
    }
    ay_free(old);
    g->nslots = n;
    for (size_t i = 0; i < g->n; i++)
        g->slots[slot_find(g, g->items[i].sha256)] = (uint32_t)i + 1;
    return AY_OK;
}

static float *row(const ay_gallery *g, size_t i)
{
    return g->vectors + i * (size_t)g->dim;
}

static ay_status grow_codes(ay_gallery *g, ay_err *err)
{
    bool first = g->codes.cap == 0;
    ay_status status;

    if (g->cap < AY_GALLERY_LARGE || g->lean)
        return AY_OK;
    if (first)
        ay_codes_init(&g->codes, g->dim);
    status = ay_codes_reserve(&g->codes, g->cap, err);
    for (size_t i = 0; status == AY_OK && first && i < g->nready; i++)
        ay_codes_put(&g->codes, i, row(g, i));
    return status;
}

static size_t row_bytes(const ay_gallery *g)
{
    return (size_t)g->dim * sizeof *g->vectors;
}

static ay_status grow_vectors(ay_gallery *g, size_t cap, ay_err *err)
{
    ay_status status = AY_OK;
    float *more = NULL;

    if (g->on_file)
        status = ay_paged_grow(&g->paged, cap * row_bytes(g), err);
    else if (!(more = ay_realloc(g->vectors, cap, row_bytes(g))))
        status = ay_fail(err, AY_ENOMEM, "growing data set %s", g->name);
    if (status == AY_OK)
        g->vectors = g->on_file ? g->paged.p : more;
    return status;
}

static ay_status grow_items(ay_gallery *g, size_t want, ay_err *err)
{
    size_t cap = g->cap ? g->cap : 32;
    ay_gallery_item *items;
    ay_status status;

    while (cap < want)
        cap += cap / 2;
    if (cap == g->cap)
        return AY_OK;
    if (cap >= UINT32_MAX)
        return ay_fail(err, AY_ELIMIT, "data set %s is full", g->name);
    items = ay_realloc(g->items, cap, sizeof *items);
    if (items)
        g->items = items;
    status = items ? grow_vectors(g, cap, err) : ay_fail(err, AY_ENOMEM, "growing data set %s", g->name);
    if (status != AY_OK)
        return status;
    g->cap = cap;
    return grow_codes(g, err);
}

ay_status ay_gallery_on_file(ay_gallery *g, bool lean, ay_err *err)
{
    ay_status status = ay_paged_open(&g->paged, g->cap * row_bytes(g), err);

    if (status != AY_OK)
        return status;
    ay_free(g->vectors);
    g->vectors = g->paged.p;
    g->on_file = true;
    g->lean = lean;
    if (lean)
        ay_codes_fini(&g->codes);
    return AY_OK;
}

ay_status ay_gallery_to_file(ay_gallery *g, int fd, uint64_t at, size_t n, bool lean, ay_gallery_rows *old, ay_err *err)
{
    size_t head = n * row_bytes(g), whole = head - head % (size_t)sysconf(_SC_PAGESIZE), all = g->nready * row_bytes(g);
    ay_paged fresh;
    ay_status status = ay_paged_open(&fresh, g->cap * row_bytes(g), err);

    *old = (ay_gallery_rows){0};
    if (status == AY_OK)
        status = ay_paged_back(&fresh, fd, at, head, err);
    if (status != AY_OK) {
        ay_paged_close(&fresh);
        return status;
    }
    memcpy((char *)fresh.p + whole, (char *)g->vectors + whole, all - whole);
    *old = (ay_gallery_rows){g->vectors, g->paged, g->on_file};
    g->paged = fresh;
    g->vectors = fresh.p;
    g->on_file = true;
    g->lean = lean;
    if (lean)
        ay_codes_fini(&g->codes);
    return AY_OK;
}

void ay_gallery_rows_free(ay_gallery_rows *old)
{
    if (old->on_file)
        ay_paged_close(&old->paged);
    else
        ay_free(old->vectors);
    *old = (ay_gallery_rows){0};
}

static uint64_t code_bytes(int dim)
{
    return ((uint64_t)dim + AY_CODES_ALIGN - 1) / AY_CODES_ALIGN * AY_CODES_ALIGN + sizeof(float);
}

uint64_t ay_gallery_resident(const ay_gallery *g)
{
    uint64_t rows = (uint64_t)g->nready * row_bytes(g), file = g->on_file ? g->paged.backed : 0;

    return (rows > file ? rows - file : 0) + (g->codes.cap ? (uint64_t)g->nready * code_bytes(g->dim) : 0);
}

void ay_gallery_wants(size_t n, int dim, uint64_t *all, uint64_t *codes)
{
    *codes = n >= AY_GALLERY_LARGE ? (uint64_t)n * code_bytes(dim) : 0;
    *all = *codes + (uint64_t)n * (uint64_t)dim * sizeof(float);
}

ay_status ay_gallery_reserve(ay_gallery *g, size_t items, int classes, ay_err *err)
{
    ay_status status = grow_items(g, g->n + items, err);

    if (status == AY_OK)
        status = grow_slots(g, g->n + items + 1, err);
    if (status == AY_OK && g->nclasses + classes > g->cclasses) {
        int cap = g->cclasses + classes + 8;
        ay_gallery_class *more = ay_realloc(g->classes, (size_t)cap, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "growing data set %s", g->name);
        g->classes = more;
        g->cclasses = cap;
    }
    return status;
}

ay_gallery_item *ay_gallery_find(const ay_gallery *g, const char *sha256)
{
    uint32_t at = g->nslots && ay_sha256_valid(sha256) ? g->slots[slot_find(g, sha256)] : 0;

    return at ? &g->items[at - 1] : NULL;
}

int ay_gallery_class_by_id(const ay_gallery *g, int64_t id)
{
    for (int i = 0; i < g->nclasses; i++)
        if (g->classes[i].id == id)
            return i;
    return -1;
}

int ay_gallery_class_by_name(const ay_gallery *g, const char *name)
{
    for (int i = 0; i < g->nclasses; i++)
        if (strcmp(g->classes[i].name, name) == 0)
            return i;
    return -1;
}

int ay_gallery_class_by_word(const ay_gallery *g, const char *word)
{
    int at = ay_gallery_class_by_name(g, word);
    long id;

    if (at < 0 && ay_str_to_long(word, 1, INT64_MAX, &id))
        at = ay_gallery_class_by_id(g, id);
    return at;
}

ay_status ay_gallery_top(const ay_gallery *g, const float *queries, int nq, int k, int threads, ay_hit *hits, ay_err *err)
{
    ay_rows rows = {g->vectors, g->nready, g->dim};

    return g->codes.cap ? ay_codes_top(&g->codes, &rows, queries, nq, k, threads, hits, NULL, err)
                        : ay_search_top(&rows, queries, nq, k, threads, hits, err);
}

/* ---- changes; none can fail */

static void swap_items(ay_gallery *g, size_t a, size_t b)
{
    ay_gallery_item keep = g->items[a];
    size_t sa, sb;

    if (a == b)
        return;
    sa = slot_find(g, g->items[a].sha256);
    sb = slot_find(g, g->items[b].sha256);
    g->items[a] = g->items[b];
    g->items[b] = keep;
    g->slots[sa] = (uint32_t)b + 1;
    g->slots[sb] = (uint32_t)a + 1;
}

/* Item number at, which waits, gets its vector. */
static void put_vector(ay_gallery *g, size_t at, const float *vector)
{
    if (at != g->nready) {
        swap_items(g, at, g->nready);
        g->edits = fresh();
    }
    memcpy(row(g, g->nready), vector, (size_t)g->dim * sizeof *vector);
    if (g->codes.cap)
        ay_codes_put(&g->codes, g->nready, vector);
    g->classes[g->items[g->nready].klass].embedded++;
    g->nready++;
    g->generation++;
    g->changes = fresh();
}

ay_status ay_gallery_adopt(ay_gallery *g, size_t n, size_t nready, ay_err *err)
{
    for (size_t i = 0; i < n; i++) {
        size_t slot = slot_find(g, g->items[i].sha256);
        if (g->slots[slot] || g->items[i].klass < 0 || g->items[i].klass >= g->nclasses)
            return ay_fail(err, AY_ECORRUPT, "picture %.12s is there twice or in no class", g->items[i].sha256);
        g->slots[slot] = (uint32_t)i + 1;
        g->classes[g->items[i].klass].images++;
        g->classes[g->items[i].klass].embedded += i < nready;
        g->n = i + 1;
    }
    g->nready = nready;
    g->generation++;
    g->changes = g->edits = fresh();
    return AY_OK;
}

void ay_gallery_touch(ay_gallery *g)
{
    g->changes = g->edits = fresh();
}

void ay_gallery_add(ay_gallery *g, const ay_gallery_item *item, const float *vector)
{
    size_t at = g->n, slot = slot_find(g, item->sha256);

    g->items[at] = *item;
    g->n++;
    g->slots[slot] = (uint32_t)at + 1;
    g->classes[item->klass].images++;
    g->changes = fresh();
    if (vector)
        put_vector(g, at, vector);
}

void ay_gallery_embed(ay_gallery *g, const char *sha256, const float *vector)
{
    ay_gallery_item *item = ay_gallery_find(g, sha256);
    size_t at = item ? (size_t)(item - g->items) : 0;

    if (!item || at < g->nready)
        return;
    put_vector(g, at, vector);
    ay_gallery_touch(g);
}

void ay_gallery_earlier(ay_gallery *g, ay_gallery_item *item, int64_t added_us)
{
    item->added_us = added_us;
    ay_gallery_touch(g);
}

void ay_gallery_move(ay_gallery *g, ay_gallery_item *item, int klass)
{
    bool ready = (size_t)(item - g->items) < g->nready;

    g->classes[item->klass].images--;
    g->classes[item->klass].embedded -= ready;
    item->klass = klass;
    g->classes[klass].images++;
    g->classes[klass].embedded += ready;
    g->generation++;
    ay_gallery_touch(g);
}

void ay_gallery_remove(ay_gallery *g, ay_gallery_item *item)
{
    size_t at = (size_t)(item - g->items);

    g->classes[item->klass].images--;
    if (at < g->nready) {
        size_t last = --g->nready;
        g->classes[item->klass].embedded--;
        memmove(row(g, at), row(g, last), (size_t)g->dim * sizeof(float));
        if (g->codes.cap)
            ay_codes_move(&g->codes, at, last);
        swap_items(g, at, last);
        at = last;
    }
    swap_items(g, at, g->n - 1);
    slot_clear(g, slot_find(g, g->items[g->n - 1].sha256));
    ay_free(g->items[--g->n].file);
    g->generation++;
    ay_gallery_touch(g);
}

void ay_gallery_class_add(ay_gallery *g, int64_t id, const char *name, int64_t created_us)
{
    ay_gallery_class *k = &g->classes[g->nclasses++];

    *k = (ay_gallery_class){.id = id, .created_us = created_us};
    k->position = g->nclasses > 1 ? k[-1].position + 1 : 1;
    snprintf(k->name, sizeof k->name, "%s", name);
    g->generation++;
    g->classes_generation++;
}

void ay_gallery_class_rename(ay_gallery *g, int klass, const char *name)
{
    snprintf(g->classes[klass].name, sizeof g->classes[klass].name, "%s", name);
    ay_gallery_touch(g);
}

void ay_gallery_class_remove(ay_gallery *g, int klass)
{
    for (size_t i = g->n; i-- > 0;)
        if (g->items[i].klass == klass)
            ay_gallery_remove(g, &g->items[i]);
    for (size_t i = 0; i < g->n; i++)
        g->items[i].klass -= g->items[i].klass > klass;
    memmove(g->classes + klass, g->classes + klass + 1,
            (size_t)(g->nclasses - klass - 1) * sizeof *g->classes);
    g->nclasses--;
    g->generation++;
    ay_gallery_touch(g);
    g->classes_generation++;
}
