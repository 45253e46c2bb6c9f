/* service/encoders_parts.h - what the files of service/encoders.h share.  For src/service only.
 *
 * Threads: lock guards which places are taken and over; a place that is taken belongs to its thread, but for its name,
 * job and cancel. */
#ifndef AY_SERVICE_ENCODERS_PARTS_H
#define AY_SERVICE_ENCODERS_PARTS_H

#include "net/presets.h"
#include "service/encoders.h"
#include "service/internal.h"

enum { AY_PULLS = 4 };

typedef struct {
    ay_service *s;
    bool taken, over; /* over: its thread can be joined */
    pthread_t thread;
    int64_t job;
    atomic_bool cancel;
    bool accept, refused; /* refused: for its licence */
    char name[AY_HUB_REPO + AY_HUB_REVISION];
    const ay_preset *preset; /* NULL: a repository */
    ay_hub hub;
    ay_hub_listing list; /* its files */
    ay_hub_request request;
    ay_hub_stage stage; /* as last told */
    const char *file;
    uint64_t told; /* when, ay_clock_mono() */
} ay_pulling;

struct ay_encoders {
    pthread_mutex_t lock;
    ay_pulling *pull[AY_PULLS];
};

/* The name in its own letters; AY_ENOTFOUND.  *preset NULL: it is "default" or a repository. */
ay_status ay_encoder_name(const char *word, char name[AY_HUB_REPO + AY_HUB_REVISION], const ay_preset **preset,
                          ay_err *err);
/* The job that pulls this one; 0: none. */
int64_t ay_encoders_pulling(ay_encoders *e, const char *name);

#endif
