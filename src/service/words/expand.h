/* service/words/expand.h - ask a language model what else the best labels of a picture stand for.
 *
 * The best three labels go, as text and nothing else, to an endpoint that speaks OpenAI's chat
 * completions; finer tags, style, moods and themes of collections come back.  The picture, its digest and
 * the client's names for it stay here.  Off without a key, unless an endpoint of one's own is named.
 *
 * It is an extra, so it may not cost what it is an extra to:
 *
 *   never in the way   the question is asked on a thread of its own; who waits for it waits at most
 *                      timeout_ms, name resolution included, and only AY_EXPAND_WAITING wait at a time: the
 *                      others go on without, and the answer is kept for whoever asks next.  Every failure
 *                      is a status
 *   seldom             only for sure answers (gate), once for the same labels (kept in memory and in a
 *                      folder; of those who ask together one asks), at most `budget` times an hour
 *   not in vain        after AY_EXPAND_FAILURES failures in a row nobody asks for 30 seconds, then one
 *                      does; as long as that fails, the wait doubles, up to ten minutes.  Retry-After and a
 *                      refused key open the breaker at once.  A failure is kept for AY_EXPAND_FORGET_S
 *   not believed       what comes is data: size, form, types, lengths and characters are checked
 *                      (service/words/expand_parts.h), unknown parts are dropped, nothing in it is followed
 *
 * The key goes to the endpoint's origin and nowhere else; it is in no message, even when the endpoint
 * repeats it in a refusal.
 *
 * Rejected: asking before the answer is known (the gate needs it); keeping failures like answers, as the
 * classifier before did, which made one lost connection last for ever; a token bucket for the budget (twice
 * the budget can pass within an hour); asking again at once (who waits has a bound, and the next
 * request asks again soon enough).
 *
 * Threads: any, except open and close. */
#ifndef AY_SERVICE_EXPAND_H
#define AY_SERVICE_EXPAND_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    AY_EXPAND_LABELS = 3,    /* so many of the best are asked about */
    AY_EXPAND_FAILURES = 5,  /* in a row open the breaker */
    AY_EXPAND_FORGET_S = 60, /* how long a failure is kept for the same labels */
    AY_EXPAND_CALLS = 4,     /* questions under way at a time */
    AY_EXPAND_WAITING = 4,   /* requests waiting at a time; http has eight workers or more */
    AY_EXPAND_KEPT = 2048    /* answers */
};

typedef struct {
    bool on, gate;
    double normalized_most; /* gate: not asked when the normalized entropy is above */
    double margin_least;    /* gate: nor when the margin is below */
    const char *model;
    const char *url;      /* the endpoint's base, "https://api.openai.com/v1" */
    const char *key;      /* "": that in key_file; both "": none */
    const char *key_file; /* its first line */
    const char *format;   /* "json_schema", "json_object", or "auto": the first, and the second where an
                             endpoint refuses it */
    int timeout_ms, budget; /* budget: questions in any hour */
} ay_expand_settings;

#define AY_EXPAND_URL "https://api.openai.com/v1" /* the usual one; any other needs no key */

typedef enum {
    AY_EXPAND_OFF,        /* switched off, no key, or the request did not want it */
    AY_EXPAND_UNSURE,     /* gate: the entropy is too high */
    AY_EXPAND_CLOSE,      /* gate: the margin is too small */
    AY_EXPAND_OK,
    AY_EXPAND_KEPT_ONE,   /* as OK, from what is kept */
    AY_EXPAND_TIMEOUT,
    AY_EXPAND_BUSY,       /* too many wait or ask */
    AY_EXPAND_BUDGET,     /* of this hour, used up */
    AY_EXPAND_BREAKER,    /* it failed too often; nobody asks for a while */
    AY_EXPAND_LIMITED,    /* 429 */
    AY_EXPAND_REFUSED,    /* the endpoint does not take key, model or question */
    AY_EXPAND_DOWN,       /* no connection, or it broke; 5xx */
    AY_EXPAND_BAD_ANSWER, /* not what was asked for */
    AY_EXPAND_STATES
} ay_expand_state;

typedef enum { AY_SUBTAGS, AY_STYLE_TRAITS, AY_EMOTIONS, AY_PACK_SUGGESTIONS, AY_EXPAND_LISTS } ay_expand_list;
extern const char *const ay_expand_list_names[AY_EXPAND_LISTS]; /* "subtags" ... */

typedef struct {
    const char **item;
    int n;
} ay_expand_texts;

typedef struct {
    ay_expand_state state;
    const char *reason; /* a sentence; "" for OK */
    const char *model;  /* the language model's name; "" when off */
    ay_expand_texts list[AY_EXPAND_LISTS]; /* all empty unless OK or KEPT_ONE */
    ay_expand_texts *clusters; /* of the pack suggestions; the first of each is the one that leads it */
    int nclusters;
    double waited_ms;
} ay_expansion;

/* "ok", "cached", "off", "gated" (both), "timeout", "busy", "budget", "breaker", "rate_limited", "refused",
 * "down", "bad_answer". */
const char *ay_expand_word(ay_expand_state state);
/* Was there an answer? */
bool ay_expand_used(const ay_expansion *e);

typedef struct ay_expand ay_expand;

typedef struct {
    ay_expand_settings set;  /* strings are copied */
    const char *folder;      /* where answers are kept; NULL: in memory only */
    uint64_t (*clock)(void); /* nanoseconds, for budget, breaker and keeping; NULL: ay_clock_mono() */
} ay_expand_options;

/* AY_EINVAL: the address, the key or its file cannot be right.  An unreadable folder only costs what was
 * kept in it. */
ay_status ay_expand_open(ay_expand **out, const ay_expand_options *o, ay_err *err);
void ay_expand_close(ay_expand *x); /* nobody inside; ends questions under way; NULL is fine */
bool ay_expand_is_on(const ay_expand *x);

/* How often each state was the answer since opening; OFF is not counted. */
void ay_expand_counts(const ay_expand *x, uint64_t counts[AY_EXPAND_STATES]);

/* labels: best first, at least one; what is over AY_EXPAND_LABELS is ignored.  out's texts are in the
 * arena; clusters are not made here.  Cannot fail: out->state says what happened. */
void ay_expand_ask(ay_expand *x, const char *const *labels, int n, double entropy_normalized, double margin,
                   ay_arena *a, ay_expansion *out);

#endif
