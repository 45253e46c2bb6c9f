/* service/find/chance.h - how good is the best of many by chance, and where does an answer end?  Arithmetic only.
 *
 * Somebody asks for "a blue bottle" among a hundred thousand pictures, and there is none.  The best of a
 * hundred thousand scores is high all the same.  What it has to be compared with is how high the best of
 * so many gets when nothing matches; and that is learnt by asking questions that match nothing:
 *
 *   a picture   each of a sample of stored pictures asks the pictures of all other classes; those of a class that has more
 *               than half of all do not ask, for too little is left to be asked (the unsorted of a library are such a class)
 *   words       each of some hundred everyday words (service/find/learn_chance.h) asks all pictures.  Some of
 *               them are there: so the better half of the words is not believed, and the rest is drawn out
 *               to what the best of all would be by a Gumbel distribution, the one that maxima have
 *
 * Some pictures are near to everything: small, dark, blurred ones, those in the middle.  They are what a search finds by
 * chance, for one question after the other.  So of a picture's cosine half of what the picture has with questions of other
 * classes is taken off before anything is compared (half of the correction of Lample et al., 2018, "Word translation without
 * parallel data", whose other half is the question's and does not change its order):
 *
 *   usual       the mean of the AY_CHANCE_NEAR best cosines that the picture has with the learnt questions of other classes.
 *               While learning, a question is not among those that it is judged by; beside a class of more than half neither are
 *               those of its class, of which the best alone counts
 *
 * From the scores of such questions:
 *
 *   gate        the score that the best of a question exceeds by chance in AY_CHANCE_ALARM of all questions.
 *               A question whose best is below has no answer
 *   expected    how many pictures with a score of s or more a question has by chance, in the mean
 *   floor       what AY_CHANCE_FLOOR of the pairs of one class are below: less is no answer
 *   the end     below the gate an answer goes on as long as the pictures there by chance are at most
 *               AY_CHANCE_WRONG of what is given (Benjamini and Hochberg, 1995, with counted chances)
 *
 * Where there is nothing to learn from (few words known, no classes) chances are those of a normal
 * distribution about the median, its spread measured below the median, where no matches are (Efron, 2004).
 *
 * Measured: bench/search_cut.md.  Rejected: a fixed cosine (differs by model and by question); normal tails
 * throughout (a picture that is unlike everything stored found something in 34 to 85 % of the searches);
 * further gates for the 4th, 16th and 64th best, so that a crowd passes where one alone would not (each takes
 * its share of the alarms, and on the measured sets more was lost at the first than won at the others); asking again
 * with the mean of what was found (recall 0.06 to 0.11 higher, and 0.01 of it wrong).
 *
 * Threads: pure functions; one ay_chance may be read by many threads. */
#ifndef AY_SERVICE_CHANCE_H
#define AY_SERVICE_CHANCE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AY_CHANCE_ALARM 0.10 /* share of questions without a match that find something */
#define AY_CHANCE_WRONG 0.10 /* share of an answer that is there by chance */
#define AY_CHANCE_FLOOR 0.02
#define AY_CHANCE_OFF 0.5 /* so much of what is usual is taken off */

enum {
    AY_CHANCE_BINS = 4096,
    AY_CHANCE_NEAR = 10,
    AY_CHANCE_LEAST = 20,      /* questions to learn from; fewer teach nothing */
    AY_CHANCE_QUESTIONS = 512, /* at most */
    AY_BACKGROUND_SAMPLE = 4096 /* scores looked at, evenly chosen */
};

typedef struct {
    double centre, spread; /* median; spread of what is below it, above 0 */
    double narrow; /* the least spread that the scores allow: where both ends may hold what is special */
} ay_background;

/* Of n >= 1 finite scores. */
ay_status ay_background_of(const float *scores, size_t n, ay_background *out, ay_err *err);

/* n scores become z in place: less their median, over scale; scale 0: over their own spread, narrow: the
 * least. */
ay_status ay_standardise(float *scores, size_t n, double scale, bool narrow, ay_err *err);

/* The share of a normal distribution above z. */
double ay_normal_tail(double z);

typedef struct {
    size_t n;                 /* scores that each question had */
    bool learnt;              /* else chances are normal */
    double gate;              /* of what is learnt */
    double floor;             /* what is below is no answer, whatever is expected */
    double low, high;         /* of the bins */
    float *expected;          /* AY_CHANCE_BINS: how many at the bin's lower end or above; owned; NULL: none */
    double centre, spread;    /* of a normal distribution */
    double scale;             /* of words: the spread of a usual question; 0: each question's own */
    float *usual;             /* of pictures: one for each of n vectors, in their order; owned; NULL: nothing is taken off */
} ay_chance;

/* What is taken off the cosine with vector row before it is a score; 0: nothing. */
static inline double ay_chance_off(const ay_chance *c, size_t row)
{
    return c->usual ? AY_CHANCE_OFF * (double)c->usual[row] : 0;
}

/* Learning: begin, a call for each question, end.  Scores from low to high. */
typedef struct ay_lessons ay_lessons;
ay_status ay_lessons_begin(ay_lessons **out, double low, double high, ay_err *err);
/* The scores of one question.  hidden: NULL, or what each of them is: by chance; of a match, which only
 * helps to know how matches score; or the question itself. */
enum { AY_LESSON_CHANCE, AY_LESSON_MATCH, AY_LESSON_SELF };
void ay_lessons_add(ay_lessons *l, const float *scores, const uint8_t *hidden, size_t n);
int ay_lessons_count(const ay_lessons *l);
void ay_lessons_drop(ay_lessons *l); /* NULL is fine */
/* clean: none of the questions had a match; else half of them are not believed.  Frees l.  out must be given to
 * ay_chance_fini(). */
ay_status ay_lessons_end(ay_lessons *l, bool clean, ay_chance *out, ay_err *err);
/* One class only: the gate is what all but AY_CHANCE_ALARM of the pictures reach with another one. */
void ay_lessons_end_known(ay_lessons *l, ay_chance *out);
void ay_chance_normal(ay_chance *out, const ay_background *b, size_t n);
void ay_chance_fini(ay_chance *c);

/* How many of n pictures have a score of s or more by chance. */
double ay_chance_expected(const ay_chance *c, double s, size_t n);
/* The least score of an answer; *passed: there is one, else it is the score that would have been needed.
 * include as in service/find/ranking.h, n scores. */
ay_status ay_chance_cut(const ay_chance *c, const float *scores, const uint8_t *include, size_t n,
                        double *least, bool *passed, ay_err *err);

#endif
