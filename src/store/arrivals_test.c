/* store/arrivals_test.c - the durable queue, watched folders and facts, against any driver (ASSAY_TEST_STORE, as in
 * contract_test.c). */
#include "store/arrivals.h"
#include "store/facts.h"
#include "store/watches.h"

#include "base/test.h"
#include "store/folder_test.h"

#include <stdlib.h>
#include <string.h>

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const float v3[] = {1, 0, -0.25f};
static ay_err err;

static ay_store *open_store(void)
{
    static char text[96];
    ay_store *s = NULL;

    if (getenv("ASSAY_TEST_STORE"))
        CHECK_OK(ay_store_open(&s, getenv("ASSAY_TEST_STORE"), &err), err);
    else {
        if (!text[0])
            snprintf(text, sizeof text, "sqlite:%s/a.db", fresh_folder());
        CHECK_OK(ay_store_open(&s, text, &err), err);
    }
    return s;
}

typedef struct {
    ay_store *s;
    ay_arena arena;
    int64_t dataset, klass, batch;
    char sha[8][AY_SHA256_HEX];
} setting;

/* A data set, a class, a batch with n waiting arrivals; what other tests left of failures goes. */
static setting begin(size_t n)
{
    setting t = {.s = open_store()};
    ay_store_arrival rows[8];
    char name[33];
    int64_t gone;

    ay_arena_init(&t.arena, 0);
    ay_random_hex(name, 16);
    CHECK_OK(ay_store_failures_forget(t.s, 0, &gone, &err), err);
    CHECK_OK(ay_store_dataset_create(t.s, name, &t.dataset, &err), err);
    CHECK_OK(ay_store_class_create(t.s, t.dataset, "first", &t.klass, &err), err);
    CHECK_OK(ay_store_intake_add(t.s, "a folder", &t.batch, &err), err);
    for (size_t i = 0; i < n; i++) {
        ay_random_hex(t.sha[i], 32);
        rows[i] = (ay_store_arrival){.dataset = t.dataset, .class_id = t.klass, .sha256 = t.sha[i], .file = "a.jpg",
                                     .source = "/pics/a.jpg"};
    }
    CHECK_OK(ay_store_arrivals_add(t.s, t.batch, rows, n, NULL, 0, 2, &err), err);
    return t;
}

static void end(setting *t)
{
    ay_arena_fini(&t->arena);
    ay_store_close(t->s);
}

static ay_store_arrival *waiting(setting *t, size_t *n)
{
    ay_store_arrival *list;
    int64_t after = 0;
    size_t got, mine = 0;
    ay_store_arrival *out = ay_arena_alloc(&t->arena, 8 * sizeof *out);

    *n = 0;
    do { /* pages of three; other batches may wait in a shared database */
        CHECK_OK(ay_store_arrivals_waiting(t->s, after, 3, &t->arena, &list, &got, &err), err);
        for (size_t i = 0; i < got; i++) {
            CHECK(list[i].id > after);
            after = list[i].id;
            if (list[i].batch == t->batch)
                out[mine++] = list[i];
        }
    } while (got == 3);
    *n = mine;
    return out;
}

static ay_store_intake batch_of(setting *t)
{
    ay_store_intake b;

    CHECK_OK(ay_store_intake_get(t->s, t->batch, &t->arena, &b, &err), err);
    CHECK(b.total == b.waiting + b.added + b.same + b.failed + b.dropped);
    return b;
}

static ay_store_settled good(const ay_store_arrival *r)
{
    return (ay_store_settled){.id = r->id, .batch = r->batch, .class_id = r->class_id, .stay = r->stay, .file = r->file,
                              .picture = {.sha256 = r->sha256, .format = "jpeg", .width = 4, .height = 3, .bytes = 9,
                                          .camera = "X", .taken_us = 5},
                              .vector = {DIGEST_A, DIGEST_B, v3, 3}};
}

static void what_waits_comes_in_order_and_survives(void)
{
    setting t = begin(5);
    ay_store_arrival *list;
    size_t n;

    ay_store_close(t.s);
    t.s = open_store();
    list = waiting(&t, &n);
    CHECK(n == 5);
    for (size_t i = 0; i < n; i++) {
        CHECK(strcmp(list[i].sha256, t.sha[i]) == 0 && strcmp(list[i].file, "a.jpg") == 0);
        CHECK(strcmp(list[i].source, "/pics/a.jpg") == 0 && list[i].class_id == t.klass && list[i].at_us > 0);
    }
    CHECK(batch_of(&t).waiting == 5 && batch_of(&t).same == 2 && strcmp(batch_of(&t).source, "a folder") == 0);
    end(&t);
}

static void files_of_what_waits_are_referenced(void)
{
    setting t = begin(2);
    const char **known, **gone;
    size_t n, found = 0;
    bool named;

    CHECK_OK(ay_store_picture_list(t.s, &t.arena, &known, &n, &err), err);
    for (size_t i = 0; i < n; i++)
        found += strcmp(known[i], t.sha[0]) == 0 || strcmp(known[i], t.sha[1]) == 0;
    CHECK(found == 2);
    CHECK_OK(ay_store_blob_named(t.s, t.sha[0], &named, &err), err);
    CHECK(named);
    CHECK_OK(ay_store_purge(t.s, 1, &t.arena, &gone, &n, &err), err);
    CHECK_OK(ay_store_blob_named(t.s, t.sha[0], &named, &err), err);
    CHECK(named);
    end(&t);
}

static void settling_is_one_transaction(void)
{
    setting t = begin(4);
    ay_store_member *members;
    ay_store_arrival *list;
    ay_store_settled done[4];
    size_t n;

    list = waiting(&t, &n);
    for (int i = 0; i < 4; i++)
        done[i] = good(&list[i]);
    done[2].status = AY_ECORRUPT;
    done[2].message = "cut short";
    done[3].picture.width = 0; /* what the store refuses spoils all of it */
    CHECK(ay_store_arrivals_settle(t.s, done, 4, &err) == AY_EINVAL);
    CHECK(batch_of(&t).waiting == 4);
    CHECK_OK(ay_store_arrivals_settle(t.s, done, 3, &err), err);
    CHECK(done[0].added.created && done[1].added.created && !done[0].gone);
    CHECK(batch_of(&t).added == 2 && batch_of(&t).failed == 1 && batch_of(&t).waiting == 1);
    CHECK_OK(ay_store_member_list(t.s, t.dataset, 0, 0, 10, &t.arena, &members, &n, &err), err);
    CHECK(n == 2 && members[0].picture.taken_us == 5 && strcmp(members[0].picture.camera, "X") == 0);
    CHECK_OK(ay_store_arrivals_settle(t.s, done, 3, &err), err); /* again: nothing is there twice */
    CHECK(done[0].gone && done[1].gone && done[2].gone && batch_of(&t).added == 2);
    end(&t);
}

static void failures_are_listed_and_dismissed(void)
{
    setting t = begin(3);
    ay_store_arrival *list, refused = {.sha256 = "", .file = "b.jpg", .source = "/b.jpg", .code = "unsupported",
                                       .message = "text"};
    ay_store_settled done[3];
    int64_t gone, nwaiting, nfailed;
    size_t n;

    list = waiting(&t, &n);
    for (int i = 0; i < 3; i++) {
        done[i] = good(&list[i]);
        done[i].status = AY_ECORRUPT;
        done[i].message = "cut short";
    }
    CHECK_OK(ay_store_arrivals_settle(t.s, done, 3, &err), err);
    refused.dataset = t.dataset, refused.class_id = t.klass;
    CHECK_OK(ay_store_arrivals_add(t.s, t.batch, &refused, 1, NULL, 0, 0, &err), err);
    CHECK_OK(ay_store_arrivals_count(t.s, &nwaiting, &nfailed, &err), err);
    CHECK(nfailed == 4 && batch_of(&t).failed == 4 && batch_of(&t).waiting == 0);
    CHECK_OK(ay_store_failures_list(t.s, 0, 3, &t.arena, &list, &n, &err), err);
    CHECK(n == 3 && strcmp(list[0].file, "b.jpg") == 0 && strcmp(list[0].code, "unsupported") == 0);
    CHECK(strcmp(list[1].message, "cut short") == 0 && strcmp(list[1].sha256, t.sha[2]) == 0);
    CHECK_OK(ay_store_failures_list(t.s, list[2].id, 3, &t.arena, &list, &n, &err), err);
    CHECK(n == 1);
    CHECK_OK(ay_store_failures_forget(t.s, list[0].id, &gone, &err), err);
    CHECK(gone == 1);
    CHECK_OK(ay_store_failures_forget(t.s, 0, &gone, &err), err);
    CHECK(gone == 3);
    end(&t);
}

static void dropping_frees_what_nothing_else_names(void)
{
    setting t = begin(4);
    ay_store_arrival *list, shared;
    ay_store_settled done;
    const char **gone;
    int64_t dropped, other;
    size_t n;

    list = waiting(&t, &n);
    done = good(&list[0]);
    CHECK_OK(ay_store_arrivals_settle(t.s, &done, 1, &err), err); /* a picture by now */
    shared = list[1];
    CHECK_OK(ay_store_intake_add(t.s, "another", &other, &err), err);
    CHECK_OK(ay_store_arrivals_add(t.s, other, &shared, 1, NULL, 0, 0, &err), err);
    CHECK(ay_store_arrivals_add(t.s, 999999, &shared, 1, NULL, 0, 0, &err) == AY_ENOTFOUND);
    CHECK_OK(ay_store_arrivals_drop(t.s, t.batch, &t.arena, &gone, &n, &dropped, &err), err);
    CHECK(dropped == 3 && n == 2 && batch_of(&t).dropped == 3);
    for (size_t i = 0; i < n; i++)
        CHECK(strcmp(gone[i], t.sha[2]) == 0 || strcmp(gone[i], t.sha[3]) == 0);
    CHECK_OK(ay_store_arrivals_drop(t.s, other, &t.arena, &gone, &n, &dropped, &err), err);
    CHECK(dropped == 1 && n == 1);
    end(&t);
}

static void a_lost_class_fails_by_itself(void)
{
    setting t = begin(2);
    ay_store_arrival *list;
    ay_store_settled done[2];
    char token[AY_TOKEN_SIZE];
    int64_t second;
    size_t n;

    list = waiting(&t, &n);
    CHECK_OK(ay_store_class_create(t.s, t.dataset, "second", &second, &err), err);
    done[0] = good(&list[0]);
    done[1] = good(&list[1]);
    done[1].class_id = second;
    CHECK_OK(ay_store_class_trash(t.s, t.klass, token, &err), err);
    CHECK_OK(ay_store_arrivals_settle(t.s, done, 2, &err), err);
    CHECK(done[0].status == AY_ENOTFOUND && done[1].status == AY_OK && done[1].added.created);
    CHECK(batch_of(&t).failed == 1 && batch_of(&t).added == 1);
    end(&t);
}

static void what_is_sorted_stays_unless_moved(void)
{
    setting t = begin(1);
    ay_store_arrival *list, again;
    ay_store_settled done;
    int64_t second;
    size_t n;

    list = waiting(&t, &n);
    done = good(&list[0]);
    CHECK_OK(ay_store_arrivals_settle(t.s, &done, 1, &err), err);
    CHECK_OK(ay_store_class_create(t.s, t.dataset, "second", &second, &err), err);
    for (int i = 0; i < 3; i++) {
        static const ay_stay stays[] = {AY_STAY, AY_STAY_SORTED, AY_STAY_NOT};
        ay_stay stay = stays[i];
        again = list[0];
        again.class_id = second;
        again.stay = stay;
        CHECK_OK(ay_store_arrivals_add(t.s, t.batch, &again, 1, NULL, 0, 0, &err), err);
        done = good(&waiting(&t, &n)[0]);
        CHECK(n == 1);
        done.stay = stay;
        CHECK_OK(ay_store_arrivals_settle(t.s, &done, 1, &err), err);
        CHECK(!done.added.created && done.added.moved == (stay == AY_STAY_NOT));
    }
    end(&t);
}

static void only_what_nobody_sorted_is_sorted(void)
{
    setting t = begin(1);
    ay_store_arrival *list = NULL, again;
    int64_t library, unsorted, box;
    ay_store_settled done;
    bool made;
    size_t n;

    CHECK_OK(ay_store_library(t.s, &library, &unsorted, &made, &err), err);
    CHECK_OK(ay_store_class_create(t.s, library, t.sha[0], &box, &err), err);
    list = waiting(&t, &n);
    again = list[0];
    again.dataset = library;
    for (int i = 0; i < 3; i++) { /* it comes without a class, then to box, then to another */
        int64_t to = i == 0 ? unsorted : box;
        if (i == 2)
            CHECK_OK(ay_store_class_create(t.s, library, DIGEST_B, &to, &err), err);
        again.class_id = to;
        again.stay = AY_STAY_SORTED;
        CHECK_OK(ay_store_arrivals_add(t.s, t.batch, &again, 1, NULL, 0, 0, &err), err);
        list = waiting(&t, &n);
        done = good(&list[n - 1]);
        CHECK(done.stay == AY_STAY_SORTED && done.class_id == to);
        CHECK_OK(ay_store_arrivals_settle(t.s, &done, 1, &err), err);
        CHECK(done.added.created == (i == 0) && done.added.moved == (i == 1));
    }
    end(&t);
}

static void folders_and_what_was_read_of_them(void)
{
    setting t = begin(0);
    ay_store_watch w = {.folder = "/pics", .dataset = 1, .class_id = 2, .classes = true, .batch = t.batch}, *list;
    ay_store_watched seen = {.name = DIGEST_A, .bytes = 10, .changed_us = 77, .sha256 = DIGEST_B};
    int64_t id = 0;
    size_t n, found = 0;
    bool known;

    CHECK_OK(ay_store_watch_add(t.s, &w, &id, &err), err);
    seen.watch = id;
    CHECK_OK(ay_store_arrivals_add(t.s, 0, NULL, 0, &seen, 1, 0, &err), err);
    CHECK_OK(ay_store_arrivals_add(t.s, 0, NULL, 0, &seen, 1, 0, &err), err); /* again: still one */
    ay_store_close(t.s);
    t.s = open_store();
    CHECK_OK(ay_store_watch_list(t.s, &t.arena, &list, &n, &err), err);
    for (size_t i = 0; i < n; i++)
        found += list[i].id == id && strcmp(list[i].folder, "/pics") == 0 && list[i].classes && !list[i].once &&
                 list[i].class_id == 2 && list[i].batch == t.batch;
    CHECK(found == 1);
    CHECK_OK(ay_store_watched_known(t.s, &seen, &known, &err), err);
    CHECK(known);
    CHECK_OK(ay_store_watched_content(t.s, id, DIGEST_B, &known, &err), err);
    CHECK(known);
    CHECK_OK(ay_store_watched_content(t.s, id, DIGEST_A, &known, &err), err);
    CHECK(!known);
    seen.changed_us++;
    CHECK_OK(ay_store_watched_known(t.s, &seen, &known, &err), err);
    CHECK(!known);
    CHECK_OK(ay_store_watch_remove(t.s, id, &err), err);
    CHECK(ay_store_watch_remove(t.s, id, &err) == AY_ENOTFOUND);
    end(&t);
}

static void facts_are_filled_in_later(void)
{
    setting t = begin(1);
    ay_store_picture p = {.sha256 = t.sha[0], .format = "png", .width = 1, .height = 1, .bytes = 1};
    ay_store_added added;
    ay_store_member *m;
    const char **list, *after = "";
    size_t n, found = 0;

    CHECK_OK(ay_store_member_add(t.s, t.klass, "x", &p, NULL, &added, &err), err); /* camera NULL: nobody looked */
    do { /* a database that tests share has others */
        CHECK_OK(ay_store_facts_missing(t.s, after, 1000, &t.arena, &list, &n, &err), err);
        for (size_t i = 0; i < n; i++)
            found += strcmp(after = list[i], t.sha[0]) == 0;
    } while (n == 1000);
    CHECK(found == 1);
    CHECK_OK(ay_store_facts_put(t.s, &(ay_store_fact){t.sha[0], 42, "Canon"}, 1, &err), err);
    CHECK_OK(ay_store_facts_missing(t.s, "", 1000, &t.arena, &list, &n, &err), err);
    for (size_t i = 0; i < n; i++)
        CHECK(strcmp(list[i], t.sha[0]) != 0);
    CHECK_OK(ay_store_member_list(t.s, t.dataset, 0, 0, 5, &t.arena, &m, &n, &err), err);
    CHECK(n == 1 && m[0].picture.taken_us == 42 && strcmp(m[0].picture.camera, "Canon") == 0);
    end(&t);
}

TESTS({"what waits comes in order and survives", what_waits_comes_in_order_and_survives},
      {"files of what waits are referenced", files_of_what_waits_are_referenced},
      {"settling is one transaction", settling_is_one_transaction},
      {"failures are listed and dismissed", failures_are_listed_and_dismissed},
      {"dropping frees what nothing else names", dropping_frees_what_nothing_else_names},
      {"a lost class fails by itself", a_lost_class_fails_by_itself},
      {"only what nobody sorted is sorted", only_what_nobody_sorted_is_sorted},
      {"what is sorted stays unless moved", what_is_sorted_stays_unless_moved},
      {"folders and what was read of them", folders_and_what_was_read_of_them},
      {"facts are filled in later", facts_are_filled_in_later})
