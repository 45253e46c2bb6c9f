/* plot/font.h - which of the machine's fonts has a letter; for png.c.
 *
 * cairo's plain text calls take one font and draw its empty box for whatever it lacks, so a class named
 * in Chinese would be a row of boxes even where a Chinese font is installed.  fontconfig, which cairo
 * stands on, knows all fonts and their letters: it is asked once for each font that is needed.  Pango
 * was rejected: it would shape Devanagari and Arabic too, but it is a large dependency for labels that
 * the SVG beside every PNG has as text.
 *
 * Threads: one at a time for an object. */
#ifndef AY_PLOT_FONT_H
#define AY_PLOT_FONT_H

#include <stdbool.h>
#include <stdint.h>

enum { AY_FONTS_MOST = 12 };

typedef struct {
    struct _FcPattern *known[AY_FONTS_MOST]; /* [0]: what stands for DejaVu Sans here */
    int count, used; /* used: the one given out last */
    bool missing;    /* a letter was asked for that no font has */
} ay_fonts;

void ay_fonts_init(ay_fonts *f);
void ay_fonts_fini(ay_fonts *f);
/* A family that has the letter, DejaVu Sans where that has it; NULL: no font of this machine has it.
 * Good until the next call. */
const char *ay_fonts_family(ay_fonts *f, uint32_t code);
/* Does the family given out last take the next letter of the same word?  Spaces and digits stay with
 * what is before them. */
bool ay_fonts_same(const ay_fonts *f, uint32_t code);

#endif
