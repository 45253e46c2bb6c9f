/* service/fake_test.h - a small encoder and small pictures for this folder's tests.
 *
 * The encoder is a colour histogram: deterministic, quick, and good enough that pictures of one colour
 * find each other.  Its digests can be changed, to see what a new model does. */
#ifndef AY_SERVICE_FAKE_TEST_H
#define AY_SERVICE_FAKE_TEST_H

#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "service/dataset.h"
#include "service/picture.h"
#include "service/scan.h"
#include "service/suspects.h"

#include <math.h>

enum { FAKE_DIM = 64 };

typedef struct {
    ay_engine_info info;
    int fail; /* the next so many calls answer AY_EBUSY */
    int most; /* more pictures than so many at once are AY_EBUSY; 0: any */
    int spoilt; /* pictures of that width give no vector, nor does what is with them; 0: none */
    _Atomic int calls;
} fake_encoder;

static ay_status fake_embed(void *ctx, const ay_image *const *images, int n, float *dst, ay_err *err)
{
    fake_encoder *f = ctx;

    f->calls++;
    if (f->fail > 0) {
        f->fail--;
        return ay_fail(err, AY_EBUSY, "the engine is full");
    }
    if (f->most && n > f->most)
        return ay_fail(err, AY_EBUSY, "%d wait already", f->most);
    for (int i = 0; i < n; i++)
        if (f->spoilt && images[i]->width == f->spoilt)
            return ay_fail(err, AY_ECORRUPT, "the network gave a vector that is not finite");
    memset(dst, 0, (size_t)n * FAKE_DIM * sizeof *dst);
    for (int i = 0; i < n; i++, dst += FAKE_DIM) {
        size_t count = (size_t)images[i]->width * (size_t)images[i]->height;
        const uint8_t *p = images[i]->data;
        for (size_t k = 0; k < count; k++, p += 3)
            dst[p[0] / 64 * 16 + p[1] / 64 * 4 + p[2] / 64] += 1;
        for (int d = 0; d < FAKE_DIM; d++)
            dst[d] = sqrtf(dst[d] + 1e-3f);
    }
    return AY_OK;
}

static inline void fake_init(fake_encoder *f, char version)
{
    memset(f, 0, sizeof *f);
    strcpy(f->info.name, "fake");
    memset(f->info.digest, version, 64);
    memset(f->info.preprocess_digest, 'b', 64);
    f->info.dim = FAKE_DIM;
}

static inline ay_embedder fake_embedder(fake_encoder *f)
{
    return (ay_embedder){.ctx = f, .embed = fake_embed, .info = &f->info};
}

/* A PNG of a noisy blend of a colour (0xRRGGBB) and grey; `seed` makes each one different. */
static inline void fake_picture(ay_buf *out, uint32_t colour, uint64_t seed)
{
    ay_image im;
    ay_rng rng;

    out->len = 0;
    ay_rng_init3(&rng, seed, colour, 9);
    CHECK(ay_image_create(&im, 24, 20, NULL) == AY_OK);
    for (int i = 0; i < 24 * 20; i++)
        for (int c = 0; c < 3; c++) {
            int base = (int)(colour >> (16 - 8 * c) & 255);
            int v = ay_rng_unit(&rng) < 0.7 ? base : 128;
            v += (int)ay_rng_below(&rng, 21) - 10;
            im.data[3 * i + c] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
    CHECK(ay_image_encode_png(&im, out, NULL) == AY_OK);
    ay_image_fini(&im);
}

static inline const char *fake_folder(void)
{
    static char dir[8][64];
    static unsigned turn;
    char *d = dir[turn++ % 8];

    strcpy(d, "/tmp/assay-service-XXXXXX");
    CHECK(mkdtemp(d));
    return d;
}

static inline void fake_folder_gone(const char *dir)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    if (system(command) != 0)
        printf("  could not remove %s\n", dir);
}

static inline ay_service *fake_open(const char *dir, fake_encoder *f)
{
    ay_service_options o = {.data = dir, .embedder = fake_embedder(f), .wait_reembed = true};
    ay_err err = {{0}};
    ay_service *s;

    CHECK_OK(ay_service_open(&s, &o, &err), err);
    return s;
}

#endif
