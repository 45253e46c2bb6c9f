/* plot/sheet.c - pictures in rows, each with up to three lines under it; and a picture beside its heat
 * map.  Pictures keep their shape inside a square; the square is a little darker than the paper, so
 * that a white picture has an edge. */
#include "plot/axes.h"
#include "plot/plot.h"

#include <math.h>
#include <stdio.h>

enum { TILE = 168, GAP = 18, LINE = 16, COLUMNS = 4, LEFT = 20, SCALE_STEPS = 64 };

static void draw_picture(ay_canvas *c, double x, double y, double side, const ay_image *im)
{
    ay_canvas_rect(c, x, y, side, side, &(ay_brush){.fill = AY_INK_PANEL, .stroke = AY_INK_GRID});
    if (!im) {
        ay_canvas_text(c, x + side / 2, y + side / 2,
                       &(ay_type){.size = 11, .ink = AY_INK_MUTED, .anchor = AY_ANCHOR_MIDDLE,
                                  .max_width = side - 8},
                       "cannot be read");
        return;
    }
    double k = side / fmax(im->width, im->height), w = im->width * k, h = im->height * k;
    ay_canvas_image(c, x + (side - w) / 2, y + (side - h) / 2, w, h, im);
}

static void draw_tile(ay_canvas *c, double x, double y, const ay_plot_tile *t)
{
    draw_picture(c, x, y, TILE, t->image);
    for (int k = 0; k < 3; k++)
        if (t->line[k])
            ay_canvas_text(c, x, y + TILE + 12 + k * LINE,
                           &(ay_type){.size = k == 2 ? 10 : 12,
                                      .ink = k == 1 && t->bad ? AY_INK_BAD
                                             : k == 2         ? AY_INK_MUTED
                                                              : AY_INK_TEXT,
                                      .max_width = TILE},
                           t->line[k]);
}

ay_status ay_plot_sheet(ay_canvas **out, const char *title, const char *about,
                        const ay_plot_tile *tile, int tiles, ay_err *err)
{
    int columns = tiles < COLUMNS ? (tiles < 3 ? 3 : tiles) : COLUMNS;
    int rows = (tiles + columns - 1) / columns;
    double pitch = TILE + 3 * LINE + GAP;
    ay_status status =
        ay_canvas_create(out, 2 * LEFT + columns * TILE + (columns - 1) * GAP,
                         AY_HEADING_HEIGHT + (rows ? rows * pitch : 20), title, about, err);

    if (status != AY_OK)
        return status;
    ay_heading_draw(*out, title, about);
    for (int i = 0; i < tiles; i++)
        draw_tile(*out, LEFT + i % columns * (TILE + GAP), AY_HEADING_HEIGHT + i / columns * pitch,
                  &tile[i]);
    return AY_OK;
}

/* The ramp as a thin picture: its colours are those of the overlay, not of a theme. */
static void draw_ramp(ay_canvas *c, double x, double y, double h)
{
    ay_image im;

    if (ay_image_create(&im, 1, SCALE_STEPS, NULL) != AY_OK)
        return;
    for (int i = 0; i < SCALE_STEPS; i++) {
        uint32_t rgb = ay_turbo_rgb(1 - i / (SCALE_STEPS - 1.0));
        im.data[3 * i] = (uint8_t)(rgb >> 16);
        im.data[3 * i + 1] = (uint8_t)(rgb >> 8);
        im.data[3 * i + 2] = (uint8_t)rgb;
    }
    ay_canvas_image(c, x, y, 12, h, &im);
    ay_image_fini(&im);
    ay_canvas_text(c, x + 18, y + 5, &(ay_type){.size = 11, .ink = AY_INK_MUTED}, "much");
    ay_canvas_text(c, x + 18, y + h - 5, &(ay_type){.size = 11, .ink = AY_INK_MUTED}, "little");
}

ay_status ay_plot_heat(ay_canvas **out, const ay_image *picture, const ay_image *overlay,
                       const char *title, const char *about, ay_err *err)
{
    enum { BIG = 300 };
    ay_status status = ay_canvas_create(out, 2 * LEFT + 2 * BIG + GAP + 80, AY_HEADING_HEIGHT + BIG + 20,
                                        title, about, err);

    if (status != AY_OK)
        return status;
    ay_heading_draw(*out, title, about);
    draw_picture(*out, LEFT, AY_HEADING_HEIGHT, BIG, picture);
    draw_picture(*out, LEFT + BIG + GAP, AY_HEADING_HEIGHT, BIG, overlay);
    draw_ramp(*out, LEFT + 2 * BIG + GAP + 14, AY_HEADING_HEIGHT, BIG);
    return AY_OK;
}
