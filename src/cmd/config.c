/* cmd/config.c - the settings' table and their merging.  See config.h. */
#include "cmd/config.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

const ay_setting ay_settings[] = {
    {"config", AY_SET_TEXT, "", NULL, "settings file (YAML)"},
    {"data", AY_SET_TEXT, "", NULL, "data folder: pictures, data sets, certificates"},
    {"store", AY_SET_TEXT, "", NULL, "database: postgresql://user@host/database, or mysql://...; unset: a file in the data folder"},
    {"bind", AY_SET_TEXT, "127.0.0.1", NULL, "address to listen on"},
    {"port", AY_SET_INT, "8484", "0..65535", "port to listen on; 0: any free one"},
    {"http-port", AY_SET_INT, "8485", "0..65535", "with --lan: port of the plain HTTP page"},
    {"lan", AY_SET_BOOL, "no", NULL, "serve phones: HTTPS on all addresses, with a QR code"},
    {"cors", AY_SET_TEXT, "", NULL, "origin of another site that may call this one"},
    {"dataset", AY_SET_TEXT, "", NULL, "data set to work on; unset: the active one"},
    {"method", AY_SET_WORD, "auto", "auto|mean", "decision: auto, or mean per class"},
    {"model", AY_SET_TEXT, "default", NULL, "encoder: default, a name of \"assay model list\", a folder or a .safetensors file"},
    {"precision", AY_SET_WORD, "auto", "auto|f32|bf16", "arithmetic of the network"},
    {"backend", AY_SET_WORD, "dnnl", "dnnl|ref", "kernels: oneDNN, or plain loops"},
    {"workers", AY_SET_INT, "0", "0..1024", "threads that run the network; 0: one a processor"},
    {"memory-budget", AY_SET_SIZE, "0", NULL, "bytes of networks kept in memory; those not used for longest go; 0: no bound"},
    {"index-memory", AY_SET_SIZE, "0", NULL, "bytes of stored pictures' vectors kept in memory; others stay in files; 0: no bound"},
    {"max-batch", AY_SET_INT, "16", "1..256", "pictures run together at most"},
    {"max-queue", AY_SET_INT, "256", "1..100000", "pictures waiting before 503"},
    {"max-upload", AY_SET_SIZE, "20MB", NULL, "largest picture file"},
    {"max-pixels", AY_SET_SIZE, "50M", NULL, "largest picture, width times height"},
    {"log-level", AY_SET_WORD, "info", "debug|info|warn|error|off", "least serious line logged"},
    {"log-format", AY_SET_WORD, "text", "text|json", "form of log lines"},
};
const size_t ay_settings_count = sizeof ay_settings / sizeof *ay_settings;
_Static_assert(sizeof ay_settings / sizeof *ay_settings <= AY_CONFIG_MAX, "grow AY_CONFIG_MAX");

int ay_setting_find(const char *name)
{
    for (size_t i = 0; i < ay_settings_count; i++) {
        const char *a = ay_settings[i].name, *b = name;
        while (*a && (*a == *b || (*a == '-' && *b == '_')))
            a++, b++;
        if (!*a && !*b)
            return (int)i;
    }
    return -1;
}

void ay_setting_env(const ay_setting *s, char *dst, size_t cap)
{
    snprintf(dst, cap, "ASSAY_%s", s->name);
    for (char *p = dst; *p; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
}

static int as_bool(const char *text)
{
    static const char *const yes[] = {"yes", "true", "on", "1"}, *const no[] = {"no", "false", "off", "0"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(text, yes[i]) == 0)
            return 1;
        if (strcmp(text, no[i]) == 0)
            return 0;
    }
    return -1;
}

/* Is word one of "a|b|c"? */
static bool one_of(const char *word, const char *list)
{
    size_t n = strlen(word);

    for (const char *p = list; p; p = strchr(p, '|')) {
        p += *p == '|';
        if (strncmp(p, word, n) == 0 && (p[n] == '|' || p[n] == '\0') && n)
            return true;
    }
    return false;
}

ay_status ay_setting_check(const ay_setting *s, const char *text, ay_err *err)
{
    long lo = 0, hi = 0, v;
    size_t size;
    double real;

    switch (s->kind) {
    case AY_SET_TEXT:
        return AY_OK;
    case AY_SET_INT:
        sscanf(s->allowed, "%ld..%ld", &lo, &hi);
        if (ay_str_to_long(text, lo, hi, &v))
            return AY_OK;
        return ay_fail(err, AY_EINVAL, "%s must be a whole number from %ld to %ld, not '%s'", s->name,
                       lo, hi, text);
    case AY_SET_SIZE:
        if (ay_str_to_size(text, &size) && (size > 0 || strcmp(s->fallback, "0") == 0))
            return AY_OK;
        return ay_fail(err, AY_EINVAL, "%s must be a size such as 20MB or 512KiB, not '%s'", s->name,
                       text);
    case AY_SET_REAL:
        if (!*text || ay_str_to_double(text, &real))
            return AY_OK;
        return ay_fail(err, AY_EINVAL, "%s must be a number, not '%s'", s->name, text);
    case AY_SET_BOOL:
        if (as_bool(text) >= 0)
            return AY_OK;
        return ay_fail(err, AY_EINVAL, "%s must be yes or no, not '%s'", s->name, text);
    case AY_SET_WORD:
        if (one_of(text, s->allowed))
            return AY_OK;
        return ay_fail(err, AY_EINVAL, "%s must be one of %s, not '%s'", s->name, s->allowed, text);
    }
    return AY_OK;
}

static ay_status put(ay_config *c, int i, const char *value, const char *origin, ay_err *err)
{
    char *v, *o;

    if (ay_setting_check(&ay_settings[i], value, err) != AY_OK) {
        ay_err_wrap(err, "%s", origin);
        return AY_EINVAL;
    }
    v = ay_strdup(value);
    o = ay_strdup(origin);
    if (!v || !o) {
        ay_free(v);
        ay_free(o);
        return ay_fail(err, AY_ENOMEM, "setting %s", ay_settings[i].name);
    }
    ay_free(c->value[i]);
    ay_free(c->origin[i]);
    c->value[i] = v;
    c->origin[i] = o;
    return AY_OK;
}

ay_status ay_config_set(ay_config *c, const char *name, const char *value, const char *origin,
                        ay_err *err)
{
    int i = ay_setting_find(name);

    if (i < 0)
        return ay_fail(err, AY_EINVAL, "%s: there is no setting '%s'", origin, name);
    return put(c, i, value, origin, err);
}

/* ---- variables */

static ay_status put_variable(ay_config *c, int i, const char *value, const char *origin, ay_err *err)
{
    char *v = ay_strdup(value), *o = ay_strdup(origin);

    if (!v || !o) {
        ay_free(v);
        ay_free(o);
        return ay_fail(err, AY_ENOMEM, "setting %s", ay_word_vars[i].name);
    }
    ay_free(c->variable[i]);
    ay_free(c->variable_origin[i]);
    c->variable[i] = v;
    c->variable_origin[i] = o;
    return AY_OK;
}

/* Where a person wrote it for this program: a value beyond its limits is an error too. */
static ay_status check_variable(int i, const char *value, const char *origin, ay_err *err)
{
    const ay_word_var *v = &ay_word_vars[i];
    char used[64], range[80];
    ay_var_verdict verdict = *value ? ay_word_var_check(v, value, used, sizeof used, err) : AY_VAR_RIGHT;

    if (verdict == AY_VAR_RIGHT)
        return AY_OK;
    ay_word_var_range(v, range, sizeof range);
    if (verdict == AY_VAR_CHANGED)
        ay_fail(err, AY_EINVAL, "%s must be %s, not \"%.60s\"", v->name, range, value);
    ay_err_wrap(err, "%s", origin);
    return AY_EINVAL;
}

ay_status ay_config_set_variable(ay_config *c, const char *pair, ay_err *err)
{
    const char *eq = strchr(pair, '=');
    char name[64];
    int i;

    if (!eq)
        return ay_fail(err, AY_EINVAL, "--set takes NAME=VALUE, not '%.60s'", pair);
    snprintf(name, sizeof name, "%.*s", (int)(eq - pair), pair);
    i = ay_word_var_find(name);
    if (i < 0)
        return ay_fail(err, AY_EINVAL, "--set: there is no variable '%s' (see: assay config show)", name);
    if (ay_word_vars[i].kind == AY_VAR_SECRET)
        return ay_fail(err, AY_EINVAL, "--set: everyone on this machine can read a command line; put %s into the "
                       "environment or a file", ay_word_vars[i].name);
    if (check_variable(i, eq + 1, "--set", err) != AY_OK)
        return AY_EINVAL;
    return put_variable(c, i, eq + 1, "flag --set", err);
}

const char *ay_config_variable(const ay_config *c, const char *name)
{
    int i = ay_word_var_find(name);

    return i < 0 ? NULL : c->variable[i];
}

static ay_status variables_from_environment(ay_config *c, ay_err *err)
{
    ay_status status = AY_OK;

    for (int i = 0; i < ay_word_vars_count && status == AY_OK; i++) {
        const char *value = getenv(ay_word_vars[i].name);
        if (value && *value && !c->variable[i])
            status = put_variable(c, i, value, ay_word_vars[i].name, err);
    }
    return status;
}

/* For the readers that look in the environment: what the file or a flag says.  There is one thread yet. */
static void export_variables(const ay_config *c)
{
    for (int i = 0; i < ay_word_vars_count; i++)
        if (ay_word_vars[i].exported && c->variable[i])
            setenv(ay_word_vars[i].name, c->variable[i], 1);
}

/* The old name of an encoder, when nothing newer names one. */
static ay_status old_model(ay_config *c, ay_err *err)
{
    const char *name = ay_config_variable(c, "CLIP_MODEL_NAME");
    const char *pretrained = ay_config_variable(c, "CLIP_MODEL_PRETRAINED");
    const char *here = name ? ay_word_model(name, pretrained ? pretrained : "") : NULL;
    int i = ay_setting_find("model");

    return here && !c->value[i] ? put(c, i, here, "CLIP_MODEL_NAME", err) : AY_OK;
}

static ay_status load_environment(ay_config *c, ay_err *err)
{
    for (size_t i = 0; i < ay_settings_count; i++) {
        char name[64];
        const char *value;
        ay_status status;
        ay_setting_env(&ay_settings[i], name, sizeof name);
        value = getenv(name);
        if (!value || !*value || c->value[i])
            continue;
        status = put(c, (int)i, value, name, err);
        if (status != AY_OK)
            return status;
    }
    return AY_OK;
}

/* One "key: value" of the file; what a flag or the environment set stays. */
static ay_status take_pair(ay_config *c, const char *path, size_t line, const char *key,
                           const char *value, ay_err *err)
{
    char origin[4200];
    int i = ay_setting_find(key), v = ay_word_var_find(key);

    snprintf(origin, sizeof origin, "%s:%zu", path, line);
    if (i < 0 && v >= 0) {
        ay_status status = check_variable(v, value, origin, err);
        return status != AY_OK || c->variable[v] || !*value ? status : put_variable(c, v, value, origin, err);
    }
    if (i < 0)
        return ay_fail(err, AY_EINVAL, "%s: there is no setting '%s' (see: assay config show)", origin,
                       key);
    if (c->value[i])
        return ay_setting_check(&ay_settings[i], value, err);
    return put(c, i, value, origin, err);
}

static ay_status take_document(ay_config *c, const char *path, yaml_document_t *doc, ay_err *err)
{
    yaml_node_t *root = yaml_document_get_root_node(doc);
    ay_status status = AY_OK;

    if (!root)
        return AY_OK; /* an empty file sets nothing */
    if (root->type != YAML_MAPPING_NODE)
        return ay_fail(err, AY_EINVAL, "%s:1: expected lines such as 'port: 8484'", path);
    for (yaml_node_pair_t *p = root->data.mapping.pairs.start;
         p < root->data.mapping.pairs.top && status == AY_OK; p++) {
        yaml_node_t *k = yaml_document_get_node(doc, p->key);
        yaml_node_t *v = yaml_document_get_node(doc, p->value);
        if (k->type != YAML_SCALAR_NODE || v->type != YAML_SCALAR_NODE)
            return ay_fail(err, AY_EINVAL, "%s:%zu: a setting has one plain value", path,
                           k->start_mark.line + 1);
        status = take_pair(c, path, k->start_mark.line + 1, (const char *)k->data.scalar.value,
                           (const char *)v->data.scalar.value, err);
    }
    return status;
}

static ay_status load_file(ay_config *c, const char *path, ay_err *err)
{
    yaml_document_t doc;
    yaml_parser_t parser;
    ay_buf text = {0};
    ay_status status = ay_file_read(path, 1 << 20, &text, err);

    if (status != AY_OK)
        goto out;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text.data ? text.data : ""), text.len);
    if (!yaml_parser_load(&parser, &doc)) {
        status = ay_fail(err, AY_EINVAL, "%s:%zu: %s", path, parser.problem_mark.line + 1,
                         parser.problem ? parser.problem : "not YAML");
    } else {
        status = take_document(c, path, &doc, err);
        yaml_document_delete(&doc);
    }
    yaml_parser_delete(&parser);
out:
    ay_buf_fini(&text);
    return status;
}

static void home_path(char *dst, size_t cap, const char *xdg, const char *below_home)
{
    const char *base = getenv(xdg), *home = getenv("HOME");

    if (base && *base == '/')
        snprintf(dst, cap, "%s/assay", base);
    else
        snprintf(dst, cap, "%s/%s/assay", home && *home ? home : ".", below_home);
}

/* The file that is named, or the usual one when it is there; "" for none. */
static void file_path(const ay_config *c, char *dst, size_t cap)
{
    char dir[3500];
    const char *named = ay_config_text(c, "config");

    if (*named) {
        snprintf(dst, cap, "%s", named);
        return;
    }
    home_path(dir, sizeof dir, "XDG_CONFIG_HOME", ".config");
    snprintf(dst, cap, "%s/assay.yaml", dir);
    if (!ay_file_exists(dst))
        *dst = '\0';
}

ay_status ay_config_load(ay_config *c, ay_err *err)
{
    char path[4096];
    ay_status status = load_environment(c, err);

    if (status == AY_OK)
        status = variables_from_environment(c, err);
    if (status != AY_OK)
        return status;
    file_path(c, path, sizeof path);
    if (*path && !(c->file = ay_strdup(path)))
        return ay_fail(err, AY_ENOMEM, "reading %s", path);
    if (*path)
        status = load_file(c, path, err);
    if (status == AY_OK)
        status = old_model(c, err);
    if (status == AY_OK)
        export_variables(c);
    return status;
}

void ay_config_fini(ay_config *c)
{
    for (size_t i = 0; i < AY_CONFIG_MAX; i++) {
        ay_free(c->value[i]);
        ay_free(c->origin[i]);
    }
    for (size_t i = 0; i < AY_WORD_VARS_MAX; i++) {
        ay_free(c->variable[i]);
        ay_free(c->variable_origin[i]);
    }
    ay_free(c->file);
    *c = (ay_config){0};
}

const char *ay_config_text(const ay_config *c, const char *name)
{
    int i = ay_setting_find(name);

    assert(i >= 0);
    return c->value[i] ? c->value[i] : ay_settings[i].fallback;
}

const char *ay_config_origin(const ay_config *c, const char *name)
{
    int i = ay_setting_find(name);

    assert(i >= 0);
    return c->value[i] ? c->origin[i] : NULL;
}

long ay_config_int(const ay_config *c, const char *name)
{
    return strtol(ay_config_text(c, name), NULL, 10);
}

size_t ay_config_size(const ay_config *c, const char *name)
{
    size_t n = 0;

    ay_str_to_size(ay_config_text(c, name), &n);
    return n;
}

double ay_config_real(const ay_config *c, const char *name)
{
    double v;

    return ay_str_to_double(ay_config_text(c, name), &v) ? v : NAN;
}

bool ay_config_bool(const ay_config *c, const char *name)
{
    return as_bool(ay_config_text(c, name)) == 1;
}

void ay_config_data_dir(const ay_config *c, char *dst, size_t cap)
{
    const char *named = ay_config_text(c, "data");

    if (*named)
        snprintf(dst, cap, "%s", named);
    else
        home_path(dst, cap, "XDG_DATA_HOME", ".local/share");
}
