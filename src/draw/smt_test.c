/* Drawn boards: repeatable, every package turned is another picture, what is said in words is what is drawn. */
#include "draw/smt.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/test.h"

#include <jansson.h>

enum { SIDE = 64 };
static ay_err err;

static void shoot(int place, ay_smt_light light, uint32_t board, ay_smt_fault fault, ay_image *im)
{
    ay_smt_shot shot = {.place = place, .light = light, .board = board, .fault = fault};

    CHECK_OK(ay_smt_picture(&shot, 5, SIDE, SIDE, im, &err), err);
    CHECK(im->width == SIDE && im->height == SIDE && im->data);
}

/* Mean absolute difference in the middle half, where the part is. */
static double apart(const ay_image *a, const ay_image *b)
{
    double sum = 0;

    for (int y = SIDE / 4; y < 3 * SIDE / 4; y++)
        for (int x = 3 * SIDE / 4; x < 9 * SIDE / 4; x++)
            sum += abs(a->data[y * 3 * SIDE + x] - b->data[y * 3 * SIDE + x]);
    return sum / (SIDE / 2.0 * SIDE * 1.5);
}

static void the_same_picture_again(void)
{
    ay_smt_shot shot = {.place = 3, .light = AY_SMT_SIDE, .board = 9};
    ay_image a, b;

    shoot(3, AY_SMT_SIDE, 9, AY_SMT_GOOD, &a);
    shoot(3, AY_SMT_SIDE, 9, AY_SMT_GOOD, &b);
    CHECK(memcmp(a.data, b.data, SIDE * SIDE * 3) == 0);
    ay_image_fini(&b);
    CHECK_OK(ay_smt_picture(&shot, 6, SIDE, SIDE, &b, &err), err); /* another seed */
    CHECK(memcmp(a.data, b.data, SIDE * SIDE * 3) != 0);
    ay_image_fini(&a);
    ay_image_fini(&b);
}

/* A fault is farther from the good part on the same board than light noise is, in both lights. */
static void faults_show(void)
{
    ay_image good, bad;
    int seen = 0;

    for (int place = 0; place < ay_smt_place_count(); place++)
        for (int l = 0; l < AY_SMT_LIGHTS; l++) {
            shoot(place, (ay_smt_light)l, 4, AY_SMT_GOOD, &good);
            for (int f = AY_SMT_GOOD + 1; f < AY_SMT_FAULTS; f++) {
                if (!ay_smt_can(ay_smt_place_at(place)->package, (ay_smt_fault)f))
                    continue;
                shoot(place, (ay_smt_light)l, 4, (ay_smt_fault)f, &bad);
                if (f != AY_SMT_BRIDGE && apart(&good, &bad) < 4)
                    printf("  %s, %s: %.2f\n", ay_smt_place_at(place)->component, ay_smt_fault_name((ay_smt_fault)f),
                           apart(&good, &bad));
                CHECK(f == AY_SMT_BRIDGE || apart(&good, &bad) >= 4);
                CHECK(memcmp(good.data, bad.data, SIDE * SIDE * 3) != 0);
                ay_image_fini(&bad);
                seen++;
            }
            ay_image_fini(&good);
        }
    CHECK(seen >= 8 * 7 * 2);
}

static void boards_and_lights_differ(void)
{
    ay_image a, b;

    for (int place = 0; place < ay_smt_place_count(); place++) {
        shoot(place, AY_SMT_TOP, 1, AY_SMT_GOOD, &a);
        shoot(place, AY_SMT_TOP, 2, AY_SMT_GOOD, &b);
        CHECK(apart(&a, &b) > 1);
        ay_image_fini(&b);
        shoot(place, AY_SMT_SIDE, 1, AY_SMT_GOOD, &b);
        CHECK(apart(&a, &b) > 4);
        ay_image_fini(&a);
        ay_image_fini(&b);
    }
}

static void wrong_calls(void)
{
    ay_smt_shot shot = {.place = 99};
    ay_image im;

    CHECK(ay_smt_picture(&shot, 1, SIDE, SIDE, &im, &err) == AY_EINVAL && !im.data);
    shot.place = 0;
    CHECK(ay_smt_picture(&shot, 1, 16, SIDE, &im, &err) == AY_EINVAL && !im.data);
    CHECK(!ay_smt_place_at(-1) && !ay_smt_place_at(ay_smt_place_count()));
    for (int after = 0; after < 3; after++) {
        ay_mem_fail_after(after);
        CHECK(ay_smt_picture(&shot, 1, SIDE, SIDE, &im, &err) == AY_ENOMEM && !im.data);
        ay_mem_fail_after(-1);
    }
    CHECK(!ay_smt_can(AY_SMT_CHIP, AY_SMT_TOMBSTONE) && ay_smt_can(AY_SMT_DIODE, AY_SMT_TOMBSTONE));
}

static ay_status count(void *ctx, const char *path, ay_err *e)
{
    (void)path, (void)e;
    ++*(int *)ctx;
    return AY_OK;
}

static void a_whole_set(void)
{
    char dir[] = "/tmp/assay-smt-XXXXXX", path[200];
    int ok = 0, ng = 0, n = ay_smt_place_count() * AY_SMT_LIGHTS;
    ay_smt_set set = {.boards = 2, .faulty = 3, .seed = 5, .size = 32};
    ay_buf csv = {0};
    json_t *truth;
    int lines = 0;

    CHECK(mkdtemp(dir));
    set.out = dir;
    CHECK_OK(ay_smt_write(&set, &err), err);
    snprintf(path, sizeof path, "%s/OK", dir);
    CHECK_OK(ay_file_walk(path, count, &ok, &err), err);
    snprintf(path, sizeof path, "%s/NG", dir);
    CHECK_OK(ay_file_walk(path, count, &ng, &err), err);
    CHECK(ok == 2 * n && ng == 3 * n);
    snprintf(path, sizeof path, "%s/plant.csv", dir);
    CHECK_OK(ay_file_read(path, 0, &csv, &err), err);
    for (size_t i = 0; i < csv.len; i++)
        lines += csv.data[i] == '\n';
    CHECK(lines == 1 + ok + ng);
    ay_buf_fini(&csv);
    snprintf(path, sizeof path, "%s/truth.json", dir);
    truth = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    CHECK(truth && json_object_size(json_object_get(truth, "classes")) == (size_t)n);
    CHECK(json_object_size(json_object_get(truth, "ng")) == (size_t)ng);
    json_decref(truth);
    ay_file_remove_tree(dir);
}

/* Noted once: the same bytes with every compiler and on every machine. */
static void pinned_pictures(void)
{
    static const char *const want[] = {"f6f0cf515aef1c4c70f70966b5476ffdf7b7af228cb1bb40fd51ac2a7bbd8026",
                                       "933bb5a25de97d870380f00f2266175a061b902c7253431322245c50c7bcbcca",
                                       "0755f814f0e21a7118294ce24c045dbac5e91a009ddb1ffb3e1d67a0a82751b6"};

    for (int i = 0; i < 3; i++) {
        char hex[AY_SHA256_HEX];
        ay_image im;
        shoot(3 * i, (ay_smt_light)(i % 2), 7, i == 1 ? AY_SMT_SHIFTED : AY_SMT_GOOD, &im);
        ay_sha256_bytes(im.data, SIDE * SIDE * 3, hex);
        ay_image_fini(&im);
        if (strcmp(hex, want[i]) != 0)
            printf("  \"%s\",\n", hex);
        CHECK(strcmp(hex, want[i]) == 0);
    }
}

TESTS({"the_same_picture_again", the_same_picture_again}, {"faults_show", faults_show},
      {"boards_and_lights_differ", boards_and_lights_differ}, {"wrong_calls", wrong_calls},
      {"a_whole_set", a_whole_set}, {"pinned_pictures", pinned_pictures})
