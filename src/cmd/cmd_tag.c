/* cmd/cmd_tag.c - "assay tag": tags of many pictures from the command line (cmd/shelf.h). */
#include "base/str.h"
#include "cmd/commands.h"
#include "cmd/shelf.h"
#include "http/h_pictures.h"
#include "service/library/facts.h"
#include "service/library/change.h"
#include "service/library/tags.h"

#include <stdio.h>
#include <string.h>

static const ay_option tag_options[] = {
    {"all", 0, NULL, "all pictures of the data set, where no filter is given"},
    {"class", 0, "CLASS", "move them to this class, too"},
    {"album", 0, "ALBUM", "put them into this album, too"},
    {"album-off", 0, "ALBUM", "take them out of this album"},
    {"rename", 0, "TAG", "give this tag another name: the operand"},
    {"merge", 0, "TAG", "make this tag part of another one: the operand"},
    {"delete", 0, "TAG", "delete this tag; its pictures stay"},
    {"undo", 0, "TOKEN", "take a change back: this one's, or any other's"},
    {"json", 0, NULL, "one JSON object, as POST /v1/pictures/change answers"},
    {0},
};
static const ay_usage tag_usage = {
    "tag [OPTION ...] +TAG -TAG ... FILTER|DIGEST ...   or   tag (lists the tags)",
    "Put tags on pictures of the library (--dataset NAME: of a data set): +blue adds, -old takes off.  The pictures are\n"
    "those that the filter means, or those whose SHA-256 is given.  It prints what takes all of it back.\n" AY_SHELF_FILTERS "\n"
    "A '-' before a word without a colon takes a tag off; names that are not to contain a word: -text:word.\n"
    "Exit code: 0 done, 3 nothing to change, 1 failure, 2 wrong usage.",
    tag_options,
    "dataset " AY_SESSION_SETTINGS,
};

static int list_tags(ay_shelf_words *s)
{
    ay_label *list;
    size_t n = 0;
    ay_status status = ay_session_open(&s->session, &s->args, false, true, &s->err);

    if (status == AY_OK)
        status = ay_label_list(s->session.service, AY_SHELF_TAG, ay_shelf_dataset(s), &s->arena, &list, &n, &s->err);
    if (status != AY_OK)
        return ay_cmd_fail(&s->err);
    for (size_t i = 0; i < n && !ay_args_get(&s->args, "json"); i++)
        printf("%8lld  %s\n", (long long)list[i].pictures, list[i].name);
    if (ay_args_get(&s->args, "json")) {
        json_t *items = json_array();
        for (size_t i = 0; i < n; i++)
            json_array_append_new(items, json_pack("{s:I, s:s, s:I}", "id", (json_int_t)list[i].id, "name", list[i].name, "pictures",
                                                   (json_int_t)list[i].pictures));
        ay_shelf_print(json_pack("{s:o}", "items", items));
    }
    return n ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}

/* What each operand is: a tag to add or to take, a digest, a word of the filter. */
static ay_status sort_words(ay_shelf_words *s, ay_change_of_pictures *c, const char **digests, ay_which *w, ay_err *err)
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

static int tag(ay_shelf_words *s)
{
    ay_change_of_pictures c = {.klass = ay_args_get(&s->args, "class"), .album_add = ay_args_get(&s->args, "album"),
                               .album_remove = ay_args_get(&s->args, "album-off")};
    const char **digests = ay_arena_alloc(&s->arena, (size_t)(s->n + 1) * sizeof *digests);
    ay_which w = {.dataset = ay_shelf_dataset(s)};
    ay_changed out;
    ay_status status = digests ? sort_words(s, &c, digests, &w, &s->err) : ay_fail(&s->err, AY_ENOMEM, "reading the words");

    if (status == AY_OK && !c.nadd && !c.nremove && !c.klass && !c.album_add && !c.album_remove)
        status = ay_fail(&s->err, AY_EINVAL, "no tag is given: +TAG adds one, -TAG takes one off");
    if (status != AY_OK)
        return ay_args_wrong(&s->args, "%s", s->err.msg);
    status = ay_session_open(&s->session, &s->args, false, false, &s->err);
    if (status == AY_OK && w.filter)
        ay_facts_need(s->session.service, w.filter);
    if (status == AY_OK)
        status = ay_change_pictures(s->session.service, &w, &c, &s->arena, &out, &s->err);
    if (status != AY_OK)
        return ay_cmd_fail(&s->err);
    if (ay_args_get(&s->args, "json"))
        ay_shelf_print(ay_view_changed(&out));
    else if (out.changed)
        printf("%lld of %lld pictures changed; to take it back: assay tag --undo %s\n", (long long)out.changed, (long long)out.pictures, out.undo);
    else
        printf("%lld pictures are meant, and nothing of them had to change\n", (long long)out.pictures);
    if (out.missing)
        fprintf(stderr, "%lld of the pictures named are not there\n", (long long)out.missing);
    return out.changed ? AY_EXIT_OK : AY_EXIT_NO_MATCH;
}

/* A tag itself: another name, part of another one, or away. */
static ay_status change_tag(ay_shelf_words *s, const char *name, const char *merge, const char *away, char *undo, ay_err *err)
{
    const char *tag = name ? name : merge ? merge : away;
    int64_t id = 0, into = 0;
    ay_status status = ay_label_find(s->session.service, AY_SHELF_TAG, tag, &id, err);

    if (status == AY_OK && merge)
        status = ay_label_find(s->session.service, AY_SHELF_TAG, s->word[0], &into, err);
    if (status != AY_OK)
        return status;
    if (away)
        return ay_label_delete(s->session.service, AY_SHELF_TAG, id, undo, err);
    return merge ? ay_tag_merge(s->session.service, id, into, undo, err)
                 : ay_label_change(s->session.service, AY_SHELF_TAG, id, s->word[0], NULL, undo, err);
}

static int tag_itself(ay_shelf_words *s)
{
    const char *name = ay_args_get(&s->args, "rename"), *merge = ay_args_get(&s->args, "merge"), *away = ay_args_get(&s->args, "delete");
    char undo[AY_UNDO_SIZE] = "";

    if ((name != NULL) + (merge != NULL) + (away != NULL) > 1)
        return ay_args_wrong(&s->args, "one change at a time: --rename, --merge or --delete");
    if (s->n != (away ? 0 : 1))
        return ay_args_wrong(&s->args, away ? "--delete takes a tag and nothing else" : "--%s takes a tag, and one more word: %s", name ? "rename" : "merge",
                             name ? "its new name" : "the tag of which it becomes a part");
    if (ay_session_open(&s->session, &s->args, false, false, &s->err) != AY_OK || change_tag(s, name, merge, away, undo, &s->err) != AY_OK)
        return ay_cmd_fail(&s->err);
    printf("done; to take it back: assay tag --undo %s\n", undo);
    return AY_EXIT_OK;
}

int ay_cmd_tag(int argc, char **argv)
{
    ay_shelf_words s = {.n = 0};
    int rc = ay_shelf_begin(&s, &tag_usage, argc, argv);

    if (rc < 0 && ay_args_get(&s.args, "undo"))
        rc = ay_shelf_undo(&s, ay_args_get(&s.args, "undo"));
    else if (rc < 0 && (ay_args_get(&s.args, "rename") || ay_args_get(&s.args, "merge") || ay_args_get(&s.args, "delete")))
        rc = tag_itself(&s);
    else if (rc < 0 && s.n == 0 && !ay_args_get(&s.args, "all"))
        rc = list_tags(&s);
    else if (rc < 0)
        rc = tag(&s);
    ay_shelf_end(&s);
    return rc;
}
