/* train/settings_yaml.c - a YAML file over the settings, and back. */
#include "base/file.h"
#include "base/mem.h"
#include "train/settings_table.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { KEYS_MAX = 160, KEY_TEXT = 256 };

typedef struct {
    ay_train_settings *s;
    yaml_document_t *doc;
    const char *path;
    size_t line[KEYS_MAX]; /* where a key was set; 0: not yet */
} reader;

static size_t line_of(const yaml_node_t *n)
{
    return n->start_mark.line + 1;
}

/* A list of plain values as "a,b,c". */
static ay_status join(reader *r, const yaml_node_t *list, char *dst, size_t cap, ay_err *err)
{
    size_t at = 0;

    dst[0] = '\0';
    for (const yaml_node_item_t *i = list->data.sequence.items.start;
         i < list->data.sequence.items.top; i++) {
        const yaml_node_t *v = yaml_document_get_node(r->doc, *i);
        if (v->type != YAML_SCALAR_NODE || at + v->data.scalar.length + 2 > cap)
            return ay_fail(err, AY_EINVAL, "%s:%zu: expected a short list of plain values", r->path,
                           line_of(v));
        at += (size_t)snprintf(dst + at, cap - at, "%s%s", at ? "," : "",
                               (const char *)v->data.scalar.value);
    }
    return AY_OK;
}

static ay_status set_once(reader *r, const char *name, const char *text, size_t line, ay_err *err)
{
    const ay_train_key *k = ay_train_key_find(name);
    char origin[AY_TRAIN_TEXT];

    snprintf(origin, sizeof origin, "%.900s:%zu", r->path, line);
    if (k && k - ay_train_keys < KEYS_MAX) {
        size_t *seen = &r->line[k - ay_train_keys];
        if (*seen)
            return ay_fail(err, AY_EINVAL, "%s: %s is set in line %zu already", origin, name, *seen);
        *seen = line;
    }
    return ay_train_settings_set(r->s, name, text, origin, err);
}

static ay_status take_mapping(reader *r, const yaml_node_t *map, const char *prefix, ay_err *err);

/* One "key: value"; name is the whole key. */
static ay_status take_value(reader *r, const char *name, const yaml_node_t *key,
                            const yaml_node_t *v, ay_err *err)
{
    const ay_train_key *k = ay_train_key_find(name);
    char list[AY_TRAIN_TEXT];
    ay_status status;

    if (v->type == YAML_MAPPING_NODE && !k) {
        if (ay_train_key_section(name))
            return take_mapping(r, v, name, err);
        return set_once(r, name, "", line_of(key), err);
    }
    if (v->type == YAML_MAPPING_NODE && k->kind != AY_KEY_IDLE)
        return ay_fail(err, AY_EINVAL, "%s:%zu: %s has one value, not a section", r->path,
                       line_of(key), name);
    if (v->type == YAML_SCALAR_NODE && !k && ay_train_key_section(name)) {
        if (v->data.scalar.length == 0)
            return AY_OK;
        return ay_fail(err, AY_EINVAL, "%s:%zu: %s is a section, it has no value of its own",
                       r->path, line_of(key), name);
    }
    if (v->type == YAML_SCALAR_NODE)
        return set_once(r, name, (const char *)v->data.scalar.value, line_of(key), err);
    if (k && k->kind != AY_KEY_TEXT && k->kind != AY_KEY_IDLE)
        return ay_fail(err, AY_EINVAL, "%s:%zu: %s has one value, not a list", r->path,
                       line_of(key), name);
    status = v->type == YAML_SEQUENCE_NODE ? join(r, v, list, sizeof list, err) : AY_OK;
    return status == AY_OK ? set_once(r, name, v->type == YAML_SEQUENCE_NODE ? list : "", line_of(key), err)
                           : status;
}

static ay_status take_mapping(reader *r, const yaml_node_t *map, const char *prefix, ay_err *err)
{
    char name[KEY_TEXT];
    ay_status status = AY_OK;

    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start;
         p < map->data.mapping.pairs.top && status == AY_OK; p++) {
        const yaml_node_t *key = yaml_document_get_node(r->doc, p->key);
        const yaml_node_t *v = yaml_document_get_node(r->doc, p->value);
        if (key->type != YAML_SCALAR_NODE ||
            strlen(prefix) + key->data.scalar.length + 2 > sizeof name)
            return ay_fail(err, AY_EINVAL, "%s:%zu: expected a key such as 'epochs'", r->path,
                           line_of(key));
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "",
                 (const char *)key->data.scalar.value);
        status = take_value(r, name, key, v, err);
    }
    return status;
}

static ay_status check(const ay_train_settings *s, const reader *r, ay_err *err)
{
    const ay_train_key *k = ay_train_key_find("inference.reject_threshold");

    if (s->reject > s->confident)
        return ay_fail(err, AY_EINVAL, "%s:%zu: %s %g lies above confidence_threshold %g", r->path,
                       r->line[k - ay_train_keys], k->name, s->reject, s->confident);
    if (s->val_share + s->test_share >= 1)
        return ay_fail(err, AY_EINVAL, "%s: data.val_share and data.test_share leave nothing to train on",
                       r->path);
    return AY_OK;
}

ay_status ay_train_settings_read(ay_train_settings *s, const char *text, size_t n, const char *name,
                                 ay_err *err)
{
    yaml_document_t doc;
    yaml_parser_t parser;
    yaml_node_t *root;
    reader r = {.s = s, .doc = &doc, .path = name};
    ay_status status = AY_OK;

    if (!yaml_parser_initialize(&parser))
        return ay_fail(err, AY_ENOMEM, "reading %s", name);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    if (!yaml_parser_load(&parser, &doc)) {
        status = ay_fail(err, AY_EINVAL, "%s:%zu: %s; sections are indented by spaces, never by tabs",
                         name, parser.problem_mark.line + 1,
                         parser.problem ? parser.problem : "not YAML");
        yaml_parser_delete(&parser);
        return status;
    }
    root = yaml_document_get_root_node(&doc);
    if (root && root->type == YAML_MAPPING_NODE)
        status = take_mapping(&r, root, "", err);
    else if (root)
        status = ay_fail(err, AY_EINVAL, "%s:1: expected sections such as 'training:'", name);
    if (status == AY_OK)
        status = check(s, &r, err);
    yaml_document_delete(&doc);
    yaml_parser_delete(&parser);
    return status;
}

ay_status ay_train_settings_load(ay_train_settings *s, const char *path, ay_err *err)
{
    ay_buf text = {0};
    ay_status status = ay_file_read(path, 1 << 20, &text, err);

    if (status == AY_OK)
        status = ay_train_settings_read(s, text.data ? text.data : "", text.len, path, err);
    ay_buf_fini(&text);
    return status;
}

/* ---- and back -------------------------------------------------------------------------------- */

/* Where two dotted names part: how many leading sections they share. */
static int shared_sections(const char *a, const char *b)
{
    int n = 0;

    for (; *a && *a == *b; a++, b++)
        n += *a == '.';
    return n;
}

static void print_key(const ay_train_settings *s, const ay_train_key *k, int depth, const char *leaf,
                      bool help, ay_buf *out)
{
    char value[AY_TRAIN_TEXT];
    bool text = k->kind == AY_KEY_TEXT;

    ay_train_key_text(s, k, value, sizeof value);
    ay_buf_printf(out, "%*s%s: ", depth * 2, "", leaf);
    if (text) {
        ay_buf_putc(out, '\'');
        for (const char *p = value; *p; p++)
            ay_buf_printf(out, *p == '\'' ? "''" : "%c", *p);
        ay_buf_putc(out, '\'');
    } else {
        ay_buf_puts(out, value);
    }
    if (help)
        ay_buf_printf(out, "  # %s%s%s%s", k->help, k->words ? " (" : "", k->words ? k->words : "",
                      k->words ? ")" : "");
    ay_buf_putc(out, '\n');
}

void ay_train_settings_print(const ay_train_settings *s, bool help, ay_buf *out)
{
    const char *before = "";

    for (size_t i = 0; i < ay_train_keys_count; i++) {
        const ay_train_key *k = &ay_train_keys[i];
        const char *part = k->name, *dot;
        int depth = 0, shared;
        if (k->kind == AY_KEY_IDLE)
            continue;
        shared = shared_sections(before, k->name);
        for (; (dot = strchr(part, '.')); part = dot + 1, depth++)
            if (depth >= shared)
                ay_buf_printf(out, "%*s%.*s:\n", depth * 2, "", (int)(dot - part), part);
        print_key(s, k, depth, part, help, out);
        before = k->name;
    }
}
