#include "train/wordlist.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/words_small.h"

#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME = 512, UPS = 64 };

typedef struct {
    const char *pattern, *text;
} rule;

typedef struct {
    int below, above;
} link;

typedef struct {
    ay_wordlist *l;
    json_t *names;      /* name -> entry, other names too */
    json_t *say, *whole; /* sets */
    rule *rules;
    link *links;
    const char **lines, **kinds; /* "a = b, c" and "a < b, c" */
    int nrules, nlinks, nlines, nkinds, room; /* room: of each of the lists */
    int centries;
} reader;

/* ---- names ------------------------------------------------------------------------------------ */

/* Words with one blank between, without those that say nothing.  "" when nothing is left. */
static ay_status normal(const reader *r, const char *text, char dst[NAME], ay_err *err)
{
    const char *word[AY_WORDS_MOST];
    char buf[NAME], *end = dst;
    int n;

    *dst = '\0';
    if (strlen(text) >= NAME)
        return ay_fail(err, AY_EINVAL, "a name of %zu bytes", strlen(text));
    n = ay_words_cut(text, buf, word, AY_WORDS_MOST);
    for (int i = 0; i < n; i++)
        if (!json_object_get(r->say, word[i]))
            end += sprintf(end, end == dst ? "%s" : " %s", word[i]);
    return AY_OK;
}

static int named(const reader *r, const char *name)
{
    json_t *at = json_object_get(r->names, name);

    return at ? (int)json_integer_value(at) : -1;
}

/* The entry of a name, made when there is none. */
static ay_status entry_of(reader *r, const char *text, int *out, ay_err *err)
{
    char name[NAME];
    ay_status status = normal(r, text, name, err);

    if (status == AY_OK && !*name)
        status = ay_fail(err, AY_EINVAL, "\"%s\" has no word that says anything", text);
    if (status != AY_OK || (*out = named(r, name)) >= 0)
        return status;
    if (r->l->n == r->centries) {
        r->centries = r->centries ? 2 * r->centries : 1024;
        ay_word_entry *more = ay_realloc(r->l->entry, (size_t)r->centries, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "%d names", r->centries);
        r->l->entry = more;
    }
    *out = r->l->n++;
    r->l->entry[*out] = (ay_word_entry){.name = ay_arena_strdup(&r->l->arena, name)};
    if (!r->l->entry[*out].name || json_object_set_new(r->names, name, json_integer(*out)) != 0)
        return ay_fail(err, AY_ENOMEM, "names");
    return AY_OK;
}

/* Another name of an entry; what is named already stays as it is. */
static ay_status also(reader *r, const char *text, int entry, ay_err *err)
{
    char name[NAME];
    ay_status status = normal(r, text, name, err);

    if (status == AY_OK && *name && named(r, name) < 0 &&
        json_object_set_new(r->names, name, json_integer(entry)) != 0)
        return ay_fail(err, AY_ENOMEM, "names");
    return status;
}

/* ---- lines ------------------------------------------------------------------------------------ */

static ay_status add_words(json_t *set, const reader *r, char *list, bool as_name, ay_err *err)
{
    char *item, name[NAME];
    ay_status status = AY_OK;

    while (status == AY_OK && (item = strsep(&list, ","))) {
        item = ay_str_trim(item);
        if (as_name)
            status = normal(r, item, name, err);
        if (status == AY_OK && *item && json_object_set_new(set, as_name ? name : item, json_true()) != 0)
            status = ay_fail(err, AY_ENOMEM, "names");
    }
    return status;
}

/* Sort the lines; what they say is read afterwards, when it is known which words say nothing. */
static ay_status sort_line(reader *r, char *line, json_t *wholes, ay_err *err)
{
    char *arrow = strstr(line, "=>");

    if (ay_str_starts(line, "say:"))
        return add_words(r->say, r, line + 4, false, err);
    if (ay_str_starts(line, "whole:"))
        return json_array_append_new(wholes, json_string(line + 6)) ? ay_fail(err, AY_ENOMEM, "names") : AY_OK;
    if (arrow) {
        *arrow = '\0';
        r->rules[r->nrules++] = (rule){ay_str_trim(line), ay_str_trim(arrow + 2)};
        return AY_OK;
    }
    if (strchr(line, '<'))
        r->kinds[r->nkinds++] = line;
    else if (strchr(line, '='))
        r->lines[r->nlines++] = line;
    else
        return ay_fail(err, AY_EINVAL, "\"%.60s\" is none of PATTERN => TEXT, a = b, a < b, say: and whole:", line);
    return AY_OK;
}

static ay_status read_lines(reader *r, char *text, ay_err *err)
{
    json_t *wholes = json_array(), *item;
    char *line;
    size_t i;
    int number = 0;
    ay_status status = AY_OK;

    while (status == AY_OK && (line = strsep(&text, "\n"))) {
        number++;
        line[strcspn(line, "#\r")] = '\0';
        line = ay_str_trim(line);
        if (*line && (status = sort_line(r, line, wholes, err)) != AY_OK)
            ay_err_wrap(err, "line %d", number);
    }
    json_array_foreach(wholes, i, item) {
        char *copy = ay_strdup(json_string_value(item));
        if (status == AY_OK)
            status = copy ? add_words(r->whole, r, copy, true, err) : ay_fail(err, AY_ENOMEM, "names");
        ay_free(copy);
    }
    json_decref(wholes);
    return status;
}

static ay_status read_also(reader *r, const char *line, ay_err *err)
{
    char *copy = ay_strdup(line), *rest = copy, *item;
    int entry;
    ay_status status = copy ? entry_of(r, strsep(&rest, "="), &entry, err) : ay_fail(err, AY_ENOMEM, "names");

    while (status == AY_OK && (item = strsep(&rest, ",")))
        status = also(r, item, entry, err);
    ay_free(copy);
    return status;
}

static ay_status add_link(reader *r, int below, int above, ay_err *err)
{
    for (int i = 0; i < r->nlinks; i++)
        if (r->links[i].below == below && r->links[i].above == above)
            return AY_OK;
    if (below == above)
        return AY_OK;
    if (r->nlinks % 1024 == 0) {
        link *more = ay_realloc(r->links, (size_t)r->nlinks + 1024, sizeof *more);
        if (!more)
            return ay_fail(err, AY_ENOMEM, "names");
        r->links = more;
    }
    r->links[r->nlinks++] = (link){below, above};
    return AY_OK;
}

static ay_status read_kind(reader *r, const char *line, ay_err *err)
{
    char *copy = ay_strdup(line), *rest = copy, *item;
    int below, above;
    ay_status status = copy ? entry_of(r, strsep(&rest, "<"), &below, err) : ay_fail(err, AY_ENOMEM, "names");

    while (status == AY_OK && (item = strsep(&rest, ","))) {
        status = entry_of(r, item, &above, err);
        if (status == AY_OK)
            status = add_link(r, below, above, err);
    }
    ay_free(copy);
    return status;
}

/* ---- classes ---------------------------------------------------------------------------------- */

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/'), *at = slash ? slash + 1 : name, *dash;

    while ((dash = strstr(at, "--")))
        at = dash + 2;
    return at;
}

static ay_status fill_in(const char *text, const char *part, char dst[NAME], ay_err *err)
{
    const char *star = strchr(text, '*');
    int n = star ? snprintf(dst, NAME, "%.*s%s%s", (int)(star - text), text, part, star + 1)
                 : snprintf(dst, NAME, "%s", text);

    return n < NAME ? AY_OK : ay_fail(err, AY_EINVAL, "a name of %d bytes", n);
}

static ay_status name_class(reader *r, const char *class, int *entry, ay_err *err)
{
    const char *text = "*";
    char *copy, *rest, *item, name[NAME];
    ay_status status = AY_OK;

    for (int i = r->nrules - 1; i >= 0; i--)
        if (fnmatch(r->rules[i].pattern, class, 0) == 0)
            text = r->rules[i].text;
    *entry = -1;
    if (strcmp(text, "-") == 0)
        return AY_OK;
    if (!(copy = rest = ay_strdup(text)))
        return ay_fail(err, AY_ENOMEM, "names");
    while (status == AY_OK && (item = strsep(&rest, ";"))) {
        status = fill_in(ay_str_trim(item), last_part(class), name, err);
        if (status == AY_OK)
            status = *entry < 0 ? entry_of(r, name, entry, err) : also(r, name, *entry, err);
    }
    ay_free(copy);
    if (status != AY_OK)
        ay_err_wrap(err, "class \"%.80s\"", class);
    return status;
}

/* ---- kinds ------------------------------------------------------------------------------------ */

/* Itself and everything above, breadth first. */
static int closure(const reader *r, int entry, int *out, int most)
{
    int n = 1;

    out[0] = entry;
    for (int k = 0; k < n; k++)
        for (int i = 0; i < r->nlinks; i++) {
            bool there = r->links[i].below != out[k];
            for (int m = 0; m < n && !there; m++)
                there = out[m] == r->links[i].above;
            if (!there && n < most)
                out[n++] = r->links[i].above;
        }
    return n;
}

static bool is_above(const reader *r, int above, int below)
{
    int all[UPS], n = closure(r, below, all, UPS);

    for (int i = 0; i < n; i++)
        if (all[i] == above)
            return true;
    return false;
}

/* "granny smith apple" is an apple. */
static ay_status link_end(reader *r, int entry, ay_err *err)
{
    const char *end = r->l->entry[entry].name;

    if (json_object_get(r->whole, end))
        return AY_OK;
    while ((end = strchr(end, ' '))) {
        int above = named(r, ++end);
        if (above < 0)
            continue;
        return is_above(r, entry, above) ? AY_OK : add_link(r, entry, above, err);
    }
    return AY_OK;
}

static ay_status close_all(reader *r, ay_err *err)
{
    int all[UPS], n, *kept;

    for (int i = 0; i < r->l->n; i++) {
        n = closure(r, i, all, UPS);
        if (!(kept = ay_arena_alloc(&r->l->arena, (size_t)n * sizeof *kept)))
            return ay_fail(err, AY_ENOMEM, "names");
        memcpy(kept, all, (size_t)n * sizeof *kept);
        r->l->entry[i].all = kept;
        r->l->entry[i].nall = n;
    }
    return AY_OK;
}

/* ---- out -------------------------------------------------------------------------------------- */

static ay_status keep_names(reader *r, ay_err *err)
{
    ay_wordlist *l = r->l;
    const char *name;
    json_t *at;

    l->also = ay_arena_alloc(&l->arena, (json_object_size(r->names) + 1) * sizeof *l->also);
    l->say = ay_arena_alloc(&l->arena, (json_object_size(r->say) + 1) * sizeof *l->say);
    if (!l->also || !l->say)
        return ay_fail(err, AY_ENOMEM, "names");
    json_object_foreach(r->names, name, at)
        if (strcmp(name, l->entry[json_integer_value(at)].name) != 0)
            l->also[l->nalso++] = (ay_word_alias){ay_arena_strdup(&l->arena, name), (int)json_integer_value(at)};
    json_object_foreach(r->say, name, at)
        l->say[l->nsay++] = ay_arena_strdup(&l->arena, name);
    return AY_OK;
}

static ay_status read_all(reader *r, char *text, const char *const *classes, int nclasses, ay_err *err)
{
    ay_status status = read_lines(r, text, err);

    for (int i = 0; i < r->nlines && status == AY_OK; i++)
        status = read_also(r, r->lines[i], err);
    for (int i = 0; i < nclasses && status == AY_OK; i++)
        status = name_class(r, classes[i], &r->l->of_class[i], err);
    for (int i = 0; i < r->nkinds && status == AY_OK; i++)
        status = read_kind(r, r->kinds[i], err);
    for (int i = 0; i < r->l->n && status == AY_OK; i++)
        status = link_end(r, i, err);
    if (status == AY_OK)
        status = close_all(r, err);
    return status == AY_OK ? keep_names(r, err) : status;
}

ay_status ay_wordlist_parse(ay_wordlist *out, char *text, const char *const *classes, int nclasses, ay_err *err)
{
    reader r = {.l = out, .names = json_object(), .say = json_object(), .whole = json_object(), .room = 2};
    size_t room;
    ay_status status = AY_OK;

    *out = (ay_wordlist){0};
    ay_arena_init(&out->arena, 0);
    for (const char *c = text; *c; c++)
        r.room += *c == '\n';
    room = (size_t)r.room;
    r.rules = ay_calloc(room, sizeof *r.rules);
    r.lines = ay_calloc(room, sizeof *r.lines);
    r.kinds = ay_calloc(room, sizeof *r.kinds);
    out->of_class = ay_arena_alloc(&out->arena, ((size_t)nclasses + 1) * sizeof *out->of_class);
    if (!r.names || !r.say || !r.whole || !r.rules || !r.lines || !r.kinds || !out->of_class)
        status = ay_fail(err, AY_ENOMEM, "a list of words");
    if (status == AY_OK)
        status = read_all(&r, text, classes, nclasses, err);
    json_decref(r.names);
    json_decref(r.say);
    json_decref(r.whole);
    ay_free(r.rules);
    ay_free(r.lines);
    ay_free(r.kinds);
    ay_free(r.links);
    if (status != AY_OK)
        ay_wordlist_fini(out);
    return status;
}

ay_status ay_wordlist_open(ay_wordlist *out, const char *path, const char *const *classes, int nclasses,
                           ay_err *err)
{
    ay_buf text = {0};
    ay_status status = ay_file_read(path, 4u << 20, &text, err);

    *out = (ay_wordlist){0};
    if (status == AY_OK) {
        ay_buf_putc(&text, '\0');
        status = text.failed ? ay_fail(err, AY_ENOMEM, "%s", path)
                             : ay_wordlist_parse(out, text.data, classes, nclasses, err);
        if (status != AY_OK)
            ay_err_wrap(err, "%s", path);
    }
    ay_buf_fini(&text);
    return status;
}

void ay_wordlist_fini(ay_wordlist *l)
{
    ay_free(l->entry);
    ay_arena_fini(&l->arena);
    *l = (ay_wordlist){0};
}

int ay_wordlist_find(const ay_wordlist *l, const char *name)
{
    for (int i = 0; i < l->n; i++)
        if (strcmp(l->entry[i].name, name) == 0)
            return i;
    for (int i = 0; i < l->nalso; i++)
        if (strcmp(l->also[i].name, name) == 0)
            return l->also[i].entry;
    return -1;
}
