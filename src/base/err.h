/* base/err.h - how every fallible function in this program reports failure.
 *
 * A function that can fail returns ay_status and takes, as its last argument,
 * a ay_err to fill in.  The status is for code to branch on; the message is
 * for a person to read.  They travel separately because a status is shared by
 * hundreds of callers (HTTP maps it to a response code in one table) while a
 * message only makes sense next to the operation that failed.
 *
 * err may be NULL when the caller does not want the words.  On success err is
 * left untouched.  Nothing here allocates, so out-of-memory can be reported.
 *
 * Rejected: a per-thread "last error" (callbacks overwrite it), and aborting
 * on bad input (this process serves other people's images). */
#ifndef AY_BASE_ERR_H
#define AY_BASE_ERR_H

typedef enum {
    AY_OK = 0,
    AY_EINVAL,       /* the caller's argument breaks the contract       */
    AY_ENOMEM,       /* an allocation was refused                       */
    AY_EIO,          /* the operating system or a device said no        */
    AY_ENOTFOUND,    /* the named thing does not exist                  */
    AY_EEXISTS,      /* the named thing exists already                  */
    AY_ECORRUPT,     /* stored or received bytes are not what they claim */
    AY_EUNSUPPORTED, /* well-formed, but not something we do            */
    AY_ELIMIT,       /* a configured bound would be exceeded            */
    AY_EBUSY,        /* no room in the queue now; the same call may work later */
    AY_ECANCELLED,   /* somebody asked for it to stop                   */
    AY_ECONFLICT,    /* what is there now does not allow it             */
    AY_EUNKNOWN,     /* it may have happened or not: ask again later    */
    AY_STATUS_COUNT
} ay_status;

typedef struct {
    char msg[512]; /* always terminated; longer text is cut, never overrun */
} ay_err;

/* The status's short name, e.g. "not found".  Never NULL; not to be freed. */
const char *ay_status_name(ay_status status);

/* Write the message and return status, so that a failure is one statement:
 *     return ay_fail(err, AY_EIO, "open %s: %s", path, strerror(errno)); */
ay_status ay_fail(ay_err *err, ay_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put context in front of the message a callee left, on the way up:
 *     "loading model faces: read header: file is truncated"              */
void ay_err_wrap(ay_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
