/* train/history.h - the curves of a run, epoch by epoch, and the JSON they are kept in:
 *
 *   {"history": {"train_loss": [...], "val_loss", "val_accuracy", "val_f1", "learning_rate",
 *                "train_accuracy", "seconds", "body", "best"},
 *    "best_epoch": 7, "duration_seconds": 12.3, "timestamp": "2026-01-31T12:00:00Z"}
 *
 * The first five lists are those of the system it replaces.  Numbers are written so that reading
 * gives the same bits, since a resumed run goes on from them.  Threads: one. */
#ifndef AY_TRAIN_HISTORY_H
#define AY_TRAIN_HISTORY_H

#include "plot/plot.h"
#include "train/run.h"

#include <jansson.h>

typedef struct {
    ay_train_point *point; /* owned */
    int n, cap;
} ay_history;

ay_status ay_history_add(ay_history *h, const ay_train_point *p, ay_err *err);
void ay_history_fini(ay_history *h);
/* The lists alone; a new reference, NULL: no memory. */
json_t *ay_history_lists(const ay_history *h);
/* And back; h must be empty.  AY_ECORRUPT. */
ay_status ay_history_read(ay_history *h, const json_t *lists, ay_err *err);
/* The number (from 1) of the last epoch marked best; 0: none. */
int ay_history_best(const ay_history *h);
/* The whole document. */
json_t *ay_history_json(const ay_history *h, double seconds, const char *timestamp);
/* From the whole document or the lists alone, for a report made later: c's arrays lie in *room,
 * which the caller frees with ay_free(). */
ay_status ay_history_curves(const ay_history *h, ay_curves *c, double **room, ay_err *err);

#endif
