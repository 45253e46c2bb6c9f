/* net/ask.h - what net/hub asks a hub: addresses, metadata of a file, refusals in words. */
#ifndef AY_NET_ASK_H
#define AY_NET_ASK_H

#include "net/cache.h"
#include "net/fetch.h"

typedef struct {
    char commit[AY_HUB_COMMIT];
    ay_blob_id id;
    uint64_t size;
} ay_hub_meta;

/* {endpoint}/{repo}/resolve/{revision}/{file}, percent-encoded. */
ay_status ay_ask_url(const ay_hub *hub, const char *repo, const char *revision, const char *file,
                     char url[AY_FETCH_URL], ay_err *err);
/* HEAD of a file, once.  AY_ENOTFOUND with meta->commit set: the commit is there and the file is not.
 * retry_after: as the reply said, -1 when not. */
ay_status ay_ask_meta(const ay_hub *hub, const ay_hub_ref *ref, const char *revision, const char *file,
                      const atomic_bool *cancel, ay_hub_meta *meta, int *retry_after, ay_err *err);
/* A refusal of the hub (status not 2xx) in words that say what to do.  code: X-Error-Code or "". */
ay_status ay_ask_refused(const ay_hub *hub, const char *repo, const char *revision, const char *file,
                         const ay_fetch_reply *reply, const char *code, ay_err *err);
/* May the same request work when it is made again? */
bool ay_ask_again(ay_status status, const ay_fetch_reply *reply);

#endif
