/* service/library/duplicates_resolve.c - what a person decided about duplicates: some go, or all are different. */
#include "base/mem.h"
#include "service/library/change.h"
#include "service/library/duplicates_parts.h"
#include "service/library/library.h"
#include "service/library/marks.h"

#include <stdio.h>
#include <string.h>

enum { TAGS_MOST = 256 };

typedef struct {
    ay_service *s;
    ay_arena *a;
    ay_gallery *g;
    ay_resolved *out;
    int64_t act;
    ay_store_place *gone;
    const char **gone_sha; /* of the same */
    size_t ngone;
    struct moved {
        const char *sha256;
        int64_t class_id;
    } *moved;
    size_t nmoved;
    bool tagged;
} resolving;

/* ---- one group; `writing` is held, so the gallery stays */

/* The first picture of a list that is there, and not unsorted where sorted is asked for. */
static ay_gallery_item *first_there(const resolving *r, const char *const *sha256, size_t n, bool sorted)
{
    for (size_t i = 0; i < n; i++) {
        ay_gallery_item *it = ay_gallery_find(r->g, sha256[i]);
        if (it && (!sorted || r->g->classes[it->klass].kind != AY_KIND_UNSORTED))
            return it;
    }
    return NULL;
}

/* Tags of those that go which the keeper has not. */
static size_t missing_tags(resolving *r, const ay_gallery_item *keep, const ay_resolution *one, int64_t tags[TAGS_MOST])
{
    ay_marks *m = r->s->marks;
    uint32_t to;
    size_t n = 0;

    pthread_mutex_lock(&m->lock);
    to = ay_marks_number(m, keep->sha256);
    for (size_t i = 0; i < one->nremove && to; i++) {
        uint32_t from = ay_marks_number(m, one->remove[i]);
        for (uint32_t k = 0; from && k < m->picture[from - 1].n && n < TAGS_MOST; k++) {
            int64_t tag = m->picture[from - 1].tags[k];
            bool known = ay_marks_has(m, to, tag);
            for (size_t j = 0; j < n && !known; j++)
                known = tags[j] == tag;
            if (!known)
                tags[n++] = tag;
        }
    }
    pthread_mutex_unlock(&m->lock);
    return n;
}

static ay_status give_tags(resolving *r, const ay_gallery_item *keep, const ay_resolution *one, ay_err *err)
{
    const char *sha256 = keep->sha256;
    int64_t tags[TAGS_MOST], changed;
    size_t n = missing_tags(r, keep, one, tags);
    ay_status status = AY_OK;

    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = ay_store_tag_put(r->s->store, r->act, tags[i], &sha256, 1, &changed, err);
    r->out->tagged += n > 0;
    r->tagged |= n > 0;
    return status;
}

static ay_status give_class(resolving *r, const ay_gallery_item *keep, const ay_resolution *one, ay_err *err)
{
    const ay_gallery_item *from;
    ay_store_place place = {keep->member, r->g->classes[keep->klass].id, keep->sha256};
    int64_t moved, to;

    if (r->g->classes[keep->klass].kind != AY_KIND_UNSORTED || !(from = first_there(r, one->remove, one->nremove, true)))
        return AY_OK;
    to = r->g->classes[from->klass].id;
    r->moved[r->nmoved++] = (struct moved){keep->sha256, to};
    r->out->moved++;
    return ay_store_members_move(r->s->store, r->act, &place, 1, to, &moved, err);
}

static ay_status resolve_one(resolving *r, const ay_resolution *one, ay_err *err)
{
    const ay_gallery_item *keep = first_there(r, one->keep, one->nkeep, false);
    size_t before = r->ngone;
    ay_status status;

    if (!keep)
        return ay_fail(err, AY_ECONFLICT, "none of the pictures to keep is there any more: %.12s...", one->keep[0]);
    for (size_t i = 0; i < one->nremove; i++) {
        const ay_gallery_item *it = ay_gallery_find(r->g, one->remove[i]);
        bool again = false;
        for (size_t k = 0; k < one->nkeep; k++)
            if (strcmp(one->keep[k], one->remove[i]) == 0)
                return ay_fail(err, AY_EINVAL, "picture %.12s is both kept and removed", one->keep[k]);
        for (size_t k = before; k < r->ngone && it; k++)
            again |= strcmp(r->gone_sha[k], it->sha256) == 0;
        r->out->missing += !it;
        if (!it || again)
            continue;
        r->gone_sha[r->ngone] = ay_arena_strdup(r->a, it->sha256);
        r->gone[r->ngone] = (ay_store_place){it->member, r->g->classes[it->klass].id, r->gone_sha[r->ngone]};
        if (!r->gone_sha[r->ngone++])
            return ay_fail(err, AY_ENOMEM, "resolving duplicates");
    }
    if (r->ngone == before)
        return AY_OK;
    r->out->groups++;
    status = give_tags(r, keep, one, err);
    return status == AY_OK ? give_class(r, keep, one, err) : status;
}

/* A picture kept by one group may not be removed by another: that would be nobody's decision. */
static ay_status check_crossed(const resolving *r, const ay_resolution *list, size_t n, ay_err *err)
{
    uint8_t *gone = ay_arena_alloc(r->a, r->g->n + 1);

    if (!gone)
        return ay_fail(err, AY_ENOMEM, "resolving duplicates");
    for (size_t i = 0; i < r->ngone; i++) {
        const ay_gallery_item *it = ay_gallery_find(r->g, r->gone_sha[i]);
        if (gone[it - r->g->items]++)
            return ay_fail(err, AY_EINVAL, "picture %.12s is removed by two groups", r->gone_sha[i]);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < list[i].nkeep; k++) {
            const ay_gallery_item *it = ay_gallery_find(r->g, list[i].keep[k]);
            if (it && gone[it - r->g->items])
                return ay_fail(err, AY_EINVAL, "picture %.12s is kept by one group and removed by another", list[i].keep[k]);
        }
    return AY_OK;
}

static ay_status write_all(resolving *r, const ay_resolution *list, size_t n, ay_err *err)
{
    char fields[96];
    ay_status status = ay_store_act(r->s->store, r->g->name, r->g->id, r->out->undo, &r->act, err);

    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = resolve_one(r, &list[i], err);
    if (status == AY_OK)
        status = check_crossed(r, list, n, err);
    if (status == AY_OK && r->ngone)
        status = ay_store_members_trash(r->s->store, r->act, r->gone, r->ngone, err);
    snprintf(fields, sizeof fields, "{\"undo\":\"%s\",\"groups\":%lld}", r->out->undo, (long long)r->out->groups);
    if (status == AY_OK && r->ngone)
        status = ay_store_history(r->s->store, "duplicates.resolve", r->g->name, fields, r->gone_sha, r->ngone, err);
    return status;
}

/* The same in memory, after the store has it. */
static void apply(resolving *r)
{
    ay_err err;

    if (r->tagged && ay_marks_load(r->s, &err) != AY_OK) {
        r->s->doubt = true;
        ay_keeper_wake(r->s);
    }
    pthread_rwlock_wrlock(&r->s->lock);
    for (size_t i = 0; i < r->nmoved; i++) {
        ay_gallery_item *it = ay_gallery_find(r->g, r->moved[i].sha256);
        int klass = ay_gallery_class_by_id(r->g, r->moved[i].class_id);
        if (it && klass >= 0)
            ay_gallery_move(r->g, it, klass);
    }
    for (size_t i = 0; i < r->ngone; i++) {
        ay_gallery_item *it = ay_gallery_find(r->g, r->gone_sha[i]);
        if (it)
            ay_gallery_remove(r->g, it);
    }
    pthread_rwlock_unlock(&r->s->lock);
    ay_service_tell(r->s, "dataset", r->g->name, 0);
}

static ay_status carry_out(resolving *r, const ay_resolution *list, size_t n, ay_err *err)
{
    ay_status status = ay_store_begin(r->s->store, err);

    if (status != AY_OK)
        return status;
    status = write_all(r, list, n, err);
    if (status != AY_OK || r->ngone == 0) {
        ay_store_rollback(r->s->store);
        r->out->undo[0] = '\0';
        return status;
    }
    status = ay_store_commit(r->s->store, err);
    if (status == AY_OK) {
        r->out->removed = (int64_t)r->ngone;
        apply(r);
    }
    return status;
}

static ay_status make_room(resolving *r, const ay_resolution *list, size_t n, ay_err *err)
{
    size_t most = 0;

    for (size_t i = 0; i < n; i++) {
        if (list[i].nkeep == 0)
            return ay_fail(err, AY_EINVAL, "group number %zu keeps nothing: 'keep' names at least one picture", i + 1);
        for (size_t k = 0; k < list[i].nkeep + list[i].nremove; k++) {
            const char *name = k < list[i].nkeep ? list[i].keep[k] : list[i].remove[k - list[i].nkeep];
            if (!ay_sha256_valid(name))
                return ay_fail(err, AY_EINVAL, "group number %zu: a picture is named by 64 lower-case hex digits", i + 1);
        }
        most += list[i].nremove;
    }
    r->gone = ay_arena_alloc(r->a, (most + 1) * sizeof *r->gone);
    r->gone_sha = ay_arena_alloc(r->a, (most + 1) * sizeof *r->gone_sha);
    r->moved = ay_arena_alloc(r->a, (n + 1) * sizeof *r->moved);
    return r->gone && r->gone_sha && r->moved ? AY_OK : ay_fail(err, AY_ENOMEM, "resolving duplicates");
}

ay_status ay_duplicates_resolve(ay_service *s, const char *dataset, const ay_resolution *list, size_t n, ay_arena *a, ay_resolved *out,
                                ay_err *err)
{
    resolving r = {.s = s, .a = a, .out = out};
    const char *name;
    ay_status status;

    *out = (ay_resolved){0};
    if (s->reading_only)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    status = make_room(&r, list, n, err);
    if (status == AY_OK)
        status = ay_library_or(s, dataset, a, &name, err);
    if (status != AY_OK)
        return status;
    pthread_mutex_lock(&s->writing);
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, name, &r.g, err);
    pthread_rwlock_unlock(&s->lock);
    if (status == AY_OK)
        status = carry_out(&r, list, n, err);
    pthread_mutex_unlock(&s->writing);
    return status;
}

/* ---- all of a tier */

/* One more resolution: keep the first, the others go. */
static bool as_suggested(const ay_duplicate_group *g, ay_arena *a, ay_resolution *out)
{
    const char **names = ay_arena_alloc(a, g->n * sizeof *names);

    for (size_t i = 0; i < g->n && names; i++)
        names[i] = g->picture[i].sha256;
    *out = (ay_resolution){.keep = names, .nkeep = 1, .remove = names + 1, .nremove = g->n - 1};
    return names != NULL;
}

ay_status ay_duplicates_resolve_all(ay_service *s, const char *dataset, ay_tier tier, ay_arena *a, ay_resolved *out, ay_err *err)
{
    ay_resolution *list = NULL;
    size_t n = 0, cap = 0;
    ay_duplicates page;
    ay_status status = AY_OK;

    *out = (ay_resolved){0};
    if (tier >= AY_TIER_ALIKE)
        return ay_fail(err, AY_EINVAL, "'tier' is same or picture: look-alikes are different pictures, each for a person to decide");
    do {
        status = ay_duplicates_list(s, dataset, tier, n, AY_DUPLICATES_MOST, a, &page, err);
        if (status == AY_OK && !list) {
            cap = page.count[tier].groups;
            list = ay_arena_alloc(a, (cap + 1) * sizeof *list);
        }
        for (size_t i = 0; i < page.n && status == AY_OK && n < cap; i++)
            if (!list || !as_suggested(&page.group[i], a, &list[n++]))
                status = ay_fail(err, AY_ENOMEM, "resolving duplicates");
    } while (status == AY_OK && page.n && n < cap);
    return status == AY_OK && n ? ay_duplicates_resolve(s, dataset, list, n, a, out, err) : status;
}

/* ---- different */

ay_status ay_duplicates_apart(ay_service *s, const char *dataset, const char *const *sha256, size_t n, int64_t *pairs,
                              char undo[AY_UNDO_SIZE], ay_err *err)
{
    const char *name;
    ay_gallery *g;
    int64_t id = 0;
    ay_arena a;
    ay_status status;

    undo[0] = '\0';
    *pairs = 0;
    if (n < 2 || n > AY_DUPLICATES_SHOWN)
        return ay_fail(err, AY_EINVAL, "'sha256' names 2 to %d pictures that are different", AY_DUPLICATES_SHOWN);
    ay_arena_init(&a, 0);
    status = ay_library_or(s, dataset, &a, &name, err);
    pthread_mutex_lock(&s->writing);
    if (status == AY_OK) {
        pthread_rwlock_rdlock(&s->lock);
        status = ay_service_find(s, name, &g, err);
        id = status == AY_OK ? g->id : 0;
        for (size_t i = 0; i < n && status == AY_OK; i++)
            if (!ay_sha256_valid(sha256[i]) || !ay_gallery_find(g, sha256[i]))
                status = ay_fail(err, AY_ENOTFOUND, "no picture %.12s in data set \"%s\"", sha256[i], g->name);
        pthread_rwlock_unlock(&s->lock);
    }
    if (status == AY_OK)
        status = ay_store_apart_put(s->store, id, name, sha256, n, undo, pairs, err);
    pthread_mutex_unlock(&s->writing);
    if (status == AY_OK)
        ay_dups_reread(s);
    ay_arena_fini(&a);
    return status;
}
