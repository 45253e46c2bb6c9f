/* service/library/change_test.c - changes of many pictures: memory says what the store says, one token takes all of it back, and lists are read
 * while they change. */
#include "service/fake_test.h"
#include "service/internal.h"
#include "service/library/change.h"
#include "service/library/library.h"
#include "service/library/shelf.h"
#include "service/library/tags.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PICTURES = 40 };

static ay_err err;

typedef struct {
    const char *dir, *library, *klass;
    const char *sha256[PICTURES];
    fake_encoder encoder;
    ay_service *s;
    ay_arena a;
} room;

static void begin(room *r)
{
    ay_buf b = {0};
    ay_added added;

    memset(r, 0, sizeof *r);
    r->dir = fake_folder();
    fake_init(&r->encoder, 'a');
    ay_arena_init(&r->a, 0);
    r->s = fake_open(r->dir, &r->encoder);
    CHECK_OK(ay_library(r->s, &r->a, &r->library, &r->klass, &err), err);
    for (int i = 0; i < PICTURES; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%d.png", i);
        fake_picture(&b, i % 2 ? 0xd02020 : 0x2020d0, (uint64_t)i);
        CHECK_OK(ay_picture_add(r->s, r->library, r->klass, name, b.data, b.len, NULL, &r->a, &added, &err), err);
        r->sha256[i] = ay_arena_strdup(&r->a, added.picture.sha256);
    }
    ay_buf_fini(&b);
}

static void finish(room *r)
{
    ay_service_close(r->s);
    ay_arena_fini(&r->a);
    fake_folder_gone(r->dir);
}

static size_t total(room *r, const char *dataset, const char *words)
{
    ay_picture_filter f = {.n = 0};
    ay_shelf_part part;

    CHECK_OK(ay_filter_words(&f, &r->a, words, &err), err);
    CHECK_OK(ay_shelf_list(r->s, dataset, &f, 0, 1, &r->a, &part, &err), err);
    return part.total;
}

static void reopen(room *r)
{
    ay_service_close(r->s);
    r->s = fake_open(r->dir, &r->encoder);
}

static void one_request_changes_much_and_one_token_takes_it_back(void)
{
    room r;
    ay_which w;
    ay_change_of_pictures c = {.add = {"red", "first half"}, .nadd = 2, .klass = "Boards", .album_add = "Best"};
    ay_changed out;
    ay_undo_result back;

    begin(&r);
    w = (ay_which){.sha256 = r.sha256, .n = PICTURES / 2};
    CHECK(ay_change_pictures(r.s, &w, &c, &r.a, &out, &err) == AY_ENOTFOUND); /* no such class: nothing was done */
    CHECK(total(&r, NULL, "is:untagged") == PICTURES);
    CHECK_OK(ay_class_create(r.s, r.library, "Boards", NULL, &err), err);
    CHECK_OK(ay_change_pictures(r.s, &w, &c, &r.a, &out, &err), err);
    CHECK(out.changed == PICTURES / 2 && out.tagged == PICTURES && out.moved == PICTURES / 2 && out.put == PICTURES / 2 && *out.undo);
    for (int round = 0; round < 2; round++) { /* in memory, and as it is read from the store */
        CHECK(total(&r, NULL, "tag:red \"tag:nothing\" ") == 0 && total(&r, NULL, "tag:red tag:\"first half\" class:Boards album:Best") == PICTURES / 2);
        CHECK(total(&r, NULL, "is:unsorted") == PICTURES / 2 && total(&r, NULL, "-album:Best is:untagged") == PICTURES / 2);
        reopen(&r);
    }
    CHECK_OK(ay_service_undo(r.s, out.undo, &back, &err), err);
    for (int round = 0; round < 2; round++) {
        CHECK(total(&r, NULL, "is:untagged is:unsorted") == PICTURES);
        reopen(&r);
    }
    finish(&r);
}

static void what_is_gone_is_passed_over(void)
{
    room r;
    const char *list[3];
    ay_which w = {.sha256 = list, .n = 3};
    ay_change_of_pictures away = {.trash = true}, tag = {.add = {"x"}, .nadd = 1};
    ay_changed out;
    ay_undo_result back;

    begin(&r);
    list[0] = r.sha256[0], list[1] = r.sha256[1], list[2] = r.sha256[0];
    CHECK_OK(ay_change_pictures(r.s, &w, &away, &r.a, &out, &err), err);
    CHECK(out.trashed == 2 && total(&r, NULL, "") == PICTURES - 2);
    list[2] = r.sha256[2];
    {
        ay_changed second;
        CHECK_OK(ay_change_pictures(r.s, &w, &tag, &r.a, &second, &err), err);
        CHECK(second.changed == 1 && second.missing == 2 && second.pictures == 1);
    }
    w.n = 2;
    CHECK(ay_change_pictures(r.s, &w, &tag, &r.a, &(ay_changed){0}, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_service_undo(r.s, out.undo, &back, &err), err);
    CHECK(back.pictures == 2 && total(&r, NULL, "") == PICTURES);
    finish(&r);
}

static void teaching_takes_the_vectors_along(void)
{
    room r;
    ay_picture_filter all = {.n = 0};
    ay_which w = {.filter = &all};
    ay_changed out;
    ay_undo_result back;
    ay_class *classes;
    size_t n;
    int calls;

    begin(&r);
    calls = r.encoder.calls;
    CHECK_OK(ay_change_teach(r.s, &w, "main", "parts", &r.a, &out, &err), err);
    CHECK(out.added == PICTURES && r.encoder.calls == calls);
    CHECK_OK(ay_class_list(r.s, "main", &r.a, &classes, &n, NULL, &err), err);
    CHECK(n == 1 && classes[0].images == PICTURES && classes[0].embedded == PICTURES);
    CHECK_OK(ay_change_teach(r.s, &w, "main", "parts", &r.a, &(ay_changed){0}, &err), err); /* nothing more */
    CHECK(ay_change_teach(r.s, &w, r.library, "parts", &r.a, &(ay_changed){0}, &err) == AY_EINVAL);
    reopen(&r);
    CHECK(total(&r, "main", "class:parts") == PICTURES);
    CHECK_OK(ay_service_undo(r.s, out.undo, &back, &err), err);
    CHECK(total(&r, "main", "") == 0 && total(&r, NULL, "") == PICTURES);
    finish(&r);
}

/* ---- readers beside a writer */

typedef struct {
    room *r;
    atomic_bool stop;
    atomic_int wrong, read;
} reading;

static void *read_lists(void *ctx)
{
    reading *k = ctx;

    while (!k->stop) {
        ay_picture_filter f = {.n = 0};
        ay_shelf_part part;
        ay_label *tags;
        ay_arena a;
        ay_err e;
        size_t n;
        ay_arena_init(&a, 0);
        if (ay_filter_words(&f, &a, "-tag:odd order:largest", &e) != AY_OK || ay_shelf_list(k->r->s, NULL, &f, 0, 100, &a, &part, &e) != AY_OK ||
            ay_label_list(k->r->s, AY_SHELF_TAG, NULL, &a, &tags, &n, &e) != AY_OK || (part.total != PICTURES && part.total != PICTURES / 2))
            k->wrong++;
        k->read++;
        ay_arena_fini(&a);
    }
    return NULL;
}

/* All of a change is seen, or none of it. */
static void lists_are_whole_while_they_change(void)
{
    room r;
    reading k = {.r = &r};
    const char *odd[PICTURES / 2];
    ay_which w = {.sha256 = odd, .n = PICTURES / 2};
    ay_change_of_pictures on = {.add = {"odd"}, .nadd = 1}, off = {.remove = {"odd"}, .nremove = 1};
    pthread_t readers[2];
    ay_changed out;

    begin(&r);
    for (int i = 0; i < PICTURES / 2; i++)
        odd[i] = r.sha256[2 * i + 1];
    CHECK_OK(ay_change_pictures(r.s, &w, &on, &r.a, &out, &err), err);
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&readers[i], NULL, read_lists, &k) == 0);
    for (int i = 0; i < 30 || k.read < 20; i++)
        CHECK_OK(ay_change_pictures(r.s, &w, i % 2 ? &on : &off, &r.a, &out, &err), err);
    k.stop = true;
    for (int i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
    CHECK(k.wrong == 0);
    finish(&r);
}

static int64_t class_named(room *r, const char *dataset, const char *name)
{
    ay_class k;

    return ay_class_get(r->s, dataset, name, &r->a, &k, &err) == AY_OK ? k.id : 0;
}

/* A class that a change made goes with its undo, unless something else is in it by then. */
static void a_class_that_was_made_goes_with_its_undo(void)
{
    room r;
    ay_change_of_pictures c = {.klass = "Cups", .make = true}, on = {.klass = "Jugs", .make = true};
    char token[AY_UNDO_SIZE];
    ay_changed out, further;
    ay_undo_result back;
    ay_which w;
    int64_t id;

    begin(&r);
    w = (ay_which){.sha256 = r.sha256, .n = 6};
    CHECK_OK(ay_change_pictures(r.s, &w, &c, &r.a, &out, &err), err);
    CHECK(out.moved == 6 && total(&r, NULL, "class:Cups") == 6);
    CHECK_OK(ay_service_undo(r.s, out.undo, &back, &err), err);
    CHECK(back.pictures == 6 && !class_named(&r, r.library, "Cups") && total(&r, NULL, "is:unsorted") == PICTURES);
    reopen(&r);
    CHECK(!class_named(&r, r.library, "Cups") && total(&r, NULL, "is:unsorted") == PICTURES);

    /* Something came in meanwhile: it stays, and so does the class. */
    CHECK_OK(ay_change_pictures(r.s, &w, &c, &r.a, &out, &err), err);
    CHECK_OK(ay_picture_move(r.s, r.library, r.sha256[9], "Cups", &err), err);
    CHECK_OK(ay_service_undo(r.s, out.undo, &back, &err), err);
    CHECK(total(&r, NULL, "class:Cups") == 1 && total(&r, NULL, "is:unsorted") == PICTURES - 1);
    id = class_named(&r, r.library, "Cups");
    CHECK_OK(ay_change_pictures(r.s, &w, &c, &r.a, &out, &err), err);
    CHECK(class_named(&r, r.library, "Cups") == id); /* it was there: nothing was made, undo takes nothing away */
    CHECK_OK(ay_picture_move(r.s, r.library, r.sha256[9], "Unsorted", &err), err);
    CHECK_OK(ay_service_undo(r.s, out.undo, &back, &err), err);
    CHECK(class_named(&r, r.library, "Cups") == id);

    /* What went on from there goes back there, so the class waits for it; what was deleted from there may come back. */
    c.klass = "Mugs";
    CHECK_OK(ay_change_pictures(r.s, &w, &c, &r.a, &out, &err), err);
    CHECK_OK(ay_change_pictures(r.s, &w, &on, &r.a, &further, &err), err);
    CHECK_OK(ay_service_undo(r.s, out.undo, &back, &err), err);
    CHECK(class_named(&r, r.library, "Mugs") && total(&r, NULL, "class:Jugs") == 6);
    CHECK_OK(ay_service_undo(r.s, further.undo, &back, &err), err);
    CHECK(total(&r, NULL, "class:Mugs") == 6 && !class_named(&r, r.library, "Jugs"));
    c.klass = "Pots";
    CHECK_OK(ay_change_pictures(r.s, &w, &c, &r.a, &out, &err), err);
    CHECK_OK(ay_picture_delete(r.s, r.library, r.sha256[0], token, &err), err);
    CHECK_OK(ay_service_undo(r.s, out.undo, &back, &err), err);
    CHECK(class_named(&r, r.library, "Pots"));
    CHECK_OK(ay_service_undo(r.s, token, &back, &err), err);
    CHECK(total(&r, NULL, "class:Pots") == 1);

    /* The same of another data set that is taught. */
    CHECK_OK(ay_dataset_create(r.s, "yard", NULL, &err), err);
    CHECK_OK(ay_change_teach(r.s, &w, "yard", "Cups", &r.a, &out, &err), err);
    CHECK(class_named(&r, "yard", "Cups"));
    CHECK_OK(ay_service_undo(r.s, out.undo, &back, &err), err);
    CHECK(!class_named(&r, "yard", "Cups"));
    w.n = 0;
    finish(&r);
}

/* ---- of thousands: a filter less what was taken out again, a job that says how far it is, and one that is called off */

enum { MANY = AY_CHANGE_LONG + 500 };

static void fill_many(room *r)
{
    const ay_engine_info *m = ay_service_model(r->s);
    float v[FAKE_DIM] = {1};
    ay_gallery *g;
    int64_t klass;

    CHECK_OK(ay_service_find(r->s, r->library, &g, &err), err);
    klass = g->classes[ay_gallery_class_by_word(g, r->klass)].id;
    CHECK_OK(ay_store_begin(r->s->store, &err), err);
    for (int i = PICTURES; i < MANY; i++) {
        char sha256[AY_SHA256_HEX], file[32];
        ay_store_picture p = {.sha256 = sha256, .format = "png", .width = 10, .height = 10, .bytes = 100, .created_us = 1};
        ay_store_vector vector = {m->digest, m->preprocess_digest, v, FAKE_DIM};
        ay_store_added added;
        ay_sha256_bytes(&i, sizeof i, sha256);
        snprintf(file, sizeof file, "many %d.png", i);
        CHECK_OK(ay_store_member_add(r->s->store, klass, file, &p, &vector, &added, &err), err);
    }
    CHECK_OK(ay_store_commit(r->s->store, &err), err);
    reopen(r);
    CHECK(total(r, NULL, "") == MANY);
}

static struct {
    ay_service *s;
    int seen;
    int64_t most, total;
    bool stop;
} heard;

/* With jobs_lock held, on the thread that changes. */
static void on_change(void *ctx, const ay_change *c)
{
    (void)ctx;
    for (int i = 0; i < heard.s->njobs && c->job; i++) {
        ay_job_slot *j = &heard.s->jobs[i];
        if (j->id != c->job || strcmp(j->kind, "change") != 0)
            continue;
        heard.seen++;
        heard.most = j->done > heard.most ? j->done : heard.most;
        heard.total = j->total;
        j->cancel += heard.stop && j->state == AY_JOB_RUNNING && j->cancel == 0;
    }
}

static void thousands_are_a_job(void)
{
    ay_change_of_pictures c = {.add = {"all", "of them"}, .nadd = 2}, away = {.trash = true};
    ay_picture_filter f = {.n = 0};
    const char *except[3];
    ay_changed out;
    ay_undo_result back;
    ay_which w = {.filter = &f, .except = except, .nexcept = 3};
    ay_label *tags;
    size_t n;
    room r;

    begin(&r);
    fill_many(&r);
    heard.s = r.s;
    ay_service_listen(r.s, on_change, NULL);
    except[0] = r.sha256[0], except[1] = r.sha256[1], except[2] = "0000000000000000000000000000000000000000000000000000000000000000";
    CHECK_OK(ay_change_pictures(r.s, &w, &c, &r.a, &out, &err), err);
    CHECK(out.pictures == MANY - 2 && out.changed == MANY - 2 && out.tagged == 2 * (MANY - 2) && heard.seen >= 2 && heard.most > 0 &&
          heard.most <= heard.total);
    CHECK(total(&r, NULL, "tag:all tag:\"of them\"") == MANY - 2 && total(&r, NULL, "is:untagged") == 2);
    CHECK_OK(ay_filter_words(&f, &r.a, "name:p1", &err), err);
    CHECK_OK(ay_label_tags(r.s, NULL, &f, &r.a, &tags, &n, &err), err); /* of p1, p10 ... p19; not p1 itself */
    CHECK(n == 2 && tags[0].pictures == 10);
    f.n = 0;
    heard.stop = true;
    for (int k = 0; k < 3; k++) { /* called off: a tag, a class, a deletion */
        ay_change_of_pictures what = k == 0 ? (ay_change_of_pictures){.remove = {"all"}, .nremove = 1} : k == 1 ? (ay_change_of_pictures){.klass = "New"} : away;
        ay_changed none;
        if (k == 1)
            CHECK_OK(ay_class_create(r.s, r.library, "New", NULL, &err), err);
        CHECK(ay_change_pictures(r.s, &w, &what, &r.a, &none, &err) == AY_ECANCELLED);
        CHECK(total(&r, NULL, "tag:all") == MANY - 2 && total(&r, NULL, "") == MANY);
        reopen(&r);
        heard.s = r.s;
        ay_service_listen(r.s, on_change, NULL);
        CHECK(total(&r, NULL, "tag:all") == MANY - 2 && total(&r, NULL, "is:unsorted") == MANY);
    }
    heard.stop = false;
    CHECK_OK(ay_service_undo(r.s, out.undo, &back, &err), err);
    CHECK(total(&r, NULL, "is:untagged") == MANY);
    except[0] = "no digest";
    CHECK(ay_change_pictures(r.s, &w, &c, &r.a, &out, &err) == AY_EINVAL);
    ay_service_listen(r.s, NULL, NULL);
    finish(&r);
}

TESTS({"a class that was made goes with its undo", a_class_that_was_made_goes_with_its_undo},
      {"one request changes much and one token takes it back", one_request_changes_much_and_one_token_takes_it_back},
      {"what is gone is passed over", what_is_gone_is_passed_over},
      {"teaching takes the vectors along", teaching_takes_the_vectors_along},
      {"lists are whole while they change", lists_are_whole_while_they_change},
      {"thousands are a job", thousands_are_a_job})
