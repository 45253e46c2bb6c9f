/* index/kmeans_order.c - neighbouring centres into one packed group.
 *
 * A row's bound for a group is that of the group's nearest centre, widened by the move of the one that moved
 * most: the closer together a group's centres, the more often it can be left out.  Halves are made again and again along the
 * line between two far apart centres, each half a whole number of groups. */
#include "base/mem.h"
#include "index/kmeans_parts.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    int centre;
    float along; /* its place on the line */
} placed;

static int by_place(const void *a, const void *b)
{
    const placed *x = a, *y = b;

    return x->along != y->along ? (x->along > y->along) - (x->along < y->along)
                                : (x->centre > y->centre) - (x->centre < y->centre);
}

static float squared(const km_centres *c, int a, int b)
{
    const float *x = c->centres + (size_t)a * (size_t)c->dim, *y = c->centres + (size_t)b * (size_t)c->dim;
    float sum = 0;

    for (int d = 0; d < c->dim; d++)
        sum += (x[d] - y[d]) * (x[d] - y[d]);
    return sum;
}

static int farthest(const km_centres *c, const placed *list, int n, int from)
{
    int best = list[0].centre;
    float most = -1;

    for (int i = 0; i < n; i++) {
        float far = squared(c, list[i].centre, from);
        if (far > most) {
            most = far;
            best = list[i].centre;
        }
    }
    return best;
}

/* Depth is the logarithm of the number of groups. */
static void halve(const km_centres *c, placed *list, int n)
{
    int groups = (n + KM_LANES - 1) / KM_LANES, half = groups / 2 * KM_LANES, a, b;

    if (groups < 2)
        return;
    a = farthest(c, list, n, list[0].centre);
    b = farthest(c, list, n, a);
    for (int i = 0; i < n; i++)
        list[i].along = squared(c, list[i].centre, a) - squared(c, list[i].centre, b);
    qsort(list, (size_t)n, sizeof *list, by_place);
    halve(c, list, half);
    halve(c, list + half, n - half);
}

ay_status km_order(km_centres *c, ay_err *err)
{
    size_t dim = (size_t)c->dim, k = (size_t)c->k;
    placed *list = ay_calloc(k, sizeof *list);
    float *moved = ay_alloc(k * dim, sizeof *moved);
    ay_status status = list && moved ? AY_OK : ay_fail(err, AY_ENOMEM, "ordering %zu centres", k);

    for (size_t i = 0; status == AY_OK && i < k; i++)
        list[i].centre = (int)i;
    if (status == AY_OK) {
        halve(c, list, c->k);
        for (size_t i = 0; i < k; i++)
            memcpy(moved + i * dim, c->centres + (size_t)list[i].centre * dim, dim * sizeof *moved);
        memcpy(c->centres, moved, k * dim * sizeof *moved);
    }
    ay_free(list);
    ay_free(moved);
    return status;
}
