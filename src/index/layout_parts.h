/* index/layout_parts.h - the graph of a map.  For src/index/layout*.c only. */
#ifndef AY_INDEX_LAYOUT_PARTS_H
#define AY_INDEX_LAYOUT_PARTS_H

#include "index/layout.h"

typedef struct {
    uint32_t from, to; /* from < to */
    float weight;      /* membership of the pair, 0..1 */
} ay_layout_edge;

/* The fuzzy union of each row's neighbourhood, by from, then to.  *edges is owned by the caller (ay_free). */
ay_status ay_layout_graph(const ay_rows *rows, const ay_layout_options *o, ay_layout_edge **edges, size_t *n, ay_err *err);

#endif
