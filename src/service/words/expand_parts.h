/* service/words/expand_parts.h - the parts of service/words/expand.c, apart so that each can be tested by itself.
 *
 *   budget, breaker   arithmetic on times that the caller gives; the caller has a lock
 *   request, answer   texts to texts
 *   network           one question, its outcome
 *   shelf             what is kept; the caller has a lock for all but reading the folder
 *   clusters          arithmetic
 *
 * An expansion is kept, in memory and in files, as the JSON text that ay_expand_check() makes: an object
 * with four arrays of clean texts.  What is read from a file passes the same check. */
#ifndef AY_SERVICE_EXPAND_PARTS_H
#define AY_SERVICE_EXPAND_PARTS_H

#include "base/buf.h"
#include "base/hash.h"
#include "service/words/expand.h"

#include <stdatomic.h>
#include <stddef.h>

#define AY_SECOND_NS UINT64_C(1000000000)

/* ---- budget: how many questions in any hour, exactly: the times of the last `most` are kept. */
typedef struct {
    uint64_t *at; /* most times, a ring */
    int most, n, next;
} ay_expand_budget;
ay_status ay_expand_budget_init(ay_expand_budget *b, int most, ay_err *err);
void ay_expand_budget_fini(ay_expand_budget *b);
/* Nanoseconds until one more may be asked; 0: now. */
uint64_t ay_expand_budget_wait(const ay_expand_budget *b, uint64_t now);
void ay_expand_budget_spend(ay_expand_budget *b, uint64_t now); /* wait was 0 */

/* ---- breaker: closed -> open -> half-open (one question) -> closed or open for twice as long. */
typedef struct {
    int failures;   /* in a row */
    int opened;     /* times since it was last closed; 0: closed */
    uint64_t until; /* while open */
    bool probing;   /* the one question is under way */
} ay_expand_breaker;
/* May a question be asked?  One that may in the half-open state must be told of by won() or lost(). */
bool ay_expand_breaker_admit(ay_expand_breaker *b, uint64_t now);
void ay_expand_breaker_won(ay_expand_breaker *b);
/* at_once: one such failure is enough.  least_s: seconds that it stays open at least; 0: as usual. */
void ay_expand_breaker_lost(ay_expand_breaker *b, uint64_t now, bool at_once, int least_s);
/* Seconds until the next may be asked, rounded up; 0: now, or when the one under way ends. */
int ay_expand_breaker_wait(const ay_expand_breaker *b, uint64_t now);

/* ---- the question */
/* What an answer is kept under: digest of endpoint, model, version of the prompt and labels. */
void ay_expand_key(const ay_expand_settings *s, const char *const *labels, int n, char key[AY_SHA256_HEX]);
/* The body of the POST.  schema: ask for a schema, else only for an object.  False: no memory. */
bool ay_expand_request(const ay_expand_settings *s, const char *const *labels, int n, bool schema, ay_buf *out);

/* ---- the answer */
/* Body of a 200 -> the checked expansion as JSON text.  AY_ECORRUPT says what is wrong with it. */
ay_status ay_expand_answer_read(const char *body, size_t n, ay_buf *out, ay_err *err);
/* An expansion's text, from whomever -> checked.  Strings are trimmed; those that are empty, double, longer
 * than 60 characters or have characters that control something are dropped; lists are cut at their
 * length.  AY_ECORRUPT: no object, a list is no array of strings, more than 64 in one, or nothing left. */
ay_status ay_expand_check(const char *text, size_t n, ay_buf *out, ay_err *err);
/* A checked text into lists in the arena. */
ay_status ay_expand_lists(const char *text, ay_arena *a, ay_expansion *out, ay_err *err);
/* Take every appearance of secret out of text, in place, and of eight or more of its characters in a row: a
 * message that was cut may end inside it. */
void ay_expand_redact(char *text, const char *secret);

/* ---- the network */
typedef struct {
    ay_expand_state state; /* OK, or a failure */
    char reason[200];      /* a sentence without anything that the endpoint said; ASCII */
    ay_buf text;           /* of OK: checked; owned by whoever has the outcome */
    bool at_once;          /* enough for the breaker to open */
    int least_s;           /* and to stay so for so long */
} ay_expand_outcome;
/* Ask, within the settings' time.  plainer: asked instead when the endpoint does not take the form of body;
 * NULL: not.  Returns whether that was so.  Failures are logged. */
bool ay_expand_put_question(const ay_expand_settings *set, const ay_buf *body, const ay_buf *plainer,
                            const atomic_bool *cancel, ay_expand_outcome *out);

/* ---- what is kept: the newest AY_EXPAND_KEPT answers; failures until their time is over. */
typedef struct {
    char key[AY_SHA256_HEX];
    char *text;            /* owned; NULL: a failure */
    ay_expand_state state; /* of a failure */
    char reason[200];      /* ASCII */
    uint64_t until; /* of a failure */
    uint64_t used;  /* larger is later */
} ay_expand_kept;
typedef struct {
    ay_expand_kept *row;
    int n, cap;
    uint64_t turn;
    char *folder; /* owned; NULL: none */
} ay_expand_shelf;
/* Reads the folder: what is not right or too much there is removed. */
ay_status ay_expand_shelf_init(ay_expand_shelf *s, const char *folder, int cap, ay_err *err);
void ay_expand_shelf_fini(ay_expand_shelf *s);
/* NULL: nothing, or its time is over. */
const ay_expand_kept *ay_expand_shelf_find(ay_expand_shelf *s, const char *key, uint64_t now);
/* The least used goes when there is no room.  False: no memory. */
bool ay_expand_shelf_put(ay_expand_shelf *s, const char *key, const char *text);
void ay_expand_shelf_fail(ay_expand_shelf *s, const char *key, ay_expand_state state, const char *reason,
                          uint64_t until);
/* Is there a file of that answer?  Needs the folder's name only. */
bool ay_expand_shelf_has(const ay_expand_shelf *s, const char *key);
/* Write an answer's file; without the lock, it is slow. */
ay_status ay_expand_shelf_write(const ay_expand_shelf *s, const char *key, const char *text, ay_err *err);

/* ---- clusters */
#define AY_EXPAND_ALIKE 0.87
/* n unit vectors of dim numbers -> of[i], the cluster of the i-th, from 0 in order of appearance.  Each
 * joins the cluster whose first vector is most like it, when their cosine is at least alike, else it
 * leads one of its own.  Returns how many there are. */
int ay_expand_cluster(const float *v, int n, int dim, double alike, int *of);

#endif
