#include "inspect/settings_train.h"
#include "train/settings.h"

#include <stdio.h>

/* Places in words of the one table are values of the other. */
_Static_assert((int)AY_INSPECT_BY_BOTH == (int)AY_LINE_BY_BOTH && (int)AY_INSPECT_BY_ORIENTATION == (int)AY_LINE_BY_ORIENTATION &&
                   (int)AY_INSPECT_BY_COMPONENT == (int)AY_LINE_BY_COMPONENT, "labels");
_Static_assert((int)AY_INSPECT_RADIANS == (int)AY_MARGIN_RADIANS && (int)AY_INSPECT_DEGREES == (int)AY_MARGIN_DEGREES, "units");
_Static_assert((int)AY_INSPECT_AUTO == (int)AY_TRAIN_AUTO && (int)AY_INSPECT_F32 == (int)AY_TRAIN_F32 &&
                   (int)AY_INSPECT_BF16 == (int)AY_TRAIN_BF16, "precisions");
_Static_assert((int)AY_INSPECT_BEST_MAP == (int)AY_METRIC_BY_MAP && (int)AY_INSPECT_BEST_LOSS == (int)AY_METRIC_BY_LOSS, "monitors");

void ay_inspect_settings_gather(const ay_inspect_settings *s, ay_line_gather_options *out)
{
    *out = (ay_line_gather_options){.pattern = *s->pattern ? s->pattern : NULL,
                                    .recursive = s->recursive,
                                    .samples = s->samples,
                                    .seed = (uint64_t)s->seed,
                                    .threads = s->workers};
}

void ay_inspect_settings_arrange(const ay_inspect_settings *s, ay_line_arrange_options *out)
{
    *out = (ay_line_arrange_options){.label = (ay_line_label)s->label,
                                     .test_share = s->test_split,
                                     .train_ng = s->train_ng,
                                     .seed = (uint64_t)s->seed,
                                     .image_size = s->image_size,
                                     .threads = s->workers};
}

static void network(const ay_inspect_settings *s, ay_metric_settings *out)
{
    bool body = s->structure == AY_INSPECT_HOAMV2 || s->structure == AY_INSPECT_HOAM;

    snprintf(out->name, sizeof out->name, "%.63s", s->name);
    snprintf(out->architecture, sizeof out->architecture, "%s", ay_inspect_structure_name(s));
    snprintf(out->backbone, sizeof out->backbone, "%.63s", body ? s->backbone : "");
    snprintf(out->backbone_weights, sizeof out->backbone_weights, "%s", s->pretrained ? s->weights : "");
    out->embedding = s->embedding;
    out->image_size = s->image_size;
}

static void loss(const ay_inspect_settings *s, ay_metric_loss_settings *out)
{
    static const char *const names[] = {"hybrid_margin", "subcenter_arcface", "arcface", "triplet", "center"};

    snprintf(out->name, sizeof out->name, "%s", names[s->loss]);
    out->margin = s->margin;
    out->unit = (ay_margin_unit)s->unit;
    out->scale = s->scale;
    out->sub_centers = s->sub_centers;
    out->triplet_margin = s->triplet_margin;
    out->center_weight = s->center_weight;
}

void ay_inspect_settings_metric(const ay_inspect_settings *s, ay_metric_settings *out)
{
    ay_metric_settings_init(out);
    network(s, out);
    loss(s, &out->loss);
    out->epochs = s->epochs;
    out->min_epochs = s->min_epochs;
    out->batch_size = s->batch_size;
    out->per_class = s->per_class;
    out->freeze_epochs = s->freeze_epochs;
    out->learning_rate = s->learning_rate;
    out->weight_decay = s->weight_decay;
    out->body_rate = s->body_rate;
    out->warmup_share = s->warmup_share;
    out->clip_norm = s->clip_norm;
    out->early_stopping = s->early_stopping;
    out->patience = s->patience;
    out->monitor = s->best;
    out->swa = s->swa;
    out->swa_start = s->swa_start;
    out->swa_anneal = s->swa_anneal;
    out->swa_rate = s->swa_rate;
    out->swa_body_rate = s->swa_body_rate;
    out->max_minutes = s->max_minutes;
    out->brightness = s->brightness;
    out->contrast = s->contrast;
    out->saturation = s->saturation;
    out->hue = s->hue;
    out->randaugment_ops = s->randaugment_ops;
    out->randaugment_magnitude = s->randaugment_magnitude;
    out->precision = s->precision;
    out->threads = s->threads;
    out->workers = s->workers;
    out->seed = s->seed;
}
