/* service/gallery_file_write.c - a gallery to its file, a block at a time under somebody's lock, so that nobody waits for a disk. */
#include "service/gallery_file_parts.h"

#include "base/crc.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    int fd;
    const char *path;
    const ay_gallery_file_source *from;
    gf_head head;
    unsigned char *block; /* GF_BLOCK */
    size_t held;
    uint64_t at;     /* bytes written, without what is held */
    uint32_t *rows;  /* sums of vectors */
    uint32_t *sums;  /* of blocks */
    size_t nsums, csums;
    bool summing;
    ay_err *err;
} writer;

static ay_status disk_fail(const writer *w)
{
    return ay_fail(w->err, errno == ENOSPC || errno == EDQUOT ? AY_ELIMIT : AY_EIO, "write %s: %s", w->path, strerror(errno));
}

static ay_status put(writer *w, const void *p, size_t n)
{
    for (const char *from = p; n > 0;) {
        ssize_t done = write(w->fd, from, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return disk_fail(w);
        from += done;
        n -= (size_t)done;
        w->at += (uint64_t)done;
    }
    return AY_OK;
}

static ay_status flush(writer *w)
{
    size_t n = w->held;

    if (n == 0)
        return AY_OK;
    if (w->summing && w->nsums == w->csums) {
        size_t cap = w->csums * 2 + 256;
        uint32_t *more = ay_realloc(w->sums, cap, sizeof *more);
        if (!more)
            return ay_fail(w->err, AY_ENOMEM, "writing %s", w->path);
        w->sums = more;
        w->csums = cap;
    }
    if (w->summing)
        w->sums[w->nsums++] = ay_crc(w->block, n);
    w->held = 0;
    return put(w, w->block, n);
}

/* The next part begins, at a page. */
static ay_status begin(writer *w, int part, uint64_t size)
{
    static const char zeros[GF_PAGE];
    size_t odd = (size_t)(w->at % GF_PAGE);
    ay_status status = odd ? put(w, zeros, GF_PAGE - odd) : AY_OK;

    w->summing = part != GF_VECTORS && part != GF_SUMS;
    w->head.at[part] = w->at;
    w->head.size[part] = size;
    return status;
}

static size_t room(const writer *w)
{
    return GF_BLOCK - w->held;
}

static const ay_gallery *hold(writer *w, ay_status *status)
{
    const ay_gallery *g = w->from->hold(w->from->ctx);

    *status = g ? AY_OK : ay_fail(w->err, AY_ECANCELLED, "the data set changed while %s was written", w->path);
    return g;
}

/* size bytes of an array of the gallery that `of` finds. */
static ay_status put_array(writer *w, int part, const void *(*of)(const ay_gallery *g), uint64_t size)
{
    ay_status status = begin(w, part, size);

    for (uint64_t at = 0; at < size && status == AY_OK;) {
        size_t n = size - at < room(w) ? (size_t)(size - at) : room(w);
        const ay_gallery *g = hold(w, &status);
        if (!g)
            return status;
        memcpy(w->block + w->held, (const char *)of(g) + at, n);
        w->from->let(w->from->ctx);
        w->held += n;
        at += n;
        if (room(w) == 0)
            status = flush(w);
    }
    return status == AY_OK ? flush(w) : status;
}

static const void *codes_of(const ay_gallery *g)
{
    return g->codes.codes;
}

static const void *scales_of(const ay_gallery *g)
{
    return g->codes.scales;
}

static ay_status put_vectors(writer *w)
{
    size_t row = (size_t)w->head.dim * sizeof(float), many = GF_BLOCK / row;
    float *rows = many > 0 ? (float *)(void *)w->block : ay_alloc(w->head.dim, sizeof *rows);
    ay_status status = rows ? begin(w, GF_VECTORS, w->from->nready * row) : ay_fail(w->err, AY_ENOMEM, "writing %s", w->path);

    many = many > 0 ? many : 1;
    for (size_t at = 0; at < w->from->nready && status == AY_OK; at += many) {
        size_t n = w->from->nready - at < many ? w->from->nready - at : many;
        const ay_gallery *g = hold(w, &status);
        if (!g)
            break;
        memcpy(rows, g->vectors + at * w->head.dim, n * row);
        w->from->let(w->from->ctx);
        for (size_t i = 0; i < n; i++)
            w->rows[at + i] = ay_crc(rows + i * w->head.dim, row);
        status = put(w, rows, n * row);
    }
    if ((unsigned char *)rows != w->block)
        ay_free(rows);
    return status;
}

static ay_status put_classes(writer *w)
{
    int64_t *ids;
    ay_status status;
    const ay_gallery *g = hold(w, &status);
    size_t n = g ? (size_t)g->nclasses : 0;

    if (!g)
        return status;
    ids = ay_alloc(n + 1, sizeof *ids);
    for (size_t i = 0; i < n && ids; i++)
        ids[i] = g->classes[i].id;
    w->from->let(w->from->ctx);
    if (!ids)
        return ay_fail(w->err, AY_ENOMEM, "writing %s", w->path);
    w->head.nclasses = n;
    status = begin(w, GF_CLASSES, n * sizeof *ids);
    for (size_t i = 0; i < n && status == AY_OK; i++) { /* a block holds whole numbers */
        memcpy(w->block + w->held, &ids[i], sizeof *ids);
        w->held += sizeof *ids;
        if (room(w) == 0)
            status = flush(w);
    }
    ay_free(ids);
    return status == AY_OK ? flush(w) : status;
}

static gf_record record_of(const ay_gallery_item *it, uint64_t text)
{
    gf_record r = {.member = it->member, .added_us = it->added_us, .bytes = it->bytes, .taken_us = it->taken_us, .phash = it->phash,
                   .text = text, .klass = (uint32_t)it->klass, .width = (uint32_t)it->width, .height = (uint32_t)it->height,
                   .file = (uint16_t)strlen(it->file), .format = (uint16_t)strlen(it->format),
                   .camera = (uint16_t)strlen(it->camera)};

    memcpy(r.sha256, it->sha256, sizeof r.sha256);
    return r;
}

/* Bytes into the block; what does not fit goes into the next one. */
static ay_status add(writer *w, const void *p, size_t n)
{
    ay_status status = AY_OK;

    for (const char *from = p; n > 0 && status == AY_OK;) {
        size_t now = n < room(w) ? n : room(w);
        memcpy(w->block + w->held, from, now);
        w->held += now;
        from += now;
        n -= now;
        if (room(w) == 0)
            status = flush(w);
    }
    return status;
}

enum { AT_ONCE = 512, LONGEST = AY_FILE_MAX + 17 + AY_CAMERA_MAX + 1 };

/* Items in handfuls: what is asked of them is taken into `text` or `list` while they are held. */
typedef struct {
    gf_record list[AT_ONCE];
    char text[AT_ONCE * LONGEST];
    uint64_t texts; /* bytes so far */
    int64_t last;
} handful;

static size_t take_texts(const ay_gallery_item *it, char *to)
{
    size_t file = strlen(it->file), format = strlen(it->format), camera = strlen(it->camera);

    memcpy(to, it->file, file);
    memcpy(to + file, it->format, format);
    memcpy(to + file + format, it->camera, camera);
    return file + format + camera;
}

static ay_status put_items(writer *w, handful *h, bool texts)
{
    uint64_t size = texts ? h->texts : w->from->n * sizeof(gf_record);
    ay_status status = begin(w, texts ? GF_TEXTS : GF_RECORDS, size);

    for (size_t at = 0; at < w->from->n && status == AY_OK; at += AT_ONCE) {
        size_t n = w->from->n - at < AT_ONCE ? w->from->n - at : AT_ONCE, held = 0;
        const ay_gallery *g = hold(w, &status);
        if (!g)
            return status;
        for (size_t i = 0; i < n; i++) {
            const ay_gallery_item *it = &g->items[at + i];
            if (texts) {
                held += take_texts(it, h->text + held);
                continue;
            }
            h->list[i] = record_of(it, h->texts);
            h->texts += (uint64_t)h->list[i].file + h->list[i].format + h->list[i].camera;
            h->last = it->member > h->last ? it->member : h->last;
        }
        w->from->let(w->from->ctx);
        status = texts ? add(w, h->text, held) : add(w, h->list, n * sizeof *h->list);
    }
    return status == AY_OK ? flush(w) : status;
}

static ay_status put_both(writer *w)
{
    handful *h = ay_calloc(1, sizeof *h);
    ay_status status = h ? put_items(w, h, false) : ay_fail(w->err, AY_ENOMEM, "writing %s", w->path);

    if (status == AY_OK)
        status = put_items(w, h, true);
    w->head.last = h ? h->last : 0;
    ay_free(h);
    return status;
}

static ay_status put_codes(writer *w)
{
    size_t n = w->from->nready;
    ay_status status;
    const ay_gallery *g = hold(w, &status);
    bool has = g && g->codes.cap >= n && n > 0;

    if (!g)
        return status;
    w->head.stride = has ? (uint64_t)g->codes.stride : 0;
    w->from->let(w->from->ctx);
    status = put_array(w, GF_SCALES, scales_of, has ? n * sizeof(float) : 0);
    return status == AY_OK ? put_array(w, GF_CODES, codes_of, n * w->head.stride) : status;
}

static ay_status put_sums(writer *w)
{
    ay_status status = begin(w, GF_ROWSUMS, w->from->nready * sizeof *w->rows);

    if (status == AY_OK)
        status = add(w, w->rows, w->from->nready * sizeof *w->rows);
    if (status == AY_OK)
        status = flush(w);
    if (status == AY_OK)
        status = begin(w, GF_SUMS, w->nsums * sizeof *w->sums);
    if (status == AY_OK)
        status = put(w, w->sums, w->nsums * sizeof *w->sums);
    w->head.sums = ay_crc(w->sums, w->nsums * sizeof *w->sums);
    return status;
}

static void seal(gf_head *h)
{
    h->sum = ay_crc(h, offsetof(gf_head, sum));
}

static ay_status put_head(writer *w)
{
    w->head.bytes = w->at;
    seal(&w->head);
    if (pwrite(w->fd, &w->head, sizeof w->head, 0) != (ssize_t)sizeof w->head || fsync(w->fd) != 0)
        return disk_fail(w);
    return AY_OK;
}

static ay_status put_file(writer *w)
{
    ay_status status;

    w->block = ay_aligned_alloc(64, GF_BLOCK);
    w->rows = ay_alloc(w->from->nready + 1, sizeof *w->rows);
    if (!w->block || !w->rows)
        return ay_fail(w->err, AY_ENOMEM, "writing %s", w->path);
    memset(w->block, 0, GF_PAGE);
    status = put(w, w->block, GF_PAGE); /* the head's place */
    if (status == AY_OK)
        status = put_vectors(w);
    if (status == AY_OK)
        status = put_classes(w);
    if (status == AY_OK)
        status = put_both(w);
    if (status == AY_OK)
        status = put_codes(w);
    if (status == AY_OK)
        status = put_sums(w);
    if (status == AY_OK && hold(w, &status)) /* right to the end */
        w->from->let(w->from->ctx);
    return status == AY_OK ? put_head(w) : status;
}

static void name_head(gf_head *h, const ay_gallery_file_key *key, const ay_gallery_file_source *from)
{
    memset(h, 0, sizeof *h);
    memcpy(h->letters, GF_LETTERS, sizeof h->letters);
    h->layout = GF_LAYOUT;
    h->record = sizeof(gf_record);
    h->dim = (uint32_t)key->dim;
    h->stamp = from->stamp;
    h->dataset = key->dataset;
    h->n = from->n;
    h->nready = from->nready;
    memcpy(h->model, key->model, sizeof h->model);
    memcpy(h->preprocess, key->preprocess, sizeof h->preprocess);
}

ay_status ay_gallery_file_write(const char *path, const ay_gallery_file_key *key, const ay_gallery_file_source *from, ay_err *err)
{
    writer w = {.path = path, .from = from, .err = err};
    char tmp[4096], dir[4096];
    ay_status status;

    if ((size_t)snprintf(tmp, sizeof tmp, "%s.tmp", path) >= sizeof tmp)
        return ay_fail(err, AY_EINVAL, "path is too long: %.100s...", path);
    snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(tmp, '/') - tmp), tmp);
    status = ay_file_mkdirs(dir, err);
    if (status != AY_OK)
        return status;
    name_head(&w.head, key, from);
    w.fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644); /* one process writes: what is there is a dead one's */
    if (w.fd < 0)
        return disk_fail(&w);
    status = put_file(&w);
    if (close(w.fd) != 0 && status == AY_OK)
        status = disk_fail(&w);
    if (status == AY_OK && rename(tmp, path) != 0)
        status = disk_fail(&w);
    if (status != AY_OK)
        unlink(tmp);
    ay_free(w.block);
    ay_free(w.rows);
    ay_free(w.sums);
    return status == AY_OK ? ay_file_sync_dir(dir, err) : status;
}

ay_status ay_gallery_file_restamp(const char *path, const ay_gallery_file_key *key, int64_t was, int64_t now, ay_err *err)
{
    ay_gallery_file f;
    ay_status status = ay_gallery_file_open(&f, path, key, err);
    gf_head head;
    int fd;

    if (status != AY_OK)
        return status;
    head = *(const gf_head *)f.head;
    ay_gallery_file_close(&f);
    if (head.stamp != was)
        return ay_fail(err, AY_ECONFLICT, "%s is not the file that was written", path);
    head.stamp = now;
    seal(&head);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || pwrite(fd, &head, sizeof head, 0) != (ssize_t)sizeof head)
        status = ay_fail(err, AY_EIO, "write %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return status;
}
