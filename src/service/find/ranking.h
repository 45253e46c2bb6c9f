/* service/find/ranking.h - vectors in the order in which they fit words, a picture, or both.
 *
 * Each part of a question gives every vector a score, and scores of words and of pictures are of different
 * size.  So each becomes a strength: 0 for what is usual, 1 for the least that this question's own cut-off
 * keeps (service/find/chance.h), before parts are put together:
 *
 *   words      cosine with the words' vector less the mean of neutral texts' vectors: what a picture has in
 *              common with any text ("a photo") says nothing about these words.  Less the median of all
 *              vectors', over the spread that a usual word has (a word to which all pictures are alike says
 *              little, and must not be blown up to what the others say)
 *   picture    cosine with the picture's vector, less half of what the stored picture has with any (service/find/chance.h)
 *   both       the mean of the two strengths: both weigh the same
 *   minus      the largest such number of the minus words, where it is above 0, is taken off, measured as the
 *              words are.  The minus word's direction is first freed of what it shares with the words:
 *              "bottle" without "plastic bottle" takes off what is plastic, not what is a bottle
 *
 * What is usual is learnt from all vectors, the answer comes from those that are included: a filter does
 * not change what is usual.  The score of an answer is 1 - 2^-strength: 0 as any picture, 0.5 where the
 * cut-off is, 1 the very picture.
 *
 * Every vector's score is computed from floats.  What a search gives could be had from bounds by codes (index/codes.h), with floats for the
 * sample that says what is usual and for what can be in the answer; that has not been built: where the cut-off ends depends on
 * how many scores lie above each, so bounds have to be carried through every step to give the same bits.
 *
 * Rejected: adding vectors (the picture's would drown the words': two pictures are more alike than any
 * picture and text); leaving out what matches a minus word (a cliff where there is a slope).
 *
 * Threads: pure functions, any thread. */
#ifndef AY_SERVICE_RANKING_H
#define AY_SERVICE_RANKING_H

#include "service/find/learn_chance.h"

#include <stdbool.h>

typedef struct {
    int dim;
    const float *words;   /* dim, unit; NULL: none */
    const float *neutral; /* dim, mean of neutral texts' vectors; NULL: none are known */
    const float *picture; /* dim, unit; NULL: none.  words or picture there must be */
    const float *minus;   /* nminus * dim, unit */
    int nminus;
    const ay_chance *of_words, *of_pictures; /* what chance does among these very vectors; NULL: taken as normal */
} ay_ranking_query;

typedef enum { AY_CUT_AUTO, AY_CUT_NONE, AY_CUT_SCORE } ay_cut_kind;
const char *ay_cut_kind_name(ay_cut_kind kind); /* "auto", "none", "score" */

/* Why the answer ends where it does. */
typedef enum {
    AY_CUT_EMPTY,   /* there was nothing to look at */
    AY_CUT_NOTHING, /* nothing stands out */
    AY_CUT_KEPT,    /* what stands out was kept */
    AY_CUT_FEW,     /* too few vectors to know what is usual: all are given */
    AY_CUT_OFF,     /* no cut-off was wanted */
    AY_CUT_UNKNOWN, /* the encoder knows none of the words */
    AY_CUT_REASONS
} ay_cut_reason;
const char *ay_cut_reason_name(ay_cut_reason reason); /* "empty", "kept" ... */

#define AY_CUT_USUAL 0.5 /* least score with AY_CUT_AUTO */
enum { AY_RANKING_FEW = 24 }; /* with fewer vectors nobody knows what is usual */

typedef struct {
    ay_cut_kind kind;
    double least; /* of scores, for AY_CUT_SCORE */
    int most;     /* entries wanted, 1.. */
    int first;    /* of the ranking, the number of the first entry wanted: 0 for the best */
    int threads;  /* 0: one a processor */
} ay_ranking_options;

typedef struct {
    size_t row;       /* counted through all blocks */
    float similarity; /* cosine with the words, with the picture, or the mean of both */
    float strength;
    double score;     /* 0..1 */
} ay_ranked;

typedef struct {
    ay_ranked *items; /* best first; in the caller's memory */
    int n;
    size_t total;                  /* entries there are before and behind the wanted ones, too */
    size_t considered, background; /* vectors included; all */
    double least;                  /* score in force; 0: none */
    double best;                   /* score of the best, kept or not; 0: there was none */
    ay_cut_reason reason;
} ay_ranking;

/* What the byte of a vector says. */
enum { AY_RANK_NOT, AY_RANK_YES, AY_RANK_SURE /* it is the very one: first, with score 1 */ };

/* include: NULL for all, or a byte for each vector.  items: room for options->most. */
ay_status ay_ranking_make(const ay_shelf *pool, const uint8_t *include, const ay_ranking_query *q,
                          const ay_ranking_options *options, ay_ranked *items, ay_ranking *out,
                          ay_err *err);

/* What of n texts' vectors is their own: freed of what is neutral (NULL: nothing is), unit length, zero
 * where nothing is left.  In place. */
void ay_ranking_own(float *vectors, int n, int dim, const float *neutral);

/* The ranking by words that say nothing to the encoder: there is none.  include: NULL, or n bytes. */
void ay_ranking_unknown(const uint8_t *include, size_t n, ay_ranking *out);

/* One sentence about reason, for people, into dst. */
void ay_ranking_tell(const ay_ranking *r, char *dst, size_t cap);

/* Texts that fit any picture.  Their mean is ay_ranking_query.neutral. */
extern const char *const ay_neutral_texts[];
extern const int ay_neutral_text_count;

#endif
