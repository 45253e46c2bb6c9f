#include "base/test.h"
#include "http/openapi.h"
#include "http/routes.h"

static json_t *doc, *schemas;

static void load(void)
{
    if (!doc)
        doc = ay_openapi_json(ay_routes, ay_route_count);
    schemas = json_object_get(json_object_get(doc, "components"), "schemas");
}

/* Every $ref below v names a schema that exists. */
static int bad_refs(const json_t *v)
{
    const char *key;
    json_t *item;
    size_t i;
    int bad = 0;

    if (json_is_object(v))
        json_object_foreach((json_t *)v, key, item)
        {
            const char *to = strcmp(key, "$ref") == 0 ? json_string_value(item) : NULL;
            if (to && (strncmp(to, "#/components/schemas/", 21) != 0 ||
                       !json_object_get(schemas, to + 21))) {
                printf("  no schema %s\n", to);
                bad++;
            }
            bad += bad_refs(item);
        }
    else
        json_array_foreach(v, i, item) bad += bad_refs(item);
    return bad;
}

/* Names that an object below v must have are described. */
static int required_without_description(const json_t *v)
{
    json_t *properties = json_object_get(v, "properties"), *required = json_object_get(v, "required"), *item;
    const char *key;
    size_t i;
    int bad = 0;

    json_array_foreach(properties ? required : NULL, i, item) if (!json_object_get(properties, json_string_value(item)))
    {
        printf("  %s is required and not described\n", json_string_value(item));
        bad++;
    }
    if (json_is_object(v))
        json_object_foreach((json_t *)v, key, item) bad += required_without_description(item);
    else
        json_array_foreach(v, i, item) bad += required_without_description(item);
    return bad;
}

static void document(void)
{
    load();
    CHECK(doc && json_object_size(schemas) > 30);
    CHECK(!strcmp(json_string_value(json_object_get(doc, "openapi")), "3.1.0"));
    CHECK(bad_refs(doc) == 0 && required_without_description(schemas) == 0);
}

static void every_shown_route_is_in_it(void)
{
    load();
    for (size_t i = 0; i < ay_route_count; i++) {
        const ay_route *r = &ay_routes[i];
        char method[8] = "";
        for (size_t k = 0; r->method[k]; k++)
            method[k] = (char)(r->method[k] | 0x20);
        json_t *op =
            json_object_get(json_object_get(json_object_get(doc, "paths"), r->path), method);
        CHECK((op != NULL) == !(r->flags & AY_ROUTE_HIDDEN));
        if (op)
            CHECK(json_object_size(json_object_get(op, "responses")) >= 2);
    }
}

/* Names in paths and query lists must be described, or add_param() would leave them out. */
static void every_parameter_is_described(void)
{
    load();
    for (size_t i = 0; i < ay_route_count; i++) {
        const ay_route *r = &ay_routes[i];
        char list[512], *save = NULL;
        snprintf(list, sizeof list, "%s", r->query);
        for (char *w = strtok_r(list, " ", &save); w; w = strtok_r(NULL, " ", &save))
            CHECK(ay_param_find(w));
        for (const char *p = strchr(r->path, '{'); p; p = strchr(p + 1, '{')) {
            snprintf(list, sizeof list, "%.*s", (int)strcspn(p + 1, "}"), p + 1);
            CHECK(ay_param_find(list));
        }
    }
}

static void page(void)
{
    ay_buf html = {0};

    ay_openapi_html(ay_routes, ay_route_count, &html);
    CHECK(html.data && strncmp(html.data, "<!doctype html>", 15) == 0);
    CHECK(strstr(html.data, "data-path=\"/v1/predict\"") && !strstr(html.data, "/plain/scan"));
    CHECK(!strstr(html.data, "style=") && !strstr(html.data, "onclick"));
    ay_buf_fini(&html);
    ay_html_text(&html, "<a b=\"c\">&'");
    CHECK(!strcmp(html.data, "&lt;a b=&quot;c&quot;&gt;&amp;&#39;"));
    ay_buf_fini(&html);
    json_decref(doc);
}

TESTS({"the document refers to what exists", document},
      {"every shown route is in it", every_shown_route_is_in_it},
      {"every parameter is described", every_parameter_is_described}, {"the page", page})
