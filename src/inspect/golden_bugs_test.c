/* Faults of the system before in golden samples, evaluation and the deployed module, by the numbers under which its description
 * lists them: none comes back.  Those of preparing are in bugs_test.c. */
#include "base/json.h"
#include "inspect/line_test.h"
#include "inspect/planted_test.h"
#include "inspect/report.h"
#include "models/model.h"
#include "nn/learn.h"

static ay_err err;

/* Bad pictures were judged too, though nothing golden exists for them: each was wrong, and accuracy had a ceiling. */
static void bug_41_a_bad_picture_is_right_to_be_refused(void)
{
    planted *p = planted_make(3, 41);
    planted_result r;
    size_t turned, strange, passing;

    planted_fill(p, 10, 20, 0.2);
    turned = planted_bad(p, 0, p->centre[1], 0.1);     /* like R_3 Right, and says it is R_3, which is mounted Up */
    strange = planted_bad(p, AY_CLASS_NONE, p->centre[31], 0.1);
    for (int d = 0; d < PLANTED_DIM; d++) /* like nothing at all */
        p->vectors[strange * PLANTED_DIM + (size_t)d] = (float)(d % 2 ? 1 : -1);
    passing = planted_bad(p, 1, p->centre[5], 0.01);   /* a fault that cannot be seen: R_4 as mounted */
    planted_judge(p, &(ay_threshold_options){.rate = 0.05}, &r);
    CHECK(r.judgement.bad.n == 3 && r.judgement.bad.k >= 2);
    for (size_t k = 0; k < r.judgement.n; k++) {
        const ay_judged *j = &r.judgement.rows[k];
        if (j->item == turned)
            CHECK(j->nearest == 1 && j->similarity > 0.9 && j->guess == -1 && j->correct && !j->match && j->claim == 0);
        if (j->item == strange)
            CHECK(j->guess == -1 && j->correct && strcmp(ay_judged_name(&p->set, j->guess), "NG") == 0);
        if (j->item == passing && j->match)
            CHECK(j->guess == 5 && !j->correct);
    }
    CHECK(r.judgement.accuracy.rate > 0.99);
    planted_done(&r);
    ay_free(p);
}

/* Totals of the summary were 0 when nobody passed statistics. */
static void bug_42_totals_of_the_summary_are_counted(void)
{
    planted *p = planted_make(2, 42);
    planted_result r;
    json_t *s;

    planted_fill(p, 4, 4, 0.2);
    planted_bad(p, 0, p->centre[2], 0.1);
    planted_judge(p, NULL, &r);
    ay_inspect_report report = {.set = &p->set, .goldens = &r.goldens, .scores = &r.scores, .thresholds = &r.thresholds,
                                .judgement = &r.judgement};
    s = ay_inspect_summary(&report);
    CHECK(s && json_integer_value(json_object_get(s, "total_classes")) == 2);
    CHECK(json_integer_value(json_object_get(s, "total_images")) == 17); /* originals, not their rotations */
    CHECK(json_object_size(json_object_get(s, "class_statistics")) == 3 && json_is_object(json_object_get(s, "training_config")));
    json_decref(s);
    planted_done(&r);
    ay_free(p);
}

/* Product, component and light were split out of a folder's name at "_": with R_3 under side_1 the module looked for another
 * component.  Here they are fields from end to end, and what could be split differently is different. */
static void bug_48_a_module_knows_fields_not_names(void)
{
    line_fixture *f = line_open();
    ay_inspect_module *m;
    ay_inspect_decision d;
    const ay_inspect_module_info *i;

    CHECK_OK(line_write(f, LINE_MODEL, &err), err);
    CHECK_OK(line_try(f, &m, &err), err);
    i = ay_inspect_module_get_info(m);
    CHECK(strcmp(i->classes[1].product, "P_1") == 0 && strcmp(i->classes[1].component, "R_3") == 0 &&
          strcmp(i->classes[1].light, "side_1") == 0);
    d = line_ask(m, 0, 0, 1, 0, "R_3");
    CHECK(d.match && strcmp(d.product, "P_1") == 0 && strcmp(d.component, "R_3") == 0);
    ay_image im;
    line_picture(&im, 0, 0, 1);
    const ay_inspect_picture one[] = {{"top", &im}, {"side_1", &im}}, other[] = {{"3_top", &im}, {"3_side_1", &im}};
    CHECK(ay_inspect_decide(m, one, 2, "P", "1_R_3", &d, &err) == AY_ENOTFOUND);
    CHECK(ay_inspect_decide(m, other, 2, "P_1", "R", &d, &err) == AY_ENOTFOUND);
    ay_image_fini(&im);
    ay_inspect_module_close(m);
    line_close(f);
}

/* A folder as training leaves it: HOAMV2 on its smallest backbone, of as many numbers as dim. */
static void hoam_folder(const char *folder, int dim)
{
    ay_model_options o = {.backbone = "efficientnetv2_tiny", .embedding = dim, .size = 96, .seed = 1};
    static const char *const names[] = {"best_model.safetensors", "last.safetensors"};
    char path[200];
    ay_weights *w;
    ay_model *m;
    ay_buf text = {0};

    CHECK_OK(ay_file_mkdirs(folder, &err), err);
    CHECK_OK(ay_model_blueprint(&m, "hoamv2", &o, &err), err);
    CHECK_OK(ay_weights_create(&w, ay_model_graph(m), &err), err);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        CHECK_OK(ay_weights_save(w, path, NULL, NULL, 0, &err), err);
    }
    snprintf(path, sizeof path, "%s/config.json", folder);
    CHECK(ay_json_dump(ay_model_config(m), 0, &text));
    CHECK_OK(ay_file_write(path, text.data, text.len, &err), err);
    ay_buf_fini(&text);
    ay_weights_destroy(w);
    ay_model_close(m);
}

/* Evaluation needed CUDA, and took the class's default network whatever was configured: here the folder says which network
 * it is, this processor runs it, and golden samples do not go with another network, even of the same dimensions. */
static void bug_49_evaluation_takes_the_network_of_the_folder(void)
{
    line_fixture *f = line_open();
    ay_golden_embedding how = {.embed = ay_golden_by_engine, .dim = f->set.dim};
    char folder[100];
    ay_inspect_module *m;
    size_t lost;

    snprintf(folder, sizeof folder, "%s/model", f->dir);
    hoam_folder(folder, f->set.dim);
    CHECK(line_write(f, folder, &err) == AY_ECORRUPT && strstr(err.msg, "do not belong together") && !ay_file_exists(f->module));
    ay_engine_close(f->engine);
    CHECK_OK(ay_engine_open(&f->engine, &(ay_engine_options){.model = folder, .workers = 2}, &err), err);
    how.ctx = f->engine;
    CHECK_OK(ay_golden_embed(f->items, f->set.n, &how, f->vectors, &lost, &err), err);
    ay_goldens_fini(&f->goldens);
    ay_thresholds_fini(&f->thresholds);
    ay_golden_scores_fini(&f->scores);
    CHECK_OK(ay_goldens_choose(&f->goldens, &f->set, &err), err);
    CHECK_OK(ay_golden_scores_make(&f->scores, &f->set, &f->goldens, 1, &err), err);
    CHECK_OK(ay_thresholds_fit(&f->thresholds, &f->set, &f->scores, NULL, &err), err);
    CHECK_OK(line_write(f, folder, &err), err);
    CHECK_OK(line_try(f, &m, &err), err);
    CHECK(strcmp(ay_inspect_module_get_info(m)->engine->arch, ay_engine_get_info(f->engine)->arch) == 0 &&
          strcmp(ay_inspect_module_get_info(m)->engine->digest, ay_engine_get_info(f->engine)->digest) == 0);
    CHECK(strstr(ay_inspect_module_get_info(m)->engine->arch, "hoam"));
    line_ask(m, 0, 0, 1, 0, "R_3"); /* nothing was learnt, so whatever it says */
    ay_inspect_module_close(m);
    line_close(f);
}

/* A class with no picture on the held-out side broke the loader. */
static void bug_51_a_class_without_held_out_pictures_is_no_failure(void)
{
    planted *p = planted_make(3, 51);
    planted_result r;
    ay_buf csv = {0};

    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 20; i++)
            planted_original(p, k, k == 2 || i < 8 ? AY_SPLIT_TRAIN : AY_SPLIT_VAL, 0.2);
    planted_judge(p, NULL, &r);
    CHECK(r.judgement.n == 2 * 12 * 4 && r.goldens.n == 12);
    CHECK(r.thresholds.rows[8].own == 0 && r.thresholds.rows[8].kind != AY_THRESHOLD_FITTED &&
          r.thresholds.rows[8].value >= AY_THRESHOLD_DEFAULT && isnan(r.thresholds.rows[8].false_reject.rate));
    ay_judgement_csv(&r.judgement, &p->set, &r.goldens, &csv);
    CHECK(!csv.failed);
    ay_buf_fini(&csv);
    planted_done(&r);
    ay_free(p);
}

/* The golden sample was any picture, another one each time: of a class with one odd picture among twenty it was that one now and
 * then. */
static void bug_52_the_golden_sample_is_the_same_and_typical(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        planted *p = planted_make(1, seed);
        ay_goldens a, b;
        size_t odd;
        for (int i = 0; i < 19; i++)
            planted_add(p, p->centre[0], 0.3, (ay_golden_item){NULL, 0, 0, 0, AY_SPLIT_TRAIN, i, 0});
        odd = planted_add(p, p->centre[3], 0.3, (ay_golden_item){NULL, 0, 0, 0, AY_SPLIT_TRAIN, 19, 0});
        CHECK_OK(ay_goldens_choose(&a, &p->set, &err), err);
        CHECK_OK(ay_goldens_choose(&b, &p->set, &err), err);
        CHECK(a.n == 1 && b.n == 1 && a.samples[0].item == b.samples[0].item && a.samples[0].item != odd);
        CHECK(a.samples[0].mean > 0.75 && a.samples[0].least < 0.6);
        ay_goldens_fini(&a);
        ay_goldens_fini(&b);
        ay_free(p);
    }
}

TESTS({"bug_41_a_bad_picture_is_right_to_be_refused", bug_41_a_bad_picture_is_right_to_be_refused},
      {"bug_42_totals_of_the_summary_are_counted", bug_42_totals_of_the_summary_are_counted},
      {"bug_48_a_module_knows_fields_not_names", bug_48_a_module_knows_fields_not_names},
      {"bug_49_evaluation_takes_the_network_of_the_folder", bug_49_evaluation_takes_the_network_of_the_folder},
      {"bug_51_a_class_without_held_out_pictures_is_no_failure", bug_51_a_class_without_held_out_pictures_is_no_failure},
      {"bug_52_the_golden_sample_is_the_same_and_typical", bug_52_the_golden_sample_is_the_same_and_typical})
