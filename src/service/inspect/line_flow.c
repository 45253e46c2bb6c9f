#include "service/inspect/line_flow.h"
#include "inspect/flow.h"
#include "inspect/products.h"
#include "service/inspect/lookup.h"
#include "service/learn/serving.h"

#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct ay_line_flow {
    ay_inspect_settings settings;
    ay_inspect_sites sites;
    ay_products *products; /* NULL: the sites' databases are asked */
};

ay_status ay_line_flow_open(ay_line_flow **out, const char *system_file, ay_buf *warnings, ay_err *err)
{
    ay_line_flow *l = ay_calloc(1, sizeof *l);
    ay_status status = l ? AY_OK : ay_fail(err, AY_ENOMEM, "opening the inspection's settings");

    *out = NULL;
    if (status != AY_OK)
        return status;
    ay_inspect_settings_init(&l->settings);
    if (system_file && *system_file)
        status = ay_inspect_settings_load(&l->settings, system_file, NULL, 0, warnings, err);
    if (status == AY_OK && *l->settings.database_config)
        status = ay_inspect_sites_load(&l->sites, l->settings.database_config, warnings, err);
    if (status != AY_OK) {
        ay_line_flow_close(l);
        return status;
    }
    *out = l;
    return AY_OK;
}

void ay_line_flow_close(ay_line_flow *l)
{
    if (!l)
        return;
    ay_inspect_sites_fini(&l->sites);
    ay_products_close(l->products);
    ay_free(l);
}

ay_status ay_line_flow_products(ay_line_flow *l, const char *path, ay_err *err)
{
    return ay_products_open(&l->products, path, err);
}

void ay_line_flow_print(const ay_line_flow *l, ay_buf *out)
{
    ay_inspect_settings_print(&l->settings, false, out);
    if (l->sites.n > 0)
        ay_inspect_sites_print(&l->sites, false, out);
}

/* ---- what a request says */

static ay_status value_text(const char *key, const json_t *v, char *dst, size_t cap, ay_err *err)
{
    if (json_is_string(v))
        snprintf(dst, cap, "%s", json_string_value(v));
    else if (json_is_boolean(v))
        snprintf(dst, cap, "%s", json_is_true(v) ? "true" : "false");
    else if (json_is_integer(v))
        snprintf(dst, cap, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        snprintf(dst, cap, "%.17g", json_real_value(v));
    else
        return ay_fail(err, AY_EINVAL, "the setting '%.80s' is neither text nor number", key);
    return AY_OK;
}

/* Settings that name files or what the whole server does are not a request's. */
static bool is_ours(const char *key)
{
    static const char *const ours[] = {"model.weights", "system.", "storage.", "logging.", "resources.", "train_config_path",
                                       "database_config_path"};

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strncmp(key, ours[i], strlen(ours[i])) == 0)
            return true;
    return false;
}

static ay_status set_one(ay_inspect_settings *s, const char *key, const json_t *v, ay_err *err)
{
    char text[AY_INSPECT_TEXT];
    ay_status status = is_ours(key) ? ay_fail(err, AY_EINVAL, "the setting '%.80s' cannot be chosen here", key)
                                    : value_text(key, v, text, sizeof text, err);

    return status == AY_OK ? ay_inspect_settings_set(s, key, text, "settings", err) : status;
}

ay_status ay_line_flow_settings(const ay_line_flow *l, const json_t *request, ay_inspect_settings *s, ay_err *err)
{
    static const char *const old[][2] = {{"max_epochs", "training.max_epochs"},
                                         {"batch_size", "training.batch_size"},
                                         {"learning_rate", "training.learning_rate"}};
    const json_t *given = json_object_get(request, "settings");
    ay_status status = AY_OK;
    const char *key;
    json_t *v;

    *s = l->settings;
    if (given && !json_is_object(given))
        return ay_fail(err, AY_EINVAL, "'settings' must be an object, as {\"training.max_epochs\": 5}");
    for (size_t i = 0; i < sizeof old / sizeof *old && status == AY_OK; i++)
        if ((v = json_object_get(request, old[i][0])) && !json_is_null(v))
            status = set_one(s, old[i][1], v, err);
    json_object_foreach((json_t *)given, key, v)
    {
        if (status == AY_OK)
            status = set_one(s, key, v, err);
    }
    return status == AY_OK ? ay_inspect_settings_check(s, err) : status;
}

/* ---- the driver */

static const char *word(const json_t *o, const char *key, const char *otherwise)
{
    const char *v = json_string_value(json_object_get(o, key));

    return v && *v ? v : otherwise;
}

/* A site that the database file does not know is a mistake, unless there is no such file: then nobody is asked. */
static ay_status find_site(const ay_line_flow *l, const json_t *request, const ay_inspect_site **site, ay_err *err)
{
    *site = NULL;
    return l->sites.n > 0 && !l->products ? ay_inspect_site_find(&l->sites, word(request, "site", "HPH"), site, err) : AY_OK;
}

static ay_status check(void *ctx, const json_t *request, bool *orient, ay_err *err)
{
    const ay_inspect_site *site;
    ay_inspect_settings s;
    ay_status status = ay_line_flow_settings(ctx, request, &s, err);

    *orient = s.label != AY_INSPECT_BY_COMPONENT;
    return status == AY_OK ? find_site(ctx, request, &site, err) : status;
}

static ay_flow flow_of(const ay_line_run *r, const ay_inspect_settings *s)
{
    return (ay_flow){.input = r->input, .out = r->out, .name = word(r->request, "name", NULL), .settings = s, .control = r->control,
                     .observer = {r->ctx, r->step, r->point, r->note, r->tell, r->begin}};
}

static const char *why_missed(void *lookup, size_t i)
{
    return ay_lookup_reason(lookup, i);
}

static ay_status collect(void *ctx, const ay_line_run *r, ay_err *err)
{
    const ay_line_flow *l = ctx;
    const ay_inspect_site *site = NULL;
    ay_lookup *lookup = NULL;
    ay_inspect_settings s;
    ay_status status = ay_line_flow_settings(ctx, r->request, &s, err);
    ay_flow f = flow_of(r, &s);

    if (status == AY_OK)
        status = find_site(ctx, r->request, &site, err);
    if (status == AY_OK && site)
        status = ay_lookup_open(&lookup, site, word(r->request, "line_id", "V31"), &r->control->pause, err);
    if (l->products) {
        f.product = ay_products_find;
        f.product_reason = ay_products_reason;
        f.product_ctx = l->products;
    } else if (lookup) {
        f.product = ay_lookup_products;
        f.product_reason = why_missed;
        f.product_ctx = lookup;
    }
    if (status == AY_OK)
        status = ay_flow_gather(&f, err);
    if (lookup && r->tell) {
        ay_lookup_counts counts;
        ay_lookup_count(lookup, &counts);
        r->tell(r->ctx, "lookup", ay_lookup_counts_json(&counts));
    }
    ay_lookup_close(lookup);
    return status;
}

static ay_status finish(void *ctx, const ay_line_run *r, ay_err *err)
{
    char *choices = r->choices ? ay_json_compact(r->choices) : NULL;
    ay_inspect_settings s;
    ay_status status = ay_line_flow_settings(ctx, r->request, &s, err);
    ay_flow f = flow_of(r, &s);

    if (status == AY_OK && r->choices && !choices)
        status = ay_fail(err, AY_ENOMEM, "reading orientations");
    if (status == AY_OK)
        status = ay_flow_finish(&f, choices, choices && s.label != AY_INSPECT_BY_COMPONENT ? strlen(choices) : 0, NULL, err);
    ay_free(choices);
    return status;
}

ay_line_driver ay_line_flow_driver(ay_line_flow *l)
{
    return (ay_line_driver){l, check, collect, finish};
}
