/* service/encoders/encoders.h - the encoders that a server could serve with: which there are, bringing one here, using it.
 *
 *     known  --pull-->  cached  --use-->  serving
 *
 * Known are the presets of net/presets.h, whatever else the hub's cache holds, and the embedded one, "default".  A name
 * here is a preset's, "default", or "org/name[@revision]" of a hub.
 *
 * Pulling is a job of kind "pull": done and total are bytes, its detail is
 *   {"name", "repo", "file", "index", "files", "stage": "asking" | "waiting" | "loading" | "pausing" | "checking",
 *    "why": what went wrong before a pause or null, "pause": seconds,
 *    "cause": of a failure: "licence" | "token" (or a private repository) | "absent" | "damaged" | "disk" | "network" | "busy" | "other"}
 * What came stays when it is stopped or breaks off, and the next pull goes on there (net/hub.h).  One at a time for one
 * encoder: asking again answers with the job under way.
 *
 * Using is a job of kind "encoder": the encoder is opened, every picture of every data set gets its vector (done and total
 * count them) while the old one goes on answering, then it takes over between two requests: who is inside ends with the
 * old one, who comes waits for that, nobody is refused, and no answer is of both.  Its detail is
 *   {"name", "phase": "opening" | "embedding" | "switching"}
 * A failure leaves the old one.  The choice is kept in the data folder; a switch that the end of the program interrupts
 * goes on at the next start of a server, with the vectors it had made.
 *
 * Rejected: counting who holds which encoder, so that nobody waits at all (every user of a vector would have to be
 * ready to start anew; the wait is that of one request, once).  Rejected: pulling as soon as an encoder is to be used (600 MB that nobody agreed to), and a queue (pulls wait for the
 * network and not for processors, so a few at once do not hurt).
 *
 * Threads: any. */
#ifndef AY_SERVICE_ENCODERS_H
#define AY_SERVICE_ENCODERS_H

#include "service/service.h"

typedef struct {
    const char *name, *title;
    const char *licence; /* "" when not known */
    bool commercial;       /* the licence allows any use */
    bool needs_acceptance; /* a pull wants accept_licence */
    bool cached;           /* on this machine */
    bool words;            /* reads words, as far as can be told without opening it */
    bool serving;
    int64_t bytes; /* of its weights, about; 0: not known */
    int dim;       /* numbers in a vector; 0: not known before it is opened */
    int64_t job;   /* the pull or the switch under way; 0: none */
} ay_encoder_row;

/* "default" first, then the presets, then what else is in the cache by name. */
ay_status ay_encoders_list(ay_service *s, ay_arena *a, ay_encoder_row **out, size_t *n, ay_err *err);

/* Start to pull; *job is the job, also when it was under way already.  accept: the person agrees to the licence, which
 * is kept.  AY_ENOTFOUND: no such encoder; AY_ECONFLICT: offline and not here, or the licence wants to be accepted;
 * AY_EBUSY: several are under way. */
ay_status ay_encoder_pull(ay_service *s, const char *name, bool accept, int64_t *job, ay_err *err);

/* Start to use another; *job is the job, also when the switch to it was under way already.  AY_ENOTFOUND: no such
 * encoder; AY_ECONFLICT: it is not here yet (pull it), or another switch is under way; AY_EUNSUPPORTED: this program
 * does not change its encoder. */
ay_status ay_encoder_use(ay_service *s, const char *name, int64_t *job, ay_err *err);
/* The name that an earlier use left in a data folder; "" for none. */
ay_status ay_encoder_kept(const char *data, char *dst, size_t cap, ay_err *err);

#endif
