/* Judging planted pictures, and the files of a report. */
#include "base/file.h"
#include "inspect/planted_test.h"
#include "inspect/report.h"

static ay_err err;

static const ay_judged *row_of(const planted_result *r, size_t item)
{
    for (size_t k = 0; k < r->judgement.n; k++)
        if (r->judgement.rows[k].item == item)
            return &r->judgement.rows[k];
    return NULL;
}

static void nearest_wins(void)
{
    planted *p = planted_make(3, 31);
    planted_result r;
    size_t wrong;

    planted_fill(p, 8, 8, 0.25);
    wrong = planted_add(p, p->centre[7], 0.05, (ay_golden_item){NULL, 0, 0, 0, AY_SPLIT_VAL, p->groups++, 0});
    planted_judge(p, NULL, &r);
    CHECK(r.judgement.n == 3 * 8 * 4 + 1 && r.judgement.accuracy.k == 96 && r.judgement.accuracy.n == 97);
    const ay_judged *j = row_of(&r, wrong);
    CHECK(j && j->truth == 0 && j->guess == 7 && !j->correct && !j->match && j->similarity > 0.95 && j->claimed < 0.7);
    CHECK(r.judgement.confusion[0 * 13 + 7] == 1 && r.judgement.confusion[0] == 8);
    CHECK(r.judgement.retrieval.n == 97 && r.judgement.retrieval.precision_at_1 > 0.9 && r.judgement.retrieval.precision_at_1 < 1 &&
          r.judgement.retrieval.silhouette > 0.3);
    for (size_t k = 0; k < r.judgement.n; k++) {
        j = &r.judgement.rows[k];
        const ay_golden_sample *s = &r.goldens.samples[j->sample];
        CHECK(s->label == j->nearest && fabs(j->similarity - ay_golden_cosine(p->vectors + j->item * PLANTED_DIM,
                                                                            p->vectors + s->item * PLANTED_DIM, PLANTED_DIM)) < 1e-12);
    }
    planted_done(&r);
    ay_free(p);
}

static void the_table_begins_as_it_did(void)
{
    planted *p = planted_make(1, 2);
    planted_result r;
    ay_buf csv = {0};
    size_t bad;

    planted_fill(p, 4, 4, 0.1);
    bad = planted_bad(p, 0, p->centre[2], 0.05);
    snprintf(p->path[bad], sizeof p->path[bad], "=NG/a,\"b\".jpg");
    planted_judge(p, NULL, &r);
    ay_judgement_csv(&r.judgement, &p->set, &r.goldens, &csv);
    CHECK(!csv.failed && strncmp(csv.data, "image,true_class,pred_class,similarity,correct,decision,", 56) == 0);
    CHECK(strstr(csv.data, ",P_1_R_3_top/Up,P_1_R_3_top/Up,0.9") && strstr(csv.data, ",True,match,0.9"));
    const char *ng = strstr(csv.data, "\"'=NG/a,\"\"b\"\".jpg\",NG,NG,0.9");
    CHECK(ng && strstr(ng, ",True,no match,") && strstr(ng, ",True,0\n"));
    ay_buf_fini(&csv);
    planted_done(&r);
    ay_free(p);
}

/* What makes figures weak is said: few bad pictures, and a label that can only be kept clean by refusing good ones. */
static void warnings_name_what_is_weak(void)
{
    planted *p = planted_make(2, 8);
    planted_result r;
    json_t *s;
    char *text;

    for (int d = 0; d < PLANTED_DIM; d++) /* R_4 Right as mounted is nearly R_3 Up as mounted */
        p->centre[5][d] = p->centre[0][d] + 0.2f * p->centre[5][d];
    planted_fill(p, 10, 40, 0.3);
    planted_bad(p, 0, p->centre[7], 0.1);
    planted_judge(p, NULL, &r);
    ay_inspect_report report = {.set = &p->set, .goldens = &r.goldens, .scores = &r.scores, .thresholds = &r.thresholds,
                                .judgement = &r.judgement};
    s = ay_inspect_summary(&report);
    text = json_dumps(json_object_get(s, "warnings"), 0);
    CHECK(text && strstr(text, "2 labels as mounted refuse more than a tenth") && strstr(text, "has to keep out P_1_R_"));
    CHECK(strstr(text, "0 of 1 bad pictures passed") && strstr(text, "no less than 95 %"));
    free(text);
    json_decref(s);
    planted_done(&r);
    ay_free(p);
}

/* A real picture for each golden sample: noise, so that a turned one differs. */
static void draw_pictures(planted *p, const char *dir)
{
    for (size_t i = 0; i < p->set.n; i++) {
        ay_image im;
        ay_buf png = {0};
        snprintf(p->path[i], sizeof p->path[i], "%s/p/%04zu.png", dir, i);
        CHECK_OK(ay_image_create(&im, 6, 4, &err), err);
        for (int k = 0; k < 72; k++)
            im.data[k] = (uint8_t)ay_rng_below(&p->rng, 256);
        CHECK_OK(ay_image_encode_png(&im, &png, &err), err);
        CHECK_OK(ay_file_write(p->path[i], png.data, png.len, &err), err);
        ay_image_fini(&im);
        ay_buf_fini(&png);
    }
}

static void a_report_is_whole(void)
{
    static const char *const files[] = {"results/golden_samples.json", "results/evaluation_results.csv", "results/thresholds.json",
                                        "results/confusion_matrix.png", "results/confusion_matrix.csv", "results/class_accuracy.png",
                                        "results/similarity_distribution.png", "results/similarity_impostors.png",
                                        "results/similarity_by_class.png", "summary_report.json"};
    char dir[] = "/tmp/assay-inspect-XXXXXX", path[400], name[300];
    planted *p = planted_make(3, 77);
    planted_result r;

    CHECK(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/p", dir);
    CHECK_OK(ay_file_mkdirs(path, &err), err);
    planted_fill(p, 6, 12, 0.5);
    for (int i = 0; i < 5; i++)
        planted_bad(p, i % 3, p->centre[4 * (i % 3) + (i % 3 + 1) % 4], 0.3);
    planted_bad(p, AY_CLASS_NONE, p->centre[1], 0.3);
    draw_pictures(p, dir);
    planted_judge(p, NULL, &r);
    json_t *config = json_pack("{s:i}", "max_epochs", 40);
    ay_inspect_report report = {dir, "2026-11-22T18:30:00Z", &p->set, &r.goldens, &r.scores, &r.thresholds, &r.judgement, config, NULL};
    CHECK_OK(ay_inspect_report_write(&report, &err), err);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        CHECK(ay_file_exists(path));
        if (strstr(path, ".png")) { /* for eyes */
            ay_buf b = {0};
            CHECK_OK(ay_file_read(path, 0, &b, &err), err);
            CHECK_OK(ay_file_mkdirs("build/plots", &err), err);
            snprintf(name, sizeof name, "build/plots/inspect-%s", strrchr(path, '/') + 1);
            CHECK_OK(ay_file_write(name, b.data, b.len, &err), err);
            ay_buf_fini(&b);
        }
    }
    for (int m = 0; m < r.goldens.n; m++) {
        ay_image im;
        ay_golden_file_name(&p->set, &r.goldens.samples[m], m, name, sizeof name);
        CHECK(!strchr(name, '/') && strncmp(name, "P_1_", 4) == 0);
        snprintf(path, sizeof path, "%s/results/golden_samples/%s", dir, name);
        CHECK_OK(ay_image_load(path, NULL, &im, &err), err);
        CHECK(im.width == (p->items[r.goldens.samples[m].item].rotate % 180 ? 4 : 6));
        ay_image_fini(&im);
    }
    snprintf(path, sizeof path, "%s/summary_report.json", dir);
    json_t *s = json_load_file(path, 0, NULL);
    CHECK(s && json_integer_value(json_object_get(s, "total_classes")) == 3);
    CHECK(json_integer_value(json_object_get(s, "total_images")) == 3 * 18 + 6);
    CHECK(json_integer_value(json_object_get(json_object_get(s, "class_statistics"), "NG")) == 6);
    CHECK(json_integer_value(json_object_get(json_object_get(s, "class_statistics"), "P_1_C_7_top")) == 18);
    CHECK(json_number_value(json_object_get(s, "evaluation_accuracy")) == r.judgement.accuracy.rate);
    CHECK(json_integer_value(json_object_get(json_object_get(s, "training_config"), "max_epochs")) == 40);
    CHECK(json_array_size(json_object_get(s, "warnings")) > 0);
    CHECK(json_number_value(json_object_get(json_object_get(s, "retrieval"), "precision_at_1")) == r.judgement.retrieval.precision_at_1);
    json_decref(s);
    /* A sample whose picture has gone: no summary that promises it. */
    CHECK(remove(p->path[r.goldens.samples[0].item]) == 0);
    CHECK(ay_inspect_report_write(&report, &err) == AY_ENOTFOUND && strstr(err.msg, "golden sample") && !ay_file_exists(path));
    json_decref(config);
    planted_done(&r);
    ay_file_remove_tree(dir);
    ay_free(p);
}

/* Vectors come from pictures, turned as asked, whatever thread reads them; unreadable ones are told. */
static ay_status corner(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *e)
{
    (void)ctx;
    (void)e;
    for (int i = 0; i < n; i++) {
        dst[2 * i] = (float)(1 + images[i]->data[0]);
        dst[2 * i + 1] = (float)images[i]->width;
    }
    return AY_OK;
}

static void lost_one(void *user, const char *path, const char *why)
{
    (void)why;
    *(const char **)user = path;
}

static void vectors_are_of_turned_pictures(void)
{
    char dir[] = "/tmp/assay-inspect-XXXXXX", path[2][64];
    const char *gone = NULL;
    ay_image im;
    ay_buf png = {0};
    float v[10];
    size_t lost;

    CHECK(mkdtemp(dir));
    snprintf(path[0], sizeof path[0], "%s/a.png", dir);
    snprintf(path[1], sizeof path[1], "%s/none.png", dir);
    CHECK_OK(ay_image_create(&im, 3, 2, &err), err);
    im.data[0] = 10;              /* upper left */
    im.data[3 * 2] = 20;          /* upper right */
    im.data[3 * 3] = 30;          /* lower left */
    im.data[3 * 5] = 40;          /* lower right */
    CHECK_OK(ay_image_encode_png(&im, &png, &err), err);
    CHECK_OK(ay_file_write(path[0], png.data, png.len, &err), err);
    const ay_golden_item items[] = {{.path = path[0]}, {.path = path[0], .rotate = 90}, {.path = path[1]},
                                    {.path = path[0], .rotate = 180}, {.path = path[0], .rotate = 270}};
    ay_golden_embedding how = {.embed = corner, .dim = 2, .threads = 2, .lost = lost_one, .user = &gone};
    CHECK_OK(ay_golden_embed(items, 5, &how, v, &lost, &err), err);
    CHECK(lost == 1 && gone == path[1] && v[4] == 0 && v[5] == 0);
    CHECK(v[0] == 11 && v[1] == 3 && v[2] == 31 && v[3] == 2); /* a quarter turn clockwise brings the lower left up */
    CHECK(v[6] == 41 && v[7] == 3 && v[8] == 21 && v[9] == 2);
    ay_image_fini(&im);
    ay_buf_fini(&png);
    ay_file_remove_tree(dir);
}

TESTS({"nearest wins", nearest_wins}, {"the table begins as it did", the_table_begins_as_it_did},
      {"warnings name what is weak", warnings_name_what_is_weak}, {"a report is whole", a_report_is_whole}, {"vectors are of turned pictures", vectors_are_of_turned_pictures})
