/* service/words/omnizap.h - what the OmniZap classifier kept in MySQL comes over.
 *
 * Of its four tables (store/seed2.h)
 *
 *   clip_image_theme_feedback       its counts become verdicts (store/verdicts.h, ay_store_verdict_import):
 *                                   evenly between the row's two times.  Of a row with more than
 *                                   AY_OMNIZAP_VERDICTS so many come over in the same proportion, which weighs
 *                                   the same within a hundredth
 *   clip_llm_label_expansion_cache  answers go where the answers of our own language model are kept
 *                                   (service/words/expand.h), under the model that gave them; failures do not
 *   clip_image_embedding_cache      stay there: a vector says the name of its model and not which weights or
 *   clip_label_embedding_cache      preprocessing made it, and vectors of others are never compared; a
 *                                   picture's stands under a digest that a client claimed.  Both are made
 *                                   again when a picture or a label comes
 *
 * Digests of pictures are taken as they are there, since the pictures are not: a verdict counts when a picture
 * with that digest comes.
 *
 * Nothing is written there.  It can be stopped at any moment and started again: what is here already is known
 * and not added twice, so to do it again changes nothing, and after the old program went on only what is new
 * there is added.
 *
 * Threads: one at a time. */
#ifndef AY_SERVICE_OMNIZAP_H
#define AY_SERVICE_OMNIZAP_H

#include "service/service.h"

enum { AY_OMNIZAP_VERDICTS = 256, AY_OMNIZAP_TABLES = 4, AY_OMNIZAP_REASONS = 12 };

typedef struct {
    const char *why; /* lives as long as the program */
    int64_t rows;
} ay_omnizap_reason;

typedef struct {
    const char *name;
    int64_t rows;    /* there; -1: no such table, or the user may not see it */
    int64_t taken;   /* rows that added something */
    int64_t same;    /* rows that were here already */
    int64_t left;    /* rows left there, by reason: */
    ay_omnizap_reason reason[AY_OMNIZAP_REASONS];
    int nreasons;
} ay_omnizap_table;

typedef struct {
    ay_omnizap_table table[AY_OMNIZAP_TABLES]; /* in the order above, then labels and expansions */
    int64_t verdicts, verdicts_same; /* added; here already */
    int64_t folded;    /* rows of which fewer verdicts than counted came over */
    int64_t unnamed;   /* rows whose asset's name could not be kept and was dropped */
    int64_t undated;   /* rows without a time: now */
    int64_t done, total; /* rows */
} ay_omnizap_counts;

typedef struct {
    const char *url; /* mysql://...; NULL: of that program's environment, DB_HOST ... */
    bool dry;        /* count only; works while a server has the data folder */
    /* False: stop.  May be NULL.  What was added stays. */
    bool (*progress)(void *ctx, const ay_omnizap_counts *now);
    void *ctx;
} ay_omnizap_options;

/* AY_EINVAL: a wrong URL; AY_EIO: the database cannot be reached or read; AY_ENOTFOUND: none of the tables;
 * AY_ECORRUPT: one with other columns; AY_EBUSY: the data folder is a server's.  out says in any case what was
 * done before. */
ay_status ay_omnizap_import(ay_service *s, const ay_omnizap_options *o, ay_omnizap_counts *out, ay_err *err);

#endif
