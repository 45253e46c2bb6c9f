/* engine/parts.h - the inside of an engine, for the files of this folder. */
#ifndef AY_ENGINE_PARTS_H
#define AY_ENGINE_PARTS_H

#include "engine/batcher.h"
#include "engine/engine.h"
#include "engine/session.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct {
    ay_engine *engine;
    int index;
    ay_session session;
    pthread_t thread;
} ay_worker;

struct ay_engine {
    ay_engine_info info;
    ay_model *model;
    ay_batcher *batcher;
    ay_worker *workers;
    int sessions, threads; /* how many of workers are set up, and run */
    ay_nn_precision precision;
    bool raw, logits;
    char *path; /* of the model; NULL: the embedded one */
    atomic_ullong pictures, batches, busy_ns;
};

#endif
