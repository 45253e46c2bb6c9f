#include "train/sheet.h"
#include "base/mem.h"
#include "train/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 336 }; /* pixels of the longer side: twice what a tile shows */

static int surest_first(const void *a, const void *b)
{
    const ay_mistake *x = a, *y = b;

    if (x->confidence != y->confidence)
        return x->confidence > y->confidence ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* The list stays sorted; most mistakes of a large set never enter it. */
int ay_mistakes_pick(const float *probabilities, const int *labels, int64_t n, int classes,
                     ay_mistake *out, int cap)
{
    int found = 0;

    for (int64_t i = 0; i < n; i++) {
        const float *p = probabilities + i * classes;
        ay_mistake m = {i, labels[i], ay_metrics_guess(p, classes), 0};
        int at = found;
        m.confidence = p[m.guess];
        if (m.guess == m.truth || cap < 1)
            continue;
        if (found == cap) {
            if (surest_first(&m, &out[cap - 1]) > 0)
                continue;
            at = cap - 1;
        } else {
            found++;
        }
        for (; at > 0 && surest_first(&m, &out[at - 1]) < 0; at--)
            out[at] = out[at - 1];
        out[at] = m;
    }
    return found;
}

/* A small copy of the picture at path; false when it cannot be read. */
static bool thumbnail(const char *path, ay_image *out)
{
    ay_image im;
    bool ok;

    if (ay_image_load(path, NULL, &im, NULL) != AY_OK)
        return false;
    int longer = im.width > im.height ? im.width : im.height;
    if (longer <= SHOWN) {
        *out = im;
        return true;
    }
    int w = (int)((int64_t)im.width * SHOWN / longer), h = (int)((int64_t)im.height * SHOWN / longer);
    ok = ay_image_resize(&im, w > 0 ? w : 1, h > 0 ? h : 1, AY_FILTER_BILINEAR, out, NULL) == AY_OK;
    ay_image_fini(&im);
    return ok;
}

typedef struct {
    ay_image image;
    bool there;
    char said[560], file[560];
} held;

/* The last two parts: "scratches/img_012.jpg". */
static const char *short_path(const char *path)
{
    const char *cut = path + strlen(path);
    int slashes = 0;

    while (cut > path && !(cut[-1] == '/' && ++slashes == 2))
        cut--;
    return cut;
}

static void fill(ay_plot_tile *t, held *h, const ay_mistake *m, const char *const *paths,
                 const char *const *names)
{
    h->there = thumbnail(paths[m->index], &h->image);
    snprintf(h->said, sizeof h->said, "taken for %.500s", names[m->guess]);
    snprintf(h->file, sizeof h->file, "%.0f %% sure, %.500s", 100 * m->confidence,
             short_path(paths[m->index]));
    *t = (ay_plot_tile){
        h->there ? &h->image : NULL, {names[m->truth], h->said, h->file}, true};
}

ay_status ay_mistakes_plot(ay_canvas **out, const ay_mistake *mistake, int m,
                           const char *const *paths, const char *const *names, ay_err *err)
{
    ay_plot_tile *tile = ay_calloc((size_t)m + 1, sizeof *tile);
    held *h = ay_calloc((size_t)m + 1, sizeof *h);
    ay_status status;

    *out = NULL;
    if (!tile || !h) {
        status = ay_fail(err, AY_ENOMEM, "sheet of %d mistakes: no memory", m);
    } else {
        for (int i = 0; i < m; i++)
            fill(&tile[i], &h[i], &mistake[i], paths, names);
        status = ay_plot_sheet(out, "Most confident mistakes",
                               m ? "Wrong although sure: a wrong label, a bad crop, or a kind of picture "
                                   "to take more of."
                                 : "None: every picture was named right.",
                               tile, m, err);
    }
    for (int i = 0; h && i < m; i++)
        if (h[i].there)
            ay_image_fini(&h[i].image);
    ay_free(h);
    ay_free(tile);
    return status;
}
