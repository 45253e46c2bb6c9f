#include "inspect/golden_run.h"
#include "base/file.h"
#include "base/mem.h"
#include "inspect/module.h"
#include "inspect/report.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)AY_LINE_UP == 0 && (int)AY_LINE_RIGHT == 1 && (int)AY_LINE_LEFT == 3 && (int)AY_LINE_UNKNOWN == AY_TURN_NONE,
               "orientations are quarter turns clockwise from Up in both");

const char *ay_golden_phase_name(ay_golden_phase p)
{
    static const char *const name[] = {"looking at pictures", "choosing golden samples", "writing results", "packing the module"};

    return name[p];
}

/* ---- the set --------------------------------------------------------------------------------- */

static ay_golden_class *make_classes(const ay_line_set *set, ay_arena *arena)
{
    ay_golden_class *c = ay_arena_alloc(arena, ((size_t)set->nclasses + 1) * sizeof *c);

    for (int k = 0; c && k < set->nclasses; k++)
        c[k] = (ay_golden_class){.name = set->classes[k].name, .product = set->classes[k].product, .component = set->classes[k].component,
                                 .light = set->classes[k].light,
                                 .turn = set->label == AY_LINE_BY_COMPONENT ? AY_TURN_NONE : set->classes[k].orientation, .ways = AY_TURNS};
    return c;
}

/* What a label is of can be seen from its first good picture: fields, and not the label's name. */
static void describe(ay_golden_label *l, const ay_line_set *set, const ay_line_items *items, int label)
{
    *l = (ay_golden_label){items->labels[label], AY_CLASS_NONE, AY_TURN_NONE};
    for (size_t i = 0; i < items->n; i++) {
        const ay_line_item *item = &items->items[i];
        if (item->label != label || !item->ok)
            continue;
        if (set->label != AY_LINE_BY_ORIENTATION)
            l->class = set->originals[item->original].class;
        if (set->label != AY_LINE_BY_COMPONENT)
            l->turn = item->orientation;
        return;
    }
}

static bool is_good(const ay_line_items *items, int label)
{
    for (size_t i = 0; i < items->n; i++)
        if (items->items[i].label == label && items->items[i].ok)
            return true;
    return false;
}

/* map: a label of items to one of ours; "NG" has none. */
static ay_golden_label *make_labels(const ay_line_set *set, const ay_line_items *items, ay_arena *arena, int *map, int *n)
{
    ay_golden_label *l = ay_arena_alloc(arena, ((size_t)items->nlabels + 1) * sizeof *l);

    *n = 0;
    for (int k = 0; l && k < items->nlabels; k++) {
        map[k] = AY_LABEL_NONE;
        if (!is_good(items, k))
            continue;
        map[k] = *n;
        describe(&l[(*n)++], set, items, k);
    }
    return l;
}

static ay_golden_item of_line(const ay_line_set *set, const ay_line_item *i, const int *map)
{
    const ay_line_original *p = &set->originals[i->original];
    ay_golden_item g = {.path = i->path, .rotate = i->rotate, .class = p->class < 0 ? AY_CLASS_NONE : p->class, .label = AY_LABEL_NONE,
                        .split = i->split, .group = i->original, .board = i->group + 1};

    if (i->ok)
        g.label = i->label >= 0 ? map[i->label] : AY_LABEL_NONE;
    else if (!set->train_ng) /* nothing was learnt from it */
        g.split = AY_SPLIT_VAL;
    return g;
}

ay_status ay_golden_from_line(const ay_line_set *set, const ay_line_items *items, bool turned, ay_arena *arena, ay_golden_set *out,
                              ay_err *err)
{
    int *map = ay_arena_alloc(arena, ((size_t)items->nlabels + 1) * sizeof *map);
    ay_golden_item *list = ay_arena_alloc(arena, (items->n * AY_TURNS + 1) * sizeof *list);

    *out = (ay_golden_set){.nclasses = set->nclasses};
    out->classes = make_classes(set, arena);
    out->labels = map ? make_labels(set, items, arena, map, &out->nlabels) : NULL;
    if (!map || !list || !out->classes || !out->labels)
        return ay_fail(err, AY_ENOMEM, "golden samples of %zu pictures", items->n);
    turned = turned && set->label == AY_LINE_BY_COMPONENT;
    for (size_t i = 0; i < items->n; i++) {
        ay_golden_item g = of_line(set, &items->items[i], map);
        list[out->n++] = g;
        for (int k = 1; turned && k < AY_TURNS && g.label >= 0 && g.split != AY_SPLIT_TRAIN; k++) {
            list[out->n] = g;
            list[out->n].label = AY_LABEL_NONE;
            list[out->n++].rotate = 90 * k;
        }
    }
    out->items = list;
    return AY_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

typedef struct {
    const ay_golden_run_options *o;
    ay_line_set line;
    ay_line_items items;
    ay_arena arena;
    ay_golden_set set;
    float *vectors;
    ay_engine *engine;
    ay_goldens goldens;
    ay_golden_scores scores;
    ay_thresholds thresholds;
    ay_judgement judgement;
    char model[4200];
} run;

static ay_status tell(run *r, ay_golden_phase phase, ay_err *err)
{
    if (r->o->progress)
        r->o->progress(r->o->ctx, phase, 0, 1);
    if (r->o->stop && atomic_load(r->o->stop))
        return ay_fail(err, AY_ECANCELLED, "cancelled before golden samples were %s", phase == AY_GOLDEN_PACKING ? "packed" : "chosen");
    return AY_OK;
}

static void looked(void *user, size_t done, size_t n)
{
    const run *r = user;

    if (r->o->progress)
        r->o->progress(r->o->ctx, AY_GOLDEN_LOOKING, done, n);
}

static void lost(void *user, const char *path, const char *why)
{
    const run *r = user;

    if (r->o->lost)
        r->o->lost(r->o->ctx, path, why);
}

static ay_status embed(run *r, ay_err *err)
{
    ay_golden_embedding how = {.embed = ay_golden_by_engine, .threads = r->o->threads, .progress = looked, .lost = lost, .user = r,
                               .stop = r->o->stop};
    ay_engine_options o = {.model = r->model, .precision = r->o->precision, .workers = r->o->threads};
    ay_status status = ay_engine_open(&r->engine, &o, err);

    if (status != AY_OK)
        return status;
    how.ctx = r->engine;
    how.dim = r->set.dim = ay_engine_get_info(r->engine)->dim;
    r->vectors = ay_calloc(r->set.n * (size_t)how.dim + 1, sizeof *r->vectors);
    if (!r->vectors)
        return ay_fail(err, AY_ENOMEM, "vectors of %zu pictures", r->set.n);
    r->set.vectors = r->vectors;
    status = ay_golden_embed(r->set.items, r->set.n, &how, r->vectors, NULL, err);
    ay_engine_close(r->engine); /* the module opens its own */
    r->engine = NULL;
    return status;
}

static ay_status judge(run *r, ay_err *err)
{
    ay_threshold_options t = {.rate = r->o->false_accept, .otherwise = r->o->otherwise};
    ay_status status = tell(r, AY_GOLDEN_CHOOSING, err);

    if (status == AY_OK)
        status = ay_goldens_choose(&r->goldens, &r->set, err);
    if (status == AY_OK)
        status = ay_golden_scores_make(&r->scores, &r->set, &r->goldens, 42, err);
    if (status == AY_OK)
        status = ay_thresholds_fit(&r->thresholds, &r->set, &r->scores, &t, err);
    return status == AY_OK ? ay_judge(&r->judgement, &r->set, &r->scores, &r->thresholds, err) : status;
}

static ay_status pack(run *r, ay_err *err)
{
    char path[4300], results[4300];
    ay_inspect_packing p = {.path = r->o->module, .name = r->o->name, .made_at = r->o->timestamp, .model = r->model, .set = &r->set,
                            .goldens = &r->goldens, .thresholds = &r->thresholds, .settings = r->o->settings};
    ay_status status;

    if (r->o->module && !*r->o->module)
        return AY_OK;
    snprintf(path, sizeof path, "%s/inspect.inspect", r->o->dir);
    p.path = r->o->module ? r->o->module : path;
    snprintf(results, sizeof results, "%s/results", r->o->dir); /* where it may have to lie; the report comes after it */
    status = tell(r, AY_GOLDEN_PACKING, err);
    if (status == AY_OK)
        status = ay_file_mkdirs(results, err);
    return status == AY_OK ? ay_inspect_module_write(&p, err) : status;
}

static ay_status write_all(run *r, json_t **summary, ay_err *err)
{
    ay_inspect_report report = {.folder = r->o->dir, .timestamp = r->o->timestamp, .set = &r->set, .goldens = &r->goldens,
                                .scores = &r->scores, .thresholds = &r->thresholds, .judgement = &r->judgement,
                                .training_config = r->o->training_config};
    ay_status status = pack(r, err); /* first: a summary promises everything else */

    if (status == AY_OK)
        status = tell(r, AY_GOLDEN_WRITING, err);
    if (status == AY_OK)
        status = ay_inspect_report_write(&report, err);
    if (status == AY_OK && summary && !(*summary = ay_inspect_summary(&report)))
        status = ay_fail(err, AY_ENOMEM, "summary");
    return status;
}

ay_status ay_golden_run(const ay_golden_run_options *o, json_t **summary, ay_err *err)
{
    run *r = ay_calloc(1, sizeof *r);
    ay_status status = r ? AY_OK : ay_fail(err, AY_ENOMEM, "golden samples");

    if (status != AY_OK)
        return status;
    r->o = o;
    ay_arena_init(&r->arena, 0);
    snprintf(r->model, sizeof r->model, "%s%s", o->model ? o->model : o->dir, o->model ? "" : "/model");
    status = ay_line_set_read(o->dir, &r->line, err);
    if (status == AY_OK)
        status = ay_line_items_make(&r->line, o->dir, &r->items, err);
    if (status == AY_OK)
        status = ay_golden_from_line(&r->line, &r->items, o->turned, &r->arena, &r->set, err);
    if (status == AY_OK)
        status = embed(r, err);
    if (status == AY_OK)
        status = judge(r, err);
    if (status == AY_OK)
        status = write_all(r, summary, err);
    ay_judgement_fini(&r->judgement);
    ay_thresholds_fini(&r->thresholds);
    ay_golden_scores_fini(&r->scores);
    ay_goldens_fini(&r->goldens);
    ay_engine_close(r->engine);
    ay_line_items_fini(&r->items);
    ay_line_set_fini(&r->line);
    ay_arena_fini(&r->arena);
    ay_free(r->vectors);
    ay_free(r);
    return status;
}
