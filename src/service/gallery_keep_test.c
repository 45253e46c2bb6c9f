/* service/gallery_keep_test.c - a gallery that comes from its file is the one that the store has, whatever became of either. */
#include "service/gallery_keep.h"

#include "service/fake_test.h"
#include "service/gallery_file_parts.h"

#include "base/crc.h"
#include "base/log.h"
#include "store/facts.h"
#include "store/stamp.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { MANY = 1200 };

static ay_err err;

typedef struct {
    const char *dir;
    fake_encoder f;
    ay_store *store; /* open while no service is */
    int64_t set, klass[2];
    int made;
} yard;

static void open_store(yard *y)
{
    char url[200];

    snprintf(url, sizeof url, "sqlite:%s/assay.db", y->dir);
    CHECK_OK(ay_store_open(&y->store, url, &err), err);
}

static void close_store(yard *y)
{
    ay_store_close(y->store);
    y->store = NULL;
}

static void digest_of(int i, char hex[AY_SHA256_HEX])
{
    ay_sha256_bytes(&i, sizeof i, hex);
}

static void vector_of(int i, float *v)
{
    ay_rng rng;

    ay_rng_init3(&rng, 8, (uint64_t)i, 2);
    for (int d = 0; d < FAKE_DIM; d++)
        v[d] = (float)ay_rng_unit(&rng) - .5f;
    ay_unit(v, v, FAKE_DIM);
}

/* n more pictures, those of the store alone: they have no files. */
static void put(yard *y, int n, bool with)
{
    static const char *const cameras[] = {"", "Canon EOS", "NIKON D90"};
    char hex[AY_SHA256_HEX], name[40];
    float data[FAKE_DIM];
    ay_store_vector v = {y->f.info.digest, y->f.info.preprocess_digest, data, FAKE_DIM};
    ay_store_added added;

    CHECK_OK(ay_store_begin(y->store, &err), err);
    for (int i = y->made; i < y->made + n; i++) {
        ay_store_picture p = {hex, i % 5 ? "jpeg" : "png", 10 + i, 20 + i, 1000 + i, (uint64_t)i << 40, 1, i % 7 ? 0 : 99 + i,
                              cameras[i % 3]};
        digest_of(i, hex);
        vector_of(i, data);
        snprintf(name, sizeof name, "%s %d.jpg", i % 11 ? "picture" : "\xe5\x9b\xbe", i);
        CHECK_OK(ay_store_member_add(y->store, y->klass[i % 2], name, &p, with ? &v : NULL, &added, &err), err);
    }
    CHECK_OK(ay_store_commit(y->store, &err), err);
    y->made += n;
}

static void begin(yard *y)
{
    ay_log_setup(AY_LOG_OFF, 0);
    *y = (yard){.dir = fake_folder()};
    fake_init(&y->f, 'a');
    open_store(y);
    CHECK_OK(ay_store_dataset_create(y->store, "main", &y->set, &err), err);
    CHECK_OK(ay_store_class_create(y->store, y->set, "even", &y->klass[0], &err), err);
    CHECK_OK(ay_store_class_create(y->store, y->set, "odd", &y->klass[1], &err), err);
    put(y, MANY, true);
    close_store(y);
}

/* As a command does, which ends with everything in order. */
static ay_service *start(yard *y)
{
    ay_service_options o = {.data = y->dir, .embedder = fake_embedder(&y->f)};
    ay_service *s;

    CHECK_OK(ay_service_open(&s, &o, &err), err);
    return s;
}

static ay_gallery *gallery(ay_service *s, const yard *y)
{
    return ay_service_by_id(s, y->set);
}

typedef struct {
    const ay_gallery *g;
    size_t n;
} twin;

static ay_status is_there(void *ctx, const ay_store_member *m, const ay_store_vector *v, ay_err *e)
{
    twin *t = ctx;
    const ay_gallery *g = t->g;
    const ay_gallery_item *it = ay_gallery_find(g, m->picture.sha256);
    size_t row = it ? (size_t)(it - g->items) : 0;

    (void)e;
    CHECK(it && it->member == m->id && it->added_us == m->added_us && g->classes[it->klass].id == m->class_id);
    CHECK(strcmp(it->file, m->file) == 0 && strcmp(it->format, m->picture.format) == 0 &&
          strcmp(it->camera, m->picture.camera) == 0);
    CHECK(it->bytes == m->picture.bytes && it->phash == m->picture.phash && it->width == m->picture.width &&
          it->height == m->picture.height && it->taken_us == m->picture.taken_us);
    CHECK((row < g->nready) == (v->dim == g->dim));
    if (v->dim == g->dim)
        CHECK(memcmp(g->vectors + row * FAKE_DIM, v->data, FAKE_DIM * sizeof(float)) == 0);
    t->n++;
    return AY_OK;
}

/* The gallery has what the store has, no more, and can be asked. */
static void same_as_store(ay_service *s, const yard *y)
{
    const ay_gallery *g = gallery(s, y);
    twin t = {.g = g};
    int64_t images = 0, embedded = 0;
    float v[FAKE_DIM];
    ay_hit hit;

    CHECK_OK(ay_store_member_walk(s->store, y->set, y->f.info.digest, y->f.info.preprocess_digest, is_there, &t, &err), err);
    CHECK(t.n == g->n);
    for (int k = 0; k < g->nclasses; k++) {
        images += g->classes[k].images;
        embedded += g->classes[k].embedded;
    }
    CHECK(images == (int64_t)g->n && embedded == (int64_t)g->nready);
    for (int i = 0; i < y->made && g->nready; i += 97) {
        char hex[AY_SHA256_HEX];
        const ay_gallery_item *it;
        digest_of(i, hex);
        vector_of(i, v);
        CHECK_OK(ay_gallery_top(g, v, 1, 1, 1, &hit, &err), err);
        it = ay_gallery_find(g, hex);
        if (it && (size_t)(it - g->items) < g->nready)
            CHECK(hit.row == (size_t)(it - g->items));
    }
}

static size_t from_file(ay_service *s, const yard *y)
{
    return gallery(s, y)->kept.any ? gallery(s, y)->kept.n : 0;
}

/* Open and compare; how many pictures came from the file. */
static size_t reopen(yard *y)
{
    ay_service *s = start(y);
    size_t n = from_file(s, y);

    same_as_store(s, y);
    ay_service_close(s);
    return n;
}

static void file_of(const yard *y, char *path, size_t cap)
{
    snprintf(path, cap, "%s/cache/gallery-%lld.bin", y->dir, (long long)y->set);
}

static void a_file_is_written_and_believed(void)
{
    yard y;
    char path[200];

    begin(&y);
    CHECK(reopen(&y) == 0);
    file_of(&y, path, sizeof path);
    CHECK(access(path, R_OK) == 0);
    CHECK(reopen(&y) == MANY);
    CHECK(reopen(&y) == MANY);
    fake_folder_gone(y.dir);
}

static void what_came_since_is_read_from_the_store(void)
{
    yard y;

    begin(&y);
    CHECK(reopen(&y) == 0);
    open_store(&y);
    put(&y, 30, true);
    put(&y, 5, false); /* these wait */
    close_store(&y);
    CHECK(reopen(&y) == MANY);
    CHECK(reopen(&y) == MANY); /* few: not written again, but stamped */
    open_store(&y);
    put(&y, 1100, true);
    close_store(&y);
    CHECK(reopen(&y) == MANY);
    CHECK(reopen(&y) == MANY + 35 + 1100);
    fake_folder_gone(y.dir);
}

typedef struct {
    yard *y;
    int64_t member; /* of picture 17 */
    char hex[AY_SHA256_HEX], token[AY_TOKEN_SIZE];
} target;

static void move_it(target *t)
{
    CHECK_OK(ay_store_member_move(t->y->store, t->member, t->y->klass[0], &err), err);
}

static void replace_vector(target *t)
{
    float data[FAKE_DIM];
    ay_store_vector v = {t->y->f.info.digest, t->y->f.info.preprocess_digest, data, FAKE_DIM};

    vector_of(17, data);
    data[0] = -data[0];
    CHECK_OK(ay_store_vector_put(t->y->store, t->hex, &v, &err), err);
}

static void find_facts(target *t)
{
    ay_store_fact fact = {t->hex, 4711, "Leica"};

    CHECK_OK(ay_store_facts_put(t->y->store, &fact, 1, &err), err);
}

static void delete_it(target *t)
{
    CHECK_OK(ay_store_member_trash(t->y->store, t->member, t->token, &err), err);
}

static void bring_it_back(target *t)
{
    ay_store_restored back;

    CHECK_OK(ay_store_undo(t->y->store, t->token, &back, &err), err);
}

static void delete_class(target *t)
{
    CHECK_OK(ay_store_class_trash(t->y->store, t->y->klass[1], t->token, &err), err);
}

static void after_any_other_change_the_store_is_read(void)
{
    static void (*const changes[])(target *t) = {move_it, find_facts, delete_it, bring_it_back, replace_vector, delete_class,
                                                 bring_it_back};
    target t = {0};
    ay_service *s;
    yard y;

    begin(&y);
    CHECK(reopen(&y) == 0);
    s = start(&y);
    t.y = &y;
    digest_of(17, t.hex);
    t.member = ay_gallery_find(gallery(s, &y), t.hex)->member;
    ay_service_close(s);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        if (changes[i] != bring_it_back)
            CHECK(reopen(&y) == MANY); /* the file is whole before */
        open_store(&y);
        changes[i](&t);
        close_store(&y);
        CHECK(reopen(&y) == 0);
    }
    CHECK(reopen(&y) == MANY);
    fake_folder_gone(y.dir);
}

/* A change of one data set leaves the file of another as good as it was. */
static void other_data_sets_change(void)
{
    int64_t set, klass;
    yard y;

    begin(&y);
    CHECK(reopen(&y) == 0);
    open_store(&y);
    CHECK_OK(ay_store_dataset_create(y.store, "other", &set, &err), err);
    CHECK_OK(ay_store_class_create(y.store, set, "x", &klass, &err), err);
    close_store(&y);
    CHECK(reopen(&y) == MANY);
    ay_service *s = start(&y);
    CHECK(from_file(s, &y) == MANY);
    CHECK_OK(ay_dataset_rename(s, "other", "else", &err), err);
    ay_service_close(s); /* stamps */
    CHECK(reopen(&y) == MANY);
    fake_folder_gone(y.dir);
}

/* ---- files that are not what was written */

static size_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static void flip(const char *path, size_t at)
{
    int fd = open(path, O_RDWR);
    unsigned char b;

    CHECK(fd >= 0 && pread(fd, &b, 1, (off_t)at) == 1);
    b ^= 0x10;
    CHECK(pwrite(fd, &b, 1, (off_t)at) == 1);
    close(fd);
}

static ay_status load_alone(yard *y, ay_service *s, ay_gallery **out)
{
    CHECK_OK(ay_gallery_create(out, y->set, "main", 0, FAKE_DIM, &err), err);
    CHECK_OK(ay_gallery_reserve(*out, 0, 2, &err), err);
    ay_gallery_class_add(*out, y->klass[0], "even", 0);
    ay_gallery_class_add(*out, y->klass[1], "odd", 0);
    return ay_gallery_load_believed(s, &y->f.info, *out, ay_service_load_member, &err);
}

static void damage_is_found(void)
{
    ay_gallery *g;
    ay_service *s;
    gf_head head;
    char path[200];
    yard y;
    int fd;

    begin(&y);
    CHECK(reopen(&y) == 0);
    file_of(&y, path, sizeof path);
    fd = open(path, O_RDONLY);
    CHECK(pread(fd, &head, sizeof head, 0) == sizeof head);
    close(fd);
    s = start(&y);
    for (int part = 0; part < GF_PARTS; part++) /* first, last and some bytes between, of each part */
        for (int i = 0; i < 12 && head.size[part]; i++) {
            size_t at = head.at[part] + (size_t)((double)(head.size[part] - 1) * i / 11);
            flip(path, at);
            CHECK(load_alone(&y, s, &g) == AY_ECORRUPT);
            ay_gallery_destroy(g);
            flip(path, at);
        }
    for (size_t at = 0; at < sizeof head; at++) { /* each byte of the head */
        flip(path, at);
        CHECK(load_alone(&y, s, &g) != AY_OK);
        ay_gallery_destroy(g);
        flip(path, at);
    }
    CHECK_OK(load_alone(&y, s, &g), err);
    CHECK(g->n == MANY);
    ay_gallery_destroy(g);
    for (size_t n = size_of(path); n > 0; n = n * 3 / 4) { /* cut short */
        CHECK(truncate(path, (off_t)n - 1) == 0);
        CHECK(load_alone(&y, s, &g) == AY_ECORRUPT);
        ay_gallery_destroy(g);
    }
    ay_service_close(s);
    CHECK(reopen(&y) == 0); /* the store is read */
    CHECK(reopen(&y) == MANY);
    fake_folder_gone(y.dir);
}

static void put_head(const char *path, gf_head *h)
{
    int fd = open(path, O_RDWR);

    h->sum = ay_crc(h, offsetof(gf_head, sum));
    CHECK(fd >= 0 && pwrite(fd, h, sizeof *h, 0) == sizeof *h);
    close(fd);
}

/* Whole, but of another program version, data set or moment. */
static void strange_files_are_not_believed(void)
{
    gf_head head, other;
    char path[200];
    yard y;
    int fd;

    begin(&y);
    CHECK(reopen(&y) == 0);
    file_of(&y, path, sizeof path);
    for (int what = 0; what < 6; what++) {
        fd = open(path, O_RDONLY);
        CHECK(pread(fd, &head, sizeof head, 0) == sizeof head);
        close(fd);
        other = head;
        other.layout += what == 0;
        other.dataset += what == 1;
        other.stamp += what == 2;
        other.record += what == 3;
        other.nready -= what == 4;
        other.letters[0] ^= what == 5;
        put_head(path, &other);
        CHECK(reopen(&y) == 0);
        CHECK(reopen(&y) == MANY);
    }
    CHECK(truncate(path, 0) == 0);
    CHECK(reopen(&y) == 0);
    CHECK(unlink(path) == 0 && mkdir(path, 0755) == 0); /* nor can one be written */
    CHECK(reopen(&y) == 0);
    CHECK(rmdir(path) == 0);
    CHECK(reopen(&y) == 0 && reopen(&y) == MANY);
    fake_folder_gone(y.dir);
}

static void another_encoder_makes_another_file(void)
{
    fake_encoder f;
    ay_service *s;
    yard y;

    begin(&y);
    CHECK(reopen(&y) == 0);
    fake_init(&f, 'c');
    s = fake_open(y.dir, &f); /* every picture waits; none has a file, so none gets a vector */
    CHECK(gallery(s, &y)->nready == 0 && gallery(s, &y)->n == MANY && from_file(s, &y) == 0);
    ay_service_close(s);
    CHECK(reopen(&y) == MANY); /* too few have a vector for a file to take the old one's place */
    fake_folder_gone(y.dir);
}

/* A second process reads beside the one that writes. */
static void readers_use_the_file_of_a_writer(void)
{
    ay_service_options o = {.share = true};
    ay_service *s, *reader;
    yard y;

    begin(&y);
    CHECK(reopen(&y) == 0);
    s = start(&y);
    o.data = y.dir;
    o.embedder = fake_embedder(&y.f);
    CHECK_OK(ay_service_open(&reader, &o, &err), err);
    CHECK(ay_service_reading_only(reader) && from_file(reader, &y) == MANY);
    same_as_store(reader, &y);
    ay_service_close(reader);
    ay_service_close(s);
    fake_folder_gone(y.dir);
}

/* ---- budget */

enum { LARGE = AY_GALLERY_LARGE + 700 };

static void begin_large(yard *y)
{
    begin(y);
    open_store(y);
    put(y, LARGE - MANY, true);
    close_store(y);
}

static ay_service *start_within(yard *y, uint64_t budget, bool serve)
{
    ay_service_options o = {.data = y->dir, .embedder = fake_embedder(&y->f), .index_memory = budget, .serve = serve};
    ay_service *s;

    CHECK_OK(ay_service_open(&s, &o, &err), err);
    return s;
}

/* As many neighbours as are asked for are the right ones: those of a gallery in memory. */
static void same_neighbours(const ay_gallery *g)
{
    float *all = ay_memdup(g->vectors, g->nready * FAKE_DIM * sizeof *all), q[FAKE_DIM];
    ay_rows rows = {all, g->nready, FAKE_DIM};
    ay_hit by_gallery[10], exact[10];

    for (int i = 0; i < 60; i++) {
        vector_of(i * 131, q);
        CHECK_OK(ay_gallery_top(g, q, 1, 10, 1, by_gallery, &err), err);
        CHECK_OK(ay_search_top(&rows, q, 1, 10, 1, exact, &err), err);
        for (int k = 0; k < 10; k++)
            CHECK(by_gallery[k].row == exact[k].row && by_gallery[k].score == exact[k].score);
    }
    ay_free(all);
}

static void change_a_lot(ay_service *s, int from)
{
    char hex[AY_SHA256_HEX], token[AY_UNDO_SIZE];
    ay_buf b = {0};
    ay_added added;
    ay_arena a;

    ay_arena_init(&a, 0);
    for (int i = from; i < from + 20; i++) {
        fake_picture(&b, (uint32_t)i * 0x9e3779u & 0xffffff, (uint64_t)i);
        CHECK_OK(ay_picture_add(s, NULL, i % 2 ? "odd" : "even", "p.png", b.data, b.len, NULL, &a, &added, &err), err);
        digest_of(i * 37 + 5, hex);
        CHECK_OK(ay_picture_delete(s, NULL, hex, token, &err), err);
    }
    ay_buf_fini(&b);
    ay_arena_fini(&a);
}

static void over_the_budget_vectors_stay_in_the_file(void)
{
    const uint64_t floats = (uint64_t)LARGE * FAKE_DIM * 4, codes = (uint64_t)LARGE * (FAKE_DIM + 4);
    const struct {
        uint64_t budget;
        bool on_file, lean;
    } cases[] = {{0, false, false}, {2 * (floats + codes), false, false}, {codes + floats / 2, true, false}, {codes / 2, true, true}};
    ay_gallery *g;
    ay_service *s;
    yard y;

    begin_large(&y);
    CHECK(reopen(&y) == 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s = start_within(&y, cases[i].budget, false);
        g = gallery(s, &y);
        CHECK(g->on_file == cases[i].on_file && g->lean == cases[i].lean && (g->codes.cap == 0) == cases[i].lean);
        CHECK(!cases[i].budget || ay_gallery_resident(g) <= cases[i].budget + 8192);
        same_as_store(s, &y);
        same_neighbours(g);
        ay_service_close(s);
    }
    for (size_t i = 1; i < sizeof cases / sizeof *cases; i++) { /* while it changes, and after its file was made anew */
        yard z;
        begin_large(&z);
        CHECK(reopen(&z) == 0);
        s = start_within(&z, cases[i].budget, false);
        change_a_lot(s, 0);
        same_as_store(s, &z);
        same_neighbours(gallery(s, &z));
        CHECK_OK(ay_gallery_keep(s, z.set, &err), err);
        g = gallery(s, &z);
        CHECK(g->on_file == cases[i].on_file && g->lean == cases[i].lean);
        same_as_store(s, &z);
        same_neighbours(g);
        change_a_lot(s, 20);
        same_as_store(s, &z);
        ay_service_close(s);
        CHECK(reopen(&z) == LARGE);
        fake_folder_gone(z.dir);
    }
    fake_folder_gone(y.dir);
}

/* What was read from the store goes from memory to the file when that is written. */
static void a_first_file_takes_the_vectors(void)
{
    ay_service *s;
    yard y;

    begin_large(&y);
    s = start_within(&y, 1 << 20, false);
    CHECK(!gallery(s, &y)->on_file && gallery(s, &y)->n == LARGE);
    CHECK_OK(ay_gallery_keep(s, y.set, &err), err);
    CHECK(gallery(s, &y)->on_file && gallery(s, &y)->codes.cap);
    same_as_store(s, &y);
    same_neighbours(gallery(s, &y));
    ay_service_close(s);
    CHECK(reopen(&y) == LARGE);
    fake_folder_gone(y.dir);
}

/* The disk takes the file away: nobody dies, and the store gives back what was lost. */
static void a_file_that_fails_is_replaced(void)
{
    ay_service *s;
    char path[200];
    float v[FAKE_DIM];
    bool lost, again = false;
    ay_hit hit;
    yard y;

    begin_large(&y);
    CHECK(reopen(&y) == 0);
    s = start_within(&y, 100, true);
    CHECK(gallery(s, &y)->on_file && gallery(s, &y)->lean);
    file_of(&y, path, sizeof path);
    CHECK(truncate(path, 100000) == 0);
    vector_of(LARGE - 1, v);
    pthread_rwlock_rdlock(&s->lock);
    CHECK_OK(ay_gallery_top(gallery(s, &y), v, 1, 1, 1, &hit, &err), err); /* touches all */
    lost = ay_paged_lost(&gallery(s, &y)->paged);
    pthread_rwlock_unlock(&s->lock);
    CHECK(lost);
    for (int i = 0; i < 600 && !again; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        pthread_rwlock_rdlock(&s->lock);
        again = !ay_paged_lost(&gallery(s, &y)->paged) && !s->doubt;
        pthread_rwlock_unlock(&s->lock);
    }
    CHECK(again);
    pthread_rwlock_rdlock(&s->lock);
    same_as_store(s, &y);
    pthread_rwlock_unlock(&s->lock);
    ay_service_close(s);
    CHECK(reopen(&y) == LARGE);
    fake_folder_gone(y.dir);
}

/* ---- examination */

static ay_status keep_text(void *ctx, const char *text, ay_err *e)
{
    (void)e;
    snprintf(ctx, 400, "%s", text);
    return AY_OK;
}

static void a_wrong_file_is_found_and_made_again(void)
{
    ay_check_options o = {0};
    ay_check_result r;
    ay_keep_check k;
    char text[400] = "";
    ay_service *s;
    gf_head head;
    char path[200];
    ay_arena a;
    yard y;
    int fd;

    begin(&y);
    CHECK(reopen(&y) == 0);
    file_of(&y, path, sizeof path);
    ay_arena_init(&a, 0);
    s = start(&y);
    CHECK_OK(ay_service_check(s, &o, &a, &r, &err), err);
    CHECK(r.indexes == 1 && r.bad_indexes == 0);
    gallery(s, &y)->vectors[5] += 1; /* a fault that no sum can see */
    CHECK_OK(ay_gallery_keep(s, y.set, &err), err);
    CHECK_OK(ay_service_check(s, &o, &a, &r, &err), err);
    CHECK(r.indexes == 1 && r.bad_indexes == 1 && r.nproblems > 0);
    CHECK_OK(ay_galleries_check(s, false, &a, keep_text, text, &k, &err), err);
    CHECK(k.files == 1 && k.bad == 1 && strstr(text, "has another vector"));
    o.repair = true;
    CHECK_OK(ay_service_check(s, &o, &a, &r, &err), err);
    CHECK(r.bad_indexes == 1);
    same_as_store(s, &y);
    o.repair = false;
    CHECK_OK(ay_service_check(s, &o, &a, &r, &err), err);
    CHECK(r.bad_indexes == 0);
    fd = open(path, O_RDONLY);
    CHECK(pread(fd, &head, sizeof head, 0) == sizeof head);
    close(fd);
    flip(path, head.at[GF_RECORDS] + 3);
    CHECK_OK(ay_galleries_check(s, true, &a, keep_text, text, &k, &err), err);
    CHECK(k.bad == 1 && strstr(text, "damaged") && strstr(text, "made again"));
    CHECK_OK(ay_galleries_check(s, true, &a, keep_text, text, &k, &err), err);
    CHECK(k.files == 1 && k.bad == 0 && k.stale == 0);
    ay_service_close(s);
    ay_arena_fini(&a);
    fake_folder_gone(y.dir);
}

/* ---- SIGKILL */

/* Changes without end, files without end. */
static void *write_files(void *arg)
{
    yard *y = ((void **)arg)[1];

    for (;;)
        ay_gallery_keep(((void **)arg)[0], y->set, NULL);
    return NULL;
}

static void child(yard *y, int fd, int round)
{
    ay_service *s = start(y);
    void *both[] = {s, y};
    ay_buf b = {0};
    pthread_t id;

    if (pthread_create(&id, NULL, write_files, both) != 0)
        _exit(2);
    for (int i = 0;; i++) {
        char token[AY_UNDO_SIZE];
        ay_undo_result undone;
        ay_added added;
        ay_arena a;
        ay_arena_init(&a, 0);
        fake_picture(&b, (uint32_t)(i + 1000 * round) * 0x9e3779u & 0xffffff, (uint64_t)(i + 1000 * round));
        if (ay_picture_add(s, NULL, i % 2 ? "odd" : "even", "p.png", b.data, b.len, NULL, &a, &added, NULL) == AY_OK && i % 3 == 0 &&
            ay_picture_delete(s, NULL, added.picture.sha256, token, NULL) == AY_OK && i % 6 == 0)
            ay_service_undo(s, token, &undone, NULL);
        ay_arena_fini(&a);
        if (write(fd, &i, sizeof i) != (ssize_t)sizeof i)
            _exit(3);
    }
}

static void kill_after(yard *y, int after, int round)
{
    int pipes[2], i;
    pid_t pid;

    CHECK(pipe(pipes) == 0);
    fflush(stdout);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(pipes[0]);
        child(y, pipes[1], round);
    }
    close(pipes[1]);
    for (int n = 0; n < after && read(pipes[0], &i, sizeof i) == (ssize_t)sizeof i; n++)
        ;
    kill(pid, SIGKILL);
    close(pipes[0]);
    waitpid(pid, NULL, 0);
}

static void killed_amid_changes_a_gallery_is_the_stores(void)
{
    size_t used = 0;
    yard y;

    begin(&y);
    CHECK(reopen(&y) == 0);
    for (int round = 0; round < 14; round++) {
        ay_service *s;
        kill_after(&y, 1 + round * round % 23, round);
        s = start(&y);
        used += from_file(s, &y) > 0;
        same_as_store(s, &y);
        ay_service_close(s);
    }
    printf("  %zu of 14 killed processes left a file that could be used\n", used);
    fake_folder_gone(y.dir);
}

TESTS({"a file is written and believed", a_file_is_written_and_believed},
      {"what came since is read from the store", what_came_since_is_read_from_the_store},
      {"after any other change the store is read", after_any_other_change_the_store_is_read},
      {"other data sets change", other_data_sets_change}, {"damage is found", damage_is_found},
      {"strange files are not believed", strange_files_are_not_believed},
      {"another encoder makes another file", another_encoder_makes_another_file},
      {"readers use the file of a writer", readers_use_the_file_of_a_writer},
      {"over the budget vectors stay in the file", over_the_budget_vectors_stay_in_the_file},
      {"a first file takes the vectors", a_first_file_takes_the_vectors},
      {"a file that fails is replaced", a_file_that_fails_is_replaced},
      {"a wrong file is found and made again", a_wrong_file_is_found_and_made_again},
      {"killed amid changes a gallery is the store's", killed_amid_changes_a_gallery_is_the_stores})
