#include "service/encoders/encoders_parts.h"

#include "base/mem.h"
#include "engine/default.h"
#include "net/licence.h"

#include "service/words/wordy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

ay_status ay_encoder_name(const char *word, char name[AY_HUB_REPO + AY_HUB_REVISION], const ay_preset **preset,
                          ay_err *err)
{
    const ay_preset *p = ay_preset_find(word);
    ay_hub_ref ref;

    *preset = p;
    if (!p && strcasecmp(word, "default") != 0 && ay_hub_ref_read(&ref, word, NULL) != AY_OK)
        return ay_fail(err, AY_ENOTFOUND, "there is no encoder \"%.100s\"; GET /v1/encoders and \"assay model list\""
                       " name them", word);
    snprintf(name, AY_HUB_REPO + AY_HUB_REVISION, "%s",
             p ? p->name : strcasecmp(word, "default") == 0 ? "default" : word);
    return AY_OK;
}

typedef struct {
    ay_service *s;
    ay_hub hub;
    ay_arena *a;
    ay_encoder_row *rows;
    size_t n, cap;
    bool failed;
} listing;

/* A place for one more; NULL: no memory, and failed is set. */
static ay_encoder_row *more(listing *l)
{
    if (l->n == l->cap) {
        size_t cap = l->cap * 2 + 24;
        ay_encoder_row *rows = ay_arena_alloc(l->a, cap * sizeof *rows);
        if (!rows) {
            l->failed = true;
            return NULL;
        }
        if (l->n)
            memcpy(rows, l->rows, l->n * sizeof *rows);
        l->rows = rows;
        l->cap = cap;
    }
    l->rows[l->n] = (ay_encoder_row){.licence = "", .title = ""};
    return &l->rows[l->n++];
}

static void finish(listing *l, ay_encoder_row *r)
{
    const ay_engine_info *m = ay_service_model(l->s);

    r->commercial = ay_licence_free(r->licence);
    r->serving = strcmp(r->name, ay_service_encoder(l->s)) == 0;
    r->job = ay_encoders_pulling(l->s->encoders, r->name);
    if (!r->job)
        r->job = ay_encoders_switching(l->s->encoders, r->name);
    if (!r->serving)
        return;
    r->cached = true;
    r->dim = m->dim;
    if (!*r->licence)
        r->licence = m->licence;
}

static void add_default(listing *l)
{
    ay_encoder_row *r = more(l);

    if (!r)
        return;
    r->name = "default";
    r->title = "The embedded encoder";
    r->licence = "MIT";
    r->cached = r->words = true; /* a table of them, engine/words_small.h */
    r->bytes = (int64_t)(ay_default_weights_end - ay_default_weights);
    finish(l, r);
}

static void add_preset(listing *l, const ay_preset *p)
{
    ay_encoder_row *r = more(l);
    char path[AY_HUB_PATH];
    struct stat st;
    ay_hub_ref ref;

    if (!r)
        return;
    ay_preset_ref(p, &ref);
    r->name = p->name;
    r->title = p->about;
    r->licence = p->licence;
    r->words = p->text;
    r->dim = p->dim;
    r->cached = ay_hub_find(&l->hub, &ref, p->weights, path, NULL) == AY_OK;
    r->bytes = r->cached && stat(path, &st) == 0 ? (int64_t)st.st_size : (int64_t)p->bytes;
    r->needs_acceptance = !r->cached && !ay_licence_free(p->licence) &&
                          !ay_licence_accepted(ay_service_data(l->s), p->repo, p->licence);
    finish(l, r);
}

static bool is_preset(const char *repo)
{
    for (size_t i = 0; i < ay_presets_count; i++)
        if (strcasecmp(ay_presets[i].repo, repo) == 0)
            return true;
    return false;
}

/* A vocabulary lies beside the weights. */
static bool has_words(const ay_hub_listing *list)
{
    for (int i = 0; i < list->n; i++) {
        const char *s = list->file[i].name;
        if (strcmp(s, "merges.txt") == 0 || strcmp(s, "tokenizer.json") == 0 || strncmp(s, "bpe_", 4) == 0)
            return true;
    }
    return false;
}

/* Whatever else is in the cache, when it is whole. */
static void add_cached(void *ctx, const char *repo)
{
    listing *l = ctx;
    ay_hub_listing list;
    char path[AY_HUB_PATH];
    ay_encoder_row *r;
    ay_hub_ref ref;
    struct stat st;

    if (is_preset(repo) || ay_hub_ref_read(&ref, repo, NULL) != AY_OK ||
        ay_hub_list(&l->hub, &ref, &list, NULL) != AY_OK || !(r = more(l)))
        return;
    r->name = r->title = ay_arena_strdup(l->a, repo);
    if (!r->name) {
        l->failed = true;
        l->n--;
        return;
    }
    r->cached = true;
    r->words = has_words(&list);
    if (ay_hub_find(&l->hub, &ref, list.file[0].name, path, NULL) == AY_OK && stat(path, &st) == 0)
        r->bytes = (int64_t)st.st_size;
    finish(l, r);
}

/* What serves was named by a path, perhaps: it has a row in any case. */
static void add_serving(listing *l)
{
    const ay_engine_info *m = ay_service_model(l->s);
    ay_encoder_row *r;

    for (size_t i = 0; i < l->n; i++)
        if (l->rows[i].serving)
            return;
    if (!(r = more(l)))
        return;
    r->name = ay_service_encoder(l->s);
    r->title = m->name;
    r->words = ay_service_reads_words(l->s);
    finish(l, r);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const ay_encoder_row *)a)->name, ((const ay_encoder_row *)b)->name);
}

ay_status ay_encoders_list(ay_service *s, ay_arena *a, ay_encoder_row **out, size_t *n, ay_err *err)
{
    listing l = {.s = s, .a = a};
    bool cache = ay_hub_settings(&l.hub, NULL) == AY_OK; /* else a pull says what is wrong with it */
    size_t first;

    if (!cache)
        l.hub = (ay_hub){.cache = "/dev/null"};
    l.hub.offline = true; /* a list asks nobody */
    add_default(&l);
    for (size_t i = 0; i < ay_presets_count; i++)
        add_preset(&l, &ay_presets[i]);
    first = l.n;
    ay_hub_each(&l.hub, add_cached, &l);
    if (l.n > first)
        qsort(l.rows + first, l.n - first, sizeof *l.rows, by_name);
    add_serving(&l);
    *out = l.rows;
    *n = l.n;
    return l.failed ? ay_fail(err, AY_ENOMEM, "listing the encoders") : AY_OK;
}

/* ---- open and close */

ay_encoder_said *ay_encoder_say(ay_service *s, const char *name, const ay_engine_info *info)
{
    ay_encoder_said *n = ay_calloc(1, sizeof *n);

    if (!n)
        return NULL;
    snprintf(n->name, sizeof n->name, "%s", name);
    if (info)
        n->info = *info;
    n->next = s->encoders->said;
    s->encoders->said = n;
    return n;
}

ay_status ay_encoders_open(ay_service *s, const char *name, ay_err *err)
{
    ay_encoders *e = s->encoders = ay_calloc(1, sizeof *e);
    ay_encoder_said *said = e ? ay_encoder_say(s, name && *name ? name : "default", NULL) : NULL;

    if (!said)
        return ay_fail(err, AY_ENOMEM, "opening %s", s->data);
    pthread_mutex_init(&e->lock, NULL);
    s->encoder = said->name;
    return AY_OK;
}

void ay_encoders_stop(ay_service *s)
{
    ay_encoders *e = s->encoders;

    if (!e)
        return;
    atomic_store(&e->stop, true);
    for (int i = 0; i < AY_PULLS; i++)
        if (e->pull[i]) {
            atomic_store(&e->pull[i]->cancel, true);
            if (e->pull[i]->taken)
                pthread_join(e->pull[i]->thread, NULL);
            ay_free(e->pull[i]);
            e->pull[i] = NULL;
        }
    if (e->turn.taken)
        pthread_join(e->turn.thread, NULL);
    e->turn.taken = false;
}

void ay_encoders_close(ay_service *s)
{
    ay_encoders *e = s->encoders;

    if (!e)
        return;
    if (s->encoder_owned)
        s->encoder_driver.close(s->encoder_driver.ctx, &(ay_encoder){s->embedder, s->words->reader});
    for (ay_encoder_said *n = e->said, *next; n; n = next) {
        next = n->next;
        ay_free(n);
    }
    pthread_mutex_destroy(&e->lock);
    ay_free(e);
    s->encoders = NULL;
}
