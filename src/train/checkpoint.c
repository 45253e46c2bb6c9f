/* train/checkpoint.c - what an interrupted run goes on from.
 *
 *   state/best-EPOCH.safetensors     the best weights; the latest keep_best_n of them stay; there may
 *                                    be none yet
 *   state/weights-EPOCH.safetensors  weights, optimiser, averages; one stays
 *   state/state.json                 everything else, and which two files belong to it
 *
 * Files are written under another name, synced and renamed (base/file.h), state.json last: it names
 * the others, so at every moment the state.json on disk belongs to files that are whole.  What it
 * does not name is litter of an interrupted write and is removed by the next one. */
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "train/run_parts.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TENSORS_MAX = 4096, KEPT_MAX = 1000, NAME_SIZE = 64 };

static void path_of(const ay_run *r, const char *name, char dst[AY_RUN_PATH + NAME_SIZE])
{
    snprintf(dst, AY_RUN_PATH + NAME_SIZE, "%s/%s", r->state, name);
}

/* ---- writing --------------------------------------------------------------------------------- */

static ay_status write_best(ay_fitting *f, ay_err *err)
{
    ay_best *best = &f->run->best;
    char path[AY_RUN_PATH + NAME_SIZE], name[NAME_SIZE];
    size_t n;
    float *values = ay_weights_values(f->weights, &n), *now;
    ay_status status;

    if (!best->any || best->stored)
        return AY_OK;
    now = ay_memdup(values, n * sizeof *values);
    if (!now)
        return ay_fail(err, AY_ENOMEM, "a checkpoint");
    snprintf(name, sizeof name, "best-%d-%06d.safetensors", f->stage, best->epoch);
    path_of(f->run, name, path);
    memcpy(values, best->values, n * sizeof *values);
    status = ay_weights_save(f->weights, path, NULL, NULL, 0, err);
    memcpy(values, now, n * sizeof *values);
    best->stored = status == AY_OK;
    ay_free(now);
    return status;
}

static ay_status write_weights(ay_fitting *f, const char *name, ay_err *err)
{
    ay_tensor *more = ay_calloc(TENSORS_MAX, sizeof *more);
    const char **names = ay_calloc(TENSORS_MAX, sizeof *names);
    char path[AY_RUN_PATH + NAME_SIZE];
    ay_status status = more && names ? AY_OK : ay_fail(err, AY_ENOMEM, "a checkpoint");
    int n = 0;

    if (status == AY_OK) {
        n = ay_optim_state(f->optim, more, names, TENSORS_MAX);
        if (f->average)
            n += ay_average_state(f->average, more + n, names + n, TENSORS_MAX - n);
        path_of(f->run, name, path);
        status = ay_weights_save(f->weights, path, more, names, n, err);
    }
    ay_free(more);
    ay_free(names);
    return status;
}

/* JSON has no infinity and no NaN. */
static json_t *real(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

/* null while no epoch was the best: none has been judged, or none gave numbers. */
static json_t *make_best(const ay_fitting *f)
{
    const ay_best *b = &f->run->best;
    char name[NAME_SIZE];

    snprintf(name, sizeof name, "best-%d-%06d.safetensors", f->stage, b->epoch);
    return b->any ? json_pack("{s:f, s:f, s:i, s:s}", "score", b->score, "loss", b->loss, "epoch",
                              b->epoch, "file", name)
                  : json_null();
}

static json_t *make_state(const ay_fitting *f, const char *weights)
{
    const ay_run *r = f->run;

    return json_pack("{s:i, s:s, s:i, s:i, s:s, s:o, s:o, s:i, s:f, s:o, s:{s:f, s:f, s:i, s:b}, s:o}",
                     "version", 1, "snapshot", r->corpus.snapshot, "stage", f->stage, "epoch",
                     f->epoch, "weights", weights, "reference", real(f->reference), "reference_loss",
                     real(f->reference_loss), "waiting", f->waiting, "seconds", ay_run_seconds(r),
                     "best", make_best(f), "plateau", "best", f->plateau.best, "scale",
                     f->plateau.scale, "bad", f->plateau.bad, "any", (int)f->plateau.any, "history",
                     ay_history_lists(&r->history));
}

static ay_status write_state(ay_fitting *f, const char *weights, ay_err *err)
{
    json_t *state = make_state(f, weights);
    char path[AY_RUN_PATH + NAME_SIZE];
    ay_buf text = {0};
    ay_status status;

    path_of(f->run, "state.json", path);
    status = ay_json_dump(state, JSON_INDENT(1), &text)
                 ? ay_file_write(path, text.data, text.len, err)
                 : ay_fail(err, AY_ENOMEM, "the state of the run");
    ay_buf_fini(&text);
    json_decref(state);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Remove all but state.json, the weights it names and the latest keep_best best ones. */
static void prune(const ay_run *r, const char *weights)
{
    static const char state[] = "state.json";
    char (*best)[NAME_SIZE] = ay_calloc(KEPT_MAX, sizeof *best), path[AY_RUN_PATH + NAME_SIZE];
    struct dirent *d;
    DIR *dir = opendir(r->state);
    size_t n = 0;

    while (dir && best && (d = readdir(dir))) {
        if (d->d_name[0] == '.' || strcmp(d->d_name, state) == 0 || strcmp(d->d_name, weights) == 0)
            continue;
        if (strncmp(d->d_name, "best-", 5) == 0 && strlen(d->d_name) < NAME_SIZE &&
            strstr(d->d_name, ".safetensors") && n < KEPT_MAX) {
            snprintf(best[n++], NAME_SIZE, "%.63s", d->d_name);
            continue;
        }
        path_of(r, d->d_name, path);
        unlink(path);
    }
    if (dir)
        closedir(dir);
    if (n)
        qsort(best, n, sizeof *best, by_name);
    for (size_t i = 0; i + (size_t)r->s.keep_best < n; i++) {
        path_of(r, best[i], path);
        unlink(path);
    }
    ay_free(best);
}

ay_status ay_checkpoint_write(ay_fitting *f, ay_err *err)
{
    char weights[NAME_SIZE];
    ay_status status = write_best(f, err);

    snprintf(weights, sizeof weights, "weights-%d-%06d.safetensors", f->stage, f->epoch);
    if (status == AY_OK)
        status = write_weights(f, weights, err);
    if (status == AY_OK)
        status = write_state(f, weights, err);
    if (status == AY_OK) {
        prune(f->run, weights);
        f->run->saved = ay_clock_mono();
    }
    if (status != AY_OK)
        ay_err_wrap(err, "checkpoint after epoch %d", f->run->history.n);
    return status;
}

/* ---- reading --------------------------------------------------------------------------------- */

ay_status ay_checkpoint_find(ay_run *r, ay_err *err)
{
    char path[AY_RUN_PATH + NAME_SIZE];
    const char *snapshot;
    json_error_t je;
    ay_buf text = {0};
    ay_status status;

    path_of(r, "state.json", path);
    if (!ay_file_exists(path))
        return AY_OK;
    status = ay_file_read(path, 1 << 26, &text, err);
    if (status == AY_OK) {
        r->resume = json_loadb(text.data ? text.data : "", text.len, 0, &je);
        if (!json_is_object(r->resume))
            status = ay_fail(err, AY_ECORRUPT, "%s: %s", path, r->resume ? "no object" : je.text);
    }
    ay_buf_fini(&text);
    if (status != AY_OK)
        return status;
    snapshot = json_string_value(json_object_get(r->resume, "snapshot"));
    if (!snapshot || strcmp(snapshot, r->corpus.snapshot) != 0)
        return ay_fail(err, AY_ECONFLICT,
                       "the pictures are not those that this run was started with: bring them back, "
                       "or remove %s and start anew", r->partial);
    r->before = json_number_value(json_object_get(r->resume, "seconds"));
    return ay_history_read(&r->history, json_object_get(r->resume, "history"), err);
}

/* Load a file into the weights, and what lies beside them into optim and average when asked. */
static ay_status load_file(ay_fitting *f, const char *name, bool all, ay_err *err)
{
    char path[AY_RUN_PATH + NAME_SIZE];
    ay_safetensors *st = NULL;
    ay_status status;

    if (!name || strchr(name, '/'))
        return ay_fail(err, AY_ECORRUPT, "%s/state.json names no weights", f->run->state);
    path_of(f->run, name, path);
    status = ay_safetensors_open(&st, path, err);
    if (status == AY_OK)
        status = ay_weights_load(f->weights, st, err);
    if (status == AY_OK && all)
        status = ay_optim_restore(f->optim, st, err);
    if (status == AY_OK && all && f->average)
        status = ay_average_restore(f->average, st, err);
    ay_safetensors_close(st);
    return status;
}

static double real_of(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static int int_of(const json_t *o, const char *key)
{
    return (int)json_integer_value(json_object_get(o, key));
}

static ay_status read_best(ay_fitting *f, const json_t *b, ay_err *err)
{
    ay_best *best = &f->run->best;
    size_t n;
    const float *values = ay_weights_values(f->weights, &n);
    ay_status status = load_file(f, json_string_value(json_object_get(b, "file")), false, err);

    if (status != AY_OK)
        return status;
    ay_free(best->values);
    *best = (ay_best){.any = true,
                      .score = real_of(b, "score"),
                      .loss = real_of(b, "loss"),
                      .epoch = int_of(b, "epoch"),
                      .values = ay_memdup(values, n * sizeof *values),
                      .stored = true};
    return best->values ? AY_OK : ay_fail(err, AY_ENOMEM, "the best weights");
}

ay_status ay_checkpoint_read(ay_fitting *f, ay_err *err)
{
    json_t *s = f->run->resume, *p = json_object_get(s, "plateau");
    ay_status status;

    if (int_of(s, "stage") != f->stage)
        return AY_OK;
    status = json_is_object(json_object_get(s, "best")) ? read_best(f, json_object_get(s, "best"), err)
                                                        : AY_OK;
    if (status == AY_OK)
        status = load_file(f, json_string_value(json_object_get(s, "weights")), true, err);
    f->epoch = int_of(s, "epoch");
    f->waiting = int_of(s, "waiting");
    f->reference = real_of(s, "reference");
    f->reference_loss = json_is_number(json_object_get(s, "reference_loss")) ? real_of(s, "reference_loss")
                                                                             : INFINITY;
    f->plateau = (ay_plateau){.best = real_of(p, "best"),
                              .scale = real_of(p, "scale"),
                              .bad = int_of(p, "bad"),
                              .any = json_is_true(json_object_get(p, "any"))};
    f->run->resume = NULL;
    json_decref(s);
    return status;
}
