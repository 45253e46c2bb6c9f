/* plot/svg.c - the display list as SVG 1.1 that needs nothing from outside.
 *
 * Every shape carries its light colour as an attribute, which any reader understands, and with
 * AY_THEME_AUTO a class by which one style rule a colour turns it dark on a dark screen (and not on
 * paper). */
#include "plot/canvas.h"
#include "plot/list.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
    ay_buf *out;
    ay_theme theme;
    bool used[AY_INK_COUNT];
} writer;

/* Two decimals at most, no trailing zeros, the same in every locale. */
static void number(ay_buf *out, double v)
{
    long long hundredths = llround(v * 100);
    unsigned long long size = (unsigned long long)(hundredths < 0 ? -hundredths : hundredths);
    char text[32];
    int n = snprintf(text, sizeof text, "%s%llu.%02llu", hundredths < 0 ? "-" : "", size / 100,
                     size % 100);

    while (n > 0 && text[n - 1] == '0')
        n--;
    if (n > 0 && text[n - 1] == '.')
        n--;
    ay_buf_add(out, text, (size_t)n);
}

static void attribute(ay_buf *out, const char *name, double v)
{
    ay_buf_printf(out, " %s=\"", name);
    number(out, v);
    ay_buf_putc(out, '"');
}

static void ink(writer *w, const char *name, ay_ink i)
{
    if (i == AY_INK_NONE)
        ay_buf_printf(w->out, " %s=\"none\"", name);
    else
        ay_buf_printf(w->out, " %s=\"#%06x\"", name, (unsigned)ay_ink_rgb(i, w->theme));
    w->used[i] = true;
}

static void brush(writer *w, const ay_brush *b)
{
    ink(w, "fill", b->fill);
    if (b->stroke) {
        ink(w, "stroke", b->stroke);
        if (b->width != 1)
            attribute(w->out, "stroke-width", b->width);
        if (b->dash)
            ay_buf_printf(w->out, " stroke-dasharray=\"%d\"", b->dash);
    }
    if (b->opacity < 1)
        attribute(w->out, "opacity", b->opacity);
    if (w->theme == AY_THEME_AUTO && (b->fill || b->stroke)) {
        ay_buf_puts(w->out, " class=\"");
        if (b->fill)
            ay_buf_printf(w->out, "yf%d", b->fill);
        if (b->stroke)
            ay_buf_printf(w->out, "%sys%d", b->fill ? " " : "", b->stroke);
        ay_buf_putc(w->out, '"');
    }
}

static void path(writer *w, const ay_mark *m)
{
    const double *xy = m->u.path.xy;

    ay_buf_puts(w->out, "<path d=\"");
    for (int i = 0; i < m->u.path.n; i++) {
        ay_buf_putc(w->out, i ? 'L' : 'M');
        number(w->out, xy[2 * i]);
        ay_buf_putc(w->out, ' ');
        number(w->out, xy[2 * i + 1]);
    }
    ay_buf_puts(w->out, m->u.path.closed ? "Z\"" : "\"");
    brush(w, &m->brush);
    ay_buf_puts(w->out, "/>\n");
}

static void text(writer *w, const ay_mark *m)
{
    static const char *const anchor[] = {NULL, "middle", "end"};
    const ay_type *t = &m->u.text.type;
    const ay_brush b = {.fill = t->ink, .opacity = 1, .width = 1};

    ay_buf_puts(w->out, "<text");
    attribute(w->out, "x", m->x);
    attribute(w->out, "y", m->y);
    attribute(w->out, "dy", AY_TEXT_DROP * t->size);
    attribute(w->out, "font-size", t->size);
    if (t->bold)
        ay_buf_puts(w->out, " font-weight=\"bold\"");
    if (anchor[t->anchor])
        ay_buf_printf(w->out, " text-anchor=\"%s\"", anchor[t->anchor]);
    if (t->rotate != 0) {
        ay_buf_puts(w->out, " transform=\"rotate(");
        number(w->out, t->rotate);
        ay_buf_putc(w->out, ' ');
        number(w->out, m->x);
        ay_buf_putc(w->out, ' ');
        number(w->out, m->y);
        ay_buf_puts(w->out, ")\"");
    }
    brush(w, &b);
    ay_buf_putc(w->out, '>');
    ay_text_escape(m->u.text.text, w->out);
    ay_buf_puts(w->out, "</text>\n");
}

void ay_base64(const void *bytes, size_t n, ay_buf *out)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? p[i + 2] : 0);
        char four[4] = {digit[v >> 18], digit[v >> 12 & 63], i + 1 < n ? digit[v >> 6 & 63] : '=',
                        i + 2 < n ? digit[v & 63] : '='};
        ay_buf_add(out, four, 4);
    }
}

static ay_status image(writer *w, const ay_mark *m, ay_err *err)
{
    ay_buf jpeg = {0};
    ay_status status = ay_image_encode_jpeg(&m->u.image, 88, &jpeg, err);

    if (status == AY_OK) {
        ay_buf_puts(w->out, "<image");
        attribute(w->out, "x", m->x);
        attribute(w->out, "y", m->y);
        attribute(w->out, "width", m->w);
        attribute(w->out, "height", m->h);
        ay_buf_puts(w->out, " preserveAspectRatio=\"none\" href=\"data:image/jpeg;base64,");
        ay_base64(jpeg.data, jpeg.len, w->out);
        ay_buf_puts(w->out, "\"/>\n");
    }
    ay_buf_fini(&jpeg);
    return status;
}

static void rect(writer *w, const ay_mark *m)
{
    ay_buf_puts(w->out, "<rect");
    if (m->x != 0)
        attribute(w->out, "x", m->x);
    if (m->y != 0)
        attribute(w->out, "y", m->y);
    attribute(w->out, "width", m->w);
    attribute(w->out, "height", m->h);
    if (m->brush.round > 0)
        attribute(w->out, "rx", m->brush.round);
    brush(w, &m->brush);
    ay_buf_puts(w->out, "/>\n");
}

static void circle(writer *w, const ay_mark *m)
{
    ay_buf_puts(w->out, "<circle");
    attribute(w->out, "cx", m->x);
    attribute(w->out, "cy", m->y);
    attribute(w->out, "r", m->w);
    brush(w, &m->brush);
    ay_buf_puts(w->out, "/>\n");
}

static void rules(ay_buf *out, const bool *used)
{
    for (int i = 1; i < AY_INK_COUNT; i++)
        if (!used || used[i])
            ay_buf_printf(out, ".yf%d{fill:#%06x}.ys%d{stroke:#%06x}", i,
                          (unsigned)ay_ink_rgb(i, AY_THEME_DARK), i,
                          (unsigned)ay_ink_rgb(i, AY_THEME_DARK));
}

void ay_ink_css(ay_buf *out) { rules(out, NULL); }

static void open_tag(const ay_canvas *c, bool is_inline, ay_buf *out)
{
    if (!is_inline)
        ay_buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    ay_buf_puts(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ");
    number(out, c->width);
    ay_buf_putc(out, ' ');
    number(out, c->height);
    ay_buf_putc(out, '"');
    attribute(out, "width", c->width);
    attribute(out, "height", c->height);
    ay_buf_puts(out, " font-family=\"DejaVu Sans, Verdana, sans-serif\" role=\"img\" aria-label=\"");
    ay_text_escape(c->title, out);
    ay_buf_puts(out, "\">\n<title>");
    ay_text_escape(c->title, out);
    ay_buf_puts(out, "</title>\n<desc>");
    ay_text_escape(c->about, out);
    ay_buf_puts(out, "</desc>\n");
}

ay_status ay_canvas_svg(const ay_canvas *c, ay_theme theme, bool is_inline, ay_buf *out, ay_err *err)
{
    ay_buf body = {0};
    writer w = {.out = &body, .theme = theme};
    ay_status status = AY_OK;

    for (int i = 0; i < c->marks && status == AY_OK; i++) {
        const ay_mark *m = &c->mark[i];
        switch (m->kind) {
        case AY_MARK_RECT: rect(&w, m); break;
        case AY_MARK_PATH: path(&w, m); break;
        case AY_MARK_CIRCLE: circle(&w, m); break;
        case AY_MARK_TEXT: text(&w, m); break;
        case AY_MARK_IMAGE: status = image(&w, m, err); break;
        }
    }
    if (status == AY_OK) {
        open_tag(c, is_inline, out);
        if (theme == AY_THEME_AUTO && !is_inline) {
            ay_buf_puts(out, "<style>@media screen and (prefers-color-scheme:dark){");
            rules(out, w.used);
            ay_buf_puts(out, "}</style>\n");
        }
        ay_buf_add(out, body.data, body.len);
        ay_buf_puts(out, "</svg>\n");
        if (c->failed || body.failed || out->failed)
            status = ay_fail(err, AY_ENOMEM, "chart \"%.100s\": no memory", c->title);
    }
    ay_buf_fini(&body);
    return status;
}
