/* store/ledger.h - what was trained, what served when, what it answered, and the work behind it.
 *
 * The other half of store/store.h, with its rules: AY_OK from a write means durable, a failed write
 * changed nothing, a value that cannot be kept is refused.
 *
 *   models       one row a version of a name; its number is never reused.  A deleted model keeps its row
 *                for those that name it (answers, what served when): its folder is then "" and it is no
 *                longer listed, and the same files may come again as a new version
 *   serving      only ever added to: the newest row says which model answers.  Each row knows the row
 *                that a roll-back returns to, so rolling back twice goes two steps back, and the
 *                history still tells everything that happened, in order
 *   predictions  one row an answer, with the picture's digest; they hold their pictures, so that a
 *                picture goes when neither a data set nor a prediction names it
 *   jobs         work that outlives a request, and how far it is
 *
 * Structured values (class names, metrics, a job's curve) are JSON texts here: the store keeps them,
 * whoever wrote them reads them.  Probabilities are kept in billionths: every driver has integers.
 *
 * Threads: any. */
#ifndef AY_STORE_LEDGER_H
#define AY_STORE_LEDGER_H

#include "store/store.h"

#define AY_JSON_MAX 1000000 /* bytes of a JSON text */
#define AY_LABEL_MAX 255    /* bytes of a model's class name */

/* ---- models */
typedef struct {
    int64_t id;
    const char *name;
    int version;             /* 1, 2 ... of the name; chosen by ay_store_model_add() */
    const char *digest;      /* of the network; 64 hex digits, as those below */
    const char *bundle;      /* of the folder's files: the same folder is one model */
    const char *preprocess;
    const char *snapshot;    /* of the data it was trained on; "" when not known */
    const char *architecture, *licence;
    const char *folder;      /* below the data folder; a name of ours */
    const char *classes;     /* JSON array of names */
    const char *metrics;     /* JSON object; "{}" when there is none */
    const char *answer;      /* JSON: what it says of a picture that every machine can make */
    int64_t created_us;
} ay_store_model;

/* Everything but id, version and created_us is the caller's.  AY_EEXISTS: the bundle is there; *id and
 * *version are then that row's. */
ay_status ay_store_model_add(ay_store *s, const ay_store_model *m, int64_t *id, int *version,
                             ay_err *err);
/* Newest first. */
ay_status ay_store_model_list(ay_store *s, ay_arena *a, ay_store_model **out, size_t *n, ay_err *err);
/* AY_ENOTFOUND, also for a deleted one. */
ay_status ay_store_model_get(ay_store *s, int64_t id, ay_arena *a, ay_store_model *out, ay_err *err);

/* AY_ENOTFOUND; AY_ECONFLICT: it serves.  What lay in its folder is the caller's to remove afterwards. */
ay_status ay_store_model_delete(ay_store *s, int64_t id, ay_err *err);

/* ---- what served when */
typedef struct {
    int64_t id, at_us, model;
    const char *name; /* of the model */
    int version;
    const char *action; /* "promote" or "rollback" */
    int64_t back;       /* the row a roll-back returns to; 0: none */
} ay_store_serving;

ay_status ay_store_promote(ay_store *s, int64_t model, ay_err *err);
/* *model: the one that serves again: the newest before this one that is still there.  AY_ECONFLICT:
 * nothing served before. */
ay_status ay_store_rollback_model(ay_store *s, int64_t *model, ay_err *err);
/* The model a roll-back would bring back; 0: none. */
ay_status ay_store_rollback_target(ay_store *s, int64_t *model, ay_err *err);
/* 0: nothing serves. */
ay_status ay_store_active(ay_store *s, int64_t *model, ay_err *err);
/* Newest first, at most limit. */
ay_status ay_store_serving_list(ay_store *s, int limit, ay_arena *a, ay_store_serving **out,
                                size_t *n, ay_err *err);

/* ---- predictions */
typedef struct {
    int64_t id; /* grows with time */
    int64_t at_us, model;
    const char *sha256, *file; /* file: as the client named it; never a path */
    const char *label;
    double probability, unknown; /* unknown: the deciding detector's score; 0 without one */
    const char *status;          /* "success", "low_confidence", "rejected", "unknown" */
    const char *top;             /* JSON: the most likely classes */
    int64_t decode_us, network_us, total_us;
    const char *batch; /* 32 hex digits shared by what came in one request; "" for one alone */
    /* read only */
    const char *model_name, *model_digest, *format;
    int model_version, width, height;
} ay_store_prediction;

/* The picture's row is made when it is not there; its bytes must be durable before. */
ay_status ay_store_prediction_add(ay_store *s, const ay_store_prediction *p,
                                  const ay_store_picture *picture, int64_t *id, ay_err *err);

/* NULL, "" and 0 do not restrict. */
typedef struct {
    int64_t model, before; /* before: ids below it */
    const char *status, *label, *batch, *sha256;
    const char *text; /* part of the file's name */
    int64_t since_us, until_us;
    double at_least, at_most; /* probability; at_most 0: no limit */
    bool latest;              /* of the same picture under the same name only the newest */
} ay_store_prediction_filter;

/* Newest first, at most limit. */
ay_status ay_store_prediction_list(ay_store *s, const ay_store_prediction_filter *f, int limit,
                                   ay_arena *a, ay_store_prediction **out, size_t *n, ay_err *err);

typedef struct {
    int64_t total, success, low_confidence, rejected, unknown;
    int64_t network_us, total_us; /* summed */
} ay_store_prediction_sums;
/* Over what the filter lets through (before and latest are ignored). */
ay_status ay_store_prediction_sum(ay_store *s, const ay_store_prediction_filter *f,
                                  ay_store_prediction_sums *out, ay_err *err);
/* Forget what the filter lets through (latest is ignored), and with id > 0 only that one; *deleted: how
 * many.  Pictures that nobody names any more stay until ay_store_purge(). */
ay_status ay_store_prediction_delete(ay_store *s, const ay_store_prediction_filter *f, int64_t id,
                                     int64_t *deleted, ay_err *err);
/* Forget all but the newest `keep`. */
ay_status ay_store_prediction_trim(ay_store *s, int64_t keep, ay_err *err);

/* ---- jobs */
typedef struct {
    int64_t id;
    const char *kind, *state; /* state: "pending", "running", "waiting" (for a person), "done", "failed", "cancelled" */
    int64_t done, total;
    const char *message; /* for people */
    const char *request; /* JSON: what was asked; "" for work that cannot be resumed */
    const char *detail;  /* JSON: how far it is; "" for none */
    int64_t created_us, started_us, ended_us; /* 0: not yet */
    const char *node; /* who runs it, or ran it; "" or NULL: nobody yet */
    int64_t lease_us; /* read only: until then nobody else takes it; by the database's clock.  0: ay_store_job_take() never gave it away,
                       * so it is for its node alone, or everyone's in a database that one process writes */
    int asked;        /* read only: how often ay_store_job_ask() was called since it was taken */
} ay_store_job;

enum { AY_NODE_MAX = 64, AY_JOB_KINDS = 16 };

/* id and created_us are the store's. */
ay_status ay_store_job_add(ay_store *s, const ay_store_job *j, int64_t *id, ay_err *err);
/* Everything but kind, request, created_us and who runs it, by id.  With j->node, only while that node has it: AY_ECONFLICT says that
 * another took it over meanwhile, or that it is over, and nothing was changed.  Without, only what no node is running.  One that was taken and
 * becomes "pending" again is any node's.  AY_ENOTFOUND. */
ay_status ay_store_job_put(ay_store *s, const ay_store_job *j, ay_err *err);
/* The newest `limit` of a kind, newest first. */
ay_status ay_store_job_kind(ay_store *s, const char *kind, int limit, ay_arena *a, ay_store_job **out, size_t *n,
                            ay_err *err);
ay_status ay_store_job_remove(ay_store *s, int64_t id, ay_err *err); /* AY_ENOTFOUND */
/* A job runs once, however many Assays share the database.  The oldest one of these kinds that waits, or whose node has not been heard of
 * until its lease ended, becomes `running` on `node` for lease_us microseconds; *out is it (its detail says how far it came).
 * AY_ENOTFOUND, and err untouched: there is none.
 *
 * A lease and not a lock of the database: a lock would go with a connection that a network drops for a moment, while the work goes on. */
ay_status ay_store_job_take(ay_store *s, const char *const *kinds, int nkinds, const char *node, int64_t lease_us, ay_arena *a,
                            ay_store_job *out, ay_err *err);
/* The node is alive: the lease holds for lease_us from now.  *asked (may be NULL): whether it should stop.  AY_ECONFLICT: another node has
 * it now, or it is over; the caller stops and keeps nothing. */
ay_status ay_store_job_beat(ay_store *s, int64_t id, const char *node, int64_t lease_us, int *asked, ay_err *err);
/* A node that starts again: what its past process had under lease can be taken at once, by it or by another. */
ay_status ay_store_job_release(ay_store *s, const char *node, ay_err *err);
/* Ask whichever node runs it to stop.  AY_ENOTFOUND: nobody runs it. */
ay_status ay_store_job_ask(ay_store *s, int64_t id, ay_err *err);
ay_status ay_store_job_get(ay_store *s, int64_t id, ay_arena *a, ay_store_job *out, ay_err *err);
/* The newest `limit`, oldest first. */
ay_status ay_store_job_list(ay_store *s, int limit, ay_arena *a, ay_store_job **out, size_t *n,
                            ay_err *err);

#endif
