/* From an arranged tree of drawn boards to results and a module, with the embedded encoder as the network: nothing was learnt, so
 * figures are what they are; that everything fits together is what is looked at. */
#include "inspect/boards_test.h"
#include "inspect/golden_run.h"
#include "inspect/module.h"

#include <math.h>

static void set_of_tree(ay_line_label label, bool train_ng, bool turned, ay_golden_set *set, ay_arena *arena, ay_line_set *lines,
                        ay_line_items *items)
{
    ay_line_arrange_options o = {.threads = 2, .image_size = 32, .label = label, .train_ng = train_ng, .test_share = 0.3};

    boards(6, 8, 1 | 2 | 4);
    arrange(lines, &o);
    CHECK_OK(ay_line_items_make(lines, at("tree"), items, &err), err);
    ay_arena_init(arena, 0);
    CHECK_OK(ay_golden_from_line(lines, items, turned, arena, set, &err), err);
}

static int bad_of(const ay_line_set *lines)
{
    int n = 0;

    for (int i = 0; i < lines->n; i++)
        n += !lines->originals[i].ok;
    return n;
}

/* Every kind of label: fields agree with the tree's, bad pictures have no label, none of them counts as learnt. */
static void a_tree_becomes_a_set(void)
{
    static const struct {
        ay_line_label label;
        bool train_ng, turned;
        int labels;
    } kinds[] = {{AY_LINE_BY_BOTH, false, false, 24}, {AY_LINE_BY_ORIENTATION, true, false, 4}, {AY_LINE_BY_COMPONENT, false, true, 6}};

    for (size_t k = 0; k < 3; k++) {
        ay_golden_set set;
        ay_line_set lines;
        ay_line_items items;
        ay_arena arena;
        int bad = 0, turned = 0;
        set_of_tree(kinds[k].label, kinds[k].train_ng, kinds[k].turned, &set, &arena, &lines, &items);
        float one = 1;
        set.vectors = &one;
        set.dim = 1;
        CHECK(set.nlabels == kinds[k].labels && set.nclasses == 6);
        CHECK_OK(ay_golden_set_check(&set, &err), err);
        for (int l = 0; l < set.nlabels; l++) {
            CHECK(strcmp(set.labels[l].name, "NG") != 0);
            CHECK((set.labels[l].class < 0) == (kinds[k].label == AY_LINE_BY_ORIENTATION));
            CHECK((set.labels[l].turn < 0) == (kinds[k].label == AY_LINE_BY_COMPONENT));
        }
        for (int c = 0; c < set.nclasses; c++)
            CHECK(ay_golden_wanted(&set, c) >= 0);
        for (size_t i = 0; i < set.n; i++) {
            const ay_golden_item *g = &set.items[i];
            bad += g->label < 0 && g->rotate == 0;
            turned += g->label < 0 && g->rotate != 0;
            CHECK(g->label >= 0 || kinds[k].train_ng || g->split == AY_SPLIT_VAL);
            if (g->label >= 0 && g->rotate == 0)
                CHECK(ay_golden_wanted(&set, g->class) == g->label);
        }
        CHECK(bad == bad_of(&lines) && bad > 0 && (turned > 0) == kinds[k].turned);
        ay_arena_fini(&arena);
        ay_line_items_fini(&items);
        ay_line_set_fini(&lines);
    }
}

static void phases(void *ctx, ay_golden_phase phase, size_t done, size_t total)
{
    int *seen = ctx;

    CHECK(done <= total);
    seen[phase]++;
}

static void a_tree_becomes_a_module(void)
{
    ay_line_arrange_options a = {.threads = 2, .image_size = 32, .test_share = 0.4};
    ay_golden_run_options o = {.model = "models/default", .name = "boards", .timestamp = "2026-11-22T19:00:00Z", .progress = phases};
    int seen[4] = {0};
    ay_inspect_decision d;
    ay_inspect_module *m;
    ay_image im[2] = {{0}};
    ay_line_set lines;
    json_t *summary;

    boards(10, 6, 1 | 2);
    arrange(&lines, &a);
    o.dir = at("tree");
    o.ctx = seen;
    CHECK_OK(ay_golden_run(&o, &summary, &err), err);
    CHECK(seen[AY_GOLDEN_LOOKING] && seen[AY_GOLDEN_CHOOSING] && seen[AY_GOLDEN_WRITING] && seen[AY_GOLDEN_PACKING]);
    CHECK(json_integer_value(json_object_get(summary, "total_classes")) == 4);
    CHECK(json_integer_value(json_object_get(summary, "total_images")) == lines.n);
    CHECK(json_integer_value(json_object_get(json_object_get(summary, "bad_refused"), "of")) == bad_of(&lines));
    CHECK(json_number_value(json_object_get(summary, "evaluation_accuracy")) > 0.3);
    CHECK(ay_file_exists(at("tree/summary_report.json")) && ay_file_exists(at("tree/results/evaluation_results.csv")));
    printf("  the embedded encoder, which has learnt none of it: %.3f of %lld right\n",
           json_number_value(json_object_get(summary, "evaluation_accuracy")),
           (long long)json_integer_value(json_object_get(summary, "held_out")));
    json_decref(summary);

    CHECK_OK(ay_inspect_module_open(&m, at("tree/inspect.inspect"), NULL, &err), err);
    const ay_golden_class *c = &ay_inspect_module_get_info(m)->classes[0];
    ay_inspect_picture p[2] = {{"side", &im[0]}, {"top", &im[1]}};
    for (int i = 0, got = 0; i < lines.n && got < 2; i++) /* a golden sample's own class, both lights */
        if (lines.originals[i].ok && strcmp(lines.classes[lines.originals[i].class].component, c->component) == 0 &&
            strcmp(lines.classes[lines.originals[i].class].light, p[got].light) == 0)
            CHECK_OK(ay_image_load(at("tree/%s", lines.originals[i].path), NULL, &im[got++], &err), err);
    CHECK_OK(ay_inspect_decide(m, p, 2, c->product, c->component, &d, &err), err);
    CHECK(d.n == 2 && isfinite(d.side[0].similarity) && d.side[1].reason[0]);
    ay_image_fini(&im[0]);
    ay_image_fini(&im[1]);
    ay_inspect_module_close(m);

    /* Stopped: nothing new is promised. */
    atomic_bool stop = true;
    o.stop = &stop;
    CHECK(ay_golden_run(&o, NULL, &err) == AY_ECANCELLED);
    o.stop = NULL;
    o.model = at("none");
    CHECK(ay_golden_run(&o, NULL, &err) == AY_ENOTFOUND);
    o.dir = at("nothing");
    CHECK(ay_golden_run(&o, NULL, &err) == AY_ENOTFOUND);
    ay_line_set_fini(&lines);
    ay_file_remove_tree(bench);
}

TESTS({"a tree becomes a set", a_tree_becomes_a_set}, {"a tree becomes a module", a_tree_becomes_a_module})
