/* inspect/flow_judge.c - after learning: vectors of all pictures, golden samples, thresholds, judgement, report, module. */
#include "inspect/flow_parts.h"
#include "inspect/module.h"
#include "inspect/report.h"

#include "base/clock.h"
#include "base/mem.h"

#include <string.h>

/* A set for inspect/golden_set.h, with what it borrows. */
typedef struct {
    ay_arena arena;
    ay_golden_set set;
    float *vectors;
} judging;

static ay_golden_class *make_classes(ay_arena *a, const ay_line_set *set)
{
    ay_golden_class *c = ay_arena_alloc(a, (size_t)(set->nclasses + 1) * sizeof *c);

    for (int i = 0; c && i < set->nclasses; i++)
        c[i] = (ay_golden_class){.name = set->classes[i].name, .product = set->classes[i].product,
                                 .component = set->classes[i].component, .light = set->classes[i].light,
                                 .turn = set->classes[i].orientation, .ways = AY_TURNS};
    return c;
}

/* What a label means comes from a picture that has it, never from taking its name apart. */
static ay_golden_label *make_labels(ay_arena *a, const ay_line_set *set, const ay_line_items *items)
{
    ay_golden_label *l = ay_arena_alloc(a, (size_t)(items->nlabels + 1) * sizeof *l);

    for (int i = 0; l && i < items->nlabels; i++)
        l[i] = (ay_golden_label){items->labels[i], AY_CLASS_NONE, AY_TURN_NONE};
    for (size_t i = 0; l && i < items->n; i++) {
        const ay_line_item *it = &items->items[i];
        if (it->label < 0 || !it->ok)
            continue;
        if (set->label != AY_LINE_BY_ORIENTATION)
            l[it->label].class = set->originals[it->original].class;
        if (set->label != AY_LINE_BY_COMPONENT)
            l[it->label].turn = it->orientation;
    }
    return l;
}

static ay_golden_item *make_items(ay_arena *a, const ay_line_set *set, const ay_line_items *items)
{
    ay_golden_item *out = ay_arena_alloc(a, (items->n + 1) * sizeof *out);

    for (size_t i = 0; out && i < items->n; i++) {
        const ay_line_item *it = &items->items[i];
        int klass = set->originals[it->original].class;
        out[i] = (ay_golden_item){.path = it->path, .rotate = it->rotate, .class = klass < 0 ? AY_CLASS_NONE : klass,
                                  .label = it->ok ? it->label : AY_LABEL_NONE, .split = it->split, .group = it->group};
    }
    return out;
}

static ay_status make_set(judging *j, const ay_line_set *set, const ay_line_items *items, int dim, ay_err *err)
{
    ay_golden_class *classes = make_classes(&j->arena, set);
    ay_golden_label *labels = make_labels(&j->arena, set, items);
    ay_golden_item *list = make_items(&j->arena, set, items);

    j->vectors = ay_calloc(items->n * (size_t)dim + 1, sizeof *j->vectors);
    if (!classes || !labels || !list || !j->vectors)
        return ay_fail(err, AY_ENOMEM, "vectors of %zu pictures", items->n);
    j->set = (ay_golden_set){.classes = classes, .nclasses = set->nclasses, .labels = labels, .nlabels = items->nlabels, .items = list,
                             .n = items->n, .vectors = j->vectors, .dim = dim};
    return AY_OK;
}

/* ---- vectors */

static void on_embedded(void *user, size_t done, size_t n)
{
    ay_flow_step(user, AY_FLOW_TRAINED + (AY_FLOW_JUDGED - AY_FLOW_TRAINED) * (double)done / (double)(n ? n : 1), "choosing golden samples");
}

static void on_lost(void *user, const char *path, const char *why)
{
    ay_flow_note(user, "%s: left out of the judgement: %s", path, why);
}

static ay_status embed(const ay_flow *f, judging *j, const ay_line_set *set, const ay_line_items *items, ay_err *err)
{
    char model[AY_FLOW_PATH];
    ay_engine *engine = NULL;
    ay_golden_embedding how = {.embed = ay_golden_by_engine, .progress = on_embedded, .lost = on_lost, .user = (void *)(uintptr_t)f,
                               .stop = f->control ? &f->control->pause : NULL, .threads = f->settings->threads};
    size_t lost = 0;
    ay_status status;

    ay_flow_path(f, "model", model);
    status = ay_engine_open(&engine, &(ay_engine_options){.model = model, .workers = f->settings->threads}, err);
    if (status != AY_OK)
        return status;
    how.ctx = engine;
    how.dim = ay_engine_get_info(engine)->dim;
    status = make_set(j, set, items, how.dim, err);
    if (status == AY_OK)
        status = ay_golden_embed(j->set.items, j->set.n, &how, j->vectors, &lost, err);
    ay_engine_close(engine);
    return status;
}

/* ---- the rest */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

static ay_status write_all(const ay_flow *f, const judging *j, const ay_goldens *g, const ay_golden_scores *s, const ay_thresholds *t,
                           const ay_judgement *judgement, const json_t *training, const json_t *more, json_t **summary, ay_err *err)
{
    char when[AY_RFC3339_SIZE], module[AY_FLOW_PATH], model[AY_FLOW_PATH];
    ay_inspect_report report = {.folder = f->out, .timestamp = when, .set = &j->set, .goldens = g, .scores = s, .thresholds = t,
                                .judgement = judgement, .training_config = training, .more = more};
    ay_status status;

    ay_clock_rfc3339(when, ay_clock_wall());
    ay_flow_path(f, AY_FLOW_MODULE, module);
    ay_flow_path(f, "model", model);
    ay_flow_step(f, AY_FLOW_REPORTED, "writing the report");
    status = ay_inspect_report_write(&report, err);
    if (status == AY_OK)
        status = ay_inspect_module_write(&(ay_inspect_packing){.path = module, .name = f->name ? f->name : base_name(f->input), .made_at = when,
                                                               .model = model, .set = &j->set, .goldens = g, .thresholds = t,
                                                               .settings = training},
                                         err);
    if (status == AY_OK && summary)
        *summary = ay_inspect_summary(&report);
    return status;
}

static ay_status judge(const ay_flow *f, const judging *j, const json_t *training, const json_t *more, json_t **summary, ay_err *err)
{
    uint64_t seed = (uint64_t)f->settings->seed;
    ay_golden_scores scores = {0};
    ay_judgement judgement = {0};
    ay_thresholds thresholds = {0};
    ay_goldens goldens = {0};
    ay_status status = ay_goldens_choose(&goldens, &j->set, err);

    ay_flow_step(f, AY_FLOW_JUDGED, "judging what was held back");
    if (status == AY_OK)
        status = ay_golden_scores_make(&scores, &j->set, &goldens, seed, err);
    if (status == AY_OK)
        status = ay_thresholds_fit(&thresholds, &j->set, &scores,
                                   &(ay_threshold_options){.rate = f->settings->false_accept, .otherwise = f->settings->similarity, .seed = seed},
                                   err);
    if (status == AY_OK)
        status = ay_judge(&judgement, &j->set, &scores, &thresholds, err);
    if (status == AY_OK)
        status = write_all(f, j, &goldens, &scores, &thresholds, &judgement, training, more, summary, err);
    ay_judgement_fini(&judgement);
    ay_thresholds_fini(&thresholds);
    ay_golden_scores_fini(&scores);
    ay_goldens_fini(&goldens);
    return status;
}

/* Files that were not used, for the summary: nobody has to find missing.csv to know. */
static json_t *account(const ay_line_set *set)
{
    json_t *kinds = json_object();

    for (int i = 0; i < AY_LINE_MISS_KINDS; i++)
        json_object_set_new(kinds, ay_line_miss_name((ay_line_miss)i), json_integer(set->misses[i]));
    return json_pack("{s:i, s:o, s:f}", "files_left_out", set->nmissing, "left_out_by_reason", kinds, "test_split", set->test_share);
}

ay_status ay_flow_judge(const ay_flow *f, const ay_line_set *set, const ay_line_items *items, const json_t *training, json_t **summary,
                        ay_err *err)
{
    judging j = {.vectors = NULL};
    json_t *more = account(set);
    ay_status status;

    ay_arena_init(&j.arena, 0);
    ay_flow_step(f, AY_FLOW_TRAINED, "choosing golden samples");
    status = embed(f, &j, set, items, err);
    if (status == AY_OK)
        status = judge(f, &j, training, more, summary, err);
    ay_free(j.vectors);
    ay_arena_fini(&j.arena);
    json_decref(more);
    return status;
}
