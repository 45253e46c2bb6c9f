/* service/internal.h - the service's insides, for src/service only.
 *
 * Locks, in the order they are taken:
 *   using     read: from asking the encoder for a vector to the end of what is done with it; write: for the moment in
 *             which another encoder takes its place (service/encoder_swap.c).  Taken first or not at all, and never
 *             twice by one thread: by ay_encoder_enter()
 *   purging   read: from writing a picture's file to the commit of its row; write: while files that no
 *             row names are removed, so that a file is never taken from under a row to come
 *   writing   one change at a time: the store's transaction and the same change in memory
 *   lock      the galleries; scans hold it for reading, changes for the moment of the change
 *   calibrating, and then nothing
 * jobs_lock, serving_lock and the lock of words (service/words/wordy.h) stand alone; `opening` is held while a trained model opens, may be taken
 * inside `writing`, and serving_lock is taken inside it; `reasoning` is held while one picture is
 * explained, and nothing is taken inside it. */
#ifndef AY_SERVICE_INTERNAL_H
#define AY_SERVICE_INTERNAL_H

#include "service/gallery.h"
#include "service/service.h"
#include "store/blobs.h"
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum { AY_JOBS_KEPT = 100, AY_POOL = 3 };

typedef struct ay_wordy ay_wordy;     /* service/words/wordy.h */
typedef struct ay_serving ay_serving; /* service/learn/serving.h */
typedef struct ay_found_chances ay_found_chances; /* service/find/search_chance.c */
typedef struct ay_intake ay_intake; /* service/library/intake_parts.h */
typedef struct ay_encoders ay_encoders; /* service/encoders/encoders_parts.h */
typedef struct ay_dups_state ay_dups_state;         /* service/library/duplicates_parts.h */
typedef struct ay_clusters_state ay_clusters_state; /* service/library/clusters_parts.h */

typedef struct {
    int64_t id;
    char kind[16];
    ay_job_state state;
    int64_t done, total, created_us, started_us, ended_us;
    int cancel; /* how often it was asked to stop */
    bool leased;    /* this node took it from the store, and says now and then that it lives */
    bool elsewhere; /* another node's: what is known of it comes from the store */
    bool kept;  /* failed, and its files wait for ay_service_job_resume() */
    bool unsaved; /* its state could not be kept */
    char message[512];
    atomic_bool *asked;     /* set when it is asked to stop; NULL: whoever works asks himself */
    char *request, *detail; /* JSON, owned; NULL: none */
    ay_buf points;          /* JSON objects with commas between them */
    int npoints;
} ay_job_slot;

struct ay_service {
    char *data, *url; /* url: of the store */
    ay_embedder embedder; /* guarded by using; its info lives as long as the service */
    ay_encoder_driver encoder_driver;
    uint64_t memory_budget;   /* service/memory.h */
    uint64_t index_memory;    /* service/gallery_keep.h */
    pthread_mutex_t trimming; /* only ever tried; `using` and serving_lock are taken inside it */
    bool over_told;
    bool encoder_owned; /* embedder and words were opened here */
    ay_image_limits limits;
    int threads;
    int64_t trash_us;
    int lock_fd;
    bool reading_only; /* another process has the lock */
    bool keep_strays;  /* ay_service_options */
    bool opened;       /* wholly */
    ay_store *store;
    _Atomic bool doubt;   /* memory may differ from the store: read it again */
    _Atomic bool unsaved; /* a job's end could not be kept yet */
    ay_blobs *blobs;
    struct ay_nodes *nodes; /* service/nodes.h; NULL: this process alone writes to the store */

    pthread_rwlock_t using;
    pthread_rwlock_t purging;
    pthread_mutex_t writing;
    pthread_rwlock_t lock;
    pthread_mutex_t calibrating;
    ay_gallery **galleries; /* in order of id */
    ay_gallery no_library;  /* empty, with id 0: what reading finds where there is no library */
    int ngalleries, cgalleries;
    int64_t active; /* data set's id */

    pthread_mutex_t jobs_lock;
    pthread_cond_t jobs_changed;
    ay_job_slot jobs[AY_JOBS_KEPT];
    int njobs, running; /* newest last; running counts AY_JOB_RUNNING */
    int64_t last_job;
    void (*listener)(void *ctx, const ay_change *c);
    void *listener_ctx;

    ay_classifier_driver classifier;
    ay_engine_options engine;
    ay_train_fn *train;
    char *train_folders, *folders;
    ay_why_driver why_driver; /* service/learn/reason.h */
    pthread_mutex_t reasoning; /* guards why, which explains one picture at a time */
    ay_why *why;               /* NULL: none is open */
    int64_t why_model;
    atomic_int reasons;        /* requests admitted */
    pthread_mutex_t serving_lock, opening; /* service/learn/serving.h */
    ay_serving *pool[AY_POOL];
    int npool;
    int64_t active_id; /* the trained model that answers; 0: none */
    char serving_problem[400];
    ay_wordy *words;
    ay_found_chances *chances; /* a lock of its own, taken inside `lock` */
    ay_encoders *encoders;
    struct ay_brings *brings; /* service/export/bring_job.c */
    struct ay_maps *maps; /* service/library/map.c */
    struct ay_keeping *keeping; /* service/gallery_keep.c; NULL: no thread writes files */
    ay_intake *intake;
    struct ay_marks *marks;         /* service/library/marks.h */
    struct ay_filter_kept *orders;  /* service/library/filter_rows.c */
    struct ay_opinions *opinions;   /* service/library/opinions_parts.h */
    ay_dups_state *dups; /* a lock of its own, taken inside `writing` and `lock`; that of marks is taken inside it */
    ay_clusters_state *clusters; /* a lock of its own, innermost */
    _Atomic(const ay_engine_info *) model;  /* = embedder.info, for who does not hold using */
    _Atomic(const char *) encoder;          /* the name of the one that serves */
    pthread_t trainer;
    bool trainer_started;
    ay_train_control *control; /* of the training under way, job control_job; guarded by jobs_lock */
    int64_t control_job;

    struct ay_tasks *tasks; /* service/inspect/tasks_parts.h; NULL: this program has none */
    struct ay_modules *modules; /* service/inspect/modules.c */
    ay_line_driver line;
    char *line_folders;

    pthread_t keeper;
    bool keeper_started;
    /* Guarded by jobs_lock.  look: there may be pictures without vectors; busy: it is looking. */
    bool stop, look, busy, learning; /* learning: ay_turn_take() */
    bool purge; /* something was deleted whose files can go */
    char facts_after[AY_SHA256_HEX]; /* the keeper's: how far it has read what cameras wrote (service/library/facts.h) */
    bool facts_done;                 /* the keeper's */
    uint64_t changes; /* of data sets, as told; jobs_changed is broadcast with each */

    _Atomic uint64_t scans, matches, no_matches, ambiguous, added, moved, refused;
    _Atomic uint64_t decode_ns, embed_ns, search_ns, predictions, predict_ns;
};

/* ---- galleries; the caller holds lock unless said */
/* The data set with that name, or the active one for NULL or ""; AY_ENOTFOUND. */
ay_status ay_service_find(ay_service *s, const char *dataset, ay_gallery **out, ay_err *err);
/* A word for it that no data set can have, as it is known by its address: the library, or where there is none an empty gallery with the id 0
 * in its place.  So a question makes no library (service/library/library.h). */
extern const char ay_the_library[];
ay_gallery *ay_service_by_id(ay_service *s, int64_t id);
/* The first data set for scanning other than `except`; NULL: none. */
ay_gallery *ay_service_plain(const ay_service *s, int64_t except);
/* The data set that has a class with this id, and the class's index; NULL when none. */
ay_gallery *ay_service_by_class(ay_service *s, int64_t class_id, int *klass);
/* Read a data set from the store with the vectors of a model; takes no lock. */
ay_status ay_service_load(ay_service *s, const ay_store_dataset *d, const ay_engine_info *model, ay_gallery **out,
                          ay_err *err);
/* One picture from the store into the gallery ctx, which has its classes: an ay_store_visit. */
ay_status ay_service_load_member(void *gallery, const ay_store_member *m, const ay_store_vector *v, ay_err *err);
/* Room for one more data set; then ay_service_insert() cannot fail. */
ay_status ay_service_reserve(ay_service *s, ay_err *err);
/* Put g in its place, replacing (and destroying) the one with its id.  Takes lock for writing. */
void ay_service_insert(ay_service *s, ay_gallery *g);
void ay_service_remove(ay_service *s, int64_t id);
/* Read a data set again from the store; takes locks, the caller holds writing. */
ay_status ay_service_reload(ay_service *s, int64_t id, ay_err *err);
/* Bring g's calibration up to date; the caller holds lock for reading, and *out (which stays g's) is
 * good for as long as it does. */
ay_status ay_service_calibrate(ay_service *s, ay_gallery *g, ay_calibration *out, ay_err *err);
/* Class index of each ready item, in the arena. */
int *ay_gallery_labels(const ay_gallery *g, ay_arena *a);

/* A write ended in doubt: read every data set, and what is active, again. */
ay_status ay_service_refresh(ay_service *s, ay_err *err);

/* ---- pictures */
/* One decoded picture to one unit vector of the model's dim. */
ay_status ay_service_embed(ay_service *s, const ay_image *const *images, int n, float *dst,
                           ay_err *err);
/* The same in the background: it gives way to every request. */
ay_status ay_service_embed_later(ay_service *s, const ay_image *const *images, int n, float *dst, ay_err *err);
/* The steps of a picture's way in, for uploads and for the intake alike.
 * Decode and fill what the bytes tell: sides, hash, format, EXIF; the caller gives im to ay_image_fini(). */
ay_status ay_picture_look(ay_service *s, const void *bytes, size_t n, ay_gallery_item *item, ay_image *im, ay_err *err);
/* Its row; strings are item's. */
ay_store_picture ay_picture_row(const ay_gallery_item *item);
/* The change in memory after the store has it: takes item->file when the picture is new.  The caller holds lock for
 * writing and has reserved room (ay_gallery_reserve).  Cannot fail. */
void ay_picture_apply(ay_service *s, int64_t class_id, ay_gallery_item *item, const float *vector,
                      const ay_store_added *done);
/* The last part of the path a browser or a folder gave. */
const char *ay_picture_name(const char *file);
/* Remove files that no row names: uploads that a crash cut off. */
ay_status ay_service_sweep(ay_service *s, ay_err *err);
/* Remove from disk the pictures nobody refers to, and old trash. */
ay_status ay_service_purge(ay_service *s, ay_err *err);

/* Forget the kept thumbnails of a picture that is gone. */
void ay_thumbs_remove(ay_service *s, const char *sha256);

/* ---- jobs.c */
/* Read the kept jobs from the store; those that a past process left behind wait again (kind "train")
 * or have failed. */
ay_status ay_jobs_load(ay_service *s, ay_err *err);
void ay_jobs_fini(ay_service *s);
/* A job that waits for its turn. */
ay_status ay_job_queue(ay_service *s, const char *kind, const char *request, int64_t *id,
                       ay_err *err);
/* The oldest waiting job of a kind begins to run: its id and its request (in the arena); 0: none. */
int64_t ay_job_take(ay_service *s, const char *kind, ay_arena *a, const char **request);
/* RUNNING to WAITING, for a person's word; AY_ECANCELLED: it was asked to stop.  And back into the line; AY_ECONFLICT. */
ay_status ay_job_wait(ay_service *s, int64_t id, ay_err *err);
ay_status ay_job_again(ay_service *s, int64_t id, ay_err *err);
/* The newest job of a kind in whose request `part` stands: its id and its request (in the arena); 0: none in memory. */
int64_t ay_job_whose(ay_service *s, const char *kind, const char *part, ay_arena *a, const char **request);
void ay_job_drop(ay_service *s, int64_t id); /* out of memory, when it is over; the row is the caller's */
/* One thing of this program learns at a time: two would share the processors and both be late.  Waits; false: the program ends, or
 * c asks to stop. */
bool ay_turn_take(ay_service *s, const ay_train_control *c);
void ay_turn_give(ay_service *s);
/* Replace what is said of a job beside its numbers: JSON text, copied. */
void ay_job_set_detail(ay_service *s, int64_t id, const char *json);
/* Point number `at` of the curve, from 0; what was there from `at` on goes: a training that is resumed
 * goes on before its last points. */
void ay_job_put_point(ay_service *s, int64_t id, int at, const char *json);
/* Whether the files of a job that fails are kept; said before ay_job_end(), or of one that is over. */
void ay_job_keep(ay_service *s, int64_t id, bool kept);
/* The oldest job after `after` whose files are kept or that waits: its id, and its request in the arena;
 * 0: none. */
int64_t ay_job_kept(ay_service *s, int64_t after, ay_arena *a, const char **request);
/* The training that job `id` runs hears from now on who asks it to stop, and what was asked before;
 * c NULL: nobody does. */
void ay_job_control(ay_service *s, int64_t id, ay_train_control *c);
/* *asked becomes true when the job is asked to stop, or was before; NULL: no longer. */
void ay_job_watch(ay_service *s, int64_t id, atomic_bool *asked);
/* Keep what is known now in the store. */
void ay_job_save(ay_service *s, int64_t id);
/* Those whose state could not be kept when the store was away. */
void ay_jobs_save_again(ay_service *s);
void ay_service_tell(ay_service *s, const char *kind, const char *dataset, int64_t job);

/* ---- for service/nodes.c */
/* A job that this node took from the store: its slot, running and under lease; *request in the arena. */
ay_status ay_jobs_adopt(ay_service *s, const void *row, ay_arena *a, const char **request);
/* What other nodes did with jobs. */
void ay_jobs_follow(ay_service *s);
/* The jobs under lease. */
int ay_jobs_leased(ay_service *s, int64_t *ids, int most);
void ay_job_lost(ay_service *s, int64_t id);             /* another node has it now: whoever works on it stops */
void ay_job_asked(ay_service *s, int64_t id, int times); /* by way of the store to stop */

/* ---- encoders.c */
/* Between the two, embedder, words and the galleries belong together and stay. */
void ay_encoder_enter(ay_service *s);
void ay_encoder_leave(ay_service *s);
/* Go on with a switch that a past process began; for a server. */
ay_status ay_encoders_resume(ay_service *s, ay_err *err);
ay_status ay_encoders_open(ay_service *s, const char *name, ay_err *err);
void ay_encoders_stop(ay_service *s);  /* what is under way, and wait for it */
void ay_encoders_close(ay_service *s); /* stopped, nobody inside */

/* ---- keeper.c */
ay_status ay_keeper_start(ay_service *s, ay_err *err);
void ay_keeper_stop(ay_service *s);
void ay_keeper_wake(ay_service *s);
void ay_keeper_purge(ay_service *s); /* soon, and not only when an hour has gone */
/* A stored picture, checked against its digest and decoded; the caller gives it back to ay_image_fini(). */
ay_status ay_service_open_image(ay_service *s, const char *sha256, ay_image *im, ay_err *err);

/* ---- roots.c */
/* name: absolute, or relative to one of roots (':' between); dst gets the real path, 4096 bytes.  AY_EINVAL when it is not
 * there or not below one of them; option: which one to start the server with. */
ay_status ay_service_below(const char *roots, const char *name, char *dst, const char *option, ay_err *err);

/* ---- words */
char *ay_arena_printf(ay_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
