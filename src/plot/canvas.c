#include "plot/canvas.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "plot/list.h"

#include <stdio.h>
#include <string.h>

/* Repaired copy of s, cut to fit; NULL when memory is refused. */
static char *keep_text(ay_canvas *c, const char *s, const ay_type *t)
{
    ay_buf clean = {0}, fit = {0};
    char *out = NULL;

    ay_text_repair(s, &clean);
    if (!clean.failed)
        ay_text_fit(clean.data ? clean.data : "", t->size, t->bold, t->max_width, &fit);
    if (!clean.failed && !fit.failed)
        out = ay_arena_strdup(&c->arena, fit.data ? fit.data : "");
    ay_buf_fini(&clean);
    ay_buf_fini(&fit);
    return out;
}

ay_status ay_canvas_create(ay_canvas **out, double width, double height, const char *title,
                           const char *about, ay_err *err)
{
    const ay_type plain = {.size = 12};
    ay_canvas *c;

    *out = NULL;
    if (!(width >= 1 && width <= 20000 && height >= 1 && height <= 20000))
        return ay_fail(err, AY_EINVAL, "a chart of %g x %g pixels: sides must be 1 to 20000", width,
                       height);
    c = ay_calloc(1, sizeof *c);
    if (c) {
        c->width = width;
        c->height = height;
        ay_arena_init(&c->arena, 0);
        c->title = keep_text(c, title ? title : "", &plain);
        c->about = keep_text(c, about ? about : "", &plain);
    }
    if (!c || !c->title || !c->about) {
        ay_canvas_destroy(c);
        return ay_fail(err, AY_ENOMEM, "a chart: no memory");
    }
    *out = c;
    ay_canvas_rect(c, 0, 0, width, height, &(ay_brush){.fill = AY_INK_PAPER});
    return AY_OK;
}

void ay_canvas_destroy(ay_canvas *c)
{
    if (!c)
        return;
    for (int i = 0; i < c->marks; i++)
        if (c->mark[i].kind == AY_MARK_IMAGE)
            ay_image_fini(&c->mark[i].u.image);
    ay_arena_fini(&c->arena);
    ay_free(c->mark);
    ay_free(c);
}

double ay_canvas_width(const ay_canvas *c) { return c->width; }
double ay_canvas_height(const ay_canvas *c) { return c->height; }

/* A new mark at the end, or NULL. */
static ay_mark *add(ay_canvas *c, ay_mark_kind kind, const ay_brush *b)
{
    if (c->failed)
        return NULL;
    if (c->marks == c->cap) {
        int cap = c->cap ? 2 * c->cap : 256;
        ay_mark *grown = ay_realloc(c->mark, (size_t)cap, sizeof *grown);
        if (!grown) {
            c->failed = true;
            return NULL;
        }
        c->mark = grown;
        c->cap = cap;
    }
    ay_mark *m = &c->mark[c->marks++];
    *m = (ay_mark){.kind = kind};
    if (b)
        m->brush = *b;
    m->brush.width = m->brush.width > 0 ? m->brush.width : 1;
    m->brush.opacity = m->brush.opacity > 0 ? m->brush.opacity : 1;
    return m;
}

/* Undo add(). */
static void give_up(ay_canvas *c)
{
    c->marks--;
    c->failed = true;
}

void ay_canvas_rect(ay_canvas *c, double x, double y, double w, double h, const ay_brush *b)
{
    ay_mark *m = add(c, AY_MARK_RECT, b);

    if (m)
        m->x = x, m->y = y, m->w = w, m->h = h;
}

void ay_canvas_circle(ay_canvas *c, double x, double y, double r, const ay_brush *b)
{
    ay_mark *m = add(c, AY_MARK_CIRCLE, b);

    if (m)
        m->x = x, m->y = y, m->w = r;
}

void ay_canvas_path(ay_canvas *c, const double *xy, int n, bool closed, const ay_brush *b)
{
    ay_mark *m = n > 0 ? add(c, AY_MARK_PATH, b) : NULL;
    double *copy = m ? ay_arena_alloc(&c->arena, 2 * (size_t)n * sizeof *copy) : NULL;

    if (!m)
        return;
    if (!copy) {
        give_up(c);
        return;
    }
    memcpy(copy, xy, 2 * (size_t)n * sizeof *copy);
    m->u.path.xy = copy;
    m->u.path.n = n;
    m->u.path.closed = closed;
}

void ay_canvas_line(ay_canvas *c, double x0, double y0, double x1, double y1, const ay_brush *b)
{
    ay_canvas_path(c, (const double[]){x0, y0, x1, y1}, 2, false, b);
}

void ay_canvas_image(ay_canvas *c, double x, double y, double w, double h, const ay_image *im)
{
    ay_mark *m = add(c, AY_MARK_IMAGE, NULL);
    ay_image copy;

    if (!m)
        return;
    if (ay_image_create(&copy, im->width, im->height, NULL) != AY_OK) {
        give_up(c);
        return;
    }
    memcpy(copy.data, im->data, (size_t)im->width * (size_t)im->height * 3);
    m->u.image = copy;
    m->x = x, m->y = y, m->w = w, m->h = h;
}

void ay_canvas_text(ay_canvas *c, double x, double y, const ay_type *t, const char *text)
{
    ay_type type = t ? *t : (ay_type){0};
    ay_mark *m = add(c, AY_MARK_TEXT, NULL);

    if (!m)
        return;
    type.size = type.size > 0 ? type.size : 12;
    type.ink = type.ink ? type.ink : AY_INK_TEXT;
    m->u.text.type = type;
    m->u.text.text = keep_text(c, text ? text : "", &type);
    m->x = x, m->y = y;
    if (!m->u.text.text)
        give_up(c);
}

void ay_canvas_textf(ay_canvas *c, double x, double y, const ay_type *t, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ay_canvas_text(c, x, y, t, text);
}

ay_status ay_canvas_save(const ay_canvas *c, ay_theme theme, const char *path, ay_err *err)
{
    ay_buf out = {0};
    ay_status status;

    if (ay_str_ends_nocase(path, ".svg"))
        status = ay_canvas_svg(c, theme, false, &out, err);
    else if (ay_str_ends_nocase(path, ".png"))
        status = ay_canvas_png(c, theme, 0, &out, err);
    else
        status = ay_fail(err, AY_EINVAL, "chart %s: the name must end in .svg or .png", path);
    if (status == AY_OK)
        status = ay_file_write(path, out.data, out.len, err);
    ay_buf_fini(&out);
    return status;
}
