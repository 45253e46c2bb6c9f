/* service/library/filter.h - which pictures of a data set are meant, and in which order.
 *
 * A filter is a list of conditions.  It is written in one of three ways that mean the same:
 *
 *     parameters   tag=blue,-old  since=2026-01-01  text=yard            (GET /v1/pictures, ay_filter_set() for each)
 *     JSON         {"tag": ["blue", "-old"], "since": "2026-01-01"}      (bodies, saved searches)
 *     words        tag:blue -tag:old since:2026-01-01 yard               (the command line, the page's filter bar)
 *
 *   class         name or id                                camera   part of its name, capitals do not matter
 *   tag           every one of them                         format   "jpeg", "png", ...
 *   album         name or id                                text     parts of the file's name, capitals do not matter
 *   cluster       id of a group                             untagged, unsorted: true
 *   since, until              when it was added             min_side, max_side    pixels: the shorter side at least, the longer at most
 *   taken_since, taken_until  when it was taken             min_bytes, max_bytes  of the file; "2MB" too
 *   predicted     what a trained model says it is (service/library/opinions.h); "unknown": like nothing the model was shown
 *   min_score, max_score      how sure the model is of that       min_margin, max_margin  what it is ahead of the next class; 0.9 or 90%
 *   disputed: true            it is in a class that the model knows, and the model says another one
 *   model         whose opinion: its name, name:version or id; the active one's where none is named
 *   order   newest (usual), oldest, name, largest, taken, album (its own order), score (surest first), doubt (smallest margin first)
 *
 * Days are 2026, 2026-01, 2026-01-31, moments 2026-01-31T12:00:00Z, UTC; `until` includes the day, month or year it names.  7d is "seven
 * days ago".  Names with a '-' before them are excluded (class, tag, camera, format, text, album, cluster).  Of several classes, cameras,
 * formats, albums or clusters one must hold; of tags and texts each.
 *
 * Free words, as `text` and wherever words are typed: each is a text of its own and each must occur; what is in quotation marks is one,
 * blanks, '-' and colons and all ("img 9", "-old").  Of a shell that took the marks away, an operand is one.
 *
 * A name that nothing has is AY_ENOTFOUND when the filter is used: a mistyped tag must not look like an empty library.
 *
 * Threads: a filter belongs to one thread; what is said of locks holds. */
#ifndef AY_SERVICE_FILTER_H
#define AY_SERVICE_FILTER_H

#include "service/gallery.h"
#include "service/service.h"

#include <jansson.h>

typedef enum {
    AY_FILTER_CLASS,
    AY_FILTER_TAG,
    AY_FILTER_ALBUM,
    AY_FILTER_CLUSTER,
    AY_FILTER_CAMERA,
    AY_FILTER_FORMAT,
    AY_FILTER_TEXT,
    AY_FILTER_SINCE,
    AY_FILTER_UNTIL,
    AY_FILTER_TAKEN_SINCE,
    AY_FILTER_TAKEN_UNTIL,
    AY_FILTER_MIN_SIDE,
    AY_FILTER_MAX_SIDE,
    AY_FILTER_MIN_BYTES,
    AY_FILTER_MAX_BYTES,
    AY_FILTER_UNTAGGED,
    AY_FILTER_UNSORTED,
    AY_FILTER_PREDICTED,
    AY_FILTER_MIN_SCORE,
    AY_FILTER_MAX_SCORE,
    AY_FILTER_MIN_MARGIN,
    AY_FILTER_MAX_MARGIN,
    AY_FILTER_DISPUTED,
    AY_FILTER_MODEL,
    AY_FILTER_FIELDS
} ay_filter_field;

typedef enum {
    AY_ORDER_NEWEST,
    AY_ORDER_OLDEST,
    AY_ORDER_NAME,
    AY_ORDER_LARGEST,
    AY_ORDER_TAKEN,
    AY_ORDER_ALBUM,
    AY_ORDER_SCORE,
    AY_ORDER_DOUBT,
    AY_ORDERS
} ay_filter_order;

enum { AY_FILTER_MOST = 32 }; /* conditions */

typedef struct {
    ay_filter_field field;
    bool not;
    const char *text; /* as it was written */
    int64_t number;   /* microseconds, pixels, bytes or millionths; 1 for true */
} ay_condition;

typedef struct {
    ay_condition list[AY_FILTER_MOST];
    int n;
    ay_filter_order order;
    bool ordered; /* an order was asked for */
} ay_picture_filter; /* zeroes: all pictures, newest first */

/* Add what one parameter says; text is copied into the arena.  *known false (may be NULL): no filter has such a key, and
 * nothing is added.  AY_EINVAL: a value that cannot be.  "" adds nothing. */
ay_status ay_filter_set(ay_picture_filter *f, ay_arena *a, const char *key, const char *value, bool *known, ay_err *err);
bool ay_filter_is_key(const char *key);
/* Every key of an object: texts, numbers, true, or lists of them.  AY_EINVAL also for a key that is none. */
ay_status ay_filter_json(ay_picture_filter *f, ay_arena *a, const json_t *object, ay_err *err);
/* Words as they are typed; texts with blanks in quotation marks: tag:"deep blue". */
ay_status ay_filter_words(ay_picture_filter *f, ay_arena *a, const char *words, ay_err *err);
/* One of them, as a shell hands it over: its quotation marks are gone. */
ay_status ay_filter_word(ay_picture_filter *f, ay_arena *a, const char *word, ay_err *err);
/* Its conditions as JSON that ay_filter_json() reads, lists in one order whatever the order they were added in, each condition once;
 * times as they were written, so "7d" stays seven days ago.  NULL: no memory. */
json_t *ay_filter_told(const ay_picture_filter *f);
/* The filter as one text that is the same for the same filter, appended: a key, not for people. */
void ay_filter_key(const ay_picture_filter *f, ay_buf *out);

/* ---- the caller holds the galleries for reading */
/* in[i] = 1 for each of g->n items that fits, else 0. */
ay_status ay_filter_mask(ay_service *s, const ay_gallery *g, const ay_picture_filter *f, uint8_t *in, ay_err *err);
/* The rows that fit, in the filter's order, in the arena. */
ay_status ay_filter_rows(ay_service *s, const ay_gallery *g, const ay_picture_filter *f, ay_arena *a, uint32_t **rows, size_t *n, ay_err *err);
/* `most` of them from `offset` on, into rows; *total: how many there are.  The order is kept while neither pictures nor marks change, so
 * page after page sorts once. */
ay_status ay_filter_page(ay_service *s, const ay_gallery *g, const ay_picture_filter *f, size_t offset, size_t most, uint32_t *rows, size_t *n,
                         size_t *total, ay_err *err);

/* What the groups of a data set say, from the feature that makes them.  Called with the galleries held for reading. */
typedef struct {
    /* in[i] = 1 for the items of a group; AY_ENOTFOUND. */
    ay_status (*mask)(ay_service *s, const ay_gallery *g, const char *cluster, uint8_t *in, ay_err *err);
    int64_t (*of)(ay_service *s, const ay_gallery *g, size_t row); /* its group's id; 0: none */
    uint64_t (*version)(ay_service *s, const ay_gallery *g);       /* another number when groups changed */
} ay_filter_groups;
int64_t ay_filter_group_of(ay_service *s, const ay_gallery *g, size_t row); /* its group's id; 0: none, or nobody says */
void ay_filter_set_groups(ay_service *s, const ay_filter_groups *groups); /* before anybody asks; static */

/* Whose opinions a filter is about: as ay_opinions_of() takes it; NULL: the active model's. */
const char *ay_filter_model(const ay_picture_filter *f);

/* Kept orders: service.c. */
ay_status ay_filter_open(ay_service *s, ay_err *err);
void ay_filter_close(ay_service *s);

#endif
