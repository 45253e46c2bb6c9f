#include "base/thread.h"

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* cgroup v2 "cpu.max" is "QUOTA PERIOD" or "max PERIOD"; 0 when there is no bound. */
static int cgroup_cpus(void)
{
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
    long quota = 0, period = 0;
    int n;

    if (!f)
        return 0;
    n = fscanf(f, "%ld %ld", &quota, &period);
    fclose(f);
    return n == 2 && period > 0 && quota > 0 ? (int)((quota + period - 1) / period) : 0;
}

int ay_cpu_count(void)
{
    int n = 1, bound = cgroup_cpus();
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0)
        n = CPU_COUNT(&set);
    if (bound > 0 && bound < n)
        n = bound;
    return n > 0 ? n : 1;
}

ay_status ay_thread_start(pthread_t *out, const char *name, void *(*run)(void *), void *arg,
                          ay_err *err)
{
    sigset_t all, old;
    char shown[16];
    int rc;

    sigfillset(&all);
    sigdelset(&all, SIGBUS); /* base/paged.h */
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(out, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc)
        return ay_fail(err, AY_EIO, "start thread %s: %s", name, strerror(rc));
    snprintf(shown, sizeof shown, "%s", name);
    pthread_setname_np(*out, shown);
    return AY_OK;
}

typedef struct {
    void (*run)(void *ctx, int part, int parts);
    void *ctx;
    int part, parts;
} shared_work;

static void *do_part(void *arg)
{
    const shared_work *w = arg;

    w->run(w->ctx, w->part, w->parts);
    return NULL;
}

void ay_thread_share(const char *name, int parts, void (*run)(void *ctx, int part, int parts),
                     void *ctx)
{
    pthread_t id[AY_THREAD_PARTS];
    shared_work work[AY_THREAD_PARTS];
    bool started[AY_THREAD_PARTS] = {false};

    for (int i = 0; i < parts; i++) {
        work[i] = (shared_work){run, ctx, i, parts};
        started[i] = i + 1 < parts && ay_thread_start(&id[i], name, do_part, &work[i], NULL) == AY_OK;
    }
    for (int i = parts - 1; i >= 0; i--)
        if (!started[i])
            do_part(&work[i]);
    for (int i = 0; i < parts; i++)
        if (started[i])
            pthread_join(id[i], NULL);
}

void ay_thread_pin(int i)
{
    cpu_set_t allowed, one;

    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) == 0)
        return;
    i %= CPU_COUNT(&allowed);
    for (int c = 0; c < CPU_SETSIZE; c++) {
        if (!CPU_ISSET(c, &allowed) || i-- > 0)
            continue;
        CPU_ZERO(&one);
        CPU_SET(c, &one);
        pthread_setaffinity_np(pthread_self(), sizeof one, &one);
        return;
    }
}
