/* What is in the input folder, and what the names say. */
#include "base/mem.h"
#include "base/file.h"
#include "inspect/gather_parts.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

ay_status ay_gather_memory(ay_err *err)
{
    return ay_fail(err, AY_ENOMEM, "gathering pictures");
}

ay_status ay_gather_miss(ay_gather *g, ay_found *f, ay_line_miss kind, const char *reason, ay_err *err)
{
    f->kind = kind;
    if (!f->reason && !(f->reason = ay_arena_strdup(g->arena, reason)))
        return ay_gather_memory(err);
    f->dropped |= f->ok || kind == AY_LINE_MISS_PICTURE;
    return AY_OK;
}

/* ---- 1 list ------------------------------------------------------------------------------------ */

static ay_status add(ay_gather *g, const char *path, bool ok, ay_found **out, ay_err *err)
{
    if (g->n == g->room) {
        int room = g->room ? 2 * g->room : 256;
        ay_found *more = ay_realloc(g->files, (size_t)room, sizeof *more);
        if (!more)
            return ay_gather_memory(err);
        g->files = more;
        g->room = room;
    }
    *out = &g->files[g->n];
    memset(*out, 0, sizeof **out);
    (*out)->path = ay_arena_strdup(g->arena, path);
    (*out)->ok = ok;
    (*out)->class = AY_LINE_UNKNOWN;
    if (!(*out)->path)
        return ay_gather_memory(err);
    g->n++;
    return AY_OK;
}

static ay_status list(ay_gather *g, const char *folder, bool ok, ay_err *err);

static ay_status list_one(ay_gather *g, const char *folder, const char *name, bool ok, ay_err *err)
{
    char relative[AY_LINE_PATH], path[AY_LINE_PATH];
    struct stat st;
    ay_found *f = NULL;
    ay_status status = ay_line_path(relative, err, folder, "%s", name);

    if (status == AY_OK)
        status = ay_line_path(path, err, g->o->input, "%s", relative);
    if (status != AY_OK)
        return status;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? AY_OK : ay_fail(err, AY_EIO, "look at %s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode) && g->o->recursive)
        return list(g, relative, ok, err);
    if ((status = add(g, relative, ok, &f, err)) != AY_OK || S_ISREG(st.st_mode))
        return status;
    f->dropped = true;
    return ay_gather_miss(g, f, AY_LINE_MISS_NAME,
                S_ISDIR(st.st_mode)   ? "it is a folder, and folders below OK and NG are not read"
                : S_ISLNK(st.st_mode) ? "it is a link, and links are not followed"
                                      : "it is no file",
                err);
}

static ay_status list(ay_gather *g, const char *folder, bool ok, ay_err *err)
{
    char path[AY_LINE_PATH];
    struct dirent *e;
    ay_status status = ay_line_path(path, err, g->o->input, "%s", folder);
    DIR *d;

    if (status != AY_OK)
        return status;
    if (!(d = opendir(path)))
        return ay_fail(err, errno == ENOENT ? AY_ENOTFOUND : AY_EIO, "open folder %s: %s", path, strerror(errno));
    while (status == AY_OK && (errno = 0, e = readdir(d))) {
        if (*e->d_name == '.')
            continue;
        status = ay_line_cancelled(g->observer) ? ay_fail(err, AY_ECANCELLED, "cancelled")
                                                : list_one(g, folder, e->d_name, ok, err);
        if (g->observer && g->observer->progress)
            g->observer->progress(g->observer->ctx, AY_LINE_LISTING, (size_t)g->n, 0);
    }
    if (status == AY_OK && errno)
        status = ay_fail(err, AY_EIO, "read folder %s: %s", path, strerror(errno));
    closedir(d);
    return status;
}

const char *ay_gather_file(const ay_found *f)
{
    return strrchr(f->path, '/') + 1;
}

static int by_name(const void *a, const void *b)
{
    const ay_found *x = a, *y = b;
    int c = y->ok - x->ok;

    c = c ? c : strcmp(ay_gather_file(x), ay_gather_file(y));
    return c ? c : strcmp(x->path, y->path);
}

ay_status ay_gather_list(ay_gather *g, ay_err *err)
{
    char path[AY_LINE_PATH];
    ay_status status = ay_line_path(path, err, g->o->input, "OK");

    if (status == AY_OK && !ay_file_is_dir(path))
        return ay_fail(err, AY_ENOTFOUND,
                       "%s has no folder OK: pictures of rightly placed components belong into OK, the others into NG",
                       g->o->input);
    if (status == AY_OK)
        status = list(g, "OK", true, err);
    if (status == AY_OK)
        status = ay_line_path(path, err, g->o->input, "NG");
    if (status == AY_OK && ay_file_is_dir(path))
        status = list(g, "NG", false, err);
    if (status == AY_OK && g->n)
        qsort(g->files, (size_t)g->n, sizeof *g->files, by_name);
    return status;
}

/* ---- 2 read ------------------------------------------------------------------------------------ */

static size_t stem(const char *file)
{
    const char *dot = strrchr(file, '.');

    return dot ? (size_t)(dot - file) : strlen(file);
}

/* A turned picture is called after its original without the ending, so that must be there once. */
static bool same_stem(const ay_found *a, const ay_found *b)
{
    const char *x = ay_gather_file(a), *y = ay_gather_file(b);

    return a->ok == b->ok && stem(x) == stem(y) && strncmp(x, y, stem(x)) == 0;
}

static ay_status read_one(ay_gather *g, ay_found *f, ay_err *err)
{
    ay_err reason, unsafe;
    ay_status status = ay_line_name_read(&g->grammar, ay_gather_file(f), g->arena, &f->name, &reason);

    f->named = status == AY_OK;
    if (status == AY_ENOMEM)
        return ay_gather_memory(err);
    if (f->named)
        return AY_OK;
    /* NG stays: it is a picture of something wrong, whatever it is called */
    f->dropped = f->ok || !ay_line_is_picture(ay_gather_file(f)) || ay_line_safe("name", ay_gather_file(f), &unsafe) != AY_OK;
    return ay_gather_miss(g, f, AY_LINE_MISS_NAME, reason.msg, err);
}

/* Names that are equal but for the ending begin alike, and what begins alike stands together. */
static const ay_found *namesake(const ay_gather *g, int i)
{
    const ay_found *f = &g->files[i];
    size_t n = stem(ay_gather_file(f));

    for (int k = i - 1; k >= 0 && g->files[k].ok == f->ok && strncmp(ay_gather_file(&g->files[k]), ay_gather_file(f), n) == 0; k--)
        if (!g->files[k].dropped && same_stem(f, &g->files[k]))
            return &g->files[k];
    return NULL;
}

ay_status ay_gather_names(ay_gather *g, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < g->n && status == AY_OK; i++) {
        ay_found *f = &g->files[i];
        const ay_found *other;
        char why[AY_LINE_PATH];
        if (!f->dropped)
            status = read_one(g, f, err);
        if (status != AY_OK || f->dropped || !(other = namesake(g, i)))
            continue;
        snprintf(why, sizeof why, "%.2000s has the same name; each picture must have its own", other->path);
        f->dropped = true;
        f->reason = NULL;
        status = ay_gather_miss(g, f, AY_LINE_MISS_NAME, why, err);
    }
    return status;
}
