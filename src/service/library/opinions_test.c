/* service/library/opinions_test.c - what a trained model says of the pictures: asked once, filtered and ordered by, kept over a restart, another model's
 * apart; what is new has none until somebody asks again; a run that is cancelled goes on where it was. */
#include "service/learn/fake_model_test.h"
#include "service/library/change.h"
#include "service/library/library.h"
#include "service/library/opinions.h"
#include "service/library/shelf.h"
#include "service/picture.h"

enum { PICTURES = 30 };

static ay_err err;

typedef struct {
    const char *dir, *library, *klass;
    fake_encoder encoder;
    ay_service *s;
    ay_arena a;
    int64_t sees, blind; /* models */
} room;

static void start(room *r)
{
    r->s = fake_serve(r->dir, &r->encoder);
}

static int64_t install(room *r, const char *weights, const char *name)
{
    char folder[4200];
    int64_t id = 0;

    snprintf(folder, sizeof folder, "%s/model-%s", r->dir, name);
    fake_model_write(folder, weights, name);
    CHECK_OK(ay_registry_install(r->s, folder, NULL, &id, &err), err);
    return id;
}

static void add(room *r, const char *klass, uint32_t colour, int i)
{
    ay_buf b = {0};
    ay_added added;
    char name[32];

    snprintf(name, sizeof name, "p%d.png", i);
    fake_picture(&b, colour, (uint64_t)i);
    CHECK_OK(ay_picture_add(r->s, r->library, klass, name, b.data, b.len, NULL, &r->a, &added, &err), err);
    ay_buf_fini(&b);
}

/* A third of each colour; the red ones are in the class "red", every tenth picture is a red one in the class "blue". */
static void begin(room *r)
{
    static const uint32_t colours[] = {0xff1010, 0x20e020, 0x3040f0};

    memset(r, 0, sizeof *r);
    r->dir = fake_folder();
    fake_init(&r->encoder, 'a');
    ay_arena_init(&r->a, 0);
    start(r);
    CHECK_OK(ay_library(r->s, &r->a, &r->library, &r->klass, &err), err);
    CHECK_OK(ay_class_create(r->s, r->library, "Red", NULL, &err), err);
    CHECK_OK(ay_class_create(r->s, r->library, "blue", NULL, &err), err);
    for (int i = 0; i < PICTURES; i++)
        add(r, i % 10 == 9 ? "blue" : i % 3 == 0 ? "Red" : r->klass, i % 10 == 9 ? 0xff1010 : colours[i % 3], i);
    r->sees = install(r, "weights of one", "sees");
    r->blind = install(r, "blind weights", "blind");
}

static void finish(room *r)
{
    ay_service_close(r->s);
    ay_arena_fini(&r->a);
    fake_folder_gone(r->dir);
}

static ay_status list(room *r, const char *words, ay_shelf_part *part)
{
    ay_picture_filter f = {.n = 0};

    CHECK_OK(ay_filter_words(&f, &r->a, words, &err), err);
    return ay_shelf_list(r->s, NULL, &f, 0, AY_SHELF_MOST, &r->a, part, &err);
}

static size_t total(room *r, const char *words)
{
    ay_shelf_part part;

    CHECK_OK(list(r, words, &part), err);
    return part.total;
}

static ay_opinions_state ask(room *r, const char *model, bool again)
{
    ay_opinions_state now;
    int64_t job;

    CHECK_OK(ay_opinions_ask(r->s, NULL, model, again, &job, &err), err);
    CHECK(ay_service_wait_idle(r->s, 60000));
    CHECK_OK(ay_opinions_look(r->s, NULL, model, &r->a, &now, &err), err);
    return now;
}

static void pictures_are_filtered_and_ordered_by_what_a_model_says(void)
{
    static const char *const words[] = {"predicted:red", "min-score:50%", "is:disputed", "order:score", "max-margin:0.1"};
    ay_opinions_state now;
    ay_shelf_part part;
    int64_t job;
    room r;

    begin(&r);
    CHECK(ay_opinions_ask(r.s, NULL, NULL, false, &job, &err) == AY_ECONFLICT); /* none is active */
    CHECK_OK(ay_registry_promote(r.s, r.sees, &err), err);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        CHECK(list(&r, words[i], &part) == AY_ENOTFOUND); /* nobody asked yet */
        CHECK(strstr(err.msg, "has looked at the pictures yet"));
    }
    now = ask(&r, NULL, false);
    CHECK(now.known == PICTURES && now.pictures == PICTURES && now.active && now.nclasses == 3 && strcmp(now.name, "sees") == 0);
    for (int round = 0; round < 2; round++) { /* in memory, and as it was kept */
        CHECK(total(&r, "predicted:red") == 12 && total(&r, "predicted:GREEN") == 9 && total(&r, "predicted:blue predicted:green") == 18);
        CHECK(total(&r, "-predicted:red") == 18 && total(&r, "-predicted:red -predicted:green -predicted:blue") == 0);
        CHECK(total(&r, "is:disputed") == 3 && total(&r, "is:disputed class:blue predicted:red") == 3);
        CHECK(total(&r, "min-score:0") == PICTURES && total(&r, "min-score:1.0 max-score:0.5") == 0);
        CHECK(total(&r, "min-score:99%") + total(&r, "max-score:0.989999") == PICTURES);
        CHECK(total(&r, "predicted:unknown") == 0 && list(&r, "predicted:nothing", &part) == AY_ENOTFOUND);
        CHECK_OK(list(&r, "order:score", &part), err);
        CHECK(part.total == PICTURES);
        for (size_t i = 1; i < part.n; i++)
            CHECK(part.items[i - 1].score >= part.items[i].score && part.items[i].predicted && part.items[i].model == r.sees);
        CHECK_OK(list(&r, "order:doubt predicted:green", &part), err);
        for (size_t i = 1; i < part.n; i++)
            CHECK(part.items[i - 1].margin <= part.items[i].margin && strcmp(part.items[i].predicted, "green") == 0);
        ay_service_close(r.s);
        start(&r);
    }
    finish(&r);
}

static void opinions_are_a_models_own(void)
{
    ay_opinions_state now;
    ay_shelf_part part;
    ay_change_of_pictures tag = {.add = {"really red"}, .nadd = 1};
    ay_picture_filter f = {.n = 0};
    ay_changed out;
    room r;

    begin(&r);
    CHECK_OK(ay_registry_promote(r.s, r.sees, &err), err);
    ask(&r, NULL, false);
    CHECK_OK(ay_registry_promote(r.s, r.blind, &err), err);
    CHECK(list(&r, "predicted:red", &part) == AY_ENOTFOUND); /* of the new one nothing is known */
    CHECK(total(&r, "predicted:red model:sees") == 12 && total(&r, "predicted:red model:sees:1") == 12);
    CHECK(list(&r, "predicted:red model:sees:2", &part) == AY_ENOTFOUND && list(&r, "min-score:0 model:blind", &part) == AY_ENOTFOUND);
    now = ask(&r, "blind", false);
    CHECK(now.known == PICTURES && strcmp(now.classes[0].name, "blue") == 0 && now.classes[0].pictures == PICTURES);
    CHECK(total(&r, "predicted:blue") == PICTURES && total(&r, "predicted:red model:sees") == 12);
    add(&r, r.klass, 0xff1010, 1000); /* a new one: no opinion, and no filter by one has it */
    CHECK(total(&r, "") == PICTURES + 1 && total(&r, "min-score:0") == PICTURES && total(&r, "-predicted:red") == PICTURES);
    CHECK_OK(ay_opinions_look(r.s, NULL, NULL, &r.a, &now, &err), err);
    CHECK(now.known == PICTURES && now.pictures == PICTURES + 1);
    now = ask(&r, NULL, false);
    CHECK(now.known == PICTURES + 1 && total(&r, "min-score:0") == PICTURES + 1);
    CHECK_OK(ay_filter_words(&f, &r.a, "predicted:red min-score:0.5 model:sees", &err), err);
    CHECK_OK(ay_change_pictures(r.s, &(ay_which){.filter = &f}, &tag, &r.a, &out, &err), err);
    CHECK(out.changed == 12 && total(&r, "tag:\"really red\"") == 12);
    CHECK_OK(ay_registry_delete(r.s, r.sees, &err), err);
    CHECK(ay_opinions_look(r.s, NULL, "sees", &r.a, &now, &err) == AY_ENOTFOUND);
    finish(&r);
}

/* Readers go on beside a run, and a run that is asked to stop leaves what it has. */
static void lists_are_read_while_a_model_looks(void)
{
    ay_opinions_state now;
    int64_t job, same;
    room r;

    begin(&r);
    CHECK_OK(ay_registry_promote(r.s, r.sees, &err), err);
    ask(&r, NULL, false);
    for (int round = 0; round < 5; round++) {
        CHECK_OK(ay_opinions_ask(r.s, NULL, NULL, true, &job, &err), err);
        CHECK_OK(ay_opinions_ask(r.s, NULL, NULL, true, &same, &err), err); /* that one, or the next where it was done already */
        CHECK(same >= job);
        for (int i = 0; i < 20; i++)
            CHECK(total(&r, "predicted:red order:score") == 12 && total(&r, "max-score:1 order:doubt") == PICTURES);
        if (round == 3)
            ay_service_job_cancel(r.s, same, &err); /* it may be over */
        CHECK(ay_service_wait_idle(r.s, 60000));
    }
    CHECK_OK(ay_opinions_look(r.s, NULL, NULL, &r.a, &now, &err), err);
    CHECK(now.known == PICTURES && now.job == 0);
    CHECK_OK(ay_opinions_ask(r.s, NULL, NULL, true, &job, &err), err); /* and closing ends it */
    finish(&r);
}

static void a_share_is_written_in_two_ways(void)
{
    static const char *const bad[] = {"min-score:1.5", "min-score:-0.1", "max-margin:101%", "max-score:much", "min-score:%", "-model:x", "order:best"};
    ay_picture_filter f = {.n = 0};
    ay_arena a;

    ay_arena_init(&a, 0);
    CHECK_OK(ay_filter_words(&f, &a, "min-score:90% max-score:0.95 min-margin:0 max-margin:12.5%", &err), err);
    CHECK(f.list[0].number == 900000 && f.list[1].number == 950000 && f.list[2].number == 0 && f.list[3].number == 125000);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(ay_filter_words(&f, &a, bad[i], &err) == AY_EINVAL);
    ay_arena_fini(&a);
}

TESTS({"pictures are filtered and ordered by what a model says", pictures_are_filtered_and_ordered_by_what_a_model_says},
      {"opinions are a model's own", opinions_are_a_models_own},
      {"lists are read while a model looks", lists_are_read_while_a_model_looks},
      {"a share is written in two ways", a_share_is_written_in_two_ways})
