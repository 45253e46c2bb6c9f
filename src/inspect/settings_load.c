/* inspect/settings_load.c - composing files as Hydra does, and what is in force at the end. */
#include "base/file.h"
#include "base/mem.h"
#include "inspect/settings.h"
#include "inspect/settings_doc.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 32, DEEP = 8, PATH = 4096, WORD = 128, OVERRIDES = 256, FILE_BYTES = 1 << 20 };

typedef struct {
    bool set, null;
    char text[AY_DOC_TEXT], origin[AY_DOC_ORIGIN];
} raw;

typedef struct {
    char root[PATH]; /* folder of the first file; "": nothing can be included */
    const char *const *overrides;
    int noverrides;
    bool taken[OVERRIDES]; /* chose a group */
    bool below;            /* what is set already stays */
    int files, deep;
    char package[WORD];
    const char *origin; /* of the entry that names the file */
    raw *raw;           /* [keys of the table] */
} composer;

/* ---- values */

static ay_status put(composer *c, const char *name, const char *text, const char *origin, ay_err *err)
{
    const ay_ik_key *k = ay_ik_find(&ay_inspect_table, name);
    raw *r;

    if (!k && ay_ik_section(&ay_inspect_table, name) && !text)
        return AY_OK; /* an empty section */
    if (!k && ay_ik_section(&ay_inspect_table, name))
        return ay_fail(err, AY_EINVAL, "%s: %s is a section, it has no value of its own", origin, name);
    if (!k)
        return ay_ik_unknown(&ay_inspect_table, name, origin, err);
    if (text && strlen(text) >= sizeof r->text)
        return ay_fail(err, AY_EINVAL, "%s: %s is too long", origin, name);
    r = &c->raw[k - ay_inspect_table.key];
    if (c->below && r->set)
        return AY_OK;
    r->set = true;
    r->null = !text;
    snprintf(r->text, sizeof r->text, "%s", text ? text : "");
    snprintf(r->origin, sizeof r->origin, "%s", origin);
    return AY_OK;
}

static ay_status put_of_file(void *ctx, const char *name, const char *text, const char *origin, ay_err *err)
{
    return put(ctx, name, text, origin, err);
}

/* ---- files that a file names */

static bool safe_name(const char *s)
{
    if (!*s || *s == '/' || strstr(s, ".."))
        return false;
    for (; *s; s++)
        if (!isalnum((unsigned char)*s) && !strchr("_-./", *s))
            return false;
    return true;
}

/* The override "group=name", if there is one. */
static const char *chosen(composer *c, const char *group)
{
    size_t n = strlen(group);

    for (int i = 0; i < c->noverrides; i++)
        if (strncmp(c->overrides[i], group, n) == 0 && c->overrides[i][n] == '=') {
            c->taken[i] = true;
            return c->overrides[i] + n + 1;
        }
    return NULL;
}

static ay_status compose(composer *c, const char *group, const char *name, const char *package, bool optional, ay_err *err);

/* name may be "sub/x", and begin with '/' for the first file's folder. */
static ay_status include(composer *c, const char *group, const char *sub, const char *name, const char *package,
                         bool optional, const char *origin, ay_err *err)
{
    char whole[3 * WORD], *last;
    const char *outer = c->origin;
    ay_status status;

    if (strlen(group) + strlen(sub) + strlen(name) + 4 > sizeof whole)
        return ay_fail(err, AY_EINVAL, "%s: a long name in defaults", origin);
    if (*sub == '/' || (!*sub && *name == '/'))
        group = "";
    snprintf(whole, sizeof whole, "%s%s%s%s%s", group, *group ? "/" : "", sub + (*sub == '/'), *sub ? "/" : "",
             name + (!*sub && *name == '/'));
    if (!safe_name(whole))
        return ay_fail(err, AY_EINVAL, "%s: defaults may name files below this one's folder, not '%.80s'", origin, whole);
    last = strrchr(whole, '/');
    if (last)
        *last++ = '\0';
    c->origin = origin;
    status = compose(c, last ? whole : "", last ? last : whole, package, optional, err);
    c->origin = outer;
    return status;
}

/* "optional override group@package" in its parts; key is changed. */
static char *entry_words(char *key, bool *optional, char **package)
{
    *optional = false;
    *package = NULL;
    for (;;) {
        if (strncmp(key, "optional ", 9) == 0)
            *optional = true, key += 9;
        else if (strncmp(key, "override ", 9) == 0)
            key += 9;
        else
            break;
    }
    if ((*package = strchr(key, '@')))
        *(*package)++ = '\0';
    return key;
}

static ay_status take_group(composer *c, ay_doc *d, const char *group, const yaml_node_t *key_node, const yaml_node_t *v,
                            ay_err *err)
{
    char origin[AY_DOC_ORIGIN], key[WORD], *package, *sub;
    const char *other;
    bool optional;
    ay_status status = AY_OK;

    ay_doc_origin(d, key_node, origin);
    if (key_node->type != YAML_SCALAR_NODE || key_node->data.scalar.length >= sizeof key)
        return ay_fail(err, AY_EINVAL, "%s: expected 'group: name' in defaults", origin);
    snprintf(key, sizeof key, "%s", ay_doc_text(key_node));
    sub = entry_words(key, &optional, &package);
    if (strncmp(sub, "hydra/", 6) == 0 || strncmp(sub, "/hydra/", 7) == 0)
        return AY_OK; /* Hydra's own logging, launchers, sweepers */
    if ((other = chosen(c, sub + (*sub == '/'))))
        return include(c, group, sub, other, package, false, origin, err);
    if (ay_doc_null(v))
        return AY_OK;
    if (v->type == YAML_SCALAR_NODE)
        return include(c, group, sub, ay_doc_text(v), package, optional, origin, err);
    if (v->type != YAML_SEQUENCE_NODE)
        return ay_fail(err, AY_EINVAL, "%s: expected 'group: name' in defaults", origin);
    for (const yaml_node_item_t *i = v->data.sequence.items.start; i < v->data.sequence.items.top && status == AY_OK; i++) {
        const yaml_node_t *one = yaml_document_get_node(&d->yaml, *i);
        if (one->type != YAML_SCALAR_NODE)
            return ay_fail(err, AY_EINVAL, "%s: expected names in defaults", origin);
        status = include(c, group, sub, ay_doc_text(one), package, optional, origin, err);
    }
    return status;
}

static ay_status body(composer *c, ay_doc *d, const char *package, ay_err *err)
{
    return d->root ? ay_doc_walk(d, d->root, package, put_of_file, c, err) : AY_OK;
}

static ay_status take_defaults(composer *c, ay_doc *d, const char *group, const char *package, ay_err *err)
{
    yaml_node_t *list = d->root ? ay_doc_get(d, d->root, "defaults", NULL) : NULL;
    bool self = false;
    ay_status status = AY_OK;

    if (list && list->type != YAML_SEQUENCE_NODE)
        return ay_fail(err, AY_EINVAL, "%s:%zu: defaults is a list", d->path, list->start_mark.line + 1);
    for (const yaml_node_item_t *i = list ? list->data.sequence.items.start : NULL;
         list && i < list->data.sequence.items.top && status == AY_OK; i++) {
        yaml_node_t *e = yaml_document_get_node(&d->yaml, *i);
        char origin[AY_DOC_ORIGIN];
        ay_doc_origin(d, e, origin);
        if (e->type == YAML_SCALAR_NODE && strcmp(ay_doc_text(e), "_self_") == 0) {
            self = true;
            status = body(c, d, package, err);
        } else if (e->type == YAML_SCALAR_NODE) {
            status = include(c, group, "", ay_doc_text(e), NULL, false, origin, err);
        } else if (e->type == YAML_MAPPING_NODE) {
            for (const yaml_node_pair_t *p = e->data.mapping.pairs.start; p < e->data.mapping.pairs.top && status == AY_OK; p++)
                status = take_group(c, d, group, yaml_document_get_node(&d->yaml, p->key),
                                    yaml_document_get_node(&d->yaml, p->value), err);
        } else {
            status = ay_fail(err, AY_EINVAL, "%s: expected a name or 'group: name' in defaults", origin);
        }
    }
    return status == AY_OK && !self ? body(c, d, package, err) : status;
}

/* "# @package x" among the lines of comment at the start. */
static void package_line(const char *text, char dst[WORD])
{
    while (text && (*text == '#' || *text == '\n' || *text == '\r')) {
        char word[WORD] = "";
        if (sscanf(text, "# @package %127s", word) == 1) {
            snprintf(dst, WORD, "%s", strcmp(word, "_global_") == 0 ? "" : strcmp(word, "_group_") == 0 ? dst : word);
            return;
        }
        text = strchr(text, '\n');
        text += text != NULL;
    }
}

static ay_status take_text(composer *c, const char *text, size_t n, const char *path, const char *group, const char *package,
                           ay_err *err)
{
    ay_doc d;
    ay_status status;

    if (++c->files > FILES || ++c->deep > DEEP)
        return ay_fail(err, AY_EINVAL, "%s: defaults lead through more than %d files, or in a circle", path, FILES);
    status = ay_doc_parse(&d, text, n, path, err);
    if (status == AY_OK) {
        status = take_defaults(c, &d, group, package, err);
        ay_doc_fini(&d);
    }
    c->deep--;
    return status;
}

static ay_status compose(composer *c, const char *group, const char *name, const char *package, bool optional, ay_err *err)
{
    char path[PATH + 3 * WORD + 16], pack[WORD];
    ay_buf text = {0};
    ay_status status;
    size_t n;

    if (!*c->root)
        return ay_fail(err, AY_EINVAL, "%s: text that is no file cannot name other files", c->origin);
    n = (size_t)snprintf(path, sizeof path, "%s/%s%s%s", c->root, group, *group ? "/" : "", name);
    if (n < 5 || (strcmp(path + n - 5, ".yaml") != 0 && strcmp(path + n - 4, ".yml") != 0))
        snprintf(path + n, sizeof path - n, ".yaml");
    if (!ay_file_exists(path) && optional)
        return AY_OK;
    status = ay_file_read(path, FILE_BYTES, &text, err);
    if (status != AY_OK) {
        ay_err_wrap(err, "%s: defaults", c->origin);
    } else {
        snprintf(pack, sizeof pack, "%s", group);
        for (char *p = pack; *p; p++)
            *p = *p == '/' ? '.' : *p;
        package_line(text.data, pack);
        if (package)
            snprintf(pack, sizeof pack, "%s", strcmp(package, "_global_") == 0 ? "" : package);
        status = take_text(c, text.data ? text.data : "", text.len, path, group, pack, err);
    }
    ay_buf_fini(&text);
    return status;
}

/* ---- at the end */

static ay_status expand(const composer *c, const char *text, const char *origin, int deep, char dst[AY_DOC_TEXT], ay_err *err);

/* What ${name} stands for. */
static ay_status reference(const composer *c, const char *name, const char *origin, int deep, char dst[AY_DOC_TEXT],
                           ay_err *err)
{
    const ay_ik_key *k = ay_ik_find(&ay_inspect_table, name);
    char variable[WORD];
    const char *comma, *value;

    if (strncmp(name, "oc.env:", 7) == 0) {
        comma = strchr(name, ',');
        snprintf(variable, sizeof variable, "%.*s", comma ? (int)(comma - name - 7) : (int)sizeof variable, name + 7);
        value = getenv(variable);
        if (!value && !comma)
            return ay_fail(err, AY_EINVAL, "%s: the environment's variable %s is not set", origin, variable);
        snprintf(dst, AY_DOC_TEXT, "%s", value ? value : comma + 1);
        return AY_OK;
    }
    if (!k || k->kind == AY_IK_IDLE)
        return ay_fail(err, AY_EINVAL, "%s: ${%.80s} is no setting and no ${oc.env:NAME}", origin, name);
    if (!c->raw[k - ay_inspect_table.key].set || c->raw[k - ay_inspect_table.key].null) {
        snprintf(dst, AY_DOC_TEXT, "%s", k->fallback);
        return AY_OK;
    }
    return expand(c, c->raw[k - ay_inspect_table.key].text, origin, deep + 1, dst, err);
}

static ay_status expand(const composer *c, const char *text, const char *origin, int deep, char dst[AY_DOC_TEXT], ay_err *err)
{
    size_t at = 0;

    if (deep > DEEP)
        return ay_fail(err, AY_EINVAL, "%s: ${...} leads in a circle", origin);
    while (*text) {
        char name[WORD], value[AY_DOC_TEXT];
        const char *end = text[0] == '$' && text[1] == '{' ? strchr(text, '}') : NULL;
        if (!end) {
            if (at + 1 >= AY_DOC_TEXT)
                return ay_fail(err, AY_EINVAL, "%s: a value is too long", origin);
            dst[at++] = *text++;
            continue;
        }
        if ((size_t)(end - text) - 2 >= sizeof name)
            return ay_fail(err, AY_EINVAL, "%s: a long name in ${...}", origin);
        snprintf(name, sizeof name, "%.*s", (int)(end - text) - 2, text + 2);
        ay_status status = reference(c, name, origin, deep, value, err);
        if (status != AY_OK)
            return status;
        if (at + strlen(value) + 1 >= AY_DOC_TEXT)
            return ay_fail(err, AY_EINVAL, "%s: a value is too long", origin);
        memcpy(dst + at, value, strlen(value));
        at += strlen(value);
        text = end + 1;
    }
    dst[at] = '\0';
    return AY_OK;
}

static ay_status take_overrides(composer *c, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < c->noverrides && status == AY_OK; i++) {
        const char *o = c->overrides[i], *eq = strchr(o, '=');
        char name[AY_DOC_NAME], origin[AY_DOC_ORIGIN];
        if (c->taken[i])
            continue;
        snprintf(origin, sizeof origin, "override '%.100s'", o);
        if (!eq || *o == '~')
            return ay_fail(err, AY_EINVAL, "%s: expected key=value", origin);
        o += strspn(o, "+");
        snprintf(name, sizeof name, "%.*s", (int)(eq - o), o);
        status = put(c, name, strcmp(eq + 1, "null") == 0 ? NULL : eq + 1, origin, err);
    }
    return status;
}

static ay_status settle(const composer *c, ay_inspect_settings *s, ay_buf *warnings, ay_err *err)
{
    char text[AY_DOC_TEXT];
    ay_status status = AY_OK;

    for (size_t i = 0; i < ay_inspect_table.n && status == AY_OK; i++) {
        const raw *r = &c->raw[i];
        const ay_ik_key *k = &ay_inspect_table.key[i];
        if (!r->set || r->null)
            continue;
        if (strcmp(r->text, "???") == 0)
            return ay_fail(err, AY_EINVAL, "%s: %s must be given, for instance as an override %s=...", r->origin, k->name,
                           k->name);
        status = expand(c, r->text, r->origin, 0, text, err);
        if (status == AY_OK)
            status = ay_inspect_settings_set(s, k->name, text, r->origin, err);
        if (status == AY_OK && k->kind == AY_IK_IDLE && warnings)
            ay_buf_printf(warnings, "%s: %s is not used: %s\n", r->origin, k->name, k->help);
    }
    return status;
}

/* ---- paths of a system file */

static bool find_beside(const char *root, const char *name, char dst[PATH])
{
    snprintf(dst, PATH, "%s/%s", root, name);
    if (*name != '/' && ay_file_exists(dst))
        return true;
    snprintf(dst, PATH, "%s", name);
    return ay_file_exists(dst);
}

static raw *raw_of(composer *c, const char *key)
{
    return &c->raw[ay_ik_find(&ay_inspect_table, key) - ay_inspect_table.key];
}

static ay_status take_named_files(composer *c, ay_err *err)
{
    raw *train = raw_of(c, "train_config_path"), *database = raw_of(c, "database_config_path");
    char path[PATH], name[PATH], *slash;
    ay_status status;

    if (database->set && *database->text && find_beside(c->root, database->text, path) && strlen(path) < sizeof database->text)
        memcpy(database->text, path, strlen(path) + 1);
    if (!train->set || !*train->text)
        return AY_OK;
    if (!find_beside(c->root, train->text, path))
        return ay_fail(err, AY_ENOTFOUND, "%s: train_config_path: there is no %s, neither beside this file nor in the current folder",
                       train->origin, train->text);
    slash = strrchr(path, '/');
    snprintf(name, sizeof name, "%s", slash ? slash + 1 : path);
    snprintf(c->root, sizeof c->root, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    c->below = true;
    c->origin = train->origin;
    status = compose(c, "", name, NULL, false, err);
    c->below = false;
    return status;
}

/* ---- the doors */

static ay_status finish(composer *c, ay_inspect_settings *s, ay_status status, ay_buf *warnings, ay_err *err)
{
    if (status == AY_OK && *c->root)
        status = take_named_files(c, err);
    if (status == AY_OK)
        status = take_overrides(c, err);
    if (status == AY_OK)
        status = settle(c, s, warnings, err);
    if (status == AY_OK)
        status = ay_inspect_settings_check(s, err);
    ay_free(c->raw);
    return status;
}

static ay_status begin(composer *c, const char *const *overrides, int n, ay_err *err)
{
    *c = (composer){.overrides = overrides, .noverrides = n, .origin = ""};
    if (n > OVERRIDES)
        return ay_fail(err, AY_EINVAL, "more than %d overrides", OVERRIDES);
    c->raw = ay_calloc(ay_inspect_table.n, sizeof *c->raw);
    return c->raw ? AY_OK : ay_fail(err, AY_ENOMEM, "reading settings");
}

ay_status ay_inspect_settings_read(ay_inspect_settings *s, const char *text, size_t size, const char *name,
                                   const char *const *overrides, int n, ay_buf *warnings, ay_err *err)
{
    composer c;
    ay_status status = begin(&c, overrides, n, err);

    return status == AY_OK ? finish(&c, s, take_text(&c, text, size, name, "", "", err), warnings, err) : status;
}

ay_status ay_inspect_settings_load(ay_inspect_settings *s, const char *path, const char *const *overrides, int n,
                                   ay_buf *warnings, ay_err *err)
{
    composer c;
    ay_buf text = {0};
    const char *slash = strrchr(path, '/');
    ay_status status = begin(&c, overrides, n, err);

    if (status != AY_OK)
        return status;
    snprintf(c.root, sizeof c.root, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    if (slash == path)
        snprintf(c.root, sizeof c.root, "/");
    status = ay_file_read(path, FILE_BYTES, &text, err);
    if (status == AY_OK)
        status = take_text(&c, text.data ? text.data : "", text.len, path, "", "", err);
    ay_buf_fini(&text);
    return finish(&c, s, status, warnings, err);
}
