#include "inspect/settings_doc.h"
#include "base/str.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* A file that begins like JSON must be JSON: YAML would take a forgotten quote for a plain word. */
static ay_status check_json(const char *text, size_t n, const char *path, ay_err *err)
{
    size_t at = 0;
    json_error_t je;
    json_t *j;

    while (at < n && strchr(" \t\r\n", text[at]))
        at++;
    if (at == n || text[at] != '{' || !(ay_str_ends_nocase(path, ".json")))
        return AY_OK;
    j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &je);
    if (!j)
        return ay_fail(err, AY_EINVAL, "%s:%d: %.200s", path, je.line, je.text);
    json_decref(j);
    return AY_OK;
}

ay_status ay_doc_parse(ay_doc *d, const char *text, size_t n, const char *path, ay_err *err)
{
    yaml_parser_t parser;
    ay_status status = check_json(text, n, path, err);

    *d = (ay_doc){.path = path};
    if (status != AY_OK)
        return status;
    if (!yaml_parser_initialize(&parser))
        return ay_fail(err, AY_ENOMEM, "reading %s", path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    if (!yaml_parser_load(&parser, &d->yaml)) {
        status = ay_fail(err, AY_EINVAL, "%s:%zu: %s; sections are indented by spaces, never by tabs", path,
                         parser.problem_mark.line + 1, parser.problem ? parser.problem : "not YAML");
        yaml_parser_delete(&parser);
        return status;
    }
    yaml_parser_delete(&parser);
    d->root = yaml_document_get_root_node(&d->yaml);
    if (d->root && d->root->type == YAML_SCALAR_NODE && ay_doc_null(d->root))
        d->root = NULL;
    if (d->root && d->root->type != YAML_MAPPING_NODE) {
        ay_doc_fini(d);
        return ay_fail(err, AY_EINVAL, "%s:1: expected sections such as 'training:'", path);
    }
    return AY_OK;
}

void ay_doc_fini(ay_doc *d)
{
    yaml_document_delete(&d->yaml);
    d->root = NULL;
}

void ay_doc_origin(const ay_doc *d, const yaml_node_t *n, char dst[AY_DOC_ORIGIN])
{
    size_t length = strlen(d->path), most = AY_DOC_ORIGIN - 24; /* the end of a path says more */

    snprintf(dst, AY_DOC_ORIGIN, "%s%s:%zu", length > most ? "..." : "", d->path + (length > most ? length - most : 0),
             n->start_mark.line + 1);
}

const char *ay_doc_text(const yaml_node_t *n)
{
    return (const char *)n->data.scalar.value;
}

bool ay_doc_null(const yaml_node_t *n)
{
    const char *t;

    if (n->type != YAML_SCALAR_NODE || n->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    t = ay_doc_text(n);
    return !*t || strcmp(t, "~") == 0 || strcmp(t, "null") == 0 || strcmp(t, "Null") == 0 || strcmp(t, "NULL") == 0;
}

yaml_node_t *ay_doc_get(ay_doc *d, const yaml_node_t *map, const char *key, yaml_node_t **key_node)
{
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
        yaml_node_t *k = yaml_document_get_node(&d->yaml, p->key);
        if (k->type != YAML_SCALAR_NODE || strcmp(ay_doc_text(k), key) != 0)
            continue;
        if (key_node)
            *key_node = k;
        return yaml_document_get_node(&d->yaml, p->value);
    }
    return NULL;
}

/* ---- walking */

typedef struct {
    ay_doc *d;
    ay_doc_visit *visit;
    void *ctx;
    int depth;
} walker;

static ay_status join(walker *w, const yaml_node_t *list, const char *origin, char dst[AY_DOC_TEXT], ay_err *err)
{
    size_t at = 0;

    dst[0] = '\0';
    for (const yaml_node_item_t *i = list->data.sequence.items.start; i < list->data.sequence.items.top; i++) {
        const yaml_node_t *v = yaml_document_get_node(&w->d->yaml, *i);
        if (v->type != YAML_SCALAR_NODE || at + v->data.scalar.length + 2 > AY_DOC_TEXT)
            return ay_fail(err, AY_EINVAL, "%s: expected a short list of plain values", origin);
        at += (size_t)snprintf(dst + at, AY_DOC_TEXT - at, "%s%s", at ? "," : "", ay_doc_text(v));
    }
    return AY_OK;
}

static ay_status walk(walker *w, const yaml_node_t *map, const char *prefix, ay_err *err);

static ay_status take(walker *w, const char *name, const yaml_node_t *key, const yaml_node_t *v, ay_err *err)
{
    char origin[AY_DOC_ORIGIN], list[AY_DOC_TEXT];
    ay_status status;

    ay_doc_origin(w->d, key, origin);
    if (v->type == YAML_MAPPING_NODE && v->data.mapping.pairs.start < v->data.mapping.pairs.top)
        return walk(w, v, name, err);
    if (v->type == YAML_MAPPING_NODE || ay_doc_null(v))
        return w->visit(w->ctx, name, NULL, origin, err);
    if (v->type == YAML_SCALAR_NODE)
        return w->visit(w->ctx, name, ay_doc_text(v), origin, err);
    status = join(w, v, origin, list, err);
    return status == AY_OK ? w->visit(w->ctx, name, list, origin, err) : status;
}

static bool stood_before(ay_doc *d, const yaml_node_t *map, const yaml_node_pair_t *at, const char *key)
{
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < at; p++) {
        const yaml_node_t *k = yaml_document_get_node(&d->yaml, p->key);
        if (k->type == YAML_SCALAR_NODE && strcmp(ay_doc_text(k), key) == 0)
            return true;
    }
    return false;
}

static ay_status walk(walker *w, const yaml_node_t *map, const char *prefix, ay_err *err)
{
    char name[AY_DOC_NAME];
    ay_status status = AY_OK;

    if (++w->depth > AY_DOC_DEPTH)
        return ay_fail(err, AY_EINVAL, "%s: sections in sections in sections", w->d->path);
    for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top && status == AY_OK; p++) {
        const yaml_node_t *key = yaml_document_get_node(&w->d->yaml, p->key);
        const yaml_node_t *v = yaml_document_get_node(&w->d->yaml, p->value);
        if (key->type != YAML_SCALAR_NODE || strlen(prefix) + key->data.scalar.length + 2 > sizeof name)
            return ay_fail(err, AY_EINVAL, "%s:%zu: expected a key such as 'max_epochs'", w->d->path, key->start_mark.line + 1);
        if (map == w->d->root && (strcmp(ay_doc_text(key), "defaults") == 0 || strcmp(ay_doc_text(key), "hydra") == 0))
            continue;
        if (stood_before(w->d, map, p, ay_doc_text(key)))
            return ay_fail(err, AY_EINVAL, "%s:%zu: '%.80s' stands there twice", w->d->path, key->start_mark.line + 1,
                           ay_doc_text(key));
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", ay_doc_text(key));
        status = take(w, name, key, v, err);
    }
    w->depth--;
    return status;
}

ay_status ay_doc_walk(ay_doc *d, const yaml_node_t *map, const char *prefix, ay_doc_visit *visit, void *ctx, ay_err *err)
{
    walker w = {d, visit, ctx, 0};

    return walk(&w, map, prefix, err);
}
