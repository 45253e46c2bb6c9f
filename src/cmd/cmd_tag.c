/* cmd/cmd_tag.c - "assay pictures" and "assay tag": the library's shelf from the command line.
 *
 * Both take the filter that the page's bar takes, a word an operand: tag:blue -tag:old camera:Pixel since:2026-01-01 yard.  A word with a
 * '-' in front is no option here, so these commands have long options only. */
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/session.h"
#include "http/h_pictures.h"
#include "service/library/change.h"
#include "service/library/shelf.h"
#include "service/library/tags.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILTERS                                                                                                                    \
    "FILTER: words, all of which must hold (of several classes, cameras, formats or albums one of them):\n"                        \
    "  tag:blue  -tag:old  class:Boards  album:\"Best of\"  cluster:12  camera:Pixel  format:jpeg,png  yard (in the file's name)\n"  \
    "  since:2026-01-31 until:2026-02 taken:2025 taken-since:7d  min-side:800 max-side:4000 min-bytes:2MB  is:untagged is:unsorted\n" \
    "  order:newest|oldest|name|largest|taken|album; a '-' before a word excludes what it names."

static const ay_option list_options[] = {
    {"limit", 0, "N", "most pictures (100)"},
    {"offset", 0, "N", "how many of the list to pass over"},
    {"count", 0, NULL, "only how many there are"},
    {"json", 0, NULL, "one JSON object, as GET /v1/pictures answers"},
    {0},
};
static const ay_usage list_usage = {
    "pictures [OPTION ...] [FILTER ...]",
    "List the pictures of the library (--dataset NAME: of a data set), one a line: digest, class, tags, file.\n" FILTERS "\n"
    "Exit code: 0 there are some, 3 none, 1 failure, 2 wrong usage.",
    list_options,
    "dataset " AY_SESSION_SETTINGS,
};

static const ay_option tag_options[] = {
    {"all", 0, NULL, "all pictures of the data set, where no filter is given"},
    {"class", 0, "CLASS", "move them to this class, too"},
    {"album", 0, "ALBUM", "put them into this album, too"},
    {"undo", 0, "TOKEN", "take a change back: this one's, or any other's"},
    {"json", 0, NULL, "one JSON object, as POST /v1/pictures/change answers"},
    {0},
};
static const ay_usage tag_usage = {
    "tag [OPTION ...] +TAG -TAG ... FILTER|DIGEST ...   or   tag (lists the tags)",
    "Put tags on pictures of the library (--dataset NAME: of a data set): +blue adds, -old takes off.  The pictures are\n"
    "those that the filter means, or those whose SHA-256 is given.  It prints what takes all of it back.\n" FILTERS "\n"
    "A '-' before a word without a colon takes a tag off; names that are not to contain a word: -text:word.\n"
    "Exit code: 0 done, 3 nothing to change, 1 failure, 2 wrong usage.",
    tag_options,
    "dataset " AY_SESSION_SETTINGS,
};

typedef struct {
    ay_args args;
    ay_session session;
    ay_arena arena;
    ay_picture_filter filter;
    char **word; /* operands, also those with a '-' in front */
    int n;
    ay_err err;
} shelf;

/* Words that begin with one '-' are taken out of argv before it is read as options.  False: no memory. */
static bool split(shelf *s, int *argc, char **argv, char ***left)
{
    int n = 1;

    s->word = ay_arena_alloc(&s->arena, (size_t)(*argc + 1) * sizeof *s->word);
    *left = ay_arena_alloc(&s->arena, (size_t)(*argc + 1) * sizeof **left);
    if (!s->word || !*left)
        return false;
    (*left)[0] = argv[0];
    for (int i = 1; i < *argc; i++) {
        bool word = argv[i][0] == '-' && argv[i][1] && argv[i][1] != '-' && strcmp(argv[i], "-h") != 0;
        if (word)
            s->word[s->n++] = argv[i];
        else
            (*left)[n++] = argv[i];
    }
    *argc = n;
    return true;
}

/* Options, operands and the data folder; -1: go on, else the exit code. */
static int begin(shelf *s, const ay_usage *usage, int argc, char **argv)
{
    char **left;
    int rc;

    ay_arena_init(&s->arena, 0);
    if (!split(s, &argc, argv, &left))
        return AY_EXIT_FAIL;
    rc = ay_args_parse(&s->args, usage, argc, left);
    for (int i = 0; rc < 0 && i < s->args.n_rest; i++)
        s->word[s->n++] = s->args.rest[i];
    return rc;
}

static void end(shelf *s)
{
    ay_session_close(&s->session);
    ay_arena_fini(&s->arena);
    ay_args_fini(&s->args);
}

static void print_json(json_t *o)
{
    json_dumpf(o, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(o);
}

static const char *dataset_of(const shelf *s)
{
    return ay_config_text(&s->args.config, "dataset");
}

/* ---- assay pictures */

static void print_part(const ay_shelf_part *part)
{
    for (size_t i = 0; i < part->n; i++) {
        const ay_shelf_item *it = &part->items[i];
        printf("%s\t%s\t", it->sha256, it->class_name);
        for (int k = 0; k < it->ntags; k++)
            printf("%s%s", k ? "," : "", it->tags[k]);
        printf("\t%s\n", it->file);
    }
}

/* Any number of them, AY_SHELF_MOST at a time; JSON is one object. */
static ay_status list_all(shelf *s, long offset, long limit, ay_shelf_part *whole, ay_err *err)
{
    bool json = ay_args_get(&s->args, "json") != NULL;
    json_t *items = json_array();
    ay_shelf_part part;
    ay_status status = AY_OK;
    long done = 0;

    do {
        int some = limit - done < AY_SHELF_MOST ? (int)(limit - done) : AY_SHELF_MOST;
        status = ay_shelf_list(s->session.service, dataset_of(s), &s->filter, (size_t)(offset + done), some, &s->arena, &part, err);
        if (status != AY_OK)
            break;
        if (done == 0)
            *whole = part;
        if (!json)
            print_part(&part);
        for (size_t i = 0; json && i < part.n; i++)
            json_array_append_new(items, ay_view_shelf_item(&part.items[i], part.dataset));
        done += (long)part.n;
    } while (part.n && done < limit);
    if (status == AY_OK && json) {
        json_t *o = ay_view_shelf_part(&(ay_shelf_part){.dataset = whole->dataset, .total = whole->total, .offset = (size_t)offset,
                                                        .changes = whole->changes});
        json_object_set(o, "items", items);
        print_json(o);
    }
    json_decref(items);
    return status;
}

static int list(shelf *s)
{
    long limit = 100, offset = 0;
    ay_shelf_part whole = {.n = 0};
    ay_status status = AY_OK;

    if ((ay_args_get(&s->args, "limit") && !ay_args_number(&s->args, "limit", 1, 10000000, &limit)) ||
        (ay_args_get(&s->args, "offset") && !ay_args_number(&s->args, "offset", 0, INT32_MAX, &offset)))
        return AY_EXIT_USAGE;
    for (int i = 0; i < s->n && status == AY_OK; i++)
        status = ay_filter_word(&s->filter, &s->arena, s->word[i], &s->err);
    if (status != AY_OK)
        return ay_args_wrong(&s->args, "%s", s->err.msg);
    status = ay_session_open(&s->session, &s->args, false, true, &s->err);
    if (status == AY_OK && ay_args_get(&s->args, "count")) {
        status = ay_shelf_list(s->session.service, dataset_of(s), &s->filter, 0, 1, &s->arena, &whole, &s->err);
        if (status == AY_OK)
            printf("%zu\n", whole.total);
    } else if (status == AY_OK) {
        status = list_all(s, offset, limit, &whole, &s->err);
    }
    if (status != AY_OK)
        return ay_cmd_fail(&s->err);
    return whole.total ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}

int ay_cmd_pictures(int argc, char **argv)
{
    shelf s = {.n = 0};
    int rc = begin(&s, &list_usage, argc, argv);

    if (rc < 0)
        rc = list(&s);
    end(&s);
    return rc;
}

/* ---- assay tag */

static int list_tags(shelf *s)
{
    ay_label *list;
    size_t n = 0;
    ay_status status = ay_session_open(&s->session, &s->args, false, true, &s->err);

    if (status == AY_OK)
        status = ay_label_list(s->session.service, AY_SHELF_TAG, dataset_of(s), &s->arena, &list, &n, &s->err);
    if (status != AY_OK)
        return ay_cmd_fail(&s->err);
    for (size_t i = 0; i < n && !ay_args_get(&s->args, "json"); i++)
        printf("%8lld  %s\n", (long long)list[i].pictures, list[i].name);
    if (ay_args_get(&s->args, "json")) {
        json_t *items = json_array();
        for (size_t i = 0; i < n; i++)
            json_array_append_new(items, json_pack("{s:I, s:s, s:I}", "id", (json_int_t)list[i].id, "name", list[i].name, "pictures",
                                                   (json_int_t)list[i].pictures));
        print_json(json_pack("{s:o}", "items", items));
    }
    return n ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}

static int take_back(shelf *s, const char *token)
{
    ay_undo_result r;
    ay_status status = ay_session_open(&s->session, &s->args, false, false, &s->err);

    if (status == AY_OK)
        status = ay_service_undo(s->session.service, token, &r, &s->err);
    if (status != AY_OK)
        return ay_cmd_fail(&s->err);
    printf("%lld pictures and other things are as they were\n", (long long)r.restored);
    return AY_EXIT_OK;
}

/* What each operand is: a tag to add or to take, a digest, a word of the filter. */
static ay_status sort_words(shelf *s, ay_change_of_pictures *c, const char **digests, ay_which *w, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < s->n && status == AY_OK; i++) {
        const char *word = s->word[i];
        bool sign = (word[0] == '+' || (word[0] == '-' && !strchr(word, ':'))) && word[1];
        if (sign && (word[0] == '+' ? c->nadd : c->nremove) == AY_CHANGE_TAGS)
            status = ay_fail(err, AY_ELIMIT, "at most %d tags at once", AY_CHANGE_TAGS);
        else if (sign && word[0] == '+')
            c->add[c->nadd++] = word + 1;
        else if (sign)
            c->remove[c->nremove++] = word + 1;
        else if (ay_sha256_valid(word))
            digests[w->n++] = word;
        else
            status = ay_filter_word(&s->filter, &s->arena, word, err);
    }
    w->sha256 = digests;
    if (status == AY_OK && w->n && s->filter.n)
        status = ay_fail(err, AY_EINVAL, "give digests or a filter, not both");
    if (status == AY_OK && !w->n && !s->filter.n && !ay_args_get(&s->args, "all"))
        status = ay_fail(err, AY_EINVAL, "no pictures are meant: give a filter, digests, or --all");
    w->filter = w->n ? NULL : &s->filter;
    return status;
}

static int tag(shelf *s)
{
    ay_change_of_pictures c = {.klass = ay_args_get(&s->args, "class"), .album_add = ay_args_get(&s->args, "album")};
    const char **digests = ay_arena_alloc(&s->arena, (size_t)(s->n + 1) * sizeof *digests);
    ay_which w = {.dataset = dataset_of(s)};
    ay_changed out;
    ay_status status = digests ? sort_words(s, &c, digests, &w, &s->err) : ay_fail(&s->err, AY_ENOMEM, "reading the words");

    if (status == AY_OK && !c.nadd && !c.nremove && !c.klass && !c.album_add)
        status = ay_fail(&s->err, AY_EINVAL, "no tag is given: +TAG adds one, -TAG takes one off");
    if (status != AY_OK)
        return ay_args_wrong(&s->args, "%s", s->err.msg);
    status = ay_session_open(&s->session, &s->args, false, false, &s->err);
    if (status == AY_OK)
        status = ay_change_pictures(s->session.service, &w, &c, &s->arena, &out, &s->err);
    if (status != AY_OK)
        return ay_cmd_fail(&s->err);
    if (ay_args_get(&s->args, "json"))
        print_json(ay_view_changed(&out));
    else if (out.changed)
        printf("%lld of %lld pictures changed; to take it back: assay tag --undo %s\n", (long long)out.changed, (long long)out.pictures, out.undo);
    else
        printf("%lld pictures are meant, and nothing of them had to change\n", (long long)out.pictures);
    if (out.missing)
        fprintf(stderr, "%lld of the pictures named are not there\n", (long long)out.missing);
    return out.changed ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}

int ay_cmd_tag(int argc, char **argv)
{
    shelf s = {.n = 0};
    int rc = begin(&s, &tag_usage, argc, argv);

    if (rc < 0 && ay_args_get(&s.args, "undo"))
        rc = take_back(&s, ay_args_get(&s.args, "undo"));
    else if (rc < 0 && s.n == 0 && !ay_args_get(&s.args, "all"))
        rc = list_tags(&s);
    else if (rc < 0)
        rc = tag(&s);
    end(&s);
    return rc;
}
