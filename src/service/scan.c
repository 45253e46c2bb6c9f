/* service/scan.c - from a picture to a decision; doc/decision.md has the reasons.
 *
 * With "auto":
 *   nothing stored                                     no_dataset
 *   the nearest picture is below the threshold         no_match
 *   the vote's winner has a share below AY_SURE        ambiguous (two classes)
 *   the nearest picture is of another class            ambiguous (the reference disagrees)
 *   else                                               match
 * so a match never contradicts the picture shown beside it.
 *
 * By floats and not through codes (index/codes.h), which find the nearest quickly: an answer shows each class's mean over all its
 * pictures, and a share to which every picture adds exp(cosine / T).  At the usual T of 0.03 all pictures between 0.9 and -0.6 still move the
 * last bit of that, so there is nobody whose score need not be known exactly. */
#include "service/scan.h"

#include "base/mem.h"
#include "service/internal.h"
#include "service/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_TOP = 3, MOST_TOP = 50, ENOUGH_LEFT_OUT = 5 };

const char *ay_scan_status_name(ay_scan_status status)
{
    static const char *const names[] = {"match", "no_match", "ambiguous", "no_dataset"};

    return (unsigned)status < sizeof names / sizeof *names ? names[status] : "unknown";
}

/* All a decision is made from; the caller holds the gallery. */
typedef struct {
    const ay_gallery *g;
    ay_calibration cal;
    float *scores;   /* one a ready item */
    ay_tally *tally; /* one a class */
    int *order;      /* classes, best first */
    size_t *near;    /* rows, most similar first */
    int nnear, top;
    bool mean;
    ay_arena *arena;
    ay_decision *out;
} judging;

/* What the first scanner sorted by: the cosine as a percentage with two decimals. */
static double percent(float score)
{
    return nearbyint((double)score * 10000);
}

/* Is row x before row y among the most similar? */
static bool nearer(const judging *j, size_t x, size_t y)
{
    const ay_gallery_item *a = &j->g->items[x], *b = &j->g->items[y];

    if (j->mean && percent(j->scores[x]) != percent(j->scores[y]))
        return percent(j->scores[x]) > percent(j->scores[y]);
    if (j->mean && a->klass != b->klass)
        return a->klass < b->klass;
    if (!j->mean && j->scores[x] != j->scores[y])
        return j->scores[x] > j->scores[y];
    return a->member < b->member;
}

static void find_near(judging *j)
{
    for (size_t row = 0; row < j->g->nready; row++) {
        int at = j->nnear;
        if (at == j->top && !nearer(j, row, j->near[at - 1]))
            continue;
        if (at < j->top)
            j->nnear++;
        else
            at--;
        for (; at > 0 && nearer(j, row, j->near[at - 1]); at--)
            j->near[at] = j->near[at - 1];
        j->near[at] = row;
    }
}

static double class_score(const judging *j, int c)
{
    return j->mean ? j->tally[c].mean : j->tally[c].share;
}

/* Insertion sort: stable, so equals keep the classes' own order. */
static void sort_classes(judging *j)
{
    for (int c = 0; c < j->g->nclasses; c++) {
        int at = c;
        for (; at > 0 && class_score(j, j->order[at - 1]) < class_score(j, c); at--)
            j->order[at] = j->order[at - 1];
        j->order[at] = c;
    }
}

static ay_status prepare(judging *j, int threads, const float *query, ay_err *err)
{
    ay_rows rows = {j->g->vectors, j->g->nready, j->g->dim};
    size_t n = rows.n;
    int *labels = ay_gallery_labels(j->g, j->arena);
    int64_t *ids = ay_arena_alloc(j->arena, (n + 1) * sizeof *ids);
    ay_status status = AY_OK;

    j->scores = ay_arena_alloc(j->arena, (n + 1) * sizeof *j->scores);
    j->tally = ay_arena_alloc(j->arena, (size_t)(j->g->nclasses + 1) * sizeof *j->tally);
    j->order = ay_arena_alloc(j->arena, (size_t)(j->g->nclasses + 1) * sizeof *j->order);
    j->near = ay_arena_alloc(j->arena, (size_t)j->top * sizeof *j->near);
    if (!labels || !ids || !j->scores || !j->tally || !j->order || !j->near)
        return ay_fail(err, AY_ENOMEM, "comparing with %zu pictures", n);
    for (size_t i = 0; i < n; i++)
        ids[i] = j->g->items[i].member;
    if (n > 0)
        status = ay_search_scores(&rows, query, 1, threads, j->scores, err);
    if (status != AY_OK)
        return status;
    ay_tally_make(j->scores, labels, ids, n, j->g->nclasses,
                  j->cal.temperature > 0 ? j->cal.temperature : AY_TEMPERATURE, j->tally);
    find_near(j);
    sort_classes(j);
    return AY_OK;
}

static bool fill_match(const judging *j, size_t row, ay_scan_match *out)
{
    const ay_gallery_item *item = &j->g->items[row];

    memcpy(out->sha256, item->sha256, sizeof out->sha256);
    out->file = ay_arena_strdup(j->arena, item->file);
    out->class_id = j->g->classes[item->klass].id;
    out->class_name = ay_arena_strdup(j->arena, j->g->classes[item->klass].name);
    out->similarity = j->scores[row];
    return out->file && out->class_name;
}

static bool fill_class(const judging *j, int c, ay_scan_class *out)
{
    out->id = j->g->classes[c].id;
    out->name = ay_arena_strdup(j->arena, j->g->classes[c].name);
    out->score = (float)class_score(j, c);
    out->mean = (float)j->tally[c].mean;
    out->max = j->tally[c].max;
    out->samples = j->tally[c].samples;
    return out->name != NULL;
}

/* The lists that every answer has. */
static ay_status fill_lists(judging *j, ay_err *err)
{
    ay_decision *d = j->out;
    int n = j->g->nclasses;
    bool ok;

    while (!j->mean && n > 0 && j->tally[j->order[n - 1]].samples == 0)
        n--; /* empty classes are last, and say nothing */
    d->nmatches = (size_t)j->nnear;
    d->nclasses = (size_t)(n < j->top ? n : j->top);
    d->matches = ay_arena_alloc(j->arena, (d->nmatches + 1) * sizeof *d->matches);
    d->classes = ay_arena_alloc(j->arena, (d->nclasses + 1) * sizeof *d->classes);
    d->dataset = ay_arena_strdup(j->arena, j->g->name);
    ok = d->matches && d->classes && d->dataset;
    for (size_t i = 0; ok && i < d->nmatches; i++)
        ok = fill_match(j, j->near[i], &d->matches[i]);
    for (size_t i = 0; ok && i < d->nclasses; i++)
        ok = fill_class(j, j->order[i], &d->classes[i]);
    d->margin = n > 1 ? (float)(class_score(j, j->order[0]) - class_score(j, j->order[1])) : 0;
    return ok ? AY_OK : ay_fail(err, AY_ENOMEM, "writing a decision");
}

static const char *name_of(const judging *j, int klass)
{
    return ay_arena_strdup(j->arena, j->g->classes[klass].name);
}

static void decide_nothing(judging *j)
{
    ay_decision *d = j->out;

    d->status = AY_SCAN_NO_DATASET;
    d->probability = -1;
    d->message_code = "no_dataset";
    d->message = "There are no pictures to compare with yet: create a class and add a few pictures "
                 "of it.";
}

/* The first scanner's answer. */
static void decide_mean(judging *j)
{
    ay_decision *d = j->out;
    int best = j->order[0];

    d->status = AY_SCAN_MATCH;
    d->label = d->arg_first = name_of(j, best);
    d->class_id = j->g->classes[best].id;
    d->score = (float)j->tally[best].mean;
    d->probability = -1;
    d->reference = d->matches[0];
    d->has_reference = true;
    d->message_code = "mean";
    d->message = ay_arena_printf(j->arena, "On average most like \"%s\" (%.1f %%).",
                                 d->label ? d->label : "", 100.0 * d->score);
}

static void say_far(judging *j)
{
    ay_decision *d = j->out;

    d->status = AY_SCAN_NO_MATCH;
    d->label = NULL;
    d->class_id = 0;
    d->message_code = "no_match_far";
    d->message = ay_arena_printf(
        j->arena,
        "This is unlike everything stored: the nearest picture, of \"%s\", is %.0f %% similar, and "
        "known things reach %.0f %%. Take it again, closer and in better light; if it is something "
        "new, make a class for it or add pictures.",
        d->arg_first, 100.0 * d->score, 100.0 * d->threshold);
}

static void say_ambiguous(judging *j, bool two)
{
    ay_decision *d = j->out;

    d->status = AY_SCAN_AMBIGUOUS;
    d->message_code = two ? "ambiguous_two" : "ambiguous_reference";
    d->message = ay_arena_printf(j->arena,
                                 two ? "This could be \"%s\" or \"%s\". Show another side; adding "
                                       "pictures of both that show "
                                       "the difference will help."
                                     : "The pictures of \"%s\" together are most like it, but the "
                                       "single most similar picture "
                                       "is of \"%s\". Check that picture, or show another side.",
                                 d->arg_first, d->arg_second);
}

static void decide_auto(judging *j)
{
    ay_decision *d = j->out;
    int best = j->order[0], second = j->g->nclasses > 1 ? j->order[1] : -1;
    int nearest = j->g->items[j->near[0]].klass;
    float threshold = j->cal.threshold;
    bool two = j->tally[best].share < AY_SURE && second >= 0;

    d->label = name_of(j, best);
    d->class_id = j->g->classes[best].id;
    d->score = j->scores[j->near[0]];
    d->threshold = threshold > -1 ? threshold : 0;
    d->probability = j->cal.checked >= ENOUGH_LEFT_OUT ? (float)j->tally[best].share : -1;
    if (fill_match(j, j->tally[best].best, &d->reference))
        d->has_reference = true;
    d->arg_first = d->label;
    if (d->score < threshold) {
        d->reference = d->matches[0];
        d->arg_first = name_of(j, nearest);
        say_far(j);
    } else if (two || nearest != best) {
        d->arg_second = name_of(j, nearest != best ? nearest : second);
        say_ambiguous(j, two);
    } else {
        d->status = AY_SCAN_MATCH;
        d->message_code = threshold > -1 ? "match" : "match_few";
        d->message = ay_arena_printf(
            j->arena,
            threshold > -1
                ? "This looks like \"%s\": %.0f %% similar to the nearest picture of it."
                : "This is most like \"%s\" (%.0f %% similar), but there are too few pictures to "
                  "know what does not belong: add some more.",
            d->label, 100.0 * d->score);
    }
}

/* The very bytes that were scanned, among the stored pictures; -1 when they are not there. */
static int64_t find_stored(const judging *j)
{
    if (!*j->out->sha256)
        return -1;
    for (size_t i = 0; i < j->g->nready; i++)
        if (strcmp(j->g->items[i].sha256, j->out->sha256) == 0)
            return (int64_t)i;
    return -1;
}

/* A person said what this very picture is: nothing is left to vote on. */
static void decide_stored(judging *j, size_t row)
{
    ay_decision *d = j->out;
    int klass = j->g->items[row].klass;
    float threshold = j->cal.threshold;

    d->status = AY_SCAN_MATCH;
    d->label = d->arg_first = name_of(j, klass);
    d->class_id = j->g->classes[klass].id;
    d->score = j->scores[row];
    d->threshold = threshold > -1 ? threshold : 0;
    d->probability = -1;
    d->has_reference = fill_match(j, row, &d->reference);
    d->message_code = "match_stored";
    d->message = ay_arena_printf(j->arena, "This very picture is stored as \"%s\".", d->label);
}

static ay_status judge(ay_service *s, ay_gallery *g, const float *query, judging *j, ay_err *err)
{
    ay_status status = AY_OK;
    ay_decision *d = j->out;
    int64_t stored;

    j->g = g;
    if (!j->mean && g->nready > 0)
        status = ay_service_calibrate(s, g, &j->cal, err);
    if (status == AY_OK)
        status = prepare(j, s->threads, query, err);
    if (status == AY_OK)
        status = fill_lists(j, err);
    if (status != AY_OK)
        return status;
    if (g->nready == 0)
        decide_nothing(j);
    else if (j->mean)
        decide_mean(j);
    else if ((stored = find_stored(j)) >= 0)
        decide_stored(j, (size_t)stored);
    else
        decide_auto(j);
    if (!d->message || (g->nready > 0 && !d->arg_first) ||
        (!j->mean && g->nready && !d->has_reference))
        return ay_fail(err, AY_ENOMEM, "writing a decision");
    return AY_OK;
}

static void count(ay_service *s, const ay_decision *d)
{
    s->scans++;
    s->matches += d->status == AY_SCAN_MATCH;
    s->no_matches += d->status == AY_SCAN_NO_MATCH;
    s->ambiguous += d->status == AY_SCAN_AMBIGUOUS;
    s->decode_ns += (uint64_t)(d->decode_ms * 1e6);
    s->embed_ns += (uint64_t)(d->embed_ms * 1e6);
    s->search_ns += (uint64_t)(d->search_ms * 1e6);
}

static double lap(uint64_t *since)
{
    uint64_t now = ay_clock_mono();
    double ms = (double)(now - *since) / 1e6;

    *since = now;
    return ms;
}

static ay_status compare(ay_service *s, const char *dataset, const float *query, judging *j,
                         ay_err *err)
{
    ay_status status;
    ay_gallery *g;

    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, dataset, &g, err);
    if (status == AY_OK)
        status = judge(s, g, query, j, err);
    pthread_rwlock_unlock(&s->lock);
    return status;
}

static ay_status read_options(const ay_scan_options *o, judging *j, ay_err *err)
{
    const char *method = o->method && *o->method ? o->method : "auto";

    j->top = o->top ? o->top : USUAL_TOP;
    j->mean = strcmp(method, "mean") == 0;
    if (!j->mean && strcmp(method, "auto") != 0)
        return ay_fail(err, AY_EINVAL, "no method \"%.40s\"; there are \"auto\" and \"mean\"",
                       method);
    if (j->top < 1 || j->top > MOST_TOP)
        return ay_fail(err, AY_EINVAL, "top is 1 to %d, not %d", MOST_TOP, j->top);
    j->out->method = j->mean ? "mean" : "auto";
    return AY_OK;
}

/* By one encoder, from the vector to the decision. */
static ay_status look(ay_service *s, const ay_image *im, const char *dataset, judging *j, uint64_t *since,
                      ay_err *err)
{
    ay_status status;
    float *query;

    ay_encoder_enter(s);
    j->out->model = s->embedder.info;
    query = ay_arena_alloc(j->arena, (size_t)s->embedder.info->dim * sizeof *query);
    status = query ? ay_service_embed(s, &im, 1, query, err) : ay_fail(err, AY_ENOMEM, "scanning a picture");
    j->out->embed_ms = lap(since);
    if (status == AY_OK)
        status = compare(s, dataset, query, j, err);
    ay_encoder_leave(s);
    j->out->search_ms = lap(since);
    return status;
}

/* out->decode_ms is set; start is when the whole began. */
static ay_status scan(ay_service *s, const ay_image *im, const ay_scan_options *o, uint64_t start,
                      ay_arena *a, ay_decision *out, ay_err *err)
{
    judging j = {.arena = a, .out = out};
    uint64_t since = ay_clock_mono();
    ay_status status = read_options(o, &j, err);

    out->width = im->width;
    out->height = im->height;
    if (status == AY_OK && !o->skip_quality)
        status = ay_quality_measure(im, &out->quality, err);
    out->decode_ms += lap(&since);
    if (status == AY_OK)
        status = look(s, im, o->dataset, &j, &since, err);
    out->total_ms = (double)(since - start) / 1e6;
    if (status == AY_OK)
        count(s, out);
    return status;
}

ay_status ay_scan_image(ay_service *s, const ay_image *im, const ay_scan_options *o, ay_arena *a,
                        ay_decision *out, ay_err *err)
{
    static const ay_scan_options usual = {0};

    *out = (ay_decision){0};
    return scan(s, im, o ? o : &usual, ay_clock_mono(), a, out, err);
}

ay_status ay_scan_bytes(ay_service *s, const void *bytes, size_t n, const ay_scan_options *o,
                        ay_arena *a, ay_decision *out, ay_err *err)
{
    static const ay_scan_options usual = {0};
    uint64_t start = ay_clock_mono(), since = start;
    ay_status status;
    ay_image im;

    *out = (ay_decision){0};
    if (n == 0)
        return ay_fail(err, AY_EINVAL, "the picture is empty (0 bytes)");
    ay_sha256_bytes(bytes, n, out->sha256);
    status = ay_image_decode(bytes, n, &s->limits, &im, err);
    if (status != AY_OK)
        return status;
    out->decode_ms = lap(&since);
    status = scan(s, &im, o ? o : &usual, start, a, out, err);
    ay_image_fini(&im);
    return status;
}
