/* service/service.h - the scanner as a library: open a data folder, teach it, ask it.
 *
 * This folder holds the use cases; http/ and cmd/ only translate.  One ay_service owns one data
 * folder (a lock file keeps a second one out):
 *
 *     <data>/lock  <data>/assay.db  <data>/blobs/  <data>/thumbs/ (can be made again)
 *     <data>/models/ (trained ones)  <data>/train/ (trainings under way)
 *
 * and keeps every data set's vectors in memory, in step with the store.
 *
 *     service/            open, close, undo, jobs, changes, counters (this file); data sets, pictures, the scan
 *     service/learn/      trainings, trained models, what they say and why
 *     service/words/      which of some words fits a picture; verdicts; a language model's suggestions
 *     service/find/       pictures found by words or by a picture
 *     service/encoders/   which encoders there are, bringing one here, using it
 *     service/library/    pictures without a class: brought in, grouped, cleaned, looked through
 *
 *     service/dataset.h   data sets and classes
 *     service/library/library.h  the data set of pictures without a class
 *     service/picture.h   pictures: add, list, move, delete, read, thumbnail, import, export
 *     service/scan.h      the decision
 *     service/suspects.h  which reference pictures look wrong
 *     service/learn/registry.h  trained models: install, promote, roll back
 *     service/learn/predict.h   what a trained model says, and the record of it
 *     service/learn/reason.h    why it said so, and how far to trust it
 *     service/learn/training.h  trainings, one after another in the background
 *     service/words/classify_words.h  which of some words fits a picture; verdicts
 *     service/encoders/encoders.h  encoders: which there are, bringing one here, using it
 *     service/find/search.h    pictures found by words or by a picture
 *
 * The database may be elsewhere (MariaDB, MySQL) and go away.  What is in memory is answered still, the
 * rest answers AY_EBUSY, and all is well again when the database is back.  A write that was cut off while
 * it was being kept answers AY_EUNKNOWN; then the keeper reads everything again as soon as it can.
 *
 * Promises: AY_OK from a write means durable.  A picture is findable by the next scan after the call
 * that added it returned.  SIGKILL at any moment loses nothing acknowledged and leaves nothing half.
 * Vectors of different model or preprocessing digests are never compared: when the model changed,
 * pictures are embedded again in the background (a job of kind "reembed") and join as they are done.
 *
 * Results are structs in the caller's arena.  Strings are never NULL unless said.  `dataset` NULL or
 * "" means the active one.  `klass` is a class's name or, if no class has that name, its decimal id.
 *
 * Threads: any function from any thread, except open and close. */
#ifndef AY_SERVICE_SERVICE_H
#define AY_SERVICE_SERVICE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "engine/classify.h"
#include "engine/engine.h"
#include "engine/words.h"
#include "image/image.h"
#include "service/inspect/line.h"
#include "train/run.h"
#include "train/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AY_UNDO_SIZE 33 /* an undo token and its NUL */

/* How pictures become vectors.  The real one is the engine; tests give a simple one. */
typedef struct {
    void *ctx;
    ay_status (*embed)(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *err);
    const ay_engine_info *info; /* name, digests, dim; lives as long as the service */
    size_t (*memory)(void *ctx); /* bytes held now; NULL: not told */
    /* embed() for work in the background, which gives way to every request; NULL: there is no difference */
    ay_status (*embed_later)(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *err);
} ay_embedder;
ay_embedder ay_embedder_of_engine(ay_engine *e); /* e is borrowed and must outlive the service */

/* How trained models answer, and how they come to be: the functions of engine/classify.h and
 * train/run.h, or those of a test.  Zeroes: this program has no trained models. */
typedef struct {
    ay_status (*open)(ay_classifier **out, const ay_engine_options *options, ay_err *err);
    void (*close)(ay_classifier *c);
    const ay_classifier_info *(*info)(const ay_classifier *c);
    ay_status (*run)(ay_classifier *c, const ay_image *const *images, int n, ay_prediction *out,
                     ay_err *err);
    void (*fini)(ay_prediction *p);
    void (*decide)(const ay_classifier *c, const float *logits, const float *feature,
                   float *probabilities, ay_prediction *out);
    size_t (*memory)(const ay_classifier *c); /* bytes held now; NULL: not told */
} ay_classifier_driver;

/* Who is asked why: the functions of train/why.h.  Zeroes: this program does not explain. */
typedef struct {
    ay_status (*open)(ay_why **out, const char *model, const char *backend, ay_err *err);
    void (*close)(ay_why *w);
    ay_status (*heat)(ay_why *w, const ay_image *picture, int target, ay_image *out, ay_err *err);
    ay_status (*passes)(ay_why *w, const ay_image *picture, int passes, double temperature,
                        uint64_t seed, ay_passes *out, ay_err *err);
    ay_status (*views)(ay_why *w, const ay_image *picture, float *logits, float *feature,
                       ay_err *err);
} ay_why_driver;
typedef ay_status ay_train_fn(const ay_train_settings *s, const char *out, bool resume,
                              const ay_train_observer *observer,
                              const ay_train_control *control, ay_train_result *result,
                              ay_err *err); /* ay_train_run() */

/* How texts become vectors of the space that pictures lie in: engine/words.h, or a test's.  Zeroes: the
 * encoder reads no words.  pair: the digest of the encoder of pictures that it belongs to. */
typedef struct {
    void *ctx;
    ay_status (*info)(void *ctx, ay_words_info *out, ay_err *err);
    ay_status (*pair)(void *ctx, char digest[AY_SHA256_HEX], ay_err *err);
    ay_status (*embed)(void *ctx, const char *const *texts, int n, float *dst, ay_err *err);
    /* Which words of a text are known (engine/words.h); NULL: all of every text. */
    ay_status (*examine)(void *ctx, const char *text, ay_arena *a, ay_words_text *out, ay_err *err);
    /* The i-th of the words that it knows; NULL: behind the last, and for one that reads any (and then name may be NULL). */
    const char *(*name)(void *ctx, int i);
    /* Bytes held now, and out of memory until it is needed again; both NULL: it cannot be told. */
    size_t (*memory)(void *ctx);
    bool (*unload)(void *ctx);
    bool (*can)(void *ctx); /* is there anything to read words with; NULL: yes */
} ay_word_reader;
ay_word_reader ay_word_reader_of_words(ay_words *w); /* borrowed; must outlive the service */
typedef struct ay_word_settings ay_word_settings;    /* service/words/classify_words.h */

/* How another encoder is opened while the service runs (service/encoders/encoders.h).  Zeroes: this program does not change its
 * encoder.  path: as ay_model_locate() gives it.  close: what open() gave, or what the service was opened with, when
 * another one has taken its place; nobody is inside. */
typedef struct {
    ay_embedder embedder;
    ay_word_reader words;
} ay_encoder;
typedef struct {
    void *ctx;
    ay_status (*open)(void *ctx, const char *path, ay_encoder *out, ay_err *err);
    void (*close)(void *ctx, const ay_encoder *e);
} ay_encoder_driver;

typedef struct {
    const char *data;       /* the data folder; made when missing */
    const char *store;      /* the database's URL (store/store.h); NULL or "": SQLite in the data folder.
                               Pictures, models and thumbnails are in the data folder in any case, and
                               a database belongs to one data folder: another one is refused. */
    ay_embedder embedder;
    const char *encoder; /* what a person calls it: "default", a preset's name, a path; NULL: default */
    ay_encoder_driver encoders;
    ay_classifier_driver classifier;
    ay_why_driver why; /* service/learn/reason.h */
    ay_engine_options engine; /* precision, workers ... of trained models; model is ignored */
    ay_word_reader words;
    const ay_word_settings *word_settings; /* NULL: the usual ones; strings are borrowed */
    ay_train_fn *train;       /* service/learn/training.h; NULL: this program does not train */
    const char *train_folders; /* folders below which a training may read, ':' between; NULL: none */
    ay_line_driver line;       /* service/inspect/line.h; zeroes: no inspection trainings */
    const char *line_folders;  /* folders below which these may read, and write where they are told to; NULL: none.  They
                                  may read below `folders` too */
    const char *folders;       /* the same for imports and watched folders (service/library/watch.h) */
    bool serve;             /* a server: open the active model now, run the trainings that wait */
    ay_image_limits limits; /* for uploads; zeros: defaults */
    int threads;            /* for search; 0: one a processor */
    int64_t trash_seconds;  /* how long an undo token lives; 0: 30 days; at least 600 */
    bool wait_reembed;      /* open() returns only when every picture has its vector (cmd) */
    uint64_t index_memory;  /* bytes of vectors and codes in memory; beyond it they stay in files (service/gallery_keep.h); 0: no bound */
    uint64_t memory_budget; /* bytes of networks; over it, those not used for longest go (service/memory.h); 0: none */
    bool keep_strays; /* files without a row, as a crash leaves them, stay: they are to be told (cmd_check.c) */
    bool share; /* another process has the folder open: open it for reading only, as it is now, instead
                   of failing; every write then answers AY_EBUSY */
} ay_service_options;

typedef struct ay_service ay_service;

/* AY_EBUSY: another process has this data folder open (the message names its process id). */
ay_status ay_service_open(ay_service **out, const ay_service_options *o, ay_err *err);
void ay_service_close(ay_service *s); /* stops jobs, waits for them; NULL is fine */
const ay_engine_info *ay_service_model(const ay_service *s); /* the one that serves now; lives as long as s */
const char *ay_service_encoder(const ay_service *s); /* by the name it was asked for */
const char *ay_service_data(const ay_service *s);
bool ay_service_reading_only(const ay_service *s); /* see ay_service_options.share */

/* The default folder: $ASSAY_DATA, else $XDG_DATA_HOME/assay, else ~/.local/share/assay.  dst is cap
 * bytes.  AY_EINVAL when none is known. */
ay_status ay_service_default_data(char *dst, size_t cap, ay_err *err);

/* ---- undo of deletions and changes */
typedef struct {
    int64_t restored; /* pictures, classes, data sets, tags and other things that came back, or are as before */
    int64_t pictures;
} ay_undo_result;
/* Who asks for what this thread does from now on, for the history: an address, "command line"; "": the program itself. */
void ay_service_actor(const char *who);
/* AY_ENOTFOUND: unknown or too old; AY_ECONFLICT: a name is taken again. */
ay_status ay_service_undo(ay_service *s, const char *token, ay_undo_result *out, ay_err *err);

/* ---- jobs: work in the background, newest first; the last hundred are kept. */
/*
 *   PENDING --> RUNNING --> DONE | FAILED | CANCELLED
 *      \  ^-----------------------'        ^
 *       '----------------------------------'
 *
 * They are in the store.  A job whose process ended goes on at the next open when it can (training:
 * back to PENDING), else it is FAILED and says why.  A training that failed because a disk was full or
 * memory was short keeps its files and can be resumed. */
typedef enum {
    AY_JOB_RUNNING,
    AY_JOB_DONE,
    AY_JOB_FAILED,
    AY_JOB_CANCELLED,
    AY_JOB_PENDING,
    AY_JOB_WAITING /* for a person's word (service/inspect/tasks.h) */
} ay_job_state;
typedef struct {
    int64_t id;
    const char *kind; /* "reembed", "import", "export", "demo", "train", "pull", "encoder" */
    ay_job_state state;
    int64_t done, total;  /* total 0: not known yet */
    const char *message;  /* may be "" */
    const char *detail;   /* JSON object: what else there is to say of this kind; "" for none */
    const char *points;   /* JSON array: a training's curve; only by ay_service_job(), else NULL */
    int npoints;
    bool resumable; /* failed for want of room; ay_service_job_resume() goes on with it */
    /* "" before it began, and while it runs */
    char created[AY_RFC3339_SIZE], started[AY_RFC3339_SIZE], ended[AY_RFC3339_SIZE];
} ay_job;
const char *ay_job_state_name(ay_job_state state); /* "running", "done", "pending" ... */
ay_status ay_service_jobs(ay_service *s, ay_arena *a, ay_job **out, size_t *n, ay_err *err);
/* One, with its curve.  AY_ENOTFOUND. */
ay_status ay_service_job(ay_service *s, int64_t id, ay_arena *a, ay_job *out, ay_err *err);
/* Ask a job to stop; it does so between two pictures.  A training keeps its best so far; asked twice
 * it stops where it is.  One that could be resumed is given up.  AY_ENOTFOUND; AY_ECONFLICT: over. */
ay_status ay_service_job_cancel(ay_service *s, int64_t id, ay_err *err);
/* Back to PENDING; it goes on from its last checkpoint.  AY_ENOTFOUND; AY_ECONFLICT: not resumable. */
ay_status ay_service_job_resume(ay_service *s, int64_t id, ay_err *err);
/* Whoever works in the background for the service's users shows it as a job.  total 0: not known. */
int64_t ay_job_begin(ay_service *s, const char *kind, int64_t total);
/* Report; false when the job is asked to stop, or the service is closing. */
bool ay_job_step(ay_service *s, int64_t id, int64_t done, int64_t total);
/* AY_OK: done; AY_ECANCELLED: cancelled; else failed.  message: what a person should know, or "". */
void ay_job_end(ay_service *s, int64_t id, ay_status status, const char *message);
/* Wait until no job runs, at most timeout_ms (negative: for ever); false on time-out. */
bool ay_service_wait_idle(ay_service *s, long timeout_ms);

/* ---- changes, for pages that follow along (server-sent events). */
typedef struct {
    const char *kind;    /* "job" or "dataset" */
    const char *dataset; /* the data set's name; "" for a job */
    int64_t job;         /* 0 for a data set */
} ay_change;
/* One listener for the process.  It is called on whatever thread made the change, with locks held: it
 * must be quick and must not call the service.  NULL: none. */
void ay_service_listen(ay_service *s, void (*fn)(void *ctx, const ay_change *c), void *ctx);

/* ---- counters since open, for /metrics */
typedef struct {
    uint64_t scans, matches, no_matches, ambiguous;
    uint64_t added, moved, refused; /* uploads; refused: not a usable picture */
    uint64_t decode_ns, embed_ns, search_ns; /* summed over scans */
    uint64_t predictions, predict_ns;        /* of trained models; time in the network */
    int64_t datasets, classes, pictures, unembedded;
} ay_service_stats;
void ay_service_get_stats(ay_service *s, ay_service_stats *out);

/* ---- examination ("assay check", "assay dataset check") */
typedef struct {
    int64_t pictures;    /* rows examined */
    int64_t missing;     /* row without a file */
    int64_t damaged;     /* the file's digest is not its name */
    int64_t strays;      /* file without a row; removed when repair */
    int64_t unembedded;  /* picture without a vector; embedded when repair */
    int64_t models;      /* trained models examined */
    int64_t bad_models;  /* of these: folder gone, or not what its row says */
    int64_t indexes;     /* files that make starts quick (service/gallery_keep.h) */
    int64_t bad_indexes; /* of these: damaged, or not what the store has; made again when repair */
    int64_t mended;      /* missing and damaged ones that came back from a backup */
    const char **problems; /* one sentence each */
    size_t nproblems;
} ay_check_result;
typedef struct {
    bool deep;        /* read every file and recompute its digest */
    bool repair;      /* put right what can be put right */
    const char *from; /* repair: a backup folder that gives back files; NULL: none */
    bool (*progress)(void *ctx, int64_t done, int64_t total); /* pictures; false: stop.  NULL: none */
    void *ctx;
} ay_check_options;
ay_status ay_service_check(ay_service *s, const ay_check_options *o, ay_arena *a, ay_check_result *out, ay_err *err);

#endif
