/* service/library/opinions.c - tables of opinions, and their files. */
#include "service/library/opinions_parts.h"

#include "base/cachefile.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "service/learn/registry.h"
#include "service/library/library.h"
#include "service/library/marks.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- tables */

void ay_opinions_forget(ay_opinion_table *t)
{
    for (int i = 0; i < t->nlabels; i++)
        ay_free(t->labels[i]);
    ay_free(t->labels);
    ay_free(t->of);
    *t = (ay_opinion_table){0};
}

static ay_opinion_table *by_id(struct ay_opinions *l, int64_t model)
{
    for (int i = 0; i < l->n; i++)
        if (l->list[i].model == model)
            return &l->list[i];
    return NULL;
}

/* A free place, else that of the table that was asked for longest ago. */
static ay_opinion_table *place(struct ay_opinions *l)
{
    ay_opinion_table *t = &l->list[0];

    if (l->n < AY_OPINION_MODELS)
        return &l->list[l->n++];
    for (int i = 1; i < l->n; i++)
        if (l->list[i].used < t->used)
            t = &l->list[i];
    ay_opinions_forget(t);
    return t;
}

ay_opinion_table *ay_opinions_make(ay_service *s, int64_t model, const char *name, int version, const char *digest, const char *const *labels,
                                   int nlabels)
{
    struct ay_opinions *l = s->opinions;
    ay_opinion_table *t = by_id(l, model);

    if (t && strcmp(t->digest, digest) == 0)
        return t;
    t = t ? t : place(l);
    ay_opinions_forget(t);
    t->model = model;
    t->version = version;
    t->used = ++l->turn;
    snprintf(t->name, sizeof t->name, "%s", name);
    snprintf(t->digest, sizeof t->digest, "%s", digest);
    t->labels = ay_calloc((size_t)nlabels + 1, sizeof *t->labels);
    for (; t->labels && t->nlabels < nlabels; t->nlabels++)
        if (!(t->labels[t->nlabels] = ay_strdup(labels[t->nlabels])))
            break;
    if (t->nlabels == nlabels && t->labels)
        return t;
    ay_opinions_forget(t); /* stays as a place that nobody finds */
    return NULL;
}

bool ay_opinion_put(ay_opinion_table *t, uint32_t number, const ay_opinion *o)
{
    if (number > t->cap) {
        uint32_t cap = t->cap ? t->cap : 1024;
        ay_opinion *more;
        while (cap < number)
            cap += cap / 2;
        more = ay_realloc(t->of, cap, sizeof *more);
        if (!more)
            return false;
        memset(more + t->cap, 0xff, (cap - t->cap) * sizeof *more); /* AY_OPINION_NONE */
        t->of = more;
        t->cap = cap;
    }
    t->of[number - 1] = *o;
    return true;
}

/* ---- files: "ID VERSION LABELS PICTURES", names with a NUL each, then digest and opinion of each picture */

typedef struct {
    int64_t model, version, nlabels, pictures;
    char name[AY_NAME_MAX + 1];
} file_head;

typedef struct {
    unsigned char sha256[32];
    ay_opinion is;
} file_row;

static void path_of(const ay_service *s, int64_t model, char *path, size_t cap)
{
    snprintf(path, cap, "%.3900s/cache/opinions-%lld.bin", s->data, (long long)model);
}

/* All of a table as bytes; false: no memory. */
static bool write_table(const ay_service *s, const ay_opinion_table *t, ay_buf *out)
{
    file_head h = {.model = t->model, .version = t->version, .nlabels = t->nlabels};
    const ay_marks *m = s->marks;

    memcpy(h.name, t->name, sizeof h.name);
    for (uint32_t i = 0; i < t->cap && i < m->n; i++)
        h.pictures += t->of[i].label != AY_OPINION_NONE;
    ay_buf_add(out, &h, sizeof h);
    for (int i = 0; i < t->nlabels; i++)
        ay_buf_add(out, t->labels[i], strlen(t->labels[i]) + 1);
    for (uint32_t i = 0; i < t->cap && i < m->n; i++) {
        file_row r = {.is = t->of[i]};
        if (r.is.label == AY_OPINION_NONE)
            continue;
        memcpy(r.sha256, m->picture[i].sha256, sizeof r.sha256);
        ay_buf_add(out, &r, sizeof r);
    }
    return !out->failed;
}

void ay_opinions_keep(ay_service *s, int64_t model)
{
    ay_cachefile_head h = {.letters = "AYOPINED", .layout = 1};
    char path[4096];
    ay_err err = {{0}};
    ay_opinion_table *t;
    ay_buf b = {0};
    bool ok;

    pthread_mutex_lock(&s->marks->lock);
    t = by_id(s->opinions, model);
    if (t)
        memcpy(h.made_of, t->digest, sizeof h.made_of);
    ok = t && write_table(s, t, &b);
    pthread_mutex_unlock(&s->marks->lock);
    path_of(s, model, path, sizeof path);
    if (ok && !s->reading_only && ay_cachefile_write(path, &h, &(ay_cachefile_piece){b.data, b.len}, 1, &err) != AY_OK)
        ay_log(AY_LOG_WARN, "service", "opinions are not kept: %s", err.msg);
    ay_buf_fini(&b);
}

/* Labels of the body behind its head; NULL: it is not as it should be.  *rows: what follows. */
static const char **read_labels(const ay_cachefile *c, const file_head *h, ay_arena *a, const unsigned char **rows)
{
    const char *at = (const char *)c->body + sizeof *h, *end = (const char *)c->body + c->n;
    const char **labels = h->nlabels > 0 && h->nlabels < AY_OPINION_UNREAD ? ay_arena_alloc(a, (size_t)h->nlabels * sizeof *labels) : NULL;

    for (int64_t i = 0; labels && i < h->nlabels; i++) {
        const char *nul = memchr(at, 0, (size_t)(end - at));
        if (!nul)
            return NULL;
        labels[i] = at;
        at = nul + 1;
    }
    *rows = (const unsigned char *)at;
    return labels && h->pictures >= 0 && (size_t)(end - at) == (size_t)h->pictures * sizeof(file_row) ? labels : NULL;
}

static void hex_of(const unsigned char sha256[32], char hex[AY_SHA256_HEX])
{
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", sha256[i]);
}

static void read_rows(ay_service *s, ay_opinion_table *t, const unsigned char *rows, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        char hex[AY_SHA256_HEX];
        uint32_t number;
        file_row r;
        memcpy(&r, rows + (size_t)i * sizeof r, sizeof r);
        hex_of(r.sha256, hex);
        number = ay_marks_number(s->marks, hex);
        if ((r.is.label < t->nlabels || r.is.label == AY_OPINION_UNREAD) && r.is.verdict < AY_VERDICTS && number)
            ay_opinion_put(t, number, &r.is);
    }
}

static void recall(ay_service *s, const char *path)
{
    ay_cachefile_head want = {.letters = "AYOPINED", .layout = 1};
    const unsigned char *rows;
    const char **labels;
    ay_opinion_table *t;
    ay_cachefile c;
    file_head h;
    ay_arena a;

    if (ay_cachefile_open(&c, path, &want, NULL) != AY_OK)
        return;
    ay_arena_init(&a, 0);
    if (c.n >= sizeof h) {
        memcpy(&h, c.body, sizeof h);
        h.name[AY_NAME_MAX] = '\0';
        labels = read_labels(&c, &h, &a, &rows);
        t = labels ? ay_opinions_make(s, h.model, h.name, (int)h.version, c.made_of, labels, (int)h.nlabels) : NULL;
        if (t)
            read_rows(s, t, rows, h.pictures);
    }
    ay_arena_fini(&a);
    ay_cachefile_close(&c);
}

static int newest_first(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x < y) - (x > y);
}

/* The files of the newest models. */
static void recall_all(ay_service *s)
{
    int64_t ids[256];
    char path[4096];
    struct dirent *e;
    size_t n = 0;
    DIR *d;

    s->opinions->looked = true;
    snprintf(path, sizeof path, "%.3900s/cache", s->data);
    if (!(d = opendir(path)))
        return;
    while ((e = readdir(d)) && n < sizeof ids / sizeof *ids) {
        long long id;
        int used = 0;
        if (sscanf(e->d_name, "opinions-%lld.bin%n", &id, &used) == 1 && used && !e->d_name[used])
            ids[n++] = id;
    }
    closedir(d);
    if (n)
        qsort(ids, n, sizeof *ids, newest_first);
    for (size_t i = 0; i < n && i < AY_OPINION_MODELS; i++) {
        path_of(s, ids[i], path, sizeof path);
        recall(s, path);
    }
}

/* ---- which model */

static int64_t active_model(ay_service *s)
{
    int64_t id;

    pthread_mutex_lock(&s->serving_lock);
    id = s->active_id;
    pthread_mutex_unlock(&s->serving_lock);
    return id;
}

/* "name" or "name:3". */
static ay_opinion_table *by_name(struct ay_opinions *l, const char *word)
{
    ay_opinion_table *best = NULL;

    for (int i = 0; i < l->n; i++) {
        ay_opinion_table *t = &l->list[i];
        size_t n = strlen(t->name);
        long version;
        bool plain = t->model && strcasecmp(word, t->name) == 0;
        if (t->model && strncasecmp(word, t->name, n) == 0 && word[n] == ':' && ay_str_to_long(word + n + 1, 1, INT32_MAX, &version) &&
            version == t->version)
            return t;
        if (plain && (!best || t->version > best->version))
            best = t;
    }
    return best;
}

ay_opinion_table *ay_opinions_of(ay_service *s, const char *model)
{
    struct ay_opinions *l = s->opinions;
    ay_opinion_table *t;
    long id;

    if (!l->looked)
        recall_all(s);
    if (!model || !*model || strcmp(model, "active") == 0) {
        int64_t now = active_model(s);
        t = now ? by_id(l, now) : NULL;
    } else {
        t = by_name(l, model);
        if (!t && ay_str_to_long(model, 1, INT32_MAX, &id))
            t = by_id(l, id);
    }
    if (t)
        t->used = ++l->turn;
    return t;
}

/* ---- what is known */

static int most_first(const void *x, const void *y)
{
    const ay_opinion_count *a = x, *b = y;

    return a->pictures != b->pictures ? (a->pictures < b->pictures) - (a->pictures > b->pictures) : strcmp(a->name, b->name);
}

/* Under both locks. */
static bool count(ay_service *s, const ay_gallery *g, const ay_opinion_table *t, ay_arena *a, ay_opinions_state *out)
{
    out->pictures = (int64_t)g->n;
    out->nclasses = t ? t->nlabels : 0;
    out->classes = ay_arena_alloc(a, ((size_t)out->nclasses + 1) * sizeof *out->classes);
    for (int i = 0; i < out->nclasses && out->classes; i++)
        if (!(out->classes[i].name = ay_arena_strdup(a, t->labels[i])))
            return false;
    for (size_t i = 0; t && out->classes && i < g->n; i++) {
        uint32_t number = ay_marks_item(s->marks, &g->items[i]);
        const ay_opinion *o = ay_opinion_get(t, number);
        out->unread += !o && number && number <= t->cap && t->of[number - 1].label == AY_OPINION_UNREAD;
        if (!o)
            continue;
        out->known++;
        if (o->verdict == AY_VERDICT_UNKNOWN)
            out->unlike++;
        else
            out->classes[o->label].pictures++;
    }
    return out->classes != NULL;
}

ay_status ay_opinions_look(ay_service *s, const char *dataset, const char *model, ay_arena *a, ay_opinions_state *out, ay_err *err)
{
    ay_registered m = {.name = ""};
    ay_gallery *g;
    ay_status status = AY_OK;

    *out = (ay_opinions_state){.name = ""};
    if (model && *model)
        status = ay_registry_find(s, model, &out->model, err);
    else
        out->model = active_model(s);
    if (status == AY_OK && out->model)
        status = ay_registry_get(s, out->model, a, &m, err);
    if (status != AY_OK)
        return status;
    out->name = m.name;
    out->version = m.version;
    out->active = m.active;
    pthread_rwlock_rdlock(&s->lock);
    status = ay_service_find(s, ay_library_read(dataset), &g, err);
    if (status == AY_OK) {
        pthread_mutex_lock(&s->marks->lock);
        ay_opinions_of(s, ""); /* files are read */
        if (!(out->dataset = ay_arena_strdup(a, g->name)) || !count(s, g, by_id(s->opinions, out->model), a, out))
            status = ay_fail(err, AY_ENOMEM, "counting opinions");
        pthread_mutex_unlock(&s->marks->lock);
    }
    pthread_rwlock_unlock(&s->lock);
    if (status == AY_OK && out->nclasses)
        qsort(out->classes, (size_t)out->nclasses, sizeof *out->classes, most_first);
    pthread_mutex_lock(&s->opinions->lock);
    out->job = s->opinions->running ? s->opinions->job : 0;
    pthread_mutex_unlock(&s->opinions->lock);
    return status;
}

ay_status ay_opinions_open(ay_service *s, ay_err *err)
{
    s->opinions = ay_calloc(1, sizeof *s->opinions);
    if (!s->opinions)
        return ay_fail(err, AY_ENOMEM, "opening opinions");
    pthread_mutex_init(&s->opinions->lock, NULL);
    return AY_OK;
}

void ay_opinions_close(ay_service *s)
{
    if (!s->opinions)
        return;
    for (int i = 0; i < s->opinions->n; i++)
        ay_opinions_forget(&s->opinions->list[i]);
    pthread_mutex_destroy(&s->opinions->lock);
    ay_free(s->opinions);
    s->opinions = NULL;
}
