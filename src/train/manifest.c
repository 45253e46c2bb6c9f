#include "train/manifest.h"

#include "base/file.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MOST_COLUMNS 64
#define MOST_BYTES   (1u << 30)

typedef struct {
    const char *file;
    char dir[4096]; /* of the manifest, with its slash; "" for the working folder */
    char *at, *end; /* what is left */
    char comma;
    int line; /* of the record that is read, from 1 */
    int lines; /* read so far */
    char *cell[MOST_COLUMNS];
    int cells;
    int path, label, split; /* columns; split is -1 when there is none */
    bool some, none;        /* lines with and without a split */
} reader;

static ay_status wrong(const reader *r, ay_err *err, const char *what)
{
    return ay_fail(err, AY_EINVAL, "%s line %d: %s", r->file, r->line, what);
}

/* One cell, unquoted in place.  *last: it was the line's last one. */
static ay_status read_cell(reader *r, char **cell, bool *last, ay_err *err)
{
    char *to = r->at, *p = r->at;
    bool quoted = p < r->end && *p == '"';

    *cell = to;
    for (p += quoted; p < r->end; p++) {
        if (quoted && *p == '"' && p + 1 < r->end && p[1] == '"')
            p++;
        else if (quoted && *p == '"') {
            p++;
            quoted = false;
            break;
        } else if (!quoted && (*p == r->comma || *p == '\n' || *p == '\r'))
            break;
        r->lines += *p == '\n';
        *to++ = *p;
    }
    if (quoted)
        return wrong(r, err, "a quotation mark is not closed");
    while (p < r->end && *p == '\r')
        p++;
    *last = p >= r->end || *p == '\n';
    if (!*last && *p != r->comma)
        return wrong(r, err, "something follows a closing quotation mark");
    r->lines += p < r->end && *p == '\n';
    r->at = p < r->end ? p + 1 : p;
    *to = '\0';
    return AY_OK;
}

/* cells is 0 for a line that says nothing. */
static ay_status read_record(reader *r, ay_err *err)
{
    bool last = false;

    r->cells = 0;
    r->line = r->lines + 1;
    if (*r->at == '#') {
        while (r->at < r->end && *r->at != '\n')
            r->at++;
        r->at += r->at < r->end;
        r->lines++;
        return AY_OK;
    }
    while (!last) {
        ay_status st;
        if (r->cells == MOST_COLUMNS)
            return wrong(r, err, "more than 64 columns");
        st = read_cell(r, &r->cell[r->cells], &last, err);
        if (st)
            return st;
        r->cell[r->cells] = ay_str_trim(r->cell[r->cells]);
        r->cells++;
    }
    if (r->cells == 1 && !*r->cell[0])
        r->cells = 0;
    return AY_OK;
}

static bool is_word(const char *s, const char *const *words)
{
    for (; *words; words++)
        if (strcasecmp(s, *words) == 0)
            return true;
    return false;
}

/* Does this record name the columns?  Then they are noted. */
static bool read_header(reader *r)
{
    static const char *const paths[] = {"path", "file", "filename", "image", NULL};
    static const char *const labels[] = {"label", "class", NULL};
    static const char *const splits[] = {"split", "set", "subset", NULL};
    int path = -1, label = -1, split = -1;

    for (int i = 0; i < r->cells; i++) {
        if (path < 0 && is_word(r->cell[i], paths))
            path = i;
        else if (label < 0 && is_word(r->cell[i], labels))
            label = i;
        else if (split < 0 && is_word(r->cell[i], splits))
            split = i;
    }
    if (path < 0 || label < 0)
        return false;
    r->path = path;
    r->label = label;
    r->split = split;
    return true;
}

static ay_status add_record(reader *r, ay_listing *l, ay_err *err)
{
    int split = AY_SPLIT_NONE;
    char path[8192], where[4200];
    const char *label, *given = r->split >= 0 && r->split < r->cells ? r->cell[r->split] : "";
    ay_status st;

    if (r->cells <= r->path || r->cells <= r->label)
        return wrong(r, err, "a path and a label are needed");
    if (!*r->cell[r->path])
        return wrong(r, err, "the path is empty");
    if (*given && (split = ay_split_parse(given)) == AY_SPLIT_NONE)
        return ay_fail(err, AY_EINVAL, "%s line %d: split \"%.40s\" is not train, val or test",
                       r->file, r->line, given);
    r->some |= split != AY_SPLIT_NONE;
    r->none |= split == AY_SPLIT_NONE;
    if (r->some && r->none)
        return wrong(r, err, "some lines have a split and some have none; give all or none");
    snprintf(where, sizeof where, "%s line %d", r->file, r->line);
    st = ay_class_name_check(r->cell[r->label], where, err);
    if (st)
        return st;
    label = ay_arena_strdup(l->arena, r->cell[r->label]);
    if (!label)
        return ay_fail(err, AY_ENOMEM, "no memory for the list of pictures");
    if (snprintf(path, sizeof path, "%s%s", r->cell[r->path][0] == '/' ? "" : r->dir,
                 r->cell[r->path]) >= 4096)
        return wrong(r, err, "the path is too long");
    return ay_listing_add(l, path, label, split, err);
}

static char guess_comma(const char *p)
{
    for (; *p && *p != '\n'; p++)
        if (*p == ',' || *p == ';' || *p == '\t')
            return *p;
    return ',';
}

static ay_status read_all(reader *r, ay_listing *l, ay_err *err)
{
    bool first = true;

    while (r->at < r->end) {
        ay_status st = read_record(r, err);
        if (!st && r->cells && !(first && read_header(r)))
            st = add_record(r, l, err);
        if (st)
            return st;
        first = first && !r->cells;
    }
    l->split_given = r->some;
    return AY_OK;
}

ay_status ay_manifest_read(ay_listing *l, const char *path, ay_err *err)
{
    reader r = {.file = path, .path = 0, .label = 1, .split = 2};
    const char *slash = strrchr(path, '/');
    ay_buf text = {0};
    ay_status st = ay_file_read(path, MOST_BYTES, &text, err);

    if (!st && text.len == 0)
        st = ay_fail(err, AY_EINVAL, "%s is empty", path);
    if (!st && memchr(text.data, 0, text.len))
        st = ay_fail(err, AY_EINVAL, "%s is not a text file", path);
    if (!st) {
        if (slash)
            snprintf(r.dir, sizeof r.dir, "%.*s", (int)(slash - path + 1), path);
        r.at = text.data + (ay_str_starts(text.data, "\xef\xbb\xbf") ? 3 : 0);
        r.end = text.data + text.len;
        r.comma = guess_comma(r.at);
        st = read_all(&r, l, err);
    }
    ay_buf_fini(&text);
    return st;
}
