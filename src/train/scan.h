/* train/scan.h - inside the corpus: read every listed file once, on all processors.
 *
 * A result is a function of its file alone, so that neither the number of threads nor their order
 * shows in a corpus.
 * Threads: ay_scan_files() starts and joins its own. */
#ifndef AY_TRAIN_SCAN_H
#define AY_TRAIN_SCAN_H

#include "train/corpus.h"
#include "train/neardup.h"

typedef enum {
    AY_SCAN_GOOD,
    AY_SCAN_BAD,  /* should be a picture and is not one that can be read: reason says why */
    AY_SCAN_OTHER /* never claimed to be a picture */
} ay_scan_verdict;

typedef struct {
    ay_scan_verdict verdict;
    int width, height;
    char digest[AY_SHA256_HEX];
    ay_print *print; /* heap; NULL unless GOOD and near copies are looked for */
    uint64_t phash;
    char *reason; /* heap; BAD only */
} ay_scanned;

/* results[n], zeroed by the caller, freed with ay_scan_fini() also after a failure.
 * AY_ENOMEM, AY_ECANCELLED; a bad file is a result and no failure. */
ay_status ay_scan_files(const ay_corpus_entry *entries, size_t n, const ay_corpus_options *o,
                        ay_scanned *results, ay_err *err);
void ay_scan_fini(ay_scanned *results, size_t n);
/* Does the name end like a picture's? */
bool ay_scan_named_picture(const char *path);

#endif
