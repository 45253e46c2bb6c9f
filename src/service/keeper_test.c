/* Pictures that wait for vectors: what one bad picture, and an engine with little room, do to the others. */
#include "service/fake_test.h"

enum { PICTURES = 16, ODD_WIDTH = 23 };

static ay_err err = {{0}};
static ay_arena arena;

static void teach(ay_service *s, const ay_buf *b)
{
    ay_added added;

    CHECK_OK(ay_picture_add(s, NULL, "red", "p.png", b->data, b->len, NULL, &arena, &added, &err), err);
}

/* PICTURES of them, one of an odd width in their midst. */
static void fill(const char *dir)
{
    fake_encoder f;
    ay_buf b = {0};
    ay_image im;
    ay_service *s;

    fake_init(&f, 'a');
    s = fake_open(dir, &f);
    CHECK_OK(ay_class_create(s, NULL, "red", NULL, &err), err);
    for (uint64_t i = 0; i < PICTURES - 1; i++) {
        fake_picture(&b, 0xd02020, i);
        teach(s, &b);
        if (i != PICTURES / 2)
            continue;
        b.len = 0;
        CHECK_OK(ay_image_create(&im, ODD_WIDTH, 20, &err), err);
        memset(im.data, 77, (size_t)ODD_WIDTH * 20 * 3);
        CHECK_OK(ay_image_encode_png(&im, &b, &err), err);
        ay_image_fini(&im);
        teach(s, &b);
    }
    ay_buf_fini(&b);
    ay_service_close(s);
}

/* Open with a new encoder; how many have a vector when the keeper has done what it can. */
static int64_t embedded_by(const char *dir, fake_encoder *f)
{
    ay_service_options o = {.data = dir, .embedder = fake_embedder(f)};
    ay_service_stats stats;
    ay_service *s;

    CHECK_OK(ay_service_open(&s, &o, &err), err);
    CHECK(ay_service_wait_idle(s, 10000));
    ay_service_get_stats(s, &stats);
    CHECK(stats.pictures == PICTURES);
    ay_service_close(s);
    return stats.pictures - stats.unembedded;
}

static void one_bad_picture_spares_the_others(void)
{
    const char *dir = fake_folder();
    fake_encoder f;

    fill(dir);
    fake_init(&f, 'c');
    f.spoilt = ODD_WIDTH;
    CHECK(embedded_by(dir, &f) == PICTURES - 1);
    f.spoilt = 0;
    CHECK(embedded_by(dir, &f) == PICTURES); /* it is tried again at the next start */
    fake_folder_gone(dir);
}

static void room_for_one_is_enough(void)
{
    const char *dir = fake_folder();
    fake_encoder f;

    fill(dir);
    fake_init(&f, 'c');
    f.most = 1;
    CHECK(embedded_by(dir, &f) == PICTURES);
    fake_folder_gone(dir);
}

TESTS({"one bad picture spares the others of its group", one_bad_picture_spares_the_others},
      {"where there is room for one picture only, all get their vectors", room_for_one_is_enough})
