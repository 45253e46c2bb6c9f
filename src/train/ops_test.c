#include "base/test.h"

#include "base/hash.h"
#include "base/mem.h"
#include "train/ops.h"

#include <math.h>

#define VECTORS "test/vectors/augment.tsv"

/* The source picture of make_augment.py. */
static void draw(ay_image *im, int width, int height)
{
    CHECK(ay_image_create(im, width, height, NULL) == AY_OK);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *p = im->data + ((size_t)y * (size_t)width + (size_t)x) * 3;
            p[0] = (uint8_t)(x * 4 + y * 2 + (x * y) % 29);
            p[1] = (uint8_t)(y * 5 + (x * x) % 61);
            p[2] = (uint8_t)(255 - x * 3 + (y * y * 3) % 47);
        }
}

static ay_planes a, b; /* source and result of the case under test */

static void prepare(int size)
{
    ay_image im;
    ay_err err;

    CHECK_OK(ay_planes_init(&a, size, &err), err);
    CHECK_OK(ay_planes_init(&b, size, &err), err);
    draw(&im, size, size);
    ay_op_take(&im, 0, 0, &a);
    ay_image_fini(&im);
}

static void clear(void)
{
    ay_planes_fini(&a);
    ay_planes_fini(&b);
}

static void interleave(const ay_planes *p, uint8_t *dst)
{
    size_t n = (size_t)p->size * (size_t)p->size;

    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            dst[3 * i + c] = p->plane[c][i];
}

static void hash(const ay_planes *p, char hex[AY_SHA256_HEX])
{
    static uint8_t bytes[3 * 128 * 128];

    interleave(p, bytes);
    ay_sha256_bytes(bytes, 3 * (size_t)p->size * (size_t)p->size, hex);
}

typedef struct {
    const char *name;
    double v[8];
} job;

static void corners(const job *j, int n, ay_planes *from, ay_planes *to)
{
    const int whole[4][2] = {{0, 0}, {n, 0}, {n, n}, {0, n}};
    int at[4][2];
    double c[8];

    for (int i = 0; i < 8; i++)
        at[i / 2][i % 2] = (int)j->v[i];
    ay_op_perspective_solve(whole, at, c);
    ay_op_perspective(from, c, to);
}

static void resized_crop(const job *j)
{
    static const uint8_t black[3];
    ay_image im, part, small;

    draw(&im, 90, 60);
    CHECK(ay_image_crop(&im, (int)j->v[0], (int)j->v[1], (int)j->v[2], (int)j->v[3], black, &part,
                        NULL) == AY_OK);
    CHECK(ay_image_resize(&part, b.size, b.size, AY_FILTER_BILINEAR, &small, NULL) == AY_OK);
    ay_op_take(&small, 0, 0, &b);
    ay_image_fini(&im);
    ay_image_fini(&part);
    ay_image_fini(&small);
}

/* As chain() of make_augment.py: everything in the order of training. */
static void chain(void)
{
    const int whole[4][2] = {{0, 0}, {63, 0}, {63, 63}, {0, 63}};
    const int at[4][2] = {{2, 3}, {62, 1}, {60, 61}, {1, 62}};
    ay_image im, squashed;
    double c[8];

    draw(&im, 100, 75);
    CHECK(ay_image_resize(&im, 96, 96, AY_FILTER_BILINEAR, &squashed, NULL) == AY_OK);
    ay_op_take(&squashed, 20, 9, &a);
    ay_op_flip_horizontal(&a);
    ay_op_rotate(&a, -7.25, &b);
    ay_op_hue(&b, 0.0625f);
    ay_op_contrast(&b, 1.125f);
    ay_op_brightness(&b, 0.875f);
    ay_op_saturation(&b, 1.1875f);
    ay_op_perspective_solve(whole, at, c);
    ay_op_perspective(&b, c, &a);
    ay_image_fini(&im);
    ay_image_fini(&squashed);
}

/* Returns where the result is; NULL for an operation that is not known. */
static ay_planes *perform(const job *j)
{
    const char *n = j->name;
    float v = (float)j->v[0];

#define IS(word) (strcmp(n, word) == 0)
    if (IS("horizontal"))
        return ay_op_flip_horizontal(&a), &a;
    if (IS("vertical"))
        return ay_op_flip_vertical(&a), &a;
    if (IS("rotate"))
        return ay_op_rotate(&a, j->v[0], &b), &b;
    if (IS("shear_x") || IS("shear_y"))
        return ay_op_shear(&a, j->v[0], IS("shear_y"), &b), &b;
    if (IS("translate"))
        return ay_op_translate(&a, (int)j->v[0], (int)j->v[1], &b), &b;
    if (IS("brightness"))
        return ay_op_brightness(&a, v), &a;
    if (IS("contrast"))
        return ay_op_contrast(&a, v), &a;
    if (IS("saturation"))
        return ay_op_saturation(&a, v), &a;
    if (IS("sharpness"))
        return ay_op_sharpness(&a, v, &b), &b;
    if (IS("hue"))
        return ay_op_hue(&a, v), &a;
    if (IS("posterize"))
        return ay_op_posterize(&a, (int)v), &a;
    if (IS("solarize"))
        return ay_op_solarize(&a, (int)v), &a;
    if (IS("autocontrast"))
        return ay_op_contrast(&a, 0.5f), ay_op_autocontrast(&a), &a;
    if (IS("equalize"))
        return ay_op_equalize(&a), &a;
    if (IS("perspective"))
        return corners(j, a.size - 1, &a, &b), &b;
    if (IS("resized_crop"))
        return resized_crop(j), &b;
    if (IS("chain"))
        return chain(), &a;
    return NULL;
}

static void blur_line(double sigma, const char *want)
{
    static uint8_t got[3 * 21 * 21];
    float *spare = ay_calloc(21 * 6, sizeof *spare);
    int off = 0;

    ay_op_blur(&a, (float)sigma, spare, &b);
    ay_free(spare);
    interleave(&b, got);
    for (size_t i = 0; i < sizeof got; i++) {
        int hi = want[2 * i] <= '9' ? want[2 * i] - '0' : want[2 * i] - 'a' + 10;
        int lo = want[2 * i + 1] <= '9' ? want[2 * i + 1] - '0' : want[2 * i + 1] - 'a' + 10;
        int d = abs(got[i] - (hi * 16 + lo));
        CHECK(d <= 1);
        off += d;
    }
    CHECK(off <= 1); /* of 1323 bytes */
}

static void tensor_line(const char *want)
{
    static const float mean[3] = {0.485f, 0.456f, 0.406f}, std[3] = {0.229f, 0.224f, 0.225f};
    static float table[3][256], out[3 * 64 * 64];
    char hex[AY_SHA256_HEX];

    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++)
            table[c][v] = ((float)v / 255.0f - mean[c]) / std[c];
    ay_op_tensor(&a, &table[0][0], out);
    ay_sha256_bytes(out, sizeof out, hex);
    CHECK(strcmp(hex, want) == 0);
}

static void check_line(char *line)
{
    char *cell[4], hex[AY_SHA256_HEX];
    job j = {0};

    for (int i = 0; i < 4; i++)
        CHECK((cell[i] = strtok(i ? NULL : line, "\t\n")) != NULL);
    j.name = cell[0];
    prepare(atoi(cell[1]));
    char *at = cell[2];
    for (int i = 0; i < 8; i++) { /* "-" alone gives a zero that nobody reads */
        j.v[i] = strtod(at, &at);
        if (*at++ != ',')
            break;
    }
    if (strcmp(j.name, "blur") == 0) {
        blur_line(j.v[0], cell[3]);
    } else if (strcmp(j.name, "tensor") == 0) {
        tensor_line(cell[3]);
    } else {
        const ay_planes *out = perform(&j);
        CHECK(out != NULL);
        hash(out, hex);
        if (strcmp(hex, cell[3]) != 0)
            printf("  %s %s %s differs\n", cell[0], cell[1], cell[2]);
        CHECK(strcmp(hex, cell[3]) == 0);
    }
    clear();
}

static void test_vectors(void)
{
    FILE *f = fopen(VECTORS, "r");
    static char line[16384];
    int lines = 0;

    CHECK(f != NULL);
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#')
            continue;
        check_line(line);
        lines++;
    }
    fclose(f);
    CHECK(lines == 137);
}

/* The fast hue against Pillow's one pixel at a time: every colour for one turn, and for every turn
 * the colours of a coarse grid. */
static void check_hue(int turn, int step)
{
    float f = turn < 128 ? (float)turn / 255 + 1e-4f : (float)(turn - 256) / 255 - 1e-4f;

    CHECK(ay_op_hue_byte(f) == turn);
    for (int r = 0; r < 256; r += step) {
        for (int i = 0; i < 65536; i++) {
            a.plane[0][i] = (uint8_t)r;
            a.plane[1][i] = (uint8_t)(i >> 8);
            a.plane[2][i] = (uint8_t)i;
        }
        ay_op_hue(&a, f);
        for (int i = 0; i < 65536; i++) {
            uint8_t want[3] = {(uint8_t)r, (uint8_t)(i >> 8), (uint8_t)i};
            ay_op_hue_plain(want, (uint8_t)turn);
            CHECK(want[0] == a.plane[0][i] && want[1] == a.plane[1][i] && want[2] == a.plane[2][i]);
        }
    }
}

static void test_every_hue(void)
{
    prepare(256);
    check_hue(26, 1);
    for (int turn = 0; turn < 256; turn += 5)
        check_hue(turn, 51);
    clear();
}

static void test_erase(void)
{
    prepare(45);
    for (int c = 0; c < 3; c++)
        memset(b.plane[c], 9, b.room);
    ay_op_erase(&b, 3, 10, 7, 20);
    for (int y = 0; y < 45; y++)
        for (int x = 0; x < 45; x++)
            for (int c = 0; c < 3; c++) {
                bool in = x >= 3 && x < 10 && y >= 10 && y < 30;
                CHECK(b.plane[c][y * 45 + x] == (in ? 0 : 9));
            }
    clear();
}

TESTS({"torchvision's bytes", test_vectors}, {"every hue", test_every_hue}, {"erase", test_erase})
