#include "train/metric_run.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "train/metric_parts.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SHOW_NS = 50000000 };

/* ---- telling and listening --------------------------------------------------------------------- */

void ay_metric_note(const ay_metric *r, const char *fmt, ...)
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

void ay_metric_phase(ay_metric *r, ay_train_phase phase)
{
    r->phase_started = ay_clock_mono();
    r->shown = 0;
    ay_metric_progress(r, phase, 0, 0, 0, 0, 1, NAN);
}

void ay_metric_progress(ay_metric *r, ay_train_phase phase, long done, long total, int epoch, int epochs,
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

ay_status ay_metric_paused(const ay_metric *r, ay_err *err)
{
    if (!r->control || !atomic_load(&r->control->pause))
        return AY_OK;
    return ay_fail(err, AY_ECANCELLED, "paused; what was done is kept in %s, resume goes on", r->partial);
}

double ay_metric_seconds(const ay_metric *r)
{
    return r->before + (double)(ay_clock_mono() - r->started) / 1e9;
}

bool ay_metric_cancelled(ay_metric *r)
{
    if (r->control && atomic_load(&r->control->cancel))
        r->cancelled = true;
    if (r->s.max_minutes > 0 && ay_metric_seconds(r) > r->s.max_minutes * 60)
        r->cancelled = true;
    return r->cancelled;
}

/* ---- folders ------------------------------------------------------------------------------------- */

static ay_status name_folders(ay_metric *r, const char *out, ay_err *err)
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

static ay_status read_settings(ay_metric *r, const char *path, ay_err *err)
{
    ay_buf text = {0};
    json_error_t je;
    ay_status status = ay_file_read(path, 1 << 20, &text, err);
    json_t *o = status == AY_OK ? json_loadb(text.data ? text.data : "", text.len, 0, &je) : NULL;

    if (status == AY_OK && !o)
        status = ay_fail(err, AY_ECORRUPT, "%s: %s", path, je.text);
    if (status == AY_OK)
        status = ay_metric_settings_read(&r->s, o, err);
    json_decref(o);
    ay_buf_fini(&text);
    return status;
}

static ay_status write_settings(const ay_metric *r, const char *path, ay_err *err)
{
    json_t *o = ay_metric_settings_json(&r->s);
    ay_buf text = {0};
    ay_status status = ay_json_dump(o, JSON_INDENT(1), &text) ? ay_file_write(path, text.data, text.len, err)
                                                              : ay_fail(err, AY_ENOMEM, "settings");

    ay_buf_fini(&text);
    json_decref(o);
    return status;
}

/* Find out whether this is a new run or the rest of one; afterwards r->s and the folders are right. */
static ay_status prepare(ay_metric *r, const ay_metric_settings *s, bool resume, ay_err *err)
{
    char settings[AY_METRIC_PATH + 32];
    bool begun;
    ay_status status;

    snprintf(settings, sizeof settings, "%s/settings.json", r->partial);
    if (ay_file_exists(r->out))
        return ay_fail(err, AY_EEXISTS, "%s is there already: name another folder, or remove it", r->out);
    begun = ay_file_exists(settings);
    if (begun && !resume)
        return ay_fail(err, AY_ECONFLICT,
                       "an unfinished run lies in %s: resume goes on with it; to start anew remove it", r->partial);
    if (!begun && !s)
        return ay_fail(err, AY_ENOTFOUND, "there is no unfinished run in %s", r->partial);
    if (begun) {
        status = read_settings(r, settings, err);
    } else {
        r->s = *s;
        status = AY_OK;
    }
    if (status == AY_OK)
        status = ay_metric_settings_check(&r->s, err);
    if (status == AY_OK)
        status = ay_file_mkdirs(r->state, err);
    if (status == AY_OK)
        status = ay_file_mkdirs(r->folder, err);
    return status == AY_OK && !begun ? write_settings(r, settings, err) : status;
}

/* partial/model becomes out. */
static ay_status publish(const ay_metric *r, ay_err *err)
{
    char parent[AY_METRIC_PATH];
    char *slash;

    if (rename(r->folder, r->out) != 0)
        return ay_fail(err, errno == EEXIST || errno == ENOTEMPTY ? AY_EEXISTS : AY_EIO,
                       "%s is ready but cannot become %s: %s", r->folder, r->out, strerror(errno));
    snprintf(parent, sizeof parent, "%s", r->out);
    slash = strrchr(parent, '/');
    if (slash)
        slash[slash == parent] = '\0';
    ay_file_remove_tree(r->partial);
    return ay_file_sync_dir(slash ? parent : ".", err);
}

/* ---- the phases ------------------------------------------------------------------------------------- */

static void use_best(ay_metric *r)
{
    size_t n;
    float *values = ay_weights_values(r->weights, &n);

    memcpy(values, r->best.values, n * sizeof *values);
    r->result.validation = r->best.val;
    r->result.val_loss = r->best.loss;
    r->result.best_epoch = r->best.epoch;
    r->result.averaged = r->best.average;
    r->result.epochs = r->history.n;
    r->result.cancelled = r->cancelled;
    r->result.stopped_early = r->stopped_early;
    r->result.came_apart = r->came_apart;
    r->result.dim = r->dim;
}

static ay_status run_all(ay_metric *r, ay_err *err)
{
    ay_status status = ay_metric_build(r, err);

    if (status == AY_OK)
        status = ay_metric_scan(r, err);
    if (status == AY_OK)
        status = ay_metric_open_loaders(r, err);
    if (status == AY_OK)
        status = ay_metric_build_loss(r, err);
    if (status == AY_OK)
        status = ay_metric_state_find(r, err);
    if (status == AY_OK) {
        r->saved = ay_clock_mono();
        status = ay_metric_fit(r, err);
    }
    if (status != AY_OK)
        return status;
    status = ay_metric_save_last(r, err);
    if (status == AY_OK) {
        use_best(r);
        if (r->result.test > 0)
            status = ay_metric_measure_side(r, AY_SPLIT_TEST, &r->result.tested, err);
    }
    if (status == AY_OK)
        status = ay_metric_save(r, err);
    if (status == AY_OK)
        status = publish(r, err);
    if (status == AY_OK)
        ay_metric_phase(r, AY_TRAIN_DONE);
    return status;
}

/* A run that has nothing to go on with, or would come apart again, leaves nothing behind. */
static void clean_up(const ay_metric *r, ay_status status)
{
    char state[AY_METRIC_PATH + 16];
    bool paused = r->control && atomic_load(&r->control->pause);

    snprintf(state, sizeof state, "%s/state.json", r->state);
    if (r->came_apart || (!paused && !ay_file_exists(state) && status != AY_EIO))
        ay_file_remove_tree(r->partial);
}

static void fini(ay_metric *r)
{
    ay_metric_close_loader(r, &r->train);
    ay_metric_close_loader(r, &r->val);
    ay_learn_destroy(r->learn);
    ay_learn_destroy(r->look);
    ay_optim_destroy(r->optim);
    ay_optim_destroy(r->loss_optim);
    ay_average_destroy(r->average);
    ay_average_destroy(r->loss_average);
    ay_weights_destroy(r->weights);
    ay_weights_destroy(r->loss_weights);
    ay_graph_destroy(r->loss_graph);
    ay_metric_loss_destroy(r->loss);
    ay_model_close(r->model);
    ay_corpus_fini(&r->corpus);
    ay_free(r->x);
    ay_free(r->best.values);
    ay_free(r->history.point);
    ay_free(r->vectors);
    ay_free(r->labels);
    json_decref(r->resume);
    ay_free(r);
}

ay_status ay_metric_run(const ay_metric_settings *s, const ay_metric_data *data, const char *out, bool resume,
                        const ay_metric_observer *observer, const ay_train_control *control,
                        ay_metric_result *result, ay_err *err)
{
    ay_metric *r = ay_calloc(1, sizeof *r);
    ay_status status;

    if (!r)
        return ay_fail(err, AY_ENOMEM, "a training run");
    r->data = data;
    r->observer = observer;
    r->control = control;
    r->started = ay_clock_mono();
    status = name_folders(r, out, err);
    if (status == AY_OK)
        status = prepare(r, s, resume, err);
    if (status == AY_OK) {
        status = run_all(r, err);
        if (status == AY_ECANCELLED)
            ay_metric_paused(r, err); /* whatever was interrupted: one message */
        if (status != AY_OK)
            clean_up(r, status);
    }
    r->result.seconds = ay_metric_seconds(r);
    if (result)
        *result = r->result;
    fini(r);
    return status;
}
