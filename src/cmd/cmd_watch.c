/* cmd/cmd_watch.c - "assay watch": a folder brings pictures in while this runs, and each is told.
 *
 * The same thread that a server has (service/library/watch.h), or a server's own (cmd/taker.h).  The wish ends with the
 * command, unless --keep. */
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/import.h"
#include "cmd/taker.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum { PAGE = 200 };

static const ay_option options[] = {
    {"dataset", 'd', "NAME", "the data set (the library)"},
    {"class", 'c', "NAME", "the class, made when missing"},
    {"classes", 0, NULL, "each folder below FOLDER is a class"},
    {"keep", 'k', NULL, "the server goes on watching when this ends, or the next one that has the data folder"},
    {0},
};
static const ay_usage usage = {
    "watch [OPTION ...] FOLDER",
    "Bring in what is in FOLDER and whatever is put there, until Ctrl-C, and print each picture. Files are read when\n"
    "they are whole; names of what is not finished (x.part, x~, .x) are passed over; deleting a file takes no\n"
    "picture away. Where a server has the data folder, it watches, and this command tells what comes.",
    options,
    "set " AY_SESSION_SETTINGS,
};

typedef struct {
    ay_taker taker;
    char dataset[AY_TAKER_NAME];
    int64_t watch, seen, failure; /* the newest picture and failure that were told */
    char state[400];
} watching;

/* Pictures that are new since the last call, oldest first; tell false: only remember where we are. */
static void tell_pictures(watching *w, bool tell)
{
    const char *cursor = NULL;
    int64_t newest = w->seen;
    ay_picture *list, *pages[64];
    size_t n, counts[64];
    int npages = 0;
    ay_arena a;
    bool more = true;

    ay_arena_init(&a, 0);
    do {
        if (ay_taker_pictures(&w->taker, w->dataset, cursor, &a, &list, &n, &cursor, NULL) != AY_OK)
            break;
        for (size_t i = 0; i < n && more; i++)
            if (list[i].id <= w->seen) {
                more = false;
                n = i;
            }
        if (n > 0 && list[0].id > newest)
            newest = list[0].id;
        pages[npages] = list;
        counts[npages++] = n;
    } while (tell && more && cursor && npages < 64);
    for (int p = npages; tell && p-- > 0;)
        for (size_t i = counts[p]; i-- > 0;)
            printf("%s  %s  %d x %d  %s\n", pages[p][i].created_at, pages[p][i].class_name, pages[p][i].width,
                   pages[p][i].height, pages[p][i].file);
    fflush(stdout);
    w->seen = newest;
    ay_arena_fini(&a);
}

static void tell_failures(watching *w, bool tell)
{
    ay_intake_failure *list = NULL;
    const char *next;
    size_t n = 0;
    ay_arena a;

    ay_arena_init(&a, 0);
    if (ay_taker_failures(&w->taker, NULL, &a, &list, &n, &next, NULL) != AY_OK)
        n = 0;
    for (size_t i = n; i-- > 0;)
        if (list[i].id > w->failure) {
            w->failure = list[i].id;
            if (tell)
                fprintf(stderr, "%s: %s\n", *list[i].source ? list[i].source : list[i].file, list[i].message);
        }
    ay_arena_fini(&a);
}

/* A folder that goes and comes back is told. */
static ay_status tell_state(watching *w, ay_err *err)
{
    ay_watch *list = NULL;
    char now[400];
    size_t n = 0;
    ay_arena a;
    ay_status status;

    ay_arena_init(&a, 0);
    status = ay_taker_folders(&w->taker, &a, &list, &n, err);
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        if (list[i].id != w->watch)
            continue;
        snprintf(now, sizeof now, "%s%s%s", list[i].state, *list[i].message ? ": " : "", list[i].message);
        if (strcmp(now, w->state) != 0)
            fprintf(stderr, "%s: %s\n", list[i].folder, now);
        memcpy(w->state, now, sizeof now);
    }
    ay_arena_fini(&a);
    return w->taker.served ? status : AY_OK; /* a database that is away comes back */
}

static ay_status begin(watching *w, const ay_args *a, ay_err *err)
{
    ay_watch_wish wish = {.path = a->rest[0],
                          .to = {ay_args_get(a, "dataset"), ay_args_get(a, "class"), true},
                          .classes = ay_args_get(a, "classes") != NULL,
                          .anywhere = true};
    int64_t batch = 0;
    ay_status status = ay_taker_dataset(&w->taker, wish.to.dataset, w->dataset, err);

    if (status == AY_OK) { /* before a server begins */
        tell_pictures(w, false);
        tell_failures(w, false);
        status = ay_taker_wish(&w->taker, &wish, &w->watch, &batch, err);
    }
    return status == AY_OK ? ay_taker_start(&w->taker, err) : status;
}

static int watch(const ay_args *a)
{
    watching w = {0};
    ay_err err = {{0}};
    ay_status status = ay_taker_open(&w.taker, a, &err);

    ay_import_catch();
    if (status == AY_OK)
        status = begin(&w, a, &err);
    while (status == AY_OK && !ay_import_stopped()) {
        tell_pictures(&w, true);
        tell_failures(&w, true);
        status = tell_state(&w, &err);
        ay_import_nap(w.taker.served ? 5 : 1);
    }
    if (status != AY_OK && w.watch)
        ay_err_wrap(&err, "watching goes on when the server starts again");
    else if (w.watch && !ay_args_get(a, "keep"))
        status = ay_taker_unwatch(&w.taker, w.watch, &err);
    ay_taker_close(&w.taker);
    return status == AY_OK ? AY_EXIT_OK : ay_cmd_fail(&err);
}

int ay_cmd_watch(int argc, char **argv)
{
    ay_args a;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc < 0 && a.n_rest != 1)
        rc = ay_args_wrong(&a, "watch: which folder? One at a time%s", "");
    if (rc < 0 && ay_args_get(&a, "class") && ay_args_get(&a, "classes"))
        rc = ay_args_wrong(&a, "watch: --class or --classes, not both%s", "");
    if (rc < 0)
        rc = watch(&a);
    ay_args_fini(&a);
    return rc;
}
