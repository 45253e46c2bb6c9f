#include "tensor/safetensors.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/test.h"

/* A file from a header text and a number of data bytes, at most 4 KB. */
static size_t make(unsigned char dst[4096], const char *header, size_t data)
{
    size_t n = strlen(header);

    memset(dst, 0, 4096);
    for (int i = 0; i < 8; i++)
        dst[i] = (unsigned char)(n >> 8 * i & 0xff);
    memcpy(dst + 8, header, n);
    for (size_t i = 0; i < data; i++)
        dst[8 + n + i] = (unsigned char)i;
    return 8 + n + data;
}

static ay_status open_text(const char *header, size_t data, ay_err *err)
{
    unsigned char bytes[4096];
    ay_safetensors *st;
    size_t n = make(bytes, header, data);
    unsigned char *exact = ay_memdup(bytes, n); /* so that a sanitizer sees one byte too far */
    ay_status status = ay_safetensors_from_memory(&st, exact, n, err);

    ay_safetensors_close(st);
    ay_free(exact);
    return status;
}

static void reads_views(void)
{
    unsigned char bytes[4096];
    ay_safetensors *st;
    ay_err err;
    size_t n = make(bytes,
                    "{\"__metadata__\":{\"format\":\"pt\"},"
                    "\"b\":{\"dtype\":\"BF16\",\"shape\":[2,3],\"data_offsets\":[4,16]},"
                    "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
                    "\"z\":{\"dtype\":\"I64\",\"shape\":[0,7],\"data_offsets\":[16,16]}}  ",
                    16);

    CHECK_OK(ay_safetensors_from_memory(&st, bytes, n, &err), err);
    CHECK(ay_safetensors_count(st) == 3);
    CHECK(strcmp(ay_safetensors_name(st, 0), "a") == 0);
    const ay_tensor *b = ay_safetensors_find(st, "b");
    CHECK(b && b->dtype == AY_BF16 && b->shape.rank == 2 && b->shape.dim[1] == 3);
    CHECK(b == ay_safetensors_at(st, 1) && *(unsigned char *)b->data == 4);
    CHECK(ay_tensor_bytes(ay_safetensors_find(st, "z")) == 0);
    CHECK(!ay_safetensors_find(st, "c") && !ay_safetensors_find(st, "__metadata__"));
    CHECK(strcmp(ay_safetensors_meta(st, "format"), "pt") == 0 && !ay_safetensors_meta(st, "x"));
    ay_safetensors_close(st);
}

#define T(dtype, shape, offsets)                                                                   \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const struct {
    const char *why, *header;
    size_t data;
    ay_status want;
} hostile[] = {
    {"empty object with data left over", "{}", 1, AY_ECORRUPT},
    {"not JSON", "{\"a\":", 0, AY_ECORRUPT},
    {"an array", "[1,2]", 0, AY_ECORRUPT},
    {"text after the object", "{} x", 0, AY_ECORRUPT},
    {"NUL in a name", "{\"a\\u0000\":" T("F32", "[1]", "[0,4]") "}", 4, AY_ECORRUPT},
    {"bad UTF-8", "{\"\xff\":" T("F32", "[1]", "[0,4]") "}", 4, AY_ECORRUPT},
    {"duplicate name", "{\"a\":" T("F32", "[1]", "[0,4]") ",\"a\":" T("F32", "[1]", "[4,8]") "}", 8,
     AY_ECORRUPT},
    {"duplicate key inside",
     "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F16\",\"shape\":[2],"
     "\"data_offsets\":[0,4]}}",
     4, AY_ECORRUPT},
    {"empty name", "{\"\":" T("F32", "[1]", "[0,4]") "}", 4, AY_ECORRUPT},
    {"body is not an object", "{\"a\":[]}", 0, AY_ECORRUPT},
    {"no dtype", "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, AY_ECORRUPT},
    {"no shape", "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, AY_ECORRUPT},
    {"no offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, AY_ECORRUPT},
    {"unknown dtype", "{\"a\":" T("F33", "[1]", "[0,4]") "}", 4, AY_EUNSUPPORTED},
    {"seven dimensions", "{\"a\":" T("U8", "[1,1,1,1,1,1,1]", "[0,1]") "}", 1, AY_EUNSUPPORTED},
    {"negative dimension", "{\"a\":" T("F32", "[-1]", "[0,4]") "}", 4, AY_ECORRUPT},
    {"two negative dimensions", "{\"a\":" T("F32", "[-1,-1]", "[0,4]") "}", 4, AY_ECORRUPT},
    {"fractional dimension", "{\"a\":" T("F32", "[1.0]", "[0,4]") "}", 4, AY_ECORRUPT},
    {"dimension past 64 bits", "{\"a\":" T("F32", "[99999999999999999999]", "[0,4]") "}", 4,
     AY_ECORRUPT},
    {"product wraps to 4", "{\"a\":" T("F32", "[4611686018427387905]", "[0,4]") "}", 4,
     AY_ECORRUPT},
    {"product wraps to 0", "{\"a\":" T("F32", "[4294967296,4294967296]", "[0,0]") "}", 0,
     AY_ECORRUPT},
    {"too few bytes for the shape", "{\"a\":" T("F32", "[2]", "[0,4]") "}", 4, AY_ECORRUPT},
    {"end before begin", "{\"a\":" T("F32", "[1]", "[4,0]") "}", 4, AY_ECORRUPT},
    {"negative begin", "{\"a\":" T("F32", "[1]", "[-4,0]") "}", 4, AY_ECORRUPT},
    {"end past the file", "{\"a\":" T("F32", "[2]", "[0,8]") "}", 4, AY_ECORRUPT},
    {"end near 2^63", "{\"a\":" T("U8", "[9223372036854775807]", "[0,9223372036854775807]") "}", 4,
     AY_ECORRUPT},
    {"three offsets", "{\"a\":" T("F32", "[1]", "[0,4,8]") "}", 4, AY_ECORRUPT},
    {"offsets are texts", "{\"a\":" T("F32", "[1]", "[\"0\",\"4\"]") "}", 4, AY_ECORRUPT},
    {"overlap", "{\"a\":" T("F32", "[2]", "[0,8]") ",\"b\":" T("F32", "[2]", "[4,12]") "}", 12,
     AY_ECORRUPT},
    {"same bytes twice", "{\"a\":" T("F32", "[1]", "[0,4]") ",\"b\":" T("F32", "[1]", "[0,4]") "}",
     4, AY_ECORRUPT},
    {"hole", "{\"a\":" T("F32", "[1]", "[0,4]") ",\"b\":" T("F32", "[1]", "[8,12]") "}", 12,
     AY_ECORRUPT},
    {"hole at the start", "{\"a\":" T("F32", "[1]", "[4,8]") "}", 8, AY_ECORRUPT},
    {"bytes at the end", "{\"a\":" T("F32", "[1]", "[0,4]") "}", 5, AY_ECORRUPT},
    {"metadata is a list", "{\"__metadata__\":[]}", 0, AY_ECORRUPT},
    {"metadata holds a number", "{\"__metadata__\":{\"a\":1}}", 0, AY_ECORRUPT},
};

static void refuses_hostile_headers(void)
{
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        ay_err err = {""};
        ay_status got = open_text(hostile[i].header, hostile[i].data, &err);
        if (got != hostile[i].want || !err.msg[0])
            printf("  %s: %s \"%s\"\n", hostile[i].why, ay_status_name(got), err.msg);
        CHECK(got == hostile[i].want && err.msg[0]);
    }
}

static void refuses_deep_nesting(void)
{
    char text[4000] = "{\"a\":";

    memset(text + 5, '[', 3900);
    CHECK(open_text(text, 0, NULL) == AY_ECORRUPT);
}

static void refuses_long_name(void)
{
    char text[2000] = "{\"", name[AY_SAFETENSORS_NAME_MAX + 2];

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(text, sizeof text, "{\"%s\":" T("F32", "[1]", "[0,4]") "}", name);
    CHECK(open_text(text, 4, NULL) == AY_ECORRUPT);
}

/* Every cut of a good file is refused; so is every false header length. */
static void refuses_every_cut(void)
{
    unsigned char bytes[4096];
    ay_safetensors *st;
    size_t n = make(bytes, "{\"a\":" T("F32", "[2]", "[0,8]") "}", 8);

    for (size_t cut = 0; cut < n; cut++)
        CHECK(ay_safetensors_from_memory(&st, bytes, cut, NULL) == AY_ECORRUPT && !st);
    for (int bit = 0; bit < 64; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        CHECK(ay_safetensors_from_memory(&st, bytes, n, NULL) == AY_ECORRUPT);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}

static void temp_path(char dst[64])
{
    snprintf(dst, 64, "/tmp/ay_st_%ld.safetensors", (long)getpid());
}

static void writes_and_reads_back(void)
{
    float w[6] = {1, -2, 3.5f, 4, 5, 6};
    uint16_t h[3] = {1, 2, 3};
    ay_named_tensor t[] = {{"w\u00e9", {AY_F32, AY_SHAPE(2, 3), w}},
                           {"h", {AY_BF16, AY_SHAPE(3), h}},
                           {"none", {AY_F32, AY_SHAPE(0), NULL}}};
    const char *meta[] = {"licence", "MIT", "who", "we", NULL};
    char path[64];
    ay_safetensors *st;
    ay_err err;

    temp_path(path);
    CHECK_OK(ay_safetensors_write(path, t, 3, meta, &err), err);
    CHECK_OK(ay_safetensors_open(&st, path, &err), err);
    unlink(path);
    const ay_tensor *a = ay_safetensors_find(st, "w\u00e9"), *b = ay_safetensors_find(st, "h");
    CHECK(a && memcmp(a->data, w, sizeof w) == 0 && (size_t)a->data % 64 == 0);
    CHECK(b && memcmp(b->data, h, sizeof h) == 0 && ay_safetensors_find(st, "none"));
    CHECK(strcmp(ay_safetensors_meta(st, "licence"), "MIT") == 0);
    ay_safetensors_close(st);
    t[1].name = t[0].name;
    CHECK(ay_safetensors_write(path, t, 2, NULL, &err) == AY_EINVAL && !ay_file_exists(path));
}

static void survives_refused_memory(void)
{
    float w[2] = {1, 2};
    ay_named_tensor t = {"w", {AY_F32, AY_SHAPE(2), w}};
    char path[64];
    long live = ay_mem_live();
    int ok = 0;

    temp_path(path);
    for (long n = 0; !ok && n < 50; n++) {
        ay_safetensors *st = NULL;
        ay_mem_fail_after(n);
        ay_status status = ay_safetensors_write(path, &t, 1, NULL, NULL);
        if (status == AY_OK)
            status = ay_safetensors_open(&st, path, NULL);
        ay_mem_fail_after(-1);
        ay_safetensors_close(st);
        CHECK(status == AY_OK || status == AY_ENOMEM);
        CHECK(ay_mem_live() == live);
        ok = status == AY_OK;
        unlink(path);
    }
    CHECK(ok);
}

static void names_the_file(void)
{
    ay_safetensors *st;
    ay_err err;

    CHECK(ay_safetensors_open(&st, "/nonexistent/x.safetensors", &err) == AY_ENOTFOUND);
    CHECK(strstr(err.msg, "/nonexistent/x.safetensors"));
}

/* Names in any order, data elsewhere; one name twice is refused. */
static void lists(void)
{
    float x[4] = {1, 2, 3, 4};
    char name[8] = "beta";
    ay_named_tensor list[] = {{name, ay_tensor_make(AY_F32, AY_SHAPE(3), x + 1)},
                              {"alpha", ay_tensor_make(AY_F32, AY_SHAPE(1), x)},
                              {"alpha", ay_tensor_make(AY_F32, AY_SHAPE(1), x)}};
    long live = ay_mem_live();
    ay_safetensors *st;
    ay_err err;

    CHECK_OK(ay_safetensors_from_list(&st, list, 2, &err), err);
    name[0] = 'z'; /* names are copied */
    CHECK(ay_safetensors_count(st) == 2 && strcmp(ay_safetensors_name(st, 0), "alpha") == 0);
    CHECK(ay_safetensors_find(st, "beta")->data == x + 1 && !ay_safetensors_find(st, "zeta"));
    CHECK(!ay_safetensors_meta(st, "format"));
    ay_safetensors_close(st);
    CHECK(ay_safetensors_from_list(&st, list, 3, &err) == AY_ECORRUPT && !st);
    CHECK(strstr(err.msg, "alpha") && ay_mem_live() == live);
}

TESTS({"lists", lists}, {"reads_views", reads_views}, {"refuses_hostile_headers", refuses_hostile_headers},
      {"refuses_deep_nesting", refuses_deep_nesting}, {"refuses_long_name", refuses_long_name},
      {"refuses_every_cut", refuses_every_cut}, {"writes_and_reads_back", writes_and_reads_back},
      {"survives_refused_memory", survives_refused_memory}, {"names_the_file", names_the_file})
