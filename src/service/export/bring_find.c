/* service/export/bring_find.c - the document among the files, its pictures among the others, and what a plain archive of folders says. */
#include "service/export/bring_parts.h"
#include "service/export/names.h"
#include "service/library/intake.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "pack/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DOCUMENT_BYTES = 512 << 20 };

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

/* ---- which document; less is better, 0: none */

enum { RANK_MANIFEST = 1, RANK_CROISSANT, RANK_COCO, RANK_JSONL, RANK_CSV, RANK_GUESSED };

static int rank_of(const char *name)
{
    const char *base = last_part(name);

    if (strcmp(base, "assay.jsonl") == 0)
        return RANK_MANIFEST;
    if (strcmp(base, "croissant.json") == 0)
        return RANK_CROISSANT;
    if (strcmp(base, "coco.json") == 0)
        return RANK_COCO;
    if (strcmp(base, "pictures.jsonl") == 0)
        return RANK_JSONL;
    if (strcmp(base, "pictures.csv") == 0)
        return RANK_CSV;
    if (base[0] == '.')
        return 0;
    if (ay_str_ends_nocase(base, ".json"))
        return strstr(base, "instances") || strstr(base, "annotations") ? RANK_GUESSED : RANK_GUESSED + 1;
    if (ay_str_ends_nocase(base, ".jsonl"))
        return RANK_GUESSED + 2;
    return ay_str_ends_nocase(base, ".csv") ? RANK_GUESSED + 3 : 0;
}

static int depth(const char *name)
{
    int n = 0;

    for (; *name; name++)
        n += *name == '/';
    return n;
}

/* SIZE_MAX: none. */
static size_t find_document(const ay_crate *s)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < s->n; i++) {
        const char *name = s->list[i].name, *other = best == SIZE_MAX ? NULL : s->list[best].name;
        int rank = rank_of(name), d;
        if (!rank)
            continue;
        d = other ? rank - rank_of(other) : -1;
        d = d ? d : depth(name) - depth(other);
        d = d ? d : strcmp(name, other);
        best = d < 0 ? i : best;
    }
    return best;
}

/* ---- reading it */

static ay_status read_any(ay_bring *b, const char *name, ay_buf *text, ay_err *err);

static ay_status read_croissant(ay_bring *b, const char *name, const ay_buf *text, ay_err *err)
{
    const char *table, *sha256, *slash = strrchr(name, '/');
    char where[AY_PACK_NAME * 2], hex[AY_SHA256_HEX];
    size_t member;
    ay_buf bytes = {0};
    ay_status status = ay_catalog_read_croissant(text->data, text->len, &b->arena, &table, &sha256, err);

    if (status != AY_OK) {
        ay_err_wrap(err, "%.500s", name);
        return status;
    }
    snprintf(where, sizeof where, "%.*s%s", slash ? (int)(slash - name + 1) : 0, name, table);
    if (ay_crate_find(&b->source, where, &member) != AY_CRATE_FOUND)
        return ay_fail(err, AY_ENOTFOUND, "%.300s names the table %.300s, which is not there", name, where);
    status = ay_crate_read(&b->source, member, DOCUMENT_BYTES, &bytes, err);
    if (status == AY_OK)
        ay_sha256_bytes(bytes.data, bytes.len, hex);
    if (status == AY_OK && *sha256 && strcmp(hex, sha256) != 0)
        status = ay_fail(err, AY_ECORRUPT, "%.300s is not the table that %.300s describes: its SHA-256 is another; get both again, or import the table", where, name);
    if (status == AY_OK)
        status = read_any(b, b->source.list[member].name, &bytes, err);
    if (status == AY_OK)
        b->catalog.format = "Croissant";
    ay_buf_fini(&bytes);
    return status;
}

static ay_status read_any(ay_bring *b, const char *name, ay_buf *text, ay_err *err)
{
    bool json = ay_str_ends_nocase(name, ".json");

    if (json && memmem(text->data, text->len < 100000 ? text->len : 100000, "mlcommons.org/croissant", 23))
        return read_croissant(b, name, text, err);
    ay_catalog_init(&b->catalog, name);
    b->listed = true;
    if (json)
        return ay_catalog_read_coco(&b->catalog, text->data, text->len, b->w.by, err);
    return ay_str_ends_nocase(name, ".csv") ? ay_catalog_read_csv(&b->catalog, text->data, text->len, err)
                                            : ay_catalog_read_jsonl(&b->catalog, text->data, text->len, err);
}

/* A document on disk, by itself: its pictures are below its folder, or below --images. */
static ay_status open_document(ay_bring *b, ay_err *err)
{
    char folder[4096], *slash;
    ay_buf text = {0};
    ay_status status = ay_file_read(b->w.path, DOCUMENT_BYTES, &text, err);

    snprintf(folder, sizeof folder, "%s", b->w.path);
    slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    else
        snprintf(folder, sizeof folder, ".");
    if (status == AY_OK && b->w.images && !ay_file_is_dir(b->w.images))
        status = ay_fail(err, AY_ENOTFOUND, "--images: %.1000s is no folder", b->w.images);
    if (status == AY_OK)
        status = ay_crate_open(&b->source, b->w.images ? b->w.images : folder, false, err);
    if (status == AY_OK && text.len == 0)
        status = ay_fail(err, AY_ECORRUPT, "%.1000s is empty", b->w.path);
    if (status == AY_OK)
        status = read_any(b, last_part(b->w.path), &text, err);
    ay_buf_fini(&text);
    return status;
}

/* ---- folders of classes without a document */

static bool named_as_picture(const char *name)
{
    static const char *const ends[] = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (last_part(name)[0] != '.' && ay_str_ends_nocase(name, ends[i]))
            return true;
    return false;
}

/* How much of all names is folders that all share and that are no class. */
static size_t shared_folders(const ay_crate *s)
{
    const char *first = NULL;
    size_t n = 0, shallow = SIZE_MAX;

    for (size_t i = 0; i < s->n; i++) {
        const char *name = s->list[i].name;
        size_t same = 0;
        if (!named_as_picture(name))
            continue;
        shallow = (size_t)depth(name) < shallow ? (size_t)depth(name) : shallow;
        if (!first) {
            first = name;
            n = (size_t)(last_part(name) - name);
            continue;
        }
        while (same < n && name[same] == first[same])
            same++;
        while (same > 0 && first[same - 1] != '/')
            same--;
        n = same;
    }
    if (first && shallow > 0 && (size_t)(last_part(first) - first) == n) /* one folder: it is the class */
        for (n = n ? n - 1 : 0; n > 0 && first[n - 1] != '/';)
            n--;
    return n;
}

static ay_status list_folders(ay_bring *b, ay_err *err)
{
    size_t skip = shared_folders(&b->source);
    ay_status status = AY_OK;

    if (!b->listed)
        ay_catalog_init(&b->catalog, last_part(b->w.path));
    b->listed = true;
    b->catalog.format = "folders of classes";
    b->catalog.unit = "file";
    for (size_t i = 0; i < b->source.n && status == AY_OK; i++) {
        const char *name = b->source.list[i].name, *slash;
        char folder[AY_PACK_NAME], klass[AY_PACK_NAME];
        ay_catalog_record r = {.file = name, .at = (long)i};
        if (!named_as_picture(name))
            continue;
        slash = strchr(name + skip, '/');
        snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - (name + skip)) : 0, name + skip);
        ay_export_unsafe(klass, sizeof klass, folder);
        r.klass = *klass ? klass : NULL;
        status = ay_catalog_add(&b->catalog, &r, err);
    }
    return status;
}

static ay_status open_source(ay_bring *b, bool tar, ay_err *err)
{
    ay_status status = ay_crate_open(&b->source, b->w.path, tar, err);
    size_t at = status == AY_OK ? find_document(&b->source) : SIZE_MAX;
    ay_buf text = {0};

    if (status == AY_OK && at != SIZE_MAX)
        status = ay_crate_read(&b->source, at, DOCUMENT_BYTES, &text, err);
    if (status == AY_OK && at != SIZE_MAX) {
        status = read_any(b, b->source.list[at].name, &text, err);
        if (status == AY_EUNSUPPORTED && rank_of(b->source.list[at].name) >= RANK_GUESSED)
            at = SIZE_MAX, status = AY_OK; /* some other document */
    }
    if (status == AY_OK && at == SIZE_MAX)
        status = list_folders(b, err);
    ay_buf_fini(&text);
    return status;
}

/* ---- which member is which record's */

static const char *where(const ay_catalog *c, const ay_catalog_record *r, char dst[64])
{
    snprintf(dst, 64, strcmp(c->unit, "line") == 0 ? "%s %ld" : "%s[%ld]", c->unit, r->at);
    return dst;
}

static ay_status match(ay_bring *b, ay_err *err)
{
    ay_catalog *c = &b->catalog;

    b->record = ay_calloc(b->source.n + 1, sizeof *b->record);
    b->sha256 = ay_calloc(c->n + 1, sizeof *b->sha256);
    if (!b->record || !b->sha256)
        return ay_fail(err, AY_ENOMEM, "looking for pictures");
    for (size_t i = 0; i < c->n; i++) {
        const ay_catalog_record *r = &c->records[i];
        char other[64];
        size_t m = 0;
        ay_crate_answer a = ay_crate_find(&b->source, r->file, &m);
        if (a == AY_CRATE_MISSING)
            ay_catalog_problem(c, r->at, "there is no file %s", r->file);
        else if (a == AY_CRATE_SEVERAL)
            ay_catalog_problem(c, r->at, "several files end in %s: say which by more of the path", r->file);
        else if (b->record[m])
            ay_catalog_problem(c, r->at, "%s is what %s names already; this row is passed over", r->file, where(c, &c->records[b->record[m] - 1], other));
        else {
            b->record[m] = (uint32_t)i + 1;
            b->now.pictures++;
        }
        b->now.missing += a != AY_CRATE_FOUND;
    }
    return AY_OK;
}

/* ---- counting */

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static int64_t different(const char **list, size_t n)
{
    int64_t count = 0;

    if (n)
        qsort(list, n, sizeof *list, by_text);
    for (size_t i = 0; i < n; i++)
        count += i == 0 || strcmp(list[i], list[i - 1]) != 0;
    return count;
}

static ay_status count(ay_bring *b, ay_err *err)
{
    ay_catalog *c = &b->catalog;
    size_t all = 0, classes = 0, tags = 0, albums = 0;
    const char **list[3];

    for (size_t i = 0; i < c->n; i++)
        all += 1 + (size_t)c->records[i].ntags + (size_t)c->records[i].nalbums;
    for (int k = 0; k < 3; k++)
        if (!(list[k] = ay_arena_alloc(&b->arena, (all + 1) * sizeof *list[k])))
            return ay_fail(err, AY_ENOMEM, "counting classes");
    for (size_t i = 0; i < c->n; i++) {
        const ay_catalog_record *r = &c->records[i];
        if (r->klass)
            list[0][classes++] = r->klass;
        for (int k = 0; k < r->ntags; k++)
            list[1][tags++] = r->tags[k];
        for (int k = 0; k < r->nalbums; k++)
            list[2][albums++] = r->albums[k].name;
    }
    b->now.rows = (int64_t)c->n;
    b->now.classes = different(list[0], classes);
    b->now.tags = different(list[1], tags);
    b->now.albums = different(list[2], albums);
    for (size_t i = 0; i < b->source.n; i++)
        b->now.passed += !b->record[i] && !rank_of(b->source.list[i].name);
    return AY_OK;
}

/* By the digests that the document tells. */
static ay_status count_known(ay_bring *b, ay_err *err)
{
    ay_catalog *c = &b->catalog;
    const char **list = ay_arena_alloc(&b->arena, (c->n + 1) * sizeof *list);
    bool *known = ay_arena_alloc(&b->arena, c->n + 1);
    size_t n = 0;
    ay_status status;

    if (!list || !known)
        return ay_fail(err, AY_ENOMEM, "looking for pictures that are here");
    for (size_t i = 0; i < b->source.n; i++)
        if (b->record[i] && c->records[b->record[i] - 1].sha256)
            list[n++] = c->records[b->record[i] - 1].sha256;
    status = ay_intake_known(b->s, b->w.dataset, list, n, known, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        b->now.known += known[i];
    return status;
}

ay_status ay_bring_find(ay_bring *b, ay_err *err)
{
    bool folder = ay_file_is_dir(b->w.path);
    bool document = !folder && !ay_pack_is_tar(b->w.path) && !ay_str_ends_nocase(b->w.path, ".tar");
    ay_status status = document ? open_document(b, err) : open_source(b, !folder, err);

    if (status == AY_OK)
        status = match(b, err);
    if (status == AY_OK)
        status = count(b, err);
    if (status == AY_OK)
        status = count_known(b, err);
    if (status == AY_OK && b->catalog.n == 0 && b->catalog.nproblems == 0)
        status = ay_fail(err, AY_ENOTFOUND, "%.1000s holds no pictures", b->w.path);
    return status;
}

ay_status ay_bring_is(const char *path, bool *is, ay_err *err)
{
    static const char *const documents[] = {"assay.jsonl", "croissant.json", "coco.json", "pictures.jsonl", "pictures.csv"};
    static const char *const packed[] = {".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2", ".zip", ".7z"};
    char inside[4096];

    *is = false;
    if (ay_file_is_dir(path)) {
        for (size_t i = 0; i < sizeof documents / sizeof *documents && !*is; i++) {
            snprintf(inside, sizeof inside, "%s/%s", path, documents[i]);
            *is = ay_file_exists(inside);
        }
        return AY_OK;
    }
    if (!ay_file_exists(path))
        return AY_OK; /* whoever opens it says so */
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (ay_str_ends_nocase(path, packed[i]))
            return ay_fail(err, AY_EUNSUPPORTED, "%.1000s is packed: unpack it, then import the folder or the .tar in it", path);
    *is = ay_pack_is_tar(path) || ay_str_ends_nocase(path, ".tar") || ay_str_ends_nocase(path, ".json") || ay_str_ends_nocase(path, ".jsonl") ||
          ay_str_ends_nocase(path, ".csv");
    return AY_OK;
}
