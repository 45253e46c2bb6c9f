/* inspect/settings_doc.h - a YAML (or JSON) file as dotted keys, for the readers behind inspect/settings.h.
 *
 * JSON is read by the YAML parser, which knows the line of every key; what JSON forbids is checked by jansson
 * before.  A key that stands twice in one section is an error.  Anchors and aliases are as in YAML. */
#ifndef AY_INSPECT_SETTINGS_DOC_H
#define AY_INSPECT_SETTINGS_DOC_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

enum { AY_DOC_NAME = 160, AY_DOC_TEXT = 1024, AY_DOC_ORIGIN = 160, AY_DOC_DEPTH = 12 };

typedef struct {
    const char *path; /* for messages */
    yaml_document_t yaml;
    yaml_node_t *root; /* a mapping; NULL: the file is empty */
} ay_doc;

ay_status ay_doc_parse(ay_doc *d, const char *text, size_t n, const char *path, ay_err *err);
void ay_doc_fini(ay_doc *d);
/* "path:12" */
void ay_doc_origin(const ay_doc *d, const yaml_node_t *n, char dst[AY_DOC_ORIGIN]);
/* The value of a key of a mapping; NULL.  *key, when asked for, the key's own node. */
yaml_node_t *ay_doc_get(ay_doc *d, const yaml_node_t *map, const char *key, yaml_node_t **key_node);
bool ay_doc_null(const yaml_node_t *n); /* null, ~ or nothing, not in quotes */
const char *ay_doc_text(const yaml_node_t *n); /* of a scalar */

/* One value.  text NULL: null.  Lists of plain values are joined by commas.  An empty section is told as such. */
typedef ay_status ay_doc_visit(void *ctx, const char *name, const char *text, const char *origin, ay_err *err);
/* Everything below map, names with prefix before them; but not the root's `defaults` and `hydra`. */
ay_status ay_doc_walk(ay_doc *d, const yaml_node_t *map, const char *prefix, ay_doc_visit *visit, void *ctx, ay_err *err);

#endif
