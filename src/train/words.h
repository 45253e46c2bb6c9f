/* train/words.h - words for an encoder that has no text tower, from the names of the classes it learnt from.
 *
 * With m_c the mean vector of class c's pictures, n_c their number, f_c the names that hold for it (its own and
 * everything that it is a kind of, train/wordlist.h), w_c = n_c / (n_c + 8), mu the mean of the m_c by w_c:
 *
 *   B         minimises  sum_c w_c |m_c - mu - sum of B over f_c|^2 + 0.3 |B|^2      one row a name
 *   S         covariance inside the classes + 0.3 * its mean variance * 1
 *   word      direction of S^-1 (sum of B over the word and everything that it is a kind of)
 *   colour    direction of S^-1 (slope of the vectors, less their class's mean, over the share of that
 *             colour in the picture (train/hues.h), less its class's mean)
 *
 * S^-1 makes the cosine of picture and word what linear discriminant analysis weighs.  The rows of names above
 * pull what has few pictures towards its kind, so "lime", with eight pictures, is a fruit first; a name
 * without pictures is where its kind is.
 *
 * Calibrated on the side "val", measured on the side "test" (engine/words_small.h says what the numbers do):
 *   scale     of the softmax: least log loss over sets of 2 to 50 labels, one of them right
 *   none      logistic regression on the largest cosine and ln n, the right label being there or not, half each
 *
 * Rejected: directions of the plain means (389 labels: 0.75 right and not 0.77), removing what a source's pictures have in
 * common.  Not tried: vectors trained by descent on the softmax.
 *
 * Threads: one call, which starts its own. */
#ifndef AY_TRAIN_WORDS_H
#define AY_TRAIN_WORDS_H

#include "base/err.h"

#include <stdatomic.h>
#include <stddef.h>

typedef struct {
    int each;    /* pictures of a class at most, of the side "train"; 0: 12 */
    int threads; /* 0: one a processor */
    void (*progress)(void *ctx, size_t done, size_t n); /* NULL: none */
    void (*note)(void *ctx, const char *line);          /* NULL: none */
    void *ctx;
    const atomic_bool *stop; /* NULL: never */
} ay_words_make_options;

/* One question: which of these labels?  Shares of pictures answered rightly. */
typedef struct {
    int pictures, labels;
    double all; /* among all labels */
    double ten; /* among ten, nine of them drawn at random */
} ay_words_score;

typedef struct {
    int pictures, lost; /* used; that could not be read */
    int classes;        /* with a name */
    int rows, names;    /* of the table; that lead to them */
    size_t bytes;       /* of both files */
    ay_words_score seen;
    ay_words_score unseen; /* five folds over names, each fitted without the classes called so; labels: of a fold */
    double readable;       /* the share of pictures of a fold whose name the others still explain */
    int coloured;          /* test pictures of which more than half has one colour */
    double colour;         /* right among "red X", "blue X" ... , X the picture's name; chance 1 / 8 */
    double scale, loss;    /* log loss over sets of 2 to 50 labels, on "test" */
    double ece;            /* of the best label's probability there, ten bins */
    double none_auroc, none_ece;
} ay_words_result;

/* encoder: its folder, into which words.safetensors and words.json are written (both whole, or neither).
 * pictures: a manifest with the sides train, val and test (train/manifest.h).  list: train/wordlist.h.
 * AY_EINVAL: no sides, or too few pictures. */
ay_status ay_words_make(const char *encoder, const char *pictures, const char *list,
                        const ay_words_make_options *o, ay_words_result *result, ay_err *err);

#endif
