/* http/openapi.c - from the table of routes to OpenAPI 3.1.  See http/openapi.h. */
#include "http/openapi.h"
#include "http/assets.h"
#include "http/problem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const ay_param_text params[] = {
    {"album", "string", "An album: its name, or its id", 0, 0, NULL},
    {"all", "string", "true: everything, where no filter is given", 0, 0, "true"},
    {"at_least", "number", "Least probability, 0 to 1", 0, 0, NULL},
    {"at_most", "number", "Largest probability, 0 to 1", 0, 0, NULL},
    {"batch", "string", "The id that the answer to a batch gave", 0, 0, NULL},
    {"camera", "string", "Part of the camera's name", 0, 0, NULL},
    {"class", "string", "A class: its name, or its id", 0, 0, NULL},
    {"cluster", "string", "A group: its id", 0, 0, NULL},
    {"confident_only", "string", "Only those with status success", 0, 0, "true|false"},
    {"cursor", "string", "Where the page starts: `next` of the page before", 0, 0, NULL},
    {"dataset", "string", "A data set's name; absent: the active one", 0, 0, NULL},
    {"disputed", "string", "true: only those in a class that the trained model knows, of which it says another one", 0, 0, "true|false"},
    {"encoder", "string", "An encoder: default, a name of the list, or org/name of a hub with the slash as %2F", 0, 0, NULL},
    {"file", "string", "The picture's name", 0, 0, NULL},
    {"far", "string", "true: the farthest from the centre first", 0, 0, "true|false"},
    {"format", "string", "Of pictures: jpeg, png, ...; of an export: folder (when absent), coco, csv, jsonl, croissant; of the certificate: der, or pem (absent: der, which phones take)", 0, 0, NULL},
    {"from", "integer", "The first point of the curve to answer with; absent: 0", 0, 2147483647, NULL},
    {"delete_files", "string", "true removes the files of the task too", 0, 0, "true|false"},
    {"file_type", "string", "Which file of an inspection training", 0, 0, "model|evaluation_csv|confusion_matrix|summary|class_accuracy|similarity_dist|module|missing|golden|thresholds|train_config"},
    {"id", "integer", "A number from the list", 1, 2147483647, NULL},
    {"imports", "integer", "Most imports in the answer", 1, 200, NULL},
    {"label", "string", "A model's class name", 0, 0, NULL},
    {"limit", "integer", "Most items in the answer", 1, 1000, NULL},
    {"max_margin", "string", "What the trained model's class is ahead of the next one, at most; 0.2 or 20%", 0, 0, NULL},
    {"max_score", "string", "How sure the trained model is, at most; 0.5 or 50%", 0, 0, NULL},
    {"max_bytes", "string", "Largest file, as 500000 or 2MB", 0, 0, NULL},
    {"max_side", "integer", "Longer side at most, in pixels", 1, 16777216, NULL},
    {"mc_dropout", "integer", "So many further passes with dropout kept on: `doubt` says how far they spread; slow", 2, 100, NULL},
    {"method", "string", "How to decide; absent: auto", 0, 0, "auto|mean"},
    {"min_margin", "string", "What the trained model's class is ahead of the next one, at least", 0, 0, NULL},
    {"min_score", "string", "How sure the trained model is, at least; 0.9 or 90%", 0, 0, NULL},
    {"min_bytes", "string", "Smallest file, as 500000 or 2MB", 0, 0, NULL},
    {"min_side", "integer", "Shorter side at least, in pixels", 1, 16777216, NULL},
    {"model", "string", "A trained model: its number, name, name:version, or active", 0, 0, NULL},
    {"name", "string", "A data set's name", 0, 0, NULL},
    {"number", "integer", "Which, from 1", 1, 1000000, NULL},
    {"offset", "integer", "How many of the list come before the first of the answer", 0, 2147483647, NULL},
    {"order", "string", "How the list is ordered; absent: newest", 0, 0, "newest|oldest|name|largest|taken|album|score|doubt"},
    {"passes", "integer", "How many passes with dropout kept on; absent: 20", 2, 100, NULL},
    {"pictures", "string", "false: only the document about them", 0, 0, "true|false"},
    {"predicted", "string", "What a trained model says it is (the active one, or `model`); unknown: like nothing it was shown; -NAME: anything else", 0, 0, NULL},
    {"return_top_3", "string", "false leaves the three most likely classes out", 0, 0, "true|false"},
    {"sha256", "string", "SHA-256 of the picture's bytes, 64 lower-case hex digits", 0, 0, NULL},
    {"since", "string", "Not before this day or moment, as 2026-01-31 or 2026-01-31T12:00:00Z", 0, 0, NULL},
    {"size", "integer", "Longer side in pixels: 96, 192 or 384; absent: 192", 96, 384, NULL},
    {"status", "string", "How sure", 0, 0, "success|low_confidence|rejected|unknown"},
    {"tag", "string", "Tags that a picture has, with commas between; -NAME: that it has not", 0, 0, NULL},
    {"task", "string", "An inspection training, as its start answered", 0, 0, NULL},
    {"taken_since", "string", "Taken not before this day or moment, as 2026, 2026-01, 2026-01-31; 7d: seven days ago", 0, 0, NULL},
    {"taken_until", "string", "Taken not after this day, month, year or moment", 0, 0, NULL},
    {"text", "string", "Parts of the file's name, with blanks between; one with a blank in quotation marks; -PART: what is not in it", 0, 0, NULL},
    {"theme", "string", "What verdicts are about; capitals do not matter", 0, 0, NULL},
    {"token", "string", "What a deletion answered as `undo`", 0, 0, NULL},
    {"top", "integer", "How many classes and pictures to report; absent: 3", 1, 50, NULL},
    {"tta", "string", "Answer with the mean of five views of each picture; slow", 0, 0, "true|false"},
    {"tier", "string", "Duplicates of one kind", 0, 0, "same|picture|alike"},
    {"unsorted", "string", "true: only those that have no class", 0, 0, "true|false"},
    {"untagged", "string", "true: only those that have no tag", 0, 0, "true|false"},
    {"until", "string", "Not after this day or moment", 0, 0, NULL},
};

const ay_param_text *ay_param_find(const char *name)
{
    for (size_t i = 0; i < sizeof params / sizeof *params; i++)
        if (strcmp(params[i].name, name) == 0)
            return &params[i];
    return NULL;
}

void ay_param_each(const ay_route *r, void (*visit)(void *ctx, const char *name, const char *in),
                   void *ctx)
{
    char word[64];

    for (const char *p = strchr(r->path, '{'); p; p = strchr(p + 1, '{')) {
        snprintf(word, sizeof word, "%.*s", (int)strcspn(p + 1, "}"), p + 1);
        visit(ctx, word, "path");
    }
    for (const char *p = r->query; *p;) {
        size_t n = strcspn(p, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, p);
        visit(ctx, word, "query");
        p += n + (p[n] == ' ');
    }
}

static json_t *choices_json(const char *choices)
{
    json_t *list = json_array();

    for (const char *p = choices; *p;) {
        size_t n = strcspn(p, "|");
        json_array_append_new(list, json_stringn(p, n));
        p += n + (p[n] == '|');
    }
    return list;
}

static void add_param(void *list, const char *name, const char *in)
{
    const ay_param_text *t = ay_param_find(name);
    json_t *schema, *param;

    if (!t)
        return;
    schema = json_pack("{s:s}", "type", t->type);
    if (t->hi) {
        json_object_set_new(schema, "minimum", json_integer(t->lo));
        json_object_set_new(schema, "maximum", json_integer(t->hi));
    }
    if (t->choices)
        json_object_set_new(schema, "enum", choices_json(t->choices));
    param = json_pack("{s:s, s:s, s:s, s:o}", "name", name, "in", in, "description", t->text,
                      "schema", schema);
    if (strcmp(in, "path") == 0)
        json_object_set_new(param, "required", json_true());
    json_array_append_new(list, param);
}

static json_t *params_json(const ay_route *r)
{
    json_t *list = json_array();

    ay_param_each(r, add_param, list);
    return list;
}

static json_t *ref(const char *schema)
{
    return json_pack("{s:{s:o}}", "schema", "$ref",
                     json_sprintf("#/components/schemas/%s", schema));
}

static json_t *body_json(const ay_route *r)
{
    json_t *content = json_object();

    switch (r->body) {
    case AY_BODY_NONE:
        json_decref(content);
        return NULL;
    case AY_BODY_PICTURE:
    case AY_BODY_PICTURES:
    case AY_BODY_RAW:
        json_object_set_new(content, "image/*", json_object());
        json_object_set_new(content, "application/octet-stream", json_object());
        if (r->request)
            json_object_set_new(content, "multipart/form-data", ref(r->request));
        break;
    case AY_BODY_JSON:
        json_object_set_new(content, "application/json", ref(r->request));
        break;
    case AY_BODY_FORM:
        json_object_set_new(content, "multipart/form-data", ref(r->request));
        json_object_set_new(content, "application/x-www-form-urlencoded", ref(r->request));
        json_object_set_new(content, "application/json", ref(r->request));
        break;
    }
    return json_pack("{s:b, s:o}", "required", 1, "content", content);
}

/* Media types with commas between them. */
static json_t *media_json(const char *list)
{
    json_t *content = json_object();

    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)n, p);
        json_object_set_new(content, name, json_object());
        p += n + (p[n] == ',');
    }
    return content;
}

/* One word of r->replies: "200:ImageList", "200:image/jpeg", "200:text/csv,application/json", "404". */
static void add_reply(json_t *replies, const char *word)
{
    int status = atoi(word);
    const char *what = strchr(word, ':');
    json_t *reply = json_pack("{s:s}", "description", ay_problem_title(status));
    char key[8];

    snprintf(key, sizeof key, "%d", status);
    if (what && strchr(what + 1, '/'))
        json_object_set_new(reply, "content", media_json(what + 1));
    else if (what)
        json_object_set_new(reply, "content",
                            json_pack("{s:o}", "application/json", ref(what + 1)));
    else if (status >= 400)
        json_object_set_new(reply, "content",
                            json_pack("{s:o}", "application/problem+json", ref("Problem")));
    json_object_set_new(replies, key, reply);
}

static json_t *replies_json(const ay_route *r)
{
    json_t *replies = json_object();
    char word[160];

    for (const char *p = r->replies; *p;) {
        size_t n = strcspn(p, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, p);
        add_reply(replies, word);
        p += n + (p[n] == ' ');
    }
    json_object_set_new(replies, "default",
                        json_pack("{s:s, s:{s:o}}", "description", "Any other failure", "content",
                                  "application/problem+json", ref("Problem")));
    return replies;
}

static void add_route(json_t *paths, const ay_route *r)
{
    json_t *item = json_object_get(paths, r->path), *op, *body = body_json(r);
    char method[8];
    size_t n = 0;

    for (; r->method[n] && n + 1 < sizeof method; n++)
        method[n] = (char)tolower((unsigned char)r->method[n]);
    method[n] = '\0';
    if (!item) {
        json_object_set_new(paths, r->path, json_object());
        item = json_object_get(paths, r->path);
    }
    op = json_pack("{s:[s], s:s, s:s, s:o, s:o}", "tags", r->tag, "operationId", r->id, "summary",
                   r->summary, "parameters", params_json(r), "responses", replies_json(r));
    if (body)
        json_object_set_new(op, "requestBody", body);
    json_object_set_new(item, method, op);
}

json_t *ay_openapi_json(const ay_route *routes, size_t n)
{
    json_t *paths = json_object(), *schemas;

    for (size_t i = 0; i < n; i++)
        if (!(routes[i].flags & AY_ROUTE_HIDDEN))
            add_route(paths, &routes[i]);
    schemas = json_loadb(ay_http_schemas, (size_t)(ay_http_schemas_end - ay_http_schemas), 0, NULL);
    return json_pack("{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s}], s:o, s:{s:o}}", "openapi",
                     "3.1.0", "info", "title", "Assay", "version", AY_VERSION, "description",
                     "Tell what a picture shows, by examples you gave. Errors are problem+json "
                     "(RFC 9457); times are "
                     "RFC 3339 UTC.",
                     "license", "name", "MIT", "identifier", "MIT", "servers", "url", "/", "paths",
                     paths, "components", "schemas", schemas);
}
