/* plot/axes.h - the grammar of a chart: a frame, two scales, ticks, a grid, a legend.
 *
 * A chart says which numbers its frame covers and draws in data coordinates through ay_axes_x/y.
 * Ticks are the round numbers 1, 2, 5 x 10^k (Heckbert, "Nice numbers for graph labels", 1990) or
 * powers of ten on a logarithmic scale.  For the files of this folder. */
#ifndef AY_PLOT_AXES_H
#define AY_PLOT_AXES_H

#include "plot/canvas.h"

enum { AY_TICKS_MAX = 24 };

typedef enum { AY_SCALE_LINEAR, AY_SCALE_LOG, AY_SCALE_PERCENT, AY_SCALE_WHOLE } ay_scale_kind;
typedef struct {
    ay_scale_kind kind;
    double lo, hi; /* lo < hi; LOG: lo > 0 */
    const char *title;
    bool grid;
    int want; /* about how many ticks; 0: 5 */
} ay_scale;

typedef struct {
    double x, y, w, h; /* the frame inside the axes */
    ay_scale sx, sy;
} ay_axes;

double ay_axes_x(const ay_axes *a, double v);
double ay_axes_y(const ay_axes *a, double v);
/* Frame, grid, ticks, labels, titles. */
void ay_axes_draw(ay_canvas *c, const ay_axes *a);
/* Ticks inside lo..hi into at[AY_TICKS_MAX]; returns how many. */
int ay_scale_ticks(const ay_scale *s, double at[AY_TICKS_MAX]);
/* "0.25", "1e-4", "25 %" */
void ay_scale_label(const ay_scale *s, double v, char *dst, size_t cap);
/* Widen lo..hi of a linear scale to whole ticks; equal or non-finite ends get a sensible room. */
void ay_scale_round(ay_scale *s);

typedef enum { AY_KEY_LINE, AY_KEY_DASH, AY_KEY_BOX, AY_KEY_DOT } ay_key_kind;
typedef struct {
    ay_key_kind kind;
    ay_ink ink;
    const char *text;
} ay_key;
/* One row of keys from x to the right, centred on y; returns where it ends. */
double ay_legend_draw(ay_canvas *c, double x, double y, const ay_key *key, int keys);
/* The chart's heading and the sentence under it, at the canvas's top. */
enum { AY_HEADING_HEIGHT = 58 };
void ay_heading_draw(ay_canvas *c, const char *title, const char *sentence);

#endif
