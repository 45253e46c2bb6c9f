/* service/library/duplicates_keep.c - what was found, in a file that is believed only when whole. */
#include "base/cachefile.h"
#include "base/mem.h"
#include "service/library/duplicates_parts.h"

#include <stdio.h>
#include <string.h>

#define LETTERS "AYDUPLIC"
enum { LAYOUT = 3 }; /* 2: what is the same picture is judged more finely; 3: crops are, and who is held is kept.  Older lists are made again */

typedef struct {
    int64_t dataset, made_us;
    uint64_t n, nnear, nheld, failed;
    float least;
    char model[AY_SHA256_HEX];
} head;

static void path_of(const ay_service *s, int64_t dataset, char *dst, size_t cap)
{
    snprintf(dst, cap, "%s/cache/duplicates-%lld.bin", s->data, (long long)dataset);
}

/* The digest of nothing: the body says itself which pictures it is about. */
static void made_of(char dst[AY_SHA256_HEX])
{
    ay_sha256_bytes("", 0, dst);
}

void ay_dups_set_free(ay_dups_set *set)
{
    if (!set)
        return;
    ay_free(set->sha256);
    ay_free(set->readable);
    ay_free(set->found.place);
    ay_dups_found_fini(&set->found);
    ay_dup_groups_fini(&set->groups);
    ay_free(set);
}

ay_status ay_dups_set_write(ay_service *s, const ay_dups_set *set, ay_err *err)
{
    head h;
    ay_cachefile_head file = {.letters = LETTERS, .layout = LAYOUT};
    ay_cachefile_piece pieces[] = {{&h, sizeof h},
                                   {set->sha256, set->n * sizeof *set->sha256},
                                   {set->readable, set->n},
                                   {set->found.place, set->n * sizeof *set->found.place},
                                   {set->found.near, set->found.nnear * sizeof *set->found.near},
                                   {set->found.held, set->found.nheld * sizeof *set->found.held}};
    char path[4200];

    memset(&h, 0, sizeof h);
    h.dataset = set->dataset, h.made_us = set->made_us, h.n = set->n, h.nnear = set->found.nnear, h.failed = set->failed;
    h.nheld = set->found.nheld, h.least = set->found.least;
    memcpy(h.model, set->model, sizeof h.model);
    made_of(file.made_of);
    path_of(s, set->dataset, path, sizeof path);
    return ay_cachefile_write(path, &file, pieces, 6, err);
}

static bool take(const ay_cachefile *f, size_t *at, void *dst, size_t n)
{
    if (f->n - *at < n)
        return false;
    if (n)
        memcpy(dst, f->body + *at, n);
    *at += n;
    return true;
}

static ay_dups_set *unpack(const ay_cachefile *f, int64_t dataset)
{
    ay_dups_set *set = ay_calloc(1, sizeof *set);
    size_t at = 0;
    bool ok;
    head h;

    ok = set && take(f, &at, &h, sizeof h) && h.dataset == dataset && h.n <= f->n && h.nnear <= f->n && h.nheld <= f->n;
    if (ok) {
        set->dataset = dataset, set->made_us = h.made_us, set->n = h.n, set->failed = h.failed;
        set->found.least = h.least;
        set->found.nnear = set->found.cnear = h.nnear;
        set->found.nheld = set->found.cheld = h.nheld;
        memcpy(set->model, h.model, sizeof set->model);
        set->sha256 = ay_alloc(h.n + 1, sizeof *set->sha256);
        set->readable = ay_alloc(h.n + 1, 1);
        set->found.place = ay_alloc(h.n + 1, sizeof *set->found.place);
        set->found.near = ay_alloc(h.nnear + 1, sizeof *set->found.near);
        set->found.held = ay_alloc(h.nheld + 1, sizeof *set->found.held);
        ok = set->sha256 && set->readable && set->found.place && set->found.near && set->found.held;
    }
    ok = ok && take(f, &at, set->sha256, h.n * sizeof *set->sha256) && take(f, &at, set->readable, h.n) &&
         take(f, &at, set->found.place, h.n * sizeof *set->found.place) &&
         take(f, &at, set->found.near, h.nnear * sizeof *set->found.near) &&
         take(f, &at, set->found.held, h.nheld * sizeof *set->found.held) && at == f->n;
    if (ok)
        return set;
    ay_dups_set_free(set);
    return NULL;
}

ay_dups_set *ay_dups_set_read(ay_service *s, int64_t dataset)
{
    ay_cachefile_head want = {.letters = LETTERS, .layout = LAYOUT};
    ay_dups_set *set;
    ay_cachefile f;
    char path[4200];
    ay_err err;

    path_of(s, dataset, path, sizeof path);
    if (ay_cachefile_open(&f, path, &want, &err) != AY_OK)
        return NULL;
    set = unpack(&f, dataset);
    ay_cachefile_close(&f);
    return set;
}
