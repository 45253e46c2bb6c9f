#include "train/run.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "train/run_parts.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHOW_NS = 50000000 };

const char *ay_train_phase_name(ay_train_phase p)
{
    static const char *const name[] = {"scanning", "features", "head", "fine-tuning",
                                       "judging",  "saving",   "done"};

    return p >= 0 && p < AY_TRAIN_PHASES ? name[p] : "unknown";
}

/* ---- telling and listening --------------------------------------------------------------------- */

void ay_run_note(const ay_run *r, const char *fmt, ...)
{
    ay_note n;
    va_list ap;

    if (!r->observer || !r->observer->note)
        return;
    va_start(ap, fmt);
    ay_note_make(&n, fmt, ap);
    va_end(ap);
    r->observer->note(r->observer->ctx, &n);
    ay_note_fini(&n);
}

void ay_run_phase(ay_run *r, ay_train_phase phase)
{
    r->phase_started = ay_clock_mono();
    r->shown = 0;
    ay_run_progress(r, phase, 0, 0, 0, 0, 1, NAN);
}

void ay_run_progress(ay_run *r, ay_train_phase phase, long done, long total, int epoch, int epochs,
                     double pictures, double loss)
{
    uint64_t now = ay_clock_mono();
    double took = (double)(now - r->phase_started) / 1e9;
    ay_train_progress p = {.phase = phase, .done = done, .total = total, .epoch = epoch,
                           .epochs = epochs, .loss = loss, .seconds_left = -1};

    if (!r->observer || !r->observer->progress || (now - r->shown < SHOW_NS && done < total))
        return;
    r->shown = now;
    if (done > 0 && took > 0.2) {
        p.rate = (double)done * pictures / took;
        p.seconds_left = took * (double)(total - done) / (double)done;
    }
    r->observer->progress(r->observer->ctx, &p);
}

ay_status ay_run_paused(const ay_run *r, ay_err *err)
{
    if (!r->control || !atomic_load(&r->control->pause))
        return AY_OK;
    return ay_fail(err, AY_ECANCELLED, "paused; what was done is kept in %s, resume goes on", r->partial);
}

double ay_run_seconds(const ay_run *r)
{
    return r->before + (double)(ay_clock_mono() - r->started) / 1e9;
}

bool ay_run_cancelled(ay_run *r)
{
    if (r->control && atomic_load(&r->control->cancel))
        r->cancelled = true;
    if (r->s.max_minutes > 0 && ay_run_seconds(r) > r->s.max_minutes * 60)
        r->cancelled = true;
    return r->cancelled;
}

/* ---- folders ----------------------------------------------------------------------------------- */

/* Remove a folder of ours: files, and folders a few levels deep. */
static void remove_tree(const char *path, int depth)
{
    char below[AY_RUN_PATH + 300];
    struct dirent *d;
    struct stat st;
    DIR *dir = depth > 0 ? opendir(path) : NULL;

    while (dir && (d = readdir(dir))) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        snprintf(below, sizeof below, "%.*s/%s", AY_RUN_PATH, path, d->d_name);
        if (lstat(below, &st) == 0 && S_ISDIR(st.st_mode))
            remove_tree(below, depth - 1);
        else
            unlink(below);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

static ay_status name_folders(ay_run *r, const char *out, ay_err *err)
{
    size_t n = strlen(out);

    while (n > 1 && out[n - 1] == '/')
        n--;
    if (n == 0 || n > 4000)
        return ay_fail(err, AY_EINVAL, "the out folder has no name, or too long a one");
    snprintf(r->out, sizeof r->out, "%.*s", (int)n, out);
    snprintf(r->partial, sizeof r->partial, "%.4000s.partial", r->out);
    snprintf(r->state, sizeof r->state, "%.4100s/state", r->partial);
    snprintf(r->folder, sizeof r->folder, "%.4100s/model", r->partial);
    snprintf(r->result.out, sizeof r->result.out, "%.4000s", r->out);
    return AY_OK;
}

static ay_status write_settings(const ay_run *r, ay_err *err)
{
    char path[AY_RUN_PATH + 32];
    ay_buf text = {0};
    ay_status status;

    snprintf(path, sizeof path, "%s/settings.yaml", r->partial);
    ay_train_settings_print(&r->s, false, &text);
    status = text.failed ? ay_fail(err, AY_ENOMEM, "settings")
                         : ay_file_write(path, text.data, text.len, err);
    ay_buf_fini(&text);
    return status;
}

/* Find out whether this is a new run or the rest of one; afterwards r->s and the folders are right. */
static ay_status prepare(ay_run *r, const ay_train_settings *s, bool resume, ay_err *err)
{
    char settings[AY_RUN_PATH + 32], events[AY_RUN_PATH + 32];
    bool begun;
    ay_status status = AY_OK;

    snprintf(settings, sizeof settings, "%s/settings.yaml", r->partial);
    snprintf(events, sizeof events, "%s/events", r->folder);
    if (ay_file_exists(r->out))
        return ay_fail(err, AY_EEXISTS, "%s is there already: name another folder, or remove it", r->out);
    begun = ay_file_exists(settings);
    if (begun && !resume)
        return ay_fail(err, AY_ECONFLICT,
                       "an unfinished run lies in %s: --resume goes on with it; to start anew remove it",
                       r->partial);
    ay_train_settings_init(&r->s);
    if (begun)
        status = ay_train_settings_load(&r->s, settings, err);
    else if (s)
        r->s = *s;
    else
        return ay_fail(err, AY_ENOTFOUND, "there is no unfinished run in %s", r->partial);
    if (status == AY_OK)
        status = ay_file_mkdirs(r->state, err);
    if (status == AY_OK)
        status = ay_file_mkdirs(r->s.tensorboard ? events : r->folder, err);
    return status == AY_OK && !begun ? write_settings(r, err) : status;
}

/* partial/model becomes out. */
static ay_status publish(const ay_run *r, ay_err *err)
{
    char parent[AY_RUN_PATH];
    char *slash;

    if (rename(r->folder, r->out) != 0)
        return ay_fail(err, errno == EEXIST || errno == ENOTEMPTY ? AY_EEXISTS : AY_EIO,
                       "%s is ready but cannot become %s: %s", r->folder, r->out, strerror(errno));
    snprintf(parent, sizeof parent, "%s", r->out);
    slash = strrchr(parent, '/');
    if (slash)
        slash[slash == parent] = '\0';
    remove_tree(r->partial, 4);
    return ay_file_sync_dir(slash ? parent : ".", err);
}

/* ---- the phases -------------------------------------------------------------------------------- */

static void open_events(ay_run *r)
{
    char folder[AY_RUN_PATH + 16];
    ay_err err;

    snprintf(folder, sizeof folder, "%s/events", r->folder);
    if (r->s.tensorboard && ay_event_file_open(&r->events, folder, r->history.n + 1, &err) != AY_OK)
        ay_run_note(r, "no_events|no event files: %s", err.msg);
}

/* Fine-tuning has to be better than the head over the body as it was, or that is the result. */
static void compare_head(ay_run *r)
{
    double tuned = -1;

    r->result.tuned = r->best.any && r->best.epoch > 0 && r->history.point[r->best.epoch - 1].body;
    for (int i = 0; i < r->history.n; i++)
        if (r->history.point[i].body)
            tuned = fmax(tuned, r->history.point[i].val_accuracy);
    if (tuned >= 0 && !r->result.tuned)
        ay_run_note(r, "tuned_no_better|fine-tuning reached %.4f on validation, no better than %.4f (loss %.4f) of the "
                       "head alone: the body stays as it was", tuned, r->best.score, r->best.loss);
}

static ay_status learn(ay_run *r, ay_err *err)
{
    bool later = r->resume && json_integer_value(json_object_get(r->resume, "stage")) > 0;
    bool head = !r->fresh && (r->s.freeze_backbone || r->s.head_epochs > 0) && !later;
    ay_status status = head ? ay_run_head(r, err) : AY_OK;

    if (status == AY_OK && !r->s.freeze_backbone && !ay_run_cancelled(r)) {
        r->stopped_early = false;
        status = ay_run_tune(r, err);
    }
    if (status == AY_OK && !r->best.any)
        status = ay_fail(err, AY_ECANCELLED, "cancelled before there was anything to keep");
    if (status == AY_OK)
        compare_head(r);
    r->result.epochs = r->history.n;
    r->result.best_epoch = r->best.epoch;
    r->result.cancelled = r->cancelled;
    r->result.stopped_early = r->stopped_early;
    return status;
}

/* The best weights into the whole network; after the head alone they are there already. */
static void restore_best(ay_run *r)
{
    size_t n;
    float *values = ay_weights_values(r->weights, &n);

    memcpy(values, r->best.values, n * sizeof *values);
}

static ay_status run_all(ay_run *r, ay_err *err)
{
    ay_status status = ay_run_scan(r, err);

    if (status == AY_OK)
        status = ay_run_build(r, err);
    if (status == AY_OK)
        status = ay_checkpoint_find(r, err);
    if (status == AY_OK) {
        open_events(r);
        r->saved = ay_clock_mono();
        status = learn(r, err);
    }
    if (status != AY_OK)
        return status;
    restore_best(r);
    status = ay_run_outcome(r, err);
    ay_event_file_close(r->events);
    r->events = NULL;
    if (status == AY_OK)
        status = publish(r, err);
    if (status == AY_OK)
        ay_run_phase(r, AY_TRAIN_DONE);
    return status;
}

/* A run that has nothing to go on with leaves nothing behind. */
static void clean_up(const ay_run *r, ay_status status)
{
    char state[AY_RUN_PATH + 16];
    bool paused = r->control && atomic_load(&r->control->pause);

    snprintf(state, sizeof state, "%s/state.json", r->state);
    if (!paused && !ay_file_exists(state) && status != AY_EIO)
        remove_tree(r->partial, 4);
}

static void fini(ay_run *r)
{
    ay_event_file_close(r->events);
    ay_weights_destroy(r->weights);
    ay_model_close(r->model);
    ay_corpus_fini(&r->corpus);
    ay_history_fini(&r->history);
    ay_free(r->best.values);
    ay_free(r->features);
    ay_free(r->feature_labels);
    json_decref(r->resume);
    ay_free(r);
}

ay_status ay_train_run(const ay_train_settings *s, const char *out, bool resume,
                       const ay_train_observer *observer, const ay_train_control *control,
                       ay_train_result *result, ay_err *err)
{
    ay_run *r = ay_calloc(1, sizeof *r);
    ay_status status;

    if (!r)
        return ay_fail(err, AY_ENOMEM, "a training run");
    r->observer = observer;
    r->control = control;
    r->started = ay_clock_mono();
    status = name_folders(r, out, err);
    if (status == AY_OK)
        status = prepare(r, s, resume, err);
    if (status == AY_OK) {
        status = run_all(r, err);
        if (status == AY_ECANCELLED)
            ay_run_paused(r, err); /* whatever was interrupted: one message */
        if (status != AY_OK)
            clean_up(r, status);
    }
    r->result.seconds = ay_run_seconds(r);
    if (result)
        *result = r->result;
    fini(r);
    return status;
}
