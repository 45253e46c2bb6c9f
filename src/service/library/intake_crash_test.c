/* SIGKILL in the middle of an import of 600 pictures, three times and more: every picture is taken in exactly once, what
 * was acknowledged is never lost, nothing is left over.
 *
 * A child process feeds (from where the last one was cut off) and takes in at the same time; the parent kills it after a
 * while and starts the next, until one ends by itself. */
#include "service/fake_test.h"
#include "service/library/intake.h"
#include "service/library/library.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PICTURES = 600, FORM = 20, KILLS = 3 };

static ay_err err;

static void picture_of(int i, ay_buf *out)
{
    fake_picture(out, (uint32_t)i * 0x9e3779u & 0xffffff, (uint64_t)i);
}

/* Slow enough that no machine is through before it is killed. */
static ay_status slow_embed(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *e)
{
    usleep(100000);
    return fake_embed(ctx, images, n, dst, e);
}

/* Feed forms from `first` on, telling each that was acknowledged; then wait for the end. */
static void child(const char *dir, int first, int fd, bool slow)
{
    ay_intake_file files[FORM];
    ay_intake_taken taken[FORM];
    ay_buf bytes[FORM] = {{0}};
    char names[FORM][16];
    fake_encoder f;
    ay_service_options o = {.data = dir};
    ay_service *s;

    fake_init(&f, 'a');
    o.embedder = fake_embedder(&f);
    if (slow)
        o.embedder.embed = slow_embed;
    if (ay_service_open(&s, &o, NULL) != AY_OK || ay_intake_start(s, NULL) != AY_OK)
        _exit(2);
    for (int at = first; at < PICTURES; at += FORM) {
        int64_t batch = 0;
        for (int i = 0; i < FORM; i++) {
            picture_of(at + i, &bytes[i]);
            snprintf(names[i], sizeof names[i], "%d.png", at + i);
            files[i] = (ay_intake_file){.file = names[i], .bytes = bytes[i].data, .n = bytes[i].len};
        }
        if (ay_intake_add(s, &(ay_intake_target){0}, "x", files, FORM, taken, &batch, NULL) != AY_OK ||
            write(fd, &at, sizeof at) != (ssize_t)sizeof at)
            _exit(3);
    }
    if (!ay_intake_wait(s, 60000))
        _exit(4);
    ay_service_close(s);
    _exit(0);
}

/* Run a child; kill it ms after its first acknowledgement (0: never).  *next: the first form not acknowledged. */
static bool run(const char *dir, int *next, int ms)
{
    int pipes[2], at, status = 0;
    pid_t pid;

    CHECK(pipe(pipes) == 0);
    fflush(stdout);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(pipes[0]);
        child(dir, *next, pipes[1], ms > 0);
    }
    close(pipes[1]);
    if (ms) {
        if (*next < PICTURES && read(pipes[0], &at, sizeof at) == (ssize_t)sizeof at)
            *next = at + FORM;
        usleep((useconds_t)ms * 1000);
        kill(pid, SIGKILL);
    }
    while (read(pipes[0], &at, sizeof at) == (ssize_t)sizeof at)
        *next = at + FORM;
    close(pipes[0]);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void all_are_there_once(const char *dir)
{
    const char *name, *klass;
    ay_check_result r;
    ay_intake_state now;
    ay_service_stats st;
    fake_encoder f;
    ay_service *s;
    ay_buf b = {0};
    ay_arena a;

    fake_init(&f, 'a');
    ay_arena_init(&a, 0);
    s = fake_open(dir, &f);
    CHECK(f.calls == 0); /* every row has its vector */
    ay_service_get_stats(s, &st);
    CHECK(st.pictures == PICTURES && st.unembedded == 0);
    CHECK_OK(ay_intake_now(s, &now, &err), err);
    CHECK(now.waiting == 0 && now.failed == 0);
    CHECK_OK(ay_library(s, &a, &name, &klass, &err), err);
    for (int i = 0; i < PICTURES; i++) {
        char sha256[AY_SHA256_HEX], file[16];
        ay_picture p;
        picture_of(i, &b);
        ay_sha256_bytes(b.data, b.len, sha256);
        snprintf(file, sizeof file, "%d.png", i);
        CHECK_OK(ay_picture_get(s, name, sha256, &a, &p, &err), err);
        CHECK(p.embedded && strcmp(p.file, file) == 0);
    }
    CHECK(ay_service_wait_idle(s, 10000));
    CHECK_OK(ay_service_check(s, &(ay_check_options){.deep = true}, &a, &r, &err), err);
    CHECK(r.nproblems == 0 && r.pictures == PICTURES);
    ay_service_close(s);
    ay_buf_fini(&b);
    ay_arena_fini(&a);
}

static void killed_imports_take_everything_in_once(void)
{
    const char *dir = fake_folder();
    int next = 0, killed = 0;
    bool whole = false;

    for (int ms = 120; killed < KILLS; ms += 60) { /* while there is something to be killed in */
        CHECK(!(whole = run(dir, &next, ms)));
        killed++;
    }
    whole = run(dir, &next, 0);
    CHECK(whole && next == PICTURES);
    all_are_there_once(dir);
    fake_folder_gone(dir);
}

TESTS({"killed imports take everything in once", killed_imports_take_everything_in_once})
