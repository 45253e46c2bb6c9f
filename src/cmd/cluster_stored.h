/* cmd/cluster_stored.h - "assay cluster" on the stored pictures: cmd_cluster.c is about folders. */
#ifndef AY_CMD_CLUSTER_STORED_H
#define AY_CMD_CLUSTER_STORED_H

#include "cmd/args.h"
#include "service/library/groups.h"

/* The exit code. */
int ay_cluster_stored(const ay_args *a, const ay_groups_options *how);

#endif
