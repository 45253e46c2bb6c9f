/* cmd/cmd_import.c - "assay import": pictures of files and folders come in through the durable queue.
 *
 * What a server does on request (service/library/intake.h) is done here until nothing is left: a wish for each operand,
 * workers, a bar.  Ctrl-C leaves wishes and queue in the store; "--resume", or the next server, goes on. */
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/import.h"
#include "cmd/progress.h"
#include "service/library/intake.h"
#include "service/library/watch.h"

#include "base/clock.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_PATHS = 256, PAGE = 200, TOLD = 100 };

static const ay_option options[] = {
    {"dataset", 'd', "NAME", "the data set (the library)"},
    {"class", 'c', "NAME", "the class, made when missing"},
    {"classes", 0, NULL, "each folder below PATH is a class"},
    {"resume", 'r', NULL, "go on with what an earlier import left"},
    {"dry-run", 'n', NULL, "omnizap: only say what would be added; works beside a running server"},
    {"json", 'j', NULL, "print JSON"},
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage usage = {
    "import [OPTION ...] PATH ... | import --resume | import omnizap [URL]",
    "Bring pictures of files and folders into the library, or with --dataset into another data set. What was\n"
    "imported is not imported twice. Stopped with Ctrl-C, or killed, it goes on with --resume or when a server\n"
    "starts. Files that fail are listed at the end; exit status 1 when there are any. While a server has the\n"
    "data folder, that server imports: drop the pictures on its page, or POST /v1/intake/folder.\n"
    "\n"
    "import omnizap takes over the feedback and the language model's answers that the OmniZap CLIP classifier has\n"
    "in MySQL or MariaDB (mysql://USER@HOST[:PORT]/DATABASE). Nothing is changed there; done again it adds only\n"
    "what is new.  Without a URL the database is the one of that program's environment: DB_HOST, DB_PORT, DB_USER,\n"
    "DB_PASSWORD, DB_NAME, NODE_ENV.  Passwords: environment, or ?password-file=FILE in the URL; doc/store.md.",
    options,
    "set " AY_SESSION_SETTINGS,
};

/* ---- what "assay watch" uses too */

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    stopped = number;
    signal(number, SIG_DFL);
}

void ay_import_catch(void)
{
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGXFSZ, SIG_IGN);
}

bool ay_import_stopped(void)
{
    return stopped != 0;
}

void ay_import_nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
}

ay_status ay_import_open(ay_session *s, const ay_args *a, ay_err *err)
{
    ay_status status = ay_session_open(s, a, false, false, err);
    char text[sizeof err->msg];

    if (status != AY_EBUSY)
        return status;
    memcpy(text, err->msg, sizeof text);
    return ay_fail(err, AY_EBUSY, "%.700s: let it import (drop the pictures on its page, or POST /v1/intake/folder), or "
                                  "stop it", text);
}

/* ---- the import */

typedef struct {
    const ay_args *args;
    ay_session session;
    ay_service *s;
    int64_t batch[MOST_PATHS]; /* of this command */
    int nbatches;
    ay_progress bar;
    ay_intake_batch sum;
    int64_t earlier; /* pictures that an earlier run had brought in */
} import;

static bool is_ours(const import *im, int64_t batch)
{
    for (int i = 0; i < im->nbatches; i++)
        if (im->batch[i] == batch)
            return true;
    return false;
}

static ay_status wish(import *im, const char *path, ay_err *err)
{
    ay_watch_wish w = {.path = path,
                       .to = {ay_args_get(im->args, "dataset"), ay_args_get(im->args, "class"), true},
                       .classes = ay_args_get(im->args, "classes") != NULL,
                       .once = true,
                       .anywhere = true};
    int64_t id = 0, batch = 0;
    ay_status status = ay_watch_add(im->s, &w, &id, &batch, err);

    if (status == AY_OK && im->nbatches < MOST_PATHS)
        im->batch[im->nbatches++] = batch;
    return status;
}

/* What an earlier import left: its wishes and whatever waits. */
static ay_status join_earlier(import *im, ay_err *err)
{
    ay_watch *wishes = NULL;
    ay_intake_batch *list = NULL;
    size_t n = 0;
    ay_status status = ay_watch_list(im->s, &im->session.arena, &wishes, &n, err);

    for (size_t i = 0; i < n && status == AY_OK; i++)
        if (wishes[i].once && im->nbatches < MOST_PATHS)
            im->batch[im->nbatches++] = wishes[i].batch;
    if (status == AY_OK)
        status = ay_intake_batches(im->s, PAGE, &im->session.arena, &list, &n, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        if (list[i].waiting > 0 && !is_ours(im, list[i].id) && im->nbatches < MOST_PATHS)
            im->batch[im->nbatches++] = list[i].id;
    return status;
}

/* Sum up this command's batches; expected: with the files that its folders still have to give. */
static void count(import *im, int64_t *expected)
{
    ay_intake_batch *list = NULL;
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    im->sum = (ay_intake_batch){0};
    *expected = 0;
    if (ay_intake_batches(im->s, PAGE, &a, &list, &n, NULL) != AY_OK)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        ay_job job;
        int64_t total = list[i].total;
        if (!is_ours(im, list[i].id))
            continue;
        if (list[i].job && ay_service_job(im->s, list[i].job, &a, &job, NULL) == AY_OK && job.total > total)
            total = job.total;
        *expected += total;
        im->sum.total += list[i].total;
        im->sum.waiting += list[i].waiting;
        im->sum.added += list[i].added;
        im->sum.same += list[i].same;
        im->sum.failed += list[i].failed;
        im->sum.dropped += list[i].dropped;
    }
    ay_arena_fini(&a);
}

/* Until nothing waits; false: stopped. */
static bool follow(import *im)
{
    ay_intake_state now;
    int64_t expected, before;

    count(im, &expected);
    before = im->sum.total - im->sum.waiting;
    im->earlier = im->sum.added;
    ay_progress_start(&im->bar, "importing", 0, ay_args_get(im->args, "quiet") != NULL);
    if (before > 0)
        ay_progress_from(&im->bar, (long)before);
    while (!ay_import_stopped()) {
        if (ay_intake_now(im->s, &now, &(ay_err){{0}}) == AY_OK && now.waiting == 0 && now.working == 0 && !now.feeding)
            break;
        count(im, &expected);
        ay_progress_step(&im->bar, (long)(im->sum.total - im->sum.waiting), (long)expected);
        ay_import_nap();
    }
    count(im, &expected);
    ay_progress_end(&im->bar);
    return !ay_import_stopped();
}

/* ---- the end */

/* Folders that could not be read, as lines; how many. */
static int tell_folders(import *im, json_t *out)
{
    ay_watch *list = NULL;
    size_t n = 0;
    int bad = 0;

    if (ay_watch_list(im->s, &im->session.arena, &list, &n, NULL) != AY_OK)
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (!list[i].once || !is_ours(im, list[i].batch) || !*list[i].message)
            continue;
        bad++;
        if (out)
            json_array_append_new(out, json_pack("{s:s, s:s}", "file", list[i].folder, "message", list[i].message));
        else
            fprintf(stderr, "%s: %s\n", list[i].folder, list[i].message);
    }
    return bad;
}

static void tell_failures(import *im, json_t *out)
{
    const char *cursor = NULL;
    ay_intake_failure *list;
    int told = 0;
    size_t n;

    do {
        if (ay_intake_failures(im->s, cursor, PAGE, &im->session.arena, &list, &n, &cursor, NULL) != AY_OK)
            return;
        for (size_t i = 0; i < n; i++) {
            const char *file = *list[i].source ? list[i].source : list[i].file;
            if (!is_ours(im, list[i].batch))
                continue;
            if (out)
                json_array_append_new(out, json_pack("{s:s, s:s, s:s}", "file", file, "code", list[i].code, "message",
                                                     list[i].message));
            else if (++told <= TOLD)
                fprintf(stderr, "%s: %s\n", file, list[i].message);
        }
    } while (cursor);
    if (told > TOLD)
        fprintf(stderr, "... and %d more: assay import --json lists all, and so does the page\n", told - TOLD);
}

static int report(import *im, double seconds, bool whole)
{
    const ay_intake_batch *b = &im->sum;
    bool json = ay_args_get(im->args, "json") != NULL;
    json_t *failures = json ? json_array() : NULL;
    int bad = tell_folders(im, failures);

    tell_failures(im, failures);
    if (json) {
        json_t *o = json_pack("{s:b, s:I, s:I, s:I, s:I, s:f, s:o}", "whole", whole, "added", (json_int_t)b->added,
                              "same", (json_int_t)b->same, "failed", (json_int_t)b->failed, "waiting",
                              (json_int_t)b->waiting, "seconds", seconds, "failures", failures);
        json_dumpf(o, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(o);
    } else {
        printf("%lld new, %lld there already, %lld failed, in %.1f s", (long long)b->added, (long long)b->same,
               (long long)b->failed, seconds);
        if (b->added > im->earlier && seconds > 0.1)
            printf(" (%.0f pictures/s)", (double)(b->added - im->earlier) / seconds);
        putchar('\n');
    }
    if (!whole)
        fprintf(stderr, "assay: stopped; %lld pictures wait, and what was not read yet: assay import --resume goes on\n",
                (long long)b->waiting);
    return !whole || bad || b->failed ? AY_EXIT_FAIL : AY_EXIT_OK;
}

static int bring_in(const ay_args *a)
{
    import im = {.args = a};
    uint64_t begun;
    bool whole;
    int rc = AY_EXIT_FAIL;
    ay_err err = {{0}};
    ay_status status = ay_import_open(&im.session, a, &err);

    im.s = im.session.service;
    for (int i = 0; i < a->n_rest && status == AY_OK; i++) {
        status = wish(&im, a->rest[i], &err);
        if (status == AY_EEXISTS)
            status = AY_OK, join_earlier(&im, &err);
    }
    if (status == AY_OK && ay_args_get(a, "resume"))
        status = join_earlier(&im, &err);
    ay_import_catch();
    begun = ay_clock_mono();
    if (status == AY_OK)
        status = ay_intake_start(im.s, &err);
    if (status == AY_OK && im.nbatches == 0) {
        puts("nothing waits");
        rc = AY_EXIT_OK;
    } else if (status == AY_OK) {
        whole = follow(&im);
        rc = report(&im, (double)(ay_clock_mono() - begun) * 1e-9, whole);
    } else {
        ay_cmd_fail(&err);
    }
    ay_session_close(&im.session);
    return rc;
}

int ay_cmd_import(int argc, char **argv)
{
    ay_args a;
    int rc = ay_args_parse(&a, &usage, argc, argv);
    bool omnizap = rc < 0 && a.n_rest > 0 && strcmp(a.rest[0], "omnizap") == 0;

    if (rc < 0 && a.n_rest == 0 && !ay_args_get(&a, "resume"))
        rc = ay_args_wrong(&a, "import: which pictures? Name files or folders, or --resume%s", "");
    if (rc < 0 && omnizap && a.n_rest > 2)
        rc = ay_args_wrong(&a, "import: '%s' is one word too many", a.rest[2]);
    if (rc < 0 && !omnizap && ay_args_get(&a, "dry-run"))
        rc = ay_args_wrong(&a, "import: --dry-run goes with omnizap%s", "");
    if (rc < 0 && a.n_rest > MOST_PATHS)
        rc = ay_args_wrong(&a, "import: more than %s operands; name their folder", "256");
    if (rc < 0 && ay_args_get(&a, "class") && ay_args_get(&a, "classes"))
        rc = ay_args_wrong(&a, "import: --class or --classes, not both%s", "");
    if (rc < 0)
        rc = omnizap ? ay_import_omnizap(&a, a.n_rest > 1 ? a.rest[1] : NULL) : bring_in(&a);
    ay_args_fini(&a);
    return rc;
}
