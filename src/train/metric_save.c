/* train/metric_save.c - the finished folder:
 *
 *   best_model.safetensors  the network alone; what ay_model_open() opens
 *   last.safetensors        as training ended
 *   config.json             how a picture becomes its input, and which network it is
 *   train_config.json       every setting, and what of it was in force
 *   mean_std.json           {"mean": [3], "std": [3]}, of raw pixels
 *   history.json            the curves */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "train/metric_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static ay_status save_weights(const ay_metric *r, const char *name, ay_err *err)
{
    char path[AY_METRIC_PATH + 64];

    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    return ay_weights_save(r->weights, path, NULL, NULL, 0, err);
}

ay_status ay_metric_save_last(ay_metric *r, ay_err *err)
{
    ay_metric_phase(r, AY_TRAIN_SAVING);
    return save_weights(r, "last.safetensors", err);
}

/* Takes o over. */
static ay_status write_json(const ay_metric *r, const char *name, json_t *o, ay_err *err)
{
    char path[AY_METRIC_PATH + 64];
    ay_buf text = {0};
    ay_status status;

    snprintf(path, sizeof path, "%s/%s", r->folder, name);
    status = ay_json_dump(o, JSON_INDENT(2), &text) ? ay_file_write(path, text.data, text.len, err)
                                                    : ay_fail(err, AY_ENOMEM, "%s", name);
    ay_buf_fini(&text);
    json_decref(o);
    return status;
}

static json_t *three(const float v[3])
{
    return json_pack("[f, f, f]", (double)v[0], (double)v[1], (double)v[2]);
}

static json_t *figure(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *retrieval(const ay_retrieval *q)
{
    return json_pack("{s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "pictures", q->n, "queries", q->queries,
                     "precision_at_1", figure(q->precision_at_1), "map_at_r", figure(q->map_at_r), "map_at_10",
                     figure(q->map_at_10), "mrr", figure(q->mrr), "mrr_10", figure(q->mrr_10), "silhouette",
                     figure(q->silhouette));
}

/* The last part of the out folder's name. */
static const char *model_name(const ay_metric *r)
{
    const char *slash = strrchr(r->out, '/');

    return *r->s.name ? r->s.name : slash && slash[1] ? slash + 1 : r->out;
}

static json_t *label_list(const ay_metric *r)
{
    json_t *list = json_array();

    for (int k = 0; k < r->corpus.nclasses; k++)
        json_array_append_new(list, json_string(r->corpus.classes[k]));
    return list;
}

/* What the network's own configuration says stays; ours is laid over it. */
static json_t *make_config(const ay_metric *r)
{
    const ay_model_info *info = ay_model_get_info(r->model);
    const json_t *old = ay_model_config(r->model);
    json_t *o = old ? json_deep_copy(old) : json_object();
    json_t *ours = json_pack("{s:s, s:s, s:s, s:{s:i, s:i, s:s, s:s, s:o, s:o}, s:{s:s, s:o, s:s, s:o}}", "name",
                             model_name(r), "version", "1", "licence", r->fresh ? "yours" : info->licence,
                             "preprocessing", "size", r->size, "resize", r->size, "fit", "squash", "filter", "bilinear",
                             "mean", three(r->mean), "std", three(r->std), "metric", "loss", r->s.loss.name, "labels",
                             label_list(r), "snapshot", r->corpus.snapshot, "validation", retrieval(&r->best.val));

    if (!o || !ours) { /* half a configuration would be a model that cannot be opened */
        json_decref(o);
        json_decref(ours);
        return NULL;
    }
    json_object_del(o, "pretrained_cfg"); /* another's preprocessing */
    json_object_update(o, ours);
    if (!json_object_get(o, "architecture"))
        json_object_set_new(o, "architecture", json_string(info->arch));
    json_decref(ours);
    return o;
}

static json_t *make_train_config(const ay_metric *r)
{
    json_t *o = ay_metric_settings_json(&r->s);
    json_t *force = json_pack("{s:i, s:i, s:i, s:b, s:b, s:i, s:i}", "batch", r->result.batch, "per_class",
                              r->result.per_class, "image_size", r->size, "body", (int)r->has_body, "from_nothing",
                              (int)r->fresh, "dim", r->dim, "classes", r->corpus.nclasses);

    if (o && force)
        json_object_set_new(o, "in_force", force);
    else
        json_decref(force);
    return o;
}

static json_t *make_history(const ay_metric *r)
{
    return json_pack("{s:o, s:i, s:b, s:b, s:b, s:f}", "epochs", ay_metric_history_json(&r->history), "best_epoch",
                     r->best.epoch, "stopped_early", (int)r->stopped_early, "cancelled", (int)r->cancelled, "came_apart",
                     (int)r->came_apart, "duration_seconds", ay_metric_seconds(r));
}

/* What was saved can be opened, and is the network that was trained. */
static ay_status open_again(ay_metric *r, ay_err *err)
{
    ay_model_options o = {.size = 0};
    ay_model *m;
    ay_status status = ay_model_open(&m, r->folder, &o, err);

    if (status != AY_OK)
        return status;
    snprintf(r->result.digest, sizeof r->result.digest, "%s", ay_model_get_info(m)->digest);
    if (ay_model_get_info(m)->dim != r->dim)
        status = ay_fail(err, AY_ECORRUPT, "%s: the saved network gives %d numbers, the trained one %d", r->folder,
                         ay_model_get_info(m)->dim, r->dim);
    ay_model_close(m);
    return status;
}

ay_status ay_metric_save(ay_metric *r, ay_err *err)
{
    ay_status status = save_weights(r, "best_model.safetensors", err);

    ay_metric_phase(r, AY_TRAIN_SAVING);
    if (status == AY_OK)
        status = write_json(r, "config.json", make_config(r), err);
    if (status == AY_OK)
        status = write_json(r, "train_config.json", make_train_config(r), err);
    if (status == AY_OK)
        status = write_json(r, "mean_std.json",
                            json_pack("{s:o, s:o, s:i, s:s}", "mean", three(r->mean), "std", three(r->std), "version",
                                      2, "computed_on", "raw pixels, pooled"), err);
    if (status == AY_OK)
        status = write_json(r, "history.json", make_history(r), err);
    return status == AY_OK ? open_again(r, err) : status;
}
