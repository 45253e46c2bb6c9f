/* image/align.h - how a picture must be moved and stretched to lie over another one.  For src/image only.
 *
 * Two stretches and two moves, no turn and no slant: what a crop does, and nothing that another shot of the same thing
 * does.  Least squares by Gauss and Newton on square copies (B. Lucas and T. Kanade, "An iterative image registration
 * technique", 1981, with these four unknowns).
 *
 * Threads: any. */
#ifndef AY_IMAGE_ALIGN_H
#define AY_IMAGE_ALIGN_H

#include <stdbool.h>
#include <stdint.h>

/* A point x, y of a (both sides 0..1) lies at sx x + tx, sy y + ty of b. */
typedef struct {
    double sx, sy, tx, ty;
} ay_box;

#define AY_BOX_WHOLE ((ay_box){1, 1, 0, 0})

/* The value of an n x n picture at x, y in pixels; its middle points are whole numbers.  Inside 0 .. n - 1. */
static inline float ay_sample(const float *p, int n, float x, float y)
{
    int x0 = (int)x, y0 = (int)y;
    float fx = x - (float)x0, fy = y - (float)y0;
    int x1 = x0 + (x0 + 1 < n), y1 = y0 + (y0 + 1 < n);
    float top = p[y0 * n + x0] + fx * (p[y0 * n + x1] - p[y0 * n + x0]);
    float low = p[y1 * n + x0] + fx * (p[y1 * n + x1] - p[y1 * n + x0]);

    return top + fy * (low - top);
}

enum { AY_BOX_MOST = 256 };
/* Better *box, which is a first guess, for n x n pictures a and b, n at most AY_BOX_MOST.  false: there is no answer near it; then *box is unchanged. */
bool ay_box_fit(const float *a, const float *b, int n, ay_box *box);
/* Correlation of a with b where they overlap, and how much of a that is. */
float ay_box_correlation(const float *a, const float *b, int n, const ay_box *box, float *overlap);

#endif
