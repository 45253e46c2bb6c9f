#include "inspect/golden_set.h"
#include "base/mem.h"
#include "train/stream.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

static const char *const turn_name[AY_TURNS] = {"Up", "Right", "Down", "Left"};

const char *ay_turn_name(int turn)
{
    return turn >= 0 && turn < AY_TURNS ? turn_name[turn] : "";
}

int ay_turn_read(const char *text)
{
    for (int i = 0; text && i < AY_TURNS; i++)
        if (strcmp(text, turn_name[i]) == 0)
            return i;
    return AY_TURN_NONE;
}

/* ---- the set --------------------------------------------------------------------------------- */

static bool within(int index, int n)
{
    return index >= -1 && index < n;
}

static bool turn_good(int turn)
{
    return within(turn, AY_TURNS);
}

static ay_status check_item(const ay_golden_set *set, const ay_golden_item *i, ay_err *err)
{
    if (!within(i->class, set->nclasses) || !within(i->label, set->nlabels))
        return ay_fail(err, AY_EINVAL, "golden samples: %s has class %d and label %d of %d and %d", i->path ? i->path : "a picture",
                       i->class, i->label, set->nclasses, set->nlabels);
    if (i->rotate != 0 && i->rotate != 90 && i->rotate != 180 && i->rotate != 270)
        return ay_fail(err, AY_EINVAL, "golden samples: %s is to be turned by %d degrees; quarter turns only",
                       i->path ? i->path : "a picture", i->rotate);
    if (!i->path || (int)i->split < 0 || i->split >= AY_SPLIT_COUNT)
        return ay_fail(err, AY_EINVAL, "golden samples: a picture without a path or a side of the split");
    return AY_OK;
}

ay_status ay_golden_set_check(const ay_golden_set *set, ay_err *err)
{
    ay_status status = AY_OK;

    if (set->n < 1 || set->nlabels < 1 || set->dim < 1 || !set->vectors)
        return ay_fail(err, AY_EINVAL, "golden samples: %zu pictures, %d labels, vectors of %d: there must be some", set->n,
                       set->nlabels, set->dim);
    for (int k = 0; k < set->nclasses; k++)
        if (!set->classes[k].name || !set->classes[k].product || !set->classes[k].component || !set->classes[k].light ||
            !turn_good(set->classes[k].turn))
            return ay_fail(err, AY_EINVAL, "golden samples: class %d lacks a name, or its way is not a quarter turn", k);
    for (int k = 0; k < set->nlabels; k++)
        if (!set->labels[k].name || !within(set->labels[k].class, set->nclasses) || !turn_good(set->labels[k].turn))
            return ay_fail(err, AY_EINVAL, "golden samples: label %d lacks a name, or its class or way is none", k);
    for (size_t i = 0; i < set->n && status == AY_OK; i++)
        status = check_item(set, &set->items[i], err);
    return status;
}

int ay_golden_wanted(const ay_golden_set *set, int class)
{
    if (class < 0)
        return AY_LABEL_NONE;
    for (int k = 0; k < set->nlabels; k++) {
        const ay_golden_label *l = &set->labels[k];
        if ((l->class == class || l->class == AY_CLASS_NONE) &&
            (l->turn == AY_TURN_NONE || l->turn == set->classes[class].turn))
            return k;
    }
    return AY_LABEL_NONE;
}

bool ay_golden_is_wanted(const ay_golden_set *set, int label)
{
    for (int k = 0; k < set->nclasses; k++)
        if (ay_golden_wanted(set, k) == label)
            return true;
    return set->nclasses == 0;
}

static double squared(const float *v, int dim)
{
    double sum = 0;

    for (int d = 0; d < dim; d++)
        sum += (double)v[d] * v[d];
    return sum;
}

bool ay_golden_there(const ay_golden_set *set, size_t i)
{
    double sum = squared(set->vectors + i * (size_t)set->dim, set->dim);

    return isfinite(sum) && sum > 0;
}

double ay_golden_cosine(const float *picture, const float *golden, int dim)
{
    double dot = 0, eps = 1e-8;

    for (int d = 0; d < dim; d++)
        dot += (double)picture[d] * golden[d];
    return dot / (fmax(sqrt(squared(picture, dim)), eps) * fmax(sqrt(squared(golden, dim)), eps));
}

/* ---- vectors --------------------------------------------------------------------------------- */

ay_status ay_golden_rotate(ay_image *im, int degrees, ay_err *err)
{
    /* What EXIF says of a picture that has to be turned so far to stand upright. */
    static const int orientation[AY_TURNS] = {1, 6, 3, 8};

    if (degrees % 90 != 0 || degrees < 0 || degrees >= 360)
        return ay_fail(err, AY_EINVAL, "a picture cannot be turned by %d degrees; quarter turns only", degrees);
    return degrees == 0 ? AY_OK : ay_image_orient(im, orientation[degrees / 90], err);
}

ay_status ay_golden_by_engine(void *engine, const ay_image *const *images, int n, float *dst, ay_err *err)
{
    return ay_engine_embed(engine, images, n, dst, err);
}

typedef struct {
    const ay_golden_item *items;
    const ay_golden_embedding *how;
    float *vectors;
    size_t lost;
    pthread_mutex_t lock;
} embedding;

static const char *path_at(void *ctx, size_t i)
{
    return ((const embedding *)ctx)->items[i].path;
}

/* The stream's pictures are only lent: a turned one is a copy. */
static ay_status turned(const ay_image *im, int degrees, ay_image *copy, ay_err *err)
{
    static const uint8_t black[3] = {0};
    ay_status status = ay_image_crop(im, 0, 0, im->width, im->height, black, copy, err);

    return status == AY_OK ? ay_golden_rotate(copy, degrees, err) : status;
}

static ay_status run(void *ctx, const ay_image *const *images, const size_t *index, int n, ay_err *err)
{
    embedding *e = ctx;
    size_t dim = (size_t)e->how->dim;
    ay_image copy[AY_STREAM_CHUNK] = {{0}};
    const ay_image *list[AY_STREAM_CHUNK];
    float *out = ay_alloc((size_t)n * dim, sizeof *out);
    ay_status status = out ? AY_OK : ay_fail(err, AY_ENOMEM, "vectors of %d pictures", n);

    for (int k = 0; k < n && status == AY_OK; k++) {
        int degrees = e->items[index[k]].rotate;
        if (degrees)
            status = turned(images[k], degrees, &copy[k], err);
        list[k] = degrees ? &copy[k] : images[k];
    }
    if (status == AY_OK)
        status = e->how->embed(e->how->ctx, list, n, out, err);
    for (int k = 0; k < n; k++) {
        if (status == AY_OK)
            memcpy(e->vectors + index[k] * dim, out + (size_t)k * dim, dim * sizeof *out);
        ay_image_fini(&copy[k]);
    }
    ay_free(out);
    return status;
}

static void lost(void *ctx, size_t i, ay_status status, const ay_err *why)
{
    embedding *e = ctx;

    (void)status;
    pthread_mutex_lock(&e->lock);
    e->lost++;
    if (e->how->lost)
        e->how->lost(e->how->user, e->items[i].path, why->msg);
    pthread_mutex_unlock(&e->lock);
}

static void progress(void *ctx, size_t done, size_t n)
{
    const embedding *e = ctx;

    if (e->how->progress)
        e->how->progress(e->how->user, done, n);
}

ay_status ay_golden_embed(const ay_golden_item *items, size_t n, const ay_golden_embedding *how, float *vectors,
                          size_t *nlost, ay_err *err)
{
    embedding e = {.items = items, .how = how, .vectors = vectors};
    ay_stream s = {.n = n,
                   .ctx = &e,
                   .path = path_at,
                   .run = run,
                   .failed = lost,
                   .progress = progress,
                   .threads = how->threads,
                   .stop = {how->stop, NULL}};
    ay_status status;

    memset(vectors, 0, n * (size_t)how->dim * sizeof *vectors);
    pthread_mutex_init(&e.lock, NULL);
    status = ay_stream_run(&s, err);
    pthread_mutex_destroy(&e.lock);
    if (nlost)
        *nlost = e.lost;
    return status;
}
