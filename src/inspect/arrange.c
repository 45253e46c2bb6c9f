/* raw_data/ and orientations become oriented_data/ and dataset/. */
#include "base/file.h"
#include "base/mem.h"
#include "inspect/prepare_parts.h"

#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    const char *dir;
    ay_line_arrange_options o; /* defaults filled in */
    const ay_line_observer *observer;
    ay_line_set *set;
    pthread_mutex_t lock; /* the sums: whole numbers, so that their order does not matter */
    uint64_t sum[3], squares[3], pixels;
} arrange;

/* ---- settings and choices ---------------------------------------------------------------------- */

static ay_status check(arrange *a, ay_err *err)
{
    ay_line_arrange_options *o = &a->o;

    if (o->test_share == 0)
        o->test_share = 0.2;
    if (o->image_size == 0)
        o->image_size = 224;
    if (!(o->test_share > 0 && o->test_share <= 0.9))
        return ay_fail(err, AY_EINVAL, "data.test_split is %g; it must be above 0 (else nothing judges) and at most 0.9",
                       o->test_share);
    if (o->image_size < 16 || o->image_size > 1024)
        return ay_fail(err, AY_EINVAL, "data.image_size is %d; it must be 16 to 1024", o->image_size);
    if (o->label > AY_LINE_BY_COMPONENT)
        return ay_fail(err, AY_EINVAL, "data.label is none of component_orientation, orientation and component");
    return AY_OK;
}

static ay_status read_choices(arrange *a, int *orientation, ay_err *err)
{
    char path[AY_LINE_PATH];
    ay_buf b = {0};
    ay_status status = ay_line_path(path, err, a->dir, "orientations.json");

    for (int c = 0; c < a->set->nclasses; c++)
        orientation[c] = AY_LINE_UNKNOWN;
    if (status != AY_OK || a->o.label == AY_LINE_BY_COMPONENT)
        return status;
    if (!ay_file_exists(path))
        return ay_fail(err, AY_ECONFLICT, "%s: nobody has said yet how the components are turned", a->dir);
    status = ay_file_read(path, 0, &b, err);
    if (status == AY_OK)
        status = ay_line_choices_check(a->set, b.data, b.len, orientation, err);
    ay_buf_fini(&b);
    return status;
}

static void asked(const arrange *a, const int *orientation, char hex[AY_SHA256_HEX])
{
    char text[256];
    ay_sha256 h;

    snprintf(text, sizeof text, "%d %.17g %d %" PRIu64 " %d", (int)a->o.label, a->o.test_share, a->o.train_ng,
             a->o.seed, a->o.image_size);
    ay_sha256_init(&h);
    ay_sha256_add(&h, text, strlen(text));
    for (int c = 0; c < a->set->nclasses; c++) {
        ay_sha256_add(&h, a->set->classes[c].name, strlen(a->set->classes[c].name) + 1);
        ay_sha256_add(&h, ay_line_orientation_name(orientation[c]), 2);
    }
    ay_sha256_hex(&h, hex);
}

/* ---- folders ----------------------------------------------------------------------------------- */

/* NG is in what is trained on only where that is a label; it is always in what judges. */
static bool in_dataset(const arrange *a, int i)
{
    const ay_line_original *p = &a->set->originals[i];

    return p->ok || a->set->train_ng || p->split != AY_SPLIT_TRAIN;
}

static ay_status need(const char *dir, const char *folder, const char *sub, ay_err *err)
{
    char path[AY_LINE_PATH];
    ay_status status = ay_line_path(path, err, dir, "%s/%s", folder, sub);

    return status == AY_OK ? ay_file_mkdirs(path, err) : status;
}

/* Only folders that will hold something: who reads a folder a class stumbles over empty ones. */
static ay_status folders_of(const arrange *a, int i, bool *made, ay_err *err)
{
    const ay_line_original *p = &a->set->originals[i];
    bool *seen = &made[2 * (p->ok ? p->class : a->set->nclasses) + (p->split == AY_SPLIT_VAL)];
    ay_status status = AY_OK;

    if (*seen)
        return AY_OK;
    *seen = true;
    for (int k = 0; k < ay_line_turns(a->set, i) && status == AY_OK; k++) {
        char label[512], sub[600];
        ay_line_label_of(a->set, i, 90 * k, label);
        snprintf(sub, sizeof sub, "%s/%s", ay_split_name(p->split), label);
        if (in_dataset(a, i))
            status = need(a->dir, "dataset.tmp", sub, err);
        if (status == AY_OK && a->set->label != AY_LINE_BY_COMPONENT)
            status = need(a->dir, "oriented_data.tmp", p->ok ? ay_line_orientation_name(k) : "NG", err);
    }
    return status;
}

static ay_status make_folders(const arrange *a, ay_err *err)
{
    bool *made = ay_calloc(2 * ((size_t)a->set->nclasses + 1), 1);
    ay_status status = made ? ay_line_begin_folder(a->dir, "dataset", err)
                            : ay_fail(err, AY_ENOMEM, "arranging pictures");

    if (status == AY_OK)
        status = ay_line_begin_folder(a->dir, "oriented_data", err);
    for (int i = 0; i < a->set->n && status == AY_OK; i++)
        status = folders_of(a, i, made, err);
    ay_free(made);
    return status;
}

/* ---- pictures ---------------------------------------------------------------------------------- */

/* Mean and deviation of what the network will see, turned or not: all pixels of all pictures together. */
static ay_status measure(arrange *a, const ay_image *im, ay_err *err)
{
    const ay_preprocess p = {.size = a->o.image_size, .fit = AY_FIT_SQUASH, .filter = AY_FILTER_BILINEAR,
                             .std = {1, 1, 1}};
    uint64_t sum[3] = {0}, squares[3] = {0};
    size_t n = (size_t)p.size * (size_t)p.size;
    ay_image small;
    ay_status status = ay_image_fit(im, &p, &small, err);

    if (status != AY_OK)
        return status;
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < 3; c++) {
            uint64_t v = small.data[3 * i + (size_t)c];
            sum[c] += v;
            squares[c] += v * v;
        }
    ay_image_fini(&small);
    pthread_mutex_lock(&a->lock);
    for (int c = 0; c < 3; c++) {
        a->sum[c] += sum[c];
        a->squares[c] += squares[c];
    }
    a->pixels += n;
    pthread_mutex_unlock(&a->lock);
    return AY_OK;
}

/* path, which is in oriented_data or raw_data, also by its place in dataset. */
static ay_status into_dataset(const arrange *a, int i, int degrees, const char *name, const char *path, ay_err *err)
{
    char to[AY_LINE_PATH], label[512];
    ay_status status;

    if (!in_dataset(a, i))
        return AY_OK;
    ay_line_label_of(a->set, i, degrees, label);
    status = ay_line_path(to, err, a->dir, "dataset.tmp/%s/%s/%s", ay_split_name(a->set->originals[i].split), label,
                          name);
    return status == AY_OK ? ay_line_link(path, to, err) : status;
}

static ay_status place(const arrange *a, int i, int degrees, const char *raw, const ay_image *turned, ay_err *err)
{
    const ay_line_original *p = &a->set->originals[i];
    char to[AY_LINE_PATH], name[256];
    ay_buf png = {0};
    int o = p->ok ? ay_line_orientation_turned(a->set->classes[p->class].orientation, degrees) : AY_LINE_UNKNOWN;
    ay_status status = ay_line_turned_name(a->set, i, degrees, name, err);

    if (status == AY_OK && a->set->label == AY_LINE_BY_COMPONENT)
        return into_dataset(a, i, degrees, name, raw, err);
    if (status == AY_OK)
        status = ay_line_path(to, err, a->dir, "oriented_data.tmp/%s/%s", p->ok ? ay_line_orientation_name(o) : "NG",
                              name);
    if (status == AY_OK && degrees == 0)
        status = ay_line_link(raw, to, err);
    else if (status == AY_OK && (status = ay_image_encode_png(turned, &png, err)) == AY_OK)
        status = ay_line_put(to, png.data, png.len, NULL, err);
    ay_buf_fini(&png);
    return status == AY_OK ? into_dataset(a, i, degrees, name, to, err) : status;
}

static ay_status turn_one(void *ctx, size_t k, ay_err *err)
{
    arrange *a = ctx;
    int i = (int)k;
    const ay_line_original *p = &a->set->originals[i];
    char raw[AY_LINE_PATH];
    ay_image im = {0};
    bool counts = p->split == AY_SPLIT_TRAIN && (p->ok || a->set->train_ng);
    ay_status status = ay_line_path(raw, err, a->dir, "%s", p->path);

    if (status == AY_OK && (counts || ay_line_turns(a->set, i) > 1))
        status = ay_image_load(raw, NULL, &im, err);
    if (status == AY_OK && counts)
        status = measure(a, &im, err);
    for (int turn = 0; turn < ay_line_turns(a->set, i) && status == AY_OK; turn++) {
        if (turn)
            status = ay_line_rotate(&im, 90, err);
        if (status == AY_OK)
            status = place(a, i, 90 * turn, raw, &im, err);
    }
    ay_image_fini(&im);
    return status;
}

/* ---- the end ----------------------------------------------------------------------------------- */

static ay_status write_mean(arrange *a, ay_err *err)
{
    double *mean = a->set->mean, *std = a->set->std, n = (double)a->pixels;
    char path[AY_LINE_PATH], text[512];
    ay_status status = ay_line_path(path, err, a->dir, "dataset.tmp/mean_std.json");

    for (int c = 0; c < 3; c++) {
        mean[c] = (double)a->sum[c] / n / 255;
        std[c] = sqrt(fmax((double)a->squares[c] / n / 65025 - mean[c] * mean[c], 0));
        std[c] = std[c] < 1e-4 ? 1 : std[c]; /* pictures of one colour: nothing to be scaled */
    }
    snprintf(text, sizeof text,
             "{\"mean\": [%.9f, %.9f, %.9f], \"std\": [%.9f, %.9f, %.9f], \"version\": 2,\n"
             " \"computed_on\": \"raw values 0..1 of all pixels of the pictures in train, resized to %d x %d\"}\n",
             mean[0], mean[1], mean[2], std[0], std[1], std[2], a->o.image_size, a->o.image_size);
    return status == AY_OK ? ay_line_put(path, text, strlen(text), NULL, err) : status;
}

static ay_status end(arrange *a, ay_err *err)
{
    char path[AY_LINE_PATH];
    ay_status status = write_mean(a, err);

    if (status == AY_OK)
        status = ay_line_end_folder(a->dir, "oriented_data", err);
    if (status == AY_OK && a->set->label == AY_LINE_BY_COMPONENT &&
        (status = ay_line_path(path, err, a->dir, "oriented_data")) == AY_OK)
        ay_file_remove_tree(path);
    if (status == AY_OK)
        status = ay_line_end_folder(a->dir, "dataset", err);
    a->set->stage = AY_LINE_ARRANGED;
    return status == AY_OK ? ay_line_set_write(a->dir, a->set, err) : status;
}

static ay_status anything_held_back(const arrange *a, ay_err *err)
{
    for (int i = 0; i < a->set->n; i++)
        if (a->set->originals[i].ok && a->set->originals[i].split == AY_SPLIT_VAL)
            return AY_OK;
    return ay_fail(err, AY_EINVAL,
                   "%s: every class has one picture only, so none can be held back to judge by; at least one class needs "
                   "two",
                   a->dir);
}

static ay_status work(arrange *a, const int *orientation, ay_err *err)
{
    ay_line_set *set = a->set;
    ay_status status = AY_OK;

    if (set->stage == AY_LINE_ARRANGED) { /* from here on what is there is not believed */
        set->stage = AY_LINE_GATHERED;
        status = ay_line_set_write(a->dir, set, err);
    }
    if (status != AY_OK)
        return status;
    for (int c = 0; c < set->nclasses; c++)
        ((ay_line_class *)set->classes)[c].orientation = orientation[c];
    set->label = a->o.label;
    set->train_ng = a->o.train_ng;
    set->test_share = a->o.test_share;
    status = ay_line_split_sides((ay_line_original *)set->originals, set->n, set->nclasses, set->test_share, a->o.seed,
                                 a->observer, err);
    if (status == AY_OK)
        status = anything_held_back(a, err);
    if (status == AY_OK)
        status = make_folders(a, err);
    if (status == AY_OK)
        status = ay_line_each(&(ay_line_work){.n = (size_t)set->n, .threads = a->o.threads, .observer = a->observer,
                                              .phase = AY_LINE_TURNING, .one = turn_one, .ctx = a},
                              err);
    return status == AY_OK ? end(a, err) : status;
}

static ay_status decide(arrange *a, ay_err *err)
{
    int *orientation = ay_arena_alloc(&a->set->arena, ((size_t)a->set->nclasses + 1) * sizeof *orientation);
    char hex[AY_SHA256_HEX];
    ay_status status = orientation ? read_choices(a, orientation, err) : ay_fail(err, AY_ENOMEM, "arranging pictures");

    if (status != AY_OK)
        return status;
    asked(a, orientation, hex);
    if (a->set->stage >= AY_LINE_ARRANGED && strcmp(hex, a->set->arranged) == 0)
        return AY_OK;
    if (a->set->stage == AY_LINE_TRAINING)
        return ay_fail(err, AY_ECONFLICT, "%s: training has begun with other settings or orientations", a->dir);
    memcpy(a->set->arranged, hex, sizeof hex);
    return work(a, orientation, err);
}

ay_status ay_line_arrange(const char *dir, const ay_line_arrange_options *o, const ay_line_observer *observer,
                          ay_line_set *out, ay_err *err)
{
    arrange a = {.dir = dir, .o = *o, .observer = observer, .set = out};
    ay_status status;

    memset(out, 0, sizeof *out);
    if ((status = check(&a, err)) != AY_OK)
        return status;
    status = ay_line_set_read(dir, out, err);
    if (status == AY_ENOTFOUND)
        return ay_fail(err, AY_ECONFLICT, "%s: no pictures have been gathered yet", dir);
    if (status != AY_OK)
        return status;
    pthread_mutex_init(&a.lock, NULL);
    status = decide(&a, err);
    pthread_mutex_destroy(&a.lock);
    if (status != AY_OK)
        ay_line_set_fini(out);
    return status;
}

ay_status ay_line_begin(const char *dir, ay_err *err)
{
    ay_line_set set;
    ay_status status = ay_line_set_read(dir, &set, err);

    if (status != AY_OK)
        return status;
    if (set.stage < AY_LINE_ARRANGED)
        status = ay_fail(err, AY_ECONFLICT, "%s: training needs orientations and sides first", dir);
    if (status == AY_OK && set.stage == AY_LINE_ARRANGED) {
        set.stage = AY_LINE_TRAINING;
        status = ay_line_set_write(dir, &set, err);
    }
    ay_line_set_fini(&set);
    return status;
}
