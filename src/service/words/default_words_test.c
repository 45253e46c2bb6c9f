/* The embedded encoder's own words on drawn parts that nothing has seen: how often the name is right, and that
 * "none of these" rises when the right name is taken away.  The bars lie below what was measured with encoder
 * 1.2.0 (doc/words.md), so that another encoder must not be much worse. */
#include "base/test.h"
#include "draw/draw.h"
#include "engine/engine.h"
#include "engine/words.h"
#include "service/words/zeroshot.h"

#include <math.h>

enum { CLASSES = 32, EACH = 3, DIM = 4096 };

static ay_err err;
static float label[CLASSES][DIM], picture[DIM];
static int n, dim;

static double cosine(int k)
{
    double sum = 0;

    for (int d = 0; d < dim; d++)
        sum += (double)picture[d] * (double)label[k][d];
    return sum;
}

static void embed_names(ay_words *w, ay_words_info *info)
{
    CHECK_OK(ay_words_get_info(w, info, &err), err);
    n = ay_draw_class_count(AY_DRAW_DEMO);
    dim = info->dim;
    CHECK(n > 10 && n <= CLASSES && dim <= DIM);
    for (int c = 0; c < n; c++) {
        const char *name = ay_draw_class_name(AY_DRAW_DEMO, c);
        CHECK_OK(ay_words_embed(w, &name, 1, label[c], &err), err);
    }
}

static void look(ay_engine *e, int class, int index)
{
    const ay_image *list[1];
    ay_image im;

    CHECK_OK(ay_draw_picture(AY_DRAW_DEMO, class, 11, AY_DRAW_HELD_OUT + (uint64_t)index, 128, 128, &im, &err), err);
    list[0] = &im;
    CHECK_OK(ay_engine_embed(e, list, 1, picture, &err), err);
    ay_image_fini(&im);
}

static void drawn_parts_are_named(void)
{
    double with = 0, without = 0;
    int right = 0, all = 0;
    ay_words_info info;
    ay_engine *e;
    ay_words *w;

    CHECK_OK(ay_words_open(&w, "default", NULL, &err), err);
    CHECK_OK(ay_engine_open(&e, &(ay_engine_options){0}, &err), err);
    embed_names(w, &info);
    for (int i = 0; i < n * EACH; i++, all++) {
        double best = -2, other = -2;
        int best_at = -1;
        look(e, i % n, i / n);
        for (int k = 0; k < n; k++) {
            double c = cosine(k);
            best_at = c > best ? k : best_at;
            best = fmax(best, c);
            other = k == i % n ? other : fmax(other, c);
        }
        right += best_at == i % n;
        with += ay_zeroshot_none_measured(&info.none, best, n);
        without += ay_zeroshot_none_measured(&info.none, other, n - 1);
    }
    printf("  %d of %d named; none of these %.2f with the name, %.2f without\n", right, all, with / all, without / all);
    CHECK(right >= all * 6 / 10);
    CHECK(without / all > with / all + 0.15);
    ay_engine_close(e);
    ay_words_close(w);
}

TESTS({"drawn parts are named", drawn_parts_are_named})
