/* service/learn/reason.h - why a trained model said what it said, and how far its answer can be trusted.
 *
 *   heat    the stored picture under a map of where the network looked
 *   doubt   passes with dropout kept on: how far the answers spread, and how much of the doubt is the
 *           model's own (more examples cure that) and not the picture's
 *   views   the mean of five views of the picture
 *
 * These cost ten to a hundred times an answer, so they are admitted: AY_REASONS requests at a time,
 * the next is AY_EBUSY at once, never a queue that fills the server's workers.  The admitted take
 * turns, for the network that explains (train/why.h: float32, with gradients) is one and serves one at
 * a time; it stays open for the model asked last.
 *
 * Rejected: asking in the background and polling.  An explanation takes a second, and nobody wants one
 * that comes later.
 *
 * Threads: any. */
#ifndef AY_SERVICE_REASON_H
#define AY_SERVICE_REASON_H

#include "service/learn/predict.h"

enum { AY_REASONS = 3, AY_PASSES_LEAST = 2, AY_PASSES_MOST = 100, AY_PASSES_USUAL = 20 };

/* Come in, or AY_EBUSY.  Who came in leaves again. */
ay_status ay_reason_enter(ay_service *s, ay_err *err);
void ay_reason_leave(ay_service *s);

/* Where the model of answer a (from the record) looks in a's picture when it thinks of label; NULL or
 * "": of a's label.  png is appended to: the picture under the map, its longer side at most 1024.
 *   AY_EBUSY      too many ask just now
 *   AY_ENOTFOUND  the model has no such class or was deleted, or the picture is gone
 *   AY_ECONFLICT  its network has neither a map nor attention */
ay_status ay_reason_heat(ay_service *s, const ay_answer *a, const char *label, ay_buf *png,
                         ay_err *err);

/* A second look at a stored answer.  doubt.passes is 0 when the network has no dropout. */
typedef struct {
    ay_doubt doubt;
    ay_answer views; /* label, probability, status, top: of the mean of the five */
} ay_second_look;
/* Errors as ay_reason_heat(). */
ay_status ay_reason_look(ay_service *s, const ay_answer *a, int passes, ay_arena *arena,
                         ay_second_look *out, ay_err *err);

#endif
