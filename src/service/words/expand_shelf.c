/* service/words/expand_shelf.c - expansions that are kept, in memory and one file each. */
#include "service/words/expand_parts.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 64 << 10 };

static void path_of(const ay_expand_shelf *s, const char *key, char *dst, size_t cap)
{
    snprintf(dst, cap, "%s/%s.json", s->folder, key);
}

/* ---- the folder */

typedef struct {
    char key[AY_SHA256_HEX];
    struct timespec at;
} found;

static int newest_first(const void *a, const void *b)
{
    const found *x = a, *y = b;

    if (x->at.tv_sec != y->at.tv_sec)
        return x->at.tv_sec < y->at.tv_sec ? 1 : -1;
    if (x->at.tv_nsec != y->at.tv_nsec)
        return x->at.tv_nsec < y->at.tv_nsec ? 1 : -1;
    return strcmp(x->key, y->key);
}

/* Only names that are written here are looked at, and may be removed. */
static bool is_ours(const char *name, char key[AY_SHA256_HEX])
{
    if (strlen(name) != AY_SHA256_HEX - 1 + strlen(".json") || !ay_str_ends_nocase(name, ".json"))
        return false;
    memcpy(key, name, AY_SHA256_HEX - 1);
    key[AY_SHA256_HEX - 1] = '\0';
    return ay_sha256_valid(key);
}

static ay_status list_folder(const ay_expand_shelf *s, ay_buf *out, ay_err *err)
{
    DIR *dir = opendir(s->folder);
    struct dirent *e;

    while (dir && (e = readdir(dir))) {
        char path[4200];
        struct stat st;
        found f;
        if (!is_ours(e->d_name, f.key))
            continue;
        path_of(s, f.key, path, sizeof path);
        if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
            continue;
        f.at = st.st_mtim;
        ay_buf_add(out, &f, sizeof f);
    }
    if (dir)
        closedir(dir);
    return out->failed ? ay_fail(err, AY_ENOMEM, "listing %s", s->folder) : AY_OK;
}

static bool read_one(ay_expand_shelf *s, const char *key)
{
    char path[4200];
    ay_buf raw = {0}, text = {0};
    ay_err err;
    bool good;

    path_of(s, key, path, sizeof path);
    good = ay_file_read(path, FILE_MOST, &raw, &err) == AY_OK &&
           ay_expand_check(raw.data ? raw.data : "", raw.len, &text, &err) == AY_OK &&
           ay_expand_shelf_put(s, key, text.data);
    ay_buf_fini(&raw);
    ay_buf_fini(&text);
    return good;
}

static ay_status read_folder(ay_expand_shelf *s, ay_err *err)
{
    ay_buf list = {0};
    ay_status status = list_folder(s, &list, err);
    found *f = (found *)(void *)list.data;
    size_t n = list.len / sizeof *f;

    if (status == AY_OK && n > 0)
        qsort(f, n, sizeof *f, newest_first);
    n = status == AY_OK ? n : 0;
    for (size_t i = n; i-- > 0;) { /* oldest first, so that the newest count as used last */
        char path[4200];
        if (i < (size_t)s->cap && read_one(s, f[i].key))
            continue;
        path_of(s, f[i].key, path, sizeof path);
        unlink(path);
    }
    ay_buf_fini(&list);
    return status;
}

ay_status ay_expand_shelf_init(ay_expand_shelf *s, const char *folder, int cap, ay_err *err)
{
    *s = (ay_expand_shelf){.row = ay_calloc((size_t)cap, sizeof *s->row), .cap = cap};
    if (!s->row || (folder && !(s->folder = ay_strdup(folder)))) {
        ay_expand_shelf_fini(s);
        return ay_fail(err, AY_ENOMEM, "room for %d expansions", cap);
    }
    return s->folder ? read_folder(s, err) : AY_OK;
}

void ay_expand_shelf_fini(ay_expand_shelf *s)
{
    for (int i = 0; i < s->n; i++)
        ay_free(s->row[i].text);
    ay_free(s->row);
    ay_free(s->folder);
    *s = (ay_expand_shelf){0};
}

bool ay_expand_shelf_has(const ay_expand_shelf *s, const char *key)
{
    char path[4200];

    path_of(s, key, path, sizeof path);
    return ay_file_exists(path);
}

ay_status ay_expand_shelf_write(const ay_expand_shelf *s, const char *key, const char *text, ay_err *err)
{
    char path[4200];
    ay_status status;

    if (!s->folder)
        return AY_OK;
    status = ay_file_mkdirs(s->folder, err);
    path_of(s, key, path, sizeof path);
    return status == AY_OK ? ay_file_write(path, text, strlen(text), err) : status;
}

/* ---- memory */

static int place_of(const ay_expand_shelf *s, const char *key)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->row[i].key, key) == 0)
            return i;
    return -1;
}

/* The row to write a key into: its own, a new one, or the least used. */
static ay_expand_kept *room(ay_expand_shelf *s, const char *key)
{
    int at = place_of(s, key);
    char path[4200];

    if (at < 0 && s->n < s->cap)
        at = s->n++;
    if (at < 0) {
        at = 0;
        for (int i = 1; i < s->n; i++)
            if (s->row[i].used < s->row[at].used)
                at = i;
        if (s->folder && s->row[at].text) {
            path_of(s, s->row[at].key, path, sizeof path);
            unlink(path);
        }
    }
    ay_free(s->row[at].text);
    s->row[at] = (ay_expand_kept){.used = ++s->turn};
    snprintf(s->row[at].key, sizeof s->row[at].key, "%s", key);
    return &s->row[at];
}

const ay_expand_kept *ay_expand_shelf_find(ay_expand_shelf *s, const char *key, uint64_t now)
{
    int at = place_of(s, key);

    if (at < 0 || (!s->row[at].text && now >= s->row[at].until))
        return NULL;
    s->row[at].used = ++s->turn;
    return &s->row[at];
}

bool ay_expand_shelf_put(ay_expand_shelf *s, const char *key, const char *text)
{
    char *copy = ay_strdup(text);

    if (!copy)
        return false;
    room(s, key)->text = copy;
    return true;
}

void ay_expand_shelf_fail(ay_expand_shelf *s, const char *key, ay_expand_state state, const char *reason,
                          uint64_t until)
{
    ay_expand_kept *k = room(s, key);

    k->state = state;
    k->until = until;
    snprintf(k->reason, sizeof k->reason, "%s", reason);
}
