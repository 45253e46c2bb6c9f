/* plot/plot.h - the charts of a report, each a function from plain numbers to a canvas.
 *
 * Every chart is readable with 2 classes and with 50, with one epoch and with hundreds, with names
 * as long as a file system allows: sizes follow the data, names are cut in the middle, numbers that
 * would not fit are left out, never drawn over each other.
 *
 * On success the caller gives *out to ay_canvas_destroy().  AY_EINVAL for nothing to draw,
 * AY_ENOMEM.  Names and numbers are only read during the call.  Any thread. */
#ifndef AY_PLOT_PLOT_H
#define AY_PLOT_PLOT_H

#include "plot/canvas.h"

#include <stdint.h>

/* counts [classes, classes], row: truth, column: guess.  rows false: colour and number are counts;
 * true: shares of the row in per cent. */
ay_status ay_plot_confusion(ay_canvas **out, const int64_t *counts, int classes,
                            const char *const *names, bool rows, ay_err *err);

/* One number an epoch; NULL or NaN: not there. */
typedef struct {
    int epochs;
    const double *train_loss, *val_loss;
    const double *train_accuracy, *val_accuracy, *val_f1;
    const double *learning_rate;
    int best; /* the epoch kept, from 0; -1: none is marked */
} ay_curves;
/* Three panels under each other: loss, accuracy, learning rate on a logarithmic axis. */
ay_status ay_plot_curves(ay_canvas **out, const ay_curves *curves, ay_err *err);

typedef struct {
    double lo, hi;
    int64_t count;
    double confidence, accuracy;
} ay_plot_bin;
/* Bars of accuracy over confidence with their gap to the diagonal, and below the histogram of
 * confidence (equal bins over 0..1) with a line at threshold (NaN: none). */
ay_status ay_plot_reliability(ay_canvas **out, const ay_plot_bin *bin, int bins,
                              const int64_t *histogram, int histogram_bins, double ece, double mce,
                              double threshold, ay_err *err);

typedef struct {
    const char *name;
    double precision, recall, f1;
    int64_t support;
} ay_plot_class;
/* Horizontal bars sorted by F1, worst first, with a line at `line` (NaN: none). */
ay_status ay_plot_classes(ay_canvas **out, const ay_plot_class *rows, int classes, double line,
                          ay_err *err);

/* risk[i]: error rate among the i + 1 most confident of n. */
ay_status ay_plot_risk(ay_canvas **out, const double *risk, int64_t n, double area, double coverage,
                       double threshold, ay_err *err);

typedef struct {
    const ay_image *image; /* NULL: a grey field that says the picture could not be read */
    const char *line[3];   /* under the picture; NULL: none */
    bool bad;              /* the second line is a mistake and is coloured so */
} ay_plot_tile;
ay_status ay_plot_sheet(ay_canvas **out, const char *title, const char *about,
                        const ay_plot_tile *tile, int tiles, ay_err *err);

/* Densities of similarities in 50 bins over the range that they have, two kinds over each other; of either there may be none.
 * names: of the two, "right" and "wrong".  Values that are not finite are left out. */
ay_status ay_plot_similarity(ay_canvas **out, const double *const value[2], const int64_t n[2],
                             const char *const names[2], const char *title, ay_err *err);

typedef struct {
    const char *name;
    double own_lo, own_mid, own_hi;       /* least, median and largest similarity of its own pictures; NaN: none */
    double rival_lo, rival_mid, rival_hi; /* of those that must not pass */
    double threshold;                     /* NaN: none */
    int64_t own, rivals;
} ay_plot_margin;
/* A row a class: where its own pictures lie and where the others, and the threshold between them; those where the two
 * come closest first. */
ay_status ay_plot_margins(ay_canvas **out, const ay_plot_margin *rows, int n, ay_err *err);

typedef struct {
    const char *name;
    double rate, lo, hi; /* and its interval; rate NaN: nothing was counted */
    int64_t count, of;
} ay_plot_rate;
/* Horizontal bars with their intervals, lowest first. */
ay_status ay_plot_rates(ay_canvas **out, const char *title, const ay_plot_rate *rows, int n, ay_err *err);

/* A picture, the same picture under its heat map, and the scale between them. */
ay_status ay_plot_heat(ay_canvas **out, const ay_image *picture, const ay_image *overlay,
                       const char *title, const char *about, ay_err *err);

#endif
