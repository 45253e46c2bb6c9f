/* Pictures that are left become originals; classes, samples, missing.csv, and the manifest last. */
#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "inspect/gather_parts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- 6 end ------------------------------------------------------------------------------------- */

static ay_status fill_originals(ay_gather *g, ay_line_set *set, ay_err *err)
{
    ay_line_original *p = ay_arena_alloc(g->arena, ((size_t)g->n + 1) * sizeof *p);
    ay_line_missing *m = ay_arena_alloc(g->arena, ((size_t)g->n + 1) * sizeof *m);

    if (!p || !m)
        return ay_gather_memory(err);
    for (int i = 0; i < g->n; i++) {
        const ay_found *f = &g->files[i];
        if (f->reason) {
            m[set->nmissing++] =
                (ay_line_missing){.file = f->path, .kind = f->kind, .reason = f->reason, .kept = !f->dropped};
            set->misses[f->kind]++;
        }
        if (f->dropped)
            continue;
        ay_line_original *q = &p[set->n++];
        *q = (ay_line_original){.file = strrchr(f->to, '/') + 1, .path = f->to, .class = f->class, .ok = f->ok,
                                .board = f->named ? f->name.part[AY_LINE_BOARD] : "",
                                .timestamp = f->named ? f->name.part[AY_LINE_TIMESTAMP] : "",
                                .component_id = f->named ? f->name.part[AY_LINE_COMPONENT_ID] : "",
                                .width = f->width, .height = f->height};
        memcpy(q->sha256, f->sha256, sizeof q->sha256);
        if (f->class >= 0)
            f->ok ? g->classes[f->class].ok++ : g->classes[f->class].ng++;
    }
    set->originals = p;
    set->missing = m;
    return AY_OK;
}

/* Classes all of whose pictures are damaged go, and numbers of the others move up. */
static void drop_empty(ay_gather *g, ay_line_set *set, int *moved)
{
    ay_line_original *p = (ay_line_original *)set->originals;
    char path[AY_LINE_PATH];

    for (int i = 0; i < g->nclasses; i++) {
        moved[i] = g->classes[i].ok ? set->nclasses : AY_LINE_UNKNOWN;
        if (g->classes[i].ok)
            g->classes[set->nclasses++] = g->classes[i];
        else if (ay_line_path(path, NULL, g->dir, "raw_data.tmp/%s", g->classes[i].name) == AY_OK)
            rmdir(path);
    }
    for (int i = 0; i < set->n; i++)
        if (p[i].class >= 0)
            p[i].class = moved[p[i].class];
    set->classes = g->classes;
}

/* samples pictures of the class, without putting back, in the order of their names. */
static ay_status pick_samples(ay_gather *g, ay_line_set *set, int class, ay_err *err)
{
    ay_line_class *c = &g->classes[class];
    int want = g->o->samples > 0 ? g->o->samples : 3, left = c->ok;
    const char **s = ay_arena_alloc(g->arena, (size_t)(want < left ? want : left) * sizeof *s + 1);
    ay_rng r;

    if (!s)
        return ay_gather_memory(err);
    ay_rng_init3(&r, g->o->seed, (uint64_t)class, 1);
    want = want < left ? want : left;
    c->samples = s;
    for (int i = 0; i < set->n && c->nsamples < want; i++) {
        const ay_line_original *p = &set->originals[i];
        if (p->class != class || !p->ok)
            continue;
        if (ay_rng_below(&r, (uint32_t)left--) < (uint32_t)(want - c->nsamples))
            s[c->nsamples++] = p->file;
    }
    return AY_OK;
}

static void csv_field(ay_buf *b, const char *s, char end)
{
    ay_buf_putc(b, '"');
    for (; *s; s++) {
        if (*s == '"')
            ay_buf_putc(b, '"');
        ay_buf_putc(b, *s);
    }
    ay_buf_printf(b, "\"%c", end);
}

static ay_status write_missing(const char *dir, const ay_line_set *set, ay_err *err)
{
    char path[AY_LINE_PATH];
    ay_buf b = {0};
    ay_status status = ay_line_path(path, err, dir, "missing.csv");

    ay_buf_puts(&b, "file,kind,kept,reason\n");
    for (int i = 0; i < set->nmissing; i++) {
        const ay_line_missing *m = &set->missing[i];
        csv_field(&b, m->file, ',');
        ay_buf_printf(&b, "%s,%s,", ay_line_miss_name(m->kind), m->kept ? "yes" : "no");
        csv_field(&b, m->reason, '\n');
    }
    if (status == AY_OK)
        status = b.failed ? ay_gather_memory(err) : ay_file_write(path, b.data, b.len, err);
    ay_buf_fini(&b);
    return status;
}

static void tell(const ay_gather *g, const ay_line_set *set)
{
    int ok = 0, dropped = 0;

    for (int i = 0; i < set->n; i++)
        ok += set->originals[i].ok;
    for (int i = 0; i < set->nmissing; i++)
        dropped += !set->missing[i].kept;
    ay_line_note(g->observer, "line_pictures|%d pictures of %d classes, and %d NG pictures", ok, set->nclasses,
                 set->n - ok);
    if (dropped)
        ay_line_note(g->observer,
                     "line_missing|%d files are not used: %d by their names, %d without product, %d damaged; missing.csv "
                     "names each",
                     dropped, set->misses[AY_LINE_MISS_NAME], set->misses[AY_LINE_MISS_PRODUCT],
                     set->misses[AY_LINE_MISS_PICTURE]);
    if (set->nmissing > dropped)
        ay_line_note(g->observer, "line_ng_unknown|of %d NG pictures nobody knows what they show", set->nmissing - dropped);
}

ay_status ay_gather_end(ay_gather *g, ay_line_set *set, ay_err *err)
{
    int *moved = ay_calloc((size_t)g->nclasses + 1, sizeof *moved);
    ay_status status = moved ? fill_originals(g, set, err) : ay_gather_memory(err);

    if (status == AY_OK)
        drop_empty(g, set, moved);
    ay_free(moved);
    if (status == AY_OK)
        status = write_missing(g->dir, set, err);
    if (status == AY_OK && set->nclasses == 0)
        return ay_fail(err, AY_ENOTFOUND, "none of the %d files in %s/OK and NG can be used: %s (%s/missing.csv has them all)",
                       g->n, g->o->input,
                       set->nmissing ? set->missing[0].reason : "the folders are empty", g->dir);
    for (int c = 0; c < set->nclasses && status == AY_OK; c++)
        status = pick_samples(g, set, c, err);
    if (status == AY_OK)
        status = ay_line_end_folder(g->dir, "raw_data", err);
    set->stage = AY_LINE_GATHERED;
    if (status == AY_OK)
        status = ay_line_set_write(g->dir, set, err);
    if (status == AY_OK)
        tell(g, set);
    return status;
}
