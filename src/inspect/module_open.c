/* inspect/module_open.c - a module's files, read with suspicion, and the network in them tried. */
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "inspect/module_parts.h"
#include "pack/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4400, CHUNK = 1 << 16 };

const ay_inspect_file *ay_inspect_file_find(const ay_inspect_module *m, const char *name)
{
    for (size_t i = 0; i < m->nfiles; i++)
        if (strcmp(m->files[i].name, name) == 0)
            return &m->files[i];
    return NULL;
}

/* ---- the list of files ----------------------------------------------------------------------- */

static bool below(const char *name, const char *folder)
{
    size_t n = strlen(folder);

    return strncmp(name, folder, n) == 0 && name[n] && name[n] != '.' && !strchr(name + n, '/');
}

/* The most bytes that a file of this name may have; 0: it has no business here. */
static int64_t most_bytes(const char *name)
{
    if (!ay_pack_name_good(name) || strlen(name) >= AY_INSPECT_NAME)
        return 0;
    if (strcmp(name, "thresholds.json") == 0 || strcmp(name, "settings.json") == 0 || strcmp(name, "golden/golden.json") == 0)
        return AY_INSPECT_JSON;
    if (strcmp(name, "golden/vectors.f32") == 0)
        return AY_INSPECT_VECTORS;
    if (below(name, "golden/"))
        return AY_INSPECT_PNG;
    if (strcmp(name, "model/model.safetensors") == 0)
        return INT64_MAX;
    if (strcmp(name, "model/config.json") == 0 || strcmp(name, "model/open_clip_config.json") == 0 ||
        strcmp(name, "model/preprocessor_config.json") == 0)
        return AY_INSPECT_JSON;
    return 0;
}

static ay_status read_entry(ay_inspect_module *m, const json_t *entry, uint64_t *room, ay_err *err)
{
    const char *name = json_string_value(json_object_get(entry, "name")), *sha = json_string_value(json_object_get(entry, "sha256"));
    const json_t *bytes = json_object_get(entry, "bytes");
    ay_inspect_file *f = &m->files[m->nfiles];
    int64_t most = name ? most_bytes(name) : 0, n = json_is_integer(bytes) ? (int64_t)json_integer_value(bytes) : -1;

    if (most == 0 || !sha || !ay_sha256_valid(sha) || n < 0)
        return ay_fail(err, AY_ECORRUPT, "inspect.json lists \"%.200s\", which is no file of a module", name ? name : "?");
    if (n > most || (uint64_t)n > *room)
        return ay_fail(err, AY_ELIMIT, "%.200s has %lld bytes, which is more than is allowed", name, (long long)n);
    if (ay_inspect_file_find(m, name))
        return ay_fail(err, AY_ECORRUPT, "inspect.json lists \"%.200s\" twice", name);
    *room -= (uint64_t)n;
    f->bytes = n;
    snprintf(f->name, sizeof f->name, "%s", name);
    snprintf(f->sha256, sizeof f->sha256, "%s", sha);
    m->nfiles++;
    return AY_OK;
}

static ay_status read_head(ay_inspect_module *m, const ay_buf *text, uint64_t room, ay_err *err)
{
    const json_t *files, *layout;
    ay_status status = AY_OK;
    json_error_t where;

    m->head = json_loadb(text->data ? text->data : "", text->len, JSON_REJECT_DUPLICATES, &where);
    if (!m->head)
        return ay_fail(err, AY_ECORRUPT, "inspect.json: line %d: %s", where.line, where.text);
    if (!json_is_string(json_object_get(m->head, "format")) ||
        strcmp(json_string_value(json_object_get(m->head, "format")), AY_INSPECT_FORMAT) != 0)
        return ay_fail(err, AY_ECORRUPT, "inspect.json: this is no inspection module");
    layout = json_object_get(m->head, "layout");
    if (!json_is_integer(layout) || json_integer_value(layout) != AY_INSPECT_LAYOUT)
        return ay_fail(err, AY_EUNSUPPORTED, "the module has layout %lld and this program reads %d: take a newer program",
                       (long long)json_integer_value(layout), AY_INSPECT_LAYOUT);
    files = json_object_get(m->head, "files");
    if (json_array_size(files) < 1 || json_array_size(files) > AY_INSPECT_FILES)
        return ay_fail(err, AY_ECORRUPT, "inspect.json lists %zu files", json_array_size(files));
    m->files = ay_calloc(json_array_size(files), sizeof *m->files);
    if (!m->files)
        return ay_fail(err, AY_ENOMEM, "inspection module");
    for (size_t i = 0; i < json_array_size(files) && status == AY_OK; i++)
        status = read_entry(m, json_array_get(files, i), &room, err);
    return status;
}

/* ---- their bytes ----------------------------------------------------------------------------- */

static ay_status write_all(int fd, const char *bytes, size_t n, const char *name, ay_err *err)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return ay_fail(err, errno == ENOSPC ? AY_ELIMIT : AY_EIO, "unpacking %s: %s", name, strerror(errno));
        bytes += done;
        n -= (size_t)done;
    }
    return AY_OK;
}

/* The current file into memory, or into fd when that is not -1; exactly `bytes` of it. */
static ay_status take(ay_unpacker *u, const char *name, int64_t bytes, int fd, ay_buf *data, char sha256[AY_SHA256_HEX], ay_err *err)
{
    char *room = ay_alloc(CHUNK, 1);
    ay_status status = room ? AY_OK : ay_fail(err, AY_ENOMEM, "reading %s", name);
    int64_t left = bytes;
    ay_sha256 sum;
    size_t got = 1;

    ay_sha256_init(&sum);
    while (status == AY_OK && got > 0) {
        status = ay_unpacker_read(u, room, CHUNK, &got, err);
        if (status != AY_OK || got == 0)
            break;
        if ((int64_t)got > left)
            status = ay_fail(err, AY_ECORRUPT, "%s is longer than it should be", name);
        left -= (int64_t)got;
        ay_sha256_add(&sum, room, got);
        if (status == AY_OK && fd >= 0)
            status = write_all(fd, room, got, name, err);
        else if (status == AY_OK)
            ay_buf_add(data, room, got);
        if (data->failed)
            status = ay_fail(err, AY_ENOMEM, "reading %s", name);
    }
    ay_sha256_hex(&sum, sha256);
    ay_free(room);
    if (status == AY_OK && left != 0)
        status = ay_fail(err, AY_ECORRUPT, "%s is shorter than it should be", name);
    return status;
}

static ay_status take_file(ay_unpacker *u, ay_inspect_file *f, const char *scratch, ay_err *err)
{
    char path[PATH_ROOM + AY_INSPECT_NAME], sha256[AY_SHA256_HEX];
    ay_pack_entry e;
    int fd = -1;
    ay_status status = ay_unpacker_next(u, &e, err);

    if (status == AY_ENOTFOUND || (status == AY_OK && (strcmp(e.name, f->name) != 0 || e.bytes != f->bytes)))
        return ay_fail(err, AY_ECORRUPT, "%s should come next, with %lld bytes, and does not", f->name, (long long)f->bytes);
    if (status != AY_OK)
        return status;
    if (ay_str_starts(f->name, "model/")) {
        snprintf(path, sizeof path, "%s/%s", scratch, f->name + strlen("model/"));
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
            return ay_fail(err, AY_EIO, "unpacking %s: %s", path, strerror(errno));
    }
    status = take(u, f->name, f->bytes, fd, &f->data, sha256, err);
    if (fd >= 0 && close(fd) != 0 && status == AY_OK)
        status = ay_fail(err, AY_EIO, "unpacking %s: %s", path, strerror(errno));
    if (status == AY_OK && strcmp(sha256, f->sha256) != 0)
        status = ay_fail(err, AY_ECORRUPT, "%s is damaged: its digest is not that of inspect.json", f->name);
    return status;
}

static ay_status take_all(ay_inspect_module *m, ay_unpacker *u, const char *scratch, uint64_t room, ay_err *err)
{
    ay_pack_entry e;
    ay_buf head = {0};
    ay_status status = ay_unpacker_next(u, &e, err);

    if (status != AY_OK)
        return status == AY_ENOTFOUND ? ay_fail(err, AY_ECORRUPT, "the archive is empty") : status;
    if (strcmp(e.name, "inspect.json") != 0 || e.bytes > AY_INSPECT_JSON)
        return ay_fail(err, AY_ECORRUPT, "it begins with \"%.100s\" and not with inspect.json: this is no inspection module", e.name);
    status = take(u, e.name, e.bytes, -1, &head, m->info.digest, err);
    if (status == AY_OK)
        status = read_head(m, &head, room, err);
    ay_buf_fini(&head);
    for (size_t i = 0; i < m->nfiles && status == AY_OK; i++)
        status = take_file(u, &m->files[i], scratch, err);
    if (status == AY_OK && (status = ay_unpacker_next(u, &e, err)) == AY_OK)
        return ay_fail(err, AY_ECORRUPT, "the archive holds \"%.200s\", which inspect.json does not list", e.name);
    return status == AY_ENOTFOUND ? AY_OK : status;
}

/* ---- the network ----------------------------------------------------------------------------- */

static ay_status same_text(const ay_inspect_module *m, const char *key, const char *found, const char *what, ay_err *err)
{
    const char *want = json_string_value(json_object_get(json_object_get(m->head, "model"), key));

    return want && strcmp(want, found) == 0
               ? AY_OK
               : ay_fail(err, AY_ECORRUPT, "%s of the network in it is %.16s and should be %.16s", what, found, want ? want : "?");
}

static ay_status check_sample(ay_inspect_module *m, int k, ay_err *err)
{
    const ay_inspect_file *f = m->samples[k].picture;
    float *v = ay_alloc((size_t)m->dim, sizeof *v);
    ay_image im = {0};
    double same;
    ay_status status = v ? ay_image_decode(f->data.data, f->data.len, &(ay_image_limits){.max_bytes = AY_INSPECT_PNG}, &im, err)
                         : ay_fail(err, AY_ENOMEM, "golden sample %s", f->name);

    if (status == AY_OK)
        status = ay_engine_embed(m->engine, &(const ay_image *){&im}, 1, v, err);
    if (status == AY_OK) {
        same = ay_golden_cosine(v, m->vectors + (size_t)k * (size_t)m->dim, m->dim);
        if (!(same >= AY_INSPECT_SAME))
            status = ay_fail(err, AY_ECORRUPT, "%s: the network gives another vector than when it was packed (cosine %.4f, at least %.2f "
                             "is needed): network and golden samples do not belong together", f->name, same, AY_INSPECT_SAME);
    }
    ay_image_fini(&im);
    ay_free(v);
    return status;
}

static ay_status open_engine(ay_inspect_module *m, const char *scratch, const ay_engine_options *options, ay_err *err)
{
    ay_engine_options o = *options;
    ay_status status;

    o.model = scratch;
    status = ay_engine_open(&m->engine, &o, err);
    if (status != AY_OK)
        return status;
    m->info.engine = ay_engine_get_info(m->engine);
    status = same_text(m, "digest", m->info.engine->digest, "the digest", err);
    if (status == AY_OK)
        status = same_text(m, "preprocessing", m->info.engine->preprocess_digest, "the preprocessing", err);
    if (status == AY_OK && m->info.engine->row != m->dim)
        status = ay_fail(err, AY_ECORRUPT, "the network gives %d numbers and the golden samples have %d", m->info.engine->row, m->dim);
    for (int k = 0; k < m->nsamples && status == AY_OK; k++)
        status = check_sample(m, k, err);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static ay_status make_scratch(const char *in, char folder[PATH_ROOM], ay_err *err)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(folder, PATH_ROOM - 100, "%s/assay-inspect-XXXXXX", in ? in : tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(folder) ? AY_OK : ay_fail(err, AY_EIO, "cannot make a folder for the network's files, %s: %s", folder, strerror(errno));
}

static ay_status open_in(ay_inspect_module *m, const char *path, const char *scratch, const ay_inspect_module_options *o, ay_err *err)
{
    uint64_t most = o->max_bytes ? o->max_bytes : AY_INSPECT_BYTES;
    ay_unpacker *u;
    struct stat st;
    ay_status status = ay_pack_whole(path, err);

    if (status != AY_OK)
        return status;
    if (stat(path, &st) != 0 || (uint64_t)st.st_size > most)
        return ay_fail(err, AY_ELIMIT, "it has %lld bytes and %llu are allowed", (long long)st.st_size, (unsigned long long)most);
    status = ay_unpacker_open(&u, path, err);
    if (status != AY_OK)
        return status;
    status = take_all(m, u, scratch, most, err);
    ay_unpacker_close(u);
    if (status == AY_OK)
        status = ay_inspect_module_read(m, err);
    return status == AY_OK ? open_engine(m, scratch, &o->engine, err) : status;
}

ay_status ay_inspect_module_open(ay_inspect_module **out, const char *path, const ay_inspect_module_options *options, ay_err *err)
{
    ay_inspect_module_options o = options ? *options : (ay_inspect_module_options){0};
    ay_inspect_module *m = ay_calloc(1, sizeof *m);
    char scratch[PATH_ROOM];
    ay_status status;

    *out = NULL;
    if (!m)
        return ay_fail(err, AY_ENOMEM, "opening %s", path);
    ay_arena_init(&m->arena, 0);
    status = make_scratch(o.scratch, scratch, err);
    if (status == AY_OK) {
        status = open_in(m, path, scratch, &o, err);
        ay_file_remove_tree(scratch); /* what is mapped stays */
    }
    if (status != AY_OK) {
        ay_err_wrap(err, "inspection module %s", path);
        ay_inspect_module_close(m);
        return status;
    }
    *out = m;
    return AY_OK;
}

void ay_inspect_module_close(ay_inspect_module *m)
{
    if (!m)
        return;
    ay_engine_close(m->engine);
    for (size_t i = 0; i < m->nfiles; i++)
        ay_buf_fini(&m->files[i].data);
    ay_free(m->files);
    json_decref(m->head);
    json_decref(m->thresholds_json);
    json_decref(m->golden_json);
    json_decref(m->settings);
    ay_arena_fini(&m->arena);
    ay_free(m);
}

const ay_inspect_module_info *ay_inspect_module_get_info(const ay_inspect_module *m)
{
    return &m->info;
}

size_t ay_inspect_module_memory(const ay_inspect_module *m)
{
    size_t bytes = ay_engine_memory(m->engine) + m->arena.used;

    for (size_t i = 0; i < m->nfiles; i++)
        bytes += m->files[i].data.cap;
    return bytes;
}

const void *ay_inspect_module_picture(const ay_inspect_module *m, int sample, size_t *bytes)
{
    if (sample < 0 || sample >= m->nsamples)
        return NULL;
    *bytes = m->samples[sample].picture->data.len;
    return m->samples[sample].picture->data.data;
}
