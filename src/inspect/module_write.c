/* inspect/module_write.c - a module is made, tried, and only then has its name. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "inspect/module_parts.h"
#include "inspect/report.h"
#include "pack/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4400, CHUNK = 1 << 16 };

typedef struct {
    const ay_inspect_packing *p;
    ay_inspect_file *files; /* data, or from: */
    char (*from)[PATH_ROOM];
    size_t n, cap;
} packing;

static ay_inspect_file *add(packing *k, const char *name, ay_err *err)
{
    ay_inspect_file *f;

    if (k->n == k->cap) {
        ay_fail(err, AY_ELIMIT, "an inspection module of more than %zu files", k->cap);
        return NULL;
    }
    f = &k->files[k->n++];
    snprintf(f->name, sizeof f->name, "%s", name);
    return f;
}

/* The digest of what is in memory. */
static void seal(ay_inspect_file *f)
{
    f->bytes = (int64_t)f->data.len;
    ay_sha256_bytes(f->data.data ? f->data.data : "", f->data.len, f->sha256);
}

/* Takes json. */
static ay_status add_json(packing *k, const char *name, json_t *json, ay_err *err)
{
    ay_inspect_file *f = add(k, name, err);
    ay_status status = f ? AY_OK : AY_ELIMIT;

    if (f && (!ay_json_dump(json, JSON_INDENT(1) | JSON_REAL_PRECISION(17), &f->data) || f->data.failed))
        status = ay_fail(err, AY_ENOMEM, "%s: no memory, or a name that is not UTF-8", name);
    else if (f)
        seal(f);
    json_decref(json);
    return status;
}

/* ---- golden samples -------------------------------------------------------------------------- */

static json_t *class_json(const ay_golden_class *c)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "name", c->name, "product", c->product, "component", c->component,
                     "light", c->light, "orientation", ay_turn_name(c->turn), "same", c->same, "ways", c->ways);
}

static json_t *golden_json(const packing *k)
{
    const ay_golden_set *set = k->p->set;
    const ay_goldens *g = k->p->goldens;
    json_t *classes = json_array(), *labels = json_array(), *samples = json_array();

    for (int i = 0; i < set->nclasses; i++)
        json_array_append_new(classes, class_json(&set->classes[i]));
    for (int i = 0; i < set->nlabels; i++)
        json_array_append_new(labels, json_pack("{s:s, s:i, s:s}", "name", set->labels[i].name, "class", set->labels[i].class,
                                                "orientation", ay_turn_name(set->labels[i].turn)));
    for (int i = 0; i < g->n; i++) {
        char name[300];
        ay_golden_file_name(set, &g->samples[i], i, name, sizeof name);
        json_array_append_new(samples, json_pack("{s:i, s:s, s:I, s:f, s:s}", "label", g->samples[i].label, "file", name,
                                                 "stands_for", (json_int_t)g->samples[i].stands_for, "mean_cosine",
                                                 g->samples[i].mean, "reason", g->samples[i].reason));
    }
    if (json_array_size(classes) != (size_t)set->nclasses || json_array_size(labels) != (size_t)set->nlabels ||
        json_array_size(samples) != (size_t)g->n) {
        json_decref(classes);
        json_decref(labels);
        json_decref(samples);
        return NULL;
    }
    return json_pack("{s:i, s:o, s:o, s:o}", "dim", g->dim, "classes", classes, "labels", labels, "samples", samples);
}

static ay_status add_picture(packing *k, int sample, ay_err *err)
{
    char file[300], name[AY_INSPECT_NAME];
    ay_inspect_file *f;
    ay_image im;
    ay_status status = ay_golden_picture(k->p->set, &k->p->goldens->samples[sample], &im, err);

    if (status != AY_OK)
        return status;
    ay_golden_file_name(k->p->set, &k->p->goldens->samples[sample], sample, file, sizeof file);
    snprintf(name, sizeof name, "golden/%s", file);
    f = add(k, name, err);
    status = f ? ay_image_encode_png(&im, &f->data, err) : AY_ELIMIT;
    ay_image_fini(&im);
    if (f && status == AY_OK)
        seal(f);
    return status;
}

static ay_status add_golden(packing *k, ay_err *err)
{
    const ay_goldens *g = k->p->goldens;
    ay_inspect_file *f;
    ay_status status = add_json(k, "golden/golden.json", golden_json(k), err);

    if (status != AY_OK)
        return status;
    f = add(k, "golden/vectors.f32", err);
    if (!f)
        return AY_ELIMIT;
    ay_buf_add(&f->data, g->vectors, (size_t)g->n * (size_t)g->dim * sizeof *g->vectors);
    if (f->data.failed)
        return ay_fail(err, AY_ENOMEM, "golden vectors");
    seal(f);
    for (int i = 0; i < g->n && status == AY_OK; i++)
        status = add_picture(k, i, err);
    return status;
}

/* ---- the network ----------------------------------------------------------------------------- */

static ay_status add_model(packing *k, const char *file, const char *as, ay_err *err)
{
    char name[AY_INSPECT_NAME];
    struct stat st;
    ay_inspect_file *f;

    snprintf(name, sizeof name, "model/%s", as);
    f = add(k, name, err);
    if (!f)
        return AY_ELIMIT;
    snprintf(k->from[k->n - 1], PATH_ROOM, "%s/%s", k->p->model, file);
    if (stat(k->from[k->n - 1], &st) != 0)
        return ay_fail(err, AY_ENOTFOUND, "%s: %s", k->from[k->n - 1], strerror(errno));
    f->bytes = st.st_size;
    return ay_sha256_file(k->from[k->n - 1], f->sha256, err);
}

static bool has(const char *folder, const char *file)
{
    char path[PATH_ROOM];

    snprintf(path, sizeof path, "%s/%s", folder, file);
    return ay_file_exists(path);
}

static ay_status add_network(packing *k, ay_err *err)
{
    static const char *const config[] = {"config.json", "open_clip_config.json", "preprocessor_config.json"};
    const char *weights = has(k->p->model, "model.safetensors") ? "model.safetensors" : "best_model.safetensors";
    ay_status status = AY_OK;

    if (!has(k->p->model, weights))
        return ay_fail(err, AY_ENOTFOUND, "%s has neither model.safetensors nor best_model.safetensors", k->p->model);
    for (size_t i = 0; i < sizeof config / sizeof *config && status == AY_OK; i++)
        if (has(k->p->model, config[i]))
            status = add_model(k, config[i], config[i], err);
    return status == AY_OK ? add_model(k, weights, "model.safetensors", err) : status;
}

/* The network's files under the names that they will have, in a folder of links: a file of another name would be opened
 * without its configuration. */
static ay_status link_network(const packing *k, const char *folder, ay_err *err)
{
    char whole[PATH_MAX], link[PATH_ROOM];

    for (size_t i = 0; i < k->n; i++) {
        if (!k->from[i][0])
            continue;
        snprintf(link, sizeof link, "%s/%s", folder, k->files[i].name + strlen("model/"));
        if (!realpath(k->from[i], whole) || symlink(whole, link) != 0)
            return ay_fail(err, AY_EIO, "%s: %s", k->from[i], strerror(errno));
    }
    return AY_OK;
}

static ay_status open_network(const packing *k, const char *folder, json_t **out, ay_err *err)
{
    const ay_engine_info *info;
    ay_engine *e;
    ay_status status = link_network(k, folder, err);

    if (status == AY_OK)
        status = ay_engine_open(&e, &(ay_engine_options){.model = folder, .workers = 1, .max_batch = 1}, err);
    if (status != AY_OK)
        return status;
    info = ay_engine_get_info(e);
    if (info->dim != k->p->goldens->dim)
        status = ay_fail(err, AY_EINVAL, "the network in %s gives %d numbers and the golden samples have %d: it is another one",
                         k->p->model, info->dim, k->p->goldens->dim);
    *out = json_pack("{s:s, s:s, s:s, s:s, s:i}", "name", info->name, "architecture", info->arch, "digest", info->digest, "preprocessing",
                     info->preprocess_digest, "dim", info->dim);
    ay_engine_close(e);
    return status;
}

/* What the network is, by opening it: the file says so and opening compares. */
static ay_status describe_network(const packing *k, json_t **out, ay_err *err)
{
    char folder[] = "/tmp/assay-inspect-XXXXXX";
    ay_status status;

    if (!mkdtemp(folder))
        return ay_fail(err, AY_EIO, "cannot make a folder in /tmp: %s", strerror(errno));
    status = open_network(k, folder, out, err);
    ay_file_remove_tree(folder);
    return status;
}

/* ---- the file -------------------------------------------------------------------------------- */

static ay_status head_json(packing *k, json_t **out, ay_err *err)
{
    json_t *files = json_array(), *network = NULL;
    ay_status status = describe_network(k, &network, err);

    for (size_t i = 0; i < k->n; i++)
        json_array_append_new(files, json_pack("{s:s, s:I, s:s}", "name", k->files[i].name, "bytes", (json_int_t)k->files[i].bytes,
                                               "sha256", k->files[i].sha256));
    *out = json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:o}", "format", AY_INSPECT_FORMAT, "layout", AY_INSPECT_LAYOUT, "name",
                     k->p->name ? k->p->name : "", "made_at", k->p->made_at ? k->p->made_at : "", "program", "assay " AY_VERSION,
                     "model", network, "files", files);
    return status;
}

static ay_status pack_file(ay_packer *t, const char *from, ay_err *err)
{
    char room[CHUNK];
    ssize_t got = 1;
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    ay_status status = fd >= 0 ? AY_OK : ay_fail(err, AY_EIO, "%s: %s", from, strerror(errno));

    while (status == AY_OK && (got = read(fd, room, sizeof room)) > 0)
        status = ay_packer_write(t, room, (size_t)got, err);
    if (got < 0)
        status = ay_fail(err, AY_EIO, "%s: %s", from, strerror(errno));
    if (fd >= 0)
        close(fd);
    return status;
}

static ay_status pack_all(packing *k, const ay_buf *head, const char *path, ay_err *err)
{
    ay_packer *t;
    ay_status status = ay_packer_open(&t, path, err), end;

    if (status != AY_OK)
        return status;
    status = ay_packer_begin(t, "inspect.json", (int64_t)head->len, 0644, 0, err);
    if (status == AY_OK)
        status = ay_packer_write(t, head->data, head->len, err);
    for (size_t i = 0; i < k->n && status == AY_OK; i++) {
        const ay_inspect_file *f = &k->files[i];
        status = ay_packer_begin(t, f->name, f->bytes, 0644, 0, err);
        if (status == AY_OK)
            status = k->from[i][0] ? pack_file(t, k->from[i], err) : ay_packer_write(t, f->data.data, f->data.len, err);
    }
    end = ay_packer_close(t, status == AY_OK, status == AY_OK ? err : NULL);
    return status == AY_OK ? end : status;
}

static ay_status collect(packing *k, ay_buf *head, ay_err *err)
{
    json_t *json = NULL;
    ay_status status = add_json(k, "thresholds.json", ay_thresholds_json(k->p->thresholds, k->p->set), err);

    if (status == AY_OK)
        status = add_json(k, "settings.json", k->p->settings ? json_deep_copy(k->p->settings) : json_object(), err);
    if (status == AY_OK)
        status = add_golden(k, err);
    if (status == AY_OK)
        status = add_network(k, err);
    if (status == AY_OK)
        status = head_json(k, &json, err);
    if (status == AY_OK && !ay_json_dump(json, JSON_INDENT(1), head))
        status = ay_fail(err, AY_ENOMEM, "inspect.json: no memory, or a name that is not UTF-8");
    json_decref(json);
    return status;
}

/* The folder of path, for the rename to last. */
static ay_status put_in_place(const char *tried, const char *path, ay_err *err)
{
    char folder[PATH_ROOM];
    char *slash;

    if (rename(tried, path) != 0)
        return ay_fail(err, AY_EIO, "keeping %s: %s", path, strerror(errno));
    snprintf(folder, sizeof folder, "%s", path);
    slash = strrchr(folder, '/');
    if (!slash)
        return ay_file_sync_dir(".", err);
    slash[slash == folder] = '\0';
    return ay_file_sync_dir(folder, err);
}

ay_status ay_inspect_module_write(const ay_inspect_packing *p, ay_err *err)
{
    packing k = {.p = p, .cap = (size_t)p->goldens->n + 16};
    char tried[PATH_ROOM];
    ay_inspect_module *m = NULL;
    ay_buf head = {0};
    ay_status status;

    if (p->goldens->n + 16 > AY_INSPECT_FILES)
        return ay_fail(err, AY_ELIMIT, "%d golden samples are too many for a module; at most %d", p->goldens->n, AY_INSPECT_FILES - 16);
    snprintf(tried, sizeof tried, "%s.new", p->path);
    k.files = ay_calloc(k.cap, sizeof *k.files);
    k.from = ay_calloc(k.cap, sizeof *k.from);
    status = k.files && k.from ? collect(&k, &head, err) : ay_fail(err, AY_ENOMEM, "inspection module");
    if (status == AY_OK)
        status = pack_all(&k, &head, tried, err);
    if (status == AY_OK) {
        ay_inspect_module_options o = {.engine = {.workers = 1}, .max_bytes = UINT64_MAX};
        status = ay_inspect_module_open(&m, tried, &o, err);
        ay_inspect_module_close(m);
        if (status == AY_OK)
            status = put_in_place(tried, p->path, err);
        if (status != AY_OK)
            unlink(tried);
    }
    for (size_t i = 0; k.files && i < k.n; i++)
        ay_buf_fini(&k.files[i].data);
    ay_free(k.files);
    ay_free(k.from);
    ay_buf_fini(&head);
    return status;
}
