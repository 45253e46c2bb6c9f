/* The input folder becomes raw_data/, and every file that is not used gets its reason.
 *
 * 1 list   (gather_list.c) OK/ and NG/: regular files, by name
 * 2 read   names; one name (without its ending) once a folder
 * 3 ask    products, some hundred at a time
 * 4 sort   classes, folders' names
 * 5 copy   hash, decode, write: several at once
 * 6 end    (gather_end.c) what could not be decoded leaves its class; samples; manifest */
#include "base/file.h"
#include "base/mem.h"
#include "inspect/gather_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- 3 ask ------------------------------------------------------------------------------------- */

static ay_status take_answer(ay_gather *g, ay_found *f, size_t i, const char *product, ay_err *err)
{
    ay_err reason;
    const char *why = product || !g->o->product_reason ? NULL : g->o->product_reason(g->o->product_ctx, i);

    if (!product)
        return ay_gather_miss(g, f, AY_LINE_MISS_PRODUCT, why ? why : "the plant's database knows no product for it", err);
    if (ay_line_safe("product's name", product, &reason) != AY_OK)
        return ay_gather_miss(g, f, AY_LINE_MISS_PRODUCT, reason.msg, err);
    return (f->product = ay_arena_strdup(g->arena, product)) ? AY_OK : ay_gather_memory(err);
}

static ay_status ask_some(ay_gather *g, const int *which, size_t n, ay_err *err)
{
    static const size_t size = AY_LINE_BATCH;
    ay_line_name *names = ay_calloc(size, sizeof *names);
    const char **out = ay_calloc(size, sizeof *out);
    ay_status status = names && out ? AY_OK : ay_gather_memory(err);

    for (size_t i = 0; i < n && status == AY_OK; i++)
        names[i] = g->files[which[i]].name;
    if (status == AY_OK)
        status = g->o->product(g->o->product_ctx, names, n, out, err);
    for (size_t i = 0; i < n && status == AY_OK; i++)
        status = take_answer(g, &g->files[which[i]], i, out[i], err);
    ay_free(names);
    ay_free(out);
    return status;
}

static ay_status ask(ay_gather *g, ay_err *err)
{
    int which[AY_LINE_BATCH], n = 0;
    ay_status status = AY_OK;

    for (int i = 0; i <= g->n && status == AY_OK; i++) {
        ay_found *f = i < g->n ? &g->files[i] : NULL;
        if (f && f->named && !f->dropped) {
            if (!g->o->product)
                f->product = "";
            else
                which[n++] = i;
        }
        if (n == 0 || (f && n < AY_LINE_BATCH))
            continue;
        status = ay_line_cancelled(g->observer) ? ay_fail(err, AY_ECANCELLED, "cancelled")
                                                : ask_some(g, which, (size_t)n, err);
        n = 0;
        if (g->observer && g->observer->progress)
            g->observer->progress(g->observer->ctx, AY_LINE_ASKING, (size_t)(f ? i : g->n), (size_t)g->n);
    }
    return status;
}

/* ---- 4 sort ------------------------------------------------------------------------------------ */

static int compare_fields(const ay_line_class *a, const ay_line_class *b)
{
    int c = strcmp(a->product, b->product);

    c = c ? c : strcmp(a->component, b->component);
    return c ? c : strcmp(a->light, b->light);
}

static int by_fields(const void *a, const void *b)
{
    return compare_fields(a, b);
}

static ay_line_class fields(const ay_found *f)
{
    return (ay_line_class){.product = f->product,
                           .component = f->name.part[AY_LINE_COMPONENT],
                           .light = f->name.part[AY_LINE_LIGHT],
                           .orientation = AY_LINE_UNKNOWN};
}

/* Classes are those that have a picture in OK. */
static ay_status find_classes(ay_gather *g, ay_err *err)
{
    int n = 0;

    if (!(g->classes = ay_arena_alloc(g->arena, ((size_t)g->n + 1) * sizeof *g->classes)))
        return ay_gather_memory(err);
    for (int i = 0; i < g->n; i++)
        if (g->files[i].ok && g->files[i].product && !g->files[i].dropped)
            g->classes[n++] = fields(&g->files[i]);
    qsort(g->classes, (size_t)n, sizeof *g->classes, by_fields);
    for (int i = 0; i < n; i++)
        if (i == 0 || compare_fields(&g->classes[i], &g->classes[g->nclasses - 1]) != 0)
            g->classes[g->nclasses++] = g->classes[i];
    return AY_OK;
}

static bool taken(const ay_gather *g, int n, const char *name)
{
    for (int k = 0; k < n; k++)
        if (strcmp(g->classes[k].name, name) == 0)
            return true;
    return false;
}

/* "_" joins, and is in the fields too: other fields may give the same name. */
static ay_status name_classes(ay_gather *g, ay_err *err)
{
    for (int i = 0; i < g->nclasses; i++) {
        ay_line_class *c = &g->classes[i];
        char name[1024];
        size_t n = (size_t)snprintf(name, sizeof name, "%s%s%s_%s", c->product, *c->product ? "_" : "", c->component,
                                    c->light);
        for (int k = 2; taken(g, i, name); k++)
            snprintf(name + n, sizeof name - n, "~%d", k);
        if (!(c->name = ay_arena_strdup(g->arena, name)))
            return ay_gather_memory(err);
    }
    return AY_OK;
}

static ay_status place_one(ay_gather *g, ay_found *f, ay_err *err)
{
    char to[AY_LINE_PATH];
    const char *class = "NG";

    if (f->product) {
        ay_line_class key = fields(f),
                      *c = bsearch(&key, g->classes, (size_t)g->nclasses, sizeof key, by_fields);
        f->class = c ? (int)(c - g->classes) : AY_LINE_UNKNOWN;
        if (!c) {
            ay_status status = ay_gather_miss(g, f, AY_LINE_MISS_PRODUCT,
                                    "OK has no picture of this product, component and light to compare it with", err);
            if (status != AY_OK)
                return status;
        }
    }
    if (f->ok)
        class = g->classes[f->class].name;
    if (f->ok && strlen(class) + strlen(ay_gather_file(f)) + sizeof "_" "_rot270.png" > AY_LINE_NAME_MAX) {
        f->dropped = true;
        return ay_gather_miss(g, f, AY_LINE_MISS_NAME, "class and name together are too long for a file's name", err);
    }
    snprintf(to, sizeof to, "raw_data/%s/%s", class, ay_gather_file(f));
    return (f->to = ay_arena_strdup(g->arena, to)) ? AY_OK : ay_gather_memory(err);
}

static ay_status make_folders(ay_gather *g, ay_err *err)
{
    char path[AY_LINE_PATH];
    ay_status status = ay_line_begin_folder(g->dir, "raw_data", err);

    for (int i = -1; i < g->nclasses && status == AY_OK; i++) {
        if (i >= 0 && strlen(g->classes[i].name) > AY_LINE_NAME_MAX)
            continue; /* all its pictures have been dropped */
        status = ay_line_path(path, err, g->dir, "raw_data.tmp/%s", i < 0 ? "NG" : g->classes[i].name);
        if (status == AY_OK)
            status = ay_file_mkdirs(path, err);
    }
    return status;
}

static ay_status sort(ay_gather *g, ay_err *err)
{
    ay_status status = find_classes(g, err);

    if (status == AY_OK)
        status = name_classes(g, err);
    for (int i = 0; i < g->n && status == AY_OK; i++)
        if (!g->files[i].dropped)
            status = place_one(g, &g->files[i], err);
    return status == AY_OK ? make_folders(g, err) : status;
}

/* ---- 5 copy ------------------------------------------------------------------------------------ */

static ay_status unreadable(ay_gather *g, ay_found *f, const char *reason, ay_err *err)
{
    ay_status status;

    pthread_mutex_lock(&g->lock);
    f->dropped = true;
    f->reason = NULL; /* that it is no picture weighs more than what its name lacks */
    status = ay_gather_miss(g, f, AY_LINE_MISS_PICTURE, reason, err);
    pthread_mutex_unlock(&g->lock);
    return status;
}

static ay_status copy_bytes(ay_gather *g, ay_found *f, const ay_buf *b, const struct stat *st, ay_err *err)
{
    char to[AY_LINE_PATH];
    ay_image im;
    ay_err reason;
    ay_status status = ay_image_decode(b->data, b->len, &g->o->limits, &im, &reason);

    if (status == AY_ENOMEM)
        return ay_gather_memory(err);
    if (status != AY_OK)
        return unreadable(g, f, reason.msg, err);
    f->width = im.width;
    f->height = im.height;
    ay_image_fini(&im);
    ay_sha256_bytes(b->data, b->len, f->sha256);
    status = ay_line_path(to, err, g->dir, "raw_data.tmp/%s", f->to + strlen("raw_data/"));
    return status == AY_OK ? ay_line_put(to, b->data, b->len, st, err) : status;
}

static ay_status copy_one(void *ctx, size_t i, ay_err *err)
{
    ay_gather *g = ctx;
    ay_found *f = &g->files[i];
    size_t limit = g->o->limits.max_bytes ? g->o->limits.max_bytes : (size_t)20 << 20;
    char from[AY_LINE_PATH];
    struct stat st;
    ay_err reason;
    ay_buf b = {0};
    ay_status status;

    if (f->dropped)
        return AY_OK;
    if ((status = ay_line_path(from, err, g->o->input, "%s", f->path)) != AY_OK)
        return status;
    status = lstat(from, &st) == 0 && S_ISREG(st.st_mode)
                 ? ay_file_read(from, limit, &b, &reason)
                 : ay_fail(&reason, AY_ENOTFOUND, "it was there and is not any more");
    if (status == AY_OK && b.len == 0)
        status = ay_fail(&reason, AY_ECORRUPT, "the file is empty");
    if (status == AY_ENOMEM)
        status = ay_gather_memory(err);
    else
        status = status == AY_OK ? copy_bytes(g, f, &b, &st, err) : unreadable(g, f, reason.msg, err);
    ay_buf_fini(&b);
    return status;
}

/* ---- all --------------------------------------------------------------------------------------- */

static ay_status run(ay_gather *g, ay_line_set *set, ay_err *err)
{
    ay_status status = ay_gather_list(g, err);

    if (status == AY_OK)
        status = ay_gather_names(g, err);
    if (status == AY_OK)
        status = ask(g, err);
    if (status == AY_OK)
        status = ay_file_mkdirs(g->dir, err);
    if (status == AY_OK)
        status = sort(g, err);
    if (status == AY_OK)
        status = ay_line_each(&(ay_line_work){.n = (size_t)g->n, .threads = g->o->threads, .observer = g->observer,
                                              .phase = AY_LINE_COPYING, .one = copy_one, .ctx = g},
                              err);
    return status == AY_OK ? ay_gather_end(g, set, err) : status;
}

/* What was asked for, so that another question does not get an old answer. */
static void asked(const ay_gather *g, char hex[AY_SHA256_HEX])
{
    const ay_line_gather_options *o = g->o;
    char text[AY_LINE_PATH + 700];

    snprintf(text, sizeof text, "%s\n%s\n%d %d %llu %d", o->input, g->grammar.pattern, o->recursive, o->samples,
             (unsigned long long)o->seed, o->product != NULL);
    ay_sha256_bytes(text, strlen(text), hex);
}

ay_status ay_line_gather(const char *dir, const ay_line_gather_options *o, const ay_line_observer *observer,
                         ay_line_set *out, ay_err *err)
{
    ay_gather g = {.dir = dir, .o = o, .observer = observer};
    char hex[AY_SHA256_HEX];
    ay_status status = ay_line_grammar_init(&g.grammar, o->pattern, err);

    memset(out, 0, sizeof *out);
    if (status != AY_OK)
        return status;
    asked(&g, hex);
    status = ay_line_set_read(dir, out, NULL);
    if (status == AY_OK && strcmp(out->asked, hex) == 0)
        return AY_OK;
    if (status == AY_OK) {
        ay_line_set_fini(out);
        return ay_fail(err, AY_ECONFLICT, "%s was gathered from another folder or with other settings; take a new one",
                       dir);
    }
    ay_arena_init(&out->arena, 0);
    g.arena = &out->arena;
    memcpy(out->asked, hex, sizeof hex);
    pthread_mutex_init(&g.lock, NULL);
    status = run(&g, out, err);
    pthread_mutex_destroy(&g.lock);
    ay_free(g.files);
    if (status != AY_OK)
        ay_line_set_fini(out);
    return status;
}
