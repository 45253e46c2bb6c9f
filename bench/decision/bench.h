/* bench/decision/bench.h - what the files of bench/decision.c share.
 *
 * A source is a set of labelled pictures as vectors.  A gallery is drawn from it at random (seeded):
 * at most MOST_IN_GALLERY classes, some of them kept out, and so many pictures a class; what was not
 * taken are the questions.  Threads: none; a bench dies where a library would return an error. */
#ifndef AY_BENCH_DECISION_H
#define AY_BENCH_DECISION_H

#include "base/rng.h"
#include "service/calibrate.h"

#include <stdbool.h>

enum {
    MOST_SOURCES = 16,
    MOST_CLASSES = 40,    /* of a source; the first by name */
    MOST_A_CLASS = 100,   /* pictures; the first by name */
    MOST_IN_GALLERY = 10, /* classes, kept out ones not counted */
    KEPT_OUT = 2,
    QUESTIONS = 40,       /* a class and a draw, at most */
    STRANGERS = 40,       /* from each other source and a draw */
    MIXED = 0,            /* pictures a class: 2, 4, 8, 16 or 32 by chance */
};

typedef struct {
    char name[64];
    int n, dim, classes;
    int *label;
    float *v; /* n x dim, unit length */
} source;

typedef struct {
    source list[MOST_SOURCES];
    int n, repeats;
} bench;

/* One question and what is known of it. */
typedef struct {
    const float *v;
    int truth; /* class of the gallery; NEAR: of a class kept out; FAR: of another source */
} question;
enum { NEAR = -1, FAR = -2 };

typedef struct {
    const source *s;
    int n, nq, classes;
    int *label; /* of gallery rows, 0..classes-1 */
    int64_t *id;
    float *v, *scores;
    question *q;
    ay_tally *tally;
} gallery;

/* What the rules say to one question.  The vote's tally is in the gallery afterwards. */
enum { RULES = 5, NEAREST = 1, VOTE = 4 };
extern const char *const rule_names[RULES];

void die(const char *what, const char *why);
/* Embed a folder of folders with a model (NULL: the embedded one). */
void source_read(source *s, const char *folder, const char *model);
/* Unpack NAME.tar.zst of the data folder below build/sets once; the folder's path in dst. */
bool source_unpack(const char *data, const char *name, char dst[256]);

/* A table: a row for every source and number of pictures a class, and at the end the mean of the
 * sources.  `cells` has a letter for each number of a row: its decimals, or 'p' and 'b' for a number with
 * one decimal and, in brackets behind it, one without. */
enum { MOST_CELLS = 16 };
typedef struct {
    const char *head, *cells;
    int shots[8], nshots;
    void (*row)(gallery *g, const bench *b, int shots, double cell[MOST_CELLS]);
} table;
void table_print(const bench *b, const table *t);

void gallery_open(gallery *g, const bench *b, int which);
void gallery_close(gallery *g);
/* Draw; with kept_out, strangers from the kept out classes and from all other sources are asked too. */
void gallery_draw(gallery *g, const bench *b, int shots, int kept_out, ay_rng *rng);
void gallery_calibrate(const gallery *g, const ay_refusal *refusal, ay_calibration *cal);
void gallery_ask(gallery *g, const ay_calibration *cal, const question *q, int out[RULES]);
const char *shots_name(int shots); /* "10", "mixed" */

void table_accuracy(const bench *b);
void table_outcome(const bench *b);
void table_choice(const bench *b);
void table_planted(const bench *b);

#endif
