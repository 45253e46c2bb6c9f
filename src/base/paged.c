#include "base/paged.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GUARDS = 256, ROOM = 8 /* times as many addresses as bytes */ };

/* Looked at by a handler: atomics only.  begin 0: free; a place is taken by its owner and filled end first. */
static struct {
    _Atomic uintptr_t begin, end;
    atomic_bool taken, lost;
} guards[GUARDS];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static size_t page;

static void on_bus(int sig, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t)info->si_addr;
    int keep = errno;

    (void)context;
    for (int i = 0; i < GUARDS && info->si_code > 0; i++) { /* 0 and less: somebody sent it */
        uintptr_t begin = atomic_load(&guards[i].begin);
        if (!begin || at < begin || at >= atomic_load(&guards[i].end))
            continue;
        at -= at % page;
        if (mmap((void *)at, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != (void *)at)
            break;
        atomic_store(&guards[i].lost, true);
        errno = keep;
        return;
    }
    signal(sig, SIG_DFL); /* the instruction is tried again and ends the program */
    if (info->si_code <= 0)
        raise(sig);
}

static void set_handler(void)
{
    struct sigaction a = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};

    page = (size_t)sysconf(_SC_PAGESIZE);
    sigemptyset(&a.sa_mask);
    sigaction(SIGBUS, &a, NULL);
}

static size_t whole(size_t bytes)
{
    return (bytes + page - 1) / page * page;
}

static ay_status fail(ay_err *err, size_t size)
{
    return ay_fail(err, AY_ENOMEM, "room for a table of %zu bytes: %s", size, strerror(errno));
}

ay_status ay_paged_open(ay_paged *m, size_t size, ay_err *err)
{
    pthread_once(&once, set_handler);
    *m = (ay_paged){.guard = -1};
    if (size > SIZE_MAX / 2 / ROOM)
        return ay_fail(err, AY_ELIMIT, "a table of %zu bytes", size);
    m->size = whole(size + 1);
    m->reserved = whole(m->size * ROOM);
    m->p = mmap(NULL, m->reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (m->p != MAP_FAILED && mprotect(m->p, m->size, PROT_READ | PROT_WRITE) == 0)
        return AY_OK;
    if (m->p != MAP_FAILED)
        munmap(m->p, m->reserved);
    m->p = NULL;
    return fail(err, size);
}

ay_status ay_paged_grow(ay_paged *m, size_t size, ay_err *err)
{
    size_t want = whole(size + 1);
    ay_paged more;
    ay_status status;

    if (want <= m->size)
        return AY_OK;
    if (want <= m->reserved) {
        if (mprotect((char *)m->p + m->size, want - m->size, PROT_READ | PROT_WRITE) != 0)
            return fail(err, size);
        m->size = want;
        return AY_OK;
    }
    status = ay_paged_open(&more, size, err);
    if (status != AY_OK)
        return status;
    memcpy(more.p, m->p, m->size);
    ay_paged_close(m);
    *m = more;
    return AY_OK;
}

static void unguard(ay_paged *m)
{
    if (m->guard < 0)
        return;
    atomic_store(&guards[m->guard].begin, 0);
    atomic_store(&guards[m->guard].lost, false);
    atomic_store(&guards[m->guard].taken, false);
    m->guard = -1;
}

static bool guard(ay_paged *m)
{
    for (int i = 0; i < GUARDS && m->guard < 0; i++)
        if (!atomic_exchange(&guards[i].taken, true))
            m->guard = i;
    if (m->guard < 0)
        return false;
    atomic_store(&guards[m->guard].end, (uintptr_t)m->p + m->backed);
    atomic_store(&guards[m->guard].begin, (uintptr_t)m->p);
    return true;
}

ay_status ay_paged_back(ay_paged *m, int fd, uint64_t at, size_t bytes, ay_err *err)
{
    size_t n = bytes - bytes % page;

    if (at % page || n > m->size)
        return ay_fail(err, AY_EINVAL, "a file's %zu bytes from %llu on do not fit a table of %zu", bytes, (unsigned long long)at, m->size);
    if (n == 0)
        return AY_OK;
    m->backed = n > m->backed ? n : m->backed;
    if (!guard(m)) /* before it is there, so that no fault goes without */
        return ay_fail(err, AY_ELIMIT, "more than %d tables of files", GUARDS);
    if (mmap(m->p, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, (off_t)at) == MAP_FAILED)
        return fail(err, n);
    return AY_OK;
}

bool ay_paged_lost(const ay_paged *m)
{
    return m->p && m->guard >= 0 && atomic_load(&guards[m->guard].lost);
}

void ay_paged_close(ay_paged *m)
{
    if (!m->p)
        return;
    munmap(m->p, m->reserved);
    unguard(m);
    *m = (ay_paged){.guard = -1};
}
