#include "service/library/duplicates.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "service/library/duplicates_parts.h"
#include "service/library/library.h"
#include "service/library/marks.h"

#include <stdio.h>
#include <string.h>

/* After a run that failed a question begins none for so long. */
#define FAILED_NS 60000000000u

/* ---- opening and closing */

/* The list of what is apart, again.  A store that is away leaves the old list. */
static ay_status read_apart(ay_service *s, ay_err *err)
{
    ay_dups_state *d = s->dups;
    ay_store_pair *list = NULL;
    ay_arena a;
    size_t n = 0;
    ay_status status;

    ay_arena_init(&a, 0);
    status = ay_store_apart_list(s->store, &a, &list, &n, err);
    if (status != AY_OK) {
        ay_arena_fini(&a);
        return status;
    }
    pthread_mutex_lock(&d->lock);
    ay_arena_fini(&d->arena);
    d->arena = a;
    d->apart = list;
    d->napart = n;
    d->version++;
    pthread_mutex_unlock(&d->lock);
    return AY_OK;
}

ay_status ay_dups_open(ay_service *s, ay_err *err)
{
    s->dups = ay_calloc(1, sizeof *s->dups);
    if (!s->dups)
        return ay_fail(err, AY_ENOMEM, "opening the service");
    pthread_mutex_init(&s->dups->lock, NULL);
    ay_arena_init(&s->dups->arena, 0);
    return read_apart(s, err);
}

void ay_dups_reread(ay_service *s)
{
    ay_err err;

    if (read_apart(s, &err) != AY_OK)
        ay_log(AY_LOG_WARN, "service", "reading which pictures are different: %s", err.msg);
}

void ay_dups_stop(ay_service *s)
{
    ay_dups_state *d = s->dups;

    if (!d)
        return;
    d->stop = true;
    pthread_mutex_lock(&d->lock);
    if (d->started) {
        pthread_t t = d->thread;
        d->started = false;
        pthread_mutex_unlock(&d->lock);
        pthread_join(t, NULL);
        return;
    }
    pthread_mutex_unlock(&d->lock);
}

void ay_dups_close(ay_service *s)
{
    ay_dups_state *d = s->dups;

    if (!d)
        return;
    for (ay_dups_set *set = d->sets, *next; set; set = next) {
        next = set->next;
        ay_dups_set_free(set);
    }
    ay_arena_fini(&d->arena);
    pthread_mutex_destroy(&d->lock);
    ay_free(d);
    s->dups = NULL;
}

/* ---- the set in force; under the state's lock */

static ay_dups_set *find_set(ay_service *s, int64_t dataset)
{
    ay_dups_set *set = s->dups->sets;

    while (set && set->dataset != dataset)
        set = set->next;
    if (!set && (set = ay_dups_set_read(s, dataset))) {
        set->next = s->dups->sets;
        s->dups->sets = set;
    }
    return set;
}

static void put_set(ay_service *s, ay_dups_set *set)
{
    for (ay_dups_set **at = &s->dups->sets; *at; at = &(*at)->next)
        if ((*at)->dataset == set->dataset) {
            ay_dups_set *old = *at;
            *at = old->next;
            ay_dups_set_free(old);
            break;
        }
    set->next = s->dups->sets;
    s->dups->sets = set;
}

/* ---- the run */

/* The thread works on a copy of what was found: lists are answered meanwhile. */
static ay_dups_set *old_set(ay_service *s, int64_t dataset)
{
    bool there;

    if (s->dups->again)
        return NULL;
    pthread_mutex_lock(&s->dups->lock);
    there = find_set(s, dataset) != NULL;
    pthread_mutex_unlock(&s->dups->lock);
    return there ? ay_dups_set_read(s, dataset) : NULL;
}

static void *work(void *arg)
{
    ay_service *s = arg;
    ay_dups_state *d = s->dups;
    ay_dups_set *old = old_set(s, d->dataset), *set = NULL;
    char text[160] = "";
    ay_err err = {{0}};
    ay_status status = ay_dups_run(s, d->dataset, old, d->job, &set, &err);

    ay_dups_set_free(old);
    if (status == AY_OK)
        status = ay_dups_set_write(s, set, &err);
    if (status == AY_OK)
        snprintf(text, sizeof text, "%zu pictures compared, %zu could not be read", set->n, set->failed);
    pthread_mutex_lock(&d->lock);
    if (status == AY_OK)
        put_set(s, set);
    else
        ay_dups_set_free(set);
    d->busy = false;
    d->failed = status == AY_OK || status == AY_ECANCELLED ? 0 : d->dataset;
    d->failed_at = ay_clock_mono();
    snprintf(d->why, sizeof d->why, "%.255s", err.msg);
    pthread_mutex_unlock(&d->lock);
    ay_job_end(s, d->job, status, status == AY_OK ? text : err.msg);
    return NULL;
}

/* Under the state's lock. */
static ay_status start(ay_service *s, int64_t dataset, bool again, ay_err *err)
{
    ay_dups_state *d = s->dups;

    if (d->started)
        pthread_join(d->thread, NULL); /* it is not busy, so it is over or about to be */
    d->started = false;
    d->dataset = dataset;
    d->again = again;
    d->job = ay_job_begin(s, "duplicates", 1000);
    d->busy = true;
    if (ay_thread_start(&d->thread, "duplicates", work, s, err) != AY_OK) {
        d->busy = false;
        ay_job_end(s, d->job, AY_ENOMEM, err->msg);
        return AY_ENOMEM;
    }
    d->started = true;
    return AY_OK;
}

static ay_status begin(ay_service *s, int64_t dataset, bool again, int64_t *job, ay_err *err)
{
    ay_dups_state *d = s->dups;
    ay_status status = AY_OK;

    if (s->reading_only)
        return ay_fail(err, AY_EBUSY, "another process has the data folder open for writing");
    pthread_mutex_lock(&d->lock);
    if (d->busy && d->dataset != dataset)
        status = ay_fail(err, AY_EBUSY, "duplicates of another data set are being found: wait for job %lld", (long long)d->job);
    else if (!d->busy && !d->stop)
        status = start(s, dataset, again, err);
    *job = status == AY_OK ? d->job : 0;
    pthread_mutex_unlock(&d->lock);
    return status;
}

static ay_status dataset_id(ay_service *s, const char *dataset, ay_arena *a, const char **name, int64_t *id, ay_err *err)
{
    ay_gallery *g;
    ay_status status = ay_library_or(s, dataset, a, name, err);

    if (status != AY_OK)
        return status;
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, *name, &g, err);
    if (status == AY_OK)
        *id = g->id;
    pthread_rwlock_unlock(&s->lock);
    return status;
}

ay_status ay_duplicates_queue(ay_service *s, const char *dataset, bool again, int64_t *job, ay_err *err)
{
    const char *name;
    int64_t id = 0;
    ay_arena a;
    ay_status status;

    ay_arena_init(&a, 0);
    status = dataset_id(s, dataset, &a, &name, &id, err);
    if (status == AY_OK)
        status = begin(s, id, again, job, err);
    ay_arena_fini(&a);
    return status;
}

/* ---- groups of the gallery as it is; with the service's lock for reading, then the state's */

typedef struct {
    const ay_dups_state *d;
    const ay_dups_set *set;
} apart_ctx;

static bool rows_apart(void *ctx, size_t a, size_t b)
{
    const apart_ctx *c = ctx;

    return ay_dups_are_apart(c->d, c->set->sha256[a], c->set->sha256[b]);
}

static int sorted_by(ay_service *s, const ay_gallery *g, ay_gallery_item *it)
{
    uint32_t number;
    int tags = 0;

    pthread_mutex_lock(&s->marks->lock);
    number = ay_marks_item(s->marks, it);
    if (number)
        tags = (int)s->marks->picture[number - 1].n;
    pthread_mutex_unlock(&s->marks->lock);
    return tags + (g->classes[it->klass].kind != AY_KIND_UNSORTED);
}

static bool is_elsewhere(const ay_service *s, const ay_gallery *g, const char *sha256)
{
    for (int i = 0; i < s->ngalleries; i++)
        if (s->galleries[i] != g && ay_gallery_find(s->galleries[i], sha256))
            return true;
    return false;
}

/* Only what is there now takes part; a group outlives its centre. */
static void describe(ay_service *s, const ay_gallery *g, ay_dups_set *set, ay_dup_place *place, ay_dup_fact *fact, uint8_t *there)
{
    set->elsewhere = 0;
    for (size_t i = 0; i < set->n; i++) {
        ay_gallery_item *it = ay_gallery_find(g, set->sha256[i]);
        place[i] = set->found.place[i];
        there[i] = it != NULL;
        if (!it) {
            place[i].centre = AY_DUP_NONE;
            continue;
        }
        fact[i] = (ay_dup_fact){.file = it->file, .width = it->width, .height = it->height, .bytes = it->bytes,
                                .taken_us = it->taken_us, .added_us = it->added_us, .sorted = sorted_by(s, g, it)};
        set->elsewhere += is_elsewhere(s, g, it->sha256);
    }
}

static ay_status group(ay_service *s, const ay_gallery *g, ay_dups_set *set, ay_err *err)
{
    apart_ctx ctx = {s->dups, set};
    ay_dups_found f = {.place = ay_alloc(set->n + 1, sizeof *f.place), .near = ay_alloc(set->found.nnear + 1, sizeof *f.near),
                       .held = ay_alloc(set->found.nheld + 1, sizeof *f.held), .least = set->found.least};
    ay_dup_fact *fact = ay_calloc(set->n + 1, sizeof *fact);
    uint8_t *there = ay_calloc(set->n + 1, 1);
    ay_dup_groups groups;
    ay_status status = f.place && f.near && f.held && fact && there ? AY_OK : ay_fail(err, AY_ENOMEM, "grouping duplicates");

    if (status == AY_OK) {
        describe(s, g, set, f.place, fact, there);
        for (size_t i = 0; i < set->found.nnear; i++)
            if (there[set->found.near[i].a] && there[set->found.near[i].b])
                f.near[f.nnear++] = set->found.near[i];
        for (size_t i = 0; i < set->found.nheld; i++)
            if (there[set->found.held[i].row] && there[set->found.held[i].place.centre])
                f.held[f.nheld++] = set->found.held[i];
        status = ay_dups_group(set->n, &f, fact, rows_apart, &ctx, &groups, err);
    }
    if (status == AY_OK) {
        ay_dup_groups_fini(&set->groups);
        set->groups = groups;
        set->grouped = true;
        set->generation = g->generation;
        set->apart = s->dups->version;
    }
    ay_free(f.place);
    ay_free(f.near);
    ay_free(f.held);
    ay_free(fact);
    ay_free(there);
    return status;
}

/* ---- the list */

static void group_id(const ay_dups_set *set, const ay_dup_group *g, char id[17])
{
    char hex[AY_SHA256_HEX];
    ay_sha256 h;

    ay_sha256_init(&h);
    ay_sha256_add(&h, &(int){(int)g->tier}, sizeof(int));
    for (size_t i = 0; i < g->n; i++)
        ay_sha256_add(&h, set->sha256[g->row[i]], AY_SHA256_HEX);
    ay_sha256_hex(&h, hex);
    memcpy(id, hex, 16);
    id[16] = '\0';
}

static bool tell_elsewhere(const ay_service *s, const ay_gallery *g, ay_arena *a, ay_duplicate *p)
{
    p->elsewhere = ay_arena_alloc(a, (size_t)s->ngalleries * sizeof *p->elsewhere + 1);
    for (int i = 0; i < s->ngalleries && p->elsewhere; i++) {
        const ay_gallery *o = s->galleries[i];
        const ay_gallery_item *it = o != g ? ay_gallery_find(o, p->sha256) : NULL;
        if (it)
            p->elsewhere[p->nelsewhere++] = (ay_elsewhere){ay_arena_strdup(a, o->name), ay_arena_strdup(a, o->classes[it->klass].name)};
    }
    return p->elsewhere != NULL;
}

static bool tell_group(const ay_service *s, const ay_gallery *g, const ay_dups_set *set, const ay_dup_group *from, ay_arena *a,
                       ay_duplicate_group *out)
{
    bool ok;

    *out = (ay_duplicate_group){.tier = from->tier, .similarity = from->similarity, .all = from->n,
                                .n = from->n < AY_DUPLICATES_SHOWN ? from->n : AY_DUPLICATES_SHOWN};
    group_id(set, from, out->id);
    out->picture = ay_arena_alloc(a, out->n * sizeof *out->picture);
    ok = out->picture != NULL;
    for (size_t i = 0; i < out->n && ok; i++) {
        const ay_dup_over *over = &set->groups.over[from->first + i];
        out->picture[i] = (ay_duplicate){.keep = i == 0, .why = i == 0 ? from->why : 0, .orientation = 1};
        memcpy(out->picture[i].sha256, set->sha256[from->row[i]], AY_SHA256_HEX);
        if (from->tier == AY_TIER_PICTURE) {
            out->picture[i].orientation = over->orientation;
            out->picture[i].cropped = over->cropped;
        }
        ok = tell_elsewhere(s, g, a, &out->picture[i]);
    }
    return ok;
}

static ay_status tell(ay_service *s, const ay_gallery *g, ay_dups_set *set, ay_tier tier, int limit, ay_arena *a, ay_duplicates *out,
                      ay_err *err)
{
    size_t at = 0;
    ay_status status = AY_OK;

    if (!set->grouped || set->generation != g->generation || set->apart != s->dups->version)
        status = group(s, g, set, err);
    out->group = ay_arena_alloc(a, (size_t)limit * sizeof *out->group + 1);
    if (status == AY_OK && !out->group)
        status = ay_fail(err, AY_ENOMEM, "listing duplicates");
    for (size_t i = 0; i < set->groups.n && status == AY_OK; i++) {
        const ay_dup_group *one = &set->groups.item[i];
        out->count[one->tier].groups++;
        out->count[one->tier].extra += one->n - 1;
        if ((tier != AY_TIERS && one->tier != tier) || at++ < out->offset || out->n >= (size_t)limit)
            continue;
        if (!tell_group(s, g, set, one, a, &out->group[out->n++]))
            status = ay_fail(err, AY_ENOMEM, "listing duplicates");
    }
    out->made = true;
    out->made_us = set->made_us;
    out->failed = set->failed;
    out->least = set->found.least;
    out->elsewhere = set->elsewhere;
    return status;
}

/* Pictures with a vector that the set does not know: at most those it has more than rows that are still there. */
static size_t count_new(const ay_gallery *g, ay_dups_set *set)
{
    size_t known = 0, ready = g->nready;

    for (size_t i = g->nready; i < g->n; i++)
        ready += g->items[i].failed;
    if (set && (!set->counted || set->counted_at != g->generation)) { /* a hundred thousand look-ups: once, not for each page */
        set->known = 0;
        for (size_t i = 0; i < set->n; i++)
            set->known += ay_gallery_find(g, set->sha256[i]) != NULL;
        set->counted = true;
        set->counted_at = g->generation;
    }
    known = set ? set->known : 0;
    return ready > known ? ready - known : 0;
}

ay_status ay_duplicates_list(ay_service *s, const char *dataset, ay_tier tier, size_t offset, int limit, ay_arena *a, ay_duplicates *out,
                             ay_err *err)
{
    ay_dups_state *d = s->dups;
    ay_dups_set *set = NULL;
    bool failed = false;
    ay_gallery *g;
    int64_t id = 0;
    ay_status status;

    *out = (ay_duplicates){.offset = offset};
    if (limit < 1 || limit > AY_DUPLICATES_MOST)
        return ay_fail(err, AY_EINVAL, "a page has 1 to %d groups, not %d", AY_DUPLICATES_MOST, limit);
    pthread_rwlock_rdlock(&s->lock);
    pthread_mutex_lock(&d->lock);
    status = ay_service_find(s, ay_library_read(dataset), &g, err);
    if (status == AY_OK && !(out->dataset = ay_arena_strdup(a, g->name)))
        status = ay_fail(err, AY_ENOMEM, "listing duplicates");
    id = g ? g->id : 0;
    set = id ? find_set(s, id) : NULL;
    if (status == AY_OK && set)
        status = tell(s, g, set, tier, limit, a, out, err);
    out->pictures = g ? g->n : 0;
    out->came = g ? count_new(g, set) : 0;
    out->job = d->busy && d->dataset == id ? d->job : 0;
    failed = !out->job && id && d->failed == id;
    if (status == AY_OK && failed && !(out->trouble = ay_arena_strdup(a, d->why)))
        status = ay_fail(err, AY_ENOMEM, "listing duplicates");
    failed = failed && ay_clock_mono() - d->failed_at < FAILED_NS;
    pthread_mutex_unlock(&d->lock);
    pthread_rwlock_unlock(&s->lock);
    if (status == AY_OK && !out->job && out->came && !s->reading_only && !failed)
        begin(s, id, false, &out->job, &(ay_err){{0}}); /* another data set's turn: the next question begins it */
    return status;
}
