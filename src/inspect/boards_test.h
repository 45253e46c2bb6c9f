/* inspect/boards_test.h - a folder of drawn boards and a tree for the tests of preparing. */
#ifndef AY_INSPECT_BOARDS_TEST_H
#define AY_INSPECT_BOARDS_TEST_H

#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"
#include "draw/smt.h"
#include "inspect/prepare.h"

#include <sys/stat.h>

static char bench[64]; /* holds in/ and tree/ */
static ay_err err;

static inline const char *at(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline const char *at(const char *fmt, ...)
{
    static char path[8][1024];
    static unsigned turn;
    char *p = path[turn++ % 8];
    va_list ap;
    int n = snprintf(p, sizeof path[0], "%s/", bench);

    va_start(ap, fmt);
    vsnprintf(p + n, sizeof path[0] - (size_t)n, fmt, ap);
    va_end(ap);
    return p;
}

static inline void clear_bench(void)
{
    if (*bench)
        ay_file_remove_tree(bench);
    snprintf(bench, sizeof bench, "/tmp/assay-line-XXXXXX");
    CHECK(mkdtemp(bench));
}

/* A fresh bench with in/OK and in/NG: places are bits, 0 for all. */
static inline void boards(int good, int faulty, uint64_t places)
{
    static char in[200];
    ay_smt_set set = {.out = in, .boards = good, .faulty = faulty, .seed = 11, .size = 32, .threads = 2,
                      .places = places};

    clear_bench();
    snprintf(in, sizeof in, "%s", at("in"));
    CHECK_OK(ay_smt_write(&set, &err), err);
}

static inline void write_text(const char *path, const char *text)
{
    CHECK_OK(ay_file_write(path, text, strlen(text), &err), err);
}

/* As the plant's database: by the component's name, products of smt.h. */
static inline ay_status product_of(void *ctx, const ay_line_name *names, size_t n, const char **out, ay_err *e)
{
    (void)e;
    if (ctx)
        ++*(int *)ctx;
    for (size_t i = 0; i < n; i++) {
        out[i] = NULL;
        for (int p = 0; p < ay_smt_place_count(); p++)
            if (strcmp(ay_smt_place_at(p)->component, names[i].part[AY_LINE_COMPONENT]) == 0)
                out[i] = ay_smt_place_at(p)->product;
    }
    return AY_OK;
}

static inline ay_line_gather_options asking(void)
{
    static char in[200];

    snprintf(in, sizeof in, "%s", at("in"));
    return (ay_line_gather_options){.input = in, .threads = 2, .product = product_of};
}

static inline void gather(ay_line_set *set)
{
    ay_line_gather_options o = asking();

    CHECK_OK(ay_line_gather(at("tree"), &o, NULL, set, &err), err);
}

/* {"<class>": "<how it is mounted>"} of a gathered set. */
static inline const char *truth(const ay_line_set *set)
{
    static char text[4096];
    size_t n = (size_t)snprintf(text, sizeof text, "{");

    for (int c = 0; c < set->nclasses; c++)
        for (int p = 0; p < ay_smt_place_count(); p++)
            if (strcmp(ay_smt_place_at(p)->component, set->classes[c].component) == 0)
                n += (size_t)snprintf(text + n, sizeof text - n, "%s\"%s\": \"%s\"", c ? ", " : "",
                                      set->classes[c].name,
                                      ay_smt_orientation_name(ay_smt_place_at(p)->orientation));
    snprintf(text + n, sizeof text - n, "}");
    return text;
}

/* Gathered, chosen, arranged; by o or with the defaults. */
static inline void arrange(ay_line_set *set, const ay_line_arrange_options *o)
{
    ay_line_arrange_options usual = {.threads = 2, .image_size = 32};
    ay_line_set first;

    gather(&first);
    CHECK_OK(ay_line_choose(at("tree"), truth(&first), strlen(truth(&first)), &err), err);
    ay_line_set_fini(&first);
    CHECK_OK(ay_line_arrange(at("tree"), o ? o : &usual, NULL, set, &err), err);
}

static inline ay_status count_one(void *ctx, const char *path, ay_err *e)
{
    (void)path, (void)e;
    ++*(int *)ctx;
    return AY_OK;
}

/* Regular files below a folder of the tree; -1: there is no such folder. */
static inline int files_in(const char *folder)
{
    int n = 0;

    if (!ay_file_is_dir(at("tree/%s", folder)))
        return -1;
    CHECK_OK(ay_file_walk(at("tree/%s", folder), count_one, &n, &err), err);
    return n;
}

#endif
