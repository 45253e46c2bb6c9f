#include "service/library/clusters_rows.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

bool ay_cluster_is_held(const ay_cluster_running *r, const ay_store_cluster *k)
{
    return k->pinned || (!r->t->by_person && (k->by_hand || k->named_by == AY_NAMED_BY_PERSON));
}

static bool is_meant(const ay_cluster_running *r, const ay_gallery *g, const uint8_t *in, size_t i)
{
    int32_t at = !in || in[i] ? ay_cluster_set_find(r->set, g->items[i].member) : CLUSTER_UNMEANT;

    return at != CLUSTER_UNMEANT && (at < 0 || !ay_cluster_is_held(r, &r->set->cluster[at]));
}

/* ---- copying */

typedef struct {
    ay_cluster_running *r;
    const ay_gallery *g;
    const uint8_t *in;
    const char **classes;
    size_t at, next; /* of the gallery; of those that are meant */
} walking;

/* The row-th of those that are meant. */
static bool take_row(void *ctx, size_t row)
{
    walking *w = ctx;
    ay_cluster_running *r = w->r;
    size_t dim = (size_t)w->g->dim;

    for (;; w->at++)
        if (is_meant(r, w->g, w->in, w->at) && w->next++ == row)
            break;
    r->member[r->n] = w->g->items[w->at].member;
    r->told[r->n] = (ay_cluster_told){ay_arena_strdup(r->a, w->g->items[w->at].file), w->classes[w->g->items[w->at].klass]};
    if (!r->told[r->n].file)
        return false;
    memcpy(r->rows + r->n++ * dim, w->g->vectors + w->at++ * dim, dim * sizeof *r->rows);
    return true;
}

/* With the service's lock held. */
static ay_status copy_rows(ay_cluster_running *r, const ay_gallery *g, const uint8_t *in, ay_err *err)
{
    const ay_engine_info *m = r->s->embedder.info;
    walking w = {r, g, in, ay_cluster_class_names(g, r->a), 0, 0};

    for (size_t i = 0; i < g->nready; i++)
        r->all += is_meant(r, g, in, i);
    r->copied = r->all > r->s->clusters->drawn && strcmp(r->t->method, "density") != 0 ? r->s->clusters->drawn : r->all;
    r->member = ay_arena_alloc(r->a, (r->copied + 1) * sizeof *r->member);
    r->told = ay_arena_alloc(r->a, (r->copied + 1) * sizeof *r->told);
    r->rows = ay_alloc(r->copied * (size_t)g->dim + 1, sizeof *r->rows);
    if (r->member && r->told && r->rows && w.classes)
        ay_groups_draw(r->all, r->copied, r->t->seed, take_row, &w);
    if (!r->member || !r->told || !r->rows || r->n < r->copied)
        return ay_fail(err, AY_ENOMEM, "grouping %zu pictures", r->all);
    r->dim = g->dim;
    r->looked = g->n;
    r->at_us = ay_clock_wall();
    memcpy(r->model, m->digest, sizeof r->model);
    memcpy(r->preprocess, m->preprocess_digest, sizeof r->preprocess);
    snprintf(r->dataset, sizeof r->dataset, "%s", g->name);
    for (size_t k = 0; k < r->set->n; k++)
        r->held += ay_cluster_is_held(r, &r->set->cluster[k]);
    return AY_OK;
}

/* What is done with the gallery and what its filter means, under the locks and with the set in force. */
static ay_status with_gallery(ay_cluster_running *r, ay_status (*f)(ay_cluster_running *r, const ay_gallery *g, const uint8_t *in, ay_err *err),
                              ay_err *err)
{
    const ay_gallery *g;
    uint8_t *in = NULL;
    ay_status status;

    r->set = ay_cluster_set_use(r->s, r->t->dataset, r->t->scope, err);
    if (!r->set)
        return AY_ENOTFOUND;
    ay_encoder_enter(r->s);
    pthread_rwlock_rdlock(&r->s->lock);
    g = ay_service_by_id(r->s, r->t->dataset);
    status = g ? ay_cluster_scope_mask(r->s, g, r->set->filter, &in, err) : ay_fail(err, AY_ENOTFOUND, "the data set was deleted");
    if (status == AY_OK)
        status = f(r, g, in, err);
    pthread_rwlock_unlock(&r->s->lock);
    ay_encoder_leave(r->s);
    ay_free(in);
    ay_cluster_set_let(r->s, r->set);
    r->set = NULL;
    return status;
}

ay_status ay_cluster_rows_copy(ay_cluster_running *r, ay_err *err)
{
    return with_gallery(r, copy_rows, err);
}

/* ---- labels of what was not copied */

/* The next block: from item `looked` on, members into the list, vectors where the copied ones were. */
static ay_status copy_block(ay_cluster_running *r, const ay_gallery *g, const uint8_t *in, ay_err *err)
{
    size_t dim = (size_t)r->dim;

    if (strcmp(r->model, r->s->embedder.info->digest) != 0)
        return ay_fail(err, AY_EBUSY, "the encoder was changed while the groups were made");
    r->copied = 0;
    for (; r->looked < g->nready && r->copied < r->s->clusters->drawn && r->n + r->copied < r->all; r->looked++)
        if (is_meant(r, g, in, r->looked)) {
            r->member[r->n + r->copied] = g->items[r->looked].member;
            memcpy(r->rows + r->copied++ * dim, g->vectors + r->looked * dim, dim * sizeof *r->rows);
        }
    return AY_OK;
}

/* Each row of the block to its nearest centre. */
static ay_status label_block(ay_cluster_running *r, ay_hit *hits, ay_err *err)
{
    ay_rows centres = {r->g.centres, (size_t)r->g.n, r->dim};
    ay_status status = ay_search_top(&centres, r->rows, (int)r->copied, 1, r->s->threads, hits, err);

    for (size_t i = 0; i < r->copied && status == AY_OK; i++) {
        r->g.label[r->n] = (int32_t)hits[i].row;
        r->g.group[hits[i].row].size++;
        r->n++;
    }
    return status;
}

ay_status ay_cluster_rows_label(ay_cluster_running *r, bool (*progress)(void *ctx, double done), void *ctx, ay_err *err)
{
    size_t looked = r->looked;
    ay_hit *hits;
    ay_status status = AY_OK;

    if (r->n == r->all || !r->g.n)
        return AY_OK;
    r->member = ay_arena_alloc(r->a, (r->all + 1) * sizeof *r->member);
    r->g.label = ay_arena_alloc(r->a, (r->all + 1) * sizeof *r->g.label);
    hits = ay_arena_alloc(r->a, r->s->clusters->drawn * sizeof *hits);
    if (!r->member || !r->g.label || !hits)
        return ay_fail(err, AY_ENOMEM, "grouping %zu pictures", r->all);
    r->n = r->g.outside = r->looked = 0;
    for (int k = 0; k < r->g.n; k++)
        r->g.group[k].size = 0;
    do {
        status = with_gallery(r, copy_block, err);
        if (status == AY_OK && r->copied)
            status = label_block(r, hits, err);
        if (status == AY_OK && !progress(ctx, (double)r->n / (double)r->all))
            status = ay_fail(err, AY_ECANCELLED, "stopped");
    } while (status == AY_OK && r->copied);
    r->looked = looked;
    return status;
}
