/* service/library/intake.h - ten thousand pictures come in: kept at once, taken in behind.
 *
 *   ay_intake_add()      bytes durable in blobs/, then the rows of all of them in one transaction (store/arrivals.h),
 *                        then the caller may answer: what was acknowledged is never lost
 *   workers              take what waits in order: decode, EXIF, perceptual hash, vector; then picture, member and vector
 *                        are written, and the arrival removed, in one transaction a handful; then the gallery in memory
 *   a bad file           is a failure with a name and a reason, kept until somebody dismisses it; its bytes go
 *
 * So a kill at any point takes nothing in twice and loses nothing: what waits is what has a row, and it goes on at the
 * next start.  Workers run at a lower priority and ask the engine "later" (engine/batcher.h), so a scan beside an import
 * finds a processor.  At most AY_INTAKE_PIXELS are decoded at a time, however many wait.
 *
 * Each import ("batch") is a job of kind "intake" while something of it is being done; cancelling the job drops what
 * still waits of it and keeps what was taken in.
 *
 * Rejected: decoding before the answer (one bad picture in 500 would make the others wait); one job a picture (a hundred
 * jobs are kept, not ten thousand).
 *
 * Threads: any function from any thread. */
#ifndef AY_SERVICE_INTAKE_H
#define AY_SERVICE_INTAKE_H

#include "service/service.h"
#include "store/arrivals.h"

enum { AY_INTAKE_PIXELS = 64000000 };

/* Where pictures go.  dataset NULL or "": the library; klass NULL or "": its class for what nobody has sorted, where a
 * picture that the data set has already stays in the class it is in.  A data set of one's own needs a class. */
typedef struct {
    const char *dataset, *klass;
    bool make; /* make the class when it is missing */
} ay_intake_target;

typedef struct {
    const char *file;   /* as the uploader named it; a path is cut to its last part */
    const char *source; /* the path it was read from; NULL: none */
    const void *bytes;
    size_t n;
    const char *unread; /* why it could not be read: a failure at once; NULL: it was */
    const char *expect; /* the digest that the caller claims; NULL: none */
} ay_intake_file;

typedef struct {
    char sha256[AY_SHA256_HEX];
    bool there; /* the data set has it already; nothing is left to be done */
    ay_status status; /* not AY_OK: refused at the door (empty, too large, no picture); nothing is kept */
    ay_err err;
} ay_intake_taken;

/* Keep files durably and queue them.  *batch: 0 for a new import called `name`, else one that goes on; gets its number,
 * which stays 0 when every file was refused.  Fails as a whole (and has kept nothing) when the data set or class is not
 * there (AY_ENOTFOUND), or the disk or database refuses. */
ay_status ay_intake_add(ay_service *s, const ay_intake_target *t, const char *name, const ay_intake_file *files, size_t n,
                        ay_intake_taken *out, int64_t *batch, ay_err *err);

/* known[i]: the data set ("" or NULL: the library) has a picture with digest i, in whatever class.  What still waits in the queue is not
 * known yet.  AY_ENOTFOUND: no such data set. */
ay_status ay_intake_known(ay_service *s, const char *dataset, const char *const *sha256, size_t n, bool *known, ay_err *err);

/* Work on what waits; a server does so by itself, a command asks for it.  Twice is fine. */
ay_status ay_intake_start(ay_service *s, ay_err *err);
void ay_intake_stop(ay_service *s); /* what waits stays in the store; by ay_service_close() */

typedef struct {
    int64_t id;
    const char *name;
    int64_t total, waiting, added, same, failed, dropped;
    int64_t job; /* that shows it; 0: none runs */
    int64_t expected; /* total, with the files that its folder still has to give, as far as they were counted */
    bool reading;     /* its folder is being read; said of a moment before the counts */
    char at[AY_RFC3339_SIZE];
} ay_intake_batch;

typedef struct {
    int64_t waiting; /* in the queue, those in work included */
    int64_t working; /* in the workers' hands */
    int64_t done, refused; /* since the service was opened: taken in, failed */
    int64_t failed;  /* failures nobody has dismissed */
    double rate;     /* pictures a second, of the last ten seconds */
    bool feeding;    /* a folder is being read */
    char trouble[256]; /* what keeps the workers from taking in: the disk is full, the database away; "": nothing does */
} ay_intake_state;
ay_status ay_intake_now(ay_service *s, ay_intake_state *out, ay_err *err);
/* Those of which nothing has come yet and whose folder is being read; then the last `limit` others, newest first. */
ay_status ay_intake_batches(ay_service *s, int limit, ay_arena *a, ay_intake_batch **out, size_t *n, ay_err *err);
/* Drop what waits of an import.  AY_ENOTFOUND. */
ay_status ay_intake_cancel(ay_service *s, int64_t batch, int64_t *dropped, ay_err *err);

typedef struct {
    int64_t id, batch;
    char sha256[AY_SHA256_HEX];
    const char *file, *source, *code, *message;
    char at[AY_RFC3339_SIZE];
} ay_intake_failure;
/* Newest first; cursor and *next as in ay_picture_list(). */
ay_status ay_intake_failures(ay_service *s, const char *cursor, int limit, ay_arena *a, ay_intake_failure **out,
                             size_t *n, const char **next, ay_err *err);
/* Dismiss one (id), or all (0).  AY_ENOTFOUND for one that is not there. */
ay_status ay_intake_dismiss(ay_service *s, int64_t id, int64_t *dismissed, ay_err *err);

/* Wait until nothing waits and no folder is being read for the first time; false on time-out (ms; negative: for ever). */
bool ay_intake_wait(ay_service *s, long timeout_ms);

#endif
