/* store/seed2.h - read what the OmniZap CLIP classifier kept in MySQL: its four tables, as they are.
 *
 *     clip_image_theme_feedback        how often a picture was accepted under a theme
 *     clip_image_embedding_cache       a picture's vector of some model
 *     clip_label_embedding_cache       a label's vector of some model
 *     clip_llm_label_expansion_cache   what a language model made of some labels
 *
 * Nothing is written there.  What is read is not trusted: that program took digests from its clients, kept
 * failed expansions for ever, and an interrupted write may have left a vector of the wrong size.  A row
 * that cannot be right is counted as refused, with the reason of the first one, and not handed on.
 *
 * A table that is absent is no error: they were made when first needed.  NULL is read as nothing: no
 * time, no name, no vector.  Text is what the server makes UTF-8 of; what was stored under a false character
 * set stays as wrong as it is there.  Threads: any; the visitor's
 * functions are called on the caller's. */
#ifndef AY_STORE_SEED2_H
#define AY_STORE_SEED2_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Strings and vectors are borrowed for the call; asset is "" when there is none. */
typedef struct {
    const char *sha256, *theme, *asset; /* sha256: 64 lower-case hex digits */
    int64_t accepted, total;            /* 0 <= accepted <= total, total > 0 */
    int64_t created_us, updated_us;     /* 0 when not known */
} ay_seed2_feedback;

typedef struct {
    const char *sha256; /* of a picture; NULL for a label */
    const char *label;  /* NULL for a picture */
    const char *model, *asset;
    const float *data; /* unit length within 1 % */
    int dim;
    int64_t created_us, updated_us;
} ay_seed2_vector;

typedef struct {
    const char *key;    /* SHA-256 of the question */
    const char *model;  /* of the language model */
    const char *labels, *expansion; /* JSON texts, as they were kept */
    int64_t created_us, updated_us;
} ay_seed2_expansion;

/* NULL: that table is not read.  Non-OK ends the reading with that status; the next statement is sent when a
 * function returns, and the server waits for one that takes its time.
 *
 *   table     before a table's rows, in the order above; rows is -1 when it is not there.  All four are told
 *             of, read or not
 *   refused   a row that is not handed on, why: one of a few texts that live as long as the program */
typedef struct {
    ay_status (*table)(void *ctx, const char *name, int64_t rows, ay_err *err);
    void (*refused)(void *ctx, const char *why);
    ay_status (*feedback)(void *ctx, const ay_seed2_feedback *f, ay_err *err);
    ay_status (*vector)(void *ctx, const ay_seed2_vector *v, ay_err *err);
    ay_status (*expansion)(void *ctx, const ay_seed2_expansion *e, ay_err *err);
    void *ctx;
} ay_seed2_visitor;

typedef struct {
    int64_t feedback, images, labels, expansions; /* handed on */
    int64_t refused;
    int tables;    /* of the four, how many are there */
    char why[160]; /* the first refusal's reason; "" for none */
} ay_seed2_counts;

/* url: as for a store (store/store.h); a statement may take as long as it takes unless it has a timeout=.
 * AY_ENOTFOUND: none of the tables is there, or none that the user may see.  AY_ECORRUPT: a table has other
 * columns. */
ay_status ay_seed2_read(const char *url, const ay_seed2_visitor *v, ay_seed2_counts *out, ay_err *err);
/* The URL that the program's own environment describes: DB_HOST, DB_PORT (3306), DB_USER, DB_PASSWORD,
 * DB_NAME, which gets "_prod" at its end when NODE_ENV is "production", else "_dev", unless it has one
 * of the two.  AY_EINVAL when host, user or name is empty. */
ay_status ay_seed2_url(ay_buf *out, ay_err *err);

#endif
