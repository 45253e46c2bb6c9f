/* service/words/expand_ask.c - one question over the network, and what its outcome is called. */
#include "service/words/expand_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "net/fetch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BODY_MOST = 64 << 10, KEY_REFUSED_S = 300 };

typedef struct {
    const ay_expand_settings *set;
    const atomic_bool *cancel;
    uint64_t deadline;
    ay_expand_outcome *out;
} asking;

static ay_expand_state __attribute__((format(printf, 3, 4)))
end(ay_expand_outcome *o, ay_expand_state state, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(o->reason, sizeof o->reason, fmt, ap);
    va_end(ap);
    return o->state = state;
}

/* For the operator, who may see what the endpoint said; the key may be in it. */
static void tell(const asking *k, const char *text)
{
    char words[1200];

    snprintf(words, sizeof words, "%s", text);
    ay_expand_redact(words, k->set->key);
    ay_log(AY_LOG_WARN, "expand", "%s%s%.900s", k->out->reason, *words ? ": " : "", words);
}

static void no_answer(asking *k, ay_status status, const ay_fetch_reply *r, const ay_err *err)
{
    if (status == AY_ECANCELLED)
        end(k->out, AY_EXPAND_DOWN, "the question was called off");
    else if (r->timed_out)
        end(k->out, AY_EXPAND_TIMEOUT, "the language model took longer than %d ms", k->set->timeout_ms);
    else if (status == AY_ELIMIT || status == AY_ECORRUPT)
        end(k->out, AY_EXPAND_BAD_ANSWER, "the endpoint's answer is too large, or no HTTP");
    else
        end(k->out, AY_EXPAND_DOWN, "the endpoint cannot be reached");
    if (status != AY_ECANCELLED)
        tell(k, err->msg);
}

static void refusal(asking *k, const ay_fetch_reply *r)
{
    ay_expand_outcome *o = k->out;

    o->at_once = r->status == 401 || r->status == 403 || r->status == 429 || r->retry_after >= 0;
    o->least_s = r->retry_after > 0 ? r->retry_after : 0;
    if (r->status == 401 || r->status == 403) {
        end(o, AY_EXPAND_REFUSED, "the endpoint does not take the key (%d)", r->status);
        o->least_s = KEY_REFUSED_S;
    } else if (r->status == 429)
        end(o, AY_EXPAND_LIMITED, "the endpoint wants fewer questions (429)");
    else if (r->status >= 500)
        end(o, AY_EXPAND_DOWN, "the endpoint has a problem of its own (%d)", r->status);
    else if (r->status == 404)
        end(o, AY_EXPAND_REFUSED, "the endpoint knows no such model, or no chat completions there (404)");
    else
        end(o, AY_EXPAND_REFUSED, "the endpoint does not take the question (%d)", r->status);
    tell(k, r->words);
}

/* Statuses with which endpoints say that they know no response_format of this kind. */
static bool is_about_format(int status)
{
    return status == 400 || status == 415 || status == 422 || status == 501;
}

/* *again: the endpoint may take the question in its plainer form. */
static void once(asking *k, const ay_buf *body, bool *again)
{
    char url[AY_FETCH_URL];
    uint64_t now = ay_clock_mono();
    int left = now < k->deadline ? (int)((k->deadline - now) / 1000000) : 0;
    ay_fetch_request q = {.url = url, .bearer = *k->set->key ? k->set->key : NULL, .body = body->data,
                          .body_size = body->len, .redirects = AY_FETCH_STAY, .cancel = k->cancel,
                          .connect_ms = left + 1, .timeout_ms = left + 1, .max_bytes = BODY_MOST};
    ay_fetch_reply reply;
    ay_buf answer = {0};
    ay_err err = {{0}};
    ay_status status;

    snprintf(url, sizeof url, "%s/chat/completions", k->set->url);
    status = ay_fetch_text(&q, &answer, &reply, &err);
    if (status != AY_OK)
        no_answer(k, status, &reply, &err);
    else if (*again && is_about_format(reply.status))
        goto out;
    else if (reply.status < 200 || reply.status >= 300)
        refusal(k, &reply);
    else if (ay_expand_answer_read(answer.data ? answer.data : "", answer.len, &k->out->text, &err) == AY_OK)
        end(k->out, AY_EXPAND_OK, "%s", "");
    else {
        end(k->out, AY_EXPAND_BAD_ANSWER, "the language model's answer is not what was asked for");
        tell(k, err.msg);
    }
    *again = false;
out:
    ay_buf_fini(&answer);
}

bool ay_expand_put_question(const ay_expand_settings *set, const ay_buf *body, const ay_buf *plainer,
                            const atomic_bool *cancel, ay_expand_outcome *out)
{
    asking k = {set, cancel, ay_clock_mono() + (uint64_t)set->timeout_ms * 1000000, out};
    bool again = plainer != NULL, second;

    *out = (ay_expand_outcome){.state = AY_EXPAND_DOWN};
    once(&k, body, &again);
    second = again;
    if (second) {
        again = false;
        once(&k, plainer, &again);
    }
    return second;
}
