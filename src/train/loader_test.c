#include "base/test.h"

#include "base/hash.h"
#include "base/mem.h"
#include "train/loader.h"
#include "train/sample.h"

static const ay_preprocess squash = {.size = 32,
                                     .fit = AY_FIT_SQUASH,
                                     .filter = AY_FILTER_BILINEAR,
                                     .mean = {0.485f, 0.456f, 0.406f},
                                     .std = {0.229f, 0.224f, 0.225f}};

static ay_corpus corpus;
static ay_augment augment;

/* 40 pictures to train on, 8 to validate, in a fresh folder. */
static void setup(void)
{
    ay_augment_settings s;
    ay_corpus_options o;
    ay_err err;

    sample_begin();
    sample_class("train/", "bolt", 0, 0, 25);
    sample_class("train/", "cog", 1, 0, 10);
    sample_class("train/", "nut", 2, 0, 5);
    sample_class("val/", "bolt", 0, 50, 4);
    sample_class("val/", "cog", 1, 50, 2);
    sample_class("val/", "nut", 2, 50, 2);
    ay_corpus_defaults(&o);
    CHECK_OK(ay_corpus_open(&corpus, sample_dir, &o, &err), err);
    CHECK(corpus.nleaks == 0);
    ay_augment_defaults(&s, &squash);
    s.blur = s.perspective = s.erasing = 0.5f; /* often enough to show */
    CHECK_OK(ay_augment_init(&augment, &s, &err), err);
}

static ay_loader_options options(void)
{
    return (ay_loader_options){.split = AY_SPLIT_TRAIN,
                               .batch = 7,
                               .order = AY_ORDER_SHUFFLE,
                               .preprocess = squash,
                               .augment = &augment,
                               .seed = 11,
                               .threads = 2};
}

static ay_loader *opened(const ay_loader_options *o)
{
    ay_loader *l;
    ay_err err;

    CHECK_OK(ay_loader_open(&l, &corpus, o, &err), err);
    return l;
}

static void start(ay_loader *l, uint64_t epoch, int batch)
{
    ay_err err;

    CHECK_OK(ay_loader_start(l, epoch, batch, &err), err);
}

static const ay_batch *next(ay_loader *l)
{
    const ay_batch *b;
    ay_err err;

    CHECK_OK(ay_loader_next(l, &b, &err), err);
    return b;
}

/* Everything that is in the batches from this one on. */
static void digest_rest(ay_loader *l, int classes, char hex[AY_SHA256_HEX])
{
    size_t each = 3 * (size_t)squash.size * (size_t)squash.size;
    const ay_batch *b;
    ay_sha256 h;

    ay_sha256_init(&h);
    while ((b = next(l))) {
        size_t n = (size_t)b->n;
        ay_sha256_add(&h, &b->number, sizeof b->number);
        ay_sha256_add(&h, b->pixels, n * each * sizeof(float));
        ay_sha256_add(&h, b->labels, n * sizeof(int));
        ay_sha256_add(&h, b->items, n * sizeof(int));
        if (b->targets)
            ay_sha256_add(&h, b->targets, n * (size_t)classes * sizeof(float));
    }
    ay_sha256_hex(&h, hex);
}

static void digest_epoch(const ay_loader_options *o, uint64_t epoch, char hex[AY_SHA256_HEX])
{
    ay_loader *l = opened(o);

    start(l, epoch, 0);
    digest_rest(l, corpus.nclasses, hex);
    ay_loader_close(l);
}

static void test_threads_do_not_show(void)
{
    static const ay_order orders[] = {AY_ORDER_SHUFFLE, AY_ORDER_BALANCED, AY_ORDER_PLAIN};
    char want[AY_SHA256_HEX], got[AY_SHA256_HEX], other[AY_SHA256_HEX];

    setup();
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        ay_loader_options o = options();
        o.order = orders[i];
        o.mix.mixup_alpha = i == 1 ? 0.4f : 0;
        o.mix.cutmix_alpha = i == 1 ? 1 : 0;
        o.threads = 0;
        digest_epoch(&o, 3, want);
        digest_epoch(&o, 4, other);
        CHECK(strcmp(want, other) != 0);
        for (int threads = 1; threads <= 4; threads += threads) {
            o.threads = threads;
            o.ahead = threads + 1;
            o.cache_bytes = threads == 4 ? 0 : 1 << 18; /* none, or room for some of them */
            digest_epoch(&o, 3, got);
            CHECK(strcmp(want, got) == 0);
        }
        o.seed++;
        digest_epoch(&o, 3, got);
        CHECK(strcmp(want, got) != 0);
    }
    ay_corpus_fini(&corpus);
}

static void test_resume(void)
{
    char want[AY_SHA256_HEX], got[AY_SHA256_HEX];
    ay_loader_options o;
    ay_loader *l;

    setup();
    o = options();
    o.cache_bytes = 1 << 20;
    l = opened(&o);
    CHECK(ay_loader_batches(l) == 6 && ay_loader_pictures(l) == 40);
    start(l, 5, 0);
    for (int i = 0; i < 4; i++) {
        const ay_batch *b = next(l);
        CHECK(b && b->number == i && b->n == 7 && b->targets == NULL);
    }
    digest_rest(l, 0, want);
    start(l, 9, 0); /* something else, given up in the middle */
    CHECK(next(l) != NULL);
    start(l, 5, 4);
    digest_rest(l, 0, got);
    CHECK(strcmp(want, got) == 0);
    CHECK(next(l) == NULL); /* and again nothing */
    ay_loader_close(l);
    l = opened(&o); /* as after a kill: nothing is cached, another object */
    start(l, 5, 4);
    digest_rest(l, 0, got);
    CHECK(strcmp(want, got) == 0);
    start(l, 5, 6); /* at the end */
    CHECK(next(l) == NULL);
    ay_loader_close(l);
    ay_corpus_fini(&corpus);
}

static void test_each_once_and_cached(void)
{
    int seen[48] = {0};
    ay_loader_options o;
    ay_loader_stats s;
    const ay_batch *b;
    ay_loader *l;

    setup();
    o = options();
    o.cache_bytes = 1 << 20; /* 40 x 64 x 64 x 3 is 480 kB */
    l = opened(&o);
    for (uint64_t e = 0; e < 3; e++) {
        start(l, e, 0);
        while ((b = next(l)))
            for (int i = 0; i < b->n; i++) {
                CHECK(corpus.items[b->items[i]].split == AY_SPLIT_TRAIN);
                CHECK(corpus.items[b->items[i]].label == b->labels[i]);
                seen[b->items[i]]++;
            }
    }
    for (int i = 0; i < 48; i++)
        CHECK(seen[i] == (corpus.items[i].split == AY_SPLIT_TRAIN ? 3 : 0));
    ay_loader_get_stats(l, &s);
    CHECK(s.decoded == 40 && s.cached == 80 && s.cache_used == 40 * 64 * 64 * 3);
    ay_loader_close(l);
    o.cache_bytes = 5 * 64 * 64 * 3 + 100;
    l = opened(&o);
    for (uint64_t e = 0; e < 2; e++) {
        start(l, e, 0);
        while (next(l))
            ;
    }
    ay_loader_get_stats(l, &s);
    CHECK(s.decoded == 75 && s.cached == 5 && s.cache_used == 5 * 64 * 64 * 3);
    ay_loader_close(l);
    ay_corpus_fini(&corpus);
}

/* From the second epoch on nothing is allocated; the hook refuses on this thread, which works. */
static void test_steady_state(void)
{
    const ay_batch *b;
    ay_loader_options o;
    ay_loader *l;
    ay_status st;
    int n = 0;

    setup();
    o = options();
    o.threads = 0;
    o.cache_bytes = 1 << 20;
    o.mix.cutmix_alpha = 1;
    l = opened(&o);
    for (uint64_t e = 0; e < 3; e++) {
        start(l, e, 0);
        if (e > 0)
            ay_mem_fail_after(0);
        while (!(st = ay_loader_next(l, &b, NULL)) && b)
            n += b->n;
        ay_mem_fail_after(-1);
        CHECK(st == AY_OK);
    }
    CHECK(n == 120);
    ay_loader_close(l);
    ay_corpus_fini(&corpus);
}

/* Validation is ay_image_preprocess(), to the last bit, first time and from the cache. */
static void test_validation_is_serving(void)
{
    static const ay_fit fits[] = {AY_FIT_SQUASH, AY_FIT_SHORTEST_CROP, AY_FIT_PAD_WHITE};
    size_t each = 3 * (size_t)squash.size * (size_t)squash.size;
    float *want;

    setup();
    want = ay_calloc(each, sizeof *want);
    for (int f = 0; f < 6; f++) {
        ay_loader_options o = options();
        const ay_batch *b;
        ay_loader *l;
        int n = 0;
        o.split = AY_SPLIT_VAL;
        o.order = AY_ORDER_PLAIN;
        o.augment = NULL;
        o.preprocess.fit = fits[f % 3];
        o.preprocess.filter = f < 3 ? AY_FILTER_BILINEAR : AY_FILTER_BICUBIC;
        o.preprocess.resize = fits[f % 3] == AY_FIT_SHORTEST_CROP ? 36 : 0;
        o.cache_bytes = 1 << 20;
        l = opened(&o);
        for (uint64_t e = 0; e < 2; e++) {
            start(l, e, 0);
            while ((b = next(l)))
                for (int i = 0; i < b->n; i++, n++) {
                    ay_image im;
                    CHECK(!ay_image_load(corpus.items[b->items[i]].path, NULL, &im, NULL));
                    CHECK(!ay_image_preprocess(&im, &o.preprocess, want, NULL));
                    ay_image_fini(&im);
                    CHECK(!memcmp(want, b->pixels + (size_t)i * each, each * sizeof *want));
                }
        }
        CHECK(n == 16);
        ay_loader_close(l);
    }
    ay_free(want);
    ay_corpus_fini(&corpus);
}

/* A file goes, another one changes: both are named once, left out, and the rest is as it was. */
static void test_files_that_fail(void)
{
    size_t each = 3 * (size_t)squash.size * (size_t)squash.size;
    const ay_corpus_skip *failures;
    ay_loader_options o;
    ay_loader *before, *after;
    const ay_batch *a, *b;
    char cwd[512];

    setup();
    o = options();
    o.threads = 3;
    before = opened(&o);
    start(before, 2, 0);
    o.cache_bytes = 1 << 20; /* keeps nothing of the files that fail */
    float *all[6];
    int n[6], *items[6];
    for (int i = 0; i < 6; i++) {
        a = next(before);
        n[i] = a->n;
        all[i] = ay_memdup(a->pixels, (size_t)a->n * each * sizeof(float));
        items[i] = ay_memdup(a->items, (size_t)a->n * sizeof(int));
    }
    ay_loader_close(before);
    snprintf(cwd, sizeof cwd, "%s", sample_path("train/bolt/3.png"));
    CHECK(unlink(cwd) == 0);
    sample_write("train/cog/4.png", "scribble");
    after = opened(&o);
    for (uint64_t round = 0; round < 2; round++) {
        int missing = 0;
        start(after, 2, 0);
        for (int i = 0; i < 6; i++) {
            int k = 0;
            b = next(after);
            CHECK(b != NULL && b->number == i);
            for (int j = 0; j < n[i]; j++) {
                if (k < b->n && b->items[k] == items[i][j])
                    CHECK(!memcmp(b->pixels + (size_t)k++ * each, all[i] + (size_t)j * each,
                                  each * sizeof(float)));
                else
                    missing++;
            }
            CHECK(k == b->n);
        }
        CHECK(missing == 2 && next(after) == NULL);
    }
    CHECK(ay_loader_failures(after, &failures) == 2);
    for (int i = 0; i < 2; i++)
        CHECK(strstr(failures[i].path, "bolt/3.png")
                  ? strstr(failures[i].reason, "No such file") != NULL
                  : strstr(failures[i].path, "cog/4.png") && strstr(failures[i].reason, "changed"));
    ay_loader_close(after);
    for (int i = 0; i < 6; i++) {
        ay_free(all[i]);
        ay_free(items[i]);
    }
    ay_corpus_fini(&corpus);
}

static void test_all_gone(void)
{
    ay_loader_options o;
    ay_loader *l;

    setup();
    o = options();
    sample_end();
    l = opened(&o);
    start(l, 0, 0);
    CHECK(next(l) == NULL);
    const ay_corpus_skip *f;
    CHECK(ay_loader_failures(l, &f) == 40);
    ay_loader_close(l);
    ay_corpus_fini(&corpus);
}

static void test_mixed_batches(void)
{
    ay_loader_options o;
    const ay_batch *b;
    ay_loader *l;
    int soft = 0;

    setup();
    o = options();
    o.mix.mixup_alpha = 0.8f;
    l = opened(&o);
    start(l, 1, 0);
    while ((b = next(l)))
        for (int i = 0; i < b->n; i++) {
            const float *t = b->targets + i * 3;
            CHECK(b->targets != NULL && fabsf(t[0] + t[1] + t[2] - 1) < 1e-6f);
            soft += t[b->labels[i]] < 0.999f;
        }
    CHECK(soft > 8);
    ay_loader_close(l);
    ay_corpus_fini(&corpus);
}

static void test_balanced_repeats_differ(void)
{
    size_t each = 3 * (size_t)squash.size * (size_t)squash.size;
    ay_loader_options o;
    const ay_batch *b;
    ay_loader *l;
    int counts[3] = {0}, pairs = 0;

    setup();
    o = options();
    o.batch = 40;
    o.order = AY_ORDER_BALANCED;
    l = opened(&o);
    start(l, 0, 0);
    b = next(l);
    CHECK(b && b->n == 40);
    for (int i = 0; i < 40; i++) {
        counts[b->labels[i]]++;
        for (int j = 0; j < i; j++)
            if (b->items[i] == b->items[j]) { /* the same picture, changed in another way */
                pairs++;
                CHECK(memcmp(b->pixels + (size_t)i * each, b->pixels + (size_t)j * each,
                             each * sizeof(float)) != 0);
            }
    }
    for (int c = 0; c < 3; c++)
        CHECK(counts[c] == 13 || counts[c] == 14);
    CHECK(pairs >= 10);
    ay_loader_close(l);
    ay_corpus_fini(&corpus);
}

static void test_last_batch(void)
{
    ay_loader_options o;
    const ay_batch *b;
    ay_loader *l;
    int n = 0;

    setup();
    o = options();
    o.drop_last = true;
    l = opened(&o);
    CHECK(ay_loader_batches(l) == 5 && ay_loader_pictures(l) == 35);
    start(l, 0, 0);
    while ((b = next(l))) {
        CHECK(b->n == 7);
        n++;
    }
    CHECK(n == 5);
    ay_loader_close(l);
    o.batch = 64; /* the only batch is not dropped */
    l = opened(&o);
    CHECK(ay_loader_batches(l) == 1 && ay_loader_pictures(l) == 40);
    start(l, 0, 0);
    b = next(l);
    CHECK(b && b->n == 40 && ((uintptr_t)b->pixels & 63) == 0);
    ay_loader_close(l);
    ay_corpus_fini(&corpus);
}

static void test_cancel(void)
{
    atomic_bool cancel = false;
    ay_loader_options o;
    const ay_batch *b;
    ay_loader *l;
    ay_err err;

    setup();
    for (int threads = 0; threads <= 2; threads += 2) {
        o = options();
        o.threads = threads;
        o.cancel = &cancel;
        atomic_store(&cancel, false);
        l = opened(&o);
        CHECK(ay_loader_next(l, &b, &err) == AY_EINVAL); /* not started */
        start(l, 0, 0);
        CHECK(next(l) != NULL);
        atomic_store(&cancel, true);
        ay_status st = AY_OK;
        for (int i = 0; i < 6 && !st; i++) /* what was ready may still come */
            st = ay_loader_next(l, &b, &err);
        CHECK(st == AY_ECANCELLED && b == NULL);
        ay_loader_close(l);
    }
    ay_corpus_fini(&corpus);
}

static void test_wrong_options(void)
{
    ay_loader_options o;
    ay_loader *l;
    ay_err err;

    setup();
    o = options();
    o.split = AY_SPLIT_TEST;
    CHECK(ay_loader_open(&l, &corpus, &o, &err) == AY_EINVAL && l == NULL);
    CHECK(strstr(err.msg, "no test pictures"));
    o = options();
    o.batch = 0;
    CHECK(ay_loader_open(&l, &corpus, &o, &err) == AY_EINVAL);
    o = options();
    o.preprocess.size = 48;
    CHECK(ay_loader_open(&l, &corpus, &o, &err) == AY_EINVAL && strstr(err.msg, "48"));
    o = options();
    l = opened(&o);
    CHECK(ay_loader_start(l, 0, 7, &err) == AY_EINVAL);
    ay_loader_close(l);
    long live = ay_mem_live();
    o.threads = 0;
    o.mix.mixup_alpha = 1;
    for (long k = 0; k < 40; k++) {
        ay_mem_fail_after(k);
        ay_status st = ay_loader_open(&l, &corpus, &o, &err);
        ay_mem_fail_after(-1);
        CHECK(st == AY_OK || st == AY_ENOMEM);
        ay_loader_close(l);
        CHECK(ay_mem_live() == live);
    }
    ay_corpus_fini(&corpus);
}

/* Turned clockwise before anything else; four of a class side by side; whatever the threads. */
static void test_groups_and_turns(void)
{
    enum { SIDE = 32, PLANE = SIDE * SIDE };
    static float upright[3 * PLANE];
    ay_loader_options o = options();
    ay_corpus_item *items;
    const ay_batch *b;
    ay_loader *l;
    char hex[2][AY_SHA256_HEX];
    ay_image im;
    ay_err err;

    setup();
    items = (ay_corpus_item *)corpus.items;
    for (int i = 0; i < corpus.nitems; i++)
        items[i].turn = i % 4;
    o.per_class = 4;
    o.batch = 64;
    CHECK(ay_loader_open(&l, &corpus, &o, &err) == AY_EINVAL && strstr(err.msg, "12 with 4 do"));
    o.batch = 12;
    for (o.threads = 0; o.threads < 2; o.threads++)
        digest_epoch(&o, 3, hex[o.threads]);
    CHECK(strcmp(hex[0], hex[1]) == 0);
    l = opened(&o);
    CHECK(ay_loader_batches(l) == 3 && ay_loader_pictures(l) == 36);
    start(l, 3, 0);
    while ((b = next(l)))
        for (int i = 0; i < b->n; i++)
            CHECK(b->n == 12 && b->labels[i] == b->labels[i / 4 * 4]);
    ay_loader_close(l);
    o = (ay_loader_options){.split = AY_SPLIT_TRAIN, .batch = 1, .order = AY_ORDER_PLAIN, .preprocess = squash};
    l = opened(&o);
    start(l, 0, 0);
    for (int seen = 0; seen < 4 && (b = next(l)); seen++) {
        const ay_corpus_item *it = &items[b->items[0]];
        CHECK_OK(ay_image_load(it->path, NULL, &im, &err), err);
        CHECK_OK(ay_image_preprocess(&im, &squash, upright, &err), err);
        ay_image_fini(&im);
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) { /* where what is at (x, y) of the turned one stood */
                int from[4] = {y * SIDE + x, (SIDE - 1 - x) * SIDE + y, (SIDE - 1 - y) * SIDE + SIDE - 1 - x,
                               x * SIDE + SIDE - 1 - y};
                CHECK(fabsf(b->pixels[y * SIDE + x] - upright[from[it->turn]]) < 0.04f);
            }
    }
    ay_loader_close(l);
    ay_corpus_fini(&corpus);
}

TESTS({"groups and turns", test_groups_and_turns}, {"threads and cache do not show", test_threads_do_not_show},
      {"start anywhere", test_resume}, {"each picture once, decoded once", test_each_once_and_cached},
      {"nothing is allocated later on", test_steady_state},
      {"validation is what serving does", test_validation_is_serving},
      {"files that fail", test_files_that_fail}, {"all files gone", test_all_gone},
      {"mixed batches", test_mixed_batches},
      {"repeats of a balanced epoch differ", test_balanced_repeats_differ},
      {"the last batch", test_last_batch}, {"cancel", test_cancel},
      {"wrong options", test_wrong_options})
