/* bench/unknown.c - how well a classifier tells what it never saw, detector by detector.
 *
 *     build/release/bench/unknown [--model FILE] [--save PREFIX] FOLDER FOLDER
 *
 * Features are the raw vectors of a backbone (by default the ResNet18 that engine/imagenet_test
 * unpacks to build/); the head is a softmax regression fitted here on the training part.  Four tables:
 * one folder known and the other unknown, both ways; and within each folder two classes, drawn anew
 * ten times, kept out.  Known pictures are split 50/20/30 into training, validation and test, ten seeds.
 *
 * Printed a detector: AUROC (mean and least), false alarms on test at the threshold fitted for 5 %,
 * and the share of unknown pictures found at that threshold.  unknown.md tells what was learnt.
 * --save writes the features to PREFIX-0.vec and PREFIX-1.vec for unknown_choices.py, and measures
 * nothing. */
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "engine/session.h"
#include "engine/unknown.h"
#include "train/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CLASSES = 64, BATCH = 16, RUNS = 10 };

typedef struct {
    int32_t n, dim, classes;
    int32_t *label;
    float *v;
} source;

static void die(const char *what, const ay_err *err)
{
    fprintf(stderr, "unknown: %s %s\n", what, err ? err->msg : "");
    exit(1);
}

/* ---- features */

typedef struct {
    source *s;
    const char *root;
    char klass[256];
    int cap, waiting;
    ay_plan *plan;
    ay_preprocess preprocess;
} reading;

static void flush_batch(reading *r, ay_err *err)
{
    source *s = r->s;

    if (!r->waiting)
        return;
    if (ay_plan_run(r->plan, err) != AY_OK)
        die("run:", err);
    memcpy(s->v + (size_t)(s->n - r->waiting) * (size_t)s->dim, ay_plan_output(r->plan, 0)->data,
           (size_t)r->waiting * (size_t)s->dim * sizeof(float));
    r->waiting = 0;
}

static ay_status read_picture(void *ctx, const char *path, ay_err *err)
{
    reading *r = ctx;
    source *s = r->s;
    const char *rest = path + strlen(r->root) + 1, *slash = strchr(rest, '/');
    size_t side = (size_t)r->preprocess.size, plane = 3 * side * side;
    ay_image im;

    if (!slash || ay_image_load(path, NULL, &im, NULL) != AY_OK)
        return AY_OK;
    if (s->classes == 0 || strncmp(r->klass, rest, (size_t)(slash - rest) + 1) != 0) {
        snprintf(r->klass, sizeof r->klass, "%.*s/", (int)(slash - rest), rest);
        if (++s->classes > MOST_CLASSES)
            die("too many classes in", NULL);
    }
    if (s->n == r->cap) {
        r->cap = 2 * r->cap + 256;
        s->label = ay_realloc(s->label, (size_t)r->cap, sizeof *s->label);
        s->v = ay_realloc(s->v, (size_t)r->cap * (size_t)s->dim, sizeof *s->v);
        if (!s->label || !s->v)
            die("memory", NULL);
    }
    if (ay_image_preprocess(&im, &r->preprocess,
                            (float *)ay_plan_input(r->plan, 0)->data + (size_t)r->waiting * plane,
                            err) != AY_OK)
        die(path, err);
    s->label[s->n++] = s->classes - 1;
    if (++r->waiting == BATCH)
        flush_batch(r, err);
    ay_image_fini(&im);
    return AY_OK;
}

static void read_folder(ay_model *m, const char *path, source *s)
{
    reading r = {.s = s, .root = path};
    ay_err err = {{0}};
    ay_plan_options o = {.batch = BATCH, .precision = AY_NN_F32, .threads = 2};

    if (ay_plan_create(&r.plan, ay_model_graph(m), &o, &err) != AY_OK)
        die("plan:", &err);
    r.preprocess = ay_session_preprocess(&ay_model_get_info(m)->recipe);
    s->dim = ay_model_get_info(m)->dim;
    if (ay_file_walk(path, read_picture, &r, &err) != AY_OK)
        die(path, &err);
    flush_batch(&r, &err);
    ay_plan_destroy(r.plan);
    fprintf(stderr, "unknown: %s: %d pictures, %d classes\n", path, s->n, s->classes);
}

/* The form of tools/picture-features: pictures, dimensions, classes; labels; rows. */
static void save(const source *s, const char *prefix, int which)
{
    char path[1024];
    int32_t head[3] = {s->n, s->dim, s->classes};

    snprintf(path, sizeof path, "%s-%d.vec", prefix, which);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(head, sizeof head, 1, f) != 1 ||
        fwrite(s->label, sizeof *s->label, (size_t)s->n, f) != (size_t)s->n ||
        fwrite(s->v, sizeof *s->v * (size_t)s->dim, (size_t)s->n, f) != (size_t)s->n || fclose(f))
        die(path, NULL);
}

/* ---- one split */

typedef struct {
    const float **row; /* features */
    int *label;        /* NULL: unknown pictures */
    int n;
} part;

typedef struct {
    int dim, classes;
    float *w; /* [classes, dim + 1] */
    double *mean, spread;
} head;

static void shuffle(int *p, int n, ay_rng *rng)
{
    for (int i = n - 1; i > 0; i--) {
        int k = (int)ay_rng_below(rng, (uint32_t)i + 1), keep = p[i];
        p[i] = p[k];
        p[k] = keep;
    }
}

static void head_logits(const head *h, const float *x, float *z)
{
    for (int c = 0; c < h->classes; c++) {
        const float *w = h->w + (size_t)c * ((size_t)h->dim + 1);
        double sum = w[h->dim];
        for (int i = 0; i < h->dim; i++)
            sum += w[i] * (x[i] - h->mean[i]) / h->spread;
        z[c] = (float)sum;
    }
}

static void head_scales(head *h, const part *train)
{
    double square = 0;

    for (int r = 0; r < train->n; r++)
        for (int i = 0; i < h->dim; i++)
            h->mean[i] += train->row[r][i] / (double)train->n;
    for (int r = 0; r < train->n; r++)
        for (int i = 0; i < h->dim; i++)
            square += pow(train->row[r][i] - h->mean[i], 2);
    h->spread = sqrt(square / train->n / h->dim);
}

/* Softmax regression, weight decay 1e-3, plain gradient steps with momentum. */
static void head_fit(head *h, const part *train)
{
    size_t cells = (size_t)h->classes * ((size_t)h->dim + 1);
    float *grad = ay_calloc(cells, sizeof *grad), *speed = ay_calloc(cells, sizeof *speed),
          z[MOST_CLASSES];

    head_scales(h, train);
    for (int step = 0; step < 200; step++) {
        memset(grad, 0, cells * sizeof *grad);
        for (int r = 0; r < train->n; r++) {
            head_logits(h, train->row[r], z);
            ay_temperature_apply(z, z, 1, h->classes, 1);
            for (int c = 0; c < h->classes; c++) {
                float d = (z[c] - (c == train->label[r])) / (float)train->n,
                      *g = grad + (size_t)c * ((size_t)h->dim + 1);
                for (int i = 0; i < h->dim; i++)
                    g[i] += d * (float)((train->row[r][i] - h->mean[i]) / h->spread);
                g[h->dim] += d;
            }
        }
        for (size_t i = 0; i < cells; i++) {
            speed[i] = 0.9f * speed[i] - 0.02f * (grad[i] + 1e-3f * h->w[i]);
            h->w[i] += speed[i];
        }
    }
    ay_free(grad);
    ay_free(speed);
}

/* Rows and logits of a part, dense. */
static ay_unknown_data dense(const head *h, const part *p)
{
    float *f = ay_calloc((size_t)p->n * (size_t)h->dim, sizeof *f),
          *z = ay_calloc((size_t)p->n * (size_t)h->classes, sizeof *z);

    for (int r = 0; r < p->n; r++) {
        memcpy(f + (size_t)r * (size_t)h->dim, p->row[r], (size_t)h->dim * sizeof *f);
        head_logits(h, p->row[r], z + (size_t)r * (size_t)h->classes);
    }
    return (ay_unknown_data){p->n, f, z, p->label};
}

static void dense_fini(ay_unknown_data *d)
{
    ay_free((void *)d->features);
    ay_free((void *)d->logits);
}

typedef struct {
    double auroc[AY_UNKNOWN_KINDS][RUNS], alarm[AY_UNKNOWN_KINDS], found[AY_UNKNOWN_KINDS], right;
    int runs;
} table;

static double *scores_of(const ay_unknown *u, const ay_unknown_data *d, ay_unknown_kind k, double *over)
{
    double *s = ay_calloc((size_t)d->n, sizeof *s);

    *over = 0;
    for (int64_t r = 0; r < d->n; r++) {
        ay_unknown_result res;
        ay_unknown_score(u, d->logits + r * ay_unknown_classes(u), d->features + r * ay_unknown_dim(u),
                         &res);
        s[r] = res.score[k];
        *over += res.says[k] / (double)d->n;
    }
    return s;
}

static void judge(table *t, const ay_unknown *u, const ay_unknown_data *known,
                  const ay_unknown_data *strange)
{
    for (int k = 0; k < AY_UNKNOWN_KINDS; k++) {
        double alarm, found, *a = scores_of(u, known, (ay_unknown_kind)k, &alarm),
                             *b = scores_of(u, strange, (ay_unknown_kind)k, &found);
        t->auroc[k][t->runs] = ay_unknown_auroc(a, known->n, b, strange->n);
        t->alarm[k] += alarm / RUNS;
        t->found[k] += found / RUNS;
        ay_free(a);
        ay_free(b);
    }
    for (int64_t r = 0; r < known->n; r++) {
        const float *z = known->logits + r * ay_unknown_classes(u);
        int best = 0;
        for (int c = 1; c < ay_unknown_classes(u); c++)
            best = z[c] > z[best] ? c : best;
        t->right += (best == known->labels[r]) / (double)known->n / RUNS;
    }
    t->runs++;
}

static void measure(table *t, int dim, int classes, const part all[4])
{
    head h = {dim, classes, ay_calloc((size_t)classes * ((size_t)dim + 1), sizeof(float)),
              ay_calloc((size_t)dim, sizeof(double)), 1};
    ay_unknown_data d[4];
    ay_unknown *u;
    ay_err err = {{0}};

    head_fit(&h, &all[0]);
    for (int k = 0; k < 4; k++)
        d[k] = dense(&h, &all[k]);
    if (ay_unknown_fit(&u, &d[0], &d[1], dim, classes, NULL, &err) != AY_OK)
        die("fit:", &err);
    judge(t, u, &d[2], &d[3]);
    ay_unknown_destroy(u);
    for (int k = 0; k < 4; k++)
        dense_fini(&d[k]);
    ay_free(h.w);
    ay_free(h.mean);
}

/* Known classes are order[kept..]; the rest, or all of out, is strange. */
static void run(table *t, const source *in, const source *out, int kept, ay_rng *rng)
{
    int order[MOST_CLASSES], map[MOST_CLASSES], *pick = ay_calloc((size_t)in->n, sizeof *pick), n = 0;
    part all[4] = {{0}};

    for (int c = 0; c < in->classes; c++)
        order[c] = c;
    shuffle(order, kept ? in->classes : 0, rng);
    for (int c = 0; c < in->classes; c++)
        map[order[c]] = c - kept;
    for (int k = 0; k < 4; k++) {
        all[k].row = ay_calloc((size_t)in->n + (size_t)out->n, sizeof *all[k].row);
        all[k].label = ay_calloc((size_t)in->n + (size_t)out->n, sizeof *all[k].label);
    }
    for (int i = 0; i < in->n; i++)
        if (map[in->label[i]] >= 0)
            pick[n++] = i;
        else
            all[3].row[all[3].n++] = in->v + (size_t)i * (size_t)in->dim;
    for (int i = 0; i < out->n; i++)
        all[3].row[all[3].n++] = out->v + (size_t)i * (size_t)out->dim;
    shuffle(pick, n, rng);
    for (int i = 0; i < n; i++) {
        part *p = &all[i < n / 2 ? 0 : i < n * 7 / 10 ? 1 : 2];
        p->label[p->n] = map[in->label[pick[i]]];
        p->row[p->n++] = in->v + (size_t)pick[i] * (size_t)in->dim;
    }
    measure(t, in->dim, in->classes - kept, all);
    for (int k = 0; k < 4; k++) {
        ay_free(all[k].row);
        ay_free(all[k].label);
    }
    ay_free(pick);
}

static void report(const char *what, const source *in, const source *out, int kept)
{
    table t = {0};
    ay_rng rng;

    for (int r = 0; r < RUNS; r++) {
        ay_rng_init3(&rng, 1, (uint64_t)r, 0);
        run(&t, in, out, kept, &rng);
    }
    printf("\n%s; %.1f %% of the known named right\n\n", what, 100 * t.right);
    printf("| detector | AUROC | least of %d | false alarms | found |\n|---|---|---|---|---|\n", RUNS);
    for (int k = 0; k < AY_UNKNOWN_KINDS; k++) {
        double mean = 0, least = 1;
        for (int r = 0; r < RUNS; r++) {
            mean += t.auroc[k][r] / RUNS;
            least = fmin(least, t.auroc[k][r]);
        }
        printf("| %s | %.4f | %.4f | %.1f %% | %.1f %% |\n", ay_unknown_name((ay_unknown_kind)k), mean,
               least, 100 * t.alarm[k], 100 * t.found[k]);
    }
}

int main(int argc, char **argv)
{
    const char *model = "build/resnet18-imagenet.safetensors", *folder[2] = {0},
               *prefix = NULL;
    source s[2] = {{0}}, none = {0};
    ay_model *m;
    ay_err err = {{0}};
    int n = 0;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--model") && i + 1 < argc)
            model = argv[++i];
        else if (!strcmp(argv[i], "--save") && i + 1 < argc)
            prefix = argv[++i];
        else if (n < 2)
            folder[n++] = argv[i];
    }
    if (n < 2) {
        fprintf(stderr, "usage: unknown [--model FILE] [--save PREFIX] FOLDER FOLDER\n");
        return 2;
    }
    if (ay_model_open(&m, model, NULL, &err) != AY_OK)
        die(model, &err);
    for (int k = 0; k < n; k++)
        read_folder(m, folder[k], &s[k]);
    for (int k = 0; k < n && prefix; k++)
        save(&s[k], prefix, k);
    if (!prefix) {
        report("first folder known, second unknown", &s[0], &s[1], 0);
        report("second folder known, first unknown", &s[1], &s[0], 0);
        report("two classes of the first kept out", &s[0], &none, 2);
        report("two classes of the second kept out", &s[1], &none, 2);
    }
    ay_model_close(m);
    for (int k = 0; k < 2; k++) {
        ay_free(s[k].label);
        ay_free(s[k].v);
    }
    return 0;
}
