/* service/library/review_test.c - what is asked, in which order, once for near copies; what an answer changes; what it brings. */
#include "service/fake_test.h"
#include "service/library/library.h"
#include "service/library/review.h"

static ay_err err;
static const uint32_t red = 0xd02020, green = 0x20c020, blue = 0x2020d0, odd = 0xe0e020;

typedef struct {
    const char *dir, *library, *unsorted;
    fake_encoder f;
    ay_service *s;
    ay_arena a;
    int made;
} yard;

static void open_yard(yard *y)
{
    memset(y, 0, sizeof *y);
    y->dir = fake_folder();
    fake_init(&y->f, 'a');
    ay_arena_init(&y->a, 0);
    y->s = fake_open(y->dir, &y->f);
    CHECK_OK(ay_library(y->s, &y->a, &y->library, &y->unsorted, &err), err);
}

static void close_yard(yard *y)
{
    ay_service_close(y->s);
    ay_arena_fini(&y->a);
    fake_folder_gone(y->dir);
}

/* klass NULL: without a class. */
static const char *add(yard *y, uint32_t colour, const char *dataset, const char *klass)
{
    ay_buf b = {0};
    ay_added added;

    fake_picture(&b, colour, (uint64_t)++y->made);
    CHECK_OK(ay_picture_add(y->s, dataset ? dataset : y->library, klass ? klass : y->unsorted, "p.png", b.data, b.len, NULL, &y->a, &added,
                            &err), err);
    ay_buf_fini(&b);
    return ay_arena_strdup(&y->a, added.picture.sha256);
}

static ay_review queue(yard *y, const char *dataset)
{
    ay_review r;

    CHECK_OK(ay_review_queue(y->s, dataset, 20, &y->a, &r, &err), err);
    return r;
}

static const ay_review_item *item(const ay_review *r, const char *sha256)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->items[i].sha256, sha256) == 0)
            return &r->items[i];
    return NULL;
}

static ay_status give(yard *y, const char *dataset, const char *sha256, const char *answer, const char *label, char undo[AY_UNDO_SIZE])
{
    ay_review_answer in = {.dataset = dataset, .sha256 = sha256, .answer = answer, .label = label, .why = "margin"};
    int64_t changed;

    return ay_review_give(y->s, &in, undo, &changed, &err);
}

static void with_nothing_taught_it_asks_for_what_stands_for_many(void)
{
    char undo[AY_UNDO_SIZE];
    ay_review r;
    yard y;

    open_yard(&y);
    r = queue(&y, NULL);
    CHECK(r.n == 0 && r.waiting == 0);
    for (int i = 0; i < 30; i++)
        add(&y, i % 3 == 0 ? red : i % 3 == 1 ? green : blue, NULL, NULL);
    r = queue(&y, NULL);
    CHECK(r.n >= 3 && r.waiting == 30 && r.taught == 0);
    for (size_t i = 0; i < r.n; i++)
        CHECK(r.items[i].why == AY_REVIEW_FIRST && r.items[i].nguess == 0 && r.items[i].stands_for >= 1);
    CHECK_OK(give(&y, NULL, r.items[0].sha256, "class", "first", undo), err);
    CHECK(*undo && queue(&y, NULL).taught == 1);
    close_yard(&y);
}

static void near_copies_are_one_question(void)
{
    ay_review r;
    yard y;

    open_yard(&y);
    for (int i = 0; i < 4; i++) {
        add(&y, red, NULL, NULL);
        add(&y, green, NULL, NULL);
    }
    r = queue(&y, NULL); /* the histogram of a colour is nearly the same each time: two questions, not eight */
    CHECK(r.n == 2);
    for (size_t i = 0; i < r.n; i++)
        CHECK(r.items[i].ncopies == 3 && r.items[i].stands_for == 4);
    close_yard(&y);
}

static void teach_colours(yard *y, const char *dataset, int each)
{
    CHECK_OK(ay_class_create(y->s, dataset, "red", NULL, &err), err);
    CHECK_OK(ay_class_create(y->s, dataset, "green", NULL, &err), err);
    for (int i = 0; i < each; i++) {
        add(y, red, dataset, "red");
        add(y, green, dataset, "green");
    }
}

static void a_wrong_label_is_asked_about_and_an_answer_mends_it(void)
{
    const char *wrong;
    char undo[AY_UNDO_SIZE];
    const ay_review_item *q;
    ay_review r;
    yard y;

    open_yard(&y);
    teach_colours(&y, "main", 8);
    wrong = add(&y, red, "main", "green");
    r = queue(&y, "main");
    q = item(&r, wrong);
    CHECK(q && q->why == AY_REVIEW_LABEL && q->taught && strcmp(q->label, "green") == 0);
    CHECK(q && q->nguess == 2 && strcmp(q->guess[0].label, "red") == 0);
    CHECK(give(&y, "main", wrong, "class", "", undo) == AY_EINVAL && give(&y, "main", wrong, "perhaps", "x", undo) == AY_EINVAL);
    CHECK(give(&y, "main", "no digest", "skip", NULL, undo) == AY_EINVAL);
    CHECK_OK(give(&y, "main", wrong, "class", "red", undo), err);
    r = queue(&y, "main");
    CHECK(!item(&r, wrong));
    close_yard(&y);
}

static void a_stranger_and_a_skip(void)
{
    const char *stranger;
    char undo[AY_UNDO_SIZE];
    const ay_review_item *q;
    ay_undo_result back;
    ay_review r;
    yard y;

    open_yard(&y);
    teach_colours(&y, "main", 12);
    stranger = add(&y, odd, NULL, NULL);
    r = queue(&y, "main");
    q = item(&r, stranger);
    CHECK(q && q->why == AY_REVIEW_OUTLIER && !q->taught && r.waiting == 1);
    CHECK_OK(give(&y, "main", stranger, "skip", NULL, undo), err);
    CHECK(!*undo);
    r = queue(&y, "main");
    CHECK(!item(&r, stranger));
    stranger = add(&y, blue, NULL, NULL);
    CHECK_OK(give(&y, "main", stranger, "class", "blue", undo), err); /* a new class of the data set; it stays in the library */
    CHECK(queue(&y, "main").classes == 3 && queue(&y, "main").waiting == 0); /* what was skipped does not wait */
    CHECK_OK(ay_service_undo(y.s, undo, &back, &err), err);
    r = queue(&y, "main");
    CHECK(r.waiting == 1 && item(&r, stranger));
    close_yard(&y);
}

static void progress_tells_what_was_guessed_and_what_was_right(void)
{
    ay_review_point *points;
    char undo[AY_UNDO_SIZE];
    ay_undo_result back;
    size_t n;
    yard y;

    open_yard(&y);
    teach_colours(&y, "main", 6);
    CHECK_OK(give(&y, "main", add(&y, red, NULL, NULL), "class", "red", undo), err);    /* as it would have guessed */
    CHECK_OK(give(&y, "main", add(&y, green, NULL, NULL), "class", "moss", undo), err); /* not as it would have */
    CHECK_OK(give(&y, "main", add(&y, green, NULL, NULL), "skip", NULL, undo), err);
    CHECK_OK(ay_review_progress(y.s, "main", 50, &y.a, &points, &n, &err), err);
    CHECK(n == 3 && points[0].guessed == 1 && points[0].right == 1 && points[0].accuracy == 1);
    CHECK(points[1].answers == 2 && points[1].right == 1 && points[1].recent == .5 && points[2].answers == 2);
    CHECK_OK(give(&y, "main", add(&y, red, NULL, NULL), "class", "red", undo), err);
    CHECK_OK(ay_review_progress(y.s, "main", 50, &y.a, &points, &n, &err), err);
    CHECK(n == 4 && points[3].answers == 3);
    CHECK_OK(ay_service_undo(y.s, undo, &back, &err), err); /* an answer that is taken back was none */
    CHECK_OK(ay_review_progress(y.s, "main", 50, &y.a, &points, &n, &err), err);
    CHECK(n == 3 && points[2].answers == 2);
    CHECK_OK(ay_review_progress(y.s, "main", 2, &y.a, &points, &n, &err), err);
    CHECK(n <= 3 && points[n - 1].answers == 2);
    close_yard(&y);
}

/* Twenty rows of one direction and one of another with a lower weight: two questions. */
static void rank_spreads_over_what_there_is(void)
{
    enum { N = 21, DIM = 8 };
    float v[N * DIM] = {0};
    ay_review_reason why[N];
    ay_review_pick *picks;
    ay_rows rows = {v, N, DIM};
    ay_arena a;
    size_t n;

    ay_arena_init(&a, 0);
    for (int i = 0; i < N; i++) {
        v[i * DIM + (i == 20)] = 1;
        v[i * DIM + 2] = .01f * (float)i;
        ay_unit(v + i * DIM, v + i * DIM, DIM);
        why[i] = (ay_review_reason){AY_REVIEW_MARGIN, i == 20 ? .2 : .9};
    }
    CHECK_OK(ay_review_rank(&rows, why, 5, 1, &a, &picks, &n, &err), err);
    CHECK(n == 2 && picks[0].row == 0 && picks[0].ncopies == 19 && picks[0].copies[0] == 1);
    CHECK(picks[1].row == 20 && picks[1].ncopies == 0);
    for (int i = 0; i < N; i++)
        why[i].weight = 0;
    CHECK_OK(ay_review_rank(&rows, why, 5, 1, &a, &picks, &n, &err), err);
    CHECK(n == 0);
    ay_arena_fini(&a);
}

TESTS({"with nothing taught it asks for what stands for many", with_nothing_taught_it_asks_for_what_stands_for_many},
      {"near copies are one question", near_copies_are_one_question},
      {"a wrong label is asked about and an answer mends it", a_wrong_label_is_asked_about_and_an_answer_mends_it},
      {"a stranger and a skip", a_stranger_and_a_skip},
      {"progress tells what was guessed and what was right", progress_tells_what_was_guessed_and_what_was_right},
      {"rank spreads over what there is", rank_spreads_over_what_there_is})
