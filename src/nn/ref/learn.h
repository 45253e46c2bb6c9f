/* nn/ref/learn.h - the training part of the plain back end, for its table in ref.c. */
#ifndef AY_NN_REF_LEARN_H
#define AY_NN_REF_LEARN_H

#include "nn/backend.h"

ay_status ay_ref_learn_compile(ay_learn *l, ay_err *err);
ay_status ay_ref_learn_forward(ay_learn *l, uint64_t step, uint64_t *ns, ay_err *err);
ay_status ay_ref_learn_backward(ay_learn *l, bool add, uint64_t *ns, ay_err *err);
void ay_ref_learn_describe(const ay_learn *l, int step, ay_buf *out);
void ay_ref_learn_destroy(ay_learn *l);

#endif
