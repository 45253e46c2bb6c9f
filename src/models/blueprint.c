/* models/blueprint.c - a network from nothing: the names and shapes that a published file would
 * have, so that an architecture is written down once, in the file that reads it.
 *
 * Values are zero pages that nobody reads: binding makes new ones.  Rejected: a second way to build
 * a graph, from numbers instead of tensors; it would have to be kept equal to the first. */
#include "models/blueprint.h"

#include "base/mem.h"
#include "models/arch.h"
#include "models/efficientnetv2.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { STAGES = 4, EXPANSION = 4 };

typedef struct plan plan;
struct plan {
    const char *name;
    void (*draw)(ay_sheet *s, const plan *p);
    bool bottleneck;
    int stem; /* side of its kernel */
    int depth[STAGES], width[STAGES];
    int dim;            /* of "head"; 0: none */
    const char *config; /* ours, JSON */
};

static void draw_resnet(ay_sheet *s, const plan *p);
static void draw_efficientnetv2(ay_sheet *s, const plan *p);

static const plan plans[] = {
    {"resnet18", draw_resnet, false, 7, {2, 2, 2, 2}, {64, 128, 256, 512}, 0, NULL},
    {"resnet34", draw_resnet, false, 7, {3, 4, 6, 3}, {64, 128, 256, 512}, 0, NULL},
    {"resnet50", draw_resnet, true, 7, {3, 4, 6, 3}, {64, 128, 256, 512}, 0, NULL},
    {"ayresnet", draw_resnet, false, 3, {1, 2, 2, 2}, {32, 64, 160, 320}, 256,
     "{\"architecture\": \"ayresnet\", \"pool_average\": [1, 2, 3, 4], \"pool_max\": [3, 4],"
     " \"preprocessing\": {\"size\": 128, \"fit\": \"letterbox\", \"filter\": \"bicubic\","
     " \"mean\": [0.5, 0.5, 0.5], \"std\": [0.25, 0.25, 0.25]}}"},
    {.name = "efficientnetv2_rw_s",
     .draw = draw_efficientnetv2,
     .config = "{\"architecture\": \"efficientnetv2_rw_s\"}"},
    {.name = "efficientnetv2_s",
     .draw = draw_efficientnetv2,
     .config = "{\"architecture\": \"efficientnetv2_s\"}"},
    {.name = "tf_efficientnetv2_s",
     .draw = draw_efficientnetv2,
     .config = "{\"architecture\": \"tf_efficientnetv2_s\"}"},
    {.name = "efficientnetv2_tiny",
     .draw = draw_efficientnetv2,
     .config = "{\"architecture\": \"efficientnetv2_tiny\", \"preprocessing\": {\"size\": 96,"
               " \"fit\": \"squash\", \"filter\": \"bilinear\","
               " \"mean\": [0.485, 0.456, 0.406], \"std\": [0.229, 0.224, 0.225]}}"},
    {.name = "hoamv2"}, /* drawn by hoam.c: its backbone and width are asked for */
    {.name = "hoam"},
};

void ay_sheet_tensor(ay_sheet *s, int rank, const int *dim, const char *fmt, ...)
{
    uint64_t count = 1;
    va_list ap;
    char name[128];

    va_start(ap, fmt);
    vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    ay_buf_printf(&s->text, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":[", s->text.len > 1 ? "," : "",
                  name);
    for (int i = 0; i < rank; i++) {
        ay_buf_printf(&s->text, "%s%d", i ? "," : "", dim[i]);
        count *= (uint64_t)dim[i];
    }
    ay_buf_printf(&s->text, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)s->size,
                  (unsigned long long)(s->size + count * sizeof(float)));
    s->size += count * sizeof(float);
}

void ay_sheet_conv(ay_sheet *s, const char *prefix, const char *name, int out, int in, int kernel)
{
    ay_sheet_tensor(s, 4, (const int[]){out, in, kernel, kernel}, "%s%s.weight", prefix, name);
}

void ay_sheet_norm(ay_sheet *s, const char *prefix, const char *name, int width)
{
    static const char *const part[] = {"weight", "bias", "running_mean", "running_var"};

    for (int i = 0; i < 4; i++)
        ay_sheet_tensor(s, 1, &width, "%s%s.%s", prefix, name, part[i]);
}

/* One block; returns its channels out. */
static int block(ay_sheet *s, const plan *p, int stage, int i, int in)
{
    int width = p->width[stage], out = p->bottleneck ? width * EXPANSION : width;
    int kernel[3] = {p->bottleneck ? 1 : 3, 3, 1}, last = p->bottleneck ? 3 : 2, at = in;
    char prefix[64], name[16];

    snprintf(prefix, sizeof prefix, "layer%d.%d.", stage + 1, i);
    for (int k = 0; k < last; k++) {
        int to = k == last - 1 ? out : width;
        snprintf(name, sizeof name, "conv%d", k + 1);
        ay_sheet_conv(s, prefix, name, to, at, kernel[k]);
        snprintf(name, sizeof name, "bn%d", k + 1);
        ay_sheet_norm(s, prefix, name, to);
        at = to;
    }
    if (in != out || (i == 0 && stage > 0)) {
        ay_sheet_conv(s, prefix, "downsample.0", out, in, 1);
        ay_sheet_norm(s, prefix, "downsample.1", out);
    }
    return out;
}

static void draw_resnet(ay_sheet *s, const plan *p)
{
    int in = p->depth[0] ? (p->stem == 7 ? 64 : p->width[0]) : 0, pooled = 0;

    ay_sheet_conv(s, "", "conv1", in, 3, p->stem);
    ay_sheet_norm(s, "", "bn1", in);
    for (int stage = 0; stage < STAGES; stage++) {
        for (int i = 0; i < p->depth[stage]; i++)
            in = block(s, p, stage, i, in);
        pooled += stage >= 2 ? 2 * in : in; /* averages of all stages, maxima of the last two */
    }
    if (p->dim) { /* values of many stages need a common scale before a linear layer */
        ay_sheet_norm(s, "", "pool_norm", pooled);
        ay_sheet_tensor(s, 2, (const int[]){p->dim, pooled}, "head.weight");
        ay_sheet_tensor(s, 1, &p->dim, "head.bias");
    }
}

static void draw_efficientnetv2(ay_sheet *s, const plan *p)
{
    ay_draw_efficientnetv2(s, p->name, "", true);
}

static ay_status draw(ay_sheet *s, const plan *p, const ay_model_options *opt, json_t **config,
                      ay_err *err)
{
    ay_status status = AY_OK;

    ay_buf_putc(&s->text, '{');
    if (p->draw)
        p->draw(s, p);
    else
        status = ay_draw_hoam(s, p->name, opt, config, err);
    ay_buf_putc(&s->text, '}');
    while (s->text.len % 8)
        ay_buf_putc(&s->text, ' ');
    if (p->config)
        *config = json_loads(p->config, 0, NULL);
    return status;
}

static ay_status unknown_name(const char *architecture, ay_err *err)
{
    char names[256];
    size_t at = 0;

    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "", plans[i].name);
    return ay_fail(err, AY_EUNSUPPORTED, "no architecture \"%.60s\" can be made from nothing; there are %s",
                   architecture, names);
}

ay_status ay_blueprint_draw(ay_blueprint *out, const char *architecture, const ay_model_options *opt,
                            ay_err *err)
{
    const plan *p = NULL;
    ay_sheet s = {0};
    uint64_t length;
    ay_status status;

    *out = (ay_blueprint){0};
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
        if (strcmp(plans[i].name, architecture) == 0)
            p = &plans[i];
    if (!p)
        return unknown_name(architecture, err);
    status = draw(&s, p, opt, &out->config, err);
    if (status != AY_OK) {
        ay_buf_fini(&s.text);
        return status;
    }
    length = s.text.len;
    out->size = sizeof length + s.text.len + s.size;
    out->bytes = s.text.failed ? NULL : ay_calloc(out->size, 1);
    if (out->bytes) {
        memcpy(out->bytes, &length, sizeof length);
        memcpy((char *)out->bytes + sizeof length, s.text.data, s.text.len);
    }
    ay_buf_fini(&s.text);
    return out->bytes ? AY_OK : ay_fail(err, AY_ENOMEM, "out of memory for a new %s", architecture);
}
