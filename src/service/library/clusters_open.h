/* service/library/clusters_open.h - groups as the service opens, refreshes and closes them.  For src/service only. */
#ifndef AY_SERVICE_CLUSTERS_OPEN_H
#define AY_SERVICE_CLUSTERS_OPEN_H

#include "service/internal.h"

ay_status ay_clusters_open(ay_service *s, ay_err *err); /* the galleries are read */
ay_status ay_clusters_start(ay_service *s, ay_err *err); /* the thread; for a server */
void ay_clusters_stop(ay_service *s);  /* the thread ends; s->stop is set */
void ay_clusters_close(ay_service *s); /* stopped */
void ay_clusters_offer(ay_service *s); /* to filters of pictures */
/* What is kept of a data set's groups was changed otherwise (undo, a store that was away): read it again. */
void ay_clusters_forget(ay_service *s, int64_t dataset);

#endif
