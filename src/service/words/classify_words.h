/* service/words/classify_words.h - which of some words fits a picture, and what people said of such answers.
 *
 * Needs an encoder that reads words (ay_service_options.words): any text, or those of a list (service/words/sift.h).  A picture is embedded once: its vector
 * is kept under the digest of its bytes, which is computed here; the picture itself is not kept.  With a
 * theme, verdicts about this picture and that theme move the scores of related labels
 * (service/words/affinity.h).  How sensitive a picture is, is a score and never a block: the share of sensitive
 * texts against neutral ones, whatever labels were asked for.
 *
 * Verdicts name a picture by its digest.  One that this program has never computed itself is
 * AY_ENOTFOUND: a client cannot speak about pictures that were never here.
 *
 * Rejected: keeping classified pictures (clients keep theirs; a vector is enough to find similar ones);
 * refusing a picture whose client claims another digest (old clients send the digest of what they
 * converted it from): the answer says so.
 *
 * Threads: any. */
#ifndef AY_SERVICE_CLASSIFY_WORDS_H
#define AY_SERVICE_CLASSIFY_WORDS_H

#include "service/words/affinity.h"
#include "service/words/expand.h"
#include "service/words/labels.h"
#include "service/service.h"
#include "service/words/sift.h"
#include "service/words/word_settings.h"
#include "service/words/zeroshot.h"

enum { AY_TEMPLATES_MOST = 16, AY_VERDICTS_WEIGHED = 4096 };

struct ay_word_settings {
    const char *labels, *labels_path; /* the defaults as text, or in a file; "": the built-in ones */
    int max_labels, top;
    double entropy_most, normalized_most, nsfw_threshold;
    bool cache;    /* keep vectors of pictures */
    bool similar;  /* list similar pictures; needs cache */
    bool adaptive; /* let verdicts move scores */
    ay_affinity_rules affinity;
    double similar_threshold;
    int similar_limit, similar_scan; /* most listed; newest pictures compared with */
    ay_expand_settings expand;
};

const ay_word_settings *ay_service_word_settings(const ay_service *s);
const ay_labels *ay_service_default_labels(const ay_service *s);
bool ay_service_reads_words(const ay_service *s);

typedef struct {
    const void *bytes;
    size_t n;
    const char *labels;    /* as text (service/words/labels.h); NULL or "": the defaults */
    const char *templates; /* NULL, "" or "none": labels as they stand; "photo": one sentence around
                              them; "seven": the mean of seven; or a JSON array of texts with {} */
    const char *theme, *asset; /* NULL or "": none */
    const char *claimed;       /* the client's idea of the digest; NULL or "": none */
    const double *nsfw_threshold, *similar_threshold; /* NULL: as the settings say */
    int similar_limit;         /* 0: as the settings say; 1..100 */
    bool nsfw_by_label;        /* the score of the first sensitive label instead, as it was before */
    bool none;                 /* how likely is none of them? */
} ay_word_request;

typedef struct {
    char sha256[AY_SHA256_HEX];
    const char *asset; /* "" for none */
    const char *klass; /* its class where it is a reference picture too; NULL: it is none */
    double similarity;
} ay_word_similar;

typedef struct {
    ay_labels labels, sent; /* those that are scored, normalised; as the caller sent them (n 0: the
                               defaults are used) */
    ay_sifted sifted;       /* detail[i]: which words of labels.item[i] were ignored; unread: labels
                               without a known word, never scored; unknown: all such words */
    ay_zeroshot judged;     /* items in the arena; n 0: no label could be read, nothing is judged */
    double nsfw;            /* negative: the encoder knows nothing sensitive, so nobody can say */
    double nsfw_threshold;
    double none;            /* negative: not asked, or nothing is judged */
    const char *theme;      /* normalised; "" for none */
    bool theme_known;       /* the encoder knows a word of it; else verdicts about it move nothing */
    ay_evidence evidence;   /* about this picture and theme, as of now */
    double posterior, weight;
    ay_word_similar *similar; /* most similar first */
    int nsimilar;
    char sha256[AY_SHA256_HEX];
    bool claim_wrong;   /* the client claimed another digest */
    bool known;         /* the vector was kept from before */
    const char *mime;
    const ay_engine_info *model; /* that saw the picture; lives as long as the service */
    double total_ms;
} ay_word_answer;

/* What an answer comes to.  The one place that decides it: routes and the page only show it.
 *
 *   nothing known   no label could be read
 *   none            asked for, and none of the labels is as likely as any of them (AY_WORDS_NONE)
 *   ambiguous       ay_word_ambiguous(): the scores spread, or the first two are as good as even
 *   best            else */
typedef enum { AY_SAYS_BEST, AY_SAYS_AMBIGUOUS, AY_SAYS_NONE, AY_SAYS_NOTHING_KNOWN } ay_word_saying;
#define AY_WORDS_NONE 0.5
ay_word_saying ay_word_says(const ay_word_answer *w);
const char *ay_word_saying_name(ay_word_saying s); /* "best", "ambiguous", "none_of_these", "nothing_known" */
/* Nobody should act on the first label alone.  (The old /classify has judged.ambiguous, as it was.) */
bool ay_word_ambiguous(const ay_word_answer *w);

/* AY_ECONFLICT: the encoder reads no words, with what to do.  AY_EINVAL: labels, templates, theme or asset
 * that cannot be; an empty picture.  Else as ay_scan_bytes(). */
ay_status ay_classify_words(ay_service *s, const ay_word_request *q, ay_arena *a, ay_word_answer *out,
                            ay_err *err);

/* Ask the language model what the best labels of w stand for.  It may wait as long as the settings say, so
 * call it when nothing is held that others need.  wanted false, nothing judged, or expansion not set up:
 * AY_EXPAND_OFF.  Cannot fail (service/words/expand.h). */
void ay_expand_answer(ay_service *s, const ay_word_answer *w, bool wanted, ay_arena *a, ay_expansion *out);
bool ay_service_expands(const ay_service *s); /* is there a language model to ask? */
void ay_service_expand_counts(const ay_service *s, uint64_t counts[AY_EXPAND_STATES]);

/* ---- verdicts */
typedef struct {
    int64_t id; /* grows with time */
    char at[AY_RFC3339_SIZE];
    const char *sha256, *theme, *asset, *key;
    bool accepted;
} ay_word_verdict;

/* sha256 in any case, theme as it comes, asset and key may be NULL.  Durable when it answers AY_OK.
 * *again: the key was used for the same verdict; nothing was added.  AY_EINVAL: no digest, no theme;
 * AY_ENOTFOUND: no such picture was here; AY_ECONFLICT: the key was used for another verdict. */
ay_status ay_verdict_give(ay_service *s, const char *sha256, const char *theme, bool accepted,
                          const char *asset, const char *key, ay_arena *a, ay_word_verdict *out, bool *again,
                          ay_err *err);
/* Newest first; sha256 and theme NULL or "": all.  cursor as in ay_picture_list(); limit 1..1000. */
ay_status ay_verdicts_list(ay_service *s, const char *sha256, const char *theme, const char *cursor,
                           int limit, ay_arena *a, ay_word_verdict **out, size_t *n, const char **next,
                           ay_err *err);

#endif
