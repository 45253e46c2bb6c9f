/* base/test.h - the whole test framework.
 *
 * A test file lists its cases in one table and includes nothing else of ours for testing.  A failed
 * check prints where and why and ends that case only.  SKIP ends it as "skip" with a reason; the
 * runner (tools/run-tests) adds the lines up.  cmocka was rejected: forty lines are easier to read
 * than its manual, and nothing here needs mocks.
 *
 * Threads: CHECK only on the thread that runs the case. */
#ifndef AY_BASE_TEST_H
#define AY_BASE_TEST_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *name;
    void (*run)(void);
} ay_test;

static jmp_buf test_escape;

#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            printf("  %s:%d: %s\n", __FILE__, __LINE__, #cond);                                    \
            longjmp(test_escape, 1);                                                               \
        }                                                                                          \
    } while (0)

/* CHECK that status is AY_OK; prints the error's message when it is not. */
#define CHECK_OK(status, err)                                                                      \
    do {                                                                                           \
        if ((status) != 0) {                                                                       \
            printf("  %s:%d: %s\n", __FILE__, __LINE__, (err).msg);                                \
            longjmp(test_escape, 1);                                                               \
        }                                                                                          \
    } while (0)

#define SKIP(why)                                                                                  \
    do {                                                                                           \
        printf("  skipped: %s\n", why);                                                            \
        longjmp(test_escape, 2);                                                                   \
    } while (0)

/* The path of a file or folder of the shared test data, e.g. test_shared("neu-det"); it ends the
 * case as skipped where the data is absent.  ASSAY_SHARED_DATA overrides ../shared/data. */
static inline const char *test_shared(const char *name)
{
    static char path[4][1024];
    static unsigned turn;
    const char *root = getenv("ASSAY_SHARED_DATA");
    char *p = path[turn++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", root ? root : "../shared/data", name);
    if (access(p, R_OK) != 0)
        SKIP("no ../shared/data");
    return p;
}

/* Apart from main(), so that no local lives across the jump. */
static inline int test_run(const ay_test *t)
{
    int how = setjmp(test_escape);

    if (how)
        return how;
    t->run();
    return 0;
}

#define TESTS(...)                                                                                 \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        static const ay_test all[] = {__VA_ARGS__};                                                \
        static const char *const word[] = {"ok  ", "FAIL", "skip"};                                \
        int bad = 0;                                                                               \
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) {                                    \
            if (argc > 1 && !strstr(all[i].name, argv[1]))                                         \
                continue;                                                                          \
            int how = test_run(&all[i]);                                                           \
            printf("%s %s\n", word[how], all[i].name);                                             \
            fflush(stdout);                                                                        \
            bad += how == 1;                                                                       \
        }                                                                                          \
        return bad != 0;                                                                           \
    }
#endif
