/* train/words_parts.h - what the files behind train/words.h share; for them only. */
#ifndef AY_TRAIN_WORDS_PARTS_H
#define AY_TRAIN_WORDS_PARTS_H

#include "train/corpus.h"
#include "train/hues.h"
#include "train/wordlist.h"
#include "train/words.h"

typedef struct {
    int entry; /* of the list */
    int class;
    int side; /* ay_split */
    double hue[AY_HUES];
} ay_words_item;

/* Pictures that were embedded: x [n, dim], unit rows. */
typedef struct {
    const ay_wordlist *list;
    ay_words_item *item;
    float *x;
    int n, dim, classes;
} ay_words_data;

/* The table: row of entry e at row + e * dim, unit length, when has[e]. */
typedef struct {
    double *row;
    bool *has;
    bool *colour; /* it is a colour */
} ay_words_table;

extern const double ay_words_colour_weight;

/* Fit to the side "train", without classes whose entry is left out (NULL: none is).  AY_EINVAL: too few. */
ay_status ay_words_fit(const ay_words_data *d, const bool *left_out, ay_words_table *t, ay_err *err);
void ay_words_table_fini(ay_words_table *t);

/* Scale and none on one side; the same questions in the same order every time. */
typedef struct {
    double scale, constant, cosine, log_labels;
} ay_words_tuning;
ay_status ay_words_tune(const ay_words_data *d, const ay_words_table *t, ay_words_tuning *out, ay_err *err);
ay_status ay_words_measure(const ay_words_data *d, const ay_words_table *t, const ay_words_tuning *tuning,
                           ay_words_result *r, ay_err *err);
/* Five fits without a fifth of the names each. */
ay_status ay_words_measure_unseen(const ay_words_data *d, ay_words_result *r, ay_err *err);

#endif
