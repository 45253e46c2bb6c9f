/* service/gallery_test.c - a large data set's codes stay in step with its vectors while pictures come, wait and go. */
#include "service/gallery.h"

#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"

#include <stdio.h>
#include <string.h>

enum { DIM = 40, MANY = 2 * AY_GALLERY_LARGE };

static ay_err err;

static void vector_of(int i, float *dst)
{
    ay_rng rng;

    ay_rng_init3(&rng, 5, (uint64_t)i, 0);
    for (int d = 0; d < DIM; d++)
        dst[d] = (float)ay_rng_unit(&rng) - .5f;
    ay_unit(dst, dst, DIM);
}

static void name_of(int i, char sha256[AY_SHA256_HEX])
{
    ay_sha256_bytes(&i, sizeof i, sha256);
}

static void add(ay_gallery *g, int i, bool ready)
{
    ay_gallery_item item = {.member = i + 1};
    float v[DIM];

    name_of(i, item.sha256);
    item.file = ay_strdup("x");
    vector_of(i, v);
    CHECK_OK(ay_gallery_reserve(g, 1, 0, &err), err);
    ay_gallery_add(g, &item, ready ? v : NULL);
}

/* Whoever is there finds itself first; by codes and by floats the same ten. */
static void finds_as_floats_do(const ay_gallery *g, int i)
{
    ay_rows rows = {g->vectors, g->nready, g->dim};
    ay_hit by_codes[10], by_floats[10];
    char sha256[AY_SHA256_HEX];
    float v[DIM];

    vector_of(i, v);
    name_of(i, sha256);
    CHECK_OK(ay_gallery_top(g, v, 1, 10, 1, by_codes, &err), err);
    CHECK_OK(ay_search_top(&rows, v, 1, 10, 1, by_floats, &err), err);
    for (int k = 0; k < 10; k++)
        CHECK(by_codes[k].row == by_floats[k].row);
    CHECK((strcmp(g->items[by_codes[0].row].sha256, sha256) == 0) == (ay_gallery_find(g, sha256) != NULL));
}

static void codes_stay_in_step(void)
{
    char sha256[AY_SHA256_HEX];
    ay_gallery *g;
    float v[DIM];

    CHECK_OK(ay_gallery_create(&g, 1, "many", 0, DIM, &err), err);
    CHECK_OK(ay_gallery_reserve(g, 1, 1, &err), err);
    ay_gallery_class_add(g, 1, "all", 0);
    for (int i = 0; i < MANY; i++)
        add(g, i, i % 3 != 0);
    for (int i = 0; i < MANY; i += 3) { /* those that waited */
        name_of(i, sha256);
        vector_of(i, v);
        ay_gallery_embed(g, sha256, v);
    }
    CHECK(g->codes.cap >= g->nready && g->nready == MANY);
    for (int i = 0; i < MANY; i += 7) {
        name_of(i, sha256);
        ay_gallery_remove(g, ay_gallery_find(g, sha256));
    }
    for (int i = 0; i < MANY; i += 97)
        finds_as_floats_do(g, i);
    ay_gallery_destroy(g);
}

TESTS({"codes stay in step with vectors", codes_stay_in_step})
