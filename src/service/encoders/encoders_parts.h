/* service/encoders/encoders_parts.h - what the files of service/encoders/encoders.h share.  For src/service only.
 *
 * The name of the encoder that serves is kept in the file "encoder" of the data folder, where the next start finds it before
 * it opens a database.
 *
 * Threads: lock guards which places are taken and over; a place that is taken belongs to its thread, but for its name,
 * job and cancel. */
#ifndef AY_SERVICE_ENCODERS_PARTS_H
#define AY_SERVICE_ENCODERS_PARTS_H

#include "net/presets.h"
#include "service/encoders/encoders.h"
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

/* What is said of an encoder outlives it, until the service closes: answers point to it. */
typedef struct ay_encoder_said {
    struct ay_encoder_said *next;
    ay_engine_info info;
    char name[AY_HUB_PATH];
} ay_encoder_said;

/* The switch to another encoder; one at a time. */
typedef struct {
    bool taken, over;
    pthread_t thread;
    int64_t job;
    char name[AY_HUB_REPO + AY_HUB_REVISION];
    ay_encoder next;
    ay_engine_info info; /* of next */
    int64_t done, total; /* pictures */
    int64_t seen;        /* the newest event before it was last looked for pictures without a vector */
    size_t hopeless;     /* how many of those cannot be embedded */
} ay_switching;

struct ay_encoders {
    pthread_mutex_t lock;
    atomic_bool stop; /* the service is closing */
    ay_pulling *pull[AY_PULLS];
    ay_switching turn;
    ay_encoder_said *said; /* the newest first */
};

/* Let the service be called by this name, and info (NULL: as it is) be what is said of its encoder.  NULL: no memory. */
ay_encoder_said *ay_encoder_say(ay_service *s, const char *name, const ay_engine_info *info);

/* The name in its own letters; AY_ENOTFOUND.  *preset NULL: it is "default" or a repository. */
ay_status ay_encoder_name(const char *word, char name[AY_HUB_REPO + AY_HUB_REVISION], const ay_preset **preset,
                          ay_err *err);
/* The job that pulls this one, or switches to it; 0: none. */
int64_t ay_encoders_pulling(ay_encoders *e, const char *name);
int64_t ay_encoders_switching(ay_encoders *e, const char *name);

#endif
