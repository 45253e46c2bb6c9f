/* plot/palette.h - colours by what they mean, so that one drawing serves light, dark and print.
 *
 * A chart names roles (AY_INK_TEXT, AY_INK_SERIES + 1, AY_INK_HEAT + 12); only a theme knows
 * colours.  Series colours are Okabe and Ito's, which people with any common colour blindness tell
 * apart, in lighter tones for dark paper; the heat ramp is one hue from paper to deep, ordered by
 * lightness alone, so that it survives a grey printer.
 *
 * Static tables, any thread. */
#ifndef AY_PLOT_PALETTE_H
#define AY_PLOT_PALETTE_H

#include <stdint.h>

enum {
    AY_INK_NONE,   /* draw nothing */
    AY_INK_PAPER,  /* behind everything */
    AY_INK_TEXT,
    AY_INK_MUTED,  /* axis labels, notes */
    AY_INK_AXIS,
    AY_INK_GRID,
    AY_INK_PANEL,  /* a quiet area on the paper */
    AY_INK_BAD,    /* wrong answers, gaps */
    AY_INK_SERIES, /* AY_INK_SERIES + 0 .. + 5 */
    AY_SERIES_COUNT = 6,
    AY_INK_HEAT = AY_INK_SERIES + AY_SERIES_COUNT, /* + 0 (nothing) .. + AY_HEAT_STEPS - 1 (all) */
    AY_HEAT_STEPS = 33,
    AY_INK_ON_HEAT = AY_INK_HEAT + AY_HEAT_STEPS, /* text on the step of the same number */
    AY_INK_COUNT = AY_INK_ON_HEAT + AY_HEAT_STEPS
};
typedef int ay_ink;

typedef enum {
    AY_THEME_AUTO, /* SVG: light, dark where the reader's screen asks for it; PNG: light */
    AY_THEME_LIGHT,
    AY_THEME_DARK
} ay_theme;

/* 0xRRGGBB.  AUTO is LIGHT.  ink must not be AY_INK_NONE. */
uint32_t ay_ink_rgb(ay_ink ink, ay_theme theme);
/* The step of the ramp for a share 0..1 (clamped; NaN is 0): any share above 0 is at least step 1. */
ay_ink ay_ink_heat(double share);
/* The colour of a heat map over photographs (turbo: perceptually ordered, unlike jet), share 0..1. */
uint32_t ay_turbo_rgb(double share);

#endif
