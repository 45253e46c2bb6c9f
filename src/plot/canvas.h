/* plot/canvas.h - a drawing as a list of shapes, written as SVG or painted as PNG.
 *
 * The list is the drawing; the two writers read it.  cairo paints the PNG.  The SVG is written by
 * us, because cairo turns text into outlines: then nothing can be searched, copied, read aloud or
 * restyled, and the bytes depend on the fonts of the machine.  Ours are the same on every machine:
 * text is text, widths come from a table (text.c) and not from an installed font.
 *
 * Units are pixels at scale 1, y grows downwards.  Text may be anything: it is repaired to valid
 * UTF-8, control characters become spaces, and it is escaped.
 *
 * Failures stick: after memory is refused, calls do nothing and ay_canvas_svg/png say so.
 *
 * Threads: one at a time. */
#ifndef AY_PLOT_CANVAS_H
#define AY_PLOT_CANVAS_H

#include "base/buf.h"
#include "base/err.h"
#include "image/image.h"
#include "plot/palette.h"

typedef struct ay_canvas ay_canvas;

/* title and about: read aloud by screen readers and shown as the drawing's name; copied. */
ay_status ay_canvas_create(ay_canvas **out, double width, double height, const char *title,
                           const char *about, ay_err *err);
void ay_canvas_destroy(ay_canvas *c); /* NULL is fine */
double ay_canvas_width(const ay_canvas *c);
double ay_canvas_height(const ay_canvas *c);

/* How a shape looks.  AY_INK_NONE: no fill, no stroke. */
typedef struct {
    ay_ink fill, stroke;
    double width;   /* of the stroke; 0: 1 */
    double opacity; /* 0: 1 */
    int dash;       /* 0: solid; else on and off that many pixels */
    double round;   /* radius of a rectangle's corners */
} ay_brush;

void ay_canvas_rect(ay_canvas *c, double x, double y, double w, double h, const ay_brush *b);
void ay_canvas_line(ay_canvas *c, double x0, double y0, double x1, double y1, const ay_brush *b);
/* n points x0, y0, x1, y1 ...; closed makes a polygon. */
void ay_canvas_path(ay_canvas *c, const double *xy, int n, bool closed, const ay_brush *b);
void ay_canvas_circle(ay_canvas *c, double x, double y, double r, const ay_brush *b);
/* im is copied, drawn into w x h. */
void ay_canvas_image(ay_canvas *c, double x, double y, double w, double h, const ay_image *im);

typedef enum { AY_ANCHOR_START, AY_ANCHOR_MIDDLE, AY_ANCHOR_END } ay_anchor;
typedef struct {
    double size; /* of the font; 0: 12 */
    bool bold;
    ay_anchor anchor;
    ay_ink ink;       /* 0: AY_INK_TEXT */
    double rotate;    /* degrees clockwise about (x, y) */
    double max_width; /* 0: any; else the text is cut in its middle with an ellipsis to fit */
} ay_type;
/* y is the middle of the letters' x-height: a label beside a tick needs no arithmetic. */
void ay_canvas_text(ay_canvas *c, double x, double y, const ay_type *t, const char *text);
/* As above from a format. */
void ay_canvas_textf(ay_canvas *c, double x, double y, const ay_type *t, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Width in pixels of text at this size, by the table. */
double ay_text_width(const char *text, double size, bool bold);
/* Append text, cut in its middle with an ellipsis where it is wider than room (0: never cut). */
void ay_text_fit(const char *text, double size, bool bold, double room, ay_buf *out);
/* Append text as valid UTF-8: control characters become spaces; broken bytes and marks that reorder
 * or hide what follows become U+FFFD. */
void ay_text_repair(const char *text, ay_buf *out);
/* As above, safe in HTML and XML text and in quoted attributes. */
void ay_text_escape(const char *text, ay_buf *out);

/* Append the whole SVG document.  is_inline: to stand inside an HTML page that has the rules of
 * ay_ink_css in its style. */
ay_status ay_canvas_svg(const ay_canvas *c, ay_theme theme, bool is_inline, ay_buf *out,
                        ay_err *err);
/* Style rules that turn light inks into dark ones, without the media query around them. */
void ay_ink_css(ay_buf *out);
/* Append n bytes as base64. */
void ay_base64(const void *bytes, size_t n, ay_buf *out);
/* Append a PNG of width * scale pixels (scale 0: 2). */
ay_status ay_canvas_png(const ay_canvas *c, ay_theme theme, double scale, ay_buf *out, ay_err *err);
/* Write path: ".svg" or ".png" by its end; whole or not at all. */
ay_status ay_canvas_save(const ay_canvas *c, ay_theme theme, const char *path, ay_err *err);

#endif
