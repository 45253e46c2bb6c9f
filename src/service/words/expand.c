#include "service/words/expand_parts.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "net/fetch.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { KEY_BYTES = 400, URL_BYTES = 2000 };

/* One question.  Held by the thread that asks and by all who wait for it; the last one frees it. */
typedef struct {
    char key[AY_SHA256_HEX];
    ay_buf body, plainer; /* plainer: empty when the endpoint's taste is known */
    ay_expand_outcome out; /* not written after done */
    bool done, taken;
    int holders;
} question;

struct ay_expand {
    ay_expand_settings set; /* strings are owned */
    char *strings[5];
    bool on, shelf_read;
    char *folder;
    atomic_ullong said[AY_EXPAND_STATES];
    uint64_t (*clock)(void);
    atomic_bool cancel;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    question *under_way[AY_EXPAND_CALLS]; /* NULL: free */
    pthread_t thread[AY_EXPAND_CALLS];
    int nthreads, waiting;
    bool stop;
    bool plain; /* the endpoint takes no schema */
    ay_expand_shelf shelf;
    ay_expand_budget budget;
    ay_expand_breaker breaker;
};

const char *ay_expand_word(ay_expand_state state)
{
    static const char *const words[AY_EXPAND_STATES] = {
        [AY_EXPAND_OFF] = "off",           [AY_EXPAND_UNSURE] = "gated",
        [AY_EXPAND_CLOSE] = "gated",       [AY_EXPAND_OK] = "ok",
        [AY_EXPAND_KEPT_ONE] = "cached",   [AY_EXPAND_TIMEOUT] = "timeout",
        [AY_EXPAND_BUSY] = "busy",         [AY_EXPAND_BUDGET] = "budget",
        [AY_EXPAND_BREAKER] = "breaker",   [AY_EXPAND_LIMITED] = "rate_limited",
        [AY_EXPAND_REFUSED] = "refused",   [AY_EXPAND_DOWN] = "down",
        [AY_EXPAND_BAD_ANSWER] = "bad_answer"};

    return words[state];
}

bool ay_expand_used(const ay_expansion *e)
{
    return e->state == AY_EXPAND_OK || e->state == AY_EXPAND_KEPT_ONE;
}

bool ay_expand_is_on(const ay_expand *x)
{
    return x && x->on;
}

/* ---- settings */

static ay_status own(ay_expand *x, int i, const char **text, ay_err *err)
{
    x->strings[i] = ay_strdup(*text ? *text : "");
    *text = x->strings[i];
    return *text ? AY_OK : ay_fail(err, AY_ENOMEM, "the settings of label expansion");
}

/* The key's own text never comes into a message. */
static ay_status check_key(const char *key, const char *where, ay_err *err)
{
    for (const char *c = key; *c; c++)
        if (*c <= ' ' || *c > '~' || c - key >= KEY_BYTES)
            return ay_fail(err, AY_EINVAL, "%s holds something that is no key: one has at most %d printable "
                           "characters and no blanks", where, KEY_BYTES);
    return AY_OK;
}

static ay_status read_key_file(ay_expand *x, ay_err *err)
{
    ay_buf text = {0};
    ay_status status = ay_file_read(x->set.key_file, 64 << 10, &text, err);

    if (status == AY_OK && text.len > 0) {
        text.data[strcspn(text.data, "\n")] = '\0';
        ay_free(x->strings[3]);
        x->strings[3] = ay_strdup(ay_str_trim(text.data));
        x->set.key = x->strings[3];
        status = x->set.key ? check_key(x->set.key, "the file of OPENAI_API_KEY_FILE", err)
                            : ay_fail(err, AY_ENOMEM, "reading a key");
    } else if (status != AY_OK)
        ay_err_wrap(err, "OPENAI_API_KEY_FILE");
    else
        status = ay_fail(err, AY_EINVAL, "OPENAI_API_KEY_FILE: %s is empty", x->set.key_file);
    ay_buf_fini(&text);
    return status == AY_ENOTFOUND || status == AY_ELIMIT ? AY_EINVAL : status;
}

static ay_status check_url(ay_expand *x, ay_err *err)
{
    char *url = x->strings[1];
    size_t n = strlen(url);

    while (n > 0 && url[n - 1] == '/')
        url[--n] = '\0';
    if (n > URL_BYTES || strpbrk(url, "?#") || !ay_fetch_url_valid(url))
        return ay_fail(err, AY_EINVAL, "OPENAI_BASE_URL must be an http or https address without user, '?' and "
                       "'#', such as %s", AY_EXPAND_URL);
    return AY_OK;
}

/* Would the key travel readable over a network? */
static bool is_open_road(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 && strncmp(url + 7, "127.", 4) != 0 &&
           strncmp(url + 7, "[::1]", 5) != 0 && strncasecmp(url + 7, "localhost", 9) != 0;
}

static ay_status take_settings(ay_expand *x, const ay_expand_settings *set, ay_err *err)
{
    ay_status status;

    x->set = *set;
    status = own(x, 0, &x->set.model, err);
    if (status == AY_OK)
        status = own(x, 1, &x->set.url, err);
    if (status == AY_OK)
        status = own(x, 2, &x->set.key_file, err);
    if (status == AY_OK)
        status = own(x, 3, &x->set.key, err);
    if (status == AY_OK)
        status = own(x, 4, &x->set.format, err);
    if (status != AY_OK || !x->set.on)
        return status;
    status = check_url(x, err);
    if (status == AY_OK && *x->set.key)
        status = check_key(x->set.key, "OPENAI_API_KEY", err);
    else if (status == AY_OK && *x->set.key_file)
        status = read_key_file(x, err);
    x->on = *x->set.key || strcmp(x->set.url, AY_EXPAND_URL) != 0;
    x->plain = strcmp(x->set.format, "json_object") == 0;
    return status;
}

ay_status ay_expand_open(ay_expand **out, const ay_expand_options *o, ay_err *err)
{
    ay_expand *x = ay_calloc(1, sizeof *x);
    pthread_condattr_t attr;
    ay_status status;

    *out = NULL;
    if (!x)
        return ay_fail(err, AY_ENOMEM, "label expansion");
    pthread_mutex_init(&x->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&x->changed, &attr);
    pthread_condattr_destroy(&attr);
    x->clock = o->clock ? o->clock : ay_clock_mono;
    status = take_settings(x, &o->set, err);
    if (status == AY_OK)
        status = ay_expand_budget_init(&x->budget, o->set.budget > 0 ? o->set.budget : 1, err);
    if (status == AY_OK && o->folder && !(x->folder = ay_strdup(o->folder)))
        status = ay_fail(err, AY_ENOMEM, "label expansion");
    if (status != AY_OK) {
        ay_expand_close(x);
        return status;
    }
    if (x->on)
        ay_log(AY_LOG_INFO, "expand", "the best labels go to %s at %s, at most %d times an hour", x->set.model,
               x->set.url, x->set.budget);
    if (x->on && *x->set.key && is_open_road(x->set.url))
        ay_log(AY_LOG_WARN, "expand", "the key goes to %s without encryption; https would hide it", x->set.url);
    *out = x;
    return AY_OK;
}

/* ---- questions; all with the lock held unless said */

static void let_go(question *q)
{
    if (--q->holders > 0)
        return;
    ay_buf_fini(&q->body);
    ay_buf_fini(&q->plainer);
    ay_buf_fini(&q->out.text);
    ay_free(q);
}

void ay_expand_close(ay_expand *x)
{
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    x->stop = true;
    atomic_store(&x->cancel, true);
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->lock);
    for (int i = 0; i < x->nthreads; i++)
        pthread_join(x->thread[i], NULL);
    for (int i = 0; i < AY_EXPAND_CALLS; i++)
        if (x->under_way[i])
            let_go(x->under_way[i]);
    ay_expand_shelf_fini(&x->shelf);
    ay_expand_budget_fini(&x->budget);
    pthread_cond_destroy(&x->changed);
    pthread_mutex_destroy(&x->lock);
    for (int i = 0; i < 5; i++)
        ay_free(x->strings[i]);
    ay_free(x->folder);
    ay_free(x);
}

/* What an outcome means for the next questions. */
static void learn(ay_expand *x, const question *q, bool plainer)
{
    const ay_expand_outcome *o = &q->out;
    uint64_t now = x->clock();

    if (x->stop)
        return;
    if (plainer && ay_expand_budget_wait(&x->budget, now) == 0)
        ay_expand_budget_spend(&x->budget, now);
    if (o->state == AY_EXPAND_OK) {
        x->plain = x->plain || plainer;
        ay_expand_breaker_won(&x->breaker);
        ay_expand_shelf_put(&x->shelf, q->key, o->text.data);
        return;
    }
    ay_expand_breaker_lost(&x->breaker, now, o->at_once, o->least_s);
    ay_expand_shelf_fail(&x->shelf, q->key, o->state, o->reason, now + AY_EXPAND_FORGET_S * AY_SECOND_NS);
    if (ay_expand_breaker_wait(&x->breaker, now) > 0)
        ay_log(AY_LOG_WARN, "expand", "nobody asks for %d s", ay_expand_breaker_wait(&x->breaker, now));
}

/* Without the lock. */
static void ask(ay_expand *x, question *q)
{
    ay_expand_outcome out;
    ay_err err = {{0}};
    bool plainer = ay_expand_put_question(&x->set, &q->body, q->plainer.len ? &q->plainer : NULL, &x->cancel,
                                          &out);

    pthread_mutex_lock(&x->lock);
    q->out = out;
    learn(x, q, plainer);
    q->done = true;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->lock);
    if (out.state == AY_EXPAND_OK && ay_expand_shelf_write(&x->shelf, q->key, out.text.data, &err) != AY_OK)
        ay_log(AY_LOG_WARN, "expand", "an answer is kept in memory only: %s", err.msg);
}

/* The place of a question that no thread has taken; -1: none. */
static int untaken(const ay_expand *x)
{
    for (int i = 0; i < AY_EXPAND_CALLS; i++)
        if (x->under_way[i] && !x->under_way[i]->taken)
            return i;
    return -1;
}

static void *work(void *arg)
{
    ay_expand *x = arg;

    pthread_mutex_lock(&x->lock);
    while (!x->stop) {
        int at = untaken(x);
        question *q;
        if (at < 0) {
            pthread_cond_wait(&x->changed, &x->lock);
            continue;
        }
        q = x->under_way[at];
        q->taken = true;
        pthread_mutex_unlock(&x->lock);
        ask(x, q);
        pthread_mutex_lock(&x->lock);
        x->under_way[at] = NULL;
        let_go(q);
    }
    pthread_mutex_unlock(&x->lock);
    return NULL;
}

/* One that is done is on the shelf; its thread may not have left it yet. */
static question *find(const ay_expand *x, const char *key)
{
    for (int i = 0; i < AY_EXPAND_CALLS; i++)
        if (x->under_way[i] && !x->under_way[i]->done && strcmp(x->under_way[i]->key, key) == 0)
            return x->under_way[i];
    return NULL;
}

/* A new question at place `at`; NULL: no memory, no thread. */
static question *begin(ay_expand *x, int at, const char *key, const char *const *labels, int n)
{
    question *q = ay_calloc(1, sizeof *q);
    bool choose = strcmp(x->set.format, "auto") == 0 && !x->plain;
    ay_err err;

    if (!q)
        return NULL;
    q->holders = 1;
    snprintf(q->key, sizeof q->key, "%s", key);
    if (!ay_expand_request(&x->set, labels, n, !x->plain, &q->body) ||
        (choose && !ay_expand_request(&x->set, labels, n, false, &q->plainer)) ||
        (x->nthreads <= at &&
         ay_thread_start(&x->thread[x->nthreads], "expand", work, x, &err) != AY_OK)) {
        let_go(q);
        return NULL;
    }
    x->nthreads += x->nthreads <= at;
    x->under_way[at] = q;
    pthread_cond_broadcast(&x->changed);
    return q;
}

/* ---- answers */

static void __attribute__((format(printf, 4, 5)))
say(ay_expansion *out, ay_expand_state state, ay_arena *a, const char *fmt, ...)
{
    char text[300];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    out->state = state;
    out->reason = ay_arena_strdup(a, text);
    if (!out->reason)
        out->reason = "";
}

static void give(ay_expansion *out, ay_expand_state state, const char *text, ay_arena *a)
{
    ay_err err;

    out->state = state;
    if (ay_expand_lists(text, a, out, &err) == AY_OK)
        return;
    memset(out->list, 0, sizeof out->list);
    say(out, AY_EXPAND_BUSY, a, "%s", err.msg);
}

/* From what is kept; false: nothing is. */
static bool from_shelf(ay_expand *x, const char *key, ay_arena *a, ay_expansion *out)
{
    const ay_expand_kept *k;
    ay_err err;

    if (!x->shelf_read && ay_expand_shelf_init(&x->shelf, x->folder, AY_EXPAND_KEPT, &err) != AY_OK)
        ay_log(AY_LOG_WARN, "expand", "%s", err.msg);
    x->shelf_read = true;
    k = ay_expand_shelf_find(&x->shelf, key, x->clock());
    if (k && k->text)
        give(out, AY_EXPAND_KEPT_ONE, k->text, a);
    else if (k)
        say(out, k->state, a, "%s; not asked again within %d s", k->reason, AY_EXPAND_FORGET_S);
    return k != NULL;
}

/* May one more be asked?  What stands in the way comes into out. */
static int may_ask(ay_expand *x, ay_arena *a, ay_expansion *out)
{
    uint64_t now = x->clock(), wait = ay_expand_budget_wait(&x->budget, now);
    int at = 0;

    while (at < AY_EXPAND_CALLS && x->under_way[at])
        at++;
    if (wait > 0)
        say(out, AY_EXPAND_BUDGET, a, "the budget of %d an hour is used up; the next in %d s", x->set.budget,
            (int)(wait / AY_SECOND_NS) + 1);
    else if (at == AY_EXPAND_CALLS || !x->shelf.row)
        say(out, AY_EXPAND_BUSY, a, "%d other questions are under way", AY_EXPAND_CALLS);
    else if (!ay_expand_breaker_admit(&x->breaker, now))
        say(out, AY_EXPAND_BREAKER, a, "it failed too often; the next try in %d s",
            ay_expand_breaker_wait(&x->breaker, now));
    else {
        ay_expand_budget_spend(&x->budget, now);
        return at;
    }
    return -1;
}

/* Wait for q until the deadline and take its outcome. */
static void wait_for(ay_expand *x, question *q, uint64_t deadline, ay_arena *a, ay_expansion *out)
{
    struct timespec at = {(time_t)(deadline / AY_SECOND_NS), (long)(deadline % AY_SECOND_NS)};
    int rc = 0;

    if (x->waiting >= AY_EXPAND_WAITING) {
        say(out, AY_EXPAND_BUSY, a, "%d others wait; the answer is kept for the next request", x->waiting);
        return;
    }
    q->holders++;
    x->waiting++;
    while (!q->done && !x->stop && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&x->changed, &x->lock, &at);
    x->waiting--;
    if (!q->done)
        say(out, AY_EXPAND_TIMEOUT, a, "the language model took longer than %d ms", x->set.timeout_ms);
    else if (q->out.state == AY_EXPAND_OK)
        give(out, AY_EXPAND_OK, q->out.text.data, a);
    else
        say(out, q->out.state, a, "%s", q->out.reason);
    let_go(q);
}

static bool passes(ay_expand *x, double entropy, double margin, ay_arena *a, ay_expansion *out)
{
    if (x->set.gate && !(entropy <= x->set.normalized_most))
        say(out, AY_EXPAND_UNSURE, a, "the normalized entropy is %.3f, above %g", entropy,
            x->set.normalized_most);
    else if (x->set.gate && !(margin >= x->set.margin_least))
        say(out, AY_EXPAND_CLOSE, a, "the margin is %.3f, below %g", margin, x->set.margin_least);
    else
        return true;
    return false;
}

/* What passed the gate. */
static void look_or_ask(ay_expand *x, const char *const *labels, int n, uint64_t begun, ay_arena *a,
                        ay_expansion *out)
{
    char key[AY_SHA256_HEX];
    question *q;
    int at;

    ay_expand_key(&x->set, labels, n, key);
    pthread_mutex_lock(&x->lock);
    if (!from_shelf(x, key, a, out)) {
        q = find(x, key);
        at = q ? 0 : may_ask(x, a, out);
        if (!q && at >= 0 && !(q = begin(x, at, key, labels, n))) {
            ay_expand_breaker_lost(&x->breaker, x->clock(), false, 0);
            say(out, AY_EXPAND_BUSY, a, "memory or a thread was refused");
        }
        if (q)
            wait_for(x, q, begun + (uint64_t)x->set.timeout_ms * 1000000, a, out);
    }
    pthread_mutex_unlock(&x->lock);
    out->waited_ms = (double)(ay_clock_mono() - begun) / 1e6;
}

void ay_expand_ask(ay_expand *x, const char *const *labels, int n, double entropy_normalized, double margin,
                   ay_arena *a, ay_expansion *out)
{
    uint64_t begun = ay_clock_mono();

    *out = (ay_expansion){.state = AY_EXPAND_OFF, .reason = "", .model = ""};
    if (!ay_expand_is_on(x) || n < 1)
        return;
    out->model = x->set.model;
    if (passes(x, entropy_normalized, margin, a, out))
        look_or_ask(x, labels, n, begun, a, out);
    atomic_fetch_add(&x->said[out->state], 1);
}

void ay_expand_counts(const ay_expand *x, uint64_t counts[AY_EXPAND_STATES])
{
    for (int i = 0; i < AY_EXPAND_STATES; i++)
        counts[i] = x ? atomic_load(&x->said[i]) : 0;
}
