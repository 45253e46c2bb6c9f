/* inspect/line_test.h - for tests: a small line.  Two components under two lights, drawn as plain shapes with a mark at one end,
 * their vectors from the embedded encoder, golden samples and thresholds from that, and a module of it all. */
#ifndef AY_INSPECT_LINE_TEST_H
#define AY_INSPECT_LINE_TEST_H

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "inspect/module.h"

#include <dirent.h>
#include <math.h>

enum { LINE_CLASSES = 4, LINE_TRAIN = 5, LINE_HELD = 6, LINE_SIDE = 96,
       LINE_ITEMS = LINE_CLASSES * (LINE_TRAIN + LINE_HELD) * 4 };
#define LINE_MODEL "models/default"

typedef struct {
    char dir[40], module[80], scratch[80];
    char path[LINE_CLASSES * (LINE_TRAIN + LINE_HELD)][80];
    ay_golden_class classes[LINE_CLASSES];
    ay_golden_label labels[4 * LINE_CLASSES];
    char label_name[4 * LINE_CLASSES][40];
    ay_golden_item items[LINE_ITEMS];
    ay_golden_set set;
    float *vectors;
    ay_engine *engine;
    ay_goldens goldens;
    ay_golden_scores scores;
    ay_thresholds thresholds;
} line_fixture;

static inline void line_fill(ay_image *im, int x0, int y0, int x1, int y1, const uint8_t rgb[3])
{
    for (int y = y0 < 0 ? 0 : y0; y < y1 && y < im->height; y++)
        for (int x = x0 < 0 ? 0 : x0; x < x1 && x < im->width; x++)
            memcpy(im->data + 3 * (y * im->width + x), rgb, 3);
}

/* kind 0: a long black body with white ends and a red mark; 1: a square yellow one with a blue corner and legs; 2: an empty
 * place.  light 0: as it is; 1: dark and bluish.  Up as drawn. */
static inline void line_draw(ay_image *im, int kind, int light, uint64_t seed)
{
    static const uint8_t board[3] = {20, 90, 40}, black[3] = {15, 15, 15}, white[3] = {235, 235, 230}, red[3] = {220, 20, 20},
                         yellow[3] = {225, 190, 60}, blue[3] = {20, 40, 200}, grey[3] = {150, 150, 150};
    ay_err err = {{0}};
    ay_rng rng;
    int x, y;

    ay_rng_init3(&rng, 99, seed, (uint64_t)kind);
    x = (int)ay_rng_below(&rng, 5);
    y = (int)ay_rng_below(&rng, 5);
    CHECK_OK(ay_image_create(im, LINE_SIDE, LINE_SIDE, &err), err);
    line_fill(im, 0, 0, LINE_SIDE, LINE_SIDE, board);
    if (kind == 0) {
        line_fill(im, 34 + x, 8 + y, 58 + x, 84 + y, white);
        line_fill(im, 34 + x, 22 + y, 58 + x, 70 + y, black);
        line_fill(im, 34 + x, 24 + y, 58 + x, 38 + y, red);
    } else if (kind == 1) {
        for (int k = 0; k < 4; k++)
            line_fill(im, 8 + x, 22 + 14 * k + y, 84 + x, 28 + 14 * k + y, grey);
        line_fill(im, 18 + x, 18 + y, 74 + x, 74 + y, yellow);
        line_fill(im, 18 + x, 18 + y, 74 + x, 36 + y, blue);
    }
    for (int i = 0; i < 3 * LINE_SIDE * LINE_SIDE; i++) {
        double v = im->data[i] + 6 * ay_rng_normal(&rng);
        if (light)
            v *= i % 3 == 2 ? 0.7 : 0.4;
        im->data[i] = (uint8_t)fmin(255, fmax(0, v));
    }
}

/* class: 0 R_3 top, 1 R_3 side, 2 C_7 top, 3 C_7 side.  R_3 is mounted Up, C_7 Right: as drawn its part is turned for that. */
static inline void line_classes(line_fixture *f)
{
    static const char *const component[] = {"R_3", "R_3", "C_7", "C_7"}, *const light[] = {"top", "side_1", "top", "side_1"};
    static const char *const name[] = {"P_1_R_3_top", "P_1_R_3_side_1", "P_1_C_7_top", "P_1_C_7_side_1"};

    for (int k = 0; k < LINE_CLASSES; k++) {
        f->classes[k] = (ay_golden_class){name[k], "P_1", component[k], light[k], k < 2 ? 0 : 1, 0, 4};
        for (int t = 0; t < 4; t++) {
            snprintf(f->label_name[4 * k + t], sizeof f->label_name[0], "%s/%s", name[k], ay_turn_name(t));
            f->labels[4 * k + t] = (ay_golden_label){f->label_name[4 * k + t], k, t};
        }
    }
}

/* A picture of class k as it is mounted, turned by quarter turns from there. */
static inline void line_picture(ay_image *im, int class, int turned, uint64_t seed)
{
    ay_err err = {{0}};

    line_draw(im, class / 2, class % 2, seed);
    CHECK_OK(ay_golden_rotate(im, 90 * (((class < 2 ? 0 : 1) + turned) % 4), &err), err);
}

static inline void line_pictures(line_fixture *f)
{
    int n = 0, file = 0;
    ay_err err = {{0}};

    for (int k = 0; k < LINE_CLASSES; k++)
        for (int i = 0; i < LINE_TRAIN + LINE_HELD; i++, file++) {
            ay_image im;
            ay_buf png = {0};
            line_picture(&im, k, 0, (uint64_t)i);
            snprintf(f->path[file], sizeof f->path[file], "%s/2026@%s_%d.png", f->dir, f->classes[k].name, i);
            CHECK_OK(ay_image_encode_png(&im, &png, &err), err);
            CHECK_OK(ay_file_write(f->path[file], png.data, png.len, &err), err);
            ay_image_fini(&im);
            ay_buf_fini(&png);
            for (int r = 0; r < 4; r++)
                f->items[n++] = (ay_golden_item){f->path[file], 90 * r, k, 4 * k + (f->classes[k].turn + r) % 4,
                                                 i < LINE_TRAIN ? AY_SPLIT_TRAIN : AY_SPLIT_VAL, file, 0};
        }
    f->set = (ay_golden_set){f->classes, LINE_CLASSES, f->labels, 4 * LINE_CLASSES, f->items, (size_t)n, f->vectors, 0};
}

static inline ay_status line_write(line_fixture *f, const char *model, ay_err *err)
{
    json_t *settings = json_pack("{s:s}", "label", "component_orientation");
    ay_inspect_packing p = {f->module, "a small line", "2026-11-22T18:00:00Z", model, &f->set, &f->goldens, &f->thresholds, settings};
    ay_status status = ay_inspect_module_write(&p, err);

    json_decref(settings);
    return status;
}

static inline line_fixture *line_open(void)
{
    line_fixture *f = ay_calloc(1, sizeof *f);
    ay_golden_embedding how = {.embed = ay_golden_by_engine};
    ay_err err = {{0}};
    size_t lost;

    CHECK(f);
    strcpy(f->dir, "/tmp/assay-line-XXXXXX");
    CHECK(mkdtemp(f->dir));
    snprintf(f->module, sizeof f->module, "%s/small.inspect", f->dir);
    snprintf(f->scratch, sizeof f->scratch, "%s/scratch", f->dir);
    CHECK_OK(ay_file_mkdirs(f->scratch, &err), err);
    line_classes(f);
    line_pictures(f);
    CHECK_OK(ay_engine_open(&f->engine, &(ay_engine_options){.model = LINE_MODEL, .workers = 2}, &err), err);
    how.ctx = f->engine;
    how.dim = ay_engine_get_info(f->engine)->dim;
    f->vectors = ay_calloc(LINE_ITEMS * (size_t)how.dim, sizeof *f->vectors);
    CHECK_OK(ay_golden_embed(f->items, f->set.n, &how, f->vectors, &lost, &err), err);
    CHECK(lost == 0);
    f->set.vectors = f->vectors;
    f->set.dim = how.dim;
    CHECK_OK(ay_goldens_choose(&f->goldens, &f->set, &err), err);
    CHECK_OK(ay_golden_scores_make(&f->scores, &f->set, &f->goldens, 1, &err), err);
    CHECK_OK(ay_thresholds_fit(&f->thresholds, &f->set, &f->scores, NULL, &err), err);
    return f;
}

static inline int line_entries(const char *folder)
{
    DIR *d = opendir(folder);
    int n = -2;

    CHECK(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static inline void line_close(line_fixture *f)
{
    CHECK(line_entries(f->scratch) == 0); /* nothing of any module that was opened is left */
    ay_thresholds_fini(&f->thresholds);
    ay_golden_scores_fini(&f->scores);
    ay_goldens_fini(&f->goldens);
    ay_engine_close(f->engine);
    ay_file_remove_tree(f->dir);
    ay_free(f->vectors);
    ay_free(f);
}

static inline ay_status line_try(const line_fixture *f, ay_inspect_module **m, ay_err *err)
{
    return ay_inspect_module_open(m, f->module, &(ay_inspect_module_options){.scratch = f->scratch, .engine = {.workers = 1}}, err);
}

/* What the module says of class a's and class b's pictures (the two lights), turned so far. */
static inline ay_inspect_decision line_ask(ay_inspect_module *m, int a, int turn_a, int b, int turn_b, const char *component)
{
    ay_image im[2];
    ay_inspect_picture p[2] = {{"top", &im[0]}, {"side_1", &im[1]}};
    ay_inspect_decision d;
    ay_err err = {{0}};

    line_picture(&im[0], a, turn_a, 1000);
    line_picture(&im[1], b, turn_b, 1001);
    CHECK_OK(ay_inspect_decide(m, p, 2, NULL, component, &d, &err), err);
    ay_image_fini(&im[0]);
    ay_image_fini(&im[1]);
    return d;
}

#endif
