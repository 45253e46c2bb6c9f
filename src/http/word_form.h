/* http/word_form.h - what the routes that classify by words have in common: the form, and the judging.
 * Threads: any. */
#ifndef AY_HTTP_WORD_FORM_H
#define AY_HTTP_WORD_FORM_H

#include "http/request.h"
#include "service/words/classify_words.h"

/* A field that is true or false, in a form or in JSON; usual when it is absent. */
ay_status ay_h_yes_no(const ay_request *rq, const char *name, bool usual, bool *out, ay_err *err);

/* Read the form of a request with one picture, wait at the gate and classify; then, with nothing held, ask
 * for an expansion.  *u is the picture; the answers live as long as the request.  AY_EINVAL also for what the
 * form says wrongly. */
ay_status ay_h_classify_form(ay_request *rq, const ay_upload **u, ay_word_answer *out, ay_expansion *more,
                             ay_err *err);

/* What a language model made of the labels, whatever happened. */
json_t *ay_view_expansion(const ay_expansion *e);
json_t *ay_view_expand_lists(const ay_expansion *e);
/* Whether it was asked: "enabled", "entropy_gate", "margin_gate", "disabled". */
const char *ay_view_expand_gate(const ay_expansion *e);

json_t *ay_view_strings(const char *const *list, int n);

#endif
