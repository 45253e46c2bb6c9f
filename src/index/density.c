/* index/density.c - HDBSCAN* from options to result.  See density.h. */
#include "index/density.h"
#include "base/mem.h"
#include "index/density_parts.h"

#include <string.h>

static ay_status check(const ay_rows *rows, const ay_density_options *o, ay_err *err)
{
    if (rows->n < 1 || rows->n > UINT32_MAX / 2)
        return ay_fail(err, AY_EINVAL, "grouping takes 1 to %u rows, not %zu", UINT32_MAX / 2, rows->n);
    if (rows->dim < 1 || rows->dim > 65536)
        return ay_fail(err, AY_EINVAL, "rows have 1 to 65536 dimensions, not %d", rows->dim);
    if (o->min_size < 2)
        return ay_fail(err, AY_EINVAL, "a group has at least 2 rows, not %d", o->min_size);
    if (o->min_samples < 0)
        return ay_fail(err, AY_EINVAL, "min_samples is not below 0");
    return AY_OK;
}

ay_status ay_density_run(const ay_rows *rows, const ay_density_options *options, ay_density *out,
                         ay_err *err)
{
    density_edge *edges;
    ay_status status = check(rows, options, err);

    memset(out, 0, sizeof *out);
    if (status != AY_OK)
        return status;
    edges = ay_alloc(rows->n, sizeof *edges);
    out->labels = ay_alloc(rows->n, sizeof *out->labels);
    out->strength = ay_calloc(rows->n, sizeof *out->strength);
    if (!edges || !out->labels || !out->strength)
        status = ay_fail(err, AY_ENOMEM, "grouping %zu rows", rows->n);
    for (size_t i = 0; status == AY_OK && i < rows->n; i++)
        out->labels[i] = -1;
    if (status == AY_OK && rows->n > 1)
        status = density_tree(rows, options, edges, err);
    if (status == AY_OK && rows->n > 1)
        status = density_select(edges, rows->n, options, out, err);
    ay_free(edges);
    if (status != AY_OK)
        ay_density_free(out);
    return status;
}

void ay_density_free(ay_density *out)
{
    ay_free(out->labels);
    ay_free(out->strength);
    ay_free(out->stability);
    memset(out, 0, sizeof *out);
}
