/* plot/list.h - the display list, for the writers in this folder. */
#ifndef AY_PLOT_LIST_H
#define AY_PLOT_LIST_H

#include "base/arena.h"
#include "plot/canvas.h"

typedef enum { AY_MARK_RECT, AY_MARK_PATH, AY_MARK_CIRCLE, AY_MARK_IMAGE, AY_MARK_TEXT } ay_mark_kind;

typedef struct {
    ay_mark_kind kind;
    ay_brush brush;
    double x, y, w, h; /* CIRCLE: w is the radius */
    union {
        struct {
            double *xy;
            int n;
            bool closed;
        } path;
        ay_image image; /* owned */
        struct {
            ay_type type;
            char *text;
        } text;
    } u;
} ay_mark;

struct ay_canvas {
    double width, height;
    char *title, *about;
    ay_arena arena; /* points and strings */
    ay_mark *mark;
    int marks, cap;
    bool failed;
};

/* Beneath y, in font sizes: where letters stand when y is their middle. */
#define AY_TEXT_DROP 0.36

/* One character from s (NUL-terminated) into *code; bytes used.  What is not UTF-8 is U+FFFD. */
size_t ay_text_next(const char *s, uint32_t *code);

#endif
