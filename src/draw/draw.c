/* The one table of families, and how a class becomes a picture.
 *
 * Randomness: one stream a picture, from the seed, the class's name and the index.  The name and
 * not the number, so that adding a class changes the pictures of no other. */
#include "draw/draw.h"

#include "base/mem.h"
#include "draw/family.h"

static const ay_draw_family *const families[] = {
    &ay_family_fasteners, &ay_family_machine,   &ay_family_electronics, &ay_family_boards,
    &ay_family_steel,     &ay_family_textures,  &ay_family_fractals,    &ay_family_screens,
    &ay_family_devices,   &ay_family_household, &ay_family_workshop,    &ay_family_shapes,
    &ay_family_flat,
};
enum { FAMILIES = sizeof families / sizeof *families };

static bool in_set(const ay_draw_class *c, ay_draw_set set)
{
    return set == AY_DRAW_TRAIN || (set == AY_DRAW_DEMO && c->demo);
}

static const ay_draw_class *find(ay_draw_set set, int index)
{
    for (int f = 0; f < FAMILIES; f++)
        for (int i = 0; i < families[f]->count; i++)
            if (in_set(&families[f]->classes[i], set) && index-- == 0)
                return &families[f]->classes[i];
    return NULL;
}

int ay_draw_class_count(ay_draw_set set)
{
    int n = 0;

    for (int f = 0; f < FAMILIES; f++)
        for (int i = 0; i < families[f]->count; i++)
            n += in_set(&families[f]->classes[i], set);
    return n;
}

const char *ay_draw_class_name(ay_draw_set set, int index)
{
    const ay_draw_class *c = index < 0 ? NULL : find(set, index);

    return !c ? NULL : set == AY_DRAW_DEMO ? c->demo : c->name;
}

int ay_draw_class_find(ay_draw_set set, const char *name)
{
    const char *have;

    for (int i = 0; (have = ay_draw_class_name(set, i)); i++)
        if (strcmp(have, name) == 0)
            return i;
    return -1;
}

static uint64_t name_seed(const char *s)
{
    uint64_t h = 1469598103934665603u; /* FNV-1a */

    while (*s)
        h = (h ^ (unsigned char)*s++) * 1099511628211u;
    return h;
}

/* The demonstration is what a person at a bench would take; training sees everything. */
static void calm(ay_view *v)
{
    v->calm = true;
    v->near = maxf(v->near, 0.82f);
    v->far = minf(v->far, 1.04f);
    v->wear *= 0.55f;
}

static ay_status draw_solid(const ay_draw_class *c, bool demo, ay_rng *r, ay_canvas *canvas,
                            ay_err *err)
{
    ay_solid *s = ay_calloc(1, sizeof *s);
    ay_scene scene;
    ay_view view;
    ay_status st;

    if (!s)
        return ay_fail(err, AY_ENOMEM, "drawing %s", c->name);
    ay_solid_init(s);
    ay_view_default(&view);
    c->build(r, s, &view);
    if (demo)
        calm(&view);
    ay_solid_finish(s);
    view.product =
        rnd_chance(r, view.product) ? 1 : 0; /* settled here: what stands alone has no clutter */
    if (view.product < 1 && rnd_chance(r, demo ? 0.12f : 0.22f))
        ay_clutter_add(r, s);
    ay_scene_pick(r, s, &view, (float)canvas->width / (float)canvas->height, &scene);
    st = ay_scene_render(&scene, canvas, err);
    ay_free(s);
    return st;
}

/* What a line camera gives: no colour, and often its range stretched. */
static void grey_camera(ay_rng *r, ay_image *im)
{
    long n = (long)im->width * im->height;
    float lo = 255, hi = 0, want_lo = rnd(r, 0, 60), want_hi = rnd(r, 150, 255), k = 1;
    bool stretch = rnd_chance(r, 0.6f);

    for (long i = 0; i < n; i++) {
        const uint8_t *p = im->data + 3 * i;
        float g = 0.3f * (float)p[0] + 0.59f * (float)p[1] + 0.11f * (float)p[2];
        lo = minf(lo, g);
        hi = maxf(hi, g);
    }
    if (stretch)
        k = minf((want_hi - want_lo) / maxf(hi - lo, 1), 3);
    for (long i = 0; i < n; i++) {
        uint8_t *p = im->data + 3 * i;
        float g = 0.3f * (float)p[0] + 0.59f * (float)p[1] + 0.11f * (float)p[2];
        if (stretch)
            g = want_lo + (g - lo) * k;
        p[0] = p[1] = p[2] = (uint8_t)clampf(g + 0.5f, 0, 255);
    }
}

ay_status ay_draw_picture(ay_draw_set set, int class_index, uint64_t seed, uint64_t index,
                          int width, int height, ay_image *out, ay_err *err)
{
    const ay_draw_class *c = class_index < 0 ? NULL : find(set, class_index);
    ay_canvas canvas;
    ay_rng r;
    ay_status st;

    memset(out, 0, sizeof *out);
    if (!c)
        return ay_fail(err, AY_EINVAL, "no class %d in that set", class_index);
    if (width < AY_DRAW_MIN_SIDE || height < AY_DRAW_MIN_SIDE || width > AY_DRAW_MAX_SIDE ||
        height > AY_DRAW_MAX_SIDE)
        return ay_fail(err, AY_EINVAL, "a drawing is %d to %d pixels a side, not %d x %d",
                       AY_DRAW_MIN_SIDE, AY_DRAW_MAX_SIDE, width, height);
    ay_rng_init3(&r, seed, name_seed(c->name), index);
    if ((st = ay_canvas_init(&canvas, width, height, err)) != AY_OK)
        return st;
    st = c->build   ? draw_solid(c, set == AY_DRAW_DEMO, &r, &canvas, err)
         : c->field ? ay_texture_paint(c, &r, &canvas, err)
                    : c->paint(&r, &canvas, err);
    if (st == AY_OK)
        st = ay_camera_expose(&r, &canvas, c->build ? (set == AY_DRAW_DEMO ? 0.4f : 0) : c->gentle,
                              out, err);
    if (st == AY_OK && c->tint == AY_TINT_GREY && c->field && rnd_chance(&r, 0.75f))
        grey_camera(&r, out);
    ay_canvas_fini(&canvas);
    return st;
}
