#include "http/trouble.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>

static const uint64_t SECOND = 1000000000u;
enum { WINDOW = 10, SLOW = 5 };

void ay_trouble_init(ay_trouble *t)
{
    *t = (ay_trouble){.since = 0};
    pthread_mutex_init(&t->lock, NULL);
}

void ay_trouble_fini(ay_trouble *t)
{
    pthread_mutex_destroy(&t->lock);
}

/* Clients that go away at once are none of the server's trouble: a page that is closed, a probe. */
bool ay_trouble_is(const ay_trouble_call *c)
{
    if (c->stream)
        return c->status >= 500;
    return c->status >= 500 || c->took >= SLOW * SECOND || (c->lost && c->took >= SECOND);
}

bool ay_trouble_may(ay_trouble *t, uint64_t now, unsigned *left_out)
{
    bool may;

    pthread_mutex_lock(&t->lock);
    if (t->told == 0 || now - t->since >= WINDOW * SECOND) {
        t->since = now;
        t->told = 0;
    }
    may = t->told < AY_TROUBLE_MOST;
    *left_out = may ? t->left_out : 0;
    t->left_out = may ? 0 : t->left_out + 1;
    t->told += may;
    pthread_mutex_unlock(&t->lock);
    return may;
}

void ay_trouble_line(const ay_trouble_call *c, unsigned left_out, char *dst, unsigned cap)
{
    char what[64] = "no answer", more[64] = "";

    if (c->status)
        snprintf(what, sizeof what, "%d%s%.40s", c->status, c->code ? " " : "", c->code ? c->code : "");
    if (left_out)
        snprintf(more, sizeof more, " (%u more were not told)", left_out);
    snprintf(dst, cap, "%s %.200s for %s: %s after %.2f s%s%s%.500s%s", c->method ? c->method : "?", c->path ? c->path : "?",
             c->client ? c->client : "?", what, (double)c->took / (double)SECOND,
             c->lost ? ", the client had gone" : "", c->cause ? ": " : "",
             c->cause ? c->cause : "", more);
}

void ay_trouble_tell(ay_trouble *t, const ay_trouble_call *c)
{
    unsigned left_out;
    char line[1000];

    if (!ay_trouble_is(c) || !ay_trouble_may(t, ay_clock_mono(), &left_out))
        return;
    ay_trouble_line(c, left_out, line, sizeof line);
    ay_log(AY_LOG_WARN, "http", "%s", line);
}
