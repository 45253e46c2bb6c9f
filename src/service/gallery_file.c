/* service/gallery_file.c - reading: nothing is used before its sum was found right. */
#include "service/gallery_file_parts.h"

#include "base/crc.h"
#include "base/mem.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static ay_status read_at(int fd, void *dst, size_t n, uint64_t at, ay_err *err)
{
    for (char *to = dst; n > 0;) {
        ssize_t done = pread(fd, to, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return ay_fail(err, AY_EIO, "read: %s", strerror(errno));
        if (done == 0)
            return ay_fail(err, AY_ECORRUPT, "it is cut short");
        to += done;
        n -= (size_t)done;
        at += (uint64_t)done;
    }
    return AY_OK;
}

/* ---- the head */

static uint64_t blocks_of(const gf_head *h)
{
    uint64_t n = 0;

    for (int part = GF_CLASSES; part <= GF_ROWSUMS; part++)
        n += (h->size[part] + GF_BLOCK - 1) / GF_BLOCK;
    return n;
}

static bool sizes_fit(const gf_head *h)
{
    uint64_t row = (uint64_t)h->dim * sizeof(float);

    if (h->n >= UINT32_MAX || h->nready > h->n || h->nclasses > INT32_MAX || h->stride > (1u << 20))
        return false;
    for (int part = 0; part < GF_PARTS; part++)
        if (h->at[part] > h->bytes || h->size[part] > h->bytes - h->at[part])
            return false;
    return h->size[GF_VECTORS] == h->nready * row && h->size[GF_CLASSES] == h->nclasses * sizeof(int64_t) &&
           h->size[GF_RECORDS] == h->n * sizeof(gf_record) && h->size[GF_CODES] == h->nready * h->stride &&
           h->size[GF_SCALES] == (h->stride ? h->nready * sizeof(float) : 0) &&
           h->size[GF_ROWSUMS] == h->nready * sizeof(uint32_t) && h->size[GF_SUMS] == blocks_of(h) * sizeof(uint32_t);
}

static ay_status judge(const gf_head *h, uint64_t bytes, const ay_gallery_file_key *key, ay_err *err)
{
    if (memcmp(h->letters, GF_LETTERS, sizeof h->letters) != 0)
        return ay_fail(err, AY_ECORRUPT, "it is another kind of file");
    if (h->layout != GF_LAYOUT || h->record != sizeof(gf_record))
        return ay_fail(err, AY_ECONFLICT, "another version of Assay wrote it");
    if (h->sum != ay_crc(h, offsetof(gf_head, sum)) || !sizes_fit(h))
        return ay_fail(err, AY_ECORRUPT, "its head is damaged");
    if (h->bytes != bytes)
        return ay_fail(err, AY_ECORRUPT, "it has %llu bytes and not %llu", (unsigned long long)bytes, (unsigned long long)h->bytes);
    if (h->dataset != key->dataset)
        return ay_fail(err, AY_ECONFLICT, "it is of another data set");
    if (h->dim != (uint32_t)key->dim || memcmp(h->model, key->model, sizeof h->model) != 0 ||
        memcmp(h->preprocess, key->preprocess, sizeof h->preprocess) != 0)
        return ay_fail(err, AY_ECONFLICT, "it is of another encoder");
    return AY_OK;
}

ay_status ay_gallery_file_open(ay_gallery_file *f, const char *path, const ay_gallery_file_key *key, ay_err *err)
{
    ay_status status = AY_OK;
    struct stat st = {0};
    gf_head *h;

    *f = (ay_gallery_file){.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (f->fd < 0)
        return ay_fail(err, errno == ENOENT ? AY_ENOTFOUND : AY_EIO, "%s: %s", path, strerror(errno));
    h = f->head = ay_calloc(1, sizeof *h);
    if (!h)
        status = ay_fail(err, AY_ENOMEM, "opening it");
    if (status == AY_OK && fstat(f->fd, &st) != 0)
        status = ay_fail(err, AY_EIO, "%s", strerror(errno));
    if (status == AY_OK)
        status = read_at(f->fd, h, sizeof *h, 0, err);
    if (status == AY_OK)
        status = judge(h, (uint64_t)st.st_size, key, err);
    if (status != AY_OK) {
        ay_err_wrap(err, "%s", path);
        ay_gallery_file_close(f);
        return status;
    }
    f->stamp = h->stamp;
    f->last = h->last;
    f->n = h->n;
    f->nready = h->nready;
    f->bytes = h->bytes;
    f->vectors_at = h->at[GF_VECTORS];
    return AY_OK;
}

void ay_gallery_file_close(ay_gallery_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    ay_free(f->head);
    *f = (ay_gallery_file){.fd = -1};
}

/* ---- parts, by several threads: each takes the next block of any part */

typedef struct {
    const ay_gallery_file *f;
    const gf_head *h;
    ay_gallery *g;
    int64_t *classes;
    gf_record *records;
    char *texts;
    uint32_t *rowsums, *sums;
    void *to[GF_PARTS];  /* NULL: not in this round */
    _Atomic uint64_t next;
    _Atomic bool failed;
    ay_err *err;         /* the first failure's */
    ay_status status;
    bool build;          /* the last thread builds items meanwhile */
} taking;

static ay_status take_block(const taking *t, int part, uint64_t block, uint64_t sum, ay_err *err)
{
    uint64_t at = block * GF_BLOCK, n = t->h->size[part] - at;
    char *to = (char *)t->to[part] + at;
    ay_status status;

    n = n < GF_BLOCK ? n : GF_BLOCK;
    status = read_at(t->f->fd, to, n, t->h->at[part] + at, err);
    if (status == AY_OK && ay_crc(to, n) != t->sums[sum])
        status = ay_fail(err, AY_ECORRUPT, "a block at byte %llu is damaged", (unsigned long long)(t->h->at[part] + at));
    return status;
}

static size_t rows_a_block(const gf_head *h)
{
    size_t many = GF_BLOCK / (h->dim * sizeof(float));

    return many ? many : 1;
}

static ay_status take_rows(const taking *t, uint64_t block, ay_err *err)
{
    size_t many = rows_a_block(t->h), at = (size_t)block * many, row = t->h->dim * sizeof(float);
    size_t n = t->h->nready - at < many ? t->h->nready - at : many;
    float *scratch = t->g->on_file ? ay_alloc(n, row) : NULL;
    float *to = scratch ? scratch : (float *)t->to[GF_VECTORS] + at * t->h->dim;
    ay_status status = t->g->on_file && !scratch ? ay_fail(err, AY_ENOMEM, "reading it")
                                                 : read_at(t->f->fd, to, n * row, t->h->at[GF_VECTORS] + at * row, err);

    for (size_t i = 0; i < n && status == AY_OK; i++)
        if (ay_crc(to + i * t->h->dim, row) != t->rowsums[at + i])
            status = ay_fail(err, AY_ECORRUPT, "vector %zu is damaged", at + i);
    ay_free(scratch);
    return status;
}

/* The block with that number among those of this round; false: there is none. */
static bool take_numbered(const taking *t, uint64_t number, ay_status *status, ay_err *err)
{
    uint64_t sum = 0, n;

    for (int part = GF_CLASSES; part <= GF_ROWSUMS; part++, sum += n) {
        n = (t->h->size[part] + GF_BLOCK - 1) / GF_BLOCK;
        if (!t->to[part])
            continue;
        if (number < n) {
            *status = take_block(t, part, number, sum + number, err);
            return true;
        }
        number -= n;
    }
    n = t->to[GF_VECTORS] ? (t->h->nready + rows_a_block(t->h) - 1) / rows_a_block(t->h) : 0;
    if (number >= n)
        return false;
    *status = take_rows(t, number, err);
    return true;
}

static ay_status build_items(const taking *t, ay_err *err);

static void take_some(void *ctx, int part, int parts)
{
    taking *t = ctx;
    ay_err err = {{0}};
    ay_status status = t->build && part == parts - 1 ? build_items(t, &err) : AY_OK;

    while (status == AY_OK && !t->failed && take_numbered(t, t->next++, &status, &err))
        ;
    if (status != AY_OK && !atomic_exchange(&t->failed, true)) {
        t->status = status;
        ay_fail(t->err, status, "%s", err.msg);
    }
}

static ay_status take_round(taking *t, int threads)
{
    uint64_t bytes = 0;
    int n = threads > 0 ? threads : ay_cpu_count();

    for (int part = 0; part < GF_PARTS; part++)
        bytes += t->to[part] ? t->h->size[part] : 0;
    n = n > AY_THREAD_PARTS ? AY_THREAD_PARTS : n;
    n = bytes < 4 * GF_BLOCK ? 1 : n; /* not worth a thread */
    t->next = 0;
    ay_thread_share("gallery", n, take_some, t);
    return t->failed ? t->status : AY_OK;
}

/* ---- items */

static bool take_text(const taking *t, const gf_record *r, ay_gallery_item *it)
{
    uint64_t size = t->h->size[GF_TEXTS];
    const char *text;

    if (r->format >= sizeof it->format || r->camera >= sizeof it->camera || r->text > size ||
        (uint64_t)r->file + r->format + r->camera > size - r->text)
        return false;
    text = t->texts + r->text;
    it->file = ay_alloc((size_t)r->file + 1, 1);
    if (!it->file)
        return false;
    memcpy(it->file, text, r->file);
    it->file[r->file] = '\0';
    memcpy(it->format, text + r->file, r->format);
    memcpy(it->camera, text + r->file + r->format, r->camera);
    return true;
}

static ay_status build_items(const taking *t, ay_err *err)
{
    int *klass = ay_alloc(t->h->nclasses + 1, sizeof *klass);
    ay_status status = klass ? AY_OK : ay_fail(err, AY_ENOMEM, "reading it");
    size_t i = 0;

    for (size_t k = 0; k < t->h->nclasses && klass; k++)
        klass[k] = ay_gallery_class_by_id(t->g, t->classes[k]);
    for (; i < t->h->n && status == AY_OK; i++) {
        const gf_record *r = &t->records[i];
        ay_gallery_item *it = &t->g->items[i];
        memset(it, 0, sizeof *it);
        if (r->klass >= t->h->nclasses || klass[r->klass] < 0 || !take_text(t, r, it)) {
            status = ay_fail(err, AY_ECORRUPT, "picture %zu is in no class of the data set", i);
            break;
        }
        it->member = r->member, it->added_us = r->added_us, it->bytes = r->bytes, it->taken_us = r->taken_us;
        it->phash = r->phash;
        it->klass = klass[r->klass];
        it->width = (int)r->width, it->height = (int)r->height;
        memcpy(it->sha256, r->sha256, sizeof r->sha256);
    }
    ay_free(klass);
    if (status == AY_OK)
        status = ay_gallery_adopt(t->g, t->h->n, t->h->nready, err);
    for (size_t k = t->g->n; k < i; k++) /* what the gallery did not take over */
        ay_free(t->g->items[k].file);
    return status;
}

/* Vectors stay where they are; but for those of the last page, which is the file's only in part. */
static ay_status lay_on_file(const taking *t)
{
    ay_paged *m = &t->g->paged;
    uint64_t at = t->h->at[GF_VECTORS];
    size_t size = t->h->size[GF_VECTORS];
    ay_status status = ay_paged_back(m, t->f->fd, at, size, t->err);

    return status == AY_OK ? read_at(t->f->fd, (char *)m->p + m->backed, size - m->backed, at + m->backed, t->err) : status;
}

static ay_status take_all(taking *t, int threads)
{
    const gf_head *h = t->h;
    /* Whether there are codes depends on how much room a gallery has, which is another one here. */
    bool codes = t->g->codes.cap && h->stride && h->stride == (uint64_t)t->g->codes.stride;
    ay_status status = read_at(t->f->fd, t->sums, h->size[GF_SUMS], h->at[GF_SUMS], t->err);

    if (status == AY_OK && ay_crc(t->sums, h->size[GF_SUMS]) != h->sums)
        status = ay_fail(t->err, AY_ECORRUPT, "its sums are damaged");
    if (status == AY_OK)
        status = take_round(t, threads);
    if (status != AY_OK)
        return status;
    memset(t->to, 0, sizeof t->to);
    t->to[GF_VECTORS] = t->g->vectors;
    if (codes) {
        t->to[GF_SCALES] = t->g->codes.scales;
        t->to[GF_CODES] = t->g->codes.codes;
    }
    t->build = true;
    status = take_round(t, threads);
    if (status == AY_OK && t->g->on_file)
        status = lay_on_file(t);
    for (size_t i = 0; i < h->nready && t->g->codes.cap && !codes && status == AY_OK; i++)
        ay_codes_put(&t->g->codes, i, t->g->vectors + i * h->dim);
    return status;
}

ay_status ay_gallery_file_take(const ay_gallery_file *f, ay_gallery *g, int threads, ay_err *err)
{
    const gf_head *h = f->head;
    taking t = {.f = f, .h = h, .g = g, .err = err};
    ay_status status = ay_gallery_reserve(g, f->n, 0, err);

    t.classes = ay_alloc(h->nclasses + 1, sizeof *t.classes);
    t.records = ay_alloc(h->n + 1, sizeof *t.records);
    t.texts = ay_alloc(h->size[GF_TEXTS] + 1, 1);
    t.rowsums = ay_alloc(h->nready + 1, sizeof *t.rowsums);
    t.sums = ay_alloc(h->size[GF_SUMS] + 4, 1);
    if (status == AY_OK && (!t.classes || !t.records || !t.texts || !t.rowsums || !t.sums))
        status = ay_fail(err, AY_ENOMEM, "reading %zu pictures", f->n);
    t.to[GF_CLASSES] = t.classes, t.to[GF_RECORDS] = t.records, t.to[GF_TEXTS] = t.texts, t.to[GF_ROWSUMS] = t.rowsums;
    if (status == AY_OK)
        status = take_all(&t, threads);
    ay_free(t.classes);
    ay_free(t.records);
    ay_free(t.texts);
    ay_free(t.rowsums);
    ay_free(t.sums);
    return status;
}
