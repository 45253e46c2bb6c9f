/* SIGKILL in the middle of 200 uploads, at several points: after a restart every picture that was
 * acknowledged is there, whole, and found; nothing is half there.
 *
 * A child process uploads from four threads and writes each acknowledged digest to a pipe; the parent
 * kills it after a number of them and opens the folder itself. */
#include "service/fake_test.h"

#include "base/thread.h"

#include <signal.h>
#include <sys/wait.h>

enum { UPLOADS = 200, THREADS = 4 };

static ay_err err;

typedef struct {
    ay_service *s;
    int first, fd;
} uploader;

/* Colours far apart, so that each picture is its own nearest. */
static void picture_of(int i, ay_buf *out)
{
    fake_picture(out, (uint32_t)i * 0x9e3779u & 0xffffff, (uint64_t)i);
}

static void *upload(void *arg)
{
    uploader *u = arg;
    ay_buf b = {0};

    for (int i = u->first; i < UPLOADS; i += THREADS) {
        ay_added added;
        ay_arena a;
        ay_arena_init(&a, 0);
        picture_of(i, &b);
        if (ay_picture_add(u->s, NULL, i % 2 ? "odd" : "even", "p.png", b.data, b.len, NULL, &a,
                           &added, NULL) == AY_OK &&
            write(u->fd, &i, sizeof i) != (ssize_t)sizeof i)
            _exit(3);
        ay_arena_fini(&a);
    }
    ay_buf_fini(&b);
    return NULL;
}

static void child(const char *dir, int fd)
{
    pthread_t id[THREADS];
    uploader u[THREADS];
    fake_encoder f;
    ay_service_options o = {.data = dir};
    ay_service *s;

    fake_init(&f, 'a');
    o.embedder = fake_embedder(&f);
    if (ay_service_open(&s, &o, NULL) != AY_OK)
        _exit(2);
    ay_class_create(s, NULL, "odd", NULL, NULL);
    ay_class_create(s, NULL, "even", NULL, NULL);
    for (int i = 0; i < THREADS; i++) {
        u[i] = (uploader){s, i, fd};
        pthread_create(&id[i], NULL, upload, &u[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(id[i], NULL);
    _exit(0);
}

/* Run a child and kill it after `after` acknowledgements; returns how many came, marking them. */
static int run_and_kill(const char *dir, int after, bool *acked)
{
    int pipes[2], i, n = 0;
    pid_t pid;

    memset(acked, 0, UPLOADS * sizeof *acked);
    CHECK(pipe(pipes) == 0);
    fflush(stdout);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(pipes[0]);
        child(dir, pipes[1]);
    }
    close(pipes[1]);
    while (read(pipes[0], &i, sizeof i) == (ssize_t)sizeof i) {
        acked[i] = true;
        if (++n == after)
            kill(pid, SIGKILL); /* what is in the pipe by then was acknowledged too */
    }
    close(pipes[0]);
    waitpid(pid, NULL, 0);
    return n;
}

static void hold_to_promise(const char *dir, const bool *acked, int n)
{
    fake_encoder f;
    ay_service *s;
    ay_check_result r;
    ay_service_stats stats;
    ay_buf b = {0};
    ay_arena a;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    CHECK(f.calls == 0); /* no row came without its vector */
    ay_arena_init(&a, 0);
    for (int i = 0; i < UPLOADS; i++) {
        ay_scan_options o = {.top = 1, .skip_quality = true};
        ay_decision d;
        ay_picture p;
        if (!acked[i])
            continue;
        picture_of(i, &b);
        CHECK_OK(ay_scan_bytes(s, b.data, b.len, &o, &a, &d, &err), err);
        CHECK(d.nmatches == 1 && d.matches[0].similarity > 0.9999f);
        CHECK_OK(ay_picture_get(s, NULL, d.sha256, &a, &p, &err), err);
        CHECK(p.embedded && strcmp(p.class_name, i % 2 ? "odd" : "even") == 0);
    }
    ay_service_get_stats(s, &stats);
    CHECK(stats.pictures >= n && stats.pictures <= n + THREADS && stats.unembedded == 0);
    CHECK(ay_service_wait_idle(s, 10000));
    CHECK_OK(ay_service_check(s, &(ay_check_options){.deep = true}, &a, &r, &err), err);
    CHECK(r.missing == 0 && r.damaged == 0 && r.strays == 0); /* the keeper has swept */
    CHECK(r.nproblems == 0);
    ay_arena_fini(&a);
    ay_buf_fini(&b);
    ay_service_close(s);
}

static void killed_uploads_are_whole_or_absent(void)
{
    static const int points[] = {1, 7, 40, 99, 150, 195};

    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        const char *dir = fake_folder();
        bool acked[UPLOADS];
        int n = run_and_kill(dir, points[i], acked);
        CHECK(n >= points[i]);
        hold_to_promise(dir, acked, n);
        fake_folder_gone(dir);
    }
}

TESTS({"killed uploads are whole or absent", killed_uploads_are_whole_or_absent})
