/* cmd/dups_stored.h - the duplicates of a data set for "assay dups" without a folder.  Threads: one. */
#ifndef AY_CMD_DUPS_STORED_H
#define AY_CMD_DUPS_STORED_H

#include "service/library/duplicates_find.h"
#include "service/service.h"

typedef struct {
    ay_service *service;
    const char *dataset; /* NULL or "": the library */
    ay_arena *arena;
    ay_tier most;
    bool json;
    const char *name; /* of the data set, when it is known */
    size_t shown;     /* groups */
} ay_dups_stored;

/* Groups of the tiers up to `most`; where pictures were not compared yet and no server has the folder, that is done first. */
ay_status ay_dups_stored_print(ay_dups_stored *d, ay_err *err);
/* All of `same`, and of `picture` where most says so, as suggested, into the trash; dry: say what would go. */
ay_status ay_dups_stored_remove(ay_dups_stored *d, bool dry, ay_err *err);

#endif
