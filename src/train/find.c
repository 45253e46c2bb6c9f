#include "train/find.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define MOST_DEPTH 16 /* folders inside a class folder */
#define MOST_NAME  120

void ay_listing_fini(ay_listing *l)
{
    ay_free(l->entries);
    ay_free(l->classes);
}

static bool grow(void **p, size_t n, size_t *room, size_t size)
{
    size_t want = *room ? 2 * *room : 64;
    void *more;

    if (n < *room)
        return true;
    more = ay_realloc(*p, want, size);
    if (!more)
        return false;
    *p = more;
    *room = want;
    return true;
}

ay_status ay_listing_add(ay_listing *l, const char *path, const char *label, int split, ay_err *err)
{
    const char *kept = ay_arena_strdup(l->arena, path);

    if (!kept || !grow((void **)&l->entries, l->n, &l->room, sizeof *l->entries))
        return ay_fail(err, AY_ENOMEM, "no memory for the list of pictures");
    l->entries[l->n++] = (ay_corpus_entry){kept, label, split};
    return AY_OK;
}

int ay_split_parse(const char *word)
{
    static const struct {
        const char *word;
        ay_split split;
    } known[] = {{"train", AY_SPLIT_TRAIN},
                 {"val", AY_SPLIT_VAL},
                 {"valid", AY_SPLIT_VAL},
                 {"validation", AY_SPLIT_VAL},
                 {"test", AY_SPLIT_TEST}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcasecmp(word, known[i].word) == 0)
            return known[i].split;
    return AY_SPLIT_NONE;
}

ay_status ay_class_name_check(const char *name, const char *where, ay_err *err)
{
    size_t n = strlen(name);

    if (n < 1 || n > MOST_NAME)
        return ay_fail(err, AY_EINVAL, "%s: a class name has 1 to %d bytes, not %zu", where,
                       MOST_NAME, n);
    if (!ay_utf8_valid(name, n))
        return ay_fail(err, AY_EINVAL, "%s: the class name is not UTF-8; rename it", where);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < 32 || name[i] == 127)
            return ay_fail(err, AY_EINVAL, "%s: the class name has a control character; rename it",
                           where);
    return AY_OK;
}

typedef struct {
    char **name; /* heap, in byte order */
    size_t n, room;
} names;

static void names_fini(names *all)
{
    for (size_t i = 0; i < all->n; i++)
        ay_free(all->name[i]);
    ay_free(all->name);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What a person did not put there: hidden files, and the folder that a Mac adds to archives. */
static bool is_hidden(const char *name)
{
    return name[0] == '.' || strcmp(name, "__MACOSX") == 0;
}

static ay_status read_names(ay_listing *l, const char *dir, names *out, ay_err *err)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    ay_status st = AY_OK;

    *out = (names){0};
    if (!d)
        return ay_fail(err, errno == ENOENT ? AY_ENOTFOUND : AY_EIO, "cannot read folder %s: %s",
                       dir, strerror(errno));
    while (!st && (errno = 0, e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (is_hidden(e->d_name)) {
            l->hidden++;
            continue;
        }
        if (!grow((void **)&out->name, out->n, &out->room, sizeof *out->name) ||
            !(out->name[out->n] = ay_strdup(e->d_name)))
            st = ay_fail(err, AY_ENOMEM, "no memory for the names in %s", dir);
        else
            out->n++;
    }
    if (!st && errno)
        st = ay_fail(err, AY_EIO, "reading folder %s: %s", dir, strerror(errno));
    closedir(d);
    if (out->n)
        qsort(out->name, out->n, sizeof *out->name, by_bytes);
    if (st) {
        names_fini(out);
        *out = (names){0};
    }
    return st;
}

enum kind { K_FILE, K_DIR, K_LINKED_DIR, K_OTHER };

static enum kind kind_of(const char *path)
{
    struct stat here, there;

    if (lstat(path, &here) != 0 || stat(path, &there) != 0)
        return K_FILE; /* opening it will say what is wrong */
    if (S_ISDIR(there.st_mode))
        return S_ISLNK(here.st_mode) ? K_LINKED_DIR : K_DIR;
    return S_ISREG(there.st_mode) ? K_FILE : K_OTHER;
}

static ay_status join(char *dst, size_t cap, const char *dir, const char *name, ay_err *err)
{
    size_t n = strlen(dir);

    if (snprintf(dst, cap, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name) >= (int)cap)
        return ay_fail(err, AY_EINVAL, "path is too long: %.100s/...", dir);
    return AY_OK;
}

/* All files below a class's folder.  Links to folders are followed for a class (people link their
 * classes together) but not further down, so that no loop is walked. */
static ay_status walk(ay_listing *l, const char *dir, const char *label, int split, int depth,
                      ay_err *err)
{
    names all;
    ay_status st = read_names(l, dir, &all, err);

    for (size_t i = 0; !st && i < all.n; i++) {
        char path[4096];
        st = join(path, sizeof path, dir, all.name[i], err);
        if (st)
            break;
        enum kind kind = kind_of(path);
        if (kind == K_FILE)
            st = ay_listing_add(l, path, label, split, err);
        else if (kind == K_DIR && depth < MOST_DEPTH)
            st = walk(l, path, label, split, depth + 1, err);
        else
            l->other++;
    }
    names_fini(&all);
    return st;
}

static ay_status add_class(ay_listing *l, const char *name, const char *where, int split,
                           ay_err *err)
{
    ay_found_class c = {.split = split};
    ay_status st = ay_class_name_check(name, where, err);

    if (st)
        return st;
    c.name = ay_arena_strdup(l->arena, name);
    c.where = ay_arena_strdup(l->arena, where);
    if (!c.name || !c.where ||
        !grow((void **)&l->classes, l->nclasses, &l->classes_room, sizeof *l->classes))
        return ay_fail(err, AY_ENOMEM, "no memory for the list of classes");
    l->classes[l->nclasses++] = c;
    return walk(l, where, c.name, split, 0, err);
}

/* The folders of dir are classes. */
static ay_status find_classes(ay_listing *l, const char *dir, int split, ay_err *err)
{
    names all;
    ay_status st = read_names(l, dir, &all, err);

    for (size_t i = 0; !st && i < all.n; i++) {
        char path[4096];
        st = join(path, sizeof path, dir, all.name[i], err);
        if (st)
            break;
        enum kind kind = kind_of(path);
        if (kind == K_DIR || kind == K_LINKED_DIR)
            st = add_class(l, all.name[i], path, split, err);
        else
            l->other++;
    }
    names_fini(&all);
    return st;
}

/* The folder of a side, as named or by one of its usual names. */
static bool find_side(char *dst, size_t cap, const char *root, const char *named, ay_split split)
{
    static const char *const usual[AY_SPLIT_COUNT][3] = {
        {"train"}, {"val", "valid", "validation"}, {"test"}};

    if (named)
        return !join(dst, cap, root, named, NULL) && ay_file_is_dir(dst);
    for (int i = 0; i < 3 && usual[split][i]; i++)
        if (!join(dst, cap, root, usual[split][i], NULL) && ay_file_is_dir(dst))
            return true;
    return false;
}

ay_status ay_find_folder(ay_listing *l, const char *root, const ay_corpus_options *o, ay_err *err)
{
    const char *named[AY_SPLIT_COUNT] = {o->train_dir, o->val_dir, o->test_dir};
    ay_status st = AY_OK;
    char side[4096];

    if (!find_side(side, sizeof side, root, named[0], AY_SPLIT_TRAIN)) {
        if (find_side(side, sizeof side, root, named[1], AY_SPLIT_VAL))
            return ay_fail(err, AY_EINVAL, "%s has a folder %s but no train folder beside it", root,
                           side);
        return find_classes(l, root, AY_SPLIT_NONE, err);
    }
    l->split_given = true;
    for (int s = 0; !st && s < AY_SPLIT_COUNT; s++)
        if (find_side(side, sizeof side, root, named[s], (ay_split)s))
            st = find_classes(l, side, s, err);
    return st;
}
