/* train/metric_state.c - what an interrupted run goes on from, and the curves.
 *
 *   state/best-EPOCH.safetensors     the best weights so far; there may be none yet
 *   state/weights-EPOCH.safetensors  the network, its moments, its average
 *   state/loss-EPOCH.safetensors     what the loss learns, its moments, its average
 *   state/state.json                 everything else, and which files belong to it
 *
 * Files are written under another name, synced and renamed (base/file.h), state.json last: at every moment
 * the state.json on disk belongs to files that are whole.  What it does not name is litter of an interrupted
 * write and goes with the next one. */
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "train/metric_parts.h"

#include <dirent.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { TENSORS = 16, NAME = 64 };

static void path_of(const ay_metric *r, const char *name, char dst[AY_METRIC_PATH + NAME])
{
    snprintf(dst, AY_METRIC_PATH + NAME, "%s/%s", r->state, name);
}

/* JSON has no infinity and no NaN. */
static json_t *real(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static double number(const json_t *o, const char *key, double otherwise)
{
    const json_t *v = json_object_get(o, key);

    return json_is_number(v) ? json_number_value(v) : otherwise;
}

static int whole(const json_t *o, const char *key)
{
    return (int)json_integer_value(json_object_get(o, key));
}

/* ---- points -------------------------------------------------------------------------------------------- */

#define P(m) offsetof(ay_metric_point, m)
static const struct {
    const char *key;
    size_t at;
} numbers[] = {{"train_loss", P(train_loss)},
               {"train_arc", P(train_arc)},
               {"train_triplet", P(train_triplet)},
               {"train_center", P(train_center)},
               {"val_loss", P(val_loss)},
               {"precision_at_1", P(val.precision_at_1)},
               {"map_at_r", P(val.map_at_r)},
               {"map_at_10", P(val.map_at_10)},
               {"mrr", P(val.mrr)},
               {"mrr_10", P(val.mrr_10)},
               {"silhouette", P(val.silhouette)},
               {"learning_rate", P(learning_rate)},
               {"body_rate", P(body_rate)},
               {"seconds", P(seconds)}};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

ay_status ay_metric_history_add(ay_metric_history *h, const ay_metric_point *p, ay_err *err)
{
    if (h->n == h->cap) {
        int cap = h->cap ? 2 * h->cap : 64;
        ay_metric_point *more = ay_realloc(h->point, (size_t)cap, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "a curve of %d epochs", cap);
        h->point = more;
        h->cap = cap;
    }
    h->point[h->n++] = *p;
    return AY_OK;
}

static json_t *one_point(const ay_metric_point *p)
{
    json_t *o = json_pack("{s:i, s:b, s:b, s:b, s:i, s:i}", "epoch", p->epoch, "frozen", (int)p->frozen, "best",
                          (int)p->best, "average", (int)p->average, "n", p->val.n, "queries", p->val.queries);

    for (int i = 0; o && i < NUMBERS; i++)
        json_object_set_new(o, numbers[i].key, real(*(const double *)((const char *)p + numbers[i].at)));
    return o;
}

json_t *ay_metric_history_json(const ay_metric_history *h)
{
    json_t *list = json_array();

    for (int i = 0; i < h->n; i++)
        json_array_append_new(list, one_point(&h->point[i]));
    return list;
}

static void read_point(const json_t *o, ay_metric_point *p)
{
    *p = (ay_metric_point){.epoch = whole(o, "epoch"),
                           .frozen = json_is_true(json_object_get(o, "frozen")),
                           .best = json_is_true(json_object_get(o, "best")),
                           .average = json_is_true(json_object_get(o, "average"))};
    for (int i = 0; i < NUMBERS; i++)
        *(double *)((char *)p + numbers[i].at) = number(o, numbers[i].key, NAN);
    p->val.n = whole(o, "n");
    p->val.queries = whole(o, "queries");
}

static ay_status read_history(ay_metric *r, ay_err *err)
{
    const json_t *list = json_object_get(r->resume, "history");
    ay_metric_point p;
    ay_status status = AY_OK;

    for (size_t i = 0; status == AY_OK && i < json_array_size(list); i++) {
        read_point(json_array_get(list, i), &p);
        status = ay_metric_history_add(&r->history, &p, err);
    }
    return status;
}

/* ---- writing --------------------------------------------------------------------------------------------- */

static ay_status write_best(ay_metric *r, ay_err *err)
{
    ay_metric_best *best = &r->best;
    char path[AY_METRIC_PATH + NAME], name[NAME];
    size_t n;
    float *values = ay_weights_values(r->weights, &n), *now;
    ay_status status;

    if (!best->any || best->stored)
        return AY_OK;
    now = ay_memdup(values, n * sizeof *values);
    if (!now)
        return ay_fail(err, AY_ENOMEM, "a checkpoint");
    snprintf(name, sizeof name, "best-%06d.safetensors", best->epoch);
    path_of(r, name, path);
    memcpy(values, best->values, n * sizeof *values);
    status = ay_weights_save(r->weights, path, NULL, NULL, 0, err);
    memcpy(values, now, n * sizeof *values);
    best->stored = status == AY_OK;
    ay_free(now);
    return status;
}

static ay_status write_weights(const ay_metric *r, const char *name, const ay_weights *w, const ay_optim *o,
                               const ay_average *a, ay_err *err)
{
    ay_tensor more[TENSORS];
    const char *names[TENSORS];
    char path[AY_METRIC_PATH + NAME];
    int n = ay_optim_state(o, more, names, TENSORS);

    if (a)
        n += ay_average_state(a, more + n, names + n, TENSORS - n);
    path_of(r, name, path);
    return ay_weights_save(w, path, more, names, n, err);
}

/* null while no epoch was the best. */
static json_t *make_best(const ay_metric *r)
{
    char name[NAME];

    snprintf(name, sizeof name, "best-%06d.safetensors", r->best.epoch);
    return r->best.any ? json_pack("{s:i, s:o, s:o, s:s}", "epoch", r->best.epoch, "score", real(r->best.score), "loss",
                                   real(r->best.loss), "file", name)
                       : json_null();
}

static ay_status write_state(const ay_metric *r, const char *weights, const char *loss, ay_err *err)
{
    char path[AY_METRIC_PATH + NAME];
    ay_buf text = {0};
    json_t *o = json_pack("{s:i, s:s, s:i, s:s, s:s, s:i, s:i, s:o, s:o, s:f, s:o, s:o}", "version", 1, "snapshot",
                          r->corpus.snapshot, "epoch", r->epoch, "weights", weights, "loss", loss, "averaged",
                          r->averaged, "waiting", r->waiting, "reference", real(r->reference), "reference_loss",
                          real(r->reference_loss), "seconds", ay_metric_seconds(r), "best", make_best(r), "history",
                          ay_metric_history_json(&r->history));
    ay_status status;

    path_of(r, "state.json", path);
    status = ay_json_dump(o, JSON_INDENT(1), &text) ? ay_file_write(path, text.data, text.len, err)
                                                    : ay_fail(err, AY_ENOMEM, "the state of the run");
    ay_buf_fini(&text);
    json_decref(o);
    return status;
}

/* Remove all but state.json and what it names. */
static void prune(const ay_metric *r, const char *weights, const char *loss)
{
    char path[AY_METRIC_PATH + NAME], best[NAME];
    struct dirent *d;
    DIR *dir = opendir(r->state);

    snprintf(best, sizeof best, "best-%06d.safetensors", r->best.epoch);
    while (dir && (d = readdir(dir))) {
        if (d->d_name[0] == '.' || strcmp(d->d_name, "state.json") == 0 || strcmp(d->d_name, weights) == 0 ||
            strcmp(d->d_name, loss) == 0 || strcmp(d->d_name, best) == 0 || strlen(d->d_name) >= NAME)
            continue;
        path_of(r, d->d_name, path);
        unlink(path);
    }
    if (dir)
        closedir(dir);
}

ay_status ay_metric_state_write(ay_metric *r, ay_err *err)
{
    char weights[NAME], loss[NAME];
    ay_status status = write_best(r, err);

    snprintf(weights, sizeof weights, "weights-%06d.safetensors", r->epoch);
    snprintf(loss, sizeof loss, "loss-%06d.safetensors", r->epoch);
    if (status == AY_OK)
        status = write_weights(r, weights, r->weights, r->optim, r->average, err);
    if (status == AY_OK)
        status = write_weights(r, loss, r->loss_weights, r->loss_optim, r->loss_average, err);
    if (status == AY_OK)
        status = write_state(r, weights, loss, err);
    if (status == AY_OK) {
        prune(r, weights, loss);
        r->saved = ay_clock_mono();
    } else {
        ay_err_wrap(err, "checkpoint after epoch %d", r->epoch);
    }
    return status;
}

/* ---- reading ---------------------------------------------------------------------------------------------- */

ay_status ay_metric_state_find(ay_metric *r, ay_err *err)
{
    char path[AY_METRIC_PATH + NAME];
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
                       "the pictures are not those that this run was started with: bring them back, or remove %s and "
                       "start anew", r->partial);
    r->before = number(r->resume, "seconds", 0);
    return AY_OK;
}

/* Load a file into the weights, and what lies beside them into optimiser and average where these are given. */
static ay_status load(const ay_metric *r, const char *name, ay_weights *w, ay_optim *o, ay_average *a, ay_err *err)
{
    char path[AY_METRIC_PATH + NAME];
    ay_safetensors *st = NULL;
    ay_status status;

    if (!name || strchr(name, '/') || strlen(name) >= NAME)
        return ay_fail(err, AY_ECORRUPT, "%s/state.json names no weights", r->state);
    path_of(r, name, path);
    status = ay_safetensors_open(&st, path, err);
    if (status == AY_OK)
        status = ay_weights_load(w, st, err);
    if (status == AY_OK && o)
        status = ay_optim_restore(o, st, err);
    if (status == AY_OK && a)
        status = ay_average_restore(a, st, err);
    ay_safetensors_close(st);
    return status;
}

static const char *name_in(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static ay_status read_best(ay_metric *r, const json_t *b, ay_err *err)
{
    int epoch = whole(b, "epoch");
    size_t n;
    const float *values = ay_weights_values(r->weights, &n);
    ay_status status = load(r, name_in(b, "file"), r->weights, NULL, NULL, err);

    if (status != AY_OK)
        return status;
    if (epoch < 1 || epoch > r->history.n)
        return ay_fail(err, AY_ECORRUPT, "%s/state.json: epoch %d is the best of %d", r->state, epoch, r->history.n);
    r->best = (ay_metric_best){.any = true,
                               .epoch = epoch,
                               .score = number(b, "score", 0),
                               .loss = number(b, "loss", 0),
                               .val = r->history.point[epoch - 1].val,
                               .average = r->history.point[epoch - 1].average,
                               .values = ay_memdup(values, n * sizeof *values),
                               .stored = true};
    return r->best.values ? AY_OK : ay_fail(err, AY_ENOMEM, "the best weights");
}

ay_status ay_metric_state_read(ay_metric *r, ay_err *err)
{
    json_t *s = r->resume;
    const json_t *best = json_object_get(s, "best");
    ay_status status = read_history(r, err);

    if (status == AY_OK && json_is_object(best))
        status = read_best(r, best, err);
    if (status == AY_OK)
        status = load(r, name_in(s, "weights"), r->weights, r->optim, r->average, err);
    if (status == AY_OK)
        status = load(r, name_in(s, "loss"), r->loss_weights, r->loss_optim, r->loss_average, err);
    r->epoch = whole(s, "epoch");
    r->averaged = whole(s, "averaged");
    r->waiting = whole(s, "waiting");
    r->reference = number(s, "reference", -INFINITY);
    r->reference_loss = number(s, "reference_loss", INFINITY);
    r->resume = NULL;
    json_decref(s);
    return status;
}
