/* service/scan.h - the decision: which class does this picture show, and how sure is that?
 *
 * Two methods.  "mean" is the first scanner's formula to the letter: a class's score is the mean
 * cosine to its pictures, the best mean wins, the reference is the single most similar picture even
 * when it is of another class, nothing is ever refused.  "auto" is the default; how it decides, and
 * the measurements that chose it, are in doc/decision.md. */
#ifndef AY_SERVICE_SCAN_H
#define AY_SERVICE_SCAN_H

#include "service/service.h"

typedef enum { AY_SCAN_MATCH, AY_SCAN_NO_MATCH, AY_SCAN_AMBIGUOUS, AY_SCAN_NO_DATASET } ay_scan_status;
const char *ay_scan_status_name(ay_scan_status status); /* "match", "no_match"... */

typedef struct {
    const char *dataset; /* NULL: the active one */
    const char *method;  /* NULL: "auto"; "mean"; else AY_EINVAL */
    int top;             /* matches and classes reported; 0: 3; at most 50 */
    bool skip_quality;   /* leave quality zero */
} ay_scan_options;

typedef struct {
    char sha256[AY_SHA256_HEX];
    const char *file;
    int64_t class_id;
    const char *class_name;
    float similarity; /* cosine */
} ay_scan_match;

typedef struct {
    int64_t id;
    const char *name;
    float score;     /* what the method orders by; "mean": = mean; "auto": share of the vote, 0..1 */
    float mean, max; /* cosines; 0 for a class without pictures */
    int64_t samples;
} ay_scan_class;

/* What a photographer would say about the picture.  hint_code: "too_dark", "too_bright",
 * "low_contrast", "blurred" or NULL. */
typedef struct {
    float sharpness;  /* see service/quality.h; below 1 is blurred */
    float brightness; /* mean luma, 0..1 */
    float contrast;   /* standard deviation of luma, 0..0.5 */
    const char *hint_code;
    const char *hint; /* the same as a plain sentence; NULL when none */
} ay_quality;

typedef struct {
    ay_scan_status status;
    const char *label; /* the class's name; NULL unless match or ambiguous (then the likelier one) */
    int64_t class_id;  /* 0 without label */
    float score;       /* the similarity that the decision rests on, -1..1 */
    float probability; /* that the label is right, from leave-one-out; negative: not known */
    float threshold;   /* least score for a match; 0 with "mean" */
    float margin;      /* lead of the first class over the second, in the method's score */
    bool has_reference;
    ay_scan_match reference; /* the most similar picture; of the label's class unless method "mean" */
    ay_scan_match *matches;  /* most similar pictures, best first */
    size_t nmatches;
    ay_scan_class *classes; /* best first; with "mean" empty classes too */
    size_t nclasses;
    const char *message;      /* one plain English sentence */
    const char *message_code; /* "match", "match_few", "match_stored", "mean", "no_match_far", "ambiguous_two",
                                 "ambiguous_reference", "no_dataset" */
    const char *arg_first, *arg_second; /* class names in the sentence; NULL when it has none */
    const char *dataset, *method;
    const ay_engine_info *model; /* that saw the picture; lives as long as the service */
    char sha256[AY_SHA256_HEX]; /* of the scanned bytes; "" when an image was given */
    int width, height;
    ay_quality quality;
    double decode_ms, embed_ms, search_ms, total_ms;
} ay_decision;

/* Scan a picture file's bytes.  Errors as ay_picture_add(); an empty data set is not an error but
 * AY_SCAN_NO_DATASET.  o may be NULL. */
ay_status ay_scan_bytes(ay_service *s, const void *bytes, size_t n, const ay_scan_options *o,
                        ay_arena *a, ay_decision *out, ay_err *err);
/* Scan a decoded picture. */
ay_status ay_scan_image(ay_service *s, const ay_image *im, const ay_scan_options *o, ay_arena *a,
                        ay_decision *out, ay_err *err);

#endif
