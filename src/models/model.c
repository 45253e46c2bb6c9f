#include "models/model.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "models/arch.h"
#include "models/digest.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Every architecture in the program, in the order they are asked.  A plain table: one can read what
 * the program can load. */
static const ay_arch *const archs[] = {
    &ay_arch_clip_vit,
    &ay_arch_clip_text,
    &ay_arch_resnet,
    &ay_arch_hoam, /* before its backbone */
    &ay_arch_efficientnetv2,
    &ay_arch_fastvit,
    &ay_arch_vit_conv,
};

enum { CONFIG_MAX = 1 << 20 };

struct ay_model {
    ay_safetensors *st;
    ay_rewritten rewritten; /* of st; empty for most architectures */
    ay_graph *graph;
    ay_model_info info;
    json_t *config, *openclip;
    void *owned; /* bytes behind st, of a blueprint */
};

/* ---- files ----------------------------------------------------------------------------------- */

/* A JSON object, or NULL when the file is absent; a file that is there must be readable. */
static ay_status read_json(const char *folder, const char *name, json_t **out, ay_err *err)
{
    char path[4096];
    ay_buf text = {0};
    json_error_t je;
    ay_status status;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!ay_file_exists(path))
        return AY_OK;
    status = ay_file_read(path, CONFIG_MAX, &text, err);
    if (status == AY_OK) {
        *out = json_loadb(text.data ? text.data : "", text.len, JSON_REJECT_DUPLICATES, &je);
        if (!json_is_object(*out))
            status = ay_fail(err, AY_ECORRUPT, "%s:%d: %s", path, *out ? 1 : je.line,
                             *out ? "not an object" : je.text);
    }
    ay_buf_fini(&text);
    return status;
}

/* How many .safetensors files the folder holds; path becomes one of them. */
static int count_weights(const char *folder, char path[4096])
{
    DIR *dir = opendir(folder);
    struct dirent *d;
    int n = 0;

    while (dir && (d = readdir(dir))) {
        if (d->d_name[0] == '.' || !ay_str_ends_nocase(d->d_name, ".safetensors"))
            continue;
        snprintf(path, 4096, "%s/%s", folder, d->d_name);
        n++;
    }
    if (dir)
        closedir(dir);
    return n;
}

/* The weight file of a folder: a usual name, or the only one there. */
static ay_status find_in_folder(const char *folder, char path[4096], ay_err *err)
{
    static const char *const usual[] = {"model.safetensors", "open_clip_model.safetensors",
                                        "best_model.safetensors"};
    int n;

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        snprintf(path, 4096, "%s/%s", folder, usual[i]);
        if (ay_file_exists(path))
            return AY_OK;
    }
    n = count_weights(folder, path);
    if (n == 1)
        return AY_OK;
    return n > 1 ? ay_fail(err, AY_EINVAL, "%s holds %d .safetensors files: name one", folder, n)
                 : ay_fail(err, AY_ENOTFOUND, "%s holds no .safetensors file", folder);
}

ay_status ay_model_find_weights(const char *path, char file[4096], ay_err *err)
{
    snprintf(file, 4096, "%s", path);
    return ay_file_is_dir(path) ? find_in_folder(path, file, err) : AY_OK;
}

static void last_name(const char *path, char *dst, size_t cap)
{
    size_t end = strlen(path), start;

    while (end > 1 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/'; start--)
        ;
    snprintf(dst, cap, "%.*s", (int)(end - start), path + start);
}

static ay_status read_configs(const char *folder, ay_source *src, ay_err *err)
{
    json_t *config = NULL, *openclip = NULL, *preprocess = NULL;
    ay_status status = read_json(folder, "config.json", &config, err);

    if (status == AY_OK)
        status = read_json(folder, "open_clip_config.json", &openclip, err);
    if (status == AY_OK)
        status = read_json(folder, "preprocessor_config.json", &preprocess, err);
    src->config = config;
    src->openclip = openclip;
    src->preprocess = preprocess;
    return status;
}

static void source_fini(ay_source *src)
{
    json_decref((json_t *)src->config);
    json_decref((json_t *)src->openclip);
    json_decref((json_t *)src->preprocess);
}

/* ---- from a source to a model ---------------------------------------------------------------- */

static const ay_arch *find_arch(const ay_source *src, ay_tower tower)
{
    for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
        if (archs[i]->tower == tower && archs[i]->match(src))
            return archs[i];
    return NULL;
}

static ay_status no_arch(const ay_source *src, ay_tower tower, ay_err *err)
{
    if (tower == AY_TOWER_TEXT)
        return ay_fail(err, AY_EUNSUPPORTED,
                       "it has no text tower, so it cannot read words: a CLIP model has both (no "
                       "tensor is called token_embedding.weight)");
    return ay_fail(err, AY_EUNSUPPORTED,
                   "no architecture known here has these tensors (the first is %s)",
                   ay_safetensors_count(src->st) ? ay_safetensors_name(src->st, 0) : "absent");
}

/* CLIP learns the logarithm of the scale. */
static float read_scale(const ay_source *src)
{
    char prefix[AY_PREFIX_MAX];
    const ay_tensor *t = NULL;
    float log_scale;

    if (ay_source_prefix(src, "logit_scale", prefix))
        t = ay_source_find(src, "%slogit_scale", prefix);
    if (!t || ay_tensor_count(t) != 1 || !ay_dtype_is_float(t->dtype))
        return 0;
    ay_to_f32(&log_scale, t->data, t->dtype, 1);
    return log_scale > -20 && log_scale < 20 ? expf(log_scale) : 0;
}

static void copy_text(const ay_source *src, const char *key, const char *otherwise, char *dst,
                      size_t cap)
{
    snprintf(dst, cap, "%s", ay_json_text(src->config, key, otherwise));
    ay_utf8_cut(dst, cap - 1);
}

/* Over the tensors in use, by name, so that the same tower in a file with and without a text tower
 * has the same digest. */
static void hash_all(const ay_model *m, bool data, char hex[AY_SHA256_HEX])
{
    ay_sha256 h;
    char line[AY_NAME_MAX + AY_SHAPE_TEXT + 32], shape[AY_SHAPE_TEXT];

    ay_sha256_init(&h);
    snprintf(line, sizeof line, "%s %s\n", m->info.arch, m->info.shape);
    ay_sha256_add(&h, line, strlen(line));
    for (size_t i = 0; i < ay_graph_param_count(m->graph); i++) {
        ay_tensor t;
        const char *name = ay_graph_param(m->graph, i, &t);
        snprintf(line, sizeof line, "%s %s %s\n", name, ay_dtype_name(t.dtype),
                 ay_shape_text(&t.shape, shape));
        ay_sha256_add(&h, line, strlen(line));
        if (data)
            ay_sha256_add(&h, t.data, ay_tensor_bytes(&t));
    }
    ay_sha256_hex(&h, hex);
}

/* Weights that lie in a file: what it was before it was mapped. */
typedef struct {
    const char *path;
    ay_digest_file id;
} weight_file;

static bool recall(const weight_file *file, const ay_model_options *opt, const char *names, char hex[AY_SHA256_HEX])
{
    char beside[AY_DIGEST_PATH];

    return ay_digest_recall(opt->digests, &file->id, names, hex) ||
           (ay_digest_beside(file->path, beside) && ay_digest_recall(beside, &file->id, names, hex));
}

/* file NULL: the weights lie in memory. */
static void make_digest(ay_model *m, const weight_file *file, const ay_model_options *opt)
{
    char names[AY_SHA256_HEX];

    if (!file) {
        hash_all(m, true, m->info.digest);
        return;
    }
    hash_all(m, false, names);
    if (recall(file, opt, names, m->info.digest))
        return;
    hash_all(m, true, m->info.digest);
    ay_digest_keep(opt->digests, &file->id, names, m->info.digest);
}

/* Takes st over, also on failure. */
static ay_status make_model(ay_model **out, ay_safetensors *st, ay_source *src, const char *name,
                            const weight_file *file, const ay_model_options *opt, ay_err *err)
{
    static const ay_model_options plain = {0};
    ay_model *m = ay_calloc(1, sizeof *m);
    const ay_arch *arch;
    ay_status status;

    if (!m) {
        ay_safetensors_close(st);
        return ay_fail(err, AY_ENOMEM, "model");
    }
    m->st = st;
    src->st = st;
    m->config = json_incref((json_t *)src->config);
    m->openclip = json_incref((json_t *)src->openclip);
    opt = opt ? opt : &plain;
    arch = find_arch(src, opt->tower);
    if (!arch) {
        status = no_arch(src, opt->tower, err);
        goto out;
    }
    m->info.tower = opt->tower;
    m->info.logit_scale = read_scale(src);
    snprintf(m->info.arch, sizeof m->info.arch, "%s", arch->name);
    copy_text(src, "name", name, m->info.name, sizeof m->info.name);
    copy_text(src, "licence", ay_json_text(src->config, "license", "not stated"), m->info.licence,
              sizeof m->info.licence);
    copy_text(src, "version", "", m->info.version, sizeof m->info.version);
    ay_arena_init(&m->rewritten.values, 0);
    status = ay_graph_create(&m->graph, err);
    if (status == AY_OK && arch->rewrite) {
        status = arch->rewrite(src, &m->rewritten, err);
        src->st = m->rewritten.st;
    }
    if (status == AY_OK)
        status = arch->build(src, opt, m->graph, &m->info, err);
    if (status != AY_OK) {
        ay_err_wrap(err, "%s", arch->name);
        goto out;
    }
    m->info.parameters = ay_graph_parameters(m->graph);
    m->info.gflops = ay_graph_flops(m->graph) / 1e9;
    make_digest(m, file, opt);
out:
    if (status != AY_OK) {
        ay_model_close(m);
        m = NULL;
    }
    *out = m;
    return status;
}

ay_status ay_model_open(ay_model **out, const char *path, const ay_model_options *opt, ay_err *err)
{
    bool folder = ay_file_is_dir(path);
    char file[4096], name[64];
    ay_safetensors *st = NULL;
    weight_file from = {.path = file};
    ay_source src = {0};
    ay_status status = AY_OK;
    bool known = false;

    *out = NULL;
    last_name(path, name, sizeof name);
    status = ay_model_find_weights(path, file, err);
    if (status == AY_OK && folder)
        status = read_configs(path, &src, err);
    if (status == AY_OK) {
        known = ay_digest_look(file, &from.id);
        status = ay_safetensors_open(&st, file, err);
    }
    if (status == AY_OK)
        status = make_model(out, st, &src, name, known && ay_digest_same(file, &from.id) ? &from : NULL, opt,
                            err);
    if (status != AY_OK)
        ay_err_wrap(err, "model %s", path);
    source_fini(&src);
    return status;
}

bool ay_model_has_text(const char *path)
{
    char file[4096];
    ay_source src = {0};
    ay_safetensors *st = NULL;
    bool has = false;

    if (ay_model_find_weights(path, file, NULL) == AY_OK && ay_safetensors_open(&st, file, NULL) == AY_OK) {
        src.st = st;
        has = find_arch(&src, AY_TOWER_TEXT) != NULL;
    }
    ay_safetensors_close(st);
    return has;
}

void ay_model_remember(const char *folder)
{
    char file[4096], beside[AY_DIGEST_PATH];
    ay_safetensors *st;
    ay_digest_file id;

    if (find_in_folder(folder, file, NULL) != AY_OK || ay_safetensors_open(&st, file, NULL) != AY_OK)
        return;
    ay_safetensors_close(st);
    if (!ay_digest_beside(file, beside) || !ay_digest_look(file, &id))
        return;
    ay_digest_settle(&id);
    for (ay_tower tower = AY_TOWER_IMAGE; tower <= AY_TOWER_TEXT; tower++) {
        ay_model *m;
        if (ay_model_open(&m, folder, &(ay_model_options){.tower = tower, .digests = beside}, NULL) == AY_OK)
            ay_model_close(m);
    }
}

ay_status ay_model_from_memory(ay_model **out, const void *weights, size_t size, const char *config,
                               size_t config_size, const ay_model_options *opt, ay_err *err)
{
    ay_safetensors *st = NULL;
    ay_source src = {0};
    json_error_t je;
    ay_status status = AY_OK;

    *out = NULL;
    if (config_size) {
        src.config = json_loadb(config, config_size, JSON_REJECT_DUPLICATES, &je);
        if (!src.config)
            return ay_fail(err, AY_ECORRUPT, "model configuration, line %d: %s", je.line, je.text);
    }
    status = ay_safetensors_from_memory(&st, weights, size, err);
    if (status == AY_OK)
        status = make_model(out, st, &src, "model", NULL, opt, err);
    source_fini(&src);
    return status;
}

ay_status ay_model_blueprint(ay_model **out, const char *architecture, const ay_model_options *opt,
                             ay_err *err)
{
    ay_model_options fresh = *opt;
    ay_blueprint print = {0};
    ay_safetensors *st = NULL;
    ay_source src = {0};
    ay_status status = ay_blueprint_draw(&print, architecture, opt, err);

    *out = NULL;
    fresh.fresh = true;
    if (status == AY_OK)
        status = ay_safetensors_from_memory(&st, print.bytes, print.size, err);
    src.config = print.config;
    if (status == AY_OK)
        status = make_model(out, st, &src, architecture, NULL, &fresh, err);
    json_decref(print.config);
    if (status == AY_OK)
        (*out)->owned = print.bytes;
    else
        ay_free(print.bytes);
    return status;
}

const json_t *ay_model_config(const ay_model *m)
{
    return m->config;
}

const json_t *ay_model_openclip(const ay_model *m)
{
    return m->openclip;
}

void ay_model_forget(const ay_model *m)
{
    ay_safetensors_forget(m->st);
}

void ay_model_close(ay_model *m)
{
    if (!m)
        return;
    ay_graph_destroy(m->graph);
    ay_safetensors_close(m->rewritten.st);
    ay_arena_fini(&m->rewritten.values);
    ay_safetensors_close(m->st);
    json_decref(m->config);
    json_decref(m->openclip);
    ay_free(m->owned);
    ay_free(m);
}

const ay_model_info *ay_model_get_info(const ay_model *m)
{
    return &m->info;
}

ay_graph *ay_model_graph(ay_model *m)
{
    return m->graph;
}
