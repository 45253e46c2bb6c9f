/* engine/vectors_test.h - for tests: numbers out of test/vectors/judge.json. */
#ifndef AY_ENGINE_VECTORS_TEST_H
#define AY_ENGINE_VECTORS_TEST_H

#include "base/mem.h"
#include "base/test.h"

#include <jansson.h>
#include <math.h>
#include <sodium.h>

static inline json_t *vectors_open(void)
{
    json_t *all = json_load_file("test/vectors/judge.json", 0, NULL);

    CHECK(all);
    return all;
}

/* Base64 of floats; the caller gives it to ay_free(). */
static inline float *vectors_floats(const json_t *from, const char *key, size_t *count)
{
    const char *text = json_string_value(json_object_get(from, key));
    size_t size = text ? strlen(text) : 0, got = 0;
    float *out = ay_calloc(size + 1, 1);

    CHECK(text && out);
    CHECK(sodium_base642bin((unsigned char *)out, size, text, size, NULL, &got, NULL,
                            sodium_base64_VARIANT_ORIGINAL) == 0);
    if (count)
        *count = got / sizeof *out;
    return out;
}

static inline int *vectors_ints(const json_t *from, const char *key)
{
    const json_t *list = json_object_get(from, key);
    int *out = ay_calloc(json_array_size(list) + 1, sizeof *out);

    CHECK(json_array_size(list) && out);
    for (size_t i = 0; i < json_array_size(list); i++)
        out[i] = (int)json_integer_value(json_array_get(list, i));
    return out;
}

static inline double vectors_number(const json_t *from, const char *key)
{
    const json_t *v = json_object_get(from, key);

    CHECK(json_is_number(v));
    return json_number_value(v);
}

static inline double vectors_at(const json_t *from, const char *key, size_t i)
{
    const json_t *v = json_array_get(json_object_get(from, key), i);

    CHECK(json_is_number(v));
    return json_number_value(v);
}

static inline int vectors_near(double got, double want, double share)
{
    if (fabs(got - want) <= share * (fabs(want) > 1 ? fabs(want) : 1))
        return 1;
    printf("  got %.12g, wanted %.12g\n", got, want);
    return 0;
}

#endif
