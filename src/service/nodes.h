/* service/nodes.h - one of several Assays on one database (PostgreSQL with nodes=many in the store's URL).
 *
 * Each node has a data folder of its own.  Rows are shared by the store; files by store/content.h, of which the folder keeps copies; what is
 * in memory follows the others' changes (store/follow.h): data sets, groups, tags and which model answers are read again when somebody
 * else changed them, all of them, one reading for as many changes as came meanwhile.
 *
 * Jobs.  A training may run on any node and runs on one: it is taken under a lease (store/ledger.h), which this node renews every BEAT; a node
 * that is silent for LEASE loses it to the next one that looks, which begins it anew, as checkpoints are files of the node that made
 * them.  A node that was only cut off finds out when it renews or when it is done, stops, and keeps nothing.  All other jobs are a node's own:
 * they are about its files or its memory, others only show them.
 *
 * A node's name is its machine's with a number of its data folder, so that a node that starts again is the same one.
 *
 * Locks: one of its own, innermost.  Threads: its own (beat, follow) and the store's, which only leaves word. */
#ifndef AY_SERVICE_NODES_H
#define AY_SERVICE_NODES_H

#include "service/internal.h"
#include "store/ledger.h"

enum { AY_NODES_LEASE_MS = 20000, AY_NODES_BEAT_MS = 4000 };

/* Before anything is read from the store. */
ay_status ay_nodes_open(ay_service *s, ay_err *err);
/* Of a server, when all else is open. */
ay_status ay_nodes_start(ay_service *s, ay_err *err);
void ay_nodes_stop(ay_service *s);
void ay_nodes_close(ay_service *s);

/* Any node may run jobs of this kind.  false where there is one process. */
bool ay_nodes_any(const ay_service *s, const char *kind);
/* Whose row a job of this kind is when this node writes it: our name, or "". */
const char *ay_nodes_owner(const ay_service *s, const char *kind, bool leased);
bool ay_nodes_elsewhere(const ay_service *s, const ay_store_job *row);
/* As ay_job_take(). */
int64_t ay_nodes_take(ay_service *s, const char *kind, ay_arena *a, const char **request);
/* A last look before what a job made is kept: is it still ours?  AY_ECONFLICT. */
ay_status ay_nodes_mine(ay_service *s, int64_t job, ay_err *err);
/* A model's folder below <data>/models for the others; before its row is written. */
ay_status ay_nodes_share_model(ay_service *s, const char *name, ay_err *err);
/* The folders of models that others registered, for those that are not here. */
void ay_nodes_fetch_models(ay_service *s);
/* Pictures in the database that no row names any more. */
void ay_nodes_trim(ay_service *s);

#endif
