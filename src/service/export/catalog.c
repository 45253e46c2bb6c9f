/* service/export/catalog.c - records, and what a record must be. */
#include "service/export/catalog.h"

#include "base/mem.h"
#include "pack/pack.h"
#include "service/internal.h"
#include "store/tags.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ay_catalog_init(ay_catalog *c, const char *document)
{
    *c = (ay_catalog){.unit = "line"};
    ay_arena_init(&c->arena, 0);
    c->document = ay_arena_strdup(&c->arena, document);
}

void ay_catalog_fini(ay_catalog *c)
{
    ay_free(c->records);
    ay_arena_fini(&c->arena);
}

void ay_catalog_problem(ay_catalog *c, long at, const char *fmt, ...)
{
    char text[700];
    const char *line;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (c->nproblems == AY_CATALOG_PROBLEMS) {
        c->more++;
        return;
    }
    line = strcmp(c->unit, "line") == 0 ? ay_arena_printf(&c->arena, "%s line %ld: %s", c->document, at, text)
                                        : ay_arena_printf(&c->arena, "%s %s[%ld]: %s", c->document, c->unit, at, text);
    if (line)
        c->problems[c->nproblems++] = line;
}

void ay_catalog_note(ay_catalog *c, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (c->nnotes < AY_CATALOG_NOTES && (c->notes[c->nnotes] = ay_arena_strdup(&c->arena, text)))
        c->nnotes++;
}

/* What the store would refuse, or what must not be a path. */
static ay_status check(const ay_catalog_record *r, ay_err *err)
{
    ay_status status = AY_OK;

    if (!r->file || !*r->file)
        return ay_fail(err, AY_EINVAL, "it names no file");
    if (!ay_pack_name_good(r->file))
        return ay_fail(err, AY_EINVAL, "\"%.200s\" is no file below the folder", r->file);
    if (r->sha256 && !ay_sha256_valid(r->sha256))
        return ay_fail(err, AY_EINVAL, "\"%.80s\" is no SHA-256: 64 lower-case hex digits", r->sha256);
    if (r->klass)
        status = ay_store_check_name("a class's name", r->klass, AY_NAME_MAX, err);
    for (int i = 0; i < r->ntags && status == AY_OK; i++)
        status = ay_store_check_tag(r->tags[i], err);
    for (int i = 0; i < r->nalbums && status == AY_OK; i++)
        status = ay_store_check_name("an album's name", r->albums[i].name, AY_NAME_MAX, err);
    return status;
}

static bool copy(ay_arena *a, const ay_catalog_record *r, ay_catalog_record *to)
{
    bool ok;

    *to = *r;
    to->file = ay_arena_strdup(a, r->file);
    to->sha256 = r->sha256 ? ay_arena_strdup(a, r->sha256) : NULL;
    to->klass = r->klass ? ay_arena_strdup(a, r->klass) : NULL;
    to->name = r->name ? ay_arena_strdup(a, r->name) : NULL;
    to->tags = r->ntags ? ay_arena_alloc(a, (size_t)r->ntags * sizeof *to->tags) : NULL;
    to->albums = r->nalbums ? ay_arena_alloc(a, (size_t)r->nalbums * sizeof *to->albums) : NULL;
    ok = to->file && !r->sha256 == !to->sha256 && !r->klass == !to->klass && !r->name == !to->name && (!r->ntags || to->tags) &&
         (!r->nalbums || to->albums);
    for (int i = 0; i < r->ntags && ok; i++)
        ok = (to->tags[i] = ay_arena_strdup(a, r->tags[i])) != NULL;
    for (int i = 0; i < r->nalbums && ok; i++) {
        to->albums[i].position = r->albums[i].position;
        ok = (to->albums[i].name = ay_arena_strdup(a, r->albums[i].name)) != NULL;
    }
    return ok;
}

ay_status ay_catalog_add(ay_catalog *c, const ay_catalog_record *r, ay_err *err)
{
    ay_catalog_record clean = *r;
    ay_err why;

    while (clean.file && strncmp(clean.file, "./", 2) == 0)
        clean.file += 2;
    if (check(&clean, &why) != AY_OK) {
        ay_catalog_problem(c, r->at, "%s", why.msg);
        return AY_OK;
    }
    if (c->n == c->cap) {
        size_t cap = c->cap ? 2 * c->cap : 1024;
        ay_catalog_record *more = ay_realloc(c->records, cap, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "reading %s", c->document);
        c->records = more;
        c->cap = cap;
    }
    if (!copy(&c->arena, &clean, &c->records[c->n]))
        return ay_fail(err, AY_ENOMEM, "reading %s", c->document);
    c->n++;
    return AY_OK;
}
