#include "service/library/marks.h"

#include "base/mem.h"
#include "base/str.h"
#include "service/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- numbers of pictures */

static void to_bytes(const char *hex, unsigned char out[32])
{
    for (int i = 0; i < 32; i++) {
        int hi = hex[2 * i] <= '9' ? hex[2 * i] - '0' : hex[2 * i] - 'a' + 10;
        int lo = hex[2 * i + 1] <= '9' ? hex[2 * i + 1] - '0' : hex[2 * i + 1] - 'a' + 10;
        out[i] = (unsigned char)(hi << 4 | lo);
    }
}

/* The slot that holds a digest, or the empty one where it would go. */
static size_t slot_of(const ay_marks *m, const unsigned char sha256[32])
{
    uint64_t h;
    size_t at;

    memcpy(&h, sha256, sizeof h);
    for (at = (size_t)h & (m->nslots - 1); m->slots[at]; at = (at + 1) & (m->nslots - 1))
        if (memcmp(m->picture[m->slots[at] - 1].sha256, sha256, 32) == 0)
            break;
    return at;
}

static bool grow(ay_marks *m)
{
    uint32_t cap = m->cap ? m->cap + m->cap / 2 : 1024;
    size_t nslots = m->nslots ? m->nslots : 2048;
    ay_marked *more;
    uint32_t *slots;

    if (m->n < m->cap)
        return true;
    while (nslots < 2 * (size_t)cap)
        nslots *= 2;
    more = ay_realloc(m->picture, cap, sizeof *more);
    if (!more)
        return false;
    m->picture = more;
    slots = ay_calloc(nslots, sizeof *slots);
    if (!slots)
        return false;
    ay_free(m->slots);
    m->slots = slots;
    m->nslots = nslots;
    m->cap = cap;
    for (uint32_t i = 0; i < m->n; i++)
        slots[slot_of(m, m->picture[i].sha256)] = i + 1;
    return true;
}

uint32_t ay_marks_number(ay_marks *m, const char *sha256)
{
    unsigned char key[32];
    size_t at;

    if (!grow(m))
        return AY_MARKS_NONE;
    to_bytes(sha256, key);
    at = slot_of(m, key);
    if (!m->slots[at]) {
        m->picture[m->n] = (ay_marked){.tags = NULL};
        memcpy(m->picture[m->n].sha256, key, sizeof key);
        m->slots[at] = ++m->n;
    }
    return m->slots[at];
}

uint32_t ay_marks_item(ay_marks *m, ay_gallery_item *item)
{
    if (!item->mark)
        item->mark = ay_marks_number(m, item->sha256);
    return item->mark;
}

bool ay_marks_has(const ay_marks *m, uint32_t number, int64_t tag)
{
    const ay_marked *p = &m->picture[number - 1];

    for (uint32_t i = 0; i < p->n; i++)
        if (p->tags[i] == (uint32_t)tag)
            return true;
    return false;
}

/* ---- tags and albums by name */

ay_mark *ay_marks_by_id(const ay_marks *m, ay_shelf_kind kind, int64_t id)
{
    const ay_mark_list *l = &m->of[kind];

    for (int i = 0; i < l->n; i++)
        if (l->list[i].id == id)
            return &l->list[i];
    return NULL;
}

ay_mark *ay_marks_find(const ay_marks *m, ay_shelf_kind kind, const char *word)
{
    const ay_mark_list *l = &m->of[kind];
    long id;

    for (int i = 0; i < l->n; i++)
        if (strcmp(l->list[i].name, word) == 0)
            return &l->list[i];
    for (int i = 0; i < l->n; i++)
        if (strcasecmp(l->list[i].name, word) == 0)
            return &l->list[i];
    return kind == AY_SHELF_ALBUM && ay_str_to_long(word, 1, INT32_MAX, &id) ? ay_marks_by_id(m, kind, id) : NULL;
}

/* ---- reading the store */

static void forget(ay_marks *m)
{
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < m->of[k].n; i++)
            ay_free(m->of[k].list[i].pictures);
        m->of[k].n = 0;
    }
    for (uint32_t i = 0; i < m->n; i++)
        m->picture[i].n = 0;
}

static ay_status load_names(ay_service *s, ay_shelf_kind kind, ay_err *err)
{
    ay_mark_list *l = &s->marks->of[kind];
    ay_store_label *list;
    ay_status status;
    ay_arena a;
    size_t n;

    ay_arena_init(&a, 0);
    status = ay_store_label_list(s->store, kind, &a, &list, &n, err);
    if (status == AY_OK && (int)n > l->cap) {
        ay_mark *more = ay_realloc(l->list, n, sizeof *more);
        if (more) {
            l->list = more;
            l->cap = (int)n;
        } else {
            status = ay_fail(err, AY_ENOMEM, "reading tags");
        }
    }
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        l->list[l->n] = (ay_mark){.id = list[i].id, .created_us = list[i].created_us};
        snprintf(l->list[l->n].name, sizeof l->list[l->n].name, "%s", list[i].name);
        l->n++;
    }
    ay_arena_fini(&a);
    return status;
}

static bool push(uint32_t **list, size_t n, size_t *cap, uint32_t value)
{
    if (n == *cap) {
        size_t more = *cap ? 2 * *cap : 2;
        uint32_t *at = ay_realloc(*list, more, sizeof *at);
        if (!at)
            return false;
        *list = at;
        *cap = more;
    }
    (*list)[n] = value;
    return true;
}

static ay_status load_tag(void *ctx, int64_t tag, const char *sha256, ay_err *err)
{
    ay_marks *m = ctx;
    uint32_t at = ay_marks_number(m, sha256);
    ay_marked *p = at ? &m->picture[at - 1] : NULL;
    size_t cap = p ? p->cap : 0;

    if (!p || !push(&p->tags, p->n, &cap, (uint32_t)tag))
        return ay_fail(err, AY_ENOMEM, "reading tags");
    p->cap = (uint32_t)cap;
    p->n++;
    return AY_OK;
}

static ay_status load_album(void *ctx, int64_t album, const char *sha256, ay_err *err)
{
    ay_marks *m = ctx;
    ay_mark *b = ay_marks_by_id(m, AY_SHELF_ALBUM, album);
    uint32_t at = ay_marks_number(m, sha256);

    if (b && (!at || !push(&b->pictures, b->n, &b->cap, at)))
        return ay_fail(err, AY_ENOMEM, "reading albums");
    if (b)
        b->n++;
    return AY_OK;
}

/* ---- changes */

static size_t find(const uint32_t *list, size_t n, uint32_t value)
{
    size_t i = 0;

    while (i < n && list[i] != value)
        i++;
    return i;
}

bool ay_marks_put(ay_marks *m, ay_shelf_kind kind, int64_t label, uint32_t number)
{
    ay_marked *p = number ? &m->picture[number - 1] : NULL;
    ay_mark *b = kind == AY_SHELF_ALBUM ? ay_marks_by_id(m, kind, label) : NULL;
    size_t cap = p ? p->cap : 0;

    m->version++;
    if (!p || (kind == AY_SHELF_ALBUM && !b))
        return false;
    if (b) {
        if (find(b->pictures, b->n, number) < b->n)
            return true;
        return push(&b->pictures, b->n, &b->cap, number) && ++b->n;
    }
    if (find(p->tags, p->n, (uint32_t)label) < p->n)
        return true;
    if (!push(&p->tags, p->n, &cap, (uint32_t)label))
        return false;
    p->cap = (uint32_t)cap;
    p->n++;
    return true;
}

static size_t remove_one(uint32_t *list, size_t n, uint32_t value)
{
    size_t at = find(list, n, value);

    if (at == n)
        return n;
    memmove(list + at, list + at + 1, (n - at - 1) * sizeof *list);
    return n - 1;
}

bool ay_marks_take(ay_marks *m, ay_shelf_kind kind, int64_t label, uint32_t number)
{
    ay_marked *p = number ? &m->picture[number - 1] : NULL;
    ay_mark *b = kind == AY_SHELF_ALBUM ? ay_marks_by_id(m, kind, label) : NULL;

    m->version++;
    if (b)
        b->n = remove_one(b->pictures, b->n, number);
    else if (p && kind == AY_SHELF_TAG)
        p->n = (uint32_t)remove_one(p->tags, p->n, (uint32_t)label);
    return p && (b || kind == AY_SHELF_TAG);
}

ay_status ay_marks_load(ay_service *s, ay_err *err)
{
    ay_marks *m = s->marks;
    ay_status status;

    pthread_mutex_lock(&m->lock);
    forget(m);
    m->version++;
    status = load_names(s, AY_SHELF_TAG, err);
    if (status == AY_OK)
        status = load_names(s, AY_SHELF_ALBUM, err);
    if (status == AY_OK)
        status = ay_store_label_walk(s->store, AY_SHELF_TAG, load_tag, m, err);
    if (status == AY_OK)
        status = ay_store_label_walk(s->store, AY_SHELF_ALBUM, load_album, m, err);
    pthread_mutex_unlock(&m->lock);
    return status;
}

void ay_marks_again(ay_service *s)
{
    ay_err err;

    if (ay_marks_load(s, &err) == AY_OK)
        return;
    s->doubt = true;
    ay_keeper_wake(s);
}

ay_status ay_marks_open(ay_service *s, ay_err *err)
{
    s->marks = ay_calloc(1, sizeof *s->marks);
    if (!s->marks)
        return ay_fail(err, AY_ENOMEM, "opening tags");
    pthread_mutex_init(&s->marks->lock, NULL);
    return ay_marks_load(s, err);
}

void ay_marks_close(ay_service *s)
{
    ay_marks *m = s->marks;

    if (!m)
        return;
    forget(m);
    for (uint32_t i = 0; i < m->n; i++)
        ay_free(m->picture[i].tags);
    for (int k = 0; k < 2; k++)
        ay_free(m->of[k].list);
    ay_free(m->picture);
    ay_free(m->slots);
    pthread_mutex_destroy(&m->lock);
    ay_free(m);
    s->marks = NULL;
}
