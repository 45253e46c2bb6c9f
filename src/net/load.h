/* net/load.h - one blob comes into the cache: lock, go on where it stopped, check, rename. */
#ifndef AY_NET_LOAD_H
#define AY_NET_LOAD_H

#include "net/ask.h"

typedef struct {
    const ay_hub *hub;
    const ay_hub_ref *ref;
    const char *file;
    const ay_hub_meta *meta;
    const atomic_bool *cancel;
    /* have: bytes of this blob so far; fetched: those of them that just came.  why and pause belong to
     * AY_HUB_PAUSING. */
    void (*tell)(void *ctx, ay_hub_stage stage, uint64_t have, size_t fetched, const char *why, int pause);
    void *ctx;
} ay_load;

/* Is the blob there in its size? */
bool ay_load_have(const ay_hub *hub, const char *repo, const ay_hub_meta *meta);
/* Make it so; errors as in ay_hub_pull(). */
ay_status ay_load_blob(const ay_load *job, ay_err *err);
/* Sleep before attempt number tries + 1, or less when cancelled.  AY_ECANCELLED. */
ay_status ay_load_pause(const ay_hub *hub, int seconds, const atomic_bool *cancel, ay_err *err);
/* How many seconds to wait after so many attempts in vain. */
int ay_load_patience(int tries, int retry_after);

enum { AY_LOAD_TRIES = 5, AY_LOAD_RETRY_MOST = 120 };

#endif
