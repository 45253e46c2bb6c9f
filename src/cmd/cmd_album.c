/* cmd/cmd_album.c - "assay album": albums and their order from the command line (cmd/shelf.h).
 *
 * What puts pictures into an album is "assay tag --album"; what takes them out, --album-off. */
#include "base/str.h"
#include "cmd/commands.h"
#include "cmd/shelf.h"
#include "service/library/shelf.h"
#include "service/library/tags.h"

#include <stdio.h>
#include <string.h>

static const ay_option options[] = {
    {"before", 0, "DIGEST", "move the pictures named before this one of the album"},
    {"first", 0, NULL, "move the pictures named to the front: the first one is the album's cover"},
    {"last", 0, NULL, "move the pictures named to the end"},
    {"sort", 0, "ORDER", "sort the whole album: newest, oldest, name, largest, taken"},
    {"rename", 0, "NAME", "give the album another name"},
    {"delete", 0, NULL, "delete the album; its pictures stay"},
    {"undo", 0, "TOKEN", "take a change back: this one's, or any other's"},
    {0},
};
static const ay_usage usage = {
    "album [OPTION ...] [ALBUM [DIGEST ...]]",
    "Albums of the library (--dataset NAME: of a data set): without a name all of them with how many pictures; with a name its\n"
    "pictures in their order, a digest and a file a line; with an option a change, which prints what takes it back.  A picture is\n"
    "named by its SHA-256, or the beginning of it, 8 digits at least.\n"
    "Exit code: 0 done, 3 there is none, 1 failure, 2 wrong usage.",
    options,
    "dataset " AY_SESSION_SETTINGS,
};

static ay_status read_album(ay_shelf_words *s, const char *name, const char *order, ay_shelf_item **items, size_t *n, ay_err *err)
{
    ay_picture_filter f = {.n = 0};
    ay_shelf_part part = {.n = 0};
    size_t cap = 0;
    ay_status status = ay_filter_set(&f, &s->arena, "album", name, NULL, err);

    if (status == AY_OK)
        status = ay_filter_set(&f, &s->arena, "order", order, NULL, err);
    *n = 0;
    do {
        if (status == AY_OK)
            status = ay_shelf_list(s->session.service, ay_shelf_dataset(s), &f, *n, AY_SHELF_MOST, &s->arena, &part, err);
        if (status != AY_OK)
            return status;
        if (*n == 0) {
            cap = part.total;
            *items = ay_arena_alloc(&s->arena, (cap + 1) * sizeof **items);
        }
        if (!*items)
            return ay_fail(err, AY_ENOMEM, "reading an album");
        for (size_t i = 0; i < part.n && *n < cap; i++)
            (*items)[(*n)++] = part.items[i];
    } while (part.n && *n < cap);
    return AY_OK;
}

/* The picture of the album that a word names; AY_ENOTFOUND, AY_EINVAL where it names several. */
static ay_status find(const ay_shelf_item *items, size_t n, const char *word, const char **out, ay_err *err)
{
    size_t len = strlen(word), found = 0;

    if (len < 8 || strspn(word, "0123456789abcdef") != len)
        return ay_fail(err, AY_EINVAL, "'%.80s' is no digest of a picture: 8 to 64 hex digits, as assay pictures prints them", word);
    for (size_t i = 0; i < n; i++)
        if (strncmp(items[i].sha256, word, len) == 0 && ++found)
            *out = items[i].sha256;
    if (found != 1)
        return ay_fail(err, found ? AY_EINVAL : AY_ENOTFOUND, found ? "%.80s begins the digests of several pictures of the album" : "no picture %.80s is in the album",
                       word);
    return AY_OK;
}

static ay_status move(ay_shelf_words *s, int64_t album, const char *before, char *undo, ay_err *err)
{
    const char **list = ay_arena_alloc(&s->arena, (size_t)s->n * sizeof *list), *to = NULL;
    ay_shelf_item *items = NULL;
    size_t n = 0;
    ay_status status = list ? read_album(s, s->word[0], "album", &items, &n, err) : ay_fail(err, AY_ENOMEM, "moving pictures");

    for (int i = 1; i < s->n && status == AY_OK; i++)
        status = find(items, n, s->word[i], &list[i - 1], err);
    if (status == AY_OK && before && *before)
        status = find(items, n, before, &to, err);
    if (status == AY_OK && ay_args_get(&s->args, "first"))
        for (size_t i = 0; i < n && !to; i++) { /* the first that stays where it is */
            bool moved = false;
            for (int k = 1; k < s->n; k++)
                moved |= list[k - 1] == items[i].sha256;
            to = moved ? NULL : items[i].sha256;
        }
    return status == AY_OK ? ay_album_move(s->session.service, album, list, (size_t)s->n - 1, to, undo, err) : status;
}

static ay_status sort(ay_shelf_words *s, int64_t album, const char *order, char *undo, ay_err *err)
{
    ay_shelf_item *items = NULL;
    const char **list;
    size_t n = 0;
    ay_status status = read_album(s, s->word[0], order, &items, &n, err);

    list = ay_arena_alloc(&s->arena, (n + 1) * sizeof *list);
    if (status == AY_OK && !list)
        status = ay_fail(err, AY_ENOMEM, "sorting an album");
    for (size_t i = 0; i < n && status == AY_OK; i++)
        list[i] = items[i].sha256;
    return status == AY_OK ? ay_album_order(s->session.service, album, list, n, undo, err) : status;
}

static ay_status change(ay_shelf_words *s, char *undo, ay_err *err)
{
    const char *name = ay_args_get(&s->args, "rename"), *order = ay_args_get(&s->args, "sort");
    int64_t id = 0;
    ay_status status = ay_label_find(s->session.service, AY_SHELF_ALBUM, s->word[0], &id, err);

    if (status != AY_OK)
        return status;
    if (ay_args_get(&s->args, "delete"))
        return ay_label_delete(s->session.service, AY_SHELF_ALBUM, id, undo, err);
    if (name)
        return ay_label_change(s->session.service, AY_SHELF_ALBUM, id, name, NULL, undo, err);
    return order ? sort(s, id, order, undo, err) : move(s, id, ay_args_get(&s->args, "before"), undo, err);
}

static int list_albums(ay_shelf_words *s)
{
    ay_label *list;
    size_t n = 0;
    ay_status status = ay_label_list(s->session.service, AY_SHELF_ALBUM, ay_shelf_dataset(s), &s->arena, &list, &n, &s->err);

    if (status != AY_OK)
        return ay_cmd_fail(&s->err);
    for (size_t i = 0; i < n; i++)
        printf("%8lld  %s\n", (long long)list[i].pictures, list[i].name);
    return n ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}

static int list_pictures(ay_shelf_words *s)
{
    ay_shelf_item *items = NULL;
    size_t n = 0;

    if (read_album(s, s->word[0], "album", &items, &n, &s->err) != AY_OK)
        return ay_cmd_fail(&s->err);
    for (size_t i = 0; i < n; i++)
        printf("%s\t%s\n", items[i].sha256, items[i].file);
    return n ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}

/* What is wrong with the options; NULL: nothing.  *changes: they ask for a change. */
static const char *check(const ay_shelf_words *s, bool *changes)
{
    static const char *const moves[] = {"before", "first", "last"}, *const others[] = {"sort", "rename", "delete"};
    const char *order = ay_args_get(&s->args, "sort");
    int nmoves = 0, n = 0;

    for (int i = 0; i < 3; i++) {
        nmoves += ay_args_get(&s->args, moves[i]) != NULL;
        n += ay_args_get(&s->args, others[i]) != NULL;
    }
    *changes = nmoves + n > 0;
    if (nmoves + n > 1)
        return "one change at a time: --before, --first, --last, --sort, --rename or --delete";
    if (*changes && s->n == 0)
        return "which album?";
    if (nmoves && s->n < 2)
        return "which pictures? name their digests after the album";
    if (!nmoves && s->n > 1)
        return "pictures are named to be moved: with --before, --first or --last";
    if (order && strcmp(order, "newest") != 0 && strcmp(order, "oldest") != 0 && strcmp(order, "name") != 0 && strcmp(order, "largest") != 0 &&
        strcmp(order, "taken") != 0)
        return "--sort is newest, oldest, name, largest or taken";
    return NULL;
}

static int run(ay_shelf_words *s)
{
    char undo[AY_UNDO_SIZE] = "";
    bool changes;
    const char *wrong = check(s, &changes);
    ay_status status;

    if (wrong)
        return ay_args_wrong(&s->args, "album: %s", wrong);
    status = ay_session_open(&s->session, &s->args, false, !changes, &s->err);
    if (status != AY_OK)
        return ay_cmd_fail(&s->err);
    if (!changes)
        return s->n ? list_pictures(s) : list_albums(s);
    if (change(s, undo, &s->err) != AY_OK)
        return ay_cmd_fail(&s->err);
    printf("done; to take it back: assay album --undo %s\n", undo);
    return AY_EXIT_OK;
}

int ay_cmd_album(int argc, char **argv)
{
    ay_shelf_words s = {.n = 0};
    int rc = ay_shelf_begin(&s, &usage, argc, argv);

    if (rc < 0)
        rc = ay_args_get(&s.args, "undo") ? ay_shelf_undo(&s, ay_args_get(&s.args, "undo")) : run(&s);
    ay_shelf_end(&s);
    return rc;
}
