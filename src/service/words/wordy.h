/* service/words/wordy.h - what a service that reads words keeps in memory.  For src/service only.
 *
 * The vectors of the newest classified pictures, so that one that comes again is not embedded again and
 * similar ones are found; filled from the store at the first question.
 *
 * Threads: lock guards the rows and loaded, and is never held while a network runs or a file of a model is read; pairing is
 * held while the reader opens, which takes seconds with a text tower, and guards what is found out then: that is written
 * before paired and read after it.  reader and dim change only with the encoder, guarded by `using`; the rest is not written
 * after opening. */
#ifndef AY_SERVICE_WORDY_H
#define AY_SERVICE_WORDY_H

#include "service/words/classify_words.h"
#include "service/internal.h"
#include "store/verdicts.h"

typedef struct {
    char sha256[AY_SHA256_HEX], asset[AY_ASSET_MAX + 1];
    uint64_t age; /* larger is newer */
} ay_wordy_row;

struct ay_wordy {
    ay_word_reader reader;
    ay_word_settings set;
    ay_arena arena; /* of the defaults */
    ay_labels defaults;
    ay_expand *expand; /* NULL: no server */
    pthread_mutex_t lock, pairing; /* neither inside the other */
    _Atomic bool reads; /* reader has something to read with */
    _Atomic uint64_t used; /* when it was last asked for, ay_clock_mono() */
    bool loaded;
    _Atomic bool paired;
    double scale;
    bool closed; /* the encoder knows a list of words only */
    ay_words_none none;
    ay_wordy_row *rows;
    float *vectors; /* cap * dim */
    int n, cap, dim;
    uint64_t clock;
};

ay_status ay_wordy_open(ay_service *s, const ay_service_options *o, ay_err *err);
void ay_wordy_close(ay_service *s);
/* Another encoder takes over: what was kept of the old one's vectors goes.  The caller holds `using` for writing. */
void ay_wordy_change(ay_service *s, const ay_word_reader *reader, int dim);

/* Does the encoder read words, and are they of the space that its pictures lie in?  Found out once.
 * AY_ECONFLICT with what to do. */
ay_status ay_wordy_pair(ay_service *s, ay_err *err);
/* n texts to unit vectors, n * dim floats.  AY_EINVAL: a text that cannot be; AY_ECONFLICT: a fault of the
 * model. */
ay_status ay_wordy_embed(ay_service *s, const char *const *texts, int n, float *dst, ay_err *err);

/* What goes wrong inside the reader is the model's fault: AY_ECONFLICT where status would say that what was
 * sent is not there, unknown or damaged. */
ay_status ay_wordy_fault(ay_status status, ay_err *err);

/* The kept vector of a picture into dst; false: none. */
bool ay_wordy_find(ay_wordy *w, const char *sha256, float *dst);
/* Keep one, in the store too.  A store that is away costs only that: it is tried again next time. */
void ay_wordy_keep(ay_service *s, const char *sha256, const char *asset, const float *v);
/* The most similar others, at most limit, with a cosine of threshold or more. */
ay_status ay_wordy_similar(ay_wordy *w, const char *sha256, const float *v, double threshold, int limit,
                           ay_arena *a, ay_word_similar **out, int *n, ay_err *err);
/* Fill from the store, once. */
ay_status ay_wordy_load(ay_service *s, ay_err *err);

#endif
