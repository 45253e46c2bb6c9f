/* inspect/planted_test.h - for tests: sets of pictures whose vectors are planted clouds, so that what must come out is known. */
#ifndef AY_INSPECT_PLANTED_TEST_H
#define AY_INSPECT_PLANTED_TEST_H

#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "inspect/judge.h"

#include <math.h>

enum { PLANTED_DIM = 32, PLANTED_MOST = 6000, PLANTED_CLASSES = 8, PLANTED_LABELS = 4 * PLANTED_CLASSES };

typedef struct {
    ay_golden_set set;
    ay_golden_class classes[PLANTED_CLASSES];
    ay_golden_label labels[PLANTED_LABELS];
    ay_golden_item items[PLANTED_MOST];
    char path[PLANTED_MOST][48], class_name[PLANTED_CLASSES][24], label_name[PLANTED_LABELS][40];
    float vectors[PLANTED_MOST * PLANTED_DIM];
    float centre[PLANTED_LABELS][PLANTED_DIM]; /* of each label */
    ay_rng rng;
    int groups;
} planted;

static inline void planted_direction(ay_rng *rng, float *v)
{
    for (int d = 0; d < PLANTED_DIM; d++)
        v[d] = (float)ay_rng_normal(rng);
}

/* classes of one light each way up, each label a direction of its own; "P_1" and "R_2" have underscores on purpose. */
static inline planted *planted_make(int classes, uint64_t seed)
{
    static const char *const component[] = {"R_3", "R_4", "C_7", "U_1", "D_2", "Q_5", "L_6", "J_8"};
    planted *p = ay_calloc(1, sizeof *p);

    CHECK(p && classes <= PLANTED_CLASSES);
    ay_rng_init(&p->rng, seed);
    for (int k = 0; k < classes; k++) {
        snprintf(p->class_name[k], sizeof p->class_name[k], "P_1_%s_top", component[k]);
        p->classes[k] = (ay_golden_class){p->class_name[k], "P_1", component[k], "top", k % 4, 0, 4};
        for (int t = 0; t < 4; t++) {
            int l = 4 * k + t;
            snprintf(p->label_name[l], sizeof p->label_name[l], "%s/%s", p->class_name[k], ay_turn_name(t));
            p->labels[l] = (ay_golden_label){p->label_name[l], k, t};
            planted_direction(&p->rng, p->centre[l]);
        }
    }
    p->set = (ay_golden_set){p->classes, classes, p->labels, 4 * classes, p->items, 0, p->vectors, PLANTED_DIM};
    return p;
}

/* A picture around a direction; returns its number. */
static inline size_t planted_add(planted *p, const float *around, double noise, ay_golden_item item)
{
    size_t i = p->set.n++;
    double length = 0;

    CHECK(i < PLANTED_MOST);
    for (int d = 0; d < PLANTED_DIM; d++)
        length += (double)around[d] * around[d];
    for (int d = 0; d < PLANTED_DIM; d++)
        p->vectors[i * PLANTED_DIM + (size_t)d] =
            (float)(around[d] + noise * sqrt(length / PLANTED_DIM) * ay_rng_normal(&p->rng));
    snprintf(p->path[i], sizeof p->path[i], "pictures/%05zu.jpg", i);
    item.path = p->path[i];
    p->items[i] = item;
    return i;
}

/* An original of a class with its rotations: four pictures, one of each label of the class. */
static inline void planted_original(planted *p, int class, ay_split split, double noise)
{
    int group = p->groups++;

    for (int r = 0; r < 4; r++) {
        int label = 4 * class + (p->classes[class].turn + r) % 4;
        planted_add(p, p->centre[label], noise, (ay_golden_item){NULL, 90 * r, class, label, split, group, 0});
    }
}

/* Everything of a usual training: so many originals a class on each side. */
static inline void planted_fill(planted *p, int train, int held, double noise)
{
    for (int k = 0; k < p->set.nclasses; k++)
        for (int i = 0; i < train + held; i++)
            planted_original(p, k, i < train ? AY_SPLIT_TRAIN : AY_SPLIT_VAL, noise);
}

/* A bad picture of a class (AY_CLASS_NONE: of none) around a direction. */
static inline size_t planted_bad(planted *p, int class, const float *around, double noise)
{
    return planted_add(p, around, noise, (ay_golden_item){NULL, 0, class, AY_LABEL_NONE, AY_SPLIT_VAL, p->groups++, 0});
}

typedef struct {
    ay_goldens goldens;
    ay_golden_scores scores;
    ay_thresholds thresholds;
    ay_judgement judgement;
} planted_result;

static inline void planted_judge(const planted *p, const ay_threshold_options *o, planted_result *out)
{
    ay_err err = {{0}};

    CHECK_OK(ay_goldens_choose(&out->goldens, &p->set, &err), err);
    CHECK_OK(ay_golden_scores_make(&out->scores, &p->set, &out->goldens, 1, &err), err);
    CHECK_OK(ay_thresholds_fit(&out->thresholds, &p->set, &out->scores, o, &err), err);
    CHECK_OK(ay_judge(&out->judgement, &p->set, &out->scores, &out->thresholds, &err), err);
}

static inline void planted_done(planted_result *r)
{
    ay_judgement_fini(&r->judgement);
    ay_thresholds_fini(&r->thresholds);
    ay_golden_scores_fini(&r->scores);
    ay_goldens_fini(&r->goldens);
}

#endif
