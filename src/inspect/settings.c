#include "inspect/settings.h"

#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(ay_inspect_settings, field), sizeof(((ay_inspect_settings *)0)->field)
#define TEXT(key, field, fallback, help) {key, AY_IK_TEXT, AT(field), 0, 0, NULL, fallback, help}
#define INT(key, field, lo, hi, fallback, help) {key, AY_IK_INT, AT(field), lo, hi, NULL, fallback, help}
#define REAL(key, field, lo, hi, fallback, help) {key, AY_IK_REAL, AT(field), lo, hi, NULL, fallback, help}
#define BOOL(key, field, fallback, help) {key, AY_IK_BOOL, AT(field), 0, 0, NULL, fallback, help}
#define WORD(key, field, words, fallback, help) {key, AY_IK_WORD, AT(field), 0, 0, words, fallback, help}
#define IDLE(key, help) {key, AY_IK_IDLE, 0, 0, 0, 0, NULL, NULL, help}

/* clang-format off */
static const ay_ik_key keys[] = {
    TEXT("experiment.name", name, "", "of the model; empty: the output folder's"),
    {"experiment.seed", AY_IK_LONG, AT(seed), 0, 9e15, NULL, "42", "of everything random"},
    IDLE("experiment.output_dir", "the output folder is named where a training is started"),
    IDLE("experiment.description", "not used"),
    IDLE("experiment.version", "not used"),
    IDLE("experiment.tags", "not used"),

    WORD("model.structure", structure, "hoamv2|hoam|resnet18|resnet34|resnet50|ayresnet|efficientnetv2_s|efficientnetv2_rw_s",
         "hoamv2", "the network"),
    TEXT("model.backbone", backbone, "efficientnetv2_rw_s", "body of hoam and hoamv2"),
    BOOL("model.pretrained", pretrained, "true", "start from model.weights where that is given; nothing is fetched"),
    TEXT("model.weights", weights, "", "file or folder of the body's weights; empty: a network from nothing"),
    INT("model.embedding_size", embedding, 2, 8192, "512", "numbers of a picture's vector"),

    WORD("data.label", label, "component_orientation|orientation|component", "component_orientation",
         "what the network tells apart"),
    BOOL("data.train_ng", train_ng, "false", "bad pictures are a label of their own"),
    REAL("data.test_split", test_split, 0.01, 0.9, "0.2", "share of the originals that is held back"),
    INT("data.image_size", image_size, 16, 1024, "224", "pixels a side"),
    INT("data.num_workers", workers, 0, 256, "0", "threads that load; 0: one a processor"),
    BOOL("data.recursive", recursive, "false", "also folders below OK and NG"),
    INT("data.samples", samples, 1, 50, "3", "pictures of a class that a person is shown to say how it is turned"),
    TEXT("data.pattern", pattern, "", "grammar of file names; empty: the usual one"),
    REAL("data.brightness", brightness, 0, 1, "0.2", "of training pictures: factor 1 - x .. 1 + x"),
    REAL("data.contrast", contrast, 0, 1, "0.2", "factor 1 - x .. 1 + x"),
    REAL("data.saturation", saturation, 0, 1, "0.2", "factor 1 - x .. 1 + x"),
    REAL("data.hue", hue, 0, 0.5, "0.1", "turn of the colour circle, -x .. x"),
    INT("data.randaugment_ops", randaugment_ops, 0, 10, "2", "operations of RandAugment; 0: none"),
    INT("data.randaugment_magnitude", randaugment_magnitude, 0, 30, "9", "their strength"),
    IDLE("data.data_dir", "the input folder is named where a training is started"),
    IDLE("data.pin_memory", "for GPUs"),
    IDLE("data.persistent_workers", "for PyTorch"),

    INT("training.max_epochs", epochs, 1, 100000, "40", "passes over the pictures"),
    INT("training.min_epochs", min_epochs, 0, 100000, "0", "before it may stop early"),
    INT("training.batch_size", batch_size, 2, 4096, "64", "pictures a step; made smaller where there are too few classes"),
    INT("training.per_class", per_class, 2, 256, "4", "of one class in a batch"),
    REAL("training.lr", learning_rate, 1e-12, 10, "0.0003", "largest rate of the schedule"),
    REAL("training.weight_decay", weight_decay, 0, 10, "0.0001", "of everything"),
    REAL("training.backbone_lr_factor", body_rate, -1, 100, "-1", "share of the rate for the body; -1: 0.05 with weights, else 1"),
    INT("training.freeze_backbone_epochs", freeze_epochs, 0, 100000, "10", "the body learns after so many"),
    REAL("training.warmup", warmup_share, 0, 1, "0.05", "share of the epochs in which the rate rises"),
    REAL("training.gradient_clip_val", clip_norm, 0, 1e6, "1", "longest gradient; 0: any"),
    BOOL("training.enable_early_stopping", early_stopping, "true", "stop when nothing is gained any more"),
    INT("training.patience", patience, 1, 100000, "10", "epochs to wait for a gain"),
    WORD("training.monitor", best, "map|val_loss", "map", "what makes an epoch the best: MAP@R, or the loss, on pictures held back"),
    BOOL("training.swa", swa, "true", "average the weights of the last epochs (more than ten epochs only)"),
    REAL("training.swa_start", swa_start, 0.05, 1, "0.75", "share of the epochs after which that begins"),
    INT("training.swa_anneal_epochs", swa_anneal, 0, 1000, "5", "from the rate to the ones below"),
    REAL("training.swa_lr_factor", swa_rate, 0, 10, "0.1", "share of the rate while averaging"),
    REAL("training.swa_backbone_lr_factor", swa_body_rate, 0, 10, "0.01", "the same for the body"),
    WORD("training.precision", precision, "auto|float32|bfloat16", "auto", "of the arithmetic"),
    INT("training.threads", threads, 0, 256, "0", "of the network; 0: one a processor"),
    REAL("training.max_minutes", max_minutes, 0, 1e6, "0", "stop with the best so far; 0: no limit"),
    IDLE("training.accelerator", "there is one kind of machine here"),
    IDLE("training.devices", "there is one kind of machine here"),
    IDLE("training.checkpoint_dir", "checkpoints lie in the output folder"),
    IDLE("training.log_every_n_steps", "curves are drawn an epoch at a time"),

    WORD("loss.type", loss, "HybridMarginLoss|SubCenterArcFaceLoss|ArcFaceLoss|TripletMarginLoss|CenterLoss", "HybridMarginLoss", "of metric learning"),
    REAL("loss.subcenter_margin", margin, 0, 180, "0.4", "angle between classes, in margin_unit"),
    WORD("loss.margin_unit", unit, "radians|degrees", "radians", "degrees is how the old library took the same number"),
    REAL("loss.subcenter_scale", scale, 0.1, 1000, "30", "cosines times this are the logits"),
    INT("loss.sub_centers", sub_centers, 1, 64, "3", "directions of one class"),
    REAL("loss.triplet_margin", triplet_margin, 0, 2, "0.3", "0 and more: how much farther another class must be"),
    REAL("loss.center_loss_weight", center_weight, 0, 100, "0.01", "of the distance to the class's centre"),

    REAL("golden.false_accept", false_accept, 0.00001, 0.5, "0.01", "share of bad pictures that may pass as good"),
    REAL("golden.similarity", similarity, 0, 1, "0.7", "threshold where too few pictures are there to fit one"),
    INT("golden.sub_clusters", sub_clusters, 1, 16, "3", "golden samples of a class at most, where it is not one cloud"),

    IDLE("knn.enable", "golden samples decide here"),
    IDLE("knn.threshold", "see golden.similarity"),
    IDLE("knn.index_path", "golden samples decide here"),
    IDLE("knn.dataset_pkl", "golden samples decide here"),

    INT("system.max_concurrent_tasks", max_tasks, 1, 64, "3", "tasks that are not finished, at most"),
    INT("system.task_timeout_hours", task_hours, 0, 100000, "24", "a training that takes longer is stopped with its best so far; 0: none"),
    INT("system.cleanup_completed_tasks_days", completed_days, 0, 100000, "7", "finished tasks leave the list after so long; 0: never"),
    IDLE("resources.gpu_memory_fraction", "there is no GPU"),
    IDLE("resources.max_workers", "see data.num_workers"),
    IDLE("resources.batch_size", "see training.batch_size"),
    TEXT("storage.temp_dir", temp_dir, "", "of pictures that are shown; empty: the task's own folder"),
    INT("storage.results_retention_days", results_days, 0, 100000, "30", "results are kept for so long; 0: always"),
    BOOL("storage.auto_cleanup", auto_cleanup, "true", "remove what is older"),
    WORD("logging.level", log_level, "DEBUG|INFO|WARNING|ERROR", "INFO", "the program's own setting log-level goes before"),
    IDLE("logging.file", "the log is standard error's; the service manager keeps it"),
    IDLE("logging.max_size_mb", "as logging.file"),
    IDLE("logging.backup_count", "as logging.file"),
    TEXT("train_config_path", train_config, "", "the training file, where this is the system file"),
    TEXT("database_config_path", database_config, "", "the database file"),
};
/* clang-format on */

static const ay_ik_alias aliases[] = {
    {"knn_config.", "knn."},
    {"training.learning_rate", "training.lr"},
    {"training.wd", "training.weight_decay"},
    {"training.epochs", "training.max_epochs"},
    {"training.early_stopping", "training.enable_early_stopping"},
    {"training.early_stopping_patience", "training.patience"},
    {"training.m_per_class", "training.per_class"},
    {"training.gradient_clip", "training.gradient_clip_val"},
    {"training.num_workers", "data.num_workers"},
    {"training.seed", "experiment.seed"},
    {"seed", "experiment.seed"},
    {"model.type", "model.structure"},
    {"model.name", "model.structure"},
    {"model.model_name", "model.structure"},
    {"model.backbone_name", "model.backbone"},
    {"model.embedding_dim", "model.embedding_size"},
    {"data.img_size", "data.image_size"},
    {"data.batch_size", "training.batch_size"},
    {"data.workers", "data.num_workers"},
    {"loss.name", "loss.type"},
    {"loss.margin", "loss.subcenter_margin"},
    {"loss.scale", "loss.subcenter_scale"},
    {"loss.center_weight", "loss.center_loss_weight"},
    {"knn.enabled", "knn.enable"},
};

const ay_ik_table ay_inspect_table = {keys, sizeof keys / sizeof *keys, aliases, sizeof aliases / sizeof *aliases};
_Static_assert(sizeof keys / sizeof *keys <= AY_INSPECT_KEYS, "origins have a place for every key");

void ay_inspect_settings_init(ay_inspect_settings *s)
{
    *s = (ay_inspect_settings){0};
    ay_ik_defaults(&ay_inspect_table, s);
}

ay_status ay_inspect_settings_set(ay_inspect_settings *s, const char *key, const char *text, const char *origin, ay_err *err)
{
    const ay_ik_key *k = ay_ik_find(&ay_inspect_table, key);
    ay_status status;

    if (!k)
        return ay_ik_unknown(&ay_inspect_table, key, origin, err);
    status = ay_ik_set(k, s, text, origin, err);
    if (status == AY_OK) {
        snprintf(s->origin[k - keys], AY_INSPECT_ORIGIN, "%s", origin);
        s->idle += k->kind == AY_IK_IDLE;
    }
    return status;
}

/* Where a key was set, for messages about two of them. */
static const char *origin_of(const ay_inspect_settings *s, const char *key)
{
    const char *origin = s->origin[ay_ik_find(&ay_inspect_table, key) - keys];

    return *origin ? origin : "default";
}

ay_status ay_inspect_settings_check(const ay_inspect_settings *s, ay_err *err)
{
    if (s->min_epochs > s->epochs)
        return ay_fail(err, AY_EINVAL, "%s: training.min_epochs %d is more than training.max_epochs %d",
                       origin_of(s, "training.min_epochs"), s->min_epochs, s->epochs);
    if (s->batch_size < s->per_class)
        return ay_fail(err, AY_EINVAL, "%s: training.batch_size %d has no room for training.per_class %d",
                       origin_of(s, "training.batch_size"), s->batch_size, s->per_class);
    if (s->unit == AY_INSPECT_RADIANS && s->margin > 3.14159)
        return ay_fail(err, AY_EINVAL, "%s: loss.subcenter_margin %g is more than half a turn in radians; is loss.margin_unit "
                       "degrees meant?", origin_of(s, "loss.subcenter_margin"), s->margin);
    return AY_OK;
}

const char *ay_inspect_structure_name(const ay_inspect_settings *s)
{
    static const char *const names[] = {"hoamv2", "hoam", "resnet18", "resnet34", "resnet50", "ayresnet",
                                        "efficientnetv2_s", "efficientnetv2_rw_s"};

    return names[s->structure];
}

void ay_inspect_settings_print(const ay_inspect_settings *s, bool help, ay_buf *out)
{
    ay_ik_print(&ay_inspect_table, s, 0, help, out);
}
