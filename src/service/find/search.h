/* service/find/search.h - stored pictures found by words, by a picture, or by both.
 *
 * What is searched are the reference pictures of a data set, or of all of them.  How they are ordered, and
 * from where on an answer says "nothing", is service/find/ranking.h; nothing is kept of a question.
 *
 * A picture to search with may be one that is stored (then it is not among the answers), one that was
 * classified before (its vector is kept), or any other whose bytes are given.
 *
 * Rejected: searching classified pictures too (they are not kept: there would be nothing to show).
 *
 * Threads: any.  The galleries are held for reading while vectors are compared. */
#ifndef AY_SERVICE_SEARCH_H
#define AY_SERVICE_SEARCH_H

#include "service/find/question.h"
#include "service/library/filter.h"
#include "service/service.h"

enum { AY_FIND_USUAL = 24, AY_FIND_MOST = 10000 /* results at once */ };
#define AY_FIND_ALL "*" /* as a data set's name: all of them */

typedef struct {
    ay_question question;
    const char *sha256; /* of a picture that is known here; NULL or "": none */
    const void *bytes;  /* or a picture's; NULL: none.  Not both */
    size_t n;
    const char *dataset; /* NULL or "": the active one; AY_FIND_ALL */
    const char *klass;   /* NULL or "": all classes; a name or an id */
    int64_t since_us, until_us; /* when it was added; 0: no limit */
    const ay_picture_filter *filter; /* what else must hold (service/library/filter.h); its order means nothing.  NULL: nothing */
    int limit;                  /* 0: AY_FIND_USUAL; at most AY_FIND_MOST */
    int offset;                 /* of all that is found, the number of the first one wanted; past the end: none */
    ay_cut_kind cut;
    double least; /* for AY_CUT_SCORE: 0..1 */
} ay_find_request;

typedef struct {
    char sha256[AY_SHA256_HEX];
    const char *dataset, *file; /* file may be "" */
    int64_t class_id;
    const char *class_name;
    float similarity; /* cosine: with the words, with the picture, or the mean of both */
    double score;     /* 0..1 */
} ay_found;

typedef struct {
    ay_found *items; /* best first */
    int n, offset;
    size_t total;      /* found: what the cut-off lets through of what is considered */
    size_t considered; /* pictures that the filters leave */
    size_t waiting;    /* of the data sets searched, those that have no vector yet */
    ay_cut_kind cut;
    ay_cut_reason reason;
    double least, best;
    const char *text; /* reason as a sentence */
    const char **unknown; /* words that the encoder does not know */
    int nunknown;
    const ay_engine_info *model; /* that made the vectors; lives as long as the service */
    double embed_ms, search_ms;
} ay_find_answer;

/* AY_EINVAL: nothing to search with, or a field that cannot be; AY_ECONFLICT: words are asked for and the
 * encoder reads none, with what to do; AY_ENOTFOUND: no such picture, data set or class; else as
 * ay_scan_bytes(). */
ay_status ay_find_pictures(ay_service *s, const ay_find_request *q, ay_arena *a, ay_find_answer *out,
                           ay_err *err);

#endif
