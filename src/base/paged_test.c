/* base/paged_test.c - a table on a file: what is read, written, grown, and what a file that was cut does. */
#include "base/paged.h"

#include "base/test.h"
#include "base/thread.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 20, SIZE = PAGES * PAGE + 100 };

static ay_err err;
static char path[] = "/tmp/assay-paged-XXXXXX";

/* A file whose byte i is i / 4096 + 1, behind a page of its own. */
static int make(void)
{
    static unsigned char page[PAGE];
    int fd;

    strcpy(path + sizeof path - 7, "XXXXXX");
    fd = mkstemp(path);
    CHECK(fd >= 0);
    for (int i = 0; i <= PAGES + 1; i++) {
        memset(page, i, PAGE);
        CHECK(write(fd, page, PAGE) == PAGE);
    }
    return fd;
}

static void a_table_begins_with_a_file(void)
{
    int fd = make();
    unsigned char *p, back;
    ay_paged m;

    CHECK_OK(ay_paged_open(&m, SIZE, &err), err);
    p = m.p;
    CHECK(p[0] == 0 && p[SIZE - 1] == 0);
    p[SIZE - 1] = 77;
    CHECK_OK(ay_paged_back(&m, fd, PAGE, SIZE, &err), err);
    for (int i = 0; i < PAGES * PAGE; i += 100)
        CHECK(p[i] == i / PAGE + 1);
    CHECK(p[PAGES * PAGE] == 0 && p[SIZE - 1] == 77); /* the last page is not whole */
    p[5000] = 200;
    CHECK(pread(fd, &back, 1, PAGE + 5000) == 1 && back == 2); /* never the file's */
    CHECK_OK(ay_paged_grow(&m, 3 * SIZE, &err), err);
    CHECK(m.p == p && p[5000] == 200 && p[3 * SIZE - 1] == 0);
    p[3 * SIZE - 1] = 9;
    CHECK_OK(ay_paged_grow(&m, 100 * SIZE, &err), err); /* moves */
    p = m.p;
    CHECK(p[5000] == 200 && p[100] == 1 && p[3 * SIZE - 1] == 9 && p[100 * SIZE - 1] == 0);
    CHECK_OK(ay_paged_back(&m, fd, PAGE, SIZE, &err), err);
    CHECK(p[5000] == 2 && p[SIZE - 1] == 77 && !ay_paged_lost(&m));
    CHECK(ay_paged_back(&m, fd, 100, SIZE, &err) == AY_EINVAL);
    ay_paged_close(&m);
    ay_paged_close(&m);
    close(fd);
    unlink(path);
}

static int sum(const unsigned char *p)
{
    int s = 0;

    for (int i = 0; i < SIZE; i += 512)
        s += p[i];
    return s;
}

static void *sum_there(void *arg)
{
    return (void *)(intptr_t)sum(arg);
}

/* Pages that cannot be read are zeros, on every thread, and the owner learns of it. */
static void a_file_that_was_cut_ends_nothing(void)
{
    int fd = make();
    pthread_t id;
    ay_paged m;
    void *got;
    int before;

    CHECK_OK(ay_paged_open(&m, SIZE, &err), err);
    CHECK_OK(ay_paged_back(&m, fd, PAGE, SIZE, &err), err);
    before = sum(m.p);
    CHECK(ftruncate(fd, 8 * PAGE) == 0);
    CHECK(!ay_paged_lost(&m));
    CHECK_OK(ay_thread_start(&id, "reader", sum_there, m.p, &err), err);
    pthread_join(id, &got);
    CHECK((intptr_t)got > 0 && (intptr_t)got < before);
    CHECK(ay_paged_lost(&m) && sum(m.p) == (intptr_t)got);
    CHECK(((unsigned char *)m.p)[6 * PAGE] == 7 && ((unsigned char *)m.p)[7 * PAGE] == 0);
    ay_paged_close(&m);
    close(fd);
    unlink(path);
}

/* A fault that is not ours is one still. */
static void other_faults_end_the_program(void)
{
    int status, fd = make();
    ay_paged m;
    pid_t pid;

    CHECK_OK(ay_paged_open(&m, SIZE, &err), err);
    fflush(stdout);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        raise(SIGBUS);
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && !(WIFEXITED(status) && WEXITSTATUS(status) == 0));
    ay_paged_close(&m);
    close(fd);
    unlink(path);
}

TESTS({"a table begins with a file", a_table_begins_with_a_file},
      {"a file that was cut ends nothing", a_file_that_was_cut_ends_nothing},
      {"other faults end the program", other_faults_end_the_program})
