/* plot/png.c - the display list painted by cairo.
 *
 * A letter that no font of the machine has is drawn as a box with its code in it, as browsers do: two
 * such names can still be told apart, and nobody takes them for what the classes are called.  A note
 * under the chart says so. */
#include "plot/canvas.h"
#include "plot/font.h"
#include "plot/list.h"

#include <cairo.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    cairo_t *cr;
    ay_theme theme;
    ay_fonts *fonts;
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

static void use_font(const painter *p, const char *family, const ay_type *t, double share)
{
    cairo_select_font_face(p->cr, family, CAIRO_FONT_SLANT_NORMAL,
                           t->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(p->cr, t->size * share);
}

/* The code in two rows of digits, as wide as the table says that the letter is. */
static double coded_box(const painter *p, const ay_type *t, const char *letter, double x, bool draw)
{
    uint32_t code;
    double width = ay_text_width(letter, t->size, t->bold), high = 0.84 * t->size;
    double top = AY_TEXT_DROP * t->size - high;
    int digits;
    char row[2][4];

    ay_text_next(letter, &code);
    digits = code > 0xffff ? 3 : 2;
    if (!draw)
        return width;
    snprintf(row[0], sizeof row[0], "%0*X", digits, (unsigned)(code >> 4 * digits & 0xfff));
    snprintf(row[1], sizeof row[1], "%0*X", digits, (unsigned)(code & ((1u << 4 * digits) - 1)));
    cairo_rectangle(p->cr, x + 0.04 * t->size, top, width - 0.08 * t->size, high);
    cairo_set_line_width(p->cr, 0.05 * t->size);
    cairo_stroke(p->cr);
    use_font(p, "DejaVu Sans", t, fmin(0.46, 1.25 * width / t->size / digits));
    for (int i = 0; i < 2; i++) {
        cairo_text_extents_t e;
        cairo_text_extents(p->cr, row[i], &e);
        cairo_move_to(p->cr, x + width / 2 - e.x_advance / 2, top + (0.43 + 0.43 * i) * high);
        cairo_show_text(p->cr, row[i]);
    }
    return width;
}

/* Bytes of s that one font can draw, and that font; NULL: its first letter has none. */
static size_t run_of(const painter *p, const char *s, const char **family)
{
    uint32_t code;
    size_t n = ay_text_next(s, &code);

    *family = ay_fonts_family(p->fonts, code);
    while (*family && s[n]) {
        size_t more = ay_text_next(s + n, &code);
        if (!ay_fonts_same(p->fonts, code))
            break;
        n += more;
    }
    return n;
}

/* All runs from x on; the width.  Without draw nothing is painted. */
static double runs(const painter *p, const ay_mark *m, double x, bool draw)
{
    const ay_type *t = &m->u.text.type;
    double begin = x;

    for (const char *s = m->u.text.text; *s;) {
        char part[512];
        const char *family;
        cairo_text_extents_t e;
        size_t n = run_of(p, s, &family);
        if (!family) {
            snprintf(part, sizeof part, "%.*s", (int)n, s);
            x += coded_box(p, t, part, x, draw);
            s += n;
            continue;
        }
        while (n >= sizeof part || (s[n] & 0xc0) == 0x80) /* whole letters */
            n--;
        snprintf(part, sizeof part, "%.*s", (int)n, s);
        use_font(p, family, t, 1);
        cairo_text_extents(p->cr, part, &e);
        if (draw) {
            cairo_move_to(p->cr, x, AY_TEXT_DROP * t->size);
            cairo_show_text(p->cr, part);
        }
        x += e.x_advance;
        s += n;
    }
    return x - begin;
}

static void text(const painter *p, const ay_mark *m)
{
    const ay_type *t = &m->u.text.type;
    double width = runs(p, m, 0, false), room = ay_text_width(m->u.text.text, t->size, t->bold);

    cairo_save(p->cr);
    cairo_translate(p->cr, m->x, m->y);
    cairo_rotate(p->cr, t->rotate * M_PI / 180);
    if (width > 1.05 * room) /* a font that is wider than what the chart left room for */
        cairo_scale(p->cr, room / width, 1);
    use_ink(p, t->ink, 1);
    runs(p, m, t->anchor == AY_ANCHOR_START ? 0 : -width / (t->anchor == AY_ANCHOR_END ? 1 : 2), true);
    cairo_restore(p->cr);
    cairo_new_path(p->cr);
}

/* Under the chart, where letters are missing. */
enum { NOTE = 22 };
static const char note[] = "No font on this machine has the letters in boxes; the SVG shows them.";

static bool letters_missing(const ay_canvas *c, const painter *p)
{
    for (int i = 0; i < c->marks; i++)
        if (c->mark[i].kind == AY_MARK_TEXT)
            runs(p, &c->mark[i], 0, false);
    return p->fonts->missing;
}

static void paint_note(const painter *p, double width, double y)
{
    ay_buf fit = {0};
    ay_mark m = {.x = 16, .y = y, .u.text.type = {.size = 11, .ink = AY_INK_MUTED}};

    ay_text_fit(note, 11, false, width - 32, &fit);
    m.u.text.text = fit.failed ? "" : fit.data;
    text(p, &m);
    ay_buf_fini(&fit);
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

/* Paper everywhere, the chart, the note; one more pixel than the drawing has stays paper too. */
static void paint_all(const ay_canvas *c, painter *p, double scale, bool missing)
{
    use_ink(p, AY_INK_PAPER, 1);
    cairo_paint(p->cr);
    cairo_scale(p->cr, scale, scale);
    paint(c, p);
    if (missing)
        paint_note(p, c->width, c->height + NOTE / 2 - 4);
}

ay_status ay_canvas_png(const ay_canvas *c, ay_theme theme, double scale, ay_buf *out, ay_err *err)
{
    double k = scale > 0 ? scale : 2;
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 1, 1);
    ay_fonts fonts;
    painter p = {cairo_create(s), theme, &fonts};
    bool missing;
    int width, height;
    ay_status status;

    ay_fonts_init(&fonts);
    missing = letters_missing(c, &p);
    cairo_destroy(p.cr);
    cairo_surface_destroy(s);
    width = (int)ceil(c->width * k);
    height = (int)ceil((c->height + (missing ? NOTE : 0)) * k);
    status = c->failed ? ay_fail(err, AY_ENOMEM, "chart \"%.100s\": no memory", c->title) : AY_OK;
    if (status == AY_OK && (width > 32767 || height > 32767))
        status = ay_fail(err, AY_ELIMIT, "chart \"%.100s\" at %d x %d pixels: PNG takes 32767 a side",
                         c->title, width, height);
    if (status == AY_OK) {
        s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
        p.cr = cairo_create(s);
        paint_all(c, &p, k, missing);
        cairo_surface_flush(s);
        if (cairo_status(p.cr) != CAIRO_STATUS_SUCCESS)
            status = ay_fail(err, AY_ENOMEM, "chart \"%.100s\": cairo says %s", c->title,
                             cairo_status_to_string(cairo_status(p.cr)));
        else
            status = encode(s, width, height, out, err);
        cairo_destroy(p.cr);
        cairo_surface_destroy(s);
    }
    ay_fonts_fini(&fonts);
    return status;
}
