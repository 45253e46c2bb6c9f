/* train/corpus_json.c - the account of a data set for reports. */
#include "base/json.h"
#include "train/corpus.h"

static json_t *class_counts(const ay_corpus *c)
{
    json_t *all = json_array();

    for (int k = 0; k < c->nclasses; k++) {
        json_t *one = json_pack("{s:s}", "class", c->classes[k]);
        for (int s = 0; s < AY_SPLIT_COUNT; s++)
            json_object_set_new(one, ay_split_name((ay_split)s),
                                json_integer(ay_corpus_count(c, (ay_split)s, k)));
        json_array_append_new(all, one);
    }
    return all;
}

/* A path need not be UTF-8; what is not becomes "?". */
static json_t *path_text(const char *path)
{
    json_t *v = json_string(path);
    char safe[4096];
    size_t n = 0;

    if (v)
        return v;
    for (; path[n] && n < sizeof safe - 1; n++)
        safe[n] = (signed char)path[n] < 0 ? '?' : path[n];
    safe[n] = '\0';
    return json_string(safe);
}

static json_t *skipped(const ay_corpus *c)
{
    json_t *all = json_array();

    for (int i = 0; i < c->nskipped; i++)
        json_array_append_new(all, json_pack("{s:o, s:o}", "path", path_text(c->skipped[i].path),
                                             "reason", path_text(c->skipped[i].reason)));
    return all;
}

static json_t *pairs(const ay_corpus *c, const ay_corpus_pair *p, int n)
{
    json_t *all = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(all, json_pack("{s:o, s:o, s:b}", "a", path_text(c->items[p[i].a].path),
                                             "b", path_text(c->items[p[i].b].path), "same_bytes",
                                             (int)p[i].exact));
    return all;
}

static json_t *notes(const ay_corpus *c)
{
    json_t *all = json_array();

    for (int i = 0; i < c->nnotes; i++)
        json_array_append_new(all, path_text(c->notes[i].text));
    return all;
}

void ay_corpus_describe(const ay_corpus *c, ay_buf *out)
{
    json_t *o = json_pack(
        "{s:s, s:i, s:i, s:b, s:o, s:o, s:i, s:i, s:o, s:o, s:o}", "snapshot", c->snapshot,
        "pictures", c->nitems, "distinct_pictures", c->ngroups, "split_by_assay",
        (int)c->split_here, "classes", class_counts(c), "skipped", skipped(c), "hidden_files",
        c->hidden, "other_files", c->other, "leaks", pairs(c, c->leaks, c->nleaks), "label_clashes",
        pairs(c, c->clashes, c->nclashes), "notes", notes(c));

    if (!ay_json_dump(o, JSON_INDENT(1), out))
        out->failed = 1;
    json_decref(o);
}
