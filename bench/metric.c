/* bench/metric.c - a metric-learning run on drawn circuit boards, as a line's pictures would be: how long, and how good
 * on boards that nobody trained on.
 *
 *   metric [--boards N] [--orientation] [KEY=VALUE ...]
 *
 * N boards (default 24) of eight components under two lights, each picture turned by software into all four ways it may
 * lie; an eighth of the boards for validation, a quarter for the test.  A label is one component under one light lying
 * one way (64 of them), or with --orientation the way it lies alone (4).  KEY=VALUE are the settings of
 * train/metric_settings.h; what is set here otherwise: a small body, 96 pixels, 12 epochs. */
#include "base/file.h"
#include "base/mem.h"
#include "draw/smt.h"
#include "train/metric_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS = 4, LABEL = 64 };

typedef struct {
    ay_metric_item *items;
    char (*paths)[320];
    char names[512][LABEL];
    const char *labels[512];
    int n, nlabels;
    char folder[64];
} set;

static void fail(const char *what, const ay_err *err)
{
    fprintf(stderr, "metric: %s: %s\n", what, err->msg);
    exit(1);
}

static void draw(set *s, const ay_smt_shot *shot, int group, ay_split split, bool orientation)
{
    const ay_smt_place *p = ay_smt_place_at(shot->place);
    ay_buf bytes = {0};
    char path[320], name[128];
    ay_image im;
    ay_err err;

    ay_smt_name(shot, name);
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    if (ay_smt_picture(shot, 7, 96, 96, &im, &err) || ay_image_encode_jpeg(&im, 92, &bytes, &err) ||
        ay_file_write(path, bytes.data, bytes.len, &err))
        fail(path, &err);
    ay_image_fini(&im);
    ay_buf_fini(&bytes);
    for (int t = 0; t < TURNS; t++) {
        int lies = ((int)p->orientation + t) % TURNS; /* Up, Right, Down, Left: clockwise */
        int label = orientation ? lies : (shot->place * AY_SMT_LIGHTS + (int)shot->light) * TURNS + lies;
        snprintf(s->paths[s->n], sizeof s->paths[0], "%s", path);
        s->items[s->n] = (ay_metric_item){s->paths[s->n], label, split, group, 90 * t};
        s->n++;
    }
}

static void make(set *s, int boards, bool orientation)
{
    int places = ay_smt_place_count();
    size_t most = (size_t)boards * (size_t)places * AY_SMT_LIGHTS * TURNS;

    snprintf(s->folder, sizeof s->folder, "/tmp/assay-bench-XXXXXX");
    s->items = ay_calloc(most, sizeof *s->items);
    s->paths = ay_calloc(most, sizeof *s->paths);
    if (!mkdtemp(s->folder) || !s->items || !s->paths)
        exit(1);
    s->nlabels = orientation ? TURNS : places * AY_SMT_LIGHTS * TURNS;
    for (int k = 0; k < s->nlabels; k++) {
        const ay_smt_place *p = ay_smt_place_at(k / TURNS / AY_SMT_LIGHTS);
        const char *lies = ay_smt_orientation_name((ay_smt_orientation)(k % TURNS));
        if (orientation)
            snprintf(s->names[k], LABEL, "%s", lies);
        else
            snprintf(s->names[k], LABEL, "%s_%s_%s/%s", p->product, p->component,
                     ay_smt_light_name((ay_smt_light)(k / TURNS % AY_SMT_LIGHTS)), lies);
        s->labels[k] = s->names[k];
    }
    for (int b = 0, group = 0; b < boards; b++)
        for (int place = 0; place < places; place++)
            for (int light = 0; light < AY_SMT_LIGHTS; light++)
                draw(s, &(ay_smt_shot){place, (ay_smt_light)light, (uint32_t)b, AY_SMT_GOOD}, group++,
                     b % 8 == 7 ? AY_SPLIT_VAL : b % 4 == 1 ? AY_SPLIT_TEST : AY_SPLIT_TRAIN, orientation);
}

static void on_point(void *ctx, const ay_metric_point *p)
{
    (void)ctx;
    printf("| %d%s | %.3f | %.3f | %.4f | %.4f | %.3f | %.2g | %.1f |\n", p->epoch, p->average ? " (average)" : "",
           p->train_loss, p->val_loss, p->val.precision_at_1, p->val.map_at_r, p->val.silhouette, p->learning_rate,
           p->seconds);
    fflush(stdout);
}

static void on_note(void *ctx, const ay_note *n)
{
    (void)ctx;
    fprintf(stderr, "%s\n", n->text);
}

int main(int argc, char **argv)
{
    ay_metric_observer o = {.point = on_point, .note = on_note};
    ay_metric_settings s;
    ay_metric_result r;
    bool orientation = false;
    int boards = 24;
    set d = {0};
    char out[96];
    ay_err err;

    ay_metric_settings_init(&s);
    snprintf(s.backbone, sizeof s.backbone, "efficientnetv2_tiny");
    s.image_size = 96;
    s.epochs = 12;
    for (int i = 1; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (strcmp(argv[i], "--orientation") == 0)
            orientation = true;
        else if (strcmp(argv[i], "--boards") == 0 && i + 1 < argc)
            boards = atoi(argv[++i]);
        else if (!value || (*value = '\0', ay_metric_settings_set(&s, argv[i], value + 1, &err)))
            fail(argv[i], value ? &err : &(ay_err){"KEY=VALUE, --boards N or --orientation"});
    }
    make(&d, boards, orientation);
    printf("| epoch | loss | on validation | precision@1 | MAP@R | silhouette | rate | seconds |\n|---|---|---|---|---|---|---|---|\n");
    snprintf(out, sizeof out, "%s/out", d.folder);
    if (ay_metric_run(&s, &(ay_metric_data){d.items, d.n, d.labels, d.nlabels}, out, false, &o, NULL, &r, &err))
        fail("training", &err);
    printf("\n%d to train on, %d boards unseen in %d pictures: precision@1 %.4f, MAP@R %.4f, silhouette %.3f; epoch %d is the "
           "best; %.0f s\n", r.train, boards / 4, r.test, r.tested.precision_at_1, r.tested.map_at_r, r.tested.silhouette,
           r.best_epoch, r.seconds);
    ay_file_remove_tree(d.folder);
    ay_free(d.items);
    ay_free(d.paths);
    return 0;
}
