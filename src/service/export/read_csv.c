/* service/export/read_csv.c - a table as csv.c writes it, and as others may: RFC 4180 with a header, commas, semicolons or tabs between cells,
 * any line ends, UTF-8 with or without its mark.  A column for the file must be there; columns that nobody knows are passed over. */
#include "service/export/catalog.h"
#include "service/export/text.h"

#include "base/str.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

enum { COLUMNS = 64, FILE_COLUMN = 0, SHA_COLUMN, CLASS_COLUMN, NAME_COLUMN, TAGS_COLUMN, ALBUMS_COLUMN, ADDED_COLUMN, KNOWN };

static const char *const known[KNOWN][7] = {
    {"file", "file_name", "filename", "path", "image", "image_path", NULL}, {"sha256", NULL}, {"class", "label", "category", "class_name", NULL},
    {"name", NULL}, {"tags", NULL}, {"albums", NULL}, {"added_at", NULL},
};

typedef struct {
    char *at, *end;
    char between;
    long line; /* of the row that was read last */
    long next; /* of the one that follows */
    char *cell[COLUMNS];
    int n;
    bool open; /* a quotation mark is not closed */
} table;

/* One cell, in place; at stands behind it. *last: the row ends with it. */
static char *read_cell(table *t, bool *last)
{
    char *start = t->at, *to = t->at;
    bool quoted = t->at < t->end && *t->at == '"';

    t->at += quoted;
    for (;; t->at++) {
        if (t->at == t->end || (!quoted && (*t->at == t->between || *t->at == '\n' || *t->at == '\r')))
            break;
        if (quoted && *t->at == '"') {
            if (t->at + 1 < t->end && t->at[1] == '"')
                t->at++;
            else {
                quoted = false;
                continue;
            }
        }
        t->next += *t->at == '\n';
        *to++ = *t->at;
    }
    t->open = quoted;
    *last = t->at == t->end || *t->at != t->between;
    if (t->at < t->end) {
        bool both = *t->at == '\r' && t->at + 1 < t->end && t->at[1] == '\n';
        t->next += *t->at == '\n' || *t->at == '\r';
        t->at += both ? 2 : 1;
    }
    *to = '\0'; /* text has a NUL behind its end, and a cell is never longer than it was */
    return start;
}

static bool read_row(table *t)
{
    bool last = false;

    if (t->at >= t->end)
        return false;
    t->line = t->next;
    for (t->n = 0; !last;) {
        char *cell = read_cell(t, &last);
        if (t->n < COLUMNS)
            t->cell[t->n++] = cell;
    }
    return true;
}

/* 'x is x where a spreadsheet would take x for a formula. */
static const char *plain(const char *cell)
{
    return cell[0] == '\'' && cell[1] && strchr("=+-@'\t\r\n", cell[1]) ? cell + 1 : cell;
}

static char guess_between(const char *text, size_t n)
{
    size_t commas = 0, semicolons = 0, tabs = 0;

    for (size_t i = 0; i < n && text[i] != '\n' && text[i] != '\r'; i++) {
        commas += text[i] == ',';
        semicolons += text[i] == ';';
        tabs += text[i] == '\t';
    }
    return commas >= semicolons && commas >= tabs ? ',' : semicolons >= tabs ? ';' : '\t';
}

static ay_status read_header(ay_catalog *c, table *t, int column[KNOWN], ay_err *err)
{
    for (int k = 0; k < KNOWN; k++)
        column[k] = -1;
    if (!read_row(t))
        return ay_fail(err, AY_ECORRUPT, "%s is empty", c->document);
    for (int i = 0; i < t->n; i++)
        for (int k = 0; k < KNOWN; k++)
            for (const char *const *name = known[k]; *name; name++)
                if (column[k] < 0 && strcasecmp(ay_str_trim(t->cell[i]), *name) == 0)
                    column[k] = i;
    if (column[FILE_COLUMN] < 0)
        return ay_fail(err, AY_EUNSUPPORTED, "%s has no column that names the pictures' files: its first line must be a header with 'file', 'path' or 'image'",
                       c->document);
    return AY_OK;
}

static const char *cell_of(const table *t, int column)
{
    return column >= 0 && column < t->n ? plain(t->cell[column]) : "";
}

/* a,b,c in place. */
static bool split_tags(const char *cell, const char **tags, int *n)
{
    for (char *p = (char *)(uintptr_t)cell; *p;) {
        size_t len = strcspn(p, ",");
        bool more = p[len] != '\0';
        char *tag = p;
        p[len] = '\0';
        tag = ay_str_trim(tag);
        if (*tag && *n == AY_CATALOG_LABELS)
            return false;
        if (*tag)
            tags[(*n)++] = tag;
        p += len + more;
    }
    return true;
}

static bool split_albums(const json_t *list, ay_catalog_album *albums, int *n)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *name = json_is_string(one) ? json_string_value(one) : json_string_value(json_object_get(one, "name"));
        if (!name || *n == AY_CATALOG_LABELS)
            return false;
        albums[(*n)++] = (ay_catalog_album){name, json_integer_value(json_object_get(one, "position"))};
    }
    return true;
}

static ay_status add_row(ay_catalog *c, const table *t, const int column[KNOWN], ay_err *err)
{
    const char *tags[AY_CATALOG_LABELS], *sha = cell_of(t, column[SHA_COLUMN]), *klass = cell_of(t, column[CLASS_COLUMN]);
    const char *albums_text = cell_of(t, column[ALBUMS_COLUMN]), *added = cell_of(t, column[ADDED_COLUMN]);
    ay_catalog_album albums[AY_CATALOG_LABELS];
    ay_catalog_record r = {.file = cell_of(t, column[FILE_COLUMN]), .sha256 = *sha ? sha : NULL, .klass = *klass ? klass : NULL, .tags = tags,
                           .albums = albums, .name = column[NAME_COLUMN] >= 0 ? cell_of(t, column[NAME_COLUMN]) : NULL, .at = t->line};
    json_t *list = *albums_text == '[' ? json_loads(albums_text, 0, NULL) : *albums_text ? json_pack("[s]", albums_text) : NULL;
    ay_status status = AY_OK;

    if (*added && !ay_export_read_time(added, &r.added_us))
        ay_catalog_problem(c, t->line, "'added_at' is a time like 2026-01-31T12:00:00Z, not \"%.60s\"", added);
    else if (!split_tags(cell_of(t, column[TAGS_COLUMN]), tags, &r.ntags))
        ay_catalog_problem(c, t->line, "it has more than %d tags", AY_CATALOG_LABELS);
    else if (*albums_text && (!list || !split_albums(list, albums, &r.nalbums)))
        ay_catalog_problem(c, t->line, "'albums' is a name, or a JSON list of names or of objects with name and position");
    else
        status = ay_catalog_add(c, &r, err);
    json_decref(list);
    return status;
}

ay_status ay_catalog_read_csv(ay_catalog *c, char *text, size_t n, ay_err *err)
{
    size_t mark = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    table t = {.at = text + mark, .end = text + n, .between = guess_between(text, n), .next = 1};
    int column[KNOWN], width;
    ay_status status = read_header(c, &t, column, err);

    c->format = "CSV";
    for (width = t.n; status == AY_OK && read_row(&t);) {
        if (t.open)
            ay_catalog_problem(c, t.line, "a quotation mark is opened and never closed");
        else if (t.n == 1 && !*t.cell[0])
            continue; /* an empty line */
        else if (t.n != width)
            ay_catalog_problem(c, t.line, "it has %d cells, and the header has %d", t.n, width);
        else
            status = add_row(c, &t, column, err);
    }
    return status;
}
