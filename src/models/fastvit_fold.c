/* models/fastvit_fold.c - FastViT's weights as published become the network that is run.
 *
 * Names.  timm's (open_clip puts "visual.trunk." before them) are taken as they are; Apple's are
 * translated by the table below, and their flat list of parts "network.N" is cut into stages: each
 * part with a "proj" begins one.
 *
 * Form.  While it learns, a convolution has several branches that are added up; all are linear, so
 * the sum is one convolution (Ding et al., "RepVGG", 2021; Vasu et al., "FastViT", 2023).  A norm
 * behind a branch multiplies row o by s_o = weight_o / sqrt(var_o + eps) and adds t_o = bias_o -
 * mean_o s_o; a smaller kernel stands in the middle of the larger one; the identity is a 1 at tap
 * (o, o mod C/groups, middle).  With I for that identity:
 *
 *   MobileOne    sum of kxk branches, 1x1 branch, identity norm            -> reparam_conv
 *   large kernel 7x7 branch + 3x3 branch                                   -> reparam_conv
 *   RepMixer     x + g (mixer(x) - norm(x))      I + g (mixer - norm)      -> reparam_conv
 *   RepCPE       x + conv(x)                     I + conv                  -> reparam_conv
 *
 * Files that hold reparam_conv already are left as they are.  Sums are made in double and rounded
 * once.  What is taken up by a sum is taken out of the list, so that a left-over tensor is noticed.
 *
 * Rejected: folding on every run, or branches in the graph (five times the steps, and training a
 * body works as well on the folded form); folding the norm within the feed-forward part or the layer
 * scales, which the back end does (nn/dnnl/fuse.c) and training wants apart. */
#include "models/fastvit.h"

#include "base/mem.h"
#include "base/str.h"
#include "models/rewrite.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KERNEL_MOST = 31, BRANCHES_MOST = 16, PARTS_MOST = 32 };
static const double eps = 1e-5;

/* Apple's words for timm's. */
static const ay_rename apple[] = {{"patch_embed.", "stem."},
                                  {"rbr_conv", "conv_kxk"},
                                  {"rbr_scale", "conv_scale"},
                                  {"rbr_skip", "identity"},
                                  {"conv_exp.", "final_conv."},
                                  {"lkb_origin", "large_conv"},
                                  {"lkb_reparam", "reparam_conv"},
                                  {"convffn.", "mlp."},
                                  {"se.reduce", "se.fc1"},
                                  {"se.expand", "se.fc2"},
                                  {NULL, NULL}};

bool ay_fastvit_prefix(const ay_source *src, char prefix[AY_PREFIX_MAX])
{
    return ay_source_prefix(src, "stem.0.conv_kxk.0.conv.weight", prefix) ||
           ay_source_prefix(src, "stem.0.reparam_conv.weight", prefix) ||
           ay_source_prefix(src, "patch_embed.0.rbr_conv.0.conv.weight", prefix) ||
           ay_source_prefix(src, "patch_embed.0.reparam_conv.weight", prefix);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* The numbers N of "network.N.proj.", each once, in order; how many. */
static int find_parts(const ay_tensor_list *l, const char *network, long part[PARTS_MOST])
{
    int n = 0;

    for (size_t i = 0; i < l->count; i++) {
        char *end;
        if (!ay_str_starts(l->item[i].name, network))
            continue;
        long number = strtol(l->item[i].name + strlen(network), &end, 10);
        bool known = !ay_str_starts(end, ".proj.") || n == PARTS_MOST;
        for (int k = 0; k < n && !known; k++)
            known = part[k] == number;
        if (!known)
            part[n++] = number;
    }
    return n;
}

/* "network.3.proj.0.x" is "stages.2.downsample.proj.0.x" when parts 1 and 3 have a proj. */
static ay_status cut_into_stages(ay_tensor_list *l, const char *prefix, ay_err *err)
{
    char network[AY_NAME_MAX], name[2 * AY_NAME_MAX];
    long part[PARTS_MOST];
    ay_status status = AY_OK;

    snprintf(network, sizeof network, "%snetwork.", prefix);
    int parts = find_parts(l, network, part);
    for (size_t i = 0; i < l->count && status == AY_OK; i++) {
        char *rest;
        if (!ay_str_starts(l->item[i].name, network))
            continue;
        long number = strtol(l->item[i].name + strlen(network), &rest, 10);
        int stage = 0;
        for (int k = 0; k < parts; k++)
            stage += part[k] <= number;
        const char *what = ay_str_starts(rest, ".proj.")           ? "downsample"
                           : ay_str_starts(rest, ".pe.")           ? "pos_emb.pos_enc"
                           : ay_str_starts(rest, ".reparam_conv.") ? "pos_emb"
                                                                   : "blocks";
        rest += ay_str_starts(rest, ".pe.") ? 3 : 0;
        snprintf(name, sizeof name, "%sstages.%d.%s%s", prefix, stage, what, rest);
        status = ay_list_rename(l, i, name, err);
    }
    return status;
}

/* Names that differ at their end, or only sometimes. */
static ay_status rename_ends(ay_tensor_list *l, const char *prefix, ay_err *err)
{
    char head[AY_NAME_MAX], proj[AY_NAME_MAX], name[2 * AY_NAME_MAX];
    bool ours = false;
    ay_status status = AY_OK;

    snprintf(head, sizeof head, "%shead.fc.", prefix);
    snprintf(proj, sizeof proj, "%shead.proj", prefix);
    for (size_t i = 0; i < l->count; i++)
        ours = ours || ay_str_starts(l->item[i].name, proj);
    for (size_t i = 0; i < l->count && status == AY_OK; i++) {
        const char *old = l->item[i].name, *scale = strstr(old, "layer_scale");
        if (scale && !strchr(scale, '.'))
            snprintf(name, sizeof name, "%s.gamma", old);
        else if (!ours && ay_str_starts(old, head))
            snprintf(name, sizeof name, "%s.%s", proj, old + strlen(head));
        else
            continue;
        status = ay_list_rename(l, i, name, err);
    }
    return status;
}

/* ---- one convolution from its branches ------------------------------------------------------- */

typedef struct {
    ay_tensor_list *list;
    const char *place; /* "...stem.0." */
    int64_t out, per, kernel;
    double *weight, *bias; /* [out][per][kernel][kernel], [out] */
} sum;

static const char *named(char dst[AY_NAME_MAX], const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
static const char *named(char dst[AY_NAME_MAX], const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(dst, AY_NAME_MAX, fmt, ap);
    va_end(ap);
    return dst;
}

/* A tensor as new floats (ay_free), taken out of the list.  It must have count elements. */
static ay_status take(sum *s, const char *name, size_t count, float **out, ay_err *err)
{
    const ay_tensor *t = ay_list_find(s->list, name);
    char text[AY_SHAPE_TEXT];

    *out = NULL;
    if (!t)
        return ay_fail(err, AY_ENOTFOUND, "tensor \"%s\" is missing", name);
    if (ay_tensor_count(t) != count || !ay_dtype_is_float(t->dtype))
        return ay_fail(err, AY_ECORRUPT, "tensor \"%s\" is %s of %s, wanted %zu floats", name,
                       ay_shape_text(&t->shape, text), ay_dtype_name(t->dtype), count);
    *out = ay_alloc(count, sizeof **out);
    if (!*out)
        return ay_fail(err, AY_ENOMEM, "out of memory folding \"%s\"", name);
    ay_to_f32(*out, t->data, t->dtype, count);
    ay_list_drop(s->list, name);
    return AY_OK;
}

/* A norm as factor and shift of each row, in doubles [2][out]. */
static ay_status take_norm(sum *s, const char *norm, double *terms, ay_err *err)
{
    static const char *const part[] = {"weight", "bias", "running_mean", "running_var"};
    float *v[4] = {0};
    char name[AY_NAME_MAX];
    ay_status status = AY_OK;

    for (int i = 0; i < 4 && status == AY_OK; i++)
        status = take(s, named(name, "%s.%s", norm, part[i]), (size_t)s->out, &v[i], err);
    for (int64_t o = 0; o < s->out && status == AY_OK; o++) {
        terms[o] = (double)v[0][o] / sqrt((double)v[3][o] + eps);
        terms[s->out + o] = (double)v[1][o] - (double)v[2][o] * terms[o];
    }
    for (int i = 0; i < 4; i++)
        ay_free(v[i]);
    return status;
}

static double *tap(sum *s, int64_t o, int64_t i, int64_t y, int64_t x)
{
    return s->weight + ((o * s->per + i) * s->kernel + y) * s->kernel + x;
}

static void add_identity(sum *s, const double *factor)
{
    for (int64_t o = 0; o < s->out; o++)
        *tap(s, o, o % s->per, s->kernel / 2, s->kernel / 2) += factor ? factor[o] : 1;
}

/* norm(x) */
static ay_status add_norm(sum *s, const char *norm, double sign, ay_err *err)
{
    double *terms = ay_alloc((size_t)s->out * 2, sizeof *terms);
    ay_status status = terms ? take_norm(s, norm, terms, err)
                             : ay_fail(err, AY_ENOMEM, "out of memory folding \"%s\"", norm);

    for (int64_t o = 0; o < s->out * 2 && status == AY_OK; o++)
        terms[o] *= sign;
    if (status == AY_OK) {
        add_identity(s, terms);
        for (int64_t o = 0; o < s->out; o++)
            s->bias[o] += terms[s->out + o];
    }
    ay_free(terms);
    return status;
}

/* The kernel of a branch in the middle of the sum's, row o times terms[o]. */
static void add_kernel(sum *s, const float *w, int64_t k, const double *terms)
{
    int64_t at = (s->kernel - k) / 2;

    for (int64_t o = 0; o < s->out; o++)
        for (int64_t i = 0; i < s->per; i++)
            for (int64_t y = 0; y < k; y++)
                for (int64_t x = 0; x < k; x++)
                    *tap(s, o, i, at + y, at + x) += *w++ * terms[o];
}

/* norm(conv(x)) of branch.conv and branch.bn */
static ay_status add_branch(sum *s, const char *branch, ay_err *err)
{
    char conv[AY_NAME_MAX], norm[AY_NAME_MAX], text[AY_SHAPE_TEXT];
    const ay_tensor *t = ay_list_find(s->list, named(conv, "%s.conv.weight", branch));
    double *terms = ay_alloc((size_t)s->out * 2, sizeof *terms);
    float *w = NULL;
    ay_status status = terms ? AY_OK : AY_ENOMEM;

    if (!t)
        status = ay_fail(err, AY_ENOTFOUND, "tensor \"%s\" is missing", conv);
    else if (t->shape.rank != 4 || t->shape.dim[0] != s->out || t->shape.dim[1] != s->per ||
             t->shape.dim[2] != t->shape.dim[3] || t->shape.dim[2] > s->kernel ||
             (s->kernel - t->shape.dim[2]) % 2)
        status = ay_fail(err, AY_ECORRUPT, "tensor \"%s\" is %s, which does not fit [%lld, %lld, k, k]",
                         conv, ay_shape_text(&t->shape, text), (long long)s->out,
                         (long long)s->per);
    if (status == AY_OK)
        status = take_norm(s, named(norm, "%s.bn", branch), terms, err);
    if (status == AY_OK)
        status = take(s, conv, ay_tensor_count(t), &w, err);
    if (status == AY_OK) {
        add_kernel(s, w, t->shape.dim[2], terms);
        for (int64_t o = 0; o < s->out; o++)
            s->bias[o] += terms[s->out + o];
    }
    ay_free(terms);
    ay_free(w);
    return status;
}

/* Is there any tensor of this part? */
static bool has(const sum *s, const char *place, const char *part)
{
    char name[AY_NAME_MAX];

    return ay_list_find(s->list, named(name, "%s%s.weight", place, part)) != NULL;
}

static ay_status add_mobileone(sum *s, const char *place, ay_err *err)
{
    char name[AY_NAME_MAX], part[64];
    ay_status status = AY_OK;

    for (int i = 0; i < BRANCHES_MOST && status == AY_OK; i++) {
        snprintf(part, sizeof part, "conv_kxk.%d.conv", i);
        if (!has(s, place, part))
            break;
        status = add_branch(s, named(name, "%sconv_kxk.%d", place, i), err);
    }
    if (status == AY_OK && (has(s, place, "conv_scale.conv") || has(s, place, "conv_scale.bn")))
        status = add_branch(s, named(name, "%sconv_scale", place), err);
    if (status == AY_OK && has(s, place, "identity"))
        status = add_norm(s, named(name, "%sidentity", place), 1, err);
    return status;
}

static ay_status add_large(sum *s, const char *place, ay_err *err)
{
    char name[AY_NAME_MAX];
    ay_status status = add_branch(s, named(name, "%slarge_conv", place), err);

    if (status == AY_OK && has(s, place, "small_conv.conv"))
        status = add_branch(s, named(name, "%ssmall_conv", place), err);
    return status;
}

static ay_status add_repmixer(sum *s, const char *place, ay_err *err)
{
    char name[AY_NAME_MAX];
    int64_t inner = s->per * s->kernel * s->kernel;
    float *gamma = NULL;
    ay_status status = add_mobileone(s, named(name, "%smixer.", place), err);

    if (status == AY_OK)
        status = add_norm(s, named(name, "%snorm.identity", place), -1, err);
    if (status == AY_OK && ay_list_find(s->list, named(name, "%slayer_scale.gamma", place)))
        status = take(s, name, (size_t)s->out, &gamma, err);
    for (int64_t o = 0; o < s->out && status == AY_OK && gamma; o++) {
        s->bias[o] *= (double)gamma[o];
        for (int64_t i = 0; i < inner; i++)
            s->weight[o * inner + i] *= (double)gamma[o];
    }
    if (status == AY_OK)
        add_identity(s, NULL);
    ay_free(gamma);
    return status;
}

static ay_status add_position(sum *s, const char *place, ay_err *err)
{
    char name[AY_NAME_MAX];
    size_t count = (size_t)(s->out * s->per * s->kernel * s->kernel);
    float *w = NULL, *b = NULL;
    ay_status status = take(s, named(name, "%spos_enc.weight", place), count, &w, err);

    if (status == AY_OK)
        status = take(s, named(name, "%spos_enc.bias", place), (size_t)s->out, &b, err);
    for (size_t i = 0; i < count && status == AY_OK; i++)
        s->weight[i] = (double)w[i];
    for (int64_t o = 0; o < s->out && status == AY_OK; o++)
        s->bias[o] = (double)b[o];
    if (status == AY_OK)
        add_identity(s, NULL);
    ay_free(w);
    ay_free(b);
    return status;
}

/* ---- which convolutions there are ------------------------------------------------------------ */

typedef ay_status add_fn(sum *s, const char *place, ay_err *err);

/* The tensor that tells the kind and has the kernel's shape; in order, because a mixer has a
 * MobileOne block within. */
static const struct {
    const char *end;
    add_fn *add;
} kinds[] = {{"mixer.conv_kxk.0.conv.weight", add_repmixer},
             {"conv_kxk.0.conv.weight", add_mobileone},
             {"large_conv.conv.weight", add_large},
             {"pos_enc.weight", add_position}};

static ay_status give(sum *s, ay_err *err)
{
    char name[AY_NAME_MAX];
    ay_shape ws = AY_SHAPE(s->out, s->per, s->kernel, s->kernel), bs = AY_SHAPE(s->out);
    float *w, *b;
    ay_status status = ay_list_add(s->list, named(name, "%sreparam_conv.weight", s->place), ws, &w, err);

    if (status == AY_OK)
        status = ay_list_add(s->list, named(name, "%sreparam_conv.bias", s->place), bs, &b, err);
    if (status != AY_OK)
        return status;
    for (size_t i = 0; i < ay_shape_count(&ws); i++)
        w[i] = (float)s->weight[i];
    for (int64_t o = 0; o < s->out; o++)
        b[o] = (float)s->bias[o];
    return AY_OK;
}

/* place and what is added there, from the tensor that told it. */
static ay_status fold(ay_tensor_list *l, const char *place, const ay_named_tensor *by, add_fn *add,
                      ay_err *err)
{
    const int64_t *d = by->tensor.shape.dim;
    char text[AY_SHAPE_TEXT];
    ay_status status = AY_ENOMEM;

    if (by->tensor.shape.rank != 4 || d[2] != d[3] || d[2] < 1 || d[2] > KERNEL_MOST || d[0] < 1 ||
        d[1] < 1 || d[0] > 1 << 16 || d[1] > 1 << 16)
        return ay_fail(err, AY_ECORRUPT, "tensor \"%s\" is %s, no square kernel", by->name,
                       ay_shape_text(&by->tensor.shape, text));
    sum s = {.list = l, .place = place, .out = d[0], .per = d[1], .kernel = d[2]};
    size_t count = (size_t)(d[0] * d[1] * d[2] * d[3]);
    s.weight = ay_calloc(count, sizeof *s.weight);
    s.bias = ay_calloc((size_t)s.out, sizeof *s.bias);
    if (s.weight && s.bias)
        status = add(&s, place, err);
    else
        ay_fail(err, AY_ENOMEM, "out of memory folding \"%s\"", by->name);
    if (status == AY_OK)
        status = give(&s, err);
    ay_free(s.weight);
    ay_free(s.bias);
    return status;
}

static ay_status fold_all(ay_tensor_list *l, ay_err *err)
{
    char place[AY_NAME_MAX];
    ay_status status = AY_OK;

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; i < l->count && status == AY_OK; i++) {
            const ay_named_tensor *t = &l->item[i];
            size_t n = strlen(t->name), end = strlen(kinds[k].end);
            if (l->gone[i] || n <= end || n - end >= sizeof place ||
                strcmp(t->name + n - end, kinds[k].end) != 0 || t->name[n - end - 1] != '.')
                continue;
            memcpy(place, t->name, n - end);
            place[n - end] = '\0';
            status = fold(l, place, t, kinds[k].add, err);
        }
    return status;
}

ay_status ay_fastvit_rewrite(const ay_source *src, ay_rewritten *out, ay_err *err)
{
    char prefix[AY_PREFIX_MAX], scope[AY_PREFIX_MAX];
    ay_tensor_list l;
    ay_status status;

    if (!ay_fastvit_prefix(src, prefix))
        return ay_fail(err, AY_EUNSUPPORTED, "no FastViT");
    snprintf(scope, sizeof scope, "%s", prefix);
    if (strchr(scope, '.'))
        strchr(scope, '.')[1] = '\0'; /* "visual." too: a head of open_clip's stands beside the trunk */
    bool translate = !ay_source_find(src, "%sstem.0.conv_kxk.0.conv.weight", prefix) &&
                     !ay_source_find(src, "%sstem.0.reparam_conv.weight", prefix);
    status = ay_list_read(&l, src, scope, prefix, translate ? apple : NULL, &out->values, err);
    if (status == AY_OK && translate)
        status = cut_into_stages(&l, prefix, err);
    if (status == AY_OK)
        status = rename_ends(&l, prefix, err);
    if (status == AY_OK) {
        ay_list_sort(&l);
        status = fold_all(&l, err);
    }
    if (status == AY_OK)
        status = ay_list_close(&l, &out->st, err);
    ay_list_fini(&l);
    return status;
}
