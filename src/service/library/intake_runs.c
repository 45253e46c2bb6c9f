/* service/library/intake_runs.c - jobs that show imports.
 *
 *   nothing --something of the batch is worked on, or its folder is read--> a job runs
 *   a job   --nothing of it waits, no folder is read, and a second has gone--> done
 *
 * The second keeps uploads that come one after the other in one job. */
#include "service/library/intake_parts.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define LINGER_NS 1000000000u

/* With runs_lock held. */
static ay_intake_run *find_run(ay_intake *in, int64_t batch)
{
    for (int i = 0; i < in->nruns; i++)
        if (in->runs[i].batch == batch)
            return &in->runs[i];
    return NULL;
}

static ay_intake_run *need_run(ay_service *s, int64_t batch)
{
    ay_intake *in = s->intake;
    ay_intake_run *r = find_run(in, batch);

    if (r || in->nruns == AY_INTAKE_RUNS)
        return r; /* the thirty-third import at a time is done without a job */
    r = &in->runs[in->nruns++];
    *r = (ay_intake_run){.batch = batch, .job = ay_job_begin(s, "intake", 0)};
    return r;
}

static bool count(ay_service *s, int64_t batch, ay_store_intake *out)
{
    ay_arena a;
    bool ok;

    ay_arena_init(&a, 0);
    ok = ay_store_intake_get(s->store, batch, &a, out, NULL) == AY_OK;
    out->source = NULL;
    ay_arena_fini(&a);
    return ok;
}

void ay_intake_run_step(ay_service *s, int64_t batch, bool *cancelled)
{
    ay_intake *in = s->intake;
    ay_store_intake b;
    ay_intake_run *r;
    int64_t total;
    bool known = count(s, batch, &b);

    *cancelled = false;
    pthread_mutex_lock(&in->runs_lock);
    r = need_run(s, batch);
    if (r && known) {
        r->seen = ay_clock_mono();
        total = b.total > r->expected ? b.total : r->expected;
        *cancelled = !ay_job_step(s, r->job, b.total - b.waiting, total);
    }
    pthread_mutex_unlock(&in->runs_lock);
}

void ay_intake_run_feed(ay_service *s, int64_t batch, int change, int64_t expected)
{
    ay_intake *in = s->intake;
    ay_intake_run *r;

    pthread_mutex_lock(&in->runs_lock);
    r = need_run(s, batch);
    if (r) {
        r->feeding += change;
        r->expected = expected > 0 ? expected : r->expected;
        r->seen = ay_clock_mono();
    }
    pthread_mutex_unlock(&in->runs_lock);
}

static void end_run(ay_service *s, const ay_intake_run *r, const ay_store_intake *b, bool closing)
{
    char text[200];
    int n = snprintf(text, sizeof text, "%lld new, %lld there already, %lld failed", (long long)b->added,
                     (long long)b->same, (long long)b->failed);

    if (b->dropped)
        n += snprintf(text + n, sizeof text - (size_t)n, ", %lld dropped", (long long)b->dropped);
    if (closing && b->waiting)
        snprintf(text + n, sizeof text - (size_t)n, "; %lld wait for the next start", (long long)b->waiting);
    ay_job_step(s, r->job, b->total - b->waiting, b->total);
    ay_job_end(s, r->job, b->dropped || b->waiting ? AY_ECANCELLED : AY_OK, text);
}

void ay_intake_runs_tidy(ay_service *s, bool all)
{
    ay_intake *in = s->intake;
    uint64_t now = ay_clock_mono();

    pthread_mutex_lock(&in->runs_lock);
    for (int i = in->nruns; i-- > 0;) {
        ay_intake_run *r = &in->runs[i];
        ay_store_intake b = {0};
        bool over = all || (!r->feeding && now - r->seen > LINGER_NS);
        if (!over || !count(s, r->batch, &b) || (!all && b.waiting > 0))
            continue;
        end_run(s, r, &b, all);
        in->runs[i] = in->runs[--in->nruns];
    }
    pthread_mutex_unlock(&in->runs_lock);
}

int ay_intake_runs_now(ay_service *s, ay_intake_run out[AY_INTAKE_RUNS])
{
    ay_intake *in = s->intake;
    int n;

    pthread_mutex_lock(&in->runs_lock);
    n = in->nruns;
    memcpy(out, in->runs, (size_t)n * sizeof *out);
    pthread_mutex_unlock(&in->runs_lock);
    return n;
}

bool ay_intake_feeding(ay_service *s)
{
    ay_intake *in = s->intake;
    bool any = false;

    pthread_mutex_lock(&in->runs_lock);
    for (int i = 0; i < in->nruns; i++)
        any |= in->runs[i].feeding > 0;
    pthread_mutex_unlock(&in->runs_lock);
    return any;
}
