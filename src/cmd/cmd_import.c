/* cmd/cmd_import.c - "assay import": pictures of files and folders come in through the durable queue.
 *
 * What a server does on request (service/library/intake.h) is done here until nothing is left: a wish for each operand,
 * workers, a bar.  Ctrl-C leaves wishes and queue in the store; "--resume", or the next server, goes on.  Where a server
 * has the data folder it is asked to do the same (cmd/taker.h), and only the bar is here; Ctrl-C then takes the wish back. */
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/import.h"
#include "cmd/import_catalog.h"
#include "cmd/import_served.h"
#include "cmd/progress.h"
#include "cmd/taker.h"

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
    {"resume", 'r', NULL, "go on with what an earlier import left, or show what a server brings in"},
    {"detach", 0, NULL, "hand it to the server that has the data folder, and end"},
    {"images", 0, "FOLDER", "a document's pictures are below this folder (its own)"},
    {"class-by", 0, "WAY", "COCO pictures with several categories: that of the largest annotation, of the most, or none (largest)"},
    {"dry-run", 'n', NULL, "archives, documents, omnizap: only say what would come; works beside a running server"},
    {"json", 'j', NULL, "print JSON"},
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage usage = {
    "import [OPTION ...] PATH ... | import --resume | import omnizap [URL]",
    "Bring pictures of files and folders into the library, or with --dataset into another data set. What was\n"
    "imported is not imported twice. Stopped with Ctrl-C, or killed, it goes on with --resume or when a server\n"
    "starts. Files that fail are listed at the end; exit status 1 when there are any. While a server has the\n"
    "data folder, that server reads PATH and this command shows how far it is; Ctrl-C takes the order back.\n"
    "\n"
    "PATH may also be what assay export or another program wrote: a .tar archive, a folder with assay.jsonl, coco.json,\n"
    "pictures.csv, pictures.jsonl or croissant.json, or such a document (COCO .json, .csv, .jsonl, Croissant). Classes, tags,\n"
    "albums and times come with the pictures. Rows that cannot be are named with their line; the others come.\n"
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

void ay_import_nap(int tenths)
{
    for (int i = 0; i < tenths && !stopped; i++)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
}

/* ---- the import */

typedef struct {
    const ay_args *args;
    ay_taker taker;
    ay_arena arena;
    int64_t batch[MOST_PATHS]; /* that this command follows */
    int nbatches;
    int nwished; /* the first of them: it asked for them itself */
    ay_progress bar;
    ay_intake_batch sum;
    bool reading;
    int64_t earlier; /* pictures that an earlier run had brought in */
    char told[256];  /* the trouble that was told last */
    ay_import_catalogs catalogs;
    ay_import_served archives; /* the same, when a server brings them in */
} import;

static void take_batch(import *im, int64_t batch)
{
    for (int i = 0; i < im->nbatches; i++)
        if (im->batch[i] == batch)
            return;
    if (im->nbatches < MOST_PATHS)
        im->batch[im->nbatches++] = batch;
}

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
    ay_status status = ay_taker_wish(&im->taker, &w, &id, &batch, err);

    if (status == AY_OK)
        take_batch(im, batch);
    return status;
}

/* What an earlier import left: its wishes and whatever waits. */
static ay_status join_earlier(import *im, ay_err *err)
{
    ay_watch *wishes = NULL;
    ay_intake_batch *list = NULL;
    size_t n = 0;
    ay_status status = ay_taker_folders(&im->taker, &im->arena, &wishes, &n, err);

    for (size_t i = 0; i < n && status == AY_OK; i++)
        if (wishes[i].once)
            take_batch(im, wishes[i].batch);
    if (status == AY_OK)
        status = ay_taker_imports(&im->taker, &im->arena, &list, &n, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        if (list[i].waiting > 0)
            take_batch(im, list[i].id);
    return status;
}

/* What has a document of its own. */
static ay_status take_catalog(import *im, const ay_bring_wish *w, ay_err *err)
{
    if (im->taker.served)
        return ay_import_served_ask(&im->archives, w, err);
    return ay_import_catalog_open(&im->catalogs, im->taker.session.service, w, !ay_args_get(im->args, "json"), err);
}

static ay_status take_operand(import *im, const char *path, ay_err *err)
{
    ay_bring_wish w;
    bool is = false;
    ay_status status = ay_bring_is(path, &is, err);

    if (status != AY_OK)
        return status;
    if (!is)
        return wish(im, path, err);
    return ay_import_wish(im->args, path, &w) ? take_catalog(im, &w, err) : ay_fail(err, AY_EINVAL, "nothing was brought in");
}

/* Archives that an earlier import did not finish. */
static ay_status join_catalogs(import *im, ay_err *err)
{
    ay_bring_wish *list;
    size_t n;
    ay_status status;

    if (im->taker.served)
        return ay_import_served_join(&im->archives, err);
    status = ay_bring_unfinished(im->taker.session.service, &im->arena, &list, &n, err);
    for (size_t i = 0; status == AY_OK && i < n; i++) {
        ay_err why;
        if (take_catalog(im, &list[i], &why) != AY_OK)
            fprintf(stderr, "assay: an import that was not finished cannot be gone on with: %s\n", why.msg);
    }
    return status;
}

static ay_status queue_catalogs(import *im, ay_err *err)
{
    int64_t batch[AY_IMPORT_CATALOGS] = {0};
    bool quiet = ay_args_get(im->args, "quiet") != NULL;
    ay_status status = im->taker.served ? ay_import_served_follow(&im->archives, quiet, !ay_args_get(im->args, "json"), batch, err)
                                        : ay_import_catalogs_queue(&im->catalogs, quiet, batch, err);

    for (int i = 0; i < AY_IMPORT_CATALOGS; i++)
        if (batch[i])
            take_batch(im, batch[i]);
    return status == AY_ECANCELLED && ay_import_stopped() ? AY_OK : status; /* follow() sees it too */
}

static ay_status wish_all(import *im, ay_err *err)
{
    ay_status status = AY_OK;
    bool again = ay_args_get(im->args, "resume") != NULL;

    for (int i = 0; i < im->args->n_rest && status == AY_OK; i++) {
        status = take_operand(im, im->args->rest[i], err);
        if (status == AY_EEXISTS) { /* it is being read: follow that */
            status = AY_OK;
            again = true;
        }
    }
    im->nwished = im->nbatches;
    if (status == AY_OK && again)
        status = join_earlier(im, err);
    return status == AY_OK && ay_args_get(im->args, "resume") ? join_catalogs(im, err) : status;
}

/* Sum up this command's batches; expected: with the files that its folders still have to give. */
static ay_status count(import *im, ay_err *err)
{
    ay_intake_batch *list = NULL;
    ay_status status;
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    status = ay_taker_imports(&im->taker, &a, &list, &n, err);
    if (status == AY_OK) {
        im->sum = (ay_intake_batch){0};
        im->reading = false;
    }
    for (size_t i = 0; i < n && status == AY_OK; i++) {
        if (!is_ours(im, list[i].id))
            continue;
        im->sum.expected += list[i].expected;
        im->sum.total += list[i].total;
        im->sum.waiting += list[i].waiting;
        im->sum.added += list[i].added;
        im->sum.same += list[i].same;
        im->sum.failed += list[i].failed;
        im->sum.dropped += list[i].dropped;
        im->reading |= list[i].reading;
    }
    ay_arena_fini(&a);
    return status;
}

/* Is something left?  A server has other work too; a command does all that waits. */
static bool is_over(import *im)
{
    ay_intake_state now;

    if (im->taker.served)
        return !im->reading && im->sum.waiting == 0;
    return ay_intake_now(im->taker.session.service, &now, &(ay_err){{0}}) == AY_OK && now.waiting == 0 && now.working == 0 &&
           !now.feeding;
}

/* Why it does not go on, once. */
static void tell_trouble(import *im)
{
    const char *trouble = im->taker.trouble;
    ay_watch *list = NULL;
    ay_arena a;
    size_t n = 0;

    ay_arena_init(&a, 0);
    if (!*trouble && ay_taker_folders(&im->taker, &a, &list, &n, NULL) == AY_OK)
        for (size_t i = 0; i < n && !*trouble; i++)
            if (list[i].once && is_ours(im, list[i].batch))
                trouble = list[i].message;
    if (*trouble && strncmp(trouble, im->told, sizeof im->told - 1) != 0) {
        snprintf(im->told, sizeof im->told, "%s", trouble);
        ay_progress_hide(&im->bar);
        fprintf(stderr, "assay: waiting; nothing is lost, and it goes on by itself when this is over: %s\n", im->told);
    }
    ay_arena_fini(&a);
}

/* Until nothing waits, or somebody stops it. */
static ay_status follow(import *im, ay_err *err)
{
    ay_status status = count(im, err);
    int64_t before = im->sum.total - im->sum.waiting;
    int round = 0;

    im->earlier = im->catalogs.n || im->archives.n ? 0 : im->sum.added; /* archives are taken in while they are read */
    ay_progress_start(&im->bar, im->taker.served ? "the server imports" : "importing", 0,
                      ay_args_get(im->args, "quiet") != NULL);
    if (before > 0)
        ay_progress_from(&im->bar, (long)before);
    while (status == AY_OK && !ay_import_stopped() && !is_over(im)) {
        ay_import_nap(2);
        status = count(im, err);
        ay_progress_step(&im->bar, (long)(im->sum.total - im->sum.waiting), (long)im->sum.expected);
        if (round++ % 8 == 7)
            tell_trouble(im);
    }
    return status;
}

/* What this command asked a server for is taken back; what it found there is somebody else's. */
static ay_status stop_served(import *im, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < im->nwished && status == AY_OK; i++) {
        int64_t dropped = 0;
        status = ay_taker_cancel(&im->taker, im->batch[i], &dropped, err);
        if (status == AY_ENOTFOUND) /* an import that brought nothing */
            status = AY_OK;
    }
    return status;
}

/* ---- the end */

/* Folders that could not be read, as lines; how many. */
static int tell_folders(import *im, json_t *out)
{
    ay_watch *list = NULL;
    size_t n = 0;
    int bad = 0;

    if (ay_taker_folders(&im->taker, &im->arena, &list, &n, NULL) != AY_OK)
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
        if (ay_taker_failures(&im->taker, cursor, &im->arena, &list, &n, &cursor, NULL) != AY_OK)
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

/* How it goes on after Ctrl-C. */
static void tell_rest(const import *im)
{
    if (!im->taker.served)
        fprintf(stderr, "assay: stopped; %lld pictures wait, and what was not read yet: assay import --resume goes on\n",
                (long long)im->sum.waiting);
    else if (im->nwished || im->archives.asked)
        fprintf(stderr, "assay: stopped, and the server brings nothing more of it in; the same command again brings the rest\n");
    else
        fprintf(stderr, "assay: the server goes on with %lld pictures; assay import --resume shows it\n",
                (long long)im->sum.waiting);
}

static int report(import *im, double seconds, bool whole)
{
    const ay_intake_batch *b = &im->sum;
    bool json = ay_args_get(im->args, "json") != NULL;
    json_t *failures = json ? json_array() : NULL;
    int64_t bad = tell_folders(im, failures) + ay_import_catalogs_problems(&im->catalogs, failures) +
                  ay_import_served_problems(&im->archives, failures);

    tell_failures(im, failures);
    if (json) {
        json_t *o = json_pack("{s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:f, s:o, s:o}", "whole", whole, "served", im->taker.served,
                              "added", (json_int_t)b->added, "same", (json_int_t)b->same, "failed", (json_int_t)b->failed,
                              "waiting", (json_int_t)b->waiting, "dropped", (json_int_t)b->dropped, "seconds", seconds,
                              "failures", failures, "catalogs",
                              im->taker.served ? ay_import_served_json(&im->archives) : ay_import_catalogs_json(&im->catalogs));
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
        tell_rest(im);
    return !whole || bad || b->failed ? AY_EXIT_FAIL : AY_EXIT_OK;
}

static ay_status run(import *im, int *rc, ay_err *err)
{
    uint64_t begun = ay_clock_mono();
    ay_status status;
    bool whole;

    if (im->taker.served && ay_args_get(im->args, "detach")) {
        printf("the server brings it in; assay import --resume shows how far it is\n");
        *rc = AY_EXIT_OK;
        return AY_OK;
    }
    status = queue_catalogs(im, err);
    if (status == AY_OK)
        status = follow(im, err);
    whole = !ay_import_stopped();
    if (status == AY_OK && !whole && im->taker.served)
        status = stop_served(im, err);
    if (status == AY_OK)
        status = count(im, err);
    if (status == AY_OK && whole)
        status = ay_import_catalogs_finish(&im->catalogs, err);
    ay_progress_end(&im->bar);
    if (status == AY_OK)
        *rc = report(im, (double)(ay_clock_mono() - begun) * 1e-9, whole);
    else if (im->taker.served)
        ay_err_wrap(err, "the import goes on when the server starts again");
    return status;
}

static int bring_in(const ay_args *a)
{
    import im = {.args = a};
    int rc = AY_EXIT_FAIL;
    ay_err err = {{0}};
    ay_status status = ay_taker_open(&im.taker, a, &err);

    im.archives.server = &im.taker.server;
    ay_arena_init(&im.arena, 0);
    if (status == AY_OK && !im.taker.served && ay_args_get(a, "detach"))
        status = ay_fail(&err, AY_EINVAL, "--detach: no server has the data folder, so nobody would go on");
    if (status == AY_OK)
        status = wish_all(&im, &err);
    ay_import_catch();
    if (status == AY_OK)
        status = ay_taker_start(&im.taker, &err);
    if (status == AY_OK && im.nbatches == 0 && im.catalogs.n == 0 && im.archives.n == 0) {
        puts("nothing waits");
        rc = AY_EXIT_OK;
    } else if (status == AY_OK) {
        status = run(&im, &rc, &err);
    }
    if (status != AY_OK)
        ay_cmd_fail(&err);
    ay_import_catalogs_close(&im.catalogs);
    ay_import_served_close(&im.archives);
    ay_taker_close(&im.taker);
    ay_arena_fini(&im.arena);
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
    if (rc < 0 && !omnizap && ay_args_get(&a, "dry-run") && a.n_rest == 0)
        rc = ay_args_wrong(&a, "import: --dry-run of what? Name an archive or a document%s", "");
    if (rc < 0 && !ay_import_wish(&a, "", &(ay_bring_wish){.path = ""}))
        rc = AY_EXIT_USAGE;
    if (rc < 0 && a.n_rest > MOST_PATHS)
        rc = ay_args_wrong(&a, "import: more than %s operands; name their folder", "256");
    if (rc < 0 && ay_args_get(&a, "class") && ay_args_get(&a, "classes"))
        rc = ay_args_wrong(&a, "import: --class or --classes, not both%s", "");
    if (rc < 0)
        rc = omnizap                      ? ay_import_omnizap(&a, a.n_rest > 1 ? a.rest[1] : NULL)
             : ay_args_get(&a, "dry-run") ? ay_import_dry(&a)
                                          : bring_in(&a);
    ay_args_fini(&a);
    return rc;
}
