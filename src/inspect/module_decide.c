/* inspect/module_decide.c - pictures of one component under several lights: is it what it should be? */
#include "base/buf.h"
#include "base/mem.h"
#include "inspect/module_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *ay_inspect_why_name(ay_inspect_why why)
{
    static const char *const name[AY_INSPECT_WHYS] = {"match", "turned", "another", "weak", "none", "no_sample"};

    return name[why];
}

/* A question: the pictures' vectors, and what was asked. */
typedef struct {
    ay_inspect_module *m;
    const ay_inspect_picture *pictures;
    const float *vectors; /* n x dim */
    int n;
    const char *product, *component;
} question;

/* ---- which classes are meant ----------------------------------------------------------------- */

static bool meant(const question *q, const ay_golden_class *c)
{
    return (!q->product || strcmp(q->product, c->product) == 0) && (!q->component || strcmp(q->component, c->component) == 0);
}

static bool same_part(const ay_golden_class *a, const ay_golden_class *b)
{
    return strcmp(a->product, b->product) == 0 && strcmp(a->component, b->component) == 0;
}

/* The class of that part under that light; -1: there is none. */
static int class_under(const ay_inspect_module *m, const ay_golden_class *part, const char *light)
{
    for (int k = 0; k < m->set.nclasses; k++)
        if (same_part(&m->set.classes[k], part) && strcmp(m->set.classes[k].light, light) == 0)
            return k;
    return AY_CLASS_NONE;
}

static int picture_under(const question *q, const char *light)
{
    for (int i = 0; i < q->n; i++)
        if (strcmp(q->pictures[i].light, light) == 0)
            return i;
    return -1;
}

/* Is class k the first of its part?  So each part is looked at once. */
static bool leads(const ay_inspect_module *m, int k)
{
    for (int i = 0; i < k; i++)
        if (same_part(&m->set.classes[i], &m->set.classes[k]))
            return false;
    return true;
}

/* A light under which the part is inspected and no picture was taken; NULL: there is none. */
static const char *missing_light(const question *q, const ay_golden_class *part)
{
    for (int k = 0; k < q->m->set.nclasses; k++)
        if (same_part(&q->m->set.classes[k], part) && picture_under(q, q->m->set.classes[k].light) < 0)
            return q->m->set.classes[k].light;
    return NULL;
}

/* Can the part be judged by these pictures: all its lights, and no others? */
static bool judgeable(const question *q, const ay_golden_class *part)
{
    for (int i = 0; i < q->n; i++)
        if (class_under(q->m, part, q->pictures[i].light) < 0)
            return false;
    return missing_light(q, part) == NULL;
}

/* ---- why not --------------------------------------------------------------------------------- */

/* What the module has, for a person who asked for something else: at most a dozen. */
static void list(const question *q, bool lights, ay_buf *out)
{
    const ay_golden_set *set = &q->m->set;
    int shown = 0;

    for (int k = 0; k < set->nclasses; k++) {
        const char *name = lights ? set->classes[k].light : set->classes[k].component;
        bool before = lights && !meant(q, &set->classes[k]);
        for (int i = 0; i < k && !before; i++)
            before = strcmp(name, lights ? set->classes[i].light : set->classes[i].component) == 0 && (!lights || meant(q, &set->classes[i]));
        if (before)
            continue;
        if (shown++ == 12) {
            ay_buf_puts(out, " ...");
            return;
        }
        ay_buf_printf(out, "%s%.60s", shown > 1 ? ", " : "", name);
    }
}

static ay_status none_fits(const question *q, ay_err *err)
{
    const ay_golden_class *part = NULL;
    const char *light;
    ay_buf text = {0};
    ay_status status;

    for (int k = 0; k < q->m->set.nclasses && !part; k++)
        part = meant(q, &q->m->set.classes[k]) ? &q->m->set.classes[k] : NULL;
    list(q, part != NULL, &text);
    if (!part)
        status = ay_fail(err, AY_ENOTFOUND, "the module has no component \"%.80s\"%s%.80s; it has %s", q->component ? q->component : "",
                         q->product ? " of product " : "", q->product ? q->product : "", text.data ? text.data : "none");
    else if (q->component && (light = missing_light(q, part)))
        status = ay_fail(err, AY_EINVAL, "%.80s is inspected under %s: the picture under \"%.80s\" is missing", part->component,
                         text.data ? text.data : "", light);
    else
        status = ay_fail(err, AY_EINVAL, "no component is inspected under just the lights of these %d pictures; there are %s", q->n,
                         text.data ? text.data : "none");
    ay_buf_fini(&text);
    return status;
}

static ay_status check(const question *q, ay_err *err)
{
    if (q->n < 1 || q->n > AY_INSPECT_LIGHTS)
        return ay_fail(err, AY_EINVAL, "%d pictures of one component; between 1 and %d can be judged together", q->n, AY_INSPECT_LIGHTS);
    for (int i = 0; i < q->n; i++) {
        if (!q->pictures[i].light || !q->pictures[i].image)
            return ay_fail(err, AY_EINVAL, "picture %d has no light", i + 1);
        if (picture_under(q, q->pictures[i].light) != i)
            return ay_fail(err, AY_EINVAL, "two pictures under light \"%.80s\"; one a light", q->pictures[i].light);
    }
    for (int k = 0; k < q->m->set.nclasses; k++)
        if (meant(q, &q->m->set.classes[k]) && judgeable(q, &q->m->set.classes[k]))
            return AY_OK;
    return none_fits(q, err);
}

/* ---- one light ------------------------------------------------------------------------------- */

static double cosine(const question *q, int picture, int sample)
{
    size_t dim = (size_t)q->m->dim;

    return ay_golden_cosine(q->vectors + (size_t)picture * dim, q->m->vectors + (size_t)sample * dim, q->m->dim);
}

/* Samples are comparable when they were taken under the same light, or are of any. */
static bool under(const ay_golden_set *set, int label, const char *light)
{
    int k = set->labels[label].class;

    return k < 0 || strcmp(set->classes[k].light, light) == 0;
}

static void compare(const question *q, int picture, ay_inspect_side *s)
{
    const ay_inspect_module *m = q->m;

    for (int k = 0; k < m->nsamples; k++) {
        int label = m->samples[k].label;
        double c;
        if (!under(&m->set, label, s->light))
            continue;
        c = cosine(q, picture, k);
        if (label == s->label && (s->sample < 0 || c > s->similarity)) {
            s->sample = k;
            s->similarity = c;
        }
        if (s->nearest_sample < 0 || c > s->nearest_similarity) {
            s->nearest_sample = k;
            s->nearest = label;
            s->nearest_similarity = c;
        }
    }
}

static ay_inspect_why explain(const ay_golden_set *set, const double *from, ay_inspect_side *s)
{
    const ay_golden_label *mine, *near;

    if (s->sample < 0)
        return AY_INSPECT_NO_SAMPLE;
    if (s->match)
        return AY_INSPECT_MATCHES;
    if (s->nearest == s->label)
        return AY_INSPECT_WEAK;
    if (s->nearest_similarity < from[s->nearest])
        return AY_INSPECT_NOTHING;
    mine = &set->labels[s->label];
    near = &set->labels[s->nearest];
    if (mine->class != near->class || mine->turn == AY_TURN_NONE || near->turn == AY_TURN_NONE)
        return AY_INSPECT_ANOTHER;
    s->turned = (near->turn - mine->turn + AY_TURNS) % AY_TURNS;
    return s->turned ? AY_INSPECT_TURNED : AY_INSPECT_WEAK;
}

/* A label as a person who looks at class c calls it. */
static void call(const ay_golden_set *set, int label, const ay_golden_class *c, char *dst, size_t cap)
{
    const ay_golden_label *l = &set->labels[label];
    const char *way = ay_turn_name(l->turn);

    if (l->class < 0)
        snprintf(dst, cap, "%.80s", *way ? way : l->name);
    else if (&set->classes[l->class] == c)
        snprintf(dst, cap, "%.80s%s%s", c->component, *way ? " seen " : "", way);
    else if (strcmp(set->classes[l->class].product, c->product) != 0)
        snprintf(dst, cap, "%.60s of %.60s", set->classes[l->class].component, set->classes[l->class].product);
    else
        snprintf(dst, cap, "%.80s", set->classes[l->class].component);
}

/* Digits behind the point, so that a similarity and the threshold that it misses do not look the same. */
static int digits(double similarity, double threshold)
{
    return fabs(similarity - threshold) < 0.0015 ? 5 : 3;
}

static void word(const ay_golden_set *set, const double *thresholds, ay_inspect_side *s)
{
    static const char *const by[AY_TURNS] = {"", "by 90 degrees clockwise", "by 180 degrees", "by 90 degrees counter-clockwise"};
    const ay_golden_class *c = &set->classes[s->class];
    int to = digits(s->similarity, s->threshold);
    char near[160] = "nothing";

    if (s->nearest >= 0)
        call(set, s->nearest, c, near, sizeof near);
    switch (s->why) {
    case AY_INSPECT_MATCHES:
        snprintf(s->reason, sizeof s->reason, "like %.80s: %.*f, at least %.*f is needed", c->component, to, s->similarity, to, s->threshold);
        if (s->nearest != s->label)
            snprintf(s->reason + strlen(s->reason), sizeof s->reason - strlen(s->reason), " (%.120s is nearer still: %.3f)", near,
                     s->nearest_similarity);
        return;
    case AY_INSPECT_TURNED:
        snprintf(s->reason, sizeof s->reason, "turned %s: like %.80s seen that way (%.3f), and as mounted %.*f, where %.*f is needed",
                 by[s->turned], c->component, s->nearest_similarity, to, s->similarity, to, s->threshold);
        return;
    case AY_INSPECT_ANOTHER:
        snprintf(s->reason, sizeof s->reason, "looks like %.120s (%.3f) instead of %.80s (%.*f, where %.*f is needed)", near,
                 s->nearest_similarity, c->component, to, s->similarity, to, s->threshold);
        return;
    case AY_INSPECT_WEAK:
        snprintf(s->reason, sizeof s->reason, "like %.80s, but not enough: %.*f, where %.*f is needed", c->component, to, s->similarity, to,
                 s->threshold);
        return;
    case AY_INSPECT_NO_SAMPLE:
        snprintf(s->reason, sizeof s->reason, "there is no golden sample of %.80s as mounted", c->component);
        return;
    default:
        snprintf(s->reason, sizeof s->reason, "like none: %.80s %.3f, where %.3f is needed; the nearest is %.120s with %.3f of %.3f", c->component,
                 s->similarity, s->threshold, near, s->nearest_similarity, s->nearest >= 0 ? thresholds[s->nearest] : NAN);
    }
}

static ay_inspect_side judge_side(const question *q, int picture, int class)
{
    const ay_golden_set *set = &q->m->set;
    ay_inspect_side s = {.light = set->classes[class].light, .class = class, .label = ay_golden_wanted(set, class), .sample = -1,
                         .similarity = NAN, .threshold = NAN, .nearest = AY_LABEL_NONE, .nearest_sample = -1,
                         .nearest_similarity = NAN};

    compare(q, picture, &s);
    if (s.sample >= 0) {
        s.threshold = q->m->thresholds[s.label];
        s.match = s.similarity >= s.threshold;
    }
    s.why = explain(set, q->m->near, &s);
    word(set, q->m->thresholds, &s);
    return s;
}

/* ---- all lights ------------------------------------------------------------------------------ */

/* How far the weakest side is over its threshold. */
static double margin(const ay_inspect_decision *d)
{
    double least = INFINITY;

    for (int i = 0; i < d->n; i++) {
        double over = d->side[i].similarity - d->side[i].threshold;
        least = fmin(least, isnan(over) ? -INFINITY : over);
    }
    return least;
}

static void judge_part(const question *q, const ay_golden_class *part, ay_inspect_decision *d)
{
    *d = (ay_inspect_decision){.match = true, .product = part->product, .component = part->component, .n = q->n};
    for (int i = 0; i < q->n; i++) {
        d->side[i] = judge_side(q, i, class_under(q->m, part, q->pictures[i].light));
        d->match &= d->side[i].match;
    }
}

static void word_all(const question *q, ay_inspect_decision *d)
{
    size_t at = 0, cap = sizeof d->reason;

    if (d->match)
        at = (size_t)snprintf(d->reason, cap, "OK: %.80s under %s", d->component, d->n > 1 ? "all lights" : "its light");
    else
        at = (size_t)snprintf(d->reason, cap, q->component ? "NG: " : "NG: %.80s comes nearest; ", d->component);
    for (int i = 0; i < d->n && !d->match && at < cap; i++)
        if (!d->side[i].match)
            at += (size_t)snprintf(d->reason + at, cap - at, "%sunder %.60s %s", at > 4 && d->reason[at - 1] != ' ' ? "; " : "",
                                   d->side[i].light, d->side[i].reason);
}

ay_status ay_inspect_decide(ay_inspect_module *m, const ay_inspect_picture *pictures, int n, const char *product,
                            const char *component, ay_inspect_decision *out, ay_err *err)
{
    question q = {m, pictures, NULL, n, product, component};
    const ay_image *images[AY_INSPECT_LIGHTS];
    ay_inspect_decision *one;
    float *vectors;
    ay_status status = check(&q, err);

    *out = (ay_inspect_decision){0};
    if (status != AY_OK)
        return status;
    vectors = ay_alloc((size_t)n * (size_t)m->dim, sizeof *vectors);
    one = ay_alloc(1, sizeof *one);
    for (int i = 0; i < n; i++)
        images[i] = pictures[i].image;
    status = vectors && one ? ay_engine_embed(m->engine, images, n, vectors, err) : ay_fail(err, AY_ENOMEM, "an inspection");
    q.vectors = vectors;
    for (int k = 0; k < m->set.nclasses && status == AY_OK; k++) {
        const ay_golden_class *part = &m->set.classes[k];
        if (!meant(&q, part) || !leads(m, k) || !judgeable(&q, part))
            continue;
        judge_part(&q, part, one);
        if (out->n == 0 || margin(one) > margin(out))
            *out = *one;
    }
    if (status == AY_OK)
        word_all(&q, out);
    ay_free(vectors);
    ay_free(one);
    return status;
}

/* ---- as JSON --------------------------------------------------------------------------------- */

static json_t *number_or_null(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *label_name(const ay_inspect_module *m, int label)
{
    return label >= 0 ? json_string(m->set.labels[label].name) : json_null();
}

static json_t *side_json(const ay_inspect_module *m, const ay_inspect_side *s)
{
    return json_pack("{s:s, s:b, s:s, s:s, s:o, s:o, s:o, s:i, s:o, s:o, s:i, s:i}", "light", s->light, "match", s->match, "why",
                     ay_inspect_why_name(s->why), "reason", s->reason, "similarity", number_or_null(s->similarity), "threshold",
                     number_or_null(s->threshold), "label", label_name(m, s->label), "sample", s->sample, "nearest",
                     label_name(m, s->nearest), "nearest_similarity", number_or_null(s->nearest_similarity), "nearest_sample",
                     s->nearest_sample, "turned_degrees", 90 * s->turned);
}

json_t *ay_inspect_decision_json(const ay_inspect_module *m, const ay_inspect_decision *d)
{
    json_t *sides = json_array();

    for (int i = 0; i < d->n; i++)
        json_array_append_new(sides, side_json(m, &d->side[i]));
    return json_pack("{s:b, s:s, s:s, s:s, s:s, s:o}", "match", d->match, "decision", d->match ? "OK" : "NG", "product", d->product,
                     "component", d->component, "reason", d->reason, "sides", sides);
}
