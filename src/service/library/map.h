/* service/library/map.h - the pictures of a data set as points on a plane (index/layout.h).
 *
 * Whoever asks first gets the projection at once; the map that keeps neighbours together is made in the background (a job of the kind
 * "map") and is what is answered from then on.  It is kept in <data>/cache by the number of each membership, so that a restart shows the
 * same plane, and pictures that come later join it where their like lie: at once beside the most like, and, when a fiftieth is new, by
 * a short descent in which the old ones hardly move.
 *
 * A map can be made again from the vectors at any time; it is in no backup.
 *
 * Threads: any. */
#ifndef AY_SERVICE_MAP_H
#define AY_SERVICE_MAP_H

#include "service/library/filter.h"
#include "service/service.h"

typedef struct {
    float x, y;
    uint32_t klass, cluster; /* index into classes; number of the group, 0: none */
    uint32_t date;           /* seconds since 1970: when it was taken, else when it was added */
    uint8_t fits;            /* the filter */
    unsigned char sha256[32];
} ay_map_point;

typedef struct {
    const char *dataset;
    ay_map_point *points; /* owned: ay_map_fini() */
    size_t n;
    const char **classes; /* names, in the arena */
    int nclasses;
    bool refined;  /* false: the projection */
    size_t joined; /* points that were placed beside their like since the map was made */
    int64_t job;   /* that makes it anew now; 0: none */
    char made_at[AY_RFC3339_SIZE];
} ay_map_view;

/* dataset NULL or "": the library.  Pictures without a vector are not on it.  f NULL: all fit. */
ay_status ay_map_get(ay_service *s, const char *dataset, const ay_picture_filter *f, ay_arena *a, ay_map_view *out, ay_err *err);
void ay_map_fini(ay_map_view *v);

ay_status ay_maps_open(ay_service *s, ay_err *err);
void ay_maps_stop(ay_service *s);  /* what is under way ends; s->stop is set */
void ay_maps_close(ay_service *s);

#endif
