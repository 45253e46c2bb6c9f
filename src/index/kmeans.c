/* index/kmeans.c - k-means from options to result: starts, the best of them kept, labels and distances at the end. */
#include "index/kmeans.h"
#include "base/mem.h"
#include "index/kmeans_parts.h"

#include <math.h>
#include <string.h>

static ay_status check(const ay_rows *rows, const ay_kmeans_options *o, ay_err *err)
{
    if (rows->n < 1 || rows->n >= UINT32_MAX)
        return ay_fail(err, AY_EINVAL, "k-means groups 1 to %u rows, not %zu", UINT32_MAX - 1, rows->n);
    if (rows->dim < 1 || rows->dim > 65536)
        return ay_fail(err, AY_EINVAL, "rows have 1 to 65536 dimensions, not %d", rows->dim);
    if (o->k < 1)
        return ay_fail(err, AY_EINVAL, "k-means makes at least 1 group, not %d", o->k);
    if (o->batch < 0 || o->most < 0 || o->inits < 0 || !(o->tolerance >= 0))
        return ay_fail(err, AY_EINVAL, "batch, passes, starts and tolerance of k-means are not below 0");
    return AY_OK;
}

static ay_status open_result(ay_kmeans *r, size_t n, int k, int dim, ay_err *err)
{
    memset(r, 0, sizeof *r);
    r->k = k, r->dim = dim;
    r->centres = ay_alloc((size_t)k * (size_t)dim, sizeof *r->centres);
    r->labels = ay_alloc(n, sizeof *r->labels);
    r->distances = ay_alloc(n, sizeof *r->distances);
    r->counts = ay_calloc((size_t)k, sizeof *r->counts);
    if (r->centres && r->labels && r->distances && r->counts)
        return AY_OK;
    ay_kmeans_free(r);
    return ay_fail(err, AY_ENOMEM, "%d groups of %zu rows", k, n);
}

/* Labels by the final centres, and what is told of them. */
static void finish(const km_data *d, const km_centres *c, bool labelled, ay_kmeans *r)
{
    if (!labelled)
        km_nearest(c, d->rows->rows, d->norms, d->rows->n, d->threads, r->labels, r->distances);
    km_distances(d->rows, c->centres, r->labels, d->threads, r->distances);
    memcpy(r->centres, c->centres, (size_t)c->k * (size_t)c->dim * sizeof *r->centres);
    for (size_t i = 0; i < d->rows->n; i++) {
        r->counts[r->labels[i]]++;
        r->inertia += r->distances[i];
    }
}

/* As many groups as rows: drawing rows by chance would leave some out. */
static ay_status each_its_own(const km_data *d, km_centres *c, km_result *got)
{
    memcpy(c->centres, d->rows->rows, d->rows->n * (size_t)c->dim * sizeof *c->centres);
    km_centres_pack(c, d->options->spherical);
    *got = (km_result){.converged = true};
    return AY_OK;
}

static ay_status make_groups(const km_data *d, km_centres *c, int start, uint32_t *labels,
                             km_result *got, ay_err *err)
{
    ay_status status = km_seed(d, c, (uint64_t)start, err);

    if (status != AY_OK)
        return status;
    return d->options->way == AY_KMEANS_LLOYD ? km_lloyd(d, c, labels, got, err)
                                              : km_batch(d, c, (uint64_t)start, got, err);
}

/* One start, with its own stream of random numbers. */
static ay_status run_once(const km_data *d, int k, int start, ay_kmeans *r, ay_err *err)
{
    km_centres c;
    km_result got;
    ay_status status = km_centres_open(&c, k, d->rows->dim, err);

    if (status != AY_OK)
        return status;
    status = open_result(r, d->rows->n, k, d->rows->dim, err);
    if (status == AY_OK)
        status = (size_t)k == d->rows->n ? each_its_own(d, &c, &got)
                                         : make_groups(d, &c, start, r->labels, &got, err);
    if (status == AY_OK) {
        r->rounds = got.rounds;
        r->converged = got.converged;
        finish(d, &c, got.labelled, r);
    } else {
        ay_kmeans_free(r);
    }
    km_centres_close(&c);
    return status;
}

ay_status ay_kmeans_run(const ay_rows *rows, const ay_kmeans_options *options, ay_kmeans *out,
                        ay_err *err)
{
    km_data d = {rows, NULL, options, options->threads};
    ay_status status = check(rows, options, err);
    int k = rows->n < (size_t)options->k ? (int)rows->n : options->k;

    memset(out, 0, sizeof *out);
    if (status != AY_OK)
        return status;
    d.norms = ay_alloc(rows->n, sizeof *d.norms);
    if (!d.norms)
        return ay_fail(err, AY_ENOMEM, "k-means of %zu rows", rows->n);
    km_norms(rows, d.threads, d.norms);
    for (int i = 0; status == AY_OK && i < (options->inits ? options->inits : 1); i++) {
        ay_kmeans one;
        status = run_once(&d, k, i, &one, err);
        if (status == AY_OK && (i == 0 || one.inertia < out->inertia)) {
            ay_kmeans_free(out);
            *out = one;
        } else if (status == AY_OK) {
            ay_kmeans_free(&one);
        }
    }
    if (status != AY_OK)
        ay_kmeans_free(out);
    ay_free(d.norms);
    return status;
}

void ay_kmeans_free(ay_kmeans *out)
{
    ay_free(out->centres);
    ay_free(out->labels);
    ay_free(out->distances);
    ay_free(out->counts);
    memset(out, 0, sizeof *out);
}
