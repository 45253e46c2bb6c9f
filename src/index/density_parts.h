/* index/density_parts.h - between the spanning tree and what is made of it.  For src/index/density* only. */
#ifndef AY_INDEX_DENSITY_PARTS_H
#define AY_INDEX_DENSITY_PARTS_H

#include "index/density.h"

typedef struct {
    uint32_t a, b;
    float length;
} density_edge;

/* The n - 1 edges of the minimum spanning tree by mutual reachability, in no special order. */
ay_status density_tree(const ay_rows *rows, const ay_density_options *options, density_edge *edges,
                       ay_err *err);
/* Labels, strengths and stabilities from the edges, which it sorts.  out: labels and strength are there. */
ay_status density_select(density_edge *edges, size_t n, const ay_density_options *options,
                         ay_density *out, ay_err *err);

#endif
