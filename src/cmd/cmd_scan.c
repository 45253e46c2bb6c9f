/* cmd/cmd_scan.c - "assay scan": what do these pictures show?
 *
 * Several threads read, decode and ask, so that the engine always has a batch; the main thread prints
 * in the order of the operands.  A picture that cannot be read is an error on its own line and does not
 * stop the others. */
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/files.h"
#include "cmd/progress.h"
#include "cmd/session.h"
#include "http/view.h"
#include "service/scan.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const ay_option options[] = {
    {"json", 'j', NULL, "one JSON object a line"},
    {"top", 'n', "N", "similar pictures and classes reported (3)"},
    {"quiet", 'q', NULL, "no progress bar"},
    {0},
};
static const ay_usage usage = {
    "scan [OPTION ...] FILE|FOLDER|- ...",
    "Tell which class each picture shows, by the reference pictures of the data set.\n"
    "Exit code: 0 every picture matched, 3 one or more did not, 1 one or more could not be read,\n"
    "2 wrong usage.",
    options,
    "dataset method " AY_SESSION_SETTINGS,
};

typedef struct {
    char *line; /* owned, what to print; NULL until done */
    int code;   /* AY_EXIT_... */
} answer;

typedef struct {
    ay_session *session;
    const ay_files *files;
    ay_scan_options options;
    size_t limit;
    bool json;
    answer *answers;
    pthread_mutex_t lock;
    pthread_cond_t done;
    size_t next;
} scan_job;

static char *text_line(const char *path, const ay_decision *d)
{
    ay_buf b = {0};

    ay_buf_printf(&b, "%s: ", path);
    if (d->status == AY_SCAN_MATCH || d->status == AY_SCAN_AMBIGUOUS) {
        ay_buf_printf(&b, "%s%s  %.1f %%", d->label, d->status == AY_SCAN_AMBIGUOUS ? "?" : "",
                      100.0 * (double)d->score);
        if (d->has_reference)
            ay_buf_printf(&b, "  like %s/%s", d->reference.class_name,
                          *d->reference.file ? d->reference.file : d->reference.sha256);
    } else {
        ay_buf_printf(&b, "no match");
    }
    if (d->status != AY_SCAN_MATCH)
        ay_buf_printf(&b, "  (%s)", d->message);
    return b.data;
}

static int append(const char *text, size_t n, void *to)
{
    ay_buf_add(to, text, n);
    return 0;
}

/* Takes o. */
static char *one_line(json_t *o)
{
    ay_buf b = {0};

    if (!o || json_dump_callback(o, append, &b, JSON_COMPACT | JSON_REAL_PRECISION(7)) != 0)
        ay_buf_puts(&b, "{\"error\":\"out of memory\"}");
    json_decref(o);
    return b.data;
}

/* A file name is bytes; JSON is UTF-8: one that is not is shown as such. */
static json_t *name_json(const char *path)
{
    return ay_utf8_valid(path, strlen(path)) ? json_string(path) : json_string("(name is not UTF-8)");
}

static char *error_line(const char *path, const ay_err *err, bool json)
{
    ay_buf b = {0};

    if (json)
        return one_line(json_pack("{s:o, s:s}", "file", name_json(path), "error", err->msg));
    ay_buf_printf(&b, "%s: error: %s", path, err->msg);
    return b.data;
}

static char *json_line(const char *path, const ay_decision *d, const ay_engine_info *model)
{
    json_t *o = ay_view_decision(d, model);

    json_object_set_new(o, "file", name_json(path));
    return one_line(o);
}

static answer ask(scan_job *j, const char *path, ay_arena *arena)
{
    answer a = {.code = AY_EXIT_FAIL};
    ay_buf bytes = {0};
    ay_decision d;
    ay_err err;
    ay_status status = ay_files_read(path, j->limit, &bytes, &err);

    if (status == AY_OK) {
        do { /* a full queue is our own doing here: wait for room */
            status = ay_scan_bytes(j->session->service, bytes.data, bytes.len, &j->options, arena, &d,
                                   &err);
        } while (status == AY_EBUSY && usleep(2000) == 0);
    }
    if (status == AY_OK) {
        a.code = d.status == AY_SCAN_MATCH ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
        a.line = j->json ? json_line(path, &d, d.model)
                         : text_line(path, &d);
    } else {
        a.line = error_line(path, &err, j->json);
    }
    ay_buf_fini(&bytes);
    return a;
}

static void *scan_thread(void *arg)
{
    scan_job *j = arg;

    for (;;) {
        ay_arena arena;
        answer a;
        size_t i;
        pthread_mutex_lock(&j->lock);
        i = j->next < j->files->n ? j->next++ : SIZE_MAX;
        pthread_mutex_unlock(&j->lock);
        if (i == SIZE_MAX)
            return NULL;
        ay_arena_init(&arena, 0);
        a = ask(j, j->files->path[i], &arena);
        ay_arena_fini(&arena);
        pthread_mutex_lock(&j->lock);
        j->answers[i] = a;
        pthread_cond_broadcast(&j->done);
        pthread_mutex_unlock(&j->lock);
    }
}

/* Print answers in order as they come; returns the worst exit code. */
static int print_answers(scan_job *j, bool quiet)
{
    int worst = AY_EXIT_OK;
    ay_progress bar;

    ay_progress_start(&bar, "scanning", (long)j->files->n, quiet || j->files->n < 2);
    for (size_t i = 0; i < j->files->n; i++) {
        answer a;
        pthread_mutex_lock(&j->lock);
        while (!j->answers[i].line)
            pthread_cond_wait(&j->done, &j->lock);
        a = j->answers[i];
        pthread_mutex_unlock(&j->lock);
        if (isatty(STDOUT_FILENO))
            ay_progress_hide(&bar);
        fprintf(a.code == AY_EXIT_FAIL && !j->json ? stderr : stdout, "%s\n", a.line);
        ay_free(a.line);
        if (a.code == AY_EXIT_FAIL || worst == AY_EXIT_OK)
            worst = a.code;
        ay_progress_step(&bar, (long)i + 1, (long)j->files->n);
    }
    ay_progress_end(&bar);
    return worst;
}

static int scan_all(scan_job *j, bool quiet, ay_err *err)
{
    pthread_t threads[64];
    int n = 4 * ay_cpu_count(), started = 0, code = AY_EXIT_FAIL;

    if (n > 64)
        n = 64;
    j->answers = ay_calloc(j->files->n, sizeof *j->answers);
    if (!j->answers) {
        ay_fail(err, AY_ENOMEM, "scanning %zu pictures", j->files->n);
        return ay_cmd_fail(err);
    }
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->done, NULL);
    while (started < n && (size_t)started < j->files->n &&
           ay_thread_start(&threads[started], "scan", scan_thread, j, err) == AY_OK)
        started++;
    if (started > 0)
        code = print_answers(j, quiet);
    else
        ay_cmd_fail(err);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&j->lock);
    pthread_cond_destroy(&j->done);
    ay_free(j->answers);
    return code;
}

int ay_cmd_scan(int argc, char **argv)
{
    scan_job j = {0};
    ay_files files = {0};
    ay_session session = {0};
    ay_args a;
    ay_err err;
    long top = 3;
    int rc = ay_args_parse(&a, &usage, argc, argv);

    if (rc >= 0)
        goto out;
    if (a.n_rest == 0) {
        rc = ay_args_wrong(&a, "scan: name a picture, a folder, or - for standard input");
        goto out;
    }
    if (ay_args_get(&a, "top") && !ay_args_number(&a, "top", 1, 50, &top)) {
        rc = AY_EXIT_USAGE;
        goto out;
    }
    rc = AY_EXIT_FAIL;
    if (ay_files_collect(&files, a.rest, a.n_rest, &err) != AY_OK ||
        ay_session_open(&session, &a, true, true, &err) != AY_OK) {
        ay_cmd_fail(&err);
        goto out;
    }
    if (files.n == 0) {
        ay_fail(&err, AY_ENOTFOUND, "%s: no pictures there", a.rest[0]);
        ay_cmd_fail(&err);
        goto out;
    }
    j = (scan_job){.session = &session, .files = &files, .json = ay_args_get(&a, "json") != NULL};
    j.limit = ay_config_size(&a.config, "max-upload");
    j.options = (ay_scan_options){.dataset = ay_config_text(&a.config, "dataset"),
                                  .method = ay_config_text(&a.config, "method"),
                                  .top = (int)top};
    rc = scan_all(&j, ay_args_get(&a, "quiet") != NULL, &err);
out:
    ay_files_fini(&files);
    ay_session_close(&session);
    ay_args_fini(&a);
    return rc;
}
