/* service/library/review.h - what a person should look at next, why, and what the answers have brought.
 *
 * Questions are about a data set that is being taught (the library, when none is named) and two kinds of pictures: those of the
 * library that are in no class yet, and those of the data set whose class its other pictures doubt.  Each question has
 * one reason (review_rank.h) and what the program knows: the neighbours' vote (as in a scan), what the words of the classes' names
 * say where the encoder reads them, what a trained model said when it was asked.
 *
 * Every answer teaches at once: the picture goes to the class that the answer names, and the next question is made from what is
 * known then.  Before that it is noted what the program would have said, and how well it does on what it was taught (each picture
 * left out in turn), so that ay_review_progress() can show what the answers have brought: how often its guess was right when a person
 * answered is an honest measure, as every question was new to it, and a hard one, as it asks what it doubts.
 *
 * More pictures than can be compared within WORK cosines: an even selection of them is looked at, another one each day.
 *
 * Threads: any. */
#ifndef AY_SERVICE_REVIEW_H
#define AY_SERVICE_REVIEW_H

#include "service/library/review_rank.h"
#include "service/service.h"

enum { AY_REVIEW_MOST = 100, AY_REVIEW_COPIES = 50 /* named beside a question */, AY_REVIEW_GUESSES = 3 };

typedef struct {
    const char *label;
    double share; /* of the vote */
} ay_review_guess;

typedef struct {
    char sha256[AY_SHA256_HEX];
    const char *file;
    bool taught;             /* it is in the data set, under label */
    const char *label;       /* NULL: in no class */
    ay_review_why why;
    double value;            /* 0..1: how much an answer teaches */
    ay_review_guess guess[AY_REVIEW_GUESSES];
    int nguess;
    char like_sha256[AY_SHA256_HEX]; /* the nearest taught picture; "" when there is none */
    const char *like_label;          /* its class; NULL */
    float similarity;                /* to it */
    const char *words, *model;       /* what the words and the trained model say; NULL: nothing */
    char (*copies)[AY_SHA256_HEX];   /* as good as the same */
    int ncopies;
    int64_t stands_for;              /* FIRST, NEW: how many are like it; else 1 + copies */
} ay_review_item;

typedef struct {
    const char *dataset;
    ay_review_item *items;
    size_t n;
    int64_t waiting;         /* pictures of the library without a class that are not in the data set, skipped ones left out */
    int64_t looked_at;       /* of these and the data set's own */
    int64_t classes, taught; /* of the data set; pictures in them with a vector */
    int64_t checked, right;  /* each taught picture left out in turn */
    int64_t answered;
} ay_review;

/* At most limit (1..AY_REVIEW_MOST) questions, best first. */
ay_status ay_review_queue(ay_service *s, const char *dataset, int limit, ay_arena *a, ay_review *out, ay_err *err);

typedef struct {
    const char *dataset;
    const char *sha256;
    const char *answer; /* "class": it is label; "right": its class is right; "skip"; "delete" */
    const char *label;  /* of "class": a class's name, made where it is missing */
    const char *why;    /* of the question; "" when it is not known */
    const char *const *copies; /* that get the same answer; at most AY_REVIEW_COPIES */
    int ncopies;
} ay_review_answer;

/* AY_ENOTFOUND: no such picture or data set; AY_EINVAL: an answer that is none.  *changed: pictures that moved.  One token undoes
 * all of it; "" when there is nothing to undo. */
ay_status ay_review_give(ay_service *s, const ay_review_answer *in, char undo[AY_UNDO_SIZE], int64_t *changed, ay_err *err);

typedef struct {
    int64_t answers;        /* given until then, skipped ones left out */
    int64_t guessed, right; /* of those to which the program had a guess: how many it had right */
    double recent;          /* the same share over the last 20; -1: none */
    double accuracy;        /* each taught picture left out in turn, before the answer; -1: nothing to check */
    char at[AY_RFC3339_SIZE];
} ay_review_point;

/* Oldest first, at most `most` points, evenly chosen with the first and the last among them; *now: as of now. */
ay_status ay_review_progress(ay_service *s, const char *dataset, int most, ay_arena *a, ay_review_point **out, size_t *n, ay_err *err);

#endif
