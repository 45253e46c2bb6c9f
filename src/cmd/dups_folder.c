#include "cmd/dups_folder.h"

#include "base/file.h"
#include "base/str.h"
#include "cmd/progress.h"
#include "image/exif.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading */

static ay_status make_room(ay_dups_folder *d, ay_err *err)
{
    size_t n = d->files->n + 1;
    size_t dim = d->session ? (size_t)ay_engine_get_info(d->session->engine)->dim : 0;

    d->path = ay_arena_alloc(d->arena, n * sizeof *d->path);
    d->sha256 = ay_arena_alloc(d->arena, n * sizeof *d->sha256);
    d->format = ay_arena_alloc(d->arena, n * sizeof *d->format);
    d->fact = ay_arena_alloc(d->arena, n * sizeof *d->fact);
    d->print = ay_arena_alloc(d->arena, n * sizeof *d->print);
    d->readable = ay_arena_alloc(d->arena, n);
    d->area = ay_arena_alloc(d->arena, n * sizeof *d->area);
    d->taken = ay_arena_alloc(d->arena, n * sizeof *d->taken);
    d->found.place = ay_arena_alloc(d->arena, n * sizeof *d->found.place);
    d->vectors = dim ? ay_arena_alloc(d->arena, n * dim * sizeof *d->vectors) : NULL;
    return d->path && d->sha256 && d->format && d->fact && d->print && d->readable && d->area && d->taken && d->found.place &&
                   (d->vectors || !dim)
               ? AY_OK
               : ay_fail(err, AY_ENOMEM, "%zu pictures", d->files->n);
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The facts of picture number d->n. */
static void describe(ay_dups_folder *d, const char *path, const ay_buf *bytes, const ay_image *im)
{
    size_t i = d->n;
    ay_exif_facts exif;
    struct stat st;

    ay_exif_read(bytes->data, bytes->len, &exif);
    ay_sha256_bytes(bytes->data, bytes->len, d->sha256[i]);
    d->path[i] = path;
    d->format[i] = ay_image_format_name(ay_image_sniff(bytes->data, bytes->len));
    d->fact[i] = (ay_dup_fact){.file = name_of(path), .width = im->width, .height = im->height,
                               .bytes = (int64_t)bytes->len, .taken_us = exif.taken_us};
    if (stat(path, &st) == 0)
        d->fact[i].added_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    d->area[i] = (int64_t)im->width * im->height;
    d->taken[i] = exif.taken_us;
    d->readable[i] = 1;
}

static ay_status use_picture(ay_dups_folder *d, const char *path, const ay_buf *bytes, const ay_image *im, ay_err *err)
{
    const ay_image *list[] = {im};
    size_t dim = d->session ? (size_t)ay_engine_get_info(d->session->engine)->dim : 0;
    ay_status status = ay_image_print(im, &d->print[d->n], err);

    if (status == AY_OK && dim)
        status = ay_engine_embed(d->session->engine, list, 1, d->vectors + d->n * dim, err);
    if (status != AY_OK)
        return status;
    describe(d, path, bytes, im);
    d->n++;
    return AY_OK;
}

static ay_status read_one(ay_dups_folder *d, const char *path, ay_progress *bar, ay_err *err)
{
    ay_buf bytes = {0};
    ay_image im;
    ay_status status = ay_files_read(path, d->limits.max_bytes, &bytes, err);

    if (status == AY_OK)
        status = ay_image_decode(bytes.data, bytes.len, &d->limits, &im, err);
    if (status == AY_OK) {
        status = use_picture(d, path, &bytes, &im, err);
        ay_image_fini(&im);
    } else if (status != AY_ENOMEM) {
        ay_progress_hide(bar);
        fprintf(stderr, "%s: error: %s\n", path, err->msg);
        d->failed++;
        status = AY_OK;
    }
    ay_buf_fini(&bytes);
    return status;
}

static ay_status read_all(ay_dups_folder *d, ay_err *err)
{
    ay_status status = AY_OK;
    ay_progress bar;

    ay_progress_start(&bar, "reading", (long)d->files->n, d->quiet || d->files->n < 2);
    for (size_t i = 0; i < d->files->n && status == AY_OK; i++) {
        status = read_one(d, d->files->path[i], &bar, err);
        ay_progress_step(&bar, (long)i + 1, (long)d->files->n);
    }
    ay_progress_end(&bar);
    return status;
}

/* ---- finding */

typedef struct {
    ay_dups_folder *d;
    ay_progress bar;
} finding;

static ay_status open_picture(void *ctx, size_t row, ay_image *out, ay_err *err)
{
    ay_dups_folder *d = ((finding *)ctx)->d;

    return ay_image_load(d->path[row], &d->limits, out, err);
}

static bool on_progress(void *ctx, double done)
{
    ay_progress_step(&((finding *)ctx)->bar, (long)(done * 1000), 1000);
    return true;
}

ay_status ay_dups_folder_find(ay_dups_folder *d, ay_err *err)
{
    finding f = {.d = d};
    ay_dups_input in;
    ay_status status = make_room(d, err);

    if (status == AY_OK)
        status = read_all(d, err);
    if (status != AY_OK)
        return status;
    in = (ay_dups_input){.n = d->n, .print = d->print, .readable = d->readable, .area = d->area, .taken = d->taken,
                         .vectors = d->vectors, .dim = d->session ? ay_engine_get_info(d->session->engine)->dim : 0,
                         .open = open_picture, .progress = on_progress, .ctx = &f};
    ay_progress_start(&f.bar, "comparing", 1000, d->quiet);
    status = ay_dups_find(&in, &d->found, err);
    ay_progress_end(&f.bar);
    if (status == AY_OK)
        status = ay_dups_group(d->n, &d->found, d->fact, NULL, NULL, &d->groups, err);
    return status;
}

void ay_dups_folder_fini(ay_dups_folder *d)
{
    ay_dups_found_fini(&d->found);
    ay_dup_groups_fini(&d->groups);
}

/* ---- moving */

/* A path in the folder that is free: the file's name, else with a number before its ending. */
static const char *free_path(ay_dups_folder *d, const char *to, const char *name)
{
    size_t cap = strlen(to) + strlen(name) + 32;
    char *path = ay_arena_alloc(d->arena, cap);
    const char *dot = strrchr(name, '.');
    int stem = dot && dot > name ? (int)(dot - name) : (int)strlen(name);

    if (!path)
        return NULL;
    snprintf(path, cap, "%s/%s", to, name);
    for (int i = 2; i < 1000000 && access(path, F_OK) == 0; i++)
        snprintf(path, cap, "%s/%.*s (%d)%s", to, stem, name, i, name + stem);
    return path;
}

/* One line more in the folder's list, durable before the file goes. */
static ay_status note(const char *to, const char *from, const char *path, ay_err *err)
{
    char list[4096];
    FILE *f;
    bool ok;

    snprintf(list, sizeof list, "%s/moved.tsv", to);
    f = fopen(list, "a");
    if (!f)
        return ay_fail(err, AY_EIO, "%s: %s", list, strerror(errno));
    ok = fprintf(f, "%s\t%s\n", from, path) > 0 && fflush(f) == 0 && fsync(fileno(f)) == 0;
    return fclose(f) == 0 && ok ? AY_OK : ay_fail(err, AY_EIO, "%s cannot be written: %s", list, strerror(errno));
}

/* Another disk: a copy, synced, before the original goes. */
static ay_status copy_over(ay_dups_folder *d, const char *from, const char *path, ay_err *err)
{
    ay_buf bytes = {0};
    ay_status status = ay_file_read(from, d->limits.max_bytes, &bytes, err);

    if (status == AY_OK)
        status = ay_file_write(path, bytes.data, bytes.len, err);
    ay_buf_fini(&bytes);
    if (status == AY_OK && unlink(from) != 0)
        return ay_fail(err, AY_EIO, "%s: %s", from, strerror(errno));
    return status;
}

static ay_status move_one(ay_dups_folder *d, const char *from, const char *to, const char **path, ay_err *err)
{
    ay_status status;

    *path = free_path(d, to, name_of(from));
    if (!*path)
        return ay_fail(err, AY_ENOMEM, "moving pictures");
    status = note(to, from, *path, err);
    if (status != AY_OK)
        return status;
    /* link() refuses where a file is; rename() would replace it. */
    if (link(from, *path) == 0)
        return unlink(from) == 0 ? AY_OK : ay_fail(err, AY_EIO, "%s: %s", from, strerror(errno));
    if (errno == EXDEV || errno == EPERM || errno == EOPNOTSUPP)
        return copy_over(d, from, *path, err);
    return ay_fail(err, AY_EIO, "%s to %s: %s", from, *path, strerror(errno));
}

ay_status ay_dups_folder_move(ay_dups_folder *d, ay_tier most, const char *to, bool dry, ay_dups_move **out, size_t *n, ay_err *err)
{
    uint8_t *gone = ay_arena_alloc(d->arena, d->n + 1);
    ay_status status = dry ? AY_OK : ay_file_mkdirs(to, err);

    *n = 0;
    *out = ay_arena_alloc(d->arena, (d->n + 1) * sizeof **out);
    if (!gone || !*out)
        return ay_fail(err, AY_ENOMEM, "moving pictures");
    /* The picture that stays of a same group may go for a larger one of the same picture. */
    for (size_t g = 0; g < d->groups.n && status == AY_OK; g++)
        for (size_t i = 1; i < d->groups.item[g].n && d->groups.item[g].tier <= most && status == AY_OK; i++) {
            uint32_t row = d->groups.item[g].row[i];
            ay_dups_move *m = &(*out)[*n];
            if (gone[row])
                continue;
            gone[row] = 1;
            *m = (ay_dups_move){d->path[row], ""};
            if (!dry)
                status = move_one(d, d->path[row], to, &m->to, err);
            *n += status == AY_OK;
        }
    return status;
}
