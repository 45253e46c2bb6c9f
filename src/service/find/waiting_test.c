/* A text tower that takes its time keeps nobody waiting who needs no words: while it opens, and while it reads the everyday
 * words, pictures are scanned, taught, embedded again and searched with. */
#include "service/fake_test.h"
#include "service/find/search.h"
#include "service/find/learn_chance.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { PICTURES = 16, PATIENCE_MS = 3000 };

static ay_err err = {{0}};

/* The tower stands still at one place until it is let go. */
typedef enum { NOWHERE, OPENING, EVERYDAY_WORDS } place;
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    place at;      /* where it is to stand still */
    bool standing; /* it does */
} tower = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NOWHERE, false};

static void pass(place here)
{
    pthread_mutex_lock(&tower.lock);
    while (tower.at == here) {
        tower.standing = true;
        pthread_cond_broadcast(&tower.changed);
        pthread_cond_wait(&tower.changed, &tower.lock);
    }
    tower.standing = false;
    pthread_mutex_unlock(&tower.lock);
}

static void stand_at(place where)
{
    pthread_mutex_lock(&tower.lock);
    tower.at = where;
    pthread_cond_broadcast(&tower.changed);
    pthread_mutex_unlock(&tower.lock);
}

static void wait_standing(void)
{
    pthread_mutex_lock(&tower.lock);
    while (!tower.standing)
        pthread_cond_wait(&tower.changed, &tower.lock);
    pthread_mutex_unlock(&tower.lock);
}

static ay_status words_info(void *ctx, ay_words_info *out, ay_err *e)
{
    (void)ctx, (void)e;
    *out = (ay_words_info){.dim = FAKE_DIM, .scale = 100};
    return AY_OK;
}

static ay_status words_pair(void *ctx, char digest[AY_SHA256_HEX], ay_err *e)
{
    (void)e;
    pass(OPENING);
    strcpy(digest, ((fake_encoder *)ctx)->info.digest);
    return AY_OK;
}

static ay_status words_embed(void *ctx, const char *const *texts, int n, float *dst, ay_err *e)
{
    (void)ctx, (void)e;
    if (n == ay_bank_word_count)
        pass(EVERYDAY_WORDS);
    memset(dst, 0, (size_t)n * FAKE_DIM * sizeof *dst);
    for (int i = 0; i < n; i++) {
        float *v = dst + i * FAKE_DIM;
        for (const char *p = texts[i]; *p; p++)
            v[(unsigned char)*p % FAKE_DIM] += 1;
        ay_unit(v, v, FAKE_DIM);
    }
    return AY_OK;
}

/* The keeper's groups are put off while `hold`; single pictures are not. */
static atomic_bool hold;

static ay_status embed(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *e)
{
    if (atomic_load(&hold) && n > 1)
        return ay_fail(e, AY_EBUSY, "the engine is full");
    return fake_embed(ctx, images, n, dst, e);
}

/* ---- who wants something meanwhile, in threads of their own: one that is kept waiting must not hang the test */

typedef struct {
    ay_service *s;
    ay_status (*run)(ay_service *s);
    ay_status status;
    atomic_bool done;
    pthread_t id;
} asker;

static void *work(void *arg)
{
    asker *a = arg;

    a->status = a->run(a->s);
    atomic_store(&a->done, true);
    return NULL;
}

static void start(asker *a, ay_service *s, ay_status (*run)(ay_service *s))
{
    *a = (asker){.s = s, .run = run};
    CHECK(pthread_create(&a->id, NULL, work, a) == 0);
}

static bool is_done(asker *a)
{
    for (int ms = 0; ms < PATIENCE_MS && !atomic_load(&a->done); ms += 5)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    return atomic_load(&a->done);
}

static char stored[AY_SHA256_HEX];

static ay_status find(ay_service *s, ay_find_request q)
{
    ay_find_answer answer;
    ay_arena a;
    ay_status status;

    ay_arena_init(&a, 0);
    status = ay_find_pictures(s, &q, &a, &answer, NULL);
    ay_arena_fini(&a);
    return status;
}

static ay_status find_words(ay_service *s)
{
    return find(s, (ay_find_request){.question.words = "a red bottle"});
}

static ay_status find_like(ay_service *s)
{
    return find(s, (ay_find_request){.sha256 = stored});
}

static ay_status scan(ay_service *s)
{
    ay_buf b = {0};
    ay_decision d;
    ay_arena a;
    ay_status status;

    ay_arena_init(&a, 0);
    fake_picture(&b, 0xd02020, 4711);
    status = ay_scan_bytes(s, b.data, b.len, NULL, &a, &d, NULL);
    ay_buf_fini(&b);
    ay_arena_fini(&a);
    return status;
}

static ay_status teach_seed(ay_service *s, uint64_t seed, char *sha256)
{
    ay_buf b = {0};
    ay_added added;
    ay_arena a;
    ay_status status;

    ay_arena_init(&a, 0);
    fake_picture(&b, 0xd02020, seed);
    status = ay_picture_add(s, NULL, "red", "x.png", b.data, b.len, NULL, &a, &added, NULL);
    if (status == AY_OK && sha256)
        memcpy(sha256, added.picture.sha256, AY_SHA256_HEX);
    ay_buf_fini(&b);
    ay_arena_fini(&a);
    return status;
}

static ay_status teach(ay_service *s)
{
    return teach_seed(s, 5000, NULL);
}

static ay_status embed_again(ay_service *s)
{
    atomic_store(&hold, false);
    return ay_service_wait_idle(s, PATIENCE_MS) ? AY_OK : AY_EBUSY;
}

static ay_service *open_with(const char *dir, fake_encoder *f)
{
    ay_service_options o = {.data = dir, .embedder = {f, embed, &f->info, NULL}};
    ay_service *s;

    o.words = (ay_word_reader){.ctx = f, .info = words_info, .pair = words_pair, .embed = words_embed};
    CHECK_OK(ay_service_open(&s, &o, &err), err);
    return s;
}

/* PICTURES of them, and a start with another encoder: all wait for their vectors. */
static ay_service *open_waiting(const char *dir, fake_encoder *f)
{
    ay_service_stats stats;
    ay_service *s;

    atomic_store(&hold, false);
    fake_init(f, 'a');
    s = open_with(dir, f);
    CHECK_OK(ay_class_create(s, NULL, "red", NULL, &err), err);
    for (uint64_t i = 0; i < PICTURES; i++)
        CHECK(teach_seed(s, i, stored) == AY_OK);
    ay_service_close(s);
    fake_init(f, 'c');
    atomic_store(&hold, true);
    s = open_with(dir, f);
    ay_service_get_stats(s, &stats);
    CHECK(stats.unembedded == PICTURES);
    return s;
}

static void others_go_on(place where)
{
    static ay_status (*const wants[])(ay_service *) = {find_like, scan, teach, embed_again, find_like, scan};
    enum { N = sizeof wants / sizeof *wants };
    const char *dir = fake_folder();
    asker words, others[N];
    fake_encoder f;
    ay_service *s = open_waiting(dir, &f);
    int served = 0;

    stand_at(where);
    start(&words, s, find_words);
    wait_standing();
    for (int i = 0; i < N; i++) {
        start(&others[i], s, wants[i]);
        if (!is_done(&others[i])) { /* whoever comes now waits too: let all go and fail */
            stand_at(NOWHERE);
            printf("  number %d waited for the words\n", i);
        }
        pthread_mutex_lock(&tower.lock);
        served += tower.standing;
        pthread_mutex_unlock(&tower.lock);
        pthread_join(others[i].id, NULL);
        CHECK(others[i].status == AY_OK);
    }
    CHECK(served == N && !atomic_load(&words.done));
    stand_at(NOWHERE);
    pthread_join(words.id, NULL);
    CHECK(words.status == AY_OK);
    ay_service_close(s);
    fake_folder_gone(dir);
}

static void while_the_tower_opens(void)
{
    others_go_on(OPENING);
}

static void while_everyday_words_are_read(void)
{
    others_go_on(EVERYDAY_WORDS);
}

TESTS({"while the text tower opens everybody else goes on", while_the_tower_opens},
      {"while everyday words are read everybody else goes on", while_everyday_words_are_read})
