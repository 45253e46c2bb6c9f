/* http/h_clusters.h - groups as JSON, for who answers with them. */
#ifndef AY_HTTP_H_CLUSTERS_H
#define AY_HTTP_H_CLUSTERS_H

#include "service/library/clusters.h"

#include <jansson.h>

/* All of a data set, as GET /v1/clusters answers. */
json_t *ay_view_clusters(const ay_clusters *all);

#endif
