/* service/memory.h - networks stay within a budget of memory.
 *
 * Counted are packed weights and buffers of the encoder that serves, its text tower with the vectors that it keeps, and the
 * trained models that are open.  Over the budget go, the one not used for longest first: trained models that are not the
 * active one, and the text tower; each comes back by itself when it is needed, which takes up to a second.  The encoder and
 * the active model stay whatever the budget says: without them nothing could be answered.  The encoder that a change
 * (service/encoders/encoders.h) opens beside the old one is not counted until it serves.
 *
 * Rejected: a thread that looks now and then (memory would stay over the budget meanwhile), and refusing to open what does
 * not fit (the answer would depend on what was asked before).
 *
 * Threads: any; the caller holds no lock of the service. */
#ifndef AY_SERVICE_MEMORY_H
#define AY_SERVICE_MEMORY_H

#include "service/service.h"

typedef struct {
    uint64_t budget; /* 0: none */
    uint64_t used;
} ay_memory_use;
void ay_memory_look(ay_service *s, ay_memory_use *out);
/* After whatever may have brought something into memory. */
void ay_memory_trim(ay_service *s);

#endif
