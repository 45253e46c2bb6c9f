/* plot/png.c - the display list painted by cairo. */
#include "plot/canvas.h"
#include "plot/list.h"

#include <cairo.h>
#include <math.h>
#include <string.h>

typedef struct {
    cairo_t *cr;
    ay_theme theme;
} painter;

static void use_ink(const painter *p, ay_ink ink, double opacity)
{
    uint32_t rgb = ay_ink_rgb(ink, p->theme);

    cairo_set_source_rgba(p->cr, (rgb >> 16) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0,
                          opacity);
}

/* Fill and stroke the current path. */
static void finish(const painter *p, const ay_brush *b)
{
    if (b->fill) {
        use_ink(p, b->fill, b->opacity);
        cairo_fill_preserve(p->cr);
    }
    if (b->stroke) {
        double dash = b->dash;
        use_ink(p, b->stroke, b->opacity);
        cairo_set_line_width(p->cr, b->width);
        cairo_set_dash(p->cr, &dash, b->dash ? 1 : 0, 0);
        cairo_stroke_preserve(p->cr);
    }
    cairo_new_path(p->cr);
}

static void rect(const painter *p, const ay_mark *m)
{
    double r = fmin(m->brush.round, fmin(m->w, m->h) / 2), x = m->x, y = m->y, w = m->w, h = m->h;

    if (r <= 0) {
        cairo_rectangle(p->cr, x, y, w, h);
    } else {
        cairo_arc(p->cr, x + w - r, y + r, r, -M_PI / 2, 0);
        cairo_arc(p->cr, x + w - r, y + h - r, r, 0, M_PI / 2);
        cairo_arc(p->cr, x + r, y + h - r, r, M_PI / 2, M_PI);
        cairo_arc(p->cr, x + r, y + r, r, M_PI, 1.5 * M_PI);
        cairo_close_path(p->cr);
    }
    finish(p, &m->brush);
}

static void path(const painter *p, const ay_mark *m)
{
    const double *xy = m->u.path.xy;

    for (int i = 0; i < m->u.path.n; i++)
        cairo_line_to(p->cr, xy[2 * i], xy[2 * i + 1]);
    if (m->u.path.closed)
        cairo_close_path(p->cr);
    finish(p, &m->brush);
}

static void text(const painter *p, const ay_mark *m)
{
    const ay_type *t = &m->u.text.type;
    cairo_text_extents_t e;

    cairo_save(p->cr);
    cairo_select_font_face(p->cr, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                           t->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(p->cr, t->size);
    cairo_text_extents(p->cr, m->u.text.text, &e);
    cairo_translate(p->cr, m->x, m->y);
    cairo_rotate(p->cr, t->rotate * M_PI / 180);
    cairo_move_to(p->cr, t->anchor == AY_ANCHOR_START ? 0 : -e.x_advance / (t->anchor == AY_ANCHOR_END ? 1 : 2),
                  AY_TEXT_DROP * t->size);
    use_ink(p, t->ink, 1);
    cairo_show_text(p->cr, m->u.text.text);
    cairo_restore(p->cr);
    cairo_new_path(p->cr);
}

static void image(const painter *p, const ay_mark *m)
{
    const ay_image *im = &m->u.image;
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, im->width, im->height);

    if (cairo_surface_status(s) == CAIRO_STATUS_SUCCESS) {
        unsigned char *rows = cairo_image_surface_get_data(s);
        int stride = cairo_image_surface_get_stride(s);
        for (int y = 0; y < im->height; y++) {
            const uint8_t *from = im->data + (size_t)y * (size_t)im->width * 3;
            for (int x = 0; x < im->width; x++, from += 3) {
                uint32_t v = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
                memcpy(rows + (ptrdiff_t)y * stride + 4 * x, &v, 4);
            }
        }
        cairo_surface_mark_dirty(s);
        cairo_save(p->cr);
        cairo_translate(p->cr, m->x, m->y);
        cairo_scale(p->cr, m->w / im->width, m->h / im->height);
        cairo_set_source_surface(p->cr, s, 0, 0);
        cairo_pattern_set_extend(cairo_get_source(p->cr), CAIRO_EXTEND_PAD);
        cairo_rectangle(p->cr, 0, 0, im->width, im->height);
        cairo_fill(p->cr);
        cairo_restore(p->cr);
    }
    cairo_surface_destroy(s);
}

static void paint(const ay_canvas *c, const painter *p)
{
    for (int i = 0; i < c->marks; i++) {
        const ay_mark *m = &c->mark[i];
        switch (m->kind) {
        case AY_MARK_RECT: rect(p, m); break;
        case AY_MARK_PATH: path(p, m); break;
        case AY_MARK_CIRCLE:
            cairo_arc(p->cr, m->x, m->y, m->w, 0, 2 * M_PI);
            finish(p, &m->brush);
            break;
        case AY_MARK_TEXT: text(p, m); break;
        case AY_MARK_IMAGE: image(p, m); break;
        }
    }
}

static ay_status encode(cairo_surface_t *s, int width, int height, ay_buf *out, ay_err *err)
{
    const unsigned char *rows = cairo_image_surface_get_data(s);
    int stride = cairo_image_surface_get_stride(s);
    ay_image im;
    ay_status status = ay_image_create(&im, width, height, err);

    if (status != AY_OK)
        return status;
    for (int y = 0; y < height; y++) {
        uint8_t *to = im.data + (size_t)y * (size_t)width * 3;
        for (int x = 0; x < width; x++, to += 3) {
            uint32_t v;
            memcpy(&v, rows + (ptrdiff_t)y * stride + 4 * x, 4);
            to[0] = (uint8_t)(v >> 16), to[1] = (uint8_t)(v >> 8), to[2] = (uint8_t)v;
        }
    }
    status = ay_image_encode_png(&im, out, err);
    ay_image_fini(&im);
    return status;
}

ay_status ay_canvas_png(const ay_canvas *c, ay_theme theme, double scale, ay_buf *out, ay_err *err)
{
    double k = scale > 0 ? scale : 2;
    int width = (int)ceil(c->width * k), height = (int)ceil(c->height * k);
    cairo_surface_t *s;
    painter p = {NULL, theme};
    ay_status status;

    if (c->failed)
        return ay_fail(err, AY_ENOMEM, "chart \"%.100s\": no memory", c->title);
    if (width > 32767 || height > 32767)
        return ay_fail(err, AY_ELIMIT, "chart \"%.100s\" at %d x %d pixels: PNG takes 32767 a side",
                       c->title, width, height);
    s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    p.cr = cairo_create(s);
    cairo_scale(p.cr, k, k);
    paint(c, &p);
    cairo_surface_flush(s);
    if (cairo_status(p.cr) != CAIRO_STATUS_SUCCESS)
        status = ay_fail(err, AY_ENOMEM, "chart \"%.100s\": cairo says %s", c->title,
                         cairo_status_to_string(cairo_status(p.cr)));
    else
        status = encode(s, width, height, out, err);
    cairo_destroy(p.cr);
    cairo_surface_destroy(s);
    return status;
}
